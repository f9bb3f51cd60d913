/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/stats.h"

#include "delta/features.h"
#include "delta/properties.h"
#include "delta/stats_value.h"
#include "json/json_writer.h"

enum { INDEXED_LEAVES = 32, STRING_PREFIX = 32 };

static bool is_container(const dwi_type *type)
{
    return type->kind == DWI_ARRAY || type->kind == DWI_MAP || type->variant;
}

/* Leaves in the Parquet file; void has no column. */
static size_t count_parquet_leaves(const dwi_type *type)
{
    size_t count = 0;

    if (type->n_fields == 0)
        return type->kind == DWI_VOID ? 0 : 1;
    for (size_t i = 0; i < type->n_fields; i++)
        count += count_parquet_leaves(type->fields[i].type);
    return count;
}

/* A struct whose fields have statistics of their own. */
static bool is_struct(const dwi_type *type)
{
    return type->kind == DWI_STRUCT && !type->variant;
}

static size_t count_leaves(const dwi_type *type)
{
    size_t count = 0;

    if (!is_struct(type))
        return type->kind == DWI_VOID ? 0 : 1;
    for (size_t i = 0; i < type->n_fields; i++)
        count += count_leaves(type->fields[i].type);
    return count;
}

static void lay_out(dwi_stats_plan *plan, const dwi_type *type)
{
    if (is_struct(type)) {
        for (size_t i = 0; i < type->n_fields; i++)
            lay_out(plan, type->fields[i].type);
    } else if (type->kind != DWI_VOID) {
        dwi_stats_leaf *leaf = &plan->leaves[plan->n_leaves++];
        leaf->type = type;
        leaf->parquet_leaf = plan->n_parquet_leaves;
        leaf->container = is_container(type);
        plan->has_containers = plan->has_containers || leaf->container;
        plan->n_parquet_leaves += count_parquet_leaves(type);
    }
}

/* Marks the leaves that a path of dataSkippingStatsColumns names; a struct means all of its own. */
static void index_path(dwi_stats_plan *plan, dwi_sv path, char *scratch)
{
    const dwi_type *type = plan->logical;
    size_t first = 0;
    size_t len;

    while (path.len > 0) {
        int found;
        if (!is_struct(type) || !dwi_property_path_name(&path, scratch, &len))
            return;
        found = dwi_type_find(type, (dwi_sv){scratch, len});
        if (found < 0)
            return;
        for (int i = 0; i < found; i++)
            first += count_leaves(type->fields[i].type);
        type = type->fields[found].type;
    }
    for (size_t i = 0, n = count_leaves(type); i < n; i++)
        plan->leaves[first + i].indexed = true;
}

static void index_columns(dwi_stats_plan *plan, dwi_sv list, char *scratch)
{
    dwi_sv path;

    while (dwi_property_next_path(&list, &path))
        if (path.len > 0)
            index_path(plan, path, scratch);
}

static int64_t number_property(const dwi_state *state, const char *key, int64_t lowest,
                               int64_t fallback)
{
    dwi_sv text = dwi_state_property(state, key);
    int64_t value;

    if (text.ptr == NULL || !dwi_sv_to_i64(text, &value) || value < lowest)
        return fallback;
    return value;
}

/* One clustering column, a list of names; `plan->type` has the names that data files have. */
static void index_names(dwi_stats_plan *plan, const dwi_json *names)
{
    const dwi_type *type = plan->type;
    size_t first = 0;

    for (const dwi_json *each = dwi_json_first(names); each != NULL; each = dwi_json_next(each)) {
        dwi_sv name;
        size_t at = 0;
        if (!is_struct(type) || !dwi_json_as_string(each, &name))
            return;
        while (at < type->n_fields && !dwi_sv_eq(type->fields[at].name, name))
            first += count_leaves(type->fields[at++].type);
        if (at == type->n_fields)
            return;
        type = type->fields[at].type;
    }
    if (type != plan->type && count_leaves(type) == 1)
        plan->leaves[first].indexed = true;
}

/* Those that files are clustered by have statistics wherever they stand in the schema. */
static dw_status index_clustering(dwi_stats_plan *plan, const dwi_state *state, dw_error *err)
{
    const dwi_domain_metadata *domain = dwi_state_domain(state, "delta.clustering");
    const dwi_json *root = NULL;
    dwi_arena scratch;
    dw_status status;

    if (domain == NULL)
        return DW_OK;
    dwi_arena_init(&scratch, state->arena.alloc);
    DWI_TRY(dwi_json_parse(&scratch, domain->configuration, "domain delta.clustering", &root, err));
    root = dwi_json_get(root, "clusteringColumns");
    for (const dwi_json *each = dwi_json_first(root); each != NULL; each = dwi_json_next(each))
        index_names(plan, each);
done:
    dwi_arena_done(&scratch);
    return status;
}

