/* SPDX-License-Identifier: Apache-2.0 */
/* A value for a type of Delta, by the rules of docs/records.md for a column of it. What fits keeps
 * its text, but for numbers that become text and times that were numbers. */
#ifndef DW_CLI_VALUE_CAST_H
#define DW_CLI_VALUE_CAST_H

#include "records/json_tree.h"

enum cast_kind {
    CAST_NONE,
    CAST_STRING,
    CAST_INTEGER, /* byte, short, integer, long: `bytes` */
    CAST_REAL,    /* float, double */
    CAST_DECIMAL,
    CAST_BOOLEAN,
    CAST_TIMESTAMP,
    CAST_TIMESTAMP_NTZ,
    CAST_DATE,
    CAST_BINARY,
    CAST_OTHER /* nested, variant: as it is */
};

struct cast_type {
    enum cast_kind kind;
    int bytes; /* of an integer or real */
    int precision, scale;
    int epoch_shift; /* of numbers that are times: power of ten to microseconds */
    char *json;      /* the type in a Delta schema, "\"long\"" */
};

/* "long", "decimal(10,2)", or a type as JSON, in `scratch`; false: there is none of that name. */
bool cast_type_parse(struct scratch *scratch, const char *text, struct cast_type *out);
/* "ms" (also NULL), "s", "us", "ns"; false: another. */
bool cast_epoch_shift(const char *unit, int *out_shift);

/* The value as of that type; null stays null. NULL: it does not fit, *out_reason says why, as "is
 * not a number". */
struct json *cast_value(struct scratch *scratch, const struct cast_type *type, struct json *value,
                        const char **out_reason);
/* What a string column would hold: a string's characters, else the JSON text. */
struct span cast_text(struct scratch *scratch, const struct json *value);
/* The microseconds of a time: text, or a number of the unit. */
bool cast_time(struct scratch *scratch, int epoch_shift, const struct json *value, int64_t *out_us,
               bool *out_other_zone);

#endif
