/* SPDX-License-Identifier: Apache-2.0 */
/* Counters, gauges and histograms of the process, and their text for Prometheus, OpenMetrics and
 * statsd. Any thread may change them; an update is an atomic addition and takes no lock. Keep the
 * pointer that metric_series() gave: to find it again costs a hash of the labels.
 *
 * Counters and histograms are shown, with 0, from their first metric_series() on; gauges once they
 * were set. */
#ifndef DW_CLI_METRICS_H
#define DW_CLI_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/textbuf.h"

/* One table in ops/metrics.c has name, help, kind, labels and histogram bounds of each. Names
 * begin with deltawrite_. */
enum metric_id {
    METRIC_RECORDS_CONSUMED,    /* topic, partition */
    METRIC_BYTES_CONSUMED,      /* topic, partition */
    METRIC_RECORDS_WRITTEN,     /* table */
    METRIC_RECORDS_REJECTED,    /* table, reason, stage */
    METRIC_DLQ_RECORDS,         /* sink: table or topic */
    METRIC_COMMITS,             /* table, result: ok, conflict, fenced, failed */
    METRIC_COMMIT_SECONDS,      /* histogram; table */
    METRIC_COMMIT_CONFLICTS,    /* table */
    METRIC_COMMIT_RETRIES,      /* table */
    METRIC_FILES_WRITTEN,       /* table */
    METRIC_FILE_SIZE,           /* histogram; table */
    METRIC_BATCH_ROWS,          /* histogram; table */
    METRIC_FLUSHES,             /* table, reason */
    METRIC_BUFFER_BYTES,        /* gauge; table */
    METRIC_BUFFER_ROWS,         /* gauge; table */
    METRIC_MEMORY_LIMIT,        /* gauge */
    METRIC_PARTITIONS_ASSIGNED, /* gauge; topic */
    METRIC_PARTITIONS_PAUSED,   /* gauge; topic */
    METRIC_CONSUMER_LAG,        /* gauge; topic, partition */
    METRIC_COMMITTED_LAG,       /* gauge; topic, partition */
    METRIC_DATA_DELAY,          /* gauge; table: set to the newest committed record's time in
                                 * seconds since 1970, shown as the seconds since then */
    METRIC_LAST_COMMIT,         /* gauge, seconds since 1970; table */
    METRIC_TABLE_VERSION,       /* gauge; table */
    METRIC_TABLE_FILES,         /* gauge; table */
    METRIC_LOG_ENTRIES,         /* gauge; table: versions since the checkpoint */
    METRIC_CHECKPOINT_SECONDS,  /* histogram; table */
    METRIC_COMPACTION_RUNS,     /* table, result */
    METRIC_COMPACTION_FILES,    /* table, kind: removed, added */
    METRIC_COMPACTION_SECONDS,  /* histogram; table */
    METRIC_VACUUM_FILES,        /* table */
    METRIC_STORAGE_REQUESTS,    /* op, code; both by store_metrics_observe() */
    METRIC_STORAGE_SECONDS,     /* histogram; op */
    METRIC_CREDENTIALS_EXPIRY,  /* gauge, seconds since 1970 */
    METRIC_REBALANCES,          /* type: assign, revoke, lost */
    METRIC_SCHEMA_CHANGES,      /* table, kind: columns */
    METRIC_REGISTRY_REQUESTS,   /* result: ok, not_found, refused, failed */
    METRIC_CONFIG_RELOAD,       /* gauge, seconds since 1970: the last that succeeded */
    METRIC_HTTP_REQUESTS,       /* path, code */
    METRIC_RECORDS_LOST,        /* topic: gone from Kafka, as --allow-gap permits */
    METRIC_BUILD_INFO,          /* version, commit */
    METRIC_COUNT
};

struct metric; /* one series: a metric with its labels' values */

/* Values of the labels in the order above, NULL after the last (no labels: may be NULL). Made on
 * first sight and kept, never NULL; the number of a metric's series is bounded, those beyond it
 * share one whose labels say "other". */
struct metric *metric_series(enum metric_id id, const char *const *label_values);
/* metric_series(METRIC_FLUSHES, METRIC_LABELS(table, "rows")) */
#define METRIC_LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})

void metric_add(struct metric *series, double amount);    /* counter, gauge */
void metric_set(struct metric *series, double value);     /* gauge */
void metric_observe(struct metric *series, double value); /* histogram */
/* Not shown until it is changed again (a partition that was lost). */
void metric_drop(struct metric *series);

/* All series and process_*, as Prometheus' text format 0.0.4, or OpenMetrics 1.0. */
void metrics_text(struct textbuf *out, bool open_metrics);

#endif
