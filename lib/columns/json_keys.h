/* SPDX-License-Identifier: Apache-2.0 */
/* From field names, as records spell them, to columns. Records of one source name the same fields
 * in the same order, so each name remembers which one came after it: most lookups are one
 * comparison with the bytes at hand. Every spelling that was met is kept, up to a limit, so that
 * ignoring case costs something only once per spelling. */
#ifndef DWI_COLUMNS_JSON_KEYS_H
#define DWI_COLUMNS_JSON_KEYS_H

#include "base/buf.h"
#include "columns/json_scan.h"
#include "schema/type.h"

enum {
    DWI_KEY_UNKNOWN = -1, /* no such column */
    DWI_KEY_IGNORED = -2  /* no such column, and none wanted */
};

typedef struct dwi_key {
    char *name; /* padded with zeros to a multiple of 8 bytes; owned */
    size_t len;
    uint32_t hash;
    uint32_t next; /* the key that followed last time */
    int32_t column;
    bool
        plain; /* spelled in JSON as it is, so that bytes can be compared before they are scanned */
} dwi_key;

typedef struct dwi_keys {
    const dw_allocator *alloc;
    dwi_key *keys; /* [0] stands for the start of an object */
    uint32_t count;
    uint32_t cap;
    uint32_t *slots; /* index into keys, 0: empty */
    uint32_t n_slots;
} dwi_keys;

/* Makes keys of the fields of a struct. */
dw_status dwi_keys_init(dwi_keys *keys, const dwi_type *type, const dw_allocator *alloc,
                        dw_error *err);
void dwi_keys_done(dwi_keys *keys); /* a zeroed one too */
/* Column of a name of which the spelling is not known yet; it is kept. */
dw_status dwi_keys_resolve(dwi_keys *keys, const dwi_type *type, dwi_sv name, uint32_t *out_index,
                           int32_t *out_column, dw_error *err);
/* Index of a known spelling, 0: none. */
uint32_t dwi_keys_lookup(const dwi_keys *keys, dwi_sv name);
/* From now on the name, in any case, stands for `column`. */
dw_status dwi_keys_set(dwi_keys *keys, dwi_sv name, int32_t column, dw_error *err);

/* True when the bytes at `at` are the key's name and its closing quote. */
static inline bool dwi_key_matches(const dwi_key *key, const uint8_t *at, const uint8_t *end)
{
    size_t len = key->len;
    const char *name = key->name;

    if (!key->plain)
        return false;
    if ((size_t)(end - at) < len + 8)
        return (size_t)(end - at) > len && at[len] == '"' && memcmp(at, name, len) == 0;
    if (at[len] != '"')
        return false;
    for (; len >= 8; len -= 8, at += 8, name += 8)
        if (dwi_le64(at) != dwi_le64(name))
            return false;
    return len == 0 || ((dwi_le64(at) ^ dwi_le64(name)) << (64 - 8 * len)) == 0;
}

#endif
