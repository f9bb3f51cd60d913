/* SPDX-License-Identifier: Apache-2.0 */
/* Damage of each kind is planted in a sound table, and the verification names it. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/store_impl.h"
#include "store/store_ops.h"

#define SCHEMA                                                                                     \
    "{\"type\":\"struct\",\"fields\":["                                                            \
    "{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},"                       \
    "{\"name\":\"name\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},"                   \
    "{\"name\":\"at\",\"type\":\"timestamp\",\"nullable\":true,\"metadata\":{}},"                  \
    "{\"name\":\"in\",\"type\":{\"type\":\"struct\",\"fields\":[{\"name\":\"x\",\"type\":"         \
    "\"decimal(10,2)\",\"nullable\":true,\"metadata\":{}}]},\"nullable\":true,\"metadata\":{}},"   \
    "{\"name\":\"p\",\"type\":\"integer\",\"nullable\":true,\"metadata\":{}}]}"
#define COMMIT_0 "t/_delta_log/00000000000000000000.json"
#define COMMIT_1 "t/_delta_log/00000000000000000001.json"
#define COMMIT_2 "t/_delta_log/00000000000000000002.json"
#define COMMIT_3 "t/_delta_log/00000000000000000003.json"

typedef struct place {
    dwt_env env;
    dw_store *store;
    dw_error err;
    char file[256]; /* key of the data file of version 1 */
    char found[4096];
    char messages[4096];
    dw_verify_metrics metrics;
} place;

static const char *text_of(place *p, const char *key)
{
    static char text[65536];
    dwi_buf body;

    dwi_buf_init(&body, dwi_alloc_default());
    DWT_OK(dwi_store_get(p->store, key, (dw_range)DW_RANGE_ALL, sizeof(text) - 1, &body, &p->err),
           &p->err);
    memcpy(text, body.data, body.len);
    text[body.len] = '\0';
    dwi_buf_done(&body);
    return text;
}

static void put(place *p, const char *key, const char *text)
{
    DWT_OK(dwi_store_put(p->store, key, (dw_bytes){text, strlen(text)}, DW_PUT_OVERWRITE, &p->err),
           &p->err);
}

/* `from`, which is there once or more, becomes `to` everywhere. */
static void edit(place *p, const char *key, const char *from, const char *to)
{
    static char out[65536];
    const char *at = text_of(p, key);
    const char *next;
    size_t n = 0;

    assert_non_null(strstr(at, from));
    for (; (next = strstr(at, from)) != NULL; at = next + strlen(from))
        n += (size_t)snprintf(out + n, sizeof(out) - n, "%.*s%s", (int)(next - at), at, to);
    (void)snprintf(out + n, sizeof(out) - n, "%s", at);
    put(p, key, out);
}

static void append(place *p, dw_table *table, const char *records)
{
    dw_txn *txn = NULL;

    DWT_OK(dw_begin(table, NULL, &txn, &p->err), &p->err);
    DWT_OK(dw_append_ndjson(txn, (dw_bytes){records, strlen(records)}, NULL, NULL, &p->err),
           &p->err);
    DWT_OK(dw_commit(txn, NULL, &p->err), &p->err);
    dw_txn_close(txn);
}

static dw_status take_path(void *ctx, const dw_object *object, dw_error *err)
{
    place *p = ctx;

    (void)err;
    if (strncmp(object->key, "t/p=1/", 6) == 0)
        (void)snprintf(p->file, sizeof(p->file), "%s", object->key);
    return DW_OK;
}

