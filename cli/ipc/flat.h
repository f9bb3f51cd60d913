/* SPDX-License-Identifier: Apache-2.0 */
/* Reads FlatBuffers, every place checked against the buffer before it is looked at. A table that
 * cannot be read has `bytes` NULL, and what is read from it is the default: so callers ask one
 * question less. Spec: google/flatbuffers, "FlatBuffers internals". */
#ifndef DW_CLI_FLAT_H
#define DW_CLI_FLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flat {
    const uint8_t *bytes; /* of the whole buffer; NULL: there is no such table */
    size_t size;
    size_t table; /* where it begins */
};

struct flat_vector {
    const uint8_t *items; /* NULL: there is no such vector */
    size_t count;
    size_t at; /* offset of items in the buffer */
};

struct flat flat_root(const void *bytes, size_t size);
/* A scalar field by its number in the schema, `width` 1, 2, 4 or 8 bytes, sign-extended. */
int64_t flat_int(const struct flat *t, int field, int width, int64_t fallback);
struct flat flat_table(const struct flat *t, int field);
/* Of structs or scalars with this size. */
struct flat_vector flat_vector(const struct flat *t, int field, size_t item_size);
struct flat flat_vector_table(const struct flat *t, const struct flat_vector *tables, size_t i);
/* Not NUL-terminated; false: there is none. */
bool flat_string(const struct flat *t, int field, const char **out_text, size_t *out_len);

int64_t flat_le(const uint8_t *bytes, int width);

#endif
