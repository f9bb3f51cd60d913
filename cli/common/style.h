/* SPDX-License-Identifier: Apache-2.0 */
/* Colours and weights on a terminal, and nothing at all elsewhere, or when NO_COLOR is set or TERM
 * is "dumb". */
#ifndef DW_CLI_STYLE_H
#define DW_CLI_STYLE_H

#include <stdbool.h>
#include <stdio.h>

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_GREEN, STYLE_YELLOW };

bool style_is_on(FILE *out);
/* What switches a style on in `out`; "" when it shows none. STYLE_PLAIN ends all of them. */
const char *style_text(enum style style, FILE *out);
const char *style_bold(FILE *out);
const char *style_plain(FILE *out);

#endif
