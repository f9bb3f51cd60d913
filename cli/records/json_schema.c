/* SPDX-License-Identifier: Apache-2.0 */
#include "records/json_schema.h"

#include <stdlib.h>

#include "common/memory.h"
#include "records/delta_type.h"
#include "records/framing.h"
#include "records/json_path.h"
#include "records/registry.h"

enum { MAX_REFS = 100 };

struct known {
    struct known *next;
    int32_t id;
    char *columns; /* NULL: the schema tells none */
    bool told;
};

struct json_schema_format {
    struct registry *registry;
    struct known *known; /* the last one used comes first */
};

/* A schema with what it refers to. */
struct document {
    const struct registry_schema *registered;
    struct json *root;
};

struct context {
    struct scratch scratch;
    struct delta_schema out;
    int refs;                                 /* followed on the way to here */
    const struct json *open[DELTA_MAX_DEPTH]; /* objects that are being written */
    int n_open;
};

static void write_type(struct context *c, const struct document *document, struct json *schema);

static struct span text_of(struct json *schema, const char *name)
{
    const struct json *value = json_member(schema, span_of(name));

    return value != NULL && value->kind == JSON_STRING ? value->text : (struct span){"", 0};
}

static struct json *pointed(struct context *c, struct json *root, struct span pointer)
{
    struct path path;

    if (pointer.len == 0)
        return root;
    return path_parse(&c->scratch, scratch_copy(&c->scratch, pointer).ptr, &path)
               ? path_find(&path, root)
               : NULL;
}

/* What "$ref" names: in the same document, or in one that the registry knows by that name. */
static bool follow(struct context *c, struct document *document, struct span ref, struct json **out)
{
    const char *hash = memchr(ref.ptr, '#', ref.len);
    size_t len = hash == NULL ? ref.len : (size_t)(hash - ref.ptr);
    struct span pointer = {hash == NULL ? "" : hash + 1, hash == NULL ? 0 : ref.len - len - 1};
    const struct registry_schema *registered = document->registered;
    struct json_error error;

    if (len == 0) {
        *out = pointed(c, document->root, pointer);
        return *out != NULL;
    }
    for (size_t i = 0; i < registered->n_references; i++) {
        const struct registry_reference *reference = &registered->references[i];
        if (!span_eq(span_of(reference->name), (struct span){ref.ptr, len}))
            continue;
        document->registered = reference->schema;
        document->root = json_parse(&c->scratch, span_of(reference->schema->text), &error);
        *out = document->root == NULL ? NULL : pointed(c, document->root, pointer);
        return *out != NULL;
    }
    return false;
}

/* Of ["null", T], or of alternatives of which one is null, the other; NULL: there is no one. */
static struct json *only_other(struct json *list)
{
    struct json *other = NULL;

    for (struct json *item = list->first; item != NULL; item = item->next) {
        bool null = (item->kind == JSON_STRING && span_is(item->text, "null")) ||
                    span_is(text_of(item, "type"), "null");
        if (!null && other != NULL)
            return NULL;
        other = null ? other : item;
    }
    return other;
}

static void write_string(struct context *c, struct json *schema)
{
    struct span format = text_of(schema, "format");

    if (span_is(text_of(schema, "contentEncoding"), "base64") ||
        span_is(text_of(schema, "connect.type"), "bytes"))
        delta_primitive(&c->out, "binary");
    else if (span_is(format, "date-time"))
        delta_primitive(&c->out, "timestamp");
    else
        delta_primitive(&c->out, span_is(format, "date") ? "date" : "string");
}

static void write_number(struct context *c, struct json *schema, bool integer)
{
    static const struct {
        const char *connect, *delta;
    } types[] = {{"int8", "byte"},  {"int16", "short"},   {"int32", "integer"},
                 {"int64", "long"}, {"float32", "float"}, {"float64", "double"}};
    struct span connect = text_of(schema, "connect.type");

    if (span_is(text_of(schema, "title"), "org.apache.kafka.connect.data.Timestamp")) {
        delta_primitive(&c->out, "timestamp");
        return;
    }
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        if (span_is(connect, types[i].connect)) {
            delta_primitive(&c->out, types[i].delta);
            return;
        }
    }
    delta_primitive(&c->out, integer ? "long" : "double");
}

static void write_struct(struct context *c, const struct document *document,
                         struct json *properties)
{
    for (int i = 0; i < c->n_open; i++) {
        if (c->open[i] == properties) {
            delta_primitive(&c->out, "string");
            return;
        }
    }
    c->open[c->n_open++] = properties; /* delta_schema_full() sees to the room */
    delta_struct_begin(&c->out);
    for (struct json *p = properties->first; p != NULL; p = p->next) {
        if (!delta_name_allowed(p->name))
            continue;
        delta_field_begin(&c->out, p->name);
        write_type(c, document, p);
        delta_field_end(&c->out);
    }
    delta_struct_end(&c->out);
    c->n_open--;
}

