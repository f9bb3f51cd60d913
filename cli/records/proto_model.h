/* SPDX-License-Identifier: Apache-2.0 */
/* Protocol Buffers messages as .proto files or descriptors define them: what is needed to read
 * their wire format. Extensions, services and options are no part of it. */
#ifndef DW_CLI_PROTO_MODEL_H
#define DW_CLI_PROTO_MODEL_H

#include <stdint.h>

#include "records/delta_type.h"
#include "records/scratch.h"

/* FieldDescriptorProto.Type */
enum proto_type {
    PROTO_NAMED = 0, /* a message or an enum, until linked */
    PROTO_DOUBLE = 1,
    PROTO_FLOAT = 2,
    PROTO_INT64 = 3,
    PROTO_UINT64 = 4,
    PROTO_INT32 = 5,
    PROTO_FIXED64 = 6,
    PROTO_FIXED32 = 7,
    PROTO_BOOL = 8,
    PROTO_STRING = 9,
    PROTO_GROUP = 10,
    PROTO_MESSAGE = 11,
    PROTO_BYTES = 12,
    PROTO_UINT32 = 13,
    PROTO_ENUM = 14,
    PROTO_SFIXED32 = 15,
    PROTO_SFIXED64 = 16,
    PROTO_SINT32 = 17,
    PROTO_SINT64 = 18
};

/* Messages that JSON has another form for. */
enum proto_known {
    PROTO_ORDINARY,
    PROTO_TIMESTAMP,
    PROTO_DURATION,
    PROTO_WRAPPER, /* of the field "value" */
    PROTO_STRUCT,
    PROTO_VALUE,
    PROTO_LIST_VALUE,
    PROTO_CONFLUENT_DECIMAL
};

struct proto_field {
    struct proto_field *next;
    struct span name;
    uint32_t number;
    enum proto_type type;
    bool repeated, map;
    bool implicit;  /* absent means the type's zero, which is then written */
    uint32_t oneof; /* from 1; 0: none */
    struct span type_name;
    struct proto_message *message;
    struct proto_enum *enumeration;
    uint32_t index; /* in the order of fields */
};

struct proto_message {
    struct proto_message *next;   /* in the pool */
    struct proto_message *parent; /* NULL: top-level */
    struct proto_message *nested, *last_nested, *next_nested;
    struct span name; /* full */
    struct proto_field *fields, *last_field;
    uint32_t n_fields, n_oneofs;
    struct proto_field **by_number; /* sorted, once linked */
    bool map_entry, group;
    enum proto_known known;
    bool open; /* being written: it contains itself */
};

struct proto_value {
    struct proto_value *next;
    struct span name;
    int32_t number;
};

struct proto_enum {
    struct proto_enum *next;
    struct span name;           /* full */
    struct proto_value *values; /* the last one first */
};

struct proto_file {
    struct span package;
    bool proto3, editions;
    bool implicit; /* editions: fields are so unless they say otherwise */
    struct proto_message *messages, *last_message; /* by next_nested */
};

struct proto_pool {
    struct scratch scratch;
    struct proto_message *messages;
    struct proto_enum *enums;
};

void proto_pool_done(struct proto_pool *pool);
/* Both in `scope`: a message, or with parent NULL the file's package. */
struct proto_message *proto_add_message(struct proto_pool *pool, struct proto_file *file,
                                        struct proto_message *parent, struct span name);
/* Of a map; no other message can have its name. */
struct proto_message *proto_add_entry(struct proto_pool *pool, struct proto_message *parent);
struct proto_enum *proto_add_enum(struct proto_pool *pool, const struct proto_file *file,
                                  const struct proto_message *parent, struct span name);
struct proto_field *proto_add_field(struct proto_pool *pool, struct proto_message *message);
struct proto_message *proto_find(const struct proto_pool *pool, struct span full_name);

/* The text of a .proto file; false: *out_problem. Imports are other calls, in any order. */
bool proto_parse(struct proto_pool *pool, struct span text, struct proto_file *file,
                 struct textbuf *out_problem);
/* A FileDescriptorProto; *file is of it. */
bool proto_read_file(struct proto_pool *pool, struct span data, struct proto_file *file,
                     struct textbuf *out_problem);
/* A FileDescriptorSet: of the last file. */
bool proto_read_set(struct proto_pool *pool, struct span data, struct textbuf *out_problem);
/* Types by their names, once all files are there; well-known ones come by themselves. */
bool proto_link(struct proto_pool *pool, struct textbuf *out_problem);
/* NULL: there is none of that number. */
const struct proto_field *proto_field_of(const struct proto_message *message, uint32_t number);

void proto_delta_schema(struct proto_message *message, struct delta_schema *out);
/* Well-known files that `pool` may need; NULL: `index` is beyond them. */
const char *proto_known_file(size_t index);

#endif
