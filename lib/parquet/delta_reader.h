/* SPDX-License-Identifier: Apache-2.0 */
/* DELTA_BINARY_PACKED, the base of all DELTA_* encodings, streamed: no memory by its counts.
 * Spec: apache/parquet-format Encodings.md. Arithmetic wraps, as the encoding wants it. */
#ifndef DWI_PARQUET_DELTA_READER_H
#define DWI_PARQUET_DELTA_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DWI_DELTA_MAX_MINIBLOCKS = 512 };

typedef struct dwi_delta_reader {
    const uint8_t *pos;
    const uint8_t *end;
    uint64_t left; /* values not read yet */
    uint64_t last; /* the value read last, before the first block the first value */
    bool first;    /* it is still to be given */
    uint64_t min_delta;
    const uint8_t *widths;
    size_t n_miniblocks; /* of a block */
    size_t miniblock_values;
    size_t miniblock;      /* open one, n_miniblocks: none */
    size_t miniblock_left; /* values of it */
    size_t bit;            /* of *pos, where its next value starts */
} dwi_delta_reader;

/* False when the header is broken. r->left is then the number of values. */
bool dwi_delta_begin(dwi_delta_reader *r, const void *data, size_t len);
/* The next n values, n at most r->left; false when the data is broken. */
bool dwi_delta_read(dwi_delta_reader *r, int64_t *out, size_t n);
/* Where the data ends, found without decoding; `r` is as after dwi_delta_begin() and stays so.
 * NULL when it is broken. */
const uint8_t *dwi_delta_find_end(const dwi_delta_reader *r);

#endif
