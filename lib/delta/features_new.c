/* SPDX-License-Identifier: Apache-2.0 */
/* Which protocol a schema and properties need. A new table gets (1,2), which every engine reads and
 * writes, or (x,7) with just the features that it needs: the legacy numbers between imply features
 * that some engines refuse, so they are only written when the caller asks for one. An existing
 * table's protocol is raised only when it lacks something, and never lowered. */
#include "delta/features.h"

#include <assert.h>

#include "delta/properties.h"
#include "delta/row_checks.h"

/* Features as bits, by their place in the one list. */
typedef uint64_t feature_set;

static feature_set bit_of(const dwi_feature *feature)
{
    size_t n;
    size_t at = (size_t)(feature - dwi_features_table(&n));

    assert(n <= 64);
    return UINT64_C(1) << at;
}

static feature_set bit_named(const char *name)
{
    return bit_of(dwi_features_find(dwi_sv_cstr(name)));
}

/* What a legacy version implies. */
static feature_set implied(int32_t reader, int32_t writer)
{
    size_t n;
    const dwi_feature *table = dwi_features_table(&n);
    feature_set set = 0;

    for (size_t i = 0; i < n; i++)
        if (table[i].legacy_writer > 0 && table[i].legacy_writer <= writer &&
            table[i].legacy_reader <= reader)
            set |= bit_of(&table[i]);
    return set;
}

static feature_set of_protocol(const dwi_protocol *protocol)
{
    feature_set set = 0;

    if (protocol->min_writer_version < 7)
        return implied(protocol->min_reader_version, protocol->min_writer_version);
    for (size_t i = 0; i < protocol->writer_features.count; i++) {
        const dwi_feature *feature = dwi_features_find(protocol->writer_features.items[i]);
        set |= feature == NULL ? 0 : bit_of(feature);
    }
    return set;
}

/* With everything that its features need. */
static feature_set closed(feature_set set)
{
    size_t n;
    const dwi_feature *table = dwi_features_table(&n);
    feature_set before;

    do {
        before = set;
        for (size_t i = 0; i < n; i++) {
            if ((set & bit_of(&table[i])) == 0)
                continue;
            set |= table[i].needs == NULL ? 0 : bit_named(table[i].needs);
            set |= table[i].needs_too == NULL ? 0 : bit_named(table[i].needs_too);
        }
    } while (set != before);
    return set;
}

static bool has_kind(const dwi_type *type, dwi_type_kind kind)
{
    if (type->kind == kind || (kind == DWI_VARIANT && type->variant))
        return true;
    for (size_t i = 0; i < type->n_fields; i++)
        if (has_kind(type->fields[i].type, kind))
            return true;
    return false;
}

/* Types that need a feature, and the other names that it goes by. */
static const struct {
    dwi_type_kind kind;
    const char *feature;
    const char *alias;
} type_needs[] = {
    {DWI_TIMESTAMP_NTZ, "timestampNtz", "timestampWithoutTimezone"},
    {DWI_VARIANT, "variantType", "variantType-preview"},
};

dw_status dwi_features_check_column(const dwi_protocol *protocol, dwi_sv name, const dwi_type *type,
                                    dw_error *err)
{
    for (size_t i = 0; i < sizeof(type_needs) / sizeof(type_needs[0]); i++)
        if (has_kind(type, type_needs[i].kind) &&
            !dwi_features_has_writer(protocol, type_needs[i].feature) &&
            !dwi_features_has_writer(protocol, type_needs[i].alias))
            return dwi_err(err, DW_E_UNSUPPORTED,
                           "column %.*s: its type needs the table feature %s, which the table has "
                           "not",
                           DWI_SV_ARG(name), type_needs[i].feature);
    return DW_OK;
}

static bool has_not_null(const dwi_type *type)
{
    for (size_t i = 0; i < type->n_fields && !type->variant; i++)
        if (type->kind == DWI_STRUCT &&
            (!type->fields[i].nullable || has_not_null(type->fields[i].type)))
            return true;
    return false;
}

static bool has_default(const dwi_type *schema)
{
    static const char key[] = "\"CURRENT_DEFAULT\"";

    for (size_t i = 0; i < schema->n_fields; i++) {
        dwi_sv text = schema->fields[i].metadata_json;
        for (size_t k = 0; k + sizeof(key) - 1 <= text.len; k++)
            if (memcmp(text.ptr + k, key, sizeof(key) - 1) == 0)
                return true;
    }
    return false;
}

static feature_set needed_by_schema(const dwi_type *schema, feature_set have)
{
    feature_set set = has_not_null(schema) ? bit_named("invariants") : 0;

    for (size_t i = 0; i < sizeof(type_needs) / sizeof(type_needs[0]); i++)
        if (has_kind(schema, type_needs[i].kind) && (have & bit_named(type_needs[i].alias)) == 0)
            set |= bit_named(type_needs[i].feature);
    if (has_default(schema))
        set |= bit_named("allowColumnDefaults");
    return set;
}

