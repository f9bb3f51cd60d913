/* SPDX-License-Identifier: Apache-2.0 */
/* dw_maintain(): what a table needs now, found out from its new commits alone, and done by whoever
 * holds the table's lease. */
#include <deltawrite/upkeep.h>

#include "api/optimize_impl.h"
#include "base/alloc.h"
#include "base/options.h"
#include "delta/checkpoint.h"
#include "delta/features.h"
#include "delta/properties.h"
#include "delta/small_files.h"

#define VACUUM_APP DWI_LEASE_APP "-vacuum"

enum {
    MIN_FILES = 10,
    GROWTH = 4,
    DELETED_PERCENT = 25,
    BUSY_PERCENT = 25,
    SLEEP_FROM_US = 5000, /* work is gathered until it is worth a pause */
    OVERDUE_TIMES = 10
};
#define LEASE_MS          INT64_C(300000)
#define MEMORY_BYTES      (INT64_C(256) * 1024 * 1024)
#define TARGET_FILE_BYTES (INT64_C(128) * 1024 * 1024)
#define COMMIT_BYTES      (INT64_C(1) * 1024 * 1024 * 1024)

struct dwi_maintainer {
    const dw_allocator *alloc;
    dwi_lease lease;
    dwi_small_files small; /* log NULL: not made yet */
    int64_t planned;       /* small.changes that were looked at */
};

void dwi_maintainer_free(struct dwi_maintainer *m)
{
    if (m == NULL)
        return;
    dwi_small_files_done(&m->small);
    dwi_free(m->alloc, m, sizeof(*m));
}

/* One call. */
typedef struct visit {
    dw_table *table;
    struct dwi_maintainer *m;
    dw_maintain_policy policy;
    dw_maintain_report report;
    dwi_state *state;  /* a reference */
    int64_t worked_us; /* since the last pause */
    int64_t since_us;
} visit;

static dw_status read_policy(const dw_maintain_policy *given, dw_maintain_policy *out,
                             dw_error *err)
{
    const dw_maintain_policy defaults = DW_MAINTAIN_POLICY_INIT;
    const uint32_t known =
        DW_MAINTAIN_NO_COMPACTION | DW_MAINTAIN_NO_CHECKPOINT | DW_MAINTAIN_NO_LOG_CLEANUP;
    dw_status status;

    DWI_TRY(dwi_options_copy(out, &defaults, sizeof(*out), given, "DW_MAINTAIN_POLICY", err));
    if ((out->flags & ~known) != 0)
        DWI_TRY(dwi_err(err, DW_E_UNSUPPORTED, "dw_maintain: unknown flags"));
    if (out->min_files < 0 || out->target_file_bytes < 0 || out->memory_bytes < 0 ||
        out->lease_ms < 0 || out->vacuum_every_ms < 0 || out->vacuum_retain_ms < 0 ||
        out->busy_percent < 0 || out->busy_percent > 100)
        DWI_TRY(dwi_err(err, DW_E_ARG, "maintain policy: a number is out of its range"));
    if (out->min_files == 0)
        out->min_files = MIN_FILES;
    if (out->memory_bytes == 0)
        out->memory_bytes = MEMORY_BYTES;
    if (out->lease_ms == 0)
        out->lease_ms = LEASE_MS;
    if (out->busy_percent == 0)
        out->busy_percent = BUSY_PERCENT;
done:
    return status;
}

static dw_status prepare(visit *v, dw_error *err)
{
    dw_table *table = v->table;

    if (table->maintainer == NULL) {
        table->maintainer = dwi_alloc_zero(table->alloc, sizeof(*table->maintainer));
        if (table->maintainer == NULL)
            return dwi_err_nomem(err);
        table->maintainer->alloc = table->alloc;
        table->maintainer->lease.ends_ms = -1;
        table->maintainer->planned = -1;
    }
    v->m = table->maintainer;
    v->m->lease.length_ms = v->policy.lease_ms;
    return DW_OK;
}

