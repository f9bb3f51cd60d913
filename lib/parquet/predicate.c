/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/predicate.h"

#include <math.h>

#include "base/half.h"
#include "base/le.h"
#include "columns/decimal128.h"

enum { MAX_FIXED = 16 };

/* A bound or value in the form in which it is compared. */
typedef struct operand {
    bool known;
    union {
        int64_t i;
        uint64_t u;
        double f;
        uint64_t decimal[2];
    } as;
    dwi_sv bytes;
} operand;

/* How values of a kind are compared. */
typedef enum ordering { BY_SIGNED, BY_UNSIGNED, BY_FLOAT, BY_DECIMAL, BY_BYTES } ordering;

static ordering order_of(const dwi_type *type)
{
    switch (type->kind) {
    case DWI_UBYTE:
    case DWI_USHORT:
    case DWI_UINTEGER:
    case DWI_ULONG:
        return BY_UNSIGNED;
    case DWI_FLOAT:
    case DWI_DOUBLE:
    case DWI_FLOAT16:
        return BY_FLOAT;
    case DWI_DECIMAL:
        return BY_DECIMAL;
    case DWI_STRING:
    case DWI_BINARY:
    case DWI_JSON:
    case DWI_UUID:
    case DWI_FIXED:
        return BY_BYTES;
    default:
        return BY_SIGNED;
    }
}

static int64_t signed_value(const uint8_t *p, size_t width)
{
    switch (width) {
    case 1:
        return (int8_t)p[0];
    case 2:
        return (int16_t)dwi_le16(p);
    case 4:
        return (int32_t)dwi_le32(p);
    default:
        return (int64_t)dwi_le64(p);
    }
}

static uint64_t unsigned_value(const uint8_t *p, size_t width)
{
    uint64_t value = 0;

    memcpy(&value, p, width);
    return value;
}

static double float_value(const uint8_t *p, const dwi_type *type)
{
    float single;
    double real;

    if (type->kind == DWI_FLOAT16)
        return dwi_half_to_double(dwi_le16(p));
    if (type->kind == DWI_FLOAT) {
        memcpy(&single, p, sizeof(single));
        return (double)single;
    }
    memcpy(&real, p, sizeof(real));
    return real;
}

/* A value as a column of `type` holds it; a boolean is a byte. */
static operand operand_of(const dwi_type *type, const uint8_t *value)
{
    size_t width = type->kind == DWI_BOOLEAN ? 1 : dwi_type_width(type);
    operand out = {.known = true};

    switch (order_of(type)) {
    case BY_SIGNED:
        out.as.i = signed_value(value, width);
        break;
    case BY_UNSIGNED:
        out.as.u = unsigned_value(value, width);
        break;
    case BY_FLOAT:
        out.as.f = float_value(value, type);
        out.known = !isnan(out.as.f);
        break;
    default:
        out.as.decimal[0] = dwi_le64(value);
        out.as.decimal[1] = dwi_le64(value + 8);
        break;
    }
    return out;
}

static operand operand_of_value(const dwi_filter_term *term, dwi_sv value)
{
    if (order_of(term->type) == BY_BYTES)
        return (operand){.known = true, .bytes = value};
    return operand_of(term->type, (const uint8_t *)value.ptr);
}

/* A bound of Statistics: one PLAIN value, without a length before bytes. */
static operand operand_of_bound(const dwi_filter_term *term, dwi_sv bound)
{
    static const uint8_t sizes[] = {
        [DWI_PARQUET_BOOLEAN] = 1, [DWI_PARQUET_INT32] = 4, [DWI_PARQUET_INT64] = 8,
        [DWI_PARQUET_INT96] = 12,  [DWI_PARQUET_FLOAT] = 4, [DWI_PARQUET_DOUBLE] = 8,
    };
    const dwi_convert *c = &term->convert;
    const operand unknown = {.known = false};
    uint8_t out[MAX_FIXED];
    bool fits;

    if (bound.ptr == NULL)
        return unknown;
    if (order_of(term->type) == BY_BYTES)
        return (operand){.known = true, .bytes = bound};
    if (term->node->physical < DWI_PARQUET_BYTE_ARRAY && bound.len != sizes[term->node->physical])
        return unknown;
    if (term->node->physical == DWI_PARQUET_FIXED_LEN_BYTE_ARRAY &&
        bound.len != (size_t)term->node->type_length)
        return unknown;
    if (c->form == DWI_CONVERT_BOOLEAN) {
        out[0] = (uint8_t)bound.ptr[0] & 1;
        fits = true;
    } else {
        fits = c->form == DWI_CONVERT_FIXED ? c->fixed(c, bound.ptr, 1, out)
                                            : c->spans(c, &bound, 1, out);
    }
    return fits ? operand_of(term->type, out) : unknown;
}

