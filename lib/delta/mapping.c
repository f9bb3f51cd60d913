/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/mapping.h"

#include <stdio.h>

#include "delta/properties.h"
#include "json/json_writer.h"

#define ID_KEY     "delta.columnMapping.id"
#define NAME_KEY   "delta.columnMapping.physicalName"
#define NESTED_KEY "delta.columnMapping.nested.ids"

dw_status dwi_mapping_mode_of(dwi_kvs properties, dwi_mapping_mode *out, dw_error *err)
{
    dwi_sv mode = dwi_property(properties, "delta.columnMapping.mode");

    if (mode.ptr == NULL || dwi_sv_eq_nocase(mode, DWI_SV("none")))
        *out = DWI_MAPPING_NONE;
    else if (dwi_sv_eq_nocase(mode, DWI_SV("name")))
        *out = DWI_MAPPING_NAME;
    else if (dwi_sv_eq_nocase(mode, DWI_SV("id")))
        *out = DWI_MAPPING_ID;
    else
        return dwi_err(err, DW_E_UNSUPPORTED, "delta.columnMapping.mode: %.*s is not supported",
                       DWI_SV_ARG(mode));
    return DW_OK;
}

enum { MAX_PATH = 512 };

/* Ids of the parts of lists and maps, which have no metadata of their own: the nearest field above
 * keeps them by path, "NAME.value.element". */
typedef struct nested_ids {
    const dwi_json *ids; /* NULL: none */
    char path[MAX_PATH];
    size_t len;
} nested_ids;

static int32_t id_of(const dwi_json *value)
{
    int64_t id;

    return dwi_json_as_i64(value, &id) && id >= 0 && id <= INT32_MAX ? (int32_t)id : -1;
}

/* Moves the path down to a part and gives its id; the caller moves back by setting `len`. */
static int32_t enter_part(nested_ids *nested, const char *part)
{
    size_t len = strlen(part);

    if (nested->ids == NULL || nested->len + len + 2 > MAX_PATH)
        return -1;
    nested->path[nested->len] = '.';
    memcpy(nested->path + nested->len + 1, part, len + 1);
    nested->len += len + 1;
    return id_of(dwi_json_get(nested->ids, nested->path));
}

static dw_status map_type(dwi_arena *arena, const dwi_type *type, nested_ids *nested,
                          const dwi_type **out, dw_error *err);

/* Name and id from a field's metadata, and its type below. */
static dw_status map_field(dwi_arena *arena, dwi_field *field, dw_error *err)
{
    const dwi_json *root = NULL;
    nested_ids nested;
    dwi_arena scratch;
    dw_status status;
    int32_t id;
    dwi_sv name;

    dwi_arena_init(&scratch, arena->alloc);
    DWI_TRY(dwi_json_parse(&scratch, field->metadata_json, field->name.ptr, &root, err));
    id = id_of(dwi_json_get(root, ID_KEY));
    if (!dwi_json_as_string(dwi_json_get(root, NAME_KEY), &name) || id < 0)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT, "column %s: no physical name or id in its metadata",
                        field->name.ptr));
    if (!dwi_arena_sv(arena, name, &field->name))
        DWI_TRY(dwi_err_nomem(err));
    field->field_id = id;
    nested.ids = name.len < MAX_PATH ? dwi_json_get(root, NESTED_KEY) : NULL;
    nested.len = 0;
    if (nested.ids != NULL) {
        memcpy(nested.path, name.ptr, name.len);
        nested.len = name.len;
    }
    DWI_TRY(map_type(arena, field->type, &nested, &field->type, err));
done:
    dwi_arena_done(&scratch);
    return status;
}

static dw_status map_part(dwi_arena *arena, dwi_field *part, nested_ids *nested, dw_error *err)
{
    size_t len = nested->len;
    dw_status status;

    part->field_id = enter_part(nested, part->name.ptr);
    status = map_type(arena, part->type, nested, &part->type, err);
    nested->len = len;
    return status;
}

