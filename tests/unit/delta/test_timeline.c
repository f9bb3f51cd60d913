/* SPDX-License-Identifier: Apache-2.0 */
#include "log_fixture.h"

#include "delta/timeline.h"

#define INFO_LINE(ict) "{\"commitInfo\":{\"inCommitTimestamp\":" #ict ",\"timestamp\":1}}\n"

static int64_t find(fixture *f, const dwi_timeline *timeline, int64_t timestamp_ms)
{
    int64_t version = -1;

    DWT_OK(dwi_timeline_find(&f->log, timeline, timestamp_ms, &version, &f->err), &f->err);
    return version;
}

static void assert_too_early(fixture *f, const dwi_timeline *timeline, int64_t timestamp_ms)
{
    int64_t version = -1;

    DWT_ERR(dwi_timeline_find(&f->log, timeline, timestamp_ms, &version, &f->err), &f->err,
            DW_E_NOT_FOUND, "before the oldest version");
}

static dwi_timeline timeline_of(fixture *f)
{
    dwi_state *state = NULL;
    dwi_timeline timeline;

    DWT_OK(dwi_state_load(&f->log, -1, &state, &f->err), &f->err);
    DWT_OK(dwi_timeline_load(&f->log, state, &f->arena, &timeline, &f->err), &f->err);
    dwi_state_unref(state);
    return timeline;
}

/* A timeline over made-up file times. */
static dwi_timeline made_up(fixture *f, const int64_t *ms, size_t n)
{
    dwi_timeline timeline = {.n = n, .ict_from = INT64_MAX};
    dwi_log_file *commits = dwi_arena_array(&f->arena, n, sizeof(*commits));

    for (size_t i = 0; i < n; i++)
        commits[i] = (dwi_log_file){.version = (int64_t)i + 10, .modified_ms = ms[i]};
    timeline.commits = commits;
    return timeline;
}

static void the_newest_version_at_or_before_the_time_is_found(void **state)
{
    fixture *f = *state;
    const int64_t ms[] = {1000, 2000, 2001, 5000};
    dwi_timeline timeline = made_up(f, ms, 4);

    assert_too_early(f, &timeline, 999);
    DWT_EQ(find(f, &timeline, 1000), 10);
    DWT_EQ(find(f, &timeline, 1999), 10);
    DWT_EQ(find(f, &timeline, 2000), 11);
    DWT_EQ(find(f, &timeline, 4999), 12);
    DWT_EQ(find(f, &timeline, 99999), 13);
}

static void files_of_one_time_are_told_apart(void **state)
{
    fixture *f = *state;
    dwi_timeline timeline;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    put_commit_text(f, 1, ADD_LINE("x"));
    put_commit_text(f, 2, ADD_LINE("y"));
    timeline = timeline_of(f);
    DWT_EQ(timeline.n, 3);
    assert_true(timeline.commits[1].modified_ms > timeline.commits[0].modified_ms);
    assert_true(timeline.commits[2].modified_ms > timeline.commits[1].modified_ms);
}

static void in_commit_timestamps_count_from_their_version_on(void **state)
{
    fixture *f = *state;
    dwi_timeline timeline;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    put_commit_text(f, 1,
                    INFO_LINE(9000000000000) METADATA_WITH(
                        "\"delta.enableInCommitTimestamps\":\"true\","
                        "\"delta.inCommitTimestampEnablementVersion\":\"1\","
                        "\"delta.inCommitTimestampEnablementTimestamp\":\"9000000000000\""));
    put_commit_text(f, 2, INFO_LINE(9000000000500) ADD_LINE("x"));
    timeline = timeline_of(f);
    DWT_EQ(find(f, &timeline, INT64_C(8999999999999)), 0);
    DWT_EQ(find(f, &timeline, INT64_C(9000000000499)), 1);
    DWT_EQ(find(f, &timeline, INT64_C(9000000000500)), 2);
    assert_too_early(f, &timeline, 0);
    assert_true(dwi_timeline_time(&timeline, 2, INT64_C(9000000000500)) == INT64_C(9000000000500));
    assert_true(dwi_timeline_time(&timeline, 0, 77) == timeline.commits[0].modified_ms);
}

static void in_commit_timestamps_may_be_there_from_the_start(void **state)
{
    fixture *f = *state;
    dwi_timeline timeline;
    dwi_state *s = NULL;
    int64_t ms = 0;

    put_commit_text(f, 0,
                    INFO_LINE(1000)
                        PROTOCOL_LINE METADATA_WITH("\"delta.enableInCommitTimestamps\":\"true\""));
    put_commit_text(f, 1, INFO_LINE(2000));
    timeline = timeline_of(f);
    assert_too_early(f, &timeline, 999);
    DWT_EQ(find(f, &timeline, 1000), 0);
    DWT_EQ(find(f, &timeline, 2000), 1);
    DWT_OK(dwi_state_load(&f->log, -1, &s, &f->err), &f->err);
    DWT_EQ(s->in_commit_timestamp, 2000);
    DWT_OK(dwi_timeline_of_state(&f->log, s, &ms, &f->err), &f->err);
    DWT_EQ(ms, 2000);
    dwi_state_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(the_newest_version_at_or_before_the_time_is_found),
        FIXTURE_TEST(files_of_one_time_are_told_apart),
        FIXTURE_TEST(in_commit_timestamps_count_from_their_version_on),
        FIXTURE_TEST(in_commit_timestamps_may_be_there_from_the_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
