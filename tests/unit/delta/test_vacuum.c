/* SPDX-License-Identifier: Apache-2.0 */
/* Which files a vacuum takes. The clock goes from day to day; a file is as old as the day on which
 * it was put. */
#include "log_fixture.h"

#include "base/alloc.h"
#include "delta/checkpoint.h"
#include "delta/vacuum.h"
#include "store/fault_store.h"

#define DAY_MS INT64_C(86400000)
#define DV_PATH                                                                                    \
    "\"deletionVector\":{\"storageType\":\"u\",\"pathOrInlineDv\":\"ab^-aqEH.-t@S}K{vb[*k^\","     \
    "\"offset\":1,\"sizeInBytes\":40,\"cardinality\":2}"
#define DV_NAME "ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin"

static int64_t day_ms(double day)
{
    return (int64_t)(1767225600000.0 + day * (double)DAY_MS);
}

static void set_day(fixture *f, double day)
{
    f->env.now_us = day_ms(day) * 1000;
}

static void put_file(fixture *f, double day, const char *path)
{
    char key[256];

    set_day(f, day);
    (void)snprintf(key, sizeof(key), "t/%s", path);
    put_object(f, key, "0123456789");
}

static void put_commit(fixture *f, double day, int64_t version, const char *text)
{
    set_day(f, day);
    put_commit_text(f, version, text);
}

/* Removed on a day, by the tombstone's own account. */
static void put_remove(fixture *f, double day, int64_t version, const char *path, const char *more)
{
    char text[512];

    (void)snprintf(text, sizeof(text),
                   "{\"remove\":{\"path\":\"%s\",\"deletionTimestamp\":%" PRId64
                   ",\"dataChange\":true,\"size\":10%s%s}}\n",
                   path, day_ms(day), *more == '\0' ? "" : ",", more);
    put_commit(f, day, version, text);
}

typedef struct taken {
    fixture *f;
    char files[2048]; /* each with a blank before it */
    int64_t announced;
    const char *meanwhile; /* a commit that comes after the announcement */
    int64_t done;
} taken;

static dw_status take_file(void *ctx, const char *path, int64_t size, dw_error *err)
{
    taken *t = ctx;
    size_t len = strlen(t->files);

    (void)err;
    (void)size;
    (void)snprintf(t->files + len, sizeof(t->files) - len, " %s", path);
    return DW_OK;
}

static dw_status take_begin(void *ctx, int64_t files, int64_t bytes, dw_error *err)
{
    taken *t = ctx;

    (void)err;
    (void)bytes;
    t->announced = files;
    if (t->meanwhile != NULL)
        put_commit_text(t->f, 9, t->meanwhile);
    return DW_OK;
}

static void take_progress(void *ctx, int64_t done, int64_t total)
{
    taken *t = ctx;

    assert_true(done >= t->done && done <= total);
    t->done = done;
}

static taken t;

static dwi_vacuum_options options(fixture *f, double cutoff)
{
    memset(&t, 0, sizeof(t));
    t.f = f;
    return (dwi_vacuum_options){.cutoff_ms = day_ms(cutoff),
                                .threads = 1,
                                .ctx = &t,
                                .begin = take_begin,
                                .file = take_file,
                                .progress = take_progress};
}

static dw_status run(fixture *f, const dwi_vacuum_options *opts, dwi_vacuum_result *result)
{
    dwi_state *state = NULL;
    dw_status status;

    memset(result, 0, sizeof(*result));
    DWI_TRY(dwi_state_load(&f->log, -1, &state, &f->err));
    status = dwi_vacuum(&f->log, state, opts, result, &f->err);
done:
    dwi_state_unref(state);
    return status;
}

static dwi_vacuum_result vacuum(fixture *f, const dwi_vacuum_options *opts)
{
    dwi_vacuum_result result;

    DWT_OK(run(f, opts, &result), &f->err);
    return result;
}

static bool is_there(fixture *f, const char *path)
{
    dw_object object;
    char key[256];

    (void)snprintf(key, sizeof(key), "t/%s", path);
    return dwi_store_head(f->store, key, &object, NULL) == DW_OK;
}

static void begin_table(fixture *f)
{
    put_commit(f, 0, 0, PROTOCOL_LINE METADATA_LINE);
}

