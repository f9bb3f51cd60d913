/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan does to rows, done to their schema. */
#include "records/row_plan_parts.h"

#include "records/debezium.h"

static struct json *field_named(struct json *type, struct span name)
{
    struct json *fields = json_member(type, span_of("fields"));
    struct json *found = NULL;

    for (struct json *f = fields == NULL ? NULL : fields->first; f != NULL; f = f->next) {
        const struct json *its_name = json_member(f, span_of("name"));
        if (its_name != NULL && its_name->kind == JSON_STRING &&
            span_same_name(its_name->text, name))
            found = f;
    }
    return found;
}

/* The type at the end of a path through structs, maps and arrays. */
static struct json *type_at(struct json *type, const struct path *path)
{
    for (size_t i = 0; i < path->count && type != NULL; i++) {
        struct json *inner = json_member(type, span_of("elementType"));
        if (inner == NULL)
            inner = json_member(type, span_of("valueType"));
        if (inner == NULL)
            inner = json_member(field_named(type, path->steps[i]), span_of("type"));
        type = inner;
    }
    return type;
}

struct field_list {
    struct scratch *scratch;
    struct json *fields;
};

static void remove_field(struct json *fields, struct span name)
{
    struct json *field = fields->first;

    fields->first = fields->last = NULL;
    while (field != NULL) {
        struct json *next = field->next;
        const struct json *its_name = json_member(field, span_of("name"));
        if (its_name == NULL || !span_same_name(its_name->text, name))
            json_add(fields, field);
        field = next;
    }
}

static void add_typed(struct field_list *list, struct span name, struct json *type)
{
    struct json *field = json_new(list->scratch, JSON_OBJECT);

    remove_field(list->fields, name);
    json_add_member(field, span_of("name"), json_new_string(list->scratch, name));
    json_add_member(field, span_of("type"), type);
    json_add_member(field, span_of("nullable"), json_new(list->scratch, JSON_TRUE));
    json_add_member(field, span_of("metadata"), json_new(list->scratch, JSON_OBJECT));
    json_add(list->fields, field);
}

static void add_text_type(void *ctx, const char *name, const char *type_json)
{
    struct field_list *list = ctx;
    struct json_error error;
    struct json *type = json_parse(list->scratch, span_of(type_json), &error);

    if (type != NULL)
        add_typed(list, span_of(name), type);
}

static const char *constant_type(const struct json *value)
{
    switch (value->kind) {
    case JSON_NULL:
        return NULL;
    case JSON_TRUE:
    case JSON_FALSE:
        return "\"boolean\"";
    case JSON_NUMBER:
        return value->text.len < 19 && memchr(value->text.ptr, '.', value->text.len) == NULL &&
                       memchr(value->text.ptr, 'e', value->text.len) == NULL &&
                       memchr(value->text.ptr, 'E', value->text.len) == NULL
                   ? "\"long\""
                   : "\"double\"";
    default:
        return "\"string\"";
    }
}

static void make_columns(const struct row_columns *columns, struct field_list *list,
                         struct json *root)
{
    struct json **types = scratch_array(list->scratch, columns->count, sizeof(struct json *));
    struct json *field;

    for (size_t i = 0; i < columns->count; i++) {
        const struct row_column *column = &columns->items[i];
        const char *text = row_column_type(column);
        struct json_error error;
        struct json *type = NULL;
        if (text == NULL && column->constant != NULL)
            text = constant_type(column->constant);
        if (text != NULL)
            type = json_parse(list->scratch, span_of(text), &error);
        else if (column->constant == NULL)
            type = type_at(root, &column->source);
        types[i] = type == NULL ? NULL : json_copy(list->scratch, type);
    }
    field = list->fields->first;
    list->fields->first = list->fields->last = NULL;
    while (field != NULL) {
        struct json *next = field->next;
        const struct json *name = json_member(field, span_of("name"));
        if (name == NULL || !name_set_has(&columns->replaced, name->text))
            json_add(list->fields, field);
        field = next;
    }
    for (size_t i = 0; i < columns->count; i++) {
        if (types[i] != NULL)
            add_typed(list, columns->items[i].name, types[i]);
    }
}

static void drop_fields(const struct row_plan *plan, struct json *root)
{
    for (size_t i = 0; i < plan->config->drop.count; i++) {
        struct path parent = plan->drops[i];
        struct json *fields;
        parent.count--;
        fields = json_member(type_at(root, &parent), span_of("fields"));
        if (fields != NULL)
            remove_field(fields, parent.steps[parent.count]);
    }
}

