/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/bit_append.h"

#include "base/le.h"

uint64_t dwi_bits_load(const uint8_t *bits, int64_t at, unsigned count)
{
    const uint8_t *p = bits + (at >> 3);
    unsigned shift = (unsigned)(at & 7);
    unsigned bytes = (shift + count + 7) / 8;
    uint64_t word = 0;

    if (bytes >= 8) {
        word = dwi_le64(p) >> shift;
        if (bytes > 8)
            word |= (uint64_t)p[8] << (64 - shift);
    } else {
        for (unsigned i = 0; i < bytes; i++)
            word |= (uint64_t)p[i] << (8 * i);
        word >>= shift;
    }
    return count == 64 ? word : word & ((UINT64_C(1) << count) - 1);
}

size_t dwi_bits_count(uint64_t word)
{
    word -= word >> 1 & UINT64_C(0x5555555555555555);
    word = (word & UINT64_C(0x3333333333333333)) + (word >> 2 & UINT64_C(0x3333333333333333));
    word = (word + (word >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F);
    return (size_t)(word * UINT64_C(0x0101010101010101) >> 56);
}

/* `count` bits of `word`, which has no others, at the end. Room is there, with 9 bytes to spare. */
static void put_word(dwi_buf *buf, size_t *n_bits, uint64_t word, unsigned count)
{
    uint8_t *p = buf->data + *n_bits / 8;
    unsigned shift = (unsigned)(*n_bits % 8);

    /* Bytes that no bit has reached yet hold whatever was there. */
    if (shift == 0) {
        dwi_le64_put(p, word);
    } else {
        dwi_le64_put(p, p[0] | word << shift);
        p[8] = (uint8_t)(word >> (64 - shift));
    }
    *n_bits += count;
    buf->len = (*n_bits + 7) / 8;
}

static bool room(dwi_buf *buf, size_t count)
{
    return dwi_buf_reserve(buf, count / 8 + 18);
}

void dwi_bits_append(dwi_buf *buf, size_t *n_bits, const uint8_t *bits, int64_t at, size_t count)
{
    if (!room(buf, count))
        return;
    while (count > 0) {
        unsigned n = count < 64 ? (unsigned)count : 64;
        put_word(buf, n_bits, dwi_bits_load(bits, at, n), n);
        at += n;
        count -= n;
    }
}

void dwi_bits_append_ones(dwi_buf *buf, size_t *n_bits, size_t count)
{
    if (!room(buf, count))
        return;
    while (count > 0) {
        unsigned n = count < 64 ? (unsigned)count : 64;
        put_word(buf, n_bits, n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1, n);
        count -= n;
    }
}
