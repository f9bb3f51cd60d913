/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/column_writer.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/le.h"
#include "parquet/bit_append.h"
#include "parquet/column_bloom.h"
#include "parquet/dict_judge.h"
#include "parquet/page_encode.h"

enum {
    LENGTH_BYTES = 4,
    NESTED_ROWS = 64,
    LEVEL_ROOM = 4096,
    COPY_BYTES = 32,
    MAX_WAIT_ENTRIES = 1 << 20
};

dw_status dwi_pqw_shared_init(dwi_pqw_shared *shared, const dw_allocator *alloc, dw_error *err)
{
    shared->alloc = alloc;
    dwi_shred_init(&shared->shred, alloc);
    dwi_buf_init(&shared->dense, alloc);
    dwi_buf_init(&shared->decimals, alloc);
    dwi_buf_init(&shared->seen, alloc);
    dwi_buf_init(&shared->body, alloc);
    dwi_buf_init(&shared->header, alloc);
    dwi_buf_init(&shared->packed, alloc);
    dwi_buf_init(&shared->scratch, alloc);
    dwi_buf_init(&shared->spare_values, alloc);
    dwi_buf_init(&shared->spare_indices, alloc);
    dwi_page_store_init(&shared->pages, alloc);
    return dwi_codec_ctx_new(alloc, &shared->codec_ctx, err);
}

void dwi_pqw_shared_done(dwi_pqw_shared *shared)
{
    if (shared->alloc == NULL)
        return;
    dwi_codec_ctx_free(shared->codec_ctx);
    shared->codec_ctx = NULL;
    dwi_shred_done(&shared->shred);
    dwi_buf_done(&shared->dense);
    dwi_buf_done(&shared->decimals);
    dwi_buf_done(&shared->seen);
    dwi_buf_done(&shared->body);
    dwi_buf_done(&shared->header);
    dwi_buf_done(&shared->packed);
    dwi_buf_done(&shared->scratch);
    dwi_buf_done(&shared->spare_values);
    dwi_buf_done(&shared->spare_indices);
    dwi_page_store_done(&shared->pages);
}

size_t dwi_pqw_shared_bytes(const dwi_pqw_shared *shared)
{
    return dwi_codec_ctx_bytes(shared->codec_ctx) + dwi_shred_bytes(&shared->shred) +
           shared->dense.cap + shared->decimals.cap + shared->seen.cap + shared->body.cap +
           shared->header.cap + shared->packed.cap + shared->scratch.cap +
           shared->spare_values.cap + shared->spare_indices.cap +
           dwi_page_store_bytes(&shared->pages);
}

size_t dwi_pqw_plain_width(const dwi_pqw_leaf *leaf)
{
    switch (leaf->physical) {
    case DWI_PARQUET_INT32:
    case DWI_PARQUET_FLOAT:
        return 4;
    case DWI_PARQUET_INT64:
    case DWI_PARQUET_DOUBLE:
        return 8;
    case DWI_PARQUET_FIXED_LEN_BYTE_ARRAY:
        return (size_t)leaf->type_length;
    default:
        return 0;
    }
}

void dwi_pqw_column_init(dwi_pqw_column *column, const dwi_pqw_leaf *leaf,
                         const dwi_pqw_leaf_options *options, dwi_pqw_shared *shared)
{
    const dw_allocator *alloc = shared->alloc;

    memset(column, 0, sizeof(*column));
    column->leaf = leaf;
    column->options = options;
    column->shared = shared;
    column->dict_on = options->dictionary;
    column->values_start = leaf->physical == DWI_PARQUET_BOOLEAN ? 0 : LEVEL_ROOM;
    dwi_dict_init(&column->dict, dwi_pqw_plain_width(leaf), alloc);
    dwi_buf_init(&column->def, alloc);
    dwi_buf_init(&column->rep, alloc);
    dwi_buf_init(&column->values, alloc);
    dwi_buf_init(&column->indices, alloc);
    dwi_buf_init(&column->pages, alloc);
    dwi_buf_init(&column->bound_text, alloc);
    dwi_buf_init(&column->histograms, alloc);
    dwi_bounds_init(&column->page_bounds, leaf->type, alloc);
    dwi_bounds_init(&column->chunk_bounds, leaf->type, alloc);
    dwi_bounds_init(&column->file_bounds, leaf->type, alloc);
}

dwi_pqw_page *dwi_pqw_column_page(const dwi_pqw_column *column, size_t i)
{
    return (dwi_pqw_page *)(void *)column->pages.data + i;
}

