/* SPDX-License-Identifier: Apache-2.0 */
/* librdkafka's configuration: ours, then KAFKA_CONF_* over it. */
#ifndef DW_CLI_KAFKA_CONF_H
#define DW_CLI_KAFKA_CONF_H

#include <librdkafka/rdkafka.h>

#include "kafka/service_config.h"

/* Where a partition starts that the table has no offset for. */
enum first_offset { FIRST_EARLIEST, FIRST_LATEST, FIRST_ERROR };

/* NULL: a mistake, told by one line on standard error (exit code 78). `environment` is main()'s. */
rd_kafka_conf_t *kafka_conf_new(const struct service_config *config, char **environment,
                                enum first_offset *out_first);

#endif
