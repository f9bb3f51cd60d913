/* SPDX-License-Identifier: Apache-2.0 */
#include "columns/variant.h"

#include "base/alloc.h"
#include "columns/variant_build.h"

static const dwi_field *field_named(const dwi_type *type, const char *name)
{
    for (size_t i = 0; type->kind == DWI_STRUCT && i < type->n_fields; i++)
        if (dwi_sv_eq_cstr(type->fields[i].name, name))
            return &type->fields[i];
    return NULL;
}

/* The file's field for the i-th of a wanted type; NULL: it has none. */
static const dwi_field *counterpart(const dwi_type *wanted, size_t i, const dwi_type *file)
{
    int at;

    if (wanted->kind != file->kind)
        return NULL;
    if (wanted->kind != DWI_STRUCT)
        return i < file->n_fields ? &file->fields[i] : NULL;
    at = dwi_type_find(file, wanted->fields[i].name);
    return at < 0 ? NULL : &file->fields[at];
}

bool dwi_variant_is_shredded(const dwi_type *wanted, const dwi_type *file)
{
    if (wanted->variant)
        return field_named(file, "typed_value") != NULL;
    for (size_t i = 0; i < wanted->n_fields; i++) {
        const dwi_field *found = counterpart(wanted, i, file);
        if (found != NULL && dwi_variant_is_shredded(wanted->fields[i].type, found->type))
            return true;
    }
    return false;
}

const dwi_type *dwi_variant_stored_type(dwi_arena *arena, const dwi_type *wanted,
                                        const dwi_type *file)
{
    dwi_type *made;
    dwi_field *fields;

    if (!dwi_variant_is_shredded(wanted, file))
        return wanted;
    if (wanted->variant)
        return dwi_type_copy(arena, file);
    made = dwi_arena_dup(arena, wanted, sizeof(*wanted));
    fields = dwi_arena_dup(arena, wanted->fields, wanted->n_fields * sizeof(*fields));
    if (made == NULL || fields == NULL)
        return NULL;
    for (size_t i = 0; i < wanted->n_fields; i++) {
        const dwi_field *found = counterpart(wanted, i, file);
        if (found != NULL)
            fields[i].type = dwi_variant_stored_type(arena, fields[i].type, found->type);
        if (fields[i].type == NULL)
            return NULL;
    }
    made->fields = fields;
    return made;
}

/* One group of a shredded value: where its parts are among the children, -1: there is none. */
typedef struct group {
    const dwi_vec *vec;
    int value;
    int typed;
} group;

static group group_of(const dwi_vec *vec)
{
    group g = {vec, -1, -1};

    for (size_t i = 0; i < vec->type->n_fields && vec->type->kind == DWI_STRUCT; i++) {
        if (dwi_sv_eq_cstr(vec->type->fields[i].name, "value") &&
            vec->type->fields[i].type->kind == DWI_BINARY)
            g.value = (int)i;
        if (dwi_sv_eq_cstr(vec->type->fields[i].name, "typed_value"))
            g.typed = (int)i;
    }
    return g;
}

static dwi_sv bytes_at(const dwi_vec *vec, int64_t row)
{
    int64_t at = vec->offset + row;

    return (dwi_sv){(const char *)vec->data + vec->offsets[at],
                    (size_t)(vec->offsets[at + 1] - vec->offsets[at])};
}

static const dwi_vec *child_with_value(const group *g, int which, int64_t row)
{
    const dwi_vec *child = which < 0 ? NULL : &g->vec->children[which];

    return child != NULL && dwi_vec_is_valid(child, g->vec->offset + row) ? child : NULL;
}

typedef struct rebuilder {
    dwi_variant_builder b;
    dwi_sv metadata; /* of the row, as it is stored */
    const dw_allocator *alloc;
    dw_error *err;
} rebuilder;

static dw_status malformed(const rebuilder *r)
{
    return dwi_err(r->err, DW_E_CORRUPT, "malformed variant");
}

/* A value of the row as it is, with names numbered anew. */
static dw_status put_value(rebuilder *r, dwi_sv value, int depth);

