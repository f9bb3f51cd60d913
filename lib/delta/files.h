/* SPDX-License-Identifier: Apache-2.0 */
/* The live files of a version: commits newest first, then the checkpoint, streamed. Memory: the
 * keys that the commits after the checkpoint mention, and one batch of the checkpoint. */
#ifndef DWI_DELTA_FILES_H
#define DWI_DELTA_FILES_H

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

#endif
