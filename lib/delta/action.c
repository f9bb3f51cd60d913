/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/action.h"

#include <limits.h>

#include "delta/path.h"

/* One object of the log being read: its JSON, and where what is kept goes. The first problem
 * sticks. */
typedef struct reader {
    dwi_arena *arena;
    const dwi_json *json;
    const char *what;
    const char *name; /* of the action */
    dw_status status;
    dw_error *err;
} reader;

static void bad_field(reader *r, const char *field, const char *reason)
{
    if (r->status == DW_OK)
        r->status = dwi_err(r->err, DW_E_CORRUPT, "%s: %s.%s %s", r->what, r->name, field, reason);
}

static void keep(reader *r, dwi_sv text, dwi_sv *out)
{
    if (!dwi_arena_sv(r->arena, text, out) && r->status == DW_OK)
        r->status = dwi_err_nomem(r->err);
}

static void *keep_array(reader *r, size_t count, size_t size)
{
    void *items = dwi_arena_array(r->arena, count, size);

    if (items == NULL && r->status == DW_OK)
        r->status = dwi_err_nomem(r->err);
    return items;
}

/* A member, NULL when it is absent or null. */
static const dwi_json *member(const reader *r, const char *field)
{
    const dwi_json *value = dwi_json_get(r->json, field);

    return value == NULL || dwi_json_kind_of(value) == DWI_JSON_NULL ? NULL : value;
}

static void read_string(reader *r, const char *field, dwi_sv *out)
{
    const dwi_json *value = member(r, field);
    dwi_sv text;

    *out = (dwi_sv){NULL, 0};
    if (value == NULL)
        return;
    if (dwi_json_as_string(value, &text))
        keep(r, text, out);
    else
        bad_field(r, field, "is not a string");
}

static void require_string(reader *r, const char *field, dwi_sv *out)
{
    read_string(r, field, out);
    if (out->ptr == NULL)
        bad_field(r, field, "is missing");
}

static int64_t read_i64(reader *r, const char *field, int64_t missing)
{
    const dwi_json *value = member(r, field);
    int64_t number = missing;

    if (value != NULL && !dwi_json_as_i64(value, &number))
        bad_field(r, field, "is not an integer");
    return number;
}

static int32_t read_i32(reader *r, const char *field, int32_t missing)
{
    int64_t number = read_i64(r, field, missing);

    if (number < INT32_MIN || number > INT32_MAX) {
        bad_field(r, field, "is out of range");
        return missing;
    }
    return (int32_t)number;
}

static void require(reader *r, const char *field)
{
    if (member(r, field) == NULL)
        bad_field(r, field, "is missing");
}

static bool read_bool(reader *r, const char *field, bool missing)
{
    const dwi_json *value = member(r, field);
    bool flag = missing;

    if (value != NULL && !dwi_json_as_bool(value, &flag))
        bad_field(r, field, "is not a boolean");
    return flag;
}

static int8_t read_tristate(reader *r, const char *field)
{
    return member(r, field) == NULL ? -1 : read_bool(r, field, false) ? 1 : 0;
}

static bool read_strings(reader *r, const char *field, dwi_svs *out)
{
    const dwi_json *value = member(r, field);
    dwi_sv *items;
    size_t n = 0;

    *out = (dwi_svs){0, NULL};
    if (value == NULL)
        return false;
    if (dwi_json_kind_of(value) != DWI_JSON_ARRAY) {
        bad_field(r, field, "is not an array");
        return false;
    }
    items = keep_array(r, dwi_json_count(value), sizeof(*items));
    if (items == NULL)
        return false;
    for (const dwi_json *c = dwi_json_first(value); c != NULL; c = dwi_json_next(c)) {
        dwi_sv text;
        if (dwi_json_as_string(c, &text))
            keep(r, text, &items[n++]);
        else
            bad_field(r, field, "has a member that is not a string");
    }
    *out = (dwi_svs){n, items};
    return true;
}

/* A map to strings and nulls. Numbers and booleans, which some writers put there, count as their
 * text. */
