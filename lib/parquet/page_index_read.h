/* SPDX-License-Identifier: Apache-2.0 */
/* The page index of a column chunk: where its pages are, and what bounds they have.
 * Spec: apache/parquet-format PageIndex.md.
 *
 * An index only helps: one that is damaged, or that does not go with its chunk, reads as absent. */
#ifndef DWI_PARQUET_PAGE_INDEX_READ_H
#define DWI_PARQUET_PAGE_INDEX_READ_H

#include "parquet/footer_reader.h"

typedef struct dwi_page_location {
    int64_t offset; /* of its header */
    int64_t bytes;  /* with its header */
    int64_t first_row;
} dwi_page_location;

/* Data pages in the order of the file; they neither overlap nor leave the chunk, the first starts
 * at row 0 and no one starts before the one before it or after the row group. */
typedef struct dwi_offset_index {
    size_t n_pages; /* 0: absent */
    dwi_page_location *pages;
} dwi_offset_index;

/* Bounds are views into the index's bytes. */
typedef struct dwi_column_index {
    size_t n_pages;     /* 0: absent */
    uint8_t *null_page; /* 1: all null, without bounds */
    dwi_sv *min_values;
    dwi_sv *max_values;
    int64_t *null_counts; /* NULL: not told */
} dwi_column_index;

/* DW_E_NOMEM alone; what `out` has is the arena's. */
dw_status dwi_offset_index_read(dwi_arena *arena, const void *data, size_t len,
                                const dwi_footer_chunk *chunk, int64_t rows, dwi_offset_index *out,
                                dw_error *err);
/* One of another number of pages than `n_pages` is absent. */
dw_status dwi_column_index_read(dwi_arena *arena, const void *data, size_t len, size_t n_pages,
                                dwi_column_index *out, dw_error *err);

/* The row after the last one of a page, in a row group of `rows`. */
static inline int64_t dwi_page_end_row(const dwi_offset_index *index, size_t page, int64_t rows)
{
    return page + 1 < index->n_pages ? index->pages[page + 1].first_row : rows;
}

/* The page that a row is in; the index is not absent. */
size_t dwi_page_of_row(const dwi_offset_index *index, int64_t row);

#endif
