/* SPDX-License-Identifier: Apache-2.0 */
/* LZ4 blocks, read. Spec: lz4 doc/lz4_Block_format.md. */
#include "codec/codec_impl.h"

#include "base/le.h"

enum { MIN_MATCH = 4 };

/* A length of 15 goes on in bytes until one is below 255. */
static bool long_length(const uint8_t **p, const uint8_t *end, size_t *length)
{
    uint8_t byte;

    if (*length != 15)
        return true;
    do {
        if (*p == end)
            return false;
        byte = *(*p)++;
        *length += byte;
    } while (byte == 255);
    return true;
}

bool dwi_lz4_block_decompress(const void *data, size_t len, void *out, size_t out_len)
{
    const uint8_t *p = data;
    const uint8_t *end = p + len;
    uint8_t *to = out;
    size_t done = 0;

    while (p < end) {
        uint8_t token = *p++;
        size_t literals = token >> 4;
        size_t match = token & 15;
        size_t offset;

        if (!long_length(&p, end, &literals) || literals > (size_t)(end - p) ||
            literals > out_len - done)
            return false;
        if (literals > 0)
            memcpy(to + done, p, literals);
        p += literals;
        done += literals;
        if (p == end) /* the last sequence is literals alone */
            return done == out_len;
        if (end - p < 2)
            return false;
        offset = dwi_le16(p);
        p += 2;
        if (!long_length(&p, end, &match))
            return false;
        match += MIN_MATCH;
        if (offset == 0 || offset > done || match > out_len - done)
            return false;
        for (size_t i = 0; i < match; i++) /* source and target may overlap */
            to[done + i] = to[done + i - offset];
        done += match;
    }
    return false;
}

static size_t be32(const uint8_t *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

/* Frames of: decompressed size, compressed size (big-endian), block. */
static bool framed(const uint8_t *p, size_t len, uint8_t *out, size_t out_len)
{
    while (len >= 8) {
        size_t raw = be32(p);
        size_t packed = be32(p + 4);
        if (raw > out_len || packed > len - 8 || !dwi_lz4_block_decompress(p + 8, packed, out, raw))
            return false;
        p += 8 + packed;
        len -= 8 + packed;
        out = raw == 0 ? out : out + raw;
        out_len -= raw;
    }
    return len == 0 && out_len == 0;
}

bool dwi_lz4_hadoop_decompress(const void *data, size_t len, void *out, size_t out_len)
{
    return framed(data, len, out, out_len) || dwi_lz4_block_decompress(data, len, out, out_len);
}
