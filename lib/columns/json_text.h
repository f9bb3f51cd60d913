/* SPDX-License-Identifier: Apache-2.0 */
/* Text forms that only records have: exact decimals and base64. */
#ifndef DWI_COLUMNS_JSON_TEXT_H
#define DWI_COLUMNS_JSON_TEXT_H

#include "base/str.h"

typedef enum dwi_decimal_result {
    DWI_DECIMAL_OK = 0,
    DWI_DECIMAL_INEXACT = 1, /* digits other than zero below the scale */
    DWI_DECIMAL_RANGE = 2    /* more digits than the precision */
} dwi_decimal_result;

/* A JSON number times 10^scale as 128-bit two's complement, low word first. */
dwi_decimal_result dwi_text_to_decimal(dwi_sv number, int precision, int scale,
                                       uint64_t out_words[2]);

/* RFC 4648 section 4: padding required, no other characters, unused bits zero. `out` has room for
 * three bytes per four characters. */
bool dwi_base64_decode(dwi_sv text, uint8_t *out, size_t *out_len);

#endif
