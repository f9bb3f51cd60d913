/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as columns of a table. */
#include "records/proto_model.h"

static void delta_message(struct proto_message *message, struct delta_schema *out);

static const char *scalar(enum proto_type type)
{
    switch (type) {
    case PROTO_DOUBLE:
        return "double";
    case PROTO_FLOAT:
        return "float";
    case PROTO_INT32:
    case PROTO_SINT32:
    case PROTO_SFIXED32:
        return "integer";
    case PROTO_UINT32:
    case PROTO_FIXED32:
    case PROTO_INT64:
    case PROTO_SINT64:
    case PROTO_SFIXED64:
        return "long";
    case PROTO_UINT64:
    case PROTO_FIXED64:
        return "decimal(20,0)";
    case PROTO_BOOL:
        return "boolean";
    case PROTO_BYTES:
        return "binary";
    default:
        return "string";
    }
}

static void delta_single(const struct proto_field *field, struct delta_schema *out)
{
    if (field->message != NULL)
        delta_message(field->message, out);
    else
        delta_primitive(out, scalar(field->type));
}

static void delta_field(const struct proto_field *field, struct delta_schema *out)
{
    const struct proto_field *value;

    if (delta_schema_full(out)) {
        delta_primitive(out, "string");
    } else if (field->map) {
        value = proto_field_of(field->message, 2);
        delta_map_begin(out, scalar(proto_field_of(field->message, 1)->type));
        delta_single(value, out);
        delta_map_end(out);
    } else if (field->repeated) {
        delta_array_begin(out);
        delta_single(field, out);
        delta_array_end(out);
    } else {
        delta_single(field, out);
    }
}

static void delta_fields(struct proto_message *message, struct delta_schema *out)
{
    message->open = true;
    delta_struct_begin(out);
    for (const struct proto_field *f = message->fields; f != NULL; f = f->next) {
        delta_field_begin(out, f->name);
        delta_field(f, out);
        delta_field_end(out);
    }
    delta_struct_end(out);
    message->open = false;
}

static void delta_message(struct proto_message *message, struct delta_schema *out)
{
    if (message->known == PROTO_TIMESTAMP)
        delta_primitive(out, "timestamp");
    else if (message->known == PROTO_WRAPPER && message->fields != NULL)
        delta_primitive(out, scalar(message->fields->type));
    else if (message->known != PROTO_ORDINARY || message->open || message->fields == NULL ||
             delta_schema_full(out))
        delta_primitive(out, "string");
    else
        delta_fields(message, out);
}

void proto_delta_schema(struct proto_message *message, struct delta_schema *out)
{
    if (message->known == PROTO_ORDINARY) {
        delta_fields(message, out);
        return;
    }
    delta_struct_begin(out);
    delta_field_begin(out, span_of("value"));
    delta_message(message, out);
    delta_field_end(out);
    delta_struct_end(out);
}
