/* SPDX-License-Identifier: Apache-2.0 */
/* The invariants that columns/vec.h promises of a column, for readers' tests and fuzzing. */
#ifndef DWT_CHECK_COLUMN_H
#define DWT_CHECK_COLUMN_H

#include "columns/vec.h"

/* NULL, or the first one broken. */
const char *dwt_check_column(const dwi_column *column);

#endif
