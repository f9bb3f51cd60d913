/* SPDX-License-Identifier: Apache-2.0 */
/* Appending to partitioned tables. */
#include "table_fixture.h"

#include <stdlib.h>

#include "store/fault_store.h"
#include "table_audit.h"

#define SCHEMA(fields) "{\"type\":\"struct\",\"fields\":[" fields "]}"
#define FIELD(name, type)                                                                          \
    "{\"name\":\"" name "\",\"type\":\"" type "\",\"nullable\":true,\"metadata\":{}}"
#define NOT_NULL(name, type)                                                                       \
    "{\"name\":\"" name "\",\"type\":\"" type "\",\"nullable\":false,\"metadata\":{}}"
#define PLAIN SCHEMA(FIELD("id", "long") "," FIELD("p", "string") "," FIELD("q", "integer"))

/* A table of a schema, partitioned by the columns of a list that ends with NULL. */
static dw_table *make_table(table_fixture *f, dw_store *store, const char *schema,
                            const char *const *columns, const dw_table_options *how)
{
    dw_create_options what = DW_CREATE_OPTIONS_INIT;
    dw_table *table = NULL;

    what.schema_json = schema;
    what.partition_columns = columns;
    for (size_t i = 0; columns[i] != NULL; i++)
        what.n_partition_columns++;
    DWT_OK(dw_table_create(store, "t", &what, how, &table, &f->err), &f->err);
    return table;
}

static void make(table_fixture *f, const char *schema, const char *first, const char *second)
{
    const char *columns[] = {first, second, NULL};
    dw_table_options how = DW_TABLE_OPTIONS_INIT;

    how.allocator = &f->alloc.base;
    f->table = make_table(f, f->store, schema, columns, &how);
}

static dw_bytes lines(const char *text)
{
    return (dw_bytes){text, strlen(text)};
}

static void rows_of_one_value_share_a_file(void **state)
{
    table_fixture *f = *state;
    const char *text;

    make(f, PLAIN, "p", "q");
    DWT_OK(append_ndjson(f, "{\"id\":1,\"p\":\"a\",\"q\":1}\n{\"id\":2,\"p\":\"b\",\"q\":1}\n"
                            "{\"id\":3,\"p\":\"a\",\"q\":1}\n{\"id\":4,\"p\":\"a\",\"q\":2}\n"
                            "{\"id\":5}\n{\"id\":6,\"p\":\"\"}\n"),
           &f->err);
    text = version_text(f, 1);
    assert_has(text, "\"path\":\"p=a/q=1/part-00000-");
    assert_has(text, "\"partitionValues\":{\"p\":\"a\",\"q\":\"1\"}");
    assert_has(text, "\"stats\":\"{\\\"numRecords\\\":2,\\\"minValues\\\":{\\\"id\\\":1},"
                     "\\\"maxValues\\\":{\\\"id\\\":3},\\\"nullCount\\\":{\\\"id\\\":0}}\"");
    assert_has(text, "\"path\":\"p=a/q=2/");
    assert_has(text, "\"path\":\"p=b/q=1/");
    assert_has(text, "\"path\":\"p=__HIVE_DEFAULT_PARTITION__/q=__HIVE_DEFAULT_PARTITION__/");
    assert_has(text, "\"partitionValues\":{\"p\":null,\"q\":null}");
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).adds, 4);
}

static void a_name_no_file_system_takes_goes_to_a_folder_of_another(void **state)
{
    table_fixture *f = *state;
    char record[600];

    make(f, PLAIN, "p", NULL);
    (void)snprintf(record, sizeof(record), "{\"p\":\"%0400d\"}", 7);
    DWT_OK(append_ndjson(f, record), &f->err);
    assert_has_not(version_text(f, 1), "\"path\":\"p=");
    assert_has(version_text(f, 1), "00007\"}");
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).rows, 1);
}

