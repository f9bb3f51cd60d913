/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/row_checks.h"

#include "delta/expression.h"

static const char constraint_prefix[] = "delta.constraints.";

static bool is_constraint(dwi_sv key)
{
    size_t len = sizeof(constraint_prefix) - 1;

    return key.len > len && dwi_sv_eq_nocase((dwi_sv){key.ptr, len}, DWI_SV(constraint_prefix));
}

bool dwi_row_checks_any(dwi_kvs properties)
{
    for (size_t i = 0; i < properties.count; i++)
        if (is_constraint(properties.items[i].key))
            return true;
    return false;
}

/* The condition, or a refusal that names the feature, the place and what stands in the way. */
static dw_status add(dwi_row_checks *checks, const dwi_state *state, const dw_allocator *alloc,
                     dwi_expression_use use, dwi_sv name, dwi_sv sql, dw_error *err)
{
    dwi_row_check *check = &checks->items[checks->n];
    dw_error why = DW_ERROR_INIT;
    dw_status status = dwi_where_parse(alloc, sql, state, &check->where, &why);

    if (status == DW_E_NOMEM)
        return dwi_err_nomem(err);
    if (status != DW_OK) {
        dw_error refusal = DW_ERROR_INIT;
        status = dwi_expression_check(use, name, &refusal);
        return dwi_err(err, status, "%.300s: %.150s", refusal.message, why.message);
    }
    check->name = name;
    checks->n++;
    return DW_OK;
}

/* {"expression":{"expression":"x > 3"}} */
static dw_status invariant_of(dwi_arena *arena, const dwi_field *field, dwi_sv *out, dw_error *err)
{
    const dwi_json *metadata = NULL;
    const dwi_json *invariant = NULL;
    dw_status status;
    dwi_sv text;

    *out = (dwi_sv){NULL, 0};
    if (field->metadata_json.len <= sizeof("\"delta.invariants\""))
        return DW_OK;
    DWI_TRY(dwi_json_parse(arena, field->metadata_json, field->name.ptr, &metadata, err));
    if (dwi_json_get(metadata, "delta.invariants") == NULL)
        return DW_OK;
    *out = DWI_SV(""); /* no condition, unless there is one */
    if (dwi_json_as_string(dwi_json_get(metadata, "delta.invariants"), &text) &&
        dwi_json_parse(arena, text, field->name.ptr, &invariant, NULL) == DW_OK)
        (void)dwi_json_as_string(dwi_json_get(dwi_json_get(invariant, "expression"), "expression"),
                                 out);
done:
    return status;
}

dw_status dwi_row_checks_init(dwi_row_checks *out, dwi_arena *arena, const dwi_state *state,
                              dw_error *err)
{
    const dwi_kvs *properties = &state->metadata.configuration;
    const dwi_type *root = state->schema->root;
    dwi_row_checks made = {0};
    dw_status status = DW_OK;

    made.items = dwi_arena_array(arena, properties->count + root->n_fields, sizeof(*made.items));
    if (made.items == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < root->n_fields; i++) {
        dwi_sv sql;
        DWI_TRY(invariant_of(arena, &root->fields[i], &sql, err));
        if (sql.ptr != NULL)
            DWI_TRY(add(&made, state, arena->alloc, DWI_EXPRESSION_INVARIANT, root->fields[i].name,
                        sql, err));
    }
    for (size_t i = 0; i < properties->count; i++)
        if (is_constraint(properties->items[i].key))
            DWI_TRY(add(&made, state, arena->alloc, DWI_EXPRESSION_CHECK, properties->items[i].key,
                        properties->items[i].value, err));
done:
    if (status != DW_OK)
        dwi_row_checks_done(&made);
    *out = made;
    return status;
}

void dwi_row_checks_done(dwi_row_checks *checks)
{
    for (size_t i = 0; i < checks->n; i++)
        dwi_where_free(checks->items[i].where);
    checks->n = 0;
}

dw_status dwi_row_checks_rows(const dwi_row_checks *checks, const dwi_vec *rows, dw_error *err)
{
    dw_status status = DW_OK;
    uint32_t *meeting;
    dwi_arena arena;
    int64_t n = 0;

    if (checks->n == 0)
        return DW_OK;
    dwi_arena_init(&arena, dwi_where_alloc(checks->items[0].where));
    meeting = dwi_arena_alloc(&arena, (size_t)rows->length * sizeof(*meeting));
    if (meeting == NULL)
        DWI_TRY(dwi_err_nomem(err));
    for (size_t i = 0; i < checks->n; i++) {
        const dwi_row_check *check = &checks->items[i];
        DWI_TRY(dwi_where_rows(check->where, rows, meeting, &n, err));
        if (n < rows->length)
            DWI_TRY(dwi_err(err, DW_E_SCHEMA, "%.*s: a row does not meet %.*s",
                            DWI_SV_ARG(check->name), DWI_SV_ARG(dwi_where_sql(check->where))));
    }
done:
    dwi_arena_done(&arena);
    return status;
}
