/* SPDX-License-Identifier: Apache-2.0 */
/* The typed columns of a checkpoint's adds: stats_parsed and partitionValues_parsed, written where
 * delta.checkpoint.writeStatsAsStruct is on. Names are physical, types those of the schema; a value
 * that does not fit its type is null. Spec: Delta PROTOCOL.md, "Checkpoint Schema". */
#ifndef DWI_DELTA_CHECKPOINT_PARSED_H
#define DWI_DELTA_CHECKPOINT_PARSED_H

#include "columns/json_decode.h"
#include "delta/state.h"

typedef struct dwi_parsed_columns {
    const dw_allocator *alloc;
    dwi_arena arena; /* of the types */
    size_t n_fields; /* 0: none are written */
    dwi_field fields[2];
    const dwi_type *partitions; /* NULL: the table is not partitioned */
    const dwi_type *stats;      /* NULL: nothing to tell of any column */
    dwi_json_decoder *decoder;  /* of stats */
} dwi_parsed_columns;

dw_status dwi_parsed_columns_init(dwi_parsed_columns *parsed, const dwi_state *state,
                                  const dw_allocator *alloc, dw_error *err);
void dwi_parsed_columns_done(dwi_parsed_columns *parsed); /* a zeroed one too */
/* Append one row to `columns`, n_fields of them in the order of `fields`. */
dw_status dwi_parsed_columns_put(dwi_parsed_columns *parsed, const dwi_add *add,
                                 dwi_column *columns, dw_error *err);

#endif
