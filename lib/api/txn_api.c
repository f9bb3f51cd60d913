/* SPDX-License-Identifier: Apache-2.0 */
#include "api/txn_impl.h"

#include "api/table_publish.h"
#include "api/table_warn.h"
#include "base/alloc.h"
#include "base/options.h"
#include "delta/features.h"
#include "delta/txn_expiry.h"

enum { FIRST_CAP = 4 };

dw_status dwi_txn_check_open(const dw_txn *txn, dw_error *err)
{
    switch (txn->state) {
    case DWI_TXN_OPEN:
        break;
    case DWI_TXN_BROKEN:
        return dwi_err(err, DW_E_ARG, "transaction: an error lost staged rows; close it");
    case DWI_TXN_MOVED:
        return dwi_err(err, DW_E_ARG, "transaction: it was joined into another one; close it");
    case DWI_TXN_COMMITTED:
        return dwi_err(err, DW_E_ARG, "transaction: it is committed; close it");
    }
    if (txn->committer.on != NULL)
        return dwi_err(err, DW_E_ARG, "transaction: a commit was tried; only commit or close it");
    return DW_OK;
}

dw_status dwi_txn_break(dw_txn *txn, dw_status status)
{
    txn->state = DWI_TXN_BROKEN;
    return status;
}

bool dwi_txn_grow(dw_txn *txn, void **items, size_t *cap, size_t needed, size_t size)
{
    size_t wanted = *cap == 0 ? FIRST_CAP : *cap;
    void *grown;

    while (wanted < needed)
        wanted *= 2;
    if (wanted == *cap)
        return true;
    grown = dwi_realloc(txn->alloc, *items, *cap * size, wanted * size);
    if (grown == NULL)
        return false;
    *items = grown;
    *cap = wanted;
    return true;
}

static dw_status check_writable(const dw_table *table, const dwi_state *state, dw_error *err)
{
    dw_status status = dwi_table_check_store(table, err);

    return status != DW_OK ? status : dwi_features_check_append(state, err);
}

dw_status dwi_txn_new_decoder(dw_txn *txn, const dwi_state *state, dwi_defaults *out_defaults,
                              dwi_json_decoder **out, dw_error *err)
{
    dwi_new_field new_field = {.ctx = txn};
    dwi_mapping_mode mode = DWI_MAPPING_NONE;
    const dwi_type *type = state->schema->root;
    dw_status status;

    if ((txn->flags & DW_TXN_ADD_COLUMNS) != 0)
        new_field.decide = dwi_txn_decide_column;
    DWI_TRY(dwi_mapping_mode_of(state->metadata.configuration, &mode, err));
    new_field.any_name = mode != DWI_MAPPING_NONE;
    DWI_TRY(dwi_defaults_init(out_defaults, &txn->arena, type, txn->alloc, err));
    DWI_TRY(dwi_json_decoder_new(txn->alloc, type, new_field, out, err));
    dwi_defaults_tell(out_defaults, *out);
    if ((txn->flags & DW_TXN_FLOAT_WORDS) != 0)
        dwi_json_decoder_take_float_words(*out);
done:
    return status;
}

static dw_status open_decoder(dw_txn *txn, const dw_txn_options *opts, dw_error *err)
{
    dw_status status;

    DWI_TRY(dwi_txn_new_decoder(txn, txn->base, &txn->defaults, &txn->decoder, err));
    for (size_t i = 0; i < opts->n_columns; i++) {
        const dw_column_option *column = &opts->columns[i];
        if (column->name == NULL || column->epoch_unit < DW_EPOCH_MS ||
            column->epoch_unit > DW_EPOCH_NS) {
            status = dwi_err(err, DW_E_ARG, "dw_txn_options.columns[%zu]: no name or unit", i);
            goto done;
        }
        DWI_TRY(dwi_json_decoder_set_epoch(txn->decoder, dwi_sv_cstr(column->name),
                                           (dwi_epoch_unit)column->epoch_unit, err));
    }
done:
    return status;
}

