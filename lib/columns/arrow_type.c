/* SPDX-License-Identifier: Apache-2.0 */
#include "columns/arrow_format.h"

#include "base/utf8.h"

/* "N" of "w:N" or a part of "d:P,S": a decimal integer, maybe negative. Moves *at behind it. */
static bool take_int(const char **at, int *out)
{
    const char *p = *at;
    bool minus = *p == '-';
    int value = 0;
    int digits = 0;

    for (p += minus; *p >= '0' && *p <= '9' && digits < 9; p++, digits++)
        value = value * 10 + (*p - '0');
    if (digits == 0 || (*p >= '0' && *p <= '9'))
        return false;
    *out = minus ? -value : value;
    *at = p;
    return true;
}

static bool parse_decimal(const char *p, dwi_arrow_format *out)
{
    out->kind = DWI_ARROW_DECIMAL;
    out->bits = 128;
    if (!take_int(&p, &out->precision) || *p++ != ',' || !take_int(&p, &out->scale))
        return false;
    if (*p == ',') {
        p++;
        if (!take_int(&p, &out->bits))
            return false;
    }
    return *p == '\0' && (out->bits == 32 || out->bits == 64 || out->bits == 128) &&
           out->precision >= 1 && out->precision <= 38 && out->scale >= 0 &&
           out->scale <= out->precision;
}

/* Whole formats of one or two characters. */
static bool parse_short(const char *format, dwi_arrow_format *out)
{
    static const struct {
        const char *format;
        dwi_arrow_kind kind;
        int bits;
    } known[] = {
        {"n", DWI_ARROW_NULL, 0},
        {"b", DWI_ARROW_BOOL, 1},
        {"c", DWI_ARROW_INT, 8},
        {"s", DWI_ARROW_INT, 16},
        {"i", DWI_ARROW_INT, 32},
        {"l", DWI_ARROW_INT, 64},
        {"C", DWI_ARROW_UINT, 8},
        {"S", DWI_ARROW_UINT, 16},
        {"I", DWI_ARROW_UINT, 32},
        {"L", DWI_ARROW_UINT, 64},
        {"e", DWI_ARROW_FLOAT, 16},
        {"f", DWI_ARROW_FLOAT, 32},
        {"g", DWI_ARROW_FLOAT, 64},
        {"u", DWI_ARROW_STRING, 32},
        {"U", DWI_ARROW_STRING, 64},
        {"vu", DWI_ARROW_STRING_VIEW, 128},
        {"z", DWI_ARROW_BINARY, 32},
        {"Z", DWI_ARROW_BINARY, 64},
        {"vz", DWI_ARROW_BINARY_VIEW, 128},
        {"tdD", DWI_ARROW_DATE, 32},
        {"tdm", DWI_ARROW_DATE, 64},
        {"+s", DWI_ARROW_STRUCT, 0},
        {"+l", DWI_ARROW_LIST, 32},
        {"+L", DWI_ARROW_LIST, 64},
        {"+m", DWI_ARROW_MAP, 32},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(format, known[i].format) == 0) {
            out->kind = known[i].kind;
            out->bits = known[i].bits;
            return true;
        }
    return false;
}

bool dwi_arrow_format_parse(const char *format, dwi_arrow_format *out)
{
    memset(out, 0, sizeof(*out));
    if (format == NULL)
        return false;
    if (parse_short(format, out))
        return true;
    if (strncmp(format, "d:", 2) == 0)
        return parse_decimal(format + 2, out);
    if (strncmp(format, "w:", 2) == 0) {
        const char *p = format + 2;
        out->kind = DWI_ARROW_FIXED_BINARY;
        return take_int(&p, &out->bytes) && *p == '\0' && out->bytes >= 0;
    }
    if (format[0] == 't' && format[1] == 's' && format[2] != '\0' && format[3] == ':') {
        out->kind = DWI_ARROW_TIMESTAMP;
        out->bits = 64;
        out->unit = format[2];
        out->has_zone = format[4] != '\0';
        return strchr("smun", format[2]) != NULL;
    }
    return false;
}

static const char *name_of(const struct ArrowSchema *schema)
{
    return schema->name == NULL ? "" : schema->name;
}

static dwi_type_kind scalar_kind(const dwi_arrow_format *format)
{
    switch (format->kind) {
    case DWI_ARROW_BOOL:
        return DWI_BOOLEAN;
    case DWI_ARROW_INT:
        return format->bits == 8    ? DWI_BYTE
               : format->bits == 16 ? DWI_SHORT
               : format->bits == 32 ? DWI_INTEGER
                                    : DWI_LONG;
    case DWI_ARROW_UINT:
        return format->bits == 8    ? DWI_SHORT
               : format->bits == 16 ? DWI_INTEGER
               : format->bits == 32 ? DWI_LONG
                                    : DWI_DECIMAL;
    case DWI_ARROW_FLOAT:
        return format->bits == 64 ? DWI_DOUBLE : DWI_FLOAT;
    case DWI_ARROW_DECIMAL:
        return DWI_DECIMAL;
    case DWI_ARROW_STRING:
    case DWI_ARROW_STRING_VIEW:
        return DWI_STRING;
    case DWI_ARROW_BINARY:
    case DWI_ARROW_BINARY_VIEW:
    case DWI_ARROW_FIXED_BINARY:
        return DWI_BINARY;
    case DWI_ARROW_DATE:
        return DWI_DATE;
    case DWI_ARROW_TIMESTAMP:
        return format->has_zone ? DWI_TIMESTAMP : DWI_TIMESTAMP_NTZ;
    default:
        return DWI_VOID;
    }
}

