/* SPDX-License-Identifier: Apache-2.0 */
#include "api/txn_impl.h"

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
        if (!dwi_arena_sv(&txn->arena, add->path, &add->path) ||
            !dwi_arena_sv(&txn->arena, add->stats, &add->stats))
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

static dw_status join_columns(dw_txn *txn, const dw_txn *other, dw_error *err)
{
    const dwi_type *type = dwi_json_decoder_type(other->decoder);
    const dwi_type *own_base = txn->committer.base->schema->root;
    dwi_arena arena;
    dwi_field *fields;
    dw_status status = DW_OK;
    size_t n = 0;

    dwi_arena_init(&arena, txn->alloc);
    fields = dwi_arena_array(&arena, type->n_fields, sizeof(*fields));
    if (fields == NULL) {
        status = dwi_err_nomem(err);
        goto done;
    }
    for (size_t i = 0; i < type->n_fields; i++) {
        if (dwi_type_find(own_base, type->fields[i].name) >= 0)
            continue;
        fields[n] = type->fields[i];
        DWI_TRY(dwi_table_agree_column(txn->table, fields[n].name, fields[n].type, &fields[n].type,
                                       err));
        if (!dwi_type_equal_values(fields[n].type, type->fields[i].type)) {
            status =
                dwi_err(err, DW_E_SCHEMA, "column %.*s: the transactions add it with two types",
                        DWI_SV_ARG(fields[n].name));
            goto done;
        }
        n++;
    }
    DWI_TRY(dwi_txn_widen(txn, fields, n, err));
    DWI_TRY(dwi_txn_use_columns(txn, fields, n, err));
done:
    dwi_arena_done(&arena);
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
    for (size_t i = 0; i < other->n_apps; i++)
        if (dwi_txn_has_app(txn, other->apps[i].app_id))
            return dwi_err(err, DW_E_ARG, "application id %.*s: both transactions have it",
                           DWI_SV_ARG(other->apps[i].app_id));
    DWI_TRY(dwi_conflict_check(txn->committer.base, other->committer.base, err));
    DWI_TRY(dwi_txn_finish_files(other, err));
    DWI_TRY(copy_adds(txn, other, err));
    DWI_TRY(join_columns(txn, other, err));
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
