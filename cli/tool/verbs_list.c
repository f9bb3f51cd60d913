/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs that print a list: as a table for people, as a JSON array for programs. */
#include "tool/verbs.h"

#include <stdio.h>
#include <string.h>

#include "common/text_table.h"
#include "tool/json_out.h"
#include "tool/look.h"
#include "tool/present.h"

/* Where rows go: one of the two, by --json. */
struct listing {
    bool json;
    cJSON *array;
    struct text_table table;
};

static void listing_init(struct listing *l, bool json, size_t n_columns, const char *const *headers)
{
    l->json = json;
    l->array = cJSON_CreateArray();
    text_table_init(&l->table, n_columns, headers);
}

/* Print (unless `code` is an exit code already) and free. */
static int listing_done(struct listing *l, int code)
{
    if (code < 0 && l->json) {
        code = print_json(l->array);
        l->array = NULL;
    } else if (code < 0) {
        text_table_print(&l->table, "", 0, stdout);
        code = 0;
    }
    cJSON_Delete(l->array);
    text_table_done(&l->table);
    return code;
}

static dw_status history_json(void *ctx, const dw_history_entry *e, dw_error *err)
{
    cJSON *item = cJSON_CreateObject();

    (void)err;
    add_i64(item, "version", e->version);
    add_i64(item, "timestamp", e->timestamp_ms);
    add_text(item, "operation", e->operation);
    add_raw(item, "operationParameters", e->operation_parameters_json);
    add_raw(item, "operationMetrics", e->operation_metrics_json);
    add_text(item, "engineInfo", e->engine_info);
    if (e->is_blind_append < 0)
        add_raw(item, "isBlindAppend", NULL);
    else
        (void)cJSON_AddBoolToObject(item, "isBlindAppend", e->is_blind_append);
    (void)cJSON_AddItemToArray(((struct listing *)ctx)->array, item);
    return DW_OK;
}

/* What operations call the same thing. */
static const char *const rows_added[] = {"numOutputRows", "numTargetRowsInserted", NULL};
static const char *const rows_gone[] = {"numDeletedRows", "numTargetRowsDeleted", NULL};
static const char *const files_added[] = {"numFiles", "numAddedFiles", "numRestoredFiles",
                                          "numTargetFilesAdded", NULL};
static const char *const files_gone[] = {"numRemovedFiles", "numTargetFilesRemoved",
                                         "numDeletedFiles", NULL};

/* The first of the metrics that an operation has; NULL: none of them. */
static const char *metric_of(const cJSON *metrics, const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(metrics, *keys));
        if (text != NULL)
            return text;
    }
    return NULL;
}

/* "3", or "-90 +3" when some went; a zero beside another number says nothing. */
static void cell_of_metrics(struct text_table *t, const cJSON *metrics, const char *const *added,
                            const char *const *gone)
{
    const char *more = metric_of(metrics, added);
    const char *less = metric_of(metrics, gone);
    struct textbuf cell = {0};

    if (less != NULL && strcmp(less, "0") != 0)
        textbuf_printf(&cell, "-%s", less);
    if (more != NULL && (cell.len == 0 || strcmp(more, "0") != 0))
        textbuf_printf(&cell, cell.len == 0 ? "%s" : " +%s", more);
    text_table_cell(t, cell.text);
    textbuf_done(&cell);
}

static dw_status history_text(void *ctx, const dw_history_entry *e, dw_error *err)
{
    struct text_table *t = &((struct listing *)ctx)->table;
    cJSON *metrics =
        e->operation_metrics_json == NULL ? NULL : cJSON_Parse(e->operation_metrics_json);
    struct textbuf time = {0};

    (void)err;
    textbuf_time(&time, e->timestamp_ms);
    text_table_cell_i64(t, e->version);
    text_table_cell(t, time.text);
    text_table_cell(t, e->operation);
    cell_of_metrics(t, metrics, rows_added, rows_gone);
    cell_of_metrics(t, metrics, files_added, files_gone);
    text_table_cell(t, e->engine_info);
    textbuf_done(&time);
    cJSON_Delete(metrics);
    return DW_OK;
}

int verb_history(const struct verb *verb, int argc, char **argv)
{
    static const char *const headers[] = {">version", "time",   "operation",
                                          ">rows",    ">files", "engine"};
    struct look look = LOOK_INIT;
    const struct arg_spec specs[] = {
        {"--limit", "N", ARG_COUNT, &look.limit, "the newest N commits (default: all)"},
        OPT_JSON(look),
        OPT_END};
    struct target t = {0};
    struct listing l;
    dw_error err = DW_ERROR_INIT;
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    listing_init(&l, look.json, 6, headers);
    if (code < 0)
        code = target_open(&t, look.args.items[0]);
    if (code < 0 && look.limit != 0 &&
        dw_table_history(t.table, look.limit < 0 ? 0 : look.limit,
                         look.json ? history_json : history_text, &l, &err) != DW_OK)
        code = fail_at(t.uri, &err);
    code = listing_done(&l, code);
    target_close(&t);
    arg_list_free(&look.args);
    return code;
}

