/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/footer_write.h"

/* Field ids of parquet.thrift. */
enum {
    FILE_VERSION = 1,
    FILE_SCHEMA = 2,
    FILE_NUM_ROWS = 3,
    FILE_ROW_GROUPS = 4,
    FILE_KEY_VALUE_METADATA = 5,
    FILE_CREATED_BY = 6,
    FILE_COLUMN_ORDERS = 7
};
enum {
    GROUP_COLUMNS = 1,
    GROUP_TOTAL_BYTE_SIZE = 2,
    GROUP_NUM_ROWS = 3,
    GROUP_SORTING_COLUMNS = 4,
    GROUP_FILE_OFFSET = 5,
    GROUP_TOTAL_COMPRESSED = 6,
    GROUP_ORDINAL = 7
};
enum {
    CHUNK_FILE_OFFSET = 2,
    CHUNK_META_DATA = 3,
    CHUNK_OFFSET_INDEX_OFFSET = 4,
    CHUNK_OFFSET_INDEX_LENGTH = 5,
    CHUNK_COLUMN_INDEX_OFFSET = 6,
    CHUNK_COLUMN_INDEX_LENGTH = 7
};
enum {
    META_TYPE = 1,
    META_ENCODINGS = 2,
    META_PATH = 3,
    META_CODEC = 4,
    META_NUM_VALUES = 5,
    META_RAW_SIZE = 6,
    META_PACKED_SIZE = 7,
    META_DATA_OFFSET = 9,
    META_DICTIONARY_OFFSET = 11,
    META_STATISTICS = 12,
    META_ENCODING_STATS = 13,
    META_BLOOM_OFFSET = 14,
    META_BLOOM_LENGTH = 15,
    META_SIZE_STATISTICS = 16
};
enum {
    STAT_NULL_COUNT = 3,
    STAT_DISTINCT_COUNT = 4,
    STAT_MAX_VALUE = 5,
    STAT_MIN_VALUE = 6,
    STAT_MAX_EXACT = 7,
    STAT_MIN_EXACT = 8,
    STAT_NAN_COUNT = 9
};
enum { SIZE_UNENCODED = 1, SIZE_REP_HISTOGRAM = 2, SIZE_DEF_HISTOGRAM = 3 };
enum { SORTING_COLUMN = 1, SORTING_DESCENDING = 2, SORTING_NULLS_FIRST = 3 };
enum { COLUMN_ORDER_TYPE = 1 };
enum { FORMAT_VERSION = 2 };

/* Readers that look for bugs of writers take it apart in this form. */
#define CREATED_BY "libdeltawrite version " DWI_VERSION " (build " DWI_VERSION ")"

static void write_statistics(dwi_tc *w, const dwi_pqw_chunk *chunk)
{
    if (!chunk->options->statistics)
        return;
    dwi_tc_struct_begin(w, META_STATISTICS);
    dwi_tc_i64(w, STAT_NULL_COUNT, chunk->null_count);
    if (chunk->distinct_count >= 0)
        dwi_tc_i64(w, STAT_DISTINCT_COUNT, chunk->distinct_count);
    if (chunk->has_max)
        dwi_tc_string(w, STAT_MAX_VALUE, chunk->max);
    if (chunk->has_min)
        dwi_tc_string(w, STAT_MIN_VALUE, chunk->min);
    if (chunk->has_max)
        dwi_tc_bool(w, STAT_MAX_EXACT, chunk->max_exact);
    if (chunk->has_min)
        dwi_tc_bool(w, STAT_MIN_EXACT, chunk->min_exact);
    if (dwi_bounds_has_nan(chunk->leaf->type))
        dwi_tc_i64(w, STAT_NAN_COUNT, chunk->nan_count);
    dwi_tc_struct_end(w);
}

static void write_encoding_stat(dwi_tc *w, dwi_parquet_page type, dwi_parquet_encoding encoding,
                                int32_t count)
{
    if (count == 0)
        return;
    dwi_tc_element_struct_begin(w);
    dwi_tc_i32(w, 1, (int32_t)type);
    dwi_tc_i32(w, 2, (int32_t)encoding);
    dwi_tc_i32(w, 3, count);
    dwi_tc_element_struct_end(w);
}

