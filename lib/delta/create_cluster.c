/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create_cluster.h"

#include "delta/properties.h"
#include "json/json_writer.h"

enum { MAX_COLUMNS = 4 }; /* as Spark has it */

/* Types whose bounds let files be skipped. */
static bool may_cluster(const dwi_type *type)
{
    switch (type->kind) {
    case DWI_BYTE:
    case DWI_SHORT:
    case DWI_INTEGER:
    case DWI_LONG:
    case DWI_FLOAT:
    case DWI_DOUBLE:
    case DWI_DECIMAL:
    case DWI_STRING:
    case DWI_DATE:
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
        return true;
    default:
        return false;
    }
}

/* Writes the physical names along one path. */
static dw_status write_path(dwi_jw *w, const dwi_type *schema, const dwi_type *physical,
                            const char *text, char *scratch, const dwi_field **out_field,
                            dw_error *err)
{
    dwi_sv path = dwi_sv_cstr(text);
    const dwi_type *type = schema;

    dwi_jw_array_begin(w);
    while (path.len > 0) {
        size_t len;
        int at = -1;
        if (!dwi_property_path_name(&path, scratch, &len))
            return dwi_err(err, DW_E_ARG, "clustering column %s: not a column's path", text);
        if (type->kind == DWI_STRUCT && !type->variant)
            at = dwi_type_find(type, (dwi_sv){scratch, len});
        if (at < 0)
            return dwi_err(err, DW_E_SCHEMA, "clustering column %s: the schema has no such column",
                           text);
        dwi_jw_string(w, physical->fields[at].name);
        *out_field = &type->fields[at];
        type = type->fields[at].type;
        physical = physical->fields[at].type;
    }
    dwi_jw_array_end(w);
    if (!may_cluster(type))
        return dwi_err(err, DW_E_SCHEMA,
                       "clustering column %s: its type has no bounds that let files be skipped",
                       text);
    return DW_OK;
}

dw_status dwi_create_clustering(dwi_arena *arena, const dwi_type *schema, dwi_mapping_mode mode,
                                dwi_svs partition_columns, const char *const *paths, size_t n,
                                dwi_sv *out_configuration, dw_error *err)
{
    const dwi_field *columns[MAX_COLUMNS] = {NULL};
    const dwi_type *physical = NULL;
    dwi_buf text;
    dwi_jw w;
    dw_status status;

    for (size_t i = 0; i < n; i++)
        if (paths[i] == NULL)
            return dwi_err(err, DW_E_ARG, "clustering columns: one is NULL");
    if (n > MAX_COLUMNS)
        return dwi_err(err, DW_E_ARG, "clustering column %s: a table has at most %d of them",
                       paths[MAX_COLUMNS], MAX_COLUMNS);
    if (partition_columns.count > 0)
        return dwi_err(err, DW_E_SCHEMA,
                       "clustering column %s: a table is partitioned or clustered, not both",
                       paths[0]);
    dwi_buf_init(&text, arena->alloc);
    DWI_TRY(dwi_mapping_physical(arena, schema, mode, &physical, err));
    dwi_jw_init(&w, &text);
    dwi_jw_object_begin(&w);
    dwi_jw_key(&w, DWI_SV("clusteringColumns"));
    dwi_jw_array_begin(&w);
    for (size_t i = 0; i < n; i++) {
        char *scratch = dwi_arena_alloc(arena, strlen(paths[i]) + 1);
        if (scratch == NULL)
            DWI_TRY(dwi_err_nomem(err));
        DWI_TRY(write_path(&w, schema, physical, paths[i], scratch, &columns[i], err));
        for (size_t k = 0; k < i; k++)
            if (columns[k] == columns[i])
                DWI_TRY(
                    dwi_err(err, DW_E_SCHEMA, "clustering column %s: it is given twice", paths[i]));
    }
    dwi_jw_array_end(&w);
    dwi_jw_kv_cstr(&w, "domainName", "delta.clustering");
    dwi_jw_object_end(&w);
    DWI_TRY(dwi_buf_status(&text, err));
    out_configuration->ptr = dwi_arena_dup(arena, text.data, text.len);
    out_configuration->len = text.len;
    if (out_configuration->ptr == NULL)
        DWI_TRY(dwi_err_nomem(err));
done:
    dwi_buf_done(&text);
    return status;
}
