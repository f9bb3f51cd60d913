/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/memory_budget.h"

static void *limited(void *ctx, void *ptr, size_t old_size, size_t new_size)
{
    dwi_memory_budget *budget = ctx;
    void *out;

    if (new_size > old_size && new_size - old_size > budget->limit - budget->used) {
        budget->refused = true;
        return NULL;
    }
    out = budget->inner->realloc(budget->inner->ctx, ptr, old_size, new_size);
    if (new_size == 0 || out != NULL)
        budget->used = budget->used - old_size + new_size;
    return out;
}

void dwi_memory_budget_init(dwi_memory_budget *budget, const dw_allocator *inner, size_t limit)
{
    *budget = (dwi_memory_budget){{budget, limited}, inner, limit, 0, false};
}

dw_status dwi_memory_budget_status(dwi_memory_budget *budget, dw_status status, dw_error *err)
{
    if (status != DW_E_NOMEM || !budget->refused)
        return status;
    budget->refused = false;
    return dwi_err(err, DW_E_NOMEM, "needs more than the reader's memory budget of %zu bytes",
                   budget->limit);
}
