/* SPDX-License-Identifier: Apache-2.0 */
#include "api/txn_impl.h"

#include "base/alloc.h"

/* The buffer is encoded when it has this much: large enough for whole pages, small enough to count
 * for nothing beside a row group. */
enum { BUFFER_BYTES = 8 * 1024 * 1024, BUFFER_ROWS = 65536 };

#define TARGET_FILE_BYTES (INT64_C(128) * 1024 * 1024)

static int64_t target_bytes(const dw_txn *txn)
{
    int64_t wanted = txn->table->opts.target_file_bytes;

    return wanted > 0 ? wanted : TARGET_FILE_BYTES;
}

static dw_status finish_file(dw_txn *txn, dw_error *err)
{
    dwi_add add;
    dw_status status;

    if (!dwi_txn_grow(txn, (void **)&txn->adds, &txn->adds_cap, txn->n_adds + 1, sizeof(add)))
        return dwi_err_nomem(err);
    DWI_TRY(dwi_data_file_finish(txn->file, &txn->arena, &add, err));
    txn->adds[txn->n_adds++] = add;
    txn->file_rows += dwi_data_file_rows(txn->file);
    txn->file_bytes += add.size;
    dwi_data_file_free(txn->file);
    txn->file = NULL;
done:
    return status;
}

/* An open file for rows of `type`. Types only grow. */
static dw_status prepare_file(dw_txn *txn, const dwi_type *type, dw_error *err)
{
    const dw_table_options *opts = &txn->table->opts;
    dwi_data_file_options file_opts = {opts->compression, opts->compression_level,
                                       opts->row_group_bytes};
    dw_status status = DW_OK;

    if (txn->file != NULL && dwi_data_file_type(txn->file)->n_fields < type->n_fields)
        DWI_TRY(finish_file(txn, err));
    if (txn->file == NULL)
        DWI_TRY(dwi_data_file_new(&txn->table->log, txn->base, type, &file_opts, &txn->file, err));
done:
    return status;
}

static dw_status append_rows(dw_txn *txn, const dwi_vec *rows, dwi_arena *arena, dw_error *err)
{
    dw_status status;

    DWI_TRY(dwi_txn_used_rows(txn, rows, arena, &rows, err));
    if (rows->type->n_fields == 0)
        return dwi_err(err, DW_E_SCHEMA, "rows of no column at all cannot be stored");
    DWI_TRY(prepare_file(txn, rows->type, err));
    DWI_TRY(dwi_data_file_append(txn->file, rows, err));
    if (dwi_data_file_bytes(txn->file) >= target_bytes(txn))
        DWI_TRY(finish_file(txn, err));
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
    if (txn->file != NULL)
        DWI_TRY(finish_file(txn, err));
done:
    return status == DW_OK ? DW_OK : dwi_txn_break(txn, status);
}

void dwi_txn_remove_files(dw_txn *txn)
{
    for (size_t i = 0; i < txn->n_adds; i++) {
        char *key = dwi_log_key(&txn->table->log, txn->adds[i].path.ptr);
        if (key != NULL)
            (void)dwi_store_remove(txn->table->store, key, NULL); /* vacuum takes what is left */
        dwi_cstr_free(txn->alloc, key);
    }
}
