/* SPDX-License-Identifier: Apache-2.0 */
/* Invariants, whatever fails and whoever races:
 *   1. Before each put of a new version every rule of delta/conflict.h holds for the state `on`,
 *      and those of delta/conflict_winner.h for each commit up to it that matters; the put is for
 *      version on + 1: if it wins, it is based on the latest state by definition.
 *   2. While a version is undecided no other version is put, and it is put only with the same
 *      bytes.
 *   3. A version is decided only by the store saying that our put took effect, or by reading it;
 *      after a long time both count only while the log has not gone on behind it.
 *   4. Every attempt carries the same txnId, and every commit that comes before ours is looked at
 *      for it, so that an attempt which landed unseen is found and not repeated.
 *   5. A commit that is decided in our favour is a success, even if memory is short afterwards.
 *
 *             check_on()          put_next(): OK
 *   READY ---------------> CHECKED -----------------------------> WON
 *     ^                       | EXISTS           UNKNOWN            ^ ^
 *     |                       v                     |               | | settle(): ours, put again
 * OK |   catch_up()         LOST <------------ UNDECIDED ----------+ |
 *     +------------------------|    settle(): another's   <-+         |
 *                              |                  settle(): not there, no answer: wait
 *                              +--------------------------------------+
 *                                catch_up(): finds our txnId
 */
#include "delta/commit.h"

#include <assert.h>

#include "delta/commit_trace.h"
#include "delta/conflict_schema.h"
#include "delta/conflict_winner.h"
#include "delta/timeline.h"

typedef enum outcome { OUTCOME_WON, OUTCOME_LOST, OUTCOME_UNDECIDED } outcome;

enum {
    RACE_BASE_US = 2000,
    RACE_CAP_US = 500000,
    SETTLE_BASE_US = 50000,
    SETTLE_CAP_US = 5000000,
    MAX_DOUBLINGS = 20
};

void dwi_committer_init(dwi_committer *committer, const dwi_log *log, dwi_state *base)
{
    *committer = (dwi_committer){.log = log, .undecided = -1};
    committer->base = dwi_state_ref(base);
    dwi_uuid(log->env, committer->txn_id);
    dwi_commit_body_init(&committer->body, log->alloc);
}

void dwi_committer_done(dwi_committer *committer)
{
    dwi_state_unref(committer->base);
    dwi_state_unref(committer->on);
    dwi_commit_body_done(&committer->body);
    *committer = (dwi_committer){.undecided = -1};
}

dw_status dwi_committer_join(dwi_committer *committer, dwi_state *state, dw_error *err)
{
    bool newer = state->version > committer->base->version;
    bool restage;
    dw_status status = newer ? dwi_conflict_check(committer->base, state, false, &restage, err)
                             : dwi_conflict_check(state, committer->base, false, &restage, err);

    if (status == DW_OK && newer) {
        dwi_state_unref(committer->base);
        committer->base = dwi_state_ref(state);
    }
    return status;
}

void dwi_committer_rebase(dwi_committer *committer, dwi_state *state)
{
    dwi_state_unref(committer->base);
    committer->base = dwi_state_ref(state);
    committer->restage = false;
}

bool dwi_commit_is_ours(const dwi_commit *commit, const char *txn_id)
{
    for (size_t i = 0; i < commit->n_actions; i++)
        if (commit->actions[i].kind == DWI_ACTION_COMMIT_INFO &&
            dwi_sv_eq_cstr(commit->actions[i].u.commit_info.txn_id, txn_id))
            return true;
    return false;
}

static void move_on(dwi_committer *committer, dwi_state *state)
{
    dwi_state_unref(committer->on);
    committer->on = state;
}

typedef struct watch {
    const dwi_committer *committer;
    const dwi_winner_check *check; /* NULL: only our own commit is looked for */
    int64_t ours;                  /* version of a commit of ours, -1: none seen */
    int64_t told;                  /* commits seen */
    dw_error found;                /* the first clash; reading goes on all the same */
} watch;

