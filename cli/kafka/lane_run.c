/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker does with a lane: records into a transaction, transactions into closed batches. */
#include "kafka/lane.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "kafka/adopt.h"
#include "kafka/lane_schema.h"
#include "ops/metrics.h"

enum { DECODER_WAIT_MS = 1000 };

/* One turn of a worker. */
struct turn {
    struct lane *lane;
    struct pipeline *p;
    struct input *inputs;
    size_t n_inputs;
    const char *due;     /* why the open batch is to be closed; NULL: it is not */
    bool stale;          /* nothing may be taken until the lane is reset */
    int64_t interval_ms; /* between commits */
    int64_t last_closed_ms;
    /* Rows that wait to be decoded by one call, each the only one of its record. */
    dw_bytes rows[CHUNK];
    const struct input *sources[CHUNK];
    size_t n_rows;
    char *copies[CHUNK]; /* of rows that a decoder takes back */
    size_t n_copies;
};

/* ---- the open batch ---- */

static void free_copies(struct turn *t)
{
    while (t->n_copies > 0)
        free(t->copies[--t->n_copies]);
}

static void leave_seats(struct batch *batch)
{
    for (size_t i = 0; i < batch->n_ranges; i++)
        batch->ranges[i].seat->in_batch = NULL; /* its address may come again */
}

static void drop_batch(struct turn *t)
{
    if (t->lane->batch != NULL)
        leave_seats(t->lane->batch);
    batch_free(t->lane->batch);
    t->lane->batch = NULL;
    t->n_rows = 0;
    free_copies(t);
}

/* The batch cannot be finished. What it had is read again, unless that is of no use. */
static void fail_batch(struct turn *t, const char *doing, const dw_error *err)
{
    struct lane *lane = t->lane;
    uint64_t generation = lane->batch->generation;

    drop_batch(t);
    t->stale = true;
    if (err->code == DW_E_UNSUPPORTED)
        pipeline_fail(t->p, EXIT_CODE_CONFIG, err->message);
    else if (err->code == DW_E_DENIED || err->code == DW_E_CORRUPT || err->code == DW_E_ARG)
        pipeline_fail(t->p, EXIT_CODE_RUNTIME, err->message);
    else if (lane_is_current(lane, generation)) {
        LOG_EVENT(DW_LOG_WARN, "batch dropped, its records are read again",
                  F_TEXT("table", lane->uri), F_TEXT("while", doing), F_TEXT("error", err->message),
                  F_TEXT("code", dw_status_name(err->code)));
        pipeline_lock(t->p);
        lane_note_error_locked(lane, err->message);
        pipeline_unlock(t->p);
        lane_retry(lane, generation, false);
    }
}

static void apply_schemas(struct turn *t);

static bool open_batch(struct turn *t)
{
    struct lane *lane = t->lane;
    dw_txn_options options = DW_TXN_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;

    if (lane->batch != NULL)
        return true;
    options.flags = DW_TXN_NEW_APP_IDS /* as found on assignment */ | lane_schema_txn_flags(lane);
    options.operation = "STREAMING UPDATE";
    lane->batch = batch_new(lane->generation, clock_monotonic_ms());
    if (dw_begin(lane->table, &options, &lane->batch->txn, &err) != DW_OK) {
        fail_batch(t, "beginning a transaction", &err);
        return false;
    }
    apply_schemas(t);
    return lane->batch != NULL;
}

/* The transaction says which offsets it stands for; see invariant 2 of pipeline.h. The first one
 * after kafka-delta-ingest moves its id too: if that is still running, one of the two is refused.
 */
static dw_status set_app_versions(const struct turn *t, struct batch *batch, dw_error *err)
{
    dw_status status = DW_OK;

    for (size_t i = 0; i < batch->n_ranges && status == DW_OK; i++) {
        const struct batch_range *range = &batch->ranges[i];
        const struct seat *seat = range->seat;
        status = dw_txn_set_app_version(batch->txn, seat->app_id, seat->staged, range->next, err);
        if (status == DW_OK && seat->staged < 0 && seat->kdi_version >= 0)
            status = adopt_stage(t->p->config, batch->txn, seat, range->next, err);
    }
    return status;
}

