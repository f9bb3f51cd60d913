/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of live files moved into new ones: order, partition, row ids and types are kept. */
#include "table_fixture.h"

#include <stdlib.h>

#include "api/table_impl.h"
#include "delta/action_copy.h"
#include "delta/files.h"
#include "delta/rewrite.h"
#include "delta/row_tracking.h"

typedef struct files {
    dwi_arena arena;
    dwi_add items[64];
    size_t n;
} files;

static dw_status keep_file(void *ctx, const dwi_add *add, dw_error *err)
{
    files *list = ctx;

    assert_true(list->n < 64);
    return dwi_add_copy(&list->arena, add, &list->items[list->n++]) ? DW_OK : dwi_err_nomem(err);
}

static dwi_state *latest(table_fixture *f)
{
    DWT_OK(dw_table_refresh(f->table, NULL, &f->err), &f->err);
    return dwi_table_state(f->table);
}

static int by_time(const void *a, const void *b)
{
    return strcmp(((const dwi_add *)a)->stats.ptr, ((const dwi_add *)b)->stats.ptr);
}

/* The live files, in the order of their statistics. */
static void list_files(table_fixture *f, dwi_state *state, files *out)
{
    const dwi_file_visitor visitor = {out, keep_file, NULL};

    out->n = 0;
    dwi_arena_init(&out->arena, &f->alloc.base);
    DWT_OK(dwi_files_visit(&f->table->log, state, visitor, &f->err), &f->err);
    qsort(out->items, out->n, sizeof(*out->items), by_time);
}

/* All rows of the files as "a,b;...": longs, with - for null. */
static void show_rows(table_fixture *f, dwi_state *state, const dwi_add *adds, size_t n, char *out,
                      size_t size)
{
    const dwi_scan_files what = {.row_ids = true, .files = adds, .n_files = n};
    dwi_table_scan *scan = NULL;
    dwi_column batch = {0};
    size_t used = 0;

    out[0] = '\0';
    DWT_OK(dwi_table_scan_open_files(&f->table->log, state, &what, &scan, &f->err), &f->err);
    DWT_OK(dwi_column_init(&batch, dwi_table_scan_type(scan), &f->alloc.base, &f->err), &f->err);
    for (;;) {
        dwi_arena arena;
        const dwi_vec *rows;
        DWT_OK(dwi_table_scan_next(scan, &batch, &f->err), &f->err);
        if (batch.length == 0)
            break;
        dwi_arena_init(&arena, &f->alloc.base);
        rows = dwi_column_view(&batch, &arena);
        for (int64_t i = 0; i < rows->length; i++)
            for (size_t c = 0; c < rows->n_children; c++) {
                const dwi_vec *v = &rows->children[c];
                const char *end = c + 1 < rows->n_children ? "," : ";";
                assert_true(v->type->kind == DWI_LONG);
                if (dwi_vec_is_valid(v, i))
                    used += (size_t)snprintf(out + used, size - used, "%lld%s",
                                             (long long)((const int64_t *)v->values)[v->offset + i],
                                             end);
                else
                    used += (size_t)snprintf(out + used, size - used, "-%s", end);
            }
        dwi_arena_done(&arena);
    }
    dwi_column_done(&batch);
    dwi_table_scan_close(scan);
}

static int count_objects(table_fixture *f);

#define PLAIN LEGACY(1, 2) METADATA(COLUMN("a", "long", true, ""), "")

static void small_files_become_one_with_their_rows_in_order(void **state)
{
    table_fixture *f = *state;
    const dwi_rewrite_options opts = {0};
    dwi_rewritten made;
    dwi_state *at;
    char text[256];
    files list;

    open_lines(f, PLAIN);
    DWT_OK(append_ndjson(f, "{\"a\":1}\n{\"a\":2}"), &f->err);
    DWT_OK(append_ndjson(f, "{\"a\":3}\n{}"), &f->err);
    DWT_OK(append_ndjson(f, "{\"a\":5}"), &f->err);
    at = latest(f);
    list_files(f, at, &list);
    DWT_EQ(list.n, 3);
    DWT_OK(dwi_rewrite(&f->table->log, at, &opts, list.items, list.n, &made, &f->err), &f->err);
    DWT_EQ(made.n_adds, 1);
    DWT_EQ(made.rows, 5);
    DWT_EQ(made.rows_read, 5);
    DWT_EQ(made.bytes, made.adds[0].size);
    assert_has(made.adds[0].stats.ptr, "{\"numRecords\":5,\"minValues\":{\"a\":1},\"maxValues\":"
                                       "{\"a\":5},\"nullCount\":{\"a\":1}");
    show_rows(f, at, made.adds, 1, text, sizeof(text));
    DWT_STR(text, "5;1;2;3;-;"); /* the order that the files were given in */
    dwi_rewritten_remove(&made, &f->table->log);
    dwi_rewritten_done(&made);
    DWT_EQ(count_objects(f), 3);
    dwi_arena_done(&list.arena);
    dwi_state_unref(at);
}

