/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of the table itself that a transaction publishes with its rows: properties set and unset,
 * and columns that change (txn_evolve.c). They are made for the version that the transaction began
 * on. */
#include "api/txn_impl.h"

#include "delta/conflict.h"
#include "delta/property_change.h"
#include "delta/property_table.h"
#include "json/json_writer.h"

dw_status dw_txn_set_property(dw_txn *txn, const char *key, const char *value, dw_error *err)
{
    dwi_kv taken;
    size_t i = 0;
    dw_status status;

    if (txn == NULL || key == NULL)
        return dwi_err(err, DW_E_ARG, "dw_txn_set_property: txn or key is NULL");
    DWI_TRY(dwi_txn_check_open(txn, err));
    DWI_TRY(dwi_property_take(&txn->arena, key, value, &taken, err));
    while (i < txn->n_properties && !dwi_sv_eq_nocase(txn->properties[i].key, taken.key))
        i++;
    if (!dwi_txn_grow(txn, (void **)&txn->properties, &txn->properties_cap, i + 1, sizeof(taken)))
        return dwi_err_nomem(err);
    txn->properties[i] = taken;
    if (i == txn->n_properties)
        txn->n_properties++;
done:
    return status;
}

/* {"properties": ...} as Spark tells a change of properties in the history. */
static dw_status tell_properties(dw_txn *txn, bool unset, dwi_sv *out, dw_error *err)
{
    dwi_buf text;
    dwi_buf inner;
    dw_status status;
    dwi_jw w;

    dwi_buf_init(&text, txn->alloc);
    dwi_buf_init(&inner, txn->alloc);
    dwi_jw_init(&w, &inner);
    if (unset)
        dwi_jw_array_begin(&w);
    else
        dwi_jw_object_begin(&w);
    for (size_t i = 0; i < txn->n_properties; i++) {
        if (unset) {
            dwi_jw_string(&w, txn->properties[i].key);
        } else if (txn->properties[i].value.ptr != NULL) {
            dwi_jw_key(&w, txn->properties[i].key);
            dwi_jw_string(&w, txn->properties[i].value);
        }
    }
    if (unset)
        dwi_jw_array_end(&w);
    else
        dwi_jw_object_end(&w);
    DWI_TRY(dwi_buf_status(&inner, err));
    dwi_jw_init(&w, &text);
    dwi_jw_object_begin(&w);
    dwi_jw_kv_string(&w, "properties", (dwi_sv){(const char *)inner.data, inner.len});
    if (unset)
        dwi_jw_kv_cstr(&w, "ifExists", "true");
    dwi_jw_object_end(&w);
    DWI_TRY(dwi_buf_status(&text, err));
    if (!dwi_arena_sv(&txn->arena, (dwi_sv){(const char *)text.data, text.len}, out))
        status = dwi_err_nomem(err);
done:
    dwi_buf_done(&inner);
    dwi_buf_done(&text);
    return status;
}

static dw_status tell(dw_txn *txn, dwi_staged *staged, dw_error *err)
{
    bool unset = true;
    dw_status status = DW_OK;

    for (size_t i = 0; i < txn->n_properties; i++)
        unset = unset && txn->properties[i].value.ptr == NULL;
    if (staged->operation == NULL)
        staged->operation = unset ? "UNSET TBLPROPERTIES" : "SET TBLPROPERTIES";
    DWI_TRY(tell_properties(txn, unset, &staged->parameters, err));
    staged->metrics = DWI_SV("{}");
done:
    return status;
}

/* The columns that the table is to have; NULL: those that it has. */
static dw_status wider_schema(dw_txn *txn, const dwi_state *base, const dwi_staged *staged,
                              const dwi_type **out, dw_error *err)
{
    const dwi_type *root = txn->evolved ? txn->base->schema->root : base->schema->root;
    dwi_type *wider = dwi_arena_dup(&txn->arena, root, sizeof(*root));
    dwi_field *fields =
        dwi_arena_array(&txn->arena, root->n_fields + staged->n_columns, sizeof(*fields));
    size_t n;
    dw_status status;

    if (wider == NULL || fields == NULL)
        return dwi_err_nomem(err);
    if (root->n_fields > 0)
        memcpy(fields, root->fields, root->n_fields * sizeof(*fields));
    DWI_TRY(dwi_conflict_missing_columns(base, staged->columns, staged->n_columns,
                                         fields + root->n_fields, &n, err));
    wider->fields = fields;
    wider->n_fields += n;
    *out = n == 0 && !txn->evolved ? NULL : wider;
done:
    return status;
}

dw_status dwi_txn_stage_changes(dw_txn *txn, dwi_staged *staged, dw_error *err)
{
    dwi_table_change *change = dwi_arena_zero(&txn->arena, sizeof(*change));
    const dwi_state *was = txn->committer.base; /* joined transactions may have moved it */
    const dwi_kvs properties = {txn->n_properties, txn->properties};
    const dwi_state copy = dwi_txn_change_base(txn, was);
    const dwi_state *base = &copy;
    const dwi_type *schema = NULL;
    dw_status status = DW_OK;

    if (txn->n_properties == 0 && !txn->evolved && !txn->described &&
        txn->dropped_features.count == 0)
        return DW_OK;
    if (change == NULL)
        return dwi_err_nomem(err);
    if (txn->evolved && !dwi_sv_eq(txn->evolved_from, base->metadata.schema_string))
        return dwi_err(err, DW_E_CONFLICT,
                       "version %lld: another commit changed the columns while ours changes them",
                       (long long)base->version);
    DWI_TRY(wider_schema(txn, base, staged, &schema, err));
    DWI_TRY(dwi_table_change_make(&txn->arena, txn->table->log.env, base, schema, properties,
                                  change, err));
    DWI_TRY(dwi_txn_apply_alter(txn, change, err));
    if (change->changes_metadata) {
        staged->metadata = &change->metadata;
        staged->n_columns = 0; /* they are in it */
    }
    if (change->changes_protocol)
        staged->protocol = &change->protocol;
    if (txn->n_adds > 0 || txn->n_apps > 0)
        return DW_OK;
    if (txn->evolved && staged->operation == NULL) {
        staged->operation = txn->evolve_operation;
        staged->parameters = txn->evolve_parameters;
        staged->metrics = DWI_SV("{}");
    } else if ((staged->metadata != NULL || staged->protocol != NULL) && schema == NULL) {
        DWI_TRY(txn->n_properties > 0 ? tell(txn, staged, err)
                                      : dwi_txn_tell_alter(txn, staged, err));
    }
done:
    return status;
}