static size_t measure(const struct batch *batch, int64_t *out_encoded)
{
    enum { PART_BYTES = 8 * 1024 * 1024 };
    dw_txn_stats stats = DW_TXN_STATS_INIT;
    dw_error err = DW_ERROR_INIT;
    int64_t unsent;

    *out_encoded = 0;
    if (dw_txn_get_stats(batch->txn, &stats, &err) != DW_OK)
        return batch->reject_bytes;
    /* What is encoded waits in the store's part until that is full. */
    unsent = stats.encoded_bytes;
    if (unsent > (int64_t)stats.files * PART_BYTES)
        unsent = (int64_t)stats.files * PART_BYTES;
    *out_encoded = stats.encoded_bytes;
    return (size_t)(stats.buffered_bytes + unsent) + batch->reject_bytes + sizeof(*batch);
}

/* In the log the clock is "time", in the metrics it is "age", as everywhere. */
static void count_flush(const struct lane *lane, const char *reason)
{
    const char *label = strcmp(reason, "time") == 0 ? "age" : reason;

    metric_add(metric_series(METRIC_FLUSHES, METRIC_LABELS(lane->uri, label)), 1);
}

static void close_batch(struct turn *t, const char *reason)
{
    struct lane *lane = t->lane;
    struct batch *batch = lane->batch;
    dw_error err = DW_ERROR_INIT;
    int64_t encoded = 0;

    if (batch == NULL)
        return;
    if (!lane_is_current(lane, batch->generation)) {
        drop_batch(t);
        t->stale = true;
        return;
    }
    batch->reason = reason;
    if (set_app_versions(t, batch, &err) != DW_OK) {
        fail_batch(t, "closing a batch", &err);
        return;
    }
    for (size_t i = 0; i < batch->n_ranges; i++)
        batch->ranges[i].seat->staged = batch->ranges[i].next;
    leave_seats(batch);
    batch->memory = measure(batch, &encoded);
    count_flush(lane, reason);
    lane->batch = NULL;
    pipeline_lock(t->p);
    assert(lane->n_closed < LANE_BATCHES);
    lane->batch_bytes = 0;
    lane->batch_records = 0;
    lane->deadline_ms = 0;
    lane_tell_locked(lane);
    lane->last_closed_ms = t->last_closed_ms = clock_monotonic_ms();
    lane->closed[lane->n_closed++] = batch;
    pipeline_job_locked(t->p, JOB_UPLOAD, lane, batch, 0);
    pipeline_unlock(t->p);
}

/* ---- bad records ---- */

static void fail_by_record(struct turn *t, const struct item *item, const char *error)
{
    struct textbuf reason = {0};

    textbuf_printf(&reason, "topic %s partition %" PRId32 " offset %" PRId64 ": %s",
                   item->record.topic, item->record.partition, item->record.offset, error);
    pipeline_fail(t->p, EXIT_CODE_REJECTED, reason.text);
    textbuf_done(&reason);
}

static void reject(struct turn *t, const struct input *source, const char *stage, const char *code,
                   const char *error)
{
    struct lane *lane = t->lane;

    metric_add(metric_series(METRIC_RECORDS_REJECTED, METRIC_LABELS(lane->uri, code, stage)), 1);
    switch (lane->config->bad.policy) {
    case BAD_FAIL:
        fail_by_record(t, source->item, error);
        break;
    case BAD_SKIP:
        lane->batch->skipped++;
        LOG_EVENT(DW_LOG_DEBUG, "record skipped", F_TEXT("table", lane->uri),
                  F_TEXT("topic", source->item->record.topic),
                  F_NUMBER("partition", source->item->record.partition),
                  F_NUMBER("offset", source->item->record.offset), F_TEXT("error", error));
        break;
    default:
        batch_reject(lane->batch, source->seat, source->item, stage, code, error);
        break;
    }
}

