/* SPDX-License-Identifier: Apache-2.0 */
/* What rows of a table must keep to that the types of its columns do not say: the length of
 * CHAR(n) and VARCHAR(n), which Delta keeps as strings with a note of Spark's in their metadata,
 * and what a partition value can be. NULL in a NOT NULL column is refused where rows are read. */
#ifndef DWI_DELTA_ROW_RULES_H
#define DWI_DELTA_ROW_RULES_H

#include "columns/vec.h"
#include "delta/row_checks.h"

/* The most characters of a string, for a type and what is below it. */
typedef struct dwi_length_limit dwi_length_limit;
struct dwi_length_limit {
    int64_t chars;                    /* -1: any */
    bool any;                         /* here or below */
    const dwi_length_limit *children; /* a limit for each field of the type, NULL: none has one */
};

typedef struct dwi_row_rule {
    size_t column; /* of the rows */
    dwi_sv name;
    bool not_empty; /* a partition column that must have a value, which an empty text is not */
    bool utf8;      /* bytes that become text in the log */
    dwi_length_limit limit;
} dwi_row_rule;

typedef struct dwi_row_rules {
    size_t n;
    const dwi_row_rule *rules;
    const dwi_where *where; /* each row must pass it, NULL: none; borrowed */
    dwi_row_checks checks;
} dwi_row_rules;

/* Those of a table; they live in `arena`, and are in need of dwi_row_rules_done() before. The state
 * must outlive them. DW_E_UNSUPPORTED names a column whose note says what we cannot read, or a
 * constraint that we cannot judge. */
dw_status dwi_row_rules_init(dwi_row_rules *out, dwi_arena *arena, const dwi_state *state,
                             dw_error *err);

void dwi_row_rules_done(dwi_row_rules *rules); /* a zeroed one too */

/* DW_E_SCHEMA names the column of the first row that breaks one, or the condition, and why. Rows
 * have the table's columns, and maybe more after them. */
dw_status dwi_row_rules_check(const dwi_row_rules *rules, const dwi_vec *rows, dw_error *err);
/* The same for the last row of a column. */
dw_status dwi_row_rules_check_last(const dwi_row_rules *rules, const dwi_column *rows,
                                   dw_error *err);

#endif
