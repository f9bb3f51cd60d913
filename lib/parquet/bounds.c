/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/bounds.h"

#include <math.h>

#include "base/half.h"
#include "base/le.h"
#include "base/utf8.h"
#include "parquet/write_schema.h"

void dwi_bounds_init(dwi_bounds *b, const dwi_type *type, const dw_allocator *alloc)
{
    memset(b, 0, sizeof(*b));
    b->type = type;
    dwi_buf_init(&b->min_bytes, alloc);
    dwi_buf_init(&b->max_bytes, alloc);
    dwi_bounds_clear(b);
}

void dwi_bounds_done(dwi_bounds *b)
{
    dwi_buf_done(&b->min_bytes);
    dwi_buf_done(&b->max_bytes);
}

void dwi_bounds_clear(dwi_bounds *b)
{
    b->has = false;
    b->nan_count = 0;
    b->min_key = (dwi_bound_key){UINT64_MAX, UINT64_MAX, 0};
    b->max_key = (dwi_bound_key){0, 0, 0};
}

size_t dwi_bounds_bytes(const dwi_bounds *b)
{
    return b->min_bytes.cap + b->max_bytes.cap;
}

/* Kept as bytes; those of one length are never cut. */
static bool is_bytes(const dwi_type *type)
{
    return dwi_type_is_bytes(type) || type->kind == DWI_UUID || type->kind == DWI_FIXED;
}

static bool is_text(const dwi_type *type)
{
    return type->kind == DWI_STRING || type->kind == DWI_JSON;
}

/* ---- adding values ---- */

static void widen_int(dwi_bounds *b, int64_t min, int64_t max)
{
    b->min_int = b->has && b->min_int < min ? b->min_int : min;
    b->max_int = b->has && b->max_int > max ? b->max_int : max;
    b->has = true;
}

