/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/import.h"

#include <sys/types.h>

#include "ipc/ipc.h"

struct arrow_file {
    struct import *im;
    FILE *file;
};

static long read_file(void *ctx, void *out, size_t len)
{
    struct arrow_file *f = ctx;
    size_t got = fread(out, 1, len, f->file);

    import_tell_progress(f->im, got);
    return got == 0 && ferror(f->file) ? -1 : (long)got;
}

static bool seek_file(void *ctx, int64_t offset)
{
    struct arrow_file *f = ctx;

    return fseeko(f->file, (off_t)offset, offset < 0 ? SEEK_END : SEEK_SET) == 0;
}

static int append_batches(struct import *im, struct ArrowArrayStream *rows)
{
    struct ArrowSchema columns = {0};
    struct sample sample = {.columns = &columns};
    dw_error err = DW_ERROR_INIT;
    int code;

    (void)rows->get_schema(rows, &columns); /* it is there since ipc_open() */
    code = import_ready(im, &sample);
    if (code == IMPORT_GO_ON && dw_append_stream(im->txn, rows, &err) != DW_OK)
        code = fail_at(im->file, &err);
    columns.release(&columns);
    return code;
}

int import_arrow(struct import *im, const char *path)
{
    struct ArrowArrayStream rows = {0};
    struct textbuf problem = {0};
    struct arrow_file f = {im, NULL};
    const struct ipc_source source = {&f, read_file, seek_file};
    int code = import_open(im, path, &f.file);

    if (code == IMPORT_GO_ON && !ipc_open(&source, &rows, &problem)) {
        (void)fprintf(stderr, "deltawrite: %s: %s\n", im->file, problem.text);
        code = 1;
    }
    if (code == IMPORT_GO_ON)
        code = append_batches(im, &rows);
    if (rows.release != NULL)
        rows.release(&rows);
    textbuf_done(&problem);
    return import_close(im, f.file, code);
}
