/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/schema_tree.h"

#include "parquet/leaf_type.h"

typedef struct builder {
    dwi_arena *arena;
    const dwi_footer *footer;
    size_t next; /* element */
    size_t n_leaves;
    dwi_parquet_node **leaves;
    dw_error *err;
} builder;

/* Where a node stands: levels of what is above it. */
typedef struct place {
    int depth;
    uint8_t def;
    uint8_t rep;
    uint8_t slot_def;
} place;

static dw_status build_node(builder *b, place at, bool as_element, dwi_parquet_node *out);

static const dwi_footer_element *peek(const builder *b, size_t ahead)
{
    size_t left = b->footer->n_elements - b->next;

    return ahead < left ? &b->footer->elements[b->next + ahead] : NULL;
}

static dw_status new_type(builder *b, dwi_type_kind kind, size_t n_fields, dwi_type **out_type,
                          dwi_field **out_fields)
{
    dwi_type *type = dwi_arena_array(b->arena, 1, sizeof(*type));
    dwi_field *fields = dwi_arena_array(b->arena, n_fields, sizeof(*fields));

    if (type == NULL || fields == NULL)
        return dwi_err_nomem(b->err);
    type->kind = kind;
    type->n_fields = n_fields;
    type->fields = n_fields > 0 ? fields : NULL;
    *out_type = type;
    if (out_fields != NULL)
        *out_fields = fields;
    return DW_OK;
}

static void set_field(dwi_field *field, dwi_sv name, const dwi_parquet_node *node, bool nullable)
{
    field->name = name;
    field->type = node->type;
    field->nullable = nullable;
    field->field_id = node->field_id;
    field->metadata_json = DWI_SV("{}");
}

static dw_status build_leaf(builder *b, const dwi_footer_element *e, dwi_parquet_node *out)
{
    dwi_type *type = NULL;
    dw_status status;

    if (e->physical == DWI_PARQUET_FIXED_LEN_BYTE_ARRAY && e->type_length == 0)
        return dwi_err(b->err, DW_E_CORRUPT, "schema: column %.*s: fixed length 0",
                       DWI_SV_ARG(e->name));
    DWI_TRY(new_type(b, DWI_VOID, 0, &type, NULL));
    out->physical = e->physical;
    out->type_length = e->type_length;
    out->source = dwi_leaf_classify(e, type, &out->annotation);
    out->ordered = dwi_leaf_is_ordered(e);
    out->type = type;
    b->leaves[b->n_leaves++] = out;
done:
    return status;
}

static dw_status build_children(builder *b, place at, size_t n, dwi_parquet_node *out)
{
    dw_status status = DW_OK;

    if (n > b->footer->n_elements - b->next)
        return dwi_err(b->err, DW_E_CORRUPT, "schema: fewer elements than its groups say");
    out->children = dwi_arena_array(b->arena, n, sizeof(*out->children));
    if (out->children == NULL)
        return dwi_err_nomem(b->err);
    out->n_children = n;
    for (size_t i = 0; i < n; i++) {
        out->children[i].parent = out;
        DWI_TRY(build_node(b, at, false, &out->children[i]));
    }
done:
    return status;
}

static dw_status build_struct(builder *b, place at, size_t n, dwi_parquet_node *out)
{
    dwi_type *type = NULL;
    dwi_field *fields = NULL;
    dw_status status;

    DWI_TRY(build_children(b, at, n, out));
    DWI_TRY(new_type(b, DWI_STRUCT, n, &type, &fields));
    for (size_t i = 0; i < n; i++)
        set_field(&fields[i], out->children[i].name, &out->children[i], out->children[i].nullable);
    out->type = type;
done:
    return status;
}

/* One step into a repeated field. */
static place inside(place at)
{
    at.depth++;
    at.def++;
    at.rep++;
    at.slot_def = at.def;
    return at;
}

