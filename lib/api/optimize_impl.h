/* SPDX-License-Identifier: Apache-2.0 */
/* One run of optimize: from bins to commits. Shared by dw_optimize() and dw_maintain(). */
#ifndef DWI_API_OPTIMIZE_IMPL_H
#define DWI_API_OPTIMIZE_IMPL_H

#include <deltawrite/maintain.h>

#include "api/lease.h"
#include "delta/optimize.h"
#include "delta/where.h"

typedef struct dwi_optimize_pass {
    dw_table *table;
    dwi_state *state; /* what is planned is right for it; a reference */
    dwi_plan plan;
    dwi_optimize_job job;
    dwi_optimize_history history;
    dwi_where *where; /* NULL: all partitions */
    dwi_arena arena;  /* of `history` */
    dwi_lease *lease; /* NULL: none; each commit moves it on */
    int64_t commit_bytes;
    dw_progress_fn *progress; /* NULL: nobody */
    void *progress_ctx;
    /* Told by each thread after rows were read: to slow down, or to end it. */
    dw_status (*pause)(void *ctx, int64_t bytes, dw_error *err);
    void *pause_ctx;
    dw_optimize_metrics metrics;
    /* Of dwi_optimize_bins(). */
    dwi_map bin_of; /* paths of files in bins that are not committed; value: bin + 1 */
    uint8_t *gone;  /* of each bin: another commit has taken one of its files */
    int64_t *sizes; /* of all files that were added */
    int64_t sizes_cap;
    int64_t total_bytes;
    pthread_t caller;
    struct {
        pthread_mutex_t lock;
        int64_t done_bytes;
    } synced;
} dwi_optimize_pass;

void dwi_optimize_pass_init(dwi_optimize_pass *run, dw_table *table);
void dwi_optimize_pass_done(dwi_optimize_pass *run);

/* Write all bins of the plan anew and publish them, `commit_bytes` at a time. Metrics tell what was
 * published, also after an error. */
dw_status dwi_optimize_bins(dwi_optimize_pass *run, dw_error *err);

#endif
