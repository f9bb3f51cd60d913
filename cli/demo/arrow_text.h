/* SPDX-License-Identifier: Apache-2.0 */
/* Values of Arrow arrays as text, for the types that the demo's tables have. */
#ifndef DW_CLI_ARROW_TEXT_H
#define DW_CLI_ARROW_TEXT_H

#include <deltawrite/arrow_c_data.h>

#include "common/textbuf.h"

/* Null is "-". Binary values are shown as text as far as they are. */
void arrow_text(const struct ArrowSchema *type, const struct ArrowArray *column, int64_t row,
                struct textbuf *out);
/* "string", "timestamp", ... of a format; the format itself when it is none of these. */
const char *arrow_type_name(const char *format);

#endif
