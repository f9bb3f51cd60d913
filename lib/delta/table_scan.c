/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/table_scan.h"

#include "base/alloc.h"
#include "columns/variant.h"
#include "delta/deletion_vector.h"
#include "delta/features.h"
#include "delta/files.h"
#include "delta/mapping.h"
#include "delta/object_source.h"
#include "delta/partition_value.h"
#include "delta/row_tracking.h"

enum { DEFAULT_BATCH_ROWS = 8192 };

typedef struct scan_file {
    dwi_sv path;
    int64_t size;
    dwi_dv dv;
    dwi_sv *partition_values;            /* by column of the scan; those of data columns unused */
    int64_t row_ids[DWI_ROW_ID_COLUMNS]; /* of the first row, and of all of them; -1: none */
    bool all_pass;                       /* the condition, if there is one */
    struct scan_file *next;
} scan_file;

struct dwi_table_scan {
    const dw_allocator *alloc;
    const dwi_log *log;
    dwi_state *state;
    int64_t batch_rows;
    dwi_arena arena; /* types, the list of files */
    dwi_mapping_mode mapping;
    const dwi_where *where;          /* NULL: all rows */
    const dwi_type *type;            /* of the rows */
    const dwi_type *read;            /* the same, and after them what only `where` needs */
    const dwi_type *physical;        /* `read` with the names in data files */
    const dwi_type *physical_schema; /* for `where`: all of the table's columns */
    bool *is_partition;              /* by column */
    size_t n_row_ids;                /* of the columns, at the end: 0 or DWI_ROW_ID_COLUMNS */
    scan_file *files;
    scan_file **tail;
    /* The open file. */
    scan_file *file; /* the next one when reader is NULL */
    dwi_arena file_arena;
    dwi_object_source source;
    dwi_parquet_reader *reader;
    uint8_t *deleted; /* a bit a row, NULL: none is */
    size_t deleted_bytes;
    dwi_column unfiltered; /* batches of which not all rows are given */
    dwi_buf chosen;        /* uint32_t: those that are, of the last batch */
    bool chose;
    int64_t first_row; /* of the last batch, in the file */
    int64_t file_rows; /* of the file opened last */
    bool shredded;     /* variants are, in the open file */
    dwi_column stored; /* its batches as they lie there */
};

static bool is_partition_column(const dwi_metadata *metadata, dwi_sv name)
{
    for (size_t i = 0; i < metadata->partition_columns.count; i++)
        if (dwi_sv_eq_nocase(metadata->partition_columns.items[i], name))
            return true;
    return false;
}

/* Room for n columns of the rows, and those of the condition. */
static dwi_field *make_columns(dwi_table_scan *scan, size_t n)
{
    const size_t *needed;
    size_t most = n + (scan->where == NULL ? 0 : dwi_where_columns(scan->where, &needed));
    dwi_type *types = dwi_arena_array(&scan->arena, 2, sizeof(*types));
    dwi_field *fields = dwi_arena_array(&scan->arena, most, sizeof(*fields));

    scan->is_partition = dwi_arena_array(&scan->arena, most, sizeof(*scan->is_partition));
    if (types == NULL || fields == NULL || scan->is_partition == NULL)
        return NULL;
    types[0] = types[1] = (dwi_type){.kind = DWI_STRUCT, .n_fields = n, .fields = fields};
    scan->type = &types[0];
    scan->read = &types[1];
    return fields;
}

static void set_column(dwi_table_scan *scan, dwi_field *at, const dwi_field *field)
{
    *at = *field;
    scan->is_partition[at - scan->read->fields] =
        is_partition_column(&scan->state->metadata, field->name);
}

