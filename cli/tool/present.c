/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/present.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/memory.h"

void append_size(struct textbuf *out, int64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 999.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        value /= 1000;
        unit++;
    }
    textbuf_printf(out, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

/* Days since 1970-01-01 of a proleptic Gregorian date. */
static int64_t days_of(int year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t y = month > 2 ? year : year - 1; /* leap days up to the last February */
    int64_t leaps = y / 4 - y / 100 + y / 400;

    return (int64_t)(year - 1) * 365 + leaps + before[month - 1] + day - 1 - 719162;
}

bool parse_time_ms(const char *text, int64_t *out_ms)
{
    int year;
    int month;
    int day;
    int hour = 0;
    int minute = 0;
    int zone_hour = 0;
    int zone_minute = 0;
    double second = 0;
    int used = 0;
    int sign = 1;

    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 || year < 1 || month < 1 ||
        month > 12 || day < 1 || day > 31)
        return false;
    text += used;
    if (*text == 'T' || *text == ' ') {
        if (sscanf(text + 1, "%2d:%2d%n", &hour, &minute, &used) != 2)
            return false;
        text += 1 + used;
        if (*text == ':') {
            if (sscanf(text + 1, "%12lf%n", &second, &used) != 1)
                return false;
            text += 1 + used;
        }
        if (*text == 'Z') {
            text++;
        } else if (*text == '+' || *text == '-') {
            sign = *text == '-' ? -1 : 1;
            if (sscanf(text + 1, "%2d:%2d%n", &zone_hour, &zone_minute, &used) != 2)
                return false;
            text += 1 + used;
        }
    }
    if (*text != '\0' || hour > 23 || minute > 59 || second < 0 || second >= 60)
        return false;
    *out_ms = ((days_of(year, month, day) * 24 + hour - sign * zone_hour) * 60 + minute -
               sign * zone_minute) *
                  60000 +
              (int64_t)(second * 1000);
    return true;
}

int read_whole_file(const char *path, struct textbuf *out)
{
    FILE *file = fopen(path, "rb");
    char chunk[16384];
    size_t n;

    if (file == NULL) {
        (void)fprintf(stderr, "deltawrite: %s: %s\n", path, strerror(errno));
        return 1;
    }
    textbuf_add(out, "", 0);
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
        textbuf_add(out, chunk, n);
    n = (size_t)ferror(file);
    (void)fclose(file); /* read-only */
    if (n != 0) {
        (void)fprintf(stderr, "deltawrite: %s: cannot be read\n", path);
        return 1;
    }
    return -1;
}

void table_init(struct text_table *t, size_t n_columns, const char *const *headers)
{
    memset(t, 0, sizeof(*t));
    t->n_columns = n_columns;
    for (size_t i = 0; i < n_columns; i++)
        table_cell(t, headers[i]);
}

void table_cell(struct text_table *t, const char *cell)
{
    if (t->n_cells == t->cap) {
        t->cap = t->cap == 0 ? 64 : t->cap * 2;
        t->cells = need_realloc(t->cells, t->cap, sizeof(*t->cells));
    }
    t->cells[t->n_cells++] = need_strdup(cell == NULL ? "-" : cell);
}

void table_cell_i64(struct text_table *t, int64_t value)
{
    char cell[24];

    (void)snprintf(cell, sizeof(cell), "%" PRId64, value);
    table_cell(t, cell);
}

/* Characters, not bytes; wide ones count as one. */
static int width_of(const char *cell)
{
    int width = 0;

    for (; *cell != '\0'; cell++)
        if (((unsigned char)*cell & 0xC0) != 0x80)
            width++;
    return width;
}

static const char *shown(const struct text_table *t, size_t cell)
{
    const char *text = t->cells[cell];

    return cell < t->n_columns && text[0] == '>' ? text + 1 : text;
}

static int column_width(const struct text_table *t, size_t column)
{
    int width = 0;

    for (size_t cell = column; cell < t->n_cells; cell += t->n_columns)
        if (width_of(shown(t, cell)) > width)
            width = width_of(shown(t, cell));
    return width;
}

void table_print(const struct text_table *t, FILE *out)
{
    bool colour = isatty(fileno(out)) != 0;

    for (size_t cell = 0; cell < t->n_cells; cell++) {
        size_t column = cell % t->n_columns;
        const char *text = shown(t, cell);
        int pad = column_width(t, column) - width_of(text);
        bool right = t->cells[column][0] == '>';
        bool last = column + 1 == t->n_columns;
        if (colour && cell < t->n_columns)
            (void)fputs("\033[1m", out);
        (void)fprintf(out, "%*s%s%*s", right ? pad : 0, "", text, right || last ? 0 : pad, "");
        if (colour && cell < t->n_columns)
            (void)fputs("\033[0m", out);
        (void)fputs(last ? "\n" : "  ", out);
    }
}

void table_free(struct text_table *t)
{
    for (size_t i = 0; i < t->n_cells; i++)
        free(t->cells[i]);
    free(t->cells);
    memset(t, 0, sizeof(*t));
}
