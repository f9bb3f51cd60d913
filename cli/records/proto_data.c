/* SPDX-License-Identifier: Apache-2.0 */
#include "records/proto_data.h"

#include <math.h>
#include <stdio.h>

#include "common/utf8_text.h"
#include "records/json_tree.h"
#include "records/proto_wire.h"
#include "records/value_json.h"

struct reader {
    struct textbuf *out;
    struct scratch *scratch;
    size_t max_len; /* of `out` */
    int depth;
    struct failure *failure;
};

/* One time that a field is there: where its tag is. A chain for each field, the first one first. */
struct occurrence {
    uint32_t at, next; /* next: 1 + index; 0: the last */
};

struct chain {
    uint32_t first, last; /* 1 + index; 0: none */
};

/* A message cut into its fields. */
struct parts {
    struct span data;
    struct occurrence *all;
    uint32_t count, cap;
    struct chain *chains; /* by field->index */
};

static bool write_message(struct reader *r, const struct proto_message *message, struct span data);
static bool write_json_value(struct reader *r, const struct proto_message *message,
                             struct span data);

static bool bad(struct reader *r, const char *code, const struct proto_message *message,
                const char *what)
{
    (void)failure_bad(r->failure, "decode", code, "message %.*s: %s",
                      message->name.len > 100 ? 100 : (int)message->name.len, message->name.ptr,
                      what);
    return false;
}

static enum wire_type wire_type_of(const struct proto_field *field)
{
    switch (field->type) {
    case PROTO_DOUBLE:
    case PROTO_FIXED64:
    case PROTO_SFIXED64:
        return WIRE_64;
    case PROTO_FLOAT:
    case PROTO_FIXED32:
    case PROTO_SFIXED32:
        return WIRE_32;
    case PROTO_STRING:
    case PROTO_BYTES:
    case PROTO_MESSAGE:
    case PROTO_GROUP:
        return WIRE_BYTES;
    default:
        return WIRE_VARINT;
    }
}

/* A field that comes in another form than its type has is as good as unknown. */
static bool takes(const struct proto_field *field, enum wire_type type)
{
    enum wire_type own = wire_type_of(field);

    if (field->message != NULL)
        return type == WIRE_BYTES || type == WIRE_GROUP;
    return type == own || (type == WIRE_BYTES && field->repeated);
}

static void add_occurrence(struct reader *r, struct parts *parts, const struct proto_field *field,
                           size_t at)
{
    struct chain *chain = &parts->chains[field->index];

    if (parts->count == parts->cap) {
        uint32_t cap = parts->cap == 0 ? 16 : 2 * parts->cap;
        struct occurrence *more = scratch_array(r->scratch, cap, sizeof(*more));
        if (parts->count != 0)
            memcpy(more, parts->all, parts->count * sizeof(*more));
        parts->all = more;
        parts->cap = cap;
    }
    parts->all[parts->count++] = (struct occurrence){(uint32_t)at, 0};
    if (chain->last == 0)
        chain->first = parts->count;
    else
        parts->all[chain->last - 1].next = parts->count;
    chain->last = parts->count;
}

/* Of a oneof the last member counts. */
static void forget_others(const struct proto_message *message, struct parts *parts,
                          const struct proto_field *field)
{
    for (const struct proto_field *f = message->fields; f != NULL; f = f->next) {
        if (f->oneof == field->oneof && f != field)
            parts->chains[f->index] = (struct chain){0, 0};
    }
}

static bool cut(struct reader *r, const struct proto_message *message, struct span data,
                struct parts *parts)
{
    struct wire wire = wire_of(data);
    struct wire_field got;
    const uint8_t *tag = wire.at;

