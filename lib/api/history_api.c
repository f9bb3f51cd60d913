/* SPDX-License-Identifier: Apache-2.0 */
/* dw_table_history(). */
#include <deltawrite/table.h>

#include "api/table_impl.h"
#include "delta/timeline.h"

typedef struct history {
    const dwi_timeline *timeline;
    size_t index;
    dw_history_fn *each;
    void *ctx;
    bool told;
    dw_status refused; /* by `each` */
} history;

static dw_status tell(history *h, const dwi_commit_info *info, dw_error *err)
{
    const dw_history_entry entry = {
        .version = h->timeline->commits[h->index].version,
        .timestamp_ms = dwi_timeline_time(h->timeline, h->index, info->in_commit_timestamp),
        .operation = info->operation.ptr,
        .operation_parameters_json = info->operation_parameters.ptr,
        .operation_metrics_json = info->operation_metrics.ptr,
        .engine_info = info->engine_info.ptr,
        .is_blind_append = info->is_blind_append,
    };

    h->told = true;
    h->refused = h->each(h->ctx, &entry, err);
    return h->refused;
}

static dw_status take_info(void *ctx, const dwi_action *action, dw_error *err)
{
    history *h = ctx;

    return h->told ? DW_OK : tell(h, &action->u.commit_info, err);
}

/* One commit, whether it says anything of itself or not. */
static dw_status tell_commit(const dw_table *table, history *h, dw_error *err)
{
    const dwi_commit_info nothing = {
        .timestamp = -1, .in_commit_timestamp = -1, .is_blind_append = -1};
    dw_status status;

    h->told = false;
    DWI_TRY(dwi_log_visit_commit(&table->log, h->timeline->commits[h->index].version,
                                 1u << DWI_ACTION_COMMIT_INFO, take_info, h, err));
    if (!h->told)
        DWI_TRY(tell(h, &nothing, err));
done:
    return status;
}

dw_status dw_table_history(dw_table *table, int64_t limit, dw_history_fn *each, void *ctx,
                           dw_error *err)
{
    dwi_timeline timeline = {0};
    history h = {.timeline = &timeline, .each = each, .ctx = ctx};
    dwi_state *state = NULL;
    dwi_arena arena;
    dw_status status;

    if (table == NULL || each == NULL || limit < 0)
        return dwi_err(err, DW_E_ARG, "dw_table_history: a table, a callback and a limit >= 0");
    dwi_arena_init(&arena, table->alloc);
    state = dwi_table_state(table);
    DWI_TRY(dwi_timeline_load(&table->log, state, &arena, &timeline, err));
    for (size_t i = timeline.n; i > 0 && (limit == 0 || timeline.n - i < (uint64_t)limit); i--) {
        h.index = i - 1;
        DWI_TRY(tell_commit(table, &h, err));
    }
done:
    if (status != DW_OK && h.refused == DW_OK)
        status = dwi_err_prefix(err, status, "%s", table->uri);
    dwi_state_unref(state);
    dwi_arena_done(&arena);
    return status;
}
