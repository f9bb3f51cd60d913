/* SPDX-License-Identifier: Apache-2.0 */
/* Removal of files that no version of a table within the retention needs: all that a listing finds
 * and the log does not name (full), or those that old commits removed (lite).
 *
 * What is young stays whatever it is: a file that a writer has sent and not yet committed is known
 * to nobody but by its age. A writer that takes longer than the retention for one commit loses it.
 * Spec: Delta PROTOCOL.md has none; these are Spark's rules, narrowed where that keeps more. */
#ifndef DWI_DELTA_VACUUM_H
#define DWI_DELTA_VACUUM_H

#include "delta/state.h"

typedef struct dwi_vacuum_options {
    int64_t cutoff_ms;  /* what is not older stays */
    bool every_version; /* the retention is longer than tombstones are kept: commits are read */
    bool lite;
    bool dry_run;
    size_t threads;     /* that remove files, the caller's among them */
    size_t round_files; /* gathered before they are removed; 0: 100,000 */
    void *ctx;          /* of the below, which may be NULL */
    /* Before the first file is removed, with how many there are and their bytes. */
    dw_status (*begin)(void *ctx, int64_t files, int64_t bytes, dw_error *err);
    /* Each file before it is removed; its path below the table, not percent-encoded. */
    dw_status (*file)(void *ctx, const char *path, int64_t size, dw_error *err);
    void (*progress)(void *ctx, int64_t done, int64_t total);
} dwi_vacuum_options;

typedef struct dwi_vacuum_result {
    int64_t version;       /* the newest one that was looked at */
    int64_t first_version; /* lite: of the commits that were read, -1: none */
    int64_t last_version;
    int64_t files; /* removed, or to be in a dry run */
    int64_t bytes;
    int64_t failed;    /* files that could not be removed */
    int64_t listed;    /* full: files of the table, without hidden ones */
    int64_t folders;   /* full: that they are in, the table's own too */
    int64_t young;     /* full: not named by the log, too young */
    int64_t foreign;   /* full: of another table within the table's folder */
    int64_t leftovers; /* temporary files of writers that broke off */
    int64_t leftover_bytes;
    int64_t empty_folders;
} dwi_vacuum_result;

/* A path below the table that a vacuum passes over: some part of it is a hidden name. */
bool dwi_vacuum_is_hidden(const dwi_state *state, dwi_sv path);

/* `newest` is the latest state. DW_E_UNSUPPORTED: the table's features; or lite, and the log does
 * not go back to where the last one ended. After another error `out` tells what was done. */
dw_status dwi_vacuum(const dwi_log *log, dwi_state *newest, const dwi_vacuum_options *options,
                     dwi_vacuum_result *out, dw_error *err);

#endif
