/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/value_reader.h"

#include "base/le.h"

void dwi_value_reader_init(dwi_value_reader *r, const dw_allocator *alloc, int physical,
                           int32_t type_length)
{
    static const uint8_t widths[] = {
        [DWI_PARQUET_BOOLEAN] = 0,    [DWI_PARQUET_INT32] = 4, [DWI_PARQUET_INT64] = 8,
        [DWI_PARQUET_INT96] = 12,     [DWI_PARQUET_FLOAT] = 4, [DWI_PARQUET_DOUBLE] = 8,
        [DWI_PARQUET_BYTE_ARRAY] = 0,
    };

    memset(r, 0, sizeof(*r));
    r->physical = physical;
    r->width =
        physical == DWI_PARQUET_FIXED_LEN_BYTE_ARRAY ? (size_t)type_length : widths[physical];
    dwi_buf_init(&r->last, alloc);
}

void dwi_value_reader_done(dwi_value_reader *r)
{
    dwi_buf_done(&r->last);
}

bool dwi_value_reader_is_dictionary(const dwi_value_reader *r)
{
    return r->encoding == DWI_PARQUET_RLE_DICTIONARY;
}

/* Bit width in one byte, then the hybrid. A page of nulls only may have no byte at all. */
static const char *open_dictionary(dwi_value_reader *r, const dwi_page *page)
{
    int width = page->values_len > 0 ? page->values[0] : 0;

    if (width > 32)
        return "dictionary indices of more than 32 bits";
    if (page->values_len > 0)
        dwi_rle_begin(&r->rle, page->values + 1, page->values_len - 1, width);
    else
        dwi_rle_begin(&r->rle, page->values, 0, width);
    return NULL;
}

static const char *open_rle(dwi_value_reader *r, const dwi_page *page)
{
    size_t len;

    if (r->physical != DWI_PARQUET_BOOLEAN)
        return "RLE is for booleans only";
    if (page->values_len < 4) {
        dwi_rle_begin(&r->rle, page->values, 0, 1);
        return NULL;
    }
    len = dwi_le32(page->values);
    if (len > page->values_len - 4)
        return "RLE values longer than the page";
    dwi_rle_begin(&r->rle, page->values + 4, len, 1);
    return NULL;
}

static const char *open_delta(dwi_value_reader *r, const dwi_page *page)
{
    /* A page of nulls only may have no header. */
    if (page->values_len == 0)
        memset(&r->delta, 0, sizeof(r->delta));
    else if (!dwi_delta_begin(&r->delta, page->values, page->values_len))
        return "broken header of DELTA_BINARY_PACKED values";
    return NULL;
}

static const char *open_delta_lengths(dwi_value_reader *r)
{
    const uint8_t *end;

    if (r->pos == r->end) {
        memset(&r->delta, 0, sizeof(r->delta));
        return NULL;
    }
    if (!dwi_delta_begin(&r->delta, r->pos, (size_t)(r->end - r->pos)))
        return "broken lengths of DELTA_LENGTH_BYTE_ARRAY values";
    end = dwi_delta_find_end(&r->delta);
    if (end == NULL)
        return "truncated lengths of DELTA_LENGTH_BYTE_ARRAY values";
    r->pos = end;
    return NULL;
}

static const char *open_delta_bytes(dwi_value_reader *r)
{
    const uint8_t *end;

    dwi_buf_clear(&r->last);
    memset(&r->prefix, 0, sizeof(r->prefix));
    if (r->pos == r->end)
        return open_delta_lengths(r);
    if (!dwi_delta_begin(&r->prefix, r->pos, (size_t)(r->end - r->pos)))
        return "broken prefix lengths of DELTA_BYTE_ARRAY values";
    end = dwi_delta_find_end(&r->prefix);
    if (end == NULL)
        return "truncated prefix lengths of DELTA_BYTE_ARRAY values";
    r->pos = end;
    return open_delta_lengths(r);
}

static const char *open_split(dwi_value_reader *r)
{
    if (r->width == 0)
        return "BYTE_STREAM_SPLIT is for values of a fixed width only";
    r->stride = (size_t)(r->end - r->pos) / r->width;
    r->index = 0;
    return NULL;
}

static bool is_bytes(const dwi_value_reader *r)
{
    return r->physical == DWI_PARQUET_BYTE_ARRAY || r->physical == DWI_PARQUET_FIXED_LEN_BYTE_ARRAY;
}