static void what_no_version_needs_goes_and_what_one_needs_stays(void **state)
{
    fixture *f = *state;
    dwi_vacuum_options opts;
    dwi_vacuum_result result;

    begin_table(f);
    put_file(f, 1, "live");
    put_file(f, 1, "removed-lately");
    put_file(f, 1, "removed-long-ago");
    put_file(f, 1, "orphan");
    put_file(f, 1, "deep/er/orphan");
    put_commit(f, 1, 1, ADD_LINE("live") ADD_LINE("removed-lately") ADD_LINE("removed-long-ago"));
    put_remove(f, 2, 2, "removed-long-ago", "");
    put_remove(f, 15, 3, "removed-lately", "");
    put_file(f, 15, "young-orphan");
    set_day(f, 20);
    opts = options(f, 13);
    result = vacuum(f, &opts);
    DWT_STR(t.files, " deep/er/orphan orphan removed-long-ago");
    DWT_EQ(t.announced, 3);
    DWT_EQ(t.done, 3);
    DWT_EQ(result.files, 3);
    DWT_EQ(result.bytes, 30);
    DWT_EQ(result.listed, 6);
    DWT_EQ(result.folders, 2);
    DWT_EQ(result.young, 1);
    DWT_EQ(result.failed, 0);
    assert_true(is_there(f, "live") && is_there(f, "removed-lately"));
    assert_true(is_there(f, "young-orphan"));
    assert_false(is_there(f, "orphan") || is_there(f, "removed-long-ago"));
    opts = options(f, 13);
    DWT_EQ(vacuum(f, &opts).files, 0);
    DWT_EQ(t.announced, 0);
}

static void a_dry_run_tells_the_same_and_removes_nothing(void **state)
{
    fixture *f = *state;
    dwi_vacuum_options opts;

    begin_table(f);
    put_file(f, 1, "orphan");
    set_day(f, 20);
    opts = options(f, 13);
    opts.dry_run = true;
    DWT_EQ(vacuum(f, &opts).files, 1);
    DWT_STR(t.files, " orphan");
    DWT_EQ(t.announced, 0);
    assert_true(is_there(f, "orphan"));
}

static void deletion_vectors_of_live_and_lately_removed_files_stay(void **state)
{
    fixture *f = *state;
    dwi_vacuum_options opts;

    begin_table(f);
    put_file(f, 1, DV_NAME);
    put_commit(f, 1, 1,
               "{\"add\":{\"path\":\"a\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,"
               "\"dataChange\":true," DV_PATH "}}\n");
    opts = options(f, 13);
    DWT_EQ(vacuum(f, &opts).files, 0);
    put_remove(f, 14, 2, "a", DV_PATH);
    opts = options(f, 13);
    DWT_EQ(vacuum(f, &opts).files, 0);
    opts = options(f, 15);
    (void)vacuum(f, &opts);
    DWT_STR(t.files, " " DV_NAME);
}

static void hidden_names_stay_but_not_those_of_change_data_and_partitions(void **state)
{
    static const char *const paths[] = {
        "_hidden/a", ".hidden",       "x/_SUCCESS", "_change_data/a", "_delta_index/a",
        "_p=1/a",    "x/.part-0.crc", "_pp=1/a",    "metadata/a",     "_change_data/_p=1/a"};
    fixture *f = *state;
    dwi_vacuum_options opts;

    put_commit(
        f, 0, 0,
        PROTOCOL_LINE
        "{\"metaData\":{\"id\":\"i\",\"format\":{\"provider\":\"parquet\"},\"schemaString\":"
        "\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"_p\\\",\\\"type\\\":"
        "\\\"string\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\","
        "\"partitionColumns\":[\"_p\"],\"configuration\":{"
        "\"delta.universalFormat.enabledFormats\":\"iceberg\"}}}\n");
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        put_file(f, 1, paths[i]);
    opts = options(f, 13);
    (void)vacuum(f, &opts);
    DWT_STR(t.files, " _change_data/_p=1/a _change_data/a _delta_index/a _p=1/a");
}

static void escaped_and_absolute_paths_are_the_files_that_they_name(void **state)
{
    fixture *f = *state;
    dwi_vacuum_options opts;

    begin_table(f);
    put_file(f, 1, "p=a b%2Fc/x");
    put_file(f, 1, "p=a b%2Fc/y");
    put_file(f, 1, "linked");
    put_file(f, 1, "dotted");
    put_commit(f, 1, 1,
               ADD_LINE("p=a%20b%252Fc/x") ADD_LINE("file:/elsewhere/t/linked")
                   ADD_LINE("./dotted"));
    opts = options(f, 13);
    (void)vacuum(f, &opts);
    DWT_STR(t.files, " p=a b%2Fc/y"); /* what may be named by another way stays */
}

