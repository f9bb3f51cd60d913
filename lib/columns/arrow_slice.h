/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the Arrow import share: a checked range of rows of one Arrow array, and the
 * functions that make a column view of it. Every view starts at row 0 with as many rows as the
 * range has; its `offset` covers the rest. */
#ifndef DWI_COLUMNS_ARROW_SLICE_H
#define DWI_COLUMNS_ARROW_SLICE_H

#include "columns/arrow_format.h"

typedef struct dwi_arrow_reader {
    dwi_arena *arena;
    dw_error *err;
    const char *path[DWI_ARROW_MAX_DEPTH + 2]; /* outermost first */
    int depth;
} dwi_arrow_reader;

typedef struct dwi_arrow_slice {
    const struct ArrowSchema *schema;
    const struct ArrowArray *array;
    dwi_arrow_format format;
    int64_t first; /* in values of the buffers */
    int64_t count;
    const uint8_t *validity; /* NULL: all valid */
} dwi_arrow_slice;

/* DW_E_* with "column PATH: " before the reason. */
dw_status dwi_arrow_fail(const dwi_arrow_reader *in, dw_status code, const char *fmt, ...)
    DWI_PRINTF(3, 4);
/* The Arrow type cannot become the column's: DW_E_SCHEMA naming both. */
dw_status dwi_arrow_misfit(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                           const dwi_type *target);

static inline bool dwi_arrow_is_valid(const dwi_arrow_slice *slice, int64_t row)
{
    return slice->validity == NULL || dwi_bit_get(slice->validity, slice->first + row);
}

/* Buffer `i`; an error when it is missing though the range has rows. */
dw_status dwi_arrow_buffer(const dwi_arrow_reader *in, const dwi_arrow_slice *slice, int i,
                           const void **out);
/* Validity that starts at bit 0, in the arena; for views that do not share the array's offset. */
dw_status dwi_arrow_copy_validity(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                                  const uint8_t **out);

/* Fill out->values, validity and offset (type and length are set). */
dw_status dwi_arrow_fixed(const dwi_arrow_reader *in, const dwi_arrow_slice *slice, dwi_vec *out);
/* The same for strings and binary: offsets, data, validity, offset. */
dw_status dwi_arrow_bytes(const dwi_arrow_reader *in, const dwi_arrow_slice *slice, dwi_vec *out);
/* Offsets of a range of count + 1 entries as 32-bit ones that start at 0 (in the arena), checked to
 * ascend; *out_base is what was subtracted. */
dw_status dwi_arrow_offsets(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                            const int32_t **out, int64_t *out_base);

#endif