static int compare_bytes(dwi_sv a, dwi_sv b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.ptr, b.ptr, len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_decimals(const uint64_t a[2], const uint64_t b[2])
{
    /* Flipping the sign bits makes the signed order the unsigned one. */
    const uint64_t x[2] = {a[0], a[1] ^ UINT64_C(1) << 63};
    const uint64_t y[2] = {b[0], b[1] ^ UINT64_C(1) << 63};

    return dwi_d128_less(x, y) ? -1 : dwi_d128_less(y, x);
}

static int compare(const dwi_type *type, const operand *a, const operand *b)
{
    switch (order_of(type)) {
    case BY_SIGNED:
        return (a->as.i > b->as.i) - (a->as.i < b->as.i);
    case BY_UNSIGNED:
        return (a->as.u > b->as.u) - (a->as.u < b->as.u);
    case BY_FLOAT:
        return (a->as.f > b->as.f) - (a->as.f < b->as.f);
    case BY_DECIMAL:
        return compare_decimals(a->as.decimal, b->as.decimal);
    default:
        return compare_bytes(a->bytes, b->bytes);
    }
}

/* Whether the format defines an order in which these bounds are. */
static bool has_order(const dwi_filter_term *term, bool deprecated)
{
    switch (term->node->source) {
    case DWI_LEAF_BOOLEAN:
    case DWI_LEAF_INT8:
    case DWI_LEAF_INT16:
    case DWI_LEAF_INT32:
    case DWI_LEAF_INT64:
    case DWI_LEAF_DATE:
    case DWI_LEAF_MILLIS:
    case DWI_LEAF_MICROS:
    case DWI_LEAF_NANOS:
    case DWI_LEAF_TIME_MILLIS:
    case DWI_LEAF_TIME_MICROS:
    case DWI_LEAF_TIME_NANOS:
    case DWI_LEAF_DECIMAL32:
    case DWI_LEAF_DECIMAL64:
        return deprecated || term->order == DWI_FOOTER_ORDER_BY_TYPE;
    case DWI_LEAF_FLOAT:
    case DWI_LEAF_DOUBLE:
        return deprecated || term->order == DWI_FOOTER_ORDER_BY_TYPE ||
               term->order == DWI_FOOTER_ORDER_IEEE754_TOTAL;
    case DWI_LEAF_FLOAT16:
        return !deprecated && (term->order == DWI_FOOTER_ORDER_BY_TYPE ||
                               term->order == DWI_FOOTER_ORDER_IEEE754_TOTAL);
    case DWI_LEAF_NONE:
    case DWI_LEAF_NULL:
    case DWI_LEAF_INT96:
        return false;
    default:
        return !deprecated && term->node->ordered && term->order == DWI_FOOTER_ORDER_BY_TYPE;
    }
}

static bool value_may_be_within(const dwi_filter_term *term, dwi_sv text, const operand *min,
                                const operand *max)
{
    operand value = operand_of_value(term, text);
    int above = min->known && value.known ? compare(term->type, &value, min) : 0;
    int below = max->known && value.known ? compare(term->type, &value, max) : 0;

    /* `above` and `below` compare the value with the bounds. */
    switch (term->op) {
    case DWI_COMPARE_LT:
        return !min->known || !value.known || above > 0;
    case DWI_COMPARE_LE:
        return above >= 0;
    case DWI_COMPARE_GT:
        return !max->known || !value.known || below < 0;
    case DWI_COMPARE_GE:
        return below <= 0;
    default:
        return above >= 0 && below <= 0;
    }
}

static bool within_bounds(const dwi_filter_term *term, const dwi_value_range *range)
{
    operand min = {.known = false};
    operand max = {.known = false};

    if (has_order(term, range->deprecated)) {
        min = operand_of_bound(term, range->min);
        max = operand_of_bound(term, range->max);
        /* A NaN as one bound makes the other one doubtful, too. */
        if (order_of(term->type) == BY_FLOAT && (!min.known || !max.known))
            min.known = max.known = false;
        if (min.known && max.known && compare(term->type, &min, &max) > 0)
            min.known = max.known = false;
    }
    for (size_t i = 0; i < term->n_values; i++)
        if (value_may_be_within(term, term->values[i], &min, &max))
            return true;
    return false;
}

bool dwi_filter_term_may_pass(const dwi_filter_term *term, const dwi_value_range *range)
{
    if (term->node != NULL && term->node->rep > 0)
        return true;
    if (term->op == DWI_COMPARE_IS_NULL)
        return term->node == NULL || range->all_null || range->null_count != 0;
    if (term->node == NULL || range->all_null)
        return false;
    if (term->op == DWI_COMPARE_IS_NOT_NULL)
        return true;
    return within_bounds(term, range);
}

dwi_value_range dwi_chunk_range(const dwi_filter_term *term, const dwi_footer_chunk *chunk)
{
    const dwi_footer_stats *stats = &chunk->stats;
    dwi_value_range range = {.null_count = stats->null_count};
    bool decimal = term->type != NULL && term->type->kind == DWI_DECIMAL;

    if (range.null_count < 0 || range.null_count > chunk->num_values)
        range.null_count = -1;
    range.all_null = range.null_count == chunk->num_values;
    range.deprecated = stats->min_value.ptr == NULL && stats->max_value.ptr == NULL;
    range.min = range.deprecated ? stats->min : stats->min_value;
    range.max = range.deprecated ? stats->max : stats->max_value;
    /* Bytes that were cut are a bound as bytes, but not as a number. */
    if (decimal && stats->min_is_not_exact)
        range.min.ptr = NULL;
    if (decimal && stats->max_is_not_exact)
        range.max.ptr = NULL;
    return range;
}

static dw_status copy_values(dwi_arena *arena, const dwi_comparison *from, dwi_filter_term *term,
                             dw_error *err)
{
    dwi_sv *values = dwi_arena_array(arena, from->n_values, sizeof(*values));

    if (values == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < from->n_values; i++)
        if (!dwi_arena_sv(arena, from->values[i], &values[i]))
            return dwi_err_nomem(err);
    term->values = values;
    term->n_values = from->n_values;
    return DW_OK;
}

static dw_status check_values(const dwi_comparison *from, dw_error *err)
{
    size_t width = from->type->kind == DWI_BOOLEAN ? 1 : dwi_type_width(from->type);

    if (from->type->n_fields > 0 || from->type->kind == DWI_VOID || from->type->kind == DWI_VARIANT)
        return dwi_err(err, DW_E_SCHEMA, "column %.*s: type %s is not to be compared",
                       DWI_SV_ARG(from->path), dwi_type_kind_name(from->type->kind));
    for (size_t i = 0; i < from->n_values; i++)
        if (!dwi_type_is_bytes(from->type) && from->values[i].len != width)
            return dwi_err(err, DW_E_SCHEMA, "column %.*s: a value of %zu bytes for type %s",
                           DWI_SV_ARG(from->path), from->values[i].len,
                           dwi_type_kind_name(from->type->kind));
    return DW_OK;
}

static dw_status build_term(dwi_arena *arena, const dwi_schema_tree *schema,
                            const dwi_footer *footer, const dwi_comparison *from,
                            dwi_filter_term *term, dw_error *err)
{
    const dwi_parquet_node *node = dwi_schema_tree_find(&schema->root, from->path);
    dw_status status = DW_OK;

    if (node != NULL && node->n_children > 0)
        return dwi_err(err, DW_E_SCHEMA, "column %.*s: only columns of plain values are compared",
                       DWI_SV_ARG(from->path));
    term->node = node;
    term->op = from->op;
    if (node != NULL && node->first_leaf < footer->n_orders)
        term->order = footer->orders[node->first_leaf];
    if (from->op == DWI_COMPARE_IS_NULL || from->op == DWI_COMPARE_IS_NOT_NULL)
        return DW_OK;
    DWI_TRY(check_values(from, err));
    term->type = dwi_type_copy(arena, from->type);
    if (term->type == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(copy_values(arena, from, term, err));
    if (node != NULL)
        DWI_TRY(dwi_convert_find(arena->alloc, node, term->type, &term->convert, err));
    if (term->convert.form == DWI_CONVERT_NULLS)
        term->node = NULL;
done:
    return status;
}

dw_status dwi_filter_build(dwi_arena *arena, const dwi_schema_tree *schema,
                           const dwi_footer *footer, const dwi_comparison *comparisons, size_t n,
                           dwi_filter *out, dw_error *err)
{
    dw_status status = DW_OK;

    out->n_terms = 0;
    out->terms = dwi_arena_array(arena, n, sizeof(*out->terms));
    if (out->terms == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < n; i++)
        DWI_TRY(build_term(arena, schema, footer, &comparisons[i], &out->terms[i], err));
    out->n_terms = n;
done:
    return status;
}
