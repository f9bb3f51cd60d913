/* SPDX-License-Identifier: Apache-2.0 */
/* What an appender knows of a table: everything but its files. Immutable and shared by reference
 * count; advancing makes a new one. Cost: a checksum file that has it all and the commits after it;
 * else protocol, metaData, txn and domainMetadata columns of the checkpoint, then the commits after
 * it; never the list of files. */
#ifndef DWI_DELTA_STATE_H
#define DWI_DELTA_STATE_H

#include "delta/log.h"
#include "schema/type.h"

typedef struct dwi_state {
    dwi_arena arena;
    int refs; /* __atomic */
    int64_t version;
    int64_t checkpoint_version;  /* __atomic; newest one known, -1: none */
    int64_t before_checkpoint;   /* __atomic; only those below it can be read, -1: all */
    int64_t crc_version;         /* newest checksum file known, -1: the table has none */
    int64_t seen_ms;             /* __atomic; when this was the newest version; 0: not asked yet */
    int64_t in_commit_timestamp; /* of `version`, -1: none */
    dwi_protocol protocol;
    dwi_metadata metadata;
    dwi_schema *schema; /* of metadata.schema_string; a reference */
    size_t n_txns;      /* by app_id, byte order */
    const dwi_txn_action *txns;
    size_t n_domains; /* live ones, by domain, byte order */
    const dwi_domain_metadata *domains;
} dwi_state;

/* The state at `version`, -1: the latest. Checks that protocol and features can be read.
 * A checkpoint that cannot be read is told to the log and an older one used; without one that works
 * and with commits missing before it the error names the broken checkpoint. */
dw_status dwi_state_load(const dwi_log *log, int64_t version, dwi_state **out, dw_error *err);

/* The same from commits and checkpoints alone, without checksum files: those below
 * `before_checkpoint` only (-1: all), the newest of which has to be sound. For comparisons. */
dw_status dwi_state_replay(const dwi_log *log, int64_t version, int64_t before_checkpoint,
                           dwi_state **out, dw_error *err);

/* Told of every commit on the way, in order; may be NULL. Views die with the call. */
typedef struct dwi_commit_observer {
    void *ctx;
    dw_status (*each)(void *ctx, const dwi_commit *commit, dw_error *err);
} dwi_commit_observer;

/* The latest state, reading only commits after `base` (GET of version + 1, + 2, … until there is
 * none); *out is `base` with one more reference when nothing came. When `base` is old and the
 * commits after it may have been cleaned up, the log is listed anew; then `observer` is not told
 * of those commits. */
dw_status dwi_state_advance(const dwi_log *log, dwi_state *base, dwi_commit_observer observer,
                            dwi_state **out, dw_error *err);
/* By a listing: the log goes on behind the version with a checkpoint, so that what is or is not at
 * that version tells nothing; or it ends before it. */
dw_status dwi_state_passed(const dwi_log *log, int64_t version, bool *out, dw_error *err);
/* The state after a commit of ours whose actions we know, without reading it back. */
dw_status dwi_state_apply(const dw_allocator *alloc, const dwi_state *base,
                          const dwi_commit *commit, dwi_state **out, dw_error *err);

dwi_state *dwi_state_ref(dwi_state *state);
void dwi_state_unref(dwi_state *state); /* NULL too */

/* NULL: none. */
const dwi_txn_action *dwi_state_txn(const dwi_state *state, dwi_sv app_id);
/* A live domain, NULL: none. */
const dwi_domain_metadata *dwi_state_domain(const dwi_state *state, const char *domain);
/* A table property, matched ignoring case; ptr NULL: not set. */
dwi_sv dwi_state_property(const dwi_state *state, const char *key);

/* Nothing came after the state at this moment, which is when it was asked, not when the answer was
 * there: a process can sleep in between. */
void dwi_state_note_newest(dwi_state *state, int64_t asked_ms);
/* That is so long ago that log cleanup may have removed commits after the state: that there is no
 * next commit says nothing, and the next version must not be written before dwi_state_advance(). */
bool dwi_state_is_old(const dwi_state *state, const dwi_env *env);

/* The newest checkpoint known to this state, -1: none. States made from this one inherit it. */
int64_t dwi_state_checkpoint(const dwi_state *state);
/* The newest checksum file known to it or a state that it was made of, -1: none. */
static inline int64_t dwi_state_crc(const dwi_state *state)
{
    return state->crc_version;
}
/* A checkpoint of `version` is there now; the only thing of a state that ever changes. */
void dwi_state_note_checkpoint(dwi_state *state, int64_t version);

#endif
