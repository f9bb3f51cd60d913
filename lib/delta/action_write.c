/* SPDX-License-Identifier: Apache-2.0 */
/* Actions to JSON lines. Field order is that of Spark's logs. */
#include "delta/action.h"

#include <assert.h>

#include "json/json_writer.h"

static void put_optional(dwi_jw *w, const char *key, dwi_sv value)
{
    if (value.ptr != NULL)
        dwi_jw_kv_string(w, key, value);
}

static void put_optional_i64(dwi_jw *w, const char *key, int64_t value)
{
    if (value >= 0)
        dwi_jw_kv_i64(w, key, value);
}

static void put_strings(dwi_jw *w, const char *key, dwi_svs values)
{
    dwi_jw_key(w, dwi_sv_cstr(key));
    dwi_jw_array_begin(w);
    for (size_t i = 0; i < values.count; i++)
        dwi_jw_string(w, values.items[i]);
    dwi_jw_array_end(w);
}

static void put_map(dwi_jw *w, const char *key, dwi_kvs values)
{
    dwi_jw_key(w, dwi_sv_cstr(key));
    dwi_jw_object_begin(w);
    for (size_t i = 0; i < values.count; i++) {
        dwi_jw_key(w, values.items[i].key);
        if (values.items[i].value.ptr == NULL)
            dwi_jw_null(w);
        else
            dwi_jw_string(w, values.items[i].value);
    }
    dwi_jw_object_end(w);
}

static void put_protocol(dwi_jw *w, const dwi_protocol *protocol)
{
    dwi_jw_kv_i64(w, "minReaderVersion", protocol->min_reader_version);
    dwi_jw_kv_i64(w, "minWriterVersion", protocol->min_writer_version);
    if (protocol->has_reader_features)
        put_strings(w, "readerFeatures", protocol->reader_features);
    if (protocol->has_writer_features)
        put_strings(w, "writerFeatures", protocol->writer_features);
}

static void put_metadata(dwi_jw *w, const dwi_metadata *metadata)
{
    put_optional(w, "id", metadata->id);
    put_optional(w, "name", metadata->name);
    put_optional(w, "description", metadata->description);
    dwi_jw_key(w, DWI_SV("format"));
    dwi_jw_object_begin(w);
    dwi_jw_kv_string(w, "provider",
                     metadata->format_provider.ptr == NULL ? DWI_SV("parquet")
                                                           : metadata->format_provider);
    put_map(w, "options", metadata->format_options);
    dwi_jw_object_end(w);
    dwi_jw_kv_string(w, "schemaString", metadata->schema_string);
    put_strings(w, "partitionColumns", metadata->partition_columns);
    put_map(w, "configuration", metadata->configuration);
    put_optional_i64(w, "createdTime", metadata->created_time);
}

static void put_dv(dwi_jw *w, const dwi_dv *dv)
{
    if (dv->storage_type.ptr == NULL)
        return;
    dwi_jw_key(w, DWI_SV("deletionVector"));
    dwi_jw_object_begin(w);
    dwi_jw_kv_string(w, "storageType", dv->storage_type);
    dwi_jw_kv_string(w, "pathOrInlineDv", dv->path_or_inline);
    put_optional_i64(w, "offset", dv->offset);
    dwi_jw_kv_i64(w, "sizeInBytes", dv->size_in_bytes);
    dwi_jw_kv_i64(w, "cardinality", dv->cardinality);
    dwi_jw_object_end(w);
}

static void put_add(dwi_jw *w, const dwi_add *add)
{
    dwi_jw_kv_string(w, "path", add->path);
    put_map(w, "partitionValues", add->partition_values);
    dwi_jw_kv_i64(w, "size", add->size);
    dwi_jw_kv_i64(w, "modificationTime", add->modification_time);
    dwi_jw_kv_bool(w, "dataChange", add->data_change);
    put_optional(w, "stats", add->stats);
    if (add->has_tags)
        put_map(w, "tags", add->tags);
    put_dv(w, &add->dv);
    put_optional_i64(w, "baseRowId", add->base_row_id);
    put_optional_i64(w, "defaultRowCommitVersion", add->default_row_commit_version);
    put_optional(w, "clusteringProvider", add->clustering_provider);
}