/* Versions 0 to 3; two files, in p=1 and p=2. */
static int setup(void **state)
{
    static place p;
    const char *const columns[] = {"p"};
    dw_create_options options = DW_CREATE_OPTIONS_INIT;
    dw_table *table = NULL;

    memset(&p, 0, sizeof(p));
    dwt_env_init(&p.env);
    DWT_OK(dw_store_open_memory(NULL, &p.store, &p.err), &p.err);
    dwi_store_set_env(p.store, &p.env.base);
    options.schema_json = SCHEMA;
    options.partition_columns = columns;
    options.n_partition_columns = 1;
    DWT_OK(dw_table_create(p.store, "t", &options, NULL, &table, &p.err), &p.err);
    append(
        &p, table,
        "{\"id\":5,\"name\":\"bb\",\"at\":\"2026-01-02T00:00:00.0005Z\",\"in\":{\"x\":1.50},"
        "\"p\":1}\n{\"id\":9,\"name\":\"cc\",\"at\":\"2026-01-03T00:00:00Z\",\"in\":null,\"p\":1}\n"
        "{\"id\":null,\"name\":null,\"p\":1}\n");
    append(&p, table, "{\"id\":7,\"p\":2}\n");
    append(&p, table, "{\"id\":8,\"p\":3}\n");
    dw_table_close(table);
    DWT_OK(dwi_store_list(p.store, "t/", NULL, take_path, &p, &p.err), &p.err);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    place *p = *state;

    dw_store_unref(p->store);
    return 0;
}

static dw_status take_finding(void *ctx, const dw_finding *f, dw_error *err)
{
    place *p = ctx;
    size_t len = strlen(p->found);

    (void)err;
    (void)snprintf(p->found + len, sizeof(p->found) - len, "%s%d %s", len == 0 ? "" : "; ",
                   f->severity, f->code);
    len = strlen(p->messages);
    (void)snprintf(p->messages + len, sizeof(p->messages) - len, "%s: %s\n", f->object, f->message);
    return DW_OK;
}

/* The findings: "3 file-missing; 2 txn-went-back". */
static const char *verify(place *p, uint32_t flags)
{
    dw_verify_options options = DW_VERIFY_OPTIONS_INIT;

    p->found[0] = p->messages[0] = '\0';
    p->metrics = (dw_verify_metrics)DW_VERIFY_METRICS_INIT;
    options.flags = flags;
    options.each = take_finding;
    options.each_ctx = p;
    DWT_OK(dw_verify(p->store, "t", &options, &p->metrics, &p->err), &p->err);
    return p->found;
}

/* The finding alone, with its object and words in the message. */
#define EXPECT(p, flags, code, text)                                                               \
    do {                                                                                           \
        DWT_STR(verify((p), (flags)), (code));                                                     \
        if (strstr((p)->messages, (text)) == NULL)                                                 \
            fail_msg("\"%s\" is not in %s", (text), (p)->messages);                                \
    } while (0)

static void checkpoint(place *p)
{
    dw_table *table = NULL;

    DWT_OK(dw_table_open(p->store, "t", NULL, &table, &p->err), &p->err);
    DWT_OK(dw_checkpoint(table, NULL, &p->err), &p->err);
    dw_table_close(table);
}

static void a_sound_table_has_no_findings(void **state)
{
    place *p = *state;

    DWT_STR(verify(p, DW_VERIFY_FULL), "");
    DWT_EQ(p->metrics.version, 3);
    DWT_EQ(p->metrics.commits, 4);
    DWT_EQ(p->metrics.files, 3);
    DWT_EQ(p->metrics.opened_files, 3);
    DWT_EQ(p->metrics.read_rows, 5);
    DWT_EQ(p->metrics.orphans, 0);
    DWT_EQ(p->metrics.compared_checkpoint, 0);
    checkpoint(p);
    DWT_STR(verify(p, DW_VERIFY_FULL), "");
    DWT_EQ(p->metrics.checkpoints, 1);
    DWT_EQ(p->metrics.compared_checkpoint, 1);
    DWT_STR(verify(p, DW_VERIFY_QUICK), "");
    DWT_EQ(p->metrics.opened_files, 0);
}

static void gaps_in_the_log_are_found(void **state)
{
    place *p = *state;

    checkpoint(p);
    DWT_OK(dwi_store_remove(p->store, COMMIT_1, &p->err), &p->err);
    EXPECT(p, 0, "2 log-gap", "commits 1 to 1 are missing; older versions cannot be read");
    DWT_OK(dwi_store_remove(p->store, COMMIT_0, &p->err), &p->err);
    DWT_STR(verify(p, 0), ""); /* cleaned up */
    DWT_OK(
        dwi_store_remove(p->store, "t/_delta_log/00000000000000000003.checkpoint.parquet", &p->err),
        &p->err);
    DWT_STR(verify(p, 0), "3 table-unreadable; 3 log-gap; 2 last-checkpoint");
}

