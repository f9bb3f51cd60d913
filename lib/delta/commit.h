/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing what a transaction staged as one new version, exactly once. */
#ifndef DWI_DELTA_COMMIT_H
#define DWI_DELTA_COMMIT_H

#include "delta/commit_body.h"

/* One transaction's way to a version. It outlives the single call: after DW_E_UNKNOWN the next call
 * goes on where this one ended. One thread at a time. */
typedef struct dwi_committer {
    const dwi_log *log;             /* borrowed */
    dwi_state *base;                /* the rows were made for it; a reference */
    dwi_state *on;                  /* the attempt builds on it; NULL: none made yet */
    char txn_id[DWI_UUID_TEXT + 1]; /* of every attempt */
    int64_t put_ms;                 /* when the last put was begun */
    int64_t undecided;              /* version that an attempt may have made, -1: none */
    dw_error clash;                 /* with a commit of another: it is final; code DW_OK: none */
    bool restage;                   /* the last DW_E_CONFLICT: files written anew for `on` can do */
    dwi_commit_body body;           /* of the undecided attempt */
} dwi_committer;

/* Takes a reference to `base`. */
void dwi_committer_init(dwi_committer *committer, const dwi_log *log, dwi_state *base);
void dwi_committer_done(dwi_committer *committer); /* a zeroed one too */

/* Rows that were made for another state are published too: from now on changes count that came
 * after the newer one of `state` and the base. DW_E_CONFLICT when those between the two matter. */
dw_status dwi_committer_join(dwi_committer *committer, dwi_state *state, dw_error *err);

/* What is staged has been made anew for `state`, which the last run ended with. */
void dwi_committer_rebase(dwi_committer *committer, dwi_state *state);

/* Compares with what others committed so far, beside all else that the caller's thread may hold:
 * dwi_committer_run() then has less to read. DW_E_CONFLICT, DW_E_FENCED as there. */
dw_status dwi_committer_look(dwi_committer *committer, const dwi_staged *staged, dw_error *err);

/* What a commit came to. */
typedef struct dwi_committed {
    int64_t version;
    dwi_state *state; /* newest known, at or after `version`; a reference for the caller */
} dwi_committed;

/* Publish. `known` is the newest state the caller has; contention is borne for `timeout_ms`.
 * DW_E_CONFLICT, DW_E_FENCED, DW_E_UNSUPPORTED: it cannot be published, see delta/conflict.h.
 * DW_E_UNKNOWN: it may have been; call again. Else nothing was published. */
dw_status dwi_committer_run(dwi_committer *committer, const dwi_staged *staged, dwi_state *known,
                            int64_t timeout_ms, dwi_committed *out, dw_error *err);

/* An attempt is neither won nor lost, so what it names must not be deleted. */
static inline bool dwi_committer_is_open(const dwi_committer *committer)
{
    return committer->undecided >= 0;
}

/* The commit is the one that `txn_id` made. */
bool dwi_commit_is_ours(const dwi_commit *commit, const char *txn_id);

#endif
