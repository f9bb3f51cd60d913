/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/stats_value.h"

#include <math.h>

#include "base/calendar.h"
#include "base/utf8.h"
#include "json/json_writer.h"

enum { DECIMAL_LIMBS = 4, DECIMAL_DIGITS = 40 };

/* Divides the magnitude by 10 in place and returns the remainder. */
static unsigned divide_by_ten(uint32_t limbs[DECIMAL_LIMBS])
{
    uint64_t rest = 0;

    for (int i = DECIMAL_LIMBS - 1; i >= 0; i--) {
        uint64_t part = rest << 32 | limbs[i];
        limbs[i] = (uint32_t)(part / 10);
        rest = part % 10;
    }
    return (unsigned)rest;
}

/* Loads the value's magnitude; true when it is negative. */
static bool load_magnitude(const void *value, uint32_t limbs[DECIMAL_LIMBS])
{
    const uint8_t *bytes = value;
    bool negative = (bytes[15] & 0x80) != 0;
    uint64_t carry = 1;

    for (int i = 0; i < DECIMAL_LIMBS; i++) {
        const uint8_t *p = bytes + 4 * i;
        limbs[i] =
            (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        if (negative) {
            carry += (uint32_t)~limbs[i];
            limbs[i] = (uint32_t)carry;
            carry >>= 32;
        }
    }
    return negative;
}

void dwi_append_decimal(dwi_buf *out, const void *value, int scale)
{
    uint32_t limbs[DECIMAL_LIMBS];
    char digits[DECIMAL_DIGITS];
    bool negative = load_magnitude(value, limbs);
    int n = 0;

    while (n <= scale || (limbs[0] | limbs[1] | limbs[2] | limbs[3]) != 0)
        digits[n++] = (char)('0' + divide_by_ten(limbs));
    if (negative)
        dwi_buf_append_byte(out, '-');
    while (n > 0) {
        if (n == scale)
            dwi_buf_append_byte(out, '.');
        dwi_buf_append_byte(out, (uint8_t)digits[--n]);
    }
}

static int64_t load_i64(dw_bytes bytes)
{
    int64_t value;

    memcpy(&value, bytes.data, sizeof(value));
    return value;
}

/* A byte, short or integer, sign-extended. */
static int64_t load_small(const dwi_type *type, dw_bytes bytes)
{
    int8_t i8;
    int16_t i16;
    int32_t i32;

    switch (type->kind) {
    case DWI_BYTE:
        memcpy(&i8, bytes.data, sizeof(i8));
        return i8;
    case DWI_SHORT:
        memcpy(&i16, bytes.data, sizeof(i16));
        return i16;
    default:
        memcpy(&i32, bytes.data, sizeof(i32));
        return i32;
    }
}

static void append_i64(dwi_buf *out, int64_t value)
{
    dwi_buf_printf(out, "%lld", (long long)value);
}

/* Readers parse four-digit years only. */
static bool year_is_plain(int64_t days)
{
    return days >= dwi_days_from_civil(0, 1, 1) && days <= dwi_days_from_civil(9999, 12, 31);
}

static bool append_date(dwi_buf *out, int64_t days)
{
    if (!year_is_plain(days))
        return false;
    dwi_buf_append_byte(out, '"');
    dwi_append_date(out, days);
    dwi_buf_append_byte(out, '"');
    return true;
}

/* Milliseconds, floored for both bounds: readers add a millisecond to the maximum. */
static bool append_timestamp(dwi_buf *out, int64_t us, bool utc)
{
    int64_t days = us / DWI_US_PER_DAY - (us % DWI_US_PER_DAY < 0 ? 1 : 0);

    if (!year_is_plain(days))
        return false;
    dwi_buf_append_byte(out, '"');
    dwi_append_timestamp(out, us, 'T', 3);
    dwi_buf_append_cstr(out, utc ? "Z\"" : "\"");
    return true;
}

/* Both zeros are one value to a reader, so -0.0 bounds from below and 0.0 from above. */
static bool append_floating(dwi_buf *out, const dwi_leaf_stats *leaf, dw_bytes bytes, bool is_max)
{
    double value;
    float narrow = 0;

    if (leaf->type->kind == DWI_FLOAT) {
        memcpy(&narrow, bytes.data, sizeof(narrow));
        value = (double)narrow;
    } else {
        memcpy(&value, bytes.data, sizeof(value));
    }
    if (!isfinite(value))
        return false;
    if (value == 0)
        dwi_buf_append_cstr(out, is_max ? "0.0" : "-0.0");
    else if (leaf->type->kind == DWI_FLOAT)
        dwi_append_float(out, narrow);
    else
        dwi_append_double(out, value);
    return true;
}

/* All types but strings; `is_max` matters for zeros only. */
static bool append_bound(dwi_buf *out, const dwi_leaf_stats *leaf, dw_bytes bytes, bool is_max)
{
    switch (leaf->type->kind) {
    case DWI_BYTE:
    case DWI_SHORT:
    case DWI_INTEGER:
        append_i64(out, load_small(leaf->type, bytes));
        return true;
    case DWI_LONG:
        append_i64(out, load_i64(bytes));
        return true;
    case DWI_FLOAT:
    case DWI_DOUBLE:
        return append_floating(out, leaf, bytes, is_max);
    case DWI_DECIMAL:
        dwi_append_decimal(out, bytes.data, leaf->type->scale);
        return true;
    case DWI_DATE:
        return append_date(out, load_small(leaf->type, bytes));
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
        return append_timestamp(out, load_i64(bytes), leaf->type->kind == DWI_TIMESTAMP);
    default:
        return false;
    }
}

bool dwi_stats_append_min(dwi_buf *out, const dwi_leaf_stats *leaf, size_t string_prefix)
{
    if (!leaf->has_bounds)
        return false;
    if (leaf->type->kind == DWI_STRING) {
        size_t len = dwi_utf8_prefix(leaf->min.data, leaf->min.len, string_prefix);
        dwi_json_append_string(out, (dwi_sv){leaf->min.data, len});
        return true;
    }
    return append_bound(out, leaf, leaf->min, false);
}

/* A cut maximum must sort after every value that it stands for: after the prefix comes a character
 * greater than the one that was cut. U+10FFFF has none, so it joins the prefix, up to twice the
 * length; beyond that there is no bound. */
static bool append_string_max(dwi_buf *out, const dwi_leaf_stats *leaf, size_t string_prefix)
{
    static const char highest[] = "\xF4\x8F\xBF\xBF";
    const char *text = leaf->max.data;
    size_t len = leaf->max.len;
    size_t at = dwi_utf8_prefix(text, len, string_prefix);
    size_t chars = string_prefix;
    char bound[DWI_PARQUET_STAT_BYTES + sizeof(highest)];
    dwi_sv tie;

    if (at == len && !leaf->max_cut) {
        dwi_json_append_string(out, (dwi_sv){text, len});
        return true;
    }
    while (len - at >= 4 && memcmp(text + at, highest, 4) == 0 && chars < 2 * string_prefix) {
        at += 4;
        chars++;
    }
    if (at == len) {
        if (leaf->max_cut)
            return false;
        dwi_json_append_string(out, (dwi_sv){text, len});
        return true;
    }
    if (len - at >= 4 && memcmp(text + at, highest, 4) == 0)
        return false;
    tie = (unsigned char)text[at] < 0x7F ? DWI_SV("\x7F") : (dwi_sv){highest, 4};
    memcpy(bound, text, at);
    memcpy(bound + at, tie.ptr, tie.len);
    dwi_json_append_string(out, (dwi_sv){bound, at + tie.len});
    return true;
}

bool dwi_stats_append_max(dwi_buf *out, const dwi_leaf_stats *leaf, size_t string_prefix)
{
    if (!leaf->has_bounds || leaf->nan_count > 0) /* NaN sorts above all, and JSON has none */
        return false;
    if (leaf->type->kind == DWI_STRING)
        return append_string_max(out, leaf, string_prefix);
    return append_bound(out, leaf, leaf->max, true);
}
