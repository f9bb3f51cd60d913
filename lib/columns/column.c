/* SPDX-License-Identifier: Apache-2.0 */
/* Growing columns. Invariants, of every column between two calls:
 * 1. validity is empty while null_count is 0, else it has (length + 7) / 8 bytes; bits past length
 *    have no meaning.
 * 2. values has length values, or as many bits; offsets is empty or has length + 1 entries, the
 *    first of them 0; children of an array or map have as many rows as the last offset says, and
 *    those of the row that is being made.
 * 3. A call that fails changes nothing. */
#include "columns/vec.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "columns/append.h"

static bool is_listlike(const dwi_column *column)
{
    return column->type->kind == DWI_ARRAY || column->type->kind == DWI_MAP;
}

static bool has_offsets(const dwi_column *column)
{
    return dwi_type_is_bytes(column->type) || is_listlike(column);
}

/* Type of child `i`: of a map the struct that the type tree has no node for. */
static dw_status child_type(dwi_column *column, size_t i, const dwi_type **out, dw_error *err)
{
    if (column->type->kind == DWI_MAP) {
        column->entries_type = dwi_alloc_zero(column->alloc, sizeof(dwi_type));
        if (column->entries_type == NULL)
            return dwi_err_nomem(err);
        *column->entries_type = dwi_map_entries_type(column->type);
        *out = column->entries_type;
    } else {
        *out = column->type->fields[i].type;
    }
    return DW_OK;
}

dw_status dwi_column_init(dwi_column *column, const dwi_type *type, const dw_allocator *alloc,
                          dw_error *err)
{
    size_t n = type->kind == DWI_MAP ? 1 : type->n_fields;
    const dwi_type *below = NULL;
    dw_status status = DW_OK;

    memset(column, 0, sizeof(*column));
    column->type = type;
    column->alloc = alloc;
    dwi_buf_init(&column->validity, alloc);
    dwi_buf_init(&column->values, alloc);
    dwi_buf_init(&column->offsets, alloc);
    dwi_buf_init(&column->data, alloc);
    if (n == 0)
        return DW_OK;
    column->children = dwi_alloc_array(alloc, n, sizeof(*column->children));
    if (column->children == NULL) {
        memset(column, 0, sizeof(*column));
        return dwi_err_nomem(err);
    }
    memset(column->children, 0, n * sizeof(*column->children));
    column->n_children = n;
    for (size_t i = 0; i < n; i++) {
        DWI_TRY(child_type(column, i, &below, err));
        DWI_TRY(dwi_column_init(&column->children[i], below, alloc, err));
    }
done:
    if (status != DW_OK)
        dwi_column_done(column);
    return status;
}

void dwi_column_done(dwi_column *column)
{
    if (column->alloc == NULL)
        return;
    dwi_buf_done(&column->validity);
    dwi_buf_done(&column->values);
    dwi_buf_done(&column->offsets);
    dwi_buf_done(&column->data);
    for (size_t i = 0; i < column->n_children; i++)
        dwi_column_done(&column->children[i]);
    dwi_free(column->alloc, column->children, column->n_children * sizeof(*column->children));
    dwi_free(column->alloc, column->entries_type, sizeof(*column->entries_type));
    memset(column, 0, sizeof(*column));
}

void dwi_column_clear(dwi_column *column)
{
    column->length = 0;
    column->null_count = 0;
    dwi_buf_clear(&column->validity);
    dwi_buf_clear(&column->values);
    dwi_buf_clear(&column->offsets);
    dwi_buf_clear(&column->data);
    for (size_t i = 0; i < column->n_children; i++)
        dwi_column_clear(&column->children[i]);
}

int64_t dwi_column_offset_at(const dwi_column *column, int64_t row)
{
    int32_t offset = 0;

    if (column->offsets.len > 0)
        memcpy(&offset, column->offsets.data + (size_t)row * sizeof(offset), sizeof(offset));
    return offset;
}

/* Bytes that `length` booleans or validity bits take. */
static size_t bitmap_bytes(int64_t length)
{
    return (size_t)(length / 8 + (length % 8 != 0));
}

