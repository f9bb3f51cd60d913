/* SPDX-License-Identifier: Apache-2.0 */
/* Variants that lie shredded in a file are put together again: parts of a value that are of one
 * type in most rows have columns of their own ("typed_value"), what is left is in "value". The
 * bytes are those that Spark makes of them.
 * Spec: Parquet VariantEncoding.md, VariantShredding.md. */
#ifndef DWI_COLUMNS_VARIANT_H
#define DWI_COLUMNS_VARIANT_H

#include "columns/vec.h"

/* Does a file's type for a column of type `wanted` hold shredded variants? */
bool dwi_variant_is_shredded(const dwi_type *wanted, const dwi_type *file);

/* `wanted` with the file's types in place of variants that it holds shredded: what has to be read.
 * NULL when out of memory. */
const dwi_type *dwi_variant_stored_type(dwi_arena *arena, const dwi_type *wanted,
                                        const dwi_type *file);

/* Append `count` rows of a struct of stored columns to one of the wanted type, from row `first` on.
 * DW_E_CORRUPT: bytes that are no variant, names the column. DW_E_UNSUPPORTED: a type of parts. */
dw_status dwi_variant_append_rows(dwi_column *column, const dwi_vec *stored, int64_t first,
                                  int64_t count, dw_error *err);

#endif
