/* SPDX-License-Identifier: Apache-2.0 */
#include "race_store.h"

#include "delta/commit.h"

/* One transaction with one file, on version 0 of the fixture's table. */
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

static dwi_state *load(fixture *f)
{
    dwi_state *state = NULL;

    DWT_OK(dwi_state_load(&f->log, -1, &state, &f->err), &f->err);
    return state;
}

static void begin(attempt *a, fixture *f, const race_step *steps, size_t n_steps)
{
    memset(a, 0, sizeof(*a));
    a->f = f;
    a->base = load(f);
    race_start(&a->race, f, steps, n_steps);
    dwi_committer_init(&a->committer, &f->log, a->base);
    a->add = (dwi_add){.path = DWI_SV("part-1.parquet"),
                       .size = 10,
                       .modification_time = 5,
                       .data_change = true,
                       .stats = DWI_SV("{\"numRecords\":3}"),
                       .base_row_id = -1,
                       .default_row_commit_version = -1};
    a->staged = (dwi_staged){.engine_info = "test",
                             .read_version = a->base->version,
                             .n_adds = 1,
                             .adds = &a->add,
                             .rows = 3,
                             .bytes = 10};
}

static dw_status commit(attempt *a)
{
    dw_status status;

    status = dwi_committer_run(&a->committer, &a->staged, a->base, 1000, &a->committed, &a->f->err);
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

static void with_app(attempt *a, const char *app_id, int64_t expected, int64_t next)
{
    a->app = (dwi_app_version){dwi_sv_cstr(app_id), expected, next, false};
    a->staged.apps = &a->app;
    a->staged.n_apps = 1;
}

/* How often the file was published, and how many versions there are. */
static void assert_log(fixture *f, int64_t versions, int published)
{
    dwi_buf text;
    char key[96];
    int found = 0;
    int64_t v;

    dwi_buf_init(&text, &f->alloc.base);
    for (v = 0;; v++) {
        (void)snprintf(key, sizeof(key), "t/_delta_log/%020" PRId64 ".json", v);
        dwi_buf_clear(&text);
        if (dwi_store_get(f->store, key, (dw_range)DW_RANGE_ALL, 1 << 20, &text, &f->err) != DW_OK)
            break;
        if (strstr(dwi_buf_cstr(&text), "part-1.parquet") != NULL)
            found++;
    }
    DWT_EQ(v, versions);
    DWT_EQ(found, published);
    dwi_buf_done(&text);
}

static const char *read_text(fixture *f, int64_t version, dwi_buf *text)
{
    char key[96];

    (void)snprintf(key, sizeof(key), "t/_delta_log/%020" PRId64 ".json", version);
    dwi_buf_clear(text);
    DWT_OK(dwi_store_get(f->store, key, (dw_range)DW_RANGE_ALL, 1 << 20, text, &f->err), &f->err);
    return dwi_buf_cstr(text);
}

static void a_commit_is_commit_info_then_metadata_then_txn_then_add(void **state)
{
    fixture *f = *state;
    dwi_type type = {.kind = DWI_STRING};
    dwi_field column = {DWI_SV("b"), &type, true, -1, DWI_SV("{}")};
    char want[1500];
    dwi_buf text;
    attempt a;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    begin(&a, f, NULL, 0);
    with_app(&a, "loader", -1, 7);
    a.staged.columns = &column;
    a.staged.n_columns = 1;
    a.staged.user_metadata = "why \"so\"";
    DWT_OK(commit(&a), &f->err);
    DWT_EQ(a.committed.version, 1);
    dwi_buf_init(&text, &f->alloc.base);
    (void)snprintf(
        want, sizeof(want),
        "{\"commitInfo\":{\"timestamp\":1767225600000,\"operation\":\"WRITE\","
        "\"operationParameters\":{\"mode\":\"Append\",\"partitionBy\":\"[]\"},\"readVersion\":0,"
        "\"isolationLevel\":\"Serializable\",\"isBlindAppend\":true,"
        "\"operationMetrics\":{\"numFiles\":\"1\",\"numOutputRows\":\"3\",\"numOutputBytes\":"
        "\"10\"},\"engineInfo\":\"test\",\"txnId\":\"%s\",\"userMetadata\":\"why \\\"so\\\"\"}}\n"
        "{\"metaData\":{\"id\":\"the-id\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"
        "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"a\\\","
        "\\\"type\\\":\\\"long\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}},{\\\"name\\\":"
        "\\\"b\\\",\\\"type\\\":\\\"string\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\","
        "\"partitionColumns\":[],\"configuration\":{},\"createdTime\":1700000000000}}\n"
        "{\"txn\":{\"appId\":\"loader\",\"version\":7,\"lastUpdated\":1767225600000}}\n"
        "{\"add\":{\"path\":\"part-1.parquet\",\"partitionValues\":{},\"size\":10,"
        "\"modificationTime\":5,\"dataChange\":true,\"stats\":\"{\\\"numRecords\\\":3}\"}}\n",
        a.committer.txn_id);
    DWT_STR(read_text(f, 1, &text), want);
    dwi_buf_done(&text);
    end(&a);
}

static void the_state_after_a_commit_is_what_a_reader_loads(void **state)
{
    fixture *f = *state;
    dwi_type type = {.kind = DWI_STRING};
    dwi_field column = {DWI_SV("b"), &type, true, -1, DWI_SV("{}")};
    dwi_state *loaded;
    attempt a;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    begin(&a, f, NULL, 0);
    with_app(&a, "loader", -1, 7);
    a.staged.columns = &column;
    a.staged.n_columns = 1;
    DWT_OK(dwi_committer_run(&a.committer, &a.staged, a.base, 1000, &a.committed, &f->err),
           &f->err);
    DWT_EQ(a.race.puts, 1);
    loaded = load(f);
    DWT_EQ(loaded->version, a.committed.state->version);
    DWT_EQ(dwi_state_txn(loaded, DWI_SV("loader"))->version, 7);
    DWT_EQ(dwi_state_txn(a.committed.state, DWI_SV("loader"))->version, 7);
    DWT_STR(loaded->schema->json.ptr, a.committed.state->schema->json.ptr);
    dwi_state_unref(loaded);
    dwi_state_unref(a.committed.state);
    end(&a);
}

static void a_lost_race_is_rebased_over_any_change_of_files(void **state)
{
    fixture *f = *state;
    const race_step steps[] = {
        {.winner = ADD_LINE("other")},
        {.winner = REMOVE_LINE("other", 5) ADD_LINE("x")},
        {.winner = TXN_LINE("somebody", 3) DOMAIN_LINE("d", "x", false)},
    };
    attempt a;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    begin(&a, f, steps, 3);
    DWT_OK(commit(&a), &f->err);
    DWT_EQ(a.committed.version, 4);
    assert_log(f, 5, 1);
    end(&a);
}

static void a_lost_reply_is_settled_by_reading_our_own_commit(void **state)
{
    fixture *f = *state;
    const race_step steps[] = {{.reply = RACE_LOSE_REPLY}};
    attempt a;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    begin(&a, f, steps, 1);
    DWT_OK(commit(&a), &f->err);
    DWT_EQ(a.committed.version, 1);
    DWT_EQ(a.race.puts, 1);
    assert_log(f, 2, 1);
    end(&a);
}

static void a_put_that_never_arrived_is_repeated_at_the_same_version(void **state)
{
    fixture *f = *state;
    const race_step steps[] = {{.reply = RACE_DROP}, {.reply = RACE_DROP, .failing_gets = 2}};
    attempt a;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    begin(&a, f, steps, 2);
    DWT_OK(commit(&a), &f->err);
    DWT_EQ(a.committed.version, 1);
    DWT_EQ(a.race.puts, 3);
    DWT_STR(a.race.keys[0], a.race.keys[2]);
    assert_log(f, 2, 1);
    end(&a);
}

static void a_put_that_lost_while_its_reply_was_lost_goes_on_to_the_next_version(void **state)
{
    fixture *f = *state;
    const race_step steps[] = {{.reply = RACE_DROP, .late_winner = ADD_LINE("other")},
                               {.winner = ADD_LINE("another"), .reply = RACE_LOSE_REPLY}};
    attempt a;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    begin(&a, f, steps, 2);
    DWT_OK(commit(&a), &f->err);
    DWT_EQ(a.committed.version, 3);
    assert_log(f, 4, 1);
    end(&a);
}

static void what_stays_undecided_is_unknown_and_the_next_call_settles_it(void **state)
{
    fixture *f = *state;
    const race_step steps[] = {{.reply = RACE_LOSE_REPLY, .failing_gets = 1000}};
    attempt a;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    begin(&a, f, steps, 1);
    DWT_ERR(commit(&a), &f->err, DW_E_UNKNOWN, "version 1");
    assert_true(f->err.retryable);
    assert_true(dwi_committer_is_open(&a.committer));
    DWT_EQ(a.race.puts, 1);
    a.race.failing_gets = 0;
    DWT_OK(commit(&a), &f->err);
    DWT_EQ(a.committed.version, 1);
    DWT_EQ(a.race.puts, 1);
    assert_false(dwi_committer_is_open(&a.committer));
    assert_log(f, 2, 1);
    end(&a);
}

static void a_version_that_is_taken_and_cannot_be_read_is_unknown(void **state)
{
    fixture *f = *state;
    const race_step steps[] = {{.winner = ADD_LINE("other"), .failing_gets = 1000}};
    attempt a;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    begin(&a, f, steps, 1);
    DWT_ERR(commit(&a), &f->err, DW_E_UNKNOWN, "version 1");
    assert_true(dwi_committer_is_open(&a.committer));
    a.race.failing_gets = 0;
    DWT_OK(commit(&a), &f->err);
    DWT_EQ(a.committed.version, 2);
    assert_log(f, 3, 1);
    end(&a);
}

static void an_unknown_commit_is_found_behind_later_versions_too(void **state)
{
    fixture *f = *state;
    const race_step steps[] = {{.reply = RACE_LOSE_REPLY, .failing_gets = 1000}};
    attempt a;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    begin(&a, f, steps, 1);
    with_app(&a, "loader", -1, 7);
    DWT_ERR(commit(&a), &f->err, DW_E_UNKNOWN, "version 1");
    a.race.failing_gets = 0;
    put_commit_text(f, 2, ADD_LINE("later"));
    put_commit_text(f, 3, TXN_LINE("loader", 9));
    DWT_OK(commit(&a), &f->err);
    DWT_EQ(a.committed.version, 1);
    assert_log(f, 4, 1);
    end(&a);
}

static void another_answer_while_undecided_stays_unknown(void **state)
{
    fixture *f = *state;
    const race_step steps[] = {{.reply = RACE_DROP}, {.reply = RACE_DENY}};
    attempt a;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    begin(&a, f, steps, 2);
    DWT_ERR(commit(&a), &f->err, DW_E_UNKNOWN, "denied by script");
    assert_true(dwi_committer_is_open(&a.committer));
    DWT_OK(commit(&a), &f->err);
    DWT_EQ(a.committed.version, 1);
    end(&a);
}

static void a_refused_put_publishes_nothing_and_can_be_repeated(void **state)
{
    fixture *f = *state;
    const race_step steps[] = {{.reply = RACE_DENY}};
    attempt a;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    begin(&a, f, steps, 1);
    DWT_ERR(commit(&a), &f->err, DW_E_DENIED, "_delta_log/00000000000000000001.json");
    assert_false(dwi_committer_is_open(&a.committer));
    assert_log(f, 1, 0);
    DWT_OK(commit(&a), &f->err);
    assert_log(f, 2, 1);
    end(&a);
}

static void contention_ends_by_time_and_leaves_nothing(void **state)
{
    fixture *f = *state;
    const race_step steps[] = {{.winner = ADD_LINE("other")}};
    attempt a;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    begin(&a, f, steps, 1);
    a.race.repeat_last = true;
    DWT_ERR(commit(&a), &f->err, DW_E_IO, "other writers were faster");
    assert_true(f->err.retryable);
    assert_true(a.race.puts > 3);
    assert_log(f, (int64_t)a.race.puts + 1, 0);
    a.race.repeat_last = false;
    DWT_OK(commit(&a), &f->err);
    assert_log(f, (int64_t)a.race.puts + 1, 1);
    end(&a);
}

static void an_application_id_that_is_not_as_expected_is_fenced(void **state)
{
    fixture *f = *state;
    attempt a;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE TXN_LINE("loader", 4));
    begin(&a, f, NULL, 0);
    with_app(&a, "loader", 3, 9);
    DWT_ERR(commit(&a), &f->err, DW_E_FENCED, "loader: the table is at 4, expected was 3");
    with_app(&a, "new", 0, 9);
    DWT_ERR(commit(&a), &f->err, DW_E_FENCED, "new: the table is at -1");
    DWT_EQ(a.race.puts, 0);
    with_app(&a, "loader", 4, 2);
    DWT_OK(commit(&a), &f->err);
    assert_log(f, 2, 1);
    end(&a);
}

