/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"
#include "table_audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/fault_store.h"

#define FIELD(name, type)                                                                          \
    "{\"name\":\"" name "\",\"type\":\"" type "\",\"nullable\":true,\"metadata\":{}}"
#define SCHEMA(fields) "{\"type\":\"struct\",\"fields\":[" fields "]}"

typedef struct place {
    dwt_alloc alloc;
    dwt_env env;
    dw_store *store;
    dw_table *table;
    dw_txn *txn;
    dw_error err;
} place;

static int setup(void **state)
{
    static place p;
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_table_options options = DW_TABLE_OPTIONS_INIT;

    memset(&p, 0, sizeof(p));
    dwt_alloc_init(&p.alloc);
    dwt_env_init(&p.env);
    if (dw_store_open_memory(NULL, &p.store, &p.err) != DW_OK)
        return 1;
    dwi_store_set_env(p.store, &p.env.base);
    create.schema_json = SCHEMA(FIELD("id", "long") "," FIELD("name", "string"));
    options.allocator = &p.alloc.base;
    DWT_OK(dw_table_create(p.store, "t", &create, &options, &p.table, &p.err), &p.err);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    place *p = *state;

    dw_txn_close(p->txn);
    dw_table_close(p->table);
    dw_store_unref(p->store);
    dwt_alloc_done(&p->alloc);
    return 0;
}

/* The same table by another handle. */
static void reopen(place *p, const dw_table_options *given)
{
    dw_table_options options = DW_TABLE_OPTIONS_INIT;

    if (given != NULL)
        options = *given;
    options.allocator = &p->alloc.base;
    dw_table_close(p->table);
    p->table = NULL;
    DWT_OK(dw_table_open(p->store, "t", &options, &p->table, &p->err), &p->err);
}

static dw_txn *begin(place *p, uint32_t flags)
{
    dw_txn_options options = DW_TXN_OPTIONS_INIT;
    dw_txn *txn = NULL;

    options.flags = flags;
    DWT_OK(dw_begin(p->table, &options, &txn, &p->err), &p->err);
    return txn;
}

static dw_bytes text_of(const char *text)
{
    return (dw_bytes){text, strlen(text)};
}

static void append(place *p, dw_txn *txn, const char *ndjson)
{
    DWT_OK(dw_append_ndjson(txn, text_of(ndjson), NULL, NULL, &p->err), &p->err);
}

/* `count` rows of some 40 bytes each. */
static void append_many(place *p, dw_txn *txn, int64_t first, int64_t count)
{
    char record[128];

    for (int64_t i = first; i < first + count; i++) {
        dw_bytes bytes = {record, 0};
        bytes.len = (size_t)snprintf(record, sizeof(record),
                                     "{\"id\":%lld,\"name\":\"row %lld of many, many rows\"}",
                                     (long long)i, (long long)(i * 7919 % 1000003));
        DWT_OK(dw_append_json(txn, &bytes, 1, NULL, NULL, &p->err), &p->err);
    }
}

static int64_t commit(place *p, dw_txn *txn)
{
    int64_t version = -1;

    DWT_OK(dw_commit(txn, &version, &p->err), &p->err);
    return version;
}

static dwt_audit audit(place *p)
{
    return dwt_table_audit(p->store, "t", "loader");
}

static char *commit_text(place *p, int64_t version)
{
    static char text[16384];
    char key[64];
    dwi_buf buf;

    (void)snprintf(key, sizeof(key), "t/_delta_log/%020lld.json", (long long)version);
    dwi_buf_init(&buf, &p->alloc.base);
    DWT_OK(dwi_store_get(p->store, key, (dw_range)DW_RANGE_ALL, 1 << 20, &buf, &p->err), &p->err);
    (void)snprintf(text, sizeof(text), "%s", dwi_buf_cstr(&buf));
    dwi_buf_done(&buf);
    return text;
}

static void staged_rows_are_seen_after_the_commit_only(void **state)
{
    place *p = *state;

    p->txn = begin(p, 0);
    append(p, p->txn, "{\"id\":1}\n\n  \r\n{\"id\":2,\"name\":\"b\"}");
    DWT_OK(dw_txn_flush(p->txn, &p->err), &p->err);
    DWT_EQ(audit(p).adds, 0);
    DWT_EQ(audit(p).orphans, 1);
    DWT_EQ(commit(p, p->txn), 1);
    DWT_EQ(dw_table_version(p->table), 1);
    DWT_EQ(audit(p).rows, 2);
    DWT_EQ(audit(p).orphans, 0);
    assert_non_null(strstr(commit_text(p, 1), "\\\"minValues\\\":{\\\"id\\\":1,\\\"name\\\":"
                                              "\\\"b\\\"}"));
}

