/* SPDX-License-Identifier: Apache-2.0 */
#include "records/avro_data.h"

#include <stdio.h>

#include "common/utf8_text.h"
#include "records/json_tree.h"
#include "records/value_json.h"

enum { MAX_DECIMAL_BYTES = 1024 };

struct reader {
    const uint8_t *start, *at, *end;
    struct textbuf *out;
    size_t max_len; /* of `out` */
    int depth;
    struct failure *failure;
};

static bool read_value(struct reader *r, const struct avro_type *type);

static bool bad(struct reader *r, const char *code, const char *what)
{
    (void)failure_bad(r->failure, "decode", code, "byte %zu: %s", (size_t)(r->at - r->start), what);
    return false;
}

static bool truncated(struct reader *r)
{
    return bad(r, "AVRO_TRUNCATED", "the data ends within a value");
}

static bool read_long(struct reader *r, int64_t *out)
{
    uint64_t value = 0;
    unsigned shift = 0;
    const uint8_t *p = r->at;

    for (;; shift += 7) {
        if (p == r->end)
            return truncated(r);
        if (shift == 63 && *p > 1)
            return bad(r, "AVRO_CORRUPT", "a number of more than 64 bits");
        value |= (uint64_t)(*p & 0x7F) << shift;
        if ((*p++ & 0x80) == 0)
            break;
    }
    r->at = p;
    *out = (int64_t)(value >> 1 ^ (0 - (value & 1)));
    return true;
}

static bool read_int(struct reader *r, int64_t *out)
{
    if (!read_long(r, out))
        return false;
    return (*out >= INT32_MIN && *out <= INT32_MAX) ||
           bad(r, "AVRO_CORRUPT", "an int of more than 32 bits");
}

/* So many bytes, where they lie. */
static const uint8_t *take(struct reader *r, size_t len)
{
    const uint8_t *data = r->at;

    if (len > (size_t)(r->end - r->at)) {
        (void)truncated(r);
        return NULL;
    }
    r->at += len;
    return data;
}

static const uint8_t *take_bytes(struct reader *r, size_t *out_len)
{
    int64_t len;

    if (!read_long(r, &len))
        return NULL;
    if (len < 0) {
        (void)bad(r, "AVRO_CORRUPT", "a negative length");
        return NULL;
    }
    if ((uint64_t)len > (size_t)(r->end - r->at)) {
        (void)truncated(r);
        return NULL;
    }
    *out_len = (size_t)len;
    return take(r, *out_len);
}

static bool room_left(struct reader *r)
{
    return r->out->len <= r->max_len ||
           bad(r, "PAYLOAD_TOO_LARGE", "as JSON it is larger than is allowed");
}

static bool read_text(struct reader *r)
{
    size_t len = 0;
    const uint8_t *data = take_bytes(r, &len);

    if (data == NULL)
        return false;
    if (utf8_valid((const char *)data, len) != len)
        return bad(r, "AVRO_NOT_UTF8", "a string that is not UTF-8");
    text_json_string(r->out, (const char *)data, len);
    return true;
}

static void put_base64(struct reader *r, const uint8_t *data, size_t len)
{
    textbuf_add(r->out, "\"", 1);
    textbuf_base64(r->out, data, len);
    textbuf_add(r->out, "\"", 1);
}

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* ISO 8601: months, days and milliseconds stay apart, since no two of them have a fixed ratio. */
static void put_duration(struct reader *r, const uint8_t *data)
{
    uint32_t millis = le32(data + 8);

    textbuf_printf(r->out, "\"P%lluM%lluDT%llu.%03lluS\"", (unsigned long long)le32(data),
                   (unsigned long long)le32(data + 4), (unsigned long long)(millis / 1000),
                   (unsigned long long)(millis % 1000));
}

static bool put_bytes(struct reader *r, const struct avro_type *type, const uint8_t *data,
                      size_t len)
{
    if (data == NULL)
        return false;
    switch (type->logical) {
    case AVRO_DECIMAL:
        if (len == 0 || len > MAX_DECIMAL_BYTES)
            return bad(r, "AVRO_CORRUPT", "a decimal of no bytes, or of more than 1,024");
        text_decimal(r->out, data, len, type->scale);
        break;
    case AVRO_UUID:
        textbuf_add(r->out, "\"", 1);
        text_uuid(r->out, data);
        textbuf_add(r->out, "\"", 1);
        break;
    case AVRO_DURATION:
        put_duration(r, data);
        break;
    default:
        put_base64(r, data, len);
        break;
    }
    return true;
}

