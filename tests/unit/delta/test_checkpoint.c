/* SPDX-License-Identifier: Apache-2.0 */
#include "log_fixture.h"

#include "base/map.h"
#include "delta/checkpoint.h"
#include "store/fault_store.h"

/* The environment's clock stands at 2026-01-01T00:00:00Z. */
#define PROTOCOL_FULL                                                                              \
    "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":["            \
    "\"deletionVectors\"],\"writerFeatures\":[\"deletionVectors\",\"domainMetadata\","             \
    "\"rowTracking\"]}}\n"
#define ADD_FULL                                                                                   \
    "{\"add\":{\"path\":\"p=a%20b/f\",\"partitionValues\":{\"p\":\"a b\",\"q\":null},"             \
    "\"size\":11,\"modificationTime\":12,\"dataChange\":true,\"stats\":\"{\\\"numRecords\\\":3}"   \
    "\","                                                                                          \
    "\"tags\":{\"k\":\"v\"},\"deletionVector\":{\"storageType\":\"u\",\"pathOrInlineDv\":"         \
    "\"ab^-aqEH.-t@S}K{vb[*k^\",\"offset\":4,\"sizeInBytes\":40,\"cardinality\":2},"               \
    "\"baseRowId\":7,\"defaultRowCommitVersion\":1,\"clusteringProvider\":\"c\"}}\n"

static dwi_state *load(fixture *f, int64_t version)
{
    dwi_state *state = NULL;

    DWT_OK(dwi_state_load(&f->log, version, &state, &f->err), &f->err);
    return state;
}

static void write_checkpoint(fixture *f)
{
    dwi_state *state = load(f, -1);

    DWT_OK(dwi_checkpoint_write(&f->log, state, &f->err), &f->err);
    dwi_state_unref(state);
}

static void drop_commits(fixture *f, int64_t from, int64_t to)
{
    char key[64];

    for (int64_t v = from; v <= to; v++) {
        (void)snprintf(key, sizeof(key), "t/_delta_log/%020" PRId64 ".json", v);
        DWT_OK(dwi_store_remove(f->store, key, &f->err), &f->err);
    }
}

static char *object_text(fixture *f, const char *key)
{
    const dw_range all = DW_RANGE_ALL;
    static char text[4096];
    dwi_buf body;

    dwi_buf_init(&body, &f->alloc.base);
    DWT_OK(dwi_store_get(f->store, key, all, sizeof(text) - 1, &body, &f->err), &f->err);
    memcpy(text, body.data, body.len);
    text[body.len] = '\0';
    dwi_buf_done(&body);
    return text;
}

typedef struct lines {
    dwi_buf text;
    int64_t n;
} lines;

static dw_status add_line(void *ctx, const dwi_add *add, dw_error *err)
{
    const dwi_action action = {.kind = DWI_ACTION_ADD, .u.add = *add};
    lines *l = ctx;

    l->n++;
    dwi_action_append(&l->text, &action);
    return dwi_buf_status(&l->text, err);
}

static dw_status remove_line(void *ctx, const dwi_remove *remove, dw_error *err)
{
    const dwi_action action = {.kind = DWI_ACTION_REMOVE, .u.remove = *remove};
    lines *l = ctx;

    l->n++;
    dwi_action_append(&l->text, &action);
    return dwi_buf_status(&l->text, err);
}

static void assert_files(fixture *f, const char *want)
{
    lines l = {.n = 0};
    const dwi_file_visitor visitor = {&l, add_line, remove_line};

    dwi_buf_init(&l.text, &f->alloc.base);
    DWT_OK(visit_files(&f->log, -1, visitor, &f->err), &f->err);
    DWT_STR(dwi_buf_cstr(&l.text), want);
    dwi_buf_done(&l.text);
}

static void every_action_survives_a_checkpoint(void **state)
{
    fixture *f = *state;
    dwi_state *s;

    put_commit_text(f, 0,
                    PROTOCOL_FULL METADATA_WITH("\"delta.appendOnly\":\"false\"") TXN_LINE("a", 5)
                        DOMAIN_LINE("d", "x", false) DOMAIN_LINE("gone", "y", false));
    put_commit_text(f, 1, ADD_FULL DOMAIN_LINE("gone", "", true));
    put_commit_text(f, 2, REMOVE_LINE("old", 1764633600000) REMOVE_LINE("new", 1767222000000));
    write_checkpoint(f);
    drop_commits(f, 0, 2);
    s = load(f, -1);
    DWT_EQ(s->version, 2);
    DWT_EQ(s->checkpoint_version, 2);
    DWT_EQ(s->protocol.min_reader_version, 3);
    DWT_EQ(s->protocol.writer_features.count, 3);
    DWT_STR(s->protocol.writer_features.items[2].ptr, "rowTracking");
    DWT_STR(s->metadata.id.ptr, "the-id");
    DWT_STR(s->metadata.format_provider.ptr, "parquet");
    DWT_STR(dwi_state_property(s, "delta.appendOnly").ptr, "false");
    assert_true(s->metadata.created_time == INT64_C(1700000000000));
    assert_null(s->metadata.name.ptr);
    DWT_EQ(dwi_state_txn(s, DWI_SV("a"))->version, 5);
    assert_true(dwi_state_txn(s, DWI_SV("a"))->last_updated == INT64_C(1700000000002));
    DWT_EQ(s->n_domains, 1);
    DWT_STR(s->domains[0].configuration.ptr, "x");
    dwi_state_unref(s);
    /* dataChange is false in checkpoints; the tombstone of a month ago has expired */
    assert_files(f,
                 "{\"remove\":{\"path\":\"new\",\"deletionTimestamp\":1767222000000,"
                 "\"dataChange\":false,\"extendedFileMetadata\":true,\"partitionValues\":{},"
                 "\"size\":100}}\n"
                 "{\"add\":{\"path\":\"p=a%20b/f\",\"partitionValues\":{\"p\":\"a b\",\"q\":null},"
                 "\"size\":11,\"modificationTime\":12,\"dataChange\":false,"
                 "\"stats\":\"{\\\"numRecords\\\":3}\",\"tags\":{\"k\":\"v\"},\"deletionVector\":{"
                 "\"storageType\":\"u\",\"pathOrInlineDv\":\"ab^-aqEH.-t@S}K{vb[*k^\",\"offset\":4,"
                 "\"sizeInBytes\":40,\"cardinality\":2},\"baseRowId\":7,"
                 "\"defaultRowCommitVersion\":1,\"clusteringProvider\":\"c\"}}\n");
}

static void a_checkpoint_is_made_of_the_one_before_and_the_tail(void **state)
{
    static const char a[] = "{\"add\":{\"path\":\"a\",\"partitionValues\":{},\"size\":100,"
                            "\"modificationTime\":1700000000001,\"dataChange\":false,"
                            "\"stats\":\"{\\\"numRecords\\\":7}\"}}\n";
    fixture *f = *state;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE ADD_LINE("a") ADD_LINE("b"));
    write_checkpoint(f);
    drop_commits(f, 0, 0);
    put_commit_text(f, 1, REMOVE_LINE("b", 1764633600000) TXN_LINE("x", 1));
    write_checkpoint(f);
    drop_commits(f, 1, 1);
    DWT_OK(
        dwi_store_remove(f->store, "t/_delta_log/00000000000000000000.checkpoint.parquet", &f->err),
        &f->err);
    assert_files(f, a);
}

