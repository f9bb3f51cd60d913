/* SPDX-License-Identifier: Apache-2.0 */
/* What a condition can be for rows of which only partition values and bounds are known. Each part
 * gives the set of outcomes that some row may have; what cannot be told widens the set, so that
 * "none" and "all" are certain. */
#include "delta/where_impl.h"

#include <math.h>

#include "base/checked.h"
#include "delta/partition_value.h"
#include "json/json_number.h"

/* What is known of a column's values. */
typedef struct range {
    bool may_be_null;
    bool may_have_value;
    bool may_be_nan; /* no bound tells of NaN */
    bool has_min;
    bool has_max;
    dwi_value min;
    dwi_value max;
} range;

typedef struct knowledge {
    dwi_kvs partition_values;
    const dwi_json *stats; /* NULL: none */
    int64_t rows;          /* -1: unknown */
} knowledge;

static const range unknown = {.may_be_null = true, .may_have_value = true, .may_be_nan = true};

/* ---- partition values ---- */

static range exactly(const dwi_value *value)
{
    return (range){
        .may_have_value = true, .has_min = true, .has_max = true, .min = *value, .max = *value};
}

static range range_of_partition(const dwi_where_column *column, dwi_kvs values)
{
    dwi_sv text = {NULL, 0};
    uint64_t fixed[2] = {0, 0};
    dwi_value value;
    bool found = false;

    for (size_t i = 0; i < values.count && !found; i++) {
        found = dwi_sv_eq_nocase(values.items[i].key, column->physical[0]);
        if (found)
            text = values.items[i].value;
    }
    if (text.len == 0) /* empty text is null, too */
        return (range){.may_be_null = true};
    if (dwi_type_is_bytes(column->type)) {
        value = (dwi_value){.kind = dwi_value_kind_of(column->type), .bytes = text};
        return exactly(&value);
    }
    if (!dwi_partition_value_parse(column->type, text, fixed))
        return unknown;
    dwi_value_of_fixed(column->type, fixed, &value);
    return exactly(&value);
}

/* ---- statistics ---- */

static const dwi_json *at_path(const dwi_json *stats, const char *what,
                               const dwi_where_column *column)
{
    const dwi_json *value = dwi_json_get(stats, what);

    for (size_t i = 0; i <= column->n_steps && value != NULL; i++)
        value = dwi_json_get(value, column->physical[i].ptr);
    return value;
}

/* Of a double rounded to a float and not, whichever is farther out: a bound keeps the few digits of
 * a float when its column becomes double. */
static bool floating_bound(const dwi_json *json, const dwi_type *type, bool upper, dwi_value *out)
{
    dwi_sv text = dwi_json_source(json);
    double wide;
    float narrow;

    if (!dwi_json_number_to_double(text, &wide) || !dwi_json_number_to_float(text, &narrow))
        return false;
    if (type->kind == DWI_FLOAT || (upper ? (double)narrow > wide : (double)narrow < wide))
        wide = (double)narrow;
    *out = (dwi_value){.kind = DWI_VALUE_FLOATING, .as.f = wide};
    return true;
}

static bool text_bound(const dwi_where_column *column, dwi_sv text, bool upper, dwi_value *out)
{
    if (!dwi_value_cast_text(text, column->type, out))
        return false;
    /* cut to milliseconds, by some writers in a way of their own */
    if (out->kind == DWI_VALUE_TIME &&
        !dwi_i64_add(out->as.i, upper ? INT64_C(1000) : INT64_C(-1000), &out->as.i))
        return false;
    return true;
}

static bool bound_of(const dwi_json *json, const dwi_where_column *column, bool upper,
                     dwi_value *out)
{
    dwi_sv text;

    if (json == NULL)
        return false;
    *out = (dwi_value){.kind = dwi_value_kind_of(column->type)};
    switch (out->kind) {
    case DWI_VALUE_INTEGER:
        return dwi_json_as_i64(json, &out->as.i);
    case DWI_VALUE_DECIMAL:
        return dwi_json_kind_of(json) == DWI_JSON_NUMBER &&
               dwi_value_parse_decimal(dwi_json_source(json), out);
    case DWI_VALUE_FLOATING:
        return dwi_json_kind_of(json) == DWI_JSON_NUMBER &&
               floating_bound(json, column->type, upper, out);
    case DWI_VALUE_TEXT:
    case DWI_VALUE_DATE:
    case DWI_VALUE_TIME:
        return dwi_json_as_string(json, &text) && text_bound(column, text, upper, out);
    default:
        return false;
    }
}

static range range_of_stats(const dwi_where_column *column, const knowledge *known)
{
    range out = unknown;
    int64_t nulls = -1;

    if (known->stats == NULL)
        return out;
    out.may_be_nan = column->type->kind == DWI_FLOAT || column->type->kind == DWI_DOUBLE;
    if (dwi_json_as_i64(at_path(known->stats, "nullCount", column), &nulls) && nulls >= 0) {
        out.may_be_null = nulls > 0;
        out.may_have_value = known->rows < 0 || nulls < known->rows;
    }
    out.has_min = bound_of(at_path(known->stats, "minValues", column), column, false, &out.min);
    out.has_max = bound_of(at_path(known->stats, "maxValues", column), column, true, &out.max);
    if (out.has_min && out.has_max && dwi_value_compare(&out.min, &out.max) > 0)
        out.has_min = out.has_max = false;
    return out;
}