static int64_t count_nulls(const uint8_t *bits, int64_t first, int64_t end)
{
    int64_t nulls = 0;

    for (int64_t i = first; i < end; i++)
        nulls += !dwi_bit_get(bits, i);
    return nulls;
}

void dwi_column_truncate(dwi_column *column, int64_t length)
{
    size_t width = dwi_type_width(column->type);

    assert(length <= column->length);
    if (column->null_count > 0) {
        column->null_count -= count_nulls(column->validity.data, length, column->length);
        column->validity.len = column->null_count == 0 ? 0 : bitmap_bytes(length);
    }
    if (column->type->kind == DWI_BOOLEAN)
        column->values.len = bitmap_bytes(length);
    else
        column->values.len = (size_t)length * width;
    if (has_offsets(column)) {
        int64_t end = dwi_column_offset_at(column, length);
        if (is_listlike(column))
            dwi_column_truncate(&column->children[0], end);
        else
            column->data.len = (size_t)end;
        if (column->offsets.len > 0)
            column->offsets.len = ((size_t)length + 1) * sizeof(int32_t);
    }
    if (column->type->kind == DWI_STRUCT)
        for (size_t i = 0; i < column->n_children; i++)
            if (column->children[i].length > length)
                dwi_column_truncate(&column->children[i], length);
    column->length = length;
}

/* Room in the validity bitmap for `count` rows that may be null: makes the bitmap, all ones, when
 * there is none. With no nulls in the end the caller sets its len to 0 again. */
static bool validity_begin(dwi_column *column, int64_t count)
{
    size_t bytes = bitmap_bytes(column->length);

    if (!dwi_column_room(&column->validity,
                         bitmap_bytes(column->length + count) - column->validity.len))
        return false;
    if (column->null_count == 0) {
        if (bytes > 0)
            memset(column->validity.data, 0xFF, bytes);
        column->validity.len = bytes;
    }
    return true;
}

/* Bits first .. first + count of `bits` (NULL: all set) to the end of a bitmap that has `length`
 * bits and room. Returns how many of them are 0. */
static int64_t bits_append(dwi_buf *out, int64_t length, const uint8_t *bits, int64_t first,
                           int64_t count)
{
    size_t old_bytes = bitmap_bytes(length);
    int64_t zeros = 0;
    int64_t i = 0;

    out->len = bitmap_bytes(length + count);
    if (out->len > old_bytes)
        memset(out->data + old_bytes, 0, out->len - old_bytes);
    for (; i < count && (length + i) % 8 != 0; i++) {
        bool bit = bits == NULL || dwi_bit_get(bits, first + i);
        dwi_bit_set(out->data, length + i, bit);
        zeros += !bit;
    }
    for (; i + 8 <= count; i += 8) {
        unsigned byte = 0xFF;
        if (bits != NULL) {
            const uint8_t *p = bits + ((first + i) >> 3);
            unsigned shift = (unsigned)(first + i) & 7;
            byte = (unsigned)p[0] >> shift;
            if (shift > 0)
                byte |= (unsigned)p[1] << (8 - shift);
            byte &= 0xFF;
        }
        out->data[(length + i) >> 3] = (uint8_t)byte;
        for (unsigned left = ~byte & 0xFF; left != 0; left &= left - 1)
            zeros++;
    }
    for (; i < count; i++) {
        bool bit = bits == NULL || dwi_bit_get(bits, first + i);
        dwi_bit_set(out->data, length + i, bit);
        zeros += !bit;
    }
    return zeros;
}

/* Rows of children that a call may have added before it failed. */
static void drop_partial(dwi_column *column)
{
    dwi_column_truncate(column, column->length);
}

