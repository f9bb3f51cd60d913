/* SPDX-License-Identifier: Apache-2.0 */
/* Page headers, page indexes and the footer as Thrift. Spec: apache/parquet-format parquet.thrift,
 * PageIndex.md. */
#ifndef DWI_PARQUET_FOOTER_WRITE_H
#define DWI_PARQUET_FOOTER_WRITE_H

#include "parquet/column_writer.h"
#include "parquet/size_stats.h"

typedef struct dwi_pqw_page_header {
    dwi_parquet_page type; /* DATA_PAGE, DATA_PAGE_V2 or DICTIONARY_PAGE */
    int32_t raw_len;
    int32_t packed_len;
    int32_t n_values; /* nulls too */
    dwi_parquet_encoding encoding;
    bool has_crc;
    uint32_t crc;
    int32_t n_nulls; /* from here on version 2 alone */
    int32_t n_rows;
    int32_t def_len;
    int32_t rep_len;
    bool is_compressed;
} dwi_pqw_page_header;

dw_status dwi_pqw_page_header_write(const dwi_pqw_page_header *header, dwi_buf *out, dw_error *err);

/* A written column chunk, as the footer tells of it. */
typedef struct dwi_pqw_chunk {
    const dwi_pqw_leaf *leaf;
    const dwi_pqw_leaf_options *options;
    int64_t dictionary_offset; /* -1: none */
    int64_t data_offset;
    int64_t raw_bytes;
    int64_t packed_bytes;
    int64_t n_entries;
    int64_t null_count;
    int64_t nan_count;
    int32_t n_dict_pages;
    int32_t n_own_pages; /* in options->encoding */
    int32_t n_plain_pages;
    int64_t distinct_count; /* -1: not known */
    dwi_chunk_sizes sizes;
    int64_t bloom_offset;
    int32_t bloom_len; /* 0: no Bloom filter */
    bool has_min;
    bool has_max;
    bool min_exact;
    bool max_exact;
    dwi_sv min;
    dwi_sv max;
    int64_t column_index_offset;
    int32_t column_index_len; /* 0: none */
    int64_t offset_index_offset;
    int32_t offset_index_len; /* 0: none */
} dwi_pqw_chunk;

typedef struct dwi_pqw_row_group {
    int64_t n_rows;
    int64_t offset;
    dwi_pqw_chunk *chunks; /* a leaf each */
} dwi_pqw_row_group;

/* Append the chunk's ColumnIndex; *out_len 0 when it can have none: a page whose values are all
 * NaN, or whose maximum cannot be rounded up. */
dw_status dwi_pqw_column_index_write(const dwi_pqw_column *column, dwi_buf *out, int32_t *out_len,
                                     dw_error *err);
/* Append its OffsetIndex; the first data page is at `offset`. */
dw_status dwi_pqw_offset_index_write(const dwi_pqw_column *column, int64_t offset, dwi_buf *out,
                                     int32_t *out_len, dw_error *err);

typedef struct dwi_pqw_footer {
    const dwi_pqw_schema *schema;
    int page_version;
    int64_t n_rows;
    const dwi_pqw_row_group *row_groups;
    size_t n_row_groups;
    const dwi_sv *metadata; /* key, value, key, value...; value.ptr NULL: none */
    size_t n_metadata;      /* pairs */
    const dwi_pqw_sorting *sorting;
    size_t n_sorting;
} dwi_pqw_footer;

/* FileMetaData. */
dw_status dwi_pqw_footer_write(const dwi_pqw_footer *footer, dwi_buf *out, dw_error *err);

#endif
