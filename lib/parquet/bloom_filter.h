/* SPDX-License-Identifier: Apache-2.0 */
/* Making a Bloom filter of the blocks of bloom_block.h.
 *
 * A filter whose number of values is not known starts large and is folded when it is: two blocks
 * side by side become one, which is the filter that half the size would have given. How many
 * distinct values went in shows in how many bits are set. */
#ifndef DWI_PARQUET_BLOOM_FILTER_H
#define DWI_PARQUET_BLOOM_FILTER_H

#include "base/buf.h"

enum { DWI_BLOOM_MAX_BYTES = 128 << 20 };

typedef struct dwi_bloom {
    uint8_t *bits;  /* little-endian words, eight a block; NULL: there is no filter */
    size_t n_bytes; /* a power of two */
    size_t n_allocated;
    const dw_allocator *alloc;
} dwi_bloom;

/* The fewest bytes, at most `max_bytes`, that let `ndv` distinct values have a false-positive rate
 * of `fpp`: a power of two. */
size_t dwi_bloom_size(double ndv, double fpp, size_t max_bytes);

/* `bloom` is zeroed or done. */
dw_status dwi_bloom_init(dwi_bloom *bloom, size_t n_bytes, const dw_allocator *alloc,
                         dw_error *err);
void dwi_bloom_done(dwi_bloom *bloom); /* a zeroed one too; it is zeroed again */

void dwi_bloom_add(dwi_bloom *bloom, uint64_t hash);
bool dwi_bloom_has(const dwi_bloom *bloom, uint64_t hash); /* it may have it */

/* Distinct hashes that were added, about. */
double dwi_bloom_distinct(const dwi_bloom *bloom);
/* Down to `n_bytes`, a power of two; more than there is changes nothing. */
void dwi_bloom_fold(dwi_bloom *bloom, size_t n_bytes);

/* BloomFilterHeader and bits. */
dw_status dwi_bloom_write(const dwi_bloom *bloom, dwi_buf *out, dw_error *err);

#endif
