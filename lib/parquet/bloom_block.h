/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of a split-block Bloom filter. Spec: apache/parquet-format BloomFilter.md.
 *
 * A filter is an array of blocks of 32 bytes: eight little-endian words. The hash of a value is
 * XXH64 with seed 0 of its PLAIN bytes, without the length of a BYTE_ARRAY. */
#ifndef DWI_PARQUET_BLOOM_BLOCK_H
#define DWI_PARQUET_BLOOM_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DWI_BLOOM_BLOCK_BYTES = 32, DWI_BLOOM_WORDS = 8 };

/* Which of n_blocks (at least 1) a hash belongs to. */
static inline size_t dwi_bloom_block_of(uint64_t hash, size_t n_blocks)
{
    return (size_t)(((hash >> 32) * (uint64_t)n_blocks) >> 32);
}

void dwi_bloom_block_add(void *block, uint64_t hash);
/* False: no value with this hash was added. */
bool dwi_bloom_block_may_have(const void *block, uint64_t hash);

#endif
