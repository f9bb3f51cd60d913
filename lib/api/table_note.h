/* SPDX-License-Identifier: Apache-2.0 */
/* A commit that changes nothing and tells of what was done to the table. */
#ifndef DWI_API_TABLE_NOTE_H
#define DWI_API_TABLE_NOTE_H

#include "api/table_publish.h"

/* `parameters` and `metrics` are JSON objects. Other writers never stand in its way. Errors of
 * dw_commit(), prefixed with the table. */
dw_status dwi_table_note(dw_table *table, const char *operation, const char *parameters,
                         const char *metrics, dw_error *err);

#endif
