/* SPDX-License-Identifier: Apache-2.0 */
/* Between verify.c (order of work, telling), verify_log.c (commits), verify_checkpoint.c (what
 * stands for commits), verify_files.c (which files are there) and verify_data.c (what is in them).
 */
#ifndef DWI_DELTA_VERIFY_IMPL_H
#define DWI_DELTA_VERIFY_IMPL_H

#include <pthread.h>

#include "delta/key_set.h"
#include "delta/log_listing.h"
#include "delta/verify.h"

typedef struct dwi_verify_run {
    const dwi_log *log;
    const dwi_verify_options *options;
    dwi_verify_result *result;
    dwi_arena arena; /* the listing */
    dwi_listing listing;
    dwi_state *state;        /* the newest; NULL: it cannot be had */
    dwi_key_set change_data; /* keys of files that commits name */
    pthread_mutex_t lock;    /* of telling and of the result's counts */
} dwi_verify_run;

/* What is found, and where. Any thread. */
typedef struct dwi_place {
    dwi_severity severity;
    const char *code;
    dwi_sv object; /* path below the table, or a name in its log */
    int64_t version;
    const char *repair;
    bool in_log; /* the object is a name below _delta_log/ */
} dwi_place;
dw_status dwi_verify_tell(dwi_verify_run *run, dwi_place place, dw_error *err, const char *fmt, ...)
    DWI_PRINTF(4, 5);
/* A failure that is about the bytes of an object is told, any other ends the work. */
dw_status dwi_verify_settle(dwi_verify_run *run, dwi_place place, dw_status status,
                            const dw_error *why, dw_error *err);

dw_status dwi_verify_log(dwi_verify_run *run, dw_error *err);
dw_status dwi_verify_checkpoints(dwi_verify_run *run, dw_error *err);
dw_status dwi_verify_files(dwi_verify_run *run, dw_error *err);

/* What is in one live file. Any thread. */
dw_status dwi_verify_data(dwi_verify_run *run, const dwi_add *add, dw_error *err);

#endif