/* What the condition needs, as far as it is not read anyway. */
static void add_needed(dwi_table_scan *scan, dwi_field *fields)
{
    dwi_type *read = (dwi_type *)(uintptr_t)scan->read; /* make_columns() made it */
    const size_t *needed;
    size_t n = scan->where == NULL ? 0 : dwi_where_columns(scan->where, &needed);

    for (size_t i = 0; i < n; i++) {
        const dwi_field *field = &scan->state->schema->root->fields[needed[i]];
        if (dwi_type_find(read, field->name) < 0)
            set_column(scan, &fields[read->n_fields++], field);
    }
}

/* The columns asked for, in that order. */
static dw_status choose_columns(dwi_table_scan *scan, const char *const *columns, size_t n,
                                dw_error *err)
{
    const dwi_type *root = scan->state->schema->root;
    dwi_field *fields;

    if (columns == NULL)
        n = root->n_fields;
    fields = make_columns(scan, n);
    if (fields == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < n; i++) {
        int at = columns == NULL ? (int)i : dwi_type_find(root, dwi_sv_cstr(columns[i]));
        if (at < 0)
            return dwi_err(err, DW_E_NOT_FOUND, "column %s: the table has none of this name",
                           columns[i]);
        set_column(scan, &fields[i], &root->fields[at]);
    }
    add_needed(scan, fields);
    return DW_OK;
}

/* All columns, and more; or none. */
static dw_status add_columns(dwi_table_scan *scan, const dwi_scan_files *what, dw_error *err)
{
    const dwi_type *root = scan->state->schema->root;
    size_t n_data = what->no_columns ? 0 : root->n_fields + what->n_more;
    dwi_row_id_columns row_ids;
    bool kept = false;
    dwi_field *fields;
    dw_status status = DW_OK;

    if (what->row_ids)
        DWI_TRY(dwi_row_id_columns_of(scan->state, &kept, &row_ids, err));
    scan->n_row_ids = kept ? DWI_ROW_ID_COLUMNS : 0;
    fields = make_columns(scan, n_data + scan->n_row_ids);
    if (fields == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < n_data; i++)
        set_column(scan, &fields[i],
                   i < root->n_fields ? &root->fields[i] : &what->more[i - root->n_fields]);
    for (size_t i = 0; i < scan->n_row_ids; i++) {
        fields[n_data + i] = row_ids.fields[i];
        if (!dwi_arena_sv(&scan->arena, row_ids.fields[i].name, &fields[n_data + i].name))
            return dwi_err_nomem(err);
    }
    add_needed(scan, fields);
done:
    return status;
}

/* What columns are called in files. Partition columns are not looked for there: they get a name
 * that no file has, so that the reader gives nulls, which the log's values then replace. */
static dw_status name_columns(dwi_table_scan *scan, dw_error *err)
{
    const dwi_type *mapped = NULL;
    dwi_field *fields;
    dwi_type *type;
    dw_status status;

    DWI_TRY(dwi_mapping_mode_of(scan->state->metadata.configuration, &scan->mapping, err));
    DWI_TRY(dwi_mapping_physical_first(&scan->arena, scan->read,
                                       scan->read->n_fields - scan->n_row_ids, scan->mapping,
                                       &mapped, err));
    if (scan->where != NULL)
        DWI_TRY(dwi_mapping_physical(&scan->arena, scan->state->schema->root, scan->mapping,
                                     &scan->physical_schema, err));
    type = dwi_arena_dup(&scan->arena, mapped, sizeof(*type));
    fields = dwi_arena_dup(&scan->arena, mapped->fields, mapped->n_fields * sizeof(*fields));
    if (type == NULL || fields == NULL)
        DWI_TRY(dwi_err_nomem(err));
    type->fields = fields;
    scan->physical = type;
done:
    return status;
}

/* The partition value of column `i`, by its physical name. */
static dwi_sv value_of(const dwi_table_scan *scan, const dwi_add *add, size_t i)
{
    dwi_sv name = scan->physical->fields[i].name;

    for (size_t k = 0; k < add->partition_values.count; k++)
        if (dwi_sv_eq_nocase(add->partition_values.items[k].key, name))
            return add->partition_values.items[k].value;
    return (dwi_sv){NULL, 0};
}

