/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/leaf_reader.h"

#include "parquet/leaf_values.h"

enum { PATH_BYTES = 200 };

dw_status dwi_leaf_room(dwi_leaf_shared *shared, const dwi_parquet_node *node, dwi_buf *buf,
                        size_t more, dw_error *err)
{
    char path[PATH_BYTES];

    if (more > shared->budget)
        return dwi_err(err, DW_E_NOMEM,
                       "column %s: more than %zu MiB in one batch of rows; read fewer at a time",
                       dwi_parquet_node_path(node, path, sizeof(path)), shared->batch_bytes >> 20);
    shared->budget -= more;
    return dwi_buf_reserve(buf, more) ? DW_OK : dwi_err_nomem(err);
}

static void set_levels(dwi_leaf_reader *leaf)
{
    const dwi_parquet_node *node = leaf->node;

    leaf->max_rep = node->rep;
    leaf->max_def = node->def;
    for (; node != NULL; node = node->parent)
        if (node->type->kind == DWI_ARRAY || node->type->kind == DWI_MAP)
            leaf->elem_def[node->rep + 1] = node->elem_def;
}

dw_status dwi_leaf_reader_init(dwi_leaf_reader *leaf, const dwi_parquet_node *node,
                               const dwi_type *type, dwi_leaf_shared *shared,
                               const dwi_file_view *file, dwi_codec_ctx *codecs, size_t piece,
                               dw_error *err)
{
    const dw_allocator *alloc = shared->alloc;
    dw_status status;

    memset(leaf, 0, sizeof(*leaf));
    leaf->node = node;
    leaf->shared = shared;
    leaf->type = type;
    leaf->skip_values = type == NULL;
    set_levels(leaf);
    dwi_page_reader_init(&leaf->pages, alloc, file, codecs, leaf->max_rep, leaf->max_def, piece);
    dwi_value_reader_init(&leaf->values, alloc, node->physical, node->type_length);
    dwi_buf_init(&leaf->dictionary.values, alloc);
    dwi_buf_init(&leaf->dictionary.offsets, alloc);
    dwi_buf_init(&leaf->dictionary.data, alloc);
    dwi_buf_init(&leaf->kept_rep, alloc);
    dwi_buf_init(&leaf->kept_def, alloc);
    if (type == NULL)
        return DW_OK;
    status = dwi_convert_find(alloc, node, type, &leaf->convert, err);
    leaf->skip_values = leaf->convert.form == DWI_CONVERT_NULLS;
    return status;
}

void dwi_leaf_reader_done(dwi_leaf_reader *leaf)
{
    dwi_page_reader_done(&leaf->pages);
    dwi_value_reader_done(&leaf->values);
    dwi_buf_done(&leaf->dictionary.values);
    dwi_buf_done(&leaf->dictionary.offsets);
    dwi_buf_done(&leaf->dictionary.data);
    dwi_buf_done(&leaf->kept_rep);
    dwi_buf_done(&leaf->kept_def);
    dwi_column_done(&leaf->discarded);
}

static dw_status chunk_error(const dwi_leaf_reader *leaf, dw_status code, const char *why,
                             dw_error *err)
{
    char path[PATH_BYTES];

    return dwi_err(err, code, "column %s: %s",
                   dwi_parquet_node_path(leaf->node, path, sizeof(path)), why);
}

dw_status dwi_leaf_reader_open(dwi_leaf_reader *leaf, const dwi_footer_chunk *chunk, int64_t rows,
                               const dwi_offset_index *index, dw_error *err)
{
    if (chunk->encrypted)
        return chunk_error(leaf, DW_E_UNSUPPORTED, "encrypted", err);
    if (chunk->external)
        return chunk_error(leaf, DW_E_UNSUPPORTED, "its data is in another file", err);
    leaf->index = index == NULL || index->n_pages == 0 ? NULL : index;
    leaf->chunk = chunk;
    leaf->group_rows = rows;
    leaf->row = 0;
    leaf->page_rows = -1;
    leaf->chunk_left = chunk->num_values;
    leaf->page_left = 0;
    leaf->pending_pos = 0;
    leaf->pending_len = 0;
    leaf->last_def = 0;
    leaf->dictionary.present = false;
    dwi_page_reader_open(&leaf->pages, chunk);
    return DW_OK;
}

static int bit_width(int max_level)
{
    int width = 0;

    while (max_level >> width != 0)
        width++;
    return width;
}

static void begin_levels(dwi_rle_reader *r, const uint8_t *data, size_t len, int encoding,
                         int max_level)
{
    if (encoding == DWI_PARQUET_BIT_PACKED)
        dwi_rle_begin_bit_packed(r, data, len, bit_width(max_level));
    else
        dwi_rle_begin(r, data, len, bit_width(max_level));
}

