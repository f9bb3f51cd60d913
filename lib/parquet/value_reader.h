/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a data or dictionary page, decoded a batch at a time: fixed-width values as packed
 * little-endian arrays, byte arrays as spans, booleans as bytes.
 * Spec: apache/parquet-format Encodings.md. */
#ifndef DWI_PARQUET_VALUE_READER_H
#define DWI_PARQUET_VALUE_READER_H

#include "base/buf.h"
#include "base/str.h"
#include "parquet/delta_reader.h"
#include "parquet/page_reader.h"
#include "parquet/rle_reader.h"

/* Values of one call, at most. */
enum { DWI_VALUE_CHUNK = 1024 };

/* Working memory of one decoding at a time, shared by the columns of a file. */
typedef struct dwi_value_scratch {
    uint64_t fixed[DWI_VALUE_CHUNK * 2]; /* decoded values of up to 16 bytes */
    uint8_t booleans[DWI_VALUE_CHUNK];
    int64_t lengths[DWI_VALUE_CHUNK];
    int64_t prefixes[DWI_VALUE_CHUNK];
    uint32_t indices[DWI_VALUE_CHUNK];
    dwi_sv spans[DWI_VALUE_CHUNK];
    dwi_buf bytes; /* what spans point into when it is not the page */
} dwi_value_scratch;

typedef struct dwi_value_reader {
    int encoding;
    int physical;
    size_t width; /* of a fixed-width value, FIXED_LEN_BYTE_ARRAY too; 0: BYTE_ARRAY, BOOLEAN */
    const uint8_t *pos;
    const uint8_t *end;
    size_t bit;              /* PLAIN booleans: next bit of *pos */
    size_t stride;           /* BYTE_STREAM_SPLIT: values in the page */
    size_t index;            /* BYTE_STREAM_SPLIT: next value */
    dwi_rle_reader rle;      /* dictionary indices, RLE booleans */
    dwi_delta_reader delta;  /* integers, lengths */
    dwi_delta_reader prefix; /* DELTA_BYTE_ARRAY */
    dwi_buf last;            /* DELTA_BYTE_ARRAY: the value before */
} dwi_value_reader;

void dwi_value_reader_init(dwi_value_reader *r, const dw_allocator *alloc, int physical,
                           int32_t type_length);
void dwi_value_reader_done(dwi_value_reader *r); /* a zeroed one too */

/* Start with a page's values. NULL, or what is wrong with them; *out_unsupported: it is that we do
 * not know the encoding. */
const char *dwi_value_reader_open(dwi_value_reader *r, const dwi_page *page, bool *out_unsupported);
/* Values are indices into the dictionary. */
bool dwi_value_reader_is_dictionary(const dwi_value_reader *r);

/* The next n values, n at most DWI_VALUE_CHUNK; false: the page has fewer or is broken, or there is
 * no memory (scratch->bytes or r->last has failed). What they give is the scratch's or the page's.
 */
bool dwi_value_read_indices(dwi_value_reader *r, size_t n, dwi_value_scratch *scratch);
bool dwi_value_read_booleans(dwi_value_reader *r, size_t n, uint8_t *out);
/* INT32, INT64, INT96, FLOAT, DOUBLE. */
const void *dwi_value_read_fixed(dwi_value_reader *r, size_t n, dwi_value_scratch *scratch);
/* BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY. */
bool dwi_value_read_spans(dwi_value_reader *r, size_t n, dwi_value_scratch *scratch);

#endif
