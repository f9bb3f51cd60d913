/* SPDX-License-Identifier: Apache-2.0 */
/* Names, equal regardless of the case of ASCII letters. */
#ifndef DW_CLI_NAME_SET_H
#define DW_CLI_NAME_SET_H

#include <stdint.h>

#include "records/scratch.h"

struct name_set {
    struct span *slots; /* ptr NULL: free */
    size_t n_slots;     /* a power of two, or 0 */
    size_t count;
};

/* Without case. */
uint64_t name_hash(struct span name);
/* Lies in `scratch`, as do the copies of names. */
void name_set_add(struct name_set *set, struct scratch *scratch, struct span name);
bool name_set_has(const struct name_set *set, struct span name);

#endif
