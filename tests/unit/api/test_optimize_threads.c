/* SPDX-License-Identifier: Apache-2.0 */
/* dw_optimize() with threads: bins side by side, and a bin that one thread reads and another
 * writes. Also for the thread sanitizer. */
#include "harness.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "store/store_ops.h"

enum { COMMITS = 40, ROWS = 50 };

typedef struct lake {
    dw_store *store;
    dw_table *table;
    dw_error err;
} lake;

static void make_table(lake *l, const char *partition)
{
    dw_create_options what = DW_CREATE_OPTIONS_INIT;

    what.schema_json = "{\"type\":\"struct\",\"fields\":["
                       "{\"name\":\"p\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},"
                       "{\"name\":\"n\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},"
                       "{\"name\":\"s\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}]}";
    what.partition_columns = &partition;
    what.n_partition_columns = partition == NULL ? 0 : 1;
    DWT_OK(dw_store_open_memory(NULL, &l->store, &l->err), &l->err);
    DWT_OK(dw_table_create(l->store, "t", &what, NULL, &l->table, &l->err), &l->err);
    for (int c = 0; c < COMMITS; c++) {
        char text[ROWS * 64];
        size_t len = 0;
        dw_txn *txn = NULL;
        for (int i = 0; i < ROWS; i++)
            len += (size_t)snprintf(text + len, sizeof(text) - len,
                                    "{\"p\":%d,\"n\":%d,\"s\":\"row %d\"}\n", i % 5, c * ROWS + i,
                                    c * ROWS + i);
        DWT_OK(dw_begin(l->table, NULL, &txn, &l->err), &l->err);
        DWT_OK(dw_append_ndjson(txn, (dw_bytes){text, len}, NULL, NULL, &l->err), &l->err);
        DWT_OK(dw_commit(txn, NULL, &l->err), &l->err);
        dw_txn_close(txn);
    }
}

static void close_table(lake *l)
{
    dw_table_close(l->table);
    dw_store_unref(l->store);
}

/* Every number from 0 is there once, each with its own text and partition. */
static void check_rows(lake *l)
{
    bool seen[COMMITS * ROWS] = {false};
    struct ArrowArrayStream stream;
    dw_snapshot *snapshot = NULL;
    int64_t rows = 0;

    DWT_OK(dw_snapshot_open(l->table, -1, &snapshot, &l->err), &l->err);
    DWT_OK(dw_snapshot_scan(snapshot, NULL, &stream, &l->err), &l->err);
    for (;;) {
        struct ArrowArray batch;
        DWT_EQ(stream.get_next(&stream, &batch), 0);
        if (batch.release == NULL)
            break;
        const int64_t *p = batch.children[0]->buffers[1];
        const int64_t *n = batch.children[1]->buffers[1];
        const int32_t *offsets = batch.children[2]->buffers[1];
        const char *data = batch.children[2]->buffers[2];
        for (int64_t i = 0; i < batch.length; i++) {
            char want[32];
            assert_in_range(n[i], 0, COMMITS * ROWS - 1);
            assert_false(seen[n[i]]);
            seen[n[i]] = true;
            DWT_EQ(p[i], n[i] % ROWS % 5);
            (void)snprintf(want, sizeof(want), "row %d", (int)n[i]);
            DWT_EQ(offsets[i + 1] - offsets[i], strlen(want));
            assert_memory_equal(data + offsets[i], want, strlen(want));
        }
        rows += batch.length;
        batch.release(&batch);
    }
    stream.release(&stream);
    dw_snapshot_close(snapshot);
    DWT_EQ(rows, COMMITS * ROWS);
}

static void optimize(lake *l, int32_t threads, int64_t want_files)
{
    dw_optimize_options opts = DW_OPTIMIZE_OPTIONS_INIT;
    dw_optimize_metrics metrics = DW_OPTIMIZE_METRICS_INIT;

    opts.threads = threads;
    DWT_OK(dw_optimize(l->table, &opts, &metrics, &l->err), &l->err);
    DWT_EQ(metrics.added_files, want_files);
    DWT_EQ(metrics.rows, COMMITS * ROWS);
    check_rows(l);
}

static void bins_are_written_side_by_side(void **state)
{
    lake l = {0};

    (void)state;
    make_table(&l, "p");
    optimize(&l, 3, 5);
    close_table(&l);
}

static void one_bin_is_read_and_written_at_the_same_time(void **state)
{
    lake l = {0};

    (void)state;
    make_table(&l, NULL);
    optimize(&l, 3, 1);
    close_table(&l);
}

static dw_status keep_key(void *ctx, const dw_object *object, dw_error *err)
{
    (void)err;
    if (strstr(object->key, ".parquet") != NULL)
        (void)snprintf(ctx, 256, "%s", object->key);
    return DW_OK;
}

