/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/where_ast.h"

#include <stdio.h>

#include "base/utf8.h"
#include "delta/where_lex.h"

typedef struct parser {
    dwi_lexer lexer;
    dwi_token token; /* the next one */
    int depth;
} parser;

static dw_status read_or(parser *in, dwi_ast **out, dw_error *err);

static dw_status fail(const parser *in, dw_status code, const char *reason, dw_error *err)
{
    return dwi_lexer_fail(&in->lexer, in->token.source, code, reason, err);
}

static dw_status advance(parser *in, dw_error *err)
{
    return dwi_lexer_next(&in->lexer, &in->token, err);
}

static bool is_keyword(const parser *in, const char *word)
{
    return in->token.kind == DWI_TOKEN_WORD && dwi_sv_eq_nocase(in->token.text, dwi_sv_cstr(word));
}

static bool is_symbol(const parser *in, const char *symbol)
{
    return in->token.kind == DWI_TOKEN_SYMBOL && dwi_sv_eq_cstr(in->token.text, symbol);
}

static dw_status expect_symbol(parser *in, const char *symbol, const char *reason, dw_error *err)
{
    if (!is_symbol(in, symbol))
        return fail(in, DW_E_ARG, reason, err);
    return advance(in, err);
}

/* `*out` and the token moved on when it is the word. */
static dw_status take_keyword(parser *in, const char *word, bool *out, dw_error *err)
{
    *out = is_keyword(in, word);
    return *out ? advance(in, err) : DW_OK;
}

static dw_status new_node(parser *in, dwi_ast_kind kind, dwi_ast *first, dwi_ast **out,
                          dw_error *err)
{
    dwi_ast *node = dwi_arena_zero(in->lexer.arena, sizeof(*node));

    if (node == NULL)
        return dwi_err_nomem(err);
    node->kind = kind;
    node->first = first;
    *out = node;
    return DW_OK;
}

static dw_status negate(parser *in, bool negated, dwi_ast **node, dw_error *err)
{
    return negated ? new_node(in, DWI_AST_NOT, *node, node, err) : DW_OK;
}

/* ---- literals ---- */

static bool ends_with_nocase(dwi_sv text, const char *suffix)
{
    size_t len = strlen(suffix);

    return text.len > len &&
           dwi_sv_eq_nocase((dwi_sv){text.ptr + text.len - len, len}, dwi_sv_cstr(suffix));
}

static bool has_exponent(dwi_sv text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((text.ptr[i] | 0x20) == 'e')
            return true;
    return false;
}

/* A number without its sign, as Spark types it by point, exponent and suffix. */
static bool number_of(dwi_sv text, dwi_value *out)
{
    static const struct {
        const char *suffix;
        dwi_type type;
    } suffixes[] = {
        {"bd", {.kind = DWI_DECIMAL, .precision = 38}},
        {"l", {.kind = DWI_LONG}},
        {"s", {.kind = DWI_SHORT}},
        {"y", {.kind = DWI_BYTE}},
        {"d", {.kind = DWI_DOUBLE}},
        {"f", {.kind = DWI_FLOAT}},
    };
    static const dwi_type floating = {.kind = DWI_DOUBLE};
    static const dwi_type integer = {.kind = DWI_LONG};

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        dwi_sv digits = {text.ptr, text.len - strlen(suffixes[i].suffix)};
        if (!ends_with_nocase(text, suffixes[i].suffix))
            continue;
        if (suffixes[i].type.kind == DWI_DECIMAL)
            return dwi_value_parse_decimal(digits, out);
        return dwi_value_cast_text(digits, &suffixes[i].type, out);
    }
    if (has_exponent(text))
        return dwi_value_cast_text(text, &floating, out);
    return dwi_value_cast_text(text, &integer, out) || dwi_value_parse_decimal(text, out);
}

