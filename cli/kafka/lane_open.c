/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a lane's table, or makes it. A store that is down or has no bucket yet is waited for. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "config/default_schema.h"
#include "kafka/dead_letters.h"
#include "kafka/lane.h"
#include "kafka/maintainer.h"

enum { UPLOAD_THREADS = 4, LEAST_ROW_GROUP = 4 * 1024 * 1024, MOST_ROW_GROUP = 64 * 1024 * 1024 };

static const struct config *config_of(const struct lane *lane)
{
    return lane->actor.pipeline->config;
}

/* While the table is not there yet, one try is short: each gets a line of its own. */
static dw_store_options probing_options(const struct config *config)
{
    dw_store_options options = config->store_options;

    options.retry_timeout_ms = -1;
    options.request_timeout_ms = 5000;
    return options;
}

/* No transaction may take more than a share of the budget before it begins to give back. */
static dw_table_options table_options(const struct lane *lane)
{
    static char component[] = "table";
    const struct config *config = config_of(lane);
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    int64_t share = config->memory_bytes / 8;

    options.flags = maintainer_table_flags(&lane->config->maintenance);
    options.log = log_library;
    options.log_ctx = component;
    options.engine_info = config->engine_info;
    options.target_file_bytes = lane->config->target_file_bytes;
    options.row_group_bytes = share < LEAST_ROW_GROUP  ? LEAST_ROW_GROUP
                              : share > MOST_ROW_GROUP ? MOST_ROW_GROUP
                                                       : share;
    options.partition_buffer_bytes = config->memory_bytes / 4;
    options.upload_threads = UPLOAD_THREADS;
    return options;
}

/* ---- the schema of a table that is made ---- */

static const char *type_of(const struct lane *lane, const char *column)
{
    const struct config *config = config_of(lane);

    for (size_t i = 0; i < config->n_sources; i++) {
        const struct source_config *source = &config->sources[i];
        if (&config->tables[source->table] != lane->config)
            continue;
        for (size_t k = 0; k < source->records.n_columns; k++) {
            const struct column_config *c = &source->records.columns[k];
            if (strcasecmp(c->name, column) == 0 && c->type != NULL)
                return c->type;
            if (strcasecmp(c->name, column) == 0 && c->function == COLUMN_DATE)
                return "date";
            if (strcasecmp(c->name, column) == 0 && c->function >= COLUMN_YEAR &&
                c->function <= COLUMN_HOUR)
                return "integer";
        }
    }
    return "string";
}

/* Without a schema the table begins with the columns that it is partitioned by; the others come
 * with the first records. */
static void put_first_columns(const struct lane *lane, struct textbuf *out)
{
    const struct text_list *columns = &lane->config->partition_by;

    textbuf_puts(out, "{\"type\":\"struct\",\"fields\":[");
    for (size_t i = 0; i < columns->count; i++) {
        const char *type = type_of(lane, columns->items[i]);
        textbuf_puts(out, i == 0 ? "{\"name\":" : ",{\"name\":");
        textbuf_json_string(out, columns->items[i], strlen(columns->items[i]));
        textbuf_puts(out, ",\"type\":");
        textbuf_json_string(out, type, strlen(type));
        textbuf_puts(out, ",\"nullable\":true,\"metadata\":{}}");
    }
    textbuf_puts(out, "]}");
}

static dw_status make(struct lane *lane, dw_store *store, const dw_table_options *options,
                      dw_table **out_table, dw_error *err)
{
    const struct table_config *config = lane->config;
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_property *properties = need_alloc(config->properties.count, sizeof(*properties));
    struct textbuf schema = {0};
    dw_status status;

    for (size_t i = 0; i < config->properties.count; i++)
        properties[i] =
            (dw_property){config->properties.items[i].key, config->properties.items[i].value};
    create.flags = DW_CREATE_IF_MISSING;
    if (lane->letters) {
        create.schema_json = DEAD_LETTER_SCHEMA;
        create.description = DEAD_LETTER_DESCRIPTION;
    } else {
        put_first_columns(lane, &schema);
        create.schema_json = config->schema_json != NULL ? config->schema_json : schema.text;
        create.partition_columns = (const char *const *)config->partition_by.items;
        create.n_partition_columns = config->partition_by.count;
        create.properties = properties;
        create.n_properties = config->properties.count;
    }
    status = dw_table_create(store, "", &create, options, out_table, err);
    textbuf_done(&schema);
    free(properties);
    return status;
}

/* A table that cannot be appended to says so at the start, not when the first message has come. */
static dw_status refuses_rows(dw_table *table, dw_error *err)
{
    dw_txn *txn = NULL;
    dw_status status = dw_begin(table, NULL, &txn, err);

    dw_txn_close(txn);
    return status;
}

static dw_status open_once(struct lane *lane, const dw_store_options *store_opts,
                           dw_table **out_table, dw_error *err)
{
    dw_table_options options = table_options(lane);
    dw_store *store = NULL;
    dw_status status = dw_store_open_uri(lane->uri, store_opts, &store, err);

    if (status == DW_OK && (lane->config->create || lane->letters))
        status = make(lane, store, &options, out_table, err);
    else if (status == DW_OK)
        status = dw_table_open(store, "", &options, out_table, err);
    dw_store_unref(store);
    if (status == DW_OK && (status = refuses_rows(*out_table, err)) != DW_OK) {
        dw_table_close(*out_table);
        *out_table = NULL;
    }
    return status;
}