static void a_file_that_cannot_be_read_ends_all_threads(void **state)
{
    char key[256] = "";
    lake l = {0};
    dw_optimize_options opts = DW_OPTIMIZE_OPTIONS_INIT;

    (void)state;
    make_table(&l, NULL);
    DWT_OK(dwi_store_list(l.store, "t/part", NULL, keep_key, key, &l.err), &l.err);
    DWT_OK(dwi_store_put(l.store, key, (dw_bytes){"PAR1", 4}, DW_PUT_OVERWRITE, &l.err), &l.err);
    opts.threads = 4;
    DWT_ERR(dw_optimize(l.table, &opts, NULL, &l.err), &l.err, DW_E_CORRUPT, ".parquet");
    DWT_EQ(dw_table_version(l.table), COMMITS);
    close_table(&l);
}

/* ---- maintainers beside appenders, each with a handle of its own ---- */

enum { APPENDERS = 3, MAINTAINERS = 2, APPENDS = 120 };

typedef struct worker {
    pthread_t thread;
    dw_store *store;
    int number;
    int *running; /* __atomic: appenders */
    dw_status status;
    dw_error err;
    int64_t compactions;
} worker;

static dw_status append_one(worker *w, dw_table *table, int n)
{
    char text[64];
    size_t len =
        (size_t)snprintf(text, sizeof(text), "{\"p\":%d,\"n\":%d,\"s\":\"x\"}", w->number, n);
    dw_txn *txn = NULL;
    dw_status status = dw_begin(table, NULL, &txn, &w->err);

    if (status == DW_OK)
        status = dw_append_ndjson(txn, (dw_bytes){text, len}, NULL, NULL, &w->err);
    if (status == DW_OK)
        status = dw_commit(txn, NULL, &w->err);
    dw_txn_close(txn);
    return status;
}

static void *append_main(void *ctx)
{
    worker *w = ctx;
    dw_table *table = NULL;

    w->status = dw_table_open(w->store, "t", NULL, &table, &w->err);
    for (int n = 0; n < APPENDS && w->status == DW_OK; n++)
        w->status = append_one(w, table, n);
    dw_table_close(table);
    (void)__atomic_sub_fetch(w->running, 1, __ATOMIC_ACQ_REL);
    return NULL;
}

static void *maintain_main(void *ctx)
{
    worker *w = ctx;
    dw_maintain_policy policy = DW_MAINTAIN_POLICY_INIT;
    dw_table *table = NULL;

    policy.lease_ms = 20; /* so short that they take it from each other */
    policy.busy_percent = 100;
    w->status = dw_table_open(w->store, "t", NULL, &table, &w->err);
    while (w->status == DW_OK && __atomic_load_n(w->running, __ATOMIC_ACQUIRE) > 0) {
        dw_maintain_report report = DW_MAINTAIN_REPORT_INIT;
        w->status = dw_maintain(table, &policy, &report, &w->err);
        w->compactions += report.compactions;
    }
    dw_table_close(table);
    return NULL;
}

static dw_status count_rows(void *ctx, const dw_file *file, dw_error *err)
{
    int64_t *counts = ctx;

    (void)err;
    counts[0]++;
    counts[1] += file->num_records;
    return DW_OK;
}

static void no_conflict_of_maintainers_reaches_an_appender(void **state)
{
    worker workers[APPENDERS + MAINTAINERS];
    dw_maintain_report report = DW_MAINTAIN_REPORT_INIT;
    int running = APPENDERS;
    int64_t counts[2] = {0, 0};
    int64_t compactions = 0;
    dw_snapshot *snapshot = NULL;
    lake l = {0};

    (void)state;
    make_table(&l, NULL);
    for (int i = 0; i < APPENDERS + MAINTAINERS; i++) {
        workers[i] = (worker){.store = l.store, .number = i, .running = &running};
        DWT_EQ(pthread_create(&workers[i].thread, NULL, i < APPENDERS ? append_main : maintain_main,
                              &workers[i]),
               0);
    }
    for (int i = 0; i < APPENDERS + MAINTAINERS; i++) {
        DWT_EQ(pthread_join(workers[i].thread, NULL), 0);
        DWT_OK(workers[i].status, &workers[i].err);
        compactions += workers[i].compactions;
    }
    assert_true(compactions > 0);
    DWT_OK(dw_maintain(l.table, NULL, &report, &l.err), &l.err);
    DWT_OK(dw_snapshot_open(l.table, -1, &snapshot, &l.err), &l.err);
    DWT_OK(dw_snapshot_files(snapshot, count_rows, counts, &l.err), &l.err);
    dw_snapshot_close(snapshot);
    DWT_EQ(counts[1], COMMITS * ROWS + APPENDERS * APPENDS);
    assert_in_range(counts[0], 1, COMMITS + 20);
    close_table(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bins_are_written_side_by_side),
        cmocka_unit_test(one_bin_is_read_and_written_at_the_same_time),
        cmocka_unit_test(a_file_that_cannot_be_read_ends_all_threads),
        cmocka_unit_test(no_conflict_of_maintainers_reaches_an_appender),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