/* The token is a number. A minus belongs to it: the least integers have no positive counterpart. */
static dw_status read_number(parser *in, bool minus, dwi_ast *node, dw_error *err)
{
    dwi_sv text = in->token.text;
    char *spelt = dwi_arena_alloc(in->lexer.arena, text.len + 1);

    if (spelt == NULL)
        return dwi_err_nomem(err);
    spelt[0] = '-';
    memcpy(spelt + 1, text.ptr, text.len);
    if (!number_of((dwi_sv){spelt + !minus, text.len + minus}, &node->value))
        return fail(in, DW_E_ARG, "no number that can be compared", err);
    return advance(in, err);
}

/* The token is the text of a literal or CAST of this type. */
static dw_status cast_token(parser *in, const dwi_type *type, dwi_ast *node, dw_error *err)
{
    dw_status status = DW_E_ARG;
    char reason[80];
    dwi_buf name;

    if (dwi_value_cast_text(in->token.text, type, &node->value))
        return advance(in, err);
    dwi_buf_init(&name, in->lexer.arena->alloc);
    dwi_type_append_name(&name, type);
    if (dwi_buf_cstr(&name) == NULL) {
        status = dwi_err_nomem(err);
    } else {
        (void)snprintf(reason, sizeof(reason), "no value of type %s", (const char *)name.data);
        status = fail(in, DW_E_ARG, reason, err);
    }
    dwi_buf_done(&name);
    return status;
}

static dw_status read_hex(parser *in, dwi_ast *node, dw_error *err)
{
    dwi_sv digits = in->token.text;
    uint8_t *bytes = dwi_arena_alloc(in->lexer.arena, digits.len / 2 + 1);

    if (bytes == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i + 1 < digits.len; i += 2) {
        int high = dwi_hex_value(digits.ptr[i]);
        int low = dwi_hex_value(digits.ptr[i + 1]);
        if (high < 0 || low < 0)
            return fail(in, DW_E_ARG, "no hexadecimal digits", err);
        bytes[i / 2] = (uint8_t)(high * 16 + low);
    }
    if (digits.len % 2 != 0)
        return fail(in, DW_E_ARG, "an odd number of hexadecimal digits", err);
    node->value =
        (dwi_value){.kind = DWI_VALUE_BYTES, .bytes = {(const char *)bytes, digits.len / 2}};
    return advance(in, err);
}

typedef struct type_name {
    const char *name;
    dwi_type_kind kind;
} type_name;

static const type_name type_names[] = {
    {"boolean", DWI_BOOLEAN},
    {"tinyint", DWI_BYTE},
    {"byte", DWI_BYTE},
    {"smallint", DWI_SHORT},
    {"short", DWI_SHORT},
    {"int", DWI_INTEGER},
    {"integer", DWI_INTEGER},
    {"bigint", DWI_LONG},
    {"long", DWI_LONG},
    {"float", DWI_FLOAT},
    {"real", DWI_FLOAT},
    {"double", DWI_DOUBLE},
    {"decimal", DWI_DECIMAL},
    {"dec", DWI_DECIMAL},
    {"numeric", DWI_DECIMAL},
    {"string", DWI_STRING},
    {"binary", DWI_BINARY},
    {"date", DWI_DATE},
    {"timestamp", DWI_TIMESTAMP},
    {"timestamp_ltz", DWI_TIMESTAMP},
    {"timestamp_ntz", DWI_TIMESTAMP_NTZ},
};

static const type_name *find_type(dwi_sv word)
{
    for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++)
        if (dwi_sv_eq_nocase(word, dwi_sv_cstr(type_names[i].name)))
            return &type_names[i];
    return NULL;
}

/* A small number of a type: (10) or (10, 2). */
static dw_status read_digits(parser *in, uint8_t *out, dw_error *err)
{
    int64_t value = -1;

    if (in->token.kind != DWI_TOKEN_NUMBER || !dwi_sv_to_i64(in->token.text, &value) || value > 38)
        return fail(in, DW_E_ARG, "expected a number up to 38", err);
    *out = (uint8_t)value;
    return advance(in, err);
}