static void a_table_within_the_table_is_left_alone(void **state)
{
    fixture *f = *state;
    dwi_vacuum_options opts;
    dwi_vacuum_result result;

    begin_table(f);
    put_file(f, 1, "inner/deep/part");
    put_file(f, 1, "inner/_delta_log/00000000000000000000.json");
    put_file(f, 1, "other/part");
    opts = options(f, 13);
    result = vacuum(f, &opts);
    DWT_STR(t.files, " other/part");
    DWT_EQ(result.foreign, 1);
    assert_non_null(strstr(f->last_warning, "t/inner/: a table of its own"));
}

/* Tombstones are only kept for the table's own retention. */
static void a_longer_retention_keeps_what_its_versions_need(void **state)
{
    fixture *f = *state;
    dwi_vacuum_options opts;

    begin_table(f);
    put_file(f, 1, "a");
    put_file(f, 1, "b");
    put_commit(f, 1, 1, ADD_LINE("a") ADD_LINE("b"));
    put_commit(f, 2, 2, "{\"remove\":{\"path\":\"a\",\"dataChange\":true}}\n");
    put_commit(f, 8, 3, "{\"remove\":{\"path\":\"b\",\"dataChange\":true}}\n");
    set_day(f, 40);
    opts = options(f, 5);
    opts.every_version = opts.dry_run = true;
    (void)vacuum(f, &opts);
    DWT_STR(t.files, " a");
    opts = options(f, 5);
    opts.dry_run = true;
    (void)vacuum(f, &opts);
    DWT_STR(t.files, " a b"); /* a tombstone without a time counts as old */
}

static void what_is_made_live_again_meanwhile_stays(void **state)
{
    fixture *f = *state;
    dwi_vacuum_options opts;

    begin_table(f);
    for (int v = 1; v < 9; v++)
        put_commit(f, 0, v, TXN_LINE("app", 1));
    put_file(f, 1, "again");
    put_file(f, 1, "orphan");
    opts = options(f, 13);
    t.meanwhile = ADD_LINE("again");
    DWT_EQ(vacuum(f, &opts).version, 9);
    DWT_EQ(t.announced, 2);
    DWT_STR(t.files, " orphan");
    assert_true(is_there(f, "again"));
}

static void features_that_we_do_not_know_forbid_it(void **state)
{
    fixture *f = *state;
    dwi_vacuum_options opts = options(f, 13);
    dwi_vacuum_result result;

    put_commit(f, 0, 0,
               "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":"
               "[\"filesOfAnotherKind\"]}}\n" METADATA_LINE);
    put_file(f, 1, "orphan");
    DWT_ERR(run(f, &opts, &result), &f->err, DW_E_UNSUPPORTED, "filesOfAnotherKind");
    put_commit(f, 0, 1,
               "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":"
               "[\"vacuumProtocolCheck\"],\"writerFeatures\":[\"vacuumProtocolCheck\","
               "\"coordinatedCommits-preview\"]}}\n");
    DWT_ERR(run(f, &opts, &result), &f->err, DW_E_UNSUPPORTED, "coordinatedCommits-preview");
    put_commit(f, 0, 2,
               "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":"
               "[\"vacuumProtocolCheck\"],\"writerFeatures\":[\"vacuumProtocolCheck\"]}}\n");
    DWT_EQ(vacuum(f, &opts).files, 1);
}

/* Files "00" to "29", those that end in 7 live; so few fit into a round. */
static void more_than_a_round_holds_goes_in_several(void **state)
{
    fixture *f = *state;
    dwi_vacuum_options opts;
    dwi_vacuum_result result;

    begin_table(f);
    for (int i = 0; i < 30; i++) {
        char name[8];
        (void)snprintf(name, sizeof(name), i < 20 ? "%02d" : "z%02d", i);
        put_file(f, 1, name);
    }
    put_commit(f, 1, 1, ADD_LINE("07") ADD_LINE("17") ADD_LINE("z27"));
    for (size_t round = 1; round < 40; round++) {
        opts = options(f, 13);
        opts.round_files = round;
        opts.threads = 1;
        opts.dry_run = round < 39;
        result = vacuum(f, &opts);
        DWT_EQ(result.files, 27);
        DWT_EQ(result.bytes, 270);
        DWT_EQ(result.listed, 30);
        DWT_EQ(result.folders, 1);
    }
    DWT_EQ(t.announced, 27);
    assert_true(is_there(f, "07") && is_there(f, "17") && is_there(f, "z27"));
}

