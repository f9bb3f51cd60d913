/* SPDX-License-Identifier: Apache-2.0 */
/* dw_parquet_reader: one Parquet file, as Arrow streams. */
#include "api/parquet_reader_impl.h"

#include "api/arrow_stream.h"
#include "api/parquet_filter.h"
#include "base/alloc.h"
#include "base/options.h"
#include "columns/arrow_import.h"

enum { BATCH_ROWS = 8192 };

/* ---- the handle ---- */

static dw_status collect_metadata(dw_parquet_reader *reader, dw_error *err)
{
    const dwi_footer *footer = dwi_parquet_reader_footer(reader->core);

    reader->metadata =
        dwi_arena_array(&reader->arena, footer->n_metadata, sizeof(*reader->metadata));
    if (reader->metadata == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < footer->n_metadata; i++)
        reader->metadata[i] =
            (dw_property){footer->metadata[i].key.ptr == NULL ? "" : footer->metadata[i].key.ptr,
                          footer->metadata[i].value.ptr};
    reader->n_metadata = footer->n_metadata;
    return DW_OK;
}

/* `name` is copied; with a store it stands before it. */
static dw_status alloc_reader(const dw_parquet_open_options *opts, const char *store,
                              const char *name, dw_parquet_reader **out, dw_error *err)
{
    const dw_parquet_open_options defaults = DW_PARQUET_OPEN_OPTIONS_INIT;
    dw_parquet_open_options given;
    const dw_allocator *alloc;
    dw_parquet_reader *reader;
    dwi_buf text;
    dw_status status =
        dwi_options_copy(&given, &defaults, sizeof(given), opts, "DW_PARQUET_OPEN_OPTIONS", err);

    if (status != DW_OK)
        return status;
    if (given.memory_bytes < 0)
        return dwi_err(err, DW_E_ARG, "parquet open options: memory_bytes is negative");
    alloc = given.allocator == NULL ? dwi_alloc_default() : given.allocator;
    reader = dwi_alloc_zero(alloc, sizeof(*reader));
    if (reader == NULL)
        return dwi_err_nomem(err);
    reader->alloc = alloc;
    reader->core_options.memory_bytes = (size_t)given.memory_bytes;
    reader->core_options.ignore_checksums = (given.flags & DW_PARQUET_IGNORE_CHECKSUMS) != 0;
    reader->core_options.settle_int96 = (given.flags & DW_PARQUET_SETTLE_INT96) != 0;
    dwi_arena_init(&reader->arena, alloc);
    *out = reader;
    dwi_buf_init(&text, alloc);
    dwi_buf_append_cstr(&text, store == NULL ? "" : store);
    dwi_buf_append_cstr(&text, store == NULL ? "" : "/");
    dwi_buf_append_cstr(&text, name);
    if (!text.failed && dwi_buf_cstr(&text) != NULL)
        reader->name = dwi_cstr_dup(alloc, (const char *)text.data);
    dwi_buf_done(&text);
    return reader->name == NULL ? dwi_err_nomem(err) : DW_OK;
}

dw_status dw_parquet_reader_open(dw_store *store, const char *key,
                                 const dw_parquet_open_options *opts,
                                 dw_parquet_reader **out_reader, dw_error *err)
{
    dw_parquet_reader *reader = NULL;
    dw_status status;

    if (store == NULL || key == NULL || out_reader == NULL)
        return dwi_err(err, DW_E_ARG,
                       "dw_parquet_reader_open: store, key and out_reader are "
                       "needed");
    DWI_TRY(alloc_reader(opts, dwi_store_name(store), key, &reader, err));
    reader->store = dw_store_ref(store);
    DWI_TRY(dwi_object_source_init(&reader->object, store, reader->alloc, key, -1, err));
    reader->source = dwi_object_source_parquet(&reader->object, reader->name);
    DWI_TRY(dwi_parquet_reader_open_with(reader->alloc, reader->source, &reader->core_options,
                                         &reader->core, err));
    DWI_TRY(collect_metadata(reader, err));
    *out_reader = reader;
    reader = NULL;
done:
    dw_parquet_reader_close(reader);
    return status;
}

