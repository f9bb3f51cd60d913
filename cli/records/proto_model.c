/* SPDX-License-Identifier: Apache-2.0 */
#include "records/proto_model.h"

#include <stdlib.h>

void proto_pool_done(struct proto_pool *pool)
{
    scratch_done(&pool->scratch);
    *pool = (struct proto_pool){0};
}

static struct span join(struct proto_pool *pool, struct span scope, struct span name)
{
    char *text;

    if (scope.len == 0)
        return scratch_copy(&pool->scratch, name);
    text = scratch_alloc(&pool->scratch, scope.len + 1 + name.len);
    memcpy(text, scope.ptr, scope.len);
    text[scope.len] = '.';
    memcpy(text + scope.len + 1, name.ptr, name.len);
    return (struct span){text, scope.len + 1 + name.len};
}

struct proto_message *proto_add_message(struct proto_pool *pool, struct proto_file *file,
                                        struct proto_message *parent, struct span name)
{
    struct proto_message *message = scratch_alloc(&pool->scratch, sizeof(*message));
    struct proto_message **first = parent == NULL ? &file->messages : &parent->nested;
    struct proto_message **last = parent == NULL ? &file->last_message : &parent->last_nested;

    *message = (struct proto_message){.parent = parent, .next = pool->messages};
    message->name = join(pool, parent == NULL ? file->package : parent->name, name);
    pool->messages = message;
    if (*last == NULL)
        *first = message;
    else
        (*last)->next_nested = message;
    *last = message;
    return message;
}

struct proto_message *proto_add_entry(struct proto_pool *pool, struct proto_message *parent)
{
    struct proto_message *entry = scratch_alloc(&pool->scratch, sizeof(*entry));

    *entry = (struct proto_message){.parent = parent, .next = pool->messages, .map_entry = true};
    entry->name = join(pool, parent->name, span_of("<entry>"));
    pool->messages = entry;
    return entry;
}

struct proto_enum *proto_add_enum(struct proto_pool *pool, const struct proto_file *file,
                                  const struct proto_message *parent, struct span name)
{
    struct proto_enum *added = scratch_alloc(&pool->scratch, sizeof(*added));

    *added = (struct proto_enum){.next = pool->enums};
    added->name = join(pool, parent == NULL ? file->package : parent->name, name);
    pool->enums = added;
    return added;
}

struct proto_field *proto_add_field(struct proto_pool *pool, struct proto_message *message)
{
    struct proto_field *field = scratch_alloc(&pool->scratch, sizeof(*field));

    *field = (struct proto_field){.index = message->n_fields++};
    if (message->last_field == NULL)
        message->fields = field;
    else
        message->last_field->next = field;
    message->last_field = field;
    return field;
}

struct proto_message *proto_find(const struct proto_pool *pool, struct span full_name)
{
    for (struct proto_message *m = pool->messages; m != NULL; m = m->next) {
        if (span_eq(m->name, full_name))
            return m;
    }
    return NULL;
}

static struct proto_enum *find_enum(const struct proto_pool *pool, struct span full_name)
{
    for (struct proto_enum *e = pool->enums; e != NULL; e = e->next) {
        if (span_eq(e->name, full_name))
            return e;
    }
    return NULL;
}

static bool take_name(struct proto_pool *pool, struct proto_field *field, struct span name)
{
    field->message = proto_find(pool, name);
    field->enumeration = field->message == NULL ? find_enum(pool, name) : NULL;
    return field->message != NULL || field->enumeration != NULL;
}

/* From the innermost scope outwards, as C++ does; a leading dot is the full name. */
static bool link_field(struct proto_pool *pool, const struct proto_message *message,
                       struct proto_field *field)
{
    struct span scope = message->name;
    struct span name = field->type_name;

    if (name.len > 0 && name.ptr[0] == '.')
        return take_name(pool, field, (struct span){name.ptr + 1, name.len - 1});
    for (;;) {
        if (take_name(pool, field, join(pool, scope, name)))
            return true;
        if (scope.len == 0)
            return false;
        while (scope.len > 0 && scope.ptr[scope.len - 1] != '.')
            scope.len--;
        scope.len -= scope.len > 0;
    }
}

static int by_number(const void *a, const void *b)
{
    const struct proto_field *const *x = a;
    const struct proto_field *const *y = b;

    return ((*x)->number > (*y)->number) - ((*x)->number < (*y)->number);
}

static void sort_fields(struct proto_pool *pool, struct proto_message *message)
{
    size_t i = 0;

    message->by_number =
        scratch_array(&pool->scratch, message->n_fields, sizeof(struct proto_field *));
    for (struct proto_field *f = message->fields; f != NULL; f = f->next)
        message->by_number[i++] = f;
    if (i > 1)
        qsort(message->by_number, i, sizeof(struct proto_field *), by_number);
}

