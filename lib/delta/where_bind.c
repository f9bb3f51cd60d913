/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/where_impl.h"

#include "base/alloc.h"
#include "delta/file_layout.h"
#include "delta/mapping.h"

typedef struct binder {
    dwi_where *where;
    dwi_arena *arena;
    const dwi_state *state;
    const dwi_type *physical; /* of the schema */
    dwi_where_column *columns;
    size_t max_columns;
} binder;

static dw_status bind(binder *b, const dwi_ast *ast, dwi_where_node *out, dw_error *err);

/* ---- columns ---- */

static size_t count_columns(const dwi_ast *ast)
{
    size_t n = ast->kind == DWI_AST_COLUMN;

    for (const dwi_ast *child = ast->first; child != NULL; child = child->next)
        n += count_columns(child);
    return n;
}

static dw_status no_column(const dwi_ast *ast, dw_error *err)
{
    return dwi_err(err, DW_E_NOT_FOUND, "where: column %.*s: the table has none of this name",
                   DWI_SV_ARG(ast->source));
}

static dw_status find_column(binder *b, const dwi_ast *ast, dwi_where_column *out, dw_error *err)
{
    const dwi_type *type = b->state->schema->root;
    const dwi_type *physical = b->physical;
    size_t *steps = dwi_arena_array(b->arena, ast->n_names, sizeof(*steps));
    dwi_sv *names = dwi_arena_array(b->arena, ast->n_names, sizeof(*names));

    if (steps == NULL || names == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < ast->n_names; i++) {
        int at =
            type->kind == DWI_STRUCT && !type->variant ? dwi_type_find(type, ast->names[i]) : -1;
        if (at < 0)
            return no_column(ast, err);
        if (!dwi_arena_sv(b->arena, physical->fields[at].name, &names[i]))
            return dwi_err_nomem(err);
        if (i == 0) {
            out->field = &type->fields[at];
            out->root = (size_t)at;
        } else {
            steps[i - 1] = (size_t)at;
        }
        type = type->fields[at].type;
        physical = physical->fields[at].type;
    }
    out->n_steps = ast->n_names - 1;
    out->steps = steps;
    out->physical = names;
    out->type = dwi_type_copy(b->arena, type);
    out->partition = dwi_file_layout_is_partition(&b->state->metadata, out->field->name);
    return out->type == NULL ? dwi_err_nomem(err) : DW_OK;
}

static bool same_column(const dwi_where_column *a, const dwi_where_column *b)
{
    return a->root == b->root && a->n_steps == b->n_steps &&
           (a->n_steps == 0 || memcmp(a->steps, b->steps, a->n_steps * sizeof(*a->steps)) == 0);
}

static dw_status bind_column(binder *b, const dwi_ast *ast, size_t *out, dw_error *err)
{
    dwi_where_column column = {0};
    dwi_where *where = b->where;
    dw_status status;

    DWI_TRY(find_column(b, ast, &column, err));
    for (*out = 0; *out < where->n_columns; ++*out)
        if (same_column(&b->columns[*out], &column))
            return DW_OK;
    b->columns[where->n_columns++] = column;
    where->partition_only = where->partition_only && column.partition;
done:
    return status;
}

/* ---- types ---- */

/* A value: a column of its kind, or a literal. */
typedef struct operand {
    const dwi_ast *ast;
    bool is_column;
    size_t column;
    const dwi_type *type; /* of a column */
    dwi_value value;
} operand;

static dwi_value_kind kind_of(const operand *o)
{
    return o->is_column ? dwi_value_kind_of(o->type) : o->value.kind;
}

