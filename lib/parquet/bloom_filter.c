/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/bloom_filter.h"

#include <math.h>

#include "base/alloc.h"
#include "base/le.h"
#include "parquet/bit_append.h"
#include "parquet/bloom_block.h"
#include "thrift/compact.h"

enum { BLOCK_BYTES = DWI_BLOOM_BLOCK_BYTES };

/* Field ids of parquet.thrift. */
enum { HEADER_NUM_BYTES = 1, HEADER_ALGORITHM = 2, HEADER_HASH = 3, HEADER_COMPRESSION = 4 };
enum { ALGORITHM_BLOCK = 1, HASH_XXHASH = 1, COMPRESSION_UNCOMPRESSED = 1 };

size_t dwi_bloom_size(double ndv, double fpp, size_t max_bytes)
{
    double bits = -(double)DWI_BLOOM_WORDS * ndv / log(1 - pow(fpp, 1.0 / DWI_BLOOM_WORDS));
    size_t n_bytes = BLOCK_BYTES;

    while (n_bytes <= max_bytes / 2 && (double)n_bytes * 8 < bits)
        n_bytes *= 2;
    return n_bytes;
}

dw_status dwi_bloom_init(dwi_bloom *bloom, size_t n_bytes, const dw_allocator *alloc, dw_error *err)
{
    bloom->alloc = alloc;
    bloom->bits = dwi_alloc_zero(alloc, n_bytes);
    if (bloom->bits == NULL)
        return dwi_err_nomem(err);
    bloom->n_bytes = n_bytes;
    bloom->n_allocated = n_bytes;
    return DW_OK;
}

void dwi_bloom_done(dwi_bloom *bloom)
{
    if (bloom->bits != NULL)
        dwi_free(bloom->alloc, bloom->bits, bloom->n_allocated);
    memset(bloom, 0, sizeof(*bloom));
}

static uint8_t *find_block(const dwi_bloom *bloom, uint64_t hash)
{
    return bloom->bits + dwi_bloom_block_of(hash, bloom->n_bytes / BLOCK_BYTES) * BLOCK_BYTES;
}

void dwi_bloom_add(dwi_bloom *bloom, uint64_t hash)
{
    dwi_bloom_block_add(find_block(bloom, hash), hash);
}

bool dwi_bloom_has(const dwi_bloom *bloom, uint64_t hash)
{
    return dwi_bloom_block_may_have(find_block(bloom, hash), hash);
}

/* Each value sets one of 32 bits in each word of its block: of n values in b blocks, a bit stays
 * zero with probability exp(-n / b / 32). */
double dwi_bloom_distinct(const dwi_bloom *bloom)
{
    double bits = (double)bloom->n_bytes * 8;
    size_t ones = 0;

    for (size_t i = 0; i < bloom->n_bytes; i += 8)
        ones += dwi_bits_count(dwi_le64(bloom->bits + i));
    return -32 * ((double)bloom->n_bytes / BLOCK_BYTES) * log(1 - (double)ones / bits);
}

void dwi_bloom_fold(dwi_bloom *bloom, size_t n_bytes)
{
    while (bloom->n_bytes > n_bytes) {
        size_t half = bloom->n_bytes / 2;
        for (size_t at = 0; at < half; at += BLOCK_BYTES) {
            const uint8_t *pair = bloom->bits + 2 * at;
            for (unsigned i = 0; i < BLOCK_BYTES; i += 8) /* the target is never behind the pair */
                dwi_le64_put(bloom->bits + at + i,
                             dwi_le64(pair + i) | dwi_le64(pair + BLOCK_BYTES + i));
        }
        bloom->n_bytes = half;
    }
}

static void write_choice(dwi_tc *w, int16_t id, int16_t choice)
{
    dwi_tc_struct_begin(w, id);
    dwi_tc_struct_begin(w, choice);
    dwi_tc_struct_end(w);
    dwi_tc_struct_end(w);
}

dw_status dwi_bloom_write(const dwi_bloom *bloom, dwi_buf *out, dw_error *err)
{
    dw_status status;
    dwi_tc w;

    dwi_tc_begin(&w, out);
    dwi_tc_i32(&w, HEADER_NUM_BYTES, (int32_t)bloom->n_bytes);
    write_choice(&w, HEADER_ALGORITHM, ALGORITHM_BLOCK);
    write_choice(&w, HEADER_HASH, HASH_XXHASH);
    write_choice(&w, HEADER_COMPRESSION, COMPRESSION_UNCOMPRESSED);
    DWI_TRY(dwi_tc_finish(&w, err));
    dwi_buf_append(out, bloom->bits, bloom->n_bytes);
    DWI_TRY(dwi_buf_status(out, err));
done:
    return status;
}
