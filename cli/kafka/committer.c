/* SPDX-License-Identifier: Apache-2.0 */
/* The committer thread: publishes batches in order, and reads from the table where partitions
 * stand. */
#include "kafka/pipeline.h"

#include <inttypes.h>
#include <string.h>

#include "common/logline.h"
#include "kafka/dead_letters.h"

/* Worth the same call again? What was never published, and what may or may not have been. */
static bool may_pass(const dw_error *err)
{
    return err->retryable || err->code == DW_E_UNKNOWN || err->code == DW_E_THROTTLED ||
           err->code == DW_E_NOMEM;
}

/* Tell of a failed try (not each one) and wait for the next. */
static void wait_for_retry(struct pipeline *p, struct log_repeat *repeat, const char *doing,
                           int attempt, const dw_error *err, uint64_t generation)
{
    int64_t skipped = 0;

    if (log_repeat_due(repeat, clock_monotonic_ms(), &skipped))
        LOG_EVENT(DW_LOG_WARN, "waiting for the table's store, trying again",
                  F_TEXT("while", doing), F_TEXT("error", err->message),
                  F_TEXT("code", dw_status_name(err->code)), F_NUMBER("tries", attempt + 1),
                  F_NUMBER("not_logged", skipped));
    pipeline_pause(p, retry_wait_ms(attempt), generation);
}

/* dw_commit() until it is decided. DW_E_CANCELLED: given up, since the generation was raised. */
static dw_status commit_until_decided(struct pipeline *p, dw_txn *txn, const char *doing,
                                      uint64_t generation, int64_t *out_version, dw_error *err)
{
    struct log_repeat repeat = {0};

    for (int attempt = 0; pipeline_is_current(p, generation); attempt++) {
        dw_status status = dw_commit(txn, out_version, err);
        if (status == DW_OK || !may_pass(err))
            return status;
        wait_for_retry(p, &repeat, doing, attempt, err, generation);
    }
    return DW_E_CANCELLED;
}

static dw_status commit_rejects(struct pipeline *p, const struct batch *batch, dw_error *err)
{
    struct log_repeat repeat = {0};
    int64_t version = 0;

    for (int attempt = 0; pipeline_is_current(p, batch->generation); attempt++) {
        dw_txn *txn = NULL;
        dw_status status = dead_letters_stage(p->letters, batch, &txn, err);

        if (status == DW_OK) {
            status = commit_until_decided(p, txn, "committing dead letters", batch->generation,
                                          &version, err);
            dw_txn_close(txn);
            if (status != DW_OK)
                return status;
            dead_letters_committed(batch);
            LOG_EVENT(DW_LOG_INFO, "dead letters committed",
                      F_TEXT("table", p->config->dead_letter_uri), F_NUMBER("version", version),
                      F_NUMBER("rows", (int64_t)batch->n_rejects),
                      F_TEXT("first_error", batch->rejects[0].error));
            return DW_OK;
        }
        if (!may_pass(err))
            return status;
        wait_for_retry(p, &repeat, "writing dead letters", attempt, err, batch->generation);
    }
    return DW_E_CANCELLED;
}

static void log_commit(const struct pipeline *p, const struct batch *batch, int64_t version,
                       const dw_txn_stats *stats, int64_t duration_ms)
{
    struct textbuf offsets = {0};

    batch_offsets(batch, &offsets);
    LOG_EVENT(DW_LOG_INFO, "committed", F_TEXT("table", p->config->table_uri),
              F_NUMBER("version", version), F_NUMBER("rows", stats->rows),
              F_NUMBER("bytes", stats->encoded_bytes), F_NUMBER("files", stats->files),
              F_NUMBER("rejected", (int64_t)batch->n_rejects + batch->known_bad),
              F_NUMBER("tombstones", batch->tombstones), F_NUMBER("duration_ms", duration_ms),
              F_TEXT("reason", batch->reason), F_TEXT("topic", p->config->topic),
              F_RAW("offsets", offsets.text));
    textbuf_done(&offsets);
}

static void note_published(struct pipeline *p, const struct batch *batch, int64_t rows)
{
    for (size_t i = 0; i < batch->n_ranges; i++)
        batch->ranges[i].partition->committed = batch->ranges[i].next;
    pipeline_published(p, batch, rows);
}

