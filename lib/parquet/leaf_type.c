/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/leaf_type.h"

enum { MAX_DECIMAL_DIGITS = 38, UUID_BYTES = 16, FLOAT16_BYTES = 2 };

static dwi_leaf_source classify_int32(const dwi_footer_element *e)
{
    switch (e->logical) {
    case DWI_PARQUET_LOGICAL_DECIMAL:
        return DWI_LEAF_DECIMAL32;
    case DWI_PARQUET_LOGICAL_DATE:
        return DWI_LEAF_DATE;
    case DWI_PARQUET_LOGICAL_TIME:
        return e->unit == DWI_PARQUET_UNIT_MILLIS ? DWI_LEAF_TIME_MILLIS : DWI_LEAF_INT32;
    case DWI_PARQUET_LOGICAL_INTEGER:
        if (e->bit_width == 8)
            return e->is_signed ? DWI_LEAF_INT8 : DWI_LEAF_UINT8;
        if (e->bit_width == 16)
            return e->is_signed ? DWI_LEAF_INT16 : DWI_LEAF_UINT16;
        return e->is_signed || e->bit_width != 32 ? DWI_LEAF_INT32 : DWI_LEAF_UINT32;
    default:
        return DWI_LEAF_INT32;
    }
}

static dwi_leaf_source classify_int64(const dwi_footer_element *e)
{
    switch (e->logical) {
    case DWI_PARQUET_LOGICAL_DECIMAL:
        return DWI_LEAF_DECIMAL64;
    case DWI_PARQUET_LOGICAL_TIME:
        if (e->unit == DWI_PARQUET_UNIT_MICROS)
            return DWI_LEAF_TIME_MICROS;
        return e->unit == DWI_PARQUET_UNIT_NANOS ? DWI_LEAF_TIME_NANOS : DWI_LEAF_INT64;
    case DWI_PARQUET_LOGICAL_TIMESTAMP:
        if (e->unit == DWI_PARQUET_UNIT_MILLIS)
            return DWI_LEAF_MILLIS;
        if (e->unit == DWI_PARQUET_UNIT_MICROS)
            return DWI_LEAF_MICROS;
        return e->unit == DWI_PARQUET_UNIT_NANOS ? DWI_LEAF_NANOS : DWI_LEAF_INT64;
    case DWI_PARQUET_LOGICAL_INTEGER:
        return e->is_signed || e->bit_width != 64 ? DWI_LEAF_INT64 : DWI_LEAF_UINT64;
    default:
        return DWI_LEAF_INT64;
    }
}

static dwi_leaf_source classify_bytes(const dwi_footer_element *e)
{
    switch (e->logical) {
    case DWI_PARQUET_LOGICAL_DECIMAL:
        return DWI_LEAF_DECIMAL_BYTES;
    case DWI_PARQUET_LOGICAL_STRING:
    case DWI_PARQUET_LOGICAL_ENUM:
        return DWI_LEAF_STRING;
    case DWI_PARQUET_LOGICAL_JSON:
        return DWI_LEAF_JSON;
    default:
        return DWI_LEAF_BINARY;
    }
}

static dwi_leaf_source classify_fixed(const dwi_footer_element *e)
{
    if (e->logical == DWI_PARQUET_LOGICAL_DECIMAL)
        return DWI_LEAF_DECIMAL_BYTES;
    if (e->logical == DWI_PARQUET_LOGICAL_FLOAT16 && e->type_length == FLOAT16_BYTES)
        return DWI_LEAF_FLOAT16;
    if (e->logical == DWI_PARQUET_LOGICAL_UUID && e->type_length == UUID_BYTES)
        return DWI_LEAF_UUID;
    return DWI_LEAF_FIXED;
}

static void set_integer(dwi_footer_element *e, int bit_width, bool is_signed)
{
    e->logical = DWI_PARQUET_LOGICAL_INTEGER;
    e->bit_width = bit_width;
    e->is_signed = is_signed;
}

static void set_time(dwi_footer_element *e, int logical, int unit)
{
    e->logical = logical;
    e->unit = unit;
    e->utc = true;
}

