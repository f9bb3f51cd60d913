/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of Parquet checkpoints, as read and as written, and how their rows and actions turn into
 * each other. Everything below the root is nullable: some readers insist on it.
 * Spec: Delta PROTOCOL.md, "Checkpoint Schema". */
#ifndef DWI_DELTA_CHECKPOINT_SCHEMA_H
#define DWI_DELTA_CHECKPOINT_SCHEMA_H

#include "columns/vec.h"
#include "delta/action.h"
#include "delta/checkpoint_parsed.h"

/* Columns, in file order. */
enum {
    DWI_CP_TXN = 0,
    DWI_CP_ADD = 1,
    DWI_CP_REMOVE = 2,
    DWI_CP_METADATA = 3,
    DWI_CP_PROTOCOL = 4,
    DWI_CP_DOMAIN = 5,
    DWI_CP_SIDECAR = 6,  /* V2 only */
    DWI_CP_MANIFEST = 7, /* checkpointMetadata: V2 only, and not read */
    DWI_CP_COLUMNS = 8
};

/* Masks of the files that are written (1u << DWI_CP_...). The main file of a V2 checkpoint has all
 * columns: it may have the name of a classic one, which old readers open to see the protocol. */
#define DWI_CP_CLASSIC ((1u << DWI_CP_SIDECAR) - 1)
#define DWI_CP_MAIN    ((1u << DWI_CP_COLUMNS) - 1)
#define DWI_CP_FILES   (1u << DWI_CP_ADD | 1u << DWI_CP_REMOVE)

const dwi_field *dwi_checkpoint_column(int column);
/* A leaf that is never null in a row that holds this action: dotted path. */
const char *dwi_checkpoint_key_leaf(int column);
/* The root of a file that has the columns of the mask (1u << DWI_CP_...), with `n_more` more fields
 * of add. NULL: out of memory. On reading one is stats_parsed at most: add.stats is made from it
 * where that is null. */
const dwi_type *dwi_checkpoint_root(dwi_arena *arena, unsigned columns, const dwi_field *more,
                                    size_t n_more);

/* The action in a row of a batch of dwi_checkpoint_root(); DWI_ACTION_UNKNOWN: none of the columns
 * that the mask has. Texts are views of the batch, lists live in `arena`. DW_E_CORRUPT: a field
 * that must be there is null. */
dw_status dwi_checkpoint_get_row(dwi_arena *arena, const dwi_vec *batch, int64_t row,
                                 unsigned columns, dwi_action *out, dw_error *err);

/* How rows are written. */
typedef struct dwi_checkpoint_form {
    unsigned columns;           /* of the file */
    bool stats;                 /* add.stats */
    dwi_parsed_columns *parsed; /* NULL: without them */
} dwi_checkpoint_form;

/* Append an action, of one of the form's columns, as one row of a batch of these. */
dw_status dwi_checkpoint_put_row(dwi_column *batch, const dwi_action *action,
                                 dwi_checkpoint_form form, dw_error *err);

#endif
