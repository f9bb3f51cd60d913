/* SPDX-License-Identifier: Apache-2.0 */
/* What an Avro schema is elsewhere: its canonical form and fingerprint, and the columns of a table.
 */
#include "records/avro_schema.h"

#include <stdio.h>

/* Written so far within one canonical form: these are named again, not defined. */
struct written {
    const struct avro_type **types;
    size_t count, cap;
    struct scratch scratch;
};

static bool write_once(struct written *written, const struct avro_type *type)
{
    for (size_t i = 0; i < written->count; i++) {
        if (written->types[i] == type)
            return false;
    }
    if (written->count == written->cap) {
        const struct avro_type **more;
        written->cap = written->cap == 0 ? 16 : 2 * written->cap;
        more = scratch_array(&written->scratch, written->cap, sizeof(*more));
        if (written->count != 0)
            memcpy(more, written->types, written->count * sizeof(*more));
        written->types = more;
    }
    written->types[written->count++] = type;
    return true;
}

static void canonical(struct avro_type *type, struct written *written, struct textbuf *out);

static void canonical_name(const struct avro_type *type, const char *kind, struct textbuf *out)
{
    textbuf_puts(out, "{\"name\":");
    textbuf_json_string(out, type->name.ptr, type->name.len);
    textbuf_printf(out, ",\"type\":\"%s\"", kind);
}

static void canonical_record(struct avro_type *type, struct written *written, struct textbuf *out)
{
    canonical_name(type, "record", out);
    textbuf_puts(out, ",\"fields\":[");
    for (size_t i = 0; i < type->n_parts; i++) {
        textbuf_puts(out, i == 0 ? "{\"name\":" : ",{\"name\":");
        textbuf_json_string(out, type->parts[i].name.ptr, type->parts[i].name.len);
        textbuf_puts(out, ",\"type\":");
        canonical(type->parts[i].type, written, out);
        textbuf_puts(out, "}");
    }
    textbuf_puts(out, "]}");
}

static void canonical_enum(const struct avro_type *type, struct textbuf *out)
{
    canonical_name(type, "enum", out);
    textbuf_puts(out, ",\"symbols\":[");
    for (size_t i = 0; i < type->n_parts; i++) {
        textbuf_puts(out, i == 0 ? "" : ",");
        textbuf_json_string(out, type->parts[i].name.ptr, type->parts[i].name.len);
    }
    textbuf_puts(out, "]}");
}

static void canonical_named(struct avro_type *type, struct written *written, struct textbuf *out)
{
    if (!write_once(written, type)) {
        textbuf_json_string(out, type->name.ptr, type->name.len);
    } else if (type->kind == AVRO_RECORD) {
        canonical_record(type, written, out);
    } else if (type->kind == AVRO_ENUM) {
        canonical_enum(type, out);
    } else {
        canonical_name(type, "fixed", out);
        textbuf_printf(out, ",\"size\":%zu}", type->size);
    }
}

static void canonical(struct avro_type *type, struct written *written, struct textbuf *out)
{
    static const char *const names[] = {"null",  "boolean", "int",   "long",
                                        "float", "double",  "bytes", "string"};

    switch (type->kind) {
    case AVRO_RECORD:
    case AVRO_ENUM:
    case AVRO_FIXED:
        canonical_named(type, written, out);
        break;
    case AVRO_ARRAY:
    case AVRO_MAP:
        textbuf_puts(out, type->kind == AVRO_ARRAY ? "{\"type\":\"array\",\"items\":"
                                                   : "{\"type\":\"map\",\"values\":");
        canonical(type->items, written, out);
        textbuf_puts(out, "}");
        break;
    case AVRO_UNION:
        for (size_t i = 0; i < type->n_parts; i++) {
            textbuf_puts(out, i == 0 ? "[" : ",");
            canonical(type->parts[i].type, written, out);
        }
        textbuf_puts(out, "]");
        break;
    default:
        textbuf_printf(out, "\"%s\"", names[type->kind]);
        break;
    }
}

void avro_canonical(struct avro_type *type, struct textbuf *out)
{
    struct written written = {0};

    canonical(type, &written, out);
    scratch_done(&written.scratch);
}

