/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include "base/checked.h"
#include "base/le.h"

bool dwi_sv_starts_with(dwi_sv text, dwi_sv prefix)
{
    return text.len >= prefix.len && dwi_sv_eq((dwi_sv){text.ptr, prefix.len}, prefix);
}

bool dwi_sv_ends_with(dwi_sv text, dwi_sv suffix)
{
    return text.len >= suffix.len &&
           dwi_sv_eq((dwi_sv){text.ptr + (text.len - suffix.len), suffix.len}, suffix);
}

int dwi_sv_cmp(dwi_sv a, dwi_sv b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);

    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool dwi_sv_eq_nocase(dwi_sv a, dwi_sv b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

int dwi_hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool dwi_sv_to_i64(dwi_sv text, int64_t *out)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    size_t i = negative ? 1 : 0;
    int64_t value = 0;

    if (i == text.len)
        return false;
    for (; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        /* Accumulated downwards, as the negative range is the larger one. */
        if (!dwi_i64_mul(value, 10, &value) || !dwi_i64_add(value, -(text.ptr[i] - '0'), &value))
            return false;
    }
    if (!negative && value == INT64_MIN)
        return false;
    *out = negative ? value : -value;
    return true;
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

uint64_t dwi_hash(const void *data, size_t len, uint64_t seed)
{
    const uint8_t *p = data;
    uint64_t h = seed ^ (len * UINT64_C(0x9E3779B97F4A7C15));
    uint64_t tail = 0;

    for (; len >= 8; p += 8, len -= 8)
        h = (h ^ dwi_le64(p)) * UINT64_C(0xD6E8FEB86659FD93), h ^= h >> 32;
    if (len > 0)
        memcpy(&tail, p, len);
    return mix(h ^ tail);
}
