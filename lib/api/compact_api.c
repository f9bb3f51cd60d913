/* SPDX-License-Identifier: Apache-2.0 */
/* dw_compact_log(). */
#include <deltawrite/maintain.h>

#include "api/table_impl.h"
#include "base/options.h"
#include "delta/log_compact.h"

static dw_status read_range(dw_compact_options *given, const dwi_state *newest, dw_error *err)
{
    if (given->from_version < 0)
        given->from_version = dwi_state_checkpoint(newest) + 1;
    if (given->to_version < 0)
        given->to_version = newest->version;
    if (given->to_version > newest->version)
        return dwi_err(err, DW_E_NOT_FOUND, "version %lld: no such version; the newest is %lld",
                       (long long)given->to_version, (long long)newest->version);
    return DW_OK;
}

dw_status dw_compact_log(dw_table *table, const dw_compact_options *opts,
                         dw_compact_metrics *out_metrics, dw_error *err)
{
    const dw_compact_options defaults = DW_COMPACT_OPTIONS_INIT;
    dwi_compact_result result = {0};
    dw_compact_metrics metrics;
    dw_compact_options given;
    dwi_state *newest = NULL;
    dw_status status;

    if (table == NULL || (out_metrics != NULL && out_metrics->struct_size < sizeof(uint32_t)))
        return dwi_err(err, DW_E_ARG, "dw_compact_log: a table, and metrics with a size");
    DWI_TRY(dwi_options_copy(&given, &defaults, sizeof(given), opts, "DW_COMPACT_OPTIONS", err));
    if (given.flags != 0)
        DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED, "dw_compact_log: unknown flags"));
    DWI_TRY(dw_table_refresh(table, NULL, err));
    newest = dwi_table_state(table);
    status = read_range(&given, newest, err);
    if (status == DW_OK && given.to_version > given.from_version)
        status = dwi_log_compact(&table->log, newest, given.from_version, given.to_version, &result,
                                 err);
    if (status != DW_OK)
        DWI_TRY(dwi_err_prefix(err, status, "%s", table->uri));
    if (out_metrics == NULL)
        goto done;
    metrics = (dw_compact_metrics){.struct_size = out_metrics->struct_size,
                                   .from_version = given.from_version,
                                   .to_version = given.to_version,
                                   .commits = result.commits,
                                   .commit_bytes = result.commit_bytes,
                                   .actions = result.actions,
                                   .bytes = result.bytes};
    memcpy(out_metrics, &metrics,
           metrics.struct_size < sizeof(metrics) ? metrics.struct_size : sizeof(metrics));
done:
    dwi_state_unref(newest);
    return status;
}