static dw_status map_type(dwi_arena *arena, const dwi_type *type, nested_ids *nested,
                          const dwi_type **out, dw_error *err)
{
    dw_status status = DW_OK;
    dwi_field *fields;
    dwi_type *mapped;

    if (type->n_fields == 0 || type->variant) {
        *out = type;
        return DW_OK;
    }
    mapped = dwi_arena_dup(arena, type, sizeof(*type));
    fields = dwi_arena_dup(arena, type->fields, type->n_fields * sizeof(*fields));
    if (mapped == NULL || fields == NULL)
        return dwi_err_nomem(err);
    mapped->fields = fields;
    for (size_t i = 0; i < type->n_fields; i++)
        DWI_TRY(type->kind == DWI_STRUCT ? map_field(arena, &fields[i], err)
                                         : map_part(arena, &fields[i], nested, err));
    *out = mapped;
done:
    return status;
}

dw_status dwi_mapping_physical(dwi_arena *arena, const dwi_type *type, dwi_mapping_mode mode,
                               const dwi_type **out, dw_error *err)
{
    nested_ids none = {.ids = NULL};

    if (mode != DWI_MAPPING_NONE)
        return map_type(arena, type, &none, out, err);
    *out = type;
    return DW_OK;
}

dw_status dwi_mapping_physical_first(dwi_arena *arena, const dwi_type *type, size_t n,
                                     dwi_mapping_mode mode, const dwi_type **out, dw_error *err)
{
    dwi_type first = *type;
    const dwi_type *mapped;
    dwi_field *fields;
    dwi_type *made;
    dw_status status;

    if (n == type->n_fields || mode == DWI_MAPPING_NONE)
        return dwi_mapping_physical(arena, type, mode, out, err);
    first.n_fields = n;
    DWI_TRY(dwi_mapping_physical(arena, &first, mode, &mapped, err));
    made = dwi_arena_dup(arena, type, sizeof(*type));
    fields = dwi_arena_dup(arena, type->fields, type->n_fields * sizeof(*fields));
    if (made == NULL || fields == NULL)
        return dwi_err_nomem(err);
    if (n > 0)
        memcpy(fields, mapped->fields, n * sizeof(*fields));
    made->fields = fields;
    *out = made;
done:
    return status;
}

/* A name that no column has: it starts with a control character. */
static const dwi_sv no_such_name = {"\x01missing", 8};

/* By id; what no mapping was made for has none, and goes by its name. */
static bool is_same(const dwi_field *ours, const dwi_field *theirs)
{
    return ours->field_id == theirs->field_id &&
           (ours->field_id >= 0 || dwi_sv_eq(ours->name, theirs->name));
}

/* The field of the file that one of ours is; NULL: none. Parts of lists and maps go by place. */
static const dwi_field *counterpart(const dwi_type *type, size_t i, const dwi_type *file)
{
    if (type->kind != DWI_STRUCT)
        return file->kind == type->kind && i < file->n_fields ? &file->fields[i] : NULL;
    for (size_t k = 0; file->kind == DWI_STRUCT && k < file->n_fields; k++)
        if (is_same(&type->fields[i], &file->fields[k]))
            return &file->fields[k];
    return NULL;
}

const dwi_type *dwi_mapping_in_file(dwi_arena *arena, const dwi_type *physical,
                                    const dwi_type *file)
{
    dwi_type *mapped;
    dwi_field *fields;

    if (physical->n_fields == 0 || physical->variant)
        return physical;
    mapped = dwi_arena_dup(arena, physical, sizeof(*physical));
    fields = dwi_arena_dup(arena, physical->fields, physical->n_fields * sizeof(*fields));
    if (mapped == NULL || fields == NULL)
        return NULL;
    mapped->fields = fields;
    for (size_t i = 0; i < physical->n_fields; i++) {
        const dwi_field *found = counterpart(physical, i, file);
        if (physical->kind == DWI_STRUCT)
            fields[i].name = found == NULL ? no_such_name : found->name;
        if (found != NULL)
            fields[i].type = dwi_mapping_in_file(arena, fields[i].type, found->type);
        if (fields[i].type == NULL)
            return NULL;
    }
    return mapped;
}

/* ---- giving names and ids ---- */

typedef struct assigner {
    dwi_arena *arena;
    const dwi_env *env; /* NULL: take all marks of mapping away */
    dwi_mapping_names names;
    int64_t max_id;
    dw_error *err;
} assigner;

static bool is_mapping_key(dwi_sv key)
{
    return dwi_sv_eq_cstr(key, ID_KEY) || dwi_sv_eq_cstr(key, NAME_KEY) ||
           dwi_sv_eq_cstr(key, NESTED_KEY);
}

