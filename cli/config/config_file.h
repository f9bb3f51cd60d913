/* SPDX-License-Identifier: Apache-2.0 */
/* The form of the configuration file: which names stand where. */
#ifndef DW_CLI_CONFIG_FILE_H
#define DW_CLI_CONFIG_FILE_H

#include <stdbool.h>

#include "config/config_layers.h"

/* Read the file and see that it has no name that no setting has. False: told in *problem. */
bool config_file_read(struct layers *layers, const char *file, struct textbuf *problem);

#endif
