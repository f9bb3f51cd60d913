/* SPDX-License-Identifier: Apache-2.0 */
/* Projection, skipping, bounded reads and errors of the reader, over files of our own writer. That
 * the values of others' files are right is for tests/interop/test_parquet_reader.py. */
#include "harness.h"

#include "base/alloc.h"
#include "check_column.h"
#include "columns/json_decode.h"
#include "parquet/parquet_reader.h"
#include "parquet/parquet_writer.h"
#include "schema/type.h"

enum { ROWS = 90, GROUP_ROWS = 30 };

static const char file_schema[] =
    "{\"type\":\"struct\",\"fields\":["
    "{\"name\":\"txn\",\"nullable\":true,\"metadata\":{},\"type\":{\"type\":\"struct\",\"fields\":["
    "{\"name\":\"appId\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},"
    "{\"name\":\"version\",\"type\":\"integer\",\"nullable\":true,\"metadata\":{}}]}},"
    "{\"name\":\"add\",\"nullable\":true,\"metadata\":{},\"type\":{\"type\":\"struct\",\"fields\":["
    "{\"name\":\"path\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},"
    "{\"name\":\"parts\",\"nullable\":true,\"metadata\":{},\"type\":{\"type\":\"array\","
    "\"elementType\":\"long\",\"containsNull\":true}},"
    "{\"name\":\"tags\",\"nullable\":true,\"metadata\":{},\"type\":{\"type\":\"map\","
    "\"keyType\":\"string\",\"valueType\":\"string\",\"valueContainsNull\":true}}]}},"
    "{\"name\":\"day\",\"type\":\"date\",\"nullable\":true,\"metadata\":{}},"
    "{\"name\":\"price\",\"type\":\"decimal(9,2)\",\"nullable\":true,\"metadata\":{}}]}";

/* Row groups 0 and 2 have no txn; row group 1 has nothing else. */
static void print_row(int i, dwi_buf *out)
{
    dwi_buf_clear(out);
    if (i / GROUP_ROWS == 1)
        dwi_buf_printf(out, "{\"txn\":{\"appId\":\"app-%d\",\"version\":%d}}", i, i);
    else if (i % 3 == 0)
        dwi_buf_printf(
            out, "{\"add\":{\"path\":\"p%d\",\"parts\":[%d,null],\"tags\":{\"k\":\"v\"}}}", i, i);
    else if (i % 3 == 1)
        dwi_buf_printf(out, "{\"add\":{\"path\":null,\"parts\":[]},\"day\":\"2024-01-%02d\"}",
                       i % 28 + 1);
    else
        dwi_buf_printf(out, "{\"price\":%d.25}", i);
}

/* A file in memory that counts its reads. */
typedef struct memory_file {
    dwi_buf bytes;
    int reads;
} memory_file;

static dw_status write_memory(void *ctx, const void *data, size_t len, dw_error *err)
{
    memory_file *file = ctx;

    dwi_buf_append(&file->bytes, data, len);
    return dwi_buf_status(&file->bytes, err);
}

static dw_status read_memory(void *ctx, int64_t offset, size_t len, void *out, dw_error *err)
{
    memory_file *file = ctx;

    (void)err;
    file->reads++;
    assert_true(offset >= 0 && (size_t)offset + len <= file->bytes.len);
    memcpy(out, file->bytes.data + offset, len);
    return DW_OK;
}

static dwi_schema *parse(const char *json)
{
    dwi_schema *schema = NULL;
    dw_error err;

    DWT_OK(dwi_schema_parse(dwi_alloc_default(), dwi_sv_cstr(json), &schema, &err), &err);
    return schema;
}

static void make_file(memory_file *file, int codec)
{
    dwi_schema *schema = parse(file_schema);
    dwi_parquet_write_options options = {.codec = codec, .row_group_rows = GROUP_ROWS};
    dwi_json_decoder *decoder = NULL;
    dwi_parquet_writer *writer = NULL;
    dwi_arena arena;
    dwi_buf line;
    dw_error err;

    dwi_buf_init(&file->bytes, dwi_alloc_default());
    dwi_buf_init(&line, dwi_alloc_default());
    dwi_arena_init(&arena, dwi_alloc_default());
    file->reads = 0;
    DWT_OK(
        dwi_json_decoder_new(dwi_alloc_default(), schema->root, (dwi_new_field){0}, &decoder, &err),
        &err);
    DWT_OK(dwi_parquet_writer_new(dwi_alloc_default(), schema->root, &options,
                                  (dwi_parquet_sink){file, write_memory}, &writer, &err),
           &err);
    for (int i = 0; i < ROWS; i++) {
        print_row(i, &line);
        DWT_OK(dwi_json_decode(decoder, (dw_bytes){line.data, line.len}, &err), &err);
    }
    DWT_OK(dwi_parquet_writer_append(writer,
                                     dwi_column_view(dwi_json_decoder_rows(decoder), &arena), &err),
           &err);
    DWT_OK(dwi_parquet_writer_finish(writer, &err), &err);
    dwi_parquet_writer_free(writer);
    dwi_json_decoder_free(decoder);
    dwi_arena_done(&arena);
    dwi_buf_done(&line);
    dwi_schema_unref(schema);
}

