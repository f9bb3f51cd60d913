/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/lane_metrics.h"

#include "common/logline.h"
#include "ops/metrics.h"

void lane_metrics_find(struct lane_metrics *metrics, const char *uri)
{
    *metrics = (struct lane_metrics){
        .rows = metric_series(METRIC_RECORDS_WRITTEN, METRIC_LABELS(uri)),
        .commits_ok = metric_series(METRIC_COMMITS, METRIC_LABELS(uri, "ok")),
        .commits_conflict = metric_series(METRIC_COMMITS, METRIC_LABELS(uri, "conflict")),
        .commits_fenced = metric_series(METRIC_COMMITS, METRIC_LABELS(uri, "fenced")),
        .commits_failed = metric_series(METRIC_COMMITS, METRIC_LABELS(uri, "failed")),
        .commit_seconds = metric_series(METRIC_COMMIT_SECONDS, METRIC_LABELS(uri)),
        .conflicts = metric_series(METRIC_COMMIT_CONFLICTS, METRIC_LABELS(uri)),
        .retries = metric_series(METRIC_COMMIT_RETRIES, METRIC_LABELS(uri)),
        .files = metric_series(METRIC_FILES_WRITTEN, METRIC_LABELS(uri)),
        .file_size = metric_series(METRIC_FILE_SIZE, METRIC_LABELS(uri)),
        .batch_rows = metric_series(METRIC_BATCH_ROWS, METRIC_LABELS(uri)),
        .buffer_bytes = metric_series(METRIC_BUFFER_BYTES, METRIC_LABELS(uri)),
        .buffer_rows = metric_series(METRIC_BUFFER_ROWS, METRIC_LABELS(uri)),
        .data_delay = metric_series(METRIC_DATA_DELAY, METRIC_LABELS(uri)),
        .last_commit = metric_series(METRIC_LAST_COMMIT, METRIC_LABELS(uri)),
        .version = metric_series(METRIC_TABLE_VERSION, METRIC_LABELS(uri)),
        .table_files = metric_series(METRIC_TABLE_FILES, METRIC_LABELS(uri)),
        .log_entries = metric_series(METRIC_LOG_ENTRIES, METRIC_LABELS(uri)),
        .schema_changes = metric_series(METRIC_SCHEMA_CHANGES, METRIC_LABELS(uri, "columns")),
        .checkpoint_seconds = metric_series(METRIC_CHECKPOINT_SECONDS, METRIC_LABELS(uri)),
    };
}

void lane_metrics_commit(struct lane_metrics *m, int64_t version, const dw_txn_stats *stats,
                         int64_t duration_ms, int64_t newest_ms)
{
    metric_add(m->rows, (double)stats->rows);
    metric_add(m->commits_ok, 1);
    metric_observe(m->commit_seconds, (double)duration_ms / 1000);
    metric_observe(m->batch_rows, (double)stats->rows);
    metric_add(m->files, stats->files);
    if (stats->files > 0)
        metric_observe(m->file_size, (double)stats->encoded_bytes / stats->files);
    metric_set(m->last_commit, (double)clock_wall_ms() / 1000);
    metric_set(m->version, (double)version);
    if (newest_ms >= 0)
        metric_set(m->data_delay, (double)newest_ms / 1000);
}

void lane_metrics_table(struct lane_metrics *m, dw_table *table)
{
    dw_table_stats now = DW_TABLE_STATS_INIT;
    dw_error err;
    int64_t checkpoints;

    if (dw_table_get_stats(table, &now, &err) != DW_OK)
        return;
    if (now.commits < m->told.commits) /* another handle on the table */
        m->told = (dw_table_stats){0};
    metric_add(m->conflicts, (double)(now.versions_lost - m->told.versions_lost));
    metric_add(m->schema_changes, (double)(now.schema_changes - m->told.schema_changes));
    checkpoints = now.checkpoints - m->told.checkpoints;
    for (int64_t i = 0; i < checkpoints; i++)
        metric_observe(m->checkpoint_seconds, (double)(now.checkpoint_us - m->told.checkpoint_us) /
                                                  1e6 / (double)checkpoints);
    metric_set(m->log_entries, (double)(now.version - now.checkpoint_version));
    if (now.files >= 0)
        metric_set(m->table_files, (double)now.files);
    m->told = now;
}
