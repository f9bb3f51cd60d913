/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, sizes and times as people write them. */
#ifndef DW_CLI_SETTING_TEXT_H
#define DW_CLI_SETTING_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/textbuf.h"

/* Digits alone; false also when it does not fit. */
bool text_to_whole(const char *text, int64_t *out);
/* "64MiB", "64Mi", "100MB", "4096", "1.5GiB". */
bool text_to_bytes(const char *text, int64_t *out);
/* "250ms", "10s", "1.5m", "2h", "7d", "10" (seconds), to milliseconds. */
bool text_to_ms(const char *text, int64_t *out);
/* "2026-01-31T08:09:10[.123](Z|+01:00)", "2026-01-31", or milliseconds since 1970. */
bool text_to_time(const char *text, int64_t *out_ms);
/* true, false, 1, 0, yes, no, on, off. */
bool text_to_bool(const char *text, bool *out);
/* The index in "a|b|c". */
bool text_to_choice(const char *text, const char *choices, int *out);
/* HOST:PORT, where HOST may be empty or [IPv6]. */
bool text_is_address(const char *text);

/* The shortest of such a form that is exact. */
void bytes_to_text(int64_t bytes, struct textbuf *out);
void ms_to_text(int64_t ms, struct textbuf *out);

#endif
