/* SPDX-License-Identifier: Apache-2.0 */
#include "common/ddl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/nearest.h"

enum { MAX_DEPTH = 64, MAX_PRECISION = 38, MAX_LENGTH = 1000000000 };

struct ddl {
    const char *text;
    const char *at;
    int depth;
    struct textbuf *out;
    struct textbuf *problem;
};

static const struct {
    const char *name;
    const char *delta;
} types[] = {
    {"boolean", "boolean"},
    {"bool", "boolean"},
    {"byte", "byte"},
    {"tinyint", "byte"},
    {"short", "short"},
    {"smallint", "short"},
    {"integer", "integer"},
    {"int", "integer"},
    {"long", "long"},
    {"bigint", "long"},
    {"float", "float"},
    {"real", "float"},
    {"double", "double"},
    {"string", "string"},
    {"text", "string"},
    {"binary", "binary"},
    {"date", "date"},
    {"timestamp", "timestamp"},
    {"timestamp_ltz", "timestamp"},
    {"timestamp_ntz", "timestamp_ntz"},
    {"variant", "variant"},
};

static const char *const made_types[] = {"decimal", "dec",   "numeric", "varchar",
                                         "char",    "array", "map",     "struct"};

static bool fail(struct ddl *d, const char *at, const char *reason)
{
    textbuf_printf(d->problem, "character %d: %s", (int)(at - d->text) + 1, reason);
    return false;
}

static void skip_blanks(struct ddl *d)
{
    while (isspace((unsigned char)*d->at))
        d->at++;
}

static bool take(struct ddl *d, char wanted)
{
    skip_blanks(d);
    if (*d->at != wanted)
        return false;
    d->at++;
    return true;
}

static bool need(struct ddl *d, char wanted)
{
    char reason[] = "'?' is wanted";

    if (take(d, wanted))
        return true;
    reason[1] = wanted;
    return fail(d, d->at, reason);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* The length of the word here. */
static size_t word(struct ddl *d)
{
    size_t len = 0;

    skip_blanks(d);
    while (is_word(d->at[len]))
        len++;
    return len;
}

static bool is(const char *text, size_t len, const char *wanted)
{
    return strlen(wanted) == len && strncasecmp(text, wanted, len) == 0;
}

static bool take_word(struct ddl *d, const char *wanted)
{
    size_t len = word(d);

    if (!is(d->at, len, wanted))
        return false;
    d->at += len;
    return true;
}

/* Text up to the closing `quote`, which stands for itself when doubled, as a JSON string. */
static bool take_quoted(struct ddl *d, char quote)
{
    const char *start = d->at++;
    struct textbuf text = {0};

    for (;; d->at++) {
        if (*d->at == '\0') {
            textbuf_done(&text);
            return fail(d, start, "a quote is not closed");
        }
        if (*d->at == quote && *++d->at != quote)
            break;
        textbuf_add(&text, d->at, 1);
    }
    textbuf_json_string(d->out, text.len == 0 ? "" : text.text, text.len);
    textbuf_done(&text);
    return true;
}

static bool name(struct ddl *d)
{
    size_t len = word(d);

    if (*d->at == '`')
        return take_quoted(d, '`');
    if (len == 0)
        return fail(d, d->at, "the name of a column is wanted");
    textbuf_json_string(d->out, d->at, len);
    d->at += len;
    return true;
}

static bool number(struct ddl *d, long max, long *out)
{
    char *end;

    skip_blanks(d);
    *out = strtol(d->at, &end, 10);
    if (!isdigit((unsigned char)*d->at) || *out > max)
        return fail(d, d->at, "a number is wanted, or it is too large");
    d->at = end;
    return true;
}

static bool type(struct ddl *d);
static bool fields(struct ddl *d, char end);

static bool decimal(struct ddl *d)
{
    long precision = 10;
    long scale = 0;
    const char *start = d->at;

    if (take(d, '(')) {
        if (!number(d, MAX_PRECISION, &precision) ||
            (take(d, ',') && !number(d, MAX_PRECISION, &scale)) || !need(d, ')'))
            return false;
        if (precision == 0 || scale > precision)
            return fail(d, start, "a decimal has 1 to 38 digits, and no more of them in its scale");
    }
    textbuf_printf(d->out, "\"decimal(%ld,%ld)\"", precision, scale);
    return true;
}

/* Spark keeps the length in the field's metadata: `note` is where that is gathered. */
static bool limited_text(struct ddl *d, const char *kind, struct textbuf *note)
{
    long length;

    if (!need(d, '(') || !number(d, MAX_LENGTH, &length) || !need(d, ')'))
        return false;
    textbuf_puts(d->out, "\"string\"");
    if (note != NULL)
        textbuf_printf(note, "\"__CHAR_VARCHAR_TYPE_STRING\":\"%s(%ld)\"", kind, length);
    return true;
}

static bool array_type(struct ddl *d)
{
    textbuf_puts(d->out, "{\"type\":\"array\",\"elementType\":");
    if (!need(d, '<') || !type(d) || !need(d, '>'))
        return false;
    textbuf_puts(d->out, ",\"containsNull\":true}");
    return true;
}

static bool map_type(struct ddl *d)
{
    textbuf_puts(d->out, "{\"type\":\"map\",\"keyType\":");
    if (!need(d, '<') || !type(d) || !need(d, ','))
        return false;
    textbuf_puts(d->out, ",\"valueType\":");
    if (!type(d) || !need(d, '>'))
        return false;
    textbuf_puts(d->out, ",\"valueContainsNull\":true}");
    return true;
}

static bool unknown_type(struct ddl *d, size_t len)
{
    struct textbuf reason = {0};
    struct nearest nearest;

    if (len == 0)
        return fail(d, d->at, "a type is wanted");
    nearest_begin(&nearest, d->at, len);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        nearest_offer(&nearest, types[i].name);
    for (size_t i = 0; i < sizeof(made_types) / sizeof(made_types[0]); i++)
        nearest_offer(&nearest, made_types[i]);
    textbuf_printf(&reason, "\"%.*s\" is no type", (int)len, d->at);
    if (nearest_found(&nearest) != NULL)
        textbuf_printf(&reason, ", did you mean %s?", nearest_found(&nearest));
    (void)fail(d, d->at, reason.text);
    textbuf_done(&reason);
    return false;
}

/* `note`: see limited_text(). */
static bool noted_type(struct ddl *d, struct textbuf *note)
{
    size_t len = word(d);
    const char *text = d->at;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (is(text, len, types[i].name)) {
            d->at += len;
            textbuf_printf(d->out, "\"%s\"", types[i].delta);
            return true;
        }
    }
    if (d->depth >= MAX_DEPTH)
        return fail(d, d->at, "types are nested too deeply");
    d->at += len;
    if (is(text, len, "decimal") || is(text, len, "dec") || is(text, len, "numeric"))
        return decimal(d);
    if (is(text, len, "varchar"))
        return limited_text(d, "varchar", note);
    if (is(text, len, "char"))
        return limited_text(d, "char", note);
    if (is(text, len, "array"))
        return array_type(d);
    if (is(text, len, "map"))
        return map_type(d);
    if (is(text, len, "struct"))
        return need(d, '<') && fields(d, '>') && need(d, '>');
    d->at = text;
    return unknown_type(d, len);
}