static void last_checkpoint_tells_counts_and_only_moves_forwards(void **state)
{
    static const char key[] = "t/_delta_log/_last_checkpoint";
    fixture *f = *state;
    dw_object object;
    char want[128];

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE ADD_LINE("a") ADD_LINE("b") TXN_LINE("x", 1));
    write_checkpoint(f);
    DWT_OK(dwi_store_head(f->store, "t/_delta_log/00000000000000000000.checkpoint.parquet", &object,
                          &f->err),
           &f->err);
    (void)snprintf(want, sizeof(want),
                   "{\"version\":0,\"size\":5,\"sizeInBytes\":%lld,\"numOfAddFiles\":2}",
                   (long long)object.size);
    DWT_STR(object_text(f, key), want);
    put_commit_text(f, 1, ADD_LINE("c"));
    put_object(f, key, "{\"version\":7,\"size\":1}");
    write_checkpoint(f);
    DWT_STR(object_text(f, key), "{\"version\":7,\"size\":1}");
}

/* A hint of parts beside a checkpoint of one file makes some readers give up. */
static void a_checkpoint_in_parts_is_one(void **state)
{
    static const char hint[] = "t/_delta_log/_last_checkpoint";
    static const char whole[] = "t/_delta_log/00000000000000000000.checkpoint.parquet";
    static const char part[] =
        "t/_delta_log/00000000000000000000.checkpoint.0000000001.0000000001.parquet";
    fixture *f = *state;
    dw_object object;
    dwi_buf body;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE ADD_LINE("a"));
    write_checkpoint(f);
    dwi_buf_init(&body, &f->alloc.base);
    DWT_OK(dwi_store_get(f->store, whole, (dw_range)DW_RANGE_ALL, 1 << 20, &body, &f->err),
           &f->err);
    DWT_OK(
        dwi_store_put(f->store, part, (dw_bytes){body.data, body.len}, DW_PUT_OVERWRITE, &f->err),
        &f->err);
    DWT_OK(dwi_store_remove(f->store, whole, &f->err), &f->err);
    put_object(f, hint, "{\"version\":0,\"size\":3,\"parts\":1}");
    write_checkpoint(f);
    DWT_EQ(dwi_store_head(f->store, whole, &object, NULL), DW_E_NOT_FOUND);
    DWT_STR(object_text(f, hint), "{\"version\":0,\"size\":3,\"parts\":1}");
    put_object(f, part, "broken");
    write_checkpoint(f); /* replaces it, and what is said of it */
    DWT_OK(dwi_store_head(f->store, whole, &object, &f->err), &f->err);
    assert_null(strstr(object_text(f, hint), "parts"));
    dwi_buf_done(&body);
}