static void a_winner_with_our_application_id_fences_us_whatever_it_set(void **state)
{
    static const char *const winners[] = {TXN_LINE("loader", 5), TXN_LINE("loader", 4),
                                          TXN_LINE("loader", 3)};
    static const int64_t at[] = {4, 5, 4};
    fixture *f = *state;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE TXN_LINE("loader", 4));
    for (size_t i = 0; i < 3; i++) {
        const race_step steps[] = {{.winner = winners[i]}};
        attempt a;
        begin(&a, f, steps, 1);
        with_app(&a, "loader", at[i], 9);
        DWT_ERR(commit(&a), &f->err, DW_E_FENCED, "loader: version");
        assert_false(dwi_committer_is_open(&a.committer));
        end(&a);
    }
    assert_log(f, 4, 0);
}

static void a_stale_handle_looks_before_it_says_fenced(void **state)
{
    fixture *f = *state;
    attempt a;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE TXN_LINE("loader", 4));
    begin(&a, f, NULL, 0);
    put_commit_text(f, 1, TXN_LINE("loader", 6));
    with_app(&a, "loader", 6, 9);
    DWT_OK(commit(&a), &f->err);
    DWT_EQ(a.committed.version, 2);
    end(&a);
}

static void a_column_that_another_writer_added_alike_is_not_added_again(void **state)
{
    fixture *f = *state;
    dwi_type type = {.kind = DWI_LONG};
    dwi_field column = {DWI_SV("a"), &type, true, -1, DWI_SV("{}")};
    dwi_buf text;
    attempt a;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    begin(&a, f, NULL, 0);
    a.staged.columns = &column;
    a.staged.n_columns = 1;
    DWT_OK(commit(&a), &f->err);
    dwi_buf_init(&text, &f->alloc.base);
    assert_null(strstr(read_text(f, 1, &text), "metaData"));
    dwi_buf_done(&text);
    end(&a);
    begin(&a, f, NULL, 0);
    type.kind = DWI_STRING;
    a.staged.columns = &column;
    a.staged.n_columns = 1;
    DWT_ERR(commit(&a), &f->err, DW_E_CONFLICT, "the column a with another type");
    end(&a);
}