/* The metadata's other members byte for byte, then the two of mapping. */
static dw_status mark(assigner *a, const dwi_json *metadata, dwi_field *field, dw_error *err)
{
    char name[sizeof("col-") + DWI_UUID_TEXT] = "col-";
    dwi_buf text;
    dwi_jw w;
    dw_status status;

    dwi_buf_init(&text, a->arena->alloc);
    dwi_jw_init(&w, &text);
    dwi_jw_object_begin(&w);
    for (const dwi_json *m = dwi_json_first(metadata); m != NULL; m = dwi_json_next(m)) {
        if (is_mapping_key(dwi_json_key(m)))
            continue;
        dwi_jw_key(&w, dwi_json_key(m));
        dwi_jw_raw(&w, dwi_json_source(m));
    }
    field->field_id = -1;
    if (a->env != NULL) {
        field->field_id = (int32_t)++a->max_id;
        dwi_jw_kv_i64(&w, ID_KEY, a->max_id);
        if (a->names == DWI_MAPPING_NEW_NAMES)
            dwi_uuid(a->env, name + 4);
        dwi_jw_kv_string(&w, NAME_KEY,
                         a->names == DWI_MAPPING_OWN_NAMES ? field->name : dwi_sv_cstr(name));
    }
    dwi_jw_object_end(&w);
    DWI_TRY(dwi_buf_status(&text, err));
    if (!dwi_arena_sv(a->arena, (dwi_sv){(const char *)text.data, text.len}, &field->metadata_json))
        status = dwi_err_nomem(err);
done:
    dwi_buf_done(&text);
    return status;
}

static dw_status assign_field(assigner *a, dwi_field *field)
{
    dwi_sv json = field->metadata_json.len == 0 ? DWI_SV("{}") : field->metadata_json;
    const dwi_json *metadata = NULL;
    dwi_arena scratch;
    dw_status status;
    dwi_sv name;
    int32_t id;

    dwi_arena_init(&scratch, a->arena->alloc);
    DWI_TRY(dwi_json_parse(&scratch, json, field->name.ptr, &metadata, a->err));
    id = id_of(dwi_json_get(metadata, ID_KEY));
    if (a->env != NULL && id >= 0 && dwi_json_as_string(dwi_json_get(metadata, NAME_KEY), &name))
        field->field_id = id;
    else if (a->env != NULL && a->max_id >= INT32_MAX)
        status = dwi_err(a->err, DW_E_UNSUPPORTED, "column %s: all ids of column mapping are taken",
                         field->name.ptr);
    else
        status = mark(a, metadata, field, a->err);
done:
    dwi_arena_done(&scratch);
    return status;
}

static dw_status assign_type(assigner *a, const dwi_type *type, const dwi_type **out)
{
    dw_status status = DW_OK;
    dwi_field *fields;
    dwi_type *made;

    if (type->n_fields == 0 || type->variant) {
        *out = type;
        return DW_OK;
    }
    made = dwi_arena_dup(a->arena, type, sizeof(*type));
    fields = dwi_arena_dup(a->arena, type->fields, type->n_fields * sizeof(*fields));
    if (made == NULL || fields == NULL)
        return dwi_err_nomem(a->err);
    made->fields = fields;
    for (size_t i = 0; i < type->n_fields; i++) {
        if (type->kind == DWI_STRUCT)
            DWI_TRY(assign_field(a, &fields[i]));
        DWI_TRY(assign_type(a, fields[i].type, &fields[i].type));
    }
    *out = made;
done:
    return status;
}

dw_status dwi_mapping_assign(dwi_arena *arena, const dwi_env *env, const dwi_type *type,
                             dwi_mapping_names names, int64_t *max_id, const dwi_type **out,
                             dw_error *err)
{
    assigner a = {arena, env, names, dwi_mapping_max_id(type, *max_id), err};
    dw_status status = assign_type(&a, type, out);

    if (status == DW_OK)
        *max_id = a.max_id;
    return status;
}

dw_status dwi_mapping_strip(dwi_arena *arena, const dwi_type *type, const dwi_type **out,
                            dw_error *err)
{
    assigner a = {.arena = arena, .err = err};

    return assign_type(&a, type, out);
}

