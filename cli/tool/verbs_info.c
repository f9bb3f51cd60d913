/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/text_table.h"
#include "tool/json_out.h"
#include "tool/look.h"
#include "tool/present.h"

struct totals {
    int64_t files;
    int64_t bytes;
    int64_t records; /* -1: a file has no statistics */
};

static dw_status count_file(void *ctx, const dw_file *file, dw_error *err)
{
    struct totals *totals = ctx;

    (void)err;
    totals->files++;
    totals->bytes += file->size;
    if (file->num_records < 0 || totals->records < 0)
        totals->records = -1;
    else
        totals->records += file->num_records - file->deleted_rows;
    return DW_OK;
}

static dw_status add_txn(void *ctx, const dw_app_txn *txn, dw_error *err)
{
    (void)err;
    add_i64(ctx, txn->app_id, txn->version);
    return DW_OK;
}

static int info_json(const dw_snapshot_info *info, const struct totals *totals, cJSON *txns)
{
    cJSON *out = cJSON_CreateObject();
    cJSON *protocol;
    cJSON *properties;

    add_text(out, "uri", info->uri);
    add_i64(out, "version", info->version);
    add_i64_or_null(out, "timestamp", info->timestamp_ms);
    add_text(out, "id", info->id);
    add_text(out, "name", info->name);
    add_text(out, "description", info->description);
    protocol = cJSON_AddObjectToObject(out, "protocol");
    add_i64(protocol, "minReaderVersion", info->min_reader_version);
    add_i64(protocol, "minWriterVersion", info->min_writer_version);
    if (info->min_reader_version >= 3)
        add_strings(protocol, "readerFeatures", info->reader_features, info->n_reader_features);
    if (info->min_writer_version >= 7)
        add_strings(protocol, "writerFeatures", info->writer_features, info->n_writer_features);
    add_raw(out, "schema", info->schema_json);
    add_strings(out, "partitionColumns", info->partition_columns, info->n_partition_columns);
    properties = cJSON_AddObjectToObject(out, "properties");
    for (size_t i = 0; i < info->n_properties; i++)
        add_text(properties, info->properties[i].key, info->properties[i].value);
    add_i64(out, "numFiles", totals->files);
    add_i64(out, "sizeBytes", totals->bytes);
    add_i64_or_null(out, "numRecords", totals->records);
    (void)cJSON_AddItemToObject(out, "txns", txns);
    (void)cJSON_AddBoolToObject(out, "appendable", info->refusal == NULL);
    add_text(out, "refusal", info->refusal);
    return print_json(out);
}

static void info_features(struct textbuf *t, const char *kind, const char *const *names,
                          size_t count)
{
    if (count == 0)
        return;
    textbuf_printf(t, "; %s", kind);
    for (size_t i = 0; i < count; i++)
        textbuf_printf(t, " %s", names[i]);
}

static void info_text(const dw_snapshot_info *info, const struct totals *totals, const cJSON *txns)
{
    struct textbuf t = {0};

    textbuf_printf(&t, "table      %s\nversion    %" PRId64, info->uri, info->version);
    if (info->timestamp_ms >= 0) {
        textbuf_puts(&t, "  (");
        textbuf_time(&t, info->timestamp_ms);
        textbuf_puts(&t, ")");
    }
    textbuf_printf(&t, "\nid         %s\n", info->id);
    if (info->name != NULL)
        textbuf_printf(&t, "name       %s\n", info->name);
    if (info->description != NULL)
        textbuf_printf(&t, "about      %s\n", info->description);
    textbuf_printf(&t, "protocol   reader %d, writer %d", info->min_reader_version,
                   info->min_writer_version);
    info_features(&t, "reader features", info->reader_features, info->n_reader_features);
    info_features(&t, "writer features", info->writer_features, info->n_writer_features);
    textbuf_printf(&t, "\nfiles      %" PRId64 " (", totals->files);
    append_size(&t, totals->bytes);
    textbuf_puts(&t, ")\nrows       ");
    if (totals->records < 0)
        textbuf_puts(&t, "unknown: a file has no statistics");
    else
        textbuf_printf(&t, "%" PRId64, totals->records);
    textbuf_puts(&t, "\n");
    for (size_t i = 0; i < info->n_partition_columns; i++)
        textbuf_printf(&t, "%s%s%s", i == 0 ? "partitions " : ", ", info->partition_columns[i],
                       i + 1 == info->n_partition_columns ? "\n" : "");
    for (size_t i = 0; i < info->n_properties; i++)
        textbuf_printf(&t, "%s%s = %s\n", i == 0 ? "properties " : "           ",
                       info->properties[i].key, info->properties[i].value);
    textbuf_printf(&t, "app ids    %d (deltawrite txns)\n", cJSON_GetArraySize(txns));
    if (info->refusal == NULL)
        textbuf_puts(&t, "append     yes\n");
    else
        textbuf_printf(&t, "append     no: %s\n", info->refusal);
    (void)fputs(t.text, stdout);
    textbuf_done(&t);
}

