/* SPDX-License-Identifier: Apache-2.0 */
#include <deltawrite/parquet.h>

#include <string.h>

#include "../columns/hand.h"
#include "base/alloc.h"
#include "harness.h"
#include "store/store_ops.h"

enum { ROWS = 5 };
static const int32_t numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

typedef struct place {
    dw_store *store;
    dw_error err;
    hand batch;
} place;

static void fill(place *p)
{
    hand_init(&p->batch, "I", ROWS, 2);
    p->batch.buffers[1] = numbers;
}

static int setup(void **state)
{
    static place p;

    memset(&p, 0, sizeof(p));
    fill(&p);
    *state = &p;
    return dw_store_open_memory(NULL, &p.store, &p.err) == DW_OK ? 0 : 1;
}

static int teardown(void **state)
{
    place *p = *state;

    dw_store_unref(p->store);
    return 0;
}

/* Two batches of five rows each, in row groups of four. */
static dw_status write_file(place *p, const dw_allocator *alloc, const char *key)
{
    dw_parquet_write_options opts = DW_PARQUET_WRITE_OPTIONS_INIT;
    const dw_property pairs[] = {{"who", "me"}, {"empty", NULL}};
    dw_parquet_writer *writer = NULL;
    dw_status status;

    opts.allocator = alloc;
    opts.row_group_rows = 4;
    opts.metadata = pairs;
    opts.n_metadata = 2;
    fill(p);
    DWI_TRY(dw_parquet_writer_open(p->store, key, &p->batch.schema, &opts, &writer, &p->err));
    DWI_TRY(dw_parquet_writer_append(writer, &p->batch.array, &p->err));
    fill(p);
    p->batch.data.offset = ROWS;
    DWI_TRY(dw_parquet_writer_append(writer, &p->batch.array, &p->err));
    DWI_TRY(dw_parquet_writer_finish(writer, &p->err));
done:
    dw_parquet_writer_close(writer);
    return status;
}

/* The numbers of a stream, one character each. */
static dw_status read_all(struct ArrowArrayStream *stream, char *out)
{
    struct ArrowArray array = {0};
    struct ArrowSchema schema = {0};
    size_t n = 0;
    int code = stream->get_schema(stream, &schema);

    if (code == 0) {
        DWT_STR(schema.format, "+s");
        DWT_STR(schema.children[0]->format, "I");
        DWT_STR(schema.children[0]->name, "c");
        schema.release(&schema);
    }
    while (code == 0 && (code = stream->get_next(stream, &array)) == 0 && array.release != NULL) {
        const uint32_t *values = array.children[0]->buffers[1];
        for (int64_t i = 0; i < array.length; i++)
            out[n++] = (char)('0' + values[i]);
        array.release(&array);
    }
    out[n] = '\0';
    if (code != 0)
        assert_non_null(stream->get_last_error(stream));
    stream->release(stream);
    assert_null(stream->release);
    return code == 0 ? DW_OK : DW_E_NOMEM;
}

static dw_status there_and_back(const dw_allocator *alloc, void *ctx)
{
    place *p = ctx;
    static const dw_parquet_condition conditions[] = {{"c", DW_PARQUET_GT, "2"},
                                                      {"c", DW_PARQUET_LE, "6"}};
    dw_parquet_read_options opts = DW_PARQUET_READ_OPTIONS_INIT;
    struct ArrowArrayStream stream;
    dw_parquet_open_options open = DW_PARQUET_OPEN_OPTIONS_INIT;
    dw_parquet_reader *reader = NULL;
    char seen[20];
    dw_status status;

    open.allocator = alloc;
    DWI_TRY(write_file(p, alloc, "file.parquet"));
    DWI_TRY(dw_parquet_reader_open(p->store, "file.parquet", &open, &reader, &p->err));
    opts.batch_rows = 3;
    DWI_TRY(dw_parquet_reader_stream(reader, &opts, &stream, &p->err));
    DWI_TRY(read_all(&stream, seen));
    DWT_STR(seen, "0123456789");
    opts.first_row = 6;
    opts.max_rows = 3;
    DWI_TRY(dw_parquet_reader_stream(reader, &opts, &stream, &p->err));
    DWI_TRY(read_all(&stream, seen));
    DWT_STR(seen, "678");
    opts = (dw_parquet_read_options)DW_PARQUET_READ_OPTIONS_INIT;
    opts.conditions = conditions;
    opts.n_conditions = 2;
    DWI_TRY(dw_parquet_reader_stream(reader, &opts, &stream, &p->err));
    DWI_TRY(read_all(&stream, seen));
    DWT_STR(seen, "3456");
done:
    dw_parquet_reader_close(reader);
    return status;
}

