/* SPDX-License-Identifier: Apache-2.0 */
#include "records/value_cast.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "records/exact_number.h"
#include "records/time_parse.h"
#include "records/value_json.h"

static const struct {
    const char *name;
    enum cast_kind kind;
    int bytes;
} simple[] = {{"string", CAST_STRING, 0},
              {"byte", CAST_INTEGER, 1},
              {"tinyint", CAST_INTEGER, 1},
              {"short", CAST_INTEGER, 2},
              {"smallint", CAST_INTEGER, 2},
              {"integer", CAST_INTEGER, 4},
              {"int", CAST_INTEGER, 4},
              {"long", CAST_INTEGER, 8},
              {"bigint", CAST_INTEGER, 8},
              {"float", CAST_REAL, 4},
              {"real", CAST_REAL, 4},
              {"double", CAST_REAL, 8},
              {"boolean", CAST_BOOLEAN, 0},
              {"timestamp", CAST_TIMESTAMP, 0},
              {"timestamp_ntz", CAST_TIMESTAMP_NTZ, 0},
              {"date", CAST_DATE, 0},
              {"binary", CAST_BINARY, 0},
              {"variant", CAST_OTHER, 0}};

bool cast_epoch_shift(const char *unit, int *out_shift)
{
    static const struct {
        const char *unit;
        int shift;
    } units[] = {{"ms", 3}, {"s", 6}, {"us", 0}, {"ns", -3}};

    *out_shift = 3;
    if (unit == NULL)
        return true;
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        if (strcmp(units[i].unit, unit) == 0) {
            *out_shift = units[i].shift;
            return true;
        }
    }
    return false;
}

static const char *delta_name(const char *name, enum cast_kind kind, int bytes)
{
    static const char *const integers[] = {NULL, "byte", "short", NULL,  "integer",
                                           NULL, NULL,   NULL,    "long"};

    if (kind == CAST_INTEGER)
        return integers[bytes];
    return kind == CAST_REAL && bytes == 4 ? "float" : name;
}

static char *quoted(struct scratch *scratch, const char *name)
{
    char *text = scratch_alloc(scratch, strlen(name) + 3);

    (void)sprintf(text, "\"%s\"", name);
    return text;
}

bool cast_type_parse(struct scratch *scratch, const char *text, struct cast_type *out)
{
    struct json_error error;
    char after;
    char name[40];

    *out = (struct cast_type){.epoch_shift = 3};
    for (size_t i = 0; i < sizeof(simple) / sizeof(*simple); i++) {
        if (span_same_name(span_of(text), span_of(simple[i].name))) {
            out->kind = simple[i].kind;
            out->bytes = simple[i].bytes;
            out->json = quoted(scratch, delta_name(simple[i].name, out->kind, out->bytes));
            return true;
        }
    }
    if (sscanf(text, "decimal ( %d , %d ) %c", &out->precision, &out->scale, &after) == 2 ||
        sscanf(text, "decimal(%d)%c", &out->precision, &after) == 1) {
        (void)snprintf(name, sizeof(name), "decimal(%d,%d)", out->precision, out->scale);
        out->kind = CAST_DECIMAL;
        out->json = quoted(scratch, name);
        return out->precision >= 1 && out->precision <= 38 && out->scale >= 0 &&
               out->scale <= out->precision;
    }
    out->kind = CAST_OTHER;
    out->json = (char *)(uintptr_t)scratch_copy(scratch, span_of(text)).ptr;
    return *text == '{' && json_parse(scratch, span_of(out->json), &error) != NULL;
}

struct span cast_text(struct scratch *scratch, const struct json *value)
{
    struct textbuf text = {0};
    struct span out;

    if (value->kind == JSON_STRING)
        return json_chars(scratch, value);
    if (value->kind == JSON_NUMBER)
        return value->text;
    json_write(value, &text);
    out = scratch_copy(scratch, (struct span){text.text, text.len});
    textbuf_done(&text);
    return out;
}

bool cast_time(struct scratch *scratch, int epoch_shift, const struct json *value, int64_t *out_us,
               bool *out_other_zone)
{
    struct exact_number number;
    enum time_zone_given zone = ZONE_NONE;
    bool good;

    if (value->kind == JSON_NUMBER) {
        number = exact_parse(scratch, value->text);
        good = exact_floor(&number, epoch_shift, out_us);
    } else {
        good = value->kind == JSON_STRING && time_parse(json_chars(scratch, value), out_us, &zone);
    }
    *out_other_zone = zone == ZONE_OTHER;
    return good;
}

static struct json *no(const char **out_reason, const char *reason)
{
    *out_reason = reason;
    return NULL;
}

static const char out_of_range[] = "is out of range of its type";

static struct json *to_number(struct scratch *scratch, const struct cast_type *type,
                              struct json *value, const char **out_reason)
{
    struct exact_number number;
    int64_t whole;

