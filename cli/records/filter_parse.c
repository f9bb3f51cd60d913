/* SPDX-License-Identifier: Apache-2.0 */
/* condition := and (OR and)*;  and := not (AND not)*;  not := NOT not | test
 * test := '(' condition ')' | operand ( op operand | [NOT] IN '(' literal, ... ')'
 *         | [NOT] LIKE 'text' | IS [NOT] NULL )?
 * operand := literal | name(.name)* | `any name`(.name)*; a field by itself must be true. */
#include "records/filter_node.h"

#include "records/json_lexer.h"
#include "records/row_filter.h"

enum { MAX_NESTING = 100 };

struct parser {
    struct scratch *scratch;
    const char *text, *at;
    const char *error;
    int depth;
};

static struct filter_node *parse_or(struct parser *p);

static void *fail(struct parser *p, const char *error)
{
    if (p->error == NULL)
        p->error = error;
    return NULL;
}

static void skip_space(struct parser *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r')
        p->at++;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '@' || c == '$' || (unsigned char)c >= 0x80;
}

static size_t word_length(const char *at)
{
    size_t len = 0;

    while (is_name_char(at[len]))
        len++;
    return len;
}

/* A word of the language, regardless of case. */
static bool take_word(struct parser *p, const char *word)
{
    size_t len;

    skip_space(p);
    len = word_length(p->at);
    if (!span_same_name((struct span){p->at, len}, span_of(word)))
        return false;
    p->at += len;
    return true;
}

static bool take_sign(struct parser *p, const char *sign)
{
    skip_space(p);
    if (strncmp(p->at, sign, strlen(sign)) != 0)
        return false;
    p->at += strlen(sign);
    return true;
}

static struct filter_node *new_node(struct parser *p, enum filter_kind kind)
{
    struct filter_node *node = scratch_alloc(p->scratch, sizeof(*node));

    *node = (struct filter_node){.kind = kind};
    return node;
}

/* 'text', with quotes doubled within. */
static struct json *parse_text(struct parser *p)
{
    char *chars = scratch_alloc(p->scratch, strlen(p->at));
    size_t len = 0;

    for (p->at++; *p->at != '\0'; p->at++) {
        if (*p->at == '\'' && p->at[1] != '\'') {
            p->at++;
            return json_new_string(p->scratch, (struct span){chars, len});
        }
        p->at += *p->at == '\'';
        chars[len++] = *p->at;
    }
    return fail(p, "a text is not closed");
}

static struct json *parse_number(struct parser *p)
{
    struct json_lexer lexer = {p->at, p->at + strlen(p->at), NULL};
    struct span number;

    if (!json_lexer_number(&lexer, &number) || is_name_char(*lexer.at))
        return fail(p, "not a number");
    p->at = lexer.at;
    return json_new_number(p->scratch, scratch_copy(p->scratch, number));
}

/* NULL: the next thing is no literal, or one that is wrong. */
static struct json *parse_literal(struct parser *p)
{
    skip_space(p);
    if (*p->at == '\'')
        return parse_text(p);
    if (*p->at == '-' || (*p->at >= '0' && *p->at <= '9'))
        return parse_number(p);
    if (take_word(p, "true"))
        return json_new(p->scratch, JSON_TRUE);
    if (take_word(p, "false"))
        return json_new(p->scratch, JSON_FALSE);
    if (take_word(p, "null"))
        return json_new(p->scratch, JSON_NULL);
    return NULL;
}

/* One name: a word, or any text in backticks, of which two stand for one. */
static bool parse_step(struct parser *p, struct span *out)
{
    size_t len = word_length(p->at);
    char *chars;

    if (*p->at != '`') {
        *out = scratch_copy(p->scratch, (struct span){p->at, len});
        p->at += len;
        return len != 0;
    }
    chars = scratch_alloc(p->scratch, strlen(p->at));
    len = 0;
    for (p->at++; *p->at != '\0'; p->at++) {
        if (*p->at == '`' && p->at[1] != '`') {
            p->at++;
            *out = (struct span){chars, len};
            return true;
        }
        p->at += *p->at == '`';
        chars[len++] = *p->at;
    }
    return fail(p, "a name is not closed") != NULL;
}

static bool parse_path(struct parser *p, struct path *out)
{
    struct span steps[64];
    size_t count = 0;

    do {
        if (count == sizeof(steps) / sizeof(*steps) || !parse_step(p, &steps[count]))
            return fail(p, "a field or a value was expected") != NULL;
        count++;
    } while (*p->at == '.' && p->at++ != NULL);
    out->steps = scratch_array(p->scratch, count, sizeof(*steps));
    memcpy(out->steps, steps, count * sizeof(*steps));
    out->count = count;
    return true;
}

static bool parse_operand(struct parser *p, struct filter_operand *out)
{
    out->literal = parse_literal(p);
    if (out->literal != NULL)
        return true;
    return p->error == NULL && parse_path(p, &out->path);
}

