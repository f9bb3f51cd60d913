/* SPDX-License-Identifier: Apache-2.0 */
/* Single fields of a schema that are renamed, dropped, or given a comment. Paths are names with
 * dots between them, or in backticks; "element", "key" and "value" are the parts of arrays and
 * maps. What is not touched keeps its order, spelling and metadata, byte for byte. */
#ifndef DWI_DELTA_SCHEMA_EDIT_H
#define DWI_DELTA_SCHEMA_EDIT_H

#include "delta/mapping.h"

/* Everything in *out lives in `arena` or is shared with `have`. DW_E_NOT_FOUND: there is no such
 * field. DW_E_ARG: no path, a part of an array or map, or the last field of its struct.
 * DW_E_SCHEMA: a name that another field has, or that a table of the mapping mode cannot have. */
dw_status dwi_schema_rename(dwi_arena *arena, const dwi_type *have, dwi_sv path, dwi_sv name,
                            dwi_mapping_mode mode, const dwi_type **out, dw_error *err);
dw_status dwi_schema_drop(dwi_arena *arena, const dwi_type *have, dwi_sv path, const dwi_type **out,
                          dw_error *err);
/* `comment` ptr NULL: none from now on. */
dw_status dwi_schema_comment(dwi_arena *arena, const dwi_type *have, dwi_sv path, dwi_sv comment,
                             const dwi_type **out, dw_error *err);
/* The name of the top-level column that a path is about. *out_nested: of a field of it. */
dw_status dwi_schema_path_column(dwi_arena *arena, const dwi_type *have, dwi_sv path,
                                 const dwi_field **out, bool *out_nested, dw_error *err);

#endif
