/* SPDX-License-Identifier: Apache-2.0 */
/* FileMetaData as the reader needs it, decoded from a file's last bytes into an arena.
 * Spec: apache/parquet-format src/main/thrift/parquet.thrift.
 *
 * Every number of a decoded footer is within what its file can hold: element types and codecs are
 * as found (negative when absent), counts and sizes are not negative. */
#ifndef DWI_PARQUET_FOOTER_READER_H
#define DWI_PARQUET_FOOTER_READER_H

#include "base/arena.h"
#include "base/err.h"
#include "parquet/parquet_types.h"

/* One SchemaElement; the tree is in depth-first order. */
typedef struct dwi_footer_element {
    dwi_sv name;    /* valid UTF-8, NUL-terminated */
    int physical;   /* dwi_parquet_physical, -1: a group */
    int repetition; /* dwi_parquet_repetition */
    int32_t type_length;
    int32_t n_children;
    int32_t field_id; /* -1: none */
    int converted;    /* dwi_parquet_converted */
    int logical;      /* dwi_parquet_logical, or a number we do not know */
    int unit;         /* of TIME and TIMESTAMP */
    bool utc;         /* isAdjustedToUTC */
    bool is_signed;   /* of INTEGER */
    int bit_width;    /* of INTEGER */
    int32_t precision;
    int32_t scale;
} dwi_footer_element;

typedef struct dwi_footer_chunk {
    int physical;
    int codec;
    int64_t num_values;
    int64_t offset; /* of its first page */
    int64_t bytes;
    int64_t null_count; /* by its statistics, -1: not told */
    bool external;      /* in another file */
    bool encrypted;
} dwi_footer_chunk;

typedef struct dwi_footer_row_group {
    int64_t num_rows;
    size_t n_chunks;
    dwi_footer_chunk *chunks;
} dwi_footer_row_group;

typedef struct dwi_footer_metadata {
    dwi_sv key;
    dwi_sv value; /* ptr NULL when absent */
} dwi_footer_metadata;

typedef struct dwi_footer {
    size_t n_elements;
    dwi_footer_element *elements;
    size_t n_row_groups;
    dwi_footer_row_group *row_groups;
    size_t n_metadata;
    dwi_footer_metadata *metadata;
    bool encrypted; /* some columns are */
} dwi_footer;

/* DW_E_CORRUPT, DW_E_NOMEM; messages start with "footer". Everything in `out` is the arena's. */
dw_status dwi_footer_read(dwi_arena *arena, const void *data, size_t len, dwi_footer *out,
                          dw_error *err);

#endif
