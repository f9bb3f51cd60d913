/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/dead_letters.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <deltawrite/txn.h>

#include "common/logline.h"
#include "common/memory.h"
#include "config/default_schema.h"
#include "kafka/lane.h"
#include "kafka/letter_scan.h"
#include "kafka/letter_topic.h"
#include "ops/metrics.h"

struct dead_letters {
    struct lane *lane;
    char *uri;       /* NULL: no table is wanted */
    dw_table *table; /* NULL: not opened, or there is none yet */
};

static const struct config *config_of(const struct dead_letters *letters)
{
    return letters->lane->actor.pipeline->config;
}

struct dead_letters *dead_letters_new(struct lane *lane)
{
    struct dead_letters *letters = need_alloc(1, sizeof(*letters));

    letters->lane = lane;
    if (lane->config->bad.policy == BAD_TO_TABLE)
        letters->uri = need_strdup(lane->letters_uri);
    return letters;
}

void dead_letters_free(struct dead_letters *letters)
{
    if (letters == NULL)
        return;
    dw_table_close(letters->table);
    free(letters->uri);
    free(letters);
}

static dw_table_options table_options(const struct dead_letters *letters)
{
    static char component[] = "dead letters";
    dw_table_options options = DW_TABLE_OPTIONS_INIT;

    options.log = log_library;
    options.log_ctx = component;
    options.engine_info = config_of(letters)->engine_info;
    return options;
}

/* DW_OK with letters->table NULL: there is none. */
static dw_status open_existing(struct dead_letters *letters, dw_error *err)
{
    dw_table_options options = table_options(letters);
    dw_status status;

    if (letters->table != NULL)
        return dw_table_refresh(letters->table, NULL, err);
    status = dw_table_open_uri(letters->uri, &config_of(letters)->store_options, &options,
                               &letters->table, err);
    return status == DW_E_NOT_FOUND ? DW_OK : status;
}

static dw_status open_or_create(struct dead_letters *letters, dw_error *err)
{
    dw_table_options options = table_options(letters);
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_store *store = NULL;
    dw_status status;

    if (letters->table != NULL)
        return DW_OK;
    create.flags = DW_CREATE_IF_MISSING;
    create.schema_json = DEAD_LETTER_SCHEMA;
    create.description = DEAD_LETTER_DESCRIPTION;
    status = dw_store_open_uri(letters->uri, &config_of(letters)->store_options, &store, err);
    if (status == DW_OK)
        status = dw_table_create(store, "", &create, &options, &letters->table, err);
    dw_store_unref(store);
    if (status == DW_OK)
        LOG_EVENT(DW_LOG_INFO, "dead-letter table opened", F_TEXT("table", letters->uri));
    return status;
}

static dw_status read_versions(struct dead_letters *letters, struct seat *const *seats,
                               size_t count, dw_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct seat *seat = seats[i];
        dw_status status = DW_E_NOT_FOUND;

        free(seat->known_bad);
        seat->known_bad = NULL;
        seat->n_known_bad = 0;
        seat->letters = -1;
        if (letters->table != NULL)
            status =
                dw_table_app_version(letters->table, seat->letters_app_id, &seat->letters, err);
        if (status != DW_OK && status != DW_E_NOT_FOUND &&
            (status != DW_E_EXPIRED || !config_of(letters)->run.forgotten_is_new))
            return status;
    }
    return DW_OK;
}

dw_status dead_letters_resolve(struct dead_letters *letters, struct seat *const *seats,
                               size_t count, dw_error *err)
{
    dw_status status;
    bool ahead = false;

    if (letters == NULL || letters->uri == NULL)
        return DW_OK;
    status = open_existing(letters, err);
    if (status == DW_OK)
        status = read_versions(letters, seats, count, err);
    for (size_t i = 0; i < count && status == DW_OK; i++) {
        int64_t committed = seats[i]->committed;
        ahead = ahead || seats[i]->letters > (committed < 0 ? 0 : committed);
    }
    if (status == DW_OK && ahead)
        status = letter_scan(letters->table, letters->lane->uri, seats, count, err);
    return status;
}

static void put_binary(struct textbuf *json, const char *name, dw_bytes value)
{
    textbuf_printf(json, ",\"%s\":", name);
    if (value.data == NULL) {
        textbuf_puts(json, "null");
        return;
    }
    textbuf_puts(json, "\"");
    textbuf_base64(json, value.data, value.len);
    textbuf_puts(json, "\"");
}

/* Headers as JSON text, [["name","base64"],...]: names may come more than once. */
static void put_headers(struct textbuf *json, const struct record *record)
{
    struct textbuf text = {0};

    textbuf_puts(&text, "[");
    for (size_t i = 0; i < record->n_headers; i++) {
        const struct record_header *header = &record->headers[i];
        textbuf_puts(&text, i == 0 ? "[" : ",[");
        textbuf_json_string(&text, header->name, strlen(header->name));
        textbuf_puts(&text, header->value.data == NULL ? ",null" : ",\"");
        if (header->value.data != NULL)
            textbuf_base64(&text, header->value.data, header->value.len);
        textbuf_puts(&text, header->value.data == NULL ? "]" : "\"]");
    }
    textbuf_puts(&text, "]");
    textbuf_puts(json, ",\"headers\":");
    textbuf_json_string(json, text.text, text.len);
    textbuf_done(&text);
}

