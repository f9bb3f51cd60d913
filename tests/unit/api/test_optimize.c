/* SPDX-License-Identifier: Apache-2.0 */
/* dw_optimize(): which files are written anew, what the commit says, and what others may do
 * meanwhile. */
#include "table_audit.h"
#include "table_fixture.h"

#include "store/fault_store.h"

#define INFO  "{\"commitInfo\":{\"operation\":\"x\"}}\n"
#define PLAIN INFO LEGACY(1, 2) METADATA(COLUMN("a", "long", true, ""), "")
#define BY_P(configuration)                                                                        \
    INFO LEGACY(1, 2) "{\"metaData\":{\"id\":\"the-id\",\"format\":{\"provider\":\"parquet\","     \
                      "\"options\":{}},"                                                           \
                      "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[" COLUMN(   \
                          "a", "long", true,                                                       \
                          "") "," COLUMN("p", "string", true,                                      \
                                         "") "]}\",\"partitionColumns\":[\"p\"],"                  \
                                             "\"configuration\":{" configuration "}}}\n"

static dw_optimize_metrics run(table_fixture *f, const dw_optimize_options *opts)
{
    dw_optimize_metrics metrics = DW_OPTIMIZE_METRICS_INIT;

    DWT_OK(dw_optimize(f->table, opts, &metrics, &f->err), &f->err);
    return metrics;
}

typedef struct found {
    int files;
    int64_t records;
} found;

static dw_status see_file(void *ctx, const dw_file *file, dw_error *err)
{
    found *seen = ctx;

    (void)err;
    seen->files++;
    seen->records += file->num_records;
    return DW_OK;
}

static found live(table_fixture *f)
{
    dw_snapshot *snapshot = NULL;
    found seen = {0};

    DWT_OK(dw_snapshot_open(f->table, -1, &snapshot, &f->err), &f->err);
    DWT_OK(dw_snapshot_files(snapshot, see_file, &seen, &f->err), &f->err);
    dw_snapshot_close(snapshot);
    return seen;
}

static void append_n(table_fixture *f, int n, const char *record)
{
    for (int i = 0; i < n; i++)
        DWT_OK(append_ndjson(f, record), &f->err);
}

static void small_files_become_one_by_a_commit_that_changes_no_data(void **state)
{
    table_fixture *f = *state;
    dw_optimize_metrics m;
    const char *text;

    open_lines(f, PLAIN);
    append_n(f, 3, "{\"a\":1}\n{\"a\":2}");
    m = run(f, NULL);
    DWT_EQ(m.version, 4);
    DWT_EQ(m.commits, 1);
    DWT_EQ(m.considered_files, 3);
    DWT_EQ(m.removed_files, 3);
    DWT_EQ(m.added_files, 1);
    DWT_EQ(m.rows, 6);
    DWT_EQ(m.partitions, 1);
    DWT_EQ(m.skipped_bins, 0);
    DWT_EQ(m.min_bytes, m.added_bytes);
    DWT_EQ(m.max_bytes, m.added_bytes);
    DWT_EQ(live(f).files, 1);
    DWT_EQ(live(f).records, 6);
    text = version_text(f, 4);
    assert_has(text, "\"operation\":\"OPTIMIZE\",\"operationParameters\":{\"predicate\":\"[]\","
                     "\"zOrderBy\":\"[]\",\"clusterBy\":\"[]\",\"auto\":false}");
    assert_has(text, "\"readVersion\":3,\"isolationLevel\":\"SnapshotIsolation\","
                     "\"isBlindAppend\":false,\"operationMetrics\":{\"numRemovedFiles\":\"3\"");
    assert_has(text, "\"numAddedFiles\":\"1\"");
    assert_has(text, "\"numDeletionVectorsRemoved\":\"0\",\"minFileSize\":\"");
    assert_has_not(text, "\"dataChange\":true");
    assert_has_not(text, "\"tags\"");
    assert_has(text, "\\\"numRecords\\\":6");
}

