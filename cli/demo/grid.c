/* SPDX-License-Identifier: Apache-2.0 */
#include "demo/grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/memory.h"

void grid_add(struct grid *grid, const char *cell)
{
    if (grid->count == grid->cap) {
        grid->cap = grid->cap == 0 ? 64 : grid->cap * 2;
        grid->cells = need_realloc(grid->cells, grid->cap, sizeof(char *));
    }
    grid->cells[grid->count++] = need_strdup(cell);
}

/* Characters of UTF-8 text, and the bytes that the first `max` of them take. */
static size_t width_of(const char *text, size_t max, size_t *out_bytes)
{
    size_t width = 0;
    size_t i = 0;

    for (; text[i] != '\0'; i++) {
        if (((unsigned char)text[i] & 0xc0u) == 0x80u)
            continue;
        if (width == max)
            break;
        width++;
    }
    *out_bytes = i;
    return width;
}

static void print_cell(const char *cell, size_t max, size_t width, bool right, bool last)
{
    size_t bytes;
    size_t chars = width_of(cell, max, &bytes);
    bool cut = cell[bytes] != '\0';
    int pad = (int)(width - chars);

    if (cut)
        (void)width_of(cell, max - 1, &bytes);
    if (right)
        (void)printf("%*s", pad, "");
    (void)printf("%.*s%s", (int)bytes, cell, cut ? "\xe2\x80\xa6" : "");
    if (!right && !last)
        (void)printf("%*s", pad, "");
}

void grid_print(const struct grid *grid, size_t max_width)
{
    size_t widths[GRID_MAX_COLUMNS] = {0};
    size_t bytes;

    for (size_t i = 0; i < grid->count; i++) {
        size_t width = width_of(grid->cells[i], max_width, &bytes);
        if (width > widths[i % grid->columns])
            widths[i % grid->columns] = width;
    }
    for (size_t i = 0; i < grid->count; i++) {
        size_t column = i % grid->columns;
        bool last = column + 1 == grid->columns;
        if (i == 0)
            (void)printf("%s", style_dim());
        (void)printf("  ");
        print_cell(grid->cells[i], max_width, widths[column], grid->right[column], last);
        if (last)
            (void)printf("%s\n", i + 1 == grid->columns ? style_plain() : "");
    }
}

void grid_done(struct grid *grid)
{
    for (size_t i = 0; i < grid->count; i++)
        free(grid->cells[i]);
    free(grid->cells);
    *grid = (struct grid){0};
}

static const char *style(const char *code)
{
    return isatty(STDOUT_FILENO) ? code : "";
}

const char *style_bold(void)
{
    return style("\033[1m");
}

const char *style_dim(void)
{
    return style("\033[2m");
}

const char *style_plain(void)
{
    return style("\033[0m");
}

void print_heading(const char *text)
{
    (void)printf("\n%s%s%s\n", style_bold(), text, style_plain());
}
