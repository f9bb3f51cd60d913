/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/commit_body.h"

#include <assert.h>

#include "delta/features.h"
#include "delta/mapping.h"
#include "delta/property_change.h"
#include "delta/row_tracking.h"
#include "json/json_writer.h"

enum {
    MAX_SINGLE = 4
}; /* commitInfo, protocol, metaData, the mark of row ids: at most one of each */

void dwi_commit_body_init(dwi_commit_body *body, const dw_allocator *alloc)
{
    *body = (dwi_commit_body){0};
    dwi_arena_init(&body->arena, alloc);
    dwi_buf_init(&body->text, alloc);
}

static void reset(dwi_commit_body *body)
{
    const dw_allocator *alloc = body->text.alloc;

    dwi_arena_done(&body->arena);
    dwi_arena_init(&body->arena, alloc);
    dwi_schema_unref(body->schema);
    body->schema = NULL;
    dwi_buf_done(&body->text); /* a buffer remembers that memory was short once */
    dwi_buf_init(&body->text, alloc);
    body->n_actions = 0;
    body->actions = NULL;
}

void dwi_commit_body_done(dwi_commit_body *body)
{
    if (body->text.alloc == NULL)
        return;
    reset(body);
    dwi_arena_done(&body->arena);
    dwi_buf_done(&body->text);
}

void dwi_commit_head_append(dwi_buf *out, const dwi_commit_head *head)
{
    dwi_jw w;

    dwi_jw_init(&w, out);
    dwi_jw_object_begin(&w);
    dwi_jw_key(&w, DWI_SV("commitInfo"));
    dwi_jw_object_begin(&w);
    if (head->in_commit_timestamp >= 0)
        dwi_jw_kv_i64(&w, "inCommitTimestamp", head->in_commit_timestamp);
    dwi_jw_kv_i64(&w, "timestamp", head->timestamp_ms);
    dwi_jw_kv_cstr(&w, "operation", head->operation);
    dwi_jw_key(&w, DWI_SV("operationParameters"));
    dwi_jw_raw(&w, head->operation_parameters);
    if (head->read_version >= 0)
        dwi_jw_kv_i64(&w, "readVersion", head->read_version);
    dwi_jw_kv_cstr(&w, "isolationLevel", head->isolation_level);
    dwi_jw_kv_bool(&w, "isBlindAppend", head->is_blind_append);
    dwi_jw_key(&w, DWI_SV("operationMetrics"));
    dwi_jw_raw(&w, head->operation_metrics);
    dwi_jw_kv_cstr(&w, "engineInfo", head->engine_info);
    dwi_jw_kv_cstr(&w, "txnId", head->txn_id);
    if (head->tags.ptr != NULL) {
        dwi_jw_key(&w, DWI_SV("tags"));
        dwi_jw_raw(&w, head->tags);
    }
    if (head->user_metadata != NULL)
        dwi_jw_kv_cstr(&w, "userMetadata", head->user_metadata);
    dwi_jw_object_end(&w);
    dwi_jw_object_end(&w);
    dwi_buf_append_byte(out, '\n');
}

/* Keys whose values are JSON texts inside JSON strings, as readers of the history expect. */
static void append_parameters(dwi_buf *out, dwi_buf *scratch, const dwi_staged *staged,
                              const dwi_state *on, bool only_columns)
{
    dwi_jw inner;
    dwi_jw w;

    if (staged->parameters.ptr != NULL) {
        dwi_buf_append(out, staged->parameters.ptr, staged->parameters.len);
        return;
    }
    dwi_jw_init(&inner, scratch);
    dwi_jw_init(&w, out);
    dwi_jw_object_begin(&w);
    dwi_jw_array_begin(&inner);
    if (only_columns) {
        for (size_t i = 0; i < staged->n_columns; i++) {
            dwi_jw_object_begin(&inner);
            dwi_jw_key(&inner, DWI_SV("column"));
            dwi_field_append_json(scratch, &staged->columns[i]);
            dwi_jw_object_end(&inner);
        }
    } else {
        dwi_jw_kv_cstr(&w, "mode", "Append");
        for (size_t i = 0; i < on->metadata.partition_columns.count; i++)
            dwi_jw_string(&inner, on->metadata.partition_columns.items[i]);
    }
    dwi_jw_array_end(&inner);
    dwi_jw_kv_string(&w, only_columns ? "columns" : "partitionBy",
                     (dwi_sv){(const char *)scratch->data, scratch->len});
    dwi_jw_object_end(&w);
}

static void append_metrics(dwi_buf *out, const dwi_staged *staged)
{
    if (staged->metrics.ptr != NULL) {
        dwi_buf_append(out, staged->metrics.ptr, staged->metrics.len);
        return;
    }
    dwi_buf_printf(out,
                   "{\"numFiles\":\"%zu\",\"numOutputRows\":\"%lld\",\"numOutputBytes\":\"%lld\"}",
                   staged->n_adds, (long long)staged->rows, (long long)staged->bytes);
}

