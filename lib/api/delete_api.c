/* SPDX-License-Identifier: Apache-2.0 */
/* dw_delete(). */
#include <deltawrite/modify.h>

#include <inttypes.h>

#include "api/table_publish.h"
#include "base/options.h"
#include "delta/row_delete.h"
#include "delta/txn_expiry.h"
#include "delta/where.h"
#include "json/json_writer.h"

enum { MAX_THREADS = 256, ATTEMPTS = 5, MAX_ATTEMPTS = 1000 };

typedef struct deleting {
    dw_table *table;
    dw_delete_options given;
    dwi_state *state; /* a reference */
    dwi_where *where; /* NULL: all rows; bound to the state */
    dwi_deletion *deletion;
    bool was_done;
    dwi_app_version app;
    int64_t version; /* -1: none made */
    int64_t began_ms;
} deleting;

static dw_status read_options(const dw_delete_options *opts, dw_delete_options *out, dw_error *err)
{
    const dw_delete_options defaults = DW_DELETE_OPTIONS_INIT;
    dw_status status;

    DWI_TRY(dwi_options_copy(out, &defaults, sizeof(*out), opts, "DW_DELETE_OPTIONS", err));
    if ((out->flags & ~(DW_DELETE_DRY_RUN | DW_DELETE_NEW_APP_ID)) != 0)
        DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED, "dw_delete: unknown flags"));
    if (out->threads < 0 || out->threads > MAX_THREADS)
        DWI_TRY(dwi_err(err, DW_E_ARG, "dw_delete: threads are not 0 to %d", MAX_THREADS));
    if (out->attempts < 0 || out->attempts > MAX_ATTEMPTS)
        DWI_TRY(dwi_err(err, DW_E_ARG, "dw_delete: attempts are not 0 to %d", MAX_ATTEMPTS));
    if (out->app_id != NULL && out->app_version < 0)
        DWI_TRY(dwi_err(err, DW_E_ARG, "dw_delete: app_version is negative"));
done:
    return status;
}

/* Has it been done already, and if not, from which version of the application id? */
static dw_status look_up_app(deleting *d, dw_error *err)
{
    const dwi_txn_action *txn;

    if (d->given.app_id == NULL)
        return DW_OK;
    d->app.app_id = dwi_sv_cstr(d->given.app_id);
    d->app.next = d->given.app_version;
    txn = dwi_state_txn(d->state, d->app.app_id);
    d->app.expected = txn == NULL ? -1 : txn->version;
    d->was_done = txn != NULL && txn->version >= d->app.next;
    if (txn == NULL && (d->given.flags & DW_DELETE_NEW_APP_ID) == 0 &&
        dwi_txn_may_have_expired(d->state, d->table->log.env))
        return dwi_txn_expired(d->state, d->app.app_id, err);
    return DW_OK;
}

/* {"predicate":"[\"...\"]"} */
static void append_parameters(dwi_buf *out, dwi_buf *scratch, const char *where)
{
    dwi_jw w;

    dwi_jw_init(&w, scratch);
    dwi_jw_array_begin(&w);
    if (where != NULL)
        dwi_jw_string(&w, dwi_sv_cstr(where));
    dwi_jw_array_end(&w);
    dwi_jw_init(&w, out);
    dwi_jw_object_begin(&w);
    dwi_jw_kv_string(&w, "predicate", (dwi_sv){(const char *)scratch->data, scratch->len});
    dwi_jw_object_end(&w);
}

/* As Spark names them. */
static void append_metrics(dwi_buf *out, const dwi_delete_counts *c, int64_t ms)
{
    dwi_buf_printf(out,
                   "{\"numRemovedFiles\":\"%" PRId64 "\",\"numRemovedBytes\":\"%" PRId64
                   "\",\"numAddedFiles\":\"%" PRId64 "\",\"numAddedBytes\":\"%" PRId64
                   "\",\"numCopiedRows\":\"%" PRId64 "\",\"numDeletionVectorsAdded\":\"%" PRId64
                   "\",\"numDeletionVectorsUpdated\":\"%" PRId64
                   "\",\"numDeletionVectorsRemoved\":\"%" PRId64
                   "\",\"numAddedChangeFiles\":\"%" PRId64 "\",\"executionTimeMs\":\"%" PRId64 "\"",
                   c->removed_files + c->rewritten_files, c->removed_bytes + c->rewritten_bytes,
                   c->added_files, c->added_bytes, c->copied_rows, c->vectors_added,
                   c->vectors_updated, c->vectors_removed, c->change_files, ms);
    if (c->deleted_rows >= 0)
        dwi_buf_printf(out, ",\"numDeletedRows\":\"%" PRId64 "\"", c->deleted_rows);
    dwi_buf_append_byte(out, '}');
}

