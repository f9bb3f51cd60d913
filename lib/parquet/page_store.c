/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/page_store.h"

#include "base/alloc.h"

/* Large blocks are whole huge pages: at their ends there would be hundreds of small ones. */
enum { FIRST_BLOCK = 64 << 10, ALIGNED_BLOCK = 4 << 20, LAST_BLOCK = 8 << 20, HUGE_PAGE = 2 << 20 };

typedef struct dwi_page_block {
    uint8_t *memory; /* as allocated; data is in it */
    size_t size;
    uint8_t *data;
    size_t len;
    size_t cap;
} dwi_page_block;

static dwi_page_block *blocks_of(const dwi_page_store *store, size_t *out_count)
{
    *out_count = store->blocks.len / sizeof(dwi_page_block);
    return (dwi_page_block *)(void *)store->blocks.data;
}

void dwi_page_store_init(dwi_page_store *store, const dw_allocator *alloc)
{
    memset(store, 0, sizeof(*store));
    store->alloc = alloc;
    dwi_buf_init(&store->blocks, alloc);
}

void dwi_page_store_done(dwi_page_store *store)
{
    size_t count;
    dwi_page_block *blocks = blocks_of(store, &count);

    for (size_t i = 0; i < count; i++)
        dwi_free(store->alloc, blocks[i].memory, blocks[i].size);
    dwi_buf_done(&store->blocks);
    store->current = 0;
    store->bytes = 0;
}

/* As much again as there is, so that little stays unused however few pages come. */
static bool add_block(dwi_page_store *store, size_t len)
{
    dwi_page_block block = {.cap = store->bytes < FIRST_BLOCK ? FIRST_BLOCK : store->bytes};

    block.cap = block.cap < LAST_BLOCK ? block.cap : LAST_BLOCK;
    block.cap = block.cap < len ? len : block.cap;
    if (block.cap >= ALIGNED_BLOCK)
        block.cap = (block.cap + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    block.size = block.cap + (block.cap >= ALIGNED_BLOCK ? HUGE_PAGE : 0);
    block.memory = dwi_alloc(store->alloc, block.size);
    if (block.memory == NULL)
        return false;
    block.data = block.memory;
    if (block.cap >= ALIGNED_BLOCK) {
        block.data += HUGE_PAGE - (uintptr_t)block.memory % HUGE_PAGE;
        dwi_alloc_expect_use(block.data, block.cap);
    }
    dwi_buf_append(&store->blocks, &block, sizeof(block));
    if (store->blocks.failed) {
        dwi_free(store->alloc, block.memory, block.size);
        return false;
    }
    store->bytes += block.size;
    return true;
}

uint8_t *dwi_page_store_take(dwi_page_store *store, size_t len)
{
    size_t count;
    dwi_page_block *blocks = blocks_of(store, &count);
    uint8_t *out;

    while (store->current < count && blocks[store->current].cap - blocks[store->current].len < len)
        store->current++;
    if (store->current == count) {
        if (!add_block(store, len))
            return NULL;
        blocks = blocks_of(store, &count);
    }
    out = blocks[store->current].data + blocks[store->current].len;
    blocks[store->current].len += len;
    return out;
}

void dwi_page_store_clear(dwi_page_store *store)
{
    size_t count;
    dwi_page_block *blocks = blocks_of(store, &count);

    for (size_t i = 0; i < count; i++)
        blocks[i].len = 0;
    store->current = 0;
}

size_t dwi_page_store_bytes(const dwi_page_store *store)
{
    return store->bytes + store->blocks.cap;
}