const char *dwi_value_reader_open(dwi_value_reader *r, const dwi_page *page, bool *out_unsupported)
{
    *out_unsupported = false;
    r->encoding = page->encoding;
    r->pos = page->values;
    r->end = page->values + page->values_len;
    r->bit = 0;
    switch (page->encoding) {
    case DWI_PARQUET_PLAIN:
        return NULL;
    case DWI_PARQUET_PLAIN_DICTIONARY:
    case DWI_PARQUET_RLE_DICTIONARY:
        /* In a dictionary page the old name means PLAIN. */
        r->encoding = page->type == DWI_PARQUET_DICTIONARY_PAGE ? DWI_PARQUET_PLAIN
                                                                : DWI_PARQUET_RLE_DICTIONARY;
        return page->type == DWI_PARQUET_DICTIONARY_PAGE ? NULL : open_dictionary(r, page);
    case DWI_PARQUET_RLE:
        return open_rle(r, page);
    case DWI_PARQUET_DELTA_BINARY_PACKED:
        if (r->physical != DWI_PARQUET_INT32 && r->physical != DWI_PARQUET_INT64)
            return "DELTA_BINARY_PACKED is for integers only";
        return open_delta(r, page);
    case DWI_PARQUET_DELTA_LENGTH_BYTE_ARRAY:
        return is_bytes(r) ? open_delta_lengths(r) : "DELTA_LENGTH_BYTE_ARRAY is for bytes only";
    case DWI_PARQUET_DELTA_BYTE_ARRAY:
        return is_bytes(r) ? open_delta_bytes(r) : "DELTA_BYTE_ARRAY is for bytes only";
    case DWI_PARQUET_BYTE_STREAM_SPLIT:
        return open_split(r);
    default:
        *out_unsupported = true;
        return "unknown encoding";
    }
}

bool dwi_value_read_indices(dwi_value_reader *r, size_t n, dwi_value_scratch *scratch)
{
    return dwi_rle_read_u32(&r->rle, scratch->indices, n);
}

bool dwi_value_read_booleans(dwi_value_reader *r, size_t n, uint8_t *out)
{
    size_t bits = r->bit + n;

    if (r->encoding == DWI_PARQUET_RLE)
        return dwi_rle_read_u8(&r->rle, out, n);
    if (r->encoding != DWI_PARQUET_PLAIN || (bits + 7) / 8 > (size_t)(r->end - r->pos))
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = (r->pos[(r->bit + i) >> 3] >> ((r->bit + i) & 7)) & 1;
    r->pos += bits >> 3;
    r->bit = bits & 7;
    return true;
}

static const void *read_delta(dwi_value_reader *r, size_t n, dwi_value_scratch *scratch)
{
    int64_t *wide = (int64_t *)scratch->fixed;
    uint8_t *narrow = (uint8_t *)scratch->fixed;

    if (!dwi_delta_read(&r->delta, wide, n))
        return NULL;
    if (r->physical == DWI_PARQUET_INT32)
        for (size_t i = 0; i < n; i++)
            dwi_le32_put(narrow + 4 * i, (uint32_t)(uint64_t)wide[i]);
    return scratch->fixed;
}

/* Byte k of all values, then byte k + 1 of all values. */
static bool read_split(dwi_value_reader *r, size_t n, uint8_t *out)
{
    if (n > r->stride - r->index)
        return false;
    for (size_t k = 0; k < r->width; k++) {
        const uint8_t *in = r->pos + k * r->stride + r->index;
        for (size_t i = 0; i < n; i++)
            out[i * r->width + k] = in[i];
    }
    r->index += n;
    return true;
}

const void *dwi_value_read_fixed(dwi_value_reader *r, size_t n, dwi_value_scratch *scratch)
{
    const uint8_t *values = r->pos;

    switch (r->encoding) {
    case DWI_PARQUET_PLAIN:
        if (n > (size_t)(r->end - r->pos) / r->width)
            return NULL;
        r->pos += n * r->width;
        return values;
    case DWI_PARQUET_DELTA_BINARY_PACKED:
        return read_delta(r, n, scratch);
    case DWI_PARQUET_BYTE_STREAM_SPLIT:
        return read_split(r, n, (uint8_t *)scratch->fixed) ? scratch->fixed : NULL;
    default:
        return NULL;
    }
}

static bool read_plain_spans(dwi_value_reader *r, size_t n, dwi_sv *out)
{
    const uint8_t *pos = r->pos;

    for (size_t i = 0; i < n; i++) {
        size_t left = (size_t)(r->end - pos);
        size_t len;
        if (left < 4)
            return false;
        len = dwi_le32(pos);
        if (len > left - 4)
            return false;
        out[i] = (dwi_sv){(const char *)pos + 4, len};
        pos += 4 + len;
    }
    r->pos = pos;
    return true;
}

