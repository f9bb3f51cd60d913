/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of row_plan.h share. */
#ifndef DW_CLI_ROW_PLAN_PARTS_H
#define DW_CLI_ROW_PLAN_PARTS_H

#include "records/row_columns.h"
#include "records/row_plan.h"

/* How a column of the table takes a key or headers. */
enum bytes_form { FORM_TEXT, FORM_BINARY, FORM_ARRAY, FORM_MAP };

struct row_plan {
    const struct record_config *config;
    struct scratch kept;    /* as long as the plan */
    struct scratch scratch; /* one row */
    struct row_columns columns;
    struct path *drops;
    struct row_filter *filter;
    struct jq_program *jq;
    struct scratch table; /* what is known of the table */
    bool table_known;
    struct name_set known; /* columns that need no rescue */
    enum bytes_form key_form, headers_form;
    struct textbuf schema;
    bool told; /* the columns that need no schema of a format */
};

struct span row_plan_join(struct scratch *scratch, struct span prefix, const char *separator,
                          struct span name);

/* The columns of Kafka's metadata. */
enum decode_result row_metadata_add(const struct row_plan *plan, struct scratch *scratch,
                                    struct json *row, const struct record *record,
                                    struct failure *failure);
/* Calls `each` for every one of them that is wanted, with its type as JSON. */
void row_metadata_types(const struct row_plan *plan,
                        void (*each)(void *ctx, const char *name, const char *type_json),
                        void *ctx);

#endif
