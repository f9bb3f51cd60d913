/* SPDX-License-Identifier: Apache-2.0 */
/* The dead-letter topic: rejected records as they were, with headers that tell where each comes
 * from and why. One idempotent producer serves all tables. */
#ifndef DW_CLI_LETTER_TOPIC_H
#define DW_CLI_LETTER_TOPIC_H

#include "kafka/batch.h"

/* Produce the batch's rejected records, and wait until Kafka has them all. */
dw_status letter_topic_send(struct lane *lane, const struct batch *batch, dw_error *err);
/* One record that has no table. */
dw_status letter_topic_send_one(const struct config *config, const struct table_config *table,
                                const struct reject *reject, dw_error *err);
/* Ends the producer, if there is one. */
void letter_topic_end(void);

#endif
