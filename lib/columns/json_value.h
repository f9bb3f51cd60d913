/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON scalar into one column of a type that is no string: the record rules of docs/records.md.
 * A value that does not fit changes nothing and says why. */
#ifndef DWI_COLUMNS_JSON_VALUE_H
#define DWI_COLUMNS_JSON_VALUE_H

#include "columns/json_decode.h"
#include "columns/json_scan.h"

typedef enum dwi_fit {
    DWI_FIT_OK = 0,
    DWI_FIT_BAD = 1,    /* the value is not one of the column's type */
    DWI_FIT_SYNTAX = 2, /* the text is not JSON; see the scanner */
    DWI_FIT_NOMEM = 3
} dwi_fit;

/* What text conversions keep from one value to the next. */
typedef struct dwi_value_memo {
    bool has_date;
    char date[10]; /* YYYY-MM-DD of the last timestamp */
    int64_t date_us;
    bool float_words;   /* "NaN", "Infinity" and "-Infinity" are floats */
    const char *reason; /* of the last DWI_FIT_BAD; the type's name follows a blank at its end */
} dwi_value_memo;

dwi_fit dwi_value_from_number(dwi_column *column, const dwi_scan_number *number,
                              dwi_epoch_unit unit, dwi_value_memo *memo);
/* `text` is the characters of a JSON string. */
dwi_fit dwi_value_from_text(dwi_column *column, dwi_sv text, dwi_value_memo *memo);
dwi_fit dwi_value_from_bool(dwi_column *column, bool value, dwi_value_memo *memo);
/* What a value of another shape is not: " is not a number" and so on. */
const char *dwi_value_expected(dwi_type_kind kind);

#endif
