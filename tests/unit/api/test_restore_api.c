/* SPDX-License-Identifier: Apache-2.0 */
/* dw_restore(): a table becomes what it was. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "store/fault_store.h"

#define DAY_MS INT64_C(86400000)
#define SCHEMA                                                                                     \
    "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,"       \
    "\"metadata\":{}}]}"

typedef struct place {
    dwt_env env;
    dw_store *store;
    dw_table *table;
    dw_error err;
} place;

static int setup(void **state)
{
    static place p;
    dw_create_options options = DW_CREATE_OPTIONS_INIT;
    dw_table_options quiet = DW_TABLE_OPTIONS_INIT;

    memset(&p, 0, sizeof(p));
    dwt_env_init(&p.env);
    DWT_OK(dw_store_open_memory(NULL, &p.store, &p.err), &p.err);
    dwi_store_set_env(p.store, &p.env.base);
    options.schema_json = SCHEMA;
    DWT_OK(dw_table_create(p.store, "t", &options, &quiet, &p.table, &p.err), &p.err);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    place *p = *state;

    dw_table_close(p->table);
    dw_store_unref(p->store);
    return 0;
}

static void append(place *p, const char *record)
{
    const dw_bytes item = {record, strlen(record)};
    dw_txn_options options = DW_TXN_OPTIONS_INIT;
    int64_t loaded = -1;
    dw_txn *txn = NULL;

    p->env.now_us += DAY_MS * 1000;
    (void)dw_table_app_version(p->table, "loader", &loaded, NULL);
    options.flags = DW_TXN_ADD_COLUMNS;
    DWT_OK(dw_begin(p->table, &options, &txn, &p->err), &p->err);
    DWT_OK(dw_append_json(txn, &item, 1, NULL, NULL, &p->err), &p->err);
    DWT_OK(dw_txn_set_app_version(txn, "loader", loaded, loaded + 1, &p->err), &p->err);
    DWT_OK(dw_commit(txn, NULL, &p->err), &p->err);
    dw_txn_close(txn);
}

static dw_status count_file(void *ctx, const dw_file *file, dw_error *err)
{
    int64_t *rows = ctx;

    (void)err;
    *rows += file->num_records;
    return DW_OK;
}

static int64_t rows(place *p)
{
    dw_snapshot *snapshot = NULL;
    int64_t n = 0;

    DWT_OK(dw_snapshot_open(p->table, -1, &snapshot, &p->err), &p->err);
    DWT_OK(dw_snapshot_files(snapshot, count_file, &n, &p->err), &p->err);
    dw_snapshot_close(snapshot);
    return n;
}

static bool has_column(place *p, const char *name)
{
    dw_snapshot_info info = DW_SNAPSHOT_INFO_INIT;
    dw_snapshot *snapshot = NULL;
    bool found;

    DWT_OK(dw_snapshot_open(p->table, -1, &snapshot, &p->err), &p->err);
    DWT_OK(dw_snapshot_get_info(snapshot, &info, &p->err), &p->err);
    found = strstr(info.schema_json, name) != NULL;
    dw_snapshot_close(snapshot);
    return found;
}

static dw_status take_entry(void *ctx, const dw_history_entry *entry, dw_error *err)
{
    (void)err;
    (void)snprintf(ctx, 512, "%s %s %s", entry->operation, entry->operation_parameters_json,
                   entry->operation_metrics_json);
    return DW_OK;
}

static void rows_and_columns_come_back_and_application_ids_stay(void **state)
{
    place *p = *state;
    dw_restore_options options = DW_RESTORE_OPTIONS_INIT;
    dw_restore_metrics metrics = DW_RESTORE_METRICS_INIT;
    char entry[512] = "";
    int64_t loader = -1;

    append(p, "{\"id\":1}");
    append(p, "{\"id\":2}");
    append(p, "{\"id\":3,\"more\":\"x\"}");
    assert_true(has_column(p, "more"));
    options.version = 1;
    DWT_OK(dw_restore(p->table, &options, &metrics, &p->err), &p->err);
    DWT_EQ(metrics.version, 4);
    DWT_EQ(metrics.from_version, 1);
    DWT_EQ(metrics.has_changed, 1);
    DWT_EQ(metrics.removed_files, 2);
    DWT_EQ(metrics.files, 1);
    DWT_EQ(rows(p), 1);
    assert_false(has_column(p, "more"));
    DWT_OK(dw_table_app_version(p->table, "loader", &loader, &p->err), &p->err);
    DWT_EQ(loader, 2);
    DWT_OK(dw_table_history(p->table, 1, take_entry, entry, &p->err), &p->err);
    assert_non_null(strstr(entry, "RESTORE {\"version\":1,\"timestamp\":null} "
                                  "{\"tableSizeAfterRestore\":\""));
    assert_non_null(strstr(entry, "\"numRemovedFiles\":\"2\",\"numRestoredFiles\":\"0\""));
    options.version = 3;
    DWT_OK(dw_restore(p->table, &options, &metrics, &p->err), &p->err);
    DWT_EQ(metrics.added_files, 2);
    DWT_EQ(rows(p), 3);
    assert_true(has_column(p, "more"));
    append(p, "{\"id\":4,\"more\":\"y\"}");
    DWT_EQ(rows(p), 4);
}

static void a_time_names_the_version_that_was_newest_then(void **state)
{
    place *p = *state;
    dw_restore_options options = DW_RESTORE_OPTIONS_INIT;
    dw_restore_metrics metrics = DW_RESTORE_METRICS_INIT;
    char entry[512] = "";

    append(p, "{\"id\":1}");
    append(p, "{\"id\":2}");
    options.timestamp_ms = p->env.now_us / 1000 - 1;
    DWT_OK(dw_restore(p->table, &options, &metrics, &p->err), &p->err);
    DWT_EQ(metrics.from_version, 1);
    DWT_EQ(rows(p), 1);
    DWT_OK(dw_table_history(p->table, 1, take_entry, entry, &p->err), &p->err);
    assert_non_null(strstr(entry, "{\"version\":null,\"timestamp\":\"2026-01-02 23:59:59.999Z\"}"));
}

static void a_table_that_is_so_already_gets_no_version(void **state)
{
    place *p = *state;
    dw_restore_options options = DW_RESTORE_OPTIONS_INIT;
    dw_restore_metrics metrics = DW_RESTORE_METRICS_INIT;

    append(p, "{\"id\":1}");
    options.version = 1;
    DWT_OK(dw_restore(p->table, &options, &metrics, &p->err), &p->err);
    DWT_EQ(metrics.has_changed, 0);
    DWT_EQ(metrics.version, 1);
    DWT_EQ(dw_table_version(p->table), 1);
}

static void an_append_only_table_keeps_its_rows(void **state)
{
    place *p = *state;
    dw_restore_options options = DW_RESTORE_OPTIONS_INIT;
    dw_txn *txn = NULL;

    append(p, "{\"id\":1}");
    DWT_OK(dw_begin(p->table, NULL, &txn, &p->err), &p->err);
    DWT_OK(dw_txn_set_property(txn, "delta.appendOnly", "true", &p->err), &p->err);
    DWT_OK(dw_commit(txn, NULL, &p->err), &p->err);
    dw_txn_close(txn);
    append(p, "{\"id\":2}");
    options.version = 2;
    DWT_ERR(dw_restore(p->table, &options, NULL, &p->err), &p->err, DW_E_UNSUPPORTED,
            "delta.appendOnly: no rows can be removed");
    DWT_EQ(rows(p), 2);
}

/* Every operation of the store is the one at which the process dies, before or after it took
 * effect: the table is what it was before, or what it was to become. */