static void rows_come_back_all_of_them_or_a_range(void **state)
{
    DWT_EQ(there_and_back(dwi_alloc_default(), *state), DW_OK);
}

static void every_failed_allocation_is_out_of_memory_and_leaks_nothing(void **state)
{
    dwt_alloc_sweep(there_and_back, *state);
}

static void a_reader_tells_what_the_footer_says(void **state)
{
    place *p = *state;
    dw_parquet_info info = DW_PARQUET_INFO_INIT;
    dw_parquet_reader *reader = NULL;

    DWT_OK(write_file(p, NULL, "f"), &p->err);
    DWT_OK(dw_parquet_reader_open(p->store, "f", NULL, &reader, &p->err), &p->err);
    DWT_OK(dw_parquet_reader_get_info(reader, &info, &p->err), &p->err);
    DWT_EQ(info.rows, 10);
    DWT_EQ(info.row_groups, 3);
    assert_memory_equal(info.created_by, "libdeltawrite ", 14);
    DWT_EQ(info.n_metadata, 2);
    DWT_STR(info.metadata[0].key, "who");
    DWT_STR(info.metadata[0].value, "me");
    DWT_STR(info.metadata[1].key, "empty");
    assert_null(info.metadata[1].value);
    info.struct_size = offsetof(dw_parquet_info, created_by);
    info.created_by = "untouched";
    DWT_OK(dw_parquet_reader_get_info(reader, &info, &p->err), &p->err);
    DWT_STR(info.created_by, "untouched");
    dw_parquet_reader_close(reader);
}

static dw_status collect(void *ctx, const void *data, size_t len, dw_error *err)
{
    dwi_buf_append(ctx, data, len);
    return dwi_buf_status(ctx, err);
}

static dw_status from_buffer(void *ctx, int64_t offset, size_t len, void *out, dw_error *err)
{
    const dwi_buf *file = ctx;

    (void)err;
    memcpy(out, file->data + offset, len);
    return DW_OK;
}

static void sinks_and_sources_need_no_store(void **state)
{
    place *p = *state;
    dw_parquet_source source = DW_PARQUET_SOURCE_INIT;
    dw_parquet_write_stats stats = DW_PARQUET_WRITE_STATS_INIT;
    struct ArrowArrayStream stream;
    struct ArrowArrayStream copied;
    dw_parquet_writer *writer = NULL;
    dw_parquet_reader *reader = NULL;
    dwi_buf file;
    dwi_buf copy;
    char seen[20];

    dwi_buf_init(&file, dwi_alloc_default());
    dwi_buf_init(&copy, dwi_alloc_default());
    DWT_OK(dw_parquet_writer_open_sink((dw_sink){&file, collect}, &p->batch.schema, NULL, &writer,
                                       &p->err),
           &p->err);
    DWT_OK(dw_parquet_writer_append(writer, &p->batch.array, &p->err), &p->err);
    assert_null(p->batch.array.release);
    DWT_OK(dw_parquet_writer_finish(writer, &p->err), &p->err);
    DWT_OK(dw_parquet_writer_get_stats(writer, &stats, &p->err), &p->err);
    DWT_EQ(stats.rows, 5);
    DWT_EQ(stats.file_bytes, file.len);
    DWT_ERR(dw_parquet_writer_finish(writer, &p->err), &p->err, DW_E_ARG, "it is finished");
    dw_parquet_writer_close(writer);
    source.size = (int64_t)file.len;
    source.ctx = &file;
    source.read = from_buffer;
    DWT_OK(dw_parquet_reader_open_source(&source, "buffer", NULL, &reader, &p->err), &p->err);
    DWT_OK(dw_parquet_reader_stream(reader, NULL, &stream, &p->err), &p->err);
    /* A stream of ours is as good as any other. */
    DWT_OK(dw_parquet_writer_open_sink((dw_sink){&copy, collect}, &p->batch.schema, NULL, &writer,
                                       &p->err),
           &p->err);
    DWT_OK(dw_parquet_writer_append_stream(writer, &stream, &p->err), &p->err);
    stream.release(&stream);
    DWT_OK(dw_parquet_writer_finish(writer, &p->err), &p->err);
    dw_parquet_writer_close(writer);
    DWT_EQ(copy.len, file.len);
    assert_memory_equal(copy.data, file.data, file.len);
    DWT_OK(dw_parquet_reader_stream(reader, NULL, &copied, &p->err), &p->err);
    DWT_EQ(read_all(&copied, seen), DW_OK);
    DWT_STR(seen, "01234");
    dw_parquet_reader_close(reader);
    dwi_buf_done(&file);
    dwi_buf_done(&copy);
}

