/* SPDX-License-Identifier: Apache-2.0 */
/* What of a source's settings of records contradicts itself, or would have no effect. */
#ifndef DW_CLI_RECORD_CHECK_H
#define DW_CLI_RECORD_CHECK_H

#include <stdbool.h>

#include "config/config.h"

bool record_check(const struct config *config, size_t source, struct textbuf *problem);

/* Tells "OBJECT: REASON" of the setting LIST[INDEX].REST. Returns false. */
bool config_fail_at(const struct config *config, const char *list, size_t index, const char *rest,
                    const char *reason, struct textbuf *problem);

#endif
