/* SPDX-License-Identifier: Apache-2.0 */
/* Growing text, and text for people: aligned tables, sizes, times. A program may give up when memory
 * is gone: these functions then end it with a message and exit code 1. */
#ifndef DW_CLI_TEXT_H
#define DW_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct text {
    char *ptr; /* NUL-terminated once anything was appended */
    size_t len;
    size_t cap;
};

void text_append(struct text *t, const char *data, size_t len);
void text_cstr(struct text *t, const char *s);
void text_char(struct text *t, char c);
void text_printf(struct text *t, const char *fmt, ...);
void text_json_string(struct text *t, const char *data, size_t len); /* quoted and escaped */
void text_free(struct text *t);

/* "2026-01-01T00:00:00.000Z" of milliseconds since 1970. */
void text_time_ms(struct text *t, int64_t ms);
/* "12.3 MB" */
void text_size(struct text *t, int64_t bytes);
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
void table_cell(struct text_table *t, const char *cell); /* NULL: "-" */
void table_cell_i64(struct text_table *t, int64_t value); /* -1 is a value */
void table_print(const struct text_table *t, FILE *out);
void table_free(struct text_table *t);

/* Append a whole file; -1, or exit code 1 after a message. */
int read_whole_file(const char *path, struct text *out);

#endif