static void nothing_to_do_makes_no_commit(void **state)
{
    table_fixture *f = *state;
    dw_optimize_metrics m;

    open_lines(f, PLAIN);
    m = run(f, NULL);
    DWT_EQ(m.version, -1);
    append_n(f, 1, "{\"a\":1}");
    m = run(f, NULL);
    DWT_EQ(m.version, -1);
    DWT_EQ(m.considered_files, 1);
    append_n(f, 1, "{\"a\":1}");
    DWT_EQ(run(f, NULL).version, 3);
    DWT_EQ(run(f, NULL).version, -1);
    DWT_EQ(dw_table_version(f->table), 3);
}

static void a_dry_run_only_counts(void **state)
{
    table_fixture *f = *state;
    dw_optimize_options opts = DW_OPTIMIZE_OPTIONS_INIT;
    dw_optimize_metrics m;

    open_lines(f, BY_P(""));
    append_n(f, 2, "{\"a\":1,\"p\":\"x\"}\n{\"a\":2,\"p\":\"y\"}");
    opts.flags = DW_OPTIMIZE_DRY_RUN;
    m = run(f, &opts);
    DWT_EQ(m.removed_files, 4);
    DWT_EQ(m.partitions, 2);
    DWT_EQ(m.rows, 4);
    DWT_EQ(m.version, -1);
    DWT_EQ(live(f).files, 4);
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).orphans, 0);
}

static void each_partition_by_itself_and_only_those_that_meet_the_condition(void **state)
{
    table_fixture *f = *state;
    dw_optimize_options opts = DW_OPTIMIZE_OPTIONS_INIT;
    dw_optimize_metrics m;

    open_lines(f, BY_P(""));
    append_n(f, 3, "{\"a\":1,\"p\":\"x\"}\n{\"a\":2,\"p\":\"y\"}\n{\"a\":3}");
    opts.where = "p = 'x' OR p IS NULL";
    m = run(f, &opts);
    DWT_EQ(m.considered_files, 6);
    DWT_EQ(m.removed_files, 6);
    DWT_EQ(m.added_files, 2);
    DWT_EQ(m.partitions, 2);
    DWT_EQ(live(f).files, 5);
    assert_has(version_text(f, 4), "{\"predicate\":\"[\\\"p = 'x' OR p IS NULL\\\"]\"");
    opts.where = "a = 1";
    DWT_ERR(dw_optimize(f->table, &opts, NULL, &f->err), &f->err, DW_E_ARG,
            "t: where: a = 1: only partition columns can choose files");
    opts.where = "nope = 1";
    DWT_ERR(dw_optimize(f->table, &opts, NULL, &f->err), &f->err, DW_E_NOT_FOUND, "nope");
    DWT_EQ(live(f).files, 5);
}

static void files_of_the_target_size_are_left_and_bins_do_not_go_past_it(void **state)
{
    table_fixture *f = *state;
    dw_optimize_options opts = DW_OPTIMIZE_OPTIONS_INIT;
    dw_optimize_metrics m;
    int64_t one;

    open_lines(f, PLAIN);
    append_n(f, 1, "{\"a\":1}");
    opts.flags = DW_OPTIMIZE_DRY_RUN;
    one = run(f, &opts).considered_bytes;
    opts.flags = 0;
    append_n(f, 9, "{\"a\":1}");
    opts.target_file_bytes = one; /* each is as large as it shall be */
    DWT_EQ(run(f, &opts).version, -1);
    opts.target_file_bytes = one * 3 + one / 2; /* three to a bin, and one is left */
    m = run(f, &opts);
    DWT_EQ(m.removed_files, 9);
    DWT_EQ(m.added_files, 3);
    DWT_EQ(live(f).records, 10);
}

static void the_table_may_say_how_large_files_shall_be(void **state)
{
    table_fixture *f = *state;

    open_lines(f, BY_P("\"delta.targetFileSize\":\"1\""));
    append_n(f, 3, "{\"a\":1}");
    DWT_EQ(run(f, NULL).version, -1);
}

static void fewer_files_than_asked_for_are_left(void **state)
{
    table_fixture *f = *state;
    dw_optimize_options opts = DW_OPTIMIZE_OPTIONS_INIT;

    open_lines(f, PLAIN);
    append_n(f, 3, "{\"a\":1}");
    opts.min_files = 4;
    DWT_EQ(run(f, &opts).version, -1);
    opts.min_files = 3;
    DWT_EQ(run(f, &opts).version, 4);
}

