/* SPDX-License-Identifier: Apache-2.0 */
/* deltawrite import: files into one commit. Nothing is committed when a record is bad, unless
 * --skip-rejected says so. */
#include "tool/verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/import.h"
#include "tool/json_out.h"
#include "tool/present.h"

enum { UPLOAD_THREADS = 16 };

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
        code = import_infer_schema(sample, &schema);
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

static int overwrite(struct import *im)
{
    dw_overwrite_options opts = DW_OVERWRITE_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;

    if (im->mode == NULL || strcmp(im->mode, "overwrite") != 0)
        return -1;
    opts.where = im->where;
    opts.mode = im->where != NULL ? DW_OVERWRITE_WHERE
                : im->dynamic     ? DW_OVERWRITE_PARTITIONS
                                  : DW_OVERWRITE_TABLE;
    if (dw_txn_overwrite(im->txn, &opts, &err) != DW_OK)
        return fail_with(&err);
    return -1;
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
    return overwrite(im);
}

int import_ready(struct import *im, const struct sample *sample)
{
    int code = im->target.table == NULL ? open_or_create(im, sample) : IMPORT_GO_ON;

    if (code == IMPORT_GO_ON && im->txn == NULL)
        code = begin(im);
    return code;
}

static const char *const formats[] = {"ndjson", "csv", "parquet", "arrow"}; /* import_format */

/* By --format, else by the name. */
static enum import_format format_of(const struct import *im, const char *path)
{
    static const struct {
        const char *end;
        enum import_format format;
    } names[] = {{".parquet", IMPORT_PARQUET}, {".csv", IMPORT_CSV},   {".tsv", IMPORT_CSV},
                 {".arrow", IMPORT_ARROW},     {".ipc", IMPORT_ARROW}, {".arrows", IMPORT_ARROW},
                 {".feather", IMPORT_ARROW}};
    size_t len = strlen(path);

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]) && im->format != NULL; i++)
        if (strcmp(im->format, formats[i]) == 0)
            return (enum import_format)i;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t end = strlen(names[i].end);
        if (len > end && strcmp(path + len - end, names[i].end) == 0)
            return names[i].format;
    }
    return IMPORT_NDJSON;
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
    bool known = im->format == NULL;

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]) && !known; i++)
        known = strcmp(im->format, formats[i]) == 0;
    if (!known) {
        (void)fprintf(stderr,
                      "deltawrite import: --format: \"%s\" is not supported; ndjson, csv, parquet "
                      "and arrow are\n",
                      im->format);
        return 2;
    }
    if (im->delimiter != NULL &&
        (strlen(im->delimiter) != 1 || strchr("\"\r\n", im->delimiter[0]))) {
        (void)fprintf(stderr, "deltawrite import: --delimiter: \"%s\" is not one character\n",
                      im->delimiter);
        return 2;
    }
    if (im->mode != NULL && strcmp(im->mode, "append") != 0 && strcmp(im->mode, "overwrite") != 0) {
        (void)fputs("deltawrite import: --mode: append or overwrite\n", stderr);
        return 2;
    }
    if ((im->where != NULL || im->dynamic) &&
        (im->mode == NULL || strcmp(im->mode, "overwrite") != 0 ||
         (im->where != NULL && im->dynamic))) {
        (void)fputs("deltawrite import: --where, --dynamic-partitions: one of them, and with "
                    "--mode overwrite\n",
                    stderr);
        return 2;
    }
    if ((im->app_id == NULL) != (im->app_version < 0)) {
        (void)fputs("deltawrite import: --app-id: goes together with --app-version\n", stderr);
        return 2;
    }
    return -1;
}

static int import_file(struct import *im, const char *path)
{
    switch (format_of(im, path)) {
    case IMPORT_PARQUET:
        return import_parquet(im, path);
    case IMPORT_CSV:
        return import_csv(im, path);
    case IMPORT_ARROW:
        return import_arrow(im, path);
    default:
        return import_ndjson(im, path);
    }
}

/* Of all that are read as text; 0 when one is no file. */
static int64_t bytes_of(const struct import *im)
{
    int64_t bytes = 0;

    for (size_t i = 1; i < im->look.args.count; i++) {
        const char *path = im->look.args.items[i];
        struct stat st;
        if (format_of(im, path) == IMPORT_PARQUET || stat(path, &st) != 0 || !S_ISREG(st.st_mode))
            return 0;
        bytes += st.st_size;
    }
    return bytes;
}

static int import_all(struct import *im)
{
    const struct textbuf nothing = {0};
    const struct sample sample = {.lines = &nothing};
    int code = IMPORT_GO_ON;

    im->total_bytes = bytes_of(im);
    progress_begin(&im->progress, "import", PROGRESS_BYTES, im->look.json);
    for (size_t i = 1; i < im->look.args.count && code == IMPORT_GO_ON; i++)
        code = import_file(im, im->look.args.items[i]);
    progress_end(&im->progress);
    if (code == IMPORT_GO_ON) /* perhaps every file was empty */
        code = import_ready(im, &sample);
    if (code == IMPORT_KNOWN)
        return already_imported(im);
    return code == IMPORT_GO_ON ? commit(im) : code;
}

int verb_import(const struct verb *verb, int argc, char **argv)
{
    struct import im = {.look = LOOK_INIT, .app_version = -1};
    const struct arg_spec specs[] = {
        {"--format", "ndjson|csv|parquet|arrow", ARG_TEXT, &im.format,
         "of the files (default: by the name, .csv, .tsv, .parquet, .arrow, .feather, else "
         "ndjson)"},
        {"--delimiter", "C", ARG_TEXT, &im.delimiter,
         "what stands between the fields of CSV (default: a comma, in .tsv a tab)"},
        {"--csv-columns", "A,B", ARG_TEXT, &im.csv_columns,
         "names of CSV's columns (default: the first line has them)"},
        {"--create", NULL, ARG_FLAG, &im.create, "make the table when it is missing"},
        {"--schema", "FILE", ARG_TEXT, &im.schema_path,
         "its schema (default: what the first records show)"},
        {"--partition-by", "A,B", ARG_TEXT, &im.partition_by,
         "its partition columns, when it is made"},
        {"--mode", "append|overwrite", ARG_TEXT, &im.mode,
         "what becomes of the rows that are there (default: append)"},
        {"--where", "CONDITION", ARG_TEXT, &im.where,
         "overwrite only rows that pass it; the new ones must, too"},
        {"--dynamic-partitions", NULL, ARG_FLAG, &im.dynamic,
         "overwrite only partitions that new rows are in"},
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
