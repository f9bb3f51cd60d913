/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/features.h"

#include "delta/properties.h"

enum { YES = DWI_SUPPORT_YES, INACTIVE = DWI_SUPPORT_INACTIVE, NO = DWI_SUPPORT_NO };

/* The one list of names. Anything else is unknown and refused where it binds. */
static const dwi_feature features[] = {
    {"appendOnly", 2, false, YES, YES, YES, NULL},
    {"invariants", 2, false, YES, YES, INACTIVE, NULL},
    {"checkConstraints", 3, false, YES, YES, INACTIVE, NULL},
    {"changeDataFeed", 4, false, YES, YES, YES, "delta.enableChangeDataFeed"},
    {"generatedColumns", 4, false, YES, YES, INACTIVE, NULL},
    {"columnMapping", 5, true, YES, YES, INACTIVE, NULL},
    {"identityColumns", 6, false, YES, YES, INACTIVE, NULL},
    {"allowColumnDefaults", 0, false, YES, YES, INACTIVE, NULL},
    {"deletionVectors", 0, true, YES, YES, YES, "delta.enableDeletionVectors"},
    {"timestampNtz", 0, true, YES, YES, YES, NULL},
    {"timestampWithoutTimezone", 0, true, YES, YES, YES, NULL},
    {"domainMetadata", 0, false, YES, YES, YES, NULL},
    {"v2Checkpoint", 0, true, YES, YES, YES, NULL},
    {"vacuumProtocolCheck", 0, true, YES, YES, YES, NULL},
    {"checkpointProtection", 0, false, YES, YES, YES, NULL},
    {"typeWidening", 0, true, YES, YES, YES, "delta.enableTypeWidening"},
    {"typeWidening-preview", 0, true, YES, YES, YES, NULL},
    {"inCommitTimestamp", 0, false, YES, YES, YES, NULL},
    {"inCommitTimestamp-preview", 0, false, YES, YES, YES, NULL},
    {"icebergCompatV1", 0, false, YES, YES, INACTIVE, NULL},
    {"icebergCompatV2", 0, false, YES, YES, INACTIVE, NULL},
    {"icebergCompatV3", 0, false, YES, YES, INACTIVE, NULL},
    {"variantType", 0, true, YES, YES, INACTIVE, NULL},
    {"variantType-preview", 0, true, YES, YES, INACTIVE, NULL},
    {"variantShredding", 0, true, YES, YES, INACTIVE, NULL},
    {"variantShredding-preview", 0, true, YES, YES, INACTIVE, NULL},
    {"materializePartitionColumns", 0, false, YES, YES, YES, NULL},
    {"rowTracking", 0, false, YES, YES, NO, NULL},
    {"clustering", 0, false, YES, YES, NO, NULL},
    {"collations", 0, false, YES, YES, NO, NULL},
    {"collations-preview", 0, false, YES, YES, NO, NULL},
    {"catalogManaged", 0, true, NO, NO, NO, NULL},
    {"geospatial", 0, true, YES, NO, NO, NULL},
};

const dwi_feature *dwi_features_find(dwi_sv name)
{
    for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
        if (dwi_sv_eq_cstr(name, features[i].name))
            return &features[i];
    return NULL;
}

const dwi_feature *dwi_features_table(size_t *out_n)
{
    *out_n = sizeof(features) / sizeof(features[0]);
    return features;
}

static bool has_name(dwi_svs names, const char *name)
{
    for (size_t i = 0; i < names.count; i++)
        if (dwi_sv_eq_cstr(names.items[i], name))
            return true;
    return false;
}

dw_status dwi_features_check_log(const dwi_protocol *protocol, dw_error *err)
{
    if (protocol->min_reader_version < 1 || protocol->min_reader_version > 3)
        return dwi_err(err, DW_E_UNSUPPORTED,
                       "protocol: minReaderVersion %d is not supported; ours is 3",
                       protocol->min_reader_version);
    if (protocol->min_reader_version < 3)
        return DW_OK;
    for (size_t i = 0; i < protocol->reader_features.count; i++) {
        const dwi_feature *f = dwi_features_find(protocol->reader_features.items[i]);
        if (f == NULL || f->log != YES)
            return dwi_err(err, DW_E_UNSUPPORTED, "protocol: reader feature %.*s is not supported",
                           DWI_SV_ARG(protocol->reader_features.items[i]));
    }
    return DW_OK;
}