static dw_status choose_indexed(dwi_stats_plan *plan, dwi_arena *arena, const dwi_state *state,
                                dw_error *err)
{
    dwi_sv columns = dwi_state_property(state, "delta.dataSkippingStatsColumns");
    int64_t limit = number_property(state, "delta.dataSkippingNumIndexedCols", -1, INDEXED_LEAVES);

    if (columns.ptr != NULL) {
        char *scratch = dwi_arena_alloc(arena, columns.len);
        if (scratch == NULL)
            return dwi_err_nomem(err);
        index_columns(plan, columns, scratch);
        return DW_OK;
    }
    for (size_t i = 0; i < plan->n_leaves; i++)
        plan->leaves[i].indexed = limit < 0 || (int64_t)i < limit;
    return DW_OK;
}

/* The struct of the first `n` fields of another. */
static const dwi_type *first_fields(dwi_arena *arena, const dwi_type *type, size_t n)
{
    dwi_type *made = dwi_arena_dup(arena, type, sizeof(*type));

    if (made != NULL)
        made->n_fields = n;
    return made;
}

dw_status dwi_stats_plan_init(dwi_stats_plan *plan, dwi_arena *arena, const dwi_file_layout *layout,
                              const dwi_state *state, dw_error *err)
{
    dwi_stats_plan made = {.type = first_fields(arena, layout->physical, layout->n_data),
                           .logical = first_fields(arena, layout->logical, layout->n_data)};
    dw_status status;

    if (made.type == NULL || made.logical == NULL)
        return dwi_err_nomem(err);
    made.leaves = dwi_arena_array(arena, count_leaves(made.type), sizeof(*made.leaves));
    if (made.leaves == NULL)
        return dwi_err_nomem(err);
    lay_out(&made, made.type);
    made.tight_bounds = dwi_features_has_writer(&state->protocol, "deletionVectors");
    made.string_prefix =
        (size_t)number_property(state, "delta.dataSkippingStringPrefixLength", 1, STRING_PREFIX);
    if (made.string_prefix > DWI_PARQUET_STAT_BYTES)
        made.string_prefix = DWI_PARQUET_STAT_BYTES;
    DWI_TRY(choose_indexed(&made, arena, state, err));
    DWI_TRY(index_clustering(&made, state, err));
    *plan = made;
done:
    return status;
}

/* A struct vector above the one looked at; row i of the file is its row `shift` + i. */
typedef struct ancestors {
    const dwi_vec *vec;
    int64_t shift;
    const struct ancestors *up;
} ancestors;

static bool is_null(const ancestors *at, int64_t row)
{
    for (; at != NULL; at = at->up)
        if (!dwi_vec_is_valid(at->vec, at->shift + row))
            return true;
    return false;
}

static void count_nulls(dwi_stats_leaf **leaf, const ancestors *at, int64_t rows)
{
    const dwi_vec *vec = at->vec;

    if (is_struct(vec->type)) {
        for (size_t i = 0; i < vec->n_children; i++) {
            ancestors child = {&vec->children[i], at->shift + vec->offset, at};
            count_nulls(leaf, &child, rows);
        }
        return;
    }
    if (vec->type->kind == DWI_VOID)
        return;
    if ((*leaf)->container)
        for (int64_t row = 0; row < rows; row++)
            (*leaf)->null_count += is_null(at, row);
    (*leaf)++;
}

void dwi_stats_plan_count(dwi_stats_plan *plan, const dwi_vec *rows)
{
    dwi_stats_leaf *leaf = plan->leaves;
    dwi_vec data = *rows;
    ancestors root = {&data, 0, NULL};

    data.n_children = plan->type->n_fields; /* columns after them have no statistics */
    if (plan->has_containers)
        count_nulls(&leaf, &root, rows->length);
}

/* The three nested objects of the statistics. */
typedef enum part { PART_MIN, PART_MAX, PART_NULLS } part;

typedef struct stats_writer {
    const dwi_stats_plan *plan;
    const dwi_leaf_stats *parquet_leaves;
    dwi_buf *out;
    part part;
    size_t leaf; /* next one */
} stats_writer;

