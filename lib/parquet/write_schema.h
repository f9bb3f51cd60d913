/* SPDX-License-Identifier: Apache-2.0 */
/* From our types to Parquet's: the leaves that are written, with the way that leads to each, and
 * the footer's schema elements. Spec: apache/parquet-format LogicalTypes.md. */
#ifndef DWI_PARQUET_WRITE_SCHEMA_H
#define DWI_PARQUET_WRITE_SCHEMA_H

#include "parquet/parquet_types.h"
#include "schema/type.h"
#include "thrift/compact.h"

/* One node on the way from the rows to a leaf. */
typedef struct dwi_pqw_step {
    size_t child; /* index among the children of the vector before it */
    bool nullable;
    bool repeated; /* an array or map: the next step is its only child */
} dwi_pqw_step;

typedef struct dwi_pqw_leaf {
    const dwi_type *type;
    dwi_parquet_physical physical;
    int32_t type_length; /* FIXED_LEN_BYTE_ARRAY, else 0 */
    uint8_t max_def;
    uint8_t max_rep;
    size_t n_steps;
    const dwi_pqw_step *steps;
    size_t n_path;
    const dwi_sv *path; /* path_in_schema */
} dwi_pqw_leaf;

typedef struct dwi_pqw_schema {
    const dwi_type *root;
    bool keep_void;
    size_t n_leaves;
    dwi_pqw_leaf *leaves;
} dwi_pqw_schema;

/* Everything lives in `arena`; `root` must outlive it. Void fields become columns of nulls, or
 * are left out. DW_E_UNSUPPORTED names the column: an array, map or struct of nothing but voids
 * that are left out, too. */
dw_status dwi_pqw_schema_build(dwi_arena *arena, const dwi_type *root, bool keep_void,
                               dwi_pqw_schema *out, dw_error *err);

/* FileMetaData's field `id`: the list of SchemaElement, depth first. */
void dwi_pqw_schema_write(const dwi_pqw_schema *schema, dwi_tc *w, int16_t id);

/* "INT32", "BYTE_ARRAY". */
const char *dwi_parquet_physical_name(dwi_parquet_physical physical);

/* Bytes of a decimal's fixed form: the fewest that hold `precision` digits and a sign. */
int32_t dwi_pqw_decimal_bytes(int precision);

#endif
