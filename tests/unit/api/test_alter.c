/* SPDX-License-Identifier: Apache-2.0 */
#include "table_fixture.h"

#include <deltawrite/modify.h>

#define MAPPED(id, physical)                                                                       \
    "\\\"delta.columnMapping.id\\\":" #id                                                          \
    ",\\\"delta.columnMapping.physicalName\\\":\\\"" physical "\\\""
#define NESTED                                                                                     \
    "{\\\"name\\\":\\\"s\\\",\\\"type\\\":{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[" COLUMN(   \
        "x", "long", true,                                                                         \
        MAPPED(4, "c4")) "," COLUMN("y", "long", true,                                             \
                                    MAPPED(5, "c5")) "]},\\\"nullable\\\":true,\\\"metadata\\\":"  \
                                                     "{" MAPPED(3, "c3") "}}"
#define FIELDS                                                                                     \
    COLUMN("a", "long", true, MAPPED(1, "c1"))                                                     \
    "," COLUMN("b", "string", true, MAPPED(2, "c2")) "," NESTED
#define MODE  "\"delta.columnMapping.mode\":\"name\",\"delta.columnMapping.maxColumnId\":\"5\""
#define TABLE BOTH_LISTED("\"columnMapping\"", "\"columnMapping\",\"appendOnly\",\"invariants\"")

static const char mapped[] = TABLE METADATA(FIELDS, MODE);

static dw_status rename_it(table_fixture *f, const char *column, const char *name)
{
    dw_txn *txn = begin_txn(f, 0);
    dw_status status = dw_txn_rename_column(txn, column, name, &f->err);

    if (status == DW_OK)
        return end_txn(f, txn, NULL);
    dw_txn_close(txn);
    return status;
}

static dw_status drop(table_fixture *f, const char *column)
{
    dw_txn *txn = begin_txn(f, 0);
    dw_status status = dw_txn_drop_column(txn, column, &f->err);

    if (status == DW_OK)
        return end_txn(f, txn, NULL);
    dw_txn_close(txn);
    return status;
}

static void a_column_gets_another_name_and_keeps_its_files(void **state)
{
    table_fixture *f = *state;

    open_lines(f, mapped);
    DWT_OK(append_ndjson(f, "{\"a\":1,\"b\":\"x\",\"s\":{\"x\":2}}"), &f->err);
    DWT_OK(rename_it(f, "B", "c d"), &f->err);
    assert_has(version_text(f, 2), "\"operation\":\"RENAME COLUMN\"");
    assert_has(f->text, "\"oldColumnPath\":\"B\",\"newColumnPath\":\"c d\"");
    assert_has(f->text, "\\\"name\\\":\\\"c d\\\"");
    assert_has(f->text, "\\\"delta.columnMapping.physicalName\\\":\\\"c2\\\"");
    DWT_OK(rename_it(f, "s.x", "X"), &f->err); /* its own name in another case */
    assert_has(version_text(f, 3), "\\\"name\\\":\\\"X\\\"");
    assert_has(f->text, "\"oldColumnPath\":\"s.x\",\"newColumnPath\":\"s.X\"");
    DWT_OK(append_ndjson(f, "{\"c d\":\"y\",\"s\":{\"X\":3}}"), &f->err);
    assert_has(version_text(f, 4), "\\\"c2\\\":\\\"y\\\"");
    assert_has_not(f->text, "metaData");
}

static void a_column_goes_and_its_name_is_free(void **state)
{
    table_fixture *f = *state;
    dw_txn *txn;

    open_lines(f, mapped);
    DWT_OK(drop(f, "b"), &f->err);
    assert_has(version_text(f, 1), "\"operation\":\"DROP COLUMNS\"");
    assert_has(f->text, "\"columns\":\"[\\\"b\\\"]\"");
    assert_has_not(f->text, "\\\"c2\\\"");
    DWT_OK(drop(f, "s.y"), &f->err);
    assert_has_not(version_text(f, 2), "\\\"c5\\\"");
    txn = begin_txn(f, 0);
    DWT_OK(dw_txn_add_columns(txn,
                              "{\"type\":\"struct\",\"fields\":[{\"name\":\"b\",\"type\":\"long\","
                              "\"nullable\":true,\"metadata\":{}}]}",
                              &f->err),
           &f->err);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    assert_has(version_text(f, 3),
               "\\\"delta.columnMapping.id\\\":6"); /* never one that was used */
}

static void what_names_and_paths_do_not_allow_is_refused(void **state)
{
    table_fixture *f = *state;

    open_lines(f, mapped);
    DWT_ERR(rename_it(f, "nope", "x"), &f->err, DW_E_NOT_FOUND, "column nope");
    DWT_ERR(rename_it(f, "s.nope", "x"), &f->err, DW_E_NOT_FOUND, "column s.nope");
    DWT_ERR(rename_it(f, "a", "B"), &f->err, DW_E_SCHEMA, "another column has the new name");
    DWT_ERR(rename_it(f, "a", ""), &f->err, DW_E_ARG, "the new name is empty");
    DWT_ERR(rename_it(f, "a..b", "x"), &f->err, DW_E_ARG, "not a path");
    DWT_ERR(drop(f, "nope"), &f->err, DW_E_NOT_FOUND, "column nope");
    DWT_OK(drop(f, "s.x"), &f->err);
    DWT_ERR(drop(f, "s.y"), &f->err, DW_E_ARG, "the last one cannot be dropped");
    DWT_OK(drop(f, "s"), &f->err);
    DWT_OK(drop(f, "a"), &f->err);
    DWT_ERR(drop(f, "b"), &f->err, DW_E_ARG, "the last one cannot be dropped");
}

