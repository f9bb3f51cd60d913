/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/file_presence.h"

#include "base/alloc.h"
#include "delta/deletion_vector.h"
#include "parquet/encode_pool.h"

typedef struct checker {
    const dwi_log *log;
    dwi_presence *files;
} checker;

static dw_status check_one(void *ctx, size_t worker, size_t task, dw_error *err)
{
    const checker *c = ctx;
    dwi_presence *file = &c->files[task];
    dw_error why = DW_ERROR_INIT;
    dw_object object = {0};
    char *key = NULL;
    dw_status status;

    (void)worker;
    status = file->dv != NULL ? dwi_deletion_vector_key(c->log, file->dv, &key, &why)
                              : dwi_log_data_key(c->log, file->path, &key, &why);
    if (status == DW_E_UNSUPPORTED) {
        file->size = -2;
        return DW_OK;
    }
    if (status == DW_OK)
        status = dwi_store_head(c->log->store, key, &object, &why);
    dwi_cstr_free(c->log->alloc, key);
    file->size = status == DW_OK ? object.size : -1;
    if (status == DW_OK || status == DW_E_NOT_FOUND)
        return DW_OK;
    if (err != NULL)
        *err = why;
    return status;
}

dw_status dwi_presence_check(const dwi_log *log, dwi_presence *files, size_t n, size_t threads,
                             dw_error *err)
{
    checker c = {log, files};
    dwi_encode_pool *pool = NULL;
    dw_status status = DW_OK;

    if (threads > 1 && n > 1) {
        DWI_TRY(dwi_encode_pool_new(log->alloc, threads < n ? threads : n, &pool, err));
        DWI_TRY(dwi_encode_pool_run(pool, n, check_one, &c, err));
    } else {
        for (size_t i = 0; i < n; i++)
            DWI_TRY(check_one(&c, 0, i, err));
    }
done:
    dwi_encode_pool_free(pool);
    return status;
}