static bool read_map(reader *r, const char *field, dwi_kvs *out)
{
    const dwi_json *value = member(r, field);
    dwi_kv *items;
    size_t n = 0;

    *out = (dwi_kvs){0, NULL};
    if (value == NULL)
        return false;
    if (dwi_json_kind_of(value) != DWI_JSON_OBJECT) {
        bad_field(r, field, "is not an object");
        return false;
    }
    items = keep_array(r, dwi_json_count(value), sizeof(*items));
    if (items == NULL)
        return false;
    for (const dwi_json *c = dwi_json_first(value); c != NULL; c = dwi_json_next(c), n++) {
        dwi_sv text;
        keep(r, dwi_json_key(c), &items[n].key);
        if (dwi_json_kind_of(c) == DWI_JSON_NULL)
            continue;
        if (!dwi_json_as_string(c, &text))
            text = dwi_json_source(c);
        keep(r, text, &items[n].value);
    }
    *out = (dwi_kvs){n, items};
    return true;
}

/* An object that is kept as its JSON text. */
static void read_source(reader *r, const char *field, dwi_sv *out)
{
    const dwi_json *value = member(r, field);

    *out = (dwi_sv){NULL, 0};
    if (value != NULL && dwi_json_kind_of(value) == DWI_JSON_OBJECT)
        keep(r, dwi_json_source(value), out);
}

static void read_protocol(reader *r, dwi_protocol *out)
{
    require(r, "minReaderVersion");
    require(r, "minWriterVersion");
    out->min_reader_version = read_i32(r, "minReaderVersion", 0);
    out->min_writer_version = read_i32(r, "minWriterVersion", 0);
    out->has_reader_features = read_strings(r, "readerFeatures", &out->reader_features);
    out->has_writer_features = read_strings(r, "writerFeatures", &out->writer_features);
}

static void read_format(reader *r, dwi_metadata *out)
{
    reader format = *r;

    format.json = member(r, "format");
    format.name = "metaData.format";
    read_string(&format, "provider", &out->format_provider);
    read_map(&format, "options", &out->format_options);
    r->status = format.status;
}

static void read_metadata(reader *r, dwi_metadata *out)
{
    read_string(r, "id", &out->id);
    read_string(r, "name", &out->name);
    read_string(r, "description", &out->description);
    read_format(r, out);
    read_string(r, "schemaString", &out->schema_string);
    read_strings(r, "partitionColumns", &out->partition_columns);
    read_map(r, "configuration", &out->configuration);
    out->created_time = read_i64(r, "createdTime", -1);
}

static void read_dv(reader *r, dwi_dv *out)
{
    reader dv = *r;

    *out = (dwi_dv){.offset = -1};
    dv.json = member(r, "deletionVector");
    dv.name = "deletionVector";
    if (dv.json == NULL)
        return;
    require_string(&dv, "storageType", &out->storage_type);
    require_string(&dv, "pathOrInlineDv", &out->path_or_inline);
    out->offset = read_i32(&dv, "offset", -1);
    out->size_in_bytes = read_i32(&dv, "sizeInBytes", 0);
    out->cardinality = read_i64(&dv, "cardinality", 0);
    r->status = dv.status;
}

static void read_add(reader *r, dwi_add *out)
{
    require_string(r, "path", &out->path);
    read_map(r, "partitionValues", &out->partition_values);
    out->size = read_i64(r, "size", 0);
    out->modification_time = read_i64(r, "modificationTime", 0);
    out->data_change = read_bool(r, "dataChange", true);
    read_string(r, "stats", &out->stats);
    out->has_tags = read_map(r, "tags", &out->tags);
    read_dv(r, &out->dv);
    out->base_row_id = read_i64(r, "baseRowId", -1);
    out->default_row_commit_version = read_i64(r, "defaultRowCommitVersion", -1);
    read_string(r, "clusteringProvider", &out->clustering_provider);
}

