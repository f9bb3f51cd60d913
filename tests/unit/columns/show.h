/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a column as text, so that expectations can be written as literals. */
#ifndef DWT_COLUMNS_SHOW_H
#define DWT_COLUMNS_SHOW_H

#include "columns/vec.h"

/* Appends one row: null; true; integers, dates and timestamps as they are stored; floats with 17
 * digits (half floats by their bits); decimals unscaled (two words when they need it); text in quotes
 * as it is; bytes as hex; {name:value,...} [value,...] {key=value,...}. */
void dwt_show(dwi_buf *out, const dwi_vec *vec, int64_t row);
/* The last row of a column. */
void dwt_show_last(dwi_buf *out, const dwi_column *column);

#endif
