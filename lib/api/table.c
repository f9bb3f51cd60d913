/* SPDX-License-Identifier: Apache-2.0 */
/* Entry points of a table handle: open, close, refresh, look up, checkpoint. */
#include <deltawrite/table.h>

#include <string.h>

#include "api/table_impl.h"
#include "base/alloc.h"
#include "base/options.h"
#include "delta/checkpoint.h"
#include "delta/txn_expiry.h"

dw_status dwi_table_options(const dw_table_options *opts, dw_table_options *out, dw_error *err)
{
    const dw_table_options defaults = DW_TABLE_OPTIONS_INIT;
    dw_status status;

    DWI_TRY(dwi_options_copy(out, &defaults, sizeof(*out), opts, "DW_TABLE_OPTIONS", err));
    if (out->target_file_bytes < 0 || out->row_group_bytes < 0 || out->commit_timeout_ms < 0)
        DWI_TRY(dwi_err(err, DW_E_ARG, "table options: a negative size or time"));
    if (out->compression < DW_COMPRESSION_DEFAULT || out->compression > DW_COMPRESSION_ZSTD)
        DWI_TRY(
            dwi_err(err, DW_E_ARG, "table options: compression %d is unknown", out->compression));
    if ((out->flags & ~(DW_TABLE_NO_AUTO_CHECKPOINT | DW_TABLE_NO_LOG_CLEANUP)) != 0)
        DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED, "table options: unknown flags"));
done:
    return status;
}

/* "file:///data/t": the store's name, then what is below its root. */
static char *table_uri(const dw_table *table)
{
    const char *name = dwi_store_name(table->store);
    size_t len = strlen(name);
    char *uri = NULL;
    dwi_buf text;

    while (len > 0 && name[len - 1] == '/')
        len--;
    dwi_buf_init(&text, table->alloc);
    dwi_buf_append(&text, name, len);
    if (table->log.root[0] != '\0') {
        dwi_buf_append_byte(&text, '/');
        dwi_buf_append(&text, table->log.root, strlen(table->log.root) - 1);
    }
    if (dwi_buf_cstr(&text) != NULL)
        uri = dwi_cstr_dup(table->alloc, (const char *)text.data);
    dwi_buf_done(&text);
    return uri;
}

/* A handle without a state. */
static dw_status make_table(dw_store *store, const char *path, const dw_table_options *opts,
                            dw_table **out, dw_error *err)
{
    const dw_allocator *alloc =
        opts->allocator != NULL ? opts->allocator : dwi_store_allocator(store);
    dw_table *table = dwi_alloc_zero(alloc, sizeof(*table));
    dw_status status = DW_OK;

    if (table == NULL)
        return dwi_err_nomem(err);
    table->alloc = alloc;
    table->opts = *opts;
    table->store = dw_store_ref(store);
    table->crc = (dwi_crc_chain)DWI_CRC_CHAIN_INIT;
    table->cleaned_day = -1;
    table->synced.stats.files = -1;
    table->synced.stats.file_bytes = -1;
    dwi_arena_init(&table->synced.pending_arena, alloc);
    if (pthread_mutex_init(&table->commit_lock, NULL) != 0 ||
        pthread_mutex_init(&table->maintain_lock, NULL) != 0 ||
        pthread_mutex_init(&table->synced.lock, NULL) != 0)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(
        dwi_log_init(&table->log, store, path, alloc, (dwi_logger){opts->log, opts->log_ctx}, err));
    table->uri = table_uri(table);
    if (opts->engine_info != NULL)
        table->engine_info = dwi_cstr_dup(alloc, opts->engine_info);
    if (table->uri == NULL || (opts->engine_info != NULL && table->engine_info == NULL))
        DWI_TRY(dwi_err_nomem(err));
    table->opts.engine_info = table->engine_info;
    *out = table;
    table = NULL;
done:
    dw_table_close(table);
    return status;
}

