/* SPDX-License-Identifier: Apache-2.0 */
/* A table keeps its log short by itself, and on command. One version a day. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "store/store_ops.h"

#define DAY_US (INT64_C(86400) * 1000000)
#define SCHEMA                                                                                     \
    "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,"       \
    "\"metadata\":{}}]}"

typedef struct place {
    dwt_env env;
    dw_store *store;
    dw_error err;
} place;

static int setup(void **state)
{
    static place p;

    memset(&p, 0, sizeof(p));
    dwt_env_init(&p.env);
    DWT_OK(dw_store_open_memory(NULL, &p.store, &p.err), &p.err);
    dwi_store_set_env(p.store, &p.env.base);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    place *p = *state;

    dw_store_unref(p->store);
    return 0;
}

static dw_table *create(place *p, uint32_t flags)
{
    const dw_property properties[] = {{"delta.logRetentionDuration", "interval 6 days"},
                                      {"delta.checkpointInterval", "5"}};
    dw_create_options options = DW_CREATE_OPTIONS_INIT;
    dw_table_options table_options = DW_TABLE_OPTIONS_INIT;
    dw_table *table = NULL;

    options.schema_json = SCHEMA;
    options.properties = properties;
    options.n_properties = 2;
    table_options.flags = flags;
    DWT_OK(dw_table_create(p->store, "t", &options, &table_options, &table, &p->err), &p->err);
    return table;
}

static void append_days(place *p, dw_table *table, int days)
{
    static const char record[] = "{\"id\":1}";
    const dw_bytes item = {record, sizeof(record) - 1};

    for (int i = 0; i < days; i++) {
        dw_txn *txn = NULL;
        p->env.now_us += DAY_US;
        DWT_OK(dw_begin(table, NULL, &txn, &p->err), &p->err);
        DWT_OK(dw_append_json(txn, &item, 1, NULL, NULL, &p->err), &p->err);
        DWT_OK(dw_commit(txn, NULL, &p->err), &p->err);
        dw_txn_close(txn);
    }
}

static bool is_there(place *p, int version)
{
    dw_object object;
    char key[64];

    (void)snprintf(key, sizeof(key), "t/_delta_log/%020d.json", version);
    return dwi_store_head(p->store, key, &object, NULL) == DW_OK;
}

/* Version n is n days old less than the clock; at the checkpoint of version 15, 5 has expired. */
static void a_checkpoint_is_followed_by_a_clean_log(void **state)
{
    place *p = *state;
    dw_table *table = create(p, 0);

    append_days(p, table, 10);
    assert_true(is_there(p, 0)); /* the checkpoint of 5 was not old enough when 10 was written */
    append_days(p, table, 5);
    assert_false(is_there(p, 4));
    assert_true(is_there(p, 5));
    append_days(p, table, 100);
    assert_false(is_there(p, 104));
    assert_true(is_there(p, 105));
    DWT_EQ(dw_table_version(table), 115);
    dw_table_close(table);
}

static void a_handle_can_be_told_not_to_clean(void **state)
{
    place *p = *state;
    dw_table *table = create(p, DW_TABLE_NO_LOG_CLEANUP);
    dw_clean_options options = DW_CLEAN_OPTIONS_INIT;
    dw_clean_metrics metrics = DW_CLEAN_METRICS_INIT;

    append_days(p, table, 20);
    assert_true(is_there(p, 0));
    options.flags = DW_CLEAN_DRY_RUN;
    DWT_OK(dw_table_cleanup_log(table, &options, &metrics, &p->err), &p->err);
    DWT_EQ(metrics.checkpoint, 10);
    DWT_EQ(metrics.commits, 10);
    assert_null(metrics.reason);
    assert_true(is_there(p, 0));
    DWT_OK(dw_table_cleanup_log(table, NULL, &metrics, &p->err), &p->err);
    DWT_EQ(metrics.commits, 10);
    assert_false(is_there(p, 9));
    assert_true(is_there(p, 10));
    DWT_OK(dw_table_cleanup_log(table, NULL, NULL, &p->err), &p->err);
    options.flags = 8;
    DWT_ERR(dw_table_cleanup_log(table, &options, NULL, &p->err), &p->err, DW_E_UNSUPPORTED,
            "unknown flags");
    DWT_ERR(dw_table_cleanup_log(NULL, NULL, NULL, &p->err), &p->err, DW_E_ARG, "a table");
    dw_table_close(table);
}

static dw_status count_file(void *ctx, const dw_file *file, dw_error *err)
{
    (void)file;
    (void)err;
    ++*(int *)ctx;
    return DW_OK;
}

/* A snapshot of before the cleanup finds all of its files after it, and so does one of an older
 * version that is left. */
static void readers_of_versions_that_are_left_are_not_hurt(void **state)
{
    place *p = *state;
    dw_table *table = create(p, DW_TABLE_NO_LOG_CLEANUP);
    dw_snapshot *latest = NULL;
    dw_snapshot *older = NULL;
    dw_snapshot *gone = NULL;
    int files = 0;

    append_days(p, table, 22);
    DWT_OK(dw_snapshot_open(table, -1, &latest, &p->err), &p->err);
    DWT_OK(dw_snapshot_open(table, 17, &older, &p->err), &p->err);
    DWT_OK(dw_table_cleanup_log(table, NULL, NULL, &p->err), &p->err);
    DWT_OK(dw_snapshot_files(latest, count_file, &files, &p->err), &p->err);
    DWT_EQ(files, 22);
    files = 0;
    DWT_OK(dw_snapshot_files(older, count_file, &files, &p->err), &p->err);
    DWT_EQ(files, 17);
    DWT_ERR(dw_snapshot_open(table, 3, &gone, &p->err), &p->err, DW_E_NOT_FOUND, "version 3");
    dw_snapshot_close(latest);
    dw_snapshot_close(older);
    append_days(p, table, 1);
    DWT_EQ(dw_table_version(table), 23);
    dw_table_close(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_checkpoint_is_followed_by_a_clean_log, setup, teardown),
        cmocka_unit_test_setup_teardown(a_handle_can_be_told_not_to_clean, setup, teardown),
        cmocka_unit_test_setup_teardown(readers_of_versions_that_are_left_are_not_hurt, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