static bool keeps_time(const dwi_metadata *metadata)
{
    return dwi_property_is_on(metadata->configuration, "delta.enableInCommitTimestamps");
}

bool dwi_commit_body_keeps_time_anew(const dwi_staged *staged, const dwi_state *on)
{
    return staged->metadata != NULL && keeps_time(staged->metadata) && !keeps_time(&on->metadata);
}

/* -1 unless the table keeps them, or is going to. Always later than the one before. */
static int64_t next_in_commit_timestamp(const dwi_staged *staged, const dwi_state *on,
                                        int64_t now_ms, int64_t after_ms)
{
    if (!keeps_time(staged->metadata != NULL ? staged->metadata : &on->metadata))
        return -1;
    if (!dwi_commit_body_keeps_time_anew(staged, on))
        after_ms = on->in_commit_timestamp;
    return now_ms > after_ms ? now_ms : after_ms + 1;
}

static dw_status append_head(dwi_commit_body *body, const dwi_staged *staged, const dwi_state *on,
                             int64_t now_ms, int64_t ict_ms, const char *txn_id, dw_error *err)
{
    bool only_columns = staged->n_columns > 0 && staged->n_adds == 0 && staged->n_apps == 0;
    dwi_action *action = &body->actions[body->n_actions];
    dwi_buf parameters;
    dwi_buf metrics;
    dwi_buf scratch;
    dw_status status;

    dwi_buf_init(&parameters, body->text.alloc);
    dwi_buf_init(&metrics, body->text.alloc);
    dwi_buf_init(&scratch, body->text.alloc);
    append_parameters(&parameters, &scratch, staged, on, only_columns);
    append_metrics(&metrics, staged);
    DWI_TRY(dwi_buf_status(&scratch, err));
    DWI_TRY(dwi_buf_status(&parameters, err));
    DWI_TRY(dwi_buf_status(&metrics, err));
    dwi_commit_head head = {
        .timestamp_ms = now_ms,
        .in_commit_timestamp = ict_ms,
        .operation = staged->operation != NULL ? staged->operation
                     : only_columns            ? "ADD COLUMNS"
                                               : "WRITE",
        .operation_parameters = {(const char *)parameters.data, parameters.len},
        .operation_metrics = {(const char *)metrics.data, metrics.len},
        .read_version = staged->read_version,
        .isolation_level = dwi_isolation_name(dwi_staged_isolation(staged, on)),
        .is_blind_append = dwi_staged_is_blind_append(staged),
        .engine_info = staged->engine_info,
        .txn_id = txn_id,
        .tags = staged->tags,
        .user_metadata = staged->user_metadata,
    };
    dwi_commit_head_append(&body->text, &head);
    action->kind = DWI_ACTION_COMMIT_INFO;
    action->u.commit_info = (dwi_commit_info){
        .timestamp = now_ms,
        .in_commit_timestamp = head.in_commit_timestamp,
        .txn_id = dwi_sv_cstr(txn_id),
        .is_blind_append = head.is_blind_append,
    };
    body->n_actions++;
done:
    dwi_buf_done(&parameters);
    dwi_buf_done(&metrics);
    dwi_buf_done(&scratch);
    return status;
}

static void append_kept(dwi_commit_body *body, const dwi_action *action)
{
    body->actions[body->n_actions++] = *action;
    dwi_action_append(&body->text, action);
}

static void append_protocol(dwi_commit_body *body, const dwi_staged *staged)
{
    dwi_action action = {.kind = DWI_ACTION_PROTOCOL};

    if (staged->protocol == NULL)
        return;
    action.u.protocol = *staged->protocol;
    append_kept(body, &action);
}

/* New columns of a mapped table move its highest id. */
static dw_status keep_max_id(dwi_commit_body *body, const dwi_state *on, dwi_kvs *configuration,
                             dw_error *err)
{
    dwi_mapping_mode mode = DWI_MAPPING_NONE;
    int64_t max_id = 0;
    dw_status status;

    DWI_TRY(dwi_mapping_mode_of(on->metadata.configuration, &mode, err));
    if (mode == DWI_MAPPING_NONE)
        return DW_OK;
    DWI_TRY(dwi_mapping_table_max_id(*configuration, body->schema->root, &max_id, err));
    DWI_TRY(dwi_mapping_set_max_id(&body->arena, *configuration, max_id, configuration, err));
done:
    return status;
}

/* The staged metadata, or the table's, with the columns that it still lacks; everything else as it
 * is. */
