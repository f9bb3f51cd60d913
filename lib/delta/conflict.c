/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/conflict.h"

#include <stdio.h>

#include "delta/features.h"
#include "delta/properties.h"

static dw_status conflict(dw_error *err, const dwi_state *latest, const char *fmt, ...)
    DWI_PRINTF(3, 4);

static dw_status conflict(dw_error *err, const dwi_state *latest, const char *fmt, ...)
{
    char what[DW_ERROR_MESSAGE_SIZE];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    return dwi_err(err, DW_E_CONFLICT, "version %lld: %s", (long long)latest->version, what);
}

static bool svs_has(dwi_svs list, dwi_sv item)
{
    for (size_t i = 0; i < list.count; i++)
        if (dwi_sv_eq(list.items[i], item))
            return true;
    return false;
}

/* A feature that is gone may have been dropped together with data that relied on it; rows made
 * while it was there cannot be judged. A raised protocol is judged by what is active, which the
 * other checks see. */
static dw_status check_protocol(const dwi_state *base, const dwi_state *latest, dw_error *err)
{
    const dwi_protocol *was = &base->protocol;
    const dwi_protocol *is = &latest->protocol;

    if (is->min_reader_version < was->min_reader_version ||
        is->min_writer_version < was->min_writer_version)
        return conflict(err, latest, "another commit lowered the protocol from (%d,%d) to (%d,%d)",
                        was->min_reader_version, was->min_writer_version, is->min_reader_version,
                        is->min_writer_version);
    for (size_t i = 0; i < was->writer_features.count; i++)
        if (!svs_has(is->writer_features, was->writer_features.items[i]))
            return conflict(err, latest, "another commit dropped the feature %.*s",
                            DWI_SV_ARG(was->writer_features.items[i]));
    return dwi_features_check_append(latest, err);
}

/* The field's metadata without what tells a writer nothing. */
static dw_status same_duties(dwi_arena *arena, dwi_sv a, dwi_sv b, bool *out_same, dw_error *err)
{
    const dwi_json *objects[2];
    dw_status status;

    *out_same = dwi_sv_eq(a, b);
    if (*out_same)
        return DW_OK;
    DWI_TRY(dwi_json_parse(arena, a, "column metadata", &objects[0], err));
    DWI_TRY(dwi_json_parse(arena, b, "column metadata", &objects[1], err));
    for (int side = 0; side < 2; side++) {
        const dwi_json *each = dwi_json_first(objects[side]);
        for (; each != NULL; each = dwi_json_next(each)) {
            dwi_sv key = dwi_json_key(each);
            const dwi_json *other = dwi_json_get(objects[1 - side], key.ptr);
            if (dwi_sv_eq_cstr(key, "comment"))
                continue;
            if (other == NULL || !dwi_sv_eq(dwi_json_source(each), dwi_json_source(other)))
                return DW_OK;
        }
    }
    *out_same = true;
done:
    return status;
}

static dw_status check_column(dwi_arena *arena, const dwi_state *latest, const dwi_field *was,
                              dw_error *err)
{
    int at = dwi_type_find(latest->schema->root, was->name);
    const dwi_field *is;
    dw_status status;
    bool same;

    if (at < 0)
        return conflict(err, latest, "another commit dropped the column %.*s",
                        DWI_SV_ARG(was->name));
    is = &latest->schema->root->fields[at];
    if (!dwi_sv_eq(is->name, was->name) || !dwi_type_equal(is->type, was->type))
        return conflict(err, latest, "another commit changed the type of column %.*s",
                        DWI_SV_ARG(was->name));
    if (was->nullable && !is->nullable)
        return conflict(err, latest, "another commit made the column %.*s NOT NULL",
                        DWI_SV_ARG(was->name));
    status = same_duties(arena, was->metadata_json, is->metadata_json, &same, err);
    if (status == DW_OK && !same)
        return conflict(err, latest, "another commit changed the metadata of column %.*s",
                        DWI_SV_ARG(was->name));
    return status;
}

