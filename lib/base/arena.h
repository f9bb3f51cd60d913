/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is freed all at once. Returns NULL when out of memory; blocks are aligned to 16. */
#ifndef DWI_BASE_ARENA_H
#define DWI_BASE_ARENA_H

#include <deltawrite/common.h>

#include "base/str.h"

typedef struct dwi_arena_block dwi_arena_block;

typedef struct dwi_arena {
    const dw_allocator *alloc;
    dwi_arena_block *blocks; /* newest first */
    size_t used;             /* of the newest block */
    size_t total_bytes;      /* taken from the allocator */
} dwi_arena;

void dwi_arena_init(dwi_arena *arena, const dw_allocator *alloc);
void dwi_arena_done(dwi_arena *arena);                /* a zeroed arena too */
void *dwi_arena_alloc(dwi_arena *arena, size_t size); /* size 0 gives a valid pointer */
void *dwi_arena_zero(dwi_arena *arena, size_t size);
void *dwi_arena_array(dwi_arena *arena, size_t count, size_t size); /* checked, zeroed */
void *dwi_arena_dup(dwi_arena *arena, const void *data, size_t len);
/* A copy with a NUL after it; out->ptr NULL and false when out of memory. */
bool dwi_arena_sv(dwi_arena *arena, dwi_sv text, dwi_sv *out);
char *dwi_arena_cstr(dwi_arena *arena, const char *text);

#endif
