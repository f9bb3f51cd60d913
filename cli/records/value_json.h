/* SPDX-License-Identifier: Apache-2.0 */
/* Values of binary formats as the JSON text that docs/records.md has for them: exact, and read back
 * by the library as the same value. */
#ifndef DW_CLI_VALUE_JSON_H
#define DW_CLI_VALUE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "common/textbuf.h"

void text_i64(struct textbuf *out, int64_t value);
void text_u64(struct textbuf *out, uint64_t value);
/* The shortest digits that give the value again, with a fraction or exponent: 5.0. What is not
 * finite is a string: "NaN", "Infinity", "-Infinity". */
void text_double(struct textbuf *out, double value);
void text_float(struct textbuf *out, float value);
/* Big-endian two's complement, times 10^-scale. */
void text_decimal(struct textbuf *out, const uint8_t *bytes, size_t len, unsigned scale);
/* The text that follows is without quotes. */
void text_date(struct textbuf *out, int64_t days);
/* HH:MM:SS and `digits` (3, 6, 9) of fraction; `value` counts units of the last digit. */
void text_time_of_day(struct textbuf *out, int64_t value, int digits);
/* A date, T, a time of day, and Z if `zone`. */
void text_timestamp(struct textbuf *out, int64_t value, int digits, bool zone);
void text_uuid(struct textbuf *out, const uint8_t bytes[16]);

/* Bytes that are UTF-8 as a JSON string with its quotes; only what must be escaped is. */
void text_json_string(struct textbuf *out, const char *chars, size_t len);

#endif
