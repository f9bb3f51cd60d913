/* SPDX-License-Identifier: Apache-2.0 */
/* 32 bytes at a time. Each pair of adjacent bytes is classed by three tables of sixteen entries,
 * one bit for each way in which a pair can be wrong; what is left to check is that third and fourth
 * bytes are where they must be. Method: J. Keiser, D. Lemire, "Validating UTF-8 in less than one
 * instruction per byte" (2021). */
#include "base/utf8_impl.h"

#if DWI_UTF8_AVX2

#include <immintrin.h>
#include <string.h>

enum {
    BLOCK = 32,
    TOO_SHORT = 1 << 0,   /* a character begins before the last one has ended */
    TOO_LONG = 1 << 1,    /* a continuation after ASCII */
    OVERLONG_3 = 1 << 2,  /* E0 80..9F */
    TOO_LARGE = 1 << 3,   /* F4 90..BF, F5.. */
    SURROGATE = 1 << 4,   /* ED A0..BF */
    OVERLONG_2 = 1 << 5,  /* C0, C1 */
    TOO_LARGE_2 = 1 << 6, /* F5.. 80..8F; shares its bit with the next */
    OVERLONG_4 = 1 << 6,  /* F0 80..8F */
    TWO_CONTS = 1 << 7,   /* two continuations: right where a third byte is due */
    CARRY = TOO_SHORT | TOO_LONG | TWO_CONTS
};

#define AVX2     __attribute__((target("avx2")))
#define TWICE(x) (x), (x)

typedef struct check {
    __m256i error;
    __m256i before; /* the block before */
    __m256i incomplete;
} check;

AVX2 static inline __m256i look_up(const uint8_t table[16], __m256i at)
{
    __m128i half;

    memcpy(&half, table, sizeof(half));
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(half), at);
}

AVX2 static inline __m256i high_nibbles(__m256i bytes)
{
    return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F));
}

AVX2 static inline __m256i pairs(__m256i block, __m256i shifted)
{
    static const uint8_t first_high[16] = {
        TOO_LONG,
        TOO_LONG,
        TOO_LONG,
        TOO_LONG,
        TOO_LONG,
        TOO_LONG,
        TOO_LONG,
        TOO_LONG,
        TWO_CONTS,
        TWO_CONTS,
        TWO_CONTS,
        TWO_CONTS,
        TOO_SHORT | OVERLONG_2,
        TOO_SHORT,
        TOO_SHORT | OVERLONG_3 | SURROGATE,
        TOO_SHORT | TOO_LARGE | TOO_LARGE_2 | OVERLONG_4,
    };
    static const uint8_t first_low[16] = {
        CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4,
        CARRY | OVERLONG_2,
        CARRY,
        CARRY,
        CARRY | TOO_LARGE,
        CARRY | TOO_LARGE | TOO_LARGE_2,
        CARRY | TOO_LARGE | TOO_LARGE_2,
        CARRY | TOO_LARGE | TOO_LARGE_2,
        CARRY | TOO_LARGE | TOO_LARGE_2,
        CARRY | TOO_LARGE | TOO_LARGE_2,
        CARRY | TOO_LARGE | TOO_LARGE_2,
        CARRY | TOO_LARGE | TOO_LARGE_2,
        CARRY | TOO_LARGE | TOO_LARGE_2,
        CARRY | TOO_LARGE | TOO_LARGE_2 | SURROGATE,
        CARRY | TOO_LARGE | TOO_LARGE_2,
        CARRY | TOO_LARGE | TOO_LARGE_2,
    };
    static const uint8_t second_high[16] = {
        TOO_SHORT,
        TOO_SHORT,
        TOO_SHORT,
        TOO_SHORT,
        TOO_SHORT,
        TOO_SHORT,
        TOO_SHORT,
        TOO_SHORT,
        TOO_LONG | OVERLONG_2 | TWO_CONTS | OVERLONG_3 | TOO_LARGE_2 | OVERLONG_4,
        TOO_LONG | OVERLONG_2 | TWO_CONTS | OVERLONG_3 | TOO_LARGE,
        TOO_LONG | OVERLONG_2 | TWO_CONTS | SURROGATE | TOO_LARGE,
        TOO_LONG | OVERLONG_2 | TWO_CONTS | SURROGATE | TOO_LARGE,
        TOO_SHORT,
        TOO_SHORT,
        TOO_SHORT,
        TOO_SHORT,
    };
    __m256i low = _mm256_and_si256(shifted, _mm256_set1_epi8(0x0F));

    return _mm256_and_si256(
        _mm256_and_si256(look_up(first_high, high_nibbles(shifted)), look_up(first_low, low)),
        look_up(second_high, high_nibbles(block)));
}

AVX2 static inline void check_block(check *c, __m256i block)
{
    __m256i carried = _mm256_permute2x128_si256(c->before, block, 0x21);
    __m256i one = _mm256_alignr_epi8(block, carried, 15);
    __m256i two = _mm256_alignr_epi8(block, carried, 14);
    __m256i three = _mm256_alignr_epi8(block, carried, 13);
    /* The highest bit is set where a third or fourth byte is due. */
    __m256i due = _mm256_or_si256(_mm256_subs_epu8(two, _mm256_set1_epi8((char)(0xE0 - 0x80))),
                                  _mm256_subs_epu8(three, _mm256_set1_epi8((char)(0xF0 - 0x80))));

    due = _mm256_and_si256(due, _mm256_set1_epi8((char)0x80));
    c->error = _mm256_or_si256(c->error, _mm256_xor_si256(due, pairs(block, one)));
    c->before = block;
}

/* Not zero where the end of a block wants bytes of the next. */
AVX2 static inline __m256i incomplete(__m256i block)
{
    static const uint8_t most[BLOCK] = {
        TWICE(0xFF), TWICE(0xFF), TWICE(0xFF), TWICE(0xFF), TWICE(0xFF), TWICE(0xFF),
        TWICE(0xFF), TWICE(0xFF), TWICE(0xFF), TWICE(0xFF), TWICE(0xFF), TWICE(0xFF),
        TWICE(0xFF), TWICE(0xFF), 0xFF,        0xF0 - 1,    0xE0 - 1,    0xC0 - 1,
    };

    return _mm256_subs_epu8(block, _mm256_loadu_si256((const void *)most));
}

AVX2 bool dwi_utf8_valid_avx2(const uint8_t *p, size_t len)
{
    check c = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
    uint8_t last[BLOCK] = {0};
    size_t i = 0;

    for (; len - i >= 2 * BLOCK; i += 2 * BLOCK) {
        __m256i a = _mm256_loadu_si256((const void *)(p + i));
        __m256i b = _mm256_loadu_si256((const void *)(p + i + BLOCK));
        if (_mm256_movemask_epi8(_mm256_or_si256(a, b)) == 0) {
            c.error = _mm256_or_si256(c.error, c.incomplete);
            c.before = b;
            c.incomplete = _mm256_setzero_si256();
            continue;
        }
        check_block(&c, a);
        check_block(&c, b);
        c.incomplete = incomplete(b);
    }
    if (len - i >= BLOCK) {
        check_block(&c, _mm256_loadu_si256((const void *)(p + i)));
        i += BLOCK;
    }
    /* The zeros behind the end make a character that has not ended an error. */
    memcpy(last, p + i, len - i);
    check_block(&c, _mm256_loadu_si256((const void *)last));
    return _mm256_testz_si256(c.error, c.error) != 0;
}

#else
typedef int dwi_utf8_avx2_is_not_built;
#endif
