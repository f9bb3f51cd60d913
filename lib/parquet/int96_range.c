/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/int96_range.h"

enum { BATCH_ROWS = 8192, PIECE_BYTES = 1 << 20 };

static const dwi_type nanoseconds = {.kind = DWI_TIMESTAMP_NTZ_NS};

static dw_status group_fits(dwi_leaf_reader *leaf, const dwi_footer_row_group *group,
                            dwi_column *column, bool *out, dw_error *err)
{
    const dwi_footer_chunk *chunk = &group->chunks[leaf->node->first_leaf];
    int64_t left = group->num_rows;
    dw_status status = dwi_leaf_reader_open(leaf, chunk, left, NULL, err);

    while (status == DW_OK && left > 0) {
        int64_t rows = left < BATCH_ROWS ? left : BATCH_ROWS;
        dwi_column_clear(column);
        leaf->shared->budget = leaf->shared->batch_bytes;
        status = dwi_leaf_reader_next(leaf, rows, rows == left, column, err);
        left -= rows;
    }
    /* Damage of another kind shows again when the column is read in microseconds. */
    *out = status != DW_E_CORRUPT;
    return status;
}

dw_status dwi_int96_fits_ns(const dwi_parquet_node *node, dwi_leaf_shared *shared,
                            const dwi_file_view *file, dwi_codec_ctx *codecs,
                            const dwi_footer *footer, bool *out, dw_error *err)
{
    dwi_leaf_reader leaf = {0};
    dwi_column column = {0};
    dw_status status;

    *out = true;
    DWI_TRY(dwi_column_init(&column, &nanoseconds, shared->alloc, err));
    DWI_TRY(
        dwi_leaf_reader_init(&leaf, node, &nanoseconds, shared, file, codecs, PIECE_BYTES, err));
    for (size_t i = 0; i < footer->n_row_groups && *out; i++)
        DWI_TRY(group_fits(&leaf, &footer->row_groups[i], &column, out, err));
done:
    dwi_leaf_reader_done(&leaf);
    dwi_column_done(&column);
    return status == DW_E_CORRUPT || status == DW_E_UNSUPPORTED ? DW_OK : status;
}
