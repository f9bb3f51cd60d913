/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks are handed out in order, so that the failed one with the lowest number is always run: what
 * a run reports does not depend on which thread was faster. */
#include "parquet/encode_pool.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/alloc.h"

typedef struct worker {
    dwi_encode_pool *pool;
    size_t index;
    pthread_t thread;
} worker;

struct dwi_encode_pool {
    const dw_allocator *alloc;
    size_t n_workers; /* the caller's is the last, and no thread of ours */
    size_t n_started;
    worker *workers;
    struct {
        pthread_mutex_t lock;
        pthread_cond_t begin;
        pthread_cond_t end;
        bool stop;
        dwi_encode_task *task;
        void *ctx;
        size_t n_tasks;
        size_t next;
        size_t running;
        size_t failed; /* task number, n_tasks: none */
        dw_status status;
        dw_error err;
    } synced;
};

/* Run what there is to run; the lock is held on entry and exit. */
static void work_locked(dwi_encode_pool *pool, size_t index)
{
    while (pool->synced.next < pool->synced.n_tasks &&
           pool->synced.failed == pool->synced.n_tasks) {
        dwi_encode_task *task = pool->synced.task;
        void *ctx = pool->synced.ctx;
        size_t number = pool->synced.next++;
        dw_error err = DW_ERROR_INIT;
        dw_status status;

        pool->synced.running++;
        (void)pthread_mutex_unlock(&pool->synced.lock);
        status = task(ctx, index, number, &err);
        (void)pthread_mutex_lock(&pool->synced.lock);
        pool->synced.running--;
        if (status != DW_OK && number < pool->synced.failed) {
            pool->synced.failed = number;
            pool->synced.status = status;
            pool->synced.err = err;
        }
    }
    if (pool->synced.running == 0)
        (void)pthread_cond_signal(&pool->synced.end);
}

static void *worker_main(void *ctx)
{
    worker *self = ctx;
    dwi_encode_pool *pool = self->pool;

    (void)pthread_mutex_lock(&pool->synced.lock);
    while (!pool->synced.stop) {
        work_locked(pool, self->index);
        if (!pool->synced.stop)
            (void)pthread_cond_wait(&pool->synced.begin, &pool->synced.lock);
    }
    (void)pthread_mutex_unlock(&pool->synced.lock);
    return NULL;
}

/* Signals are the program's business: our threads take none. */
static dw_status start_threads(dwi_encode_pool *pool, dw_error *err)
{
    sigset_t all;
    sigset_t before;
    dw_status status = DW_OK;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    for (size_t i = 0; i + 1 < pool->n_workers && status == DW_OK; i++) {
        worker *w = &pool->workers[i];
        int failed;
        *w = (worker){.pool = pool, .index = i};
        failed = pthread_create(&w->thread, NULL, worker_main, w);
        if (failed == 0)
            pool->n_started++;
        else
            status = dwi_err_sys(err, DW_E_IO, failed, true, "thread %zu of the Parquet writer: %s",
                                 i + 1, strerror(failed));
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

dw_status dwi_encode_pool_new(const dw_allocator *alloc, size_t n_threads, dwi_encode_pool **out,
                              dw_error *err)
{
    dwi_encode_pool *pool = dwi_alloc_zero(alloc, sizeof(*pool));
    dw_status status = DW_OK;

    if (pool == NULL)
        return dwi_err_nomem(err);
    pool->alloc = alloc;
    pool->n_workers = n_threads;
    (void)pthread_mutex_init(&pool->synced.lock,
                             NULL); /* with default attributes they cannot fail */
    (void)pthread_cond_init(&pool->synced.begin, NULL);
    (void)pthread_cond_init(&pool->synced.end, NULL);
    pool->workers = dwi_alloc_array(alloc, n_threads, sizeof(*pool->workers));
    if (pool->workers == NULL) {
        status = dwi_err_nomem(err);
        goto done;
    }
    DWI_TRY(start_threads(pool, err));
    *out = pool;
    pool = NULL;
done:
    dwi_encode_pool_free(pool);
    return status;
}

void dwi_encode_pool_free(dwi_encode_pool *pool)
{
    if (pool == NULL)
        return;
    (void)pthread_mutex_lock(&pool->synced.lock);
    pool->synced.stop = true;
    (void)pthread_cond_broadcast(&pool->synced.begin);
    (void)pthread_mutex_unlock(&pool->synced.lock);
    for (size_t i = 0; i < pool->n_started; i++)
        (void)pthread_join(pool->workers[i].thread, NULL);
    (void)pthread_cond_destroy(&pool->synced.begin);
    (void)pthread_cond_destroy(&pool->synced.end);
    (void)pthread_mutex_destroy(&pool->synced.lock);
    dwi_free(pool->alloc, pool->workers, pool->n_workers * sizeof(*pool->workers));
    dwi_free(pool->alloc, pool, sizeof(*pool));
}

dw_status dwi_encode_pool_run(dwi_encode_pool *pool, size_t n_tasks, dwi_encode_task *task,
                              void *ctx, dw_error *err)
{
    dw_status status;

    (void)pthread_mutex_lock(&pool->synced.lock);
    pool->synced.task = task;
    pool->synced.ctx = ctx;
    pool->synced.n_tasks = n_tasks;
    pool->synced.failed = n_tasks;
    pool->synced.next = 0;
    pool->synced.status = DW_OK;
    (void)pthread_cond_broadcast(&pool->synced.begin);
    work_locked(pool, pool->n_workers - 1);
    while (pool->synced.running > 0)
        (void)pthread_cond_wait(&pool->synced.end, &pool->synced.lock);
    pool->synced.next = n_tasks; /* a thread that wakes up late finds nothing */
    pool->synced.failed = n_tasks;
    status = pool->synced.status;
    if (status != DW_OK && err != NULL)
        *err = pool->synced.err;
    (void)pthread_mutex_unlock(&pool->synced.lock);
    return status;
}

size_t dwi_encode_pool_bytes(const dwi_encode_pool *pool)
{
    return pool == NULL ? 0 : sizeof(*pool) + pool->n_workers * sizeof(*pool->workers);
}
