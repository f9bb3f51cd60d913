/* SPDX-License-Identifier: Apache-2.0 */
#include "records/json_lexer.h"

#include <stdint.h>

#include "common/utf8_text.h"
#include "records/json_tree.h"

bool json_lexer_fail(struct json_lexer *lexer, const char *at, const char *error)
{
    lexer->at = at;
    lexer->error = error;
    return false;
}

bool json_lexer_end(struct json_lexer *lexer)
{
    return json_lexer_fail(lexer, lexer->end, "unexpected end of the record");
}

void json_lexer_space(struct json_lexer *lexer)
{
    while (lexer->at < lexer->end &&
           (*lexer->at == ' ' || *lexer->at == '\n' || *lexer->at == '\r' || *lexer->at == '\t'))
        lexer->at++;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four hex digits; -1: not all are. */
static int32_t hex4(const char *p)
{
    int32_t value = 0;

    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Past the escape at p (a backslash); NULL with the error set. */
static const char *check_escape(struct json_lexer *lexer, const char *p)
{
    size_t left = (size_t)(lexer->end - p);
    int32_t unit;

    if (left >= 2 && p[1] != 'u' && p[1] != '\0' && strchr("\"\\/bfnrt", p[1]) != NULL)
        return p + 2;
    if (left < 2 || (p[1] == 'u' && left < 6)) {
        (void)json_lexer_end(lexer);
        return NULL;
    }
    unit = p[1] == 'u' ? hex4(p + 2) : -1;
    if (unit < 0) {
        (void)json_lexer_fail(lexer, p, "invalid escape in a string");
        return NULL;
    }
    if (unit < 0xD800 || unit > 0xDFFF)
        return p + 6;
    if (unit <= 0xDBFF && left >= 12 && p[6] == '\\' && p[7] == 'u') {
        int32_t low = hex4(p + 8);
        if (low >= 0xDC00 && low <= 0xDFFF)
            return p + 12;
    }
    (void)json_lexer_fail(lexer, p, "lone surrogate escape in a string");
    return NULL;
}

/* The first byte from p on that is a quote, a backslash or a control character. */
static const char *plain_end(const char *p, const char *end, bool *high)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = UINT64_C(0x8080808080808080);

    for (; end - p >= 8; p += 8) {
        uint64_t v;
        uint64_t quote;
        uint64_t backslash;
        memcpy(&v, p, sizeof(v));
        quote = v ^ (ones * '"');
        backslash = v ^ (ones * '\\');
        if (((((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
              ((v - ones * 0x20) & ~v)) &
             tops) != 0)
            break;
        *high = *high || (v & tops) != 0;
    }
    for (; p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20; p++)
        *high = *high || (unsigned char)*p >= 0x80;
    return p;
}

bool json_lexer_string(struct json_lexer *lexer, struct span *out, bool *escaped)
{
    const char *start = lexer->at;
    bool high = false;
    const char *p = plain_end(start, lexer->end, &high);

    *escaped = false;
    while (p < lexer->end && *p != '"') {
        if (*p != '\\')
            return json_lexer_fail(lexer, p, "control character in a string");
        p = check_escape(lexer, p);
        if (p == NULL)
            return false;
        *escaped = true;
        p = plain_end(p, lexer->end, &high);
    }
    *out = (struct span){start, (size_t)(p - start)};
    if (high) {
        size_t valid = utf8_valid(out->ptr, out->len);
        if (valid < out->len)
            return json_lexer_fail(lexer, start + valid, "invalid UTF-8");
    }
    if (p == lexer->end)
        return json_lexer_end(lexer);
    lexer->at = p + 1;
    return true;
}

static uint32_t escaped_char(const char *p, size_t *len)
{
    static const char from[] = "bfnrt";
    static const char to[] = "\b\f\n\r\t";
    const char *letter;
    uint32_t unit;

    *len = 2;
    if (p[1] != 'u') {
        letter = strchr(from, p[1]);
        return (unsigned char)(letter == NULL ? p[1] : to[letter - from]);
    }
    *len = 6;
    unit = (uint32_t)hex4(p + 2);
    if (unit < 0xD800 || unit > 0xDFFF)
        return unit;
    *len = 12;
    return 0x10000 + ((unit - 0xD800) << 10) + ((uint32_t)hex4(p + 8) - 0xDC00);
}

size_t json_unescape(struct span raw, char *out)
{
    const char *p = raw.ptr;
    const char *end = p + raw.len;
    char *to = out;

    while (p < end) {
        const char *backslash = memchr(p, '\\', (size_t)(end - p));
        size_t plain = (size_t)((backslash == NULL ? end : backslash) - p);
        size_t len;
        memcpy(to, p, plain);
        to += plain;
        p += plain;
        if (backslash == NULL)
            break;
        to += utf8_put(escaped_char(p, &len), to);
        p += len;
    }
    return (size_t)(to - out);
}

/* Past the digits at p. */
static const char *digits_end(const struct json_lexer *lexer, const char *p)
{
    while (p < lexer->end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

static bool bad_number(struct json_lexer *lexer, const char *p)
{
    return p == lexer->end ? json_lexer_end(lexer) : json_lexer_fail(lexer, p, "invalid number");
}

bool json_lexer_number(struct json_lexer *lexer, struct span *out)
{
    const char *start = lexer->at;
    const char *digits = start + (*start == '-');
    const char *p = digits_end(lexer, digits);

    if (p == digits)
        return bad_number(lexer, p);
    if (*digits == '0' && p - digits > 1)
        return json_lexer_fail(lexer, digits, "invalid number");
    if (p < lexer->end && *p == '.') {
        digits = p + 1;
        p = digits_end(lexer, digits);
        if (p == digits)
            return bad_number(lexer, p);
    }
    if (p < lexer->end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < lexer->end && (*p == '+' || *p == '-'))
            p++;
        digits = p;
        p = digits_end(lexer, digits);
        if (p == digits)
            return bad_number(lexer, p);
    }
    *out = (struct span){start, (size_t)(p - start)};
    lexer->at = p;
    return true;
}

bool json_lexer_literal(struct json_lexer *lexer, const char *literal)
{
    size_t len = strlen(literal);

    if ((size_t)(lexer->end - lexer->at) < len || memcmp(lexer->at, literal, len) != 0)
        return json_lexer_fail(lexer, lexer->at, "a value was expected");
    lexer->at += len;
    return true;
}

bool json_lexer_name(struct json_lexer *lexer, struct span *out, bool *escaped)
{
    if (lexer->at == lexer->end)
        return json_lexer_end(lexer);
    if (*lexer->at != '"')
        return json_lexer_fail(lexer, lexer->at, "a field name was expected");
    lexer->at++;
    if (!json_lexer_string(lexer, out, escaped))
        return false;
    json_lexer_space(lexer);
    if (lexer->at == lexer->end)
        return json_lexer_end(lexer);
    if (*lexer->at != ':')
        return json_lexer_fail(lexer, lexer->at, "a colon was expected");
    lexer->at++;
    json_lexer_space(lexer);
    return lexer->at < lexer->end || json_lexer_end(lexer);
}

bool json_lexer_next(struct json_lexer *lexer, bool object, bool *out_end)
{
    json_lexer_space(lexer);
    if (lexer->at == lexer->end)
        return json_lexer_end(lexer);
    *out_end = *lexer->at == (object ? '}' : ']');
    if (!*out_end && *lexer->at != ',')
        return json_lexer_fail(lexer, lexer->at,
                               object ? "a comma or } was expected" : "a comma or ] was expected");
    lexer->at++;
    if (!*out_end) {
        json_lexer_space(lexer);
        if (lexer->at == lexer->end)
            return json_lexer_end(lexer);
    }
    return true;
}

bool json_lexer_enter(struct json_lexer *lexer, int depth, bool *out_end)
{
    char close = *lexer->at == '{' ? '}' : ']';

    if (depth >= JSON_MAX_DEPTH)
        return json_lexer_fail(lexer, lexer->at, "nested deeper than 1,000 levels");
    lexer->at++;
    json_lexer_space(lexer);
    if (lexer->at == lexer->end)
        return json_lexer_end(lexer);
    *out_end = *lexer->at == close;
    if (*out_end)
        lexer->at++;
    return true;
}

static bool skip_container(struct json_lexer *lexer, int depth)
{
    bool object = *lexer->at == '{';
    struct span name;
    bool escaped;
    bool end;

    if (!json_lexer_enter(lexer, depth, &end))
        return false;
    while (!end) {
        if ((object && !json_lexer_name(lexer, &name, &escaped)) ||
            !json_lexer_skip(lexer, depth + 1) || !json_lexer_next(lexer, object, &end))
            return false;
    }
    return true;
}

bool json_lexer_skip(struct json_lexer *lexer, int depth)
{
    struct span text;
    bool escaped;

    if (lexer->at == lexer->end)
        return json_lexer_end(lexer);
    switch (*lexer->at) {
    case '{':
    case '[':
        return skip_container(lexer, depth);
    case '"':
        lexer->at++;
        return json_lexer_string(lexer, &text, &escaped);
    case 't':
        return json_lexer_literal(lexer, "true");
    case 'f':
        return json_lexer_literal(lexer, "false");
    case 'n':
        return json_lexer_literal(lexer, "null");
    default:
        if (*lexer->at != '-' && (*lexer->at < '0' || *lexer->at > '9'))
            return json_lexer_fail(lexer, lexer->at, "a value was expected");
        return json_lexer_number(lexer, &text);
    }
}
