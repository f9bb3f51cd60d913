/* SPDX-License-Identifier: Apache-2.0 */
/* The clock goes from day to day: version n is made n days after 2026-01-01T00:00:00Z. */
#include <stdlib.h>

#include "log_fixture.h"

#include "delta/checkpoint.h"
#include "delta/log_clean.h"
#include "store/fault_store.h"

#define DAY_US    (INT64_C(86400) * 1000000)
#define FIRST_DAY 20454 /* 2026-01-01 */
#define TEN_DAYS  "\"delta.logRetentionDuration\":\"interval 10 days\""
#define PROTOCOL_V2                                                                                \
    "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":["            \
    "\"v2Checkpoint\"],\"writerFeatures\":[\"v2Checkpoint\",\"checkpointProtection\"]}}\n"

static dwi_state *load(fixture *f)
{
    dwi_state *state = NULL;

    DWT_OK(dwi_state_load(&f->log, -1, &state, &f->err), &f->err);
    return state;
}

static void set_day(fixture *f, double day)
{
    f->env.now_us = (int64_t)((FIRST_DAY + day) * (double)DAY_US);
}

static void write_checkpoint(fixture *f)
{
    dwi_state *state = load(f);

    DWT_OK(dwi_checkpoint_write(&f->log, state, &f->err), &f->err);
    dwi_state_unref(state);
}

/* Versions 0 to `last`, one a day at noon, with a checkpoint at each fifth. */
static void put_days(fixture *f, const char *first, int last)
{
    for (int v = 0; v <= last; v++) {
        char text[256];
        set_day(f, v + 0.5);
        (void)snprintf(text, sizeof(text),
                       "{\"commitInfo\":{\"operation\":\"WRITE\",\"isBlindAppend\":true}}\n"
                       "{\"add\":{\"path\":\"%d\",\"partitionValues\":{},\"size\":1,"
                       "\"modificationTime\":1,\"dataChange\":true}}\n",
                       v);
        put_commit_text(f, v, v == 0 ? first : text);
        if (v > 0 && v % 5 == 0)
            write_checkpoint(f);
    }
}

static dwi_clean_result clean(fixture *f, bool dry_run)
{
    dwi_clean_result result;
    dwi_state *s = load(f);

    memset(&result, 0, sizeof(result));
    DWT_OK(dwi_log_clean(&f->log, s, dry_run, &result, &f->err), &f->err);
    dwi_state_unref(s);
    return result;
}

typedef struct names {
    char text[4096];
    const char *wanted; /* part of the names */
} names;

static dw_status take_name(void *ctx, const dw_object *object, dw_error *err)
{
    names *n = ctx;
    size_t len = strlen(n->text);

    (void)err;
    if (strstr(object->key, n->wanted) != NULL)
        (void)snprintf(n->text + len, sizeof(n->text) - len, " %d",
                       atoi(object->key + strlen("t/_delta_log/")));
    return DW_OK;
}

/* The versions of the files whose names contain `part`. */
static const char *versions(fixture *f, const char *part)
{
    static names n;

    n.text[0] = '\0';
    n.wanted = part;
    DWT_OK(dwi_store_list(f->store, "t/_delta_log/", NULL, take_name, &n, &f->err), &f->err);
    return n.text;
}

static int count(fixture *f, const char *part)
{
    int n = 0;

    for (const char *c = versions(f, part); *c != '\0'; c++)
        n += *c == ' ';
    return n;
}

static void everything_before_the_last_expired_checkpoint_goes(void **state)
{
    fixture *f = *state;
    dwi_clean_result r;

    put_days(f, PROTOCOL_LINE METADATA_WITH(TEN_DAYS), 22);
    put_object(f, "t/_delta_log/00000000000000000003.crc", "{}");
    put_object(f, "t/_delta_log/00000000000000000010.crc", "{}");
    put_object(f, "t/_delta_log/00000000000000000004.00000000000000000009.compacted.json", "x");
    put_object(f, "t/_delta_log/00000000000000000010.00000000000000000012.compacted.json", "x");
    put_object(f, "t/_delta_log/00000000000000000011.00000000000000000013.compacted.json",
               "{\"a\":{}}");
    put_object(f, "t/_delta_log/00000000000000000007.checkpoint.parquet", "");
    set_day(f, 22.9);
    r = clean(f, true);
    DWT_EQ(r.checkpoint, 10);
    assert_true(r.cutoff_ms == (FIRST_DAY + 12) * INT64_C(86400000)); /* a midnight */
    DWT_STR(versions(f, ".json"), " 0 1 2 3 4 4 5 6 7 8 9 10 10 11 11 12 13 14 15 16 17 18 19 20 "
                                  "21 22");
    r = clean(f, false);
    assert_null(r.reason);
    DWT_EQ(r.commits, 10);
    DWT_EQ(r.checkpoints, 2);
    DWT_EQ(r.checksums, 1);
    DWT_EQ(r.compactions, 2);
    assert_false(r.more);
    DWT_STR(versions(f, "0.json"), " 10 20");
    DWT_STR(versions(f, ".json"), " 10 11 11 12 13 14 15 16 17 18 19 20 21 22");
    DWT_STR(versions(f, ".checkpoint.parquet"), " 10 15 20");
    DWT_STR(versions(f, ".crc"), " 10");
    r = clean(f, false);
    DWT_EQ(r.commits, 0);
    for (int64_t v = 10; v <= 22; v++) {
        dwi_state *s = NULL;
        DWT_OK(dwi_state_load(&f->log, v, &s, &f->err), &f->err);
        dwi_state_unref(s);
    }
}

static void a_table_may_say_that_nothing_expires(void **state)
{
    fixture *f = *state;
    dwi_clean_result r;

    put_days(f,
             PROTOCOL_LINE METADATA_WITH(TEN_DAYS ",\"delta.enableExpiredLogCleanup\":\"false\""),
             22);
    set_day(f, 60);
    r = clean(f, false);
    DWT_STR(r.reason, "delta.enableExpiredLogCleanup is false");
    DWT_EQ(count(f, ".json"), 23);
}

static void without_an_old_checkpoint_nothing_goes(void **state)
{
    fixture *f = *state;

    put_days(f, PROTOCOL_LINE METADATA_LINE, 4);
    set_day(f, 20);
    DWT_STR(clean(f, false).reason, "no version is older than the retention");
    set_day(f, 60);
    DWT_STR(clean(f, false).reason, "no checkpoint is older than the retention");
    put_object(f, "t/_delta_log/00000000000000000003.checkpoint.0000000001.0000000002.parquet",
               "x");
    DWT_STR(clean(f, false).reason, "no checkpoint is older than the retention");
    DWT_EQ(count(f, ".json"), 5);
}

static void a_checkpoint_that_cannot_be_read_is_not_relied_on(void **state)
{
    fixture *f = *state;

    put_days(f, PROTOCOL_LINE METADATA_WITH(TEN_DAYS), 22);
    put_object(f, "t/_delta_log/00000000000000000010.checkpoint.parquet", "rubbish");
    set_day(f, 22.9);
    DWT_STR(clean(f, false).reason, "the checkpoint that would be the oldest cannot be read");
    DWT_EQ(count(f, ".json"), 23);
    assert_non_null(strstr(f->last_warning, "the log is not cleaned"));
}

/* The file of version 3 is younger than those of 4 to 12: these count as younger still. */
static void file_times_count_only_forwards(void **state)
{
    fixture *f = *state;
    dwi_clean_result r;

    put_days(f, PROTOCOL_LINE METADATA_WITH(TEN_DAYS), 12);
    set_day(f, 20);
    put_commit_text(f, 3, ADD_LINE("3"));
    set_day(f, 26);
    r = clean(f, false);
    DWT_STR(r.reason, "no checkpoint is older than the retention");
    set_day(f, 31);
    r = clean(f, false);
    DWT_EQ(r.checkpoint, 10);
}

#define ICT_METADATA METADATA_WITH("\"delta.enableInCommitTimestamps\":\"true\"," TEN_DAYS)

/* All files were copied yesterday; what the commits say counts. */
static void in_commit_timestamps_count_where_there_are_some(void **state)
{
    fixture *f = *state;
    dwi_clean_result r;

    set_day(f, 100);
    put_commit_text(
        f, 0,
        "{\"commitInfo\":{\"inCommitTimestamp\":1767225600000}}\n" PROTOCOL_LINE ICT_METADATA);
    put_commit_text(f, 1, "{\"commitInfo\":{\"inCommitTimestamp\":1767312000000}}\n");
    write_checkpoint(f);
    put_commit_text(f, 2, "{\"commitInfo\":{\"inCommitTimestamp\":1775900000000}}\n");
    write_checkpoint(f);
    set_day(f, 101);
    r = clean(f, false);
    assert_null(r.reason);
    DWT_EQ(r.checkpoint, 1);
    DWT_STR(versions(f, ".json"), " 1 2");
}

/* It may not go below the version that a dropped feature left, unless all of it goes at once. */
static void checkpoints_that_are_protected_stay(void **state)
{
    fixture *f = *state;

    put_days(f,
             PROTOCOL_V2 METADATA_WITH(
                 TEN_DAYS ",\"delta.requireCheckpointProtectionBeforeVersion\":\"12\""),
             30);
    set_day(f, 22.9);
    DWT_STR(clean(f, false).reason, "delta.requireCheckpointProtectionBeforeVersion forbids it");
    DWT_EQ(count(f, ".json"), 31);
    set_day(f, 27.9);
    DWT_EQ(clean(f, false).checkpoint, 15);
}

static void an_unknown_feature_forbids_it(void **state)
{
    fixture *f = *state;
    dwi_clean_result r;
    dwi_state *s;

    put_commit_text(f, 0,
                    "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,"
                    "\"writerFeatures\":[\"quantumRows\"]}}\n" METADATA_LINE);
    s = load(f);
    DWT_ERR(dwi_log_clean(&f->log, s, false, &r, &f->err), &f->err, DW_E_UNSUPPORTED,
            "quantumRows");
    dwi_state_unref(s);
}

/* What is shared by checkpoints that are left stays, and so does what is young. */
static void sidecars_go_with_the_last_checkpoint_that_names_them(void **state)
{
    fixture *f = *state;
    dwi_clean_result r;

    put_days(f,
             PROTOCOL_V2 METADATA_WITH(TEN_DAYS ",\"delta.checkpointPolicy\":\"v2\","
                                                "\"delta.checkpointInterval\":\"5\""),
             22);
    DWT_EQ(count(f, "_sidecars/"), 4);
    put_object(f, "t/_delta_log/_sidecars/young-orphan.parquet", "x");
    set_day(f, 22.9);
    r = clean(f, false);
    DWT_EQ(r.checkpoint, 10);
    DWT_EQ(r.sidecars, 1); /* of version 5; that of 10 is named */
    DWT_EQ(count(f, "_sidecars/"), 4);
    set_day(f, 24.9);
    r = clean(f, false);
    DWT_EQ(r.sidecars, 1); /* the orphan is older than a day now */
    DWT_EQ(count(f, "_sidecars/"), 3);
    for (int64_t v = 10; v <= 22; v++) {
        dwi_state *s = NULL;
        DWT_OK(dwi_state_load(&f->log, v, &s, &f->err), &f->err);
        dwi_state_unref(s);
    }
    DWT_STR(f->last_warning, "");
}

static void no_sidecar_goes_while_a_checkpoint_cannot_be_read(void **state)
{
    fixture *f = *state;

    put_days(f,
             PROTOCOL_V2 METADATA_WITH(TEN_DAYS ",\"delta.checkpointPolicy\":\"v2\","
                                                "\"delta.checkpointInterval\":\"5\""),
             22);
    put_object(f, "t/_delta_log/00000000000000000013.checkpoint.parquet", "rubbish");
    set_day(f, 22.9);
    DWT_EQ(clean(f, false).sidecars, 0);
    DWT_EQ(count(f, "_sidecars/"), 4);
    assert_non_null(strstr(f->last_warning, "no sidecar is removed"));
}

/* After a crash at any operation every version that still has its commit can be loaded. */
static void a_crash_in_the_middle_leaves_a_whole_table(void **state)
{
    fixture *f = *state;
    dw_store *faulty = NULL;
    bool done = false;

    put_days(f,
             PROTOCOL_V2 METADATA_WITH(TEN_DAYS ",\"delta.checkpointPolicy\":\"v2\","
                                                "\"delta.checkpointInterval\":\"5\""),
             22);
    set_day(f, 22.9);
    DWT_OK(dwi_fault_store_new(f->store, NULL, &faulty, &f->err), &f->err);
    dwi_store_set_env(faulty, &f->env.base);
    for (int64_t n = 0; !done; n++) {
        const dwi_fault fault = {.on = DWI_ON_REMOVE, .kind = DWI_FAULT_CRASH_AFTER, .nth = n % 3};
        dwi_clean_result r = {0};
        dwi_state *s = load(f);
        dwi_log log = f->log;
        log.store = faulty;
        assert_true(n < 100);
        DWT_OK(dwi_fault_plan(faulty, &fault, 1, &f->err), &f->err);
        done = dwi_log_clean(&log, s, false, &r, &f->err) == DW_OK && dwi_fault_hits(faulty) == 0;
        dwi_state_unref(s);
        s = load(f);
        DWT_EQ(s->version, 22);
        dwi_state_unref(s);
        for (int64_t v = 10; v <= 22; v++) {
            DWT_OK(dwi_state_load(&f->log, v, &s, &f->err), &f->err);
            dwi_state_unref(s);
        }
    }
    dw_store_unref(faulty);
    DWT_STR(versions(f, ".json"), " 10 10 11 12 13 14 15 15 16 17 18 19 20 20 21 22");
}

static dw_status clean_with(const dw_allocator *alloc, void *ctx)
{
    const dwi_logger silent = {NULL, NULL};
    dwi_clean_result r;
    fixture *f = ctx;
    dwi_state *s = NULL;
    dwi_log log = {0};
    dw_status status;

    DWI_TRY(dwi_log_init(&log, f->store, "t", alloc, silent, NULL));
    DWI_TRY(dwi_state_load(&log, -1, &s, NULL));
    DWI_TRY(dwi_log_clean(&log, s, true, &r, NULL));
    DWI_TRY(dwi_log_clean(&log, s, false, &r, NULL));
done:
    dwi_state_unref(s);
    dwi_log_done(&log);
    return status;
}

static void out_of_memory_leaves_nothing_behind(void **state)
{
    fixture *f = *state;

    put_days(f,
             PROTOCOL_V2 METADATA_WITH(TEN_DAYS ",\"delta.checkpointPolicy\":\"v2\","
                                                "\"delta.checkpointInterval\":\"5\""),
             22);
    set_day(f, 22.9);
    dwt_alloc_sweep(clean_with, f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(everything_before_the_last_expired_checkpoint_goes),
        FIXTURE_TEST(a_table_may_say_that_nothing_expires),
        FIXTURE_TEST(without_an_old_checkpoint_nothing_goes),
        FIXTURE_TEST(a_checkpoint_that_cannot_be_read_is_not_relied_on),
        FIXTURE_TEST(file_times_count_only_forwards),
        FIXTURE_TEST(in_commit_timestamps_count_where_there_are_some),
        FIXTURE_TEST(checkpoints_that_are_protected_stay),
        FIXTURE_TEST(an_unknown_feature_forbids_it),
        FIXTURE_TEST(sidecars_go_with_the_last_checkpoint_that_names_them),
        FIXTURE_TEST(no_sidecar_goes_while_a_checkpoint_cannot_be_read),
        FIXTURE_TEST(a_crash_in_the_middle_leaves_a_whole_table),
        FIXTURE_TEST(out_of_memory_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
