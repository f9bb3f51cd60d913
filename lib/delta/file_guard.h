/* SPDX-License-Identifier: Apache-2.0 */
/* The files that the versions of a table need: the live ones, those of tombstones young enough, and
 * the deletion vectors of both. A guard may know of too many, never of too few: what an action
 * names in a way that no listing would is guarded by the last part of its path, wherever it is. */
#ifndef DWI_DELTA_FILE_GUARD_H
#define DWI_DELTA_FILE_GUARD_H

#include "delta/key_set.h"
#include "delta/state.h"

typedef struct dwi_file_guard {
    const dwi_log *log; /* borrowed */
    int64_t since_ms;   /* tombstones that are not older count */
    dwi_key_set keys;   /* as the store lists them */
    dwi_key_set names;  /* without their folders */
    int64_t live;       /* add actions of the state */
    int64_t tombstones; /* removes that count */
} dwi_file_guard;

void dwi_file_guard_init(dwi_file_guard *guard, const dwi_log *log, int64_t since_ms);
void dwi_file_guard_done(dwi_file_guard *guard); /* a zeroed one too */

/* What the state needs. Memory: 8 to 22 bytes a file, and what dwi_files_visit() takes. */
dw_status dwi_file_guard_state(dwi_file_guard *guard, const dwi_state *state, dw_error *err);
/* All files that a commit names. */
dw_status dwi_file_guard_commit(dwi_file_guard *guard, const dwi_commit *commit, dw_error *err);
/* What commits that were made since then have removed, whatever became of their tombstones: so that
 * each version that was the newest since then has its files. */
dw_status dwi_file_guard_since(dwi_file_guard *guard, const dwi_state *newest, int64_t since_ms,
                               dw_error *err);

bool dwi_file_guard_has(const dwi_file_guard *guard, const char *key);

#endif
