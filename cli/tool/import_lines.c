/* SPDX-License-Identifier: Apache-2.0 */
/* NDJSON and CSV, read in chunks of whole records. */
#include "tool/import.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/csv.h"
#include "common/memory.h"

enum { CHUNK_BYTES = 1 << 20, TOLD_REJECTS = 20, MAX_CSV_RECORD = 64 << 20 };

int import_open(struct import *im, const char *path, FILE **out_file)
{
    bool from_stdin = strcmp(path, "-") == 0;

    *out_file = from_stdin ? stdin : fopen(path, "rb");
    im->file = from_stdin ? "standard input" : path;
    if (*out_file != NULL)
        return IMPORT_GO_ON;
    (void)fprintf(stderr, "deltawrite: %s: %s\n", path, strerror(errno));
    return 1;
}

int import_close(const struct import *im, FILE *file, int code)
{
    if (code == IMPORT_GO_ON && ferror(file)) {
        (void)fprintf(stderr, "deltawrite: %s: cannot be read\n", im->file);
        code = 1;
    }
    if (file != NULL && file != stdin)
        (void)fclose(file); /* read-only */
    return code;
}

void import_tell_progress(struct import *im, size_t bytes)
{
    im->done_bytes += (int64_t)bytes;
    progress_update(&im->progress, im->done_bytes, im->total_bytes, NULL);
}

static void tell_reject(struct import *im, int64_t line, const char *reason)
{
    if (++im->rejected <= TOLD_REJECTS || !im->skip_rejected) {
        progress_end(&im->progress);
        (void)fprintf(stderr, "deltawrite: %s:%" PRId64 ": %s\n", im->file, line, reason);
    }
}

static dw_status on_reject(void *ctx, size_t index, dw_bytes record, const dw_error *error)
{
    struct import *im = ctx;

    (void)record;
    tell_reject(im, im->record_lines != NULL ? im->record_lines[index] : im->line + (int64_t)index,
                error->message);
    return im->skip_rejected ? DW_OK : error->code;
}

int import_append(struct import *im, const struct textbuf *chunk, const struct sample *sample)
{
    dw_error err = DW_ERROR_INIT;
    dw_status status;
    int code = import_ready(im, sample);

    if (code != IMPORT_GO_ON)
        return code;
    status = dw_append_ndjson(im->txn, (dw_bytes){chunk->text, chunk->len}, on_reject, im, &err);
    import_tell_progress(im, chunk->len);
    if (status != DW_OK && im->rejected > 0 && !im->skip_rejected)
        return 1; /* told by on_reject */
    return status == DW_OK ? IMPORT_GO_ON : fail_at(im->target.uri, &err);
}

/* ---- NDJSON ---- */

/* The next chunk of whole lines: at least one line, or the rest of the file. What follows the last
 * newline is kept in `rest` for the next call. False at the end of the file. */
static bool next_chunk(FILE *file, struct textbuf *rest, struct textbuf *out)
{
    out->len = 0;
    textbuf_add(out, rest->text == NULL ? "" : rest->text, rest->len);
    rest->len = 0;
    for (;;) {
        char block[65536];
        size_t n = fread(block, 1, sizeof(block), file);
        size_t whole;
        if (n == 0)
            return out->len > 0;
        textbuf_add(out, block, n);
        if (out->len < CHUNK_BYTES)
            continue;
        for (whole = out->len; whole > 0 && out->text[whole - 1] != '\n';)
            whole--;
        if (whole == 0)
            continue;
        textbuf_add(rest, out->text + whole, out->len - whole);
        out->len = whole;
        return true;
    }
}

static int64_t count_lines(const struct textbuf *chunk)
{
    int64_t lines = 0;

    for (size_t i = 0; i < chunk->len; i++)
        lines += chunk->text[i] == '\n';
    return lines;
}

int import_ndjson(struct import *im, const char *path)
{
    struct textbuf rest = {0};
    struct textbuf chunk = {0};
    const struct sample sample = {.lines = &chunk};
    FILE *file;
    int code = import_open(im, path, &file);

    im->line = 1;
    while (code == IMPORT_GO_ON && next_chunk(file, &rest, &chunk)) {
        code = import_append(im, &chunk, &sample);
        im->line += count_lines(&chunk);
    }
    code = import_close(im, file, code);
    textbuf_done(&rest);
    textbuf_done(&chunk);
    return code;
}

/* ---- CSV ---- */

/* What the values of a column in the first chunk are. */
enum seen { SEEN_NOTHING, SEEN_LONG, SEEN_DOUBLE, SEEN_BOOLEAN, SEEN_STRING };

struct csv_import {
    struct import *im;
    struct csv csv;
    char **names;
    enum seen *seen;
    size_t count;
    struct textbuf chunk; /* records as JSON, a line each */
    size_t records;
    size_t lines_cap;
    struct textbuf schema;
};

static void take_names(struct csv_import *c)
{
    c->count = c->csv.n_fields;
    c->names = need_alloc(c->count + 1, sizeof(*c->names));
    c->seen = need_alloc(c->count + 1, sizeof(*c->seen));
    for (size_t i = 0; i < c->count; i++) {
        size_t len;
        const char *text = csv_field_text(&c->csv, i, &len);
        if (i == 0 && len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
            text += 3; /* a byte order mark */
            len -= 3;
        }
        c->names[i] = need_alloc(len + 1, 1);
        memcpy(c->names[i], text, len);
    }
}

static void take_given_names(struct csv_import *c, const char *given)
{
    char *copy;
    const char **items;

    split_list(given, &copy, &items, &c->count);
    c->names = need_alloc(c->count + 1, sizeof(*c->names));
    c->seen = need_alloc(c->count + 1, sizeof(*c->seen));
    for (size_t i = 0; i < c->count; i++)
        c->names[i] = need_strdup(items[i]);
    free((void *)items);
    free(copy);
}

