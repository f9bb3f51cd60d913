/* SPDX-License-Identifier: Apache-2.0 */
/* Data page v1: levels, each with its length in front, then values, compressed as one. Version 2:
 * levels without length, never compressed; values, compressed where that makes them smaller. */
#include "parquet/page_encode.h"

#include "base/le.h"
#include "parquet/column_bloom.h"
#include "parquet/dict_judge.h"
#include "parquet/footer_write.h"
#include "parquet/rle_encode.h"
#include "parquet/size_stats.h"
#include "parquet/value_encode.h"

enum { LENGTH_BYTES = 4 };

/* A page before compression: what stays as it is, and what is compressed. */
typedef struct page_parts {
    const uint8_t *levels; /* version 2 alone */
    size_t levels_len;
    const uint8_t *values;
    size_t values_len;
} page_parts;

/* In version 1 give `body` four bytes for the length of what comes next; end_levels() fills them
 * in. */
static size_t begin_levels(const dwi_pqw_column *column, dwi_buf *body)
{
    if (column->shared->page_version == 1)
        dwi_buf_append_zeros(body, LENGTH_BYTES);
    return body->len;
}

static int32_t end_levels(const dwi_pqw_column *column, dwi_buf *body, size_t start)
{
    if (body->failed)
        return 0;
    if (column->shared->page_version == 1)
        dwi_le32_put(body->data + start - LENGTH_BYTES, (uint32_t)(body->len - start));
    return (int32_t)(body->len - start);
}

static void encode_levels(const dwi_pqw_column *column, dwi_buf *body, dwi_pqw_page_header *header)
{
    const dwi_pqw_leaf *leaf = column->leaf;
    size_t start;

    if (leaf->max_rep > 0) {
        start = begin_levels(column, body);
        dwi_rle_encode_u8(body, column->rep.data, column->entries, dwi_rle_width(leaf->max_rep));
        header->rep_len = end_levels(column, body, start);
    }
    if (leaf->max_def == 0)
        return;
    start = begin_levels(column, body);
    if (column->def_bits > 0)
        dwi_rle_encode_bits(body, column->def.data, column->entries);
    else if (column->def.len > 0)
        dwi_rle_encode_u8(body, column->def.data, column->entries, dwi_rle_width(leaf->max_def));
    else
        dwi_rle_encode_run(body, leaf->max_def, column->entries, dwi_rle_width(leaf->max_def));
    header->def_len = end_levels(column, body, start);
}

static unsigned index_width(const dwi_dict *dict)
{
    return dict->count <= 1 ? 1 : dwi_rle_width(dict->count - 1);
}

/* The indices of the page. */
static const uint32_t *page_indices(const dwi_pqw_column *column)
{
    return (const uint32_t *)(const void *)column->indices.data;
}

/* Bounds of strings come from the entries that the page uses, each looked at once. */
static dw_status add_seen_bounds(dwi_pqw_column *column, dw_error *err)
{
    dwi_buf *seen = &column->shared->seen;
    const uint32_t *indices = page_indices(column);

    dwi_buf_clear(seen);
    dwi_buf_append_zeros(seen, column->dict.count);
    if (seen->failed)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < column->n_values; i++)
        seen->data[indices[i]] = 1;
    for (uint32_t i = 0; i < column->dict.count; i++) {
        size_t len;
        const uint8_t *entry;
        if (!seen->data[i])
            continue;
        entry = dwi_dict_entry(&column->dict, i, &len);
        dwi_bounds_add_readable(&column->page_bounds, entry + LENGTH_BYTES, len - LENGTH_BYTES);
    }
    return DW_OK;
}

static dwi_plain_values plain_values(const dwi_pqw_column *column, const uint8_t *data, size_t len)
{
    return (dwi_plain_values){.physical = column->leaf->physical,
                              .width = dwi_pqw_plain_width(column->leaf),
                              .data = data,
                              .len = len,
                              .count = column->n_values};
}

/* What the values at `plain` take in the column's own encoding. */
static size_t own_encoding_bytes(dwi_pqw_column *column, const uint8_t *plain)
{
    dwi_plain_values values = plain_values(column, plain, column->plain_bytes);
    dwi_buf *body = &column->shared->body;

    if (column->options->encoding == DWI_PARQUET_PLAIN)
        return column->plain_bytes;
    dwi_buf_clear(body);
    dwi_value_encode(column->options->encoding, &values, body, &column->shared->scratch);
    return body->len;
}

