/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs that print rows: for programs (cat) and for people (head). */
#include "tool/verbs.h"

#include <stdio.h>
#include <string.h>

#include "common/arrow_json.h"
#include "common/text_table.h"
#include "common/textbuf.h"
#include "tool/rows.h"

enum { HEAD_ROWS = 10, HEAD_WIDTH = 40 };

/* Open what `look` names and print it. */
static int with_rows(struct look *look,
                     int (*print)(struct ArrowArrayStream *, const struct look *))
{
    struct target t = {0};
    struct ArrowArrayStream stream = {0};
    int code = target_open_snapshot(&t, look->args.items[0], look->version, look->timestamp);

    if (code < 0)
        code = rows_open(&t, look, &stream);
    if (code < 0) {
        code = print(&stream, look);
        stream.release(&stream);
        if (fflush(stdout) != 0)
            code = 1;
    }
    target_close(&t);
    return code;
}

static int print_lines(struct ArrowArrayStream *stream, const struct look *look)
{
    return rows_print_json(stream, look->args.items[0], look->limit, stdout);
}

int verb_cat(const struct verb *verb, int argc, char **argv)
{
    struct look look = LOOK_INIT;
    const struct arg_spec specs[] = {OPT_VERSION(look),
                                     OPT_TIMESTAMP(look),
                                     OPT_COLUMNS(look),
                                     OPT_WHERE(look),
                                     {"--limit", "N", ARG_COUNT, &look.limit, "at most N rows"},
                                     OPT_END};
    int code = args_parse(verb, specs, argc, argv, 1, 1, &look.args);

    if (code < 0)
        code = with_rows(&look, print_lines);
    arg_list_free(&look.args);
    return code;
}

/* ---- head ---- */

static bool is_number(const char *format)
{
    return format[0] != '\0' && strchr("cCsSiIlLefgd", format[0]) != NULL;
}

static int table_header(void *ctx, const struct ArrowSchema *schema)
{
    struct text_table *table = ctx;
    struct textbuf name = {0};

    text_table_init(table, (size_t)schema->n_children, NULL);
    for (int64_t i = 0; i < schema->n_children; i++) {
        const struct ArrowSchema *column = schema->children[i];
        name.len = 0;
        textbuf_puts(&name, is_number(column->format) ? ">" : "");
        textbuf_puts(&name, column->name);
        text_table_cell(table, name.text);
    }
    textbuf_done(&name);
    return 0;
}

/* Text without its quotes, and without what would break the line. */
static void append_text(struct textbuf *out, const struct ArrowArray *array, int64_t row)
{
    size_t len;
    const char *text = arrow_bytes(array, row, &len);

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\n' || c == '\r' || c == '\t')
            textbuf_puts(out, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
        else if (c < 0x20 || c == 0x7f)
            textbuf_printf(out, "\\x%02x", c);
        else
            textbuf_add(out, text + i, 1);
    }
}

static int table_row(void *ctx, const struct ArrowSchema *schema, const struct ArrowArray *array,
                     int64_t row)
{
    struct text_table *table = ctx;
    struct textbuf cell = {0};

    for (int64_t i = 0; i < schema->n_children; i++) {
        const struct ArrowSchema *column = schema->children[i];
        const struct ArrowArray *values = array->children[i];
        int64_t at = array->offset + row;
        cell.len = 0;
        textbuf_add(&cell, "", 0);
        if (arrow_is_null(column, values, at))
            textbuf_puts(&cell, "-");
        else if (strcmp(column->format, "u") == 0)
            append_text(&cell, values, at);
        else if (!arrow_json_append(&cell, column, values, at))
            textbuf_puts(&cell, "?");
        else if (cell.text[0] == '"') { /* a time or base64 */
            cell.text[--cell.len] = '\0';
            memmove(cell.text, cell.text + 1, cell.len);
        }
        text_table_cell(table, cell.text);
    }
    textbuf_done(&cell);
    return 0;
}

struct head {
    struct look look;
    bool wide;
};

static int print_table(struct ArrowArrayStream *stream, const struct look *look)
{
    const struct head *head = (const struct head *)look; /* its first member */
    struct text_table table = {0};
    int code;

    if (look->json)
        return print_lines(stream, look);
    code = rows_each(stream, look->args.items[0], look->limit, table_header, table_row, &table);
    if (code == 0 && table.n_columns > 0)
        text_table_print(&table, "", head->wide ? 0 : HEAD_WIDTH, stdout);
    text_table_done(&table);
    return code;
}

int verb_head(const struct verb *verb, int argc, char **argv)
{
    struct head head = {.look = LOOK_INIT};
    struct look *look = &head.look;
    const struct arg_spec specs[] = {
        {"--limit", "N", ARG_COUNT, &look->limit, "at most N rows (default: 10)"},
        {"--wide", NULL, ARG_FLAG, &head.wide, "show all of long values"},
        OPT_COLUMNS(*look),
        OPT_WHERE(*look),
        OPT_VERSION(*look),
        OPT_TIMESTAMP(*look),
        OPT_JSON(*look),
        OPT_END};
    int code;

    look->limit = HEAD_ROWS;
    code = args_parse(verb, specs, argc, argv, 1, 1, &look->args);
    if (code < 0)
        code = with_rows(look, print_table);
    arg_list_free(&look->args);
    return code;
}
