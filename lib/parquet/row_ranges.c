/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/row_ranges.h"

#include <assert.h>

bool dwi_row_ranges_init(dwi_row_ranges *ranges, dwi_arena *arena, size_t cap)
{
    *ranges = (dwi_row_ranges){0, cap, dwi_arena_array(arena, cap, sizeof(*ranges->items))};
    return ranges->items != NULL;
}

void dwi_row_ranges_add(dwi_row_ranges *ranges, int64_t first, int64_t end)
{
    if (first >= end)
        return;
    if (ranges->n > 0 && first <= ranges->items[ranges->n - 1].end) {
        if (end > ranges->items[ranges->n - 1].end)
            ranges->items[ranges->n - 1].end = end;
        return;
    }
    assert(ranges->n < ranges->cap);
    ranges->items[ranges->n++] = (dwi_row_range){first, end};
}

void dwi_row_ranges_intersect(const dwi_row_ranges *a, const dwi_row_ranges *b, dwi_row_ranges *out)
{
    size_t i = 0;
    size_t k = 0;

    while (i < a->n && k < b->n) {
        dwi_row_range x = a->items[i];
        dwi_row_range y = b->items[k];
        dwi_row_ranges_add(out, x.first > y.first ? x.first : y.first,
                           x.end < y.end ? x.end : y.end);
        if (x.end < y.end)
            i++;
        else
            k++;
    }
}

bool dwi_row_ranges_touch(const dwi_row_ranges *ranges, int64_t first, int64_t end)
{
    size_t low = 0;
    size_t high = ranges->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranges->items[middle].end <= first)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ranges->n && ranges->items[low].first < end;
}
