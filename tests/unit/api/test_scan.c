/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/store_ops.h"

#define SCHEMA                                                                                     \
    "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"long\",\"nullable\":true,"        \
    "\"metadata\":{}},{\"name\":\"s\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}]}"

typedef struct fixture {
    dw_store *store;
    dw_table *table;
    dw_error err;
} fixture;

static void append(fixture *f, uint32_t flags, const char *ndjson)
{
    dw_txn_options opts = DW_TXN_OPTIONS_INIT;
    dw_txn *txn = NULL;

    opts.flags = flags;
    DWT_OK(dw_begin(f->table, &opts, &txn, &f->err), &f->err);
    DWT_OK(dw_append_ndjson(txn, (dw_bytes){ndjson, strlen(ndjson)}, NULL, NULL, &f->err), &f->err);
    DWT_OK(dw_commit(txn, NULL, &f->err), &f->err);
    dw_txn_close(txn);
}

static int setup(void **state)
{
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    static fixture f;

    memset(&f, 0, sizeof(f));
    create.schema_json = SCHEMA;
    DWT_OK(dw_store_open_memory(NULL, &f.store, &f.err), &f.err);
    DWT_OK(dw_table_create(f.store, "t", &create, NULL, &f.table, &f.err), &f.err);
    append(&f, 0, "{\"a\":1,\"s\":\"one\"}\n{\"a\":null,\"s\":\"two\"}\n{\"a\":3}\n");
    append(&f, DW_TXN_ADD_COLUMNS, "{\"a\":4,\"s\":\"four\",\"n\":44}\n");
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    dw_table_close(f->table);
    dw_store_unref(f->store);
    return 0;
}

static bool valid(const struct ArrowArray *array, int64_t row)
{
    const uint8_t *bits = array->buffers[0];

    return bits == NULL || (bits[(array->offset + row) >> 3] >> ((array->offset + row) & 7) & 1);
}

/* One long column of a whole stream as text; nulls are dots. */
static void read_longs(struct ArrowArrayStream *stream, int64_t column, char *out, size_t size)
{
    struct ArrowArray batch;
    size_t len = 0;

    out[0] = '\0';
    for (;;) {
        const struct ArrowArray *child;
        DWT_EQ(stream->get_next(stream, &batch), 0);
        if (batch.release == NULL)
            return;
        child = batch.children[column];
        for (int64_t row = 0; row < batch.length; row++) {
            const int64_t *values = child->buffers[1];
            if (valid(child, row))
                len += (size_t)snprintf(out + len, size - len, " %lld",
                                        (long long)values[child->offset + row]);
            else
                len += (size_t)snprintf(out + len, size - len, " .");
        }
        len += (size_t)snprintf(out + len, size - len, ";");
        batch.release(&batch);
    }
}

static void rows_come_file_by_file_and_missing_columns_are_null(void **state)
{
    fixture *f = *state;
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    dw_snapshot *snapshot = NULL;
    char text[128];

    DWT_OK(dw_snapshot_open(f->table, -1, &snapshot, &f->err), &f->err);
    DWT_OK(dw_snapshot_scan(snapshot, NULL, &stream, &f->err), &f->err);
    DWT_EQ(stream.get_schema(&stream, &schema), 0);
    DWT_STR(schema.format, "+s");
    DWT_EQ(schema.n_children, 3);
    DWT_STR(schema.children[2]->name, "n");
    DWT_STR(schema.children[2]->format, "l");
    schema.release(&schema);
    read_longs(&stream, 2, text, sizeof(text));
    DWT_STR(text, " 44; . . .;");
    stream.release(&stream);
    dw_snapshot_close(snapshot);
}

static void columns_and_batch_size_can_be_chosen(void **state)
{
    fixture *f = *state;
    const char *columns[] = {"S", "a"};
    dw_scan_options opts = DW_SCAN_OPTIONS_INIT;
    struct ArrowArrayStream stream;
    dw_snapshot *snapshot = NULL;
    char text[128];

    DWT_OK(dw_snapshot_open(f->table, 1, &snapshot, &f->err), &f->err);
    opts.columns = columns;
    opts.n_columns = 2;
    opts.batch_rows = 2;
    DWT_OK(dw_snapshot_scan(snapshot, &opts, &stream, &f->err), &f->err);
    read_longs(&stream, 1, text, sizeof(text));
    DWT_STR(text, " 1 .; 3;");
    assert_null(stream.get_last_error(&stream));
    stream.release(&stream);
    columns[1] = "nothing";
    DWT_ERR(dw_snapshot_scan(snapshot, &opts, &stream, &f->err), &f->err, DW_E_NOT_FOUND,
            "t: column nothing");
    dw_snapshot_close(snapshot);
}