static dw_status watch_commit(void *ctx, const dwi_commit *commit, dw_error *err)
{
    watch *w = ctx;
    dw_status status = DW_OK;

    w->told++;
    if (dwi_commit_is_ours(commit, w->committer->txn_id))
        w->ours = commit->version;
    else if (w->check != NULL && w->ours < 0 && w->found.code == DW_OK)
        status = dwi_winner_check_commit(w->check, commit, &w->found);
    if (status == DW_E_FENCED || status == DW_E_CONFLICT)
        return DW_OK;
    if (status != DW_OK && err != NULL)
        *err = w->found;
    return status;
}

/* Commits that were cleaned up before we saw them cannot be compared with ours. */
static dw_status check_told(const watch *w, const dwi_staged *staged, const dwi_state *latest,
                            dw_error *err)
{
    int64_t from = w->committer->on->version + 1;

    if (w->told == latest->version + 1 - from || !dwi_staged_must_see_winners(staged))
        return DW_OK;
    return dwi_err(err, DW_E_CONFLICT,
                   "versions %lld to %lld: they are not all there any more, so that ours cannot be "
                   "compared with them",
                   (long long)from, (long long)latest->version);
}

/* A clash stays one, whatever comes later. */
static dw_status final_clash(const dwi_committer *committer, dw_error *err)
{
    if (committer->clash.code != DW_OK && err != NULL)
        *err = committer->clash;
    return committer->clash.code;
}

/* Reads what came after `on`, which moves there whatever is found. *out_ours: a commit of ours
 * among it, -1: none. `compare`: DW_E_FENCED, DW_E_CONFLICT when one of the others clashes with
 * ours. */
static dw_status catch_up(dwi_committer *committer, const dwi_staged *staged, bool compare,
                          int64_t *out_ours, dw_error *err)
{
    watch w = {.committer = committer, .ours = -1, .found = DW_ERROR_INIT};
    dwi_winner_check check = {0};
    dwi_state *latest;
    dw_status status;

    if (compare) {
        DWI_TRY(dwi_winner_check_init(&check, staged, committer->on, committer->log, err));
        w.check = &check;
    }
    DWI_TRY(dwi_state_advance(committer->log, committer->on,
                              (dwi_commit_observer){&w, watch_commit}, &latest, err));
    if (w.ours < 0 && compare && w.found.code == DW_OK)
        (void)check_told(&w, staged, latest, &w.found);
    if (w.ours < 0 && committer->clash.code == DW_OK)
        committer->clash = w.found;
    status = final_clash(committer, err);
    move_on(committer, latest);
    *out_ours = w.ours;
done:
    dwi_winner_check_done(&check);
    return status;
}

static dw_status check_state(dwi_committer *committer, const dwi_staged *staged, dw_error *err)
{
    dw_status status;

    DWI_TRY(dwi_conflict_check(committer->base, committer->on, staged->rearranges,
                               &committer->restage, err));
    DWI_TRY(dwi_conflict_check_rewrite(committer->base, committer->on, staged, err));
done:
    return status;
}

/* A handle's state may be behind: an application id that does not match is looked up once, where
 * an earlier call's attempt may turn up. After an old state a version may be free only because log
 * cleanup took it: what is written there nobody reads. Who depends on the files of others sees all
 * commits since those that were read. */
static dw_status check_on(dwi_committer *committer, const dwi_staged *staged, bool first,
                          int64_t *out_ours, dw_error *err)
{
    bool compare = dwi_staged_must_see_winners(staged);
    dw_status status;

    if ((first && compare) || dwi_state_is_old(committer->on, committer->log->env)) {
        DWI_TRY(catch_up(committer, staged, compare, out_ours, err));
        if (*out_ours >= 0)
            goto done;
    }
    status = dwi_conflict_check_apps(committer->on, committer->log->env, staged->apps,
                                     staged->n_apps, err);
    if ((status == DW_E_FENCED || status == DW_E_EXPIRED) && first) {
        DWI_TRY(catch_up(committer, staged, compare, out_ours, err));
        if (*out_ours >= 0)
            goto done;
        status = dwi_conflict_check_apps(committer->on, committer->log->env, staged->apps,
                                         staged->n_apps, err);
    }
    if (status == DW_OK)
        status = check_state(committer, staged, err);
done:
    return status;
}