static dw_status open_values(dwi_leaf_reader *leaf, const dwi_page *page, dw_error *err)
{
    char path[PATH_BYTES];
    bool unsupported;
    const char *why = dwi_value_reader_open(&leaf->values, page, &unsupported);

    if (why == NULL)
        return DW_OK;
    if (!unsupported)
        return dwi_leaf_corrupt(leaf, why, err);
    return dwi_err(err, DW_E_UNSUPPORTED, "column %s: page %lld: %s %d",
                   dwi_parquet_node_path(leaf->node, path, sizeof(path)),
                   (long long)leaf->pages.index, why, page->encoding);
}

static dw_status open_dictionary_page(dwi_leaf_reader *leaf, const dwi_page *page, dw_error *err)
{
    dw_status status;

    if (leaf->skip_values)
        return DW_OK;
    if (leaf->dictionary.present)
        return dwi_leaf_corrupt(leaf, "a second dictionary", err);
    if (page->encoding != DWI_PARQUET_PLAIN && page->encoding != DWI_PARQUET_PLAIN_DICTIONARY)
        return dwi_leaf_corrupt(leaf, "a dictionary that is not PLAIN", err);
    status = open_values(leaf, page, err);
    return status == DW_OK ? dwi_leaf_dictionary_load(leaf, page->num_values, err) : status;
}

static dw_status open_data_page(dwi_leaf_reader *leaf, const dwi_page *page, dw_error *err)
{
    if (page->num_values > leaf->chunk_left)
        return dwi_leaf_corrupt(leaf, "more values than its column chunk", err);
    if (leaf->page_rows >= 0 && leaf->max_rep == 0 && page->num_values != leaf->page_rows)
        return dwi_leaf_corrupt(leaf, "another number of rows than the offset index says", err);
    leaf->page_rows = -1;
    if (page->num_values == 0)
        return DW_OK;
    leaf->chunk_left -= page->num_values;
    leaf->page_left = page->num_values;
    if (leaf->max_rep > 0)
        begin_levels(&leaf->rep, page->rep, page->rep_len, page->rep_encoding, leaf->max_rep);
    if (leaf->max_def > 0)
        begin_levels(&leaf->def, page->def, page->def_len, page->def_encoding, leaf->max_def);
    return leaf->skip_values ? DW_OK : open_values(leaf, page, err);
}

/* Pages until one has levels; *out_end when there is none. */
static dw_status next_page(dwi_leaf_reader *leaf, bool *out_end, dw_error *err)
{
    char path[PATH_BYTES];
    dwi_page page;
    dw_status status;

    while (leaf->page_left == 0) {
        status = dwi_page_reader_next(&leaf->pages, &page, out_end, err);
        if (status != DW_OK)
            return dwi_err_prefix(err, status, "column %s",
                                  dwi_parquet_node_path(leaf->node, path, sizeof(path)));
        if (*out_end)
            return DW_OK;
        status = page.type == DWI_PARQUET_DICTIONARY_PAGE ? open_dictionary_page(leaf, &page, err)
                                                          : open_data_page(leaf, &page, err);
        if (status != DW_OK)
            return status;
    }
    *out_end = false;
    return DW_OK;
}

static bool levels_in_range(const uint8_t *levels, size_t n, int max_level)
{
    unsigned max = 0;

    for (size_t i = 0; i < n; i++)
        max = levels[i] > max ? levels[i] : max;
    return max <= (unsigned)max_level;
}

/* A level that repeats at a list needs an element there and one before it; the first of all starts
 * a row. */
static bool levels_nest(dwi_leaf_reader *leaf, size_t n)
{
    uint8_t last = leaf->last_def;
    bool nest = true;

    for (size_t i = 0; i < n; i++) {
        uint8_t need = leaf->elem_def[leaf->pending_rep[i]];
        nest &= leaf->pending_def[i] >= need && last >= need;
        last = leaf->pending_def[i];
    }
    leaf->last_def = last;
    return nest;
}