static dw_status on_reject(void *ctx, size_t index, dw_bytes record, const dw_error *error)
{
    struct turn *t = ctx;

    (void)record;
    reject(t, t->sources[index], "decode", dw_status_name(error->code), error->message);
    return DW_OK;
}

/* ---- rows ---- */

static void append_rows(struct turn *t)
{
    dw_error err = DW_ERROR_INIT;
    size_t count = t->n_rows;

    t->n_rows = 0;
    if (count != 0) {
        assert(t->lane->batch != NULL); /* take_record() opens one before it queues a row */
        if (dw_append_json(t->lane->batch->txn, t->rows, count, on_reject, t, &err) != DW_OK)
            fail_batch(t, "decoding", &err);
    }
    free_copies(t);
}

/* A record of several rows gives all of them or none. */
static void append_together(struct turn *t, const struct input *source, const dw_bytes *rows,
                            size_t count)
{
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    append_rows(t);
    if (t->lane->batch == NULL)
        return;
    status = dw_append_json(t->lane->batch->txn, rows, count, NULL, NULL, &err);
    if (status == DW_E_RECORD || status == DW_E_SCHEMA)
        reject(t, source, "decode", dw_status_name(status), err.message);
    else if (status != DW_OK)
        fail_batch(t, "decoding", &err);
}

static bool lies_in(dw_bytes row, dw_bytes whole)
{
    uintptr_t from = (uintptr_t)row.data;
    uintptr_t start = (uintptr_t)whole.data;

    return from >= start && from + row.len <= start + whole.len;
}

static void queue_row(struct turn *t, const struct input *source, dw_bytes row)
{
    if (source->rows == NULL && !lies_in(row, source->item->record.value)) {
        char *copy = need_realloc(NULL, row.len, 1);
        memcpy(copy, row.data, row.len);
        t->copies[t->n_copies++] = copy;
        row.data = copy;
    }
    t->rows[t->n_rows] = row;
    t->sources[t->n_rows++] = source;
}

/* flush.on_partition_change: the row begins another partition, so that the batch must end. */
static bool changes_partition(struct lane *lane, dw_bytes row)
{
    struct textbuf value = {0};
    bool changed;

    for (char **column = lane->partition_columns; *column != NULL; column++) {
        if (!decoder_field(row, *column, &value))
            textbuf_puts(&value, "\x01"); /* null */
        textbuf_puts(&value, "/");
    }
    changed =
        lane->partition_value.text == NULL || strcmp(value.text, lane->partition_value.text) != 0;
    if (!changed) {
        textbuf_done(&value);
        return false;
    }
    changed = lane->partition_value.text != NULL;
    textbuf_done(&lane->partition_value);
    lane->partition_value = value;
    return changed;
}

static void apply_schema(struct turn *t, const char *schema_json)
{
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    append_rows(t);
    if (t->lane->batch == NULL)
        return;
    status = dw_txn_add_columns(t->lane->batch->txn, schema_json, &err);
    if (status == DW_E_SCHEMA)
        LOG_EVENT(DW_LOG_WARN, "the records' schema does not fit the table's",
                  F_TEXT("table", t->lane->uri), F_TEXT("error", err.message));
    else if (status != DW_OK)
        fail_batch(t, "adding columns", &err);
}

/* What was told before a reset went with the batches that were dropped. */
static void apply_schemas(struct turn *t)
{
    struct lane *lane = t->lane;

    if (lane->schemas_generation == lane->generation)
        return;
    lane->schemas_generation = lane->generation;
    for (size_t i = 0; i < lane->n_schemas; i++)
        apply_schema(t, lane->schemas[i]);
}

