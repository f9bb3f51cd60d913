/* SPDX-License-Identifier: Apache-2.0 */
/* Appending one value to a dwi_column, inline, for decoders that do it millions of times. Types
 * are the caller's to know; row counts of parents too.
 *
 * Each call makes room first and changes the column afterwards, so that a failed one leaves it as
 * it was and usable. */
#ifndef DWI_COLUMNS_APPEND_H
#define DWI_COLUMNS_APPEND_H

#include "columns/vec.h"

static inline void dwi_bit_set(uint8_t *bits, int64_t i, bool value)
{
    uint8_t mask = (uint8_t)(1u << (i & 7));

    bits[i >> 3] = (uint8_t)(value ? bits[i >> 3] | mask : bits[i >> 3] & ~mask);
}

/* Room for `more` bytes; a failure does not stick to the buffer. */
static inline bool dwi_column_room(dwi_buf *buf, size_t more)
{
    if (dwi_buf_reserve(buf, more))
        return true;
    buf->failed = false;
    return false;
}

/* The last step of an append: one more row that is valid. Room for its bit must be there. */
static inline void dwi_column_count_valid(dwi_column *column)
{
    if (column->validity.len > 0) {
        if ((column->length & 7) == 0)
            column->validity.data[column->validity.len++] = 0;
        dwi_bit_set(column->validity.data, column->length, true);
    }
    column->length++;
}

static inline bool dwi_column_validity_room(dwi_column *column)
{
    return column->validity.len == 0 || dwi_column_room(&column->validity, 1);
}

/* `width` is dwi_type_width() of the column's type. */
static inline dw_status dwi_column_push(dwi_column *column, const void *value, size_t width)
{
    if (!dwi_column_room(&column->values, width) || !dwi_column_validity_room(column))
        return DW_E_NOMEM;
    memcpy(column->values.data + column->values.len, value, width);
    column->values.len += width;
    dwi_column_count_valid(column);
    return DW_OK;
}

static inline dw_status dwi_column_push_bool(dwi_column *column, bool value)
{
    bool new_byte = (column->length & 7) == 0;

    if (!dwi_column_room(&column->values, 1) || !dwi_column_validity_room(column))
        return DW_E_NOMEM;
    if (new_byte)
        column->values.data[column->values.len++] = 0;
    dwi_bit_set(column->values.data, column->length, value);
    dwi_column_count_valid(column);
    return DW_OK;
}

/* Room for one more offset, and for the zero before all of them. */
static inline bool dwi_column_offset_room(dwi_column *column)
{
    static const int32_t zero = 0;

    if (!dwi_column_room(&column->offsets, 2 * sizeof(zero)) || !dwi_column_validity_room(column))
        return false;
    if (column->offsets.len == 0)
        dwi_buf_append(&column->offsets, &zero, sizeof(zero));
    return true;
}

/* One valid row of a string, binary, array or map column that ends at `end`; room must be there. */
static inline void dwi_column_push_offset(dwi_column *column, size_t end)
{
    int32_t offset = (int32_t)end;

    memcpy(column->offsets.data + column->offsets.len, &offset, sizeof(offset));
    column->offsets.len += sizeof(offset);
    dwi_column_count_valid(column);
}

/* A null where there were some already, in a column of text or of fixed width; others go the long
 * way. */
static inline dw_status dwi_column_push_null(dwi_column *column)
{
    size_t width = dwi_type_width(column->type);
    bool bytes = dwi_type_is_bytes(column->type);

    if (column->null_count == 0 || (width == 0 && !bytes))
        return dwi_column_append_null(column, NULL);
    if (!dwi_column_validity_room(column) || !dwi_column_room(&column->values, width) ||
        (bytes && !dwi_column_offset_room(column)))
        return DW_E_NOMEM;
    if (bytes) {
        dwi_column_push_offset(column, column->data.len);
    } else {
        memset(column->values.data + column->values.len, 0, width);
        column->values.len += width;
        dwi_column_count_valid(column);
    }
    dwi_bit_set(column->validity.data, column->length - 1, false);
    column->null_count++;
    return DW_OK;
}

/* False: out of memory, or more than INT32_MAX bytes in the column. */
static inline bool dwi_column_data_room(dwi_column *column, size_t more)
{
    return more <= (size_t)INT32_MAX - column->data.len && dwi_column_room(&column->data, more);
}

#endif
