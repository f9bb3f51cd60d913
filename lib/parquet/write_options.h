/* SPDX-License-Identifier: Apache-2.0 */
/* What the Parquet writer can be told, and what comes of it for each leaf. In all structs zero
 * means the default, which every reader of the last years understands: data page v1, a dictionary
 * where it pays, else PLAIN. */
#ifndef DWI_PARQUET_WRITE_OPTIONS_H
#define DWI_PARQUET_WRITE_OPTIONS_H

#include "parquet/write_schema.h"

/* How values are encoded that are in no dictionary. The numbers are the format's, but that its 0 is
 * the default here. */
typedef enum dwi_parquet_encoding_choice {
    DWI_PARQUET_CHOOSE_DEFAULT = 0,
    DWI_PARQUET_CHOOSE_PLAIN = 1,
    DWI_PARQUET_CHOOSE_RLE = 3,                     /* booleans */
    DWI_PARQUET_CHOOSE_DELTA_BINARY_PACKED = 5,     /* INT32, INT64 */
    DWI_PARQUET_CHOOSE_DELTA_LENGTH_BYTE_ARRAY = 6, /* BYTE_ARRAY */
    DWI_PARQUET_CHOOSE_DELTA_BYTE_ARRAY = 7,        /* BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY */
    DWI_PARQUET_CHOOSE_BYTE_STREAM_SPLIT = 9        /* all fixed widths but booleans */
} dwi_parquet_encoding_choice;

typedef enum dwi_parquet_switch {
    DWI_PARQUET_AS_USUAL = 0,
    DWI_PARQUET_OFF = 1,
    DWI_PARQUET_ON = 2
} dwi_parquet_switch;

/* For one leaf, or for all below a group. `path` is path_in_schema with dots between: "a",
 * "point.x", "tags.list.element", "attributes.key_value.value". Later entries go over earlier ones,
 * field by field where they are not zero. */
typedef struct dwi_parquet_column_options {
    const char *path;
    int encoding;   /* dwi_parquet_encoding_choice. A choice turns the dictionary off, unless... */
    int dictionary; /* dwi_parquet_switch: ...ON says that the choice is for what falls out of it */
    int64_t dictionary_bytes;
    bool has_codec; /* `codec` and `level` count */
    int codec;
    int level;
    int statistics;    /* dwi_parquet_switch: min, max and counts, in footer and page index; ON */
    int bloom_filter;  /* dwi_parquet_switch: as dwi_parquet_write_options.bloom_filters */
    int64_t bloom_ndv; /* distinct values in a row group; 0: found out from the values */
    double bloom_fpp;  /* false-positive rate; 0: 0.01 */
} dwi_parquet_column_options;

/* Declares how the rows are sorted; nothing is sorted here. */
typedef struct dwi_parquet_sorting_column {
    const char *path; /* of a leaf */
    bool descending;
    bool nulls_first;
} dwi_parquet_sorting_column;

typedef struct dwi_parquet_write_options {
    int codec;                   /* dwi_codec_id */
    int level;                   /* zstd, 0: 1; gzip, 0: 6; brotli, 0: 4 */
    int64_t page_bytes;          /* 0: 1 MiB of values before compression */
    int64_t page_rows;           /* 0: 20,000 */
    int64_t row_group_bytes;     /* 0: 64 MiB encoded */
    int64_t row_group_rows;      /* 0: 1,048,576 */
    int64_t dictionary_bytes;    /* 0: 1 MiB; a larger dictionary falls back */
    size_t bound_bytes;          /* 0: 64; min and max in footer and page index are cut to this */
    const dw_property *metadata; /* key-value metadata of the footer, copied; value NULL: none */
    size_t n_metadata;
    int page_version;    /* 1 or 2; 0: 1 */
    bool page_checksums; /* CRC-32 of every page */
    /* What is not in a dictionary gets the newer encoding that all big readers have for its type:
     * RLE for booleans, DELTA_BINARY_PACKED for INT32 and INT64, DELTA_LENGTH_BYTE_ARRAY for
     * BYTE_ARRAY. Floating point and FIXED_LEN_BYTE_ARRAY stay PLAIN. */
    bool newer_encodings;
    int dictionary;          /* dwi_parquet_switch, of all columns; ON */
    bool bloom_filters;      /* for all leaves but booleans */
    int64_t bloom_max_bytes; /* of one; 0: 1 MiB */
    bool no_size_statistics; /* histograms of levels, bytes of unencoded byte arrays */
    bool no_page_index;      /* column and offset indexes */
    bool keep_void;          /* void fields become columns of nulls (logical type UNKNOWN) */
    /* Threads that encode at a time, the caller's among them; 0: 1. All of them call the allocator.
     */
    int n_threads;
    const dwi_parquet_column_options *columns;
    size_t n_columns;
    const dwi_parquet_sorting_column *sorting;
    size_t n_sorting;
} dwi_parquet_write_options;

/* ---- what a leaf gets ---- */

typedef struct dwi_pqw_leaf_options {
    dwi_parquet_encoding encoding; /* outside the dictionary */
    bool dictionary;
    bool statistics;
    bool bloom_filter;
    int codec;
    int level;
    size_t dictionary_bytes;
    int64_t bloom_ndv; /* 0: not known */
    double bloom_fpp;
    size_t bloom_max_bytes; /* a power of two */
} dwi_pqw_leaf_options;

typedef struct dwi_pqw_sorting {
    int32_t leaf;
    bool descending;
    bool nulls_first;
} dwi_pqw_sorting;

/* DW_E_ARG names the column and what it cannot have; DW_E_UNSUPPORTED a codec that is not built in.
 * *out has one entry a leaf and lives in `arena`. */
dw_status dwi_pqw_options_resolve(dwi_arena *arena, const dwi_parquet_write_options *opts,
                                  const dwi_pqw_schema *schema, dwi_pqw_leaf_options **out,
                                  dw_error *err);
dw_status dwi_pqw_sorting_resolve(dwi_arena *arena, const dwi_parquet_write_options *opts,
                                  const dwi_pqw_schema *schema, dwi_pqw_sorting **out,
                                  dw_error *err);

/* "RLE", "DELTA_BYTE_ARRAY"; "?" for an unknown number. */
const char *dwi_parquet_encoding_name(int encoding);

#endif
