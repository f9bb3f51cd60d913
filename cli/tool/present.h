/* SPDX-License-Identifier: Apache-2.0 */
/* What people read and write: sizes, times, files. */
#ifndef DW_CLI_PRESENT_H
#define DW_CLI_PRESENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/textbuf.h"

/* "12.3 MB" */
void append_size(struct textbuf *out, int64_t bytes);
/* ISO date, or date and time with an optional fraction and zone (none: UTC), as milliseconds. */
bool parse_time_ms(const char *text, int64_t *out_ms);

/* Append a whole file; -1, or exit code 1 after a message. */
int read_whole_file(const char *path, struct textbuf *out);

#endif