static dw_status count_object(void *ctx, const dw_object *object, dw_error *err)
{
    (void)err;
    *(int *)ctx += strstr(object->key, ".parquet") != NULL;
    return DW_OK;
}

static int count_objects(table_fixture *f)
{
    int n = 0;

    DWT_OK(dwi_store_list(f->store, "t/", NULL, count_object, &n, &f->err), &f->err);
    return n;
}

static dw_status keep_odd(void *ctx, const dwi_vec *rows, uint8_t *keep, dw_error *err)
{
    const dwi_vec *a = &rows->children[0];

    (void)ctx;
    (void)err;
    for (int64_t i = 0; i < rows->length; i++)
        if (((const int64_t *)a->values)[a->offset + i] % 2 == 1)
            keep[i / 8] |= (uint8_t)(1 << (i % 8));
    return DW_OK;
}

static void a_filter_chooses_the_rows_that_are_moved(void **state)
{
    table_fixture *f = *state;
    const dwi_rewrite_options opts = {.filter = {NULL, keep_odd}};
    dwi_rewritten made;
    dwi_state *at;
    char text[256];
    files list;

    open_lines(f, PLAIN);
    DWT_OK(append_ndjson(f, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":5}\n{\"a\":6}"), &f->err);
    DWT_OK(append_ndjson(f, "{\"a\":7}"), &f->err);
    at = latest(f);
    list_files(f, at, &list);
    DWT_OK(dwi_rewrite(&f->table->log, at, &opts, list.items, list.n, &made, &f->err), &f->err);
    DWT_EQ(made.rows, 4);
    DWT_EQ(made.rows_read, 6);
    show_rows(f, at, made.adds, made.n_adds, text, sizeof(text));
    DWT_STR(text, "7;1;3;5;");
    dwi_rewritten_done(&made);
    dwi_arena_done(&list.arena);
    dwi_state_unref(at);
}

static dw_status keep_none(void *ctx, const dwi_vec *rows, uint8_t *keep, dw_error *err)
{
    (void)ctx;
    (void)rows;
    (void)keep;
    (void)err;
    return DW_OK;
}

static void no_file_is_made_of_no_rows(void **state)
{
    table_fixture *f = *state;
    const dwi_rewrite_options opts = {.filter = {NULL, keep_none}};
    dwi_rewritten made;
    dwi_state *at;
    files list;

    open_lines(f, PLAIN);
    DWT_OK(append_ndjson(f, "{\"a\":1}"), &f->err);
    at = latest(f);
    list_files(f, at, &list);
    DWT_OK(dwi_rewrite(&f->table->log, at, &opts, list.items, list.n, &made, &f->err), &f->err);
    DWT_EQ(made.n_adds, 0);
    DWT_EQ(count_objects(f), 1);
    dwi_rewritten_done(&made);
    dwi_arena_done(&list.arena);
    dwi_state_unref(at);
}

#define BY_DAY                                                                                     \
    LEGACY(1, 2)                                                                                   \
    "{\"metaData\":{\"id\":\"the-id\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"       \
    "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[" COLUMN(                     \
        "a", "long", true, "") "," COLUMN("at", "timestamp", true,                                 \
                                          "") "]}\",\"partitionColumns\":[\"at\"],"                \
                                              "\"configuration\":{}}}\n"

