/* SPDX-License-Identifier: Apache-2.0 */
#include "records/avro_schema.h"

#include <stdlib.h>

#include "records/json_tree.h"

enum { MAX_NESTING = 200, MAX_PRECISION = 2400 };

struct avro_names {
    struct avro_names *next;
    struct avro_type *type;
};

struct context {
    struct scratch *scratch;
    struct avro_names **names;
    struct textbuf *problem;
    int depth;
};

static struct avro_type *parse_type(struct context *c, const struct json *json, struct span space);

static const char *const primitives[] = {"null",  "boolean", "int",   "long",
                                         "float", "double",  "bytes", "string"};

static struct avro_type *wrong(struct context *c, const char *what, struct span name)
{
    textbuf_printf(c->problem, "%s%s%.*s", what, name.len == 0 ? "" : ": ", (int)name.len,
                   name.ptr == NULL ? "" : name.ptr);
    return NULL;
}

static struct avro_type *new_type(struct context *c, enum avro_kind kind)
{
    struct avro_type *type = scratch_alloc(c->scratch, sizeof(*type));

    *type = (struct avro_type){.kind = kind};
    return type;
}

/* The text of an attribute that is a string; empty: there is none. */
static struct span attribute(struct context *c, const struct json *json, const char *name)
{
    const struct json *value = json_member(json, span_of(name));

    if (value == NULL || value->kind != JSON_STRING)
        return (struct span){"", 0};
    return json_chars(c->scratch, value);
}

/* An attribute that is a whole number from 0 to 2^31-1; -1: it is not. */
static int64_t number_attribute(const struct json *json, const char *name)
{
    const struct json *value = json_member(json, span_of(name));
    int64_t number = 0;

    if (value == NULL || value->kind != JSON_NUMBER || value->text.len > 10)
        return -1;
    for (size_t i = 0; i < value->text.len; i++) {
        if (value->text.ptr[i] < '0' || value->text.ptr[i] > '9')
            return -1;
        number = number * 10 + (value->text.ptr[i] - '0');
    }
    return number <= INT32_MAX ? number : -1;
}

static bool has_dot(struct span name)
{
    return name.len != 0 && memchr(name.ptr, '.', name.len) != NULL;
}

static struct span full_name(struct context *c, struct span name, struct span space)
{
    char *text;

    if (has_dot(name) || space.len == 0)
        return name;
    text = scratch_alloc(c->scratch, space.len + 1 + name.len);
    memcpy(text, space.ptr, space.len);
    text[space.len] = '.';
    memcpy(text + space.len + 1, name.ptr, name.len);
    return (struct span){text, space.len + 1 + name.len};
}

/* What comes before the last dot. */
static struct span space_of(struct span full)
{
    size_t len = full.len;

    while (len > 0 && full.ptr[len - 1] != '.')
        len--;
    return (struct span){full.ptr, len == 0 ? 0 : len - 1};
}

static struct span simple_name(struct span full)
{
    size_t skip = space_of(full).len;

    skip += skip != 0;
    return (struct span){full.ptr + skip, full.len - skip};
}

static struct avro_type *find_name(const struct context *c, struct span full)
{
    for (const struct avro_names *n = *c->names; n != NULL; n = n->next) {
        if (span_eq(n->type->name, full))
            return n->type;
    }
    return NULL;
}

static struct avro_type *by_name(struct context *c, struct span name, struct span space)
{
    struct avro_type *found;

    for (size_t i = 0; i < sizeof(primitives) / sizeof(*primitives); i++) {
        if (span_is(name, primitives[i]))
            return new_type(c, (enum avro_kind)i);
    }
    found = find_name(c, full_name(c, name, space));
    if (found == NULL) /* a name without a namespace, as some writers have it */
        found = find_name(c, name);
    return found != NULL ? found : wrong(c, "unknown type", name);
}

