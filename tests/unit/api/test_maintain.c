/* SPDX-License-Identifier: Apache-2.0 */
/* dw_maintain(): what it finds to do, how often it writes a row anew, and who of many does it. */
#include "table_audit.h"
#include "table_fixture.h"

#define INFO  "{\"commitInfo\":{\"operation\":\"x\"}}\n"
#define PLAIN INFO LEGACY(1, 2) METADATA(COLUMN("a", "long", true, ""), "")
#define LEASE "\"txn\":{\"appId\":\"deltawrite-maintainer\",\"version\":"

static dw_maintain_report run_on(table_fixture *f, dw_table *table,
                                 const dw_maintain_policy *policy)
{
    dw_maintain_report report = DW_MAINTAIN_REPORT_INIT;

    DWT_OK(dw_maintain(table, policy, &report, &f->err), &f->err);
    return report;
}

static dw_maintain_report run(table_fixture *f, const dw_maintain_policy *policy)
{
    return run_on(f, f->table, policy);
}

static dw_status count_file(void *ctx, const dw_file *file, dw_error *err)
{
    (void)err;
    (void)file;
    (*(int *)ctx)++;
    return DW_OK;
}

#define WITH_TEXT INFO LEGACY(1, 2) METADATA(COLUMN("s", "string", true, ""), "")

/* Commits of text that no codec makes smaller, so that sizes tell how many went into a file. */
static void append_text(table_fixture *f, int n)
{
    enum { LETTERS = 4000 };
    char record[LETTERS + 16];

    for (int i = 0; i < n; i++) {
        size_t len = (size_t)snprintf(record, sizeof(record), "{\"s\":\"");
        for (int k = 0; k < LETTERS; k++) {
            f->env.seed = f->env.seed * 6364136223846793005u + 1442695040888963407u;
            record[len++] = (char)('a' + (f->env.seed >> 33) % 26);
        }
        memcpy(record + len, "\"}", 3);
        DWT_OK(append_ndjson(f, record), &f->err);
    }
}

static int live_files(table_fixture *f)
{
    dw_snapshot *snapshot = NULL;
    int n = 0;

    DWT_OK(dw_snapshot_open(f->table, -1, &snapshot, &f->err), &f->err);
    DWT_OK(dw_snapshot_files(snapshot, count_file, &n, &f->err), &f->err);
    dw_snapshot_close(snapshot);
    return n;
}

static void append_n(table_fixture *f, int n)
{
    for (int i = 0; i < n; i++)
        DWT_OK(append_ndjson(f, "{\"a\":1}\n{\"a\":2}"), &f->err);
}

/* Another process. */
static dw_table *open_second(table_fixture *f)
{
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    dw_table *table = NULL;

    options.allocator = &f->alloc.base;
    DWT_OK(dw_table_open(f->store, "t", &options, &table, &f->err), &f->err);
    return table;
}

static void few_small_files_cost_nothing(void **state)
{
    table_fixture *f = *state;
    dw_maintain_report report;

    open_lines(f, PLAIN);
    append_n(f, 9);
    report = run(f, NULL);
    DWT_EQ(report.version, 9);
    DWT_EQ(report.small_files, 9);
    DWT_EQ(report.lease, DW_LEASE_FREE);
    DWT_EQ(report.compactions, 0);
    DWT_EQ(dw_table_version(f->table), 9);
}

static void enough_of_them_are_compacted_under_a_lease(void **state)
{
    table_fixture *f = *state;
    dw_maintain_report report;
    int64_t version;

    open_lines(f, PLAIN);
    append_n(f, 12);
    report = run(f, NULL);
    DWT_EQ(report.lease, DW_LEASE_OURS);
    DWT_EQ(report.compactions, 1);
    DWT_EQ(report.removed_files, 12);
    DWT_EQ(report.added_files, 1);
    DWT_EQ(dw_table_version(f->table), 14);
    assert_has(version_text(f, 13), "\"operation\":\"MAINTENANCE LEASE\"");
    assert_has(version_text(f, 13), LEASE "1767225900000"); /* in five minutes */
    assert_has(version_text(f, 14), "\"auto\":true");
    assert_has(version_text(f, 14), LEASE "1767225900001");
    DWT_OK(dw_table_app_version(f->table, "deltawrite-maintainer", &version, &f->err), &f->err);
    DWT_EQ(version, 1767225900001);
    DWT_EQ(live_files(f), 1);
    report = run(f, NULL); /* nothing more, and no commit for it */
    DWT_EQ(report.compactions, 0);
    DWT_EQ(dw_table_version(f->table), 14);
    append_n(f, 40); /* the lease is held still: no commit for it alone */
    DWT_EQ(run(f, NULL).compactions, 1);
    DWT_EQ(dw_table_version(f->table), 55);
    DWT_EQ(live_files(f), 1);
}

static void small_files_do_not_drag_a_large_one_along(void **state)
{
    table_fixture *f = *state;

    open_lines(f, WITH_TEXT);
    append_text(f, 100);
    DWT_EQ(run(f, NULL).removed_files, 100);
    append_text(f, 12);
    DWT_EQ(run(f, NULL).removed_files, 12); /* not the one that was made of a hundred */
    DWT_EQ(live_files(f), 2);
}

