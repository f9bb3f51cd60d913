/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of rows as ascending ranges that neither touch nor overlap. */
#ifndef DWI_PARQUET_ROW_RANGES_H
#define DWI_PARQUET_ROW_RANGES_H

#include "base/arena.h"

typedef struct dwi_row_range {
    int64_t first;
    int64_t end;
} dwi_row_range;

typedef struct dwi_row_ranges {
    size_t n;
    size_t cap;
    dwi_row_range *items;
} dwi_row_ranges;

/* Room for `cap` ranges in an arena; false: out of memory. */
bool dwi_row_ranges_init(dwi_row_ranges *ranges, dwi_arena *arena, size_t cap);
/* One that does not start before the last one; joined with that where they touch. There is room. */
void dwi_row_ranges_add(dwi_row_ranges *ranges, int64_t first, int64_t end);
/* The rows of both; `out` has room for a->n + b->n. */
void dwi_row_ranges_intersect(const dwi_row_ranges *a, const dwi_row_ranges *b,
                              dwi_row_ranges *out);
/* Whether any row of first .. end is in it. */
bool dwi_row_ranges_touch(const dwi_row_ranges *ranges, int64_t first, int64_t end);

#endif