static void give_up(struct pipeline *p, const struct batch *batch, dw_status status,
                    const dw_error *err)
{
    switch (status) {
    case DW_E_CANCELLED:
        break;
    case DW_E_FENCED:
        LOG_EVENT(DW_LOG_WARN,
                  "another writer was ahead: its offsets are read, the batch is dropped",
                  F_TEXT("error", err->message));
        pipeline_fenced(p, batch->generation, err->message);
        break;
    case DW_E_CONFLICT:
        LOG_EVENT(DW_LOG_WARN, "another commit came between: the batch is decoded again",
                  F_TEXT("error", err->message));
        pipeline_retry(p, batch->generation, true);
        break;
    case DW_E_UNSUPPORTED:
    case DW_E_SCHEMA:
        pipeline_fail(p, EXIT_CODE_CONFIG, err->message);
        break;
    default:
        pipeline_fail(p, EXIT_CODE_RUNTIME, err->message);
        break;
    }
}

static void commit_batch(struct pipeline *p, const struct batch *batch)
{
    dw_txn_stats stats = DW_TXN_STATS_INIT;
    dw_error err = DW_ERROR_INIT;
    int64_t start_ms = clock_monotonic_ms();
    int64_t version = -1;
    dw_status status = DW_OK;

    if (batch->n_rejects != 0)
        status = commit_rejects(p, batch, &err);
    if (status == DW_OK)
        status = dw_txn_get_stats(batch->txn, &stats, &err);
    if (status == DW_OK)
        status =
            commit_until_decided(p, batch->txn, "committing", batch->generation, &version, &err);
    if (status != DW_OK) {
        give_up(p, batch, status, &err);
        return;
    }
    note_published(p, batch, stats.rows);
    log_commit(p, batch, version, &stats, clock_monotonic_ms() - start_ms);
}

/* Where the table says that a partition stands; -1: it has nothing of it. That it has forgotten is
 * not the same: records could be written twice. */
static dw_status read_offset(struct pipeline *p, const struct partition *partition,
                             int64_t *out_version, dw_error *err)
{
    dw_status status = dw_table_app_version(p->table, partition->app_id, out_version, err);

    if (status == DW_E_EXPIRED && p->config->forgotten_is_new) {
        LOG_EVENT(DW_LOG_WARN, "taken for a new partition, as DELTA_FORGOTTEN_OFFSETS says",
                  F_TEXT("reason", err->message));
        status = DW_E_NOT_FOUND;
    }
    return status == DW_E_NOT_FOUND ? DW_OK : status;
}

static dw_status read_table(struct pipeline *p, const struct partition_list *partitions,
                            dw_error *err)
{
    dw_status status = dw_table_refresh(p->table, NULL, err);

    for (size_t i = 0; i < partitions->count && status == DW_OK; i++) {
        int64_t version = -1;
        status = read_offset(p, partitions->items[i], &version, err);
        partitions->items[i]->committed = version;
        partitions->items[i]->staged = version;
    }
    if (status == DW_OK)
        status = dead_letters_resolve(p->letters, partitions, err);
    return status;
}

static void refuse_forgotten(struct pipeline *p, const dw_error *err)
{
    struct textbuf reason = {0};

    textbuf_printf(&reason,
                   "%s; if this group has never written to the table, start it once with "
                   "DELTA_FORGOTTEN_OFFSETS=new",
                   err->message);
    pipeline_fail(p, EXIT_CODE_GAP, reason.text);
    textbuf_done(&reason);
}

static bool resolve(struct pipeline *p, const struct request *request)
{
    struct log_repeat repeat = {0};

    for (int attempt = 0; pipeline_is_current(p, request->generation); attempt++) {
        dw_error err = DW_ERROR_INIT;
        dw_status status = read_table(p, &request->partitions, &err);

        if (status == DW_OK)
            return true;
        if (status == DW_E_EXPIRED) {
            refuse_forgotten(p, &err);
            return false;
        }
        if (!may_pass(&err)) {
            pipeline_fail(p, status == DW_E_UNSUPPORTED ? EXIT_CODE_CONFIG : EXIT_CODE_RUNTIME,
                          err.message);
            return false;
        }
        wait_for_retry(p, &repeat, "reading offsets from the table", attempt, &err,
                       request->generation);
    }
    return false;
}

void *committer_main(void *arg)
{
    struct pipeline *p = arg;
    struct work work;

    while (pipeline_take_work(p, &work)) {
        if (work.request != NULL) {
            bool ok = work.request->kind == REQUEST_DRAIN || resolve(p, work.request);
            pipeline_request_done(p, work.request, ok);
        } else {
            if (pipeline_is_current(p, work.batch->generation))
                commit_batch(p, work.batch);
            batch_free(work.batch);
        }
    }
    return NULL;
}
