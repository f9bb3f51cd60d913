/* SPDX-License-Identifier: Apache-2.0 */
/* dw_restore(). */
#include <deltawrite/maintain.h>

#include <inttypes.h>

#include "api/table_publish.h"
#include "base/calendar.h"
#include "base/options.h"
#include "delta/restore.h"
#include "delta/timeline.h"
#include "json/json_writer.h"

enum { MAX_THREADS = 256 };

static dw_status read_options(const dw_restore_options *opts, dw_restore_options *out,
                              dw_error *err)
{
    const dw_restore_options defaults = DW_RESTORE_OPTIONS_INIT;
    dw_status status;

    DWI_TRY(dwi_options_copy(out, &defaults, sizeof(*out), opts, "DW_RESTORE_OPTIONS", err));
    if ((out->flags & ~(DW_RESTORE_IGNORE_MISSING | DW_RESTORE_DRY_RUN)) != 0)
        DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED, "dw_restore: unknown flags"));
    if ((out->version < 0) == (out->timestamp_ms < 0))
        DWI_TRY(dwi_err(err, DW_E_ARG, "dw_restore: either a version or a time is needed"));
    if (out->threads < 0 || out->threads > MAX_THREADS)
        DWI_TRY(dwi_err(err, DW_E_ARG, "dw_restore: threads are not 0 to %d", MAX_THREADS));
done:
    return status;
}

static dw_status find_version(const dw_table *table, const dwi_state *newest,
                              const dw_restore_options *given, int64_t *out, dw_error *err)
{
    dwi_timeline timeline;
    dwi_arena arena;
    dw_status status;

    *out = given->version;
    if (given->version >= 0)
        return DW_OK;
    dwi_arena_init(&arena, table->alloc);
    DWI_TRY(dwi_timeline_load(&table->log, newest, &arena, &timeline, err));
    DWI_TRY(dwi_timeline_find(&table->log, &timeline, given->timestamp_ms, out, err));
done:
    dwi_arena_done(&arena);
    return status;
}

/* {"version":3,"timestamp":null} or {"version":null,"timestamp":"2026-01-31 12:00:00.000Z"}: Spark
 * has its session's time there. */
static void append_parameters(dwi_buf *out, const dw_restore_options *given)
{
    dwi_jw w;

    dwi_jw_init(&w, out);
    dwi_jw_object_begin(&w);
    if (given->version >= 0) {
        dwi_jw_kv_i64(&w, "version", given->version);
        dwi_jw_kv_cstr(&w, "timestamp", NULL);
    } else {
        dwi_jw_kv_cstr(&w, "version", NULL);
        dwi_jw_key(&w, DWI_SV("timestamp"));
        dwi_buf_append_byte(out, '"');
        dwi_append_timestamp(out, given->timestamp_ms * 1000, ' ', 3);
        dwi_buf_append_cstr(out, "Z\"");
    }
    dwi_buf_append_byte(out, '}');
}

static void append_metrics(dwi_buf *out, const dwi_restore_plan *plan)
{
    dwi_buf_printf(out,
                   "{\"tableSizeAfterRestore\":\"%" PRId64
                   "\",\"numOfFilesAfterRestore\":\"%" PRId64
                   "\",\"numRemovedFiles\":\"%zu\",\"numRestoredFiles\":\"%zu\","
                   "\"removedFilesSize\":\"%" PRId64 "\",\"restoredFilesSize\":\"%" PRId64 "\"}",
                   plan->bytes - plan->missing_bytes, plan->files - plan->missing, plan->n_removes,
                   plan->n_adds, plan->removed_bytes, plan->added_bytes);
}

