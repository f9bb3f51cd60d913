/* SPDX-License-Identifier: Apache-2.0 */
/* Properties that are set and unset on a table that is there, and what follows for its protocol. */
#include "table_fixture.h"

#include "codec/codec.h"

#define PLAIN LEGACY(1, 2) METADATA(COLUMN("id", "long", true, ""), "\"own\":\"1\"")

/* One commit that sets (or with NULL unsets) one property. */
static dw_status set(table_fixture *f, const char *key, const char *value)
{
    dw_txn *txn = begin_txn(f, 0);
    dw_status status = dw_txn_set_property(txn, key, value, &f->err);

    if (status == DW_OK)
        status = dw_commit(txn, NULL, &f->err);
    dw_txn_close(txn);
    return status;
}

static void a_property_is_set_and_unset_and_everything_else_stays(void **state)
{
    table_fixture *f = *state;
    const char *text;

    open_lines(f, LEGACY(1, 2) METADATA(COLUMN("id", "long", true, "\\\"deep\\\":{\\\"x\\\":1.50}"),
                                        "\"own\":\"1\",\"delta.fromTheFuture\":\"yes\""));
    DWT_OK(set(f, "DELTA.checkpointinterval", "5"), &f->err);
    text = version_text(f, 1);
    assert_has(text, "\"operation\":\"SET TBLPROPERTIES\",\"operationParameters\":{\"properties\":"
                     "\"{\\\"delta.checkpointInterval\\\":\\\"5\\\"}\"}");
    assert_has(text, "\"configuration\":{\"own\":\"1\",\"delta.fromTheFuture\":\"yes\","
                     "\"delta.checkpointInterval\":\"5\"}");
    assert_has(text, "{\\\"deep\\\":{\\\"x\\\":1.50}}");
    assert_has(text, "\"id\":\"the-id\"");
    assert_has_not(text, "\"protocol\"");
    DWT_OK(set(f, "delta.checkpointInterval", NULL), &f->err);
    text = version_text(f, 2);
    assert_has(text,
               "\"operation\":\"UNSET TBLPROPERTIES\",\"operationParameters\":{\"properties\":"
               "\"[\\\"delta.checkpointInterval\\\"]\",\"ifExists\":\"true\"}");
    assert_has(text, "\"configuration\":{\"own\":\"1\",\"delta.fromTheFuture\":\"yes\"}");
    DWT_OK(set(f, "delta.fromTheFuture", NULL), &f->err);
    assert_has(version_text(f, 3), "\"configuration\":{\"own\":\"1\"}");
}

static void a_change_that_changes_nothing_makes_no_version(void **state)
{
    table_fixture *f = *state;

    open_lines(f, PLAIN);
    DWT_OK(set(f, "own", "1"), &f->err);
    DWT_OK(set(f, "delta.appendOnly", NULL), &f->err);
    DWT_OK(set(f, "delta.feature.appendOnly", "supported"), &f->err);
    DWT_EQ(dw_table_version(f->table), 0);
}

