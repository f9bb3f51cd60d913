/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to a row between its format and the table, in this order: the envelope is taken off,
 * the jq program runs, the filter decides, columns are made, fields dropped, objects flattened,
 * fields without a column rescued, and the columns of Kafka's metadata are added. The same is done
 * to schemas, so that new columns get the types that rows have. */
#ifndef DW_CLI_ROW_PLAN_H
#define DW_CLI_ROW_PLAN_H

#include "records/failure.h"
#include "records/row_list.h"

struct row_plan;

/* NULL with *out_problem empty: there is nothing to be done; else something is wrong. `config` is
 * borrowed. */
struct row_plan *row_plan_new(const struct record_config *config, struct textbuf *out_problem);
void row_plan_free(struct row_plan *plan);
/* What the table has now: the rescue column, and the forms of key and headers, go by it. */
void row_plan_set_table(struct row_plan *plan, const char *schema_json);

/* Adds the rows that `row`, one JSON object, becomes: none, one, or, by jq, several. */
enum decode_result row_plan_apply(struct row_plan *plan, struct span row,
                                  const struct record *record, struct row_list *out,
                                  struct failure *failure);
/* The columns of rows whose columns were those of `schema_json`, or unknown (NULL): a Delta schema,
 * until the next call; NULL: nothing is known. */
const char *row_plan_schema(struct row_plan *plan, const char *schema_json);

#endif
