/* SPDX-License-Identifier: Apache-2.0 */
#include "records/value_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

void text_u64(struct textbuf *out, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    textbuf_add(out, digits + at, sizeof(digits) - at);
}

void text_i64(struct textbuf *out, int64_t value)
{
    if (value < 0)
        textbuf_add(out, "-", 1);
    text_u64(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

static bool not_finite(struct textbuf *out, double value)
{
    if (isfinite(value))
        return false;
    textbuf_puts(out, isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    return true;
}

static void add_real(struct textbuf *out, const char *digits)
{
    textbuf_puts(out, digits);
    if (strpbrk(digits, ".e") == NULL)
        textbuf_add(out, ".0", 2);
}

void text_double(struct textbuf *out, double value)
{
    char digits[32];

    if (not_finite(out, value))
        return;
    for (int precision = 15; precision <= 17; precision++) {
        (void)snprintf(digits, sizeof(digits), "%.*g", precision, value);
        if (precision == 17 || strtod(digits, NULL) == value)
            break;
    }
    add_real(out, digits);
}

void text_float(struct textbuf *out, float value)
{
    char digits[32];

    if (not_finite(out, (double)value))
        return;
    for (int precision = 6; precision <= 9; precision++) {
        (void)snprintf(digits, sizeof(digits), "%.*g", precision, (double)value);
        if (precision == 9 || strtof(digits, NULL) == value)
            break;
    }
    add_real(out, digits);
}

/* Magnitude of up to 16 bytes as decimal digits, the lowest last; returns where they begin. */
static char *small_digits(const uint8_t *bytes, size_t len, bool negative, char *end)
{
    uint32_t words[4] = {0};
    bool left = true;

    for (size_t i = 0; i < 4; i++) { /* words[0] is the lowest */
        for (size_t k = 0; k < 4; k++) {
            size_t at = i * 4 + k;
            uint8_t byte = at < len ? bytes[len - 1 - at] : negative ? 0xFF : 0;
            words[i] |= (uint32_t)byte << (8 * k);
        }
    }
    if (negative) {
        uint64_t carry = 1;
        for (size_t i = 0; i < 4; i++) {
            carry += (uint32_t)~words[i];
            words[i] = (uint32_t)carry;
            carry >>= 32;
        }
    }
    while (left) {
        uint64_t rest = 0;
        left = false;
        for (size_t i = 4; i-- > 0;) {
            rest = rest << 32 | words[i];
            words[i] = (uint32_t)(rest / 10);
            rest %= 10;
            left = left || words[i] != 0;
        }
        *--end = (char)('0' + rest);
    }
    return end;
}

/* The same for any length: schoolbook division by 10^9. */
static char *large_digits(const uint8_t *bytes, size_t len, bool negative, char *end)
{
    size_t n = (len + 3) / 4;
    uint32_t *words = need_alloc(n, sizeof(*words)); /* words[0] is the highest */
    uint64_t carry = 1;

    for (size_t i = 0; i < n * 4; i++) {
        uint8_t byte = i < n * 4 - len ? (negative ? 0xFF : 0) : bytes[i - (n * 4 - len)];
        words[i / 4] = words[i / 4] << 8 | byte;
    }
    for (size_t i = n; negative && i-- > 0;) {
        carry += (uint32_t)~words[i];
        words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    for (size_t first = 0; first < n;) {
        uint64_t rest = 0;
        for (size_t i = first; i < n; i++) {
            rest = rest << 32 | words[i];
            words[i] = (uint32_t)(rest / 1000000000);
            rest %= 1000000000;
        }
        while (first < n && words[first] == 0)
            first++;
        for (int i = 0; i < 9 && (first < n || rest != 0 || i == 0); i++, rest /= 10)
            *--end = (char)('0' + rest % 10);
    }
    free(words);
    return end;
}

void text_decimal(struct textbuf *out, const uint8_t *bytes, size_t len, unsigned scale)
{
    bool negative = len > 0 && bytes[0] >= 0x80;
    size_t room = len * 5 / 2 + 16; /* 2.41 digits a byte */
    char small[64];
    char *buffer = len <= 16 ? small : need_alloc(room, 1);
    char *end = buffer + (len <= 16 ? sizeof(small) : room);
    char *digits = len <= 16 ? small_digits(bytes, len, negative, end)
                             : large_digits(bytes, len, negative, end);
    size_t count = (size_t)(end - digits);

    if (negative)
        textbuf_add(out, "-", 1);
    if (scale == 0) {
        textbuf_add(out, digits, count);
    } else if (count > scale) {
        textbuf_add(out, digits, count - scale);
        textbuf_add(out, ".", 1);
        textbuf_add(out, end - scale, scale);
    } else {
        textbuf_add(out, "0.", 2);
        for (size_t i = count; i < scale; i++)
            textbuf_add(out, "0", 1);
        textbuf_add(out, digits, count);
    }
    if (buffer != small)
        free(buffer);
}

static void add_padded(struct textbuf *out, int64_t value, int width)
{
    char digits[20];
    int at = (int)sizeof(digits);

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0 || (int)sizeof(digits) - at < width);
    textbuf_add(out, digits + at, sizeof(digits) - (size_t)at);
}

void text_date(struct textbuf *out, int64_t days)
{
    /* The calendar repeats every 400 years, counted here from the first of March of year 0. */
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);

    if (year < 0)
        textbuf_add(out, "-", 1);
    add_padded(out, year < 0 ? -year : year, 4);
    textbuf_add(out, "-", 1);
    add_padded(out, month, 2);
    textbuf_add(out, "-", 1);
    add_padded(out, day_of_year - (153 * month_from_march + 2) / 5 + 1, 2);
}

static int64_t power_of_ten(int digits)
{
    return digits == 3 ? 1000 : digits == 6 ? 1000000 : digits == 9 ? 1000000000 : 1;
}

void text_time_of_day(struct textbuf *out, int64_t value, int digits)
{
    int64_t per_second = power_of_ten(digits);
    int64_t second = value / per_second;

    add_padded(out, second / 3600, 2);
    textbuf_add(out, ":", 1);
    add_padded(out, second / 60 % 60, 2);
    textbuf_add(out, ":", 1);
    add_padded(out, second % 60, 2);
    if (digits != 0) {
        textbuf_add(out, ".", 1);
        add_padded(out, value % per_second, digits);
    }
}

void text_timestamp(struct textbuf *out, int64_t value, int digits, bool zone)
{
    int64_t per_day = 86400 * power_of_ten(digits);
    int64_t days = value / per_day - (value % per_day < 0 ? 1 : 0);

    text_date(out, days);
    textbuf_add(out, "T", 1);
    text_time_of_day(out, value - days * per_day, digits);
    if (zone)
        textbuf_add(out, "Z", 1);
}

void text_uuid(struct textbuf *out, const uint8_t bytes[16])
{
    static const char hex[] = "0123456789abcdef";
    char text[36];
    size_t at = 0;

    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[at++] = '-';
        text[at++] = hex[bytes[i] >> 4];
        text[at++] = hex[bytes[i] & 15];
    }
    textbuf_add(out, text, sizeof(text));
}

void text_json_string(struct textbuf *out, const char *chars, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    size_t plain = 0;

    textbuf_add(out, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)chars[i];
        char escape[6] = {'\\', (char)c, '0', '0', 0, 0};
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        textbuf_add(out, chars + plain, i - plain);
        plain = i + 1;
        if (c < 0x20) {
            escape[1] = 'u';
            escape[2] = '0';
            escape[3] = '0';
            escape[4] = hex[c >> 4];
            escape[5] = hex[c & 15];
        }
        textbuf_add(out, escape, c < 0x20 ? 6 : 2);
    }
    textbuf_add(out, chars + plain, len - plain);
    textbuf_add(out, "\"", 1);
}