static void values_are_checked_when_they_are_given(void **state)
{
    static const struct {
        const char *key;
        const char *value;
        dw_status code;
        const char *message;
    } cases[] = {
        {"delta.appendOnly", "yes", DW_E_ARG, "\"yes\" is not true or false"},
        {"delta.checkpointInterval", "0", DW_E_ARG, "0 is below 1"},
        {"delta.logRetentionDuration", "3 months", DW_E_ARG, "is not an interval"},
        {"delta.checkpointPolicy", "v3", DW_E_UNSUPPORTED, "(classic|v2)"},
        {"delta.dataSkippingStatsColumns", "a b", DW_E_ARG, "is not a list of columns"},
        {"delta.dataSkippingStatsColumns", "a,,b", DW_E_ARG, "is not a list of columns"},
        {"delta.dataSkippingStatsColumns", "`a", DW_E_ARG, "is not a list of columns"},
        {"delta.targetFileSize", "big", DW_E_ARG, "is not a number of bytes"},
        {"delta.isolationLevel", "SnapshotIsolation", DW_E_UNSUPPORTED,
         "(Serializable|WriteSerializable)"},
        {"delta.apendOnly", "true", DW_E_UNSUPPORTED,
         "property delta.apendOnly is not known; the nearest one is delta.appendOnly"},
        {"delta.enableChangeDatafeeds", "true", DW_E_UNSUPPORTED, "delta.enableChangeDataFeed"},
        {"delta.constraints.c", "id > 0", DW_E_UNSUPPORTED, "checkConstraints"},
        {"delta.columnMapping.maxColumnId", "9", DW_E_UNSUPPORTED, "not for setting"},
        {"delta.inCommitTimestampEnablementVersion", NULL, DW_E_UNSUPPORTED, "not for setting"},
        {"delta.universalFormat.enabledFormats", "iceberg", DW_E_UNSUPPORTED, "is not supported"},
        {"delta.redirectWriterOnly-preview", "{}", DW_E_UNSUPPORTED, "is not supported"},
        {"", "x", DW_E_ARG, "lacks its key"},
    };
    table_fixture *f = *state;
    dw_txn *txn;

    open_lines(f, PLAIN);
    txn = begin_txn(f, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        DWT_ERR(dw_txn_set_property(txn, cases[i].key, cases[i].value, &f->err), &f->err,
                cases[i].code, cases[i].message);
    DWT_OK(
        dw_txn_set_property(txn, "delta.dataSkippingStatsColumns", "id, `a ``b`.c, s.x_1", &f->err),
        &f->err);
    DWT_OK(dw_txn_set_property(txn, "delta.targetFileSize", "128mb", &f->err), &f->err);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
}

static void a_property_raises_the_protocol_and_lists_what_the_old_version_implied(void **state)
{
    static const struct {
        const char *before;
        const char *key;
        const char *value;
        const char *protocol; /* NULL: it stays */
    } cases[] = {
        {LEGACY(1, 2), "delta.enableDeletionVectors", "true",
         "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,"
         "\"readerFeatures\":[\"deletionVectors\"],"
         "\"writerFeatures\":[\"appendOnly\",\"invariants\",\"deletionVectors\"]}}"},
        {LEGACY(1, 2), "delta.enableChangeDataFeed", "true",
         "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,"
         "\"writerFeatures\":[\"appendOnly\",\"invariants\",\"changeDataFeed\"]}}"},
        {LEGACY(1, 4), "delta.enableChangeDataFeed", "true", NULL},
        {LEGACY(1, 4), "delta.checkpointPolicy", "v2",
         "\"readerFeatures\":[\"v2Checkpoint\"],"
         "\"writerFeatures\":[\"appendOnly\",\"invariants\",\"checkConstraints\","
         "\"changeDataFeed\",\"generatedColumns\",\"v2Checkpoint\"]}}"},
        {LEGACY(2, 5), "delta.enableDeletionVectors", "true",
         "\"minReaderVersion\":3,\"minWriterVersion\":7,"
         "\"readerFeatures\":[\"columnMapping\",\"deletionVectors\"],"
         "\"writerFeatures\":[\"appendOnly\",\"invariants\",\"checkConstraints\","
         "\"changeDataFeed\",\"generatedColumns\",\"columnMapping\",\"deletionVectors\"]"},
        {LEGACY(2, 6), "delta.feature.domainMetadata", "supported",
         "\"minReaderVersion\":2,\"minWriterVersion\":7,\"writerFeatures\":[\"appendOnly\","
         "\"invariants\",\"checkConstraints\",\"changeDataFeed\",\"generatedColumns\","
         "\"columnMapping\",\"identityColumns\",\"domainMetadata\"]"},
        {LEGACY(1, 2), "delta.feature.clustering", "supported",
         "\"writerFeatures\":[\"appendOnly\",\"invariants\",\"domainMetadata\",\"clustering\"]"},
        {LEGACY(1, 2), "delta.minWriterVersion", "4",
         "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":4}}"},
        {LEGACY(1, 2), "delta.minReaderVersion", "2",
         "{\"protocol\":{\"minReaderVersion\":2,\"minWriterVersion\":5}}"},
        {LEGACY(1, 4), "delta.minWriterVersion", "2", NULL},
        {LISTED("\"appendOnly\""), "delta.enableTypeWidening", "true",
         "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"typeWidening\"],"
         "\"writerFeatures\":[\"appendOnly\",\"typeWidening\"]}"},
        {BOTH_LISTED("\"typeWidening-preview\"", "\"typeWidening-preview\""),
         "delta.enableTypeWidening", "true", NULL},
        {LISTED("\"changeDataFeed\""), "delta.enableChangeDataFeed", "true", NULL},
        {LEGACY(1, 1), "delta.appendOnly", "true",
         "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}"},
    };
    table_fixture *f = *state;
    char lines[2048];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t version = 0;
        dw_txn *txn;
        (void)snprintf(lines, sizeof(lines), "%s%s", cases[i].before,
                       METADATA(COLUMN("id", "long", true, ""), ""));
        for (int64_t v = 1; v < 4; v++) {
            char key[64];
            (void)snprintf(key, sizeof(key), "t/_delta_log/%020lld.json", (long long)v);
            (void)dwi_store_remove(f->store, key, NULL);
        }
        open_lines(f, lines);
        txn = begin_txn(f, 0);
        DWT_OK(dw_txn_set_property(txn, cases[i].key, cases[i].value, &f->err), &f->err);
        DWT_OK(end_txn(f, txn, &version), &f->err);
        if (cases[i].protocol != NULL)
            assert_has(version_text(f, version), cases[i].protocol);
        else if (version > 0)
            assert_has_not(version_text(f, version), "\"protocol\"");
        /* a request is not kept as a property */
        if (version > 0)
            assert_has_not(version_text(f, version), "configuration\":{\"delta.feature");
    }
}