/* Decode the next levels; *out_end when the chunk has no more. */
static dw_status fill_pending(dwi_leaf_reader *leaf, bool *out_end, dw_error *err)
{
    size_t n;
    dw_status status = next_page(leaf, out_end, err);

    if (status != DW_OK || *out_end)
        return status;
    n = leaf->page_left < DWI_VALUE_CHUNK ? (size_t)leaf->page_left : DWI_VALUE_CHUNK;
    if (leaf->max_rep > 0 && (!dwi_rle_read_u8(&leaf->rep, leaf->pending_rep, n) ||
                              !levels_in_range(leaf->pending_rep, n, leaf->max_rep)))
        return dwi_leaf_corrupt(leaf, "fewer repetition levels than values, or broken ones", err);
    if (leaf->max_def > 0 && (!dwi_rle_read_u8(&leaf->def, leaf->pending_def, n) ||
                              !levels_in_range(leaf->pending_def, n, leaf->max_def)))
        return dwi_leaf_corrupt(leaf, "fewer definition levels than values, or broken ones", err);
    if (leaf->max_rep > 0 && !levels_nest(leaf, n))
        return dwi_leaf_corrupt(leaf, "repetition levels that do not nest", err);
    leaf->page_left -= (int64_t)n;
    leaf->pending_pos = 0;
    leaf->pending_len = n;
    return DW_OK;
}

/* How many pending levels belong to the rows still wanted; *rows is counted down by the rows that
 * start among them. */
static size_t take_levels(const dwi_leaf_reader *leaf, int64_t *rows)
{
    size_t left = leaf->pending_len - leaf->pending_pos;
    const uint8_t *rep = leaf->pending_rep + leaf->pending_pos;
    size_t n = 0;

    if (leaf->max_rep == 0) {
        n = *rows < (int64_t)left ? (size_t)*rows : left;
        *rows -= (int64_t)n;
        return n;
    }
    for (; n < left; n++)
        if (rep[n] == 0) {
            if (*rows == 0)
                break;
            --*rows;
        }
    return n;
}

static dw_status keep(dwi_leaf_reader *leaf, size_t n, dw_error *err)
{
    dw_status status = DW_OK;

    if (!leaf->keep_levels)
        return DW_OK;
    if (leaf->max_rep > 0) {
        DWI_TRY(dwi_leaf_room(leaf->shared, leaf->node, &leaf->kept_rep, n, err));
        dwi_buf_append(&leaf->kept_rep, leaf->pending_rep + leaf->pending_pos, n);
    }
    DWI_TRY(dwi_leaf_room(leaf->shared, leaf->node, &leaf->kept_def, n, err));
    dwi_buf_append(&leaf->kept_def, leaf->pending_def + leaf->pending_pos, n);
done:
    return status;
}

/* Slots of the leaf among n levels: valid[i] for each; returns how many, *out_valid the valid. */
static size_t find_slots(const dwi_leaf_reader *leaf, size_t n, uint8_t *valid, size_t *out_valid)
{
    const uint8_t *def = leaf->pending_def + leaf->pending_pos;
    uint8_t slot_def = leaf->node->slot_def;
    uint8_t max_def = (uint8_t)leaf->max_def;
    size_t slots = 0;
    size_t n_valid = 0;

    if (leaf->max_def == 0) {
        *out_valid = n;
        return n;
    }
    if (slot_def == 0) {
        for (size_t i = 0; i < n; i++) {
            valid[i] = def[i] == max_def;
            n_valid += valid[i];
        }
        slots = n;
    } else {
        for (size_t i = 0; i < n; i++) {
            valid[slots] = def[i] == max_def;
            n_valid += valid[slots];
            slots += def[i] >= slot_def;
        }
    }
    *out_valid = n_valid;
    return slots;
}

static dw_status consume(dwi_leaf_reader *leaf, size_t n, dwi_column *column, dw_error *err)
{
    uint8_t valid[DWI_VALUE_CHUNK];
    size_t n_valid = 0;
    size_t slots;
    dw_status status;

    DWI_TRY(keep(leaf, n, err));
    if (column != NULL) {
        slots = find_slots(leaf, n, valid, &n_valid);
        if (slots > 0)
            DWI_TRY(dwi_leaf_values_append(leaf, valid, slots, n_valid, column, err));
    }
    leaf->pending_pos += n;
done:
    return status;
}

dw_status dwi_leaf_reader_next(dwi_leaf_reader *leaf, int64_t rows, bool last, dwi_column *column,
                               dw_error *err)
{
    bool end = false;
    dw_status status = DW_OK;

    leaf->row += rows;

    dwi_buf_clear(&leaf->kept_rep);
    dwi_buf_clear(&leaf->kept_def);
    /* A repeated leaf's last row ends where another begins, or with the chunk. */
    while (rows > 0 || leaf->max_rep > 0) {
        size_t n;
        if (leaf->pending_pos == leaf->pending_len) {
            DWI_TRY(fill_pending(leaf, &end, err));
            if (end)
                break;
        }
        n = take_levels(leaf, &rows);
        if (n == 0)
            break;
        DWI_TRY(consume(leaf, n, column, err));
    }
    if (rows > 0)
        return chunk_error(leaf, DW_E_CORRUPT, "fewer rows than its row group", err);
    if (last && (leaf->pending_pos < leaf->pending_len || leaf->page_left > 0))
        return chunk_error(leaf, DW_E_CORRUPT, "more rows than its row group", err);
done:
    return status;
}

