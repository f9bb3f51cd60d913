/* SPDX-License-Identifier: Apache-2.0 */
/* deltawrite import: NDJSON and Parquet files into one commit. Nothing is committed when a record
 * is bad, unless --skip-rejected says so. */
#include "tool/verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/json_out.h"
#include "tool/look.h"
#include "tool/parquet_file.h"
#include "tool/present.h"

enum { UPLOAD_THREADS = 16, CHUNK_BYTES = 1 << 20, TOLD_REJECTS = 20 };

struct import {
    struct look look;
    bool create;
    bool skip_rejected;
    const char *format;
    const char *schema_path;
    const char *partition_by; /* NULL: a new table has no partitions */
    const char *app_id;
    int64_t app_version;
    bool app_is_new;
    struct target target;
    dw_txn *txn;
    /* The file being read. */
    const char *file;
    int64_t line; /* of the chunk's first byte, from 1 */
    int64_t rejected;
};

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

static dw_status on_reject(void *ctx, size_t index, dw_bytes record, const dw_error *error)
{
    struct import *im = ctx;

    (void)record;
    if (++im->rejected <= TOLD_REJECTS || !im->skip_rejected)
        (void)fprintf(stderr, "deltawrite: %s:%" PRId64 ": %s\n", im->file,
                      im->line + (int64_t)index, error->message);
    return im->skip_rejected ? DW_OK : error->code;
}

static int64_t count_lines(const struct textbuf *chunk)
{
    int64_t lines = 0;

    for (size_t i = 0; i < chunk->len; i++)
        lines += chunk->text[i] == '\n';
    return lines;
}

/* Schema by first sight of the records in one chunk, as the library itself infers it: the chunk is
 * appended to a table in memory. Bad records are passed over here; the import itself tells them. */
static dw_status ignore_reject(void *ctx, size_t index, dw_bytes record, const dw_error *error)
{
    (void)ctx;
    (void)index;
    (void)record;
    (void)error;
    return DW_OK;
}

/* Records to infer a schema from: lines, or the rows of a stream. */
struct sample {
    const struct textbuf *lines;
    struct ArrowArrayStream *rows; /* NULL: the lines */
};

static dw_status append_sample(dw_txn *txn, const struct sample *sample, dw_error *err)
{
    if (sample->rows != NULL)
        return dw_append_stream(txn, sample->rows, err);
    return dw_append_ndjson(txn, (dw_bytes){sample->lines->text, sample->lines->len}, ignore_reject,
                            NULL, err);
}

/* By a table in memory to which the sample is appended; it may have columns of any type, and the
 * table that is made from its schema gets the features that they need. */
static int infer_schema(const struct sample *sample, struct textbuf *out_schema)
{
    static const dw_property any_type = {"delta.feature.timestampNtz", "supported"};
    dw_store *store = NULL;
    dw_table *table = NULL;
    dw_txn *txn = NULL;
    dw_snapshot *snapshot = NULL;
    dw_error err = DW_ERROR_INIT;
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_txn_options add = DW_TXN_OPTIONS_INIT;
    dw_snapshot_info info = DW_SNAPSHOT_INFO_INIT;
    int code = -1;

    create.schema_json = "{\"type\":\"struct\",\"fields\":[]}";
    create.properties = &any_type;
    create.n_properties = 1;
    add.flags = DW_TXN_ADD_COLUMNS;
    if (dw_store_open_memory(NULL, &store, &err) != DW_OK ||
        dw_table_create(store, "", &create, NULL, &table, &err) != DW_OK ||
        dw_begin(table, &add, &txn, &err) != DW_OK || append_sample(txn, sample, &err) != DW_OK ||
        dw_commit(txn, NULL, &err) != DW_OK ||
        dw_snapshot_open(table, -1, &snapshot, &err) != DW_OK ||
        dw_snapshot_get_info(snapshot, &info, &err) != DW_OK)
        code = fail_with(&err);
    else
        textbuf_puts(out_schema, info.schema_json);
    dw_snapshot_close(snapshot);
    dw_txn_close(txn);
    dw_table_close(table);
    dw_store_unref(store);
    return code;
}

/* Open the table, or make it from --schema or from what the first chunk shows. Exit code or -1. */
static int open_or_create(struct import *im, const struct sample *sample)
{
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    struct textbuf schema = {0};
    char *column_text = NULL;
    const char **columns = NULL;
    dw_error err = DW_ERROR_INIT;
    dw_status status;
    int code = target_open_store(&im->target, im->look.args.items[0]);

    if (code >= 0)
        return code;
    options.upload_threads = UPLOAD_THREADS;
    status = dw_table_open(im->target.store, "", &options, &im->target.table, &err);
    if (status == DW_OK)
        return -1;
    if (status != DW_E_NOT_FOUND || !im->create)
        return fail_at(im->target.uri, &err);
    if (im->schema_path != NULL)
        code = read_whole_file(im->schema_path, &schema);
    else
        code = infer_schema(sample, &schema);
    if (im->partition_by != NULL)
        split_list(im->partition_by, &column_text, &columns, &create.n_partition_columns);
    create.flags = DW_CREATE_IF_MISSING;
    create.schema_json = schema.text;
    create.partition_columns = columns;
    if (code < 0 &&
        dw_table_create(im->target.store, "", &create, &options, &im->target.table, &err) != DW_OK)
        code = fail_at(im->target.uri, &err);
    free((void *)columns);
    free(column_text);
    textbuf_done(&schema);
    return code;
}

