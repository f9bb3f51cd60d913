/* SPDX-License-Identifier: Apache-2.0 */
/* Columns that open transactions of this process are about to add. They are agreed on here, so that
 * a new field gets one type whoever meets it first. An entry lives until the table handle closes,
 * or until the table gets the column with another type. */
#ifndef DWI_API_TABLE_PENDING_H
#define DWI_API_TABLE_PENDING_H

#include "api/table_impl.h"

/* The type that a column of this name has or will have: the table's own, an earlier proposal's, or
 * else `type`, which is then the proposal. *out lives as long as the table handle. DW_E_SCHEMA: the
 * column is known in another spelling, or its name is one that Delta tables do not allow.
 * Threads: any. */
dw_status dwi_table_agree_column(dw_table *table, dwi_sv name, const dwi_type *type,
                                 const dwi_type **out, dw_error *err);

#endif