static void a_missing_file_is_told_by_the_stream(void **state)
{
    fixture *f = *state;
    struct ArrowArrayStream stream;
    struct ArrowArray batch = {.release = NULL};
    dw_snapshot *snapshot = NULL;

    DWT_OK(dwi_store_put(f->store, "t/_delta_log/00000000000000000003.json",
                         (dw_bytes){"{\"add\":{\"path\":\"gone.parquet\",\"size\":900}}", 42},
                         DW_PUT_OVERWRITE, &f->err),
           &f->err);
    DWT_OK(dw_snapshot_open(f->table, -1, &snapshot, &f->err), &f->err);
    DWT_OK(dw_snapshot_scan(snapshot, NULL, &stream, &f->err), &f->err);
    DWT_EQ(stream.get_next(&stream, &batch), EIO);
    assert_non_null(strstr(stream.get_last_error(&stream), "t/gone.parquet"));
    stream.release(&stream);
    dw_snapshot_close(snapshot);
}

static void only_rows_that_pass_come_and_other_files_are_not_read(void **state)
{
    static const struct {
        const char *where;
        const char *want; /* column n */
    } cases[] = {
        {"a = 3", " .;"},
        {"a > 1", " 44; .;"},
        {"s LIKE 'f%' OR n IS NULL", " 44; . . .;"},
        {"n >= 44", " 44;"},
        {"a <= 1 AND a >= 3", ""},
        {"a IS NULL AND s = 'two'", " .;"},
        {"s = 'nothing'", ""},
        {"TRUE", " 44; . . .;"},
        {"a <> 3", " 44; .;"},
    };
    static const char gone[] =
        "{\"add\":{\"path\":\"gone.parquet\",\"size\":900,\"stats\":\"{"
        "\\\"numRecords\\\":2,\\\"minValues\\\":{\\\"a\\\":100},"
        "\\\"maxValues\\\":{\\\"a\\\":200},\\\"nullCount\\\":{\\\"a\\\":0}}\"}}";
    fixture *f = *state;
    const char *columns[] = {"n"};
    dw_scan_options opts = DW_SCAN_OPTIONS_INIT;
    struct ArrowArrayStream stream;
    dw_snapshot *snapshot = NULL;
    char text[128];

    opts.columns = columns;
    opts.n_columns = 1;
    DWT_OK(dw_snapshot_open(f->table, -1, &snapshot, &f->err), &f->err);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        opts.where = cases[i].where;
        DWT_OK(dw_snapshot_scan(snapshot, &opts, &stream, &f->err), &f->err);
        read_longs(&stream, 0, text, sizeof(text));
        DWT_STR(text, cases[i].want);
        stream.release(&stream);
    }
    opts.where = "b = 3";
    DWT_ERR(dw_snapshot_scan(snapshot, &opts, &stream, &f->err), &f->err, DW_E_NOT_FOUND,
            "t: where: column b: the table has none");
    dw_snapshot_close(snapshot);
    DWT_OK(dwi_store_put(f->store, "t/_delta_log/00000000000000000003.json",
                         (dw_bytes){gone, sizeof(gone) - 1}, DW_PUT_OVERWRITE, &f->err),
           &f->err);
    DWT_OK(dw_snapshot_open(f->table, -1, &snapshot, &f->err), &f->err);
    opts.where = "a < 50";
    DWT_OK(dw_snapshot_scan(snapshot, &opts, &stream, &f->err), &f->err);
    read_longs(&stream, 0, text, sizeof(text));
    DWT_STR(text, " 44; . .;");
    stream.release(&stream);
    dw_snapshot_close(snapshot);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_come_file_by_file_and_missing_columns_are_null),
        TEST(columns_and_batch_size_can_be_chosen),
        TEST(only_rows_that_pass_come_and_other_files_are_not_read),
        TEST(a_missing_file_is_told_by_the_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