static void each_so_many_bytes_are_a_commit(void **state)
{
    table_fixture *f = *state;
    dw_optimize_options opts = DW_OPTIMIZE_OPTIONS_INIT;
    dw_optimize_metrics m;

    open_lines(f, BY_P(""));
    append_n(f, 2, "{\"a\":1,\"p\":\"x\"}\n{\"a\":2,\"p\":\"y\"}\n{\"a\":3}");
    opts.commit_bytes = 1;
    opts.threads = 2;
    m = run(f, &opts);
    DWT_EQ(m.commits, 3);
    DWT_EQ(m.version, 5);
    DWT_EQ(m.added_files, 3);
    DWT_EQ(m.removed_files, 6);
    DWT_EQ(live(f).records, 6);
}

static void options_out_of_their_range_are_refused(void **state)
{
    table_fixture *f = *state;
    dw_optimize_options opts = DW_OPTIMIZE_OPTIONS_INIT;

    open_lines(f, PLAIN);
    opts.threads = -1;
    DWT_ERR(dw_optimize(f->table, &opts, NULL, &f->err), &f->err, DW_E_ARG, "out of its range");
    opts.threads = 0;
    opts.flags = 8;
    DWT_ERR(dw_optimize(f->table, &opts, NULL, &f->err), &f->err, DW_E_UNSUPPORTED, "flags");
    DWT_ERR(dw_optimize(NULL, NULL, NULL, &f->err), &f->err, DW_E_ARG, "a table");
}

static void features_that_bind_whoever_writes_files_are_refused_by_name(void **state)
{
    table_fixture *f = *state;

    open_lines(f, INFO LISTED("\"icebergCompatV2\",\"columnMapping\"") METADATA(
                      COLUMN("a", "long", true, ""), "\"delta.enableIcebergCompatV2\":\"true\""));
    DWT_ERR(dw_optimize(f->table, NULL, NULL, &f->err), &f->err, DW_E_UNSUPPORTED,
            "feature icebergCompatV2");
}

/* Rules for new rows do not matter to rows that only move: ours cannot append to this table. */
static void a_table_that_we_may_not_append_to_can_be_optimized(void **state)
{
    table_fixture *f = *state;

    open_lines(f, PLAIN);
    append_n(f, 2, "{\"a\":1}");
    put_version(f, 3,
                LISTED("\"appendOnly\",\"invariants\",\"identityColumns\"")
                    METADATA(COLUMN("a", "long", true,
                                    "\\\"delta.identity.start\\\":1,\\\"delta.identity.step\\\":1"),
                             "\"delta.appendOnly\":\"true\""));
    DWT_EQ(append_ndjson(f, "{\"a\":1}"), DW_E_UNSUPPORTED);
    DWT_EQ(run(f, NULL).version, 4);
}

/* ---- others meanwhile ---- */

typedef struct meanwhile {
    table_fixture *f;
    const char *lines; /* of the version that comes first */
    int64_t version;
    bool done;
} meanwhile;

/* While the files are read, somebody commits. */
static void commit_meanwhile(void *ctx, int64_t done, int64_t total)
{
    meanwhile *m = ctx;

    (void)done;
    (void)total;
    if (!m->done)
        put_version(m->f, m->version, m->lines);
    m->done = true;
}

static dw_optimize_metrics run_meanwhile(table_fixture *f, int64_t version, const char *lines,
                                         int64_t commit_bytes)
{
    dw_optimize_options opts = DW_OPTIMIZE_OPTIONS_INIT;
    meanwhile m = {f, lines, version, false};
    dw_optimize_metrics metrics;

    opts.progress = commit_meanwhile;
    opts.progress_ctx = &m;
    opts.commit_bytes = commit_bytes;
    metrics = run(f, &opts);
    assert_true(m.done);
    return metrics;
}

#define NEW_FILE                                                                                   \
    INFO "{\"add\":{\"path\":\"new\",\"partitionValues\":{\"p\":\"x\"},\"size\":999,"              \
         "\"modificationTime\":1,\"dataChange\":true,\"stats\":\"{\\\"numRecords\\\":1}\"}}\n"

