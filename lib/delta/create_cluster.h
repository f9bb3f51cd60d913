/* SPDX-License-Identifier: Apache-2.0 */
/* Clustering columns of a new table. Spec: Delta PROTOCOL.md, "Clustered Table". */
#ifndef DWI_DELTA_CREATE_CLUSTER_H
#define DWI_DELTA_CREATE_CLUSTER_H

#include "delta/mapping.h"

/* The configuration of the domain delta.clustering: the columns by the names that data files have.
 * `schema` is the table's. DW_E_SCHEMA names a column that cannot be one; DW_E_ARG: too many, or a
 * malformed path. */
dw_status dwi_create_clustering(dwi_arena *arena, const dwi_type *schema, dwi_mapping_mode mode,
                                dwi_svs partition_columns, const char *const *paths, size_t n,
                                dwi_sv *out_configuration, dw_error *err);

#endif
