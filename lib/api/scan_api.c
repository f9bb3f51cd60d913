/* SPDX-License-Identifier: Apache-2.0 */
/* dw_snapshot_scan(): a table scan as an Arrow stream. */
#include "api/snapshot_impl.h"

#include "api/arrow_stream.h"
#include "base/alloc.h"
#include "base/options.h"
#include "columns/arrow_import.h"
#include "delta/table_scan.h"

typedef struct scan_stream {
    dw_snapshot *snapshot; /* borrowed */
    dwi_where *where;      /* NULL: none */
    dwi_table_scan *scan;
    dwi_column batch;
    dw_error last;
} scan_stream;

/* Keeps what get_last_error() tells. */
static int give(scan_stream *s, dw_status status)
{
    if (status == DW_OK)
        s->last = (dw_error)DW_ERROR_INIT;
    else
        (void)dwi_err_prefix(&s->last, status, "%s", s->snapshot->table->uri);
    return dwi_stream_errno(status);
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    scan_stream *s = stream->private_data;

    return give(s, dwi_arrow_export_schema(s->snapshot->table->alloc, dwi_table_scan_type(s->scan),
                                           out, &s->last));
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    scan_stream *s = stream->private_data;
    dw_status status = dwi_table_scan_next(s->scan, &s->batch, &s->last);

    if (status == DW_OK && s->batch.length == 0)
        *out = (struct ArrowArray){.release = NULL}; /* the end */
    else if (status == DW_OK)
        status = dwi_arrow_export_column(&s->batch, out, &s->last);
    return give(s, status);
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    const scan_stream *s = stream->private_data;

    return s->last.code == DW_OK ? NULL : s->last.message;
}

static void free_stream(scan_stream *s)
{
    if (s == NULL)
        return;
    dwi_column_done(&s->batch);
    dwi_table_scan_close(s->scan);
    dwi_where_free(s->where);
    dwi_free(s->snapshot->table->alloc, s, sizeof(*s));
}

static void release(struct ArrowArrayStream *stream)
{
    free_stream(stream->private_data);
    stream->private_data = NULL;
    stream->release = NULL;
}

static dw_status check_options(const dw_scan_options *opts, dw_scan_options *out, dw_error *err)
{
    const dw_scan_options defaults = DW_SCAN_OPTIONS_INIT;
    dw_status status;

    DWI_TRY(dwi_options_copy(out, &defaults, sizeof(*out), opts, "DW_SCAN_OPTIONS", err));
    if (out->batch_rows < 0 || (out->n_columns > 0 && out->columns == NULL))
        DWI_TRY(dwi_err(err, DW_E_ARG, "scan options: a negative batch size or no columns"));
    for (size_t i = 0; out->columns != NULL && i < out->n_columns; i++)
        if (out->columns[i] == NULL)
            DWI_TRY(dwi_err(err, DW_E_ARG, "scan options: a column name is NULL"));
done:
    return status;
}

static dw_status open_scan(scan_stream *s, const dw_scan_options *options, dw_error *err)
{
    dwi_scan_options what = {options->columns, options->n_columns, options->batch_rows, NULL};
    const dw_table *table = s->snapshot->table;
    dwi_state *state = s->snapshot->state;
    dw_status status = DW_OK;

    if (options->where != NULL)
        DWI_TRY(dwi_where_parse(table->alloc, dwi_sv_cstr(options->where), state, &s->where, err));
    what.where = s->where;
    status = dwi_table_scan_open(&table->log, state, &what, &s->scan, err);
done:
    return status;
}

dw_status dw_snapshot_scan(dw_snapshot *snapshot, const dw_scan_options *opts,
                           struct ArrowArrayStream *out_stream, dw_error *err)
{
    dw_scan_options options;
    scan_stream *s = NULL;
    dw_table *table;
    dw_status status;

    if (snapshot == NULL || out_stream == NULL)
        return dwi_err(err, DW_E_ARG, "dw_snapshot_scan: a snapshot and out_stream are needed");
    table = snapshot->table;
    DWI_TRY(check_options(opts, &options, err));
    s = dwi_alloc_zero(table->alloc, sizeof(*s));
    if (s == NULL)
        DWI_TRY(dwi_err_nomem(err));
    s->snapshot = snapshot;
    status = open_scan(s, &options, err);
    if (status != DW_OK)
        DWI_TRY(dwi_err_prefix(err, status, "%s", table->uri));
    DWI_TRY(dwi_column_init(&s->batch, dwi_table_scan_type(s->scan), table->alloc, err));
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
