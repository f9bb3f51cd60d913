/* SPDX-License-Identifier: Apache-2.0 */
#include "columns/arrow_format.h"

#include "columns/decimal128.h"

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
    return *p == '\0' &&
           (out->bits == 32 || out->bits == 64 || out->bits == 128 || out->bits == 256) &&
           out->precision >= 1 && out->precision <= (out->bits == 256 ? 76 : 38);
}

bool dwi_arrow_format_decimal(const dwi_arrow_format *format, dwi_type *out)
{
    int precision = format->precision;
    int scale = format->scale;

    if (scale < -DWI_DECIMAL_MAX_PRECISION)
        return false;
    if (scale < 0) {
        precision -= scale;
        scale = 0;
    }
    if (precision < scale)
        precision = scale;
    if (precision > DWI_DECIMAL_MAX_PRECISION && format->bits == 256)
        precision = DWI_DECIMAL_MAX_PRECISION;
    if (precision > DWI_DECIMAL_MAX_PRECISION || scale > precision)
        return false;
    out->kind = DWI_DECIMAL;
    out->precision = (uint8_t)precision;
    out->scale = (uint8_t)scale;
    return true;
}

/* "ts?:ZONE" */
static bool parse_timestamp(const char *format, dwi_arrow_format *out)
{
    if (format[2] == '\0' || format[3] != ':')
        return false;
    out->kind = DWI_ARROW_TIMESTAMP;
    out->bits = 64;
    out->unit = format[2];
    out->has_zone = format[4] != '\0';
    return strchr("smun", format[2]) != NULL;
}

/* Whole formats without a number or name in them. */
static bool parse_short(const char *format, dwi_arrow_format *out)
{
    static const struct {
        const char *format;
        dwi_arrow_kind kind;
        int bits;
        char unit;
    } known[] = {
        {"n", DWI_ARROW_NULL, 0, 0},
        {"b", DWI_ARROW_BOOL, 1, 0},
        {"c", DWI_ARROW_INT, 8, 0},
        {"s", DWI_ARROW_INT, 16, 0},
        {"i", DWI_ARROW_INT, 32, 0},
        {"l", DWI_ARROW_INT, 64, 0},
        {"C", DWI_ARROW_UINT, 8, 0},
        {"S", DWI_ARROW_UINT, 16, 0},
        {"I", DWI_ARROW_UINT, 32, 0},
        {"L", DWI_ARROW_UINT, 64, 0},
        {"e", DWI_ARROW_FLOAT, 16, 0},
        {"f", DWI_ARROW_FLOAT, 32, 0},
        {"g", DWI_ARROW_FLOAT, 64, 0},
        {"u", DWI_ARROW_STRING, 32, 0},
        {"U", DWI_ARROW_STRING, 64, 0},
        {"vu", DWI_ARROW_STRING_VIEW, 128, 0},
        {"z", DWI_ARROW_BINARY, 32, 0},
        {"Z", DWI_ARROW_BINARY, 64, 0},
        {"vz", DWI_ARROW_BINARY_VIEW, 128, 0},
        {"tdD", DWI_ARROW_DATE, 32, 0},
        {"tdm", DWI_ARROW_DATE, 64, 0},
        {"tts", DWI_ARROW_TIME, 32, 's'},
        {"ttm", DWI_ARROW_TIME, 32, 'm'},
        {"ttu", DWI_ARROW_TIME, 64, 'u'},
        {"ttn", DWI_ARROW_TIME, 64, 'n'},
        {"tDs", DWI_ARROW_DURATION, 64, 's'},
        {"tDm", DWI_ARROW_DURATION, 64, 'm'},
        {"tDu", DWI_ARROW_DURATION, 64, 'u'},
        {"tDn", DWI_ARROW_DURATION, 64, 'n'},
        {"+s", DWI_ARROW_STRUCT, 0, 0},
        {"+l", DWI_ARROW_LIST, 32, 0},
        {"+L", DWI_ARROW_LIST, 64, 0},
        {"+vl", DWI_ARROW_LIST_VIEW, 32, 0},
        {"+vL", DWI_ARROW_LIST_VIEW, 64, 0},
        {"+m", DWI_ARROW_MAP, 32, 0},
        {"+r", DWI_ARROW_RUN_END, 0, 0},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(format, known[i].format) == 0) {
            out->kind = known[i].kind;
            out->bits = known[i].bits;
            out->unit = known[i].unit;
            return true;
        }
    return false;
}

