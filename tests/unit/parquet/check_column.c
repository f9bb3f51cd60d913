/* SPDX-License-Identifier: Apache-2.0 */
#include "check_column.h"

#include <string.h>

#include "base/utf8.h"

static const char *check_validity(const dwi_column *column)
{
    int64_t nulls = 0;

    if (column->null_count == 0)
        return column->validity.len == 0 ? NULL : "validity without nulls";
    if (column->validity.len != (size_t)(column->length + 7) / 8)
        return "validity has another length than the column";
    for (int64_t i = 0; i < column->length; i++)
        nulls += !dwi_bit_get(column->validity.data, i);
    return nulls == column->null_count ? NULL : "null_count is not the nulls of validity";
}

static const char *check_zeros(const dwi_column *column, size_t width)
{
    for (int64_t i = 0; column->null_count > 0 && i < column->length; i++)
        for (size_t k = 0; k < width && !dwi_bit_get(column->validity.data, i); k++)
            if (column->values.data[(size_t)i * width + k] != 0)
                return "a null row that is not zero";
    return NULL;
}

static const char *check_offsets(const dwi_column *column, int64_t end)
{
    int64_t last = 0;

    if (column->offsets.len == 0)
        return column->length == 0 && end == 0 ? NULL : "no offsets";
    if (column->offsets.len != ((size_t)column->length + 1) * sizeof(int32_t))
        return "another number of offsets than rows";
    if (dwi_column_offset_at(column, 0) != 0)
        return "offsets do not start at 0";
    for (int64_t i = 1; i <= column->length; i++) {
        int64_t offset = dwi_column_offset_at(column, i);
        if (offset < last)
            return "offsets go back";
        bool valid = column->null_count == 0 || dwi_bit_get(column->validity.data, i - 1);
        if ((column->type->kind == DWI_STRING || column->type->kind == DWI_JSON) && valid &&
            offset > last && !dwi_utf8_valid(column->data.data + last, (size_t)(offset - last)))
            return "a string that is not UTF-8";
        last = offset;
    }
    return last == end ? NULL : "the last offset is not the end";
}

const char *dwt_check_column(const dwi_column *column)
{
    size_t width = dwi_type_width(column->type);
    const char *broken = check_validity(column);

    for (size_t i = 0; broken == NULL && i < column->n_children; i++)
        broken = dwt_check_column(&column->children[i]);
    if (broken != NULL)
        return broken;
    switch (column->type->kind) {
    case DWI_BOOLEAN:
        return column->values.len == (size_t)(column->length + 7) / 8 ? NULL : "values";
    case DWI_STRING:
    case DWI_BINARY:
    case DWI_JSON:
        return check_offsets(column, (int64_t)column->data.len);
    case DWI_ARRAY:
    case DWI_MAP:
        return check_offsets(column, column->children[0].length);
    case DWI_STRUCT:
        for (size_t i = 0; i < column->n_children; i++)
            if (column->children[i].length != column->length)
                return "a field of another length than its struct";
        return NULL;
    case DWI_VOID:
        return column->null_count == column->length ? NULL : "a void that is not null";
    default:
        if (column->values.len != (size_t)column->length * width)
            return "values of another length than the column";
        return check_zeros(column, width);
    }
}
