/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create_schema.h"

#include "base/map.h"
#include "delta/partition_value.h"

dw_status dwi_create_check_name(dwi_sv name, dwi_mapping_mode mode, dw_error *err)
{
    static const char refused[] = " ,;{}()\n\t=";

    if (name.len == 0)
        return dwi_err(err, DW_E_SCHEMA, "column \"\": a name cannot be empty");
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] == '\0' ||
            (mode == DWI_MAPPING_NONE && strchr(refused, name.ptr[i]) != NULL))
            return dwi_err(err, DW_E_SCHEMA,
                           "column \"%.*s\": names cannot hold any of \" ,;{}()=\", tabs, line "
                           "ends or NUL",
                           DWI_SV_ARG(name));
    return DW_OK;
}

/* Names at every level; the wrappers of array and map have none of their own. */
static dw_status check_names(const dwi_type *type, dwi_mapping_mode mode, dw_error *err)
{
    dw_status status = DW_OK;

    for (size_t i = 0; i < type->n_fields; i++) {
        if (type->kind == DWI_STRUCT)
            DWI_TRY(dwi_create_check_name(type->fields[i].name, mode, err));
        DWI_TRY(check_names(type->fields[i].type, mode, err));
    }
done:
    return status;
}

static bool has_values(const dwi_type *type)
{
    if (type->kind != DWI_STRUCT)
        return type->kind != DWI_VOID;
    for (size_t i = 0; i < type->n_fields; i++)
        if (has_values(type->fields[i].type))
            return true;
    return false;
}

/* Puts "n" and the name, and the id, into the set; *out_new: neither was there. */
static dw_status put_marks(dwi_map *seen, const dwi_field *field, bool *out_new, dw_error *err)
{
    bool new_name = false;
    bool new_id = false;
    dw_status status;
    dwi_buf key;
    size_t id;

    dwi_buf_init(&key, seen->alloc);
    dwi_buf_printf(&key, "%d", field->field_id);
    id = key.len;
    dwi_buf_append_byte(&key, 'n');
    dwi_buf_append(&key, field->name.ptr, field->name.len);
    DWI_TRY(dwi_buf_status(&key, err));
    if (dwi_map_put(seen, (dwi_sv){(const char *)key.data, id}, &new_id) == NULL ||
        dwi_map_put(seen, (dwi_sv){(const char *)key.data + id, key.len - id}, &new_name) == NULL)
        status = dwi_err_nomem(err);
    *out_new = new_name && new_id;
done:
    dwi_buf_done(&key);
    return status;
}

/* Names and ids that the caller gave must be given once. */
static dw_status check_unique(dwi_map *seen, const dwi_type *physical, const dwi_type *logical,
                              dw_error *err)
{
    dw_status status = DW_OK;

    for (size_t i = 0; i < physical->n_fields; i++) {
        bool is_new = true;
        if (physical->kind == DWI_STRUCT)
            DWI_TRY(put_marks(seen, &physical->fields[i], &is_new, err));
        if (!is_new)
            return dwi_err(err, DW_E_SCHEMA,
                           "column %s: another column has its id or physical name",
                           logical->fields[i].name.ptr);
        DWI_TRY(check_unique(seen, physical->fields[i].type, logical->fields[i].type, err));
    }
done:
    return status;
}

static dw_status map_columns(const dwi_log *log, dwi_arena *arena, const dwi_type *given,
                             dwi_mapping_mode mode, dwi_kvs *configuration, const dwi_type **out,
                             dw_error *err)
{
    const dwi_type *physical = NULL;
    int64_t max_id = 0;
    dwi_map seen;
    dw_status status;

    dwi_map_init(&seen, log->alloc, 0);
    if (mode == DWI_MAPPING_NONE) {
        status = dwi_mapping_strip(arena, given, out, err);
        goto done;
    }
    DWI_TRY(dwi_mapping_assign(arena, log->env, given, DWI_MAPPING_NEW_NAMES, &max_id, out, err));
    DWI_TRY(dwi_mapping_physical(arena, *out, mode, &physical, err));
    DWI_TRY(check_unique(&seen, physical, *out, err));
    DWI_TRY(dwi_mapping_set_max_id(arena, *configuration, max_id, configuration, err));
done:
    dwi_map_done(&seen);
    return status;
}

dw_status dwi_create_schema(const dwi_log *log, dwi_arena *arena, const char *json,
                            dwi_kvs *configuration, dwi_schema **out, dw_error *err)
{
    dwi_mapping_mode mode = DWI_MAPPING_NONE;
    const dwi_type *root = NULL;
    dwi_schema *given = NULL;
    dw_status status;

    DWI_TRY(dwi_mapping_mode_of(*configuration, &mode, err));
    DWI_TRY(dwi_schema_parse(log->alloc, dwi_sv_cstr(json), &given, err));
    DWI_TRY(check_names(given->root, mode, err));
    /* No columns at all is fine: they come with the first rows, as in Spark. */
    if (given->root->n_fields > 0 && !has_values(given->root)) {
        status = dwi_err(err, DW_E_SCHEMA, "schema: no column has a type other than void");
        goto done;
    }
    DWI_TRY(map_columns(log, arena, given->root, mode, configuration, &root, err));
    DWI_TRY(dwi_schema_from_type(log->alloc, root, out, err));
done:
    dwi_schema_unref(given);
    return status;
}

static dw_status check_partition(const dwi_arena *arena, const dwi_type *schema, const char *name,
                                 int at, dwi_svs earlier, dw_error *err)
{
    dwi_buf type;
    dw_status status = DW_OK;

    if (at < 0)
        return dwi_err(err, DW_E_SCHEMA, "partition column %s: the schema has no such column",
                       name);
    for (size_t i = 0; i < earlier.count; i++)
        if (dwi_sv_eq_nocase(earlier.items[i], dwi_sv_cstr(name)))
            return dwi_err(err, DW_E_SCHEMA, "partition column %s: it is given twice", name);
    if (dwi_partition_value_has_text(schema->fields[at].type))
        return DW_OK;
    dwi_buf_init(&type, arena->alloc);
    dwi_type_append_name(&type, schema->fields[at].type);
    status =
        dwi_buf_cstr(&type) == NULL
            ? dwi_err_nomem(err)
            : dwi_err(err, DW_E_SCHEMA, "partition column %s: type %s cannot partition a table",
                      name, (const char *)type.data);
    dwi_buf_done(&type);
    return status;
}

dw_status dwi_create_partitions(dwi_arena *arena, const dwi_type *schema, const char *const *names,
                                size_t n, dwi_svs *out, dw_error *err)
{
    dwi_sv *found = dwi_arena_array(arena, n, sizeof(*found));
    dw_status status = DW_OK;

    if (found == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < n; i++) {
        int at = names[i] == NULL ? -1 : dwi_type_find(schema, dwi_sv_cstr(names[i]));
        DWI_TRY(check_partition(arena, schema, names[i] == NULL ? "" : names[i], at,
                                (dwi_svs){i, found}, err));
        found[i] = schema->fields[at].name;
    }
    if (n > 0 && n == schema->n_fields)
        return dwi_err(err, DW_E_SCHEMA,
                       "partition column %s: not all columns can be partition columns", names[0]);
    *out = (dwi_svs){n, found};
done:
    return status;
}
