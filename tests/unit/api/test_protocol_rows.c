/* SPDX-License-Identifier: Apache-2.0 */
/* One row for each table feature and legacy version of the protocol, listed alone and in use: what
 * an append does to such a table. */
#include "table_fixture.h"

#define LONG                   COLUMN("id", "long", true, "")
#define OFF                    METADATA(LONG, "")
#define WITH(column, metadata) METADATA(LONG "," COLUMN("x", column, true, metadata), "")
#define ON(properties)         METADATA(LONG, properties)
#define W(feature)             LISTED("\"" feature "\"")
#define RW(feature)            BOTH_LISTED("\"" feature "\"", "\"" feature "\"")

typedef struct row {
    const char *name;
    const char *lines;
    const char *refusal; /* NULL: appended */
    const char *commit;  /* what the commit has then, NULL: nothing special */
} row;

static const row rows[] = {
    {"legacy 1", LEGACY(1, 1) OFF, NULL, NULL},
    {"legacy 2", LEGACY(1, 2) ON("\"delta.appendOnly\":\"true\""), NULL, NULL},
    {"legacy 2, invariants", LEGACY(1, 2) WITH("long", "\\\"delta.invariants\\\":\\\"{}\\\""),
     "feature invariants", NULL},
    {"legacy 3", LEGACY(1, 3) OFF, NULL, NULL},
    {"legacy 3, a constraint", LEGACY(1, 3) ON("\"delta.constraints.c\":\"id > 0\""), NULL, NULL},
    {"legacy 3, a constraint that calls a function",
     LEGACY(1, 3) ON("\"delta.constraints.c\":\"abs(id) > 0\""), "feature checkConstraints", NULL},
    {"legacy 4", LEGACY(1, 4) ON("\"delta.enableChangeDataFeed\":\"true\""), NULL, NULL},
    {"legacy 4, a generated column",
     LEGACY(1, 4) WITH("long", "\\\"delta.generationExpression\\\":\\\"id\\\""),
     "feature generatedColumns", NULL},
    {"legacy 5", LEGACY(2, 5) OFF, NULL, NULL},
    {"legacy 5, mapped",
     LEGACY(2, 5) METADATA(COLUMN("id", "long", true,
                                  "\\\"delta.columnMapping.id\\\":1,"
                                  "\\\"delta.columnMapping.physicalName\\\":\\\"col-1\\\""),
                           "\"delta.columnMapping.mode\":\"name\","
                           "\"delta.columnMapping.maxColumnId\":\"1\""),
     NULL, "\\\"minValues\\\":{\\\"col-1\\\":1}"},
    {"legacy 6", LEGACY(2, 6) OFF, NULL, NULL},
    {"legacy 6, identity", LEGACY(2, 6) WITH("long", "\\\"delta.identity.start\\\":1"),
     "feature identityColumns", NULL},
    {"writer 8", LEGACY(1, 8) OFF, "minWriterVersion 8", NULL},
    {"appendOnly", W("appendOnly") ON("\"delta.appendOnly\":\"true\""), NULL, NULL},
    {"invariants", W("invariants") OFF, NULL, NULL},
    {"checkConstraints", W("checkConstraints") OFF, NULL, NULL},
    {"generatedColumns", W("generatedColumns") OFF, NULL, NULL},
    {"allowColumnDefaults", W("allowColumnDefaults") WITH("long", DEFAULT("7")), NULL,
     "\\\"minValues\\\":{\\\"id\\\":1,\\\"x\\\":7}"},
    {"allowColumnDefaults, no literal", W("allowColumnDefaults") WITH("long", DEFAULT("rand()")),
     "feature allowColumnDefaults: the default of column x, rand()", NULL},
    {"identityColumns", W("identityColumns") OFF, NULL, NULL},
    {"changeDataFeed", W("changeDataFeed") ON("\"delta.enableChangeDataFeed\":\"true\""), NULL,
     NULL},
    {"columnMapping", RW("columnMapping") OFF, NULL, NULL},
    {"deletionVectors", RW("deletionVectors") ON("\"delta.enableDeletionVectors\":\"true\""), NULL,
     "\\\"tightBounds\\\":true"},
    {"timestampNtz", RW("timestampNtz") WITH("timestamp_ntz", ""), NULL,
     "\\\"nullCount\\\":{\\\"id\\\":0,\\\"x\\\":1}"},
    {"timestampWithoutTimezone", RW("timestampWithoutTimezone") WITH("timestamp_ntz", ""), NULL,
     NULL},
    {"rowTracking",
     LISTED("\"rowTracking\",\"domainMetadata\"") ON("\"delta.enableRowTracking\":\"true\""), NULL,
     "\"baseRowId\":0,\"defaultRowCommitVersion\":1"},
    {"rowTracking, suspended",
     LISTED("\"rowTracking\",\"domainMetadata\"") ON("\"delta.rowTrackingSuspended\":\"true\""),
     NULL, "\"dataChange\":true,\"stats\""},
    {"domainMetadata", W("domainMetadata") OFF DOMAIN("somebody's", "{}"), NULL, NULL},
    {"v2Checkpoint", RW("v2Checkpoint") ON("\"delta.checkpointPolicy\":\"v2\""), NULL, NULL},
    {"inCommitTimestamp", W("inCommitTimestamp") ON("\"delta.enableInCommitTimestamps\":\"true\""),
     NULL, "{\"commitInfo\":{\"inCommitTimestamp\":"},
    {"clustering",
     LISTED("\"clustering\",\"domainMetadata\"")
         METADATA(LONG, "\"delta.dataSkippingNumIndexedCols\":\"0\"")
             DOMAIN("delta.clustering", "{\\\"clusteringColumns\\\":[[\\\"id\\\"]]}"),
     NULL, "\\\"minValues\\\":{\\\"id\\\":1}"},
    {"vacuumProtocolCheck", RW("vacuumProtocolCheck") OFF, NULL, NULL},
    {"typeWidening",
     RW("typeWidening") WITH("integer", "\\\"delta.typeChanges\\\":[{\\\"fromType\\\":"
                                        "\\\"short\\\",\\\"toType\\\":\\\"integer\\\"}]"),
     NULL, NULL},
    {"typeWidening-preview", RW("typeWidening-preview") OFF, NULL, NULL},
    {"variantType", RW("variantType") WITH("variant", ""), NULL,
     "\\\"nullCount\\\":{\\\"id\\\":0,\\\"x\\\":1}"},
    {"variantType-preview", RW("variantType-preview") WITH("variant", ""), NULL, NULL},
    {"variantShredding", RW("variantShredding") ON("\"delta.enableVariantShredding\":\"true\""),
     NULL, NULL},
    {"icebergCompatV1", W("icebergCompatV1") OFF, NULL, NULL},
    {"icebergCompatV1, in use", W("icebergCompatV1") ON("\"delta.enableIcebergCompatV1\":\"true\""),
     "feature icebergCompatV1", NULL},
    {"icebergCompatV2", W("icebergCompatV2") OFF, NULL, NULL},
    {"icebergCompatV2, in use", W("icebergCompatV2") ON("\"delta.enableIcebergCompatV2\":\"true\""),
     "feature icebergCompatV2", NULL},
    {"icebergCompatV3", W("icebergCompatV3") OFF, NULL, NULL},
    {"icebergCompatV3, in use", W("icebergCompatV3") ON("\"delta.enableIcebergCompatV3\":\"true\""),
     "feature icebergCompatV3", NULL},
    {"icebergWriterCompatV1", W("icebergWriterCompatV1") OFF,
     "writer feature icebergWriterCompatV1", NULL},
    {"coordinatedCommits-preview", W("coordinatedCommits-preview") OFF,
     "writer feature coordinatedCommits-preview", NULL},
    {"coordinated by a property",
     LEGACY(1, 2) ON("\"delta.coordinatedCommits.commitCoordinator-preview\":\"x\""),
     "property delta.coordinatedCommits.commitCoordinator-preview", NULL},
    {"universal format", LEGACY(1, 2) ON("\"delta.universalFormat.enabledFormats\":\"iceberg\""),
     "property delta.universalFormat.enabledFormats", NULL},
    {"checkpointProtection",
     W("checkpointProtection") ON("\"delta.requireCheckpointProtectionBeforeVersion\":\"3\""), NULL,
     NULL},
    {"materializePartitionColumns", W("materializePartitionColumns") OFF, NULL, NULL},
    {"collations", LISTED("\"collations\",\"domainMetadata\"") OFF, "writer feature collations",
     NULL},
    {"redirectWriterOnly-preview", W("redirectWriterOnly-preview") OFF,
     "writer feature redirectWriterOnly-preview", NULL},
    {"columnMappingUsageTracking", W("columnMappingUsageTracking") OFF,
     "writer feature columnMappingUsageTracking", NULL},
    {"an unknown one", W("quantumRows") OFF, "writer feature quantumRows", NULL},
    {"void", LEGACY(1, 2) WITH("void", ""), NULL, "\\\"nullCount\\\":{\\\"id\\\":0}"},
    {"an array of void",
     LEGACY(1, 2) METADATA(LONG ",{\\\"name\\\":\\\"x\\\",\\\"type\\\":{\\\"type\\\":\\\"array\\\","
                                "\\\"elementType\\\":\\\"void\\\",\\\"containsNull\\\":true},"
                                "\\\"nullable\\\":true,\\\"metadata\\\":{}}",
                           ""),
     "column x: an array or map of type void", NULL},
    {"a struct of void",
     LEGACY(1, 2) METADATA(
         LONG ",{\\\"name\\\":\\\"x\\\",\\\"type\\\":{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":"
              "[" COLUMN("v", "void", true, "") "]},\\\"nullable\\\":true,\\\"metadata\\\":{}}",
         ""),
     "column x: a struct of nothing but type void", NULL},
};

