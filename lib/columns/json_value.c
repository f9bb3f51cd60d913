/* SPDX-License-Identifier: Apache-2.0 */
#include "columns/json_value.h"

#include <math.h>

#include "base/calendar.h"
#include "base/checked.h"
#include "columns/append.h"
#include "columns/decimal_double.h"
#include "columns/json_text.h"
#include "json/json_number.h"

static const char out_of_range[] = "is out of range of ";
static const char not_integer[] = "is not an integer";

static dwi_fit bad(dwi_value_memo *memo, const char *reason)
{
    memo->reason = reason;
    return DWI_FIT_BAD;
}

static dwi_fit push(dwi_column *column, const void *value, size_t width)
{
    return dwi_column_push(column, value, width) == DW_OK ? DWI_FIT_OK : DWI_FIT_NOMEM;
}

const char *dwi_value_expected(dwi_type_kind kind)
{
    switch (kind) {
    case DWI_BOOLEAN:
        return "is not true or false";
    case DWI_DATE:
        return "is not a date";
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
        return "is not a timestamp";
    case DWI_BINARY:
        return "is not a base64 string";
    case DWI_STRUCT:
    case DWI_MAP:
        return "is not an object";
    case DWI_ARRAY:
        return "is not an array";
    case DWI_VOID:
        return "is not null, and nothing else fits a column of ";
    default:
        return "is not a number";
    }
}

/* The integer that a number is. False with *reason set. */
static bool to_integer(const dwi_scan_number *number, int64_t *out, const char **reason)
{
    uint64_t mantissa = number->mantissa;
    int32_t exponent = number->exponent;
    uint64_t limit = (uint64_t)INT64_MAX + (number->negative ? 1 : 0);

    *reason = out_of_range;
    if (number->cut) { /* more than 19 digits: only zeros after the point could save it */
        if (exponent < 0)
            *reason = not_integer;
        return dwi_json_number_to_i64(number->text, out);
    }
    if (mantissa == 0)
        exponent = 0;
    for (; exponent < 0; exponent++) {
        if (mantissa % 10 != 0) {
            *reason = not_integer;
            return false;
        }
        mantissa /= 10;
    }
    for (; exponent > 0; exponent--) {
        if (mantissa > limit / 10)
            return false;
        mantissa *= 10;
    }
    if (mantissa > limit)
        return false;
    *out = number->negative ? (int64_t)(0 - mantissa) : (int64_t)mantissa;
    return true;
}

static dwi_fit push_integer(dwi_column *column, const dwi_scan_number *number, dwi_value_memo *memo)
{
    int64_t value = 0;
    int64_t max = INT64_MAX;
    size_t width = dwi_type_width(column->type);
    const char *reason = NULL;

    if (!to_integer(number, &value, &reason))
        return bad(memo, reason);
    if (width < 8)
        max = (INT64_C(1) << (8 * width - 1)) - 1;
    if (value > max || value < -max - 1)
        return bad(memo, out_of_range);
    return push(column, &value, width); /* little-endian: the low bytes come first */
}

/* 10^0 .. 10^22 are exact doubles, so one operation on them and an exact mantissa rounds once. */
static bool fast_double(const dwi_scan_number *number, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    int32_t exponent = number->exponent;
    double value = (double)number->mantissa;
    double above;

    if (number->cut) {
        /* The digits that were cut off lie between these two. */
        if (!dwi_decimal_to_double(number->mantissa, exponent, &value) ||
            !dwi_decimal_to_double(number->mantissa + 1, exponent, &above) || value != above)
            return false;
    } else if (number->mantissa <= (UINT64_C(1) << 53) && exponent >= -22 && exponent <= 22) {
        value = exponent < 0 ? value / powers[-exponent] : value * powers[exponent];
    } else if (!dwi_decimal_to_double(number->mantissa, exponent, &value)) {
        return false;
    }
    *out = number->negative ? -value : value;
    return true;
}

static dwi_fit push_double(dwi_column *column, const dwi_scan_number *number, dwi_value_memo *memo)
{
    double value = 0;

    if (!fast_double(number, &value) && !dwi_json_number_to_double(number->text, &value))
        return bad(memo, dwi_value_expected(DWI_DOUBLE));
    if (isinf(value))
        return bad(memo, out_of_range);
    return push(column, &value, sizeof(value));
}

static dwi_fit push_float(dwi_column *column, const dwi_scan_number *number, dwi_value_memo *memo)
{
    static const float powers[] = {1e0F, 1e1F, 1e2F, 1e3F, 1e4F, 1e5F,
                                   1e6F, 1e7F, 1e8F, 1e9F, 1e10F};
    int32_t exponent = number->exponent;
    float value = (float)number->mantissa;

    if (!number->cut && number->mantissa <= (UINT64_C(1) << 24) && exponent >= -10 &&
        exponent <= 10) {
        value = exponent < 0 ? value / powers[-exponent] : value * powers[exponent];
        value = number->negative ? -value : value;
    } else if (!dwi_json_number_to_float(number->text, &value)) {
        return bad(memo, dwi_value_expected(DWI_FLOAT));
    }
    if (isinf(value))
        return bad(memo, out_of_range);
    return push(column, &value, sizeof(value));
}