static dw_status build_array(builder *b, place element, bool as_element, dwi_parquet_node *out)
{
    dwi_type *type = NULL;
    dwi_field *fields = NULL;
    dw_status status;

    out->elem_def = element.def;
    out->children = dwi_arena_array(b->arena, 1, sizeof(*out->children));
    if (out->children == NULL)
        return dwi_err_nomem(b->err);
    out->n_children = 1;
    out->children[0].parent = out;
    DWI_TRY(build_node(b, element, as_element, &out->children[0]));
    DWI_TRY(new_type(b, DWI_ARRAY, 1, &type, &fields));
    set_field(&fields[0], DWI_SV("element"), &out->children[0], out->children[0].nullable);
    out->type = type;
done:
    return status;
}

static dw_status build_map(builder *b, place entry, dwi_parquet_node *out)
{
    dwi_type *type = NULL;
    dwi_field *fields = NULL;
    dw_status status;

    out->elem_def = entry.def;
    DWI_TRY(build_children(b, entry, 2, out));
    DWI_TRY(new_type(b, DWI_MAP, 2, &type, &fields));
    set_field(&fields[0], DWI_SV("key"), &out->children[0], false);
    set_field(&fields[1], DWI_SV("value"), &out->children[1], out->children[1].nullable);
    out->type = type;
done:
    return status;
}

/* Backward compatibility rules of LogicalTypes.md: is the repeated field of a list its element, or
 * a wrapper around the element? */
static bool repeated_is_element(const builder *b, dwi_sv list_name, const dwi_footer_element *r)
{
    const dwi_footer_element *below = peek(b, 1);
    dwi_sv name = r->name;

    if (r->physical >= 0 || r->n_children != 1)
        return true;
    if (below != NULL && below->repetition == DWI_PARQUET_REPEATED)
        return true;
    if (dwi_sv_eq_cstr(name, "array"))
        return true;
    return name.len == list_name.len + 6 && dwi_sv_starts_with(name, list_name) &&
           dwi_sv_ends_with(name, DWI_SV("_tuple"));
}

static bool is_list(const dwi_footer_element *e)
{
    return e->logical == DWI_PARQUET_LOGICAL_LIST ||
           (e->logical == DWI_PARQUET_LOGICAL_NONE && e->converted == DWI_PARQUET_CONVERTED_LIST);
}

static bool is_map(const dwi_footer_element *e)
{
    return e->logical == DWI_PARQUET_LOGICAL_MAP ||
           (e->logical == DWI_PARQUET_LOGICAL_NONE &&
            (e->converted == DWI_PARQUET_CONVERTED_MAP ||
             e->converted == DWI_PARQUET_CONVERTED_MAP_KEY_VALUE));
}

/* A group, its own element taken already. One that is annotated as list or map but has not the
 * form of one is a struct. */
static dw_status build_group(builder *b, place at, const dwi_footer_element *e,
                             dwi_parquet_node *out)
{
    const dwi_footer_element *r = peek(b, 0);
    bool wraps = e->n_children == 1 && r != NULL && r->repetition == DWI_PARQUET_REPEATED;

    if (e->n_children == 0)
        return dwi_err(b->err, DW_E_CORRUPT, "schema: group %.*s has no fields",
                       DWI_SV_ARG(e->name));
    if (wraps && is_list(e)) {
        if (repeated_is_element(b, e->name, r))
            return build_array(b, inside(at), true, out);
        b->next++;
        return build_array(b, inside(at), false, out);
    }
    if (wraps && is_map(e) && r->physical < 0 && (r->n_children == 2 || r->n_children == 1)) {
        b->next++;
        if (r->n_children == 1)
            return build_array(b, inside(at), false, out);
        return build_map(b, inside(at), out);
    }
    at.depth++;
    return build_struct(b, at, (size_t)e->n_children, out);
}

/* The next element and all below it. `as_element`: its repetition is spent on the list above. */
static dw_status build_node(builder *b, place at, bool as_element, dwi_parquet_node *out)
{
    const dwi_footer_element *e = peek(b, 0);
    dw_status status = DW_OK;

    if (e == NULL)
        return dwi_err(b->err, DW_E_CORRUPT, "schema: fewer elements than its groups say");
    if (at.depth >= DWI_PARQUET_MAX_DEPTH)
        return dwi_err(b->err, DW_E_UNSUPPORTED, "schema: nested deeper than %d",
                       (int)DWI_PARQUET_MAX_DEPTH);
    out->name = e->name;
    out->field_id = e->field_id;
    out->nullable = !as_element && e->repetition == DWI_PARQUET_OPTIONAL;
    out->first_leaf = b->n_leaves;
    out->slot_def = at.slot_def;
    out->rep = at.rep;
    if (out->nullable)
        at.def++;
    out->def = at.def;
    if (!as_element && e->repetition == DWI_PARQUET_REPEATED) {
        DWI_TRY(build_array(b, inside(at), true, out));
    } else {
        b->next++;
        DWI_TRY(e->physical >= 0 ? build_leaf(b, e, out) : build_group(b, at, e, out));
    }
    out->n_leaves = b->n_leaves - out->first_leaf;
done:
    return status;
}

