/* SPDX-License-Identifier: Apache-2.0 */
/* The environment's clock stands at 2026-01-01T00:00:00Z. */
#include "log_fixture.h"

#include <stdlib.h>

#include "base/map.h"
#include "delta/checkpoint.h"
#include "store/fault_store.h"

#define PROTOCOL_V2                                                                                \
    "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":["            \
    "\"v2Checkpoint\"],\"writerFeatures\":[\"v2Checkpoint\",\"domainMetadata\"]}}\n"
#define METADATA_V2                                                                                \
    METADATA_WITH("\"delta.checkpointPolicy\":\"v2\",\"delta.checkpointInterval\":\"1\","          \
                  "\"delta.checkpoint.writeStatsAsStruct\":\"false\"")
#define BLIND  "{\"commitInfo\":{\"operation\":\"WRITE\",\"isBlindAppend\":true}}\n"
#define DELETE "{\"commitInfo\":{\"operation\":\"DELETE\",\"isBlindAppend\":false}}\n"

static dwi_state *load(fixture *f)
{
    dwi_state *state = NULL;

    DWT_OK(dwi_state_load(&f->log, -1, &state, &f->err), &f->err);
    return state;
}

static void write_checkpoint(fixture *f)
{
    dwi_state *state = load(f);

    DWT_OK(dwi_checkpoint_write(&f->log, state, &f->err), &f->err);
    dwi_state_unref(state);
}

/* What the log folder holds: "3.json" for a JSON main file of version 3, and the like. */
typedef struct folder {
    char mains[512];
    int n_sidecars;
    int64_t sidecar_bytes;
    char sidecars[64][128];
} folder;

static dw_status look(void *ctx, const dw_object *object, dw_error *err)
{
    const char *sidecar = strstr(object->key, "_sidecars/");
    const char *main = strstr(object->key, ".checkpoint.");
    folder *f = ctx;

    (void)err;
    if (sidecar != NULL && f->n_sidecars < 64) {
        (void)snprintf(f->sidecars[f->n_sidecars++], 128, "%s", object->key);
        f->sidecar_bytes += object->size;
    } else if (main != NULL) {
        size_t len = strlen(f->mains);
        bool classic = strlen(main) < 24;
        (void)snprintf(f->mains + len, sizeof(f->mains) - len, " %d.%s%s", atoi(main - 20),
                       classic ? "classic-" : "", strrchr(main, '.') + 1);
    }
    return DW_OK;
}

static folder look_at_log(fixture *f)
{
    folder found = {.n_sidecars = 0};

    DWT_OK(dwi_store_list(f->store, "t/_delta_log/", NULL, look, &found, &f->err), &f->err);
    return found;
}

static bool has_sidecar(const folder *f, const char *key)
{
    for (int i = 0; i < f->n_sidecars; i++)
        if (strcmp(f->sidecars[i], key) == 0)
            return true;
    return false;
}

/* How many of the sidecars of the older folder the newest main file of JSON names. */
static int named_again(fixture *f, const folder *older)
{
    dwi_checkpoint_sidecar *s = NULL;
    dwi_segment segment;
    dwi_arena arena;
    int n = 0;

    dwi_arena_init(&arena, &f->alloc.base);
    DWT_OK(dwi_log_segment(&f->log, -1, -1, &arena, &segment, &f->err), &f->err);
    DWT_OK(dwi_checkpoint_sidecars(&f->log, &segment, &arena, &s, &f->err), &f->err);
    for (; s != NULL; s = s->next) {
        char key[160];
        (void)snprintf(key, sizeof(key), "t/%s", s->name);
        n += has_sidecar(older, key);
    }
    dwi_arena_done(&arena);
    return n;
}

typedef struct seen {
    dwi_map paths;
    int64_t adds;
    int64_t removes;
    int64_t twice;
} seen;

static dw_status see_add(void *ctx, const dwi_add *add, dw_error *err)
{
    seen *s = ctx;
    bool added = false;

    (void)err;
    if (dwi_map_put(&s->paths, add->path, &added) == NULL)
        return dwi_err_nomem(err);
    s->adds++;
    s->twice += !added;
    return DW_OK;
}

static dw_status see_remove(void *ctx, const dwi_remove *remove, dw_error *err)
{
    seen *s = ctx;

    (void)remove;
    (void)err;
    s->removes++;
    return DW_OK;
}

/* The live files, none of them twice, and tombstones, as read through the newest checkpoint. */
static void assert_files(fixture *f, int64_t adds, int64_t removes)
{
    seen s = {.adds = 0};
    const dwi_file_visitor visitor = {&s, see_add, see_remove};

    dwi_map_init(&s.paths, &f->alloc.base, 1);
    DWT_OK(visit_files(&f->log, -1, visitor, &f->err), &f->err);
    dwi_map_done(&s.paths);
    DWT_EQ(s.adds, adds);
    DWT_EQ(s.removes, removes);
    DWT_EQ(s.twice, 0);
}

/* A commit that appends files "VERSION-0", "VERSION-1", ... */
static void append_files(fixture *f, int64_t version, int n, const char *first)
{
    dwi_buf text;

    dwi_buf_init(&text, &f->alloc.base);
    dwi_buf_append_cstr(&text, first);
    for (int i = 0; i < n; i++)
        dwi_buf_printf(&text,
                       "{\"add\":{\"path\":\"%lld-%d\",\"partitionValues\":{},\"size\":10,"
                       "\"modificationTime\":1,\"dataChange\":true}}\n",
                       (long long)version, i);
    put_commit_text(f, version, dwi_buf_cstr(&text));
    dwi_buf_done(&text);
}

static void put_table(fixture *f, int n)
{
    append_files(f, 0, n,
                 BLIND PROTOCOL_V2 METADATA_V2 TXN_LINE("a", 5) DOMAIN_LINE("d", "x", false));
}

static void drop_commit(fixture *f, int64_t version)
{
    char key[64];

    (void)snprintf(key, sizeof(key), "t/_delta_log/%020" PRId64 ".json", version);
    DWT_OK(dwi_store_remove(f->store, key, &f->err), &f->err);
}

static void a_v2_checkpoint_holds_the_table(void **state)
{
    fixture *f = *state;
    dwi_state *s;

    put_table(f, 3);
    append_files(f, 1, 2, DELETE REMOVE_LINE("0-0", 1767222000000) REMOVE_LINE("0-1", 5));
    write_checkpoint(f);
    drop_commit(f, 0);
    drop_commit(f, 1);
    DWT_STR(look_at_log(f).mains, " 1.json");
    DWT_EQ(look_at_log(f).n_sidecars, 1);
    assert_files(f, 3, 1); /* one tombstone has expired */
    s = load(f);
    DWT_EQ(s->version, 1);
    DWT_EQ(dwi_state_txn(s, DWI_SV("a"))->version, 5);
    DWT_EQ(s->n_domains, 1);
    dwi_state_unref(s);
    const char *hint = object_or_nothing(f, "t/_delta_log/_last_checkpoint");
    assert_ptr_equal(strstr(hint, "{\"version\":1,\"size\":10,\"sizeInBytes\":"), hint);
    assert_non_null(strstr(hint, "\"numOfAddFiles\":3,\"v2Checkpoint\":{\"path\":"
                                 "\"00000000000000000001.checkpoint."));
    assert_non_null(strstr(hint, "\"sidecarFiles\":[{\"path\":\""));
}

static void a_table_without_the_feature_gets_a_classic_one(void **state)
{
    fixture *f = *state;

    append_files(f, 0, 1, PROTOCOL_LINE METADATA_V2);
    append_files(f, 1, 1, "");
    write_checkpoint(f);
    DWT_STR(look_at_log(f).mains, " 1.classic-parquet");
    DWT_EQ(look_at_log(f).n_sidecars, 0);
}

/* Clients that do not know V2 look for classic names alone, and fail cleanly by the protocol. */
static void every_tenth_main_file_has_the_name_of_a_classic_one(void **state)
{
    fixture *f = *state;

    put_table(f, 1);
    write_checkpoint(f);
    for (int64_t v = 1; v <= 10; v++) {
        append_files(f, v, 1, BLIND);
        write_checkpoint(f);
    }
    DWT_STR(look_at_log(f).mains, " 0.classic-parquet 1.json 2.json 3.json 4.json 5.json 6.json "
                                  "7.json 8.json 9.json 10.classic-parquet");
    for (int64_t v = 0; v <= 10; v++)
        drop_commit(f, v);
    assert_files(f, 11, 0);
}

static void many_transaction_ids_make_the_main_file_parquet(void **state)
{
    fixture *f = *state;
    dwi_buf text;

    put_table(f, 1);
    dwi_buf_init(&text, &f->alloc.base);
    for (int i = 0; i < 600; i++)
        dwi_buf_printf(&text, "{\"txn\":{\"appId\":\"%d\",\"version\":1}}\n", i);
    put_commit_text(f, 1, dwi_buf_cstr(&text));
    dwi_buf_done(&text);
    write_checkpoint(f);
    DWT_STR(look_at_log(f).mains, " 1.parquet");
    drop_commit(f, 0);
    drop_commit(f, 1);
    dwi_state *s = load(f);
    DWT_EQ(s->n_txns, 601);
    dwi_state_unref(s);
    assert_files(f, 1, 0);
}

static void a_sidecar_that_nothing_touched_is_named_again(void **state)
{
    fixture *f = *state;
    folder before;
    folder after;

    put_table(f, 2000);
    append_files(f, 1, 1, BLIND);
    write_checkpoint(f);
    before = look_at_log(f);
    append_files(f, 2, 10, BLIND);
    write_checkpoint(f);
    after = look_at_log(f);
    DWT_EQ(after.n_sidecars, 2);
    DWT_EQ(named_again(f, &before), 1);
    assert_true(after.sidecar_bytes - before.sidecar_bytes < before.sidecar_bytes / 2);
    assert_files(f, 2011, 0);
}

/* The store hears nothing of sidecars but a listing of their names and the new one. */
static void blind_appends_do_not_even_read_old_sidecars(void **state)
{
    fixture *f = *state;
    dwi_fault fault = {.on = DWI_ON_GET, .kind = DWI_FAULT_DENY, .count = -1};
    const dwi_logger silent = {NULL, NULL};
    dw_store *faulty = NULL;
    dwi_log log = {0};
    dwi_state *s;

    fault.key_part = "_sidecars/";
    put_table(f, 2000);
    append_files(f, 1, 1, BLIND);
    write_checkpoint(f);
    append_files(f, 2, 10, BLIND);
    DWT_OK(dwi_fault_store_new(f->store, NULL, &faulty, &f->err), &f->err);
    dwi_store_set_env(faulty, &f->env.base);
    DWT_OK(dwi_fault_plan(faulty, &fault, 1, &f->err), &f->err);
    DWT_OK(dwi_log_init(&log, faulty, "t", &f->alloc.base, silent, &f->err), &f->err);
    s = load(f);
    DWT_OK(dwi_checkpoint_write(&log, s, &f->err), &f->err);
    DWT_EQ(dwi_fault_hits(faulty), 0);
    dwi_state_unref(s);
    dwi_log_done(&log);
    dw_store_unref(faulty);
    assert_files(f, 2011, 0);
}

/* 100 checkpoints of 64 files each: what each writes is bounded by the logarithm of their number on
 * average, and there are few sidecars at any time. */
static void the_cost_is_that_of_the_changes(void **state)
{
    fixture *f = *state;
    dwi_checkpoint_sidecar *s = NULL;
    dwi_segment segment;
    int64_t rows = 0;

    put_table(f, 1);
    for (int64_t v = 1; v <= 100; v++) {
        append_files(f, v, 64, BLIND);
        write_checkpoint(f);
        s = NULL;
        DWT_OK(dwi_log_segment(&f->log, -1, -1, &f->arena, &segment, &f->err), &f->err);
        DWT_OK(dwi_checkpoint_sidecars(&f->log, &segment, &f->arena, &s, &f->err), &f->err);
        int n = 0;
        int64_t newest = 0;
        for (; s != NULL; s = s->next, n++)
            newest = strtoll(s->action.tags.items[0].value.ptr, NULL, 10);
        assert_true(n <= 8);
        rows += newest; /* the last one is the one just written */
    }
    assert_files(f, 6401, 0);
    assert_true(rows > 6401);
    if (rows > 6401 * 8)
        fail_msg("%lld rows written for 6401 files", (long long)rows);
}

static void only_the_sidecar_of_a_removed_file_is_written_anew(void **state)
{
    fixture *f = *state;
    folder before;

    put_table(f, 3000);
    append_files(f, 1, 1, BLIND);
    write_checkpoint(f);
    append_files(f, 2, 1000, BLIND);
    write_checkpoint(f);
    append_files(f, 3, 300, BLIND);
    write_checkpoint(f);
    before = look_at_log(f);
    DWT_EQ(before.n_sidecars, 3);
    append_files(f, 4, 1, DELETE REMOVE_LINE("2-7", 1767222000000));
    write_checkpoint(f);
    DWT_EQ(named_again(f, &before), 1); /* the smallest one was taken up with it */
    assert_files(f, 4301, 1);
    drop_commit(f, 4);
    assert_files(f, 4301, 1);
}

/* Neither is one that the tail itself added, nor is the same file there twice. */
static void a_file_that_is_added_again_is_there_once(void **state)
{
    fixture *f = *state;

    put_table(f, 100);
    append_files(f, 1, 1, BLIND);
    write_checkpoint(f);
    put_commit_text(
        f, 2,
        "{\"commitInfo\":{\"operation\":\"COMPUTE STATS\",\"isBlindAppend\":false}}\n" ADD_LINE(
            "0-5"));
    put_commit_text(f, 3, ADD_LINE("0-6")); /* a commit that says nothing of itself */
    append_files(f, 4, 2, BLIND);
    put_commit_text(f, 5, DELETE REMOVE_LINE("4-1", 1767222000000));
    write_checkpoint(f);
    for (int64_t v = 0; v <= 5; v++)
        drop_commit(f, v);
    assert_files(f, 102, 1);
}

static void tombstones_go_when_they_have_expired(void **state)
{
    fixture *f = *state;

    put_table(f, 10);
    put_commit_text(f, 1,
                    DELETE REMOVE_LINE("0-0", 1767222000000) REMOVE_LINE("0-1", 1767222000000)
                        REMOVE_LINE("0-2", 1767222000000) REMOVE_LINE("0-3", 1767222000000));
    write_checkpoint(f);
    drop_commit(f, 0);
    drop_commit(f, 1);
    assert_files(f, 6, 4);
    f->env.now_us += INT64_C(8) * 86400 * 1000000;
    append_files(f, 2, 1, BLIND);
    write_checkpoint(f);
    drop_commit(f, 2);
    assert_files(f, 7, 0);
}

static void a_missing_sidecar_is_made_good_by_the_log(void **state)
{
    fixture *f = *state;
    folder before;

    put_table(f, 10);
    append_files(f, 1, 1, BLIND);
    write_checkpoint(f);
    before = look_at_log(f);
    DWT_OK(dwi_store_remove(f->store, before.sidecars[0], &f->err), &f->err);
    append_files(f, 2, 1, BLIND);
    write_checkpoint(f);
    assert_non_null(strstr(f->last_warning, before.sidecars[0]));
    assert_non_null(strstr(f->last_warning, "read without this checkpoint"));
    DWT_EQ(named_again(f, &before), 0);
    drop_commit(f, 0);
    drop_commit(f, 1);
    drop_commit(f, 2);
    assert_files(f, 12, 0);
}

static void counts_that_differ_from_the_checksum_file_stop_it(void **state)
{
    fixture *f = *state;
    dwi_state *s;

    put_table(f, 10);
    append_files(f, 1, 1, BLIND);
    write_checkpoint(f);
    append_files(f, 2, 1, BLIND);
    put_object(f, "t/_delta_log/00000000000000000002.crc",
               "{\"tableSizeBytes\":120,\"numFiles\":13}");
    s = load(f);
    DWT_ERR(dwi_checkpoint_write(&f->log, s, &f->err), &f->err, DW_E_CORRUPT,
            "says 13 files of 120 bytes, the log has 12 of 120");
    dwi_state_unref(s);
    DWT_STR(look_at_log(f).mains, " 1.json");
    put_object(f, "t/_delta_log/00000000000000000002.crc",
               "{\"tableSizeBytes\":120,\"numFiles\":12}");
    write_checkpoint(f);
    DWT_STR(look_at_log(f).mains, " 1.json 2.json");
}

static void the_second_checkpoint_of_a_version_is_not_written(void **state)
{
    fixture *f = *state;

    put_table(f, 10);
    append_files(f, 1, 1, BLIND);
    write_checkpoint(f);
    write_checkpoint(f);
    DWT_STR(look_at_log(f).mains, " 1.json");
    DWT_EQ(look_at_log(f).n_sidecars, 1);
}

/* A crash at any operation leaves the table as it was: orphans at the most. */
static void a_crash_while_writing_harms_nothing(void **state)
{
    fixture *f = *state;
    dw_store *faulty = NULL;
    bool written = false;

    put_table(f, 10);
    append_files(f, 1, 1, BLIND);
    write_checkpoint(f);
    put_commit_text(f, 2, DELETE REMOVE_LINE("0-0", 1767222000000));
    DWT_OK(dwi_fault_store_new(f->store, NULL, &faulty, &f->err), &f->err);
    dwi_store_set_env(faulty, &f->env.base);
    for (int64_t n = 0; !written; n++) {
        const dwi_fault fault = {.on = DWI_ON_ALL, .kind = DWI_FAULT_CRASH, .nth = n};
        const dwi_logger silent = {NULL, NULL};
        dwi_state *s = load(f);
        dwi_log log = {0};
        assert_true(n < 100);
        DWT_OK(dwi_fault_plan(faulty, &fault, 1, &f->err), &f->err);
        DWT_OK(dwi_log_init(&log, faulty, "t", &f->alloc.base, silent, &f->err), &f->err);
        written = dwi_checkpoint_write(&log, s, &f->err) == DW_OK && dwi_fault_hits(faulty) == 0;
        dwi_log_done(&log);
        dwi_state_unref(s);
        DWT_STR(f->last_warning, "");
        assert_files(f, 10, 1);
    }
    drop_commit(f, 0);
    drop_commit(f, 1);
    drop_commit(f, 2);
    assert_files(f, 10, 1);
    dw_store_unref(faulty);
}

static dw_status remove_one(void *ctx, const dw_object *object, dw_error *err)
{
    char *key = ctx;

    (void)err;
    if (strstr(object->key, "00000000000000000002.checkpoint") != NULL)
        (void)snprintf(key, 160, "%s", object->key);
    return DW_OK;
}

static dw_status write_with(const dw_allocator *alloc, void *ctx)
{
    const dwi_logger silent = {NULL, NULL};
    fixture *f = ctx;
    dwi_state *s = NULL;
    dwi_log log = {0};
    char key[160] = "";
    dw_status status;

    DWI_TRY(dwi_store_list(f->store, "t/_delta_log/", NULL, remove_one, key, NULL));
    if (key[0] != '\0')
        DWI_TRY(dwi_store_remove(f->store, key, NULL));
    DWI_TRY(dwi_log_init(&log, f->store, "t", alloc, silent, NULL));
    DWI_TRY(dwi_state_load(&log, 2, &s, NULL));
    DWI_TRY(dwi_checkpoint_write(&log, s, NULL));
done:
    dwi_state_unref(s);
    dwi_log_done(&log);
    return status;
}

static void out_of_memory_leaves_nothing_behind(void **state)
{
    fixture *f = *state;

    put_table(f, 10);
    append_files(f, 1, 1, BLIND);
    write_checkpoint(f);
    put_commit_text(f, 2, DELETE REMOVE_LINE("0-0", 1767222000000));
    dwt_alloc_sweep(write_with, f);
    assert_files(f, 10, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_v2_checkpoint_holds_the_table),
        FIXTURE_TEST(a_table_without_the_feature_gets_a_classic_one),
        FIXTURE_TEST(every_tenth_main_file_has_the_name_of_a_classic_one),
        FIXTURE_TEST(many_transaction_ids_make_the_main_file_parquet),
        FIXTURE_TEST(a_sidecar_that_nothing_touched_is_named_again),
        FIXTURE_TEST(blind_appends_do_not_even_read_old_sidecars),
        FIXTURE_TEST(the_cost_is_that_of_the_changes),
        FIXTURE_TEST(only_the_sidecar_of_a_removed_file_is_written_anew),
        FIXTURE_TEST(a_file_that_is_added_again_is_there_once),
        FIXTURE_TEST(tombstones_go_when_they_have_expired),
        FIXTURE_TEST(a_missing_sidecar_is_made_good_by_the_log),
        FIXTURE_TEST(counts_that_differ_from_the_checksum_file_stop_it),
        FIXTURE_TEST(the_second_checkpoint_of_a_version_is_not_written),
        FIXTURE_TEST(a_crash_while_writing_harms_nothing),
        FIXTURE_TEST(out_of_memory_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