static void what_the_table_could_not_be_given_is_refused_at_the_commit(void **state)
{
    static const struct {
        const char *key;
        const char *value;
        const char *message;
    } cases[] = {
        {"delta.enableRowTracking", "true", "files that are in the table would need row ids"},
        {"delta.enableIcebergCompatV2", "true", "feature icebergCompatV2 is not supported"},
        {"delta.columnMapping.mode", "id", "from none to name only"},
        {"delta.feature.appendOnly", NULL, "taking a feature from a table"},
        {"delta.feature.catalogManaged", "supported", "delta.feature.catalogManaged"},
        {"delta.feature.nonsense", "supported", "delta.feature.nonsense is not supported"},
        {"delta.minWriterVersion", "8", "ours is 7"},
    };
    table_fixture *f = *state;

    open_lines(f, PLAIN);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        DWT_ERR(set(f, cases[i].key, cases[i].value), &f->err, DW_E_UNSUPPORTED, cases[i].message);
    DWT_EQ(dw_table_version(f->table), 0);
}

static void time_that_commits_keep_is_noted_since_when(void **state)
{
    table_fixture *f = *state;
    const char *text;

    open_lines(f, PLAIN);
    DWT_OK(append_ndjson(f, "{\"id\":1}"), &f->err);
    f->env.now_us -= 5000000; /* a clock behind the one that dated the file */
    DWT_OK(set(f, "delta.enableInCommitTimestamps", "true"), &f->err);
    text = version_text(f, 2);
    assert_has(text, "{\"commitInfo\":{\"inCommitTimestamp\":1767225600001,");
    assert_has(text, "\"delta.inCommitTimestampEnablementVersion\":\"2\","
                     "\"delta.inCommitTimestampEnablementTimestamp\":\"1767225600001\"");
    assert_has(text, "\"writerFeatures\":[\"appendOnly\",\"invariants\",\"inCommitTimestamp\"]");
    DWT_OK(append_ndjson(f, "{\"id\":2}"), &f->err);
    assert_has(version_text(f, 3), "{\"commitInfo\":{\"inCommitTimestamp\":1767225600002,");
    open_table(f);
    DWT_OK(append_ndjson(f, "{\"id\":3}"), &f->err);
    assert_has(version_text(f, 4), "{\"commitInfo\":{\"inCommitTimestamp\":1767225600003,");
}