static void appends_of_others_go_on_meanwhile(void **state)
{
    table_fixture *f = *state;
    dw_optimize_metrics m;

    open_lines(f, PLAIN);
    append_n(f, 2, "{\"a\":1}");
    m = run_meanwhile(f, 3, NEW_FILE, 0);
    DWT_EQ(m.version, 4);
    DWT_EQ(m.skipped_bins, 0);
    DWT_EQ(live(f).files, 2);
}

/* A remove of the first live file whose path has `part` in it. */
typedef struct one_file {
    const char *part;
    char path[256];
} one_file;

static dw_status take_path(void *ctx, const dw_file *file, dw_error *err)
{
    one_file *one = ctx;

    (void)err;
    if (strstr(file->path, one->part) != NULL)
        (void)snprintf(one->path, sizeof(one->path), "%s", file->path);
    return DW_OK;
}

static void make_remove(table_fixture *f, const char *part, char *out, size_t size)
{
    one_file one = {.part = part};
    dw_snapshot *snapshot = NULL;

    DWT_OK(dw_snapshot_open(f->table, -1, &snapshot, &f->err), &f->err);
    DWT_OK(dw_snapshot_files(snapshot, take_path, &one, &f->err), &f->err);
    dw_snapshot_close(snapshot);
    (void)snprintf(out, size,
                   INFO "{\"remove\":{\"path\":\"%s\",\"deletionTimestamp\":1,"
                        "\"dataChange\":true}}\n",
                   one.path);
}

static void what_another_commit_took_is_left_and_the_rest_goes_on(void **state)
{
    table_fixture *f = *state;
    dw_optimize_metrics m;
    char lines[512];

    open_lines(f, BY_P(""));
    append_n(f, 2, "{\"a\":1,\"p\":\"x\"}\n{\"a\":2,\"p\":\"y\"}");
    make_remove(f, "p=x", lines, sizeof(lines));
    m = run_meanwhile(f, 3, lines, 0);
    DWT_EQ(m.version, 4);
    DWT_EQ(m.skipped_bins, 1);
    DWT_EQ(m.removed_files, 2);
    DWT_EQ(m.added_files, 1);
    DWT_EQ(live(f).files, 2); /* one of x is left, and the new one of y */
    DWT_EQ(live(f).records, 3);
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).orphans, 0);
}

static void bins_of_later_commits_that_lost_a_file_are_not_even_begun(void **state)
{
    table_fixture *f = *state;
    dw_optimize_metrics m;
    char lines[512];

    open_lines(f, BY_P(""));
    append_n(f, 2, "{\"a\":1,\"p\":\"x\"}\n{\"a\":2,\"p\":\"y\"}\n{\"a\":3,\"p\":\"z\"}");
    make_remove(f, "p=z", lines, sizeof(lines));
    m = run_meanwhile(f, 3, lines, 1);
    DWT_EQ(m.commits, 2);
    DWT_EQ(m.skipped_bins, 1);
    DWT_EQ(live(f).files, 3);
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).orphans, 0);
}

static void all_may_be_gone(void **state)
{
    table_fixture *f = *state;
    dw_optimize_metrics m;
    char lines[512];

    open_lines(f, BY_P(""));
    append_n(f, 2, "{\"a\":1,\"p\":\"x\"}");
    make_remove(f, "p=x", lines, sizeof(lines));
    m = run_meanwhile(f, 3, lines, 0);
    DWT_EQ(m.version, -1);
    DWT_EQ(m.skipped_bins, 1);
    DWT_EQ(live(f).files, 1);
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).orphans, 0);
}

static void a_new_column_of_others_does_not_matter(void **state)
{
    table_fixture *f = *state;
    dw_optimize_metrics m;

    open_lines(f, PLAIN);
    append_n(f, 2, "{\"a\":1}");
    m = run_meanwhile(
        f, 3, INFO METADATA(COLUMN("a", "long", true, "") "," COLUMN("b", "long", true, ""), ""),
        0);
    DWT_EQ(m.version, 4);
    DWT_EQ(m.skipped_bins, 0);
}

