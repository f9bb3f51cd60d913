/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/page_reader.h"

#include "base/le.h"
#include "thrift/compact.h"

enum {
    FIRST_HEADER = 512,
    MAX_HEADER = 16 << 20,
    /* parquet-mr before 1.2.9 left the dictionary page's header out of a chunk's size. */
    END_SLACK = 100
};

typedef struct page_header {
    int type;
    int64_t uncompressed;
    int64_t compressed;
    bool has_crc;
    uint32_t crc;
    int64_t num_values;
    int encoding;
    int rep_encoding;
    int def_encoding;
    int64_t rep_len; /* v2 */
    int64_t def_len;
    bool is_compressed;
    bool has_body_header; /* the struct that goes with its type */
} page_header;

void dwi_page_reader_init(dwi_page_reader *r, const dw_allocator *alloc, const dwi_file_view *file,
                          dwi_codec_ctx *codecs, int max_rep, int max_def, size_t piece)
{
    memset(r, 0, sizeof(*r));
    r->file = file;
    r->codecs = codecs;
    r->max_rep = max_rep;
    r->max_def = max_def;
    r->piece = piece;
    dwi_buf_init(&r->window, alloc);
    dwi_buf_init(&r->page, alloc);
}

void dwi_page_reader_done(dwi_page_reader *r)
{
    dwi_buf_done(&r->window);
    dwi_buf_done(&r->page);
}

void dwi_page_reader_open(dwi_page_reader *r, const dwi_footer_chunk *chunk)
{
    r->codec = chunk->codec;
    r->pos = chunk->offset;
    r->end = chunk->offset + chunk->bytes;
    r->limit = r->file->source.size - DWI_FILE_TRAILER_BYTES;
    if (r->limit - r->end > END_SLACK)
        r->limit = r->end + END_SLACK;
    r->index = -1;
    r->pass = 0;
    r->window_offset = r->pos;
    dwi_buf_clear(&r->window);
}

void dwi_page_reader_seek(dwi_page_reader *r, int64_t offset, int64_t index)
{
    r->pos = offset;
    r->index = index - 1;
}

static dw_status corrupt(const dwi_page_reader *r, const char *why, dw_error *err)
{
    return dwi_err(err, DW_E_CORRUPT, "page %lld: %s", (long long)r->index, why);
}

/* At least `need` bytes (all within the chunk) from r->pos on. The view holds until the next. */
static dw_status view(dwi_page_reader *r, size_t need, const uint8_t **out, dw_error *err)
{
    static const uint8_t nothing[1] = {0};
    const uint8_t *held = NULL;
    size_t skip = (size_t)(r->pos - r->window_offset);
    size_t have;
    size_t want;
    dw_status status;

    /* A range that is in memory as a whole needs no window. */
    *out = nothing;
    if (need == 0)
        return DW_OK;
    if (dwi_file_view_have(r->file, r->pos, &held) >= need) {
        *out = held;
        return DW_OK;
    }
    have = skip < r->window.len ? r->window.len - skip : 0;
    if (have < need) {
        if (have > 0)
            memmove(r->window.data, r->window.data + skip, have);
        r->window.len = have;
        r->window_offset = r->pos;
        skip = 0;
        want = need > r->piece ? need : r->piece;
        if ((int64_t)want > r->limit - r->pos)
            want = (size_t)(r->limit - r->pos);
        want -= have;
        if (!dwi_buf_reserve(&r->window, want))
            return dwi_err_nomem(err);
        status = dwi_file_view_read(r->file, r->pos + (int64_t)have, want,
                                    r->window.data + r->window.len, err);
        if (status != DW_OK)
            return status;
        r->window.len += want;
    }
    *out = r->window.data + skip;
    return DW_OK;
}

static void data_page_header(dwi_tr *t, dwi_thrift_type type, page_header *h)
{
    int16_t id;

    dwi_tr_struct_begin(t, type);
    while (dwi_tr_field(t, &id, &type)) {
        if (id == 1)
            h->num_values = dwi_tr_i32(t, type);
        else if (id == 2)
            h->encoding = dwi_tr_i32(t, type);
        else if (id == 3)
            h->def_encoding = dwi_tr_i32(t, type);
        else if (id == 4)
            h->rep_encoding = dwi_tr_i32(t, type);
        else
            dwi_tr_skip(t, type);
    }
    dwi_tr_struct_end(t);
}

