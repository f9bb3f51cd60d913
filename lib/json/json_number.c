/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json_number.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/checked.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_digits(dwi_sv text, size_t at)
{
    while (at < text.len && is_digit(text.ptr[at]))
        at++;
    return at;
}

/* A number cut into its parts; all are views of the text. */
typedef struct number_parts {
    bool negative;
    dwi_sv whole;
    dwi_sv fraction; /* digits after the point, maybe none */
    dwi_sv exponent; /* sign and digits, maybe none */
    size_t len;
} number_parts;

static dwi_sv slice(dwi_sv text, size_t from, size_t to)
{
    return (dwi_sv){text.ptr + from, to - from};
}

static bool cut_exponent(dwi_sv text, number_parts *out)
{
    size_t at = out->len;
    size_t start = at + 1;
    size_t digits;

    if (at == text.len || (text.ptr[at] != 'e' && text.ptr[at] != 'E'))
        return true;
    digits = start;
    if (digits < text.len && (text.ptr[digits] == '+' || text.ptr[digits] == '-'))
        digits++;
    at = skip_digits(text, digits);
    if (at == digits)
        return false;
    out->exponent = text.ptr[start] == '+' ? slice(text, digits, at) : slice(text, start, at);
    out->len = at;
    return true;
}

static bool cut_number(dwi_sv text, number_parts *out)
{
    size_t at = 0;
    size_t start;

    *out = (number_parts){0};
    if (at < text.len && text.ptr[at] == '-') {
        out->negative = true;
        at++;
    }
    start = at;
    at = skip_digits(text, at);
    if (at == start || (at > start + 1 && text.ptr[start] == '0'))
        return false;
    out->whole = slice(text, start, at);
    if (at < text.len && text.ptr[at] == '.') {
        start = at + 1;
        at = skip_digits(text, start);
        if (at == start)
            return false;
        out->fraction = slice(text, start, at);
    }
    out->len = at;
    return cut_exponent(text, out);
}

size_t dwi_json_number_length(dwi_sv text)
{
    number_parts parts;

    return cut_number(text, &parts) ? parts.len : 0;
}

/* The digit at `i` of the mantissa's digits, blanks to the right being zeros. */
static int mantissa_digit(const number_parts *parts, size_t i)
{
    if (i < parts->whole.len)
        return parts->whole.ptr[i] - '0';
    i -= parts->whole.len;
    return i < parts->fraction.len ? parts->fraction.ptr[i] - '0' : 0;
}

static bool scaled_to_i64(const number_parts *parts, int64_t *out)
{
    size_t n_digits = parts->whole.len + parts->fraction.len;
    int64_t exponent = 0;
    int64_t point; /* digits before the decimal point once the exponent is applied */
    int64_t value = 0;

    if (parts->exponent.len > 0 &&
        (!dwi_sv_to_i64(parts->exponent, &exponent) || exponent > 100000 || exponent < -100000))
        return false;
    point = (int64_t)parts->whole.len + exponent;
    for (size_t i = point < 0 ? 0 : (size_t)point; i < n_digits; i++)
        if (mantissa_digit(parts, i) != 0)
            return false; /* a fraction is left */
    for (int64_t i = 0; i < point; i++) {
        /* Downwards, as the negative range is the larger one. */
        if (!dwi_i64_mul(value, 10, &value) ||
            !dwi_i64_add(value, -mantissa_digit(parts, (size_t)i), &value))
            return false;
    }
    if (!parts->negative && value == INT64_MIN)
        return false;
    *out = parts->negative ? value : -value;
    return true;
}

bool dwi_json_number_to_i64(dwi_sv text, int64_t *out)
{
    number_parts parts;

    if (!cut_number(text, &parts) || parts.len != text.len)
        return false;
    if (parts.fraction.len == 0 && parts.exponent.len == 0)
        return dwi_sv_to_i64(text, out);
    return scaled_to_i64(&parts, out);
}

/* strtod() wants the locale's decimal point, which may have several bytes. Printing a number is the
 * only way to learn it that is safe beside other threads. */
static size_t decimal_point(char out[16])
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%.1f", 1.5);

    if (len < 3 || (size_t)len - 2 > 15)
        return 0;
    memcpy(out, text + 1, (size_t)len - 2);
    return (size_t)len - 2;
}

/* More significant digits than this cannot move the nearest double but off a tie, which one more
 * digit in place of all the rest settles. */
enum { MAX_DIGITS = 800, MAX_TEXT = MAX_DIGITS + 64 };

static int64_t clamped_exponent(const number_parts *parts)
{
    const int64_t limit = 1000000000000000000;
    int64_t value = 0;

    if (parts->exponent.len == 0)
        return 0;
    if (!dwi_sv_to_i64(parts->exponent, &value))
        return parts->exponent.ptr[0] == '-' ? -limit : limit;
    return value > limit ? limit : value < -limit ? -limit : value;
}

/* NUL-terminated d.ddde±x in the locale's spelling, without leading zeros. */
static bool locale_text(const number_parts *parts, char out[MAX_TEXT])
{
    char point[16];
    size_t point_len = decimal_point(point);
    size_t n_digits = parts->whole.len + parts->fraction.len;
    size_t first = 0;
    size_t last;
    size_t at = 0;
    bool rest = false;
    int len;

    while (first + 1 < n_digits && mantissa_digit(parts, first) == 0)
        first++;
    last = n_digits - first > MAX_DIGITS ? first + MAX_DIGITS : n_digits;
    for (size_t i = last; i < n_digits && !rest; i++)
        rest = mantissa_digit(parts, i) != 0;
    if (parts->negative)
        out[at++] = '-';
    out[at++] = (char)('0' + mantissa_digit(parts, first));
    memcpy(out + at, point, point_len);
    at += point_len;
    for (size_t i = first + 1; i < last; i++)
        out[at++] = (char)('0' + mantissa_digit(parts, i));
    out[at++] = rest ? '1' : '0';
    len = snprintf(
        out + at, MAX_TEXT - at, "e%lld",
        (long long)(clamped_exponent(parts) + (int64_t)parts->whole.len - 1 - (int64_t)first));
    return point_len > 0 && len > 0 && (size_t)len < MAX_TEXT - at;
}

bool dwi_json_number_to_double(dwi_sv text, double *out)
{
    char spelled[MAX_TEXT];
    number_parts parts;
    char *end = NULL;
    double value;

    if (!cut_number(text, &parts) || parts.len != text.len || !locale_text(&parts, spelled))
        return false;
    value = strtod(spelled, &end);
    if (*end != '\0')
        return false;
    *out = value;
    return true;
}

bool dwi_json_number_to_float(dwi_sv text, float *out)
{
    char spelled[MAX_TEXT];
    number_parts parts;
    char *end = NULL;
    float value;

    if (!cut_number(text, &parts) || parts.len != text.len || !locale_text(&parts, spelled))
        return false;
    value = strtof(spelled, &end);
    if (*end != '\0')
        return false;
    *out = value;
    return true;
}
