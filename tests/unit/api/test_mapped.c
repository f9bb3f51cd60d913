/* SPDX-License-Identifier: Apache-2.0 */
/* New columns of tables with column mapping, which files carry by name and id before the log does. */
#include "table_fixture.h"

#include <stdlib.h>

#define MARKS(id, name)                                                                            \
    "\\\"delta.columnMapping.id\\\":" #id ",\\\"delta.columnMapping.physicalName\\\":\\\"" name    \
    "\\\""
#define A COLUMN("a", "long", true, MARKS(1, "col-a"))
#define MODE(mode, max)                                                                            \
    "\"delta.columnMapping.mode\":\"" mode "\",\"delta.columnMapping.maxColumnId\":\"" #max "\""
#define MAPPED(mode) LEGACY(2, 5) METADATA(A, MODE(mode, 1))

static dw_bytes lines(const char *text)
{
    return (dw_bytes){text, strlen(text)};
}

static dw_txn *staged(table_fixture *f, const char *ndjson)
{
    dw_txn *txn = begin_txn(f, DW_TXN_ADD_COLUMNS);

    DWT_OK(dw_append_ndjson(txn, lines(ndjson), NULL, NULL, &f->err), &f->err);
    DWT_OK(dw_txn_flush(txn, &f->err), &f->err);
    return txn;
}

static void publish(table_fixture *f, dw_txn *txn)
{
    DWT_OK(dw_commit(txn, NULL, &f->err), &f->err);
    dw_txn_close(txn);
}

/* The physical name that a commit's metaData gives a new column, which is the last one. */
static void physical_name(const char *text, char out[64])
{
    static const char key[] = "physicalName\\\":\\\"";
    const char *last = NULL;

    for (const char *at = strstr(text, key); at != NULL; at = strstr(at + 1, key))
        last = at + sizeof(key) - 1;
    assert_non_null(last);
    (void)snprintf(out, 64, "%.*s", (int)strcspn(last, "\\"), last);
}

static void transactions_of_one_table_agree_on_name_and_id(void **state)
{
    table_fixture *f = *state;
    char name[64];
    dw_txn *one;
    dw_txn *other;

    open_lines(f, MAPPED("name"));
    one = staged(f, "{\"a\":1,\"new col\":\"x\"}");
    other = staged(f, "{\"a\":2,\"new col\":\"y\"}");
    publish(f, one);
    physical_name(version_text(f, 1), name);
    assert_has(version_text(f, 1), "\"delta.columnMapping.maxColumnId\":\"2\"");
    assert_has(version_text(f, 1), "\\\"delta.columnMapping.id\\\":2");
    publish(f, other);
    assert_has_not(version_text(f, 2), "metaData");
    assert_has(version_text(f, 2), name);
}

static void columns_of_two_transactions_are_published_in_any_order(void **state)
{
    table_fixture *f = *state;
    dw_txn *one;
    dw_txn *other;

    open_lines(f, MAPPED("name"));
    one = staged(f, "{\"one\":1}");
    other = staged(f, "{\"other\":2}");
    publish(f, other);
    assert_has(version_text(f, 1), "\"delta.columnMapping.maxColumnId\":\"3\"");
    publish(f, one);
    assert_has(version_text(f, 2), "\"delta.columnMapping.maxColumnId\":\"3\"");
    assert_has(version_text(f, 2), "\\\"delta.columnMapping.id\\\":2");
}

static void an_id_that_another_writer_took_is_a_conflict_and_the_next_try_has_a_new_one(
    void **state)
{
    static const char *const modes[] = {"name", "id"};

    for (size_t i = 0; i < 2; i++) {
        table_fixture *f = *state;
        dw_txn *txn;
        open_lines(f, i == 0 ? MAPPED("name") : MAPPED("id"));
        (void)dwi_store_remove(f->store, "t/_delta_log/00000000000000000001.json", NULL);
        (void)dwi_store_remove(f->store, "t/_delta_log/00000000000000000002.json", NULL);
        open_table(f);
        txn = staged(f, "{\"ours\":1}");
        if (i == 0)
            put_version(
                f, 1,
                METADATA(A "," COLUMN("theirs", "long", true, MARKS(2, "col-t")), MODE("name", 2)));
        else /* given, and dropped again */
            put_version(f, 1, METADATA(A, MODE("id", 2)));
        DWT_ERR(dw_commit(txn, NULL, &f->err), &f->err, DW_E_CONFLICT,
                "another commit took the id of the new column ours");
        dw_txn_close(txn);
        publish(f, staged(f, "{\"ours\":1}"));
        assert_has(version_text(f, 2), "\"delta.columnMapping.maxColumnId\":\"3\"");
        assert_has(version_text(f, 2), "\\\"delta.columnMapping.id\\\":3");
        assert_has(version_text(f, 2), modes[i]);
    }
}

