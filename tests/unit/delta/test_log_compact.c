/* SPDX-License-Identifier: Apache-2.0 */
/* Compacted commits that we write: their text, and that a reader sees no difference. */
#include <stdlib.h>

#include "log_fixture.h"

#include "delta/log_compact.h"

#define COMPACTED "t/_delta_log/00000000000000000001.00000000000000000003.compacted.json"

static dw_status compact(fixture *f, int64_t from, int64_t to, dwi_compact_result *out)
{
    dwi_state *state = NULL;
    dw_status status;

    DWI_TRY(dwi_state_load(&f->log, -1, &state, &f->err));
    DWI_TRY(dwi_log_compact(&f->log, state, from, to, out, &f->err));
done:
    dwi_state_unref(state);
    return status;
}

/* Older lines of the same file, id and domain go; removes and removed domains stay. */
static void lines_that_count_are_kept_byte_for_byte(void **state)
{
    fixture *f = *state;
    dwi_compact_result result;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE ADD_LINE("old"));
    put_commit_text(f, 1,
                    "{\"commitInfo\":{\"operation\":\"WRITE\"}}\n" ADD_LINE("a") ADD_LINE("b")
                        TXN_LINE("app", 1) DOMAIN_LINE("d", "x", false));
    put_commit_text(f, 2,
                    "{\"commitInfo\":{}}\n" REMOVE_LINE("a", 5) REMOVE_LINE("old", 5) TXN_LINE(
                        "app", 2) "{\"add\":{\"path\":\"c\",\"size\":1,\"ours\":[1, 2]}}\n");
    put_commit_text(f, 3,
                    METADATA_WITH("\"k\":\"v\"")
                        DOMAIN_LINE("d", "x", true) "{\"cdc\":{\"path\":\"x\"}}\n");
    DWT_OK(compact(f, 1, 3, &result), &f->err);
    DWT_STR(object_or_nothing(f, COMPACTED),
            DOMAIN_LINE("d", "x", true) METADATA_WITH("\"k\":\"v\"") TXN_LINE(
                "app",
                2) "{\"add\":{\"path\":\"c\",\"size\":1,\"ours\":[1, 2]}}\n" REMOVE_LINE("old", 5)
                REMOVE_LINE("a", 5) ADD_LINE("b"));
    DWT_EQ(result.commits, 3);
    DWT_EQ(result.actions, 7);
    DWT_EQ(result.bytes, (int64_t)strlen(object_or_nothing(f, COMPACTED)));
}

typedef struct listing {
    char text[8192];
} listing;

static dw_status take_add(void *ctx, const dwi_add *add, dw_error *err)
{
    listing *l = ctx;

    (void)err;
    (void)snprintf(l->text + strlen(l->text), sizeof(l->text) - strlen(l->text), "%.*s ",
                   DWI_SV_ARG(add->path));
    return DW_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The live files' names in byte order. */
static void list_files(fixture *f, listing *out)
{
    char *names[512];
    char text[8192];
    size_t n = 0;

    out->text[0] = '\0';
    DWT_OK(visit_files(&f->log, -1, (dwi_file_visitor){out, take_add, NULL}, &f->err), &f->err);
    memcpy(text, out->text, sizeof(text));
    for (char *name = strtok(text, " "); name != NULL; name = strtok(NULL, " "))
        names[n++] = name;
    qsort(names, n, sizeof(names[0]), by_text);
    out->text[0] = '\0';
    for (size_t i = 0; i < n; i++)
        (void)snprintf(out->text + strlen(out->text), sizeof(out->text) - strlen(out->text), "%s ",
                       names[i]);
}

/* Random commits over a few files; any range of them compacted leaves the same files live. */
static void a_reader_finds_the_same_files(void **state)
{
    fixture *f = *state;
    listing before;
    listing after;
    dwi_compact_result result;
    uint32_t seed = 7;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    for (int v = 1; v <= 30; v++) {
        char text[2048] = "{\"commitInfo\":{}}\n";
        for (int i = 0; i < 12; i++) {
            seed = seed * 1664525 + 1013904223;
            if (seed >> 30 == 0)
                (void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
                               (seed >> 29 & 1) != 0
                                   ? "{\"add\":{\"path\":\"f%d\",\"size\":1}}\n"
                                   : "{\"remove\":{\"path\":\"f%d\",\"deletionTimestamp\":1}}\n",
                               i);
        }
        put_commit_text(f, v, text);
    }
    list_files(f, &before);
    assert_true(strlen(before.text) > 6);
    for (int from = 0; from < 30; from += 3)
        for (int to = from + 1; to <= 30; to += 7) {
            DWT_OK(compact(f, from, to, &result), &f->err);
            list_files(f, &after);
            DWT_STR(after.text, before.text);
        }
}

static void a_range_that_is_not_all_there_is_refused(void **state)
{
    fixture *f = *state;
    dwi_compact_result result;
    dwi_state *s = NULL;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    put_commit_text(f, 1, ADD_LINE("a"));
    DWT_OK(dwi_state_load(&f->log, -1, &s, &f->err), &f->err);
    DWT_OK(dwi_store_remove(f->store, "t/_delta_log/00000000000000000000.json", &f->err), &f->err);
    DWT_ERR(dwi_log_compact(&f->log, s, 0, 1, &result, &f->err), &f->err, DW_E_NOT_FOUND,
            "00000000000000000000.json");
    dwi_state_unref(s);
    put_commit_text(f, 0,
                    "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,"
                    "\"writerFeatures\":[\"unheardOf\"]}}\n" METADATA_LINE);
    DWT_ERR(compact(f, 0, 1, &result), &f->err, DW_E_UNSUPPORTED, "unheardOf");
}

static dw_status compact_with(const dw_allocator *alloc, void *ctx)
{
    fixture *f = ctx;
    dwi_compact_result result;
    dwi_state *state = NULL;
    dwi_log log = {0};
    dw_status status;

    DWI_TRY(dwi_log_init(&log, f->store, "t", alloc, (dwi_logger){0}, &f->err));
    DWI_TRY(dwi_state_load(&log, 3, &state, &f->err));
    DWI_TRY(dwi_log_compact(&log, state, 1, 3, &result, &f->err));
done:
    dwi_state_unref(state);
    dwi_log_done(&log);
    return status;
}

static void want_of_memory_is_told_at_every_allocation(void **state)
{
    fixture *f = *state;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    put_commit_text(f, 1, ADD_LINE("a") TXN_LINE("app", 1));
    put_commit_text(f, 2, REMOVE_LINE("a", 5) DOMAIN_LINE("d", "x", false));
    put_commit_text(f, 3, ADD_LINE("b"));
    dwt_alloc_sweep(compact_with, f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(lines_that_count_are_kept_byte_for_byte),
        FIXTURE_TEST(a_reader_finds_the_same_files),
        FIXTURE_TEST(a_range_that_is_not_all_there_is_refused),
        FIXTURE_TEST(want_of_memory_is_told_at_every_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
