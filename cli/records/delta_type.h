/* SPDX-License-Identifier: Apache-2.0 */
/* The schemas of formats as Delta schemas in JSON: every field nullable, as columns are that come
 * to a table later. Nested too deeply, or with too many fields, a type becomes a string, which
 * takes any value as its JSON text. */
#ifndef DW_CLI_DELTA_TYPE_H
#define DW_CLI_DELTA_TYPE_H

#include <stdbool.h>

#include "common/textbuf.h"
#include "records/scratch.h"

enum { DELTA_MAX_FIELDS = 10000, DELTA_MAX_DEPTH = 100 };

struct delta_schema {
    struct textbuf text;
    size_t n_fields;
    int depth;
};

void delta_struct_begin(struct delta_schema *schema);
void delta_struct_end(struct delta_schema *schema);
/* Then its type, then delta_field_end(). */
void delta_field_begin(struct delta_schema *schema, struct span name);
void delta_field_end(struct delta_schema *schema);
/* "long", "decimal(10,2)" */
void delta_primitive(struct delta_schema *schema, const char *type);
/* Then the type of the elements, then delta_array_end(). */
void delta_array_begin(struct delta_schema *schema);
void delta_array_end(struct delta_schema *schema);
/* Then the type of the values, then delta_map_end(). */
void delta_map_begin(struct delta_schema *schema, const char *key_type);
void delta_map_end(struct delta_schema *schema);
/* A name that columns may have without column mapping. */
bool delta_name_allowed(struct span name);
/* No more nesting, no more fields: the type must be a string. */
bool delta_schema_full(const struct delta_schema *schema);

#endif
