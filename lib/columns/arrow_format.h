/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow format strings and field metadata, read. Spec: Apache Arrow, "The Arrow C data interface",
 * "Data type description" and "The ArrowSchema structure"; "Canonical Extension Types". */
#ifndef DWI_COLUMNS_ARROW_FORMAT_H
#define DWI_COLUMNS_ARROW_FORMAT_H

#include "columns/arrow_import.h"

enum { DWI_ARROW_MAX_DEPTH = 100 };

typedef enum dwi_arrow_kind {
    DWI_ARROW_NULL = 0,
    DWI_ARROW_BOOL = 1,
    DWI_ARROW_INT = 2,
    DWI_ARROW_UINT = 3,
    DWI_ARROW_FLOAT = 4,
    DWI_ARROW_DECIMAL = 5,
    DWI_ARROW_STRING = 6,
    DWI_ARROW_STRING_VIEW = 7,
    DWI_ARROW_BINARY = 8,
    DWI_ARROW_BINARY_VIEW = 9,
    DWI_ARROW_FIXED_BINARY = 10,
    DWI_ARROW_DATE = 11,
    DWI_ARROW_TIMESTAMP = 12,
    DWI_ARROW_TIME = 13,
    DWI_ARROW_DURATION = 14,
    DWI_ARROW_STRUCT = 15, /* nested ones from here on */
    DWI_ARROW_LIST = 16,
    DWI_ARROW_LIST_VIEW = 17,
    DWI_ARROW_FIXED_LIST = 18,
    DWI_ARROW_MAP = 19,
    DWI_ARROW_RUN_END = 20
} dwi_arrow_kind;

typedef struct dwi_arrow_format {
    dwi_arrow_kind kind;
    int bits;      /* of one value; of one offset for strings, binary and lists */
    int bytes;     /* fixed-size binary; elements of a fixed-size list */
    int precision; /* 1..38, 76 for 256 bits; at least the scale, see dwi_arrow_format_parse() */
    int scale;     /* as written: may be negative */
    char unit;     /* timestamp, time, duration: s m u n */
    bool has_zone;
} dwi_arrow_format;

/* False for formats that we do not take. */
bool dwi_arrow_format_parse(const char *format, dwi_arrow_format *out);
/* The decimal type that holds every value of a decimal format: a negative scale becomes zeros, a
 * scale beyond the precision more digits, and what is beyond 38 digits is for each value to prove.
 * False: not within decimal(38, 38). */
bool dwi_arrow_format_decimal(const dwi_arrow_format *format, dwi_type *out);
/* The schema has `want` children (-1: any number), none of them missing. */
dw_status dwi_arrow_check_children(const struct ArrowSchema *schema, int64_t want, dw_error *err);
/* The value of a key of a field's metadata, ptr NULL: none. It stays the schema's. */
dwi_sv dwi_arrow_metadata(const struct ArrowSchema *schema, const char *key);

#endif
