/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads in Confluent's wire format whose schema is a JSON Schema: the JSON is behind the id, the
 * schema tells columns. What it says beyond types is not checked. */
#ifndef DW_CLI_JSON_SCHEMA_H
#define DW_CLI_JSON_SCHEMA_H

#include "records/failure.h"
#include "records/row_list.h"

struct json_schema_format;

struct json_schema_format *json_schema_format_new(struct registry *registry); /* NULL: none */
void json_schema_format_free(struct json_schema_format *format);
/* Takes the framing off *data. *out_schema: as avro_format_decode(). */
enum decode_result json_schema_take(struct json_schema_format *format, struct span *data,
                                    const char **out_schema, struct failure *failure);

#endif
