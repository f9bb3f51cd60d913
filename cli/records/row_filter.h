/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions on the fields of a record, in SQL's words: docs/records.md has them. What compares
 * with a field that is missing, null, or of another kind is unknown, and stays so under NOT. */
#ifndef DW_CLI_ROW_FILTER_H
#define DW_CLI_ROW_FILTER_H

#include "records/json_tree.h"

struct row_filter;

/* Lies in `scratch`; NULL: *out_problem. */
struct row_filter *row_filter_parse(struct scratch *scratch, const char *text,
                                    struct textbuf *out_problem);
/* The condition is true: neither false nor unknown. */
bool row_filter_keeps(const struct row_filter *filter, struct scratch *scratch, struct json *row);

#endif