void dead_letter_row(const struct record *record, const char *table, const char *stage,
                     const char *code, const char *error, struct textbuf *out)
{
    textbuf_puts(out, "{\"topic\":");
    textbuf_json_string(out, record->topic, strlen(record->topic));
    textbuf_printf(out, ",\"partition\":%" PRId32 ",\"offset\":%" PRId64, record->partition,
                   record->offset);
    if (record->timestamp_ms >= 0)
        textbuf_printf(out, ",\"timestamp\":%" PRId64, record->timestamp_ms);
    put_binary(out, "key", record->key);
    put_binary(out, "value", record->value);
    textbuf_puts(out, ",\"error_code\":");
    textbuf_json_string(out, code, strlen(code));
    textbuf_puts(out, ",\"error\":");
    textbuf_json_string(out, error, strlen(error));
    /* These columns come with the first record that needs them. */
    if (table != NULL) {
        textbuf_puts(out, ",\"table\":");
        textbuf_json_string(out, table, strlen(table));
    }
    if (strcmp(stage, "decode") != 0 && strcmp(stage, "payload") != 0) {
        textbuf_puts(out, ",\"stage\":");
        textbuf_json_string(out, stage, strlen(stage));
    }
    if (record->n_headers != 0)
        put_headers(out, record);
    textbuf_puts(out, "}");
}

static dw_status append_rejects(dw_txn *txn, const char *table, const struct batch *batch,
                                dw_error *err)
{
    struct textbuf json = {0};
    dw_status status = DW_OK;

    for (size_t i = 0; i < batch->n_rejects && status == DW_OK; i++) {
        const struct reject *reject = &batch->rejects[i];
        dw_bytes record;
        textbuf_clear(&json);
        dead_letter_row(&reject->item->record, reject->seat->shared ? table : NULL, reject->stage,
                        reject->code, reject->error, &json);
        record = (dw_bytes){json.text, json.len};
        status = dw_append_json(txn, &record, 1, NULL, NULL, err);
    }
    textbuf_done(&json);
    return status;
}

/* It may be ahead of this batch already, and never goes back. */
static int64_t next_version(const struct batch_range *range)
{
    return range->seat->letters > range->next ? range->seat->letters : range->next;
}

/* Ranges of seats with rejects in this batch; batch->ranges says how many of each. */
static dw_status stage(struct dead_letters *letters, const struct batch *batch, dw_txn **out_txn,
                       dw_error *err)
{
    dw_txn_options options = DW_TXN_OPTIONS_INIT;
    dw_txn *txn = NULL;
    dw_status status = open_or_create(letters, err);

    options.flags = DW_TXN_NEW_APP_IDS | DW_TXN_ADD_COLUMNS;
    options.operation = "STREAMING UPDATE";
    if (status == DW_OK)
        status = dw_begin(letters->table, &options, &txn, err);
    if (status == DW_OK)
        status = append_rejects(txn, letters->lane->uri, batch, err);
    for (size_t i = 0; i < batch->n_ranges && status == DW_OK; i++) {
        const struct batch_range *range = &batch->ranges[i];
        if (range->rejected != 0)
            status = dw_txn_set_app_version(txn, range->seat->letters_app_id, range->seat->letters,
                                            next_version(range), err);
    }
    if (status == DW_OK)
        status = dw_txn_flush(txn, err);
    if (status != DW_OK) {
        dw_txn_close(txn);
        return status;
    }
    *out_txn = txn;
    return DW_OK;
}

static dw_status to_table(struct dead_letters *letters, struct batch *batch, dw_error *err)
{
    int64_t version = 0;
    dw_status status = DW_OK;

    if (batch->letters_txn == NULL)
        status = stage(letters, batch, &batch->letters_txn, err);
    if (status == DW_OK)
        status = dw_commit(batch->letters_txn, &version, err);
    if (status != DW_OK)
        return status;
    dw_txn_close(batch->letters_txn);
    batch->letters_txn = NULL;
    for (size_t i = 0; i < batch->n_ranges; i++) {
        if (batch->ranges[i].rejected != 0)
            batch->ranges[i].seat->letters = next_version(&batch->ranges[i]);
    }
    LOG_EVENT(DW_LOG_INFO, "dead letters committed", F_TEXT("table", letters->uri),
              F_NUMBER("version", version), F_NUMBER("rows", (int64_t)batch->n_rejects),
              F_TEXT("first_error", batch->rejects[0].error));
    return DW_OK;
}

dw_status dead_letters_keep(struct dead_letters *letters, struct batch *batch, dw_error *err)
{
    bool topic = letters != NULL && letters->lane->config->bad.policy == BAD_TO_TOPIC;
    dw_status status = DW_OK;

    if (letters != NULL && batch->n_rejects != 0 && !batch->letters_done) {
        status =
            topic ? letter_topic_send(letters->lane, batch, err) : to_table(letters, batch, err);
        if (status == DW_OK)
            metric_add(metric_series(METRIC_DLQ_RECORDS, METRIC_LABELS(topic ? "topic" : "table")),
                       (double)batch->n_rejects);
    }
    batch->letters_done = status == DW_OK;
    return status;
}