/* Older files have converted types only; give them the logical type they stand for. */
static void from_converted(dwi_footer_element *e)
{
    switch (e->converted) {
    case DWI_PARQUET_CONVERTED_UTF8:
        e->logical = DWI_PARQUET_LOGICAL_STRING;
        break;
    case DWI_PARQUET_CONVERTED_ENUM:
        e->logical = DWI_PARQUET_LOGICAL_ENUM;
        break;
    case DWI_PARQUET_CONVERTED_DECIMAL:
        e->logical = DWI_PARQUET_LOGICAL_DECIMAL;
        break;
    case DWI_PARQUET_CONVERTED_DATE:
        e->logical = DWI_PARQUET_LOGICAL_DATE;
        break;
    case DWI_PARQUET_CONVERTED_TIME_MILLIS:
        set_time(e, DWI_PARQUET_LOGICAL_TIME, DWI_PARQUET_UNIT_MILLIS);
        break;
    case DWI_PARQUET_CONVERTED_TIME_MICROS:
        set_time(e, DWI_PARQUET_LOGICAL_TIME, DWI_PARQUET_UNIT_MICROS);
        break;
    case DWI_PARQUET_CONVERTED_TIMESTAMP_MILLIS:
        set_time(e, DWI_PARQUET_LOGICAL_TIMESTAMP, DWI_PARQUET_UNIT_MILLIS);
        break;
    case DWI_PARQUET_CONVERTED_TIMESTAMP_MICROS:
        set_time(e, DWI_PARQUET_LOGICAL_TIMESTAMP, DWI_PARQUET_UNIT_MICROS);
        break;
    case DWI_PARQUET_CONVERTED_UINT_8:
    case DWI_PARQUET_CONVERTED_UINT_16:
    case DWI_PARQUET_CONVERTED_UINT_32:
    case DWI_PARQUET_CONVERTED_UINT_64:
        set_integer(e, 8 << (e->converted - DWI_PARQUET_CONVERTED_UINT_8), false);
        break;
    case DWI_PARQUET_CONVERTED_INT_8:
    case DWI_PARQUET_CONVERTED_INT_16:
    case DWI_PARQUET_CONVERTED_INT_32:
    case DWI_PARQUET_CONVERTED_INT_64:
        set_integer(e, 8 << (e->converted - DWI_PARQUET_CONVERTED_INT_8), true);
        break;
    case DWI_PARQUET_CONVERTED_JSON:
        e->logical = DWI_PARQUET_LOGICAL_JSON;
        break;
    default:
        break;
    }
}

static dwi_leaf_source classify(const dwi_footer_element *e)
{
    if (e->logical == DWI_PARQUET_LOGICAL_UNKNOWN)
        return DWI_LEAF_NULL;
    switch (e->physical) {
    case DWI_PARQUET_BOOLEAN:
        return DWI_LEAF_BOOLEAN;
    case DWI_PARQUET_INT32:
        return classify_int32(e);
    case DWI_PARQUET_INT64:
        return classify_int64(e);
    case DWI_PARQUET_INT96:
        return DWI_LEAF_INT96;
    case DWI_PARQUET_FLOAT:
        return DWI_LEAF_FLOAT;
    case DWI_PARQUET_DOUBLE:
        return DWI_LEAF_DOUBLE;
    case DWI_PARQUET_FIXED_LEN_BYTE_ARRAY:
        return classify_fixed(e);
    default:
        return classify_bytes(e);
    }
}

