/* SPDX-License-Identifier: Apache-2.0 */
/* Log cleanup that takes commits from under a reader's or a writer's feet. */
#include "race_store.h"

#include "delta/checkpoint.h"
#include "delta/commit.h"

#define HOUR_MS (INT64_C(3600) * 1000)
#define DAY_MS  (24 * HOUR_MS)
#define SHORT_LOG                                                                                  \
    METADATA_WITH("\"delta.logRetentionDuration\":\"interval 10 minutes\","                        \
                  "\"delta.checkpointInterval\":\"1000\"")

static dwi_state *load(fixture *f)
{
    dwi_state *state = NULL;

    DWT_OK(dwi_state_load(&f->log, -1, &state, &f->err), &f->err);
    return state;
}

static void remove_commit(fixture *f, int64_t version)
{
    char key[64];

    (void)snprintf(key, sizeof(key), "t/_delta_log/%020" PRId64 ".json", version);
    DWT_OK(dwi_store_remove(f->store, key, &f->err), &f->err);
}

/* A checkpoint of the newest version, and all commits before it are gone; so much time passes. */
static void clean_up(fixture *f, int64_t passes_ms)
{
    dwi_state *latest = load(f);

    DWT_OK(dwi_checkpoint_write(&f->log, latest, &f->err), &f->err);
    for (int64_t v = 0; v < latest->version; v++)
        remove_commit(f, v);
    f->env.now_us += passes_ms * 1000;
    dwi_state_unref(latest);
}

/* ---- an attempt whose version is gone before anybody could read it ---- */

typedef struct attempt {
    fixture *f;
    race race;
    dwi_state *base;
    dwi_committer committer;
    dwi_add add;
    dwi_app_version app;
    dwi_staged staged;
    dwi_committed committed;
} attempt;

/* The first call ends with DW_E_UNKNOWN. */
static void leave_unknown(attempt *a, fixture *f, const race_step *lost, bool with_app)
{
    memset(a, 0, sizeof(*a));
    a->f = f;
    a->base = load(f);
    race_start(&a->race, f, lost, 1);
    dwi_committer_init(&a->committer, &f->log, a->base);
    a->add = (dwi_add){.path = DWI_SV("part-1.parquet"),
                       .size = 10,
                       .stats = DWI_SV("{\"numRecords\":3}"),
                       .base_row_id = -1,
                       .default_row_commit_version = -1};
    a->app = (dwi_app_version){DWI_SV("loader"), -1, 7, false};
    a->staged = (dwi_staged){.engine_info = "test", .read_version = a->base->version};
    if (with_app) {
        a->staged.apps = &a->app;
        a->staged.n_apps = 1;
    } else {
        a->staged.adds = &a->add;
        a->staged.n_adds = 1;
    }
    DWT_ERR(dwi_committer_run(&a->committer, &a->staged, a->base, 1000, &a->committed, &f->err),
            &f->err, DW_E_UNKNOWN, "version 1");
    a->race.failing_gets = 0;
}

static dw_status again(attempt *a)
{
    dw_status status =
        dwi_committer_run(&a->committer, &a->staged, a->base, 1000, &a->committed, &a->f->err);

    if (status == DW_OK)
        dwi_state_unref(a->committed.state);
    return status;
}

static void end(attempt *a)
{
    dwi_committer_done(&a->committer);
    dwi_state_unref(a->base);
    race_stop(a->f);
}

static const race_step landed = {.reply = RACE_LOSE_REPLY, .failing_gets = 100000};
static const race_step lost_to_another = {
    .reply = RACE_DROP, .late_winner = ADD_LINE("other"), .failing_gets = 100000};

static void begin_table(fixture *f)
{
    put_commit_text(f, 0, PROTOCOL_LINE SHORT_LOG);
}

static void one_that_landed_is_found_by_its_file(void **state)
{
    fixture *f = *state;
    attempt a;

    begin_table(f);
    leave_unknown(&a, f, &landed, false);
    put_commit_text(f, 2, ADD_LINE("later"));
    clean_up(f, 40 * DAY_MS);
    DWT_OK(again(&a), &f->err);
    DWT_EQ(a.committed.version, 1);
    DWT_EQ(a.race.puts, 1);
    end(&a);
}

