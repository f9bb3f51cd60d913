/* SPDX-License-Identifier: Apache-2.0 */
/* A few threads that encode the columns of one writer together with the thread that calls it.
 * Tasks are independent of one another; between two runs the threads sleep. */
#ifndef DWI_PARQUET_ENCODE_POOL_H
#define DWI_PARQUET_ENCODE_POOL_H

#include "base/err.h"

typedef struct dwi_encode_pool dwi_encode_pool;

/* `worker` is below the pool's number of threads, and no two tasks at a time have the same one. */
typedef dw_status dwi_encode_task(void *ctx, size_t worker, size_t task, dw_error *err);

/* n_threads (at least 1) with the caller's: so many less one are started. DW_E_NOMEM, DW_E_IO (no
 * thread can be had). */
dw_status dwi_encode_pool_new(const dw_allocator *alloc, size_t n_threads, dwi_encode_pool **out,
                              dw_error *err);
void dwi_encode_pool_free(dwi_encode_pool *pool); /* NULL too; ends the threads */

/* Run tasks 0..n_tasks and return when none is running: with the error of the first one, by number,
 * that failed. After a failure no further task is begun. */
dw_status dwi_encode_pool_run(dwi_encode_pool *pool, size_t n_tasks, dwi_encode_task *task,
                              void *ctx, dw_error *err);

size_t dwi_encode_pool_bytes(const dwi_encode_pool *pool);

#endif