static dw_status look(visit *v, dw_error *err)
{
    dw_status status = dw_table_refresh(v->table, NULL, err);

    if (status == DW_OK) {
        dwi_state_unref(v->state);
        v->state = dwi_table_state(v->table);
        v->report.version = v->state->version;
        v->report.lease = (int32_t)dwi_lease_whose(&v->m->lease, v->state, v->table->log.env);
    }
    return status;
}

/* Takes the lease unless it is ours already. False: another has it. */
static dw_status need_lease(visit *v, bool *out_ours, dw_error *err)
{
    dw_error why = DW_ERROR_INIT;
    dw_status status;

    *out_ours = v->report.lease == DW_LEASE_OURS;
    if (v->report.lease != DW_LEASE_FREE)
        return DW_OK;
    status = dwi_lease_commit(v->table, &v->m->lease, NULL, &why);
    v->report.lease = status == DW_OK ? DW_LEASE_OURS : DW_LEASE_OTHERS;
    *out_ours = status == DW_OK;
    if (status == DW_OK || status == DW_E_FENCED)
        return DW_OK;
    if (err != NULL)
        *err = why;
    return status;
}

/* ---- compaction ---- */

static bool is_stopped(const visit *v)
{
    return v->policy.stop != NULL && v->policy.stop(v->policy.stop_ctx) != 0;
}

/* Not more than a share of the time: others have work to do, too. */
static dw_status pause_now(void *ctx, int64_t bytes, dw_error *err)
{
    visit *v = ctx;
    const dwi_env *env = v->table->log.env;
    int64_t now_us = env->monotonic_us(env->ctx);

    (void)bytes;
    if (is_stopped(v))
        return dwi_err(err, DW_E_CANCELLED, "maintenance: stopped by the caller");
    v->worked_us += now_us - v->since_us;
    if (v->worked_us >= SLEEP_FROM_US && v->policy.busy_percent < 100) {
        env->sleep_us(env->ctx,
                      v->worked_us * (100 - v->policy.busy_percent) / v->policy.busy_percent);
        v->worked_us = 0;
        now_us = env->monotonic_us(env->ctx);
    }
    v->since_us = now_us;
    return DW_OK;
}

static int64_t target_bytes(const visit *v)
{
    int64_t target = v->policy.target_file_bytes;

    if (target <= 0)
        target = v->table->opts.target_file_bytes;
    if (target <= 0)
        (void)dwi_property_bytes(v->state->metadata.configuration, "delta.targetFileSize", &target,
                                 NULL);
    return target > 0 ? target : TARGET_FILE_BYTES;
}

static dwi_plan_rules plan_rules(const visit *v)
{
    size_t min_files = (size_t)v->policy.min_files;

    return (dwi_plan_rules){
        .target_bytes = target_bytes(v),
        .min_files = min_files < 2 ? 2 : min_files,
        .deleted_percent = DELETED_PERCENT,
        .growth = GROWTH,
        .max_files = min_files + min_files / 2,
        .provider = dwi_state_domain(v->state, "delta.clustering") != NULL ? "" : NULL,
    };
}

static dw_status follow(visit *v, dw_error *err)
{
    struct dwi_maintainer *m = v->m;
    dwi_plan_rules rules = plan_rules(v);
    dw_status status;

    if (m->small.log == NULL || m->small.rules.target_bytes != rules.target_bytes ||
        (m->small.rules.provider == NULL) != (rules.provider == NULL)) {
        dwi_small_files_done(&m->small);
        dwi_small_files_init(&m->small, &v->table->log, &rules);
        m->planned = -1;
    }
    m->small.rules = rules;
    status = dwi_small_files_follow(&m->small, v->state, err);
    v->report.small_files = status == DW_OK ? (int64_t)dwi_small_files_count(&m->small) : -1;
    return status;
}

static void count_pass(visit *v, const dw_optimize_metrics *m, int64_t took_us)
{
    v->report.compactions += m->commits;
    v->report.removed_files += m->removed_files;
    v->report.removed_bytes += m->removed_bytes;
    v->report.added_files += m->added_files;
    v->report.added_bytes += m->added_bytes;
    v->report.skipped_bins += m->skipped_bins;
    v->report.compaction_ms += took_us / 1000;
}

