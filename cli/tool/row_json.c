/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/row_json.h"

#include <string.h>

#include "common/arrow_json.h"

static int stream_failed(struct ArrowArrayStream *stream, const char *name)
{
    const char *why = stream->get_last_error(stream);

    if (why != NULL && strstr(why, name) != NULL)
        (void)fprintf(stderr, "deltawrite: %s\n", why);
    else
        (void)fprintf(stderr, "deltawrite: %s: %s\n", name, why == NULL ? "cannot be read" : why);
    return 1;
}

static int print_array(const struct ArrowSchema *schema, const struct ArrowArray *array,
                       int64_t rows, const char *name, struct textbuf *line, FILE *out)
{
    for (int64_t row = 0; row < rows; row++) {
        line->len = 0;
        if (!arrow_json_append(line, schema, array, row)) {
            (void)fprintf(stderr,
                          "deltawrite: %s: a column has an Arrow format that cannot be shown\n",
                          name);
            return 1;
        }
        textbuf_puts(line, "\n");
        if (fwrite(line->text, 1, line->len, out) != line->len) {
            (void)fprintf(stderr, "deltawrite: standard output: cannot be written\n");
            return 1;
        }
    }
    return 0;
}

int row_json_print(struct ArrowArrayStream *stream, const char *name, int64_t limit, FILE *out)
{
    struct ArrowSchema schema = {0};
    struct textbuf line = {0};
    int status = 0;

    if (stream->get_schema(stream, &schema) != 0)
        return stream_failed(stream, name);
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
        status = print_array(&schema, &array, rows, name, &line, out);
        if (limit >= 0)
            limit -= rows;
        array.release(&array);
    }
    textbuf_done(&line);
    schema.release(&schema);
    return status;
}