static void prefixes_are_random_when_the_table_says_so(void **state)
{
    table_fixture *f = *state;
    const char *path;

    open_lines(f, LEGACY(1, 2) METADATA(COLUMN("id", "long", true, ""),
                                        "\"delta.randomizeFilePrefixes\":\"true\","
                                        "\"delta.randomPrefixLength\":\"5\""));
    DWT_OK(append_ndjson(f, "{\"id\":1}"), &f->err);
    path = strstr(version_text(f, 1), "\"path\":\"");
    assert_non_null(path);
    DWT_EQ(strncmp(path + 8 + 5, "/part-00000-", 12), 0);
}

typedef struct rejects {
    size_t n;
    dw_status status[8];
    char message[8][DW_ERROR_MESSAGE_SIZE];
} rejects;

static dw_status keep_reject(void *ctx, size_t index, dw_bytes record, const dw_error *error)
{
    rejects *r = ctx;

    (void)index;
    (void)record;
    r->status[r->n] = error->code;
    (void)snprintf(r->message[r->n++], sizeof(r->message[0]), "%s", error->message);
    return DW_OK;
}

static void records_with_a_value_no_partition_can_have_are_rejected_by_name(void **state)
{
    table_fixture *f = *state;
    rejects r = {0};
    dw_txn *txn;

    make(f, SCHEMA(FIELD("id", "long") "," NOT_NULL("p", "string") "," FIELD("b", "binary")), "p",
         "b");
    txn = begin_txn(f, 0);
    DWT_OK(dw_append_ndjson(txn,
                            lines("{\"id\":1,\"p\":\"x\",\"b\":\"YWI=\"}\n{\"id\":2,\"p\":\"\"}\n"
                                  "{\"id\":3,\"p\":null}\n{\"id\":4}\n"
                                  "{\"id\":5,\"p\":\"x\",\"b\":\"/w==\"}\n"
                                  "{\"id\":6,\"p\":\"x\",\"b\":\"\"}\n"),
                            keep_reject, &r, &f->err),
           &f->err);
    DWT_EQ(r.n, 4);
    assert_has(r.message[0], "column p: an empty partition value counts as null");
    assert_has(r.message[1], "p");
    assert_has(r.message[3], "column b: a partition value is not UTF-8");
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    assert_has(version_text(f, 1), "\"partitionValues\":{\"p\":\"x\",\"b\":\"ab\"}");
    assert_has(version_text(f, 1), "\"partitionValues\":{\"p\":\"x\",\"b\":null}");
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).rows, 2);
}

static void strings_longer_than_their_varchar_are_rejected_by_name(void **state)
{
    table_fixture *f = *state;
    rejects r = {0};
    dw_txn *txn;

    open_lines(f, LEGACY(1, 2) METADATA(COLUMN("c", "string", true,
                                               "\\\"__CHAR_VARCHAR_TYPE_STRING\\\":\\\"varchar(3)"
                                               "\\\"") ","
                                                       "{\\\"name\\\":\\\"l\\\",\\\"type\\\":{"
                                                       "\\\"type\\\":\\\"array\\\","
                                                       "\\\"elementType\\\":{\\\"type\\\":"
                                                       "\\\"struct\\\",\\\"fields\\\":["
                                                       "{\\\"name\\\":\\\"x\\\",\\\"type\\\":"
                                                       "\\\"string\\\"},"
                                                       "{\\\"name\\\":\\\"n\\\",\\\"type\\\":"
                                                       "\\\"decimal(4,2)\\\"}]},"
                                                       "\\\"containsNull\\\":true},"
                                                       "\\\"nullable\\\":true,\\\"metadata\\\":{"
                                                       "\\\"__CHAR_VARCHAR_TYPE_STRING\\\":"
                                                       "\\\"array<struct<`x`:char(2),n:decimal(4,2)"
                                                       ">>\\\"}}",
                                        ""));
    txn = begin_txn(f, 0);
    DWT_OK(dw_append_ndjson(txn,
                            lines("{\"c\":\"abc\"}\n{\"c\":\"\xC3\xA9\xC3\xA9\xC3\xA9\"}\n"
                                  "{\"c\":\"abcd\"}\n{\"l\":[{\"x\":\"ab\"},{\"x\":null},null]}\n"
                                  "{\"l\":[{\"x\":\"ab\"},{\"x\":\"abc\"}]}\n{}\n"),
                            keep_reject, &r, &f->err),
           &f->err);
    DWT_EQ(r.n, 2);
    DWT_EQ(r.status[0], DW_E_SCHEMA);
    DWT_STR(r.message[0], "column c: a value has more than 3 characters");
    DWT_STR(r.message[1], "column l: a value has more than 2 characters");
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    assert_has(version_text(f, 1), "numRecords\\\":4,");
}

