/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody who writes to a table should know although it is no error. Told once a handle. */
#ifndef DWI_API_TABLE_WARN_H
#define DWI_API_TABLE_WARN_H

#include "api/table_impl.h"

dw_status dwi_table_warn_writer(dw_table *table, const dwi_state *state, dw_error *err);

#endif