/* A store whose listings lack one commit, though it is there. */
static dw_status hiding_get(void *self, const char *key, dw_range range, dw_sink sink,
                            dw_error *err)
{
    dw_store *in = ((place *)self)->store;

    return in->ops.get(in->self, key, range, sink, err);
}

static dw_status hiding_put(void *self, const char *key, dw_bytes body, int mode, dw_error *err)
{
    dw_store *in = ((place *)self)->store;

    return in->ops.put(in->self, key, body, mode, err);
}

static dw_status hiding_remove(void *self, const char *key, dw_error *err)
{
    dw_store *in = ((place *)self)->store;

    return in->ops.remove(in->self, key, err);
}

static dw_status hiding_head(void *self, const char *key, dw_object *out, dw_error *err)
{
    dw_store *in = ((place *)self)->store;

    return in->ops.head(in->self, key, out, err);
}

typedef struct hiding_lister {
    dw_lister_fn *each;
    void *ctx;
} hiding_lister;

static dw_status hiding_see(void *ctx, const dw_object *object, dw_error *err)
{
    const hiding_lister *l = ctx;

    return strcmp(object->key, COMMIT_2) == 0 ? DW_OK : l->each(l->ctx, object, err);
}

static dw_status hiding_list(void *self, const char *prefix, const char *after, dw_lister_fn *each,
                             void *ctx, dw_error *err)
{
    dw_store *in = ((place *)self)->store;
    hiding_lister some = {each, ctx};

    return in->ops.list(in->self, prefix, after, hiding_see, &some, err);
}

static void a_commit_that_a_listing_missed_is_no_gap(void **state)
{
    static const dw_store_vtable vtable = {.struct_size = sizeof(vtable),
                                           .caps = DW_CAP_PUT_IF_ABSENT,
                                           .get = hiding_get,
                                           .put = hiding_put,
                                           .list = hiding_list,
                                           .head = hiding_head,
                                           .remove = hiding_remove};
    place *p = *state;
    place real = *p;

    DWT_OK(dw_store_new(&vtable, &real, "hiding", NULL, &p->store, &p->err), &p->err);
    DWT_STR(verify(p, 0), "");
    DWT_EQ(p->metrics.commits, 4);
    dw_store_unref(p->store);
    p->store = real.store;
}

static void a_table_that_cannot_be_opened_is_looked_at_all_the_same(void **state)
{
    place *p = *state;

    edit(p, COMMIT_2, "{\"add\"", "{\"add");
    DWT_STR(verify(p, 0), "3 table-unreadable; 3 commit-unreadable");
    assert_non_null(strstr(p->messages, "_delta_log/00000000000000000002.json: "));
    DWT_OK(dwi_store_remove(p->store, COMMIT_1, &p->err), &p->err);
    DWT_STR(verify(p, 0), "3 table-unreadable; 3 log-gap; 3 commit-unreadable");
}

