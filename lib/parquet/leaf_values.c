/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/leaf_values.h"

#include "base/le.h"
#include "base/utf8.h"

/* Copies of short values may run over by so much; buffers have room for it. */
enum { SLACK = 16, PATH_BYTES = 200 };

/* A chunk of values of our widest type but fixed(n). */
enum { MAX_CHECKED = DWI_VALUE_CHUNK * 16 };

dw_status dwi_leaf_corrupt(const dwi_leaf_reader *leaf, const char *why, dw_error *err)
{
    char path[PATH_BYTES];

    return dwi_err(err, DW_E_CORRUPT, "column %s: page %lld: %s",
                   dwi_parquet_node_path(leaf->node, path, sizeof(path)),
                   (long long)leaf->pages.index, why);
}

/* Values that could not be read: no memory, or what the page has is broken. */
static dw_status no_values(const dwi_leaf_reader *leaf, dw_error *err)
{
    dwi_buf *bytes = &leaf->shared->scratch.bytes;
    bool nomem = bytes->failed || leaf->values.last.failed;

    return nomem ? dwi_err_nomem(err)
                 : dwi_leaf_corrupt(leaf, "fewer values than it says, or broken ones", err);
}

static bool in_dictionary(const uint32_t *indices, size_t n, size_t count)
{
    uint32_t max = 0;

    for (size_t i = 0; i < n; i++)
        max = indices[i] > max ? indices[i] : max;
    return n == 0 || max < count;
}

static dw_status read_indices(dwi_leaf_reader *leaf, size_t n, dw_error *err)
{
    dwi_value_scratch *scratch = &leaf->shared->scratch;

    if (!leaf->dictionary.present)
        return dwi_leaf_corrupt(leaf, "dictionary indices without a dictionary", err);
    if (!dwi_value_read_indices(&leaf->values, n, scratch))
        return no_values(leaf, err);
    if (!in_dictionary(scratch->indices, n, leaf->dictionary.count))
        return dwi_leaf_corrupt(leaf, "index beyond the dictionary", err);
    return DW_OK;
}

static void gather(const uint8_t *values, size_t width, const uint32_t *indices, size_t n,
                   uint8_t *out)
{
    switch (width) {
    case 1:
        for (size_t i = 0; i < n; i++)
            out[i] = values[indices[i]];
        break;
    case 2:
        for (size_t i = 0; i < n; i++)
            memcpy(out + 2 * i, values + 2 * (size_t)indices[i], 2);
        break;
    case 4:
        for (size_t i = 0; i < n; i++)
            memcpy(out + 4 * i, values + 4 * (size_t)indices[i], 4);
        break;
    case 8:
        for (size_t i = 0; i < n; i++)
            memcpy(out + 8 * i, values + 8 * (size_t)indices[i], 8);
        break;
    case 16:
        for (size_t i = 0; i < n; i++)
            memcpy(out + 16 * i, values + 16 * (size_t)indices[i], 16);
        break;
    default:
        for (size_t i = 0; i < n; i++)
            memcpy(out + width * i, values + width * (size_t)indices[i], width);
        break;
    }
}

/* n values of convert.width bytes, without gaps, to `out`. */
static dw_status read_dense(dwi_leaf_reader *leaf, size_t n, void *out, dw_error *err)
{
    const dwi_convert *c = &leaf->convert;
    dwi_value_scratch *scratch = &leaf->shared->scratch;
    const void *in;
    bool fits;

    if (n == 0)
        return DW_OK;
    if (dwi_value_reader_is_dictionary(&leaf->values)) {
        dw_status status = read_indices(leaf, n, err);
        if (status == DW_OK)
            gather(leaf->dictionary.values.data, c->width, scratch->indices, n, out);
        return status;
    }
    switch (c->form) {
    case DWI_CONVERT_BOOLEAN:
        return dwi_value_read_booleans(&leaf->values, n, out) ? DW_OK : no_values(leaf, err);
    case DWI_CONVERT_FIXED:
        in = dwi_value_read_fixed(&leaf->values, n, scratch);
        if (in == NULL)
            return no_values(leaf, err);
        fits = c->fixed(c, in, n, out);
        break;
    default:
        if (!dwi_value_read_spans(&leaf->values, n, scratch))
            return no_values(leaf, err);
        fits = c->spans(c, scratch->spans, n, out);
        break;
    }
    return fits ? DW_OK : dwi_leaf_corrupt(leaf, "a value out of the range of its type", err);
}

/* Dense values of `width` bytes to the slots that are valid, backwards so that it works in place;
 * null slots get zeros. `width` is a constant where this is called. */
