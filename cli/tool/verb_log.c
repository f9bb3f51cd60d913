/* SPDX-License-Identifier: Apache-2.0 */
/* deltawrite log: what lies in a table's log, and what one commit says. */
#include "tool/verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/text_table.h"
#include "common/textbuf.h"
#include "tool/json_out.h"
#include "tool/look.h"
#include "tool/present.h"

static const char *const kinds[] = {
    [DW_LOG_OTHER] = "other",           [DW_LOG_COMMIT] = "commit",
    [DW_LOG_CHECKPOINT] = "checkpoint", [DW_LOG_CHECKSUM] = "checksum",
    [DW_LOG_COMPACTED] = "compacted",   [DW_LOG_SIDECAR] = "sidecar",
};

struct log_list {
    cJSON *array; /* NULL: the table */
    struct text_table table;
};

static dw_status take_file(void *ctx, const dw_log_file *f, dw_error *err)
{
    struct log_list *list = ctx;
    struct textbuf cell = {0};

    (void)err;
    if (list->array != NULL) {
        cJSON *item = cJSON_CreateObject();
        add_text(item, "name", f->name);
        add_text(item, "kind", kinds[f->kind]);
        add_i64_or_null(item, "version", f->version);
        add_i64_or_null(item, "lastVersion", f->last_version);
        add_i64(item, "size", f->size);
        add_i64(item, "modificationTime", f->modified_ms);
        (void)cJSON_AddItemToArray(list->array, item);
        return DW_OK;
    }
    if (f->version < 0)
        text_table_cell(&list->table, NULL);
    else
        text_table_cell_i64(&list->table, f->version);
    text_table_cell(&list->table, kinds[f->kind]);
    append_size(&cell, f->size);
    text_table_cell(&list->table, cell.text);
    cell.len = 0;
    textbuf_time(&cell, f->modified_ms);
    text_table_cell(&list->table, cell.text);
    text_table_cell(&list->table, f->name);
    textbuf_done(&cell);
    return DW_OK;
}

static int list_log(struct target *t, bool json)
{
    static const char *const headers[] = {">version", "kind", ">size", "modified", "name"};
    struct log_list list = {json ? cJSON_CreateArray() : NULL, {0}};
    dw_error err = DW_ERROR_INIT;
    int code = 0;

    text_table_init(&list.table, 5, headers);
    if (dw_table_log(t->table, take_file, &list, &err) != DW_OK) {
        code = fail_at(t->uri, &err);
        cJSON_Delete(list.array);
    } else if (json) {
        code = print_json(list.array);
    } else {
        text_table_print(&list.table, "", 0, stdout);
    }
    text_table_done(&list.table);
    return code;
}

/* ---- one commit ---- */

static const char *text_of(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static int64_t number_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsNumber(item) ? (int64_t)item->valuedouble : -1;
}

static void describe_file(struct textbuf *out, const cJSON *action)
{
    cJSON *stats = text_of(action, "stats") == NULL ? NULL : cJSON_Parse(text_of(action, "stats"));

    textbuf_puts(out, text_of(action, "path") == NULL ? "?" : text_of(action, "path"));
    if (number_of(action, "size") >= 0) {
        textbuf_puts(out, "  ");
        append_size(out, number_of(action, "size"));
    }
    if (number_of(stats, "numRecords") >= 0)
        textbuf_printf(out, "  %" PRId64 " rows", number_of(stats, "numRecords"));
    if (cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(action, "deletionVector")))
        textbuf_printf(
            out, "  %" PRId64 " of them deleted",
            number_of(cJSON_GetObjectItemCaseSensitive(action, "deletionVector"), "cardinality"));
    if (cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(action, "dataChange")))
        textbuf_puts(out, "  (rows only move)");
    cJSON_Delete(stats);
}

static void describe(struct textbuf *out, const cJSON *action)
{
    const char *kind = action->string;

    out->len = 0;
    textbuf_add(out, "", 0);
    if (strcmp(kind, "add") == 0 || strcmp(kind, "remove") == 0 || strcmp(kind, "cdc") == 0) {
        describe_file(out, action);
    } else if (strcmp(kind, "txn") == 0) {
        const char *id = text_of(action, "appId");
        textbuf_printf(out, "%s at %" PRId64, id == NULL ? "?" : id, number_of(action, "version"));
    } else if (strcmp(kind, "commitInfo") == 0) {
        const char *operation = text_of(action, "operation");
        const char *engine = text_of(action, "engineInfo");
        textbuf_printf(out, "%s%s%s", operation == NULL ? "?" : operation,
                       engine == NULL ? "" : " by ", engine == NULL ? "" : engine);
    } else {
        char *text = cJSON_PrintUnformatted(action);
        textbuf_puts(out, text == NULL ? "?" : text);
        cJSON_free(text);
    }
}

static dw_status collect(void *ctx, const void *data, size_t len, dw_error *err)
{
    (void)err;
    textbuf_add(ctx, data, len);
    return DW_OK;
}

static void print_actions(const struct textbuf *commit)
{
    static const char *const headers[] = {"action", "what"};
    struct text_table table;
    struct textbuf what = {0};

    text_table_init(&table, 2, headers);
    for (const char *line = commit->text; line != NULL && *line != '\0';) {
        const char *end = strchr(line, '\n');
        cJSON *parsed =
            cJSON_ParseWithLength(line, end == NULL ? strlen(line) : (size_t)(end - line));
        if (parsed != NULL && parsed->child != NULL) {
            describe(&what, parsed->child);
            text_table_cell(&table, parsed->child->string);
            text_table_cell(&table, what.text);
        }
        cJSON_Delete(parsed);
        line = end == NULL ? NULL : end + 1;
    }
    text_table_print(&table, "", 0, stdout);
    text_table_done(&table);
    textbuf_done(&what);
}

static int show_commit(struct target *t, int64_t version, bool json)
{
    struct textbuf commit = {0};
    dw_error err = DW_ERROR_INIT;
    int code = 0;

    if (dw_table_read_commit(t->table, version, (dw_sink){&commit, collect}, &err) != DW_OK)
        code = fail_at(t->uri, &err);
    else if (json)
        code = commit.text == NULL || fputs(commit.text, stdout) >= 0 ? 0 : 1;
    else
        print_actions(&commit);
    textbuf_done(&commit);
    return code;
}

int verb_log(const struct verb *verb, int argc, char **argv)
{
    struct look look = LOOK_INIT;
    const struct arg_spec specs[] = {
        {"--version", "N", ARG_COUNT, &look.version, "what the commit of this version says"},
        {"--json", NULL, ARG_FLAG, &look.json,
         "an array of files; of a commit its actions as they are"},
        OPT_END};
    struct target t = {0};
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    if (code < 0)
        code = target_open(&t, look.args.items[0]);
    if (code < 0)
        code =
            look.version >= 0 ? show_commit(&t, look.version, look.json) : list_log(&t, look.json);
    target_close(&t);
    arg_list_free(&look.args);
    return code;
}