static dw_status publish(dw_table *table, dwi_state *newest, const dwi_restore_plan *plan,
                         const dw_restore_options *given, int64_t *out_version, dw_error *err)
{
    dwi_staged staged = {
        .operation = "RESTORE",
        .engine_info = table->engine_info != NULL ? table->engine_info : DWI_ENGINE_INFO,
        .read_version = newest->version,
        .reads = {.kind = DWI_READ_TABLE},
        .n_adds = plan->n_adds,
        .adds = plan->adds,
        .n_removes = plan->n_removes,
        .removes = plan->removes,
        .rows = plan->added_rows,
        .bytes = plan->added_bytes,
        .protocol = plan->has_protocol ? &plan->protocol : NULL,
        .metadata = plan->has_metadata ? &plan->metadata : NULL,
        .n_domains = plan->n_domains,
        .domains = plan->domains,
    };
    dwi_committer committer = {0};
    dwi_committed committed;
    dwi_buf parameters;
    dwi_buf metrics;
    dw_status status;

    dwi_buf_init(&parameters, table->alloc);
    dwi_buf_init(&metrics, table->alloc);
    append_parameters(&parameters, given);
    append_metrics(&metrics, plan);
    DWI_TRY(dwi_buf_status(&parameters, err));
    DWI_TRY(dwi_buf_status(&metrics, err));
    staged.parameters = (dwi_sv){(const char *)parameters.data, parameters.len};
    staged.metrics = (dwi_sv){(const char *)metrics.data, metrics.len};
    dwi_committer_init(&committer, &table->log, newest);
    DWI_TRY(dwi_table_publish(table, &committer, &staged, &committed, err));
    *out_version = committed.version;
    dwi_state_unref(committed.state);
done:
    dwi_committer_done(&committer);
    dwi_buf_done(&parameters);
    dwi_buf_done(&metrics);
    return status;
}

static void copy_metrics(const dwi_restore_plan *plan, int64_t version, int64_t from_version,
                         dw_restore_metrics *out)
{
    dw_restore_metrics metrics = {
        .struct_size = out->struct_size,
        .has_changed = !dwi_restore_plan_is_empty(plan),
        .version = version,
        .from_version = from_version,
        .added_files = (int64_t)plan->n_adds,
        .added_bytes = plan->added_bytes,
        .removed_files = (int64_t)plan->n_removes,
        .removed_bytes = plan->removed_bytes,
        .files = plan->files - plan->missing,
        .bytes = plan->bytes - plan->missing_bytes,
        .missing_files = plan->missing,
    };

    memcpy(out, &metrics, out->struct_size < sizeof(metrics) ? out->struct_size : sizeof(metrics));
}

static dw_status plan_it(const dw_table *table, const dwi_state *newest,
                         const dw_restore_options *given, dwi_restore_plan *plan,
                         dwi_state **out_older, dw_error *err)
{
    int64_t version;
    dw_status status;

    DWI_TRY(find_version(table, newest, given, &version, err));
    DWI_TRY(dwi_state_load(&table->log, version, out_older, err));
    DWI_TRY(dwi_restore_plan_make(plan, &table->log, newest, *out_older,
                                  (given->flags & DW_RESTORE_IGNORE_MISSING) != 0,
                                  given->threads > 0 ? (size_t)given->threads : 1, err));
done:
    return status;
}

dw_status dw_restore(dw_table *table, const dw_restore_options *opts,
                     dw_restore_metrics *out_metrics, dw_error *err)
{
    dwi_restore_plan plan = {0};
    dwi_state *newest = NULL;
    dw_restore_options given;
    dwi_state *older = NULL;
    int64_t version;
    dw_status status;

    if (table == NULL || (out_metrics != NULL && out_metrics->struct_size < sizeof(uint32_t)))
        return dwi_err(err, DW_E_ARG, "dw_restore: a table, and metrics with a size");
    DWI_TRY(read_options(opts, &given, err));
    DWI_TRY(dwi_table_check_store(table, err));
    DWI_TRY(dw_table_refresh(table, NULL, err));
    newest = dwi_table_state(table);
    version = newest->version;
    status = plan_it(table, newest, &given, &plan, &older, err);
    if (status != DW_OK)
        DWI_TRY(dwi_err_prefix(err, status, "%s", table->uri));
    if (!dwi_restore_plan_is_empty(&plan) && (given.flags & DW_RESTORE_DRY_RUN) == 0)
        DWI_TRY(publish(table, newest, &plan, &given, &version, err));
    if (out_metrics != NULL)
        copy_metrics(&plan, version, older->version, out_metrics);
done:
    dwi_restore_plan_done(&plan);
    dwi_state_unref(older);
    dwi_state_unref(newest);
    return status;
}
