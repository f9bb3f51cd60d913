/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/action_copy.h"

/* A text that is null stays null. */
static bool copy_text(dwi_arena *arena, dwi_sv *text)
{
    return text->ptr == NULL || dwi_arena_sv(arena, *text, text);
}

bool dwi_kvs_copy(dwi_arena *arena, dwi_kvs *kvs)
{
    dwi_kv *items = dwi_arena_array(arena, kvs->count, sizeof(*items));

    if (items == NULL)
        return false;
    for (size_t i = 0; i < kvs->count; i++) {
        items[i] = kvs->items[i];
        if (!copy_text(arena, &items[i].key) || !copy_text(arena, &items[i].value))
            return false;
    }
    kvs->items = items;
    return true;
}

static bool copy_dv(dwi_arena *arena, dwi_dv *dv)
{
    return copy_text(arena, &dv->storage_type) && copy_text(arena, &dv->path_or_inline);
}

bool dwi_add_copy(dwi_arena *arena, const dwi_add *from, dwi_add *out)
{
    dwi_add add = *from;

    if (!copy_text(arena, &add.path) || !dwi_kvs_copy(arena, &add.partition_values) ||
        !copy_text(arena, &add.stats) || !dwi_kvs_copy(arena, &add.tags) ||
        !copy_dv(arena, &add.dv) || !copy_text(arena, &add.clustering_provider))
        return false;
    *out = add;
    return true;
}

bool dwi_remove_copy(dwi_arena *arena, const dwi_remove *from, dwi_remove *out)
{
    dwi_remove remove = *from;

    if (!copy_text(arena, &remove.path) || !dwi_kvs_copy(arena, &remove.partition_values) ||
        !dwi_kvs_copy(arena, &remove.tags) || !copy_dv(arena, &remove.dv))
        return false;
    *out = remove;
    return true;
}
