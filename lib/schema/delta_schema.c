/* SPDX-License-Identifier: Apache-2.0 */
/* Delta's JSON form of a schema, both ways, and the dwi_schema that carries it. A field's metadata
 * object is never interpreted but for its Parquet field id: it is kept and written byte for byte.
 */
#include "schema/type.h"

#include <stdio.h>

#include "base/alloc.h"
#include "json/json_doc.h"
#include "json/json_writer.h"

/* Deeper nesting is refused, so that recursion over types stays shallow everywhere. */
enum { MAX_DEPTH = 100 };

/* Where we are in the schema, for messages. */
typedef struct place {
    const struct place *up;
    dwi_sv name;
    int depth;
} place;

typedef struct reader {
    dwi_arena *arena;
    dw_error *err;
} reader;

enum { PLACE_BYTES = 300 }; /* longer paths are cut, in messages only */

static size_t place_append(const place *at, char *out, size_t used)
{
    int written;

    if (at == NULL || at->name.len == 0)
        return used;
    used = place_append(at->up, out, used);
    written = snprintf(out + used, PLACE_BYTES - used, "%s%.*s", used > 0 ? "." : "",
                       DWI_SV_ARG(at->name));
    if (written < 0)
        return used;
    return (size_t)written < PLACE_BYTES - used ? used + (size_t)written : PLACE_BYTES - 1;
}

static dw_status fail(const reader *in, const place *at, dw_status code, const char *reason)
{
    char path[PLACE_BYTES] = "";

    if (place_append(at, path, 0) == 0)
        return dwi_err(in->err, code, "schema: %s", reason);
    return dwi_err(in->err, code, "schema: field %s: %s", path, reason);
}

static dw_status read_type(const reader *in, const dwi_json *json, const place *at,
                           const dwi_type **out);

static dw_status check_names(const reader *in, const place *at, const dwi_field *fields, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = 0; j < i; j++)
            if (dwi_sv_eq_nocase(fields[i].name, fields[j].name)) {
                place twice = {at, fields[i].name, 0};
                return fail(in, &twice, DW_E_SCHEMA, "the name is there twice, ignoring case");
            }
    return DW_OK;
}

/* Duplicate names at any level of a type that did not come from JSON. */
static dw_status check_type_names(const reader *in, const place *at, const dwi_type *type)
{
    dw_status status = DW_OK;

    if (type->kind == DWI_STRUCT)
        status = check_names(in, at, type->fields, type->n_fields);
    for (size_t i = 0; status == DW_OK && i < type->n_fields; i++) {
        place below = {at, type->fields[i].name, at->depth + 1};
        if (below.depth > MAX_DEPTH)
            return fail(in, &below, DW_E_UNSUPPORTED, "nested too deeply");
        status = check_type_names(in, &below, type->fields[i].type);
    }
    return status;
}

/* Column mapping's id is the one that Delta readers look for; plain Parquet writers of Spark leave
 * parquet.field.id. */
static int32_t field_id_of(const dwi_json *metadata)
{
    int64_t id;

    if ((dwi_json_as_i64(dwi_json_get(metadata, "delta.columnMapping.id"), &id) ||
         dwi_json_as_i64(dwi_json_get(metadata, "parquet.field.id"), &id)) &&
        id >= 0 && id <= INT32_MAX)
        return (int32_t)id;
    return -1;
}

static dw_status read_flag(const reader *in, const dwi_json *object, const char *key,
                           const place *at, bool *out)
{
    const dwi_json *value = dwi_json_get(object, key);

    *out = true;
    if (value == NULL || dwi_json_as_bool(value, out))
        return DW_OK;
    return fail(in, at, DW_E_CORRUPT, "a nullability flag is not true or false");
}

static dw_status read_field(const reader *in, const dwi_json *json, const place *up, dwi_field *out)
{
    const dwi_json *metadata = dwi_json_get(json, "metadata");
    place at = {up, {0}, up->depth + 1};
    dwi_field field = {.field_id = -1, .metadata_json = DWI_SV("{}")};
    dw_status status;

    if (!dwi_json_as_string(dwi_json_get(json, "name"), &field.name))
        return fail(in, up, DW_E_CORRUPT, "a field has no name");
    at.name = field.name;
    if (!dwi_arena_sv(in->arena, field.name, &field.name))
        return dwi_err_nomem(in->err);
    DWI_TRY(read_flag(in, json, "nullable", &at, &field.nullable));
    if (metadata != NULL && dwi_json_kind_of(metadata) != DWI_JSON_NULL) {
        if (dwi_json_kind_of(metadata) != DWI_JSON_OBJECT)
            return fail(in, &at, DW_E_CORRUPT, "metadata is not an object");
        if (!dwi_arena_sv(in->arena, dwi_json_source(metadata), &field.metadata_json))
            return dwi_err_nomem(in->err);
        field.field_id = field_id_of(metadata);
    }
    DWI_TRY(read_type(in, dwi_json_get(json, "type"), &at, &field.type));
    *out = field;
done:
    return status;
}