static bool metadata_has(const dwi_field *field, const char *key)
{
    char quoted[64];
    size_t len = strlen(key);

    /* Keys are quoted text in the field's JSON; a string value that looks the same errs on the side
     * of refusing. */
    if (len + 2 >= sizeof(quoted) || field->metadata_json.len < len + 2)
        return false;
    quoted[0] = '"';
    memcpy(quoted + 1, key, len);
    quoted[len + 1] = '"';
    for (size_t i = 0; i + len + 2 <= field->metadata_json.len; i++)
        if (memcmp(field->metadata_json.ptr + i, quoted, len + 2) == 0)
            return true;
    return false;
}

/* The first field, at any depth, that `matches`; NULL when there is none. */
static const dwi_field *find_field(const dwi_type *type,
                                   bool (*matches)(const dwi_field *field, const char *key),
                                   const char *key)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        const dwi_field *found = matches(&type->fields[i], key)
                                     ? &type->fields[i]
                                     : find_field(type->fields[i].type, matches, key);
        if (found != NULL)
            return found;
    }
    return NULL;
}

static bool is_variant(const dwi_field *field, const char *key)
{
    (void)key;
    return field->type->kind == DWI_VARIANT;
}

/* A feature's presence in metadata; *out_where names the place. */
static bool in_schema(const dwi_type *schema, const char *key, dwi_sv *out_where)
{
    const dwi_field *field = find_field(schema, metadata_has, key);

    if (field != NULL)
        *out_where = field->name;
    return field != NULL;
}

static bool is_on(dwi_kvs properties, const char *key, dwi_sv *out_where)
{
    dwi_sv value = dwi_property(properties, key);

    *out_where = dwi_sv_cstr(key);
    return value.ptr != NULL && !dwi_sv_eq_nocase(value, DWI_SV("false"));
}

static bool has_constraint(dwi_kvs properties, dwi_sv *out_where)
{
    const dwi_sv prefix = DWI_SV("delta.constraints.");

    for (size_t i = 0; i < properties.count; i++) {
        dwi_sv key = properties.items[i].key;
        if (key.len > prefix.len && dwi_sv_eq_nocase((dwi_sv){key.ptr, prefix.len}, prefix)) {
            *out_where = key;
            return true;
        }
    }
    return false;
}

/* Whether metadata uses a feature of support INACTIVE. */
static bool is_active(const dwi_feature *f, const dwi_type *schema, dwi_kvs properties,
                      dwi_sv *where)
{
    dwi_sv name = dwi_sv_cstr(f->name);

    *where = name;
    if (dwi_sv_eq_cstr(name, "invariants"))
        return in_schema(schema, "delta.invariants", where);
    if (dwi_sv_eq_cstr(name, "checkConstraints"))
        return has_constraint(properties, where);
    if (dwi_sv_eq_cstr(name, "generatedColumns"))
        return in_schema(schema, "delta.generationExpression", where);
    if (dwi_sv_eq_cstr(name, "identityColumns"))
        return in_schema(schema, "delta.identity.start", where);
    if (dwi_sv_eq_cstr(name, "allowColumnDefaults"))
        return in_schema(schema, "CURRENT_DEFAULT", where);
    if (dwi_sv_eq_cstr(name, "icebergCompatV1"))
        return is_on(properties, "delta.enableIcebergCompatV1", where);
    if (dwi_sv_eq_cstr(name, "icebergCompatV2"))
        return is_on(properties, "delta.enableIcebergCompatV2", where);
    if (dwi_sv_eq_cstr(name, "icebergCompatV3"))
        return is_on(properties, "delta.enableIcebergCompatV3", where);
    if (dwi_sv_eq_cstr(name, "columnMapping")) {
        dwi_sv mode = dwi_property(properties, "delta.columnMapping.mode");
        *where = DWI_SV("delta.columnMapping.mode");
        return mode.ptr != NULL && !dwi_sv_eq_nocase(mode, DWI_SV("none"));
    }
    if (dwi_sv_starts_with(name, DWI_SV("variant"))) {
        const dwi_field *field = find_field(schema, is_variant, NULL);
        *where = field == NULL ? name : field->name;
        return field != NULL;
    }
    return true;
}

static dw_status refuse(const char *what, dwi_sv name, dwi_sv where, dw_error *err)
{
    if (dwi_sv_eq(name, where))
        return dwi_err(err, DW_E_UNSUPPORTED, "%s %.*s is not supported", what, DWI_SV_ARG(name));
    return dwi_err(err, DW_E_UNSUPPORTED, "%s %.*s is not supported, and the table uses it (%.*s)",
                   what, DWI_SV_ARG(name), DWI_SV_ARG(where));
}