int64_t dwi_mapping_max_id(const dwi_type *type, int64_t at_least)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        if (type->kind == DWI_STRUCT && type->fields[i].field_id > at_least)
            at_least = type->fields[i].field_id;
        at_least = dwi_mapping_max_id(type->fields[i].type, at_least);
    }
    return at_least;
}

dw_status dwi_mapping_table_max_id(dwi_kvs properties, const dwi_type *root, int64_t *out,
                                   dw_error *err)
{
    int64_t known = 0;
    dw_status status;

    DWI_TRY(dwi_property_i64(properties, DWI_MAPPING_MAX_ID, 0, &known, err));
    *out = dwi_mapping_max_id(root, known);
done:
    return status;
}

dw_status dwi_mapping_set_max_id(dwi_arena *arena, dwi_kvs properties, int64_t max_id, dwi_kvs *out,
                                 dw_error *err)
{
    dwi_kv *items = dwi_arena_array(arena, properties.count + 1, sizeof(*items));
    size_t n = 0;
    char text[24];

    if (items == NULL)
        return dwi_err_nomem(err);
    (void)snprintf(text, sizeof(text), "%lld", (long long)max_id);
    for (size_t i = 0; i < properties.count; i++)
        if (!dwi_sv_eq_nocase(properties.items[i].key, DWI_SV(DWI_MAPPING_MAX_ID)))
            items[n++] = properties.items[i];
    items[n].key = DWI_SV(DWI_MAPPING_MAX_ID);
    if (!dwi_arena_sv(arena, dwi_sv_cstr(text), &items[n].value))
        return dwi_err_nomem(err);
    *out = (dwi_kvs){n + 1, items};
    return DW_OK;
}

static bool has_id(const dwi_type *type, int32_t id)
{
    for (size_t i = 0; i < type->n_fields; i++)
        if ((type->kind == DWI_STRUCT && type->fields[i].field_id == id) ||
            has_id(type->fields[i].type, id))
            return true;
    return false;
}

static bool ids_are_free(const dwi_type *columns, const dwi_type *taken, int64_t above)
{
    for (size_t i = 0; i < columns->n_fields; i++) {
        const dwi_field *field = &columns->fields[i];
        if (columns->kind == DWI_STRUCT &&
            (field->field_id <= above || has_id(taken, field->field_id)))
            return false;
        if (!ids_are_free(field->type, taken, above))
            return false;
    }
    return true;
}

dw_status dwi_mapping_ids_are_free(const dwi_metadata *metadata, const dwi_type *root,
                                   dwi_mapping_mode mode, const dwi_field *column, bool *out,
                                   dw_error *err)
{
    const dwi_type of_one = {.kind = DWI_STRUCT, .n_fields = 1, .fields = column};
    int64_t max_id = 0;
    dw_status status = DW_OK;

    if (mode != DWI_MAPPING_NONE)
        DWI_TRY(dwi_mapping_table_max_id(metadata->configuration, root, &max_id, err));
    *out = mode == DWI_MAPPING_NONE ||
           ids_are_free(&of_one, root, mode == DWI_MAPPING_ID ? max_id : 0);
done:
    return status;
}

static bool same_marks(const dwi_type *a, const dwi_type *b)
{
    if (a->n_fields != b->n_fields)
        return false;
    for (size_t i = 0; i < a->n_fields; i++)
        if (a->fields[i].field_id != b->fields[i].field_id ||
            !dwi_sv_eq(a->fields[i].name, b->fields[i].name) ||
            !same_marks(a->fields[i].type, b->fields[i].type))
            return false;
    return true;
}

dw_status dwi_mapping_same(const dw_allocator *alloc, const dwi_field *a, const dwi_field *b,
                           dwi_mapping_mode mode, bool *out, dw_error *err)
{
    const dwi_type one[2] = {{.kind = DWI_STRUCT, .n_fields = 1, .fields = a},
                             {.kind = DWI_STRUCT, .n_fields = 1, .fields = b}};
    const dwi_type *physical[2] = {NULL, NULL};
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, alloc);
    DWI_TRY(dwi_mapping_physical(&arena, &one[0], mode, &physical[0], err));
    DWI_TRY(dwi_mapping_physical(&arena, &one[1], mode, &physical[1], err));
    *out = mode == DWI_MAPPING_NONE || same_marks(physical[0], physical[1]);
done:
    dwi_arena_done(&arena);
    return status;
}
