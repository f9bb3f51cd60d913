/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_impl.h"

static int64_t monotonic_us(const dwi_store_base *base)
{
    return base->env->monotonic_us(base->env->ctx);
}

int64_t dwi_request_begin(const dwi_store_base *base)
{
    return base->observe == NULL ? 0 : monotonic_us(base);
}

void dwi_request_end(const dwi_store_base *base, const char *operation, const char *key,
                     int64_t began_us, int64_t bytes, dw_status status, const dw_error *error)
{
    dw_store_request request = {.struct_size = sizeof(request)};

    if (base->observe == NULL)
        return;
    request.operation = operation;
    request.key = key;
    request.status = status;
    request.sys = status == DW_OK ? 0 : error->sys;
    request.duration_us = monotonic_us(base) - began_us;
    request.bytes = bytes;
    base->observe(base->observe_ctx, &request);
}