dw_status dwi_features_check_scan(const dwi_state *state, dw_error *err)
{
    const dwi_protocol *protocol = &state->protocol;

    for (size_t i = 0; protocol->min_reader_version == 3 && i < protocol->reader_features.count;
         i++) {
        dwi_sv name = protocol->reader_features.items[i];
        const dwi_feature *f = dwi_features_find(name);
        if (f == NULL || f->scan != YES)
            return refuse("protocol: reader feature", name, name, err);
    }
    return DW_OK;
}

static dw_status check_writer_version(const dwi_protocol *protocol, dw_error *err)
{
    if (protocol->min_writer_version < 1 || protocol->min_writer_version > 7)
        return dwi_err(err, DW_E_UNSUPPORTED,
                       "protocol: minWriterVersion %d is not supported; ours is 7",
                       protocol->min_writer_version);
    return DW_OK;
}

bool dwi_features_has_writer(const dwi_protocol *protocol, const char *name)
{
    const dwi_feature *f;

    if (protocol->min_writer_version == 7)
        return has_name(protocol->writer_features, name);
    f = dwi_features_find(dwi_sv_cstr(name));
    return f != NULL && f->legacy_writer > 0 && f->legacy_writer <= protocol->min_writer_version;
}

/* Every listed name must be one we know, and not bind us to what we do not do; check_active() has
 * those that bind only where they are used. */
static dw_status check_listed(const dwi_protocol *protocol, dw_error *err)
{
    for (size_t i = 0; i < protocol->writer_features.count; i++) {
        dwi_sv name = protocol->writer_features.items[i];
        const dwi_feature *f = dwi_features_find(name);
        if (f == NULL || f->append == NO)
            return refuse("protocol: writer feature", name, name, err);
    }
    return DW_OK;
}

/* What metadata uses binds even where the protocol fails to say so. */
static dw_status check_active(const dwi_type *schema, dwi_kvs properties, dw_error *err)
{
    for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        dwi_sv where;
        if (features[i].append == INACTIVE && is_active(&features[i], schema, properties, &where))
            return refuse("feature", dwi_sv_cstr(features[i].name), where, err);
    }
    return DW_OK;
}

/* Properties that would hand commits or their publication to someone else. */
static dw_status check_hand_overs(dwi_kvs properties, dw_error *err)
{
    static const char *const prefixes[] = {"delta.coordinatedCommits.", "delta.redirect",
                                           "delta.universalFormat.enabledFormats"};

    for (size_t i = 0; i < properties.count; i++) {
        dwi_kv p = properties.items[i];
        for (size_t k = 0; k < sizeof(prefixes) / sizeof(prefixes[0]); k++) {
            dwi_sv prefix = dwi_sv_cstr(prefixes[k]);
            if (p.key.len >= prefix.len && p.value.len > 0 &&
                dwi_sv_eq_nocase((dwi_sv){p.key.ptr, prefix.len}, prefix))
                return dwi_err(err, DW_E_UNSUPPORTED, "property %.*s is not supported",
                               DWI_SV_ARG(p.key));
        }
    }
    return DW_OK;
}

dw_status dwi_features_check_checkpoint(const dwi_state *state, dw_error *err)
{
    const dwi_protocol *protocol = &state->protocol;
    dw_status status;

    DWI_TRY(check_writer_version(protocol, err));
    for (size_t i = 0; protocol->min_writer_version == 7 && i < protocol->writer_features.count;
         i++) {
        dwi_sv name = protocol->writer_features.items[i];
        const dwi_feature *f = dwi_features_find(name);
        if (f == NULL || f->log != DWI_SUPPORT_YES)
            DWI_TRY(refuse("protocol: writer feature", name, name, err));
    }
done:
    return status;
}

dw_status dwi_features_check_append(const dwi_state *state, dw_error *err)
{
    const dwi_protocol *protocol = &state->protocol;
    const dwi_metadata *metadata = &state->metadata;
    const dwi_type *schema = state->schema->root;
    dw_status status;

    DWI_TRY(check_writer_version(protocol, err));
    DWI_TRY(dwi_features_check_scan(state, err));
    if (protocol->min_writer_version == 7)
        DWI_TRY(check_listed(protocol, err));
    DWI_TRY(check_active(schema, metadata->configuration, err));
    DWI_TRY(check_hand_overs(metadata->configuration, err));
    if (metadata->partition_columns.count > 0)
        DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED,
                        "partitioned tables are not supported (partition column %.*s)",
                        DWI_SV_ARG(metadata->partition_columns.items[0])));
    if (metadata->format_provider.ptr != NULL &&
        !dwi_sv_eq_nocase(metadata->format_provider, DWI_SV("parquet")))
        DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED, "format %.*s is not supported",
                        DWI_SV_ARG(metadata->format_provider)));
done:
    return status;
}
