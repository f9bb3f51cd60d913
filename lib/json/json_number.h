/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as JSON spells them, whatever the process's locale. */
#ifndef DWI_JSON_JSON_NUMBER_H
#define DWI_JSON_JSON_NUMBER_H

#include "base/str.h"

/* Bytes of the JSON number that `text` starts with, 0: none. */
size_t dwi_json_number_length(dwi_sv text);
/* All of `text`, a JSON number; false when it is none or no such integer. 1e3 and 5.0 are integers.
 */
bool dwi_json_number_to_i64(dwi_sv text, int64_t *out);
/* All of `text`, a JSON number, correctly rounded; too large ones become infinite. */
bool dwi_json_number_to_double(dwi_sv text, double *out);
bool dwi_json_number_to_float(dwi_sv text, float *out);

#endif
