/* SPDX-License-Identifier: Apache-2.0 */
#include "table_fixture.h"

#include <deltawrite/modify.h>

#include "store/store_impl.h"

#define SCHEMA                                                                                     \
    "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,"       \
    "\"metadata\":{}},{\"name\":\"p\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}]}"

static void create(table_fixture *f, const dw_property *properties, size_t n)
{
    static const char *const partitions[] = {"p"};
    dw_create_options what = DW_CREATE_OPTIONS_INIT;
    dw_table_options options = DW_TABLE_OPTIONS_INIT;

    what.schema_json = SCHEMA;
    what.partition_columns = partitions;
    what.n_partition_columns = 1;
    what.properties = properties;
    what.n_properties = n;
    options.allocator = &f->alloc.base;
    DWT_OK(dw_table_create(f->store, "t", &what, &options, &f->table, &f->err), &f->err);
}

/* Rows 1 to 6 in "a", 7 to 9 in "b": one file each. */
static void fill(table_fixture *f)
{
    DWT_OK(append_ndjson(
               f, "{\"id\":1,\"p\":\"a\"}\n{\"id\":2,\"p\":\"a\"}\n{\"id\":3,\"p\":\"a\"}\n"
                  "{\"id\":4,\"p\":\"a\"}\n{\"id\":5,\"p\":\"a\"}\n{\"id\":6,\"p\":\"a\"}\n"
                  "{\"id\":7,\"p\":\"b\"}\n{\"id\":8,\"p\":\"b\"}\n{\"id\":9,\"p\":\"b\"}\n"),
           &f->err);
}

static dw_txn *begin_overwrite(table_fixture *f, int32_t mode, const char *where)
{
    dw_overwrite_options options = DW_OVERWRITE_OPTIONS_INIT;
    dw_txn *txn = begin_txn(f, 0);

    options.mode = mode;
    options.where = where;
    DWT_OK(dw_txn_overwrite(txn, &options, &f->err), &f->err);
    return txn;
}

static dw_status stage(table_fixture *f, dw_txn *txn, const char *ndjson)
{
    return dw_append_ndjson(txn, (dw_bytes){ndjson, strlen(ndjson)}, NULL, NULL, &f->err);
}

static int64_t overwrite(table_fixture *f, int32_t mode, const char *where, const char *ndjson)
{
    dw_txn *txn = begin_overwrite(f, mode, where);
    int64_t version = -1;

    DWT_OK(stage(f, txn, ndjson), &f->err);
    DWT_OK(end_txn(f, txn, &version), &f->err);
    return version;
}

/* A bit for each id that the table has, and their number. */
static int64_t rows_left(table_fixture *f, int *out_count)
{
    static const char *const columns[] = {"id"};
    dw_scan_options opts = DW_SCAN_OPTIONS_INIT;
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    dw_snapshot *snapshot = NULL;
    int64_t bits = 0;

    *out_count = 0;
    opts.columns = columns;
    opts.n_columns = 1;
    DWT_OK(dw_snapshot_open(f->table, -1, &snapshot, &f->err), &f->err);
    DWT_OK(dw_snapshot_scan(snapshot, &opts, &stream, &f->err), &f->err);
    for (;;) {
        const int64_t *ids;
        DWT_EQ(stream.get_next(&stream, &batch), 0);
        if (batch.release == NULL)
            break;
        ids = batch.children[0]->buffers[1];
        for (int64_t i = 0; i < batch.length; i++)
            bits |= INT64_C(1) << ids[i];
        *out_count += (int)batch.length;
        batch.release(&batch);
    }
    stream.release(&stream);
    dw_snapshot_close(snapshot);
    return bits;
}