/* Gives a type its name and makes it known, before what is in it is read. */
static bool define(struct context *c, struct avro_type *type, const struct json *json,
                   struct span *space)
{
    struct avro_names *entry;
    struct span name = attribute(c, json, "name");
    const struct json *own = json_member(json, span_of("namespace"));

    if (name.len == 0)
        return wrong(c, "a named type has no name", (struct span){0}) != NULL;
    if (own != NULL && own->kind == JSON_STRING)
        *space = json_chars(c->scratch, own);
    type->name = full_name(c, name, *space);
    if (find_name(c, type->name) != NULL)
        return wrong(c, "defined twice", type->name) != NULL;
    *space = space_of(type->name);
    entry = scratch_alloc(c->scratch, sizeof(*entry));
    *entry = (struct avro_names){*c->names, type};
    *c->names = entry;
    return true;
}

static size_t count_of(const struct json *array)
{
    size_t count = 0;

    for (const struct json *item = array->first; item != NULL; item = item->next)
        count++;
    return count;
}

static bool new_parts(struct context *c, struct avro_type *type, const struct json *array,
                      const char *missing)
{
    size_t count;

    if (array == NULL || array->kind != JSON_ARRAY)
        return wrong(c, missing, type->name) != NULL;
    count = count_of(array);
    type->parts = scratch_array(c->scratch, count, sizeof(*type->parts));
    memset(type->parts, 0, count * sizeof(*type->parts));
    type->n_parts = count;
    return true;
}

static struct avro_type *parse_record(struct context *c, const struct json *json, struct span space)
{
    struct avro_type *type = new_type(c, AVRO_RECORD);
    const struct json *fields = json_member(json, span_of("fields"));
    size_t i = 0;

    if (!define(c, type, json, &space) || !new_parts(c, type, fields, "a record without fields"))
        return NULL;
    for (const struct json *f = fields->first; f != NULL; f = f->next, i++) {
        struct avro_part *part = &type->parts[i];
        part->name = attribute(c, f, "name");
        if (part->name.len == 0)
            return wrong(c, "a field without a name in", type->name);
        for (size_t k = 0; k < i && type->n_parts <= 200; k++) {
            if (span_eq(type->parts[k].name, part->name))
                return wrong(c, "two fields of the same name", part->name);
        }
        part->type = parse_type(c, json_member(f, span_of("type")), space);
        if (part->type == NULL)
            return NULL;
    }
    return type;
}

static struct avro_type *parse_enum(struct context *c, const struct json *json, struct span space)
{
    struct avro_type *type = new_type(c, AVRO_ENUM);
    const struct json *symbols = json_member(json, span_of("symbols"));
    size_t i = 0;

    if (!define(c, type, json, &space) || !new_parts(c, type, symbols, "an enum without symbols"))
        return NULL;
    for (const struct json *s = symbols->first; s != NULL; s = s->next) {
        if (s->kind != JSON_STRING)
            return wrong(c, "a symbol that is no string in", type->name);
        type->parts[i++].name = json_chars(c->scratch, s);
    }
    return type;
}

static struct avro_type *parse_fixed(struct context *c, const struct json *json, struct span space)
{
    struct avro_type *type = new_type(c, AVRO_FIXED);
    int64_t size = number_attribute(json, "size");

    if (!define(c, type, json, &space))
        return NULL;
    if (size < 0)
        return wrong(c, "a fixed without a size", type->name);
    type->size = (size_t)size;
    return type;
}

/* What a branch is called in a row: the type's name without its namespace. */
static struct span branch_name(const struct avro_type *type)
{
    static const char *const kinds[] = {
        [AVRO_RECORD] = "record", [AVRO_ENUM] = "enum",   [AVRO_ARRAY] = "array",
        [AVRO_MAP] = "map",       [AVRO_UNION] = "union", [AVRO_FIXED] = "fixed"};

    if (type->name.len != 0)
        return simple_name(type->name);
    return span_of((size_t)type->kind < sizeof(primitives) / sizeof(*primitives)
                       ? primitives[type->kind]
                       : kinds[type->kind]);
}

