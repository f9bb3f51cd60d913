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
    bool by_position;                          /* columns of structs, not by name */
    const char *path[DWI_ARROW_MAX_DEPTH + 2]; /* outermost first */
    int depth;
    int layers; /* dictionaries and run ends within one another */
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

/* A range of rows of an array, all its own claims checked. */
dw_status dwi_arrow_open(const dwi_arrow_reader *in, const struct ArrowSchema *schema,
                         const struct ArrowArray *array, int64_t first, int64_t count,
                         dwi_arrow_slice *out);
/* A range of rows of any array as a view of `target`. */
dw_status dwi_arrow_view_rows(dwi_arrow_reader *in, const struct ArrowSchema *schema,
                              const struct ArrowArray *array, int64_t first, int64_t count,
                              const dwi_type *target, dwi_vec *out);
/* Around the work on a field: its name is on the path of messages. */
dw_status dwi_arrow_enter(dwi_arrow_reader *in, const dwi_field *field);
void dwi_arrow_leave(dwi_arrow_reader *in);
/* A field that is not nullable has no null where `parent`, a struct, array or map, has a value. */
dw_status dwi_arrow_check_nulls(const dwi_arrow_reader *in, const dwi_field *field,
                                const dwi_vec *vec, const dwi_vec *parent);

/* Fill out->values, validity and offset (type and length are set). */
dw_status dwi_arrow_fixed(const dwi_arrow_reader *in, const dwi_arrow_slice *slice, dwi_vec *out);
/* The same for strings and binary: offsets, data, validity, offset. */
dw_status dwi_arrow_bytes(const dwi_arrow_reader *in, const dwi_arrow_slice *slice, dwi_vec *out);
/* For lists of every layout and maps: offsets, validity, the child. */
dw_status dwi_arrow_list(dwi_arrow_reader *in, const dwi_arrow_slice *slice, dwi_vec *out);
/* For dictionaries and run ends: everything. */
dw_status dwi_arrow_dictionary(dwi_arrow_reader *in, const dwi_arrow_slice *slice, dwi_vec *out);
dw_status dwi_arrow_run_ends(dwi_arrow_reader *in, const dwi_arrow_slice *slice, dwi_vec *out);

/* Offsets of a range of count + 1 entries as 32-bit ones that start at 0 (in the arena), checked to
 * ascend; *out_base is what was subtracted. */
dw_status dwi_arrow_offsets(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                            const int32_t **out, int64_t *out_base);
/* More than 32-bit offsets can tell: DW_E_UNSUPPORTED. */
dw_status dwi_arrow_too_large(const dwi_arrow_reader *in);
/* Rows indices[0..count) of a view, -1 for a null, deep and in the arena. */
dw_status dwi_arrow_take(const dwi_arrow_reader *in, const dwi_vec *from, const int64_t *indices,
                         int64_t count, dwi_vec *out);

#endif
