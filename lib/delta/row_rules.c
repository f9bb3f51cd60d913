/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/row_rules.h"

#include "base/utf8.h"
#include "delta/file_layout.h"
#include "json/json_doc.h"

#define NOTE_KEY "__CHAR_VARCHAR_TYPE_STRING"

/* ---- reading the note: Spark's short text of a type, "array<varchar(5)>" ---- */

typedef struct note {
    dwi_arena *arena;
    dwi_sv text;
    size_t at;
} note;

static bool take(note *in, dwi_sv word)
{
    dwi_sv rest = {in->text.ptr + in->at, in->text.len - in->at};

    if (rest.len < word.len || !dwi_sv_eq_nocase((dwi_sv){rest.ptr, word.len}, word))
        return false;
    in->at += word.len;
    return true;
}

/* "(123)". */
static bool take_length(note *in, int64_t *out)
{
    size_t start = ++in->at;

    while (in->at < in->text.len && in->text.ptr[in->at] != ')')
        in->at++;
    return in->at < in->text.len &&
           dwi_sv_to_i64((dwi_sv){in->text.ptr + start, in->at++ - start}, out) && *out >= 0;
}

/* A type that has no length: up to what ends it. */
static bool pass_by(note *in)
{
    size_t start = in->at;
    int depth = 0;

    for (; in->at < in->text.len; in->at++) {
        char c = in->text.ptr[in->at];
        depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (depth == 0 && (c == ',' || c == '>'))
            break;
    }
    return in->at > start;
}

/* "name:" as it is, or in backticks. */
static bool take_field_name(note *in, dwi_sv name)
{
    size_t start = in->at;

    if (take(in, name) && take(in, DWI_SV(":")))
        return true;
    in->at = start;
    if (!take(in, DWI_SV("`")))
        return false;
    for (; in->at < in->text.len; in->at++) {
        if (in->text.ptr[in->at] != '`')
            continue;
        in->at++;
        if (in->at < in->text.len && in->text.ptr[in->at] == ':')
            break;
    }
    return take(in, DWI_SV(":"));
}

static bool read_limit(note *in, const dwi_type *type, dwi_length_limit *out);

static bool read_parts(note *in, const dwi_type *type, dwi_length_limit *out)
{
    dwi_length_limit *parts = dwi_arena_array(in->arena, type->n_fields, sizeof(*parts));

    if (parts == NULL)
        return false;
    for (size_t i = 0; i < type->n_fields; i++) {
        if ((i > 0 && !take(in, DWI_SV(","))) ||
            (type->kind == DWI_STRUCT && !take_field_name(in, type->fields[i].name)) ||
            !read_limit(in, type->fields[i].type, &parts[i]))
            return false;
        out->any = out->any || parts[i].any;
    }
    out->children = parts;
    return take(in, DWI_SV(">"));
}

static bool read_limit(note *in, const dwi_type *type, dwi_length_limit *out)
{
    *out = (dwi_length_limit){.chars = -1};
    switch (type->kind) {
    case DWI_STRING:
        if (!take(in, DWI_SV("varchar")) && !take(in, DWI_SV("char")))
            return pass_by(in);
        out->any = true;
        return in->at < in->text.len && in->text.ptr[in->at] == '(' && take_length(in, &out->chars);
    case DWI_ARRAY:
        return take(in, DWI_SV("array<")) && read_parts(in, type, out);
    case DWI_MAP:
        return take(in, DWI_SV("map<")) && read_parts(in, type, out);
    case DWI_STRUCT:
        return take(in, DWI_SV("struct<")) && read_parts(in, type, out);
    default:
        return pass_by(in);
    }
}