static dw_status read_struct(const reader *in, const dwi_json *json, const place *at, dwi_type *out)
{
    const dwi_json *list = dwi_json_get(json, "fields");
    dwi_field *fields;
    size_t i = 0;
    dw_status status = DW_OK;

    if (list == NULL || dwi_json_kind_of(list) != DWI_JSON_ARRAY)
        return fail(in, at, DW_E_CORRUPT, "a struct has no list of fields");
    out->n_fields = dwi_json_count(list);
    fields = dwi_arena_array(in->arena, out->n_fields, sizeof(*fields));
    if (fields == NULL)
        return dwi_err_nomem(in->err);
    for (const dwi_json *f = dwi_json_first(list); f != NULL; f = dwi_json_next(f))
        DWI_TRY(read_field(in, f, at, &fields[i++]));
    DWI_TRY(check_names(in, at, fields, out->n_fields));
    out->fields = fields;
done:
    return status;
}

/* One of the unnamed fields below an array or map. */
static dw_status read_inner(const reader *in, const dwi_json *json, const char *key,
                            const char *name, const place *up, dwi_field *out)
{
    place at = {up, dwi_sv_cstr(name), up->depth + 1};
    dw_status status;

    out->name = at.name;
    out->nullable = false;
    out->field_id = -1;
    out->metadata_json = DWI_SV("{}");
    DWI_TRY(read_type(in, dwi_json_get(json, key), &at, &out->type));
done:
    return status;
}

static dw_status read_array(const reader *in, const dwi_json *json, const place *at, dwi_type *out)
{
    dwi_field *element = dwi_arena_array(in->arena, 1, sizeof(*element));
    dw_status status;

    if (element == NULL)
        return dwi_err_nomem(in->err);
    DWI_TRY(read_inner(in, json, "elementType", "element", at, element));
    DWI_TRY(read_flag(in, json, "containsNull", at, &element->nullable));
    out->n_fields = 1;
    out->fields = element;
done:
    return status;
}

static dw_status read_map(const reader *in, const dwi_json *json, const place *at, dwi_type *out)
{
    dwi_field *entry = dwi_arena_array(in->arena, 2, sizeof(*entry));
    dw_status status;

    if (entry == NULL)
        return dwi_err_nomem(in->err);
    DWI_TRY(read_inner(in, json, "keyType", "key", at, &entry[0]));
    DWI_TRY(read_inner(in, json, "valueType", "value", at, &entry[1]));
    DWI_TRY(read_flag(in, json, "valueContainsNull", at, &entry[1].nullable));
    out->n_fields = 2;
    out->fields = entry;
done:
    return status;
}

/* A small non-negative number at *pos of "decimal(P, S)". */
static bool take_number(dwi_sv text, size_t *pos, int *out)
{
    int value = 0;
    size_t digits = 0;

    while (*pos < text.len && text.ptr[*pos] == ' ')
        (*pos)++;
    for (; *pos < text.len && text.ptr[*pos] >= '0' && text.ptr[*pos] <= '9'; (*pos)++) {
        if (++digits > 2)
            return false;
        value = value * 10 + (text.ptr[*pos] - '0');
    }
    while (*pos < text.len && text.ptr[*pos] == ' ')
        (*pos)++;
    *out = value;
    return digits > 0;
}

static bool read_decimal(dwi_sv name, dwi_type *out)
{
    size_t pos = sizeof("decimal(") - 1;
    int precision = 10;
    int scale = 0;

    if (!dwi_sv_eq_cstr(name, "decimal")) {
        if (!dwi_sv_starts_with(name, DWI_SV("decimal(")) || !take_number(name, &pos, &precision) ||
            pos >= name.len || name.ptr[pos++] != ',' || !take_number(name, &pos, &scale) ||
            pos + 1 != name.len || name.ptr[pos] != ')')
            return false;
    }
    if (precision < 1 || precision > 38 || scale > precision)
        return false;
    out->precision = (uint8_t)precision;
    out->scale = (uint8_t)scale;
    return true;
}

