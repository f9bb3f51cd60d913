/* SPDX-License-Identifier: Apache-2.0 */
/* Values are looked at in groups of eight. Groups of one value, enough of them in a row, become a
 * repeated run; all between is one bit-packed run. The last group is filled up with zeros. */
#include "parquet/rle_encode.h"

#include "base/le.h"

enum { GROUP = 8, VARINT_MAX = 10, SLACK = 8 };

unsigned dwi_rle_width(uint64_t max)
{
    unsigned width = 0;

    while (max >> width != 0)
        width++;
    return width;
}

static void put_header(dwi_buf *out, uint64_t v)
{
    while (v >= 0x80) {
        dwi_buf_append_byte(out, (uint8_t)(v | 0x80));
        v >>= 7;
    }
    dwi_buf_append_byte(out, (uint8_t)v);
}

void dwi_rle_encode_run(dwi_buf *out, uint32_t value, size_t count, unsigned width)
{
    uint8_t bytes[4];

    if (count == 0)
        return;
    dwi_le32_put(bytes, value);
    put_header(out, (uint64_t)count << 1);
    dwi_buf_append(out, bytes, (width + 7) / 8);
}

/* A repeated run must save what it costs: its own header and value, and the next run's header. */
static size_t min_run_groups(unsigned width)
{
    return width == 1 ? 6 : width <= 4 ? 2 : 1;
}

/* Eight values into `width` bytes; up to four bytes after them are overwritten. */
static inline void pack_group(const uint32_t *v, uint8_t *out, unsigned width)
{
    uint64_t acc = 0;
    unsigned bits = 0;

    for (unsigned i = 0; i < GROUP; i++) {
        acc |= (uint64_t)v[i] << bits;
        bits += width;
        if (bits >= 32) {
            dwi_le32_put(out, (uint32_t)acc);
            out += 4;
            acc >>= 32;
            bits -= 32;
        }
    }
    dwi_le32_put(out, (uint32_t)acc);
}

/* With `width` a constant the compiler unrolls the group. */
#define PACK_CASE(w)                                                                               \
    case (w):                                                                                      \
        for (size_t g = 0; g < groups; g++)                                                        \
            pack_group(v + g * GROUP, out + g * (w), (w));                                         \
        break

static void pack_groups(const uint32_t *v, size_t groups, uint8_t *out, unsigned width)
{
    switch (width) {
        PACK_CASE(1);
        PACK_CASE(2);
        PACK_CASE(3);
        PACK_CASE(4);
        PACK_CASE(5);
        PACK_CASE(6);
        PACK_CASE(7);
        PACK_CASE(8);
        PACK_CASE(9);
        PACK_CASE(10);
        PACK_CASE(11);
        PACK_CASE(12);
        PACK_CASE(13);
        PACK_CASE(14);
        PACK_CASE(15);
        PACK_CASE(16);
        PACK_CASE(17);
        PACK_CASE(18);
        PACK_CASE(19);
        PACK_CASE(20);
    default:
        for (size_t g = 0; g < groups; g++)
            pack_group(v + g * GROUP, out + g * width, width);
    }
}

static void put_packed(dwi_buf *out, const uint32_t *v, size_t count, unsigned width)
{
    size_t full = count / GROUP;
    size_t rest = count % GROUP;
    size_t groups = full + (rest > 0);

    if (count == 0)
        return;
    put_header(out, (uint64_t)groups << 1 | 1);
    if (!dwi_buf_reserve(out, groups * width + SLACK))
        return;
    pack_groups(v, full, out->data + out->len, width);
    if (rest > 0) {
        uint32_t last[GROUP] = {0};
        memcpy(last, v + full * GROUP, rest * sizeof(*v));
        pack_group(last, out->data + out->len + full * width, width);
    }
    out->len += groups * width;
}

static bool same_group(const uint32_t *v)
{
    uint32_t differ = 0;

    for (unsigned i = 1; i < GROUP; i++)
        differ |= v[i] ^ v[0];
    return differ == 0;
}

/* How far the value at `at` goes on. */
static size_t run_end(const uint32_t *v, size_t at, size_t count)
{
    uint32_t value = v[at];

    while (at < count && v[at] == value)
        at++;
    return at;
}

void dwi_rle_encode_u32(dwi_buf *out, const uint32_t *values, size_t count, unsigned width)
{
    size_t min_run = min_run_groups(width) * GROUP;
    size_t packed = 0; /* start of the bit-packed run that is open */
    size_t at = 0;

    while (at + GROUP <= count) {
        size_t end;
        if (!same_group(values + at)) {
            at += GROUP;
            continue;
        }
        end = run_end(values, at, count);
        if (end - at < min_run) {
            at += GROUP;
            continue;
        }
        put_packed(out, values + packed, at - packed, width);
        dwi_rle_encode_run(out, values[at], end - at, width);
        at = end;
        packed = end;
    }
    if (packed < count)
        put_packed(out, values + packed, count - packed, width);
}

void dwi_rle_encode_u8(dwi_buf *out, const uint8_t *values, size_t count, unsigned width)
{
    enum { BLOCK = 512 };
    size_t min_run = min_run_groups(width) * GROUP;
    uint32_t wide[BLOCK];
    size_t wide_count = 0;

    for (size_t at = 0; at < count;) {
        size_t end = at + 1;
        size_t n = count - at < GROUP ? count - at : GROUP;
        while (end < count && values[end] == values[at])
            end++;
        /* A run may start only where the groups before it are full. */
        if (wide_count % GROUP == 0 && end - at >= min_run) {
            put_packed(out, wide, wide_count, width);
            dwi_rle_encode_run(out, values[at], end - at, width);
            wide_count = 0;
            at = end;
            continue;
        }
        for (size_t i = 0; i < n; i++)
            wide[wide_count++] = values[at + i];
        at += n;
        if (wide_count == BLOCK) {
            put_packed(out, wide, wide_count, width);
            wide_count = 0;
        }
    }
    put_packed(out, wide, wide_count, width);
}

static void put_packed_bits(dwi_buf *out, const uint8_t *bits, size_t from, size_t count)
{
    size_t bytes = (count + 7) / 8;

    if (count == 0)
        return;
    put_header(out, (uint64_t)bytes << 1 | 1);
    dwi_buf_append(out, bits + from / 8, bytes);
    if (count % 8 != 0 && !out->failed)
        out->data[out->len - 1] &= (uint8_t)((1u << count % 8) - 1);
}

void dwi_rle_encode_bits(dwi_buf *out, const uint8_t *bits, size_t count)
{
    size_t full = count / 8;
    size_t min_run = min_run_groups(1);
    size_t packed = 0; /* in bytes */
    size_t at = 0;

    while (at < full) {
        size_t end = at + 1;
        if (bits[at] != 0 && bits[at] != 0xFF) {
            at++;
            continue;
        }
        while (end < full && bits[end] == bits[at])
            end++;
        if (end - at < min_run) {
            at = end;
            continue;
        }
        put_packed_bits(out, bits, packed * 8, (at - packed) * 8);
        dwi_rle_encode_run(out, bits[at] & 1, (end - at) * 8, 1);
        at = end;
        packed = end;
    }
    put_packed_bits(out, bits, packed * 8, count - packed * 8);
}
