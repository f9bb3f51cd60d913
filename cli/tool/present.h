/* SPDX-License-Identifier: Apache-2.0 */
/* What people read and write: aligned tables, sizes, times, files. */
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

/* A table for people. Cells are copied; numbers are those columns whose header starts with '>'. */
struct text_table {
    size_t n_columns;
    size_t n_cells;
    size_t cap;
    char **cells; /* header first */
};
void table_init(struct text_table *t, size_t n_columns, const char *const *headers);
void table_cell(struct text_table *t, const char *cell);  /* NULL: "-" */
void table_cell_i64(struct text_table *t, int64_t value); /* -1 is a value */
void table_print(const struct text_table *t, FILE *out);
void table_free(struct text_table *t);

/* Append a whole file; -1, or exit code 1 after a message. */
int read_whole_file(const char *path, struct textbuf *out);

#endif
