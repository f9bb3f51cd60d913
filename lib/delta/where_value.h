/* SPDX-License-Identifier: Apache-2.0 */
/* Single values as conditions compare them, whatever column or literal they come from. */
#ifndef DWI_DELTA_WHERE_VALUE_H
#define DWI_DELTA_WHERE_VALUE_H

#include "base/err.h"
#include "columns/vec.h"

typedef enum dwi_value_kind {
    DWI_VALUE_NULL = 0,
    DWI_VALUE_BOOLEAN = 1,
    DWI_VALUE_INTEGER = 2,
    DWI_VALUE_DECIMAL = 3,
    DWI_VALUE_FLOATING = 4,
    DWI_VALUE_TEXT = 5,
    DWI_VALUE_BYTES = 6,
    DWI_VALUE_DATE = 7, /* days */
    DWI_VALUE_TIME = 8  /* microseconds; with a time zone or without, which is UTC */
} dwi_value_kind;

typedef struct dwi_value {
    dwi_value_kind kind;
    uint8_t scale; /* DECIMAL */
    union {
        int64_t i; /* BOOLEAN, INTEGER, DATE, TIME */
        double f;
        uint64_t decimal[2];
    } as;
    dwi_sv bytes; /* TEXT, BYTES */
} dwi_value;

/* -1, 0, 1. Numbers of all kinds go together, as do dates and times, and text and bytes. Numbers
 * are compared exactly, but as doubles where one of them is FLOATING; 0.0 and -0.0 are equal. */
int dwi_value_compare(const dwi_value *a, const dwi_value *b);
/* Can values of the two be compared? NULL goes with all. */
bool dwi_value_kinds_meet(dwi_value_kind a, dwi_value_kind b);
/* A number as the nearest double. */
double dwi_value_double(const dwi_value *value);

/* What values of a column are, NULL: they are not to be compared (structs, lists, void, ...). */
dwi_value_kind dwi_value_kind_of(const dwi_type *type);
/* A value that is not null; text and bytes are borrowed. Of a type that has a kind. */
void dwi_value_get(const dwi_vec *vec, int64_t row, dwi_value *out);
/* The same from fixed-width bytes (a boolean: one). */
void dwi_value_of_fixed(const dwi_type *type, const void *fixed, dwi_value *out);

/* Text as Spark casts it to the type; false: it is no such value. Blanks around it do not count. */
bool dwi_value_cast_text(dwi_sv text, const dwi_type *type, dwi_value *out);
/* A value that compares like `value` with all values of the type, in the form that columns of it
 * have; `fixed` has room for 16 bytes. False: there is none. */
bool dwi_value_to_fixed(const dwi_value *value, const dwi_type *type, uint8_t *fixed);
/* A decimal number, "12.50": its digits are the scale. False: more than 38 digits. */
bool dwi_value_parse_decimal(dwi_sv text, dwi_value *out);

#endif