    *parts = (struct parts){.data = data};
    if (data.len >= UINT32_MAX)
        return bad(r, "PAYLOAD_TOO_LARGE", message, "it has more than 4 GiB");
    parts->chains = scratch_array(r->scratch, message->n_fields, sizeof(*parts->chains));
    memset(parts->chains, 0, message->n_fields * sizeof(*parts->chains));
    while (wire_next(&wire, &got)) {
        const struct proto_field *field = proto_field_of(message, got.number);
        if (field != NULL && takes(field, got.type)) {
            if (field->oneof != 0)
                forget_others(message, parts, field);
            add_occurrence(r, parts, field, (size_t)(tag - wire.start));
        }
        tag = wire.at;
    }
    return wire.error == NULL || bad(r, "PROTOBUF_CORRUPT", message, wire.error);
}

/* The field at an occurrence, which wire_next() has passed once. */
static struct wire_field field_at(const struct parts *parts, uint32_t at)
{
    struct wire wire = wire_of(parts->data);
    struct wire_field field = {0};

    wire.at += at;
    (void)wire_next(&wire, &field);
    return field;
}

static double double_of(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static float float_of(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float value;

    memcpy(&value, &low, sizeof(value));
    return value;
}

/* The name of a number; of several the one that is declared first. */
static void write_enum(struct reader *r, const struct proto_enum *enumeration, int32_t number)
{
    const struct proto_value *found = NULL;

    for (const struct proto_value *v = enumeration->values; v != NULL; v = v->next) {
        if (v->number == number)
            found = v;
    }
    textbuf_add(r->out, "\"", 1);
    if (found == NULL)
        text_i64(r->out, number);
    else
        textbuf_add(r->out, found->name.ptr, found->name.len);
    textbuf_add(r->out, "\"", 1);
}

static void write_number(struct reader *r, const struct proto_field *field, uint64_t value)
{
    switch (field->type) {
    case PROTO_DOUBLE:
        text_double(r->out, double_of(value));
        break;
    case PROTO_FLOAT:
        text_float(r->out, float_of(value));
        break;
    case PROTO_INT64:
    case PROTO_SFIXED64:
        text_i64(r->out, (int64_t)value);
        break;
    case PROTO_INT32:
    case PROTO_SFIXED32:
        text_i64(r->out, (int32_t)value);
        break;
    case PROTO_UINT64:
    case PROTO_FIXED64:
        text_u64(r->out, value);
        break;
    case PROTO_UINT32:
    case PROTO_FIXED32:
        text_u64(r->out, (uint32_t)value);
        break;
    case PROTO_SINT32:
        text_i64(r->out, (int32_t)wire_zigzag((uint32_t)value));
        break;
    case PROTO_SINT64:
        text_i64(r->out, wire_zigzag(value));
        break;
    case PROTO_BOOL:
        textbuf_puts(r->out, value != 0 ? "true" : "false");
        break;
    default:
        write_enum(r, field->enumeration, (int32_t)value);
        break;
    }
}

static bool write_bytes(struct reader *r, const struct proto_message *owner,
                        const struct proto_field *field, struct span bytes)
{
    if (field->type == PROTO_STRING) {
        if (utf8_valid(bytes.ptr, bytes.len) != bytes.len)
            return bad(r, "PROTOBUF_NOT_UTF8", owner, "a string that is not UTF-8");
        text_json_string(r->out, bytes.ptr, bytes.len);
        return true;
    }
    textbuf_add(r->out, "\"", 1);
    textbuf_base64(r->out, bytes.ptr, bytes.len);
    textbuf_add(r->out, "\"", 1);
    return true;
}

/* One value of no packed kind. */
static bool write_one(struct reader *r, const struct proto_message *owner,
                      const struct proto_field *field, const struct wire_field *got)
{
    if (r->out->len > r->max_len)
        return bad(r, "PAYLOAD_TOO_LARGE", owner, "as JSON it is larger than is allowed");
    if (field->message != NULL)
        return write_message(r, field->message, got->bytes);
    if (field->type == PROTO_STRING || field->type == PROTO_BYTES)
        return write_bytes(r, owner, field, got->bytes);
    write_number(r, field, got->value);
    return true;
}

static bool write_packed(struct reader *r, const struct proto_message *owner,
                         const struct proto_field *field, struct span bytes, bool *first)
{
    enum wire_type type = wire_type_of(field);
    struct wire wire = wire_of(bytes);
    uint64_t value = 0;

    while (wire.at < wire.end) {
        bool good = type == WIRE_VARINT ? wire_varint(&wire, &value)
                                        : wire_fixed(&wire, type == WIRE_64 ? 8 : 4, &value);
        if (!good)
            return bad(r, "PROTOBUF_CORRUPT", owner, wire.error);
        if (r->out->len > r->max_len)
            return bad(r, "PAYLOAD_TOO_LARGE", owner, "as JSON it is larger than is allowed");
        if (!*first)
            textbuf_add(r->out, ",", 1);
        *first = false;
        write_number(r, field, value);
    }
    return true;
}

static bool write_repeated(struct reader *r, const struct proto_message *owner,
                           const struct proto_field *field, const struct parts *parts)
{
    bool first = true;

    textbuf_add(r->out, "[", 1);
    for (uint32_t i = parts->chains[field->index].first; i != 0; i = parts->all[i - 1].next) {
        struct wire_field got = field_at(parts, parts->all[i - 1].at);
        if (got.type == WIRE_BYTES && wire_type_of(field) != WIRE_BYTES) {
            if (!write_packed(r, owner, field, got.bytes, &first))
                return false;
            continue;
        }
        if (!first)
            textbuf_add(r->out, ",", 1);
        first = false;
        if (!write_one(r, owner, field, &got))
            return false;
    }
    textbuf_add(r->out, "]", 1);
    return true;
}

/* The only value of a field that is there: of scalars the last, of messages all, one behind the
 * other, which is how they are merged. */
static struct wire_field single(struct reader *r, const struct proto_field *field,
                                const struct parts *parts)
{
    struct chain chain = parts->chains[field->index];
    struct wire_field got = field_at(parts, parts->all[chain.last - 1].at);
    struct textbuf merged = {0};

    if (field->message == NULL || chain.first == chain.last)
        return got;
    for (uint32_t i = chain.first; i != 0; i = parts->all[i - 1].next) {
        struct wire_field one = field_at(parts, parts->all[i - 1].at);
        textbuf_add(&merged, one.bytes.ptr, one.bytes.len);
    }
    got.bytes = scratch_copy(r->scratch, (struct span){merged.text, merged.len});
    textbuf_done(&merged);
    return got;
}

/* What a field is when it is not there and no presence is told. */
static bool write_zero(struct reader *r, const struct proto_message *owner,
                       const struct proto_field *field)
{
    struct wire_field zero = {.bytes = {"", 0}};

    return write_one(r, owner, field, &zero);
}

static bool write_value(struct reader *r, const struct proto_message *owner,
                        const struct proto_field *field, const struct parts *parts)
{
    struct wire_field got;

    if (parts->chains[field->index].first == 0)
        return write_zero(r, owner, field);
    got = single(r, field, parts);
    return write_one(r, owner, field, &got);
}

/* A key is a string, whatever its type. */
static bool write_key(struct reader *r, const struct proto_message *entry,
                      const struct proto_field *field, const struct parts *parts)
{
    bool text = field->type == PROTO_STRING;

    if (!text)
        textbuf_add(r->out, "\"", 1);
    if (!write_value(r, entry, field, parts))
        return false;
    if (!text)
        textbuf_add(r->out, "\"", 1);
    return true;
}

static bool write_entry(struct reader *r, const struct proto_message *entry, struct span data)
{
    const struct proto_field *key = proto_field_of(entry, 1);
    const struct proto_field *value = proto_field_of(entry, 2);
    struct parts parts;

    if (key == NULL || value == NULL)
        return bad(r, "PROTOBUF_SCHEMA", entry, "a map's entry without key and value");
    if (!cut(r, entry, data, &parts) || !write_key(r, entry, key, &parts))
        return false;
    textbuf_add(r->out, ":", 1);
    return write_value(r, entry, value, &parts);
}

static bool write_map(struct reader *r, const struct proto_field *field, const struct parts *parts)
{
    textbuf_add(r->out, "{", 1);
    for (uint32_t i = parts->chains[field->index].first; i != 0; i = parts->all[i - 1].next) {
        struct scratch_mark mark = scratch_mark(r->scratch);
        if (i != parts->chains[field->index].first)
            textbuf_add(r->out, ",", 1);
        if (!write_entry(r, field->message, field_at(parts, parts->all[i - 1].at).bytes))
            return false;
        scratch_release(r->scratch, mark);
    }
    textbuf_add(r->out, "}", 1);
    return true;
}

static bool write_field(struct reader *r, const struct proto_message *owner,
                        const struct proto_field *field, const struct parts *parts)
{
    if (field->map)
        return write_map(r, field, parts);
    if (field->repeated)
        return write_repeated(r, owner, field, parts);
    return write_value(r, owner, field, parts);
}

static bool write_fields(struct reader *r, const struct proto_message *message,
                         const struct parts *parts)
{
    bool first = true;

    textbuf_add(r->out, "{", 1);
    for (const struct proto_field *f = message->fields; f != NULL; f = f->next) {
        if (parts->chains[f->index].first == 0 && !f->implicit && !f->repeated)
            continue;
        if (!first)
            textbuf_add(r->out, ",", 1);
        first = false;
        textbuf_add(r->out, "\"", 1);
        textbuf_add(r->out, f->name.ptr, f->name.len);
        textbuf_add(r->out, "\":", 2);
        if (!write_field(r, message, f, parts))
            return false;
    }
    textbuf_add(r->out, "}", 1);
    return true;
}

/* The number in field `number` of a well-known message, 0 when it is not there. */
static int64_t number_in(const struct proto_message *message, const struct parts *parts,
                         uint32_t number)
{
    const struct proto_field *field = proto_field_of(message, number);
    uint32_t last = field == NULL ? 0 : parts->chains[field->index].last;

    return last == 0 ? 0 : (int64_t)field_at(parts, parts->all[last - 1].at).value;
}

/* ".123", with as many digits as are needed out of 0, 3, 6 and 9. */
static void write_fraction(struct reader *r, int64_t nanos)
{
    if (nanos == 0)
        return;
    if (nanos % 1000000 == 0)
        textbuf_printf(r->out, ".%03d", (int)(nanos / 1000000));
    else if (nanos % 1000 == 0)
        textbuf_printf(r->out, ".%06d", (int)(nanos / 1000));
    else
        textbuf_printf(r->out, ".%09d", (int)nanos);
}

static bool write_timestamp(struct reader *r, const struct proto_message *message,
                            const struct parts *parts)
{
    int64_t seconds = number_in(message, parts, 1);
    int64_t nanos = (int32_t)number_in(message, parts, 2);

    /* From year 1 to 9999, as its specification has it. */
    if (seconds < INT64_C(-62135596800) || seconds > INT64_C(253402300799) || nanos < 0 ||
        nanos > 999999999)
        return bad(r, "PROTOBUF_RANGE", message, "a time that cannot be");
    textbuf_add(r->out, "\"", 1);
    text_timestamp(r->out, seconds, 0, false);
    write_fraction(r, nanos);
    textbuf_add(r->out, "Z\"", 2);
    return true;
}

static bool write_duration(struct reader *r, const struct proto_message *message,
                           const struct parts *parts)
{
    int64_t seconds = number_in(message, parts, 1);
    int64_t nanos = (int32_t)number_in(message, parts, 2);

    if (seconds < INT64_C(-315576000000) || seconds > INT64_C(315576000000) || nanos < -999999999 ||
        nanos > 999999999 || (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0))
        return bad(r, "PROTOBUF_RANGE", message, "a duration that cannot be");
    textbuf_puts(r->out, seconds < 0 || nanos < 0 ? "\"-" : "\"");
    text_i64(r->out, seconds < 0 ? -seconds : seconds);
    write_fraction(r, nanos < 0 ? -nanos : nanos);
    textbuf_add(r->out, "s\"", 2);
    return true;
}

static bool write_decimal(struct reader *r, const struct proto_message *message,
                          const struct parts *parts)
{
    const struct proto_field *field = proto_field_of(message, 1);
    uint32_t last = field == NULL ? 0 : parts->chains[field->index].last;
    struct span bytes = {"", 1};
    int64_t scale = (int32_t)number_in(message, parts, 3);

    if (last != 0)
        bytes = field_at(parts, parts->all[last - 1].at).bytes;
    if (bytes.len == 0 || bytes.len > 1024 || scale < 0 || scale > 2400)
        return bad(r, "PROTOBUF_RANGE", message, "a decimal that cannot be");
    text_decimal(r->out, (const uint8_t *)bytes.ptr, bytes.len, (unsigned)scale);
    return true;
}

/* A number of a Value, which is JSON's: 5 rather than 5.0. */
static void write_json_number(struct reader *r, double value)
{
    size_t len;

    text_double(r->out, value);
    len = r->out->len;
    if (len > 2 && memcmp(r->out->text + len - 2, ".0", 2) == 0)
        r->out->len = len - 2;
}

/* google.protobuf.Value: whatever of its kinds it is. */
static bool write_json_value(struct reader *r, const struct proto_message *message,
                             struct span data)
{
    struct parts parts;

    if (!cut(r, message, data, &parts))
        return false;
    for (const struct proto_field *f = message->fields; f != NULL; f = f->next) {
        struct wire_field got;
        if (parts.chains[f->index].first == 0)
            continue;
        got = single(r, f, &parts);
        if (f->type == PROTO_ENUM)
            break;
        if (f->type == PROTO_DOUBLE) {
            write_json_number(r, double_of(got.value));
            return true;
        }
        return write_one(r, message, f, &got);
    }
    textbuf_add(r->out, "null", 4);
    return true;
}

static bool write_known(struct reader *r, const struct proto_message *message, struct span data)
{
    const struct proto_field *field = message->fields;
    struct parts parts;

    if (message->known == PROTO_VALUE)
        return write_json_value(r, message, data);
    if (!cut(r, message, data, &parts))
        return false;
    switch (message->known) {
    case PROTO_TIMESTAMP:
        return write_timestamp(r, message, &parts);
    case PROTO_DURATION:
        return write_duration(r, message, &parts);
    case PROTO_CONFLUENT_DECIMAL:
        return write_decimal(r, message, &parts);
    default:
        break;
    }
    /* The only field of a wrapper, a Struct or a ListValue is what they are. */
    if (field == NULL) {
        textbuf_add(r->out, "null", 4);
        return true;
    }
    return write_field(r, message, field, &parts);
}

static bool write_message(struct reader *r, const struct proto_message *message, struct span data)
{
    struct scratch_mark mark = scratch_mark(r->scratch);
    struct parts parts;
    bool good;

    if (r->depth >= JSON_MAX_DEPTH / 2)
        return bad(r, "PROTOBUF_TOO_DEEP", message, "nested deeper than 500 levels");
    r->depth++;
    if (message->known != PROTO_ORDINARY)
        good = write_known(r, message, data);
    else
        good = cut(r, message, data, &parts) && write_fields(r, message, &parts);
    r->depth--;
    scratch_release(r->scratch, mark);
    return good;
}

enum decode_result proto_to_json(const struct proto_message *message, struct span data,
                                 size_t max_bytes, struct scratch *scratch, struct textbuf *out,
                                 struct failure *failure)
{
    struct reader r = {out, scratch, out->len + max_bytes, 0, failure};
    bool wrapped = message->known != PROTO_ORDINARY;
    bool good;

    if (wrapped)
        textbuf_puts(out, "{\"value\":");
    good = write_message(&r, message, data);
    if (wrapped)
        textbuf_puts(out, "}");
    return good ? DECODE_ROWS : DECODE_BAD;
}