static void in_commit_timestamps_come_first_and_only_grow(void **state)
{
    fixture *f = *state;
    const race_step steps[] = {
        {.winner = "{\"commitInfo\":{\"inCommitTimestamp\":1767225600500}}\n" ADD_LINE("other")}};
    const char *found;
    dwi_buf text;
    attempt a;

    put_commit_text(f, 0,
                    "{\"commitInfo\":{\"inCommitTimestamp\":1767225600007}}\n"
                    "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,"
                    "\"writerFeatures\":[\"inCommitTimestamp\"]}}\n" METADATA_WITH(
                        "\"delta.enableInCommitTimestamps\":\"true\""));
    begin(&a, f, steps, 1);
    DWT_OK(commit(&a), &f->err);
    DWT_EQ(a.committed.version, 2);
    dwi_buf_init(&text, &f->alloc.base);
    found = strstr(read_text(f, 2, &text), "{\"commitInfo\":{\"inCommitTimestamp\":1767225600501,");
    assert_ptr_equal(found, text.data);
    end(&a);
    begin(&a, f, NULL, 0);
    f->env.now_us += 5000000;
    DWT_OK(commit(&a), &f->err);
    assert_non_null(strstr(read_text(f, 3, &text), "\"inCommitTimestamp\":176722560500"));
    dwi_buf_done(&text);
    end(&a);
}

