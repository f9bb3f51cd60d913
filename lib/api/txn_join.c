/* SPDX-License-Identifier: Apache-2.0 */
#include "api/txn_impl.h"

#include "delta/action_copy.h"

/* Texts move into the memory of the transaction that gets the file. */
static dw_status copy_adds(dw_txn *txn, const dw_txn *other, dw_error *err)
{
    if (!dwi_txn_grow(txn, (void **)&txn->adds, &txn->adds_cap, txn->n_adds + other->n_adds,
                      sizeof(*txn->adds)) ||
        !dwi_txn_grow(txn, (void **)&txn->apps, &txn->apps_cap, txn->n_apps + other->n_apps,
                      sizeof(*txn->apps)))
        return dwi_err_nomem(err);
    for (size_t i = 0; i < other->n_adds; i++) {
        dwi_add *add = &txn->adds[txn->n_adds + i];
        *add = other->adds[i];
        if (!dwi_add_copy(&txn->arena, add, add))
            return dwi_err_nomem(err);
    }
    for (size_t i = 0; i < other->n_apps; i++) {
        dwi_app_version *app = &txn->apps[txn->n_apps + i];
        *app = other->apps[i];
        if (!dwi_arena_sv(&txn->arena, app->app_id, &app->app_id))
            return dwi_err_nomem(err);
    }
    return DW_OK;
}

static dw_status join_columns(dw_txn *txn, dw_txn *other, dw_error *err)
{
    const dwi_field *fields;
    dw_status status;
    size_t n;

    DWI_TRY(dwi_txn_new_columns(other, &fields, &n, err));
    DWI_TRY(dwi_txn_widen(txn, fields, n, err));
    DWI_TRY(dwi_txn_use_columns(txn, fields, n, err));
done:
    return status;
}

dw_status dw_txn_join(dw_txn *txn, dw_txn *other, dw_error *err)
{
    dw_status status;

    if (txn == NULL || other == NULL || txn == other)
        return dwi_err(err, DW_E_ARG, "dw_txn_join: two transactions are needed");
    if (txn->table != other->table)
        return dwi_err(err, DW_E_ARG, "dw_txn_join: the transactions are of two tables");
    DWI_TRY(dwi_txn_check_open(txn, err));
    DWI_TRY(dwi_txn_check_open(other, err));
    if (other->n_properties > 0 || other->evolved || other->described ||
        other->dropped_features.count > 0 || other->overwrite != NULL || txn->rules.where != NULL)
        return dwi_err(err, DW_E_ARG,
                       "dw_txn_join: the other transaction changes properties or columns, or "
                       "one of them overwrites by a condition");
    for (size_t i = 0; i < other->n_apps; i++)
        if (dwi_txn_has_app(txn, other->apps[i].app_id))
            return dwi_err(err, DW_E_ARG, "application id %.*s: both transactions have it",
                           DWI_SV_ARG(other->apps[i].app_id));
    DWI_TRY(dwi_txn_finish_files(other, err));
    DWI_TRY(copy_adds(txn, other, err));
    DWI_TRY(join_columns(txn, other, err));
    DWI_TRY(dwi_committer_join(&txn->committer, other->committer.base, err));
    txn->n_adds += other->n_adds;
    txn->n_apps += other->n_apps;
    txn->rejected_rows += other->rejected_rows;
    txn->file_rows += other->file_rows;
    txn->file_bytes += other->file_bytes;
    other->n_adds = 0;
    other->state = DWI_TXN_MOVED;
done:
    return status;
}
