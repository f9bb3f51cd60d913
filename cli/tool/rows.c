/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/rows.h"

#include <stdlib.h>
#include <string.h>

#include "common/arrow_json.h"

int rows_open(struct target *t, const struct look *look, struct ArrowArrayStream *out)
{
    dw_scan_options opts = DW_SCAN_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;
    char *copy = NULL;
    const char **names = NULL;
    int code = -1;

    if (look->limit > 0 && look->limit < 8192)
        opts.batch_rows = (int32_t)look->limit;
    if (look->columns != NULL)
        split_list(look->columns, &copy, &names, &opts.n_columns);
    opts.columns = names;
    opts.where = look->where;
    if (dw_snapshot_scan(t->snapshot, &opts, out, &err) != DW_OK)
        code = fail_at(t->uri, &err);
    free((void *)names);
    free(copy);
    return code;
}

static int stream_failed(struct ArrowArrayStream *stream, const char *name)
{
    const char *why = stream->get_last_error(stream);

    if (why != NULL && strstr(why, name) != NULL)
        (void)fprintf(stderr, "deltawrite: %s\n", why);
    else
        (void)fprintf(stderr, "deltawrite: %s: %s\n", name, why == NULL ? "cannot be read" : why);
    return 1;
}

int rows_each(struct ArrowArrayStream *stream, const char *name, int64_t limit,
              int (*schema)(void *ctx, const struct ArrowSchema *schema), row_fn *each, void *ctx)
{
    struct ArrowSchema columns = {0};
    int status = 0;

    if (stream->get_schema(stream, &columns) != 0)
        return stream_failed(stream, name);
    if (schema != NULL)
        status = schema(ctx, &columns);
    while (status == 0 && limit != 0) {
        struct ArrowArray array = {0};
        int64_t rows;
        if (stream->get_next(stream, &array) != 0) {
            status = stream_failed(stream, name);
            break;
        }
        if (array.release == NULL)
            break;
        rows = limit >= 0 && array.length > limit ? limit : array.length;
        for (int64_t row = 0; row < rows && status == 0; row++)
            status = each(ctx, &columns, &array, row);
        if (limit >= 0)
            limit -= rows;
        array.release(&array);
    }
    columns.release(&columns);
    return status;
}

struct json_rows {
    const char *name;
    FILE *out;
    struct textbuf line;
};

static int print_row(void *ctx, const struct ArrowSchema *schema, const struct ArrowArray *array,
                     int64_t row)
{
    struct json_rows *rows = ctx;
    struct textbuf *line = &rows->line;

    line->len = 0;
    if (!arrow_json_append(line, schema, array, row)) {
        (void)fprintf(stderr, "deltawrite: %s: a column has an Arrow format that cannot be shown\n",
                      rows->name);
        return 1;
    }
    textbuf_puts(line, "\n");
    if (fwrite(line->text, 1, line->len, rows->out) != line->len) {
        (void)fprintf(stderr, "deltawrite: standard output: cannot be written\n");
        return 1;
    }
    return 0;
}

int rows_print_json(struct ArrowArrayStream *stream, const char *name, int64_t limit, FILE *out)
{
    struct json_rows rows = {name, out, {0}};
    int status = rows_each(stream, name, limit, NULL, print_row, &rows);

    textbuf_done(&rows.line);
    return status;
}
