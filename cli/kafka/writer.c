/* SPDX-License-Identifier: Apache-2.0 */
/* The writer thread: records into transactions, transactions into batches with uploaded files. */
#include "kafka/pipeline.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/logline.h"

enum { CHUNK = 1024 };

struct writer {
    struct pipeline *pipeline;
    struct batch *batch; /* open; NULL: none */
    uint64_t generation; /* current when the inputs were taken */
    struct input inputs[CHUNK];
    /* Records of inputs[] that wait to be decoded by one call. */
    dw_bytes records[CHUNK];
    const struct input *sources[CHUNK];
    size_t n_records;
};

static void drop_batch(struct writer *w)
{
    batch_free(w->batch);
    w->batch = NULL;
    w->n_records = 0;
}

/* The batch cannot be finished. What it had is read again, unless that is of no use. */
static void fail_batch(struct writer *w, const char *doing, const dw_error *err)
{
    uint64_t generation = w->batch->generation;

    drop_batch(w);
    if (err->code == DW_E_UNSUPPORTED)
        pipeline_fail(w->pipeline, EXIT_CODE_CONFIG, err->message);
    else if (err->code == DW_E_DENIED || err->code == DW_E_CORRUPT || err->code == DW_E_ARG)
        pipeline_fail(w->pipeline, EXIT_CODE_RUNTIME, err->message);
    else if (pipeline_is_current(w->pipeline, generation)) {
        LOG_EVENT(DW_LOG_WARN, "batch dropped, its records are read again", F_TEXT("while", doing),
                  F_TEXT("error", err->message), F_TEXT("code", dw_status_name(err->code)));
        pipeline_retry(w->pipeline, generation, false);
    }
}

static bool open_batch(struct writer *w)
{
    dw_txn_options options = DW_TXN_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;

    if (w->batch != NULL)
        return true;
    options.flags = DW_TXN_ADD_COLUMNS | DW_TXN_NEW_APP_IDS; /* as found on assignment */
    options.operation = "STREAMING UPDATE";
    w->batch = batch_new(w->generation, clock_monotonic_ms());
    if (dw_begin(w->pipeline->table, &options, &w->batch->txn, &err) == DW_OK)
        return true;
    fail_batch(w, "beginning a transaction", &err);
    return false;
}

static dw_status on_reject(void *ctx, size_t index, dw_bytes record, const dw_error *error)
{
    struct writer *w = ctx;
    const struct input *source = w->sources[index];

    (void)record;
    batch_reject(w->batch, source->partition, source->message, error);
    return DW_OK;
}

static void append_records(struct writer *w)
{
    dw_error err = DW_ERROR_INIT;
    size_t count = w->n_records;

    w->n_records = 0;
    if (count == 0)
        return;
    assert(w->batch != NULL); /* take_record() opens one before it queues a record */
    if (dw_append_json(w->batch->txn, w->records, count, on_reject, w, &err) != DW_OK)
        fail_batch(w, "decoding", &err);
}

/* The transaction says which offsets it stands for; see invariant 2 of pipeline.h. */
static dw_status set_app_versions(struct batch *batch, dw_error *err)
{
    dw_status status = DW_OK;

    for (size_t i = 0; i < batch->n_ranges && status == DW_OK; i++) {
        const struct batch_range *range = &batch->ranges[i];
        status = dw_txn_set_app_version(batch->txn, range->partition->app_id,
                                        range->partition->staged, range->next, err);
    }
    return status;
}

static void close_batch(struct writer *w, const char *reason)
{
    struct batch *batch = w->batch;
    dw_error err = DW_ERROR_INIT;

    if (batch == NULL)
        return;
    if (!pipeline_is_current(w->pipeline, batch->generation)) {
        drop_batch(w);
        return;
    }
    batch->reason = reason;
    if (set_app_versions(batch, &err) != DW_OK || dw_txn_flush(batch->txn, &err) != DW_OK) {
        fail_batch(w, "uploading", &err);
        return;
    }
    for (size_t i = 0; i < batch->n_ranges; i++)
        batch->ranges[i].partition->staged = batch->ranges[i].next;
    w->batch = NULL;
    if (!pipeline_put_work(w->pipeline, (struct work){batch, NULL}))
        batch_free(batch);
}

static void take_record(struct writer *w, const struct input *input)
{
    const rd_kafka_message_t *message = input->message;
    struct batch_range *range;

    if (input->generation != w->generation || !open_batch(w))
        return;
    range = batch_cover(w->batch, input->partition, message->offset);
    w->batch->raw_bytes += message->len;
    if (message->len == 0) {
        w->batch->tombstones++;
        return;
    }
    w->batch->records++;
    if (partition_is_known_bad(input->partition, message->offset)) {
        w->batch->known_bad++;
        range->rejected++;
        return;
    }
    w->records[w->n_records] = (dw_bytes){message->payload, message->len};
    w->sources[w->n_records++] = input;
}

static void take_request(struct writer *w, struct request *request)
{
    append_records(w);
    close_batch(w, request->kind == REQUEST_DRAIN ? "drain" : "assignment");
    if (!pipeline_put_work(w->pipeline, (struct work){NULL, request}))
        pipeline_request_done(w->pipeline, request, false);
}

static void take_inputs(struct writer *w, size_t count)
{
    if (w->batch != NULL && w->batch->generation != w->generation)
        drop_batch(w);
    for (size_t i = 0; i < count; i++) {
        if (w->inputs[i].request != NULL)
            take_request(w, w->inputs[i].request);
        else
            take_record(w, &w->inputs[i]);
    }
    append_records(w);
    for (size_t i = 0; i < count; i++) {
        if (w->inputs[i].message != NULL)
            rd_kafka_message_destroy(w->inputs[i].message);
    }
}

static int64_t batch_deadline(const struct writer *w)
{
    return w->batch == NULL ? 0 : w->batch->opened_ms + w->pipeline->config->batch_timeout_ms;
}

/* How many inputs may be taken so that the batch closes at BATCH_SIZE records exactly. */
static size_t batch_room(const struct writer *w)
{
    int64_t room = w->pipeline->config->batch_rows - (w->batch == NULL ? 0 : w->batch->records);

    return room < CHUNK ? (size_t)room : CHUNK;
}

static void close_when_due(struct writer *w)
{
    if (w->batch == NULL)
        return;
    if (w->batch->records >= w->pipeline->config->batch_rows)
        close_batch(w, "rows");
    else if (w->batch->raw_bytes >= BATCH_MAX_BYTES)
        close_batch(w, "bytes");
    else if (clock_monotonic_ms() >= batch_deadline(w))
        close_batch(w, "time");
}

void *writer_main(void *arg)
{
    struct writer *w = calloc(1, sizeof(*w));
    size_t count = 0;

    if (w == NULL) {
        pipeline_fail(arg, EXIT_CODE_RUNTIME, "writer: out of memory");
        return NULL;
    }
    w->pipeline = arg;
    while (pipeline_take_input(w->pipeline, w->inputs, batch_room(w), batch_deadline(w), &count,
                               &w->generation)) {
        take_inputs(w, count);
        close_when_due(w);
    }
    drop_batch(w);
    free(w);
    return NULL;
}