static bool dictionary_pays(dwi_pqw_column *column, const uint8_t *plain)
{
    size_t encoded = column->n_values * index_width(&column->dict) / 8;

    if (dwi_pqw_dict_of_runs(column))
        return false;
    return column->dict.page.len + encoded < own_encoding_bytes(column, plain) ||
           dwi_pqw_dict_promises(column);
}

static void put_entries(const dwi_pqw_column *column, uint8_t *out)
{
    const uint32_t *indices = page_indices(column);

    for (size_t i = 0; i < column->n_values; i++) {
        size_t len;
        const uint8_t *entry = dwi_dict_entry(&column->dict, indices[i], &len);
        memcpy(out, entry, len);
        out += len;
    }
}

/* The first page with values decides (rule 1 of column_writer.h). */
static dw_status judge_dictionary(dwi_pqw_column *column, dw_error *err)
{
    bool needs_plain = column->options->encoding != DWI_PARQUET_PLAIN;
    uint8_t *out = NULL;

    column->dict_judged = true;
    if (!needs_plain && dictionary_pays(column, NULL))
        return DW_OK;
    out = dwi_pqw_column_plain_room(column, column->plain_bytes);
    if (out == NULL)
        return dwi_err_nomem(err);
    put_entries(column, out);
    if (needs_plain && dictionary_pays(column, out)) {
        dwi_buf_clear(&column->values);
        return dwi_buf_status(&column->shared->body, err);
    }
    column->values.len += column->plain_bytes;
    column->plain_bytes = 0;
    column->dict_on = false;
    dwi_dict_done(&column->dict); /* the next column may need the memory */
    dwi_dict_init(&column->dict, column->dict.width, column->dict.alloc);
    return DW_OK;
}

/* The first page of each kind decides for its chunk. */
static dw_status judge_effort(dwi_pqw_column *column, bool dictionary, const page_parts *parts,
                              dwi_effort *out, dw_error *err)
{
    dwi_pqw_shared *shared = column->shared;
    const dwi_pqw_leaf_options *options = column->options;
    dw_status status = DW_OK;

    if (!column->effort_judged[dictionary]) {
        column->effort_judged[dictionary] = true;
        DWI_TRY(dwi_compress_judge(shared->codec_ctx, options->codec, options->level, parts->values,
                                   parts->values_len, &shared->packed, &column->effort[dictionary],
                                   err));
    }
    *out = column->effort[dictionary];
done:
    return status;
}

/* *out, *out_len: the values as they are stored. */
static dw_status compress(dwi_pqw_column *column, const page_parts *parts,
                          dwi_pqw_page_header *header, const uint8_t **out, size_t *out_len,
                          dw_error *err)
{
    dwi_pqw_shared *shared = column->shared;
    const dwi_pqw_leaf_options *options = column->options;
    dwi_effort effort = DWI_EFFORT_FULL;
    dw_status status = DW_OK;

    *out = parts->values;
    *out_len = parts->values_len;
    header->is_compressed = false;
    if (options->codec == DWI_CODEC_UNCOMPRESSED)
        return DW_OK;
    if (header->type != DWI_PARQUET_DICTIONARY_PAGE)
        DWI_TRY(judge_effort(column, header->encoding == DWI_PARQUET_RLE_DICTIONARY, parts, &effort,
                             err));
    dwi_buf_clear(&shared->packed);
    DWI_TRY(dwi_compress_with(shared->codec_ctx, options->codec, options->level, effort,
                              parts->values, parts->values_len, &shared->packed, err));
    if (header->type == DWI_PARQUET_DATA_PAGE_V2 && shared->packed.len >= parts->values_len)
        return DW_OK;
    *out = shared->packed.data;
    *out_len = shared->packed.len;
    header->is_compressed = true;
done:
    return status;
}

