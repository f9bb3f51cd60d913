/* SPDX-License-Identifier: Apache-2.0 */
/* A condition bound to the columns of a table: what the files of delta/where.h share. */
#ifndef DWI_DELTA_WHERE_IMPL_H
#define DWI_DELTA_WHERE_IMPL_H

#include "delta/where.h"
#include "delta/where_ast.h"

/* What a condition can be for a row, or for some of many rows: a set of these. */
typedef uint8_t dwi_outcomes;
enum { DWI_IS_TRUE = 1, DWI_IS_FALSE = 2, DWI_IS_NULL = 4, DWI_IS_ANY = 7 };

typedef struct dwi_where_column {
    const dwi_field *field; /* top-level */
    size_t root;            /* its index in the schema */
    size_t n_steps;         /* fields of structs below it */
    const size_t *steps;
    const dwi_type *type; /* of the leaf */
    bool partition;
    const dwi_sv *physical; /* n_steps + 1 names, in the log and in files by name */
} dwi_where_column;

typedef enum dwi_where_kind {
    DWI_WHERE_CONST,   /* `outcome` */
    DWI_WHERE_BOOLEAN, /* the column itself */
    DWI_WHERE_IS_NULL, /* of a column */
    DWI_WHERE_COMPARE, /* column with `value`, or with `other` */
    DWI_WHERE_IN,
    DWI_WHERE_LIKE,
    DWI_WHERE_IS, /* the child's outcome is `outcome` */
    DWI_WHERE_NOT,
    DWI_WHERE_AND,
    DWI_WHERE_OR
} dwi_where_kind;

/* One step of a pattern: text as it is, one character (`_`), or any text (`%`). */
typedef struct dwi_like_part {
    enum { DWI_LIKE_TEXT, DWI_LIKE_ONE, DWI_LIKE_MANY } kind;
    dwi_sv text;
} dwi_like_part;

typedef struct dwi_where_node dwi_where_node;
struct dwi_where_node {
    dwi_where_kind kind;
    dwi_outcomes outcome;
    dwi_ast_op op;
    size_t column;
    bool has_other;
    size_t other; /* a column */
    dwi_value value;
    size_t n_values; /* IN: without nulls */
    const dwi_value *values;
    bool null_in_list;
    size_t n_parts; /* LIKE */
    const dwi_like_part *parts;
    size_t n_children;
    const dwi_where_node *children;
};

struct dwi_where {
    dwi_arena arena;
    dwi_sv sql;
    const dwi_where_node *root;
    size_t n_columns;
    const dwi_where_column *columns;
    size_t n_roots; /* distinct top-level fields */
    const size_t *roots;
    bool partition_only;
};

static inline dwi_outcomes dwi_outcome_of(bool value)
{
    return value ? DWI_IS_TRUE : DWI_IS_FALSE;
}

/* Does a comparison hold for values that are in this order? Not for SAME with nulls. */
bool dwi_where_holds(dwi_ast_op op, int order);
bool dwi_like_matches(const dwi_like_part *parts, size_t n, dwi_sv text);

dwi_outcomes dwi_outcomes_not(dwi_outcomes a);
dwi_outcomes dwi_outcomes_and(dwi_outcomes a, dwi_outcomes b);
dwi_outcomes dwi_outcomes_or(dwi_outcomes a, dwi_outcomes b);

#endif
