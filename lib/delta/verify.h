/* SPDX-License-Identifier: Apache-2.0 */
/* Is a table what its log says, and the log what the protocol asks for? Everything found is told,
 * nothing is changed. Memory: the log's listing, 25 to 50 bytes for each live file, and the files
 * being read. */
#ifndef DWI_DELTA_VERIFY_H
#define DWI_DELTA_VERIFY_H

#include "delta/state.h"

typedef enum dwi_severity {
    DWI_FINDING_NOTE = 1,    /* nothing is wrong: a file that no version names */
    DWI_FINDING_WARNING = 2, /* odd, or of no use, and no reader is misled */
    DWI_FINDING_ERROR = 3
} dwi_severity;

typedef struct dwi_finding {
    dwi_severity severity;
    const char *code;   /* "file-missing": docs/cli.md lists them */
    const char *object; /* path below the table */
    int64_t version;    /* -1: of no version alone */
    const char *message;
    const char *repair; /* what would mend it, NULL: nothing known */
} dwi_finding;

typedef struct dwi_verify_options {
    bool open_files;   /* footers, schemas, row counts, deletion vectors */
    bool read_files;   /* statistics against all rows */
    bool tell_orphans; /* each one */
    bool keep_missing; /* for dwi_verify_result.missing */
    size_t threads;    /* that read files, the caller's among them */
    void *ctx;
    /* Called by one thread at a time. */
    dw_status (*tell)(void *ctx, const dwi_finding *finding, dw_error *err);
    void (*progress)(void *ctx, int64_t done, int64_t total); /* files; NULL: nobody */
} dwi_verify_options;

typedef struct dwi_verify_result {
    int64_t version; /* -1: the table cannot be read */
    int64_t errors;
    int64_t warnings;
    int64_t commits; /* read */
    int64_t checkpoints;
    int64_t checksums;
    int64_t compactions;
    bool compared_checkpoint; /* the newest one was held against a replay without it */
    int64_t files;            /* live */
    int64_t bytes;
    int64_t opened_files;
    int64_t read_rows;
    int64_t external_files; /* out of the store, not looked at */
    int64_t orphans;        /* files that neither live files nor tombstones name */
    int64_t orphan_bytes;
    /* keep_missing: live files that are not there; `state` is the one they are of. */
    dwi_arena arena;
    size_t n_missing;
    dwi_add *missing;
    size_t missing_cap;
    dwi_state *state;
} dwi_verify_result;

/* What is wrong with the table is told, and no error; those are of the store, of memory, and what
 * `tell` returned. DW_E_NOT_FOUND: there is no table. */
dw_status dwi_verify(const dwi_log *log, const dwi_verify_options *options, dwi_verify_result *out,
                     dw_error *err);
void dwi_verify_result_done(dwi_verify_result *result); /* a zeroed one too */

#endif
