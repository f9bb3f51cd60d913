/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of a table that is to be made, in any of the forms that the file may give it. */
#ifndef DW_CLI_TABLE_SCHEMA_H
#define DW_CLI_TABLE_SCHEMA_H

#include <stdbool.h>

#include "config/config.h"

/* *schema_json, what the setting holds as JSON, becomes a Delta schema. It may be
 * - a text: the name of a file with a Delta schema, that schema itself, or columns in SQL's words;
 * - {"type":"struct","fields":[...]};
 * - {"NAME":"TYPE",...}.
 * False: *problem tells. */
bool table_schema_finish(char **schema_json, struct textbuf *problem);

/* Would the library make such a table? Tried in memory. */
bool table_schema_check(const struct table_config *table, struct textbuf *problem);

#endif
