/* SPDX-License-Identifier: Apache-2.0 */
/* Where a run begins and ends: what of it cannot be is told before Kafka is waited for. */
#ifndef DW_CLI_RUN_CHECK_H
#define DW_CLI_RUN_CHECK_H

#include <stdbool.h>

#include "config/config.h"

bool run_check(const struct config *config, struct textbuf *problem);

#endif