/* What was written goes again unless it is published, or may be. */
static dw_status publish(deleting *d, dw_error *err)
{
    dw_table *table = d->table;
    dwi_staged staged = {
        .operation = "DELETE",
        .user_metadata = d->given.user_metadata,
        .engine_info = table->engine_info != NULL ? table->engine_info : DWI_ENGINE_INFO,
        .read_version = d->state->version,
        .reads = {.kind = d->where == NULL ? DWI_READ_TABLE : DWI_READ_PARTITIONS,
                  .matches = dwi_where_may_match,
                  .ctx = d->where},
        .n_apps = d->given.app_id != NULL,
        .apps = &d->app,
    };
    dwi_committer committer;
    dwi_committed committed;
    dwi_buf parameters;
    dwi_buf metrics;
    dwi_buf scratch;
    dw_status status;

    dwi_buf_init(&parameters, table->alloc);
    dwi_buf_init(&metrics, table->alloc);
    dwi_buf_init(&scratch, table->alloc);
    dwi_committer_init(&committer, &table->log, d->state);
    dwi_deletion_stage(d->deletion, &staged);
    append_parameters(&parameters, &scratch, d->given.where);
    append_metrics(&metrics, dwi_deletion_counts(d->deletion),
                   dwi_now_ms(table->log.env) - d->began_ms);
    DWI_TRY(dwi_buf_status(&scratch, err));
    DWI_TRY(dwi_buf_status(&parameters, err));
    DWI_TRY(dwi_buf_status(&metrics, err));
    staged.parameters = (dwi_sv){(const char *)parameters.data, parameters.len};
    staged.metrics = (dwi_sv){(const char *)metrics.data, metrics.len};
    DWI_TRY(dwi_table_publish(table, &committer, &staged, &committed, err));
    d->version = committed.version;
    dwi_state_unref(committed.state);
done:
    if (status != DW_OK && !dwi_committer_is_open(&committer))
        dwi_deletion_take_back(d->deletion);
    dwi_committer_done(&committer);
    dwi_buf_done(&parameters);
    dwi_buf_done(&metrics);
    dwi_buf_done(&scratch);
    return status;
}

static void forget_attempt(deleting *d)
{
    dwi_deletion_free(d->deletion);
    d->deletion = NULL;
    dwi_where_free(d->where);
    d->where = NULL;
    dwi_state_unref(d->state);
    d->state = NULL;
}

static dw_status plan(deleting *d, dw_error *err)
{
    dwi_delete_options opts = {.threads = d->given.threads > 0 ? (size_t)d->given.threads : 1,
                               .dry_run = (d->given.flags & DW_DELETE_DRY_RUN) != 0};
    const dw_table_options *table = &d->table->opts;
    dw_status status = DW_OK;

    if (d->given.where != NULL)
        DWI_TRY(dwi_where_parse(d->table->alloc, dwi_sv_cstr(d->given.where), d->state, &d->where,
                                err));
    opts.where = d->where;
    opts.files = (dwi_data_files_options){
        .file = {.compression = table->compression,
                 .level = table->compression_level,
                 .row_group_bytes = table->row_group_bytes},
        .target_file_bytes = table->target_file_bytes,
        .upload_threads = 1,
    };
    status = dwi_deletion_make(&d->table->log, d->state, &opts, &d->deletion, err);
done:
    return status;
}

/* From the newest version on. DW_E_CONFLICT: it may be tried again. */
static dw_status attempt(deleting *d, dw_error *err)
{
    const dwi_delete_counts *counts;
    dw_status status;

    forget_attempt(d);
    DWI_TRY(dw_table_refresh(d->table, NULL, err));
    d->state = dwi_table_state(d->table);
    status = look_up_app(d, err);
    if (status == DW_OK && !d->was_done)
        status = plan(d, err);
    if (status != DW_OK)
        DWI_TRY(dwi_err_prefix(err, status, "%s", d->table->uri));
    if (d->was_done)
        goto done;
    counts = dwi_deletion_counts(d->deletion);
    if ((d->given.flags & DW_DELETE_DRY_RUN) == 0 &&
        (counts->deleted_rows != 0 || d->given.app_id != NULL))
        status = publish(d, err);
done:
    return status;
}

static void copy_metrics(const deleting *d, dw_delete_metrics *out)
{
    dw_delete_metrics m = {
        .struct_size = out->struct_size, .was_done = d->was_done, .version = d->version};

    if (d->deletion != NULL) {
        const dwi_delete_counts *c = dwi_deletion_counts(d->deletion);
        m.deleted_rows = c->deleted_rows;
        m.considered_files = c->considered_files;
        m.removed_files = c->removed_files;
        m.removed_bytes = c->removed_bytes;
        m.rewritten_files = c->rewritten_files;
        m.rewritten_bytes = c->rewritten_bytes;
        m.added_files = c->added_files;
        m.added_bytes = c->added_bytes;
        m.copied_rows = c->copied_rows;
        m.added_dvs = c->vectors_added;
        m.updated_dvs = c->vectors_updated;
        m.removed_dvs = c->vectors_removed;
        m.change_files = c->change_files;
        m.change_bytes = c->change_bytes;
    }
    memcpy(out, &m, out->struct_size < sizeof(m) ? out->struct_size : sizeof(m));
}

dw_status dw_delete(dw_table *table, const dw_delete_options *opts, dw_delete_metrics *out_metrics,
                    dw_error *err)
{
    deleting d = {.table = table, .version = -1};
    int32_t attempts;
    dw_status status;

    if (table == NULL || (out_metrics != NULL && out_metrics->struct_size < sizeof(uint32_t)))
        return dwi_err(err, DW_E_ARG, "dw_delete: a table, and metrics with a size");
    DWI_TRY(read_options(opts, &d.given, err));
    DWI_TRY(dwi_table_check_store(table, err));
    d.began_ms = dwi_now_ms(table->log.env);
    attempts = d.given.attempts > 0 ? d.given.attempts : ATTEMPTS;
    do
        status = attempt(&d, err);
    while (status == DW_E_CONFLICT && --attempts > 0);
    if (status == DW_OK && out_metrics != NULL)
        copy_metrics(&d, out_metrics);
done:
    forget_attempt(&d);
    return status;
}
