/* SPDX-License-Identifier: Apache-2.0 */
/* deltawrite parquet meta, schema and pages: the library's description as it is, or as text. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/text_table.h"
#include "tool/json_out.h"
#include "tool/look.h"
#include "tool/parquet_file.h"
#include "tool/present.h"
#include "tool/verbs_parquet.h"

enum { CELL_WIDTH = 32 };

static const char *text_of(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static int64_t number_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsNumber(item) ? (int64_t)item->valuedouble : -1;
}

static void size_cell(struct text_table *table, int64_t bytes)
{
    struct textbuf text = {0};

    append_size(&text, bytes);
    text_table_cell(table, bytes < 0 ? NULL : text.text);
    textbuf_done(&text);
}

static void count_cell(struct text_table *table, int64_t count)
{
    if (count < 0)
        text_table_cell(table, NULL);
    else
        text_table_cell_i64(table, count);
}

/* ---- schema ---- */

static void print_element(const cJSON *e, int depth, FILE *out)
{
    const char *repetition = text_of(e, "repetition");
    const char *type = text_of(e, "type");
    const char *logical = text_of(e, "logicalType");
    const cJSON *children = cJSON_GetObjectItemCaseSensitive(e, "children");
    const cJSON *child;

    (void)fprintf(out, "%*s", 2 * depth, "");
    if (depth == 0) {
        (void)fputs("message ", out);
    } else {
        for (const char *c = repetition; *c != '\0'; c++)
            (void)fputc(*c - 'A' + 'a', out);
        (void)fputc(' ', out);
        for (const char *c = type == NULL ? "GROUP" : type; *c != '\0'; c++)
            (void)fputc(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c, out);
        if (number_of(e, "typeLength") >= 0)
            (void)fprintf(out, "(%" PRId64 ")", number_of(e, "typeLength"));
        (void)fputc(' ', out);
    }
    (void)fputs(text_of(e, "name"), out);
    if (logical != NULL)
        (void)fprintf(out, " (%s)", logical);
    if (number_of(e, "fieldId") >= 0)
        (void)fprintf(out, " = %" PRId64, number_of(e, "fieldId"));
    if (children == NULL) {
        (void)fputs(";\n", out);
        return;
    }
    (void)fputs(" {\n", out);
    cJSON_ArrayForEach(child, children) print_element(child, depth + 1, out);
    (void)fprintf(out, "%*s}\n", 2 * depth, "");
}

/* ---- meta ---- */

static void print_head(const char *path, const cJSON *footer)
{
    const cJSON *groups = cJSON_GetObjectItemCaseSensitive(footer, "rowGroups");
    const char *created_by = text_of(footer, "createdBy");
    struct textbuf t = {0};
    const cJSON *pair;

    textbuf_printf(&t, "file        %s (", path);
    append_size(&t, number_of(footer, "fileBytes"));
    textbuf_printf(&t,
                   ")\ncreated by  %s\nversion     %" PRId64 "\nrows        %" PRId64
                   " in %d row group%s\n",
                   created_by == NULL ? "unknown" : created_by, number_of(footer, "version"),
                   number_of(footer, "numRows"), cJSON_GetArraySize(groups),
                   cJSON_GetArraySize(groups) == 1 ? "" : "s");
    cJSON_ArrayForEach(pair, cJSON_GetObjectItemCaseSensitive(footer, "metadata"))
    {
        const char *value = text_of(pair, "value");
        textbuf_printf(&t, "metadata    %s = %.200s%s\n", text_of(pair, "key"),
                       value == NULL ? "" : value,
                       value != NULL && strlen(value) > 200 ? "..." : "");
    }
    (void)fputs(t.text, stdout);
    textbuf_done(&t);
}

static void encodings_cell(struct text_table *table, const cJSON *encodings)
{
    struct textbuf text = {0};
    const cJSON *item;

    textbuf_puts(&text, "");
    cJSON_ArrayForEach(item, encodings)
        textbuf_printf(&text, "%s%s", text.len > 0 ? " " : "", item->valuestring);
    text_table_cell(table, text.text);
    textbuf_done(&text);
}

static void print_columns(const cJSON *group)
{
    static const char *const headers[] = {"column",  "type",   "codec", "encodings",
                                          ">values", ">nulls", ">size", ">raw",
                                          "min",     "max",    "index", "bloom"};
    struct text_table table;
    const cJSON *column;

    text_table_init(&table, sizeof(headers) / sizeof(headers[0]), headers);
    cJSON_ArrayForEach(column, cJSON_GetObjectItemCaseSensitive(group, "columns"))
    {
        const cJSON *stats = cJSON_GetObjectItemCaseSensitive(column, "statistics");
        text_table_cell(&table, text_of(column, "path"));
        text_table_cell(&table, text_of(column, "type"));
        text_table_cell(&table, text_of(column, "codec"));
        encodings_cell(&table, cJSON_GetObjectItemCaseSensitive(column, "encodings"));
        count_cell(&table, number_of(column, "numValues"));
        count_cell(&table, number_of(stats, "nullCount"));
        size_cell(&table, number_of(column, "compressedBytes"));
        size_cell(&table, number_of(column, "uncompressedBytes"));
        text_table_cell(&table, text_of(stats, "min"));
        text_table_cell(&table, text_of(stats, "max"));
        text_table_cell(&table, cJSON_HasObjectItem(column, "columnIndex")   ? "yes"
                                : cJSON_HasObjectItem(column, "offsetIndex") ? "offsets"
                                                                             : "no");
        size_cell(&table,
                  number_of(cJSON_GetObjectItemCaseSensitive(column, "bloomFilter"), "bytes"));
    }
    text_table_print(&table, "  ", CELL_WIDTH, stdout);
    text_table_done(&table);
}

