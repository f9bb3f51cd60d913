/* SPDX-License-Identifier: Apache-2.0 */
/* Rows picked by number, from a view into a column. */
#include "columns/vec.h"

#include "base/checked.h"
#include "columns/append.h"

/* 1 to 16 bytes are copied as such, so that the compiler makes moves of the memcpy. */
#define TAKE_WIDTH(width)                                                                          \
    for (int64_t i = 0; i < n; i++)                                                                \
    memcpy(out + (size_t)i * (width), in + (size_t)(first + rows[i]) * (width), (width))

static void take_fixed(uint8_t *out, const uint8_t *in, size_t width, int64_t first,
                       const uint32_t *rows, int64_t n)
{
    switch (width) {
    case 1:
        TAKE_WIDTH(1);
        break;
    case 2:
        TAKE_WIDTH(2);
        break;
    case 4:
        TAKE_WIDTH(4);
        break;
    case 8:
        TAKE_WIDTH(8);
        break;
    case 16:
        TAKE_WIDTH(16);
        break;
    default:
        TAKE_WIDTH(width);
    }
}

/* Appends the bits of rows to a bitmap of `length` bits that has room; returns how many are 0. */
static int64_t take_bits(dwi_buf *out, int64_t length, const uint8_t *bits, int64_t first,
                         const uint32_t *rows, int64_t n)
{
    int64_t zeros = 0;

    for (int64_t i = 0; i < n; i++) {
        bool bit = bits == NULL || dwi_bit_get(bits, first + rows[i]);
        if (((length + i) & 7) == 0)
            out->data[out->len++] = 0;
        dwi_bit_set(out->data, length + i, bit);
        zeros += !bit;
    }
    return zeros;
}

static dw_status take_bytes(dwi_column *column, const dwi_vec *vec, const uint32_t *rows, int64_t n,
                            dw_error *err)
{
    const int32_t *offsets = vec->offsets + vec->offset;
    size_t bytes = 0;
    int32_t *out;
    size_t end;

    for (int64_t i = 0; i < n; i++)
        bytes += (size_t)(offsets[rows[i] + 1] - offsets[rows[i]]);
    if (bytes > (size_t)INT32_MAX - column->data.len)
        return dwi_err(err, DW_E_NOMEM, "column: more than 2 GiB of text in one batch");
    if (!dwi_column_offset_room(column) || !dwi_column_room(&column->data, bytes) ||
        !dwi_column_room(&column->offsets, (size_t)n * sizeof(int32_t)))
        return dwi_err_nomem(err);
    out = (int32_t *)(void *)(column->offsets.data + column->offsets.len);
    end = column->data.len;
    for (int64_t i = 0; i < n; i++) {
        size_t len = (size_t)(offsets[rows[i] + 1] - offsets[rows[i]]);
        if (len > 0)
            memcpy(column->data.data + end, vec->data + offsets[rows[i]], len);
        end += len;
        out[i] = (int32_t)end;
    }
    column->data.len = end;
    column->offsets.len += (size_t)n * sizeof(int32_t);
    return DW_OK;
}

/* Bits and values of fixed width. */
static dw_status take_values(dwi_column *column, const dwi_vec *vec, const uint32_t *rows,
                             int64_t n, dw_error *err)
{
    size_t width = dwi_type_width(column->type);
    size_t bytes = (size_t)n / 8 + 1;

    if ((width > 0 && !dwi_size_mul((size_t)n, width, &bytes)) ||
        !dwi_column_room(&column->values, bytes))
        return dwi_err_nomem(err);
    if (column->type->kind == DWI_BOOLEAN) {
        (void)take_bits(&column->values, column->length, vec->values, vec->offset, rows, n);
    } else {
        take_fixed(column->values.data + column->values.len, vec->values, width, vec->offset, rows,
                   n);
        column->values.len += bytes;
    }
    return DW_OK;
}

/* Lists and maps go row by row: their elements are runs already. */
static dw_status take_one_by_one(dwi_column *column, const dwi_vec *vec, const uint32_t *rows,
                                 int64_t n, dw_error *err)
{
    int64_t before = column->length;
    dw_status status = DW_OK;

    for (int64_t i = 0; i < n && status == DW_OK; i++)
        status = dwi_column_append_vec(column, vec, rows[i], 1, err);
    if (status != DW_OK)
        dwi_column_truncate(column, before);
    return status;
}

static dw_status take_struct(dwi_column *column, const dwi_vec *vec, const uint32_t *rows,
                             int64_t n, dw_error *err)
{
    dwi_vec child;
    dw_status status = DW_OK;

    for (size_t i = 0; i < column->n_children && status == DW_OK; i++) {
        child = vec->children[i];
        child.offset += vec->offset; /* row r of a struct is row offset + r of its children */
        child.length -= vec->offset;
        status = dwi_column_take(&column->children[i], &child, rows, n, err);
    }
    return status;
}

dw_status dwi_column_take(dwi_column *column, const dwi_vec *vec, const uint32_t *rows, int64_t n,
                          dw_error *err)
{
    size_t validity_len = column->validity.len;
    bool with_bits = vec->validity != NULL || column->null_count > 0;
    dw_status status;

    if (n == 0)
        return DW_OK;
    if (column->type->kind == DWI_VOID)
        return dwi_column_append_nulls(column, n, err);
    if (column->type->kind == DWI_ARRAY || column->type->kind == DWI_MAP)
        return take_one_by_one(column, vec, rows, n, err);
    if (with_bits &&
        !dwi_column_room(&column->validity, (size_t)(column->length + n) / 8 + 1 - validity_len))
        return dwi_err_nomem(err);
    if (column->type->kind == DWI_STRUCT)
        status = take_struct(column, vec, rows, n, err);
    else if (dwi_type_is_bytes(column->type))
        status = take_bytes(column, vec, rows, n, err);
    else
        status = take_values(column, vec, rows, n, err);
    if (status != DW_OK) {
        dwi_column_truncate(column, column->length); /* children that were appended to */
        return status;
    }
    if (with_bits) {
        if (column->null_count == 0) {
            column->validity.len = (size_t)(column->length / 8 + (column->length % 8 != 0));
            if (column->validity.len > 0)
                memset(column->validity.data, 0xFF, column->validity.len);
        }
        column->null_count +=
            take_bits(&column->validity, column->length, vec->validity, vec->offset, rows, n);
        if (column->null_count == 0)
            column->validity.len = 0;
    }
    column->length += n;
    return DW_OK;
}

size_t dwi_column_memory(const dwi_column *column)
{
    size_t bytes =
        column->validity.cap + column->values.cap + column->offsets.cap + column->data.cap;

    for (size_t i = 0; i < column->n_children; i++)
        bytes += sizeof(dwi_column) + dwi_column_memory(&column->children[i]);
    return bytes;
}