static void a_file_that_is_not_finished_is_not_there(void **state)
{
    place *p = *state;
    dw_parquet_writer *writer = NULL;
    dw_parquet_reader *reader = NULL;

    DWT_OK(dw_parquet_writer_open(p->store, "f", &p->batch.schema, NULL, &writer, &p->err),
           &p->err);
    DWT_OK(dw_parquet_writer_append(writer, &p->batch.array, &p->err), &p->err);
    dw_parquet_writer_close(writer);
    DWT_ERR(dw_parquet_reader_open(p->store, "f", NULL, &reader, &p->err), &p->err, DW_E_NOT_FOUND,
            "f");
}

static void a_batch_that_does_not_fit_changes_nothing(void **state)
{
    static const uint8_t but_second[] = {0xFD};
    place *p = *state;
    dw_parquet_writer *writer = NULL;
    dw_parquet_write_stats stats = DW_PARQUET_WRITE_STATS_INIT;

    p->batch.column.flags = 0;
    DWT_OK(dw_parquet_writer_open(p->store, "f", &p->batch.schema, NULL, &writer, &p->err),
           &p->err);
    p->batch.buffers[0] = but_second;
    DWT_ERR(dw_parquet_writer_append(writer, &p->batch.array, &p->err), &p->err, DW_E_SCHEMA,
            "column c: null in row 1");
    assert_non_null(p->batch.array.release);
    p->batch.buffers[0] = NULL;
    DWT_OK(dw_parquet_writer_append(writer, &p->batch.array, &p->err), &p->err);
    DWT_OK(dw_parquet_writer_get_stats(writer, &stats, &p->err), &p->err);
    DWT_EQ(stats.rows, 5);
    dw_parquet_writer_close(writer);
}

static void options_that_do_not_fit_are_told(void **state)
{
    place *p = *state;
    dw_parquet_write_options opts = DW_PARQUET_WRITE_OPTIONS_INIT;
    dw_parquet_column_options column = DW_PARQUET_COLUMN_OPTIONS_INIT;
    dw_parquet_read_options read = DW_PARQUET_READ_OPTIONS_INIT;
    const char *names[] = {"c", "d"};
    struct ArrowArrayStream stream;
    dw_parquet_writer *writer = NULL;
    dw_parquet_reader *reader = NULL;

    opts.codec = 99;
    DWT_ERR(dw_parquet_writer_open(p->store, "f", &p->batch.schema, &opts, &writer, &p->err),
            &p->err, DW_E_ARG, "no codec has the number 99");
    opts.codec = 0;
    opts.columns = &column;
    opts.n_columns = 1;
    DWT_ERR(dw_parquet_writer_open(p->store, "f", &p->batch.schema, &opts, &writer, &p->err),
            &p->err, DW_E_ARG, "column (NULL)");
    column.path = "nowhere";
    DWT_ERR(dw_parquet_writer_open(p->store, "f", &p->batch.schema, &opts, &writer, &p->err),
            &p->err, DW_E_ARG, "column nowhere: no such column");
    column.path = "c";
    column.encoding = DW_PARQUET_ENCODING_RLE;
    DWT_ERR(dw_parquet_writer_open(p->store, "f", &p->batch.schema, &opts, &writer, &p->err),
            &p->err, DW_E_ARG, "column c");
    p->batch.column.format = "tiM";
    DWT_ERR(dw_parquet_writer_open(p->store, "f", &p->batch.schema, NULL, &writer, &p->err),
            &p->err, DW_E_UNSUPPORTED, "Arrow column c: format tiM has no Parquet type");
    DWT_OK(write_file(p, NULL, "f"), &p->err);
    DWT_OK(dw_parquet_reader_open(p->store, "f", NULL, &reader, &p->err), &p->err);
    read.columns = names;
    read.n_columns = 2;
    DWT_ERR(dw_parquet_reader_stream(reader, &read, &stream, &p->err), &p->err, DW_E_NOT_FOUND,
            "f: column d: the file has none of this name");
    read.n_columns = 1;
    read.first_row = -1;
    DWT_ERR(dw_parquet_reader_stream(reader, &read, &stream, &p->err), &p->err, DW_E_ARG,
            "negative");
    dw_parquet_reader_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_come_back_all_of_them_or_a_range, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failed_allocation_is_out_of_memory_and_leaks_nothing,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_reader_tells_what_the_footer_says, setup, teardown),
        cmocka_unit_test_setup_teardown(sinks_and_sources_need_no_store, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_finished_is_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(a_batch_that_does_not_fit_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(options_that_do_not_fit_are_told, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
