/* SPDX-License-Identifier: Apache-2.0 */
/* The RLE / bit-packed hybrid of levels, booleans and dictionary indices, and the deprecated
 * BIT_PACKED levels. Spec: apache/parquet-format Encodings.md.
 *
 * Never reads past the data; calls return false when it is broken or has fewer values than asked
 * for. Every value read is below 2^width. */
#ifndef DWI_PARQUET_RLE_READER_H
#define DWI_PARQUET_RLE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dwi_rle_reader {
    const uint8_t *pos;
    const uint8_t *end;
    int width;         /* 0..32 */
    bool msb_first;    /* BIT_PACKED: one run of bits, the high ones first */
    bool packed;       /* the open run is bit-packed */
    uint64_t run_left; /* values */
    uint32_t value;    /* of the open RLE run */
    unsigned bit;      /* of *pos, where the next packed value starts */
} dwi_rle_reader;

void dwi_rle_begin(dwi_rle_reader *r, const void *data, size_t len, int width);
void dwi_rle_begin_bit_packed(dwi_rle_reader *r, const void *data, size_t len, int width);
/* The next n values; width is at most 8. */
bool dwi_rle_read_u8(dwi_rle_reader *r, uint8_t *out, size_t n);
bool dwi_rle_read_u32(dwi_rle_reader *r, uint32_t *out, size_t n);

/* n values of `width` bits from bit `bit` of `p`, low bits first; `end` is the end of the data,
 * which must have them all. */
void dwi_unpack_u32(const uint8_t *p, const uint8_t *end, unsigned bit, int width, uint32_t *out,
                    size_t n);

#endif
