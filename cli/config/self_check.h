/* SPDX-License-Identifier: Apache-2.0 */
/* --check: are brokers, topics, registry, stores and tables there, and may we use them? Nothing is
 * changed but for an object in each table's folder that is removed again. */
#ifndef DW_CLI_SELF_CHECK_H
#define DW_CLI_SELF_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "config/check_report.h"
#include "config/config.h"

/* The exit code: 0, 75 (what is missing may come) or 78. */
int self_check(const struct config *config, bool json);

/* A topic of the sources that Kafka has. */
struct found_topic {
    char *name;
    size_t source;
    int32_t partitions;
    int64_t *first; /* of each partition: the first offset that Kafka still has; -1: not known */
};

struct found_topics {
    struct found_topic *items;
    size_t count;
};

void check_kafka(struct check_report *report, const struct config *config,
                 struct found_topics *out);
void check_tables(struct check_report *report, const struct config *config,
                  const struct found_topics *topics);
void found_topics_done(struct found_topics *topics);

#endif
