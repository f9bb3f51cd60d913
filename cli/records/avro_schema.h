/* SPDX-License-Identifier: Apache-2.0 */
/* Avro schemas (specification 1.12), of which data is read with the schema it was written with.
 * Names, sizes and logical types count; defaults, aliases and documentation do not. A logical type
 * that does not fit the type it stands on is ignored, as the specification asks. */
#ifndef DW_CLI_AVRO_SCHEMA_H
#define DW_CLI_AVRO_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "records/delta_type.h"
#include "records/scratch.h"

enum avro_kind {
    AVRO_NULL,
    AVRO_BOOLEAN,
    AVRO_INT,
    AVRO_LONG,
    AVRO_FLOAT,
    AVRO_DOUBLE,
    AVRO_BYTES,
    AVRO_STRING,
    AVRO_RECORD,
    AVRO_ENUM,
    AVRO_ARRAY,
    AVRO_MAP,
    AVRO_UNION,
    AVRO_FIXED
};

enum avro_logical {
    AVRO_PLAIN,
    AVRO_DECIMAL,
    AVRO_UUID,
    AVRO_DATE,
    AVRO_TIME_MILLIS,
    AVRO_TIME_MICROS,
    AVRO_TIMESTAMP_MILLIS,
    AVRO_TIMESTAMP_MICROS,
    AVRO_TIMESTAMP_NANOS,
    AVRO_LOCAL_MILLIS,
    AVRO_LOCAL_MICROS,
    AVRO_LOCAL_NANOS,
    AVRO_DURATION
};

/* A field of a record; a branch of a union, whose name is the member of the row's object; a symbol
 * of an enum, without a type. */
struct avro_part {
    struct span name;
    struct avro_type *type;
};

struct avro_type {
    enum avro_kind kind;
    enum avro_logical logical;
    unsigned precision, scale;
    size_t size;      /* of a fixed */
    struct span name; /* full name of what has one */
    struct avro_part *parts;
    size_t n_parts;
    struct avro_type *items; /* of arrays and maps; of a union of null and one type, that type */
    bool open;               /* being written: it contains itself */
};

struct avro_names; /* named types seen so far */

/* Referenced schemas first, then the one that names them, with the same *names (NULL before the
 * first). All lies in `scratch`. NULL: *out_problem tells what is wrong. */
struct avro_type *avro_parse(struct scratch *scratch, struct avro_names **names, struct span text,
                             struct textbuf *out_problem);
/* CRC-64-AVRO of the parsing canonical form. */
uint64_t avro_fingerprint(struct avro_type *type);
void avro_canonical(struct avro_type *type, struct textbuf *out);

/* The columns of rows of this type. */
void avro_delta_schema(struct avro_type *type, struct delta_schema *out);

#endif