/* Compress, and put header and result into the page store. */
static dw_status seal(dwi_pqw_column *column, dwi_pqw_page_header *header, const page_parts *parts,
                      dwi_pqw_page *page, dw_error *err)
{
    dwi_pqw_shared *shared = column->shared;
    size_t raw_len = parts->levels_len + parts->values_len;
    const uint8_t *packed;
    size_t packed_len;
    uint8_t *out;
    dw_status status;

    DWI_TRY(compress(column, parts, header, &packed, &packed_len, err));
    if (raw_len > INT32_MAX || parts->levels_len + packed_len > INT32_MAX) {
        status = dwi_err(err, DW_E_UNSUPPORTED, "column %.*s: page of %zu bytes is over 2 GiB",
                         DWI_SV_ARG(column->leaf->path[0]), raw_len);
        goto done;
    }
    header->raw_len = (int32_t)raw_len;
    header->packed_len = (int32_t)(parts->levels_len + packed_len);
    header->has_crc = shared->page_checksums;
    if (header->has_crc)
        header->crc = dwi_crc32(dwi_crc32(0, parts->levels, parts->levels_len), packed, packed_len);
    dwi_buf_clear(&shared->header);
    DWI_TRY(dwi_pqw_page_header_write(header, &shared->header, err));
    page->len = shared->header.len + parts->levels_len + packed_len;
    page->raw_len = shared->header.len + raw_len;
    page->data = dwi_page_store_take(&shared->pages, page->len);
    if (page->data == NULL) {
        status = dwi_err_nomem(err);
        goto done;
    }
    out = page->data;
    memcpy(out, shared->header.data, shared->header.len);
    out += shared->header.len;
    if (parts->levels_len > 0)
        memcpy(out, parts->levels, parts->levels_len);
    if (packed_len > 0)
        memcpy(out + parts->levels_len, packed, packed_len);
done:
    return status;
}

/* What the page says about itself in the column index. */
static dw_status describe(dwi_pqw_column *column, dwi_pqw_page *page, dw_error *err)
{
    dwi_buf *text = &column->bound_text;
    size_t limit = column->shared->bound_bytes;
    size_t before = text->len;
    bool exact;

    page->rows = column->rows;
    page->nulls = column->entries - column->n_values;
    page->nans = (size_t)column->page_bounds.nan_count;
    page->all_null = column->n_values == 0;
    page->has_min = dwi_bounds_put_min(&column->page_bounds, limit, text, &exact);
    page->min_len = text->len - before;
    before = text->len;
    page->has_max = dwi_bounds_put_max(&column->page_bounds, limit, text, &exact);
    page->max_len = text->len - before;
    dwi_size_stats_count(column, page);
    return text->failed || column->histograms.failed ? dwi_err_nomem(err) : DW_OK;
}

static void count_page(dwi_pqw_column *column, const dwi_pqw_page *page,
                       dwi_parquet_encoding encoding)
{
    bool dictionary = encoding == DWI_PARQUET_RLE_DICTIONARY;

    column->closed_bytes += page->len;
    column->dict_plain_bytes += dictionary ? column->plain_bytes : 0;
    column->n_dict_pages += dictionary;
    column->n_own_pages += !dictionary && encoding == column->options->encoding;
    column->n_plain_pages += !dictionary && encoding != column->options->encoding;
    column->chunk_entries += (int64_t)column->entries;
    column->chunk_nulls += (int64_t)page->nulls;
    column->file_nulls += (int64_t)page->nulls;
}

static void start_page(dwi_pqw_column *column)
{
    column->rows = 0;
    column->entries = 0;
    column->n_values = 0;
    column->def_bits = 0;
    column->plain_bytes = 0;
    dwi_buf_clear(&column->def);
    dwi_buf_clear(&column->rep);
    dwi_pqw_column_forget_values(column);
    dwi_bounds_clear(&column->page_bounds);
}

static dw_status merge_bounds(dwi_pqw_column *column, dw_error *err)
{
    dwi_bounds_merge(&column->chunk_bounds, &column->page_bounds);
    dwi_bounds_merge(&column->file_bounds, &column->page_bounds);
    if (column->page_bounds.min_bytes.failed || column->page_bounds.max_bytes.failed ||
        column->chunk_bounds.min_bytes.failed || column->chunk_bounds.max_bytes.failed ||
        column->file_bounds.min_bytes.failed || column->file_bounds.max_bytes.failed)
        return dwi_err_nomem(err);
    return DW_OK;
}

/* Values in PLAIN stay where they are: in version 1 the levels are put in front of them, if there
 * is room. */
static bool join_plain(dwi_pqw_column *column, page_parts *parts)
{
    dwi_buf *body = &column->shared->body;
    uint8_t *start = column->values.data + column->values_start;

    if (column->shared->page_version == 1) {
        if (body->len > column->values_start)
            return false;
        start -= body->len;
        if (body->len > 0)
            memcpy(start, body->data, body->len);
        parts->values = start;
        parts->values_len = body->len + dwi_pqw_column_plain_len(column);
    } else {
        parts->levels = body->data;
        parts->levels_len = body->len;
        parts->values = start;
        parts->values_len = dwi_pqw_column_plain_len(column);
    }
    return true;
}

