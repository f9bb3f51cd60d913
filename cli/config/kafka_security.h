/* SPDX-License-Identifier: Apache-2.0 */
/* What of security settings contradicts each other is told at the start, in our words: librdkafka
 * would try for ever, or log. */
#ifndef DW_CLI_KAFKA_SECURITY_H
#define DW_CLI_KAFKA_SECURITY_H

#include <stdbool.h>

#include "config/config.h"

bool kafka_security_check(struct config *config, struct textbuf *problem);

#endif