static void a_column_that_another_writer_added_first_is_theirs(void **state)
{
    table_fixture *f = *state;
    dw_txn *txn;

    open_lines(f, MAPPED("name"));
    txn = staged(f, "{\"new\":1}");
    put_version(
        f, 1, METADATA(A "," COLUMN("new", "long", true, MARKS(2, "col-theirs")), MODE("name", 2)));
    DWT_ERR(dw_commit(txn, NULL, &f->err), &f->err, DW_E_CONFLICT,
            "another commit added the column new with another id");
    dw_txn_close(txn);
    publish(f, staged(f, "{\"new\":1}"));
    assert_has(version_text(f, 2), "\\\"minValues\\\":{\\\"col-theirs\\\":1}");
    assert_has_not(version_text(f, 2), "metaData");
}

static void nested_fields_of_a_new_column_have_names_and_ids_too(void **state)
{
    static const char columns[] =
        "{\"type\":\"struct\",\"fields\":[{\"name\":\"s\",\"type\":{\"type\":\"struct\",\"fields\":"
        "["
        "{\"name\":\"x y\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}}]},"
        "\"nullable\":true,\"metadata\":{}}]}";
    table_fixture *f = *state;
    dw_txn *txn;

    open_lines(f, MAPPED("id"));
    txn = begin_txn(f, 0);
    DWT_OK(dw_txn_add_columns(txn, columns, &f->err), &f->err);
    DWT_OK(dw_append_ndjson(txn, lines("{\"s\":{\"x y\":7}}"), NULL, NULL, &f->err), &f->err);
    publish(f, txn);
    assert_has(version_text(f, 1), "\"delta.columnMapping.maxColumnId\":\"3\"");
    assert_has(version_text(f, 1), "\\\"delta.columnMapping.id\\\":3");
    assert_has(version_text(f, 1), "\\\"minValues\\\":{\\\"col-");
    assert_has_not(version_text(f, 1), "\\\"x y\\\":7");
}

static void properties_and_new_columns_go_into_one_metadata(void **state)
{
    table_fixture *f = *state;
    dw_txn *txn;

    open_lines(f, MAPPED("name"));
    txn = begin_txn(f, DW_TXN_ADD_COLUMNS);
    DWT_OK(dw_txn_set_property(txn, "owner", "me", &f->err), &f->err);
    DWT_OK(dw_append_ndjson(txn, lines("{\"new\":1}"), NULL, NULL, &f->err), &f->err);
    publish(f, txn);
    assert_has(version_text(f, 1), "\"owner\":\"me\"");
    assert_has(version_text(f, 1), "\"delta.columnMapping.maxColumnId\":\"2\"");
}

static void a_table_without_mapping_has_no_marks(void **state)
{
    table_fixture *f = *state;
    dw_txn *txn;

    open_lines(f, LEGACY(1, 2) METADATA(COLUMN("a", "long", true, ""), ""));
    publish(f, staged(f, "{\"new\":1}"));
    assert_has_not(version_text(f, 1), "columnMapping");
    txn = begin_txn(f, DW_TXN_ADD_COLUMNS);
    DWT_ERR(dw_append_ndjson(txn, lines("{\"new col\":1}"), NULL, NULL, &f->err), &f->err,
            DW_E_SCHEMA, "new col");
    dw_txn_close(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(transactions_of_one_table_agree_on_name_and_id),
        TABLE_TEST(columns_of_two_transactions_are_published_in_any_order),
        TABLE_TEST(an_id_that_another_writer_took_is_a_conflict_and_the_next_try_has_a_new_one),
        TABLE_TEST(a_column_that_another_writer_added_first_is_theirs),
        TABLE_TEST(nested_fields_of_a_new_column_have_names_and_ids_too),
        TABLE_TEST(properties_and_new_columns_go_into_one_metadata),
        TABLE_TEST(a_table_without_mapping_has_no_marks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
