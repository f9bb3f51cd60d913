/* SPDX-License-Identifier: Apache-2.0 */
#include "records/json_tree.h"

#include <inttypes.h>
#include <stdio.h>

#include "records/json_lexer.h"
#include "records/name_set.h"

struct parser {
    struct json_lexer lexer;
    struct scratch *scratch;
};

static struct json *parse_value(struct parser *parser, int depth);

struct json *json_new(struct scratch *scratch, enum json_kind kind)
{
    struct json *value = scratch_alloc(scratch, sizeof(*value));

    *value = (struct json){.kind = kind};
    return value;
}

void json_add(struct json *container, struct json *value)
{
    value->next = NULL;
    if (container->last == NULL)
        container->first = value;
    else
        container->last->next = value;
    container->last = value;
}

static struct span unescaped(struct scratch *scratch, struct span raw)
{
    char *chars = scratch_alloc(scratch, raw.len + 1);

    return (struct span){chars, json_unescape(raw, chars)};
}

static struct json *parse_container(struct parser *parser, int depth)
{
    struct json_lexer *lexer = &parser->lexer;
    bool object = *lexer->at == '{';
    struct json *container = json_new(parser->scratch, object ? JSON_OBJECT : JSON_ARRAY);
    bool end;

    if (!json_lexer_enter(lexer, depth, &end))
        return NULL;
    while (!end) {
        struct span name = {0};
        bool escaped = false;
        struct json *value;
        if (object && !json_lexer_name(lexer, &name, &escaped))
            return NULL;
        value = parse_value(parser, depth + 1);
        if (value == NULL || !json_lexer_next(lexer, object, &end))
            return NULL;
        value->name = escaped ? unescaped(parser->scratch, name) : name;
        value->name_plain = !escaped;
        json_add(container, value);
    }
    return container;
}

static struct json *parse_value(struct parser *parser, int depth)
{
    struct json_lexer *lexer = &parser->lexer;
    struct json value = {0};
    struct json *out;
    bool good;

    if (lexer->at == lexer->end) {
        (void)json_lexer_end(lexer);
        return NULL;
    }
    switch (*lexer->at) {
    case '{':
    case '[':
        return parse_container(parser, depth);
    case '"':
        value.kind = JSON_STRING;
        lexer->at++;
        good = json_lexer_string(lexer, &value.text, &value.escaped);
        break;
    case 't':
        value.kind = JSON_TRUE;
        good = json_lexer_literal(lexer, "true");
        break;
    case 'f':
        value.kind = JSON_FALSE;
        good = json_lexer_literal(lexer, "false");
        break;
    case 'n':
        value.kind = JSON_NULL;
        good = json_lexer_literal(lexer, "null");
        break;
    default:
        value.kind = JSON_NUMBER;
        good = *lexer->at == '-' || (*lexer->at >= '0' && *lexer->at <= '9')
                   ? json_lexer_number(lexer, &value.text)
                   : json_lexer_fail(lexer, lexer->at, "a value was expected");
        break;
    }
    if (!good)
        return NULL;
    out = scratch_alloc(parser->scratch, sizeof(*out));
    *out = value;
    return out;
}

static void set_error(const struct json_lexer *lexer, struct span text, struct json_error *error)
{
    *error = (struct json_error){(size_t)(lexer->at - text.ptr), lexer->error};
}

struct json *json_parse(struct scratch *scratch, struct span text, struct json_error *error)
{
    struct parser parser = {{text.ptr, text.ptr + text.len, NULL}, scratch};
    struct json *value;

    json_lexer_space(&parser.lexer);
    value = parse_value(&parser, 0);
    if (value != NULL) {
        json_lexer_space(&parser.lexer);
        if (parser.lexer.at == parser.lexer.end)
            return value;
        (void)json_lexer_fail(&parser.lexer, parser.lexer.at, "more text after the record");
    }
    set_error(&parser.lexer, text, error);
    return NULL;
}

bool json_skip(struct span text, struct span *out, struct json_error *error)
{
    struct json_lexer lexer = {text.ptr, text.ptr + text.len, NULL};
    const char *start;

    json_lexer_space(&lexer);
    start = lexer.at;
    if (!json_lexer_skip(&lexer, 0)) {
        set_error(&lexer, text, error);
        return false;
    }
    *out = (struct span){start, (size_t)(lexer.at - start)};
    return true;
}

void json_error_text(const struct json_error *error, struct textbuf *out)
{
    textbuf_printf(out, "offset %zu: %s", error->offset, error->reason);
}

struct json *json_get(const struct json *object, struct span name)
{
    struct json *found = NULL;

    if (object == NULL || object->kind != JSON_OBJECT)
        return NULL;
    for (struct json *m = object->first; m != NULL; m = m->next) {
        if (span_same_name(m->name, name))
            found = m;
    }
    return found;
}

