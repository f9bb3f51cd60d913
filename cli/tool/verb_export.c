/* SPDX-License-Identifier: Apache-2.0 */
/* deltawrite export: rows to one file. A local file comes into being whole or not at all. */
#include "tool/verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/arrow_json.h"
#include "common/memory.h"
#include "common/progress.h"
#include "common/textbuf.h"
#include "tool/json_out.h"
#include "tool/rows.h"

enum { EXPORT_NDJSON, EXPORT_CSV, EXPORT_PARQUET };

struct export
{
    struct look look;
    const char *format_name;
    int format;
    const char *path;
    struct target target;
    struct ArrowArrayStream stream;
    FILE *file;
    char *temporary; /* NULL: `file` is standard output */
    struct textbuf line;
    struct progress progress;
    int64_t rows;
    int64_t total; /* -1: not known */
};

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);

    return len > strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

static int choose_format(struct export *e)
{
    static const char *const names[] = {"ndjson", "csv", "parquet"};

    e->format = ends_with(e->path, ".parquet")                             ? EXPORT_PARQUET
                : ends_with(e->path, ".csv") || ends_with(e->path, ".tsv") ? EXPORT_CSV
                                                                           : EXPORT_NDJSON;
    for (int i = EXPORT_NDJSON; i <= EXPORT_PARQUET && e->format_name != NULL; i++) {
        if (strcmp(e->format_name, names[i]) == 0) {
            e->format = i;
            return -1;
        }
    }
    if (e->format_name == NULL)
        return -1;
    (void)fprintf(stderr,
                  "deltawrite export: --format: \"%s\" is not supported; ndjson, csv and parquet "
                  "are\n",
                  e->format_name);
    return 2;
}

/* ---- where it goes ---- */

static int file_failed(const struct export *e)
{
    (void)fprintf(stderr, "deltawrite: %s: %s\n",
                  e->temporary == NULL ? "standard output" : e->path,
                  errno == 0 ? "cannot be written" : strerror(errno));
    return 1;
}

static int open_file(struct export *e)
{
    struct textbuf name = {0};

    if (strcmp(e->path, "-") == 0) {
        e->file = stdout;
        return -1;
    }
    if (strstr(e->path, "://") != NULL) {
        (void)fprintf(stderr, "deltawrite: %s: only local files and - are written\n", e->path);
        return 2;
    }
    textbuf_printf(&name, "%s.%ld.part", e->path, (long)getpid());
    e->temporary = name.text;
    errno = 0;
    e->file = fopen(e->temporary, "wb");
    return e->file == NULL ? file_failed(e) : -1;
}

static int close_file(struct export *e, int code)
{
    if (e->file == NULL)
        return code;
    errno = 0;
    if (code < 0 && (fflush(e->file) != 0 || ferror(e->file)))
        code = file_failed(e);
    if (e->temporary == NULL)
        return code;
    if (code < 0 && fsync(fileno(e->file)) != 0)
        code = file_failed(e);
    if (fclose(e->file) != 0 && code < 0)
        code = file_failed(e);
    if (code < 0 && rename(e->temporary, e->path) != 0)
        code = file_failed(e);
    if (code >= 0)
        (void)remove(e->temporary);
    return code;
}

static int write_line(struct export *e)
{
    textbuf_puts(&e->line, "\n");
    if (fwrite(e->line.text, 1, e->line.len, e->file) != e->line.len)
        return file_failed(e);
    if (++e->rows % 1024 == 0)
        progress_update(&e->progress, e->rows, e->total, NULL);
    return 0;
}

/* ---- the formats ---- */

static int unknown_format(const struct export *e, const char *column)
{
    (void)fprintf(stderr, "deltawrite: %s: column %s cannot be shown\n", e->target.uri, column);
    return 1;
}

static int json_row(void *ctx, const struct ArrowSchema *schema, const struct ArrowArray *array,
                    int64_t row)
{
    struct export *e = ctx;

    e->line.len = 0;
    if (!arrow_json_append(&e->line, schema, array, row))
        return unknown_format(e, "of some type");
    return write_line(e);
}

