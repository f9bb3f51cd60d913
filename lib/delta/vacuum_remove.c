/* SPDX-License-Identifier: Apache-2.0 */
/* Files are removed by several threads; one that cannot be is told, and the others go on. */
#include "delta/vacuum_impl.h"

#include <pthread.h>

#include "parquet/encode_pool.h"

/* Removed by one task, and by all threads before progress is told. */
enum { TASK_FILES = 8, STEP_TASKS = 16 };

typedef struct remover {
    dwi_vacuum_run *run;
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
    size_t first = r->first + task * TASK_FILES;
    size_t end = first + TASK_FILES < r->end ? first + TASK_FILES : r->end;

    (void)worker;
    (void)err;
    for (size_t i = first; i < end; i++) {
        const dwi_doomed *d = &r->run->doomed[i];
        dw_error why = DW_ERROR_INIT;
        dw_status status = dwi_store_remove(r->run->log->store, d->key, &why);
        (void)pthread_mutex_lock(&r->synced.lock);
        r->synced.files += status == DW_OK;
        r->synced.bytes += status == DW_OK ? d->size : 0;
        r->synced.failed += status != DW_OK;
        if (status != DW_OK && r->synced.why->code == DW_OK)
            *r->synced.why = why;
        (void)pthread_mutex_unlock(&r->synced.lock);
    }
    return DW_OK;
}

/* Tasks one by one where there are no threads. */
static dw_status run_step(dwi_encode_pool *pool, remover *r, dw_error *err)
{
    size_t n_tasks = (r->end - r->first + TASK_FILES - 1) / TASK_FILES;

    if (pool != NULL)
        return dwi_encode_pool_run(pool, n_tasks, remove_some, r, err);
    for (size_t i = 0; i < n_tasks; i++)
        (void)remove_some(r, 0, i, err); /* it has no other status than DW_OK */
    return DW_OK;
}

static dw_status remove_round(remover *r, size_t threads, dw_error *err)
{
    const dwi_vacuum_options *options = r->run->options;
    size_t step = threads * TASK_FILES * STEP_TASKS;
    dwi_encode_pool *pool = NULL;
    dw_status status = DW_OK;

    if (threads > 1 && r->run->n_doomed > TASK_FILES)
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
