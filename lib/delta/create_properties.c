/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/create_properties.h"

#include "delta/features.h"
#include "delta/properties.h"

typedef enum kind {
    KIND_BOOL,
    KIND_COUNT,    /* an integer from `min` */
    KIND_INTERVAL, /* "interval 7 days" */
    KIND_CHOICE,   /* one of `choices` */
    KIND_TEXT
} kind;

typedef struct known {
    const char *key;
    kind kind;
    int64_t min;
    const char *choices; /* separated by '|' */
} known;

static const known properties[] = {
    {"delta.appendOnly", KIND_BOOL, 0, NULL},
    {"delta.autoOptimize.autoCompact", KIND_CHOICE, 0, "true|false|auto|legacy"},
    {"delta.autoOptimize.optimizeWrite", KIND_BOOL, 0, NULL},
    {"delta.checkpoint.writeStatsAsJson", KIND_BOOL, 0, NULL},
    {"delta.checkpoint.writeStatsAsStruct", KIND_BOOL, 0, NULL},
    {"delta.checkpointInterval", KIND_COUNT, 1, NULL},
    {"delta.checkpointPolicy", KIND_CHOICE, 0, "classic|v2"},
    {"delta.dataSkippingNumIndexedCols", KIND_COUNT, -1, NULL},
    {"delta.dataSkippingStatsColumns", KIND_TEXT, 0, NULL},
    {"delta.dataSkippingStringPrefixLength", KIND_COUNT, 1, NULL},
    {"delta.deletedFileRetentionDuration", KIND_INTERVAL, 0, NULL},
    {"delta.enableChangeDataFeed", KIND_BOOL, 0, NULL},
    {"delta.enableDeletionVectors", KIND_BOOL, 0, NULL},
    {"delta.enableExpiredLogCleanup", KIND_BOOL, 0, NULL},
    {"delta.enableIcebergCompatV1", KIND_BOOL, 0, NULL},
    {"delta.enableIcebergCompatV2", KIND_BOOL, 0, NULL},
    {"delta.enableIcebergCompatV3", KIND_BOOL, 0, NULL},
    {"delta.enableInCommitTimestamps", KIND_BOOL, 0, NULL},
    {"delta.enableRowTracking", KIND_BOOL, 0, NULL},
    {"delta.enableTypeWidening", KIND_BOOL, 0, NULL},
    {"delta.enableVariantShredding", KIND_BOOL, 0, NULL},
    {"delta.columnMapping.mode", KIND_CHOICE, 0, "none|name|id"},
    {"delta.isolationLevel", KIND_CHOICE, 0, "Serializable|WriteSerializable"},
    {"delta.logRetentionDuration", KIND_INTERVAL, 0, NULL},
    {"delta.parquet.compression.codec", KIND_CHOICE, 0, "zstd|snappy|gzip|uncompressed|none"},
    {"delta.randomizeFilePrefixes", KIND_CHOICE, 0, "false"},
    {"delta.setTransactionRetentionDuration", KIND_INTERVAL, 0, NULL},
    {"delta.targetFileSize", KIND_TEXT, 0, NULL},
    {"delta.tuneFileSizesForRewrites", KIND_BOOL, 0, NULL},
};

static bool is_delta_key(dwi_sv key)
{
    return key.len >= 6 && dwi_sv_eq_nocase((dwi_sv){key.ptr, 6}, DWI_SV("delta."));
}

static const known *find(dwi_sv key)
{
    for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++)
        if (dwi_sv_eq_nocase(key, dwi_sv_cstr(properties[i].key)))
            return &properties[i];
    return NULL;
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
    case KIND_TEXT:
        break;
    }
    return DW_OK;
}

static dw_status take(dwi_arena *arena, const dw_property *given, dwi_kv *out, dw_error *err)
{
    const known *property;

    if (given->key == NULL || given->key[0] == '\0' || given->value == NULL)
        return dwi_err(err, DW_E_ARG, "a property lacks its %s",
                       given->value == NULL ? "value" : "key");
    out->key = dwi_sv_cstr(given->key);
    if (!dwi_arena_sv(arena, dwi_sv_cstr(given->value), &out->value))
        return dwi_err_nomem(err);
    property = find(out->key);
    if (property != NULL)
        out->key = dwi_sv_cstr(property->key);
    else if (!dwi_arena_sv(arena, out->key, &out->key))
        return dwi_err_nomem(err);
    else if (is_delta_key(out->key) && !dwi_features_is_request(out->key))
        return dwi_err(err, DW_E_UNSUPPORTED, "property %s is not supported", given->key);
    return property == NULL ? DW_OK : check_value(property, out, err);
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
        DWI_TRY(take(arena, &given[i], &items[i], err));
        if (dwi_property(earlier, items[i].key.ptr).ptr != NULL)
            return dwi_err(err, DW_E_ARG, "property %s is given twice", given[i].key);
    }
    *out = (dwi_kvs){n, items};
done:
    return status;
}
