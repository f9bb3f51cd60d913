/* SPDX-License-Identifier: Apache-2.0 */
#include "api/parquet_value_text.h"

#include <math.h>

#include "base/alloc.h"
#include "base/calendar.h"
#include "base/utf8.h"
#include "delta/stats_value.h"
#include "parquet/convert.h"
#include "json/json_writer.h"

const char *dwi_physical_name(int physical)
{
    static const char *const names[] = {"BOOLEAN", "INT32",  "INT64",      "INT96",
                                        "FLOAT",   "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"};

    return physical < 0 || physical > DWI_PARQUET_FIXED_LEN_BYTE_ARRAY ? "?" : names[physical];
}

const char *dwi_repetition_name(int repetition)
{
    static const char *const names[] = {"REQUIRED", "OPTIONAL", "REPEATED"};

    return repetition < 0 || repetition > DWI_PARQUET_REPEATED ? "?" : names[repetition];
}

static const char *unit_name(int unit)
{
    return unit == DWI_PARQUET_UNIT_MILLIS   ? "MILLIS"
           : unit == DWI_PARQUET_UNIT_MICROS ? "MICROS"
           : unit == DWI_PARQUET_UNIT_NANOS  ? "NANOS"
                                             : "?";
}

static void append_converted(dwi_buf *out, const dwi_footer_element *e)
{
    static const char *const names[] = {"UTF8",
                                        "MAP",
                                        "MAP_KEY_VALUE",
                                        "LIST",
                                        "ENUM",
                                        "DECIMAL",
                                        "DATE",
                                        "TIME_MILLIS",
                                        "TIME_MICROS",
                                        "TIMESTAMP_MILLIS",
                                        "TIMESTAMP_MICROS",
                                        "UINT_8",
                                        "UINT_16",
                                        "UINT_32",
                                        "UINT_64",
                                        "INT_8",
                                        "INT_16",
                                        "INT_32",
                                        "INT_64",
                                        "JSON",
                                        "BSON",
                                        "INTERVAL"};

    if (e->converted < 0 || e->converted > DWI_PARQUET_CONVERTED_INTERVAL)
        return;
    dwi_buf_append_cstr(out, names[e->converted]);
    if (e->converted == DWI_PARQUET_CONVERTED_DECIMAL)
        dwi_buf_printf(out, "(%d,%d)", (int)e->precision, (int)e->scale);
}

void dwi_append_annotation(dwi_buf *out, const dwi_footer_element *e)
{
    static const char *const names[] = {
        [DWI_PARQUET_LOGICAL_STRING] = "STRING",      [DWI_PARQUET_LOGICAL_MAP] = "MAP",
        [DWI_PARQUET_LOGICAL_LIST] = "LIST",          [DWI_PARQUET_LOGICAL_ENUM] = "ENUM",
        [DWI_PARQUET_LOGICAL_DECIMAL] = "DECIMAL",    [DWI_PARQUET_LOGICAL_DATE] = "DATE",
        [DWI_PARQUET_LOGICAL_TIME] = "TIME",          [DWI_PARQUET_LOGICAL_TIMESTAMP] = "TIMESTAMP",
        [DWI_PARQUET_LOGICAL_INTEGER] = "INTEGER",    [DWI_PARQUET_LOGICAL_UNKNOWN] = "UNKNOWN",
        [DWI_PARQUET_LOGICAL_JSON] = "JSON",          [DWI_PARQUET_LOGICAL_BSON] = "BSON",
        [DWI_PARQUET_LOGICAL_UUID] = "UUID",          [DWI_PARQUET_LOGICAL_FLOAT16] = "FLOAT16",
        [DWI_PARQUET_LOGICAL_VARIANT] = "VARIANT",    [DWI_PARQUET_LOGICAL_GEOMETRY] = "GEOMETRY",
        [DWI_PARQUET_LOGICAL_GEOGRAPHY] = "GEOGRAPHY"};
    int n = (int)(sizeof(names) / sizeof(names[0]));

    if (e->logical == DWI_PARQUET_LOGICAL_NONE) {
        append_converted(out, e);
        return;
    }
    if (e->logical < 0 || e->logical >= n || names[e->logical] == NULL) {
        dwi_buf_printf(out, "LOGICAL_TYPE_%d", e->logical);
        return;
    }
    dwi_buf_append_cstr(out, names[e->logical]);
    if (e->logical == DWI_PARQUET_LOGICAL_DECIMAL)
        dwi_buf_printf(out, "(%d,%d)", (int)e->precision, (int)e->scale);
    else if (e->logical == DWI_PARQUET_LOGICAL_INTEGER)
        dwi_buf_printf(out, "(%d,%s)", e->bit_width, e->is_signed ? "true" : "false");
    else if (e->logical == DWI_PARQUET_LOGICAL_TIME || e->logical == DWI_PARQUET_LOGICAL_TIMESTAMP)
        dwi_buf_printf(out, "(%s,%s)", unit_name(e->unit), e->utc ? "true" : "false");
}

