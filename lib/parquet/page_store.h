/* SPDX-License-Identifier: Apache-2.0 */
/* Where finished pages wait for their row group to end: a few large blocks, which the next row
 * group uses again. Fresh memory costs more than compressing into it, page by page. */
#ifndef DWI_PARQUET_PAGE_STORE_H
#define DWI_PARQUET_PAGE_STORE_H

#include "base/buf.h"

typedef struct dwi_page_store {
    const dw_allocator *alloc;
    dwi_buf blocks; /* dwi_page_block */
    size_t current; /* of the blocks; those before it are full, those after it empty */
    size_t bytes;   /* of all blocks */
} dwi_page_store;

void dwi_page_store_init(dwi_page_store *store, const dw_allocator *alloc);
void dwi_page_store_done(dwi_page_store *store); /* a zeroed one too */

/* `len` bytes (not 0) that stay until the store is cleared; NULL when out of memory. */
uint8_t *dwi_page_store_take(dwi_page_store *store, size_t len);
/* Forget all pages, keep the memory. */
void dwi_page_store_clear(dwi_page_store *store);
/* Memory that it holds. */
size_t dwi_page_store_bytes(const dwi_page_store *store);

#endif
