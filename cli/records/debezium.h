/* SPDX-License-Identifier: Apache-2.0 */
/* Change events of Debezium: what a row became (or, deleted, what it was) with how and where. */
#ifndef DW_CLI_DEBEZIUM_H
#define DW_CLI_DEBEZIUM_H

#include "records/failure.h"
#include "records/json_tree.h"

/* *out is the row; NULL: the event is about no row (a truncated table, a message of the log). */
enum decode_result debezium_unwrap(struct scratch *scratch, struct json *event, struct json **out,
                                   struct failure *failure);
/* The columns of an envelope's schema, as a tree: those of `after`, and what is added. */
struct json *debezium_schema(struct scratch *scratch, struct json *envelope);

#endif
