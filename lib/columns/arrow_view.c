/* SPDX-License-Identifier: Apache-2.0 */
/* Struct arrays as views of a table's columns. Nothing of an array is read before it was checked;
 * what the interface does not carry (the sizes of buffers) has to be believed. */
#include "columns/arrow_slice.h"

#include <stdio.h>

#include "base/utf8.h"
#include "columns/append.h"

enum { PATH_BYTES = 200, REASON_BYTES = 280 };

static const char *name_of(const struct ArrowSchema *schema)
{
    return schema->name == NULL ? "" : schema->name;
}

dw_status dwi_arrow_fail(const dwi_arrow_reader *in, dw_status code, const char *fmt, ...)
{
    char path[PATH_BYTES] = "";
    char reason[REASON_BYTES];
    size_t used = 0;
    va_list args;

    for (int i = 0; i < in->depth && used < PATH_BYTES - 1; i++) {
        int written =
            snprintf(path + used, PATH_BYTES - used, "%s%s", i > 0 ? "." : "", in->path[i]);
        used += written < 0 ? 0 : (size_t)written;
    }
    va_start(args, fmt);
    (void)vsnprintf(reason, sizeof(reason), fmt, args);
    va_end(args);
    if (in->depth == 0)
        return dwi_err(in->err, code, "Arrow batch: %s", reason);
    return dwi_err(in->err, code, "column %s: %s", path, reason);
}

dw_status dwi_arrow_misfit(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                           const dwi_type *target)
{
    dwi_buf name;
    const char *text;

    dwi_buf_init(&name, in->arena->alloc);
    dwi_type_append_name(&name, target);
    text = dwi_buf_cstr(&name);
    (void)dwi_arrow_fail(in, DW_E_SCHEMA, "Arrow format %s does not fit %.100s",
                         slice->schema->format, text == NULL ? "its type" : text);
    dwi_buf_done(&name);
    return DW_E_SCHEMA;
}

/* Buffers of a format, validity included; views have any number more, and a size for each. */
static bool buffer_count_is_right(const dwi_arrow_format *format, int64_t n)
{
    switch (format->kind) {
    case DWI_ARROW_NULL:
    case DWI_ARROW_RUN_END:
        return n >= 0;
    case DWI_ARROW_STRUCT:
    case DWI_ARROW_FIXED_LIST:
        return n == 1;
    case DWI_ARROW_STRING:
    case DWI_ARROW_BINARY:
    case DWI_ARROW_LIST_VIEW:
        return n == 3;
    case DWI_ARROW_STRING_VIEW:
    case DWI_ARROW_BINARY_VIEW:
        return n >= 3;
    default:
        return n == 2;
    }
}

dw_status dwi_arrow_open(const dwi_arrow_reader *in, const struct ArrowSchema *schema,
                         const struct ArrowArray *array, int64_t first, int64_t count,
                         dwi_arrow_slice *out)
{
    if (array == NULL || !dwi_arrow_format_parse(schema->format, &out->format))
        return dwi_arrow_fail(in, array == NULL ? DW_E_CORRUPT : DW_E_UNSUPPORTED,
                              array == NULL ? "no array" : "Arrow format %s",
                              schema->format == NULL ? "(none)" : schema->format);
    if (array->length < 0 || array->offset < 0 || array->offset > INT64_MAX / 32 - array->length ||
        array->length > INT64_MAX / 32 || first + count > array->length)
        return dwi_arrow_fail(in, DW_E_CORRUPT, "length %lld and offset %lld, where %lld rows are",
                              (long long)array->length, (long long)array->offset,
                              (long long)first + count);
    if (array->null_count < -1 || array->null_count > array->length)
        return dwi_arrow_fail(in, DW_E_CORRUPT, "%lld nulls in %lld rows",
                              (long long)array->null_count, (long long)array->length);
    if (!buffer_count_is_right(&out->format, array->n_buffers) ||
        (array->n_buffers > 0 && array->buffers == NULL))
        return dwi_arrow_fail(in, DW_E_CORRUPT, "%lld buffers for Arrow format %s",
                              (long long)array->n_buffers, schema->format);
    if (array->n_children != schema->n_children ||
        (array->n_children > 0 && array->children == NULL))
        return dwi_arrow_fail(in, DW_E_CORRUPT, "%lld child arrays, where the schema has %lld",
                              (long long)array->n_children, (long long)schema->n_children);
    out->schema = schema;
    out->array = array;
    out->first = array->offset + first;
    out->count = count;
    out->validity = NULL;
    if (out->format.kind == DWI_ARROW_NULL || out->format.kind == DWI_ARROW_RUN_END ||
        array->null_count == 0)
        return DW_OK;
    out->validity = array->buffers[0];
    if (out->validity == NULL && array->null_count > 0)
        return dwi_arrow_fail(in, DW_E_CORRUPT, "nulls but no validity bitmap");
    return DW_OK;
}

