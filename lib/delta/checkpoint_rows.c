/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of checkpoints to actions. The order of fields is that of checkpoint_schema.c. */
#include "delta/checkpoint_schema.h"

#include "delta/stats_parsed.h"

/* One value of a vector: a row in the coordinates of the vector's own offset. */
typedef struct cell {
    const dwi_vec *vec;
    int64_t row;
} cell;

typedef struct row_reader {
    dwi_arena *arena;
    const char *name; /* of the action, for errors */
    dw_status status;
    dw_error *err;
} row_reader;

static bool is_null(cell c)
{
    return !dwi_vec_is_valid(c.vec, c.row);
}

/* The next field of a struct. */
static cell next_field(cell parent, size_t *at)
{
    return (cell){&parent.vec->children[(*at)++], parent.vec->offset + parent.row};
}

static const int32_t *ends(cell c)
{
    return c.vec->offsets + c.vec->offset + c.row;
}

static void missing(row_reader *r, const char *field)
{
    if (r->status == DW_OK)
        r->status = dwi_err(r->err, DW_E_CORRUPT, "%s.%s is null", r->name, field);
}

static dwi_sv get_string(cell c)
{
    static const char nothing[] = "";
    const int32_t *range = ends(c);

    if (is_null(c))
        return (dwi_sv){NULL, 0};
    if (range[1] == range[0])
        return (dwi_sv){nothing, 0};
    return (dwi_sv){(const char *)c.vec->data + range[0], (size_t)(range[1] - range[0])};
}

static dwi_sv need_string(row_reader *r, cell c, const char *field)
{
    dwi_sv text = get_string(c);

    if (text.ptr == NULL)
        missing(r, field);
    return text;
}

static int64_t get_long(cell c, int64_t absent)
{
    return is_null(c) ? absent : ((const int64_t *)c.vec->values)[c.vec->offset + c.row];
}

static int32_t get_int(cell c, int32_t absent)
{
    return is_null(c) ? absent : ((const int32_t *)c.vec->values)[c.vec->offset + c.row];
}

static bool get_bool(cell c, bool absent)
{
    return is_null(c) ? absent : dwi_bit_get(c.vec->values, c.vec->offset + c.row);
}

static bool get_list(row_reader *r, cell c, dwi_svs *out)
{
    const int32_t *range = ends(c);
    dwi_sv *items;

    *out = (dwi_svs){0, NULL};
    if (is_null(c))
        return false;
    items = dwi_arena_array(r->arena, (size_t)(range[1] - range[0]), sizeof(*items));
    if (items == NULL) {
        r->status = dwi_err_nomem(r->err);
        return false;
    }
    for (int32_t i = range[0]; i < range[1]; i++)
        items[out->count++] = need_string(r, (cell){&c.vec->children[0], i}, "element");
    out->items = items;
    return true;
}

static bool get_map(row_reader *r, cell c, dwi_kvs *out)
{
    const dwi_vec *entries = &c.vec->children[0];
    const int32_t *range = ends(c);
    dwi_kv *items;

    *out = (dwi_kvs){0, NULL};
    if (is_null(c))
        return false;
    items = dwi_arena_array(r->arena, (size_t)(range[1] - range[0]), sizeof(*items));
    if (items == NULL) {
        r->status = dwi_err_nomem(r->err);
        return false;
    }
    for (int32_t i = range[0]; i < range[1]; i++) {
        size_t at = 0;
        cell entry = {entries, i};
        items[out->count].key = need_string(r, next_field(entry, &at), "key");
        items[out->count++].value = get_string(next_field(entry, &at));
    }
    out->items = items;
    return true;
}

static void get_dv(row_reader *r, cell c, dwi_dv *out)
{
    size_t at = 0;

    *out = (dwi_dv){.offset = -1};
    if (is_null(c))
        return;
    out->storage_type = get_string(next_field(c, &at));
    out->path_or_inline = get_string(next_field(c, &at));
    out->offset = get_int(next_field(c, &at), -1);
    out->size_in_bytes = get_int(next_field(c, &at), 0);
    out->cardinality = get_long(next_field(c, &at), 0);
    if (out->storage_type.ptr == NULL || out->path_or_inline.ptr == NULL)
        missing(r, "deletionVector.storageType");
}

static void get_txn(row_reader *r, cell c, dwi_txn_action *out)
{
    size_t at = 0;

    out->app_id = need_string(r, next_field(c, &at), "appId");
    out->version = get_long(next_field(c, &at), 0);
    out->last_updated = get_long(next_field(c, &at), -1);
}

static void get_parsed_stats(row_reader *r, cell c, dwi_sv *out)
{
    dwi_buf json;

    if (is_null(c))
        return;
    dwi_buf_init(&json, r->arena->alloc);
    dwi_stats_parsed_append_json(&json, c.vec, c.row);
    if (json.failed || !dwi_arena_sv(r->arena, (dwi_sv){(const char *)json.data, json.len}, out))
        r->status = dwi_err_nomem(r->err);
    dwi_buf_done(&json);
}