static void nothing_staged_makes_no_version(void **state)
{
    place *p = *state;

    p->txn = begin(p, 0);
    append(p, p->txn, "\n");
    DWT_EQ(commit(p, p->txn), 0);
    DWT_EQ(audit(p).version, 0);
}

static void a_spent_transaction_takes_nothing_more(void **state)
{
    place *p = *state;

    p->txn = begin(p, 0);
    append(p, p->txn, "{\"id\":1}");
    DWT_EQ(commit(p, p->txn), 1);
    DWT_ERR(dw_commit(p->txn, NULL, &p->err), &p->err, DW_E_ARG, "it is committed");
    DWT_ERR(dw_append_ndjson(p->txn, text_of("{}"), NULL, NULL, &p->err), &p->err, DW_E_ARG,
            "it is committed");
    DWT_EQ(audit(p).version, 1);
}

static void closing_without_commit_leaves_nothing_behind(void **state)
{
    place *p = *state;

    p->txn = begin(p, 0);
    append(p, p->txn, "{\"id\":1}");
    DWT_OK(dw_txn_flush(p->txn, &p->err), &p->err);
    append(p, p->txn, "{\"id\":2}");
    DWT_EQ(audit(p).orphans, 1);
    dw_txn_close(p->txn);
    p->txn = NULL;
    DWT_EQ(audit(p).orphans, 0);
    DWT_EQ(audit(p).version, 0);
}

static void one_bad_record_spoils_a_call_without_a_callback(void **state)
{
    place *p = *state;

    p->txn = begin(p, DW_TXN_ADD_COLUMNS);
    append(p, p->txn, "{\"id\":1}");
    DWT_ERR(dw_append_ndjson(p->txn, text_of("{\"id\":2,\"new\":1}\n{\"id\":\"x\"}\n"), NULL, NULL,
                             &p->err),
            &p->err, DW_E_SCHEMA, "line 2: ");
    DWT_ERR(dw_append_ndjson(p->txn, text_of("{\"id\":3}\nnope"), NULL, NULL, &p->err), &p->err,
            DW_E_RECORD, "line 2: ");
    DWT_EQ(commit(p, p->txn), 1);
    DWT_EQ(audit(p).rows, 1);
    DWT_EQ(audit(p).metadata, 1); /* the one of version 0 */
    assert_null(strstr(commit_text(p, 1), "new"));
}

typedef struct rejects {
    size_t index[8];
    dw_status code[8];
    size_t n;
    dw_status answer;
} rejects;

static dw_status note_reject(void *ctx, size_t index, dw_bytes record, const dw_error *error)
{
    rejects *r = ctx;

    assert_non_null(record.data);
    assert_true(strlen(error->message) > 0);
    r->index[r->n] = index;
    r->code[r->n++] = error->code;
    return r->answer;
}

static void bad_records_go_to_the_callback_and_leave_no_trace(void **state)
{
    place *p = *state;
    dw_bytes records[] = {text_of("{\"id\":1}"), text_of("{\"id\":\"x\",\"a\":1}"), text_of("["),
                          text_of("{\"id\":2}"), text_of("{\"a b\":2}")};
    dw_txn_stats stats = DW_TXN_STATS_INIT;
    rejects r = {.answer = DW_OK};

    p->txn = begin(p, DW_TXN_ADD_COLUMNS);
    DWT_OK(dw_append_json(p->txn, records, 5, note_reject, &r, &p->err), &p->err);
    DWT_EQ(r.n, 3);
    DWT_EQ(r.index[0], 1);
    DWT_EQ(r.code[0], DW_E_SCHEMA);
    DWT_EQ(r.index[1], 2);
    DWT_EQ(r.code[1], DW_E_RECORD);
    DWT_EQ(r.index[2], 4);
    DWT_OK(dw_txn_get_stats(p->txn, &stats, &p->err), &p->err);
    DWT_EQ(stats.rows, 2);
    DWT_EQ(stats.rejected_rows, 3);
    r.answer = DW_E_CANCELLED;
    DWT_ERR(dw_append_json(p->txn, records, 5, note_reject, &r, &p->err), &p->err, DW_E_CANCELLED,
            "id");
    DWT_EQ(commit(p, p->txn), 1);
    DWT_EQ(audit(p).rows, 3);
    DWT_EQ(audit(p).metadata, 1);
}