static dw_status bind_operand(binder *b, const dwi_ast *ast, operand *out, dw_error *err)
{
    dw_status status = DW_OK;
    dwi_buf name;

    *out = (operand){.ast = ast, .is_column = ast->kind == DWI_AST_COLUMN, .value = ast->value};
    if (!out->is_column)
        return DW_OK;
    DWI_TRY(bind_column(b, ast, &out->column, err));
    out->type = b->columns[out->column].type;
    if (kind_of(out) == DWI_VALUE_NULL && out->type->kind != DWI_VOID) {
        dwi_buf_init(&name, b->arena->alloc);
        dwi_type_append_name(&name, out->type);
        status = dwi_buf_cstr(&name) == NULL
                     ? dwi_err_nomem(err)
                     : dwi_err(err, DW_E_ARG,
                               "where: column %.*s: values of type %s are not to be compared",
                               DWI_SV_ARG(ast->source), (const char *)name.data);
        dwi_buf_done(&name);
    }
done:
    return status;
}

static dw_status do_not_meet(const operand *a, const operand *b, const char *hint, dw_error *err)
{
    if (!a->is_column && b->is_column)
        return do_not_meet(b, a, hint, err);
    return dwi_err(err, DW_E_ARG, "where: %s%.*s (%s): not to be compared with %.*s%s",
                   a->is_column ? "column " : "", DWI_SV_ARG(a->ast->source),
                   a->is_column ? dwi_type_kind_name(a->type->kind) : "literal",
                   DWI_SV_ARG(b->ast->source), hint);
}

/* The type to which a text is cast that is compared with it; NULL: to none. */
static const dwi_type *cast_target(const operand *o)
{
    static const dwi_type types[] = {
        [DWI_VALUE_BOOLEAN] = {.kind = DWI_BOOLEAN}, [DWI_VALUE_INTEGER] = {.kind = DWI_LONG},
        [DWI_VALUE_DECIMAL] = {.kind = DWI_DOUBLE},  [DWI_VALUE_FLOATING] = {.kind = DWI_DOUBLE},
        [DWI_VALUE_BYTES] = {.kind = DWI_BINARY},    [DWI_VALUE_DATE] = {.kind = DWI_DATE},
        [DWI_VALUE_TIME] = {.kind = DWI_TIMESTAMP},
    };
    dwi_value_kind kind = kind_of(o);

    if (o->is_column && kind == DWI_VALUE_TIME)
        return o->type;
    return kind == DWI_VALUE_NULL || kind == DWI_VALUE_TEXT ? NULL : &types[kind];
}

/* A literal text becomes what it is compared with. */
static dw_status cast_to(operand *text, const operand *other, dw_error *err)
{
    const dwi_type *target = cast_target(other);

    if (target == NULL || dwi_value_cast_text(text->ast->value.bytes, target, &text->value))
        return DW_OK;
    return dwi_err(err, DW_E_ARG, "where: %s%.*s: %.*s is no %s%s",
                   other->is_column ? "column " : "", DWI_SV_ARG(other->ast->source),
                   DWI_SV_ARG(text->ast->source), dwi_type_kind_name(target->kind),
                   target->kind == DWI_TIMESTAMP_NTZ ? " (without a time zone)" : "");
}

/* Both sides of a comparison go together, or do so after a cast. */
static dw_status unify(operand *a, operand *b, dw_error *err)
{
    dw_status status = DW_OK;

    if (!a->is_column && kind_of(a) == DWI_VALUE_TEXT)
        DWI_TRY(cast_to(a, b, err));
    else if (!b->is_column && kind_of(b) == DWI_VALUE_TEXT)
        DWI_TRY(cast_to(b, a, err));
    if (!dwi_value_kinds_meet(kind_of(a), kind_of(b)))
        status = do_not_meet(a, b,
                             kind_of(a) == DWI_VALUE_TEXT || kind_of(b) == DWI_VALUE_TEXT
                                 ? ", which is no text in quotes"
                                 : "",
                             err);
done:
    return status;
}

/* ---- leaves ---- */

bool dwi_where_holds(dwi_ast_op op, int order)
{
    switch (op) {
    case DWI_AST_NE:
        return order != 0;
    case DWI_AST_LT:
        return order < 0;
    case DWI_AST_LE:
        return order <= 0;
    case DWI_AST_GT:
        return order > 0;
    case DWI_AST_GE:
        return order >= 0;
    default:
        return order == 0;
    }
}