static void write_encoding_stats(dwi_tc *w, const dwi_pqw_chunk *chunk, int page_version)
{
    dwi_parquet_page data = page_version == 2 ? DWI_PARQUET_DATA_PAGE_V2 : DWI_PARQUET_DATA_PAGE;
    bool dictionary = chunk->dictionary_offset >= 0;

    dwi_tc_list_begin(w, META_ENCODING_STATS, DWI_THRIFT_STRUCT,
                      (size_t)dictionary + (chunk->n_dict_pages > 0) + (chunk->n_own_pages > 0) +
                          (chunk->n_plain_pages > 0));
    write_encoding_stat(w, DWI_PARQUET_DICTIONARY_PAGE, DWI_PARQUET_PLAIN, dictionary);
    write_encoding_stat(w, data, DWI_PARQUET_RLE_DICTIONARY, chunk->n_dict_pages);
    write_encoding_stat(w, data, chunk->options->encoding, chunk->n_own_pages);
    write_encoding_stat(w, data, DWI_PARQUET_PLAIN, chunk->n_plain_pages);
}

static void write_encodings(dwi_tc *w, const dwi_pqw_chunk *chunk)
{
    unsigned used = 1u << DWI_PARQUET_RLE; /* levels */
    size_t n = 0;

    if (chunk->dictionary_offset >= 0)
        used |= 1u << DWI_PARQUET_PLAIN | 1u << DWI_PARQUET_RLE_DICTIONARY;
    if (chunk->n_own_pages > 0)
        used |= 1u << chunk->options->encoding;
    if (chunk->n_plain_pages > 0)
        used |= 1u << DWI_PARQUET_PLAIN;
    for (int32_t i = 0; i <= DWI_PARQUET_BYTE_STREAM_SPLIT; i++)
        n += used >> i & 1;
    dwi_tc_list_begin(w, META_ENCODINGS, DWI_THRIFT_I32, n);
    for (int32_t i = 0; i <= DWI_PARQUET_BYTE_STREAM_SPLIT; i++)
        if (used >> i & 1)
            dwi_tc_element_i32(w, i);
}

static void write_histogram(dwi_tc *w, int16_t id, const int64_t *counts, size_t n)
{
    if (n == 0)
        return;
    dwi_tc_list_begin(w, id, DWI_THRIFT_I64, n);
    for (size_t i = 0; i < n; i++)
        dwi_tc_element_i64(w, counts[i]);
}

static void write_sizes(dwi_tc *w, const dwi_chunk_sizes *sizes)
{
    if (!sizes->has_bytes && sizes->n_rep + sizes->n_def == 0)
        return;
    dwi_tc_struct_begin(w, META_SIZE_STATISTICS);
    if (sizes->has_bytes)
        dwi_tc_i64(w, SIZE_UNENCODED, sizes->unencoded_bytes);
    write_histogram(w, SIZE_REP_HISTOGRAM, sizes->rep, sizes->n_rep);
    write_histogram(w, SIZE_DEF_HISTOGRAM, sizes->def, sizes->n_def);
    dwi_tc_struct_end(w);
}

static void write_meta_data(dwi_tc *w, const dwi_pqw_chunk *chunk, int page_version)
{
    const dwi_pqw_leaf *leaf = chunk->leaf;

    dwi_tc_struct_begin(w, CHUNK_META_DATA);
    dwi_tc_i32(w, META_TYPE, (int32_t)leaf->physical);
    write_encodings(w, chunk);
    dwi_tc_list_begin(w, META_PATH, DWI_THRIFT_BINARY, leaf->n_path);
    for (size_t i = 0; i < leaf->n_path; i++)
        dwi_tc_element_binary(w, leaf->path[i].ptr, leaf->path[i].len);
    dwi_tc_i32(w, META_CODEC, chunk->options->codec);
    dwi_tc_i64(w, META_NUM_VALUES, chunk->n_entries);
    dwi_tc_i64(w, META_RAW_SIZE, chunk->raw_bytes);
    dwi_tc_i64(w, META_PACKED_SIZE, chunk->packed_bytes);
    dwi_tc_i64(w, META_DATA_OFFSET, chunk->data_offset);
    if (chunk->dictionary_offset >= 0)
        dwi_tc_i64(w, META_DICTIONARY_OFFSET, chunk->dictionary_offset);
    write_statistics(w, chunk);
    write_encoding_stats(w, chunk, page_version);
    if (chunk->bloom_len > 0) {
        dwi_tc_i64(w, META_BLOOM_OFFSET, chunk->bloom_offset);
        dwi_tc_i32(w, META_BLOOM_LENGTH, chunk->bloom_len);
    }
    write_sizes(w, &chunk->sizes);
    dwi_tc_struct_end(w);
}