static void read_remove(reader *r, dwi_remove *out)
{
    require_string(r, "path", &out->path);
    out->deletion_timestamp = read_i64(r, "deletionTimestamp", -1);
    out->data_change = read_bool(r, "dataChange", true);
    out->extended_file_metadata = read_tristate(r, "extendedFileMetadata");
    out->has_partition_values = read_map(r, "partitionValues", &out->partition_values);
    out->size = read_i64(r, "size", -1);
    out->has_tags = read_map(r, "tags", &out->tags);
    read_dv(r, &out->dv);
    out->base_row_id = read_i64(r, "baseRowId", -1);
    out->default_row_commit_version = read_i64(r, "defaultRowCommitVersion", -1);
}

static void read_txn(reader *r, dwi_txn_action *out)
{
    require_string(r, "appId", &out->app_id);
    require(r, "version");
    out->version = read_i64(r, "version", 0);
    out->last_updated = read_i64(r, "lastUpdated", -1);
}

static void read_domain(reader *r, dwi_domain_metadata *out)
{
    require_string(r, "domain", &out->domain);
    read_string(r, "configuration", &out->configuration);
    out->removed = read_bool(r, "removed", false);
    if (out->configuration.ptr == NULL)
        keep(r, DWI_SV(""), &out->configuration);
}

/* commitInfo is free-form: a field of another type than expected counts as absent. */
static void read_free_string(reader *r, const char *field, dwi_sv *out)
{
    dwi_sv text;

    *out = (dwi_sv){NULL, 0};
    if (dwi_json_as_string(member(r, field), &text))
        keep(r, text, out);
}

static void read_commit_info(reader *r, dwi_commit_info *out)
{
    bool flag;

    if (!dwi_json_as_i64(member(r, "timestamp"), &out->timestamp))
        out->timestamp = -1;
    if (!dwi_json_as_i64(member(r, "inCommitTimestamp"), &out->in_commit_timestamp))
        out->in_commit_timestamp = -1;
    read_free_string(r, "operation", &out->operation);
    read_source(r, "operationParameters", &out->operation_parameters);
    read_source(r, "operationMetrics", &out->operation_metrics);
    read_free_string(r, "engineInfo", &out->engine_info);
    read_free_string(r, "txnId", &out->txn_id);
    out->is_blind_append = dwi_json_as_bool(member(r, "isBlindAppend"), &flag) ? flag : -1;
}

static void read_sidecar(reader *r, dwi_sidecar *out)
{
    require_string(r, "path", &out->path);
    out->size = read_i64(r, "sizeInBytes", -1);
    out->modification_time = read_i64(r, "modificationTime", 0);
    out->has_tags = read_map(r, "tags", &out->tags);
}

static void read_cdc(reader *r, dwi_cdc *out)
{
    read_string(r, "path", &out->path);
    out->size = read_i64(r, "size", 0);
}

static const struct {
    const char *name;
    dwi_action_kind kind;
} action_names[] = {
    {"add", DWI_ACTION_ADD},
    {"remove", DWI_ACTION_REMOVE},
    {"commitInfo", DWI_ACTION_COMMIT_INFO},
    {"metaData", DWI_ACTION_METADATA},
    {"protocol", DWI_ACTION_PROTOCOL},
    {"txn", DWI_ACTION_TXN},
    {"domainMetadata", DWI_ACTION_DOMAIN_METADATA},
    {"cdc", DWI_ACTION_CDC},
    {"checkpointMetadata", DWI_ACTION_CHECKPOINT_METADATA},
    {"sidecar", DWI_ACTION_SIDECAR},
};