static void a_crash_leaves_the_table_before_or_after_it(void **state)
{
    const dw_store_options no_retry = {.struct_size = sizeof(dw_store_options),
                                       .retry_timeout_ms = -1};
    place *p = *state;
    dw_restore_options options = DW_RESTORE_OPTIONS_INIT;
    dw_store *faulty = NULL;
    dw_status status = DW_E_IO;

    append(p, "{\"id\":1}");
    append(p, "{\"id\":2}");
    DWT_OK(dwi_fault_store_new(p->store, &no_retry, &faulty, &p->err), &p->err);
    dwi_store_set_env(faulty, &p->env.base);
    for (int64_t n = 0; status != DW_OK; n++) {
        const dwi_fault fault = {
            DWI_ON_ALL, n % 2 == 0 ? DWI_FAULT_CRASH : DWI_FAULT_CRASH_AFTER, n / 2, 1, NULL, 0};
        dw_table *table = NULL;
        int64_t was = rows(p);
        DWT_OK(dwi_fault_plan(faulty, NULL, 0, &p->err), &p->err);
        DWT_OK(dw_table_open(faulty, "t", NULL, &table, &p->err), &p->err);
        options.version = was == 2 ? 1 : 2;
        DWT_OK(dwi_fault_plan(faulty, &fault, 1, &p->err), &p->err);
        status = dw_restore(table, &options, NULL, &p->err);
        dw_table_close(table);
        DWT_OK(dw_table_refresh(p->table, NULL, &p->err), &p->err);
        assert_true(rows(p) == was || rows(p) == 3 - was);
        if (status == DW_OK)
            DWT_EQ(rows(p), 3 - was);
        assert_true(n < 200);
    }
    dw_store_unref(faulty);
}

static void wrong_goals_are_told(void **state)
{
    place *p = *state;
    dw_restore_options options = DW_RESTORE_OPTIONS_INIT;

    DWT_ERR(dw_restore(p->table, &options, NULL, &p->err), &p->err, DW_E_ARG, "either a version");
    options.version = 7;
    DWT_ERR(dw_restore(p->table, &options, NULL, &p->err), &p->err, DW_E_NOT_FOUND,
            "t: version 7: no such version; the log has 0 to 0");
    options.timestamp_ms = 5;
    DWT_ERR(dw_restore(p->table, &options, NULL, &p->err), &p->err, DW_E_ARG, "either a version");
    options.version = -1;
    DWT_ERR(dw_restore(p->table, &options, NULL, &p->err), &p->err, DW_E_NOT_FOUND,
            "before the oldest version");
    options.flags = 1u << 20;
    DWT_ERR(dw_restore(p->table, &options, NULL, &p->err), &p->err, DW_E_UNSUPPORTED, "flags");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(rows_and_columns_come_back_and_application_ids_stay),
        TEST(a_time_names_the_version_that_was_newest_then),
        TEST(a_table_that_is_so_already_gets_no_version),
        TEST(an_append_only_table_keeps_its_rows),
        TEST(a_crash_leaves_the_table_before_or_after_it),
        TEST(wrong_goals_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