static dw_status copy_text(dw_txn *txn, const char *text, char **out, dw_error *err)
{
    if (text == NULL)
        return DW_OK;
    *out = dwi_cstr_dup(txn->alloc, text);
    return *out == NULL ? dwi_err_nomem(err) : DW_OK;
}

dw_status dw_begin(dw_table *table, const dw_txn_options *opts, dw_txn **out_txn, dw_error *err)
{
    const dw_txn_options defaults = DW_TXN_OPTIONS_INIT;
    dwi_state *state = NULL;
    dw_txn_options given;
    dw_txn *txn = NULL;
    dw_status status;

    if (table == NULL || out_txn == NULL)
        return dwi_err(err, DW_E_ARG, "dw_begin: table or out_txn is NULL");
    DWI_TRY(dwi_options_copy(&given, &defaults, sizeof(given), opts, "DW_TXN_OPTIONS", err));
    if ((given.flags & ~(DW_TXN_ADD_COLUMNS | DW_TXN_NEW_APP_IDS | DW_TXN_FLOAT_WORDS)) != 0)
        return dwi_err(err, DW_E_UNSUPPORTED, "dw_begin: unknown flags");
    if (given.columns == NULL && given.n_columns > 0)
        return dwi_err(err, DW_E_ARG, "dw_begin: columns is NULL");
    state = dwi_table_state(table);
    DWI_TRY(check_writable(table, state, err));
    DWI_TRY(dwi_table_warn_writer(table, state, err));
    txn = dwi_alloc_zero(table->alloc, sizeof(*txn));
    if (txn == NULL) {
        status = dwi_err_nomem(err);
        goto done;
    }
    txn->table = table;
    txn->alloc = table->alloc;
    txn->flags = given.flags;
    dwi_arena_init(&txn->arena, txn->alloc);
    txn->base = dwi_state_ref(state);
    dwi_committer_init(&txn->committer, &table->log, state);
    DWI_TRY(copy_text(txn, given.operation, &txn->operation, err));
    DWI_TRY(copy_text(txn, given.user_metadata, &txn->user_metadata, err));
    DWI_TRY(open_decoder(txn, &given, err));
    DWI_TRY(dwi_row_rules_init(&txn->rules, &txn->arena, txn->base, err));
    *out_txn = txn;
    txn = NULL;
done:
    dw_txn_close(txn);
    dwi_state_unref(state);
    return status;
}

void dw_txn_close(dw_txn *txn)
{
    if (txn == NULL)
        return;
    dwi_data_files_free(txn->files);
    if (txn->state != DWI_TXN_COMMITTED && !dwi_committer_is_open(&txn->committer))
        dwi_txn_remove_files(txn);
    dwi_txn_drop_overwrite(txn);
    dwi_json_decoder_free(txn->decoder); /* borrows the base state's type, and the defaults */
    dwi_defaults_done(&txn->defaults);
    dwi_row_rules_done(&txn->rules);
    dwi_state_unref(txn->base);
    dwi_committer_done(&txn->committer);
    dwi_free(txn->alloc, txn->adds, txn->adds_cap * sizeof(*txn->adds));
    dwi_free(txn->alloc, txn->apps, txn->apps_cap * sizeof(*txn->apps));
    dwi_free(txn->alloc, txn->properties, txn->properties_cap * sizeof(*txn->properties));
    dwi_free(txn->alloc, txn->used, txn->used_cap * sizeof(*txn->used));
    dwi_arena_done(&txn->restaged);
    dwi_arena_done(&txn->arena);
    dwi_cstr_free(txn->alloc, txn->operation);
    dwi_cstr_free(txn->alloc, txn->user_metadata);
    dwi_free(txn->alloc, txn, sizeof(*txn));
}