static void one_that_landed_is_found_by_the_tombstone_of_its_file(void **state)
{
    fixture *f = *state;
    attempt a;

    begin_table(f);
    leave_unknown(&a, f, &landed, false);
    put_commit_text(f, 2, REMOVE_LINE("part-1.parquet", 1767225600000));
    clean_up(f, HOUR_MS);
    DWT_OK(again(&a), &f->err);
    DWT_EQ(a.committed.version, 1);
    DWT_EQ(a.race.puts, 1);
    end(&a);
}

static void one_that_landed_is_found_by_its_application_version(void **state)
{
    fixture *f = *state;
    attempt a;

    begin_table(f);
    leave_unknown(&a, f, &landed, true);
    put_commit_text(f, 2, ADD_LINE("later"));
    clean_up(f, 40 * DAY_MS);
    DWT_OK(again(&a), &f->err);
    DWT_EQ(a.committed.version, 1);
    DWT_EQ(a.race.puts, 1);
    end(&a);
}

static void one_that_did_not_land_is_made_at_the_end_of_the_log(void **state)
{
    fixture *f = *state;
    attempt a;

    begin_table(f);
    leave_unknown(&a, f, &lost_to_another, false);
    put_commit_text(f, 2, ADD_LINE("later"));
    clean_up(f, HOUR_MS);
    DWT_OK(again(&a), &f->err);
    DWT_EQ(a.committed.version, 3);
    DWT_STR(a.race.keys[1], "t/_delta_log/00000000000000000003.json");
    end(&a);
}

/* Its file may have come and gone, tombstone and all. */
static void one_of_which_nothing_can_be_told_stays_unknown_and_is_put_nowhere(void **state)
{
    fixture *f = *state;
    attempt a;

    begin_table(f);
    leave_unknown(&a, f, &lost_to_another, false);
    put_commit_text(f, 2, ADD_LINE("later"));
    clean_up(f, 40 * DAY_MS);
    DWT_ERR(again(&a), &f->err, DW_E_UNKNOWN, "log cleanup has removed the version");
    DWT_EQ(a.race.puts, 1);
    end(&a);
}

/* Nobody can say any more what the commits did to the files that it read. */
static void one_that_did_not_land_and_read_files_is_a_conflict_for_ever(void **state)
{
    fixture *f = *state;
    dwi_remove remove;
    attempt a;

    begin_table(f);
    leave_unknown(&a, f, &lost_to_another, false);
    dwi_remove_of(&a.add, &remove);
    remove.path = DWI_SV("part-0.parquet");
    a.staged.removes = &remove;
    a.staged.n_removes = 1;
    put_commit_text(f, 2, ADD_LINE("later"));
    clean_up(f, HOUR_MS);
    for (int call = 0; call < 2; call++)
        DWT_ERR(again(&a), &f->err, DW_E_CONFLICT, "are not there any more");
    DWT_EQ(a.race.puts, 1);
    end(&a);
}

static void one_that_never_arrived_is_put_again_while_the_log_is_whole(void **state)
{
    const race_step dropped = {.reply = RACE_DROP, .failing_gets = 100000};
    fixture *f = *state;
    attempt a;

    begin_table(f);
    leave_unknown(&a, f, &dropped, false);
    f->env.now_us += 40 * DAY_MS * 1000;
    DWT_OK(again(&a), &f->err);
    DWT_EQ(a.committed.version, 1);
    DWT_EQ(a.race.puts, 2);
    end(&a);
}

/* ---- commits that go between the listing and the reading ---- */

typedef struct cleaner {
    fixture *f;
    dw_store *inner;
    int64_t from; /* first version that goes with the next read of a commit, -1: none */
    int64_t to;
    int lists;
    int skip; /* reads of commits that pass before it */
} cleaner;

