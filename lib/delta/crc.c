/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/crc.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "delta/features.h"
#include "delta/properties.h"
#include "json/json_writer.h"

/* What other writers allow too; a table with more has the set left out. */
enum { MAX_TXNS = 100, MAX_DOMAINS = 100 };

static const int64_t max_crc_bytes = INT64_C(64) << 20;

static void crc_name(int64_t version, char out[DWI_LOG_NAME_SIZE])
{
    (void)snprintf(out, DWI_LOG_NAME_SIZE, "_delta_log/%020" PRId64 ".crc", version);
}

static dw_status need_count(const dwi_json *root, const char *field, const char *name, int64_t *out,
                            dw_error *err)
{
    const dwi_json *value = dwi_json_get(root, field);

    if (value == NULL || !dwi_json_as_i64(value, out) || *out < 0)
        return dwi_err(err, DW_E_CORRUPT, "%s: %s is missing or no count", name, field);
    return DW_OK;
}

static int64_t optional_count(const dwi_json *root, const char *field)
{
    const dwi_json *value = dwi_json_get(root, field);
    int64_t count;

    return value == NULL || !dwi_json_as_i64(value, &count) || count < 0 ? -1 : count;
}

/* The member that is an action of a kind; NULL in *out when it is not there. */
static dw_status read_member(dwi_arena *arena, const dwi_json *root, const char *field,
                             dwi_action_kind kind, const char *name, dwi_action **out,
                             dw_error *err)
{
    const dwi_json *value = dwi_json_get(root, field);

    *out = NULL;
    if (value == NULL || dwi_json_kind_of(value) == DWI_JSON_NULL)
        return DW_OK;
    *out = dwi_arena_zero(arena, sizeof(**out));
    if (*out == NULL)
        return dwi_err_nomem(err);
    return dwi_action_from_json(arena, kind, value, name, *out, err);
}

/* The members of an array of actions; false in *out_there when the array is not there. */
static dw_status read_members(dwi_arena *arena, const dwi_json *root, const char *field,
                              dwi_action_kind kind, const char *name, dwi_action **out,
                              size_t *out_n, bool *out_there, dw_error *err)
{
    const dwi_json *value = dwi_json_get(root, field);
    dwi_action *actions;
    dw_status status = DW_OK;
    size_t n = 0;

    *out_there = value != NULL && dwi_json_kind_of(value) == DWI_JSON_ARRAY;
    if (!*out_there)
        return DW_OK;
    actions = dwi_arena_array(arena, dwi_json_count(value), sizeof(*actions));
    if (actions == NULL)
        return dwi_err_nomem(err);
    for (const dwi_json *c = dwi_json_first(value); c != NULL; c = dwi_json_next(c))
        DWI_TRY(dwi_action_from_json(arena, kind, c, name, &actions[n++], err));
    *out = actions;
    *out_n = n;
done:
    return status;
}

static dw_status read_txns(dwi_arena *arena, const dwi_json *root, const char *name, dwi_crc *crc,
                           dw_error *err)
{
    dwi_txn_action *txns;
    dwi_action *actions = NULL;
    dw_status status;

    DWI_TRY(read_members(arena, root, "setTransactions", DWI_ACTION_TXN, name, &actions,
                         &crc->n_txns, &crc->has_txns, err));
    txns = dwi_arena_array(arena, crc->n_txns, sizeof(*txns));
    if (txns == NULL)
        DWI_TRY(dwi_err_nomem(err));
    for (size_t i = 0; i < crc->n_txns; i++)
        txns[i] = actions[i].u.txn;
    crc->txns = txns;
done:
    return status;
}

static dw_status read_domains(dwi_arena *arena, const dwi_json *root, const char *name,
                              dwi_crc *crc, dw_error *err)
{
    dwi_domain_metadata *domains;
    dwi_action *actions = NULL;
    dw_status status;

    DWI_TRY(read_members(arena, root, "domainMetadata", DWI_ACTION_DOMAIN_METADATA, name, &actions,
                         &crc->n_domains, &crc->has_domains, err));
    domains = dwi_arena_array(arena, crc->n_domains, sizeof(*domains));
    if (domains == NULL)
        DWI_TRY(dwi_err_nomem(err));
    for (size_t i = 0; i < crc->n_domains; i++)
        domains[i] = actions[i].u.domain;
    crc->domains = domains;
done:
    return status;
}

