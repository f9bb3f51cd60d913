/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a table that are worth writing anew some day, kept up to date by its new commits:
 * the list of all files is read once. Memory: a few hundred bytes for each such file. */
#ifndef DWI_DELTA_SMALL_FILES_H
#define DWI_DELTA_SMALL_FILES_H

#include "delta/optimize_plan.h"

typedef struct dwi_small_files {
    const dwi_log *log;   /* borrowed */
    dwi_plan_rules rules; /* that say what is one */
    int64_t version;      /* that it is right for, -1: none yet */
    dwi_arena arena;      /* texts of the files, also of those that are gone */
    dwi_map files;        /* by dwi_file_key(); value: a dwi_add, whose stats only have a number */
    int64_t changes;      /* rises with every file that comes */
} dwi_small_files;

void dwi_small_files_init(dwi_small_files *small, const dwi_log *log, const dwi_plan_rules *rules);
void dwi_small_files_done(dwi_small_files *small); /* a zeroed one too */
/* Read what came since: the commits up to `state`, or all files when that is less to read. After an
 * error it starts anew the next time. */
dw_status dwi_small_files_follow(dwi_small_files *small, const dwi_state *state, dw_error *err);
/* Give them to a plan of the same state. */
dw_status dwi_small_files_plan(const dwi_small_files *small, dwi_plan *plan, dw_error *err);

static inline size_t dwi_small_files_count(const dwi_small_files *small)
{
    return small->files.live;
}

#endif