/* Times of day beyond midnight are none. */
static bool put_time_of_day(struct reader *r, int64_t value, int digits)
{
    if (value < 0 || value >= (digits == 3 ? INT64_C(86400000) : INT64_C(86400000000)))
        return bad(r, "AVRO_RANGE", "a time of day beyond 24 hours");
    text_time_of_day(r->out, value, digits);
    return true;
}

static bool put_integer(struct reader *r, const struct avro_type *type, int64_t value)
{
    bool good = true;

    if (type->logical == AVRO_PLAIN) {
        text_i64(r->out, value);
        return true;
    }
    textbuf_add(r->out, "\"", 1);
    switch (type->logical) {
    case AVRO_DATE:
        text_date(r->out, value);
        break;
    case AVRO_TIME_MILLIS:
    case AVRO_TIME_MICROS:
        good = put_time_of_day(r, value, type->logical == AVRO_TIME_MILLIS ? 3 : 6);
        break;
    case AVRO_TIMESTAMP_MILLIS:
    case AVRO_LOCAL_MILLIS:
        text_timestamp(r->out, value, 3, type->logical == AVRO_TIMESTAMP_MILLIS);
        break;
    case AVRO_TIMESTAMP_MICROS:
    case AVRO_LOCAL_MICROS:
        text_timestamp(r->out, value, 6, type->logical == AVRO_TIMESTAMP_MICROS);
        break;
    default:
        text_timestamp(r->out, value, 9, type->logical == AVRO_TIMESTAMP_NANOS);
        break;
    }
    textbuf_add(r->out, "\"", 1);
    return good;
}

static bool read_real(struct reader *r, bool wide)
{
    const uint8_t *data = take(r, wide ? 8 : 4);
    uint64_t bits;
    uint32_t low;
    double number;
    float small;

    if (data == NULL)
        return false;
    low = le32(data);
    if (wide) {
        bits = (uint64_t)le32(data + 4) << 32 | low;
        memcpy(&number, &bits, sizeof(number));
        text_double(r->out, number);
    } else {
        memcpy(&small, &low, sizeof(small));
        text_float(r->out, small);
    }
    return true;
}

static void put_name(struct reader *r, struct span name, bool first)
{
    if (!first)
        textbuf_add(r->out, ",", 1);
    text_json_string(r->out, name.ptr, name.len);
    textbuf_add(r->out, ":", 1);
}

static bool read_record(struct reader *r, const struct avro_type *type)
{
    textbuf_add(r->out, "{", 1);
    for (size_t i = 0; i < type->n_parts; i++) {
        put_name(r, type->parts[i].name, i == 0);
        if (!read_value(r, type->parts[i].type))
            return false;
    }
    textbuf_add(r->out, "}", 1);
    return true;
}

static const struct avro_part *read_index(struct reader *r, const struct avro_type *type)
{
    int64_t index;

    if (!read_long(r, &index))
        return NULL;
    if (index < 0 || (uint64_t)index >= type->n_parts) {
        (void)bad(r, "AVRO_CORRUPT",
                  type->kind == AVRO_ENUM ? "a symbol that the enum does not have"
                                          : "a branch that the union does not have");
        return NULL;
    }
    return &type->parts[index];
}

static bool read_enum(struct reader *r, const struct avro_type *type)
{
    const struct avro_part *symbol = read_index(r, type);

    if (symbol == NULL)
        return false;
    text_json_string(r->out, symbol->name.ptr, symbol->name.len);
    return true;
}

/* Null and one type: the value. Several: an object with one member, named as the branch. */
static bool read_union(struct reader *r, const struct avro_type *type)
{
    const struct avro_part *branch = read_index(r, type);

    if (branch == NULL)
        return false;
    if (type->items != NULL || branch->type->kind == AVRO_NULL)
        return read_value(r, branch->type);
    textbuf_add(r->out, "{", 1);
    put_name(r, branch->name, true);
    if (!read_value(r, branch->type))
        return false;
    textbuf_add(r->out, "}", 1);
    return true;
}

