/* SPDX-License-Identifier: Apache-2.0 */
/* The log of one table in a memory store, for targets that give it a file of any bytes. Static
 * functions, so that each target takes what it needs. */
#ifndef DWT_FUZZ_LOG_H
#define DWT_FUZZ_LOG_H

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "delta/checkpoint.h"
#include "delta/files.h"
#include "fuzz.h"

#define FUZZ_FIRST                                                                                 \
    "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":["            \
    "\"v2Checkpoint\"],\"writerFeatures\":[\"v2Checkpoint\",\"domainMetadata\"]}}\n"               \
    "{\"metaData\":{\"id\":\"i\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"            \
    "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"a\\\","     \
    "\\\"type\\\":\\\"long\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\","                    \
    "\"partitionColumns\":[],\"configuration\":{},\"createdTime\":1}}\n"                           \
    "{\"txn\":{\"appId\":\"a\",\"version\":1}}\n"                                                  \
    "{\"add\":{\"path\":\"f\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,"           \
    "\"dataChange\":true}}\n"

typedef struct fuzz_log {
    dw_store *store;
    dwi_log log;
} fuzz_log;

static inline void fuzz_put(fuzz_log *f, const char *key, const void *data, size_t size)
{
    if (dwi_store_put(f->store, key, (dw_bytes){data, size}, DW_PUT_OVERWRITE, NULL) != DW_OK)
        abort();
}

/* Version 0 is there. */
static inline void fuzz_log_open(fuzz_log *f)
{
    const dwi_logger silent = {NULL, NULL};

    memset(f, 0, sizeof(*f));
    if (dw_store_open_memory(NULL, &f->store, NULL) != DW_OK ||
        dwi_log_init(&f->log, f->store, "", dwi_alloc_default(), silent, NULL) != DW_OK)
        abort();
    fuzz_put(f, "_delta_log/00000000000000000000.json", FUZZ_FIRST, sizeof(FUZZ_FIRST) - 1);
}

static inline void fuzz_log_close(fuzz_log *f)
{
    dwi_log_done(&f->log);
    dw_store_unref(f->store);
}

static inline dw_status fuzz_see_add(void *ctx, const dwi_add *add, dw_error *err)
{
    int64_t *files = ctx;

    (void)add;
    (void)err;
    ++*files;
    return DW_OK;
}

static inline dw_status fuzz_see_remove(void *ctx, const dwi_remove *remove, dw_error *err)
{
    (void)ctx;
    (void)remove;
    (void)err;
    return DW_OK;
}

/* The latest version and its files; -1 when there is no reading it. */
static inline int64_t fuzz_read_table(const fuzz_log *f, int64_t *out_files)
{
    const dwi_file_visitor visitor = {out_files, fuzz_see_add, fuzz_see_remove};
    dwi_state *state = NULL;
    int64_t version = -1;

    *out_files = 0;
    if (dwi_state_load(&f->log, -1, &state, NULL) == DW_OK &&
        dwi_files_visit(&f->log, state, visitor, NULL) == DW_OK)
        version = state->version;
    dwi_state_unref(state);
    return version;
}

#endif
