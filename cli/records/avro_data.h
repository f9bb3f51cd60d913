/* SPDX-License-Identifier: Apache-2.0 */
/* Avro binary data as JSON text. Lengths and counts are believed only as far as there are bytes. */
#ifndef DW_CLI_AVRO_DATA_H
#define DW_CLI_AVRO_DATA_H

#include "records/avro_schema.h"
#include "records/failure.h"

/* One datum, all of `data`, is added to `out` as a JSON object: a record its fields; a union of
 * records those of the branch; anything else {"value": ...}. *out_type is whose columns the row
 * has. At most max_bytes of text. */
enum decode_result avro_to_json(struct avro_type *type, struct span data, size_t max_bytes,
                                struct textbuf *out, struct avro_type **out_type,
                                struct failure *failure);

#endif
