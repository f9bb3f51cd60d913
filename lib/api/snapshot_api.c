/* SPDX-License-Identifier: Apache-2.0 */
/* dw_snapshot_*(): one version, what it says of itself, its files and transaction ids. */
#include "api/snapshot_impl.h"

#include "base/alloc.h"
#include "delta/features.h"
#include "delta/files.h"
#include "delta/mapping.h"
#include "delta/stats.h"
#include "delta/timeline.h"
#include "delta/txn_expiry.h"

static const char *const *cstrs(dwi_arena *arena, dwi_svs list)
{
    const char **items = dwi_arena_array(arena, list.count + 1, sizeof(*items));

    for (size_t i = 0; items != NULL && i < list.count; i++)
        items[i] = list.items[i].ptr;
    return items;
}

static const dw_property *properties_of(dwi_arena *arena, dwi_kvs list)
{
    dw_property *items = dwi_arena_array(arena, list.count + 1, sizeof(*items));

    for (size_t i = 0; items != NULL && i < list.count; i++)
        items[i] = (dw_property){list.items[i].key.ptr, list.items[i].value.ptr};
    return items;
}

static dw_status fill_info(dw_snapshot *snapshot, dw_error *err)
{
    const dwi_state *state = snapshot->state;
    const dwi_protocol *protocol = &state->protocol;
    const dwi_metadata *metadata = &state->metadata;
    dw_snapshot_info info = DW_SNAPSHOT_INFO_INIT;
    dw_error refusal = DW_ERROR_INIT;
    dw_status status;

    info.min_reader_version = protocol->min_reader_version;
    info.min_writer_version = protocol->min_writer_version;
    info.is_partitioned = metadata->partition_columns.count > 0;
    info.version = state->version;
    DWI_TRY(dwi_timeline_of_state(&snapshot->table->log, state, &info.timestamp_ms, err));
    info.created_time_ms = metadata->created_time;
    info.uri = snapshot->table->uri;
    info.id = metadata->id.ptr == NULL ? "" : metadata->id.ptr;
    info.name = metadata->name.ptr;
    info.description = metadata->description.ptr;
    info.schema_json = metadata->schema_string.ptr;
    info.n_reader_features =
        protocol->min_reader_version == 3 ? protocol->reader_features.count : 0;
    info.n_writer_features =
        protocol->min_writer_version == 7 ? protocol->writer_features.count : 0;
    info.reader_features = protocol->min_reader_version == 3
                               ? cstrs(&snapshot->arena, protocol->reader_features)
                               : NULL;
    info.writer_features = protocol->min_writer_version == 7
                               ? cstrs(&snapshot->arena, protocol->writer_features)
                               : NULL;
    info.partition_columns = cstrs(&snapshot->arena, metadata->partition_columns);
    info.n_partition_columns = metadata->partition_columns.count;
    info.properties = properties_of(&snapshot->arena, metadata->configuration);
    info.n_properties = metadata->configuration.count;
    if (dwi_features_check_append(state, &refusal) != DW_OK)
        info.refusal = dwi_arena_cstr(&snapshot->arena, refusal.message);
    if ((protocol->min_reader_version == 3 && info.reader_features == NULL) ||
        (protocol->min_writer_version == 7 && info.writer_features == NULL) ||
        info.partition_columns == NULL || info.properties == NULL ||
        (refusal.code != DW_OK && info.refusal == NULL))
        DWI_TRY(dwi_err_nomem(err));
    snapshot->info = info;
done:
    return status;
}

/* Takes the reference to `state`, whatever comes of it. */
static dw_status make_snapshot(dw_table *table, dwi_state *state, dw_snapshot **out, dw_error *err)
{
    dw_snapshot *snapshot = dwi_alloc_zero(table->alloc, sizeof(*snapshot));
    dw_status status;

    if (snapshot == NULL) {
        dwi_state_unref(state);
        return dwi_err_nomem(err);
    }
    snapshot->table = table;
    snapshot->state = state;
    dwi_arena_init(&snapshot->arena, table->alloc);
    DWI_TRY(fill_info(snapshot, err));
    *out = snapshot;
    snapshot = NULL;
done:
    dw_snapshot_close(snapshot);
    return status;
}

