/* SPDX-License-Identifier: Apache-2.0 */
/* OPTIMIZE ... ZORDER BY: rows that are near each other in all columns lie in the same files, and
 * all rows are still there, also when they do not fit into memory. */
#include "table_audit.h"
#include "table_fixture.h"

#include <stdlib.h>

#define INFO "{\"commitInfo\":{\"operation\":\"x\"}}\n"
#define GRID                                                                                       \
    INFO LEGACY(1, 2) METADATA(COLUMN("a", "long", true, "") "," COLUMN(                           \
                                   "b", "string", true, "") "," COLUMN("n", "long", true, ""),     \
                               "")

enum { SIDE = 64, ROWS = SIDE * SIDE, COMMITS = 16 };

/* Every point of a grid, in no order, over some commits; a few have no b. */
static void fill(table_fixture *f)
{
    static char text[ROWS / COMMITS * 64];
    int order[ROWS];

    for (int i = 0; i < ROWS; i++)
        order[i] = i;
    for (int i = ROWS - 1; i > 0; i--) {
        f->env.seed = f->env.seed * 6364136223846793005u + 1442695040888963407u;
        int k = (int)((f->env.seed >> 33) % (uint64_t)(i + 1));
        int t = order[i];
        order[i] = order[k];
        order[k] = t;
    }
    for (int c = 0; c < COMMITS; c++) {
        size_t len = 0;
        for (int i = 0; i < ROWS / COMMITS; i++) {
            int n = order[c * (ROWS / COMMITS) + i];
            if (n % 100 == 7)
                len += (size_t)snprintf(text + len, sizeof(text) - len, "{\"a\":%d,\"n\":%d}\n",
                                        n / SIDE, n);
            else
                len += (size_t)snprintf(text + len, sizeof(text) - len,
                                        "{\"a\":%d,\"b\":\"key-%03d\",\"n\":%d}\n", n / SIDE,
                                        n % SIDE, n);
        }
        DWT_OK(append_ndjson(f, text), &f->err);
    }
}

/* How far the values of a file lie apart, of the grid's side, summed over the files. */
typedef struct spread {
    int files;
    int a;
    int b;
} spread;

static int number_after(const char *text, const char *key)
{
    const char *at = strstr(text, key);

    assert_non_null(at);
    return atoi(at + strlen(key));
}

static dw_status add_spread(void *ctx, const dw_file *file, dw_error *err)
{
    const char *max = strstr(file->stats_json, "maxValues");
    spread *s = ctx;

    (void)err;
    s->files++;
    s->a += number_after(max, "\"a\":") - number_after(file->stats_json, "\"a\":");
    s->b += number_after(max, "\"b\":\"key-") - number_after(file->stats_json, "\"b\":\"key-");
    return DW_OK;
}

static spread measure(table_fixture *f)
{
    dw_snapshot *snapshot = NULL;
    spread s = {0};

    DWT_OK(dw_snapshot_open(f->table, -1, &snapshot, &f->err), &f->err);
    DWT_OK(dw_snapshot_files(snapshot, add_spread, &s, &f->err), &f->err);
    dw_snapshot_close(snapshot);
    return s;
}

static void check_rows(table_fixture *f)
{
    bool seen[ROWS] = {false};
    struct ArrowArrayStream stream;
    dw_snapshot *snapshot = NULL;
    int rows = 0;

    DWT_OK(dw_snapshot_open(f->table, -1, &snapshot, &f->err), &f->err);
    DWT_OK(dw_snapshot_scan(snapshot, NULL, &stream, &f->err), &f->err);
    for (;;) {
        struct ArrowArray batch;
        DWT_EQ(stream.get_next(&stream, &batch), 0);
        if (batch.release == NULL)
            break;
        const int64_t *a = batch.children[0]->buffers[1];
        const int32_t *offsets = batch.children[1]->buffers[1];
        const char *b = batch.children[1]->buffers[2];
        const int64_t *n = batch.children[2]->buffers[1];
        for (int64_t i = 0; i < batch.length; i++, rows++) {
            assert_in_range(n[i], 0, ROWS - 1);
            assert_false(seen[n[i]]);
            seen[n[i]] = true;
            DWT_EQ(a[i], n[i] / SIDE);
            if (n[i] % 100 == 7)
                DWT_EQ(offsets[i + 1], offsets[i]);
            else
                DWT_EQ(atoi(b + offsets[i] + 4), n[i] % SIDE);
        }
        batch.release(&batch);
    }
    stream.release(&stream);
    dw_snapshot_close(snapshot);
    DWT_EQ(rows, ROWS);
}

static dw_status zorder(table_fixture *f, const char *const *columns, size_t n, int64_t memory)
{
    dw_optimize_options opts = DW_OPTIMIZE_OPTIONS_INIT;

    opts.zorder_columns = columns;
    opts.n_zorder_columns = n;
    opts.target_file_bytes = 1500;
    opts.memory_bytes = memory;
    return dw_optimize(f->table, &opts, NULL, &f->err);
}