static void a_type_that_was_widened_meanwhile_leaves_the_files_as_they_are(void **state)
{
    table_fixture *f = *state;
    dw_optimize_metrics m;

    open_lines(f, INFO BOTH_LISTED("\"typeWidening\"", "\"typeWidening\"")
                      METADATA(COLUMN("a", "integer", true, ""), ""));
    append_n(f, 2, "{\"a\":1}");
    m = run_meanwhile(f, 3, INFO METADATA(COLUMN("a", "long", true, ""), ""), 0);
    DWT_EQ(m.version, -1);
    DWT_EQ(m.skipped_bins, 1);
    DWT_EQ(run(f, NULL).version, 4);
    assert_has(version_text(f, 4), "\\\"numRecords\\\":2");
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).orphans, 0);
}

static void a_table_that_became_another_ends_it(void **state)
{
    table_fixture *f = *state;
    dw_optimize_options opts = DW_OPTIMIZE_OPTIONS_INIT;
    dw_optimize_metrics metrics = DW_OPTIMIZE_METRICS_INIT;
    meanwhile m = {f, INFO METADATA(COLUMN("a", "string", true, ""), ""), 3, false};

    open_lines(f, PLAIN);
    append_n(f, 2, "{\"a\":1}");
    opts.progress = commit_meanwhile;
    opts.progress_ctx = &m;
    DWT_ERR(dw_optimize(f->table, &opts, &metrics, &f->err), &f->err, DW_E_CONFLICT, "column a");
    DWT_EQ(metrics.version, -1);
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).orphans, 0);
}

/* ---- features ---- */

static void row_ids_are_kept_and_the_commit_says_so(void **state)
{
    table_fixture *f = *state;
    const char *text;

    open_lines(f, INFO LISTED("\"rowTracking\",\"domainMetadata\"") METADATA(
                      COLUMN("a", "long", true, ""),
                      "\"delta.enableRowTracking\":\"true\","
                      "\"delta.rowTracking.materializedRowIdColumnName\":\"_row-id-1\","
                      "\"delta.rowTracking.materializedRowCommitVersionColumnName\":\"_row-v-1\""));
    append_n(f, 2, "{\"a\":1}\n{\"a\":2}");
    DWT_EQ(run(f, NULL).version, 3);
    text = version_text(f, 3);
    assert_has(text, "\"tags\":{\"delta.rowTracking.preserved\":\"true\"}");
    assert_has(text, "\"baseRowId\":4,\"defaultRowCommitVersion\":3");
    assert_has(text, "{\\\"rowIdHighWaterMark\\\":7}");
    assert_has(text, "\"baseRowId\":0,\"defaultRowCommitVersion\":1"); /* of a remove */
}

static void where_rows_are_not_tracked_the_commit_says_that_ids_are_lost(void **state)
{
    table_fixture *f = *state;

    open_lines(f, INFO LISTED("\"rowTracking\",\"domainMetadata\"")
                      METADATA(COLUMN("a", "long", true, ""), ""));
    append_n(f, 2, "{\"a\":1}\n{\"a\":2}");
    DWT_EQ(run(f, NULL).version, 3);
    assert_has(version_text(f, 3), "\"tags\":{\"delta.rowTracking.preserved\":\"false\"}");
    assert_has(version_text(f, 3), "\"baseRowId\":4");
}

static void files_that_another_clustering_ordered_are_left(void **state)
{
    table_fixture *f = *state;
    const char *domain =
        LISTED("\"clustering\",\"domainMetadata\"") METADATA(COLUMN("a", "long", true, ""), "")
            DOMAIN("delta.clustering", "{\\\"clusteringColumns\\\":[[\\\"a\\\"]],"
                                       "\\\"domainName\\\":\\\"delta.clustering\\\"}");
    char lines[1024];
    dw_optimize_metrics m;

    open_lines(f, domain);
    append_n(f, 2, "{\"a\":1}");
    (void)snprintf(lines, sizeof(lines),
                   INFO "{\"add\":{\"path\":\"other\",\"partitionValues\":{},\"size\":1,"
                        "\"modificationTime\":1,\"dataChange\":false,"
                        "\"clusteringProvider\":\"liquid\"}}\n");
    put_version(f, 3, lines);
    m = run(f, NULL);
    DWT_EQ(m.considered_files, 3);
    DWT_EQ(m.removed_files, 2);
    assert_has_not(version_text(f, 4), "clusteringProvider");
}

