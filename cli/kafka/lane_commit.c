/* SPDX-License-Identifier: Apache-2.0 */
/* What jobs do with a lane: upload batches, publish them in order, and read from the table where
 * partitions stand. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "kafka/adopt.h"
#include "kafka/dead_letters.h"
#include "kafka/lane.h"
#include "ops/metrics.h"

bool lane_may_pass(const dw_error *err)
{
    return err->retryable || err->code == DW_E_UNKNOWN || err->code == DW_E_THROTTLED ||
           err->code == DW_E_NOMEM;
}

static void note_error(struct lane *lane, const char *text)
{
    pipeline_lock(lane->actor.pipeline);
    lane_note_error_locked(lane, text);
    pipeline_unlock(lane->actor.pipeline);
}

/* Tell of a failed try (not each one); how long to wait for the next. */
static int64_t wait_for_retry(struct lane *lane, struct log_repeat *repeat, const char *doing,
                              int attempt, const dw_error *err)
{
    int64_t skipped = 0;

    note_error(lane, err->message);
    if (log_repeat_due(repeat, clock_monotonic_ms(), &skipped))
        LOG_EVENT(DW_LOG_WARN, "waiting for the table's store, trying again",
                  F_TEXT("table", lane->uri), F_TEXT("while", doing), F_TEXT("error", err->message),
                  F_TEXT("code", dw_status_name(err->code)), F_NUMBER("tries", attempt + 1),
                  F_NUMBER("not_logged", skipped));
    return retry_wait_ms(attempt);
}

/* ---- upload ---- */

static void uploaded(struct lane *lane, struct batch *batch)
{
    struct pipeline *p = lane->actor.pipeline;

    pipeline_lock(p);
    batch->uploaded = true;
    batch->memory = batch->reject_bytes + sizeof(*batch);
    lane_tell_locked(lane);
    lane_go_on_locked(lane);
    pipeline_unlock(p);
}

static void fail_upload(struct lane *lane, const struct batch *batch, const dw_error *err)
{
    struct pipeline *p = lane->actor.pipeline;

    if (err->code == DW_E_UNSUPPORTED)
        pipeline_fail(p, EXIT_CODE_CONFIG, err->message);
    else if (err->code == DW_E_DENIED || err->code == DW_E_CORRUPT || err->code == DW_E_ARG)
        pipeline_fail(p, EXIT_CODE_RUNTIME, err->message);
    else if (lane_is_current(lane, batch->generation)) {
        LOG_EVENT(DW_LOG_WARN, "batch dropped, its records are read again",
                  F_TEXT("table", lane->uri), F_TEXT("while", "uploading"),
                  F_TEXT("error", err->message), F_TEXT("code", dw_status_name(err->code)));
        note_error(lane, err->message);
        lane_retry(lane, batch->generation, false);
    }
}

int64_t lane_upload(struct lane *lane, struct batch *batch)
{
    dw_error err = DW_ERROR_INIT;

    if (lane_is_current(lane, batch->generation) && dw_txn_flush(batch->txn, &err) != DW_OK)
        fail_upload(lane, batch, &err);
    uploaded(lane, batch); /* or dropped, when it is its turn */
    return -1;
}

/* ---- commit ---- */

static void log_commit(const struct lane *lane, const struct batch *batch, int64_t version,
                       const dw_txn_stats *stats, int64_t duration_ms)
{
    struct textbuf offsets = {0};
    const char *topic = NULL;
    char partition[24] = "", first[24] = "", last[24] = "";
    bool one = batch->n_ranges == 1; /* partition: of several, `offsets` tells */

    batch_offsets(batch, &offsets, &topic);
    if (one) {
        const struct batch_range *range = &batch->ranges[0];
        (void)snprintf(partition, sizeof(partition), "%" PRId32, range->seat->partition->number);
        (void)snprintf(first, sizeof(first), "%" PRId64, range->first);
        (void)snprintf(last, sizeof(last), "%" PRId64, range->next - 1);
    }
    LOG_EVENT(DW_LOG_INFO, "committed", F_TEXT("table", lane->uri), F_NUMBER("version", version),
              F_NUMBER("rows", stats->rows), F_NUMBER("bytes", stats->encoded_bytes),
              F_NUMBER("files", stats->files),
              F_NUMBER("rejected", (int64_t)batch->n_rejects + batch->known_bad + batch->skipped),
              F_NUMBER("tombstones", batch->tombstones), F_NUMBER("duration_ms", duration_ms),
              F_TEXT("reason", batch->reason), F_TEXT("topic", topic),
              F_RAW("partition", one ? partition : NULL), F_RAW("first_offset", one ? first : NULL),
              F_RAW("last_offset", one ? last : NULL), F_RAW("offsets", offsets.text));
    textbuf_done(&offsets);
}