static dw_status put_body(dwi_committer *committer, int64_t version, dw_error *err)
{
    dw_bytes body = {committer->body.text.data, committer->body.text.len};

    committer->put_ms = dwi_now_ms(committer->log->env);
    return dwi_log_put_commit(committer->log, version, body, err);
}

/* The log goes on behind the version, and what is or was there is not part of what a reader sees:
 * did an attempt of ours take effect? */
static dw_status trace(dwi_committer *committer, const dwi_staged *staged, dwi_state *latest,
                       outcome *out, dw_error *err)
{
    dwi_trace found;
    dw_status status;

    DWI_TRY(dwi_commit_trace(committer->log, latest, staged, &committer->body, &found, err));
    if (found == DWI_TRACE_NONE) {
        status = dwi_err(err, DW_E_UNKNOWN,
                         "log cleanup has removed the version, and nothing "
                         "later tells whose it was");
        goto done;
    }
    *out = found == DWI_TRACE_FOUND ? OUTCOME_WON : OUTCOME_LOST;
    if (*out == OUTCOME_LOST && dwi_staged_must_see_winners(staged))
        (void)dwi_conflict(&committer->clash, latest,
                           "the commits since version %lld are not there any more, so that ours "
                           "cannot be compared with them",
                           (long long)committer->on->version);
    move_on(committer, dwi_state_ref(latest));
done:
    return status;
}

/* After a long time log cleanup may have passed the version. Then what is put there wins, and
 * nobody ever reads it: *out_latest is the state that the log has come to. NULL: it has not. */
static dw_status look_behind(const dwi_committer *committer, int64_t version,
                             dwi_state **out_latest, dw_error *err)
{
    bool passed = false;
    dw_status status = DW_OK;

    *out_latest = NULL;
    if (!dwi_state_is_old(committer->on, committer->log->env))
        return DW_OK;
    DWI_TRY(dwi_state_passed(committer->log, version - 1, &passed, err));
    if (passed)
        DWI_TRY(dwi_state_load(committer->log, -1, out_latest, err));
done:
    return status;
}

/* The version is ours: put just now, or found. Is it part of the log? */
static dw_status confirm_win(dwi_committer *committer, const dwi_staged *staged, int64_t version,
                             outcome *out, dw_error *err)
{
    dwi_state *latest = NULL;
    dw_status status;

    *out = OUTCOME_WON;
    DWI_TRY(look_behind(committer, version, &latest, err));
    if (latest != NULL)
        DWI_TRY(trace(committer, staged, latest, out, err));
done:
    dwi_state_unref(latest);
    return status;
}

/* The undecided version is not there: it is put again, if there is nothing behind it. */
static dw_status put_again(dwi_committer *committer, const dwi_staged *staged, outcome *out,
                           dw_error *err)
{
    int64_t version = committer->undecided;
    dwi_state *latest = NULL;
    dw_status status;

    *out = OUTCOME_UNDECIDED;
    DWI_TRY(look_behind(committer, version, &latest, err));
    if (latest != NULL) {
        DWI_TRY(trace(committer, staged, latest, out, err));
        goto done;
    }
    status = put_body(committer, version, err);
    if (status == DW_OK)
        DWI_TRY(confirm_win(committer, staged, version, out, err));
    else if (status == DW_E_EXISTS || status == DW_E_UNKNOWN)
        status = DW_OK;
done:
    dwi_state_unref(latest);
    return status;
}

