/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/checkpoint_schema.h"

static const dwi_type type_boolean = {.kind = DWI_BOOLEAN};
static const dwi_type type_integer = {.kind = DWI_INTEGER};
static const dwi_type type_long = {.kind = DWI_LONG};
static const dwi_type type_string = {.kind = DWI_STRING};

#define NAME(text)                                                                                 \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }
#define FIELD(text, type)                                                                          \
    {                                                                                              \
        NAME(text), (type), true, -1, NAME("{}")                                                   \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define STRUCT(list)                                                                               \
    {                                                                                              \
        .kind = DWI_STRUCT, .n_fields = COUNT(list), .fields = (list)                              \
    }

static const dwi_field map_fields[] = {
    {NAME("key"), &type_string, false, -1, NAME("{}")},
    FIELD("value", &type_string),
};
static const dwi_type type_map = {.kind = DWI_MAP, .n_fields = 2, .fields = map_fields};

static const dwi_field list_fields[] = {FIELD("element", &type_string)};
static const dwi_type type_list = {.kind = DWI_ARRAY, .n_fields = 1, .fields = list_fields};

static const dwi_field dv_fields[] = {
    FIELD("storageType", &type_string), FIELD("pathOrInlineDv", &type_string),
    FIELD("offset", &type_integer),     FIELD("sizeInBytes", &type_integer),
    FIELD("cardinality", &type_long),
};
static const dwi_type type_dv = STRUCT(dv_fields);

static const dwi_field txn_fields[] = {
    FIELD("appId", &type_string),
    FIELD("version", &type_long),
    FIELD("lastUpdated", &type_long),
};
static const dwi_type type_txn = STRUCT(txn_fields);

static const dwi_field add_fields[] = {
    FIELD("path", &type_string),
    FIELD("partitionValues", &type_map),
    FIELD("size", &type_long),
    FIELD("modificationTime", &type_long),
    FIELD("dataChange", &type_boolean),
    FIELD("tags", &type_map),
    FIELD("deletionVector", &type_dv),
    FIELD("baseRowId", &type_long),
    FIELD("defaultRowCommitVersion", &type_long),
    FIELD("clusteringProvider", &type_string),
    FIELD("stats", &type_string),
};
static const dwi_type type_add = STRUCT(add_fields);

static const dwi_field remove_fields[] = {
    FIELD("path", &type_string),
    FIELD("deletionTimestamp", &type_long),
    FIELD("dataChange", &type_boolean),
    FIELD("extendedFileMetadata", &type_boolean),
    FIELD("partitionValues", &type_map),
    FIELD("size", &type_long),
    FIELD("deletionVector", &type_dv),
    FIELD("baseRowId", &type_long),
    FIELD("defaultRowCommitVersion", &type_long),
};
static const dwi_type type_remove = STRUCT(remove_fields);

static const dwi_field format_fields[] = {
    FIELD("provider", &type_string),
    FIELD("options", &type_map),
};
static const dwi_type type_format = STRUCT(format_fields);

static const dwi_field metadata_fields[] = {
    FIELD("id", &type_string),           FIELD("name", &type_string),
    FIELD("description", &type_string),  FIELD("format", &type_format),
    FIELD("schemaString", &type_string), FIELD("partitionColumns", &type_list),
    FIELD("configuration", &type_map),   FIELD("createdTime", &type_long),
};
static const dwi_type type_metadata = STRUCT(metadata_fields);

static const dwi_field protocol_fields[] = {
    FIELD("minReaderVersion", &type_integer),
    FIELD("minWriterVersion", &type_integer),
    FIELD("readerFeatures", &type_list),
    FIELD("writerFeatures", &type_list),
};
static const dwi_type type_protocol = STRUCT(protocol_fields);

static const dwi_field domain_fields[] = {
    FIELD("domain", &type_string),
    FIELD("configuration", &type_string),
    FIELD("removed", &type_boolean),
};
static const dwi_type type_domain = STRUCT(domain_fields);

static const dwi_field sidecar_fields[] = {
    FIELD("path", &type_string),
    FIELD("sizeInBytes", &type_long),
    FIELD("modificationTime", &type_long),
    FIELD("tags", &type_map),
};
static const dwi_type type_sidecar = STRUCT(sidecar_fields);

static const dwi_field manifest_fields[] = {
    FIELD("version", &type_long),
    FIELD("tags", &type_map),
};
static const dwi_type type_manifest = STRUCT(manifest_fields);

static const dwi_field columns[DWI_CP_COLUMNS] = {
    [DWI_CP_TXN] = FIELD("txn", &type_txn),
    [DWI_CP_ADD] = FIELD("add", &type_add),
    [DWI_CP_REMOVE] = FIELD("remove", &type_remove),
    [DWI_CP_METADATA] = FIELD("metaData", &type_metadata),
    [DWI_CP_PROTOCOL] = FIELD("protocol", &type_protocol),
    [DWI_CP_DOMAIN] = FIELD("domainMetadata", &type_domain),
    [DWI_CP_SIDECAR] = FIELD("sidecar", &type_sidecar),
    [DWI_CP_MANIFEST] = FIELD("checkpointMetadata", &type_manifest),
};

const dwi_field *dwi_checkpoint_column(int column)
{
    return &columns[column];
}

const char *dwi_checkpoint_key_leaf(int column)
{
    static const char *const leaves[DWI_CP_COLUMNS] = {
        [DWI_CP_TXN] = "txn.appId",
        [DWI_CP_ADD] = "add.path",
        [DWI_CP_REMOVE] = "remove.path",
        [DWI_CP_METADATA] = "metaData.id",
        [DWI_CP_PROTOCOL] = "protocol.minReaderVersion",
        [DWI_CP_DOMAIN] = "domainMetadata.domain",
        [DWI_CP_SIDECAR] = "sidecar.path",
        [DWI_CP_MANIFEST] = "checkpointMetadata.version",
    };

    return leaves[column];
}

static const dwi_type *add_with(dwi_arena *arena, const dwi_field *more, size_t n_more)
{
    dwi_type *type = dwi_arena_dup(arena, &type_add, sizeof(type_add));
    dwi_field *fields = dwi_arena_array(arena, COUNT(add_fields) + n_more, sizeof(*fields));

    if (type == NULL || fields == NULL)
        return NULL;
    memcpy(fields, add_fields, sizeof(add_fields));
    for (size_t i = 0; i < n_more; i++)
        fields[type->n_fields++] = more[i];
    type->fields = fields;
    return type;
}

const dwi_type *dwi_checkpoint_root(dwi_arena *arena, unsigned mask, const dwi_field *more,
                                    size_t n_more)
{
    dwi_field *fields = dwi_arena_array(arena, DWI_CP_COLUMNS, sizeof(*fields));
    dwi_type *root = dwi_arena_zero(arena, sizeof(*root));

    if (fields == NULL || root == NULL)
        return NULL;
    root->kind = DWI_STRUCT;
    root->fields = fields;
    for (int i = 0; i < DWI_CP_COLUMNS; i++) {
        dwi_field *field = &fields[root->n_fields];
        if ((mask & (1u << i)) == 0)
            continue;
        *field = columns[i];
        if (i == DWI_CP_ADD && n_more > 0)
            field->type = add_with(arena, more, n_more);
        if (field->type == NULL)
            return NULL;
        root->n_fields++;
    }
    return root;
}
