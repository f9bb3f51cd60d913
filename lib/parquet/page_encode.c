/* SPDX-License-Identifier: Apache-2.0 */
/* Data page v1: levels, each with its length in front, then values, compressed as one. */
#include "parquet/page_encode.h"

#include <math.h>

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

/* How many distinct values there may be in all, when the first `n` drawn at random show `seen`: the
 * D for which D * (1 - exp(-n / D)) is `seen`. At most `most`. */
static double estimate_distinct(double n, double seen, double most)
{
    double low = seen;
    double high = most;

    for (int i = 0; i < 40 && high - low > 1; i++) {
        double middle = (low + high) / 2;
        if (middle * (1 - exp(-n / middle)) < seen)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* Repetitions in the first of several pages promise that the dictionary will not outgrow its limit,
 * even where it does not pay yet. */
static bool dictionary_promises(const dwi_pqw_column *column)
{
    const dwi_dict *dict = &column->dict;
    double entry = (double)dict->page.len / dict->count;
    double most = (double)column->shared->dictionary_bytes / entry;

    return column->rows >= column->shared->page_rows && dict->count < column->n_values &&
           estimate_distinct((double)column->n_values, dict->count, 2 * most) < most;
}

/* The first page with values decides (rule 1 of column_writer.h). */
static dw_status judge_dictionary(dwi_pqw_column *column, dw_error *err)
{
    const uint32_t *indices = page_indices(column);
    size_t encoded = column->n_values * index_width(&column->dict) / 8;
    uint8_t *out;

    column->dict_judged = true;
    if (column->dict.page.len + encoded < column->plain_bytes || dictionary_promises(column))
        return DW_OK;
    out = dwi_pqw_column_plain_room(column, column->plain_bytes);
    if (out == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < column->n_values; i++) {
        size_t len;
        const uint8_t *entry = dwi_dict_entry(&column->dict, indices[i], &len);
        memcpy(out, entry, len);
        out += len;
    }
    column->values.len += column->plain_bytes;
    column->dict_on = false;
    dwi_dict_clear(&column->dict);
    return DW_OK;
}

/* Compress, and put header and result into the page store. */
static dw_status seal(dwi_pqw_column *column, const dwi_pqw_page_header *header,
                      const uint8_t *body, size_t len, dwi_pqw_page *page, dw_error *err)
{
    dwi_pqw_shared *shared = column->shared;
    dwi_pqw_page_header full = *header;
    const uint8_t *packed = body;
    size_t packed_len = len;
    dw_status status;

    if (shared->codec != DWI_CODEC_UNCOMPRESSED) {
        dwi_buf_clear(&shared->packed);
        DWI_TRY(dwi_compress(shared->codec_ctx, shared->codec, shared->level, body, len,
                             &shared->packed, err));
        packed = shared->packed.data;
        packed_len = shared->packed.len;
    }
    if (len > INT32_MAX || packed_len > INT32_MAX) {
        status = dwi_err(err, DW_E_UNSUPPORTED, "column %.*s: page of %zu bytes is over 2 GiB",
                         DWI_SV_ARG(column->leaf->path[0]), len);
        goto done;
    }
    full.raw_len = (int32_t)len;
    full.packed_len = (int32_t)packed_len;
    dwi_buf_clear(&shared->header);
    DWI_TRY(dwi_pqw_page_header_write(&full, &shared->header, err));
    page->len = shared->header.len + packed_len;
    page->raw_len = shared->header.len + len;
    page->data = dwi_page_store_take(&shared->pages, page->len);
    if (page->data == NULL) {
        status = dwi_err_nomem(err);
        goto done;
    }
    memcpy(page->data, shared->header.data, shared->header.len);
    if (packed_len > 0)
        memcpy(page->data + shared->header.len, packed, packed_len);
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
    return dwi_buf_status(text, err);
}

static void count_page(dwi_pqw_column *column, const dwi_pqw_page *page, bool dictionary)
{
    column->closed_bytes += page->len;
    column->dict_plain_bytes += dictionary ? column->plain_bytes : 0;
    column->n_dict_pages += dictionary;
    column->n_plain_pages += !dictionary;
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

/* Levels and values as one. They are put in front of PLAIN values where these are, if there is
 * room: *out points there, or into the shared body. */
static dw_status encode_body(dwi_pqw_column *column, bool dictionary, const uint8_t **out,
                             size_t *out_len, dw_error *err)
{
    dwi_buf *body = &column->shared->body;
    size_t plain = dwi_pqw_column_plain_len(column);
    unsigned width = index_width(&column->dict);

    dwi_buf_clear(body);
    encode_levels(column, body);
    if (dictionary) {
        dwi_buf_append_byte(body, (uint8_t)width);
        dwi_rle_encode_u32(body, page_indices(column), column->n_values, width);
    } else if (plain > 0 && !body->failed && body->len <= column->values_start) {
        uint8_t *start = column->values.data + column->values_start - body->len;
        if (body->len > 0)
            memcpy(start, body->data, body->len);
        *out = start;
        *out_len = body->len + plain;
        return DW_OK;
    } else if (plain > 0) {
        dwi_buf_append(body, column->values.data + column->values_start, plain);
    }
    *out = body->data;
    *out_len = body->len;
    return dwi_buf_status(body, err);
}

dw_status dwi_pqw_page_finish(dwi_pqw_column *column, dw_error *err)
{
    dwi_pqw_page_header header = {.type = DWI_PARQUET_DATA_PAGE};
    dwi_pqw_page page = {0};
    const uint8_t *body = NULL;
    size_t body_len = 0;
    bool dictionary;
    dw_status status = DW_OK;

    if (column->entries == 0)
        return DW_OK;
    if (column->dict_on && column->n_values > 0 && column->dict.width == 0)
        DWI_TRY(add_seen_bounds(column, err));
    if (column->dict_on && column->n_values > 0 && !column->dict_judged)
        DWI_TRY(judge_dictionary(column, err));
    dictionary = column->dict_on && column->n_values > 0;
    DWI_TRY(encode_body(column, dictionary, &body, &body_len, err));
    header.n_values = (int32_t)column->entries;
    header.encoding = dictionary ? DWI_PARQUET_RLE_DICTIONARY : DWI_PARQUET_PLAIN;
    DWI_TRY(describe(column, &page, err));
    DWI_TRY(merge_bounds(column, err));
    DWI_TRY(seal(column, &header, body, body_len, &page, err));
    dwi_buf_append(&column->pages, &page, sizeof(page));
    DWI_TRY(dwi_buf_status(&column->pages, err));
    count_page(column, &page, dictionary);
    start_page(column);
done:
    return status;
}

dw_status dwi_pqw_dict_page_finish(dwi_pqw_column *column, dw_error *err)
{
    dwi_pqw_page_header header = {.type = DWI_PARQUET_DICTIONARY_PAGE,
                                  .encoding = DWI_PARQUET_PLAIN,
                                  .n_values = (int32_t)column->dict.count};

    return seal(column, &header, column->dict.page.data, column->dict.page.len, &column->dict_page,
                err);
}