static void forget_pages(dwi_pqw_column *column)
{
    dwi_buf_clear(&column->pages);
    memset(&column->dict_page, 0, sizeof(column->dict_page));
}

void dwi_pqw_column_done(dwi_pqw_column *column)
{
    if (column->shared == NULL)
        return;
    dwi_dict_done(&column->dict);
    dwi_buf_done(&column->def);
    dwi_buf_done(&column->rep);
    dwi_buf_done(&column->values);
    dwi_buf_done(&column->indices);
    dwi_buf_done(&column->pages);
    dwi_buf_done(&column->bound_text);
    dwi_buf_done(&column->histograms);
    dwi_bounds_done(&column->page_bounds);
    dwi_bounds_done(&column->chunk_bounds);
    dwi_bounds_done(&column->file_bounds);
    dwi_bloom_done(&column->bloom);
    memset(column, 0, sizeof(*column));
}

void dwi_pqw_column_next_chunk(dwi_pqw_column *column)
{
    assert(column->entries == 0);
    forget_pages(column);
    dwi_bloom_done(&column->bloom);
    dwi_dict_clear(&column->dict);
    dwi_buf_clear(&column->bound_text);
    dwi_buf_clear(&column->histograms);
    dwi_bounds_clear(&column->chunk_bounds);
    column->dict_on = column->options->dictionary;
    column->dict_judged = false;
    column->effort_judged[0] = false;
    column->effort_judged[1] = false;
    column->closed_bytes = 0;
    column->dict_plain_bytes = 0;
    column->n_dict_pages = 0;
    column->n_own_pages = 0;
    column->n_plain_pages = 0;
    column->chunk_entries = 0;
    column->chunk_nulls = 0;
}

size_t dwi_pqw_column_encoded_bytes(const dwi_pqw_column *column)
{
    return column->closed_bytes + column->dict.page.len + dwi_pqw_column_plain_len(column) +
           column->indices.len / 2 + column->def.len / 4 + column->rep.len / 4;
}

size_t dwi_pqw_column_memory(const dwi_pqw_column *column)
{
    return dwi_dict_bytes(&column->dict) + column->def.cap + column->rep.cap + column->values.cap +
           column->indices.cap + column->pages.cap + column->bound_text.cap +
           column->histograms.cap + dwi_bounds_bytes(&column->page_bounds) +
           dwi_bounds_bytes(&column->chunk_bounds) + dwi_bounds_bytes(&column->file_bounds);
}

static void swap(dwi_buf *a, dwi_buf *b)
{
    dwi_buf other = *a;

    *a = *b;
    *b = other;
}

static void take_spare(dwi_buf *buf, dwi_buf *spare)
{
    if (buf->cap == 0 && spare->cap > 0)
        swap(buf, spare);
}

static void leave_spare(dwi_buf *buf, dwi_buf *spare)
{
    dwi_buf_clear(buf);
    if (spare->cap == 0 && !buf->failed)
        swap(buf, spare);
}

void dwi_pqw_column_forget_values(dwi_pqw_column *column)
{
    leave_spare(&column->values, &column->shared->spare_values);
    leave_spare(&column->indices, &column->shared->spare_indices);
}

uint8_t *dwi_pqw_column_plain_room(dwi_pqw_column *column, size_t more)
{
    size_t start = column->values.len == 0 ? column->values_start : 0;

    take_spare(&column->values, &column->shared->spare_values);
    if (!dwi_buf_reserve(&column->values, start + more))
        return NULL;
    column->values.len += start;
    return column->values.data + column->values.len;
}

/* ---- levels ---- */

static bool def_is_bitmap(const dwi_pqw_leaf *leaf)
{
    return leaf->max_def == 1 && leaf->max_rep == 0;
}

static void append_byte_levels(dwi_buf *levels, const uint8_t *more, uint8_t highest, size_t before,
                               size_t count)
{
    if (more == NULL && levels->len == 0)
        return;
    if (!dwi_buf_reserve(levels, before + count))
        return;
    if (levels->len == 0 && before > 0) {
        memset(levels->data, highest, before);
        levels->len = before;
    }
    if (more == NULL)
        memset(levels->data + levels->len, highest, count);
    else
        memcpy(levels->data + levels->len, more, count);
    levels->len += count;
}

