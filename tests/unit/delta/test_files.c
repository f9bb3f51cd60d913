/* SPDX-License-Identifier: Apache-2.0 */
#include "log_fixture.h"

typedef struct seen_files {
    char text[512]; /* "+path" for a live file, "-path" for a tombstone */
    int left;       /* calls before an error, -1: none */
} seen_files;

static dw_status see(seen_files *s, char sign, dwi_sv path, dw_error *err)
{
    size_t len = strlen(s->text);

    if (s->left == 0)
        return dwi_err(err, DW_E_CANCELLED, "enough");
    s->left--;
    (void)snprintf(s->text + len, sizeof(s->text) - len, " %c%.*s", sign, DWI_SV_ARG(path));
    return DW_OK;
}

static dw_status see_add(void *ctx, const dwi_add *add, dw_error *err)
{
    return see(ctx, '+', add->path, err);
}

static dw_status see_remove(void *ctx, const dwi_remove *remove, dw_error *err)
{
    return see(ctx, '-', remove->path, err);
}

static void assert_files(fixture *f, int64_t version, const char *want)
{
    seen_files s = {.left = -1};
    const dwi_file_visitor visitor = {&s, see_add, see_remove};

    DWT_OK(visit_files(&f->log, version, visitor, &f->err), &f->err);
    DWT_STR(s.text, want);
}

static void put_three_versions(fixture *f)
{
    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE ADD_LINE("a") ADD_LINE("b%20c"));
    put_commit_text(f, 1, REMOVE_LINE("a", 5) ADD_LINE("d"));
    put_commit_text(f, 2, REMOVE_LINE("b c", 6) ADD_LINE("a"));
}

static void the_newest_action_of_a_file_decides(void **state)
{
    fixture *f = *state;

    put_three_versions(f);
    assert_files(f, -1, " +a -b c +d");
    assert_files(f, 1, " +d -a +b%20c");
    assert_files(f, 0, " +b%20c +a");
}

static void a_file_with_another_deletion_vector_is_another_file(void **state)
{
    fixture *f = *state;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE ADD_LINE("a"));
    put_commit_text(
        f, 1,
        REMOVE_LINE("a", 5) "{\"add\":{\"path\":\"a\",\"partitionValues\":{},\"size\":100,"
                            "\"modificationTime\":1,\"dataChange\":true,\"deletionVector\":{"
                            "\"storageType\":\"i\",\"pathOrInlineDv\":\"x\",\"sizeInBytes\":1,"
                            "\"cardinality\":1}}}\n");
    assert_files(f, -1, " +a -a");
}

#define COMPACTION "t/_delta_log/00000000000000000000.00000000000000000002.compacted.json"

/* Reconciled actions of versions 0 to 2, with one file more, so that it shows what is read. */
static void a_compacted_file_gives_what_its_commits_do(void **state)
{
    fixture *f = *state;
    dwi_state *s = NULL;

    put_three_versions(f);
    put_object(f, COMPACTION,
               PROTOCOL_LINE METADATA_LINE TXN_LINE("c", 3) ADD_LINE("a") ADD_LINE("d")
                   REMOVE_LINE("b c", 6) ADD_LINE("only here"));
    assert_files(f, -1, " +only here -b c +d +a");
    DWT_OK(dwi_state_load(&f->log, -1, &s, &f->err), &f->err);
    DWT_EQ(s->version, 2);
    DWT_EQ(dwi_state_txn(s, DWI_SV("c"))->version, 3);
    dwi_state_unref(s);
    assert_files(f, 1, " +d -a +b%20c");
    put_commit_text(f, 3, REMOVE_LINE("only here", 7));
    assert_files(f, -1, " -only here -b c +d +a");
}

static void a_compacted_file_that_is_damaged_is_replaced_by_its_commits(void **state)
{
    fixture *f = *state;
    dwi_state *s = NULL;

    put_three_versions(f);
    put_object(f, COMPACTION, ADD_LINE("only here") TXN_LINE("c", 3) "{\"add\":{\"pa");
    assert_files(f, -1, " +a -b c +d");
    assert_non_null(strstr(f->last_warning, "compacted.json: line 3: JSON"));
    assert_non_null(strstr(f->last_warning, "; its commits are read one by one"));
    put_object(f, COMPACTION, TXN_LINE("c", 3) "{\"txn\":{\"appId\":\"c\"}}\n");
    DWT_OK(dwi_state_load(&f->log, -1, &s, &f->err), &f->err);
    DWT_EQ(s->n_txns, 0); /* not even the line that is whole */
    dwi_state_unref(s);
}

