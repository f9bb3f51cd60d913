/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/value_encode.h"

#include <assert.h>

#include "base/le.h"
#include "parquet/delta_encode.h"
#include "parquet/rle_encode.h"

enum { LENGTH_BYTES = 4 };

/* The only RLE data with its length in front in both page versions. */
static void encode_bools(const dwi_plain_values *values, dwi_buf *out)
{
    size_t start = out->len;

    dwi_buf_append_zeros(out, LENGTH_BYTES);
    dwi_rle_encode_bits(out, values->data, values->count);
    if (!out->failed)
        dwi_le32_put(out->data + start, (uint32_t)(out->len - start - LENGTH_BYTES));
}

/* Byte k of every value, then byte k + 1 of every value. */
static void split_streams(const dwi_plain_values *values, dwi_buf *out)
{
    size_t width = values->width;
    size_t count = values->count;
    uint8_t *to;

    if (!dwi_buf_reserve(out, values->len))
        return;
    to = out->data + out->len;
    for (size_t k = 0; k < width; k++) {
        const uint8_t *from = values->data + k;
        for (size_t i = 0; i < count; i++)
            to[i] = from[i * width];
        to += count;
    }
    out->len += values->len;
}

void dwi_value_encode(dwi_parquet_encoding encoding, const dwi_plain_values *values, dwi_buf *out,
                      dwi_buf *scratch)
{
    const void *data = values->data;

    switch (encoding) {
    case DWI_PARQUET_RLE:
        encode_bools(values, out);
        break;
    case DWI_PARQUET_DELTA_BINARY_PACKED:
        if (values->physical == DWI_PARQUET_INT32)
            dwi_delta_encode_i32(out, data, values->count);
        else
            dwi_delta_encode_i64(out, data, values->count);
        break;
    case DWI_PARQUET_DELTA_LENGTH_BYTE_ARRAY:
        dwi_delta_length_encode(out, data, values->len, values->count, scratch);
        break;
    case DWI_PARQUET_DELTA_BYTE_ARRAY:
        dwi_delta_bytes_encode(out, data, values->len, values->width, values->count, scratch);
        break;
    case DWI_PARQUET_BYTE_STREAM_SPLIT:
        split_streams(values, out);
        break;
    default:
        assert(encoding == DWI_PARQUET_PLAIN);
        dwi_buf_append(out, data, values->len);
    }
}
