/* SPDX-License-Identifier: Apache-2.0 */
#include "columns/json_text.h"

#include "columns/decimal128.h"

/* The exponent of a JSON number, within +-1,000,000, and where its digits end. */
static int64_t exponent_of(dwi_sv number, size_t *out_digits_end)
{
    size_t at = 0;
    int64_t value = 0;
    bool minus;

    while (at < number.len && (number.ptr[at] | 0x20) != 'e')
        at++;
    *out_digits_end = at;
    if (at == number.len)
        return 0;
    at++;
    minus = number.ptr[at] == '-';
    if (minus || number.ptr[at] == '+')
        at++;
    for (; at < number.len && value < 1000000; at++)
        value = value * 10 + (number.ptr[at] - '0');
    if (value > 1000000)
        value = 1000000;
    return minus ? -value : value;
}

dwi_decimal_result dwi_text_to_decimal(dwi_sv number, int precision, int scale,
                                       uint64_t out_words[2])
{
    uint64_t words[2] = {0, 0};
    bool negative = number.ptr[0] == '-';
    size_t end;
    int64_t exponent = exponent_of(number, &end);
    int64_t below = -(exponent + scale); /* digits from here on are below the scale */
    int digits = 0;
    const char *point = memchr(number.ptr, '.', end);
    /* The power of ten that the digit before counts, without the exponent. */
    int64_t place = (int64_t)(point == NULL ? end : (size_t)(point - number.ptr)) - negative;

    for (size_t i = negative ? 1 : 0; i < end; i++) {
        unsigned digit = (unsigned)(number.ptr[i] - '0');
        if (number.ptr[i] == '.')
            continue;
        place--;
        if (place < below) {
            if (digit != 0)
                return DWI_DECIMAL_INEXACT;
            continue;
        }
        if (digits == 0 && digit == 0)
            continue;
        if (digits++ >= precision)
            return DWI_DECIMAL_RANGE;
        dwi_d128_push_digit(words, digit);
    }
    for (; digits > 0 && place > below; place--) {
        if (digits++ >= precision)
            return DWI_DECIMAL_RANGE;
        dwi_d128_push_digit(words, 0);
    }
    if (negative)
        dwi_d128_negate(words);
    out_words[0] = words[0];
    out_words[1] = words[1];
    return DWI_DECIMAL_OK;
}

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool dwi_base64_decode(dwi_sv text, uint8_t *out, size_t *out_len)
{
    size_t len = 0;
    size_t pad = 0;

    if (text.len % 4 != 0)
        return false;
    while (pad < 2 && pad < text.len && text.ptr[text.len - 1 - pad] == '=')
        pad++;
    for (size_t i = 0; i < text.len; i += 4) {
        size_t present = i + 4 == text.len ? 4 - pad : 4;
        uint32_t bits = 0;
        for (size_t k = 0; k < 4; k++) {
            int value = k < present ? sextet(text.ptr[i + k]) : 0;
            if (value < 0)
                return false;
            bits = bits << 6 | (uint32_t)value;
        }
        if (present < 4 && (bits & (present == 3 ? 0xFFu : 0xFFFFu)) != 0)
            return false;
        out[len++] = (uint8_t)(bits >> 16);
        if (present > 2)
            out[len++] = (uint8_t)(bits >> 8);
        if (present > 3)
            out[len++] = (uint8_t)bits;
    }
    *out_len = len;
    return true;
}