static void actions_that_a_version_may_not_have_are_found(void **state)
{
    place *p = *state;

    edit(p, COMMIT_1, "\"partitionValues\":{\"p\":\"1\"}", "\"partitionValues\":{}");
    EXPECT(p, DW_VERIFY_QUICK, "3 action-invalid", "no value for the partition column p");
    edit(p, COMMIT_1, "\"partitionValues\":{}", "\"partitionValues\":{\"p\":\"1\",\"q\":\"1\"}");
    EXPECT(p, DW_VERIFY_QUICK, "3 action-invalid", "2 partition values for 1 columns");
    edit(p, COMMIT_1, ",\"q\":\"1\"", "");
    edit(p, COMMIT_1, "\"stats\":\"{", "\"stats\":\"[{");
    EXPECT(p, DW_VERIFY_QUICK, "3 action-invalid", "its stats are no JSON object");
    edit(p, COMMIT_1, "\"stats\":\"[{", "\"stats\":\"{");
    put(p, COMMIT_3,
        "{\"commitInfo\":{}}\n{\"domainMetadata\":{\"domain\":\"d\",\"configuration\":\"\","
        "\"removed\":false}}\n");
    EXPECT(p, DW_VERIFY_QUICK, "3 action-invalid",
           "domainMetadata d: the protocol has not the feature");
    put(p, COMMIT_3,
        "{\"txn\":{\"appId\":\"a\",\"version\":1}}\n{\"txn\":{\"appId\":\"a\",\"version\":2}}\n");
    EXPECT(p, DW_VERIFY_QUICK, "3 action-invalid", "txn a is there twice");
    put(p, COMMIT_3,
        "{\"add\":{\"path\":\"p=3/x\",\"partitionValues\":{\"p\":\"3\"},\"size\":1,"
        "\"modificationTime\":1,\"dataChange\":true,\"stats\":\"{\\\"numRecords\\\":1}\","
        "\"deletionVector\":{\"storageType\":\"i\",\"pathOrInlineDv\":\"\",\"sizeInBytes\":1,"
        "\"cardinality\":2}}}\n");
    DWT_STR(verify(p, DW_VERIFY_QUICK), "3 action-invalid; 3 action-invalid; 3 file-missing");
    assert_non_null(strstr(p->messages, "2 deleted rows of 1"));
    assert_non_null(strstr(p->messages, "the protocol has not the feature"));
    put(p, COMMIT_3,
        "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":["
        "\"deletionVectors\"],\"writerFeatures\":[]}}\n");
    EXPECT(p, DW_VERIFY_QUICK, "3 action-invalid",
           "reader feature deletionVectors is no writer feature");
}

static void times_and_application_ids_that_go_back_are_found(void **state)
{
    place *p = *state;

    put(p, COMMIT_2, "{\"txn\":{\"appId\":\"a\",\"version\":9}}\n");
    put(p, COMMIT_3, "{\"txn\":{\"appId\":\"a\",\"version\":8}}\n");
    EXPECT(p, 0, "2 txn-went-back", "application id a goes from 9 back to 8");
    edit(p, COMMIT_0, "\"configuration\":{}",
         "\"configuration\":{\"delta.enableInCommitTimestamps\":\"true\"}");
    edit(p, COMMIT_0, "{\"commitInfo\":{", "{\"commitInfo\":{\"inCommitTimestamp\":50,");
    edit(p, COMMIT_1, "{\"commitInfo\":{", "{\"commitInfo\":{\"inCommitTimestamp\":60,");
    put(p, COMMIT_2, "{\"commitInfo\":{\"inCommitTimestamp\":60}}\n");
    put(p, COMMIT_3, "{\"commitInfo\":{}}\n");
    DWT_STR(verify(p, 0), "3 time-went-back; 3 action-invalid");
    assert_non_null(strstr(p->messages, "inCommitTimestamp 60 is not after 60"));
    assert_non_null(strstr(p->messages, "no inCommitTimestamp, and the table keeps them"));
}

static void checkpoints_that_are_broken_or_differ_are_found(void **state)
{
    place *p = *state;

    checkpoint(p);
    edit(p, COMMIT_1, "\"size\":", "\"size\":1");
    EXPECT(p, DW_VERIFY_QUICK, "3 checkpoint-differs",
           "_delta_log/00000000000000000003.checkpoint.parquet: 3 files of ");
    edit(p, COMMIT_1, "\"size\":1", "\"size\":");
    edit(p, COMMIT_0, "\"configuration\":{}", "\"configuration\":{\"a\":\"b\"}");
    EXPECT(p, DW_VERIFY_QUICK, "3 checkpoint-differs", "its protocol, metaData or domainMetadata");
    edit(p, COMMIT_0, "\"configuration\":{\"a\":\"b\"}", "\"configuration\":{}");
    edit(p, COMMIT_3, "{\"add\"", "{\"txn\":{\"appId\":\"a\",\"version\":1}}\n{\"add\"");
    EXPECT(p, DW_VERIFY_QUICK, "3 checkpoint-differs", "0 application ids, and 1 by the log");
    edit(p, COMMIT_3, "{\"txn\":{\"appId\":\"a\",\"version\":1}}\n", "");
    put(p, "t/_delta_log/00000000000000000003.checkpoint.parquet", "this is no Parquet file");
    EXPECT(p, DW_VERIFY_QUICK, "3 checkpoint-unreadable",
           "_delta_log/00000000000000000003.checkpoint.parquet: ");
    put(p, "t/_delta_log/00000000000000000003.checkpoint.parquet", "");
    DWT_STR(verify(p, DW_VERIFY_QUICK), "2 last-checkpoint; 2 checkpoint-incomplete");
}

static void checksum_files_and_compactions_that_differ_are_found(void **state)
{
    place *p = *state;
    dw_table *table = NULL;

    DWT_OK(dw_table_open(p->store, "t", NULL, &table, &p->err), &p->err);
    DWT_OK(dw_compact_log(table, NULL, NULL, &p->err), &p->err);
    dw_table_close(table);
    put(p, "t/_delta_log/00000000000000000003.crc",
        "{\"tableSizeBytes\":5,\"numFiles\":4,\"numMetadata\":1,\"numProtocol\":1}");
    put(p, "t/_delta_log/00000000000000000002.crc", "{}");
    DWT_STR(verify(p, DW_VERIFY_QUICK), "2 crc-unreadable; 3 crc-differs");
    assert_non_null(strstr(p->messages, "numFiles 4, tableSizeBytes 5; by the log it is 3 and "));
    DWT_EQ(p->metrics.checksums, 2);
    DWT_EQ(p->metrics.compactions, 1);
    DWT_OK(dwi_store_remove(p->store, "t/_delta_log/00000000000000000003.crc", &p->err), &p->err);
    DWT_OK(dwi_store_remove(p->store, "t/_delta_log/00000000000000000002.crc", &p->err), &p->err);
    edit(p, "t/_delta_log/00000000000000000000.00000000000000000003.compacted.json", "p=2/",
         "p=9/");
    verify(p, DW_VERIFY_QUICK);
    assert_non_null(strstr(p->found, "3 compaction-differs"));
}

static void change_data_that_a_commit_names_is_no_orphan(void **state)
{
    place *p = *state;

    put(p, "t/_change_data/named", "123");
    put(p, "t/_change_data/unnamed", "12345");
    edit(p, COMMIT_3, "{\"add\"",
         "{\"cdc\":{\"path\":\"_change_data/named\",\"partitionValues\":{\"p\":\"3\"},\"size\":3,"
         "\"dataChange\":false}}\n{\"add\"");
    EXPECT(p, DW_VERIFY_ORPHANS, "1 orphan", "_change_data/unnamed: no version names it");
    DWT_EQ(p->metrics.orphans, 1);
}

static void files_that_are_missing_or_of_another_size_are_found(void **state)
{
    place *p = *state;
    char text[8];

    put(p, "t/p=1/orphan", "123");
    put(p, "t/_hidden", "123");
    DWT_STR(verify(p, 0), "");
    DWT_EQ(p->metrics.orphans, 1);
    DWT_EQ(p->metrics.orphan_bytes, 3);
    EXPECT(p, DW_VERIFY_ORPHANS, "1 orphan", "p=1/orphan: no version names it; 3 bytes");
    (void)snprintf(text, sizeof(text), "short");
    put(p, p->file, text);
    EXPECT(p, 0, "3 file-size", "5 bytes, and the log says");
    DWT_OK(dwi_store_remove(p->store, p->file, &p->err), &p->err);
    EXPECT(p, 0, "3 file-missing", p->file + strlen("t/"));
}

static void missing_files_are_taken_out_of_the_table(void **state)
{
    place *p = *state;

    DWT_OK(dwi_store_remove(p->store, p->file, &p->err), &p->err);
    DWT_STR(verify(p, DW_VERIFY_REPAIR), "3 file-missing");
    DWT_EQ(p->metrics.repaired_files, 1);
    DWT_EQ(p->metrics.repair_version, 4);
    DWT_STR(verify(p, DW_VERIFY_FULL), "");
    DWT_EQ(p->metrics.files, 2);
    assert_non_null(
        strstr(text_of(p, "t/_delta_log/00000000000000000004.json"), "\"operation\":\"FSCK\""));
}

static void what_is_in_files_is_compared_with_the_log(void **state)
{
    place *p = *state;
    dwi_buf garbage;
    dw_object object;

    edit(p, COMMIT_1, "\\\"numRecords\\\":3", "\\\"numRecords\\\":4");
    EXPECT(p, 0, "3 rows-differ", "3 rows, and numRecords says 4");
    edit(p, COMMIT_1, "\\\"numRecords\\\":4", "\\\"numRecords\\\":3");
    edit(p, COMMIT_0, "\\\"name\\\":\\\"id\\\",\\\"type\\\":\\\"long\\\"",
         "\\\"name\\\":\\\"id\\\",\\\"type\\\":\\\"date\\\"");
    DWT_STR(verify(p, 0), "3 schema-differs; 3 schema-differs; 3 schema-differs");
    edit(p, COMMIT_0, "\\\"name\\\":\\\"id\\\",\\\"type\\\":\\\"date\\\"",
         "\\\"name\\\":\\\"id\\\",\\\"type\\\":\\\"long\\\"");
    edit(p, COMMIT_1, "{\"p\":\"1\"}", "{\"p\":\"one\"}");
    EXPECT(p, 0, "3 partition-value", "column p: ");
    edit(p, COMMIT_1, "{\"p\":\"one\"}", "{\"p\":\"1\"}");
    DWT_OK(dwi_store_head(p->store, p->file, &object, &p->err), &p->err);
    dwi_buf_init(&garbage, dwi_alloc_default());
    for (int64_t i = 0; i < object.size; i++)
        dwi_buf_append_byte(&garbage, 'x');
    put(p, p->file, dwi_buf_cstr(&garbage));
    dwi_buf_done(&garbage);
    EXPECT(p, 0, "3 file-unreadable", p->file + strlen("t/"));
}

static void statistics_that_values_contradict_are_found(void **state)
{
    static const char *const edits[][3] = {
        {"\\\"id\\\":5", "\\\"id\\\":6", "column id: values lie below minValues"},
        {"\\\"id\\\":9", "\\\"id\\\":8", "column id: values lie above maxValues"},
        {"\\\"name\\\":\\\"bb\\\"", "\\\"name\\\":\\\"bc\\\"", "column name: values lie below"},
        {"2026-01-02T00:00:00.000Z", "2026-01-02T00:00:00.001Z", "column at: values lie below"},
        {"2026-01-03T00:00:00.000Z", "2026-01-02T23:59:59.999Z", "column at: values lie above"},
        {"\\\"x\\\":1.50", "\\\"x\\\":1.51", "column in.x: values lie below minValues"},
        {"\\\"nullCount\\\":{\\\"id\\\":1", "\\\"nullCount\\\":{\\\"id\\\":0",
         "column id: 1 nulls, and nullCount says 0"},
        {"\\\"nullCount\\\":{\\\"id\\\":1", "\\\"nullCount\\\":{\\\"id\\\":3",
         "column id: 1 nulls, and nullCount says 3"},
    };
    place *p = *state;

    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        edit(p, COMMIT_1, edits[i][0], edits[i][1]);
        DWT_STR(verify(p, 0), ""); /* not looked at */
        EXPECT(p, DW_VERIFY_FULL, "3 stats-wrong", edits[i][2]);
        edit(p, COMMIT_1, edits[i][1], edits[i][0]);
    }
    edit(p, COMMIT_1, "\\\"id\\\":5", "\\\"id\\\":\\\"five\\\"");
    EXPECT(p, DW_VERIFY_FULL, "3 stats-wrong", "column id: a bound cannot be read");
    edit(p, COMMIT_1, "\\\"id\\\":\\\"five\\\"", "\\\"id\\\":-1000"); /* wide is not wrong */
    DWT_STR(verify(p, DW_VERIFY_FULL), "");
}

