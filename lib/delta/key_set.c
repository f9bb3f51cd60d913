/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/key_set.h"

#include "base/alloc.h"
#include "base/checked.h"

enum { FIRST_SLOTS = 256 };

void dwi_key_set_init(dwi_key_set *set, const dw_allocator *alloc, const dwi_env *env)
{
    *set = (dwi_key_set){.alloc = alloc};
    env->random(env->ctx, &set->seed, sizeof(set->seed));
}

void dwi_key_set_done(dwi_key_set *set)
{
    if (set->alloc != NULL)
        dwi_free(set->alloc, set->slots, set->n_slots * sizeof(*set->slots));
    memset(set, 0, sizeof(*set));
}

/* Never 0, which marks an empty slot. */
static uint64_t hash_of(const dwi_key_set *set, dwi_sv key)
{
    uint64_t hash = dwi_hash(key.ptr, key.len, set->seed);

    return hash == 0 ? 1 : hash;
}

/* The slot of a hash, or the empty one where it would be. */
static size_t slot_of(const uint64_t *slots, size_t n_slots, uint64_t hash)
{
    size_t at = (size_t)hash & (n_slots - 1);

    while (slots[at] != 0 && slots[at] != hash)
        at = (at + 1) & (n_slots - 1);
    return at;
}

static dw_status grow(dwi_key_set *set, dw_error *err)
{
    size_t n_slots = set->n_slots == 0 ? FIRST_SLOTS : set->n_slots;
    uint64_t *slots = NULL;
    size_t bytes;

    if (set->n_slots > 0 && !dwi_size_mul(n_slots, 2, &n_slots))
        return dwi_err_nomem(err);
    if (dwi_size_mul(n_slots, sizeof(*slots), &bytes))
        slots = dwi_alloc_zero(set->alloc, bytes);
    if (slots == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < set->n_slots; i++)
        if (set->slots[i] != 0)
            slots[slot_of(slots, n_slots, set->slots[i])] = set->slots[i];
    dwi_free(set->alloc, set->slots, set->n_slots * sizeof(*set->slots));
    set->slots = slots;
    set->n_slots = n_slots;
    return DW_OK;
}

dw_status dwi_key_set_put(dwi_key_set *set, dwi_sv key, bool *out_added, dw_error *err)
{
    uint64_t hash = hash_of(set, key);
    dw_status status = DW_OK;
    size_t at;

    if (set->count >= set->n_slots / 4 * 3)
        status = grow(set, err);
    if (status != DW_OK)
        return status;
    at = slot_of(set->slots, set->n_slots, hash);
    if (out_added != NULL)
        *out_added = set->slots[at] == 0;
    set->count += set->slots[at] == 0;
    set->slots[at] = hash;
    return DW_OK;
}

bool dwi_key_set_has(const dwi_key_set *set, dwi_sv key)
{
    uint64_t hash = hash_of(set, key);

    return set->n_slots > 0 && set->slots[slot_of(set->slots, set->n_slots, hash)] != 0;
}
