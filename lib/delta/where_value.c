/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/where_value.h"

#include <math.h>

#include "base/calendar.h"
#include "base/checked.h"
#include "columns/decimal128.h"
#include "columns/decimal_double.h"
#include "columns/json_text.h"
#include "json/json_number.h"

/* ---- comparing ---- */

/* The magnitude, and whether the sign was a minus. */
static bool take_sign(uint64_t words[2])
{
    bool negative = dwi_d128_is_negative(words);

    if (negative)
        dwi_d128_negate(words);
    return negative;
}

/* words * 10^digits; false: that is above any decimal there is. */
static bool scale_up(uint64_t words[2], int digits)
{
    for (; digits > 0; digits--) {
        if (words[1] >= UINT64_MAX / 10)
            return false;
        dwi_d128_push_digit(words, 0);
    }
    return true;
}

static void decimal_of(const dwi_value *value, uint64_t out[2])
{
    if (value->kind == DWI_VALUE_DECIMAL) {
        memcpy(out, value->as.decimal, sizeof(value->as.decimal));
        return;
    }
    out[0] = (uint64_t)value->as.i;
    out[1] = value->as.i < 0 ? UINT64_MAX : 0;
}

static int compare_decimals(const dwi_value *a, const dwi_value *b)
{
    int up = (int)b->scale - (int)a->scale;
    uint64_t x[2];
    uint64_t y[2];
    bool negative;
    int order;

    decimal_of(a, x);
    decimal_of(b, y);
    negative = take_sign(x);
    if (negative != take_sign(y))
        return negative ? -1 : 1;
    if (!scale_up(x, up > 0 ? up : 0))
        order = 1;
    else if (!scale_up(y, up < 0 ? -up : 0))
        order = -1;
    else
        order = dwi_d128_less(x, y) ? -1 : dwi_d128_less(y, x);
    return negative ? -order : order;
}

static size_t append_digits(uint64_t words[2], char *out)
{
    char reversed[40];
    size_t n = 0;

    while (words[0] != 0 || words[1] != 0) { /* words = words / 10, in 32-bit steps */
        const uint64_t parts[4] = {words[1] >> 32, words[1] & UINT32_MAX, words[0] >> 32,
                                   words[0] & UINT32_MAX};
        uint64_t quotient[4];
        uint64_t rest = 0;
        for (int i = 0; i < 4; i++) {
            quotient[i] = (rest << 32 | parts[i]) / 10;
            rest = (rest << 32 | parts[i]) % 10;
        }
        words[1] = quotient[0] << 32 | quotient[1];
        words[0] = quotient[2] << 32 | quotient[3];
        reversed[n++] = (char)('0' + rest);
    }
    for (size_t i = 0; i < n; i++)
        out[i] = reversed[n - 1 - i];
    return n;
}

static double decimal_to_double(const dwi_value *value)
{
    uint64_t words[2];
    char text[48];
    double out = 0;
    bool negative;
    size_t n;

    decimal_of(value, words);
    negative = take_sign(words);
    if (words[1] != 0 || !dwi_decimal_to_double(words[0], -(int32_t)value->scale, &out)) {
        n = append_digits(words, text);
        text[n++] = 'e';
        text[n++] = '-';
        text[n++] = (char)('0' + value->scale / 10);
        text[n++] = (char)('0' + value->scale % 10);
        (void)dwi_json_number_to_double((dwi_sv){text, n}, &out);
    }
    return negative ? -out : out;
}

double dwi_value_double(const dwi_value *value)
{
    if (value->kind == DWI_VALUE_FLOATING)
        return value->as.f;
    return value->kind == DWI_VALUE_INTEGER ? (double)value->as.i : decimal_to_double(value);
}

static int compare_doubles(double a, double b)
{
    if (isnan(a) || isnan(b))
        return (int)isnan(a) - (int)isnan(b) == 0 ? 0 : isnan(a) ? 1 : -1;
    return (a > b) - (a < b);
}

static int compare_integers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* A date is its midnight; one that is beyond all timestamps stays so. */
static int64_t time_of(const dwi_value *value)
{
    int64_t us;

    if (value->kind == DWI_VALUE_TIME)
        return value->as.i;
    if (dwi_i64_mul(value->as.i, DWI_US_PER_DAY, &us))
        return us;
    return value->as.i < 0 ? INT64_MIN : INT64_MAX;
}

