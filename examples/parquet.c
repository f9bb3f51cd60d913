/* SPDX-License-Identifier: Apache-2.0 */
/* A Parquet file without a table: rows in as an Arrow batch, and out again as an Arrow stream. The
 * buffers here are static, so releasing them frees nothing; a real producer frees what it allocated.
 *
 *   parquet FOLDER-OR-S3-URI */
#include <stdio.h>

#include <deltawrite/parquet.h>

enum { ROWS = 4 };

static void release_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void release_array(struct ArrowArray *array)
{
    array->release = NULL;
}

/* One column of unsigned numbers, below the struct that a batch of rows is. */
static dw_status write_file(dw_store *store, const char *key, dw_error *err)
{
    static const uint32_t numbers[ROWS] = {1, 2, 3, 4000000000u};
    const void *batch_buffers[1] = {NULL};
    const void *column_buffers[2] = {NULL, numbers}; /* no validity: nothing is null */
    struct ArrowSchema schema = {0}, column_schema = {0}, *schema_children[1];
    struct ArrowArray batch = {0}, column = {0}, *batch_children[1];
    dw_parquet_write_options options = DW_PARQUET_WRITE_OPTIONS_INIT;
    dw_parquet_column_options number = DW_PARQUET_COLUMN_OPTIONS_INIT;
    dw_parquet_writer *writer = NULL;
    dw_status status;

    column_schema.format = "I"; /* uint32 */
    column_schema.name = "number";
    column_schema.release = release_schema;
    schema_children[0] = &column_schema;
    schema.format = "+s";
    schema.n_children = 1;
    schema.children = schema_children;
    schema.release = release_schema;
    column.length = ROWS;
    column.n_buffers = 2;
    column.buffers = column_buffers;
    column.release = release_array;
    batch_children[0] = &column;
    batch.length = ROWS;
    batch.n_buffers = 1;
    batch.buffers = batch_buffers;
    batch.n_children = 1;
    batch.children = batch_children;
    batch.release = release_array;

    number.path = "number";
    number.encoding = DW_PARQUET_ENCODING_DELTA_BINARY_PACKED;
    options.codec = DW_PARQUET_CODEC_SNAPPY;
    options.columns = &number;
    options.n_columns = 1;
    status = dw_parquet_writer_open(store, key, &schema, &options, &writer, err);
    if (status == DW_OK)
        status = dw_parquet_writer_append(writer, &batch, err);
    if (status == DW_OK)
        status = dw_parquet_writer_finish(writer, err); /* now it is there */
    dw_parquet_writer_close(writer);
    return status;
}

static dw_status read_file(dw_store *store, const char *key, dw_error *err)
{
    dw_parquet_info info = DW_PARQUET_INFO_INIT;
    struct ArrowArrayStream stream = {0};
    struct ArrowArray batch = {0};
    dw_parquet_reader *reader = NULL;
    dw_status status = dw_parquet_reader_open(store, key, NULL, &reader, err);

    if (status == DW_OK)
        status = dw_parquet_reader_get_info(reader, &info, err);
    if (status == DW_OK)
        status = dw_parquet_reader_stream(reader, NULL, &stream, err);
    if (status == DW_OK) {
        printf("%lld rows by %s:", (long long)info.rows, info.created_by);
        while (stream.get_next(&stream, &batch) == 0 && batch.release != NULL) {
            const uint32_t *numbers = (const uint32_t *)batch.children[0]->buffers[1];
            int64_t i;
            for (i = 0; i < batch.length; i++)
                printf(" %lu", (unsigned long)numbers[i]);
            batch.release(&batch);
        }
        printf("\n");
        if (stream.get_last_error(&stream) != NULL)
            fprintf(stderr, "parquet: %s\n", stream.get_last_error(&stream));
        stream.release(&stream);
    }
    dw_parquet_reader_close(reader);
    return status;
}

int main(int argc, char **argv)
{
    dw_error err = DW_ERROR_INIT;
    dw_store *store = NULL;
    dw_status status;

    if (argc != 2) {
        fprintf(stderr, "usage: parquet FOLDER-OR-S3-URI\n");
        return 2;
    }
    status = dw_store_open_uri(argv[1], NULL, &store, &err);
    if (status == DW_OK)
        status = write_file(store, "numbers.parquet", &err);
    if (status == DW_OK)
        status = read_file(store, "numbers.parquet", &err);
    if (status != DW_OK)
        fprintf(stderr, "parquet: %s\n", err.message);
    dw_store_unref(store);
    return status == DW_OK ? 0 : 1;
}