static dwi_parquet_source source_of(memory_file *file)
{
    return (dwi_parquet_source){file, (int64_t)file->bytes.len, "a.parquet", read_memory};
}

static dwi_parquet_reader *open_reader(memory_file *file)
{
    dwi_parquet_reader *reader = NULL;
    dw_error err;

    DWT_OK(dwi_parquet_reader_open(dwi_alloc_default(), source_of(file), &reader, &err), &err);
    return reader;
}

static int64_t long_at(const dwi_column *column, int64_t row)
{
    int64_t value;

    DWT_EQ(column->type->kind, DWI_LONG);
    memcpy(&value, column->values.data + row * 8, sizeof(value));
    return value;
}

static bool is_null(const dwi_column *column, int64_t row)
{
    return column->null_count > 0 && !dwi_bit_get(column->validity.data, row);
}

static void batches_have_exactly_the_type_that_was_asked_for(void **state)
{
    dwi_schema *want =
        parse("{\"type\":\"struct\",\"fields\":["
              "{\"name\":\"new\",\"nullable\":true,\"metadata\":{},\"type\":{\"type\":\"array\","
              "\"elementType\":\"long\",\"containsNull\":true}},"
              "{\"name\":\"add\",\"nullable\":true,\"metadata\":{},\"type\":{\"type\":\"struct\","
              "\"fields\":[{\"name\":\"stats\",\"type\":\"string\",\"nullable\":true,"
              "\"metadata\":{}}]}},"
              "{\"name\":\"txn\",\"nullable\":true,\"metadata\":{},\"type\":{\"type\":\"struct\","
              "\"fields\":[{\"name\":\"version\",\"type\":\"long\",\"nullable\":true,"
              "\"metadata\":{}},"
              "{\"name\":\"lastUpdated\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}}]}},"
              "{\"name\":\"price\",\"type\":\"decimal(20,4)\",\"nullable\":true,"
              "\"metadata\":{}}]}");
    memory_file file;
    dwi_parquet_reader *reader;
    dwi_column batch = {0};
    int64_t row = 0;
    dw_error err;

    (void)state;
    make_file(&file, DWI_CODEC_ZSTD);
    reader = open_reader(&file);
    DWT_OK(dwi_parquet_reader_project(reader, want->root, &err), &err);
    DWT_OK(dwi_column_init(&batch, want->root, dwi_alloc_default(), &err), &err);
    for (;;) {
        DWT_OK(dwi_parquet_reader_next(reader, 7, &batch, &err), &err);
        assert_null(dwt_check_column(&batch));
        if (batch.length == 0)
            break;
        for (int64_t i = 0; i < batch.length; i++, row++) {
            const dwi_column *add = &batch.children[1];
            const dwi_column *txn = &batch.children[2];
            const dwi_column *price = &batch.children[3];
            assert_true(is_null(&batch.children[0], i));
            DWT_EQ(!is_null(add, i), row / GROUP_ROWS != 1 && row % 3 != 2);
            assert_true(is_null(&add->children[0], i));
            DWT_EQ(!is_null(txn, i), row / GROUP_ROWS == 1);
            assert_true(is_null(&txn->children[1], i));
            if (!is_null(txn, i))
                DWT_EQ(long_at(&txn->children[0], i), row);
            if (!is_null(price, i))
                DWT_EQ(*(price->values.data + i * 16), (uint8_t)(row * 10000 + 2500));
        }
    }
    DWT_EQ(row, ROWS);
    dwi_column_done(&batch);
    dwi_parquet_reader_free(reader);
    dwi_buf_done(&file.bytes);
    dwi_schema_unref(want);
}