static void deletion_vectors_are_looked_for_and_read(void **state)
{
    place *p = *state;

    edit(p, COMMIT_0, "\"minReaderVersion\":1,\"minWriterVersion\":2",
         "\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"deletionVectors\"],"
         "\"writerFeatures\":[\"deletionVectors\"]");
    edit(p, COMMIT_1, "\"dataChange\":true,",
         "\"dataChange\":true,\"deletionVector\":{\"storageType\":\"u\",\"pathOrInlineDv\":"
         "\"ab^-aqEH.-t@S}K{vb[*k^\",\"offset\":1,\"sizeInBytes\":4,\"cardinality\":1},");
    EXPECT(p, 0, "3 vector-missing",
           "its deletion vector ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin");
    put(p, "t/ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin", "1234567890123");
    EXPECT(p, 0, "3 vector-broken", "wrong size or checksum");
    DWT_EQ(p->metrics.orphans, 0);
}

static void what_is_no_table_is_an_error(void **state)
{
    place *p = *state;
    dw_verify_options options = DW_VERIFY_OPTIONS_INIT;

    DWT_ERR(dw_verify(p->store, "nothing", NULL, NULL, &p->err), &p->err, DW_E_NOT_FOUND,
            "not a Delta table");
    DWT_ERR(dw_verify(NULL, "t", NULL, NULL, &p->err), &p->err, DW_E_ARG, "a store");
    options.flags = DW_VERIFY_FULL | DW_VERIFY_QUICK;
    DWT_ERR(dw_verify(p->store, "t", &options, NULL, &p->err), &p->err, DW_E_ARG, "at once");
    options.flags = 1u << 30;
    DWT_ERR(dw_verify(p->store, "t", &options, NULL, &p->err), &p->err, DW_E_UNSUPPORTED, "flags");
}