static inline void spread(uint8_t *out, size_t width, const uint8_t *valid, size_t n,
                          size_t n_valid)
{
    static const uint8_t zeros[16] = {0};
    size_t k = n_valid;

    for (size_t i = n; i-- > 0;) {
        const uint8_t *from;
        k -= valid[i];
        from = valid[i] ? out + width * k : zeros;
        memmove(out + width * i, from, width);
    }
}

/* The same for any width. */
static void spread_wide(uint8_t *out, size_t width, const uint8_t *valid, size_t n, size_t n_valid)
{
    size_t k = n_valid;

    for (size_t i = n; i-- > 0;) {
        k -= valid[i];
        if (!valid[i])
            memset(out + width * i, 0, width);
        else
            memmove(out + width * i, out + width * k, width);
    }
}

static void spread_values(uint8_t *out, size_t width, const uint8_t *valid, size_t n,
                          size_t n_valid)
{
    switch (width) {
    case 1:
        spread(out, 1, valid, n, n_valid);
        break;
    case 2:
        spread(out, 2, valid, n, n_valid);
        break;
    case 4:
        spread(out, 4, valid, n, n_valid);
        break;
    case 8:
        spread(out, 8, valid, n, n_valid);
        break;
    case 16:
        spread(out, 16, valid, n, n_valid);
        break;
    default:
        spread_wide(out, width, valid, n, n_valid);
        break;
    }
}

static void spread_ends(int32_t *ends, int32_t base, const uint8_t *valid, size_t n, size_t n_valid)
{
    size_t k = n_valid;

    for (size_t i = n; i-- > 0;) {
        ends[i] = k > 0 ? ends[k - 1] : base;
        k -= valid[i];
    }
}

static size_t bitmap_bytes(size_t bits)
{
    return bits / 8 + (bits % 8 != 0);
}

/* n bits (one a byte in `bits`) behind the first `length` bits of a bitmap that has room. */
static void append_bits(dwi_buf *bitmap, size_t length, const uint8_t *bits, size_t n)
{
    size_t i = 0;

    if (bitmap_bytes(length + n) > bitmap_bytes(length))
        memset(bitmap->data + bitmap_bytes(length), 0,
               bitmap_bytes(length + n) - bitmap_bytes(length));
    bitmap->len = bitmap_bytes(length + n);
    for (; i < n && (length + i) % 8 != 0; i++) {
        uint8_t *byte = &bitmap->data[(length + i) / 8];
        uint8_t mask = (uint8_t)(1u << ((length + i) % 8));
        *byte = (uint8_t)(bits[i] ? *byte | mask : *byte & ~mask);
    }
    /* Eight bytes of 0 or 1 into one byte: the product gathers them in its top byte. */
    for (; i + 8 <= n; i += 8)
        bitmap->data[(length + i) / 8] =
            (uint8_t)((dwi_le64(bits + i) * UINT64_C(0x0102040810204080)) >> 56);
    for (; i < n; i++)
        bitmap->data[(length + i) / 8] |= (uint8_t)(bits[i] << ((length + i) % 8));
}

dw_status dwi_leaf_validity_append(dwi_leaf_shared *shared, const dwi_parquet_node *node,
                                   const uint8_t *valid, size_t n, size_t n_valid,
                                   dwi_column *column, dw_error *err)
{
    size_t length = (size_t)column->length;
    size_t old = column->validity.len;
    dw_status status;

    if (n_valid == n && column->null_count == 0)
        return DW_OK;
    status = dwi_leaf_room(shared, node, &column->validity, bitmap_bytes(length + n) - old, err);
    if (status != DW_OK)
        return status;
    if (column->null_count == 0 && length > 0)
        memset(column->validity.data, 0xFF, bitmap_bytes(length));
    append_bits(&column->validity, length, valid, n);
    column->null_count += (int64_t)(n - n_valid);
    return DW_OK;
}

static dw_status append_fixed(dwi_leaf_reader *leaf, const uint8_t *valid, size_t n, size_t n_valid,
                              dwi_column *column, dw_error *err)
{
    size_t width = leaf->convert.width;
    uint8_t *out;
    dw_status status;

    DWI_TRY(dwi_leaf_room(leaf->shared, leaf->node, &column->values, n * width, err));
    out = column->values.data + column->values.len;
    DWI_TRY(read_dense(leaf, n_valid, out, err));
    if (n_valid < n)
        spread_values(out, width, valid, n, n_valid);
    column->values.len += n * width;
done:
    return status;
}

