/* SPDX-License-Identifier: Apache-2.0 */
#include "log_fixture.h"

#include "delta/checkpoint.h"
#include "delta/state.h"

static const dwi_commit_observer nobody = {NULL, NULL};

static dwi_state *load(fixture *f, int64_t version)
{
    dwi_state *state = NULL;

    DWT_OK(dwi_state_load(&f->log, version, &state, &f->err), &f->err);
    return state;
}

static void assert_no_state(fixture *f, dw_status code, const char *text)
{
    dwi_state *state = NULL;

    DWT_ERR(dwi_state_load(&f->log, -1, &state, &f->err), &f->err, code, text);
    assert_null(state);
}

static void the_last_action_of_each_kind_and_key_counts(void **state)
{
    fixture *f = *state;
    dwi_state *s;

    put_commit_text(f, 0,
                    PROTOCOL_LINE METADATA_LINE TXN_LINE("b", 1) TXN_LINE("a", 5)
                        DOMAIN_LINE("d1", "x", false) DOMAIN_LINE("d2", "y", false));
    put_commit_text(f, 1,
                    ADD_LINE("f") TXN_LINE("a", 3) DOMAIN_LINE("d1", "", true)
                        METADATA_WITH("\"Delta.CheckpointInterval\":\"1\""));
    s = load(f, -1);
    DWT_EQ(s->version, 1);
    DWT_EQ(s->checkpoint_version, -1);
    DWT_EQ(s->n_txns, 2);
    DWT_STR(s->txns[0].app_id.ptr, "a");
    DWT_EQ(dwi_state_txn(s, DWI_SV("a"))->version, 3);
    DWT_EQ(dwi_state_txn(s, DWI_SV("b"))->version, 1);
    assert_null(dwi_state_txn(s, DWI_SV("c")));
    DWT_EQ(s->n_domains, 1);
    DWT_STR(s->domains[0].domain.ptr, "d2");
    DWT_EQ(s->schema->root->n_fields, 1);
    DWT_STR(dwi_state_property(s, "delta.checkpointInterval").ptr, "1");
    assert_null(dwi_state_property(s, "delta.other").ptr);
    assert_true(dwi_checkpoint_due(s));
    dwi_state_note_checkpoint(s, 1);
    assert_false(dwi_checkpoint_due(s));
    dwi_state_unref(s);
    s = load(f, 0);
    DWT_EQ(s->version, 0);
    DWT_EQ(dwi_state_txn(s, DWI_SV("a"))->version, 5);
    DWT_EQ(s->n_domains, 2);
    dwi_state_unref(s);
}

static void a_table_without_protocol_or_metadata_is_corrupt(void **state)
{
    fixture *f = *state;

    put_commit_text(f, 0, METADATA_LINE);
    assert_no_state(f, DW_E_CORRUPT, "version 0 has no protocol action");
    put_commit_text(f, 0, PROTOCOL_LINE);
    assert_no_state(f, DW_E_CORRUPT, "version 0 has no metaData action");
    put_commit_text(f, 0, PROTOCOL_LINE "{\"metaData\":{\"id\":\"x\"}}\n");
    assert_no_state(f, DW_E_CORRUPT, "version 0: metaData.schemaString is missing");
}

static void an_unsupported_reader_feature_is_named(void **state)
{
    fixture *f = *state;

    put_commit_text(f, 0,
                    "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,"
                    "\"readerFeatures\":[\"deletionVectors\",\"quantumRows\"],"
                    "\"writerFeatures\":[\"quantumRows\"]}}\n" METADATA_LINE);
    assert_no_state(f, DW_E_UNSUPPORTED, "reader feature quantumRows");
    put_commit_text(
        f, 0, "{\"protocol\":{\"minReaderVersion\":4,\"minWriterVersion\":8}}\n" METADATA_LINE);
    assert_no_state(f, DW_E_UNSUPPORTED, "minReaderVersion 4");
}

static dw_status record_version(void *ctx, const dwi_commit *commit, dw_error *err)
{
    int64_t *sum = ctx;

    (void)err;
    *sum = *sum * 10 + commit->version;
    return DW_OK;
}

static void advancing_reads_new_commits_only(void **state)
{
    fixture *f = *state;
    int64_t seen = 0;
    const dwi_commit_observer observer = {&seen, record_version};
    dwi_state *base;
    dwi_state *same = NULL;
    dwi_state *next = NULL;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE TXN_LINE("a", 1));
    base = load(f, -1);
    DWT_OK(dwi_state_advance(&f->log, base, nobody, &same, &f->err), &f->err);
    assert_ptr_equal(same, base);
    dwi_state_unref(same);
    put_commit_text(f, 0, "no longer readable");
    put_commit_text(f, 1, ADD_LINE("x"));
    put_commit_text(f, 2, TXN_LINE("b", 4));
    put_commit_text(f, 4, TXN_LINE("b", 9)); /* beyond a gap: not there yet */
    DWT_OK(dwi_state_advance(&f->log, base, observer, &next, &f->err), &f->err);
    DWT_EQ(seen, 12);
    DWT_EQ(next->version, 2);
    DWT_EQ(dwi_state_txn(next, DWI_SV("a"))->version, 1);
    DWT_EQ(dwi_state_txn(next, DWI_SV("b"))->version, 4);
    assert_ptr_equal(next->schema, base->schema);
    DWT_EQ(base->version, 0);
    assert_null(dwi_state_txn(base, DWI_SV("b")));
    dwi_state_unref(base);
    dwi_state_unref(next);
}