dw_status dwi_column_append_nulls(dwi_column *column, int64_t count, dw_error *err)
{
    size_t width = dwi_type_width(column->type);
    size_t bytes = 0;

    if (count == 0)
        return DW_OK;
    if (column->type->kind == DWI_BOOLEAN)
        bytes = bitmap_bytes(column->length + count) - column->values.len;
    else if (!dwi_size_mul((size_t)count, width, &bytes))
        return dwi_err_nomem(err);
    if (!dwi_column_room(&column->values, bytes))
        return dwi_err_nomem(err);
    if (has_offsets(column)) {
        size_t more;
        if (!dwi_column_offset_room(column) ||
            !dwi_size_mul((size_t)count, sizeof(int32_t), &more) ||
            !dwi_column_room(&column->offsets, more))
            return dwi_err_nomem(err);
    }
    if (!validity_begin(column, count))
        return dwi_err_nomem(err);
    if (column->type->kind == DWI_STRUCT)
        for (size_t i = 0; i < column->n_children; i++)
            if (dwi_column_append_nulls(&column->children[i], count, err) != DW_OK) {
                if (column->null_count == 0)
                    column->validity.len = 0;
                drop_partial(column);
                return DW_E_NOMEM;
            }
    if (column->type->kind == DWI_BOOLEAN && column->length % 8 != 0)
        for (int64_t i = column->length; i % 8 != 0; i++)
            dwi_bit_set(column->values.data, i, false);
    dwi_buf_append_zeros(&column->values, bytes);
    if (has_offsets(column)) {
        int32_t end = (int32_t)dwi_column_offset_at(column, column->length);
        for (int64_t i = 0; i < count; i++)
            dwi_buf_append(&column->offsets, &end, sizeof(end));
    }
    column->validity.len = bitmap_bytes(column->length + count);
    for (int64_t i = 0; i < count; i++) {
        int64_t bit = column->length + i;
        if (bit % 8 == 0)
            column->validity.data[bit / 8] = 0;
        dwi_bit_set(column->validity.data, bit, false);
    }
    column->length += count;
    column->null_count += count;
    return DW_OK;
}

dw_status dwi_column_append_null(dwi_column *column, dw_error *err)
{
    return dwi_column_append_nulls(column, 1, err);
}

dw_status dwi_column_append_fixed(dwi_column *column, const void *value, dw_error *err)
{
    dw_status status = dwi_column_push(column, value, dwi_type_width(column->type));

    return status == DW_OK ? DW_OK : dwi_err_nomem(err);
}

dw_status dwi_column_append_bool(dwi_column *column, bool value, dw_error *err)
{
    return dwi_column_push_bool(column, value) == DW_OK ? DW_OK : dwi_err_nomem(err);
}

dw_status dwi_column_append_bytes(dwi_column *column, const void *data, size_t len, dw_error *err)
{
    if (len > (size_t)INT32_MAX - column->data.len)
        return dwi_err(err, DW_E_NOMEM, "column: more than 2 GiB of text in one batch");
    if (!dwi_column_offset_room(column) || !dwi_column_room(&column->data, len))
        return dwi_err_nomem(err);
    dwi_buf_append(&column->data, data, len);
    dwi_column_push_offset(column, column->data.len);
    return DW_OK;
}

dw_status dwi_column_end_row(dwi_column *column, dw_error *err)
{
    if (!is_listlike(column)) {
        for (size_t i = 0; i < column->n_children; i++)
            assert(column->children[i].length == column->length + 1);
        if (!dwi_column_validity_room(column))
            return dwi_err_nomem(err);
        dwi_column_count_valid(column);
        return DW_OK;
    }
    if (column->children[0].length > INT32_MAX)
        return dwi_err(err, DW_E_NOMEM, "column: more than 2^31 elements in one batch");
    if (!dwi_column_offset_room(column))
        return dwi_err_nomem(err);
    dwi_column_push_offset(column, (size_t)column->children[0].length);
    return DW_OK;
}

