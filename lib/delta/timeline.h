/* SPDX-License-Identifier: Apache-2.0 */
/* When versions were made. The time of a commit is its file's, moved forwards where a file is not
 * newer than the one before; from the version on that in-commit timestamps were switched on, it is
 * the one in the commit. The two kinds are never compared with each other.
 * Spec: Delta PROTOCOL.md, "In-Commit Timestamps". */
#ifndef DWI_DELTA_TIMELINE_H
#define DWI_DELTA_TIMELINE_H

#include "delta/state.h"

typedef struct dwi_timeline {
    size_t n;                    /* commits that the log still has, ascending */
    const dwi_log_file *commits; /* modified_ms is monotonic here */
    int64_t ict_from;            /* first version with in-commit timestamps, INT64_MAX: none */
    int64_t ict_enabled_ms;      /* time of that version */
} dwi_timeline;

/* `newest` tells how the table keeps time. Everything lives in `arena`. */
dw_status dwi_timeline_load(const dwi_log *log, const dwi_state *newest, dwi_arena *arena,
                            dwi_timeline *out, dw_error *err);

/* The same of commits that were listed, ascending, whose times are made monotonic here. */
void dwi_timeline_make(const dwi_state *newest, size_t n, dwi_log_file *commits, dwi_timeline *out);

/* The newest version made at or before a time. DW_E_NOT_FOUND: it is before the oldest one. */
dw_status dwi_timeline_find(const dwi_log *log, const dwi_timeline *timeline, int64_t timestamp_ms,
                            int64_t *out_version, dw_error *err);

/* Time of the commit at `index`, whose commitInfo holds `in_commit_timestamp` (-1: none). */
int64_t dwi_timeline_time(const dwi_timeline *timeline, size_t index, int64_t in_commit_timestamp);

/* Time of a state's own version: one request, or none; *out_ms -1 when its commit is gone. */
dw_status dwi_timeline_of_state(const dwi_log *log, const dwi_state *state, int64_t *out_ms,
                                dw_error *err);

#endif
