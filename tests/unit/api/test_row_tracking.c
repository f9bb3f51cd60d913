/* SPDX-License-Identifier: Apache-2.0 */
/* Row ids of appended files, and what else a table with such features wants of an append. */
#include "table_fixture.h"

#define TRACKED                                                                                    \
    LISTED("\"rowTracking\",\"domainMetadata\",\"appendOnly\",\"invariants\"")                     \
    METADATA(COLUMN("id", "long", true, ""), "\"delta.enableRowTracking\":\"true\"")
#define MARK(n) DOMAIN("delta.rowTracking", "{\\\"rowIdHighWaterMark\\\":" #n "}")

static void files_get_row_ids_above_the_high_water_mark(void **state)
{
    table_fixture *f = *state;

    open_lines(f, TRACKED);
    DWT_OK(append_ndjson(f, "{\"id\":1}\n{\"id\":2}\n{\"id\":3}"), &f->err);
    assert_has(version_text(f, 1), "\"baseRowId\":0,\"defaultRowCommitVersion\":1");
    assert_has(version_text(f, 1), "{\"domainMetadata\":{\"domain\":\"delta.rowTracking\","
                                   "\"configuration\":\"{\\\"rowIdHighWaterMark\\\":2}\","
                                   "\"removed\":false}}");
    DWT_OK(append_ndjson(f, "{\"id\":4}"), &f->err);
    assert_has(version_text(f, 2), "\"baseRowId\":3,\"defaultRowCommitVersion\":2");
    assert_has(version_text(f, 2), "{\\\"rowIdHighWaterMark\\\":3}");
    open_table(f); /* what the next process knows comes from the log */
    DWT_OK(append_ndjson(f, "{\"id\":5}\n{\"id\":6}"), &f->err);
    assert_has(version_text(f, 3), "\"baseRowId\":4,\"defaultRowCommitVersion\":3");
    assert_has(version_text(f, 3), "{\\\"rowIdHighWaterMark\\\":5}");
}

static void a_lost_race_is_numbered_anew_above_the_winners_mark(void **state)
{
    table_fixture *f = *state;
    dw_bytes rows = {"{\"id\":1}\n{\"id\":2}", 17};
    dw_txn *txn;

    open_lines(f, TRACKED MARK(9));
    txn = begin_txn(f, 0);
    DWT_OK(dw_append_ndjson(txn, rows, NULL, NULL, &f->err), &f->err);
    put_version(f, 1, "{\"commitInfo\":{}}\n" MARK(99));
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    assert_has(version_text(f, 2), "\"baseRowId\":100,\"defaultRowCommitVersion\":2");
    assert_has(version_text(f, 2), "{\\\"rowIdHighWaterMark\\\":101}");
}

static void row_ids_are_given_while_the_feature_is_listed_but_not_while_suspended(void **state)
{
    table_fixture *f = *state;

    open_lines(f, LISTED("\"rowTracking\",\"domainMetadata\"")
                      METADATA(COLUMN("id", "long", true, ""), ""));
    DWT_OK(append_ndjson(f, "{\"id\":1}"), &f->err);
    assert_has(version_text(f, 1), "\"baseRowId\":0");
    open_lines(f, LISTED("\"rowTracking\",\"domainMetadata\"")
                      METADATA(COLUMN("id", "long", true, ""),
                               "\"delta.rowTrackingSuspended\":\"true\"") MARK(4));
    DWT_OK(append_ndjson(f, "{\"id\":1}"), &f->err);
    assert_has_not(version_text(f, 2), "baseRowId");
    assert_has_not(version_text(f, 2), "defaultRowCommitVersion");
    assert_has_not(version_text(f, 2), "domainMetadata");
}

static void the_number_of_records_is_written_even_without_other_statistics(void **state)
{
    table_fixture *f = *state;

    open_lines(f, LISTED("\"rowTracking\",\"domainMetadata\"")
                      METADATA(COLUMN("id", "long", true, ""),
                               "\"delta.dataSkippingNumIndexedCols\":\"0\""));
    DWT_OK(append_ndjson(f, "{\"id\":1}\n{\"id\":2}"), &f->err);
    assert_has(version_text(f, 1), "\"stats\":\"{\\\"numRecords\\\":2}\"");
    assert_has(version_text(f, 1), "{\\\"rowIdHighWaterMark\\\":1}");
}

static void a_mark_that_cannot_be_read_stops_the_append(void **state)
{
    table_fixture *f = *state;

    open_lines(f, TRACKED DOMAIN("delta.rowTracking", "{}"));
    DWT_ERR(append_ndjson(f, "{\"id\":1}"), &f->err, DW_E_CORRUPT,
            "domain delta.rowTracking: no rowIdHighWaterMark");
}

