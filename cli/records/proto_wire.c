/* SPDX-License-Identifier: Apache-2.0 */
#include "records/proto_wire.h"

enum { MAX_GROUPS = 100 };

static const char truncated[] = "the data ends within a field";

struct wire wire_of(struct span data)
{
    const uint8_t *start = (const uint8_t *)data.ptr;

    return (struct wire){start, start, start + data.len, NULL};
}

static bool fail(struct wire *wire, const char *error)
{
    wire->error = error;
    return false;
}

bool wire_varint(struct wire *wire, uint64_t *out)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte;
        if (wire->at == wire->end)
            return fail(wire, truncated);
        byte = *wire->at++;
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return fail(wire, "a number of more than ten bytes");
}

bool wire_fixed(struct wire *wire, size_t len, uint64_t *out)
{
    uint64_t value = 0;

    if ((size_t)(wire->end - wire->at) < len)
        return fail(wire, truncated);
    for (size_t i = 0; i < len; i++)
        value |= (uint64_t)wire->at[i] << (8 * i);
    wire->at += len;
    *out = value;
    return true;
}

static bool take_tag(struct wire *wire, struct wire_field *out)
{
    uint64_t tag;

    if (!wire_varint(wire, &tag))
        return false;
    if (tag >> 3 == 0 || tag >> 3 > 536870911)
        return fail(wire, "a field number that cannot be");
    out->number = (uint32_t)(tag >> 3);
    out->type = (enum wire_type)(tag & 7);
    return out->type <= WIRE_32 || fail(wire, "a wire type that cannot be");
}

/* What is behind a tag, but for groups. */
static bool take_value(struct wire *wire, struct wire_field *out)
{
    uint64_t len;

    switch (out->type) {
    case WIRE_VARINT:
        return wire_varint(wire, &out->value);
    case WIRE_64:
    case WIRE_32:
        return wire_fixed(wire, out->type == WIRE_64 ? 8 : 4, &out->value);
    default:
        if (!wire_varint(wire, &len))
            return false;
        if (len > (size_t)(wire->end - wire->at))
            return fail(wire, truncated);
        out->bytes = (struct span){(const char *)wire->at, (size_t)len};
        wire->at += len;
        return true;
    }
}

/* From behind a group's first tag to behind its last. */
static bool take_group(struct wire *wire, struct wire_field *out)
{
    uint32_t open[MAX_GROUPS];
    size_t depth = 1;
    const uint8_t *start = wire->at;
    const uint8_t *end = start;
    struct wire_field inner;

    open[0] = out->number;
    while (depth > 0) {
        end = wire->at;
        if (wire->at == wire->end)
            return fail(wire, truncated);
        if (!take_tag(wire, &inner))
            return false;
        if (inner.type == WIRE_END_GROUP) {
            if (inner.number != open[--depth])
                return fail(wire, "a group that ends as another");
        } else if (inner.type == WIRE_GROUP) {
            if (depth == MAX_GROUPS)
                return fail(wire, "groups are nested too deeply");
            open[depth++] = inner.number;
        } else if (!take_value(wire, &inner)) {
            return false;
        }
    }
    out->bytes = (struct span){(const char *)start, (size_t)(end - start)};
    return true;
}

bool wire_next(struct wire *wire, struct wire_field *out)
{
    *out = (struct wire_field){.bytes = {"", 0}};
    if (wire->at == wire->end || !take_tag(wire, out))
        return false;
    if (out->type == WIRE_END_GROUP)
        return fail(wire, "the end of a group that did not begin");
    return out->type == WIRE_GROUP ? take_group(wire, out) : take_value(wire, out);
}