static void new_fields_become_columns_in_the_same_commit(void **state)
{
    place *p = *state;
    char *text;

    p->txn = begin(p, DW_TXN_ADD_COLUMNS);
    append(p, p->txn, "{\"id\":1}\n{\"id\":2,\"n\":1.5,\"o\":{\"x\":1},\"z\":null}");
    DWT_EQ(commit(p, p->txn), 1);
    DWT_EQ(audit(p).metadata, 2);
    text = commit_text(p, 1);
    assert_non_null(strstr(text, "{\\\"name\\\":\\\"n\\\",\\\"type\\\":\\\"double\\\""));
    assert_non_null(strstr(text, "{\\\"name\\\":\\\"o\\\",\\\"type\\\":\\\"string\\\""));
    assert_null(strstr(text, "\\\"z\\\""));
    dw_txn_close(p->txn);
    p->txn = begin(p, 0);
    append(p, p->txn, "{\"id\":3,\"n\":2,\"other\":true}");
    DWT_EQ(commit(p, p->txn), 2);
    DWT_EQ(audit(p).metadata, 2);
    assert_null(strstr(commit_text(p, 2), "other"));
}

static void transactions_of_a_handle_agree_on_the_type_of_a_new_column(void **state)
{
    place *p = *state;
    dw_txn *other = begin(p, DW_TXN_ADD_COLUMNS);

    p->txn = begin(p, DW_TXN_ADD_COLUMNS);
    append(p, p->txn, "{\"n\":1.5}");
    append(p, other, "{\"n\":7}"); /* a long by itself */
    DWT_ERR(dw_append_ndjson(other, text_of("{\"N\":7,\"id\":{}}"), NULL, NULL, &p->err), &p->err,
            DW_E_SCHEMA, "id");
    DWT_EQ(commit(p, other), 1);
    DWT_EQ(commit(p, p->txn), 2);
    DWT_EQ(audit(p).metadata, 2);
    assert_non_null(
        strstr(commit_text(p, 1), "{\\\"name\\\":\\\"n\\\",\\\"type\\\":\\\"double\\\""));
    dw_txn_close(other);
}

static void spellings_of_a_new_column_are_one_column(void **state)
{
    place *p = *state;
    dw_txn *other = begin(p, DW_TXN_ADD_COLUMNS);

    p->txn = begin(p, DW_TXN_ADD_COLUMNS);
    append(p, p->txn, "{\"Fresh\":1}");
    append(p, other, "{\"fresh\":2}\n{\"FRESH\":3}");
    DWT_OK(dw_txn_add_columns(other, SCHEMA(FIELD("frESH", "long")), &p->err), &p->err);
    DWT_ERR(dw_txn_add_columns(other, SCHEMA(FIELD("frESH", "date")), &p->err), &p->err,
            DW_E_SCHEMA, "frESH");
    DWT_EQ(commit(p, other), 1);
    DWT_EQ(commit(p, p->txn), 2);
    DWT_EQ(audit(p).metadata, 2);
    assert_non_null(strstr(commit_text(p, 1), "{\\\"Fresh\\\":2"));
    dw_txn_close(other);
}

