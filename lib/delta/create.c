/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create.h"

#include "delta/commit.h"
#include "delta/create_cluster.h"
#include "delta/create_schema.h"
#include "delta/features.h"
#include "delta/properties.h"
#include "delta/property_change.h"
#include "delta/property_table.h"
#include "json/json_writer.h"

enum { SETTLE_BASE_US = 50000, SETTLE_CAP_US = 5000000, MAX_DOUBLINGS = 10 };

/* The caller's properties, and the feature that clustering needs. */
static dw_status all_properties(dwi_arena *arena, const dw_create_options *create, dwi_kvs *out,
                                dw_error *err)
{
    const dwi_kv clustering = {DWI_SV("delta.feature.clustering"), DWI_SV("supported")};
    dwi_kv *items;
    dwi_kvs given;
    dw_status status;

    DWI_TRY(dwi_create_properties(arena, create->properties, create->n_properties, &given, err));
    *out = given;
    if (create->n_clustering_columns == 0)
        goto done;
    items = dwi_arena_array(arena, given.count + 1, sizeof(*items));
    if (items == NULL)
        DWI_TRY(dwi_err_nomem(err));
    for (size_t i = 0; i < given.count; i++)
        items[i] = given.items[i];
    items[given.count] = clustering;
    *out = (dwi_kvs){given.count + 1, items};
done:
    return status;
}

/* Without the keys that only ask for a protocol. */
static dw_status stored_properties(dwi_arena *arena, dwi_kvs all, dwi_kvs *out, dw_error *err)
{
    dwi_kv *items = dwi_arena_array(arena, all.count, sizeof(*items));
    size_t n = 0;

    if (items == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < all.count; i++)
        if (!dwi_features_is_request(all.items[i].key))
            items[n++] = all.items[i];
    *out = (dwi_kvs){n, items};
    return DW_OK;
}

/* Values are JSON texts in JSON strings, as readers of the history expect. */
static void append_parameters(dwi_buf *out, dwi_buf *scratch, const dwi_metadata *metadata,
                              const dw_create_options *create)
{
    size_t clustering;
    size_t properties;
    dwi_jw w;

    dwi_jw_init(&w, scratch);
    dwi_jw_array_begin(&w);
    for (size_t i = 0; i < metadata->partition_columns.count; i++)
        dwi_jw_string(&w, metadata->partition_columns.items[i]);
    dwi_jw_array_end(&w);
    clustering = scratch->len;
    dwi_jw_init(&w, scratch);
    dwi_jw_array_begin(&w);
    for (size_t i = 0; i < create->n_clustering_columns; i++)
        dwi_jw_string(&w, dwi_sv_cstr(create->clustering_columns[i]));
    dwi_jw_array_end(&w);
    properties = scratch->len;
    dwi_jw_init(&w, scratch);
    dwi_jw_object_begin(&w);
    for (size_t i = 0; i < metadata->configuration.count; i++) {
        dwi_jw_key(&w, metadata->configuration.items[i].key);
        dwi_jw_string(&w, metadata->configuration.items[i].value);
    }
    dwi_jw_object_end(&w);
    dwi_jw_init(&w, out);
    dwi_jw_object_begin(&w);
    dwi_jw_kv_cstr(&w, "isManaged", "false");
    if (metadata->description.ptr != NULL)
        dwi_jw_kv_string(&w, "description", metadata->description);
    dwi_jw_kv_string(&w, "partitionBy", (dwi_sv){(const char *)scratch->data, clustering});
    if (create->n_clustering_columns > 0)
        dwi_jw_kv_string(
            &w, "clusterBy",
            (dwi_sv){(const char *)scratch->data + clustering, properties - clustering});
    dwi_jw_kv_string(&w, "properties",
                     (dwi_sv){(const char *)scratch->data + properties, scratch->len - properties});
    dwi_jw_object_end(&w);
}

