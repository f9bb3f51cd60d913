/* SPDX-License-Identifier: Apache-2.0 */
/* The service as its operators see it: metrics and control.h, over HTTP. */
#ifndef DW_CLI_OPERATIONS_H
#define DW_CLI_OPERATIONS_H

#include "config/config.h"

/* Before anything is waited for, with signals blocked. -1: go on; else the exit code after one line
 * on standard error. `http` and `group_id` are borrowed until the stop. */
int operations_start(const struct http_config *http, const char *group_id);
void operations_stop(void);
/* The admin token of a new configuration, from now on; copied. */
void operations_reload(const struct http_config *http);
/* deltawrite-kafka healthcheck; the exit code. */
int operations_check_health(const struct http_config *http, bool live);

#endif