static bool keep_text(dwi_arena *arena, dwi_sv *text)
{
    return text->ptr == NULL || dwi_arena_sv(arena, *text, text);
}

static dw_status keep_file(void *ctx, const dwi_add *add, dw_error *err)
{
    dwi_table_scan *scan = ctx;
    dwi_verdict verdict = DWI_MATCH_ALL;
    size_t n = scan->read->n_fields;
    scan_file *file;
    dw_status status;

    if (scan->where != NULL) {
        status = dwi_where_file(scan->where, add, &verdict, err);
        if (status != DW_OK || verdict == DWI_MATCH_NONE)
            return status;
    }
    file = dwi_arena_zero(&scan->arena, sizeof(*file));
    if (file != NULL)
        file->partition_values = dwi_arena_array(&scan->arena, n, sizeof(dwi_sv));
    if (file == NULL || file->partition_values == NULL)
        return dwi_err_nomem(err);
    file->path = add->path;
    file->size = add->size;
    file->dv = add->dv;
    file->all_pass = verdict == DWI_MATCH_ALL;
    file->row_ids[0] = add->base_row_id;
    file->row_ids[1] = add->default_row_commit_version;
    if (!keep_text(&scan->arena, &file->path) || !keep_text(&scan->arena, &file->dv.storage_type) ||
        !keep_text(&scan->arena, &file->dv.path_or_inline))
        return dwi_err_nomem(err);
    for (size_t i = 0; i < n; i++) {
        if (!scan->is_partition[i])
            continue;
        file->partition_values[i] = value_of(scan, add, i);
        if (!keep_text(&scan->arena, &file->partition_values[i]))
            return dwi_err_nomem(err);
    }
    *scan->tail = file;
    scan->tail = &file->next;
    return DW_OK;
}

static void hide_partition_columns(dwi_table_scan *scan)
{
    /* name_columns() made these fields our own */
    dwi_field *fields = (dwi_field *)(uintptr_t)scan->physical->fields;

    for (size_t i = 0; i < scan->physical->n_fields; i++)
        if (scan->is_partition[i])
            fields[i].name = DWI_SV("\x01partition");
}

static dwi_table_scan *new_scan(const dwi_log *log, dwi_state *state, int64_t batch_rows)
{
    dwi_table_scan *scan = dwi_alloc_zero(log->alloc, sizeof(*scan));

    if (scan == NULL)
        return NULL;
    scan->alloc = log->alloc;
    scan->log = log;
    scan->state = dwi_state_ref(state);
    scan->batch_rows = batch_rows > 0 ? batch_rows : DEFAULT_BATCH_ROWS;
    scan->tail = &scan->files;
    dwi_arena_init(&scan->arena, log->alloc);
    dwi_arena_init(&scan->file_arena, log->alloc);
    dwi_buf_init(&scan->chosen, log->alloc);
    return scan;
}

/* The files are known; the first one is next. */
static dw_status finish_opening(dwi_table_scan *scan, dw_error *err)
{
    hide_partition_columns(scan);
    scan->file = scan->files;
    return dwi_column_init(&scan->unfiltered, scan->read, scan->alloc, err);
}

dw_status dwi_table_scan_open(const dwi_log *log, dwi_state *state, const dwi_scan_options *opts,
                              dwi_table_scan **out, dw_error *err)
{
    dwi_table_scan *scan = new_scan(log, state, opts->batch_rows);
    const dwi_file_visitor visitor = {scan, keep_file, NULL};
    dw_status status;

    if (scan == NULL)
        return dwi_err_nomem(err);
    scan->where = opts->where;
    DWI_TRY(dwi_features_check_scan(state, err));
    DWI_TRY(choose_columns(scan, opts->columns, opts->n_columns, err));
    DWI_TRY(name_columns(scan, err));
    DWI_TRY(dwi_files_visit(log, state, visitor, err));
    DWI_TRY(finish_opening(scan, err));
    *out = scan;
    scan = NULL;
done:
    dwi_table_scan_close(scan);
    return status;
}