/* Read and forget. */
static dw_status discard(dwi_leaf_reader *leaf, int64_t rows, dw_error *err)
{
    dwi_column *column = leaf->skip_values ? NULL : &leaf->discarded;
    dw_status status = DW_OK;

    if (column != NULL && column->alloc == NULL)
        DWI_TRY(dwi_column_init(column, leaf->type, leaf->shared->alloc, err));
    while (rows > 0) {
        int64_t n = rows < DWI_VALUE_CHUNK ? rows : DWI_VALUE_CHUNK;
        if (column != NULL)
            dwi_column_clear(column);
        leaf->shared->budget = leaf->shared->batch_bytes;
        DWI_TRY(dwi_leaf_reader_next(leaf, n, false, column, err));
        rows -= n;
    }
done:
    return status;
}

/* The dictionary page comes before the data pages that an offset index knows. *out false: what
 * comes first is something else. */
static dw_status load_dictionary(dwi_leaf_reader *leaf, bool *out, dw_error *err)
{
    char path[PATH_BYTES];
    dwi_page page;
    bool end;
    dw_status status;

    *out = true;
    if (leaf->pages.index >= 0 || leaf->index->pages[0].offset == leaf->pages.pos)
        return DW_OK;
    status = dwi_page_reader_next(&leaf->pages, &page, &end, err);
    if (status != DW_OK)
        return dwi_err_prefix(err, status, "column %s",
                              dwi_parquet_node_path(leaf->node, path, sizeof(path)));
    if (!end && page.type == DWI_PARQUET_DICTIONARY_PAGE)
        return open_dictionary_page(leaf, &page, err);
    *out = false;
    return DW_OK;
}

/* To the page of a row, if that is not open yet. */
static dw_status seek_page(dwi_leaf_reader *leaf, int64_t row, dw_error *err)
{
    const dwi_offset_index *index = leaf->index;
    size_t at = dwi_page_of_row(index, row);
    const dwi_page_location *page = &index->pages[at];
    bool known;
    dw_status status;

    if (page->offset < leaf->pages.pos)
        return DW_OK;
    status = load_dictionary(leaf, &known, err);
    if (status != DW_OK)
        return status;
    if (!known)
        return dwi_leaf_reader_open(leaf, leaf->chunk, leaf->group_rows, NULL, err);
    dwi_page_reader_seek(&leaf->pages, page->offset,
                         (int64_t)at + (index->pages[0].offset != leaf->chunk->offset));
    leaf->pending_pos = leaf->pending_len = 0;
    leaf->page_left = 0;
    leaf->last_def = 0;
    leaf->chunk_left = INT64_MAX; /* how many values are left is not known */
    leaf->row = page->first_row;
    leaf->page_rows = dwi_page_end_row(index, at, leaf->group_rows) - page->first_row;
    return DW_OK;
}

/* Past whole pages on the way to a row, where each value is a row and all of the open page's are
 * read. */
static dw_status pass_pages(dwi_leaf_reader *leaf, int64_t row, dw_error *err)
{
    int64_t rows = row - leaf->row;
    bool end;
    dw_status status;

    leaf->pages.pass = rows;
    status = next_page(leaf, &end, err);
    if (status != DW_OK)
        return status;
    rows -= leaf->pages.pass;
    leaf->pages.pass = 0;
    if (rows > leaf->chunk_left + leaf->page_left)
        return dwi_leaf_corrupt(leaf, "more values than its column chunk", err);
    leaf->row += rows;
    leaf->chunk_left -= rows;
    return DW_OK;
}

dw_status dwi_leaf_reader_seek(dwi_leaf_reader *leaf, int64_t row, dw_error *err)
{
    int64_t open;
    dw_status status = DW_OK;

    if (row > leaf->row && leaf->index != NULL)
        DWI_TRY(seek_page(leaf, row, err));
    open = (int64_t)(leaf->pending_len - leaf->pending_pos) + leaf->page_left;
    if (leaf->max_rep == 0 && row - leaf->row > open) {
        DWI_TRY(discard(leaf, open, err));
        DWI_TRY(pass_pages(leaf, row, err));
    }
    DWI_TRY(discard(leaf, row - leaf->row, err));
done:
    return status;
}
