/* SPDX-License-Identifier: Apache-2.0 */
/* 128-bit decimals as two words, low one first, in two's complement as columns hold them. Working
 * on them is done on the magnitude, which is below 10^38 and so fits 127 bits. */
#ifndef DWI_COLUMNS_DECIMAL128_H
#define DWI_COLUMNS_DECIMAL128_H

#include <stdbool.h>
#include <stdint.h>

enum { DWI_DECIMAL_MAX_PRECISION = 38 };

/* words = words * 10 + digit; the result must be below 2^128. */
static inline void dwi_d128_push_digit(uint64_t words[2], unsigned digit)
{
    uint64_t low = (words[0] & UINT32_MAX) * 10 + digit;
    uint64_t high = (words[0] >> 32) * 10 + (low >> 32);

    words[0] = high << 32 | (low & UINT32_MAX);
    words[1] = words[1] * 10 + (high >> 32);
}

static inline void dwi_d128_negate(uint64_t words[2])
{
    words[0] = ~words[0] + 1;
    words[1] = ~words[1] + (words[0] == 0);
}

static inline bool dwi_d128_is_negative(const uint64_t words[2])
{
    return words[1] >> 63 != 0;
}

static inline bool dwi_d128_less(const uint64_t a[2], const uint64_t b[2])
{
    return a[1] != b[1] ? a[1] < b[1] : a[0] < b[0];
}

/* 10^exponent, exponent 0..38. */
static inline void dwi_d128_power(int exponent, uint64_t out[2])
{
    out[0] = 1;
    out[1] = 0;
    for (; exponent > 0; exponent--)
        dwi_d128_push_digit(out, 0);
}

#endif
