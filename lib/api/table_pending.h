/* SPDX-License-Identifier: Apache-2.0 */
/* Columns that open transactions of this process are about to add. They are agreed on here, so that
 * a new field gets one type whoever meets it first. An entry lives until the table handle closes,
 * or until the table gets the column with another type. */
#ifndef DWI_API_TABLE_PENDING_H
#define DWI_API_TABLE_PENDING_H

#include "api/table_impl.h"

/* The spelling and type that a column of this name has or will have: the table's own, an earlier
 * proposal's, or else `name` and `type`, which are then the proposal. What *out points at lives as
 * long as the table handle; it is nullable and has no metadata. DW_E_SCHEMA: a name that Delta
 * tables do not allow. Threads: any. */
dw_status dwi_table_agree_column(dw_table *table, dwi_sv name, const dwi_type *type, dwi_field *out,
                                 dw_error *err);

#endif
