/* SPDX-License-Identifier: Apache-2.0 */
/* A table of text for people: columns as wide as their widest cell. */
#ifndef DW_CLI_TEXT_TABLE_H
#define DW_CLI_TEXT_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Cells are copied; numbers are those columns whose header starts with '>'. */
struct text_table {
    size_t n_columns;
    size_t n_cells;
    size_t cap;
    char **cells; /* row by row, header first */
};

/* With `headers` NULL the first cells that are added are the header. */
void text_table_init(struct text_table *t, size_t n_columns, const char *const *headers);
void text_table_cell(struct text_table *t, const char *cell);  /* NULL: "-" */
void text_table_cell_i64(struct text_table *t, int64_t value); /* -1 is a value */
/* `indent` stands before each line; longer cells are cut to `max_width` characters (0: never). */
void text_table_print(const struct text_table *t, const char *indent, size_t max_width, FILE *out);
void text_table_done(struct text_table *t);

#endif
