/* SPDX-License-Identifier: Apache-2.0 */
/* Dictionaries of byte arrays. An entry keeps its first sixteen bytes beside its place, so that
 * short values are compared without a look at the page. Large dictionaries are used in stages, each
 * of which fetches for a block of values what the next one reads. */
#include "parquet/dict_slots.h"

enum {
    LENGTH_BYTES = 4,
    KEY_BYTES = 16,
    ENDS_BYTES = 32,
    STAGED_COUNT = 4096,
    CACHE_LINE = 64,
    AHEAD_BYTES = 1024
};

/* The first one is no entry, so that slot 0 leads to something that equals no value. */
typedef struct dwi_dict_bytes_entry {
    uint64_t words[2]; /* the first bytes, zeros behind */
    uint32_t start;    /* of the length, in the page */
    uint32_t len;
} dwi_dict_bytes_entry;

/* Values as dwi_dict_put_bytes() gets them. */
typedef struct values {
    const int32_t *offsets;
    const uint8_t *data;
    const uint32_t *sel;
    int32_t end; /* of what can be read */
} values;

typedef struct key {
    const uint8_t *data;
    uint64_t words[2];
    uint32_t len;
} key;

static inline const dwi_dict_bytes_entry *entry_at(const dwi_dict *dict, uint32_t slot)
{
    return (const dwi_dict_bytes_entry *)(const void *)dict->entries.data + slot;
}

#define ONES(bytes) (UINT64_MAX >> (64 - 8 * (bytes)))

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

/* Of a value of up to KEY_BYTES, where KEY_BYTES can be read at p. */
static inline key short_key(const uint8_t *p, uint32_t len)
{
    return (key){p, {dwi_le64(p) & masks[len][0], dwi_le64(p + 8) & masks[len][1]}, len};
}

static inline key long_key(const uint8_t *p, uint32_t len)
{
    return (key){p, {dwi_le64(p), dwi_le64(p + 8)}, len};
}

static inline uint64_t hash_words(const key *k)
{
    return dwi_dict_fold(k->words[0] ^ DWI_DICT_K0, k->words[1] ^ DWI_DICT_K1);
}

/* What lies between the ends of a value that is longer than ENDS_BYTES. */
static inline uint64_t hash_middle(const uint8_t *p, size_t len)
{
    uint64_t a = DWI_DICT_K0;
    uint64_t b = DWI_DICT_K1; /* a second lane: neither waits for the other's multiplication */
    size_t i = KEY_BYTES;

    for (; i + 48 < len; i += 32) {
        a = dwi_dict_fold(dwi_le64(p + i) ^ a, dwi_le64(p + i + 8) ^ DWI_DICT_K2);
        b = dwi_dict_fold(dwi_le64(p + i + 16) ^ b, dwi_le64(p + i + 24) ^ DWI_DICT_K2);
    }
    for (; i + 16 < len; i += 16)
        a = dwi_dict_fold(dwi_le64(p + i) ^ a, dwi_le64(p + i + 8) ^ DWI_DICT_K2);
    return a + b;
}

static inline uint64_t hash_long(const key *k)
{
    const uint8_t *tail = k->data + k->len - KEY_BYTES;
    uint64_t h = hash_words(k) + dwi_dict_fold(dwi_le64(tail) ^ DWI_DICT_K2 ^ k->len,
                                               dwi_le64(tail + 8) ^ DWI_DICT_K0);

    return k->len > ENDS_BYTES ? h + hash_middle(k->data, k->len) : h;
}

static inline bool same_start(const dwi_dict_bytes_entry *e, const key *k)
{
    return ((e->len ^ k->len) | (e->words[0] ^ k->words[0]) | (e->words[1] ^ k->words[1])) == 0;
}

static inline uint64_t differ_at(const uint8_t *a, const uint8_t *b, size_t at)
{
    return (dwi_le64(a + at) ^ dwi_le64(b + at)) | (dwi_le64(a + at + 8) ^ dwi_le64(b + at + 8));
}

/* Of two values of one length that are longer than KEY_BYTES. Most that get here are the same: no
 * branch before all is seen. */
static inline bool same_rest(const dwi_dict *dict, const dwi_dict_bytes_entry *e, const key *k)
{
    const uint8_t *a = dict->page.data + e->start + LENGTH_BYTES;
    const uint8_t *b = k->data;
    uint64_t differ = differ_at(a, b, k->len - 16);

    for (size_t i = KEY_BYTES; i + 16 < k->len; i += 16)
        differ |= differ_at(a, b, i);
    return differ == 0;
}

