/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as Unicode has it (table 3-7): nothing overlong, no surrogates, nothing above U+10FFFF. */
#ifndef DW_CLI_UTF8_TEXT_H
#define DW_CLI_UTF8_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* How much of `text` is valid: `len`, or the offset of the first byte that begins no character. */
size_t utf8_valid(const char *text, size_t len);
/* Writes a character of up to four bytes; returns their number. */
size_t utf8_put(uint32_t c, char *out);

#endif
