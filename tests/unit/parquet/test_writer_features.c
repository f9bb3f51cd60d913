/* SPDX-License-Identifier: Apache-2.0 */
/* What options put into pages, chunks and row groups, byte by byte or field by field. */
#include "base/alloc.h"
#include "base/le.h"
#include "codec/xxhash64.h"
#include "memory_file.h"
#include "parquet/bloom_block.h"
#include "parquet/parquet_types.h"

static const dwi_type long_type = {.kind = DWI_LONG};
static const dwi_type double_type = {.kind = DWI_DOUBLE};
static const dwi_type text_type = {.kind = DWI_STRING};
static const dwi_field list_field[] = {FIELD("element", &text_type, true, -1)};
static const dwi_type list_type = {.kind = DWI_ARRAY, .n_fields = 1, .fields = list_field};
static const dwi_field long_field[] = {FIELD("a", &long_type, true, -1)};
static const dwi_type long_row = ROW(long_field);
static const dwi_field required_field[] = {FIELD("a", &long_type, false, -1)};
static const dwi_type required_row = ROW(required_field);
static const dwi_field list_row_field[] = {FIELD("l", &list_type, true, -1)};
static const dwi_type list_row = ROW(list_row_field);

static void write_column(memory_file *file, const dwi_type *type, const dwi_vec *column,
                         const dwi_parquet_write_options *opts)
{
    dwi_parquet_writer *w = open_writer(type, opts, file);

    append(w, type, column);
    finish(w);
    dwi_parquet_writer_free(w);
}

static void write_longs(memory_file *file, const int64_t *values, int64_t n,
                        const dwi_parquet_write_options *opts)
{
    const dwi_vec column = {.type = &long_type, .length = n, .values = values};

    write_column(file, &long_row, &column, opts);
}

/* ---- pages ---- */

static void a_page_v2_keeps_its_levels_apart(void **state)
{
    const int64_t values[] = {7, 0, 9};
    const uint8_t valid[] = {0x05};
    const dwi_vec column = {.type = &long_type, .length = 3, .validity = valid, .values = values};
    const dwi_parquet_write_options opts = {
        .page_version = 2, .dictionary = DWI_PARQUET_OFF, .page_checksums = true};
    memory_file file;

    (void)state;
    write_column(&file, &long_row, &column, &opts);
    DWT_BYTES(file.bytes.data, 4 + 28 + 18 + 2,         /* */
              'P', 'A', 'R', '1',                       /* */
              0x15, 0x06, 0x15, 0x24, 0x15, 0x24,       /* DATA_PAGE_V2, 18 bytes, 18 bytes */
              0x15, 0x85, 0x88, 0xD7, 0xC7, 0x0C,       /* CRC-32 of levels and values */
              0x4C, 0x15, 0x06, 0x15, 0x02, 0x15, 0x06, /* 3 values, a null, 3 rows */
              0x15, 0x00, 0x15, 0x04, 0x15, 0x00, 0x12, /* PLAIN, 2 and 0 bytes, raw values */
              0x00, 0x00,                               /* */
              0x03, 0x05,                               /* definition levels, no length */
              7, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0x19, 0x11);
    dwi_buf_done(&file.bytes);
}

/* The header of the first page; *body: what follows it. */
static void read_page_header(const memory_file *file, int64_t *out, size_t n, const uint8_t **body)
{
    dwi_thrift_type type;
    int16_t id;
    dwi_tr r;

    memset(out, 0, n * sizeof(*out));
    dwi_tr_begin(&r, file->bytes.data + 4, file->bytes.len - 4);
    while (dwi_tr_field(&r, &id, &type)) {
        if (id < (int16_t)n && type == DWI_THRIFT_I32)
            out[id] = dwi_tr_i32(&r, type);
        else
            dwi_tr_skip(&r, type);
    }
    assert_false(r.failed);
    *body = r.pos;
}

static void checksums_are_of_the_page_as_it_is_stored(void **state)
{
    static int64_t values[1000];
    memory_file file;

    (void)state;
    for (int version = 1; version <= 2; version++) {
        const dwi_parquet_write_options opts = {.codec = DWI_CODEC_ZSTD,
                                                .page_version = version,
                                                .dictionary = DWI_PARQUET_OFF,
                                                .page_checksums = true};
        int64_t header[5];
        const uint8_t *body;
        write_longs(&file, values, 1000, &opts);
        read_page_header(&file, header, 5, &body);
        assert_true(header[3] < 100 && header[2] >= 8000);
        DWT_EQ((uint32_t)header[4], dwi_crc32(0, body, (size_t)header[3]));
        dwi_buf_done(&file.bytes);
    }
}