/* A day in short: at every point few files, and each row written anew a few times only. */
static void a_long_stream_of_small_commits_keeps_few_files_and_little_is_written_twice(void **state)
{
    enum { COMMITS = 3000, EVERY = 25 };
    table_fixture *f = *state;
    int64_t moved = 0;
    int64_t appended = 0;
    int most = 0;

    open_lines(f, WITH_TEXT);
    for (int i = 0; i < COMMITS; i += EVERY) {
        dw_maintain_report report;
        int files;
        append_text(f, EVERY);
        f->env.now_us += INT64_C(60) * 1000000;
        report = run(f, NULL);
        moved += report.removed_bytes;
        appended += EVERY * INT64_C(4000);
        files = live_files(f);
        most = files > most ? files : most;
    }
    assert_in_range(most, 1, 19);
    assert_in_range(moved, appended / 2, appended * 3);
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).orphans, 0);
}

static void one_of_two_instances_does_it_and_the_other_takes_over_in_time(void **state)
{
    table_fixture *f = *state;
    dw_table *second;

    open_lines(f, PLAIN);
    append_n(f, 12);
    second = open_second(f);
    DWT_EQ(run(f, NULL).lease, DW_LEASE_OURS);
    append_n(f, 12);
    DWT_EQ(run_on(f, second, NULL).lease, DW_LEASE_OTHERS);
    DWT_EQ(run_on(f, second, NULL).small_files, -1); /* it did not even look */
    DWT_EQ(live_files(f), 13);
    f->env.now_us += INT64_C(301) * 1000000;
    DWT_EQ(run_on(f, second, NULL).lease, DW_LEASE_OURS);
    append_n(f, 12);
    DWT_EQ(run(f, NULL).lease, DW_LEASE_OTHERS);
    DWT_EQ(run_on(f, second, NULL).compactions, 1);
    dw_table_close(second);
}

static void a_clock_far_ahead_does_not_keep_everybody_out(void **state)
{
    table_fixture *f = *state;

    open_lines(f, PLAIN);
    append_n(f, 12);
    put_version(f, 13,
                INFO "{\"txn\":{\"appId\":\"deltawrite-maintainer\","
                     "\"version\":1999999999999,\"lastUpdated\":1}}\n");
    DWT_EQ(run(f, NULL).lease, DW_LEASE_OURS);
    DWT_EQ(live_files(f), 1);
}

static void what_others_commit_is_seen(void **state)
{
    table_fixture *f = *state;
    dw_table *second;
    dw_optimize_metrics metrics = DW_OPTIMIZE_METRICS_INIT;

    open_lines(f, PLAIN);
    append_n(f, 9);
    DWT_EQ(run(f, NULL).small_files, 9);
    second = open_second(f);
    DWT_OK(dw_optimize(second, NULL, &metrics, &f->err), &f->err);
    DWT_EQ(run(f, NULL).small_files, 1);
    dw_table_close(second);
}

static void partitions_are_counted_each_by_itself(void **state)
{
    table_fixture *f = *state;
    dw_maintain_report report;

    open_lines(f,
               INFO LEGACY(
                   1, 2) "{\"metaData\":{\"id\":\"the-id\",\"format\":{\"provider\":"
                         "\"parquet\",\"options\":{}},\"schemaString\":\"{\\\"type\\\":"
                         "\\\"struct\\\",\\\"fields\\\":[" COLUMN("a", "long", true, "") "," COLUMN(
                             "p", "string", true, "") "]}\",\"partitionColumns\":[\"p\"],"
                                                      "\"configuration\":{}}}\n");
    for (int i = 0; i < 8; i++)
        DWT_OK(append_ndjson(f, "{\"a\":1,\"p\":\"x\"}\n{\"a\":2,\"p\":\"y\"}"), &f->err);
    report = run(f, NULL);
    DWT_EQ(report.small_files, 16);
    DWT_EQ(report.compactions, 0);
    for (int i = 0; i < 3; i++)
        DWT_OK(append_ndjson(f, "{\"a\":1,\"p\":\"x\"}"), &f->err);
    report = run(f, NULL);
    DWT_EQ(report.removed_files, 11);
    DWT_EQ(report.added_files, 1);
}

static void checkpoints_are_written_where_commits_do_not(void **state)
{
    table_fixture *f = *state;
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    dw_maintain_policy policy = DW_MAINTAIN_POLICY_INIT;

    put_version(f, 0, PLAIN);
    options.allocator = &f->alloc.base;
    options.flags = DW_TABLE_NO_AUTO_CHECKPOINT;
    DWT_OK(dw_table_open(f->store, "t", &options, &f->table, &f->err), &f->err);
    append_n(f, 9);
    DWT_EQ(run(f, NULL).checkpoint_version, -1);
    append_n(f, 1);
    policy.flags = DW_MAINTAIN_NO_CHECKPOINT | DW_MAINTAIN_NO_COMPACTION;
    DWT_EQ(run(f, &policy).checkpoint_version, -1);
    policy.flags = DW_MAINTAIN_NO_COMPACTION;
    DWT_EQ(run(f, &policy).checkpoint_version, 10);
    DWT_EQ(run(f, &policy).checkpoint_version, -1);
    DWT_EQ(dw_table_version(f->table), 10);
}