static inline bool same(const dwi_dict *dict, const dwi_dict_bytes_entry *e, const key *k)
{
    return same_start(e, k) && (k->len <= KEY_BYTES || same_rest(dict, e, k));
}

/* Room for the entry is there, but not for its bytes. */
static bool add_entry(dwi_dict *dict, const key *k)
{
    dwi_dict_bytes_entry e = {
        .words = {k->words[0], k->words[1]}, .start = (uint32_t)dict->page.len, .len = k->len};
    uint8_t *out;

    if (!dwi_buf_reserve(&dict->page, LENGTH_BYTES + (size_t)k->len + DWI_DICT_SLACK))
        return false;
    out = dict->page.data + dict->page.len;
    dwi_le32_put(out, k->len);
    if (k->len <= KEY_BYTES)
        memcpy(out + LENGTH_BYTES, k->words, k->len);
    else
        memcpy(out + LENGTH_BYTES, k->data, k->len);
    dict->page.len += LENGTH_BYTES + (size_t)k->len;
    memcpy(dict->entries.data + dict->entries.len, &e, sizeof(e));
    dict->entries.len += sizeof(e);
    dict->count++;
    return true;
}

static __attribute__((noinline)) bool find_or_add(dwi_dict *dict, uint64_t hash, const key *k,
                                                  uint32_t *out)
{
    size_t at = dwi_dict_place(hash, dict->n_slots);

    for (int probes = 0;; probes++) {
        uint64_t slot = dict->slots[at];
        if (slot != 0 && slot >> 32 == hash >> 32 &&
            same(dict, entry_at(dict, (uint32_t)slot), k)) {
            *out = (uint32_t)slot - 1;
            return true;
        }
        if (slot == 0 || probes == DWI_DICT_MAX_PROBES) {
            if (slot == 0)
                dict->slots[at] = dwi_dict_slot(hash, dict->count);
            else
                dict->repeats = true;
            *out = dict->count;
            return add_entry(dict, k);
        }
        at = (at + 1) & (dict->n_slots - 1);
    }
}

/* ---- blocks of values ---- */

/* The likely one of the first two slots, without a branch to guess. */
static inline uint32_t slot_at(const dwi_dict *dict, uint64_t hash)
{
    size_t at = dwi_dict_place(hash, dict->n_slots);
    uint64_t first = dict->slots[at];
    uint64_t second = dict->slots[(at + 1) & (dict->n_slots - 1)];

    return (uint32_t)(first >> 32 == hash >> 32 ? first : second);
}

/* Value i begins at *out_at; its length. */
static inline uint32_t place_of_value(const values *v, size_t i, int32_t *out_at)
{
    size_t at = v->sel == NULL ? i : v->sel[i];

    *out_at = v->offsets[at];
    return (uint32_t)(v->offsets[at + 1] - v->offsets[at]);
}

/* Values come one behind the other, but the machine does not look ahead past a page of memory. An
 * address behind the last of them does no harm. */
static inline void prefetch_ahead(const uint8_t *p)
{
    __builtin_prefetch((const void *)((uintptr_t)p + AHEAD_BYTES));
}

static bool put_short(dwi_dict *dict, const values *v, size_t first, size_t n, uint32_t *out)
{
    for (size_t i = 0; i < n; i++) {
        int32_t at;
        uint32_t len = place_of_value(v, first + i, &at);
        key k = short_key(v->data + at, len);
        uint64_t hash = hash_words(&k);
        uint32_t slot = slot_at(dict, hash);
        out[i] = slot - 1;
        if (!same_start(entry_at(dict, slot), &k) && !find_or_add(dict, hash, &k, &out[i]))
            return false;
    }
    return true;
}

static inline key any_key(const uint8_t *p, uint32_t len)
{
    return len > KEY_BYTES ? long_key(p, len) : short_key(p, len);
}

static inline uint64_t hash_any(const key *k)
{
    return k->len > KEY_BYTES ? hash_long(k) : hash_words(k);
}

static bool put_long(dwi_dict *dict, const values *v, size_t first, size_t n, uint32_t *out)
{
    for (size_t i = 0; i < n; i++) {
        int32_t at;
        uint32_t len = place_of_value(v, first + i, &at);
        key k = any_key(v->data + at, len);
        prefetch_ahead(v->data + at);
        uint64_t hash = hash_any(&k);
        uint32_t slot = slot_at(dict, hash);
        out[i] = slot - 1;
        if (!same(dict, entry_at(dict, slot), &k) && !find_or_add(dict, hash, &k, &out[i]))
            return false;
    }
    return true;
}

