/* SPDX-License-Identifier: Apache-2.0 */
#include "columns/variant_build.h"

#include <stdlib.h>
#include <string.h>

enum { OBJECT = 2, ARRAY = 3, SHORT_STRING = 1, MAX_SHORT_STRING = 63, VERSION = 1 };

void dwi_variant_builder_init(dwi_variant_builder *b, const dw_allocator *alloc)
{
    dwi_buf_init(&b->value, alloc);
    dwi_buf_init(&b->names, alloc);
    dwi_buf_init(&b->ends, alloc);
    dwi_buf_init(&b->out, alloc);
}

void dwi_variant_builder_done(dwi_variant_builder *b)
{
    dwi_buf_done(&b->value);
    dwi_buf_done(&b->names);
    dwi_buf_done(&b->ends);
    dwi_buf_done(&b->out);
}

void dwi_variant_builder_clear(dwi_variant_builder *b)
{
    dwi_buf_clear(&b->value);
    dwi_buf_clear(&b->names);
    dwi_buf_clear(&b->ends);
    dwi_buf_clear(&b->out);
}

dw_status dwi_variant_builder_status(const dwi_variant_builder *b, dw_error *err)
{
    if (b->value.failed || b->names.failed || b->ends.failed || b->out.failed)
        return dwi_err_nomem(err);
    return DW_OK;
}

static void put_number(dwi_buf *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        dwi_buf_append_byte(out, (uint8_t)(value >> (8 * i)));
}

static uint8_t header(int basic, unsigned more)
{
    return (uint8_t)((more << 2) | (unsigned)basic);
}

void dwi_variant_put(dwi_variant_builder *b, int type_id, const void *bytes, size_t len)
{
    dwi_buf_append_byte(&b->value, header(0, (unsigned)type_id));
    if (len > 0)
        dwi_buf_append(&b->value, bytes, len);
}

void dwi_variant_put_integer(dwi_variant_builder *b, int64_t value)
{
    static const struct {
        int type_id;
        size_t size;
    } sizes[] = {{3, 1}, {4, 2}, {5, 4}};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        int64_t limit = INT64_C(1) << (8 * sizes[i].size - 1);
        if (value >= -limit && value < limit) {
            dwi_variant_put(b, sizes[i].type_id, NULL, 0);
            put_number(&b->value, (uint64_t)value, sizes[i].size);
            return;
        }
    }
    dwi_variant_put(b, 6, NULL, 0);
    put_number(&b->value, (uint64_t)value, 8);
}

/* Whether |value| < 10^digits, for what fits 64 bits. */
static bool has_digits(const uint8_t value[16], int digits, int64_t *out)
{
    int64_t limit = 1;
    int64_t low;
    uint8_t sign;

    memcpy(&low, value, sizeof(low));
    sign = low < 0 ? 0xff : 0;
    for (int i = 8; i < 16; i++)
        if (value[i] != sign)
            return false;
    for (int i = 0; i < digits; i++)
        limit *= 10;
    *out = low;
    return low < limit && low > -limit;
}

void dwi_variant_put_decimal(dwi_variant_builder *b, const uint8_t value[16], int scale)
{
    const uint8_t scale_byte = (uint8_t)scale;
    int64_t small;

    if (scale <= 9 && has_digits(value, 9, &small)) {
        dwi_variant_put(b, 8, &scale_byte, 1);
        put_number(&b->value, (uint64_t)small, 4);
    } else if (scale <= 18 && has_digits(value, 18, &small)) {
        dwi_variant_put(b, 9, &scale_byte, 1);
        put_number(&b->value, (uint64_t)small, 8);
    } else {
        dwi_variant_put(b, 10, &scale_byte, 1);
        dwi_buf_append(&b->value, value, 16);
    }
}

void dwi_variant_put_text(dwi_variant_builder *b, dwi_sv text)
{
    if (text.len <= MAX_SHORT_STRING) {
        dwi_buf_append_byte(&b->value, header(SHORT_STRING, (unsigned)text.len));
    } else {
        dwi_variant_put(b, DWI_VARIANT_STRING, NULL, 0);
        put_number(&b->value, text.len, 4);
    }
    if (text.len > 0)
        dwi_buf_append(&b->value, text.ptr, text.len);
}

void dwi_variant_put_binary(dwi_variant_builder *b, dwi_sv bytes)
{
    dwi_variant_put(b, DWI_VARIANT_BINARY, NULL, 0);
    put_number(&b->value, bytes.len, 4);
    if (bytes.len > 0)
        dwi_buf_append(&b->value, bytes.ptr, bytes.len);
}

static size_t n_names(const dwi_variant_builder *b)
{
    return b->ends.len / sizeof(uint32_t);
}