static void an_observer_can_stop_the_advance(void **state)
{
    fixture *f = *state;
    dwi_state *base;
    dwi_state *next = NULL;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    base = load(f, -1);
    put_commit_text(f, 1, "{\"protocol\":{\"minReaderVersion\":9,\"minWriterVersion\":9}}\n");
    DWT_ERR(dwi_state_advance(&f->log, base, nobody, &next, &f->err), &f->err, DW_E_UNSUPPORTED,
            "minReaderVersion 9");
    assert_null(next);
    dwi_state_unref(base);
}

static void our_own_commit_is_applied_without_reading_it(void **state)
{
    fixture *f = *state;
    const dwi_action actions[] = {
        {.kind = DWI_ACTION_COMMIT_INFO,
         .u.commit_info = {.timestamp = 1, .in_commit_timestamp = 77}},
        {.kind = DWI_ACTION_TXN, .u.txn = {DWI_SV("a"), 2, 3}},
    };
    const dwi_commit commit = {1, 2, actions};
    dwi_state *base;
    dwi_state *next = NULL;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    base = load(f, -1);
    DWT_OK(dwi_state_apply(&f->alloc.base, base, &commit, &next, &f->err), &f->err);
    dwi_state_unref(base);
    DWT_EQ(next->version, 1);
    DWT_EQ(next->in_commit_timestamp, 77);
    DWT_EQ(dwi_state_txn(next, DWI_SV("a"))->version, 2);
    DWT_STR(next->metadata.id.ptr, "the-id");
    dwi_state_unref(next);
}

static void a_broken_checkpoint_is_told_and_passed_over(void **state)
{
    fixture *f = *state;
    dwi_state *s;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    put_commit_text(f, 1, ADD_LINE("x"));
    put_object(f, "t/_delta_log/00000000000000000001.checkpoint.parquet", "not parquet");
    s = load(f, -1);
    DWT_EQ(s->version, 1);
    DWT_EQ(s->checkpoint_version, -1);
    assert_non_null(strstr(f->last_warning, "00000000000000000001.checkpoint.parquet"));
    dwi_state_unref(s);
}

static void a_broken_checkpoint_that_nothing_replaces_is_named(void **state)
{
    fixture *f = *state;
    dwi_state *s = NULL;
    dw_status status;

    put_commit_text(f, 1, ADD_LINE("x"));
    put_object(f, "t/_delta_log/00000000000000000001.checkpoint.parquet", "not parquet");
    status = dwi_state_load(&f->log, -1, &s, &f->err);
    assert_int_not_equal(status, DW_OK);
    DWT_EQ(f->err.code, status);
    assert_non_null(strstr(f->err.message, "00000000000000000001.checkpoint.parquet"));
    DWT_STR(f->last_warning, ""); /* one line is enough */
}

typedef struct sweep {
    dw_store *store;
} sweep;

static dw_status load_with(const dw_allocator *alloc, void *ctx)
{
    sweep *s = ctx;
    const dwi_logger silent = {NULL, NULL};
    dwi_state *base = NULL;
    dwi_state *next = NULL;
    dwi_log log = {0};
    dw_status status;

    DWI_TRY(dwi_log_init(&log, s->store, "t", alloc, silent, NULL));
    DWI_TRY(dwi_state_load(&log, 0, &base, NULL));
    DWI_TRY(dwi_state_advance(&log, base, nobody, &next, NULL));
    DWT_EQ(next->version, 1);
done:
    dwi_state_unref(base);
    dwi_state_unref(next);
    dwi_log_done(&log);
    return status;
}

static void out_of_memory_leaves_nothing_behind(void **state)
{
    fixture *f = *state;
    sweep s = {f->store};

    put_commit_text(f, 0,
                    PROTOCOL_LINE METADATA_LINE TXN_LINE("a", 1) DOMAIN_LINE("d", "x", false));
    put_commit_text(f, 1, ADD_LINE("x") TXN_LINE("b", 1));
    dwt_alloc_sweep(load_with, &s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(the_last_action_of_each_kind_and_key_counts),
        FIXTURE_TEST(a_table_without_protocol_or_metadata_is_corrupt),
        FIXTURE_TEST(an_unsupported_reader_feature_is_named),
        FIXTURE_TEST(advancing_reads_new_commits_only),
        FIXTURE_TEST(an_observer_can_stop_the_advance),
        FIXTURE_TEST(our_own_commit_is_applied_without_reading_it),
        FIXTURE_TEST(a_broken_checkpoint_is_told_and_passed_over),
        FIXTURE_TEST(a_broken_checkpoint_that_nothing_replaces_is_named),
        FIXTURE_TEST(out_of_memory_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