static bool take_operator(struct parser *p, enum filter_op *out)
{
    static const struct {
        const char *sign;
        enum filter_op op;
    } signs[] = {{"==", FILTER_EQ}, {"=", FILTER_EQ}, {"!=", FILTER_NE}, {"<>", FILTER_NE},
                 {"<=", FILTER_LE}, {"<", FILTER_LT}, {">=", FILTER_GE}, {">", FILTER_GT}};

    for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
        if (take_sign(p, signs[i].sign)) {
            *out = signs[i].op;
            return true;
        }
    }
    return false;
}

static bool parse_items(struct parser *p, struct filter_node *node)
{
    size_t cap = 0;

    if (!take_sign(p, "("))
        return fail(p, "( was expected after IN") != NULL;
    do {
        struct json *item = parse_literal(p);
        if (item == NULL)
            return fail(p, "a value was expected") != NULL;
        if (node->n_items == cap) {
            struct json **more = scratch_array(p->scratch, 2 * cap + 8, sizeof(struct json *));
            if (cap != 0)
                memcpy(more, node->items, cap * sizeof(struct json *));
            cap = 2 * cap + 8;
            node->items = more;
        }
        node->items[node->n_items++] = item;
    } while (take_sign(p, ","));
    return take_sign(p, ")") || fail(p, ") was expected") != NULL;
}

static struct filter_node *negated(struct parser *p, struct filter_node *node, bool negate)
{
    struct filter_node *outer;

    if (node == NULL || !negate)
        return node;
    outer = new_node(p, FILTER_NOT);
    outer->a = node;
    return outer;
}

static struct filter_node *parse_in_or_like(struct parser *p, struct filter_node *node, bool negate)
{
    if (take_word(p, "in")) {
        node->kind = FILTER_IN;
        return parse_items(p, node) ? negated(p, node, negate) : NULL;
    }
    if (!take_word(p, "like"))
        return fail(p, negate ? "IN or LIKE was expected after NOT" : "a comparison was expected");
    node->kind = FILTER_LIKE;
    node->right.literal = parse_literal(p);
    if (node->right.literal == NULL || node->right.literal->kind != JSON_STRING)
        return fail(p, "a text was expected after LIKE");
    return negated(p, node, negate);
}

static struct filter_node *parse_test(struct parser *p)
{
    struct filter_node *node;
    bool negate;

    if (take_sign(p, "(")) {
        node = parse_or(p);
        if (node != NULL && !take_sign(p, ")"))
            return fail(p, ") was expected");
        return node;
    }
    node = new_node(p, FILTER_COMPARE);
    if (!parse_operand(p, &node->left))
        return NULL;
    if (take_operator(p, &node->op))
        return parse_operand(p, &node->right) ? node : NULL;
    if (take_word(p, "is")) {
        negate = take_word(p, "not");
        node->kind = FILTER_IS_NULL;
        return take_word(p, "null") ? negated(p, node, negate)
                                    : fail(p, "NULL was expected after IS");
    }
    skip_space(p);
    if (*p->at == '\0' || *p->at == ')' ||
        span_same_name((struct span){p->at, word_length(p->at)}, span_of("and")) ||
        span_same_name((struct span){p->at, word_length(p->at)}, span_of("or"))) {
        node->op = FILTER_EQ;
        node->right.literal = json_new(p->scratch, JSON_TRUE);
        return node;
    }
    return parse_in_or_like(p, node, take_word(p, "not"));
}

static struct filter_node *parse_not(struct parser *p)
{
    struct filter_node *node;

    if (++p->depth > MAX_NESTING)
        return fail(p, "nested too deeply");
    node = take_word(p, "not") ? negated(p, parse_not(p), true) : parse_test(p);
    p->depth--;
    return node;
}

static struct filter_node *join(struct parser *p, enum filter_kind kind, struct filter_node *a,
                                struct filter_node *b)
{
    struct filter_node *node = new_node(p, kind);

    node->a = a;
    node->b = b;
    return b == NULL ? NULL : node;
}

static struct filter_node *parse_and(struct parser *p)
{
    struct filter_node *node = parse_not(p);

    for (int i = 0; node != NULL && take_word(p, "and"); i++)
        node = i < 1000 ? join(p, FILTER_AND, node, parse_not(p)) : fail(p, "too long");
    return node;
}

static struct filter_node *parse_or(struct parser *p)
{
    struct filter_node *node = parse_and(p);

    for (int i = 0; node != NULL && take_word(p, "or"); i++)
        node = i < 1000 ? join(p, FILTER_OR, node, parse_and(p)) : fail(p, "too long");
    return node;
}

struct row_filter *row_filter_parse(struct scratch *scratch, const char *text,
                                    struct textbuf *out_problem)
{
    struct parser p = {scratch, text, text, NULL, 0};
    struct filter_node *root = parse_or(&p);
    struct row_filter *filter;

    if (root != NULL) {
        skip_space(&p);
        if (*p.at != '\0')
            root = fail(&p, "AND or OR was expected");
    }
    if (root == NULL) {
        textbuf_printf(out_problem, "filter: at \"%.20s\": %s", p.at, p.error);
        return NULL;
    }
    filter = scratch_alloc(scratch, sizeof(*filter));
    filter->root = *root;
    return filter;
}
