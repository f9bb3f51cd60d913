/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a table or file, one by one, as the verbs that print them want them. */
#ifndef DW_CLI_ROWS_H
#define DW_CLI_ROWS_H

#include <stdint.h>
#include <stdio.h>

#include <deltawrite/arrow_c_data.h>

#include "tool/look.h"

/* Told of one row of a struct array. 0 to go on, else an exit code after a message on stderr. */
typedef int row_fn(void *ctx, const struct ArrowSchema *schema, const struct ArrowArray *array,
                   int64_t row);

/* The rows of the snapshot that `look` wants, to be released. Exit code or -1. */
int rows_open(struct target *t, const struct look *look, struct ArrowArrayStream *out);

/* Every row of a stream, `limit` at the most (-1: all). 0, what `each` returned, or 1 after a
 * message that begins with "deltawrite: NAME: ". `schema` (may be NULL) is told before the first
 * row. */
int rows_each(struct ArrowArrayStream *stream, const char *name, int64_t limit,
              int (*schema)(void *ctx, const struct ArrowSchema *schema), row_fn *each, void *ctx);

/* As NDJSON, in the form that `deltawrite cat` promises (docs/cli.md). */
int rows_print_json(struct ArrowArrayStream *stream, const char *name, int64_t limit, FILE *out);

#endif
