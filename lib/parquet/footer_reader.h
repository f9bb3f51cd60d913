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

typedef struct dwi_footer_metadata {
    dwi_sv key;
    dwi_sv value; /* ptr NULL when absent */
} dwi_footer_metadata;

/* Statistics of a chunk, as found: whether bounds can be trusted is for parquet/chunk_bounds.h.
 * Bounds are views into the footer's bytes, ptr NULL when absent. */
typedef struct dwi_footer_stats {
    dwi_sv min_value;
    dwi_sv max_value;
    dwi_sv min; /* the deprecated ones, by signed order */
    dwi_sv max;
    int64_t null_count; /* -1: not told, also of the next two */
    int64_t distinct_count;
    int64_t nan_count;
    bool min_is_not_exact; /* truncated */
    bool max_is_not_exact;
} dwi_footer_stats;

/* A part of the file; bytes 0: absent. */
typedef struct dwi_footer_range {
    int64_t offset;
    int64_t bytes; /* -1: not told (a Bloom filter of an older file) */
} dwi_footer_range;

typedef struct dwi_footer_chunk {
    int physical;
    int codec;
    uint32_t encodings; /* a bit by dwi_parquet_encoding */
    int64_t num_values;
    int64_t offset; /* of its first page */
    int64_t bytes;
    int64_t uncompressed_bytes;
    int64_t data_page; /* offset of the first data page */
    dwi_footer_stats stats;
    dwi_footer_range column_index;
    dwi_footer_range offset_index;
    dwi_footer_range bloom_filter;
    bool external; /* in another file */
    bool encrypted;
    size_t n_metadata;
    dwi_footer_metadata *metadata;
} dwi_footer_chunk;

typedef struct dwi_footer_sorting {
    int32_t leaf;
    bool descending;
    bool nulls_first;
} dwi_footer_sorting;

typedef struct dwi_footer_row_group {
    int64_t num_rows;
    int64_t total_bytes; /* before compression */
    size_t n_chunks;
    dwi_footer_chunk *chunks;
    size_t n_sorting;
    dwi_footer_sorting *sorting;
} dwi_footer_row_group;

/* Field ids of the union ColumnOrder. */
typedef enum dwi_footer_order {
    DWI_FOOTER_ORDER_UNDEFINED = 0,
    DWI_FOOTER_ORDER_BY_TYPE = 1,
    DWI_FOOTER_ORDER_IEEE754_TOTAL = 2
} dwi_footer_order;

typedef struct dwi_footer {
    int32_t version;
    int64_t num_rows;
    dwi_sv created_by; /* ptr NULL when absent */
    size_t n_elements;
    dwi_footer_element *elements;
    size_t n_row_groups;
    dwi_footer_row_group *row_groups;
    size_t n_metadata;
    dwi_footer_metadata *metadata;
    size_t n_orders; /* by leaf; fewer than leaves: the rest is undefined */
    uint8_t *orders; /* dwi_footer_order, or an unknown number */
    bool encrypted;  /* some columns are */
} dwi_footer;

/* DW_E_CORRUPT, DW_E_NOMEM; messages start with "footer". Everything in `out` is the arena's, but
 * for the bounds of statistics: `data` must live as long. */
dw_status dwi_footer_read(dwi_arena *arena, const void *data, size_t len, dwi_footer *out,
                          dw_error *err);

#endif
