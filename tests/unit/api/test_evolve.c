/* SPDX-License-Identifier: Apache-2.0 */
/* Columns that change with a transaction: fields at any depth, NOT NULL taken away. */
#include "table_fixture.h"

#define INNER(fields) "{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[" fields "]}"
#define NESTED(name, nullable, type, metadata)                                                     \
    "{\\\"name\\\":\\\"" name "\\\",\\\"type\\\":" type ",\\\"nullable\\\":" #nullable             \
    ",\\\"metadata\\\":{" metadata "}}"
#define ARRAY(type)                                                                                \
    "{\\\"type\\\":\\\"array\\\",\\\"elementType\\\":" type ",\\\"containsNull\\\":true}"

#define TABLE                                                                                      \
    LEGACY(1, 2)                                                                                   \
    METADATA(COLUMN("id", "long", false, "") "," NESTED(                                           \
                 "Deep", true,                                                                     \
                 INNER(COLUMN("x", "integer", false, "\\\"note\\\":1.50") "," NESTED(              \
                     "list", true, ARRAY(INNER(COLUMN("y", "string", true, ""))), "")),            \
                 "\\\"comment\\\":\\\"why\\\""),                                                   \
             "\"own\":\"1\"")

/* Schemas as callers give them. */
#define ROW(fields) "{\"type\":\"struct\",\"fields\":[" fields "]}"
#define FIELD(name, type, nullable)                                                                \
    "{\"name\":\"" name "\",\"type\":" type ",\"nullable\":" #nullable ",\"metadata\":{}}"

static const char more[] =
    ROW(FIELD("deep",
              ROW(FIELD("X", "\"integer\"", true) "," FIELD("w", "\"date\"", true) "," FIELD(
                  "list",
                  "{\"type\":\"array\",\"containsNull\":true,\"elementType\":" ROW(
                      FIELD("z", "\"long\"", true)) "}",
                  true)),
              true) "," FIELD("new", "\"string\"", true));

static dw_bytes bytes_of(const char *text)
{
    return (dw_bytes){text, strlen(text)};
}

static void fields_are_added_at_every_depth_and_what_is_there_stays(void **state)
{
    table_fixture *f = *state;
    const char *text;
    dw_txn *txn;

    open_lines(f, TABLE);
    txn = begin_txn(f, 0);
    DWT_OK(dw_txn_add_columns(txn, more, &f->err), &f->err);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    text = version_text(f, 1);
    assert_has(text, "\"operation\":\"ADD COLUMNS\",\"operationParameters\":{\"columns\":"
                     "\"[{\\\"column\\\":{\\\"name\\\":\\\"deep\\\"");
    assert_has(
        text,
        "\"schemaString\":\"" INNER(COLUMN("id", "long", false, "") "," NESTED(
            "Deep", true,
            INNER(COLUMN("x", "integer", false, "\\\"note\\\":1.50") "," NESTED(
                "list", true,
                ARRAY(INNER(COLUMN("y", "string", true, "") "," COLUMN("z", "long", true, ""))),
                "") "," COLUMN("w", "date", true, "")),
            "\\\"comment\\\":\\\"why\\\"") "," COLUMN("new", "string", true, "")) "\"");
    assert_has(text, "\"configuration\":{\"own\":\"1\"}");
    assert_has_not(text, "\"protocol\"");
}

static void rows_of_before_and_after_go_into_one_commit(void **state)
{
    table_fixture *f = *state;
    dw_bytes before = bytes_of("{\"id\":1,\"Deep\":{\"x\":1}}");
    dw_bytes after =
        bytes_of("{\"id\":2,\"Deep\":{\"x\":2,\"w\":\"2026-01-31\",\"list\":[{\"z\":5}]}}");
    const char *text;
    dw_txn *txn;

    open_lines(f, TABLE);
    txn = begin_txn(f, 0);
    DWT_OK(dw_append_ndjson(txn, before, NULL, NULL, &f->err), &f->err);
    DWT_OK(dw_txn_add_columns(txn, more, &f->err), &f->err);
    DWT_OK(dw_append_ndjson(txn, after, NULL, NULL, &f->err), &f->err);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    text = version_text(f, 1);
    assert_has(text, "\"operation\":\"WRITE\"");
    assert_has(text, "{\\\"id\\\":0,\\\"Deep\\\":{\\\"x\\\":0,\\\"list\\\":1}}");
    assert_has(text, "\\\"minValues\\\":{\\\"id\\\":2,\\\"Deep\\\":{\\\"x\\\":2,"
                     "\\\"w\\\":\\\"2026-01-31\\\"}}");
}

