/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol of a new table: (1,2), which every engine reads and writes, or (x,7) with just the
 * features that its schema and properties need. The legacy numbers between imply features that some
 * engines refuse, so they are never written. */
#include "delta/features.h"

#include <assert.h>

#include "delta/properties.h"

enum { MAX_WANTED = 64 }; /* more than the table of features has */

/* Features wanted, each once. */
typedef struct wanted {
    dwi_sv writer[MAX_WANTED];
    size_t n_writer;
    dwi_sv reader[MAX_WANTED];
    size_t n_reader;
} wanted;

static void want(wanted *w, const dwi_feature *feature)
{
    dwi_sv name = dwi_sv_cstr(feature->name);

    for (size_t i = 0; i < w->n_writer; i++)
        if (dwi_sv_eq(w->writer[i], name))
            return;
    assert(w->n_writer < MAX_WANTED);
    w->writer[w->n_writer++] = name;
    if (feature->reader)
        w->reader[w->n_reader++] = name;
}

static void want_name(wanted *w, const char *name)
{
    want(w, dwi_features_find(dwi_sv_cstr(name)));
}

static bool has_kind(const dwi_type *type, dwi_type_kind kind)
{
    if (type->kind == kind)
        return true;
    for (size_t i = 0; i < type->n_fields; i++)
        if (has_kind(type->fields[i].type, kind))
            return true;
    return false;
}

dw_status dwi_features_check_column(const dwi_protocol *protocol, dwi_sv name, const dwi_type *type,
                                    dw_error *err)
{
    static const struct {
        dwi_type_kind kind;
        const char *feature;
    } needs[] = {{DWI_TIMESTAMP_NTZ, "timestampNtz"}, {DWI_VARIANT, "variantType"}};

    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
        if (has_kind(type, needs[i].kind) && !dwi_features_has_writer(protocol, needs[i].feature))
            return dwi_err(err, DW_E_UNSUPPORTED,
                           "column %.*s: its type needs the table feature %s, which the table has "
                           "not",
                           DWI_SV_ARG(name), needs[i].feature);
    return DW_OK;
}

bool dwi_features_is_request(dwi_sv key)
{
    const dwi_sv prefix = DWI_SV("delta.feature.");

    return (key.len > prefix.len && dwi_sv_eq_nocase((dwi_sv){key.ptr, prefix.len}, prefix)) ||
           dwi_sv_eq_nocase(key, DWI_SV("delta.minReaderVersion")) ||
           dwi_sv_eq_nocase(key, DWI_SV("delta.minWriterVersion"));
}

static const dwi_feature *find_nocase(dwi_sv name)
{
    size_t n;
    const dwi_feature *table = dwi_features_table(&n);

    for (size_t i = 0; i < n; i++)
        if (dwi_sv_eq_nocase(name, dwi_sv_cstr(table[i].name)))
            return &table[i];
    return NULL;
}

/* "delta.feature.NAME = supported" asks for a feature without turning it on. */
static dw_status take_request(wanted *w, dwi_kv property, dw_error *err)
{
    const size_t skip = sizeof("delta.feature.") - 1;
    const dwi_feature *feature;
    dwi_sv name;

    if (!dwi_features_is_request(property.key) || property.key.len <= skip ||
        !dwi_sv_eq_nocase((dwi_sv){property.key.ptr, skip}, DWI_SV("delta.feature.")))
        return DW_OK;
    name = (dwi_sv){property.key.ptr + skip, property.key.len - skip};
    if (!dwi_sv_eq_nocase(property.value, DWI_SV("supported")) &&
        !dwi_sv_eq_nocase(property.value, DWI_SV("enabled")))
        return dwi_err(err, DW_E_ARG, "property %.*s: \"%.*s\" is not \"supported\"",
                       DWI_SV_ARG(property.key), DWI_SV_ARG(property.value));
    feature = find_nocase(name);
    if (feature == NULL || feature->append == DWI_SUPPORT_NO ||
        dwi_sv_starts_with(name, DWI_SV("iceberg")))
        return dwi_err(err, DW_E_UNSUPPORTED, "property %.*s is not supported",
                       DWI_SV_ARG(property.key));
    want(w, feature);
    return DW_OK;
}

/* Properties that we would have to act on, and do not. */
static dw_status refuse_properties(dwi_kvs properties, dw_error *err)
{
    static const char *const refused[] = {
        "delta.enableRowTracking",      "delta.enableInCommitTimestamps",
        "delta.enableIcebergCompatV1",  "delta.enableIcebergCompatV2",
        "delta.enableIcebergCompatV3",  "delta.enableIcebergWriterCompatV1",
        "delta.enableVariantShredding", "delta.enableMaterializePartitionColumnsFeature"};
    dw_status status = DW_OK;

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        bool on = false;
        DWI_TRY(dwi_property_bool(properties, refused[i], &on, err));
        if (on)
            DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED, "property %s is not supported", refused[i]));
    }
done:
    return status;
}

static dw_status take_properties(wanted *w, dwi_kvs properties, dw_error *err)
{
    size_t n;
    const dwi_feature *table = dwi_features_table(&n);
    dw_status status = DW_OK;

    for (size_t i = 0; i < n; i++) {
        bool on = false;
        if (table[i].switch_key == NULL)
            continue;
        DWI_TRY(dwi_property_bool(properties, table[i].switch_key, &on, err));
        if (on)
            want(w, &table[i]);
    }
    if (dwi_sv_eq_nocase(dwi_property(properties, "delta.checkpointPolicy"), DWI_SV("v2")))
        want_name(w, "v2Checkpoint");
    for (size_t i = 0; i < properties.count; i++)
        DWI_TRY(take_request(w, properties.items[i], err));
done:
    return status;
}

dw_status dwi_features_for_new_table(dwi_arena *arena, const dwi_type *schema, dwi_kvs properties,
                                     dwi_protocol *out, dw_error *err)
{
    dwi_protocol protocol = {.min_reader_version = 1, .min_writer_version = 2};
    dwi_metadata metadata = {.configuration = properties};
    dwi_schema fake = {.root = schema};
    dwi_state state = {.metadata = metadata, .schema = &fake};
    wanted w = {.n_writer = 0};
    dw_status status;

    DWI_TRY(dwi_properties_check(properties, err));
    DWI_TRY(refuse_properties(properties, err));
    DWI_TRY(take_properties(&w, properties, err));
    if (has_kind(schema, DWI_TIMESTAMP_NTZ))
        want_name(&w, "timestampNtz");
    if (w.n_writer > 0) {
        /* what (1,2) would have implied */
        want_name(&w, "appendOnly");
        want_name(&w, "invariants");
        protocol.min_writer_version = 7;
        protocol.has_writer_features = true;
        protocol.writer_features.count = w.n_writer;
        protocol.writer_features.items = dwi_arena_dup(arena, w.writer, sizeof(w.writer));
        if (protocol.writer_features.items == NULL)
            DWI_TRY(dwi_err_nomem(err));
    }
    if (w.n_reader > 0) {
        protocol.min_reader_version = 3;
        protocol.has_reader_features = true;
        protocol.reader_features.count = w.n_reader;
        protocol.reader_features.items = dwi_arena_dup(arena, w.reader, sizeof(w.reader));
        if (protocol.reader_features.items == NULL)
            DWI_TRY(dwi_err_nomem(err));
    }
    /* A table that we could not append to is not made either. */
    state.protocol = protocol;
    DWI_TRY(dwi_features_check_append(&state, err));
    *out = protocol;
done:
    return status;
}
