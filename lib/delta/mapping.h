/* SPDX-License-Identifier: Apache-2.0 */
/* Column mapping: which names and ids the columns of a schema have in data files, and how new ones
 * get theirs. Spec: Delta PROTOCOL.md, "Column Mapping". */
#ifndef DWI_DELTA_MAPPING_H
#define DWI_DELTA_MAPPING_H

#include "base/env.h"
#include "delta/action.h"
#include "schema/type.h"

/* The property that keeps the highest id ever given. */
#define DWI_MAPPING_MAX_ID "delta.columnMapping.maxColumnId"

typedef enum dwi_mapping_mode {
    DWI_MAPPING_NONE = 0,
    DWI_MAPPING_NAME = 1,
    DWI_MAPPING_ID = 2
} dwi_mapping_mode;

/* DW_E_UNSUPPORTED: a mode that we do not know. */
dw_status dwi_mapping_mode_of(dwi_kvs properties, dwi_mapping_mode *out, dw_error *err);

/* The type with physical names at every level, and field ids; parts of lists and maps have one
 * where the metadata of the field above says so: delta.columnMapping.nested.ids. DW_E_CORRUPT
 * names a field without a physical name or id. With DWI_MAPPING_NONE it is the type itself. */
dw_status dwi_mapping_physical(dwi_arena *arena, const dwi_type *type, dwi_mapping_mode mode,
                               const dwi_type **out, dw_error *err);

/* The same for the first `n` fields of a struct; the others are in files as they are called. */
dw_status dwi_mapping_physical_first(dwi_arena *arena, const dwi_type *type, size_t n,
                                     dwi_mapping_mode mode, const dwi_type **out, dw_error *err);

/* By id: the physical type with the names that the fields of these ids have in one file. A field
 * that the file lacks gets a name that no file has; one without an id goes by its name. NULL when
 * out of memory. */
const dwi_type *dwi_mapping_in_file(dwi_arena *arena, const dwi_type *physical,
                                    const dwi_type *file);

typedef enum dwi_mapping_names {
    DWI_MAPPING_NEW_NAMES = 0, /* "col-" and a UUID */
    DWI_MAPPING_OWN_NAMES = 1 /* as the column is called: files have been written without mapping */
} dwi_mapping_names;

/* Ids and physical names, in their metadata, for the fields at every depth of `type` that have not
 * both of them; those that have keep them. *max_id is the highest id that the table ever gave
 * (dwi_mapping_table_max_id), and moves on: it belongs into delta.columnMapping.maxColumnId of the
 * same metaData. Metadata of other meaning stays byte for byte. *out lives in `arena` and shares
 * what did not change with `type`. DW_E_CORRUPT: metadata that is no JSON. */
dw_status dwi_mapping_assign(dwi_arena *arena, const dwi_env *env, const dwi_type *type,
                             dwi_mapping_names names, int64_t *max_id, const dwi_type **out,
                             dw_error *err);
/* The type without ids and physical names: columns of another table that are to be new ones. */
dw_status dwi_mapping_strip(dwi_arena *arena, const dwi_type *type, const dwi_type **out,
                            dw_error *err);
/* The highest field id at any depth of the type, or `at_least`. */
int64_t dwi_mapping_max_id(const dwi_type *type, int64_t at_least);
/* That of a table: its property, or a higher id in its schema. DW_E_ARG: a malformed property. */
dw_status dwi_mapping_table_max_id(dwi_kvs properties, const dwi_type *root, int64_t *out,
                                   dw_error *err);
/* May a new column of these ids join the table? Those in its schema are taken; by id all up to the
 * highest ever given are, because files may have columns that were dropped. Without mapping all are
 * free. */
dw_status dwi_mapping_ids_are_free(const dwi_metadata *metadata, const dwi_type *root,
                                   dwi_mapping_mode mode, const dwi_field *column, bool *out,
                                   dw_error *err);
/* Have two fields of one type the same names and ids in files, at every depth? */
dw_status dwi_mapping_same(const dw_allocator *alloc, const dwi_field *a, const dwi_field *b,
                           dwi_mapping_mode mode, bool *out, dw_error *err);
/* The properties with that one set. */
dw_status dwi_mapping_set_max_id(dwi_arena *arena, dwi_kvs properties, int64_t max_id, dwi_kvs *out,
                                 dw_error *err);

#endif
