/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of one source and one table, taken from the tree of all (config/config.h), for the
 * parts of the service that know no more than that. */
#ifndef DW_CLI_SERVICE_CONFIG_H
#define DW_CLI_SERVICE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/settings.h"
#include "config/config.h"

struct service_config {
    const struct config *tree;
    const char *brokers;
    const char *topic;
    const char *group_id;
    const char *table_uri;
    const char *dead_letter_uri;
    int64_t batch_rows;
    int64_t batch_timeout_ms;
    bool until_end;
    bool forgotten_is_new; /* see DELTA_FORGOTTEN_OFFSETS */
    struct http_config http; /* the tree's */
    const char *engine_info;
    struct aws_env aws; /* the tree's */
    dw_store_options store_options;
};

/* The texts stay the tree's. */
struct service_config service_config_of(const struct config *tree);
/* The start-up line; secrets are left out. */
void service_config_log(const struct service_config *config);

#endif