static dwi_fit push_decimal(dwi_column *column, const dwi_scan_number *number, dwi_value_memo *memo)
{
    uint64_t words[2];

    switch (
        dwi_text_to_decimal(number->text, column->type->precision, column->type->scale, words)) {
    case DWI_DECIMAL_OK:
        return push(column, words, sizeof(words));
    case DWI_DECIMAL_INEXACT:
        return bad(memo, "has more fraction digits than ");
    default:
        return bad(memo, out_of_range);
    }
}

/* Epoch numbers: microseconds are mantissa * 10^(exponent + shift), what is below them cut off
 * towards the past, as the fraction digits of text are. */
static dwi_fit push_epoch(dwi_column *column, const dwi_scan_number *number, dwi_epoch_unit unit,
                          dwi_value_memo *memo)
{
    static const int32_t shifts[] = {
        [DWI_EPOCH_MS] = 3, [DWI_EPOCH_S] = 6, [DWI_EPOCH_US] = 0, [DWI_EPOCH_NS] = -3};
    uint64_t value = number->mantissa;
    int32_t exponent = value == 0 ? 0 : number->exponent + shifts[unit];
    bool rest = number->rest;
    int64_t us;

    for (; exponent < 0 && (value > 0); exponent++) {
        rest = rest || value % 10 != 0;
        value /= 10;
    }
    for (; exponent > 0; exponent--) {
        if (value > (uint64_t)INT64_MAX / 10)
            return bad(memo, out_of_range);
        value *= 10;
    }
    if (value > (uint64_t)INT64_MAX)
        return bad(memo, out_of_range);
    us = number->negative ? -(int64_t)value - (rest ? 1 : 0) : (int64_t)value;
    return push(column, &us, sizeof(us));
}

dwi_fit dwi_value_from_number(dwi_column *column, const dwi_scan_number *number,
                              dwi_epoch_unit unit, dwi_value_memo *memo)
{
    switch (column->type->kind) {
    case DWI_BYTE:
    case DWI_SHORT:
    case DWI_INTEGER:
    case DWI_LONG:
        return push_integer(column, number, memo);
    case DWI_FLOAT:
        return push_float(column, number, memo);
    case DWI_DOUBLE:
        return push_double(column, number, memo);
    case DWI_DECIMAL:
        return push_decimal(column, number, memo);
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
        return push_epoch(column, number, unit, memo);
    default:
        return bad(memo, dwi_value_expected(column->type->kind));
    }
}

dwi_fit dwi_value_from_bool(dwi_column *column, bool value, dwi_value_memo *memo)
{
    if (column->type->kind != DWI_BOOLEAN)
        return bad(memo, dwi_value_expected(column->type->kind));
    return dwi_column_push_bool(column, value) == DW_OK ? DWI_FIT_OK : DWI_FIT_NOMEM;
}

/* A string that is a JSON number and nothing else. */
static dwi_fit number_from_text(dwi_column *column, dwi_sv text, dwi_value_memo *memo)
{
    const uint8_t *start = (const uint8_t *)text.ptr;
    dwi_scan scan = {start, start, start + text.len, NULL};
    dwi_scan_number number;

    if (text.len > 0 && dwi_scan_number_token(&scan, &number) && scan.at == scan.end)
        return dwi_value_from_number(column, &number, DWI_EPOCH_MS, memo);
    return bad(memo, dwi_value_expected(column->type->kind));
}

static int two_digits(const char *p)
{
    unsigned tens = (unsigned)(p[0] - '0');
    unsigned ones = (unsigned)(p[1] - '0');

    return tens > 9 || ones > 9 ? 1000 : (int)(tens * 10 + ones);
}

/* YYYY-MM-DDTHH:MM:SS[.f{1,9}]Z on the day of the last timestamp, which is nearly all there is;
 * false for anything else, valid or not. */
static bool timestamp_of_same_day(dwi_sv text, const dwi_value_memo *memo, int64_t *out_us)
{
    const char *p = text.ptr;
    int64_t us = 0;
    size_t at = 19;
    int hour;
    int minute;
    int second;

    if (text.len < 20 || !memo->has_date || memcmp(p, memo->date, 10) != 0 ||
        (p[10] != 'T' && p[10] != ' ') || p[13] != ':' || p[16] != ':' || p[text.len - 1] != 'Z')
        return false;
    hour = two_digits(p + 11);
    minute = two_digits(p + 14);
    second = two_digits(p + 17);
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    if (p[at] == '.') {
        size_t digits = text.len - 1 - ++at;
        if (digits < 1 || digits > 9)
            return false;
        for (size_t i = 0; i < 9; i++) {
            unsigned digit = i < digits ? (unsigned)(p[at + i] - '0') : 0;
            if (digit > 9)
                return false;
            us = i < 6 ? us * 10 + (int64_t)digit : us;
        }
    } else if (text.len != 20) {
        return false;
    }
    *out_us = memo->date_us + ((hour * 60 + minute) * 60 + second) * DWI_US_PER_SECOND + us;
    return true;
}