static void properties_go_with_rows_and_new_columns_in_one_commit(void **state)
{
    table_fixture *f = *state;
    dw_bytes rows = {"{\"id\":1,\"extra\":\"x\"}", 20};
    const char *text;
    dw_txn *txn;

    open_lines(f, PLAIN);
    txn = begin_txn(f, DW_TXN_ADD_COLUMNS);
    DWT_OK(dw_append_ndjson(txn, rows, NULL, NULL, &f->err), &f->err);
    DWT_OK(dw_txn_set_property(txn, "own", "2", &f->err), &f->err);
    DWT_OK(dw_txn_set_property(txn, "own", "3", &f->err), &f->err);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    text = version_text(f, 1);
    assert_has(text, "\"operation\":\"WRITE\"");
    assert_has(text, "\\\"name\\\":\\\"extra\\\"");
    assert_has(text, "\"configuration\":{\"own\":\"3\"}");
    assert_has(text, "\"add\":{");
}

static void a_change_of_metadata_by_somebody_else_is_a_conflict(void **state)
{
    table_fixture *f = *state;
    dw_txn *txn;

    open_lines(f, PLAIN);
    txn = begin_txn(f, 0);
    DWT_OK(dw_txn_set_property(txn, "own", "2", &f->err), &f->err);
    put_version(f, 1,
                "{\"commitInfo\":{}}\n" METADATA(COLUMN("id", "long", true, ""), "\"own\":\"7\""));
    DWT_ERR(end_txn(f, txn, NULL), &f->err, DW_E_CONFLICT, "version 1");
}

static void only_one_of_two_joined_transactions_may_change_properties(void **state)
{
    table_fixture *f = *state;
    dw_txn *a;
    dw_txn *b;

    open_lines(f, PLAIN);
    a = begin_txn(f, 0);
    b = begin_txn(f, 0);
    DWT_OK(dw_txn_set_property(b, "own", "2", &f->err), &f->err);
    DWT_ERR(dw_txn_join(a, b, &f->err), &f->err, DW_E_ARG, "changes properties");
    DWT_OK(dw_txn_join(b, a, &f->err), &f->err);
    dw_txn_close(a);
    DWT_OK(end_txn(f, b, NULL), &f->err);
    assert_has(version_text(f, 1), "\"own\":\"2\"");
}

static void writers_are_warned_once_of_manifests_and_foreign_log_stores(void **state)
{
    table_fixture *f = *state;
    const char *first;
    dw_bytes body = {"x", 1};

    open_lines(f, LEGACY(1, 2) METADATA(COLUMN("id", "long", true, ""),
                                        "\"delta.compatibility.symlinkFormatManifest.enabled\":"
                                        "\"true\""));
    DWT_OK(dwi_store_put(f->store, "t/_delta_log/.tmp/00000000000000000001.json.8e1f", body,
                         DW_PUT_OVERWRITE, &f->err),
           &f->err);
    DWT_OK(append_ndjson(f, "{\"id\":1}"), &f->err);
    DWT_OK(append_ndjson(f, "{\"id\":2}"), &f->err);
    first = strstr(f->warnings, "symlinkFormatManifest.enabled: the manifest is not written anew");
    assert_non_null(first);
    assert_null(strstr(first + 1, "symlinkFormatManifest"));
    assert_has(f->warnings, "_delta_log/.tmp/ holds commits of a log store");
    f->warnings[0] = '\0';
    open_lines(f, PLAIN);
    (void)dwi_store_remove(f->store, "t/_delta_log/.tmp/00000000000000000001.json.8e1f", NULL);
    DWT_OK(append_ndjson(f, "{\"id\":1}"), &f->err);
    DWT_STR(f->warnings, "");
}

static void data_files_are_compressed_as_the_table_says(void **state)
{
    static const struct {
        const char *codec;
        const char *suffix;
        int id;
    } cases[] = {
        {"snappy", "-c000.snappy.parquet", DWI_CODEC_SNAPPY},
        {"GZIP", "-c000.gz.parquet", DWI_CODEC_GZIP},
        {"brotli", "-c000.br.parquet", DWI_CODEC_BROTLI},
        {"lz4_raw", "-c000.lz4raw.parquet", DWI_CODEC_LZ4_RAW},
        {"zstd", "-c000.zstd.parquet", DWI_CODEC_ZSTD},
        {"none", "-c000.parquet", DWI_CODEC_UNCOMPRESSED},
        {"uncompressed", "-c000.parquet", DWI_CODEC_UNCOMPRESSED},
        {"of the future", "-c000.zstd.parquet", DWI_CODEC_ZSTD},
    };
    table_fixture *f = *state;
    char lines[1024];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)dwi_store_remove(f->store, "t/_delta_log/00000000000000000001.json", NULL);
        (void)snprintf(
            lines, sizeof(lines),
            "%s{\"metaData\":{\"id\":\"i\",\"format\":{\"provider\":"
            "\"parquet\",\"options\":{}},\"schemaString\":\"{\\\"type\\\":\\\"struct\\\","
            "\\\"fields\\\":[%s]}\",\"partitionColumns\":[],\"configuration\":{"
            "\"delta.parquet.compression.codec\":\"%s\"}}}\n",
            LEGACY(1, 2), COLUMN("id", "long", true, ""), cases[i].codec);
        open_lines(f, lines);
        DWT_OK(append_ndjson(f, "{\"id\":1}"), &f->err);
        assert_has(version_text(f, 1),
                   dwi_codec_available(cases[i].id) ? cases[i].suffix : "-c000.zstd.parquet");
    }
}