static int meta_text(const char *path, const cJSON *footer)
{
    const cJSON *group;
    int i = 0;

    print_head(path, footer);
    cJSON_ArrayForEach(group, cJSON_GetObjectItemCaseSensitive(footer, "rowGroups"))
    {
        struct textbuf size = {0};
        append_size(&size, number_of(group, "totalBytes"));
        (void)printf("\nrow group %d: %" PRId64 " rows, %s before compression\n", i++,
                     number_of(group, "numRows"), size.text);
        textbuf_done(&size);
        print_columns(group);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}

static int schema_text(const char *path, const cJSON *footer)
{
    (void)path;
    print_element(cJSON_GetObjectItemCaseSensitive(footer, "schema"), 0, stdout);
    return fflush(stdout) == 0 ? 0 : 1;
}

/* ---- pages ---- */

static void print_pages(const cJSON *column)
{
    static const char *const headers[] = {">page",      "type", "encoding", ">offset",
                                          ">size",      ">raw", ">values",  ">nulls",
                                          ">first row", "min",  "max"};
    struct text_table table;
    const cJSON *page;
    int i = 0;

    text_table_init(&table, sizeof(headers) / sizeof(headers[0]), headers);
    cJSON_ArrayForEach(page, cJSON_GetObjectItemCaseSensitive(column, "pages"))
    {
        text_table_cell_i64(&table, i++);
        text_table_cell(&table, text_of(page, "type"));
        text_table_cell(&table, text_of(page, "encoding"));
        text_table_cell_i64(&table, number_of(page, "offset"));
        size_cell(&table, number_of(page, "compressedBytes"));
        size_cell(&table, number_of(page, "uncompressedBytes"));
        count_cell(&table, number_of(page, "numValues"));
        count_cell(&table, number_of(page, "nullCount"));
        count_cell(&table, number_of(page, "firstRow"));
        text_table_cell(&table, text_of(page, "min"));
        text_table_cell(&table, text_of(page, "max"));
    }
    text_table_print(&table, "  ", CELL_WIDTH, stdout);
    text_table_done(&table);
}

static int pages_text(const char *path, const cJSON *pages)
{
    const cJSON *group;
    const cJSON *column;
    int i = 0;

    (void)path;
    cJSON_ArrayForEach(group, cJSON_GetObjectItemCaseSensitive(pages, "rowGroups"))
    {
        cJSON_ArrayForEach(column, cJSON_GetObjectItemCaseSensitive(group, "columns"))
        {
            (void)printf("row group %d, column %s\n", i, text_of(column, "path"));
            print_pages(column);
        }
        i++;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}

/* The description's part `part` (NULL: all) as JSON, or by `show`. */
static int describe(const struct verb *verb, int argc, char **argv, int32_t what, const char *part,
                    int (*show)(const char *path, const cJSON *footer))
{
    struct look look = LOOK_INIT;
    const struct arg_spec specs[] = {OPT_JSON(look), OPT_END};
    struct parquet_file f = {0};
    struct textbuf text = {0};
    cJSON *json = NULL;
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    if (code < 0)
        code = parquet_open(&f, look.args.items[0]);
    if (code < 0 && look.json && part == NULL) {
        code = parquet_describe(&f, what, &text);
        if (code < 0)
            code = puts(text.text) < 0;
    } else if (code < 0) {
        code = parquet_describe_json(&f, what, &json);
        if (code < 0 && !look.json)
            code = show(f.path, json);
        else if (code < 0)
            code = print_json(cJSON_DetachItemFromObjectCaseSensitive(json, part));
    }
    cJSON_Delete(json);
    textbuf_done(&text);
    parquet_close(&f);
    arg_list_free(&look.args);
    return code;
}

int parquet_meta(const struct verb *verb, int argc, char **argv)
{
    return describe(verb, argc, argv, DW_PARQUET_DESCRIBE_FOOTER, NULL, meta_text);
}

int parquet_schema(const struct verb *verb, int argc, char **argv)
{
    return describe(verb, argc, argv, DW_PARQUET_DESCRIBE_FOOTER, "schema", schema_text);
}

int parquet_pages(const struct verb *verb, int argc, char **argv)
{
    return describe(verb, argc, argv, DW_PARQUET_DESCRIBE_PAGES, NULL, pages_text);
}