/* Levels and values; *parts points into the shared body or the column's values. */
static dw_status encode_body(dwi_pqw_column *column, dwi_pqw_page_header *header, page_parts *parts,
                             dw_error *err)
{
    dwi_pqw_shared *shared = column->shared;
    dwi_buf *body = &shared->body;
    size_t plain = dwi_pqw_column_plain_len(column);
    size_t levels;
    dw_status status;

    dwi_buf_clear(body);
    encode_levels(column, body, header);
    levels = body->len;
    if (header->encoding == DWI_PARQUET_RLE_DICTIONARY) {
        unsigned width = index_width(&column->dict);
        dwi_buf_append_byte(body, (uint8_t)width);
        dwi_rle_encode_u32(body, page_indices(column), column->n_values, width);
    } else if (plain > 0) {
        dwi_plain_values values =
            plain_values(column, column->values.data + column->values_start, plain);
        status = dwi_column_bloom_add_page(column, &values, err);
        if (status != DW_OK)
            return status;
        if (header->encoding == DWI_PARQUET_PLAIN && !body->failed && join_plain(column, parts))
            return DW_OK;
        dwi_value_encode(header->encoding, &values, body, &shared->scratch);
    }
    if (body->failed || shared->scratch.failed)
        return dwi_err_nomem(err);
    if (shared->page_version == 1)
        levels = 0;
    *parts = (page_parts){body->data, levels, levels == 0 ? body->data : body->data + levels,
                          body->len - levels};
    return DW_OK;
}

/* A page without values encodes nothing. Among dictionary pages it is one, as rule 5 of
 * column_writer.h wants it; elsewhere PLAIN is what every reader has for that. */
static dwi_parquet_encoding page_encoding(const dwi_pqw_column *column)
{
    bool among_dictionary_pages = column->dict_on && column->n_dict_pages > 0;

    if (column->n_values == 0 && !among_dictionary_pages)
        return DWI_PARQUET_PLAIN;
    return column->dict_on ? DWI_PARQUET_RLE_DICTIONARY : column->options->encoding;
}

dw_status dwi_pqw_page_finish(dwi_pqw_column *column, dw_error *err)
{
    bool v2 = column->shared->page_version == 2;
    dwi_pqw_page_header header = {.type = v2 ? DWI_PARQUET_DATA_PAGE_V2 : DWI_PARQUET_DATA_PAGE};
    dwi_pqw_page page = {0};
    page_parts parts = {0};
    dw_status status = DW_OK;

    if (column->entries == 0)
        return DW_OK;
    if (column->entries > INT32_MAX)
        return dwi_err(err, DW_E_UNSUPPORTED, "column %.*s: %zu values in a page are too many",
                       DWI_SV_ARG(column->leaf->path[0]), column->entries);
    if (column->dict_on && column->n_values > 0 && column->dict.width == 0)
        DWI_TRY(add_seen_bounds(column, err));
    if (column->dict_on && column->n_values > 0 && !column->dict_judged)
        DWI_TRY(judge_dictionary(column, err));
    header.n_values = (int32_t)column->entries;
    header.n_nulls = (int32_t)(column->entries - column->n_values);
    header.n_rows = (int32_t)column->rows;
    header.encoding = page_encoding(column);
    DWI_TRY(encode_body(column, &header, &parts, err));
    DWI_TRY(describe(column, &page, err));
    DWI_TRY(merge_bounds(column, err));
    DWI_TRY(seal(column, &header, &parts, &page, err));
    dwi_buf_append(&column->pages, &page, sizeof(page));
    DWI_TRY(dwi_buf_status(&column->pages, err));
    count_page(column, &page, header.encoding);
    start_page(column);
done:
    return status;
}

dw_status dwi_pqw_dict_page_finish(dwi_pqw_column *column, dw_error *err)
{
    dwi_pqw_page_header header = {.type = DWI_PARQUET_DICTIONARY_PAGE,
                                  .encoding = DWI_PARQUET_PLAIN,
                                  .n_values = (int32_t)column->dict.count};
    page_parts parts = {.values = column->dict.page.data, .values_len = column->dict.page.len};

    return seal(column, &header, &parts, &column->dict_page, err);
}