static int info_show(struct target *t, bool json)
{
    dw_snapshot_info info = DW_SNAPSHOT_INFO_INIT;
    struct totals totals = {0, 0, 0};
    dw_error err = DW_ERROR_INIT;
    cJSON *txns;

    if (dw_snapshot_get_info(t->snapshot, &info, &err) != DW_OK ||
        dw_snapshot_files(t->snapshot, count_file, &totals, &err) != DW_OK)
        return fail_at(t->uri, &err);
    txns = cJSON_CreateObject();
    if (dw_snapshot_txns(t->snapshot, add_txn, txns, &err) != DW_OK) {
        cJSON_Delete(txns);
        return fail_at(t->uri, &err);
    }
    if (json)
        return info_json(&info, &totals, txns);
    info_text(&info, &totals, txns);
    cJSON_Delete(txns);
    return 0;
}

int verb_info(const struct verb *verb, int argc, char **argv)
{
    struct look look = LOOK_INIT;
    const struct arg_spec specs[] = {OPT_VERSION(look), OPT_TIMESTAMP(look), OPT_JSON(look),
                                     OPT_END};
    struct target t = {0};
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    if (code < 0)
        code = target_open_snapshot(&t, look.args.items[0], look.version, look.timestamp);
    if (code < 0)
        code = info_show(&t, look.json);
    target_close(&t);
    arg_list_free(&look.args);
    return code;
}

static void append_type(struct textbuf *out, const cJSON *type)
{
    const cJSON *kind = cJSON_GetObjectItemCaseSensitive(type, "type");
    const cJSON *field;

    if (cJSON_IsString(type)) {
        textbuf_puts(out, type->valuestring);
    } else if (cJSON_IsString(kind) && strcmp(kind->valuestring, "struct") == 0) {
        textbuf_puts(out, "struct<");
        cJSON_ArrayForEach(field, cJSON_GetObjectItemCaseSensitive(type, "fields"))
        {
            textbuf_printf(out, "%s%s:", field->prev->next == NULL ? "" : ", ",
                           cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(field, "name")));
            append_type(out, cJSON_GetObjectItemCaseSensitive(field, "type"));
        }
        textbuf_puts(out, ">");
    } else if (cJSON_IsString(kind) && strcmp(kind->valuestring, "array") == 0) {
        textbuf_puts(out, "array<");
        append_type(out, cJSON_GetObjectItemCaseSensitive(type, "elementType"));
        textbuf_puts(out, ">");
    } else if (cJSON_IsString(kind) && strcmp(kind->valuestring, "map") == 0) {
        textbuf_puts(out, "map<");
        append_type(out, cJSON_GetObjectItemCaseSensitive(type, "keyType"));
        textbuf_puts(out, ",");
        append_type(out, cJSON_GetObjectItemCaseSensitive(type, "valueType"));
        textbuf_puts(out, ">");
    }
}

static int schema_show(const char *schema_json)
{
    static const char *const headers[] = {"column", "type", "nullable", "metadata"};
    cJSON *schema = cJSON_Parse(schema_json);
    struct text_table table;
    const cJSON *field;

    text_table_init(&table, 4, headers);
    cJSON_ArrayForEach(field, cJSON_GetObjectItemCaseSensitive(schema, "fields"))
    {
        const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(field, "metadata");
        char *metadata_text =
            cJSON_GetArraySize(metadata) > 0 ? cJSON_PrintUnformatted(metadata) : NULL;
        struct textbuf type = {0};
        append_type(&type, cJSON_GetObjectItemCaseSensitive(field, "type"));
        text_table_cell(&table,
                        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(field, "name")));
        text_table_cell(&table, type.text);
        text_table_cell(&table, cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(field, "nullable"))
                                    ? "no"
                                    : "yes");
        text_table_cell(&table, metadata_text == NULL ? "" : metadata_text);
        cJSON_free(metadata_text);
        textbuf_done(&type);
    }
    text_table_print(&table, "", 0, stdout);
    text_table_done(&table);
    cJSON_Delete(schema);
    return 0;
}

int verb_schema(const struct verb *verb, int argc, char **argv)
{
    struct look look = LOOK_INIT;
    const struct arg_spec specs[] = {OPT_VERSION(look), OPT_TIMESTAMP(look), OPT_JSON(look),
                                     OPT_END};
    struct target t = {0};
    dw_snapshot_info info = DW_SNAPSHOT_INFO_INIT;
    dw_error err = DW_ERROR_INIT;
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    if (code < 0)
        code = target_open_snapshot(&t, look.args.items[0], look.version, look.timestamp);
    if (code < 0 && dw_snapshot_get_info(t.snapshot, &info, &err) != DW_OK)
        code = fail_at(t.uri, &err);
    if (code < 0)
        code = look.json ? (puts(info.schema_json) < 0) : schema_show(info.schema_json);
    target_close(&t);
    arg_list_free(&look.args);
    return code;
}