static void metadata_without_an_id_survives_a_checkpoint(void **state)
{
    fixture *f = *state;
    dwi_state *s;

    put_commit_text(f, 0,
                    PROTOCOL_LINE "{\"metaData\":{\"schemaString\":\"" SCHEMA_JSON
                                  "\"}}\n" ADD_LINE("a"));
    write_checkpoint(f);
    drop_commits(f, 0, 0);
    s = load(f, -1);
    DWT_EQ(s->schema->root->n_fields, 1);
    dwi_state_unref(s);
}

static void statistics_are_left_out_where_the_table_says_so(void **state)
{
    fixture *f = *state;

    put_commit_text(f, 0,
                    PROTOCOL_LINE METADATA_WITH("\"delta.checkpoint.writeStatsAsJson\":\"false\","
                                                "\"delta.checkpoint.writeStatsAsStruct\":\"false\"")
                        ADD_LINE("a"));
    write_checkpoint(f);
    drop_commits(f, 0, 0);
    assert_files(f, "{\"add\":{\"path\":\"a\",\"partitionValues\":{},\"size\":100,"
                    "\"modificationTime\":1700000000001,\"dataChange\":false}}\n");
}

static void typed_statistics_replace_the_text(void **state)
{
    fixture *f = *state;

    put_commit_text(f, 0,
                    PROTOCOL_LINE METADATA_WITH("\"delta.checkpoint.writeStatsAsJson\":\"false\"")
                        ADD_LINE("a") "{\"add\":{\"path\":\"b\",\"partitionValues\":{},\"size\":1,"
                                      "\"modificationTime\":2,\"dataChange\":true,"
                                      "\"stats\":\"{\\\"numRecords\\\":\\\"many\\\"}\"}}\n");
    write_checkpoint(f);
    drop_commits(f, 0, 0);
    assert_files(f, "{\"add\":{\"path\":\"b\",\"partitionValues\":{},\"size\":1,"
                    "\"modificationTime\":2,\"dataChange\":false}}\n"
                    "{\"add\":{\"path\":\"a\",\"partitionValues\":{},\"size\":100,"
                    "\"modificationTime\":1700000000001,\"dataChange\":false,"
                    "\"stats\":\"{\\\"numRecords\\\":7}\"}}\n");
}

