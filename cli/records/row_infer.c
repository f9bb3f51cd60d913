/* SPDX-License-Identifier: Apache-2.0 */
#include "records/row_infer.h"

#include "records/delta_type.h"
#include "records/json_lexer.h"
#include "records/json_tree.h"
#include "records/name_set.h"

/* ---- which names a table has ---- */

struct name_slot {
    struct span name; /* ptr NULL: free */
    struct table_names *type;
};

/* Of a struct its fields; of arrays and maps what they hold; of anything else nothing is asked. */
struct table_names {
    struct name_slot *slots; /* NULL: no struct */
    size_t n_slots;          /* a power of two */
    struct table_names *inner;
    bool map;
};

static struct table_names *names_of(struct scratch *scratch, const struct json *type);

static struct name_slot *slot_of(const struct table_names *names, struct span name)
{
    size_t at = (size_t)name_hash(name) & (names->n_slots - 1);

    while (names->slots[at].name.ptr != NULL && !span_same_name(names->slots[at].name, name))
        at = (at + 1) & (names->n_slots - 1);
    return &names->slots[at];
}

static void take_fields(struct scratch *scratch, struct table_names *names,
                        const struct json *fields)
{
    size_t count = 0;

    for (const struct json *f = fields->first; f != NULL; f = f->next)
        count++;
    for (names->n_slots = 8; names->n_slots < 2 * count;)
        names->n_slots *= 2;
    names->slots = scratch_array(scratch, names->n_slots, sizeof(*names->slots));
    memset(names->slots, 0, names->n_slots * sizeof(*names->slots));
    for (const struct json *f = fields->first; f != NULL; f = f->next) {
        const struct json *name = json_member(f, span_of("name"));
        struct name_slot *slot;
        if (name == NULL || name->kind != JSON_STRING)
            continue;
        slot = slot_of(names, json_chars(scratch, name));
        slot->name = json_chars(scratch, name);
        if (slot->name.ptr == NULL)
            slot->name.ptr = "";
        slot->type = names_of(scratch, json_member(f, span_of("type")));
    }
}

static struct table_names *names_of(struct scratch *scratch, const struct json *type)
{
    struct table_names *names = scratch_alloc(scratch, sizeof(*names));
    const struct json *fields = json_member(type, span_of("fields"));
    const struct json *element = json_member(type, span_of("elementType"));
    const struct json *value = json_member(type, span_of("valueType"));

    *names = (struct table_names){.map = value != NULL};
    if (fields != NULL)
        take_fields(scratch, names, fields);
    else if (element != NULL || value != NULL)
        names->inner = names_of(scratch, element != NULL ? element : value);
    return names;
}

struct table_names *table_names_parse(struct scratch *scratch, const char *schema_json)
{
    struct json_error error;
    struct json *root = json_parse(scratch, scratch_copy(scratch, span_of(schema_json)), &error);
    struct table_names *names;

    if (root == NULL)
        return NULL;
    names = names_of(scratch, root);
    return names->slots == NULL ? NULL : names;
}

/* At a value; -1: not JSON, 1: it has more than the table. */
static int look(struct json_lexer *lexer, const struct table_names *names, struct scratch *scratch,
                int depth);

static int look_at_member(struct json_lexer *lexer, const struct table_names *names,
                          struct scratch *scratch, int depth)
{
    const struct name_slot *slot;
    struct span name;
    bool escaped;

    if (!json_lexer_name(lexer, &name, &escaped))
        return -1;
    if (names->slots == NULL) /* a map */
        return look(lexer, names->inner, scratch, depth);
    if (escaped) {
        char *chars = scratch_alloc(scratch, name.len);
        name = (struct span){chars, json_unescape(name, chars)};
    }
    slot = slot_of(names, name);
    if (slot->name.ptr != NULL)
        return look(lexer, slot->type, scratch, depth);
    if (*lexer->at != 'n')
        return 1;
    return json_lexer_literal(lexer, "null") ? 0 : -1;
}

static int look(struct json_lexer *lexer, const struct table_names *names, struct scratch *scratch,
                int depth)
{
    bool object = lexer->at < lexer->end && *lexer->at == '{';
    bool array = lexer->at < lexer->end && *lexer->at == '[';
    int found = 0;
    bool end;

    if (!(object && (names->slots != NULL || names->map)) &&
        !(array && names->inner != NULL && !names->map))
        return json_lexer_skip(lexer, depth) ? 0 : -1;
    if (!json_lexer_enter(lexer, depth, &end))
        return -1;
    while (!end) {
        found = object ? look_at_member(lexer, names, scratch, depth + 1)
                       : look(lexer, names->inner, scratch, depth + 1);
        if (found != 0)
            return found;
        if (!json_lexer_next(lexer, object, &end))
            return -1;
    }
    return 0;
}

bool table_names_lack(const struct table_names *names, struct scratch *scratch, struct span row)
{
    struct json_lexer lexer = {row.ptr, row.ptr + row.len, NULL};

    json_lexer_space(&lexer);
    return look(&lexer, names, scratch, 0) > 0;
}

/* ---- which types values have ---- */

/* Of one object; the library takes no more new ones from a record. */
enum { MAX_FIELDS = 1000 };

enum seen_kind {
    SEEN_NOTHING,
    SEEN_BOOLEAN,
    SEEN_LONG,
    SEEN_DOUBLE,
    SEEN_STRING,
    SEEN_STRUCT,
    SEEN_ARRAY
};

