/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/property_table.h"

#include "delta/features.h"
#include "delta/properties.h"

typedef enum kind {
    KIND_BOOL,
    KIND_COUNT,    /* an integer from `min` */
    KIND_INTERVAL, /* "interval 7 days" */
    KIND_CHOICE,   /* one of `choices` */
    KIND_COLUMNS,  /* names with dots and backticks, separated by commas */
    KIND_BYTES,    /* "134217728", "128mb" */
    KIND_KEPT,     /* writers keep it, nobody sets it */
    KIND_REQUEST   /* asks for a protocol; see delta/features.h */
} kind;

typedef struct known {
    const char *key;
    kind kind;
    int64_t min;
    const char *choices; /* separated by '|' */
} known;

static const known properties[] = {
    {"delta.appendOnly", KIND_BOOL, 0, NULL},
    {"delta.autoOptimize", KIND_BOOL, 0, NULL},
    {"delta.autoOptimize.autoCompact", KIND_CHOICE, 0, "true|false|auto|legacy"},
    {"delta.autoOptimize.optimizeWrite", KIND_BOOL, 0, NULL},
    {"delta.checkpoint.writeStatsAsJson", KIND_BOOL, 0, NULL},
    {"delta.checkpoint.writeStatsAsStruct", KIND_BOOL, 0, NULL},
    {"delta.checkpointInterval", KIND_COUNT, 1, NULL},
    {"delta.checkpointPolicy", KIND_CHOICE, 0, "classic|v2"},
    {"delta.checkpointRetentionDuration", KIND_INTERVAL, 0, NULL},
    {"delta.columnMapping.maxColumnId", KIND_KEPT, 0, NULL},
    {"delta.columnMapping.mode", KIND_CHOICE, 0, "none|name|id"},
    {"delta.compatibility.symlinkFormatManifest.enabled", KIND_BOOL, 0, NULL},
    {"delta.dataSkippingNumIndexedCols", KIND_COUNT, -1, NULL},
    {"delta.dataSkippingStatsColumns", KIND_COLUMNS, 0, NULL},
    {"delta.dataSkippingStringPrefixLength", KIND_COUNT, 0, NULL},
    {"delta.deletedFileRetentionDuration", KIND_INTERVAL, 0, NULL},
    {"delta.dropFeatureTruncateHistory.retentionDuration", KIND_INTERVAL, 0, NULL},
    {"delta.enableChangeDataCapture", KIND_BOOL, 0, NULL},
    {"delta.enableChangeDataFeed", KIND_BOOL, 0, NULL},
    {"delta.enableDeletionVectors", KIND_BOOL, 0, NULL},
    {"delta.enableExpiredLogCleanup", KIND_BOOL, 0, NULL},
    {"delta.enableFullRetentionRollback", KIND_BOOL, 0, NULL},
    {"delta.enableIcebergCompatV1", KIND_BOOL, 0, NULL},
    {"delta.enableIcebergCompatV2", KIND_BOOL, 0, NULL},
    {"delta.enableIcebergCompatV3", KIND_BOOL, 0, NULL},
    {"delta.enableIcebergWriterCompatV1", KIND_BOOL, 0, NULL},
    {"delta.enableInCommitTimestamps", KIND_BOOL, 0, NULL},
    {"delta.enableMaterializePartitionColumnsFeature", KIND_BOOL, 0, NULL},
    {"delta.enableRowTracking", KIND_BOOL, 0, NULL},
    {"delta.enableTypeWidening", KIND_BOOL, 0, NULL},
    {"delta.enableVariantShredding", KIND_BOOL, 0, NULL},
    {"delta.ignoreProtocolDefaults", KIND_REQUEST, 0, NULL},
    {"delta.inCommitTimestampEnablementTimestamp", KIND_KEPT, 0, NULL},
    {"delta.inCommitTimestampEnablementVersion", KIND_KEPT, 0, NULL},
    {"delta.isolationLevel", KIND_CHOICE, 0, "Serializable|WriteSerializable"},
    {"delta.logRetentionDuration", KIND_INTERVAL, 0, NULL},
    {"delta.minReaderVersion", KIND_REQUEST, 1, NULL},
    {"delta.minWriterVersion", KIND_REQUEST, 1, NULL},
    {"delta.parquet.compression.codec", KIND_CHOICE, 0,
     "zstd|snappy|gzip|brotli|lz4_raw|uncompressed|none"},
    {"delta.parquet.format.version", KIND_CHOICE, 0, "1.0.0|2.12.0"},
    {"delta.randomPrefixLength", KIND_COUNT, 1, NULL},
    {"delta.randomizeFilePrefixes", KIND_BOOL, 0, NULL},
    {"delta.requireCheckpointProtectionBeforeVersion", KIND_COUNT, 0, NULL},
    {"delta.rowTracking.materializedRowCommitVersionColumnName", KIND_KEPT, 0, NULL},
    {"delta.rowTracking.materializedRowIdColumnName", KIND_KEPT, 0, NULL},
    {"delta.rowTrackingSuspended", KIND_BOOL, 0, NULL},
    {"delta.sampleRetentionDuration", KIND_INTERVAL, 0, NULL},
    {"delta.setTransactionRetentionDuration", KIND_INTERVAL, 0, NULL},
    {"delta.targetFileSize", KIND_BYTES, 1, NULL},
    {"delta.tuneFileSizesForRewrites", KIND_BOOL, 0, NULL},
    {"delta.writePartitionColumnsToParquet", KIND_BOOL, 0, NULL},
};

