/* SPDX-License-Identifier: Apache-2.0 */
/* The conditions of a read, each row looked at. What whole row groups and pages they leave out is
 * the reader's work (parquet/predicate.h). */
#ifndef DWI_API_PARQUET_FILTER_H
#define DWI_API_PARQUET_FILTER_H

#include <deltawrite/parquet.h>

#include "columns/vec.h"
#include "parquet/parquet_reader.h"

typedef struct dwi_row_filter {
    size_t n;
    struct dwi_row_term *terms;
    dwi_comparison *comparisons; /* for the reader */
} dwi_row_filter;

/* Conditions on the columns of a file's type. All is the arena's. DW_E_ARG, DW_E_NOT_FOUND,
 * DW_E_UNSUPPORTED (a type without values as text); messages name the column. */
dw_status dwi_row_filter_build(dwi_arena *arena, const dwi_type *file,
                               const dw_parquet_condition *conditions, size_t n,
                               dwi_row_filter *out, dw_error *err);
/* Index in the file's type of the column that condition `i` is about. */
size_t dwi_row_filter_column(const dwi_row_filter *filter, size_t i);
/* The numbers of the rows that pass; columns[i] is the view for condition i. `out` has room for all
 * rows. */
int64_t dwi_row_filter_rows(const dwi_row_filter *filter, const dwi_vec *const *columns,
                            int64_t rows, uint32_t *out);

#endif