struct seen {
    enum seen_kind kind;
    struct span name; /* of a field */
    struct seen *fields, *last_field, *next;
    size_t n_fields;
    struct seen *element;
};

static struct seen *new_seen(struct scratch *scratch, struct span name)
{
    struct seen *seen = scratch_alloc(scratch, sizeof(*seen));

    *seen = (struct seen){.kind = SEEN_NOTHING, .name = name};
    return seen;
}

/* A number without fraction and exponent that fits 64 bits. */
static bool is_long(struct span text)
{
    static const char most[] = "9223372036854775807";
    bool minus = *text.ptr == '-';
    size_t digits = text.len - (size_t)minus;
    int order;

    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '.' || text.ptr[i] == 'e' || text.ptr[i] == 'E')
            return false;
    }
    if (digits != sizeof(most) - 1)
        return digits < sizeof(most) - 1;
    order = memcmp(text.ptr + minus, most, digits - 1);
    return order < 0 || (order == 0 && text.ptr[text.len - 1] <= (minus ? '8' : '7'));
}

static enum seen_kind kind_of(const struct json *value)
{
    switch (value->kind) {
    case JSON_NULL:
        return SEEN_NOTHING;
    case JSON_TRUE:
    case JSON_FALSE:
        return SEEN_BOOLEAN;
    case JSON_NUMBER:
        return is_long(value->text) ? SEEN_LONG : SEEN_DOUBLE;
    case JSON_STRING:
        return SEEN_STRING;
    default:
        return value->kind == JSON_ARRAY ? SEEN_ARRAY : SEEN_STRUCT;
    }
}

/* Of values of different kinds: numbers are doubles, all else is text. */
static enum seen_kind join(enum seen_kind a, enum seen_kind b)
{
    if (a == b || b == SEEN_NOTHING)
        return a;
    if (a == SEEN_NOTHING)
        return b;
    if ((a == SEEN_LONG || a == SEEN_DOUBLE) && (b == SEEN_LONG || b == SEEN_DOUBLE))
        return SEEN_DOUBLE;
    return SEEN_STRING;
}

static struct seen *field_of(struct scratch *scratch, struct seen *seen, struct span name)
{
    struct seen *field;

    for (field = seen->fields; field != NULL; field = field->next) {
        if (span_same_name(field->name, name))
            return field;
    }
    if (seen->n_fields++ >= MAX_FIELDS)
        return NULL;
    field = new_seen(scratch, scratch_copy(scratch, name));
    if (seen->last_field == NULL)
        seen->fields = field;
    else
        seen->last_field->next = field;
    seen->last_field = field;
    return field;
}

static void see(struct scratch *scratch, struct seen *seen, struct json *value)
{
    seen->kind = join(seen->kind, kind_of(value));
    if (value->kind == JSON_OBJECT && seen->kind == SEEN_STRUCT) {
        json_keep_last(scratch, value);
        for (struct json *m = value->first; m != NULL; m = m->next) {
            struct seen *field =
                delta_name_allowed(m->name) ? field_of(scratch, seen, m->name) : NULL;
            if (field != NULL)
                see(scratch, field, m);
        }
    }
    if (value->kind == JSON_ARRAY && seen->kind == SEEN_ARRAY) {
        if (seen->element == NULL)
            seen->element = new_seen(scratch, (struct span){"", 0});
        for (struct json *m = value->first; m != NULL; m = m->next)
            see(scratch, seen->element, m);
    }
}

static bool has_fields(const struct seen *seen)
{
    for (const struct seen *f = seen->fields; f != NULL; f = f->next) {
        if (f->kind != SEEN_NOTHING)
            return true;
    }
    return false;
}

static void write_type(const struct seen *seen, struct delta_schema *out);

static void write_fields(const struct seen *seen, struct delta_schema *out)
{
    delta_struct_begin(out);
    for (const struct seen *f = seen->fields; f != NULL; f = f->next) {
        if (f->kind == SEEN_NOTHING)
            continue;
        delta_field_begin(out, f->name);
        write_type(f, out);
        delta_field_end(out);
    }
    delta_struct_end(out);
}

static void write_type(const struct seen *seen, struct delta_schema *out)
{
    static const char *const names[] = {
        [SEEN_NOTHING] = "string", [SEEN_BOOLEAN] = "boolean", [SEEN_LONG] = "long",
        [SEEN_DOUBLE] = "double",  [SEEN_STRING] = "string",   [SEEN_STRUCT] = "string",
        [SEEN_ARRAY] = "string"};

    if (seen->kind == SEEN_STRUCT && has_fields(seen) && !delta_schema_full(out)) {
        write_fields(seen, out);
    } else if (seen->kind == SEEN_ARRAY && seen->element->kind != SEEN_NOTHING &&
               !delta_schema_full(out)) {
        delta_array_begin(out);
        write_type(seen->element, out);
        delta_array_end(out);
    } else {
        delta_primitive(out, names[seen->kind]);
    }
}

void rows_infer(const dw_bytes *rows, size_t count, struct textbuf *out_schema)
{
    struct scratch scratch = {0};
    struct delta_schema schema = {.text = *out_schema};
    struct seen *root = new_seen(&scratch, (struct span){"", 0});

    for (size_t i = 0; i < count; i++) {
        struct json_error error;
        struct json *row = json_parse(&scratch, (struct span){rows[i].data, rows[i].len}, &error);
        if (row != NULL && row->kind == JSON_OBJECT)
            see(&scratch, root, row);
    }
    write_fields(root, &schema);
    *out_schema = schema.text;
    scratch_done(&scratch);
}
