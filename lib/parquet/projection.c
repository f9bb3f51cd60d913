/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/projection.h"

enum { PATH_BYTES = 200 };

typedef struct planner {
    dwi_arena *arena;
    dwi_buf leaves; /* dwi_projected_leaf */
    dw_error *err;
} planner;

static dw_status build(planner *p, const dwi_parquet_node *node, const dwi_type *type,
                       dwi_plan *out);

static bool is_nested(const dwi_type *type)
{
    return type->kind == DWI_STRUCT || type->kind == DWI_ARRAY || type->kind == DWI_MAP;
}

static dw_status mismatch(planner *p, const dwi_parquet_node *node, const dwi_type *type)
{
    char path[PATH_BYTES];
    const char *column = dwi_parquet_node_path(node, path, sizeof(path));
    dwi_buf names;
    const char *text;
    dw_status status;

    dwi_buf_init(&names, p->arena->alloc);
    dwi_type_append_name(&names, node->type);
    dwi_buf_append_cstr(&names, " in the file, wanted ");
    dwi_type_append_name(&names, type);
    text = dwi_buf_cstr(&names);
    status =
        dwi_err(p->err, DW_E_SCHEMA, "column %s: %s", column, text == NULL ? "another type" : text);
    dwi_buf_done(&names);
    return status;
}

static dw_status add_leaf(planner *p, const dwi_parquet_node *node, const dwi_type *type,
                          size_t *out)
{
    dwi_projected_leaf leaf = {node, type, false};

    *out = p->leaves.len / sizeof(leaf);
    dwi_buf_append(&p->leaves, &leaf, sizeof(leaf));
    return dwi_buf_status(&p->leaves, p->err);
}

static dwi_projected_leaf *leaf_at(planner *p, size_t i)
{
    return (dwi_projected_leaf *)(void *)p->leaves.data + i;
}

/* A leaf below `node` for its shape: one that no further list multiplies, if there is one. */
static const dwi_parquet_node *cheapest_leaf(const dwi_parquet_node *node)
{
    const dwi_parquet_node *best = NULL;

    if (!is_nested(node->type))
        return node;
    for (size_t i = 0; i < node->n_children; i++) {
        const dwi_parquet_node *leaf = cheapest_leaf(&node->children[i]);
        if (best == NULL || leaf->rep < best->rep)
            best = leaf;
    }
    return best;
}

/* Choose the leaf whose levels tell the shape of a nested node: one that is read anyway, else one
 * of its own. */
static dw_status choose_shape(planner *p, dwi_plan *plan)
{
    const dwi_plan *best = NULL;
    dw_status status = DW_OK;

    for (size_t i = 0; i < plan->n_children; i++) {
        const dwi_plan *child = &plan->children[i];
        if (child->node == NULL)
            continue;
        if (best == NULL || leaf_at(p, child->leaf)->node->rep < leaf_at(p, best->leaf)->node->rep)
            best = child;
    }
    if (best != NULL)
        plan->leaf = best->leaf;
    else
        status = add_leaf(p, cheapest_leaf(plan->node), NULL, &plan->leaf);
    /* A struct that cannot be null has the shape of what is above it. */
    if (status == DW_OK &&
        (plan->type->kind != DWI_STRUCT || plan->node->def > plan->node->slot_def))
        leaf_at(p, plan->leaf)->keep_levels = true;
    return status;
}

/* Looked for from child `at` on, and that is moved behind it: columns wanted in the order of the
 * file are found at once. */
static const dwi_parquet_node *find_child(const dwi_parquet_node *node, dwi_sv name, size_t *at)
{
    for (size_t i = 0; i < node->n_children; i++) {
        size_t k = *at + i < node->n_children ? *at + i : *at + i - node->n_children;
        if (dwi_sv_eq(node->children[k].name, name)) {
            *at = k + 1 < node->n_children ? k + 1 : 0;
            return &node->children[k];
        }
    }
    return NULL;
}

static dw_status build_children(planner *p, const dwi_parquet_node *node, const dwi_type *type,
                                dwi_plan *out)
{
    size_t at = 0;
    dw_status status = DW_OK;

    out->children = dwi_arena_array(p->arena, type->n_fields, sizeof(*out->children));
    if (out->children == NULL)
        return dwi_err_nomem(p->err);
    out->n_children = type->n_fields;
    for (size_t i = 0; i < type->n_fields; i++) {
        const dwi_parquet_node *child = type->kind == DWI_STRUCT
                                            ? find_child(node, type->fields[i].name, &at)
                                            : &node->children[i];
        DWI_TRY(build(p, child, type->fields[i].type, &out->children[i]));
    }
done:
    return status;
}

static dw_status build(planner *p, const dwi_parquet_node *node, const dwi_type *type,
                       dwi_plan *out)
{
    dw_status status;

    /* A column of nulls may stand for any type. */
    if (node != NULL && node->source == DWI_LEAF_NULL && is_nested(type))
        node = NULL;
    out->type = type;
    out->node = node;
    if (node == NULL)
        return DW_OK;
    if (!is_nested(type)) {
        if (is_nested(node->type))
            return mismatch(p, node, type);
        return add_leaf(p, node, type, &out->leaf);
    }
    if (type->kind != node->type->kind)
        return mismatch(p, node, type);
    DWI_TRY(build_children(p, node, type, out));
    DWI_TRY(choose_shape(p, out));
done:
    return status;
}

dw_status dwi_projection_build(dwi_arena *arena, const dwi_parquet_node *root, const dwi_type *type,
                               dwi_projection *out, dw_error *err)
{
    planner p = {.arena = arena, .err = err};
    dw_status status;

    memset(out, 0, sizeof(*out));
    dwi_buf_init(&p.leaves, arena->alloc);
    out->root.type = type;
    out->root.node = root;
    DWI_TRY(build_children(&p, root, type, &out->root));
    out->n_leaves = p.leaves.len / sizeof(dwi_projected_leaf);
    out->leaves = dwi_arena_dup(arena, p.leaves.data, p.leaves.len);
    if (out->leaves == NULL)
        status = dwi_err_nomem(err);
done:
    dwi_buf_done(&p.leaves);
    return status;
}

void dwi_projection_bind(const dwi_plan *plan, dwi_column *batch, dwi_column **columns)
{
    if (plan->node == NULL)
        return;
    if (!is_nested(plan->type)) {
        columns[plan->leaf] = batch;
        return;
    }
    if (plan->type->kind == DWI_MAP)
        batch = &batch->children[0];
    for (size_t i = 0; i < plan->n_children; i++)
        dwi_projection_bind(&plan->children[i], &batch->children[i], columns);
}
