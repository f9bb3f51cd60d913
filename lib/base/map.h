/* SPDX-License-Identifier: Apache-2.0 */
/* A hash map from byte strings to pointers, in insertion order when walked. Keys are copied. */
#ifndef DWI_BASE_MAP_H
#define DWI_BASE_MAP_H

#include "base/arena.h"
#include "base/err.h"

typedef struct dwi_map_entry {
    dwi_sv key; /* NUL-terminated */
    void *value;
    uint64_t hash;
} dwi_map_entry;

typedef struct dwi_map {
    const dw_allocator *alloc;
    dwi_arena keys;
    dwi_map_entry *entries; /* entries[0..count), removed ones have key.ptr NULL */
    size_t count;
    size_t cap;
    size_t live;
    uint32_t *slots; /* index + 1 into entries, 0 empty */
    size_t n_slots;  /* power of two, or 0 */
    uint64_t seed;
} dwi_map;

void dwi_map_init(dwi_map *map, const dw_allocator *alloc, uint64_t seed);
void dwi_map_done(dwi_map *map); /* a zeroed map too; values are the caller's */
/* The entry of a key, or NULL. */
dwi_map_entry *dwi_map_find(const dwi_map *map, dwi_sv key);
/* The entry of a key, made with value NULL when missing; NULL when out of memory. */
dwi_map_entry *dwi_map_put(dwi_map *map, dwi_sv key, bool *out_added);
void dwi_map_remove(dwi_map *map, dwi_sv key);

#endif
