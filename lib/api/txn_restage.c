/* SPDX-License-Identifier: Apache-2.0 */
/* Staged files whose rows are right for the table as it is by now, but which themselves are not (a
 * column's type was widened): they are read back and written anew. Memory: a batch of rows, and the
 * new files' buffers. */
#include "api/txn_impl.h"

#include "base/alloc.h"
#include "delta/table_scan.h"

/* The files that take the place of the staged ones. */
typedef struct fresh {
    const dw_txn *txn;
    dwi_add *items;
    size_t n;
    size_t cap;
    int64_t bytes;
} fresh;

static dw_status take_file(void *ctx, const dwi_add *add, int64_t rows, dw_error *err)
{
    fresh *f = ctx;
    size_t wanted = f->cap == 0 ? 8 : f->cap * 2;
    dwi_add *grown;

    (void)rows;
    if (f->n == f->cap) {
        grown =
            dwi_realloc(f->txn->alloc, f->items, f->cap * sizeof(*grown), wanted * sizeof(*grown));
        if (grown == NULL)
            return dwi_err_nomem(err);
        f->items = grown;
        f->cap = wanted;
    }
    f->items[f->n++] = *add;
    f->bytes += add->size;
    return DW_OK;
}

static dw_status copy_rows(dw_txn *txn, dwi_table_scan *scan, dwi_data_files *files, dw_error *err)
{
    dwi_column batch = {0};
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, txn->alloc);
    DWI_TRY(dwi_column_init(&batch, dwi_table_scan_type(scan), txn->alloc, err));
    for (;;) {
        const dwi_vec *view;
        DWI_TRY(dwi_table_scan_next(scan, &batch, err));
        if (batch.length == 0)
            break;
        view = dwi_column_view(&batch, &arena);
        if (view == NULL)
            DWI_TRY(dwi_err_nomem(err));
        DWI_TRY(dwi_data_files_append(files, view, err));
        dwi_arena_done(&arena);
        dwi_arena_init(&arena, txn->alloc);
    }
    DWI_TRY(dwi_data_files_finish(files, err));
done:
    dwi_column_done(&batch);
    dwi_arena_done(&arena);
    return status;
}

/* The columns that the transaction adds and `latest` lacks. */
static dw_status more_columns(dw_txn *txn, const dwi_state *latest, const dwi_field **out,
                              size_t *out_n, dw_error *err)
{
    const dwi_field *columns;
    dwi_field *missing;
    dw_status status;
    size_t n;

    DWI_TRY(dwi_txn_new_columns(txn, &columns, &n, err));
    missing = dwi_arena_array(&txn->arena, n, sizeof(*missing));
    if (missing == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(dwi_conflict_missing_columns(latest, columns, n, missing, out_n, err));
    *out = missing;
done:
    return status;
}

static dw_status write_anew(dw_txn *txn, dwi_state *latest, fresh *f, dw_error *err)
{
    const dwi_data_files_options opts = dwi_txn_files_options(txn);
    dwi_table_scan *scan = NULL;
    dwi_data_files *files = NULL;
    const dwi_field *more = NULL;
    size_t n_more = 0;
    dw_status status;

    DWI_TRY(more_columns(txn, latest, &more, &n_more, err));
    DWI_TRY(dwi_table_scan_open_files(&txn->table->log, latest, more, n_more, txn->adds,
                                      txn->n_adds, &scan, err));
    DWI_TRY(dwi_data_files_new(&txn->table->log, latest, &opts,
                               (dwi_add_taker){f, &txn->arena, take_file}, &files, err));
    DWI_TRY(copy_rows(txn, scan, files, err));
done:
    dwi_data_files_free(files);
    dwi_table_scan_close(scan);
    return status;
}

dw_status dwi_txn_restage(dw_txn *txn, dw_error *err)
{
    dwi_state *latest = dwi_state_ref(txn->committer.on);
    fresh f = {.txn = txn};
    dw_status status = write_anew(txn, latest, &f, err);

    if (status == DW_OK) {
        dwi_txn_remove_files(txn);
        dwi_free(txn->alloc, txn->adds, txn->adds_cap * sizeof(*txn->adds));
        txn->adds = f.items;
        txn->n_adds = f.n;
        txn->adds_cap = f.cap;
        txn->file_bytes = f.bytes;
        dwi_committer_rebase(&txn->committer, latest);
    } else {
        dwi_txn_remove_adds(txn, f.items, f.n);
        dwi_free(txn->alloc, f.items, f.cap * sizeof(*f.items));
    }
    dwi_state_unref(latest);
    return status;
}