static dwi_type_kind kind_of(dwi_leaf_source source, bool utc)
{
    static const uint8_t kinds[] = {
        [DWI_LEAF_NONE] = DWI_VOID,
        [DWI_LEAF_NULL] = DWI_VOID,
        [DWI_LEAF_BOOLEAN] = DWI_BOOLEAN,
        [DWI_LEAF_INT8] = DWI_BYTE,
        [DWI_LEAF_INT16] = DWI_SHORT,
        [DWI_LEAF_INT32] = DWI_INTEGER,
        [DWI_LEAF_UINT8] = DWI_UBYTE,
        [DWI_LEAF_UINT16] = DWI_USHORT,
        [DWI_LEAF_UINT32] = DWI_UINTEGER,
        [DWI_LEAF_INT64] = DWI_LONG,
        [DWI_LEAF_UINT64] = DWI_ULONG,
        [DWI_LEAF_FLOAT] = DWI_FLOAT,
        [DWI_LEAF_DOUBLE] = DWI_DOUBLE,
        [DWI_LEAF_FLOAT16] = DWI_FLOAT16,
        [DWI_LEAF_DATE] = DWI_DATE,
        [DWI_LEAF_MILLIS] = DWI_TIMESTAMP_MS,
        [DWI_LEAF_MICROS] = DWI_TIMESTAMP,
        [DWI_LEAF_NANOS] = DWI_TIMESTAMP_NS,
        [DWI_LEAF_TIME_MILLIS] = DWI_TIME_MS,
        [DWI_LEAF_TIME_MICROS] = DWI_TIME_US,
        [DWI_LEAF_TIME_NANOS] = DWI_TIME_NS,
        [DWI_LEAF_INT96] = DWI_TIMESTAMP_NTZ_NS,
        [DWI_LEAF_DECIMAL32] = DWI_DECIMAL,
        [DWI_LEAF_DECIMAL64] = DWI_DECIMAL,
        [DWI_LEAF_DECIMAL_BYTES] = DWI_DECIMAL,
        [DWI_LEAF_STRING] = DWI_STRING,
        [DWI_LEAF_JSON] = DWI_JSON,
        [DWI_LEAF_BINARY] = DWI_BINARY,
        [DWI_LEAF_UUID] = DWI_UUID,
        [DWI_LEAF_FIXED] = DWI_FIXED,
    };

    if (!utc && source == DWI_LEAF_MILLIS)
        return DWI_TIMESTAMP_NTZ_MS;
    if (!utc && source == DWI_LEAF_MICROS)
        return DWI_TIMESTAMP_NTZ;
    if (!utc && source == DWI_LEAF_NANOS)
        return DWI_TIMESTAMP_NTZ_NS;
    return (dwi_type_kind)kinds[source];
}

dwi_leaf_source dwi_leaf_classify(const dwi_footer_element *element, dwi_type *type,
                                  const char **out_annotation)
{
    dwi_footer_element e = *element;
    dwi_leaf_source source;

    if (e.logical == DWI_PARQUET_LOGICAL_NONE)
        from_converted(&e);
    source = classify(&e);
    type->kind = kind_of(source, e.utc);
    if (type->kind == DWI_FIXED)
        type->fixed_bytes = (uint32_t)e.type_length;
    if (type->kind != DWI_DECIMAL)
        return source;
    if (e.precision < 1 || e.precision > MAX_DECIMAL_DIGITS || e.scale < 0 ||
        e.scale > e.precision) {
        *out_annotation = "DECIMAL of more than 38 digits or a scale beyond them";
        type->kind = DWI_VOID;
        return DWI_LEAF_NONE;
    }
    type->precision = (uint8_t)e.precision;
    type->scale = (uint8_t)e.scale;
    return source;
}

bool dwi_leaf_is_ordered(const dwi_footer_element *element)
{
    switch (element->logical) {
    case DWI_PARQUET_LOGICAL_NONE:
        return element->physical != DWI_PARQUET_INT96 &&
               element->converted != DWI_PARQUET_CONVERTED_INTERVAL;
    case DWI_PARQUET_LOGICAL_STRING:
    case DWI_PARQUET_LOGICAL_ENUM:
    case DWI_PARQUET_LOGICAL_DECIMAL:
    case DWI_PARQUET_LOGICAL_DATE:
    case DWI_PARQUET_LOGICAL_TIME:
    case DWI_PARQUET_LOGICAL_TIMESTAMP:
    case DWI_PARQUET_LOGICAL_INTEGER:
    case DWI_PARQUET_LOGICAL_JSON:
    case DWI_PARQUET_LOGICAL_BSON:
    case DWI_PARQUET_LOGICAL_UUID:
    case DWI_PARQUET_LOGICAL_FLOAT16:
        return true;
    default:
        return false;
    }
}
