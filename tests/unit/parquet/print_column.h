/* SPDX-License-Identifier: Apache-2.0 */
/* Values of columns as JSON, for tests that compare them with other readers'. Decimals are strings
 * with all of their scale, timestamps end in Z or not, bytes are hex, maps are
 * {"__map__": [[key, value], ...]}. */
#ifndef DWT_PRINT_COLUMN_H
#define DWT_PRINT_COLUMN_H

#include "columns/vec.h"
#include "json/json_writer.h"

void dwt_print_value(dwi_jw *w, const dwi_column *column, int64_t row);

#endif