static dw_status count_object(void *ctx, const dw_object *object, dw_error *err)
{
    (void)object;
    (void)err;
    ++*(int *)ctx;
    return DW_OK;
}

static void an_append_does_what_each_feature_asks_or_is_refused_by_name(void **state)
{
    table_fixture *f = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int before = 0;
        int after = 0;
        (void)dwi_store_remove(f->store, "t/_delta_log/00000000000000000001.json", NULL);
        print_message("# %s\n", rows[i].name);
        open_lines(f, rows[i].lines);
        DWT_OK(dwi_store_list(f->store, "t/", NULL, count_object, &before, &f->err), &f->err);
        if (rows[i].refusal == NULL) {
            DWT_OK(append_ndjson(f, "{\"id\":1}"), &f->err);
            if (rows[i].commit != NULL)
                assert_has(version_text(f, 1), rows[i].commit);
            continue;
        }
        DWT_ERR(append_ndjson(f, "{\"id\":1}"), &f->err, DW_E_UNSUPPORTED, rows[i].refusal);
        DWT_OK(dwi_store_list(f->store, "t/", NULL, count_object, &after, &f->err), &f->err);
        DWT_EQ(after, before); /* nothing was written */
    }
}

static void readers_must_know_what_binds_readers(void **state)
{
    static const struct {
        const char *lines;
        const char *message;
    } cases[] = {
        {RW("catalogManaged") OFF, "reader feature catalogManaged"},
        {RW("unheardOf") OFF, "reader feature unheardOf"},
        {LEGACY(4, 7) OFF, "minReaderVersion 4"},
        {LEGACY(1, 2) WITH("interval year to month", ""), "unknown type interval year to month"},
        {LEGACY(1, 2) WITH("geometry(OGC:CRS84)", ""), "unknown type geometry"},
    };
    table_fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dw_table *table = NULL;
        put_version(f, 0, cases[i].lines);
        DWT_ERR(dw_table_open(f->store, "t", NULL, &table, &f->err), &f->err, DW_E_UNSUPPORTED,
                cases[i].message);
    }
}

