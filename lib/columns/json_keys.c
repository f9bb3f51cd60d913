/* SPDX-License-Identifier: Apache-2.0 */
#include "columns/json_keys.h"

#include "base/alloc.h"

/* Spellings beyond this are looked up anew each time: a source of endless names takes time, not
 * memory. */
enum { MAX_SPELLINGS = 4096 };

static size_t padded(size_t len)
{
    return (len + 8) / 8 * 8;
}

void dwi_keys_done(dwi_keys *keys)
{
    if (keys->alloc == NULL)
        return;
    for (uint32_t i = 1; i < keys->count; i++)
        dwi_free(keys->alloc, keys->keys[i].name, padded(keys->keys[i].len));
    dwi_free(keys->alloc, keys->keys, keys->cap * sizeof(*keys->keys));
    dwi_free(keys->alloc, keys->slots, keys->n_slots * sizeof(*keys->slots));
    memset(keys, 0, sizeof(*keys));
}

static bool rehash(dwi_keys *keys, uint32_t n_slots)
{
    uint32_t *slots = dwi_alloc_array(keys->alloc, n_slots, sizeof(*slots));

    if (slots == NULL)
        return false;
    memset(slots, 0, n_slots * sizeof(*slots));
    for (uint32_t k = 1; k < keys->count; k++) {
        uint32_t i = keys->keys[k].hash & (n_slots - 1);
        while (slots[i] != 0)
            i = (i + 1) & (n_slots - 1);
        slots[i] = k;
    }
    dwi_free(keys->alloc, keys->slots, keys->n_slots * sizeof(*slots));
    keys->slots = slots;
    keys->n_slots = n_slots;
    return true;
}

static bool make_room(dwi_keys *keys)
{
    if (keys->count == keys->cap) {
        uint32_t cap = keys->cap == 0 ? 32 : keys->cap * 2;
        dwi_key *more =
            dwi_realloc(keys->alloc, keys->keys, keys->cap * sizeof(*more), cap * sizeof(*more));
        if (more == NULL)
            return false;
        keys->keys = more;
        keys->cap = cap;
    }
    return keys->count * 2 < keys->n_slots ||
           rehash(keys, keys->n_slots == 0 ? 64 : keys->n_slots * 2);
}

static bool is_plain(dwi_sv name)
{
    unsigned high = 0;
    const uint8_t *end = (const uint8_t *)name.ptr + name.len;

    return dwi_scan_plain((const uint8_t *)name.ptr, end, &high) == end;
}

/* A new spelling that sends the prediction to the first key after it. 0: out of memory. */
static uint32_t add(dwi_keys *keys, dwi_sv name, int32_t column)
{
    dwi_key key = {.len = name.len, .column = column};
    uint32_t i;

    if (!make_room(keys))
        return 0;
    key.name = dwi_alloc_zero(keys->alloc, padded(name.len));
    if (key.name == NULL)
        return 0;
    if (name.len > 0)
        memcpy(key.name, name.ptr, name.len);
    key.plain = is_plain(name);
    key.hash = (uint32_t)dwi_hash(name.ptr, name.len, 0);
    key.next = keys->count + 1;
    for (i = key.hash & (keys->n_slots - 1); keys->slots[i] != 0;)
        i = (i + 1) & (keys->n_slots - 1);
    keys->slots[i] = keys->count;
    keys->keys[keys->count] = key;
    return keys->count++;
}

dw_status dwi_keys_init(dwi_keys *keys, const dwi_type *type, const dw_allocator *alloc,
                        dw_error *err)
{
    memset(keys, 0, sizeof(*keys));
    keys->alloc = alloc;
    if (!make_room(keys))
        goto nomem;
    keys->keys[0] = (dwi_key){.next = 1, .column = DWI_KEY_UNKNOWN};
    keys->count = 1;
    for (size_t i = 0; i < type->n_fields; i++)
        if (add(keys, type->fields[i].name, (int32_t)i) == 0)
            goto nomem;
    return DW_OK;
nomem:
    dwi_keys_done(keys);
    return dwi_err_nomem(err);
}

uint32_t dwi_keys_lookup(const dwi_keys *keys, dwi_sv name)
{
    uint32_t hash = (uint32_t)dwi_hash(name.ptr, name.len, 0);

    for (uint32_t i = hash & (keys->n_slots - 1); keys->slots[i] != 0;
         i = (i + 1) & (keys->n_slots - 1)) {
        const dwi_key *key = &keys->keys[keys->slots[i]];
        if (key->hash == hash && dwi_sv_eq((dwi_sv){key->name, key->len}, name))
            return keys->slots[i];
    }
    return 0;
}

/* Another spelling of a name that was met and is no column may say that it is ignored. */
static int32_t column_of(const dwi_keys *keys, const dwi_type *type, dwi_sv name)
{
    int32_t column = dwi_type_find(type, name);

    if (column >= 0)
        return column;
    for (uint32_t i = 1; i < keys->count; i++)
        if (keys->keys[i].column < 0 &&
            dwi_sv_eq_nocase((dwi_sv){keys->keys[i].name, keys->keys[i].len}, name))
            return keys->keys[i].column;
    return DWI_KEY_UNKNOWN;
}

dw_status dwi_keys_resolve(dwi_keys *keys, const dwi_type *type, dwi_sv name, uint32_t *out_index,
                           int32_t *out_column, dw_error *err)
{
    int32_t column = column_of(keys, type, name);
    uint32_t index = 0;

    if (keys->count < MAX_SPELLINGS + (uint32_t)type->n_fields) {
        index = add(keys, name, column);
        if (index == 0)
            return dwi_err_nomem(err);
    }
    *out_index = index;
    *out_column = column;
    return DW_OK;
}

dw_status dwi_keys_set(dwi_keys *keys, dwi_sv name, int32_t column, dw_error *err)
{
    if (dwi_keys_lookup(keys, name) == 0 && add(keys, name, column) == 0)
        return dwi_err_nomem(err);
    for (uint32_t i = 1; i < keys->count; i++)
        if (dwi_sv_eq_nocase((dwi_sv){keys->keys[i].name, keys->keys[i].len}, name))
            keys->keys[i].column = column;
    return DW_OK;
}