static bool append_leaf(stats_writer *w, const dwi_stats_leaf *leaf)
{
    const dwi_leaf_stats *counted = &w->parquet_leaves[leaf->parquet_leaf];

    if (!leaf->indexed)
        return false;
    if (w->part == PART_NULLS) {
        dwi_buf_printf(w->out, "%lld",
                       (long long)(leaf->container ? leaf->null_count : counted->null_count));
        return true;
    }
    if (leaf->container)
        return false;
    return w->part == PART_MIN ? dwi_stats_append_min(w->out, counted, w->plan->string_prefix)
                               : dwi_stats_append_max(w->out, counted, w->plan->string_prefix);
}

/* Appends `{"a":1,...}` with what `type` has to say; false, and nothing, when that is nothing.
 * Names are written first and taken back, because only the leaf knows whether it has a value. */
static bool append_struct(stats_writer *w, const dwi_type *type)
{
    size_t start = w->out->len;
    bool any = false;

    dwi_buf_append_byte(w->out, '{');
    for (size_t i = 0; i < type->n_fields; i++) {
        const dwi_field *field = &type->fields[i];
        size_t before = w->out->len;
        bool wrote;

        if (field->type->kind == DWI_VOID)
            continue;
        if (any)
            dwi_buf_append_byte(w->out, ',');
        dwi_json_append_string(w->out, field->name);
        dwi_buf_append_byte(w->out, ':');
        if (is_struct(field->type))
            wrote = append_struct(w, field->type);
        else
            wrote = append_leaf(w, &w->plan->leaves[w->leaf++]);
        if (!wrote)
            w->out->len = before;
        any = any || wrote;
    }
    dwi_buf_append_byte(w->out, '}');
    if (!any)
        w->out->len = start;
    return any;
}

static void append_part(stats_writer *w, part which, const char *key)
{
    size_t before = w->out->len;

    w->part = which;
    w->leaf = 0;
    dwi_buf_append_cstr(w->out, key);
    if (!append_struct(w, w->plan->type))
        w->out->len = before;
}

void dwi_stats_append(const dwi_stats_plan *plan, int64_t rows,
                      const dwi_leaf_stats *parquet_leaves, dwi_buf *out)
{
    stats_writer w = {plan, parquet_leaves, out, PART_MIN, 0};

    dwi_buf_printf(out, "{\"numRecords\":%lld", (long long)rows);
    append_part(&w, PART_MIN, ",\"minValues\":");
    append_part(&w, PART_MAX, ",\"maxValues\":");
    append_part(&w, PART_NULLS, ",\"nullCount\":");
    if (plan->tight_bounds)
        dwi_buf_append_cstr(out, ",\"tightBounds\":true");
    dwi_buf_append_byte(out, '}');
}

dw_status dwi_stats_num_records(dwi_arena *arena, dwi_sv stats, int64_t *out, dw_error *err)
{
    const dwi_json *root = NULL;
    dw_status status = DW_OK;

    *out = -1;
    if (stats.ptr != NULL)
        status = dwi_json_parse(arena, stats, "stats", &root, err);
    if (status == DW_OK && !dwi_json_as_i64(dwi_json_get(root, "numRecords"), out))
        *out = -1;
    return status == DW_E_CORRUPT ? DW_OK : status;
}

dw_status dwi_stats_loosen(dwi_arena *arena, dwi_sv stats, int64_t rows, dwi_sv *out, dw_error *err)
{
    static const char *const own[] = {"numRecords", "tightBounds"};
    const dwi_json *root = NULL;
    dw_status status = DW_OK;
    dwi_buf text;
    dwi_jw w;

    dwi_buf_init(&text, arena->alloc);
    dwi_jw_init(&w, &text);
    if (stats.ptr != NULL && dwi_json_parse(arena, stats, "stats", &root, NULL) == DW_E_NOMEM)
        DWI_TRY(dwi_err_nomem(err));
    dwi_jw_object_begin(&w);
    dwi_jw_kv_i64(&w, own[0], rows);
    if (root != NULL && dwi_json_kind_of(root) != DWI_JSON_OBJECT)
        root = NULL;
    for (const dwi_json *member = dwi_json_first(root); member != NULL;
         member = dwi_json_next(member)) {
        dwi_sv key = dwi_json_key(member);
        if (dwi_sv_eq_cstr(key, own[0]) || dwi_sv_eq_cstr(key, own[1]))
            continue;
        dwi_jw_key(&w, key);
        dwi_jw_raw(&w, dwi_json_source(member));
    }
    dwi_jw_kv_bool(&w, own[1], false);
    dwi_jw_object_end(&w);
    DWI_TRY(dwi_buf_status(&text, err));
    if (!dwi_arena_sv(arena, (dwi_sv){(const char *)text.data, text.len}, out))
        status = dwi_err_nomem(err);
done:
    dwi_buf_done(&text);
    return status;
}
