/* SPDX-License-Identifier: Apache-2.0 */
#include "api/table_warn.h"

#include "base/alloc.h"
#include "delta/property_change.h"

enum { FOUND = DW_E_EXISTS };

static dw_status stop_at_first(void *ctx, const dw_object *object, dw_error *err)
{
    (void)ctx;
    (void)object;
    (void)err;
    return FOUND;
}

/* Spark's log store for S3 with DynamoDB stages commits below _delta_log/.tmp/ and copies them:
 * between the two our put of the same version succeeds, and the copy then replaces it. */
static dw_status has_staged_commits(dw_table *table, bool *out, dw_error *err)
{
    char *prefix = dwi_log_key(&table->log, "_delta_log/.tmp/");

    if (prefix == NULL)
        return dwi_err_nomem(err);
    *out = dwi_store_list(table->store, prefix, NULL, stop_at_first, NULL, NULL) == FOUND;
    dwi_cstr_free(table->alloc, prefix);
    return DW_OK;
}

dw_status dwi_table_warn_writer(dw_table *table, const dwi_state *state, dw_error *err)
{
    bool staged = false;
    dw_status status = DW_OK;

    if (__atomic_load_n(&table->warned, __ATOMIC_RELAXED))
        return DW_OK;
    DWI_TRY(has_staged_commits(table, &staged, err));
    if (__atomic_exchange_n(&table->warned, true, __ATOMIC_RELAXED))
        return DW_OK;
    if (dwi_property_is_on(state->metadata.configuration,
                           "delta.compatibility.symlinkFormatManifest.enabled"))
        dwi_logf(table->log.logger, DW_LOG_WARN,
                 "%s: property delta.compatibility.symlinkFormatManifest.enabled: the manifest is "
                 "not written anew; engines that read by it do not see new rows",
                 table->uri);
    if (staged)
        dwi_logf(table->log.logger, DW_LOG_WARN,
                 "%s: _delta_log/.tmp/ holds commits of a log store that settles races in "
                 "DynamoDB; it and this library must not write to the table at the same time, or "
                 "commits are lost",
                 table->uri);
done:
    return status;
}