static dw_status put_parts(rebuilder *r, dwi_sv value, int depth)
{
    size_t start = r->b.value.len;
    dwi_variant_field *fields = NULL;
    size_t *begins = NULL;
    dwi_variant_parts parts;
    dw_status status = DW_OK;
    dwi_sv part;
    dwi_sv name;

    if (!dwi_variant_open(value, &parts))
        return malformed(r);
    fields = dwi_alloc_array(r->alloc, parts.n + 1U, sizeof(*fields));
    begins = dwi_alloc_array(r->alloc, parts.n + 1U, sizeof(*begins));
    if (fields == NULL || begins == NULL)
        status = dwi_err_nomem(r->err);
    for (uint32_t i = 0; i < parts.n && status == DW_OK; i++) {
        begins[i] = r->b.value.len - start;
        if (!dwi_variant_part(&parts, i, &part) ||
            (parts.object && !dwi_variant_part_name(&parts, i, r->metadata, &name)))
            status = malformed(r);
        else if (parts.object)
            dwi_variant_name(&r->b, name, start, &fields[i]);
        if (status == DW_OK)
            status = put_value(r, part, depth + 1);
    }
    if (status == DW_OK && parts.object)
        dwi_variant_end_object(&r->b, start, fields, parts.n);
    else if (status == DW_OK)
        dwi_variant_end_array(&r->b, start, begins, parts.n);
    dwi_free(r->alloc, fields, (parts.n + 1U) * sizeof(*fields));
    dwi_free(r->alloc, begins, (parts.n + 1U) * sizeof(*begins));
    return status;
}

static dw_status put_value(rebuilder *r, dwi_sv value, int depth)
{
    if (depth > DWI_VARIANT_MAX_DEPTH || value.len == 0 ||
        dwi_variant_length(value, 0) != value.len)
        return malformed(r);
    if (dwi_variant_is_container(value))
        return put_parts(r, value, depth);
    dwi_buf_append(&r->b.value, value.ptr, value.len);
    return DW_OK;
}

static dw_status put_scalar(rebuilder *r, const dwi_vec *vec, int64_t row)
{
    int64_t at = vec->offset + row;
    size_t width = dwi_type_width(vec->type);
    const uint8_t *fixed = (const uint8_t *)vec->values + (size_t)at * width;
    dwi_variant_builder *b = &r->b;
    int32_t narrow;
    int16_t word;
    int64_t wide;

    switch (vec->type->kind) {
    case DWI_BOOLEAN:
        dwi_variant_put(b, dwi_bit_get(vec->values, at) ? DWI_VARIANT_TRUE : DWI_VARIANT_FALSE,
                        NULL, 0);
        return DW_OK;
    case DWI_BYTE:
        dwi_variant_put_integer(b, (int8_t)fixed[0]);
        return DW_OK;
    case DWI_SHORT:
        memcpy(&word, fixed, sizeof(word));
        dwi_variant_put_integer(b, word);
        return DW_OK;
    case DWI_INTEGER:
        memcpy(&narrow, fixed, sizeof(narrow));
        dwi_variant_put_integer(b, narrow);
        return DW_OK;
    case DWI_LONG:
        memcpy(&wide, fixed, sizeof(wide));
        dwi_variant_put_integer(b, wide);
        return DW_OK;
    case DWI_FLOAT:
        dwi_variant_put(b, DWI_VARIANT_FLOAT, fixed, width);
        return DW_OK;
    case DWI_DOUBLE:
        dwi_variant_put(b, DWI_VARIANT_DOUBLE, fixed, width);
        return DW_OK;
    case DWI_DATE:
        dwi_variant_put(b, DWI_VARIANT_DATE, fixed, width);
        return DW_OK;
    case DWI_TIMESTAMP:
        dwi_variant_put(b, DWI_VARIANT_TIMESTAMP, fixed, width);
        return DW_OK;
    case DWI_TIMESTAMP_NTZ:
        dwi_variant_put(b, DWI_VARIANT_TIMESTAMP_NTZ, fixed, width);
        return DW_OK;
    case DWI_UUID:
        dwi_variant_put(b, DWI_VARIANT_UUID, fixed, width);
        return DW_OK;
    case DWI_DECIMAL:
        dwi_variant_put_decimal(b, fixed, vec->type->scale);
        return DW_OK;
    case DWI_STRING:
        dwi_variant_put_text(b, bytes_at(vec, row));
        return DW_OK;
    case DWI_BINARY:
        dwi_variant_put_binary(b, bytes_at(vec, row));
        return DW_OK;
    default:
        return dwi_err(r->err, DW_E_UNSUPPORTED, "a shredded variant with parts of type %s",
                       dwi_type_kind_name(vec->type->kind));
    }
}

