/* SPDX-License-Identifier: Apache-2.0 */
#include "records/scratch.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/memory.h"

enum { BLOCK_BYTES = 64 * 1024, ALIGNMENT = 16, MOST_KEPT = 1024 * 1024 };

struct scratch_block {
    struct scratch_block *next;
    size_t size; /* of `bytes` */
    _Alignas(ALIGNMENT) char bytes[];
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool span_same_name(struct span a, struct span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (a.ptr[i] != b.ptr[i] && lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    }
    return true;
}

static void use(struct scratch *scratch, struct scratch_block *block)
{
    scratch->blocks = block;
    scratch->at = block->bytes;
    scratch->end = block->bytes + block->size;
}

static void add_block(struct scratch *scratch, size_t size)
{
    size_t bytes = scratch->blocks == NULL ? BLOCK_BYTES : scratch->blocks->size * 2;
    struct scratch_block *block;

    if (bytes > MOST_KEPT)
        bytes = MOST_KEPT;
    if (bytes < size)
        bytes = size;
    if (bytes > SIZE_MAX - sizeof(*block))
        bytes = SIZE_MAX - sizeof(*block); /* ends the process with its message */
    block = need_realloc(NULL, sizeof(*block) + bytes, 1);
    block->next = scratch->blocks;
    block->size = bytes;
    use(scratch, block);
}

void *scratch_alloc(struct scratch *scratch, size_t size)
{
    size_t rounded =
        size > SIZE_MAX - ALIGNMENT ? SIZE_MAX : (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *given;

    if (scratch->at == NULL || rounded > (size_t)(scratch->end - scratch->at))
        add_block(scratch, rounded);
    given = scratch->at;
    scratch->at += rounded;
    return given;
}

void *scratch_array(struct scratch *scratch, size_t count, size_t size)
{
    return scratch_alloc(scratch, size != 0 && count > SIZE_MAX / size ? SIZE_MAX : count * size);
}

struct span scratch_copy(struct scratch *scratch, struct span text)
{
    char *copy = scratch_alloc(scratch, text.len + 1);

    if (text.len != 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return (struct span){copy, text.len};
}

struct scratch_mark scratch_mark(const struct scratch *scratch)
{
    return (struct scratch_mark){scratch->blocks, scratch->at};
}

void scratch_release(struct scratch *scratch, struct scratch_mark mark)
{
    while (scratch->blocks != mark.block) {
        struct scratch_block *block = scratch->blocks;
        scratch->blocks = block->next;
        free(block);
    }
    scratch->at = mark.at;
    scratch->end = mark.block == NULL ? NULL : mark.block->bytes + mark.block->size;
}

void scratch_reset(struct scratch *scratch)
{
    struct scratch_block *kept = NULL;

    while (scratch->blocks != NULL) {
        struct scratch_block *block = scratch->blocks;
        scratch->blocks = block->next;
        if (block->size <= MOST_KEPT && (kept == NULL || block->size > kept->size)) {
            free(kept);
            kept = block;
        } else {
            free(block);
        }
    }
    scratch->at = scratch->end = NULL;
    if (kept != NULL) {
        kept->next = NULL;
        use(scratch, kept);
    }
}

void scratch_done(struct scratch *scratch)
{
    scratch_reset(scratch);
    free(scratch->blocks);
    *scratch = (struct scratch){0};
}
