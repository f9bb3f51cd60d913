/* SPDX-License-Identifier: Apache-2.0 */
/* IEEE 754 half precision, of which the machine knows nothing. */
#ifndef DWI_BASE_HALF_H
#define DWI_BASE_HALF_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

static inline bool dwi_half_is_nan(uint16_t half)
{
    return (half & 0x7FFF) > 0x7C00;
}

/* Exact; NaN stays NaN. */
static inline double dwi_half_to_double(uint16_t half)
{
    int exponent = half >> 10 & 31;
    double mantissa = half & 0x3FF;
    double value;

    if (exponent == 31)
        value = mantissa == 0 ? (double)INFINITY : (double)NAN;
    else if (exponent == 0)
        value = ldexp(mantissa, -24);
    else
        value = ldexp(mantissa + 1024, exponent - 25);
    return half & 0x8000 ? -value : value;
}

/* Of a value that came from dwi_half_to_double() and is no NaN. */
static inline uint16_t dwi_half_from_double(double value)
{
    unsigned sign = signbit(value) ? 0x8000 : 0;
    double size = fabs(value);
    int exponent;

    if (isinf(value))
        return (uint16_t)(sign | 0x7C00);
    if (size < 0x1p-14)
        return (uint16_t)(sign | (unsigned)ldexp(size, 24));
    size = frexp(size, &exponent); /* 0.5 <= size < 1 */
    return (uint16_t)(sign | (unsigned)(exponent + 14) << 10 | ((unsigned)ldexp(size, 11) & 0x3FF));
}

#endif