static void put_remove(dwi_jw *w, const dwi_remove *remove)
{
    dwi_jw_kv_string(w, "path", remove->path);
    put_optional_i64(w, "deletionTimestamp", remove->deletion_timestamp);
    dwi_jw_kv_bool(w, "dataChange", remove->data_change);
    if (remove->extended_file_metadata >= 0)
        dwi_jw_kv_bool(w, "extendedFileMetadata", remove->extended_file_metadata == 1);
    if (remove->has_partition_values)
        put_map(w, "partitionValues", remove->partition_values);
    put_optional_i64(w, "size", remove->size);
    if (remove->has_tags)
        put_map(w, "tags", remove->tags);
    put_dv(w, &remove->dv);
    put_optional_i64(w, "baseRowId", remove->base_row_id);
    put_optional_i64(w, "defaultRowCommitVersion", remove->default_row_commit_version);
}

static void put_txn(dwi_jw *w, const dwi_txn_action *txn)
{
    dwi_jw_kv_string(w, "appId", txn->app_id);
    dwi_jw_kv_i64(w, "version", txn->version);
    put_optional_i64(w, "lastUpdated", txn->last_updated);
}

static void put_domain(dwi_jw *w, const dwi_domain_metadata *domain)
{
    dwi_jw_kv_string(w, "domain", domain->domain);
    dwi_jw_kv_string(w, "configuration", domain->configuration);
    dwi_jw_kv_bool(w, "removed", domain->removed);
}

static void put_sidecar(dwi_jw *w, const dwi_sidecar *sidecar)
{
    dwi_jw_kv_string(w, "path", sidecar->path);
    dwi_jw_kv_i64(w, "sizeInBytes", sidecar->size);
    dwi_jw_kv_i64(w, "modificationTime", sidecar->modification_time);
    if (sidecar->has_tags)
        put_map(w, "tags", sidecar->tags);
}

/* Change data is no change of the table's rows by itself. */
static void put_cdc(dwi_jw *w, const dwi_cdc *cdc)
{
    dwi_jw_kv_string(w, "path", cdc->path);
    put_map(w, "partitionValues", cdc->partition_values);
    dwi_jw_kv_i64(w, "size", cdc->size);
    dwi_jw_kv_bool(w, "dataChange", false);
}

static const char *action_key(dwi_action_kind kind)
{
    switch (kind) {
    case DWI_ACTION_PROTOCOL:
        return "protocol";
    case DWI_ACTION_METADATA:
        return "metaData";
    case DWI_ACTION_ADD:
        return "add";
    case DWI_ACTION_REMOVE:
        return "remove";
    case DWI_ACTION_TXN:
        return "txn";
    case DWI_ACTION_DOMAIN_METADATA:
        return "domainMetadata";
    case DWI_ACTION_CHECKPOINT_METADATA:
        return "checkpointMetadata";
    case DWI_ACTION_SIDECAR:
        return "sidecar";
    case DWI_ACTION_CDC:
        return "cdc";
    case DWI_ACTION_UNKNOWN:
    case DWI_ACTION_COMMIT_INFO:
        break;
    }
    return NULL;
}

static void put_action(dwi_jw *w, const dwi_action *action)
{
    dwi_jw_object_begin(w);
    if (action->kind == DWI_ACTION_PROTOCOL)
        put_protocol(w, &action->u.protocol);
    else if (action->kind == DWI_ACTION_METADATA)
        put_metadata(w, &action->u.metadata);
    else if (action->kind == DWI_ACTION_ADD)
        put_add(w, &action->u.add);
    else if (action->kind == DWI_ACTION_REMOVE)
        put_remove(w, &action->u.remove);
    else if (action->kind == DWI_ACTION_TXN)
        put_txn(w, &action->u.txn);
    else if (action->kind == DWI_ACTION_SIDECAR)
        put_sidecar(w, &action->u.sidecar);
    else if (action->kind == DWI_ACTION_CDC)
        put_cdc(w, &action->u.cdc);
    else if (action->kind == DWI_ACTION_CHECKPOINT_METADATA)
        dwi_jw_kv_i64(w, "version", action->u.manifest.version);
    else
        put_domain(w, &action->u.domain);
    dwi_jw_object_end(w);
}

void dwi_action_append_value(dwi_buf *out, const dwi_action *action)
{
    dwi_jw w;

    assert(action_key(action->kind) != NULL);
    dwi_jw_init(&w, out);
    put_action(&w, action);
}

void dwi_action_append(dwi_buf *out, const dwi_action *action)
{
    const char *key = action_key(action->kind);
    dwi_jw w;

    assert(key != NULL);
    if (key == NULL)
        return;
    dwi_jw_init(&w, out);
    dwi_jw_object_begin(&w);
    dwi_jw_key(&w, dwi_sv_cstr(key));
    put_action(&w, action);
    dwi_jw_object_end(&w);
    dwi_buf_append_byte(out, '\n');
}
