/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/flat.h"

int64_t flat_le(const uint8_t *bytes, int width)
{
    uint64_t value = 0;

    for (int i = 0; i < width; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    switch (width) {
    case 1:
        return (int8_t)value;
    case 2:
        return (int16_t)value;
    case 4:
        return (int32_t)value;
    default:
        return (int64_t)value;
    }
}

static bool has(const struct flat *t, size_t at, size_t len)
{
    return at <= t->size && len <= t->size - at;
}

/* The table at `at`, when its vtable lies in the buffer. */
static struct flat table_at(const void *bytes, size_t size, size_t at)
{
    struct flat t = {bytes, size, at};
    const struct flat none = {NULL, 0, 0};
    int64_t vtable;

    if (bytes == NULL || !has(&t, at, 4))
        return none;
    vtable = (int64_t)at - flat_le(t.bytes + at, 4);
    if (vtable < 0 || !has(&t, (size_t)vtable, 4))
        return none;
    return has(&t, (size_t)vtable, (size_t)(uint16_t)flat_le(t.bytes + vtable, 2)) ? t : none;
}

struct flat flat_root(const void *bytes, size_t size)
{
    const struct flat none = {NULL, 0, 0};

    if (size < 4)
        return none;
    return table_at(bytes, size, (size_t)(uint32_t)flat_le(bytes, 4));
}

/* Where the field's value is; 0: it is not set. */
static size_t place_of(const struct flat *t, int field, size_t len)
{
    size_t vtable;
    size_t vtable_size;
    size_t slot = 4 + 2 * (size_t)field;
    size_t offset;

    if (t->bytes == NULL)
        return 0;
    vtable = (size_t)((int64_t)t->table - flat_le(t->bytes + t->table, 4));
    vtable_size = (uint16_t)flat_le(t->bytes + vtable, 2);
    if (slot + 2 > vtable_size)
        return 0;
    offset = (uint16_t)flat_le(t->bytes + vtable + slot, 2);
    return offset == 0 || !has(t, t->table + offset, len) ? 0 : t->table + offset;
}

int64_t flat_int(const struct flat *t, int field, int width, int64_t fallback)
{
    size_t at = place_of(t, field, (size_t)width);

    return at == 0 ? fallback : flat_le(t->bytes + at, width);
}

/* What a field of offsets points at; 0: nothing. */
static size_t target_of(const struct flat *t, size_t at)
{
    size_t to;

    if (at == 0)
        return 0;
    to = at + (uint32_t)flat_le(t->bytes + at, 4);
    return to < t->size ? to : 0;
}

struct flat flat_table(const struct flat *t, int field)
{
    const struct flat none = {NULL, 0, 0};
    size_t to = target_of(t, place_of(t, field, 4));

    return to == 0 ? none : table_at(t->bytes, t->size, to);
}

struct flat_vector flat_vector(const struct flat *t, int field, size_t item_size)
{
    const struct flat_vector none = {NULL, 0, 0};
    size_t to = target_of(t, place_of(t, field, 4));
    size_t count;

    if (to == 0 || !has(t, to, 4))
        return none;
    count = (uint32_t)flat_le(t->bytes + to, 4);
    if (count > (t->size - to - 4) / item_size)
        return none;
    return (struct flat_vector){t->bytes + to + 4, count, to + 4};
}

struct flat flat_vector_table(const struct flat *t, const struct flat_vector *tables, size_t i)
{
    const struct flat none = {NULL, 0, 0};
    size_t to = target_of(t, tables->at + 4 * i);

    return to == 0 ? none : table_at(t->bytes, t->size, to);
}

bool flat_string(const struct flat *t, int field, const char **out_text, size_t *out_len)
{
    struct flat_vector v = flat_vector(t, field, 1);

    *out_text = (const char *)v.items;
    *out_len = v.count;
    return v.items != NULL;
}
