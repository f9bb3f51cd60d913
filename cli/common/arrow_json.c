/* SPDX-License-Identifier: Apache-2.0 */
#include "common/arrow_json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One column as seen while printing: an Arrow array with the schema that tells its format. */
struct column {
    const struct ArrowSchema *schema;
    const struct ArrowArray *array;
};

static bool append_value(struct textbuf *out, struct column c, int64_t row);

static void add_char(struct textbuf *out, char c)
{
    textbuf_add(out, &c, 1);
}

bool arrow_is_null(const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row)
{
    const uint8_t *bits = array->n_buffers > 0 ? array->buffers[0] : NULL;
    int64_t at = array->offset + row;

    return schema->format[0] == 'n' || (bits != NULL && (bits[at >> 3] >> (at & 7) & 1) == 0);
}

const char *arrow_bytes(const struct ArrowArray *array, int64_t row, size_t *out_len)
{
    const int32_t *ends = (const int32_t *)array->buffers[1] + array->offset + row;
    const char *data = array->buffers[2];

    *out_len = (size_t)(ends[1] - ends[0]);
    return *out_len == 0 ? "" : data + ends[0];
}

enum float_kind { HALF, SINGLE, DOUBLE };

/* Half of the distance to the next half float on the near side, which a text must stay within. */
static bool is_half(double value, double text)
{
    int exponent;
    double fraction = frexp(fabs(value), &exponent); /* 0.5 <= fraction < 1 */
    double gap = ldexp(1, exponent < -13 ? -24 : exponent - 11);

    if (fraction == 0.5 && exponent > -13 && fabs(text) < fabs(value))
        gap /= 2;
    return fabs(text - value) < gap / 2;
}

static bool reads_back(const char *digits, double value, enum float_kind kind)
{
    switch (kind) {
    case HALF:
        return is_half(value, strtod(digits, NULL));
    case SINGLE:
        return strtof(digits, NULL) == (float)value;
    default:
        return strtod(digits, NULL) == value;
    }
}

