/* SPDX-License-Identifier: Apache-2.0 */
/* dw_vacuum(): its options, and the commits that tell of it. */
#include <deltawrite/maintain.h>

#include <inttypes.h>
#include <stdio.h>

#include "api/table_note.h"
#include "base/options.h"
#include "delta/properties.h"
#include "delta/vacuum.h"

static const int64_t week_ms = INT64_C(7) * 86400000;
static const int64_t usual_skew_ms = INT64_C(15) * 60000;
enum { MAX_THREADS = 256 };

typedef struct vacuum {
    dw_table *table;
    dw_vacuum_options given;
    int64_t table_ms; /* the table's retention */
    bool noted;       /* VACUUM START was committed */
    bool told;        /* the error that ended it names the table, or is the caller's own */
} vacuum;

static dw_status read_options(vacuum *v, const dw_vacuum_options *opts, dw_error *err)
{
    const dw_vacuum_options defaults = DW_VACUUM_OPTIONS_INIT;
    const uint32_t known =
        DW_VACUUM_DRY_RUN | DW_VACUUM_LITE | DW_VACUUM_UNSAFE_RETENTION | DW_VACUUM_NO_COMMITS;
    dw_status status;

    DWI_TRY(
        dwi_options_copy(&v->given, &defaults, sizeof(v->given), opts, "DW_VACUUM_OPTIONS", err));
    if ((v->given.flags & ~known) != 0)
        DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED, "dw_vacuum: unknown flags"));
    if (v->given.retain_ms < -1 || v->given.clock_skew_ms < -1 || v->given.threads < 0 ||
        v->given.threads > MAX_THREADS)
        DWI_TRY(dwi_err(err, DW_E_ARG, "dw_vacuum: a time is negative, or threads are not 0 to %d",
                        MAX_THREADS));
done:
    return status;
}

/* What is to stay: retention and margin. */
static dw_status decide(vacuum *v, const dwi_state *state, dwi_vacuum_options *out, dw_error *err)
{
    int64_t now_ms = dwi_now_ms(v->table->log.env);
    int64_t retain_ms = v->given.retain_ms;
    int64_t skew_ms = v->given.clock_skew_ms;
    dw_status status;

    v->table_ms = week_ms;
    DWI_TRY(dwi_property_interval(state->metadata.configuration,
                                  "delta.deletedFileRetentionDuration", &v->table_ms, err));
    if (retain_ms < 0)
        retain_ms = v->table_ms;
    if (retain_ms < v->table_ms && (v->given.flags & DW_VACUUM_UNSAFE_RETENTION) == 0)
        DWI_TRY(dwi_err(err, DW_E_ARG,
                        "vacuum: a retention of %.1f hours is below the table's of %.1f hours "
                        "(delta.deletedFileRetentionDuration): running writers and readers of "
                        "older versions may lose files",
                        (double)retain_ms / 3600000, (double)v->table_ms / 3600000));
    if (skew_ms < 0)
        skew_ms = retain_ms < v->table_ms ? 0 : usual_skew_ms;
    *out = (dwi_vacuum_options){
        .cutoff_ms = now_ms - retain_ms > skew_ms ? now_ms - retain_ms - skew_ms : 0,
        .every_version = retain_ms > v->table_ms,
        .lite = (v->given.flags & DW_VACUUM_LITE) != 0,
        .dry_run = (v->given.flags & DW_VACUUM_DRY_RUN) != 0,
        .threads = v->given.threads > 0 ? (size_t)v->given.threads : 1,
    };
done:
    return status;
}