/* The same in stages, where a slot or an entry is likely not in the cache. */
static bool put_staged(dwi_dict *dict, const values *v, size_t first, size_t n, uint32_t *out)
{
    uint64_t hashes[DWI_DICT_BLOCK];
    int32_t at;

    for (size_t i = 0; i < n; i++) {
        uint32_t len = place_of_value(v, first + i, &at);
        key k = any_key(v->data + at, len);
        prefetch_ahead(v->data + at);
        hashes[i] = hash_any(&k);
        __builtin_prefetch(&dict->slots[dwi_dict_place(hashes[i], dict->n_slots)]);
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = slot_at(dict, hashes[i]);
        __builtin_prefetch(entry_at(dict, out[i]));
    }
    for (size_t i = 0; i < n; i++) {
        const uint8_t *bytes = dict->page.data + entry_at(dict, out[i])->start;
        __builtin_prefetch(bytes);
        __builtin_prefetch(bytes + CACHE_LINE);
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t len = place_of_value(v, first + i, &at);
        key k = any_key(v->data + at, len);
        uint32_t slot = out[i];
        out[i] = slot - 1;
        if (!same(dict, entry_at(dict, slot), &k) && !find_or_add(dict, hashes[i], &k, &out[i]))
            return false;
    }
    return true;
}

/* One value of which too little can be read for the others' way. */
static bool put_last(dwi_dict *dict, const values *v, size_t i, uint32_t *out)
{
    uint8_t copy[KEY_BYTES] = {0};
    int32_t at;
    uint32_t len = place_of_value(v, i, &at);
    key k;

    if (len > 0)
        memcpy(copy, v->data + at, len);
    k = short_key(copy, len);
    return find_or_add(dict, hash_words(&k), &k, out);
}

static bool put_block(dwi_dict *dict, const values *v, size_t first, size_t n, uint32_t *out)
{
    uint32_t longest = 0;
    size_t whole = n;
    int32_t at;
    bool good;

    for (size_t i = 0; i < n; i++) {
        uint32_t len = place_of_value(v, first + i, &at);
        longest = len > longest ? len : longest;
    }
    for (; whole > 0; whole--) {
        (void)place_of_value(v, first + whole - 1, &at);
        if (v->end - at >= KEY_BYTES)
            break;
    }
    if (dict->count >= STAGED_COUNT)
        good = put_staged(dict, v, first, whole, out);
    else if (longest > KEY_BYTES)
        good = put_long(dict, v, first, whole, out);
    else
        good = put_short(dict, v, first, whole, out);
    for (size_t i = whole; good && i < n; i++)
        good = put_last(dict, v, first + i, &out[i]);
    return good;
}

dw_status dwi_dict_put_bytes(dwi_dict *dict, const int32_t *offsets, const uint8_t *data,
                             const uint32_t *sel, size_t count, uint32_t *out_indices,
                             dw_error *err)
{
    const dwi_dict_bytes_entry none = {.len = UINT32_MAX};
    values v = {offsets, data, sel, 0};
    dw_status status = DW_OK;

    if (count == 0)
        return DW_OK;
    v.end = offsets[sel == NULL ? count : (size_t)sel[count - 1] + 1];
    if (dict->entries.len == 0)
        dwi_buf_append(&dict->entries, &none, sizeof(none));
    for (size_t i = 0; i < count; i += DWI_DICT_BLOCK) {
        size_t n = count - i < DWI_DICT_BLOCK ? count - i : DWI_DICT_BLOCK;
        DWI_TRY(dwi_dict_make_room(dict, n, err));
        if (!dwi_buf_reserve(&dict->entries, n * sizeof(dwi_dict_bytes_entry)) ||
            !put_block(dict, &v, i, n, out_indices + i))
            return dwi_err_nomem(err);
    }
done:
    return status;
}

const uint8_t *dwi_dict_entry(const dwi_dict *dict, uint32_t index, size_t *out_len)
{
    const dwi_dict_bytes_entry *e;

    if (dict->width > 0) {
        *out_len = dict->width;
        return dict->page.data + (size_t)index * dict->width;
    }
    e = entry_at(dict, index + 1);
    *out_len = LENGTH_BYTES + (size_t)e->len;
    return dict->page.data + e->start;
}
