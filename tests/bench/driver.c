/* SPDX-License-Identifier: Apache-2.0 */
/* Our side of the Parquet benchmarks, for ctypes: Arrow C data in, Arrow C data out, in the calling
 * thread. The entries of tests/bench/entries call it and a peer in turn. */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "columns/arrow_import.h"
#include "parquet/parquet_reader.h"
#include "parquet/parquet_writer.h"

#define EXPORT __attribute__((visibility("default")))

enum { MESSAGE_BYTES = 512 };

typedef struct bench_write_options {
    int codec;
    int level;
    int64_t row_group_rows;
    int64_t batch_rows; /* rows a call of append; 0: all of the batch */
    const char *path;   /* NULL: the bytes are counted and dropped */
} bench_write_options;

typedef struct bench_bytes {
    const uint8_t *data;
    size_t len;
} bench_bytes;

typedef struct bench_writer {
    dwi_arena types;
    const dwi_type *type;
    dwi_parquet_writer *writer;
    FILE *file;
    int64_t batch_rows;
} bench_writer;

EXPORT bench_writer *bench_writer_open(const struct ArrowSchema *schema,
                                       const bench_write_options *opts,
                                       char message[MESSAGE_BYTES]);
EXPORT int bench_writer_append(bench_writer *w, const struct ArrowSchema *schema,
                               const struct ArrowArray *array, char message[MESSAGE_BYTES]);
/* Ends the file and the writer; its size, or -1. */
EXPORT int64_t bench_writer_close(bench_writer *w, char message[MESSAGE_BYTES]);
/* Reads all columns, as Arrow arrays of at most `batch_rows` rows, each released before the next;
 * the number of rows, or -1. */
EXPORT int64_t bench_read(const uint8_t *data, size_t len, int64_t batch_rows,
                          char message[MESSAGE_BYTES]);

static int tell(dw_status status, const dw_error *err, char message[MESSAGE_BYTES])
{
    (void)snprintf(message, MESSAGE_BYTES, "%s", status == DW_OK ? "" : err->message);
    return status == DW_OK ? 0 : -1;
}

static dw_status put(void *ctx, const void *data, size_t len, dw_error *err)
{
    if (ctx != NULL && fwrite(data, 1, len, ctx) != len)
        return dwi_err(err, DW_E_IO, "output: write");
    return DW_OK;
}

bench_writer *bench_writer_open(const struct ArrowSchema *schema, const bench_write_options *opts,
                                char message[MESSAGE_BYTES])
{
    const dw_allocator *alloc = dwi_alloc_default();
    const dwi_parquet_write_options options = {
        .codec = opts->codec, .level = opts->level, .row_group_rows = opts->row_group_rows};
    dw_error err = DW_ERROR_INIT;
    bench_writer *w = calloc(1, sizeof(*w));
    dw_status status;

    if (w == NULL)
        return NULL;
    dwi_arena_init(&w->types, alloc);
    w->batch_rows = opts->batch_rows;
    w->file = opts->path == NULL ? NULL : fopen(opts->path, "wb");
    DWI_TRY(dwi_arrow_type(&w->types, schema, &w->type, &err));
    DWI_TRY(dwi_parquet_writer_new(alloc, w->type, &options, (dwi_parquet_sink){w->file, put},
                                   &w->writer, &err));
done:
    if (tell(status, &err, message) == 0)
        return w;
    dwi_arena_done(&w->types);
    free(w);
    return NULL;
}

int bench_writer_append(bench_writer *w, const struct ArrowSchema *schema,
                        const struct ArrowArray *array, char message[MESSAGE_BYTES])
{
    dw_error err = DW_ERROR_INIT;
    struct ArrowArray part = *array;
    dwi_arena arena;
    const dwi_vec *rows;
    int64_t left = array->length;
    dw_status status = DW_OK;

    dwi_arena_init(&arena, dwi_alloc_default());
    for (; left > 0; left -= part.length, part.offset += part.length) {
        part.length = w->batch_rows > 0 && w->batch_rows < left ? w->batch_rows : left;
        DWI_TRY(dwi_arrow_view(&arena, schema, &part, w->type, &rows, &err));
        DWI_TRY(dwi_parquet_writer_append(w->writer, rows, &err));
        dwi_arena_done(&arena);
        dwi_arena_init(&arena, dwi_alloc_default());
    }
done:
    dwi_arena_done(&arena);
    return tell(status, &err, message);
}

int64_t bench_writer_close(bench_writer *w, char message[MESSAGE_BYTES])
{
    dw_error err = DW_ERROR_INIT;
    dw_status status = dwi_parquet_writer_finish(w->writer, &err);
    int64_t bytes = dwi_parquet_writer_file_bytes(w->writer);

    if (w->file != NULL && fclose(w->file) != 0 && status == DW_OK)
        status = dwi_err(&err, DW_E_IO, "output: close");
    dwi_parquet_writer_free(w->writer);
    dwi_arena_done(&w->types);
    free(w);
    return tell(status, &err, message) == 0 ? bytes : -1;
}

static dw_status get(void *ctx, int64_t offset, size_t len, void *out, dw_error *err)
{
    const bench_bytes *bytes = ctx;

    if (offset < 0 || (uint64_t)offset > bytes->len || len > bytes->len - (size_t)offset)
        return dwi_err(err, DW_E_IO, "input: read");
    memcpy(out, bytes->data + offset, len);
    return DW_OK;
}

int64_t bench_read(const uint8_t *data, size_t len, int64_t batch_rows, char message[MESSAGE_BYTES])
{
    const dw_allocator *alloc = dwi_alloc_default();
    bench_bytes bytes = {data, len};
    dwi_parquet_source source = {.ctx = &bytes, .size = (int64_t)len, .name = "input", .read = get};
    dwi_parquet_reader *reader = NULL;
    dw_error err = DW_ERROR_INIT;
    dwi_column batch = {0};
    int64_t rows = 0;
    dw_status status;

    DWI_TRY(dwi_parquet_reader_open(alloc, source, &reader, &err));
    DWI_TRY(dwi_parquet_reader_project(reader, NULL, &err));
    for (;;) {
        struct ArrowArray array;
        int64_t n;
        DWI_TRY(dwi_column_init(&batch, dwi_parquet_reader_type(reader), alloc, &err));
        DWI_TRY(dwi_parquet_reader_next(reader, batch_rows, &batch, &err));
        n = batch.length;
        rows += n;
        DWI_TRY(dwi_arrow_export_column(&batch, &array, &err));
        array.release(&array);
        if (n == 0)
            break;
    }
done:
    dwi_column_done(&batch);
    dwi_parquet_reader_free(reader);
    return tell(status, &err, message) == 0 ? rows : -1;
}
