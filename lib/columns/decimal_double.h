/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal to double without going through text. */
#ifndef DWI_COLUMNS_DECIMAL_DOUBLE_H
#define DWI_COLUMNS_DECIMAL_DOUBLE_H

#include <stdbool.h>
#include <stdint.h>

/* mantissa * 10^exponent, rounded to the nearest double, ties to even. False: it takes a slower way
 * to tell (an exponent beyond +-65, or a value too near the middle of two doubles). */
bool dwi_decimal_to_double(uint64_t mantissa, int32_t exponent, double *out);

#endif