static void without_mapping_columns_keep_their_names(void **state)
{
    table_fixture *f = *state;

    open_lines(f, LEGACY(1, 2) METADATA(COLUMN("a", "long", true, ""), ""));
    DWT_ERR(rename_it(f, "a", "b"), &f->err, DW_E_UNSUPPORTED,
            "delta.columnMapping.mode is set to name");
    DWT_ERR(drop(f, "a"), &f->err, DW_E_UNSUPPORTED, "delta.columnMapping.mode is set to name");
}

static void a_column_that_a_property_may_name_stays(void **state)
{
    table_fixture *f = *state;

    open_lines(f, TABLE METADATA(FIELDS, MODE ",\"delta.dataSkippingStatsColumns\":\"a\""));
    DWT_ERR(rename_it(f, "a", "c"), &f->err, DW_E_UNSUPPORTED,
            "the property delta.dataSkippingStatsColumns may name it");
}

static void comments_come_and_go(void **state)
{
    table_fixture *f = *state;
    dw_txn *txn;

    open_lines(f, mapped);
    txn = begin_txn(f, 0);
    DWT_OK(dw_txn_set_comment(txn, "a", "first \"one\"", &f->err), &f->err);
    DWT_OK(dw_txn_set_comment(txn, "s.x", "inner", &f->err), &f->err);
    DWT_OK(dw_txn_set_comment(txn, NULL, "of things", &f->err), &f->err);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    assert_has(version_text(f, 1), "\\\"comment\\\":\\\"first \\\\\\\"one\\\\\\\"\\\"");
    assert_has(f->text, "\\\"comment\\\":\\\"inner\\\"");
    assert_has(f->text, "\"description\":\"of things\"");
    txn = begin_txn(f, 0);
    DWT_OK(dw_txn_set_comment(txn, "a", NULL, &f->err), &f->err);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    assert_has_not(version_text(f, 2), "first");
    assert_has(f->text, "\"description\":\"of things\"");
    txn = begin_txn(f, 0);
    DWT_OK(dw_txn_set_comment(txn, NULL, NULL, &f->err), &f->err);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    assert_has_not(version_text(f, 3), "of things");
    assert_has(f->text, "\"operation\":\"SET TBLPROPERTIES\"");
}

static dw_status drop_feature(table_fixture *f, const char *name)
{
    dw_txn *txn = begin_txn(f, 0);
    dw_status status = dw_txn_drop_feature(txn, name, &f->err);

    if (status == DW_OK)
        return end_txn(f, txn, NULL);
    dw_txn_close(txn);
    return status;
}

static void features_that_nothing_uses_can_be_dropped(void **state)
{
    table_fixture *f = *state;

    open_lines(f, mapped);
    DWT_OK(drop_feature(f, "appendOnly"), &f->err);
    assert_has(version_text(f, 1), "\"writerFeatures\":[\"columnMapping\",\"invariants\"]");
    assert_has(f->text, "\"operation\":\"DROP FEATURE\"");
    assert_has(f->text, "\"featureName\":\"appendOnly\"");
    DWT_ERR(drop_feature(f, "appendOnly"), &f->err, DW_E_NOT_FOUND, "does not have it");
    DWT_ERR(drop_feature(f, "columnMapping"), &f->err, DW_E_UNSUPPORTED,
            "readers of older versions");
    DWT_ERR(drop_feature(f, "invariants"), &f->err, DW_E_UNSUPPORTED, "not supported");
    DWT_ERR(drop_feature(f, "nonsense"), &f->err, DW_E_NOT_FOUND, "feature nonsense");
}

static void a_feature_in_use_stays(void **state)
{
    table_fixture *f = *state;

    open_lines(f, TABLE METADATA(FIELDS, MODE ",\"delta.appendOnly\":\"true\""));
    DWT_ERR(drop_feature(f, "appendOnly"), &f->err, DW_E_UNSUPPORTED, "(delta.appendOnly)");
}

static void what_a_version_number_implies_stays(void **state)
{
    table_fixture *f = *state;

    open_lines(f, LEGACY(1, 2) METADATA(COLUMN("a", "long", true, ""), ""));
    DWT_ERR(drop_feature(f, "appendOnly"), &f->err, DW_E_UNSUPPORTED,
            "writer version 2 implies it");
}

static void every_allocation_may_fail(void **state)
{
    table_fixture *f = *state;
    dw_status status = DW_E_NOMEM;
    int64_t n = 0;

    open_lines(f, mapped);
    for (; status != DW_OK; n++) {
        dw_txn *txn = begin_txn(f, 0);
        f->alloc.fail_at = f->alloc.calls + n;
        status = dw_txn_rename_column(txn, "s.x", "z", &f->err);
        if (status == DW_OK)
            status = dw_txn_drop_column(txn, "b", &f->err);
        if (status == DW_OK)
            status = dw_txn_set_comment(txn, "a", "text", &f->err);
        if (status == DW_OK)
            status = dw_txn_drop_feature(txn, "appendOnly", &f->err);
        f->alloc.fail_at = -1;
        if (status != DW_OK)
            DWT_EQ(status, DW_E_NOMEM);
        else
            DWT_OK(dw_commit(txn, NULL, &f->err), &f->err);
        dw_txn_close(txn);
    }
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(a_column_gets_another_name_and_keeps_its_files),
        TABLE_TEST(a_column_goes_and_its_name_is_free),
        TABLE_TEST(what_names_and_paths_do_not_allow_is_refused),
        TABLE_TEST(without_mapping_columns_keep_their_names),
        TABLE_TEST(a_column_that_a_property_may_name_stays),
        TABLE_TEST(comments_come_and_go),
        TABLE_TEST(features_that_nothing_uses_can_be_dropped),
        TABLE_TEST(a_feature_in_use_stays),
        TABLE_TEST(what_a_version_number_implies_stays),
        TABLE_TEST(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
