/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/footer_write.h"

/* Field ids of parquet.thrift. */
enum {
    HEADER_TYPE = 1,
    HEADER_RAW = 2,
    HEADER_PACKED = 3,
    HEADER_CRC = 4,
    HEADER_DATA_PAGE = 5,
    HEADER_DICTIONARY_PAGE = 7,
    HEADER_DATA_PAGE_V2 = 8
};
enum {
    COLUMN_INDEX_NULL_PAGES = 1,
    COLUMN_INDEX_MIN_VALUES = 2,
    COLUMN_INDEX_MAX_VALUES = 3,
    COLUMN_INDEX_BOUNDARY_ORDER = 4,
    COLUMN_INDEX_NULL_COUNTS = 5,
    COLUMN_INDEX_REP_HISTOGRAMS = 6,
    COLUMN_INDEX_DEF_HISTOGRAMS = 7,
    COLUMN_INDEX_NAN_COUNTS = 8
};
enum { OFFSET_INDEX_LOCATIONS = 1, OFFSET_INDEX_UNENCODED = 2 };
enum { ORDER_UNORDERED = 0, ORDER_ASCENDING = 1, ORDER_DESCENDING = 2 };

static void write_data_header(dwi_tc *w, const dwi_pqw_page_header *header)
{
    dwi_tc_struct_begin(w, HEADER_DATA_PAGE);
    dwi_tc_i32(w, 1, header->n_values);
    dwi_tc_i32(w, 2, (int32_t)header->encoding);
    dwi_tc_i32(w, 3, DWI_PARQUET_RLE); /* definition levels */
    dwi_tc_i32(w, 4, DWI_PARQUET_RLE); /* repetition levels */
    dwi_tc_struct_end(w);
}

static void write_data_header_v2(dwi_tc *w, const dwi_pqw_page_header *header)
{
    dwi_tc_struct_begin(w, HEADER_DATA_PAGE_V2);
    dwi_tc_i32(w, 1, header->n_values);
    dwi_tc_i32(w, 2, header->n_nulls);
    dwi_tc_i32(w, 3, header->n_rows);
    dwi_tc_i32(w, 4, (int32_t)header->encoding);
    dwi_tc_i32(w, 5, header->def_len);
    dwi_tc_i32(w, 6, header->rep_len);
    dwi_tc_bool(w, 7, header->is_compressed);
    dwi_tc_struct_end(w);
}

dw_status dwi_pqw_page_header_write(const dwi_pqw_page_header *header, dwi_buf *out, dw_error *err)
{
    dwi_tc w;

    dwi_tc_begin(&w, out);
    dwi_tc_i32(&w, HEADER_TYPE, (int32_t)header->type);
    dwi_tc_i32(&w, HEADER_RAW, header->raw_len);
    dwi_tc_i32(&w, HEADER_PACKED, header->packed_len);
    if (header->has_crc)
        dwi_tc_i32(&w, HEADER_CRC, (int32_t)header->crc);
    if (header->type == DWI_PARQUET_DATA_PAGE) {
        write_data_header(&w, header);
    } else if (header->type == DWI_PARQUET_DATA_PAGE_V2) {
        write_data_header_v2(&w, header);
    } else {
        dwi_tc_struct_begin(&w, HEADER_DICTIONARY_PAGE);
        dwi_tc_i32(&w, 1, header->n_values);
        dwi_tc_i32(&w, 2, (int32_t)header->encoding);
        dwi_tc_struct_end(&w);
    }
    return dwi_tc_finish(&w, err);
}

static bool has_column_index(const dwi_pqw_column *column)
{
    if (!column->options->statistics)
        return false;
    for (size_t i = 0; i < dwi_pqw_column_pages(column); i++) {
        const dwi_pqw_page *page = dwi_pqw_column_page(column, i);
        if (!page->all_null && (!page->has_min || !page->has_max))
            return false;
    }
    return true;
}

/* The order of the bounds as they are written; pages of nulls do not count. */
static int32_t boundary_order(const dwi_pqw_column *column)
{
    const dwi_type *type = column->leaf->type;
    /* There is no text when all bounds are empty strings. */
    const char *at = column->bound_text.len == 0 ? "" : (const char *)column->bound_text.data;
    dwi_sv last_min = {NULL, 0};
    dwi_sv last_max = {NULL, 0};
    bool up = true;
    bool down = true;

    for (size_t i = 0; i < dwi_pqw_column_pages(column); i++) {
        const dwi_pqw_page *page = dwi_pqw_column_page(column, i);
        dwi_sv min = {at, page->min_len};
        dwi_sv max;
        if (page->all_null)
            continue;
        max = (dwi_sv){at + page->min_len, page->max_len};
        at += page->min_len + page->max_len;
        if (last_min.ptr != NULL) {
            int by_min = dwi_bounds_compare(type, last_min, min);
            int by_max = dwi_bounds_compare(type, last_max, max);
            up = up && by_min <= 0 && by_max <= 0;
            down = down && by_min >= 0 && by_max >= 0;
        }
        last_min = min;
        last_max = max;
    }
    return up ? ORDER_ASCENDING : down ? ORDER_DESCENDING : ORDER_UNORDERED;
}