/* Exit code, -1 to go on, or -2: this app version is in the table already. */
static int begin(struct import *im)
{
    dw_txn_options opts = DW_TXN_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;
    int64_t current = -1;
    dw_status status;

    opts.flags = DW_TXN_ADD_COLUMNS;
    if (im->app_is_new)
        opts.flags |= DW_TXN_NEW_APP_IDS;
    if (im->app_id != NULL) {
        status = dw_table_app_version(im->target.table, im->app_id, &current, &err);
        if (status == DW_E_EXPIRED && im->app_is_new)
            status = DW_E_NOT_FOUND;
        if (status != DW_OK && status != DW_E_NOT_FOUND)
            return fail_at(im->target.uri, &err);
        if (status == DW_OK && current >= im->app_version)
            return -2;
        if (status == DW_E_NOT_FOUND)
            current = -1;
    }
    if (dw_begin(im->target.table, &opts, &im->txn, &err) != DW_OK)
        return fail_at(im->target.uri, &err);
    if (im->app_id != NULL &&
        dw_txn_set_app_version(im->txn, im->app_id, current, im->app_version, &err) != DW_OK)
        return fail_at(im->target.uri, &err);
    return -1;
}

static int append_chunk(struct import *im, const struct textbuf *chunk)
{
    const struct sample sample = {chunk, NULL};
    dw_error err = DW_ERROR_INIT;
    dw_status status;
    int code;

    if (im->target.table == NULL && (code = open_or_create(im, &sample)) >= 0)
        return code;
    if (im->txn == NULL && (code = begin(im)) != -1)
        return code;
    status = dw_append_ndjson(im->txn, (dw_bytes){chunk->text, chunk->len}, on_reject, im, &err);
    im->line += count_lines(chunk);
    if (status != DW_OK && im->rejected > 0 && !im->skip_rejected)
        return 1; /* told by on_reject */
    return status == DW_OK ? -1 : fail_at(im->target.uri, &err);
}

/* The first row of a file, for its columns. */
static int create_from_parquet(struct import *im, struct parquet_file *f)
{
    dw_parquet_read_options opts = DW_PARQUET_READ_OPTIONS_INIT;
    struct ArrowArrayStream rows = {0};
    const struct sample sample = {NULL, &rows};
    dw_error err = DW_ERROR_INIT;
    int code;

    opts.max_rows = 1;
    if (dw_parquet_reader_stream(f->reader, &opts, &rows, &err) != DW_OK)
        return fail_at(f->path, &err);
    code = open_or_create(im, &sample);
    rows.release(&rows);
    return code;
}

static int append_parquet(struct import *im, struct parquet_file *f)
{
    struct ArrowArrayStream rows = {0};
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    if (dw_parquet_reader_stream(f->reader, NULL, &rows, &err) != DW_OK)
        return fail_at(f->path, &err);
    status = dw_append_stream(im->txn, &rows, &err);
    rows.release(&rows);
    return status == DW_OK ? -1 : fail_at(f->path, &err);
}

static int import_parquet(struct import *im, const char *path)
{
    struct parquet_file f = {0};
    int code = parquet_open(&f, path);

    if (code < 0 && im->target.table == NULL)
        code = create_from_parquet(im, &f);
    if (code < 0 && im->txn == NULL)
        code = begin(im);
    if (code == -1)
        code = append_parquet(im, &f);
    parquet_close(&f);
    return code;
}

/* By --format, else by the name. */
static bool is_parquet(const struct import *im, const char *path)
{
    size_t len = strlen(path);

    if (im->format != NULL)
        return strcmp(im->format, "parquet") == 0;
    return len > 8 && strcmp(path + len - 8, ".parquet") == 0;
}

static int import_lines(struct import *im, const char *path)
{
    bool from_stdin = strcmp(path, "-") == 0;
    FILE *file = from_stdin ? stdin : fopen(path, "rb");
    struct textbuf rest = {0};
    struct textbuf chunk = {0};
    int code = -1;

    im->file = from_stdin ? "standard input" : path;
    im->line = 1;
    if (file == NULL) {
        (void)fprintf(stderr, "deltawrite: %s: %s\n", path, strerror(errno));
        return 1;
    }
    while (code == -1 && next_chunk(file, &rest, &chunk))
        code = append_chunk(im, &chunk);
    if (code == -1 && ferror(file)) {
        (void)fprintf(stderr, "deltawrite: %s: cannot be read\n", im->file);
        code = 1;
    }
    if (!from_stdin)
        (void)fclose(file); /* read-only */
    textbuf_done(&rest);
    textbuf_done(&chunk);
    return code;
}