static dw_status build_body(dwi_buf *out, const dw_create_options *create,
                            const dwi_action *protocol, const dwi_action *metadata,
                            const dwi_action *domain, const char *engine_info, const char *txn_id,
                            dw_error *err)
{
    dwi_commit_head head = {
        .timestamp_ms = metadata->u.metadata.created_time,
        .in_commit_timestamp = -1,
        .operation = "CREATE TABLE",
        .operation_metrics = DWI_SV("{}"),
        .read_version = -1,
        .isolation_level = dwi_isolation_name(DWI_SERIALIZABLE),
        .is_blind_append = true,
        .engine_info = engine_info,
        .txn_id = txn_id,
    };
    bool keeps_time = false;
    dwi_buf parameters;
    dwi_buf scratch;
    dw_status status;

    dwi_buf_init(&parameters, out->alloc);
    dwi_buf_init(&scratch, out->alloc);
    DWI_TRY(dwi_property_bool(metadata->u.metadata.configuration, "delta.enableInCommitTimestamps",
                              &keeps_time, err));
    if (keeps_time)
        head.in_commit_timestamp = head.timestamp_ms;
    append_parameters(&parameters, &scratch, &metadata->u.metadata, create);
    DWI_TRY(dwi_buf_status(&scratch, err));
    DWI_TRY(dwi_buf_status(&parameters, err));
    head.operation_parameters = (dwi_sv){(const char *)parameters.data, parameters.len};
    dwi_commit_head_append(out, &head);
    dwi_action_append(out, protocol);
    dwi_action_append(out, metadata);
    if (create->n_clustering_columns > 0)
        dwi_action_append(out, domain);
    DWI_TRY(dwi_buf_status(out, err));
done:
    dwi_buf_done(&parameters);
    dwi_buf_done(&scratch);
    return status;
}

static dw_status make_body(const dwi_log *log, const dw_create_options *create,
                           const char *engine_info, const char *txn_id, dwi_buf *out, dw_error *err)
{
    dwi_action protocol = {.kind = DWI_ACTION_PROTOCOL};
    dwi_action metadata = {.kind = DWI_ACTION_METADATA};
    dwi_action domain = {.kind = DWI_ACTION_DOMAIN_METADATA};
    dwi_mapping_mode mode = DWI_MAPPING_NONE;
    dwi_metadata *m = &metadata.u.metadata;
    char id[DWI_UUID_TEXT + 1];
    dwi_schema *schema = NULL;
    dwi_kvs properties;
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, log->alloc);
    DWI_TRY(all_properties(&arena, create, &properties, err));
    DWI_TRY(stored_properties(&arena, properties, &m->configuration, err));
    DWI_TRY(dwi_create_schema(log, &arena, create->schema_json, &m->configuration, &schema, err));
    DWI_TRY(dwi_create_partitions(&arena, schema->root, create->partition_columns,
                                  create->n_partition_columns, &m->partition_columns, err));
    DWI_TRY(
        dwi_features_for_new_table(&arena, schema->root, properties, &protocol.u.protocol, err));
    DWI_TRY(dwi_properties_name_row_ids(&arena, log->env, &protocol.u.protocol, m->configuration,
                                        &m->configuration, err));
    if (create->n_clustering_columns > 0) {
        domain.u.domain.domain = DWI_SV("delta.clustering");
        DWI_TRY(dwi_mapping_mode_of(m->configuration, &mode, err));
        DWI_TRY(dwi_create_clustering(&arena, schema->root, mode, m->partition_columns,
                                      create->clustering_columns, create->n_clustering_columns,
                                      &domain.u.domain.configuration, err));
    }
    dwi_uuid(log->env, id);
    m->id = dwi_sv_cstr(id);
    if (create->name != NULL)
        m->name = dwi_sv_cstr(create->name);
    if (create->description != NULL)
        m->description = dwi_sv_cstr(create->description);
    m->format_provider = DWI_SV("parquet");
    m->schema_string = schema->json;
    m->created_time = dwi_now_ms(log->env);
    DWI_TRY(build_body(out, create, &protocol, &metadata, &domain, engine_info, txn_id, err));
done:
    dwi_schema_unref(schema);
    dwi_arena_done(&arena);
    return status;
}