int dwi_value_compare(const dwi_value *a, const dwi_value *b)
{
    if (a->kind == DWI_VALUE_FLOATING || b->kind == DWI_VALUE_FLOATING)
        return compare_doubles(dwi_value_double(a), dwi_value_double(b));
    if (a->kind == DWI_VALUE_DECIMAL || b->kind == DWI_VALUE_DECIMAL)
        return compare_decimals(a, b);
    if (a->kind == DWI_VALUE_TEXT || a->kind == DWI_VALUE_BYTES)
        return dwi_sv_cmp(a->bytes, b->bytes);
    if (a->kind != b->kind)
        return compare_integers(time_of(a), time_of(b));
    return compare_integers(a->as.i, b->as.i);
}

/* Kinds of one group are compared with each other. */
static int group_of(dwi_value_kind kind)
{
    switch (kind) {
    case DWI_VALUE_INTEGER:
    case DWI_VALUE_DECIMAL:
    case DWI_VALUE_FLOATING:
        return 1;
    case DWI_VALUE_DATE:
    case DWI_VALUE_TIME:
        return 2;
    case DWI_VALUE_BOOLEAN:
        return 3;
    case DWI_VALUE_TEXT:
        return 4;
    default:
        return 5;
    }
}

bool dwi_value_kinds_meet(dwi_value_kind a, dwi_value_kind b)
{
    return a == DWI_VALUE_NULL || b == DWI_VALUE_NULL || group_of(a) == group_of(b);
}

/* ---- values of columns ---- */

dwi_value_kind dwi_value_kind_of(const dwi_type *type)
{
    switch (type->kind) {
    case DWI_BOOLEAN:
        return DWI_VALUE_BOOLEAN;
    case DWI_BYTE:
    case DWI_SHORT:
    case DWI_INTEGER:
    case DWI_LONG:
        return DWI_VALUE_INTEGER;
    case DWI_FLOAT:
    case DWI_DOUBLE:
        return DWI_VALUE_FLOATING;
    case DWI_DECIMAL:
        return DWI_VALUE_DECIMAL;
    case DWI_STRING:
        return DWI_VALUE_TEXT;
    case DWI_BINARY:
        return DWI_VALUE_BYTES;
    case DWI_DATE:
        return DWI_VALUE_DATE;
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
        return DWI_VALUE_TIME;
    default:
        return DWI_VALUE_NULL;
    }
}

static int64_t integer_of(const dwi_type *type, const void *fixed)
{
    int8_t byte;
    int16_t word;
    int32_t integer;
    int64_t wide;

    switch (dwi_type_width(type)) {
    case 1:
        memcpy(&byte, fixed, sizeof(byte));
        return byte;
    case 2:
        memcpy(&word, fixed, sizeof(word));
        return word;
    case 4:
        memcpy(&integer, fixed, sizeof(integer));
        return integer;
    default:
        memcpy(&wide, fixed, sizeof(wide));
        return wide;
    }
}

void dwi_value_of_fixed(const dwi_type *type, const void *fixed, dwi_value *out)
{
    float narrow;

    *out = (dwi_value){.kind = dwi_value_kind_of(type)};
    switch (type->kind) {
    case DWI_BOOLEAN:
        out->as.i = *(const uint8_t *)fixed != 0;
        break;
    case DWI_FLOAT:
        memcpy(&narrow, fixed, sizeof(narrow));
        out->as.f = (double)narrow;
        break;
    case DWI_DOUBLE:
        memcpy(&out->as.f, fixed, sizeof(out->as.f));
        break;
    case DWI_DECIMAL:
        out->scale = type->scale;
        memcpy(out->as.decimal, fixed, sizeof(out->as.decimal));
        break;
    default:
        out->as.i = integer_of(type, fixed);
    }
}

void dwi_value_get(const dwi_vec *vec, int64_t row, dwi_value *out)
{
    int64_t at = vec->offset + row;
    const int32_t *ends;

    if (dwi_type_is_bytes(vec->type)) {
        ends = vec->offsets + at;
        *out = (dwi_value){.kind = dwi_value_kind_of(vec->type),
                           .bytes = {ends[1] == ends[0] ? "" : (const char *)vec->data + ends[0],
                                     (size_t)(ends[1] - ends[0])}};
    } else if (vec->type->kind == DWI_BOOLEAN) {
        *out = (dwi_value){.kind = DWI_VALUE_BOOLEAN, .as.i = dwi_bit_get(vec->values, at)};
    } else {
        dwi_value_of_fixed(
            vec->type, (const uint8_t *)vec->values + (size_t)at * dwi_type_width(vec->type), out);
    }
}

