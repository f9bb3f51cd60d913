/* SPDX-License-Identifier: Apache-2.0 */
/* A table of text for a person: columns as wide as their widest cell. */
#ifndef DW_CLI_GRID_H
#define DW_CLI_GRID_H

#include <stdbool.h>
#include <stddef.h>

enum { GRID_MAX_COLUMNS = 12 };

struct grid {
    size_t columns;
    bool right[GRID_MAX_COLUMNS]; /* numbers stand at the right */
    char **cells;                 /* row by row; the first row is the heading */
    size_t count;
    size_t cap;
};

/* Longer cells are cut to `max_width` characters when printed. */
void grid_add(struct grid *grid, const char *cell);
void grid_print(const struct grid *grid, size_t max_width);
void grid_done(struct grid *grid);

/* Bold and plain again on a terminal, else nothing. */
const char *style_bold(void);
const char *style_dim(void);
const char *style_plain(void);
/* A heading line with an empty line before it. */
void print_heading(const char *text);

#endif