static void columns_of_two_handles_clash_unless_they_are_alike(void **state)
{
    place *p = *state;
    dw_table *second = NULL;
    dw_txn *other = NULL;
    dw_txn_options options = DW_TXN_OPTIONS_INIT;

    options.flags = DW_TXN_ADD_COLUMNS;
    DWT_OK(dw_table_open(p->store, "t", NULL, &second, &p->err), &p->err);
    DWT_OK(dw_begin(second, &options, &other, &p->err), &p->err);
    p->txn = begin(p, DW_TXN_ADD_COLUMNS);
    append(p, p->txn, "{\"n\":1.5,\"m\":1}");
    append(p, other, "{\"m\":2}");
    DWT_EQ(commit(p, p->txn), 1);
    DWT_EQ(commit(p, other), 2);
    DWT_EQ(audit(p).metadata, 2);
    dw_txn_close(other);
    DWT_OK(dw_begin(second, &options, &other, &p->err), &p->err);
    dw_txn_close(p->txn);
    p->txn = begin(p, DW_TXN_ADD_COLUMNS);
    append(p, p->txn, "{\"k\":1.5}");
    append(p, other, "{\"k\":\"text\"}");
    DWT_EQ(commit(p, p->txn), 3);
    DWT_ERR(dw_commit(other, NULL, &p->err), &p->err, DW_E_CONFLICT, "column k");
    dw_txn_close(other);
    DWT_EQ(audit(p).orphans, 0);
    DWT_OK(dw_begin(second, &options, &other, &p->err), &p->err);
    append(p, other, "{\"k\":3}"); /* the handle has the table's type now */
    DWT_EQ(commit(p, other), 4);
    dw_txn_close(other);
    dw_table_close(second);
}

static void columns_can_be_added_without_rows(void **state)
{
    place *p = *state;

    p->txn = begin(p, 0);
    DWT_ERR(dw_txn_add_columns(p->txn, SCHEMA(FIELD("id", "string")), &p->err), &p->err,
            DW_E_SCHEMA, "column id");
    DWT_ERR(dw_txn_add_columns(p->txn, SCHEMA(FIELD("at", "timestamp_ntz")), &p->err), &p->err,
            DW_E_UNSUPPORTED, "timestampNtz");
    DWT_ERR(dw_txn_add_columns(p->txn, SCHEMA(FIELD("a b", "string")), &p->err), &p->err,
            DW_E_SCHEMA, "a b");
    DWT_ERR(dw_txn_add_columns(p->txn,
                               SCHEMA("{\"name\":\"q\",\"type\":\"long\",\"nullable\":false,"
                                      "\"metadata\":{}}"),
                               &p->err),
            &p->err, DW_E_SCHEMA, "column q");
    DWT_ERR(dw_txn_add_columns(p->txn, "{", &p->err), &p->err, DW_E_CORRUPT, "");
    DWT_OK(
        dw_txn_add_columns(p->txn, SCHEMA(FIELD("id", "long") "," FIELD("day", "date")), &p->err),
        &p->err);
    append(p, p->txn, "{\"day\":\"2026-01-02\"}");
    DWT_EQ(commit(p, p->txn), 1);
    assert_non_null(strstr(commit_text(p, 1), "\\\"day\\\":\\\"2026-01-02\\\""));
    dw_txn_close(p->txn);
    p->txn = begin(p, 0);
    DWT_OK(dw_txn_add_columns(p->txn, SCHEMA(FIELD("late", "date")), &p->err), &p->err);
    DWT_EQ(commit(p, p->txn), 2);
    assert_non_null(strstr(commit_text(p, 2), "\"operation\":\"ADD COLUMNS\""));
    dw_txn_close(p->txn);
    p->txn = begin(p, 0);
    DWT_OK(dw_txn_add_columns(p->txn, SCHEMA(FIELD("late", "date")), &p->err), &p->err);
    DWT_EQ(commit(p, p->txn), 2);
    DWT_EQ(audit(p).metadata, 3);
}

static void a_table_without_columns_gets_them_from_its_first_rows(void **state)
{
    place *p = *state;
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_table *table = NULL;
    dw_txn_options options = DW_TXN_OPTIONS_INIT;

    create.schema_json = SCHEMA("");
    options.flags = DW_TXN_ADD_COLUMNS;
    DWT_OK(dw_table_create(p->store, "none", &create, NULL, &table, &p->err), &p->err);
    DWT_OK(dw_begin(table, &options, &p->txn, &p->err), &p->err);
    append(p, p->txn, "{}");
    DWT_ERR(dw_txn_flush(p->txn, &p->err), &p->err, DW_E_SCHEMA, "no column");
    dw_txn_close(p->txn);
    DWT_OK(dw_begin(table, &options, &p->txn, &p->err), &p->err);
    append(p, p->txn, "{}\n{\"a\":1}");
    DWT_EQ(commit(p, p->txn), 1);
    DWT_EQ(dwt_table_audit(p->store, "none", NULL).rows, 2);
    dw_txn_close(p->txn);
    p->txn = NULL;
    dw_table_close(table);
}