/* One of the two lists of bounds; pages of nulls have an empty one. */
static void write_bounds(dwi_tc *w, const dwi_pqw_column *column, int16_t id)
{
    const uint8_t *at = column->bound_text.data;
    size_t n = dwi_pqw_column_pages(column);

    dwi_tc_list_begin(w, id, DWI_THRIFT_BINARY, n);
    for (size_t i = 0; i < n; i++) {
        const dwi_pqw_page *page = dwi_pqw_column_page(column, i);
        if (id == COLUMN_INDEX_MIN_VALUES)
            dwi_tc_element_binary(w, at, page->min_len);
        else
            dwi_tc_element_binary(w, page->max_len == 0 ? at : at + page->min_len, page->max_len);
        if (page->min_len + page->max_len > 0 && !page->all_null) /* else there may be no text */
            at += page->min_len + page->max_len;
    }
}

/* The levels of each page, one page after the other. */
static void write_histograms(dwi_tc *w, int16_t id, const dwi_pqw_column *column, size_t levels,
                             const int64_t *(*of_page)(const dwi_pqw_column *, size_t))
{
    size_t n = dwi_pqw_column_pages(column);

    if (levels == 0)
        return;
    dwi_tc_list_begin(w, id, DWI_THRIFT_I64, n * levels);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < levels; k++)
            dwi_tc_element_i64(w, of_page(column, i)[k]);
}

dw_status dwi_pqw_column_index_write(const dwi_pqw_column *column, dwi_buf *out, int32_t *out_len,
                                     dw_error *err)
{
    size_t n = dwi_pqw_column_pages(column);
    size_t before = out->len;
    dw_status status;
    dwi_tc w;

    *out_len = 0;
    if (!has_column_index(column))
        return DW_OK;
    dwi_tc_begin(&w, out);
    dwi_tc_list_begin(&w, COLUMN_INDEX_NULL_PAGES, DWI_THRIFT_TRUE, n);
    for (size_t i = 0; i < n; i++)
        dwi_tc_element_bool(&w, dwi_pqw_column_page(column, i)->all_null);
    write_bounds(&w, column, COLUMN_INDEX_MIN_VALUES);
    write_bounds(&w, column, COLUMN_INDEX_MAX_VALUES);
    dwi_tc_i32(&w, COLUMN_INDEX_BOUNDARY_ORDER, boundary_order(column));
    dwi_tc_list_begin(&w, COLUMN_INDEX_NULL_COUNTS, DWI_THRIFT_I64, n);
    for (size_t i = 0; i < n; i++)
        dwi_tc_element_i64(&w, (int64_t)dwi_pqw_column_page(column, i)->nulls);
    write_histograms(&w, COLUMN_INDEX_REP_HISTOGRAMS, column, dwi_size_stats_rep_levels(column),
                     dwi_size_stats_rep);
    write_histograms(&w, COLUMN_INDEX_DEF_HISTOGRAMS, column, dwi_size_stats_def_levels(column),
                     dwi_size_stats_def);
    if (dwi_bounds_has_nan(column->leaf->type)) {
        dwi_tc_list_begin(&w, COLUMN_INDEX_NAN_COUNTS, DWI_THRIFT_I64, n);
        for (size_t i = 0; i < n; i++)
            dwi_tc_element_i64(&w, (int64_t)dwi_pqw_column_page(column, i)->nans);
    }
    status = dwi_tc_finish(&w, err);
    if (status == DW_OK)
        *out_len = (int32_t)(out->len - before);
    return status;
}

dw_status dwi_pqw_offset_index_write(const dwi_pqw_column *column, int64_t offset, dwi_buf *out,
                                     int32_t *out_len, dw_error *err)
{
    size_t n = dwi_pqw_column_pages(column);
    size_t before = out->len;
    int64_t row = 0;
    dw_status status;
    dwi_tc w;

    dwi_tc_begin(&w, out);
    dwi_tc_list_begin(&w, OFFSET_INDEX_LOCATIONS, DWI_THRIFT_STRUCT, n);
    for (size_t i = 0; i < n; i++) {
        const dwi_pqw_page *page = dwi_pqw_column_page(column, i);
        dwi_tc_element_struct_begin(&w);
        dwi_tc_i64(&w, 1, offset);
        dwi_tc_i32(&w, 2, (int32_t)page->len);
        dwi_tc_i64(&w, 3, row);
        dwi_tc_element_struct_end(&w);
        offset += (int64_t)page->len;
        row += (int64_t)page->rows;
    }
    if (column->shared->size_statistics && column->leaf->physical == DWI_PARQUET_BYTE_ARRAY) {
        dwi_tc_list_begin(&w, OFFSET_INDEX_UNENCODED, DWI_THRIFT_I64, n);
        for (size_t i = 0; i < n; i++)
            dwi_tc_element_i64(&w, dwi_pqw_column_page(column, i)->unencoded_bytes);
    }
    status = dwi_tc_finish(&w, err);
    if (status == DW_OK)
        *out_len = (int32_t)(out->len - before);
    return status;
}
