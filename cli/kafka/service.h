/* SPDX-License-Identifier: Apache-2.0 */
/* The poll loop: records from Kafka into the pipeline, partitions as the group and the table say.
 *
 * One request to the pipeline is under way at a time; it says what the loop is about:
 *   none     records flow
 *   ASSIGN   new partitions: their offsets are read from the table, then they start
 *   REVOKE   partitions to give up: what was read of them is committed first, within a budget
 *   RESET    a batch was dropped: offsets are read from the table, then all are sought there
 *   FINISH   --until-end: all was read, and is being committed
 * Polling goes on through all of them. */
#ifndef DW_CLI_SERVICE_H
#define DW_CLI_SERVICE_H

#include "common/logline.h"
#include "kafka/consumer.h"
#include "kafka/pipeline.h"

enum service_state { STATE_FLOWING, STATE_ASSIGN, STATE_REVOKE, STATE_RESET, STATE_FINISH };

struct service {
    const struct service_config *config;
    struct consumer *consumer;
    struct pipeline pipeline;
    struct partition_list all;
    struct partition_list assigned;
    enum service_state state;
    struct request *request; /* NULL while flowing */
    int64_t deadline_ms;     /* of a REVOKE */
    int64_t rebalance;       /* of an ASSIGN or REVOKE: which one it answers */
    uint64_t generation;     /* whose offsets were sought */
    bool had_assignment;
    bool paused;
    bool finished; /* --until-end: all is committed */
    int exit_code; /* of the loop's own; 0: none */
    struct textbuf exit_reason;
    int64_t mirror_at_ms;
    int64_t statistics_at_ms;
    struct log_repeat trouble;
};

/* Runs until a stop is requested or the work is done; the exit code, after a line for any but 0. */
int service_run(const struct service_config *config, struct consumer *consumer, dw_table *table);

#endif
