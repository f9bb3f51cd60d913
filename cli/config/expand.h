/* SPDX-License-Identifier: Apache-2.0 */
/* ${...} in texts of the file. Names in capitals are environment variables, replaced when the file
 * is read; names in small letters and numbers (${topic}, ${field:a.b}, ${1}) are filled in when
 * records come, and only some settings may have them. */
#ifndef DW_CLI_EXPAND_H
#define DW_CLI_EXPAND_H

#include <stdbool.h>
#include <stddef.h>

#include "common/textbuf.h"

/* ${NAME} and ${NAME:-text} (where NAME is not set or empty) are replaced, $$ becomes $; the rest
 * stays. False: *why tells. */
bool expand_variables(const char *text, char **environment, struct textbuf *out,
                      struct textbuf *why);

/* What a template may have. */
enum template_parts { TEMPLATE_FIELDS = 1 };

/* Is it text with ${topic}, ${N}, ${header:NAME} and, with TEMPLATE_FIELDS, ${field:PATH} alone?
 * `groups` is how many ${N} there are. False: *why tells. */
bool template_check(const char *text, unsigned parts, size_t groups, struct textbuf *why);
/* Does it have any part that records fill? */
bool is_template(const char *text);

#endif
