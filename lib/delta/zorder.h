/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in the order of a Z-curve over some of their columns, so that rows that are near each other
 * in all of them lie in the same files.
 *
 * The values of each column are cut into ranges of about as many rows each, by a sample; the bits
 * of the ranges' numbers, the highest of all columns first, are the place on the curve. What does
 * not fit into memory is read several times, for one stretch of the curve each. */
#ifndef DWI_DELTA_ZORDER_H
#define DWI_DELTA_ZORDER_H

#include "delta/data_files.h"
#include "delta/table_scan.h"

enum { DWI_ZORDER_COLUMNS = 16 };

typedef struct dwi_row_order {
    size_t n_columns;                   /* 0: rows stay in the order that they have */
    size_t columns[DWI_ZORDER_COLUMNS]; /* of the table's schema */
} dwi_row_order;

/* Add a column by its name. DW_E_NOT_FOUND; DW_E_ARG: a partition column, one that is there
 * already, or one too many; DW_E_UNSUPPORTED: its values have no order. */
dw_status dwi_row_order_add(dwi_row_order *order, const dwi_state *state, dwi_sv name,
                            dw_error *err);

/* Told of rows that were read; NULL: nobody. */
typedef dw_status dwi_rows_read_fn(void *ctx, int64_t rows, dw_error *err);

typedef struct dwi_zorder_job {
    const dwi_log *log;
    dwi_state *state;
    const dwi_row_order *order;
    const dwi_scan_files *what;
    int64_t memory_bytes; /* of rows that are held; 0: 256 MiB */
    dwi_rows_read_fn *read;
    void *read_ctx;
} dwi_zorder_job;

/* Give all rows of the files to `out`, in order. *out_rows: how many. */
dw_status dwi_zorder_move(const dwi_zorder_job *job, dwi_data_files *out, int64_t *out_rows,
                          dw_error *err);

#endif