struct span json_chars(struct scratch *scratch, const struct json *string)
{
    return string->escaped ? unescaped(scratch, string->text) : string->text;
}

struct json *json_member(const struct json *object, struct span name)
{
    struct json *found = NULL;

    if (object == NULL || object->kind != JSON_OBJECT)
        return NULL;
    for (struct json *m = object->first; m != NULL; m = m->next) {
        if (span_eq(m->name, name))
            found = m;
    }
    return found;
}

static bool needs_escape(struct span chars)
{
    for (size_t i = 0; i < chars.len; i++) {
        unsigned char c = (unsigned char)chars.ptr[i];
        if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
            return true;
    }
    return false;
}

struct json *json_new_string(struct scratch *scratch, struct span chars)
{
    struct json *value = json_new(scratch, JSON_STRING);

    value->text = chars;
    if (needs_escape(chars)) {
        struct textbuf escaped = {0};
        textbuf_json_string(&escaped, chars.ptr, chars.len);
        value->text = scratch_copy(scratch, (struct span){escaped.text + 1, escaped.len - 2});
        value->escaped = true;
        textbuf_done(&escaped);
    }
    return value;
}

struct json *json_new_number(struct scratch *scratch, struct span text)
{
    struct json *value = json_new(scratch, JSON_NUMBER);

    value->text = text;
    return value;
}

struct json *json_new_int(struct scratch *scratch, int64_t number)
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%" PRId64, number);

    return json_new_number(scratch, scratch_copy(scratch, (struct span){text, (size_t)len}));
}

void json_add_member(struct json *object, struct span name, struct json *value)
{
    value->name = name;
    value->name_plain = !needs_escape(name);
    json_add(object, value);
}

void json_remove(struct json *object, struct span name)
{
    struct json *member = object->first;

    object->first = object->last = NULL;
    while (member != NULL) {
        struct json *next = member->next;
        if (!span_same_name(member->name, name))
            json_add(object, member);
        member = next;
    }
}

struct json *json_copy(struct scratch *scratch, const struct json *value)
{
    struct json *copy = scratch_alloc(scratch, sizeof(*copy));

    *copy = *value;
    copy->next = copy->first = copy->last = NULL;
    for (const struct json *m = value->first; m != NULL; m = m->next)
        json_add(copy, json_copy(scratch, m));
    return copy;
}

/* The place of each name's last member: `slots`, a power of two above their number. */
static struct json **name_slot(struct json **slots, size_t n_slots, struct span name)
{
    size_t at = (size_t)name_hash(name) & (n_slots - 1);

    while (slots[at] != NULL && !span_same_name(slots[at]->name, name))
        at = (at + 1) & (n_slots - 1);
    return &slots[at];
}

void json_keep_last(struct scratch *scratch, struct json *object)
{
    struct json *member;
    struct json **slots;
    size_t count = 0;
    size_t n_slots = 8;

    for (member = object->first; member != NULL; member = member->next)
        count++;
    if (count < 2)
        return;
    while (n_slots < 2 * count)
        n_slots *= 2;
    slots = scratch_array(scratch, n_slots, sizeof(struct json *));
    memset(slots, 0, n_slots * sizeof(struct json *));
    for (member = object->first; member != NULL; member = member->next)
        *name_slot(slots, n_slots, member->name) = member;
    member = object->first;
    object->first = object->last = NULL;
    while (member != NULL) {
        struct json *next = member->next;
        if (*name_slot(slots, n_slots, member->name) == member)
            json_add(object, member);
        member = next;
    }
}

static void write_container(const struct json *value, struct textbuf *out)
{
    bool object = value->kind == JSON_OBJECT;

    textbuf_add(out, object ? "{" : "[", 1);
    for (const struct json *m = value->first; m != NULL; m = m->next) {
        if (m != value->first)
            textbuf_add(out, ",", 1);
        if (object && m->name_plain) {
            textbuf_add(out, "\"", 1);
            textbuf_add(out, m->name.ptr, m->name.len);
            textbuf_add(out, "\":", 2);
        } else if (object) {
            textbuf_json_string(out, m->name.ptr, m->name.len);
            textbuf_add(out, ":", 1);
        }
        json_write(m, out);
    }
    textbuf_add(out, object ? "}" : "]", 1);
}

void json_write(const struct json *value, struct textbuf *out)
{
    switch (value->kind) {
    case JSON_NULL:
        textbuf_add(out, "null", 4);
        break;
    case JSON_FALSE:
        textbuf_add(out, "false", 5);
        break;
    case JSON_TRUE:
        textbuf_add(out, "true", 4);
        break;
    case JSON_NUMBER:
        textbuf_add(out, value->text.ptr, value->text.len);
        break;
    case JSON_STRING:
        textbuf_add(out, "\"", 1);
        textbuf_add(out, value->text.ptr, value->text.len);
        textbuf_add(out, "\"", 1);
        break;
    default:
        write_container(value, out);
        break;
    }
}