static dw_status read_type(parser *in, dwi_type *out, dw_error *err)
{
    const type_name *found = in->token.kind == DWI_TOKEN_WORD ? find_type(in->token.text) : NULL;
    dw_status status;

    if (found == NULL)
        return fail(in, DW_E_ARG, "expected a type", err);
    *out = (dwi_type){.kind = found->kind};
    DWI_TRY(advance(in, err));
    if (out->kind != DWI_DECIMAL)
        return DW_OK;
    out->precision = 10;
    if (!is_symbol(in, "("))
        return DW_OK;
    DWI_TRY(advance(in, err));
    DWI_TRY(read_digits(in, &out->precision, err));
    if (is_symbol(in, ",")) {
        DWI_TRY(advance(in, err));
        DWI_TRY(read_digits(in, &out->scale, err));
    }
    if (out->precision == 0 || out->scale > out->precision)
        return fail(in, DW_E_ARG, "a decimal has 1 to 38 digits, and no larger scale", err);
    status = expect_symbol(in, ")", "expected )", err);
done:
    return status;
}

/* The number that is cast, as text with its sign. */
static dw_status spell_number(parser *in, bool minus, const dwi_type *type, dw_error *err)
{
    dwi_sv text = in->token.text;
    char *spelt;

    if (type->kind >= DWI_BINARY && type->kind <= DWI_TIMESTAMP_NTZ)
        return fail(in, DW_E_UNSUPPORTED, "a number cannot be cast to this type", err);
    if (!minus)
        return DW_OK;
    spelt = dwi_arena_alloc(in->lexer.arena, text.len + 1);
    if (spelt == NULL)
        return dwi_err_nomem(err);
    spelt[0] = '-';
    memcpy(spelt + 1, text.ptr, text.len);
    in->token.text = (dwi_sv){spelt, text.len + 1};
    return DW_OK;
}

/* CAST(literal AS type), or type(literal) with `type` given; the token is what follows the
 * parenthesis. */
static dw_status read_cast(parser *in, const type_name *given, dwi_ast *node, dw_error *err)
{
    dwi_type type = {.kind = given == NULL ? DWI_VOID : given->kind, .precision = 10};
    bool minus = is_symbol(in, "-");
    bool null = is_keyword(in, "null");
    dw_status status = DW_OK;
    parser after;

    if (minus)
        DWI_TRY(advance(in, err));
    if (!null && in->token.kind != DWI_TOKEN_NUMBER &&
        (minus || in->token.kind != DWI_TOKEN_STRING))
        return fail(in, DW_E_UNSUPPORTED, "only literals can be cast", err);
    after = *in;
    DWI_TRY(advance(&after, err));
    if (given == NULL) {
        if (!is_keyword(&after, "as"))
            return fail(&after, DW_E_ARG, "expected AS", err);
        DWI_TRY(advance(&after, err));
        DWI_TRY(read_type(&after, &type, err));
    }
    DWI_TRY(expect_symbol(&after, ")", "expected )", err));
    if (in->token.kind == DWI_TOKEN_NUMBER)
        DWI_TRY(spell_number(in, minus, &type, err));
    if (null)
        node->value = (dwi_value){.kind = DWI_VALUE_NULL};
    else
        DWI_TRY(cast_token(in, &type, node, err));
    *in = after;
done:
    return status;
}

/* ---- values ---- */

static bool is_name(const parser *in)
{
    return in->token.kind == DWI_TOKEN_WORD || in->token.kind == DWI_TOKEN_QUOTED;
}

