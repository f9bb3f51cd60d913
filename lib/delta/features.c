/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/features.h"

enum { YES = DWI_SUPPORT_YES, INACTIVE = DWI_SUPPORT_INACTIVE, NO = DWI_SUPPORT_NO };

#define ON(name) "delta.enable" name

/* The one list of names. Anything else is unknown and refused where it binds. */
static const dwi_feature features[] = {
    {"appendOnly", 2, 0, false, YES, YES, YES, "delta.appendOnly", NULL, NULL},
    {"invariants", 2, 0, false, YES, YES, INACTIVE, NULL, NULL, NULL},
    {"checkConstraints", 3, 0, false, YES, YES, INACTIVE, NULL, NULL, NULL},
    {"changeDataFeed", 4, 0, false, YES, YES, YES, ON("ChangeDataFeed"), NULL, NULL},
    {"generatedColumns", 4, 0, false, YES, YES, INACTIVE, NULL, NULL, NULL},
    {"columnMapping", 5, 2, true, YES, YES, YES, NULL, NULL, NULL},
    {"identityColumns", 6, 0, false, YES, YES, INACTIVE, NULL, NULL, NULL},
    {"allowColumnDefaults", 0, 0, false, YES, YES, YES, NULL, NULL, NULL},
    {"deletionVectors", 0, 0, true, YES, YES, YES, ON("DeletionVectors"), NULL, NULL},
    {"timestampNtz", 0, 0, true, YES, YES, YES, NULL, NULL, NULL},
    {"timestampWithoutTimezone", 0, 0, true, YES, YES, YES, NULL, NULL, NULL},
    {"domainMetadata", 0, 0, false, YES, YES, YES, NULL, NULL, NULL},
    {"rowTracking", 0, 0, false, YES, YES, YES, ON("RowTracking"), "domainMetadata", NULL},
    {"clustering", 0, 0, false, YES, YES, YES, NULL, "domainMetadata", NULL},
    {"v2Checkpoint", 0, 0, true, YES, YES, YES, NULL, NULL, NULL},
    {"vacuumProtocolCheck", 0, 0, true, YES, YES, YES, NULL, NULL, NULL},
    {"checkpointProtection", 0, 0, false, YES, YES, YES, NULL, NULL, NULL},
    {"typeWidening", 0, 0, true, YES, YES, YES, ON("TypeWidening"), NULL, NULL},
    {"typeWidening-preview", 0, 0, true, YES, YES, YES, NULL, NULL, NULL},
    {"inCommitTimestamp", 0, 0, false, YES, YES, YES, ON("InCommitTimestamps"), NULL, NULL},
    {"inCommitTimestamp-preview", 0, 0, false, YES, YES, YES, NULL, NULL, NULL},
    {"icebergCompatV1", 0, 0, false, YES, YES, INACTIVE, ON("IcebergCompatV1"), "columnMapping",
     NULL},
    {"icebergCompatV2", 0, 0, false, YES, YES, INACTIVE, ON("IcebergCompatV2"), "columnMapping",
     NULL},
    {"icebergCompatV3", 0, 0, false, YES, YES, INACTIVE, ON("IcebergCompatV3"), "columnMapping",
     "rowTracking"},
    {"variantType", 0, 0, true, YES, YES, YES, NULL, NULL, NULL},
    {"variantType-preview", 0, 0, true, YES, YES, YES, NULL, NULL, NULL},
    {"variantShredding", 0, 0, true, YES, YES, YES, ON("VariantShredding"), "variantType", NULL},
    {"variantShredding-preview", 0, 0, true, YES, YES, YES, NULL, NULL, NULL},
    {"materializePartitionColumns", 0, 0, false, YES, YES, YES,
     ON("MaterializePartitionColumnsFeature"), NULL, NULL},
    {"icebergWriterCompatV1", 0, 0, false, YES, YES, NO, ON("IcebergWriterCompatV1"),
     "icebergCompatV2", NULL},
    {"collations", 0, 0, false, YES, YES, NO, NULL, "domainMetadata", NULL},
    {"collations-preview", 0, 0, false, YES, YES, NO, NULL, "domainMetadata", NULL},
    {"coordinatedCommits-preview", 0, 0, false, YES, YES, NO, NULL, "inCommitTimestamp",
     "vacuumProtocolCheck"},
    {"redirectWriterOnly-preview", 0, 0, false, YES, YES, NO, NULL, NULL, NULL},
    {"redirectReaderWriter-preview", 0, 0, true, YES, NO, NO, NULL, NULL, NULL},
    {"catalogManaged", 0, 0, true, NO, NO, NO, NULL, "inCommitTimestamp", "vacuumProtocolCheck"},
    {"geospatial", 0, 0, true, YES, NO, NO, NULL, NULL, NULL},
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

static dw_status refuse(const char *what, dwi_sv name, dw_error *err)
{
    return dwi_err(err, DW_E_UNSUPPORTED, "protocol: %s feature %.*s is not supported", what,
                   DWI_SV_ARG(name));
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
            return refuse("reader", protocol->reader_features.items[i], err);
    }
    return DW_OK;
}

dw_status dwi_features_check_scan(const dwi_state *state, dw_error *err)
{
    const dwi_protocol *protocol = &state->protocol;

    for (size_t i = 0; protocol->min_reader_version == 3 && i < protocol->reader_features.count;
         i++) {
        dwi_sv name = protocol->reader_features.items[i];
        const dwi_feature *f = dwi_features_find(name);
        if (f == NULL || f->scan != YES)
            return refuse("reader", name, err);
    }
    return DW_OK;
}

dw_status dwi_features_check_writer_version(const dwi_protocol *protocol, dw_error *err)
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

dw_status dwi_features_check_checkpoint(const dwi_state *state, dw_error *err)
{
    const dwi_protocol *protocol = &state->protocol;
    dw_status status;

    DWI_TRY(dwi_features_check_writer_version(protocol, err));
    for (size_t i = 0; protocol->min_writer_version == 7 && i < protocol->writer_features.count;
         i++) {
        dwi_sv name = protocol->writer_features.items[i];
        const dwi_feature *f = dwi_features_find(name);
        if (f == NULL || f->log != DWI_SUPPORT_YES)
            DWI_TRY(refuse("writer", name, err));
    }
done:
    return status;
}
