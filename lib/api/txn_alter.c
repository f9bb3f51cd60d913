/* SPDX-License-Identifier: Apache-2.0 */
/* Columns renamed, dropped and commented on, and features taken away. */
#include <deltawrite/modify.h>

#include "api/txn_impl.h"

#include "delta/features.h"
#include "delta/file_layout.h"
#include "delta/properties.h"
#include "delta/schema_edit.h"
#include "json/json_writer.h"

dwi_state dwi_txn_change_base(const dw_txn *txn, const dwi_state *base)
{
    dwi_state copy = *base;

    if (txn->partition_columns != NULL)
        copy.metadata.partition_columns = *txn->partition_columns;
    return copy;
}

/* One member of commitInfo's operationParameters after the other: name, text. */
static dw_status tell(dw_txn *txn, const char *const *members, size_t n, dwi_sv *out, dw_error *err)
{
    dw_status status;
    dwi_buf text;
    dwi_jw w;

    dwi_buf_init(&text, txn->alloc);
    dwi_jw_init(&w, &text);
    dwi_jw_object_begin(&w);
    for (size_t i = 0; i + 1 < n; i += 2)
        dwi_jw_kv_cstr(&w, members[i], members[i + 1]);
    dwi_jw_object_end(&w);
    DWI_TRY(dwi_buf_status(&text, err));
    if (!dwi_arena_sv(&txn->arena, (dwi_sv){(const char *)text.data, text.len}, out))
        status = dwi_err_nomem(err);
done:
    dwi_buf_done(&text);
    return status;
}

/* ---- columns ---- */

/* SQL and lists of columns in properties name columns: nobody would change them with it. */
static dw_status check_not_named(const dw_txn *txn, const char *column, dw_error *err)
{
    static const char *const lists[] = {"delta.dataSkippingStatsColumns", "delta.constraints."};
    dwi_kvs properties = txn->base->metadata.configuration;

    for (size_t i = 0; i < properties.count; i++)
        for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++) {
            dwi_sv key = properties.items[i].key;
            dwi_sv list = dwi_sv_cstr(lists[k]);
            if (key.len >= list.len && dwi_sv_eq_nocase((dwi_sv){key.ptr, list.len}, list))
                return dwi_err(err, DW_E_UNSUPPORTED,
                               "column %s: the property %.*s may name it; unset that first", column,
                               DWI_SV_ARG(key));
        }
    return DW_OK;
}

static dw_status check_mapped(const dw_txn *txn, const char *column, dwi_mapping_mode *out,
                              dw_error *err)
{
    dw_status status;

    DWI_TRY(dwi_mapping_mode_of(txn->base->metadata.configuration, out, err));
    if (*out == DWI_MAPPING_NONE)
        DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED,
                        "column %s: data files have it by this name; that can be changed once the "
                        "property delta.columnMapping.mode is set to name",
                        column));
    status = check_not_named(txn, column, err);
done:
    return status;
}

/* Partition columns go by name. */
static dw_status rename_partition(dw_txn *txn, dwi_sv column, dwi_sv name, dwi_svs **out,
                                  dw_error *err)
{
    dwi_svs *names =
        dwi_arena_dup(&txn->arena, &txn->base->metadata.partition_columns, sizeof(*names));
    dwi_sv *items;

    if (names == NULL)
        return dwi_err_nomem(err);
    items = dwi_arena_array(&txn->arena, names->count, sizeof(*items));
    if (items == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < names->count; i++)
        if (!dwi_arena_sv(&txn->arena,
                          dwi_sv_eq_nocase(names->items[i], column) ? name : names->items[i],
                          &items[i]))
            return dwi_err_nomem(err);
    names->items = items;
    *out = names;
    return DW_OK;
}

/* The path with another name at its end; NULL when out of memory. */
static const char *renamed_path(dw_txn *txn, const char *column, const char *new_name)
{
    bool quoted = false;
    size_t up = 0; /* the names above, with the dot */
    size_t len = strlen(new_name);
    char *path;

    for (size_t i = 0; column[i] != '\0'; i++) {
        quoted = quoted != (column[i] == '`');
        if (column[i] == '.' && !quoted)
            up = i + 1;
    }
    path = dwi_arena_alloc(&txn->arena, up + len + 1);
    if (path != NULL) {
        memcpy(path, column, up);
        memcpy(path + up, new_name, len + 1);
    }
    return path;
}

