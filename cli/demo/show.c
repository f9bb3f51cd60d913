/* SPDX-License-Identifier: Apache-2.0 */
#include "demo/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arrow_json.h"
#include "common/memory.h"
#include "common/style.h"
#include "common/text_table.h"

enum { SHOWN_ROWS = 6, SHOWN_VERSIONS = 5, MAX_TYPES = 32 };

static dw_status open_table(const char *path, dw_table **out_table, dw_error *err)
{
    return dw_table_open_uri(path, NULL, NULL, out_table, err);
}

/* ---- rows ---- */

/* Called for each row of a scan. False: enough. */
typedef bool row_fn(void *ctx, const struct ArrowSchema *schema, const struct ArrowArray *rows,
                    int64_t row);

static dw_status stream_error(struct ArrowArrayStream *stream, dw_error *err)
{
    const char *text = stream->get_last_error(stream);

    *err = (dw_error){.code = DW_E_IO};
    (void)snprintf(err->message, sizeof(err->message), "%s", text == NULL ? "scan failed" : text);
    return DW_E_IO;
}

static dw_status each_row(struct ArrowArrayStream *stream, row_fn *each, void *ctx, dw_error *err)
{
    struct ArrowSchema schema = {0};
    struct ArrowArray rows = {0};
    dw_status status = DW_OK;
    bool more = true;

    if (stream->get_schema(stream, &schema) != 0)
        return stream_error(stream, err);
    while (more && status == DW_OK) {
        if (stream->get_next(stream, &rows) != 0) {
            status = stream_error(stream, err);
            break;
        }
        if (rows.release == NULL)
            break;
        for (int64_t i = 0; i < rows.length && more; i++)
            more = each(ctx, &schema, &rows, rows.offset + i);
        rows.release(&rows);
    }
    schema.release(&schema);
    return status;
}

static dw_status scan(dw_table *table, const char *const *columns, size_t n_columns, row_fn *each,
                      void *ctx, dw_error *err)
{
    dw_scan_options options = DW_SCAN_OPTIONS_INIT;
    struct ArrowArrayStream stream = {0};
    dw_snapshot *snapshot = NULL;
    dw_status status = dw_snapshot_open(table, -1, &snapshot, err);

    options.columns = columns;
    options.n_columns = n_columns;
    if (status == DW_OK)
        status = dw_snapshot_scan(snapshot, &options, &stream, err);
    if (status == DW_OK) {
        status = each_row(&stream, each, ctx, err);
        stream.release(&stream);
    }
    dw_snapshot_close(snapshot);
    return status;
}

/* Strings and binary values as they are, microseconds as "2026-01-31 08:09:10", the rest as JSON.
 */
static void put_value(struct textbuf *out, const struct ArrowSchema *type,
                      const struct ArrowArray *column, int64_t row)
{
    const char *format = type->format;
    size_t len;
    const char *bytes;

    if (arrow_is_null(type, column, row)) {
        textbuf_puts(out, "-");
    } else if (format[0] == 'u' || format[0] == 'z') {
        bytes = arrow_bytes(column, row, &len);
        textbuf_add(out, bytes, len);
    } else if (strncmp(format, "tsu:", 4) == 0) {
        textbuf_time(out, ((const int64_t *)column->buffers[1])[column->offset + row] / 1000);
        out->text[10] = ' ';
        out->text[19] = '\0';
    } else if (!arrow_json_append(out, type, column, row)) {
        textbuf_printf(out, "(%s)", format);
    }
}

struct row_table {
    struct text_table table;
    int64_t rows;
};

/* The columns are known with the first row. */
static void start_table(struct text_table *table, const struct ArrowSchema *schema)
{
    struct textbuf header = {0};

    text_table_init(table, (size_t)schema->n_children, NULL);
    for (int64_t i = 0; i < schema->n_children; i++) {
        bool number = strchr("ilfg", schema->children[i]->format[0]) != NULL;
        textbuf_clear(&header);
        textbuf_printf(&header, "%s%s", number ? ">" : "", schema->children[i]->name);
        text_table_cell(table, header.text);
    }
    textbuf_done(&header);
}

static bool add_row(void *ctx, const struct ArrowSchema *schema, const struct ArrowArray *rows,
                    int64_t row)
{
    struct row_table *shown = ctx;

    if (shown->rows == 0)
        start_table(&shown->table, schema);
    for (int64_t i = 0; i < schema->n_children; i++) {
        struct textbuf cell = {0};
        put_value(&cell, schema->children[i], rows->children[i], row);
        text_table_cell(&shown->table, cell.text);
        textbuf_done(&cell);
    }
    return ++shown->rows < SHOWN_ROWS;
}

