/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the Bloom filter of a column chunk. Spec: apache/parquet-format BloomFilter.md.
 *
 * A filter only helps: one that is damaged, of an unknown kind or larger than the specification
 * allows lets everything pass. */
#ifndef DWI_PARQUET_BLOOM_READ_H
#define DWI_PARQUET_BLOOM_READ_H

#include "parquet/file_view.h"
#include "parquet/predicate.h"

/* *out false: none of the term's values is in the chunk. Reads nothing for a term that is not about
 * equality or whose values have no PLAIN form in the file. DW_E_NOMEM and the source's errors. */
dw_status dwi_bloom_may_pass(const dwi_file_view *file, const dw_allocator *alloc,
                             const dwi_filter_term *term, const dwi_footer_chunk *chunk, bool *out,
                             dw_error *err);

/* The hash of a value as filters have it. */
typedef enum dwi_bloom_form {
    DWI_BLOOM_HASHED,
    DWI_BLOOM_ABSENT, /* no value of the file can be equal */
    DWI_BLOOM_UNKNOWN
} dwi_bloom_form;
dwi_bloom_form dwi_bloom_hash(const dwi_filter_term *term, dwi_sv value, uint64_t *out_hash);

#endif
