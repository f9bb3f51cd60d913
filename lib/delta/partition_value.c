/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/partition_value.h"

#include <math.h>

#include "base/calendar.h"
#include "columns/json_text.h"
#include "delta/stats_value.h"
#include "json/json_number.h"
#include "json/json_writer.h"

static bool parse_integer(dwi_sv text, dwi_type_kind kind, void *out)
{
    int64_t value;
    int8_t byte;
    int16_t word;
    int32_t integer;

    if (!dwi_sv_to_i64(text, &value))
        return false;
    byte = (int8_t)value;
    word = (int16_t)value;
    integer = (int32_t)value;
    if (kind == DWI_LONG)
        memcpy(out, &value, sizeof(value));
    else if (kind == DWI_INTEGER && integer == value)
        memcpy(out, &integer, sizeof(integer));
    else if (kind == DWI_SHORT && word == value)
        memcpy(out, &word, sizeof(word));
    else if (kind == DWI_BYTE && byte == value)
        memcpy(out, &byte, sizeof(byte));
    else
        return false;
    return true;
}

/* Java's text of a floating-point number. */
static bool parse_floating(dwi_sv text, dwi_type_kind kind, void *out)
{
    double wide = 0;
    float narrow = 0;
    bool ok = true;

    if (dwi_sv_eq_cstr(text, "NaN"))
        wide = (double)NAN;
    else if (dwi_sv_eq_cstr(text, "Infinity"))
        wide = (double)INFINITY;
    else if (dwi_sv_eq_cstr(text, "-Infinity"))
        wide = -(double)INFINITY;
    else
        ok = dwi_json_number_to_double(text, &wide);
    narrow = (float)wide;
    if (ok && isfinite(wide))
        ok = dwi_json_number_to_float(text, &narrow);
    if (kind == DWI_DOUBLE)
        memcpy(out, &wide, sizeof(wide));
    else
        memcpy(out, &narrow, sizeof(narrow));
    return ok;
}

static size_t digits_at(dwi_sv text, size_t at)
{
    size_t n = 0;

    while (at + n < text.len && text.ptr[at + n] >= '0' && text.ptr[at + n] <= '9')
        n++;
    return n;
}

/* [-]digits[.digits][e[+-]digits], what dwi_text_to_decimal() relies on. */
static bool is_number(dwi_sv text)
{
    size_t at = text.len > 0 && text.ptr[0] == '-';
    size_t digits = digits_at(text, at);

    at += digits;
    if (at < text.len && text.ptr[at] == '.') {
        digits += digits_at(text, at + 1);
        at += 1 + digits_at(text, at + 1);
    }
    if (digits == 0)
        return false;
    if (at < text.len && (text.ptr[at] | 0x20) == 'e') {
        at++;
        at += at < text.len && (text.ptr[at] == '-' || text.ptr[at] == '+');
        digits = digits_at(text, at);
        at += digits;
    }
    return digits > 0 && at == text.len;
}

static bool parse_decimal(const dwi_type *type, dwi_sv text, uint64_t out[2])
{
    if (text.len > 1 && text.ptr[0] == '+' && text.ptr[1] != '-')
        text = (dwi_sv){text.ptr + 1, text.len - 1};
    return is_number(text) &&
           dwi_text_to_decimal(text, type->precision, type->scale, out) == DWI_DECIMAL_OK;
}

static bool parse_fixed(const dwi_type *type, dwi_sv text, uint64_t out[2])
{
    int64_t us;
    int32_t days;

    switch (type->kind) {
    case DWI_BYTE:
    case DWI_SHORT:
    case DWI_INTEGER:
    case DWI_LONG:
        return parse_integer(text, type->kind, out);
    case DWI_FLOAT:
    case DWI_DOUBLE:
        return parse_floating(text, type->kind, out);
    case DWI_DECIMAL:
        return parse_decimal(type, text, out);
    case DWI_DATE:
        if (!dwi_parse_date(text, &days))
            return false;
        memcpy(out, &days, sizeof(days));
        return true;
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
        if (!dwi_parse_timestamp(text, &us, NULL))
            return false;
        memcpy(out, &us, sizeof(us));
        return true;
    default:
        return false;
    }
}

static dw_status append_one(dwi_column *column, dwi_sv value, const uint64_t fixed[2],
                            dw_error *err)
{
    if (column->type->kind == DWI_STRING || column->type->kind == DWI_BINARY)
        return dwi_column_append_bytes(column, value.ptr, value.len, err);
    if (column->type->kind == DWI_BOOLEAN)
        return dwi_column_append_bool(column, value.len == 4, err);
    return dwi_column_append_fixed(column, fixed, err);
}

