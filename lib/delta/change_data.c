/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/change_data.h"

#include "delta/property_change.h"

static const dwi_type string_type = {.kind = DWI_STRING};

bool dwi_change_data_is_kept(const dwi_state *state)
{
    dwi_kvs properties = state->metadata.configuration;

    return dwi_property_is_on(properties, "delta.enableChangeDataFeed") ||
           dwi_property_is_on(properties, "delta.enableChangeDataCapture");
}

typedef struct change_writer {
    dwi_data_files *files;
    const dwi_type *rows; /* those of a scan, and the kind of change */
    const char *kind;
    dwi_column kinds; /* that, for each row of a batch */
} change_writer;

/* The columns of the scan, and one more. */
static const dwi_type *with_kind(dwi_arena *arena, const dwi_type *scanned)
{
    dwi_type *type = dwi_arena_zero(arena, sizeof(*type));
    dwi_field *fields = dwi_arena_array(arena, scanned->n_fields + 1, sizeof(*fields));

    if (type == NULL || fields == NULL)
        return NULL;
    for (size_t i = 0; i < scanned->n_fields; i++)
        fields[i] = scanned->fields[i];
    fields[scanned->n_fields] = (dwi_field){.name = DWI_SV(DWI_CHANGE_TYPE_COLUMN),
                                            .type = &string_type,
                                            .nullable = true,
                                            .field_id = -1,
                                            .metadata_json = DWI_SV("{}")};
    *type = (dwi_type){.kind = DWI_STRUCT, .n_fields = scanned->n_fields + 1, .fields = fields};
    return type;
}

static dw_status append_batch(change_writer *w, const dwi_column *batch, dw_error *err)
{
    dw_status status = DW_OK;
    const dwi_vec *scanned;
    const dwi_vec *kind;
    dwi_vec *children;
    dwi_arena arena;
    dwi_vec rows;

    dwi_arena_init(&arena, batch->alloc);
    dwi_column_clear(&w->kinds);
    for (int64_t i = 0; i < batch->length; i++)
        DWI_TRY(dwi_column_append_bytes(&w->kinds, w->kind, strlen(w->kind), err));
    scanned = dwi_column_view(batch, &arena);
    kind = dwi_column_view(&w->kinds, &arena);
    children = dwi_arena_array(&arena, w->rows->n_fields, sizeof(*children));
    if (scanned == NULL || kind == NULL || children == NULL)
        DWI_TRY(dwi_err_nomem(err));
    memcpy(children, scanned->children, scanned->n_children * sizeof(*children));
    children[scanned->n_children] = *kind;
    rows = *scanned;
    rows.type = w->rows;
    rows.n_children = w->rows->n_fields;
    rows.children = children;
    status = dwi_data_files_append(w->files, &rows, err);
done:
    dwi_arena_done(&arena);
    return status;
}

static dw_status write_rows(change_writer *w, dwi_table_scan *scan, const dw_allocator *alloc,
                            dw_error *err)
{
    dwi_column batch = {0};
    dw_status status;

    DWI_TRY(dwi_column_init(&batch, dwi_table_scan_type(scan), alloc, err));
    DWI_TRY(dwi_column_init(&w->kinds, &string_type, alloc, err));
    for (;;) {
        DWI_TRY(dwi_table_scan_next(scan, &batch, err));
        if (batch.length == 0)
            break;
        DWI_TRY(append_batch(w, &batch, err));
    }
    DWI_TRY(dwi_data_files_finish(w->files, err));
done:
    dwi_column_done(&w->kinds);
    dwi_column_done(&batch);
    return status;
}

dw_status dwi_change_data_write(const dwi_log *log, dwi_state *state,
                                const dwi_data_files_options *opts, const dwi_add *file,
                                const dwi_where *where, const char *kind, dwi_rewritten *out,
                                dw_error *err)
{
    const dwi_scan_files what = {.where = where, .files = file, .n_files = 1};
    dwi_data_files_options files = *opts;
    dwi_rewritten made = {0};
    dwi_table_scan *scan = NULL;
    change_writer w = {.kind = kind};
    dw_status status;

    dwi_arena_init(&made.arena, log->alloc);
    files.partition_values = &file->partition_values;
    files.file.change_data = true;
    DWI_TRY(dwi_table_scan_open_files(log, state, &what, &scan, err));
    w.rows = with_kind(&made.arena, dwi_table_scan_type(scan));
    if (w.rows == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(dwi_data_files_new(log, state, &files, dwi_rewritten_taker(&made), &w.files, err));
    DWI_TRY(write_rows(&w, scan, log->alloc, err));
done:
    dwi_data_files_free(w.files);
    dwi_table_scan_close(scan);
    if (status != DW_OK) {
        dwi_rewritten_remove(&made, log);
        dwi_rewritten_done(&made);
    }
    *out = made;
    return status;
}