static uint32_t end_of(const dwi_variant_builder *b, size_t i)
{
    uint32_t end;

    memcpy(&end, b->ends.data + i * sizeof(end), sizeof(end));
    return end;
}

void dwi_variant_name(dwi_variant_builder *b, dwi_sv name, size_t start, dwi_variant_field *out)
{
    size_t n = n_names(b);
    size_t at = 0;
    size_t i = 0;
    uint32_t end;

    for (; i < n; i++) {
        end = end_of(b, i);
        if (end - at == name.len &&
            (name.len == 0 || memcmp(b->names.data + at, name.ptr, name.len) == 0))
            break;
        at = end;
    }
    if (i == n) {
        if (name.len > 0)
            dwi_buf_append(&b->names, name.ptr, name.len);
        end = (uint32_t)b->names.len;
        dwi_buf_append(&b->ends, &end, sizeof(end));
    }
    *out = (dwi_variant_field){at, name.len, (uint32_t)i, b->value.len - start};
}

static size_t bytes_for(size_t value)
{
    return value <= 0xff ? 1 : value <= 0xffff ? 2 : value <= 0xffffff ? 3 : 4;
}

/* Sorting needs the names, which the standard comparison has no way to: insertion keeps equal ones
 * and small numbers of fields cheap. */
static void sort_fields(const dwi_variant_builder *b, dwi_variant_field *fields, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        dwi_variant_field moved = fields[i];
        dwi_sv name = {(const char *)b->names.data + moved.name_at, moved.name_len};
        size_t k = i;
        for (; k > 0; k--) {
            dwi_sv other = {(const char *)b->names.data + fields[k - 1].name_at,
                            fields[k - 1].name_len};
            if (dwi_sv_cmp(other, name) <= 0)
                break;
            fields[k] = fields[k - 1];
        }
        fields[k] = moved;
    }
}

/* Room for a head of `len` bytes before what was put since `start`; NULL when out of memory. */
static uint8_t *make_room(dwi_variant_builder *b, size_t start, size_t len)
{
    size_t moved = b->value.len - start;

    if (!dwi_buf_reserve(&b->value, len))
        return NULL;
    memmove(b->value.data + start + len, b->value.data + start, moved);
    b->value.len += len;
    return b->value.data + start;
}

static uint8_t *write_number(uint8_t *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        *at++ = (uint8_t)(value >> (8 * i));
    return at;
}

void dwi_variant_end_object(dwi_variant_builder *b, size_t start, dwi_variant_field *fields,
                            size_t n)
{
    size_t data = b->value.len - start;
    size_t count_size = n > 0xff ? 4 : 1;
    uint32_t max_id = 0;
    size_t id_size;
    size_t offset_size = bytes_for(data);
    uint8_t *at;

    if (b->value.failed || b->names.failed || b->ends.failed)
        return;
    for (size_t i = 0; i < n; i++)
        max_id = fields[i].id > max_id ? fields[i].id : max_id;
    id_size = bytes_for(max_id);
    sort_fields(b, fields, n);
    at = make_room(b, start, 1 + count_size + n * id_size + (n + 1) * offset_size);
    if (at == NULL)
        return;
    *at++ = header(OBJECT, (unsigned)((offset_size - 1) | ((id_size - 1) << 2) |
                                      (count_size == 4 ? 1U << 4 : 0)));
    at = write_number(at, n, count_size);
    for (size_t i = 0; i < n; i++)
        at = write_number(at, fields[i].id, id_size);
    for (size_t i = 0; i < n; i++)
        at = write_number(at, fields[i].value_at, offset_size);
    (void)write_number(at, data, offset_size);
}

void dwi_variant_end_array(dwi_variant_builder *b, size_t start, const size_t *begins, size_t n)
{
    size_t data = b->value.len - start;
    size_t count_size = n > 0xff ? 4 : 1;
    size_t offset_size = bytes_for(data);
    uint8_t *at = make_room(b, start, 1 + count_size + (n + 1) * offset_size);

    if (at == NULL || b->value.failed)
        return;
    *at++ = header(ARRAY, (unsigned)((offset_size - 1) | (count_size == 4 ? 1U << 2 : 0)));
    at = write_number(at, n, count_size);
    for (size_t i = 0; i < n; i++)
        at = write_number(at, begins[i], offset_size);
    (void)write_number(at, data, offset_size);
}

dwi_sv dwi_variant_metadata(dwi_variant_builder *b)
{
    size_t n = n_names(b);
    size_t size = bytes_for(b->names.len > n ? b->names.len : n);

    dwi_buf_clear(&b->out);
    dwi_buf_append_byte(&b->out, (uint8_t)(VERSION | ((size - 1) << 6)));
    put_number(&b->out, n, size);
    put_number(&b->out, 0, size);
    for (size_t i = 0; i < n; i++)
        put_number(&b->out, end_of(b, i), size);
    if (b->names.len > 0)
        dwi_buf_append(&b->out, b->names.data, b->names.len);
    return (dwi_sv){(const char *)b->out.data, b->out.len};
}