static bool type(struct ddl *d)
{
    bool known;

    d->depth++;
    known = noted_type(d, NULL);
    d->depth--;
    return known;
}

static bool field(struct ddl *d)
{
    struct textbuf note = {0};
    bool nullable = true;
    bool good;

    textbuf_puts(d->out, "{\"name\":");
    good = name(d);
    (void)take(d, ':');
    textbuf_puts(d->out, ",\"type\":");
    d->depth++;
    good = good && noted_type(d, &note);
    d->depth--;
    if (good && take_word(d, "not")) {
        nullable = false;
        if (!take_word(d, "null"))
            good = fail(d, d->at, "NULL is wanted after NOT");
    }
    textbuf_printf(d->out, ",\"nullable\":%s,\"metadata\":{", nullable ? "true" : "false");
    textbuf_add(d->out, note.len == 0 ? "" : note.text, note.len);
    if (good && take_word(d, "comment")) {
        textbuf_puts(d->out, note.len == 0 ? "\"comment\":" : ",\"comment\":");
        skip_blanks(d);
        good = *d->at == '\'' || *d->at == '"' ? take_quoted(d, *d->at)
                                               : fail(d, d->at, "a quoted text is wanted");
    }
    textbuf_puts(d->out, "}}");
    textbuf_done(&note);
    return good;
}

/* Up to `end`, which stays. */
static bool fields(struct ddl *d, char end)
{
    textbuf_puts(d->out, "{\"type\":\"struct\",\"fields\":[");
    for (int n = 0;; n++) {
        textbuf_puts(d->out, n == 0 ? "" : ",");
        if (!field(d))
            return false;
        if (!take(d, ','))
            break;
    }
    skip_blanks(d);
    if (*d->at != end)
        return fail(d, d->at, "a comma is wanted, NOT NULL, COMMENT, or the end");
    textbuf_puts(d->out, "]}");
    return true;
}

bool ddl_to_schema(const char *text, struct textbuf *out_json, struct textbuf *problem)
{
    struct ddl d = {.text = text, .at = text, .out = out_json, .problem = problem};

    return fields(&d, '\0');
}