static enum seen kind_of(const struct csv *csv, size_t i)
{
    switch (csv_field_kind(csv, i)) {
    case CSV_NULL:
        return SEEN_NOTHING;
    case CSV_WHOLE: /* of more digits than a long has for sure: perhaps no number at all */
        return csv->fields[i].len <= 18 ? SEEN_LONG : SEEN_STRING;
    case CSV_NUMBER:
        return SEEN_DOUBLE;
    case CSV_BOOLEAN:
        return SEEN_BOOLEAN;
    default:
        return SEEN_STRING;
    }
}

static enum seen both(enum seen a, enum seen b)
{
    if (a == b || b == SEEN_NOTHING)
        return a;
    if (a == SEEN_NOTHING)
        return b;
    if ((a == SEEN_LONG && b == SEEN_DOUBLE) || (a == SEEN_DOUBLE && b == SEEN_LONG))
        return SEEN_DOUBLE;
    return SEEN_STRING;
}

static void append_schema(struct csv_import *c)
{
    static const char *const types[] = {"string", "long", "double", "boolean", "string"};

    c->schema.len = 0;
    textbuf_puts(&c->schema, "{\"type\":\"struct\",\"fields\":[");
    for (size_t i = 0; i < c->count; i++) {
        textbuf_puts(&c->schema, i == 0 ? "{\"name\":" : ",{\"name\":");
        textbuf_json_string(&c->schema, c->names[i], strlen(c->names[i]));
        textbuf_printf(&c->schema, ",\"type\":\"%s\",\"nullable\":true,\"metadata\":{}}",
                       types[c->seen[i]]);
    }
    textbuf_puts(&c->schema, "]}");
}

static int send_chunk(struct csv_import *c)
{
    struct sample sample = {0};
    int code;

    if (c->im->txn == NULL)
        append_schema(c);
    sample.schema_json = c->schema.text;
    code = import_append(c->im, &c->chunk, &sample);
    c->chunk.len = 0;
    c->records = 0;
    return code;
}

static int take_record(struct csv_import *c)
{
    struct import *im = c->im;

    if (c->names == NULL) {
        take_names(c);
        return IMPORT_GO_ON;
    }
    if (c->csv.n_fields != c->count) {
        char reason[96];
        (void)snprintf(reason, sizeof(reason), "%zu fields, but there are %zu columns",
                       c->csv.n_fields, c->count);
        tell_reject(im, c->csv.line, reason);
        return im->skip_rejected ? IMPORT_GO_ON : 1;
    }
    if (c->records == c->lines_cap) {
        c->lines_cap = c->lines_cap == 0 ? 1024 : c->lines_cap * 2;
        im->record_lines = need_realloc(im->record_lines, c->lines_cap, sizeof(*im->record_lines));
    }
    im->record_lines[c->records++] = c->csv.line;
    for (size_t i = 0; im->txn == NULL && i < c->count; i++)
        c->seen[i] = both(c->seen[i], kind_of(&c->csv, i));
    csv_append_json(&c->chunk, &c->csv, c->names, c->count);
    textbuf_puts(&c->chunk, "\n");
    return c->chunk.len < CHUNK_BYTES ? IMPORT_GO_ON : send_chunk(c);
}

static int read_csv(struct csv_import *c, FILE *file)
{
    static const char *const reasons[] = {[CSV_BAD_QUOTE] = "text after a closing quote",
                                          [CSV_OPEN_QUOTE] = "a quote is not closed",
                                          [CSV_TOO_LONG] = "a record of over 64 MiB"};
    char block[65536];
    enum csv_result result = CSV_MORE;
    int code = IMPORT_GO_ON;
    size_t len;

    while (code == IMPORT_GO_ON && (len = fread(block, 1, sizeof(block), file)) > 0) {
        const char *data = block;
        do {
            result = csv_next(&c->csv, &data, &len);
            if (result == CSV_RECORD)
                code = take_record(c);
        } while (result == CSV_RECORD && code == IMPORT_GO_ON);
        if (result != CSV_RECORD && result != CSV_MORE)
            break;
    }
    if (code == IMPORT_GO_ON && result == CSV_MORE && !ferror(file)) {
        result = csv_end(&c->csv);
        if (result == CSV_RECORD)
            code = take_record(c);
    }
    if (code == IMPORT_GO_ON && result != CSV_RECORD && result != CSV_MORE) {
        tell_reject(c->im, c->csv.line, reasons[result]); /* what follows cannot be told apart */
        return 1;
    }
    return code;
}

int import_csv(struct import *im, const char *path)
{
    size_t path_len = strlen(path);
    bool tabs = path_len > 4 && strcmp(path + path_len - 4, ".tsv") == 0;
    struct csv_import c = {.im = im};
    FILE *file;
    int code = import_open(im, path, &file);

    csv_begin(&c.csv, im->delimiter != NULL ? im->delimiter[0] : tabs ? '\t' : ',', MAX_CSV_RECORD);
    if (im->csv_columns != NULL)
        take_given_names(&c, im->csv_columns);
    if (code == IMPORT_GO_ON)
        code = read_csv(&c, file);
    if (code == IMPORT_GO_ON && (c.records > 0 || im->txn == NULL) && c.names != NULL)
        code = send_chunk(&c);
    code = import_close(im, file, code);
    for (size_t i = 0; i < c.count; i++)
        free(c.names[i]);
    free(c.names);
    free(c.seen);
    free(im->record_lines);
    im->record_lines = NULL;
    textbuf_done(&c.chunk);
    textbuf_done(&c.schema);
    csv_done(&c.csv);
    return code;
}