dw_status dwi_features_check_schema(const dwi_protocol *protocol, const dwi_type *was,
                                    const dwi_type *is, dw_error *err)
{
    feature_set have = of_protocol(protocol);
    feature_set missing = needed_by_schema(is, have) & ~needed_by_schema(was, have) & ~have;
    size_t n;
    const dwi_feature *table = dwi_features_table(&n);

    for (size_t i = 0; i < n; i++)
        if ((missing & bit_of(&table[i])) != 0)
            return dwi_err(err, DW_E_UNSUPPORTED,
                           "the new columns need the table feature %s, which the table has not",
                           table[i].name);
    return DW_OK;
}

static dw_status needed_by_properties(dwi_kvs properties, feature_set have, feature_set *out,
                                      dw_error *err)
{
    size_t n;
    const dwi_feature *table = dwi_features_table(&n);
    dwi_sv mode = dwi_property(properties, "delta.columnMapping.mode");
    dw_status status = DW_OK;

    for (size_t i = 0; i < n; i++) {
        bool on = false;
        if (table[i].switch_key == NULL)
            continue;
        DWI_TRY(dwi_property_bool(properties, table[i].switch_key, &on, err));
        if (on)
            *out |= bit_of(&table[i]);
    }
    if ((have & bit_named("typeWidening-preview")) != 0)
        *out &= ~bit_named("typeWidening");
    if ((have & bit_named("inCommitTimestamp-preview")) != 0)
        *out &= ~bit_named("inCommitTimestamp");
    if (dwi_sv_eq_nocase(dwi_property(properties, "delta.enableChangeDataCapture"), DWI_SV("true")))
        *out |= bit_named("changeDataFeed"); /* its name before it was released */
    if (dwi_sv_eq_nocase(dwi_property(properties, "delta.checkpointPolicy"), DWI_SV("v2")))
        *out |= bit_named("v2Checkpoint");
    if (mode.ptr != NULL && !dwi_sv_eq_nocase(mode, DWI_SV("none")))
        *out |= bit_named("columnMapping");
done:
    return status;
}

static const dwi_sv request_prefix = {"delta.feature.", sizeof("delta.feature.") - 1};

static bool is_feature_request(dwi_sv key)
{
    return key.len > request_prefix.len &&
           dwi_sv_eq_nocase((dwi_sv){key.ptr, request_prefix.len}, request_prefix);
}

