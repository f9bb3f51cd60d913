/* SPDX-License-Identifier: Apache-2.0 */
/* The open data files of one transaction: one for each partition that rows have come for, or just
 * one. Rows in, `add` actions out, as files are finished.
 *
 * Memory: rows of a partition are gathered until there are enough of them to encode, then its file
 * keeps one row group. All partitions together keep to a budget, and there is a limit of files open
 * at a time: beyond either the largest ones are finished first. */
#ifndef DWI_DELTA_DATA_FILES_H
#define DWI_DELTA_DATA_FILES_H

#include "delta/data_file.h"

typedef struct dwi_data_files dwi_data_files;

typedef struct dwi_data_files_options {
    dwi_data_file_options file;
    int64_t target_file_bytes; /* a file is finished once it is this large; 0: as the table
                                  says by delta.targetFileSize, else 128 MiB */
    int64_t buffered_bytes;    /* of all partitions; 0: 256 MiB */
    int64_t open_files;        /* 0: 512 */
    int64_t upload_threads;    /* that send small files at a time, the caller's too; 0: 1 */
    /* All rows are of the partition with these values, by physical name, which its files keep to
     * the letter; borrowed. NULL: what is in the rows tells. */
    const dwi_kvs *partition_values;
} dwi_data_files_options;

/* Told of every finished file. Texts of *add live in `arena`. When it fails, the file is
 * deleted. */
typedef struct dwi_add_taker {
    void *ctx;
    dwi_arena *arena;
    dw_status (*take)(void *ctx, const dwi_add *add, int64_t rows, dw_error *err);
} dwi_add_taker;

/* `state` is the table's that rows are for, and must outlive the files; so must `log`. */
dw_status dwi_data_files_new(const dwi_log *log, const dwi_state *state,
                             const dwi_data_files_options *opts, dwi_add_taker taker,
                             dwi_data_files **out, dw_error *err);
void dwi_data_files_free(dwi_data_files *files); /* NULL too; what is open is dropped */

/* Rows of the table's columns, at the end maybe new ones. Types only grow: a partition's file is
 * finished when it lacks a column. After an error the files can only be freed. DW_E_SCHEMA: no
 * column is left for files. */
dw_status dwi_data_files_append(dwi_data_files *files, const dwi_vec *rows, dw_error *err);

/* Finish all that are open. */
dw_status dwi_data_files_finish(dwi_data_files *files, dw_error *err);

/* What is open: finished files are the taker's to count. */
typedef struct dwi_data_files_stats {
    int64_t files;
    int64_t rows;
    int64_t buffered_bytes; /* in memory */
    int64_t sent_bytes;     /* handed to the store */
} dwi_data_files_stats;
void dwi_data_files_get_stats(const dwi_data_files *files, dwi_data_files_stats *out);

#endif