dw_status dw_parquet_reader_open_source(const dw_parquet_source *source, const char *name,
                                        const dw_parquet_open_options *opts,
                                        dw_parquet_reader **out_reader, dw_error *err)
{
    const dw_parquet_source defaults = DW_PARQUET_SOURCE_INIT;
    dw_parquet_reader *reader = NULL;
    dw_status status;

    if (source == NULL || name == NULL || out_reader == NULL)
        return dwi_err(err, DW_E_ARG,
                       "dw_parquet_reader_open_source: source, name and out_reader "
                       "are needed");
    DWI_TRY(alloc_reader(opts, NULL, name, &reader, err));
    DWI_TRY(dwi_options_copy(&reader->given, &defaults, sizeof(defaults), source,
                             "DW_PARQUET_SOURCE", err));
    if (reader->given.read == NULL || reader->given.size < 0)
        DWI_TRY(dwi_err(err, DW_E_ARG, "%s: no function to read, or a negative size", name));
    reader->source = (dwi_parquet_source){reader->given.ctx, reader->given.size, reader->name,
                                          reader->given.read};
    DWI_TRY(dwi_parquet_reader_open_with(reader->alloc, reader->source, &reader->core_options,
                                         &reader->core, err));
    DWI_TRY(collect_metadata(reader, err));
    *out_reader = reader;
    reader = NULL;
done:
    dw_parquet_reader_close(reader);
    return status;
}

void dw_parquet_reader_close(dw_parquet_reader *reader)
{
    const dw_allocator *alloc;

    if (reader == NULL)
        return;
    alloc = reader->alloc;
    dwi_parquet_reader_free(reader->core);
    dwi_object_source_done(&reader->object);
    dw_store_unref(reader->store);
    dwi_cstr_free(alloc, reader->name);
    dwi_arena_done(&reader->arena);
    dwi_free(alloc, reader, sizeof(*reader));
}

dw_status dw_parquet_reader_get_info(const dw_parquet_reader *reader, dw_parquet_info *out_info,
                                     dw_error *err)
{
    dw_parquet_info info = DW_PARQUET_INFO_INIT;
    const dwi_footer *footer;

    if (reader == NULL || out_info == NULL || out_info->struct_size < sizeof(uint32_t))
        return dwi_err(err, DW_E_ARG,
                       "dw_parquet_reader_get_info: reader or out_info is NULL or has no size");
    footer = dwi_parquet_reader_footer(reader->core);
    if (out_info->struct_size < info.struct_size)
        info.struct_size = out_info->struct_size;
    info.version = footer->version;
    info.file_bytes = reader->source.size;
    info.rows = dwi_parquet_reader_rows(reader->core);
    info.row_groups = (int64_t)footer->n_row_groups;
    info.created_by = footer->created_by.ptr;
    info.metadata = reader->metadata;
    info.n_metadata = reader->n_metadata;
    memcpy(out_info, &info, info.struct_size);
    return DW_OK;
}

dw_status dw_parquet_reader_schema(dw_parquet_reader *reader, struct ArrowSchema *out_schema,
                                   dw_error *err)
{
    dw_status status;

    if (reader == NULL || out_schema == NULL)
        return dwi_err(err, DW_E_ARG, "dw_parquet_reader_schema: reader or out_schema is NULL");
    status = dwi_arrow_export_parquet_schema(reader->alloc, dwi_parquet_reader_type(reader->core),
                                             out_schema, err);
    return status == DW_OK ? DW_OK : dwi_err_prefix(err, status, "%s", reader->name);
}

/* ---- streams ---- */

typedef struct parquet_stream {
    dw_parquet_reader *reader; /* borrowed */
    dwi_parquet_reader *core;
    bool owns_core;
    dwi_arena arena;           /* types, conditions */
    const dwi_type *type;      /* of what is given */
    const dwi_type *read_type; /* and the columns that conditions want besides */
    dwi_row_filter filter;
    size_t *filter_columns; /* of each condition, in read_type */
    dwi_column batch;
    dwi_column passed; /* of `type`, with conditions */
    int64_t batch_rows;
    dw_error last;
} parquet_stream;

static int give(parquet_stream *s, dw_status status)
{
    if (status == DW_OK)
        s->last = (dw_error)DW_ERROR_INIT;
    return dwi_stream_errno(status);
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    parquet_stream *s = stream->private_data;

    return give(s, dwi_arrow_export_parquet_schema(s->reader->alloc, s->type, out, &s->last));
}

