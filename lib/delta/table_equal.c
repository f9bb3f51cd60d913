/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/table_equal.h"

static bool same_text(dwi_sv a, dwi_sv b)
{
    return (a.ptr == NULL) == (b.ptr == NULL) && dwi_sv_eq(a, b);
}

static bool same_set(dwi_svs a, dwi_svs b)
{
    size_t found = 0;

    for (size_t i = 0; i < a.count; i++)
        for (size_t k = 0; k < b.count; k++)
            found += dwi_sv_eq(a.items[i], b.items[k]);
    return a.count == b.count && found == a.count;
}

static bool same_properties(dwi_kvs a, dwi_kvs b)
{
    size_t found = 0;

    for (size_t i = 0; i < a.count; i++)
        for (size_t k = 0; k < b.count; k++)
            found += dwi_sv_eq(a.items[i].key, b.items[k].key) &&
                     same_text(a.items[i].value, b.items[k].value);
    return a.count == b.count && found == a.count;
}

bool dwi_protocol_equal(const dwi_protocol *a, const dwi_protocol *b)
{
    return a->min_reader_version == b->min_reader_version &&
           a->min_writer_version == b->min_writer_version &&
           same_set(a->reader_features, b->reader_features) &&
           same_set(a->writer_features, b->writer_features);
}

/* All but the schema. */
static bool same_rest(const dwi_metadata *a, const dwi_metadata *b)
{
    bool same = same_text(a->id, b->id) && same_text(a->name, b->name) &&
                same_text(a->description, b->description) &&
                a->partition_columns.count == b->partition_columns.count &&
                same_properties(a->configuration, b->configuration);

    for (size_t i = 0; same && i < a->partition_columns.count; i++)
        same = dwi_sv_eq(a->partition_columns.items[i], b->partition_columns.items[i]);
    return same;
}

bool dwi_metadata_equal(const dwi_metadata *a, const dwi_metadata *b)
{
    return same_text(a->schema_string, b->schema_string) && same_rest(a, b);
}

bool dwi_table_equal(const dwi_state *a, const dwi_state *b)
{
    if (!dwi_protocol_equal(&a->protocol, &b->protocol) || !same_rest(&a->metadata, &b->metadata) ||
        a->n_domains != b->n_domains)
        return false;
    if (!dwi_sv_eq(a->metadata.schema_string, b->metadata.schema_string) &&
        !dwi_type_equal(a->schema->root, b->schema->root))
        return false;
    for (size_t i = 0; i < a->n_domains; i++) /* in byte order both */
        if (!dwi_sv_eq(a->domains[i].domain, b->domains[i].domain) ||
            !dwi_sv_eq(a->domains[i].configuration, b->domains[i].configuration))
            return false;
    return true;
}
