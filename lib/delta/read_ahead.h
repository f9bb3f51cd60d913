/* SPDX-License-Identifier: Apache-2.0 */
/* A table scan by a thread of its own, a batch ahead of who takes its rows. Memory: two batches
 * more than the scan. */
#ifndef DWI_DELTA_READ_AHEAD_H
#define DWI_DELTA_READ_AHEAD_H

#include "delta/table_scan.h"

typedef struct dwi_read_ahead dwi_read_ahead;

/* `scan` is borrowed, and the thread's until dwi_read_ahead_close(). `threaded` false, or no thread
 * to be had: batches are read as they are asked for. */
dw_status dwi_read_ahead_open(const dw_allocator *alloc, dwi_table_scan *scan, bool threaded,
                              dwi_read_ahead **out, dw_error *err);
void dwi_read_ahead_close(dwi_read_ahead *ahead); /* NULL too; ends the thread */
/* The next batch, which lives until the next call; 0 rows at the end. */
dw_status dwi_read_ahead_next(dwi_read_ahead *ahead, const dwi_column **out, dw_error *err);

#endif
