/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow's booleans, numbers, dates, times and fixed bytes as our fixed-width columns: as they lie
 * where the layout is the same, else converted, if each value converts without loss. What lies
 * under a null is never looked at. */
#include "columns/arrow_slice.h"

#include <assert.h>

#include "base/calendar.h"
#include "base/checked.h"
#include "columns/decimal128.h"

static dw_status out_of_range(const dwi_arrow_reader *in, const dwi_vec *out, int64_t row)
{
    return dwi_arrow_fail(in, DW_E_SCHEMA, "the value in row %lld is out of range of %s",
                          (long long)row, dwi_type_kind_name(out->type->kind));
}

/* Integers and dates up to 64 bits. False: an unsigned one beyond int64_t. */
static bool load_integer(const dwi_arrow_slice *slice, const uint8_t *values, int64_t row,
                         int64_t *out)
{
    size_t width = (size_t)slice->format.bits / 8;
    uint64_t bits = 0;

    memcpy(&bits, values + (size_t)(slice->first + row) * width, width);
    if (slice->format.kind == DWI_ARROW_UINT) {
        *out = (int64_t)bits;
        return bits <= (uint64_t)INT64_MAX;
    }
    if (width < 8 && bits >> (8 * width - 1) != 0)
        bits |= ~UINT64_C(0) << (8 * width);
    *out = (int64_t)bits;
    return true;
}

static double half_to_double(uint16_t half)
{
    int exponent = half >> 10 & 0x1F;
    double fraction = (double)(half & 0x3FF);
    double value;

    if (exponent == 0x1F) {
        uint64_t bits = UINT64_C(0x7FF0000000000000) | (uint64_t)(half & 0x3FF) << 42;
        memcpy(&value, &bits, sizeof(value));
    } else {
        value = exponent == 0 ? fraction : fraction + 1024.0;
        /* The unit of the fraction is 2^-24 for exponents 0 and 1, and doubles from there. */
        value /= (double)(1 << 24);
        value *= (double)(UINT64_C(1) << (exponent == 0 ? 0 : exponent - 1));
    }
    return half >> 15 != 0 ? -value : value;
}

/* Any source that is a number exactly in a double. */
static double load_double(const dwi_arrow_slice *slice, const uint8_t *values, int64_t row)
{
    const uint8_t *p = values + (size_t)(slice->first + row) * ((size_t)slice->format.bits / 8);
    int64_t integer = 0;
    uint16_t half;
    float narrow;

    if (slice->format.kind != DWI_ARROW_FLOAT) {
        (void)load_integer(slice, values, row, &integer);
        return (double)integer;
    }
    if (slice->format.bits == 16) {
        memcpy(&half, p, sizeof(half));
        return half_to_double(half);
    }
    memcpy(&narrow, p, sizeof(narrow));
    return (double)narrow;
}

static bool is_unsigned(const dwi_type *type)
{
    return type->kind >= DWI_UBYTE && type->kind <= DWI_ULONG;
}

static bool cast_integer(const dwi_arrow_slice *slice, const uint8_t *values, int64_t row,
                         const dwi_type *type, uint8_t *to)
{
    size_t width = dwi_type_width(type);
    int64_t max = width == 8 ? INT64_MAX : (INT64_C(1) << (8 * width - 1)) - 1;
    int64_t value;
    bool fits = load_integer(slice, values, row, &value);

    if (is_unsigned(type))
        fits = width == 8 ? !fits || value >= 0 : fits && value >= 0 && value <= max * 2 + 1;
    else
        fits = fits && value <= max && value >= -max - 1;
    memcpy(to, &value, width);
    return fits;
}

/* Units in a second. */
static int64_t per_second(char unit)
{
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 1000;
    case 'u':
        return 1000000;
    default:
        return 1000000000;
    }
}

