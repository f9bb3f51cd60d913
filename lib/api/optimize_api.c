/* SPDX-License-Identifier: Apache-2.0 */
/* dw_optimize(): bins of files are written anew group by group, and each group is one commit. A
 * commit of others between the listing of the files and ours takes bins out, never the whole run:
 * what it removed is found by its paths. */
#include <deltawrite/maintain.h>

#include "api/optimize_impl.h"
#include "base/alloc.h"
#include "base/options.h"
#include "delta/features.h"
#include "delta/files.h"
#include "delta/properties.h"

enum { MIN_FILES = 2, DELETED_PERCENT = 5, MAX_THREADS = 256 };
#define TARGET_FILE_BYTES (INT64_C(128) * 1024 * 1024)
#define MEMORY_BYTES      (INT64_C(512) * 1024 * 1024)
#define COMMIT_BYTES      (INT64_C(8) * 1024 * 1024 * 1024)

static dw_status read_options(const dw_optimize_options *opts, dw_optimize_options *out,
                              dw_error *err)
{
    const dw_optimize_options defaults = DW_OPTIMIZE_OPTIONS_INIT;
    dw_status status;

    DWI_TRY(dwi_options_copy(out, &defaults, sizeof(*out), opts, "DW_OPTIMIZE_OPTIONS", err));
    if ((out->flags & ~DW_OPTIMIZE_DRY_RUN) != 0)
        DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED, "dw_optimize: unknown flags"));
    if (out->target_file_bytes < 0 || out->min_files < 0 || out->memory_bytes < 0 ||
        out->commit_bytes < 0 || out->threads < 0 || out->threads > MAX_THREADS ||
        out->deleted_percent < 0 || out->deleted_percent > 100)
        DWI_TRY(dwi_err(err, DW_E_ARG, "optimize options: a number is out of its range"));
    if (out->min_files == 0)
        out->min_files = MIN_FILES;
    if (out->deleted_percent == 0)
        out->deleted_percent = DELETED_PERCENT;
    if (out->memory_bytes == 0)
        out->memory_bytes = MEMORY_BYTES;
    if (out->commit_bytes == 0)
        out->commit_bytes = COMMIT_BYTES;
    if (out->threads == 0)
        out->threads = 1;
done:
    return status;
}

/* The caller's, else the table's, else the size at which our own appends end a file. A malformed
 * property counts as not set. */
static int64_t target_bytes(const dw_table *table, const dwi_state *state, int64_t given)
{
    int64_t target = given > 0 ? given : table->opts.target_file_bytes;

    if (target <= 0)
        (void)dwi_property_bytes(state->metadata.configuration, "delta.targetFileSize", &target,
                                 NULL);
    return target > 0 ? target : TARGET_FILE_BYTES;
}

static bool is_clustered(const dwi_state *state)
{
    return dwi_state_domain(state, "delta.clustering") != NULL;
}

static dw_status make_plan(dwi_optimize_pass *run, const dw_optimize_options *opts, dw_error *err)
{
    dwi_plan_rules rules = {
        .target_bytes = run->job.target_bytes,
        .min_files = opts->min_files < MIN_FILES ? MIN_FILES : (size_t)opts->min_files,
        .deleted_percent = opts->deleted_percent,
        .whole = run->job.order.n_columns > 0,
        .provider = is_clustered(run->state) ? "" : NULL,
        .matches = run->where == NULL ? NULL : dwi_where_may_match,
        .ctx = run->where,
    };
    const dwi_file_visitor visitor = {&run->plan, dwi_plan_add, NULL};
    dw_status status;

    DWI_TRY(dwi_plan_init(&run->plan, &run->table->log, run->state, &rules, err));
    DWI_TRY(dwi_files_visit(&run->table->log, run->state, visitor, err));
    DWI_TRY(dwi_plan_make(&run->plan, err));
done:
    return status;
}

static dw_status read_where(dwi_optimize_pass *run, const char *where, dw_error *err)
{
    dw_status status;

    DWI_TRY(dwi_where_parse(run->table->alloc, dwi_sv_cstr(where), run->state, &run->where, err));
    if (!dwi_where_is_partition(run->where))
        status =
            dwi_err(err, DW_E_ARG, "where: %s: only partition columns can choose files", where);
    run->history.predicate = dwi_where_sql(run->where);
done:
    return status;
}

