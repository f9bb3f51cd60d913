/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/files.h"

#include <inttypes.h>

#include "base/map.h"
#include "delta/checkpoint.h"

/* Invariants:
 * 1. Commits are walked newest first, so the first action met for a file is the one that counts.
 * 2. `seen` has every file that a commit after the checkpoint mentions; checkpoint rows of these
 *    files are stale. */
typedef struct walk {
    dwi_file_visitor visitor;
    dwi_map seen;
    dwi_buf key;
} walk;

static dw_status make_key(walk *w, const dwi_action *action, dw_error *err)
{
    dwi_buf_clear(&w->key);
    if (action->kind == DWI_ACTION_ADD)
        return dwi_file_key(action->u.add.path, &action->u.add.dv, &w->key, err);
    return dwi_file_key(action->u.remove.path, &action->u.remove.dv, &w->key, err);
}

static dw_status hand_over(const walk *w, const dwi_action *action, dw_error *err)
{
    if (action->kind == DWI_ACTION_ADD)
        return w->visitor.add(w->visitor.ctx, &action->u.add, err);
    if (w->visitor.remove != NULL)
        return w->visitor.remove(w->visitor.ctx, &action->u.remove, err);
    return DW_OK;
}

static dw_status visit_commit_action(walk *w, const dwi_action *action, dw_error *err)
{
    dw_status status = DW_OK;
    bool added = false;

    if (action->kind != DWI_ACTION_ADD && action->kind != DWI_ACTION_REMOVE)
        return DW_OK;
    DWI_TRY(make_key(w, action, err));
    if (dwi_map_put(&w->seen, (dwi_sv){(const char *)w->key.data, w->key.len}, &added) == NULL)
        DWI_TRY(dwi_err_nomem(err));
    if (added)
        DWI_TRY(hand_over(w, action, err));
done:
    return status;
}

static dw_status visit_commit(walk *w, const dwi_log *log, int64_t version, dw_error *err)
{
    dwi_commit commit;
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, log->alloc);
    DWI_TRY(dwi_log_read_commit(log, version, &arena, &commit, err));
    for (size_t i = commit.n_actions; i > 0; i--)
        DWI_TRY(visit_commit_action(w, &commit.actions[i - 1], err));
done:
    dwi_arena_done(&arena);
    return status;
}

static dw_status visit_checkpoint_action(void *ctx, const dwi_action *action, dw_error *err)
{
    walk *w = ctx;
    dw_status status;

    DWI_TRY(make_key(w, action, err));
    if (dwi_map_find(&w->seen, (dwi_sv){(const char *)w->key.data, w->key.len}) == NULL)
        DWI_TRY(hand_over(w, action, err));
done:
    return status;
}

/* A checkpoint that cannot even be opened is passed over before the first file is handed out. */
static dw_status usable_segment(const dwi_log *log, const dwi_state *state, dwi_arena *arena,
                                dwi_segment *out, dw_error *err)
{
    int64_t before = __atomic_load_n(&state->before_checkpoint, __ATOMIC_RELAXED);
    dwi_checkpoint_trouble trouble = {.log = log};
    dw_status status;

    do {
        status = dwi_log_segment(log, state->version, before, arena, out, &trouble.now);
        if (status != DW_OK || out->checkpoint_version < 0)
            break;
        status = dwi_checkpoint_read(log, out, 0, NULL, NULL, &trouble.now);
    } while (dwi_checkpoint_pass_over(&trouble, status, out->checkpoint_version, &before));
    return dwi_checkpoint_settle(&trouble, status, err);
}

dw_status dwi_files_visit(const dwi_log *log, const dwi_state *state, dwi_file_visitor visitor,
                          dw_error *err)
{
    walk w = {.visitor = visitor};
    unsigned wanted = DWI_CHECKPOINT_ADDS;
    dwi_segment segment;
    dwi_arena arena;
    uint64_t seed = 0;
    dw_status status;

    log->env->random(log->env->ctx, &seed, sizeof(seed)); /* file names are others' to choose */
    dwi_arena_init(&arena, log->alloc);
    dwi_map_init(&w.seen, log->alloc, seed);
    dwi_buf_init(&w.key, log->alloc);
    DWI_TRY(usable_segment(log, state, &arena, &segment, err));
    for (size_t i = segment.n_commits; i > 0; i--)
        DWI_TRY(visit_commit(&w, log, segment.commits[i - 1].version, err));
    if (visitor.remove != NULL)
        wanted |= DWI_CHECKPOINT_REMOVES;
    if (segment.checkpoint_version >= 0)
        DWI_TRY(dwi_checkpoint_read(log, &segment, wanted, visit_checkpoint_action, &w, err));
done:
    dwi_buf_done(&w.key);
    dwi_map_done(&w.seen);
    dwi_arena_done(&arena);
    return status;
}
