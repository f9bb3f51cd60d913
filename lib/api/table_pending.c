/* SPDX-License-Identifier: Apache-2.0 */
#include "api/table_pending.h"

#include "base/alloc.h"
#include "delta/create.h"
#include "delta/features.h"

static dwi_field *find(dw_table *table, dwi_sv name)
{
    for (size_t i = 0; i < table->synced.n_pending; i++)
        if (dwi_sv_eq_nocase(table->synced.pending[i].name, name))
            return &table->synced.pending[i];
    return NULL;
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
                                const dwi_field **out, dw_error *err)
{
    dwi_arena *arena = &table->synced.pending_arena;
    dwi_field *slot = room_locked(table);
    dwi_field made = {.nullable = true, .field_id = -1, .metadata_json = DWI_SV("{}")};
    dw_status status;

    DWI_TRY(dwi_features_check_column(&table->synced.state->protocol, name, type, err));
    if (slot == NULL || !dwi_arena_sv(arena, name, &made.name))
        return dwi_err_nomem(err);
    made.type = dwi_type_copy(arena, type);
    if (made.type == NULL)
        return dwi_err_nomem(err);
    *slot = made;
    table->synced.n_pending++;
    *out = slot;
done:
    return status;
}

/* The table's own column; a proposal that says otherwise has lost. It is copied, because the state
 * that holds it may go before the transaction that asks. */
static dw_status take_own_locked(dw_table *table, const dwi_field *own, const dwi_field **out,
                                 dw_error *err)
{
    dwi_arena *arena = &table->synced.pending_arena;
    dwi_field *proposal = find(table, own->name);
    dwi_field changed;

    if (proposal == NULL)
        return propose_locked(table, own->name, own->type, out, err);
    changed = *proposal;
    if (!dwi_type_equal(proposal->type, own->type))
        changed.type = dwi_type_copy(arena, own->type);
    if (changed.type == NULL ||
        (!dwi_sv_eq(proposal->name, own->name) && !dwi_arena_sv(arena, own->name, &changed.name)))
        return dwi_err_nomem(err);
    *proposal = changed;
    *out = proposal;
    return DW_OK;
}

dw_status dwi_table_agree_column(dw_table *table, dwi_sv name, const dwi_type *type, dwi_field *out,
                                 dw_error *err)
{
    const dwi_field *known;
    const dwi_type *root;
    dw_status status;
    int at;

    DWI_TRY(dwi_create_check_name(name, err));
    (void)pthread_mutex_lock(&table->synced.lock);
    root = table->synced.state->schema->root;
    at = dwi_type_find(root, name);
    known = find(table, name);
    if (at >= 0)
        status = take_own_locked(table, &root->fields[at], &known, err);
    else if (known == NULL)
        status = propose_locked(table, name, type, &known, err);
    if (status == DW_OK)
        *out = *known;
    (void)pthread_mutex_unlock(&table->synced.lock);
done:
    return status;
}