dw_status dw_table_open(dw_store *store, const char *path, const dw_table_options *opts,
                        dw_table **out_table, dw_error *err)
{
    dw_table_options copy;
    dw_table *table = NULL;
    dw_status status;

    if (store == NULL || path == NULL || out_table == NULL)
        return dwi_err(err, DW_E_ARG, "dw_table_open: store, path and out_table are needed");
    DWI_TRY(dwi_table_options(opts, &copy, err));
    DWI_TRY(make_table(store, path, &copy, &table, err));
    status = dwi_state_load(&table->log, -1, &table->synced.state, err);
    if (status != DW_OK)
        DWI_TRY(dwi_err_prefix(err, status, "%s", table->uri));
    *out_table = table;
    table = NULL;
done:
    dw_table_close(table);
    return status;
}

dw_status dw_table_open_uri(const char *uri, const dw_store_options *store_opts,
                            const dw_table_options *opts, dw_table **out_table, dw_error *err)
{
    dw_store *store = NULL;
    dw_status status;

    DWI_TRY(dw_store_open_uri(uri, store_opts, &store, err));
    DWI_TRY(dw_table_open(store, "", opts, out_table, err));
done:
    dw_store_unref(store);
    return status;
}

void dwi_table_name_error(const dw_table *table, dw_status status, dw_error *err)
{
    size_t len = strlen(table->uri);

    if (err == NULL || (strncmp(err->message, table->uri, len) == 0 && err->message[len] == ':'))
        return;
    (void)dwi_err_prefix(err, status, "%s", table->uri);
}

void dw_table_close(dw_table *table)
{
    if (table == NULL)
        return;
    dwi_maintainer_free(table->maintainer);
    dwi_state_unref(table->synced.state);
    dwi_free(table->alloc, table->synced.pending,
             table->synced.pending_cap * sizeof(*table->synced.pending));
    dwi_arena_done(&table->synced.pending_arena);
    (void)pthread_mutex_destroy(&table->synced.lock);
    (void)pthread_mutex_destroy(&table->maintain_lock);
    (void)pthread_mutex_destroy(&table->commit_lock);
    dwi_log_done(&table->log);
    dwi_cstr_free(table->alloc, table->engine_info);
    dwi_cstr_free(table->alloc, table->uri);
    dw_store_unref(table->store);
    dwi_free(table->alloc, table, sizeof(*table));
}

dwi_state *dwi_table_state(dw_table *table)
{
    dwi_state *state;

    (void)pthread_mutex_lock(&table->synced.lock);
    state = dwi_state_ref(table->synced.state);
    (void)pthread_mutex_unlock(&table->synced.lock);
    return state;
}

void dwi_table_set_state(dw_table *table, dwi_state *state)
{
    dwi_state *dropped = state;

    (void)pthread_mutex_lock(&table->synced.lock);
    if (state->version >= table->synced.state->version) {
        dropped = table->synced.state;
        /* one that was made beside a checkpoint may not know of it */
        dwi_state_note_checkpoint(state, dwi_state_checkpoint(dropped));
        table->synced.state = state;
    }
    (void)pthread_mutex_unlock(&table->synced.lock);
    dwi_state_unref(dropped);
}

dw_status dw_table_refresh(dw_table *table, int64_t *out_version, dw_error *err)
{
    const dwi_commit_observer nobody = {NULL, NULL};
    dwi_state *base = NULL;
    dwi_state *state = NULL;
    dw_status status;

    if (table == NULL)
        return dwi_err(err, DW_E_ARG, "dw_table_refresh: a table is needed");
    base = dwi_table_state(table);
    status = dwi_state_advance(&table->log, base, nobody, &state, err);
    if (status != DW_OK)
        DWI_TRY(dwi_err_prefix(err, status, "%s", table->uri));
    if (out_version != NULL)
        *out_version = state->version;
    dwi_table_set_state(table, state);
done:
    dwi_state_unref(base);
    return status;
}

