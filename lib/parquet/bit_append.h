/* SPDX-License-Identifier: Apache-2.0 */
/* Bitmaps (LSB first) that are read and appended to at any bit. */
#ifndef DWI_PARQUET_BIT_APPEND_H
#define DWI_PARQUET_BIT_APPEND_H

#include "base/buf.h"

/* `count` (1..64) bits from bit `at`, the rest zero. Reads no byte beyond the last bit asked for.
 */
uint64_t dwi_bits_load(const uint8_t *bits, int64_t at, unsigned count);

/* Append to a bitmap of *n_bits in `buf`; bits after the last one are zero. */
void dwi_bits_append(dwi_buf *buf, size_t *n_bits, const uint8_t *bits, int64_t at, size_t count);
void dwi_bits_append_ones(dwi_buf *buf, size_t *n_bits, size_t count);

size_t dwi_bits_count(uint64_t word);

#endif
