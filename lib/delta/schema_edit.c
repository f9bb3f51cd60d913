/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/schema_edit.h"

#include "delta/create_schema.h"
#include "delta/properties.h"
#include "json/json_doc.h"
#include "json/json_writer.h"

typedef enum edit_kind { EDIT_RENAME, EDIT_DROP, EDIT_COMMENT } edit_kind;

typedef struct editor {
    dwi_arena *arena;
    edit_kind kind;
    dwi_sv whole; /* for messages */
    char *name;   /* room for one */
    dwi_sv text;  /* the new name, or comment */
    dwi_mapping_mode mode;
    dw_error *err;
} editor;

static dw_status fail(const editor *e, dw_status code, const char *reason)
{
    return dwi_err(e->err, code, "column %.*s: %s", DWI_SV_ARG(e->whole), reason);
}

/* The first name of a path, which moves on to the rest (ptr NULL: none); its index in the type. */
static dw_status take_name(const editor *e, const dwi_type *type, dwi_sv *path, int *out)
{
    size_t len;

    if (!dwi_property_path_name(path, e->name, &len))
        return fail(e, DW_E_ARG, "not a path of names");
    *out = type->variant ? -1 : dwi_type_find(type, (dwi_sv){e->name, len});
    return *out < 0 ? fail(e, DW_E_NOT_FOUND, "the table has none of this name") : DW_OK;
}

static dw_status rename_field(const editor *e, const dwi_type *type, dwi_field *fields, int at)
{
    int other = dwi_type_find(type, e->text);
    dw_status status;

    if (other >= 0 && other != at)
        return fail(e, DW_E_SCHEMA, "another column has the new name");
    DWI_TRY(dwi_create_check_name(e->text, e->mode, e->err));
    if (!dwi_arena_sv(e->arena, e->text, &fields[at].name))
        status = dwi_err_nomem(e->err);
done:
    return status;
}

/* The metadata with another "comment", or without one. */
static dw_status comment_field(const editor *e, dwi_field *field)
{
    const dwi_json *metadata = NULL;
    dw_status status;
    dwi_buf text;
    dwi_jw w;

    dwi_buf_init(&text, e->arena->alloc);
    dwi_jw_init(&w, &text);
    DWI_TRY(dwi_json_parse(e->arena, field->metadata_json, field->name.ptr, &metadata, e->err));
    dwi_jw_object_begin(&w);
    for (const dwi_json *member = dwi_json_first(metadata); member != NULL;
         member = dwi_json_next(member)) {
        if (dwi_sv_eq_cstr(dwi_json_key(member), "comment"))
            continue;
        dwi_jw_key(&w, dwi_json_key(member));
        dwi_jw_raw(&w, dwi_json_source(member));
    }
    if (e->text.ptr != NULL)
        dwi_jw_kv_string(&w, "comment", e->text);
    dwi_jw_object_end(&w);
    DWI_TRY(dwi_buf_status(&text, e->err));
    if (!dwi_arena_sv(e->arena, (dwi_sv){(const char *)text.data, text.len}, &field->metadata_json))
        status = dwi_err_nomem(e->err);
done:
    dwi_buf_done(&text);
    return status;
}

static dw_status change_field(const editor *e, dwi_type *type, dwi_field *fields, int at)
{
    if (type->kind != DWI_STRUCT)
        return fail(e, DW_E_ARG, "parts of arrays and maps have no name of their own");
    if (e->kind == EDIT_RENAME)
        return rename_field(e, type, fields, at);
    if (e->kind == EDIT_COMMENT)
        return comment_field(e, &fields[at]);
    if (type->n_fields == 1)
        return fail(e, DW_E_ARG, "the last one cannot be dropped");
    type->n_fields--;
    memmove(&fields[at], &fields[at + 1], (type->n_fields - (size_t)at) * sizeof(*fields));
    return DW_OK;
}

static dw_status edit(const editor *e, const dwi_type *have, dwi_sv path, const dwi_type **out)
{
    dwi_type *made = dwi_arena_dup(e->arena, have, sizeof(*have));
    dwi_field *fields = dwi_arena_array(e->arena, have->n_fields, sizeof(*fields));
    dw_status status;
    int at = 0;

    if (made == NULL || fields == NULL)
        return dwi_err_nomem(e->err);
    DWI_TRY(take_name(e, have, &path, &at));
    memcpy(fields, have->fields, have->n_fields * sizeof(*fields));
    made->fields = fields;
    if (path.ptr != NULL)
        DWI_TRY(edit(e, fields[at].type, path, &fields[at].type));
    else
        DWI_TRY(change_field(e, made, fields, at));
    *out = made;
done:
    return status;
}

static dw_status start(editor *e, const dwi_type *have, const dwi_type **out)
{
    e->name = dwi_arena_alloc(e->arena, e->whole.len + 1);
    return e->name == NULL ? dwi_err_nomem(e->err) : edit(e, have, e->whole, out);
}

dw_status dwi_schema_rename(dwi_arena *arena, const dwi_type *have, dwi_sv path, dwi_sv name,
                            dwi_mapping_mode mode, const dwi_type **out, dw_error *err)
{
    editor e = {arena, EDIT_RENAME, path, NULL, name, mode, err};

    if (name.len == 0)
        return fail(&e, DW_E_ARG, "the new name is empty");
    return start(&e, have, out);
}

dw_status dwi_schema_drop(dwi_arena *arena, const dwi_type *have, dwi_sv path, const dwi_type **out,
                          dw_error *err)
{
    editor e = {arena, EDIT_DROP, path, NULL, {NULL, 0}, DWI_MAPPING_NONE, err};

    return start(&e, have, out);
}

dw_status dwi_schema_comment(dwi_arena *arena, const dwi_type *have, dwi_sv path, dwi_sv comment,
                             const dwi_type **out, dw_error *err)
{
    editor e = {arena, EDIT_COMMENT, path, NULL, comment, DWI_MAPPING_NONE, err};

    return start(&e, have, out);
}

dw_status dwi_schema_path_column(dwi_arena *arena, const dwi_type *have, dwi_sv path,
                                 const dwi_field **out, bool *out_nested, dw_error *err)
{
    editor e = {.arena = arena, .whole = path, .err = err};
    dw_status status;
    int at = 0;

    e.name = dwi_arena_alloc(arena, path.len + 1);
    if (e.name == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(take_name(&e, have, &path, &at));
    *out = &have->fields[at];
    *out_nested = path.ptr != NULL;
done:
    return status;
}