static void application_ids_are_compared_and_set(void **state)
{
    place *p = *state;
    int64_t version = -5;

    p->txn = begin(p, 0);
    DWT_ERR(dw_txn_set_app_version(p->txn, "loader", -1, -1, &p->err), &p->err, DW_E_ARG, "loader");
    DWT_OK(dw_txn_set_app_version(p->txn, "loader", -1, 10, &p->err), &p->err);
    DWT_ERR(dw_txn_set_app_version(p->txn, "loader", -1, 11, &p->err), &p->err, DW_E_ARG,
            "given already");
    DWT_EQ(commit(p, p->txn), 1);
    DWT_OK(dw_table_app_version(p->table, "loader", &version, &p->err), &p->err);
    DWT_EQ(version, 10);
    dw_txn_close(p->txn);
    p->txn = begin(p, 0);
    append(p, p->txn, "{\"id\":1}");
    DWT_OK(dw_txn_set_app_version(p->txn, "loader", 9, 11, &p->err), &p->err);
    DWT_ERR(dw_commit(p->txn, NULL, &p->err), &p->err, DW_E_FENCED, "the table is at 10");
    dw_txn_close(p->txn);
    p->txn = NULL;
    DWT_EQ(audit(p).app, 10);
    DWT_EQ(audit(p).orphans, 0);
}

static void a_full_file_is_followed_by_another(void **state)
{
    place *p = *state;
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    dw_txn_stats stats = DW_TXN_STATS_INIT;

    options.target_file_bytes = 200000;
    options.row_group_bytes = 50000;
    reopen(p, &options);
    p->txn = begin(p, 0);
    append_many(p, p->txn, 0, 200000);
    DWT_OK(dw_txn_get_stats(p->txn, &stats, &p->err), &p->err);
    assert_true(stats.files > 1);
    DWT_EQ(stats.rows, 200000);
    assert_true(stats.encoded_bytes > 0);
    DWT_EQ(commit(p, p->txn), 1);
    DWT_EQ(audit(p).rows, 200000);
    assert_true(audit(p).adds > 1);
}

static void a_column_found_after_encoding_begins_another_file(void **state)
{
    place *p = *state;

    p->txn = begin(p, DW_TXN_ADD_COLUMNS);
    append(p, p->txn, "{\"id\":1,\"early\":1}");
    append_many(p, p->txn, 0, 65536);
    append(p, p->txn, "{\"id\":1,\"late\":1}");
    DWT_EQ(commit(p, p->txn), 1);
    DWT_EQ(audit(p).adds, 2);
    DWT_EQ(audit(p).rows, 65538);
}

static void memory_does_not_grow_with_the_transaction(void **state)
{
    place *p = *state;
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    int64_t before;

    options.row_group_bytes = 500000;
    options.target_file_bytes = 2000000;
    reopen(p, &options);
    before = p->alloc.live_bytes;
    p->txn = begin(p, 0);
    append_many(p, p->txn, 0, 100000);
    p->alloc.peak_bytes = 0;
    append_many(p, p->txn, 100000, 100000);
    int64_t early = p->alloc.peak_bytes - before;
    append_many(p, p->txn, 200000, 400000);
    int64_t late = p->alloc.peak_bytes - before;
    if (late > early + early / 10)
        fail_msg("200,000 rows took %lld bytes, 600,000 %lld", (long long)early, (long long)late);
    DWT_EQ(commit(p, p->txn), 1);
    DWT_EQ(audit(p).rows, 600000);
}

static void the_codec_is_the_callers_or_the_tables(void **state)
{
    static const struct {
        int32_t option;
        const char *name;
    } cases[] = {{DW_COMPRESSION_DEFAULT, "-c000.snappy.parquet"},
                 {DW_COMPRESSION_NONE, "-c000.parquet"},
                 {DW_COMPRESSION_SNAPPY, "-c000.snappy.parquet"},
                 {DW_COMPRESSION_ZSTD, "-c000.zstd.parquet"}};
    place *p = *state;
    dw_create_options create = DW_CREATE_OPTIONS_INIT;
    dw_property codec = {"delta.parquet.compression.codec", "snappy"};

    dw_table_close(p->table);
    p->table = NULL;
    (void)dwi_store_remove(p->store, "t/_delta_log/00000000000000000000.json", NULL);
    create.schema_json = SCHEMA(FIELD("id", "long"));
    create.properties = &codec;
    create.n_properties = 1;
    for (int i = 0; i < 4; i++) {
        dw_table_options options = DW_TABLE_OPTIONS_INIT;
        options.compression = cases[i].option;
        options.allocator = &p->alloc.base;
        create.flags = DW_CREATE_IF_MISSING;
        dw_table_close(p->table);
        p->table = NULL;
        DWT_OK(dw_table_create(p->store, "t", &create, &options, &p->table, &p->err), &p->err);
        dw_txn_close(p->txn);
        p->txn = begin(p, 0);
        append(p, p->txn, "{\"id\":1}");
        DWT_EQ(commit(p, p->txn), i + 1);
        assert_non_null(strstr(commit_text(p, i + 1), cases[i].name));
    }
}

