/* SPDX-License-Identifier: Apache-2.0 */
/* deltawrite-kafka healthcheck: asks an instance on this machine how it is. */
#ifndef DW_CLI_HEALTH_CHECK_H
#define DW_CLI_HEALTH_CHECK_H

#include <stdbool.h>
#include <stdint.h>

/* Prints what the instance that listens on `listen` answers to GET `path`. True when that is 200
 * within the time; else why not is told on standard error. */
bool health_check(const char *listen, const char *path, int64_t timeout_ms);

#endif
