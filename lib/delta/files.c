/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/files.h"

#include <inttypes.h>

#include "base/map.h"
#include "delta/checkpoint.h"

/* Invariants:
 * 1. Commits are walked newest first, so the first action met for a file is the one that counts.
 * 2. `seen` has every file that a commit after the checkpoint mentions; checkpoint rows of these
 *    files are stale. So are those of older checkpoints for what a broken one gave before. */
typedef struct walk {
    dwi_file_visitor visitor;
    const dwi_log *log;
    dwi_map seen;
    dwi_buf key;
    int64_t from_checkpoint; /* actions that the checkpoint gave */
    bool callback_failed;
} walk;

static dw_status key_of(dwi_buf *key, const dwi_action *action, dw_error *err)
{
    dwi_buf_clear(key);
    if (action->kind == DWI_ACTION_ADD)
        return dwi_file_key(action->u.add.path, &action->u.add.dv, key, err);
    return dwi_file_key(action->u.remove.path, &action->u.remove.dv, key, err);
}

static dw_status make_key(walk *w, const dwi_action *action, dw_error *err)
{
    return key_of(&w->key, action, err);
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

static dw_status visit_actions(walk *w, const dwi_commit *commit, dw_error *err)
{
    dw_status status = DW_OK;

    for (size_t i = commit->n_actions; i > 0; i--)
        DWI_TRY(visit_commit_action(w, &commit->actions[i - 1], err));
done:
    return status;
}

static dw_status visit_commit(walk *w, int64_t version, dw_error *err)
{
    dwi_commit commit;
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, w->log->alloc);
    DWI_TRY(dwi_log_read_commit(w->log, version, &arena, &commit, err));
    DWI_TRY(visit_actions(w, &commit, err));
done:
    dwi_arena_done(&arena);
    return status;
}

static dw_status visit_step(walk *w, const dwi_segment *segment, const dwi_log_step *step,
                            dw_error *err)
{
    const dwi_log_file *commits = &segment->commits[step->first];
    dw_status status = DW_OK;
    dwi_commit commit;
    bool used = false;
    dwi_arena arena;

    dwi_arena_init(&arena, w->log->alloc);
    if (step->compaction.name.ptr != NULL)
        DWI_TRY(dwi_log_read_compaction(w->log, &step->compaction, &arena, &commit, &used, err));
    if (used)
        DWI_TRY(visit_actions(w, &commit, err));
    for (size_t i = step->n_commits; !used && i > 0; i--)
        DWI_TRY(visit_commit(w, commits[i - 1].version, err));
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
    w->from_checkpoint++;
done:
    w->callback_failed = status != DW_OK;
    return status;
}

/* Again through a checkpoint that broke off: what it gave before is decided. */
static dw_status remember_action(void *ctx, const dwi_action *action, dw_error *err)
{
    walk *w = ctx;
    dw_status status;
    bool added;

    if (w->from_checkpoint == 0)
        return dwi_err(err, DW_E_CANCELLED, "checkpoint: the rest is not wanted");
    w->from_checkpoint--;
    DWI_TRY(make_key(w, action, err));
    if (dwi_map_put(&w->seen, (dwi_sv){(const char *)w->key.data, w->key.len}, &added) == NULL)
        DWI_TRY(dwi_err_nomem(err));
done:
    return status;
}

/* DW_OK; DW_E_NOMEM; else it is not to be had again, and nothing can replace the rest of it. */
static dw_status remember_given(walk *w, const dwi_segment *segment, unsigned wanted)
{
    dw_error ignored = DW_ERROR_INIT;
    dw_status status;

    if (w->from_checkpoint == 0)
        return DW_OK;
    status = dwi_checkpoint_read(w->log, segment, wanted, remember_action, w, &ignored);
    return w->from_checkpoint == 0 && status != DW_E_NOMEM ? DW_OK : status;
}

/* One checkpoint and the commits after it. *out_broken: the checkpoint is; what it gave is in
 * `seen` by then. */
static dw_status visit_segment(walk *w, const dwi_segment *segment, bool *out_broken, dw_error *err)
{
    unsigned wanted =
        DWI_CHECKPOINT_ADDS | (w->visitor.remove != NULL ? DWI_CHECKPOINT_REMOVES : 0u);
    dw_status status = DW_OK;
    dw_status again;

    *out_broken = false;
    for (size_t i = segment->n_steps; i > 0; i--)
        DWI_TRY(visit_step(w, segment, &segment->steps[i - 1], err));
    if (segment->checkpoint_version < 0)
        goto done;
    w->from_checkpoint = 0;
    w->callback_failed = false;
    status = dwi_checkpoint_read(w->log, segment, wanted, visit_checkpoint_action, w, err);
    if (w->callback_failed || !dwi_checkpoint_is_broken(status))
        goto done;
    again = remember_given(w, segment, wanted);
    *out_broken = again == DW_OK;
    if (again == DW_E_NOMEM)
        status = dwi_err_nomem(err);
done:
    return status;
}