/* Our files lack the column, so readers see nulls in it: that must be allowed, and nothing may ask
 * for a value instead (a default, a generation expression). */
static dw_status check_new_column(dwi_arena *arena, const dwi_state *latest, const dwi_field *is,
                                  dw_error *err)
{
    bool plain;
    dw_status status = same_duties(arena, is->metadata_json, DWI_SV("{}"), &plain, err);

    if (status == DW_OK && (!is->nullable || !plain))
        return conflict(err, latest, "another commit added the column %.*s, which %s",
                        DWI_SV_ARG(is->name), is->nullable ? "has metadata" : "is NOT NULL");
    return status;
}

static dw_status check_schema(dwi_arena *arena, const dwi_state *base, const dwi_state *latest,
                              dw_error *err)
{
    const dwi_type *was = base->schema->root;
    const dwi_type *is = latest->schema->root;
    dw_status status = DW_OK;

    for (size_t i = 0; i < was->n_fields; i++)
        DWI_TRY(check_column(arena, latest, &was->fields[i], err));
    for (size_t i = 0; i < is->n_fields; i++)
        if (dwi_type_find(was, is->fields[i].name) < 0)
            DWI_TRY(check_new_column(arena, latest, &is->fields[i], err));
done:
    return status;
}

/* Properties that tell an appender nothing, or only how files made from now on may look. */
static bool binds_no_appender(dwi_sv key)
{
    static const char *const names[] = {
        "delta.appendOnly",
        "delta.autoOptimize",
        "delta.autoOptimize.autoCompact",
        "delta.autoOptimize.optimizeWrite",
        "delta.checkpoint.writeStatsAsJson",
        "delta.checkpoint.writeStatsAsStruct",
        "delta.checkpointInterval",
        "delta.checkpointPolicy",
        "delta.checkpointRetentionDuration",
        "delta.compatibility.symlinkFormatManifest.enabled",
        "delta.dataSkippingNumIndexedCols",
        "delta.dataSkippingStatsColumns",
        "delta.dataSkippingStringPrefixLength",
        "delta.deletedFileRetentionDuration",
        "delta.enableChangeDataCapture",
        "delta.enableChangeDataFeed",
        "delta.enableDeletionVectors",
        "delta.enableExpiredLogCleanup",
        "delta.enableFullRetentionRollback",
        "delta.enableInCommitTimestamps", /* each attempt looks at the state it builds on */
        "delta.enableTypeWidening",
        "delta.inCommitTimestampEnablementTimestamp",
        "delta.inCommitTimestampEnablementVersion",
        "delta.isolationLevel",
        "delta.logRetentionDuration",
        "delta.parquet.compression.codec",
        "delta.parquet.format.version",
        "delta.sampleRetentionDuration",
        "delta.setTransactionRetentionDuration",
        "delta.targetFileSize",
        "delta.tuneFileSizesForRewrites",
    };

    if (key.len < 6 || !dwi_sv_eq_nocase((dwi_sv){key.ptr, 6}, DWI_SV("delta.")))
        return true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (dwi_sv_eq_nocase(key, dwi_sv_cstr(names[i])))
            return true;
    return false;
}

static const dwi_kv *find_property(dwi_kvs list, dwi_sv key)
{
    for (size_t i = 0; i < list.count; i++)
        if (dwi_sv_eq_nocase(list.items[i].key, key))
            return &list.items[i];
    return NULL;
}

/* Each property of `from` has the same value in `to`, or does not matter. */
static dw_status check_properties(dwi_kvs from, dwi_kvs to, const dwi_state *latest, dw_error *err)
{
    for (size_t i = 0; i < from.count; i++) {
        const dwi_kv *mine = &from.items[i];
        const dwi_kv *other = find_property(to, mine->key);
        if (other != NULL && dwi_sv_eq(other->value, mine->value))
            continue;
        if (!binds_no_appender(mine->key))
            return conflict(err, latest, "another commit changed the table property %.*s",
                            DWI_SV_ARG(mine->key));
    }
    return DW_OK;
}