static dw_status show_rows(dw_table *table, const char *const *columns, size_t n_columns,
                           size_t max_width, dw_error *err)
{
    struct row_table shown = {.rows = 0};
    dw_status status = scan(table, columns, n_columns, add_row, &shown, err);

    if (status == DW_OK)
        text_table_print(&shown.table, "  ", max_width, stdout);
    text_table_done(&shown.table);
    return status;
}

/* ---- counts ---- */

struct type_counts {
    char *names[MAX_TYPES];
    int64_t counts[MAX_TYPES];
    size_t n;
    int64_t total;
};

static bool count_row(void *ctx, const struct ArrowSchema *schema, const struct ArrowArray *rows,
                      int64_t row)
{
    struct type_counts *types = ctx;
    struct textbuf name = {0};
    size_t i = 0;

    put_value(&name, schema->children[0], rows->children[0], row);
    while (i < types->n && strcmp(types->names[i], name.text) != 0)
        i++;
    if (i == types->n && types->n < MAX_TYPES)
        types->names[types->n++] = need_strdup(name.text);
    if (i < types->n)
        types->counts[i]++;
    types->total++;
    textbuf_done(&name);
    return true;
}

/* "12,345" */
static void put_count(struct textbuf *out, int64_t count)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%" PRId64, count);

    for (int i = 0; i < len; i++)
        textbuf_printf(out, "%s%c", i > 0 && (len - i) % 3 == 0 ? "," : "", digits[i]);
}

static void print_counts(struct type_counts *types)
{
    static const char *const headers[] = {"event_type", ">events", ""};
    struct text_table table;
    struct textbuf cell = {0};

    text_table_init(&table, 3, headers);
    for (size_t shown = 0; shown < types->n; shown++) {
        size_t best = 0;
        for (size_t i = 1; i < types->n; i++)
            best = types->counts[i] > types->counts[best] ? i : best;
        text_table_cell(&table, types->names[best]);
        textbuf_clear(&cell);
        put_count(&cell, types->counts[best]);
        text_table_cell(&table, cell.text);
        textbuf_clear(&cell);
        for (int64_t i = 0; i < types->counts[best] * 40 / types->total; i++)
            textbuf_puts(&cell, "\xe2\x96\x88");
        text_table_cell(&table, cell.text);
        types->counts[best] = -1;
    }
    text_table_print(&table, "  ", 60, stdout);
    textbuf_done(&cell);
    text_table_done(&table);
}

static dw_status show_counts(dw_table *table, dw_error *err)
{
    static const char *const columns[] = {"event_type"};
    struct type_counts types = {.n = 0};
    dw_status status = scan(table, columns, 1, count_row, &types, err);

    if (status == DW_OK)
        print_counts(&types);
    for (size_t i = 0; i < types.n; i++)
        free(types.names[i]);
    return status;
}

/* ---- table ---- */

/* Of an Arrow format; the format itself when the demo's tables have no such type. */
static const char *type_name(const char *format)
{
    static const char *const names[][2] = {
        {"u", "string"}, {"z", "binary"}, {"b", "boolean"}, {"i", "integer"},
        {"l", "long"},   {"f", "float"},  {"g", "double"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(format, names[i][0]) == 0)
            return names[i][1];
    }
    if (strcmp(format, "tsu:") == 0)
        return "timestamp_ntz";
    return strncmp(format, "tsu:", 4) == 0 ? "timestamp" : format;
}

static void print_field(const char *name, const char *format)
{
    (void)printf("  %-20s %s\n", name, type_name(format));
}

static bool print_schema(void *ctx, const struct ArrowSchema *schema, const struct ArrowArray *rows,
                         int64_t row)
{
    (void)ctx;
    (void)rows;
    (void)row;
    for (int64_t i = 0; i < schema->n_children; i++)
        print_field(schema->children[i]->name, schema->children[i]->format);
    return false;
}

struct totals {
    int64_t files;
    int64_t bytes;
    int64_t rows;
};

static dw_status add_file(void *ctx, const dw_file *file, dw_error *err)
{
    struct totals *totals = ctx;

    (void)err;
    totals->files++;
    totals->bytes += file->size;
    totals->rows += file->num_records;
    return DW_OK;
}

