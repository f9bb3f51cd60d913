/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a commit: commitInfo first, then protocol and metaData where they are new, txn,
 * domainMetadata, remove, add. dataChange is the same in all of one commit.
 * Spec: Delta PROTOCOL.md, "Actions", "Commit Provenance Information". */
#ifndef DWI_DELTA_COMMIT_BODY_H
#define DWI_DELTA_COMMIT_BODY_H

#include "delta/conflict.h"

/* What changes a state, of the body built last. */
typedef struct dwi_commit_body {
    dwi_arena arena;
    dwi_buf text;
    dwi_schema *schema; /* NULL: no column is added */
    size_t n_actions;   /* those that a dwi_state keeps: all but files */
    dwi_action *actions;
} dwi_commit_body;

void dwi_commit_body_init(dwi_commit_body *body, const dw_allocator *alloc);
void dwi_commit_body_done(dwi_commit_body *body);

/* Build the commit that follows `on`, whose checks have been made. `txn_id` names the transaction
 * for ever: it is how a commit of ours is recognised. `after_ms` is the time of `on`, asked for
 * when dwi_commit_body_keeps_time_anew(), else -1. DW_E_CONFLICT as
 * dwi_conflict_missing_columns(). */
dw_status dwi_commit_body_build(dwi_commit_body *body, const dwi_staged *staged,
                                const dwi_state *on, const dwi_env *env, int64_t after_ms,
                                const char *txn_id, dw_error *err);

/* The commit switches in-commit timestamps on: its own must be later than the file before it. */
bool dwi_commit_body_keeps_time_anew(const dwi_staged *staged, const dwi_state *on);

/* Head of a commitInfo line up to and with engineInfo and txnId, shared with table creation; the
 * caller ends both objects. `in_commit_timestamp` -1: none. */
typedef struct dwi_commit_head {
    int64_t timestamp_ms;
    int64_t in_commit_timestamp;
    const char *operation;
    dwi_sv operation_parameters; /* a JSON object */
    dwi_sv operation_metrics;    /* a JSON object */
    int64_t read_version;        /* -1: none */
    const char *isolation_level;
    bool is_blind_append;
    const char *engine_info;
    const char *txn_id;
    dwi_sv tags;               /* a JSON object; ptr NULL: none */
    const char *user_metadata; /* NULL: none */
} dwi_commit_head;
void dwi_commit_head_append(dwi_buf *out, const dwi_commit_head *head);

#endif