static void data_files_end_at_the_tables_target_size(void **state)
{
    table_fixture *f = *state;
    char record[256];
    dw_txn_stats stats = DW_TXN_STATS_INIT;
    dw_txn *txn;

    open_lines(f, LEGACY(1, 2) METADATA(COLUMN("id", "string", true, ""),
                                        "\"delta.targetFileSize\":\"64kb\","
                                        "\"delta.parquet.compression.codec\":\"uncompressed\""));
    txn = begin_txn(f, 0);
    for (int i = 0; i < 200000; i++) {
        dw_bytes bytes = {record, 0};
        bytes.len = (size_t)snprintf(record, sizeof(record), "{\"id\":\"row %d\"}", i);
        DWT_OK(dw_append_json(txn, &bytes, 1, NULL, NULL, &f->err), &f->err);
    }
    DWT_OK(dw_txn_get_stats(txn, &stats, &f->err), &f->err);
    assert_true(stats.files >= 3);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
}

static dw_status sweep(const dw_allocator *alloc, void *ctx)
{
    table_fixture *f = ctx;
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    dw_table *table = NULL;
    dw_txn *txn = NULL;
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    put_version(f, 0, PLAIN);
    (void)dwi_store_remove(f->store, "t/_delta_log/00000000000000000001.json", NULL);
    options.allocator = alloc;
    status = dw_table_open(f->store, "t", &options, &table, &err);
    if (status == DW_OK)
        status = dw_begin(table, NULL, &txn, &err);
    if (status == DW_OK)
        status = dw_txn_set_property(txn, "delta.enableInCommitTimestamps", "true", &err);
    if (status == DW_OK)
        status = dw_txn_set_property(txn, "delta.columnMapping.mode", "none", &err);
    if (status == DW_OK)
        status = dw_txn_set_property(txn, "delta.feature.rowTracking", "supported", &err);
    if (status == DW_OK)
        status = dw_commit(txn, NULL, &err);
    if (status == DW_OK && dw_table_version(table) == 0)
        status = DW_E_NOMEM; /* the commit is there, but the handle could not follow */
    dw_txn_close(txn);
    dw_table_close(table);
    return status;
}

static void running_out_of_memory_leaves_nothing_behind(void **state)
{
    dwt_alloc_sweep(sweep, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(a_property_is_set_and_unset_and_everything_else_stays),
        TABLE_TEST(a_change_that_changes_nothing_makes_no_version),
        TABLE_TEST(values_are_checked_when_they_are_given),
        TABLE_TEST(a_property_raises_the_protocol_and_lists_what_the_old_version_implied),
        TABLE_TEST(what_the_table_could_not_be_given_is_refused_at_the_commit),
        TABLE_TEST(time_that_commits_keep_is_noted_since_when),
        TABLE_TEST(properties_go_with_rows_and_new_columns_in_one_commit),
        TABLE_TEST(a_change_of_metadata_by_somebody_else_is_a_conflict),
        TABLE_TEST(only_one_of_two_joined_transactions_may_change_properties),
        TABLE_TEST(writers_are_warned_once_of_manifests_and_foreign_log_stores),
        TABLE_TEST(data_files_are_compressed_as_the_table_says),
        TABLE_TEST(data_files_end_at_the_tables_target_size),
        TABLE_TEST(running_out_of_memory_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