dw_status dwi_table_scan_open_files(const dwi_log *log, dwi_state *state,
                                    const dwi_scan_files *what, dwi_table_scan **out, dw_error *err)
{
    dwi_table_scan *scan = new_scan(log, state, 0);
    dw_status status;

    if (scan == NULL)
        return dwi_err_nomem(err);
    scan->where = what->where;
    DWI_TRY(dwi_features_check_scan(state, err));
    DWI_TRY(add_columns(scan, what, err));
    DWI_TRY(name_columns(scan, err));
    for (size_t i = 0; i < what->n_files; i++)
        DWI_TRY(keep_file(scan, &what->files[i], err));
    DWI_TRY(finish_opening(scan, err));
    *out = scan;
    scan = NULL;
done:
    dwi_table_scan_close(scan);
    return status;
}

static void close_file(dwi_table_scan *scan)
{
    dwi_parquet_reader_free(scan->reader);
    scan->reader = NULL;
    dwi_object_source_done(&scan->source);
    dwi_free(scan->alloc, scan->deleted, scan->deleted_bytes);
    scan->deleted = NULL;
    dwi_column_done(&scan->stored);
    dwi_arena_done(&scan->file_arena);
}

void dwi_table_scan_close(dwi_table_scan *scan)
{
    if (scan == NULL)
        return;
    close_file(scan);
    dwi_column_done(&scan->unfiltered);
    dwi_buf_done(&scan->chosen);
    dwi_arena_done(&scan->arena);
    dwi_state_unref(scan->state);
    dwi_free(scan->alloc, scan, sizeof(*scan));
}

const dwi_type *dwi_table_scan_type(const dwi_table_scan *scan)
{
    return scan->type;
}

static dw_status read_deleted(dwi_table_scan *scan, dw_error *err)
{
    int64_t rows = dwi_parquet_reader_rows(scan->reader);
    dw_status status;

    if (scan->file->dv.storage_type.ptr == NULL)
        return DW_OK;
    scan->deleted_bytes = (size_t)(rows / 8 + 1);
    scan->deleted = dwi_alloc_zero(scan->alloc, scan->deleted_bytes);
    if (scan->deleted == NULL)
        return dwi_err_nomem(err);
    status = dwi_deletion_vector_read(scan->log, &scan->file->dv, rows, scan->deleted, err);
    return status == DW_OK ? DW_OK
                           : dwi_err_prefix(err, status, "%.*s", DWI_SV_ARG(scan->file->path));
}