static void old_transaction_ids_expire_only_where_the_table_says_so(void **state)
{
    fixture *f = *state;
    dwi_state *s;

    put_commit_text(
        f, 0,
        PROTOCOL_LINE METADATA_WITH("\"delta.setTransactionRetentionDuration\":\"interval 1 day\"")
            TXN_LINE("old", 1) "{\"txn\":{\"appId\":\"timeless\",\"version\":2}}\n"
                               "{\"txn\":{\"appId\":\"new\",\"version\":3,"
                               "\"lastUpdated\":1767222000000}}\n");
    write_checkpoint(f);
    drop_commits(f, 0, 0);
    s = load(f, -1);
    DWT_EQ(s->n_txns, 2);
    assert_null(dwi_state_txn(s, DWI_SV("old")));
    dwi_state_unref(s);
}

static void a_broken_checkpoint_is_not_asked_for_files_either(void **state)
{
    static const char key[] = "t/_delta_log/00000000000000000002.checkpoint.parquet";
    fixture *f = *state;
    const dw_range all = DW_RANGE_ALL;
    lines l = {.n = 0};
    const dwi_file_visitor visitor = {&l, add_line, NULL};
    dwi_buf bytes;
    dwi_state *s;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE ADD_LINE("a"));
    put_commit_text(f, 1, ADD_LINE("b"));
    write_checkpoint(f);
    put_commit_text(f, 2, ADD_LINE("c"));
    write_checkpoint(f);
    drop_commits(f, 0, 1);
    dwi_buf_init(&bytes, &f->alloc.base);
    dwi_buf_init(&l.text, &f->alloc.base);
    DWT_OK(dwi_store_get(f->store, key, all, 1 << 20, &bytes, &f->err), &f->err);
    memset(bytes.data + 4, 0xFF, 200); /* the footer is whole */
    DWT_OK(
        dwi_store_put(f->store, key, (dw_bytes){bytes.data, bytes.len}, DW_PUT_OVERWRITE, &f->err),
        &f->err);
    s = load(f, -1);
    DWT_EQ(s->checkpoint_version, 1);
    DWT_OK(dwi_files_visit(&f->log, s, visitor, &f->err), &f->err);
    DWT_EQ(l.n, 3);
    assert_non_null(strstr(f->last_warning, "00000000000000000002.checkpoint.parquet: row group"));
    assert_non_null(strstr(f->last_warning, "read without this checkpoint"));
    dwi_state_unref(s);
    dwi_buf_done(&bytes);
    dwi_buf_done(&l.text);
}

static void a_count_that_differs_from_the_checksum_file_stops_it(void **state)
{
    fixture *f = *state;
    dw_object object;
    dwi_state *s;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE ADD_LINE("a"));
    put_object(f, "t/_delta_log/00000000000000000000.crc",
               "{\"tableSizeBytes\":200,\"numFiles\":2}");
    s = load(f, -1);
    DWT_ERR(dwi_checkpoint_write(&f->log, s, &f->err), &f->err, DW_E_CORRUPT,
            "00000000000000000000.crc: says 2 files of 200 bytes, the log has 1 of 100");
    dwi_state_unref(s);
    DWT_ERR(dwi_store_head(f->store, "t/_delta_log/00000000000000000000.checkpoint.parquet",
                           &object, &f->err),
            &f->err, DW_E_NOT_FOUND, "");
    put_object(f, "t/_delta_log/00000000000000000000.crc", "{\"tableSize");
    write_checkpoint(f);
}

static void a_checkpoint_of_an_unknown_feature_is_refused(void **state)
{
    fixture *f = *state;
    dwi_state *s;

    put_commit_text(f, 0,
                    "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,"
                    "\"writerFeatures\":[\"quantumRows\"]}}\n" METADATA_LINE);
    s = load(f, -1);
    DWT_ERR(dwi_checkpoint_write(&f->log, s, &f->err), &f->err, DW_E_UNSUPPORTED, "quantumRows");
    dwi_state_unref(s);
}