static void append_levels(dwi_pqw_column *column, const dwi_shred_slice *slice)
{
    const dwi_pqw_leaf *leaf = column->leaf;

    if (slice->rep != NULL)
        dwi_buf_append(&column->rep, slice->rep, slice->n_entries);
    if (!def_is_bitmap(leaf)) {
        append_byte_levels(&column->def, slice->def, leaf->max_def, column->entries,
                           slice->n_entries);
        return;
    }
    if (slice->n_values == slice->n_entries && column->def_bits == 0)
        return;
    if (column->def_bits == 0)
        dwi_bits_append_ones(&column->def, &column->def_bits, column->entries);
    if (slice->n_values == slice->n_entries) {
        dwi_bits_append_ones(&column->def, &column->def_bits, slice->n_entries);
    } else if (slice->valid != NULL) {
        dwi_bits_append(&column->def, &column->def_bits, slice->valid, 0, slice->n_entries);
    } else {
        for (size_t i = 0; i < slice->n_entries; i++)
            dwi_bits_append(&column->def, &column->def_bits, &slice->def[i], 0, 1);
    }
}

/* ---- values of fixed width ---- */

static bool dense_room(dwi_buf *buf, size_t count, size_t width)
{
    size_t bytes;

    dwi_buf_clear(buf);
    return dwi_size_mul(count, width, &bytes) && dwi_buf_reserve(buf, bytes + 16);
}

#define GATHER(type_out, type_in)                                                                  \
    do {                                                                                           \
        const type_in *in = (const type_in *)slice->vec->values + slice->base;                     \
        type_out *out = (type_out *)(void *)column->shared->dense.data;                            \
        if (slice->sel == NULL)                                                                    \
            for (size_t i = 0; i < n; i++)                                                         \
                out[i] = in[i];                                                                    \
        else                                                                                       \
            for (size_t i = 0; i < n; i++)                                                         \
                out[i] = in[slice->sel[i]];                                                        \
    } while (0)

static void gather_decimals(const dwi_shred_slice *slice, dwi_i128 *out)
{
    const uint8_t *in = (const uint8_t *)slice->vec->values + slice->base * 16;

    for (size_t i = 0; i < slice->n_values; i++) {
        const uint8_t *p = in + (slice->sel == NULL ? i : slice->sel[i]) * 16;
        out[i] = (dwi_i128){(int64_t)dwi_le64(p + 8), dwi_le64(p)};
    }
}

static void put_be128(uint8_t *out, dwi_i128 v, size_t width)
{
    uint8_t bytes[16];

    for (size_t i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)((uint64_t)v.high >> (56 - 8 * i));
        bytes[8 + i] = (uint8_t)(v.low >> (56 - 8 * i));
    }
    memcpy(out, bytes + 16 - width, width);
}

static dwi_i128 widened(int64_t value)
{
    return (dwi_i128){value < 0 ? -1 : 0, (uint64_t)value};
}

/* Decimals of up to 18 digits: their low word is all there is to see. */
static const void *dense_narrow_decimals(dwi_pqw_column *column, const dwi_shred_slice *slice)
{
    const uint8_t *in = (const uint8_t *)slice->vec->values + slice->base * 16;
    int64_t *out = (int64_t *)(void *)column->shared->dense.data;
    int64_t min = INT64_MAX;
    int64_t max = INT64_MIN;
    size_t n = slice->n_values;
    dwi_i128 ends[2];

    for (size_t i = 0; i < n; i++) {
        size_t at = slice->sel == NULL ? i : slice->sel[i];
        out[i] = (int64_t)dwi_le64(in + at * 16);
    }
    for (size_t i = 0; i < n; i++) {
        min = out[i] < min ? out[i] : min;
        max = out[i] > max ? out[i] : max;
    }
    ends[0] = widened(min);
    ends[1] = widened(max);
    dwi_bounds_add_decimal(&column->page_bounds, ends, n == 0 ? 0 : 2);
    if (column->leaf->physical == DWI_PARQUET_INT32)
        for (size_t i = 0; i < n; i++) /* the low half of each, from the first on */
            memcpy((uint8_t *)out + i * 4, &out[i], 4);
    return out;
}

static const void *dense_decimals(dwi_pqw_column *column, const dwi_shred_slice *slice)
{
    dwi_pqw_shared *shared = column->shared;
    size_t n = slice->n_values;
    size_t width = dwi_pqw_plain_width(column->leaf);
    uint8_t *out = shared->dense.data;
    dwi_i128 *values;

    if (column->leaf->physical != DWI_PARQUET_FIXED_LEN_BYTE_ARRAY)
        return dense_narrow_decimals(column, slice);
    if (!dense_room(&shared->decimals, n, sizeof(*values)))
        return NULL;
    values = (dwi_i128 *)(void *)shared->decimals.data;
    gather_decimals(slice, values);
    dwi_bounds_add_decimal(&column->page_bounds, values, n);
    for (size_t i = 0; i < n; i++)
        put_be128(out + i * width, values[i], width);
    return out;
}

