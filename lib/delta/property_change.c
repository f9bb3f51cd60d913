/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/property_change.h"

#include <inttypes.h>
#include <stdio.h>

#include "delta/features.h"
#include "delta/mapping.h"
#include "delta/properties.h"

/* `configuration` with room for `more` properties after its own; NULL when out of memory. */
static dwi_kv *with_room(dwi_arena *arena, dwi_kvs configuration, size_t more)
{
    dwi_kv *items = dwi_arena_array(arena, configuration.count + more, sizeof(*items));

    if (items != NULL && configuration.count > 0)
        memcpy(items, configuration.items, configuration.count * sizeof(*items));
    return items;
}

dw_status dwi_properties_name_row_ids(dwi_arena *arena, const dwi_env *env,
                                      const dwi_protocol *protocol, dwi_kvs configuration,
                                      dwi_kvs *out, dw_error *err)
{
    static const struct {
        const char *key;
        const char *prefix;
    } names[] = {
        {"delta.rowTracking.materializedRowIdColumnName", "_row-id-col-"},
        {"delta.rowTracking.materializedRowCommitVersionColumnName", "_row-commit-version-col-"},
    };
    enum { N_NAMES = sizeof(names) / sizeof(names[0]) };
    dwi_kv *items;

    *out = configuration;
    if (!dwi_features_has_writer(protocol, "rowTracking"))
        return DW_OK;
    items = with_room(arena, configuration, N_NAMES);
    if (items == NULL)
        return dwi_err_nomem(err);
    out->items = items;
    for (size_t i = 0; i < N_NAMES; i++) {
        char value[sizeof("_row-commit-version-col-") + DWI_UUID_TEXT];
        char uuid[DWI_UUID_TEXT + 1];
        dwi_kv *slot = &items[out->count];
        if (dwi_property(configuration, names[i].key).ptr != NULL)
            continue;
        dwi_uuid(env, uuid);
        (void)snprintf(value, sizeof(value), "%s%s", names[i].prefix, uuid);
        slot->key = dwi_sv_cstr(names[i].key);
        if (!dwi_arena_sv(arena, dwi_sv_cstr(value), &slot->value))
            return dwi_err_nomem(err);
        out->count++;
    }
    return DW_OK;
}

bool dwi_property_is_on(dwi_kvs configuration, const char *key)
{
    dwi_sv value = dwi_property(configuration, key);

    return value.ptr != NULL && dwi_sv_eq_nocase(value, DWI_SV("true"));
}

/* Sets a property in place, or after the others: there is room. */
static void set_property(dwi_kv *items, size_t *n, dwi_sv key, dwi_sv value)
{
    for (size_t i = 0; i < *n; i++)
        if (dwi_sv_eq_nocase(items[i].key, key)) {
            items[i].value = value;
            return;
        }
    items[(*n)++] = (dwi_kv){key, value};
}

static void unset_property(dwi_kv *items, size_t *n, dwi_sv key)
{
    size_t kept = 0;

    for (size_t i = 0; i < *n; i++)
        if (!dwi_sv_eq_nocase(items[i].key, key))
            items[kept++] = items[i];
    *n = kept;
}

static dw_status set_number(dwi_arena *arena, dwi_kv *items, size_t *n, const char *key,
                            int64_t number, dw_error *err)
{
    char text[32];
    dwi_sv value;

    (void)snprintf(text, sizeof(text), "%" PRId64, number);
    if (!dwi_arena_sv(arena, dwi_sv_cstr(text), &value))
        return dwi_err_nomem(err);
    set_property(items, n, dwi_sv_cstr(key), value);
    return DW_OK;
}