static void row_groups_that_are_all_null_are_known_and_left_out(void **state)
{
    memory_file file;
    dwi_parquet_reader *reader;
    dwi_column batch = {0};
    dw_error err;

    (void)state;
    make_file(&file, DWI_CODEC_SNAPPY);
    reader = open_reader(&file);
    DWT_EQ(dwi_parquet_reader_rows(reader), ROWS);
    DWT_EQ(dwi_parquet_reader_row_groups(reader), 3);
    assert_true(dwi_parquet_reader_all_null(reader, 0, DWI_SV("txn.appId")));
    assert_false(dwi_parquet_reader_all_null(reader, 1, DWI_SV("txn.appId")));
    assert_true(dwi_parquet_reader_all_null(reader, 1, DWI_SV("add.path")));
    assert_false(dwi_parquet_reader_all_null(reader, 0, DWI_SV("add.path")));
    /* Only of a leaf that no list multiplies can its null count tell that. */
    assert_false(dwi_parquet_reader_all_null(reader, 1, DWI_SV("add")));
    assert_false(dwi_parquet_reader_all_null(reader, 1, DWI_SV("add.parts")));
    assert_false(dwi_parquet_reader_all_null(reader, 0, DWI_SV("no.such")));
    dwi_parquet_reader_skip(reader, 0);
    dwi_parquet_reader_skip(reader, 2);
    DWT_OK(dwi_column_init(&batch, dwi_parquet_reader_type(reader), dwi_alloc_default(), &err),
           &err);
    DWT_OK(dwi_parquet_reader_next(reader, 1000, &batch, &err), &err);
    DWT_EQ(batch.length, GROUP_ROWS);
    DWT_EQ(batch.children[0].null_count, 0);
    DWT_OK(dwi_parquet_reader_next(reader, 1000, &batch, &err), &err);
    DWT_EQ(batch.length, 0);
    dwi_column_done(&batch);
    dwi_parquet_reader_free(reader);
    dwi_buf_done(&file.bytes);
}

static void a_small_file_takes_one_read(void **state)
{
    memory_file file;
    dwi_parquet_reader *reader;
    dwi_column batch = {0};
    dw_error err;

    (void)state;
    make_file(&file, DWI_CODEC_UNCOMPRESSED);
    reader = open_reader(&file);
    DWT_OK(dwi_column_init(&batch, dwi_parquet_reader_type(reader), dwi_alloc_default(), &err),
           &err);
    do
        DWT_OK(dwi_parquet_reader_next(reader, 11, &batch, &err), &err);
    while (batch.length > 0);
    DWT_EQ(file.reads, 1);
    dwi_column_done(&batch);
    dwi_parquet_reader_free(reader);
    dwi_buf_done(&file.bytes);
}

static void types_that_do_not_fit_are_refused_by_name(void **state)
{
    dwi_schema *text = parse("{\"type\":\"struct\",\"fields\":[{\"name\":\"day\",\"type\":"
                             "\"string\",\"nullable\":true,\"metadata\":{}}]}");
    dwi_schema *flat = parse("{\"type\":\"struct\",\"fields\":[{\"name\":\"add\",\"type\":"
                             "\"string\",\"nullable\":true,\"metadata\":{}}]}");
    memory_file file;
    dwi_parquet_reader *reader;
    dw_status status;
    dw_error err;

    (void)state;
    make_file(&file, DWI_CODEC_UNCOMPRESSED);
    reader = open_reader(&file);
    status = dwi_parquet_reader_project(reader, text->root, &err);
    DWT_ERR(status, &err, DW_E_SCHEMA, "a.parquet: column day: date in the file, wanted string");
    status = dwi_parquet_reader_project(reader, flat->root, &err);
    DWT_ERR(status, &err, DW_E_SCHEMA, "a.parquet: column add: struct<");
    DWT_OK(dwi_parquet_reader_project(reader, NULL, &err), &err);
    dwi_parquet_reader_free(reader);
    dwi_buf_done(&file.bytes);
    dwi_schema_unref(text);
    dwi_schema_unref(flat);
}

static dw_status read_all(const dw_allocator *alloc, memory_file *file, dw_error *err)
{
    dwi_parquet_reader *reader = NULL;
    dwi_column batch = {0};
    dw_status status;

    DWI_TRY(dwi_parquet_reader_open(alloc, source_of(file), &reader, err));
    DWI_TRY(dwi_column_init(&batch, dwi_parquet_reader_type(reader), alloc, err));
    do {
        DWI_TRY(dwi_parquet_reader_next(reader, 20, &batch, err));
        assert_null(dwt_check_column(&batch));
    } while (batch.length > 0);
done:
    dwi_column_done(&batch);
    dwi_parquet_reader_free(reader);
    return status;
}