static dw_status files_json(void *ctx, const dw_file *f, dw_error *err)
{
    cJSON *item = cJSON_CreateObject();
    cJSON *values;

    (void)err;
    add_text(item, "path", f->path);
    add_i64(item, "size", f->size);
    add_i64(item, "modificationTime", f->modification_time_ms);
    add_i64_or_null(item, "numRecords", f->num_records);
    values = cJSON_AddObjectToObject(item, "partitionValues");
    for (size_t i = 0; i < f->n_partition_values; i++)
        add_text(values, f->partition_values[i].key, f->partition_values[i].value);
    add_i64(item, "deletedRows", f->deleted_rows);
    add_text(item, "stats", f->stats_json);
    (void)cJSON_AddItemToArray(((struct listing *)ctx)->array, item);
    return DW_OK;
}

static dw_status files_text(void *ctx, const dw_file *f, dw_error *err)
{
    struct text_table *t = &((struct listing *)ctx)->table;
    struct textbuf cell = {0};

    (void)err;
    append_size(&cell, f->size);
    text_table_cell(t, cell.text);
    cell.len = 0;
    textbuf_time(&cell, f->modification_time_ms);
    text_table_cell(t, cell.text);
    if (f->num_records < 0)
        text_table_cell(t, NULL);
    else
        text_table_cell_i64(t, f->num_records - f->deleted_rows);
    text_table_cell(t, f->path);
    textbuf_done(&cell);
    return DW_OK;
}

static dw_status txns_json(void *ctx, const dw_app_txn *txn, dw_error *err)
{
    cJSON *item = cJSON_CreateObject();

    (void)err;
    add_text(item, "appId", txn->app_id);
    add_i64(item, "version", txn->version);
    add_i64_or_null(item, "lastUpdated", txn->last_updated_ms);
    (void)cJSON_AddItemToArray(((struct listing *)ctx)->array, item);
    return DW_OK;
}

static dw_status txns_text(void *ctx, const dw_app_txn *txn, dw_error *err)
{
    struct text_table *t = &((struct listing *)ctx)->table;
    struct textbuf time = {0};

    (void)err;
    text_table_cell(t, txn->app_id);
    text_table_cell_i64(t, txn->version);
    if (txn->last_updated_ms >= 0)
        textbuf_time(&time, txn->last_updated_ms);
    text_table_cell(t, time.text);
    textbuf_done(&time);
    return DW_OK;
}

/* What a snapshot can list. */
typedef dw_status list_fn(dw_snapshot *snapshot, struct listing *listing, dw_error *err);

static dw_status list_files(dw_snapshot *snapshot, struct listing *l, dw_error *err)
{
    return dw_snapshot_files(snapshot, l->json ? files_json : files_text, l, err);
}

static dw_status list_txns(dw_snapshot *snapshot, struct listing *l, dw_error *err)
{
    return dw_snapshot_txns(snapshot, l->json ? txns_json : txns_text, l, err);
}

static int list_snapshot(const struct verb *verb, int argc, char **argv, size_t n_columns,
                         const char *const *headers, list_fn *list)
{
    struct look look = LOOK_INIT;
    const struct arg_spec specs[] = {OPT_VERSION(look), OPT_TIMESTAMP(look), OPT_JSON(look),
                                     OPT_END};
    struct target t = {0};
    struct listing l;
    dw_error err = DW_ERROR_INIT;
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    listing_init(&l, look.json, n_columns, headers);
    if (code < 0)
        code = target_open_snapshot(&t, look.args.items[0], look.version, look.timestamp);
    if (code < 0 && list(t.snapshot, &l, &err) != DW_OK)
        code = fail_at(t.uri, &err);
    code = listing_done(&l, code);
    target_close(&t);
    arg_list_free(&look.args);
    return code;
}

int verb_files(const struct verb *verb, int argc, char **argv)
{
    static const char *const headers[] = {">size", "modified", ">rows", "path"};

    return list_snapshot(verb, argc, argv, 4, headers, list_files);
}

int verb_txns(const struct verb *verb, int argc, char **argv)
{
    static const char *const headers[] = {"app id", ">version", "last updated"};

    return list_snapshot(verb, argc, argv, 3, headers, list_txns);
}
