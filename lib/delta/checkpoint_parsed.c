/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/checkpoint_parsed.h"

#include "delta/mapping.h"
#include "delta/partition_value.h"
#include "delta/stats.h"

static const dwi_type type_long = {.kind = DWI_LONG};
static const dwi_type type_boolean = {.kind = DWI_BOOLEAN};

static dwi_field make_field(const char *name, const dwi_type *type)
{
    return (dwi_field){dwi_sv_cstr(name), type, true, -1, DWI_SV("{}")};
}

static bool has_bounds(dwi_type_kind kind)
{
    return (kind >= DWI_BYTE && kind <= DWI_STRING) || kind == DWI_DATE || kind == DWI_TIMESTAMP ||
           kind == DWI_TIMESTAMP_NTZ;
}

/* The type of minValues (bounds) or nullCount (longs) for a struct of columns, of those that get
 * statistics; *out NULL when it would have no fields, which Parquet has no form for. *leaf moves on
 * over the leaves of the plan. */
static dw_status shape(dwi_arena *arena, const dwi_type *columns, bool bounds,
                       const dwi_stats_leaf **leaf, const dwi_type **out, dw_error *err)
{
    dwi_field *fields = dwi_arena_array(arena, columns->n_fields, sizeof(*fields));
    dwi_type *type = dwi_arena_zero(arena, sizeof(*type));
    dw_status status = DW_OK;
    size_t n = 0;

    if (fields == NULL || type == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < columns->n_fields; i++) {
        const dwi_type *column = columns->fields[i].type;
        const dwi_type *kept = bounds ? (has_bounds(column->kind) ? column : NULL) : &type_long;
        if (column->kind == DWI_STRUCT && !column->variant)
            DWI_TRY(shape(arena, column, bounds, leaf, &kept, err));
        else if (column->kind != DWI_VOID && !(*leaf)++->indexed) /* void: no leaf of files */
            continue;
        if (kept == NULL)
            continue;
        fields[n] = make_field("", kept);
        fields[n++].name = columns->fields[i].name;
    }
    *type = (dwi_type){.kind = DWI_STRUCT, .n_fields = n, .fields = fields};
    *out = n == 0 ? NULL : type;
done:
    return status;
}