static range range_of(const dwi_where *where, size_t i, const knowledge *known)
{
    const dwi_where_column *column = &where->columns[i];

    return column->partition ? range_of_partition(column, known->partition_values)
                             : range_of_stats(column, known);
}

/* ---- leaves ---- */

static bool is_nan(const dwi_value *value)
{
    return value->kind == DWI_VALUE_FLOATING && isnan(value->as.f);
}

static bool can_be_nan(const range *r)
{
    return r->may_be_nan || (r->has_max && is_nan(&r->max));
}

/* Values of a are surely below those of b, but for a NaN. */
static bool below(const range *a, const range *b, bool or_equal)
{
    int order;

    if (!a->has_max || !b->has_min)
        return false;
    order = dwi_value_compare(&a->max, &b->min);
    return order < 0 || (or_equal && order == 0);
}

static dwi_outcomes compare_values(dwi_ast_op op, const range *a, const range *b)
{
    bool both_nan = can_be_nan(a) && can_be_nan(b);
    bool less = !below(b, a, true) || b->may_be_nan;
    bool greater = !below(a, b, true) || a->may_be_nan;
    bool equal = both_nan || (!below(a, b, false) && !below(b, a, false));
    dwi_outcomes out = 0;

    if (less)
        out |= dwi_outcome_of(dwi_where_holds(op, -1));
    if (equal)
        out |= dwi_outcome_of(dwi_where_holds(op, 0));
    if (greater)
        out |= dwi_outcome_of(dwi_where_holds(op, 1));
    return out;
}

static dwi_outcomes compare(dwi_ast_op op, const range *a, const range *b)
{
    bool some_null = a->may_be_null || b->may_be_null;
    dwi_outcomes out = 0;

    if (a->may_have_value && b->may_have_value)
        out |= compare_values(op, a, b);
    if (op != DWI_AST_SAME)
        return some_null ? (dwi_outcomes)(out | DWI_IS_NULL) : out;
    if (a->may_be_null && b->may_be_null)
        out |= DWI_IS_TRUE;
    if ((a->may_be_null && b->may_have_value) || (b->may_be_null && a->may_have_value))
        out |= DWI_IS_FALSE;
    return out;
}

static dwi_outcomes compare_node(const dwi_where *where, const dwi_where_node *node,
                                 const knowledge *known)
{
    range a = range_of(where, node->column, known);
    range b = node->has_other ? range_of(where, node->other, known) : exactly(&node->value);

    return compare(node->op, &a, &b);
}

static dwi_outcomes in_node(const dwi_where *where, const dwi_where_node *node,
                            const knowledge *known)
{
    range a = range_of(where, node->column, known);
    dwi_outcomes out = a.may_be_null ? DWI_IS_NULL : 0;
    bool sure = false;

    if (!a.may_have_value)
        return out;
    for (size_t i = 0; i < node->n_values && !sure; i++) {
        range b = exactly(&node->values[i]);
        dwi_outcomes one = compare_values(DWI_AST_EQ, &a, &b);
        sure = one == DWI_IS_TRUE;
        out |= one & DWI_IS_TRUE;
    }
    if (!sure)
        out |= node->null_in_list ? DWI_IS_NULL : DWI_IS_FALSE;
    return out;
}

/* What all texts that pass begin with; false when it says nothing. */
static bool fixed_prefix(const dwi_where_node *node, dwi_sv *out, bool *out_whole)
{
    if (node->n_parts == 0 || node->parts[0].kind != DWI_LIKE_TEXT)
        return false;
    *out = node->parts[0].text;
    /* "text%" alone: what begins so passes */
    *out_whole = node->n_parts == 2 && node->parts[1].kind == DWI_LIKE_MANY;
    return true;
}

static int compare_prefix(const dwi_value *value, dwi_sv prefix)
{
    dwi_sv text = value->bytes;

    if (text.len > prefix.len)
        text.len = prefix.len;
    return dwi_sv_cmp(text, prefix);
}

static dwi_outcomes like_node(const dwi_where *where, const dwi_where_node *node,
                              const knowledge *known)
{
    range a = range_of(where, node->column, known);
    dwi_outcomes out = a.may_be_null ? DWI_IS_NULL : 0;
    dwi_sv prefix;
    bool whole;

    if (!a.may_have_value)
        return out;
    if (a.has_min && a.has_max && dwi_value_compare(&a.min, &a.max) == 0) /* one value */
        return out | dwi_outcome_of(dwi_like_matches(node->parts, node->n_parts, a.min.bytes));
    if (!fixed_prefix(node, &prefix, &whole))
        return out | DWI_IS_TRUE | DWI_IS_FALSE;
    if ((a.has_min && compare_prefix(&a.min, prefix) > 0) ||
        (a.has_max && compare_prefix(&a.max, prefix) < 0))
        return out | DWI_IS_FALSE;
    if (whole && a.has_min && a.has_max && compare_prefix(&a.min, prefix) == 0 &&
        compare_prefix(&a.max, prefix) == 0)
        return out | DWI_IS_TRUE;
    return out | DWI_IS_TRUE | DWI_IS_FALSE;
}