static dw_status append_metadata(dwi_commit_body *body, const dwi_staged *staged,
                                 const dwi_state *on, int64_t ict_ms, dw_error *err)
{
    dwi_field *missing = dwi_arena_array(&body->arena, staged->n_columns, sizeof(*missing));
    dwi_action action = {.kind = DWI_ACTION_METADATA};
    size_t n_missing;
    dw_status status;

    assert(staged->metadata == NULL || staged->n_columns == 0);
    if (missing == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(dwi_conflict_missing_columns(on, staged->columns, staged->n_columns, missing,
                                         &n_missing, err));
    if (n_missing == 0 && staged->metadata == NULL)
        goto done;
    action.u.metadata = staged->metadata != NULL ? *staged->metadata : on->metadata;
    if (n_missing > 0) {
        DWI_TRY(dwi_schema_add_fields(body->text.alloc, on->schema, missing, n_missing,
                                      &body->schema, err));
        action.u.metadata.schema_string = body->schema->json;
        DWI_TRY(keep_max_id(body, on, &action.u.metadata.configuration, err));
    }
    if (dwi_commit_body_keeps_time_anew(staged, on))
        DWI_TRY(dwi_properties_note_time_kept(&body->arena, action.u.metadata.configuration,
                                              on->version + 1, ict_ms,
                                              &action.u.metadata.configuration, err));
    append_kept(body, &action);
done:
    return status;
}

static void append_apps(dwi_commit_body *body, const dwi_staged *staged, int64_t now_ms)
{
    for (size_t i = 0; i < staged->n_apps; i++) {
        dwi_action action = {.kind = DWI_ACTION_TXN};
        action.u.txn = (dwi_txn_action){staged->apps[i].app_id, staged->apps[i].next, now_ms};
        append_kept(body, &action);
    }
}

static void append_domains(dwi_commit_body *body, const dwi_staged *staged)
{
    for (size_t i = 0; i < staged->n_domains; i++) {
        dwi_action action = {.kind = DWI_ACTION_DOMAIN_METADATA};
        action.u.domain = staged->domains[i];
        append_kept(body, &action);
    }
}

/* Before the files that are added, so that one that gets another deletion vector is there
 * afterwards for readers who replay line by line. */
static void append_removes(dwi_commit_body *body, const dwi_staged *staged, int64_t now_ms)
{
    for (size_t i = 0; i < staged->n_removes; i++) {
        dwi_action action = {.kind = DWI_ACTION_REMOVE};
        action.u.remove = staged->removes[i];
        action.u.remove.deletion_timestamp = now_ms;
        action.u.remove.data_change = !staged->rearranges;
        dwi_action_append(&body->text, &action);
    }
}

/* With row ids where the table keeps them. */
static dw_status append_adds(dwi_commit_body *body, const dwi_staged *staged, const dwi_state *on,
                             dw_error *err)
{
    dwi_action action = {.kind = DWI_ACTION_DOMAIN_METADATA};
    dwi_row_ids ids;
    dw_status status;

    DWI_TRY(dwi_row_ids_begin(on, staged->protocol != NULL ? staged->protocol : &on->protocol, &ids,
                              err));
    for (size_t i = 0; i < staged->n_adds; i++) {
        dwi_action file = {.kind = DWI_ACTION_ADD};
        file.u.add = staged->adds[i];
        file.u.add.data_change = !staged->rearranges;
        DWI_TRY(dwi_row_ids_give(&ids, &body->arena, &file.u.add, err));
        dwi_action_append(&body->text, &file);
    }
    if (ids.moved) {
        DWI_TRY(dwi_row_ids_domain(&ids, &body->arena, &action.u.domain, err));
        append_kept(body, &action);
    }
done:
    return status;
}

static void append_cdcs(dwi_commit_body *body, const dwi_staged *staged)
{
    for (size_t i = 0; i < staged->n_cdcs; i++) {
        const dwi_action action = {.kind = DWI_ACTION_CDC, .u.cdc = staged->cdcs[i]};
        dwi_action_append(&body->text, &action);
    }
}

dw_status dwi_commit_body_build(dwi_commit_body *body, const dwi_staged *staged,
                                const dwi_state *on, const dwi_env *env, int64_t after_ms,
                                const char *txn_id, dw_error *err)
{
    int64_t now_ms = dwi_now_ms(env);
    int64_t ict_ms = next_in_commit_timestamp(staged, on, now_ms, after_ms);
    dw_status status;

    reset(body);
    body->actions = dwi_arena_array(&body->arena, staged->n_apps + staged->n_domains + MAX_SINGLE,
                                    sizeof(*body->actions));
    if (body->actions == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(append_head(body, staged, on, now_ms, ict_ms, txn_id, err));
    append_protocol(body, staged);
    DWI_TRY(append_metadata(body, staged, on, ict_ms, err));
    append_apps(body, staged, now_ms);
    append_domains(body, staged);
    append_removes(body, staged, now_ms);
    DWI_TRY(append_adds(body, staged, on, err));
    append_cdcs(body, staged);
    DWI_TRY(dwi_buf_status(&body->text, err));
done:
    return status;
}
