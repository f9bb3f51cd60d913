/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzzer's input taken apart piece by piece; past its end everything is zero. */
#ifndef DWT_FUZZ_BYTES_H
#define DWT_FUZZ_BYTES_H

#include <stdbool.h>
#include <string.h>

#include "fuzz.h"

typedef struct fuzz_bytes {
    const uint8_t *at;
    size_t left;
} fuzz_bytes;

static inline void fuzz_take(fuzz_bytes *in, void *out, size_t len)
{
    size_t n = len < in->left ? len : in->left;

    memset(out, 0, len);
    if (n > 0)
        memcpy(out, in->at, n);
    in->at += n;
    in->left -= n;
}

static inline uint8_t fuzz_u8(fuzz_bytes *in)
{
    uint8_t value;

    fuzz_take(in, &value, sizeof(value));
    return value;
}

static inline uint16_t fuzz_u16(fuzz_bytes *in)
{
    uint16_t value;

    fuzz_take(in, &value, sizeof(value));
    return value;
}

static inline uint64_t fuzz_u64(fuzz_bytes *in)
{
    uint64_t value;

    fuzz_take(in, &value, sizeof(value));
    return value;
}

/* 0 .. n - 1 */
static inline unsigned fuzz_below(fuzz_bytes *in, unsigned n)
{
    return fuzz_u8(in) % n;
}

#endif