static void joined_transactions_publish_as_one(void **state)
{
    place *p = *state;
    dw_txn *other = begin(p, DW_TXN_ADD_COLUMNS);
    dw_txn_stats stats = DW_TXN_STATS_INIT;

    p->txn = begin(p, DW_TXN_ADD_COLUMNS);
    append(p, p->txn, "{\"id\":1}");
    append(p, other, "{\"id\":2,\"n\":5}\n{\"id\":3}");
    DWT_OK(dw_txn_set_app_version(p->txn, "loader", -1, 1, &p->err), &p->err);
    DWT_OK(dw_txn_set_app_version(other, "loader", -1, 2, &p->err), &p->err);
    DWT_ERR(dw_txn_join(p->txn, other, &p->err), &p->err, DW_E_ARG, "both transactions have it");
    DWT_ERR(dw_txn_join(p->txn, p->txn, &p->err), &p->err, DW_E_ARG, "two transactions");
    dw_txn_close(other);
    other = begin(p, DW_TXN_ADD_COLUMNS);
    append(p, other, "{\"id\":2,\"n\":5}\n{\"id\":3}");
    DWT_OK(dw_txn_set_app_version(other, "second", -1, 2, &p->err), &p->err);
    DWT_OK(dw_txn_join(p->txn, other, &p->err), &p->err);
    DWT_ERR(dw_append_ndjson(other, text_of("{}"), NULL, NULL, &p->err), &p->err, DW_E_ARG,
            "joined");
    dw_txn_close(other);
    DWT_OK(dw_txn_get_stats(p->txn, &stats, &p->err), &p->err);
    DWT_EQ(stats.rows, 3);
    DWT_EQ(commit(p, p->txn), 1);
    DWT_EQ(audit(p).rows, 3);
    DWT_EQ(audit(p).app, 1);
    DWT_EQ(audit(p).metadata, 2);
    DWT_EQ(audit(p).orphans, 0);
}

static void files_of_an_unknown_commit_are_kept(void **state)
{
    place *p = *state;
    const dwi_fault faults[] = {
        {.on = DWI_ON_PUT_IF_ABSENT, .kind = DWI_FAULT_LOSE_REPLY, .count = -1},
        {.on = DWI_ON_GET, .kind = DWI_FAULT_DENY, .count = -1}};
    dw_store_options options = DW_STORE_OPTIONS_INIT;
    dw_store *faulty = NULL;
    dw_table *table = NULL;
    dw_txn *txn = NULL;

    options.retry_timeout_ms = -1;
    DWT_OK(dwi_fault_store_new(p->store, &options, &faulty, &p->err), &p->err);
    dwi_store_set_env(faulty, &p->env.base);
    DWT_OK(dw_table_open(faulty, "t", NULL, &table, &p->err), &p->err);
    DWT_OK(dw_begin(table, NULL, &txn, &p->err), &p->err);
    append(p, txn, "{\"id\":1}");
    DWT_OK(dwi_fault_plan(faulty, faults, 2, &p->err), &p->err);
    DWT_ERR(dw_commit(txn, NULL, &p->err), &p->err, DW_E_UNKNOWN, "version 1");
    dw_txn_close(txn);
    DWT_EQ(audit(p).rows, 1); /* it was published, and its file is there */
    dw_table_close(table);
    dw_store_unref(faulty);
}

