/* SPDX-License-Identifier: Apache-2.0 */
/* Writing classic checkpoints. Invariants:
 * 1. Every action comes from a whole replay (dwi_files_visit() of the state's version), never from
 *    what a handle happens to know.
 * 2. Nothing is visible before the upload is finished, and it is finished only when the counts
 * agree.
 * 3. _last_checkpoint only moves forwards, and only to a checkpoint that is there. */
#include "delta/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "delta/checkpoint_schema.h"
#include "delta/crc.h"
#include "delta/features.h"
#include "delta/files.h"
#include "delta/properties.h"
#include "parquet/parquet_writer.h"
#include "json/json_writer.h"

enum { BATCH_ROWS = 4096, BATCH_BYTES = 4 << 20 };

typedef struct checkpoint_writer {
    const dwi_log *log;
    const dwi_state *state;
    dwi_checkpoint_form form;
    dwi_parsed_columns parsed;
    int64_t remove_cutoff_ms; /* older tombstones have expired */
    int64_t txn_cutoff_ms;    /* transaction ids last touched before have; INT64_MIN: never */
    dwi_upload *upload;
    dwi_parquet_writer *parquet;
    dwi_column batch;
    int64_t actions;
    dwi_file_counts counts; /* of the live files */
    bool has_crc;           /* the version has a checksum file */
    int64_t file_bytes;
} checkpoint_writer;

static dw_status flush_batch(checkpoint_writer *w, dw_error *err)
{
    dw_status status = DW_OK;
    const dwi_vec *rows;
    dwi_arena arena;

    dwi_arena_init(&arena, w->log->alloc);
    rows = dwi_column_view(&w->batch, &arena);
    if (rows == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(dwi_parquet_writer_append(w->parquet, rows, err));
    dwi_column_clear(&w->batch);
done:
    dwi_arena_done(&arena);
    return status;
}

static dw_status put(checkpoint_writer *w, const dwi_action *action, dw_error *err)
{
    dw_status status;

    DWI_TRY(dwi_checkpoint_put_row(&w->batch, action, w->form, err));
    w->actions++;
    if (w->batch.length >= BATCH_ROWS || dwi_column_bytes(&w->batch) >= BATCH_BYTES)
        DWI_TRY(flush_batch(w, err));
done:
    return status;
}

static dw_status put_file(void *ctx, const dwi_add *add, dw_error *err)
{
    const dwi_action action = {.kind = DWI_ACTION_ADD, .u.add = *add};
    checkpoint_writer *w = ctx;

    w->counts.files++;
    if (!dwi_i64_add(w->counts.bytes, add->size, &w->counts.bytes))
        return dwi_err(err, DW_E_CORRUPT, "%.*s: add.size %" PRId64 " is no size",
                       DWI_SV_ARG(add->path), add->size);
    if (add->dv.storage_type.ptr != NULL) {
        w->counts.vectors++;
        w->counts.deleted_rows += add->dv.cardinality;
    }
    return put(w, &action, err);
}

static dw_status put_tombstone(void *ctx, const dwi_remove *remove, dw_error *err)
{
    const dwi_action action = {.kind = DWI_ACTION_REMOVE, .u.remove = *remove};
    checkpoint_writer *w = ctx;

    return remove->deletion_timestamp > w->remove_cutoff_ms ? put(w, &action, err) : DW_OK;
}

/* A transaction id without a time is kept: dropping it could let its application write twice. */
static bool txn_expired(const checkpoint_writer *w, const dwi_txn_action *txn)
{
    return txn->last_updated >= 0 && txn->last_updated < w->txn_cutoff_ms;
}

/* Everything but files, first, so that openers find it in the first row group. */
static dw_status put_state(checkpoint_writer *w, dw_error *err)
{
    dwi_action action = {.kind = DWI_ACTION_PROTOCOL, .u.protocol = w->state->protocol};
    dw_status status;

    /* the arrays are there if, and only if, the version has table features */
    action.u.protocol.has_reader_features = w->state->protocol.min_reader_version == 3;
    action.u.protocol.has_writer_features = w->state->protocol.min_writer_version == 7;
    DWI_TRY(put(w, &action, err));
    action = (dwi_action){.kind = DWI_ACTION_METADATA, .u.metadata = w->state->metadata};
    DWI_TRY(put(w, &action, err));
    for (size_t i = 0; i < w->state->n_txns; i++) {
        action = (dwi_action){.kind = DWI_ACTION_TXN, .u.txn = w->state->txns[i]};
        if (!txn_expired(w, &action.u.txn))
            DWI_TRY(put(w, &action, err));
    }
    for (size_t i = 0; i < w->state->n_domains; i++) {
        action = (dwi_action){.kind = DWI_ACTION_DOMAIN_METADATA, .u.domain = w->state->domains[i]};
        DWI_TRY(put(w, &action, err));
    }
done:
    return status;
}

static dw_status upload_bytes(void *ctx, const void *data, size_t len, dw_error *err)
{
    checkpoint_writer *w = ctx;

    w->file_bytes += (int64_t)len;
    return dwi_upload_write(w->upload, data, len, err);
}

/* A file count that was noted beside the commit must be ours. */
static dw_status check_against_crc(checkpoint_writer *w, dw_error *err)
{
    dw_status status;
    dwi_arena arena;
    dwi_crc crc;

    dwi_arena_init(&arena, w->log->alloc);
    status = dwi_crc_read(w->log, w->state->version, &arena, &crc, err);
    w->has_crc = status == DW_OK;
    if (status == DW_E_NOT_FOUND || status == DW_E_CORRUPT) {
        status = DW_OK; /* there need not be one, and a malformed one says nothing */
        goto done;
    }
    DWI_TRY(status);
    if (crc.counts.files != w->counts.files || crc.counts.bytes != w->counts.bytes)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT,
                        "_delta_log/%020" PRId64 ".crc: says %" PRId64 " files of %" PRId64
                        " bytes, the log has %" PRId64 " of %" PRId64 "; no checkpoint is written",
                        w->state->version, crc.counts.files, crc.counts.bytes, w->counts.files,
                        w->counts.bytes));
