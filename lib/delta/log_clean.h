/* SPDX-License-Identifier: Apache-2.0 */
/* Removal of what the log needs no more: whatever lies before the newest checkpoint that is older
 * than delta.logRetentionDuration. Spec: Delta PROTOCOL.md, "Metadata Cleanup", "Checkpoint
 * Protection". */
#ifndef DWI_DELTA_LOG_CLEAN_H
#define DWI_DELTA_LOG_CLEAN_H

#include "delta/state.h"

typedef struct dwi_clean_result {
    int64_t cutoff_ms;  /* versions made later stay; a midnight (UTC) */
    int64_t checkpoint; /* what comes before it goes; -1: nothing does */
    const char *reason; /* static text: why nothing is removed; NULL: something may be */
    int64_t commits;
    int64_t checkpoints; /* files of checkpoints */
    int64_t checksums;
    int64_t compactions;
    int64_t sidecars;
    int64_t bytes; /* of all of them */
    bool more;     /* a run does so much; another one will find more */
} dwi_clean_result;

/* `newest` is the latest state. A dry run only counts. DW_E_UNSUPPORTED: a feature of the table
 * that we do not know may forbid it. After an error what was removed already is so from old to new,
 * and the table is whole. */
dw_status dwi_log_clean(const dwi_log *log, const dwi_state *newest, bool dry_run,
                        dwi_clean_result *out, dw_error *err);

#endif
