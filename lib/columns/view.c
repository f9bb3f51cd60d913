/* SPDX-License-Identifier: Apache-2.0 */
#include "columns/vec.h"

static bool fill(const dwi_column *column, dwi_arena *arena, dwi_vec *out)
{
    static const int32_t no_offsets[1] = {0};
    dwi_vec *children = NULL;

    memset(out, 0, sizeof(*out));
    if (column->n_children > 0) {
        children = dwi_arena_array(arena, column->n_children, sizeof(*children));
        if (children == NULL)
            return false;
        for (size_t i = 0; i < column->n_children; i++)
            if (!fill(&column->children[i], arena, &children[i]))
                return false;
    }
    out->type = column->type;
    out->length = column->length;
    out->validity = column->null_count > 0 ? column->validity.data : NULL;
    out->values = column->values.data;
    /* An empty column has no offsets yet, but its readers may look at the first one. The buffer
     * comes from an allocator that aligns for any type. */
    out->offsets = column->offsets.len > 0 ? (const void *)column->offsets.data : no_offsets;
    out->data = column->data.data;
    out->n_children = column->n_children;
    out->children = children;
    return true;
}

const dwi_vec *dwi_column_view(const dwi_column *column, dwi_arena *arena)
{
    dwi_vec *vec = dwi_arena_zero(arena, sizeof(*vec));

    return vec != NULL && fill(column, arena, vec) ? vec : NULL;
}