static dw_status clean_get(void *self, const char *key, dw_range range, dw_sink sink, dw_error *err)
{
    cleaner *c = self;

    if (c->from >= 0 && c->lists > 0 && strstr(key, ".json") != NULL && c->skip-- == 0) {
        for (int64_t v = c->from; v < c->to; v++)
            remove_commit(c->f, v);
        c->from = -1;
    }
    return c->inner->ops.get(c->inner->self, key, range, sink, err);
}

static dw_status clean_put(void *self, const char *key, dw_bytes body, int mode, dw_error *err)
{
    cleaner *c = self;

    return c->inner->ops.put(c->inner->self, key, body, mode, err);
}

static dw_status clean_list(void *self, const char *prefix, const char *after, dw_lister_fn *each,
                            void *ctx, dw_error *err)
{
    cleaner *c = self;
    dw_status status = c->inner->ops.list(c->inner->self, prefix, after, each, ctx, err);

    if (c->lists++ == 0 && c->from >= 0) { /* a checkpoint comes just after what was listed */
        dwi_log log = c->f->log;
        dwi_state *latest = NULL;
        log.store = c->inner;
        DWT_OK(dwi_state_load(&log, -1, &latest, &c->f->err), &c->f->err);
        DWT_OK(dwi_checkpoint_write(&log, latest, &c->f->err), &c->f->err);
        dwi_state_unref(latest);
    }
    return status;
}

static dw_status clean_head(void *self, const char *key, dw_object *out, dw_error *err)
{
    cleaner *c = self;

    return c->inner->ops.head(c->inner->self, key, out, err);
}

static dw_status clean_remove(void *self, const char *key, dw_error *err)
{
    cleaner *c = self;

    return c->inner->ops.remove(c->inner->self, key, err);
}

static void clean_destroy(void *self)
{
    (void)self;
}

static void start_cleaner(cleaner *c, fixture *f, int64_t from, int64_t to)
{
    static const dw_store_vtable vtable = {.struct_size = sizeof(vtable),
                                           .caps = DW_CAP_PUT_IF_ABSENT,
                                           .get = clean_get,
                                           .put = clean_put,
                                           .list = clean_list,
                                           .head = clean_head,
                                           .remove = clean_remove,
                                           .destroy = clean_destroy};
    dw_store_options opts = DW_STORE_OPTIONS_INIT;

    *c = (cleaner){.f = f, .inner = f->store, .from = from, .to = to};
    opts.retry_timeout_ms = -1;
    DWT_OK(dw_store_new(&vtable, c, "clean:", &opts, &f->log.store, &f->err), &f->err);
    dwi_store_set_env(f->log.store, &f->env.base);
}

static void a_table_is_opened_while_its_listed_commits_are_cleaned_up(void **state)
{
    fixture *f = *state;
    dwi_state *loaded;
    cleaner c;

    begin_table(f);
    for (int64_t v = 1; v <= 6; v++)
        put_commit_text(f, v, TXN_LINE("loader", 3) ADD_LINE("x"));
    start_cleaner(&c, f, 0, 6);
    loaded = load(f);
    DWT_EQ(loaded->version, 6);
    DWT_EQ(dwi_state_txn(loaded, DWI_SV("loader"))->version, 3);
    DWT_EQ(c.lists, 2);
    dwi_state_unref(loaded);
    race_stop(f);
}

/* Version 1 is read, then cleanup takes it with 2 to 5: that 2 is not there says nothing. */
static void who_reads_on_while_the_log_is_cleaned_up_does_not_end_where_the_gap_begins(void **state)
{
    fixture *f = *state;
    dwi_state *latest = NULL;
    dwi_state *base;
    cleaner c;

    begin_table(f);
    base = load(f);
    for (int64_t v = 1; v <= 6; v++)
        put_commit_text(f, v, ADD_LINE("x"));
    latest = load(f);
    DWT_OK(dwi_checkpoint_write(&f->log, latest, &f->err), &f->err);
    dwi_state_unref(latest);
    f->env.now_us += HOUR_MS * 1000;
    start_cleaner(&c, f, 0, 6);
    c.lists = 1;
    c.skip = 1;
    DWT_OK(dwi_state_advance(&f->log, base, (dwi_commit_observer){NULL, NULL}, &latest, &f->err),
           &f->err);
    DWT_EQ(latest->version, 6);
    dwi_state_unref(latest);
    dwi_state_unref(base);
    race_stop(f);
}

