/* SPDX-License-Identifier: Apache-2.0 */
/* LZ4 blocks, written greedily: the first match found is taken. Spec: lz4 doc/lz4_Block_format.md,
 * whose end conditions are that the last five bytes are literals and no match starts within the
 * last twelve. */
#include "codec/codec_impl.h"

#include "base/checked.h"
#include "base/le.h"

enum {
    MIN_MATCH = 4,
    LAST_LITERALS = 5,
    MATCH_LIMIT = 12,
    MAX_OFFSET = 65535,
    TABLE_BITS = 12,
    MISSES_BITS = 6 /* after so many misses in a row every second position is tried, and so on */
};

static inline uint32_t place_of(uint32_t word)
{
    return word * UINT32_C(2654435761) >> (32 - TABLE_BITS);
}

static inline uint8_t *put_length(uint8_t *out, size_t rest)
{
    for (; rest >= 255; rest -= 255)
        *out++ = 255;
    *out++ = (uint8_t)rest;
    return out;
}

static uint8_t *put_literals(uint8_t *out, const uint8_t *from, size_t count, uint8_t **token)
{
    *token = out++;
    **token = (uint8_t)((count < 15 ? count : 15) << 4);
    if (count >= 15)
        out = put_length(out, count - 15);
    if (count > 0)
        memcpy(out, from, count);
    return out + count;
}

static uint8_t *put_match(uint8_t *out, size_t offset, size_t length, uint8_t *token)
{
    size_t more = length - MIN_MATCH;

    *out++ = (uint8_t)offset;
    *out++ = (uint8_t)(offset >> 8);
    *token |= (uint8_t)(more < 15 ? more : 15);
    return more < 15 ? out : put_length(out, more - 15);
}

/* How far two places go on alike; the second one ends before `end`. */
static size_t match_length(const uint8_t *a, const uint8_t *b, const uint8_t *end)
{
    size_t n = 0;
    size_t limit = (size_t)(end - b);

    while (n + 8 <= limit && dwi_le64(a + n) == dwi_le64(b + n))
        n += 8;
    while (n < limit && a[n] == b[n])
        n++;
    return n;
}

/* The sequences of data[0..len), len >= MATCH_LIMIT + 1; *anchor: where the last literals start. */
static uint8_t *put_sequences(const uint8_t *data, size_t len, uint8_t *out, size_t *anchor)
{
    uint32_t table[1 << TABLE_BITS] = {0}; /* position + 1 of the last word with that hash */
    const uint8_t *end = data + len - LAST_LITERALS;
    size_t limit = len - MATCH_LIMIT;
    size_t misses = 0;
    uint8_t *token;

    *anchor = 0;
    for (size_t at = 0; at < limit;) {
        uint32_t word = dwi_le32(data + at);
        uint32_t *slot = &table[place_of(word)];
        size_t from = *slot;
        size_t length;
        *slot = (uint32_t)at + 1;
        if (from-- == 0 || at - from > MAX_OFFSET || dwi_le32(data + from) != word) {
            at += 1 + (misses++ >> MISSES_BITS);
            continue;
        }
        while (at > *anchor && from > 0 && data[at - 1] == data[from - 1]) {
            at--;
            from--;
        }
        length = MIN_MATCH + match_length(data + from + MIN_MATCH, data + at + MIN_MATCH, end);
        out = put_literals(out, data + *anchor, at - *anchor, &token);
        out = put_match(out, at - from, length, token);
        at += length;
        *anchor = at;
        misses = 0;
    }
    return out;
}

dw_status dwi_lz4_block_compress(const void *data, size_t len, dwi_buf *out, dw_error *err)
{
    size_t bound;
    size_t anchor = 0;
    uint8_t *to;
    uint8_t *token;

    /* Positions are kept in 32 bits; a Parquet page has no more either. */
    if (len >= UINT32_MAX || !dwi_size_add(len, len / 255 + 16, &bound) ||
        !dwi_buf_reserve(out, bound))
        return dwi_err_nomem(err);
    to = out->data + out->len;
    if (len > MATCH_LIMIT)
        to = put_sequences(data, len, to, &anchor);
    to = put_literals(to, len == 0 ? NULL : (const uint8_t *)data + anchor, len - anchor, &token);
    out->len = (size_t)(to - out->data);
    return DW_OK;
}
