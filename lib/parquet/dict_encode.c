/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/dict_encode.h"

#include "base/alloc.h"
#include "parquet/dict_slots.h"

enum { FIRST_SLOTS = 1024, FEW = 1 << 12 };

void dwi_dict_init(dwi_dict *dict, size_t width, const dw_allocator *alloc)
{
    memset(dict, 0, sizeof(*dict));
    dict->alloc = alloc;
    dict->width = width;
    dict->spread = width != 4 && width != 8;
    dwi_buf_init(&dict->page, alloc);
    dwi_buf_init(&dict->entries, alloc);
}

void dwi_dict_done(dwi_dict *dict)
{
    if (dict->alloc == NULL)
        return;
    dwi_free(dict->alloc, dict->slots, dict->n_slots * sizeof(*dict->slots));
    dwi_free(dict->alloc, dict->direct, dict->n_direct * sizeof(*dict->direct));
    dwi_buf_done(&dict->page);
    dwi_buf_done(&dict->entries);
    dict->slots = NULL;
    dict->n_slots = 0;
    dict->direct = NULL;
    dict->n_direct = 0;
    dict->count = 0;
}

void dwi_dict_clear(dwi_dict *dict)
{
    if (dict->count > 0 && dict->slots != NULL)
        memset(dict->slots, 0, dict->n_slots * sizeof(*dict->slots));
    if (dict->count > 0 && dict->direct != NULL)
        memset(dict->direct, 0, dict->n_direct * sizeof(*dict->direct));
    dict->spread = dict->width != 4 && dict->width != 8;
    dict->count = 0;
    dict->repeats = false;
    dwi_buf_clear(&dict->page);
    dwi_buf_clear(&dict->entries);
}

size_t dwi_dict_bytes(const dwi_dict *dict)
{
    return dict->n_slots * sizeof(*dict->slots) + dict->n_direct * sizeof(*dict->direct) +
           dict->page.cap + dict->entries.cap;
}

/* ---- slots ---- */

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
        at = dwi_dict_place(dict->slots[i], n_slots);
        while (slots[at] != 0)
            at = (at + 1) & (n_slots - 1);
        slots[at] = dict->slots[i];
    }
    dwi_free(dict->alloc, dict->slots, dict->n_slots * sizeof(*slots));
    dict->slots = slots;
    dict->n_slots = n_slots;
    return DW_OK;
}

dw_status dwi_dict_make_room(dwi_dict *dict, size_t more, dw_error *err)
{
    size_t count = (size_t)dict->count + more;
    size_t wanted = count <= FEW ? count * 4 : count * 2;
    dw_status status = DW_OK;

    while (dict->n_slots < wanted)
        DWI_TRY(grow_slots(dict, err));
done:
    return status;
}

/* ---- fixed width ---- */

static inline uint64_t hash_bytes(const uint8_t *p, size_t len)
{
    uint64_t h = len ^ DWI_DICT_K2;
    size_t i = 0;

    for (; i + 8 <= len; i += 8)
        h = dwi_dict_fold(h ^ dwi_le64(p + i), DWI_DICT_K0);
    for (; i < len; i++)
        h = dwi_dict_fold(h ^ p[i], DWI_DICT_K1);
    return h;
}

static inline uint64_t hash_word(uint64_t word)
{
    return dwi_dict_fold(word ^ DWI_DICT_K1, DWI_DICT_K0);
}

/* `width` is a constant where these are inlined. */
static inline uint64_t hash_fixed(const uint8_t *value, size_t width)
{
    if (width == 4)
        return hash_word(dwi_le32(value));
    if (width == 8)
        return hash_word(dwi_le64(value));
    if (width == 16)
        return dwi_dict_fold(dwi_le64(value) ^ DWI_DICT_K0, dwi_le64(value + 8) ^ DWI_DICT_K1);
    return hash_bytes(value, width);
}

