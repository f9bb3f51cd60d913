/* SPDX-License-Identifier: Apache-2.0 */
/* An allocator that gives no more than a limit in all, over another one. It is for one thread. */
#ifndef DWI_PARQUET_MEMORY_BUDGET_H
#define DWI_PARQUET_MEMORY_BUDGET_H

#include "base/alloc.h"
#include "base/err.h"

typedef struct dwi_memory_budget {
    dw_allocator alloc; /* what to allocate with; its ctx is the budget */
    const dw_allocator *inner;
    size_t limit;
    size_t used;
    bool refused; /* the limit, not the memory, was the reason of a NULL */
} dwi_memory_budget;

/* `budget` stays where it is as long as memory of it is in use. */
void dwi_memory_budget_init(dwi_memory_budget *budget, const dw_allocator *inner, size_t limit);
/* `status`, or DW_E_NOMEM that names the limit where that was the reason. */
dw_status dwi_memory_budget_status(dwi_memory_budget *budget, dw_status status, dw_error *err);

#endif
