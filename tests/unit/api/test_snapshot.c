/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "store/store_ops.h"

#define SCHEMA                                                                                     \
    "{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"a\\\",\\\"type\\\":"           \
    "\\\"long\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}"
#define FIRST                                                                                      \
    "{\"commitInfo\":{\"timestamp\":5,\"operation\":\"CREATE TABLE\","                             \
    "\"operationParameters\":{\"mode\": \"x\"},\"engineInfo\":\"me\",\"isBlindAppend\":true}}\n"   \
    "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,"                                \
    "\"writerFeatures\":[\"appendOnly\"]}}\n"                                                      \
    "{\"metaData\":{\"id\":\"the-id\",\"name\":\"n\",\"format\":{\"provider\":\"parquet\","        \
    "\"options\":{}},\"schemaString\":\"" SCHEMA "\",\"partitionColumns\":[\"a\"],"                \
    "\"configuration\":{\"k\":\"v\"},\"createdTime\":7}}\n"
#define SECOND                                                                                     \
    "{\"add\":{\"path\":\"a=1/x%20y.parquet\",\"partitionValues\":{\"a\":\"1\"},\"size\":10,"      \
    "\"modificationTime\":3,\"dataChange\":true,\"stats\":\"{\\\"numRecords\\\":4}\"}}\n"          \
    "{\"add\":{\"path\":\"a=null/z.parquet\",\"partitionValues\":{\"a\":null},\"size\":20,"        \
    "\"modificationTime\":3,\"dataChange\":true,\"deletionVector\":{\"storageType\":\"u\","        \
    "\"pathOrInlineDv\":\"ab\",\"sizeInBytes\":4,\"cardinality\":2}}}\n"                           \
    "{\"txn\":{\"appId\":\"app\",\"version\":42}}\n"

typedef struct fixture {
    dwt_env env;
    dw_store *store;
    dw_table *table;
    dw_error err;
    char text[1024];
} fixture;

static void put(fixture *f, const char *key, const char *text)
{
    DWT_OK(dwi_store_put(f->store, key, (dw_bytes){text, strlen(text)}, DW_PUT_OVERWRITE, &f->err),
           &f->err);
}

