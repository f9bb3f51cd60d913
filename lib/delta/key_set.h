/* SPDX-License-Identifier: Apache-2.0 */
/* A set of texts that keeps 8 to 16 bytes of each: their hashes under a random seed. A text that
 * was put is always found; one that was not is found once in 2^64 divided by the set's size. For
 * sets of files that must not be touched, where that errs on the side of leaving one. */
#ifndef DWI_DELTA_KEY_SET_H
#define DWI_DELTA_KEY_SET_H

#include "base/env.h"
#include "base/str.h"

typedef struct dwi_key_set {
    const dw_allocator *alloc;
    uint64_t *slots; /* 0: empty */
    size_t n_slots;  /* a power of two, or 0 */
    size_t count;
    uint64_t seed;
} dwi_key_set;

void dwi_key_set_init(dwi_key_set *set, const dw_allocator *alloc, const dwi_env *env);
void dwi_key_set_done(dwi_key_set *set); /* a zeroed one too */
/* *out_added (may be NULL): it was not there. DW_E_NOMEM. */
dw_status dwi_key_set_put(dwi_key_set *set, dwi_sv key, bool *out_added, dw_error *err);
bool dwi_key_set_has(const dwi_key_set *set, dwi_sv key);

#endif
