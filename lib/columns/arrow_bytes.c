/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow's strings and binary in their six layouts as ours: 32-bit offsets and one run of bytes. */
#include "columns/arrow_slice.h"

#include <assert.h>

#include "base/utf8.h"

dw_status dwi_arrow_too_large(const dwi_arrow_reader *in)
{
    return dwi_arrow_fail(in, DW_E_UNSUPPORTED,
                          "more than 2 GiB in one batch; append smaller batches");
}

static int64_t load_offset(const dwi_arrow_slice *slice, const void *offsets, int64_t row)
{
    int32_t narrow;
    int64_t wide;

    if (slice->format.bits == 64) {
        memcpy(&wide, (const uint8_t *)offsets + (size_t)(slice->first + row) * 8, 8);
        return wide;
    }
    memcpy(&narrow, (const uint8_t *)offsets + (size_t)(slice->first + row) * 4, 4);
    return narrow;
}

dw_status dwi_arrow_offsets(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                            const int32_t **out, int64_t *out_base)
{
    const void *offsets = NULL;
    int32_t *copy = dwi_arena_array(in->arena, (size_t)slice->count + 1, sizeof(*copy));
    int64_t last;
    dw_status status;

    if (copy == NULL)
        return dwi_err_nomem(in->err);
    *out = copy;
    *out_base = 0;
    if (slice->count == 0) /* an empty array may have no offsets at all */
        return DW_OK;
    DWI_TRY(dwi_arrow_buffer(in, slice, 1, &offsets));
    *out_base = last = load_offset(slice, offsets, 0);
    if (last < 0)
        return dwi_arrow_fail(in, DW_E_CORRUPT, "a negative offset");
    for (int64_t row = 1; row <= slice->count; row++) {
        int64_t offset = load_offset(slice, offsets, row);
        if (offset < last)
            return dwi_arrow_fail(in, DW_E_CORRUPT, "offsets that do not ascend");
        if (offset - *out_base > INT32_MAX)
            return dwi_arrow_too_large(in);
        copy[row] = (int32_t)(offset - *out_base);
        last = offset;
    }
done:
    return status;
}

static dw_status invalid_utf8(const dwi_arrow_reader *in, int64_t row)
{
    return dwi_arrow_fail(in, DW_E_CORRUPT, "the string in row %lld is not UTF-8", (long long)row);
}

/* All bytes at once when no character spans two rows; row by row when that fails, because what lies
 * under nulls may be anything. */
static dw_status check_utf8(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                            const dwi_vec *vec)
{
    const int32_t *offsets = vec->offsets + vec->offset;
    const uint8_t *data = vec->data + offsets[0];
    size_t len = (size_t)(offsets[slice->count] - offsets[0]);
    bool fine;

    if (dwi_utf8_ascii(data, len))
        return DW_OK;
    fine = dwi_utf8_valid(data, len);
    for (int64_t row = 1; fine && row < slice->count; row++)
        fine = offsets[row] == offsets[slice->count] || (vec->data[offsets[row]] & 0xC0) != 0x80;
    for (int64_t row = 0; !fine && row < slice->count; row++)
        if (dwi_arrow_is_valid(slice, row) &&
            !dwi_utf8_valid(vec->data + offsets[row], (size_t)(offsets[row + 1] - offsets[row])))
            return invalid_utf8(in, row);
    return DW_OK;
}

/* Room for gathered rows of `total` bytes; *out_offsets has count + 1 entries, all zero. */
static dw_status gather_room(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                             uint64_t total, int32_t **out_offsets, uint8_t **out_data)
{
    int32_t *offsets = dwi_arena_array(in->arena, (size_t)slice->count + 1, sizeof(*offsets));
    uint8_t *data = total > INT32_MAX ? NULL : dwi_arena_alloc(in->arena, (size_t)total);

    if (total > INT32_MAX)
        return dwi_arrow_too_large(in);
    if (offsets == NULL || data == NULL)
        return dwi_err_nomem(in->err);
    *out_offsets = offsets;
    *out_data = data;
    return DW_OK;
}

/* One 16-byte view: length, then the bytes themselves up to 12, else a prefix, buffer and offset.
 */
static dw_status view_bytes(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                            const uint8_t *view, const uint8_t **out, int32_t *out_len)
{
    int64_t n_data = slice->array->n_buffers - 3;
    const void *sizes = slice->array->buffers[slice->array->n_buffers - 1];
    int32_t len;
    int32_t index;
    int32_t offset;
    int64_t size;

    memcpy(&len, view, 4);
    memcpy(&index, view + 8, 4);
    memcpy(&offset, view + 12, 4);
    *out = view + 4;
    *out_len = len;
    if (len >= 0 && len <= 12)
        return DW_OK;
    if (len < 0 || index < 0 || index >= n_data || offset < 0 || sizes == NULL ||
        slice->array->buffers[2 + index] == NULL)
        return dwi_arrow_fail(in, DW_E_CORRUPT, "a view that points outside its buffers");
    memcpy(&size, (const uint8_t *)sizes + (size_t)index * sizeof(size), sizeof(size));
    if ((int64_t)offset + len > size)
        return dwi_arrow_fail(in, DW_E_CORRUPT, "a view that points outside its buffers");
    *out = (const uint8_t *)slice->array->buffers[2 + index] + offset;
    return DW_OK;
}

