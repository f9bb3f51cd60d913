/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow format strings, read. Spec: Apache Arrow, "The Arrow C data interface", "Data type
 * description". */
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
    DWI_ARROW_STRUCT = 13, /* nested ones from here on */
    DWI_ARROW_LIST = 14,
    DWI_ARROW_MAP = 15
} dwi_arrow_kind;

typedef struct dwi_arrow_format {
    dwi_arrow_kind kind;
    int bits;  /* of one value; of one offset for strings, binary and lists */
    int bytes; /* fixed-size binary */
    int precision;
    int scale;
    char unit; /* timestamp: s m u n */
    bool has_zone;
} dwi_arrow_format;

/* False for formats that we do not take. */
bool dwi_arrow_format_parse(const char *format, dwi_arrow_format *out);
/* The schema has `want` children (-1: any number), none of them missing. */
dw_status dwi_arrow_check_children(const struct ArrowSchema *schema, int64_t want, dw_error *err);

#endif