static dw_status parse(dwi_arena *arena, const dwi_json *root, const char *name, dwi_crc *crc,
                       dw_error *err)
{
    dwi_action *protocol = NULL;
    dwi_action *metadata = NULL;
    dw_status status = DW_OK;

    if (dwi_json_kind_of(root) != DWI_JSON_OBJECT)
        return dwi_err(err, DW_E_CORRUPT, "%s: not a JSON object", name);
    DWI_TRY(need_count(root, "numFiles", name, &crc->counts.files, err));
    DWI_TRY(need_count(root, "tableSizeBytes", name, &crc->counts.bytes, err));
    crc->counts.vectors = optional_count(root, "numDeletionVectorsOpt");
    crc->counts.deleted_rows = optional_count(root, "numDeletedRecordsOpt");
    crc->in_commit_timestamp = optional_count(root, "inCommitTimestampOpt");
    DWI_TRY(read_member(arena, root, "protocol", DWI_ACTION_PROTOCOL, name, &protocol, err));
    DWI_TRY(read_member(arena, root, "metadata", DWI_ACTION_METADATA, name, &metadata, err));
    crc->protocol = protocol == NULL ? NULL : &protocol->u.protocol;
    crc->metadata = metadata == NULL ? NULL : &metadata->u.metadata;
    DWI_TRY(read_txns(arena, root, name, crc, err));
    DWI_TRY(read_domains(arena, root, name, crc, err));
done:
    return status;
}

