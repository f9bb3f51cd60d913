/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/schema_tree.h"

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

static dwi_leaf_source classify_int32(const dwi_footer_element *e, const char **annotation)
{
    switch (e->logical) {
    case DWI_PARQUET_LOGICAL_DECIMAL:
        return DWI_LEAF_DECIMAL32;
    case DWI_PARQUET_LOGICAL_DATE:
        return DWI_LEAF_DATE;
    case DWI_PARQUET_LOGICAL_TIME:
        *annotation = "TIME";
        return DWI_LEAF_NONE;
    case DWI_PARQUET_LOGICAL_INTEGER:
        if (e->bit_width == 8)
            return e->is_signed ? DWI_LEAF_INT8 : DWI_LEAF_UINT8;
        if (e->bit_width == 16)
            return e->is_signed ? DWI_LEAF_INT16 : DWI_LEAF_UINT16;
        return e->is_signed || e->bit_width != 32 ? DWI_LEAF_INT32 : DWI_LEAF_UINT32;
    default:
        return DWI_LEAF_INT32;
    }
}

static dwi_leaf_source classify_int64(const dwi_footer_element *e, const char **annotation)
{
    switch (e->logical) {
    case DWI_PARQUET_LOGICAL_DECIMAL:
        return DWI_LEAF_DECIMAL64;
    case DWI_PARQUET_LOGICAL_TIME:
        *annotation = "TIME";
        return DWI_LEAF_NONE;
    case DWI_PARQUET_LOGICAL_TIMESTAMP:
        if (e->unit == DWI_PARQUET_UNIT_MILLIS)
            return DWI_LEAF_MILLIS;
        if (e->unit == DWI_PARQUET_UNIT_MICROS)
            return DWI_LEAF_MICROS;
        if (e->unit == DWI_PARQUET_UNIT_NANOS)
            return DWI_LEAF_NANOS;
        *annotation = "TIMESTAMP of an unknown unit";
        return DWI_LEAF_NONE;
    case DWI_PARQUET_LOGICAL_INTEGER:
        return e->is_signed || e->bit_width != 64 ? DWI_LEAF_INT64 : DWI_LEAF_UINT64;
    default:
        return DWI_LEAF_INT64;
    }
}

static dwi_leaf_source classify_bytes(const dwi_footer_element *e, const char **annotation)
{
    switch (e->logical) {
    case DWI_PARQUET_LOGICAL_DECIMAL:
        return DWI_LEAF_DECIMAL_BYTES;
    case DWI_PARQUET_LOGICAL_STRING:
    case DWI_PARQUET_LOGICAL_ENUM:
    case DWI_PARQUET_LOGICAL_JSON:
        return e->physical == DWI_PARQUET_BYTE_ARRAY ? DWI_LEAF_STRING : DWI_LEAF_BINARY;
    case DWI_PARQUET_LOGICAL_FLOAT16:
        if (e->physical == DWI_PARQUET_FIXED_LEN_BYTE_ARRAY && e->type_length == 2)
            return DWI_LEAF_FLOAT16;
        return DWI_LEAF_BINARY;
    default:
        if (e->converted == DWI_PARQUET_CONVERTED_INTERVAL) {
            *annotation = "INTERVAL";
            return DWI_LEAF_NONE;
        }
        return DWI_LEAF_BINARY;
    }
}

static void set_integer(dwi_footer_element *e, int bit_width, bool is_signed)
{
    e->logical = DWI_PARQUET_LOGICAL_INTEGER;
    e->bit_width = bit_width;
    e->is_signed = is_signed;
}

static void set_time(dwi_footer_element *e, int logical, int unit)
{
    e->logical = logical;
    e->unit = unit;
    e->utc = true;
}

/* Older files have converted types only; give them the logical type they stand for. */
static void from_converted(dwi_footer_element *e)
{
    switch (e->converted) {
    case DWI_PARQUET_CONVERTED_UTF8:
        e->logical = DWI_PARQUET_LOGICAL_STRING;
        break;
    case DWI_PARQUET_CONVERTED_MAP:
    case DWI_PARQUET_CONVERTED_MAP_KEY_VALUE:
        e->logical = DWI_PARQUET_LOGICAL_MAP;
        break;
    case DWI_PARQUET_CONVERTED_LIST:
        e->logical = DWI_PARQUET_LOGICAL_LIST;
        break;
    case DWI_PARQUET_CONVERTED_ENUM:
        e->logical = DWI_PARQUET_LOGICAL_ENUM;
        break;
    case DWI_PARQUET_CONVERTED_DECIMAL:
        e->logical = DWI_PARQUET_LOGICAL_DECIMAL;
        break;
    case DWI_PARQUET_CONVERTED_DATE:
        e->logical = DWI_PARQUET_LOGICAL_DATE;
        break;
    case DWI_PARQUET_CONVERTED_TIME_MILLIS:
        set_time(e, DWI_PARQUET_LOGICAL_TIME, DWI_PARQUET_UNIT_MILLIS);
        break;
    case DWI_PARQUET_CONVERTED_TIME_MICROS:
        set_time(e, DWI_PARQUET_LOGICAL_TIME, DWI_PARQUET_UNIT_MICROS);
        break;
    case DWI_PARQUET_CONVERTED_TIMESTAMP_MILLIS:
        set_time(e, DWI_PARQUET_LOGICAL_TIMESTAMP, DWI_PARQUET_UNIT_MILLIS);
        break;
    case DWI_PARQUET_CONVERTED_TIMESTAMP_MICROS:
        set_time(e, DWI_PARQUET_LOGICAL_TIMESTAMP, DWI_PARQUET_UNIT_MICROS);
        break;
    case DWI_PARQUET_CONVERTED_UINT_8:
    case DWI_PARQUET_CONVERTED_UINT_16:
    case DWI_PARQUET_CONVERTED_UINT_32:
    case DWI_PARQUET_CONVERTED_UINT_64:
        set_integer(e, 8 << (e->converted - DWI_PARQUET_CONVERTED_UINT_8), false);
        break;
    case DWI_PARQUET_CONVERTED_INT_8:
    case DWI_PARQUET_CONVERTED_INT_16:
    case DWI_PARQUET_CONVERTED_INT_32:
    case DWI_PARQUET_CONVERTED_INT_64:
        set_integer(e, 8 << (e->converted - DWI_PARQUET_CONVERTED_INT_8), true);
        break;
    case DWI_PARQUET_CONVERTED_JSON:
        e->logical = DWI_PARQUET_LOGICAL_JSON;
        break;
    case DWI_PARQUET_CONVERTED_BSON:
        e->logical = DWI_PARQUET_LOGICAL_BSON;
        break;
    default:
        break;
    }
}

