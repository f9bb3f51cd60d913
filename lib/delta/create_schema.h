/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of a new table: what they may be called, which of them partition it, and the names
 * and ids of column mapping. */
#ifndef DWI_DELTA_CREATE_SCHEMA_H
#define DWI_DELTA_CREATE_SCHEMA_H

#include "delta/log.h"
#include "delta/mapping.h"

/* From Delta schema JSON. With column mapping in `configuration` the columns get names and ids, and
 * it gets delta.columnMapping.maxColumnId; columns that have both already keep them. Without it
 * marks of mapping are taken away. DW_E_SCHEMA names a column that a table cannot have. */
dw_status dwi_create_schema(const dwi_log *log, dwi_arena *arena, const char *json,
                            dwi_kvs *configuration, dwi_schema **out, dw_error *err);

/* Partition columns as the schema spells them, in `arena`. DW_E_SCHEMA names one that cannot be. */
dw_status dwi_create_partitions(dwi_arena *arena, const dwi_type *schema, const char *const *names,
                                size_t n, dwi_svs *out, dw_error *err);

/* DW_E_SCHEMA, naming the column, unless a table of the mode may have this name. */
dw_status dwi_create_check_name(dwi_sv name, dwi_mapping_mode mode, dw_error *err);

#endif