/* The rows of the batch that pass, without what was read for the conditions alone. */
static dw_status keep_passing(parquet_stream *s, dw_error *err)
{
    const dwi_vec *batch;
    const dwi_vec **columns;
    dwi_vec wanted;
    uint32_t *rows;
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, s->reader->alloc);
    batch = dwi_column_view(&s->batch, &arena);
    rows = dwi_arena_alloc(&arena, (size_t)s->batch.length * sizeof(*rows));
    columns = dwi_arena_array(&arena, s->filter.n, sizeof(*columns));
    if (batch == NULL || rows == NULL || columns == NULL) {
        status = dwi_err_nomem(err);
        goto done;
    }
    for (size_t i = 0; i < s->filter.n; i++)
        columns[i] = &batch->children[s->filter_columns[i]];
    wanted = *batch;
    wanted.type = s->type;
    wanted.n_children = s->type->n_fields;
    dwi_column_clear(&s->passed);
    DWI_TRY(dwi_column_take(&s->passed, &wanted, rows,
                            dwi_row_filter_rows(&s->filter, columns, s->batch.length, rows), err));
done:
    dwi_arena_done(&arena);
    return status;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    parquet_stream *s = stream->private_data;
    dwi_column *given = s->filter.n > 0 ? &s->passed : &s->batch;
    dw_status status;

    do {
        status = dwi_parquet_reader_next(s->core, s->batch_rows, &s->batch, &s->last);
        if (status == DW_OK && s->filter.n > 0 && s->batch.length > 0)
            status = keep_passing(s, &s->last);
    } while (status == DW_OK && given->length == 0 && s->batch.length > 0);
    if (status == DW_OK && s->batch.length == 0)
        *out = (struct ArrowArray){.release = NULL}; /* the end */
    else if (status == DW_OK)
        status = dwi_arrow_export_column(given, out, &s->last);
    return give(s, status);
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    const parquet_stream *s = stream->private_data;

    return s->last.code == DW_OK ? NULL : s->last.message;
}

static void free_stream(parquet_stream *s)
{
    if (s == NULL)
        return;
    dwi_column_done(&s->batch);
    dwi_column_done(&s->passed);
    if (s->owns_core)
        dwi_parquet_reader_free(s->core);
    dwi_arena_done(&s->arena);
    dwi_free(s->reader->alloc, s, sizeof(*s));
}

static void release(struct ArrowArrayStream *stream)
{
    free_stream(stream->private_data);
    stream->private_data = NULL;
    stream->release = NULL;
}

static dw_status check_options(const dw_parquet_read_options *opts, dw_parquet_read_options *out,
                               dw_error *err)
{
    const dw_parquet_read_options defaults = DW_PARQUET_READ_OPTIONS_INIT;
    dw_status status;

    DWI_TRY(dwi_options_copy(out, &defaults, sizeof(*out), opts, "DW_PARQUET_READ_OPTIONS", err));
    if (out->batch_rows < 0 || out->first_row < 0 || out->max_rows < 0)
        DWI_TRY(dwi_err(err, DW_E_ARG, "parquet read options: a negative number of rows"));
    if (out->n_columns > 0 && out->columns == NULL)
        DWI_TRY(dwi_err(err, DW_E_ARG, "parquet read options: columns is NULL"));
    if (out->n_conditions > 0 && out->conditions == NULL)
        DWI_TRY(dwi_err(err, DW_E_ARG, "parquet read options: conditions is NULL"));
    for (size_t i = 0; out->columns != NULL && i < out->n_columns; i++)
        if (out->columns[i] == NULL)
            DWI_TRY(dwi_err(err, DW_E_ARG, "parquet read options: a column name is NULL"));
done:
    return status;
}

static const dwi_field *find_column(const dwi_type *type, const char *name)
{
    for (size_t i = 0; i < type->n_fields; i++)
        if (dwi_sv_eq_cstr(type->fields[i].name, name))
            return &type->fields[i];
    return NULL;
}

/* The file's type, or that of the wanted columns. */
static dw_status choose_columns(parquet_stream *s, const dw_parquet_read_options *opts,
                                dw_error *err)
{
    const dwi_type *all = dwi_parquet_reader_type(s->core);
    dwi_field *fields;
    dwi_type *type;

    s->type = all;
    if (opts->columns == NULL)
        return DW_OK;
    type = dwi_arena_zero(&s->arena, sizeof(*type));
    fields = dwi_arena_array(&s->arena, opts->n_columns, sizeof(*fields));
    if (type == NULL || fields == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < opts->n_columns; i++) {
        const dwi_field *field = find_column(all, opts->columns[i]);
        if (field == NULL)
            return dwi_err(err, DW_E_NOT_FOUND, "%s: column %s: the file has none of this name",
                           s->reader->name, opts->columns[i]);
        fields[i] = *field;
    }
    *type = (dwi_type){.kind = DWI_STRUCT, .n_fields = opts->n_columns, .fields = fields};
    s->type = type;
    return DW_OK;
}