static void partitions_stay_apart_and_their_values_as_they_were_written(void **state)
{
    table_fixture *f = *state;
    const dwi_rewrite_options opts = {0};
    dwi_rewritten made;
    dwi_state *at;
    files list;

    open_lines(f, BY_DAY);
    for (int i = 0; i < 2; i++) {
        DWT_OK(append_ndjson(f, "{\"a\":1,\"at\":\"2024-01-01T00:00:00Z\"}\n"
                                "{\"a\":2,\"at\":\"2024-01-02T00:00:00Z\"}"),
               &f->err);
    }
    at = latest(f);
    list_files(f, at, &list);
    DWT_EQ(list.n, 4);
    for (size_t i = 0; i < 4; i++) { /* as an older Spark writes it, in its own time zone */
        dwi_kv *value =
            dwi_arena_dup(&list.arena, list.items[i].partition_values.items, sizeof(dwi_kv));
        value->value = i < 2 ? DWI_SV("2024-01-01 00:00:00") : DWI_SV("2024-01-02 00:00:00");
        list.items[i].partition_values.items = value;
    }
    DWT_OK(dwi_rewrite(&f->table->log, at, &opts, list.items, list.n, &made, &f->err), &f->err);
    DWT_EQ(made.n_adds, 2);
    for (size_t i = 0; i < 2; i++) {
        const dwi_kvs *values = &made.adds[i].partition_values;
        DWT_EQ(values->count, 1);
        DWT_STR(values->items[0].key.ptr, "at");
        DWT_STR(values->items[0].value.ptr, i == 0 ? "2024-01-01 00:00:00" : "2024-01-02 00:00:00");
        assert_has(made.adds[i].stats.ptr, "\"numRecords\":2");
        assert_true(dwi_same_partition(&made.adds[i], &list.items[i * 2]));
        assert_false(dwi_same_partition(&made.adds[i], &list.items[2 - i * 2]));
    }
    dwi_rewritten_done(&made);
    dwi_arena_done(&list.arena);
    dwi_state_unref(at);
}

#define TRACKED(mapping, columns)                                                                  \
    BOTH_LISTED("\"columnMapping\"", "\"rowTracking\",\"domainMetadata\",\"columnMapping\"")       \
    METADATA(columns, "\"delta.enableRowTracking\":\"true\"," mapping                              \
                      "\"delta.rowTracking.materializedRowIdColumnName\":\"_row-id-col-1\","       \
                      "\"delta.rowTracking.materializedRowCommitVersionColumnName\":"              \
                      "\"_row-commit-version-col-1\"")
#define MAPPED                                                                                     \
    COLUMN("a", "long", true,                                                                      \
           "\\\"delta.columnMapping.id\\\":1,\\\"delta.columnMapping.physicalName\\\":"            \
           "\\\"col-a\\\"")