static char delimiter(const struct export *e)
{
    return ends_with(e->path, ".tsv") ? '\t' : ',';
}

static void append_csv_text(struct textbuf *out, const char *text, size_t len, char between)
{
    bool quoted = len == 0;

    for (size_t i = 0; i < len && !quoted; i++)
        quoted = text[i] == '"' || text[i] == '\n' || text[i] == '\r' || text[i] == between;
    if (!quoted) {
        textbuf_add(out, text, len);
        return;
    }
    textbuf_puts(out, "\"");
    for (size_t i = 0; i < len; i++)
        textbuf_add(out, text[i] == '"' ? "\"\"" : text + i, text[i] == '"' ? 2 : 1);
    textbuf_puts(out, "\"");
}

static int csv_header(void *ctx, const struct ArrowSchema *schema)
{
    struct export *e = ctx;
    const char between[2] = {delimiter(e), '\0'};

    e->line.len = 0;
    for (int64_t i = 0; i < schema->n_children; i++) {
        const char *name = schema->children[i]->name;
        textbuf_puts(&e->line, i == 0 ? "" : between);
        append_csv_text(&e->line, name, strlen(name), between[0]);
    }
    e->rows--; /* not a row */
    return write_line(e);
}

/* Texts as they are; times, base64 and nested values in the form of JSON, the former without
 * quotes. */
static bool append_csv_value(struct textbuf *out, const struct ArrowSchema *column,
                             const struct ArrowArray *values, int64_t at, char between)
{
    struct textbuf json = {0};
    bool known = true;
    size_t len;
    const char *text;

    if (arrow_is_null(column, values, at))
        return true;
    if (strcmp(column->format, "u") == 0) {
        text = arrow_bytes(values, at, &len);
        append_csv_text(out, text, len, between);
        return true;
    }
    known = arrow_json_append(&json, column, values, at);
    if (known && json.text[0] == '"')
        append_csv_text(out, json.text + 1, json.len - 2, between);
    else if (known)
        append_csv_text(out, json.text, json.len, between);
    textbuf_done(&json);
    return known;
}

static int csv_row(void *ctx, const struct ArrowSchema *schema, const struct ArrowArray *array,
                   int64_t row)
{
    struct export *e = ctx;
    const char between[2] = {delimiter(e), '\0'};

    e->line.len = 0;
    textbuf_add(&e->line, "", 0);
    for (int64_t i = 0; i < schema->n_children; i++) {
        textbuf_puts(&e->line, i == 0 ? "" : between);
        if (!append_csv_value(&e->line, schema->children[i], array->children[i],
                              array->offset + row, between[0]))
            return unknown_format(e, schema->children[i]->name);
    }
    return write_line(e);
}

static dw_status write_bytes(void *ctx, const void *data, size_t len, dw_error *err)
{
    struct export *e = ctx;

    errno = 0;
    if (fwrite(data, 1, len, e->file) == len)
        return DW_OK;
    err->code = DW_E_IO;
    (void)snprintf(err->message, sizeof(err->message), "%s: %s", e->path,
                   errno == 0 ? "cannot be written" : strerror(errno));
    return DW_E_IO;
}

/* Batches of a stream until the limit; the last one is cut. */
static dw_status copy_batches(struct export *e, dw_parquet_writer *writer, dw_error *err)
{
    int64_t left = e->look.limit;
    dw_status status = DW_OK;

    while (status == DW_OK && left != 0) {
        struct ArrowArray batch = {0};
        if (e->stream.get_next(&e->stream, &batch) != 0) {
            const char *why = e->stream.get_last_error(&e->stream);
            (void)snprintf(err->message, sizeof(err->message), "%s",
                           why == NULL ? "cannot be read" : why);
            err->code = DW_E_IO;
            return DW_E_IO;
        }
        if (batch.release == NULL)
            break;
        if (left > 0 && batch.length > left)
            batch.length = left;
        if (left > 0)
            left -= batch.length;
        e->rows += batch.length;
        status = dw_parquet_writer_append(writer, &batch, err);
        if (batch.release != NULL)
            batch.release(&batch);
        progress_update(&e->progress, e->rows, e->total, NULL);
    }
    return status;
}

