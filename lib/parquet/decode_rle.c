/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/rle_reader.h"

#include <string.h>

#include "base/le.h"

void dwi_rle_begin(dwi_rle_reader *r, const void *data, size_t len, int width)
{
    memset(r, 0, sizeof(*r));
    r->pos = data;
    r->end = r->pos + len;
    r->width = width;
}

void dwi_rle_begin_bit_packed(dwi_rle_reader *r, const void *data, size_t len, int width)
{
    dwi_rle_begin(r, data, len, width);
    r->msb_first = true;
    r->packed = true;
    r->run_left = width == 0 ? UINT64_MAX : (uint64_t)len * 8 / (uint64_t)width;
}

static bool read_varint(dwi_rle_reader *r, uint64_t *out)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 35; shift += 7) {
        uint8_t byte;
        if (r->pos == r->end)
            return false;
        byte = *r->pos++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

/* Bytes a bit-packed run takes; a last one may be cut short after the values that matter. */
static bool begin_packed(dwi_rle_reader *r, uint64_t groups)
{
    uint64_t fit;

    r->packed = true;
    r->bit = 0;
    r->run_left = groups * 8;
    if (r->width == 0)
        return true;
    fit = (uint64_t)(r->end - r->pos) * 8 / (uint64_t)r->width;
    if (r->run_left > fit)
        r->run_left = fit;
    return r->run_left > 0 || groups == 0;
}

static bool begin_repeated(dwi_rle_reader *r, uint64_t count)
{
    int bytes = (r->width + 7) / 8;

    if (r->end - r->pos < bytes)
        return false;
    r->packed = false;
    r->run_left = count;
    r->value = 0;
    for (int i = 0; i < bytes; i++)
        r->value |= (uint32_t)r->pos[i] << (8 * i);
    r->pos += bytes;
    return r->width == 32 || r->value >> r->width == 0;
}

/* Leave the bytes of the packed run that just ended. */
static void end_packed(dwi_rle_reader *r)
{
    if (r->bit > 0)
        r->pos++;
    r->bit = 0;
    r->packed = false;
}

static bool next_run(dwi_rle_reader *r)
{
    uint64_t header;

    if (r->msb_first)
        return false;
    if (r->packed)
        end_packed(r);
    do {
        if (!read_varint(r, &header))
            return false;
        if (!((header & 1) != 0 ? begin_packed(r, header >> 1) : begin_repeated(r, header >> 1)))
            return false;
    } while (r->run_left == 0);
    return true;
}

/* Up to 32 bits that may span 5 bytes, near the end of the data. */
static uint32_t unpack_one(const uint8_t *p, const uint8_t *end, size_t at, int width)
{
    uint64_t word = 0;
    size_t bytes = ((at & 7) + (size_t)width + 7) / 8;

    p += at >> 3;
    for (size_t i = 0; i < bytes && p + i < end; i++)
        word |= (uint64_t)p[i] << (8 * i);
    return (uint32_t)((word >> (at & 7)) & ((UINT64_C(1) << width) - 1));
}

void dwi_unpack_u32(const uint8_t *p, const uint8_t *end, unsigned bit, int width, uint32_t *out,
                    size_t n)
{
    uint64_t mask = (UINT64_C(1) << width) - 1;
    size_t at = bit;
    size_t i = 0;

    /* Whole 8-byte loads as long as they stay within the data. */
    for (; i < n && (size_t)(end - p) >= (at >> 3) + 8; i++, at += (size_t)width)
        out[i] = (uint32_t)((dwi_le64(p + (at >> 3)) >> (at & 7)) & mask);
    for (; i < n; i++, at += (size_t)width)
        out[i] = unpack_one(p, end, at, width);
}

/* Eight one-bit values a byte. */
static size_t unpack_bits(const uint8_t *p, uint8_t *out, size_t n)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8) {
        uint64_t spread = (p[i >> 3] * UINT64_C(0x0101010101010101)) & UINT64_C(0x8040201008040201);
        spread = ((spread + UINT64_C(0x7F7F7F7F7F7F7F7F)) >> 7) & UINT64_C(0x0101010101010101);
        dwi_le64_put(out + i, spread);
    }
    return i;
}

/* Eight values of up to eight bits a load, as long as loads stay within the data. */
static size_t unpack_eights(const dwi_rle_reader *r, uint8_t *out, size_t n)
{
    const uint8_t *p = r->pos;
    unsigned width = (unsigned)r->width;
    uint64_t mask = (UINT64_C(1) << width) - 1;
    size_t i = 0;

    for (; i + 8 <= n && r->end - p >= 8; i += 8, p += width) {
        uint64_t word = dwi_le64(p);
        for (unsigned k = 0; k < 8; k++)
            out[i + k] = (uint8_t)((word >> (k * width)) & mask);
    }
    return i;
}

static void unpack_u8(const dwi_rle_reader *r, uint8_t *out, size_t n)
{
    size_t at = r->bit;
    size_t i = 0;

    if (r->bit == 0)
        i = r->width == 1 ? unpack_bits(r->pos, out, n) : unpack_eights(r, out, n);
    at += i * (size_t)r->width;
    for (; i < n; i++, at += (size_t)r->width)
        out[i] = (uint8_t)unpack_one(r->pos, r->end, at, r->width);
}

static uint32_t unpack_msb(const dwi_rle_reader *r, size_t at)
{
    uint32_t value = 0;

    for (int i = 0; i < r->width; i++, at++)
        value = value << 1 | ((r->pos[at >> 3] >> (7 - (at & 7))) & 1);
    return value;
}

static void advance(dwi_rle_reader *r, size_t n)
{
    size_t bits = r->bit + n * (size_t)r->width;

    r->run_left -= n;
    if (r->packed) {
        r->pos += bits >> 3;
        r->bit = bits & 7;
    }
}

bool dwi_rle_read_u8(dwi_rle_reader *r, uint8_t *out, size_t n)
{
    while (n > 0) {
        size_t count;
        if (r->run_left == 0 && !next_run(r))
            return false;
        count = n < r->run_left ? n : (size_t)r->run_left;
        if (!r->packed)
            memset(out, (int)r->value, count);
        else if (r->msb_first)
            for (size_t i = 0; i < count; i++)
                out[i] = (uint8_t)unpack_msb(r, r->bit + i * (size_t)r->width);
        else
            unpack_u8(r, out, count);
        advance(r, count);
        out += count;
        n -= count;
    }
    return true;
}

bool dwi_rle_read_u32(dwi_rle_reader *r, uint32_t *out, size_t n)
{
    while (n > 0) {
        size_t count;
        if (r->run_left == 0 && !next_run(r))
            return false;
        count = n < r->run_left ? n : (size_t)r->run_left;
        if (!r->packed)
            for (size_t i = 0; i < count; i++)
                out[i] = r->value;
        else
            dwi_unpack_u32(r->pos, r->end, r->bit, r->width, out, count);
        advance(r, count);
        out += count;
        n -= count;
    }
    return true;
}
