/* SPDX-License-Identifier: Apache-2.0 */
/* Size statistics: how many entries of a page and chunk have each level, and what byte arrays take
 * before they are encoded. Spec: apache/parquet-format parquet.thrift, SizeStatistics. Histograms
 * that follow from other counts are left out, as the format allows: of repetition levels without
 * lists, of definition levels up to 1. */
#ifndef DWI_PARQUET_SIZE_STATS_H
#define DWI_PARQUET_SIZE_STATS_H

#include "parquet/column_writer.h"

/* Levels in the column's histograms; 0: there is none. */
size_t dwi_size_stats_rep_levels(const dwi_pqw_column *column);
size_t dwi_size_stats_def_levels(const dwi_pqw_column *column);

/* Count the open page into column->histograms (int64_t: repetition, then definition levels), where
 * a failed growth sticks, and its bytes into *page. */
void dwi_size_stats_count(dwi_pqw_column *column, dwi_pqw_page *page);

/* The histograms of one page. */
const int64_t *dwi_size_stats_rep(const dwi_pqw_column *column, size_t page);
const int64_t *dwi_size_stats_def(const dwi_pqw_column *column, size_t page);

/* The chunk's, as the footer keeps them. */
typedef struct dwi_chunk_sizes {
    bool has_bytes; /* byte arrays */
    int64_t unencoded_bytes;
    size_t n_rep; /* 0: no histogram */
    size_t n_def;
    const int64_t *rep;
    const int64_t *def;
} dwi_chunk_sizes;

/* Sums over the pages; histograms come from `arena`. */
dw_status dwi_size_stats_sum(const dwi_pqw_column *column, dwi_arena *arena, dwi_chunk_sizes *out,
                             dw_error *err);

#endif
