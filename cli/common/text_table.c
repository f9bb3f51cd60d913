/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text_table.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/style.h"

void text_table_init(struct text_table *t, size_t n_columns, const char *const *headers)
{
    memset(t, 0, sizeof(*t));
    t->n_columns = n_columns;
    for (size_t i = 0; i < n_columns && headers != NULL; i++)
        text_table_cell(t, headers[i]);
}

void text_table_cell(struct text_table *t, const char *cell)
{
    if (t->n_cells == t->cap) {
        t->cap = t->cap == 0 ? 64 : t->cap * 2;
        t->cells = need_realloc(t->cells, t->cap, sizeof(*t->cells));
    }
    t->cells[t->n_cells++] = need_strdup(cell == NULL ? "-" : cell);
}

void text_table_cell_i64(struct text_table *t, int64_t value)
{
    char cell[24];

    (void)snprintf(cell, sizeof(cell), "%" PRId64, value);
    text_table_cell(t, cell);
}

/* Characters of UTF-8 text, `max` at the most, and the bytes that these take; wide ones count as
 * one. */
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

static const char *shown(const struct text_table *t, size_t cell)
{
    const char *text = t->cells[cell];

    return cell < t->n_columns && text[0] == '>' ? text + 1 : text;
}

static void print_cell(const char *text, size_t max, size_t width, bool right, bool last, FILE *out)
{
    size_t bytes;
    int pad = (int)(width - width_of(text, max, &bytes));
    bool cut = text[bytes] != '\0';

    if (cut)
        (void)width_of(text, max - 1, &bytes);
    (void)fprintf(out, "%*s%.*s%s%*s", right ? pad : 0, "", (int)bytes, text,
                  cut ? "\xe2\x80\xa6" : "", right || last ? 0 : pad, "");
}

void text_table_print(const struct text_table *t, const char *indent, size_t max_width, FILE *out)
{
    size_t max = max_width == 0 ? SIZE_MAX : max_width;
    size_t *widths = need_alloc(t->n_columns, sizeof(*widths));
    size_t bytes;

    for (size_t i = 0; i < t->n_cells; i++) {
        size_t width = width_of(shown(t, i), max, &bytes);
        if (width > widths[i % t->n_columns])
            widths[i % t->n_columns] = width;
    }
    for (size_t i = 0; i < t->n_cells; i++) {
        size_t column = i % t->n_columns;
        bool last = column + 1 == t->n_columns;
        (void)fputs(column == 0 ? indent : "  ", out);
        if (i < t->n_columns)
            (void)fputs(style_bold(out), out);
        print_cell(shown(t, i), max, widths[column], t->cells[column][0] == '>', last, out);
        if (i < t->n_columns)
            (void)fputs(style_plain(out), out);
        if (last)
            (void)fputs("\n", out);
    }
    free(widths);
}

void text_table_done(struct text_table *t)
{
    for (size_t i = 0; i < t->n_cells; i++)
        free(t->cells[i]);
    free(t->cells);
    memset(t, 0, sizeof(*t));
}