void dwi_bounds_add_i32(dwi_bounds *b, const int32_t *values, size_t count)
{
    int32_t min = INT32_MAX;
    int32_t max = INT32_MIN;

    for (size_t i = 0; i < count; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    if (count > 0)
        widen_int(b, min, max);
}

void dwi_bounds_add_i64(dwi_bounds *b, const int64_t *values, size_t count)
{
    int64_t min = INT64_MAX;
    int64_t max = INT64_MIN;

    for (size_t i = 0; i < count; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    if (count > 0)
        widen_int(b, min, max);
}

void dwi_bounds_add_u32(dwi_bounds *b, const uint32_t *values, size_t count)
{
    uint32_t min = UINT32_MAX;
    uint32_t max = 0;

    for (size_t i = 0; i < count; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    if (count > 0)
        widen_int(b, min, max);
}

/* As int64_t in the same order. */
static int64_t turned(uint64_t value)
{
    return (int64_t)(value ^ UINT64_C(1) << 63);
}

void dwi_bounds_add_u64(dwi_bounds *b, const uint64_t *values, size_t count)
{
    uint64_t min = UINT64_MAX;
    uint64_t max = 0;

    for (size_t i = 0; i < count; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    if (count > 0)
        widen_int(b, turned(min), turned(max));
}

void dwi_bounds_add_bool(dwi_bounds *b, bool any_false, bool any_true)
{
    if (any_false || any_true)
        widen_int(b, any_false ? 0 : 1, any_true ? 1 : 0);
}

/* Zeros of either sign are one value: the minimum is -0.0, the maximum +0.0. */
static void widen_float(dwi_bounds *b, double min, double max)
{
    min = min == 0.0 ? -0.0 : min;
    max = max == 0.0 ? 0.0 : max;
    b->min_float = b->has && b->min_float < min ? b->min_float : min;
    b->max_float = b->has && b->max_float > max ? b->max_float : max;
    b->has = true;
}

/* Comparisons with NaN are false, so that it never gets in. */
void dwi_bounds_add_float(dwi_bounds *b, const float *values, size_t count)
{
    float min = INFINITY;
    float max = -INFINITY;
    size_t nans = 0;

    for (size_t i = 0; i < count; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
        nans += values[i] != values[i];
    }
    b->nan_count += (int64_t)nans;
    if (count > nans)
        widen_float(b, (double)min, (double)max);
}

void dwi_bounds_add_double(dwi_bounds *b, const double *values, size_t count)
{
    double min = (double)INFINITY;
    double max = -(double)INFINITY;
    size_t nans = 0;

    for (size_t i = 0; i < count; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
        nans += values[i] != values[i];
    }
    b->nan_count += (int64_t)nans;
    if (count > nans)
        widen_float(b, min, max);
}

void dwi_bounds_add_half(dwi_bounds *b, const uint16_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double value = dwi_half_to_double(values[i]);
        if (dwi_half_is_nan(values[i]))
            b->nan_count++;
        else
            widen_float(b, value, value);
    }
}

static bool decimal_less(dwi_i128 a, dwi_i128 b)
{
    return a.high != b.high ? a.high < b.high : a.low < b.low;
}

static void widen_decimal(dwi_bounds *b, dwi_i128 min, dwi_i128 max)
{
    b->min_decimal = b->has && decimal_less(b->min_decimal, min) ? b->min_decimal : min;
    b->max_decimal = b->has && decimal_less(max, b->max_decimal) ? b->max_decimal : max;
    b->has = true;
}

void dwi_bounds_add_decimal(dwi_bounds *b, const dwi_i128 *values, size_t count)
{
    dwi_i128 min;
    dwi_i128 max;

    if (count == 0)
        return;
    min = max = values[0];
    for (size_t i = 1; i < count; i++) {
        min = decimal_less(values[i], min) ? values[i] : min;
        max = decimal_less(max, values[i]) ? values[i] : max;
    }
    widen_decimal(b, min, max);
}

static int compare_bytes(const void *a, size_t a_len, const void *b, size_t b_len)
{
    size_t n = a_len < b_len ? a_len : b_len;
    int order = n == 0 ? 0 : memcmp(a, b, n);

    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

static uint64_t key_at(const uint8_t *data, size_t len, size_t at)
{
    uint8_t copy[8] = {0};
    size_t n = len - at < 8 ? len - at : 8;

    if (n > 0)
        memcpy(copy, data + at, n);
    return dwi_bytes_key(copy, n);
}

static void keep(dwi_buf *buf, dwi_bound_key *key, const uint8_t *data, size_t len)
{
    dwi_buf_clear(buf);
    dwi_buf_append(buf, data, len);
    key->first = key_at(data, len, 0);
    key->behind = key->first;
    key->shared = 0;
}

/* The key did not settle the comparison with this value; it will with those that begin alike. */
static void sharpen(const dwi_buf *buf, dwi_bound_key *key, const uint8_t *data, size_t len)
{
    size_t end = len < buf->len ? len : buf->len;
    size_t shared = 0;

    end = end < DWI_BOUNDS_SHARED ? end : DWI_BOUNDS_SHARED;
    while (shared + 8 <= end && dwi_le64(data + shared) == dwi_le64(buf->data + shared))
        shared += 8;
    if (key->shared > 0 && shared >= key->shared) /* or the next one would take it back */
        return;
    key->shared = shared;
    key->behind = key_at(buf->data, buf->len, shared);
}

void dwi_bounds_add_bytes(dwi_bounds *b, const uint8_t *data, size_t len)
{
    size_t kept = len < DWI_BOUNDS_KEEP ? len : DWI_BOUNDS_KEEP;
    uint64_t first = key_at(data, len, 0);

    if (!b->has || (first <= b->min_key.first &&
                    compare_bytes(data, kept, b->min_bytes.data, b->min_bytes.len) < 0))
        keep(&b->min_bytes, &b->min_key, data, kept);
    else if (first == b->min_key.first)
        sharpen(&b->min_bytes, &b->min_key, data, kept);
    if (!b->has || (first >= b->max_key.first &&
                    compare_bytes(data, kept, b->max_bytes.data, b->max_bytes.len) > 0))
        keep(&b->max_bytes, &b->max_key, data, kept);
    else if (first == b->max_key.first)
        sharpen(&b->max_bytes, &b->max_key, data, kept);
    b->has = true;
}

void dwi_bounds_merge(dwi_bounds *b, const dwi_bounds *other)
{
    b->nan_count += other->nan_count;
    if (!other->has)
        return;
    if (dwi_bounds_has_nan(b->type)) {
        widen_float(b, other->min_float, other->max_float);
    } else if (b->type->kind == DWI_DECIMAL) {
        widen_decimal(b, other->min_decimal, other->max_decimal);
    } else if (is_bytes(b->type)) {
        dwi_bounds_add_bytes(b, other->min_bytes.data, other->min_bytes.len);
        dwi_bounds_add_bytes(b, other->max_bytes.data, other->max_bytes.len);
    } else {
        widen_int(b, other->min_int, other->max_int);
    }
}

/* ---- writing ---- */

static void put_float(dwi_buf *out, const dwi_type *type, double value)
{
    if (type->kind == DWI_FLOAT) {
        float narrow = (float)value;
        dwi_buf_append(out, &narrow, sizeof(narrow));
    } else if (type->kind == DWI_FLOAT16) {
        uint16_t half = dwi_half_from_double(value);
        dwi_buf_append(out, &half, sizeof(half));
    } else {
        dwi_buf_append(out, &value, sizeof(value));
    }
}

static uint64_t int_bits(const dwi_type *type, int64_t value)
{
    return type->kind == DWI_ULONG ? (uint64_t)value ^ UINT64_C(1) << 63 : (uint64_t)value;
}

static void put_int(dwi_buf *out, const dwi_type *type, int64_t value)
{
    uint8_t bytes[8];
    size_t width = type->kind == DWI_BOOLEAN ? 1 : dwi_type_width(type) == 8 ? 8 : 4;

    dwi_le64_put(bytes, int_bits(type, value));
    dwi_buf_append(out, bytes, width);
}

static void put_decimal(dwi_buf *out, const dwi_type *type, dwi_i128 value)
{
    uint8_t bytes[16];
    size_t width = (size_t)dwi_pqw_decimal_bytes(type->precision);

    if (type->precision <= 18) {
        dwi_le64_put(bytes, value.low);
        dwi_buf_append(out, bytes, type->precision <= 9 ? 4 : 8);
        return;
    }
    for (size_t i = 0; i < 8; i++) {
        bytes[15 - i] = (uint8_t)(value.low >> (8 * i));
        bytes[7 - i] = (uint8_t)((uint64_t)value.high >> (8 * i));
    }
    dwi_buf_append(out, bytes + 16 - width, width);
}

static size_t cut(const dwi_buf *bytes, const dwi_type *type, size_t limit)
{
    if (bytes->len <= limit)
        return bytes->len;
    return is_text(type) ? dwi_utf8_cut(bytes->data, bytes->len, limit) : limit;
}

/* Values of one length are written whole or not at all: readers take no shorter ones. */
static bool put_fixed(const dwi_bounds *b, const dwi_buf *bytes, dwi_buf *out)
{
    if (dwi_type_width(b->type) > DWI_BOUNDS_KEEP)
        return false;
    dwi_buf_append(out, bytes->data, bytes->len);
    return true;
}

bool dwi_bounds_put_min(const dwi_bounds *b, size_t limit, dwi_buf *out, bool *out_exact)
{
    *out_exact = true;
    if (!b->has)
        return false;
    if (dwi_type_is_bytes(b->type)) {
        *out_exact = b->min_bytes.len <= limit;
        dwi_buf_append(out, b->min_bytes.data, cut(&b->min_bytes, b->type, limit));
    } else if (is_bytes(b->type)) {
        return put_fixed(b, &b->min_bytes, out);
    } else if (dwi_bounds_has_nan(b->type)) {
        put_float(out, b->type, b->min_float);
    } else if (b->type->kind == DWI_DECIMAL) {
        put_decimal(out, b->type, b->min_decimal);
    } else {
        put_int(out, b->type, b->min_int);
    }
    return true;
}

/* Length of the character that ends before `len`. */
static size_t last_char(const uint8_t *data, size_t len)
{
    size_t n = 1;

    while (n < len && n < 4 && (data[len - n] & 0xC0) == 0x80)
        n++;
    return n;
}

static uint32_t decode(const uint8_t *p, size_t n)
{
    uint32_t cp = n == 1 ? p[0] : p[0] & (0x7Fu >> n);

    for (size_t i = 1; i < n; i++)
        cp = cp << 6 | (p[i] & 0x3Fu);
    return cp;
}

static size_t round_up_text(uint8_t *data, size_t len)
{
    while (len > 0) {
        size_t n = last_char(data, len);
        uint8_t next[4];
        uint32_t cp = decode(data + len - n, n) + 1;
        len -= n;
        if (cp == 0xD800) /* surrogates are no characters */
            cp = 0xE000;
        if (cp <= 0x10FFFF && dwi_utf8_encode(cp, next) == n) {
            memcpy(data + len, next, n);
            return len + n;
        }
    }
    return 0;
}

size_t dwi_bounds_round_up(uint8_t *data, size_t len, bool text)
{
    if (text)
        return round_up_text(data, len);
    for (; len > 0; len--) {
        if (data[len - 1] != 0xFF) {
            data[len - 1]++;
            return len;
        }
    }
    return 0;
}

static bool put_max_bytes(const dwi_bounds *b, size_t limit, dwi_buf *out)
{
    size_t before = out->len;
    size_t len = cut(&b->max_bytes, b->type, limit);

    dwi_buf_append(out, b->max_bytes.data, len);
    if (b->max_bytes.len <= limit || out->failed)
        return true;
    out->len = before + dwi_bounds_round_up(out->data + before, len, is_text(b->type));
    return out->len > before;
}

bool dwi_bounds_put_max(const dwi_bounds *b, size_t limit, dwi_buf *out, bool *out_exact)
{
    *out_exact = true;
    if (!b->has)
        return false;
    if (dwi_type_is_bytes(b->type)) {
        *out_exact = b->max_bytes.len <= limit;
        return put_max_bytes(b, limit, out);
    }
    if (is_bytes(b->type))
        return put_fixed(b, &b->max_bytes, out);
    if (dwi_bounds_has_nan(b->type))
        put_float(out, b->type, b->max_float);
    else if (b->type->kind == DWI_DECIMAL)
        put_decimal(out, b->type, b->max_decimal);
    else
        put_int(out, b->type, b->max_int);
    return true;
}

static void put_le128(uint8_t *out, dwi_i128 value)
{
    dwi_le64_put(out, value.low);
    dwi_le64_put(out + 8, (uint64_t)value.high);
}

dw_bytes dwi_bounds_value(const dwi_bounds *b, bool max, size_t limit,
                          uint8_t fixed[DWI_BOUNDS_FIXED], bool *out_cut)
{
    const dwi_buf *bytes = max ? &b->max_bytes : &b->min_bytes;
    double wide = max ? b->max_float : b->min_float;
    float narrow = (float)wide;
    uint16_t half;

    *out_cut = false;
    switch (b->type->kind) {
    case DWI_STRING:
    case DWI_BINARY:
    case DWI_JSON:
    case DWI_UUID:
    case DWI_FIXED:
        *out_cut = bytes->len > limit || dwi_type_width(b->type) > limit;
        return (dw_bytes){bytes->data, cut(bytes, b->type, limit)};
    case DWI_FLOAT16:
        half = dwi_half_from_double(wide);
        memcpy(fixed, &half, sizeof(half));
        return (dw_bytes){fixed, sizeof(half)};
    case DWI_FLOAT:
        memcpy(fixed, &narrow, sizeof(narrow));
        return (dw_bytes){fixed, sizeof(narrow)};
    case DWI_DOUBLE:
        memcpy(fixed, &wide, sizeof(wide));
        return (dw_bytes){fixed, sizeof(wide)};
    case DWI_DECIMAL:
        put_le128(fixed, max ? b->max_decimal : b->min_decimal);
        return (dw_bytes){fixed, 16};
    case DWI_BOOLEAN:
        fixed[0] = (uint8_t)(max ? b->max_int : b->min_int);
        return (dw_bytes){fixed, 1};
    default:
        dwi_le64_put(fixed, int_bits(b->type, max ? b->max_int : b->min_int));
        return (dw_bytes){fixed, dwi_type_width(b->type)};
    }
}

/* ---- comparing what was written ---- */

static int compare_floats(double a, double b)
{
    return (a > b) - (a < b);
}

static int compare_ints(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int64_t int_of(const dwi_type *type, dwi_sv v)
{
    if (v.len == 8)
        return type->kind == DWI_ULONG ? turned(dwi_le64(v.ptr)) : (int64_t)dwi_le64(v.ptr);
    if (v.len == 4)
        return type->kind == DWI_UINTEGER ? (int64_t)dwi_le32(v.ptr) : (int32_t)dwi_le32(v.ptr);
    return v.ptr[0];
}

static double float_of(dwi_sv v)
{
    double wide;
    float narrow;

    if (v.len == sizeof(wide)) {
        memcpy(&wide, v.ptr, sizeof(wide));
        return wide;
    }
    if (v.len == sizeof(uint16_t))
        return dwi_half_to_double(dwi_le16(v.ptr));
    memcpy(&narrow, v.ptr, sizeof(narrow));
    return (double)narrow;
}

/* Big-endian two's complement of one length: the sign decides, then the bytes. */
static int compare_fixed(dwi_sv a, dwi_sv b)
{
    int negative_a = (a.ptr[0] & 0x80) != 0;
    int negative_b = (b.ptr[0] & 0x80) != 0;

    return negative_a != negative_b ? negative_b - negative_a : memcmp(a.ptr, b.ptr, a.len);
}

int dwi_bounds_compare(const dwi_type *type, dwi_sv a, dwi_sv b)
{
    if (is_bytes(type))
        return compare_bytes(a.ptr, a.len, b.ptr, b.len);
    if (dwi_bounds_has_nan(type))
        return compare_floats(float_of(a), float_of(b));
    if (type->kind == DWI_DECIMAL && type->precision > 18)
        return compare_fixed(a, b);
    return compare_ints(int_of(type, a), int_of(type, b));
}
