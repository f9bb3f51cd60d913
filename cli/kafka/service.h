/* SPDX-License-Identifier: Apache-2.0 */
/* The poll loop: records from Kafka into the pipeline, partitions as the group and the tables say.
 *
 * One request to the pipeline is under way at a time; it says what the loop is about:
 *   none     records flow
 *   ASSIGN   new partitions: their offsets are read from the tables, then they start
 *   REVOKE   partitions to give up: what was read of them is committed first, within a budget
 *   RESET    a table's batch was dropped: its offsets are read, and its partitions sought there
 *   FLUSH    somebody asked for what was read to be committed now
 *   FINISH   a run that ends: all was read, and is being committed
 * Polling goes on through all of them. */
#ifndef DW_CLI_SERVICE_H
#define DW_CLI_SERVICE_H

#include "common/logline.h"
#include "kafka/consumer.h"
#include "kafka/offsets_file.h"
#include "kafka/pipeline.h"
#include "kafka/run_progress.h"

enum service_state {
    STATE_FLOWING,
    STATE_ASSIGN,
    STATE_REVOKE,
    STATE_RESET,
    STATE_FLUSH,
    STATE_FINISH
};

enum { PUSH_MAX = 512 };

/* Partitions of a topic that are assigned; its name is a partition's, which stays. */
struct topic_count {
    const char *name;
    int64_t assigned, paused;
    struct metric *assigned_metric, *paused_metric;
};

struct old_config;

struct service {
    const struct config *config;
    struct old_config *reloaded; /* the trees that came by reloads, newest first */
    struct consumer *consumer;
    struct pipeline *pipeline;
    struct partition_list all;
    struct partition_list assigned;
    enum service_state state;
    struct request *request; /* NULL while flowing */
    uint64_t requests;       /* made so far: the number of the newest */
    int64_t deadline_ms;     /* of a REVOKE */
    int64_t rebalance;       /* of an ASSIGN or REVOKE: which one it answers */
    int64_t flush_number;    /* of a FLUSH: see control.h */
    int64_t flushed;
    bool had_assignment;
    bool full;     /* reading waits for room */
    bool finished; /* all that was wanted is committed */
    int64_t taken; /* --max-records: records so far */
    struct offsets_file *start_offsets, *until_offsets;
    int exit_code; /* of the loop's own; 0: none */
    struct textbuf exit_reason;
    int64_t start_ms; /* since 1970 */
    int64_t mirror_at_ms;
    int64_t statistics_at_ms;
    int64_t status_at_ms;
    int64_t memory_at_ms;
    int64_t trim_at_ms;
    bool squeezed; /* the process has more memory than it may */
    struct log_repeat trouble;
    struct run_progress progress; /* of a run that has an end */
    struct topic_count *topics;   /* every one seen so far */
    size_t n_topics;
    struct item *pushes[PUSH_MAX];
    size_t n_pushes;
    struct partition *last; /* of the newest record, with its topic's handle */
    const rd_kafka_topic_t *last_rkt;
};

/* Runs until a stop is requested or the work is done; the exit code, after a line for any but 0.
 * The pipeline is ended, unless the process must end without that. */
int service_run(const struct config *config, struct consumer *consumer, struct pipeline *pipeline);

/* End the loop with this code; the first reason stays. */
void service_fail(struct service *service, int code, const char *reason);
struct partition *service_partition(struct service *service, const char *topic, int32_t number);

#endif
