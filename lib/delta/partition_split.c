/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/partition_split.h"

#include <assert.h>

#define HASH_FACTOR UINT64_C(0x9E3779B97F4A7C15)

enum { FIRST_SLOTS = 256 };

void dwi_partition_split_init(dwi_partition_split *split, const dw_allocator *alloc)
{
    memset(split, 0, sizeof(*split));
    dwi_buf_init(&split->group_buf, alloc);
    dwi_buf_init(&split->row_buf, alloc);
    dwi_buf_init(&split->hash_buf, alloc);
    dwi_buf_init(&split->group_of_buf, alloc);
    dwi_buf_init(&split->slot_buf, alloc);
}

void dwi_partition_split_done(dwi_partition_split *split)
{
    dwi_buf_done(&split->group_buf);
    dwi_buf_done(&split->row_buf);
    dwi_buf_done(&split->hash_buf);
    dwi_buf_done(&split->group_of_buf);
    dwi_buf_done(&split->slot_buf);
}

/* ---- one value ---- */

static dwi_sv bytes_at(const dwi_vec *vec, uint32_t row)
{
    int64_t at = vec->offset + row;
    size_t len = (size_t)(vec->offsets[at + 1] - vec->offsets[at]);

    /* without any text there may be no data at all */
    return (dwi_sv){len == 0 ? "" : (const char *)vec->data + vec->offsets[at], len};
}

/* A value of fixed width as bits that are equal just when the texts are. */
static void bits_at(const dwi_vec *vec, uint32_t row, uint64_t out[2])
{
    size_t width = dwi_type_width(vec->type);
    double wide;
    float narrow;

    out[0] = 0;
    out[1] = 0;
    if (vec->type->kind == DWI_BOOLEAN) {
        out[0] = dwi_bit_get(vec->values, vec->offset + row);
        return;
    }
    memcpy(out, (const uint8_t *)vec->values + (size_t)(vec->offset + row) * width, width);
    memcpy(&wide, out, sizeof(wide));
    memcpy(&narrow, out, sizeof(narrow));
    if ((vec->type->kind == DWI_DOUBLE && wide != wide) ||
        (vec->type->kind == DWI_FLOAT && narrow != narrow))
        out[0] = UINT64_MAX; /* itself a NaN of either type, and no other value's bits */
}

static bool is_null(const dwi_vec *vec, uint32_t row)
{
    return !dwi_vec_is_valid(vec, row) ||
           (dwi_type_is_bytes(vec->type) && bytes_at(vec, row).len == 0);
}

static bool equal_at(const dwi_vec *vec, uint32_t a, uint32_t b)
{
    uint64_t bits[2][2];
    bool null = is_null(vec, a);

    if (null || is_null(vec, b))
        return null == is_null(vec, b);
    if (dwi_type_is_bytes(vec->type))
        return dwi_sv_eq(bytes_at(vec, a), bytes_at(vec, b));
    bits_at(vec, a, bits[0]);
    bits_at(vec, b, bits[1]);
    return bits[0][0] == bits[1][0] && bits[0][1] == bits[1][1];
}

static bool rows_equal(const dwi_vec *columns, size_t n, uint32_t a, uint32_t b)
{
    for (size_t i = 0; i < n; i++)
        if (!equal_at(&columns[i], a, b))
            return false;
    return true;
}

/* ---- many rows ---- */

/* Neighbours are compared as memory shifted by one value, which is as fast as memory is. */
static bool fixed_is_constant(const dwi_vec *vec, uint32_t first, uint32_t count)
{
    size_t width = dwi_type_width(vec->type);
    const uint8_t *at = (const uint8_t *)vec->values + (size_t)(vec->offset + first) * width;

    return memcmp(at, at + width, (count - 1) * width) == 0;
}

static bool bytes_are_constant(const dwi_vec *vec, uint32_t first, uint32_t count)
{
    const int32_t *offsets = vec->offsets + vec->offset + first;
    int32_t len = offsets[1] - offsets[0];

    for (uint32_t i = 1; i < count; i++)
        if (offsets[i + 1] - offsets[i] != len)
            return false;
    return len == 0 ||
           memcmp(vec->data + offsets[0], vec->data + offsets[1], (size_t)len * (count - 1)) == 0;
}

