/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow's dictionaries and run ends: rows picked out of other rows. */
#include "columns/arrow_slice.h"

#include <assert.h>

#include "columns/append.h"

/* A view being made of picked rows. */
typedef struct taking {
    const dwi_arrow_reader *in;
    const dwi_vec *from;
    const int64_t *indices;
    int64_t count;
} taking;

static dw_status take_fixed(const taking *t, dwi_vec *out)
{
    size_t width = dwi_type_width(out->type);
    const uint8_t *from = t->from->values;
    uint8_t *to = dwi_arena_array(t->in->arena, (size_t)t->count + 1, width == 0 ? 1 : width);

    if (to == NULL)
        return dwi_err_nomem(t->in->err);
    for (int64_t row = 0; row < t->count; row++) {
        int64_t i = t->from->offset + t->indices[row];
        if (!dwi_bit_get(out->validity, row))
            continue;
        if (out->type->kind == DWI_BOOLEAN)
            dwi_bit_set(to, row, dwi_bit_get(from, i));
        else
            memcpy(to + (size_t)row * width, from + (size_t)i * width, width);
    }
    out->values = to;
    return DW_OK;
}

/* Offsets of the picked rows as they stand one after the other. */
static dw_status take_offsets(const taking *t, dwi_vec *out)
{
    const int32_t *from = t->from->offsets + t->from->offset;
    int32_t *offsets = dwi_arena_array(t->in->arena, (size_t)t->count + 1, sizeof(*offsets));

    if (offsets == NULL)
        return dwi_err_nomem(t->in->err);
    for (int64_t row = 0; row < t->count; row++) {
        int64_t i = t->indices[row];
        int32_t len = dwi_bit_get(out->validity, row) ? from[i + 1] - from[i] : 0;
        if (len > INT32_MAX - offsets[row])
            return dwi_arrow_too_large(t->in);
        offsets[row + 1] = offsets[row] + len;
    }
    out->offsets = offsets;
    return DW_OK;
}

static dw_status take_bytes(const taking *t, dwi_vec *out)
{
    const int32_t *from = t->from->offsets + t->from->offset;
    uint8_t *data;
    dw_status status;

    DWI_TRY(take_offsets(t, out));
    data = dwi_arena_alloc(t->in->arena, (size_t)out->offsets[t->count]);
    if (data == NULL)
        return dwi_err_nomem(t->in->err);
    for (int64_t row = 0; row < t->count; row++) {
        int32_t len = out->offsets[row + 1] - out->offsets[row];
        if (len > 0)
            memcpy(data + out->offsets[row], t->from->data + from[t->indices[row]], (size_t)len);
    }
    out->data = data;
done:
    return status;
}

static dw_status take_struct(const taking *t, dwi_vec *out)
{
    size_t n = t->from->n_children;
    dwi_vec *children = dwi_arena_array(t->in->arena, n, sizeof(*children));
    int64_t *indices = dwi_arena_array(t->in->arena, (size_t)t->count, sizeof(*indices));
    dw_status status = DW_OK;

    if (children == NULL || indices == NULL)
        return dwi_err_nomem(t->in->err);
    for (int64_t row = 0; row < t->count; row++)
        indices[row] = dwi_bit_get(out->validity, row) ? t->from->offset + t->indices[row] : -1;
    for (size_t i = 0; i < n; i++)
        DWI_TRY(dwi_arrow_take(t->in, &t->from->children[i], indices, t->count, &children[i]));
    out->children = children;
    out->n_children = n;
done:
    return status;
}

static dw_status take_list(const taking *t, dwi_vec *out)
{
    const int32_t *from = t->from->offsets + t->from->offset;
    dwi_vec *child = dwi_arena_array(t->in->arena, 1, sizeof(*child));
    int64_t *indices;
    dw_status status;

    if (child == NULL)
        return dwi_err_nomem(t->in->err);
    DWI_TRY(take_offsets(t, out));
    indices = dwi_arena_array(t->in->arena, (size_t)out->offsets[t->count], sizeof(*indices));
    if (indices == NULL)
        return dwi_err_nomem(t->in->err);
    for (int64_t row = 0; row < t->count; row++)
        for (int32_t i = out->offsets[row]; i < out->offsets[row + 1]; i++)
            indices[i] = from[t->indices[row]] + (i - out->offsets[row]);
    DWI_TRY(dwi_arrow_take(t->in, t->from->children, indices, out->offsets[t->count], child));
    out->children = child;
    out->n_children = 1;
done:
    return status;
}

dw_status dwi_arrow_take(const dwi_arrow_reader *in, const dwi_vec *from, const int64_t *indices,
                         int64_t count, dwi_vec *out)
{
    const taking t = {in, from, indices, count};
    uint8_t *validity = dwi_arena_array(in->arena, (size_t)count / 8 + 1, 1);

    if (validity == NULL)
        return dwi_err_nomem(in->err);
    memset(out, 0, sizeof(*out));
    out->type = from->type;
    out->length = count;
    for (int64_t row = 0; row < count; row++)
        dwi_bit_set(validity, row, indices[row] >= 0 && dwi_vec_is_valid(from, indices[row]));
    out->validity = validity;
    switch (out->type->kind) {
    case DWI_VOID:
        return DW_OK;
    case DWI_STRUCT:
        return take_struct(&t, out);
    case DWI_ARRAY:
    case DWI_MAP:
        return take_list(&t, out);
    default:
        return dwi_type_is_bytes(out->type) ? take_bytes(&t, out) : take_fixed(&t, out);
    }
}

/* One more encoding around the values. */
static dw_status enter_layer(dwi_arrow_reader *in)
{
    if (in->layers >= DWI_ARROW_MAX_DEPTH)
        return dwi_arrow_fail(in, DW_E_UNSUPPORTED, "nested too deeply");
    in->layers++;
    return DW_OK;
}