static void redirected_tables_are_neither_read_nor_written(void **state)
{
    table_fixture *f = *state;
    struct ArrowArrayStream stream = {0};
    dw_snapshot *snapshot = NULL;

    open_lines(f, RW("redirectReaderWriter-preview") OFF);
    DWT_ERR(append_ndjson(f, "{\"id\":1}"), &f->err, DW_E_UNSUPPORTED,
            "feature redirectReaderWriter-preview");
    DWT_OK(dw_snapshot_open(f->table, -1, &snapshot, &f->err), &f->err);
    DWT_ERR(dw_snapshot_scan(snapshot, NULL, &stream, &f->err), &f->err, DW_E_UNSUPPORTED,
            "redirectReaderWriter-preview");
    dw_snapshot_close(snapshot);
}

static void domains_of_others_survive_appends_and_checkpoints(void **state)
{
    table_fixture *f = *state;
    int64_t version = -1;

    open_lines(f, W("domainMetadata") OFF DOMAIN("somebody's", "{\\\"k\\\":1}"));
    DWT_OK(append_ndjson(f, "{\"id\":1}"), &f->err);
    assert_has_not(version_text(f, 1), "somebody's");
    DWT_OK(dw_checkpoint(f->table, &version, &f->err), &f->err);
    (void)dwi_store_remove(f->store, "t/_delta_log/00000000000000000000.json", NULL);
    open_table(f);
    DWT_OK(append_ndjson(f, "{\"id\":2}"), &f->err);
    DWT_EQ(dw_table_version(f->table), 2);
}