/* The unit of a type's values, 0: it is no time of day or timestamp. */
static char unit_of(const dwi_type *type)
{
    switch (type->kind) {
    case DWI_TIME_MS:
    case DWI_TIMESTAMP_MS:
    case DWI_TIMESTAMP_NTZ_MS:
        return 'm';
    case DWI_TIME_US:
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
        return 'u';
    case DWI_TIME_NS:
    case DWI_TIMESTAMP_NS:
    case DWI_TIMESTAMP_NTZ_NS:
        return 'n';
    default:
        return 0;
    }
}

/* To the type's unit; nanoseconds below a microsecond are cut off towards the past, as in records.
 */
static bool cast_time(const dwi_arrow_slice *slice, const uint8_t *values, int64_t row,
                      const dwi_type *type, uint8_t *to)
{
    int64_t from_unit = per_second(slice->format.unit);
    int64_t to_unit = per_second(unit_of(type));
    int64_t value;

    (void)load_integer(slice, values, row, &value);
    if (from_unit > to_unit)
        value = value / 1000 - (value % 1000 < 0 ? 1 : 0);
    else if (!dwi_i64_mul(value, to_unit / from_unit, &value))
        return false;
    if (type->kind == DWI_TIME_MS && (value > INT32_MAX || value < INT32_MIN))
        return false;
    memcpy(to, &value, dwi_type_width(type));
    return true;
}

/* Milliseconds that are whole days. */
static bool cast_date(const dwi_arrow_slice *slice, const uint8_t *values, int64_t row, uint8_t *to)
{
    int64_t value;
    int32_t days;

    memcpy(&value, values + (size_t)(slice->first + row) * sizeof(value), sizeof(value));
    if (value % 86400000 != 0 || value / 86400000 > INT32_MAX || value / 86400000 < INT32_MIN)
        return false;
    days = (int32_t)(value / 86400000);
    memcpy(to, &days, sizeof(days));
    return true;
}

/* An integer or decimal of any width as two words. False: it does not fit them. */
static bool load_words(const dwi_arrow_slice *slice, const uint8_t *values, int64_t row,
                       uint64_t words[2])
{
    uint64_t wide[4];
    uint64_t sign;
    int64_t value;

    if (slice->format.bits == 128) {
        memcpy(words, values + (size_t)(slice->first + row) * 16, 16);
        return true;
    }
    if (slice->format.bits == 256) {
        memcpy(wide, values + (size_t)(slice->first + row) * 32, sizeof(wide));
        memcpy(words, wide, 16);
        sign = dwi_d128_is_negative(words) ? UINT64_MAX : 0;
        return wide[2] == sign && wide[3] == sign;
    }
    words[1] = load_integer(slice, values, row, &value) && value < 0 ? UINT64_MAX : 0;
    words[0] = (uint64_t)value;
    return true;
}

/* Integers (scale 0) and decimals into a decimal of at least their scale. */
static bool cast_decimal(const dwi_arrow_slice *slice, const uint8_t *values, int64_t row,
                         const dwi_type *type, uint8_t *to)
{
    uint64_t words[2] = {0, 0};
    uint64_t limit[2];
    int scale = slice->format.kind == DWI_ARROW_DECIMAL ? slice->format.scale : 0;
    bool negative;

    if (!load_words(slice, values, row, words))
        return false;
    negative = dwi_d128_is_negative(words);
    if (negative)
        dwi_d128_negate(words);
    /* Below the limit before it is scaled up, so that scaling cannot overflow. */
    dwi_d128_power(type->precision - (type->scale - scale), limit);
    if (!dwi_d128_less(words, limit))
        return false;
    for (; scale < type->scale; scale++)
        dwi_d128_push_digit(words, 0);
    if (negative)
        dwi_d128_negate(words);
    memcpy(to, words, sizeof(words));
    return true;
}

