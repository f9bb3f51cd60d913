/* SPDX-License-Identifier: Apache-2.0 */
#include "records/row_filter.h"

#include "records/exact_number.h"
#include "records/filter_node.h"

/* -1, 0 or 1 as order, 2: they do not compare. */
enum { NOT_COMPARABLE = 2 };

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

static int compare_text(struct span a, struct span b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);

    return order != 0 ? sign(order) : (a.len > b.len) - (a.len < b.len);
}

/* 1: true, 0: false, -1: neither. */
static int truth_of(struct scratch *scratch, const struct json *value)
{
    struct span chars;

    if (value->kind == JSON_TRUE || value->kind == JSON_FALSE)
        return value->kind == JSON_TRUE;
    if (value->kind != JSON_STRING)
        return -1;
    chars = json_chars(scratch, value);
    return span_is(chars, "true") ? 1 : span_is(chars, "false") ? 0 : -1;
}

static bool is_truth(const struct json *value)
{
    return value->kind == JSON_TRUE || value->kind == JSON_FALSE;
}

static int compare(struct scratch *scratch, const struct json *a, const struct json *b)
{
    struct exact_number x;
    struct exact_number y;

    if (a->kind == JSON_NUMBER || b->kind == JSON_NUMBER)
        return exact_of_json(scratch, a, &x) && exact_of_json(scratch, b, &y)
                   ? sign(exact_compare(&x, &y))
                   : NOT_COMPARABLE;
    if (is_truth(a) || is_truth(b)) {
        int p = truth_of(scratch, a);
        int q = truth_of(scratch, b);
        return p < 0 || q < 0 ? NOT_COMPARABLE : p - q;
    }
    if (a->kind != JSON_STRING || b->kind != JSON_STRING)
        return NOT_COMPARABLE;
    return compare_text(json_chars(scratch, a), json_chars(scratch, b));
}

static const struct json *operand(const struct filter_operand *operand, struct json *row)
{
    return operand->literal != NULL ? operand->literal : path_find(&operand->path, row);
}

/* '%' is any text, '_' any one character (of UTF-8), '\' makes the next character plain. */
static bool like(struct span text, struct span pattern)
{
    size_t t = 0;
    size_t p = 0;
    size_t star = SIZE_MAX; /* in the pattern, after the last '%' */
    size_t from = 0;        /* in the text, what that '%' reaches to */

    while (t < text.len || p < pattern.len) {
        bool plain = p + 1 < pattern.len && pattern.ptr[p] == '\\';
        if (p < pattern.len && pattern.ptr[p] == '%') {
            star = ++p;
            from = t;
            continue;
        }
        if (t < text.len && p < pattern.len && pattern.ptr[p] == '_') {
            p++;
            t++;
            while (t < text.len && ((unsigned char)text.ptr[t] & 0xC0) == 0x80)
                t++;
            continue;
        }
        if (t < text.len && p < pattern.len && pattern.ptr[p + plain] == text.ptr[t]) {
            p += 1 + (size_t)plain;
            t++;
            continue;
        }
        if (star == SIZE_MAX || from >= text.len)
            return false;
        p = star;
        t = ++from;
    }
    return true;
}

static enum filter_truth as_truth(bool yes)
{
    return yes ? FILTER_YES : FILTER_NO;
}

static enum filter_truth eval_comparison(const struct filter_node *node, struct scratch *scratch,
                                         struct json *row)
{
    const struct json *a = operand(&node->left, row);
    const struct json *b = operand(&node->right, row);
    int order = a == NULL || b == NULL ? NOT_COMPARABLE : compare(scratch, a, b);

    if (order == NOT_COMPARABLE)
        return FILTER_UNKNOWN;
    switch (node->op) {
    case FILTER_EQ:
        return as_truth(order == 0);
    case FILTER_NE:
        return as_truth(order != 0);
    case FILTER_LT:
        return as_truth(order < 0);
    case FILTER_LE:
        return as_truth(order <= 0);
    case FILTER_GT:
        return as_truth(order > 0);
    default:
        return as_truth(order >= 0);
    }
}

static enum filter_truth eval_in(const struct filter_node *node, struct scratch *scratch,
                                 struct json *row)
{
    const struct json *value = operand(&node->left, row);
    bool unknown = value == NULL || value->kind == JSON_NULL;

    for (size_t i = 0; value != NULL && i < node->n_items; i++) {
        int order = compare(scratch, value, node->items[i]);
        if (order == 0)
            return FILTER_YES;
        unknown = unknown || node->items[i]->kind == JSON_NULL;
    }
    return unknown || value->kind == JSON_OBJECT || value->kind == JSON_ARRAY ? FILTER_UNKNOWN
                                                                              : FILTER_NO;
}

static enum filter_truth eval_like(const struct filter_node *node, struct scratch *scratch,
                                   struct json *row)
{
    const struct json *value = operand(&node->left, row);

    if (value == NULL || (value->kind != JSON_STRING && value->kind != JSON_NUMBER))
        return FILTER_UNKNOWN;
    return as_truth(like(value->kind == JSON_STRING ? json_chars(scratch, value) : value->text,
                         json_chars(scratch, node->right.literal)));
}

static enum filter_truth eval(const struct filter_node *node, struct scratch *scratch,
                              struct json *row)
{
    enum filter_truth a;
    enum filter_truth b;
    const struct json *value;

    switch (node->kind) {
    case FILTER_AND:
        a = eval(node->a, scratch, row);
        b = a == FILTER_NO ? FILTER_NO : eval(node->b, scratch, row);
        return a < b ? a : b;
    case FILTER_OR:
        a = eval(node->a, scratch, row);
        b = a == FILTER_YES ? FILTER_YES : eval(node->b, scratch, row);
        return a > b ? a : b;
    case FILTER_NOT:
        return (enum filter_truth)(FILTER_YES - eval(node->a, scratch, row));
    case FILTER_COMPARE:
        return eval_comparison(node, scratch, row);
    case FILTER_IN:
        return eval_in(node, scratch, row);
    case FILTER_LIKE:
        return eval_like(node, scratch, row);
    default:
        value = operand(&node->left, row);
        return as_truth(value == NULL || value->kind == JSON_NULL);
    }
}

bool row_filter_keeps(const struct row_filter *filter, struct scratch *scratch, struct json *row)
{
    return eval(&filter->root, scratch, row) == FILTER_YES;
}
