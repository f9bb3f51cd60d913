/* SPDX-License-Identifier: Apache-2.0 */
/* What to read of one row group: which rows, by the range asked for and by what a filter rules out,
 * and which bytes of the file those take. */
#ifndef DWI_PARQUET_GROUP_PLAN_H
#define DWI_PARQUET_GROUP_PLAN_H

#include "parquet/file_view.h"
#include "parquet/leaf_reader.h"
#include "parquet/page_index_read.h"
#include "parquet/predicate.h"
#include "parquet/row_ranges.h"

enum {
    /* Wanted chunks of a row group are held in memory together up to here... */
    DWI_GROUP_HOLD_BYTES = 8 << 20,
    /* ...and larger ones read piece by piece: all columns together, the least and most of one. */
    DWI_GROUP_PIECES_BYTES = 32 << 20,
    DWI_GROUP_MIN_PIECE = 64 * 1024,
    DWI_GROUP_MAX_PIECE = 4 << 20
};

typedef struct dwi_group_plan {
    const dw_allocator *alloc;
    dwi_arena arena;
    int64_t rows; /* of the row group */
    dwi_row_ranges ranges;
    dwi_offset_index *indexes; /* by leaf reader; absent unless rows are left out */
} dwi_group_plan;

void dwi_group_plan_init(dwi_group_plan *plan, const dw_allocator *alloc);
void dwi_group_plan_done(dwi_group_plan *plan); /* a zeroed one too */

/* Plan for rows first .. end of a row group, whose chunks' ranges are within the file. `filter` may
 * have no terms. plan->ranges empty: nothing is to be read. Index pages are held in `file`
 * meanwhile. */
dw_status dwi_group_plan_make(dwi_group_plan *plan, dwi_file_view *file,
                              const dwi_footer_row_group *group, const dwi_filter *filter,
                              const dwi_leaf_reader *leaves, size_t n_leaves, int64_t first,
                              int64_t end, dw_error *err);
/* Have in memory what is wanted of the leaves' chunks, as far as it is to be read at once; `piece`
 * is what a leaf reads ahead by itself. */
dw_status dwi_group_plan_hold(dwi_group_plan *plan, dwi_file_view *file,
                              const dwi_footer_row_group *group, const dwi_leaf_reader *leaves,
                              size_t n_leaves, size_t piece, dw_error *err);

#endif
