/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/type.h"

size_t dwi_type_width(const dwi_type *type)
{
    switch (type->kind) {
    case DWI_BYTE:
    case DWI_UBYTE:
        return 1;
    case DWI_SHORT:
    case DWI_USHORT:
    case DWI_FLOAT16:
        return 2;
    case DWI_INTEGER:
    case DWI_FLOAT:
    case DWI_DATE:
    case DWI_UINTEGER:
    case DWI_TIME_MS:
        return 4;
    case DWI_LONG:
    case DWI_DOUBLE:
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
    case DWI_ULONG:
    case DWI_TIME_US:
    case DWI_TIME_NS:
    case DWI_TIMESTAMP_MS:
    case DWI_TIMESTAMP_NTZ_MS:
    case DWI_TIMESTAMP_NS:
    case DWI_TIMESTAMP_NTZ_NS:
        return 8;
    case DWI_DECIMAL:
    case DWI_UUID:
        return 16;
    case DWI_FIXED:
        return type->fixed_bytes;
    default:
        return 0;
    }
}

static const dwi_type type_binary = {.kind = DWI_BINARY};
static const dwi_field variant_fields[] = {
    {{"metadata", 8}, &type_binary, false, -1, {"{}", 2}},
    {{"value", 5}, &type_binary, false, -1, {"{}", 2}},
};

const dwi_type *dwi_type_of_variant(void)
{
    static const dwi_type variant = {
        .kind = DWI_STRUCT, .n_fields = 2, .fields = variant_fields, .variant = true};

    return &variant;
}

bool dwi_type_has_variant(const dwi_type *type)
{
    bool has = type->variant;

    for (size_t i = 0; i < type->n_fields && !has; i++)
        has = dwi_type_has_variant(type->fields[i].type);
    return has;
}

const dwi_type *dwi_type_find_foreign(const dwi_type *type)
{
    if (type->kind > DWI_LAST_DELTA_KIND)
        return type;
    for (size_t i = 0; i < type->n_fields; i++) {
        const dwi_type *found = dwi_type_find_foreign(type->fields[i].type);
        if (found != NULL)
            return found;
    }
    return NULL;
}

bool dwi_type_copy_field(dwi_arena *arena, const dwi_field *field, dwi_field *out)
{
    dwi_field copy = *field;
    dwi_sv metadata = field->metadata_json;

    if (metadata.len == 0)
        metadata = DWI_SV("{}");
    copy.type = dwi_type_copy(arena, field->type);
    if (copy.type == NULL || !dwi_arena_sv(arena, field->name, &copy.name) ||
        !dwi_arena_sv(arena, metadata, &copy.metadata_json))
        return false;
    *out = copy;
    return true;
}

const dwi_type *dwi_type_copy(dwi_arena *arena, const dwi_type *type)
{
    dwi_type *copy = dwi_arena_dup(arena, type, sizeof(*type));
    dwi_field *fields;

    if (copy == NULL || type->n_fields == 0)
        return copy;
    fields = dwi_arena_array(arena, type->n_fields, sizeof(*fields));
    if (fields == NULL)
        return NULL;
    for (size_t i = 0; i < type->n_fields; i++)
        if (!dwi_type_copy_field(arena, &type->fields[i], &fields[i]))
            return NULL;
    copy->fields = fields;
    return copy;
}

static bool equal(const dwi_type *a, const dwi_type *b, bool with_nullability)
{
    if (a == b)
        return true;
    if (a->kind != b->kind || a->n_fields != b->n_fields || a->variant != b->variant)
        return false;
    if (a->kind == DWI_DECIMAL && (a->precision != b->precision || a->scale != b->scale))
        return false;
    if (a->kind == DWI_FIXED && a->fixed_bytes != b->fixed_bytes)
        return false;
    for (size_t i = 0; i < a->n_fields; i++) {
        const dwi_field *x = &a->fields[i];
        const dwi_field *y = &b->fields[i];
        /* The fields of arrays and maps have no name of their own in Delta. */
        if (a->kind == DWI_STRUCT && !dwi_sv_eq(x->name, y->name))
            return false;
        if ((with_nullability && x->nullable != y->nullable) ||
            !equal(x->type, y->type, with_nullability))
            return false;
    }
    return true;
}

bool dwi_type_equal(const dwi_type *a, const dwi_type *b)
{
    return equal(a, b, true);
}

bool dwi_type_equal_values(const dwi_type *a, const dwi_type *b)
{
    return equal(a, b, false);
}

int dwi_type_find(const dwi_type *type, dwi_sv name)
{
    for (size_t i = 0; i < type->n_fields; i++)
        if (dwi_sv_eq_nocase(type->fields[i].name, name))
            return (int)i;
    return -1;
}

const char *dwi_type_kind_name(dwi_type_kind kind)
{
    static const char *const names[] = {
        [DWI_VOID] = "void",
        [DWI_BOOLEAN] = "boolean",
        [DWI_BYTE] = "byte",
        [DWI_SHORT] = "short",
        [DWI_INTEGER] = "integer",
        [DWI_LONG] = "long",
        [DWI_FLOAT] = "float",
        [DWI_DOUBLE] = "double",
        [DWI_DECIMAL] = "decimal",
        [DWI_STRING] = "string",
        [DWI_BINARY] = "binary",
        [DWI_DATE] = "date",
        [DWI_TIMESTAMP] = "timestamp",
        [DWI_TIMESTAMP_NTZ] = "timestamp_ntz",
        [DWI_STRUCT] = "struct",
        [DWI_ARRAY] = "array",
        [DWI_MAP] = "map",
        [DWI_VARIANT] = "variant",
        [DWI_UBYTE] = "ubyte",
        [DWI_USHORT] = "ushort",
        [DWI_UINTEGER] = "uinteger",
        [DWI_ULONG] = "ulong",
        [DWI_FLOAT16] = "float16",
        [DWI_TIME_MS] = "time_ms",
        [DWI_TIME_US] = "time_us",
        [DWI_TIME_NS] = "time_ns",
        [DWI_TIMESTAMP_MS] = "timestamp_ms",
        [DWI_TIMESTAMP_NTZ_MS] = "timestamp_ntz_ms",
        [DWI_TIMESTAMP_NS] = "timestamp_ns",
        [DWI_TIMESTAMP_NTZ_NS] = "timestamp_ntz_ns",
        [DWI_UUID] = "uuid",
        [DWI_FIXED] = "fixed",
        [DWI_JSON] = "json",
    };

    return names[kind];
}

void dwi_type_append_name(dwi_buf *buf, const dwi_type *type)
{
    dwi_buf_append_cstr(buf, dwi_type_kind_name(type->variant ? DWI_VARIANT : type->kind));
    if (type->kind == DWI_DECIMAL)
        dwi_buf_printf(buf, "(%d,%d)", type->precision, type->scale);
    if (type->kind == DWI_FIXED)
        dwi_buf_printf(buf, "(%u)", (unsigned)type->fixed_bytes);
    if (type->variant || (type->kind != DWI_STRUCT && type->n_fields == 0))
        return;
    dwi_buf_append_byte(buf, '<');
    for (size_t i = 0; i < type->n_fields; i++) {
        const dwi_field *field = &type->fields[i];
        if (i > 0)
            dwi_buf_append_byte(buf, ',');
        if (type->kind == DWI_STRUCT) {
            dwi_buf_append(buf, field->name.ptr, field->name.len);
            dwi_buf_append_byte(buf, ':');
        }
        dwi_type_append_name(buf, field->type);
    }
    dwi_buf_append_byte(buf, '>');
}