/* The columns that records of a new schema may have. A decoder tells each schema once. */
static void add_columns(struct turn *t, const char *schema_json)
{
    struct lane *lane = t->lane;
    char *missing;

    if (schema_json == NULL || lane->config->evolution == EVOLVE_NONE)
        return;
    missing = lane_schema_missing(lane, schema_json);
    if (missing == NULL)
        return;
    lane->schemas = need_realloc(lane->schemas, lane->n_schemas + 1, sizeof(char *));
    lane->schemas[lane->n_schemas++] = missing;
    if (open_batch(t))
        apply_schema(t, missing);
}

static struct decoder *decoder_of(struct turn *t, size_t source)
{
    struct textbuf problem = {0};
    struct decoder **decoder = &t->lane->decoders[source];
    bool fresh = *decoder == NULL;

    if (*decoder == NULL)
        *decoder =
            decoder_new(&t->p->config->sources[source].records, t->p->registries[source], &problem);
    if (*decoder == NULL)
        pipeline_fail(t->p, EXIT_CODE_CONFIG, problem.text);
    else if (fresh)
        lane_schema_tell(t->lane, *decoder);
    textbuf_done(&problem);
    return *decoder;
}

/* DECODE_ROWS with what a splitter decoded before, else what the lane's own decoder says. */
static enum decode_result decode(struct turn *t, const struct input *input, struct decoded *out)
{
    struct decoder *decoder;

    *out = (struct decoded){0};
    if (input->rows != NULL) {
        out->rows = input->rows->rows;
        out->count = input->rows->count;
        out->schema_json = input->rows->schema_json;
        return DECODE_ROWS;
    }
    decoder = decoder_of(t, input->seat->source);
    if (decoder != NULL)
        return decoder_decode(decoder, &input->item->record, out);
    out->text = "no decoder";
    return DECODE_FATAL;
}

/* The batch covers the record from now on, whatever becomes of it. */
static void cover(struct turn *t, const struct input *input)
{
    struct batch *batch = t->lane->batch;
    const struct record *record = &input->item->record;

    (void)batch_cover(batch, input->seat, record->offset);
    input->seat->taken = record->offset + 1;
    batch->raw_bytes += record->value.len;
    if (record->timestamp_ms > batch->newest_ms)
        batch->newest_ms = record->timestamp_ms;
}

static void put_rows(struct turn *t, const struct input *input, const struct decoded *decoded)
{
    struct lane *lane = t->lane;

    if (lane->partition_columns != NULL && decoded->count != 0 &&
        changes_partition(lane, decoded->rows[0]) && lane->batch != NULL &&
        lane->batch->records != 0) {
        append_rows(t);
        close_batch(t, "partition");
    }
    if (!open_batch(t))
        return;
    add_columns(t, decoded->schema_json);
    if (lane->batch == NULL)
        return;
    cover(t, input);
    if (decoded->tombstone) {
        lane->batch->tombstones++;
        return;
    }
    lane->batch->records++;
    if (decoded->count == 1)
        queue_row(t, input, decoded->rows[0]);
    else if (decoded->count > 1)
        append_together(t, input, decoded->rows, decoded->count);
}

static bool is_wanted(const struct turn *t, const struct input *input)
{
    return !t->stale && input->item->epoch >= input->seat->epoch &&
           input->item->record.offset >= input->seat->taken;
}