/* The same for values that are bytes of one length. */
static const void *dense_fixed(dwi_pqw_column *column, const dwi_shred_slice *slice)
{
    size_t width = dwi_pqw_plain_width(column->leaf);
    const uint8_t *in = (const uint8_t *)slice->vec->values + (size_t)slice->base * width;
    uint8_t *out = column->shared->dense.data;
    const uint8_t *values = slice->sel == NULL ? in : out;

    if (slice->sel != NULL)
        for (size_t i = 0; i < slice->n_values; i++)
            memcpy(out + i * width, in + slice->sel[i] * width, width);
    if (column->leaf->type->kind == DWI_FLOAT16)
        dwi_bounds_add_half(&column->page_bounds, (const uint16_t *)(const void *)values,
                            slice->n_values);
    else
        for (size_t i = 0; i < slice->n_values; i++)
            dwi_bounds_add_bytes(&column->page_bounds, values + i * width, width);
    return values;
}

/* The slice's values, without gaps, in their physical form: in the vector itself where nothing is
 * to be changed. Adds them to the page's bounds. NULL when out of memory. */
static const void *dense_values(dwi_pqw_column *column, const dwi_shred_slice *slice)
{
    dwi_bounds *bounds = &column->page_bounds;
    dwi_type_kind kind = column->leaf->type->kind;
    size_t n = slice->n_values;
    const void *values = column->shared->dense.data;

    switch (kind) {
    case DWI_BYTE:
        GATHER(int32_t, int8_t);
        dwi_bounds_add_i32(bounds, values, n);
        return values;
    case DWI_UBYTE:
        GATHER(int32_t, uint8_t);
        dwi_bounds_add_i32(bounds, values, n);
        return values;
    case DWI_SHORT:
        GATHER(int32_t, int16_t);
        dwi_bounds_add_i32(bounds, values, n);
        return values;
    case DWI_USHORT:
        GATHER(int32_t, uint16_t);
        dwi_bounds_add_i32(bounds, values, n);
        return values;
    case DWI_DECIMAL:
        return dense_decimals(column, slice);
    case DWI_FLOAT16:
    case DWI_UUID:
    case DWI_FIXED:
        return dense_fixed(column, slice);
    default:
        break;
    }
    if (slice->sel == NULL)
        values = (const uint8_t *)slice->vec->values +
                 (size_t)slice->base * dwi_pqw_plain_width(column->leaf);
    else if (dwi_pqw_plain_width(column->leaf) == 4)
        GATHER(uint32_t, uint32_t);
    else
        GATHER(uint64_t, uint64_t);
    if (kind == DWI_FLOAT)
        dwi_bounds_add_float(bounds, values, n);
    else if (kind == DWI_DOUBLE)
        dwi_bounds_add_double(bounds, values, n);
    else if (kind == DWI_UINTEGER)
        dwi_bounds_add_u32(bounds, values, n);
    else if (kind == DWI_ULONG)
        dwi_bounds_add_u64(bounds, values, n);
    else if (column->leaf->physical == DWI_PARQUET_INT32)
        dwi_bounds_add_i32(bounds, values, n);
    else
        dwi_bounds_add_i64(bounds, values, n);
    return values;
}

/* Room for more indices; NULL when out of memory. They count once they are all there. */
static uint32_t *index_room(dwi_pqw_column *column, size_t count)
{
    take_spare(&column->indices, &column->shared->spare_indices);
    if (!dwi_buf_reserve(&column->indices, count * sizeof(uint32_t)))
        return NULL;
    return (uint32_t *)(void *)(column->indices.data + column->indices.len);
}

static dw_status append_fixed(dwi_pqw_column *column, const dwi_shred_slice *slice, dw_error *err)
{
    size_t n = slice->n_values;
    size_t width = dwi_pqw_plain_width(column->leaf);
    const void *values;
    uint32_t *indices;
    dw_status status;

    if (!dense_room(&column->shared->dense, n, width < 16 ? 16 : width) ||
        (values = dense_values(column, slice)) == NULL)
        return dwi_err_nomem(err);
    if (!column->dict_on) {
        uint8_t *out = dwi_pqw_column_plain_room(column, n * width);
        if (out == NULL)
            return dwi_err_nomem(err);
        memcpy(out, values, n * width);
        column->values.len += n * width;
        return DW_OK;
    }
    indices = index_room(column, n);
    if (indices == NULL)
        return dwi_err_nomem(err);
    status = dwi_dict_put_fixed(&column->dict, values, n, indices, err);
    if (status == DW_OK)
        column->indices.len += n * sizeof(uint32_t);
    column->plain_bytes += n * width;
    return status;
}

