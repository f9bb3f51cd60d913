/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/dead_letters.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <deltawrite/txn.h>

#include "common/logline.h"
#include "common/memory.h"
#include "config/default_schema.h"
#include "kafka/letter_scan.h"

struct dead_letters {
    const struct service_config *config;
    dw_table *table; /* NULL: not opened, or there is none yet */
};

struct dead_letters *dead_letters_new(const struct service_config *config)
{
    struct dead_letters *letters = need_alloc(1, sizeof(*letters));

    letters->config = config;
    return letters;
}

void dead_letters_free(struct dead_letters *letters)
{
    if (letters == NULL)
        return;
    dw_table_close(letters->table);
    free(letters);
}

static dw_table_options table_options(const struct dead_letters *letters)
{
    static char component[] = "dead letters";
    dw_table_options options = DW_TABLE_OPTIONS_INIT;

    options.log = log_library;
    options.log_ctx = component;
    options.engine_info = letters->config->engine_info;
    return options;
}

/* DW_OK with letters->table NULL: there is none. */
static dw_status open_existing(struct dead_letters *letters, dw_error *err)
{
    dw_table_options options = table_options(letters);
    dw_status status;

    if (letters->table != NULL)
        return dw_table_refresh(letters->table, NULL, err);
    status = dw_table_open_uri(letters->config->dead_letter_uri, &letters->config->store_options,
                               &options, &letters->table, err);
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
    create.description = "Records that deltawrite-kafka could not decode";
    status = dw_store_open_uri(letters->config->dead_letter_uri, &letters->config->store_options,
                               &store, err);
    if (status == DW_OK)
        status = dw_table_create(store, "", &create, &options, &letters->table, err);
    dw_store_unref(store);
    if (status == DW_OK)
        LOG_EVENT(DW_LOG_INFO, "dead-letter table opened",
                  F_TEXT("table", letters->config->dead_letter_uri));
    return status;
}

static dw_status read_versions(struct dead_letters *letters,
                               const struct partition_list *partitions, dw_error *err)
{
    for (size_t i = 0; i < partitions->count; i++) {
        struct partition *p = partitions->items[i];
        dw_status status = DW_E_NOT_FOUND;

        free(p->known_bad);
        p->known_bad = NULL;
        p->n_known_bad = 0;
        p->letters = -1;
        if (letters->table != NULL)
            status = dw_table_app_version(letters->table, p->app_id, &p->letters, err);
        if (status != DW_OK && status != DW_E_NOT_FOUND &&
            (status != DW_E_EXPIRED || !letters->config->forgotten_is_new))
            return status;
    }
    return DW_OK;
}

dw_status dead_letters_resolve(struct dead_letters *letters,
                               const struct partition_list *partitions, dw_error *err)
{
    dw_status status = open_existing(letters, err);
    bool ahead = false;

    if (status == DW_OK)
        status = read_versions(letters, partitions, err);
    for (size_t i = 0; i < partitions->count && status == DW_OK; i++) {
        int64_t committed = partitions->items[i]->committed;
        ahead = ahead || partitions->items[i]->letters > (committed < 0 ? 0 : committed);
    }
    if (status == DW_OK && ahead)
        status = letter_scan(letters->table, partitions, err);
    return status;
}

static void put_binary(struct textbuf *json, const char *name, const void *data, size_t len)
{
    textbuf_printf(json, ",\"%s\":", name);
    if (data == NULL) {
        textbuf_puts(json, "null");
        return;
    }
    textbuf_puts(json, "\"");
    textbuf_base64(json, data, len);
    textbuf_puts(json, "\"");
}

/* One record of the dead-letter table; binary columns take base64. */
static void put_reject(struct textbuf *json, const struct reject *reject)
{
    textbuf_clear(json);
    textbuf_puts(json, "{\"topic\":");
    textbuf_json_string(json, reject->partition->topic, strlen(reject->partition->topic));
    textbuf_printf(json, ",\"partition\":%" PRId32 ",\"offset\":%" PRId64,
                   reject->partition->number, reject->offset);
    if (reject->timestamp_ms >= 0)
        textbuf_printf(json, ",\"timestamp\":%" PRId64, reject->timestamp_ms);
    put_binary(json, "key", reject->key, reject->key_len);
    put_binary(json, "value", reject->value, reject->value_len);
    textbuf_printf(json, ",\"error_code\":\"%s\",\"error\":", reject->code);
    textbuf_json_string(json, reject->error, strlen(reject->error));
    textbuf_puts(json, "}");
}

static dw_status append_rejects(dw_txn *txn, const struct batch *batch, dw_error *err)
{
    struct textbuf json = {0};
    dw_status status = DW_OK;

    for (size_t i = 0; i < batch->n_rejects && status == DW_OK; i++) {
        dw_bytes record;
        put_reject(&json, &batch->rejects[i]);
        record = (dw_bytes){json.text, json.len};
        status = dw_append_json(txn, &record, 1, NULL, NULL, err);
    }
    textbuf_done(&json);
    return status;
}

static bool has_rejects(const struct batch *batch, const struct partition *partition)
{
    for (size_t i = 0; i < batch->n_rejects; i++) {
        if (batch->rejects[i].partition == partition)
            return true;
    }
    return false;
}

/* It may be ahead of this batch already, and never goes back. */
static int64_t next_version(const struct batch_range *range)
{
    return range->partition->letters > range->next ? range->partition->letters : range->next;
}

dw_status dead_letters_stage(struct dead_letters *letters, const struct batch *batch,
                             dw_txn **out_txn, dw_error *err)
{
    dw_txn_options options = DW_TXN_OPTIONS_INIT;
    dw_txn *txn = NULL;
    dw_status status = open_or_create(letters, err);

    options.flags = DW_TXN_NEW_APP_IDS;
    options.operation = "STREAMING UPDATE";
    if (status == DW_OK)
        status = dw_begin(letters->table, &options, &txn, err);
    if (status == DW_OK)
        status = append_rejects(txn, batch, err);
    for (size_t i = 0; i < batch->n_ranges && status == DW_OK; i++) {
        const struct batch_range *range = &batch->ranges[i];
        if (has_rejects(batch, range->partition))
            status = dw_txn_set_app_version(txn, range->partition->app_id,
                                            range->partition->letters, next_version(range), err);
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

void dead_letters_committed(const struct batch *batch)
{
    for (size_t i = 0; i < batch->n_ranges; i++) {
        const struct batch_range *range = &batch->ranges[i];
        if (has_rejects(batch, range->partition))
            range->partition->letters = next_version(range);
    }
}
