/* SPDX-License-Identifier: Apache-2.0 */
/* Did an attempt take effect whose version nobody can read any more, because log cleanup took it?
 * The table's later state may tell. */
#ifndef DWI_DELTA_COMMIT_TRACE_H
#define DWI_DELTA_COMMIT_TRACE_H

#include "delta/commit_body.h"

typedef enum dwi_trace {
    DWI_TRACE_NONE = 0,   /* it cannot be told */
    DWI_TRACE_FOUND = 1,  /* it took effect */
    DWI_TRACE_ABSENT = 2, /* it did not */
} dwi_trace;

/* What `latest` says of the attempt that `body` has: application ids with just its version and
 * time, else its files, which are live or leave a tombstone for as long as the table keeps those.
 */
dw_status dwi_commit_trace(const dwi_log *log, const dwi_state *latest, const dwi_staged *staged,
                           const dwi_commit_body *body, dwi_trace *out, dw_error *err);

#endif