static dw_status state_at(dw_table *table, int64_t version, dwi_state **out, dw_error *err)
{
    dw_status status = DW_OK;
    dwi_state *state;

    if (version < 0)
        DWI_TRY(dw_table_refresh(table, NULL, err));
    state = dwi_table_state(table);
    if (version >= 0 && state->version != version) {
        dwi_state_unref(state);
        state = NULL;
        status = dwi_state_load(&table->log, version, &state, err);
        if (status != DW_OK)
            DWI_TRY(dwi_err_prefix(err, status, "%s", table->uri));
    }
    *out = state;
done:
    return status;
}

dw_status dw_snapshot_open(dw_table *table, int64_t version, dw_snapshot **out_snapshot,
                           dw_error *err)
{
    dwi_state *state = NULL;
    dw_status status;

    if (table == NULL || out_snapshot == NULL || version < -1)
        return dwi_err(err, DW_E_ARG, "dw_snapshot_open: a table and a version >= -1 are needed");
    DWI_TRY(state_at(table, version, &state, err));
    DWI_TRY(make_snapshot(table, state, out_snapshot, err));
done:
    return status;
}

dw_status dw_snapshot_open_at(dw_table *table, int64_t timestamp_ms, dw_snapshot **out_snapshot,
                              dw_error *err)
{
    dwi_timeline timeline;
    dwi_state *newest = NULL;
    int64_t version = -1;
    dwi_arena arena;
    dw_status status;

    if (table == NULL || out_snapshot == NULL)
        return dwi_err(err, DW_E_ARG, "dw_snapshot_open_at: a table is needed");
    dwi_arena_init(&arena, table->alloc);
    DWI_TRY(state_at(table, -1, &newest, err));
    status = dwi_timeline_load(&table->log, newest, &arena, &timeline, err);
    if (status == DW_OK)
        status = dwi_timeline_find(&table->log, &timeline, timestamp_ms, &version, err);
    if (status != DW_OK)
        DWI_TRY(dwi_err_prefix(err, status, "%s", table->uri));
    DWI_TRY(dw_snapshot_open(table, version, out_snapshot, err));
done:
    dwi_state_unref(newest);
    dwi_arena_done(&arena);
    return status;
}

void dw_snapshot_close(dw_snapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    dwi_state_unref(snapshot->state);
    dwi_arena_done(&snapshot->arena);
    dwi_free(snapshot->table->alloc, snapshot, sizeof(*snapshot));
}

dw_status dw_snapshot_get_info(const dw_snapshot *snapshot, dw_snapshot_info *out_info,
                               dw_error *err)
{
    uint32_t size;

    if (snapshot == NULL || out_info == NULL || out_info->struct_size < sizeof(size))
        return dwi_err(err, DW_E_ARG, "dw_snapshot_get_info: use DW_SNAPSHOT_INFO_INIT");
    size = out_info->struct_size;
    if (size > sizeof(snapshot->info))
        memset((char *)out_info + sizeof(snapshot->info), 0, size - sizeof(snapshot->info));
    memcpy(out_info, &snapshot->info,
           size < sizeof(snapshot->info) ? size : sizeof(snapshot->info));
    out_info->struct_size = size;
    return DW_OK;
}

typedef struct file_walk {
    const dw_allocator *alloc;
    const dwi_type *logical;
    const dwi_type *physical; /* names of partition columns in the log */
    dw_file_fn *each;
    void *ctx;
    dw_status refused; /* by `each` */
} file_walk;

