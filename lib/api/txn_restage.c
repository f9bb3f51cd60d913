/* SPDX-License-Identifier: Apache-2.0 */
/* Staged files whose rows are right for the table as it is by now, but which themselves are not (a
 * column's type was widened): they are read back and written anew. */
#include "api/txn_impl.h"

#include "base/alloc.h"
#include "delta/rewrite.h"

/* The columns that the transaction adds and `latest` lacks. */
static dw_status more_columns(dw_txn *txn, const dwi_state *latest, dwi_rewrite_options *opts,
                              dw_error *err)
{
    const dwi_field *columns;
    dwi_field *missing;
    dw_status status;
    size_t n;

    DWI_TRY(dwi_txn_new_columns(txn, &columns, &n, err));
    missing = dwi_arena_array(&txn->arena, n, sizeof(*missing));
    if (missing == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(dwi_conflict_missing_columns(latest, columns, n, missing, &opts->n_more, err));
    opts->more = missing;
done:
    return status;
}

/* The new files take the place of the staged ones. */
static void replace_files(dw_txn *txn, const dwi_rewritten *made)
{
    dwi_txn_remove_files(txn);
    dwi_free(txn->alloc, txn->adds, txn->adds_cap * sizeof(*txn->adds));
    dwi_arena_done(&txn->restaged);
    txn->restaged = made->arena;
    txn->adds = made->adds;
    txn->n_adds = made->n_adds;
    txn->adds_cap = made->adds_cap;
    txn->file_bytes = made->bytes;
}

dw_status dwi_txn_restage(dw_txn *txn, dw_error *err)
{
    dwi_state *latest = dwi_state_ref(txn->committer.on);
    dwi_rewrite_options opts = {.files = dwi_txn_files_options(txn), .staged = true};
    dwi_rewritten made;
    dw_status status;

    DWI_TRY(more_columns(txn, latest, &opts, err));
    DWI_TRY(dwi_rewrite(&txn->table->log, latest, &opts, txn->adds, txn->n_adds, &made, err));
    replace_files(txn, &made);
    dwi_committer_rebase(&txn->committer, latest);
done:
    dwi_state_unref(latest);
    return status;
}