enum { N_PROPERTIES = sizeof(properties) / sizeof(properties[0]), LONGEST = 64 };

static bool has_prefix(dwi_sv key, const char *prefix)
{
    size_t len = strlen(prefix);

    return key.len >= len && dwi_sv_eq_nocase((dwi_sv){key.ptr, len}, (dwi_sv){prefix, len});
}

static const known *find(dwi_sv key)
{
    for (size_t i = 0; i < N_PROPERTIES; i++)
        if (dwi_sv_eq_nocase(key, dwi_sv_cstr(properties[i].key)))
            return &properties[i];
    return NULL;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* How many characters have to be changed, added or taken away; keys have less than LONGEST. */
static size_t distance(dwi_sv a, dwi_sv b)
{
    size_t row[LONGEST + 1];

    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t best = diagonal + (lower(a.ptr[i - 1]) != lower(b.ptr[j - 1]));
            diagonal = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            row[j] = best;
        }
    }
    return row[b.len];
}

static dw_status refuse_unknown(dwi_sv key, dw_error *err)
{
    const char *nearest = NULL;
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < N_PROPERTIES && key.len <= LONGEST; i++) {
        size_t d = distance(key, dwi_sv_cstr(properties[i].key));
        if (d < least) {
            least = d;
            nearest = properties[i].key;
        }
    }
    if (nearest == NULL)
        return dwi_err(err, DW_E_UNSUPPORTED, "property %.*s is not known", DWI_SV_ARG(key));
    return dwi_err(err, DW_E_UNSUPPORTED, "property %.*s is not known; the nearest one is %s",
                   DWI_SV_ARG(key), nearest);
}

static dw_status check_choice(const known *property, dwi_sv value, dw_error *err)
{
    dwi_sv rest = dwi_sv_cstr(property->choices);

    while (rest.len > 0) {
        const char *end = memchr(rest.ptr, '|', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.ptr);
        if (dwi_sv_eq_nocase(value, (dwi_sv){rest.ptr, len}))
            return DW_OK;
        rest.ptr += end == NULL ? len : len + 1;
        rest.len -= end == NULL ? len : len + 1;
    }
    return dwi_err(err, DW_E_UNSUPPORTED, "property %s: \"%.*s\" is not supported (%s)",
                   property->key, DWI_SV_ARG(value), property->choices);
}