/* A writer that strung its commits together, newest first: their order is lost. */
static void a_compacted_file_that_is_not_reconciled_is_replaced_by_its_commits(void **state)
{
    static const char *const twice[] = {
        PROTOCOL_LINE METADATA_LINE REMOVE_LINE("a", 9) ADD_LINE("d")
            ADD_LINE("a"), /* removed after it was added */
        PROTOCOL_LINE METADATA_LINE ADD_LINE("b%20c") ADD_LINE("b c"),
        TXN_LINE("c", 5) TXN_LINE("c", 4),
        METADATA_LINE METADATA_LINE,
        PROTOCOL_LINE PROTOCOL_LINE,
    };
    fixture *f = *state;
    dwi_state *s = NULL;

    put_three_versions(f);
    for (size_t i = 0; i < sizeof(twice) / sizeof(twice[0]); i++) {
        put_object(f, COMPACTION, twice[i]);
        assert_files(f, -1, " +a -b c +d");
        assert_non_null(strstr(f->last_warning, "twice in one compacted file"));
    }
    put_object(f, COMPACTION, TXN_LINE("c", 5) TXN_LINE("c", 4));
    DWT_OK(dwi_state_load(&f->log, -1, &s, &f->err), &f->err);
    DWT_EQ(s->n_txns, 0);
    dwi_state_unref(s);
}

static void a_compacted_file_tells_in_commit_timestamps_by_its_last_commit(void **state)
{
    fixture *f = *state;
    dwi_state *s = NULL;

    put_commit_text(f, 0,
                    "{\"commitInfo\":{\"inCommitTimestamp\":5}}\n" PROTOCOL_LINE METADATA_WITH(
                        "\"delta.enableInCommitTimestamps\":\"true\""));
    put_commit_text(f, 1, "{\"commitInfo\":{\"inCommitTimestamp\":6}}\n");
    put_object(f, "t/_delta_log/00000000000000000000.00000000000000000001.compacted.json",
               PROTOCOL_LINE METADATA_WITH("\"delta.enableInCommitTimestamps\":\"true\""));
    DWT_OK(dwi_state_load(&f->log, -1, &s, &f->err), &f->err);
    DWT_EQ(s->in_commit_timestamp, 6);
    dwi_state_unref(s);
}

static void the_visitor_can_stop(void **state)
{
    fixture *f = *state;
    seen_files s = {.left = 1};
    const dwi_file_visitor visitor = {&s, see_add, NULL};

    put_three_versions(f);
    DWT_ERR(visit_files(&f->log, -1, visitor, &f->err), &f->err, DW_E_CANCELLED, "enough");
    DWT_STR(s.text, " +a");
}

static dw_status visit_with(const dw_allocator *alloc, void *ctx)
{
    const dwi_logger silent = {NULL, NULL};
    seen_files s = {.left = -1};
    const dwi_file_visitor visitor = {&s, see_add, see_remove};
    fixture *f = ctx;
    dwi_log log = {0};
    dw_status status;

    DWI_TRY(dwi_log_init(&log, f->store, "t", alloc, silent, NULL));
    DWI_TRY(visit_files(&log, 2, visitor, NULL));
done:
    dwi_log_done(&log);
    return status;
}

static void out_of_memory_leaves_nothing_behind(void **state)
{
    fixture *f = *state;

    put_three_versions(f);
    dwt_alloc_sweep(visit_with, f);
    put_object(f, COMPACTION, PROTOCOL_LINE METADATA_LINE ADD_LINE("a"));
    dwt_alloc_sweep(visit_with, f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(the_newest_action_of_a_file_decides),
        FIXTURE_TEST(a_file_with_another_deletion_vector_is_another_file),
        FIXTURE_TEST(a_compacted_file_gives_what_its_commits_do),
        FIXTURE_TEST(a_compacted_file_that_is_damaged_is_replaced_by_its_commits),
        FIXTURE_TEST(a_compacted_file_that_is_not_reconciled_is_replaced_by_its_commits),
        FIXTURE_TEST(a_compacted_file_tells_in_commit_timestamps_by_its_last_commit),
        FIXTURE_TEST(the_visitor_can_stop),
        FIXTURE_TEST(out_of_memory_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