static void rounds_are_announced_as_one(void **state)
{
    fixture *f = *state;
    dwi_vacuum_options opts;

    begin_table(f);
    put_file(f, 1, "a");
    put_file(f, 1, "b");
    put_file(f, 1, "c");
    opts = options(f, 13);
    opts.round_files = 1;
    DWT_EQ(vacuum(f, &opts).files, 3);
    DWT_EQ(t.announced, 3);
    assert_false(is_there(f, "a") || is_there(f, "b") || is_there(f, "c"));
}

static void a_lite_one_takes_what_the_log_removed(void **state)
{
    fixture *f = *state;
    dwi_vacuum_options opts;
    dwi_vacuum_result result;

    begin_table(f);
    put_file(f, 1, "a");
    put_file(f, 1, "b");
    put_file(f, 1, "c");
    put_file(f, 1, "orphan");
    put_file(f, 1, "_change_data/x");
    put_commit(f, 1, 1, ADD_LINE("a") ADD_LINE("b") ADD_LINE("c"));
    put_remove(f, 2, 2, "a", "");
    put_remove(f, 3, 3, "b", "");
    put_commit(f, 4, 4,
               ADD_LINE("b") REMOVE_LINE(
                   "a", 5) "{\"cdc\":{\"path\":\"_change_data/x\",\"partitionValues\":{},"
                           "\"size\":10,\"dataChange\":false}}\n");
    put_remove(f, 12, 5, "c", "");
    set_day(f, 20);
    opts = options(f, 10);
    opts.lite = true;
    result = vacuum(f, &opts);
    DWT_STR(t.files, " a _change_data/x");
    DWT_EQ(result.first_version, 0);
    DWT_EQ(result.last_version, 4);
    assert_true(is_there(f, "b") && is_there(f, "c") && is_there(f, "orphan"));
    DWT_STR(object_or_nothing(f, "t/_delta_log/_last_vacuum_info"),
            "{\"latestCommitVersionOutsideOfRetentionWindow\":4}\n");
    set_day(f, 30);
    opts = options(f, 15);
    opts.lite = true;
    result = vacuum(f, &opts); /* goes on where the last one ended */
    DWT_STR(t.files, " c");
    DWT_EQ(result.first_version, 5);
}

static void a_lite_one_needs_the_log_from_where_the_last_one_ended(void **state)
{
    fixture *f = *state;
    dwi_vacuum_options opts = options(f, 10);
    dwi_vacuum_result result;
    dwi_state *s = NULL;

    begin_table(f);
    put_file(f, 1, "a");
    put_commit(f, 1, 1, ADD_LINE("a"));
    put_remove(f, 2, 2, "a", "");
    set_day(f, 20);
    DWT_OK(dwi_state_load(&f->log, -1, &s, &f->err), &f->err);
    DWT_OK(dwi_checkpoint_write(&f->log, s, &f->err), &f->err);
    DWT_OK(dwi_store_remove(f->store, "t/_delta_log/00000000000000000000.json", &f->err), &f->err);
    opts.lite = true;
    DWT_ERR(dwi_vacuum(&f->log, s, &opts, &result, &f->err), &f->err, DW_E_UNSUPPORTED,
            "a full one is needed");
    assert_true(is_there(f, "a"));
    put_object(f, "t/_delta_log/_last_vacuum_info",
               "{\"latestCommitVersionOutsideOfRetentionWindow\":0}");
    DWT_OK(dwi_vacuum(&f->log, s, &opts, &result, &f->err), &f->err);
    DWT_STR(t.files, " a");
    dwi_state_unref(s);
}

/* Every operation of the store fails once: what a version needs stays whatever happens, and the
 * next run takes the rest. */
static void a_store_that_fails_costs_no_file_that_is_needed(void **state)
{
    const dw_store_options no_retry = {.struct_size = sizeof(dw_store_options),
                                       .retry_timeout_ms = -1};
    fixture *f = *state;
    dw_store *inner = f->log.store;
    dw_store *faulty = NULL;
    dwi_vacuum_options opts;
    dwi_vacuum_result result;
    dw_status status = DW_E_IO;

    begin_table(f);
    put_file(f, 1, "live");
    put_commit(f, 1, 1, ADD_LINE("live"));
    DWT_OK(dwi_fault_store_new(inner, &no_retry, &faulty, &f->err), &f->err);
    dwi_store_set_env(faulty, &f->env.base);
    for (int64_t n = 0; status != DW_OK; n++) {
        const dwi_fault fault = {DWI_ON_ALL, DWI_FAULT_CRASH, n, 1, NULL, 0};
        put_file(f, 1, "orphan");
        put_file(f, 1, "x/orphan");
        set_day(f, 20);
        opts = options(f, 13);
        f->log.store = faulty;
        DWT_OK(dwi_fault_plan(faulty, &fault, 1, &f->err), &f->err);
        status = run(f, &opts, &result);
        DWT_OK(dwi_fault_plan(faulty, NULL, 0, &f->err), &f->err);
        f->log.store = inner;
        assert_true(is_there(f, "live"));
        assert_true(n < 50);
    }
    assert_false(is_there(f, "orphan") || is_there(f, "x/orphan"));
    dw_store_unref(faulty);
}

