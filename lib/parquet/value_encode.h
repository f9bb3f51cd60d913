/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a page from PLAIN to any other encoding that their type can have. */
#ifndef DWI_PARQUET_VALUE_ENCODE_H
#define DWI_PARQUET_VALUE_ENCODE_H

#include "base/buf.h"
#include "parquet/parquet_types.h"

typedef struct dwi_plain_values {
    dwi_parquet_physical physical;
    size_t width; /* bytes of one; 0: booleans, which are bits, and byte arrays */
    const uint8_t *data;
    size_t len;
    size_t count;
} dwi_plain_values;

/* Append; a failed growth sticks in `out` or `scratch`, which is overwritten. `encoding` fits. */
void dwi_value_encode(dwi_parquet_encoding encoding, const dwi_plain_values *values, dwi_buf *out,
                      dwi_buf *scratch);

#endif