/* ---- text ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static dwi_sv trim(dwi_sv text)
{
    while (text.len > 0 && (uint8_t)text.ptr[0] <= ' ') {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && (uint8_t)text.ptr[text.len - 1] <= ' ')
        text.len--;
    return text;
}

static bool is_one_of(dwi_sv text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (dwi_sv_eq_nocase(text, dwi_sv_cstr(words[i])))
            return true;
    return false;
}

static bool cast_boolean(dwi_sv text, dwi_value *out)
{
    static const char *const yes[] = {"t", "true", "y", "yes", "1"};
    static const char *const no[] = {"f", "false", "n", "no", "0"};

    *out = (dwi_value){.kind = DWI_VALUE_BOOLEAN, .as.i = is_one_of(text, yes, 5)};
    return out->as.i == 1 || is_one_of(text, no, 5);
}

static bool cast_integer(dwi_sv text, const dwi_type *type, dwi_value *out)
{
    size_t bits = 8 * dwi_type_width(type);
    int64_t max = bits == 64 ? INT64_MAX : (INT64_C(1) << (bits - 1)) - 1;

    *out = (dwi_value){.kind = DWI_VALUE_INTEGER};
    if (text.len > 1 && text.ptr[0] == '+' && text.ptr[1] != '-')
        text = (dwi_sv){text.ptr + 1, text.len - 1};
    return dwi_sv_to_i64(text, &out->as.i) && out->as.i <= max && out->as.i >= -max - 1;
}

/* JSON wants a digit before the point and after it. */
static bool parse_double(dwi_sv text, double *out)
{
    char spelt[128];
    size_t n = 0;

    if (text.len + 4 > sizeof(spelt))
        return dwi_json_number_to_double(text, out);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool digit_before = i > 0 && is_digit(text.ptr[i - 1]);
        if (c == '+' && i == 0)
            continue;
        if (c == '.' && !digit_before)
            spelt[n++] = '0';
        if (is_digit(c) && n > 0 && n == (size_t)(spelt[0] == '-') + 1 && spelt[n - 1] == '0')
            n--; /* a leading zero */
        spelt[n++] = c;
        if (c == '.' && (i + 1 == text.len || !is_digit(text.ptr[i + 1]))) {
            if (!digit_before)
                return false;
            spelt[n++] = '0';
        }
    }
    return dwi_json_number_to_double((dwi_sv){spelt, n}, out);
}

static bool cast_floating(dwi_sv text, const dwi_type *type, dwi_value *out)
{
    static const char *const infinite[] = {"inf", "infinity", "+inf", "+infinity"};
    static const char *const minus[] = {"-inf", "-infinity"};

    *out = (dwi_value){.kind = DWI_VALUE_FLOATING};
    if (is_one_of(text, infinite, 4))
        out->as.f = (double)INFINITY;
    else if (is_one_of(text, minus, 2))
        out->as.f = -(double)INFINITY;
    else if (dwi_sv_eq_nocase(text, DWI_SV("nan")))
        out->as.f = (double)NAN;
    else if (!parse_double(text, &out->as.f))
        return false;
    if (type->kind == DWI_FLOAT)
        out->as.f = (double)(float)out->as.f;
    return true;
}