static void dictionary_page_header(dwi_tr *t, dwi_thrift_type type, page_header *h)
{
    int16_t id;

    dwi_tr_struct_begin(t, type);
    while (dwi_tr_field(t, &id, &type)) {
        if (id == 1)
            h->num_values = dwi_tr_i32(t, type);
        else if (id == 2)
            h->encoding = dwi_tr_i32(t, type);
        else
            dwi_tr_skip(t, type);
    }
    dwi_tr_struct_end(t);
}

static void data_page_header_v2(dwi_tr *t, dwi_thrift_type type, page_header *h)
{
    int16_t id;

    h->is_compressed = true;
    dwi_tr_struct_begin(t, type);
    while (dwi_tr_field(t, &id, &type)) {
        if (id == 1)
            h->num_values = dwi_tr_i32(t, type);
        else if (id == 4)
            h->encoding = dwi_tr_i32(t, type);
        else if (id == 5)
            h->def_len = dwi_tr_i32(t, type);
        else if (id == 6)
            h->rep_len = dwi_tr_i32(t, type);
        else if (id == 7)
            h->is_compressed = dwi_tr_bool(t, type);
        else
            dwi_tr_skip(t, type);
    }
    dwi_tr_struct_end(t);
}

static dw_status parse_header(const void *data, size_t len, page_header *h, size_t *out_used,
                              dw_error *err)
{
    dwi_tr t;
    int16_t id;
    dwi_thrift_type type;

    memset(h, 0, sizeof(*h));
    h->type = -1;
    h->uncompressed = -1;
    h->compressed = -1;
    h->num_values = -1;
    h->encoding = -1;
    dwi_tr_begin(&t, data, len);
    while (dwi_tr_field(&t, &id, &type)) {
        if (id == 1) {
            h->type = dwi_tr_i32(&t, type);
        } else if (id == 2) {
            h->uncompressed = dwi_tr_i32(&t, type);
        } else if (id == 3) {
            h->compressed = dwi_tr_i32(&t, type);
        } else if (id == 4) {
            h->has_crc = true;
            h->crc = (uint32_t)dwi_tr_i32(&t, type);
        } else if (id == 5 && h->type == DWI_PARQUET_DATA_PAGE) {
            h->has_body_header = true;
            data_page_header(&t, type, h);
        } else if (id == 7 && h->type == DWI_PARQUET_DICTIONARY_PAGE) {
            h->has_body_header = true;
            dictionary_page_header(&t, type, h);
        } else if (id == 8 && h->type == DWI_PARQUET_DATA_PAGE_V2) {
            h->has_body_header = true;
            data_page_header_v2(&t, type, h);
        } else {
            dwi_tr_skip(&t, type);
        }
    }
    return dwi_tr_finish(&t, "header", out_used, err);
}

static dw_status check_header(dwi_page_reader *r, const page_header *h, dw_error *err)
{
    if (h->compressed < 0 || h->uncompressed < 0)
        return corrupt(r, "no size or a negative one", err);
    if (h->compressed > r->limit - r->pos)
        return corrupt(r, "longer than its column chunk", err);
    if (h->uncompressed > DWI_PAGE_MAX_BYTES)
        return dwi_err(err, DW_E_UNSUPPORTED, "page %lld: larger than 1 GiB", (long long)r->index);
    if (h->type != DWI_PARQUET_DATA_PAGE && h->type != DWI_PARQUET_DICTIONARY_PAGE &&
        h->type != DWI_PARQUET_DATA_PAGE_V2)
        return DW_OK;
    if (!h->has_body_header)
        return corrupt(r, "incomplete header", err);
    if (h->num_values < 0)
        return corrupt(r, "negative number of values", err);
    if (h->rep_len < 0 || h->def_len < 0 || h->rep_len + h->def_len > h->compressed ||
        h->rep_len + h->def_len > h->uncompressed)
        return corrupt(r, "levels longer than the page", err);
    return DW_OK;
}