static dw_status show_totals(dw_table *table, const char *path, dw_error *err)
{
    struct totals totals = {0};
    struct textbuf text = {0};
    dw_snapshot *snapshot = NULL;
    dw_status status = dw_snapshot_open(table, -1, &snapshot, err);

    if (status == DW_OK)
        status = dw_snapshot_files(snapshot, add_file, &totals, err);
    dw_snapshot_close(snapshot);
    if (status == DW_OK) {
        put_count(&text, totals.rows);
        textbuf_printf(&text, " rows in %" PRId64 " Parquet file%s, ", totals.files,
                       totals.files == 1 ? "" : "s");
        put_count(&text, totals.bytes);
        textbuf_printf(&text, " bytes, version %" PRId64, dw_table_version(table));
        (void)printf("  %s\n  %s\n", path, text.text);
    }
    textbuf_done(&text);
    return status;
}

/* The digits after "numOutputRows":, which may stand in quotes. */
static void put_rows_metric(struct textbuf *out, const char *metrics)
{
    static const char key[] = "\"numOutputRows\":";
    const char *at = metrics == NULL ? NULL : strstr(metrics, key);

    textbuf_puts(out, "");
    if (at == NULL)
        return;
    at += sizeof(key) - 1;
    at += strspn(at, " \"");
    textbuf_add(out, at, strspn(at, "0123456789"));
}

static dw_status add_version(void *ctx, const dw_history_entry *entry, dw_error *err)
{
    struct text_table *table = ctx;
    struct textbuf cell = {0};

    (void)err;
    text_table_cell_i64(table, entry->version);
    textbuf_time(&cell, entry->timestamp_ms);
    text_table_cell(table, cell.text);
    text_table_cell(table, entry->operation == NULL ? "" : entry->operation);
    textbuf_clear(&cell);
    put_rows_metric(&cell, entry->operation_metrics_json);
    text_table_cell(table, cell.text);
    text_table_cell(table, entry->engine_info == NULL ? "" : entry->engine_info);
    textbuf_done(&cell);
    return DW_OK;
}

static dw_status show_history(dw_table *table, dw_error *err)
{
    static const char *const headers[] = {">version", "time", "operation", ">rows", "by"};
    struct text_table versions;
    dw_status status;

    text_table_init(&versions, 5, headers);
    status = dw_table_history(table, SHOWN_VERSIONS, add_version, &versions, err);
    if (status == DW_OK)
        text_table_print(&versions, "  ", 40, stdout);
    text_table_done(&versions);
    return status;
}

static void print_heading(const char *text)
{
    (void)printf("\n%s%s%s\n", style_bold(stdout), text, style_plain(stdout));
}

dw_status show_events(const char *path, dw_error *err)
{
    static const char *const columns[] = {"timestamp",         "event_type",     "platform",
                                          "user_id",           "resource_title", "interaction_text",
                                          "interaction_value", "load_ms"};
    dw_table *table = NULL;
    dw_status status = open_table(path, &table, err);

    if (status != DW_OK)
        return status;
    print_heading("The table");
    status = show_totals(table, path, err);
    print_heading("History, newest first");
    if (status == DW_OK)
        status = show_history(table, err);
    print_heading("Schema (load_ms came with the events)");
    if (status == DW_OK)
        status = scan(table, NULL, 0, print_schema, NULL, err);
    print_heading("Some rows");
    if (status == DW_OK)
        status = show_rows(table, columns, sizeof(columns) / sizeof(columns[0]), 24, err);
    print_heading("Events by type");
    if (status == DW_OK)
        status = show_counts(table, err);
    dw_table_close(table);
    return status;
}

dw_status show_dead_letters(const char *path, dw_error *err)
{
    static const char *const columns[] = {"partition", "offset", "error", "value"};
    dw_table *table = NULL;
    dw_status status = open_table(path, &table, err);

    if (status != DW_OK)
        return status;
    print_heading("Dead letters: records that cannot be decoded, kept whole");
    status = show_totals(table, path, err);
    if (status == DW_OK)
        status = show_rows(table, columns, sizeof(columns) / sizeof(columns[0]), 60, err);
    dw_table_close(table);
    return status;
}

void show_queries(const char *path)
{
    print_heading("Query it");
    (void)printf(
        "  pip install deltalake pandas && python3 -c 'from deltalake import DeltaTable as T;"
        " print(T(\"%s\").to_pandas().groupby(\"event_type\").size())'\n",
        path);
    (void)printf("  duckdb -c \"SELECT event_type, count(*) FROM delta_scan('%s') GROUP BY ALL\"\n",
                 path);
}
