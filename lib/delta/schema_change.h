/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas that grow: fields that are added at any depth, and fields that may be null from now on.
 * What a table has keeps its order, its spelling and its metadata, byte for byte. */
#ifndef DWI_DELTA_SCHEMA_CHANGE_H
#define DWI_DELTA_SCHEMA_CHANGE_H

#include "delta/mapping.h"

/* `have` with the fields of `wanted` that it lacks, at the end of the struct that lacks them; names
 * match ignoring case. *out is `have` when it lacks none, else in `arena`; new fields have no marks
 * of column mapping. DW_E_SCHEMA names a field whose types differ, or a new one that is not
 * nullable or that a table of the mapping mode cannot have. */
dw_status dwi_schema_merge(dwi_arena *arena, const dwi_type *have, const dwi_type *wanted,
                           dwi_mapping_mode mode, const dwi_type **out, dw_error *err);

/* `have` with one field nullable: its path is names with dots between them, or in backticks; parts
 * of arrays and maps are "element" and "value". *out is `have` when it is nullable already.
 * DW_E_NOT_FOUND: there is no such field. DW_E_ARG: no path, or the key of a map. */
dw_status dwi_schema_relax(dwi_arena *arena, const dwi_type *have, dwi_sv path,
                           const dwi_type **out, dw_error *err);

#endif
