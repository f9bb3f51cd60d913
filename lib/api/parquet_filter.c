/* SPDX-License-Identifier: Apache-2.0 */
#include "api/parquet_filter.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/calendar.h"
#include "base/checked.h"
#include "columns/decimal128.h"

enum { MAX_STEPS = 64 };

typedef struct dwi_row_term {
    const char *path;
    size_t column;           /* of the file */
    size_t steps[MAX_STEPS]; /* fields of structs below it */
    size_t n_steps;
    const dwi_type *type; /* of the leaf */
    int32_t op;
    uint8_t fixed[16]; /* the value, of fixed width */
    dwi_sv value;      /* it, or text */
} dwi_row_term;

/* ---- the column ---- */

/* Field names may have dots themselves: the longest that is there wins. */
static bool find_field(const dwi_type *type, const char **path, size_t *out)
{
    size_t best = 0;

    for (size_t i = 0; i < type->n_fields; i++) {
        dwi_sv name = type->fields[i].name;
        if (strncmp(*path, name.ptr, name.len) != 0 || name.len < best ||
            ((*path)[name.len] != '\0' && (*path)[name.len] != '.') || name.len == 0)
            continue;
        best = name.len;
        *out = i;
    }
    *path += best;
    *path += best > 0 && **path == '.';
    return best > 0;
}

static dw_status find_column(const dwi_type *file, dwi_row_term *term, dw_error *err)
{
    const char *rest = term->path;
    const dwi_type *type = file;
    size_t i = 0;

    for (term->n_steps = 0; *rest != '\0' && type->kind == DWI_STRUCT; term->n_steps++) {
        if (term->n_steps == MAX_STEPS || !find_field(type, &rest, &i))
            return dwi_err(err, DW_E_NOT_FOUND, "column %s: the file has none of this name",
                           term->path);
        term->steps[term->n_steps] = i;
        type = type->fields[i].type;
    }
    if (*rest != '\0' || term->n_steps == 0)
        return dwi_err(err, DW_E_NOT_FOUND, "column %s: the file has none of this name",
                       term->path);
    if (type->n_fields > 0)
        return dwi_err(err, DW_E_UNSUPPORTED, "column %s: no conditions on structs, lists and maps",
                       term->path);
    term->column = term->steps[0];
    term->type = type;
    return DW_OK;
}

/* ---- the value ---- */

static bool parse_integer(const dwi_type *type, dwi_sv text, uint8_t out[16])
{
    size_t width = dwi_type_width(type);
    bool is_unsigned = type->kind >= DWI_UBYTE && type->kind <= DWI_ULONG;
    unsigned long long big;
    int64_t value;
    int64_t max;
    char *end;

    if (type->kind == DWI_ULONG) {
        errno = 0;
        big = strtoull(text.ptr, &end, 10);
        memcpy(out, &big, sizeof(big));
        return errno == 0 && end == text.ptr + text.len && text.len > 0 && text.ptr[0] >= '0' &&
               text.ptr[0] <= '9';
    }
    if (!dwi_sv_to_i64(text, &value))
        return false;
    memcpy(out, &value, width);
    if (width == 8)
        return true;
    max = (INT64_C(1) << (8 * width - (is_unsigned ? 0 : 1))) - 1;
    return value <= max && value >= (is_unsigned ? 0 : -max - 1);
}

static bool parse_float(const dwi_type *type, dwi_sv text, uint8_t out[16])
{
    char *end;
    double value = strtod(text.ptr, &end);
    float narrow = (float)value;

    if (type->kind == DWI_FLOAT)
        memcpy(out, &narrow, sizeof(narrow));
    else
        memcpy(out, &value, sizeof(value));
    return text.len > 0 && end == text.ptr + text.len && !isnan(value);
}

static bool parse_decimal(const dwi_type *type, dwi_sv text, uint8_t out[16])
{
    uint64_t words[2] = {0, 0};
    bool minus = text.len > 0 && text.ptr[0] == '-';
    int digits = 0;
    int scale = -1;

    for (size_t i = minus; i < text.len; i++) {
        if (text.ptr[i] == '.' && scale < 0) {
            scale = 0;
            continue;
        }
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || scale == type->scale)
            return false;
        digits += digits > 0 || text.ptr[i] != '0';
        if (digits > type->precision)
            return false;
        dwi_d128_push_digit(words, (unsigned)(text.ptr[i] - '0'));
        scale += scale >= 0;
    }
    for (int i = scale < 0 ? 0 : scale; i < type->scale; i++) {
        digits += digits > 0;
        if (digits > type->precision)
            return false;
        dwi_d128_push_digit(words, 0);
    }
    if (minus)
        dwi_d128_negate(words);
    memcpy(out, words, sizeof(words));
    return text.len > minus;
}

