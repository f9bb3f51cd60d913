/* SPDX-License-Identifier: Apache-2.0 */
/* .proto files, proto2, proto3 and editions. What does not bear on the wire format (options,
 * services, extensions, reserved numbers) is passed over. */
#include "records/proto_model.h"

#include <stdlib.h>

enum { MAX_NESTING = 100, MAX_FIELD_NUMBER = 536870911 };

enum token { TOKEN_END, TOKEN_NAME, TOKEN_NUMBER, TOKEN_TEXT, TOKEN_SIGN, TOKEN_BAD };

struct parser {
    struct proto_pool *pool;
    struct proto_file *file;
    const char *at, *end;
    int line;
    enum token kind;
    struct span token; /* of a text: what is between the quotes */
    const char *error;
    int depth;
};

static bool parse_message_body(struct parser *p, struct proto_message *message);

static bool fail(struct parser *p, const char *error)
{
    if (p->error == NULL)
        p->error = error;
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void skip_comment(struct parser *p)
{
    bool block = p->at[1] == '*';

    p->at += 2;
    for (; p->at < p->end; p->at++) {
        if (!block && *p->at == '\n')
            return;
        if (block && *p->at == '*' && p->end - p->at > 1 && p->at[1] == '/') {
            p->at += 2;
            return;
        }
        p->line += *p->at == '\n';
    }
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end) {
        if (*p->at == '/' && p->end - p->at > 1 && (p->at[1] == '/' || p->at[1] == '*')) {
            skip_comment(p);
        } else if (*p->at == ' ' || (*p->at >= '\t' && *p->at <= '\r')) {
            p->line += *p->at == '\n';
            p->at++;
        } else {
            return;
        }
    }
}

static enum token next_text(struct parser *p)
{
    char quote = *p->at++;
    const char *start = p->at;

    for (; p->at < p->end && *p->at != quote && *p->at != '\n'; p->at++)
        p->at += *p->at == '\\' && p->end - p->at > 1;
    p->token = (struct span){start, (size_t)(p->at - start)};
    if (p->at >= p->end || *p->at != quote)
        return TOKEN_BAD;
    p->at++;
    return TOKEN_TEXT;
}

/* The next token into `kind` and `token`. */
static void next(struct parser *p)
{
    const char *start;

    skip_space(p);
    start = p->at;
    if (p->at == p->end) {
        p->kind = TOKEN_END;
    } else if (is_letter(*p->at) || is_digit(*p->at)) {
        p->kind = is_letter(*p->at) ? TOKEN_NAME : TOKEN_NUMBER;
        while (p->at < p->end && (is_letter(*p->at) || is_digit(*p->at)))
            p->at++;
    } else if (*p->at == '"' || *p->at == '\'') {
        p->kind = next_text(p);
        return;
    } else {
        p->kind = TOKEN_SIGN;
        p->at++;
    }
    p->token = (struct span){start, (size_t)(p->at - start)};
}

static bool at_sign(const struct parser *p, char sign)
{
    return p->kind == TOKEN_SIGN && *p->token.ptr == sign;
}

static bool at_name(const struct parser *p, const char *name)
{
    return p->kind == TOKEN_NAME && span_is(p->token, name);
}

static bool take_sign(struct parser *p, char sign)
{
    if (!at_sign(p, sign))
        return false;
    next(p);
    return true;
}

static bool need_sign(struct parser *p, char sign, const char *error)
{
    return take_sign(p, sign) || fail(p, error);
}

/* Past a statement that does not matter: to its semicolon, or over its braces. */
static bool skip_statement(struct parser *p)
{
    int depth = 0;

    while (p->kind != TOKEN_END && p->kind != TOKEN_BAD) {
        bool semicolon = at_sign(p, ';');
        bool close = at_sign(p, '}');
        depth += at_sign(p, '{');
        depth -= close;
        if (depth < 0)
            return fail(p, "a brace too many");
        next(p);
        if (depth == 0 && (semicolon || close)) {
            if (close)
                (void)take_sign(p, ';');
            return true;
        }
    }
    return fail(p, "it ends within a statement");
}