bool dwi_txn_has_app(const dw_txn *txn, dwi_sv app_id)
{
    for (size_t i = 0; i < txn->n_apps; i++)
        if (dwi_sv_eq(txn->apps[i].app_id, app_id))
            return true;
    return false;
}

/* An id that is expected to be new and is not there: has it been dropped? A later state than the
 * transaction's may have it; then the commit is fenced. */
static dw_status check_new_app(const dw_txn *txn, dwi_sv app_id, dw_error *err)
{
    dwi_state *state = dwi_table_state(txn->table);
    dw_status status = DW_OK;

    if (dwi_state_txn(state, app_id) == NULL &&
        dwi_txn_may_have_expired(state, txn->table->log.env))
        status = dwi_txn_expired(state, app_id, err);
    dwi_state_unref(state);
    return status;
}

dw_status dw_txn_set_app_version(dw_txn *txn, const char *app_id, int64_t expected, int64_t next,
                                 dw_error *err)
{
    dwi_app_version app = {.expected = expected, .next = next};
    dw_status status;

    if (txn == NULL || app_id == NULL)
        return dwi_err(err, DW_E_ARG, "dw_txn_set_app_version: txn or app_id is NULL");
    DWI_TRY(dwi_txn_check_open(txn, err));
    if (next < 0 || expected < -1)
        return dwi_err(err, DW_E_ARG, "application id %s: %lld to %lld is not a step of versions",
                       app_id, (long long)expected, (long long)next);
    if (dwi_txn_has_app(txn, dwi_sv_cstr(app_id)))
        return dwi_err(err, DW_E_ARG, "application id %s: it was given already", app_id);
    if (expected == -1 && (txn->flags & DW_TXN_NEW_APP_IDS) == 0)
        DWI_TRY(check_new_app(txn, dwi_sv_cstr(app_id), err));
    if (!dwi_txn_grow(txn, (void **)&txn->apps, &txn->apps_cap, txn->n_apps + 1, sizeof(app)) ||
        !dwi_arena_sv(&txn->arena, dwi_sv_cstr(app_id), &app.app_id))
        return dwi_err_nomem(err);
    txn->apps[txn->n_apps++] = app;
done:
    return status;
}

dw_status dw_txn_get_stats(const dw_txn *txn, dw_txn_stats *out_stats, dw_error *err)
{
    dw_txn_stats stats = DW_TXN_STATS_INIT;
    dwi_data_files_stats open = {0};
    const dwi_column *rows;

    if (txn == NULL || out_stats == NULL || out_stats->struct_size < sizeof(uint32_t))
        return dwi_err(err, DW_E_ARG, "dw_txn_get_stats: txn or out_stats is NULL or has no size");
    if (out_stats->struct_size < stats.struct_size)
        stats.struct_size = out_stats->struct_size;
    rows = dwi_json_decoder_rows(txn->decoder);
    if (txn->files != NULL)
        dwi_data_files_get_stats(txn->files, &open);
    stats.files = (int32_t)((int64_t)txn->n_adds + open.files);
    stats.rows = txn->file_rows + open.rows + rows->length;
    stats.rejected_rows = txn->rejected_rows;
    stats.buffered_bytes = (int64_t)dwi_column_memory(rows) + open.buffered_bytes;
    stats.encoded_bytes = txn->file_bytes + open.sent_bytes;
    memcpy(out_stats, &stats, stats.struct_size);
    return DW_OK;
}

dw_status dw_txn_flush(dw_txn *txn, dw_error *err)
{
    dw_status status;

    if (txn == NULL)
        return dwi_err(err, DW_E_ARG, "dw_txn_flush: txn is NULL");
    DWI_TRY(dwi_txn_check_open(txn, err));
    DWI_TRY(dwi_txn_finish_files(txn, err));
done:
    return status;
}

static dw_status publish(dw_txn *txn, const dwi_staged *staged, dwi_committed *out, dw_error *err)
{
    dw_status status = dwi_table_publish(txn->table, &txn->committer, staged, out, err);

    if (status == DW_OK)
        txn->state = DWI_TXN_COMMITTED;
    return status;
}

