/* SPDX-License-Identifier: Apache-2.0 */
/* Default values of columns: a row that lacks the column gets it, one that has null keeps null.
 * Spec: Delta PROTOCOL.md, "Default Columns". */
#ifndef DWI_API_TXN_DEFAULTS_H
#define DWI_API_TXN_DEFAULTS_H

#include "columns/json_decode.h"

/* For the columns of one schema, in its order. Zeroed: no column has a default. */
typedef struct dwi_defaults {
    size_t n; /* columns, 0: none has a default */
    bool *has;
    const char **why; /* NULL: its value is known; else why a row must not lack the column */
    dwi_column row;   /* one row with the values */
    const dwi_vec *view;
} dwi_defaults;

/* The texts live in `arena`. */
dw_status dwi_defaults_init(dwi_defaults *defaults, dwi_arena *arena, const dwi_type *schema,
                            const dw_allocator *alloc, dw_error *err);
void dwi_defaults_done(dwi_defaults *defaults); /* a zeroed one too */

/* Tell the decoder, which borrows them. */
void dwi_defaults_tell(const dwi_defaults *defaults, dwi_json_decoder *decoder);

/* A type for a batch's rows in which a column that the batch lacks may be null if it has a default.
 * *out is `type` itself, or in `arena`. DW_E_UNSUPPORTED: a column is lacking whose default we
 * cannot evaluate. */
dw_status dwi_defaults_relax(const dwi_defaults *defaults, const struct ArrowSchema *batch,
                             const dwi_type *type, dwi_arena *arena, const dwi_type **out,
                             dw_error *err);
/* The rows with defaults in the columns that the batch lacks, of type `type` again. The values go
 * to `filled`, a struct column of `type` that is not initialized yet and must outlive *rows. */
dw_status dwi_defaults_fill(const dwi_defaults *defaults, const struct ArrowSchema *batch,
                            const dwi_type *type, dwi_arena *arena, const dwi_vec **rows,
                            dwi_column *filled, dw_error *err);

#endif