/* ---- failures ---- */

static void a_file_that_is_lost_ends_it_with_its_name(void **state)
{
    table_fixture *f = *state;
    dw_optimize_metrics metrics = DW_OPTIMIZE_METRICS_INIT;

    open_lines(f, PLAIN);
    append_n(f, 2, "{\"a\":1}");
    put_version(f, 3, NEW_FILE);
    DWT_ERR(dw_optimize(f->table, NULL, &metrics, &f->err), &f->err, DW_E_NOT_FOUND, "new");
    DWT_EQ(metrics.version, -1);
}

static void memory_may_be_short_at_any_point(void **state)
{
    table_fixture *f = *state;
    dw_status status = DW_E_NOMEM;
    int64_t version;

    open_lines(f, BY_P(""));
    append_n(f, 2, "{\"a\":1,\"p\":\"x\"}\n{\"a\":2,\"p\":\"y\"}");
    for (int64_t n = 0; status != DW_OK; n++) {
        dw_optimize_options opts = DW_OPTIMIZE_OPTIONS_INIT;
        dw_optimize_metrics metrics = DW_OPTIMIZE_METRICS_INIT;
        opts.where = "p = 'x' OR p = 'y'";
        f->alloc.fail_at = f->alloc.calls + n;
        status = dw_optimize(f->table, &opts, &metrics, &f->err);
        f->alloc.fail_at = -1;
        DWT_OK(dw_table_refresh(f->table, &version, &f->err), &f->err);
        DWT_EQ(version, metrics.version >= 0 ? 3 : 2);
        if (status != DW_OK) {
            DWT_EQ(status, DW_E_NOMEM);
            DWT_EQ(dwt_table_audit(f->store, "t", NULL).orphans, 0);
        } else if (metrics.version < 0) {
            fail_msg("allocation %lld: no commit, and no error", (long long)n);
        }
    }
    DWT_EQ(live(f).files, 2);
    DWT_EQ(live(f).records, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(small_files_become_one_by_a_commit_that_changes_no_data),
        TABLE_TEST(nothing_to_do_makes_no_commit),
        TABLE_TEST(a_dry_run_only_counts),
        TABLE_TEST(each_partition_by_itself_and_only_those_that_meet_the_condition),
        TABLE_TEST(files_of_the_target_size_are_left_and_bins_do_not_go_past_it),
        TABLE_TEST(the_table_may_say_how_large_files_shall_be),
        TABLE_TEST(fewer_files_than_asked_for_are_left),
        TABLE_TEST(each_so_many_bytes_are_a_commit),
        TABLE_TEST(options_out_of_their_range_are_refused),
        TABLE_TEST(features_that_bind_whoever_writes_files_are_refused_by_name),
        TABLE_TEST(a_table_that_we_may_not_append_to_can_be_optimized),
        TABLE_TEST(appends_of_others_go_on_meanwhile),
        TABLE_TEST(what_another_commit_took_is_left_and_the_rest_goes_on),
        TABLE_TEST(bins_of_later_commits_that_lost_a_file_are_not_even_begun),
        TABLE_TEST(all_may_be_gone),
        TABLE_TEST(a_new_column_of_others_does_not_matter),
        TABLE_TEST(a_type_that_was_widened_meanwhile_leaves_the_files_as_they_are),
        TABLE_TEST(a_table_that_became_another_ends_it),
        TABLE_TEST(row_ids_are_kept_and_the_commit_says_so),
        TABLE_TEST(where_rows_are_not_tracked_the_commit_says_that_ids_are_lost),
        TABLE_TEST(files_that_another_clustering_ordered_are_left),
        TABLE_TEST(a_file_that_is_lost_ends_it_with_its_name),
        TABLE_TEST(memory_may_be_short_at_any_point),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
