/* SPDX-License-Identifier: Apache-2.0 */
/* How rows of a table's columns lie in its data files: which columns a file holds and what they are
 * called there, and which ones split the rows into partitions.
 *
 * Partition columns are left out of files, unless the table wants them there too; then they come
 * after all others, without statistics. Columns that keep the ids of rows (delta/row_tracking.h)
 * are the last of the rows and of files, without statistics and as they are called.
 * Spec: Delta PROTOCOL.md, "Column Mapping", "Add File". */
#ifndef DWI_DELTA_FILE_LAYOUT_H
#define DWI_DELTA_FILE_LAYOUT_H

#include "columns/vec.h"
#include "delta/mapping.h"
#include "delta/state.h"

/* The column of change data that says what became of a row: "insert", "delete", ... */
#define DWI_CHANGE_TYPE_COLUMN "_change_type"

typedef struct dwi_partition_column {
    size_t column;   /* of the rows */
    dwi_sv name;     /* in directories */
    dwi_sv physical; /* key of partitionValues */
} dwi_partition_column;

typedef struct dwi_file_layout {
    const dwi_type *rows; /* a struct; what the others were made for */
    /* Of a file: field i is column columns[i] of the rows. The first n_data ones have
     * statistics. */
    size_t n_columns;
    size_t n_data;
    size_t n_row_ids; /* at the end of n_columns: what is none of the table's columns */
    const size_t *columns;
    const dwi_type *logical;  /* a struct of n_columns fields, as the table calls them */
    const dwi_type *physical; /* the same with the names and ids that files have */
    size_t n_partitions;      /* in the order of metaData.partitionColumns */
    const dwi_partition_column *partitions;
    size_t prefix_chars; /* of a random directory in place of those by name, 0: by name */
} dwi_file_layout;

/* Everything in *out lives in `arena`, but what it shares with `rows` and `state`. DW_E_CORRUPT: a
 * column without a physical name, a partition column that the rows have not. DW_E_SCHEMA: no column
 * is left for files. */
dw_status dwi_file_layout_init(dwi_file_layout *out, dwi_arena *arena, const dwi_state *state,
                               const dwi_type *rows, dw_error *err);

/* Is the column one of the table's partition columns? */
/* Files have the partition columns too. */
bool dwi_file_layout_materializes(const dwi_state *state);
bool dwi_file_layout_is_partition(const dwi_metadata *metadata, dwi_sv name);

/* `rows` as the layout's files take them: `out` and its children, which has room for n_columns. */
void dwi_file_layout_project(const dwi_file_layout *layout, const dwi_vec *rows, dwi_vec *children,
                             dwi_vec *out);

#endif