int64_t dw_table_version(const dw_table *table)
{
    /* The lock is no part of what a caller sees as const. */
    dw_table *locked = (dw_table *)(uintptr_t)table;
    int64_t version;

    (void)pthread_mutex_lock(&locked->synced.lock);
    version = locked->synced.state->version;
    (void)pthread_mutex_unlock(&locked->synced.lock);
    return version;
}

dw_status dw_table_app_version(dw_table *table, const char *app_id, int64_t *out_version,
                               dw_error *err)
{
    const dwi_txn_action *txn;
    dw_status status = DW_OK;
    dwi_state *state;

    if (table == NULL || app_id == NULL || out_version == NULL)
        return dwi_err(err, DW_E_ARG, "dw_table_app_version: table, app_id and out_version");
    state = dwi_table_state(table);
    txn = dwi_state_txn(state, dwi_sv_cstr(app_id));
    if (txn == NULL && dwi_txn_may_have_expired(state, table->log.env))
        status =
            dwi_err_prefix(err, dwi_txn_expired(state, dwi_sv_cstr(app_id), err), "%s", table->uri);
    else if (txn == NULL)
        status = dwi_err(err, DW_E_NOT_FOUND, "%s: application id %s never committed", table->uri,
                         app_id);
    else
        *out_version = txn->version;
    dwi_state_unref(state);
    return status;
}

static void count_checkpoint(dw_table *table, dw_status status, int64_t began_us)
{
    const dwi_env *env = table->log.env;
    dw_table_stats *stats = &table->synced.stats;

    pthread_mutex_lock(&table->synced.lock);
    stats->checkpoint_us += env->monotonic_us(env->ctx) - began_us;
    if (status == DW_OK)
        stats->checkpoints++;
    else
        stats->checkpoints_failed++;
    pthread_mutex_unlock(&table->synced.lock);
}

dw_status dw_table_get_stats(dw_table *table, dw_table_stats *out_stats, dw_error *err)
{
    dw_table_stats stats;
    dwi_state *state;

    if (table == NULL || out_stats == NULL || out_stats->struct_size < sizeof(uint32_t))
        return dwi_err(err, DW_E_ARG,
                       "dw_table_get_stats: table or out_stats is NULL or has no size");
    state = dwi_table_state(table);
    pthread_mutex_lock(&table->synced.lock);
    stats = table->synced.stats;
    pthread_mutex_unlock(&table->synced.lock);
    stats.struct_size = (uint32_t)sizeof(stats);
    if (out_stats->struct_size < stats.struct_size)
        stats.struct_size = out_stats->struct_size;
    stats.version = state->version;
    stats.checkpoint_version = dwi_state_checkpoint(state);
    dwi_state_unref(state);
    memcpy(out_stats, &stats, stats.struct_size);
    return DW_OK;
}

dw_status dwi_table_checkpoint(dw_table *table, dwi_state *state, dw_error *err)
{
    int64_t began_us = table->log.env->monotonic_us(table->log.env->ctx);
    dwi_state *newest;
    dw_status status;

    DWI_TRY(dwi_checkpoint_write(&table->log, state, err));
    dwi_state_note_checkpoint(state, state->version);
    newest = dwi_table_state(table);
    dwi_state_note_checkpoint(newest, state->version);
    dwi_state_unref(newest);
done:
    count_checkpoint(table, status, began_us);
    return status;
}

dw_status dw_checkpoint(dw_table *table, int64_t *out_version, dw_error *err)
{
    dwi_state *state = NULL;
    dw_status status;

    DWI_TRY(dw_table_refresh(table, NULL, err));
    state = dwi_table_state(table);
    status = dwi_table_checkpoint(table, state, err);
    if (status != DW_OK)
        DWI_TRY(dwi_err_prefix(err, status, "%s", table->uri));
    if (out_version != NULL)
        *out_version = state->version;
done:
    dwi_state_unref(state);
    return status;
}