static bool read_fixed_spans(dwi_value_reader *r, size_t n, dwi_sv *out)
{
    if (n > (size_t)(r->end - r->pos) / r->width)
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = (dwi_sv){(const char *)r->pos + i * r->width, r->width};
    r->pos += n * r->width;
    return true;
}

static bool read_split_spans(dwi_value_reader *r, size_t n, dwi_value_scratch *scratch)
{
    dwi_buf_clear(&scratch->bytes);
    if (n > r->stride - r->index || !dwi_buf_reserve(&scratch->bytes, n * r->width) ||
        !read_split(r, n, scratch->bytes.data))
        return false;
    for (size_t i = 0; i < n; i++)
        scratch->spans[i] = (dwi_sv){(const char *)scratch->bytes.data + i * r->width, r->width};
    return true;
}

static bool read_length_spans(dwi_value_reader *r, size_t n, dwi_value_scratch *scratch)
{
    if (!dwi_delta_read(&r->delta, scratch->lengths, n))
        return false;
    for (size_t i = 0; i < n; i++) {
        int64_t len = scratch->lengths[i];
        if (len < 0 || len > r->end - r->pos)
            return false;
        scratch->spans[i] = (dwi_sv){(const char *)r->pos, (size_t)len};
        r->pos += len;
    }
    return true;
}

/* Each value is a prefix of the one before and a suffix of its own. Spans are first offsets into
 * scratch->bytes, because that moves as it grows. */
static bool read_prefix_spans(dwi_value_reader *r, size_t n, dwi_value_scratch *scratch)
{
    dwi_buf *bytes = &scratch->bytes;
    const uint8_t *last = r->last.data;
    size_t last_len = r->last.len;

    if (!dwi_delta_read(&r->prefix, scratch->prefixes, n) || !read_length_spans(r, n, scratch))
        return false;
    dwi_buf_clear(bytes);
    for (size_t i = 0; i < n; i++) {
        int64_t prefix = scratch->prefixes[i];
        dwi_sv suffix = scratch->spans[i];
        size_t start = bytes->len;
        if (prefix < 0 || (uint64_t)prefix > last_len || (int64_t)bytes->len > DWI_PAGE_MAX_BYTES ||
            !dwi_buf_reserve(bytes, (size_t)prefix + suffix.len))
            return false;
        if (i > 0 && last_len > 0)
            last = bytes->data + (start - last_len);
        if (prefix > 0)
            memcpy(bytes->data + start, last, (size_t)prefix);
        if (suffix.len > 0)
            memcpy(bytes->data + start + prefix, suffix.ptr, suffix.len);
        last_len = (size_t)prefix + suffix.len;
        bytes->len = start + last_len;
        scratch->spans[i].len = last_len;
    }
    for (size_t i = 0, at = 0; i < n; at += scratch->spans[i++].len)
        scratch->spans[i].ptr = bytes->data == NULL ? "" : (const char *)bytes->data + at;
    dwi_buf_clear(&r->last);
    if (n > 0)
        dwi_buf_append(&r->last, scratch->spans[n - 1].ptr, last_len);
    return !r->last.failed;
}

static bool have_width(const dwi_value_reader *r, size_t n, const dwi_sv *spans)
{
    for (size_t i = 0; i < n; i++)
        if (spans[i].len != r->width)
            return false;
    return true;
}

bool dwi_value_read_spans(dwi_value_reader *r, size_t n, dwi_value_scratch *scratch)
{
    bool fixed = r->physical == DWI_PARQUET_FIXED_LEN_BYTE_ARRAY;

    switch (r->encoding) {
    case DWI_PARQUET_PLAIN:
        return fixed ? read_fixed_spans(r, n, scratch->spans)
                     : read_plain_spans(r, n, scratch->spans);
    case DWI_PARQUET_DELTA_LENGTH_BYTE_ARRAY:
        return read_length_spans(r, n, scratch) && (!fixed || have_width(r, n, scratch->spans));
    case DWI_PARQUET_DELTA_BYTE_ARRAY:
        return read_prefix_spans(r, n, scratch) && (!fixed || have_width(r, n, scratch->spans));
    case DWI_PARQUET_BYTE_STREAM_SPLIT:
        return fixed && read_split_spans(r, n, scratch);
    default:
        return false;
    }
}
