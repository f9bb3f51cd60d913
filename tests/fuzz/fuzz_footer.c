/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the metadata of a Parquet file, and what is made of it: the schema as types, and the
 * description for people. */
#include <stdlib.h>

#include "api/parquet_reader_impl.h"
#include "base/alloc.h"
#include "fuzz.h"
#include "parquet/schema_tree.h"

typedef struct file {
    const uint8_t *data;
    size_t size;
} file;

/* The bytes with a magic number before and length and magic number behind. */
static dw_status read_file(void *ctx, int64_t offset, size_t len, void *out, dw_error *err)
{
    const file *f = ctx;
    uint32_t size = (uint32_t)f->size;
    uint8_t *to = out;

    (void)err;
    if (offset < 0 || (uint64_t)offset + len > f->size + 12)
        abort();
    for (size_t i = 0; i < len; i++) {
        size_t at = (size_t)offset + i;
        to[i] = at < 4                 ? (uint8_t) "PAR1"[at]
                : at < 4 + f->size     ? f->data[at - 4]
                : at < 4 + f->size + 4 ? (uint8_t)(size >> (8 * (at - 4 - f->size)))
                                       : (uint8_t) "PAR1"[at - 8 - f->size];
    }
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    file f = {data, size};
    dw_parquet_source source = DW_PARQUET_SOURCE_INIT;
    dw_parquet_reader *reader = NULL;
    struct ArrowSchema schema = {0};

    source.ctx = &f;
    source.size = (int64_t)size + 12;
    source.read = read_file;
    if (dw_parquet_reader_open_source(&source, "fuzz", NULL, &reader, NULL) != DW_OK)
        return 0;
    (void)dw_parquet_reader_describe(reader, DW_PARQUET_DESCRIBE_FOOTER, (dw_sink){NULL, ignore},
                                     NULL);
    if (dw_parquet_reader_schema(reader, &schema, NULL) == DW_OK)
        schema.release(&schema);
    dw_parquet_reader_close(reader);
    return 0;
}
