/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/object_source.h"

#include "base/alloc.h"

dw_status dwi_object_source_init(dwi_object_source *source, dw_store *store,
                                 const dw_allocator *alloc, const char *key, int64_t size,
                                 dw_error *err)
{
    dw_object object = {key, size, 0};
    dw_status status = DW_OK;
    char *copy = NULL;

    if (size < 0)
        DWI_TRY(dwi_store_head(store, key, &object, err));
    copy = dwi_cstr_dup(alloc, key);
    if (copy == NULL)
        DWI_TRY(dwi_err_nomem(err));
    *source = (dwi_object_source){store, alloc, copy, object.size};
done:
    return status;
}

void dwi_object_source_done(dwi_object_source *source)
{
    if (source->alloc != NULL)
        dwi_cstr_free(source->alloc, source->key);
    memset(source, 0, sizeof(*source));
}

static dw_status read_range(void *ctx, int64_t offset, size_t len, void *out, dw_error *err)
{
    dwi_object_source *source = ctx;
    const dw_range range = {offset, (int64_t)len};
    dw_status status = DW_OK;
    dwi_buf bytes;

    dwi_buf_init(&bytes, source->alloc);
    if (len == 0)
        return DW_OK;
    DWI_TRY(dwi_store_get(source->store, source->key, range, (int64_t)len, &bytes, err));
    if (bytes.len != len)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT, "%s: ends at byte %lld, %zu bytes from %lld are wanted",
                        source->key, (long long)(offset + (int64_t)bytes.len), len,
                        (long long)offset));
    memcpy(out, bytes.data, len);
done:
    dwi_buf_done(&bytes);
    return status;
}

dwi_parquet_source dwi_object_source_parquet(dwi_object_source *source, const char *name)
{
    return (dwi_parquet_source){source, source->size, name, read_range};
}
