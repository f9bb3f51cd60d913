/* SPDX-License-Identifier: Apache-2.0 */
/* What a condition is made of: between its parser and its evaluation. */
#ifndef DW_CLI_FILTER_NODE_H
#define DW_CLI_FILTER_NODE_H

#include "records/json_path.h"

/* In the order that AND takes the least of and OR the greatest. */
enum filter_truth { FILTER_NO = 0, FILTER_UNKNOWN = 1, FILTER_YES = 2 };

enum filter_kind {
    FILTER_AND,
    FILTER_OR,
    FILTER_NOT,
    FILTER_COMPARE,
    FILTER_IN,
    FILTER_LIKE,
    FILTER_IS_NULL
};

enum filter_op { FILTER_EQ, FILTER_NE, FILTER_LT, FILTER_LE, FILTER_GT, FILTER_GE };

struct filter_operand {
    struct json *literal; /* NULL: a field */
    struct path path;
};

struct filter_node {
    enum filter_kind kind;
    enum filter_op op;
    struct filter_operand left, right;
    struct json **items; /* of IN */
    size_t n_items;
    struct filter_node *a, *b;
};

struct row_filter {
    struct filter_node root;
};

#endif