static bool is_constant(const dwi_vec *vec, uint32_t first, uint32_t count)
{
    if (count < 2)
        return true;
    if (vec->validity == NULL && vec->type->kind != DWI_BOOLEAN) {
        if (dwi_type_is_bytes(vec->type))
            return bytes_are_constant(vec, first, count);
        if (fixed_is_constant(vec, first, count))
            return true;
        if (vec->type->kind != DWI_FLOAT && vec->type->kind != DWI_DOUBLE)
            return false;
    }
    for (uint32_t i = 1; i < count; i++)
        if (!equal_at(vec, first, first + i))
            return false;
    return true;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * HASH_FACTOR;
    return hash ^ (hash >> 32);
}

static uint64_t hash_at(const dwi_vec *vec, uint32_t row, uint64_t hash)
{
    uint64_t bits[2];
    dwi_sv bytes;

    if (is_null(vec, row))
        return mix(hash, HASH_FACTOR);
    if (dwi_type_is_bytes(vec->type)) {
        bytes = bytes_at(vec, row);
        return dwi_hash(bytes.ptr, bytes.len, hash);
    }
    bits_at(vec, row, bits);
    return mix(mix(hash, bits[0]), bits[1]);
}

/* Common widths without nulls go without a question at each row. */
#define HASH_WIDTH(type_)                                                                          \
    do {                                                                                           \
        const type_ *values = (const type_ *)vec->values + vec->offset + first;                    \
        for (uint32_t i = 0; i < count; i++)                                                       \
            hashes[i] = mix(hashes[i], (uint64_t)values[i]);                                       \
    } while (0)

static void hash_column(const dwi_vec *vec, uint32_t first, uint32_t count, uint64_t *hashes)
{
    if (vec->validity == NULL) {
        switch (vec->type->kind) {
        case DWI_INTEGER:
        case DWI_DATE:
            HASH_WIDTH(int32_t);
            return;
        case DWI_LONG:
        case DWI_TIMESTAMP:
        case DWI_TIMESTAMP_NTZ:
            HASH_WIDTH(int64_t);
            return;
        default:
            break;
        }
    }
    for (uint32_t i = 0; i < count; i++)
        hashes[i] = hash_at(vec, first + i, hashes[i]);
}

static bool set_size(dwi_buf *buf, size_t bytes)
{
    dwi_buf_clear(buf);
    if (!dwi_buf_reserve(buf, bytes)) {
        buf->failed = false;
        return false;
    }
    buf->len = bytes;
    return true;
}

static dwi_split_group *groups_of(dwi_partition_split *split)
{
    return (dwi_split_group *)(void *)split->group_buf.data;
}

/* Twice the slots, all groups put in anew. */
static bool grow_slots(dwi_partition_split *split, size_t n_slots)
{
    const dwi_split_group *groups = groups_of(split);
    uint32_t *slots;

    if (!set_size(&split->slot_buf, n_slots * sizeof(*slots)))
        return false;
    slots = (uint32_t *)(void *)split->slot_buf.data;
    memset(slots, 0, n_slots * sizeof(*slots));
    for (size_t i = 0; i < split->n_groups; i++) {
        size_t at = groups[i].hash & (n_slots - 1);
        while (slots[at] != 0)
            at = (at + 1) & (n_slots - 1);
        slots[at] = (uint32_t)i + 1;
    }
    return true;
}

static bool add_group(dwi_partition_split *split, uint64_t hash, uint32_t first)
{
    dwi_split_group group = {.hash = hash, .first = first};

    dwi_buf_append(&split->group_buf, &group, sizeof(group));
    if (split->group_buf.failed) {
        split->group_buf.failed = false;
        return false;
    }
    split->n_groups++;
    return true;
}