/* Reads the undecided version, and puts it again when it is not there. */
static dw_status settle(dwi_committer *committer, const dwi_staged *staged, outcome *out,
                        dw_error *err)
{
    int64_t version = committer->undecided;
    dwi_arena arena;
    dwi_commit commit;
    dw_status status;

    dwi_arena_init(&arena, committer->log->alloc);
    status = dwi_log_read_commit(committer->log, version, &arena, &commit, err);
    if (status == DW_E_NOT_FOUND)
        status = put_again(committer, staged, out, err);
    else if (status == DW_OK && dwi_commit_is_ours(&commit, committer->txn_id))
        status = confirm_win(committer, staged, version, out, err);
    else if (status == DW_OK)
        *out = OUTCOME_LOST;
    dwi_arena_done(&arena);
    return status;
}

/* First put of version on + 1. A version that exists stays undecided until it has been read: only
 * then it is certain that it is not ours. */
static dw_status put_next(dwi_committer *committer, const dwi_staged *staged, outcome *out,
                          dw_error *err)
{
    int64_t version = committer->on->version + 1;
    int64_t after_ms = -1;
    dw_status status;

    assert(committer->undecided < 0); /* invariant 2 */
    if (dwi_commit_body_keeps_time_anew(staged, committer->on))
        DWI_TRY(dwi_timeline_of_state(committer->log, committer->on, &after_ms, err));
    DWI_TRY(dwi_commit_body_build(&committer->body, staged, committer->on, committer->log->env,
                                  after_ms, committer->txn_id, err));
    status = put_body(committer, version, err);
    if (status == DW_OK) {
        committer->undecided = version; /* until it is confirmed */
        DWI_TRY(confirm_win(committer, staged, version, out, err));
    } else if (status == DW_E_EXISTS || status == DW_E_UNKNOWN) {
        committer->undecided = version;
        *out = status == DW_E_EXISTS ? OUTCOME_LOST : OUTCOME_UNDECIDED;
        status = DW_OK;
    }
done:
    return status;
}

/* Publication has happened: whatever fails here, the commit is a success (invariant 5). */
static void take_win(dwi_committer *committer, int64_t version, dwi_committed *out)
{
    dwi_commit commit = {version, committer->body.n_actions, committer->body.actions};
    dwi_state *state = NULL;
    dw_error err = DW_ERROR_INIT;

    if (committer->on->version == version - 1 &&
        dwi_state_apply(committer->log->alloc, committer->on, &commit, &state, &err) == DW_OK)
        move_on(committer, state);
    else if (committer->on->version < version)
        dwi_logf(committer->log->logger, DW_LOG_WARN, "version %lld is committed, not applied: %s",
                 (long long)version, err.message);
    committer->undecided = -1;
    if (committer->on->version == version)
        dwi_state_note_newest(committer->on, committer->put_ms);
    out->version = version;
    out->state = dwi_state_ref(committer->on);
}

static dw_status wait_or_give_up(const dwi_committer *committer, int64_t deadline_us, int attempt,
                                 outcome last, dw_error *err)
{
    const dwi_env *env = committer->log->env;
    bool open = last == OUTCOME_UNDECIDED;
    int doublings = attempt < MAX_DOUBLINGS ? attempt : MAX_DOUBLINGS;
    int64_t left_us = deadline_us - env->monotonic_us(env->ctx);
    int64_t wait_us;

    if (left_us <= 0 && open)
        return dwi_err_sys(err, DW_E_UNKNOWN, 0, true,
                           "version %lld: it is not known whether our commit took effect; "
                           "commit again to find out",
                           (long long)committer->undecided);
    if (left_us <= 0)
        return dwi_err_sys(err, DW_E_IO, 0, true,
                           "version %lld: other writers were faster %d times in a row",
                           (long long)committer->on->version + 1, attempt + 1);
    wait_us = dwi_backoff_us(env, doublings, open ? SETTLE_BASE_US : RACE_BASE_US,
                             open ? SETTLE_CAP_US : RACE_CAP_US);
    env->sleep_us(env->ctx, wait_us < left_us ? wait_us : left_us);
    return DW_OK;
}

/* An undecided version makes every failure to look DW_E_UNKNOWN: we cannot say "not published". One
 * that may pass is borne, and *out says so. */