/* name.name...; the token is the first of them. */
static dw_status read_column(parser *in, dwi_ast *node, dw_error *err)
{
    const char *start = in->token.source.ptr;
    const char *end = start;
    parser ahead = *in;
    dw_status status;
    size_t n = 0;

    node->kind = DWI_AST_COLUMN;
    for (bool more = true; more; n++) { /* counted first */
        if (!is_name(&ahead))
            return fail(&ahead, DW_E_ARG, "expected the name of a field", err);
        end = ahead.token.source.ptr + ahead.token.source.len;
        DWI_TRY(advance(&ahead, err));
        more = is_symbol(&ahead, ".");
        if (more)
            DWI_TRY(advance(&ahead, err));
    }
    if (is_symbol(&ahead, "("))
        return fail(in, DW_E_UNSUPPORTED, "functions are not supported", err);
    if (is_symbol(&ahead, "["))
        return fail(&ahead, DW_E_UNSUPPORTED, "elements of arrays and maps are not supported", err);
    node->names = dwi_arena_array(in->lexer.arena, n, sizeof(*node->names));
    if (node->names == NULL)
        return dwi_err_nomem(err);
    while (node->n_names < n) {
        node->names[node->n_names++] = in->token.text;
        DWI_TRY(advance(in, err));
        if (node->n_names < n)
            DWI_TRY(advance(in, err));
    }
    node->source = (dwi_sv){start, (size_t)(end - start)};
done:
    return status;
}

