/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow's lists in their four layouts, and its maps, as ours: ascending 32-bit offsets and a child.
 */
#include "columns/arrow_slice.h"

#include <assert.h>

/* Where the rows' elements are in the child array. */
typedef struct elements {
    int64_t first; /* a range of the child that holds them all */
    int64_t count;
    const int64_t *order; /* of each element, from `first`; NULL: one after the other */
    int64_t n_order;
} elements;

static dw_status beyond(const dwi_arrow_reader *in, const struct ArrowArray *child)
{
    return dwi_arrow_fail(in, DW_E_CORRUPT, "offsets beyond the %lld elements",
                          (long long)child->length);
}

static dw_status locate_list(const dwi_arrow_reader *in, const dwi_arrow_slice *slice, dwi_vec *out,
                             elements *e)
{
    dw_status status;

    DWI_TRY(dwi_arrow_offsets(in, slice, &out->offsets, &e->first));
    e->count = out->offsets[slice->count];
done:
    return status;
}

static dw_status locate_fixed(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                              dwi_vec *out, elements *e)
{
    int64_t width = slice->format.bytes;
    int32_t *offsets = dwi_arena_array(in->arena, (size_t)slice->count + 1, sizeof(*offsets));

    if (offsets == NULL)
        return dwi_err_nomem(in->err);
    if (width > 0 && slice->count > INT32_MAX / width)
        return dwi_arrow_too_large(in);
    if (width > 0 && slice->first > INT64_MAX / width - slice->count)
        return dwi_arrow_fail(in, DW_E_CORRUPT, "an offset of %lld", (long long)slice->first);
    for (int64_t row = 0; row <= slice->count; row++)
        offsets[row] = (int32_t)(row * width);
    out->offsets = offsets;
    e->first = slice->first * width;
    e->count = slice->count * width;
    return DW_OK;
}

/* An offset or size of a list view. */
static int64_t load(const dwi_arrow_slice *slice, const void *values, int64_t row)
{
    int32_t narrow;
    int64_t wide;

    if (slice->format.bits == 64) {
        memcpy(&wide, (const uint8_t *)values + (size_t)(slice->first + row) * 8, 8);
        return wide;
    }
    memcpy(&narrow, (const uint8_t *)values + (size_t)(slice->first + row) * 4, 4);
    return narrow;
}

/* The offsets that the views have once their elements stand one after the other; the range of the
 * child they use, and whether they stand so already. */
static dw_status measure_views(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                               const void *const buffers[2], int32_t *offsets, elements *e,
                               bool *out_in_order)
{
    const struct ArrowArray *child = slice->array->children[0];
    int64_t first = INT64_MAX;
    int64_t end = 0;
    int64_t next = -1;

    *out_in_order = true;
    for (int64_t row = 0; row < slice->count; row++) {
        int64_t at = load(slice, buffers[0], row);
        int64_t size = load(slice, buffers[1], row);
        offsets[row + 1] = offsets[row];
        if (!dwi_arrow_is_valid(slice, row) || size == 0)
            continue;
        if (at < 0 || size < 0 || size > child->length || at > child->length - size)
            return beyond(in, child);
        if (size > INT32_MAX - offsets[row])
            return dwi_arrow_too_large(in);
        offsets[row + 1] += (int32_t)size;
        *out_in_order = *out_in_order && (next < 0 || at == next);
        next = at + size;
        first = at < first ? at : first;
        end = next > end ? next : end;
    }
    e->first = end == 0 ? 0 : first;
    e->count = end - e->first;
    return DW_OK;
}

static dw_status locate_views(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                              dwi_vec *out, elements *e)
{
    int32_t *offsets = dwi_arena_array(in->arena, (size_t)slice->count + 1, sizeof(*offsets));
    const void *buffers[2] = {NULL, NULL};
    bool in_order = true;
    int64_t *order;
    dw_status status;

    if (offsets == NULL)
        return dwi_err_nomem(in->err);
    DWI_TRY(dwi_arrow_buffer(in, slice, 1, &buffers[0]));
    DWI_TRY(dwi_arrow_buffer(in, slice, 2, &buffers[1]));
    DWI_TRY(measure_views(in, slice, buffers, offsets, e, &in_order));
    out->offsets = offsets;
    if (in_order)
        return DW_OK;
    e->n_order = offsets[slice->count];
    order = dwi_arena_array(in->arena, (size_t)e->n_order, sizeof(*order));
    if (order == NULL)
        return dwi_err_nomem(in->err);
    for (int64_t row = 0; row < slice->count; row++)
        for (int32_t i = offsets[row]; i < offsets[row + 1]; i++)
            order[i] = load(slice, buffers[0], row) - e->first + (i - offsets[row]);
    e->order = order;
done:
    return status;
}