/* False: the record is to be tried again later, and all after it. */
static bool take_record(struct turn *t, const struct input *input)
{
    struct lane *lane = t->lane;
    struct decoded decoded;

    if (!is_wanted(t, input) || !open_batch(t))
        return true;
    if (seat_is_known_bad(input->seat, input->item->record.offset)) {
        cover(t, input);
        lane->batch->records++;
        lane->batch->known_bad++;
        return true;
    }
    switch (decode(t, input, &decoded)) {
    case DECODE_ROWS:
        put_rows(t, input, &decoded);
        return true;
    case DECODE_BAD:
        cover(t, input);
        lane->batch->records++;
        reject(t, input, decoded.stage, decoded.code, decoded.text);
        return true;
    case DECODE_TRY_LATER: {
        int64_t skipped = 0;
        if (log_repeat_due(&lane->repeat, clock_monotonic_ms(), &skipped))
            LOG_EVENT(DW_LOG_WARN, "records wait to be decoded", F_TEXT("table", lane->uri),
                      F_TEXT("error", decoded.text), F_NUMBER("not_logged", skipped));
        return false;
    }
    case DECODE_FATAL:
        pipeline_fail(t->p, EXIT_CODE_RUNTIME, decoded.text);
        t->stale = true;
        return true;
    }
    return true;
}

/* A splitter says that up to there no more records come for the seat. */
static void take_advance(struct turn *t, const struct input *input)
{
    if (t->stale || input->advance <= input->seat->taken || !open_batch(t))
        return;
    (void)batch_cover(t->lane->batch, input->seat, input->advance - 1);
    input->seat->taken = input->advance;
}

static void take_request(struct turn *t, struct request *request)
{
    append_rows(t);
    close_batch(t, request->reason);
    pipeline_lock(t->p);
    t->lane->barrier = request;
    lane_go_on_locked(t->lane);
    pipeline_unlock(t->p);
}

/* From `from` on the inputs are for another turn. */
static void put_back(struct turn *t, size_t from, int64_t wait_ms)
{
    pipeline_lock(t->p);
    pipeline_put_back_locked(&t->lane->actor, t->inputs + from, t->n_inputs - from);
    if (wait_ms > 0)
        t->lane->actor.not_before_ms = clock_monotonic_ms() + wait_ms;
    pipeline_unlock(t->p);
    t->n_inputs = from;
}

/* The lane cannot take more before a job is done: a new seat is asked about, or too much is closed.
 */
static bool must_wait(struct turn *t, const struct input *input)
{
    struct lane *lane = t->lane;
    bool wait;

    pipeline_lock(t->p);
    if (input->seat != NULL && !input->seat->resolved && !lane->asks) {
        lane->asks = true;
        lane_go_on_locked(lane);
    }
    wait = lane->asks || lane->n_closed == LANE_BATCHES;
    pipeline_unlock(t->p);
    return wait;
}

static void take_inputs(struct turn *t)
{
    for (size_t i = 0; i < t->n_inputs; i++) {
        const struct input *input = &t->inputs[i];
        bool new_seat = input->seat != NULL && !input->seat->resolved;

        if ((new_seat || t->lane->partition_columns != NULL) && must_wait(t, input)) {
            append_rows(t);
            put_back(t, i, 0);
            break;
        }
        if (input->request != NULL)
            take_request(t, input->request);
        else if (input->rows != NULL && input->item == NULL)
            add_columns(t, input->rows->schema_json);
        else if (input->item == NULL)
            take_advance(t, input);
        else if (!take_record(t, input)) {
            append_rows(t);
            put_back(t, i, DECODER_WAIT_MS);
            break;
        }
    }
    append_rows(t);
    for (size_t i = 0; i < t->n_inputs; i++)
        input_done(&t->inputs[i]);
}

/* ---- when a batch closes ---- */

static bool is_full(struct turn *t)
{
    bool full;

    pipeline_lock(t->p);
    full = t->lane->n_closed == LANE_BATCHES;
    pipeline_unlock(t->p);
    return full;
}

static void close_when_due(struct turn *t)
{
    const struct flush_config *flush = &t->lane->config->flush;
    struct batch *batch = t->lane->batch;
    int64_t encoded = 0;
    int64_t size;

    if (batch == NULL)
        return;
    batch->memory = measure(batch, &encoded);
    /* What is in the buffer will be Parquet too, of some smaller size. */
    size = encoded + (int64_t)batch->memory / 4;
    if (is_full(t))
        return; /* it is closed when one of those before it is committed */
    if (flush->bytes > 0 && size >= flush->bytes)
        close_batch(t, "bytes");
    else if (flush->rows > 0 && batch->records >= flush->rows &&
             clock_monotonic_ms() >= t->last_closed_ms + t->interval_ms)
        close_batch(t, "rows");
}