/* A checkpoint that turns out to be broken, be it at its last row, is replaced by the one before
 * and the commits between the two. */
dw_status dwi_files_visit(const dwi_log *log, const dwi_state *state, dwi_file_visitor visitor,
                          dw_error *err)
{
    int64_t before = __atomic_load_n(&state->before_checkpoint, __ATOMIC_RELAXED);
    dwi_checkpoint_trouble trouble = {.log = log};
    walk w = {.visitor = visitor, .log = log};
    int64_t version = state->version;
    dwi_segment segment;
    dwi_arena arena;
    uint64_t seed = 0;
    dw_status status;
    bool broken;

    log->env->random(log->env->ctx, &seed, sizeof(seed)); /* file names are others' to choose */
    dwi_arena_init(&arena, log->alloc);
    dwi_map_init(&w.seen, log->alloc, seed);
    dwi_buf_init(&w.key, log->alloc);
    do {
        broken = false;
        status = dwi_log_segment(log, version, before, &arena, &segment, &trouble.now);
        if (status == DW_OK)
            status = visit_segment(&w, &segment, &broken, &trouble.now);
        if (broken)
            version = segment.checkpoint_version; /* what came after it is done */
    } while (broken && dwi_checkpoint_pass_over(&trouble, status, version, &before));
    status = dwi_checkpoint_settle(&trouble, status, err);
    dwi_buf_done(&w.key);
    dwi_map_done(&w.seen);
    dwi_arena_done(&arena);
    return status;
}

void dwi_tail_init(dwi_tail *tail, const dwi_log *log)
{
    uint64_t seed = 0;

    log->env->random(log->env->ctx, &seed, sizeof(seed));
    memset(tail, 0, sizeof(*tail));
    dwi_map_init(&tail->files, log->alloc, seed);
}

void dwi_tail_done(dwi_tail *tail)
{
    dwi_map_done(&tail->files);
    memset(tail, 0, sizeof(*tail));
}

/* Its adds are of files that were not there before: an append of rows says so of itself. */
static bool adds_new_files(const dwi_commit *commit)
{
    bool blind = false;

    for (size_t i = 0; i < commit->n_actions; i++) {
        const dwi_action *action = &commit->actions[i];
        if (action->kind == DWI_ACTION_COMMIT_INFO)
            blind = action->u.commit_info.is_blind_append == 1 &&
                    (dwi_sv_eq_cstr(action->u.commit_info.operation, "WRITE") ||
                     dwi_sv_eq_cstr(action->u.commit_info.operation, "STREAMING UPDATE"));
        if (action->kind == DWI_ACTION_REMOVE ||
            (action->kind == DWI_ACTION_ADD && !action->u.add.data_change))
            return false;
    }
    return blind;
}

static dw_status visit_tail_action(dwi_tail *tail, walk *w, const dwi_action *action, bool is_new,
                                   dw_error *err)
{
    static char doubtful;
    dw_status status = DW_OK;
    dwi_map_entry *entry;
    bool added = false;

    if (action->kind != DWI_ACTION_ADD && action->kind != DWI_ACTION_REMOVE)
        return DW_OK;
    DWI_TRY(make_key(w, action, err));
    entry = dwi_map_put(&tail->files, (dwi_sv){(const char *)w->key.data, w->key.len}, &added);
    if (entry == NULL)
        DWI_TRY(dwi_err_nomem(err));
    if (added && !is_new) {
        entry->value = &doubtful;
        tail->n_doubtful++;
    } else if (is_new && entry->value != NULL) { /* removed by a later commit of the tail */
        entry->value = NULL;
        tail->n_doubtful--;
    }
    if (added)
        DWI_TRY(hand_over(w, action, err));
done:
    return status;
}

dw_status dwi_tail_visit(dwi_tail *tail, const dwi_log *log, const dwi_segment *segment,
                         dwi_file_visitor visitor, dw_error *err)
{
    walk w = {.visitor = visitor, .log = log};
    dw_status status = DW_OK;
    dwi_commit commit;
    dwi_arena arena;

    dwi_arena_init(&arena, log->alloc);
    dwi_buf_init(&w.key, log->alloc);
    for (size_t i = segment->n_commits; i > 0; i--) {
        DWI_TRY(dwi_log_read_commit(log, segment->commits[i - 1].version, &arena, &commit, err));
        bool is_new = adds_new_files(&commit);
        for (size_t k = commit.n_actions; k > 0; k--)
            DWI_TRY(visit_tail_action(tail, &w, &commit.actions[k - 1], is_new, err));
        dwi_arena_done(&arena);
    }
done:
    dwi_arena_done(&arena);
    dwi_buf_done(&w.key);
    return status;
}

dw_status dwi_tail_has(const dwi_tail *tail, const dwi_action *action, dwi_buf *scratch, bool *out,
                       dw_error *err)
{
    dw_status status;

    DWI_TRY(key_of(scratch, action, err));
    *out = dwi_map_find(&tail->files, (dwi_sv){(const char *)scratch->data, scratch->len}) != NULL;
done:
    return status;
}
