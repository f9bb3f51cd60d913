/* SPDX-License-Identifier: Apache-2.0 */
/* From rows to one leaf's levels and the places of its values ("record shredding"). All of a slice
 * is taken down one nesting level at a time, not row by row. */
#ifndef DWI_PARQUET_SHRED_H
#define DWI_PARQUET_SHRED_H

#include "columns/vec.h"
#include "parquet/write_schema.h"

typedef struct dwi_shred_scratch {
    dwi_buf valid; /* uint64_t */
    dwi_buf sel;   /* uint32_t */
    dwi_buf pos[2];
    dwi_buf def[2];
    dwi_buf rep[2];
} dwi_shred_scratch;

/* What a slice of rows is to one leaf. Pointers live until the next call with the scratch. */
typedef struct dwi_shred_slice {
    const dwi_vec *vec;   /* the leaf's */
    int64_t base;         /* of its buffers: position 0 */
    size_t n_entries;     /* levels */
    size_t n_values;      /* entries that are not null */
    const uint32_t *sel;  /* positions of the values; NULL: 0, 1, 2... */
    const uint8_t *def;   /* a byte an entry; NULL: all max_def, or `valid` says */
    const uint8_t *rep;   /* a byte an entry; NULL: max_rep is 0 */
    const uint8_t *valid; /* max_def 1 and max_rep 0: the same as a bitmap; NULL: all valid */
} dwi_shred_slice;

void dwi_shred_init(dwi_shred_scratch *scratch, const dw_allocator *alloc);
void dwi_shred_done(dwi_shred_scratch *scratch);
size_t dwi_shred_bytes(const dwi_shred_scratch *scratch);

/* Rows [first, first + count) of the struct vector `rows`. */
dw_status dwi_shred(const dwi_pqw_leaf *leaf, const dwi_vec *rows, int64_t first, size_t count,
                    dwi_shred_scratch *scratch, dwi_shred_slice *out, dw_error *err);

#endif