static void assert_ordered(table_fixture *f, int64_t memory)
{
    static const char *const columns[] = {"a", "B"};
    spread before;
    spread after;

    open_lines(f, GRID);
    fill(f);
    before = measure(f);
    assert_in_range(before.a, before.files * (SIDE - 4), before.files * SIDE);
    DWT_OK(zorder(f, columns, 2, memory), &f->err);
    check_rows(f);
    after = measure(f);
    assert_in_range(after.files, 4, 40);
    assert_in_range(after.a, 1, after.files * SIDE * 7 / 10); /* of a side, on average */
    assert_in_range(after.b, 1, after.files * SIDE * 7 / 10);
    assert_has(version_text(f, COMMITS + 1), "\"zOrderBy\":\"[\\\"a\\\",\\\"B\\\"]\"");
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).orphans, 0);
}

static void rows_near_each_other_in_all_columns_come_together(void **state)
{
    assert_ordered(*state, 0);
}

static void rows_that_do_not_fit_into_memory_are_read_several_times(void **state)
{
    assert_ordered(*state, 100000);
}

static void one_column_is_simply_sorted(void **state)
{
    static const char *const columns[] = {"n"};
    table_fixture *f = *state;
    spread after;

    open_lines(f, GRID);
    fill(f);
    DWT_OK(zorder(f, columns, 1, 0), &f->err);
    check_rows(f);
    after = measure(f);
    assert_in_range(after.a, 1, SIDE + after.files * 2); /* each a is in one file, or in two */
}

/* A column of one value gives no way to cut: what is more than memory takes comes in parts. */
static void equal_rows_that_do_not_fit_are_written_in_parts(void **state)
{
    static const char *const columns[] = {"b"};
    table_fixture *f = *state;
    char text[4096];

    open_lines(f, GRID);
    for (int c = 0; c < 40; c++) {
        size_t len = 0;
        for (int i = 0; i < 50; i++)
            len += (size_t)snprintf(text + len, sizeof(text) - len,
                                    "{\"a\":1,\"b\":\"key-001\",\"n\":%d}\n", c * 50 + i);
        DWT_OK(append_ndjson(f, text), &f->err);
    }
    DWT_OK(zorder(f, columns, 1, 20000), &f->err);
    DWT_EQ(measure(f).a, 0);
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).rows, 4000); /* of the appends, and moved */
}

static void columns_that_cannot_order_rows_are_refused(void **state)
{
    static const char *const missing[] = {"nope"};
    static const char *const twice[] = {"a", "A"};
    static const char *const partition[] = {"p"};
    static const char *const list[] = {"l"};
    table_fixture *f = *state;

    open_lines(
        f,
        INFO LEGACY(
            1, 2) "{\"metaData\":{\"id\":\"the-id\",\"format\":{\"provider\":"
                  "\"parquet\",\"options\":{}},\"schemaString\":\"{\\\"type\\\":"
                  "\\\"struct\\\",\\\"fields\\\":[" COLUMN(
                      "a", "long", true,
                      "") ""
                          "," COLUMN(
                              "p", "string", true,
                              "") ",{\\\"name\\\":\\\"l\\\","
                                  "\\\"nullable\\\":true,\\\"metadata\\\":{},\\\"type\\\":{\\\"type"
                                  "\\\":\\\"array\\\",\\\"elementType\\\":\\\"long\\\",\\\"contains"
                                  "Null\\\":true}}]}\",\"partitionColumns\":[\"p\"],"
                                  "\"configuration\":{}}}\n");
    DWT_ERR(zorder(f, missing, 1, 0), &f->err, DW_E_NOT_FOUND, "column nope");
    DWT_ERR(zorder(f, twice, 2, 0), &f->err, DW_E_ARG, "column A: it is named twice");
    DWT_ERR(zorder(f, partition, 1, 0), &f->err, DW_E_ARG, "column p: rows are apart");
    DWT_ERR(zorder(f, list, 1, 0), &f->err, DW_E_UNSUPPORTED, "column l: values of type array");
}

static void memory_may_be_short_at_any_point(void **state)
{
    static const char *const columns[] = {"a", "b"};
    table_fixture *f = *state;
    dw_status status = DW_E_NOMEM;

    open_lines(f, GRID);
    DWT_OK(append_ndjson(f, "{\"a\":2,\"b\":\"key-1\"}\n{\"a\":1,\"b\":\"key-2\"}"), &f->err);
    for (int64_t n = 0; status != DW_OK; n++) {
        f->alloc.fail_at = f->alloc.calls + n;
        status = zorder(f, columns, 2, 0);
        f->alloc.fail_at = -1;
        if (status != DW_OK)
            DWT_EQ(status, DW_E_NOMEM);
        DWT_EQ(dwt_table_audit(f->store, "t", NULL).orphans, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(rows_near_each_other_in_all_columns_come_together),
        TABLE_TEST(rows_that_do_not_fit_into_memory_are_read_several_times),
        TABLE_TEST(one_column_is_simply_sorted),
        TABLE_TEST(equal_rows_that_do_not_fit_are_written_in_parts),
        TABLE_TEST(columns_that_cannot_order_rows_are_refused),
        TABLE_TEST(memory_may_be_short_at_any_point),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
