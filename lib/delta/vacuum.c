/* SPDX-License-Identifier: Apache-2.0 */
/* Invariants:
 * 1. A file goes only when it is older than the cutoff and neither the state at the beginning nor
 *    any commit up to its round names it.
 * 2. What is gathered in a round is compared once more with the newest commits before it goes.
 * 3. Nothing below _delta_log, no hidden name and nothing out of the table's folder is a candidate.
 *
 *   guard -> [ gather -> (announce) -> catch up -> remove ]... -> sweep */
#include "delta/vacuum.h"

#include "base/alloc.h"
#include "delta/features.h"
#include "delta/vacuum_impl.h"

dw_status dwi_vacuum_doom(dwi_vacuum_run *run, const char *key, int64_t size, dw_error *err)
{
    dwi_doomed *grown;
    char *copy;

    run->found++;
    run->found_bytes += size;
    if (run->count_only)
        return DW_OK;
    if (run->n_doomed == run->cap) {
        size_t cap = run->cap == 0 ? 256 : run->cap * 2;
        grown = dwi_realloc(run->log->alloc, run->doomed, run->cap * sizeof(*grown),
                            cap * sizeof(*grown));
        if (grown == NULL)
            return dwi_err_nomem(err);
        run->doomed = grown;
        run->cap = cap;
    }
    copy = dwi_arena_cstr(&run->arena, key);
    if (copy == NULL)
        return dwi_err_nomem(err);
    run->doomed[run->n_doomed++] = (dwi_doomed){copy, size};
    return DW_OK;
}

static dw_status gather(dwi_vacuum_run *run, dw_error *err)
{
    return run->options->lite ? dwi_vacuum_lite(run, err) : dwi_vacuum_list(run, err);
}

static dw_status guard_commit(void *ctx, const dwi_commit *commit, dw_error *err)
{
    dwi_vacuum_run *run = ctx;

    run->told++;
    return dwi_file_guard_commit(&run->guard, commit, err);
}

/* Commits that came meanwhile may have made files of a candidate's name live again, as a restore
 * does, and the protocol may be another. */
static dw_status catch_up(dwi_vacuum_run *run, dw_error *err)
{
    int64_t from = run->state->version;
    dwi_state *latest = NULL;
    dw_status status;
    size_t n = 0;

    run->told = 0;
    DWI_TRY(dwi_state_advance(run->log, run->state, (dwi_commit_observer){run, guard_commit},
                              &latest, err));
    if (run->told < latest->version - from)
        DWI_TRY(dwi_file_guard_state(&run->guard, latest, err));
    DWI_TRY(dwi_features_check_vacuum(latest, err));
    for (size_t i = 0; i < run->n_doomed; i++)
        if (!dwi_file_guard_has(&run->guard, run->doomed[i].key))
            run->doomed[n++] = run->doomed[i];
    run->n_doomed = n;
    dwi_state_unref(run->state);
    run->state = latest;
    latest = NULL;
    run->result.version = run->state->version;
done:
    dwi_state_unref(latest);
    return status;
}

/* How many there will be in all is known when they all fit into one round; else they are counted,
 * at the price of a second listing. */
static dw_status announce(dwi_vacuum_run *run, dw_error *err)
{
    size_t n = run->n_doomed;
    int64_t found = run->found;
    int64_t bytes = run->found_bytes;
    dwi_buf after = run->after;
    int64_t next_version = run->next_version;
    dwi_vacuum_result result = run->result;
    dw_status status = DW_OK;

    if (!run->complete) {
        dwi_buf_init(&run->after, run->log->alloc);
        dwi_buf_append(&run->after, after.data, after.len);
        run->count_only = true;
        status = dwi_buf_status(&run->after, err);
        if (status == DW_OK)
            status = gather(run, err);
        run->count_only = false;
        run->complete = false;
        dwi_buf_done(&run->after);
        run->after = after;
        run->next_version = next_version;
        run->n_doomed = n;
        run->result = result;
        if (status != DW_OK)
            return status;
    }
    if (run->options->begin != NULL && run->found > 0 && !run->options->dry_run)
        status = run->options->begin(run->options->ctx, run->found, run->found_bytes, err);
    run->found = found;
    run->found_bytes = bytes;
    return status;
}