static void write_object(struct context *c, const struct document *document, struct json *schema)
{
    struct json *properties = json_member(schema, span_of("properties"));
    struct json *values = json_member(schema, span_of("additionalProperties"));

    if (properties != NULL && properties->kind == JSON_OBJECT && properties->first != NULL) {
        write_struct(c, document, properties);
    } else if (values != NULL && values->kind == JSON_OBJECT && values->first != NULL) {
        delta_map_begin(&c->out, "string");
        write_type(c, document, values);
        delta_map_end(&c->out);
    } else {
        delta_primitive(&c->out, "string");
    }
}

static void write_named(struct context *c, const struct document *document, struct json *schema,
                        struct span type)
{
    struct json *items;

    if (span_is(type, "object")) {
        write_object(c, document, schema);
    } else if (span_is(type, "array")) {
        items = json_member(schema, span_of("items"));
        if (items == NULL || items->kind != JSON_OBJECT) {
            delta_primitive(&c->out, "string");
            return;
        }
        delta_array_begin(&c->out);
        write_type(c, document, items);
        delta_array_end(&c->out);
    } else if (span_is(type, "string")) {
        write_string(c, schema);
    } else if (span_is(type, "integer") || span_is(type, "number")) {
        write_number(c, schema, span_is(type, "integer"));
    } else {
        delta_primitive(&c->out, span_is(type, "boolean") ? "boolean" : "string");
    }
}

/* Of a schema that only says which other one it is, that one. */
static struct json *resolve(struct context *c, struct document *document, struct json *schema)
{
    static const char *const choices[] = {"oneOf", "anyOf", "allOf"};
    struct span ref = text_of(schema, "$ref");
    struct json *next = NULL;

    if (c->refs > MAX_REFS)
        return NULL;
    if (ref.len != 0)
        return follow(c, document, ref, &next) ? next : NULL;
    for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++) {
        struct json *list = json_member(schema, span_of(choices[i]));
        if (list != NULL && list->kind == JSON_ARRAY)
            return only_other(list);
    }
    return schema;
}

static void write_type(struct context *c, const struct document *outer, struct json *schema)
{
    struct document document = *outer;
    int refs = c->refs;
    struct json *next;
    struct json *type;

    while ((next = resolve(c, &document, schema)) != schema && next != NULL) {
        schema = next;
        c->refs++;
    }
    type = json_member(schema, span_of("type"));
    if (type != NULL && type->kind == JSON_ARRAY)
        type = only_other(type);
    if (next == NULL || type == NULL || type->kind != JSON_STRING || delta_schema_full(&c->out))
        delta_primitive(&c->out, "string");
    else
        write_named(c, &document, schema, type->text);
    c->refs = refs;
}

static char *columns_of(const struct registry_schema *registered)
{
    struct context c = {0};
    struct json_error error;
    struct document document = {registered,
                                json_parse(&c.scratch, span_of(registered->text), &error)};
    struct json *schema = document.root;
    struct json *next;
    struct json *properties;
    char *columns = NULL;

    while (schema != NULL && (next = resolve(&c, &document, schema)) != schema) {
        schema = next;
        c.refs++;
    }
    properties = json_member(schema, span_of("properties"));
    if (properties != NULL && properties->kind == JSON_OBJECT) {
        write_struct(&c, &document, properties);
        columns = need_strdup(c.out.text.text);
    }
    scratch_done(&c.scratch);
    textbuf_done(&c.out.text);
    return columns;
}

struct json_schema_format *json_schema_format_new(struct registry *registry)
{
    struct json_schema_format *format = need_alloc(1, sizeof(*format));

    format->registry = registry;
    return format;
}

void json_schema_format_free(struct json_schema_format *format)
{
    if (format == NULL)
        return;
    while (format->known != NULL) {
        struct known *known = format->known;
        format->known = known->next;
        free(known->columns);
        free(known);
    }
    free(format);
}

static enum decode_result find(struct json_schema_format *format, int32_t id, struct known **out,
                               struct failure *failure)
{
    const struct registry_schema *registered = NULL;
    struct known **at = &format->known;
    enum decode_result result;

    while (*at != NULL && (*at)->id != id)
        at = &(*at)->next;
    if (*at != NULL) {
        *out = *at;
        *at = (*out)->next;
    } else {
        result = registry_by_id(format->registry, id, &registered, failure);
        if (result != DECODE_ROWS)
            return result;
        *out = need_alloc(1, sizeof(**out));
        (*out)->id = id;
        (*out)->columns = columns_of(registered);
    }
    (*out)->next = format->known;
    format->known = *out;
    return DECODE_ROWS;
}

enum decode_result json_schema_take(struct json_schema_format *format, struct span *data,
                                    const char **out_schema, struct failure *failure)
{
    struct known *known = NULL;
    int32_t id;
    enum decode_result result = framing_take_id(data, &id, failure);

    if (result != DECODE_ROWS || format->registry == NULL)
        return result;
    result = find(format, id, &known, failure);
    if (result != DECODE_ROWS)
        return result;
    if (!known->told)
        *out_schema = known->columns;
    known->told = true;
    return DECODE_ROWS;
}
