/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of one version, file by file: data columns from Parquet, partition columns from the log,
 * columns that a file lacks as null; deleted rows and those that fail a condition are left out.
 * Memory: the list of files, the open pages of one file, one batch, and a bit for each row of a
 * file that has a deletion vector. */
#ifndef DWI_DELTA_TABLE_SCAN_H
#define DWI_DELTA_TABLE_SCAN_H

#include "columns/vec.h"
#include "delta/state.h"
#include "delta/where.h"

typedef struct dwi_table_scan dwi_table_scan;

/* Zero means the default. */
typedef struct dwi_scan_options {
    const char *const *columns; /* NULL: all of the schema */
    size_t n_columns;
    int64_t batch_rows;
    /* Rows that pass alone, NULL: all. Files, row groups and pages without such rows are not read.
     * Bound to the schema of the state, and borrowed until the scan is closed. */
    const dwi_where *where;
} dwi_scan_options;

/* `log` is borrowed, `state` gets a reference. DW_E_NOT_FOUND (a column), DW_E_UNSUPPORTED (a
 * feature or type). */
dw_status dwi_table_scan_open(const dwi_log *log, dwi_state *state, const dwi_scan_options *opts,
                              dwi_table_scan **out, dw_error *err);
/* The rows of some files, with all columns of the table. */
typedef struct dwi_scan_files {
    const dwi_where *where; /* as above */
    bool no_columns;        /* only which rows they are; see dwi_table_scan_numbers() */
    const dwi_field *more;  /* columns that come after the table's */
    size_t n_more;
    bool row_ids; /* then those of dwi_row_id_columns_of(), without nulls; the table keeps them */
    const dwi_add *files;
    size_t n_files;
} dwi_scan_files;

/* These files instead of the state's own; texts of `what` are copied. Errors as above, and
 * DW_E_CORRUPT: a file without row ids. */
dw_status dwi_table_scan_open_files(const dwi_log *log, dwi_state *state,
                                    const dwi_scan_files *what, dwi_table_scan **out,
                                    dw_error *err);
void dwi_table_scan_close(dwi_table_scan *scan); /* NULL too */
/* The struct type of the rows; lives as long as the scan. */
const dwi_type *dwi_table_scan_type(const dwi_table_scan *scan);
/* Replace the content of `batch`, a column of dwi_table_scan_type(); 0 rows at the end. */
dw_status dwi_table_scan_next(dwi_table_scan *scan, dwi_column *batch, dw_error *err);
/* Where the rows of the last batch lie in their data file: row i is number *out_first + rows[i],
 * and *out_first + i when this returns NULL. */
const uint32_t *dwi_table_scan_numbers(const dwi_table_scan *scan, int64_t *out_first);
/* Rows of the data file that was opened last, deleted ones too. */
int64_t dwi_table_scan_file_rows(const dwi_table_scan *scan);

#endif
