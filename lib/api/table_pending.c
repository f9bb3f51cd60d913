/* SPDX-License-Identifier: Apache-2.0 */
#include "api/table_pending.h"

#include "base/alloc.h"
#include "delta/create.h"

static dwi_field *find(dw_table *table, dwi_sv name)
{
    for (size_t i = 0; i < table->synced.n_pending; i++)
        if (dwi_sv_eq_nocase(table->synced.pending[i].name, name))
            return &table->synced.pending[i];
    return NULL;
}

static dw_status same_spelling(dwi_sv known, dwi_sv name, dw_error *err)
{
    if (dwi_sv_eq(known, name))
        return DW_OK;
    return dwi_err(err, DW_E_SCHEMA, "column %.*s: there is a column %.*s already",
                   DWI_SV_ARG(name), DWI_SV_ARG(known));
}

/* A slot at the end; n_pending is not moved yet. */
static dwi_field *room_locked(dw_table *table)
{
    size_t cap = table->synced.pending_cap;
    size_t wanted = cap == 0 ? 8 : cap * 2;
    dwi_field *grown;

    if (table->synced.n_pending < cap)
        return &table->synced.pending[table->synced.n_pending];
    grown = dwi_realloc(table->alloc, table->synced.pending, cap * sizeof(*grown),
                        wanted * sizeof(*grown));
    if (grown == NULL)
        return NULL;
    table->synced.pending = grown;
    table->synced.pending_cap = wanted;
    return &grown[table->synced.n_pending];
}

static dw_status propose_locked(dw_table *table, dwi_sv name, const dwi_type *type,
                                const dwi_type **out, dw_error *err)
{
    dwi_arena *arena = &table->synced.pending_arena;
    dwi_field *slot = room_locked(table);
    dwi_field made = {.nullable = true, .field_id = -1, .metadata_json = DWI_SV("{}")};

    if (slot == NULL || !dwi_arena_sv(arena, name, &made.name))
        return dwi_err_nomem(err);
    made.type = dwi_type_copy(arena, type);
    if (made.type == NULL)
        return dwi_err_nomem(err);
    *slot = made;
    table->synced.n_pending++;
    *out = made.type;
    return DW_OK;
}

/* The table's own column; a proposal that says otherwise has lost. Its type is copied, because the
 * state that holds it may go before the transaction that asks. */
static dw_status take_own_locked(dw_table *table, const dwi_field *own, const dwi_type **out,
                                 dw_error *err)
{
    dwi_field *proposal = find(table, own->name);

    if (proposal == NULL)
        return propose_locked(table, own->name, own->type, out, err);
    if (!dwi_type_equal(proposal->type, own->type)) {
        const dwi_type *copy = dwi_type_copy(&table->synced.pending_arena, own->type);
        if (copy == NULL)
            return dwi_err_nomem(err);
        proposal->type = copy;
    }
    *out = proposal->type;
    return DW_OK;
}

dw_status dwi_table_agree_column(dw_table *table, dwi_sv name, const dwi_type *type,
                                 const dwi_type **out, dw_error *err)
{
    const dwi_type *root;
    const dwi_field *known;
    dw_status status;
    int at;

    status = dwi_create_check_name(name, err);
    if (status != DW_OK)
        return status;
    pthread_mutex_lock(&table->synced.lock);
    root = table->synced.state->schema->root;
    at = dwi_type_find(root, name);
    known = at >= 0 ? &root->fields[at] : find(table, name);
    if (known != NULL)
        DWI_TRY(same_spelling(known->name, name, err));
    if (at >= 0)
        status = take_own_locked(table, known, out, err);
    else if (known != NULL)
        *out = known->type;
    else
        status = propose_locked(table, name, type, out, err);
done:
    pthread_mutex_unlock(&table->synced.lock);
    return status;
}
