/* SPDX-License-Identifier: Apache-2.0 */
/* add.stats: which leaves of a schema get statistics, and their JSON text from what the Parquet
 * writer counted. Bounds are only ever written when they are certain and exact enough to skip by.
 * Spec: Delta PROTOCOL.md, "Per-file Statistics".
 *
 * A stats leaf is a column without fields of its own; an array, map or variant is one leaf of which
 * nulls of the container alone are counted, never those of its elements. */
#ifndef DWI_DELTA_STATS_H
#define DWI_DELTA_STATS_H

#include "delta/file_layout.h"
#include "parquet/parquet_writer.h"

typedef struct dwi_stats_leaf {
    const dwi_type *type;
    size_t parquet_leaf; /* index of its (first) leaf in the Parquet file */
    int64_t null_count;  /* of a container: counted here; else the Parquet writer's */
    bool container;
    bool indexed; /* gets statistics */
} dwi_stats_leaf;

typedef struct dwi_stats_plan {
    const dwi_type *type;    /* a struct, of the first fields of a file; names as in files */
    const dwi_type *logical; /* the same with the names of the table's columns */
    size_t n_leaves;
    dwi_stats_leaf *leaves; /* in schema order */
    size_t n_parquet_leaves;
    bool has_containers;
    bool tight_bounds;    /* write "tightBounds": true */
    size_t string_prefix; /* characters of a string bound */
} dwi_stats_plan;

/* Lay out the leaves of a layout's data columns by the table's delta.dataSkipping* properties,
 * which name columns as the table does. The plan lives in `arena` and borrows from `layout`.
 * DW_E_NOMEM only: a malformed property counts as not set. */
dw_status dwi_stats_plan_init(dwi_stats_plan *plan, dwi_arena *arena, const dwi_file_layout *layout,
                              const dwi_state *state, dw_error *err);

/* Count the nulls of the containers in rows that go into the file. */
void dwi_stats_plan_count(dwi_stats_plan *plan, const dwi_vec *rows);

/* Append the JSON object for a file of `rows` rows; `parquet_leaves` has n_parquet_leaves items. */
void dwi_stats_append(const dwi_stats_plan *plan, int64_t rows,
                      const dwi_leaf_stats *parquet_leaves, dwi_buf *out);

/* The statistics of a file of `rows` rows once some of its rows are deleted: bounds are bounds
 * still, but not of those that are left. `stats` ptr NULL, or malformed: the rows' number alone. */
dw_status dwi_stats_loosen(dwi_arena *arena, dwi_sv stats, int64_t rows, dwi_sv *out,
                           dw_error *err);

/* numRecords of add.stats; -1 where there are none, or none that can be read. */
dw_status dwi_stats_num_records(dwi_arena *arena, dwi_sv stats, int64_t *out, dw_error *err);

#endif