static dw_status gather_views(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                              dwi_vec *out)
{
    const void *views = NULL;
    const uint8_t *bytes = NULL;
    int32_t *offsets = NULL;
    uint8_t *data = NULL;
    uint64_t total = 0;
    int32_t len = 0;
    dw_status status;

    DWI_TRY(dwi_arrow_buffer(in, slice, 1, &views));
    for (int64_t row = 0; row < slice->count; row++) {
        if (!dwi_arrow_is_valid(slice, row))
            continue;
        DWI_TRY(view_bytes(in, slice, (const uint8_t *)views + (slice->first + row) * 16, &bytes,
                           &len));
        total += (uint64_t)len;
    }
    DWI_TRY(gather_room(in, slice, total, &offsets, &data));
    assert(offsets != NULL && data != NULL);
    for (int64_t row = 0; row < slice->count; row++) {
        len = 0;
        if (dwi_arrow_is_valid(slice, row)) {
            DWI_TRY(view_bytes(in, slice, (const uint8_t *)views + (slice->first + row) * 16,
                               &bytes, &len));
            memcpy(data + offsets[row], bytes, (size_t)len);
        }
        offsets[row + 1] = offsets[row] + len;
    }
    out->offsets = offsets;
    out->data = data;
    DWI_TRY(dwi_arrow_copy_validity(in, slice, &out->validity));
done:
    return status;
}

static dw_status fixed_binary(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                              dwi_vec *out)
{
    uint64_t width = (uint64_t)slice->format.bytes;
    const void *values = NULL;
    int32_t *offsets;
    dw_status status;

    if (width > 0)
        DWI_TRY(dwi_arrow_buffer(in, slice, 1, &values));
    if (width > 0 && (uint64_t)slice->count > INT32_MAX / width)
        return dwi_arrow_too_large(in);
    offsets = dwi_arena_array(in->arena, (size_t)slice->count + 1, sizeof(*offsets));
    if (offsets == NULL)
        return dwi_err_nomem(in->err);
    for (int64_t row = 0; row <= slice->count; row++)
        offsets[row] = (int32_t)((uint64_t)row * width);
    out->offsets = offsets;
    if (values != NULL)
        out->data = (const uint8_t *)values + (uint64_t)slice->first * width;
    DWI_TRY(dwi_arrow_copy_validity(in, slice, &out->validity));
done:
    return status;
}

/* Offsets of 32 bits are used as they lie. */
static bool can_borrow_offsets(const dwi_arrow_slice *slice)
{
    const void *offsets = slice->array->buffers[1];

    return slice->format.bits == 32 && offsets != NULL && (uintptr_t)offsets % sizeof(int32_t) == 0;
}

static dw_status borrow_offsets(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                                dwi_vec *out)
{
    const int32_t *offsets = (const int32_t *)slice->array->buffers[1] + slice->first;
    bool descends = false;

    if (offsets[0] < 0)
        return dwi_arrow_fail(in, DW_E_CORRUPT, "a negative offset");
    for (int64_t row = 0; row < slice->count; row++)
        descends |= offsets[row + 1] < offsets[row];
    if (descends)
        return dwi_arrow_fail(in, DW_E_CORRUPT, "offsets that do not ascend");
    out->offsets = offsets;
    return DW_OK;
}

static dw_status offset_bytes(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                              dwi_vec *out)
{
    const void *data = slice->array->buffers[2];
    int64_t base = 0;
    dw_status status;

    if (can_borrow_offsets(slice))
        DWI_TRY(borrow_offsets(in, slice, out));
    else
        DWI_TRY(dwi_arrow_offsets(in, slice, &out->offsets, &base));
    if (out->offsets[slice->count] > out->offsets[0]) {
        DWI_TRY(dwi_arrow_buffer(in, slice, 2, &data));
        out->data = (const uint8_t *)data + base;
    }
    DWI_TRY(dwi_arrow_copy_validity(in, slice, &out->validity));
done:
    return status;
}

dw_status dwi_arrow_bytes(const dwi_arrow_reader *in, const dwi_arrow_slice *slice, dwi_vec *out)
{
    static const int32_t no_offsets[1] = {0};
    static const uint8_t no_data[1] = {0};
    dwi_arrow_kind kind = slice->format.kind;
    bool text = kind == DWI_ARROW_STRING || kind == DWI_ARROW_STRING_VIEW;
    dw_status status;

    if (text == (out->type->kind == DWI_BINARY) || kind < DWI_ARROW_STRING ||
        kind > DWI_ARROW_FIXED_BINARY)
        return dwi_arrow_misfit(in, slice, out->type);
    out->offset = 0;
    out->data = no_data;
    if (slice->count == 0) {
        out->offsets = no_offsets;
        return DW_OK;
    }
    if (kind == DWI_ARROW_FIXED_BINARY)
        DWI_TRY(fixed_binary(in, slice, out));
    else if (kind == DWI_ARROW_STRING_VIEW || kind == DWI_ARROW_BINARY_VIEW)
        DWI_TRY(gather_views(in, slice, out));
    else
        DWI_TRY(offset_bytes(in, slice, out));
    if (text)
        DWI_TRY(check_utf8(in, slice, out));
done:
    return status;
}
