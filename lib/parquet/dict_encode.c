/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/dict_encode.h"

#include "base/alloc.h"
#include "base/le.h"

/* Byte arrays of up to KEY_BYTES are looked at as two words, without a branch on their length. */
enum { FIRST_SLOTS = 1024, MAX_PROBES = 64, LENGTH_BYTES = 4, KEY_BYTES = 16 };

#define MIX1 UINT64_C(0x9E3779B97F4A7C15)
#define MIX2 UINT64_C(0xD6E8FEB86659FD93)

void dwi_dict_init(dwi_dict *dict, size_t width, const dw_allocator *alloc)
{
    memset(dict, 0, sizeof(*dict));
    dict->alloc = alloc;
    dict->width = width;
    dwi_buf_init(&dict->page, alloc);
    dwi_buf_init(&dict->starts, alloc);
}

void dwi_dict_done(dwi_dict *dict)
{
    if (dict->alloc == NULL)
        return;
    dwi_free(dict->alloc, dict->slots, dict->n_slots * sizeof(*dict->slots));
    dwi_buf_done(&dict->page);
    dwi_buf_done(&dict->starts);
    dict->slots = NULL;
    dict->n_slots = 0;
    dict->count = 0;
}

void dwi_dict_clear(dwi_dict *dict)
{
    if (dict->count > 0)
        memset(dict->slots, 0, dict->n_slots * sizeof(*dict->slots));
    dict->count = 0;
    dict->repeats = false;
    dwi_buf_clear(&dict->page);
    dwi_buf_clear(&dict->starts);
}

size_t dwi_dict_bytes(const dwi_dict *dict)
{
    return dict->n_slots * sizeof(*dict->slots) + dict->page.cap + dict->starts.cap;
}

/* ---- hashing ---- */

static inline uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * MIX1;
    return h ^ h >> 32;
}

static inline uint64_t finish(uint64_t h)
{
    h *= MIX2;
    return h ^ h >> 29;
}

static inline uint64_t hash_word(uint64_t word)
{
    return finish(mix(0, word));
}

/* Up to eight bytes as one number, length apart. */
static inline uint64_t short_word(const uint8_t *p, size_t len)
{
    if (len >= 4)
        return dwi_le32(p) | (uint64_t)dwi_le32(p + len - 4) << 32;
    if (len > 0)
        return (uint64_t)p[0] | (uint64_t)p[len / 2] << 8 | (uint64_t)p[len - 1] << 16;
    return 0;
}

static inline uint64_t hash_bytes(const uint8_t *p, size_t len)
{
    uint64_t h = len;
    uint64_t g = MIX2; /* a second lane: neither waits for the other's multiplication */
    size_t i = 0;

    if (len <= 8)
        return finish(mix(h, short_word(p, len)));
    for (; i + 16 < len; i += 16) {
        h = mix(h, dwi_le64(p + i));
        g = mix(g, dwi_le64(p + i + 8));
    }
    if (i + 8 < len)
        h = mix(h, dwi_le64(p + i));
    return finish(mix(h ^ g, dwi_le64(p + len - 8)));
}

static inline bool same_bytes(const uint8_t *a, const uint8_t *b, size_t len)
{
    if (len <= 8)
        return short_word(a, len) == short_word(b, len);
    if (len > 48)
        return memcmp(a, b, len) == 0;
    for (size_t i = 0; i + 8 < len; i += 8)
        if (dwi_le64(a + i) != dwi_le64(b + i))
            return false;
    return dwi_le64(a + len - 8) == dwi_le64(b + len - 8);
}

/* ---- slots ---- */

static inline uint64_t slot_of(uint64_t hash, uint32_t index)
{
    return (hash & UINT64_C(0xFFFFFFFF00000000)) | (index + 1);
}

/* The high bits of the hash are in the slot; the place comes from them too, so that growing needs
 * no value. */
static inline size_t place_of(uint64_t slot, size_t n_slots)
{
    return (size_t)(slot >> 32) & (n_slots - 1);
}

static dw_status grow_slots(dwi_dict *dict, dw_error *err)
{
    size_t n_slots = dict->n_slots == 0 ? FIRST_SLOTS : dict->n_slots * 2;
    uint64_t *slots = dwi_alloc_zero(dict->alloc, n_slots * sizeof(*slots));

    if (slots == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < dict->n_slots; i++) {
        size_t at;
        if (dict->slots[i] == 0)
            continue;
        at = place_of(dict->slots[i], n_slots);
        while (slots[at] != 0)
            at = (at + 1) & (n_slots - 1);
        slots[at] = dict->slots[i];
    }
    dwi_free(dict->alloc, dict->slots, dict->n_slots * sizeof(*slots));
    dict->slots = slots;
    dict->n_slots = n_slots;
    return DW_OK;
}