/* Index of a dictionary-encoded row. False: not within the dictionary. */
static bool dictionary_index(const dwi_arrow_slice *slice, const uint8_t *indices, int64_t row,
                             int64_t length, int64_t *out)
{
    size_t width = (size_t)slice->format.bits / 8;
    uint64_t bits = 0;

    memcpy(&bits, indices + (size_t)(slice->first + row) * width, width);
    *out = (int64_t)bits;
    return bits < (uint64_t)length; /* a negative one is large when it is read as unsigned */
}

dw_status dwi_arrow_dictionary(dwi_arrow_reader *in, const dwi_arrow_slice *slice, dwi_vec *out)
{
    const struct ArrowArray *values = slice->array->dictionary;
    int64_t *indices = dwi_arena_array(in->arena, (size_t)slice->count, sizeof(*indices));
    const void *buffer = NULL;
    dwi_vec dictionary;
    dw_status status;

    if (indices == NULL)
        return dwi_err_nomem(in->err);
    if (values == NULL || values->length < 0)
        return dwi_arrow_fail(in, DW_E_CORRUPT, "no dictionary");
    if (slice->format.kind != DWI_ARROW_INT && slice->format.kind != DWI_ARROW_UINT)
        return dwi_arrow_fail(in, DW_E_CORRUPT, "a dictionary with indices of Arrow format %s",
                              slice->schema->format);
    DWI_TRY(enter_layer(in));
    DWI_TRY(dwi_arrow_view_rows(in, slice->schema->dictionary, values, 0, values->length, out->type,
                                &dictionary));
    in->layers--;
    DWI_TRY(dwi_arrow_buffer(in, slice, 1, &buffer));
    for (int64_t row = 0; row < slice->count; row++) {
        indices[row] = -1;
        if (dwi_arrow_is_valid(slice, row) &&
            !dictionary_index(slice, buffer, row, values->length, &indices[row]))
            return dwi_arrow_fail(in, DW_E_CORRUPT, "row %lld has a value beyond its dictionary",
                                  (long long)row);
    }
    DWI_TRY(dwi_arrow_take(in, &dictionary, indices, slice->count, out));
done:
    return status;
}

static int64_t run_end(const dwi_arrow_slice *ends, const uint8_t *values, int64_t run)
{
    size_t width = (size_t)ends->format.bits / 8;
    const uint8_t *at = values + (size_t)(ends->first + run) * width;
    int16_t narrow;
    int32_t middle;
    int64_t wide;

    switch (ends->format.bits) {
    case 16:
        memcpy(&narrow, at, sizeof(narrow));
        return narrow;
    case 32:
        memcpy(&middle, at, sizeof(middle));
        return middle;
    default:
        memcpy(&wide, at, sizeof(wide));
        return wide;
    }
}

/* The runs as an array; *out_values are their ends. */
static dw_status open_runs(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                           dwi_arrow_slice *out, const void **out_values)
{
    const struct ArrowArray *ends = slice->array->children[0];
    const struct ArrowArray *values = slice->array->children[1];
    dw_status status;

    if (ends == NULL || values == NULL || ends->length < 0)
        return dwi_arrow_fail(in, DW_E_CORRUPT, "run ends or values are missing");
    DWI_TRY(dwi_arrow_open(in, slice->schema->children[0], ends, 0, ends->length, out));
    if (out->format.kind != DWI_ARROW_INT || out->format.bits < 16 ||
        slice->schema->children[0]->dictionary != NULL)
        return dwi_arrow_fail(in, DW_E_CORRUPT, "run ends of Arrow format %s",
                              slice->schema->children[0]->format);
    DWI_TRY(dwi_arrow_buffer(in, out, 1, out_values));
done:
    return status;
}

/* The run of each row, counted from *out_first. */
static dw_status find_runs(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                           const dwi_arrow_slice *ends, const void *values, int64_t *indices,
                           int64_t *out_first, int64_t *out_count)
{
    int64_t run = -1;
    int64_t end = 0;

    for (int64_t row = 0; row < slice->count; row++) {
        while (end <= slice->first + row) {
            int64_t next = ++run < ends->count ? run_end(ends, values, run) : 0;
            if (next <= end)
                return dwi_arrow_fail(in, DW_E_CORRUPT,
                                      run < ends->count ? "run ends that do not ascend"
                                                        : "rows beyond the last run's end");
            end = next;
        }
        if (row == 0)
            *out_first = run;
        indices[row] = run - *out_first;
        *out_count = indices[row] + 1;
    }
    return DW_OK;
}

dw_status dwi_arrow_run_ends(dwi_arrow_reader *in, const dwi_arrow_slice *slice, dwi_vec *out)
{
    int64_t *indices = dwi_arena_array(in->arena, (size_t)slice->count, sizeof(*indices));
    dwi_arrow_slice ends = {0};
    const void *end_values = NULL;
    int64_t first = 0;
    int64_t count = 0;
    dwi_vec runs;
    dw_status status;

    if (indices == NULL)
        return dwi_err_nomem(in->err);
    DWI_TRY(dwi_arrow_check_children(slice->schema, 2, in->err));
    DWI_TRY(open_runs(in, slice, &ends, &end_values));
    assert(end_values != NULL || ends.count == 0);
    DWI_TRY(find_runs(in, slice, &ends, end_values, indices, &first, &count));
    DWI_TRY(enter_layer(in));
    DWI_TRY(dwi_arrow_view_rows(in, slice->schema->children[1], slice->array->children[1], first,
                                count, out->type, &runs));
    in->layers--;
    DWI_TRY(dwi_arrow_take(in, &runs, indices, slice->count, out));
done:
    return status;
}