/* ---- booleans ---- */

static dw_status append_bools(dwi_pqw_column *column, const dwi_shred_slice *slice, dw_error *err)
{
    const uint8_t *bits = slice->vec->values;
    size_t n = slice->n_values;
    size_t n_bits = column->n_values;
    size_t ones = 0;

    if (slice->sel == NULL) {
        dwi_bits_append(&column->values, &n_bits, bits, slice->base, n);
        for (size_t i = 0; i < n; i += 64)
            ones += dwi_bits_count(
                dwi_bits_load(bits, slice->base + (int64_t)i, n - i < 64 ? (unsigned)(n - i) : 64));
    } else {
        for (size_t i = 0; i < n; i++) {
            int64_t at = slice->base + slice->sel[i];
            dwi_bits_append(&column->values, &n_bits, bits, at, 1);
            ones += dwi_bit_get(bits, at);
        }
    }
    dwi_bounds_add_bool(&column->page_bounds, ones<n, ones> 0);
    return dwi_buf_status(&column->values, err);
}

/* ---- strings and binary ---- */

static size_t sum_lengths(const int32_t *offsets, const uint32_t *sel, size_t n)
{
    size_t sum = 0;

    if (sel == NULL)
        return n == 0 ? 0 : (size_t)(offsets[n] - offsets[0]);
    for (size_t i = 0; i < n; i++)
        sum += (size_t)(offsets[sel[i] + 1] - offsets[sel[i]]);
    return sum;
}

/* `len` bytes where 2 * COPY_BYTES can be read and written: copies of fixed size are a few
 * instructions, and what is too much is overwritten next. */
static inline void copy_value(uint8_t *out, const uint8_t *value, size_t len)
{
    memcpy(out, value, COPY_BYTES);
    if (len > COPY_BYTES)
        memcpy(out + COPY_BYTES, value + COPY_BYTES, COPY_BYTES);
    if (len > 2 * COPY_BYTES)
        memcpy(out + 2 * COPY_BYTES, value + 2 * COPY_BYTES, len - 2 * COPY_BYTES);
}

static dw_status append_plain_bytes(dwi_pqw_column *column, const int32_t *offsets,
                                    const dwi_shred_slice *slice, size_t bytes, dw_error *err)
{
    const uint8_t *data = slice->vec->data;
    uint8_t *out = dwi_pqw_column_plain_room(column, bytes + 2 * COPY_BYTES);
    size_t last = slice->sel == NULL ? slice->n_values - 1 : slice->sel[slice->n_values - 1];
    int32_t end = offsets[last + 1];

    if (out == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < slice->n_values; i++) {
        size_t at = slice->sel == NULL ? i : slice->sel[i];
        size_t len = (size_t)(offsets[at + 1] - offsets[at]);
        dwi_le32_put(out, (uint32_t)len);
        if (end - offsets[at] >= 2 * COPY_BYTES) {
            const uint8_t *value = data + offsets[at];
            copy_value(out + LENGTH_BYTES, value, len);
            dwi_bounds_add_readable(&column->page_bounds, value, len);
        } else {
            const uint8_t *value = len == 0 ? out : data + offsets[at];
            if (len > 0)
                memcpy(out + LENGTH_BYTES, value, len);
            dwi_bounds_add_bytes(&column->page_bounds, value, len);
        }
        out += LENGTH_BYTES + len;
    }
    column->values.len += bytes;
    return DW_OK;
}

static dw_status append_bytes(dwi_pqw_column *column, const dwi_shred_slice *slice, dw_error *err)
{
    const int32_t *offsets = slice->vec->offsets + slice->base;
    size_t n = slice->n_values;
    size_t bytes = sum_lengths(offsets, slice->sel, n) + n * LENGTH_BYTES;
    uint32_t *indices;
    dw_status status;

    if (!column->dict_on)
        return append_plain_bytes(column, offsets, slice, bytes, err);
    indices = index_room(column, n);
    if (indices == NULL)
        return dwi_err_nomem(err);
    status =
        dwi_dict_put_bytes(&column->dict, offsets, slice->vec->data, slice->sel, n, indices, err);
    if (status == DW_OK)
        column->indices.len += n * sizeof(uint32_t);
    column->plain_bytes += bytes;
    return status;
}