bool dwi_value_parse_decimal(dwi_sv text, dwi_value *out)
{
    bool minus = text.len > 0 && text.ptr[0] == '-';
    bool point = false;
    int digits = 0;
    bool any = false;

    *out = (dwi_value){.kind = DWI_VALUE_DECIMAL};
    for (size_t i = minus || (text.len > 0 && text.ptr[0] == '+'); i < text.len; i++) {
        if (text.ptr[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(text.ptr[i]) || out->scale == DWI_DECIMAL_MAX_PRECISION)
            return false;
        any = true;
        digits += digits > 0 || text.ptr[i] != '0';
        if (digits > DWI_DECIMAL_MAX_PRECISION)
            return false;
        dwi_d128_push_digit(out->as.decimal, (unsigned)(text.ptr[i] - '0'));
        out->scale = (uint8_t)(out->scale + point);
    }
    if (minus)
        dwi_d128_negate(out->as.decimal);
    return any;
}

static bool fits_decimal(const dwi_value *value, const dwi_type *type)
{
    uint64_t words[2];
    uint64_t limit[2];

    decimal_of(value, words);
    (void)take_sign(words);
    dwi_d128_power(type->precision, limit);
    return value->scale <= type->scale && scale_up(words, type->scale - value->scale) &&
           dwi_d128_less(words, limit);
}

/* ---- dates and times ---- */

/* `*at` moves behind up to `most` digits; false: there are fewer than `least`. */
static bool take_number(dwi_sv text, size_t *at, size_t least, size_t most, int64_t *out)
{
    size_t start = *at;

    for (*out = 0; *at < text.len && *at - start < most && is_digit(text.ptr[*at]); ++*at)
        *out = *out * 10 + (text.ptr[*at] - '0');
    return *at - start >= least;
}

static bool take_char(dwi_sv text, size_t *at, char c)
{
    if (*at == text.len || text.ptr[*at] != c)
        return false;
    ++*at;
    return true;
}

/* [+-]yyyy[-m[-d]], up to seven digits of a year. */
static bool take_date(dwi_sv text, size_t *at, int64_t *out_days, bool *out_whole)
{
    bool minus = take_char(text, at, '-');
    int64_t parts[3] = {0, 1, 1};
    int n = 1;

    if (!minus)
        (void)take_char(text, at, '+');
    if (!take_number(text, at, 4, 7, &parts[0]))
        return false;
    for (; n < 3 && take_char(text, at, '-'); n++)
        if (!take_number(text, at, 1, 2, &parts[n]))
            return false;
    if (minus)
        parts[0] = -parts[0];
    if (parts[1] < 1 || parts[1] > 12 || parts[2] < 1 ||
        parts[2] > dwi_days_in_month(parts[0], (int)parts[1]))
        return false;
    *out_days = dwi_days_from_civil(parts[0], (int)parts[1], (int)parts[2]);
    *out_whole = n == 3;
    return true;
}

static bool cast_date(dwi_sv text, dwi_value *out)
{
    bool whole = false;
    size_t at = 0;

    *out = (dwi_value){.kind = DWI_VALUE_DATE};
    if (!take_date(text, &at, &out->as.i, &whole))
        return false;
    return at == text.len || (whole && (text.ptr[at] == ' ' || text.ptr[at] == 'T'));
}

/* h[h]:m[m][:s[s][.f]], beyond microseconds cut. */
static bool take_time(dwi_sv text, size_t *at, int64_t *out_us)
{
    int64_t parts[3] = {0, 0, 0};
    int64_t us = 0;
    size_t start;

    if (!take_number(text, at, 1, 2, &parts[0]) || !take_char(text, at, ':') ||
        !take_number(text, at, 1, 2, &parts[1]))
        return false;
    if (take_char(text, at, ':')) {
        if (!take_number(text, at, 1, 2, &parts[2]))
            return false;
        if (take_char(text, at, '.')) {
            start = *at;
            (void)take_number(text, at, 0, 6, &us);
            for (size_t n = *at - start; n < 6; n++)
                us *= 10;
            while (*at < text.len && is_digit(text.ptr[*at]))
                ++*at;
        }
    }
    *out_us = ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * DWI_US_PER_SECOND + us;
    return parts[0] < 24 && parts[1] < 60 && parts[2] < 60;
}

/* Z, UTC, GMT, or an offset after one of the latter two or alone: +h[h][:mm], +hhmm. */
static bool take_zone(dwi_sv text, size_t at, int64_t *out_us)
{
    dwi_sv zone = trim((dwi_sv){text.ptr + at, text.len - at});
    int64_t hours = 0;
    int64_t minutes = 0;
    bool minus;

    *out_us = 0;
    if (dwi_sv_eq_cstr(zone, "Z"))
        return true;
    if (dwi_sv_starts_with(zone, DWI_SV("UTC")) || dwi_sv_starts_with(zone, DWI_SV("GMT")))
        zone = (dwi_sv){zone.ptr + 3, zone.len - 3};
    if (zone.len == 0)
        return true;
    minus = zone.ptr[0] == '-';
    if (!minus && zone.ptr[0] != '+')
        return false;
    at = 1;
    if (!take_number(zone, &at, 1, 2, &hours) ||
        (at < zone.len && (((void)take_char(zone, &at, ':'), at == zone.len) ||
                           !take_number(zone, &at, 2, 2, &minutes))))
        return false;
    *out_us = (hours * 60 + minutes) * 60 * DWI_US_PER_SECOND * (minus ? -1 : 1);
    return at == zone.len && hours <= 18 && minutes < 60;
}

static bool cast_time(dwi_sv text, const dwi_type *type, dwi_value *out)
{
    int64_t days = 0;
    int64_t us = 0;
    int64_t zone = 0;
    bool whole = false;
    size_t at = 0;

    *out = (dwi_value){.kind = DWI_VALUE_TIME};
    if (!take_date(text, &at, &days, &whole))
        return false;
    if (at < text.len) {
        if (!whole || (text.ptr[at] != ' ' && text.ptr[at] != 'T'))
            return false;
        at++;
        if (!take_time(text, &at, &us))
            return false;
    }
    /* what a zone means for a time without one differs between engines */
    if (at < text.len && (type->kind == DWI_TIMESTAMP_NTZ || !take_zone(text, at, &zone)))
        return false;
    return dwi_i64_mul(days, DWI_US_PER_DAY, &days) && dwi_i64_add(days, us - zone, &out->as.i);
}

bool dwi_value_cast_text(dwi_sv text, const dwi_type *type, dwi_value *out)
{
    dwi_sv trimmed = trim(text);

    switch (type->kind) {
    case DWI_STRING:
        *out = (dwi_value){.kind = DWI_VALUE_TEXT, .bytes = text};
        return true;
    case DWI_BINARY:
        *out = (dwi_value){.kind = DWI_VALUE_BYTES, .bytes = text};
        return true;
    case DWI_BOOLEAN:
        return cast_boolean(trimmed, out);
    case DWI_BYTE:
    case DWI_SHORT:
    case DWI_INTEGER:
    case DWI_LONG:
        return cast_integer(trimmed, type, out);
    case DWI_FLOAT:
    case DWI_DOUBLE:
        return cast_floating(trimmed, type, out);
    case DWI_DECIMAL:
        return dwi_value_parse_decimal(trimmed, out) && fits_decimal(out, type);
    case DWI_DATE:
        return cast_date(trimmed, out);
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
        return cast_time(trimmed, type, out);
    default:
        return false;
    }
}

/* ---- literals as columns hold them ---- */

static bool integer_to_fixed(int64_t value, const dwi_type *type, uint8_t *fixed)
{
    size_t width = dwi_type_width(type);
    int64_t max = width == 8 ? INT64_MAX : (INT64_C(1) << (8 * width - 1)) - 1;

    memcpy(fixed, &value, width); /* little-endian */
    return value <= max && value >= -max - 1;
}

static bool decimal_to_fixed(const dwi_value *value, const dwi_type *type, uint8_t *fixed)
{
    uint64_t words[2];
    bool negative;

    if (!fits_decimal(value, type))
        return false;
    decimal_of(value, words);
    negative = take_sign(words);
    (void)scale_up(words, type->scale - value->scale);
    if (negative)
        dwi_d128_negate(words);
    memcpy(fixed, words, sizeof(words));
    return true;
}

static bool floating_to_fixed(double value, const dwi_type *type, uint8_t *fixed)
{
    float narrow = (float)value;

    if (type->kind == DWI_DOUBLE)
        memcpy(fixed, &value, sizeof(value));
    else
        memcpy(fixed, &narrow, sizeof(narrow));
    return !isnan(value) &&
           (type->kind == DWI_DOUBLE || !((double)narrow < value || (double)narrow > value));
}

bool dwi_value_to_fixed(const dwi_value *value, const dwi_type *type, uint8_t *fixed)
{
    switch (dwi_value_kind_of(type)) {
    case DWI_VALUE_BOOLEAN:
        fixed[0] = value->as.i != 0;
        return value->kind == DWI_VALUE_BOOLEAN;
    case DWI_VALUE_INTEGER:
        return value->kind == DWI_VALUE_INTEGER && integer_to_fixed(value->as.i, type, fixed);
    case DWI_VALUE_DECIMAL:
        return value->kind != DWI_VALUE_FLOATING && decimal_to_fixed(value, type, fixed);
    case DWI_VALUE_FLOATING:
        return floating_to_fixed(dwi_value_double(value), type, fixed);
    case DWI_VALUE_DATE:
        return value->kind == DWI_VALUE_DATE && integer_to_fixed(value->as.i, type, fixed);
    case DWI_VALUE_TIME:
        return integer_to_fixed(time_of(value), type, fixed);
    default:
        return false;
    }
}
