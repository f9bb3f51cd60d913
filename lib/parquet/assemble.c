/* SPDX-License-Identifier: Apache-2.0 */
/* Structs, lists and maps from the levels of a leaf below them. A level starts a slot of a node
 * when it does not repeat deeper than the node stands and the slot exists at all; it starts an
 * element when it does not repeat deeper than one list further down. */
#include "parquet/projection.h"

#include "parquet/leaf_values.h"

enum { PATH_BYTES = 200 };

typedef struct assembler {
    const dwi_leaf_reader *leaves;
    dw_error *err;
} assembler;

/* Levels of the batch, one repetition and one definition level a value of the leaf. */
typedef struct levels {
    const uint8_t *rep; /* NULL: all 0 */
    const uint8_t *def;
    size_t n;
} levels;

static dw_status assemble(assembler *a, const dwi_plan *plan, int64_t slots, dwi_column *column);

static levels levels_of(const assembler *a, const dwi_plan *plan)
{
    const dwi_leaf_reader *leaf = &a->leaves[plan->leaf];

    return (levels){leaf->max_rep > 0 ? leaf->kept_rep.data : NULL, leaf->kept_def.data,
                    leaf->kept_def.len};
}

static dw_status disagree(assembler *a, const dwi_plan *plan)
{
    char path[PATH_BYTES];

    return dwi_err(a->err, DW_E_CORRUPT, "column %s: columns disagree about the lists they share",
                   dwi_parquet_node_path(plan->node, path, sizeof(path)));
}

static dw_status struct_validity(assembler *a, const dwi_plan *plan, int64_t slots,
                                 dwi_column *column)
{
    const dwi_parquet_node *node = plan->node;
    dwi_leaf_shared *shared = a->leaves[plan->leaf].shared;
    levels l = levels_of(a, plan);
    uint8_t valid[DWI_VALUE_CHUNK];
    int64_t done_slots = 0;
    dw_status status = DW_OK;

    for (size_t i = 0; i < l.n;) {
        size_t n = 0;
        size_t n_valid = 0;
        for (; i < l.n && n < DWI_VALUE_CHUNK; i++) {
            if (l.def[i] < node->slot_def || (l.rep != NULL && l.rep[i] > node->rep))
                continue;
            valid[n] = l.def[i] >= node->def;
            n_valid += valid[n++];
        }
        done_slots += (int64_t)n;
        if (done_slots > slots)
            return disagree(a, plan);
        DWI_TRY(dwi_leaf_validity_append(shared, node, valid, n, n_valid, column, a->err));
        column->length += (int64_t)n;
    }
    if (done_slots != slots)
        status = disagree(a, plan);
done:
    return status;
}

static dw_status assemble_struct(assembler *a, const dwi_plan *plan, int64_t slots,
                                 dwi_column *column)
{
    dw_status status = DW_OK;

    for (size_t i = 0; i < plan->n_children; i++)
        DWI_TRY(assemble(a, &plan->children[i], slots, &column->children[i]));
    if (plan->node->def > plan->node->slot_def)
        DWI_TRY(struct_validity(a, plan, slots, column));
    column->length = slots;
done:
    return status;
}

/* Offsets and validity of a list or map; *out_elements is how many elements it has. */
static dw_status list_offsets(assembler *a, const dwi_plan *plan, int64_t slots, dwi_column *column,
                              int64_t *out_elements)
{
    const dwi_parquet_node *node = plan->node;
    dwi_leaf_shared *shared = a->leaves[plan->leaf].shared;
    levels l = levels_of(a, plan);
    uint8_t valid[DWI_VALUE_CHUNK];
    size_t n = 0;
    size_t n_valid = 0;
    int32_t elements = 0;
    int64_t row = 0;
    int32_t *offsets;
    dw_status status = DW_OK;

    *out_elements = 0;
    if (slots > 0)
        DWI_TRY(dwi_leaf_room(shared, node, &column->offsets,
                              ((size_t)slots + 1) * sizeof(*offsets), a->err));
    offsets = (int32_t *)(void *)column->offsets.data;
    for (size_t i = 0; i < l.n; i++) {
        uint8_t rep = l.rep == NULL ? 0 : l.rep[i];
        if (rep <= node->rep && l.def[i] >= node->slot_def) {
            if (row == slots)
                return disagree(a, plan);
            if (n == DWI_VALUE_CHUNK) {
                DWI_TRY(dwi_leaf_validity_append(shared, node, valid, n, n_valid, column, a->err));
                column->length += (int64_t)n;
                n = 0;
                n_valid = 0;
            }
            valid[n] = l.def[i] >= node->def;
            n_valid += valid[n++];
            offsets[row++] = elements;
        }
        elements += rep <= node->rep + 1 && l.def[i] >= node->elem_def;
    }
    if (row != slots)
        return disagree(a, plan);
    DWI_TRY(dwi_leaf_validity_append(shared, node, valid, n, n_valid, column, a->err));
    column->length = slots;
    if (slots > 0) {
        offsets[slots] = elements;
        column->offsets.len = ((size_t)slots + 1) * sizeof(*offsets);
    }
    *out_elements = elements;
done:
    return status;
}

static dw_status assemble_list(assembler *a, const dwi_plan *plan, int64_t slots,
                               dwi_column *column)
{
    char path[PATH_BYTES];
    dwi_column *below = &column->children[0];
    int64_t elements;
    dw_status status;

    DWI_TRY(list_offsets(a, plan, slots, column, &elements));
    if (plan->type->kind == DWI_ARRAY)
        return assemble(a, &plan->children[0], elements, below);
    DWI_TRY(assemble(a, &plan->children[0], elements, &below->children[0]));
    DWI_TRY(assemble(a, &plan->children[1], elements, &below->children[1]));
    below->length = elements;
    if (below->children[0].null_count > 0)
        status = dwi_err(a->err, DW_E_CORRUPT, "column %s: a null map key",
                         dwi_parquet_node_path(plan->node, path, sizeof(path)));
done:
    return status;
}

/* Make `slots` slots of a node; its leaves have theirs already. */
static dw_status assemble(assembler *a, const dwi_plan *plan, int64_t slots, dwi_column *column)
{
    if (plan->node == NULL)
        return dwi_column_append_nulls(column, slots, a->err);
    switch (plan->type->kind) {
    case DWI_STRUCT:
        return assemble_struct(a, plan, slots, column);
    case DWI_ARRAY:
    case DWI_MAP:
        return assemble_list(a, plan, slots, column);
    default:
        return column->length == slots ? DW_OK : disagree(a, plan);
    }
}

dw_status dwi_projection_assemble(const dwi_projection *projection, const dwi_leaf_reader *leaves,
                                  int64_t rows, dwi_column *batch, dw_error *err)
{
    assembler a = {leaves, err};
    dw_status status = DW_OK;

    for (size_t i = 0; i < projection->root.n_children; i++)
        DWI_TRY(assemble(&a, &projection->root.children[i], rows, &batch->children[i]));
    batch->length = rows;
done:
    return status;
}
