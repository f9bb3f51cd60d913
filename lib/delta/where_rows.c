/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/where_impl.h"

#include "delta/mapping.h"

typedef struct evaluation {
    const dwi_where *where;
    dwi_arena *arena;
    int64_t rows;
    const dwi_vec **columns; /* top-level, by column of the condition */
} evaluation;

/* ---- values ---- */

/* The leaf that a column's path leads to, with the validity of all that is above it. */
typedef struct leaf {
    const dwi_vec *vec;
    int64_t shift;          /* of a row's number, to that in `vec` */
    const uint8_t *is_null; /* a byte each row, NULL: what the leaf says counts */
} leaf;

static bool find_leaf(const evaluation *e, size_t column, leaf *out)
{
    const dwi_where_column *c = &e->where->columns[column];
    uint8_t *is_null = NULL;

    *out = (leaf){.vec = e->columns[column]};
    for (size_t i = 0; i < c->n_steps; i++) {
        const dwi_vec *parent = out->vec;
        if (parent->validity != NULL) {
            if (is_null == NULL)
                is_null = dwi_arena_zero(e->arena, (size_t)e->rows);
            if (is_null == NULL)
                return false;
            for (int64_t row = 0; row < e->rows; row++)
                is_null[row] |= !dwi_vec_is_valid(parent, out->shift + row);
        }
        out->shift += parent->offset;
        out->vec = &parent->children[c->steps[i]];
    }
    out->is_null = is_null;
    return true;
}

static bool has_value(const leaf *l, int64_t row)
{
    return (l->is_null == NULL || !l->is_null[row]) && l->vec->type->kind != DWI_VOID &&
           dwi_vec_is_valid(l->vec, l->shift + row);
}

/* ---- leaves ---- */

/* Whole numbers, and dates and times of the same kind. */
static void compare_integers(const leaf *l, const dwi_where_node *node, int64_t rows,
                             dwi_outcomes *out)
{
    const int64_t literal = node->value.as.i;
    dwi_value value;

    for (int64_t row = 0; row < rows; row++) {
        if (!has_value(l, row)) {
            out[row] = DWI_IS_NULL;
            continue;
        }
        dwi_value_get(l->vec, l->shift + row, &value);
        out[row] = dwi_outcome_of(
            dwi_where_holds(node->op, (value.as.i > literal) - (value.as.i < literal)));
    }
}

static void compare_any(const leaf *l, const dwi_where_node *node, int64_t rows, dwi_outcomes *out)
{
    dwi_value value;

    for (int64_t row = 0; row < rows; row++) {
        if (!has_value(l, row)) {
            out[row] = DWI_IS_NULL;
            continue;
        }
        dwi_value_get(l->vec, l->shift + row, &value);
        out[row] =
            dwi_outcome_of(dwi_where_holds(node->op, dwi_value_compare(&value, &node->value)));
    }
}

static bool compare_columns(const evaluation *e, const leaf *l, const dwi_where_node *node,
                            dwi_outcomes *out)
{
    dwi_value a;
    dwi_value b;
    leaf other;

    if (!find_leaf(e, node->other, &other))
        return false;
    for (int64_t row = 0; row < e->rows; row++) {
        bool has_a = has_value(l, row);
        bool has_b = has_value(&other, row);
        if (!has_a || !has_b) {
            out[row] = node->op != DWI_AST_SAME ? (dwi_outcomes)DWI_IS_NULL
                                                : dwi_outcome_of(has_a == has_b);
            continue;
        }
        dwi_value_get(l->vec, l->shift + row, &a);
        dwi_value_get(other.vec, other.shift + row, &b);
        out[row] = dwi_outcome_of(dwi_where_holds(node->op, dwi_value_compare(&a, &b)));
    }
    return true;
}

static bool compare(const evaluation *e, const leaf *l, const dwi_where_node *node,
                    dwi_outcomes *out)
{
    dwi_value_kind kind = dwi_value_kind_of(l->vec->type);

    if (node->has_other)
        return compare_columns(e, l, node, out);
    if (kind == node->value.kind && (kind == DWI_VALUE_INTEGER || kind == DWI_VALUE_DATE ||
                                     kind == DWI_VALUE_TIME || kind == DWI_VALUE_BOOLEAN))
        compare_integers(l, node, e->rows, out);
    else
        compare_any(l, node, e->rows, out);
    if (node->op == DWI_AST_SAME)
        for (int64_t row = 0; row < e->rows; row++)
            if (out[row] == DWI_IS_NULL)
                out[row] = DWI_IS_FALSE;
    return true;
}

static bool is_in(const dwi_where_node *node, const dwi_value *value)
{
    for (size_t i = 0; i < node->n_values; i++)
        if (dwi_value_compare(value, &node->values[i]) == 0)
            return true;
    return false;
}