/* "[ ... ]" or "= value;", of which only the presence of fields matters. */
static bool skip_options(struct parser *p, char end, bool *implicit)
{
    int depth = 0;

    while (p->kind != TOKEN_END && p->kind != TOKEN_BAD) {
        if (depth == 0 && at_sign(p, end)) {
            next(p);
            return true;
        }
        depth += at_sign(p, '{') || at_sign(p, '[');
        depth -= at_sign(p, '}') || at_sign(p, ']');
        if (at_name(p, "field_presence")) {
            next(p);
            (void)(take_sign(p, '=') || take_sign(p, ':'));
            *implicit = at_name(p, "IMPLICIT");
            continue;
        }
        next(p);
    }
    return fail(p, "it ends within options");
}

static bool take_number(struct parser *p, int64_t *out)
{
    bool minus = take_sign(p, '-');
    char text[24];
    char *end;

    if (p->kind != TOKEN_NUMBER || p->token.len >= sizeof(text))
        return fail(p, "a number was expected");
    memcpy(text, p->token.ptr, p->token.len);
    text[p->token.len] = '\0';
    *out = strtoll(text, &end, 0);
    if (*end != '\0')
        return fail(p, "a number was expected");
    *out = minus ? -*out : *out;
    next(p);
    return true;
}

static bool take_name(struct parser *p, struct span *out)
{
    if (p->kind != TOKEN_NAME)
        return fail(p, "a name was expected");
    *out = p->token;
    next(p);
    return true;
}

/* a.b.C, or .a.b.C, where there may be space between. */
static bool take_type_name(struct parser *p, struct span *out)
{
    struct textbuf text = {0};
    struct span name;
    bool good = true;

    if (at_sign(p, '.')) {
        textbuf_puts(&text, ".");
        next(p);
    }
    do {
        good = take_name(p, &name);
        if (good)
            textbuf_add(&text, name.ptr, name.len);
        if (good && at_sign(p, '.'))
            textbuf_puts(&text, ".");
    } while (good && take_sign(p, '.'));
    if (good)
        *out = scratch_copy(&p->pool->scratch, (struct span){text.text, text.len});
    textbuf_done(&text);
    return good;
}

static enum proto_type scalar_type(struct span name)
{
    static const struct {
        const char *name;
        enum proto_type type;
    } all[] = {{"double", PROTO_DOUBLE},     {"float", PROTO_FLOAT},   {"int64", PROTO_INT64},
               {"uint64", PROTO_UINT64},     {"int32", PROTO_INT32},   {"fixed64", PROTO_FIXED64},
               {"fixed32", PROTO_FIXED32},   {"bool", PROTO_BOOL},     {"string", PROTO_STRING},
               {"bytes", PROTO_BYTES},       {"uint32", PROTO_UINT32}, {"sfixed32", PROTO_SFIXED32},
               {"sfixed64", PROTO_SFIXED64}, {"sint32", PROTO_SINT32}, {"sint64", PROTO_SINT64}};

    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        if (span_is(name, all[i].name))
            return all[i].type;
    }
    return PROTO_NAMED;
}

static void set_type(struct proto_field *field, struct span name)
{
    field->type = scalar_type(name);
    if (field->type == PROTO_NAMED)
        field->type_name = name;
}

/* "= 5 [options]" */
static bool parse_number(struct parser *p, struct proto_field *field)
{
    int64_t number;

    if (!need_sign(p, '=', "= was expected") || !take_number(p, &number))
        return false;
    if (number < 1 || number > MAX_FIELD_NUMBER)
        return fail(p, "a field's number is out of range");
    field->number = (uint32_t)number;
    return !take_sign(p, '[') || skip_options(p, ']', &field->implicit);
}

