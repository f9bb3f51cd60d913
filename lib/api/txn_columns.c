/* SPDX-License-Identifier: Apache-2.0 */
/* Columns that a transaction adds. The decoder's type has them after those of the base state. One
 * that was made for a record which was then rejected is known, but not used, and neither files nor
 * the commit have it: bad data does not evolve a table. */
#include "api/txn_impl.h"

static size_t n_base(const dw_txn *txn)
{
    return txn->base->schema->root->n_fields;
}

dw_status dwi_txn_use_column(dw_txn *txn, size_t index, dw_error *err)
{
    size_t before = txn->used_cap;

    if (index < n_base(txn))
        return DW_OK;
    index -= n_base(txn);
    if (!dwi_txn_grow(txn, (void **)&txn->used, &txn->used_cap, index + 1, sizeof(*txn->used)))
        return dwi_err_nomem(err);
    if (txn->used_cap > before)
        memset(txn->used + before, 0, (txn->used_cap - before) * sizeof(*txn->used));
    txn->used[index] = true;
    return DW_OK;
}

static bool is_used(const dw_txn *txn, size_t index)
{
    size_t base = n_base(txn);

    return index < base || (index - base < txn->used_cap && txn->used[index - base]);
}

static bool has_value(const dwi_vec *vec, int64_t first, int64_t count)
{
    for (int64_t row = first; row < first + count; row++)
        if (dwi_vec_is_valid(vec, row))
            return true;
    return false;
}

dw_status dwi_txn_new_columns(dw_txn *txn, const dwi_field **out, size_t *out_n, dw_error *err)
{
    const dwi_type *type = dwi_json_decoder_type(txn->decoder);
    dwi_field *fields = dwi_arena_array(&txn->arena, type->n_fields - n_base(txn), sizeof(*fields));
    size_t n = 0;

    if (fields == NULL)
        return dwi_err_nomem(err);
    for (size_t i = n_base(txn); i < type->n_fields; i++)
        if (is_used(txn, i))
            fields[n++] = type->fields[i];
    *out = fields;
    *out_n = n;
    return DW_OK;
}

/* `rows` without its unused columns; what is made for it lives in `arena`. */
static dw_status leave_out(const dw_txn *txn, const dwi_vec *rows, dwi_arena *arena,
                           const dwi_vec **out, dw_error *err)
{
    dwi_vec *made = dwi_arena_dup(arena, rows, sizeof(*rows));
    dwi_vec *children = dwi_arena_array(arena, rows->n_children, sizeof(*children));
    dwi_type *type = dwi_arena_dup(arena, rows->type, sizeof(*rows->type));
    dwi_field *fields = dwi_arena_array(arena, rows->n_children, sizeof(*fields));
    size_t n = 0;

    if (made == NULL || children == NULL || type == NULL || fields == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < rows->n_children; i++) {
        if (!is_used(txn, i))
            continue;
        children[n] = rows->children[i];
        fields[n++] = rows->type->fields[i];
    }
    type->fields = fields;
    type->n_fields = n;
    made->type = type;
    made->children = children;
    made->n_children = n;
    *out = made;
    return DW_OK;
}

dw_status dwi_txn_used_rows(dw_txn *txn, const dwi_vec *rows, dwi_arena *arena, const dwi_vec **out,
                            dw_error *err)
{
    bool all = true;
    dw_status status = DW_OK;

    for (size_t i = n_base(txn); i < rows->n_children; i++) {
        if (!is_used(txn, i) && has_value(&rows->children[i], rows->offset, rows->length))
            DWI_TRY(dwi_txn_use_column(txn, i, err));
        all = all && is_used(txn, i);
    }
    if (all)
        *out = rows;
    else
        DWI_TRY(leave_out(txn, rows, arena, out, err));
done:
    return status;
}

dw_status dwi_txn_use_columns(dw_txn *txn, const dwi_field *fields, size_t n, dw_error *err)
{
    const dwi_type *type = dwi_json_decoder_type(txn->decoder);
    dw_status status = DW_OK;

    for (size_t i = 0; i < n; i++)
        DWI_TRY(dwi_txn_use_column(txn, (size_t)dwi_type_find(type, fields[i].name), err));
done:
    return status;
}

