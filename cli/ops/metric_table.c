/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/metric_table.h"

static const double commit_bounds[] = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 0};
static const double request_bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                        0.25,  0.5,    1,     2.5,  5,     10,   0};
static const double long_bounds[] = {0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 0};
static const double size_bounds[] = {16384,     65536,     262144,     1048576,
                                     4194304,   16777216,  67108864,   134217728,
                                     268435456, 536870912, 1073741824, 0};
static const double row_bounds[] = {1,     10,     100,    1000,    5000,    10000,
                                    50000, 100000, 500000, 1000000, 5000000, 0};

#define TOPIC_PARTITION                                                                            \
    {                                                                                              \
        "topic", "partition"                                                                       \
    }
#define TABLE                                                                                      \
    {                                                                                              \
        "table"                                                                                    \
    }
#define TABLE_AND(label)                                                                           \
    {                                                                                              \
        "table", label                                                                             \
    }

static const struct metric_spec specs[METRIC_COUNT] = {
    [METRIC_RECORDS_CONSUMED] = {"deltawrite_records_consumed_total", METRIC_COUNTER,
                                 TOPIC_PARTITION, NULL, "Records read from Kafka."},
    [METRIC_BYTES_CONSUMED] = {"deltawrite_bytes_consumed_total", METRIC_COUNTER, TOPIC_PARTITION,
                               NULL, "Bytes of keys and values read from Kafka."},
    [METRIC_RECORDS_WRITTEN] = {"deltawrite_records_written_total", METRIC_COUNTER, TABLE, NULL,
                                "Rows committed to the table."},
    [METRIC_RECORDS_REJECTED] = {"deltawrite_records_rejected_total",
                                 METRIC_COUNTER,
                                 {"table", "reason", "stage"},
                                 NULL,
                                 "Records that could not be decoded or do not fit the table."},
    [METRIC_DLQ_RECORDS] = {"deltawrite_dlq_records_total",
                            METRIC_COUNTER,
                            {"sink"},
                            NULL,
                            "Records kept in a dead-letter table or topic."},
    [METRIC_COMMITS] = {"deltawrite_commits_total", METRIC_COUNTER, TABLE_AND("result"), NULL,
                        "Commits tried: ok, conflict, fenced or failed."},
    [METRIC_COMMIT_SECONDS] = {"deltawrite_commit_duration_seconds", METRIC_HISTOGRAM, TABLE,
                               commit_bounds, "Time of a commit, from its start to its version."},
    [METRIC_COMMIT_CONFLICTS] = {"deltawrite_commit_conflicts_total", METRIC_COUNTER, TABLE, NULL,
                                 "Commits of other writers that came before ours."},
    [METRIC_COMMIT_RETRIES] = {"deltawrite_commit_retries_total", METRIC_COUNTER, TABLE, NULL,
                               "Commits tried again after trouble."},
    [METRIC_FILES_WRITTEN] = {"deltawrite_files_written_total", METRIC_COUNTER, TABLE, NULL,
                              "Data files committed."},
    [METRIC_FILE_SIZE] = {"deltawrite_file_size_bytes", METRIC_HISTOGRAM, TABLE, size_bounds,
                          "Size of the data files of a commit, their mean where it has several."},
    [METRIC_BATCH_ROWS] = {"deltawrite_batch_rows", METRIC_HISTOGRAM, TABLE, row_bounds,
                           "Rows of a commit."},
    [METRIC_FLUSHES] = {"deltawrite_flush_total", METRIC_COUNTER, TABLE_AND("reason"), NULL,
                        "Batches closed, by what closed them."},
    [METRIC_BUFFER_BYTES] = {"deltawrite_buffer_bytes", METRIC_GAUGE, TABLE, NULL,
                             "Memory held for records that are not committed."},
    [METRIC_BUFFER_ROWS] = {"deltawrite_buffer_rows", METRIC_GAUGE, TABLE, NULL,
                            "Records read that are not committed."},
    [METRIC_MEMORY_LIMIT] =
        {"deltawrite_memory_limit_bytes", METRIC_GAUGE, {NULL}, NULL, "Budget of all buffers."},
    [METRIC_PARTITIONS_ASSIGNED] = {"deltawrite_partitions_assigned",
                                    METRIC_GAUGE,
                                    {"topic"},
                                    NULL,
                                    "Partitions that this instance reads."},
    [METRIC_PARTITIONS_PAUSED] = {"deltawrite_partitions_paused",
                                  METRIC_GAUGE,
                                  {"topic"},
                                  NULL,
                                  "Assigned partitions that are not fetched now."},
    [METRIC_CONSUMER_LAG] = {"deltawrite_consumer_lag", METRIC_GAUGE, TOPIC_PARTITION, NULL,
                             "Records in Kafka that were not read yet."},
    [METRIC_COMMITTED_LAG] = {"deltawrite_committed_lag", METRIC_GAUGE, TOPIC_PARTITION, NULL,
                              "Records in Kafka that are not committed to the table yet."},
    [METRIC_DATA_DELAY] = {"deltawrite_data_delay_seconds", METRIC_AGE, TABLE, NULL,
                           "Age of the newest record that is committed."},
    [METRIC_LAST_COMMIT] = {"deltawrite_last_commit_timestamp_seconds", METRIC_GAUGE, TABLE, NULL,
                            "When the last commit succeeded, in seconds since 1970."},
    [METRIC_TABLE_VERSION] = {"deltawrite_table_version", METRIC_GAUGE, TABLE, NULL,
                              "Version of the table that the last commit made."},
    [METRIC_TABLE_FILES] = {"deltawrite_table_files", METRIC_GAUGE, TABLE, NULL,
                            "Data files of the table, where that is known without counting."},
    [METRIC_LOG_ENTRIES] = {"deltawrite_log_entries_since_checkpoint", METRIC_GAUGE, TABLE, NULL,
                            "Versions of the table after its newest checkpoint."},
    [METRIC_CHECKPOINT_SECONDS] = {"deltawrite_checkpoint_duration_seconds", METRIC_HISTOGRAM,
                                   TABLE, long_bounds, "Time of a checkpoint."},
    [METRIC_COMPACTION_RUNS] = {"deltawrite_compaction_runs_total", METRIC_COUNTER,
                                TABLE_AND("result"), NULL, "Compactions of small files."},
    [METRIC_COMPACTION_FILES] = {"deltawrite_compaction_files_total", METRIC_COUNTER,
                                 TABLE_AND("kind"), NULL, "Files removed and added by compaction."},
    [METRIC_COMPACTION_SECONDS] = {"deltawrite_compaction_duration_seconds", METRIC_HISTOGRAM,
                                   TABLE, long_bounds, "Time of a compaction."},
    [METRIC_VACUUM_FILES] = {"deltawrite_vacuum_files_total", METRIC_COUNTER, TABLE, NULL,
                             "Files deleted by vacuum."},
    [METRIC_STORAGE_REQUESTS] = {"deltawrite_storage_requests_total",
                                 METRIC_COUNTER,
                                 {"op", "code"},
                                 NULL,
                                 "Requests to the object store, by operation and answer."},
    [METRIC_STORAGE_SECONDS] = {"deltawrite_storage_request_duration_seconds",
                                METRIC_HISTOGRAM,
                                {"op"},
                                request_bounds,
                                "Time of a request to the object store."},
    [METRIC_CREDENTIALS_EXPIRY] = {"deltawrite_credentials_expiry_timestamp_seconds",
                                   METRIC_GAUGE,
                                   {NULL},
                                   NULL,
                                   "When the store's temporary credentials end, in seconds since "
                                   "1970."},
    [METRIC_REBALANCES] = {"deltawrite_rebalances_total",
                           METRIC_COUNTER,
                           {"type"},
                           NULL,
                           "Changes of the consumer group's assignment: assign, revoke or lost."},
    [METRIC_SCHEMA_CHANGES] = {"deltawrite_schema_changes_total", METRIC_COUNTER, TABLE_AND("kind"),
                               NULL, "Changes of the table's schema by us."},
    [METRIC_REGISTRY_REQUESTS] = {"deltawrite_registry_requests_total",
                                  METRIC_COUNTER,
                                  {"result"},
                                  NULL,
                                  "Requests to the schema registry."},
    [METRIC_CONFIG_RELOAD] = {"deltawrite_config_reload_success_timestamp_seconds",
                              METRIC_GAUGE,
                              {NULL},
                              NULL,
                              "When the configuration was read successfully, in seconds since "
                              "1970."},
    [METRIC_HTTP_REQUESTS] = {"deltawrite_http_requests_total",
                              METRIC_COUNTER,
                              {"path", "code"},
                              NULL,
                              "Requests to this service over HTTP."},
    [METRIC_RECORDS_LOST] = {"deltawrite_records_lost_total",
                             METRIC_COUNTER,
                             {"topic"},
                             NULL,
                             "Records that were gone from Kafka before they were read."},
    [METRIC_BUILD_INFO] = {"deltawrite_build_info",
                           METRIC_INFO,
                           {"version", "commit"},
                           NULL,
                           "1; the labels tell the program's version."},
};

const struct metric_spec *metric_spec(enum metric_id id)
{
    return &specs[id];
}