static dwi_sv logical_name(const file_walk *w, dwi_sv key)
{
    for (size_t i = 0; i < w->physical->n_fields; i++)
        if (dwi_sv_eq(w->physical->fields[i].name, key))
            return w->logical->fields[i].name;
    return key;
}

static dw_status give_file(void *ctx, const dwi_add *add, dw_error *err)
{
    file_walk *w = ctx;
    dw_file file = {.size = add->size, .modification_time_ms = add->modification_time};
    dwi_sv path = {NULL, 0};
    dwi_sv stats = {NULL, 0};
    dw_property *values;
    dw_status status = DW_OK;
    dwi_arena arena;

    dwi_arena_init(&arena, w->alloc);
    values = dwi_arena_array(&arena, add->partition_values.count + 1, sizeof(*values));
    if (values == NULL || !dwi_arena_sv(&arena, add->path, &path) ||
        (add->stats.ptr != NULL && !dwi_arena_sv(&arena, add->stats, &stats)))
        DWI_TRY(dwi_err_nomem(err));
    for (size_t i = 0; i < add->partition_values.count; i++) {
        dwi_kv kv = add->partition_values.items[i];
        if (!dwi_arena_sv(&arena, logical_name(w, kv.key), &kv.key) ||
            (kv.value.ptr != NULL && !dwi_arena_sv(&arena, kv.value, &kv.value)))
            DWI_TRY(dwi_err_nomem(err));
        values[i] = (dw_property){kv.key.ptr, kv.value.ptr};
    }
    file.path = path.ptr;
    file.stats_json = stats.ptr;
    DWI_TRY(dwi_stats_num_records(&arena, stats, &file.num_records, err));
    file.partition_values = values;
    file.n_partition_values = add->partition_values.count;
    file.deleted_rows = add->dv.storage_type.ptr == NULL ? 0 : add->dv.cardinality;
    status = w->refused = w->each(w->ctx, &file, err);
done:
    dwi_arena_done(&arena);
    return status;
}

dw_status dw_snapshot_files(dw_snapshot *snapshot, dw_file_fn *each, void *ctx, dw_error *err)
{
    file_walk w = {.each = each, .ctx = ctx};
    const dwi_file_visitor visitor = {&w, give_file, NULL};
    dwi_mapping_mode mode;
    dwi_arena arena;
    dw_status status;

    if (snapshot == NULL || each == NULL)
        return dwi_err(err, DW_E_ARG, "dw_snapshot_files: a snapshot and a callback are needed");
    w.alloc = snapshot->table->alloc;
    w.logical = snapshot->state->schema->root;
    dwi_arena_init(&arena, w.alloc);
    DWI_TRY(dwi_mapping_mode_of(snapshot->state->metadata.configuration, &mode, err));
    DWI_TRY(dwi_mapping_physical(&arena, w.logical, mode, &w.physical, err));
    DWI_TRY(dwi_files_visit(&snapshot->table->log, snapshot->state, visitor, err));
done:
    dwi_arena_done(&arena);
    if (status != DW_OK && w.refused == DW_OK)
        status = dwi_err_prefix(err, status, "%s", snapshot->table->uri);
    return status;
}

dw_status dw_snapshot_txns(const dw_snapshot *snapshot, dw_app_txn_fn *each, void *ctx,
                           dw_error *err)
{
    dw_status status = DW_OK;

    if (snapshot == NULL || each == NULL)
        return dwi_err(err, DW_E_ARG, "dw_snapshot_txns: a snapshot and a callback are needed");
    for (size_t i = 0; i < snapshot->state->n_txns; i++) {
        const dwi_txn_action *action = &snapshot->state->txns[i];
        const dw_app_txn txn = {action->app_id.ptr, action->version, action->last_updated};
        if (!dwi_txn_is_expired(snapshot->state, action, snapshot->table->log.env))
            DWI_TRY(each(ctx, &txn, err));
    }
done:
    return status;
}