dw_status dwi_arrow_buffer(const dwi_arrow_reader *in, const dwi_arrow_slice *slice, int i,
                           const void **out)
{
    *out = slice->array->buffers[i];
    if (*out != NULL || slice->count == 0)
        return DW_OK;
    return dwi_arrow_fail(in, DW_E_CORRUPT, "buffer %d is missing", i);
}

dw_status dwi_arrow_copy_validity(const dwi_arrow_reader *in, const dwi_arrow_slice *slice,
                                  const uint8_t **out)
{
    uint8_t *bits;

    *out = NULL;
    if (slice->validity == NULL)
        return DW_OK;
    if (slice->first % 8 == 0) {
        *out = slice->validity + slice->first / 8;
        return DW_OK;
    }
    bits = dwi_arena_array(in->arena, (size_t)slice->count / 8 + 1, 1);
    if (bits == NULL)
        return dwi_err_nomem(in->err);
    for (int64_t row = 0; row < slice->count; row++)
        dwi_bit_set(bits, row, dwi_bit_get(slice->validity, slice->first + row));
    *out = bits;
    return DW_OK;
}

/* A view of `count` nulls. */
static dw_status all_null(const dwi_arrow_reader *in, const dwi_type *type, int64_t count,
                          dwi_vec *out)
{
    size_t width = dwi_type_width(type);
    size_t n = type->kind == DWI_MAP ? 1 : type->n_fields;
    dwi_vec *children = dwi_arena_array(in->arena, n, sizeof(*children));
    dwi_type *entries = dwi_arena_zero(in->arena, sizeof(*entries));
    /* One block of zeros serves as validity, values and offsets alike. */
    uint8_t *zeros =
        dwi_arena_array(in->arena, (size_t)count + 1, width < sizeof(int32_t) ? 4 : width);
    dw_status status = DW_OK;

    if (children == NULL || entries == NULL || zeros == NULL)
        return dwi_err_nomem(in->err);
    memset(out, 0, sizeof(*out));
    *entries = dwi_map_entries_type(type);
    for (size_t i = 0; i < n; i++)
        DWI_TRY(all_null(in, type->kind == DWI_MAP ? entries : type->fields[i].type,
                         type->kind == DWI_STRUCT ? count : 0, &children[i]));
    out->type = type;
    out->length = count;
    out->validity = zeros;
    out->values = zeros;
    out->offsets = (const void *)zeros;
    out->data = zeros;
    out->n_children = n;
    out->children = children;
done:
    return status;
}

dw_status dwi_arrow_enter(dwi_arrow_reader *in, const dwi_field *field)
{
    if (in->depth > DWI_ARROW_MAX_DEPTH)
        return dwi_arrow_fail(in, DW_E_UNSUPPORTED, "nested too deeply");
    in->path[in->depth++] = field->name.ptr;
    return DW_OK;
}

void dwi_arrow_leave(dwi_arrow_reader *in)
{
    in->depth--;
}

static dw_status is_null_at(const dwi_arrow_reader *in, const dwi_vec *vec, int64_t row)
{
    if (dwi_vec_is_valid(vec, row))
        return DW_OK;
    return dwi_arrow_fail(in, DW_E_SCHEMA, "null in row %lld, and it takes no nulls",
                          (long long)row);
}

