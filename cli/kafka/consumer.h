/* SPDX-License-Identifier: Apache-2.0 */
/* The Kafka consumer, and the group's changes as the poll loop wants them: a rebalance is only
 * noted when it comes, and answered later, so that storage never stops the polling. */
#ifndef DW_CLI_CONSUMER_H
#define DW_CLI_CONSUMER_H

#include <pthread.h>

#include <librdkafka/rdkafka.h>

#include "common/textbuf.h"
#include "config/config.h"
#include "kafka/partition.h"

enum rebalance_kind { REBALANCE_NONE, REBALANCE_ASSIGN, REBALANCE_REVOKE };

struct consumer {
    rd_kafka_t *rk;
    /* The rebalance that waits for its answer; there is one at most. */
    enum rebalance_kind rebalance;
    rd_kafka_topic_partition_list_t *rebalance_list;
    int64_t rebalances; /* how many came; a later one takes the place of one not answered */
    bool lost;          /* REVOKE: others may have the partitions already */
    bool closing;       /* answer at once */
    bool mirror_failed; /* offsets were not stored in the group */
    bool joined;        /* partitions were assigned, or that there are none for us */
    struct {
        pthread_mutex_t lock;
        char problem[256]; /* the last one that librdkafka told */
        bool denied;       /* of authentication or authorization */
    } synced;
};

/* -1, or an exit code after one line on standard error. */
int consumer_open(struct consumer *consumer, const struct config *config);
void consumer_close(struct consumer *consumer);
void consumer_destroy(struct consumer *consumer);

/* One try to find the topic; "" when it is there, else what is waited for and why. *out_denied: it
 * will not come by itself. */
void consumer_find_topic(struct consumer *consumer, const char *topic, int timeout_ms,
                         struct textbuf *out_problem, bool *out_denied);
/* To the topics and patterns of all sources. */
bool consumer_subscribe(struct consumer *consumer, const struct config *config,
                        struct textbuf *out_problem);

/* Answer the rebalance that waits. Assigned partitions start at partition->target. */
void consumer_assign(struct consumer *consumer, const struct partition_list *partitions);
void consumer_unassign(struct consumer *consumer);

/* To partition->target; false: not possible yet, try again. */
bool consumer_seek(struct consumer *consumer, const struct partition_list *partitions);
/* Begin a partition anew at its target, after Kafka had no record there: librdkafka has stopped it
 * then, and does not seek what is stopped. `all`: those that are assigned. */
void consumer_restart(struct consumer *consumer, struct partition *partition,
                      const struct partition_list *all);
void consumer_pause(struct consumer *consumer, const struct partition_list *partitions, bool pause);
/* One partition's offset for the next consumer_mirror(). */
struct mirror {
    struct partition *partition;
    int64_t offset;
};
/* Store offsets in the group; the answer comes to the log, when it is bad. `wait`: it has come. */
void consumer_mirror(struct consumer *consumer, const struct mirror *mirrors, size_t count,
                     bool wait);
/* True once when offsets were not stored, whichever: all are to be stored again. */
bool consumer_take_mirror_failure(struct consumer *consumer);
/* The group's offsets, to partition->grouped; false: not to be had now. */
bool consumer_grouped(struct consumer *consumer, const struct partition_list *partitions,
                      int timeout_ms);
/* The first offsets at or after a time, to out[i]; RD_KAFKA_OFFSET_END: none is. */
bool consumer_offsets_at(struct consumer *consumer, const struct partition_list *partitions,
                         int64_t timestamp_ms, int64_t *out, int timeout_ms);

#endif