dw_status dwi_properties_note_time_kept(dwi_arena *arena, dwi_kvs configuration, int64_t version,
                                        int64_t time_ms, dwi_kvs *out, dw_error *err)
{
    dwi_kv *items = with_room(arena, configuration, 2);
    size_t n = configuration.count;
    dw_status status;

    if (items == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(set_number(arena, items, &n, "delta.inCommitTimestampEnablementVersion", version, err));
    DWI_TRY(
        set_number(arena, items, &n, "delta.inCommitTimestampEnablementTimestamp", time_ms, err));
    *out = (dwi_kvs){n, items};
done:
    return status;
}

/* The configuration with the changes, and the requests among them. */
static dw_status apply(dwi_arena *arena, dwi_kvs before, dwi_kvs changes, dwi_kvs *out,
                       dwi_kvs *out_requests, dw_error *err)
{
    dwi_kv *items = with_room(arena, before, changes.count);
    dwi_kv *requests = dwi_arena_array(arena, changes.count, sizeof(*requests));
    size_t n = before.count;
    size_t n_requests = 0;

    if (items == NULL || requests == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < changes.count; i++) {
        const dwi_kv *change = &changes.items[i];
        if (!dwi_features_is_request(change->key) && change->value.ptr == NULL)
            unset_property(items, &n, change->key);
        else if (!dwi_features_is_request(change->key))
            set_property(items, &n, change->key, change->value);
        else if (change->value.ptr != NULL)
            requests[n_requests++] = *change;
        else
            return dwi_err(err, DW_E_UNSUPPORTED,
                           "property %.*s: taking a feature from a table is not supported",
                           DWI_SV_ARG(change->key));
    }
    *out = (dwi_kvs){n, items};
    *out_requests = (dwi_kvs){n_requests, requests};
    return DW_OK;
}

/* Switches that the rows which are there have to follow. */
static dw_status check_switches(const dwi_state *base, dwi_kvs after, dw_error *err)
{
    dwi_kvs before = base->metadata.configuration;

    if (dwi_property_is_on(after, "delta.enableRowTracking") &&
        dwi_property_is_on(after, "delta.rowTrackingSuspended"))
        return dwi_err(err, DW_E_ARG,
                       "property delta.rowTrackingSuspended: delta.enableRowTracking excludes it");
    if (dwi_property_is_on(after, "delta.enableRowTracking") &&
        !dwi_property_is_on(before, "delta.enableRowTracking"))
        return dwi_err(err, DW_E_UNSUPPORTED,
                       "property delta.enableRowTracking: files that are in the table would need "
                       "row ids, which is not supported; a new table can have it");
    return DW_OK;
}

/* New columns of a mapped table have their ids already, and move the highest one. */
static dw_status keep_max_id(dwi_arena *arena, const dwi_type *schema, dwi_kvs *after,
                             dw_error *err)
{
    int64_t known = -1;
    int64_t max_id = 0;
    dw_status status;

    DWI_TRY(dwi_property_i64(*after, DWI_MAPPING_MAX_ID, 0, &known, err));
    DWI_TRY(dwi_mapping_table_max_id(*after, schema, &max_id, err));
    if (known != max_id)
        DWI_TRY(dwi_mapping_set_max_id(arena, *after, max_id, after, err));
done:
    return status;
}

/* Column mapping: from none to name, where the columns keep their names as physical ones. */
static dw_status change_mapping(dwi_arena *arena, const dwi_env *env, const dwi_state *base,
                                const dwi_type **schema, dwi_kvs *after, dw_error *err)
{
    dwi_mapping_mode was;
    dwi_mapping_mode is;
    dwi_kv *items;
    int64_t max_id;
    size_t n;
    dw_status status;

    DWI_TRY(dwi_mapping_mode_of(base->metadata.configuration, &was, err));
    DWI_TRY(dwi_mapping_mode_of(*after, &is, err));
    if (was == is && is != DWI_MAPPING_NONE)
        return keep_max_id(arena, *schema, after, err);
    if (was == is)
        return DW_OK;
    if (was != DWI_MAPPING_NONE || is != DWI_MAPPING_NAME)
        return dwi_err(err, DW_E_UNSUPPORTED,
                       "property delta.columnMapping.mode: a table can go from none to name only");
    DWI_TRY(dwi_mapping_table_max_id(base->metadata.configuration, *schema, &max_id, err));
    DWI_TRY(dwi_mapping_assign(arena, env, *schema, DWI_MAPPING_OWN_NAMES, &max_id, schema, err));
    items = with_room(arena, *after, 1);
    if (items == NULL)
        return dwi_err_nomem(err);
    n = after->count;
    DWI_TRY(set_number(arena, items, &n, DWI_MAPPING_MAX_ID, max_id, err));
    *after = (dwi_kvs){n, items};
done:
    return status;
}

/* Names and ids for fields that have none yet. */
static dw_status map_new_fields(dwi_arena *arena, const dwi_env *env, const dwi_type **schema,
                                dwi_kvs *after, dw_error *err)
{
    dwi_mapping_mode mode;
    int64_t max_id;
    dwi_kv *items;
    size_t n = after->count;
    dw_status status;

    DWI_TRY(dwi_mapping_mode_of(*after, &mode, err));
    if (mode == DWI_MAPPING_NONE)
        return DW_OK;
    DWI_TRY(dwi_mapping_table_max_id(*after, *schema, &max_id, err));
    DWI_TRY(dwi_mapping_assign(arena, env, *schema, DWI_MAPPING_NEW_NAMES, &max_id, schema, err));
    items = with_room(arena, *after, 1);
    if (items == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(set_number(arena, items, &n, DWI_MAPPING_MAX_ID, max_id, err));
    *after = (dwi_kvs){n, items};
done:
    return status;
}

static bool same_properties(dwi_kvs a, dwi_kvs b)
{
    if (a.count != b.count)
        return false;
    for (size_t i = 0; i < a.count; i++)
        if (!dwi_sv_eq(a.items[i].key, b.items[i].key) ||
            !dwi_sv_eq(a.items[i].value, b.items[i].value))
            return false;
    return true;
}

static dw_status schema_text(dwi_arena *arena, const dwi_type *schema, dwi_sv *out, dw_error *err)
{
    dwi_buf text;
    dw_status status;

    dwi_buf_init(&text, arena->alloc);
    dwi_type_append_json(&text, schema);
    DWI_TRY(dwi_buf_status(&text, err));
    if (!dwi_arena_sv(arena, (dwi_sv){(const char *)text.data, text.len}, out))
        status = dwi_err_nomem(err);
done:
    dwi_buf_done(&text);
    return status;
}

/* We must be able to append to what comes out. */
static dw_status check_result(const dwi_state *base, const dwi_table_change *change,
                              const dwi_type *schema, dw_error *err)
{
    dwi_schema fake = {.root = schema};
    dwi_state after = *base;

    after.protocol = change->protocol;
    after.metadata = change->metadata;
    after.schema = &fake;
    return dwi_features_check_append(&after, err);
}

dw_status dwi_table_change_make(dwi_arena *arena, const dwi_env *env, const dwi_state *base,
                                const dwi_type *schema, dwi_kvs changes, dwi_table_change *out,
                                dw_error *err)
{
    const dwi_type *was = base->schema->root;
    const dwi_type *is = schema == NULL ? was : schema;
    dwi_table_change made = {.metadata = base->metadata, .protocol = base->protocol};
    dwi_kvs after;
    dwi_kvs requests;
    dw_status status;

    DWI_TRY(apply(arena, base->metadata.configuration, changes, &after, &requests, err));
    if (changes.count > 0) {
        DWI_TRY(check_switches(base, after, err));
        DWI_TRY(change_mapping(arena, env, base, &is, &after, err));
        DWI_TRY(dwi_features_upgrade(arena, &base->protocol, is, after, requests, &made.protocol,
                                     &made.changes_protocol, err));
        DWI_TRY(dwi_properties_name_row_ids(arena, env, &made.protocol, after, &after, err));
    }
    if (is != was) {
        DWI_TRY(map_new_fields(arena, env, &is, &after, err));
        DWI_TRY(dwi_features_check_schema(&made.protocol, was, is, err));
    }
    made.metadata.configuration = after;
    if (is != was)
        DWI_TRY(schema_text(arena, is, &made.metadata.schema_string, err));
    made.changes_metadata = is != was || !same_properties(after, base->metadata.configuration);
    DWI_TRY(check_result(base, &made, is, err));
    *out = made;
done:
    return status;
}