done:
    dwi_arena_done(&arena);
    return status;
}

static dw_status write_rows(checkpoint_writer *w, dw_error *err)
{
    const dwi_file_visitor visitor = {w, put_file, put_tombstone};
    dw_status status;

    DWI_TRY(put_state(w, err));
    DWI_TRY(dwi_files_visit(w->log, w->state, visitor, err));
    DWI_TRY(flush_batch(w, err));
    DWI_TRY(dwi_parquet_writer_finish(w->parquet, err));
    if (dwi_parquet_writer_rows(w->parquet) != w->actions)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT,
                        "checkpoint of version %" PRId64 ": %" PRId64 " rows for %" PRId64
                        " actions; it is not written",
                        w->state->version, dwi_parquet_writer_rows(w->parquet), w->actions));
    DWI_TRY(check_against_crc(w, err));
done:
    return status;
}

static dw_status read_settings(checkpoint_writer *w, dw_error *err)
{
    const int64_t week_ms = INT64_C(604800000);
    dwi_kvs properties = w->state->metadata.configuration;
    int64_t now_ms = dwi_now_ms(w->log->env);
    int64_t retention_ms = week_ms;
    int64_t txn_ms = -1;
    bool parsed = false; /* by the specification; Spark itself writes them unless told not to */
    dw_status status;

    w->form.stats = true;
    DWI_TRY(
        dwi_property_bool(properties, "delta.checkpoint.writeStatsAsJson", &w->form.stats, err));
    DWI_TRY(dwi_property_bool(properties, "delta.checkpoint.writeStatsAsStruct", &parsed, err));
    if (parsed) {
        DWI_TRY(dwi_parsed_columns_init(&w->parsed, w->state, w->log->alloc, err));
        w->form.parsed = &w->parsed;
    }
    DWI_TRY(dwi_property_interval(properties, "delta.deletedFileRetentionDuration", &retention_ms,
                                  err));
    DWI_TRY(
        dwi_property_interval(properties, "delta.setTransactionRetentionDuration", &txn_ms, err));
    w->remove_cutoff_ms = now_ms - retention_ms;
    w->txn_cutoff_ms = txn_ms < 0 ? INT64_MIN : now_ms - txn_ms;
done:
    return status;
}