/* The type with the fields that it lacks at its end, or as it is; in `arena`. */
static dw_status wider_type(dwi_arena *arena, const dwi_type *type, const dwi_field *fields,
                            size_t n, const dwi_type **out, dw_error *err)
{
    dwi_field *all = dwi_arena_array(arena, type->n_fields + n, sizeof(*all));
    dwi_type *made = dwi_arena_dup(arena, type, sizeof(*type));

    if (all == NULL || made == NULL)
        return dwi_err_nomem(err);
    if (type->n_fields > 0)
        memcpy(all, type->fields, type->n_fields * sizeof(*all));
    made->fields = all;
    for (size_t i = 0; i < n; i++) {
        int at = dwi_type_find(made, fields[i].name);
        if (at < 0)
            all[made->n_fields++] = fields[i];
        else if (!dwi_sv_eq(all[at].name, fields[i].name) ||
                 !dwi_type_equal_values(all[at].type, fields[i].type))
            return dwi_err(err, DW_E_SCHEMA, "column %.*s: it exists with another type or spelling",
                           DWI_SV_ARG(fields[i].name));
    }
    *out = made;
    return DW_OK;
}

dw_status dwi_txn_widen(dw_txn *txn, const dwi_field *fields, size_t n, dw_error *err)
{
    const dwi_type *type = dwi_json_decoder_type(txn->decoder);
    const dwi_type *wider = NULL;
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, txn->alloc);
    DWI_TRY(wider_type(&arena, type, fields, n, &wider, err));
    if (wider->n_fields > type->n_fields)
        DWI_TRY(dwi_json_decoder_widen(txn->decoder, wider, err));
done:
    dwi_arena_done(&arena);
    return status;
}

/* A simple type by its kind. */
static const dwi_type *type_of(dwi_type_kind kind)
{
    static const dwi_type types[] = {
        {.kind = DWI_BOOLEAN}, {.kind = DWI_LONG},      {.kind = DWI_DOUBLE},
        {.kind = DWI_STRING},  {.kind = DWI_TIMESTAMP},
    };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i].kind == kind)
            return &types[i];
    return &types[3];
}

dw_status dwi_txn_decide_column(void *ctx, dwi_sv name, dwi_type_kind seen, dwi_field *out,
                                dw_error *err)
{
    dw_txn *txn = ctx;

    return dwi_table_agree_column(txn->table, name, type_of(seen), out, err);
}

/* A column that the caller names must be just as it says. */
static dw_status agree_exactly(dw_txn *txn, const dwi_field *wanted, dwi_field *out, dw_error *err)
{
    dw_status status;

    if (!wanted->nullable)
        return dwi_err(err, DW_E_SCHEMA, "column %.*s: a new column must be nullable",
                       DWI_SV_ARG(wanted->name));
    DWI_TRY(dwi_table_agree_column(txn->table, wanted->name, wanted->type, out, err));
    if (!dwi_sv_eq(out->name, wanted->name) || !dwi_type_equal_values(out->type, wanted->type))
        return dwi_err(err, DW_E_SCHEMA, "column %.*s: it is being added with another type or name",
                       DWI_SV_ARG(wanted->name));
done:
    return status;
}

static dw_status add_columns(dw_txn *txn, const dwi_type *wanted, dwi_arena *arena, dw_error *err)
{
    const dwi_type *known = dwi_json_decoder_type(txn->decoder);
    dwi_field *fields = dwi_arena_array(arena, wanted->n_fields, sizeof(*fields));
    dw_status status = DW_OK;

    if (fields == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < wanted->n_fields; i++) {
        int at = dwi_type_find(known, wanted->fields[i].name);
        fields[i] = wanted->fields[i];
        if (at >= 0)
            fields[i].name = known->fields[at].name;
        else
            DWI_TRY(agree_exactly(txn, &wanted->fields[i], &fields[i], err));
    }
    DWI_TRY(dwi_txn_widen(txn, fields, wanted->n_fields, err));
    DWI_TRY(dwi_txn_use_columns(txn, fields, wanted->n_fields, err));
done:
    return status;
}

dw_status dw_txn_add_columns(dw_txn *txn, const char *schema_json, dw_error *err)
{
    dwi_schema *schema = NULL;
    dwi_arena arena = {0};
    bool merged = false;
    dw_status status;

    if (txn == NULL || schema_json == NULL)
        return dwi_err(err, DW_E_ARG, "dw_txn_add_columns: txn or schema_json is NULL");
    DWI_TRY(dwi_txn_check_open(txn, err));
    dwi_arena_init(&arena, txn->alloc);
    DWI_TRY(dwi_schema_parse(txn->alloc, dwi_sv_cstr(schema_json), &schema, err));
    DWI_TRY(dwi_txn_merge_columns(txn, schema->root, &merged, err));
    if (!merged)
        DWI_TRY(add_columns(txn, schema->root, &arena, err));
done:
    dwi_schema_unref(schema);
    dwi_arena_done(&arena);
    return status;
}