static dw_status stats_type(dwi_arena *arena, const dwi_file_layout *layout, const dwi_state *state,
                            const dwi_type **out, dw_error *err)
{
    dwi_field *fields = dwi_arena_array(arena, 5, sizeof(*fields));
    dwi_type *type = dwi_arena_zero(arena, sizeof(*type));
    const dwi_type *bounds = NULL;
    const dwi_type *nulls = NULL;
    const dwi_stats_leaf *leaf;
    dwi_stats_plan plan;
    dw_status status;
    size_t n = 0;

    if (fields == NULL || type == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(dwi_stats_plan_init(&plan, arena, layout, state, err));
    leaf = plan.leaves;
    DWI_TRY(shape(arena, layout->physical, true, &leaf, &bounds, err));
    leaf = plan.leaves;
    DWI_TRY(shape(arena, layout->physical, false, &leaf, &nulls, err));
    fields[n++] = make_field("numRecords", &type_long);
    if (bounds != NULL) {
        fields[n++] = make_field("minValues", bounds);
        fields[n++] = make_field("maxValues", bounds);
    }
    if (nulls != NULL)
        fields[n++] = make_field("nullCount", nulls);
    fields[n++] = make_field("tightBounds", &type_boolean);
    *type = (dwi_type){.kind = DWI_STRUCT, .n_fields = n, .fields = fields};
    *out = type;
done:
    return status;
}

static bool is_partition(const dwi_metadata *metadata, dwi_sv name)
{
    for (size_t i = 0; i < metadata->partition_columns.count; i++)
        if (dwi_sv_eq_nocase(metadata->partition_columns.items[i], name))
            return true;
    return false;
}

/* Columns in two: those in data files, with both names, and those of partitions. */
static dw_status split(dwi_arena *arena, const dwi_state *state, dwi_type *data, dwi_type *named,
                       dwi_type *partitions, dw_error *err)
{
    const dwi_type *logical = state->schema->root;
    const dwi_type *physical = NULL;
    dwi_mapping_mode mode;
    dwi_field *fields;
    dw_status status;
    size_t n_data = 0;
    size_t n_partitions = 0;

    DWI_TRY(dwi_mapping_mode_of(state->metadata.configuration, &mode, err));
    DWI_TRY(dwi_mapping_physical(arena, logical, mode, &physical, err));
    fields = dwi_arena_array(arena, 3 * logical->n_fields, sizeof(*fields));
    if (fields == NULL)
        DWI_TRY(dwi_err_nomem(err));
    for (size_t i = 0; i < logical->n_fields; i++) {
        if (is_partition(&state->metadata, logical->fields[i].name))
            fields[logical->n_fields + n_partitions++] = (dwi_field){
                physical->fields[i].name, physical->fields[i].type, true, -1, DWI_SV("{}")};
        else {
            fields[2 * logical->n_fields + n_data] = logical->fields[i];
            fields[n_data++] = physical->fields[i];
        }
    }
    *data = (dwi_type){.kind = DWI_STRUCT, .n_fields = n_data, .fields = fields};
    *named = (dwi_type){
        .kind = DWI_STRUCT, .n_fields = n_data, .fields = fields + 2 * logical->n_fields};
    *partitions = (dwi_type){
        .kind = DWI_STRUCT, .n_fields = n_partitions, .fields = fields + logical->n_fields};
done:
    return status;
}

dw_status dwi_parsed_columns_init(dwi_parsed_columns *parsed, const dwi_state *state,
                                  const dw_allocator *alloc, dw_error *err)
{
    const dwi_new_field ignore = {NULL, NULL, true};
    dwi_type *partitions;
    dwi_type data;
    dwi_type named;
    dwi_file_layout layout = {.logical = &named, .physical = &data};
    dw_status status;

    memset(parsed, 0, sizeof(*parsed));
    parsed->alloc = alloc;
    dwi_arena_init(&parsed->arena, alloc);
    partitions = dwi_arena_zero(&parsed->arena, sizeof(*partitions));
    if (partitions == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(split(&parsed->arena, state, &data, &named, partitions, err));
    layout.n_columns = layout.n_data = data.n_fields;
    if (partitions->n_fields > 0) {
        parsed->partitions = partitions;
        parsed->fields[parsed->n_fields++] = make_field("partitionValues_parsed", partitions);
    }
    DWI_TRY(stats_type(&parsed->arena, &layout, state, &parsed->stats, err));
    parsed->fields[parsed->n_fields++] = make_field("stats_parsed", parsed->stats);
    DWI_TRY(dwi_json_decoder_new(alloc, parsed->stats, ignore, &parsed->decoder, err));
done:
    if (status != DW_OK)
        dwi_parsed_columns_done(parsed);
    return status;
}

void dwi_parsed_columns_done(dwi_parsed_columns *parsed)
{
    dwi_json_decoder_free(parsed->decoder);
    if (parsed->alloc != NULL)
        dwi_arena_done(&parsed->arena);
    memset(parsed, 0, sizeof(*parsed));
}

static dwi_sv value_of(const dwi_add *add, dwi_sv name)
{
    for (size_t i = 0; i < add->partition_values.count; i++)
        if (dwi_sv_eq(add->partition_values.items[i].key, name))
            return add->partition_values.items[i].value;
    return (dwi_sv){NULL, 0};
}

static dw_status put_partitions(const dwi_parsed_columns *parsed, const dwi_add *add,
                                dwi_column *column, dw_error *err)
{
    dw_status status = DW_OK;

    for (size_t i = 0; i < column->n_children; i++) {
        dwi_sv value = value_of(add, parsed->partitions->fields[i].name);
        status = dwi_partition_value_append(&column->children[i], value, 1, err);
        if (status == DW_E_CORRUPT)
            status = dwi_column_append_null(&column->children[i], err);
        DWI_TRY(status);
    }
    DWI_TRY(dwi_column_end_row(column, err));
done:
    return status;
}

static dw_status put_stats(dwi_parsed_columns *parsed, const dwi_add *add, dwi_column *column,
                           dw_error *err)
{
    dwi_column *rows = dwi_json_decoder_rows(parsed->decoder);
    const dwi_vec *view;
    dwi_arena arena;
    dw_status status;

    if (add->stats.ptr == NULL)
        return dwi_column_append_null(column, err);
    dwi_arena_init(&arena, parsed->alloc);
    status = dwi_json_decode(parsed->decoder, (dw_bytes){add->stats.ptr, add->stats.len}, err);
    if (status == DW_E_RECORD || status == DW_E_SCHEMA) {
        status = dwi_column_append_null(column, err);
        goto done;
    }
    DWI_TRY(status);
    view = dwi_column_view(rows, &arena);
    if (view == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(dwi_column_append_vec(column, view, 0, 1, err));
done:
    dwi_column_clear(rows);
    dwi_arena_done(&arena);
    return status;
}

dw_status dwi_parsed_columns_put(dwi_parsed_columns *parsed, const dwi_add *add,
                                 dwi_column *columns, dw_error *err)
{
    dw_status status;
    size_t at = 0;

    if (parsed->partitions != NULL)
        DWI_TRY(put_partitions(parsed, add, &columns[at++], err));
    DWI_TRY(put_stats(parsed, add, &columns[at], err));
done:
    return status;
}