static int write_parquet(struct export *e)
{
    struct ArrowSchema schema = {0};
    dw_parquet_writer *writer = NULL;
    dw_error err = DW_ERROR_INIT;
    int code = -1;

    if (e->stream.get_schema(&e->stream, &schema) != 0) {
        (void)fprintf(stderr, "deltawrite: %s: %s\n", e->target.uri,
                      e->stream.get_last_error(&e->stream));
        return 1;
    }
    if (dw_parquet_writer_open_sink((dw_sink){e, write_bytes}, &schema, NULL, &writer, &err) !=
            DW_OK ||
        copy_batches(e, writer, &err) != DW_OK || dw_parquet_writer_finish(writer, &err) != DW_OK)
        code = fail_at(e->path, &err);
    dw_parquet_writer_close(writer);
    schema.release(&schema);
    return code;
}

static int write_rows(struct export *e)
{
    int code;

    if (e->format == EXPORT_PARQUET)
        return write_parquet(e);
    code = rows_each(&e->stream, e->target.uri, e->look.limit,
                     e->format == EXPORT_CSV ? csv_header : NULL,
                     e->format == EXPORT_CSV ? csv_row : json_row, e);
    return code == 0 ? -1 : code;
}

/* ---- the verb ---- */

static dw_status count_rows(void *ctx, const dw_file *file, dw_error *err)
{
    struct export *e = ctx;

    (void)err;
    if (file->num_records < 0 || e->total < 0)
        e->total = -1;
    else
        e->total += file->num_records - file->deleted_rows;
    return DW_OK;
}

static int export_rows(struct export *e)
{
    dw_error err = DW_ERROR_INIT;
    int code = rows_open(&e->target, &e->look, &e->stream);

    progress_begin(&e->progress, "export", PROGRESS_ROWS, e->look.json || e->file == stdout);
    if (code < 0 && e->progress.on &&
        dw_snapshot_files(e->target.snapshot, count_rows, e, &err) != DW_OK)
        e->total = -1;
    if (e->look.limit >= 0 && e->total > e->look.limit)
        e->total = e->look.limit;
    if (code < 0)
        code = write_rows(e);
    progress_end(&e->progress);
    return code;
}

static int tell(const struct export *e)
{
    cJSON *out;

    if (e->temporary == NULL)
        return 0;
    if (!e->look.json) {
        (void)printf("exported %" PRId64 " rows to %s\n", e->rows, e->path);
        return 0;
    }
    out = cJSON_CreateObject();
    add_i64(out, "rows", e->rows);
    add_text(out, "file", e->path);
    return print_json(out);
}

int verb_export(const struct verb *verb, int argc, char **argv)
{
    struct export e = {.look = LOOK_INIT};
    const struct arg_spec specs[] = {{"--format", "ndjson|csv|parquet", ARG_TEXT, &e.format_name,
                                      "default: by the name, .csv, .tsv, .parquet, else ndjson"},
                                     OPT_COLUMNS(e.look),
                                     OPT_WHERE(e.look),
                                     {"--limit", "N", ARG_COUNT, &e.look.limit, "at most N rows"},
                                     OPT_VERSION(e.look),
                                     OPT_TIMESTAMP(e.look),
                                     OPT_JSON(e.look),
                                     OPT_END};
    int code = args_parse(verb, specs, argc, argv, 2, 2, &e.look.args);

    if (code < 0) {
        e.path = e.look.args.items[1];
        code = choose_format(&e);
    }
    if (code < 0)
        code =
            target_open_snapshot(&e.target, e.look.args.items[0], e.look.version, e.look.timestamp);
    if (code < 0)
        code = open_file(&e);
    if (code < 0)
        code = export_rows(&e);
    code = close_file(&e, code);
    if (code < 0)
        code = tell(&e);
    if (e.stream.release != NULL)
        e.stream.release(&e.stream);
    free(e.temporary);
    textbuf_done(&e.line);
    target_close(&e.target);
    arg_list_free(&e.look.args);
    return code;
}