/* What the seats have on its way, now that a batch arrived. */
static void settle_seats_locked(const struct batch *batch)
{
    for (size_t i = 0; i < batch->n_ranges; i++) {
        const struct batch_range *range = &batch->ranges[i];
        struct seat *seat = range->seat;
        seat->committed = range->next;
        if (seat->pushed <= range->next)
            seat->pending_from = -1;
        else if (seat->pending_from >= 0 && seat->pending_from < range->next)
            seat->pending_from = range->next;
    }
}

/* The share of bad records that is borne, over the newest ones. */
static bool is_too_bad_locked(struct lane *lane, int64_t records, int64_t rejected)
{
    const struct bad_record_config *bad = &lane->config->bad;

    lane->window_records += records;
    lane->window_rejected += rejected;
    if (bad->threshold_percent >= 100 || bad->threshold_records <= 0 ||
        lane->window_records < bad->threshold_records || lane->letters)
        return false;
    if (lane->window_rejected * 100 >= lane->window_records * bad->threshold_percent &&
        lane->window_rejected > 0)
        return true;
    while (lane->window_records >= bad->threshold_records * 2) {
        lane->window_records /= 2;
        lane->window_rejected /= 2;
    }
    return false;
}

static void fail_too_bad_locked(struct lane *lane)
{
    struct textbuf reason = {0};

    textbuf_printf(&reason,
                   "%s: %" PRId64 " of the last %" PRId64
                   " records were rejected, which is %" PRId64 " %% or more; all of them are kept",
                   lane->uri, lane->window_rejected, lane->window_records,
                   lane->config->bad.threshold_percent);
    pipeline_fail_locked(lane->actor.pipeline, EXIT_CODE_REJECTED, reason.text);
    textbuf_done(&reason);
}

static void note_published(struct lane *lane, const struct batch *batch, int64_t rows,
                           int64_t duration_ms)
{
    struct pipeline *p = lane->actor.pipeline;
    int64_t rejected =
        (int64_t)batch->n_rejects + batch->known_bad + batch->skipped + (lane->letters ? rows : 0);

    pipeline_lock(p);
    settle_seats_locked(batch);
    lane->failures = 0;
    lane->rows_written += rows;
    lane->rejected += rejected;
    lane->last_commit_ms = clock_wall_ms();
    lane->commit_ms += ((double)duration_ms - lane->commit_ms) / 4;
    lane->strain_ms = lane->strain_ms < 10 ? 0 : lane->strain_ms / 2;
    lane_note_error_locked(lane, NULL);
    p->synced.counts.messages += batch->records + batch->tombstones;
    p->synced.counts.rows += lane->letters ? 0 : rows;
    p->synced.counts.commits++;
    p->synced.counts.rejected += rejected;
    p->synced.counts.tombstones += batch->tombstones;
    if (is_too_bad_locked(lane, batch->records, rejected))
        fail_too_bad_locked(lane);
    pipeline_changed_locked(p);
    pipeline_unlock(p);
}

static void conflict(struct lane *lane, const struct batch *batch, const dw_error *err)
{
    enum { FIRST_STRAIN_MS = 500 };

    LOG_EVENT(DW_LOG_WARN, "another commit came between: the batch is decoded again",
              F_TEXT("table", lane->uri), F_TEXT("error", err->message));
    metric_add(lane->metrics.commits_conflict, 1);
    pipeline_lock(lane->actor.pipeline);
    lane->strain_ms = lane->strain_ms * 2 + FIRST_STRAIN_MS;
    pipeline_unlock(lane->actor.pipeline);
    lane_retry(lane, batch->generation, true);
}

