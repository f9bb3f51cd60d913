/* SPDX-License-Identifier: Apache-2.0 */
/* CHECK constraints (delta.constraints.NAME) and invariants of columns (delta.invariants), as far
 * as they are conditions that we can judge (delta/where.h): each must be true for each new row, and
 * unknown is not true. Spec: Delta PROTOCOL.md, "CHECK Constraints", "Column Invariants". */
#ifndef DWI_DELTA_ROW_CHECKS_H
#define DWI_DELTA_ROW_CHECKS_H

#include "delta/where.h"

typedef struct dwi_row_check {
    dwi_sv name; /* of the property, or the column */
    dwi_where *where;
} dwi_row_check;

typedef struct dwi_row_checks {
    size_t n;
    dwi_row_check *items; /* in the arena given; the conditions are not */
} dwi_row_checks;

/* Those of a table; names are borrowed from the state. DW_E_UNSUPPORTED names the feature and the
 * place of one that we cannot judge. */
dw_status dwi_row_checks_init(dwi_row_checks *out, dwi_arena *arena, const dwi_state *state,
                              dw_error *err);
void dwi_row_checks_done(dwi_row_checks *checks); /* a zeroed one too */

/* There is a CHECK constraint among the properties. */
bool dwi_row_checks_any(dwi_kvs properties);

/* DW_E_SCHEMA names the first one that a row does not meet. */
dw_status dwi_row_checks_rows(const dwi_row_checks *checks, const dwi_vec *rows, dw_error *err);

#endif
