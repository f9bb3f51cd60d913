/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors: messages of descriptor.proto, read from their wire format. */
#include "records/proto_model.h"

#include "records/proto_wire.h"

enum { MAX_NESTING = 100, LABEL_REPEATED = 3 };

/* Numbers of fields in descriptor.proto. */
enum {
    SET_FILE = 1,
    FILE_PACKAGE = 2,
    FILE_MESSAGE = 4,
    FILE_ENUM = 5,
    FILE_SYNTAX = 12,
    FILE_EDITION = 14,
    MESSAGE_NAME = 1,
    MESSAGE_FIELD = 2,
    MESSAGE_NESTED = 3,
    MESSAGE_ENUM = 4,
    MESSAGE_OPTIONS = 7,
    OPTIONS_MAP_ENTRY = 7,
    FIELD_NAME = 1,
    FIELD_NUMBER = 3,
    FIELD_LABEL = 4,
    FIELD_TYPE = 5,
    FIELD_TYPE_NAME = 6,
    FIELD_ONEOF = 9,
    ENUM_NAME = 1,
    ENUM_VALUE = 2,
    VALUE_NAME = 1,
    VALUE_NUMBER = 2
};

struct reader {
    struct proto_pool *pool;
    struct proto_file *file;
    const char *error;
    int depth;
};

static bool failed(struct reader *r, const struct wire *wire)
{
    if (r->error == NULL)
        r->error = wire->error;
    return wire->error != NULL;
}

static struct span copied(struct reader *r, struct span text)
{
    return scratch_copy(&r->pool->scratch, text);
}

/* The last field of that number that has bytes. */
static struct span find_bytes(struct span data, uint32_t number)
{
    struct wire wire = wire_of(data);
    struct wire_field field;
    struct span found = {"", 0};

    while (wire_next(&wire, &field)) {
        if (field.number == number && field.type == WIRE_BYTES)
            found = field.bytes;
    }
    return found;
}

static bool read_field(struct reader *r, struct span data, struct proto_message *message)
{
    struct proto_field *out = proto_add_field(r->pool, message);
    struct wire wire = wire_of(data);
    struct wire_field field;

    while (wire_next(&wire, &field)) {
        if (field.number == FIELD_NAME)
            out->name = copied(r, field.bytes);
        else if (field.number == FIELD_NUMBER)
            out->number = (uint32_t)field.value;
        else if (field.number == FIELD_LABEL)
            out->repeated = field.value == LABEL_REPEATED;
        else if (field.number == FIELD_TYPE && field.value <= PROTO_SINT64)
            out->type = (enum proto_type)field.value;
        else if (field.number == FIELD_TYPE_NAME)
            out->type_name = copied(r, field.bytes);
        else if (field.number == FIELD_ONEOF)
            out->oneof = (uint32_t)field.value + 1;
    }
    out->implicit = r->file->proto3 && !out->repeated && out->oneof == 0;
    if (out->name.len == 0 || out->number == 0 ||
        (out->type_name.len == 0 && (out->type == PROTO_NAMED || out->type == PROTO_MESSAGE ||
                                     out->type == PROTO_GROUP || out->type == PROTO_ENUM)))
        wire.error = "a field without name, number or type";
    return !failed(r, &wire);
}

static bool read_enum(struct reader *r, struct span data, struct proto_message *parent)
{
    struct proto_enum *out = proto_add_enum(r->pool, r->file, parent, find_bytes(data, ENUM_NAME));
    struct wire wire = wire_of(data);
    struct wire_field field;

    while (wire_next(&wire, &field)) {
        struct wire inner = wire_of(field.bytes);
        struct proto_value *value;
        struct wire_field part;
        if (field.number != ENUM_VALUE || field.type != WIRE_BYTES)
            continue;
        value = scratch_alloc(&r->pool->scratch, sizeof(*value));
        *value = (struct proto_value){.next = out->values};
        while (wire_next(&inner, &part)) {
            if (part.number == VALUE_NAME)
                value->name = copied(r, part.bytes);
            else if (part.number == VALUE_NUMBER)
                value->number = (int32_t)part.value;
        }
        out->values = value;
        if (failed(r, &inner))
            return false;
    }
    return !failed(r, &wire);
}

static bool is_map_entry(struct span data)
{
    struct wire wire = wire_of(find_bytes(data, MESSAGE_OPTIONS));
    struct wire_field field;
    bool entry = false;

    while (wire_next(&wire, &field)) {
        if (field.number == OPTIONS_MAP_ENTRY && field.type == WIRE_VARINT)
            entry = field.value != 0;
    }
    return entry;
}

static bool read_message(struct reader *r, struct span data, struct proto_message *parent)
{
    struct proto_message *out =
        proto_add_message(r->pool, r->file, parent, find_bytes(data, MESSAGE_NAME));
    struct wire wire = wire_of(data);
    struct wire_field field;
    bool good = true;

    if (++r->depth > MAX_NESTING)
        wire.error = "messages are nested too deeply";
    out->map_entry = is_map_entry(data);
    while (good && wire.error == NULL && wire_next(&wire, &field)) {
        if (field.type != WIRE_BYTES)
            continue;
        if (field.number == MESSAGE_FIELD)
            good = read_field(r, field.bytes, out);
        else if (field.number == MESSAGE_NESTED)
            good = read_message(r, field.bytes, out);
        else if (field.number == MESSAGE_ENUM)
            good = read_enum(r, field.bytes, out);
    }
    for (struct proto_field *f = out->fields; out->map_entry && f != NULL; f = f->next)
        f->implicit = true;
    r->depth--;
    return good && !failed(r, &wire);
}

bool proto_read_file(struct proto_pool *pool, struct span data, struct proto_file *file,
                     struct textbuf *out_problem)
{
    struct reader r = {pool, file, NULL, 0};
    struct wire wire = wire_of(data);
    struct wire_field field;
    bool good = true;

    file->package = copied(&r, find_bytes(data, FILE_PACKAGE));
    file->proto3 = span_is(find_bytes(data, FILE_SYNTAX), "proto3");
    while (good && wire_next(&wire, &field)) {
        if (field.number == FILE_MESSAGE && field.type == WIRE_BYTES)
            good = read_message(&r, field.bytes, NULL);
        else if (field.number == FILE_ENUM && field.type == WIRE_BYTES)
            good = read_enum(&r, field.bytes, NULL);
    }
    if (!good || failed(&r, &wire)) {
        textbuf_printf(out_problem, "not a descriptor: %s", r.error);
        return false;
    }
    return true;
}

bool proto_read_set(struct proto_pool *pool, struct span data, struct textbuf *out_problem)
{
    struct wire wire = wire_of(data);
    struct wire_field field;
    bool any = false;

    while (wire_next(&wire, &field)) {
        struct proto_file file = {0};
        if (field.number != SET_FILE || field.type != WIRE_BYTES)
            continue;
        if (!proto_read_file(pool, field.bytes, &file, out_problem))
            return false;
        any = true;
    }
    if (wire.error == NULL && any)
        return true;
    textbuf_printf(out_problem, "not a FileDescriptorSet: %s",
                   wire.error != NULL ? wire.error : "it has no files");
    return false;
}
