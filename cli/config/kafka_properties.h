/* SPDX-License-Identifier: Apache-2.0 */
/* librdkafka's properties: ours, and over them those of the file, of --kafka-conf, of the
 * environment and of flags. */
#ifndef DW_CLI_KAFKA_PROPERTIES_H
#define DW_CLI_KAFKA_PROPERTIES_H

#include <stdbool.h>

#include <librdkafka/rdkafka.h>

#include "config/config_layers.h"

/* Fill out->kafka, checked one by one and against each other. False: told in *problem. */
bool kafka_properties_collect(const struct layers *layers, struct config *out,
                              struct textbuf *problem);

/* librdkafka's configuration of a checked tree; kafka_oauth_start() belongs after rd_kafka_new().
 * NULL: *problem tells, which only want of memory or
 * a plugin that cannot be loaded should make happen. */
rd_kafka_conf_t *kafka_conf_new(const struct config *config, struct textbuf *problem);

/* Is a property one that is not to be shown? */
bool kafka_property_is_secret(const char *name);

/* The value of a property in config->kafka; NULL: not set there. */
const char *kafka_property(const struct config *config, const char *name);

#endif
