/* SPDX-License-Identifier: Apache-2.0 */
/* table_dump [-v VERSION] [-r] URI: what the library reads of a table, for tests that compare it
 * with other readers: one JSON object with version, number of files and appendability, then with -r
 * the rows, one a line. An error is one line on stderr, "STATUS: MESSAGE", and exit status 1. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "delta/features.h"
#include "delta/files.h"
#include "delta/table_scan.h"
#include "print_column.h"

static void print_line(dwi_buf *line)
{
    dwi_buf_append_byte(line, '\n');
    (void)fwrite(line->data, 1, line->len, stdout);
    dwi_buf_clear(line);
}

typedef struct totals {
    int64_t files;
    int64_t bytes;
} totals;

static dw_status count_file(void *ctx, const dwi_add *add, dw_error *err)
{
    totals *t = ctx;

    (void)err;
    t->files++;
    t->bytes += add->size;
    return DW_OK;
}

static dw_status print_info(const dwi_log *log, const dwi_state *state, dw_error *err)
{
    totals t = {0, 0};
    const dwi_file_visitor visitor = {&t, count_file, NULL};
    dw_error refusal = DW_ERROR_INIT;
    dw_status status;
    dwi_buf line;
    dwi_jw w;

    dwi_buf_init(&line, log->alloc);
    DWI_TRY(dwi_files_visit(log, state, visitor, err));
    dwi_jw_init(&w, &line);
    dwi_jw_object_begin(&w);
    dwi_jw_kv_i64(&w, "version", state->version);
    dwi_jw_kv_i64(&w, "checkpoint", dwi_state_checkpoint(state));
    dwi_jw_kv_i64(&w, "num_files", t.files);
    dwi_jw_kv_i64(&w, "size_bytes", t.bytes);
    dwi_jw_kv_bool(&w, "appendable", dwi_features_check_append(state, &refusal) == DW_OK);
    dwi_jw_kv_cstr(&w, "refusal", refusal.code == DW_OK ? NULL : refusal.message);
    dwi_jw_object_end(&w);
    print_line(&line);
done:
    dwi_buf_done(&line);
    return status;
}

static dw_status print_rows(const dwi_log *log, dwi_state *state, dw_error *err)
{
    dwi_table_scan *scan = NULL;
    dwi_column batch = {0};
    dw_status status;
    dwi_buf line;

    dwi_buf_init(&line, log->alloc);
    DWI_TRY(dwi_table_scan_open(log, state, &(dwi_scan_options){0}, &scan, err));
    DWI_TRY(dwi_column_init(&batch, dwi_table_scan_type(scan), log->alloc, err));
    do {
        DWI_TRY(dwi_table_scan_next(scan, &batch, err));
        for (int64_t row = 0; row < batch.length; row++) {
            dwi_jw w;
            dwi_jw_init(&w, &line);
            dwt_print_value(&w, &batch, row);
            print_line(&line);
        }
    } while (batch.length > 0);
done:
    dwi_column_done(&batch);
    dwi_table_scan_close(scan);
    dwi_buf_done(&line);
    return status;
}

static void print_warning(void *ctx, int level, const char *message)
{
    (void)ctx;
    if (level <= DW_LOG_WARN)
        (void)fprintf(stderr, "warning: %s\n", message);
}

static dw_status dump(const char *uri, int64_t version, bool rows, dw_error *err)
{
    const dwi_logger logger = {print_warning, NULL};
    dw_store *store = NULL;
    dwi_state *state = NULL;
    dwi_log log = {0};
    dw_status status;

    DWI_TRY(dw_store_open_uri(uri, NULL, &store, err));
    DWI_TRY(dwi_log_init(&log, store, "", dwi_alloc_default(), logger, err));
    DWI_TRY(dwi_state_load(&log, version, &state, err));
    DWI_TRY(print_info(&log, state, err));
    if (rows)
        DWI_TRY(print_rows(&log, state, err));
done:
    dwi_state_unref(state);
    dwi_log_done(&log);
    dw_store_unref(store);
    return status;
}

int main(int argc, char **argv)
{
    int64_t version = -1;
    bool rows = false;
    dw_error err = DW_ERROR_INIT;
    dw_status status;
    int option;

    while ((option = getopt(argc, argv, "rv:")) != -1) {
        if (option == 'r')
            rows = true;
        else if (option == 'v')
            version = strtoll(optarg, NULL, 10);
        else
            return 2;
    }
    if (optind + 1 != argc)
        return 2;
    status = dump(argv[optind], version, rows, &err);
    if (status == DW_OK)
        return 0;
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s: %s\n", dw_status_name(status), err.message);
    return 1;
}