static bool parse(const dwi_type *type, dwi_sv value, uint64_t fixed[2])
{
    switch (type->kind) {
    case DWI_STRING:
    case DWI_BINARY:
        return true;
    case DWI_BOOLEAN:
        return dwi_sv_eq_nocase(value, DWI_SV("true")) || dwi_sv_eq_nocase(value, DWI_SV("false"));
    default:
        return parse_fixed(type, value, fixed);
    }
}

dw_status dwi_partition_value_append(dwi_column *column, dwi_sv value, int64_t count, dw_error *err)
{
    uint64_t fixed[2] = {0, 0};
    dw_status status = DW_OK;
    dwi_buf name;

    if (value.len == 0)
        return dwi_column_append_nulls(column, count, err);
    dwi_buf_init(&name, column->alloc);
    if (!parse(column->type, value, fixed)) {
        dwi_type_append_name(&name, column->type);
        status = dwi_err(err, DW_E_CORRUPT, "partition value \"%.*s\" is no %s", DWI_SV_ARG(value),
                         dwi_buf_cstr(&name) == NULL ? "value" : (const char *)name.data);
    }
    for (int64_t i = 0; i < count && status == DW_OK; i++)
        status = append_one(column, value, fixed, err);
    dwi_buf_done(&name);
    return status;
}

bool dwi_partition_value_parse(const dwi_type *type, dwi_sv value, uint64_t fixed[2])
{
    if (!parse(type, value, fixed))
        return false;
    if (type->kind == DWI_BOOLEAN)
        *(uint8_t *)fixed = value.len == 4;
    return true;
}

bool dwi_partition_value_has_text(const dwi_type *type)
{
    return type->kind >= DWI_BOOLEAN && type->kind <= DWI_TIMESTAMP_NTZ;
}

static void append_integer(dwi_buf *out, const dwi_type *type, const uint8_t *value)
{
    int8_t byte;
    int16_t word;
    int32_t integer;
    int64_t wide;

    switch (type->kind) {
    case DWI_BYTE:
        memcpy(&byte, value, sizeof(byte));
        wide = byte;
        break;
    case DWI_SHORT:
        memcpy(&word, value, sizeof(word));
        wide = word;
        break;
    case DWI_LONG:
        memcpy(&wide, value, sizeof(wide));
        break;
    default:
        memcpy(&integer, value, sizeof(integer));
        wide = integer;
    }
    if (type->kind == DWI_DATE)
        dwi_append_date(out, wide);
    else
        dwi_buf_printf(out, "%lld", (long long)wide);
}

static void append_timestamp(dwi_buf *out, const dwi_type *type, const uint8_t *value)
{
    bool utc = type->kind == DWI_TIMESTAMP;
    int64_t us;

    memcpy(&us, value, sizeof(us));
    dwi_append_timestamp(out, us, utc ? 'T' : ' ', 6);
    if (utc)
        dwi_buf_append_byte(out, 'Z');
}

static void append_fixed_text(dwi_buf *out, const dwi_type *type, const uint8_t *value)
{
    double wide;
    float narrow;

    switch (type->kind) {
    case DWI_FLOAT:
        memcpy(&narrow, value, sizeof(narrow));
        dwi_append_java_float(out, narrow);
        break;
    case DWI_DOUBLE:
        memcpy(&wide, value, sizeof(wide));
        dwi_append_java_double(out, wide);
        break;
    case DWI_DECIMAL:
        dwi_append_decimal(out, value, type->scale);
        break;
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
        append_timestamp(out, type, value);
        break;
    default:
        append_integer(out, type, value);
    }
}

bool dwi_partition_value_text(const dwi_vec *vec, int64_t row, dwi_buf *out)
{
    const dwi_type *type = vec->type;
    int64_t at = vec->offset + row;

    if (!dwi_vec_is_valid(vec, row))
        return false;
    if (dwi_type_is_bytes(type)) {
        size_t len = (size_t)(vec->offsets[at + 1] - vec->offsets[at]);
        if (len > 0)
            dwi_buf_append(out, vec->data + vec->offsets[at], len);
        return len > 0;
    }
    if (type->kind == DWI_BOOLEAN)
        dwi_buf_append_cstr(out, dwi_bit_get(vec->values, at) ? "true" : "false");
    else
        append_fixed_text(out, type,
                          (const uint8_t *)vec->values + (size_t)at * dwi_type_width(type));
    return true;
}