/* Without a note, and quickly so, there is no limit. */
static dw_status limit_of(dwi_arena *arena, const dwi_field *field, dwi_length_limit *out,
                          dw_error *err)
{
    const dwi_json *metadata = NULL;
    note in = {.arena = arena};
    dw_status status;

    *out = (dwi_length_limit){.chars = -1};
    if (field->metadata_json.len <= sizeof(NOTE_KEY))
        return DW_OK;
    DWI_TRY(dwi_json_parse(arena, field->metadata_json, field->name.ptr, &metadata, err));
    if (!dwi_json_as_string(dwi_json_get(metadata, NOTE_KEY), &in.text))
        return DW_OK;
    if (!read_limit(&in, field->type, out) || in.at != in.text.len)
        status =
            dwi_err(err, DW_E_UNSUPPORTED, "column %s: " NOTE_KEY " \"%.*s\" is not understood",
                    field->name.ptr, DWI_SV_ARG(in.text));
done:
    return status;
}

dw_status dwi_row_rules_init(dwi_row_rules *out, dwi_arena *arena, const dwi_state *state,
                             dw_error *err)
{
    const dwi_type *root = state->schema->root;
    dwi_row_rule *rules = dwi_arena_array(arena, root->n_fields, sizeof(*rules));
    dw_status status = DW_OK;
    size_t n = 0;

    if (rules == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < root->n_fields; i++) {
        const dwi_field *field = &root->fields[i];
        bool partition = dwi_file_layout_is_partition(&state->metadata, field->name);
        dwi_row_rule rule = {.column = i, .name = field->name};
        rule.not_empty = partition && !field->nullable && dwi_type_is_bytes(field->type);
        rule.utf8 = partition && field->type->kind == DWI_BINARY;
        DWI_TRY(limit_of(arena, field, &rule.limit, err));
        if (rule.not_empty || rule.utf8 || rule.limit.any)
            rules[n++] = rule;
    }
    *out = (dwi_row_rules){.n = n, .rules = rules};
    status = dwi_row_checks_init(&out->checks, arena, state, err);
done:
    return status;
}

void dwi_row_rules_done(dwi_row_rules *rules)
{
    dwi_row_checks_done(&rules->checks);
}

/* ---- checking ---- */

static dw_status check_text(const dwi_row_rule *rule, const dwi_length_limit *limit,
                            const void *data, size_t len, dw_error *err)
{
    /* no character takes less than a byte */
    if (len <= (size_t)limit->chars || dwi_utf8_prefix(data, len, (size_t)limit->chars) == len)
        return DW_OK;
    return dwi_err(err, DW_E_SCHEMA, "column %.*s: a value has more than %lld characters",
                   DWI_SV_ARG(rule->name), (long long)limit->chars);
}

static dw_status check_length(const dwi_row_rule *rule, const dwi_length_limit *limit,
                              const dwi_vec *vec, int64_t row, dw_error *err)
{
    int64_t at = vec->offset + row;
    int64_t first = row;
    int64_t end = row + 1;
    dw_status status = DW_OK;

    if (!limit->any || !dwi_vec_is_valid(vec, row))
        return DW_OK;
    if (vec->type->kind == DWI_STRING)
        return check_text(rule, limit, vec->data + vec->offsets[at],
                          (size_t)(vec->offsets[at + 1] - vec->offsets[at]), err);
    if (vec->type->kind == DWI_STRUCT) {
        for (size_t i = 0; i < vec->n_children && status == DW_OK; i++)
            status = check_length(rule, &limit->children[i], &vec->children[i], at, err);
        return status;
    }
    first = vec->offsets[at];
    end = vec->offsets[at + 1];
    for (int64_t i = first; i < end && status == DW_OK; i++) {
        const dwi_vec *entries = &vec->children[0];
        if (vec->type->kind == DWI_ARRAY) {
            status = check_length(rule, &limit->children[0], entries, i, err);
            continue;
        }
        for (size_t k = 0; k < 2 && status == DW_OK; k++)
            status = check_length(rule, &limit->children[k], &entries->children[k],
                                  entries->offset + i, err);
    }
    return status;
}