/* The number of items in the next block, 0 at the end. */
static bool read_block(struct reader *r, uint64_t *out_count)
{
    int64_t count;
    int64_t bytes;

    if (!read_long(r, &count))
        return false;
    if (count < 0 && !read_long(r, &bytes))
        return false;
    *out_count = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;
    return true;
}

static bool read_items(struct reader *r, const struct avro_type *type)
{
    bool map = type->kind == AVRO_MAP;
    bool first = true;
    uint64_t count;

    textbuf_add(r->out, map ? "{" : "[", 1);
    do {
        if (!read_block(r, &count))
            return false;
        /* Items may take no bytes at all; what they write is bounded. */
        for (uint64_t i = 0; i < count; i++, first = false) {
            if (!first)
                textbuf_add(r->out, ",", 1);
            if (map) {
                if (!read_text(r))
                    return false;
                textbuf_add(r->out, ":", 1);
            }
            if (!read_value(r, type->items))
                return false;
        }
    } while (count != 0);
    textbuf_add(r->out, map ? "}" : "]", 1);
    return true;
}

static bool read_scalar(struct reader *r, const struct avro_type *type)
{
    const uint8_t *data;
    size_t len = type->size;
    int64_t number;

    switch (type->kind) {
    case AVRO_NULL:
        textbuf_add(r->out, "null", 4);
        return true;
    case AVRO_BOOLEAN:
        data = take(r, 1);
        if (data == NULL)
            return false;
        if (*data > 1)
            return bad(r, "AVRO_CORRUPT", "a boolean that is neither 0 nor 1");
        textbuf_puts(r->out, *data == 1 ? "true" : "false");
        return true;
    case AVRO_INT:
        return read_int(r, &number) && put_integer(r, type, number);
    case AVRO_LONG:
        return read_long(r, &number) && put_integer(r, type, number);
    case AVRO_FLOAT:
    case AVRO_DOUBLE:
        return read_real(r, type->kind == AVRO_DOUBLE);
    case AVRO_BYTES:
        data = take_bytes(r, &len);
        return put_bytes(r, type, data, len);
    case AVRO_FIXED:
        data = take(r, len);
        return put_bytes(r, type, data, len);
    case AVRO_ENUM:
        return read_enum(r, type);
    default:
        return read_text(r);
    }
}

static bool read_value(struct reader *r, const struct avro_type *type)
{
    bool good;

    if (!room_left(r))
        return false;
    switch (type->kind) {
    case AVRO_RECORD:
    case AVRO_UNION:
    case AVRO_ARRAY:
    case AVRO_MAP:
        if (r->depth >= JSON_MAX_DEPTH)
            return bad(r, "AVRO_TOO_DEEP", "nested deeper than 1,000 levels");
        r->depth++;
        good = type->kind == AVRO_RECORD  ? read_record(r, type)
               : type->kind == AVRO_UNION ? read_union(r, type)
                                          : read_items(r, type);
        r->depth--;
        return good;
    default:
        return read_scalar(r, type);
    }
}

/* A message that may be of several records is a union of them. */
static bool union_of_records(const struct avro_type *type)
{
    for (size_t i = 0; i < type->n_parts; i++) {
        if (type->parts[i].type->kind != AVRO_RECORD)
            return false;
    }
    return type->kind == AVRO_UNION;
}

enum decode_result avro_to_json(struct avro_type *type, struct span data, size_t max_bytes,
                                struct textbuf *out, struct avro_type **out_type,
                                struct failure *failure)
{
    const uint8_t *start = (const uint8_t *)data.ptr;
    struct reader r = {start, start, start + data.len, out, out->len + max_bytes, 0, failure};
    const struct avro_part *branch;
    bool wrapped;

    if (union_of_records(type)) {
        branch = read_index(&r, type);
        if (branch == NULL)
            return DECODE_BAD;
        type = branch->type;
    }
    wrapped = type->kind != AVRO_RECORD;
    if (wrapped) {
        textbuf_puts(out, "{\"value\":");
        r.depth++;
    }
    if (!read_value(&r, type))
        return DECODE_BAD;
    if (wrapped)
        textbuf_puts(out, "}");
    if (r.at < r.end) {
        (void)bad(&r, "AVRO_TRAILING", "more bytes than the schema has");
        return DECODE_BAD;
    }
    *out_type = type;
    return DECODE_ROWS;
}
