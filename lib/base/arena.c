/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/alloc.h"
#include "base/checked.h"

enum { BLOCK_BYTES = 4096, BLOCK_MAX = 1 << 20, ALIGN = 16 };

struct dwi_arena_block {
    dwi_arena_block *next;
    size_t size; /* with this header */
};

enum { HEADER = (sizeof(dwi_arena_block) + ALIGN - 1) / ALIGN * ALIGN };

void dwi_arena_init(dwi_arena *arena, const dw_allocator *alloc)
{
    memset(arena, 0, sizeof(*arena));
    arena->alloc = alloc;
}

void dwi_arena_done(dwi_arena *arena)
{
    const dw_allocator *alloc = arena->alloc;

    for (dwi_arena_block *block = arena->blocks; block != NULL;) {
        dwi_arena_block *next = block->next;
        dwi_free(alloc, block, block->size);
        block = next;
    }
    dwi_arena_init(arena, alloc);
}

/* Blocks double with the arena, so that large arenas have few. */
static dwi_arena_block *add_block(dwi_arena *arena, size_t need)
{
    size_t size = arena->total_bytes < BLOCK_BYTES ? BLOCK_BYTES : arena->total_bytes;
    dwi_arena_block *block;

    if (size > BLOCK_MAX)
        size = BLOCK_MAX;
    if (size < need)
        size = need;
    block = dwi_alloc(arena->alloc, size);
    if (block == NULL)
        return NULL;
    block->next = arena->blocks;
    block->size = size;
    arena->blocks = block;
    arena->used = HEADER;
    arena->total_bytes += size;
    return block;
}

void *dwi_arena_alloc(dwi_arena *arena, size_t size)
{
    dwi_arena_block *block = arena->blocks;
    size_t rounded;
    size_t need;
    void *ptr;

    if (!dwi_size_add(size, ALIGN - 1, &rounded))
        return NULL;
    rounded = rounded / ALIGN * ALIGN;
    if (!dwi_size_add(rounded, HEADER, &need))
        return NULL;
    if (block == NULL || block->size - arena->used < rounded) {
        block = add_block(arena, need);
        if (block == NULL)
            return NULL;
    }
    ptr = (uint8_t *)block + arena->used;
    arena->used += rounded;
    return ptr;
}

void *dwi_arena_zero(dwi_arena *arena, size_t size)
{
    void *ptr = dwi_arena_alloc(arena, size);

    if (ptr != NULL)
        memset(ptr, 0, size);
    return ptr;
}

void *dwi_arena_array(dwi_arena *arena, size_t count, size_t size)
{
    size_t bytes;

    return dwi_size_mul(count, size, &bytes) ? dwi_arena_zero(arena, bytes) : NULL;
}

void *dwi_arena_dup(dwi_arena *arena, const void *data, size_t len)
{
    void *ptr = dwi_arena_alloc(arena, len);

    if (ptr != NULL && len > 0)
        memcpy(ptr, data, len);
    return ptr;
}

bool dwi_arena_sv(dwi_arena *arena, dwi_sv text, dwi_sv *out)
{
    size_t size;
    char *copy = dwi_size_add(text.len, 1, &size) ? dwi_arena_alloc(arena, size) : NULL;

    out->ptr = copy;
    out->len = text.len;
    if (copy == NULL)
        return false;
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return true;
}

char *dwi_arena_cstr(dwi_arena *arena, const char *text)
{
    return dwi_arena_dup(arena, text, strlen(text) + 1);
}
