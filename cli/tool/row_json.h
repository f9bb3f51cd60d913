/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow struct arrays as NDJSON, in the form that `deltawrite cat` promises (docs/cli.md). */
#ifndef DW_CLI_ROW_JSON_H
#define DW_CLI_ROW_JSON_H

#include <stdint.h>
#include <stdio.h>

#include <deltawrite/arrow_c_data.h>

/* Print every row of a stream, `limit` at the most (-1: all). 0, or 1 after a message on stderr
 * that begins with "deltawrite: NAME: ". */
int row_json_print(struct ArrowArrayStream *stream, const char *name, int64_t limit, FILE *out);

#endif