static void files_are_vacuumed_every_so_often(void **state)
{
    table_fixture *f = *state;
    dw_maintain_policy policy = DW_MAINTAIN_POLICY_INIT;
    dw_maintain_report report;
    const int64_t day_us = INT64_C(86400) * 1000000;

    open_lines(f, PLAIN);
    append_n(f, 12);
    policy.vacuum_every_ms = INT64_C(86400000);
    report = run(f, &policy);
    DWT_EQ(report.compactions, 1);
    DWT_EQ(report.vacuums, 1);
    DWT_EQ(report.vacuumed_files, 0); /* what was compacted is too young */
    DWT_EQ(run(f, &policy).vacuums, 0);
    f->env.now_us += day_us / 2;
    DWT_EQ(run(f, &policy).vacuums, 0);
    f->env.now_us += day_us * 8;
    open_table(f); /* another process knows when the last one was */
    report = run(f, &policy);
    DWT_EQ(report.vacuums, 1);
    DWT_EQ(report.vacuumed_files, 12);
    DWT_EQ(run(f, &policy).vacuums, 0);
}

static void a_table_whose_files_we_may_not_move_is_left(void **state)
{
    table_fixture *f = *state;
    dw_maintain_report report;

    open_lines(f, PLAIN);
    append_n(f, 12);
    put_version(f, 13,
                LISTED("\"icebergCompatV2\",\"columnMapping\"") METADATA(
                    COLUMN("a", "long", true, ""), "\"delta.enableIcebergCompatV2\":\"true\""));
    report = run(f, NULL);
    DWT_EQ(report.compactions, 0);
    DWT_EQ(report.lease, DW_LEASE_FREE);
}

static int32_t stop_at_once(void *ctx)
{
    (void)ctx;
    return 1;
}

static void who_has_to_leave_can_end_it(void **state)
{
    table_fixture *f = *state;
    dw_maintain_policy policy = DW_MAINTAIN_POLICY_INIT;

    open_lines(f, PLAIN);
    append_n(f, 12);
    policy.stop = stop_at_once;
    DWT_ERR(dw_maintain(f->table, &policy, NULL, &f->err), &f->err, DW_E_CANCELLED, "stopped");
    DWT_EQ(live_files(f), 12);
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).orphans, 0);
    DWT_EQ(run(f, NULL).compactions, 1);
}

static void a_policy_out_of_its_range_is_refused(void **state)
{
    table_fixture *f = *state;
    dw_maintain_policy policy = DW_MAINTAIN_POLICY_INIT;

    open_lines(f, PLAIN);
    policy.busy_percent = 101;
    DWT_ERR(dw_maintain(f->table, &policy, NULL, &f->err), &f->err, DW_E_ARG, "out of its range");
    policy.busy_percent = 0;
    policy.flags = 64;
    DWT_ERR(dw_maintain(f->table, &policy, NULL, &f->err), &f->err, DW_E_UNSUPPORTED, "flags");
}

static void memory_may_be_short_at_any_point(void **state)
{
    table_fixture *f = *state;
    dw_status status = DW_E_NOMEM;

    open_lines(f, PLAIN);
    append_n(f, 12);
    for (int64_t n = 0; status != DW_OK; n++) {
        f->alloc.fail_at = f->alloc.calls + n;
        status = dw_maintain(f->table, NULL, NULL, &f->err);
        f->alloc.fail_at = -1;
        if (status != DW_OK)
            DWT_EQ(status, DW_E_NOMEM);
        DWT_EQ(dwt_table_audit(f->store, "t", NULL).orphans, 0);
    }
    (void)run(f, NULL);
    DWT_EQ(live_files(f), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(few_small_files_cost_nothing),
        TABLE_TEST(enough_of_them_are_compacted_under_a_lease),
        TABLE_TEST(small_files_do_not_drag_a_large_one_along),
        TABLE_TEST(a_long_stream_of_small_commits_keeps_few_files_and_little_is_written_twice),
        TABLE_TEST(one_of_two_instances_does_it_and_the_other_takes_over_in_time),
        TABLE_TEST(a_clock_far_ahead_does_not_keep_everybody_out),
        TABLE_TEST(what_others_commit_is_seen),
        TABLE_TEST(partitions_are_counted_each_by_itself),
        TABLE_TEST(checkpoints_are_written_where_commits_do_not),
        TABLE_TEST(files_are_vacuumed_every_so_often),
        TABLE_TEST(a_table_whose_files_we_may_not_move_is_left),
        TABLE_TEST(who_has_to_leave_can_end_it),
        TABLE_TEST(a_policy_out_of_its_range_is_refused),
        TABLE_TEST(memory_may_be_short_at_any_point),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
