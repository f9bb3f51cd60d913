/* SPDX-License-Identifier: Apache-2.0 */
/* Between vacuum.c (order of work), vacuum_list.c and vacuum_lite.c (which files), vacuum_remove.c.
 * Candidates are gathered and removed in rounds, so that memory does not grow with their number. */
#ifndef DWI_DELTA_VACUUM_IMPL_H
#define DWI_DELTA_VACUUM_IMPL_H

#include "delta/file_guard.h"
#include "delta/vacuum.h"

enum { DWI_VACUUM_ROUND_FILES = 100000, DWI_VACUUM_ROUND_BYTES = 32 << 20 };

typedef struct dwi_doomed {
    const char *key;
    int64_t size;
} dwi_doomed;

typedef struct dwi_vacuum_run {
    const dwi_log *log;
    const dwi_vacuum_options *options;
    dwi_state *state; /* a reference; moves on */
    dwi_file_guard guard;
    dwi_vacuum_result result;
    /* Of one round. */
    dwi_arena arena;
    dwi_doomed *doomed;
    size_t n_doomed;
    size_t cap;
    bool count_only; /* candidates are counted, not gathered */
    int64_t found;   /* so far, of all rounds */
    int64_t found_bytes;
    /* Where the next round goes on. */
    dwi_buf after;        /* full: a key, NUL-terminated when len > 0 */
    int64_t next_version; /* lite */
    int64_t told;         /* commits that came since the round before */
    dwi_key_set folders;  /* full: that files were listed in */
    dwi_key_set taken;    /* lite: a file can have been removed more than once */
    bool complete;
} dwi_vacuum_run;

static inline bool dwi_vacuum_is_full(const dwi_vacuum_run *run)
{
    size_t most =
        run->options->round_files > 0 ? run->options->round_files : DWI_VACUUM_ROUND_FILES;

    return !run->count_only &&
           (run->n_doomed >= most || run->arena.total_bytes >= DWI_VACUUM_ROUND_BYTES);
}
dw_status dwi_vacuum_doom(dwi_vacuum_run *run, const char *key, int64_t size, dw_error *err);

/* Gather candidates until the round is full or there are no more (run->complete). */
dw_status dwi_vacuum_list(dwi_vacuum_run *run, dw_error *err);
dw_status dwi_vacuum_lite_begin(dwi_vacuum_run *run, dw_error *err);
dw_status dwi_vacuum_lite(dwi_vacuum_run *run, dw_error *err);
/* A whole lite run was done: the next one may begin where it ended. */
dw_status dwi_vacuum_lite_end(const dwi_vacuum_run *run, dw_error *err);

/* Those of the round that are within another table's folder are taken out. */
dw_status dwi_vacuum_pass_foreign(dwi_vacuum_run *run, dw_error *err);
/* Remove the round's files; *out_why is the first failure's error, code DW_OK: none. */
dw_status dwi_vacuum_remove(dwi_vacuum_run *run, dw_error *out_why, dw_error *err);

#endif
