/* SPDX-License-Identifier: Apache-2.0 */
#include "api/lease.h"

enum { MAX_TRIES = 10 };

static int64_t value_of(const dwi_state *state)
{
    const dwi_txn_action *txn = dwi_state_txn(state, DWI_SV(DWI_LEASE_APP));

    return txn == NULL ? -1 : txn->version;
}

dwi_lease_kind dwi_lease_whose(const dwi_lease *lease, const dwi_state *state, const dwi_env *env)
{
    int64_t ends_ms = value_of(state);
    int64_t now_ms = dwi_now_ms(env);

    if (ends_ms <= now_ms)
        return DWI_LEASE_FREE;
    /* a clock that is far ahead must not keep everybody out for longer than ours would */
    if (ends_ms != lease->ends_ms && ends_ms - now_ms > 2 * lease->length_ms)
        return DWI_LEASE_FREE;
    return ends_ms == lease->ends_ms ? DWI_LEASE_OURS : DWI_LEASE_OTHERS;
}

dwi_app_version dwi_lease_step(const dwi_lease *lease, const dwi_state *state, const dwi_env *env)
{
    dwi_app_version step = {.app_id = DWI_SV(DWI_LEASE_APP),
                            .expected = value_of(state),
                            .next = dwi_now_ms(env) + lease->length_ms,
                            .forgettable = true};

    if (step.next <= step.expected && step.expected < INT64_MAX)
        step.next = step.expected + 1; /* each value is one holder's */
    return step;
}

void dwi_lease_note(dwi_lease *lease, const dwi_app_version *step)
{
    lease->ends_ms = step->next;
}

static dw_status try_commit(dw_table *table, dwi_lease *lease, dwi_state *state,
                            const dwi_app_version *more, dw_error *err)
{
    dwi_app_version apps[2] = {dwi_lease_step(lease, state, table->log.env)};
    const dwi_staged staged = {
        .operation = "MAINTENANCE LEASE",
        .parameters = DWI_SV("{}"),
        .metrics = DWI_SV("{}"),
        .engine_info = table->engine_info != NULL ? table->engine_info : DWI_ENGINE_INFO,
        .read_version = state->version,
        .rearranges = true,
        .n_apps = more == NULL ? 1 : 2,
        .apps = apps,
    };
    dwi_committer committer;
    dwi_committed done;
    dw_status status;

    if (more != NULL)
        apps[1] = *more;
    dwi_committer_init(&committer, &table->log, state);
    status = dwi_table_publish(table, &committer, &staged, &done, err);
    if (status == DW_OK) {
        dwi_lease_note(lease, &apps[0]);
        dwi_state_unref(done.state);
    }
    dwi_committer_done(&committer);
    return status;
}

/* A conflict is one of rows, of which there are none: begun anew on the table that caused it. */
dw_status dwi_lease_commit(dw_table *table, dwi_lease *lease, const dwi_app_version *more,
                           dw_error *err)
{
    dw_status status = DW_E_CONFLICT;

    for (int i = 0; i < MAX_TRIES && status == DW_E_CONFLICT; i++) {
        dwi_state *state = dwi_table_state(table);
        status = try_commit(table, lease, state, more, err);
        dwi_state_unref(state);
    }
    return status;
}