static dw_status type_of(dwi_arena *arena, const struct ArrowSchema *schema, int depth,
                         const dwi_type **out, dw_error *err);

dw_status dwi_arrow_check_children(const struct ArrowSchema *schema, int64_t want, dw_error *err)
{
    bool fine = schema->n_children >= 0 && (want < 0 || schema->n_children == want) &&
                (schema->n_children == 0 || schema->children != NULL);

    for (int64_t i = 0; fine && i < schema->n_children; i++)
        fine = schema->children[i] != NULL;
    if (fine)
        return DW_OK;
    return dwi_err(err, DW_E_CORRUPT, "Arrow column %s: %lld children in its schema",
                   name_of(schema), (long long)schema->n_children);
}

/* One field of a struct, or the unnamed one below a list or map (then `fixed` is its name). */
static dw_status field_of(dwi_arena *arena, const struct ArrowSchema *schema, const char *fixed,
                          int depth, dwi_field *out, dw_error *err)
{
    const char *name = fixed != NULL ? fixed : name_of(schema);
    dw_status status;

    if (!dwi_utf8_valid(name, strlen(name)))
        return dwi_err(err, DW_E_CORRUPT, "Arrow schema: a column's name is not UTF-8");
    if (!dwi_arena_sv(arena, dwi_sv_cstr(name), &out->name))
        return dwi_err_nomem(err);
    out->nullable = (schema->flags & ARROW_FLAG_NULLABLE) != 0;
    out->field_id = -1;
    out->metadata_json = DWI_SV("{}");
    DWI_TRY(type_of(arena, schema, depth + 1, &out->type, err));
done:
    return status;
}

static dw_status nested_type(dwi_arena *arena, const struct ArrowSchema *schema,
                             dwi_arrow_kind kind, int depth, dwi_type *out, dw_error *err)
{
    const struct ArrowSchema *from = schema;
    dwi_field *fields;
    dw_status status;

    out->kind = kind == DWI_ARROW_STRUCT ? DWI_STRUCT
                : kind == DWI_ARROW_LIST ? DWI_ARRAY
                                         : DWI_MAP;
    DWI_TRY(dwi_arrow_check_children(schema, out->kind == DWI_STRUCT ? -1 : 1, err));
    if (out->kind == DWI_MAP) {
        from = schema->children[0];
        DWI_TRY(dwi_arrow_check_children(from, 2, err));
    }
    out->n_fields = (size_t)from->n_children;
    fields = dwi_arena_array(arena, out->n_fields, sizeof(*fields));
    if (fields == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < out->n_fields; i++)
        DWI_TRY(field_of(arena, from->children[i],
                         out->kind == DWI_STRUCT  ? NULL
                         : out->kind == DWI_ARRAY ? "element"
                         : i == 0                 ? "key"
                                                  : "value",
                         depth, &fields[i], err));
    if (out->kind == DWI_MAP)
        fields[0].nullable = false;
    out->fields = fields;
done:
    return status;
}

static dw_status type_of(dwi_arena *arena, const struct ArrowSchema *schema, int depth,
                         const dwi_type **out, dw_error *err)
{
    const struct ArrowSchema *values = schema->dictionary == NULL ? schema : schema->dictionary;
    dwi_type *type = dwi_arena_zero(arena, sizeof(*type));
    dwi_arrow_format format;
    dw_status status = DW_OK;

    if (type == NULL)
        return dwi_err_nomem(err);
    if (!dwi_arrow_format_parse(values->format, &format) || values->dictionary != NULL ||
        (values != schema && format.kind >= DWI_ARROW_STRUCT))
        return dwi_err(err, DW_E_UNSUPPORTED, "Arrow column %s: format %s has no Delta type",
                       name_of(schema), values->format == NULL ? "(none)" : values->format);
    if (depth > DWI_ARROW_MAX_DEPTH)
        return dwi_err(err, DW_E_UNSUPPORTED, "Arrow column %s: nested too deeply",
                       name_of(schema));
    if (format.kind >= DWI_ARROW_STRUCT) {
        DWI_TRY(nested_type(arena, schema, format.kind, depth, type, err));
    } else {
        type->kind = scalar_kind(&format);
        if (type->kind == DWI_DECIMAL) {
            type->precision = (uint8_t)(format.kind == DWI_ARROW_UINT ? 20 : format.precision);
            type->scale = (uint8_t)format.scale;
        }
    }
    *out = type;
done:
    return status;
}

dw_status dwi_arrow_type(dwi_arena *arena, const struct ArrowSchema *schema, const dwi_type **out,
                         dw_error *err)
{
    dwi_arrow_format format;

    if (schema->release == NULL)
        return dwi_err(err, DW_E_CORRUPT, "Arrow schema: it was released");
    if (!dwi_arrow_format_parse(schema->format, &format) || format.kind != DWI_ARROW_STRUCT ||
        schema->dictionary != NULL)
        return dwi_err(err, DW_E_SCHEMA, "Arrow schema: a batch of rows is a struct, this is %s",
                       schema->format == NULL ? "(none)" : schema->format);
    return type_of(arena, schema, 0, out, err);
}
