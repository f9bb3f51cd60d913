/* SPDX-License-Identifier: Apache-2.0 */
#include "api/txn_impl.h"

#include "delta/rewrite.h"

/* The buffer is encoded when it has this much: large enough for whole pages, small enough to count
 * for nothing beside a row group. */
enum { BUFFER_BYTES = 8 * 1024 * 1024, BUFFER_ROWS = 65536 };

/* dwi_add_taker.take; ctx is the transaction. */
static dw_status take_file(void *ctx, const dwi_add *add, int64_t rows, dw_error *err)
{
    dw_txn *txn = ctx;

    if (!dwi_txn_grow(txn, (void **)&txn->adds, &txn->adds_cap, txn->n_adds + 1, sizeof(*add)))
        return dwi_err_nomem(err);
    txn->adds[txn->n_adds++] = *add;
    txn->file_rows += rows;
    txn->file_bytes += add->size;
    return DW_OK;
}

dwi_data_files_options dwi_txn_files_options(const dw_txn *txn)
{
    const dw_table_options *opts = &txn->table->opts;

    return (dwi_data_files_options){
        .file = {opts->compression, opts->compression_level, opts->row_group_bytes},
        .target_file_bytes = opts->target_file_bytes,
        .buffered_bytes = opts->partition_buffer_bytes,
        .open_files = opts->max_open_files,
        .upload_threads = opts->upload_threads,
    };
}

static dw_status prepare_files(dw_txn *txn, dw_error *err)
{
    const dwi_data_files_options files = dwi_txn_files_options(txn);

    if (txn->files != NULL)
        return DW_OK;
    return dwi_data_files_new(&txn->table->log, txn->base, &files,
                              (dwi_add_taker){txn, &txn->arena, take_file}, &txn->files, err);
}

static dw_status append_rows(dw_txn *txn, const dwi_vec *rows, dwi_arena *arena, dw_error *err)
{
    dw_status status;

    DWI_TRY(dwi_txn_used_rows(txn, rows, arena, &rows, err));
    DWI_TRY(prepare_files(txn, err));
    DWI_TRY(dwi_data_files_append(txn->files, rows, err));
done:
    return status;
}

static dw_status encode_buffer(dw_txn *txn, dw_error *err)
{
    dwi_column *rows = dwi_json_decoder_rows(txn->decoder);
    dwi_arena arena;
    const dwi_vec *view;
    dw_status status;

    if (rows->length == 0)
        return DW_OK;
    dwi_arena_init(&arena, txn->alloc);
    view = dwi_column_view(rows, &arena);
    status = view == NULL ? dwi_err_nomem(err) : append_rows(txn, view, &arena, err);
    dwi_column_clear(rows);
    dwi_arena_done(&arena);
    return status;
}

dw_status dwi_txn_encode(dw_txn *txn, bool all, dw_error *err)
{
    const dwi_column *rows = dwi_json_decoder_rows(txn->decoder);
    dw_status status;

    if (!all && rows->length < BUFFER_ROWS && dwi_column_bytes(rows) < BUFFER_BYTES)
        return DW_OK;
    status = encode_buffer(txn, err);
    return status == DW_OK ? DW_OK : dwi_txn_break(txn, status);
}

dw_status dwi_txn_encode_vec(dw_txn *txn, const dwi_vec *rows, dw_error *err)
{
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, txn->alloc);
    DWI_TRY(encode_buffer(txn, err));
    DWI_TRY(append_rows(txn, rows, &arena, err));
done:
    dwi_arena_done(&arena);
    return status == DW_OK ? DW_OK : dwi_txn_break(txn, status);
}

dw_status dwi_txn_finish_files(dw_txn *txn, dw_error *err)
{
    dw_status status;

    DWI_TRY(encode_buffer(txn, err));
    if (txn->files != NULL)
        DWI_TRY(dwi_data_files_finish(txn->files, err));
done:
    return status == DW_OK ? DW_OK : dwi_txn_break(txn, status);
}

void dwi_txn_remove_files(dw_txn *txn)
{
    dwi_remove_data_files(&txn->table->log, txn->adds, txn->n_adds);
}