static void what_does_not_fit_is_refused_and_changes_nothing(void **state)
{
    static const struct {
        const char *schema;
        dw_status code;
        const char *message;
    } cases[] = {
        {ROW(FIELD("deep", ROW(FIELD("x", "\"long\"", true)), true)), DW_E_SCHEMA,
         "column deep.x: it exists with another type"},
        {ROW(FIELD("deep", ROW(FIELD("q", "\"long\"", false)), true)), DW_E_SCHEMA,
         "column deep.q: a new column must be nullable"},
        {ROW(FIELD("deep", ROW(FIELD("a b", "\"long\"", true)), true)), DW_E_SCHEMA, "\"a b\""},
        {ROW(FIELD("id", ROW(FIELD("q", "\"long\"", true)), true)), DW_E_SCHEMA, "column id"},
        {ROW(FIELD("deep", ROW(FIELD("q", "\"timestamp_ntz\"", true)), true)), DW_E_UNSUPPORTED,
         "table feature timestampNtz, which the table has not"},
        {ROW("{\"name\":\"d\",\"type\":\"long\",\"metadata\":{\"CURRENT_DEFAULT\":\"1\"}}"),
         DW_E_UNSUPPORTED, "table feature allowColumnDefaults"},
        {ROW("{\"name\":\"d\",\"type\":\"long\",\"metadata\":{\"delta.generationExpression\":"
             "\"id\"}}"),
         DW_E_UNSUPPORTED, "generatedColumns"},
    };
    table_fixture *f = *state;
    dw_bytes row = bytes_of("{\"id\":1}");
    dw_txn *txn;

    open_lines(f, TABLE);
    txn = begin_txn(f, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        DWT_ERR(dw_txn_add_columns(txn, cases[i].schema, &f->err), &f->err, cases[i].code,
                cases[i].message);
    DWT_OK(dw_append_ndjson(txn, row, NULL, NULL, &f->err), &f->err);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    assert_has_not(version_text(f, 1), "metaData");
}

static void notes_of_new_columns_are_kept(void **state)
{
    table_fixture *f = *state;
    dw_txn *txn;

    open_lines(f, TABLE);
    txn = begin_txn(f, 0);
    DWT_OK(
        dw_txn_add_columns(txn,
                           ROW("{\"name\":\"c\",\"type\":\"long\",\"nullable\":true,\"metadata\":"
                               "{\"comment\":\"it's\",\"n\":{\"deep\":[1.0,2]}}}"),
                           &f->err),
        &f->err);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    assert_has(
        version_text(f, 1),
        COLUMN("c", "long", true, "\\\"comment\\\":\\\"it's\\\",\\\"n\\\":{\\\"deep\\\":[1.0,2]}"));
}

static void columns_of_other_spelling_are_the_tables(void **state)
{
    table_fixture *f = *state;
    dw_txn *txn;

    open_lines(f, TABLE);
    txn = begin_txn(f, 0);
    DWT_OK(dw_txn_add_columns(txn, ROW(FIELD("ID", "\"long\"", true)), &f->err), &f->err);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    DWT_EQ(dw_table_version(f->table), 0);
}

static void not_null_is_taken_away_and_rows_may_lack_the_column_at_once(void **state)
{
    table_fixture *f = *state;
    dw_bytes row = bytes_of("{\"Deep\":{}}");
    const char *text;
    dw_txn *txn;

    open_lines(f, TABLE);
    txn = begin_txn(f, 0);
    DWT_ERR(dw_append_ndjson(txn, row, NULL, NULL, &f->err), &f->err, DW_E_SCHEMA, "field id");
    DWT_OK(dw_txn_drop_not_null(txn, "ID", &f->err), &f->err);
    DWT_ERR(dw_append_ndjson(txn, row, NULL, NULL, &f->err), &f->err, DW_E_SCHEMA, "Deep.x");
    DWT_OK(dw_txn_drop_not_null(txn, "deep.`X`", &f->err), &f->err);
    DWT_OK(dw_txn_drop_not_null(txn, "deep.list.element.y", &f->err), &f->err); /* is already */
    DWT_OK(dw_append_ndjson(txn, row, NULL, NULL, &f->err), &f->err);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    text = version_text(f, 1);
    assert_has(text, COLUMN("id", "long", true, ""));
    assert_has(text, COLUMN("x", "integer", true, "\\\"note\\\":1.50"));
    assert_has(text, "\\\"nullCount\\\":{\\\"id\\\":1,\\\"Deep\\\":{\\\"x\\\":1");
    txn = begin_txn(f, 0);
    DWT_ERR(dw_txn_drop_not_null(txn, "nope", &f->err), &f->err, DW_E_NOT_FOUND, "column nope");
    DWT_ERR(dw_txn_drop_not_null(txn, "deep.nope", &f->err), &f->err, DW_E_NOT_FOUND, "deep.nope");
    DWT_ERR(dw_txn_drop_not_null(txn, "`id", &f->err), &f->err, DW_E_ARG, "not a path");
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    DWT_EQ(dw_table_version(f->table), 1);
}

static void a_change_of_columns_tells_what_it_was(void **state)
{
    table_fixture *f = *state;
    dw_txn *txn;

    open_lines(f, TABLE);
    txn = begin_txn(f, 0);
    DWT_OK(dw_txn_drop_not_null(txn, "id", &f->err), &f->err);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    assert_has(version_text(f, 1), "\"operation\":\"CHANGE COLUMN\",\"operationParameters\":"
                                   "{\"column\":\"\\\"id\\\"\"}");
}

static void mapped_tables_give_nested_fields_ids_and_names(void **state)
{
    table_fixture *f = *state;
    const dw_property mapped = {"delta.columnMapping.mode", "name"};
    dw_create_options what = DW_CREATE_OPTIONS_INIT;
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    dw_bytes row = bytes_of("{\"s\":{\"b\":7}}");
    const char *text;
    dw_txn *txn;

    what.schema_json = ROW(FIELD("s", ROW(FIELD("a", "\"long\"", true)), true));
    what.properties = &mapped;
    what.n_properties = 1;
    options.allocator = &f->alloc.base;
    DWT_OK(dw_table_create(f->store, "t", &what, &options, &f->table, &f->err), &f->err);
    txn = begin_txn(f, 0);
    DWT_OK(
        dw_txn_add_columns(txn, ROW(FIELD("s", ROW(FIELD("b", "\"long\"", true)), true)), &f->err),
        &f->err);
    DWT_OK(dw_append_ndjson(txn, row, NULL, NULL, &f->err), &f->err);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    text = version_text(f, 1);
    assert_has(text, "\\\"name\\\":\\\"b\\\",\\\"type\\\":\\\"long\\\",\\\"nullable\\\":true,"
                     "\\\"metadata\\\":{\\\"delta.columnMapping.id\\\":3,"
                     "\\\"delta.columnMapping.physicalName\\\":\\\"col-");
    assert_has(text, "\"delta.columnMapping.maxColumnId\":\"3\"");
    assert_has_not(text, "\\\"minValues\\\":{\\\"s\\\"");
}

static void another_change_of_metadata_is_a_conflict(void **state)
{
    table_fixture *f = *state;
    dw_txn *txn;

    open_lines(f, TABLE);
    txn = begin_txn(f, 0);
    DWT_OK(dw_txn_add_columns(txn, more, &f->err), &f->err);
    put_version(f, 1, "{\"commitInfo\":{}}\n" METADATA(COLUMN("id", "long", false, ""), ""));
    DWT_ERR(end_txn(f, txn, NULL), &f->err, DW_E_CONFLICT, "version 1");
}

static dw_status sweep(const dw_allocator *alloc, void *ctx)
{
    table_fixture *f = ctx;
    dw_bytes row = bytes_of("{\"id\":1,\"Deep\":{\"x\":1}}");
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    dw_table *table = NULL;
    dw_txn *txn = NULL;
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    put_version(f, 0, TABLE);
    (void)dwi_store_remove(f->store, "t/_delta_log/00000000000000000001.json", NULL);
    options.allocator = alloc;
    status = dw_table_open(f->store, "t", &options, &table, &err);
    if (status == DW_OK)
        status = dw_begin(table, NULL, &txn, &err);
    if (status == DW_OK)
        status = dw_append_ndjson(txn, row, NULL, NULL, &err);
    if (status == DW_OK)
        status = dw_txn_add_columns(txn, more, &err);
    if (status == DW_OK)
        status = dw_txn_drop_not_null(txn, "deep.x", &err);
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
        TABLE_TEST(fields_are_added_at_every_depth_and_what_is_there_stays),
        TABLE_TEST(rows_of_before_and_after_go_into_one_commit),
        TABLE_TEST(what_does_not_fit_is_refused_and_changes_nothing),
        TABLE_TEST(notes_of_new_columns_are_kept),
        TABLE_TEST(columns_of_other_spelling_are_the_tables),
        TABLE_TEST(not_null_is_taken_away_and_rows_may_lack_the_column_at_once),
        TABLE_TEST(a_change_of_columns_tells_what_it_was),
        TABLE_TEST(mapped_tables_give_nested_fields_ids_and_names),
        TABLE_TEST(another_change_of_metadata_is_a_conflict),
        TABLE_TEST(running_out_of_memory_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
