/* SPDX-License-Identifier: Apache-2.0 */
/* A pull scanner over one JSON text (RFC 8259): no tree, no memory, every byte checked once.
 * Calls return false with `error` set and `at` on the offending byte; nothing is read past `end`.
 * Strings are proven to be UTF-8 and their escapes to be Unicode scalar values. */
#ifndef DWI_COLUMNS_JSON_SCAN_H
#define DWI_COLUMNS_JSON_SCAN_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/le.h"
#include "base/str.h"

enum { DWI_SCAN_MAX_DEPTH = 1000 };
/* The error for more than that. */
#define DWI_SCAN_TOO_DEEP "nested deeper than 1,000 levels"

typedef struct dwi_scan {
    const uint8_t *start;
    const uint8_t *at;
    const uint8_t *end;
    const char *error; /* static text */
} dwi_scan;

typedef struct dwi_scan_text {
    dwi_sv raw; /* between the quotes */
    bool escaped;
} dwi_scan_text;

/* |value| is mantissa * 10^exponent, exactly unless `cut`: then more digits came after the 19 of
 * the mantissa; `rest` tells that they were not all zero. */
typedef struct dwi_scan_number {
    dwi_sv text;
    uint64_t mantissa;
    int32_t exponent; /* within +-1,000,000, however large the text's is */
    bool negative;
    bool cut;
    bool rest;
    bool integer; /* neither fraction nor exponent in the text */
} dwi_scan_number;

static inline bool dwi_scan_fail(dwi_scan *scan, const uint8_t *at, const char *error)
{
    scan->at = at;
    scan->error = error;
    return false;
}

static inline void dwi_scan_space(dwi_scan *scan)
{
    while (scan->at < scan->end && *scan->at <= ' ' &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
        scan->at++;
}

/* The first byte from `p` on that is not plain in a string: a quote, a backslash, a control
 * character, or `end`. *high collects bits of which any is set when a byte was not ASCII. */
static inline const uint8_t *dwi_scan_plain(const uint8_t *p, const uint8_t *end, unsigned *high)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i last_control = _mm_set1_epi8(0x1F);

    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const void *)p);
        __m128i special = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash));
        unsigned found;
        special = _mm_or_si128(special, _mm_cmpeq_epi8(_mm_min_epu8(v, last_control), v));
        found = (unsigned)_mm_movemask_epi8(special);
        if (found != 0) {
            unsigned n = (unsigned)__builtin_ctz(found);
            *high |= (unsigned)_mm_movemask_epi8(v) & ((1u << n) - 1);
            return p + n;
        }
        *high |= (unsigned)_mm_movemask_epi8(v);
    }
#else
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = UINT64_C(0x8080808080808080);

    for (; end - p >= 8; p += 8) {
        uint64_t v = dwi_le64(p);
        uint64_t quote = v ^ (ones * '"');
        uint64_t backslash = v ^ (ones * '\\');
        /* The lowest set bit is exact: a borrow only reaches bytes above the first match. */
        uint64_t found = (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
                          ((v - ones * 0x20) & ~v)) &
                         tops;
        if (found != 0) {
            unsigned n = (unsigned)__builtin_ctzll(found) / 8;
            *high |= n == 0 ? 0 : (unsigned)((v & tops) << (64 - 8 * n) != 0);
            return p + n;
        }
        *high |= (unsigned)((v & tops) != 0);
    }
#endif
    while (p < end && *p != '"' && *p != '\\' && *p >= 0x20)
        *high |= *p++ & 0x80u;
    return p;
}

/* The rest of dwi_scan_string(), from `p` on. */
bool dwi_scan_string_rest(dwi_scan *scan, const uint8_t *p, unsigned high, dwi_scan_text *out);

/* From after the opening quote to after the closing one. */
static inline bool dwi_scan_string(dwi_scan *scan, dwi_scan_text *out)
{
    unsigned high = 0;
    const uint8_t *p = dwi_scan_plain(scan->at, scan->end, &high);

    if (p == scan->end || *p != '"' || high != 0)
        return dwi_scan_string_rest(scan, p, high, out);
    out->raw = (dwi_sv){(const char *)scan->at, (size_t)(p - scan->at)};
    out->escaped = false;
    scan->at = p + 1;
    return true;
}

/* The characters an escaped text stands for: at most raw.len bytes. Returns their number. */
size_t dwi_scan_unescape(dwi_sv raw, uint8_t *out);
/* A number; `at` is on its first byte. */
bool dwi_scan_number_token(dwi_scan *scan, dwi_scan_number *out);
/* "true", "false" or "null"; `at` is on its first byte. */
bool dwi_scan_literal(dwi_scan *scan, const char *literal, size_t len);
/* An object's member: the quote before its name. */
bool dwi_scan_key_begin(dwi_scan *scan);
bool dwi_scan_colon_rest(dwi_scan *scan);
/* After a field's name: colon and white space. */
static inline bool dwi_scan_colon(dwi_scan *scan)
{
    if (scan->end - scan->at > 1 && scan->at[0] == ':' && scan->at[1] > ' ') {
        scan->at++;
        return true;
    }
    return dwi_scan_colon_rest(scan);
}
/* After a value in an object or array: past the comma to the next member, or past the end. */
bool dwi_scan_next(dwi_scan *scan, bool object, bool *out_end);
/* Any value, `depth` levels deep already. *out_spaced: there is white space between its tokens. */
bool dwi_scan_skip(dwi_scan *scan, int depth, bool *out_spaced);
/* The bytes of a value without the white space between tokens: at most len bytes. */
size_t dwi_scan_compact(dwi_sv value, uint8_t *out);

#endif