static dw_status run_pass(visit *v, dwi_optimize_pass *pass, dw_error *err)
{
    const dwi_env *env = v->table->log.env;
    int64_t start_us = env->monotonic_us(env->ctx);
    dw_status status;

    pass->job = (dwi_optimize_job){
        .log = &v->table->log,
        .target_bytes = pass->plan.rules.target_bytes,
        .memory_bytes = v->policy.memory_bytes,
        .n_threads = 1,
        .file = {.compression = v->table->opts.compression,
                 .level = v->table->opts.compression_level,
                 .row_group_bytes = v->table->opts.row_group_bytes},
    };
    pass->commit_bytes = COMMIT_BYTES;
    pass->history.automatic = true;
    pass->lease = &v->m->lease;
    pass->pause = pause_now;
    pass->pause_ctx = v;
    v->since_us = start_us;
    v->worked_us = 0;
    status = dwi_optimize_bins(pass, err);
    count_pass(v, &pass->metrics, env->monotonic_us(env->ctx) - start_us);
    if (status == DW_E_FENCED) { /* we were slow, and another goes on with the work */
        v->report.lease = DW_LEASE_OTHERS;
        return DW_OK;
    }
    return status;
}

static dw_status make_plan(visit *v, dwi_optimize_pass *pass, dw_error *err)
{
    const dwi_plan_rules rules = plan_rules(v);
    dw_status status;

    DWI_TRY(follow(v, err));
    dwi_plan_done(&pass->plan);
    dwi_state_unref(pass->state);
    pass->state = dwi_state_ref(v->state);
    if (v->m->planned == v->m->small.changes)
        goto done;
    DWI_TRY(dwi_plan_init(&pass->plan, &v->table->log, v->state, &rules, err));
    DWI_TRY(dwi_small_files_plan(&v->m->small, &pass->plan, err));
    DWI_TRY(dwi_plan_make(&pass->plan, err));
done:
    return status;
}

/* The lease is only asked for when there is something to do. Its commit is one that ours follows:
 * the plan is made anew on it. */
static dw_status compact(visit *v, dw_error *err)
{
    dwi_optimize_pass pass;
    bool ours = false;
    dw_status status = DW_OK;

    dwi_optimize_pass_init(&pass, v->table);
    if (v->report.lease == DW_LEASE_OTHERS || dwi_features_check_rewrite(v->state, NULL) != DW_OK)
        goto done;
    DWI_TRY(make_plan(v, &pass, err));
    if (pass.plan.n_bins > 0 && v->report.lease == DW_LEASE_FREE) {
        DWI_TRY(need_lease(v, &ours, err));
        if (!ours)
            goto done;
        DWI_TRY(look(v, err));
        DWI_TRY(make_plan(v, &pass, err));
    }
    if (pass.plan.n_bins > 0)
        DWI_TRY(run_pass(v, &pass, err));
    else
        v->m->planned = v->m->small.changes;
done:
    dwi_optimize_pass_done(&pass);
    return status;
}

/* ---- the log ---- */

static dw_status checkpoint(visit *v, dw_error *err)
{
    dwi_state *state = dwi_table_state(v->table);
    int64_t behind = state->version - dwi_state_checkpoint(state);
    bool due = dwi_checkpoint_due(state);
    dw_status status = DW_OK;

    /* who has the lease does it, unless he does not */
    if (v->report.lease == DW_LEASE_OTHERS &&
        behind < OVERDUE_TIMES * dwi_checkpoint_interval(state))
        due = false;
    if (due && !is_stopped(v))
        status = dw_checkpoint(v->table, &v->report.checkpoint_version, err);
    dwi_state_unref(state);
    return status;
}

static dw_status clean_log(visit *v)
{
    dwi_state *state = dwi_table_state(v->table);

    dwi_table_clean_if_due(v->table, state);
    dwi_state_unref(state);
    return DW_OK;
}

/* ---- vacuum ---- */