static dw_status put_group(rebuilder *r, const dwi_vec *vec, int64_t row, int depth);

static dw_status put_array(rebuilder *r, const dwi_vec *vec, int64_t row, int depth)
{
    int64_t from = vec->offsets[vec->offset + row];
    size_t n = (size_t)(vec->offsets[vec->offset + row + 1] - from);
    size_t start = r->b.value.len;
    size_t *begins = dwi_alloc_array(r->alloc, n + 1, sizeof(*begins));
    dw_status status = begins == NULL ? dwi_err_nomem(r->err) : DW_OK;

    for (size_t i = 0; i < n && status == DW_OK; i++) {
        begins[i] = r->b.value.len - start;
        status = put_group(r, &vec->children[0], from + (int64_t)i, depth + 1);
    }
    if (status == DW_OK)
        dwi_variant_end_array(&r->b, start, begins, n);
    dwi_free(r->alloc, begins, (n + 1) * sizeof(*begins));
    return status;
}

/* What `value` has beside the fields with columns of their own. */
static dw_status put_rest(rebuilder *r, const dwi_variant_parts *rest, const dwi_type *typed,
                          size_t start, dwi_variant_field *fields, size_t *n, int depth)
{
    dw_status status = DW_OK;

    for (uint32_t i = 0; i < rest->n; i++) {
        dwi_sv part;
        dwi_sv name;
        if (!dwi_variant_part(rest, i, &part) ||
            !dwi_variant_part_name(rest, i, r->metadata, &name))
            return malformed(r);
        for (size_t k = 0; k < typed->n_fields; k++)
            if (dwi_sv_eq(typed->fields[k].name, name))
                return malformed(r);
        dwi_variant_name(&r->b, name, start, &fields[(*n)++]);
        DWI_TRY(put_value(r, part, depth + 1));
    }
done:
    return status;
}

static dw_status put_object(rebuilder *r, const group *g, const dwi_vec *typed, int64_t row,
                            int depth)
{
    const dwi_vec *value = child_with_value(g, g->value, row);
    int64_t at = g->vec->offset + row; /* of the children */
    size_t start = r->b.value.len;
    size_t n_typed = typed->type->n_fields;
    dwi_variant_parts rest = {0};
    dwi_variant_field *fields;
    size_t room;
    size_t n = 0;
    dw_status status = DW_OK;

    if (value != NULL && (!dwi_variant_open(bytes_at(value, at), &rest) || !rest.object))
        return malformed(r);
    room = n_typed + rest.n + 1;
    fields = dwi_alloc_array(r->alloc, room, sizeof(*fields));
    if (fields == NULL)
        return dwi_err_nomem(r->err);
    for (size_t i = 0; i < n_typed; i++) {
        const group part = group_of(&typed->children[i]);
        int64_t part_row = typed->offset + at;
        if (!dwi_vec_is_valid(part.vec, part_row) ||
            (child_with_value(&part, part.value, part_row) == NULL &&
             child_with_value(&part, part.typed, part_row) == NULL))
            continue; /* the object has no such field */
        dwi_variant_name(&r->b, typed->type->fields[i].name, start, &fields[n++]);
        DWI_TRY(put_group(r, part.vec, part_row, depth + 1));
    }
    if (value != NULL)
        DWI_TRY(put_rest(r, &rest, typed->type, start, fields, &n, depth));
    dwi_variant_end_object(&r->b, start, fields, n);
done:
    dwi_free(r->alloc, fields, room * sizeof(*fields));
    return status;
}

