/* SPDX-License-Identifier: Apache-2.0 */
/* Compacted commits: one file for a range of versions, which readers take in the place of their
 * commits. Spec: Delta PROTOCOL.md, "Log Compaction Files", "Action Reconciliation". */
#ifndef DWI_DELTA_LOG_COMPACT_H
#define DWI_DELTA_LOG_COMPACT_H

#include "delta/state.h"

typedef struct dwi_compact_result {
    int64_t commits;
    int64_t commit_bytes;
    int64_t actions; /* in the new file */
    int64_t bytes;
} dwi_compact_result;

/* Write FROM.TO.compacted.json. Lines are those of the commits, byte for byte; memory: the new file
 * and one commit. DW_E_NOT_FOUND: a commit of the range is gone; DW_E_UNSUPPORTED: a feature that
 * may keep something in actions that we do not know. */
dw_status dwi_log_compact(const dwi_log *log, const dwi_state *newest, int64_t from, int64_t to,
                          dwi_compact_result *out, dw_error *err);

#endif
