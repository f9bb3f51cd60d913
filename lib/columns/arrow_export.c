/* SPDX-License-Identifier: Apache-2.0 */
/* Columns and types out as Arrow C data. Every node owns what it points at, or a share of it, so
 * that a consumer may move a child out and release it in any order. */
#include "columns/arrow_import.h"

#include <stdio.h>

#include "base/alloc.h"

/* What the nodes of one exported schema share. */
typedef struct shared_schema {
    const dw_allocator *alloc;
    dwi_arena arena;
    bool field_ids; /* told in the metadata */
    int refs;       /* __atomic: nodes that are not released */
} shared_schema;

static void drop_share(shared_schema *shared)
{
    const dw_allocator *alloc = shared->alloc;

    if (__atomic_sub_fetch(&shared->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    dwi_arena_done(&shared->arena);
    dwi_free(alloc, shared, sizeof(*shared));
}

static void release_schema(struct ArrowSchema *schema)
{
    shared_schema *shared = schema->private_data;

    for (int64_t i = 0; i < schema->n_children; i++)
        if (schema->children[i]->release != NULL)
            schema->children[i]->release(schema->children[i]);
    schema->release = NULL;
    drop_share(shared);
}

/* NULL when out of memory. */
static const char *format_of(dwi_arena *arena, const dwi_type *type)
{
    static const char *const formats[] = {
        [DWI_VOID] = "n",
        [DWI_BOOLEAN] = "b",
        [DWI_BYTE] = "c",
        [DWI_SHORT] = "s",
        [DWI_INTEGER] = "i",
        [DWI_LONG] = "l",
        [DWI_FLOAT] = "f",
        [DWI_DOUBLE] = "g",
        [DWI_DECIMAL] = NULL,
        [DWI_STRING] = "u",
        [DWI_BINARY] = "z",
        [DWI_DATE] = "tdD",
        [DWI_TIMESTAMP] = "tsu:UTC",
        [DWI_TIMESTAMP_NTZ] = "tsu:",
        [DWI_STRUCT] = "+s",
        [DWI_ARRAY] = "+l",
        [DWI_MAP] = "+m",
        [DWI_UBYTE] = "C",
        [DWI_USHORT] = "S",
        [DWI_UINTEGER] = "I",
        [DWI_ULONG] = "L",
        [DWI_FLOAT16] = "e",
        [DWI_TIME_MS] = "ttm",
        [DWI_TIME_US] = "ttu",
        [DWI_TIME_NS] = "ttn",
        [DWI_TIMESTAMP_MS] = "tsm:UTC",
        [DWI_TIMESTAMP_NTZ_MS] = "tsm:",
        [DWI_TIMESTAMP_NS] = "tsn:UTC",
        [DWI_TIMESTAMP_NTZ_NS] = "tsn:",
        [DWI_UUID] = "w:16",
        [DWI_FIXED] = NULL,
        [DWI_JSON] = "u",
    };
    char text[24];

    if (type->kind == DWI_DECIMAL)
        (void)snprintf(text, sizeof(text), "d:%d,%d", type->precision, type->scale);
    else if (type->kind == DWI_FIXED)
        (void)snprintf(text, sizeof(text), "w:%u", (unsigned)type->fixed_bytes);
    else
        return formats[type->kind];
    return dwi_arena_cstr(arena, text);
}

static void append_text(dwi_buf *out, const char *text)
{
    int32_t len = (int32_t)strlen(text);

    dwi_buf_append(out, &len, sizeof(len));
    dwi_buf_append_cstr(out, text);
}

/* Extension type and field id of a field in Arrow's metadata encoding; NULL: it has neither. False
 * when out of memory. */
static bool schema_metadata(shared_schema *shared, const dwi_type *type, int32_t field_id,
                            const char **out)
{
    int32_t pairs = 0;
    char id[16];
    dwi_buf text;
    bool fine;

    *out = NULL;
    dwi_buf_init(&text, shared->alloc);
    dwi_buf_append(&text, &pairs, sizeof(pairs));
    if (type->kind == DWI_UUID || type->kind == DWI_JSON) {
        append_text(&text, "ARROW:extension:name");
        append_text(&text, type->kind == DWI_UUID ? "arrow.uuid" : "arrow.json");
        append_text(&text, "ARROW:extension:metadata");
        append_text(&text, "");
        pairs += 2;
    }
    if (shared->field_ids && field_id >= 0) {
        (void)snprintf(id, sizeof(id), "%d", (int)field_id);
        append_text(&text, "PARQUET:field_id");
        append_text(&text, id);
        pairs++;
    }
    fine = !text.failed;
    if (fine && pairs > 0) {
        memcpy(text.data, &pairs, sizeof(pairs));
        *out = dwi_arena_dup(&shared->arena, text.data, text.len);
        fine = *out != NULL;
    }
    dwi_buf_done(&text);
    return fine;
}

static bool schema_node(shared_schema *shared, const dwi_field *field, struct ArrowSchema *out);

/* The children of a node, of which the map's is the struct that its type has no node for. */
static bool schema_children(shared_schema *shared, const dwi_type *type, struct ArrowSchema *out)
{
    bool map = type->kind == DWI_MAP;
    size_t n = map ? 1 : type->n_fields;
    struct ArrowSchema *nodes = dwi_arena_array(&shared->arena, n, sizeof(*nodes));
    struct ArrowSchema **list = dwi_arena_array(&shared->arena, n, sizeof(*list));
    dwi_type *entries;

    if (nodes == NULL || list == NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        list[i] = &nodes[i];
    out->children = list;
    out->n_children = (int64_t)n;
    if (map) {
        entries = dwi_arena_zero(&shared->arena, sizeof(*entries));
        if (entries == NULL)
            return false;
        *entries = dwi_map_entries_type(type);
        return schema_node(shared,
                           &(dwi_field){.name = DWI_SV("entries"), .type = entries, .field_id = -1},
                           list[0]);
    }
    for (size_t i = 0; i < n; i++)
        if (!schema_node(shared, &type->fields[i], list[i]))
            return false;
    return true;
}

static bool schema_node(shared_schema *shared, const dwi_field *field, struct ArrowSchema *out)
{
    const dwi_type *type = field->type;
    dwi_sv name;

    memset(out, 0, sizeof(*out));
    if (!dwi_arena_sv(&shared->arena, field->name, &name) ||
        !schema_metadata(shared, type, field->field_id, &out->metadata))
        return false;
    out->format = format_of(&shared->arena, type);
    out->name = name.ptr;
    out->flags = field->nullable ? ARROW_FLAG_NULLABLE : 0;
    if (out->format == NULL || (type->n_fields > 0 && !schema_children(shared, type, out)))
        return false;
    out->release = release_schema;
    out->private_data = shared;
    shared->refs++;
    return true;
}

static dw_status export_schema(const dw_allocator *alloc, const dwi_type *type, bool field_ids,
                               struct ArrowSchema *out, dw_error *err)
{
    const dwi_field root = {.name = DWI_SV(""), .type = type, .field_id = -1};
    shared_schema *shared;
    struct ArrowSchema schema;

    shared = dwi_alloc_zero(alloc, sizeof(*shared));
    if (shared == NULL)
        return dwi_err_nomem(err);
    shared->alloc = alloc;
    dwi_arena_init(&shared->arena, alloc);
    shared->field_ids = field_ids;
    if (!schema_node(shared, &root, &schema)) {
        shared->refs = 1;
        drop_share(shared);
        return dwi_err_nomem(err);
    }
    *out = schema;
    return DW_OK;
}

dw_status dwi_arrow_export_schema(const dw_allocator *alloc, const dwi_type *type,
                                  struct ArrowSchema *out, dw_error *err)
{
    return export_schema(alloc, type, false, out, err);
}

dw_status dwi_arrow_export_parquet_schema(const dw_allocator *alloc, const dwi_type *type,
                                          struct ArrowSchema *out, dw_error *err)
{
    return export_schema(alloc, type, true, out, err);
}

/* One array node: its buffers and the structs of its children. */
typedef struct array_node {
    const dw_allocator *alloc;
    dwi_buf owned[3];
    const void *buffers[3];
    size_t n_children;
    struct ArrowArray *children; /* n_children of them, allocated */
    struct ArrowArray **list;    /* pointers to them, allocated */
} array_node;

static void free_node(array_node *node)
{
    const dw_allocator *alloc = node->alloc;

    for (int i = 0; i < 3; i++)
        dwi_buf_done(&node->owned[i]);
    dwi_free(alloc, node->children, node->n_children * sizeof(*node->children));
    dwi_free(alloc, node->list, node->n_children * sizeof(*node->list));
    dwi_free(alloc, node, sizeof(*node));
}

static void release_array(struct ArrowArray *array)
{
    for (int64_t i = 0; i < array->n_children; i++)
        if (array->children[i]->release != NULL)
            array->children[i]->release(array->children[i]);
    array->release = NULL;
    free_node(array->private_data);
}

/* The nodes of a whole column, without content yet: all that can fail. */
static bool make_nodes(const dwi_column *column, struct ArrowArray *out)
{
    const dw_allocator *alloc = column->alloc;
    array_node *node = dwi_alloc_zero(alloc, sizeof(*node));
    size_t n = column->n_children;

    memset(out, 0, sizeof(*out));
    if (node == NULL)
        return false;
    node->alloc = alloc;
    if (n > 0) {
        node->children = dwi_alloc_array(alloc, n, sizeof(*node->children));
        node->list = dwi_alloc_array(alloc, n, sizeof(*node->list));
        if (node->children == NULL || node->list == NULL) {
            dwi_free(alloc, node->children, n * sizeof(*node->children));
            dwi_free(alloc, node->list, n * sizeof(*node->list));
            dwi_free(alloc, node, sizeof(*node));
            return false;
        }
        memset(node->children, 0, n * sizeof(*node->children));
        node->n_children = n;
    }
    out->private_data = node;
    out->children = node->list;
    out->n_children = (int64_t)n;
    out->release = release_array;
    for (size_t i = 0; i < n; i++)
        node->list[i] = &node->children[i];
    for (size_t i = 0; i < n; i++)
        if (!make_nodes(&column->children[i], node->list[i])) {
            release_array(out);
            return false;
        }
    return true;
}

/* Takes the memory of a buffer that Arrow wants next. */
static void take(array_node *node, struct ArrowArray *out, dwi_buf *buf, const void *when_empty)
{
    int i = (int)out->n_buffers++;

    node->owned[i] = *buf;
    dwi_buf_init(buf, node->alloc);
    node->buffers[i] = node->owned[i].len > 0 ? node->owned[i].data : when_empty;
}

static void move_content(dwi_column *column, struct ArrowArray *out)
{
    static const int32_t no_offsets[2] = {0, 0};
    array_node *node = out->private_data;
    dwi_type_kind kind = column->type->kind;

    out->length = column->length;
    out->null_count = column->null_count;
    out->buffers = node->buffers;
    if (kind != DWI_VOID)
        take(node, out, &column->validity, NULL);
    if (kind == DWI_BOOLEAN || kind == DWI_FIXED || dwi_type_width(column->type) > 0)
        take(node, out, &column->values, no_offsets);
    if (dwi_type_is_bytes(column->type) || kind == DWI_ARRAY || kind == DWI_MAP)
        take(node, out, &column->offsets, no_offsets);
    if (dwi_type_is_bytes(column->type))
        take(node, out, &column->data, no_offsets);
    for (size_t i = 0; i < column->n_children; i++)
        move_content(&column->children[i], out->children[i]);
    dwi_column_clear(column);
}

dw_status dwi_arrow_export_column(dwi_column *column, struct ArrowArray *out, dw_error *err)
{
    struct ArrowArray array;

    if (!make_nodes(column, &array))
        return dwi_err_nomem(err);
    move_content(column, &array);
    *out = array;
    return DW_OK;
}