static dw_status one_round(dwi_vacuum_run *run, bool first, dw_error *out_why, dw_error *err)
{
    const dwi_vacuum_options *options = run->options;
    size_t skip = strlen(run->log->root);
    dw_status status;

    dwi_arena_done(&run->arena);
    dwi_arena_init(&run->arena, run->log->alloc);
    run->n_doomed = 0;
    DWI_TRY(gather(run, err));
    DWI_TRY(dwi_vacuum_pass_foreign(run, err));
    if (first)
        DWI_TRY(announce(run, err));
    DWI_TRY(catch_up(run, err));
    for (size_t i = 0; options->file != NULL && i < run->n_doomed; i++)
        DWI_TRY(options->file(options->ctx, run->doomed[i].key + skip, run->doomed[i].size, err));
    DWI_TRY(dwi_vacuum_remove(run, out_why, err));
done:
    return status;
}

/* What no listing shows; a store that has nothing of the kind does nothing. */
static dw_status sweep(dwi_vacuum_run *run, dw_error *err)
{
    dw_swept swept = {0};
    dw_status status;

    if (run->options->lite)
        return DW_OK;
    DWI_TRY(dwi_store_sweep(run->log->store, run->log->root, run->options->cutoff_ms,
                            run->options->dry_run, &swept, err));
    run->result.leftovers = swept.leftovers;
    run->result.leftover_bytes = swept.bytes;
    run->result.empty_folders = swept.folders;
done:
    return status;
}

static dw_status run_all(dwi_vacuum_run *run, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    dw_status status;

    DWI_TRY(dwi_features_check_vacuum(run->state, err));
    DWI_TRY(dwi_file_guard_state(&run->guard, run->state, err));
    if (run->options->every_version)
        DWI_TRY(dwi_file_guard_since(&run->guard, run->state, run->options->cutoff_ms, err));
    if (run->options->lite)
        DWI_TRY(dwi_vacuum_lite_begin(run, err));
    for (bool first = true; !run->complete; first = false)
        DWI_TRY(one_round(run, first, &why, err));
    DWI_TRY(sweep(run, err));
    if (why.code != DW_OK) {
        status = why.code;
        if (err != NULL)
            *err = why;
        goto done;
    }
    if (run->options->lite && !run->options->dry_run)
        DWI_TRY(dwi_vacuum_lite_end(run, err));
done:
    return status;
}

dw_status dwi_vacuum(const dwi_log *log, dwi_state *newest, const dwi_vacuum_options *options,
                     dwi_vacuum_result *out, dw_error *err)
{
    dwi_vacuum_run run = {.log = log, .options = options, .state = dwi_state_ref(newest)};
    dw_status status;

    run.result =
        (dwi_vacuum_result){.version = newest->version, .first_version = -1, .last_version = -1};
    dwi_file_guard_init(&run.guard, log, options->cutoff_ms);
    dwi_key_set_init(&run.folders, log->alloc, log->env);
    dwi_key_set_init(&run.taken, log->alloc, log->env);
    dwi_arena_init(&run.arena, log->alloc);
    dwi_buf_init(&run.after, log->alloc);
    status = run_all(&run, err);
    run.result.folders = (int64_t)run.folders.count;
    *out = run.result;
    dwi_buf_done(&run.after);
    dwi_arena_done(&run.arena);
    dwi_free(log->alloc, run.doomed, run.cap * sizeof(*run.doomed));
    dwi_key_set_done(&run.folders);
    dwi_key_set_done(&run.taken);
    dwi_file_guard_done(&run.guard);
    dwi_state_unref(run.state);
    return status;
}
