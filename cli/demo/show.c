/* SPDX-License-Identifier: Apache-2.0 */
#include "demo/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "demo/arrow_text.h"
#include "demo/grid.h"

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

static bool add_row(void *ctx, const struct ArrowSchema *schema, const struct ArrowArray *rows,
                    int64_t row)
{
    struct grid *grid = ctx;
    struct textbuf cell = {0};

    if (grid->count == 0) {
        grid->columns = (size_t)schema->n_children;
        for (int64_t i = 0; i < schema->n_children; i++) {
            grid->right[i] = strchr("ilfg", schema->children[i]->format[0]) != NULL;
            grid_add(grid, schema->children[i]->name);
        }
    }
    for (int64_t i = 0; i < schema->n_children; i++) {
        textbuf_clear(&cell);
        textbuf_puts(&cell, "");
        arrow_text(schema->children[i], rows->children[i], row, &cell);
        grid_add(grid, cell.text);
    }
    textbuf_done(&cell);
    return grid->count < grid->columns * (SHOWN_ROWS + 1);
}

static dw_status show_rows(dw_table *table, const char *const *columns, size_t n_columns,
                           size_t max_width, dw_error *err)
{
    struct grid grid = {0};
    dw_status status = scan(table, columns, n_columns, add_row, &grid, err);

    if (status == DW_OK)
        grid_print(&grid, max_width);
    grid_done(&grid);
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

    arrow_text(schema->children[0], rows->children[0], row, &name);
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
    struct grid grid = {.columns = 3, .right = {false, true, false}};
    struct textbuf cell = {0};

    grid_add(&grid, "event_type");
    grid_add(&grid, "events");
    grid_add(&grid, "");
    for (size_t shown = 0; shown < types->n; shown++) {
        size_t best = 0;
        for (size_t i = 1; i < types->n; i++)
            best = types->counts[i] > types->counts[best] ? i : best;
        grid_add(&grid, types->names[best]);
        textbuf_clear(&cell);
        put_count(&cell, types->counts[best]);
        grid_add(&grid, cell.text);
        textbuf_clear(&cell);
        textbuf_puts(&cell, "");
        for (int64_t i = 0; i < types->counts[best] * 40 / types->total; i++)
            textbuf_puts(&cell, "\xe2\x96\x88");
        grid_add(&grid, cell.text);
        types->counts[best] = -1;
    }
    grid_print(&grid, 60);
    textbuf_done(&cell);
    grid_done(&grid);
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

static void print_field(const char *name, const char *format)
{
    (void)printf("  %-20s %s\n", name, arrow_type_name(format));
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
        textbuf_printf(&text, " rows in %" PRId64 " Parquet files, ", totals.files);
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
    struct grid *grid = ctx;
    struct textbuf cell = {0};

    (void)err;
    textbuf_printf(&cell, "%" PRId64, entry->version);
    grid_add(grid, cell.text);
    textbuf_clear(&cell);
    textbuf_time(&cell, entry->timestamp_ms);
    grid_add(grid, cell.text);
    grid_add(grid, entry->operation == NULL ? "" : entry->operation);
    textbuf_clear(&cell);
    put_rows_metric(&cell, entry->operation_metrics_json);
    grid_add(grid, cell.text);
    grid_add(grid, entry->engine_info == NULL ? "" : entry->engine_info);
    textbuf_done(&cell);
    return DW_OK;
}

static dw_status show_history(dw_table *table, dw_error *err)
{
    static const char *const headings[] = {"version", "time", "operation", "rows", "by"};
    struct grid grid = {.columns = 5, .right = {true, false, false, true, false}};
    dw_status status;

    for (size_t i = 0; i < grid.columns; i++)
        grid_add(&grid, headings[i]);
    status = dw_table_history(table, SHOWN_VERSIONS, add_version, &grid, err);
    if (status == DW_OK)
        grid_print(&grid, 40);
    grid_done(&grid);
    return status;
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