static dw_status read_primitive(const reader *in, dwi_sv name, const place *at, dwi_type *out)
{
    char reason[120];

    if (dwi_sv_starts_with(name, DWI_SV("decimal"))) {
        out->kind = DWI_DECIMAL;
        if (read_decimal(name, out))
            return DW_OK;
    }
    if (dwi_sv_eq_cstr(name, "null")) /* what Spark wrote for void before 3.1 */
        name = DWI_SV("void");
    for (int kind = DWI_VOID; kind <= DWI_LAST_DELTA_KIND; kind++) {
        if (kind == DWI_DECIMAL || kind == DWI_STRUCT || kind == DWI_ARRAY || kind == DWI_MAP ||
            !dwi_sv_eq_cstr(name, dwi_type_kind_name((dwi_type_kind)kind)))
            continue;
        out->kind = (dwi_type_kind)kind;
        if (kind == DWI_VARIANT)
            *out = *dwi_type_of_variant();
        return DW_OK;
    }
    (void)snprintf(reason, sizeof(reason), "unknown type %.*s",
                   (int)(name.len > 80 ? 80 : name.len), name.ptr);
    return fail(in, at, DW_E_UNSUPPORTED, reason);
}

static dw_status read_type(const reader *in, const dwi_json *json, const place *at,
                           const dwi_type **out)
{
    dwi_type *type = dwi_arena_zero(in->arena, sizeof(*type));
    dwi_sv name;
    dw_status status;

    if (type == NULL)
        return dwi_err_nomem(in->err);
    if (at->depth > MAX_DEPTH)
        return fail(in, at, DW_E_UNSUPPORTED, "nested too deeply");
    if (dwi_json_as_string(json, &name)) {
        DWI_TRY(read_primitive(in, name, at, type));
    } else if (!dwi_json_as_string(dwi_json_get(json, "type"), &name)) {
        return fail(in, at, DW_E_CORRUPT, "no type");
    } else if (dwi_sv_eq_cstr(name, "struct")) {
        type->kind = DWI_STRUCT;
        DWI_TRY(read_struct(in, json, at, type));
    } else if (dwi_sv_eq_cstr(name, "array")) {
        type->kind = DWI_ARRAY;
        DWI_TRY(read_array(in, json, at, type));
    } else if (dwi_sv_eq_cstr(name, "map")) {
        type->kind = DWI_MAP;
        DWI_TRY(read_map(in, json, at, type));
    } else {
        DWI_TRY(read_primitive(in, name, at, type));
    }
    *out = type;
done:
    return status;
}

static dwi_schema *schema_new(const dw_allocator *alloc)
{
    dwi_schema *schema = dwi_alloc_zero(alloc, sizeof(*schema));

    if (schema != NULL) {
        schema->refs = 1;
        dwi_arena_init(&schema->arena, alloc);
    }
    return schema;
}

dw_status dwi_schema_parse(const dw_allocator *alloc, dwi_sv json, dwi_schema **out, dw_error *err)
{
    dwi_schema *schema = schema_new(alloc);
    dwi_arena scratch;
    const dwi_json *doc;
    place top = {0};
    reader in;
    dw_status status;

    dwi_arena_init(&scratch, alloc);
    if (schema == NULL) {
        status = dwi_err_nomem(err);
        goto done;
    }
    in = (reader){&schema->arena, err};
    DWI_TRY(dwi_json_parse(&scratch, json, "schema", &doc, err));
    DWI_TRY(read_type(&in, doc, &top, &schema->root));
    if (schema->root->kind != DWI_STRUCT)
        DWI_TRY(fail(&in, &top, DW_E_CORRUPT, "the top is not a struct"));
    if (!dwi_arena_sv(&schema->arena, json, &schema->json))
        DWI_TRY(dwi_err_nomem(err));
    *out = schema;
    schema = NULL;
done:
    dwi_schema_unref(schema);
    dwi_arena_done(&scratch);
    return status;
}

/* `schema->root` is set; writes its JSON and hands it out. Takes `schema` in any case. */
static dw_status finish(dwi_schema *schema, dwi_schema **out, dw_error *err)
{
    dwi_buf json;
    place top = {0};
    reader in = {&schema->arena, err};
    dw_status status;

    dwi_buf_init(&json, schema->arena.alloc);
    DWI_TRY(check_type_names(&in, &top, schema->root));
    dwi_type_append_json(&json, schema->root);
    DWI_TRY(dwi_buf_status(&json, err));
    if (!dwi_arena_sv(&schema->arena, (dwi_sv){(const char *)json.data, json.len}, &schema->json))
        DWI_TRY(dwi_err_nomem(err));
    *out = schema;
    schema = NULL;
done:
    dwi_schema_unref(schema);
    dwi_buf_done(&json);
    return status;
}

