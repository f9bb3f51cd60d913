/* SPDX-License-Identifier: Apache-2.0 */
/* Bins of files written anew, side by side, and how the history tells of it. */
#ifndef DWI_DELTA_OPTIMIZE_H
#define DWI_DELTA_OPTIMIZE_H

#include <pthread.h>

#include "delta/optimize_plan.h"
#include "delta/rewrite.h"
#include "delta/staged.h"

/* What became of a bin. */
typedef struct dwi_bin_result {
    dwi_rewritten made;
    bool missing; /* one of its files is not in the store; nothing was made, `why` tells */
    dw_error why;
} dwi_bin_result;

/* Told of rows that were read, by whatever thread read them; see dwi_rewrite_watch. */
typedef struct dwi_bin_watch {
    void *ctx;
    dw_status (*each)(void *ctx, const dwi_bin *bin, int64_t rows, dw_error *err);
} dwi_bin_watch;

typedef struct dwi_optimize_job {
    const dwi_log *log;
    dwi_state *state;
    dwi_row_order order; /* no columns: as rows are */
    int64_t target_bytes;
    int64_t memory_bytes; /* of all threads */
    size_t n_threads;
    dwi_data_file_options file; /* row groups and threads are the job's to set */
    dwi_bin_watch watch;        /* each NULL: nobody */
} dwi_optimize_job;

/* Write the bins anew: `out` has one result for each, zeroed. After an error all of it is undone,
 * as far as the store lets, and `out` empty. */
dw_status dwi_optimize_write(const dwi_optimize_job *job, const dwi_bin *bins, size_t n,
                             dwi_bin_result *out, dw_error *err);
/* Free the results; with `log` not NULL the new files are deleted from the store. */
void dwi_bin_results_done(dwi_bin_result *results, size_t n, const dwi_log *log);

/* What operationParameters tell. */
typedef struct dwi_optimize_history {
    dwi_sv predicate; /* ptr NULL: none */
    dwi_svs zorder;   /* columns, as the table calls them */
    dwi_svs clustering;
    bool automatic;
} dwi_optimize_history;
void dwi_optimize_parameters(const dwi_optimize_history *history, dwi_buf *out);

/* What operationMetrics tell, and dw_optimize_metrics. */
typedef struct dwi_optimize_counts {
    int64_t removed_files;
    int64_t removed_bytes;
    int64_t removed_dvs;
    int64_t added_files;
    int64_t added_bytes;
    int64_t rows;
} dwi_optimize_counts;
/* `sizes`, of added_files files, ascending. */
void dwi_optimize_metrics_append(const dwi_optimize_counts *counts, const int64_t *sizes,
                                 dwi_buf *out);
/* The size below which a share of the files is, as Spark counts: percent 0 is the smallest, 100 the
 * largest. n is not 0. */
int64_t dwi_size_percentile(const int64_t *sizes, int64_t n, int percent);

#endif
