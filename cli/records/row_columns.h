/* SPDX-License-Identifier: Apache-2.0 */
/* The columns that the configuration makes: from a field by its path, a constant, or a function of
 * a field. */
#ifndef DW_CLI_ROW_COLUMNS_H
#define DW_CLI_ROW_COLUMNS_H

#include "records/failure.h"
#include "records/json_path.h"
#include "records/name_set.h"
#include "records/value_cast.h"

struct row_column {
    struct span name;
    struct path source;
    enum column_function function;
    int64_t from, length; /* of a substring; 0: to the end */
    struct json *fallback, *constant;
    bool cast;
    struct cast_type type;
};

struct row_columns {
    struct row_column *items;
    size_t count;
    struct name_set
        replaced; /* top-level fields that go: made anew, or known by another name now */
};

/* Lies in `scratch`; false: *out_problem. */
bool row_columns_parse(struct scratch *scratch, const struct record_config *config,
                       struct row_columns *out, struct textbuf *out_problem);
enum decode_result row_columns_apply(const struct row_columns *columns, struct scratch *scratch,
                                     struct json *row, struct failure *failure);
/* The Delta type, as JSON, of what the column holds; NULL: that of its source. */
const char *row_column_type(const struct row_column *column);

#endif
