/* SPDX-License-Identifier: Apache-2.0 */
#include "table_fixture.h"

#include <inttypes.h>

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

static dw_status delete_where(table_fixture *f, const char *where, dw_delete_metrics *m)
{
    dw_delete_options options = DW_DELETE_OPTIONS_INIT;

    *m = (dw_delete_metrics)DW_DELETE_METRICS_INIT;
    options.where = where;
    return dw_delete(f->table, &options, m, &f->err);
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

static void whole_partitions_and_files_go_unread(void **state)
{
    table_fixture *f = *state;
    dw_delete_metrics m;

    create(f, NULL, 0);
    fill(f);
    DWT_OK(delete_where(f, "p = 'b'", &m), &f->err);
    DWT_EQ(m.version, 2);
    DWT_EQ(m.removed_files, 1);
    DWT_EQ(m.deleted_rows, 3);
    DWT_EQ(m.added_files, 0);
    LEFT(f, 1, 2, 3, 4, 5, 6);
    assert_has(version_text(f, 2), "\"operation\":\"DELETE\"");
    assert_has(f->text, "\"predicate\":\"[\\\"p = 'b'\\\"]\"");
    assert_has(f->text, "\"numDeletedRows\":\"3\"");
    assert_has(f->text, "\"isBlindAppend\":false");
    DWT_OK(delete_where(f, "id >= 1 AND id < 100", &m), &f->err); /* by statistics */
    DWT_EQ(m.removed_files, 1);
    DWT_EQ(m.deleted_rows, 6);
    DWT_OK(delete_where(f, NULL, &m), &f->err);
    DWT_EQ(m.version, -1);
    fill(f);
    DWT_OK(delete_where(f, NULL, &m), &f->err);
    DWT_EQ(m.removed_files, 2);
    assert_has(version_text(f, 5), "\"predicate\":\"[]\"");
    DWT_EQ(rows_left(f, &(int){0}), 0);
}

static void other_rows_of_a_file_are_written_anew(void **state)
{
    table_fixture *f = *state;
    dw_delete_metrics m;

    create(f, NULL, 0);
    fill(f);
    DWT_OK(delete_where(f, "id IN (2, 3, 7)", &m), &f->err);
    DWT_EQ(m.deleted_rows, 3);
    DWT_EQ(m.considered_files, 2);
    DWT_EQ(m.rewritten_files, 2);
    DWT_EQ(m.added_files, 2);
    DWT_EQ(m.copied_rows, 6);
    DWT_EQ(m.added_dvs, 0);
    LEFT(f, 1, 4, 5, 6, 8, 9);
    DWT_OK(delete_where(f, "id = 100 OR id = 2", &m), &f->err);
    DWT_EQ(m.version, -1); /* no row passes */
    DWT_EQ(dw_table_version(f->table), 2);
}

static void rows_are_marked_where_the_table_wants_vectors(void **state)
{
    const dw_property on = {"delta.enableDeletionVectors", "true"};
    table_fixture *f = *state;
    dw_delete_metrics m;

    create(f, &on, 1);
    fill(f);
    DWT_OK(delete_where(f, "id IN (2, 3, 7)", &m), &f->err);
    DWT_EQ(m.deleted_rows, 3);
    DWT_EQ(m.added_dvs, 2);
    DWT_EQ(m.added_files, 0);
    LEFT(f, 1, 4, 5, 6, 8, 9);
    assert_has(version_text(f, 2), "\\\"numRecords\\\":6");
    assert_has(f->text, "\\\"tightBounds\\\":false");
    assert_has_not(f->text, "\\\"tightBounds\\\":true");
    assert_has(f->text, "\"deletionVector\":{\"storageType\":\"u\"");
    assert_has(f->text, "\"cardinality\":2");
    DWT_OK(delete_where(f, "id BETWEEN 2 AND 4", &m), &f->err);
    DWT_EQ(m.deleted_rows, 1); /* 2 and 3 were gone */
    DWT_EQ(m.updated_dvs, 1);
    assert_has(version_text(f, 3), "\"cardinality\":3");
    LEFT(f, 1, 5, 6, 8, 9);
    DWT_OK(delete_where(f, "p = 'a' AND id <> 17", &m), &f->err);
    DWT_EQ(m.deleted_rows, 3);
    DWT_EQ(m.removed_dvs, 1);
    DWT_EQ(m.removed_files, 1);
    LEFT(f, 8, 9);
}

static void deleted_rows_are_told_as_change_data(void **state)
{
    const dw_property on = {"delta.enableChangeDataFeed", "true"};
    table_fixture *f = *state;
    dw_delete_metrics m;

    create(f, &on, 1);
    fill(f);
    DWT_OK(delete_where(f, "p = 'b'", &m), &f->err);
    DWT_EQ(m.change_files, 0); /* the remove says it */
    fill(f);
    DWT_OK(delete_where(f, "id = 1 OR p = 'b'", &m), &f->err);
    DWT_EQ(m.change_files, 3);
    DWT_EQ(m.deleted_rows, 5);
    assert_has(version_text(f, 4), "{\"cdc\":{\"path\":\"_change_data/p=b/cdc-");
    assert_has(f->text, "\"partitionValues\":{\"p\":\"b\"}");
}

static void a_dry_run_only_counts(void **state)
{
    dw_delete_options options = DW_DELETE_OPTIONS_INIT;
    dw_delete_metrics m = DW_DELETE_METRICS_INIT;
    table_fixture *f = *state;

    create(f, NULL, 0);
    fill(f);
    options.where = "id < 3";
    options.flags = DW_DELETE_DRY_RUN;
    DWT_OK(dw_delete(f->table, &options, &m, &f->err), &f->err);
    DWT_EQ(m.deleted_rows, 2);
    DWT_EQ(m.rewritten_files, 1);
    DWT_EQ(m.version, -1);
    LEFT(f, 1, 2, 3, 4, 5, 6, 7, 8, 9);
}

static void an_application_id_makes_it_happen_once(void **state)
{
    dw_delete_options options = DW_DELETE_OPTIONS_INIT;
    dw_delete_metrics m = DW_DELETE_METRICS_INIT;
    table_fixture *f = *state;

    create(f, NULL, 0);
    fill(f);
    options.where = "id = 1";
    options.app_id = "sweeper";
    options.app_version = 3;
    DWT_OK(dw_delete(f->table, &options, &m, &f->err), &f->err);
    DWT_EQ(m.deleted_rows, 1);
    DWT_EQ(m.was_done, 0);
    assert_has(version_text(f, 2), "{\"txn\":{\"appId\":\"sweeper\",\"version\":3,");
    options.where = "id = 2";
    DWT_OK(dw_delete(f->table, &options, &m, &f->err), &f->err);
    DWT_EQ(m.was_done, 1);
    DWT_EQ(m.version, -1);
    LEFT(f, 2, 3, 4, 5, 6, 7, 8, 9);
    options.app_version = 4; /* no row passes: the version is remembered all the same */
    options.where = "id = 1";
    DWT_OK(dw_delete(f->table, &options, &m, &f->err), &f->err);
    DWT_EQ(m.version, 3);
}

static void what_cannot_be_done_is_refused(void **state)
{
    const dw_property on = {"delta.appendOnly", "true"};
    dw_delete_options options = DW_DELETE_OPTIONS_INIT;
    table_fixture *f = *state;
    dw_delete_metrics m;

    create(f, &on, 1);
    fill(f);
    DWT_ERR(delete_where(f, "id = 1", &m), &f->err, DW_E_UNSUPPORTED, "delta.appendOnly");
    DWT_ERR(delete_where(f, "id = ", &m), &f->err, DW_E_ARG, "where: at the end");
    DWT_ERR(delete_where(f, "other = 1", &m), &f->err, DW_E_NOT_FOUND, "column other");
    options.threads = -1;
    DWT_ERR(dw_delete(f->table, &options, NULL, &f->err), &f->err, DW_E_ARG, "threads");
    LEFT(f, 1, 2, 3, 4, 5, 6, 7, 8, 9);
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
        "{\"add\":{\"path\":\"x.parquet\",\"partitionValues\":{\"p\":\"c\"},\"size\":1,"
        "\"modificationTime\":1,\"dataChange\":true}}\n";
    table_fixture *f = *state;
    dw_delete_metrics m;
    char winner[1024];
    char *line;

    create(f, NULL, 0);
    fill(f);
    race_with(f, blind); /* of a partition that was not read: it goes on */
    DWT_OK(delete_where(f, "id = 1 AND p = 'a'", &m), &f->err);
    DWT_EQ(m.version, 3);
    DWT_EQ(race.puts, 2);
    (void)version_text(f, 1); /* somebody removes the file of "b" */
    line = strstr(f->text, "{\"add\":{\"path\":\"p=b");
    assert_non_null(line);
    *strchr(line, '\n') = '\0';
    line = strstr(line, "p=b");
    *strchr(line, '"') = '\0';
    (void)snprintf(winner, sizeof(winner),
                   "{\"commitInfo\":{\"operation\":\"DELETE\"}}\n"
                   "{\"remove\":{\"path\":\"%.200s\",\"dataChange\":true}}\n",
                   line);
    f->store->ops.put = race.put;
    race_with(f, winner);
    DWT_OK(delete_where(f, "p <> 'c' AND id IN (2, 7)", &m), &f->err);
    DWT_EQ(m.version, 5);
    DWT_EQ(m.deleted_rows, 1);
    f->store->ops.put = race.put;
}

static dw_status count_files(void *ctx, const dw_object *object, dw_error *err)
{
    (void)err;
    *(int *)ctx += strstr(object->key, "_delta_log") == NULL;
    return DW_OK;
}

static void every_allocation_may_fail(void **state)
{
    const dw_property on[] = {{"delta.enableDeletionVectors", "true"},
                              {"delta.enableChangeDataFeed", "true"}};
    table_fixture *f = *state;
    dw_status status = DW_E_NOMEM;
    dw_delete_metrics m;
    int64_t n = 0;
    int count;

    create(f, on, 2);
    fill(f);
    for (; status != DW_OK; n++) {
        f->alloc.fail_at = f->alloc.calls + n;
        status = delete_where(f, "id IN (2, 3) OR p = 'b'", &m);
        f->alloc.fail_at = -1;
        if (status != DW_OK)
            DWT_EQ(status, DW_E_NOMEM);
        if (dw_table_version(f->table) == 2)
            break;
    }
    assert_true(n > 100);
    count = 0;
    DWT_OK(dwi_store_list(f->store, "t/", NULL, count_files, &count, &f->err), &f->err);
    DWT_EQ(count, 2 + 2 + 1); /* data, change data, one file of vectors: attempts left nothing */
    LEFT(f, 1, 4, 5, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(whole_partitions_and_files_go_unread),
        TABLE_TEST(other_rows_of_a_file_are_written_anew),
        TABLE_TEST(rows_are_marked_where_the_table_wants_vectors),
        TABLE_TEST(deleted_rows_are_told_as_change_data),
        TABLE_TEST(a_dry_run_only_counts),
        TABLE_TEST(an_application_id_makes_it_happen_once),
        TABLE_TEST(what_cannot_be_done_is_refused),
        TABLE_TEST(a_commit_in_its_way_makes_it_begin_anew),
        TABLE_TEST(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
