/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of the table's columns other than new ones at the end: fields of structs, and columns
 * that may be null from now on. Rows that are staged so far keep to the columns that they were made
 * for (readers see nulls in the fields that they lack); what comes afterwards keeps to the new
 * ones. So the files that are open are finished, and the transaction goes on as if it had begun on
 * a table with these columns. */
#include "api/txn_impl.h"

#include "delta/mapping.h"
#include "delta/property_change.h"
#include "delta/schema_change.h"
#include "json/json_writer.h"

/* A state like the base with another schema: of the same version, and in no log. */
static dw_status state_with(dw_txn *txn, const dwi_table_change *change, dwi_state **out,
                            dw_error *err)
{
    dwi_action action = {.kind = DWI_ACTION_METADATA};
    const dwi_commit commit = {.version = txn->base->version, .n_actions = 1, .actions = &action};

    action.u.metadata = change->metadata;
    return dwi_state_apply(txn->alloc, txn->base, &commit, out, err);
}

/* The decoder, and what follows from the base state, for another one. */
static dw_status move_to(dw_txn *txn, dwi_state *state, dw_error *err)
{
    dwi_json_decoder *decoder = NULL;
    dwi_defaults defaults = {0};
    dwi_row_rules rules = {0};
    dw_status status;

    DWI_TRY(dwi_row_rules_init(&rules, &txn->arena, state, err));
    DWI_TRY(dwi_txn_new_decoder(txn, state, &defaults, &decoder, err));
    dwi_json_decoder_copy_epochs(decoder, txn->decoder);
    dwi_json_decoder_free(txn->decoder);
    dwi_defaults_done(&txn->defaults);
    dwi_state_unref(txn->base);
    txn->decoder = decoder;
    txn->defaults = defaults;
    rules.where = txn->rules.where;
    dwi_row_rules_done(&txn->rules);
    txn->rules = rules;
    rules = (dwi_row_rules){0};
    txn->base = dwi_state_ref(state);
    if (txn->used_cap > 0)
        memset(txn->used, 0, txn->used_cap * sizeof(*txn->used));
done:
    dwi_row_rules_done(&rules);
    if (status != DW_OK)
        dwi_defaults_done(&defaults);
    return status;
}

dw_status dwi_txn_columns_so_far(dw_txn *txn, const dwi_type **out, dw_error *err)
{
    const dwi_type *root = txn->base->schema->root;
    dwi_type *all = dwi_arena_dup(&txn->arena, root, sizeof(*root));
    const dwi_field *columns;
    dwi_field *fields;
    size_t n;
    dw_status status;

    DWI_TRY(dwi_txn_new_columns(txn, &columns, &n, err));
    fields = dwi_arena_array(&txn->arena, root->n_fields + n, sizeof(*fields));
    if (all == NULL || fields == NULL)
        return dwi_err_nomem(err);
    if (root->n_fields > 0)
        memcpy(fields, root->fields, root->n_fields * sizeof(*fields));
    if (n > 0)
        memcpy(fields + root->n_fields, columns, n * sizeof(*fields));
    all->fields = fields;
    all->n_fields += n;
    *out = all;
done:
    return status;
}

dw_status dwi_txn_evolve(dw_txn *txn, const dwi_type *columns, const char *operation,
                         dwi_sv parameters, dw_error *err)
{
    const dwi_state base = dwi_txn_change_base(txn, txn->base);
    const dwi_kvs nothing = {0, NULL};
    dwi_table_change change;
    dwi_state *state = NULL;
    dw_status status;

    DWI_TRY(dwi_table_change_make(&txn->arena, txn->table->log.env, &base, columns, nothing,
                                  &change, err));
    DWI_TRY(state_with(txn, &change, &state, err));
    if (!txn->evolved &&
        !dwi_arena_sv(&txn->arena, txn->base->metadata.schema_string, &txn->evolved_from))
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(dwi_txn_finish_files(txn, err));
    dwi_data_files_free(txn->files); /* they are of the base state */
    txn->files = NULL;
    DWI_TRY(move_to(txn, state, err));
    txn->evolved = true;
    txn->evolve_operation = operation;
    txn->evolve_parameters = parameters;
done:
    dwi_state_unref(state);
    return status;
}

