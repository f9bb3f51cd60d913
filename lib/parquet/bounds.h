/* SPDX-License-Identifier: Apache-2.0 */
/* Smallest and largest value of one leaf, over a page, a column chunk or the file. Order is
 * Parquet's TYPE_ORDER: signed and unsigned numbers, false before true, bytes unsigned. NaN is left
 * out and counted; a zero minimum is written as -0.0, a zero maximum as +0.0. */
#ifndef DWI_PARQUET_BOUNDS_H
#define DWI_PARQUET_BOUNDS_H

#include "base/buf.h"
#include "base/le.h"
#include "schema/type.h"

/* Whether NaN is counted. */
static inline bool dwi_bounds_has_nan(const dwi_type *type)
{
    return type->kind == DWI_FLOAT || type->kind == DWI_DOUBLE || type->kind == DWI_FLOAT16;
}

/* Of strings and binary only so much is kept: longer than any bound that is written, by one whole
 * character. Values that are equal so far give equal bounds. */
enum { DWI_BOUNDS_KEEP = 516, DWI_BOUNDS_FIXED = 16 };

/* DWI_BOUNDS_READABLE: bytes that can be read at a value, however short, for the fast way. */
enum { DWI_BOUNDS_SHARED = 48, DWI_BOUNDS_READABLE = DWI_BOUNDS_SHARED + 8 };

/* A decimal as two halves of a two's complement number. */
typedef struct dwi_i128 {
    int64_t high;
    uint64_t low;
} dwi_i128;

/* What settles most comparisons with a bound: its first eight bytes, big-endian, and those behind
 * the words of eight bytes that the last value which they did not settle begins with too. */
typedef struct dwi_bound_key {
    uint64_t first;
    uint64_t behind;
    size_t shared; /* bytes, at most DWI_BOUNDS_SHARED */
} dwi_bound_key;

typedef struct dwi_bounds {
    const dwi_type *type;
    bool has;
    int64_t nan_count;
    int64_t min_int; /* boolean, integers, date, times, timestamps; ulong with its top bit turned */
    int64_t max_int;
    double min_float; /* float16, float and double */
    double max_float;
    dwi_i128 min_decimal;
    dwi_i128 max_decimal;
    dwi_bound_key min_key; /* of min_bytes; without any value above all keys */
    dwi_bound_key max_key;
    dwi_buf min_bytes; /* string, json, binary, uuid, fixed; at most DWI_BOUNDS_KEEP */
    dwi_buf max_bytes;
} dwi_bounds;

void dwi_bounds_init(dwi_bounds *b, const dwi_type *type, const dw_allocator *alloc);
void dwi_bounds_done(dwi_bounds *b);
void dwi_bounds_clear(dwi_bounds *b); /* memory is kept */
size_t dwi_bounds_bytes(const dwi_bounds *b);

void dwi_bounds_add_i32(dwi_bounds *b, const int32_t *values, size_t count);
void dwi_bounds_add_i64(dwi_bounds *b, const int64_t *values, size_t count);
void dwi_bounds_add_u32(dwi_bounds *b, const uint32_t *values, size_t count);
void dwi_bounds_add_u64(dwi_bounds *b, const uint64_t *values, size_t count);
void dwi_bounds_add_half(dwi_bounds *b, const uint16_t *values, size_t count);
void dwi_bounds_add_float(dwi_bounds *b, const float *values, size_t count);
void dwi_bounds_add_double(dwi_bounds *b, const double *values, size_t count);
void dwi_bounds_add_decimal(dwi_bounds *b, const dwi_i128 *values, size_t count);
void dwi_bounds_add_bool(dwi_bounds *b, bool any_false, bool any_true);
void dwi_bounds_add_bytes(dwi_bounds *b, const uint8_t *data, size_t len);
/* Take in what another one of the same type saw. */
void dwi_bounds_merge(dwi_bounds *b, const dwi_bounds *other);

/* The first eight bytes as a number that orders as the bytes do; zeros for missing ones. Eight
 * bytes can be read. */
static inline uint64_t dwi_bytes_key(const uint8_t *p, size_t len)
{
    uint64_t x = 0;
    unsigned missing = len < 8 ? 8 - (unsigned)len : 0;

    for (int i = 0; i < 8; i++) /* one instruction */
        x = x << 8 | p[i];
    return x & ~(((UINT64_C(1) << 4 * missing) << 4 * missing) - 1);
}

static inline bool dwi_bounds_same_words(const uint8_t *a, const uint8_t *b, size_t bytes)
{
    uint64_t differ = 0;

    for (size_t i = 0; i < bytes; i += 8)
        differ |= dwi_le64(a + i) ^ dwi_le64(b + i);
    return differ == 0;
}

static inline uint64_t dwi_bytes_key_behind(const uint8_t *p, size_t len, size_t shared)
{
    return dwi_bytes_key(p + shared, len > shared ? len - shared : 0);
}

/* dwi_bounds_add_bytes() where DWI_BOUNDS_READABLE bytes can be read: what is known to lie between
 * the bounds changes nothing. A key of 0, as that of one that ends before, is never above. */
static inline void dwi_bounds_add_readable(dwi_bounds *b, const uint8_t *data, size_t len)
{
    const dwi_bound_key *min = &b->min_key;
    const dwi_bound_key *max = &b->max_key;
    uint64_t first = dwi_bytes_key(data, len);

    if ((first > min->first || (dwi_bytes_key_behind(data, len, min->shared) > min->behind &&
                                dwi_bounds_same_words(data, b->min_bytes.data, min->shared))) &&
        (first < max->first || (dwi_bytes_key_behind(data, len, max->shared) < max->behind &&
                                dwi_bounds_same_words(data, b->max_bytes.data, max->shared))))
        return;
    dwi_bounds_add_bytes(b, data, len);
}

/* Append the bound in PLAIN form without a length. Strings, JSON and binary are cut to `limit`
 * bytes, the maximum rounded up; *out_exact tells whether nothing was cut. False: there is no such
 * bound (none at all, a maximum that cannot be rounded up, or fixed bytes over DWI_BOUNDS_KEEP),
 * and nothing is appended. */
bool dwi_bounds_put_min(const dwi_bounds *b, size_t limit, dwi_buf *out, bool *out_exact);
bool dwi_bounds_put_max(const dwi_bounds *b, size_t limit, dwi_buf *out, bool *out_exact);

/* The minimum or maximum in the form that columns have in memory: fixed width types in `fixed`,
 * strings and binary cut to `limit` bytes (the maximum not rounded up; *out_cut). There is one. */
dw_bytes dwi_bounds_value(const dwi_bounds *b, bool max, size_t limit,
                          uint8_t fixed[DWI_BOUNDS_FIXED], bool *out_cut);

/* The shortest valid UTF-8 (or, unless `text`, byte string) above everything that starts with
 * data[0..len): shortened and changed in place. 0 when there is none. */
size_t dwi_bounds_round_up(uint8_t *data, size_t len, bool text);

/* Order of two bounds as written by put: < 0, 0, > 0. */
int dwi_bounds_compare(const dwi_type *type, dwi_sv a, dwi_sv b);

#endif
