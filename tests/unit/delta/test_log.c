/* SPDX-License-Identifier: Apache-2.0 */
#include "race_store.h"

static dwi_segment segment_of(fixture *f, int64_t version, int64_t before)
{
    dwi_segment segment;

    memset(&segment, 0, sizeof(segment));
    DWT_OK(dwi_log_segment(&f->log, version, before, &f->arena, &segment, &f->err), &f->err);
    return segment;
}

static void assert_no_segment(fixture *f, int64_t version, dw_status code, const char *text)
{
    dwi_segment segment;

    DWT_ERR(dwi_log_segment(&f->log, version, -1, &f->arena, &segment, &f->err), &f->err, code,
            text);
}

static void put_commits(fixture *f, int64_t from, int64_t to)
{
    for (int64_t v = from; v <= to; v++)
        put_commit_text(f, v, "{\"commitInfo\":{}}\n");
}

static void commits_alone_make_a_segment(void **state)
{
    fixture *f = *state;
    dwi_segment segment;

    put_commits(f, 0, 3);
    put_object(f, "t/_delta_log/.tmp", "x");
    put_object(f, "t/_delta_log/00000000000000000001.crc", "x");
    put_object(f, "t/_delta_log/00000000000000000000.00000000000000000003.compacted.json", "x");
    put_object(f, "t/_delta_log/0000000000000000004.json", "a digit short");
    put_object(f, "t/_delta_log/_sidecars/x.parquet", "x");
    put_object(f, "other/_delta_log/00000000000000000009.json", "x");
    segment = segment_of(f, -1, -1);
    DWT_EQ(segment.version, 3);
    DWT_EQ(segment.checkpoint_version, -1);
    DWT_EQ(segment.n_commits, 4);
    DWT_STR(segment.commits[3].name.ptr, "00000000000000000003.json");
    DWT_EQ(segment_of(f, 1, -1).n_commits, 2);
}

static void the_newest_checkpoint_below_the_version_counts(void **state)
{
    fixture *f = *state;
    dwi_segment segment;

    put_commits(f, 0, 12);
    put_object(f, "t/_delta_log/00000000000000000005.checkpoint.parquet", "x");
    put_object(f, "t/_delta_log/00000000000000000010.checkpoint.parquet", "x");
    segment = segment_of(f, -1, -1);
    DWT_EQ(segment.checkpoint_version, 10);
    DWT_EQ(segment.checkpoint_kind, DWI_CHECKPOINT_CLASSIC);
    DWT_EQ(segment.n_commits, 2);
    DWT_EQ(segment.commits[0].version, 11);
    segment = segment_of(f, 9, -1);
    DWT_EQ(segment.checkpoint_version, 5);
    DWT_EQ(segment.version, 9);
    DWT_EQ(segment.n_commits, 4);
    segment = segment_of(f, -1, 10);
    DWT_EQ(segment.checkpoint_version, 5);
    segment = segment_of(f, -1, 5);
    DWT_EQ(segment.checkpoint_version, -1);
    DWT_EQ(segment.n_commits, 13);
}

static void the_hint_saves_listing_but_decides_nothing(void **state)
{
    fixture *f = *state;

    put_commits(f, 0, 4);
    put_object(f, "t/_delta_log/00000000000000000002.checkpoint.parquet", "x");
    put_object(f, "t/_delta_log/00000000000000000003.checkpoint.parquet", "x");
    put_object(f, "t/_delta_log/_last_checkpoint", "{\"version\":2,\"size\":1}");
    DWT_EQ(segment_of(f, -1, -1).checkpoint_version, 3);
    DWT_EQ(segment_of(f, 1, -1).n_commits, 2);
    DWT_STR(f->last_warning, "");
    put_object(f, "t/_delta_log/_last_checkpoint", "{\"version\":99}");
    DWT_EQ(segment_of(f, -1, -1).checkpoint_version, 3);
    put_object(f, "t/_delta_log/_last_checkpoint", "{\"vers");
    DWT_EQ(segment_of(f, -1, -1).checkpoint_version, 3);
    assert_non_null(strstr(f->last_warning, "_last_checkpoint: JSON: "));
}

