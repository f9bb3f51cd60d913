/* SPDX-License-Identifier: Apache-2.0 */
#include "records/name_set.h"

uint64_t name_hash(struct span name)
{
    /* Where the program lies is another place each time: names that collide cannot be prepared. */
    uint64_t hash = UINT64_C(14695981039346656037) ^ (uint64_t)(uintptr_t)&name_hash;

    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c >= 'A' && c <= 'Z')
            c = (unsigned char)(c + 32);
        hash = (hash ^ c) * UINT64_C(1099511628211);
    }
    return hash ^ hash >> 32;
}

static struct span *slot_of(const struct name_set *set, struct span name)
{
    size_t at = (size_t)name_hash(name) & (set->n_slots - 1);

    while (set->slots[at].ptr != NULL && !span_same_name(set->slots[at], name))
        at = (at + 1) & (set->n_slots - 1);
    return &set->slots[at];
}

static void grow(struct name_set *set, struct scratch *scratch)
{
    struct name_set wider = {.n_slots = set->n_slots == 0 ? 16 : 2 * set->n_slots,
                             .count = set->count};

    wider.slots = scratch_array(scratch, wider.n_slots, sizeof(*wider.slots));
    memset(wider.slots, 0, wider.n_slots * sizeof(*wider.slots));
    for (size_t i = 0; i < set->n_slots; i++) {
        if (set->slots[i].ptr != NULL)
            *slot_of(&wider, set->slots[i]) = set->slots[i];
    }
    *set = wider;
}

void name_set_add(struct name_set *set, struct scratch *scratch, struct span name)
{
    struct span *slot;

    if (2 * (set->count + 1) > set->n_slots)
        grow(set, scratch);
    slot = slot_of(set, name);
    if (slot->ptr != NULL)
        return;
    *slot = scratch_copy(scratch, name);
    set->count++;
}

bool name_set_has(const struct name_set *set, struct span name)
{
    return set->count != 0 && slot_of(set, name)->ptr != NULL;
}