static dw_status append_booleans(dwi_leaf_reader *leaf, const uint8_t *valid, size_t n,
                                 size_t n_valid, dwi_column *column, dw_error *err)
{
    uint8_t *bytes = leaf->shared->scratch.booleans;
    size_t length = (size_t)column->length;
    dw_status status;

    DWI_TRY(read_dense(leaf, n_valid, bytes, err));
    if (n_valid < n)
        spread_values(bytes, 1, valid, n, n_valid);
    DWI_TRY(dwi_leaf_room(leaf->shared, leaf->node, &column->values,
                          bitmap_bytes(length + n) - column->values.len, err));
    append_bits(&column->values, length, bytes, n);
done:
    return status;
}

static dw_status data_room(dwi_leaf_reader *leaf, dwi_column *column, uint64_t total, dw_error *err)
{
    char path[PATH_BYTES];

    if (total > (uint64_t)INT32_MAX - column->data.len)
        return dwi_err(err, DW_E_UNSUPPORTED, "column %s: more than 2 GiB in one batch of rows",
                       dwi_parquet_node_path(leaf->node, path, sizeof(path)));
    return dwi_leaf_room(leaf->shared, leaf->node, &column->data, (size_t)total + SLACK, err);
}

static bool utf8_spans(const uint8_t *data, size_t len, const dwi_sv *spans, size_t n)
{
    unsigned continuation = 0;

    /* Valid as a whole, and no value starts in the middle of a character. */
    for (size_t i = 0; i < n; i++)
        if (spans[i].len > 0)
            continuation |= ((uint8_t)spans[i].ptr[0] & 0xC0) == 0x80;
    return continuation == 0 && dwi_utf8_valid(data, len);
}

/* Spans to the end of the column's data, their ends to `ends`. */
static dw_status append_spans(dwi_leaf_reader *leaf, size_t n, int32_t *ends, dwi_column *column,
                              dw_error *err)
{
    const dwi_sv *spans = leaf->shared->scratch.spans;
    size_t start = column->data.len;
    uint64_t total = 0;
    uint8_t *out;
    dw_status status;

    if (!dwi_value_read_spans(&leaf->values, n, &leaf->shared->scratch))
        return no_values(leaf, err);
    for (size_t i = 0; i < n; i++)
        total += spans[i].len;
    status = data_room(leaf, column, total, err);
    if (status != DW_OK)
        return status;
    out = column->data.data + start;
    for (size_t i = 0; i < n; i++) {
        if (spans[i].len > 0)
            memcpy(out, spans[i].ptr, spans[i].len);
        out += spans[i].len;
        ends[i] = (int32_t)(out - column->data.data);
    }
    if (leaf->convert.check_utf8 && !utf8_spans(column->data.data + start, (size_t)total, spans, n))
        return dwi_leaf_corrupt(leaf, "a string that is not UTF-8", err);
    column->data.len += (size_t)total;
    return DW_OK;
}

/* The same from the dictionary. */
static dw_status append_entries(dwi_leaf_reader *leaf, size_t n, int32_t *ends, dwi_column *column,
                                dw_error *err)
{
    const uint32_t *indices = leaf->shared->scratch.indices;
    const uint32_t *offsets;
    const uint8_t *data = leaf->dictionary.data.data;
    uint64_t total = 0;
    uint8_t *out;
    dw_status status = read_indices(leaf, n, err);

    if (status != DW_OK)
        return status;
    offsets = (const uint32_t *)(const void *)leaf->dictionary.offsets.data;
    for (size_t i = 0; i < n; i++)
        total += offsets[indices[i] + 1] - offsets[indices[i]];
    status = data_room(leaf, column, total, err);
    if (status != DW_OK)
        return status;
    out = column->data.data + column->data.len;
    for (size_t i = 0; i < n; i++) {
        uint32_t start = offsets[indices[i]];
        uint32_t len = offsets[indices[i] + 1] - start;
        if (len <= SLACK)
            memcpy(out, data + start, SLACK);
        else
            memcpy(out, data + start, len);
        out += len;
        ends[i] = (int32_t)(out - column->data.data);
    }
    column->data.len += (size_t)total;
    return DW_OK;
}