static bool cast_one(const dwi_arrow_slice *slice, const uint8_t *values, int64_t row,
                     const dwi_type *type, uint8_t *to)
{
    double wide;
    float narrow;

    switch (type->kind) {
    case DWI_FLOAT:
        narrow = (float)load_double(slice, values, row);
        memcpy(to, &narrow, sizeof(narrow));
        return true;
    case DWI_DOUBLE:
        wide = load_double(slice, values, row);
        memcpy(to, &wide, sizeof(wide));
        return true;
    case DWI_DECIMAL:
        return cast_decimal(slice, values, row, type, to);
    case DWI_DATE:
        return cast_date(slice, values, row, to);
    case DWI_FLOAT16: /* misaligned */
        memcpy(to, values + (size_t)(slice->first + row) * 2, 2);
        return true;
    default:
        return unit_of(type) != 0 ? cast_time(slice, values, row, type, to)
                                  : cast_integer(slice, values, row, type, to);
    }
}

/* The bytes of both sides are the same, apart from checks. */
static bool same_layout(const dwi_arrow_format *format, const dwi_type *type)
{
    bool same_width = (size_t)format->bits == 8 * dwi_type_width(type);

    switch (type->kind) {
    case DWI_BYTE:
    case DWI_SHORT:
    case DWI_INTEGER:
    case DWI_LONG:
        return (format->kind == DWI_ARROW_INT || format->kind == DWI_ARROW_DURATION) && same_width;
    case DWI_UBYTE:
    case DWI_USHORT:
    case DWI_UINTEGER:
    case DWI_ULONG:
        return format->kind == DWI_ARROW_UINT && same_width;
    case DWI_FLOAT:
    case DWI_DOUBLE:
        return format->kind == DWI_ARROW_FLOAT && same_width;
    case DWI_DECIMAL:
        return format->kind == DWI_ARROW_DECIMAL && format->bits == 128 &&
               format->scale == type->scale;
    case DWI_DATE:
        return format->bits == 32;
    case DWI_BOOLEAN:
    case DWI_FLOAT16:
    case DWI_UUID:
    case DWI_FIXED:
        return true;
    default:
        return format->unit == unit_of(type);
    }
}

static bool can_cast_time(const dwi_arrow_format *format, const dwi_type *type)
{
    char unit = unit_of(type);
    bool zone = type->kind == DWI_TIMESTAMP || type->kind == DWI_TIMESTAMP_MS ||
                type->kind == DWI_TIMESTAMP_NS;
    bool time = type->kind >= DWI_TIME_MS && type->kind <= DWI_TIME_NS;

    if (format->kind != (time ? DWI_ARROW_TIME : DWI_ARROW_TIMESTAMP) ||
        (!time && format->has_zone != zone))
        return false;
    return per_second(format->unit) <= per_second(unit) ||
           (!time && format->unit == 'n' && unit == 'u');
}

static bool can_cast_decimal(const dwi_arrow_format *format, const dwi_type *type)
{
    dwi_type from = {0};

    if (format->kind == DWI_ARROW_INT || format->kind == DWI_ARROW_UINT)
        return true;
    return format->kind == DWI_ARROW_DECIMAL && dwi_arrow_format_decimal(format, &from) &&
           type->scale >= from.scale &&
           (format->precision > DWI_DECIMAL_MAX_PRECISION ||
            type->precision - type->scale >= from.precision - from.scale);
}

