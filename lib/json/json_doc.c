/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json_doc.h"

#include "base/map.h"
#include "base/utf8.h"
#include "json/json_number.h"

struct dwi_json {
    dwi_json_kind kind;
    bool boolean;
    dwi_sv key;    /* as a member of an object */
    dwi_sv source; /* in the arena's copy of the text */
    dwi_sv text;   /* string: unescaped */
    size_t count;
    dwi_json *first;
    dwi_json *next;
};

typedef struct parser {
    dwi_arena *arena;
    const char *start;
    const char *at;
    const char *end;
    const char *what;
    int depth;
    dw_error *err;
} parser;

static dw_status broken(parser *p, const char *reason)
{
    return dwi_err(p->err, DW_E_CORRUPT, "%s: JSON: %s at byte %zu", p->what, reason,
                   (size_t)(p->at - p->start));
}

static void skip_space(parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t'))
        p->at++;
}

static bool take(parser *p, char c)
{
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

static bool take_word(parser *p, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(p->end - p->at) < len || memcmp(p->at, word, len) != 0)
        return false;
    p->at += len;
    return true;
}

/* The four digits after "\u". */
static bool take_hex4(parser *p, uint32_t *out)
{
    uint32_t value = 0;

    if (p->end - p->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = dwi_hex_value(p->at[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    p->at += 4;
    *out = value;
    return true;
}

static bool take_code_point(parser *p, uint32_t *out)
{
    uint32_t low;

    if (!take_hex4(p, out))
        return false;
    if (*out >= 0xD800 && *out < 0xDC00) {
        if (!take_word(p, "\\u") || !take_hex4(p, &low) || low < 0xDC00 || low > 0xDFFF)
            return false;
        *out = 0x10000 + ((*out - 0xD800) << 10) + (low - 0xDC00);
    }
    return *out < 0xDC00 || *out > 0xDFFF;
}

/* What comes after a backslash; `out` moves on. */
static bool take_escape(parser *p, char **out)
{
    static const char plain[] = "\"\\/bfnrt";
    static const char meaning[] = "\"\\/\b\f\n\r\t";
    const char *found;
    uint32_t cp;

    if (p->at == p->end || *p->at == '\0')
        return false;
    if (*p->at == 'u') {
        uint8_t bytes[4];
        size_t len;
        p->at++;
        if (!take_code_point(p, &cp))
            return false;
        len = dwi_utf8_encode(cp, bytes);
        memcpy(*out, bytes, len);
        *out += len;
        return true;
    }
    found = strchr(plain, *p->at);
    if (found == NULL)
        return false;
    p->at++;
    *(*out)++ = meaning[found - plain];
    return true;
}

/* Bytes to the closing quote, which the caller has seen the opening one of. */
static bool raw_length(const parser *p, size_t *out)
{
    for (const char *c = p->at; c < p->end; c++) {
        if (*c == '"') {
            *out = (size_t)(c - p->at);
            return true;
        }
        if (*c == '\\')
            c++;
    }
    return false;
}

static dw_status parse_text(parser *p, dwi_sv *out)
{
    size_t raw;
    char *copy;
    char *to;

    if (!take(p, '"'))
        return broken(p, "a string is expected");
    if (!raw_length(p, &raw))
        return broken(p, "the string does not end");
    copy = dwi_arena_alloc(p->arena, raw + 1); /* an escape is never longer than its text */
    if (copy == NULL)
        return dwi_err_nomem(p->err);
    to = copy;
    for (;;) {
        const char *run = p->at;
        while (p->at < p->end && *p->at != '"' && *p->at != '\\' && (unsigned char)*p->at >= 0x20)
            p->at++;
        memcpy(to, run, (size_t)(p->at - run));
        to += p->at - run;
        if (take(p, '"'))
            break;
        if (!take(p, '\\'))
            return broken(p, "a control character in a string");
        if (!take_escape(p, &to))
            return broken(p, "an invalid escape");
    }
    *to = '\0';
    out->ptr = copy;
    out->len = (size_t)(to - copy);
    return DW_OK;
}

/* Unlink members whose key comes again later. */
static dw_status drop_duplicates(parser *p, dwi_json *object)
{
    dwi_map last;
    dw_status status = DW_OK;
    dwi_json **link = &object->first;

    dwi_map_init(&last, p->arena->alloc, (uint64_t)(uintptr_t)p->start);
    for (dwi_json *member = object->first; member != NULL; member = member->next) {
        dwi_map_entry *entry = dwi_map_put(&last, member->key, NULL);
        if (entry == NULL)
            DWI_TRY(dwi_err_nomem(p->err));
        entry->value = member;
    }
    while (*link != NULL) {
        if (dwi_map_find(&last, (*link)->key)->value == *link) {
            link = &(*link)->next;
            continue;
        }
        *link = (*link)->next;
        object->count--;
    }
done:
    dwi_map_done(&last);
    return status;
}

/* Objects of a few members, nearly all, are compared pair by pair. */
static bool may_repeat_keys(const dwi_json *object)
{
    if (object->count > 24)
        return true;
    for (const dwi_json *a = object->first; a != NULL; a = a->next)
        for (const dwi_json *b = a->next; b != NULL; b = b->next)
            if (dwi_sv_eq(a->key, b->key))
                return true;
    return false;
}

static dw_status parse_value(parser *p, dwi_json *out);

static dw_status parse_member(parser *p, bool keyed, dwi_json **out)
{
    dwi_json *child = dwi_arena_zero(p->arena, sizeof(*child));
    dw_status status;

    if (child == NULL)
        return dwi_err_nomem(p->err);
    skip_space(p);
    if (keyed) {
        DWI_TRY(parse_text(p, &child->key));
        skip_space(p);
        if (!take(p, ':'))
            DWI_TRY(broken(p, "':' is expected"));
        skip_space(p);
    }
    DWI_TRY(parse_value(p, child));
    *out = child;
done:
    return status;
}

static dw_status parse_children(parser *p, dwi_json *out, bool keyed)
{
    char close = keyed ? '}' : ']';
    dwi_json **link = &out->first;
    dw_status status = DW_OK;

    if (++p->depth > DWI_JSON_MAX_DEPTH)
        DWI_TRY(broken(p, "nested too deep"));
    p->at++;
    skip_space(p);
    if (!take(p, close)) {
        do {
            DWI_TRY(parse_member(p, keyed, link));
            link = &(*link)->next;
            out->count++;
            skip_space(p);
        } while (take(p, ','));
        if (!take(p, close))
            DWI_TRY(broken(p, keyed ? "',' or '}' is expected" : "',' or ']' is expected"));
    }
    p->depth--;
    if (keyed && may_repeat_keys(out))
        DWI_TRY(drop_duplicates(p, out));
done:
    return status;
}

static dw_status parse_number(parser *p, dwi_json *out)
{
    size_t len = dwi_json_number_length((dwi_sv){p->at, (size_t)(p->end - p->at)});

    if (len == 0)
        return broken(p, "a value is expected");
    out->kind = DWI_JSON_NUMBER;
    p->at += len;
    return DW_OK;
}

static dw_status parse_value(parser *p, dwi_json *out)
{
    const char *start = p->at;
    dw_status status = DW_OK;

    if (p->at == p->end)
        return broken(p, "a value is expected");
    switch (*p->at) {
    case '{':
        out->kind = DWI_JSON_OBJECT;
        DWI_TRY(parse_children(p, out, true));
        break;
    case '[':
        out->kind = DWI_JSON_ARRAY;
        DWI_TRY(parse_children(p, out, false));
        break;
    case '"':
        out->kind = DWI_JSON_STRING;
        DWI_TRY(parse_text(p, &out->text));
        break;
    default:
        if (take_word(p, "true") || take_word(p, "false")) {
            out->kind = DWI_JSON_BOOL;
            out->boolean = *start == 't';
        } else if (take_word(p, "null")) {
            out->kind = DWI_JSON_NULL;
        } else {
            DWI_TRY(parse_number(p, out));
        }
    }
    out->source = (dwi_sv){start, (size_t)(p->at - start)};
done:
    return status;
}

dw_status dwi_json_parse(dwi_arena *arena, dwi_sv text, const char *what, const dwi_json **out,
                         dw_error *err)
{
    parser p = {.arena = arena, .what = what, .err = err};
    dwi_json *root;
    dwi_sv copy;
    dw_status status;

    if (!dwi_utf8_valid(text.ptr, text.len))
        return dwi_err(err, DW_E_CORRUPT, "%s: JSON: not valid UTF-8", what);
    root = dwi_arena_zero(arena, sizeof(*root));
    if (root == NULL || !dwi_arena_sv(arena, text, &copy))
        return dwi_err_nomem(err);
    p.start = p.at = copy.ptr;
    p.end = copy.ptr + copy.len;
    skip_space(&p);
    DWI_TRY(parse_value(&p, root));
    skip_space(&p);
    if (p.at != p.end)
        DWI_TRY(broken(&p, "text after the value"));
    *out = root;
done:
    return status;
}

dwi_json_kind dwi_json_kind_of(const dwi_json *value)
{
    return value->kind;
}

const dwi_json *dwi_json_get(const dwi_json *object, const char *key)
{
    dwi_sv name = dwi_sv_cstr(key);

    if (object == NULL || object->kind != DWI_JSON_OBJECT)
        return NULL;
    for (const dwi_json *member = object->first; member != NULL; member = member->next)
        if (dwi_sv_eq(member->key, name))
            return member;
    return NULL;
}

const dwi_json *dwi_json_first(const dwi_json *value)
{
    return value == NULL ? NULL : value->first;
}

const dwi_json *dwi_json_next(const dwi_json *value)
{
    return value->next;
}

dwi_sv dwi_json_key(const dwi_json *member)
{
    return member->key;
}

size_t dwi_json_count(const dwi_json *value)
{
    return value == NULL ? 0 : value->count;
}

bool dwi_json_as_string(const dwi_json *value, dwi_sv *out)
{
    if (value == NULL || value->kind != DWI_JSON_STRING)
        return false;
    *out = value->text;
    return true;
}

bool dwi_json_as_bool(const dwi_json *value, bool *out)
{
    if (value == NULL || value->kind != DWI_JSON_BOOL)
        return false;
    *out = value->boolean;
    return true;
}

bool dwi_json_as_i64(const dwi_json *value, int64_t *out)
{
    return value != NULL && value->kind == DWI_JSON_NUMBER &&
           dwi_json_number_to_i64(value->source, out);
}

bool dwi_json_as_double(const dwi_json *value, double *out)
{
    return value != NULL && value->kind == DWI_JSON_NUMBER &&
           dwi_json_number_to_double(value->source, out);
}

dwi_sv dwi_json_source(const dwi_json *value)
{
    return value->source;
}