static size_t index_of(const dwi_type *type, const dwi_field *field)
{
    size_t i = 0;

    while (i < type->n_fields && type->fields[i].name.ptr != field->name.ptr)
        i++;
    return i;
}

/* The columns of the conditions come after those that are given, where they are not among them. */
static dw_status add_conditions(parquet_stream *s, const dw_parquet_read_options *opts,
                                dw_error *err)
{
    const dwi_type *all = dwi_parquet_reader_type(s->core);
    dwi_type *type = dwi_arena_zero(&s->arena, sizeof(*type));
    dwi_field *fields =
        dwi_arena_array(&s->arena, s->type->n_fields + opts->n_conditions, sizeof(*fields));
    dw_status status;

    s->filter_columns = dwi_arena_array(&s->arena, opts->n_conditions, sizeof(*s->filter_columns));
    if (type == NULL || fields == NULL || s->filter_columns == NULL)
        return dwi_err_nomem(err);
    DWI_TRY(dwi_row_filter_build(&s->arena, all, opts->conditions, opts->n_conditions, &s->filter,
                                 err));
    for (size_t i = 0; i < s->type->n_fields; i++)
        fields[i] = s->type->fields[i];
    *type = (dwi_type){.kind = DWI_STRUCT, .n_fields = s->type->n_fields, .fields = fields};
    for (size_t i = 0; i < opts->n_conditions; i++) {
        const dwi_field *field = &all->fields[dwi_row_filter_column(&s->filter, i)];
        size_t at = index_of(type, field);
        if (at == type->n_fields)
            fields[type->n_fields++] = *field;
        s->filter_columns[i] = at;
    }
    s->read_type = type;
done:
    return status == DW_OK ? DW_OK : dwi_err_prefix(err, status, "%s", s->reader->name);
}

static dw_status open_stream(parquet_stream *s, const dw_parquet_read_options *opts, dw_error *err)
{
    dw_parquet_reader *reader = s->reader;
    dw_status status;

    s->owns_core = reader->core_lent;
    s->core = reader->core;
    if (s->owns_core) {
        s->core = NULL;
        DWI_TRY(dwi_parquet_reader_open_with(reader->alloc, reader->source, &reader->core_options,
                                             &s->core, err));
    }
    DWI_TRY(choose_columns(s, opts, err));
    s->read_type = s->type;
    if (opts->n_conditions > 0)
        DWI_TRY(add_conditions(s, opts, err));
    DWI_TRY(dwi_parquet_reader_project(s->core, s->read_type, err));
    DWI_TRY(dwi_column_init(&s->batch, s->read_type, reader->alloc, err));
    DWI_TRY(dwi_column_init(&s->passed, s->type, reader->alloc, err));
    s->batch_rows = opts->batch_rows == 0 ? BATCH_ROWS : opts->batch_rows;
    dwi_parquet_reader_select_rows(s->core, opts->first_row,
                                   opts->max_rows == 0 ? INT64_MAX - opts->first_row
                                                       : opts->max_rows);
    reader->core_lent = true; /* what it is told from here on stays */
    if (opts->n_conditions > 0)
        DWI_TRY(dwi_parquet_reader_filter(s->core, s->filter.comparisons, s->filter.n, err));
done:
    return status;
}

dw_status dw_parquet_reader_stream(dw_parquet_reader *reader, const dw_parquet_read_options *opts,
                                   struct ArrowArrayStream *out_stream, dw_error *err)
{
    dw_parquet_read_options options;
    parquet_stream *s = NULL;
    dw_status status;

    if (reader == NULL || out_stream == NULL)
        return dwi_err(err, DW_E_ARG, "dw_parquet_reader_stream: reader or out_stream is NULL");
    DWI_TRY(check_options(opts, &options, err));
    s = dwi_alloc_zero(reader->alloc, sizeof(*s));
    if (s == NULL)
        DWI_TRY(dwi_err_nomem(err));
    s->reader = reader;
    dwi_arena_init(&s->arena, reader->alloc);
    DWI_TRY(open_stream(s, &options, err));
    *out_stream = (struct ArrowArrayStream){.get_schema = get_schema,
                                            .get_next = get_next,
                                            .get_last_error = get_last_error,
                                            .release = release,
                                            .private_data = s};
    s = NULL;
done:
    free_stream(s);
    return status;
}
