/* SPDX-License-Identifier: Apache-2.0 */
/* Invariants:
 *   1. A bin is written anew from files that are live in run->state, or is marked as gone: each
 *      commit between the state that was planned for and run->state was looked at.
 *   2. What a bin was made for (made_for) is never newer than what its commit is checked against.
 *   3. New files of bins that are not published are deleted, unless a commit that names them may
 *      have taken effect. */
#include "api/optimize_impl.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "delta/features.h"
#include "delta/path.h"
#include "delta/row_tracking.h"

/* Bins [first, end) of the plan, and what became of them. */
typedef struct group {
    size_t first;
    size_t n;
    dwi_bin_result *results; /* n */
    bool *dropped;           /* n: not to be published */
    dwi_state *made_for;     /* a reference */
} group;

void dwi_optimize_pass_init(dwi_optimize_pass *run, dw_table *table)
{
    *run = (dwi_optimize_pass){.table = table,
                               .metrics = {.struct_size = sizeof(run->metrics), .version = -1}};
    if (table != NULL)
        dwi_arena_init(&run->arena, table->alloc);
    (void)pthread_mutex_init(&run->synced.lock, NULL);
}

void dwi_optimize_pass_done(dwi_optimize_pass *run)
{
    const dw_allocator *alloc = run->table == NULL ? NULL : run->table->alloc;

    if (alloc != NULL) {
        dwi_free(alloc, run->gone, run->plan.n_bins);
        dwi_free(alloc, run->sizes, (size_t)run->sizes_cap * sizeof(*run->sizes));
    }
    dwi_map_done(&run->bin_of);
    dwi_plan_done(&run->plan);
    dwi_where_free(run->where);
    dwi_arena_done(&run->arena);
    dwi_state_unref(run->state);
    (void)pthread_mutex_destroy(&run->synced.lock);
}

/* ---- commits of others ---- */

static dw_status put_path(dwi_optimize_pass *run, dwi_buf *path, dwi_sv text, size_t bin,
                          dw_error *err)
{
    dwi_map_entry *entry;
    dw_status status;

    dwi_buf_clear(path);
    dwi_path_append_normal(path, text);
    DWI_TRY(dwi_buf_status(path, err));
    entry = dwi_map_put(&run->bin_of, (dwi_sv){(const char *)path->data, path->len}, NULL);
    if (entry == NULL)
        return dwi_err_nomem(err);
    entry->value = (void *)(uintptr_t)(bin + 1);
done:
    return status;
}

static dw_status note_paths(dwi_optimize_pass *run, dw_error *err)
{
    const dwi_log *log = &run->table->log;
    uint64_t seed = 0;
    dwi_buf path;
    dw_status status = DW_OK;

    log->env->random(log->env->ctx, &seed, sizeof(seed));
    dwi_map_init(&run->bin_of, log->alloc, seed);
    dwi_buf_init(&path, log->alloc);
    run->gone = dwi_alloc_zero(run->table->alloc, run->plan.n_bins);
    if (run->gone == NULL)
        DWI_TRY(dwi_err_nomem(err));
    for (size_t i = 0; i < run->plan.n_bins; i++) {
        run->total_bytes += run->plan.bins[i].bytes;
        for (size_t k = 0; k < run->plan.bins[i].n_files; k++)
            DWI_TRY(put_path(run, &path, run->plan.bins[i].files[k].path, i, err));
    }
done:
    dwi_buf_done(&path);
    return status;
}

/* Whatever names a file of ours changes it: that it is removed, or gets a deletion vector. */
static dw_status see_action(void *ctx, const dwi_action *action, dw_error *err)
{
    dwi_optimize_pass *run = ctx;
    dwi_sv name = action->kind == DWI_ACTION_REMOVE ? action->u.remove.path : action->u.add.path;
    const dwi_map_entry *entry;
    dwi_buf path;
    dw_status status;

    dwi_buf_init(&path, run->table->alloc);
    dwi_path_append_normal(&path, name);
    DWI_TRY(dwi_buf_status(&path, err));
    entry = dwi_map_find(&run->bin_of, (dwi_sv){(const char *)path.data, path.len});
    if (entry != NULL)
        run->gone[(uintptr_t)entry->value - 1] = 1;
done:
    dwi_buf_done(&path);
    return status;
}

/* Go on with the newest state: bins of which a file is gone are marked. DW_E_CONFLICT: the table is
 * another one by now. */