static void a_lost_row_breaks_the_transaction(void **state)
{
    place *p = *state;
    const dwi_fault deny = {.on = DWI_ON_PUT, .kind = DWI_FAULT_DENY, .count = 1};
    dw_store_options options = DW_STORE_OPTIONS_INIT;
    dw_store *faulty = NULL;
    dw_table *table = NULL;
    dw_txn *txn = NULL;

    DWT_OK(dwi_fault_store_new(p->store, &options, &faulty, &p->err), &p->err);
    dwi_store_set_env(faulty, &p->env.base);
    DWT_OK(dw_table_open(faulty, "t", NULL, &table, &p->err), &p->err);
    DWT_OK(dw_begin(table, NULL, &txn, &p->err), &p->err);
    append(p, txn, "{\"id\":1}");
    DWT_OK(dwi_fault_plan(faulty, &deny, 1, &p->err), &p->err);
    DWT_ERR(dw_txn_flush(txn, &p->err), &p->err, DW_E_DENIED, "part-00000-");
    DWT_ERR(dw_commit(txn, NULL, &p->err), &p->err, DW_E_ARG, "close it");
    dw_txn_close(txn);
    dw_table_close(table);
    dw_store_unref(faulty);
    DWT_EQ(audit(p).version, 0);
    DWT_EQ(audit(p).orphans, 0);
}

static void epoch_units_are_the_callers(void **state)
{
    place *p = *state;
    dw_column_option column = {"at", DW_EPOCH_S};
    dw_txn_options options = DW_TXN_OPTIONS_INIT;

    p->txn = begin(p, 0);
    DWT_OK(dw_txn_add_columns(p->txn, SCHEMA(FIELD("at", "timestamp")), &p->err), &p->err);
    DWT_EQ(commit(p, p->txn), 1);
    dw_txn_close(p->txn);
    p->txn = NULL;
    options.columns = &column;
    options.n_columns = 1;
    DWT_OK(dw_begin(p->table, &options, &p->txn, &p->err), &p->err);
    append(p, p->txn, "{\"at\":60}");
    DWT_EQ(commit(p, p->txn), 2);
    assert_non_null(strstr(commit_text(p, 2), "{\\\"at\\\":\\\"1970-01-01T00:01:00.000Z\\\"}"));
    dw_txn_close(p->txn);
    p->txn = NULL;
    column.name = "absent";
    DWT_ERR(dw_begin(p->table, &options, &p->txn, &p->err), &p->err, DW_E_NOT_FOUND, "absent");
    column.name = NULL;
    DWT_ERR(dw_begin(p->table, &options, &p->txn, &p->err), &p->err, DW_E_ARG, "columns[0]");
}

static void operation_and_user_metadata_reach_the_log(void **state)
{
    place *p = *state;
    dw_txn_options options = DW_TXN_OPTIONS_INIT;

    options.operation = "STREAMING UPDATE";
    options.user_metadata = "batch 7";
    DWT_OK(dw_begin(p->table, &options, &p->txn, &p->err), &p->err);
    append(p, p->txn, "{\"id\":1}");
    DWT_EQ(commit(p, p->txn), 1);
    assert_non_null(strstr(commit_text(p, 1), "\"operation\":\"STREAMING UPDATE\""));
    assert_non_null(strstr(commit_text(p, 1), "\"userMetadata\":\"batch 7\""));
}

static void nulls_in_the_wrong_places_are_arguments_errors(void **state)
{
    place *p = *state;
    dw_txn_stats stats = {0};

    DWT_EQ(dw_begin(NULL, NULL, &p->txn, NULL), DW_E_ARG);
    DWT_EQ(dw_begin(p->table, NULL, NULL, NULL), DW_E_ARG);
    DWT_EQ(dw_commit(NULL, NULL, NULL), DW_E_ARG);
    DWT_EQ(dw_txn_flush(NULL, NULL), DW_E_ARG);
    DWT_EQ(dw_append_json(NULL, NULL, 0, NULL, NULL, NULL), DW_E_ARG);
    DWT_EQ(dw_append_ndjson(NULL, (dw_bytes){0}, NULL, NULL, NULL), DW_E_ARG);
    DWT_EQ(dw_txn_add_columns(NULL, "", NULL), DW_E_ARG);
    DWT_EQ(dw_txn_set_app_version(NULL, "", 0, 0, NULL), DW_E_ARG);
    DWT_EQ(dw_txn_join(NULL, NULL, NULL), DW_E_ARG);
    p->txn = begin(p, 0);
    DWT_EQ(dw_txn_get_stats(p->txn, &stats, NULL), DW_E_ARG);
    DWT_EQ(dw_append_json(p->txn, NULL, 1, NULL, NULL, NULL), DW_E_ARG);
    dw_txn_close(NULL);
}

