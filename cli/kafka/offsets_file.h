/* SPDX-License-Identifier: Apache-2.0 */
/* A file of offsets: JSON {"topic": {"0": 123, "1": 456}}. */
#ifndef DW_CLI_OFFSETS_FILE_H
#define DW_CLI_OFFSETS_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/textbuf.h"

struct offsets_file;

/* NULL: *out_problem says why. */
struct offsets_file *offsets_file_read(const char *path, struct textbuf *out_problem);
void offsets_file_free(struct offsets_file *file); /* NULL too */
/* -1: the file does not have it. */
int64_t offsets_file_find(const struct offsets_file *file, const char *topic, int32_t partition);

#endif