/* The group of a row, made when it is the first of its kind; UINT32_MAX when out of memory. */
static uint32_t find_group(dwi_partition_split *split, const dwi_vec *columns, size_t n_columns,
                           uint64_t hash, uint32_t row)
{
    size_t n_slots = split->slot_buf.len / sizeof(uint32_t);
    uint32_t *slots = (uint32_t *)(void *)split->slot_buf.data;
    size_t at = hash & (n_slots - 1);

    for (; slots[at] != 0; at = (at + 1) & (n_slots - 1)) {
        const dwi_split_group *group = &groups_of(split)[slots[at] - 1];
        if (group->hash == hash && rows_equal(columns, n_columns, group->first, row))
            return slots[at] - 1;
    }
    if (!add_group(split, hash, row))
        return UINT32_MAX;
    slots[at] = (uint32_t)split->n_groups;
    if (2 * split->n_groups > n_slots && !grow_slots(split, 2 * n_slots))
        return UINT32_MAX;
    return (uint32_t)split->n_groups - 1;
}

static bool assign_groups(dwi_partition_split *split, const dwi_vec *columns, size_t n_columns,
                          uint32_t first, uint32_t count)
{
    const uint64_t *hashes = (const uint64_t *)(const void *)split->hash_buf.data;
    uint32_t *group_of = (uint32_t *)(void *)split->group_of_buf.data;

    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && hashes[i] == hashes[i - 1] &&
            rows_equal(columns, n_columns, first + i - 1, first + i))
            group_of[i] = group_of[i - 1];
        else
            group_of[i] = find_group(split, columns, n_columns, hashes[i], first + i);
        if (group_of[i] == UINT32_MAX)
            return false;
        groups_of(split)[group_of[i]].count++;
    }
    return true;
}

/* A counting sort, which keeps the order of rows. */
static void sort_rows(dwi_partition_split *split, uint32_t first, uint32_t count)
{
    const uint32_t *group_of = (const uint32_t *)(const void *)split->group_of_buf.data;
    uint32_t *rows = (uint32_t *)(void *)split->row_buf.data;
    dwi_split_group *groups = groups_of(split);
    uint32_t start = 0;

    for (size_t g = 0; g < split->n_groups; g++) {
        groups[g].start = start;
        start += groups[g].count;
        groups[g].count = 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        dwi_split_group *group = &groups[group_of[i]];
        rows[group->start + group->count++] = first + i;
    }
    split->rows = rows;
}

dw_status dwi_partition_split_rows(dwi_partition_split *split, const dwi_vec *columns,
                                   size_t n_columns, uint32_t first, uint32_t count, dw_error *err)
{
    bool constant = true;
    uint64_t *hashes;

    assert(count > 0 && count <= DWI_SPLIT_ROWS);
    split->n_groups = 0;
    dwi_buf_clear(&split->group_buf);
    for (size_t i = 0; i < n_columns && constant; i++)
        constant = is_constant(&columns[i], first, count);
    if (constant) {
        if (!add_group(split, 0, first))
            return dwi_err_nomem(err);
        groups_of(split)->count = count;
        split->groups = groups_of(split);
        return DW_OK;
    }
    if (!set_size(&split->hash_buf, count * sizeof(uint64_t)) ||
        !set_size(&split->group_of_buf, count * sizeof(uint32_t)) ||
        !set_size(&split->row_buf, count * sizeof(uint32_t)) || !grow_slots(split, FIRST_SLOTS))
        return dwi_err_nomem(err);
    hashes = (uint64_t *)(void *)split->hash_buf.data;
    memset(hashes, 0, count * sizeof(*hashes));
    for (size_t i = 0; i < n_columns; i++)
        hash_column(&columns[i], first, count, hashes);
    if (!assign_groups(split, columns, n_columns, first, count))
        return dwi_err_nomem(err);
    sort_rows(split, first, count);
    split->groups = groups_of(split);
    return DW_OK;
}

void dwi_partition_key_append(dwi_buf *out, const dwi_vec *columns, size_t n_columns, uint32_t row)
{
    for (size_t i = 0; i < n_columns; i++) {
        const dwi_vec *vec = &columns[i];
        bool null = is_null(vec, row);
        dwi_buf_append_byte(out, null ? 0 : 1);
        if (null)
            continue;
        if (dwi_type_is_bytes(vec->type)) {
            dwi_sv bytes = bytes_at(vec, row);
            uint32_t len = (uint32_t)bytes.len;
            dwi_buf_append(out, &len, sizeof(len));
            dwi_buf_append(out, bytes.ptr, bytes.len);
        } else {
            uint64_t bits[2];
            bits_at(vec, row, bits);
            dwi_buf_append(out, bits, sizeof(bits));
        }
    }
}
