/* SPDX-License-Identifier: Apache-2.0 */
#include "columns/arrow_format.h"

#include "base/utf8.h"

typedef struct typing {
    dwi_arena *arena;
    dw_error *err;
    bool exact; /* each Arrow type its own kind, whether a table can have it or not */
} typing;

static const char *name_of(const struct ArrowSchema *schema)
{
    return schema->name == NULL ? "" : schema->name;
}

static dwi_type_kind integer_kind(const dwi_arrow_format *format, bool exact)
{
    static const dwi_type_kind wider[] = {DWI_SHORT, DWI_INTEGER, DWI_LONG, DWI_DECIMAL};
    int size = format->bits == 8 ? 0 : format->bits == 16 ? 1 : format->bits == 32 ? 2 : 3;

    if (format->kind == DWI_ARROW_INT)
        return (dwi_type_kind)(DWI_BYTE + size);
    return exact ? (dwi_type_kind)(DWI_UBYTE + size) : wider[size];
}

static dwi_type_kind timestamp_kind(const dwi_arrow_format *format, bool exact)
{
    if (exact && (format->unit == 's' || format->unit == 'm'))
        return format->has_zone ? DWI_TIMESTAMP_MS : DWI_TIMESTAMP_NTZ_MS;
    if (exact && format->unit == 'n')
        return format->has_zone ? DWI_TIMESTAMP_NS : DWI_TIMESTAMP_NTZ_NS;
    return format->has_zone ? DWI_TIMESTAMP : DWI_TIMESTAMP_NTZ;
}

static bool is_extension(const struct ArrowSchema *schema, const char *name)
{
    dwi_sv extension = dwi_arrow_metadata(schema, "ARROW:extension:name");

    return extension.ptr != NULL && dwi_sv_eq(extension, dwi_sv_cstr(name));
}

static void fixed_binary(const struct ArrowSchema *schema, const dwi_arrow_format *format,
                         bool exact, dwi_type *out)
{
    out->kind = DWI_BINARY;
    if (!exact || format->bytes == 0)
        return;
    out->kind = DWI_FIXED;
    if (format->bytes == 16 && is_extension(schema, "arrow.uuid"))
        out->kind = DWI_UUID;
    else
        out->fixed_bytes = (uint32_t)format->bytes;
}

/* False: there is no type for the format. */
static bool scalar_type(const struct ArrowSchema *schema, const dwi_arrow_format *format,
                        bool exact, dwi_type *out)
{
    switch (format->kind) {
    case DWI_ARROW_BOOL:
        out->kind = DWI_BOOLEAN;
        return true;
    case DWI_ARROW_INT:
    case DWI_ARROW_UINT:
        out->kind = integer_kind(format, exact);
        out->precision = out->kind == DWI_DECIMAL ? 20 : 0;
        return true;
    case DWI_ARROW_FLOAT:
        out->kind = format->bits == 64   ? DWI_DOUBLE
                    : format->bits == 32 ? DWI_FLOAT
                    : exact              ? DWI_FLOAT16
                                         : DWI_FLOAT;
        return true;
    case DWI_ARROW_DECIMAL:
        return dwi_arrow_format_decimal(format, out);
    case DWI_ARROW_STRING:
    case DWI_ARROW_STRING_VIEW:
        out->kind = exact && is_extension(schema, "arrow.json") ? DWI_JSON : DWI_STRING;
        return true;
    case DWI_ARROW_BINARY:
    case DWI_ARROW_BINARY_VIEW:
        out->kind = DWI_BINARY;
        return true;
    case DWI_ARROW_FIXED_BINARY:
        fixed_binary(schema, format, exact, out);
        return true;
    case DWI_ARROW_DATE:
        out->kind = DWI_DATE;
        return true;
    case DWI_ARROW_TIMESTAMP:
        out->kind = timestamp_kind(format, exact);
        return true;
    case DWI_ARROW_TIME:
        out->kind = format->unit == 'u'   ? DWI_TIME_US
                    : format->unit == 'n' ? DWI_TIME_NS
                                          : DWI_TIME_MS;
        return exact;
    case DWI_ARROW_DURATION: /* a count of its unit, as other writers have it in Parquet */
        out->kind = DWI_LONG;
        return exact;
    default:
        out->kind = DWI_VOID;
        return true;
    }
}

static dw_status type_of(const typing *t, const struct ArrowSchema *schema, int depth,
                         const dwi_type **out);

/* A Parquet field id, as other readers and writers carry it in Arrow. -1: none. */
static int32_t field_id_of(const struct ArrowSchema *schema)
{
    dwi_sv text = dwi_arrow_metadata(schema, "PARQUET:field_id");
    int32_t id = 0;

    if (text.len == 0 || text.len > 9)
        return -1;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return -1;
        id = id * 10 + (text.ptr[i] - '0');
    }
    return id;
}