static void incomplete_and_empty_checkpoints_do_not_count(void **state)
{
    fixture *f = *state;
    dwi_segment segment;

    put_commits(f, 0, 2);
    put_object(f, "t/_delta_log/00000000000000000002.checkpoint.parquet", "");
    put_object(f, "t/_delta_log/00000000000000000002.checkpoint.0000000001.0000000002.parquet",
               "x");
    put_object(f, "t/_delta_log/00000000000000000002.checkpoint.0000000003.0000000003.parquet",
               "x");
    DWT_EQ(segment_of(f, -1, -1).checkpoint_version, -1);
    put_object(f, "t/_delta_log/00000000000000000002.checkpoint.0000000002.0000000002.parquet",
               "x");
    segment = segment_of(f, -1, -1);
    DWT_EQ(segment.checkpoint_kind, DWI_CHECKPOINT_MULTI_PART);
    DWT_EQ(segment.n_checkpoint_files, 2);
    DWT_STR(segment.checkpoint_files[1].name.ptr,
            "00000000000000000002.checkpoint.0000000002.0000000002.parquet");
    put_object(f,
               "t/_delta_log/00000000000000000002.checkpoint."
               "80a083e8-7026-4e79-81be-64bd76c43a11.json",
               "x");
    DWT_EQ(segment_of(f, -1, -1).checkpoint_kind, DWI_CHECKPOINT_V2_JSON);
}

static void a_checkpoint_may_be_all_that_is_left(void **state)
{
    fixture *f = *state;
    dwi_segment segment;

    put_object(f, "t/_delta_log/00000000000000000007.checkpoint.parquet", "x");
    segment = segment_of(f, -1, -1);
    DWT_EQ(segment.version, 7);
    DWT_EQ(segment.n_commits, 0);
    put_commits(f, 5, 8);
    DWT_EQ(segment_of(f, -1, -1).version, 8);
    DWT_EQ(segment_of(f, 7, -1).version, 7);
    assert_no_segment(f, 6, DW_E_NOT_FOUND, "version 6: no such version; the log has 7 to 8");
    assert_no_segment(f, 9, DW_E_NOT_FOUND, "version 9: no such version");
}

static void a_gap_is_a_corrupt_log(void **state)
{
    fixture *f = *state;

    put_commits(f, 0, 1);
    put_commits(f, 3, 4);
    assert_no_segment(f, -1, DW_E_CORRUPT, "_delta_log: version 2 is missing, the next one is 3");
    DWT_EQ(segment_of(f, 1, -1).version, 1);
    put_object(f, "t/_delta_log/00000000000000000003.checkpoint.parquet", "x");
    DWT_EQ(segment_of(f, -1, -1).version, 4);
}

static void put_compaction(fixture *f, int first, int last, const char *text)
{
    char key[96];

    (void)snprintf(key, sizeof(key), "t/_delta_log/%020d.%020d.compacted.json", first, last);
    put_object(f, key, text);
}

/* A folder that somebody writes to while it is read may be told without some of its new files. */
static void a_commit_that_a_listing_missed_is_found_by_its_name(void **state)
{
    fixture *f = *state;
    dwi_segment segment;
    race r;

    put_commits(f, 0, 6);
    race_start(&r, f, NULL, 0);
    r.hidden = "0004.json";
    segment = segment_of(f, -1, -1);
    DWT_EQ(segment.version, 6);
    DWT_EQ(segment.n_commits, 7);
    for (int64_t v = 0; v < 7; v++)
        DWT_EQ(segment.commits[v].version, v);
    DWT_STR(segment.commits[4].name.ptr, "00000000000000000004.json");
    DWT_EQ(segment.commits[4].size, segment.commits[3].size);
    DWT_EQ(segment_of(f, 5, -1).version, 5);
    put_object(f, "t/_delta_log/00000000000000000002.checkpoint.parquet", "x");
    put_object(f, "t/_delta_log/_last_checkpoint", "{\"version\":2,\"size\":1}");
    segment = segment_of(f, -1, -1);
    DWT_EQ(segment.version, 6);
    DWT_EQ(segment.n_commits, 4);
    race_stop(f);
}