/* Row groups must have one chunk of the right physical type for each leaf. */
static dw_status check_row_groups(const builder *b)
{
    const dwi_footer *footer = b->footer;

    for (size_t i = 0; i < footer->n_row_groups; i++) {
        const dwi_footer_row_group *group = &footer->row_groups[i];
        if (group->n_chunks != b->n_leaves)
            return dwi_err(b->err, DW_E_CORRUPT,
                           "row group %zu: %zu column chunks, the schema has %zu columns", i,
                           group->n_chunks, b->n_leaves);
        for (size_t k = 0; k < b->n_leaves; k++)
            if (!group->chunks[k].encrypted && group->chunks[k].physical != b->leaves[k]->physical)
                return dwi_err(b->err, DW_E_CORRUPT,
                               "row group %zu: column %.*s: physical type %d, the schema says %d",
                               i, DWI_SV_ARG(b->leaves[k]->name), group->chunks[k].physical,
                               b->leaves[k]->physical);
    }
    return DW_OK;
}

dw_status dwi_schema_tree_build(dwi_arena *arena, const dwi_footer *footer, dwi_schema_tree *out,
                                dw_error *err)
{
    builder b = {.arena = arena, .footer = footer, .next = 1, .err = err};
    dw_status status;

    memset(out, 0, sizeof(*out));
    b.leaves = dwi_arena_array(arena, footer->n_elements, sizeof(dwi_parquet_node *));
    if (b.leaves == NULL)
        return dwi_err_nomem(err);
    if (footer->elements[0].physical >= 0)
        return dwi_err(err, DW_E_CORRUPT, "schema: the root is no group");
    out->root.field_id = -1;
    DWI_TRY(
        build_struct(&b, (place){.depth = 1}, (size_t)footer->elements[0].n_children, &out->root));
    if (b.next != footer->n_elements)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT, "schema: more elements than its groups say"));
    DWI_TRY(check_row_groups(&b));
    out->root.n_leaves = b.n_leaves;
    out->n_leaves = b.n_leaves;
    out->leaves = b.leaves;
done:
    return status;
}

const dwi_parquet_node *dwi_schema_tree_find(const dwi_parquet_node *node, dwi_sv path)
{
    if (node->type->kind != DWI_STRUCT)
        return NULL;
    for (size_t i = 0; i < node->n_children; i++) {
        const dwi_parquet_node *child = &node->children[i];
        const dwi_parquet_node *found;
        if (dwi_sv_eq(child->name, path))
            return child;
        if (path.len <= child->name.len || path.ptr[child->name.len] != '.' ||
            !dwi_sv_starts_with(path, child->name))
            continue;
        found = dwi_schema_tree_find(
            child, (dwi_sv){path.ptr + child->name.len + 1, path.len - child->name.len - 1});
        if (found != NULL)
            return found;
    }
    return NULL;
}

const char *dwi_parquet_node_path(const dwi_parquet_node *node, char *out, size_t size)
{
    size_t start = size - 1;

    out[start] = '\0';
    for (; node != NULL && node->parent != NULL; node = node->parent) {
        bool first = start == size - 1;
        size_t need = node->name.len + (first ? 0 : 1);
        /* The element of a list of an older form has the list's own name. */
        if (node->parent->parent != NULL && node->parent->name.ptr == node->name.ptr)
            continue;
        if (need > start)
            break;
        if (!first)
            out[--start] = '.';
        start -= node->name.len;
        memcpy(out + start, node->name.ptr, node->name.len);
    }
    return out + start;
}