dw_status dwi_arrow_check_nulls(const dwi_arrow_reader *in, const dwi_field *field,
                                const dwi_vec *vec, const dwi_vec *parent)
{
    dw_status status = DW_OK;

    if (field->nullable || vec->validity == NULL)
        return DW_OK;
    for (int64_t row = 0; row < parent->length; row++) {
        if (!dwi_vec_is_valid(parent, row))
            continue;
        if (parent->type->kind == DWI_STRUCT) {
            DWI_TRY(is_null_at(in, vec, row));
            continue;
        }
        for (int32_t i = parent->offsets[row]; i < parent->offsets[row + 1]; i++)
            DWI_TRY(is_null_at(in, vec, i));
    }
done:
    return status;
}

/* A column of a struct; `schema` NULL: there is none. */
static dw_status view_field(dwi_arrow_reader *in, const struct ArrowSchema *schema,
                            const struct ArrowArray *array, const dwi_arrow_slice *slice,
                            const dwi_field *field, const dwi_vec *parent, dwi_vec *out)
{
    dw_status status;

    DWI_TRY(dwi_arrow_enter(in, field));
    DWI_TRY(schema == NULL ? all_null(in, field->type, slice->count, out)
                           : dwi_arrow_view_rows(in, schema, array, slice->first, slice->count,
                                                 field->type, out));
    DWI_TRY(dwi_arrow_check_nulls(in, field, out, parent));
    dwi_arrow_leave(in);
done:
    return status;
}

/* Index of the child for a field, -1: there is none. Two for one field are an error. */
static dw_status find_child(const dwi_arrow_reader *in, const struct ArrowSchema *schema,
                            const dwi_field *field, int64_t *out)
{
    *out = -1;
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (!dwi_sv_eq_nocase(dwi_sv_cstr(name_of(schema->children[i])), field->name))
            continue;
        if (*out >= 0)
            return dwi_arrow_fail(in, DW_E_SCHEMA, "%s is there twice", field->name.ptr);
        *out = i;
    }
    return DW_OK;
}

static dw_status check_no_more(const dwi_arrow_reader *in, const struct ArrowSchema *schema,
                               const dwi_type *target)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        const char *name = name_of(schema->children[i]);
        if (!dwi_utf8_valid(name, strlen(name)))
            return dwi_arrow_fail(in, DW_E_CORRUPT, "a column's name is not UTF-8");
        if (dwi_type_find(target, dwi_sv_cstr(name)) < 0)
            return dwi_arrow_fail(in, DW_E_SCHEMA, "the table has no column %s", name);
    }
    return DW_OK;
}

static dw_status view_struct(dwi_arrow_reader *in, const dwi_arrow_slice *slice, dwi_vec *out)
{
    const dwi_type *target = out->type;
    dwi_vec *children = dwi_arena_array(in->arena, target->n_fields, sizeof(*children));
    int64_t i;
    dw_status status;

    if (children == NULL)
        return dwi_err_nomem(in->err);
    DWI_TRY(dwi_arrow_check_children(slice->schema, -1, in->err));
    if (in->by_position && slice->schema->n_children != (int64_t)target->n_fields)
        return dwi_arrow_fail(in, DW_E_SCHEMA, "%lld columns, where there were %zu",
                              (long long)slice->schema->n_children, target->n_fields);
    if (!in->by_position)
        DWI_TRY(check_no_more(in, slice->schema, target));
    DWI_TRY(dwi_arrow_copy_validity(in, slice, &out->validity));
    for (size_t f = 0; f < target->n_fields; f++) {
        const struct ArrowSchema *schema = NULL;
        const struct ArrowArray *array = NULL;
        i = (int64_t)f;
        if (!in->by_position)
            DWI_TRY(find_child(in, slice->schema, &target->fields[f], &i));
        if (i >= 0) {
            schema = slice->schema->children[i];
            array = slice->array->children[i];
        }
        DWI_TRY(view_field(in, schema, array, slice, &target->fields[f], out, &children[f]));
    }
    out->children = children;
    out->n_children = target->n_fields;
done:
    return status;
}