static dw_status note_start(void *ctx, int64_t files, int64_t bytes, dw_error *err)
{
    vacuum *v = ctx;
    char parameters[256];
    char specified[64] = "";
    char metrics[128];
    dw_status status;

    if ((v->given.flags & DW_VACUUM_NO_COMMITS) != 0)
        return DW_OK;
    if (v->given.retain_ms >= 0)
        (void)snprintf(specified, sizeof(specified), "\"specifiedRetentionMillis\":%" PRId64 ",",
                       v->given.retain_ms);
    (void)snprintf(parameters, sizeof(parameters),
                   "{\"retentionCheckEnabled\":%s,%s\"defaultRetentionMillis\":%" PRId64 "}",
                   (v->given.flags & DW_VACUUM_UNSAFE_RETENTION) == 0 ? "true" : "false", specified,
                   v->table_ms);
    (void)snprintf(metrics, sizeof(metrics),
                   "{\"numFilesToDelete\":\"%" PRId64 "\",\"sizeOfDataToDelete\":\"%" PRId64 "\"}",
                   files, bytes);
    status = dwi_table_note(v->table, "VACUUM START", parameters, metrics, err);
    v->noted = status == DW_OK;
    v->told = status != DW_OK;
    return status;
}

static dw_status note_end(const vacuum *v, bool completed, const dwi_vacuum_result *result,
                          dw_error *err)
{
    char metrics[128] = "{}";

    if (completed)
        (void)snprintf(metrics, sizeof(metrics),
                       "{\"numDeletedFiles\":\"%" PRId64 "\",\"numVacuumedDirectories\":\"%" PRId64
                       "\"}",
                       result->files, result->folders);
    return dwi_table_note(v->table, "VACUUM END",
                          completed ? "{\"status\":\"COMPLETED\"}" : "{\"status\":\"FAILED\"}",
                          metrics, err);
}

static dw_status tell_file(void *ctx, const char *path, int64_t size, dw_error *err)
{
    vacuum *v = ctx;
    dw_status status = v->given.file(v->given.file_ctx, path, size, err);

    v->told = status != DW_OK;
    return status;
}

static void tell_progress(void *ctx, int64_t done, int64_t total)
{
    const vacuum *v = ctx;

    v->given.progress(v->given.progress_ctx, done, total);
}

static void copy_metrics(const dwi_vacuum_result *r, const dwi_vacuum_options *options,
                         dw_vacuum_metrics *out)
{
    dw_vacuum_metrics metrics = {
        .struct_size = out->struct_size,
        .is_lite = options->lite,
        .cutoff_ms = options->cutoff_ms,
        .version = r->version,
        .first_version = r->first_version,
        .last_version = r->last_version,
        .files = r->files,
        .bytes = r->bytes,
        .failed_files = r->failed,
        .listed_files = r->listed,
        .folders = r->folders,
        .young_files = r->young,
        .foreign_files = r->foreign,
        .leftovers = r->leftovers,
        .leftover_bytes = r->leftover_bytes,
        .empty_folders = r->empty_folders,
    };

    memcpy(out, &metrics, out->struct_size < sizeof(metrics) ? out->struct_size : sizeof(metrics));
}

dw_status dw_vacuum(dw_table *table, const dw_vacuum_options *opts, dw_vacuum_metrics *out_metrics,
                    dw_error *err)
{
    vacuum v = {.table = table};
    dwi_vacuum_options options;
    dwi_vacuum_result result;
    dwi_state *state = NULL;
    dw_status status;

    if (table == NULL || (out_metrics != NULL && out_metrics->struct_size < sizeof(uint32_t)))
        return dwi_err(err, DW_E_ARG, "dw_vacuum: a table, and metrics with a size");
    DWI_TRY(read_options(&v, opts, err));
    DWI_TRY(dw_table_refresh(table, NULL, err));
    state = dwi_table_state(table);
    status = decide(&v, state, &options, err);
    if (status != DW_OK)
        DWI_TRY(dwi_err_prefix(err, status, "%s", table->uri));
    options.ctx = &v;
    options.begin = note_start;
    options.file = v.given.file != NULL ? tell_file : NULL;
    options.progress = v.given.progress != NULL ? tell_progress : NULL;
    status = dwi_vacuum(&table->log, state, &options, &result, err);
    if (out_metrics != NULL)
        copy_metrics(&result, &options, out_metrics);
    if (v.noted && status == DW_OK)
        DWI_TRY(note_end(&v, true, &result, err));
    else if (v.noted)
        (void)note_end(&v, false, &result, NULL); /* what failed before is what the caller hears */
    if (status != DW_OK && !v.told)
        (void)dwi_err_prefix(err, status, "%s", table->uri);
done:
    dwi_state_unref(state);
    return status;
}