static void write_chunk(dwi_tc *w, const dwi_pqw_chunk *chunk, int page_version)
{
    dwi_tc_element_struct_begin(w);
    /* Deprecated, and never used by readers; 0 is what the format asks for. */
    dwi_tc_i64(w, CHUNK_FILE_OFFSET, 0);
    write_meta_data(w, chunk, page_version);
    if (chunk->offset_index_len > 0) {
        dwi_tc_i64(w, CHUNK_OFFSET_INDEX_OFFSET, chunk->offset_index_offset);
        dwi_tc_i32(w, CHUNK_OFFSET_INDEX_LENGTH, chunk->offset_index_len);
    }
    if (chunk->column_index_len > 0) {
        dwi_tc_i64(w, CHUNK_COLUMN_INDEX_OFFSET, chunk->column_index_offset);
        dwi_tc_i32(w, CHUNK_COLUMN_INDEX_LENGTH, chunk->column_index_len);
    }
    dwi_tc_element_struct_end(w);
}

static void write_sorting(dwi_tc *w, const dwi_pqw_footer *footer)
{
    if (footer->n_sorting == 0)
        return;
    dwi_tc_list_begin(w, GROUP_SORTING_COLUMNS, DWI_THRIFT_STRUCT, footer->n_sorting);
    for (size_t i = 0; i < footer->n_sorting; i++) {
        dwi_tc_element_struct_begin(w);
        dwi_tc_i32(w, SORTING_COLUMN, footer->sorting[i].leaf);
        dwi_tc_bool(w, SORTING_DESCENDING, footer->sorting[i].descending);
        dwi_tc_bool(w, SORTING_NULLS_FIRST, footer->sorting[i].nulls_first);
        dwi_tc_element_struct_end(w);
    }
}

static void write_row_group(dwi_tc *w, const dwi_pqw_footer *footer, size_t ordinal)
{
    const dwi_pqw_row_group *group = &footer->row_groups[ordinal];
    size_t n = footer->schema->n_leaves;
    int64_t raw = 0;
    int64_t packed = 0;

    dwi_tc_element_struct_begin(w);
    dwi_tc_list_begin(w, GROUP_COLUMNS, DWI_THRIFT_STRUCT, n);
    for (size_t i = 0; i < n; i++) {
        write_chunk(w, &group->chunks[i], footer->page_version);
        raw += group->chunks[i].raw_bytes;
        packed += group->chunks[i].packed_bytes;
    }
    dwi_tc_i64(w, GROUP_TOTAL_BYTE_SIZE, raw);
    dwi_tc_i64(w, GROUP_NUM_ROWS, group->n_rows);
    write_sorting(w, footer);
    dwi_tc_i64(w, GROUP_FILE_OFFSET, group->offset);
    dwi_tc_i64(w, GROUP_TOTAL_COMPRESSED, packed);
    if (ordinal <= INT16_MAX)
        dwi_tc_i16(w, GROUP_ORDINAL, (int16_t)ordinal);
    dwi_tc_element_struct_end(w);
}

static void write_metadata(dwi_tc *w, const dwi_pqw_footer *footer)
{
    if (footer->n_metadata == 0)
        return;
    dwi_tc_list_begin(w, FILE_KEY_VALUE_METADATA, DWI_THRIFT_STRUCT, footer->n_metadata);
    for (size_t i = 0; i < footer->n_metadata; i++) {
        dwi_tc_element_struct_begin(w);
        dwi_tc_string(w, 1, footer->metadata[2 * i]);
        if (footer->metadata[2 * i + 1].ptr != NULL)
            dwi_tc_string(w, 2, footer->metadata[2 * i + 1]);
        dwi_tc_element_struct_end(w);
    }
}

dw_status dwi_pqw_footer_write(const dwi_pqw_footer *footer, dwi_buf *out, dw_error *err)
{
    dwi_tc w;

    dwi_tc_begin(&w, out);
    dwi_tc_i32(&w, FILE_VERSION, FORMAT_VERSION);
    dwi_pqw_schema_write(footer->schema, &w, FILE_SCHEMA);
    dwi_tc_i64(&w, FILE_NUM_ROWS, footer->n_rows);
    dwi_tc_list_begin(&w, FILE_ROW_GROUPS, DWI_THRIFT_STRUCT, footer->n_row_groups);
    for (size_t i = 0; i < footer->n_row_groups; i++)
        write_row_group(&w, footer, i);
    write_metadata(&w, footer);
    dwi_tc_string(&w, FILE_CREATED_BY, DWI_SV(CREATED_BY));
    dwi_tc_list_begin(&w, FILE_COLUMN_ORDERS, DWI_THRIFT_STRUCT, footer->schema->n_leaves);
    for (size_t i = 0; i < footer->schema->n_leaves; i++) {
        dwi_tc_element_struct_begin(&w);
        dwi_tc_struct_begin(&w, COLUMN_ORDER_TYPE);
        dwi_tc_struct_end(&w);
        dwi_tc_element_struct_end(&w);
    }
    return dwi_tc_finish(&w, err);
}