static dwi_ast_op turned(dwi_ast_op op)
{
    switch (op) {
    case DWI_AST_LT:
        return DWI_AST_GT;
    case DWI_AST_LE:
        return DWI_AST_GE;
    case DWI_AST_GT:
        return DWI_AST_LT;
    case DWI_AST_GE:
        return DWI_AST_LE;
    default:
        return op;
    }
}

static dwi_where_node constant(dwi_outcomes outcome)
{
    return (dwi_where_node){.kind = DWI_WHERE_CONST, .outcome = outcome};
}

static dwi_where_node compare_literals(dwi_ast_op op, const dwi_value *a, const dwi_value *b)
{
    bool null_a = a->kind == DWI_VALUE_NULL;
    bool null_b = b->kind == DWI_VALUE_NULL;

    if (!null_a && !null_b)
        return constant(dwi_outcome_of(dwi_where_holds(op, dwi_value_compare(a, b))));
    return constant(op == DWI_AST_SAME ? dwi_outcome_of(null_a == null_b) : DWI_IS_NULL);
}

static dw_status bind_compare(binder *b, const dwi_ast *ast, dwi_where_node *out, dw_error *err)
{
    dwi_ast_op op = ast->op;
    dw_status status;
    operand left;
    operand right;
    operand swap;

    DWI_TRY(bind_operand(b, ast->first, &left, err));
    DWI_TRY(bind_operand(b, ast->first->next, &right, err));
    DWI_TRY(unify(&left, &right, err));
    if (!left.is_column && right.is_column) {
        swap = left;
        left = right;
        right = swap;
        op = turned(op);
    }
    if (!left.is_column)
        *out = compare_literals(op, &left.value, &right.value);
    else if (!right.is_column && right.value.kind == DWI_VALUE_NULL)
        *out = op == DWI_AST_SAME
                   ? (dwi_where_node){.kind = DWI_WHERE_IS_NULL, .column = left.column}
                   : constant(DWI_IS_NULL);
    else
        *out = (dwi_where_node){.kind = DWI_WHERE_COMPARE,
                                .op = op,
                                .column = left.column,
                                .has_other = right.is_column,
                                .other = right.column,
                                .value = right.value};
done:
    return status;
}

static bool has_floating(const dwi_value *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (values[i].kind == DWI_VALUE_FLOATING)
            return true;
    return false;
}

/* One double in a list makes all of it doubles. */
static void widen(dwi_value *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = (dwi_value){.kind = DWI_VALUE_FLOATING, .as.f = dwi_value_double(&values[i])};
}

static dwi_where_node literal_in(const operand *left, const dwi_where_node *list)
{
    if (left->value.kind == DWI_VALUE_NULL)
        return constant(DWI_IS_NULL);
    for (size_t i = 0; i < list->n_values; i++)
        if (dwi_value_compare(&left->value, &list->values[i]) == 0)
            return constant(DWI_IS_TRUE);
    return constant(list->null_in_list ? DWI_IS_NULL : DWI_IS_FALSE);
}