static dw_status rename_it(dw_txn *txn, const char *column, const char *new_name,
                           const dwi_type *columns, dw_error *err)
{
    const char *const told[] = {"oldColumnPath", column, "newColumnPath",
                                renamed_path(txn, column, new_name)};
    const dwi_svs *before = txn->partition_columns;
    const dwi_type *renamed = NULL;
    const dwi_field *field = NULL;
    dwi_svs *partitions = NULL;
    dwi_mapping_mode mode;
    bool nested = false;
    dwi_sv parameters;
    dw_status status;

    if (told[3] == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(check_mapped(txn, column, &mode, err));
    DWI_TRY(dwi_schema_rename(&txn->arena, columns, dwi_sv_cstr(column), dwi_sv_cstr(new_name),
                              mode, &renamed, err));
    DWI_TRY(
        dwi_schema_path_column(&txn->arena, columns, dwi_sv_cstr(column), &field, &nested, err));
    if (!nested && dwi_file_layout_is_partition(&txn->base->metadata, field->name))
        DWI_TRY(rename_partition(txn, field->name, dwi_sv_cstr(new_name), &partitions, err));
    DWI_TRY(tell(txn, told, 4, &parameters, err));
    if (partitions != NULL)
        txn->partition_columns = partitions;
    status = dwi_txn_evolve(txn, renamed, "RENAME COLUMN", parameters, err);
    if (status != DW_OK)
        txn->partition_columns = before;
done:
    return status;
}

static dw_status check_rows_have_names(const dw_txn *txn, const char *column, dw_error *err)
{
    if (txn->rules.where == NULL)
        return DW_OK;
    return dwi_err(err, DW_E_ARG,
                   "column %s: the transaction overwrites by a condition, which goes by names",
                   column);
}

dw_status dw_txn_rename_column(dw_txn *txn, const char *column, const char *new_name, dw_error *err)
{
    const dwi_type *columns = NULL;
    dw_status status;

    if (txn == NULL || column == NULL || new_name == NULL)
        return dwi_err(err, DW_E_ARG, "dw_txn_rename_column: txn, column or new_name is NULL");
    DWI_TRY(dwi_txn_check_open(txn, err));
    DWI_TRY(check_rows_have_names(txn, column, err));
    DWI_TRY(dwi_txn_columns_so_far(txn, &columns, err));
    status = rename_it(txn, column, new_name, columns, err);
done:
    return status;
}

/* The list of clustering columns has the physical name. */
static dw_status check_not_clustering(dw_txn *txn, const char *column, const dwi_type *columns,
                                      const dwi_field *field, dwi_mapping_mode mode, dw_error *err)
{
    const dwi_domain_metadata *domain = dwi_state_domain(txn->base, "delta.clustering");
    const dwi_json *root = NULL;
    const dwi_type *physical;
    dw_status status = DW_OK;
    dwi_sv first;

    if (domain == NULL)
        return DW_OK;
    DWI_TRY(dwi_mapping_physical(&txn->arena, columns, mode, &physical, err));
    DWI_TRY(
        dwi_json_parse(&txn->arena, domain->configuration, "domain delta.clustering", &root, err));
    for (const dwi_json *path = dwi_json_first(dwi_json_get(root, "clusteringColumns"));
         path != NULL; path = dwi_json_next(path))
        if (dwi_json_as_string(dwi_json_first(path), &first) &&
            dwi_sv_eq(first, physical->fields[field - columns->fields].name))
            return dwi_err(err, DW_E_ARG, "column %s: the table is clustered by it", column);
done:
    return status;
}

/* There is something left that files can hold. */
static bool has_data(const dw_txn *txn, const dwi_type *columns)
{
    for (size_t i = 0; i < columns->n_fields; i++)
        if (!dwi_file_layout_is_partition(&txn->base->metadata, columns->fields[i].name) &&
            columns->fields[i].type->kind != DWI_VOID)
            return true;
    return false;
}

/* {"columns":"[\"a\"]"} */
static dw_status tell_dropped(dw_txn *txn, const char *column, dwi_sv *out, dw_error *err)
{
    const char *told[] = {"columns", NULL};
    dw_status status = DW_OK;
    dwi_buf list;
    dwi_jw w;

    dwi_buf_init(&list, txn->alloc);
    dwi_jw_init(&w, &list);
    dwi_jw_array_begin(&w);
    dwi_jw_string(&w, dwi_sv_cstr(column));
    dwi_jw_array_end(&w);
    told[1] = dwi_buf_cstr(&list);
    status = told[1] == NULL ? dwi_err_nomem(err) : tell(txn, told, 2, out, err);
    dwi_buf_done(&list);
    return status;
}

dw_status dw_txn_drop_column(dw_txn *txn, const char *column, dw_error *err)
{
    const dwi_type *columns = NULL;
    const dwi_type *dropped = NULL;
    const dwi_field *field = NULL;
    dwi_mapping_mode mode;
    bool nested = false;
    dwi_sv parameters;
    dw_status status;

    if (txn == NULL || column == NULL)
        return dwi_err(err, DW_E_ARG, "dw_txn_drop_column: txn or column is NULL");
    DWI_TRY(dwi_txn_check_open(txn, err));
    DWI_TRY(check_rows_have_names(txn, column, err));
    DWI_TRY(dwi_txn_columns_so_far(txn, &columns, err));
    DWI_TRY(check_mapped(txn, column, &mode, err));
    DWI_TRY(
        dwi_schema_path_column(&txn->arena, columns, dwi_sv_cstr(column), &field, &nested, err));
    if (dwi_file_layout_is_partition(&txn->base->metadata, field->name))
        return dwi_err(err, DW_E_ARG, "column %s: the table is partitioned by it", column);
    DWI_TRY(check_not_clustering(txn, column, columns, field, mode, err));
    DWI_TRY(dwi_schema_drop(&txn->arena, columns, dwi_sv_cstr(column), &dropped, err));
    if (!has_data(txn, dropped))
        return dwi_err(err, DW_E_ARG, "column %s: the last one cannot be dropped", column);
    DWI_TRY(tell_dropped(txn, column, &parameters, err));
    status = dwi_txn_evolve(txn, dropped, "DROP COLUMNS", parameters, err);
done:
    return status;
}

static dw_status describe_table(dw_txn *txn, const char *comment, dw_error *err)
{
    dwi_sv text = {NULL, 0};

    if (comment != NULL && !dwi_arena_sv(&txn->arena, dwi_sv_cstr(comment), &text))
        return dwi_err_nomem(err);
    txn->described = true;
    txn->description = text;
    return DW_OK;
}

dw_status dw_txn_set_comment(dw_txn *txn, const char *column, const char *comment, dw_error *err)
{
    const char *const told[] = {"column", column};
    const dwi_type *columns = NULL;
    const dwi_type *changed = NULL;
    dwi_sv text = {NULL, 0};
    dwi_sv parameters;
    dw_status status;

    if (txn == NULL)
        return dwi_err(err, DW_E_ARG, "dw_txn_set_comment: txn is NULL");
    DWI_TRY(dwi_txn_check_open(txn, err));
    if (column == NULL)
        return describe_table(txn, comment, err);
    if (comment != NULL)
        text = dwi_sv_cstr(comment);
    DWI_TRY(dwi_txn_columns_so_far(txn, &columns, err));
    DWI_TRY(dwi_schema_comment(&txn->arena, columns, dwi_sv_cstr(column), text, &changed, err));
    DWI_TRY(tell(txn, told, 2, &parameters, err));
    status = dwi_txn_evolve(txn, changed, "CHANGE COLUMN", parameters, err);
done:
    return status;
}

/* ---- features ---- */

/* What of the table's metadata a feature that binds writers alone is for; NULL: nothing. */
static const char *user_of(const dw_txn *txn, const dwi_feature *feature)
{
    static const char *const in_schema[][2] = {
        {"allowColumnDefaults", "\"CURRENT_DEFAULT\""},
        {"generatedColumns", "\"delta.generationExpression\""},
        {"identityColumns", "\"delta.identity.start\""},
    };
    const dwi_metadata *metadata = &txn->base->metadata;
    dwi_sv constraint = DWI_SV("delta.constraints.");

    if (feature->switch_key != NULL &&
        dwi_property_is_on(metadata->configuration, feature->switch_key))
        return feature->switch_key;
    for (size_t i = 0; i < metadata->configuration.count; i++) {
        dwi_sv key = metadata->configuration.items[i].key;
        if (strcmp(feature->name, "checkConstraints") == 0 && key.len > constraint.len &&
            dwi_sv_eq_nocase((dwi_sv){key.ptr, constraint.len}, constraint))
            return key.ptr;
    }
    for (size_t i = 0; i < sizeof(in_schema) / sizeof(in_schema[0]); i++)
        if (strcmp(feature->name, in_schema[i][0]) == 0 &&
            strstr(metadata->schema_string.ptr, in_schema[i][1]) != NULL)
            return "a column";
    return NULL;
}

/* Those whose traces are in metadata alone. */
static bool can_go(const char *name)
{
    static const char *const names[] = {"appendOnly",
                                        "checkConstraints",
                                        "changeDataFeed",
                                        "allowColumnDefaults",
                                        "generatedColumns",
                                        "identityColumns",
                                        "materializePartitionColumns"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static dw_status check_droppable(const dw_txn *txn, const char *name, dw_error *err)
{
    const dwi_protocol *protocol = &txn->base->protocol;
    const dwi_feature *feature = dwi_features_find(dwi_sv_cstr(name));
    const char *user;

    if (feature == NULL || !dwi_features_has_writer(protocol, name))
        return dwi_err(err, DW_E_NOT_FOUND, "feature %s: the table does not have it", name);
    if (!protocol->has_writer_features || protocol->min_writer_version < 7)
        return dwi_err(err, DW_E_UNSUPPORTED,
                       "feature %s: writer version %d implies it; nothing can be taken from it",
                       name, protocol->min_writer_version);
    if (feature->reader)
        return dwi_err(
            err, DW_E_UNSUPPORTED,
            "feature %s: readers of older versions need it; dropping it is not supported", name);
    if (!can_go(name))
        return dwi_err(err, DW_E_UNSUPPORTED, "feature %s: dropping it is not supported", name);
    user = user_of(txn, feature);
    if (user != NULL)
        return dwi_err(err, DW_E_UNSUPPORTED, "feature %s: the table uses it (%s)", name, user);
    return DW_OK;
}

dw_status dw_txn_drop_feature(dw_txn *txn, const char *feature, dw_error *err)
{
    dwi_svs dropped;
    dwi_sv *items;
    dw_status status;

    if (txn == NULL || feature == NULL)
        return dwi_err(err, DW_E_ARG, "dw_txn_drop_feature: txn or feature is NULL");
    DWI_TRY(dwi_txn_check_open(txn, err));
    DWI_TRY(check_droppable(txn, feature, err));
    dropped = txn->dropped_features;
    items = dwi_arena_array(&txn->arena, dropped.count + 1, sizeof(*items));
    if (items == NULL || !dwi_arena_sv(&txn->arena, dwi_sv_cstr(feature), &items[dropped.count]))
        return dwi_err_nomem(err);
    for (size_t i = 0; i < dropped.count; i++)
        items[i] = dropped.items[i];
    txn->dropped_features = (dwi_svs){dropped.count + 1, items};
done:
    return status;
}

static bool is_dropped(const dw_txn *txn, dwi_sv name)
{
    for (size_t i = 0; i < txn->dropped_features.count; i++)
        if (dwi_sv_eq(txn->dropped_features.items[i], name))
            return true;
    return false;
}

dw_status dwi_txn_apply_alter(dw_txn *txn, dwi_table_change *change, dw_error *err)
{
    const dwi_svs *listed = &change->protocol.writer_features;
    dwi_sv *kept;
    size_t n = 0;

    if (txn->described) {
        change->changes_metadata = true;
        change->metadata.description = txn->description;
    }
    if (txn->dropped_features.count == 0)
        return DW_OK;
    kept = dwi_arena_array(&txn->arena, listed->count, sizeof(*kept));
    if (kept == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < listed->count; i++)
        if (!is_dropped(txn, listed->items[i]))
            kept[n++] = listed->items[i];
    change->changes_protocol = change->changes_protocol || n < listed->count;
    change->protocol.writer_features = (dwi_svs){n, kept};
    return DW_OK;
}

dw_status dwi_txn_tell_alter(dw_txn *txn, dwi_staged *staged, dw_error *err)
{
    const char *told[] = {"featureName", NULL};
    dw_status status;
    dwi_buf text;
    dwi_jw w;

    dwi_buf_init(&text, txn->alloc);
    if (txn->described) { /* {"properties":"{\"comment\":\"...\"}"} */
        dwi_jw_init(&w, &text);
        dwi_jw_object_begin(&w);
        dwi_jw_kv_cstr(&w, "comment", txn->description.ptr);
        dwi_jw_object_end(&w);
        told[0] = "properties";
    } else {
        for (size_t i = 0; i < txn->dropped_features.count; i++)
            dwi_buf_printf(&text, "%s%s", i > 0 ? "," : "", txn->dropped_features.items[i].ptr);
    }
    if (staged->operation == NULL)
        staged->operation = txn->described ? "SET TBLPROPERTIES" : "DROP FEATURE";
    told[1] = dwi_buf_cstr(&text);
    status = told[1] == NULL ? dwi_err_nomem(err) : tell(txn, told, 2, &staged->parameters, err);
    staged->metrics = DWI_SV("{}");
    dwi_buf_done(&text);
    return status;
}
