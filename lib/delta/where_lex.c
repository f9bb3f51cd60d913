/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/where_lex.h"

#include "base/buf.h"
#include "base/utf8.h"

dw_status dwi_lexer_fail(const dwi_lexer *lexer, dwi_sv source, dw_status code, const char *reason,
                         dw_error *err)
{
    size_t at = (size_t)(source.ptr - lexer->sql.ptr);
    size_t character = 1;

    for (size_t i = 0; i < at; i++)
        character += ((uint8_t)lexer->sql.ptr[i] & 0xc0) != 0x80;
    if (source.len == 0)
        return dwi_err(err, code, "where: at the end: %s", reason);
    return dwi_err(err, code, "where: character %zu, %.*s: %s", character,
                   (int)(source.len > 60 ? dwi_utf8_cut(source.ptr, source.len, 60) : source.len),
                   source.ptr, reason);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (uint8_t)c >= 0x80;
}

static char at_or_nul(const dwi_lexer *lexer, size_t at)
{
    return at < lexer->sql.len ? lexer->sql.ptr[at] : '\0';
}

/* Digits of one code point after \u or \U; the bytes taken, 0: there are not enough. */
static size_t append_code_point(dwi_buf *out, dwi_sv rest, size_t digits)
{
    uint8_t utf8[4];
    uint32_t cp = 0;

    if (rest.len < digits)
        return 0;
    for (size_t i = 0; i < digits; i++) {
        int value = dwi_hex_value(rest.ptr[i]);
        if (value < 0)
            return 0;
        cp = cp << 4 | (uint32_t)value;
    }
    if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
        return 0;
    dwi_buf_append(out, utf8, dwi_utf8_encode(cp, utf8));
    return digits;
}

/* What follows a backslash, as Spark takes it; the bytes taken. */
static size_t append_escape(dwi_buf *out, dwi_sv rest)
{
    static const char from[] = "0bnrtZ";
    static const char to[] = "\0\b\n\r\t\x1a";
    const char *at = strchr(from, rest.ptr[0]);
    size_t taken = 0;

    if (rest.ptr[0] == 'u' || rest.ptr[0] == 'U')
        taken = append_code_point(out, (dwi_sv){rest.ptr + 1, rest.len - 1},
                                  rest.ptr[0] == 'u' ? 4 : 8);
    if (taken > 0)
        return taken + 1;
    if (rest.len >= 3 && (rest.ptr[0] == '0' || rest.ptr[0] == '1') && rest.ptr[1] >= '0' &&
        rest.ptr[1] <= '7' && rest.ptr[2] >= '0' && rest.ptr[2] <= '7') {
        dwi_buf_append_byte(out, (uint8_t)((rest.ptr[0] - '0') * 64 + (rest.ptr[1] - '0') * 8 +
                                           (rest.ptr[2] - '0')));
        return 3;
    }
    if (rest.ptr[0] == '%' || rest.ptr[0] == '_') /* for LIKE */
        dwi_buf_append_byte(out, '\\');
    dwi_buf_append_byte(out, rest.ptr[0] != '\0' && at != NULL ? (uint8_t)to[at - from]
                                                               : (uint8_t)rest.ptr[0]);
    return 1;
}

/* Up to the closing quote, two of which stand for one. */
static dw_status take_quoted(dwi_lexer *lexer, dwi_token *out, dw_error *err)
{
    size_t start = lexer->at;
    char quote = lexer->sql.ptr[lexer->at++];
    dw_status status = DW_OK;
    bool closed = false;
    dwi_buf text;

    dwi_buf_init(&text, lexer->arena->alloc);
    while (lexer->at < lexer->sql.len && !closed) {
        char c = lexer->sql.ptr[lexer->at++];
        dwi_sv rest = {lexer->sql.ptr + lexer->at, lexer->sql.len - lexer->at};
        if (c == quote && at_or_nul(lexer, lexer->at) == quote)
            lexer->at++;
        else if (c == quote)
            closed = true;
        else if (c == '\\' && quote != '`' && rest.len > 0) {
            lexer->at += append_escape(&text, rest);
            continue;
        }
        if (!closed)
            dwi_buf_append_byte(&text, (uint8_t)c);
    }
    out->kind = quote == '`' ? DWI_TOKEN_QUOTED : DWI_TOKEN_STRING;
    out->source = (dwi_sv){lexer->sql.ptr + start, lexer->at - start};
    if (!closed)
        status = dwi_lexer_fail(lexer, out->source, DW_E_ARG, "the closing quote is missing", err);
    else if (dwi_buf_cstr(&text) == NULL ||
             !dwi_arena_sv(lexer->arena, (dwi_sv){(const char *)text.data, text.len}, &out->text))
        status = dwi_err_nomem(err);
    else if (!dwi_utf8_valid(out->text.ptr, out->text.len))
        status = dwi_lexer_fail(lexer, out->source, DW_E_ARG, "is not UTF-8", err);
    dwi_buf_done(&text);
    return status;
}

static void take_digits(dwi_lexer *lexer)
{
    while (is_digit(at_or_nul(lexer, lexer->at)))
        lexer->at++;
}

/* 12 1.5 .5 1. 1e3, and the letters of a suffix. */
static void take_number(dwi_lexer *lexer)
{
    take_digits(lexer);
    if (at_or_nul(lexer, lexer->at) == '.') {
        lexer->at++;
        take_digits(lexer);
    }
    if ((at_or_nul(lexer, lexer->at) | 0x20) == 'e') {
        size_t digit = lexer->at + 1;
        digit += at_or_nul(lexer, digit) == '-' || at_or_nul(lexer, digit) == '+';
        if (is_digit(at_or_nul(lexer, digit))) {
            lexer->at = digit;
            take_digits(lexer);
        }
    }
    while (is_word(at_or_nul(lexer, lexer->at)))
        lexer->at++;
}

static size_t symbol_length(dwi_sv rest)
{
    static const char *const longer[] = {"<=>", "<=", ">=", "<>", "!=", "==", "||", "->", "::"};

    for (size_t i = 0; i < sizeof(longer) / sizeof(longer[0]); i++)
        if (dwi_sv_starts_with(rest, dwi_sv_cstr(longer[i])))
            return strlen(longer[i]);
    return 1;
}

dw_status dwi_lexer_next(dwi_lexer *lexer, dwi_token *out, dw_error *err)
{
    size_t start;
    char c;

    while (lexer->at < lexer->sql.len && is_space(lexer->sql.ptr[lexer->at]))
        lexer->at++;
    start = lexer->at;
    c = at_or_nul(lexer, start);
    if (c == '\'' || c == '"' || c == '`')
        return take_quoted(lexer, out, err);
    if (start == lexer->sql.len) {
        out->kind = DWI_TOKEN_END;
    } else if (is_digit(c) || (c == '.' && is_digit(at_or_nul(lexer, start + 1)))) {
        out->kind = DWI_TOKEN_NUMBER;
        take_number(lexer);
    } else if (is_word(c)) {
        out->kind = DWI_TOKEN_WORD;
        while (is_word(at_or_nul(lexer, lexer->at)))
            lexer->at++;
    } else {
        out->kind = DWI_TOKEN_SYMBOL;
        lexer->at += symbol_length((dwi_sv){lexer->sql.ptr + start, lexer->sql.len - start});
    }
    out->text = out->source = (dwi_sv){lexer->sql.ptr + start, lexer->at - start};
    return DW_OK;
}
