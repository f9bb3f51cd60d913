/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/xxhash64.h"

#include "base/le.h"

#define PRIME_1 UINT64_C(0x9E3779B185EBCA87)
#define PRIME_2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define PRIME_3 UINT64_C(0x165667B19E3779F9)
#define PRIME_4 UINT64_C(0x85EBCA77C2B2AE63)
#define PRIME_5 UINT64_C(0x27D4EB2F165667C5)

enum { LANES = 4, STRIPE = 32 };

static uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static uint64_t round_of(uint64_t lane, uint64_t word)
{
    return rotate(lane + word * PRIME_2, 31) * PRIME_1;
}

/* Whole stripes of 32 bytes; returns the bytes used. */
static size_t stripes(uint64_t seed, const uint8_t *p, size_t len, uint64_t *out)
{
    uint64_t lanes[LANES] = {seed + PRIME_1 + PRIME_2, seed + PRIME_2, seed, seed - PRIME_1};
    size_t at = 0;
    uint64_t hash;

    for (; len - at >= STRIPE; at += STRIPE)
        for (size_t i = 0; i < LANES; i++)
            lanes[i] = round_of(lanes[i], dwi_le64(p + at + i * 8));
    hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
    for (size_t i = 0; i < LANES; i++)
        hash = (hash ^ round_of(0, lanes[i])) * PRIME_1 + PRIME_4;
    *out = hash;
    return at;
}

uint64_t dwi_xxhash64(uint64_t seed, const void *data, size_t len)
{
    const uint8_t *p = data;
    uint64_t hash = seed + PRIME_5;
    size_t at = 0;

    if (len >= STRIPE)
        at = stripes(seed, p, len, &hash);
    hash += len;
    for (; len - at >= 8; at += 8)
        hash = rotate(hash ^ round_of(0, dwi_le64(p + at)), 27) * PRIME_1 + PRIME_4;
    if (len - at >= 4) {
        hash = rotate(hash ^ dwi_le32(p + at) * PRIME_1, 23) * PRIME_2 + PRIME_3;
        at += 4;
    }
    for (; at < len; at++)
        hash = rotate(hash ^ p[at] * PRIME_5, 11) * PRIME_1;
    hash = (hash ^ hash >> 33) * PRIME_2;
    hash = (hash ^ hash >> 29) * PRIME_3;
    return hash ^ hash >> 32;
}
