/* SPDX-License-Identifier: Apache-2.0 */
/* Data page v1: levels, each with its length in front, then values, compressed as one. */
#include "parquet/page_encode.h"

#include "base/alloc.h"
#include "base/le.h"
#include "parquet/footer_write.h"
#include "parquet/rle_encode.h"

enum { LENGTH_BYTES = 4 };

/* Give `body` four bytes for the length of what comes next; put_length() fills them in. */
static size_t reserve_length(dwi_buf *body)
{
    dwi_buf_append_zeros(body, LENGTH_BYTES);
    return body->len;
}

static void put_length(dwi_buf *body, size_t start)
{
    if (!body->failed)
        dwi_le32_put(body->data + start - LENGTH_BYTES, (uint32_t)(body->len - start));
}

static void encode_levels(const dwi_pqw_column *column, dwi_buf *body)
{
    const dwi_pqw_leaf *leaf = column->leaf;
    size_t start;

    if (leaf->max_rep > 0) {
        start = reserve_length(body);
        dwi_rle_encode_u8(body, column->rep.data, column->entries, dwi_rle_width(leaf->max_rep));
        put_length(body, start);
    }
    if (leaf->max_def == 0)
        return;
    start = reserve_length(body);
    if (column->def_bits > 0)
        dwi_rle_encode_bits(body, column->def.data, column->entries);
    else if (column->def.len > 0)
        dwi_rle_encode_u8(body, column->def.data, column->entries, dwi_rle_width(leaf->max_def));
    else
        dwi_rle_encode_run(body, leaf->max_def, column->entries, dwi_rle_width(leaf->max_def));
    put_length(body, start);
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
        dwi_bounds_add_bytes(&column->page_bounds, entry + LENGTH_BYTES, len - LENGTH_BYTES);
    }
    return DW_OK;
}

/* The first page with values decides (rule 1 of column_writer.h). */
static dw_status judge_dictionary(dwi_pqw_column *column, dw_error *err)
{
    const uint32_t *indices = page_indices(column);
    size_t encoded = column->n_values * index_width(&column->dict) / 8;

    column->dict_judged = true;
    if (column->dict.page.len + encoded < column->plain_bytes)
        return DW_OK;
    dwi_buf_clear(&column->values);
    if (!dwi_buf_reserve(&column->values, column->plain_bytes))
        return dwi_err_nomem(err);
    for (size_t i = 0; i < column->n_values; i++) {
        size_t len;
        const uint8_t *entry = dwi_dict_entry(&column->dict, indices[i], &len);
        dwi_buf_append(&column->values, entry, len);
    }
    column->dict_on = false;
    dwi_dict_clear(&column->dict);
    return dwi_buf_status(&column->values, err);
}

/* Compress the shared body and put header and result into a block of exactly their size. */
static dw_status seal(dwi_pqw_column *column, const dwi_pqw_page_header *header, dwi_pqw_page *page,
                      dw_error *err)
{
    dwi_pqw_shared *shared = column->shared;
    dwi_pqw_page_header full = *header;
    dwi_buf text = {0};
    dw_status status;

    dwi_buf_init(&text, shared->alloc);
    dwi_buf_clear(&shared->packed);
    DWI_TRY(dwi_buf_status(&shared->body, err));
    DWI_TRY(dwi_compress(shared->codec_ctx, shared->codec, shared->level, shared->body.data,
                         shared->body.len, &shared->packed, err));
    if (shared->body.len > INT32_MAX || shared->packed.len > INT32_MAX) {
        status = dwi_err(err, DW_E_UNSUPPORTED, "column %.*s: page of %zu bytes is over 2 GiB",
                         DWI_SV_ARG(column->leaf->path[0]), shared->body.len);
        goto done;
    }
    full.raw_len = (int32_t)shared->body.len;
    full.packed_len = (int32_t)shared->packed.len;
    DWI_TRY(dwi_pqw_page_header_write(&full, &text, err));
    page->len = text.len + shared->packed.len;
    page->raw_len = text.len + shared->body.len;
    page->data = dwi_alloc(shared->alloc, page->len);
    if (page->data == NULL) {
        status = dwi_err_nomem(err);
        goto done;
    }
    memcpy(page->data, text.data, text.len);
    if (shared->packed.len > 0)
        memcpy(page->data + text.len, shared->packed.data, shared->packed.len);
done:
    dwi_buf_done(&text);
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
    return dwi_buf_status(text, err);
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
    dwi_buf_clear(&column->values);
    dwi_buf_clear(&column->indices);
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

static void encode_values(const dwi_pqw_column *column, bool dictionary, dwi_buf *body)
{
    unsigned width = index_width(&column->dict);

    if (dictionary) {
        dwi_buf_append_byte(body, (uint8_t)width);
        dwi_rle_encode_u32(body, page_indices(column), column->n_values, width);
    } else {
        dwi_buf_append(body, column->values.data, column->values.len);
    }
}

dw_status dwi_pqw_page_finish(dwi_pqw_column *column, dw_error *err)
{
    dwi_buf *body = &column->shared->body;
    dwi_pqw_page_header header = {.type = DWI_PARQUET_DATA_PAGE};
    dwi_pqw_page page = {0};
    bool dictionary;
    dw_status status = DW_OK;

    if (column->entries == 0)
        return DW_OK;
    if (column->dict_on && column->n_values > 0 && column->dict.width == 0)
        DWI_TRY(add_seen_bounds(column, err));
    if (column->dict_on && column->n_values > 0 && !column->dict_judged)
        DWI_TRY(judge_dictionary(column, err));
    dictionary = column->dict_on && column->n_values > 0;
    dwi_buf_clear(body);
    encode_levels(column, body);
    encode_values(column, dictionary, body);
    header.n_values = (int32_t)column->entries;
    header.encoding = dictionary ? DWI_PARQUET_RLE_DICTIONARY : DWI_PARQUET_PLAIN;
    DWI_TRY(describe(column, &page, err));
    DWI_TRY(merge_bounds(column, err));
    DWI_TRY(seal(column, &header, &page, err));
    dwi_buf_append(&column->pages, &page, sizeof(page));
    if (column->pages.failed) {
        dwi_free(column->shared->alloc, page.data, page.len);
        status = dwi_err_nomem(err);
        goto done;
    }
    column->closed_bytes += page.len;
    column->n_dict_pages += dictionary;
    column->n_plain_pages += !dictionary;
    column->chunk_entries += (int64_t)column->entries;
    column->chunk_nulls += (int64_t)page.nulls;
    column->file_nulls += (int64_t)page.nulls;
    start_page(column);
done:
    return status;
}

dw_status dwi_pqw_dict_page_finish(dwi_pqw_column *column, dw_error *err)
{
    dwi_pqw_page_header header = {.type = DWI_PARQUET_DICTIONARY_PAGE,
                                  .encoding = DWI_PARQUET_PLAIN,
                                  .n_values = (int32_t)column->dict.count};
    dwi_buf *body = &column->shared->body;

    dwi_buf_clear(body);
    dwi_buf_append(body, column->dict.page.data, column->dict.page.len);
    return seal(column, &header, &column->dict_page, err);
}