static void compacted_files_stand_for_commits_where_they_fit(void **state)
{
    fixture *f = *state;
    dwi_segment segment;

    put_commits(f, 0, 9);
    put_compaction(f, 2, 4, "{}\n");
    put_compaction(f, 2, 6, "{}\n");
    put_compaction(f, 3, 9, "{}\n");  /* starts within the one before */
    put_compaction(f, 7, 12, "{}\n"); /* ends after the version */
    put_compaction(f, 7, 8, "");      /* holds nothing */
    put_compaction(f, 9, 9, "{}\n");  /* is no range */
    segment = segment_of(f, -1, -1);
    DWT_EQ(segment.n_commits, 10);
    DWT_EQ(segment.n_steps, 6); /* 0, 1, 2 to 6, 7, 8, 9 */
    assert_null(segment.steps[1].compaction.name.ptr);
    DWT_STR(segment.steps[2].compaction.name.ptr,
            "00000000000000000002.00000000000000000006.compacted.json");
    DWT_EQ(segment.steps[2].first, 2);
    DWT_EQ(segment.steps[2].n_commits, 5);
    DWT_EQ(segment.steps[5].first, 9);
    segment = segment_of(f, 5, -1); /* the shorter one is left */
    DWT_EQ(segment.n_steps, 4);
    DWT_EQ(segment.steps[2].n_commits, 3);
    put_object(f, "t/_delta_log/00000000000000000003.checkpoint.parquet", "x");
    segment = segment_of(f, -1, -1); /* starts before the checkpoint */
    DWT_EQ(segment.n_steps, 6);
}

static void the_newest_checksum_file_of_the_segment_is_named(void **state)
{
    fixture *f = *state;

    put_commits(f, 0, 9);
    DWT_EQ(segment_of(f, -1, -1).crc_version, -1);
    put_object(f, "t/_delta_log/00000000000000000002.crc", "x");
    put_object(f, "t/_delta_log/00000000000000000005.crc", "x");
    put_object(f, "t/_delta_log/.00000000000000000006.json.crc", "x");
    DWT_EQ(segment_of(f, -1, -1).crc_version, 5);
    DWT_EQ(segment_of(f, 4, -1).crc_version, 2);
    put_object(f, "t/_delta_log/00000000000000000007.checkpoint.parquet", "x");
    DWT_EQ(segment_of(f, -1, -1).crc_version, -1);
    put_object(f, "t/_delta_log/00000000000000000007.crc", "x");
    DWT_EQ(segment_of(f, -1, -1).crc_version, 7);
}

static void what_only_looks_like_a_version_is_passed_over(void **state)
{
    fixture *f = *state;

    put_commits(f, 0, 1);
    put_object(f, "t/_delta_log/09223372036854775807.json", "x");
    put_object(f, "t/_delta_log/09223372036854775806.checkpoint.parquet", "x");
    put_object(f, "t/_delta_log/99999999999999999999.json", "x");
    put_object(f, "t/_delta_log/+0000000000000000002.json", "x");
    put_object(f, "t/_delta_log/00000000000000000002.json.tmp", "x");
    put_object(f, "t/_delta_log/_staged_commits/00000000000000000002.x.json", "x");
    DWT_EQ(segment_of(f, -1, -1).version, 1);
}