static void stage_files(const dw_txn *txn, dwi_staged *staged)
{
    staged->read_version = txn->committer.base->version;
    staged->n_adds = txn->n_adds;
    staged->adds = txn->adds;
    staged->rows = txn->file_rows;
    staged->bytes = txn->file_bytes;
}

/* A conflict that files written anew would mend is tried to be mended, each time that the table
 * changes again. What stands in the way of that leaves the conflict as it was, but for a store that
 * may work later. */
static dw_status publish_anew(dw_txn *txn, dwi_staged *staged, dwi_committed *out, dw_error *err)
{
    dw_error local = DW_ERROR_INIT;
    dw_error *e = err != NULL ? err : &local;
    dw_status status = publish(txn, staged, out, e);

    while (status == DW_E_CONFLICT && txn->committer.restage && staged->metadata == NULL) {
        dw_error why = DW_ERROR_INIT;
        dw_status restaged = dwi_txn_restage(txn, &why);
        if (restaged == DW_E_NOMEM || why.retryable) {
            *e = why;
            return restaged;
        }
        if (restaged != DW_OK)
            break;
        stage_files(txn, staged);
        status = publish(txn, staged, out, e);
    }
    return status;
}

/* Columns alone make no version when the table has them all by now. */
static dw_status has_something(dw_txn *txn, const dwi_staged *staged, bool *out, dw_error *err)
{
    dwi_state *state = dwi_table_state(txn->table);
    dwi_field *missing = dwi_arena_array(&txn->arena, staged->n_columns, sizeof(*missing));
    dw_status status = DW_OK;
    size_t n = staged->n_columns;

    if (missing == NULL)
        status = dwi_err_nomem(err);
    else if (txn->n_adds == 0 && txn->n_apps == 0)
        status = dwi_conflict_missing_columns(state, staged->columns, staged->n_columns, missing,
                                              &n, err);
    *out = txn->n_adds > 0 || txn->n_apps > 0 || n > 0 || staged->metadata != NULL ||
           staged->protocol != NULL;
    dwi_state_unref(state);
    return status;
}

dw_status dw_commit(dw_txn *txn, int64_t *out_version, dw_error *err)
{
    bool something = true;
    dwi_committed committed;
    dwi_staged staged = {0};
    dw_status status = DW_OK;

    if (txn == NULL)
        return dwi_err(err, DW_E_ARG, "dw_commit: txn is NULL");
    if (txn->committer.on == NULL || txn->state != DWI_TXN_OPEN) {
        DWI_TRY(dwi_txn_check_open(txn, err));
        DWI_TRY(dwi_txn_finish_files(txn, err));
    }
    staged.operation = txn->operation;
    DWI_TRY(dwi_txn_new_columns(txn, &staged.columns, &staged.n_columns, err));
    DWI_TRY(dwi_txn_stage_changes(txn, &staged, err));
    if (txn->committer.on == NULL && !dwi_txn_overwrites_anyway(txn))
        DWI_TRY(has_something(txn, &staged, &something, err));
    if (!something) {
        if (out_version != NULL)
            *out_version = dw_table_version(txn->table);
        goto done;
    }
    staged.user_metadata = txn->user_metadata;
    staged.engine_info =
        txn->table->engine_info != NULL ? txn->table->engine_info : DWI_ENGINE_INFO;
    stage_files(txn, &staged);
    staged.n_apps = txn->n_apps;
    staged.apps = txn->apps;
    if (txn->overwrite != NULL)
        DWI_TRY(dwi_txn_publish_overwrite(txn, &staged, &committed, err));
    else
        DWI_TRY(publish_anew(txn, &staged, &committed, err));
    if (out_version != NULL)
        *out_version = committed.version;
    dwi_state_unref(committed.state);
done:
    return status;
}