static bool is_remote(const struct lane *lane)
{
    return strncasecmp(lane->uri, "s3", 2) == 0;
}

/* A store that is down, throttles or has no bucket yet comes up; the rest wants a person. */
static bool may_come(const struct lane *lane, const dw_error *err)
{
    switch (err->code) {
    case DW_E_IO:
        return err->retryable || is_remote(lane);
    case DW_E_NOT_FOUND:
        return is_remote(lane);
    case DW_E_THROTTLED:
    case DW_E_UNKNOWN:
    case DW_E_EXISTS:
    case DW_E_CONFLICT:
        return true;
    default:
        return err->retryable;
    }
}

static const char *what_is_missing(const struct lane *lane, const dw_error *err)
{
    if (err->code != DW_E_NOT_FOUND)
        return "waiting for the table's store";
    return lane->config->create ? "waiting for the bucket" : "waiting for the table";
}

/* flush.on_partition_change: the columns that the table has in fact. */
static dw_status find_partition_columns(struct lane *lane, dw_error *err)
{
    dw_snapshot_info info = DW_SNAPSHOT_INFO_INIT;
    dw_snapshot *snapshot = NULL;
    dw_status status;

    if (!lane->config->flush.on_partition_change || lane->letters)
        return DW_OK;
    status = dw_snapshot_open(lane->table, -1, &snapshot, err);
    if (status == DW_OK)
        status = dw_snapshot_get_info(snapshot, &info, err);
    if (status == DW_OK && info.n_partition_columns != 0) {
        lane->partition_columns = need_alloc(info.n_partition_columns + 1, sizeof(char *));
        for (size_t i = 0; i < info.n_partition_columns; i++)
            lane->partition_columns[i] = need_strdup(info.partition_columns[i]);
    }
    dw_snapshot_close(snapshot);
    return status;
}

static int64_t wait_for_it(struct lane *lane, const dw_error *err)
{
    enum { LAST_WAIT_MS = 10000 };
    int64_t now = clock_monotonic_ms();
    int64_t wait_ms = retry_wait_ms(lane->open_attempts++);

    if (lane->first_try_ms == 0)
        lane->first_try_ms = now;
    wait_ms = wait_ms < LAST_WAIT_MS ? wait_ms : LAST_WAIT_MS;
    LOG_EVENT(DW_LOG_WARN, what_is_missing(lane, err), F_TEXT("table", lane->uri),
              F_TEXT("endpoint", is_remote(lane) ? config_of(lane)->aws.endpoint : NULL),
              F_TEXT("error", err->message),
              F_NUMBER("waited_s", (now - lane->first_try_ms) / 1000),
              F_NUMBER("next_try_in_s", wait_ms / 1000));
    pipeline_lock(lane->actor.pipeline);
    lane_note_error_locked(lane, err->message);
    pipeline_unlock(lane->actor.pipeline);
    return wait_ms;
}

static void fail_open(struct lane *lane, const dw_error *err)
{
    struct textbuf reason = {0};

    textbuf_printf(&reason, "%s: %s", lane->uri, err->message);
    pipeline_fail(lane->actor.pipeline,
                  err->code == DW_E_NOMEM ? EXIT_CODE_RUNTIME : EXIT_CODE_CONFIG, reason.text);
    textbuf_done(&reason);
}

static void opened(struct lane *lane)
{
    struct pipeline *p = lane->actor.pipeline;

    LOG_EVENT(DW_LOG_INFO, "table open", F_TEXT("table", lane->uri),
              F_NUMBER("version", dw_table_version(lane->table)));
    maintainer_add(p->maintainer, lane->table, lane->uri, &lane->config->maintenance);
    pipeline_lock(p);
    lane->is_open = true;
    lane_note_error_locked(lane, NULL);
    lane_go_on_locked(lane);
    pipeline_wake_locked(&lane->actor);
    pipeline_changed_locked(p);
    pipeline_unlock(p);
}

int64_t lane_open(struct lane *lane)
{
    const struct config *config = config_of(lane);
    dw_store_options options = probing_options(config);
    dw_table *probe = NULL;
    dw_error err = DW_ERROR_INIT;
    dw_status status = open_once(lane, &options, &probe, &err);

    if (status != DW_OK && may_come(lane, &err))
        return wait_for_it(lane, &err);
    /* The table is there: from now on the store may try longer before it tells. */
    dw_table_close(probe);
    if (status == DW_OK)
        status = open_once(lane, &config->store_options, &lane->table, &err);
    if (status == DW_OK)
        status = find_partition_columns(lane, &err);
    if (status != DW_OK) {
        fail_open(lane, &err);
        return -1;
    }
    if (!lane->letters)
        lane->dead = dead_letters_new(lane);
    opened(lane);
    return -1;
}