/* When the open batch is over by the clock. */
static void set_deadline_locked(struct turn *t)
{
    struct lane *lane = t->lane;
    const struct flush_config *flush = &lane->config->flush;
    const struct batch *batch = lane->batch;
    int64_t earliest = t->last_closed_ms + t->interval_ms;

    lane->deadline_ms = 0;
    if (batch == NULL)
        return;
    lane->deadline_ms = batch->opened_ms + flush->age_ms;
    lane->deadline_reason = "time";
    if (flush->idle_ms > 0 && clock_monotonic_ms() + flush->idle_ms < lane->deadline_ms) {
        lane->deadline_ms = clock_monotonic_ms() + flush->idle_ms;
        lane->deadline_reason = "idle";
    }
    if (t->interval_ms > 0 && lane->deadline_ms < earliest)
        lane->deadline_ms = earliest;
    pipeline_wake_at_locked(t->p, lane->deadline_ms);
}

static void tell(struct turn *t)
{
    struct lane *lane = t->lane;
    const struct batch *batch = lane->batch;

    pipeline_lock(t->p);
    set_deadline_locked(t);
    lane->batch_bytes = batch == NULL ? 0 : batch->memory;
    lane->batch_records = batch == NULL ? 0 : batch->records;
    lane_tell_locked(lane);
    pipeline_relieve_locked(t->p);
    pipeline_unlock(t->p);
}

/* How many inputs may be taken so that the batch closes at its number of rows exactly. */
static size_t batch_room(const struct turn *t)
{
    const struct lane *lane = t->lane;
    int64_t rows = lane->config->flush.rows;
    int64_t room = rows - (lane->batch == NULL ? 0 : lane->batch->records);

    if (rows <= 0 || room >= CHUNK || t->interval_ms > 0)
        return CHUNK;
    return room < 1 ? 1 : (size_t)room;
}

/* What a reload changed, as a filter, is for decoders that are made after it. */
static void free_decoders(struct turn *t)
{
    const struct config *config = t->p->config;

    for (size_t i = 0; i < config->n_sources; i++) {
        decoder_free(t->lane->decoders[i]);
        t->lane->decoders[i] = NULL;
    }
}

static void take(struct turn *t)
{
    struct lane *lane = t->lane;
    bool reloaded;

    pipeline_lock(t->p);
    t->due = lane->due;
    lane->due = NULL;
    lane->generation = lane->newest_generation;
    reloaded = lane->reloads != t->p->synced.reloads;
    lane->reloads = t->p->synced.reloads;
    t->stale = lane->generation != lane->run_generation;
    t->interval_ms = lane_interval_ms_locked(lane);
    t->last_closed_ms = lane->last_closed_ms;
    pipeline_unlock(t->p);
    if (reloaded)
        free_decoders(t);
    if (lane->batch != NULL && lane->batch->generation != lane->generation)
        drop_batch(t);
    if (t->due != NULL)
        close_batch(t, t->due);
    pipeline_lock(t->p);
    t->n_inputs =
        lane->n_closed == LANE_BATCHES
            ? 0
            : pipeline_take_locked(&lane->actor, t->inputs, batch_room(t), t->p->chunk_bytes);
    pipeline_unlock(t->p);
}

void lane_run(struct lane *lane, struct input *inputs)
{
    struct turn *t = need_realloc(NULL, 1, sizeof(*t));

    t->lane = lane;
    t->p = lane->actor.pipeline;
    t->inputs = inputs;
    t->n_rows = t->n_copies = 0;
    take(t);
    take_inputs(t);
    close_when_due(t);
    tell(t);
    free(t);
}
