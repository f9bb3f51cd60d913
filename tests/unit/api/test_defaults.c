/* SPDX-License-Identifier: Apache-2.0 */
/* Columns with default values (feature allowColumnDefaults), through the public calls. */
#include "table_fixture.h"

#define FEATURES "\"allowColumnDefaults\",\"appendOnly\",\"invariants\""
#define WITH_DEFAULTS                                                                              \
    LISTED(FEATURES)                                                                               \
    METADATA(                                                                                      \
        COLUMN("id", "long", true, "") "," COLUMN("n", "integer", true, DEFAULT("42")) "," COLUMN( \
            "s", "string", false, DEFAULT("'it\\\\\\\\'s'")),                                      \
        "")

static void a_column_that_a_record_lacks_gets_its_default_and_null_stays_null(void **state)
{
    table_fixture *f = *state;

    open_lines(f, WITH_DEFAULTS);
    DWT_OK(append_ndjson(f, "{\"id\":1}\n{\"id\":2,\"n\":null}\n{\"id\":3,\"n\":7,\"s\":\"z\"}"),
           &f->err);
    assert_has(version_text(f, 1), "\\\"minValues\\\":{\\\"id\\\":1,\\\"n\\\":7,"
                                   "\\\"s\\\":\\\"it's\\\"}");
    assert_has(version_text(f, 1), "\\\"maxValues\\\":{\\\"id\\\":3,\\\"n\\\":42,"
                                   "\\\"s\\\":\\\"z\\\"}");
    assert_has(version_text(f, 1), "\\\"nullCount\\\":{\\\"id\\\":0,\\\"n\\\":1,\\\"s\\\":0}");
}

static void release_nothing_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void release_nothing(struct ArrowArray *array)
{
    array->release = NULL;
}

/* A batch of one long column, "id". */
static dw_status append_ids(table_fixture *f, int64_t *ids, int64_t n)
{
    struct ArrowSchema id_schema = {
        .format = "l", .name = "id", .flags = 2, .release = release_nothing_schema};
    struct ArrowSchema *fields[1] = {&id_schema};
    struct ArrowSchema schema = {.format = "+s",
                                 .name = "",
                                 .n_children = 1,
                                 .children = fields,
                                 .release = release_nothing_schema};
    const void *id_buffers[2] = {NULL, ids};
    const void *no_buffers[1] = {NULL};
    struct ArrowArray id_array = {
        .length = n, .n_buffers = 2, .buffers = id_buffers, .release = release_nothing};
    struct ArrowArray *columns[1] = {&id_array};
    struct ArrowArray array = {.length = n,
                               .n_buffers = 1,
                               .buffers = no_buffers,
                               .n_children = 1,
                               .children = columns,
                               .release = release_nothing};
    dw_txn *txn = NULL;
    dw_status status = dw_begin(f->table, NULL, &txn, &f->err);

    if (status == DW_OK)
        status = dw_append(txn, &array, &schema, &f->err);
    if (status == DW_OK)
        status = dw_commit(txn, NULL, &f->err);
    dw_txn_close(txn);
    return status;
}

static void a_batch_without_the_column_gets_its_default(void **state)
{
    table_fixture *f = *state;
    int64_t ids[] = {10, 11, 12};

    open_lines(f, WITH_DEFAULTS);
    DWT_OK(append_ids(f, ids, 3), &f->err);
    assert_has(version_text(f, 1), "\\\"minValues\\\":{\\\"id\\\":10,\\\"n\\\":42,"
                                   "\\\"s\\\":\\\"it's\\\"}");
    assert_has(version_text(f, 1), "\\\"nullCount\\\":{\\\"id\\\":0,\\\"n\\\":0,\\\"s\\\":0}");
}

static void what_is_no_literal_must_be_supplied(void **state)
{
    table_fixture *f = *state;
    int64_t ids[] = {10};

    open_lines(f, LISTED(FEATURES)
                      METADATA(COLUMN("id", "long", true, "") "," COLUMN(
                                   "at", "timestamp", true, DEFAULT("current_timestamp()")),
                               ""));
    DWT_OK(append_ndjson(f, "{\"id\":1,\"at\":\"2026-01-01T00:00:00Z\"}\n{\"id\":2,\"at\":null}"),
           &f->err);
    DWT_ERR(append_ndjson(f, "{\"id\":1}"), &f->err, DW_E_UNSUPPORTED,
            "feature allowColumnDefaults: the default of column at, current_timestamp(), is no "
            "literal");
    DWT_ERR(append_ids(f, ids, 1), &f->err, DW_E_UNSUPPORTED, "feature allowColumnDefaults");
    DWT_EQ(dw_table_version(f->table), 1);
}

static dw_status pass_over(void *ctx, size_t index, dw_bytes record, const dw_error *error)
{
    (void)index;
    (void)record;
    (void)error;
    ++*(int *)ctx;
    return DW_OK;
}

static void who_passes_over_bad_records_does_not_pass_over_a_lacking_default(void **state)
{
    table_fixture *f = *state;
    dw_bytes records = {"{\"id\":1}\n{\"id\":\"x\"}\n{}", 22};
    int rejected = 0;
    dw_txn *txn;

    open_lines(f, LISTED(FEATURES) METADATA(COLUMN("id", "long", true, DEFAULT("rand()")), ""));
    txn = begin_txn(f, 0);
    DWT_ERR(dw_append_ndjson(txn, records, pass_over, &rejected, &f->err), &f->err,
            DW_E_UNSUPPORTED, "allowColumnDefaults");
    DWT_EQ(rejected, 1);
    dw_txn_close(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(a_column_that_a_record_lacks_gets_its_default_and_null_stays_null),
        TABLE_TEST(a_batch_without_the_column_gets_its_default),
        TABLE_TEST(what_is_no_literal_must_be_supplied),
        TABLE_TEST(who_passes_over_bad_records_does_not_pass_over_a_lacking_default),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
