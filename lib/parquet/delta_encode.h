/* SPDX-License-Identifier: Apache-2.0 */
/* Write side of the delta encodings. Spec: apache/parquet-format Encodings.md, "Delta Encoding",
 * "Delta-length byte array", "Delta Strings". A failed growth sticks in the buffers. */
#ifndef DWI_PARQUET_DELTA_ENCODE_H
#define DWI_PARQUET_DELTA_ENCODE_H

#include "base/buf.h"

/* DELTA_BINARY_PACKED. Deltas wrap around in the width of the values. */
void dwi_delta_encode_i32(dwi_buf *out, const int32_t *values, size_t count);
void dwi_delta_encode_i64(dwi_buf *out, const int64_t *values, size_t count);

/* Byte arrays as PLAIN has them: `count` values in data[0..len), each with its length of four bytes
 * in front, or, where `width` is not 0, of that length. `scratch` is overwritten. */
void dwi_delta_length_encode(dwi_buf *out, const uint8_t *data, size_t len, size_t count,
                             dwi_buf *scratch);
void dwi_delta_bytes_encode(dwi_buf *out, const uint8_t *data, size_t len, size_t width,
                            size_t count, dwi_buf *scratch);

#endif