bool dwi_features_is_request(dwi_sv key)
{
    return is_feature_request(key) || dwi_sv_eq_nocase(key, DWI_SV("delta.minReaderVersion")) ||
           dwi_sv_eq_nocase(key, DWI_SV("delta.minWriterVersion")) ||
           dwi_sv_eq_nocase(key, DWI_SV("delta.ignoreProtocolDefaults"));
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
static dw_status take_request(dwi_kv property, feature_set *out, dw_error *err)
{
    const dwi_feature *feature;
    dwi_sv name;

    if (!is_feature_request(property.key))
        return DW_OK;
    name = (dwi_sv){property.key.ptr + request_prefix.len, property.key.len - request_prefix.len};
    if (!dwi_sv_eq_nocase(property.value, DWI_SV("supported")) &&
        !dwi_sv_eq_nocase(property.value, DWI_SV("enabled")))
        return dwi_err(err, DW_E_ARG, "property %.*s: \"%.*s\" is not \"supported\"",
                       DWI_SV_ARG(property.key), DWI_SV_ARG(property.value));
    feature = find_nocase(name);
    if (feature == NULL || feature->append == DWI_SUPPORT_NO)
        return dwi_err(err, DW_E_UNSUPPORTED, "property %.*s is not supported",
                       DWI_SV_ARG(property.key));
    *out |= bit_of(feature);
    return DW_OK;
}

/* The versions that the caller asks for, if any; more than `highest` there is not. */
static dw_status take_version(dwi_kvs requests, const char *key, int32_t highest, int32_t *out,
                              dw_error *err)
{
    int64_t version = *out;
    dw_status status = dwi_property_i64(requests, key, 1, &version, err);

    if (status != DW_OK)
        return status;
    if (version > highest)
        return dwi_err(err, DW_E_UNSUPPORTED, "property %s: %lld is not supported; ours is %d", key,
                       (long long)version, (int)highest);
    if (version > *out)
        *out = (int32_t)version;
    return DW_OK;
}

/* The names of a set; those of `first` that we do not know are kept, and its order. */
static dw_status list_names(dwi_arena *arena, feature_set set, bool readers_only, dwi_svs first,
                            dwi_svs *out, dw_error *err)
{
    size_t n;
    const dwi_feature *table = dwi_features_table(&n);
    dwi_sv *names = dwi_arena_array(arena, first.count + n, sizeof(*names));
    size_t used = 0;

    if (names == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < first.count; i++) {
        const dwi_feature *known = dwi_features_find(first.items[i]);
        names[used++] = first.items[i];
        set &= known == NULL ? ~UINT64_C(0) : ~bit_of(known);
    }
    for (size_t i = 0; i < n; i++)
        if ((set & bit_of(&table[i])) != 0 && (table[i].reader || !readers_only))
            names[used++] = dwi_sv_cstr(table[i].name);
    *out = (dwi_svs){used, names};
    return DW_OK;
}

/* Readers of version 2 know column mapping and nothing else. */
static int32_t reader_version(feature_set set)
{
    size_t n;
    const dwi_feature *table = dwi_features_table(&n);
    int32_t version = 1;

    for (size_t i = 0; i < n; i++) {
        if ((set & bit_of(&table[i])) == 0 || !table[i].reader)
            continue;
        if (table[i].legacy_reader == 0)
            return 3;
        version = table[i].legacy_reader > version ? table[i].legacy_reader : version;
    }
    return version;
}

/* The lowest protocol with all features of the set that is no lower than `from`. */
static dw_status make_protocol(dwi_arena *arena, const dwi_protocol *from, feature_set set,
                               dwi_protocol *out, dw_error *err)
{
    dwi_protocol made = *from;
    int32_t reader = reader_version(set);
    dw_status status = DW_OK;

    if (reader > made.min_reader_version)
        made.min_reader_version = reader;
    if (made.min_writer_version < 2 && (set & ~implied(made.min_reader_version, 2)) == 0 &&
        (set & ~implied(made.min_reader_version, made.min_writer_version)) != 0)
        made.min_writer_version = 2;
    if (made.min_reader_version == 3 ||
        (set & ~implied(made.min_reader_version, made.min_writer_version)) != 0)
        made.min_writer_version = 7;
    if (made.min_writer_version == 7) {
        made.has_writer_features = true;
        DWI_TRY(list_names(arena, set, false, from->writer_features, &made.writer_features, err));
    }
    if (made.min_reader_version == 3) {
        made.has_reader_features = true;
        DWI_TRY(list_names(arena, set, true, from->reader_features, &made.reader_features, err));
    }
    *out = made;
done:
    return status;
}

/* Lists only grow here. */
static bool is_other(const dwi_protocol *from, const dwi_protocol *made)
{
    return made->min_reader_version != from->min_reader_version ||
           made->min_writer_version != from->min_writer_version ||
           made->writer_features.count != from->writer_features.count ||
           made->reader_features.count != from->reader_features.count;
}

dw_status dwi_features_upgrade(dwi_arena *arena, const dwi_protocol *from, const dwi_type *schema,
                               dwi_kvs properties, dwi_kvs requests, dwi_protocol *out,
                               bool *out_changed, dw_error *err)
{
    feature_set have = of_protocol(from);
    feature_set set = have;
    dwi_protocol floor = *from;
    dw_status status;

    set |= needed_by_schema(schema, have);
    DWI_TRY(needed_by_properties(properties, have, &set, err));
    for (size_t i = 0; i < requests.count; i++)
        DWI_TRY(take_request(requests.items[i], &set, err));
    if (from->min_reader_version < 3)
        DWI_TRY(
            take_version(requests, "delta.minReaderVersion", 3, &floor.min_reader_version, err));
    if (from->min_writer_version < 7)
        DWI_TRY(
            take_version(requests, "delta.minWriterVersion", 7, &floor.min_writer_version, err));
    if (floor.min_reader_version == 2 && floor.min_writer_version < 5)
        floor.min_writer_version = 5; /* readers of version 2 come with writers of version 5 */
    if (floor.min_writer_version < 7)
        set |= implied(floor.min_reader_version, floor.min_writer_version);
    DWI_TRY(make_protocol(arena, &floor, closed(set), out, err));
    *out_changed = is_other(from, out);
done:
    return status;
}

dw_status dwi_features_merge(dwi_arena *arena, const dwi_protocol *from, const dwi_protocol *older,
                             dwi_protocol *out, bool *out_changed, dw_error *err)
{
    dwi_protocol floor = *from;
    dw_status status;

    if (older->min_reader_version > floor.min_reader_version)
        floor.min_reader_version = older->min_reader_version;
    if (older->min_writer_version > floor.min_writer_version)
        floor.min_writer_version = older->min_writer_version;
    DWI_TRY(make_protocol(arena, &floor, closed(of_protocol(from) | of_protocol(older)), out, err));
    *out_changed = is_other(from, out);
done:
    return status;
}

dw_status dwi_features_for_new_table(dwi_arena *arena, const dwi_type *schema, dwi_kvs properties,
                                     dwi_protocol *out, dw_error *err)
{
    const dwi_protocol least = {.min_reader_version = 1, .min_writer_version = 2};
    dwi_schema fake = {.root = schema};
    dwi_state state = {.arena = {.alloc = arena->alloc},
                       .metadata = {.configuration = properties},
                       .schema = &fake};
    dw_status status;
    bool changed;

    DWI_TRY(dwi_properties_check(properties, err));
    DWI_TRY(dwi_features_upgrade(arena, &least, schema, properties, properties, &state.protocol,
                                 &changed, err));
    if (dwi_row_checks_any(properties)) /* the protocol would have to have the feature, too */
        return dwi_err(err, DW_E_UNSUPPORTED,
                       "feature checkConstraints is not supported in a new table "
                       "(delta.constraints.*)");
    /* A table that we could not append to is not made either. */
    DWI_TRY(dwi_features_check_append(&state, err));
    *out = state.protocol;
done:
    return status;
}