/* ---- the tree ---- */

dwi_outcomes dwi_outcomes_not(dwi_outcomes a)
{
    return (dwi_outcomes)((a & DWI_IS_NULL) | (a & DWI_IS_TRUE ? DWI_IS_FALSE : 0) |
                          (a & DWI_IS_FALSE ? DWI_IS_TRUE : 0));
}

dwi_outcomes dwi_outcomes_and(dwi_outcomes a, dwi_outcomes b)
{
    dwi_outcomes out = (dwi_outcomes)((a | b) & DWI_IS_FALSE);

    if (a == 0 || b == 0)
        return 0;
    out |= (dwi_outcomes)(a & b & DWI_IS_TRUE);
    if (((a | b) & DWI_IS_NULL) && (a & (DWI_IS_NULL | DWI_IS_TRUE)) &&
        (b & (DWI_IS_NULL | DWI_IS_TRUE)))
        out |= DWI_IS_NULL;
    return out;
}

dwi_outcomes dwi_outcomes_or(dwi_outcomes a, dwi_outcomes b)
{
    return dwi_outcomes_not(dwi_outcomes_and(dwi_outcomes_not(a), dwi_outcomes_not(b)));
}

static dwi_outcomes judge(const dwi_where *where, const dwi_where_node *node,
                          const knowledge *known)
{
    dwi_outcomes out;
    range r;

    switch (node->kind) {
    case DWI_WHERE_CONST:
        return node->outcome;
    case DWI_WHERE_BOOLEAN:
        r = range_of(where, node->column, known);
        out = r.may_be_null ? DWI_IS_NULL : 0;
        if (r.may_have_value)
            out |= r.has_min && r.has_max && r.min.as.i == r.max.as.i
                       ? dwi_outcome_of(r.min.as.i != 0)
                       : (dwi_outcomes)(DWI_IS_TRUE | DWI_IS_FALSE);
        return out;
    case DWI_WHERE_IS_NULL:
        r = range_of(where, node->column, known);
        return (dwi_outcomes)((r.may_be_null ? DWI_IS_TRUE : 0) |
                              (r.may_have_value ? DWI_IS_FALSE : 0));
    case DWI_WHERE_COMPARE:
        return compare_node(where, node, known);
    case DWI_WHERE_IN:
        return in_node(where, node, known);
    case DWI_WHERE_LIKE:
        return like_node(where, node, known);
    case DWI_WHERE_IS:
        out = judge(where, &node->children[0], known);
        return (dwi_outcomes)((out & node->outcome ? DWI_IS_TRUE : 0) |
                              (out & ~node->outcome ? DWI_IS_FALSE : 0));
    case DWI_WHERE_NOT:
        return dwi_outcomes_not(judge(where, &node->children[0], known));
    default:
        out = judge(where, &node->children[0], known);
        for (size_t i = 1; i < node->n_children; i++) {
            dwi_outcomes next = judge(where, &node->children[i], known);
            out = node->kind == DWI_WHERE_AND ? dwi_outcomes_and(out, next)
                                              : dwi_outcomes_or(out, next);
        }
        return out;
    }
}

static dwi_verdict verdict(const dwi_where *where, const knowledge *known)
{
    dwi_outcomes out = judge(where, where->root, known);

    if (!(out & DWI_IS_TRUE))
        return DWI_MATCH_NONE;
    return out == DWI_IS_TRUE ? DWI_MATCH_ALL : DWI_MATCH_SOME;
}

dwi_verdict dwi_where_partition(const dwi_where *where, dwi_kvs partition_values)
{
    const knowledge known = {.partition_values = partition_values, .rows = -1};

    return verdict(where, &known);
}

bool dwi_where_may_match(void *ctx, dwi_kvs partition_values)
{
    return dwi_where_partition(ctx, partition_values) != DWI_MATCH_NONE;
}

dw_status dwi_where_file(const dwi_where *where, const dwi_add *add, dwi_verdict *out,
                         dw_error *err)
{
    knowledge known = {.partition_values = add->partition_values, .rows = -1};
    dw_status status = DW_OK;
    dwi_arena arena;

    *out = verdict(where, &known);
    if (*out != DWI_MATCH_SOME || where->partition_only || add->stats.ptr == NULL)
        return DW_OK;
    dwi_arena_init(&arena, where->arena.alloc);
    status = dwi_json_parse(&arena, add->stats, "stats", &known.stats, NULL);
    if (status == DW_E_NOMEM) {
        status = dwi_err_nomem(err);
    } else if (status == DW_OK) {
        if (!dwi_json_as_i64(dwi_json_get(known.stats, "numRecords"), &known.rows) ||
            known.rows < 0)
            known.rows = -1;
        *out = verdict(where, &known);
    } else {
        status = DW_OK;
    }
    dwi_arena_done(&arena);
    return status;
}
