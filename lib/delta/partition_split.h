/* SPDX-License-Identifier: Apache-2.0 */
/* Rows sorted by partition: those whose values of the partition columns have the same text (see
 * partition_value.h) come together, in the order they came. A NaN is like any other, 0.0 and -0.0
 * are two values, and an empty text is null. */
#ifndef DWI_DELTA_PARTITION_SPLIT_H
#define DWI_DELTA_PARTITION_SPLIT_H

#include "columns/vec.h"

enum { DWI_SPLIT_ROWS = 65536 }; /* of one call at the most */

typedef struct dwi_split_group {
    uint64_t hash;
    uint32_t first; /* number of its first row */
    uint32_t count;
    uint32_t start; /* of its rows in dwi_partition_split.rows */
} dwi_split_group;

typedef struct dwi_partition_split {
    size_t n_groups; /* by first row */
    const dwi_split_group *groups;
    const uint32_t *rows; /* row numbers, group by group; unset when there is one group only */
    /* Scratch memory, kept from call to call. */
    dwi_buf group_buf;
    dwi_buf row_buf;
    dwi_buf hash_buf;
    dwi_buf group_of_buf;
    dwi_buf slot_buf;
} dwi_partition_split;

void dwi_partition_split_init(dwi_partition_split *split, const dw_allocator *alloc);
void dwi_partition_split_done(dwi_partition_split *split); /* a zeroed one too */

/* Split rows [first, first + count) of the columns, which are views of equal length. Row numbers
 * are those of the views. The result lives until the next call. DW_E_NOMEM. */
dw_status dwi_partition_split_rows(dwi_partition_split *split, const dwi_vec *columns,
                                   size_t n_columns, uint32_t first, uint32_t count, dw_error *err);

/* Append what tells a row's partition from all others: equal for two rows just when they are of the
 * same one, whatever batch they came in. */
void dwi_partition_key_append(dwi_buf *out, const dwi_vec *columns, size_t n_columns, uint32_t row);

#endif