static bool parse_map(struct parser *p, struct proto_message *message)
{
    struct proto_field *field = proto_add_field(p->pool, message);
    struct proto_message *entry;
    struct proto_field *key;
    struct proto_field *value;
    struct span key_type;
    struct span value_type;

    if (!need_sign(p, '<', "< was expected after map") || !take_name(p, &key_type) ||
        !need_sign(p, ',', "a comma was expected") || !take_type_name(p, &value_type) ||
        !need_sign(p, '>', "> was expected") || !take_name(p, &field->name) ||
        !parse_number(p, field))
        return false;
    entry = proto_add_entry(p->pool, message);
    key = proto_add_field(p->pool, entry);
    key->name = span_of("key");
    key->number = 1;
    key->implicit = true;
    set_type(key, key_type);
    value = proto_add_field(p->pool, entry);
    value->name = span_of("value");
    value->number = 2;
    value->implicit = true;
    set_type(value, value_type);
    if (key->type == PROTO_NAMED)
        return fail(p, "a map's key is of no scalar type");
    field->type = PROTO_MESSAGE;
    field->message = entry;
    field->repeated = field->map = true;
    field->implicit = false;
    return need_sign(p, ';', "; was expected");
}

/* group Name = 1 { ... }: a field of the name in lower case. */
static bool parse_group(struct parser *p, struct proto_message *message, struct proto_field *field)
{
    struct proto_message *group;
    struct span name;
    char *lower;

    if (!take_name(p, &name) || !parse_number(p, field))
        return false;
    group = proto_add_message(p->pool, p->file, message, name);
    group->group = true;
    lower = scratch_alloc(&p->pool->scratch, name.len);
    for (size_t i = 0; i < name.len; i++)
        lower[i] =
            (char)(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? name.ptr[i] + 32 : name.ptr[i]);
    field->name = (struct span){lower, name.len};
    field->type = PROTO_GROUP;
    field->message = group;
    field->implicit = false;
    return parse_message_body(p, group);
}

/* From its type on. */
static bool parse_field(struct parser *p, struct proto_message *message, bool repeated,
                        bool optional, uint32_t oneof)
{
    struct proto_field *field = proto_add_field(p->pool, message);
    struct span type;

    field->repeated = repeated;
    field->oneof = oneof;
    field->implicit = !repeated && !optional && oneof == 0 &&
                      (p->file->editions ? p->file->implicit : p->file->proto3);
    if (at_name(p, "group")) {
        next(p);
        return parse_group(p, message, field);
    }
    if (!take_type_name(p, &type) || !take_name(p, &field->name) || !parse_number(p, field))
        return false;
    set_type(field, type);
    return need_sign(p, ';', "; was expected");
}

static bool parse_oneof(struct parser *p, struct proto_message *message)
{
    uint32_t oneof = ++message->n_oneofs;
    struct span name;
    bool ignored;

    if (!take_name(p, &name) || !need_sign(p, '{', "{ was expected"))
        return false;
    while (!take_sign(p, '}')) {
        if (at_name(p, "option") ? !skip_options(p, ';', &ignored)
                                 : !parse_field(p, message, false, false, oneof))
            return false;
    }
    return true;
}

static bool parse_enum(struct parser *p, struct proto_message *parent)
{
    struct proto_enum *added;
    struct span name;

    if (!take_name(p, &name) || !need_sign(p, '{', "{ was expected"))
        return false;
    added = proto_add_enum(p->pool, p->file, parent, name);
    while (!take_sign(p, '}')) {
        struct proto_value *value;
        int64_t number;
        bool ignored;
        if (take_sign(p, ';'))
            continue;
        if (at_name(p, "option") || at_name(p, "reserved")) {
            if (!skip_options(p, ';', &ignored))
                return false;
            continue;
        }
        value = scratch_alloc(&p->pool->scratch, sizeof(*value));
        if (!take_name(p, &value->name) || !need_sign(p, '=', "= was expected") ||
            !take_number(p, &number) || (take_sign(p, '[') && !skip_options(p, ']', &ignored)) ||
            !need_sign(p, ';', "; was expected"))
            return false;
        value->name = scratch_copy(&p->pool->scratch, value->name);
        value->number = (int32_t)number;
        value->next = added->values;
        added->values = value;
    }
    return true;
}

