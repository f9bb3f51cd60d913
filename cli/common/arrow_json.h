/* SPDX-License-Identifier: Apache-2.0 */
/* Values of Arrow arrays, of the types that the library exports, as JSON (docs/cli.md tells the
 * form). */
#ifndef DW_CLI_ARROW_JSON_H
#define DW_CLI_ARROW_JSON_H

#include <stdbool.h>

#include <deltawrite/arrow_c_data.h>

#include "common/textbuf.h"

/* Append the value of one row; a row of a struct array is a JSON object. False when an Arrow format
 * is not one that the library exports. */
bool arrow_json_append(struct textbuf *out, const struct ArrowSchema *schema,
                       const struct ArrowArray *array, int64_t row);

bool arrow_is_null(const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row);
/* The bytes of a value of format "u" or "z". They stay the array's. */
const char *arrow_bytes(const struct ArrowArray *array, int64_t row, size_t *out_len);

#endif