static int commit(struct import *im)
{
    dw_txn_stats stats = DW_TXN_STATS_INIT;
    dw_error err = DW_ERROR_INIT;
    int64_t version;
    cJSON *out;

    if (dw_commit(im->txn, &version, &err) != DW_OK ||
        dw_txn_get_stats(im->txn, &stats, &err) != DW_OK)
        return fail_at(im->target.uri, &err);
    if (im->look.json) {
        out = cJSON_CreateObject();
        add_i64(out, "version", version);
        add_i64(out, "rows", stats.rows);
        add_i64(out, "files", stats.files);
        add_i64(out, "rejected", im->rejected);
        (void)cJSON_AddBoolToObject(out, "alreadyImported", 0);
        if (print_json(out) != 0)
            return 1;
    } else {
        (void)printf("imported %" PRId64 " rows into %s, version %" PRId64 "\n", stats.rows,
                     im->target.uri, version);
    }
    if (im->rejected > 0)
        (void)fprintf(stderr, "deltawrite: records rejected: %" PRId64 "\n", im->rejected);
    return im->rejected > 0 ? 3 : 0;
}

static int already_imported(struct import *im)
{
    cJSON *out;

    if (!im->look.json) {
        (void)printf("%s: %s is at version %" PRId64 " or later already; nothing to do\n",
                     im->target.uri, im->app_id, im->app_version);
        return 0;
    }
    out = cJSON_CreateObject();
    add_i64(out, "version", dw_table_version(im->target.table));
    add_i64(out, "rows", 0);
    add_i64(out, "files", 0);
    add_i64(out, "rejected", 0);
    (void)cJSON_AddBoolToObject(out, "alreadyImported", 1);
    return print_json(out);
}

static int check_options(const struct import *im)
{
    if (im->format != NULL && strcmp(im->format, "ndjson") != 0 &&
        strcmp(im->format, "parquet") != 0) {
        (void)fprintf(
            stderr,
            "deltawrite import: --format: \"%s\" is not supported; ndjson and parquet are\n",
            im->format);
        return 2;
    }
    if ((im->app_id == NULL) != (im->app_version < 0)) {
        (void)fputs("deltawrite import: --app-id: goes together with --app-version\n", stderr);
        return 2;
    }
    return -1;
}

static int import_all(struct import *im)
{
    const struct textbuf nothing = {0};
    const struct sample sample = {&nothing, NULL};
    int code = -1;

    for (size_t i = 1; i < im->look.args.count && code == -1; i++)
        code = is_parquet(im, im->look.args.items[i]) ? import_parquet(im, im->look.args.items[i])
                                                      : import_lines(im, im->look.args.items[i]);
    if (code == -1 && im->target.table == NULL) /* every file was empty */
        code = open_or_create(im, &sample);
    if (code == -1 && im->txn == NULL)
        code = begin(im);
    return code == -2 ? already_imported(im) : code == -1 ? commit(im) : code;
}

int verb_import(const struct verb *verb, int argc, char **argv)
{
    struct import im = {.look = LOOK_INIT, .app_version = -1};
    const struct arg_spec specs[] = {
        {"--format", "FORMAT", ARG_TEXT, &im.format,
         "ndjson or parquet (default: by the name, .parquet or not)"},
        {"--create", NULL, ARG_FLAG, &im.create, "make the table when it is missing"},
        {"--schema", "FILE", ARG_TEXT, &im.schema_path,
         "its schema (default: what the first records show)"},
        {"--partition-by", "A,B", ARG_TEXT, &im.partition_by,
         "its partition columns, when it is made"},
        {"--app-id", "ID", ARG_TEXT, &im.app_id, "with --app-version: import once only"},
        {"--app-version", "N", ARG_COUNT, &im.app_version,
         "nothing is done when ID is at N or later"},
        {"--new-app-id", NULL, ARG_FLAG, &im.app_is_new,
         "ID is known to be new, though the table drops old ids"},
        {"--skip-rejected", NULL, ARG_FLAG, &im.skip_rejected,
         "import the good records and tell the bad ones (exit code 3)"},
        OPT_JSON(im.look),
        OPT_END};
    int code = args_parse(verb, specs, argc, argv, 2, SIZE_MAX, &im.look.args);

    if (code < 0)
        code = check_options(&im);
    if (code < 0)
        code = import_all(&im);
    dw_txn_close(im.txn);
    target_close(&im.target);
    arg_list_free(&im.look.args);
    return code;
}
