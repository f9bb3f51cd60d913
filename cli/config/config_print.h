/* SPDX-License-Identifier: Apache-2.0 */
/* --print-config: every value and where it came from; secrets are not told. */
#ifndef DW_CLI_CONFIG_PRINT_H
#define DW_CLI_CONFIG_PRINT_H

#include <stdbool.h>

#include "config/config.h"

/* Lines "SETTING: VALUE  # WHERE", or a JSON array of {setting, value, source, where}. */
void config_print(const struct config *config, bool json, struct textbuf *out);

#endif
