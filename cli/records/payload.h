/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads that are packed with gzip (RFC 1952) or zstd (RFC 8878): all members and frames, and
 * never more unpacked than is allowed. */
#ifndef DW_CLI_PAYLOAD_H
#define DW_CLI_PAYLOAD_H

#include "records/failure.h"
#include "records/scratch.h"

struct payload; /* buffers that are used again */

struct payload *payload_new(void);
void payload_free(struct payload *payload);
/* DECODE_ROWS: *out is what `value` holds, valid until the next call; `value` itself when it is not
 * packed and `codec` is PAYLOAD_AUTO. */
enum decode_result payload_unpack(struct payload *payload, enum payload_codec codec,
                                  size_t max_bytes, struct span value, struct span *out,
                                  struct failure *failure);

#endif