static inline bool is_full(const dwi_dict *dict)
{
    return (size_t)dict->count * 2 >= dict->n_slots;
}

/* ---- fixed width ---- */

/* `width` is a constant where this is inlined. */
static inline bool same_fixed(const dwi_dict *dict, uint32_t index, const uint8_t *value,
                              size_t width)
{
    const uint8_t *entry = dict->page.data + (size_t)index * width;

    if (width == 4)
        return dwi_le32(entry) == dwi_le32(value);
    if (width == 8)
        return dwi_le64(entry) == dwi_le64(value);
    return same_bytes(entry, value, width);
}

static inline uint64_t hash_fixed(const uint8_t *value, size_t width)
{
    if (width == 4)
        return hash_word(dwi_le32(value));
    if (width == 8)
        return hash_word(dwi_le64(value));
    return hash_bytes(value, width);
}

static inline dw_status put_fixed(dwi_dict *dict, const uint8_t *values, size_t count, size_t width,
                                  uint32_t *out, dw_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *value = values + i * width;
        uint64_t hash = hash_fixed(value, width);
        size_t at;
        int probes = 0;
        if (is_full(dict) && grow_slots(dict, err) != DW_OK)
            return DW_E_NOMEM;
        at = place_of(hash, dict->n_slots);
        for (;; probes++) {
            uint64_t slot = dict->slots[at];
            if (slot == 0 || probes == MAX_PROBES) {
                if (slot == 0)
                    dict->slots[at] = slot_of(hash, dict->count);
                else
                    dict->repeats = true;
                dwi_buf_append(&dict->page, value, width);
                if (dict->page.failed)
                    return dwi_err_nomem(err);
                out[i] = dict->count++;
                break;
            }
            if (slot >> 32 == hash >> 32 && same_fixed(dict, (uint32_t)slot - 1, value, width)) {
                out[i] = (uint32_t)slot - 1;
                break;
            }
            at = (at + 1) & (dict->n_slots - 1);
        }
    }
    return DW_OK;
}

dw_status dwi_dict_put_fixed(dwi_dict *dict, const void *values, size_t count,
                             uint32_t *out_indices, dw_error *err)
{
    switch (dict->width) {
    case 4:
        return put_fixed(dict, values, count, 4, out_indices, err);
    case 8:
        return put_fixed(dict, values, count, 8, out_indices, err);
    default:
        return put_fixed(dict, values, count, dict->width, out_indices, err);
    }
}

/* ---- byte arrays ---- */

typedef struct key {
    uint64_t words[2]; /* the bytes, zeros behind */
} key;

#define ONES(bytes) (UINT64_MAX >> (64 - 8 * (bytes)))

/* The first `len` bytes, at most KEY_BYTES, of KEY_BYTES that can be read. */
static inline key load_key(const uint8_t *p, size_t len)
{
    static const uint64_t masks[KEY_BYTES + 1][2] = {
        {0, 0},
        {ONES(1), 0},
        {ONES(2), 0},
        {ONES(3), 0},
        {ONES(4), 0},
        {ONES(5), 0},
        {ONES(6), 0},
        {ONES(7), 0},
        {UINT64_MAX, 0},
        {UINT64_MAX, ONES(1)},
        {UINT64_MAX, ONES(2)},
        {UINT64_MAX, ONES(3)},
        {UINT64_MAX, ONES(4)},
        {UINT64_MAX, ONES(5)},
        {UINT64_MAX, ONES(6)},
        {UINT64_MAX, ONES(7)},
        {UINT64_MAX, UINT64_MAX},
    };

    return (key){{dwi_le64(p) & masks[len][0], dwi_le64(p + 8) & masks[len][1]}};
}

/* `readable`: how many bytes may be read at p. */
static inline key key_of(const uint8_t *p, size_t len, size_t readable)
{
    uint8_t copy[KEY_BYTES] = {0};

    if (readable >= KEY_BYTES)
        return load_key(p, len);
    memcpy(copy, p, len);
    return load_key(copy, len);
}

static inline const uint8_t *entry_at(const dwi_dict *dict, uint32_t index)
{
    return dict->page.data + dwi_le32(dict->starts.data + (size_t)index * sizeof(uint32_t));
}