/* Every value of the Arrow type may fit the column's, or is checked one by one. */
static bool can_cast(const dwi_arrow_format *format, const dwi_type *type)
{
    bool integer = format->kind == DWI_ARROW_INT || format->kind == DWI_ARROW_UINT;

    switch (type->kind) {
    case DWI_BOOLEAN:
        return format->kind == DWI_ARROW_BOOL;
    case DWI_LONG:
        return integer || format->kind == DWI_ARROW_DURATION;
    case DWI_BYTE:
    case DWI_SHORT:
    case DWI_INTEGER:
    case DWI_UBYTE:
    case DWI_USHORT:
    case DWI_UINTEGER:
    case DWI_ULONG:
        return integer;
    case DWI_FLOAT16:
        return format->kind == DWI_ARROW_FLOAT && format->bits == 16;
    case DWI_FLOAT:
        return (format->kind == DWI_ARROW_FLOAT && format->bits <= 32) ||
               (integer && format->bits <= 16);
    case DWI_DOUBLE:
        return format->kind == DWI_ARROW_FLOAT || (integer && format->bits <= 32);
    case DWI_DECIMAL:
        return can_cast_decimal(format, type);
    case DWI_DATE:
        return format->kind == DWI_ARROW_DATE;
    case DWI_UUID:
    case DWI_FIXED:
        return format->kind == DWI_ARROW_FIXED_BINARY &&
               (size_t)format->bytes == dwi_type_width(type);
    default:
        return unit_of(type) != 0 && can_cast_time(format, type);
    }
}

static dw_status convert(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                         const uint8_t *values, dwi_vec *out)
{
    size_t width = dwi_type_width(out->type);
    uint8_t *to = dwi_arena_array(in->arena, (size_t)slice->count, width);

    if (to == NULL)
        return dwi_err_nomem(in->err);
    for (int64_t row = 0; row < slice->count; row++)
        if (dwi_arrow_is_valid(slice, row) &&
            !cast_one(slice, values, row, out->type, to + (size_t)row * width))
            return out_of_range(in, out, row);
    out->values = to;
    out->offset = 0;
    return dwi_arrow_copy_validity(in, slice, &out->validity);
}

/* Whether none of the valid values has more digits than `precision`; those under nulls are masked,
 * not looked at one by one. */
static bool decimals_fit(const dwi_arrow_slice *slice, const uint64_t *words, int precision)
{
    uint64_t limit[2];
    uint64_t most[2]; /* twice 10^precision - 1: where value + 10^precision - 1 may end */
    uint64_t bad = 0;

    dwi_d128_power(precision, limit);
    limit[1] -= limit[0] == 0;
    limit[0]--;
    most[0] = limit[0] << 1;
    most[1] = limit[1] << 1 | limit[0] >> 63;
    words += 2 * slice->first;
    for (int64_t row = 0; row < slice->count; row++) {
        uint64_t low = words[2 * row] + limit[0];
        uint64_t high = words[2 * row + 1] + limit[1] + (low < limit[0]);
        bool over = (high > most[1]) | ((high == most[1]) & (low > most[0]));
        bad |= (uint64_t)(over & dwi_arrow_is_valid(slice, row));
    }
    return bad == 0;
}

dw_status dwi_arrow_fixed(const dwi_arrow_reader *in, const dwi_arrow_slice *slice, dwi_vec *out)
{
    size_t width = dwi_type_width(out->type);
    bool is_bytes = out->type->kind == DWI_UUID || out->type->kind == DWI_FIXED;
    const void *values = NULL;
    dw_status status;

    /* What a duration counts is told by its Arrow type alone: a table's long would lose it. */
    if (!can_cast(&slice->format, out->type) ||
        (slice->format.kind == DWI_ARROW_DURATION && !in->by_position))
        return dwi_arrow_misfit(in, slice, out->type);
    DWI_TRY(dwi_arrow_buffer(in, slice, 1, &values));
    if (slice->count == 0)
        return DW_OK;
    /* Producers may place buffers anywhere; our readers want whole words. */
    if (!same_layout(&slice->format, out->type) ||
        (!is_bytes && width > 1 && (uintptr_t)values % (width < 8 ? width : 8) != 0))
        return convert(in, slice, values, out);
    if (out->type->kind == DWI_DECIMAL && !decimals_fit(slice, values, out->type->precision))
        return convert(in, slice, values, out); /* names the row */
    out->values = values;
    out->validity = slice->validity;
    out->offset = slice->first;
done:
    return status;
}
