/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/delta_reader.h"

#include <string.h>

#include "base/le.h"

static bool read_varint(dwi_delta_reader *r, uint64_t *out)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte;
        if (r->pos == r->end)
            return false;
        byte = *r->pos++;
        if (shift == 63 && byte > 1)
            return false;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

static bool read_zigzag(dwi_delta_reader *r, uint64_t *out)
{
    uint64_t value;

    if (!read_varint(r, &value))
        return false;
    *out = (value >> 1) ^ (0 - (value & 1));
    return true;
}

bool dwi_delta_begin(dwi_delta_reader *r, const void *data, size_t len)
{
    uint64_t block_values;
    uint64_t miniblocks;

    memset(r, 0, sizeof(*r));
    r->pos = data;
    r->end = r->pos + len;
    if (!read_varint(r, &block_values) || !read_varint(r, &miniblocks) ||
        !read_varint(r, &r->left) || !read_zigzag(r, &r->last))
        return false;
    if (miniblocks == 0 || miniblocks > DWI_DELTA_MAX_MINIBLOCKS || block_values == 0 ||
        block_values > (1u << 20) || block_values % miniblocks != 0 ||
        block_values / miniblocks % 8 != 0)
        return false;
    r->n_miniblocks = (size_t)miniblocks;
    r->miniblock_values = (size_t)(block_values / miniblocks);
    r->miniblock = r->n_miniblocks;
    r->first = r->left > 0;
    return true;
}

/* Skip what is left of the open miniblock; the last of all may lack its padding. */
static void leave_miniblock(dwi_delta_reader *r)
{
    size_t bits = r->bit + r->miniblock_left * r->widths[r->miniblock];
    size_t bytes = (bits + 7) / 8;

    r->pos += bytes < (size_t)(r->end - r->pos) ? bytes : (size_t)(r->end - r->pos);
    r->miniblock_left = 0;
    r->bit = 0;
}

/* Open the next miniblock and, after the last of a block, the next block. */
static bool next_miniblock(dwi_delta_reader *r)
{
    if (r->miniblock < r->n_miniblocks) {
        leave_miniblock(r);
        r->miniblock++;
    }
    if (r->miniblock == r->n_miniblocks) {
        if (!read_zigzag(r, &r->min_delta) || (size_t)(r->end - r->pos) < r->n_miniblocks)
            return false;
        r->widths = r->pos;
        r->pos += r->n_miniblocks;
        r->miniblock = 0;
    }
    r->miniblock_left = r->miniblock_values;
    return r->widths[r->miniblock] <= 64;
}

static uint64_t unpack_one(const uint8_t *p, const uint8_t *end, size_t at, unsigned width)
{
    unsigned shift = at & 7;
    unsigned got = 8 - shift;
    uint64_t value;

    p += at >> 3;
    if (width == 0)
        return 0;
    if (width <= 56 && end - p >= 8)
        return (dwi_le64(p) >> shift) & ((UINT64_C(1) << width) - 1);
    value = (uint64_t)*p++ >> shift;
    for (; got < width; got += 8)
        value |= (uint64_t)*p++ << got;
    return width == 64 ? value : value & ((UINT64_C(1) << width) - 1);
}

/* How many of n values can be read with whole 8-byte loads that stay within the data. */
static size_t plain_loads(const dwi_delta_reader *r, unsigned width, size_t n)
{
    size_t bytes = (size_t)(r->end - r->pos);
    size_t fit;

    if (width == 0)
        return n;
    if (width > 56 || bytes < 8)
        return 0;
    fit = ((bytes - 8) * 8 + 7 - r->bit) / width + 1;
    return fit < n ? fit : n;
}

static bool read_deltas(dwi_delta_reader *r, int64_t *out, size_t n)
{
    unsigned width = r->widths[r->miniblock];
    uint64_t mask = width >= 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
    uint64_t min_delta = r->min_delta;
    uint64_t last = r->last;
    size_t plain = plain_loads(r, width, n);
    size_t i = 0;

    if (((r->bit + n * width) + 7) / 8 > (size_t)(r->end - r->pos))
        return false;
    if (width == 0)
        for (; i < plain; i++)
            out[i] = (int64_t)(last += min_delta);
    for (size_t at = r->bit; i < plain; i++, at += width) {
        last += min_delta + ((dwi_le64(r->pos + (at >> 3)) >> (at & 7)) & mask);
        out[i] = (int64_t)last;
    }
    for (; i < n; i++) {
        last += r->min_delta + unpack_one(r->pos, r->end, r->bit + i * width, width);
        out[i] = (int64_t)last;
    }
    r->last = last;
    r->bit += n * width;
    r->pos += r->bit >> 3;
    r->bit &= 7;
    r->miniblock_left -= n;
    r->left -= n;
    return true;
}

bool dwi_delta_read(dwi_delta_reader *r, int64_t *out, size_t n)
{
    if (n > r->left)
        return false;
    if (n > 0 && r->first) {
        *out++ = (int64_t)r->last;
        n--;
        r->left--;
        r->first = false;
    }
    while (n > 0) {
        size_t count;
        if (r->miniblock_left == 0 && !next_miniblock(r))
            return false;
        count = n < r->miniblock_left ? n : r->miniblock_left;
        if (!read_deltas(r, out, count))
            return false;
        out += count;
        n -= count;
    }
    return true;
}

const uint8_t *dwi_delta_find_end(const dwi_delta_reader *reader)
{
    dwi_delta_reader r = *reader;
    uint64_t deltas = r.left > 0 ? r.left - 1 : 0;

    while (deltas > 0) {
        if (!next_miniblock(&r))
            return NULL;
        deltas -= deltas < r.miniblock_values ? deltas : r.miniblock_values;
        if (deltas > 0 && r.miniblock_values * r.widths[r.miniblock] / 8 > (size_t)(r.end - r.pos))
            return NULL;
    }
    if (r.miniblock < r.n_miniblocks)
        leave_miniblock(&r);
    return r.pos;
}
