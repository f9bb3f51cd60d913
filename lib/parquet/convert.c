/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/convert.h"

#include "base/calendar.h"
#include "base/checked.h"
#include "base/le.h"

enum { JULIAN_1970 = 2440588, PATH_BYTES = 200 };

/* A 128-bit two's complement number as decimals are stored. */
typedef struct wide {
    uint64_t low;
    uint64_t high;
} wide;

static bool copy4(const dwi_convert *c, const void *in, size_t n, void *out)
{
    (void)c;
    memcpy(out, in, n * 4);
    return true;
}

static bool copy8(const dwi_convert *c, const void *in, size_t n, void *out)
{
    (void)c;
    memcpy(out, in, n * 8);
    return true;
}

static int32_t get_i32(const void *in, size_t i)
{
    return (int32_t)dwi_le32((const uint8_t *)in + 4 * i);
}

static int64_t get_i64(const void *in, size_t i)
{
    return (int64_t)dwi_le64((const uint8_t *)in + 8 * i);
}

static bool i32_to_i8(const dwi_convert *c, const void *in, size_t n, void *out)
{
    int8_t *values = out;
    int32_t lost = 0;

    (void)c;
    for (size_t i = 0; i < n; i++) {
        values[i] = (int8_t)get_i32(in, i);
        lost |= values[i] ^ get_i32(in, i);
    }
    return lost == 0;
}

static bool i32_to_i16(const dwi_convert *c, const void *in, size_t n, void *out)
{
    int16_t *values = out;
    int32_t lost = 0;

    (void)c;
    for (size_t i = 0; i < n; i++) {
        values[i] = (int16_t)get_i32(in, i);
        lost |= values[i] ^ get_i32(in, i);
    }
    return lost == 0;
}

static bool i32_to_u8(const dwi_convert *c, const void *in, size_t n, void *out)
{
    uint8_t *values = out;
    int32_t lost = 0;

    (void)c;
    for (size_t i = 0; i < n; i++) {
        values[i] = (uint8_t)get_i32(in, i);
        lost |= values[i] ^ get_i32(in, i);
    }
    return lost == 0;
}

static bool i32_to_u16(const dwi_convert *c, const void *in, size_t n, void *out)
{
    uint16_t *values = out;
    int32_t lost = 0;

    (void)c;
    for (size_t i = 0; i < n; i++) {
        values[i] = (uint16_t)get_i32(in, i);
        lost |= values[i] ^ get_i32(in, i);
    }
    return lost == 0;
}

static bool i32_to_i64(const dwi_convert *c, const void *in, size_t n, void *out)
{
    int64_t *values = out;

    (void)c;
    for (size_t i = 0; i < n; i++)
        values[i] = get_i32(in, i);
    return true;
}

static bool u32_to_i64(const dwi_convert *c, const void *in, size_t n, void *out)
{
    int64_t *values = out;

    (void)c;
    for (size_t i = 0; i < n; i++)
        values[i] = (uint32_t)get_i32(in, i);
    return true;
}

static bool i32_to_f64(const dwi_convert *c, const void *in, size_t n, void *out)
{
    double *values = out;

    (void)c;
    for (size_t i = 0; i < n; i++)
        values[i] = get_i32(in, i);
    return true;
}

static bool u32_to_f64(const dwi_convert *c, const void *in, size_t n, void *out)
{
    double *values = out;

    (void)c;
    for (size_t i = 0; i < n; i++)
        values[i] = (uint32_t)get_i32(in, i);
    return true;
}

static bool f32_to_f64(const dwi_convert *c, const void *in, size_t n, void *out)
{
    double *values = out;

    (void)c;
    for (size_t i = 0; i < n; i++) {
        float value;
        memcpy(&value, (const uint8_t *)in + 4 * i, sizeof(value));
        values[i] = (double)value;
    }
    return true;
}

static bool days_to_us(const dwi_convert *c, const void *in, size_t n, void *out)
{
    int64_t *values = out;
    bool fits = true;

    (void)c;
    for (size_t i = 0; i < n; i++)
        fits = fits && dwi_i64_mul(get_i32(in, i), DWI_US_PER_DAY, &values[i]);
    return fits;
}

