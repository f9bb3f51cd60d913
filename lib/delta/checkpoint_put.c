/* SPDX-License-Identifier: Apache-2.0 */
/* Actions to rows of checkpoints. The order of fields is that of checkpoint_schema.c. */
#include "delta/checkpoint_schema.h"

#include <assert.h>

/* Appending: the first failure sticks. */
typedef struct row_writer {
    dw_status status;
    dw_error *err;
} row_writer;

static dwi_column *next_child(dwi_column *parent, size_t *at)
{
    return &parent->children[(*at)++];
}

static void put_null(row_writer *w, dwi_column *column)
{
    if (w->status == DW_OK)
        w->status = dwi_column_append_null(column, w->err);
}

static void end_row(row_writer *w, dwi_column *column)
{
    if (w->status == DW_OK)
        w->status = dwi_column_end_row(column, w->err);
}

static void put_string(row_writer *w, dwi_column *column, dwi_sv value)
{
    if (value.ptr == NULL)
        put_null(w, column);
    else if (w->status == DW_OK)
        w->status = dwi_column_append_bytes(column, value.ptr, value.len, w->err);
}

static void put_long(row_writer *w, dwi_column *column, int64_t value)
{
    if (w->status == DW_OK)
        w->status = dwi_column_append_fixed(column, &value, w->err);
}

/* -1 stands for null. */
static void put_optional(row_writer *w, dwi_column *column, int64_t value)
{
    if (value < 0)
        put_null(w, column);
    else
        put_long(w, column, value);
}

static void put_int(row_writer *w, dwi_column *column, int32_t value)
{
    if (w->status == DW_OK)
        w->status = dwi_column_append_fixed(column, &value, w->err);
}

static void put_bool(row_writer *w, dwi_column *column, bool value)
{
    if (w->status == DW_OK)
        w->status = dwi_column_append_bool(column, value, w->err);
}

static void put_list(row_writer *w, dwi_column *column, bool present, dwi_svs list)
{
    if (!present) {
        put_null(w, column);
        return;
    }
    for (size_t i = 0; i < list.count; i++)
        put_string(w, &column->children[0], list.items[i]);
    end_row(w, column);
}

static void put_map(row_writer *w, dwi_column *column, bool present, dwi_kvs map)
{
    if (!present) {
        put_null(w, column);
        return;
    }
    for (size_t i = 0; i < map.count; i++) {
        dwi_column *entries = &column->children[0];
        put_string(w, &entries->children[0], map.items[i].key);
        put_string(w, &entries->children[1], map.items[i].value);
        end_row(w, entries);
    }
    end_row(w, column);
}

static void put_dv(row_writer *w, dwi_column *column, const dwi_dv *dv)
{
    size_t at = 0;

    if (dv->storage_type.ptr == NULL) {
        put_null(w, column);
        return;
    }
    put_string(w, next_child(column, &at), dv->storage_type);
    put_string(w, next_child(column, &at), dv->path_or_inline);
    if (dv->offset < 0)
        put_null(w, next_child(column, &at));
    else
        put_int(w, next_child(column, &at), dv->offset);
    put_int(w, next_child(column, &at), dv->size_in_bytes);
    put_long(w, next_child(column, &at), dv->cardinality);
    end_row(w, column);
}

static void put_txn(row_writer *w, dwi_column *column, const dwi_txn_action *txn)
{
    size_t at = 0;

    put_string(w, next_child(column, &at), txn->app_id);
    put_long(w, next_child(column, &at), txn->version);
    put_optional(w, next_child(column, &at), txn->last_updated);
}

static void put_add(row_writer *w, dwi_column *column, const dwi_add *add, dwi_checkpoint_form form)
{
    const dwi_sv no_stats = {NULL, 0};
    size_t at = 0;

    put_string(w, next_child(column, &at), add->path);
    put_map(w, next_child(column, &at), true, add->partition_values);
    put_long(w, next_child(column, &at), add->size);
    put_long(w, next_child(column, &at), add->modification_time);
    put_bool(w, next_child(column, &at), false); /* the spec demands it of every checkpoint */
    put_map(w, next_child(column, &at), add->has_tags, add->tags);
    put_dv(w, next_child(column, &at), &add->dv);
    put_optional(w, next_child(column, &at), add->base_row_id);
    put_optional(w, next_child(column, &at), add->default_row_commit_version);
    put_string(w, next_child(column, &at), add->clustering_provider);
    put_string(w, next_child(column, &at), form.stats ? add->stats : no_stats);
    if (form.parsed != NULL && w->status == DW_OK)
        w->status = dwi_parsed_columns_put(form.parsed, add, &column->children[at], w->err);
}

static void put_remove(row_writer *w, dwi_column *column, const dwi_remove *remove)
{
    size_t at = 0;

    put_string(w, next_child(column, &at), remove->path);
    put_optional(w, next_child(column, &at), remove->deletion_timestamp);
    put_bool(w, next_child(column, &at), false);
    if (remove->extended_file_metadata < 0)
        put_null(w, next_child(column, &at));
    else
        put_bool(w, next_child(column, &at), remove->extended_file_metadata == 1);
    put_map(w, next_child(column, &at), remove->has_partition_values, remove->partition_values);
    put_optional(w, next_child(column, &at), remove->size);
    put_dv(w, next_child(column, &at), &remove->dv);
    put_optional(w, next_child(column, &at), remove->base_row_id);
    put_optional(w, next_child(column, &at), remove->default_row_commit_version);
}