/* The value of row `row` of a group. */
static dw_status put_group(rebuilder *r, const dwi_vec *vec, int64_t row, int depth)
{
    const group g = group_of(vec);
    const dwi_vec *typed = child_with_value(&g, g.typed, row);
    const dwi_vec *value = child_with_value(&g, g.value, row);
    int64_t at = vec->offset + row;

    if (depth > DWI_VARIANT_MAX_DEPTH || vec->type->kind != DWI_STRUCT)
        return malformed(r);
    if (typed == NULL && value != NULL)
        return put_value(r, bytes_at(value, at), depth);
    if (typed == NULL) {
        dwi_variant_put(&r->b, DWI_VARIANT_NULL, NULL, 0);
        return DW_OK;
    }
    if (typed->type->kind == DWI_STRUCT)
        return put_object(r, &g, typed, row, depth);
    if (value != NULL)
        return malformed(r);
    return typed->type->kind == DWI_ARRAY ? put_array(r, typed, at, depth)
                                          : put_scalar(r, typed, at);
}

static dw_status append_variant(rebuilder *r, dwi_column *column, const dwi_vec *vec, int64_t row)
{
    int metadata = dwi_type_find(vec->type, DWI_SV("metadata"));
    dwi_sv text;
    dw_status status;

    if (!dwi_vec_is_valid(vec, row))
        return dwi_column_append_null(column, r->err);
    if (metadata < 0 || vec->type->fields[metadata].type->kind != DWI_BINARY ||
        !dwi_vec_is_valid(&vec->children[metadata], vec->offset + row))
        return malformed(r);
    r->metadata = bytes_at(&vec->children[metadata], vec->offset + row);
    dwi_variant_builder_clear(&r->b);
    DWI_TRY(put_group(r, vec, row, 0));
    text = dwi_variant_metadata(&r->b);
    DWI_TRY(dwi_variant_builder_status(&r->b, r->err));
    DWI_TRY(dwi_column_append_bytes(&column->children[0], text.ptr, text.len, r->err));
    DWI_TRY(dwi_column_append_bytes(&column->children[1], r->b.value.data, r->b.value.len, r->err));
    DWI_TRY(dwi_column_end_row(column, r->err));
done:
    return status;
}

/* A row, at any depth; `stored` differs from the column's type in variants alone. */
static dw_status append_row(rebuilder *r, dwi_column *column, const dwi_vec *stored, int64_t row)
{
    int64_t at = stored->offset + row;
    int64_t from;
    int64_t to;
    dw_status status = DW_OK;

    if (column->type->variant && !stored->type->variant)
        return append_variant(r, column, stored, row);
    if (!dwi_type_has_variant(column->type) || stored->type->variant)
        return dwi_column_append_vec(column, stored, row, 1, r->err);
    if (!dwi_vec_is_valid(stored, row))
        return dwi_column_append_null(column, r->err);
    if (column->type->kind == DWI_STRUCT) {
        for (size_t i = 0; i < column->n_children; i++)
            DWI_TRY(append_row(r, &column->children[i], &stored->children[i], at));
    } else {
        from = stored->offsets[at];
        to = stored->offsets[at + 1];
        for (int64_t i = from; i < to; i++)
            DWI_TRY(append_row(r, &column->children[0], &stored->children[0], i));
    }
    DWI_TRY(dwi_column_end_row(column, r->err));
done:
    return status;
}

dw_status dwi_variant_append_rows(dwi_column *column, const dwi_vec *stored, int64_t first,
                                  int64_t count, dw_error *err)
{
    rebuilder r = {.alloc = column->alloc, .err = err};
    dw_status status = DW_OK;

    dwi_variant_builder_init(&r.b, column->alloc);
    for (int64_t row = first; row < first + count; row++)
        DWI_TRY(append_row(&r, column, stored, row));
done:
    dwi_variant_builder_done(&r.b);
    return status;
}