/* Two records of one name in different namespaces: their full names, with _ for the dots. */
static void tell_branches_apart(struct context *c, struct avro_type *type)
{
    for (size_t i = 0; i < type->n_parts; i++) {
        bool same = false;
        for (size_t k = 0; k < type->n_parts; k++)
            same = same || (k != i && span_same_name(branch_name(type->parts[k].type),
                                                     branch_name(type->parts[i].type)));
        type->parts[i].name = branch_name(type->parts[i].type);
        if (same && type->parts[i].type->name.len != 0) {
            struct span full = scratch_copy(c->scratch, type->parts[i].type->name);
            char *chars = scratch_alloc(c->scratch, full.len);
            for (size_t k = 0; k < full.len; k++)
                chars[k] = full.ptr[k] == '.' ? '_' : full.ptr[k];
            type->parts[i].name = (struct span){chars, full.len};
        }
    }
}

static struct avro_type *parse_union(struct context *c, const struct json *json, struct span space)
{
    struct avro_type *type = new_type(c, AVRO_UNION);
    size_t i = 0;
    size_t nulls = 0;
    struct avro_type *other = NULL;

    if (!new_parts(c, type, json, ""))
        return NULL;
    if (type->n_parts == 0 || type->n_parts > 1000)
        return wrong(c, "a union of no types, or of more than 1,000", (struct span){0});
    for (const struct json *b = json->first; b != NULL; b = b->next, i++) {
        struct avro_type *branch = parse_type(c, b, space);
        if (branch == NULL)
            return NULL;
        if (branch->kind == AVRO_UNION)
            return wrong(c, "a union within a union", (struct span){0});
        type->parts[i].type = branch;
        nulls += branch->kind == AVRO_NULL;
        if (branch->kind != AVRO_NULL)
            other = branch;
    }
    if (type->n_parts - nulls == 1)
        type->items = other;
    tell_branches_apart(c, type);
    return type;
}

static struct avro_type *parse_container(struct context *c, const struct json *json,
                                         struct span space, enum avro_kind kind)
{
    struct avro_type *type = new_type(c, kind);

    type->items =
        parse_type(c, json_member(json, span_of(kind == AVRO_ARRAY ? "items" : "values")), space);
    return type->items == NULL ? NULL : type;
}

/* The most digits that so many bytes hold. */
static unsigned digits_in(size_t bytes)
{
    return bytes > 1000 ? 2408 : (unsigned)((double)(8 * bytes - 1) * 0.30102999566398120);
}

static void set_decimal(struct avro_type *type, const struct json *json)
{
    int64_t precision = number_attribute(json, "precision");
    const struct json *scale_json = json_member(json, span_of("scale"));
    int64_t scale = scale_json == NULL ? 0 : number_attribute(json, "scale");

    if (precision <= 0 || precision > MAX_PRECISION || scale < 0 || scale > precision ||
        (type->kind == AVRO_FIXED &&
         (type->size == 0 || (uint64_t)precision > digits_in(type->size))))
        return;
    type->logical = AVRO_DECIMAL;
    type->precision = (unsigned)precision;
    type->scale = (unsigned)scale;
}