/* The shortest text that reads back the same; integers get ".0" so that they stay floats. */
static void append_float(struct textbuf *out, double value, enum float_kind kind)
{
    char digits[40];

    if (isnan(value)) {
        textbuf_puts(out, "\"NaN\"");
        return;
    }
    if (isinf(value)) {
        textbuf_puts(out, value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        return;
    }
    for (int precision = kind == HALF ? 1 : kind == SINGLE ? 6 : 15; precision <= 17; precision++) {
        (void)snprintf(digits, sizeof(digits), "%.*g", precision, value);
        if (reads_back(digits, value, kind))
            break;
    }
    textbuf_puts(out, digits);
    if (strpbrk(digits, ".e") == NULL)
        textbuf_puts(out, ".0");
}

static double half_value(uint16_t half)
{
    int exponent = half >> 10 & 0x1F;
    double fraction = (double)(half & 0x3FF);
    double value;

    if (exponent == 0x1F)
        value = fraction == 0 ? (double)INFINITY : (double)NAN;
    else if (exponent == 0)
        value = ldexp(fraction, -24);
    else
        value = ldexp(fraction + 1024, exponent - 25);
    return half >> 15 != 0 ? -value : value;
}

/* 128-bit little-endian two's complement as decimal digits, with `scale` of them after the point.
 */
static void append_decimal(struct textbuf *out, const uint8_t *bytes, int scale)
{
    uint32_t limbs[4];
    char digits[48];
    int n = 0;
    bool negative = (bytes[15] & 0x80) != 0;
    uint64_t carry = negative ? 1 : 0;

    memcpy(limbs, bytes, sizeof(limbs));
    for (int i = 0; i < 4 && negative; i++) {
        carry += (uint32_t)~limbs[i];
        limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    do {
        uint64_t rest = 0;
        for (int i = 3; i >= 0; i--) {
            rest = rest << 32 | limbs[i];
            limbs[i] = (uint32_t)(rest / 10);
            rest %= 10;
        }
        digits[n++] = (char)('0' + rest);
    } while ((limbs[0] | limbs[1] | limbs[2] | limbs[3]) != 0 || n <= scale);
    if (negative)
        add_char(out, '-');
    while (n > 0) {
        if (n == scale)
            add_char(out, '.');
        add_char(out, digits[--n]);
    }
}

static void append_date(struct textbuf *out, int64_t seconds, struct tm *out_tm)
{
    time_t t = (time_t)seconds;
    long long year;

    memset(out_tm, 0, sizeof(*out_tm));
    (void)gmtime_r(&t, out_tm); /* 64-bit seconds of any Delta date fit a struct tm */
    year = (long long)out_tm->tm_year + 1900;
    textbuf_printf(out, "%s%04lld-%02d-%02d", year < 0 ? "-" : "", year < 0 ? -year : year,
                   out_tm->tm_mon + 1, out_tm->tm_mday);
}

/* Units in a second of an Arrow unit; 0: none. */
static int64_t per_second(char unit)
{
    return unit == 's'   ? 1
           : unit == 'm' ? 1000
           : unit == 'u' ? 1000000
           : unit == 'n' ? 1000000000
                         : 0;
}

/* 6 digits, or 9 of nanoseconds. */
static void append_fraction(struct textbuf *out, int64_t fraction, int64_t per)
{
    if (per == 1000000000)
        textbuf_printf(out, ".%09" PRId64, fraction);
    else
        textbuf_printf(out, ".%06" PRId64, fraction * (1000000 / per));
}

static void append_timestamp(struct textbuf *out, int64_t value, int64_t per, bool zone)
{
    int64_t fraction = value % per < 0 ? value % per + per : value % per;
    int64_t seconds = value / per - (value % per < 0 ? 1 : 0);
    struct tm tm;

    add_char(out, '"');
    append_date(out, seconds, &tm);
    textbuf_printf(out, "T%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
    append_fraction(out, fraction, per);
    textbuf_puts(out, zone ? "Z\"" : "\"");
}

/* Values that are no time of day stay numbers. */
static void append_time(struct textbuf *out, int64_t value, int64_t per)
{
    int64_t seconds = value / per;

    if (value < 0 || seconds > 86400) {
        textbuf_printf(out, "%" PRId64, value);
        return;
    }
    textbuf_printf(out, "\"%02d:%02d:%02d", (int)(seconds / 3600), (int)(seconds / 60 % 60),
                   (int)(seconds % 60));
    append_fraction(out, value % per, per);
    add_char(out, '"');
}

static struct column child_of(struct column c, int64_t i)
{
    return (struct column){c.schema->children[i], c.array->children[i]};
}

static bool append_struct(struct textbuf *out, struct column c, int64_t at)
{
    bool ok = true;

    add_char(out, '{');
    for (int64_t i = 0; i < c.schema->n_children; i++) {
        const char *name = c.schema->children[i]->name;
        if (i > 0)
            add_char(out, ',');
        textbuf_json_string(out, name, strlen(name));
        add_char(out, ':');
        ok = append_value(out, child_of(c, i), at) && ok;
    }
    add_char(out, '}');
    return ok;
}

static bool append_list(struct textbuf *out, struct column c, int64_t first, int64_t end)
{
    bool ok = true;

    add_char(out, '[');
    for (int64_t i = first; i < end; i++) {
        if (i > first)
            add_char(out, ',');
        ok = append_value(out, child_of(c, 0), i) && ok;
    }
    add_char(out, ']');
    return ok;
}

/* With string keys an object, else a list of {"key":…,"value":…}, which the entries are already. */
static bool append_map(struct textbuf *out, struct column c, int64_t first, int64_t end)
{
    struct column entries = child_of(c, 0);
    struct column key = child_of(entries, 0);
    bool ok = true;

    if (strcmp(key.schema->format, "u") != 0)
        return append_list(out, c, first, end);
    add_char(out, '{');
    for (int64_t i = first; i < end; i++) {
        if (i > first)
            add_char(out, ',');
        ok = append_value(out, key, entries.array->offset + i) && ok;
        add_char(out, ':');
        ok = append_value(out, child_of(entries, 1), entries.array->offset + i) && ok;
    }
    add_char(out, '}');
    return ok;
}

static bool append_bytes(struct textbuf *out, struct column c, int64_t row)
{
    size_t len;
    const char *bytes = arrow_bytes(c.array, row, &len);

    if (c.schema->format[0] == 'u') {
        textbuf_json_string(out, bytes, len);
    } else {
        add_char(out, '"');
        textbuf_base64(out, bytes, len);
        add_char(out, '"');
    }
    return true;
}

/* Whether `at` has `text` with its length before it; moves *at behind it. */
static bool metadata_text_is(const char **at, const char *text)
{
    int32_t len;
    bool same;

    memcpy(&len, *at, sizeof(len));
    *at += sizeof(len);
    same = len == (int32_t)strlen(text) && memcmp(*at, text, (size_t)len) == 0;
    *at += len;
    return same;
}

/* The schema says that its 16 bytes are a UUID; the library says so before all else. */
static bool is_uuid(const struct ArrowSchema *schema)
{
    const char *at = schema->metadata;
    int32_t pairs;

    if (at == NULL)
        return false;
    memcpy(&pairs, at, sizeof(pairs));
    at += sizeof(pairs);
    return pairs > 0 && metadata_text_is(&at, "ARROW:extension:name") &&
           metadata_text_is(&at, "arrow.uuid");
}

static void append_fixed_bytes(struct textbuf *out, struct column c, int64_t at)
{
    size_t width = (size_t)strtoul(c.schema->format + 2, NULL, 10);
    const uint8_t *bytes = (const uint8_t *)c.array->buffers[1] + (size_t)at * width;

    add_char(out, '"');
    if (width == 16 && is_uuid(c.schema)) {
        for (size_t i = 0; i < width; i++)
            textbuf_printf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                           bytes[i]);
    } else {
        textbuf_base64(out, bytes, width);
    }
    add_char(out, '"');
}

/* Formats that begin with 't'. */
static bool append_temporal(struct textbuf *out, const char *format, const void *values, int64_t at)
{
    int64_t per = format[1] == '\0' ? 0 : per_second(format[2]);
    int64_t wide = 0;
    int32_t narrow = 0;
    struct tm tm;

    if (strcmp(format, "tdD") == 0 || strcmp(format, "ttm") == 0)
        narrow = ((const int32_t *)values)[at];
    else
        wide = ((const int64_t *)values)[at];
    if (strcmp(format, "tdD") == 0) {
        add_char(out, '"');
        append_date(out, (int64_t)narrow * 86400, &tm);
        add_char(out, '"');
    } else if (strncmp(format, "ts", 2) == 0 && per != 0 && format[3] == ':') {
        append_timestamp(out, wide, per, format[4] != '\0');
    } else if (strncmp(format, "tt", 2) == 0 && per > 1) {
        append_time(out, per == 1000 ? narrow : wide, per);
    } else {
        return false;
    }
    return true;
}

/* Numbers; `values` is buffer 1. */
static bool append_number(struct textbuf *out, const char *format, const void *values, int64_t at)
{
    const char *comma;

    switch (format[0]) {
    case 'b':
        textbuf_puts(out, (((const uint8_t *)values)[at >> 3] >> (at & 7)) & 1 ? "true" : "false");
        return true;
    case 'c':
        textbuf_printf(out, "%d", ((const int8_t *)values)[at]);
        return true;
    case 'C':
        textbuf_printf(out, "%d", ((const uint8_t *)values)[at]);
        return true;
    case 's':
        textbuf_printf(out, "%d", ((const int16_t *)values)[at]);
        return true;
    case 'S':
        textbuf_printf(out, "%d", ((const uint16_t *)values)[at]);
        return true;
    case 'i':
        textbuf_printf(out, "%" PRId32, ((const int32_t *)values)[at]);
        return true;
    case 'I':
        textbuf_printf(out, "%" PRIu32, ((const uint32_t *)values)[at]);
        return true;
    case 'l':
        textbuf_printf(out, "%" PRId64, ((const int64_t *)values)[at]);
        return true;
    case 'L':
        textbuf_printf(out, "%" PRIu64, ((const uint64_t *)values)[at]);
        return true;
    case 'e':
        append_float(out, half_value(((const uint16_t *)values)[at]), HALF);
        return true;
    case 'f':
        append_float(out, (double)((const float *)values)[at], SINGLE);
        return true;
    case 'g':
        append_float(out, ((const double *)values)[at], DOUBLE);
        return true;
    case 'd':
        comma = strchr(format, ',');
        append_decimal(out, (const uint8_t *)values + 16 * at, comma == NULL ? 0 : atoi(comma + 1));
        return true;
    default:
        return false;
    }
}

static bool append_value(struct textbuf *out, struct column c, int64_t row)
{
    const char *format = c.schema->format;
    int64_t at = c.array->offset + row;
    const int32_t *offsets;

    if (arrow_is_null(c.schema, c.array, row)) {
        textbuf_puts(out, "null");
        return true;
    }
    if (strcmp(format, "+s") == 0)
        return append_struct(out, c, at);
    if (strcmp(format, "+l") == 0 || strcmp(format, "+m") == 0) {
        offsets = c.array->buffers[1];
        return (format[1] == 'm' ? append_map : append_list)(out, c, offsets[at], offsets[at + 1]);
    }
    if (format[0] == 'u' || format[0] == 'z')
        return append_bytes(out, c, row);
    if (format[0] == 'w')
        append_fixed_bytes(out, c, at);
    else if (format[0] == 't')
        return append_temporal(out, format, c.array->buffers[1], at);
    else
        return append_number(out, format, c.array->buffers[1], at);
    return true;
}

bool arrow_json_append(struct textbuf *out, const struct ArrowSchema *schema,
                       const struct ArrowArray *array, int64_t row)
{
    return append_value(out, (struct column){schema, array}, row);
}