static void a_note_of_a_length_that_cannot_be_read_is_refused(void **state)
{
    table_fixture *f = *state;
    dw_txn *txn = NULL;

    open_lines(f, LEGACY(1, 2)
                      METADATA(COLUMN("c", "string", true,
                                      "\\\"__CHAR_VARCHAR_TYPE_STRING\\\":\\\"varchar(x)\\\""),
                               ""));
    DWT_ERR(dw_begin(f->table, NULL, &txn, &f->err), &f->err, DW_E_UNSUPPORTED,
            "column c: __CHAR_VARCHAR_TYPE_STRING \"varchar(x)\"");
}

static void dropped_transactions_leave_no_file(void **state)
{
    table_fixture *f = *state;
    dw_txn *txn;

    make(f, PLAIN, "p", NULL);
    txn = begin_txn(f, 0);
    DWT_OK(dw_append_ndjson(txn, lines("{\"p\":\"a b\"}\n{\"p\":\"c:d\"}\n"), NULL, NULL, &f->err),
           &f->err);
    DWT_OK(dw_txn_flush(txn, &f->err), &f->err);
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).orphans, 2);
    DWT_OK(dw_append_ndjson(txn, lines("{\"p\":\"e\"}\n"), NULL, NULL, &f->err), &f->err);
    dw_txn_close(txn);
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).orphans, 0);
}

static void joined_transactions_publish_the_partitions_of_both(void **state)
{
    table_fixture *f = *state;
    dw_txn_stats stats = DW_TXN_STATS_INIT;
    dw_txn *one;
    dw_txn *other;

    make(f, PLAIN, "p", NULL);
    one = begin_txn(f, DW_TXN_ADD_COLUMNS);
    other = begin_txn(f, DW_TXN_ADD_COLUMNS);
    DWT_OK(dw_append_ndjson(one, lines("{\"p\":\"a\",\"id\":1}\n"), NULL, NULL, &f->err), &f->err);
    DWT_OK(dw_append_ndjson(other, lines("{\"p\":\"a\",\"new\":1}\n{\"id\":3}\n"), NULL, NULL,
                            &f->err),
           &f->err);
    DWT_OK(dw_txn_join(one, other, &f->err), &f->err);
    dw_txn_close(other);
    DWT_OK(dw_txn_get_stats(one, &stats, &f->err), &f->err);
    assert_true(stats.rows == 3 && stats.files >= 2);
    DWT_OK(end_txn(f, one, NULL), &f->err);
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).adds, 3);
    assert_has(version_text(f, 1), "\"partitionValues\":{\"p\":null}");
    assert_has(version_text(f, 1), "\\\"new\\\"");
}

/* ---- many values ---- */

/* `count` rows; row i has value (i * 7919) % values, so that neighbours differ. */
static void append_many(table_fixture *f, dw_txn *txn, int first, int count, int values)
{
    dwi_buf text;

    dwi_buf_init(&text, &f->alloc.base);
    for (int i = first; i < first + count; i++)
        dwi_buf_printf(&text, "{\"id\":%d,\"p\":\"value %d\",\"q\":%d}\n", i,
                       (int)((int64_t)i * 7919 % values), i);
    DWT_OK(dw_append_ndjson(txn, (dw_bytes){text.data, text.len}, NULL, NULL, &f->err), &f->err);
    dwi_buf_done(&text);
}