static void read_action(reader *r, dwi_action *out)
{
    switch (out->kind) {
    case DWI_ACTION_PROTOCOL:
        read_protocol(r, &out->u.protocol);
        break;
    case DWI_ACTION_METADATA:
        read_metadata(r, &out->u.metadata);
        break;
    case DWI_ACTION_ADD:
        read_add(r, &out->u.add);
        break;
    case DWI_ACTION_REMOVE:
        read_remove(r, &out->u.remove);
        break;
    case DWI_ACTION_TXN:
        read_txn(r, &out->u.txn);
        break;
    case DWI_ACTION_DOMAIN_METADATA:
        read_domain(r, &out->u.domain);
        break;
    case DWI_ACTION_COMMIT_INFO:
        read_commit_info(r, &out->u.commit_info);
        break;
    case DWI_ACTION_SIDECAR:
        read_sidecar(r, &out->u.sidecar);
        break;
    case DWI_ACTION_CDC:
        read_cdc(r, &out->u.cdc);
        break;
    case DWI_ACTION_UNKNOWN:
    case DWI_ACTION_CHECKPOINT_METADATA:
        break;
    }
}

dw_status dwi_action_parse(dwi_arena *arena, dwi_sv line, const char *what, dwi_action *out,
                           dw_error *err)
{
    reader r = {.arena = arena, .what = what, .err = err};
    const dwi_json *root = NULL;
    dwi_arena scratch; /* the tree is several times larger than what is kept of it */
    dwi_action action;
    dw_status status;

    memset(&action, 0, sizeof(action));
    dwi_arena_init(&scratch, arena->alloc);
    DWI_TRY(dwi_json_parse(&scratch, line, what, &root, err));
    if (dwi_json_kind_of(root) != DWI_JSON_OBJECT)
        DWI_TRY(dwi_err(err, DW_E_CORRUPT, "%s: not a JSON object", what));
    for (size_t i = 0; i < sizeof(action_names) / sizeof(action_names[0]); i++) {
        const dwi_json *value = dwi_json_get(root, action_names[i].name);
        if (value == NULL || dwi_json_kind_of(value) != DWI_JSON_OBJECT)
            continue;
        action.kind = action_names[i].kind;
        r.json = value;
        r.name = action_names[i].name;
        break;
    }
    read_action(&r, &action);
    DWI_TRY(r.status);
    *out = action;
done:
    dwi_arena_done(&scratch);
    return status;
}

dw_status dwi_action_from_json(dwi_arena *arena, dwi_action_kind kind, const dwi_json *json,
                               const char *what, dwi_action *out, dw_error *err)
{
    reader r = {.arena = arena, .json = json, .what = what, .err = err};
    dwi_action action;

    memset(&action, 0, sizeof(action));
    action.kind = kind;
    for (size_t i = 0; i < sizeof(action_names) / sizeof(action_names[0]); i++)
        if (action_names[i].kind == kind)
            r.name = action_names[i].name;
    if (dwi_json_kind_of(json) != DWI_JSON_OBJECT)
        return dwi_err(err, DW_E_CORRUPT, "%s: %s is not an object", what, r.name);
    read_action(&r, &action);
    if (r.status == DW_OK)
        *out = action;
    return r.status;
}

dwi_action_kind dwi_action_peek(dwi_sv line)
{
    for (size_t i = 0; i < sizeof(action_names) / sizeof(action_names[0]); i++) {
        size_t len = strlen(action_names[i].name);
        if (line.len > len + 4 && memcmp(line.ptr, "{\"", 2) == 0 &&
            memcmp(line.ptr + 2, action_names[i].name, len) == 0 &&
            memcmp(line.ptr + 2 + len, "\":", 2) == 0)
            return action_names[i].kind;
    }
    return DWI_ACTION_UNKNOWN;
}

dw_status dwi_file_key(dwi_sv path, const dwi_dv *dv, dwi_buf *out, dw_error *err)
{
    dwi_path_append_normal(out, path);
    if (dv->storage_type.ptr != NULL) {
        dwi_buf_append_byte(out, '\0');
        dwi_buf_append(out, dv->storage_type.ptr, dv->storage_type.len);
        dwi_buf_append(out, dv->path_or_inline.ptr, dv->path_or_inline.len);
        if (dv->offset >= 0)
            dwi_buf_printf(out, "@%d", dv->offset);
    }
    return dwi_buf_status(out, err);
}