/* ---- values ---- */

static void append_bytes(dwi_buf *out, dwi_sv bytes)
{
    dwi_buf_append_cstr(out, "0x");
    for (size_t i = 0; i < bytes.len; i++)
        dwi_buf_printf(out, "%02x", (unsigned)(uint8_t)bytes.ptr[i]);
}

static void append_uuid(dwi_buf *out, dwi_sv bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        dwi_buf_printf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                       (unsigned)(uint8_t)bytes.ptr[i]);
}

static void append_real(dwi_buf *out, double value, bool single)
{
    if (isnan(value) || isinf(value))
        dwi_buf_append_cstr(out, isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    else if (single)
        dwi_append_float(out, (float)value);
    else
        dwi_append_double(out, value);
}

static void append_half(dwi_buf *out, uint16_t half)
{
    int exponent = half >> 10 & 0x1F;
    double fraction = (double)(half & 0x3FF);
    double value = exponent == 0x1F ? (fraction == 0 ? (double)INFINITY : (double)NAN)
                   : exponent == 0  ? ldexp(fraction, -24)
                                    : ldexp(fraction + 1024, exponent - 25);

    append_real(out, half >> 15 != 0 ? -value : value, true);
}

static void append_time(dwi_buf *out, int64_t value, int64_t per_second)
{
    int64_t seconds = value / per_second;

    if (value < 0 || seconds > 86400) {
        dwi_buf_printf(out, "%lld", (long long)value);
        return;
    }
    dwi_buf_printf(out, "%02d:%02d:%02d", (int)(seconds / 3600), (int)(seconds / 60 % 60),
                   (int)(seconds % 60));
    if (per_second == 1000000000)
        dwi_buf_printf(out, ".%09d", (int)(value % per_second));
    else
        dwi_buf_printf(out, ".%06d", (int)(value % per_second * (1000000 / per_second)));
}

static void append_timestamp(dwi_buf *out, int64_t value, int64_t per_second, bool zone)
{
    if (per_second == 1000) {
        if (value > INT64_MAX / 1000 || value < INT64_MIN / 1000) {
            dwi_buf_printf(out, "%lld", (long long)value);
            return;
        }
        value *= 1000;
    }
    dwi_append_timestamp(out, value, 'T', per_second == 1000000000 ? 9 : 6);
    dwi_buf_append_cstr(out, zone ? "Z" : "");
}

/* A fixed-width value as columns hold it, in its first bytes. */
static void append_number(dwi_buf *out, const dwi_type *type, const uint8_t value[16])
{
    size_t width = dwi_type_width(type);
    uint64_t bits = 0;
    int64_t number;
    double real;
    float single;

    memcpy(&bits, value, width > 8 ? 8 : width);
    number = (int64_t)bits;
    if (width < 8 && width > 0 && (bits >> (8 * width - 1)) != 0)
        number = (int64_t)(bits | ~UINT64_C(0) << (8 * width));
    switch (type->kind) {
    case DWI_UBYTE:
    case DWI_USHORT:
    case DWI_UINTEGER:
    case DWI_ULONG:
        dwi_buf_printf(out, "%llu", (unsigned long long)bits);
        break;
    case DWI_FLOAT16:
        append_half(out, (uint16_t)bits);
        break;
    case DWI_FLOAT:
        memcpy(&single, value, sizeof(single));
        append_real(out, (double)single, true);
        break;
    case DWI_DOUBLE:
        memcpy(&real, value, sizeof(real));
        append_real(out, real, false);
        break;
    case DWI_DECIMAL:
        dwi_append_decimal(out, value, type->scale);
        break;
    case DWI_DATE:
        dwi_append_date(out, number);
        break;
    case DWI_TIME_MS:
    case DWI_TIME_US:
    case DWI_TIME_NS:
        append_time(out, number,
                    type->kind == DWI_TIME_MS   ? 1000
                    : type->kind == DWI_TIME_US ? 1000000
                                                : 1000000000);
        break;
    case DWI_TIMESTAMP_MS:
    case DWI_TIMESTAMP_NTZ_MS:
        append_timestamp(out, number, 1000, type->kind == DWI_TIMESTAMP_MS);
        break;
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
        append_timestamp(out, number, 1000000, type->kind == DWI_TIMESTAMP);
        break;
    case DWI_TIMESTAMP_NS:
    case DWI_TIMESTAMP_NTZ_NS:
        append_timestamp(out, number, 1000000000, type->kind == DWI_TIMESTAMP_NS);
        break;
    default:
        dwi_buf_printf(out, "%lld", (long long)number);
        break;
    }
}

/* Bytes of a PLAIN value, 0: any number. */
static size_t plain_width(const dwi_parquet_node *leaf)
{
    switch (leaf->physical) {
    case DWI_PARQUET_BOOLEAN:
        return 1;
    case DWI_PARQUET_INT32:
    case DWI_PARQUET_FLOAT:
        return 4;
    case DWI_PARQUET_INT64:
    case DWI_PARQUET_DOUBLE:
        return 8;
    case DWI_PARQUET_INT96:
        return 12;
    case DWI_PARQUET_FIXED_LEN_BYTE_ARRAY:
        return (size_t)leaf->type_length;
    default:
        return 0;
    }
}

bool dwi_bound_load(const dwi_parquet_node *leaf, dwi_sv bound, uint8_t out[16])
{
    dwi_convert convert = {0};
    size_t width = plain_width(leaf);

    if ((width != 0 && bound.len != width) || dwi_type_width(leaf->type) == 0 ||
        dwi_type_width(leaf->type) > 16 ||
        dwi_convert_find(dwi_alloc_default(), leaf, leaf->type, &convert, NULL) != DW_OK)
        return false;
    memset(out, 0, 16);
    if (convert.form == DWI_CONVERT_FIXED)
        return convert.fixed(&convert, bound.ptr, 1, out);
    return convert.form == DWI_CONVERT_SPANS && convert.spans(&convert, &bound, 1, out);
}

void dwi_append_bound(dwi_buf *out, const dwi_parquet_node *leaf, dwi_sv bound)
{
    uint8_t value[16];

    if (leaf->type->kind == DWI_BOOLEAN && bound.len == 1)
        dwi_buf_append_cstr(out, bound.ptr[0] != 0 ? "true" : "false");
    else if (leaf->type->kind == DWI_UUID && bound.len == 16)
        append_uuid(out, bound);
    else if ((leaf->type->kind == DWI_STRING || leaf->type->kind == DWI_JSON) &&
             dwi_utf8_valid(bound.ptr, bound.len))
        dwi_buf_append(out, bound.ptr, bound.len);
    else if (leaf->type->kind != DWI_FIXED && dwi_bound_load(leaf, bound, value))
        append_number(out, leaf->type, value);
    else
        append_bytes(out, bound);
}