static bool ms_to_us(const dwi_convert *c, const void *in, size_t n, void *out)
{
    int64_t *values = out;
    bool fits = true;

    (void)c;
    for (size_t i = 0; i < n; i++) {
        int64_t ms = get_i64(in, i);
        fits &= ms >= INT64_MIN / 1000 && ms <= INT64_MAX / 1000;
        values[i] = (int64_t)((uint64_t)ms * 1000);
    }
    return fits;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool ns_to_us(const dwi_convert *c, const void *in, size_t n, void *out)
{
    int64_t *values = out;

    (void)c;
    for (size_t i = 0; i < n; i++)
        values[i] = floor_div(get_i64(in, i), 1000);
    return true;
}

/* INT96: nanoseconds of the day, then the Julian day. */
/* Spark adds the days from the Julian epoch to 1970 in 64 bits of microseconds, which overflows
 * after the year 222,000 or so and leaves a negative time of day; it reads such values by the same
 * arithmetic, which takes the overflow back. */
static bool i96_to_us(const dwi_convert *c, const void *in, size_t n, void *out)
{
    const uint8_t *p = in;
    int64_t *values = out;
    bool fits = true;

    (void)c;
    for (size_t i = 0; i < n && fits; i++, p += 12) {
        int64_t us = floor_div((int64_t)dwi_le64(p), 1000);
        int64_t days = (int64_t)(int32_t)dwi_le32(p + 8) - JULIAN_1970;
        if (us < 0)
            values[i] = (int64_t)((uint64_t)days * (uint64_t)DWI_US_PER_DAY + (uint64_t)us);
        else
            fits = dwi_i64_mul(days, DWI_US_PER_DAY, &days) && dwi_i64_add(days, us, &values[i]);
    }
    return fits;
}

static bool i96_to_ns(const dwi_convert *c, const void *in, size_t n, void *out)
{
    const uint8_t *p = in;
    int64_t *values = out;
    bool fits = true;

    (void)c;
    for (size_t i = 0; i < n && fits; i++, p += 12) {
        int64_t days = (int64_t)(int32_t)dwi_le32(p + 8) - JULIAN_1970;
        int64_t ns = (int64_t)dwi_le64(p);
        /* The first day that 64 bits reach is not there as a whole: count from the next. */
        if (days < 0) {
            days++;
            if (ns < 0 || ns > DWI_US_PER_DAY * 1000)
                return false;
            ns -= DWI_US_PER_DAY * 1000;
        }
        fits = dwi_i64_mul(days, DWI_US_PER_DAY * 1000, &days) && dwi_i64_add(days, ns, &values[i]);
    }
    return fits;
}

static wide multiply(wide a, uint32_t by)
{
    uint64_t low = (a.low & UINT32_MAX) * by;
    uint64_t high = (a.low >> 32) * by + (low >> 32);

    return (wide){high << 32 | (low & UINT32_MAX), a.high * by + (high >> 32)};
}

static wide scale(wide value, int digits)
{
    for (; digits > 0; digits--)
        value = multiply(value, 10);
    return value;
}

static wide negate(wide value)
{
    return (wide){0 - value.low, ~value.high + (value.low == 0)};
}

/* -bound < value < bound. */
static bool in_bounds(const dwi_convert *c, wide value)
{
    if (value.high >> 63 != 0)
        value = negate(value);
    return value.high < c->bound_high || (value.high == c->bound_high && value.low < c->bound_low);
}

static bool put_decimal(const dwi_convert *c, wide value, void *out, size_t i)
{
    bool fits = in_bounds(c, value);

    value = scale(value, c->scale_up);
    dwi_le64_put((uint8_t *)out + 16 * i, value.low);
    dwi_le64_put((uint8_t *)out + 16 * i + 8, value.high);
    return fits;
}

static wide from_i64(int64_t value)
{
    return (wide){(uint64_t)value, value < 0 ? UINT64_MAX : 0};
}

static bool i32_to_decimal(const dwi_convert *c, const void *in, size_t n, void *out)
{
    bool fits = true;

    for (size_t i = 0; i < n; i++)
        fits &= put_decimal(c, from_i64(get_i32(in, i)), out, i);
    return fits;
}

static bool u32_to_decimal(const dwi_convert *c, const void *in, size_t n, void *out)
{
    bool fits = true;

    for (size_t i = 0; i < n; i++)
        fits &= put_decimal(c, from_i64((uint32_t)get_i32(in, i)), out, i);
    return fits;
}

static bool i64_to_decimal(const dwi_convert *c, const void *in, size_t n, void *out)
{
    bool fits = true;

    for (size_t i = 0; i < n; i++)
        fits &= put_decimal(c, from_i64(get_i64(in, i)), out, i);
    return fits;
}

static bool u64_to_decimal(const dwi_convert *c, const void *in, size_t n, void *out)
{
    bool fits = true;

    for (size_t i = 0; i < n; i++)
        fits &= put_decimal(c, (wide){(uint64_t)get_i64(in, i), 0}, out, i);
    return fits;
}

/* Big-endian two's complement of any length; more than 16 bytes must be sign only. */
static bool from_bytes(dwi_sv bytes, wide *out)
{
    const uint8_t *p = (const uint8_t *)bytes.ptr;
    bool negative = bytes.len > 0 && p[0] >= 0x80;
    wide value = negative ? (wide){UINT64_MAX, UINT64_MAX} : (wide){0, 0};

    for (size_t i = 0; i < bytes.len; i++) {
        if (value.high >> 56 != (negative ? 0xFF : 0))
            return false;
        value.high = value.high << 8 | value.low >> 56;
        value.low = value.low << 8 | p[i];
    }
    *out = value;
    return bytes.len > 0;
}

static bool spans_to_decimal(const dwi_convert *c, const dwi_sv *in, size_t n, void *out)
{
    wide value = {0, 0};
    bool fits = true;

    for (size_t i = 0; i < n && fits; i++)
        fits = from_bytes(in[i], &value) && put_decimal(c, value, out, i);
    return fits;
}

/* IEEE 754 half precision: 1 sign, 5 exponent and 10 fraction bits. */
static float from_half(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t exponent = (half >> 10) & 0x1F;
    uint32_t fraction = half & 0x3FF;
    uint32_t bits;
    float value;

    if (exponent == 0) {
        value = (float)fraction / 16777216.0f; /* subnormal: units of 2^-24 */
        return sign != 0 ? -value : value;
    }
    bits = sign | (exponent == 31 ? UINT32_C(0xFF) : exponent + 112) << 23 | fraction << 13;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static bool spans_to_f32(const dwi_convert *c, const dwi_sv *in, size_t n, void *out)
{
    float *values = out;

    (void)c;
    for (size_t i = 0; i < n; i++)
        values[i] = from_half(dwi_le16(in[i].ptr));
    return true;
}

static bool spans_to_f64(const dwi_convert *c, const dwi_sv *in, size_t n, void *out)
{
    double *values = out;

    (void)c;
    for (size_t i = 0; i < n; i++)
        values[i] = (double)from_half(dwi_le16(in[i].ptr));
    return true;
}

static bool spans_copy(const dwi_convert *c, const dwi_sv *in, size_t n, void *out)
{
    uint8_t *values = out;

    for (size_t i = 0; i < n; i++)
        memcpy(values + i * c->width, in[i].ptr, c->width);
    return true;
}

typedef bool (*fixed_fn)(const dwi_convert *c, const void *in, size_t n, void *out);

/* One way from a leaf's values to a kind of ours. */
typedef struct rule {
    uint8_t source; /* dwi_leaf_source */
    uint8_t kind;   /* dwi_type_kind */
    fixed_fn fn;
} rule;

static const rule rules[] = {
    {DWI_LEAF_INT8, DWI_BYTE, i32_to_i8},
    {DWI_LEAF_INT32, DWI_BYTE, i32_to_i8}, /* not annotated: as long as the values fit */
    {DWI_LEAF_UINT8, DWI_UBYTE, i32_to_u8},
    {DWI_LEAF_UINT16, DWI_USHORT, i32_to_u16},
    {DWI_LEAF_UINT32, DWI_UINTEGER, copy4},
    {DWI_LEAF_UINT64, DWI_ULONG, copy8},
    {DWI_LEAF_INT8, DWI_SHORT, i32_to_i16},
    {DWI_LEAF_UINT8, DWI_SHORT, i32_to_i16},
    {DWI_LEAF_INT16, DWI_SHORT, i32_to_i16},
    {DWI_LEAF_INT32, DWI_SHORT, i32_to_i16},
    {DWI_LEAF_INT8, DWI_INTEGER, copy4},
    {DWI_LEAF_UINT8, DWI_INTEGER, copy4},
    {DWI_LEAF_INT16, DWI_INTEGER, copy4},
    {DWI_LEAF_UINT16, DWI_INTEGER, copy4},
    {DWI_LEAF_INT32, DWI_INTEGER, copy4},
    {DWI_LEAF_INT8, DWI_LONG, i32_to_i64},
    {DWI_LEAF_UINT8, DWI_LONG, i32_to_i64},
    {DWI_LEAF_INT16, DWI_LONG, i32_to_i64},
    {DWI_LEAF_UINT16, DWI_LONG, i32_to_i64},
    {DWI_LEAF_INT32, DWI_LONG, i32_to_i64},
    {DWI_LEAF_UINT32, DWI_LONG, u32_to_i64},
    {DWI_LEAF_INT64, DWI_LONG, copy8},
    {DWI_LEAF_INT8, DWI_DOUBLE, i32_to_f64},
    {DWI_LEAF_UINT8, DWI_DOUBLE, i32_to_f64},
    {DWI_LEAF_INT16, DWI_DOUBLE, i32_to_f64},
    {DWI_LEAF_UINT16, DWI_DOUBLE, i32_to_f64},
    {DWI_LEAF_INT32, DWI_DOUBLE, i32_to_f64},
    {DWI_LEAF_UINT32, DWI_DOUBLE, u32_to_f64},
    {DWI_LEAF_FLOAT, DWI_FLOAT, copy4},
    {DWI_LEAF_FLOAT, DWI_DOUBLE, f32_to_f64},
    {DWI_LEAF_DOUBLE, DWI_DOUBLE, copy8},
    {DWI_LEAF_DATE, DWI_DATE, copy4},
    {DWI_LEAF_DATE, DWI_TIMESTAMP_NTZ, days_to_us},
    {DWI_LEAF_MILLIS, DWI_TIMESTAMP, ms_to_us},
    {DWI_LEAF_MILLIS, DWI_TIMESTAMP_NTZ, ms_to_us},
    {DWI_LEAF_MICROS, DWI_TIMESTAMP, copy8},
    {DWI_LEAF_MICROS, DWI_TIMESTAMP_NTZ, copy8},
    {DWI_LEAF_NANOS, DWI_TIMESTAMP, ns_to_us},
    {DWI_LEAF_NANOS, DWI_TIMESTAMP_NTZ, ns_to_us},
    {DWI_LEAF_MILLIS, DWI_TIMESTAMP_MS, copy8},
    {DWI_LEAF_MILLIS, DWI_TIMESTAMP_NTZ_MS, copy8},
    {DWI_LEAF_NANOS, DWI_TIMESTAMP_NS, copy8},
    {DWI_LEAF_NANOS, DWI_TIMESTAMP_NTZ_NS, copy8},
    {DWI_LEAF_TIME_MILLIS, DWI_TIME_MS, copy4},
    {DWI_LEAF_TIME_MICROS, DWI_TIME_US, copy8},
    {DWI_LEAF_TIME_NANOS, DWI_TIME_NS, copy8},
    {DWI_LEAF_INT96, DWI_TIMESTAMP_NS, i96_to_ns},
    {DWI_LEAF_INT96, DWI_TIMESTAMP_NTZ_NS, i96_to_ns},
    {DWI_LEAF_INT96, DWI_TIMESTAMP, i96_to_us},
    {DWI_LEAF_INT96, DWI_TIMESTAMP_NTZ, i96_to_us},
};

/* Digits that any value of an integer or decimal leaf has at most; 0: no number of that sort. */
static int decimal_digits(const dwi_parquet_node *leaf, fixed_fn *out_fn)
{
    switch (leaf->source) {
    case DWI_LEAF_INT8:
    case DWI_LEAF_UINT8:
        *out_fn = i32_to_decimal;
        return 3;
    case DWI_LEAF_INT16:
    case DWI_LEAF_UINT16:
        *out_fn = i32_to_decimal;
        return 5;
    case DWI_LEAF_INT32:
        *out_fn = i32_to_decimal;
        return 10;
    case DWI_LEAF_UINT32:
        *out_fn = u32_to_decimal;
        return 10;
    case DWI_LEAF_INT64:
        *out_fn = i64_to_decimal;
        return 19;
    case DWI_LEAF_UINT64:
        *out_fn = u64_to_decimal;
        return 20;
    case DWI_LEAF_DECIMAL32:
        *out_fn = i32_to_decimal;
        return leaf->type->precision;
    case DWI_LEAF_DECIMAL64:
        *out_fn = i64_to_decimal;
        return leaf->type->precision;
    case DWI_LEAF_DECIMAL_BYTES:
        *out_fn = NULL;
        return leaf->type->precision;
    default:
        return 0;
    }
}

static bool find_decimal(const dwi_parquet_node *leaf, const dwi_type *type, dwi_convert *c)
{
    int digits = decimal_digits(leaf, &c->fixed);
    int file_scale = leaf->type->kind == DWI_DECIMAL ? leaf->type->scale : 0;
    wide bound = scale((wide){1, 0}, digits);

    if (digits == 0 || type->scale < file_scale ||
        type->precision - type->scale < digits - file_scale)
        return false;
    c->form = DWI_CONVERT_FIXED;
    if (c->fixed == NULL) {
        c->form = DWI_CONVERT_SPANS;
        c->spans = spans_to_decimal;
    }
    c->scale_up = type->scale - file_scale;
    c->bound_low = bound.low;
    c->bound_high = bound.high;
    return true;
}

static bool find_bytes(const dwi_parquet_node *leaf, const dwi_type *type, dwi_convert *c)
{
    c->form = DWI_CONVERT_BYTES;
    c->check_utf8 = type->kind != DWI_BINARY;
    switch (leaf->source) {
    case DWI_LEAF_STRING:
    case DWI_LEAF_JSON:
    case DWI_LEAF_BINARY: /* older writers do not annotate their strings */
        return true;
    case DWI_LEAF_FIXED:
    case DWI_LEAF_UUID:
        return type->kind == DWI_BINARY;
    default:
        return false;
    }
}

/* Values of a fixed length that stay as they are. */
static bool find_fixed(const dwi_parquet_node *leaf, const dwi_type *type, dwi_convert *c)
{
    bool fixed = leaf->source == DWI_LEAF_FIXED || leaf->source == DWI_LEAF_UUID;

    c->form = DWI_CONVERT_SPANS;
    c->spans = spans_copy;
    if (type->kind == DWI_FLOAT16)
        return leaf->source == DWI_LEAF_FLOAT16;
    return fixed && c->width == (size_t)leaf->type_length;
}

static bool find(const dwi_parquet_node *leaf, const dwi_type *type, dwi_convert *c)
{
    if (leaf->source == DWI_LEAF_NULL) {
        c->form = DWI_CONVERT_NULLS;
        return true;
    }
    c->width = dwi_type_width(type);
    switch (type->kind) {
    case DWI_DECIMAL:
        return find_decimal(leaf, type, c);
    case DWI_STRING:
    case DWI_BINARY:
    case DWI_JSON:
        return find_bytes(leaf, type, c);
    case DWI_FLOAT16:
    case DWI_UUID:
    case DWI_FIXED:
        return find_fixed(leaf, type, c);
    case DWI_BOOLEAN:
        c->form = DWI_CONVERT_BOOLEAN;
        c->width = 1;
        return leaf->source == DWI_LEAF_BOOLEAN;
    default:
        break;
    }
    if (leaf->source == DWI_LEAF_FLOAT16) {
        c->form = DWI_CONVERT_SPANS;
        c->spans = type->kind == DWI_FLOAT ? spans_to_f32 : spans_to_f64;
        return type->kind == DWI_FLOAT || type->kind == DWI_DOUBLE;
    }
    c->form = DWI_CONVERT_FIXED;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (rules[i].source == leaf->source && rules[i].kind == type->kind) {
            c->fixed = rules[i].fn;
            return true;
        }
    return false;
}

dw_status dwi_convert_find(const dw_allocator *alloc, const dwi_parquet_node *leaf,
                           const dwi_type *type, dwi_convert *out, dw_error *err)
{
    dwi_convert c = {0};
    dwi_buf names;
    char path[PATH_BYTES];
    const char *column = dwi_parquet_node_path(leaf, path, sizeof(path));
    dw_status status;

    if (leaf->source == DWI_LEAF_NONE)
        return dwi_err(err, DW_E_UNSUPPORTED, "column %s: Parquet type %s", column,
                       leaf->annotation);
    if (find(leaf, type, &c)) {
        *out = c;
        return DW_OK;
    }
    dwi_buf_init(&names, alloc);
    dwi_type_append_name(&names, leaf->type);
    dwi_buf_append_cstr(&names, " in the file, wanted ");
    dwi_type_append_name(&names, type);
    status = dwi_err(err, DW_E_SCHEMA, "column %s: %s", column,
                     dwi_buf_cstr(&names) == NULL ? "another type" : (const char *)names.data);
    dwi_buf_done(&names);
    return status;
}
