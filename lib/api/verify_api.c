/* SPDX-License-Identifier: Apache-2.0 */
/* dw_verify(), and the commit that takes missing files out of a table. */
#include <deltawrite/maintain.h>

#include <stdio.h>

#include "api/table_publish.h"
#include "base/alloc.h"
#include "base/options.h"
#include "delta/features.h"
#include "delta/verify.h"

enum { MAX_THREADS = 256 };

typedef struct verification {
    dw_verify_options given;
    dw_table_options table;
} verification;

static dw_status read_options(verification *v, const dw_verify_options *opts, dw_error *err)
{
    const dw_verify_options defaults = DW_VERIFY_OPTIONS_INIT;
    const uint32_t known = DW_VERIFY_QUICK | DW_VERIFY_FULL | DW_VERIFY_ORPHANS | DW_VERIFY_REPAIR;
    dw_status status;

    DWI_TRY(
        dwi_options_copy(&v->given, &defaults, sizeof(v->given), opts, "DW_VERIFY_OPTIONS", err));
    if ((v->given.flags & ~known) != 0)
        DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED, "dw_verify: unknown flags"));
    if ((v->given.flags & DW_VERIFY_QUICK) != 0 && (v->given.flags & DW_VERIFY_FULL) != 0)
        DWI_TRY(dwi_err(err, DW_E_ARG, "dw_verify: quick and full at once"));
    if (v->given.threads < 0 || v->given.threads > MAX_THREADS)
        DWI_TRY(dwi_err(err, DW_E_ARG, "dw_verify: threads are not 0 to %d", MAX_THREADS));
    DWI_TRY(dwi_table_options(v->given.table, &v->table, err));
    if (v->table.allocator == NULL)
        v->table.allocator = dwi_alloc_default();
done:
    return status;
}

static dw_status tell(void *ctx, const dwi_finding *finding, dw_error *err)
{
    const verification *v = ctx;
    const dw_finding public = {.severity = (int32_t)finding->severity,
                               .version = finding->version,
                               .code = finding->code,
                               .object = finding->object,
                               .message = finding->message,
                               .repair = finding->repair};

    return v->given.each == NULL ? DW_OK : v->given.each(v->given.each_ctx, &public, err);
}

static void tell_progress(void *ctx, int64_t done, int64_t total)
{
    const verification *v = ctx;

    v->given.progress(v->given.progress_ctx, done, total);
}

static dw_status stage_removal(dw_table *table, const dwi_verify_result *found,
                               const dwi_remove *removes, dw_verify_metrics *metrics, dw_error *err)
{
    char counted[64];
    const dwi_staged staged = {
        .operation = "FSCK",
        .parameters = DWI_SV("{}"),
        .metrics = {counted, (size_t)snprintf(counted, sizeof(counted),
                                              "{\"numRemovedFiles\":\"%zu\"}", found->n_missing)},
        .engine_info = table->engine_info != NULL ? table->engine_info : DWI_ENGINE_INFO,
        .read_version = found->state->version,
        .n_removes = found->n_missing,
        .removes = removes,
    };
    dwi_committer committer;
    dwi_committed committed;
    dw_status status;

    dwi_committer_init(&committer, &table->log, found->state);
    DWI_TRY(dwi_table_publish(table, &committer, &staged, &committed, err));
    metrics->repaired_files = (int64_t)found->n_missing;
    metrics->repair_version = committed.version;
    dwi_state_unref(committed.state);
done:
    dwi_committer_done(&committer);
    return status;
}

/* Their rows are lost already: the commit says so to readers. Deletion vectors that are missing are
 * not repaired, since the rows of their files are there. */
static dw_status repair(dw_store *store, const char *path, const verification *v,
                        const dwi_verify_result *found, dw_verify_metrics *metrics, dw_error *err)
{
    dwi_remove *removes = dwi_alloc_array(v->table.allocator, found->n_missing, sizeof(*removes));
    dw_table *table = NULL;
    dw_status status;

    if (removes == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < found->n_missing; i++)
        dwi_remove_of(&found->missing[i], &removes[i]);
    DWI_TRY(dw_table_open(store, path, &v->table, &table, err));
    DWI_TRY(dwi_table_check_store(table, err));
    DWI_TRY(dwi_features_check_restore(found->state, err));
    DWI_TRY(stage_removal(table, found, removes, metrics, err));
done:
    dw_table_close(table);
    dwi_free(v->table.allocator, removes, found->n_missing * sizeof(*removes));
    return status;
}

static void count(const dwi_verify_result *r, dw_verify_metrics *out)
{
    *out = (dw_verify_metrics){
        .compared_checkpoint = r->compared_checkpoint,
        .version = r->version,
        .errors = r->errors,
        .warnings = r->warnings,
        .commits = r->commits,
        .checkpoints = r->checkpoints,
        .checksums = r->checksums,
        .compactions = r->compactions,
        .files = r->files,
        .bytes = r->bytes,
        .opened_files = r->opened_files,
        .read_rows = r->read_rows,
        .external_files = r->external_files,
        .orphans = r->orphans,
        .orphan_bytes = r->orphan_bytes,
        .repair_version = -1,
    };
}

static dw_status verify(dw_store *store, const char *path, verification *v,
                        dw_verify_metrics *metrics, dw_error *err)
{
    const dwi_verify_options options = {
        .open_files = (v->given.flags & DW_VERIFY_QUICK) == 0,
        .read_files = (v->given.flags & DW_VERIFY_FULL) != 0,
        .tell_orphans = (v->given.flags & DW_VERIFY_ORPHANS) != 0,
        .keep_missing = (v->given.flags & DW_VERIFY_REPAIR) != 0,
        .threads = v->given.threads > 0 ? (size_t)v->given.threads : 1,
        .ctx = v,
        .tell = tell,
        .progress = v->given.progress != NULL ? tell_progress : NULL,
    };
    dwi_verify_result result = {0};
    dwi_log log = {0};
    dw_status status;

    DWI_TRY(dwi_log_init(&log, store, path, v->table.allocator,
                         (dwi_logger){v->table.log, v->table.log_ctx}, err));
    status = dwi_verify(&log, &options, &result, err);
    if (status != DW_OK)
        DWI_TRY(dwi_err_prefix(err, status, "%s", dwi_store_name(store)));
    count(&result, metrics);
    if (result.n_missing > 0)
        DWI_TRY(repair(store, path, v, &result, metrics, err));
done:
    dwi_verify_result_done(&result);
    dwi_log_done(&log);
    return status;
}

dw_status dw_verify(dw_store *store, const char *path, const dw_verify_options *opts,
                    dw_verify_metrics *out_metrics, dw_error *err)
{
    dw_verify_metrics metrics = {0};
    verification v = {0};
    dw_status status;

    if (store == NULL || path == NULL ||
        (out_metrics != NULL && out_metrics->struct_size < sizeof(uint32_t)))
        return dwi_err(err, DW_E_ARG, "dw_verify: a store, a path, and metrics with a size");
    DWI_TRY(read_options(&v, opts, err));
    DWI_TRY(verify(store, path, &v, &metrics, err));
    if (out_metrics == NULL)
        goto done;
    metrics.struct_size = out_metrics->struct_size;
    memcpy(out_metrics, &metrics,
           metrics.struct_size < sizeof(metrics) ? metrics.struct_size : sizeof(metrics));
done:
    return status;
}
