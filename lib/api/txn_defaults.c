/* SPDX-License-Identifier: Apache-2.0 */
#include "api/txn_defaults.h"

#include <deltawrite/arrow_c_data.h>

#include "delta/expression.h"
#include "json/json_doc.h"

static dw_status default_of(const dwi_field *field, dwi_arena *arena, dwi_sv *out, dw_error *err)
{
    const dwi_json *root = NULL;
    dw_status status;

    *out = (dwi_sv){NULL, 0};
    if (field->metadata_json.len <= 2)
        return DW_OK;
    status = dwi_json_parse(arena, field->metadata_json, field->name.ptr, &root, err);
    if (status == DW_OK && !dwi_json_as_string(dwi_json_get(root, "CURRENT_DEFAULT"), out))
        *out = (dwi_sv){NULL, 0};
    return status;
}

/* One column's value, or why there is none. */
static dw_status take_default(dwi_defaults *defaults, size_t i, dwi_sv sql, dwi_arena *arena,
                              dw_error *err)
{
    dwi_column *column = &defaults->row.children[i];
    dw_error why = DW_ERROR_INIT;
    dw_status status;

    defaults->has[i] = true;
    status = dwi_expression_append_default(column, sql, defaults->row.type->fields[i].name, &why);
    if (status == DW_OK)
        return DW_OK;
    if (status != DW_E_UNSUPPORTED)
        return dwi_err(err, status, "%s", why.message);
    defaults->why[i] = dwi_arena_cstr(arena, why.message);
    return defaults->why[i] == NULL ? dwi_err_nomem(err) : dwi_column_append_null(column, err);
}

dw_status dwi_defaults_init(dwi_defaults *defaults, dwi_arena *arena, const dwi_type *schema,
                            const dw_allocator *alloc, dw_error *err)
{
    dwi_sv *texts = dwi_arena_array(arena, schema->n_fields, sizeof(*texts));
    bool any = false;
    dw_status status = DW_OK;

    memset(defaults, 0, sizeof(*defaults));
    defaults->has = dwi_arena_array(arena, schema->n_fields, sizeof(bool));
    defaults->why = dwi_arena_array(arena, schema->n_fields, sizeof(char *));
    if (texts == NULL || defaults->has == NULL || defaults->why == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < schema->n_fields; i++) {
        DWI_TRY(default_of(&schema->fields[i], arena, &texts[i], err));
        any = any || texts[i].ptr != NULL;
    }
    if (!any)
        return DW_OK;
    DWI_TRY(dwi_column_init(&defaults->row, schema, alloc, err));
    for (size_t i = 0; i < schema->n_fields; i++) {
        if (texts[i].ptr != NULL)
            DWI_TRY(take_default(defaults, i, texts[i], arena, err));
        else
            DWI_TRY(dwi_column_append_null(&defaults->row.children[i], err));
    }
    DWI_TRY(dwi_column_end_row(&defaults->row, err));
    defaults->view = dwi_column_view(&defaults->row, arena);
    if (defaults->view == NULL)
        return dwi_err_nomem(err);
    defaults->n = schema->n_fields;
done:
    return status;
}

void dwi_defaults_done(dwi_defaults *defaults)
{
    if (defaults->row.type != NULL)
        dwi_column_done(&defaults->row);
    memset(defaults, 0, sizeof(*defaults));
}

void dwi_defaults_tell(const dwi_defaults *defaults, dwi_json_decoder *decoder)
{
    for (size_t i = 0; i < defaults->n; i++)
        if (defaults->has[i])
            dwi_json_decoder_set_absent(
                decoder, i, defaults->why[i] == NULL ? &defaults->view->children[i] : NULL,
                defaults->why[i]);
}

static bool batch_has(const struct ArrowSchema *batch, dwi_sv name)
{
    for (int64_t i = 0; i < batch->n_children; i++)
        if (batch->children[i] != NULL && batch->children[i]->name != NULL &&
            dwi_sv_eq_nocase(dwi_sv_cstr(batch->children[i]->name), name))
            return true;
    return false;
}

static bool lacks(const dwi_defaults *defaults, const struct ArrowSchema *batch,
                  const dwi_type *type, size_t i)
{
    return i < defaults->n && defaults->has[i] && !batch_has(batch, type->fields[i].name);
}

dw_status dwi_defaults_relax(const dwi_defaults *defaults, const struct ArrowSchema *batch,
                             const dwi_type *type, dwi_arena *arena, const dwi_type **out,
                             dw_error *err)
{
    dwi_type *relaxed;
    dwi_field *fields;

    *out = type;
    if (defaults->n == 0)
        return DW_OK;
    relaxed = dwi_arena_dup(arena, type, sizeof(*type));
    fields = dwi_arena_dup(arena, type->fields, type->n_fields * sizeof(*fields));
    if (relaxed == NULL || fields == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < type->n_fields; i++) {
        if (!lacks(defaults, batch, type, i))
            continue;
        if (defaults->why[i] != NULL)
            return dwi_err(err, DW_E_UNSUPPORTED, "%s", defaults->why[i]);
        fields[i].nullable = true;
    }
    relaxed->fields = fields;
    *out = relaxed;
    return DW_OK;
}

dw_status dwi_defaults_fill(const dwi_defaults *defaults, const struct ArrowSchema *batch,
                            const dwi_type *type, dwi_arena *arena, const dwi_vec **rows,
                            dwi_column *filled, dw_error *err)
{
    dwi_vec *made = dwi_arena_dup(arena, *rows, sizeof(*made));
    dwi_vec *children =
        dwi_arena_dup(arena, (*rows)->children, (*rows)->n_children * sizeof(dwi_vec));
    dw_status status;

    if (made == NULL || children == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(dwi_column_init(filled, type, arena->alloc, err));
    for (size_t i = 0; i < type->n_fields; i++) {
        const dwi_vec *column;
        if (!lacks(defaults, batch, type, i))
            continue;
        for (int64_t row = 0; row < made->length; row++)
            DWI_TRY(dwi_column_append_vec(&filled->children[i], &defaults->view->children[i], 0, 1,
                                          err));
        column = dwi_column_view(&filled->children[i], arena);
        if (column == NULL)
            DWI_TRY(dwi_err_nomem(err));
        children[i] = *column;
    }
    made->type = type;
    made->children = children;
    *rows = made;
done:
    return status;
}