static bool parse_time(const dwi_type *type, dwi_sv text, uint8_t out[16])
{
    int64_t us;

    if (!dwi_parse_timestamp(text, &us, NULL))
        return false;
    if (type->kind == DWI_TIMESTAMP_MS || type->kind == DWI_TIMESTAMP_NTZ_MS) {
        if (us % 1000 != 0)
            return false;
        us /= 1000;
    } else if ((type->kind == DWI_TIMESTAMP_NS || type->kind == DWI_TIMESTAMP_NTZ_NS) &&
               !dwi_i64_mul(us, 1000, &us)) {
        return false;
    }
    memcpy(out, &us, sizeof(us));
    return true;
}

/* DW_E_ARG: no value of the type. */
static dw_status parse_value(dwi_row_term *term, dwi_sv text, dw_error *err)
{
    const dwi_type *type = term->type;
    int32_t days = 0;
    bool fine;

    term->value = (dwi_sv){(const char *)term->fixed, dwi_type_width(type)};
    switch (type->kind) {
    case DWI_STRING:
    case DWI_JSON:
        term->value = text;
        return DW_OK;
    case DWI_BOOLEAN:
        fine = dwi_sv_eq_cstr(text, "true") || dwi_sv_eq_cstr(text, "false");
        term->fixed[0] = dwi_sv_eq_cstr(text, "true");
        term->value.len = 1;
        break;
    case DWI_FLOAT:
    case DWI_DOUBLE:
        fine = parse_float(type, text, term->fixed);
        break;
    case DWI_DECIMAL:
        fine = parse_decimal(type, text, term->fixed);
        break;
    case DWI_DATE:
        fine = dwi_parse_date(text, &days);
        memcpy(term->fixed, &days, sizeof(days));
        break;
    case DWI_TIMESTAMP:
    case DWI_TIMESTAMP_NTZ:
    case DWI_TIMESTAMP_MS:
    case DWI_TIMESTAMP_NTZ_MS:
    case DWI_TIMESTAMP_NS:
    case DWI_TIMESTAMP_NTZ_NS:
        fine = parse_time(type, text, term->fixed);
        break;
    case DWI_BYTE:
    case DWI_SHORT:
    case DWI_INTEGER:
    case DWI_LONG:
    case DWI_UBYTE:
    case DWI_USHORT:
    case DWI_UINTEGER:
    case DWI_ULONG:
        fine = parse_integer(type, text, term->fixed);
        break;
    default:
        return dwi_err(err, DW_E_UNSUPPORTED, "column %s: no conditions on values of type %s",
                       term->path, dwi_type_kind_name(type->kind));
    }
    if (fine)
        return DW_OK;
    return dwi_err(err, DW_E_ARG, "column %s: \"%.100s\" is no %s that it can have", term->path,
                   text.ptr, dwi_type_kind_name(type->kind));
}

dw_status dwi_row_filter_build(dwi_arena *arena, const dwi_type *file,
                               const dw_parquet_condition *conditions, size_t n,
                               dwi_row_filter *out, dw_error *err)
{
    dw_status status = DW_OK;

    *out = (dwi_row_filter){n, dwi_arena_array(arena, n, sizeof(*out->terms)),
                            dwi_arena_array(arena, n, sizeof(*out->comparisons))};
    if (out->terms == NULL || out->comparisons == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < n; i++) {
        dwi_row_term *term = &out->terms[i];
        bool has_value = conditions[i].op >= DW_PARQUET_LT && conditions[i].op <= DW_PARQUET_GT;
        dwi_sv text = {NULL, 0};
        if (conditions[i].path == NULL || (has_value && conditions[i].value == NULL) ||
            (!has_value && conditions[i].op != DW_PARQUET_IS_NULL &&
             conditions[i].op != DW_PARQUET_IS_NOT_NULL))
            return dwi_err(err, DW_E_ARG,
                           "parquet read options: a condition without column, value "
                           "or known comparison");
        term->op = conditions[i].op;
        term->path = dwi_arena_cstr(arena, conditions[i].path);
        if (term->path == NULL ||
            (has_value && !dwi_arena_sv(arena, dwi_sv_cstr(conditions[i].value), &text)))
            return dwi_err_nomem(err);
        DWI_TRY(find_column(file, term, err));
        if (has_value)
            DWI_TRY(parse_value(term, text, err));
        out->comparisons[i] = (dwi_comparison){.path = dwi_sv_cstr(term->path),
                                               .type = has_value ? term->type : NULL,
                                               .op = (dwi_compare_op)term->op,
                                               .n_values = has_value ? 1 : 0,
                                               .values = has_value ? &term->value : NULL};
    }
done:
    return status;
}

