/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/size_stats.h"

enum { LENGTH_BYTES = 4 };

size_t dwi_size_stats_rep_levels(const dwi_pqw_column *column)
{
    unsigned max = column->leaf->max_rep;

    return column->shared->size_statistics && max > 0 ? max + 1u : 0;
}

size_t dwi_size_stats_def_levels(const dwi_pqw_column *column)
{
    unsigned max = column->leaf->max_def;

    return column->shared->size_statistics && max > 1 ? max + 1u : 0;
}

static void count_levels(const dwi_buf *levels, size_t entries, size_t highest, int64_t *out)
{
    if (levels->len == 0) { /* rule 4 of column_writer.h */
        out[highest] += (int64_t)entries;
        return;
    }
    for (size_t i = 0; i < entries; i++)
        out[levels->data[i]]++;
}

void dwi_size_stats_count(dwi_pqw_column *column, dwi_pqw_page *page)
{
    size_t n_rep = dwi_size_stats_rep_levels(column);
    size_t n_def = dwi_size_stats_def_levels(column);
    size_t plain = column->plain_bytes + dwi_pqw_column_plain_len(column);
    dwi_buf *out = &column->histograms;
    int64_t *counts;

    if (column->leaf->physical == DWI_PARQUET_BYTE_ARRAY)
        page->unencoded_bytes = (int64_t)(plain - column->n_values * LENGTH_BYTES);
    if (n_rep + n_def == 0)
        return;
    dwi_buf_append_zeros(out, (n_rep + n_def) * sizeof(*counts));
    if (out->failed)
        return;
    counts = (int64_t *)(void *)(out->data + out->len) - (n_rep + n_def);
    if (n_rep > 0)
        count_levels(&column->rep, column->entries, n_rep - 1, counts);
    if (n_def > 0)
        count_levels(&column->def, column->entries, n_def - 1, counts + n_rep);
}

const int64_t *dwi_size_stats_rep(const dwi_pqw_column *column, size_t page)
{
    size_t n = dwi_size_stats_rep_levels(column) + dwi_size_stats_def_levels(column);

    return (const int64_t *)(const void *)column->histograms.data + page * n;
}

const int64_t *dwi_size_stats_def(const dwi_pqw_column *column, size_t page)
{
    return dwi_size_stats_rep(column, page) + dwi_size_stats_rep_levels(column);
}

dw_status dwi_size_stats_sum(const dwi_pqw_column *column, dwi_arena *arena, dwi_chunk_sizes *out,
                             dw_error *err)
{
    size_t n_rep = dwi_size_stats_rep_levels(column);
    size_t n_def = dwi_size_stats_def_levels(column);
    int64_t *sums = dwi_arena_array(arena, n_rep + n_def, sizeof(*sums));

    if (sums == NULL)
        return dwi_err_nomem(err);
    *out = (dwi_chunk_sizes){
        .has_bytes =
            column->shared->size_statistics && column->leaf->physical == DWI_PARQUET_BYTE_ARRAY,
        .n_rep = n_rep,
        .n_def = n_def,
        .rep = sums,
        .def = sums + n_rep,
    };
    for (size_t i = 0; i < dwi_pqw_column_pages(column); i++) {
        out->unencoded_bytes += dwi_pqw_column_page(column, i)->unencoded_bytes;
        for (size_t k = 0; k < n_rep + n_def; k++)
            sums[k] += dwi_size_stats_rep(column, i)[k];
    }
    return DW_OK;
}
