/* SPDX-License-Identifier: Apache-2.0 */
/* Writing checkpoints; how V2 ones are made of the one before is in checkpoint_v2.c. Invariants:
 * 1. Every action comes from a whole replay (dwi_files_visit() of the state's version), never from
 *    what a handle happens to know.
 * 2. Nothing is visible before the upload is finished, and it is finished only when the counts
 * agree.
 * 3. _last_checkpoint only moves forwards, and only to a checkpoint that is there. */
#include "delta/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "delta/checkpoint_out.h"
#include "delta/features.h"
#include "delta/files.h"
#include "delta/properties.h"
#include "json/json_writer.h"

typedef struct classic {
    dwi_checkpoint_job *job;
    dwi_checkpoint_out out;
} classic;

static dw_status put_action(void *ctx, const dwi_action *action, dw_error *err)
{
    classic *c = ctx;

    return dwi_checkpoint_out_put(&c->out, action, err);
}

static dw_status put_file(void *ctx, const dwi_add *add, dw_error *err)
{
    const dwi_action action = {.kind = DWI_ACTION_ADD, .u.add = *add};
    classic *c = ctx;
    dw_status status = dwi_checkpoint_count_add(&c->job->counts, add, err);

    return status == DW_OK ? dwi_checkpoint_out_put(&c->out, &action, err) : status;
}

static dw_status put_tombstone(void *ctx, const dwi_remove *remove, dw_error *err)
{
    const dwi_action action = {.kind = DWI_ACTION_REMOVE, .u.remove = *remove};
    classic *c = ctx;

    return dwi_checkpoint_is_expired(c->job, remove)
               ? DW_OK
               : dwi_checkpoint_out_put(&c->out, &action, err);
}

/* Everything but files comes first, so that openers find it in the first row group. */
static dw_status write_classic(dwi_checkpoint_job *job, const char *name, dw_error *err)
{
    classic c = {.job = job};
    const dwi_file_visitor visitor = {&c, put_file, put_tombstone};
    dw_status status;

    DWI_TRY(dwi_checkpoint_out_begin(&c.out, job, name, DWI_CP_CLASSIC, err));
    DWI_TRY(dwi_checkpoint_each_state(job, put_action, &c, err));
    DWI_TRY(dwi_files_visit(job->log, job->state, visitor, err));
    DWI_TRY(dwi_checkpoint_out_close(&c.out, err));
    DWI_TRY(dwi_checkpoint_check_counts(job, err));
    DWI_TRY(dwi_checkpoint_out_publish(&c.out, err));
    job->actions = c.out.rows;
    job->bytes = c.out.bytes;
done:
    dwi_checkpoint_out_done(&c.out);
    return status;
}

static dw_status job_init(dwi_checkpoint_job *job, const dwi_log *log, const dwi_state *state,
                          dw_error *err)
{
    const int64_t week_ms = INT64_C(604800000);
    dwi_kvs properties = state->metadata.configuration;
    int64_t now_ms = dwi_now_ms(log->env);
    int64_t retention_ms = week_ms;
    int64_t txn_ms = -1;
    dw_status status;

    *job = (dwi_checkpoint_job){.log = log, .state = state, .stats = true, .is_parsed = true};
    dwi_buf_init(&job->hint, log->alloc);
    DWI_TRY(dwi_property_bool(properties, "delta.checkpoint.writeStatsAsJson", &job->stats, err));
    DWI_TRY(
        dwi_property_bool(properties, "delta.checkpoint.writeStatsAsStruct", &job->is_parsed, err));
    if (job->is_parsed)
        DWI_TRY(dwi_parsed_columns_init(&job->parsed, state, log->alloc, err));
    DWI_TRY(dwi_property_interval(properties, "delta.deletedFileRetentionDuration", &retention_ms,
                                  err));
    DWI_TRY(
        dwi_property_interval(properties, "delta.setTransactionRetentionDuration", &txn_ms, err));
    job->remove_cutoff_ms = now_ms - retention_ms;
    job->txn_cutoff_ms = txn_ms < 0 ? INT64_MIN : now_ms - txn_ms;
done:
    return status;
}