static int setup(void **state)
{
    static fixture f;

    memset(&f, 0, sizeof(f));
    dwt_env_init(&f.env);
    DWT_OK(dw_store_open_memory(NULL, &f.store, &f.err), &f.err);
    dwi_store_set_env(f.store, &f.env.base);
    put(&f, "t/_delta_log/00000000000000000000.json", FIRST);
    f.env.now_us += 1000000;
    put(&f, "t/_delta_log/00000000000000000001.json", SECOND);
    DWT_OK(dw_table_open(f.store, "t", NULL, &f.table, &f.err), &f.err);
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

static void a_snapshot_tells_what_the_log_says(void **state)
{
    fixture *f = *state;
    dw_snapshot_info info = DW_SNAPSHOT_INFO_INIT;
    dw_snapshot *snapshot = NULL;

    DWT_OK(dw_snapshot_open(f->table, -1, &snapshot, &f->err), &f->err);
    DWT_OK(dw_snapshot_get_info(snapshot, &info, &f->err), &f->err);
    DWT_EQ(info.version, 1);
    assert_true(info.timestamp_ms == f->env.now_us / 1000);
    assert_true(info.created_time_ms == 7);
    DWT_STR(info.id, "the-id");
    DWT_STR(info.name, "n");
    assert_null(info.description);
    assert_null(info.reader_features);
    DWT_EQ(info.n_writer_features, 1);
    DWT_STR(info.writer_features[0], "appendOnly");
    DWT_STR(info.partition_columns[0], "a");
    DWT_STR(info.properties[0].value, "v");
    assert_null(info.refusal);
    assert_non_null(strstr(info.schema_json, "\"name\":\"a\""));
    dw_snapshot_close(snapshot);
}

static void callers_of_an_older_header_get_what_they_know(void **state)
{
    fixture *f = *state;
    dw_snapshot_info info = DW_SNAPSHOT_INFO_INIT;
    dw_snapshot *snapshot = NULL;

    DWT_OK(dw_snapshot_open(f->table, 0, &snapshot, &f->err), &f->err);
    info.struct_size = 16;
    info.version = 77;
    DWT_OK(dw_snapshot_get_info(snapshot, &info, &f->err), &f->err);
    DWT_EQ(info.min_writer_version, 7);
    DWT_EQ(info.version, 77);
    info.struct_size = 0;
    DWT_ERR(dw_snapshot_get_info(snapshot, &info, &f->err), &f->err, DW_E_ARG, "INIT");
    dw_snapshot_close(snapshot);
}

static dw_status print_file(void *ctx, const dw_file *file, dw_error *err)
{
    fixture *f = ctx;
    size_t len = strlen(f->text);
    const char *value = file->partition_values[0].value;

    (void)err;
    (void)snprintf(f->text + len, sizeof(f->text) - len, "%s %lld %lld %s=%s %lld\n", file->path,
                   (long long)file->size, (long long)file->num_records,
                   file->partition_values[0].key, value == NULL ? "NULL" : value,
                   (long long)file->deleted_rows);
    return DW_OK;
}

static dw_status print_txn(void *ctx, const dw_app_txn *txn, dw_error *err)
{
    fixture *f = ctx;

    (void)err;
    (void)snprintf(f->text, sizeof(f->text), "%s %lld %lld", txn->app_id, (long long)txn->version,
                   (long long)txn->last_updated_ms);
    return DW_OK;
}

static void files_and_transaction_ids_are_told(void **state)
{
    fixture *f = *state;
    dw_snapshot *snapshot = NULL;
    int64_t version = 0;

    DWT_OK(dw_snapshot_open(f->table, 1, &snapshot, &f->err), &f->err);
    DWT_OK(dw_snapshot_files(snapshot, print_file, f, &f->err), &f->err);
    DWT_STR(f->text, "a=null/z.parquet 20 -1 a=NULL 2\na=1/x%20y.parquet 10 4 a=1 0\n");
    DWT_OK(dw_snapshot_txns(snapshot, print_txn, f, &f->err), &f->err);
    DWT_STR(f->text, "app 42 -1");
    dw_snapshot_close(snapshot);
    DWT_OK(dw_table_app_version(f->table, "app", &version, &f->err), &f->err);
    DWT_EQ(version, 42);
    DWT_ERR(dw_table_app_version(f->table, "nobody", &version, &f->err), &f->err, DW_E_NOT_FOUND,
            "application id nobody");
}

static void a_version_or_a_time_opens_an_older_snapshot(void **state)
{
    fixture *f = *state;
    dw_snapshot_info info = DW_SNAPSHOT_INFO_INIT;
    dw_snapshot *snapshot = NULL;

    DWT_OK(dw_snapshot_open_at(f->table, f->env.now_us / 1000 - 1, &snapshot, &f->err), &f->err);
    DWT_OK(dw_snapshot_get_info(snapshot, &info, &f->err), &f->err);
    DWT_EQ(info.version, 0);
    dw_snapshot_close(snapshot);
    DWT_ERR(dw_snapshot_open_at(f->table, 0, &snapshot, &f->err), &f->err, DW_E_NOT_FOUND,
            "before the oldest version");
    DWT_ERR(dw_snapshot_open(f->table, 2, &snapshot, &f->err), &f->err, DW_E_NOT_FOUND,
            "version 2: no such version; the log has 0 to 1");
    DWT_ERR(dw_snapshot_open(f->table, -2, &snapshot, &f->err), &f->err, DW_E_ARG, "-1");
}

static dw_status print_entry(void *ctx, const dw_history_entry *entry, dw_error *err)
{
    fixture *f = ctx;
    size_t len = strlen(f->text);

    (void)err;
    (void)snprintf(f->text + len, sizeof(f->text) - len, "%lld %s %s %s %s %d\n",
                   (long long)entry->version, entry->operation == NULL ? "-" : entry->operation,
                   entry->operation_parameters_json == NULL ? "-"
                                                            : entry->operation_parameters_json,
                   entry->operation_metrics_json == NULL ? "-" : entry->operation_metrics_json,
                   entry->engine_info == NULL ? "-" : entry->engine_info, entry->is_blind_append);
    return DW_OK;
}

static void history_is_told_newest_first(void **state)
{
    fixture *f = *state;

    DWT_OK(dw_table_history(f->table, 0, print_entry, f, &f->err), &f->err);
    DWT_STR(f->text, "1 - - - - -1\n0 CREATE TABLE {\"mode\": \"x\"} - me 1\n");
    f->text[0] = '\0';
    DWT_OK(dw_table_history(f->table, 1, print_entry, f, &f->err), &f->err);
    DWT_STR(f->text, "1 - - - - -1\n");
}

static void refresh_sees_new_commits_and_an_error_changes_nothing(void **state)
{
    fixture *f = *state;
    int64_t version = 0;

    put(f, "t/_delta_log/00000000000000000002.json",
        "{\"txn\":{\"appId\":\"app\",\"version\":43}}\n");
    DWT_EQ(dw_table_version(f->table), 1);
    DWT_OK(dw_table_refresh(f->table, &version, &f->err), &f->err);
    DWT_EQ(version, 2);
    DWT_OK(dw_table_app_version(f->table, "app", &version, &f->err), &f->err);
    DWT_EQ(version, 43);
    put(f, "t/_delta_log/00000000000000000003.json", "{\"txn\":");
    DWT_ERR(dw_table_refresh(f->table, &version, &f->err), &f->err, DW_E_CORRUPT,
            "t: _delta_log/00000000000000000003.json: line 1: JSON");
    DWT_EQ(dw_table_version(f->table), 2);
}

static void what_is_no_table_is_told_with_its_place(void **state)
{
    fixture *f = *state;
    dw_table *table = NULL;

    DWT_ERR(dw_table_open(f->store, "elsewhere", NULL, &table, &f->err), &f->err, DW_E_NOT_FOUND,
            "elsewhere: not a Delta table");
    DWT_ERR(dw_table_open(f->store, NULL, NULL, &table, &f->err), &f->err, DW_E_ARG, "path");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_snapshot_tells_what_the_log_says),
        TEST(callers_of_an_older_header_get_what_they_know),
        TEST(files_and_transaction_ids_are_told),
        TEST(a_version_or_a_time_opens_an_older_snapshot),
        TEST(history_is_told_newest_first),
        TEST(refresh_sees_new_commits_and_an_error_changes_nothing),
        TEST(what_is_no_table_is_told_with_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