/* Tell the reader what to look for, so that it leaves out row groups and pages. */
static dw_status filter_file(dwi_table_scan *scan, dw_error *err)
{
    const dwi_type *names = scan->physical_schema;
    const dwi_comparison *comparisons = NULL;
    dw_status status;
    size_t n = 0;

    if (scan->where == NULL || scan->file->all_pass)
        return DW_OK;
    if (scan->mapping == DWI_MAPPING_ID)
        names =
            dwi_mapping_in_file(&scan->file_arena, names, dwi_parquet_reader_type(scan->reader));
    if (names == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(dwi_where_comparisons(scan->where, &scan->file_arena, names, &comparisons, &n, err));
    if (n > 0)
        status = dwi_parquet_reader_filter(scan->reader, comparisons, n, err);
done:
    return status;
}

static dw_status open_file(dwi_table_scan *scan, dw_error *err)
{
    const dwi_type *wanted = scan->physical;
    dw_status status;
    char *key = NULL;

    DWI_TRY(dwi_log_data_key(scan->log, scan->file->path, &key, err));
    DWI_TRY(dwi_object_source_init(&scan->source, scan->log->store, scan->alloc, key,
                                   scan->file->size > 0 ? scan->file->size : -1, err));
    DWI_TRY(dwi_parquet_reader_open(scan->alloc,
                                    dwi_object_source_parquet(&scan->source, scan->file->path.ptr),
                                    &scan->reader, err));
    if (scan->mapping == DWI_MAPPING_ID)
        wanted =
            dwi_mapping_in_file(&scan->file_arena, wanted, dwi_parquet_reader_type(scan->reader));
    if (wanted == NULL)
        DWI_TRY(dwi_err_nomem(err));
    scan->shredded = dwi_type_has_variant(wanted) &&
                     dwi_variant_is_shredded(wanted, dwi_parquet_reader_type(scan->reader));
    if (scan->shredded) {
        wanted = dwi_variant_stored_type(&scan->file_arena, wanted,
                                         dwi_parquet_reader_type(scan->reader));
        if (wanted == NULL)
            DWI_TRY(dwi_err_nomem(err));
        DWI_TRY(dwi_column_init(&scan->stored, wanted, scan->alloc, err));
    }
    DWI_TRY(dwi_parquet_reader_project(scan->reader, wanted, err));
    DWI_TRY(filter_file(scan, err));
    scan->file_rows = dwi_parquet_reader_rows(scan->reader);
    DWI_TRY(read_deleted(scan, err));
done:
    dwi_cstr_free(scan->alloc, key);
    if (status != DW_OK)
        close_file(scan);
    return status;
}

static dw_status fill_partition_columns(const dwi_table_scan *scan, dwi_column *batch,
                                        dw_error *err)
{
    dw_status status = DW_OK;

    for (size_t i = 0; i < batch->n_children; i++) {
        if (!scan->is_partition[i])
            continue;
        dwi_column_clear(&batch->children[i]);
        status = dwi_partition_value_append(&batch->children[i], scan->file->partition_values[i],
                                            batch->length, err);
        if (status != DW_OK)
            DWI_TRY(dwi_err_prefix(err, status, "column %s", scan->read->fields[i].name.ptr));
    }
done:
    return status;
}

/* Rows that were never moved have the ids that their file says: the first one's and those that
 * follow, and one version for all. */
static dw_status fill_row_ids(const dwi_table_scan *scan, dwi_column *batch, dw_error *err)
{
    int64_t row = dwi_parquet_reader_row(scan->reader);

    for (size_t i = 0; i < scan->n_row_ids; i++) {
        dwi_column *column = &batch->children[batch->n_children - scan->n_row_ids + i];
        int64_t base = scan->file->row_ids[i];
        uint8_t *values = column->values.data;
        if (column->null_count == 0)
            continue;
        if (base < 0)
            return dwi_err(err, DW_E_CORRUPT,
                           "%.*s: no row ids for the file, and the table tracks its rows",
                           DWI_SV_ARG(scan->file->path));
        for (int64_t k = 0; k < column->length; k++) {
            int64_t value = i == 0 ? base + row + k : base;
            if (!dwi_bit_get(column->validity.data, k))
                memcpy(values + k * (int64_t)sizeof(value), &value, sizeof(value));
        }
        dwi_buf_clear(&column->validity);
        column->null_count = 0;
    }
    return DW_OK;
}

/* The numbers of the rows of a batch that pass and are not deleted. */
static dw_status choose_rows(dwi_table_scan *scan, const dwi_vec *view, dw_error *err)
{
    int64_t n = view->length;
    dw_status status = DW_OK;
    uint32_t *rows;
    int64_t kept = 0;

    dwi_buf_clear(&scan->chosen);
    if (!dwi_buf_reserve(&scan->chosen, (size_t)n * sizeof(*rows)))
        return dwi_err_nomem(err);
    rows = (uint32_t *)(void *)scan->chosen.data;
    if (scan->where != NULL && !scan->file->all_pass)
        DWI_TRY(dwi_where_rows(scan->where, view, rows, &n, err));
    else
        for (int64_t i = 0; i < n; i++)
            rows[i] = (uint32_t)i;
    for (int64_t i = 0; i < n; i++) {
        rows[kept] = rows[i];
        kept += scan->deleted == NULL || !dwi_bit_get(scan->deleted, scan->first_row + rows[i]);
    }
    scan->chosen.len = (size_t)kept * sizeof(*rows);
done:
    return status;
}

/* Give those of the rows read that are left, and those of the columns that are wanted. */
static dw_status take_rows(dwi_table_scan *scan, dwi_column *batch, dw_error *err)
{
    dw_status status = DW_OK;
    const dwi_vec *view;
    dwi_arena arena;
    dwi_vec wanted;

    dwi_arena_init(&arena, scan->alloc);
    view = dwi_column_view(&scan->unfiltered, &arena);
    if (view == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(choose_rows(scan, view, err));
    wanted = *view;
    wanted.type = scan->type;
    wanted.n_children = scan->type->n_fields;
    status = dwi_column_take(batch, &wanted, (const uint32_t *)(const void *)scan->chosen.data,
                             (int64_t)(scan->chosen.len / sizeof(uint32_t)), err);
done:
    dwi_arena_done(&arena);
    return status;
}

/* The next rows as they are in the table. */
static dw_status read_rows(dwi_table_scan *scan, dwi_column *into, dw_error *err)
{
    const dwi_vec *view;
    dwi_arena arena;
    dw_status status;

    if (!scan->shredded)
        return dwi_parquet_reader_next(scan->reader, scan->batch_rows, into, err);
    dwi_arena_init(&arena, scan->alloc);
    dwi_column_clear(into);
    DWI_TRY(dwi_parquet_reader_next(scan->reader, scan->batch_rows, &scan->stored, err));
    view = dwi_column_view(&scan->stored, &arena);
    if (view == NULL)
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(dwi_variant_append_rows(into, view, 0, scan->stored.length, err));
done:
    dwi_arena_done(&arena);
    return status == DW_OK || status == DW_E_NOMEM
               ? status
               : dwi_err_prefix(err, status, "%.*s", DWI_SV_ARG(scan->file->path));
}

/* The next rows of the open file; `*out_end` at its end. */
static dw_status read_batch(dwi_table_scan *scan, dwi_column *batch, bool *out_end, dw_error *err)
{
    bool all = scan->deleted == NULL && scan->file->all_pass &&
               scan->read->n_fields == scan->type->n_fields;
    dwi_column *into = all ? batch : &scan->unfiltered;
    dw_status status;

    DWI_TRY(read_rows(scan, into, err));
    *out_end = into->length == 0;
    scan->chose = !all;
    if (*out_end)
        return DW_OK;
    scan->first_row = dwi_parquet_reader_row(scan->reader);
    DWI_TRY(fill_row_ids(scan, into, err));
    DWI_TRY(fill_partition_columns(scan, into, err));
    if (!all)
        status = take_rows(scan, batch, err);
done:
    return status;
}

int64_t dwi_table_scan_file_rows(const dwi_table_scan *scan)
{
    return scan->file_rows;
}

const uint32_t *dwi_table_scan_numbers(const dwi_table_scan *scan, int64_t *out_first)
{
    *out_first = scan->first_row;
    return scan->chose ? (const uint32_t *)(const void *)scan->chosen.data : NULL;
}

dw_status dwi_table_scan_next(dwi_table_scan *scan, dwi_column *batch, dw_error *err)
{
    dw_status status = DW_OK;

    dwi_column_clear(batch);
    while (batch->length == 0 && scan->file != NULL) {
        bool end = false;
        if (scan->reader == NULL)
            DWI_TRY(open_file(scan, err));
        DWI_TRY(read_batch(scan, batch, &end, err));
        if (end) {
            close_file(scan);
            scan->file = scan->file->next;
        }
    }
done:
    return status;
}
