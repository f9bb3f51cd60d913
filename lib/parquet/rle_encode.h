/* SPDX-License-Identifier: Apache-2.0 */
/* Write side of the RLE/bit-packed hybrid. Spec: apache/parquet-format Encodings.md, "RLE".
 * No length goes in front; that is the page's business. A failed growth sticks in `out`. */
#ifndef DWI_PARQUET_RLE_ENCODE_H
#define DWI_PARQUET_RLE_ENCODE_H

#include "base/buf.h"

/* Bits that hold 0..max. */
unsigned dwi_rle_width(uint64_t max);

/* width 1..32; every value fits. */
void dwi_rle_encode_u32(dwi_buf *out, const uint32_t *values, size_t count, unsigned width);
/* width 1..8. */
void dwi_rle_encode_u8(dwi_buf *out, const uint8_t *values, size_t count, unsigned width);
/* Width 1, from a bitmap (LSB first). */
void dwi_rle_encode_bits(dwi_buf *out, const uint8_t *bits, size_t count);
/* `count` times one value. */
void dwi_rle_encode_run(dwi_buf *out, uint32_t value, size_t count, unsigned width);

#endif