uint64_t avro_fingerprint(struct avro_type *type)
{
    const uint64_t empty = UINT64_C(0xC15D213AA4D7A795);
    uint64_t fingerprint = empty;
    struct textbuf form = {0};

    avro_canonical(type, &form);
    for (size_t i = 0; i < form.len; i++) {
        uint64_t entry = (fingerprint ^ (unsigned char)form.text[i]) & 0xFF;
        for (int bit = 0; bit < 8; bit++)
            entry = (entry >> 1) ^ (empty & (0 - (entry & 1)));
        fingerprint = (fingerprint >> 8) ^ entry;
    }
    textbuf_done(&form);
    return fingerprint;
}

static void delta_type(struct avro_type *type, struct delta_schema *out);

static void delta_parts(struct avro_type *type, struct delta_schema *out)
{
    type->open = true;
    delta_struct_begin(out);
    for (size_t i = 0; i < type->n_parts; i++) {
        if (type->parts[i].type->kind == AVRO_NULL)
            continue; /* of a type nobody knows yet */
        delta_field_begin(out, type->parts[i].name);
        delta_type(type->parts[i].type, out);
        delta_field_end(out);
    }
    delta_struct_end(out);
    type->open = false;
}

/* Nothing of it can be a column: an empty record, or one of nulls. */
static bool is_empty(const struct avro_type *type)
{
    for (size_t i = 0; i < type->n_parts; i++) {
        if (type->parts[i].type->kind != AVRO_NULL)
            return false;
    }
    return true;
}

static void delta_logical(const struct avro_type *type, struct delta_schema *out)
{
    char text[40];

    switch (type->logical) {
    case AVRO_DECIMAL:
        (void)snprintf(text, sizeof(text), "decimal(%u,%u)", type->precision, type->scale);
        delta_primitive(out, type->precision > 38 ? "string" : text);
        break;
    case AVRO_DATE:
        delta_primitive(out, "date");
        break;
    case AVRO_TIMESTAMP_MILLIS:
    case AVRO_TIMESTAMP_MICROS:
    case AVRO_TIMESTAMP_NANOS:
        delta_primitive(out, "timestamp");
        break;
    case AVRO_LOCAL_MILLIS:
    case AVRO_LOCAL_MICROS:
    case AVRO_LOCAL_NANOS:
        delta_primitive(out, "timestamp_ntz");
        break;
    default:
        delta_primitive(out, "string");
        break;
    }
}

static void delta_type(struct avro_type *type, struct delta_schema *out)
{
    static const char *const names[] = {
        [AVRO_NULL] = "string",  [AVRO_BOOLEAN] = "boolean", [AVRO_INT] = "integer",
        [AVRO_LONG] = "long",    [AVRO_FLOAT] = "float",     [AVRO_DOUBLE] = "double",
        [AVRO_BYTES] = "binary", [AVRO_STRING] = "string",   [AVRO_ENUM] = "string",
        [AVRO_FIXED] = "binary"};

    if (type->kind == AVRO_UNION && type->items != NULL)
        type = type->items;
    if (type->open || delta_schema_full(out)) {
        delta_primitive(out, "string");
    } else if (type->kind == AVRO_RECORD || type->kind == AVRO_UNION) {
        if (is_empty(type))
            delta_primitive(out, "string");
        else
            delta_parts(type, out);
    } else if (type->kind == AVRO_ARRAY) {
        delta_array_begin(out);
        delta_type(type->items, out);
        delta_array_end(out);
    } else if (type->kind == AVRO_MAP) {
        delta_map_begin(out, "string");
        delta_type(type->items, out);
        delta_map_end(out);
    } else if (type->logical != AVRO_PLAIN) {
        delta_logical(type, out);
    } else {
        delta_primitive(out, names[type->kind]);
    }
}

void avro_delta_schema(struct avro_type *type, struct delta_schema *out)
{
    if (type->kind == AVRO_RECORD) {
        delta_parts(type, out);
        return;
    }
    delta_struct_begin(out);
    delta_field_begin(out, span_of("value"));
    delta_type(type, out);
    delta_field_end(out);
    delta_struct_end(out);
}
