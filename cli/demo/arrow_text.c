/* SPDX-License-Identifier: Apache-2.0 */
#include "demo/arrow_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

static bool is_null(const struct ArrowArray *column, int64_t at)
{
    const uint8_t *bits = column->n_buffers > 0 ? column->buffers[0] : NULL;

    return bits != NULL && (bits[at / 8] >> (at % 8) & 1) == 0;
}

static void put_bytes(const struct ArrowArray *column, bool wide, int64_t at, struct textbuf *out)
{
    const int32_t *narrow_ends = column->buffers[1];
    const int64_t *wide_ends = column->buffers[1];
    const char *data = column->buffers[2];
    int64_t from = wide ? wide_ends[at] : narrow_ends[at];
    int64_t to = wide ? wide_ends[at + 1] : narrow_ends[at + 1];

    if (to > from)
        textbuf_add(out, data + from, (size_t)(to - from));
}

/* Microseconds since 1970 as "2026-01-31 08:09:10". */
static void put_time(int64_t time_us, struct textbuf *out)
{
    size_t start = out->len;

    textbuf_time(out, time_us / 1000);
    out->text[start + 10] = ' ';
    out->len = start + 19;
    out->text[out->len] = '\0';
}

static void put_fixed(const char *format, const void *values, int64_t at, struct textbuf *out)
{
    const uint8_t *bits = values;
    const int32_t *ints = values;
    const int64_t *longs = values;
    const float *floats = values;
    const double *doubles = values;

    if (strcmp(format, "b") == 0)
        textbuf_puts(out, (bits[at / 8] >> (at % 8) & 1) != 0 ? "true" : "false");
    else if (strcmp(format, "i") == 0)
        textbuf_printf(out, "%" PRId32, ints[at]);
    else if (strcmp(format, "l") == 0)
        textbuf_printf(out, "%" PRId64, longs[at]);
    else if (strcmp(format, "f") == 0)
        textbuf_printf(out, "%.10g", (double)floats[at]);
    else if (strcmp(format, "g") == 0)
        textbuf_printf(out, "%.15g", doubles[at]);
    else if (strncmp(format, "tsu:", 4) == 0)
        put_time(longs[at], out);
    else
        textbuf_printf(out, "(%s)", format);
}

void arrow_text(const struct ArrowSchema *type, const struct ArrowArray *column, int64_t row,
                struct textbuf *out)
{
    const char *format = type->format;
    int64_t at = column->offset + row;

    if (is_null(column, at))
        textbuf_puts(out, "-");
    else if (strchr("uzUZ", format[0]) != NULL)
        put_bytes(column, format[0] == 'U' || format[0] == 'Z', at, out);
    else
        put_fixed(format, column->buffers[1], at, out);
}

const char *arrow_type_name(const char *format)
{
    static const char *const names[][2] = {
        {"u", "string"},  {"U", "string"}, {"z", "binary"}, {"Z", "binary"}, {"b", "boolean"},
        {"i", "integer"}, {"l", "long"},   {"f", "float"},  {"g", "double"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(format, names[i][0]) == 0)
            return names[i][1];
    }
    if (strcmp(format, "tsu:") == 0)
        return "timestamp_ntz";
    return strncmp(format, "tsu:", 4) == 0 ? "timestamp" : format;
}