static dw_status stay_undecided(const dwi_committer *committer, dw_status status, outcome *out,
                                dw_error *err)
{
    if (status == DW_E_THROTTLED || err->retryable) {
        *out = OUTCOME_UNDECIDED;
        return DW_OK;
    }
    err->code = DW_E_UNKNOWN;
    err->retryable = true;
    return dwi_err_prefix(err, DW_E_UNKNOWN,
                          "version %lld: it is not known whether our commit took effect",
                          (long long)committer->undecided);
}

static dw_status try_settle(dwi_committer *committer, const dwi_staged *staged, outcome *out,
                            dw_error *err)
{
    dw_status status = settle(committer, staged, out, err);

    if (status == DW_OK || committer->undecided < 0)
        return status;
    return stay_undecided(committer, status, out, err);
}

static dw_status try_next(dwi_committer *committer, const dwi_staged *staged, outcome *out,
                          dw_error *err)
{
    dw_status status = put_next(committer, staged, out, err);

    if (status == DW_OK || committer->undecided < 0)
        return status;
    return stay_undecided(committer, status, out, err);
}

/* Another commit has the version. `on` moves past it; our own may be among what is read. */
static dw_status after_loss(dwi_committer *committer, const dwi_staged *staged, outcome *out,
                            int64_t *out_ours, dw_error *err)
{
    dw_status status = catch_up(committer, staged, true, out_ours, err);

    if (committer->undecided <= committer->on->version) /* decided: it was read */
        committer->undecided = -1;
    else if (status != DW_OK)
        status = stay_undecided(committer, status, out, err);
    return status;
}

/* One step of the diagram. *out_ours: the version that is ours, when *out is WON. */
static dw_status step(dwi_committer *committer, const dwi_staged *staged, bool first, outcome *out,
                      int64_t *out_ours, dw_error *err)
{
    int64_t ours = -1;
    dw_status status;

    if (committer->undecided >= 0) {
        DWI_TRY(try_settle(committer, staged, out, err));
    } else {
        DWI_TRY(final_clash(committer, err));
        DWI_TRY(check_on(committer, staged, first, &ours, err));
        if (ours < 0)
            DWI_TRY(try_next(committer, staged, out, err));
    }
    if (ours < 0 && *out == OUTCOME_WON)
        ours = committer->undecided;
    if (ours < 0 && *out == OUTCOME_LOST)
        DWI_TRY(after_loss(committer, staged, out, &ours, err));
    *out_ours = ours;
done:
    return status;
}

dw_status dwi_committer_look(dwi_committer *committer, const dwi_staged *staged, dw_error *err)
{
    int64_t ours = -1;

    if (committer->undecided >= 0)
        return DW_OK;
    if (committer->on == NULL)
        committer->on = dwi_state_ref(committer->base);
    return catch_up(committer, staged, true, &ours, err);
}

dw_status dwi_committer_run(dwi_committer *committer, const dwi_staged *staged, dwi_state *known,
                            int64_t timeout_ms, dwi_committed *out, dw_error *err)
{
    const dwi_env *env = committer->log->env;
    int64_t deadline_us = env->monotonic_us(env->ctx) + timeout_ms * 1000;
    outcome result = OUTCOME_LOST;
    dw_error local = DW_ERROR_INIT;
    int64_t ours = -1;
    dw_status status;

    committer->restage = false;
    if (err == NULL)
        err = &local; /* whether an error may pass decides what is done next */
    /* A second call starts where the first one stood: commits that the table's handle has seen
     * since may be the one that the first call made. */
    if (committer->on == NULL)
        committer->on =
            dwi_state_ref(dwi_staged_must_see_winners(staged) ? committer->base : known);
    for (int attempt = 0;; attempt++) {
        DWI_TRY(step(committer, staged, attempt == 0, &result, &ours, err));
        if (ours >= 0)
            break;
        DWI_TRY(wait_or_give_up(committer, deadline_us, attempt, result, err));
    }
    take_win(committer, ours, out);
done:
    return status;
}