static dw_status check_value(const known *property, const dwi_kv *given, dw_error *err)
{
    dwi_kvs one = {1, given};
    int64_t number;
    bool flag;

    switch (property->kind) {
    case KIND_BOOL:
        return dwi_property_bool(one, property->key, &flag, err);
    case KIND_COUNT:
        return dwi_property_i64(one, property->key, property->min, &number, err);
    case KIND_INTERVAL:
        return dwi_property_interval(one, property->key, &number, err);
    case KIND_CHOICE:
        return check_choice(property, given->value, err);
    case KIND_COLUMNS:
        if (dwi_property_columns_valid(given->value))
            return DW_OK;
        return dwi_err(err, DW_E_ARG, "property %s: \"%.*s\" is not a list of columns",
                       property->key, DWI_SV_ARG(given->value));
    case KIND_BYTES:
        return dwi_property_bytes(one, property->key, &number, err);
    case KIND_KEPT:
        return dwi_err(err, DW_E_UNSUPPORTED, "property %s is kept by writers, and not for setting",
                       property->key);
    case KIND_REQUEST: /* checked where the protocol is made */
        break;
    }
    return DW_OK;
}

/* Keys with a free part, and those of features that hand the table over to somebody else. */
static dw_status check_other(dwi_sv key, dw_error *err)
{
    static const char *const refused[] = {"delta.coordinatedCommits.", "delta.redirect",
                                          "delta.universalFormat."};

    if (!has_prefix(key, "delta.") || dwi_features_is_request(key))
        return DW_OK;
    if (has_prefix(key, "delta.constraints."))
        return dwi_err(err, DW_E_UNSUPPORTED,
                       "property %.*s: the feature checkConstraints is not supported",
                       DWI_SV_ARG(key));
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (has_prefix(key, refused[i]))
            return dwi_err(err, DW_E_UNSUPPORTED, "property %.*s is not supported",
                           DWI_SV_ARG(key));
    return refuse_unknown(key, err);
}

dw_status dwi_property_take(dwi_arena *arena, const char *key, const char *value, dwi_kv *out,
                            dw_error *err)
{
    dwi_kv taken = {.value = {NULL, 0}};
    const known *property;
    dw_status status = DW_OK;

    if (key == NULL || key[0] == '\0')
        return dwi_err(err, DW_E_ARG, "a property lacks its key");
    taken.key = dwi_sv_cstr(key);
    property = find(taken.key);
    if (value != NULL && !dwi_arena_sv(arena, dwi_sv_cstr(value), &taken.value))
        return dwi_err_nomem(err);
    if (property != NULL)
        taken.key = dwi_sv_cstr(property->key);
    else if (!dwi_arena_sv(arena, taken.key, &taken.key))
        return dwi_err_nomem(err);
    if (value == NULL) /* an unknown one may go, whoever set it */
        status = property != NULL && property->kind == KIND_KEPT
                     ? check_value(property, &taken, err)
                     : DW_OK;
    else
        status =
            property != NULL ? check_value(property, &taken, err) : check_other(taken.key, err);
    if (status == DW_OK)
        *out = taken;
    return status;
}

dw_status dwi_create_properties(dwi_arena *arena, const dw_property *given, size_t n, dwi_kvs *out,
                                dw_error *err)
{
    dwi_kv *items = dwi_arena_array(arena, n, sizeof(*items));
    dw_status status = DW_OK;

    if (items == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < n; i++) {
        dwi_kvs earlier = {i, items};
        if (given[i].value == NULL)
            return dwi_err(err, DW_E_ARG, "a property lacks its value");
        DWI_TRY(dwi_property_take(arena, given[i].key, given[i].value, &items[i], err));
        if (dwi_property(earlier, items[i].key.ptr).ptr != NULL)
            return dwi_err(err, DW_E_ARG, "property %s is given twice", given[i].key);
    }
    *out = (dwi_kvs){n, items};
done:
    return status;
}
