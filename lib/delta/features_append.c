/* SPDX-License-Identifier: Apache-2.0 */
/* The gate before an append: what the table's protocol lists must be known, and what its metadata
 * uses must be done by us. Asked before any byte is written. */
#include "delta/features.h"

#include "delta/expression.h"
#include "delta/mapping.h"
#include "delta/partition_value.h"
#include "delta/properties.h"
#include "delta/row_checks.h"

static bool metadata_has(const dwi_field *field, const char *key)
{
    char quoted[64];
    size_t len = strlen(key);

    /* Keys are quoted text in the field's JSON; a string value that looks the same errs on the side
     * of refusing. */
    if (len + 2 >= sizeof(quoted) || field->metadata_json.len < len + 2)
        return false;
    quoted[0] = '"';
    memcpy(quoted + 1, key, len);
    quoted[len + 1] = '"';
    for (size_t i = 0; i + len + 2 <= field->metadata_json.len; i++)
        if (memcmp(field->metadata_json.ptr + i, quoted, len + 2) == 0)
            return true;
    return false;
}

/* The first field, at any depth, that `matches`; NULL when there is none. */
static const dwi_field *find_field(const dwi_type *type,
                                   bool (*matches)(const dwi_field *field, const char *key),
                                   const char *key)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        const dwi_field *field = &type->fields[i];
        const dwi_field *found;
        if (matches(field, key))
            return field;
        found = find_field(field->type, matches, key);
        if (found != NULL)
            return found;
    }
    return NULL;
}

/* The first field whose metadata has the key, at any depth. */
static bool in_schema(const dwi_type *schema, const char *key, dwi_sv *out_where)
{
    const dwi_field *field = find_field(schema, metadata_has, key);

    if (field != NULL)
        *out_where = field->name;
    return field != NULL;
}

static bool is_on(dwi_kvs properties, const char *key)
{
    dwi_sv value = dwi_property(properties, key);

    return value.ptr != NULL && !dwi_sv_eq_nocase(value, DWI_SV("false"));
}

static dw_status refuse(const char *feature, dwi_sv where, dw_error *err)
{
    return dwi_err(err, DW_E_UNSUPPORTED,
                   "feature %s is not supported, and the table uses it (%.*s)", feature,
                   DWI_SV_ARG(where));
}

/* Those below columns: what such a one calls a field is not settled. */
static dw_status check_deep_invariants(const dwi_type *schema, dw_error *err)
{
    dw_status status = DW_OK;
    dwi_sv where;

    for (size_t i = 0; i < schema->n_fields && status == DW_OK; i++)
        if (in_schema(schema->fields[i].type, "delta.invariants", &where))
            status = dwi_expression_check(DWI_EXPRESSION_INVARIANT, where, err);
    return status;
}

/* SQL that rows have to be judged by, as far as we can, or would have to be made by. */
static dw_status check_expressions(const dwi_state *state, dw_error *err)
{
    dwi_row_checks checks = {0};
    dwi_arena arena;
    dw_status status;
    dwi_sv where;

    dwi_arena_init(&arena, state->arena.alloc);
    DWI_TRY(dwi_row_checks_init(&checks, &arena, state, err));
    if (in_schema(state->schema->root, "delta.generationExpression", &where))
        DWI_TRY(dwi_expression_check(DWI_EXPRESSION_GENERATED, where, err));
    status = check_deep_invariants(state->schema->root, err);
done:
    dwi_row_checks_done(&checks);
    dwi_arena_done(&arena);
    return status;
}

/* What new rows have to be judged by, and values that they would have to be given. */
static dw_status check_new_rows(const dwi_state *state, dw_error *err)
{
    dw_status status;
    dwi_sv where;

    DWI_TRY(check_expressions(state, err));
    if (in_schema(state->schema->root, "delta.identity.start", &where))
        DWI_TRY(refuse("identityColumns", where, err));
done:
    return status;
}