static bool is_list(dwi_arrow_kind kind)
{
    return kind == DWI_ARROW_LIST || kind == DWI_ARROW_LIST_VIEW || kind == DWI_ARROW_FIXED_LIST;
}

/* Rows that are values themselves, neither a dictionary's nor runs. */
static dw_status view_plain(dwi_arrow_reader *in, const dwi_arrow_slice *slice, dwi_vec *out)
{
    dwi_arrow_kind kind = slice->format.kind;

    switch (out->type->kind) {
    case DWI_STRUCT:
        return kind == DWI_ARROW_STRUCT ? view_struct(in, slice, out)
                                        : dwi_arrow_misfit(in, slice, out->type);
    case DWI_ARRAY:
        return is_list(kind) ? dwi_arrow_list(in, slice, out)
                             : dwi_arrow_misfit(in, slice, out->type);
    case DWI_MAP:
        return kind == DWI_ARROW_MAP ? dwi_arrow_list(in, slice, out)
                                     : dwi_arrow_misfit(in, slice, out->type);
    case DWI_STRING:
    case DWI_BINARY:
    case DWI_JSON:
        return dwi_arrow_bytes(in, slice, out);
    default:
        return dwi_arrow_fixed(in, slice, out);
    }
}

dw_status dwi_arrow_view_rows(dwi_arrow_reader *in, const struct ArrowSchema *schema,
                              const struct ArrowArray *array, int64_t first, int64_t count,
                              const dwi_type *target, dwi_vec *out)
{
    dwi_arrow_slice slice = {0};
    dw_status status;

    memset(out, 0, sizeof(*out));
    out->type = target;
    out->length = count;
    DWI_TRY(dwi_arrow_open(in, schema, array, first, count, &slice));
    if (schema->dictionary != NULL)
        return dwi_arrow_dictionary(in, &slice, out);
    if (slice.format.kind == DWI_ARROW_RUN_END)
        return dwi_arrow_run_ends(in, &slice, out);
    if (slice.format.kind == DWI_ARROW_NULL)
        return all_null(in, target, count, out);
    return view_plain(in, &slice, out);
done:
    return status;
}

static dw_status view_batch(dwi_arrow_reader *in, const struct ArrowSchema *schema,
                            const struct ArrowArray *array, const dwi_type *target,
                            const dwi_vec **out)
{
    dw_error *err = in->err;
    dwi_vec *vec = dwi_arena_zero(in->arena, sizeof(*vec));
    dw_status status;

    if (vec == NULL)
        return dwi_err_nomem(err);
    if (schema->release == NULL || array->release == NULL)
        return dwi_err(err, DW_E_CORRUPT, "Arrow batch: it was released");
    if (schema->format == NULL || strcmp(schema->format, "+s") != 0 || schema->dictionary != NULL)
        return dwi_err(err, DW_E_SCHEMA, "Arrow batch: a batch of rows is a struct, this is %s",
                       schema->format == NULL ? "(none)" : schema->format);
    DWI_TRY(dwi_arrow_view_rows(in, schema, array, 0, array->length, target, vec));
    for (int64_t row = 0; vec->validity != NULL && row < vec->length; row++)
        if (!dwi_vec_is_valid(vec, row))
            return dwi_err(err, DW_E_SCHEMA, "Arrow batch: row %lld is null as a whole",
                           (long long)row);
    *out = vec;
done:
    return status;
}

dw_status dwi_arrow_view(dwi_arena *arena, const struct ArrowSchema *schema,
                         const struct ArrowArray *array, const dwi_type *target,
                         const dwi_vec **out, dw_error *err)
{
    dwi_arrow_reader in = {.arena = arena, .err = err};

    return view_batch(&in, schema, array, target, out);
}

dw_status dwi_arrow_view_exact(dwi_arena *arena, const struct ArrowSchema *schema,
                               const struct ArrowArray *array, const dwi_type *target,
                               const dwi_vec **out, dw_error *err)
{
    dwi_arrow_reader in = {.arena = arena, .err = err, .by_position = true};

    return view_batch(&in, schema, array, target, out);
}
