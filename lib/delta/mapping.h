/* SPDX-License-Identifier: Apache-2.0 */
/* Column mapping on reading: which names the columns of a schema have in data files.
 * Spec: Delta PROTOCOL.md, "Column Mapping". */
#ifndef DWI_DELTA_MAPPING_H
#define DWI_DELTA_MAPPING_H

#include "delta/action.h"
#include "schema/type.h"

typedef enum dwi_mapping_mode {
    DWI_MAPPING_NONE = 0,
    DWI_MAPPING_NAME = 1,
    DWI_MAPPING_ID = 2
} dwi_mapping_mode;

/* DW_E_UNSUPPORTED: a mode that we do not know. */
dw_status dwi_mapping_mode_of(dwi_kvs properties, dwi_mapping_mode *out, dw_error *err);

/* The type with physical names at every level, and field ids. DW_E_CORRUPT names a field without a
 * physical name or id. With DWI_MAPPING_NONE it is the type itself. */
dw_status dwi_mapping_physical(dwi_arena *arena, const dwi_type *type, dwi_mapping_mode mode,
                               const dwi_type **out, dw_error *err);

/* By id: the physical type with the names that the fields of these ids have in one file. A field
 * that the file lacks gets a name that no file has. NULL when out of memory. */
const dwi_type *dwi_mapping_in_file(dwi_arena *arena, const dwi_type *physical,
                                    const dwi_type *file);

#endif
