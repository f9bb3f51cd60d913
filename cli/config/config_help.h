/* SPDX-License-Identifier: Apache-2.0 */
/* What the option table tells people: --help, and the table of docs/configuration.md. */
#ifndef DW_CLI_CONFIG_HELP_H
#define DW_CLI_CONFIG_HELP_H

#include <stdbool.h>

/* True: one of --help, --help-markdown, --version was there, and is answered. */
bool config_help(int argc, char **argv);

#endif
