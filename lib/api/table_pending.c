/* SPDX-License-Identifier: Apache-2.0 */
#include "api/table_pending.h"

#include "base/alloc.h"
#include "delta/create_schema.h"
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

/* Names and ids for a new column, after all that the table and other proposals have. */
static dw_status map_locked(dw_table *table, dwi_mapping_mode mode, dwi_field *field, dw_error *err)
{
    const dwi_metadata *metadata = &table->synced.state->metadata;
    dwi_arena *arena = &table->synced.pending_arena;
    const dwi_type of_one = {.kind = DWI_STRUCT, .n_fields = 1, .fields = field};
    const dwi_type pending = {
        .kind = DWI_STRUCT, .n_fields = table->synced.n_pending, .fields = table->synced.pending};
    const dwi_type *made = NULL;
    int64_t max_id = 0;
    dw_status status;

    DWI_TRY(dwi_mapping_strip(arena, &of_one, &made, err));
    if (mode != DWI_MAPPING_NONE) {
        DWI_TRY(dwi_mapping_table_max_id(metadata->configuration, table->synced.state->schema->root,
                                         &max_id, err));
        max_id = dwi_mapping_max_id(&pending, max_id);
        DWI_TRY(dwi_mapping_assign(arena, table->log.env, made, DWI_MAPPING_NEW_NAMES, &max_id,
                                   &made, err));
    }
    *field = made->fields[0];
done:
    return status;
}

static dw_status make_locked(dw_table *table, dwi_mapping_mode mode, dwi_sv name,
                             const dwi_type *type, dwi_field *out, dw_error *err)
{
    dwi_arena *arena = &table->synced.pending_arena;
    dwi_field made = {.nullable = true, .field_id = -1, .metadata_json = DWI_SV("{}")};
    dw_status status;

    DWI_TRY(dwi_features_check_column(&table->synced.state->protocol, name, type, err));
    made.type = dwi_type_copy(arena, type);
    if (made.type == NULL || !dwi_arena_sv(arena, name, &made.name))
        return dwi_err_nomem(err);
    DWI_TRY(map_locked(table, mode, &made, err));
    *out = made;
done:
    return status;
}

static dw_status propose_locked(dw_table *table, dwi_mapping_mode mode, dwi_sv name,
                                const dwi_type *type, const dwi_field **out, dw_error *err)
{
    dwi_field *slot = room_locked(table);
    dw_status status;

    if (slot == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(make_locked(table, mode, name, type, slot, err));
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
    dwi_field *proposal = find(table, own->name);
    dwi_field *slot = proposal != NULL ? proposal : room_locked(table);

    if (proposal == NULL || !dwi_sv_eq(proposal->name, own->name) ||
        !dwi_sv_eq(proposal->metadata_json, own->metadata_json) ||
        !dwi_type_equal(proposal->type, own->type)) {
        if (slot == NULL || !dwi_type_copy_field(&table->synced.pending_arena, own, slot))
            return dwi_err_nomem(err);
        slot->nullable = true;
    }
    table->synced.n_pending += proposal == NULL;
    *out = slot;
    return DW_OK;
}

/* A proposal whose ids another writer's columns have by now gets new ones. */
static dw_status renew_locked(dw_table *table, dwi_mapping_mode mode, dwi_field *proposal,
                              dw_error *err)
{
    const dwi_state *state = table->synced.state;
    bool free = true;
    dw_status status;

    DWI_TRY(dwi_mapping_ids_are_free(&state->metadata, state->schema->root, mode, proposal, &free,
                                     err));
    if (!free)
        DWI_TRY(map_locked(table, mode, proposal, err));
done:
    return status;
}

static dw_status agree_locked(dw_table *table, dwi_sv name, const dwi_type *type,
                              const dwi_field **out, dw_error *err)
{
    const dwi_state *state = table->synced.state;
    const dwi_type *root = state->schema->root;
    dwi_mapping_mode mode = DWI_MAPPING_NONE;
    dwi_field *proposal = find(table, name);
    int at = dwi_type_find(root, name);
    dw_status status;

    DWI_TRY(dwi_mapping_mode_of(state->metadata.configuration, &mode, err));
    DWI_TRY(dwi_create_check_name(name, mode, err));
    if (at >= 0)
        return take_own_locked(table, &root->fields[at], out, err);
    if (proposal == NULL)
        return propose_locked(table, mode, name, type, out, err);
    DWI_TRY(renew_locked(table, mode, proposal, err));
    *out = proposal;
done:
    return status;
}

dw_status dwi_table_agree_column(dw_table *table, dwi_sv name, const dwi_type *type, dwi_field *out,
                                 dw_error *err)
{
    const dwi_field *agreed = NULL;
    dw_status status;

    (void)pthread_mutex_lock(&table->synced.lock);
    status = agree_locked(table, name, type, &agreed, err);
    if (status == DW_OK)
        *out = *agreed;
    (void)pthread_mutex_unlock(&table->synced.lock);
    return status;
}