static void flatten_fields(const struct row_plan *plan, struct field_list *list,
                           struct json *fields, struct span prefix)
{
    const char *separator =
        plan->config->flatten_separator == NULL ? "_" : plan->config->flatten_separator;
    struct json *field = fields->first;

    while (field != NULL) {
        struct json *next = field->next;
        struct json *type = json_member(field, span_of("type"));
        struct json *inner = json_member(type, span_of("fields"));
        struct span name = row_plan_join(list->scratch, prefix, separator,
                                         json_member(field, span_of("name"))->text);
        if (inner != NULL)
            flatten_fields(plan, list, inner, name);
        else
            add_typed(list, name, json_copy(list->scratch, type));
        field = next;
    }
}

static struct json *empty_struct(struct scratch *scratch)
{
    static const char text[] = "{\"type\":\"struct\",\"fields\":[]}";
    struct json_error error;

    return json_parse(scratch, span_of(text), &error);
}

static struct json *start_of(const struct row_plan *plan, struct scratch *scratch,
                             const char *schema_json)
{
    struct json_error error;
    struct json *root = NULL;

    /* What jq makes of a schema is not known. */
    if (schema_json != NULL && plan->jq == NULL)
        root = json_parse(scratch, scratch_copy(scratch, span_of(schema_json)), &error);
    if (root != NULL && plan->config->debezium)
        root = debezium_schema(scratch, root);
    return root == NULL ? empty_struct(scratch) : root;
}

const char *row_plan_schema(struct row_plan *plan, const char *schema_json)
{
    struct scratch *scratch = &plan->scratch;
    struct field_list list = {scratch, NULL};
    struct json *root;
    struct json *flat;

    if (schema_json == NULL && plan->told)
        return NULL;
    plan->told = true;
    scratch_reset(scratch);
    root = start_of(plan, scratch, schema_json);
    list.fields = json_member(root, span_of("fields"));
    if (list.fields == NULL)
        return NULL;
    make_columns(&plan->columns, &list, root);
    drop_fields(plan, root);
    if (plan->config->flatten) {
        flat = list.fields;
        root = empty_struct(scratch);
        list.fields = json_member(root, span_of("fields"));
        flatten_fields(plan, &list, flat, (struct span){"", 0});
    }
    if (plan->config->rescue_column != NULL)
        add_text_type(&list, plan->config->rescue_column, "\"string\"");
    row_metadata_types(plan, add_text_type, &list);
    if (list.fields->first == NULL)
        return NULL;
    textbuf_clear(&plan->schema);
    json_write(root, &plan->schema);
    return plan->schema.text;
}

/* How the table takes bytes in this column. */
static enum bytes_form form_of(struct json *root, const char *name, enum bytes_form otherwise)
{
    const struct json *type =
        name == NULL ? NULL : json_member(field_named(root, span_of(name)), span_of("type"));
    const struct json *kind = json_member(type, span_of("type"));

    if (type == NULL)
        return otherwise;
    if (type->kind == JSON_STRING)
        return span_is(type->text, "binary") ? FORM_BINARY : FORM_TEXT;
    return kind != NULL && span_is(kind->text, "map") ? FORM_MAP : otherwise;
}

static void add_known(void *ctx, const char *name, const char *type_json)
{
    struct row_plan *plan = ctx;

    (void)type_json;
    name_set_add(&plan->known, &plan->table, span_of(name));
}

void row_plan_set_table(struct row_plan *plan, const char *schema_json)
{
    struct json_error error;
    struct json *root;
    struct json *fields;

    scratch_reset(&plan->table);
    plan->known = (struct name_set){0};
    plan->key_form = FORM_TEXT;
    plan->headers_form = FORM_ARRAY;
    root = schema_json == NULL
               ? NULL
               : json_parse(&plan->table, scratch_copy(&plan->table, span_of(schema_json)), &error);
    fields = json_member(root, span_of("fields"));
    plan->table_known = fields != NULL;
    for (struct json *f = fields == NULL ? NULL : fields->first; f != NULL; f = f->next) {
        const struct json *name = json_member(f, span_of("name"));
        if (name != NULL && name->kind == JSON_STRING)
            name_set_add(&plan->known, &plan->table, json_chars(&plan->table, name));
    }
    for (size_t i = 0; i < plan->columns.count; i++)
        name_set_add(&plan->known, &plan->table, plan->columns.items[i].name);
    if (plan->config->rescue_column != NULL)
        name_set_add(&plan->known, &plan->table, span_of(plan->config->rescue_column));
    row_metadata_types(plan, add_known, plan);
    plan->key_form = form_of(root, plan->config->metadata.key, FORM_TEXT);
    plan->headers_form = form_of(root, plan->config->metadata.headers, FORM_ARRAY);
}