/* Create, append and commit with allocation n failing; 0: nothing published, else the rows. */
static dw_status commit_with(place *p, const dw_allocator *alloc)
{
    static const char records[] = "{\"id\":1,\"name\":\"a\"}\n{\"id\":2,\"fresh\":\"x\"}\n";
    dw_table_options options = DW_TABLE_OPTIONS_INIT;
    dw_txn_options txn_options = DW_TXN_OPTIONS_INIT;
    dw_table *table = NULL;
    dw_txn *txn = NULL;
    dw_status status;

    options.allocator = alloc;
    options.flags = DW_TABLE_NO_AUTO_CHECKPOINT;
    txn_options.flags = DW_TXN_ADD_COLUMNS;
    txn_options.user_metadata = "x";
    status = dw_table_open(p->store, "t", &options, &table, &p->err);
    if (status == DW_OK)
        status = dw_begin(table, &txn_options, &txn, &p->err);
    if (status == DW_OK)
        status = dw_txn_set_app_version(txn, "loader", -1, 1, &p->err);
    if (status == DW_OK)
        status = dw_append_ndjson(txn, text_of(records), NULL, NULL, &p->err);
    if (status == DW_OK)
        status = dw_commit(txn, NULL, &p->err);
    dw_txn_close(txn);
    dw_table_close(table);
    return status;
}

static void a_whole_commit_is_all_or_nothing_at_every_failed_allocation(void **state)
{
    place *p = *state;
    int64_t calls = INT64_MAX;

    for (int64_t n = 0; n < calls; n++) {
        dwt_alloc alloc;
        dwt_audit found;
        dw_status status;
        dwt_alloc_init(&alloc);
        alloc.fail_at = n;
        status = commit_with(p, &alloc.base);
        if (status != DW_OK && status != DW_E_NOMEM)
            fail_msg("allocation %lld: %s", (long long)n, p->err.message);
        if (alloc.calls <= n)
            calls = alloc.calls;
        dwt_alloc_done(&alloc);
        found = audit(p);
        DWT_EQ(found.rows, status == DW_OK ? 2 : 0);
        DWT_EQ(found.app, status == DW_OK ? 1 : -1);
        if (status == DW_OK)
            (void)dwi_store_remove(p->store, "t/_delta_log/00000000000000000001.json", NULL);
    }
    assert_true(calls > 50);
}

#define PLACE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(staged_rows_are_seen_after_the_commit_only),
        PLACE_TEST(nothing_staged_makes_no_version),
        PLACE_TEST(a_spent_transaction_takes_nothing_more),
        PLACE_TEST(closing_without_commit_leaves_nothing_behind),
        PLACE_TEST(one_bad_record_spoils_a_call_without_a_callback),
        PLACE_TEST(bad_records_go_to_the_callback_and_leave_no_trace),
        PLACE_TEST(new_fields_become_columns_in_the_same_commit),
        PLACE_TEST(transactions_of_a_handle_agree_on_the_type_of_a_new_column),
        PLACE_TEST(spellings_of_a_new_column_are_one_column),
        PLACE_TEST(columns_of_two_handles_clash_unless_they_are_alike),
        PLACE_TEST(columns_can_be_added_without_rows),
        PLACE_TEST(a_table_without_columns_gets_them_from_its_first_rows),
        PLACE_TEST(application_ids_are_compared_and_set),
        PLACE_TEST(a_full_file_is_followed_by_another),
        PLACE_TEST(a_column_found_after_encoding_begins_another_file),
        PLACE_TEST(memory_does_not_grow_with_the_transaction),
        PLACE_TEST(the_codec_is_the_callers_or_the_tables),
        PLACE_TEST(joined_transactions_publish_as_one),
        PLACE_TEST(files_of_an_unknown_commit_are_kept),
        PLACE_TEST(a_lost_row_breaks_the_transaction),
        PLACE_TEST(epoch_units_are_the_callers),
        PLACE_TEST(operation_and_user_metadata_reach_the_log),
        PLACE_TEST(nulls_in_the_wrong_places_are_arguments_errors),
        PLACE_TEST(a_whole_commit_is_all_or_nothing_at_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