/* Columns as the table calls them. */
static dw_status read_order(dwi_optimize_pass *run, const dw_optimize_options *opts, dw_error *err)
{
    dwi_sv *names = dwi_arena_array(&run->arena, opts->n_zorder_columns, sizeof(*names));
    dw_status status = DW_OK;

    if (names == NULL)
        return dwi_err_nomem(err);
    if (opts->n_zorder_columns > 0 && is_clustered(run->state))
        return dwi_err(err, DW_E_ARG,
                       "zorder_columns: the table is clustered, by columns of its own");
    for (size_t i = 0; i < opts->n_zorder_columns; i++) {
        if (opts->zorder_columns == NULL || opts->zorder_columns[i] == NULL)
            return dwi_err(err, DW_E_ARG, "optimize options: a column name is NULL");
        names[i] = dwi_sv_cstr(opts->zorder_columns[i]);
        DWI_TRY(dwi_row_order_add(&run->job.order, run->state, names[i], err));
    }
    run->history.zorder = (dwi_svs){opts->n_zorder_columns, names};
done:
    return status;
}

static void count_plan(dwi_optimize_pass *run)
{
    for (size_t i = 0; i < run->plan.n_bins; i++) {
        const dwi_bin *bin = &run->plan.bins[i];
        run->metrics.removed_files += (int64_t)bin->n_files;
        run->metrics.removed_bytes += bin->bytes;
        run->metrics.removed_dvs += bin->n_dvs;
        run->metrics.rows =
            bin->rows < 0 || run->metrics.rows < 0 ? -1 : run->metrics.rows + bin->rows;
        if (i == 0 || !dwi_same_partition(&bin->files[0], &run->plan.bins[i - 1].files[0]))
            run->metrics.partitions++;
    }
}

static void copy_metrics(const dwi_optimize_pass *run, dw_optimize_metrics *out)
{
    dw_optimize_metrics metrics = run->metrics;

    metrics.struct_size = out->struct_size;
    memcpy(out, &metrics, out->struct_size < sizeof(metrics) ? out->struct_size : sizeof(metrics));
}

static dw_status optimize(dw_table *table, const dw_optimize_options *opts, dwi_optimize_pass *run,
                          dw_error *err)
{
    dw_status status;

    DWI_TRY(dw_table_refresh(table, NULL, err));
    run->state = dwi_table_state(table);
    DWI_TRY(dwi_features_check_rewrite(run->state, err));
    run->job = (dwi_optimize_job){
        .log = &table->log,
        .target_bytes = target_bytes(table, run->state, opts->target_file_bytes),
        .memory_bytes = opts->memory_bytes,
        .n_threads = (size_t)opts->threads,
        .file = {.compression = table->opts.compression,
                 .level = table->opts.compression_level,
                 .row_group_bytes = table->opts.row_group_bytes},
    };
    run->commit_bytes = opts->commit_bytes;
    run->progress = opts->progress;
    run->progress_ctx = opts->progress_ctx;
    if (opts->where != NULL)
        DWI_TRY(read_where(run, opts->where, err));
    DWI_TRY(read_order(run, opts, err));
    DWI_TRY(make_plan(run, opts, err));
    run->metrics.considered_files = run->plan.n_files;
    run->metrics.considered_bytes = run->plan.bytes;
    if ((opts->flags & DW_OPTIMIZE_DRY_RUN) != 0)
        count_plan(run);
    else
        DWI_TRY(dwi_optimize_bins(run, err));
done:
    return status;
}

dw_status dw_optimize(dw_table *table, const dw_optimize_options *opts,
                      dw_optimize_metrics *out_metrics, dw_error *err)
{
    dwi_optimize_pass run;
    dw_optimize_options given;
    dw_status status;

    if (table == NULL || (out_metrics != NULL && out_metrics->struct_size < sizeof(uint32_t)))
        return dwi_err(err, DW_E_ARG, "dw_optimize: a table, and metrics with a size");
    dwi_optimize_pass_init(&run, table);
    DWI_TRY(read_options(opts, &given, err));
    DWI_TRY(dwi_table_check_store(table, err));
    DWI_TRY(optimize(table, &given, &run, err));
done:
    if (status != DW_OK)
        dwi_table_name_error(table, status, err);
    if (out_metrics != NULL)
        copy_metrics(&run, out_metrics);
    dwi_optimize_pass_done(&run);
    return status;
}
