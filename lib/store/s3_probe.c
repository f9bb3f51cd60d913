/* SPDX-License-Identifier: Apache-2.0 */
/* Some servers that speak S3 take the header If-None-Match and ignore it: two writers would then
 * both believe to have won. So before its first if-absent PUT a store at an endpoint that is not
 * AWS puts an object of its own twice; the second must be refused. */
#include "store/s3_impl.h"

static dw_status put_probe(dwi_s3 *s3, const char *key, dw_error *err)
{
    dwi_s3_request request = {.method = "PUT", .key = key, .if_absent = true};
    dwi_s3_response response;
    dw_status status;

    request.body = (dw_bytes){"probe\n", 6};
    dwi_s3_response_init(&response, s3->base->alloc);
    status = dwi_s3_call(s3, &request, &response, err);
    dwi_s3_response_done(&response);
    if (status == DW_E_UNKNOWN) /* of the probe only: the caller's object was not touched yet */
        return dwi_err_sys(err, DW_E_IO, 0, true, "probing put-if-absent: the reply was lost");
    return status;
}

static void remove_probe(dwi_s3 *s3, const char *key)
{
    dwi_s3_request request = {.method = "DELETE", .key = key};
    dwi_s3_response response;
    dw_error error = DW_ERROR_INIT;

    dwi_s3_response_init(&response, s3->base->alloc);
    if (dwi_s3_call(s3, &request, &response, &error) != DW_OK)
        dwi_logf(s3->base->logger, DW_LOG_WARN, "remove %s: %s; it stays", key, error.message);
    dwi_s3_response_done(&response);
}

/* Beside the object that is to be put, as rights may be bound to folders. Hidden: readers of tables
 * pass over it. */
static dw_status probe_key(const dwi_s3 *s3, const char *key, dwi_buf *out, dw_error *err)
{
    const char *slash = strrchr(key, '/');
    char uuid[DWI_UUID_TEXT + 1];

    dwi_uuid(s3->base->env, uuid);
    dwi_buf_append(out, key, slash == NULL ? 0 : (size_t)(slash - key) + 1);
    dwi_buf_printf(out, ".dw-probe-%s", uuid);
    return dwi_buf_cstr(out) == NULL ? dwi_err_nomem(err) : DW_OK;
}

dw_status dwi_s3_probe(dwi_s3 *s3, const char *key, dw_error *err)
{
    dwi_buf probe;
    dw_status status = DW_OK;

    if (atomic_load_explicit(&s3->if_absent_works, memory_order_relaxed))
        return DW_OK;
    dwi_buf_init(&probe, s3->base->alloc);
    DWI_TRY(probe_key(s3, key, &probe, err));
    DWI_TRY(put_probe(s3, (const char *)probe.data, err));
    status = put_probe(s3, (const char *)probe.data, err);
    remove_probe(s3, (const char *)probe.data);
    if (status == DW_OK)
        status = dwi_err(err, DW_E_UNSUPPORTED,
                         "%s: it ignores If-None-Match, so that several writers would overwrite "
                         "each other",
                         s3->base_url);
    else if (status == DW_E_EXISTS)
        status = DW_OK;
    if (status == DW_OK)
        atomic_store_explicit(&s3->if_absent_works, true, memory_order_relaxed);
done:
    dwi_buf_done(&probe);
    return status;
}
