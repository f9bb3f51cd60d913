/* SPDX-License-Identifier: Apache-2.0 */
/* dw_vacuum(): retention, what the history tells of it, and its metrics. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "store/store_ops.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_US  (INT64_C(86400) * 1000000)
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

    memset(&p, 0, sizeof(p));
    dwt_env_init(&p.env);
    DWT_OK(dw_store_open_memory(NULL, &p.store, &p.err), &p.err);
    dwi_store_set_env(p.store, &p.env.base);
    options.schema_json = SCHEMA;
    DWT_OK(dw_table_create(p.store, "t", &options, NULL, &p.table, &p.err), &p.err);
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

static void put_orphan(place *p, const char *key)
{
    DWT_OK(dwi_store_put(p->store, key, (dw_bytes){"12345", 5}, DW_PUT_OVERWRITE, &p->err),
           &p->err);
}

static bool is_there(place *p, const char *key)
{
    dw_object object;

    return dwi_store_head(p->store, key, &object, NULL) == DW_OK;
}

typedef struct entries {
    char text[2048];
} entries;

static dw_status take_entry(void *ctx, const dw_history_entry *entry, dw_error *err)
{
    entries *e = ctx;
    size_t len = strlen(e->text);

    (void)err;
    (void)snprintf(e->text + len, sizeof(e->text) - len, "%s %s %s %d\n", entry->operation,
                   entry->operation_parameters_json, entry->operation_metrics_json,
                   entry->is_blind_append);
    return DW_OK;
}

static const char *newest(place *p, int64_t count)
{
    static entries e;

    e.text[0] = '\0';
    DWT_OK(dw_table_history(p->table, count, take_entry, &e, &p->err), &p->err);
    return e.text;
}

static void the_history_tells_of_it_as_spark_would(void **state)
{
    place *p = *state;
    dw_vacuum_metrics metrics = DW_VACUUM_METRICS_INIT;
    dw_vacuum_options options = DW_VACUUM_OPTIONS_INIT;

    put_orphan(p, "t/a");
    put_orphan(p, "t/x/b");
    p->env.now_us += 8 * DAY_US;
    options.retain_ms = 170 * HOUR_MS;
    options.threads = 3;
    DWT_OK(dw_vacuum(p->table, &options, &metrics, &p->err), &p->err);
    DWT_EQ(metrics.files, 2);
    DWT_EQ(metrics.bytes, 10);
    DWT_EQ(metrics.folders, 2);
    DWT_EQ(metrics.version, 1);
    DWT_EQ(metrics.is_lite, 0);
    assert_false(is_there(p, "t/a") || is_there(p, "t/x/b"));
    DWT_STR(newest(p, 2),
            "VACUUM END {\"status\":\"COMPLETED\"} "
            "{\"numDeletedFiles\":\"2\",\"numVacuumedDirectories\":\"2\"} 1\n"
            "VACUUM START {\"retentionCheckEnabled\":true,\"specifiedRetentionMillis\":612000000,"
            "\"defaultRetentionMillis\":604800000} "
            "{\"numFilesToDelete\":\"2\",\"sizeOfDataToDelete\":\"10\"} 1\n");
}

static void nothing_to_do_and_a_wish_for_quiet_leave_no_commits(void **state)
{
    place *p = *state;
    dw_vacuum_options options = DW_VACUUM_OPTIONS_INIT;

    DWT_OK(dw_vacuum(p->table, NULL, NULL, &p->err), &p->err);
    DWT_EQ(dw_table_version(p->table), 0);
    put_orphan(p, "t/a");
    p->env.now_us += 8 * DAY_US;
    options.flags = DW_VACUUM_DRY_RUN;
    DWT_OK(dw_vacuum(p->table, &options, NULL, &p->err), &p->err);
    assert_true(is_there(p, "t/a"));
    options.flags = DW_VACUUM_NO_COMMITS;
    DWT_OK(dw_vacuum(p->table, &options, NULL, &p->err), &p->err);
    assert_false(is_there(p, "t/a"));
    DWT_EQ(dw_table_version(p->table), 0);
}

static void a_retention_below_the_tables_has_to_be_insisted_on(void **state)
{
    place *p = *state;
    dw_vacuum_options options = DW_VACUUM_OPTIONS_INIT;

    put_orphan(p, "t/a");
    p->env.now_us += 1000000;
    options.retain_ms = 167 * HOUR_MS;
    DWT_ERR(dw_vacuum(p->table, &options, NULL, &p->err), &p->err, DW_E_ARG,
            "t: vacuum: a retention of 167.0 hours is below the table's of 168.0 hours");
    assert_true(is_there(p, "t/a"));
    options.retain_ms = 0;
    options.flags = DW_VACUUM_UNSAFE_RETENTION;
    DWT_OK(dw_vacuum(p->table, &options, NULL, &p->err), &p->err);
    assert_false(is_there(p, "t/a"));
    assert_non_null(strstr(newest(p, 2), "\"retentionCheckEnabled\":false"));
}

/* Seven days, and a quarter of an hour because clocks differ. */
static void clocks_that_differ_are_given_a_margin(void **state)
{
    place *p = *state;
    dw_vacuum_options options = DW_VACUUM_OPTIONS_INIT;

    put_orphan(p, "t/a");
    p->env.now_us += 7 * DAY_US + INT64_C(14) * 60 * 1000000;
    DWT_OK(dw_vacuum(p->table, NULL, NULL, &p->err), &p->err);
    assert_true(is_there(p, "t/a"));
    options.clock_skew_ms = 15 * 60000;
    DWT_OK(dw_vacuum(p->table, &options, NULL, &p->err), &p->err);
    assert_true(is_there(p, "t/a"));
    options.clock_skew_ms = 13 * 60000;
    DWT_OK(dw_vacuum(p->table, &options, NULL, &p->err), &p->err);
    assert_false(is_there(p, "t/a"));
}

