/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/mapping.h"

#include "delta/properties.h"
#include "json/json_doc.h"

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

/* Name and id from a field's metadata. */
static dw_status map_field(dwi_arena *arena, dwi_field *field, dw_error *err)
{
    const dwi_json *root = NULL;
    dwi_arena scratch;
    dw_status status;
    int64_t id = -1;
    dwi_sv name;

    dwi_arena_init(&scratch, arena->alloc);
    DWI_TRY(dwi_json_parse(&scratch, field->metadata_json, field->name.ptr, &root, err));
    if (!dwi_json_as_string(dwi_json_get(root, "delta.columnMapping.physicalName"), &name) ||
        !dwi_json_as_i64(dwi_json_get(root, "delta.columnMapping.id"), &id) || id < 0 ||
        id > INT32_MAX)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT, "column %s: no physical name or id in its metadata",
                        field->name.ptr));
    if (!dwi_arena_sv(arena, name, &field->name))
        DWI_TRY(dwi_err_nomem(err));
    field->field_id = (int32_t)id;
done:
    dwi_arena_done(&scratch);
    return status;
}

dw_status dwi_mapping_physical(dwi_arena *arena, const dwi_type *type, dwi_mapping_mode mode,
                               const dwi_type **out, dw_error *err)
{
    dw_status status = DW_OK;
    dwi_field *fields;
    dwi_type *mapped;

    if (mode == DWI_MAPPING_NONE || type->n_fields == 0) {
        *out = type;
        return DW_OK;
    }
    mapped = dwi_arena_dup(arena, type, sizeof(*type));
    fields = dwi_arena_dup(arena, type->fields, type->n_fields * sizeof(*fields));
    if (mapped == NULL || fields == NULL)
        return dwi_err_nomem(err);
    mapped->fields = fields;
    for (size_t i = 0; i < type->n_fields; i++) {
        if (type->kind == DWI_STRUCT)
            DWI_TRY(map_field(arena, &fields[i], err));
        DWI_TRY(dwi_mapping_physical(arena, fields[i].type, mode, &fields[i].type, err));
    }
    *out = mapped;
done:
    return status;
}

/* A name that no column has: it starts with a control character. */
static const dwi_sv no_such_name = {"\x01missing", 8};

/* The field of the file that one of ours is; NULL: none. Parts of lists and maps go by place. */
static const dwi_field *counterpart(const dwi_type *type, size_t i, const dwi_type *file)
{
    if (type->kind != DWI_STRUCT)
        return file->kind == type->kind && i < file->n_fields ? &file->fields[i] : NULL;
    for (size_t k = 0; file->kind == DWI_STRUCT && k < file->n_fields; k++)
        if (file->fields[k].field_id == type->fields[i].field_id)
            return &file->fields[k];
    return NULL;
}

const dwi_type *dwi_mapping_in_file(dwi_arena *arena, const dwi_type *physical,
                                    const dwi_type *file)
{
    dwi_type *mapped;
    dwi_field *fields;

    if (physical->n_fields == 0)
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
