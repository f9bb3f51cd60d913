/* SPDX-License-Identifier: Apache-2.0 */
/* Columns as people write them, in SQL's words, into a Delta schema:
 *
 *   id BIGINT NOT NULL, price DECIMAL(10,2) COMMENT 'net', tags ARRAY<STRING>,
 *   at STRUCT<lat: DOUBLE, lon: DOUBLE>, `odd name` VARCHAR(20)
 *
 * The names of types are those of Spark's SQL and of Delta's schemas, in any case. */
#ifndef DW_CLI_DDL_H
#define DW_CLI_DDL_H

#include <stdbool.h>

#include "common/textbuf.h"

/* Appends {"type":"struct","fields":[...]}. False: *problem tells what is wrong, and at which
 * character, counted from 1. */
bool ddl_to_schema(const char *text, struct textbuf *out_json, struct textbuf *problem);

#endif
