/* SPDX-License-Identifier: Apache-2.0 */
/* Bold text on a terminal. */
#ifndef DW_CLI_STYLE_H
#define DW_CLI_STYLE_H

#include <stdio.h>

/* What switches bold on and off again in `out`; nothing when `out` is no terminal. */
const char *style_bold(FILE *out);
const char *style_plain(FILE *out);

#endif