/* Forms of files that we do not write. */
static dw_status check_switches(dwi_kvs properties, dw_error *err)
{
    static const char *const switches[][2] = {
        {"icebergCompatV1", "delta.enableIcebergCompatV1"},
        {"icebergCompatV2", "delta.enableIcebergCompatV2"},
        {"icebergCompatV3", "delta.enableIcebergCompatV3"},
        {"icebergWriterCompatV1", "delta.enableIcebergWriterCompatV1"},
        {"icebergWriterCompatV3", "delta.enableIcebergWriterCompatV3"},
    };

    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
        if (is_on(properties, switches[i][1]))
            return refuse(switches[i][0], dwi_sv_cstr(switches[i][1]), err);
    return DW_OK;
}

/* What metadata uses binds even where the protocol fails to say so. */
static dw_status check_active(dwi_kvs properties, dw_error *err)
{
    dwi_mapping_mode mode = DWI_MAPPING_NONE; /* one that we do not know is refused */
    dw_status status;

    DWI_TRY(check_switches(properties, err));
    DWI_TRY(dwi_mapping_mode_of(properties, &mode, err));
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

/* Void columns are left out of data files, which needs something else in their place. */
static dw_status check_void(const dwi_type *type, dwi_sv name, dw_error *err)
{
    dw_status status = DW_OK;

    if (type->kind == DWI_STRUCT && !has_values(type))
        return dwi_err(err, DW_E_UNSUPPORTED,
                       "column %.*s: a struct of nothing but type void is not supported",
                       DWI_SV_ARG(name));
    for (size_t i = 0; i < type->n_fields; i++) {
        if (type->kind != DWI_STRUCT && type->fields[i].type->kind == DWI_VOID)
            return dwi_err(err, DW_E_UNSUPPORTED,
                           "column %.*s: an array or map of type void is not supported",
                           DWI_SV_ARG(name));
        DWI_TRY(check_void(type->fields[i].type,
                           type->kind == DWI_STRUCT ? type->fields[i].name : name, err));
    }
done:
    return status;
}

/* Every listed name must be one we know, and not bind us to what we do not do; check_active() has
 * those that bind only where they are used. */
static dw_status check_listed(const dwi_protocol *protocol, dw_error *err)
{
    for (size_t i = 0; i < protocol->writer_features.count; i++) {
        dwi_sv name = protocol->writer_features.items[i];
        const dwi_feature *f = dwi_features_find(name);
        if (f == NULL || f->append == DWI_SUPPORT_NO)
            return dwi_err(err, DW_E_UNSUPPORTED, "protocol: writer feature %.*s is not supported",
                           DWI_SV_ARG(name));
    }
    return DW_OK;
}

/* Every partition column is there, and its values can be text. */
static dw_status check_partitions(const dwi_metadata *metadata, const dwi_type *schema,
                                  dw_error *err)
{
    for (size_t i = 0; i < metadata->partition_columns.count; i++) {
        dwi_sv name = metadata->partition_columns.items[i];
        int at = dwi_type_find(schema, name);
        if (at < 0)
            return dwi_err(err, DW_E_CORRUPT,
                           "partition column %.*s: the schema has no such column",
                           DWI_SV_ARG(name));
        if (!dwi_partition_value_has_text(schema->fields[at].type))
            return dwi_err(err, DW_E_UNSUPPORTED, "partition column %.*s: type %s is not supported",
                           DWI_SV_ARG(name), dwi_type_kind_name(schema->fields[at].type->kind));
    }
    return DW_OK;
}

/* Properties that would hand commits or their publication to someone else. */
static dw_status check_hand_overs(dwi_kvs properties, dw_error *err)
{
    static const char *const prefixes[] = {"delta.coordinatedCommits.", "delta.redirect",
                                           "delta.universalFormat.enabledFormats"};

    for (size_t i = 0; i < properties.count; i++) {
        dwi_kv p = properties.items[i];
        for (size_t k = 0; k < sizeof(prefixes) / sizeof(prefixes[0]); k++) {
            dwi_sv prefix = dwi_sv_cstr(prefixes[k]);
            if (p.key.len >= prefix.len && p.value.len > 0 &&
                dwi_sv_eq_nocase((dwi_sv){p.key.ptr, prefix.len}, prefix))
                return dwi_err(err, DW_E_UNSUPPORTED, "property %.*s is not supported",
                               DWI_SV_ARG(p.key));
        }
    }
    return DW_OK;
}

/* Somebody else decides what the table's versions are. */
static dw_status check_in_charge(const dwi_state *state, dw_error *err)
{
    static const char *const others[] = {"catalogManaged", "coordinatedCommits-preview",
                                         "redirectWriterOnly-preview",
                                         "redirectReaderWriter-preview"};
    static const char *const keys[] = {"delta.coordinatedCommits.", "delta.redirect"};
    dwi_kvs properties = state->metadata.configuration;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (dwi_features_has_writer(&state->protocol, others[i]))
            return dwi_err(err, DW_E_UNSUPPORTED, "protocol: writer feature %s is not supported",
                           others[i]);
    for (size_t i = 0; i < properties.count; i++)
        for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
            dwi_sv key = properties.items[i].key;
            dwi_sv prefix = dwi_sv_cstr(keys[k]);
            if (key.len >= prefix.len && properties.items[i].value.len > 0 &&
                dwi_sv_eq_nocase((dwi_sv){key.ptr, prefix.len}, prefix))
                return dwi_err(err, DW_E_UNSUPPORTED, "property %.*s is not supported",
                               DWI_SV_ARG(key));
        }
    return DW_OK;
}

