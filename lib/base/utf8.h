/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 by RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF. */
#ifndef DWI_BASE_UTF8_H
#define DWI_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool dwi_utf8_valid(const void *data, size_t len);
bool dwi_utf8_ascii(const void *data, size_t len);
/* Bytes of the first `chars` code points of valid UTF-8 (all of it when it has fewer). */
size_t dwi_utf8_prefix(const void *data, size_t len, size_t chars);
/* Bytes of the longest whole-character prefix of at most `max_bytes`. */
size_t dwi_utf8_cut(const void *data, size_t len, size_t max_bytes);
/* Writes 1 to 4 bytes; `cp` is a scalar value. */
size_t dwi_utf8_encode(uint32_t cp, uint8_t out[4]);

#endif