static void a_table_that_was_deleted_and_made_anew_is_not_written_where_the_old_one_ended(
    void **state)
{
    fixture *f = *state;
    dwi_state *latest = NULL;
    dwi_state *base;

    begin_table(f);
    put_commit_text(f, 1, ADD_LINE("x"));
    put_commit_text(f, 2, ADD_LINE("y"));
    base = load(f);
    for (int64_t v = 0; v < 3; v++)
        remove_commit(f, v);
    f->env.now_us += HOUR_MS * 1000;
    DWT_ERR(dwi_state_advance(&f->log, base, (dwi_commit_observer){NULL, NULL}, &latest, &f->err),
            &f->err, DW_E_NOT_FOUND, "");
    begin_table(f);
    DWT_ERR(dwi_state_advance(&f->log, base, (dwi_commit_observer){NULL, NULL}, &latest, &f->err),
            &f->err, DW_E_CONFLICT, "the log ends at version 0 and was at 2");
    dwi_state_unref(base);
}

/* The entry that it knew is gone with the checkpoint that did not take it over. */
static void an_application_version_that_the_table_has_dropped_is_expired_not_fenced(void **state)
{
    const dwi_app_version apps[] = {{DWI_SV("loader"), 5, 6, false},
                                    {DWI_SV("fresh"), -1, 0, false}};
    fixture *f = *state;
    dwi_state *s;

    put_commit_text(f, 0,
                    PROTOCOL_LINE METADATA_WITH(
                        "\"delta.setTransactionRetentionDuration\":\"interval 1 day\""));
    clean_up(f, 40 * DAY_MS);
    s = load(f);
    DWT_ERR(dwi_conflict_check_apps(s, &f->env.base, apps, 1, &f->err), &f->err, DW_E_EXPIRED,
            "loader");
    DWT_OK(dwi_conflict_check_apps(s, &f->env.base, apps + 1, 1, &f->err), &f->err);
    dwi_state_unref(s);
}

/* With a log that is kept for ten minutes, five without a look are long. */
static void a_state_is_old_sooner_when_the_log_is_kept_for_a_short_time(void **state)
{
    fixture *f = *state;
    dwi_state *s;

    put_commit_text(
        f, 0, PROTOCOL_LINE METADATA_WITH("\"delta.logRetentionDuration\":\"interval 1 minute\""));
    s = load(f);
    f->env.now_us += 29 * INT64_C(1000000);
    assert_false(dwi_state_is_old(s, &f->env.base));
    f->env.now_us += 2 * INT64_C(1000000);
    assert_true(dwi_state_is_old(s, &f->env.base));
    dwi_state_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(one_that_landed_is_found_by_its_file),
        FIXTURE_TEST(one_that_landed_is_found_by_the_tombstone_of_its_file),
        FIXTURE_TEST(one_that_landed_is_found_by_its_application_version),
        FIXTURE_TEST(one_that_did_not_land_is_made_at_the_end_of_the_log),
        FIXTURE_TEST(one_of_which_nothing_can_be_told_stays_unknown_and_is_put_nowhere),
        FIXTURE_TEST(one_that_did_not_land_and_read_files_is_a_conflict_for_ever),
        FIXTURE_TEST(one_that_never_arrived_is_put_again_while_the_log_is_whole),
        FIXTURE_TEST(a_table_is_opened_while_its_listed_commits_are_cleaned_up),
        FIXTURE_TEST(who_reads_on_while_the_log_is_cleaned_up_does_not_end_where_the_gap_begins),
        FIXTURE_TEST(a_table_that_was_deleted_and_made_anew_is_not_written_where_the_old_one_ended),
        FIXTURE_TEST(an_application_version_that_the_table_has_dropped_is_expired_not_fenced),
        FIXTURE_TEST(a_state_is_old_sooner_when_the_log_is_kept_for_a_short_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
