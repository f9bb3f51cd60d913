/* SPDX-License-Identifier: Apache-2.0 */
/* What has to be committed so that a table is again what it was at an older version: its files and
 * metadata. Application ids stay as they are, and what belongs to the log itself, not to a version:
 * the protocol is never lowered, in-commit timestamps, the highest column id and the protection of
 * checkpoints stay. These are Spark's rules. */
#ifndef DWI_DELTA_RESTORE_H
#define DWI_DELTA_RESTORE_H

#include "delta/staged.h"

typedef struct dwi_restore_plan {
    dwi_arena arena;
    dwi_add *adds; /* of the older version and not live now */
    size_t n_adds;
    size_t adds_cap;
    dwi_remove *removes; /* live now and not of the older version */
    size_t n_removes;
    size_t removes_cap;
    int64_t added_bytes;
    int64_t added_rows;
    int64_t removed_bytes;
    int64_t files; /* of the older version */
    int64_t bytes;
    int64_t missing; /* adds left out because they are gone */
    int64_t missing_bytes;
    bool has_metadata;
    dwi_metadata metadata;
    bool has_protocol;
    dwi_protocol protocol;
    size_t n_domains;
    dwi_domain_metadata domains[1];
} dwi_restore_plan;

/* From `newest` to `older`, both of one table, which have to outlive the plan. Memory: the files
 * that differ, with their statistics, and some 40 bytes for each that does not. DW_E_NOT_FOUND:
 * files of the older version are gone (some are named), unless they are to be left out;
 * DW_E_UNSUPPORTED names a feature. The plan is in need of dwi_restore_plan_done() either way. */
dw_status dwi_restore_plan_make(dwi_restore_plan *plan, const dwi_log *log, const dwi_state *newest,
                                const dwi_state *older, bool ignore_missing, size_t threads,
                                dw_error *err);
void dwi_restore_plan_done(dwi_restore_plan *plan); /* a zeroed one too */
/* The table is what it was already. */
bool dwi_restore_plan_is_empty(const dwi_restore_plan *plan);

#endif
