/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as Arrow IPC: no crash and no leak, and what comes of it can be written as Parquet, or
 * is refused. */
#include "ipc/ipc.h"

#include <stdlib.h>
#include <string.h>

#include <deltawrite/parquet.h>

#include "fuzz.h"

struct bytes {
    const uint8_t *data;
    size_t size;
    size_t at;
};

static long read_bytes(void *ctx, void *out, size_t len)
{
    struct bytes *b = ctx;
    size_t n = b->size - b->at < len ? b->size - b->at : len;

    memcpy(out, b->data + b->at, n);
    b->at += n;
    return (long)n;
}

static bool seek_bytes(void *ctx, int64_t offset)
{
    struct bytes *b = ctx;

    if (offset < 0)
        offset += (int64_t)b->size;
    if (offset < 0 || (uint64_t)offset > b->size)
        return false;
    b->at = (size_t)offset;
    return true;
}

static dw_status drop(void *ctx, const void *data, size_t len, dw_error *err)
{
    (void)ctx;
    (void)data;
    (void)len;
    (void)err;
    return DW_OK;
}

static void write_all(struct ArrowArrayStream *rows)
{
    dw_error err = DW_ERROR_INIT;
    struct ArrowSchema schema;
    dw_parquet_writer *writer = NULL;

    if (rows->get_schema(rows, &schema) != 0)
        abort();
    if (dw_parquet_writer_open_sink((dw_sink){NULL, drop}, &schema, NULL, &writer, &err) == DW_OK)
        (void)dw_parquet_writer_append_stream(writer, rows, &err);
    dw_parquet_writer_close(writer);
    schema.release(&schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int seekable = 0; seekable < 2; seekable++) {
        struct bytes bytes = {data, size, 0};
        const struct ipc_source source = {&bytes, read_bytes, seekable ? seek_bytes : NULL};
        struct ArrowArrayStream rows = {0};
        struct textbuf problem = {0};
        if (ipc_open(&source, &rows, &problem)) {
            write_all(&rows);
            rows.release(&rows);
        } else if (problem.len == 0) {
            abort();
        }
        textbuf_done(&problem);
    }
    return 0;
}
