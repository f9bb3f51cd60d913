/* SPDX-License-Identifier: Apache-2.0 */
/* What columns rows of JSON would want: structs of objects, arrays of arrays, and the types that
 * docs/records.md gives to first values. And whether a table has them. */
#ifndef DW_CLI_ROW_INFER_H
#define DW_CLI_ROW_INFER_H

#include <deltawrite/common.h>

#include "common/textbuf.h"
#include "records/scratch.h"

/* The columns of a table, as far as names go. */
struct table_names;

/* Lies in `scratch`; NULL: not a schema. */
struct table_names *table_names_parse(struct scratch *scratch, const char *schema_json);
/* The row has a field, at any depth in structs, that the table has not, and that is not null. A
 * text that is no JSON has none. */
bool table_names_lack(const struct table_names *names, struct scratch *scratch, struct span row);

/* One Delta schema for all rows; rows that are no JSON count for nothing. */
void rows_infer(const dw_bytes *rows, size_t count, struct textbuf *out_schema);

#endif
