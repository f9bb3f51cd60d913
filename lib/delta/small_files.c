/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/small_files.h"

#include <inttypes.h>
#include <stdio.h>

#include "delta/action_copy.h"
#include "delta/files.h"
#include "delta/stats.h"

enum {
    /* More commits than that are not read one by one: each is a request. */
    MAX_COMMITS = 20000,
    /* Below it what is gone is not worth sweeping out. */
    SWEEP_FILES = 4096
};

static void reset(dwi_small_files *small)
{
    uint64_t seed = 0;

    dwi_map_done(&small->files);
    dwi_arena_done(&small->arena);
    small->log->env->random(small->log->env->ctx, &seed, sizeof(seed));
    dwi_arena_init(&small->arena, small->log->alloc);
    dwi_map_init(&small->files, small->log->alloc, seed);
    small->version = -1;
}

void dwi_small_files_init(dwi_small_files *small, const dwi_log *log, const dwi_plan_rules *rules)
{
    *small = (dwi_small_files){.log = log, .rules = *rules};
    reset(small);
}

void dwi_small_files_done(dwi_small_files *small)
{
    if (small->log == NULL)
        return;
    dwi_map_done(&small->files);
    dwi_arena_done(&small->arena);
    *small = (dwi_small_files){0};
}

/* Statistics are large, and all that a plan asks of them is how many rows there are. */
static dw_status shorten_stats(dwi_arena *arena, dwi_add *add, int64_t rows, dw_error *err)
{
    char text[48];

    add->stats = (dwi_sv){NULL, 0};
    if (rows < 0)
        return DW_OK;
    (void)snprintf(text, sizeof(text), "{\"numRecords\":%" PRId64 "}", rows);
    return dwi_arena_sv(arena, dwi_sv_cstr(text), &add->stats) ? DW_OK : dwi_err_nomem(err);
}

static dw_status keep(dwi_small_files *small, dwi_sv key, const dwi_add *add, int64_t rows,
                      dw_error *err)
{
    dwi_add *kept = dwi_arena_alloc(&small->arena, sizeof(*kept));
    dwi_add lean = *add;
    dwi_map_entry *entry;
    dw_status status;

    if (kept == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(shorten_stats(&small->arena, &lean, rows, err));
    if (!dwi_add_copy(&small->arena, &lean, kept))
        return dwi_err_nomem(err);
    entry = dwi_map_put(&small->files, key, NULL);
    if (entry == NULL)
        return dwi_err_nomem(err);
    entry->value = kept;
    small->changes++;
done:
    return status;
}

static dw_status see_add(dwi_small_files *small, dwi_sv key, const dwi_add *add, dw_error *err)
{
    dwi_plan_verdict verdict;
    dw_status status;

    DWI_TRY(dwi_plan_judge(small->log->alloc, &small->rules, add, &verdict, err));
    if (verdict.candidate)
        DWI_TRY(keep(small, key, add, verdict.records, err));
    else
        dwi_map_remove(&small->files, key);
done:
    return status;
}

static dw_status see_action(void *ctx, const dwi_action *action, dw_error *err)
{
    bool is_add = action->kind == DWI_ACTION_ADD;
    dwi_small_files *small = ctx;
    dwi_buf buf;
    dw_status status;
    dwi_sv key;

    dwi_buf_init(&buf, small->log->alloc);
    DWI_TRY(is_add ? dwi_file_key(action->u.add.path, &action->u.add.dv, &buf, err)
                   : dwi_file_key(action->u.remove.path, &action->u.remove.dv, &buf, err));
    key = (dwi_sv){(const char *)buf.data, buf.len};
    if (is_add)
        DWI_TRY(see_add(small, key, &action->u.add, err));
    else
        dwi_map_remove(&small->files, key);
done:
    dwi_buf_done(&buf);
    return status;
}

static dw_status see_live(void *ctx, const dwi_add *add, dw_error *err)
{
    dwi_action action = {.kind = DWI_ACTION_ADD};

    action.u.add = *add;
    return see_action(ctx, &action, err);
}

static dw_status read_commits(dwi_small_files *small, const dwi_state *state, dw_error *err)
{
    const unsigned kinds = 1u << DWI_ACTION_REMOVE | 1u << DWI_ACTION_ADD;
    dw_status status = DW_OK;

    for (int64_t v = small->version + 1; v <= state->version && status == DW_OK; v++)
        status = dwi_log_visit_commit(small->log, v, kinds, see_action, small, err);
    return status;
}

static dw_status read_all(dwi_small_files *small, const dwi_state *state, dw_error *err)
{
    const dwi_file_visitor visitor = {small, see_live, NULL};

    reset(small);
    return dwi_files_visit(small->log, state, visitor, err);
}

/* Memory of files that are gone is only given back by copying the others. */
static dw_status sweep(dwi_small_files *small, dw_error *err)
{
    dwi_small_files fresh;
    dw_status status = DW_OK;

    if (small->files.count < SWEEP_FILES || small->files.live > small->files.count / 2)
        return DW_OK;
    dwi_small_files_init(&fresh, small->log, &small->rules);
    for (size_t i = 0; i < small->files.count && status == DW_OK; i++)
        if (small->files.entries[i].key.ptr != NULL)
            status = see_live(&fresh, small->files.entries[i].value, err);
    fresh.version = small->version;
    fresh.changes = small->changes;
    if (status == DW_OK) {
        dwi_small_files_done(small);
        *small = fresh;
    } else {
        dwi_small_files_done(&fresh);
    }
    return status;
}

dw_status dwi_small_files_follow(dwi_small_files *small, const dwi_state *state, dw_error *err)
{
    dw_status status = DW_E_NOT_FOUND;

    if (small->version > state->version)
        small->version = -1;
    if (small->version >= 0 && state->version - small->version <= MAX_COMMITS)
        status = read_commits(small, state, err);
    if (status == DW_E_NOT_FOUND) /* the first time, or commits are gone already */
        status = read_all(small, state, err);
    if (status == DW_OK)
        small->version = state->version;
    if (status == DW_OK)
        status = sweep(small, err);
    if (status != DW_OK)
        reset(small);
    return status;
}

dw_status dwi_small_files_plan(const dwi_small_files *small, dwi_plan *plan, dw_error *err)
{
    dw_status status = DW_OK;

    for (size_t i = 0; i < small->files.count && status == DW_OK; i++)
        if (small->files.entries[i].key.ptr != NULL)
            status = dwi_plan_add(plan, small->files.entries[i].value, err);
    return status;
}
