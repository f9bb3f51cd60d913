/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) of one text. */
#ifndef DW_CLI_SHA256_H
#define DW_CLI_SHA256_H

#include "records/scratch.h"

/* 64 hexadecimal digits, lower case, no NUL. */
void sha256_hex(struct span text, char out[64]);

#endif
