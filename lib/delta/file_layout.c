/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/file_layout.h"

#include "delta/features.h"
#include "delta/properties.h"
#include "delta/row_tracking.h"

enum { PREFIX_CHARS = 2, MAX_PREFIX_CHARS = 64 };

bool dwi_file_layout_is_partition(const dwi_metadata *metadata, dwi_sv name)
{
    for (size_t i = 0; i < metadata->partition_columns.count; i++)
        if (dwi_sv_eq_nocase(metadata->partition_columns.items[i], name))
            return true;
    return false;
}

/* A malformed value counts as not set, as everywhere in writing: the table is not ours to judge. */
static bool is_on(const dwi_state *state, const char *key)
{
    bool on = false;

    return dwi_property_bool(state->metadata.configuration, key, &on, NULL) == DW_OK && on;
}

bool dwi_file_layout_materializes(const dwi_state *state)
{
    return dwi_features_has_writer(&state->protocol, "materializePartitionColumns") ||
           is_on(state, "delta.writePartitionColumnsToParquet");
}

static size_t prefix_chars(const dwi_state *state, dwi_mapping_mode mode)
{
    int64_t chars = PREFIX_CHARS;

    if (mode == DWI_MAPPING_NONE && !is_on(state, "delta.randomizeFilePrefixes"))
        return 0;
    if (dwi_property_i64(state->metadata.configuration, "delta.randomPrefixLength", 1, &chars,
                         NULL) != DW_OK)
        chars = PREFIX_CHARS;
    return chars > MAX_PREFIX_CHARS ? MAX_PREFIX_CHARS : (size_t)chars;
}

/* A column that is none of the table's: it keeps row ids, or tells what became of a row. */
static bool is_own_column(const dwi_state *state, dwi_sv name)
{
    return dwi_row_id_columns_has(state, name) || (dwi_sv_eq_cstr(name, DWI_CHANGE_TYPE_COLUMN) &&
                                                   dwi_type_find(state->schema->root, name) < 0);
}

/* Those at the end of the rows. */
static size_t count_own_columns(const dwi_state *state, const dwi_type *rows)
{
    size_t n = 0;

    while (n < rows->n_fields && is_own_column(state, rows->fields[rows->n_fields - 1 - n].name))
        n++;
    return n;
}

/* The columns of a file: data first, then those of partitions if files are to have them, then the
 * row ids. */
static dw_status choose_columns(dwi_file_layout *out, dwi_arena *arena, const dwi_state *state,
                                dw_error *err)
{
    const dwi_type *rows = out->rows;
    dwi_field *fields = dwi_arena_array(arena, rows->n_fields, sizeof(*fields));
    size_t *columns = dwi_arena_array(arena, rows->n_fields, sizeof(*columns));
    dwi_type *logical = dwi_arena_zero(arena, sizeof(*logical));
    bool any = false;

    if (fields == NULL || columns == NULL || logical == NULL)
        return dwi_err_nomem(err);
    for (int partitions = 0; partitions <= (int)dwi_file_layout_materializes(state); partitions++) {
        for (size_t i = 0; i < rows->n_fields - out->n_row_ids; i++) {
            const dwi_field *field = &rows->fields[i];
            if (dwi_file_layout_is_partition(&state->metadata, field->name) != (bool)partitions)
                continue;
            any = any || (partitions == 0 && field->type->kind != DWI_VOID);
            columns[out->n_columns] = i;
            fields[out->n_columns++] = *field;
        }
        if (partitions == 0)
            out->n_data = out->n_columns;
    }
    for (size_t i = rows->n_fields - out->n_row_ids; i < rows->n_fields; i++) {
        columns[out->n_columns] = i;
        fields[out->n_columns++] = rows->fields[i];
    }
    if (!any)
        return dwi_err(err, DW_E_SCHEMA, "rows of no column at all cannot be stored");
    *logical = (dwi_type){.kind = DWI_STRUCT, .n_fields = out->n_columns, .fields = fields};
    out->columns = columns;
    out->logical = logical;
    return DW_OK;
}

static dw_status find_partitions(dwi_file_layout *out, dwi_arena *arena, const dwi_state *state,
                                 const dwi_type *physical, dw_error *err)
{
    const dwi_svs *names = &state->metadata.partition_columns;
    dwi_partition_column *found = dwi_arena_array(arena, names->count, sizeof(*found));

    if (found == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < names->count; i++) {
        int at = dwi_type_find(out->rows, names->items[i]);
        if (at < 0)
            return dwi_err(err, DW_E_CORRUPT,
                           "partition column %.*s: the schema has no such column",
                           DWI_SV_ARG(names->items[i]));
        found[i] = (dwi_partition_column){(size_t)at, out->rows->fields[at].name,
                                          physical->fields[at].name};
    }
    out->partitions = found;
    out->n_partitions = names->count;
    return DW_OK;
}

dw_status dwi_file_layout_init(dwi_file_layout *out, dwi_arena *arena, const dwi_state *state,
                               const dwi_type *rows, dw_error *err)
{
    dwi_file_layout made = {.rows = rows};
    dwi_mapping_mode mode = DWI_MAPPING_NONE;
    const dwi_type *physical = NULL;
    dw_status status;

    DWI_TRY(dwi_mapping_mode_of(state->metadata.configuration, &mode, err));
    made.n_row_ids = count_own_columns(state, rows);
    DWI_TRY(choose_columns(&made, arena, state, err));
    DWI_TRY(dwi_mapping_physical_first(arena, rows, rows->n_fields - made.n_row_ids, mode,
                                       &physical, err));
    DWI_TRY(find_partitions(&made, arena, state, physical, err));
    DWI_TRY(dwi_mapping_physical_first(arena, made.logical, made.n_columns - made.n_row_ids, mode,
                                       &made.physical, err));
    made.prefix_chars = prefix_chars(state, mode);
    *out = made;
done:
    return status;
}

void dwi_file_layout_project(const dwi_file_layout *layout, const dwi_vec *rows, dwi_vec *children,
                             dwi_vec *out)
{
    for (size_t i = 0; i < layout->n_columns; i++)
        children[i] = rows->children[layout->columns[i]];
    *out = *rows;
    out->type = layout->logical;
    out->n_children = layout->n_columns;
    out->children = children;
}
