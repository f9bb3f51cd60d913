/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"
#include "table_audit.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "store/store_ops.h"

#define SCHEMA                                                                                     \
    "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,"       \
    "\"metadata\":{}}]}"

enum { THREADS = 6, COMMITS = 30 };

typedef struct worker {
    dw_store *store;
    dw_table *table; /* shared, NULL: one of its own */
    pthread_t thread;
    int number;
    dw_txn *filled; /* of fill() */
    dw_error err;
} worker;

static dw_store *new_store(void)
{
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_store *store = NULL;
    dw_table *table = NULL;
    dw_error err;

    create.schema_json = SCHEMA;
    DWT_OK(dw_store_open_memory(NULL, &store, &err), &err);
    DWT_OK(dw_table_create(store, "t", &create, NULL, &table, &err), &err);
    dw_table_close(table);
    return store;
}

static dw_table *open_table(dw_store *store)
{
    dw_table *table = NULL;
    dw_error err;

    DWT_OK(dw_table_open(store, "t", NULL, &table, &err), &err);
    return table;
}

/* One row with a field that every worker finds for itself, each with a type of its own first. */
static dw_status stage(worker *w, dw_table *table, int commit, dw_txn **out_txn)
{
    dw_txn_options options = DW_TXN_OPTIONS_INIT;
    dw_txn *txn = NULL;
    char record[100];
    char app[32];
    dw_status status;
    int len;

    options.flags = DW_TXN_ADD_COLUMNS;
    len = snprintf(record, sizeof(record), "{\"id\":%d,\"found%d\":%s}", w->number * 1000 + commit,
                   commit % 4, w->number % 2 == 0 ? "1" : "2.5e0");
    (void)snprintf(app, sizeof(app), "worker-%d", w->number);
    status = dw_begin(table, &options, &txn, &w->err);
    if (status == DW_OK)
        status = dw_txn_set_app_version(txn, app, commit == 0 ? -1 : commit, commit + 1, &w->err);
    if (status == DW_OK)
        status = dw_append_ndjson(txn, (dw_bytes){record, (size_t)len}, NULL, NULL, &w->err);
    *out_txn = txn;
    return status;
}

/* A type that another worker's column has can make a record bad (2.5e0 for a long) and, between
 * handles, a commit conflict: then the record is given up for one that fits. */
static void *commit_all(void *arg)
{
    worker *w = arg;
    dw_table *table = w->table != NULL ? w->table : open_table(w->store);

    for (int i = 0; i < COMMITS; i++) {
        dw_txn *txn = NULL;
        dw_status status = stage(w, table, i, &txn);
        if (status == DW_E_SCHEMA)
            status = dw_append_ndjson(txn, (dw_bytes){"{\"id\":1}", 8}, NULL, NULL, &w->err);
        if (status == DW_OK)
            status = dw_commit(txn, NULL, &w->err);
        dw_txn_close(txn);
        if (status == DW_E_CONFLICT)
            i--;
        else if (status != DW_OK)
            break;
        w->err = (dw_error)DW_ERROR_INIT;
    }
    if (w->table == NULL)
        dw_table_close(table);
    return NULL;
}

static void run_workers(dw_store *store, dw_table *shared)
{
    worker workers[THREADS];
    dwt_audit found = {0};

    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.store = store, .table = shared, .number = i, .err = DW_ERROR_INIT};
        DWT_EQ(pthread_create(&workers[i].thread, NULL, commit_all, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        DWT_EQ(pthread_join(workers[i].thread, NULL), 0);
        DWT_OK(workers[i].err.code, &workers[i].err);
    }
    for (int i = 0; i < THREADS; i++) {
        char app[32];
        (void)snprintf(app, sizeof(app), "worker-%d", i);
        found = dwt_table_audit(store, "t", app);
        DWT_EQ(found.app, COMMITS);
        DWT_EQ(found.app_changes, COMMITS);
    }
    DWT_EQ(found.rows, THREADS * COMMITS);
    DWT_EQ(found.version, THREADS * COMMITS);
    DWT_EQ(found.orphans, 0);
    assert_true(found.metadata <= 1 + 4);
}

static void threads_of_one_handle_commit_side_by_side(void **state)
{
    dw_store *store = new_store();
    dw_table *table = open_table(store);

    (void)state;
    run_workers(store, table);
    DWT_EQ(dw_table_version(table), THREADS * COMMITS);
    dw_table_close(table);
    dw_store_unref(store);
}

static void threads_with_handles_of_their_own_lose_no_row(void **state)
{
    dw_store *store = new_store();

    (void)state;
    run_workers(store, NULL);
    dw_store_unref(store);
}

static void *fill(void *arg)
{
    worker *w = arg;

    if (stage(w, w->table, 0, &w->filled) == DW_OK)
        (void)dw_txn_flush(w->filled, &w->err);
    return NULL;
}

static void transactions_filled_by_threads_are_joined_into_one_commit(void **state)
{
    worker workers[THREADS];
    dw_store *store = new_store();
    dw_table *table = open_table(store);
    dwt_audit found;
    dw_error err;

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.table = table, .number = 2 * i, .err = DW_ERROR_INIT};
        DWT_EQ(pthread_create(&workers[i].thread, NULL, fill, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        DWT_EQ(pthread_join(workers[i].thread, NULL), 0);
        DWT_OK(workers[i].err.code, &workers[i].err);
        if (i > 0) {
            DWT_OK(dw_txn_join(workers[0].filled, workers[i].filled, &err), &err);
            dw_txn_close(workers[i].filled);
        }
    }
    DWT_OK(dw_commit(workers[0].filled, NULL, &err), &err);
    dw_txn_close(workers[0].filled);
    found = dwt_table_audit(store, "t", "worker-10");
    DWT_EQ(found.version, 1);
    DWT_EQ(found.rows, THREADS);
    DWT_EQ(found.metadata, 2);
    DWT_EQ(found.app, 1);
    dw_table_close(table);
    dw_store_unref(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_of_one_handle_commit_side_by_side),
        cmocka_unit_test(threads_with_handles_of_their_own_lose_no_row),
        cmocka_unit_test(transactions_filled_by_threads_are_joined_into_one_commit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