/* Header length is not known before it is parsed: try with what is in memory, then with more until
 * all of the chunk is seen. */
static dw_status read_header(dwi_page_reader *r, page_header *h, dw_error *err)
{
    size_t left = (size_t)(r->limit - r->pos);
    size_t len = FIRST_HEADER;
    const uint8_t *data = NULL;
    size_t used = 0;
    dw_status status = DW_E_CORRUPT;
    size_t have = dwi_file_view_have(r->file, r->pos, &data);

    if (left > MAX_HEADER)
        left = MAX_HEADER;
    if (have > 0)
        status = parse_header(data, have < left ? have : left, h, &used, err);
    while (status != DW_OK) {
        if (len > left)
            len = left;
        status = view(r, len, &data, err);
        if (status != DW_OK)
            return status;
        status = parse_header(data, len, h, &used, err);
        if (status == DW_OK || len == left)
            break;
        len *= 8;
    }
    if (status != DW_OK)
        return dwi_err_prefix(err, status, "page %lld", (long long)r->index);
    r->pos += (int64_t)used;
    return check_header(r, h, err);
}

/* The most that a codec can make of one byte, so that a small page cannot ask for a gigabyte. */
static int64_t max_ratio(int codec)
{
    switch (codec) {
    case DWI_CODEC_SNAPPY:
        return 64;
    case DWI_CODEC_LZ4:
    case DWI_CODEC_LZ4_RAW:
        return 256;
    case DWI_CODEC_GZIP:
        return 1100;
    default:
        return INT64_C(1) << 17;
    }
}

/* `data` decompressed into r->page, or itself when the codec is none. */
static dw_status decompress(dwi_page_reader *r, const uint8_t *data, size_t len, size_t out_len,
                            const uint8_t **out, dw_error *err)
{
    dw_status status;

    if (out_len > (len + 64) * (size_t)max_ratio(r->codec))
        return corrupt(r, "decompressed size beyond what its codec can reach", err);
    dwi_buf_clear(&r->page);
    if (!dwi_buf_reserve(&r->page, out_len > 0 ? out_len : 1))
        return dwi_err_nomem(err);
    if (out_len > 0) {
        status = dwi_decompress(r->codecs, r->codec, data, len, r->page.data, out_len, err);
        if (status != DW_OK)
            return dwi_err_prefix(err, status, "page %lld", (long long)r->index);
    }
    r->page.len = out_len;
    *out = r->page.data;
    return DW_OK;
}

/* Bytes of v1 levels: RLE has its length before it, BIT_PACKED has a length by its values. */
static bool split_levels(dwi_page *page, int max_level, int encoding, const uint8_t **out,
                         size_t *out_len)
{
    size_t width = 0;
    uint64_t len;
    size_t head = 0;

    if (max_level == 0)
        return true;
    while (max_level >> width != 0)
        width++;
    if (encoding == DWI_PARQUET_RLE) {
        if (page->values_len < 4)
            return false;
        len = dwi_le32(page->values);
        head = 4;
    } else if (encoding == DWI_PARQUET_BIT_PACKED) {
        len = ((uint64_t)page->num_values * width + 7) / 8;
    } else {
        return false;
    }
    if (len > page->values_len - head)
        return false;
    *out = page->values + head;
    *out_len = (size_t)len;
    page->values += head + *out_len;
    page->values_len -= head + *out_len;
    return true;
}