static void thousands_of_values_keep_to_the_budget(void **state)
{
    enum { VALUES = 3000, ROWS = 120000, STEP = 4000, BUDGET = 4 << 20, SLACK = 4 << 20 };
    table_fixture *f = *state;
    const char *columns[] = {"p", NULL};
    dw_table_options how = DW_TABLE_OPTIONS_INIT;
    dw_txn_stats stats = DW_TXN_STATS_INIT;
    dwt_audit found;
    dw_txn *txn;

    how.allocator = &f->alloc.base;
    how.partition_buffer_bytes = BUDGET;
    how.upload_threads = 4;
    f->table = make_table(f, f->store, PLAIN, columns, &how);
    txn = begin_txn(f, 0);
    for (int i = 0; i < ROWS; i += STEP) {
        append_many(f, txn, i, STEP, VALUES);
        DWT_OK(dw_txn_get_stats(txn, &stats, &f->err), &f->err);
        DWT_EQ(stats.rows, i + STEP);
        assert_true(stats.buffered_bytes < BUDGET + SLACK);
    }
    assert_true(stats.files > VALUES); /* some were ended before their time */
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    found = dwt_table_audit(f->store, "t", NULL);
    DWT_EQ(found.rows, ROWS);
    DWT_EQ(found.orphans, 0);
}

static void the_largest_partition_is_ended_first(void **state)
{
    table_fixture *f = *state;
    const char *columns[] = {"p", NULL};
    dw_table_options how = DW_TABLE_OPTIONS_INIT;
    dw_txn_stats stats = DW_TXN_STATS_INIT;
    const char *first;
    dw_txn *txn;

    how.allocator = &f->alloc.base;
    how.partition_buffer_bytes = 1 << 20;
    f->table = make_table(f, f->store, PLAIN, columns, &how);
    txn = begin_txn(f, 0);
    for (int i = 0; i < 20; i++)
        append_many(f, txn, i, 1, 1000);
    do {
        dwi_buf text;
        dwi_buf_init(&text, &f->alloc.base);
        for (int i = 0; i < 2000; i++)
            dwi_buf_printf(&text, "{\"id\":%d%d,\"p\":\"large\",\"q\":%d}\n", rand(), i, rand());
        DWT_OK(dw_append_ndjson(txn, (dw_bytes){text.data, text.len}, NULL, NULL, &f->err),
               &f->err);
        dwi_buf_done(&text);
        DWT_OK(dw_txn_get_stats(txn, &stats, &f->err), &f->err);
    } while (dwt_table_audit(f->store, "t", NULL).orphans == 0);
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).orphans, 1);
    assert_true(stats.files >= 1 + 20); /* and maybe one more of the large value, begun anew */
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).rows, stats.rows);
    first = strstr(version_text(f, 1), "\"path\":\"");
    assert_non_null(first);
    DWT_EQ(strncmp(first + 8, "p=large/", 8), 0);
}

static void files_open_at_a_time_are_limited(void **state)
{
    table_fixture *f = *state;
    const char *columns[] = {"p", NULL};
    dw_table_options how = DW_TABLE_OPTIONS_INIT;
    dw_txn *txn;
    int finished;

    how.allocator = &f->alloc.base;
    how.max_open_files = 4;
    f->table = make_table(f, f->store, PLAIN, columns, &how);
    txn = begin_txn(f, 0);
    append_many(f, txn, 0, 200000, 6); /* enough of each value for an encoder of its own */
    finished = dwt_table_audit(f->store, "t", NULL).orphans;
    assert_true(finished >= 2);
    DWT_OK(end_txn(f, txn, NULL), &f->err);
    DWT_EQ(dwt_table_audit(f->store, "t", NULL).rows, 200000);
}

/* ---- faults ---- */

static const char three_partitions[] =
    "{\"id\":1,\"p\":\"a\"}\n{\"id\":2,\"p\":\"b/c\"}\n{\"id\":3}\n"
    "{\"id\":4,\"p\":\"a\",\"new\":1}\n";