static dw_status refuse_file(void *ctx, const char *path, int64_t size, dw_error *err)
{
    (void)ctx;
    (void)path;
    (void)size;
    err->code = DW_E_CANCELLED;
    (void)snprintf(err->message, sizeof(err->message), "not this one");
    return DW_E_CANCELLED;
}

static void a_failed_one_says_so_in_the_history(void **state)
{
    place *p = *state;
    dw_vacuum_options options = DW_VACUUM_OPTIONS_INIT;

    put_orphan(p, "t/a");
    p->env.now_us += 8 * DAY_US;
    options.file = refuse_file;
    DWT_ERR(dw_vacuum(p->table, &options, NULL, &p->err), &p->err, DW_E_CANCELLED, "not this one");
    DWT_STR(p->err.message, "not this one");
    assert_true(is_there(p, "t/a"));
    DWT_STR(newest(p, 1), "VACUUM END {\"status\":\"FAILED\"} {} 1\n");
}

static void wrong_arguments_are_told(void **state)
{
    place *p = *state;
    dw_vacuum_options options = DW_VACUUM_OPTIONS_INIT;
    dw_vacuum_metrics metrics = {.struct_size = 0};

    DWT_ERR(dw_vacuum(NULL, NULL, NULL, &p->err), &p->err, DW_E_ARG, "a table");
    DWT_ERR(dw_vacuum(p->table, NULL, &metrics, &p->err), &p->err, DW_E_ARG, "metrics");
    options.flags = 1u << 31;
    DWT_ERR(dw_vacuum(p->table, &options, NULL, &p->err), &p->err, DW_E_UNSUPPORTED, "flags");
    options.flags = 0;
    options.threads = -1;
    DWT_ERR(dw_vacuum(p->table, &options, NULL, &p->err), &p->err, DW_E_ARG, "threads");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(the_history_tells_of_it_as_spark_would),
        TEST(nothing_to_do_and_a_wish_for_quiet_leave_no_commits),
        TEST(a_retention_below_the_tables_has_to_be_insisted_on),
        TEST(clocks_that_differ_are_given_a_margin),
        TEST(a_failed_one_says_so_in_the_history),
        TEST(wrong_arguments_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