static void remember_date(dwi_sv text, dwi_value_memo *memo)
{
    int32_t days;

    if (text.len < 10 || !dwi_parse_date((dwi_sv){text.ptr, 10}, &days))
        return;
    memcpy(memo->date, text.ptr, 10);
    memo->date_us = days * DWI_US_PER_DAY;
    memo->has_date = true;
}

/* Z or an offset of zero, of a valid timestamp with a zone. */
static bool is_utc(dwi_sv text)
{
    size_t i = text.len;

    if (text.ptr[i - 1] == 'Z' || text.ptr[i - 1] == 'z')
        return true;
    for (; text.ptr[i - 1] != '+' && text.ptr[i - 1] != '-'; i--)
        if (text.ptr[i - 1] != '0' && text.ptr[i - 1] != ':')
            return false;
    return true;
}

static dwi_fit timestamp_from_text(dwi_column *column, dwi_sv text, dwi_value_memo *memo)
{
    int64_t us;
    bool has_zone;

    if (!timestamp_of_same_day(text, memo, &us)) {
        if (!dwi_parse_timestamp(text, &us, &has_zone))
            return bad(memo, dwi_value_expected(DWI_TIMESTAMP));
        if (column->type->kind == DWI_TIMESTAMP_NTZ && has_zone && !is_utc(text))
            return bad(memo, "has an offset, which does not fit ");
        remember_date(text, memo);
    }
    return push(column, &us, sizeof(us));
}

static dwi_fit date_from_text(dwi_column *column, dwi_sv text, dwi_value_memo *memo)
{
    int32_t days;
    int64_t us;
    bool has_zone;

    if (!dwi_parse_date(text, &days)) {
        if (!dwi_parse_timestamp(text, &us, &has_zone))
            return bad(memo, dwi_value_expected(DWI_DATE));
        if (us % DWI_US_PER_DAY != 0 || (has_zone && !is_utc(text)))
            return bad(memo, "has a time of day, which does not fit ");
        if (us / DWI_US_PER_DAY < INT32_MIN || us / DWI_US_PER_DAY > INT32_MAX)
            return bad(memo, out_of_range);
        days = (int32_t)(us / DWI_US_PER_DAY);
    }
    return push(column, &days, sizeof(days));
}

static dwi_fit binary_from_text(dwi_column *column, dwi_sv text, dwi_value_memo *memo)
{
    size_t len = 0;

    if (!dwi_column_offset_room(column) || !dwi_column_data_room(column, text.len / 4 * 3 + 1))
        return DWI_FIT_NOMEM;
    if (!dwi_base64_decode(text, column->data.data + column->data.len, &len))
        return bad(memo, dwi_value_expected(DWI_BINARY));
    column->data.len += len;
    dwi_column_push_offset(column, column->data.len);
    return DWI_FIT_OK;
}

/* The words that stand for what JSON numbers cannot. */
static bool float_word(dwi_sv text, double *out)
{
    if (dwi_sv_eq_cstr(text, "NaN"))
        *out = (double)NAN;
    else if (dwi_sv_eq_cstr(text, "Infinity"))
        *out = (double)INFINITY;
    else if (dwi_sv_eq_cstr(text, "-Infinity"))
        *out = -(double)INFINITY;
    else
        return false;
    return true;
}

static dwi_fit float_from_text(dwi_column *column, dwi_sv text, dwi_value_memo *memo)
{
    double value;
    float narrow;

    if (!memo->float_words || !float_word(text, &value))
        return number_from_text(column, text, memo);
    narrow = (float)value;
    return column->type->kind == DWI_FLOAT ? push(column, &narrow, sizeof(narrow))
                                           : push(column, &value, sizeof(value));
}

dwi_fit dwi_value_from_text(dwi_column *column, dwi_sv text, dwi_value_memo *memo)
{
    switch (column->type->kind) {
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
        return timestamp_from_text(column, text, memo);
    case DWI_DATE:
        return date_from_text(column, text, memo);
    case DWI_BINARY:
        return binary_from_text(column, text, memo);
    case DWI_BOOLEAN:
        if (dwi_sv_eq_cstr(text, "true") || dwi_sv_eq_cstr(text, "false"))
            return dwi_value_from_bool(column, text.len == 4, memo);
        return bad(memo, dwi_value_expected(DWI_BOOLEAN));
    case DWI_FLOAT:
    case DWI_DOUBLE:
        return float_from_text(column, text, memo);
    case DWI_VOID:
    case DWI_STRUCT:
    case DWI_ARRAY:
    case DWI_MAP:
        return bad(memo, dwi_value_expected(column->type->kind));
    default:
        return number_from_text(column, text, memo);
    }
}
