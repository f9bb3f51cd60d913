/* SPDX-License-Identifier: Apache-2.0 */
/* The live files of a version: commits newest first, then the checkpoint, streamed. Memory: the
 * keys that the commits after the checkpoint mention, and one batch of the checkpoint. */
#ifndef DWI_DELTA_FILES_H
#define DWI_DELTA_FILES_H

#include "base/map.h"
#include "delta/state.h"

typedef struct dwi_file_visitor {
    void *ctx;
    dw_status (*add)(void *ctx, const dwi_add *add, dw_error *err);
    /* NULL: tombstones are not wanted. Every remove that is newer than any add of its file. */
    dw_status (*remove)(void *ctx, const dwi_remove *remove, dw_error *err);
} dwi_file_visitor;

/* Views die with each call. Of the state its version counts, and which checkpoints are broken. */
dw_status dwi_files_visit(const dwi_log *log, const dwi_state *state, dwi_file_visitor visitor,
                          dw_error *err);

/* What the commits after a segment's checkpoint did to files. */
typedef struct dwi_tail {
    dwi_map files; /* by dwi_file_key(): all that they mention */
    size_t
        n_doubtful; /* of them the checkpoint may know: those removed, and those added by a commit
                          that was no blind append */
} dwi_tail;

void dwi_tail_init(dwi_tail *tail, const dwi_log *log);
void dwi_tail_done(dwi_tail *tail); /* a zeroed one too */
/* The visitor is given what is live or removed by these commits. A new file of a blind append is
 * taken for one that no checkpoint has: the protocol wants names that are unique. */
dw_status dwi_tail_visit(dwi_tail *tail, const dwi_log *log, const dwi_segment *segment,
                         dwi_file_visitor visitor, dw_error *err);
/* The commits mention the file of this add or remove. */
dw_status dwi_tail_has(const dwi_tail *tail, const dwi_action *action, dwi_buf *scratch, bool *out,
                       dw_error *err);

#endif
