/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of live data files, moved into new ones: what optimize, delete and their like are made of.
 * Whatever the old files are (older schemas, narrower types, deletion vectors, other names of
 * columns), the new ones are as the table wants files now; rows keep their order, their partition
 * and, where the table tracks rows, their ids.
 *
 * Memory: a batch of rows read, and what dwi_data_files keeps of one partition. */
#ifndef DWI_DELTA_REWRITE_H
#define DWI_DELTA_REWRITE_H

#include "delta/data_files.h"
#include "delta/table_scan.h"
#include "delta/zorder.h"

/* Which rows are moved: set the bit of each row that is, in `keep`, which is zeroed. `rows` has all
 * columns of the table first, in the order of its schema. */
typedef struct dwi_row_filter {
    void *ctx;
    dw_status (*select)(void *ctx, const dwi_vec *rows, uint8_t *keep, dw_error *err);
} dwi_row_filter;

/* Told after each batch: rows read, before the filter. Anything but DW_OK ends the rewriting. */
typedef struct dwi_rewrite_watch {
    void *ctx;
    dw_status (*each)(void *ctx, int64_t rows, dw_error *err);
} dwi_rewrite_watch;

/* Zero means the default. */
typedef struct dwi_rewrite_options {
    dwi_data_files_options files; /* partition_values is the rewriter's to set */
    dwi_row_filter filter;        /* select NULL: all rows */
    dwi_rewrite_watch watch;      /* each NULL: nobody */
    /* The files are not live yet, rows are split into partitions as an append does it, and have
     * more columns than the table. */
    bool staged;
    /* NULL: rows keep their order. Else those of a partition are sorted, in so much memory. */
    const dwi_row_order *order;
    int64_t order_bytes;
    bool read_ahead;       /* by a thread of its own, while this one writes */
    const dwi_field *more; /* columns that come after the table's */
    size_t n_more;
} dwi_rewrite_options;

/* The new files: not published, so a caller who does not stage them removes them. */
typedef struct dwi_rewritten {
    dwi_arena arena; /* texts of the adds */
    dwi_add *adds;
    size_t n_adds;
    size_t adds_cap;
    int64_t rows_read; /* that were not deleted */
    int64_t rows;      /* in the new files */
    int64_t bytes;
} dwi_rewritten;

/* Move the rows of `files`, live ones of `state`; those of one partition lie side by side, because
 * a new file is begun where the partition changes. *out is filled as a whole, and in need of
 * dwi_rewritten_done(); after an error it is empty and no new file is left, as far as the store
 * lets. DW_E_UNSUPPORTED, DW_E_CORRUPT, DW_E_NOT_FOUND (a file), and what the hooks return. */
dw_status dwi_rewrite(const dwi_log *log, dwi_state *state, const dwi_rewrite_options *opts,
                      const dwi_add *files, size_t n_files, dwi_rewritten *out, dw_error *err);
void dwi_rewritten_done(dwi_rewritten *made); /* a zeroed one too; the files stay */
/* Takes files that are made into `made`, whose arena there must be. */
dwi_add_taker dwi_rewritten_taker(dwi_rewritten *made);
/* Delete the new files from the store, as far as it lets; vacuum takes what is left. */
void dwi_rewritten_remove(const dwi_rewritten *made, const dwi_log *log);

/* Delete data files from the store that no version names, as far as it lets. */
void dwi_remove_data_files(const dwi_log *log, const dwi_add *adds, size_t n);

/* Have two files the same partition values, to the letter? */
bool dwi_same_partition(const dwi_add *a, const dwi_add *b);

#endif
