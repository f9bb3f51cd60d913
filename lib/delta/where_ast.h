/* SPDX-License-Identifier: Apache-2.0 */
/* The syntax of conditions (delta/where.h): text to a tree that knows no table. */
#ifndef DWI_DELTA_WHERE_AST_H
#define DWI_DELTA_WHERE_AST_H

#include "base/arena.h"
#include "delta/where_value.h"

enum {
    DWI_WHERE_MAX_BYTES = 1 << 20,
    DWI_WHERE_MAX_DEPTH = 200 /* of parentheses and NOTs */
};

typedef enum dwi_ast_kind {
    DWI_AST_LITERAL,
    DWI_AST_COLUMN,
    DWI_AST_COMPARE, /* two children */
    DWI_AST_IN,      /* the value, then literals */
    DWI_AST_LIKE,    /* the value, then the pattern */
    DWI_AST_IS_NULL, /* one child, value or condition */
    DWI_AST_IS_TRUE, /* one child, a condition; never unknown */
    DWI_AST_IS_FALSE,
    DWI_AST_AND, /* two or more */
    DWI_AST_OR,
    DWI_AST_NOT
} dwi_ast_kind;

typedef enum dwi_ast_op {
    DWI_AST_EQ,
    DWI_AST_NE,
    DWI_AST_LT,
    DWI_AST_LE,
    DWI_AST_GT,
    DWI_AST_GE,
    DWI_AST_SAME /* <=> */
} dwi_ast_op;

typedef struct dwi_ast dwi_ast;
struct dwi_ast {
    dwi_ast_kind kind;
    dwi_ast_op op;   /* COMPARE */
    uint8_t escape;  /* LIKE */
    dwi_sv source;   /* LITERAL, COLUMN: as it is written */
    dwi_value value; /* LITERAL */
    size_t n_names;  /* COLUMN */
    dwi_sv *names;
    dwi_ast *first; /* children */
    dwi_ast *next;  /* sibling */
};

/* All is the arena's. Errors as dwi_where_parse() has them. */
dw_status dwi_where_read(dwi_arena *arena, dwi_sv sql, const dwi_ast **out, dw_error *err);

#endif