static dw_status append_offsets(dwi_column *column, const dwi_vec *vec, int64_t first,
                                int64_t count, dw_error *err)
{
    const int32_t *offsets = vec->offsets + vec->offset + first;
    int64_t base = dwi_column_offset_at(column, column->length) - offsets[0];
    size_t bytes = (size_t)(offsets[count] - offsets[0]);
    size_t more;

    if (base + offsets[count] > INT32_MAX)
        return dwi_err(err, DW_E_NOMEM, "column: more than 2 GiB of text in one batch");
    if (!dwi_size_mul((size_t)count, sizeof(int32_t), &more) || !dwi_column_offset_room(column) ||
        !dwi_column_room(&column->offsets, more))
        return dwi_err_nomem(err);
    if (is_listlike(column)) {
        dw_status status = dwi_column_append_vec(&column->children[0], &vec->children[0],
                                                 offsets[0], (int64_t)bytes, err);
        if (status != DW_OK)
            return status;
    } else {
        if (!dwi_column_room(&column->data, bytes))
            return dwi_err_nomem(err);
        if (bytes > 0) /* else there may be no data at all */
            dwi_buf_append(&column->data, vec->data + offsets[0], bytes);
    }
    for (int64_t i = 1; i <= count; i++) {
        int32_t offset = (int32_t)(base + offsets[i]);
        dwi_buf_append(&column->offsets, &offset, sizeof(offset));
    }
    return DW_OK;
}

static dw_status append_values(dwi_column *column, const dwi_vec *vec, int64_t first, int64_t count,
                               dw_error *err)
{
    size_t width = dwi_type_width(column->type);
    int64_t from = vec->offset + first;
    dw_status status = DW_OK;

    if (column->type->kind == DWI_BOOLEAN) {
        if (!dwi_column_room(&column->values,
                             bitmap_bytes(column->length + count) - column->values.len))
            return dwi_err_nomem(err);
        (void)bits_append(&column->values, column->length, vec->values, from, count);
    } else if (width > 0) {
        size_t bytes;
        if (!dwi_size_mul((size_t)count, width, &bytes) || !dwi_column_room(&column->values, bytes))
            return dwi_err_nomem(err);
        dwi_buf_append(&column->values, (const uint8_t *)vec->values + (size_t)from * width, bytes);
    } else if (has_offsets(column)) {
        status = append_offsets(column, vec, first, count, err);
    } else {
        for (size_t i = 0; i < column->n_children && status == DW_OK; i++)
            status =
                dwi_column_append_vec(&column->children[i], &vec->children[i], from, count, err);
    }
    return status;
}

dw_status dwi_column_append_vec(dwi_column *column, const dwi_vec *vec, int64_t first,
                                int64_t count, dw_error *err)
{
    const uint8_t *bits = vec->validity;
    int64_t nulls = 0;
    dw_status status;

    assert(first >= 0 && count >= 0 && first + count <= vec->length);
    if (count == 0)
        return DW_OK;
    if (column->type->kind == DWI_VOID)
        return dwi_column_append_nulls(column, count, err);
    if ((bits != NULL || column->null_count > 0) && !validity_begin(column, count))
        return dwi_err_nomem(err);
    status = append_values(column, vec, first, count, err);
    if (status != DW_OK) {
        if (column->null_count == 0)
            column->validity.len = 0;
        drop_partial(column);
        return status;
    }
    if (bits != NULL || column->null_count > 0)
        nulls = bits_append(&column->validity, column->length, bits, vec->offset + first, count);
    column->length += count;
    column->null_count += nulls;
    if (column->null_count == 0)
        column->validity.len = 0;
    return DW_OK;
}

dw_status dwi_column_add_child(dwi_column *column, const dwi_type *type, dw_error *err)
{
    size_t n = column->n_children;
    dwi_column child;
    dwi_column *children;
    dw_status status = DW_OK;

    assert(type->kind == DWI_STRUCT && type->n_fields == n + 1);
    DWI_TRY(dwi_column_init(&child, type->fields[n].type, column->alloc, err));
    DWI_TRY(dwi_column_append_nulls(&child, column->length, err));
    children =
        dwi_realloc(column->alloc, column->children, n * sizeof(child), (n + 1) * sizeof(child));
    if (children == NULL)
        DWI_TRY(dwi_err_nomem(err));
    children[n] = child;
    column->children = children;
    column->n_children = n + 1;
    column->type = type;
done:
    if (status != DW_OK)
        dwi_column_done(&child);
    return status;
}

size_t dwi_column_bytes(const dwi_column *column)
{
    size_t bytes =
        column->validity.len + column->values.len + column->offsets.len + column->data.len;

    for (size_t i = 0; i < column->n_children; i++)
        bytes += dwi_column_bytes(&column->children[i]);
    return bytes;
}