static bool add_bytes(dwi_dict *dict, const uint8_t *data, size_t len)
{
    uint32_t start = (uint32_t)dict->page.len;
    uint8_t *out;

    /* KEY_BYTES more, so that the last entry can be read as a key. */
    if (!dwi_buf_reserve(&dict->page, LENGTH_BYTES + len + KEY_BYTES))
        return false;
    out = dict->page.data + dict->page.len;
    dwi_le32_put(out, (uint32_t)len);
    if (len > 0)
        memcpy(out + LENGTH_BYTES, data, len);
    memset(out + LENGTH_BYTES + len, 0, KEY_BYTES);
    dict->page.len += LENGTH_BYTES + len;
    dwi_buf_append(&dict->starts, &start, sizeof(start));
    dict->count++;
    return !dict->starts.failed;
}

/* A new entry; `at` is its slot when that is free. */
static dw_status add_entry(dwi_dict *dict, uint64_t hash, size_t at, const uint8_t *data,
                           size_t len, uint32_t *out, dw_error *err)
{
    if (dict->slots[at] == 0)
        dict->slots[at] = slot_of(hash, dict->count);
    else
        dict->repeats = true;
    *out = dict->count;
    return add_bytes(dict, data, len) ? DW_OK : dwi_err_nomem(err);
}

static inline dw_status put_short(dwi_dict *dict, const uint8_t *data, size_t len, size_t readable,
                                  uint32_t *out, dw_error *err)
{
    key k = key_of(data, len, readable);
    uint64_t hash = finish(mix(mix(len, k.words[0]), k.words[1]));
    size_t at = place_of(hash, dict->n_slots);

    for (int probes = 0;; probes++) {
        uint64_t slot = dict->slots[at];
        if (slot == 0 || probes == MAX_PROBES)
            return add_entry(dict, hash, at, data, len, out, err);
        if (slot >> 32 == hash >> 32) {
            const uint8_t *entry = entry_at(dict, (uint32_t)slot - 1);
            key other = load_key(entry + LENGTH_BYTES, len);
            if (((dwi_le32(entry) ^ len) | (other.words[0] ^ k.words[0]) |
                 (other.words[1] ^ k.words[1])) == 0) {
                *out = (uint32_t)slot - 1;
                return DW_OK;
            }
        }
        at = (at + 1) & (dict->n_slots - 1);
    }
}

static inline dw_status put_long(dwi_dict *dict, const uint8_t *data, size_t len, uint32_t *out,
                                 dw_error *err)
{
    uint64_t hash = hash_bytes(data, len);
    size_t at = place_of(hash, dict->n_slots);

    for (int probes = 0;; probes++) {
        uint64_t slot = dict->slots[at];
        if (slot == 0 || probes == MAX_PROBES)
            return add_entry(dict, hash, at, data, len, out, err);
        if (slot >> 32 == hash >> 32) {
            const uint8_t *entry = entry_at(dict, (uint32_t)slot - 1);
            if (dwi_le32(entry) == len && same_bytes(entry + LENGTH_BYTES, data, len)) {
                *out = (uint32_t)slot - 1;
                return DW_OK;
            }
        }
        at = (at + 1) & (dict->n_slots - 1);
    }
}

dw_status dwi_dict_put_bytes(dwi_dict *dict, const int32_t *offsets, const uint8_t *data,
                             const uint32_t *sel, size_t count, uint32_t *out_indices,
                             dw_error *err)
{
    int32_t end = count == 0 ? 0 : offsets[sel == NULL ? count : (size_t)sel[count - 1] + 1];
    dw_status status = DW_OK;

    for (size_t i = 0; i < count && status == DW_OK; i++) {
        size_t at = sel == NULL ? i : sel[i];
        size_t len = (size_t)(offsets[at + 1] - offsets[at]);
        const uint8_t *value = end == 0 ? (const uint8_t *)"" : data + offsets[at];
        if (is_full(dict) && grow_slots(dict, err) != DW_OK)
            return DW_E_NOMEM;
        if (len <= KEY_BYTES)
            status = put_short(dict, value, len, (size_t)(end - offsets[at]), &out_indices[i], err);
        else
            status = put_long(dict, value, len, &out_indices[i], err);
    }
    return status;
}

const uint8_t *dwi_dict_entry(const dwi_dict *dict, uint32_t index, size_t *out_len)
{
    const uint8_t *entry;

    if (dict->width > 0) {
        *out_len = dict->width;
        return dict->page.data + (size_t)index * dict->width;
    }
    entry = entry_at(dict, index);
    *out_len = LENGTH_BYTES + (size_t)dwi_le32(entry);
    return entry;
}
