/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/optimize.h"

#include <stdio.h>

#include "parquet/encode_pool.h"
#include "json/json_writer.h"

enum {
    /* A row group takes this share of a thread's memory: beside it are its open pages and
     * dictionaries, what is read, and a batch on its way. */
    ROW_GROUP_SHARE = 4,
    /* Rows that are sorted take so much of it. */
    ORDER_SHARE = 2
};
#define MIN_ROW_GROUP_BYTES (INT64_C(1) * 1024 * 1024)
#define MAX_ROW_GROUP_BYTES (INT64_C(64) * 1024 * 1024)

typedef struct run {
    const dwi_optimize_job *job;
    const dwi_bin *bins;
    dwi_bin_result *results;
    dwi_rewrite_options opts;
} run;

typedef struct bin_ctx {
    const run *r;
    const dwi_bin *bin;
} bin_ctx;

static dw_status watch_bin(void *ctx, int64_t rows, dw_error *err)
{
    const bin_ctx *b = ctx;

    return b->r->job->watch.each(b->r->job->watch.ctx, b->bin, rows, err);
}

/* A bin of files below the target makes one file, even where rows take more room anew than before,
 * so that no little one is left of it; more of them are cut at the target. */
static int64_t target_of(const run *r, const dwi_bin *bin)
{
    int64_t target = r->job->target_bytes;

    return bin->bytes <= target && target <= INT64_MAX / 2 ? target * 2 : target;
}

static dw_status write_bin(void *ctx, size_t worker, size_t task, dw_error *err)
{
    const run *r = ctx;
    const dwi_bin *bin = &r->bins[task];
    dwi_bin_result *result = &r->results[task];
    bin_ctx watch = {r, bin};
    dwi_rewrite_options opts = r->opts;
    dw_status status;

    (void)worker;
    opts.files.target_file_bytes = target_of(r, bin);
    if (r->job->watch.each != NULL)
        opts.watch = (dwi_rewrite_watch){&watch, watch_bin};
    result->why = (dw_error)DW_ERROR_INIT;
    status = dwi_rewrite(r->job->log, r->job->state, &opts, bin->files, bin->n_files, &result->made,
                         &result->why);
    if (status == DW_E_NOT_FOUND) { /* another commit, and a vacuum, may have taken it */
        result->missing = true;
        return DW_OK;
    }
    if (status != DW_OK && err != NULL)
        *err = result->why;
    return status;
}

/* Threads that have no bin of their own read for one that has, and help it to encode. */
static void share_out(run *r, size_t n_bins, size_t *out_workers)
{
    const dwi_optimize_job *job = r->job;
    size_t threads = job->n_threads > 0 ? job->n_threads : 1;
    size_t workers = n_bins < threads ? n_bins : threads;
    int64_t group = job->memory_bytes / (int64_t)workers / ROW_GROUP_SHARE;

    r->opts.files.file = job->file;
    r->opts.read_ahead = threads / workers > 1;
    r->opts.files.file.encode_threads = r->opts.read_ahead ? (int)(threads / workers) - 1 : 1;
    r->opts.order = &job->order;
    r->opts.order_bytes = job->memory_bytes / (int64_t)workers / ORDER_SHARE;
    if (group < MIN_ROW_GROUP_BYTES)
        group = MIN_ROW_GROUP_BYTES;
    if (group > MAX_ROW_GROUP_BYTES)
        group = MAX_ROW_GROUP_BYTES;
    if (job->file.row_group_bytes <= 0 || job->file.row_group_bytes > group)
        r->opts.files.file.row_group_bytes = group;
    *out_workers = workers;
}

dw_status dwi_optimize_write(const dwi_optimize_job *job, const dwi_bin *bins, size_t n,
                             dwi_bin_result *out, dw_error *err)
{
    run r = {.job = job, .bins = bins, .results = out};
    dwi_encode_pool *pool = NULL;
    size_t workers;
    dw_status status = DW_OK;

    if (n == 0)
        return DW_OK;
    share_out(&r, n, &workers);
    DWI_TRY(dwi_encode_pool_new(job->log->alloc, workers, &pool, err));
    DWI_TRY(dwi_encode_pool_run(pool, n, write_bin, &r, err));
done:
    dwi_encode_pool_free(pool);
    if (status != DW_OK)
        dwi_bin_results_done(out, n, job->log);
    return status;
}

void dwi_bin_results_done(dwi_bin_result *results, size_t n, const dwi_log *log)
{
    for (size_t i = 0; i < n; i++) {
        if (log != NULL)
            dwi_rewritten_remove(&results[i].made, log);
        dwi_rewritten_done(&results[i].made);
    }
}

/* ---- history ---- */

/* A JSON array of texts as a JSON string. */
static void append_list(dwi_jw *w, const char *key, dwi_svs items, const dw_allocator *alloc,
                        dwi_buf *out)
{
    dwi_buf text;
    dwi_jw inner;

    dwi_buf_init(&text, alloc);
    dwi_jw_init(&inner, &text);
    dwi_jw_array_begin(&inner);
    for (size_t i = 0; i < items.count; i++)
        dwi_jw_string(&inner, items.items[i]);
    dwi_jw_array_end(&inner);
    if (text.failed)
        out->failed = true;
    else
        dwi_jw_kv_string(w, key, (dwi_sv){(const char *)text.data, text.len});
    dwi_buf_done(&text);
}

void dwi_optimize_parameters(const dwi_optimize_history *history, dwi_buf *out)
{
    const dwi_svs predicates = {history->predicate.ptr != NULL, &history->predicate};
    dwi_jw w;

    dwi_jw_init(&w, out);
    dwi_jw_object_begin(&w);
    append_list(&w, "predicate", predicates, out->alloc, out);
    append_list(&w, "zOrderBy", history->zorder, out->alloc, out);
    append_list(&w, "clusterBy", history->clustering, out->alloc, out);
    dwi_jw_kv_bool(&w, "auto", history->automatic);
    dwi_jw_object_end(&w);
}

int64_t dwi_size_percentile(const int64_t *sizes, int64_t n, int percent)
{
    int64_t at = n / 100 * percent + n % 100 * percent / 100;

    return sizes[at < n ? at : n - 1];
}

static void append_count(dwi_jw *w, const char *key, int64_t value)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%lld", (long long)value);
    dwi_jw_kv_cstr(w, key, text);
}

void dwi_optimize_metrics_append(const dwi_optimize_counts *counts, const int64_t *sizes,
                                 dwi_buf *out)
{
    static const struct {
        const char *key;
        int percent;
    } shares[] = {{"minFileSize", 0},
                  {"p25FileSize", 25},
                  {"p50FileSize", 50},
                  {"p75FileSize", 75},
                  {"maxFileSize", 100}};
    dwi_jw w;

    dwi_jw_init(&w, out);
    dwi_jw_object_begin(&w);
    append_count(&w, "numRemovedFiles", counts->removed_files);
    append_count(&w, "numRemovedBytes", counts->removed_bytes);
    append_count(&w, "numAddedFiles", counts->added_files);
    append_count(&w, "numAddedBytes", counts->added_bytes);
    append_count(&w, "numDeletionVectorsRemoved", counts->removed_dvs);
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
        append_count(&w, shares[i].key,
                     counts->added_files > 0
                         ? dwi_size_percentile(sizes, counts->added_files, shares[i].percent)
                         : 0);
    dwi_jw_object_end(&w);
}