/* Version 0 alone does not tell: the oldest commits of a table may have been cleaned up. */
static dw_status check_no_log(const dwi_log *log, dw_error *err)
{
    dwi_segment segment;
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, log->alloc);
    status = dwi_log_segment(log, -1, -1, &arena, &segment, err);
    if (status == DW_OK)
        status = dwi_err(err, DW_E_EXISTS, "table: it exists, at version %lld",
                         (long long)segment.version);
    else if (status == DW_E_NOT_FOUND)
        status = DW_OK;
    dwi_arena_done(&arena);
    return status;
}

/* Stops at the first object that readers of a table would see: hidden ones start with '_' or '.'.
 */
static dw_status refuse_object(void *ctx, const dw_object *object, dw_error *err)
{
    const dwi_log *log = ctx;
    const char *name = object->key + strlen(log->root);

    if (name[0] == '_' || name[0] == '.')
        return DW_OK;
    return dwi_err(err, DW_E_UNSUPPORTED, "not a Delta table, and not empty: it has %s", name);
}

/* Files of others must not end up below a table: vacuum would delete them. */
static dw_status check_absent(const dwi_log *log, dw_error *err)
{
    dwi_log place = *log;
    dw_status status;

    DWI_TRY(check_no_log(log, err));
    status = dwi_store_list(log->store, log->root, NULL, refuse_object, &place, err);
    if (status == DW_E_UNSUPPORTED) {
        dw_error why = DW_ERROR_INIT;
        /* Another creator may have been quick, and its table have files by now. */
        if (check_no_log(log, &why) != DW_OK) {
            status = why.code;
            if (err != NULL)
                *err = why;
        }
    }
done:
    return status;
}

/* Who made version 0? DW_E_NOT_FOUND: nobody yet. */
static dw_status read_back(const dwi_log *log, const char *txn_id, dw_error *err)
{
    dwi_commit commit;
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, log->alloc);
    status = dwi_log_read_commit(log, 0, &arena, &commit, err);
    if (status == DW_OK && !dwi_commit_is_ours(&commit, txn_id))
        status = dwi_err(err, DW_E_EXISTS, "table: another writer has created it just now");
    dwi_arena_done(&arena);
    return status;
}

/* After a lost reply: until version 0 has been read, or put for certain. */
static dw_status settle(const dwi_log *log, dw_bytes body, const char *txn_id, int64_t timeout_ms,
                        dw_error *err)
{
    const dwi_env *env = log->env;
    int64_t deadline_us = env->monotonic_us(env->ctx) + timeout_ms * 1000;

    for (int attempt = 0;; attempt++) {
        dw_error why = DW_ERROR_INIT;
        dw_status status = read_back(log, txn_id, &why);
        if (status == DW_E_NOT_FOUND)
            status = dwi_log_put_commit(log, 0, body, &why);
        if (status == DW_OK)
            return status;
        if (status == DW_E_EXISTS && read_back(log, txn_id, &why) == DW_OK)
            return DW_OK;
        if (why.code == DW_E_EXISTS) {
            if (err != NULL)
                *err = why;
            return DW_E_EXISTS;
        }
        if (env->monotonic_us(env->ctx) >= deadline_us)
            return dwi_err_sys(err, DW_E_UNKNOWN, why.sys, true,
                               "create table: it is not known whether it took effect: %s",
                               why.message);
        env->sleep_us(env->ctx,
                      dwi_backoff_us(env, attempt < MAX_DOUBLINGS ? attempt : MAX_DOUBLINGS,
                                     SETTLE_BASE_US, SETTLE_CAP_US));
    }
}

dw_status dwi_create(const dwi_log *log, const dw_create_options *create, const char *engine_info,
                     int64_t timeout_ms, dw_error *err)
{
    char txn_id[DWI_UUID_TEXT + 1];
    dwi_buf body;
    dw_status status;

    dwi_buf_init(&body, log->alloc);
    dwi_uuid(log->env, txn_id);
    DWI_TRY(make_body(log, create, engine_info, txn_id, &body, err));
    DWI_TRY(check_absent(log, err));
    status = dwi_log_put_commit(log, 0, (dw_bytes){body.data, body.len}, err);
    if (status == DW_E_EXISTS || status == DW_E_UNKNOWN)
        status = settle(log, (dw_bytes){body.data, body.len}, txn_id, timeout_ms, err);
done:
    dwi_buf_done(&body);
    return status;
}