static void files_that_cannot_be_removed_are_told_and_the_others_go(void **state)
{
    const dw_store_options no_retry = {.struct_size = sizeof(dw_store_options),
                                       .retry_timeout_ms = -1};
    const dwi_fault fault = {DWI_ON_REMOVE, DWI_FAULT_DENY, 0, -1, "stays", 0};
    fixture *f = *state;
    dw_store *inner = f->log.store;
    dwi_vacuum_options opts;
    dwi_vacuum_result result;

    begin_table(f);
    put_file(f, 1, "a");
    put_file(f, 1, "stays");
    put_file(f, 1, "z");
    DWT_OK(dwi_fault_store_new(inner, &no_retry, &f->log.store, &f->err), &f->err);
    dwi_store_set_env(f->log.store, &f->env.base);
    DWT_OK(dwi_fault_plan(f->log.store, &fault, 1, &f->err), &f->err);
    opts = options(f, 13);
    DWT_ERR(run(f, &opts, &result), &f->err, DW_E_DENIED, "remove t/stays");
    DWT_EQ(result.files, 2);
    DWT_EQ(result.failed, 1);
    dw_store_unref(f->log.store);
    f->log.store = inner;
    assert_false(is_there(f, "a") || is_there(f, "z"));
}

static dw_status dry_runs(const dw_allocator *alloc, void *ctx)
{
    fixture *f = ctx;
    dwi_vacuum_options opts = options(f, 13);
    dwi_vacuum_result result;
    dwi_state *state = NULL;
    dwi_log log = {0};
    dw_status status;

    opts.every_version = opts.dry_run = true;
    DWI_TRY(dwi_log_init(&log, f->store, "t", alloc, (dwi_logger){0}, &f->err));
    DWI_TRY(dwi_state_load(&log, -1, &state, &f->err));
    DWI_TRY(dwi_vacuum(&log, state, &opts, &result, &f->err));
    opts.lite = true;
    DWI_TRY(dwi_vacuum(&log, state, &opts, &result, &f->err));
done:
    dwi_state_unref(state);
    dwi_log_done(&log);
    return status;
}

static void want_of_memory_is_told_at_every_allocation(void **state)
{
    fixture *f = *state;

    begin_table(f);
    put_file(f, 1, "live");
    put_file(f, 1, "x/orphan");
    put_commit(f, 1, 1, ADD_LINE("live") ADD_LINE("gone") ADD_LINE("file:/elsewhere/linked"));
    put_remove(f, 2, 2, "gone", DV_PATH);
    put_remove(f, 15, 3, "gone-lately", DV_PATH);
    set_day(f, 20);
    dwt_alloc_sweep(dry_runs, f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(what_no_version_needs_goes_and_what_one_needs_stays),
        FIXTURE_TEST(a_dry_run_tells_the_same_and_removes_nothing),
        FIXTURE_TEST(deletion_vectors_of_live_and_lately_removed_files_stay),
        FIXTURE_TEST(hidden_names_stay_but_not_those_of_change_data_and_partitions),
        FIXTURE_TEST(escaped_and_absolute_paths_are_the_files_that_they_name),
        FIXTURE_TEST(a_table_within_the_table_is_left_alone),
        FIXTURE_TEST(a_longer_retention_keeps_what_its_versions_need),
        FIXTURE_TEST(what_is_made_live_again_meanwhile_stays),
        FIXTURE_TEST(features_that_we_do_not_know_forbid_it),
        FIXTURE_TEST(more_than_a_round_holds_goes_in_several),
        FIXTURE_TEST(rounds_are_announced_as_one),
        FIXTURE_TEST(a_lite_one_takes_what_the_log_removed),
        FIXTURE_TEST(a_lite_one_needs_the_log_from_where_the_last_one_ended),
        FIXTURE_TEST(a_store_that_fails_costs_no_file_that_is_needed),
        FIXTURE_TEST(files_that_cannot_be_removed_are_told_and_the_others_go),
        FIXTURE_TEST(want_of_memory_is_told_at_every_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