dw_status dwi_crc_read(const dwi_log *log, int64_t version, dwi_arena *arena, dwi_crc *out,
                       dw_error *err)
{
    const dw_range all = DW_RANGE_ALL;
    char name[DWI_LOG_NAME_SIZE];
    const dwi_json *root = NULL;
    dw_status status = DW_OK;
    dwi_crc crc = {0};
    dwi_arena scratch;
    dwi_buf text;
    char *key;

    dwi_arena_init(&scratch, log->alloc);
    dwi_buf_init(&text, log->alloc);
    crc_name(version, name);
    key = dwi_log_key(log, name);
    if (key == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(dwi_store_get(log->store, key, all, max_crc_bytes, &text, err));
    DWI_TRY(
        dwi_json_parse(&scratch, (dwi_sv){(const char *)text.data, text.len}, name, &root, err));
    DWI_TRY(parse(arena, root, name, &crc, err));
    *out = crc;
done:
    dwi_arena_done(&scratch);
    dwi_buf_done(&text);
    dwi_cstr_free(log->alloc, key);
    return status;
}

static bool keeps_timestamps(const dwi_metadata *metadata)
{
    dw_error ignored = DW_ERROR_INIT;
    bool on = false;

    return dwi_property_bool(metadata->configuration, "delta.enableInCommitTimestamps", &on,
                             &ignored) == DW_OK &&
           on;
}

bool dwi_crc_is_complete(const dwi_crc *crc)
{
    return crc->protocol != NULL && crc->metadata != NULL &&
           crc->metadata->schema_string.ptr != NULL && crc->has_txns &&
           (crc->has_domains || !dwi_features_has_writer(crc->protocol, "domainMetadata")) &&
           (crc->in_commit_timestamp >= 0 || !keeps_timestamps(crc->metadata));
}

/* The set of transaction ids is whole only where none of them expires. */
static bool txns_are_whole(const dwi_state *state)
{
    return state->n_txns <= MAX_TXNS &&
           dwi_state_property(state, "delta.setTransactionRetentionDuration").ptr == NULL;
}

static void append_action(dwi_jw *w, const dwi_action *action)
{
    dwi_buf value;

    dwi_buf_init(&value, w->out->alloc);
    dwi_action_append_value(&value, action);
    if (value.failed)
        w->out->failed = true;
    else
        dwi_jw_raw(w, (dwi_sv){(const char *)value.data, value.len});
    dwi_buf_done(&value);
}

static void append_sets(dwi_jw *w, const dwi_state *state)
{
    if (txns_are_whole(state)) {
        dwi_jw_key(w, DWI_SV("setTransactions"));
        dwi_jw_array_begin(w);
        for (size_t i = 0; i < state->n_txns; i++) {
            dwi_action action = {.kind = DWI_ACTION_TXN, .u.txn = state->txns[i]};
            append_action(w, &action);
        }
        dwi_jw_array_end(w);
    }
    if (state->n_domains <= MAX_DOMAINS) {
        dwi_jw_key(w, DWI_SV("domainMetadata"));
        dwi_jw_array_begin(w);
        for (size_t i = 0; i < state->n_domains; i++) {
            dwi_action action = {.kind = DWI_ACTION_DOMAIN_METADATA, .u.domain = state->domains[i]};
            append_action(w, &action);
        }
        dwi_jw_array_end(w);
    }
}

static void append_crc(dwi_buf *out, const dwi_state *state, const dwi_file_counts *counts,
                       dwi_sv txn_id)
{
    dwi_action metadata = {.kind = DWI_ACTION_METADATA, .u.metadata = state->metadata};
    dwi_action protocol = {.kind = DWI_ACTION_PROTOCOL, .u.protocol = state->protocol};
    dwi_jw w;

    dwi_jw_init(&w, out);
    dwi_jw_object_begin(&w);
    if (txn_id.ptr != NULL)
        dwi_jw_kv_string(&w, "txnId", txn_id);
    dwi_jw_kv_i64(&w, "tableSizeBytes", counts->bytes);
    dwi_jw_kv_i64(&w, "numFiles", counts->files);
    if (counts->vectors >= 0 && counts->deleted_rows >= 0) {
        dwi_jw_kv_i64(&w, "numDeletedRecordsOpt", counts->deleted_rows);
        dwi_jw_kv_i64(&w, "numDeletionVectorsOpt", counts->vectors);
    }
    dwi_jw_kv_i64(&w, "numMetadata", 1);
    dwi_jw_kv_i64(&w, "numProtocol", 1);
    if (keeps_timestamps(&state->metadata) && state->in_commit_timestamp >= 0)
        dwi_jw_kv_i64(&w, "inCommitTimestampOpt", state->in_commit_timestamp);
    append_sets(&w, state);
    dwi_jw_key(&w, DWI_SV("metadata"));
    append_action(&w, &metadata);
    dwi_jw_key(&w, DWI_SV("protocol"));
    append_action(&w, &protocol);
    dwi_jw_object_end(&w);
    dwi_buf_append_byte(out, '\n');
}

dw_status dwi_crc_write(const dwi_log *log, const dwi_state *state, const dwi_file_counts *counts,
                        dwi_sv txn_id, dw_error *err)
{
    char name[DWI_LOG_NAME_SIZE];
    dw_status status = DW_OK;
    char *key = NULL;
    dwi_buf text;

    dwi_buf_init(&text, log->alloc);
    if (keeps_timestamps(&state->metadata) && state->in_commit_timestamp < 0)
        goto done; /* it could not be exact */
    crc_name(state->version, name);
    key = dwi_log_key(log, name);
    if (key == NULL)
        DWI_TRY(dwi_err_nomem(err));
    append_crc(&text, state, counts, txn_id);
    DWI_TRY(dwi_buf_status(&text, err));
    status = dwi_store_put(log->store, key, (dw_bytes){text.data, text.len}, DW_PUT_IF_ABSENT, err);
    if (status == DW_E_EXISTS)
        status = DW_OK;
done:
    dwi_buf_done(&text);
    dwi_cstr_free(log->alloc, key);
    return status;
}

/* The counts of the version before a commit of ours. */
static dw_status look_up(dwi_crc_chain *chain, const dwi_log *log, int64_t version, dw_error *err)
{
    dwi_arena arena;
    dw_status status;
    dwi_crc crc;

    dwi_arena_init(&arena, log->alloc);
    status = dwi_crc_read(log, version, &arena, &crc, err);
    if (status == DW_OK)
        chain->counts = crc.counts;
    chain->known = status == DW_OK;
    chain->version = version;
    if (status == DW_E_NOT_FOUND || status == DW_E_CORRUPT)
        status = DW_OK;
    dwi_arena_done(&arena);
    return status;
}

static void count_vector(dwi_file_counts *counts, const dwi_dv *dv, int sign)
{
    if (dv->storage_type.ptr == NULL || counts->vectors < 0 || counts->deleted_rows < 0)
        return;
    counts->vectors += sign;
    counts->deleted_rows += sign * dv->cardinality;
}

/* False when they are not known any more. */
static bool count_changes(dwi_file_counts *counts, const dwi_staged *staged)
{
    for (size_t i = 0; i < staged->n_adds; i++) {
        if (!dwi_i64_add(counts->bytes, staged->adds[i].size, &counts->bytes))
            return false;
        count_vector(counts, &staged->adds[i].dv, 1);
    }
    for (size_t i = 0; i < staged->n_removes; i++) {
        if (staged->removes[i].size < 0)
            return false;
        counts->bytes -= staged->removes[i].size;
        count_vector(counts, &staged->removes[i].dv, -1);
    }
    counts->files += (int64_t)staged->n_adds - (int64_t)staged->n_removes;
    return counts->files >= 0 && counts->bytes >= 0;
}

void dwi_crc_follow(dwi_crc_chain *chain, const dwi_log *log, const dwi_state *state,
                    const dwi_staged *staged, dwi_sv txn_id)
{
    dw_error why = DW_ERROR_INIT;
    dw_status status = DW_OK;

    if (dwi_state_crc(state) < 0)
        return;
    if (chain->version != state->version - 1)
        status = look_up(chain, log, state->version - 1, &why);
    chain->known = status == DW_OK && chain->known && count_changes(&chain->counts, staged);
    chain->version = status == DW_OK ? state->version : -1;
    if (chain->known)
        status = dwi_crc_write(log, state, &chain->counts, txn_id, &why);
    if (status != DW_OK)
        dwi_logf(log->logger, DW_LOG_WARN, "%s; version %" PRId64 " has no checksum file",
                 why.message, state->version);
}
