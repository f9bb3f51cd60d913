/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of deltawrite-kafka, read and checked. */
#ifndef DW_CLI_SERVICE_CONFIG_H
#define DW_CLI_SERVICE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <deltawrite/store.h>

#include "common/aws_env.h"
#include "common/settings.h"

#define SERVICE_NAME "deltawrite-kafka"

struct service_config {
    const char *brokers;
    const char *topic;
    const char *group_id;
    const char *table_uri;
    char *dead_letter_uri;
    int64_t batch_rows;
    int64_t batch_timeout_ms;
    bool until_end;
    bool forgotten_is_new; /* see DELTA_FORGOTTEN_OFFSETS */
    char *engine_info;
    struct aws_env aws;
    dw_store_options store_options;
};

/* -1: go on; else the exit code, after one line on standard error (or help). */
int service_config_load(int argc, char **argv, struct service_config *out);
void service_config_done(struct service_config *config);
/* The start-up line; secrets are left out. */
void service_config_log(const struct service_config *config);

#endif
