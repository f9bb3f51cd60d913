/* SPDX-License-Identifier: Apache-2.0 */
/* What to read for a wanted type: which leaves of the file, and how the levels of some of them
 * become the structs, lists and maps above. */
#ifndef DWI_PARQUET_PROJECTION_H
#define DWI_PARQUET_PROJECTION_H

#include "parquet/leaf_reader.h"

/* A leaf to read. */
typedef struct dwi_projected_leaf {
    const dwi_parquet_node *node;
    const dwi_type *type; /* NULL: only its levels are wanted */
    bool keep_levels;
} dwi_projected_leaf;

/* One node of the wanted type. */
typedef struct dwi_plan dwi_plan;
struct dwi_plan {
    const dwi_type *type;
    const dwi_parquet_node *node; /* NULL: not in the file, all null */
    size_t leaf; /* index of a projected leaf: its values; of a nested node: the one whose levels
                  * tell its shape */
    size_t n_children;
    dwi_plan *children;
};

typedef struct dwi_projection {
    dwi_plan root;
    size_t n_leaves;
    dwi_projected_leaf *leaves;
} dwi_projection;

/* Everything in `out` is the arena's. DW_E_SCHEMA, DW_E_UNSUPPORTED; messages name the column. */
dw_status dwi_projection_build(dwi_arena *arena, const dwi_parquet_node *root, const dwi_type *type,
                               dwi_projection *out, dw_error *err);

/* Point each leaf at the column that takes its values: columns[i] belongs to projected leaf i, NULL
 * where only levels are wanted. `batch` has the root's type. */
void dwi_projection_bind(const dwi_plan *plan, dwi_column *batch, dwi_column **columns);

/* Make all that is above the leaves, after they have read `rows` rows of a batch. DW_E_CORRUPT when
 * leaves disagree about the lists they share. */
dw_status dwi_projection_assemble(const dwi_projection *projection, const dwi_leaf_reader *leaves,
                                  int64_t rows, dwi_column *batch, dw_error *err);

#endif