    if (!exact_of_json(scratch, value, &number))
        return no(out_reason, "is not a number");
    if (type->kind == CAST_INTEGER) {
        int64_t most = type->bytes == 8 ? INT64_MAX : (INT64_C(1) << (8 * type->bytes - 1)) - 1;
        if (exact_fraction_digits(&number) > 0)
            return no(out_reason, "is not an integer");
        if (!exact_to_i64(&number, &whole) || whole > most || whole < -most - 1)
            return no(out_reason, out_of_range);
        return json_new_int(scratch, whole);
    }
    if (type->kind == CAST_DECIMAL) {
        if (exact_fraction_digits(&number) > type->scale)
            return no(out_reason, "has more fraction digits than its type");
        if (number.n_digits != 0 && number.exponent > type->precision - type->scale)
            return no(out_reason, out_of_range);
    } else {
        char *end;
        struct span text = scratch_copy(scratch, cast_text(scratch, value));
        if (isinf(type->bytes == 4 ? (double)strtof(text.ptr, &end) : strtod(text.ptr, &end)))
            return no(out_reason, out_of_range);
    }
    return value->kind == JSON_NUMBER ? value
                                      : json_new_number(scratch, json_chars(scratch, value));
}

static struct json *text_value(struct scratch *scratch, struct textbuf *text)
{
    struct json *value =
        json_new_string(scratch, scratch_copy(scratch, (struct span){text->text, text->len}));

    textbuf_done(text);
    return value;
}

static struct json *to_time(struct scratch *scratch, const struct cast_type *type,
                            struct json *value, const char **out_reason)
{
    bool local = type->kind == CAST_TIMESTAMP_NTZ;
    struct textbuf text = {0};
    bool other_zone;
    int64_t us;

    if (!cast_time(scratch, type->epoch_shift, value, &us, &other_zone))
        return no(out_reason, value->kind == JSON_NUMBER ? out_of_range : "is not a timestamp");
    if (local && other_zone)
        return no(out_reason, "has an offset, which does not fit timestamp_ntz");
    if (value->kind == JSON_STRING)
        return value;
    text_timestamp(&text, us, 6, !local);
    return text_value(scratch, &text);
}

static struct json *to_date(struct scratch *scratch, struct json *value, const char **out_reason)
{
    static const int64_t us_per_day = INT64_C(86400000000);
    enum time_zone_given zone;
    struct textbuf text = {0};
    struct span chars;
    int64_t days;
    int64_t us;

    if (value->kind != JSON_STRING)
        return no(out_reason, "is not a date");
    chars = json_chars(scratch, value);
    if (time_parse_date(chars, &days))
        return value;
    if (!time_parse(chars, &us, &zone))
        return no(out_reason, "is not a date");
    if (us % us_per_day != 0 || zone == ZONE_OTHER)
        return no(out_reason, "has a time of day, which does not fit date");
    text_date(&text, us / us_per_day);
    return text_value(scratch, &text);
}

static struct json *to_boolean(struct scratch *scratch, struct json *value, const char **out_reason)
{
    struct span chars;

    if (value->kind == JSON_TRUE || value->kind == JSON_FALSE)
        return value;
    if (value->kind == JSON_STRING) {
        chars = json_chars(scratch, value);
        if (span_is(chars, "true") || span_is(chars, "false"))
            return json_new(scratch, span_is(chars, "true") ? JSON_TRUE : JSON_FALSE);
    }
    return no(out_reason, "is not true or false");
}

static int sextet(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == '\0' ? NULL : strchr(digits, c);

    return at == NULL ? -1 : (int)(at - digits);
}

static bool is_base64(struct span text)
{
    size_t pad = 0;
    int last;

    if (text.len % 4 != 0)
        return false;
    while (pad < 2 && pad < text.len && text.ptr[text.len - 1 - pad] == '=')
        pad++;
    for (size_t i = 0; i < text.len - pad; i++) {
        if (sextet(text.ptr[i]) < 0)
            return false;
    }
    last = text.len == 0 ? 0 : sextet(text.ptr[text.len - 1 - pad]);
    return (last & (pad == 2 ? 15 : pad == 1 ? 3 : 0)) == 0;
}

struct json *cast_value(struct scratch *scratch, const struct cast_type *type, struct json *value,
                        const char **out_reason)
{
    if (value->kind == JSON_NULL)
        return value;
    switch (type->kind) {
    case CAST_STRING:
        return value->kind == JSON_STRING ? value
                                          : json_new_string(scratch, cast_text(scratch, value));
    case CAST_INTEGER:
    case CAST_REAL:
    case CAST_DECIMAL:
        return to_number(scratch, type, value, out_reason);
    case CAST_BOOLEAN:
        return to_boolean(scratch, value, out_reason);
    case CAST_TIMESTAMP:
    case CAST_TIMESTAMP_NTZ:
        return to_time(scratch, type, value, out_reason);
    case CAST_DATE:
        return to_date(scratch, value, out_reason);
    case CAST_BINARY:
        return value->kind == JSON_STRING && is_base64(json_chars(scratch, value))
                   ? value
                   : no(out_reason, "is not a base64 string");
    default:
        return value;
    }
}