size_t dwi_row_filter_column(const dwi_row_filter *filter, size_t i)
{
    return filter->terms[i].column;
}

/* ---- rows ---- */

static int order_of(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_decimal(const uint8_t *a, const uint8_t *b)
{
    uint64_t x[2];
    uint64_t y[2];

    memcpy(x, a, sizeof(x));
    memcpy(y, b, sizeof(y));
    if (x[1] != y[1])
        return order_of((int64_t)x[1], (int64_t)y[1]);
    return x[0] < y[0] ? -1 : x[0] > y[0];
}

static int compare_integer(const dwi_type *type, const uint8_t *a, const uint8_t *b)
{
    size_t width = dwi_type_width(type);
    uint64_t x = 0;
    uint64_t y = 0;
    uint64_t top = UINT64_C(1) << (8 * width - 1);

    memcpy(&x, a, width);
    memcpy(&y, b, width);
    if (type->kind < DWI_UBYTE || type->kind > DWI_ULONG) { /* the order of signed ones */
        x ^= top;
        y ^= top;
    }
    return x < y ? -1 : x > y;
}

/* Order of a value and the condition's; false: there is none. */
static bool compare(const dwi_row_term *term, const dwi_vec *vec, int64_t row, int *out)
{
    int64_t at = vec->offset + row;
    const uint8_t *value = (const uint8_t *)vec->values + (size_t)at * dwi_type_width(vec->type);
    const int32_t *ends;
    double real[2];
    float single[2];

    switch (vec->type->kind) {
    case DWI_BOOLEAN:
        *out = (int)dwi_bit_get(vec->values, at) - (int)term->fixed[0];
        return true;
    case DWI_STRING:
    case DWI_JSON:
        ends = vec->offsets + at;
        *out = dwi_sv_cmp((dwi_sv){(const char *)vec->data + ends[0], (size_t)(ends[1] - ends[0])},
                          term->value);
        return true;
    case DWI_FLOAT:
        memcpy(&single[0], value, sizeof(float));
        memcpy(&single[1], term->fixed, sizeof(float));
        *out = single[0] < single[1] ? -1 : single[0] > single[1];
        return !isnan(single[0]);
    case DWI_DOUBLE:
        memcpy(&real[0], value, sizeof(double));
        memcpy(&real[1], term->fixed, sizeof(double));
        *out = real[0] < real[1] ? -1 : real[0] > real[1];
        return !isnan(real[0]);
    case DWI_DECIMAL:
        *out = compare_decimal(value, term->fixed);
        return true;
    default:
        *out = compare_integer(vec->type, value, term->fixed);
        return true;
    }
}

static bool passes(const dwi_row_term *term, const dwi_vec *vec, int64_t row)
{
    bool valid = vec->type->kind != DWI_VOID && dwi_vec_is_valid(vec, row);
    int order = 0;

    for (size_t i = 1; i < term->n_steps && valid; i++) {
        row += vec->offset;
        vec = &vec->children[term->steps[i]];
        valid = vec->type->kind != DWI_VOID && dwi_vec_is_valid(vec, row);
    }
    if (term->op == DW_PARQUET_IS_NULL || term->op == DW_PARQUET_IS_NOT_NULL)
        return valid == (term->op == DW_PARQUET_IS_NOT_NULL);
    if (!valid || !compare(term, vec, row, &order))
        return false;
    return term->op == DW_PARQUET_LT   ? order < 0
           : term->op == DW_PARQUET_LE ? order <= 0
           : term->op == DW_PARQUET_EQ ? order == 0
           : term->op == DW_PARQUET_GE ? order >= 0
                                       : order > 0;
}

int64_t dwi_row_filter_rows(const dwi_row_filter *filter, const dwi_vec *const *columns,
                            int64_t rows, uint32_t *out)
{
    int64_t n = 0;

    for (int64_t row = 0; row < rows; row++) {
        bool pass = true;
        for (size_t i = 0; i < filter->n && pass; i++)
            pass = passes(&filter->terms[i], columns[i], row);
        out[n] = (uint32_t)row;
        n += pass;
    }
    return n;
}