static void put_metadata(row_writer *w, dwi_column *column, const dwi_metadata *metadata)
{
    dwi_column *format;
    size_t at = 0;

    /* readers tell by it that the row is one of metaData */
    put_string(w, next_child(column, &at), metadata->id.ptr == NULL ? DWI_SV("") : metadata->id);
    put_string(w, next_child(column, &at), metadata->name);
    put_string(w, next_child(column, &at), metadata->description);
    format = next_child(column, &at);
    put_string(w, &format->children[0], metadata->format_provider);
    put_map(w, &format->children[1], true, metadata->format_options);
    end_row(w, format);
    put_string(w, next_child(column, &at), metadata->schema_string);
    put_list(w, next_child(column, &at), true, metadata->partition_columns);
    put_map(w, next_child(column, &at), true, metadata->configuration);
    put_optional(w, next_child(column, &at), metadata->created_time);
}

static void put_protocol(row_writer *w, dwi_column *column, const dwi_protocol *protocol)
{
    size_t at = 0;

    put_int(w, next_child(column, &at), protocol->min_reader_version);
    put_int(w, next_child(column, &at), protocol->min_writer_version);
    put_list(w, next_child(column, &at), protocol->has_reader_features, protocol->reader_features);
    put_list(w, next_child(column, &at), protocol->has_writer_features, protocol->writer_features);
}

static void put_domain(row_writer *w, dwi_column *column, const dwi_domain_metadata *domain)
{
    size_t at = 0;

    put_string(w, next_child(column, &at), domain->domain);
    put_string(w, next_child(column, &at), domain->configuration);
    put_bool(w, next_child(column, &at), domain->removed);
}

static void put_sidecar(row_writer *w, dwi_column *column, const dwi_sidecar *sidecar)
{
    size_t at = 0;

    put_string(w, next_child(column, &at), sidecar->path);
    put_long(w, next_child(column, &at), sidecar->size);
    put_long(w, next_child(column, &at), sidecar->modification_time);
    put_map(w, next_child(column, &at), sidecar->has_tags, sidecar->tags);
}

static void put_manifest(row_writer *w, dwi_column *column, const dwi_manifest *manifest)
{
    const dwi_kvs no_tags = {0, NULL};
    size_t at = 0;

    put_long(w, next_child(column, &at), manifest->version);
    put_map(w, next_child(column, &at), false, no_tags);
}

static int column_of(dwi_action_kind kind)
{
    switch (kind) {
    case DWI_ACTION_TXN:
        return DWI_CP_TXN;
    case DWI_ACTION_ADD:
        return DWI_CP_ADD;
    case DWI_ACTION_REMOVE:
        return DWI_CP_REMOVE;
    case DWI_ACTION_METADATA:
        return DWI_CP_METADATA;
    case DWI_ACTION_PROTOCOL:
        return DWI_CP_PROTOCOL;
    case DWI_ACTION_SIDECAR:
        return DWI_CP_SIDECAR;
    case DWI_ACTION_CHECKPOINT_METADATA:
        return DWI_CP_MANIFEST;
    default:
        assert(kind == DWI_ACTION_DOMAIN_METADATA);
        return DWI_CP_DOMAIN;
    }
}

static void put_value(row_writer *w, dwi_column *column, const dwi_action *action,
                      dwi_checkpoint_form form)
{
    switch (column_of(action->kind)) {
    case DWI_CP_TXN:
        put_txn(w, column, &action->u.txn);
        break;
    case DWI_CP_ADD:
        put_add(w, column, &action->u.add, form);
        break;
    case DWI_CP_REMOVE:
        put_remove(w, column, &action->u.remove);
        break;
    case DWI_CP_METADATA:
        put_metadata(w, column, &action->u.metadata);
        break;
    case DWI_CP_PROTOCOL:
        put_protocol(w, column, &action->u.protocol);
        break;
    case DWI_CP_SIDECAR:
        put_sidecar(w, column, &action->u.sidecar);
        break;
    case DWI_CP_MANIFEST:
        put_manifest(w, column, &action->u.manifest);
        break;
    default:
        put_domain(w, column, &action->u.domain);
    }
    end_row(w, column);
}

dw_status dwi_checkpoint_put_row(dwi_column *batch, const dwi_action *action,
                                 dwi_checkpoint_form form, dw_error *err)
{
    int own = column_of(action->kind);
    row_writer w = {.err = err};
    size_t at = 0;

    assert((form.columns & (1u << own)) != 0);
    for (int column = 0; column < DWI_CP_COLUMNS; column++) {
        if ((form.columns & (1u << column)) == 0)
            continue;
        if (column == own)
            put_value(&w, &batch->children[at], action, form);
        else
            put_null(&w, &batch->children[at]);
        at++;
    }
    end_row(&w, batch);
    return w.status;
}