static enum proto_known known_of(struct span name)
{
    static const struct {
        const char *name;
        enum proto_known known;
    } all[] = {{"google.protobuf.Timestamp", PROTO_TIMESTAMP},
               {"google.protobuf.Duration", PROTO_DURATION},
               {"google.protobuf.DoubleValue", PROTO_WRAPPER},
               {"google.protobuf.FloatValue", PROTO_WRAPPER},
               {"google.protobuf.Int64Value", PROTO_WRAPPER},
               {"google.protobuf.UInt64Value", PROTO_WRAPPER},
               {"google.protobuf.Int32Value", PROTO_WRAPPER},
               {"google.protobuf.UInt32Value", PROTO_WRAPPER},
               {"google.protobuf.BoolValue", PROTO_WRAPPER},
               {"google.protobuf.StringValue", PROTO_WRAPPER},
               {"google.protobuf.BytesValue", PROTO_WRAPPER},
               {"google.protobuf.Struct", PROTO_STRUCT},
               {"google.protobuf.Value", PROTO_VALUE},
               {"google.protobuf.ListValue", PROTO_LIST_VALUE},
               {"confluent.type.Decimal", PROTO_CONFLUENT_DECIMAL}};

    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        if (span_is(name, all[i].name))
            return all[i].known;
    }
    return PROTO_ORDINARY;
}

/* Adds those well-known messages that no file has brought. */
static bool add_known(struct proto_pool *pool, struct textbuf *out_problem)
{
    for (size_t i = 0; proto_known_file(i) != NULL; i++) {
        struct proto_pool known = {0};
        struct proto_file file = {0};
        bool there = false;
        if (!proto_parse(&known, span_of(proto_known_file(i)), &file, out_problem))
            return false;
        for (struct proto_message *m = file.messages; m != NULL; m = m->next_nested)
            there = there || proto_find(pool, m->name) != NULL;
        proto_pool_done(&known);
        file = (struct proto_file){0};
        if (!there && !proto_parse(pool, span_of(proto_known_file(i)), &file, out_problem))
            return false;
    }
    return true;
}

static bool is_identifier(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '_' &&
            !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return name.len != 0;
}

static bool good_names(const struct proto_pool *pool)
{
    for (const struct proto_enum *e = pool->enums; e != NULL; e = e->next) {
        for (const struct proto_value *v = e->values; v != NULL; v = v->next) {
            if (!is_identifier(v->name))
                return false;
        }
    }
    for (const struct proto_message *m = pool->messages; m != NULL; m = m->next) {
        for (const struct proto_field *f = m->fields; f != NULL; f = f->next) {
            if (!is_identifier(f->name))
                return false;
        }
    }
    return true;
}

/* A key, of a type that keys may have, and a value. */
static bool is_entry(const struct proto_message *message)
{
    const struct proto_field *key = message->fields;
    const struct proto_field *value = key == NULL ? NULL : key->next;

    return message->map_entry && value != NULL && value->next == NULL && key->number == 1 &&
           value->number == 2 && !key->repeated && !value->repeated && key->type_name.len == 0 &&
           key->type > PROTO_FLOAT && key->type != PROTO_BYTES;
}

static bool link_message(struct proto_pool *pool, struct proto_message *message,
                         struct textbuf *out_problem)
{
    for (struct proto_field *f = message->fields; f != NULL; f = f->next) {
        if (f->type_name.len == 0)
            continue;
        if (!link_field(pool, message, f)) {
            textbuf_printf(out_problem, "message %.*s: unknown type %.*s", (int)message->name.len,
                           message->name.ptr, (int)f->type_name.len, f->type_name.ptr);
            return false;
        }
        if (f->message != NULL) {
            f->type = f->type == PROTO_GROUP ? PROTO_GROUP : PROTO_MESSAGE;
            f->map = f->repeated && is_entry(f->message);
            f->implicit = false;
        } else {
            f->type = PROTO_ENUM;
        }
    }
    return true;
}

bool proto_link(struct proto_pool *pool, struct textbuf *out_problem)
{
    if (!add_known(pool, out_problem))
        return false;
    if (!good_names(pool)) {
        textbuf_puts(out_problem, "a name that is no identifier");
        return false;
    }
    for (struct proto_message *m = pool->messages; m != NULL; m = m->next) {
        if (!link_message(pool, m, out_problem))
            return false;
        sort_fields(pool, m);
        m->known = known_of(m->name);
    }
    return true;
}

const struct proto_field *proto_field_of(const struct proto_message *message, uint32_t number)
{
    size_t low = 0;
    size_t high = message->n_fields;

    /* Most messages have the numbers 1, 2, 3... */
    if (number >= 1 && number <= high && message->by_number[number - 1]->number == number)
        return message->by_number[number - 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (message->by_number[middle]->number == number)
            return message->by_number[middle];
        if (message->by_number[middle]->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
