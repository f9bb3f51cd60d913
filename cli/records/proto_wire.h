/* SPDX-License-Identifier: Apache-2.0 */
/* The wire format of Protocol Buffers: tags, and what is behind them. */
#ifndef DW_CLI_PROTO_WIRE_H
#define DW_CLI_PROTO_WIRE_H

#include <stdint.h>

#include "records/scratch.h"

enum wire_type {
    WIRE_VARINT = 0,
    WIRE_64 = 1,
    WIRE_BYTES = 2,
    WIRE_GROUP = 3,
    WIRE_END_GROUP = 4,
    WIRE_32 = 5
};

struct wire {
    const uint8_t *start, *at, *end;
    const char *error; /* static */
};

struct wire_field {
    uint32_t number;
    enum wire_type type;
    uint64_t value;    /* of a number */
    struct span bytes; /* of bytes, or between the tags of a group */
};

struct wire wire_of(struct span data);
bool wire_varint(struct wire *wire, uint64_t *out);
bool wire_fixed(struct wire *wire, size_t len, uint64_t *out);
/* The next field; false at the end, or with `error` set. */
bool wire_next(struct wire *wire, struct wire_field *out);

static inline int64_t wire_zigzag(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

#endif
