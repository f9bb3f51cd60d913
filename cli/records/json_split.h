/* SPDX-License-Identifier: Apache-2.0 */
/* The objects of a JSON payload: one, one a line, or the elements of one array. */
#ifndef DW_CLI_JSON_SPLIT_H
#define DW_CLI_JSON_SPLIT_H

#include "records/failure.h"
#include "records/row_list.h"

/* Rows are views of `text`. Of several every one was checked to be JSON; a single one was not: its
 * reader does that. */
enum decode_result json_split(struct span text, struct row_list *rows, struct failure *failure);

#endif
