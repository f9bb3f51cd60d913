/* SPDX-License-Identifier: Apache-2.0 */
/* A table in a memory store whose version 0 is given as literal lines, and a handle to it. Static
 * functions, so that each test program takes what it needs. */
#ifndef DWT_TABLE_FIXTURE_H
#define DWT_TABLE_FIXTURE_H

#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "store/store_ops.h"

#define TABLE_UNUSED __attribute__((unused))

#define LEGACY(reader, writer)                                                                     \
    "{\"protocol\":{\"minReaderVersion\":" #reader ",\"minWriterVersion\":" #writer "}}\n"
#define LISTED(features)                                                                           \
    "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":[" features   \
    "]}}\n"
#define BOTH_LISTED(readers, writers)                                                              \
    "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[" readers    \
    "],\"writerFeatures\":[" writers "]}}\n"
/* Fields are JSON in a JSON string: quotes are \\\". */
#define METADATA(fields, configuration)                                                            \
    "{\"metaData\":{\"id\":\"the-id\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"       \
    "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[" fields                      \
    "]}\",\"partitionColumns\":[],\"configuration\":{" configuration                               \
    "},\"createdTime\":1700000000000}}\n"
#define COLUMN(name, type, nullable, metadata)                                                     \
    "{\\\"name\\\":\\\"" name "\\\",\\\"type\\\":\\\"" type "\\\",\\\"nullable\\\":" #nullable     \
    ",\\\"metadata\\\":{" metadata "}}"
#define DEFAULT(sql) "\\\"CURRENT_DEFAULT\\\":\\\"" sql "\\\""
#define DOMAIN(domain, configuration)                                                              \
    "{\"domainMetadata\":{\"domain\":\"" domain "\",\"configuration\":\"" configuration            \
    "\",\"removed\":false}}\n"

typedef struct table_fixture {
    dwt_alloc alloc;
    dwt_env env;
    dw_store *store;
    dw_table *table;
    dw_error err;
    char text[32768];
    char warnings[2048]; /* one after the other */
} table_fixture;

static TABLE_UNUSED void keep_warning(void *ctx, int level, const char *message)
{
    table_fixture *f = ctx;
    size_t used = strlen(f->warnings);

    if (level == DW_LOG_WARN)
        (void)snprintf(f->warnings + used, sizeof(f->warnings) - used, "%s\n", message);
}

static TABLE_UNUSED int table_setup(void **state)
{
    static table_fixture f;

    memset(&f, 0, sizeof(f));
    dwt_alloc_init(&f.alloc);
    dwt_env_init(&f.env);
    if (dw_store_open_memory(NULL, &f.store, &f.err) != DW_OK)
        return 1;
    dwi_store_set_env(f.store, &f.env.base);
    *state = &f;
    return 0;
}

static TABLE_UNUSED int table_teardown(void **state)
{
    table_fixture *f = *state;

    dw_table_close(f->table);
    dw_store_unref(f->store);
    dwt_alloc_done(&f->alloc);
    return 0;
}

static TABLE_UNUSED void put_version(table_fixture *f, int64_t version, const char *lines)
{
    dw_bytes body = {lines, strlen(lines)};
    char key[64];

    (void)snprintf(key, sizeof(key), "t/_delta_log/%020lld.json", (long long)version);
    DWT_OK(dwi_store_put(f->store, key, body, DW_PUT_OVERWRITE, &f->err), &f->err);
}

static TABLE_UNUSED void open_table(table_fixture *f)
{
    dw_table_options options = DW_TABLE_OPTIONS_INIT;

    options.allocator = &f->alloc.base;
    options.log = keep_warning;
    options.log_ctx = f;
    dw_table_close(f->table);
    f->table = NULL;
    DWT_OK(dw_table_open(f->store, "t", &options, &f->table, &f->err), &f->err);
}

/* The table made of these lines. */
static TABLE_UNUSED void open_lines(table_fixture *f, const char *lines)
{
    put_version(f, 0, lines);
    open_table(f);
}

static TABLE_UNUSED dw_txn *begin_txn(table_fixture *f, uint32_t flags)
{
    dw_txn_options options = DW_TXN_OPTIONS_INIT;
    dw_txn *txn = NULL;

    options.flags = flags;
    DWT_OK(dw_begin(f->table, &options, &txn, &f->err), &f->err);
    return txn;
}

/* Publishes and closes; *out_version may be NULL. */
static TABLE_UNUSED dw_status end_txn(table_fixture *f, dw_txn *txn, int64_t *out_version)
{
    dw_status status = dw_commit(txn, out_version, &f->err);

    dw_txn_close(txn);
    return status;
}

/* One commit with these records; the first error of its way. */
static TABLE_UNUSED dw_status append_ndjson(table_fixture *f, const char *ndjson)
{
    dw_bytes text = {ndjson, strlen(ndjson)};
    dw_txn *txn = NULL;
    dw_status status = dw_begin(f->table, NULL, &txn, &f->err);

    if (status == DW_OK)
        status = dw_append_ndjson(txn, text, NULL, NULL, &f->err);
    if (status == DW_OK)
        status = dw_commit(txn, NULL, &f->err);
    dw_txn_close(txn);
    return status;
}

/* The lines of a commit. */
static TABLE_UNUSED __attribute__((returns_nonnull)) const char *version_text(table_fixture *f,
                                                                              int64_t version)
{
    char key[64];
    dwi_buf buf;

    (void)snprintf(key, sizeof(key), "t/_delta_log/%020lld.json", (long long)version);
    dwi_buf_init(&buf, &f->alloc.base);
    DWT_OK(dwi_store_get(f->store, key, (dw_range)DW_RANGE_ALL, 1 << 20, &buf, &f->err), &f->err);
    (void)snprintf(f->text, sizeof(f->text), "%s", dwi_buf_cstr(&buf));
    dwi_buf_done(&buf);
    return f->text;
}

#define assert_has(text, part)     has_text((text), (part), true, __FILE__, __LINE__)
#define assert_has_not(text, part) has_text((text), (part), false, __FILE__, __LINE__)
static TABLE_UNUSED void has_text(const char *text, const char *part, bool wanted, const char *file,
                                  int line)
{
    if ((strstr(text, part) != NULL) == wanted)
        return;
    print_error("%s", wanted ? "not there: " : "there: ");
    print_error("%s\nin:\n", part);
    print_error("%s\n", text == NULL ? "" : text);
    _fail(file, line);
}

#define TABLE_TEST(name) cmocka_unit_test_setup_teardown(name, table_setup, table_teardown)

#endif