/* ---- slices ---- */

static dw_status append_slice(dwi_pqw_column *column, const dwi_vec *rows, int64_t first,
                              size_t count, dw_error *err)
{
    const dwi_pqw_leaf *leaf = column->leaf;
    dwi_shred_slice slice;
    dw_status status;

    DWI_TRY(dwi_shred(leaf, rows, first, count, &column->shared->shred, &slice, err));
    append_levels(column, &slice);
    DWI_TRY(dwi_buf_status(&column->def, err));
    DWI_TRY(dwi_buf_status(&column->rep, err));
    if (slice.n_values > 0) {
        if (leaf->physical == DWI_PARQUET_BYTE_ARRAY)
            DWI_TRY(append_bytes(column, &slice, err));
        else if (leaf->physical == DWI_PARQUET_BOOLEAN)
            DWI_TRY(append_bools(column, &slice, err));
        else
            DWI_TRY(append_fixed(column, &slice, err));
    }
    column->rows += count;
    column->entries += slice.n_entries;
    column->n_values += slice.n_values;
done:
    return status;
}

static size_t open_bytes(const dwi_pqw_column *column)
{
    return dwi_pqw_column_plain_len(column) + column->indices.len + column->rep.len;
}

/* How many of `count` rows to take in one go: no more than the page has room for, by rows and, for
 * values whose size differs, by bytes; at least one. */
static size_t slice_rows(const dwi_pqw_column *column, const dwi_vec *rows, int64_t first,
                         size_t count)
{
    const dwi_pqw_shared *shared = column->shared;
    const dwi_pqw_leaf *leaf = column->leaf;
    size_t page_rows = shared->page_rows;
    size_t room = column->rows < page_rows ? page_rows - column->rows : page_rows;
    size_t used = open_bytes(column);
    size_t bytes_left = used < shared->page_bytes ? shared->page_bytes - used : 1;
    const dwi_vec *vec;
    const int32_t *offsets;

    if (count > room)
        count = room;
    if (leaf->max_rep > 0)
        return count < NESTED_ROWS ? count : NESTED_ROWS;
    if (leaf->physical != DWI_PARQUET_BYTE_ARRAY) {
        size_t width = dwi_pqw_plain_width(leaf);
        size_t fit = bytes_left / (width == 0 ? 1 : width) + 1;
        return count < fit ? count : fit;
    }
    if (leaf->n_steps > 1)
        return count < NESTED_ROWS ? count : NESTED_ROWS;
    vec = &rows->children[leaf->steps[0].child];
    offsets = vec->offsets + vec->offset + rows->offset + first;
    while (count > 1 && (size_t)(offsets[count] - offsets[0]) + count * LENGTH_BYTES > bytes_left)
        count /= 2;
    return count;
}

static bool page_is_full(const dwi_pqw_column *column)
{
    const dwi_pqw_shared *shared = column->shared;
    /* Rule 5 of the header. */
    bool waits = column->leaf->max_rep > 0 && column->dict_on && !column->dict_judged &&
                 column->n_values == 0 && column->entries < MAX_WAIT_ENTRIES;

    return (column->rows >= shared->page_rows || open_bytes(column) >= shared->page_bytes) &&
           !waits;
}

dw_status dwi_pqw_column_append(dwi_pqw_column *column, const dwi_vec *rows, int64_t first,
                                size_t count, dw_error *err)
{
    dw_status status = DW_OK;

    while (count > 0) {
        size_t n = slice_rows(column, rows, first, count);
        DWI_TRY(append_slice(column, rows, first, n, err));
        first += (int64_t)n;
        count -= n;
        if (column->dict_on && dwi_pqw_dict_too_large(column)) {
            DWI_TRY(dwi_pqw_page_finish(column, err));
            column->dict_on = false;
        } else if (page_is_full(column)) {
            DWI_TRY(dwi_pqw_page_finish(column, err));
        }
    }
done:
    return status;
}

dw_status dwi_pqw_column_close_chunk(dwi_pqw_column *column, dw_error *err)
{
    dw_status status;

    DWI_TRY(dwi_pqw_page_finish(column, err));
    if (column->n_dict_pages > 0)
        DWI_TRY(dwi_pqw_dict_page_finish(column, err));
    DWI_TRY(dwi_column_bloom_close(column, err));
done:
    return status;
}