static dw_status check_value(const dwi_row_rule *rule, const dwi_vec *vec, int64_t row,
                             dw_error *err)
{
    int64_t at = vec->offset + row;
    size_t len;

    if (rule->not_empty || rule->utf8) {
        len = (size_t)(vec->offsets[at + 1] - vec->offsets[at]);
        if (rule->not_empty && len == 0)
            return dwi_err(err, DW_E_SCHEMA,
                           "column %.*s: an empty partition value counts as null, which the column "
                           "may not be",
                           DWI_SV_ARG(rule->name));
        if (rule->utf8 && dwi_vec_is_valid(vec, row) && len > 0 &&
            !dwi_utf8_valid(vec->data + vec->offsets[at], len))
            return dwi_err(
                err, DW_E_SCHEMA,
                "column %.*s: a partition value is not UTF-8, and the log cannot hold it",
                DWI_SV_ARG(rule->name));
    }
    return check_length(rule, &rule->limit, vec, row, err);
}

/* All rows pass the condition. */
static dw_status check_condition(const dwi_where *where, const dw_allocator *alloc,
                                 const dwi_vec *rows, dw_error *err)
{
    uint32_t *passing;
    dw_status status = DW_OK;
    dwi_arena arena;
    int64_t n = 0;

    dwi_arena_init(&arena, alloc);
    passing = dwi_arena_alloc(&arena, (size_t)rows->length * sizeof(*passing));
    if (passing == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(dwi_where_rows(where, rows, passing, &n, err));
    if (n < rows->length)
        status =
            dwi_err(err, DW_E_SCHEMA, "a row is not among those that are overwritten: where %.*s",
                    DWI_SV_ARG(dwi_where_sql(where)));
done:
    dwi_arena_done(&arena);
    return status;
}

dw_status dwi_row_rules_check(const dwi_row_rules *rules, const dwi_vec *rows, dw_error *err)
{
    dw_status status = DW_OK;

    if (rules->where != NULL)
        status = check_condition(rules->where, dwi_where_alloc(rules->where), rows, err);
    if (status == DW_OK)
        status = dwi_row_checks_rows(&rules->checks, rows, err);

    for (size_t i = 0; i < rules->n && status == DW_OK; i++) {
        const dwi_vec *vec = &rows->children[rules->rules[i].column];
        for (int64_t row = 0; row < rows->length && status == DW_OK; row++)
            status = check_value(&rules->rules[i], vec, rows->offset + row, err);
    }
    return status;
}

static dw_status check_last_row(const dwi_row_rules *rules, const dwi_column *rows,
                                dwi_arena *arena, dw_error *err)
{
    dw_status status = DW_OK;
    const dwi_vec *all = dwi_column_view(rows, arena);
    dwi_vec last;

    if (all == NULL)
        return dwi_err_nomem(err);
    last = *all;
    last.offset += all->length - 1;
    last.length = 1;
    if (rules->where != NULL)
        status = check_condition(rules->where, rows->alloc, &last, err);
    return status == DW_OK ? dwi_row_checks_rows(&rules->checks, &last, err) : status;
}

dw_status dwi_row_rules_check_last(const dwi_row_rules *rules, const dwi_column *rows,
                                   dw_error *err)
{
    dw_status status = DW_OK;
    dwi_arena arena;

    if (rules->n == 0 && rules->where == NULL && rules->checks.n == 0)
        return DW_OK;
    dwi_arena_init(&arena, rows->alloc);
    if (rules->where != NULL || rules->checks.n > 0)
        status = check_last_row(rules, rows, &arena, err);
    for (size_t i = 0; i < rules->n && status == DW_OK; i++) {
        const dwi_vec *vec = dwi_column_view(&rows->children[rules->rules[i].column], &arena);
        status = vec == NULL ? dwi_err_nomem(err)
                             : check_value(&rules->rules[i], vec, rows->length - 1, err);
    }
    dwi_arena_done(&arena);
    return status;
}