dw_status dwi_features_check_vacuum(const dwi_state *state, dw_error *err)
{
    dw_status status;

    DWI_TRY(dwi_features_check_log(&state->protocol, err));
    DWI_TRY(dwi_features_check_checkpoint(state, err));
    DWI_TRY(check_in_charge(state, err));
done:
    return status;
}

dw_status dwi_features_check_restore(const dwi_state *state, dw_error *err)
{
    const dwi_protocol *protocol = &state->protocol;
    dw_status status;
    dwi_sv where;

    DWI_TRY(dwi_features_check_vacuum(state, err));
    DWI_TRY(dwi_features_check_scan(state, err));
    if (protocol->min_writer_version == 7)
        DWI_TRY(check_listed(protocol, err));
    DWI_TRY(check_switches(state->metadata.configuration, err));
    if (in_schema(state->schema->root, "delta.identity.start", &where))
        DWI_TRY(refuse("identityColumns", where, err));
    DWI_TRY(check_hand_overs(state->metadata.configuration, err));
done:
    return status;
}

dw_status dwi_features_check_rewrite(const dwi_state *state, dw_error *err)
{
    const dwi_protocol *protocol = &state->protocol;
    const dwi_metadata *metadata = &state->metadata;
    const dwi_type *schema = state->schema->root;
    dw_status status;

    DWI_TRY(dwi_features_check_writer_version(protocol, err));
    DWI_TRY(dwi_features_check_scan(state, err));
    if (protocol->min_writer_version == 7)
        DWI_TRY(check_listed(protocol, err));
    DWI_TRY(check_active(metadata->configuration, err));
    for (size_t i = 0; i < schema->n_fields; i++)
        DWI_TRY(check_void(schema->fields[i].type, schema->fields[i].name, err));
    DWI_TRY(check_hand_overs(metadata->configuration, err));
    DWI_TRY(check_partitions(metadata, schema, err));
    if (metadata->format_provider.ptr != NULL &&
        !dwi_sv_eq_nocase(metadata->format_provider, DWI_SV("parquet")))
        DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED, "format %.*s is not supported",
                        DWI_SV_ARG(metadata->format_provider)));
done:
    return status;
}

dw_status dwi_features_check_append(const dwi_state *state, dw_error *err)
{
    dw_status status;

    DWI_TRY(dwi_features_check_rewrite(state, err));
    DWI_TRY(check_new_rows(state, err));
done:
    return status;
}