static void values_that_do_not_shrink_stay_as_they_are_in_v2(void **state)
{
    static int64_t values[1000];
    const dwi_parquet_write_options opts = {
        .codec = DWI_CODEC_SNAPPY, .page_version = 2, .dictionary = DWI_PARQUET_OFF};
    const dwi_vec column = {.type = &long_type, .length = 1000, .values = values};
    int64_t header[4];
    const uint8_t *body;
    memory_file file;

    (void)state;
    fill_random(values, 1000);
    write_column(&file, &required_row, &column, &opts);
    read_page_header(&file, header, 4, &body);
    DWT_EQ(header[2], 8000);
    DWT_EQ(header[3], 8000);
    assert_memory_equal(body, values, 8000);
    DWT_EQ(body[-3], 0x12); /* is_compressed false */
    dwi_buf_done(&file.bytes);
}

static void a_boolean_page_of_runs_has_their_length_in_front(void **state)
{
    static const dwi_type flag_type = {.kind = DWI_BOOLEAN};
    static const dwi_field flag_field[] = {FIELD("f", &flag_type, false, -1)};
    static const dwi_type flag_row = ROW(flag_field);
    const uint8_t bits[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    const dwi_vec column = {.type = &flag_type, .length = 64, .values = bits};
    const dwi_parquet_write_options opts = {.newer_encodings = true};
    int64_t header[4];
    const uint8_t *body;
    memory_file file;

    (void)state;
    write_column(&file, &flag_row, &column, &opts);
    read_page_header(&file, header, 4, &body);
    DWT_BYTES(body, (size_t)header[3], 3, 0, 0, 0, 0x80, 0x01, 0x01);
    dwi_buf_done(&file.bytes);
}

/* ---- chunks and row groups ---- */

/* Stand in ColumnMetaData of the first chunk. */
static void open_meta(const memory_file *file, dwi_tr *r)
{
    open_chunk(file, 0, 0, r);
    dwi_tr_struct_begin(r, seek_field(r, 3));
}

static bool has_field(dwi_tr *r, int16_t id)
{
    dwi_thrift_type type;
    int16_t at;

    while (dwi_tr_field(r, &at, &type)) {
        if (at == id)
            return true;
        dwi_tr_skip(r, type);
    }
    return false;
}

static void check_histogram(dwi_tr *r, int16_t id, const int64_t *want, size_t n)
{
    dwi_thrift_type element;

    DWT_EQ(dwi_tr_list(r, seek_field(r, id), &element), n);
    for (size_t i = 0; i < n; i++)
        DWT_EQ(dwi_tr_i64(r, element), want[i]);
}

/* Lists: ["ab", null, "c"], null, [], ["def"]; two rows a page. */
static void write_lists(memory_file *file, const dwi_parquet_write_options *opts)
{
    const uint8_t lists_valid[] = {0x0D};
    const uint8_t valid[] = {0x0D};
    const int32_t lists[] = {0, 3, 3, 3, 4};
    const int32_t offsets[] = {0, 2, 2, 3, 6};
    const dwi_vec element = {.type = &text_type,
                             .length = 4,
                             .validity = valid,
                             .offsets = offsets,
                             .data = (const uint8_t *)"abcdef"};
    const dwi_vec column = {.type = &list_type,
                            .length = 4,
                            .validity = lists_valid,
                            .offsets = lists,
                            .n_children = 1,
                            .children = &element};

    write_column(file, &list_row, &column, opts);
}

static void size_statistics_count_levels_and_bytes(void **state)
{
    /* Definition: 0 null, 1 empty, 2 null element, 3 a value. */
    const int64_t rep[] = {4, 2};
    const int64_t def[] = {1, 1, 1, 3};
    const int64_t page_reps[] = {2, 2, 2, 0};
    const int64_t page_defs[] = {1, 0, 1, 2, 0, 1, 0, 1};
    const int64_t page_bytes[] = {3, 3};
    const dwi_parquet_write_options opts = {.page_rows = 2};
    memory_file file;
    int64_t at;
    dwi_tr r;

    (void)state;
    write_lists(&file, &opts);
    open_meta(&file, &r);
    dwi_tr_struct_begin(&r, seek_field(&r, 16));
    DWT_EQ(dwi_tr_i64(&r, seek_field(&r, 1)), 6);
    check_histogram(&r, 2, rep, 2);
    check_histogram(&r, 3, def, 4);
    open_chunk(&file, 0, 0, &r);
    at = dwi_tr_i64(&r, seek_field(&r, 4));
    dwi_tr_begin(&r, file.bytes.data + at, file.bytes.len - (size_t)at);
    check_histogram(&r, 2, page_bytes, 2); /* unencoded bytes in the offset index */
    open_chunk(&file, 0, 0, &r);
    at = dwi_tr_i64(&r, seek_field(&r, 6));
    dwi_tr_begin(&r, file.bytes.data + at, file.bytes.len - (size_t)at);
    check_histogram(&r, 6, page_reps, 4);
    check_histogram(&r, 7, page_defs, 8);
    dwi_buf_done(&file.bytes);
}

static void size_statistics_can_be_left_out(void **state)
{
    const dwi_parquet_write_options opts = {.page_rows = 2, .no_size_statistics = true};
    memory_file file;
    int64_t at;
    dwi_tr r;

    (void)state;
    write_lists(&file, &opts);
    open_meta(&file, &r);
    assert_false(has_field(&r, 16));
    open_chunk(&file, 0, 0, &r);
    at = dwi_tr_i64(&r, seek_field(&r, 4));
    dwi_tr_begin(&r, file.bytes.data + at, file.bytes.len - (size_t)at);
    assert_false(has_field(&r, 2));
    dwi_buf_done(&file.bytes);
}

/* Distinct count of the first chunk, -1: not told. */
static int64_t distinct_of(const memory_file *file)
{
    dwi_tr r;

    open_meta(file, &r);
    dwi_tr_struct_begin(&r, seek_field(&r, 12));
    return has_field(&r, 4) ? dwi_tr_i64(&r, DWI_THRIFT_I64) : -1;
}

static void distinct_values_are_told_where_the_dictionary_has_them_all(void **state)
{
    enum { N = 10000 };
    static const dwi_field double_field[] = {FIELD("d", &double_type, true, -1)};
    static const dwi_type double_row = ROW(double_field);
    static int64_t values[N];
    const dwi_vec doubles = {.type = &double_type, .length = N, .values = values};
    const dwi_parquet_write_options opts = {.page_rows = 1000, .dictionary_bytes = 1000};
    memory_file file;

    (void)state;
    for (int64_t i = 0; i < N; i++)
        values[i] = i % 90;
    write_longs(&file, values, N, &opts);
    DWT_EQ(distinct_of(&file), 90);
    dwi_buf_done(&file.bytes);
    write_column(&file, &double_row, &doubles, &opts); /* bits are not values */
    DWT_EQ(distinct_of(&file), -1);
    dwi_buf_done(&file.bytes);
    for (int64_t i = 5000; i < N; i++)
        values[i] = i;
    write_longs(&file, values, N, &opts);
    DWT_EQ(distinct_of(&file), -1);
    dwi_buf_done(&file.bytes);
}

static void sorting_columns_are_told_of_each_row_group(void **state)
{
    const int64_t values[] = {3, 2, 1};
    const dwi_parquet_sorting_column sorting = {"a", true, false};
    const dwi_parquet_write_options opts = {
        .row_group_rows = 2, .sorting = &sorting, .n_sorting = 1};
    dwi_thrift_type element;
    memory_file file;
    dwi_tr r;

    (void)state;
    write_longs(&file, values, 3, &opts);
    open_footer(&file, &r);
    DWT_EQ(dwi_tr_list(&r, seek_field(&r, 4), &element), 2);
    for (int g = 0; g < 2; g++) {
        dwi_tr_struct_begin(&r, element);
        DWT_EQ(dwi_tr_list(&r, seek_field(&r, 4), &element), 1);
        dwi_tr_struct_begin(&r, element);
        DWT_EQ(dwi_tr_i32(&r, seek_field(&r, 1)), 0);
        assert_true(dwi_tr_bool(&r, seek_field(&r, 2)));
        assert_false(dwi_tr_bool(&r, seek_field(&r, 3)));
        assert_false(has_field(&r, 99));
        dwi_tr_struct_end(&r);
        assert_false(has_field(&r, 99));
        dwi_tr_struct_end(&r);
    }
    assert_false(r.failed);
    dwi_buf_done(&file.bytes);
}

static void statistics_and_page_index_can_be_left_out(void **state)
{
    const int64_t values[] = {3, 2, 1};
    const dwi_parquet_column_options quiet = {.path = "a", .statistics = DWI_PARQUET_OFF};
    const dwi_parquet_write_options no_statistics = {.columns = &quiet, .n_columns = 1};
    const dwi_parquet_write_options no_index = {.no_page_index = true};
    memory_file file;
    dwi_tr r;

    (void)state;
    write_longs(&file, values, 3, &no_statistics);
    open_meta(&file, &r);
    assert_false(has_field(&r, 12));
    open_chunk(&file, 0, 0, &r);
    assert_true(has_field(&r, 4)); /* where pages are says nothing of values */
    open_chunk(&file, 0, 0, &r);
    assert_false(has_field(&r, 6));
    dwi_buf_done(&file.bytes);
    write_longs(&file, values, 3, &no_index);
    open_meta(&file, &r);
    assert_true(has_field(&r, 12));
    open_chunk(&file, 0, 0, &r);
    assert_false(has_field(&r, 4));
    dwi_buf_done(&file.bytes);
}

static void a_bloom_filter_is_where_the_chunk_says(void **state)
{
    static int64_t values[500];
    memory_file file;

    (void)state;
    for (int64_t i = 0; i < 500; i++)
        values[i] = i * 1000;
    for (int dictionary = DWI_PARQUET_OFF; dictionary <= DWI_PARQUET_ON; dictionary++) {
        const dwi_parquet_column_options column = {.path = "a",
                                                   .encoding =
                                                       DWI_PARQUET_CHOOSE_DELTA_BINARY_PACKED,
                                                   .dictionary = dictionary,
                                                   .bloom_filter = DWI_PARQUET_ON};
        const dwi_parquet_write_options opts = {.columns = &column, .n_columns = 1};
        const uint8_t *bits;
        int64_t at;
        int32_t len;
        dwi_tr r;
        write_longs(&file, values, 500, &opts);
        open_meta(&file, &r);
        at = dwi_tr_i64(&r, seek_field(&r, 14));
        len = dwi_tr_i32(&r, seek_field(&r, 15));
        DWT_EQ(len, 16 + 1024); /* 500 values at 1 % */
        bits = file.bytes.data + at + 16;
        for (size_t i = 0; i < 500; i++) {
            uint64_t hash = dwi_xxhash64(0, &values[i], 8);
            assert_true(dwi_bloom_block_may_have(bits + 32 * dwi_bloom_block_of(hash, 32), hash));
        }
        dwi_buf_done(&file.bytes);
    }
}

static void each_column_has_its_codec(void **state)
{
    static const dwi_field fields[] = {FIELD("a", &long_type, true, -1),
                                       FIELD("b", &long_type, true, -1)};
    static const dwi_type type = ROW(fields);
    const int64_t values[] = {1, 2};
    const dwi_vec columns[] = {{.type = &long_type, .length = 2, .values = values},
                               {.type = &long_type, .length = 2, .values = values}};
    const dwi_vec rows = {.type = &type, .length = 2, .n_children = 2, .children = columns};
    const dwi_parquet_column_options plain = {
        .path = "b", .has_codec = true, .codec = DWI_CODEC_UNCOMPRESSED};
    const dwi_parquet_write_options opts = {
        .codec = DWI_CODEC_ZSTD, .columns = &plain, .n_columns = 1};
    const int32_t want[] = {DWI_CODEC_ZSTD, DWI_CODEC_UNCOMPRESSED};
    memory_file file;
    dwi_parquet_writer *w = open_writer(&type, &opts, &file);

    (void)state;
    DWT_OK(dwi_parquet_writer_append(w, &rows, NULL), NULL);
    finish(w);
    dwi_parquet_writer_free(w);
    for (size_t i = 0; i < 2; i++) {
        dwi_tr r;
        open_chunk(&file, 0, i, &r);
        dwi_tr_struct_begin(&r, seek_field(&r, 3));
        DWT_EQ(dwi_tr_i32(&r, seek_field(&r, 4)), want[i]);
    }
    dwi_buf_done(&file.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_v2_keeps_its_levels_apart),
        cmocka_unit_test(checksums_are_of_the_page_as_it_is_stored),
        cmocka_unit_test(values_that_do_not_shrink_stay_as_they_are_in_v2),
        cmocka_unit_test(a_boolean_page_of_runs_has_their_length_in_front),
        cmocka_unit_test(size_statistics_count_levels_and_bytes),
        cmocka_unit_test(size_statistics_can_be_left_out),
        cmocka_unit_test(distinct_values_are_told_where_the_dictionary_has_them_all),
        cmocka_unit_test(sorting_columns_are_told_of_each_row_group),
        cmocka_unit_test(statistics_and_page_index_can_be_left_out),
        cmocka_unit_test(a_bloom_filter_is_where_the_chunk_says),
        cmocka_unit_test(each_column_has_its_codec),
    };

    return cmocka_run_group_tests_name("writer_features", tests, NULL, NULL);
}