static inline bool same_fixed(const dwi_dict *dict, uint32_t index, const uint8_t *value,
                              size_t width)
{
    const uint8_t *entry = dict->page.data + (size_t)index * width;

    if (width == 4)
        return dwi_le32(entry) == dwi_le32(value);
    if (width == 8)
        return dwi_le64(entry) == dwi_le64(value);
    return memcmp(entry, value, width) == 0;
}

/* Room is there. */
static inline uint32_t add_fixed(dwi_dict *dict, const uint8_t *value, size_t width)
{
    memcpy(dict->page.data + dict->page.len, value, width);
    dict->page.len += width;
    return dict->count++;
}

static inline uint32_t find_fixed(dwi_dict *dict, uint64_t hash, const uint8_t *value, size_t width)
{
    size_t at = dwi_dict_place(hash, dict->n_slots);

    for (int probes = 0;; probes++) {
        uint64_t slot = dict->slots[at];
        if (slot >> 32 == hash >> 32 && slot != 0 &&
            same_fixed(dict, (uint32_t)slot - 1, value, width))
            return (uint32_t)slot - 1;
        if (slot == 0 || probes == DWI_DICT_MAX_PROBES) {
            if (slot == 0)
                dict->slots[at] = dwi_dict_slot(hash, dict->count);
            else
                dict->repeats = true;
            return add_fixed(dict, value, width);
        }
        at = (at + 1) & (dict->n_slots - 1);
    }
}

static inline dw_status put_fixed(dwi_dict *dict, const uint8_t *values, size_t count, size_t width,
                                  uint32_t *out, dw_error *err)
{
    uint64_t hashes[DWI_DICT_BLOCK];
    dw_status status = DW_OK;

    for (size_t i = 0; i < count; i += DWI_DICT_BLOCK) {
        const uint8_t *block = values + i * width;
        size_t n = count - i < DWI_DICT_BLOCK ? count - i : DWI_DICT_BLOCK;
        DWI_TRY(dwi_dict_make_room(dict, n, err));
        if (!dwi_buf_reserve(&dict->page, n * width))
            return dwi_err_nomem(err);
        for (size_t k = 0; k < n; k++) {
            hashes[k] = hash_fixed(block + k * width, width);
            __builtin_prefetch(&dict->slots[dwi_dict_place(hashes[k], dict->n_slots)]);
        }
        for (size_t k = 0; k < n; k++)
            out[i + k] = find_fixed(dict, hashes[k], block + k * width, width);
    }
done:
    return status;
}

static dw_status put_hashed(dwi_dict *dict, const uint8_t *values, size_t count, uint32_t *out,
                            dw_error *err)
{
    switch (dict->width) {
    case 4:
        return put_fixed(dict, values, count, 4, out, err);
    case 8:
        return put_fixed(dict, values, count, 8, out, err);
    case 16:
        return put_fixed(dict, values, count, 16, out, err);
    default:
        return put_fixed(dict, values, count, dict->width, out, err);
    }
}

/* ---- integers that are close together ---- */

/* An array of up to MOST_DIRECT is worth it for any values, a larger one for so many that a tenth
 * or more of it may come to be used. */
enum { MOST_DIRECT = 1 << 15, MOST_SPARSE = 1 << 18, SPARSE = 10, FIRST_DIRECT = 256 };

typedef struct range {
    int64_t min;
    int64_t max;
} range;

static range range_of(const uint8_t *values, size_t count, size_t width)
{
    range r = {INT64_MAX, INT64_MIN};

    if (width == 4) {
        int32_t min = INT32_MAX;
        int32_t max = INT32_MIN;
        for (size_t i = 0; i < count; i++) {
            int32_t v = (int32_t)dwi_le32(values + i * 4);
            min = v < min ? v : min;
            max = v > max ? v : max;
        }
        return (range){min, max};
    }
    for (size_t i = 0; i < count; i++) {
        int64_t v = (int64_t)dwi_le64(values + i * 8);
        r.min = v < r.min ? v : r.min;
        r.max = v > r.max ? v : r.max;
    }
    return r;
}

