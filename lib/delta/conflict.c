/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/conflict.h"

#include "delta/conflict_schema.h"
#include "delta/features.h"
#include "delta/file_layout.h"
#include "delta/mapping.h"
#include "delta/properties.h"
#include "delta/row_tracking.h"
#include "delta/txn_expiry.h"

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
static dw_status check_protocol(const dwi_state *base, const dwi_state *latest, bool rearranges,
                                dw_error *err)
{
    const dwi_protocol *was = &base->protocol;
    const dwi_protocol *is = &latest->protocol;

    if (is->min_reader_version < was->min_reader_version ||
        is->min_writer_version < was->min_writer_version)
        return dwi_conflict(err, latest,
                            "another commit lowered the protocol from (%d,%d) to (%d,%d)",
                            was->min_reader_version, was->min_writer_version,
                            is->min_reader_version, is->min_writer_version);
    for (size_t i = 0; i < was->writer_features.count; i++)
        if (!svs_has(is->writer_features, was->writer_features.items[i]))
            return dwi_conflict(err, latest, "another commit dropped the feature %.*s",
                                DWI_SV_ARG(was->writer_features.items[i]));
    return rearranges ? dwi_features_check_rewrite(latest, err)
                      : dwi_features_check_append(latest, err);
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
        "delta.columnMapping.maxColumnId", /* what it follows from is seen in the schema */
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
        "delta.enableRowTracking",        /* as above */
        "delta.enableTypeWidening",
        "delta.enableVariantShredding",
        "delta.inCommitTimestampEnablementTimestamp",
        "delta.inCommitTimestampEnablementVersion",
        "delta.isolationLevel",
        "delta.logRetentionDuration",
        "delta.parquet.compression.codec",
        "delta.parquet.format.version",
        "delta.randomPrefixLength", /* of files to come */
        "delta.randomizeFilePrefixes",
        "delta.requireCheckpointProtectionBeforeVersion",
        "delta.rowTracking.materializedRowCommitVersionColumnName",
        "delta.rowTracking.materializedRowIdColumnName",
        "delta.rowTrackingSuspended",
        "delta.sampleRetentionDuration",
        "delta.setTransactionRetentionDuration",
        "delta.targetFileSize",
        "delta.tuneFileSizesForRewrites",
        "delta.writePartitionColumnsToParquet", /* check_files() does */
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

/* Column mapping by name that is switched on takes the names that columns have in files already:
 * whether it does is seen in the schema. */
static bool is_mapping_that_came(dwi_sv key, const dwi_state *base, const dwi_state *latest)
{
    dwi_mapping_mode was = DWI_MAPPING_ID;
    dwi_mapping_mode is = DWI_MAPPING_ID;

    return dwi_sv_eq_nocase(key, DWI_SV("delta.columnMapping.mode")) &&
           dwi_mapping_mode_of(base->metadata.configuration, &was, NULL) == DW_OK &&
           dwi_mapping_mode_of(latest->metadata.configuration, &is, NULL) == DW_OK &&
           (was == is || (was == DWI_MAPPING_NONE && is == DWI_MAPPING_NAME));
}

/* Each property of `from` has the same value in `to`, or does not matter. */
static dw_status check_properties(dwi_kvs from, dwi_kvs to, const dwi_state *base,
                                  const dwi_state *latest, dw_error *err)
{
    for (size_t i = 0; i < from.count; i++) {
        const dwi_kv *mine = &from.items[i];
        const dwi_kv *other = find_property(to, mine->key);
        if (other != NULL && dwi_sv_eq(other->value, mine->value))
            continue;
        if (!binds_no_appender(mine->key) && !is_mapping_that_came(mine->key, base, latest))
            return dwi_conflict(err, latest, "another commit changed the table property %.*s",
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

static dw_status check_metadata(const dwi_state *base, const dwi_state *latest, bool *out_restage,
                                dw_error *err)
{
    const dwi_metadata *was = &base->metadata;
    const dwi_metadata *is = &latest->metadata;
    dw_status status;

    if (!dwi_sv_eq(was->id, is->id))
        return dwi_conflict(err, latest, "another commit replaced the table (its id changed)");
    if (!same_names(was->partition_columns, is->partition_columns))
        return dwi_conflict(err, latest, "another commit changed the partition columns");
    DWI_TRY(check_properties(was->configuration, is->configuration, base, latest, err));
    DWI_TRY(check_properties(is->configuration, was->configuration, base, latest, err));
    DWI_TRY(dwi_conflict_check_schema(base, latest, out_restage, err));
done:
    return status;
}

static dwi_sv clustering_of(const dwi_state *state)
{
    const dwi_domain_metadata *domain = dwi_state_domain(state, "delta.clustering");

    return domain == NULL ? DWI_SV("") : domain->configuration;
}

/* Rules for files that came: the rows are right all the same. */
static dw_status check_files(const dwi_state *base, const dwi_state *latest, bool *out_restage,
                             dw_error *err)
{
    const char *what = NULL;

    if (latest->metadata.partition_columns.count > 0 && dwi_file_layout_materializes(latest) &&
        !dwi_file_layout_materializes(base))
        what = "asked for partition columns in files";
    else if (clustering_of(latest).len > 0 &&
             !dwi_sv_eq(clustering_of(base), clustering_of(latest)))
        what = "changed the clustering columns, of which files have statistics";
    if (what == NULL)
        return DW_OK;
    *out_restage = true;
    return dwi_conflict(err, latest, "another commit %s", what);
}

dw_status dwi_conflict_check(const dwi_state *base, const dwi_state *latest, bool rearranges,
                             bool *out_restage, dw_error *err)
{
    dw_status status;

    *out_restage = false;
    if (base == latest)
        return DW_OK;
    DWI_TRY(check_protocol(base, latest, rearranges, err));
    DWI_TRY(check_metadata(base, latest, out_restage, err));
    DWI_TRY(check_files(base, latest, out_restage, err));
done:
    return status;
}

/* Rows were moved without their ids, and by now the table tracks them. */
static dw_status check_row_ids(const dwi_state *base, const dwi_state *latest, dw_error *err)
{
    dwi_row_id_columns was;
    dwi_row_id_columns is;
    bool kept_then = false;
    bool kept_now = false;
    dw_status status;

    DWI_TRY(dwi_row_id_columns_of(base, &kept_then, &was, err));
    DWI_TRY(dwi_row_id_columns_of(latest, &kept_now, &is, err));
    if (kept_now && !kept_then)
        status = dwi_conflict(err, latest, "another commit switched row tracking on");
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
    DWI_TRY(check_row_ids(base, latest, err));
    if (!staged->rearranges &&
        !dwi_sv_eq(base->metadata.schema_string, latest->metadata.schema_string))
        return dwi_conflict(err, latest,
                            "another commit changed the schema of files that ours rewrites");
    DWI_TRY(
        dwi_property_bool(latest->metadata.configuration, "delta.appendOnly", &append_only, err));
    if (append_only && !staged->rearranges)
        status = dwi_err(err, DW_E_UNSUPPORTED,
                         "table property delta.appendOnly: no rows can be removed");
done:
    return status;
}

dw_status dwi_conflict_check_apps(const dwi_state *latest, const dwi_env *env,
                                  const dwi_app_version *apps, size_t n_apps, dw_error *err)
{
    for (size_t i = 0; i < n_apps; i++) {
        const dwi_txn_action *known = dwi_state_txn(latest, apps[i].app_id);
        int64_t version = known == NULL ? -1 : known->version;
        if (version == apps[i].expected)
            continue;
        if (known == NULL && !apps[i].forgettable && dwi_txn_may_have_expired(latest, env))
            return dwi_txn_expired(latest, apps[i].app_id, err);
        return dwi_err(err, DW_E_FENCED,
                       "application id %.*s: the table is at %lld, expected was %lld",
                       DWI_SV_ARG(apps[i].app_id), (long long)version, (long long)apps[i].expected);
    }
    return DW_OK;
}

/* Files have a new column by the name and id of its metadata already: nobody else's may be another.
 */
static dw_status check_marks(const dwi_state *latest, const dwi_field *column, const dwi_field *is,
                             dw_error *err)
{
    dwi_mapping_mode mode = DWI_MAPPING_NONE;
    bool good = true;
    dw_status status;

    DWI_TRY(dwi_mapping_mode_of(latest->metadata.configuration, &mode, err));
    if (is == NULL)
        DWI_TRY(dwi_mapping_ids_are_free(&latest->metadata, latest->schema->root, mode, column,
                                         &good, err));
    else
        DWI_TRY(dwi_mapping_same(latest->arena.alloc, column, is, mode, &good, err));
    if (!good)
        status = dwi_conflict(err, latest,
                              is == NULL ? "another commit took the id of the new column %.*s"
                                         : "another commit added the column %.*s with another id",
                              DWI_SV_ARG(column->name));
done:
    return status;
}

dw_status dwi_conflict_missing_columns(const dwi_state *latest, const dwi_field *columns,
                                       size_t n_columns, dwi_field *out, size_t *out_n,
                                       dw_error *err)
{
    const dwi_type *root = latest->schema->root;
    dw_status status = DW_OK;
    size_t n = 0;

    for (size_t i = 0; i < n_columns; i++) {
        int at = dwi_type_find(root, columns[i].name);
        if (at < 0)
            out[n++] = columns[i];
        else if (!dwi_sv_eq(root->fields[at].name, columns[i].name) ||
                 !dwi_type_equal_values(root->fields[at].type, columns[i].type))
            return dwi_conflict(err, latest,
                                "another commit added the column %.*s with another type",
                                DWI_SV_ARG(columns[i].name));
        DWI_TRY(check_marks(latest, &columns[i], at < 0 ? NULL : &root->fields[at], err));
    }
    *out_n = n;
done:
    return status;
}
