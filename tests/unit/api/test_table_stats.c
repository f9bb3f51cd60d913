/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <string.h>

#include "store/fault_store.h"
#include "store/store_ops.h"

#define SCHEMA                                                                                     \
    "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,"       \
    "\"metadata\":{}}]}"

static dw_error err;

static dw_status append_text(dw_table *table, const char *record)
{
    const dw_bytes item = {record, strlen(record)};
    dw_txn_options options = DW_TXN_OPTIONS_INIT;
    dw_txn *txn = NULL;
    dw_status status;

    options.flags = DW_TXN_ADD_COLUMNS;
    DWT_OK(dw_begin(table, &options, &txn, &err), &err);
    DWT_OK(dw_append_json(txn, &item, 1, NULL, NULL, &err), &err);
    status = dw_commit(txn, NULL, &err);
    dw_txn_close(txn);
    return status;
}

static dw_status append(dw_table *table)
{
    return append_text(table, "{\"id\":1}");
}

static dw_table_stats stats_of(dw_table *table)
{
    dw_table_stats stats = DW_TABLE_STATS_INIT;

    DWT_OK(dw_table_get_stats(table, &stats, &err), &err);
    return stats;
}

static void a_handle_tells_what_it_did(void **state)
{
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_store_options opts = DW_STORE_OPTIONS_INIT;
    dwi_fault slow = {DWI_ON_WRITE, DWI_FAULT_DELAY, 0, -1, "checkpoint", 2000};
    dwi_fault denied = {DWI_ON_WRITE, DWI_FAULT_DENY, 0, -1, "checkpoint", 0};
    dwi_fault refused = {DWI_ON_PUT_IF_ABSENT, DWI_FAULT_DENY, 0, -1, NULL, 0};
    dw_store *memory = NULL;
    dw_store *store = NULL;
    dw_table *table = NULL;
    dw_table *other = NULL;
    dw_table_stats stats;
    dwt_env env;

    (void)state;
    dwt_env_init(&env);
    opts.retry_timeout_ms = -1;
    DWT_OK(dw_store_open_memory(NULL, &memory, &err), &err);
    DWT_OK(dwi_fault_store_new(memory, &opts, &store, &err), &err);
    dwi_store_set_env(memory, &env.base);
    dwi_store_set_env(store, &env.base);
    create.schema_json = SCHEMA;
    DWT_OK(dw_table_create(store, "t", &create, NULL, &table, &err), &err);
    stats = stats_of(table);
    DWT_EQ(stats.struct_size, sizeof(stats));
    DWT_EQ(stats.version, 0);
    DWT_EQ(stats.checkpoint_version, -1);
    DWT_EQ(stats.files, -1);
    DWT_OK(dw_table_open(store, "t", NULL, &other, &err), &err);
    DWT_OK(append(other), &err);
    DWT_OK(append(other), &err);
    DWT_OK(append(table), &err);
    stats = stats_of(table);
    DWT_EQ(stats.version, 3);
    DWT_EQ(stats.commits, 1);
    DWT_EQ(stats.versions_lost, 2);
    DWT_EQ(stats_of(other).commits, 2);

    DWT_EQ(stats.schema_changes, 0);
    DWT_OK(append_text(table, "{\"id\":1,\"more\":true}"), &err);
    DWT_EQ(stats_of(table).schema_changes, 1);
    DWT_OK(append_text(table, "{\"id\":1,\"more\":false}"), &err);
    DWT_EQ(stats_of(table).schema_changes, 1);
    DWT_OK(dwi_fault_plan(store, &slow, 1, &err), &err);
    for (int version = 6; version <= 10; version++)
        DWT_OK(append(table), &err);
    stats = stats_of(table);
    DWT_EQ(stats.checkpoint_version, 10);
    DWT_EQ(stats.checkpoints, 1);
    assert_true(stats.checkpoint_us >= 2000);
    DWT_OK(dwi_fault_plan(store, &denied, 1, &err), &err);
    for (int version = 11; version <= 20; version++)
        DWT_OK(append(table), &err);
    stats = stats_of(table);
    DWT_EQ(stats.checkpoint_version, 10);
    DWT_EQ(stats.checkpoints, 1);
    DWT_EQ(stats.checkpoints_failed, 1);
    DWT_EQ(stats.commits_failed, 0);
    DWT_OK(dwi_fault_plan(store, &refused, 1, &err), &err);
    DWT_EQ(append(table), DW_E_DENIED);
    DWT_EQ(stats_of(table).commits_failed, 1);
    dw_table_close(other);
    dw_table_close(table);
    dw_store_unref(store);
    dw_store_unref(memory);
}

static void an_older_caller_gets_what_it_knows(void **state)
{
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_table_stats stats;
    dw_store *store = NULL;
    dw_table *table = NULL;

    (void)state;
    DWT_OK(dw_store_open_memory(NULL, &store, &err), &err);
    create.schema_json = SCHEMA;
    DWT_OK(dw_table_create(store, "t", &create, NULL, &table, &err), &err);
    memset(&stats, 0x55, sizeof(stats));
    stats.struct_size = 16;
    DWT_OK(dw_table_get_stats(table, &stats, &err), &err);
    DWT_EQ(stats.struct_size, 16);
    DWT_EQ(stats.version, 0);
    DWT_EQ(stats.commits, 0x5555555555555555);
    DWT_ERR(dw_table_get_stats(table, NULL, &err), &err, DW_E_ARG, "dw_table_get_stats");
    dw_table_close(table);
    dw_store_unref(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handle_tells_what_it_did),
        cmocka_unit_test(an_older_caller_gets_what_it_knows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