static bool same_names(dwi_svs a, dwi_svs b)
{
    if (a.count != b.count)
        return false;
    for (size_t i = 0; i < a.count; i++)
        if (!dwi_sv_eq(a.items[i], b.items[i]))
            return false;
    return true;
}

static dw_status check_metadata(const dwi_state *base, const dwi_state *latest, dw_error *err)
{
    const dwi_metadata *was = &base->metadata;
    const dwi_metadata *is = &latest->metadata;
    dwi_arena arena;
    dw_status status = DW_OK;

    dwi_arena_init(&arena, base->arena.alloc);
    if (!dwi_sv_eq(was->id, is->id)) {
        status = conflict(err, latest, "another commit replaced the table (its id changed)");
        goto done;
    }
    if (!same_names(was->partition_columns, is->partition_columns)) {
        status = conflict(err, latest, "another commit changed the partition columns");
        goto done;
    }
    DWI_TRY(check_properties(was->configuration, is->configuration, latest, err));
    DWI_TRY(check_properties(is->configuration, was->configuration, latest, err));
    if (!dwi_sv_eq(was->schema_string, is->schema_string))
        DWI_TRY(check_schema(&arena, base, latest, err));
done:
    dwi_arena_done(&arena);
    return status;
}

dw_status dwi_conflict_check(const dwi_state *base, const dwi_state *latest, dw_error *err)
{
    dw_status status;

    if (base == latest)
        return DW_OK;
    DWI_TRY(check_protocol(base, latest, err));
    DWI_TRY(check_metadata(base, latest, err));
done:
    return status;
}

dw_status dwi_conflict_check_rewrite(const dwi_state *base, const dwi_state *latest,
                                     const dwi_staged *staged, dw_error *err)
{
    bool append_only = false;
    dw_status status;

    if (staged->n_removes == 0)
        return DW_OK;
    if (!dwi_sv_eq(base->metadata.schema_string, latest->metadata.schema_string))
        return conflict(err, latest,
                        "another commit changed the schema of files that ours rewrites");
    DWI_TRY(
        dwi_property_bool(latest->metadata.configuration, "delta.appendOnly", &append_only, err));
    if (append_only && !staged->rearranges)
        status = dwi_err(err, DW_E_UNSUPPORTED,
                         "table property delta.appendOnly: no rows can be removed");
done:
    return status;
}

dw_status dwi_conflict_check_apps(const dwi_state *latest, const dwi_app_version *apps,
                                  size_t n_apps, dw_error *err)
{
    for (size_t i = 0; i < n_apps; i++) {
        const dwi_txn_action *known = dwi_state_txn(latest, apps[i].app_id);
        int64_t version = known == NULL ? -1 : known->version;
        if (version != apps[i].expected)
            return dwi_err(
                err, DW_E_FENCED, "application id %.*s: the table is at %lld, expected was %lld",
                DWI_SV_ARG(apps[i].app_id), (long long)version, (long long)apps[i].expected);
    }
    return DW_OK;
}

dw_status dwi_conflict_missing_columns(const dwi_state *latest, const dwi_field *columns,
                                       size_t n_columns, dwi_field *out, size_t *out_n,
                                       dw_error *err)
{
    const dwi_type *root = latest->schema->root;
    size_t n = 0;

    for (size_t i = 0; i < n_columns; i++) {
        int at = dwi_type_find(root, columns[i].name);
        if (at < 0) {
            out[n++] = columns[i];
            continue;
        }
        if (!dwi_sv_eq(root->fields[at].name, columns[i].name) ||
            !dwi_type_equal_values(root->fields[at].type, columns[i].type))
            return conflict(err, latest, "another commit added the column %.*s with another type",
                            DWI_SV_ARG(columns[i].name));
    }
    *out_n = n;
    return DW_OK;
}
