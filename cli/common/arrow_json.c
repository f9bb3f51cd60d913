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

/* The shortest text that reads back the same; integers get ".0" so that they stay floats. */
static void append_float(struct textbuf *out, double value, bool single)
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
    for (int precision = single ? 6 : 15; precision <= 17; precision++) {
        (void)snprintf(digits, sizeof(digits), "%.*g", precision, value);
        if (single ? strtof(digits, NULL) == (float)value : strtod(digits, NULL) == value)
            break;
    }
    textbuf_puts(out, digits);
    if (strpbrk(digits, ".e") == NULL)
        textbuf_puts(out, ".0");
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

static void append_timestamp(struct textbuf *out, int64_t value, int64_t per_second, bool zone)
{
    int64_t fraction =
        value % per_second < 0 ? value % per_second + per_second : value % per_second;
    int64_t seconds = value / per_second - (value % per_second < 0 ? 1 : 0);
    int digits = per_second == 1000000000 ? 9 : 6;
    struct tm tm;

    add_char(out, '"');
    append_date(out, seconds, &tm);
    textbuf_printf(out, "T%02d:%02d:%02d.%0*" PRId64 "%s\"", tm.tm_hour, tm.tm_min, tm.tm_sec,
                   digits, fraction, zone ? "Z" : "");
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

static bool append_timestamp_column(struct textbuf *out, const char *format, int64_t value)
{
    bool zone = format[4] != '\0';

    if (strncmp(format, "tsu:", 4) == 0)
        append_timestamp(out, value, 1000000, zone);
    else if (strncmp(format, "tsn:", 4) == 0)
        append_timestamp(out, value, 1000000000, zone);
    else
        return false;
    return true;
}

/* Fixed-width values; `values` is buffer 1. */
static bool append_fixed(struct textbuf *out, const char *format, const void *values, int64_t at)
{
    struct tm tm;

    switch (format[0]) {
    case 'b':
        textbuf_puts(out, (((const uint8_t *)values)[at >> 3] >> (at & 7)) & 1 ? "true" : "false");
        return true;
    case 'c':
        textbuf_printf(out, "%d", ((const int8_t *)values)[at]);
        return true;
    case 's':
        textbuf_printf(out, "%d", ((const int16_t *)values)[at]);
        return true;
    case 'i':
        textbuf_printf(out, "%" PRId32, ((const int32_t *)values)[at]);
        return true;
    case 'l':
        textbuf_printf(out, "%" PRId64, ((const int64_t *)values)[at]);
        return true;
    case 'f':
        append_float(out, (double)((const float *)values)[at], true);
        return true;
    case 'g':
        append_float(out, ((const double *)values)[at], false);
        return true;
    case 'd': {
        const char *comma = strchr(format, ',');
        append_decimal(out, (const uint8_t *)values + 16 * at, comma == NULL ? 0 : atoi(comma + 1));
        return true;
    }
    case 't':
        if (strcmp(format, "tdD") != 0)
            return append_timestamp_column(out, format, ((const int64_t *)values)[at]);
        add_char(out, '"');
        append_date(out, (int64_t)((const int32_t *)values)[at] * 86400, &tm);
        add_char(out, '"');
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
    return append_fixed(out, format, c.array->buffers[1], at);
}

bool arrow_json_append(struct textbuf *out, const struct ArrowSchema *schema,
                       const struct ArrowArray *array, int64_t row)
{
    return append_value(out, (struct column){schema, array}, row);
}