static void give_up(struct lane *lane, const struct batch *batch, dw_status status,
                    const dw_error *err)
{
    struct pipeline *p = lane->actor.pipeline;

    note_error(lane, err->message);
    switch (status) {
    case DW_E_FENCED:
        LOG_EVENT(DW_LOG_WARN,
                  "another writer was ahead: its offsets are read, the batch is dropped",
                  F_TEXT("table", lane->uri), F_TEXT("error", err->message));
        metric_add(lane->metrics.commits_fenced, 1);
        lane_fenced(lane, batch->generation, err->message);
        break;
    case DW_E_CONFLICT:
        conflict(lane, batch, err);
        break;
    case DW_E_UNSUPPORTED:
    case DW_E_SCHEMA:
        metric_add(lane->metrics.commits_failed, 1);
        pipeline_fail(p, EXIT_CODE_CONFIG, err->message);
        break;
    default:
        metric_add(lane->metrics.commits_failed, 1);
        pipeline_fail(p, EXIT_CODE_RUNTIME, err->message);
        break;
    }
}

/* The first of the lane's closed batches is decided. */
static int64_t finish(struct lane *lane, struct batch *batch)
{
    struct pipeline *p = lane->actor.pipeline;

    pipeline_lock(p);
    lane->n_closed--;
    memmove(lane->closed, lane->closed + 1, lane->n_closed * sizeof(lane->closed[0]));
    lane->committing = false;
    lane_tell_locked(lane);
    lane_go_on_locked(lane);
    pipeline_wake_locked(&lane->actor);
    pipeline_changed_locked(p);
    pipeline_unlock(p);
    batch_free(batch);
    return -1;
}

int64_t lane_commit(struct lane *lane, struct batch *batch)
{
    dw_txn_stats stats = DW_TXN_STATS_INIT;
    dw_error err = DW_ERROR_INIT;
    int64_t version = -1;
    int64_t duration_ms;
    dw_status status;

    if (!lane_is_current(lane, batch->generation))
        return finish(lane, batch);
    if (batch->commit_start_ms == 0)
        batch->commit_start_ms = clock_monotonic_ms();
    status = dead_letters_keep(lane->dead, batch, &err);
    if (status == DW_OK)
        status = dw_txn_get_stats(batch->txn, &stats, &err);
    if (status == DW_OK)
        status = dw_commit(batch->txn, &version, &err);
    if (status != DW_OK && lane_may_pass(&err)) {
        metric_add(lane->metrics.retries, 1);
        return wait_for_retry(lane, &batch->repeat,
                              batch->letters_done ? "committing" : "keeping rejected records",
                              batch->attempts++, &err);
    }
    if (status != DW_OK) {
        give_up(lane, batch, status, &err);
        return finish(lane, batch);
    }
    duration_ms = clock_monotonic_ms() - batch->commit_start_ms;
    lane_metrics_commit(&lane->metrics, version, &stats, duration_ms, batch->newest_ms);
    lane_metrics_table(&lane->metrics, lane->table);
    note_published(lane, batch, stats.rows, duration_ms);
    log_commit(lane, batch, version, &stats, duration_ms);
    return finish(lane, batch);
}

/* ---- where partitions stand ---- */

/* Where the table says that a partition stands; -1: it has nothing of it. That it has forgotten is
 * not the same: records could be written twice. */
static dw_status read_seat(struct lane *lane, struct seat *seat, dw_error *err)
{
    const struct config *config = lane->actor.pipeline->config;
    int64_t version = -1;
    dw_status status = dw_table_app_version(lane->table, seat->app_id, &version, err);

    if (status == DW_E_EXPIRED && config->run.forgotten_is_new) {
        LOG_EVENT(DW_LOG_WARN, "taken for a new partition, as DELTA_FORGOTTEN_OFFSETS says",
                  F_TEXT("reason", err->message));
        status = DW_E_NOT_FOUND;
    }
    if (status != DW_OK && status != DW_E_NOT_FOUND)
        return status;
    if (status == DW_E_NOT_FOUND)
        version = -1;
    seat->staged = version;
    seat->kdi_version = -1;
    if (version < 0) {
        status = adopt_read(config, lane->table, seat->partition, &seat->kdi_version, err);
        if (status != DW_OK)
            return status;
        if (seat->kdi_version >= 0)
            version = seat->kdi_version + 1;
    }
    seat->committed = version;
    seat->taken = version;
    if (version < 0 && seat->partition->origin >= 0)
        seat->taken = seat->partition->origin;
    return DW_OK;
}

