/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of Protocol Buffers as JSON text. */
#ifndef DW_CLI_PROTO_DATA_H
#define DW_CLI_PROTO_DATA_H

#include "records/failure.h"
#include "records/proto_model.h"

/* All of `data` is added to `out` as a JSON object, of at most max_bytes. `scratch` is for work. */
enum decode_result proto_to_json(const struct proto_message *message, struct span data,
                                 size_t max_bytes, struct scratch *scratch, struct textbuf *out,
                                 struct failure *failure);

#endif
