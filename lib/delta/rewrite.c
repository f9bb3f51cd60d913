/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/rewrite.h"

#include "base/alloc.h"
#include "delta/read_ahead.h"

typedef struct rewriter {
    const dwi_log *log;
    dwi_state *state;
    const dwi_rewrite_options *opts;
    dwi_rewritten *made;
    dwi_data_files *files;
    dwi_column kept; /* rows that the filter chose; type NULL: not made yet */
    dwi_buf keep;    /* its bits */
} rewriter;

static dw_status take_file(void *ctx, const dwi_add *add, int64_t rows, dw_error *err)
{
    dwi_rewritten *made = ctx;
    size_t wanted = made->adds_cap == 0 ? 8 : made->adds_cap * 2;
    dwi_add *grown;

    if (made->n_adds == made->adds_cap) {
        grown = dwi_realloc(made->arena.alloc, made->adds, made->adds_cap * sizeof(*grown),
                            wanted * sizeof(*grown));
        if (grown == NULL)
            return dwi_err_nomem(err);
        made->adds = grown;
        made->adds_cap = wanted;
    }
    made->adds[made->n_adds++] = *add;
    made->rows += rows;
    made->bytes += add->size;
    return DW_OK;
}

dwi_add_taker dwi_rewritten_taker(dwi_rewritten *made)
{
    return (dwi_add_taker){made, &made->arena, take_file};
}

/* Rows that the filter chose, run by run. */
static dw_status filter_rows(rewriter *r, const dwi_vec *rows, dw_error *err)
{
    size_t bytes = (size_t)(rows->length + 7) / 8;
    dw_status status = DW_OK;

    if (r->kept.type == NULL)
        DWI_TRY(dwi_column_init(&r->kept, rows->type, r->log->alloc, err));
    dwi_column_clear(&r->kept);
    dwi_buf_clear(&r->keep);
    if (!dwi_buf_reserve(&r->keep, bytes))
        return dwi_err_nomem(err);
    memset(r->keep.data, 0, bytes);
    DWI_TRY(r->opts->filter.select(r->opts->filter.ctx, rows, r->keep.data, err));
    for (int64_t i = 0; i < rows->length;) {
        int64_t end = i;
        while (end < rows->length && dwi_bit_get(r->keep.data, end))
            end++;
        DWI_TRY(dwi_column_append_vec(&r->kept, rows, i, end - i, err));
        for (i = end; i < rows->length && !dwi_bit_get(r->keep.data, i);)
            i++;
    }
done:
    return status;
}

static dw_status move_batch(rewriter *r, const dwi_column *batch, dw_error *err)
{
    const dwi_vec *rows;
    dwi_arena arena;
    dw_status status = DW_OK;

    dwi_arena_init(&arena, r->log->alloc);
    rows = dwi_column_view(batch, &arena);
    if (rows == NULL)
        DWI_TRY(dwi_err_nomem(err));
    r->made->rows_read += rows->length;
    if (r->opts->filter.select != NULL) {
        DWI_TRY(filter_rows(r, rows, err));
        rows = dwi_column_view(&r->kept, &arena);
        if (rows == NULL)
            DWI_TRY(dwi_err_nomem(err));
    }
    if (rows->length > 0)
        DWI_TRY(dwi_data_files_append(r->files, rows, err));
    if (r->opts->watch.each != NULL)
        DWI_TRY(r->opts->watch.each(r->opts->watch.ctx, batch->length, err));
done:
    dwi_arena_done(&arena);
    return status;
}

static dw_status move_rows(rewriter *r, dwi_table_scan *scan, dw_error *err)
{
    const dwi_column *batch = NULL;
    dwi_read_ahead *ahead = NULL;
    dw_status status;

    DWI_TRY(dwi_read_ahead_open(r->log->alloc, scan, r->opts->read_ahead, &ahead, err));
    for (;;) {
        DWI_TRY(dwi_read_ahead_next(ahead, &batch, err));
        if (batch->length == 0)
            break;
        DWI_TRY(move_batch(r, batch, err));
    }
    DWI_TRY(dwi_data_files_finish(r->files, err));
done:
    dwi_read_ahead_close(ahead);
    return status;
}

static dw_status tell_rows(void *ctx, int64_t rows, dw_error *err)
{
    const rewriter *r = ctx;

    return r->opts->watch.each == NULL ? DW_OK : r->opts->watch.each(r->opts->watch.ctx, rows, err);
}