static dw_status view_elements(dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                               const elements *e, const dwi_vec *list, dwi_vec *out)
{
    const dwi_field *field = &list->type->fields[0];
    dwi_vec all;
    dw_status status;

    DWI_TRY(dwi_arrow_enter(in, field));
    DWI_TRY(dwi_arrow_view_rows(in, slice->schema->children[0], slice->array->children[0], e->first,
                                e->count, field->type, &all));
    if (e->order != NULL)
        DWI_TRY(dwi_arrow_take(in, &all, e->order, e->n_order, out));
    else
        *out = all;
    DWI_TRY(dwi_arrow_check_nulls(in, field, out, list));
    dwi_arrow_leave(in);
done:
    return status;
}

/* A map's entries: a struct of which the two fields are taken by position. */
static dw_status view_entries(dwi_arrow_reader *in, const dwi_arrow_slice *slice, const elements *e,
                              const dwi_vec *map, dwi_vec *out)
{
    const struct ArrowSchema *schema = slice->schema->children[0];
    const struct ArrowArray *array = slice->array->children[0];
    dwi_vec *children = dwi_arena_array(in->arena, 2, sizeof(*children));
    dwi_type *type = dwi_arena_zero(in->arena, sizeof(*type));
    dwi_arrow_slice entries = {0};
    dw_status status;

    if (children == NULL || type == NULL)
        return dwi_err_nomem(in->err);
    *type = dwi_map_entries_type(map->type);
    DWI_TRY(dwi_arrow_check_children(schema, 2, in->err));
    DWI_TRY(dwi_arrow_open(in, schema, array, e->first, e->count, &entries));
    if (entries.format.kind != DWI_ARROW_STRUCT)
        return dwi_arrow_fail(in, DW_E_CORRUPT, "map entries of Arrow format %s", schema->format);
    for (size_t f = 0; f < 2; f++) {
        const dwi_field *field = &type->fields[f];
        DWI_TRY(dwi_arrow_enter(in, field));
        DWI_TRY(dwi_arrow_view_rows(in, schema->children[f], array->children[f], entries.first,
                                    e->count, field->type, &children[f]));
        DWI_TRY(dwi_arrow_check_nulls(in, field, &children[f], map));
        dwi_arrow_leave(in);
    }
    *out = (dwi_vec){.type = type, .length = e->count, .children = children, .n_children = 2};
done:
    return status;
}

dw_status dwi_arrow_list(dwi_arrow_reader *in, const dwi_arrow_slice *slice, dwi_vec *out)
{
    dwi_vec *child = dwi_arena_array(in->arena, 1, sizeof(*child));
    const struct ArrowArray *array;
    elements e = {0};
    dw_status status;

    if (child == NULL)
        return dwi_err_nomem(in->err);
    DWI_TRY(dwi_arrow_check_children(slice->schema, 1, in->err));
    array = slice->array->children[0];
    if (array == NULL)
        return dwi_arrow_fail(in, DW_E_CORRUPT, "no array of elements");
    DWI_TRY(slice->format.kind == DWI_ARROW_FIXED_LIST  ? locate_fixed(in, slice, out, &e)
            : slice->format.kind == DWI_ARROW_LIST_VIEW ? locate_views(in, slice, out, &e)
                                                        : locate_list(in, slice, out, &e));
    if (e.count > array->length || e.first > array->length - e.count)
        return beyond(in, array);
    DWI_TRY(dwi_arrow_copy_validity(in, slice, &out->validity));
    DWI_TRY(out->type->kind == DWI_MAP ? view_entries(in, slice, &e, out, child)
                                       : view_elements(in, slice, &e, out, child));
    out->children = child;
    out->n_children = 1;
done:
    return status;
}
