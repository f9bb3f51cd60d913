/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of one table. */
#ifndef DW_CLI_LANE_METRICS_H
#define DW_CLI_LANE_METRICS_H

#include <stdint.h>

#include <deltawrite/table_stats.h>
#include <deltawrite/txn.h>

struct lane_metrics {
    struct metric *rows, *commits_ok, *commits_conflict, *commits_fenced, *commits_failed;
    struct metric *commit_seconds, *conflicts, *retries, *files, *file_size, *batch_rows;
    struct metric *buffer_bytes, *buffer_rows, *data_delay, *last_commit, *version;
    struct metric *table_files, *log_entries, *checkpoint_seconds, *schema_changes;
    dw_table_stats told; /* of the table's handle, when it was counted last */
};

/* The series of the table `uri`. */
void lane_metrics_find(struct lane_metrics *metrics, const char *uri);
/* newest_ms: time of the newest record in it, since 1970; -1: not known. */
void lane_metrics_commit(struct lane_metrics *metrics, int64_t version, const dw_txn_stats *stats,
                         int64_t duration_ms, int64_t newest_ms);
/* What the handle has done since it was asked last: commits of others on the way, checkpoints. One
 * thread at a time. */
void lane_metrics_table(struct lane_metrics *metrics, dw_table *table);

#endif