static dw_status verify_with(const dw_allocator *alloc, void *ctx)
{
    place *p = ctx;
    dw_verify_options options = DW_VERIFY_OPTIONS_INIT;
    dw_table_options table = DW_TABLE_OPTIONS_INIT;

    table.allocator = alloc;
    options.flags = DW_VERIFY_FULL | DW_VERIFY_ORPHANS;
    options.table = &table;
    options.each = take_finding;
    options.each_ctx = p;
    p->found[0] = p->messages[0] = '\0';
    return dw_verify(p->store, "t", &options, NULL, &p->err);
}

static void want_of_memory_is_told_at_every_allocation(void **state)
{
    place *p = *state;

    edit(p, COMMIT_1, "\\\"id\\\":5", "\\\"id\\\":6");
    checkpoint(p);
    dwt_alloc_sweep(verify_with, p);
    assert_non_null(strstr(p->found, "stats-wrong"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_sound_table_has_no_findings),
        TEST(gaps_in_the_log_are_found),
        TEST(a_commit_that_a_listing_missed_is_no_gap),
        TEST(a_table_that_cannot_be_opened_is_looked_at_all_the_same),
        TEST(actions_that_a_version_may_not_have_are_found),
        TEST(times_and_application_ids_that_go_back_are_found),
        TEST(checkpoints_that_are_broken_or_differ_are_found),
        TEST(checksum_files_and_compactions_that_differ_are_found),
        TEST(change_data_that_a_commit_names_is_no_orphan),
        TEST(files_that_are_missing_or_of_another_size_are_found),
        TEST(missing_files_are_taken_out_of_the_table),
        TEST(what_is_in_files_is_compared_with_the_log),
        TEST(statistics_that_values_contradict_are_found),
        TEST(deletion_vectors_are_looked_for_and_read),
        TEST(what_is_no_table_is_an_error),
        TEST(want_of_memory_is_told_at_every_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
