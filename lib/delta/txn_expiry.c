/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/txn_expiry.h"

#include "delta/properties.h"

#define RETENTION "delta.setTransactionRetentionDuration"

bool dwi_txn_may_have_expired(const dwi_state *state, const dwi_env *env)
{
    const dwi_metadata *metadata = &state->metadata;
    int64_t kept_ms = 0;
    int64_t age_ms;

    if (dwi_state_property(state, RETENTION).ptr == NULL)
        return false;
    if (dwi_state_checkpoint(state) < 0) /* every commit is there, and was read */
        return false;
    if (dwi_property_interval(metadata->configuration, RETENTION, &kept_ms, NULL) != DW_OK ||
        metadata->created_time < 0)
        return true;
    age_ms = dwi_now_ms(env) - metadata->created_time;
    return age_ms < 0 || age_ms >= kept_ms;
}

bool dwi_txn_is_expired(const dwi_state *state, const dwi_txn_action *txn, const dwi_env *env)
{
    dw_error ignored = DW_ERROR_INIT;
    int64_t retention_ms = -1;

    (void)dwi_property_interval(state->metadata.configuration, RETENTION, &retention_ms, &ignored);
    return retention_ms >= 0 && txn->last_updated >= 0 &&
           txn->last_updated < dwi_now_ms(env) - retention_ms;
}

dw_status dwi_txn_expired(const dwi_state *state, dwi_sv app_id, dw_error *err)
{
    return dwi_err(
        err, DW_E_EXPIRED,
        "application id %.*s: the table has no entry for it and drops them after " RETENTION
        " (%.*s): it is not known whether it ever committed",
        DWI_SV_ARG(app_id), DWI_SV_ARG(dwi_state_property(state, RETENTION)));
}
