/* SPDX-License-Identifier: Apache-2.0 */
#include "log_fixture.h"

#include "delta/features.h"
#include "delta/properties.h"

#define PROTOCOL_7(features)                                                                       \
    "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":[" features   \
    "]}}\n"
#define PROTOCOL_3_7(features)                                                                     \
    "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[" features   \
    "],\"writerFeatures\":[" features "]}}\n"
#define LEGACY(reader, writer)                                                                     \
    "{\"protocol\":{\"minReaderVersion\":" #reader ",\"minWriterVersion\":" #writer "}}\n"
#define METADATA_OF(fields, partitions, configuration)                                             \
    "{\"metaData\":{\"id\":\"i\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"            \
    "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[" fields "]}\","              \
    "\"partitionColumns\":[" partitions "],\"configuration\":{" configuration "}}}\n"
#define COLUMN_WITH(metadata)                                                                      \
    "{\\\"name\\\":\\\"a\\\",\\\"type\\\":\\\"long\\\",\\\"nullable\\\":false,\\\"metadata\\\":"   \
    "{" metadata "}}"
#define PLAIN_COLUMN COLUMN_WITH("")
#define LIST_COLUMN                                                                                \
    "{\\\"name\\\":\\\"l\\\",\\\"type\\\":{\\\"type\\\":\\\"array\\\",\\\"elementType\\\":"        \
    "\\\"long\\\",\\\"containsNull\\\":true},\\\"nullable\\\":true,\\\"metadata\\\":{}}"

static dw_status check_append(fixture *f, const char *commit)
{
    dwi_state *state = NULL;
    dw_status status;

    put_commit_text(f, 0, commit);
    DWT_OK(dwi_state_load(&f->log, -1, &state, &f->err), &f->err);
    status = dwi_features_check_append(state, &f->err);
    dwi_state_unref(state);
    return status;
}

static void tables_are_appended_to_when_nothing_binds_us(void **state)
{
    static const char *const commits[] = {
        LEGACY(1, 1) METADATA_OF(PLAIN_COLUMN, "", ""),
        LEGACY(1, 2) METADATA_OF(PLAIN_COLUMN, "", "\"delta.appendOnly\":\"true\""),
        LEGACY(1, 4) METADATA_OF(PLAIN_COLUMN, "", "\"delta.enableChangeDataFeed\":\"true\""),
        LEGACY(2, 6) METADATA_OF(PLAIN_COLUMN, "", "\"delta.columnMapping.mode\":\"none\""),
        LEGACY(2, 5) METADATA_OF(PLAIN_COLUMN, "", "\"delta.columnMapping.mode\":\"name\""),
        LEGACY(2, 5) METADATA_OF(PLAIN_COLUMN, "", "\"delta.columnMapping.mode\":\"id\""),
        LEGACY(1, 2) METADATA_OF(PLAIN_COLUMN, "\"A\"", ""),
        PROTOCOL_7("\"appendOnly\",\"invariants\",\"checkConstraints\",\"identityColumns\","
                   "\"generatedColumns\",\"allowColumnDefaults\",\"domainMetadata\","
                   "\"icebergCompatV1\",\"checkpointProtection\",\"inCommitTimestamp\"")
            METADATA_OF(PLAIN_COLUMN, "", ""),
        PROTOCOL_3_7("\"deletionVectors\",\"timestampNtz\",\"v2Checkpoint\",\"columnMapping\","
                     "\"vacuumProtocolCheck\",\"typeWidening\",\"variantType\"")
            METADATA_OF(PLAIN_COLUMN, "", "\"delta.enableDeletionVectors\":\"true\""),
    };

    for (size_t i = 0; i < sizeof(commits) / sizeof(commits[0]); i++) {
        fixture *f = *state;
        DWT_OK(check_append(f, commits[i]), &f->err);
    }
}