static dwi_leaf_source classify(const dwi_footer_element *e, const char **annotation)
{
    *annotation = NULL;
    if (e->logical == DWI_PARQUET_LOGICAL_UNKNOWN)
        return DWI_LEAF_NULL;
    switch (e->physical) {
    case DWI_PARQUET_BOOLEAN:
        return DWI_LEAF_BOOLEAN;
    case DWI_PARQUET_INT32:
        return classify_int32(e, annotation);
    case DWI_PARQUET_INT64:
        return classify_int64(e, annotation);
    case DWI_PARQUET_INT96:
        return DWI_LEAF_INT96;
    case DWI_PARQUET_FLOAT:
        return DWI_LEAF_FLOAT;
    case DWI_PARQUET_DOUBLE:
        return DWI_LEAF_DOUBLE;
    default:
        return classify_bytes(e, annotation);
    }
}

static dwi_type_kind kind_of(dwi_leaf_source source, bool utc)
{
    static const uint8_t kinds[] = {
        [DWI_LEAF_NONE] = DWI_VOID,         [DWI_LEAF_NULL] = DWI_VOID,
        [DWI_LEAF_BOOLEAN] = DWI_BOOLEAN,   [DWI_LEAF_INT8] = DWI_BYTE,
        [DWI_LEAF_INT16] = DWI_SHORT,       [DWI_LEAF_INT32] = DWI_INTEGER,
        [DWI_LEAF_UINT8] = DWI_SHORT,       [DWI_LEAF_UINT16] = DWI_INTEGER,
        [DWI_LEAF_UINT32] = DWI_LONG,       [DWI_LEAF_INT64] = DWI_LONG,
        [DWI_LEAF_UINT64] = DWI_DECIMAL,    [DWI_LEAF_FLOAT] = DWI_FLOAT,
        [DWI_LEAF_DOUBLE] = DWI_DOUBLE,     [DWI_LEAF_FLOAT16] = DWI_FLOAT,
        [DWI_LEAF_DATE] = DWI_DATE,         [DWI_LEAF_MILLIS] = DWI_TIMESTAMP,
        [DWI_LEAF_MICROS] = DWI_TIMESTAMP,  [DWI_LEAF_NANOS] = DWI_TIMESTAMP,
        [DWI_LEAF_INT96] = DWI_TIMESTAMP,   [DWI_LEAF_DECIMAL32] = DWI_DECIMAL,
        [DWI_LEAF_DECIMAL64] = DWI_DECIMAL, [DWI_LEAF_DECIMAL_BYTES] = DWI_DECIMAL,
        [DWI_LEAF_STRING] = DWI_STRING,     [DWI_LEAF_BINARY] = DWI_BINARY,
    };
    bool local = source >= DWI_LEAF_MILLIS && source <= DWI_LEAF_NANOS && !utc;

    return local ? DWI_TIMESTAMP_NTZ : (dwi_type_kind)kinds[source];
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

static void set_decimal(dwi_parquet_node *node, const dwi_footer_element *e, dwi_type *type)
{
    if (node->source == DWI_LEAF_UINT64) {
        type->precision = 20;
    } else if (e->precision < 1 || e->precision > 38 || e->scale < 0 || e->scale > e->precision) {
        node->source = DWI_LEAF_NONE;
        node->annotation = "DECIMAL of more than 38 digits or a scale beyond them";
        type->kind = DWI_VOID;
    } else {
        type->precision = (uint8_t)e->precision;
        type->scale = (uint8_t)e->scale;
    }
}

static dw_status build_leaf(builder *b, const dwi_footer_element *element, dwi_parquet_node *out)
{
    dwi_footer_element e = *element;
    dwi_type *type = NULL;
    dw_status status;

    if (e.logical == DWI_PARQUET_LOGICAL_NONE)
        from_converted(&e);
    if (e.physical == DWI_PARQUET_FIXED_LEN_BYTE_ARRAY && e.type_length == 0)
        return dwi_err(b->err, DW_E_CORRUPT, "schema: column %.*s: fixed length 0",
                       DWI_SV_ARG(e.name));
    out->source = classify(&e, &out->annotation);
    out->physical = e.physical;
    out->type_length = e.type_length;
    DWI_TRY(new_type(b, kind_of(out->source, e.utc), 0, &type, NULL));
    if (type->kind == DWI_DECIMAL)
        set_decimal(out, &e, type);
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
