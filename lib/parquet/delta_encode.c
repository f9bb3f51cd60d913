/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of 128 values in four miniblocks, as every writer makes them. */
#include "parquet/delta_encode.h"

#include "base/checked.h"
#include "base/le.h"

enum { BLOCK = 128, MINIBLOCKS = 4, MINIBLOCK = BLOCK / MINIBLOCKS, LENGTH_BYTES = 4 };
enum { VARINT_MAX = 10, BLOCK_MAX = VARINT_MAX + MINIBLOCKS + BLOCK * 8 };

static uint8_t *put_varint(uint8_t *out, uint64_t v)
{
    while (v >= 0x80) {
        *out++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *out++ = (uint8_t)v;
    return out;
}

static uint8_t *put_zigzag(uint8_t *out, int64_t v)
{
    return put_varint(out, (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0));
}

static unsigned width_of(uint64_t v)
{
    unsigned width = 0;

    while (width < 64 && v >> width != 0)
        width++;
    return width;
}

/* A miniblock of `width` bits a value: 4 * width bytes. */
static uint8_t *put_packed(uint8_t *out, const uint64_t *v, unsigned width)
{
    uint64_t acc = 0;
    unsigned bits = 0;

    for (unsigned i = 0; i < MINIBLOCK; i++) {
        acc |= v[i] << bits;
        bits += width;
        if (bits < 64)
            continue;
        dwi_le64_put(out, acc);
        out += 8;
        bits -= 64;
        acc = bits == 0 ? 0 : v[i] >> (width - bits);
    }
    if (bits > 0) { /* 32 of them */
        dwi_le32_put(out, (uint32_t)acc);
        out += 4;
    }
    return out;
}

/* `n` deltas (1..BLOCK) less the least of them; zeros up to the end of their miniblock. */
static uint8_t *put_block(uint8_t *out, uint64_t *rest, size_t n, int64_t min_delta)
{
    uint8_t *widths;

    memset(rest + n, 0, (BLOCK - n) * sizeof(*rest));
    out = put_zigzag(out, min_delta);
    widths = out;
    memset(widths, 0, MINIBLOCKS);
    out += MINIBLOCKS;
    for (size_t m = 0; m * MINIBLOCK < n; m++) {
        const uint64_t *v = rest + m * MINIBLOCK;
        uint64_t any = 0;
        for (size_t i = 0; i < MINIBLOCK; i++)
            any |= v[i];
        widths[m] = (uint8_t)width_of(any);
        out = put_packed(out, v, widths[m]);
    }
    return out;
}

static bool put_head(dwi_buf *out, size_t count, int64_t first)
{
    uint8_t *p;

    if (!dwi_buf_reserve(out, 4 * VARINT_MAX))
        return false;
    p = put_varint(out->data + out->len, BLOCK);
    p = put_varint(p, MINIBLOCKS);
    p = put_varint(p, count);
    p = put_zigzag(p, first);
    out->len = (size_t)(p - out->data);
    return true;
}

/* Both widths: differences are taken as unsigned numbers, which wrap, and compared as signed ones.
 */
#define DELTA_ENCODE(signed_type, unsigned_type)                                                   \
    do {                                                                                           \
        if (!put_head(out, count, count == 0 ? 0 : values[0]))                                     \
            return;                                                                                \
        for (size_t at = 1; at < count; at += BLOCK) {                                             \
            size_t n = count - at < BLOCK ? count - at : BLOCK;                                    \
            unsigned_type delta[BLOCK];                                                            \
            uint64_t rest[BLOCK];                                                                  \
            signed_type min;                                                                       \
            for (size_t i = 0; i < n; i++)                                                         \
                delta[i] = (unsigned_type)values[at + i] - (unsigned_type)values[at + i - 1];      \
            min = (signed_type)delta[0];                                                           \
            for (size_t i = 1; i < n; i++)                                                         \
                min = (signed_type)delta[i] < min ? (signed_type)delta[i] : min;                   \
            for (size_t i = 0; i < n; i++)                                                         \
                rest[i] = (unsigned_type)(delta[i] - (unsigned_type)min);                          \
            if (!dwi_buf_reserve(out, BLOCK_MAX))                                                  \
                return;                                                                            \
            out->len = (size_t)(put_block(out->data + out->len, rest, n, min) - out->data);        \
        }                                                                                          \
    } while (0)

void dwi_delta_encode_i32(dwi_buf *out, const int32_t *values, size_t count)
{
    DELTA_ENCODE(int32_t, uint32_t);
}

void dwi_delta_encode_i64(dwi_buf *out, const int64_t *values, size_t count)
{
    DELTA_ENCODE(int64_t, uint64_t);
}

/* ---- byte arrays ---- */

/* The value at *data, which moves behind it. */
static inline const uint8_t *take(const uint8_t **data, size_t width, size_t *out_len)
{
    const uint8_t *value = *data;

    *out_len = width;
    if (width == 0) {
        *out_len = dwi_le32(value);
        value += LENGTH_BYTES;
    }
    *data = value + *out_len;
    return value;
}

static int32_t *number_room(dwi_buf *scratch, size_t count)
{
    size_t bytes;

    dwi_buf_clear(scratch);
    if (!dwi_size_mul(count + 1, sizeof(int32_t), &bytes) || !dwi_buf_reserve(scratch, bytes))
        return NULL;
    return (int32_t *)(void *)scratch->data;
}

void dwi_delta_length_encode(dwi_buf *out, const uint8_t *data, size_t len, size_t count,
                             dwi_buf *scratch)
{
    int32_t *lengths = number_room(scratch, count);
    const uint8_t *at = data;
    uint8_t *to;

    if (lengths == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        size_t n;
        (void)take(&at, 0, &n);
        lengths[i] = (int32_t)n;
    }
    dwi_delta_encode_i32(out, lengths, count);
    if (!dwi_buf_reserve(out, len))
        return;
    to = out->data + out->len;
    at = data;
    for (size_t i = 0; i < count; i++) {
        size_t n;
        const uint8_t *value = take(&at, 0, &n);
        memcpy(to, value, n);
        to += n;
    }
    out->len = (size_t)(to - out->data);
}

static size_t common_prefix(const uint8_t *a, const uint8_t *b, size_t len)
{
    size_t n = 0;

    while (n + 8 <= len && dwi_le64(a + n) == dwi_le64(b + n))
        n += 8;
    while (n < len && a[n] == b[n])
        n++;
    return n;
}

void dwi_delta_bytes_encode(dwi_buf *out, const uint8_t *data, size_t len, size_t width,
                            size_t count, dwi_buf *scratch)
{
    int32_t *prefixes = number_room(scratch, 2 * count);
    int32_t *suffixes = prefixes == NULL ? NULL : prefixes + count;
    const uint8_t *last = data;
    const uint8_t *at = data;
    size_t last_len = 0;
    uint8_t *to;

    if (prefixes == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        size_t n;
        const uint8_t *value = take(&at, width, &n);
        size_t same = common_prefix(last, value, n < last_len ? n : last_len);
        prefixes[i] = (int32_t)same;
        suffixes[i] = (int32_t)(n - same);
        last = value;
        last_len = n;
    }
    dwi_delta_encode_i32(out, prefixes, count);
    dwi_delta_encode_i32(out, suffixes, count);
    if (!dwi_buf_reserve(out, len))
        return;
    to = out->data + out->len;
    at = data;
    for (size_t i = 0; i < count; i++) {
        size_t n;
        const uint8_t *value = take(&at, width, &n);
        memcpy(to, value + prefixes[i], (size_t)suffixes[i]);
        to += suffixes[i];
    }
    out->len = (size_t)(to - out->data);
}
