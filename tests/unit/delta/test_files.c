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
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(the_newest_action_of_a_file_decides),
        FIXTURE_TEST(a_file_with_another_deletion_vector_is_another_file),
        FIXTURE_TEST(the_visitor_can_stop),
        FIXTURE_TEST(out_of_memory_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
