/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a Parquet file for the public reader: its descriptions, its check of everything, and
 * its rows as an Arrow stream. */
#include <stdlib.h>
#include <string.h>

#include <deltawrite/parquet.h>

#include "fuzz.h"

enum { MAX_BATCHES = 20, MAX_PROBLEMS = 1000, MEMORY = 64 << 20 };

typedef struct file {
    const uint8_t *data;
    size_t size;
    int problems;
} file;

static dw_status read_file(void *ctx, int64_t offset, size_t len, void *out, dw_error *err)
{
    const file *f = ctx;

    (void)err;
    if (offset < 0 || (uint64_t)offset > f->size || len > f->size - (size_t)offset)
        abort(); /* the reader checks ranges itself */
    memcpy(out, f->data + offset, len);
    return DW_OK;
}

static dw_status ignore(void *ctx, const void *data, size_t len, dw_error *err)
{
    (void)ctx;
    (void)data;
    (void)len;
    (void)err;
    return DW_OK;
}

static dw_status on_problem(void *ctx, const dw_parquet_problem *problem, dw_error *err)
{
    file *f = ctx;

    (void)err;
    if (strchr(problem->text, '\n') != NULL)
        abort();
    return ++f->problems < MAX_PROBLEMS ? DW_OK : DW_E_CANCELLED;
}

static void read_rows(dw_parquet_reader *reader)
{
    struct ArrowArrayStream stream;
    struct ArrowSchema schema = {0};
    struct ArrowArray array = {0};

    if (dw_parquet_reader_stream(reader, NULL, &stream, NULL) != DW_OK)
        return;
    if (stream.get_schema(&stream, &schema) == 0)
        schema.release(&schema);
    for (int i = 0; i < MAX_BATCHES && stream.get_next(&stream, &array) == 0; i++) {
        if (array.release == NULL)
            break;
        array.release(&array);
    }
    stream.release(&stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    file f = {data, size, 0};
    dw_parquet_source source = DW_PARQUET_SOURCE_INIT;
    dw_parquet_open_options options = DW_PARQUET_OPEN_OPTIONS_INIT;
    dw_parquet_reader *reader = NULL;

    source.ctx = &f;
    source.size = (int64_t)size;
    source.read = read_file;
    options.memory_bytes = MEMORY;
    options.flags = (size & 1) != 0 ? DW_PARQUET_SETTLE_INT96 : DW_PARQUET_IGNORE_CHECKSUMS;
    if (dw_parquet_reader_open_source(&source, "fuzz", &options, &reader, NULL) != DW_OK)
        return 0;
    (void)dw_parquet_reader_describe(reader, DW_PARQUET_DESCRIBE_FOOTER, (dw_sink){NULL, ignore},
                                     NULL);
    (void)dw_parquet_reader_describe(reader, DW_PARQUET_DESCRIBE_PAGES, (dw_sink){NULL, ignore},
                                     NULL);
    (void)dw_parquet_reader_verify(reader, on_problem, &f, NULL);
    read_rows(reader);
    dw_parquet_reader_close(reader);
    return 0;
}
