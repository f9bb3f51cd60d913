/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of type variant: their two binaries pass through, in and out. */
#include "table_fixture.h"

#define VARIANTS                                                                                   \
    BOTH_LISTED("\"variantType\"", "\"variantType\"")                                              \
    METADATA(COLUMN("id", "long", true, "") "," COLUMN("v", "variant", true, ""), "")

static void variants_pass_through_and_have_their_nulls_counted(void **state)
{
    table_fixture *f = *state;

    open_lines(f, VARIANTS);
    DWT_OK(append_ndjson(f, "{\"id\":1,\"v\":{\"metadata\":\"AQAA\",\"value\":\"DAE=\"}}\n"
                            "{\"id\":2,\"v\":null}\n{\"id\":3}"),
           &f->err);
    assert_has(version_text(f, 1), "\\\"minValues\\\":{\\\"id\\\":1},");
    assert_has(version_text(f, 1), "\\\"nullCount\\\":{\\\"id\\\":0,\\\"v\\\":2}");
}

static void what_is_no_pair_of_binaries_is_rejected(void **state)
{
    table_fixture *f = *state;

    open_lines(f, VARIANTS);
    DWT_ERR(append_ndjson(f, "{\"v\":5}"), &f->err, DW_E_SCHEMA, "field v: 5 is not an object");
    DWT_ERR(append_ndjson(f, "{\"v\":{\"metadata\":\"AQAA\"}}"), &f->err, DW_E_SCHEMA,
            "field v.value: it is missing");
}

/* Reads the rows of one version's variants. */
static void variants_are_read_as_they_were_written(void **state)
{
    static const unsigned char want[] = {1, 0, 0};
    table_fixture *f = *state;
    struct ArrowArrayStream stream = {0};
    struct ArrowSchema schema = {0};
    struct ArrowArray rows = {0};
    const struct ArrowArray *v;
    dw_snapshot *snapshot = NULL;

    open_lines(f, VARIANTS);
    DWT_OK(append_ndjson(f, "{\"id\":1,\"v\":{\"metadata\":\"AQAA\",\"value\":\"DAE=\"}}"),
           &f->err);
    DWT_OK(dw_snapshot_open(f->table, -1, &snapshot, &f->err), &f->err);
    DWT_OK(dw_snapshot_scan(snapshot, NULL, &stream, &f->err), &f->err);
    DWT_EQ(stream.get_schema(&stream, &schema), 0);
    DWT_STR(schema.children[1]->format, "+s");
    DWT_STR(schema.children[1]->children[0]->name, "metadata");
    DWT_STR(schema.children[1]->children[1]->name, "value");
    DWT_EQ(stream.get_next(&stream, &rows), 0);
    DWT_EQ(rows.length, 1);
    v = rows.children[1];
    assert_memory_equal(v->children[0]->buffers[2], want, sizeof(want));
    assert_memory_equal(v->children[1]->buffers[2], "\x0c\x01", 2);
    rows.release(&rows);
    schema.release(&schema);
    stream.release(&stream);
    dw_snapshot_close(snapshot);
}

static void a_new_variant_column_needs_the_feature(void **state)
{
    static const char schema[] = "{\"type\":\"struct\",\"fields\":[{\"name\":\"w\",\"type\":"
                                 "\"variant\",\"nullable\":true,\"metadata\":{}}]}";
    table_fixture *f = *state;
    dw_txn *txn;

    open_lines(f, VARIANTS);
    txn = begin_txn(f, 0);
    DWT_OK(dw_txn_add_columns(txn, schema, &f->err), &f->err);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    assert_has(version_text(f, 1), "{\\\"name\\\":\\\"w\\\",\\\"type\\\":\\\"variant\\\"");
    (void)dwi_store_remove(f->store, "t/_delta_log/00000000000000000001.json", NULL);
    open_lines(f, LEGACY(1, 2) METADATA(COLUMN("id", "long", true, ""), ""));
    txn = begin_txn(f, 0);
    DWT_ERR(dw_txn_add_columns(txn, schema, &f->err), &f->err, DW_E_UNSUPPORTED,
            "table feature variantType");
    dw_txn_close(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(variants_pass_through_and_have_their_nulls_counted),
        TABLE_TEST(what_is_no_pair_of_binaries_is_rejected),
        TABLE_TEST(variants_are_read_as_they_were_written),
        TABLE_TEST(a_new_variant_column_needs_the_feature),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
