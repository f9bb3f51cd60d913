/* SPDX-License-Identifier: Apache-2.0 */
/* How a payload names its schema: Confluent's wire format, a zero byte and a registry's id in four
 * bytes, big-endian; and, for Avro, the single-object encoding, C3 01 and a fingerprint. */
#ifndef DW_CLI_FRAMING_H
#define DW_CLI_FRAMING_H

#include "records/failure.h"
#include "records/scratch.h"

/* Takes the five bytes off. */
enum decode_result framing_take_id(struct span *data, int32_t *out_id, struct failure *failure);
bool framing_is_single_object(struct span data);
/* Takes the ten bytes off, which framing_is_single_object() has seen. */
uint64_t framing_take_fingerprint(struct span *data);

/* A file's bytes, at most 16 MiB, in `scratch`; false: *out_problem. */
bool framing_read_file(struct scratch *scratch, const char *path, struct span *out,
                       struct textbuf *out_problem);

#endif