/* Keywords that no column is called without backticks. */
static bool is_reserved(const parser *in)
{
    static const char *const words[] = {"and",  "or",      "not",    "in",   "is",
                                        "like", "between", "escape", "case", "exists"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (is_keyword(in, words[i]))
            return true;
    return false;
}

/* DATE '...', DATE('...') and the like; `*out` false, nothing read: the token is a plain name. */
static dw_status read_typed_literal(parser *in, dwi_ast *node, bool *out, dw_error *err)
{
    const type_name *found = find_type(in->token.text);
    bool timely = found != NULL && found->kind >= DWI_DATE && found->kind <= DWI_TIMESTAMP_NTZ;
    parser ahead = *in;
    dw_status status;

    *out = false;
    DWI_TRY(advance(&ahead, err));
    if (is_symbol(&ahead, "(") && (found != NULL || is_keyword(in, "cast"))) {
        DWI_TRY(advance(&ahead, err));
        *in = ahead;
        *out = true;
        return read_cast(in, found, node, err);
    }
    if (ahead.token.kind != DWI_TOKEN_STRING || (!timely && !is_keyword(in, "x")))
        return DW_OK;
    *out = true;
    *in = ahead;
    if (!timely)
        return read_hex(in, node, err);
    status = cast_token(in, &(dwi_type){.kind = found->kind}, node, err);
done:
    return status;
}

static dw_status read_word(parser *in, dwi_ast *node, dw_error *err)
{
    bool null = is_keyword(in, "null");
    bool yes = is_keyword(in, "true");
    bool literal = false;
    dw_status status;

    if (is_reserved(in))
        return fail(in, DW_E_ARG, "expected a column or a literal", err);
    if (null || yes || is_keyword(in, "false")) {
        node->value = (dwi_value){.kind = null ? DWI_VALUE_NULL : DWI_VALUE_BOOLEAN, .as.i = yes};
        return advance(in, err);
    }
    DWI_TRY(read_typed_literal(in, node, &literal, err));
    if (!literal)
        status = read_column(in, node, err);
done:
    return status;
}

static dw_status read_plain_value(parser *in, dwi_ast *node, dw_error *err)
{
    bool minus = is_symbol(in, "-");
    dw_status status;

    if (minus || is_symbol(in, "+")) {
        DWI_TRY(advance(in, err));
        if (in->token.kind != DWI_TOKEN_NUMBER)
            return fail(in, DW_E_ARG, "expected a number after the sign", err);
    }
    switch (in->token.kind) {
    case DWI_TOKEN_NUMBER:
        return read_number(in, minus, node, err);
    case DWI_TOKEN_STRING:
        node->value = (dwi_value){.kind = DWI_VALUE_TEXT, .bytes = in->token.text};
        return advance(in, err);
    case DWI_TOKEN_QUOTED:
        return read_column(in, node, err);
    case DWI_TOKEN_WORD:
        return read_word(in, node, err);
    default:
        return fail(in, DW_E_ARG, "expected a column or a literal", err);
    }
done:
    return status;
}

/* A value, or a condition in parentheses. */
static dw_status read_primary(parser *in, dwi_ast **out, dw_error *err)
{
    const char *start = in->token.source.ptr;
    dwi_ast *node = NULL;
    dw_status status;

    if (is_symbol(in, "(")) {
        if (++in->depth > DWI_WHERE_MAX_DEPTH)
            return fail(in, DW_E_UNSUPPORTED, "parentheses are nested too deeply", err);
        DWI_TRY(advance(in, err));
        DWI_TRY(read_or(in, out, err));
        in->depth--;
        return expect_symbol(in, ")", "expected ) or an operator", err);
    }
    DWI_TRY(new_node(in, DWI_AST_LITERAL, NULL, &node, err));
    DWI_TRY(read_plain_value(in, node, err));
    if (node->kind == DWI_AST_LITERAL)
        node->source = (dwi_sv){start, (size_t)(in->token.source.ptr - start)};
    while (node->source.len > 0 && node->source.ptr[node->source.len - 1] == ' ')
        node->source.len--;
    *out = node;
done:
    return status;
}

/* ---- comparisons ---- */

static bool is_value(const dwi_ast *node)
{
    return node->kind == DWI_AST_LITERAL || node->kind == DWI_AST_COLUMN;
}

static dw_status expect_value(const parser *in, const dwi_ast *node, dw_error *err)
{
    if (is_value(node))
        return DW_OK;
    return fail(in, DW_E_UNSUPPORTED, "what is compared must be a column or a literal", err);
}

static bool find_op(const parser *in, dwi_ast_op *out)
{
    static const struct {
        const char *symbol;
        dwi_ast_op op;
    } ops[] = {
        {"=", DWI_AST_EQ},  {"==", DWI_AST_EQ}, {"!=", DWI_AST_NE},
        {"<>", DWI_AST_NE}, {"<", DWI_AST_LT},  {"<=", DWI_AST_LE},
        {">", DWI_AST_GT},  {">=", DWI_AST_GE}, {"<=>", DWI_AST_SAME},
    };

    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        if (is_symbol(in, ops[i].symbol)) {
            *out = ops[i].op;
            return true;
        }
    return false;
}

static dw_status refuse_arithmetic(const parser *in, dw_error *err)
{
    static const char *const symbols[] = {"+", "-", "*", "/", "%", "||", "&", "|", "^", "~", "::"};

    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
        if (is_symbol(in, symbols[i]))
            return fail(in, DW_E_UNSUPPORTED, "arithmetic is not supported", err);
    return DW_OK;
}

/* The right side of a comparison: one value, maybe in parentheses. */
static dw_status read_operand(parser *in, dwi_ast **out, dw_error *err)
{
    parser before = *in;
    dw_status status;

    DWI_TRY(read_primary(in, out, err));
    DWI_TRY(expect_value(&before, *out, err));
    status = refuse_arithmetic(in, err);
done:
    return status;
}

static dw_status compare_with(parser *in, dwi_ast_op op, dwi_ast *left, dwi_ast **out,
                              dw_error *err)
{
    dwi_ast *copy = dwi_arena_dup(in->lexer.arena, left, sizeof(*left));
    dw_status status;

    if (copy == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(new_node(in, DWI_AST_COMPARE, copy, out, err));
    (*out)->op = op;
    status = read_operand(in, &copy->next, err);
done:
    return status;
}

static dw_status read_between(parser *in, dwi_ast *left, dwi_ast **out, dw_error *err)
{
    dwi_ast *from = NULL;
    dw_status status;

    DWI_TRY(compare_with(in, DWI_AST_GE, left, &from, err));
    if (!is_keyword(in, "and"))
        return fail(in, DW_E_ARG, "expected AND of BETWEEN", err);
    DWI_TRY(advance(in, err));
    DWI_TRY(compare_with(in, DWI_AST_LE, left, &from->next, err));
    status = new_node(in, DWI_AST_AND, from, out, err);
done:
    return status;
}

static dw_status read_list(parser *in, dwi_ast *left, dwi_ast **out, dw_error *err)
{
    dwi_ast **tail = &left->next;
    dw_status status;
    parser before;

    DWI_TRY(new_node(in, DWI_AST_IN, left, out, err));
    DWI_TRY(expect_symbol(in, "(", "expected ( of IN", err));
    do {
        if (tail != &left->next)
            DWI_TRY(advance(in, err));
        before = *in;
        DWI_TRY(read_operand(in, tail, err));
        if ((*tail)->kind != DWI_AST_LITERAL)
            return fail(&before, DW_E_UNSUPPORTED, "the list of IN must be of literals", err);
        tail = &(*tail)->next;
    } while (is_symbol(in, ","));
    status = expect_symbol(in, ")", "expected , or ) of IN", err);
done:
    return status;
}

static dw_status read_like(parser *in, dwi_ast *left, dwi_ast **out, dw_error *err)
{
    parser before = *in;
    bool escape = false;
    dw_status status;

    DWI_TRY(new_node(in, DWI_AST_LIKE, left, out, err));
    (*out)->escape = '\\';
    DWI_TRY(read_operand(in, &left->next, err));
    if (left->next->kind != DWI_AST_LITERAL ||
        (left->next->value.kind != DWI_VALUE_TEXT && left->next->value.kind != DWI_VALUE_NULL))
        return fail(&before, DW_E_UNSUPPORTED, "the pattern of LIKE must be a text", err);
    DWI_TRY(take_keyword(in, "escape", &escape, err));
    if (!escape)
        return DW_OK;
    if (in->token.kind != DWI_TOKEN_STRING || in->token.text.len != 1 ||
        (uint8_t)in->token.text.ptr[0] >= 0x80)
        return fail(in, DW_E_ARG, "expected one ASCII character in quotes", err);
    (*out)->escape = (uint8_t)in->token.text.ptr[0];
    status = advance(in, err);
done:
    return status;
}

/* What follows IS. */
static dw_status read_is(parser *in, dwi_ast *left, dwi_ast **out, dw_error *err)
{
    dwi_ast_kind kind;
    bool negated = false;
    dw_status status;

    DWI_TRY(take_keyword(in, "not", &negated, err));
    if (is_keyword(in, "null") || is_keyword(in, "unknown"))
        kind = DWI_AST_IS_NULL;
    else if (is_keyword(in, "true"))
        kind = DWI_AST_IS_TRUE;
    else if (is_keyword(in, "false"))
        kind = DWI_AST_IS_FALSE;
    else
        return fail(in, DW_E_ARG, "expected [NOT] NULL, TRUE, FALSE or UNKNOWN", err);
    DWI_TRY(advance(in, err));
    DWI_TRY(new_node(in, kind, left, out, err));
    status = negate(in, negated, out, err);
done:
    return status;
}

/* value [NOT] IN, LIKE, BETWEEN; `*out` untouched when none follows. */
static dw_status read_predicate(parser *in, dwi_ast *left, dwi_ast **out, dw_error *err)
{
    parser start = *in;
    bool negated = false;
    bool found = false;
    dw_status status;

    DWI_TRY(take_keyword(in, "not", &negated, err));
    if (is_keyword(in, "in") || is_keyword(in, "like") || is_keyword(in, "between"))
        DWI_TRY(expect_value(&start, left, err));
    DWI_TRY(take_keyword(in, "in", &found, err));
    if (found)
        DWI_TRY(read_list(in, left, out, err));
    else {
        DWI_TRY(take_keyword(in, "like", &found, err));
        if (found)
            DWI_TRY(read_like(in, left, out, err));
    }
    if (!found) {
        DWI_TRY(take_keyword(in, "between", &found, err));
        if (found)
            DWI_TRY(read_between(in, left, out, err));
    }
    if (!found && negated)
        return fail(in, DW_E_ARG, "expected IN, LIKE or BETWEEN after NOT", err);
    status = negate(in, negated, out, err);
done:
    return status;
}

static dw_status read_comparison(parser *in, dwi_ast **out, dw_error *err)
{
    parser start = *in;
    bool is = false;
    dw_status status;
    dwi_ast_op op;

    DWI_TRY(read_primary(in, out, err));
    DWI_TRY(refuse_arithmetic(in, err));
    if (find_op(in, &op)) {
        DWI_TRY(expect_value(&start, *out, err));
        DWI_TRY(advance(in, err));
        DWI_TRY(compare_with(in, op, *out, out, err));
    } else {
        DWI_TRY(read_predicate(in, *out, out, err));
    }
    DWI_TRY(take_keyword(in, "is", &is, err));
    if (is)
        DWI_TRY(read_is(in, *out, out, err));
    if (find_op(in, &op) || is_keyword(in, "is"))
        return fail(in, DW_E_UNSUPPORTED, "a condition is not to be compared again", err);
done:
    return status;
}

/* ---- conditions ---- */

static dw_status read_not(parser *in, dwi_ast **out, dw_error *err)
{
    bool negated = false;
    bool more = true;
    dw_status status;

    while (more) {
        DWI_TRY(take_keyword(in, "not", &more, err));
        if (more)
            negated = !negated;
    }
    DWI_TRY(read_comparison(in, out, err));
    status = negate(in, negated, out, err);
done:
    return status;
}

/* Conditions with one word between them. */
static dw_status read_joined(parser *in, const char *word, dwi_ast_kind kind,
                             dw_status (*part)(parser *, dwi_ast **, dw_error *), dwi_ast **out,
                             dw_error *err)
{
    dwi_ast *first = NULL;
    dwi_ast **tail;
    bool more = false;
    dw_status status;

    DWI_TRY(part(in, &first, err));
    DWI_TRY(take_keyword(in, word, &more, err));
    *out = first;
    if (!more)
        return DW_OK;
    DWI_TRY(new_node(in, kind, first, out, err));
    for (tail = &first->next; more; tail = &(*tail)->next) {
        DWI_TRY(part(in, tail, err));
        DWI_TRY(take_keyword(in, word, &more, err));
    }
done:
    return status;
}

static dw_status read_and(parser *in, dwi_ast **out, dw_error *err)
{
    return read_joined(in, "and", DWI_AST_AND, read_not, out, err);
}

static dw_status read_or(parser *in, dwi_ast **out, dw_error *err)
{
    return read_joined(in, "or", DWI_AST_OR, read_and, out, err);
}

dw_status dwi_where_read(dwi_arena *arena, dwi_sv sql, const dwi_ast **out, dw_error *err)
{
    parser in = {.lexer = {.arena = arena, .sql = sql}};
    dwi_ast *root = NULL;
    dw_status status;

    if (sql.len > DWI_WHERE_MAX_BYTES)
        return dwi_err(err, DW_E_UNSUPPORTED, "where: more than %d bytes", DWI_WHERE_MAX_BYTES);
    if (!dwi_utf8_valid(sql.ptr, sql.len) || memchr(sql.ptr, '\0', sql.len) != NULL)
        return dwi_err(err, DW_E_ARG, "where: not UTF-8 text");
    DWI_TRY(advance(&in, err));
    DWI_TRY(read_or(&in, &root, err));
    if (in.token.kind != DWI_TOKEN_END)
        return fail(&in, DW_E_ARG, "expected AND, OR or the end", err);
    *out = root;
done:
    return status;
}
