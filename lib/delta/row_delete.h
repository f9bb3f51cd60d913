/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that pass a condition, taken out of live files: what has to be committed for that. A file of
 * which all rows go is removed without being read where partition values or statistics prove it. Of
 * others the rows are marked in a deletion vector where the table wants these
 * (delta.enableDeletionVectors), else those that stay are written anew. Where the table keeps
 * change data, the rows that go are written as such, unless whole files alone go. */
#ifndef DWI_DELTA_ROW_DELETE_H
#define DWI_DELTA_ROW_DELETE_H

#include "delta/rewrite.h"
#include "delta/staged.h"

typedef struct dwi_delete_options {
    const dwi_where *where; /* NULL: all rows */
    /* NULL: of all partitions; else of those that it says yes to */
    bool (*partition)(void *ctx, dwi_kvs partition_values);
    void *partition_ctx;
    const dwi_add *inserted; /* files that are added with the same commit: their rows are change */
    size_t n_inserted;       /* data too, where some that go are */
    dwi_data_files_options files;
    size_t threads; /* at least 1; the caller's among them */
    bool dry_run;   /* only count */
} dwi_delete_options;

typedef struct dwi_delete_counts {
    int64_t considered_files; /* live ones that may have such rows */
    int64_t removed_files;    /* as a whole */
    int64_t removed_bytes;
    int64_t rewritten_files; /* whose other rows were written anew */
    int64_t rewritten_bytes;
    int64_t added_files;
    int64_t added_bytes;
    int64_t copied_rows;
    int64_t deleted_rows; /* -1: unknown, a file that was not read does not tell its rows */
    int64_t vectors_added;
    int64_t vectors_updated;
    int64_t vectors_removed;
    int64_t change_files;
    int64_t change_bytes;
} dwi_delete_counts;

/* Files that were written are in the store, and named by nothing yet. */
typedef struct dwi_deletion dwi_deletion;

/* Asked of the state's live files. Memory: those that may have such rows, with their statistics,
 * and for each thread a bit for each row of one file, and what reading and writing takes.
 * DW_E_UNSUPPORTED, DW_E_CORRUPT, DW_E_NOT_FOUND (a file), DW_E_NOMEM and the store's codes:
 * nothing is left of what was written, as far as the store lets. */
dw_status dwi_deletion_make(const dwi_log *log, dwi_state *state, const dwi_delete_options *opts,
                            dwi_deletion **out, dw_error *err);
void dwi_deletion_free(dwi_deletion *deletion); /* NULL too; the files stay */
/* Fill in files, rows and bytes of `staged`, which borrows them. */
void dwi_deletion_stage(const dwi_deletion *deletion, dwi_staged *staged);
const dwi_delete_counts *dwi_deletion_counts(const dwi_deletion *deletion);
/* Delete what was written from the store: it was not published. */
void dwi_deletion_take_back(const dwi_deletion *deletion);

#endif
