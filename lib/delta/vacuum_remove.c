/* SPDX-License-Identifier: Apache-2.0 */
/* Files are removed by several threads; one that cannot be is told, and the others go on. */
#include "delta/vacuum_impl.h"

#include <pthread.h>

#include "parquet/encode_pool.h"

/* Removed by one task: as many as a store takes at once, or fewer, so that all threads have some.
 */
enum { MIN_TASK_FILES = 8, MAX_TASK_FILES = 1000, STEP_TASKS = 4 };

typedef struct remover {
    dwi_vacuum_run *run;
    size_t task_files;
    size_t first; /* of the step */
    size_t end;
    struct {
        pthread_mutex_t lock;
        int64_t files;
        int64_t bytes;
        int64_t failed;
        dw_error *why;
    } synced;
} remover;

static dw_status remove_some(void *ctx, size_t worker, size_t task, dw_error *err)
{
    remover *r = ctx;
    const char *keys[MAX_TASK_FILES];
    size_t first = r->first + task * r->task_files;
    size_t n = r->end - first < r->task_files ? r->end - first : r->task_files;
    dw_error why = DW_ERROR_INIT;
    int64_t bytes = 0;
    size_t failed = 0;
    dw_status status;

    (void)worker;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        keys[i] = r->run->doomed[first + i].key;
        bytes += r->run->doomed[first + i].size;
    }
    status = dwi_store_remove_many(r->run->log->store, keys, n, &failed, &why);
    (void)pthread_mutex_lock(&r->synced.lock);
    r->synced.files += (int64_t)(n - failed);
    r->synced.bytes += status == DW_OK ? bytes : bytes / (int64_t)n * (int64_t)(n - failed);
    r->synced.failed += (int64_t)failed;
    if (status != DW_OK && r->synced.why->code == DW_OK)
        *r->synced.why = why;
    (void)pthread_mutex_unlock(&r->synced.lock);
    return DW_OK;
}

/* Tasks one by one where there are no threads. */
static dw_status run_step(dwi_encode_pool *pool, remover *r, dw_error *err)
{
    size_t n_tasks = (r->end - r->first + r->task_files - 1) / r->task_files;

    if (pool != NULL)
        return dwi_encode_pool_run(pool, n_tasks, remove_some, r, err);
    for (size_t i = 0; i < n_tasks; i++)
        (void)remove_some(r, 0, i, err); /* it has no other status than DW_OK */
    return DW_OK;
}

static dw_status remove_round(remover *r, size_t threads, dw_error *err)
{
    const dwi_vacuum_options *options = r->run->options;
    size_t share = r->run->n_doomed / threads + 1;
    dwi_encode_pool *pool = NULL;
    dw_status status = DW_OK;
    size_t step;

    r->task_files = share < MIN_TASK_FILES   ? MIN_TASK_FILES
                    : share > MAX_TASK_FILES ? MAX_TASK_FILES
                                             : share;
    step = threads * r->task_files * STEP_TASKS;
    if (threads > 1 && r->run->n_doomed > r->task_files)
        DWI_TRY(dwi_encode_pool_new(r->run->log->alloc, threads, &pool, err));
    for (r->first = 0; r->first < r->run->n_doomed; r->first = r->end) {
        r->end = r->run->n_doomed - r->first < step ? r->run->n_doomed : r->first + step;
        DWI_TRY(run_step(pool, r, err));
        if (options->progress != NULL)
            options->progress(options->ctx, r->run->result.files + r->synced.files,
                              r->run->found > (int64_t)r->run->n_doomed
                                  ? r->run->found
                                  : (int64_t)r->run->n_doomed);
    }
done:
    dwi_encode_pool_free(pool);
    return status;
}

dw_status dwi_vacuum_remove(dwi_vacuum_run *run, dw_error *out_why, dw_error *err)
{
    size_t threads = run->options->threads > 0 ? run->options->threads : 1;
    remover r = {.run = run, .synced = {.why = out_why}};
    dw_status status;

    if (run->options->dry_run) {
        for (size_t i = 0; i < run->n_doomed; i++)
            run->result.bytes += run->doomed[i].size;
        run->result.files += (int64_t)run->n_doomed;
        return DW_OK;
    }
    (void)pthread_mutex_init(&r.synced.lock, NULL); /* with default attributes it cannot fail */
    status = remove_round(&r, threads, err);
    (void)pthread_mutex_destroy(&r.synced.lock);
    run->result.files += r.synced.files;
    run->result.bytes += r.synced.bytes;
    run->result.failed += r.synced.failed;
    return status;
}