static dw_status append_all(dw_store *store, const dw_allocator *alloc, int64_t upload_threads,
                            dw_error *err)
{
    dw_table_options how = DW_TABLE_OPTIONS_INIT;
    dw_txn_options options = DW_TXN_OPTIONS_INIT;
    dw_table *table = NULL;
    dw_txn *txn = NULL;
    dw_status status;

    how.allocator = alloc;
    how.commit_timeout_ms = 2000;
    how.upload_threads = upload_threads;
    options.flags = DW_TXN_ADD_COLUMNS;
    status = dw_table_open(store, "t", &how, &table, err);
    if (status == DW_OK)
        status = dw_begin(table, &options, &txn, err);
    if (status == DW_OK)
        status = dw_append_ndjson(txn, lines(three_partitions), NULL, NULL, err);
    if (status == DW_OK)
        status = dw_commit(txn, NULL, err);
    dw_txn_close(txn);
    dw_table_close(table);
    return status;
}

/* What fails after publication, or while files of a dropped transaction are named, is not told. */
static void an_append_is_whole_or_nothing_at_every_failed_allocation(void **state)
{
    table_fixture *f = *state;
    int64_t calls = INT64_MAX;
    int64_t rows = 0;

    make(f, PLAIN, "p", NULL);
    for (int64_t n = 0; n < calls; n++) {
        dw_error err = DW_ERROR_INIT;
        dwt_alloc alloc;
        dw_status status;
        dwt_alloc_init(&alloc);
        alloc.fail_at = n;
        status = append_all(f->store, &alloc.base, n % 3, &err);
        if (status != DW_OK)
            DWT_EQ(status, DW_E_NOMEM);
        if (alloc.calls <= n)
            calls = alloc.calls;
        dwt_alloc_done(&alloc);
        rows += status == DW_OK ? 4 : 0;
        DWT_EQ(dwt_table_audit(f->store, "t", NULL).rows, rows);
    }
    assert_true(calls > 100);
}

static void fail_every_write(table_fixture *f, int64_t upload_threads)
{
    dw_store_options options = DW_STORE_OPTIONS_INIT;
    dw_store *faulty = NULL;
    dw_status status = DW_E_IO;
    dwt_audit found;

    options.retry_timeout_ms = -1;
    make(f, PLAIN, "p", NULL);
    DWT_OK(dwi_fault_store_new(f->store, &options, &faulty, &f->err), &f->err);
    dwi_store_set_env(faulty, &f->env.base);
    for (int64_t n = 0; status != DW_OK; n++) {
        const dwi_fault fault = {
            .on = DWI_ON_WRITE & ~DWI_ON_REMOVE, .kind = DWI_FAULT_DENY, .nth = n};
        DWT_OK(dwi_fault_plan(faulty, &fault, 1, &f->err), &f->err);
        status = append_all(faulty, NULL, upload_threads, &f->err);
        found = dwt_table_audit(f->store, "t", NULL);
        DWT_EQ(found.rows, status == DW_OK ? 4 : 0);
        DWT_EQ(found.orphans, 0);
        assert_true(n < 100);
    }
    dw_store_unref(faulty);
}

static void an_append_is_whole_or_nothing_at_every_failed_write(void **state)
{
    fail_every_write(*state, 1);
}

static void files_sent_side_by_side_are_whole_or_nothing_too(void **state)
{
    fail_every_write(*state, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(rows_of_one_value_share_a_file),
        TABLE_TEST(a_name_no_file_system_takes_goes_to_a_folder_of_another),
        TABLE_TEST(prefixes_are_random_when_the_table_says_so),
        TABLE_TEST(records_with_a_value_no_partition_can_have_are_rejected_by_name),
        TABLE_TEST(strings_longer_than_their_varchar_are_rejected_by_name),
        TABLE_TEST(a_note_of_a_length_that_cannot_be_read_is_refused),
        TABLE_TEST(dropped_transactions_leave_no_file),
        TABLE_TEST(joined_transactions_publish_the_partitions_of_both),
        TABLE_TEST(thousands_of_values_keep_to_the_budget),
        TABLE_TEST(the_largest_partition_is_ended_first),
        TABLE_TEST(files_open_at_a_time_are_limited),
        TABLE_TEST(an_append_is_whole_or_nothing_at_every_failed_allocation),
        TABLE_TEST(an_append_is_whole_or_nothing_at_every_failed_write),
        TABLE_TEST(files_sent_side_by_side_are_whole_or_nothing_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