static void job_done(dwi_checkpoint_job *job)
{
    dwi_parsed_columns_done(&job->parsed);
    dwi_buf_done(&job->hint);
}

static dw_status point_at(const dwi_checkpoint_job *job, dw_error *err)
{
    const dwi_log *log = job->log;
    char *key = dwi_log_key(log, "_delta_log/_last_checkpoint");
    dw_error ignored = DW_ERROR_INIT;
    dw_status status = DW_OK;
    int64_t known = -1;
    dwi_buf text;
    dwi_jw json;

    dwi_buf_init(&text, log->alloc);
    if (key == NULL)
        DWI_TRY(dwi_err_nomem(err));
    status = dwi_log_last_checkpoint(log, &known, &ignored);
    if (status == DW_E_NOMEM)
        DWI_TRY(dwi_err_nomem(err));
    /* One of this version may be of a checkpoint of another kind, which did not work. */
    if (status == DW_OK && known > job->state->version)
        goto done;
    dwi_jw_init(&json, &text);
    dwi_jw_object_begin(&json);
    dwi_jw_kv_i64(&json, "version", job->state->version);
    dwi_jw_kv_i64(&json, "size", job->actions);
    dwi_jw_kv_i64(&json, "sizeInBytes", job->bytes);
    dwi_jw_kv_i64(&json, "numOfAddFiles", job->counts.files);
    dwi_buf_append(&text, job->hint.data, job->hint.len);
    dwi_jw_object_end(&json);
    DWI_TRY(dwi_buf_status(&job->hint, err));
    DWI_TRY(dwi_buf_status(&text, err));
    DWI_TRY(dwi_store_put(log->store, key, (dw_bytes){text.data, text.len}, DW_PUT_OVERWRITE, err));
done:
    dwi_buf_done(&text);
    dwi_cstr_free(log->alloc, key);
    return status;
}

/* A table that has checksum files gets one here when the chain of them was broken. */
static void mend_crc(const dwi_checkpoint_job *job)
{
    const dwi_sv unknown = {NULL, 0};
    dw_error why = DW_ERROR_INIT;

    if (dwi_state_crc(job->state) >= 0 && !job->has_crc &&
        dwi_crc_write(job->log, job->state, &job->counts, unknown, &why) != DW_OK)
        dwi_logf(job->log->logger, DW_LOG_WARN, "%s", why.message);
}

/* One that another writer was faster with has the same content, in parts or whatever its name; one
 * that is known not to work is replaced. */
static dw_status is_there(const dwi_log *log, const dwi_state *state, const char *name, bool *out,
                          dw_error *err)
{
    bool broken = __atomic_load_n(&state->before_checkpoint, __ATOMIC_RELAXED) == state->version;
    char *key = dwi_log_key(log, name);
    dw_object object;
    dw_status status;

    *out = dwi_state_checkpoint(state) == state->version && !broken;
    if (key == NULL)
        return dwi_err_nomem(err);
    if (*out) {
        dwi_cstr_free(log->alloc, key);
        return DW_OK;
    }
    status = dwi_store_head(log->store, key, &object, err);
    *out = status == DW_OK && object.size > 0 && !broken;
    dwi_cstr_free(log->alloc, key);
    return status == DW_E_NOT_FOUND ? DW_OK : status;
}

dw_status dwi_checkpoint_write(const dwi_log *log, const dwi_state *state, dw_error *err)
{
    dwi_checkpoint_job job = {0};
    char name[DWI_LOG_NAME_SIZE];
    dw_status status;
    bool there;

    DWI_TRY(dwi_features_check_checkpoint(state, err));
    (void)snprintf(name, sizeof(name), "_delta_log/%020" PRId64 ".checkpoint.parquet",
                   state->version);
    DWI_TRY(is_there(log, state, name, &there, err));
    if (there)
        goto done;
    DWI_TRY(job_init(&job, log, state, err));
    if (dwi_checkpoint_is_v2(state))
        DWI_TRY(dwi_checkpoint_write_v2(&job, err));
    else
        DWI_TRY(write_classic(&job, name, err));
    if (job.actions > 0) {
        DWI_TRY(point_at(&job, err));
        mend_crc(&job);
    }
done:
    job_done(&job);
    return status;
}