/* {"columns": "[{\"column\": ...}]"} as Spark tells of new columns, or {"column": "PATH"}
 * where none are. */
static dw_status tell(dw_txn *txn, const dwi_type *added, dwi_sv column, dwi_sv *out, dw_error *err)
{
    dwi_buf inner;
    dwi_buf text;
    dw_status status;
    dwi_jw w;

    dwi_buf_init(&inner, txn->alloc);
    dwi_buf_init(&text, txn->alloc);
    dwi_jw_init(&w, &inner);
    if (added != NULL) {
        dwi_jw_array_begin(&w);
        for (size_t i = 0; i < added->n_fields; i++) {
            dwi_jw_object_begin(&w);
            dwi_jw_key(&w, DWI_SV("column"));
            dwi_field_append_json(&inner, &added->fields[i]);
            dwi_jw_object_end(&w);
        }
        dwi_jw_array_end(&w);
    } else {
        dwi_jw_string(&w, column);
    }
    DWI_TRY(dwi_buf_status(&inner, err));
    dwi_jw_init(&w, &text);
    dwi_jw_object_begin(&w);
    dwi_jw_kv_string(&w, added != NULL ? "columns" : "column",
                     (dwi_sv){(const char *)inner.data, inner.len});
    dwi_jw_object_end(&w);
    DWI_TRY(dwi_buf_status(&text, err));
    if (!dwi_arena_sv(&txn->arena, (dwi_sv){(const char *)text.data, text.len}, out))
        status = dwi_err_nomem(err);
done:
    dwi_buf_done(&text);
    dwi_buf_done(&inner);
    return status;
}

/* New columns at the end, and nothing to be kept of their metadata: these need not wait for the
 * table to stand still, see delta/staged.h. */
static bool only_new_columns(const dwi_type *have, const dwi_type *merged)
{
    for (size_t i = 0; i < have->n_fields; i++)
        if (merged->fields[i].type != have->fields[i].type)
            return false;
    for (size_t i = have->n_fields; i < merged->n_fields; i++)
        if (merged->fields[i].metadata_json.len > 2)
            return false;
    return true;
}

dw_status dwi_txn_merge_columns(dw_txn *txn, const dwi_type *wanted, bool *out_done, dw_error *err)
{
    const dwi_type *columns = NULL;
    const dwi_type *merged = NULL;
    dwi_mapping_mode mode;
    dwi_sv parameters;
    dw_status status;

    DWI_TRY(dwi_mapping_mode_of(txn->base->metadata.configuration, &mode, err));
    DWI_TRY(dwi_txn_columns_so_far(txn, &columns, err));
    DWI_TRY(dwi_schema_merge(&txn->arena, columns, wanted, mode, &merged, err));
    *out_done = !only_new_columns(columns, merged);
    if (!*out_done)
        return DW_OK;
    DWI_TRY(tell(txn, wanted, (dwi_sv){0}, &parameters, err));
    DWI_TRY(dwi_txn_evolve(txn, merged, "ADD COLUMNS", parameters, err));
done:
    return status;
}

dw_status dw_txn_drop_not_null(dw_txn *txn, const char *column, dw_error *err)
{
    const dwi_type *columns = NULL;
    const dwi_type *relaxed = NULL;
    dwi_sv parameters;
    dw_status status;

    if (txn == NULL || column == NULL)
        return dwi_err(err, DW_E_ARG, "dw_txn_drop_not_null: txn or column is NULL");
    DWI_TRY(dwi_txn_check_open(txn, err));
    DWI_TRY(dwi_txn_columns_so_far(txn, &columns, err));
    DWI_TRY(dwi_schema_relax(&txn->arena, columns, dwi_sv_cstr(column), &relaxed, err));
    if (relaxed == columns)
        return DW_OK;
    DWI_TRY(tell(txn, NULL, dwi_sv_cstr(column), &parameters, err));
    DWI_TRY(dwi_txn_evolve(txn, relaxed, "CHANGE COLUMN", parameters, err));
done:
    return status;
}
