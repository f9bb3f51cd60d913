/* SPDX-License-Identifier: Apache-2.0 */
/* A Kafka broker inside the process: librdkafka's mock cluster. */
#ifndef DW_CLI_DEMO_BROKER_H
#define DW_CLI_DEMO_BROKER_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>

struct demo_broker {
    rd_kafka_t *rk; /* carries the cluster, and produces */
    rd_kafka_topic_t *topic;
    const char *address; /* of the broker */
    long failed;
};

/* False: told on standard error. */
bool demo_broker_start(struct demo_broker *broker, const char *topic, int partitions);
bool demo_broker_put(struct demo_broker *broker, int partition, const char *text, size_t len);
bool demo_broker_flush(struct demo_broker *broker);
void demo_broker_stop(struct demo_broker *broker);

#endif
