/* SPDX-License-Identifier: Apache-2.0 */
/* Avro payloads: in Confluent's wire format where a registry is known, in the single-object
 * encoding, or plain data of the schema in a file. */
#ifndef DW_CLI_AVRO_FORMAT_H
#define DW_CLI_AVRO_FORMAT_H

#include "records/failure.h"
#include "records/row_list.h"

struct avro_format;

/* `registry` may be NULL; NULL: *out_problem. */
struct avro_format *avro_format_new(const struct record_config *config, struct registry *registry,
                                    struct textbuf *out_problem);
void avro_format_free(struct avro_format *format);
/* A row of `data`. *out_schema: the columns of its schema, when no row of it came before; else as
 * it was. */
enum decode_result avro_format_decode(struct avro_format *format, const char *topic,
                                      struct span data, size_t max_bytes, struct row_list *rows,
                                      const char **out_schema, struct failure *failure);

#endif