bool dwi_arrow_format_parse(const char *format, dwi_arrow_format *out)
{
    bool list;

    memset(out, 0, sizeof(*out));
    if (format == NULL)
        return false;
    if (parse_short(format, out))
        return true;
    if (strncmp(format, "d:", 2) == 0)
        return parse_decimal(format + 2, out);
    list = strncmp(format, "+w:", 3) == 0;
    if (list || strncmp(format, "w:", 2) == 0) {
        const char *p = format + (list ? 3 : 2);
        out->kind = list ? DWI_ARROW_FIXED_LIST : DWI_ARROW_FIXED_BINARY;
        return take_int(&p, &out->bytes) && *p == '\0' && out->bytes >= 0;
    }
    return strncmp(format, "ts", 2) == 0 && parse_timestamp(format, out);
}

/* A length and so many bytes. False: a negative length. */
static bool take_text(const char **at, dwi_sv *out)
{
    int32_t len;

    memcpy(&len, *at, sizeof(len));
    if (len < 0)
        return false;
    *out = (dwi_sv){*at + sizeof(len), (size_t)len};
    *at += sizeof(len) + (size_t)len;
    return true;
}

dwi_sv dwi_arrow_metadata(const struct ArrowSchema *schema, const char *key)
{
    const char *at = schema->metadata;
    const dwi_sv none = {NULL, 0};
    int32_t pairs = 0;

    if (at == NULL)
        return none;
    memcpy(&pairs, at, sizeof(pairs));
    at += sizeof(pairs);
    for (; pairs > 0; pairs--) {
        dwi_sv name;
        dwi_sv value;
        if (!take_text(&at, &name) || !take_text(&at, &value))
            return none;
        if (dwi_sv_eq(name, dwi_sv_cstr(key)))
            return value;
    }
    return none;
}

dw_status dwi_arrow_check_children(const struct ArrowSchema *schema, int64_t want, dw_error *err)
{
    bool fine = schema->n_children >= 0 && (want < 0 || schema->n_children == want) &&
                (schema->n_children == 0 || schema->children != NULL);

    for (int64_t i = 0; fine && i < schema->n_children; i++)
        fine = schema->children[i] != NULL;
    if (fine)
        return DW_OK;
    return dwi_err(err, DW_E_CORRUPT, "Arrow column %s: %lld children in its schema",
                   schema->name == NULL ? "" : schema->name, (long long)schema->n_children);
}

static void release_copy(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

dw_status dwi_arrow_copy_schema(dwi_arena *arena, const struct ArrowSchema *schema,
                                struct ArrowSchema **out, dw_error *err)
{
    struct ArrowSchema *copy = dwi_arena_zero(arena, sizeof(*copy));
    struct ArrowSchema **children;
    dwi_arrow_format format;
    dw_status status = DW_OK;

    if (copy == NULL)
        return dwi_err_nomem(err);
    copy->format = dwi_arena_cstr(arena, schema->format == NULL ? "" : schema->format);
    copy->name = dwi_arena_cstr(arena, schema->name == NULL ? "" : schema->name);
    copy->flags = schema->flags;
    copy->n_children = schema->n_children;
    copy->release = release_copy;
    if (copy->format == NULL || copy->name == NULL)
        return dwi_err_nomem(err);
    if (schema->dictionary != NULL)
        DWI_TRY(dwi_arrow_copy_schema(arena, schema->dictionary, &copy->dictionary, err));
    /* Only the children of nested formats were checked, and only they are read. */
    if (dwi_arrow_format_parse(schema->format, &format) && format.kind >= DWI_ARROW_STRUCT) {
        children = dwi_arena_array(arena, (size_t)copy->n_children, sizeof(*children));
        if (children == NULL)
            return dwi_err_nomem(err);
        for (int64_t i = 0; i < copy->n_children; i++)
            DWI_TRY(dwi_arrow_copy_schema(arena, schema->children[i], &children[i], err));
        copy->children = children;
    }
    *out = copy;
done:
    return status;
}