/* ---- taking one apart ---- */

static bool read_number(dwi_sv bytes, size_t at, size_t size, size_t *out)
{
    uint64_t value = 0;

    if (at > bytes.len || size > bytes.len - at)
        return false;
    for (size_t i = size; i > 0; i--)
        value = value << 8 | (uint8_t)bytes.ptr[at + i - 1];
    *out = (size_t)value;
    return true;
}

bool dwi_variant_is_container(dwi_sv value)
{
    return value.len > 0 && ((uint8_t)value.ptr[0] & 3) >= OBJECT;
}

bool dwi_variant_open(dwi_sv value, dwi_variant_parts *out)
{
    unsigned head = value.len == 0 ? 0 : (uint8_t)value.ptr[0];
    unsigned more = head >> 2;
    bool object = (head & 3) == OBJECT;
    size_t count_size = ((object ? more >> 4 : more >> 2) & 1) != 0 ? 4 : 1;
    dwi_variant_parts p = {.object = object, .whole = value, .offset_size = (more & 3) + 1};
    size_t n;

    if (!dwi_variant_is_container(value) || !read_number(value, 1, count_size, &n) || n > value.len)
        return false;
    p.n = (uint32_t)n;
    p.id_size = object ? ((more >> 2) & 3) + 1 : 0;
    p.ids = 1 + count_size;
    p.offsets = p.ids + n * p.id_size;
    p.values = p.offsets + (n + 1) * p.offset_size;
    if (p.values > value.len)
        return false;
    *out = p;
    return true;
}

bool dwi_variant_part(const dwi_variant_parts *parts, uint32_t i, dwi_sv *out)
{
    size_t offset;
    size_t room = parts->whole.len - parts->values;
    dwi_sv rest;

    if (!read_number(parts->whole, parts->offsets + i * parts->offset_size, parts->offset_size,
                     &offset) ||
        offset >= room)
        return false;
    rest = (dwi_sv){parts->whole.ptr + parts->values + offset, room - offset};
    rest.len = dwi_variant_length(rest, 0);
    *out = rest;
    return rest.len > 0;
}

bool dwi_variant_part_name(const dwi_variant_parts *parts, uint32_t i, dwi_sv metadata, dwi_sv *out)
{
    size_t size = metadata.len == 0 ? 1 : (((uint8_t)metadata.ptr[0] >> 6) & 3) + 1U;
    size_t id;
    size_t n;
    size_t from;
    size_t to;
    size_t strings;

    if (!read_number(parts->whole, parts->ids + i * parts->id_size, parts->id_size, &id) ||
        !read_number(metadata, 1, size, &n) || n > metadata.len || id >= n ||
        !read_number(metadata, 1 + size + id * size, size, &from) ||
        !read_number(metadata, 1 + size + (id + 1) * size, size, &to))
        return false;
    strings = 1 + size + (n + 1) * size;
    if (strings > metadata.len || from > to || to > metadata.len - strings)
        return false;
    *out = (dwi_sv){metadata.ptr + strings + from, to - from};
    return true;
}

/* Bytes after the head of a primitive; false: an unknown type. */
static bool primitive_length(dwi_sv bytes, unsigned type_id, size_t *out)
{
    static const uint8_t fixed[] = {0, 0, 0, 1, 2, 4, 8, 8, 5, 9, 17,
                                    4, 8, 8, 4, 0, 0, 8, 8, 8, 16};

    if (type_id == DWI_VARIANT_BINARY || type_id == DWI_VARIANT_STRING) {
        if (!read_number(bytes, 1, 4, out))
            return false;
        *out += 4;
        return true;
    }
    if (type_id >= sizeof(fixed))
        return false;
    *out = fixed[type_id];
    return true;
}

size_t dwi_variant_length(dwi_sv bytes, int depth)
{
    unsigned head = bytes.len == 0 ? 0 : (uint8_t)bytes.ptr[0];
    dwi_variant_parts parts;
    size_t len = 0;

    if (bytes.len == 0 || depth > DWI_VARIANT_MAX_DEPTH)
        return 0;
    if ((head & 3) == SHORT_STRING) {
        len = head >> 2;
    } else if ((head & 3) == 0) {
        if (!primitive_length(bytes, head >> 2, &len))
            return 0;
    } else {
        if (!dwi_variant_open(bytes, &parts) ||
            !read_number(bytes, parts.offsets + parts.n * parts.offset_size, parts.offset_size,
                         &len) ||
            len > bytes.len - parts.values)
            return 0;
        return parts.values + len;
    }
    return len < bytes.len ? len + 1 : 0;
}