static void put_many_files(fixture *f, int n)
{
    dwi_buf text;
    char path[128];

    dwi_buf_init(&text, &f->alloc.base);
    dwi_buf_append_cstr(&text, PROTOCOL_LINE METADATA_LINE TXN_LINE("a", 1));
    for (int i = 0; i < n; i++) {
        dwi_action action = {.kind = DWI_ACTION_ADD, .u.add = {.size = 1}};
        uint64_t noise[3]; /* which does not compress */
        f->env.base.random(f->env.base.ctx, noise, sizeof(noise));
        (void)snprintf(path, sizeof(path), "%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%d", noise[0],
                       noise[1], noise[2], i);
        action.u.add.path = dwi_sv_cstr(path);
        action.u.add.base_row_id = action.u.add.default_row_commit_version = -1;
        dwi_action_append(&text, &action);
    }
    put_commit_text(f, 0, dwi_buf_cstr(&text));
    dwi_buf_done(&text);
}

typedef struct paths {
    dwi_map seen;
    int64_t n;
    int64_t twice;
} paths;

static dw_status count_path(void *ctx, const dwi_add *add, dw_error *err)
{
    paths *p = ctx;
    bool added;

    (void)err;
    assert_non_null(dwi_map_put(&p->seen, add->path, &added));
    p->n++;
    p->twice += !added;
    return DW_OK;
}

/* Overwrites some bytes of an object. */
static void damage(fixture *f, const char *key, double where)
{
    const dw_range all = DW_RANGE_ALL;
    dwi_buf body;

    dwi_buf_init(&body, &f->alloc.base);
    DWT_OK(dwi_store_get(f->store, key, all, INT64_C(1) << 30, &body, &f->err), &f->err);
    memset(body.data + (size_t)((double)body.len * where), 0xFF, 200);
    DWT_OK(dwi_store_put(f->store, key, (dw_bytes){body.data, body.len}, DW_PUT_OVERWRITE, &f->err),
           &f->err);
    dwi_buf_done(&body);
}

/* The damage shows only after thousands of files were given: none of them is given again. */
static void a_checkpoint_whose_files_are_damaged_is_replaced_while_they_are_read(void **state)
{
    fixture *f = *state;
    paths p = {.n = 0};
    const dwi_file_visitor visitor = {&p, count_path, NULL};

    put_many_files(f, 90000);
    write_checkpoint(f);
    put_commit_text(f, 1, ADD_LINE("one more"));
    damage(f, "t/_delta_log/00000000000000000000.checkpoint.parquet", 0.6);
    dwi_map_init(&p.seen, &f->alloc.base, 1);
    DWT_OK(visit_files(&f->log, -1, visitor, &f->err), &f->err);
    DWT_EQ(p.n, 90001);
    DWT_EQ(p.twice, 0);
    assert_non_null(strstr(f->last_warning, "read without this checkpoint"));
    drop_commits(f, 0, 0); /* nothing replaces it now */
    DWT_ERR(visit_files(&f->log, -1, visitor, &f->err), &f->err, DW_E_CORRUPT, "checkpoint");
    dwi_map_done(&p.seen);
}

/* Peak memory of opening a table with a checkpoint of so many files. */
static int64_t opening_bytes(fixture *f, int n_files)
{
    static const char key[] = "t/_delta_log/00000000000000000000.checkpoint.parquet";
    int64_t before;
    dwi_state *s;

    put_many_files(f, n_files);
    DWT_OK(dwi_store_remove(f->store, key, &f->err), &f->err);
    write_checkpoint(f);
    drop_commits(f, 0, 0);
    before = f->alloc.peak_bytes = f->alloc.live_bytes;
    s = load(f, -1);
    DWT_EQ(dwi_state_txn(s, DWI_SV("a"))->version, 1);
    dwi_state_unref(s);
    return f->alloc.peak_bytes - before;
}

/* Both are larger than what the Parquet reader may fetch at once to save requests. */
static void opening_does_not_pay_for_the_files_of_a_checkpoint(void **state)
{
    int64_t few = opening_bytes(*state, 40000);
    int64_t many = opening_bytes(*state, 80000);

    if (many > few + few / 4)
        fail_msg("%lld bytes, then %lld", (long long)few, (long long)many);
}