static dw_status bind_in(binder *b, const dwi_ast *ast, dwi_where_node *out, dw_error *err)
{
    const dwi_ast *first = ast->first->next;
    dwi_value *values;
    dw_status status;
    operand left;
    size_t n = 0;

    for (const dwi_ast *item = first; item != NULL; item = item->next)
        n++;
    values = dwi_arena_array(b->arena, n, sizeof(*values));
    if (values == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(bind_operand(b, ast->first, &left, err));
    *out = (dwi_where_node){.kind = DWI_WHERE_IN, .column = left.column, .values = values};
    for (const dwi_ast *item = first; item != NULL; item = item->next) {
        operand right = {.ast = item, .value = item->value};
        DWI_TRY(unify(&left, &right, err));
        if (right.value.kind == DWI_VALUE_NULL)
            out->null_in_list = true;
        else
            values[out->n_values++] = right.value;
    }
    if (has_floating(values, out->n_values))
        widen(values, out->n_values);
    if (!left.is_column)
        *out = literal_in(&left, out);
done:
    return status;
}

/* ---- patterns ---- */

/* `*at` moves behind text without wildcards; false: the escape character is before what needs none.
 */
static bool take_text(dwi_sv pattern, uint8_t escape, size_t *at, dwi_buf *text)
{
    dwi_buf_clear(text);
    for (; *at < pattern.len; ++*at) {
        uint8_t c = (uint8_t)pattern.ptr[*at];
        if (c == escape) {
            c = *at + 1 < pattern.len ? (uint8_t)pattern.ptr[++*at] : 0;
            if (c != '%' && c != '_' && c != escape)
                return false;
        } else if (c == '%' || c == '_') {
            break;
        }
        dwi_buf_append_byte(text, c);
    }
    return true;
}

static dw_status read_pattern(binder *b, const dwi_ast *ast, dwi_where_node *out, dw_error *err)
{
    dwi_sv pattern = ast->first->next->value.bytes;
    dwi_like_part *parts = dwi_arena_array(b->arena, pattern.len + 1, sizeof(*parts));
    dw_status status = parts == NULL ? dwi_err_nomem(err) : DW_OK;
    size_t at = 0;
    dwi_buf text;

    dwi_buf_init(&text, b->arena->alloc);
    while (status == DW_OK && at < pattern.len) {
        size_t start = at;
        if (!take_text(pattern, ast->escape, &at, &text))
            status = dwi_err(err, DW_E_ARG,
                             "where: LIKE %.*s: the escape character %c must be before %%, _ or "
                             "itself",
                             DWI_SV_ARG(ast->first->next->source), ast->escape);
        else if (dwi_buf_status(&text, err) != DW_OK)
            status = DW_E_NOMEM;
        else if (at == start)
            parts[out->n_parts++].kind = pattern.ptr[at++] == '%' ? DWI_LIKE_MANY : DWI_LIKE_ONE;
        else if (!dwi_arena_sv(b->arena, (dwi_sv){(const char *)text.data, text.len},
                               &parts[out->n_parts++].text))
            status = dwi_err_nomem(err);
    }
    out->parts = parts;
    dwi_buf_done(&text);
    return status;
}

static size_t character_at(dwi_sv text, size_t at)
{
    size_t n = 1;

    while (at + n < text.len && ((uint8_t)text.ptr[at + n] & 0xc0) == 0x80)
        n++;
    return n;
}

bool dwi_like_matches(const dwi_like_part *parts, size_t n, dwi_sv text)
{
    size_t part = 0;
    size_t at = 0;
    size_t many = SIZE_MAX; /* the last % passed, and where its text ended when it was tried last */
    size_t many_at = 0;

    while (part < n || at < text.len) {
        if (part < n && parts[part].kind == DWI_LIKE_MANY) {
            many = part++;
            many_at = at;
            continue;
        }
        if (part < n && parts[part].kind == DWI_LIKE_ONE && at < text.len) {
            at += character_at(text, at);
            part++;
            continue;
        }
        if (part < n && parts[part].kind == DWI_LIKE_TEXT &&
            text.len - at >= parts[part].text.len &&
            memcmp(text.ptr + at, parts[part].text.ptr, parts[part].text.len) == 0) {
            at += parts[part++].text.len;
            continue;
        }
        if (many == SIZE_MAX || many_at >= text.len)
            return false;
        many_at += character_at(text, many_at);
        at = many_at;
        part = many + 1;
    }
    return true;
}

static dw_status bind_like(binder *b, const dwi_ast *ast, dwi_where_node *out, dw_error *err)
{
    dw_status status;
    operand left;

    DWI_TRY(bind_operand(b, ast->first, &left, err));
    if (kind_of(&left) != DWI_VALUE_TEXT && kind_of(&left) != DWI_VALUE_NULL)
        return dwi_err(err, DW_E_ARG, "where: %s%.*s: LIKE needs a text",
                       left.is_column ? "column " : "", DWI_SV_ARG(ast->first->source));
    *out = (dwi_where_node){.kind = DWI_WHERE_LIKE, .column = left.column};
    if (ast->first->next->value.kind == DWI_VALUE_TEXT)
        DWI_TRY(read_pattern(b, ast, out, err));
    if (ast->first->next->value.kind == DWI_VALUE_NULL || kind_of(&left) == DWI_VALUE_NULL)
        *out = constant(DWI_IS_NULL);
    else if (!left.is_column)
        *out =
            constant(dwi_outcome_of(dwi_like_matches(out->parts, out->n_parts, left.value.bytes)));
done:
    return status;
}

/* ---- conditions ---- */

static dw_status bind_children(binder *b, const dwi_ast *ast, dwi_where_node *out, dw_error *err)
{
    dwi_where_node *children;
    dw_status status = DW_OK;

    for (const dwi_ast *child = ast->first; child != NULL; child = child->next)
        out->n_children++;
    children = dwi_arena_array(b->arena, out->n_children, sizeof(*children));
    if (children == NULL)
        return dwi_err_nomem(err);
    out->children = children;
    for (const dwi_ast *child = ast->first; child != NULL; child = child->next)
        DWI_TRY(bind(b, child, children++, err));
done:
    return status;
}

/* A column or literal that stands for a condition. */
static dw_status bind_boolean(binder *b, const dwi_ast *ast, dwi_where_node *out, dw_error *err)
{
    dw_status status;
    operand value;

    DWI_TRY(bind_operand(b, ast, &value, err));
    if (kind_of(&value) != DWI_VALUE_BOOLEAN && kind_of(&value) != DWI_VALUE_NULL)
        return dwi_err(err, DW_E_ARG, "where: %s%.*s is no condition",
                       value.is_column ? "column " : "", DWI_SV_ARG(ast->source));
    if (value.is_column)
        *out = (dwi_where_node){.kind = DWI_WHERE_BOOLEAN, .column = value.column};
    else
        *out = constant(value.value.kind == DWI_VALUE_NULL ? (dwi_outcomes)DWI_IS_NULL
                                                           : dwi_outcome_of(value.value.as.i != 0));
done:
    return status;
}

static dw_status bind_is_null(binder *b, const dwi_ast *ast, dwi_where_node *out, dw_error *err)
{
    const dwi_ast *of = ast->first;
    dw_status status;

    *out = (dwi_where_node){.kind = DWI_WHERE_IS_NULL};
    if (of->kind == DWI_AST_LITERAL) {
        *out = constant(dwi_outcome_of(of->value.kind == DWI_VALUE_NULL));
        return DW_OK;
    }
    if (of->kind == DWI_AST_COLUMN) /* of any type */
        return bind_column(b, of, &out->column, err);
    *out = (dwi_where_node){.kind = DWI_WHERE_IS, .outcome = DWI_IS_NULL};
    status = bind_children(b, ast, out, err);
    return status;
}

static dw_status bind(binder *b, const dwi_ast *ast, dwi_where_node *out, dw_error *err)
{
    switch (ast->kind) {
    case DWI_AST_COMPARE:
        return bind_compare(b, ast, out, err);
    case DWI_AST_IN:
        return bind_in(b, ast, out, err);
    case DWI_AST_LIKE:
        return bind_like(b, ast, out, err);
    case DWI_AST_IS_NULL:
        return bind_is_null(b, ast, out, err);
    case DWI_AST_IS_TRUE:
    case DWI_AST_IS_FALSE:
        *out = (dwi_where_node){.kind = DWI_WHERE_IS,
                                .outcome = dwi_outcome_of(ast->kind == DWI_AST_IS_TRUE)};
        return bind_children(b, ast, out, err);
    case DWI_AST_NOT:
        *out = (dwi_where_node){.kind = DWI_WHERE_NOT};
        return bind_children(b, ast, out, err);
    case DWI_AST_AND:
    case DWI_AST_OR:
        *out = (dwi_where_node){.kind = ast->kind == DWI_AST_AND ? DWI_WHERE_AND : DWI_WHERE_OR};
        return bind_children(b, ast, out, err);
    default:
        return bind_boolean(b, ast, out, err);
    }
}

static dw_status list_roots(dwi_where *where, dw_error *err)
{
    size_t *roots = dwi_arena_array(&where->arena, where->n_columns, sizeof(*roots));

    if (roots == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < where->n_columns; i++) {
        size_t k = 0;
        while (k < where->n_roots && roots[k] != where->columns[i].root)
            k++;
        roots[k] = where->columns[i].root;
        where->n_roots += k == where->n_roots;
    }
    where->roots = roots;
    return DW_OK;
}

/* The names that messages and batches go by outlive the state. */
static dw_status keep_fields(dwi_where *where, dwi_where_column *columns, dw_error *err)
{
    for (size_t i = 0; i < where->n_columns; i++) {
        dwi_field *field = dwi_arena_zero(&where->arena, sizeof(*field));
        if (field == NULL || !dwi_type_copy_field(&where->arena, columns[i].field, field))
            return dwi_err_nomem(err);
        columns[i].field = field;
    }
    return DW_OK;
}

static dw_status bind_all(dwi_where *where, const dwi_ast *ast, const dwi_state *state,
                          dw_error *err)
{
    binder b = {.where = where, .arena = &where->arena, .state = state};
    dwi_where_node *root = dwi_arena_zero(&where->arena, sizeof(*root));
    dwi_mapping_mode mode;
    dw_status status;

    b.columns = dwi_arena_array(&where->arena, count_columns(ast), sizeof(*b.columns));
    if (root == NULL || b.columns == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(dwi_mapping_mode_of(state->metadata.configuration, &mode, err));
    DWI_TRY(dwi_mapping_physical(&where->arena, state->schema->root, mode, &b.physical, err));
    where->partition_only = true;
    DWI_TRY(bind(&b, ast, root, err));
    DWI_TRY(keep_fields(where, b.columns, err));
    where->root = root;
    where->columns = b.columns;
    status = list_roots(where, err);
done:
    return status;
}

dw_status dwi_where_parse(const dw_allocator *alloc, dwi_sv sql, const dwi_state *state,
                          dwi_where **out, dw_error *err)
{
    dwi_where *where = dwi_alloc_zero(alloc, sizeof(*where));
    const dwi_ast *ast = NULL;
    dw_status status;

    if (where == NULL)
        return dwi_err_nomem(err);
    dwi_arena_init(&where->arena, alloc);
    if (!dwi_arena_sv(&where->arena, sql, &where->sql))
        DWI_TRY(dwi_err_nomem(err));
    /* literals and patterns point into the tree's text */
    DWI_TRY(dwi_where_read(&where->arena, where->sql, &ast, err));
    DWI_TRY(bind_all(where, ast, state, err));
    *out = where;
    where = NULL;
done:
    dwi_where_free(where);
    return status;
}

void dwi_where_free(dwi_where *where)
{
    const dw_allocator *alloc;

    if (where == NULL)
        return;
    alloc = where->arena.alloc;
    dwi_arena_done(&where->arena);
    dwi_free(alloc, where, sizeof(*where));
}

const dw_allocator *dwi_where_alloc(const dwi_where *where)
{
    return where->arena.alloc;
}

dwi_sv dwi_where_sql(const dwi_where *where)
{
    return where->sql;
}

bool dwi_where_is_partition(const dwi_where *where)
{
    return where->partition_only;
}

size_t dwi_where_columns(const dwi_where *where, const size_t **out)
{
    *out = where->roots;
    return where->n_roots;
}
