/* SPDX-License-Identifier: Apache-2.0 */
/* What is waited for before the group is joined: brokers, topics, and the tables that are known
 * without a record. */
#ifndef DW_CLI_STARTUP_H
#define DW_CLI_STARTUP_H

#include "kafka/consumer.h"
#include "kafka/pipeline.h"

/* -1: all is there; else an exit code, after its line. Threads may be waiting for a store then. */
int startup_wait(const struct config *config, struct consumer *consumer, struct pipeline *pipeline);

#endif
