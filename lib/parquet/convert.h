/* SPDX-License-Identifier: Apache-2.0 */
/* From a leaf's Parquet values to the values of one of our types, a batch at a time. Conversions
 * lose nothing but the nanoseconds below a microsecond (floor). */
#ifndef DWI_PARQUET_CONVERT_H
#define DWI_PARQUET_CONVERT_H

#include "parquet/schema_tree.h"

typedef enum dwi_convert_form {
    DWI_CONVERT_NULLS,   /* whatever there is, all rows are null */
    DWI_CONVERT_BOOLEAN, /* booleans */
    DWI_CONVERT_FIXED,   /* packed values through `fixed` */
    DWI_CONVERT_SPANS,   /* byte arrays through `spans` into fixed-width values */
    DWI_CONVERT_BYTES    /* byte arrays as they are: string and binary */
} dwi_convert_form;

typedef struct dwi_convert dwi_convert;
struct dwi_convert {
    dwi_convert_form form;
    bool check_utf8;
    size_t width; /* of a value that comes out; 1 for booleans, one a byte; 0 for bytes */
    /* n values from `in` (any alignment) to `out`; false: one is out of range. */
    bool (*fixed)(const dwi_convert *c, const void *in, size_t n, void *out);
    bool (*spans)(const dwi_convert *c, const dwi_sv *in, size_t n, void *out);
    /* Decimals: values are below 10^precision of the file, and are multiplied by 10^scale_up. */
    uint64_t bound_low;
    uint64_t bound_high;
    int scale_up;
};

/* DW_E_SCHEMA when the leaf's values do not fit `type`, DW_E_UNSUPPORTED when they have no type of
 * ours; messages name the column. */
dw_status dwi_convert_find(const dw_allocator *alloc, const dwi_parquet_node *leaf,
                           const dwi_type *type, dwi_convert *out, dw_error *err);

#endif
