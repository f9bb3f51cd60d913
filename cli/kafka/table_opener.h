/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the table, or makes it, in a thread of its own: a store that is down or has no bucket yet
 * is waited for while the poll loop waits for Kafka. */
#ifndef DW_CLI_TABLE_OPENER_H
#define DW_CLI_TABLE_OPENER_H

#include <pthread.h>

#include <deltawrite/table.h>

#include "kafka/service_config.h"

struct table_opener {
    const struct service_config *config;
    pthread_t thread;
    struct {
        pthread_mutex_t lock;
        bool done;
        dw_table *table; /* NULL when done: see exit_code */
        int exit_code;
        dw_error err;
    } synced;
};

bool table_opener_start(struct table_opener *opener, const struct service_config *config);
/* True when it is over: *out_table, or an exit code and the reason. */
bool table_opener_poll(struct table_opener *opener, dw_table **out_table, int *out_exit_code,
                       dw_error *out_err);

/* It is over, and without a table. */
bool table_opener_failed(struct table_opener *opener);

#endif