static bool parse_message(struct parser *p, struct proto_message *parent)
{
    struct span name;

    return take_name(p, &name) &&
           parse_message_body(p, proto_add_message(p->pool, p->file, parent, name));
}

/* A word that begins a statement only when no type of that name could be meant. */
static bool begins(struct parser *p, const char *word, char other)
{
    struct parser ahead = *p;

    if (!at_name(p, word))
        return false;
    next(&ahead);
    if (other == '\0' ? ahead.kind != TOKEN_NAME : !at_sign(&ahead, other))
        return false;
    *p = ahead;
    return true;
}

static bool parse_element(struct parser *p, struct proto_message *message)
{
    bool repeated;
    bool ignored;

    if (take_sign(p, ';'))
        return true;
    if (begins(p, "message", '\0'))
        return parse_message(p, message);
    if (begins(p, "enum", '\0'))
        return parse_enum(p, message);
    if (begins(p, "oneof", '\0'))
        return parse_oneof(p, message);
    if (begins(p, "map", '<'))
        return parse_map(p, message);
    if (at_name(p, "option") || at_name(p, "extensions") || at_name(p, "reserved"))
        return skip_options(p, ';', &ignored);
    if (at_name(p, "extend"))
        return skip_statement(p);
    if (at_name(p, "optional") || at_name(p, "required") || at_name(p, "repeated")) {
        repeated = at_name(p, "repeated");
        next(p);
        return parse_field(p, message, repeated, !repeated, 0);
    }
    return parse_field(p, message, false, false, 0);
}

static bool parse_message_body(struct parser *p, struct proto_message *message)
{
    if (!need_sign(p, '{', "{ was expected"))
        return false;
    if (++p->depth > MAX_NESTING)
        return fail(p, "nested too deeply");
    while (!take_sign(p, '}')) {
        if (p->kind == TOKEN_END || p->kind == TOKEN_BAD)
            return fail(p, "it ends within a message");
        if (!parse_element(p, message))
            return false;
    }
    p->depth--;
    (void)take_sign(p, ';');
    return true;
}

static bool parse_statement(struct parser *p)
{
    if (take_sign(p, ';'))
        return true;
    if (at_name(p, "syntax") || at_name(p, "edition")) {
        p->file->editions = at_name(p, "edition");
        next(p);
        if (!need_sign(p, '=', "= was expected") || p->kind != TOKEN_TEXT)
            return fail(p, "a text was expected");
        p->file->proto3 = span_is(p->token, "proto3");
        next(p);
        return need_sign(p, ';', "; was expected");
    }
    if (at_name(p, "package")) {
        next(p);
        return take_type_name(p, &p->file->package) && need_sign(p, ';', "; was expected");
    }
    if (at_name(p, "option")) {
        next(p);
        return skip_options(p, ';', &p->file->implicit);
    }
    if (at_name(p, "message")) {
        next(p);
        return parse_message(p, NULL);
    }
    if (at_name(p, "enum")) {
        next(p);
        return parse_enum(p, NULL);
    }
    if (at_name(p, "import") || at_name(p, "service") || at_name(p, "extend"))
        return skip_statement(p);
    return fail(p, "a statement was expected");
}

bool proto_parse(struct proto_pool *pool, struct span text, struct proto_file *file,
                 struct textbuf *out_problem)
{
    struct span copy = scratch_copy(&pool->scratch, text);
    struct parser p = {
        .pool = pool, .file = file, .at = copy.ptr, .end = copy.ptr + copy.len, .line = 1};
    bool good = true;

    if (copy.len >= 3 && memcmp(copy.ptr, "\xef\xbb\xbf", 3) == 0)
        p.at += 3;
    next(&p);
    while (good && p.kind != TOKEN_END)
        good = parse_statement(&p);
    if (!good)
        textbuf_printf(out_problem, "line %d: %s", p.line, p.error);
    return good;
}