static void what_is_no_table_is_not_found(void **state)
{
    fixture *f = *state;

    assert_no_segment(f, -1, DW_E_NOT_FOUND, "not a Delta table: no commits in t/_delta_log");
    put_object(f, "t/data.parquet", "x");
    put_object(f, "t/_delta_log/_last_checkpoint", "{\"version\":1}");
    assert_no_segment(f, -1, DW_E_NOT_FOUND, "not a Delta table: no commits in t/_delta_log");
    assert_no_segment(f, 0, DW_E_NOT_FOUND, "not a Delta table: no commits in t/_delta_log");
}

static void a_commit_is_read_line_by_line(void **state)
{
    fixture *f = *state;
    dwi_commit commit;

    put_commit_text(f, 5, PROTOCOL_LINE "\r\n\n{\"newThing\":{}}\n" ADD_LINE("x"));
    DWT_OK(dwi_log_read_commit(&f->log, 5, &f->arena, &commit, &f->err), &f->err);
    DWT_EQ(commit.version, 5);
    DWT_EQ(commit.n_actions, 2);
    DWT_EQ(commit.actions[1].kind, DWI_ACTION_ADD);
    DWT_ERR(dwi_log_read_commit(&f->log, 6, &f->arena, &commit, &f->err), &f->err, DW_E_NOT_FOUND,
            "00000000000000000006.json");
    put_commit_text(f, 6, PROTOCOL_LINE "{\"add\":{\"path\":\"tr");
    DWT_ERR(dwi_log_read_commit(&f->log, 6, &f->arena, &commit, &f->err), &f->err, DW_E_CORRUPT,
            "_delta_log/00000000000000000006.json: line 2: JSON: the string does not end");
}

static dw_status count_action(void *ctx, const dwi_action *action, dw_error *err)
{
    int *counts = ctx;

    (void)err;
    counts[action->kind]++;
    return DW_OK;
}

static void a_visit_does_not_parse_what_nobody_wants(void **state)
{
    fixture *f = *state;
    int counts[16] = {0};

    put_commit_text(f, 0, TXN_LINE("a", 1) "{\"add\":{broken\n" PROTOCOL_LINE);
    DWT_OK(dwi_log_visit_commit(&f->log, 0, 1u << DWI_ACTION_TXN, count_action, counts, &f->err),
           &f->err);
    DWT_EQ(counts[DWI_ACTION_TXN], 1);
    DWT_EQ(counts[DWI_ACTION_PROTOCOL], 0);
    DWT_ERR(dwi_log_visit_commit(&f->log, 0, 1u << DWI_ACTION_ADD, count_action, counts, &f->err),
            &f->err, DW_E_CORRUPT, "line 2");
}

static void a_commit_is_never_overwritten(void **state)
{
    fixture *f = *state;

    DWT_OK(dwi_log_put_commit(&f->log, 0, (dw_bytes){"{}\n", 3}, &f->err), &f->err);
    DWT_ERR(dwi_log_put_commit(&f->log, 0, (dw_bytes){"{}\n", 3}, &f->err), &f->err, DW_E_EXISTS,
            "t/_delta_log/00000000000000000000.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(commits_alone_make_a_segment),
        FIXTURE_TEST(the_newest_checkpoint_below_the_version_counts),
        FIXTURE_TEST(the_hint_saves_listing_but_decides_nothing),
        FIXTURE_TEST(incomplete_and_empty_checkpoints_do_not_count),
        FIXTURE_TEST(a_checkpoint_may_be_all_that_is_left),
        FIXTURE_TEST(a_gap_is_a_corrupt_log),
        FIXTURE_TEST(a_commit_that_a_listing_missed_is_found_by_its_name),
        FIXTURE_TEST(compacted_files_stand_for_commits_where_they_fit),
        FIXTURE_TEST(the_newest_checksum_file_of_the_segment_is_named),
        FIXTURE_TEST(what_only_looks_like_a_version_is_passed_over),
        FIXTURE_TEST(what_is_no_table_is_not_found),
        FIXTURE_TEST(a_commit_is_read_line_by_line),
        FIXTURE_TEST(a_visit_does_not_parse_what_nobody_wants),
        FIXTURE_TEST(a_commit_is_never_overwritten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
