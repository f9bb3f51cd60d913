/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints: all kinds are read, by projection; classic and V2 ones are written, by streaming:
 * old checkpoint in, tail merged, new one out. Memory: the tail and one row group. A crash while
 * writing leaves nothing visible but an orphan upload. Spec: Delta PROTOCOL.md, "Checkpoints",
 * "Checkpoint Schema". */
#ifndef DWI_DELTA_CHECKPOINT_H
#define DWI_DELTA_CHECKPOINT_H

#include "delta/state.h"

/* Which actions to read from a checkpoint. */
enum {
    DWI_CHECKPOINT_STATE = 1, /* protocol, metaData, txn, domainMetadata */
    DWI_CHECKPOINT_ADDS = 2,
    DWI_CHECKPOINT_REMOVES = 4
};

/* Call `each` for the wanted actions of a segment's checkpoint; views die with each call. Row
 * groups that cannot hold any are not read. */
dw_status dwi_checkpoint_read(const dwi_log *log, const dwi_segment *segment, unsigned wanted,
                              dw_status (*each)(void *ctx, const dwi_action *action, dw_error *err),
                              void *ctx, dw_error *err);

/* A file that holds file actions of a V2 checkpoint. */
typedef struct dwi_checkpoint_sidecar {
    dwi_sidecar action;
    const char *name; /* relative to the table */
    struct dwi_checkpoint_sidecar *next;
} dwi_checkpoint_sidecar;

/* The sidecars of a segment's checkpoint, in its order, in `arena`; NULL: its files are its own. */
dw_status dwi_checkpoint_sidecars(const dwi_log *log, const dwi_segment *segment, dwi_arena *arena,
                                  dwi_checkpoint_sidecar **out, dw_error *err);
/* As dwi_checkpoint_read() of one of them. */
dw_status dwi_checkpoint_read_sidecar(const dwi_log *log, const dwi_checkpoint_sidecar *sidecar,
                                      unsigned wanted,
                                      dw_status (*each)(void *ctx, const dwi_action *action,
                                                        dw_error *err),
                                      void *ctx, dw_error *err);

/* The status says that the checkpoint itself cannot be used, so that an older one may help. */
static inline bool dwi_checkpoint_is_broken(dw_status status)
{
    return status == DW_E_CORRUPT || status == DW_E_UNSUPPORTED || status == DW_E_NOT_FOUND ||
           status == DW_E_SCHEMA;
}

/* Falling back from broken checkpoints: the first one's error is what a caller can act on when
 * nothing replaces it; when something does, the log sink is told. */
typedef struct dwi_checkpoint_trouble {
    const dwi_log *log;
    dw_error first; /* code DW_OK: none yet */
    dw_error now;   /* of the latest attempt */
} dwi_checkpoint_trouble;

/* True: try again with checkpoints below *before only. */
bool dwi_checkpoint_pass_over(dwi_checkpoint_trouble *trouble, dw_status status, int64_t version,
                              int64_t *before);
/* The outcome of it all: `status` is the last attempt's. */
dw_status dwi_checkpoint_settle(const dwi_checkpoint_trouble *trouble, dw_status status,
                                dw_error *err);

/* Write the checkpoint of `state` and _last_checkpoint (only forwards). DW_OK too when there is one
 * already. */
dw_status dwi_checkpoint_write(const dwi_log *log, const dwi_state *state, dw_error *err);

int64_t dwi_checkpoint_interval(const dwi_state *state);
/* Versions since the newest checkpoint reach delta.checkpointInterval (default 10). */
bool dwi_checkpoint_due(const dwi_state *state);

#endif
