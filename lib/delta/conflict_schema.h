/* SPDX-License-Identifier: Apache-2.0 */
/* Rows and files that were made for one schema, in a table that has another one by now. */
#ifndef DWI_DELTA_CONFLICT_SCHEMA_H
#define DWI_DELTA_CONFLICT_SCHEMA_H

#include "delta/state.h"

/* Borne at every level: new nullable fields that ask for nothing, another order, comments, NOT NULL
 * given up, and column mapping switched on where each field keeps its name in files. Files can be
 * written anew for a type that was widened: DW_E_CONFLICT and *out_restage. All else, naming the
 * column: DW_E_CONFLICT. */
dw_status dwi_conflict_check_schema(const dwi_state *base, const dwi_state *latest,
                                    bool *out_restage, dw_error *err);

/* DW_E_CONFLICT: "version N: …". */
dw_status dwi_conflict(dw_error *err, const dwi_state *latest, const char *fmt, ...)
    DWI_PRINTF(3, 4);

#endif
