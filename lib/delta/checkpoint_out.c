/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/checkpoint_out.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/checked.h"

enum { BATCH_ROWS = 4096, BATCH_BYTES = 4 << 20 };

dw_status dwi_checkpoint_count_add(dwi_file_counts *counts, const dwi_add *add, dw_error *err)
{
    counts->files++;
    if (!dwi_i64_add(counts->bytes, add->size, &counts->bytes))
        return dwi_err(err, DW_E_CORRUPT, "%.*s: add.size %" PRId64 " is no size",
                       DWI_SV_ARG(add->path), add->size);
    if (add->dv.storage_type.ptr != NULL) {
        counts->vectors++;
        if (!dwi_i64_add(counts->deleted_rows, add->dv.cardinality, &counts->deleted_rows))
            return dwi_err(err, DW_E_CORRUPT, "%.*s: deletionVector.cardinality is no count",
                           DWI_SV_ARG(add->path));
    }
    return DW_OK;
}

dw_status dwi_checkpoint_check_counts(dwi_checkpoint_job *job, dw_error *err)
{
    int64_t version = job->state->version;
    dw_status status;
    dwi_arena arena;
    dwi_crc crc;

    dwi_arena_init(&arena, job->log->alloc);
    status = dwi_crc_read(job->log, version, &arena, &crc, err);
    job->has_crc = status == DW_OK;
    if (status == DW_E_NOT_FOUND || status == DW_E_CORRUPT) {
        status = DW_OK; /* there need not be one, and a malformed one says nothing */
        goto done;
    }
    DWI_TRY(status);
    if (crc.counts.files != job->counts.files || crc.counts.bytes != job->counts.bytes)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT,
                        "_delta_log/%020" PRId64 ".crc: says %" PRId64 " files of %" PRId64
                        " bytes, the log has %" PRId64 " of %" PRId64 "; no checkpoint is written",
                        version, crc.counts.files, crc.counts.bytes, job->counts.files,
                        job->counts.bytes));
done:
    dwi_arena_done(&arena);
    return status;
}

static dw_status upload_bytes(void *ctx, const void *data, size_t len, dw_error *err)
{
    dwi_checkpoint_out *out = ctx;

    out->bytes += (int64_t)len;
    return dwi_upload_write(out->upload, data, len, err);
}

dw_status dwi_checkpoint_out_begin(dwi_checkpoint_out *out, dwi_checkpoint_job *job,
                                   const char *name, unsigned columns, dw_error *err)
{
    const dwi_parquet_write_options options = {.codec = DWI_CODEC_SNAPPY};
    const dwi_parquet_sink sink = {out, upload_bytes};
    char *key = dwi_log_key(job->log, name);
    dw_status status = DW_OK;
    const dwi_type *root;

    *out = (dwi_checkpoint_out){.log = job->log};
    out->form.columns = columns;
    out->form.stats = job->stats;
    out->form.parsed = job->is_parsed ? &job->parsed : NULL;
    dwi_arena_init(&out->arena, job->log->alloc);
    root = dwi_checkpoint_root(&out->arena, columns, job->parsed.fields, job->parsed.n_fields);
    if (key == NULL || root == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(dwi_column_init(&out->batch, root, job->log->alloc, err));
    DWI_TRY(dwi_upload_begin(job->log->store, key, &out->upload, err));
    DWI_TRY(dwi_parquet_writer_new(job->log->alloc, root, &options, sink, &out->parquet, err));
done:
    dwi_cstr_free(job->log->alloc, key);
    return status;
}

static dw_status flush_batch(dwi_checkpoint_out *out, dw_error *err)
{
    dw_status status = DW_OK;
    const dwi_vec *rows;
    dwi_arena arena;

    dwi_arena_init(&arena, out->log->alloc);
    rows = dwi_column_view(&out->batch, &arena);
    if (rows == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(dwi_parquet_writer_append(out->parquet, rows, err));
    dwi_column_clear(&out->batch);
done:
    dwi_arena_done(&arena);
    return status;
}

dw_status dwi_checkpoint_out_put(dwi_checkpoint_out *out, const dwi_action *action, dw_error *err)
{
    dw_status status;

    DWI_TRY(dwi_checkpoint_put_row(&out->batch, action, out->form, err));
    out->rows++;
    if (out->batch.length >= BATCH_ROWS || dwi_column_bytes(&out->batch) >= BATCH_BYTES)
        DWI_TRY(flush_batch(out, err));
done:
    return status;
}

dw_status dwi_checkpoint_out_close(dwi_checkpoint_out *out, dw_error *err)
{
    dw_status status;

    DWI_TRY(flush_batch(out, err));
    DWI_TRY(dwi_parquet_writer_finish(out->parquet, err));
    if (dwi_parquet_writer_rows(out->parquet) != out->rows)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT,
                        "checkpoint: %" PRId64 " rows for %" PRId64 " actions; it is not written",
                        dwi_parquet_writer_rows(out->parquet), out->rows));
done:
    return status;
}

dw_status dwi_checkpoint_out_publish(dwi_checkpoint_out *out, dw_error *err)
{
    dwi_upload *upload = out->upload;

    out->upload = NULL; /* gone whatever the result */
    return dwi_upload_finish(upload, err);
}

void dwi_checkpoint_out_done(dwi_checkpoint_out *out)
{
    if (out->log == NULL)
        return;
    dwi_upload_abort(out->upload);
    dwi_parquet_writer_free(out->parquet);
    dwi_column_done(&out->batch);
    dwi_arena_done(&out->arena);
    memset(out, 0, sizeof(*out));
}

/* A transaction id without a time is kept: dropping it could let its application write twice. */
static bool txn_expired(const dwi_checkpoint_job *job, const dwi_txn_action *txn)
{
    return txn->last_updated >= 0 && txn->last_updated < job->txn_cutoff_ms;
}

dw_status dwi_checkpoint_each_state(dwi_checkpoint_job *job,
                                    dw_status (*put)(void *ctx, const dwi_action *action,
                                                     dw_error *err),
                                    void *ctx, dw_error *err)
{
    const dwi_state *state = job->state;
    dwi_action action = {.kind = DWI_ACTION_PROTOCOL, .u.protocol = state->protocol};
    dw_status status;

    /* the arrays are there if, and only if, the version has table features */
    action.u.protocol.has_reader_features = state->protocol.min_reader_version == 3;
    action.u.protocol.has_writer_features = state->protocol.min_writer_version == 7;
    DWI_TRY(put(ctx, &action, err));
    action = (dwi_action){.kind = DWI_ACTION_METADATA, .u.metadata = state->metadata};
    DWI_TRY(put(ctx, &action, err));
    for (size_t i = 0; i < state->n_txns; i++) {
        action = (dwi_action){.kind = DWI_ACTION_TXN, .u.txn = state->txns[i]};
        if (!txn_expired(job, &action.u.txn))
            DWI_TRY(put(ctx, &action, err));
    }
    for (size_t i = 0; i < state->n_domains; i++) {
        action = (dwi_action){.kind = DWI_ACTION_DOMAIN_METADATA, .u.domain = state->domains[i]};
        DWI_TRY(put(ctx, &action, err));
    }
done:
    return status;
}