static dw_status sort_rows(rewriter *r, const dwi_scan_files *what, dw_error *err)
{
    const dwi_zorder_job job = {.log = r->log,
                                .state = r->state,
                                .order = r->opts->order,
                                .what = what,
                                .memory_bytes = r->opts->order_bytes,
                                .read = tell_rows,
                                .read_ctx = r};
    int64_t rows = 0;
    dw_status status;

    DWI_TRY(dwi_zorder_move(&job, r->files, &rows, err));
    r->made->rows_read += rows;
    DWI_TRY(dwi_data_files_finish(r->files, err));
done:
    return status;
}

/* The rows of some files, which are of one partition unless they are not live yet. */
static dw_status move_files(rewriter *r, const dwi_add *files, size_t n, dw_error *err)
{
    const dwi_scan_files what = {.more = r->opts->more,
                                 .n_more = r->opts->n_more,
                                 .row_ids = !r->opts->staged,
                                 .files = files,
                                 .n_files = n};
    dwi_data_files_options opts = r->opts->files;
    dwi_table_scan *scan = NULL;
    dw_status status;

    opts.partition_values = r->opts->staged ? NULL : &files[0].partition_values;
    DWI_TRY(
        dwi_data_files_new(r->log, r->state, &opts, dwi_rewritten_taker(r->made), &r->files, err));
    if (r->opts->order != NULL && r->opts->order->n_columns > 0) {
        status = sort_rows(r, &what, err);
        goto done;
    }
    DWI_TRY(dwi_table_scan_open_files(r->log, r->state, &what, &scan, err));
    DWI_TRY(move_rows(r, scan, err));
done:
    dwi_data_files_free(r->files);
    r->files = NULL;
    dwi_column_done(&r->kept); /* its type is the scan's */
    dwi_table_scan_close(scan);
    return status;
}

static dwi_sv value_of(const dwi_kvs *values, dwi_sv key)
{
    for (size_t i = 0; i < values->count; i++)
        if (dwi_sv_eq(values->items[i].key, key))
            return values->items[i].value;
    return (dwi_sv){NULL, 0};
}

bool dwi_same_partition(const dwi_add *a, const dwi_add *b)
{
    if (a->partition_values.count != b->partition_values.count)
        return false;
    for (size_t i = 0; i < a->partition_values.count; i++) {
        const dwi_kv *mine = &a->partition_values.items[i];
        dwi_sv other = value_of(&b->partition_values, mine->key);
        if ((mine->value.ptr == NULL) != (other.ptr == NULL) || !dwi_sv_eq(mine->value, other))
            return false;
    }
    return true;
}

dw_status dwi_rewrite(const dwi_log *log, dwi_state *state, const dwi_rewrite_options *opts,
                      const dwi_add *files, size_t n_files, dwi_rewritten *out, dw_error *err)
{
    dwi_rewritten made = {0};
    rewriter r = {.log = log, .state = state, .opts = opts, .made = &made};
    dw_status status = DW_OK;

    dwi_arena_init(&made.arena, log->alloc);
    dwi_buf_init(&r.keep, log->alloc);
    for (size_t first = 0; first < n_files;) {
        size_t end = first + 1;
        while (end < n_files && (opts->staged || dwi_same_partition(&files[first], &files[end])))
            end++;
        DWI_TRY(move_files(&r, files + first, end - first, err));
        first = end;
    }
done:
    dwi_buf_done(&r.keep);
    if (status != DW_OK) {
        dwi_rewritten_remove(&made, log);
        dwi_rewritten_done(&made);
    }
    *out = made;
    return status;
}

void dwi_rewritten_done(dwi_rewritten *made)
{
    if (made->arena.alloc != NULL)
        dwi_free(made->arena.alloc, made->adds, made->adds_cap * sizeof(*made->adds));
    dwi_arena_done(&made->arena);
    *made = (dwi_rewritten){0};
}

void dwi_remove_data_files(const dwi_log *log, const dwi_add *adds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *key = NULL;
        if (dwi_log_data_key(log, adds[i].path, &key, NULL) == DW_OK)
            (void)dwi_store_remove(log->store, key, NULL);
        dwi_cstr_free(log->alloc, key);
    }
}

void dwi_rewritten_remove(const dwi_rewritten *made, const dwi_log *log)
{
    dwi_remove_data_files(log, made->adds, made->n_adds);
}