static void what_binds_us_beyond_our_means_is_refused_by_name(void **state)
{
    static const struct {
        const char *commit;
        const char *message;
    } cases[] = {
        {LEGACY(1, 8) METADATA_OF(PLAIN_COLUMN, "", ""), "minWriterVersion 8"},
        {PROTOCOL_7("\"appendOnly\",\"quantumRows\"") METADATA_OF(PLAIN_COLUMN, "", ""),
         "writer feature quantumRows"},
        {PROTOCOL_7("\"collations\",\"domainMetadata\"") METADATA_OF(PLAIN_COLUMN, "", ""),
         "writer feature collations"},
        {PROTOCOL_7("\"icebergWriterCompatV1\"") METADATA_OF(PLAIN_COLUMN, "", ""),
         "writer feature icebergWriterCompatV1"},
        {PROTOCOL_7("\"coordinatedCommits-preview\"") METADATA_OF(PLAIN_COLUMN, "", ""),
         "writer feature coordinatedCommits-preview"},
        {LEGACY(1, 2) METADATA_OF(COLUMN_WITH("\\\"delta.invariants\\\":\\\"x\\\""), "", ""),
         "feature invariants is not supported, and the table uses it (a)"},
        {LEGACY(1, 3)
             METADATA_OF(PLAIN_COLUMN, "", "\"delta.constraints.positive\":\"abs(a) > 0\""),
         "checkConstraints is not supported, and the table uses it (delta.constraints.positive)"},
        {LEGACY(1, 4)
             METADATA_OF(COLUMN_WITH("\\\"delta.generationExpression\\\":\\\"1\\\""), "", ""),
         "generatedColumns"},
        {LEGACY(1, 6) METADATA_OF(COLUMN_WITH("\\\"delta.identity.start\\\":1"), "", ""),
         "identityColumns"},
        {LEGACY(2, 5) METADATA_OF(PLAIN_COLUMN, "", "\"delta.columnMapping.mode\":\"guess\""),
         "delta.columnMapping.mode: guess"},
        {PROTOCOL_7("\"icebergCompatV2\"")
             METADATA_OF(PLAIN_COLUMN, "", "\"delta.enableIcebergCompatV2\":\"true\""),
         "icebergCompatV2"},
        {LEGACY(1, 2) METADATA_OF(LIST_COLUMN, "\"l\"", ""), "partition column l: type array"},
        {LEGACY(1, 2) METADATA_OF(PLAIN_COLUMN, "",
                                  "\"delta.coordinatedCommits.commitCoordinator-preview\":\"x\""),
         "delta.coordinatedCommits.commitCoordinator-preview"},
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        DWT_ERR(check_append(f, cases[i].commit), &f->err, DW_E_UNSUPPORTED, cases[i].message);
}

static void legacy_versions_imply_features(void **state)
{
    const dwi_protocol legacy = {.min_reader_version = 1, .min_writer_version = 4};
    const dwi_sv names[] = {DWI_SV("changeDataFeed")};
    const dwi_protocol listed = {.min_reader_version = 1,
                                 .min_writer_version = 7,
                                 .has_writer_features = true,
                                 .writer_features = {1, names}};

    (void)state;
    assert_true(dwi_features_has_writer(&legacy, "appendOnly"));
    assert_true(dwi_features_has_writer(&legacy, "changeDataFeed"));
    assert_false(dwi_features_has_writer(&legacy, "columnMapping"));
    assert_false(dwi_features_has_writer(&legacy, "deletionVectors"));
    assert_true(dwi_features_has_writer(&listed, "changeDataFeed"));
    assert_false(dwi_features_has_writer(&listed, "appendOnly"));
}

static dw_status protocol_for(fixture *f, const char *type, size_t n, const dwi_kv *properties,
                              dwi_protocol *out)
{
    dwi_schema *schema = NULL;
    dw_status status;
    char json[256];

    (void)snprintf(json, sizeof(json),
                   "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"%s\","
                   "\"nullable\":true,\"metadata\":{}}]}",
                   type);
    DWT_OK(dwi_schema_parse(&f->alloc.base, dwi_sv_cstr(json), &schema, &f->err), &f->err);
    status =
        dwi_features_for_new_table(&f->arena, schema->root, (dwi_kvs){n, properties}, out, &f->err);
    dwi_schema_unref(schema);
    return status;
}

static void a_new_table_gets_the_lowest_protocol(void **state)
{
    const dwi_kv feed = {DWI_SV("delta.enableChangeDataFeed"), DWI_SV("true")};
    const dwi_kv requests[] = {{DWI_SV("delta.feature.deletionVectors"), DWI_SV("supported")},
                               {DWI_SV("my.own"), DWI_SV("x")}};
    fixture *f = *state;
    dwi_protocol p;

    DWT_OK(protocol_for(f, "long", 0, NULL, &p), &f->err);
    DWT_EQ(p.min_reader_version, 1);
    DWT_EQ(p.min_writer_version, 2);
    assert_false(p.has_writer_features);
    DWT_OK(protocol_for(f, "long", 1, &feed, &p), &f->err);
    DWT_EQ(p.min_reader_version, 1);
    DWT_EQ(p.min_writer_version, 7);
    DWT_EQ(p.writer_features.count, 3);
    assert_true(dwi_features_has_writer(&p, "changeDataFeed"));
    assert_true(dwi_features_has_writer(&p, "invariants"));
    DWT_OK(protocol_for(f, "timestamp_ntz", 2, requests, &p), &f->err);
    DWT_EQ(p.min_reader_version, 3);
    DWT_EQ(p.reader_features.count, 2);
    assert_true(dwi_features_has_writer(&p, "timestampNtz"));
    assert_true(dwi_features_is_request(requests[0].key));
    assert_false(dwi_features_is_request(requests[1].key));
}

static void a_new_table_that_we_could_not_write_is_refused(void **state)
{
    static const struct {
        const char *key;
        const char *value;
        dw_status code;
        const char *message;
    } cases[] = {
        {"delta.columnMapping.mode", "guess", DW_E_UNSUPPORTED, "columnMapping"},
        {"delta.enableIcebergCompatV1", "true", DW_E_UNSUPPORTED, "icebergCompatV1"},
        {"delta.feature.collations", "supported", DW_E_UNSUPPORTED, "delta.feature.collations"},
        {"delta.minWriterVersion", "8", DW_E_UNSUPPORTED, "delta.minWriterVersion: 8"},
        {"delta.minReaderVersion", "x", DW_E_ARG, "delta.minReaderVersion: \"x\""},
        {"delta.feature.nonsense", "supported", DW_E_UNSUPPORTED, "delta.feature.nonsense"},
        {"delta.feature.appendOnly", "maybe", DW_E_ARG, "\"maybe\" is not \"supported\""},
        {"delta.constraints.c", "a > 0", DW_E_UNSUPPORTED, "delta.constraints"},
        {"delta.appendOnly", "yes", DW_E_ARG, "delta.appendOnly: \"yes\" is not true or false"},
        {"delta.checkpointInterval", "0", DW_E_ARG, "delta.checkpointInterval: 0 is below 1"},
        {"delta.logRetentionDuration", "7", DW_E_ARG, "\"7\" is not an interval"},
        {"delta.logRetentionDuration", "interval 1 month", DW_E_ARG, "is not an interval"},
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const dwi_kv property = {dwi_sv_cstr(cases[i].key), dwi_sv_cstr(cases[i].value)};
        dwi_protocol p;
        DWT_ERR(protocol_for(f, "long", 1, &property, &p), &f->err, cases[i].code,
                cases[i].message);
    }
}

static void intervals_are_read_as_spark_reads_them(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"interval 1 week", INT64_C(604800000)},
        {"30 days", INT64_C(2592000000)},
        {"INTERVAL 1 Day 2 hours", INT64_C(93600000)},
        {"interval 1500 microseconds", 1},
        {"interval 0 seconds", 0},
    };
    dw_error err = DW_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const dwi_kv property = {DWI_SV("delta.logRetentionDuration"), dwi_sv_cstr(cases[i].text)};
        int64_t ms = -1;
        DWT_OK(
            dwi_property_interval((dwi_kvs){1, &property}, "DELTA.logRetentionDuration", &ms, &err),
            &err);
        assert_true(ms == cases[i].ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(tables_are_appended_to_when_nothing_binds_us),
        FIXTURE_TEST(what_binds_us_beyond_our_means_is_refused_by_name),
        cmocka_unit_test(legacy_versions_imply_features),
        FIXTURE_TEST(a_new_table_gets_the_lowest_protocol),
        FIXTURE_TEST(a_new_table_that_we_could_not_write_is_refused),
        cmocka_unit_test(intervals_are_read_as_spark_reads_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