/* The array reaches from r.min to r.max; false in *out_fits: that is too far. */
static dw_status widen_direct(dwi_dict *dict, range r, size_t count, bool *out_fits, dw_error *err)
{
    size_t n = FIRST_DIRECT;
    uint64_t low = dict->low;
    uint64_t span;
    uint32_t *direct;

    *out_fits = true;
    if ((uint64_t)r.min - low < dict->n_direct && (uint64_t)r.max - low < dict->n_direct)
        return DW_OK;
    if (dict->count > 0) { /* what is there stays in */
        r.min = r.min < (int64_t)low ? r.min : (int64_t)low;
        r.max = r.max > (int64_t)(low + dict->n_direct - 1) ? r.max
                                                            : (int64_t)(low + dict->n_direct - 1);
    }
    span = (uint64_t)r.max - (uint64_t)r.min;
    *out_fits = span < MOST_DIRECT || (span < MOST_SPARSE && span / SPARSE <= count + dict->count);
    if (!*out_fits)
        return DW_OK;
    while (n <= span)
        n *= 2;
    low = (uint64_t)r.min;
    /* Room at both ends, but not past the ends of the numbers. */
    if (r.min >= INT64_MIN + MOST_SPARSE && r.max <= INT64_MAX - MOST_SPARSE)
        low -= (n - span - 1) / 2;
    else
        low = r.min < 0 ? low : (uint64_t)r.max - (n - 1);
    direct = dwi_alloc_zero(dict->alloc, n * sizeof(*direct));
    if (direct == NULL)
        return dwi_err_nomem(err);
    if (dict->count > 0)
        memcpy(direct + (dict->low - low), dict->direct, dict->n_direct * sizeof(*direct));
    dwi_free(dict->alloc, dict->direct, dict->n_direct * sizeof(*direct));
    dict->direct = direct;
    dict->n_direct = n;
    dict->low = low;
    return DW_OK;
}

/* `width` is a constant where this is inlined. */
static inline void put_direct(dwi_dict *dict, const uint8_t *values, size_t count, size_t width,
                              uint32_t *out)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *p = values + i * width;
        uint64_t value = width == 4 ? (uint64_t)(int64_t)(int32_t)dwi_le32(p) : dwi_le64(p);
        uint32_t *index = &dict->direct[value - dict->low];
        if (*index == 0)
            *index = add_fixed(dict, p, width) + 1;
        out[i] = *index - 1;
    }
}

/* From here on by hash: the entries so far get their slots. */
static dw_status leave_direct(dwi_dict *dict, dw_error *err)
{
    uint32_t count = dict->count;
    dw_status status;

    DWI_TRY(dwi_dict_make_room(dict, 1, err));
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *value = dict->page.data + (size_t)i * dict->width;
        uint64_t hash = dict->width == 4 ? hash_fixed(value, 4) : hash_fixed(value, 8);
        size_t at = dwi_dict_place(hash, dict->n_slots);
        while (dict->slots[at] != 0)
            at = (at + 1) & (dict->n_slots - 1);
        dict->slots[at] = dwi_dict_slot(hash, i);
    }
    dwi_free(dict->alloc, dict->direct, dict->n_direct * sizeof(*dict->direct));
    dict->direct = NULL;
    dict->n_direct = 0;
    dict->spread = true;
done:
    return status;
}

dw_status dwi_dict_put_fixed(dwi_dict *dict, const void *values, size_t count,
                             uint32_t *out_indices, dw_error *err)
{
    bool fits = false;
    dw_status status;

    if (count == 0)
        return DW_OK;
    if (!dict->spread) {
        DWI_TRY(widen_direct(dict, range_of(values, count, dict->width), count, &fits, err));
        if (!fits)
            DWI_TRY(leave_direct(dict, err));
    }
    if (!fits)
        return put_hashed(dict, values, count, out_indices, err);
    /* No more entries than places, however many values. */
    if (!dwi_buf_reserve(&dict->page, (dict->n_direct - dict->count) * dict->width))
        return dwi_err_nomem(err);
    if (dict->width == 4)
        put_direct(dict, values, count, 4, out_indices);
    else
        put_direct(dict, values, count, 8, out_indices);
done:
    return status;
}
