/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/store_metrics.h"

#include "ops/metrics.h"

static const char *code_of(dw_status status)
{
    switch (status) {
    case DW_OK:
        return "ok";
    case DW_E_NOT_FOUND:
        return "not_found";
    case DW_E_EXISTS:
        return "exists";
    case DW_E_DENIED:
        return "denied";
    case DW_E_THROTTLED:
        return "throttled";
    case DW_E_UNKNOWN:
        return "unknown";
    case DW_E_CORRUPT:
        return "corrupt";
    default:
        return "error";
    }
}

void store_metrics_observe(void *ctx, const dw_store_request *request)
{
    (void)ctx;
    metric_add(metric_series(METRIC_STORAGE_REQUESTS,
                             METRIC_LABELS(request->operation, code_of(request->status))),
               1);
    metric_observe(metric_series(METRIC_STORAGE_SECONDS, METRIC_LABELS(request->operation)),
                   (double)request->duration_us / 1e6);
}