static void not_a_parquet_file_is_said_so(void **state)
{
    static const char text[] = "{\"this\":\"is no Parquet file\"}";
    memory_file file = {0};
    dw_status status;
    dw_error err;

    (void)state;
    dwi_buf_init(&file.bytes, dwi_alloc_default());
    status = read_all(dwi_alloc_default(), &file, &err);
    DWT_ERR(status, &err, DW_E_CORRUPT, "a.parquet: 0 bytes are too few");
    dwi_buf_append(&file.bytes, text, sizeof(text));
    status = read_all(dwi_alloc_default(), &file, &err);
    DWT_ERR(status, &err, DW_E_CORRUPT, "a.parquet: not a Parquet file");
    memcpy(file.bytes.data + file.bytes.len - 8, "\xFF\xFF\xFF\x7FPAR1", 8);
    status = read_all(dwi_alloc_default(), &file, &err);
    DWT_ERR(status, &err, DW_E_CORRUPT, "footer of 2147483647 bytes is longer than the file");
    dwi_buf_done(&file.bytes);
}

static void a_broken_page_is_named_and_ends_the_reading(void **state)
{
    memory_file file;
    dwi_parquet_reader *reader;
    dwi_column batch = {0};
    dw_status status;
    dw_error err;

    (void)state;
    make_file(&file, DWI_CODEC_UNCOMPRESSED);
    /* The first page header is the first column's: type 15 15 is not a thrift field. */
    memset(file.bytes.data + 4, 0xFF, 4);
    reader = open_reader(&file);
    DWT_OK(dwi_column_init(&batch, dwi_parquet_reader_type(reader), dwi_alloc_default(), &err),
           &err);
    status = dwi_parquet_reader_next(reader, 1000, &batch, &err);
    DWT_ERR(status, &err, DW_E_CORRUPT, "a.parquet: row group 0: column txn.appId: page 0: header");
    DWT_EQ(batch.length, 0);
    status = dwi_parquet_reader_next(reader, 1000, &batch, &err);
    DWT_ERR(status, &err, DW_E_CORRUPT, "a.parquet: an earlier read failed");
    dwi_column_done(&batch);
    dwi_parquet_reader_free(reader);
    dwi_buf_done(&file.bytes);
}

static void files_cut_anywhere_or_with_any_byte_changed_do_no_harm(void **state)
{
    memory_file whole;
    int failed = 0;

    (void)state;
    make_file(&whole, DWI_CODEC_SNAPPY);
    for (size_t i = 0; i < whole.bytes.len; i++) {
        memory_file cut = whole;
        dw_error err;
        uint8_t byte = whole.bytes.data[i];
        cut.bytes.len = i;
        assert_int_not_equal(read_all(dwi_alloc_default(), &cut, &err), DW_OK);
        whole.bytes.data[i] = (uint8_t)(byte ^ (1u << (i % 8)));
        failed += read_all(dwi_alloc_default(), &whole, &err) != DW_OK;
        whole.bytes.data[i] = byte;
    }
    assert_true(failed > 100);
    dwi_buf_done(&whole.bytes);
}

static dw_status read_with(const dw_allocator *alloc, void *ctx)
{
    return read_all(alloc, ctx, NULL);
}

static void every_failed_allocation_is_an_error_without_a_leak(void **state)
{
    memory_file file;

    (void)state;
    make_file(&file, DWI_CODEC_ZSTD);
    dwt_alloc_sweep(read_with, &file);
    dwi_buf_done(&file.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_have_exactly_the_type_that_was_asked_for),
        cmocka_unit_test(row_groups_that_are_all_null_are_known_and_left_out),
        cmocka_unit_test(a_small_file_takes_one_read),
        cmocka_unit_test(types_that_do_not_fit_are_refused_by_name),
        cmocka_unit_test(not_a_parquet_file_is_said_so),
        cmocka_unit_test(a_broken_page_is_named_and_ends_the_reading),
        cmocka_unit_test(files_cut_anywhere_or_with_any_byte_changed_do_no_harm),
        cmocka_unit_test(every_failed_allocation_is_an_error_without_a_leak),
    };

    return cmocka_run_group_tests_name("parquet_reader", tests, NULL, NULL);
}