static dw_status write_checkpoint(checkpoint_writer *w, const char *key, dw_error *err)
{
    const dwi_parquet_write_options options = {.codec = DWI_CODEC_SNAPPY};
    const dwi_parquet_sink sink = {w, upload_bytes};
    const dwi_type *root;
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, w->log->alloc);
    DWI_TRY(read_settings(w, err));
    root = dwi_checkpoint_root(&arena, (1u << DWI_CP_WRITTEN) - 1, w->parsed.fields,
                               w->parsed.n_fields);
    if (root == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(dwi_column_init(&w->batch, root, w->log->alloc, err));
    DWI_TRY(dwi_upload_begin(w->log->store, key, &w->upload, err));
    DWI_TRY(dwi_parquet_writer_new(w->log->alloc, root, &options, sink, &w->parquet, err));
    DWI_TRY(write_rows(w, err));
    status = dwi_upload_finish(w->upload, err);
    w->upload = NULL; /* gone whatever the result */
    DWI_TRY(status);
done:
    dwi_upload_abort(w->upload);
    dwi_parquet_writer_free(w->parquet);
    dwi_column_done(&w->batch);
    dwi_parsed_columns_done(&w->parsed);
    dwi_arena_done(&arena);
    return status;
}

static dw_status point_at(const checkpoint_writer *w, dw_error *err)
{
    char *key = dwi_log_key(w->log, "_delta_log/_last_checkpoint");
    dw_error ignored = DW_ERROR_INIT;
    dw_status status = DW_OK;
    int64_t known = -1;
    dwi_buf text;
    dwi_jw json;

    dwi_buf_init(&text, w->log->alloc);
    if (key == NULL)
        DWI_TRY(dwi_err_nomem(err));
    status = dwi_log_last_checkpoint(w->log, &known, &ignored);
    if (status == DW_E_NOMEM)
        DWI_TRY(dwi_err_nomem(err));
    if (status == DW_OK && known >= w->state->version)
        goto done;
    dwi_jw_init(&json, &text);
    dwi_jw_object_begin(&json);
    dwi_jw_kv_i64(&json, "version", w->state->version);
    dwi_jw_kv_i64(&json, "size", w->actions);
    dwi_jw_kv_i64(&json, "sizeInBytes", w->file_bytes);
    dwi_jw_kv_i64(&json, "numOfAddFiles", w->counts.files);
    dwi_jw_object_end(&json);
    DWI_TRY(dwi_buf_status(&text, err));
    DWI_TRY(
        dwi_store_put(w->log->store, key, (dw_bytes){text.data, text.len}, DW_PUT_OVERWRITE, err));
done:
    dwi_buf_done(&text);
    dwi_cstr_free(w->log->alloc, key);
    return status;
}

/* A table that has checksum files gets one here when the chain of them was broken. */
static void mend_crc(const checkpoint_writer *w)
{
    const dwi_sv unknown = {NULL, 0};
    dw_error why = DW_ERROR_INIT;

    if (dwi_state_crc(w->state) >= 0 && !w->has_crc &&
        dwi_crc_write(w->log, w->state, &w->counts, unknown, &why) != DW_OK)
        dwi_logf(w->log->logger, DW_LOG_WARN, "%s", why.message);
}

dw_status dwi_checkpoint_write(const dwi_log *log, const dwi_state *state, dw_error *err)
{
    checkpoint_writer w = {.log = log, .state = state};
    char name[DWI_LOG_NAME_SIZE];
    dw_object object;
    char *key = NULL;
    dw_status status;

    DWI_TRY(dwi_features_check_checkpoint(state, err));
    (void)snprintf(name, sizeof(name), "_delta_log/%020" PRId64 ".checkpoint.parquet",
                   state->version);
    key = dwi_log_key(log, name);
    if (key == NULL)
        DWI_TRY(dwi_err_nomem(err));
    status = dwi_store_head(log->store, key, &object, err);
    if (status == DW_OK && object.size > 0)
        goto done; /* another writer was faster; its content is the same */
    if (status != DW_OK && status != DW_E_NOT_FOUND)
        goto done;
    DWI_TRY(write_checkpoint(&w, key, err));
    DWI_TRY(point_at(&w, err));
    mend_crc(&w);
done:
    dwi_cstr_free(log->alloc, key);
    return status;
}