static void set_logical(struct context *c, struct avro_type *type, const struct json *json)
{
    static const struct {
        const char *name;
        enum avro_kind kind;
        enum avro_logical logical;
    } known[] = {{"uuid", AVRO_STRING, AVRO_PLAIN}, /* its text already */
                 {"date", AVRO_INT, AVRO_DATE},
                 {"time-millis", AVRO_INT, AVRO_TIME_MILLIS},
                 {"time-micros", AVRO_LONG, AVRO_TIME_MICROS},
                 {"timestamp-millis", AVRO_LONG, AVRO_TIMESTAMP_MILLIS},
                 {"timestamp-micros", AVRO_LONG, AVRO_TIMESTAMP_MICROS},
                 {"timestamp-nanos", AVRO_LONG, AVRO_TIMESTAMP_NANOS},
                 {"local-timestamp-millis", AVRO_LONG, AVRO_LOCAL_MILLIS},
                 {"local-timestamp-micros", AVRO_LONG, AVRO_LOCAL_MICROS},
                 {"local-timestamp-nanos", AVRO_LONG, AVRO_LOCAL_NANOS},
                 /* As Debezium has them, in another attribute. */
                 {"io.debezium.time.Date", AVRO_INT, AVRO_DATE},
                 {"io.debezium.time.Time", AVRO_INT, AVRO_TIME_MILLIS},
                 {"io.debezium.time.MicroTime", AVRO_LONG, AVRO_TIME_MICROS},
                 {"io.debezium.time.Timestamp", AVRO_LONG, AVRO_LOCAL_MILLIS},
                 {"io.debezium.time.MicroTimestamp", AVRO_LONG, AVRO_LOCAL_MICROS},
                 {"io.debezium.time.NanoTimestamp", AVRO_LONG, AVRO_LOCAL_NANOS}};
    struct span name = attribute(c, json, "logicalType");

    if (name.len == 0)
        name = attribute(c, json, "connect.name");

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (span_is(name, known[i].name) && type->kind == known[i].kind)
            type->logical = known[i].logical;
    }
    if (span_is(name, "decimal") && (type->kind == AVRO_BYTES || type->kind == AVRO_FIXED))
        set_decimal(type, json);
    if (span_is(name, "uuid") && type->kind == AVRO_FIXED && type->size == 16)
        type->logical = AVRO_UUID;
    if (span_is(name, "duration") && type->kind == AVRO_FIXED && type->size == 12)
        type->logical = AVRO_DURATION;
}

static struct avro_type *parse_object(struct context *c, const struct json *json, struct span space)
{
    const struct json *inner = json_member(json, span_of("type"));
    struct avro_type *type;
    struct span name;

    if (inner != NULL && inner->kind != JSON_STRING) /* {"type": {"type": ...}} */
        return parse_type(c, inner, space);
    name = attribute(c, json, "type");
    if (span_is(name, "record") || span_is(name, "error"))
        return parse_record(c, json, space);
    if (span_is(name, "enum"))
        return parse_enum(c, json, space);
    if (span_is(name, "array") || span_is(name, "map"))
        return parse_container(c, json, space, span_is(name, "map") ? AVRO_MAP : AVRO_ARRAY);
    if (span_is(name, "fixed"))
        type = parse_fixed(c, json, space);
    else
        type = name.len == 0 ? wrong(c, "a schema without a type", name) : by_name(c, name, space);
    if (type != NULL && (type->name.len == 0 || span_is(name, "fixed")))
        set_logical(c, type, json);
    return type;
}

static struct avro_type *parse_type(struct context *c, const struct json *json, struct span space)
{
    struct avro_type *type = NULL;

    if (json == NULL)
        return wrong(c, "a field, array or map without a type", (struct span){0});
    if (++c->depth > MAX_NESTING)
        return wrong(c, "nested too deeply", (struct span){0});
    if (json->kind == JSON_STRING)
        type = by_name(c, json_chars(c->scratch, json), space);
    else if (json->kind == JSON_ARRAY)
        type = parse_union(c, json, space);
    else if (json->kind == JSON_OBJECT)
        type = parse_object(c, json, space);
    else
        (void)wrong(c, "neither a name nor an object nor a union", (struct span){0});
    c->depth--;
    return type;
}

struct avro_type *avro_parse(struct scratch *scratch, struct avro_names **names, struct span text,
                             struct textbuf *out_problem)
{
    struct context c = {scratch, names, out_problem, 0};
    struct json_error error;
    struct json *json = json_parse(scratch, scratch_copy(scratch, text), &error);

    if (json == NULL) {
        textbuf_puts(out_problem, "not JSON: ");
        json_error_text(&error, out_problem);
        return NULL;
    }
    return parse_type(&c, json, (struct span){"", 0});
}