static void judge_values(const leaf *l, const dwi_where_node *node, int64_t rows, dwi_outcomes *out)
{
    dwi_value value;

    for (int64_t row = 0; row < rows; row++) {
        bool has = has_value(l, row);
        out[row] = DWI_IS_NULL;
        if (node->kind == DWI_WHERE_IS_NULL)
            out[row] = dwi_outcome_of(!has);
        if (!has || node->kind == DWI_WHERE_IS_NULL)
            continue;
        dwi_value_get(l->vec, l->shift + row, &value);
        if (node->kind == DWI_WHERE_BOOLEAN)
            out[row] = dwi_outcome_of(value.as.i != 0);
        else if (node->kind == DWI_WHERE_LIKE)
            out[row] = dwi_outcome_of(dwi_like_matches(node->parts, node->n_parts, value.bytes));
        else if (is_in(node, &value))
            out[row] = DWI_IS_TRUE;
        else
            out[row] = node->null_in_list ? DWI_IS_NULL : DWI_IS_FALSE;
    }
}

/* ---- the tree ---- */

static dwi_outcomes *evaluate(const evaluation *e, const dwi_where_node *node);

static bool join(const evaluation *e, const dwi_where_node *node, dwi_outcomes *out)
{
    const dwi_outcomes *next;

    for (size_t i = 0; i < node->n_children; i++) {
        next = evaluate(e, &node->children[i]);
        if (next == NULL)
            return false;
        for (int64_t row = 0; row < e->rows; row++)
            out[row] = i == 0                        ? next[row]
                       : node->kind == DWI_WHERE_AND ? dwi_outcomes_and(out[row], next[row])
                                                     : dwi_outcomes_or(out[row], next[row]);
    }
    return true;
}

static bool modify(const evaluation *e, const dwi_where_node *node, dwi_outcomes *out)
{
    const dwi_outcomes *of = evaluate(e, &node->children[0]);

    if (of == NULL)
        return false;
    for (int64_t row = 0; row < e->rows; row++)
        out[row] = node->kind == DWI_WHERE_NOT ? dwi_outcomes_not(of[row])
                                               : dwi_outcome_of(of[row] == node->outcome);
    return true;
}

/* One outcome for each row; NULL when out of memory. */
static dwi_outcomes *evaluate(const evaluation *e, const dwi_where_node *node)
{
    dwi_outcomes *out = dwi_arena_alloc(e->arena, (size_t)e->rows);
    bool fine = true;
    leaf l;

    if (out == NULL)
        return NULL;
    switch (node->kind) {
    case DWI_WHERE_CONST:
        memset(out, node->outcome, (size_t)e->rows);
        break;
    case DWI_WHERE_AND:
    case DWI_WHERE_OR:
        fine = join(e, node, out);
        break;
    case DWI_WHERE_NOT:
    case DWI_WHERE_IS:
        fine = modify(e, node, out);
        break;
    case DWI_WHERE_COMPARE:
        fine = find_leaf(e, node->column, &l) && compare(e, &l, node, out);
        break;
    default:
        fine = find_leaf(e, node->column, &l);
        if (fine)
            judge_values(&l, node, e->rows, out);
    }
    return fine ? out : NULL;
}

dw_status dwi_where_rows(const dwi_where *where, const dwi_vec *batch, uint32_t *out,
                         int64_t *out_n, dw_error *err)
{
    dw_status status = DW_OK;
    const dwi_outcomes *outcomes;
    dwi_vec *views;
    evaluation e = {.where = where, .rows = batch->length};
    dwi_arena arena;
    int64_t n = 0;

    dwi_arena_init(&arena, where->arena.alloc);
    e.arena = &arena;
    e.columns = dwi_arena_array(&arena, where->n_columns, sizeof(*e.columns));
    views = dwi_arena_array(&arena, where->n_columns, sizeof(*views));
    if (e.columns == NULL || views == NULL)
        DWI_TRY(dwi_err_nomem(err));
    for (size_t i = 0; i < where->n_columns; i++) {
        int at = dwi_type_find(batch->type, where->columns[i].field->name);
        if (at < 0)
            DWI_TRY(dwi_err(err, DW_E_SCHEMA, "where: column %.*s: the rows have none of this name",
                            DWI_SV_ARG(where->columns[i].field->name)));
        views[i] = batch->children[at];
        views[i].offset += batch->offset;
        e.columns[i] = &views[i];
    }
    outcomes = evaluate(&e, where->root);
    if (outcomes == NULL)
        DWI_TRY(dwi_err_nomem(err));
    for (int64_t row = 0; row < e.rows; row++) {
        out[n] = (uint32_t)row;
        n += outcomes[row] == DWI_IS_TRUE;
    }
    *out_n = n;
done:
    dwi_arena_done(&arena);
    return status;
}

/* ---- what the Parquet reader can look for ---- */

typedef struct gathering {
    const dwi_where *where;
    dwi_arena *arena;
    const dwi_type *physical;
    dwi_comparison *list;
    size_t n;
} gathering;

static size_t count_conjuncts(const dwi_where_node *node)
{
    size_t n = 0;

    if (node->kind != DWI_WHERE_AND)
        return 1;
    for (size_t i = 0; i < node->n_children; i++)
        n += count_conjuncts(&node->children[i]);
    return n;
}