static void clustering_columns_have_statistics_beyond_the_indexed_ones(void **state)
{
    table_fixture *f = *state;

    open_lines(f,
               LISTED("\"clustering\",\"domainMetadata\"")
                   METADATA(COLUMN("a", "long", true, "") "," COLUMN(
                                "b", "long", true, "") "," COLUMN("c", "long", true, ""),
                            "\"delta.dataSkippingNumIndexedCols\":\"1\"")
                       DOMAIN("delta.clustering", "{\\\"clusteringColumns\\\":[[\\\"c\\\"]],"
                                                  "\\\"domainName\\\":\\\"delta.clustering\\\"}"));
    DWT_OK(append_ndjson(f, "{\"a\":1,\"b\":2,\"c\":3}"), &f->err);
    assert_has(version_text(f, 1), "\\\"minValues\\\":{\\\"a\\\":1,\\\"c\\\":3}");
    assert_has(version_text(f, 1), "\\\"nullCount\\\":{\\\"a\\\":0,\\\"c\\\":0}");
    assert_has_not(version_text(f, 1), "clusteringProvider");
}

static void nested_clustering_columns_have_statistics_too(void **state)
{
    table_fixture *f = *state;

    open_lines(f,
               LISTED("\"clustering\",\"domainMetadata\"") METADATA(
                   COLUMN("a", "long", true, "") ",{\\\"name\\\":\\\"s\\\",\\\"nullable\\\":true,"
                                                 "\\\"metadata\\\":{},\\\"type\\\":{\\\"type\\\":"
                                                 "\\\"struct\\\",\\\"fields\\\":[" COLUMN(
                                                     "x", "long", true,
                                                     "") "," COLUMN("y", "long", true, "") "]}}",
                   "\"delta.dataSkippingNumIndexedCols\":\"0\"")
                   DOMAIN("delta.clustering", "{\\\"clusteringColumns\\\":[[\\\"s\\\",\\\"y\\\"],"
                                              "[\\\"gone\\\"]]}"));
    DWT_OK(append_ndjson(f, "{\"a\":1,\"s\":{\"x\":5,\"y\":6}}"), &f->err);
    assert_has(version_text(f, 1), "\\\"minValues\\\":{\\\"s\\\":{\\\"y\\\":6}}");
}

static void create_with(table_fixture *f, const char *key)
{
    const dw_property property = {key, "true"};
    dw_create_options what = DW_CREATE_OPTIONS_INIT;
    dw_table_options options = DW_TABLE_OPTIONS_INIT;

    what.schema_json = "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\","
                       "\"nullable\":true,\"metadata\":{}}]}";
    what.properties = &property;
    what.n_properties = 1;
    options.allocator = &f->alloc.base;
    DWT_OK(dw_table_create(f->store, "t", &what, &options, &f->table, &f->err), &f->err);
}

static void a_new_table_with_row_tracking_names_the_columns_for_moved_ids(void **state)
{
    table_fixture *f = *state;
    const char *text;

    create_with(f, "delta.enableRowTracking");
    text = version_text(f, 0);
    assert_has(text, "\"writerFeatures\":[\"appendOnly\",\"invariants\",\"domainMetadata\","
                     "\"rowTracking\"]");
    assert_has(text, "\"delta.rowTracking.materializedRowIdColumnName\":\"_row-id-col-");
    assert_has(text, "\"delta.rowTracking.materializedRowCommitVersionColumnName\":"
                     "\"_row-commit-version-col-");
    DWT_OK(append_ndjson(f, "{\"id\":1}\n{\"id\":2}"), &f->err);
    assert_has(version_text(f, 1), "\"baseRowId\":0,\"defaultRowCommitVersion\":1");
}

static void a_new_table_keeps_time_in_its_first_commit_too(void **state)
{
    table_fixture *f = *state;

    create_with(f, "delta.enableInCommitTimestamps");
    assert_has(version_text(f, 0), "{\"commitInfo\":{\"inCommitTimestamp\":1767225600000,");
    assert_has_not(version_text(f, 0), "inCommitTimestampEnablementVersion");
    DWT_OK(append_ndjson(f, "{\"id\":1}"), &f->err);
    assert_has(version_text(f, 1), "{\"commitInfo\":{\"inCommitTimestamp\":1767225600001,");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(files_get_row_ids_above_the_high_water_mark),
        TABLE_TEST(a_lost_race_is_numbered_anew_above_the_winners_mark),
        TABLE_TEST(row_ids_are_given_while_the_feature_is_listed_but_not_while_suspended),
        TABLE_TEST(the_number_of_records_is_written_even_without_other_statistics),
        TABLE_TEST(a_mark_that_cannot_be_read_stops_the_append),
        TABLE_TEST(clustering_columns_have_statistics_beyond_the_indexed_ones),
        TABLE_TEST(a_new_table_with_row_tracking_names_the_columns_for_moved_ids),
        TABLE_TEST(a_new_table_keeps_time_in_its_first_commit_too),
        TABLE_TEST(nested_clustering_columns_have_statistics_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