/* One append to a table with much to heed. */
static dw_status sweep(const dw_allocator *alloc, void *ctx)
{
    static const char record[] =
        "{\"id\":1,\"r\":1,\"v\":{\"metadata\":\"AQAA\",\"value\":\"DAE=\"}}";
    const dw_bytes bytes = {record, sizeof(record) - 1};
    table_fixture *f = ctx;
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    dw_table *table = NULL;
    dw_txn *txn = NULL;
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    put_version(f, 0,
                BOTH_LISTED("\"variantType\"", "\"variantType\",\"rowTracking\",\"domainMetadata\","
                                               "\"clustering\",\"allowColumnDefaults\"")
                    METADATA(LONG "," COLUMN("v", "variant", true, "") "," COLUMN(
                                 "d", "string", true, DEFAULT("'x'")) "," COLUMN("r", "long", true,
                                                                                 DEFAULT("rand()")),
                             "\"delta.enableRowTracking\":\"true\"")
                        DOMAIN("delta.rowTracking", "{\\\"rowIdHighWaterMark\\\":4}") DOMAIN(
                            "delta.clustering", "{\\\"clusteringColumns\\\":[[\\\"id\\\"]]}"));
    (void)dwi_store_remove(f->store, "t/_delta_log/00000000000000000001.json", NULL);
    options.allocator = alloc;
    status = dw_table_open(f->store, "t", &options, &table, &err);
    if (status == DW_OK)
        status = dw_begin(table, NULL, &txn, &err);
    if (status == DW_OK)
        status = dw_append_json(txn, &bytes, 1, NULL, NULL, &err);
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
        TABLE_TEST(an_append_does_what_each_feature_asks_or_is_refused_by_name),
        TABLE_TEST(readers_must_know_what_binds_readers),
        TABLE_TEST(redirected_tables_are_neither_read_nor_written),
        TABLE_TEST(domains_of_others_survive_appends_and_checkpoints),
        TABLE_TEST(running_out_of_memory_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
