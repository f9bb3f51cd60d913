/* SPDX-License-Identifier: Apache-2.0 */
#include "api/table_note.h"

enum { MAX_TRIES = 10 };

static dw_status try_note(dw_table *table, const dwi_staged *staged, dwi_state *state,
                          dw_error *err)
{
    dwi_staged on_state = *staged;
    dwi_committer committer;
    dwi_committed committed;
    dw_status status;

    on_state.read_version = state->version;
    dwi_committer_init(&committer, &table->log, state);
    status = dwi_table_publish(table, &committer, &on_state, &committed, err);
    if (status == DW_OK)
        dwi_state_unref(committed.state);
    dwi_committer_done(&committer);
    return status;
}

/* A conflict is one of rows, of which there are none: begun anew on the table that caused it, which
 * the handle knows by then. */
dw_status dwi_table_note(dw_table *table, const char *operation, const char *parameters,
                         const char *metrics, dw_error *err)
{
    const dwi_staged staged = {
        .operation = operation,
        .parameters = dwi_sv_cstr(parameters),
        .metrics = dwi_sv_cstr(metrics),
        .engine_info = table->engine_info != NULL ? table->engine_info : DWI_ENGINE_INFO,
        .rearranges = true,
    };
    dw_status status = dwi_table_check_store(table, err);

    if (status != DW_OK)
        return status;
    for (int i = 0; i < MAX_TRIES; i++) {
        dwi_state *state = dwi_table_state(table);
        status = try_note(table, &staged, state, err);
        dwi_state_unref(state);
        if (status != DW_E_CONFLICT)
            break;
    }
    return status;
}
