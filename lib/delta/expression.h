/* SPDX-License-Identifier: Apache-2.0 */
/* SQL text in a table's metadata: the one place that knows what of it we can evaluate. Today that
 * is a literal as the default of a column; every other use is refused, by feature and place. An
 * evaluator goes here, and nowhere else has to learn of it.
 * Spec: Delta PROTOCOL.md, "Default Columns", "CHECK Constraints", "Generated Columns",
 * "Column Invariants". */
#ifndef DWI_DELTA_EXPRESSION_H
#define DWI_DELTA_EXPRESSION_H

#include "columns/vec.h"

typedef enum dwi_expression_use {
    DWI_EXPRESSION_DEFAULT = 0,   /* the value of a column that a row lacks */
    DWI_EXPRESSION_GENERATED = 1, /* the value that a column must have */
    DWI_EXPRESSION_CHECK = 2,     /* must be true for each row */
    DWI_EXPRESSION_INVARIANT = 3  /* must be true for each row */
} dwi_expression_use;

/* DW_E_UNSUPPORTED, naming the feature and `where` (a column or property), unless rows can be made
 * or judged by such an expression. Defaults pass: only a row that needs one needs its value. */
dw_status dwi_expression_check(dwi_expression_use use, dwi_sv where, dw_error *err);

/* Append the value of a default to its column, `where`. DW_E_UNSUPPORTED: it is no literal that
 * stands for one value of the column's type whoever evaluates it, and when. */
dw_status dwi_expression_append_default(dwi_column *column, dwi_sv sql, dwi_sv where,
                                        dw_error *err);

#endif