static void get_add(row_reader *r, cell c, dwi_add *out)
{
    size_t at = 0;

    out->path = need_string(r, next_field(c, &at), "path");
    get_map(r, next_field(c, &at), &out->partition_values);
    out->size = get_long(next_field(c, &at), 0);
    out->modification_time = get_long(next_field(c, &at), 0);
    out->data_change = get_bool(next_field(c, &at), false);
    out->has_tags = get_map(r, next_field(c, &at), &out->tags);
    get_dv(r, next_field(c, &at), &out->dv);
    out->base_row_id = get_long(next_field(c, &at), -1);
    out->default_row_commit_version = get_long(next_field(c, &at), -1);
    out->clustering_provider = get_string(next_field(c, &at));
    out->stats = get_string(next_field(c, &at));
    if (out->stats.ptr == NULL && at < c.vec->n_children)
        get_parsed_stats(r, next_field(c, &at), &out->stats);
}

static void get_remove(row_reader *r, cell c, dwi_remove *out)
{
    size_t at = 0;
    cell extended;

    out->path = need_string(r, next_field(c, &at), "path");
    out->deletion_timestamp = get_long(next_field(c, &at), -1);
    out->data_change = get_bool(next_field(c, &at), false);
    extended = next_field(c, &at);
    out->extended_file_metadata = (int8_t)(is_null(extended) ? -1 : get_bool(extended, false));
    out->has_partition_values = get_map(r, next_field(c, &at), &out->partition_values);
    out->size = get_long(next_field(c, &at), -1);
    get_dv(r, next_field(c, &at), &out->dv);
    out->base_row_id = get_long(next_field(c, &at), -1);
    out->default_row_commit_version = get_long(next_field(c, &at), -1);
}

static void get_metadata(row_reader *r, cell c, dwi_metadata *out)
{
    size_t at = 0;
    cell format;

    out->id = get_string(next_field(c, &at));
    out->name = get_string(next_field(c, &at));
    out->description = get_string(next_field(c, &at));
    format = next_field(c, &at);
    if (!is_null(format)) {
        size_t in = 0;
        out->format_provider = get_string(next_field(format, &in));
        get_map(r, next_field(format, &in), &out->format_options);
    }
    out->schema_string = get_string(next_field(c, &at));
    get_list(r, next_field(c, &at), &out->partition_columns);
    get_map(r, next_field(c, &at), &out->configuration);
    out->created_time = get_long(next_field(c, &at), -1);
}

static void get_protocol(row_reader *r, cell c, dwi_protocol *out)
{
    size_t at = 0;

    out->min_reader_version = get_int(next_field(c, &at), 0);
    out->min_writer_version = get_int(next_field(c, &at), 0);
    out->has_reader_features = get_list(r, next_field(c, &at), &out->reader_features);
    out->has_writer_features = get_list(r, next_field(c, &at), &out->writer_features);
}

static void get_domain(row_reader *r, cell c, dwi_domain_metadata *out)
{
    size_t at = 0;

    out->domain = need_string(r, next_field(c, &at), "domain");
    out->configuration = need_string(r, next_field(c, &at), "configuration");
    out->removed = get_bool(next_field(c, &at), false);
}

static void get_sidecar(row_reader *r, cell c, dwi_sidecar *out)
{
    size_t at = 0;

    out->path = need_string(r, next_field(c, &at), "path");
    out->size = get_long(next_field(c, &at), -1);
    out->modification_time = get_long(next_field(c, &at), 0);
    out->has_tags = get_map(r, next_field(c, &at), &out->tags);
}

static void get_action(row_reader *r, int column, cell c, dwi_action *out)
{
    r->name = dwi_checkpoint_column(column)->name.ptr;
    switch (column) {
    case DWI_CP_TXN:
        out->kind = DWI_ACTION_TXN;
        get_txn(r, c, &out->u.txn);
        break;
    case DWI_CP_ADD:
        out->kind = DWI_ACTION_ADD;
        get_add(r, c, &out->u.add);
        break;
    case DWI_CP_REMOVE:
        out->kind = DWI_ACTION_REMOVE;
        get_remove(r, c, &out->u.remove);
        break;
    case DWI_CP_METADATA:
        out->kind = DWI_ACTION_METADATA;
        get_metadata(r, c, &out->u.metadata);
        break;
    case DWI_CP_PROTOCOL:
        out->kind = DWI_ACTION_PROTOCOL;
        get_protocol(r, c, &out->u.protocol);
        break;
    case DWI_CP_DOMAIN:
        out->kind = DWI_ACTION_DOMAIN_METADATA;
        get_domain(r, c, &out->u.domain);
        break;
    case DWI_CP_SIDECAR:
        out->kind = DWI_ACTION_SIDECAR;
        get_sidecar(r, c, &out->u.sidecar);
        break;
    default:
        break;
    }
}

/* Some writers leave a struct valid in every row and only its fields null. */
static bool holds_action(cell c)
{
    size_t leaf = 0;

    return !is_null(c) && !is_null(next_field(c, &leaf));
}

dw_status dwi_checkpoint_get_row(dwi_arena *arena, const dwi_vec *batch, int64_t row,
                                 unsigned columns, dwi_action *out, dw_error *err)
{
    row_reader r = {.arena = arena, .err = err};
    const cell whole = {batch, row};
    dwi_action action;
    size_t at = 0;

    memset(&action, 0, sizeof(action));
    for (int column = 0; column < DWI_CP_COLUMNS && action.kind == DWI_ACTION_UNKNOWN; column++) {
        cell c;
        if ((columns & (1u << column)) == 0)
            continue;
        c = next_field(whole, &at);
        if (holds_action(c))
            get_action(&r, column, c, &action);
    }
    if (r.status == DW_OK)
        *out = action;
    return r.status;
}
