/* SPDX-License-Identifier: Apache-2.0 */
/* JSON numbers of any size, exactly. */
#ifndef DW_CLI_EXACT_NUMBER_H
#define DW_CLI_EXACT_NUMBER_H

#include <stdint.h>

#include "common/textbuf.h"
#include "records/json_tree.h"

/* 0.d1d2...dn * 10^exponent; d1 and dn are not zero; 0: no digits. */
struct exact_number {
    bool negative;
    const char *digits;
    size_t n_digits;
    int64_t exponent; /* within +-10^15, however large the text's is */
};

/* `text` is a JSON number; the digits lie in `scratch`. */
struct exact_number exact_parse(struct scratch *scratch, struct span text);
/* A number, or a string that holds a JSON number and nothing else. */
bool exact_of_json(struct scratch *scratch, const struct json *value, struct exact_number *out);
/* Below 0, 0 or above 0. */
int exact_compare(const struct exact_number *a, const struct exact_number *b);
/* False: it has a fraction, or is out of range. */
bool exact_to_i64(const struct exact_number *number, int64_t *out);
/* Digits after the point. */
int64_t exact_fraction_digits(const struct exact_number *number);
/* number * 10^shift, what is below 1 cut off towards the past; false: out of range. */
bool exact_floor(const struct exact_number *number, int shift, int64_t *out);

#endif