static dw_status open_v1(dwi_page_reader *r, const page_header *h, const uint8_t *body,
                         dwi_page *page, dw_error *err)
{
    page->values = body;
    page->values_len = (size_t)h->compressed;
    if (r->codec != DWI_CODEC_UNCOMPRESSED) {
        dw_status status =
            decompress(r, body, (size_t)h->compressed, (size_t)h->uncompressed, &page->values, err);
        if (status != DW_OK)
            return status;
        page->values_len = (size_t)h->uncompressed;
    }
    /* A page of no values may have no levels either. */
    if (page->type == DWI_PARQUET_DICTIONARY_PAGE || h->num_values == 0)
        return DW_OK;
    page->rep_encoding = h->rep_encoding;
    page->def_encoding = h->def_encoding;
    if (!split_levels(page, r->max_rep, h->rep_encoding, &page->rep, &page->rep_len) ||
        !split_levels(page, r->max_def, h->def_encoding, &page->def, &page->def_len))
        return corrupt(r, "levels longer than the page or of an unknown encoding", err);
    return DW_OK;
}

/* v2: levels come first and are never compressed. */
static dw_status open_v2(dwi_page_reader *r, const page_header *h, const uint8_t *body,
                         dwi_page *page, dw_error *err)
{
    int64_t levels = h->rep_len + h->def_len;

    page->rep = body;
    page->rep_len = (size_t)h->rep_len;
    page->def = body + h->rep_len;
    page->def_len = (size_t)h->def_len;
    page->rep_encoding = DWI_PARQUET_RLE;
    page->def_encoding = DWI_PARQUET_RLE;
    page->values = body + levels;
    page->values_len = (size_t)(h->compressed - levels);
    if (r->codec == DWI_CODEC_UNCOMPRESSED || !h->is_compressed || page->values_len == 0)
        return DW_OK;
    page->values_len = (size_t)(h->uncompressed - levels);
    return decompress(r, body + levels, (size_t)(h->compressed - levels), page->values_len,
                      &page->values, err);
}

static dw_status open_page(dwi_page_reader *r, const page_header *h, dwi_page *page, dw_error *err)
{
    const uint8_t *body = NULL;
    dw_status status = view(r, (size_t)h->compressed, &body, err);

    if (status != DW_OK)
        return status;
    if (h->has_crc && !r->ignore_checksums && dwi_crc32(0, body, (size_t)h->compressed) != h->crc)
        return corrupt(r, "checksum differs", err);
    r->pos += h->compressed;
    memset(page, 0, sizeof(*page));
    page->type = (dwi_parquet_page)h->type;
    page->encoding = h->encoding;
    page->num_values = h->num_values;
    return h->type == DWI_PARQUET_DATA_PAGE_V2 ? open_v2(r, h, body, page, err)
                                               : open_v1(r, h, body, page, err);
}

static bool is_data_page(int type)
{
    return type == DWI_PARQUET_DATA_PAGE || type == DWI_PARQUET_DATA_PAGE_V2;
}

dw_status dwi_page_reader_next(dwi_page_reader *r, dwi_page *out, bool *out_end, dw_error *err)
{
    page_header h;
    dw_status status;

    while (r->pos < r->end) {
        r->index++;
        status = read_header(r, &h, err);
        if (status != DW_OK)
            return status;
        if (h.type == DWI_PARQUET_DICTIONARY_PAGE ||
            (is_data_page(h.type) && (r->pass == 0 || h.num_values > r->pass))) {
            *out_end = false;
            return open_page(r, &h, out, err);
        }
        if (is_data_page(h.type))
            r->pass -= h.num_values;
        r->pos += h.compressed; /* index pages, and types of the future, too */
    }
    *out_end = true;
    return DW_OK;
}

dw_status dwi_page_reader_look(dwi_page_reader *r, dwi_page_info *out, bool *out_end, dw_error *err)
{
    int64_t start = r->pos;
    page_header h;
    dw_status status;

    *out_end = r->pos >= r->end;
    if (*out_end)
        return DW_OK;
    r->index++;
    status = read_header(r, &h, err);
    if (status != DW_OK)
        return status;
    *out = (dwi_page_info){.type = h.type,
                           .encoding = h.encoding,
                           .offset = start,
                           .header_bytes = r->pos - start,
                           .compressed = h.compressed,
                           .uncompressed = h.uncompressed,
                           .num_values = h.num_values,
                           .has_crc = h.has_crc,
                           .crc = h.crc};
    r->pos += h.compressed;
    return DW_OK;
}