static dw_status commit_with(const dw_allocator *alloc, void *ctx)
{
    fixture *f = ctx;
    dwi_type type = {.kind = DWI_STRING};
    dwi_field column = {DWI_SV("b"), &type, true, -1, DWI_SV("{}")};
    dwi_committed committed = {0};
    dwi_committer committer;
    dwi_state *base = NULL;
    dwi_log log = f->log;
    dw_status status;
    dwi_app_version app = {DWI_SV("loader"), -1, 1, false};
    dwi_staged staged = {
        .engine_info = "test", .n_apps = 1, .apps = &app, .columns = &column, .n_columns = 1};

    log.alloc = alloc;
    status = dwi_state_load(&log, -1, &base, NULL);
    if (status != DW_OK)
        return status;
    dwi_committer_init(&committer, &log, base);
    status = dwi_committer_run(&committer, &staged, base, 1000, &committed, NULL);
    dwi_state_unref(committed.state);
    dwi_committer_done(&committer);
    dwi_state_unref(base);
    return status;
}

/* The sweep's rule that a failed allocation fails the call does not hold after publication, so this
 * walks by itself: each failure leaves either no commit and DW_E_NOMEM, or one and DW_OK. */
static void a_commit_is_all_or_nothing_at_every_failed_allocation(void **state)
{
    fixture *f = *state;
    int64_t calls = INT64_MAX;

    for (int64_t n = 0; n < calls; n++) {
        dwt_alloc alloc;
        dw_status status;
        put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
        dwt_alloc_init(&alloc);
        alloc.fail_at = n;
        status = commit_with(&alloc.base, f);
        if (status != DW_OK)
            DWT_EQ(status, DW_E_NOMEM);
        if (alloc.calls <= n)
            calls = alloc.calls;
        dwt_alloc_done(&alloc);
        assert_log(f, status == DW_OK ? 2 : 1, 0);
        (void)dwi_store_remove(f->store, "t/_delta_log/00000000000000000001.json", NULL);
    }
    assert_true(calls > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_commit_is_commit_info_then_metadata_then_txn_then_add),
        FIXTURE_TEST(the_state_after_a_commit_is_what_a_reader_loads),
        FIXTURE_TEST(a_lost_race_is_rebased_over_any_change_of_files),
        FIXTURE_TEST(a_lost_reply_is_settled_by_reading_our_own_commit),
        FIXTURE_TEST(a_put_that_never_arrived_is_repeated_at_the_same_version),
        FIXTURE_TEST(a_put_that_lost_while_its_reply_was_lost_goes_on_to_the_next_version),
        FIXTURE_TEST(what_stays_undecided_is_unknown_and_the_next_call_settles_it),
        FIXTURE_TEST(a_version_that_is_taken_and_cannot_be_read_is_unknown),
        FIXTURE_TEST(an_unknown_commit_is_found_behind_later_versions_too),
        FIXTURE_TEST(another_answer_while_undecided_stays_unknown),
        FIXTURE_TEST(a_refused_put_publishes_nothing_and_can_be_repeated),
        FIXTURE_TEST(contention_ends_by_time_and_leaves_nothing),
        FIXTURE_TEST(an_application_id_that_is_not_as_expected_is_fenced),
        FIXTURE_TEST(a_winner_with_our_application_id_fences_us_whatever_it_set),
        FIXTURE_TEST(a_stale_handle_looks_before_it_says_fenced),
        FIXTURE_TEST(a_column_that_another_writer_added_alike_is_not_added_again),
        FIXTURE_TEST(in_commit_timestamps_come_first_and_only_grow),
        FIXTURE_TEST(a_commit_is_all_or_nothing_at_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
