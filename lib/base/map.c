/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include "base/alloc.h"
#include "base/checked.h"

void dwi_map_init(dwi_map *map, const dw_allocator *alloc, uint64_t seed)
{
    memset(map, 0, sizeof(*map));
    map->alloc = alloc;
    map->seed = seed;
    dwi_arena_init(&map->keys, alloc);
}

void dwi_map_done(dwi_map *map)
{
    if (map->alloc == NULL)
        return;
    dwi_free(map->alloc, map->entries, map->cap * sizeof(*map->entries));
    dwi_free(map->alloc, map->slots, map->n_slots * sizeof(*map->slots));
    dwi_arena_done(&map->keys);
    dwi_map_init(map, map->alloc, map->seed);
}

dwi_map_entry *dwi_map_find(const dwi_map *map, dwi_sv key)
{
    uint64_t hash;

    if (map->n_slots == 0)
        return NULL;
    hash = dwi_hash(key.ptr, key.len, map->seed);
    for (size_t i = hash & (map->n_slots - 1); map->slots[i] != 0;
         i = (i + 1) & (map->n_slots - 1)) {
        dwi_map_entry *entry = &map->entries[map->slots[i] - 1];
        if (entry->key.ptr != NULL && entry->hash == hash && dwi_sv_eq(entry->key, key))
            return entry;
    }
    return NULL;
}

/* Slots point at removed entries too; they go when the slots are made anew. */
static bool rebuild_slots(dwi_map *map, size_t n_slots)
{
    uint32_t *slots = dwi_alloc_array(map->alloc, n_slots, sizeof(*slots));

    if (slots == NULL)
        return false;
    memset(slots, 0, n_slots * sizeof(*slots));
    for (size_t e = 0; e < map->count; e++) {
        size_t i = map->entries[e].hash & (n_slots - 1);
        if (map->entries[e].key.ptr == NULL)
            continue;
        while (slots[i] != 0)
            i = (i + 1) & (n_slots - 1);
        slots[i] = (uint32_t)e + 1;
    }
    dwi_free(map->alloc, map->slots, map->n_slots * sizeof(*map->slots));
    map->slots = slots;
    map->n_slots = n_slots;
    return true;
}

static bool make_room(dwi_map *map)
{
    if (map->count == map->cap) {
        size_t cap = map->cap == 0 ? 16 : map->cap * 2;
        size_t bytes;
        dwi_map_entry *entries;
        if (cap > UINT32_MAX / 2 || !dwi_size_mul(cap, sizeof(*entries), &bytes))
            return false;
        entries = dwi_realloc(map->alloc, map->entries, map->cap * sizeof(*entries), bytes);
        if (entries == NULL)
            return false;
        map->entries = entries;
        map->cap = cap;
    }
    /* At most half full, counting removed entries. */
    if ((map->count + 1) * 2 > map->n_slots)
        return rebuild_slots(map, map->n_slots == 0 ? 32 : map->n_slots * 2);
    return true;
}

dwi_map_entry *dwi_map_put(dwi_map *map, dwi_sv key, bool *out_added)
{
    dwi_map_entry *entry = dwi_map_find(map, key);
    dwi_sv copy;
    size_t i;

    if (out_added != NULL)
        *out_added = entry == NULL;
    if (entry != NULL)
        return entry;
    if (!make_room(map) || !dwi_arena_sv(&map->keys, key, &copy))
        return NULL;
    entry = &map->entries[map->count];
    entry->key = copy;
    entry->value = NULL;
    entry->hash = dwi_hash(key.ptr, key.len, map->seed);
    i = entry->hash & (map->n_slots - 1);
    while (map->slots[i] != 0)
        i = (i + 1) & (map->n_slots - 1);
    map->slots[i] = (uint32_t)map->count + 1;
    map->count++;
    map->live++;
    return entry;
}

void dwi_map_remove(dwi_map *map, dwi_sv key)
{
    dwi_map_entry *entry = dwi_map_find(map, key);

    if (entry == NULL)
        return;
    entry->key.ptr = NULL;
    entry->value = NULL;
    map->live--;
}