/* One field of a struct, or the unnamed one below a list or map (then `fixed` is its name). */
static dw_status field_of(const typing *t, const struct ArrowSchema *schema, const char *fixed,
                          int depth, dwi_field *out)
{
    const char *name = fixed != NULL ? fixed : name_of(schema);
    dw_status status;

    if (!dwi_utf8_valid(name, strlen(name)))
        return dwi_err(t->err, DW_E_CORRUPT, "Arrow schema: a column's name is not UTF-8");
    if (!dwi_arena_sv(t->arena, dwi_sv_cstr(name), &out->name))
        return dwi_err_nomem(t->err);
    out->nullable = (schema->flags & ARROW_FLAG_NULLABLE) != 0;
    out->field_id = t->exact ? field_id_of(schema) : -1;
    out->metadata_json = DWI_SV("{}");
    DWI_TRY(type_of(t, schema, depth + 1, &out->type));
done:
    return status;
}

static dw_status nested_type(const typing *t, const struct ArrowSchema *schema, dwi_arrow_kind kind,
                             int depth, dwi_type *out)
{
    const struct ArrowSchema *from = schema;
    dwi_field *fields;
    dw_status status;

    out->kind = kind == DWI_ARROW_STRUCT ? DWI_STRUCT : kind == DWI_ARROW_MAP ? DWI_MAP : DWI_ARRAY;
    DWI_TRY(dwi_arrow_check_children(schema, out->kind == DWI_STRUCT ? -1 : 1, t->err));
    if (out->kind == DWI_MAP) {
        from = schema->children[0];
        DWI_TRY(dwi_arrow_check_children(from, 2, t->err));
    }
    out->n_fields = (size_t)from->n_children;
    fields = dwi_arena_array(t->arena, out->n_fields, sizeof(*fields));
    if (fields == NULL)
        return dwi_err_nomem(t->err);
    for (size_t i = 0; i < out->n_fields; i++)
        DWI_TRY(field_of(t, from->children[i],
                         out->kind == DWI_STRUCT  ? NULL
                         : out->kind == DWI_ARRAY ? "element"
                         : i == 0                 ? "key"
                                                  : "value",
                         depth, &fields[i]));
    if (out->kind == DWI_MAP)
        fields[0].nullable = false;
    out->fields = fields;
done:
    return status;
}

static dw_status no_type(const typing *t, const struct ArrowSchema *column, const char *format)
{
    return dwi_err(t->err, DW_E_UNSUPPORTED, "Arrow column %s: format %s has no %s type",
                   name_of(column), format == NULL ? "(none)" : format,
                   t->exact ? "Parquet" : "Delta");
}

static dw_status type_of(const typing *t, const struct ArrowSchema *schema, int depth,
                         const dwi_type **out)
{
    dwi_type *type = dwi_arena_zero(t->arena, sizeof(*type));
    dwi_arrow_format format;
    dw_status status = DW_OK;

    if (type == NULL)
        return dwi_err_nomem(t->err);
    if (depth > DWI_ARROW_MAX_DEPTH)
        return dwi_err(t->err, DW_E_UNSUPPORTED, "Arrow column %s: nested too deeply",
                       name_of(schema));
    if (!dwi_arrow_format_parse(schema->format, &format))
        return no_type(t, schema, schema->format);
    /* Encodings of other types: what their values are. */
    if (schema->dictionary != NULL)
        return type_of(t, schema->dictionary, depth + 1, out);
    if (format.kind == DWI_ARROW_RUN_END) {
        DWI_TRY(dwi_arrow_check_children(schema, 2, t->err));
        return type_of(t, schema->children[1], depth + 1, out);
    }
    if (format.kind >= DWI_ARROW_STRUCT)
        DWI_TRY(nested_type(t, schema, format.kind, depth, type));
    else if (!scalar_type(schema, &format, t->exact, type))
        return no_type(t, schema, schema->format);
    *out = type;
done:
    return status;
}

static dw_status batch_type(const typing *t, const struct ArrowSchema *schema, const dwi_type **out)
{
    dwi_arrow_format format;

    if (schema->release == NULL)
        return dwi_err(t->err, DW_E_CORRUPT, "Arrow schema: it was released");
    if (!dwi_arrow_format_parse(schema->format, &format) || format.kind != DWI_ARROW_STRUCT ||
        schema->dictionary != NULL)
        return dwi_err(t->err, DW_E_SCHEMA, "Arrow schema: a batch of rows is a struct, this is %s",
                       schema->format == NULL ? "(none)" : schema->format);
    return type_of(t, schema, 0, out);
}

dw_status dwi_arrow_type(dwi_arena *arena, const struct ArrowSchema *schema, const dwi_type **out,
                         dw_error *err)
{
    const typing t = {arena, err, false};

    return batch_type(&t, schema, out);
}

dw_status dwi_arrow_parquet_type(dwi_arena *arena, const struct ArrowSchema *schema,
                                 const dwi_type **out, dw_error *err)
{
    const typing t = {arena, err, true};

    return batch_type(&t, schema, out);
}
