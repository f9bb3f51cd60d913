/* SPDX-License-Identifier: Apache-2.0 */
/* Protocol Buffers payloads: in Confluent's wire format where a registry is known, or plain data of
 * one message of a FileDescriptorSet. */
#ifndef DW_CLI_PROTO_FORMAT_H
#define DW_CLI_PROTO_FORMAT_H

#include "records/failure.h"
#include "records/row_list.h"

struct proto_format;

struct proto_format *proto_format_new(const struct record_config *config, struct registry *registry,
                                      struct textbuf *out_problem);
void proto_format_free(struct proto_format *format);
/* As avro_format_decode(). */
enum decode_result proto_format_decode(struct proto_format *format, struct span data,
                                       size_t max_bytes, struct row_list *rows,
                                       const char **out_schema, struct failure *failure);

#endif
