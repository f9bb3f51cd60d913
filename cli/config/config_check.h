/* SPDX-License-Identifier: Apache-2.0 */
/* What of a configuration contradicts itself, found before anything is started or contacted. */
#ifndef DW_CLI_CONFIG_CHECK_H
#define DW_CLI_CONFIG_CHECK_H

#include <stdbool.h>

#include "config/config.h"

bool config_check_tree(struct config *config, struct textbuf *problem);
/* Each URI is one that a store knows; after the store options are made. */
bool config_check_uris(const struct config *config, struct textbuf *problem);

#endif