static dw_status catch_up(dwi_optimize_pass *run, dw_error *err)
{
    const unsigned kinds = 1u << DWI_ACTION_REMOVE | 1u << DWI_ACTION_ADD;
    dwi_state *latest = NULL;
    bool restage = false;
    dw_status status;

    DWI_TRY(dw_table_refresh(run->table, NULL, err));
    latest = dwi_table_state(run->table);
    for (int64_t v = run->state->version + 1; v <= latest->version; v++)
        DWI_TRY(dwi_log_visit_commit(&run->table->log, v, kinds, see_action, run, err));
    status = dwi_conflict_check(run->state, latest, true, &restage, err);
    if (status != DW_OK && !restage)
        goto done;
    status = DW_OK;
    dwi_state_unref(run->state);
    run->state = latest;
    latest = NULL;
done:
    dwi_state_unref(latest);
    return status;
}

/* ---- publishing ---- */

static size_t count_left(const group *g)
{
    size_t n = 0;

    for (size_t i = 0; i < g->n; i++)
        n += !g->dropped[i];
    return n;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* All actions of the bins that are left, in `arena`. */
static dw_status gather(const dwi_optimize_pass *run, const group *g, dwi_arena *arena,
                        dwi_staged *staged, dwi_optimize_counts *counts, int64_t **out_sizes,
                        dw_error *err)
{
    size_t n_adds = 0;
    size_t n_removes = 0;
    dwi_remove *removes;
    dwi_add *adds;

    for (size_t i = 0; i < g->n; i++) {
        n_adds += g->dropped[i] ? 0 : g->results[i].made.n_adds;
        n_removes += g->dropped[i] ? 0 : run->plan.bins[g->first + i].n_files;
    }
    adds = dwi_arena_array(arena, n_adds, sizeof(*adds));
    removes = dwi_arena_array(arena, n_removes, sizeof(*removes));
    *out_sizes = dwi_arena_array(arena, n_adds, sizeof(**out_sizes));
    if (adds == NULL || removes == NULL || *out_sizes == NULL)
        return dwi_err_nomem(err);
    staged->adds = adds;
    staged->removes = removes;
    for (size_t i = 0; i < g->n; i++) {
        const dwi_bin *bin = &run->plan.bins[g->first + i];
        const dwi_rewritten *made = &g->results[i].made;
        if (g->dropped[i])
            continue;
        for (size_t k = 0; k < made->n_adds; k++) {
            (*out_sizes)[staged->n_adds] = made->adds[k].size;
            adds[staged->n_adds++] = made->adds[k];
        }
        for (size_t k = 0; k < bin->n_files; k++)
            dwi_remove_of(&bin->files[k], &removes[staged->n_removes++]);
        counts->removed_bytes += bin->bytes;
        counts->removed_dvs += bin->n_dvs;
        counts->rows += made->rows;
        counts->added_bytes += made->bytes;
    }
    counts->removed_files = (int64_t)staged->n_removes;
    counts->added_files = (int64_t)staged->n_adds;
    qsort(*out_sizes, staged->n_adds, sizeof(**out_sizes), by_value);
    staged->rows = counts->rows;
    staged->bytes = counts->added_bytes;
    return DW_OK;
}

/* Sizes of all files that were added, for the percentiles of the whole run. */
static dw_status keep_sizes(dwi_optimize_pass *run, const int64_t *sizes, int64_t n, dw_error *err)
{
    int64_t have = run->metrics.added_files;
    int64_t wanted = (have + n) * 2;
    int64_t *grown;

    if (have + n > run->sizes_cap) {
        grown = dwi_realloc(run->table->alloc, run->sizes, (size_t)run->sizes_cap * sizeof(*grown),
                            (size_t)wanted * sizeof(*grown));
        if (grown == NULL)
            return dwi_err_nomem(err);
        run->sizes = grown;
        run->sizes_cap = wanted;
    }
    if (n > 0)
        memcpy(run->sizes + have, sizes, (size_t)n * sizeof(*sizes));
    return DW_OK;
}

static void count_partitions(dwi_optimize_pass *run, const group *g)
{
    const dwi_add *last = NULL;

    for (size_t i = 0; i < g->n; i++) {
        const dwi_add *first = &run->plan.bins[g->first + i].files[0];
        if (g->dropped[i])
            continue;
        if (last == NULL || !dwi_same_partition(first, last))
            run->metrics.partitions++;
        last = first;
    }
}

static void count_commit(dwi_optimize_pass *run, const group *g, const dwi_optimize_counts *counts,
                         int64_t version)
{
    dw_optimize_metrics *m = &run->metrics;

    m->version = version;
    m->commits++;
    m->removed_files += counts->removed_files;
    m->removed_bytes += counts->removed_bytes;
    m->removed_dvs += counts->removed_dvs;
    m->added_files += counts->added_files;
    m->added_bytes += counts->added_bytes;
    m->rows += counts->rows;
    count_partitions(run, g);
    if (m->added_files > 0) {
        qsort(run->sizes, (size_t)m->added_files, sizeof(*run->sizes), by_value);
        m->has_sizes = 1;
        m->min_bytes = dwi_size_percentile(run->sizes, m->added_files, 0);
        m->p25_bytes = dwi_size_percentile(run->sizes, m->added_files, 25);
        m->p50_bytes = dwi_size_percentile(run->sizes, m->added_files, 50);
        m->p75_bytes = dwi_size_percentile(run->sizes, m->added_files, 75);
        m->max_bytes = dwi_size_percentile(run->sizes, m->added_files, 100);
    }
}

/* Whether rows kept the ids that the table once gave them. */
static dwi_sv row_id_tags(const dwi_state *state)
{
    dwi_row_id_columns columns;
    bool kept = false;

    if (!dwi_features_has_writer(&state->protocol, "rowTracking"))
        return (dwi_sv){NULL, 0};
    (void)dwi_row_id_columns_of(state, &kept, &columns, NULL); /* bins were made by it */
    return kept ? DWI_SV("{\"delta.rowTracking.preserved\":\"true\"}")
                : DWI_SV("{\"delta.rowTracking.preserved\":\"false\"}");
}

/* One commit of what is left of the group. *out_open: it may have taken effect. */
static dw_status publish(dwi_optimize_pass *run, const group *g, bool *out_open, dw_error *err)
{
    dwi_staged staged = {.operation = "OPTIMIZE",
                         .tags = row_id_tags(g->made_for),
                         .engine_info = run->table->engine_info != NULL ? run->table->engine_info
                                                                        : DWI_ENGINE_INFO,
                         .read_version = g->made_for->version,
                         .rearranges = true};
    dwi_app_version step = {0};
    dwi_optimize_counts counts = {0};
    dwi_committer committer = {.undecided = -1};
    dwi_committed done = {0};
    int64_t *sizes = NULL;
    dwi_arena arena;
    dwi_buf parameters;
    dwi_buf metrics;
    dw_status status;

    dwi_arena_init(&arena, run->table->alloc);
    dwi_buf_init(&parameters, run->table->alloc);
    dwi_buf_init(&metrics, run->table->alloc);
    DWI_TRY(gather(run, g, &arena, &staged, &counts, &sizes, err));
    DWI_TRY(keep_sizes(run, sizes, counts.added_files, err));
    dwi_optimize_parameters(&run->history, &parameters);
    dwi_optimize_metrics_append(&counts, sizes, &metrics);
    DWI_TRY(dwi_buf_status(&parameters, err));
    DWI_TRY(dwi_buf_status(&metrics, err));
    staged.parameters = (dwi_sv){(const char *)parameters.data, parameters.len};
    staged.metrics = (dwi_sv){(const char *)metrics.data, metrics.len};
    if (run->lease != NULL) {
        step = dwi_lease_step(run->lease, run->state, run->table->log.env);
        step.expected = run->lease->ends_ms; /* unless somebody else has it by now */
        staged.apps = &step;
        staged.n_apps = 1;
    }
    dwi_committer_init(&committer, &run->table->log, g->made_for);
    DWI_TRY(dwi_committer_look(&committer, &staged, err));
    status = dwi_table_publish(run->table, &committer, &staged, &done, err);
    *out_open = dwi_committer_is_open(&committer);
    if (status == DW_OK) {
        count_commit(run, g, &counts, done.version);
        if (run->lease != NULL)
            dwi_lease_note(run->lease, &step);
    }
done:
    dwi_state_unref(done.state);
    dwi_committer_done(&committer);
    dwi_buf_done(&parameters);
    dwi_buf_done(&metrics);
    dwi_arena_done(&arena);
    return status;
}

/* Bins that lost a file are not published any more, and nothing is left of them. True: one more was
 * dropped. */
static bool drop_gone(dwi_optimize_pass *run, group *g, bool all)
{
    bool any = false;

    for (size_t i = 0; i < g->n; i++) {
        if (g->dropped[i] || !(all || run->gone[g->first + i]))
            continue;
        g->dropped[i] = any = true;
        run->metrics.skipped_bins++;
        dwi_bin_results_done(&g->results[i], 1, &run->table->log);
    }
    return any;
}

/* After a conflict those whose files others took are left out; when that does not explain it, the
 * table has changed so that none can stay. */
static dw_status publish_left(dwi_optimize_pass *run, group *g, dw_error *err)
{
    bool open = false;
    dw_status status = DW_OK;

    while (count_left(g) > 0) {
        status = publish(run, g, &open, err);
        if (status != DW_E_CONFLICT)
            break;
        DWI_TRY(catch_up(run, err));
        if (!drop_gone(run, g, false))
            (void)drop_gone(run, g, true);
    }
done:
    for (size_t i = 0; i < g->n; i++)
        dwi_bin_results_done(&g->results[i], 1, status != DW_OK && !open ? &run->table->log : NULL);
    return status;
}

/* ---- groups ---- */

static dw_status watch(void *ctx, const dwi_bin *bin, int64_t rows, dw_error *err)
{
    dwi_optimize_pass *run = ctx;
    int64_t bytes =
        bin->rows > 0 ? (int64_t)((double)bin->bytes * (double)rows / (double)bin->rows) : 0;

    (void)pthread_mutex_lock(&run->synced.lock);
    run->synced.done_bytes += bytes;
    if (run->progress != NULL && run->synced.done_bytes <= run->total_bytes &&
        pthread_equal(pthread_self(), run->caller))
        run->progress(run->progress_ctx, run->synced.done_bytes, run->total_bytes);
    (void)pthread_mutex_unlock(&run->synced.lock);
    return run->pause == NULL ? DW_OK : run->pause(run->pause_ctx, bytes, err);
}

/* Files that were not there: another commit must have removed them, or they are lost. */
static dw_status check_missing(dwi_optimize_pass *run, group *g, dw_error *err)
{
    dw_status status = DW_OK;
    bool caught_up = false;

    for (size_t i = 0; i < g->n; i++) {
        if (!g->results[i].missing)
            continue;
        if (!caught_up)
            DWI_TRY(catch_up(run, err));
        caught_up = true;
        if (!run->gone[g->first + i]) {
            if (err != NULL)
                *err = g->results[i].why;
            return DW_E_NOT_FOUND;
        }
    }
done:
    return status;
}

static dw_status run_group(dwi_optimize_pass *run, group *g, dw_error *err)
{
    const dwi_bin *bins = run->plan.bins + g->first;
    dwi_optimize_job job = run->job;
    dw_status status;

    g->made_for = dwi_state_ref(run->state);
    job.state = g->made_for;
    job.watch = (dwi_bin_watch){run, watch};
    DWI_TRY(dwi_optimize_write(&job, bins, g->n, g->results, err));
    status = check_missing(run, g, err);
    if (status != DW_OK) {
        dwi_bin_results_done(g->results, g->n, &run->table->log);
        goto done;
    }
    (void)drop_gone(run, g, false);
    DWI_TRY(publish_left(run, g, err));
done:
    dwi_state_unref(g->made_for);
    return status;
}

/* The next bins that are not gone and follow each other, commit_bytes of them. */
static bool next_group(const dwi_optimize_pass *run, group *g)
{
    size_t first = g->first + g->n;
    int64_t bytes = 0;
    size_t end;

    while (first < run->plan.n_bins && run->gone[first])
        first++;
    for (end = first; end < run->plan.n_bins && !run->gone[end]; end++) {
        if (end > first && bytes >= run->commit_bytes)
            break;
        bytes += run->plan.bins[end].bytes;
    }
    g->first = first;
    g->n = end - first;
    return g->n > 0;
}

static void count_gone(dwi_optimize_pass *run, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        run->metrics.skipped_bins += run->gone[i];
}

dw_status dwi_optimize_bins(dwi_optimize_pass *run, dw_error *err)
{
    const dw_allocator *alloc = run->table->alloc;
    size_t n_bins = run->plan.n_bins;
    dwi_bin_result *results = NULL;
    bool *dropped = NULL;
    dw_status status = DW_OK;
    group g = {0};

    if (n_bins == 0)
        return DW_OK;
    run->caller = pthread_self();
    DWI_TRY(note_paths(run, err));
    results = dwi_alloc_array(alloc, n_bins, sizeof(*results));
    dropped = dwi_alloc_array(alloc, n_bins, sizeof(*dropped));
    if (results == NULL || dropped == NULL)
        DWI_TRY(dwi_err_nomem(err));
    for (;;) {
        size_t before = g.first + g.n;
        bool any = next_group(run, &g);
        count_gone(run, before, g.first);
        if (!any)
            break;
        memset(results, 0, g.n * sizeof(*results));
        memset(dropped, 0, g.n * sizeof(*dropped));
        g.results = results;
        g.dropped = dropped;
        DWI_TRY(run_group(run, &g, err));
        if (g.first + g.n < n_bins)
            DWI_TRY(catch_up(run, err));
    }
done:
    dwi_free(alloc, results, n_bins * sizeof(*results));
    dwi_free(alloc, dropped, n_bins * sizeof(*dropped));
    return status;
}