/* A crash at any operation leaves the table as it was, with a whole new checkpoint or none. */
static void a_crash_while_writing_harms_nothing(void **state)
{
    fixture *f = *state;
    dw_store *faulty = NULL;
    bool written = false;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE ADD_LINE("a") ADD_LINE("b"));
    DWT_OK(dwi_fault_store_new(f->store, NULL, &faulty, &f->err), &f->err);
    dwi_store_set_env(faulty, &f->env.base);
    for (int64_t n = 0; !written; n++) {
        const dwi_fault fault = {.on = DWI_ON_ALL, .kind = DWI_FAULT_CRASH, .nth = n};
        const dwi_logger silent = {NULL, NULL};
        dwi_state *s = load(f, -1);
        dwi_log log = {0};
        assert_true(n < 100);
        DWT_OK(dwi_fault_plan(faulty, &fault, 1, &f->err), &f->err);
        DWT_OK(dwi_log_init(&log, faulty, "t", &f->alloc.base, silent, &f->err), &f->err);
        written = dwi_checkpoint_write(&log, s, &f->err) == DW_OK && dwi_fault_hits(faulty) == 0;
        dwi_log_done(&log);
        dwi_state_unref(s);
        s = load(f, -1);
        DWT_EQ(s->version, 0);
        dwi_state_unref(s);
        DWT_STR(f->last_warning, "");
    }
    drop_commits(f, 0, 0);
    dwi_state_unref(load(f, -1));
    dw_store_unref(faulty);
}

static dw_status write_with(const dw_allocator *alloc, void *ctx)
{
    const dwi_logger silent = {NULL, NULL};
    lines l = {.n = 0};
    const dwi_file_visitor visitor = {&l, add_line, remove_line};
    fixture *f = ctx;
    dwi_state *s = NULL;
    dwi_log log = {0};
    dw_status status;

    dwi_buf_init(&l.text, alloc);
    DWI_TRY(
        dwi_store_remove(f->store, "t/_delta_log/00000000000000000001.checkpoint.parquet", NULL));
    DWI_TRY(dwi_log_init(&log, f->store, "t", alloc, silent, NULL));
    DWI_TRY(dwi_state_load(&log, 1, &s, NULL));
    DWI_TRY(dwi_checkpoint_write(&log, s, NULL));
    DWI_TRY(visit_files(&log, 1, visitor, NULL));
    DWT_EQ(l.n, 2);
done:
    dwi_buf_done(&l.text);
    dwi_state_unref(s);
    dwi_log_done(&log);
    return status;
}

static void out_of_memory_leaves_nothing_behind(void **state)
{
    fixture *f = *state;

    put_commit_text(f, 0,
                    PROTOCOL_LINE METADATA_WITH("\"delta.checkpoint.writeStatsAsStruct\":\"true\"")
                        ADD_FULL TXN_LINE("a", 1));
    write_checkpoint(f);
    drop_commits(f, 0, 0);
    put_commit_text(f, 1, ADD_LINE("b"));
    dwt_alloc_sweep(write_with, f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(every_action_survives_a_checkpoint),
        FIXTURE_TEST(a_checkpoint_is_made_of_the_one_before_and_the_tail),
        FIXTURE_TEST(last_checkpoint_tells_counts_and_only_moves_forwards),
        FIXTURE_TEST(a_checkpoint_in_parts_is_one),
        FIXTURE_TEST(metadata_without_an_id_survives_a_checkpoint),
        FIXTURE_TEST(statistics_are_left_out_where_the_table_says_so),
        FIXTURE_TEST(typed_statistics_replace_the_text),
        FIXTURE_TEST(old_transaction_ids_expire_only_where_the_table_says_so),
        FIXTURE_TEST(a_broken_checkpoint_is_not_asked_for_files_either),
        FIXTURE_TEST(a_count_that_differs_from_the_checksum_file_stops_it),
        FIXTURE_TEST(a_checkpoint_of_an_unknown_feature_is_refused),
        FIXTURE_TEST(a_checkpoint_whose_files_are_damaged_is_replaced_while_they_are_read),
        FIXTURE_TEST(opening_does_not_pay_for_the_files_of_a_checkpoint),
        FIXTURE_TEST(a_crash_while_writing_harms_nothing),
        FIXTURE_TEST(out_of_memory_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
