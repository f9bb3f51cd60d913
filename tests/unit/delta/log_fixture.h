/* SPDX-License-Identifier: Apache-2.0 */
/* A table's log in a memory store, written as literal lines. Static functions, so that each test
 * program takes what it needs. */
#ifndef DWT_LOG_FIXTURE_H
#define DWT_LOG_FIXTURE_H

#include "harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "delta/files.h"

#define FIXTURE_UNUSED __attribute__((unused))

#define PROTOCOL_LINE "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
#define SCHEMA_JSON                                                                                \
    "{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"a\\\",\\\"type\\\":"           \
    "\\\"long\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}"
#define METADATA_WITH(configuration)                                                               \
    "{\"metaData\":{\"id\":\"the-id\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"       \
    "\"schemaString\":\"" SCHEMA_JSON                                                              \
    "\",\"partitionColumns\":[],\"configuration\":{" configuration                                 \
    "},\"createdTime\":1700000000000}}\n"
#define METADATA_LINE METADATA_WITH("")
#define ADD_LINE(path)                                                                             \
    "{\"add\":{\"path\":\"" path "\",\"partitionValues\":{},\"size\":100,"                         \
    "\"modificationTime\":1700000000001,\"dataChange\":true,"                                      \
    "\"stats\":\"{\\\"numRecords\\\":7}\"}}\n"
#define REMOVE_LINE(path, when)                                                                    \
    "{\"remove\":{\"path\":\"" path "\",\"deletionTimestamp\":" #when                              \
    ",\"dataChange\":true,\"extendedFileMetadata\":true,\"partitionValues\":{},\"size\":100}}\n"
#define TXN_LINE(app, version)                                                                     \
    "{\"txn\":{\"appId\":\"" app "\",\"version\":" #version ",\"lastUpdated\":1700000000002}}\n"
#define DOMAIN_LINE(domain, configuration, removed)                                                \
    "{\"domainMetadata\":{\"domain\":\"" domain "\",\"configuration\":\"" configuration            \
    "\",\"removed\":" #removed "}}\n"

typedef struct fixture {
    dwt_alloc alloc;
    dwt_env env;
    dw_store *store;
    dwi_log log;
    dwi_arena arena;
    dw_error err;
    char last_warning[DW_ERROR_MESSAGE_SIZE];
} fixture;

static void keep_warning(void *ctx, int level, const char *message)
{
    fixture *f = ctx;

    if (level == DW_LOG_WARN)
        (void)snprintf(f->last_warning, sizeof(f->last_warning), "%s", message);
}

static FIXTURE_UNUSED int fixture_setup(void **state)
{
    static fixture f;
    dwi_logger logger = {keep_warning, &f};

    memset(&f, 0, sizeof(f));
    dwt_alloc_init(&f.alloc);
    dwt_env_init(&f.env);
    dwi_arena_init(&f.arena, &f.alloc.base);
    if (dw_store_open_memory(NULL, &f.store, &f.err) != DW_OK)
        return 1;
    dwi_store_set_env(f.store, &f.env.base);
    *state = &f;
    return dwi_log_init(&f.log, f.store, "/t/", &f.alloc.base, logger, &f.err);
}

static FIXTURE_UNUSED int fixture_teardown(void **state)
{
    fixture *f = *state;

    dwi_log_done(&f->log);
    dwi_arena_done(&f->arena);
    dw_store_unref(f->store);
    dwt_alloc_done(&f->alloc);
    return 0;
}

static FIXTURE_UNUSED void put_object(fixture *f, const char *key, const char *text)
{
    dw_bytes body = {text, strlen(text)};

    DWT_OK(dwi_store_put(f->store, key, body, DW_PUT_OVERWRITE, &f->err), &f->err);
}

static FIXTURE_UNUSED void put_commit_text(fixture *f, int64_t version, const char *text)
{
    char key[64];

    (void)snprintf(key, sizeof(key), "t/_delta_log/%020" PRId64 ".json", version);
    put_object(f, key, text);
}

/* The object's text with a NUL; "" when it is not there. Good until the next call. */
static FIXTURE_UNUSED const char *object_or_nothing(fixture *f, const char *key)
{
    const dw_range all = DW_RANGE_ALL;
    dw_error ignored = DW_ERROR_INIT;
    const char *text = "";
    dwi_buf body;

    dwi_buf_init(&body, &f->alloc.base);
    dwi_arena_done(&f->arena);
    if (dwi_store_get(f->store, key, all, INT64_C(1) << 30, &body, &ignored) == DW_OK)
        text = dwi_arena_cstr(&f->arena, dwi_buf_cstr(&body));
    dwi_buf_done(&body);
    return text;
}

/* dwi_files_visit() of a version. */
static FIXTURE_UNUSED dw_status visit_files(const dwi_log *log, int64_t version,
                                            dwi_file_visitor visitor, dw_error *err)
{
    dwi_state *state = NULL;
    dw_status status;

    DWI_TRY(dwi_state_load(log, version, &state, err));
    DWI_TRY(dwi_files_visit(log, state, visitor, err));
done:
    dwi_state_unref(state);
    return status;
}

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#endif