static bool path_of(const gathering *g, const dwi_where_column *column, dwi_sv *out)
{
    const dwi_type *type = g->physical;
    bool fine;
    dwi_buf path;

    dwi_buf_init(&path, g->arena->alloc);
    for (size_t i = 0; i <= column->n_steps; i++) {
        size_t at = i == 0 ? column->root : column->steps[i - 1];
        if (i > 0)
            dwi_buf_append_byte(&path, '.');
        dwi_buf_append(&path, type->fields[at].name.ptr, type->fields[at].name.len);
        type = type->fields[at].type;
    }
    fine = dwi_buf_cstr(&path) != NULL &&
           dwi_arena_sv(g->arena, (dwi_sv){(const char *)path.data, path.len}, out);
    dwi_buf_done(&path);
    return fine;
}

/* The comparison of columns of this type that rules out no row that passes; false: none. NaN is
 * above all here, but no bound tells of it. */
static bool operator_of(const dwi_where_node *node, const dwi_type *type, dwi_compare_op *out)
{
    static const dwi_compare_op ops[] = {
        [DWI_AST_EQ] = DWI_COMPARE_EQ, [DWI_AST_LT] = DWI_COMPARE_LT,
        [DWI_AST_LE] = DWI_COMPARE_LE, [DWI_AST_GT] = DWI_COMPARE_GT,
        [DWI_AST_GE] = DWI_COMPARE_GE, [DWI_AST_SAME] = DWI_COMPARE_EQ,
    };
    bool floating = type->kind == DWI_FLOAT || type->kind == DWI_DOUBLE;

    if (node->kind == DWI_WHERE_IN) {
        *out = DWI_COMPARE_IN;
        return true;
    }
    if (node->has_other || node->op == DWI_AST_NE ||
        (floating && (node->op == DWI_AST_GT || node->op == DWI_AST_GE)))
        return false;
    *out = ops[node->op];
    return true;
}

/* The literals as columns of the type hold them; `*out` NULL: one of them cannot be had so. */
static bool values_of(const gathering *g, const dwi_where_node *node, const dwi_type *type,
                      dwi_sv **out)
{
    const dwi_value *from = node->kind == DWI_WHERE_IN ? node->values : &node->value;
    size_t n = node->kind == DWI_WHERE_IN ? node->n_values : 1;
    size_t width = type->kind == DWI_BOOLEAN ? 1 : dwi_type_width(type);
    dwi_sv *values = dwi_arena_array(g->arena, n, sizeof(*values));
    uint8_t *fixed = dwi_arena_array(g->arena, n, 16);

    *out = NULL;
    if (values == NULL || fixed == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        values[i] =
            dwi_type_is_bytes(type) ? from[i].bytes : (dwi_sv){(const char *)fixed + 16 * i, width};
        if (!dwi_type_is_bytes(type) && !dwi_value_to_fixed(&from[i], type, fixed + 16 * i))
            return true;
    }
    *out = values;
    return true;
}

static bool gather_leaf(gathering *g, const dwi_where_node *node, bool negated)
{
    const dwi_where_column *column = &g->where->columns[node->column];
    dwi_comparison *out = &g->list[g->n];
    dwi_sv *values = NULL;

    if (column->partition || column->type->n_fields > 0)
        return true;
    if (node->kind == DWI_WHERE_IS_NULL) {
        *out = (dwi_comparison){.op = negated ? DWI_COMPARE_IS_NOT_NULL : DWI_COMPARE_IS_NULL};
        g->n++;
        return path_of(g, column, &out->path);
    }
    if (negated || !operator_of(node, column->type, &out->op))
        return true;
    if (!values_of(g, node, column->type, &values))
        return false;
    if (values == NULL)
        return true;
    out->type = column->type;
    out->n_values = node->kind == DWI_WHERE_IN ? node->n_values : 1;
    out->values = values;
    g->n++;
    return path_of(g, column, &out->path);
}

static bool gather(gathering *g, const dwi_where_node *node)
{
    const dwi_where_node *child = node->children;

    switch (node->kind) {
    case DWI_WHERE_AND:
        for (size_t i = 0; i < node->n_children; i++)
            if (!gather(g, &node->children[i]))
                return false;
        return true;
    case DWI_WHERE_NOT:
        return child->kind != DWI_WHERE_IS_NULL || gather_leaf(g, child, true);
    case DWI_WHERE_IS_NULL:
    case DWI_WHERE_COMPARE:
    case DWI_WHERE_IN:
        return gather_leaf(g, node, false);
    default:
        return true;
    }
}

dw_status dwi_where_comparisons(const dwi_where *where, dwi_arena *arena, const dwi_type *physical,
                                const dwi_comparison **out, size_t *out_n, dw_error *err)
{
    gathering g = {.where = where, .arena = arena, .physical = physical};

    g.list = dwi_arena_array(arena, count_conjuncts(where->root), sizeof(*g.list));
    if (g.list == NULL || !gather(&g, where->root))
        return dwi_err_nomem(err);
    *out = g.list;
    *out_n = g.n;
    return DW_OK;
}
