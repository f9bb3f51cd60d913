/* SPDX-License-Identifier: Apache-2.0 */
/* dw_table_cleanup_log(), and when a table does it by itself. */
#include <deltawrite/table.h>

#include "api/table_impl.h"
#include "base/options.h"
#include "delta/log_clean.h"

static void copy_metrics(const dwi_clean_result *result, dw_clean_metrics *out)
{
    dw_clean_metrics metrics = {
        .struct_size = out->struct_size,
        .has_more = result->more,
        .cutoff_ms = result->cutoff_ms,
        .checkpoint = result->checkpoint,
        .reason = result->reason,
        .commits = result->commits,
        .checkpoints = result->checkpoints,
        .checksums = result->checksums,
        .compactions = result->compactions,
        .sidecars = result->sidecars,
        .bytes = result->bytes,
    };

    memcpy(out, &metrics, out->struct_size < sizeof(metrics) ? out->struct_size : sizeof(metrics));
}

dw_status dw_table_cleanup_log(dw_table *table, const dw_clean_options *opts,
                               dw_clean_metrics *out_metrics, dw_error *err)
{
    const dw_clean_options defaults = DW_CLEAN_OPTIONS_INIT;
    dwi_clean_result result;
    dwi_state *state = NULL;
    dw_clean_options given;
    dw_status status;

    if (table == NULL || (out_metrics != NULL && out_metrics->struct_size < sizeof(uint32_t)))
        return dwi_err(err, DW_E_ARG, "dw_table_cleanup_log: a table, and metrics with a size");
    DWI_TRY(dwi_options_copy(&given, &defaults, sizeof(given), opts, "DW_CLEAN_OPTIONS", err));
    if ((given.flags & ~DW_CLEAN_DRY_RUN) != 0)
        DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED, "dw_table_cleanup_log: unknown flags"));
    DWI_TRY(dw_table_refresh(table, NULL, err));
    state = dwi_table_state(table);
    status = dwi_log_clean(&table->log, state, (given.flags & DW_CLEAN_DRY_RUN) != 0, &result, err);
    if (status != DW_OK)
        DWI_TRY(dwi_err_prefix(err, status, "%s", table->uri));
    if (out_metrics != NULL)
        copy_metrics(&result, out_metrics);
done:
    dwi_state_unref(state);
    return status;
}

/* What has expired changes at midnight only. */
void dwi_table_clean_if_due(dw_table *table, const dwi_state *state)
{
    int64_t today = dwi_now_ms(table->log.env) / INT64_C(86400000);
    dw_error why = DW_ERROR_INIT;
    dwi_clean_result result;

    if ((table->opts.flags & DW_TABLE_NO_LOG_CLEANUP) != 0 ||
        __atomic_exchange_n(&table->cleaned_day, today, __ATOMIC_RELAXED) == today)
        return;
    if (dwi_log_clean(&table->log, state, false, &result, &why) != DW_OK)
        dwi_logf(table->log.logger, DW_LOG_WARN, "%s: %s; the log is cleaned another day",
                 table->uri, why.message);
    else if (result.more) /* the next checkpoint goes on */
        __atomic_store_n(&table->cleaned_day, -1, __ATOMIC_RELAXED);
}
