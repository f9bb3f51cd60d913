/* SPDX-License-Identifier: Apache-2.0 */
/* Append NDJSON from standard input to a table, made on the first run. Fields that the table lacks
 * become new columns; lines that cannot be decoded are told and left out.
 *
 *   append_json TABLE-URI < records.ndjson */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <deltawrite/deltawrite.h>

static const char schema[] = "{\"type\":\"struct\",\"fields\":["
                             "{\"name\":\"timestamp\",\"type\":\"timestamp\",\"nullable\":true,"
                             "\"metadata\":{}},"
                             "{\"name\":\"event\",\"type\":\"string\",\"nullable\":true,"
                             "\"metadata\":{}}]}";

static int fail(const dw_error *err)
{
    fprintf(stderr, "append_json: %s\n", err->message);
    return 1;
}

static dw_status tell_bad_line(void *ctx, size_t index, dw_bytes record, const dw_error *error)
{
    (void)ctx;
    (void)record;
    fprintf(stderr, "line %zu is left out: %s\n", index + 1, error->message);
    return DW_OK;
}

/* Whole lines at a time, so that input of any length needs little memory. */
static dw_status append_input(dw_txn *txn, dw_error *err)
{
    static char text[1 << 20];
    size_t kept = 0;
    size_t got;

    while ((got = fread(text + kept, 1, sizeof(text) - kept, stdin)) > 0) {
        size_t len = kept + got;
        size_t end = len;
        while (end > 0 && text[end - 1] != '\n')
            end--;
        if (end == 0)
            end = len; /* the last line, or one that is too long */
        dw_status status = dw_append_ndjson(txn, (dw_bytes){text, end}, tell_bad_line, NULL, err);
        if (status != DW_OK)
            return status;
        kept = len - end;
        memmove(text, text + end, kept);
    }
    return dw_append_ndjson(txn, (dw_bytes){text, kept}, tell_bad_line, NULL, err);
}

int main(int argc, char **argv)
{
    dw_error err = DW_ERROR_INIT;
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_txn_options options = DW_TXN_OPTIONS_INIT;
    dw_txn_stats stats = DW_TXN_STATS_INIT;
    dw_store *store = NULL;
    dw_table *table = NULL;
    dw_txn *txn = NULL;
    int64_t version;

    if (argc != 2) {
        fprintf(stderr, "usage: append_json TABLE-URI < records.ndjson\n");
        return 2;
    }
    create.flags = DW_CREATE_IF_MISSING;
    create.schema_json = schema;
    options.flags = DW_TXN_ADD_COLUMNS;
    if (dw_store_open_uri(argv[1], NULL, &store, &err) != DW_OK ||
        dw_table_create(store, "", &create, NULL, &table, &err) != DW_OK ||
        dw_begin(table, &options, &txn, &err) != DW_OK || append_input(txn, &err) != DW_OK ||
        dw_commit(txn, &version, &err) != DW_OK || dw_txn_get_stats(txn, &stats, &err) != DW_OK)
        return fail(&err);
    printf("version %lld: %lld rows, %lld left out\n", (long long)version, (long long)stats.rows,
           (long long)stats.rejected_rows);
    dw_txn_close(txn);
    dw_table_close(table);
    dw_store_unref(store);
    return 0;
}