static dw_status append_bytes(dwi_leaf_reader *leaf, const uint8_t *valid, size_t n, size_t n_valid,
                              dwi_column *column, dw_error *err)
{
    static const int32_t zero = 0;
    int32_t base = (int32_t)column->data.len;
    int32_t *ends;
    dw_status status = DW_OK;

    DWI_TRY(dwi_leaf_room(leaf->shared, leaf->node, &column->offsets, (n + 1) * sizeof(zero), err));
    if (column->offsets.len == 0)
        dwi_buf_append(&column->offsets, &zero, sizeof(zero));
    ends = (int32_t *)(void *)(column->offsets.data + column->offsets.len);
    if (n_valid > 0)
        DWI_TRY(dwi_value_reader_is_dictionary(&leaf->values)
                    ? append_entries(leaf, n_valid, ends, column, err)
                    : append_spans(leaf, n_valid, ends, column, err));
    if (n_valid < n)
        spread_ends(ends, base, valid, n, n_valid);
    column->offsets.len += n * sizeof(zero);
done:
    return status;
}

dw_status dwi_leaf_values_append(dwi_leaf_reader *leaf, const uint8_t *valid, size_t n,
                                 size_t n_valid, dwi_column *column, dw_error *err)
{
    dw_status status;

    switch (leaf->convert.form) {
    case DWI_CONVERT_NULLS:
        return dwi_column_append_nulls(column, (int64_t)n, err);
    case DWI_CONVERT_BOOLEAN:
        DWI_TRY(append_booleans(leaf, valid, n, n_valid, column, err));
        break;
    case DWI_CONVERT_BYTES:
        DWI_TRY(append_bytes(leaf, valid, n, n_valid, column, err));
        break;
    default:
        DWI_TRY(append_fixed(leaf, valid, n, n_valid, column, err));
        break;
    }
    DWI_TRY(dwi_leaf_validity_append(leaf->shared, leaf->node, valid, n, n_valid, column, err));
    column->length += (int64_t)n;
done:
    return status;
}

static dw_status load_bytes(dwi_leaf_reader *leaf, size_t n, dw_error *err)
{
    dwi_dictionary *dictionary = &leaf->dictionary;
    const dwi_sv *spans = leaf->shared->scratch.spans;
    size_t start = dictionary->data.len;
    uint32_t end = (uint32_t)start;

    if (!dwi_value_read_spans(&leaf->values, n, &leaf->shared->scratch))
        return no_values(leaf, err);
    for (size_t i = 0; i < n; i++) {
        dwi_buf_append(&dictionary->data, spans[i].ptr, spans[i].len);
        end += (uint32_t)spans[i].len;
        dwi_buf_append(&dictionary->offsets, &end, sizeof(end));
    }
    if (dictionary->data.failed || dictionary->offsets.failed)
        return dwi_err_nomem(err);
    if (leaf->convert.check_utf8 && dictionary->data.len > start &&
        !utf8_spans(dictionary->data.data + start, dictionary->data.len - start, spans, n))
        return dwi_leaf_corrupt(leaf, "a string that is not UTF-8", err);
    return DW_OK;
}

static dw_status load_fixed(dwi_leaf_reader *leaf, size_t n, dw_error *err)
{
    dwi_buf *values = &leaf->dictionary.values;
    size_t bytes = n * leaf->convert.width;
    dw_status status;

    /* Only values of a fixed length in the file can be this wide: they are all in the page. */
    if (bytes > MAX_CHECKED && bytes > (size_t)(leaf->values.end - leaf->values.pos))
        return no_values(leaf, err);
    if (!dwi_buf_reserve(values, bytes))
        return dwi_err_nomem(err);
    status = read_dense(leaf, n, values->data + values->len, err);
    if (status == DW_OK)
        values->len += bytes;
    return status;
}

dw_status dwi_leaf_dictionary_load(dwi_leaf_reader *leaf, int64_t count, dw_error *err)
{
    static const uint8_t zeros[SLACK] = {0};
    dwi_dictionary *dictionary = &leaf->dictionary;
    bool bytes = leaf->convert.form == DWI_CONVERT_BYTES;
    dw_status status = DW_OK;

    dictionary->count = 0;
    dwi_buf_clear(&dictionary->values);
    dwi_buf_clear(&dictionary->offsets);
    dwi_buf_clear(&dictionary->data);
    if (bytes)
        dwi_buf_append(&dictionary->offsets, zeros, sizeof(uint32_t));
    while (count > 0) {
        size_t n = count < DWI_VALUE_CHUNK ? (size_t)count : DWI_VALUE_CHUNK;
        DWI_TRY(bytes ? load_bytes(leaf, n, err) : load_fixed(leaf, n, err));
        dictionary->count += n;
        count -= (int64_t)n;
    }
    dwi_buf_append(&dictionary->data, zeros, SLACK);
    dictionary->present = true;
    if (dictionary->data.failed || dictionary->offsets.failed)
        return dwi_err_nomem(err);
done:
    return status;
}