static dw_status read_table(struct lane *lane, struct seat *const *seats, size_t count,
                            dw_error *err)
{
    dw_status status = dw_table_refresh(lane->table, NULL, err);

    for (size_t i = 0; i < count && status == DW_OK; i++)
        status = read_seat(lane, seats[i], err);
    if (status == DW_OK)
        status = dead_letters_resolve(lane->dead, seats, count, err);
    return status;
}

/* The seats that are new, and those of the request's partitions. */
static struct seat **pick_seats_locked(const struct lane *lane, const struct request *request,
                                       size_t *out_count)
{
    struct seat **seats = need_alloc(lane->n_seats, sizeof(struct seat *));

    *out_count = 0;
    for (size_t i = 0; i < lane->n_seats; i++) {
        struct seat *seat = lane->seats[i];
        if (!seat->resolved || (request != NULL && seat->partition->resolving == request->epoch))
            seats[(*out_count)++] = seat;
    }
    return seats;
}

static void seats_read_locked(struct lane *lane, const struct request *request,
                              struct seat *const *seats, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct seat *seat = seats[i];
        if (request != NULL && seat->partition->resolving == request->epoch) {
            seat->epoch = request->epoch;
            /* Of a RESET the poll loop needs it still; see partitions.c. */
            if (request->kind == REQUEST_RESOLVE)
                seat->pending_from = -1;
        } else if (seat->pending_from >= 0) { /* a new seat, which records came for already */
            if (seat->pushed <= seat->committed)
                seat->pending_from = -1;
            else if (seat->pending_from < seat->committed)
                seat->pending_from = seat->committed;
        }
        seat->resolved = true;
    }
    if (request != NULL && request->kind == REQUEST_RESET)
        lane->wants_seek = true;
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

/* True: it is of no use to try again, and the process ends. */
static bool fail_resolve(struct lane *lane, dw_status status, const dw_error *err)
{
    struct pipeline *p = lane->actor.pipeline;

    if (status == DW_E_EXPIRED)
        refuse_forgotten(p, err);
    else if (!lane_may_pass(err))
        pipeline_fail(p, status == DW_E_UNSUPPORTED ? EXIT_CODE_CONFIG : EXIT_CODE_RUNTIME,
                      err->message);
    else
        return false;
    return true;
}

static void resolved_locked(struct lane *lane, struct request *request, bool ok)
{
    struct pipeline *p = lane->actor.pipeline;

    lane->committing = false;
    lane->asks = false;
    if (request != NULL) {
        lane->barrier = NULL;
        if (request->kind == REQUEST_RESET)
            lane->resetting = false;
        pipeline_answer_locked(p, request, ok);
    }
    lane_go_on_locked(lane); /* a barrier that came while a new seat was asked about */
    pipeline_wake_locked(&lane->actor);
}

int64_t lane_resolve(struct lane *lane)
{
    struct pipeline *p = lane->actor.pipeline;
    struct request *request;
    struct seat **seats;
    uint64_t generation;
    size_t count;
    dw_error err = DW_ERROR_INIT;
    dw_status status;
    int64_t wait_ms = -1;

    pipeline_lock(p);
    request = lane->barrier != NULL && lane->barrier->kind != REQUEST_DRAIN ? lane->barrier : NULL;
    generation = lane->newest_generation;
    seats = pick_seats_locked(lane, request, &count);
    pipeline_unlock(p);
    status = read_table(lane, seats, count, &err);
    if (status != DW_OK && !fail_resolve(lane, status, &err) &&
        (request == NULL || lane_is_current(lane, generation))) {
        wait_ms = wait_for_retry(lane, &lane->repeat, "reading offsets from the table",
                                 lane->resolve_attempts++, &err);
    } else {
        pipeline_lock(p);
        if (status == DW_OK) {
            lane->resolve_attempts = 0;
            if (request != NULL && request->kind == REQUEST_RESET)
                lane->run_generation = generation;
            seats_read_locked(lane, request, seats, count);
        }
        resolved_locked(lane, request, status == DW_OK);
        pipeline_unlock(p);
    }
    free(seats);
    return wait_ms;
}