static dw_status vacuum(visit *v, dw_error *err)
{
    const dwi_txn_action *last = dwi_state_txn(v->state, DWI_SV(VACUUM_APP));
    int64_t now_ms = dwi_now_ms(v->table->log.env);
    dw_vacuum_metrics metrics = DW_VACUUM_METRICS_INIT;
    dw_vacuum_options opts = DW_VACUUM_OPTIONS_INIT;
    const dwi_app_version step = {.app_id = DWI_SV(VACUUM_APP),
                                  .expected = last == NULL ? -1 : last->version,
                                  .next = now_ms,
                                  .forgettable = true};
    bool ours = false;
    dw_status status = DW_OK;

    if (v->policy.vacuum_every_ms == 0 || is_stopped(v) ||
        (last != NULL && now_ms - last->version < v->policy.vacuum_every_ms) ||
        v->report.lease == DW_LEASE_OTHERS)
        return DW_OK;
    DWI_TRY(need_lease(v, &ours, err));
    if (!ours)
        goto done;
    /* noted before, so that one that fails is not tried again at once */
    status = dwi_lease_commit(v->table, &v->m->lease, &step, err);
    if (status == DW_E_FENCED) {
        v->report.lease = DW_LEASE_OTHERS;
        return DW_OK;
    }
    if (status != DW_OK)
        goto done;
    if (v->policy.vacuum_retain_ms > 0)
        opts.retain_ms = v->policy.vacuum_retain_ms;
    status = dw_vacuum(v->table, &opts, &metrics, err);
    v->report.vacuumed_files = metrics.files;
    v->report.vacuumed_bytes = metrics.bytes;
    v->report.vacuums = status == DW_OK;
done:
    return status;
}

/* ---- all of it ---- */

/* Each part by itself: one that fails does not keep the others from their work. The first error is
 * the one that is told. */
static dw_status do_all(visit *v, dw_error *err)
{
    dw_error later = DW_ERROR_INIT;
    dw_status status = DW_OK;
    dw_status one;

    if ((v->policy.flags & DW_MAINTAIN_NO_COMPACTION) == 0)
        status = compact(v, err);
    if ((v->policy.flags & DW_MAINTAIN_NO_CHECKPOINT) == 0) {
        one = checkpoint(v, status == DW_OK ? err : &later);
        status = status == DW_OK ? one : status;
    }
    if ((v->policy.flags & DW_MAINTAIN_NO_LOG_CLEANUP) == 0)
        (void)clean_log(v); /* what fails is told to the log sink */
    one = vacuum(v, status == DW_OK ? err : &later);
    return status == DW_OK ? one : status;
}

static void copy_report(const visit *v, dw_maintain_report *out)
{
    dw_maintain_report report = v->report;

    report.struct_size = out->struct_size;
    memcpy(out, &report, out->struct_size < sizeof(report) ? out->struct_size : sizeof(report));
}

dw_status dw_maintain(dw_table *table, const dw_maintain_policy *policy,
                      dw_maintain_report *out_report, dw_error *err)
{
    visit v = {.table = table,
               .report = {.struct_size = sizeof(v.report),
                          .version = -1,
                          .small_files = -1,
                          .checkpoint_version = -1}};
    dw_status status;

    if (table == NULL || (out_report != NULL && out_report->struct_size < sizeof(uint32_t)))
        return dwi_err(err, DW_E_ARG, "dw_maintain: a table, and a report with a size");
    DWI_TRY(read_policy(policy, &v.policy, err));
    DWI_TRY(dwi_table_check_store(table, err));
    (void)pthread_mutex_lock(&table->maintain_lock);
    status = prepare(&v, err);
    if (status == DW_OK)
        status = look(&v, err);
    if (status == DW_OK)
        status = do_all(&v, err);
    (void)pthread_mutex_unlock(&table->maintain_lock);
done:
    if (status != DW_OK)
        dwi_table_name_error(table, status, err);
    if (out_report != NULL)
        copy_report(&v, out_report);
    dwi_state_unref(v.state);
    return status;
}
