/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/page_store.h"

#include "base/alloc.h"

/* The largest block and what malloc adds fit a multiple of the size of huge pages. */
enum { FIRST_BLOCK = 64 << 10, LAST_BLOCK = (8 << 20) - 64 };

typedef struct dwi_page_block {
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
        dwi_free(store->alloc, blocks[i].data, blocks[i].cap);
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
    block.data = dwi_alloc(store->alloc, block.cap);
    if (block.data == NULL)
        return false;
    dwi_buf_append(&store->blocks, &block, sizeof(block));
    if (store->blocks.failed) {
        dwi_free(store->alloc, block.data, block.cap);
        return false;
    }
    dwi_alloc_expect_use(block.data, block.cap);
    store->bytes += block.cap;
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
