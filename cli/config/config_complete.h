/* SPDX-License-Identifier: Apache-2.0 */
/* What the option table tells shells and man(1). */
#ifndef DW_CLI_CONFIG_COMPLETE_H
#define DW_CLI_CONFIG_COMPLETE_H

#include <stdbool.h>

/* True: `completion SHELL`, `--complete WORD...` or `--help-man` was there, and is answered with
 * the exit code *out_code. */
bool config_complete(int argc, char **argv, int *out_code);

#endif