static void assert_row_ids_are_kept(table_fixture *f, const char *lines)
{
    const dwi_rewrite_options opts = {.filter = {NULL, keep_odd}};
    dwi_rewritten once;
    dwi_rewritten twice;
    dwi_state *at;
    char text[256];
    files list;

    open_lines(f, lines);
    DWT_OK(append_ndjson(f, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}"), &f->err);
    DWT_OK(append_ndjson(f, "{\"a\":5}"), &f->err);
    at = latest(f);
    list_files(f, at, &list);
    DWT_OK(dwi_rewrite(&f->table->log, at, &opts, list.items, list.n, &once, &f->err), &f->err);
    DWT_EQ(once.n_adds, 1);
    assert_has(once.adds[0].stats.ptr, "\"numRecords\":3,\"minValues\":{\"");
    assert_has_not(once.adds[0].stats.ptr, "_row-");
    once.adds[0].base_row_id = 100; /* as its commit would give them */
    once.adds[0].default_row_commit_version = 3;
    show_rows(f, at, once.adds, 1, text, sizeof(text));
    DWT_STR(text, "5,3,2;1,0,1;3,2,1;");
    DWT_OK(dwi_rewrite(&f->table->log, at, &opts, once.adds, 1, &twice, &f->err), &f->err);
    twice.adds[0].base_row_id = 200;
    twice.adds[0].default_row_commit_version = 4;
    show_rows(f, at, twice.adds, 1, text, sizeof(text));
    DWT_STR(text, "5,3,2;1,0,1;3,2,1;");
    dwi_rewritten_done(&once);
    dwi_rewritten_done(&twice);
    list.items[0].base_row_id = -1;
    DWT_ERR(dwi_rewrite(&f->table->log, at, &opts, list.items, list.n, &once, &f->err), &f->err,
            DW_E_CORRUPT, "no row ids for the file");
    dwi_arena_done(&list.arena);
    dwi_state_unref(at);
}

static void rows_keep_their_ids_where_the_table_tracks_them(void **state)
{
    assert_row_ids_are_kept(*state, TRACKED("", COLUMN("a", "long", true, "")));
}

static void row_ids_are_kept_under_mapping_by_name(void **state)
{
    assert_row_ids_are_kept(*state, TRACKED("\"delta.columnMapping.mode\":\"name\",", MAPPED));
}

static void row_ids_are_kept_under_mapping_by_id(void **state)
{
    assert_row_ids_are_kept(*state, TRACKED("\"delta.columnMapping.mode\":\"id\",", MAPPED));
}

static void a_table_that_tracks_rows_and_names_no_columns_for_it_is_an_error(void **state)
{
    table_fixture *f = *state;
    const dwi_rewrite_options opts = {0};
    dwi_rewritten made;
    dwi_state *at;
    files list;

    open_lines(f, LISTED("\"rowTracking\",\"domainMetadata\"") METADATA(
                      COLUMN("a", "long", true, ""), "\"delta.enableRowTracking\":\"true\""));
    DWT_OK(append_ndjson(f, "{\"a\":1}"), &f->err);
    at = latest(f);
    list_files(f, at, &list);
    DWT_ERR(dwi_rewrite(&f->table->log, at, &opts, list.items, list.n, &made, &f->err), &f->err,
            DW_E_CORRUPT, "materializedRowIdColumnName");
    dwi_arena_done(&list.arena);
    dwi_state_unref(at);
}

static dw_status give_up(void *ctx, int64_t rows, dw_error *err)
{
    *(int64_t *)ctx += rows;
    return dwi_err(err, DW_E_ARG, "enough");
}

static void who_watches_can_end_it_and_nothing_is_left(void **state)
{
    table_fixture *f = *state;
    int64_t rows = 0;
    const dwi_rewrite_options opts = {.files = {.target_file_bytes = 1}, .watch = {&rows, give_up}};
    dwi_rewritten made;
    dwi_state *at;
    files list;

    open_lines(f, PLAIN);
    DWT_OK(append_ndjson(f, "{\"a\":1}\n{\"a\":2}"), &f->err);
    at = latest(f);
    list_files(f, at, &list);
    DWT_ERR(dwi_rewrite(&f->table->log, at, &opts, list.items, list.n, &made, &f->err), &f->err,
            DW_E_ARG, "enough");
    DWT_EQ(rows, 2);
    DWT_EQ(made.n_adds, 0);
    DWT_EQ(count_objects(f), 1);
    dwi_arena_done(&list.arena);
    dwi_state_unref(at);
}

static void memory_may_be_short_at_any_point(void **state)
{
    table_fixture *f = *state;
    const dwi_rewrite_options opts = {.filter = {NULL, keep_odd}};
    dwi_rewritten made;
    dw_status status = DW_E_NOMEM;
    dwi_state *at;
    files list;

    open_lines(f, TRACKED("\"delta.columnMapping.mode\":\"id\",", MAPPED));
    DWT_OK(append_ndjson(f, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}"), &f->err);
    at = latest(f);
    list_files(f, at, &list);
    for (int64_t n = 0; status != DW_OK; n++) {
        int64_t blocks = f->alloc.live_blocks;
        f->alloc.fail_at = f->alloc.calls + n;
        status = dwi_rewrite(&f->table->log, at, &opts, list.items, list.n, &made, &f->err);
        f->alloc.fail_at = -1;
        if (status != DW_OK) {
            DWT_EQ(status, DW_E_NOMEM);
            DWT_EQ(f->alloc.live_blocks, blocks);
            DWT_EQ(count_objects(f), 1);
        }
    }
    DWT_EQ(made.rows, 2);
    dwi_rewritten_done(&made);
    dwi_arena_done(&list.arena);
    dwi_state_unref(at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(small_files_become_one_with_their_rows_in_order),
        TABLE_TEST(a_filter_chooses_the_rows_that_are_moved),
        TABLE_TEST(no_file_is_made_of_no_rows),
        TABLE_TEST(partitions_stay_apart_and_their_values_as_they_were_written),
        TABLE_TEST(rows_keep_their_ids_where_the_table_tracks_them),
        TABLE_TEST(row_ids_are_kept_under_mapping_by_name),
        TABLE_TEST(row_ids_are_kept_under_mapping_by_id),
        TABLE_TEST(a_table_that_tracks_rows_and_names_no_columns_for_it_is_an_error),
        TABLE_TEST(who_watches_can_end_it_and_nothing_is_left),
        TABLE_TEST(memory_may_be_short_at_any_point),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