static void assert_left(table_fixture *f, const int *ids, size_t n)
{
    int64_t want = 0;
    int count;

    for (size_t i = 0; i < n; i++)
        want |= INT64_C(1) << ids[i];
    DWT_EQ(rows_left(f, &count), want);
    DWT_EQ(count, (int)n);
}
#define LEFT(f, ...)                                                                               \
    assert_left(f, (const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

static void all_rows_are_replaced_by_one_version(void **state)
{
    table_fixture *f = *state;

    create(f, NULL, 0);
    fill(f);
    DWT_EQ(overwrite(f, DW_OVERWRITE_TABLE, NULL, "{\"id\":20,\"p\":\"c\"}"), 2);
    LEFT(f, 20);
    assert_has(version_text(f, 2), "\"mode\":\"Overwrite\",\"partitionBy\":\"[\\\"p\\\"]\"");
    assert_has(f->text, "\"operation\":\"WRITE\"");
    assert_has(f->text, "\"numRemovedFiles\":\"2\"");
    assert_has(f->text, "\"isBlindAppend\":false");
    DWT_EQ(overwrite(f, DW_OVERWRITE_TABLE, NULL, ""), 3);
    DWT_EQ(rows_left(f, &(int){0}), 0);
}

static void partitions_of_new_rows_are_replaced(void **state)
{
    table_fixture *f = *state;

    create(f, NULL, 0);
    fill(f);
    DWT_EQ(overwrite(f, DW_OVERWRITE_PARTITIONS, NULL,
                     "{\"id\":20,\"p\":\"b\"}\n{\"id\":21,\"p\":null}"),
           2);
    LEFT(f, 1, 2, 3, 4, 5, 6, 20, 21);
    DWT_EQ(overwrite(f, DW_OVERWRITE_PARTITIONS, NULL, "{\"id\":22}"), 3);
    LEFT(f, 1, 2, 3, 4, 5, 6, 20, 22);
    DWT_EQ(overwrite(f, DW_OVERWRITE_PARTITIONS, NULL, ""), 3); /* nothing: no version */
}

static void rows_that_pass_a_condition_are_replaced_by_such_rows(void **state)
{
    table_fixture *f = *state;
    dw_txn *txn;

    create(f, NULL, 0);
    fill(f);
    DWT_EQ(overwrite(f, DW_OVERWRITE_WHERE, "p = 'a' AND id < 4", "{\"id\":3,\"p\":\"a\"}"), 2);
    LEFT(f, 3, 4, 5, 6, 7, 8, 9);
    assert_has(version_text(f, 2), "\"predicate\":\"p = 'a' AND id < 4\"");
    assert_has(f->text, "\"numDeletedRows\":\"3\"");
    txn = begin_overwrite(f, DW_OVERWRITE_WHERE, "p = 'a'");
    DWT_ERR(stage(f, txn, "{\"id\":9,\"p\":\"b\"}"), &f->err, DW_E_SCHEMA,
            "not among those that are overwritten: where p = 'a'");
    DWT_ERR(stage(f, txn, "{\"id\":9}"), &f->err, DW_E_SCHEMA, "not among those");
    DWT_OK(stage(f, txn, "{\"id\":30,\"p\":\"a\"}"), &f->err);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    LEFT(f, 30, 7, 8, 9);
}

static void deletion_vectors_and_change_data_are_written_for_it(void **state)
{
    const dw_property on[] = {{"delta.enableDeletionVectors", "true"},
                              {"delta.enableChangeDataFeed", "true"}};
    table_fixture *f = *state;

    create(f, on, 2);
    fill(f);
    DWT_EQ(overwrite(f, DW_OVERWRITE_WHERE, "id IN (1, 40)", "{\"id\":40,\"p\":\"z\"}"), 2);
    LEFT(f, 2, 3, 4, 5, 6, 7, 8, 9, 40);
    assert_has(version_text(f, 2), "\"numDeletionVectorsAdded\":\"1\"");
    assert_has(f->text, "{\"cdc\":{\"path\":\"_change_data/p=a/");
    assert_has(f->text, "{\"cdc\":{\"path\":\"_change_data/p=z/");
}

static void appends_of_others_meanwhile_are_replaced_too(void **state)
{
    table_fixture *f = *state;
    int64_t version;
    dw_txn *txn;

    create(f, NULL, 0);
    fill(f);
    txn = begin_overwrite(f, DW_OVERWRITE_TABLE, NULL);
    DWT_OK(stage(f, txn, "{\"id\":20,\"p\":\"a\"}"), &f->err);
    DWT_OK(append_ndjson(f, "{\"id\":10,\"p\":\"a\"}"), &f->err);
    DWT_OK(end_txn(f, txn, &version), &f->err);
    DWT_EQ(version, 3);
    LEFT(f, 20);
}

/* Another writer's commit lands just before ours. */
static struct {
    dw_status (*put)(void *self, const char *key, dw_bytes body, int mode, dw_error *err);
    const char *winner;
    int puts;
} race;

static dw_status put_second(void *self, const char *key, dw_bytes body, int mode, dw_error *err)
{
    if (mode == DW_PUT_IF_ABSENT && race.puts++ == 0)
        (void)race.put(self, key, (dw_bytes){race.winner, strlen(race.winner)}, mode, NULL);
    return race.put(self, key, body, mode, err);
}

static void race_with(table_fixture *f, const char *winner)
{
    race.put = f->store->ops.put;
    race.winner = winner;
    race.puts = 0;
    f->store->ops.put = put_second;
}

static void a_commit_in_its_way_makes_it_begin_anew(void **state)
{
    static const char blind[] =
        "{\"commitInfo\":{\"operation\":\"WRITE\",\"isBlindAppend\":true}}\n"
        "{\"add\":{\"path\":\"x.parquet\",\"partitionValues\":{\"p\":\"a\"},\"size\":1,"
        "\"modificationTime\":1,\"dataChange\":true}}\n";
    table_fixture *f = *state;

    create(f, NULL, 0);
    fill(f);
    race_with(f, blind);
    DWT_EQ(overwrite(f, DW_OVERWRITE_TABLE, NULL, "{\"id\":20,\"p\":\"c\"}"), 3);
    LEFT(f, 20);
    f->store->ops.put = race.put;
    race_with(f, blind); /* of a partition that is not overwritten */
    DWT_EQ(overwrite(f, DW_OVERWRITE_PARTITIONS, NULL, "{\"id\":21,\"p\":\"c\"}"), 5);
    DWT_EQ(race.puts, 2);
    f->store->ops.put = race.put;
}

static void what_cannot_be_done_is_refused(void **state)
{
    dw_overwrite_options options = DW_OVERWRITE_OPTIONS_INIT;
    table_fixture *f = *state;
    dw_txn *txn;

    create(f, NULL, 0);
    txn = begin_txn(f, 0);
    options.where = "id = 1";
    DWT_ERR(dw_txn_overwrite(txn, &options, &f->err), &f->err, DW_E_ARG,
            "a condition with another");
    options.mode = DW_OVERWRITE_WHERE;
    options.where = "no = 1";
    DWT_ERR(dw_txn_overwrite(txn, &options, &f->err), &f->err, DW_E_NOT_FOUND, "column no");
    DWT_OK(stage(f, txn, "{\"id\":1}"), &f->err);
    options.where = "id = 1";
    DWT_ERR(dw_txn_overwrite(txn, &options, &f->err), &f->err, DW_E_ARG, "staged already");
    dw_txn_close(txn);
}

static void every_allocation_may_fail(void **state)
{
    table_fixture *f = *state;
    dw_status status = DW_E_NOMEM;
    int64_t n = 0;

    create(f, NULL, 0);
    fill(f);
    for (; status != DW_OK && dw_table_version(f->table) == 1; n++) {
        dw_overwrite_options options = DW_OVERWRITE_OPTIONS_INIT;
        dw_txn *txn = begin_txn(f, 0);
        options.mode = DW_OVERWRITE_WHERE;
        options.where = "id < 3 OR p = 'b'";
        f->alloc.fail_at = f->alloc.calls + n;
        status = dw_txn_overwrite(txn, &options, &f->err);
        if (status == DW_OK)
            status = stage(f, txn, "{\"id\":2,\"p\":\"b\"}");
        if (status == DW_OK)
            status = dw_commit(txn, NULL, &f->err);
        f->alloc.fail_at = -1;
        dw_txn_close(txn);
        if (status != DW_OK && dw_table_version(f->table) == 1)
            DWT_EQ(status, DW_E_NOMEM);
    }
    assert_true(n > 100);
    LEFT(f, 2, 3, 4, 5, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(all_rows_are_replaced_by_one_version),
        TABLE_TEST(partitions_of_new_rows_are_replaced),
        TABLE_TEST(rows_that_pass_a_condition_are_replaced_by_such_rows),
        TABLE_TEST(deletion_vectors_and_change_data_are_written_for_it),
        TABLE_TEST(appends_of_others_meanwhile_are_replaced_too),
        TABLE_TEST(a_commit_in_its_way_makes_it_begin_anew),
        TABLE_TEST(what_cannot_be_done_is_refused),
        TABLE_TEST(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