dw_status dwi_schema_from_type(const dw_allocator *alloc, const dwi_type *root, dwi_schema **out,
                               dw_error *err)
{
    dwi_schema *schema = schema_new(alloc);

    if (schema != NULL)
        schema->root = dwi_type_copy(&schema->arena, root);
    if (schema == NULL || schema->root == NULL) {
        dwi_schema_unref(schema);
        return dwi_err_nomem(err);
    }
    return finish(schema, out, err);
}

dw_status dwi_schema_add_fields(const dw_allocator *alloc, const dwi_schema *schema,
                                const dwi_field *fields, size_t n, dwi_schema **out, dw_error *err)
{
    size_t old = schema->root->n_fields;
    dwi_type root = *schema->root;
    dwi_field *all = dwi_alloc_array(alloc, old + n == 0 ? 1 : old + n, sizeof(*all));
    dw_status status;

    if (all == NULL)
        return dwi_err_nomem(err);
    if (old > 0)
        memcpy(all, root.fields, old * sizeof(*all));
    if (n > 0)
        memcpy(all + old, fields, n * sizeof(*all));
    root.fields = all;
    root.n_fields = old + n;
    status = dwi_schema_from_type(alloc, &root, out, err);
    dwi_free(alloc, all, (old + n == 0 ? 1 : old + n) * sizeof(*all));
    return status;
}

dwi_schema *dwi_schema_ref(dwi_schema *schema)
{
    (void)__atomic_add_fetch(&schema->refs, 1, __ATOMIC_RELAXED);
    return schema;
}

void dwi_schema_unref(dwi_schema *schema)
{
    const dw_allocator *alloc;

    if (schema == NULL || __atomic_sub_fetch(&schema->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    alloc = schema->arena.alloc;
    dwi_arena_done(&schema->arena);
    dwi_free(alloc, schema, sizeof(*schema));
}

void dwi_field_append_json(dwi_buf *buf, const dwi_field *field)
{
    dwi_buf_append_cstr(buf, "{\"name\":");
    dwi_json_append_string(buf, field->name);
    dwi_buf_append_cstr(buf, ",\"type\":");
    dwi_type_append_json(buf, field->type);
    dwi_buf_append_cstr(buf, field->nullable ? ",\"nullable\":true" : ",\"nullable\":false");
    dwi_buf_append_cstr(buf, ",\"metadata\":");
    if (field->metadata_json.len == 0)
        dwi_buf_append_cstr(buf, "{}");
    else
        dwi_buf_append(buf, field->metadata_json.ptr, field->metadata_json.len);
    dwi_buf_append_byte(buf, '}');
}

void dwi_type_append_json(dwi_buf *buf, const dwi_type *type)
{
    switch (type->variant ? DWI_VARIANT : type->kind) {
    case DWI_STRUCT:
        dwi_buf_append_cstr(buf, "{\"type\":\"struct\",\"fields\":[");
        for (size_t i = 0; i < type->n_fields; i++) {
            if (i > 0)
                dwi_buf_append_byte(buf, ',');
            dwi_field_append_json(buf, &type->fields[i]);
        }
        dwi_buf_append_cstr(buf, "]}");
        break;
    case DWI_ARRAY:
        dwi_buf_append_cstr(buf, "{\"type\":\"array\",\"elementType\":");
        dwi_type_append_json(buf, type->fields[0].type);
        dwi_buf_printf(buf, ",\"containsNull\":%s}", type->fields[0].nullable ? "true" : "false");
        break;
    case DWI_MAP:
        dwi_buf_append_cstr(buf, "{\"type\":\"map\",\"keyType\":");
        dwi_type_append_json(buf, type->fields[0].type);
        dwi_buf_append_cstr(buf, ",\"valueType\":");
        dwi_type_append_json(buf, type->fields[1].type);
        dwi_buf_printf(buf, ",\"valueContainsNull\":%s}",
                       type->fields[1].nullable ? "true" : "false");
        break;
    default:
        dwi_buf_append_byte(buf, '"');
        dwi_type_append_name(buf, type);
        dwi_buf_append_byte(buf, '"');
        break;
    }
}
