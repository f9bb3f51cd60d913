/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include "base/le.h"
#include "base/utf8_impl.h"

enum { LONG_TEXT = 64 };

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* Length of the valid sequence at p, 0 when it is not one. */
static size_t sequence(const uint8_t *p, size_t left)
{
    uint8_t low = 0x80;
    uint8_t high = 0xBF;
    size_t len;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (len > left)
        return 0;
    if (p[0] == 0xE0)
        low = 0xA0; /* overlong */
    else if (p[0] == 0xED)
        high = 0x9F; /* surrogates */
    else if (p[0] == 0xF0)
        low = 0x90; /* overlong */
    else if (p[0] == 0xF4)
        high = 0x8F; /* above U+10FFFF */
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

bool dwi_utf8_ascii(const void *data, size_t len)
{
    const uint8_t *p = data;
    uint64_t any = 0;

    for (; len >= 64; p += 64, len -= 64) {
        uint64_t block = 0;
        for (size_t i = 0; i < 64; i += 8)
            block |= dwi_le64(p + i);
        if ((block & HIGH_BITS) != 0)
            return false;
    }
    for (; len >= 8; p += 8, len -= 8)
        any |= dwi_le64(p);
    for (size_t i = 0; i < len; i++)
        any |= p[i];
    return (any & HIGH_BITS) == 0;
}

bool dwi_utf8_valid(const void *data, size_t len)
{
    const uint8_t *p = data;

#if DWI_UTF8_AVX2
    if (len >= LONG_TEXT && __builtin_cpu_supports("avx2"))
        return dwi_utf8_valid_avx2(p, len);
#endif
    while (len > 0) {
        size_t n;
        while (len >= 8 && (dwi_le64(p) & HIGH_BITS) == 0) {
            p += 8;
            len -= 8;
        }
        if (len == 0)
            break;
        n = sequence(p, len);
        if (n == 0)
            return false;
        p += n;
        len -= n;
    }
    return true;
}

size_t dwi_utf8_prefix(const void *data, size_t len, size_t chars)
{
    const uint8_t *p = data;
    size_t i = 0;

    while (i < len && chars > 0) {
        i++;
        while (i < len && (p[i] & 0xC0) == 0x80)
            i++;
        chars--;
    }
    return i;
}

size_t dwi_utf8_cut(const void *data, size_t len, size_t max_bytes)
{
    const uint8_t *p = data;
    size_t n = max_bytes;

    if (len <= max_bytes)
        return len;
    while (n > 0 && (p[n] & 0xC0) == 0x80)
        n--;
    return n;
}

size_t dwi_utf8_encode(uint32_t cp, uint8_t out[4])
{
    if (cp < 0x80) {
        out[0] = (uint8_t)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (uint8_t)(0xC0 | cp >> 6);
        out[1] = (uint8_t)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (uint8_t)(0xE0 | cp >> 12);
        out[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (cp & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | cp >> 18);
    out[1] = (uint8_t)(0x80 | (cp >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (cp >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (cp & 0x3F));
    return 4;
}
