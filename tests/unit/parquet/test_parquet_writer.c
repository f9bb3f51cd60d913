/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/parquet_writer.h"

#include <math.h>

#include "base/alloc.h"
#include "base/le.h"
#include "harness.h"
#include "memory_file.h"
#include "parquet/parquet_types.h"

static const dwi_type long_type = {.kind = DWI_LONG};
static const dwi_type double_type = {.kind = DWI_DOUBLE};
static const dwi_type bool_type = {.kind = DWI_BOOLEAN};
static const dwi_type string_type = {.kind = DWI_STRING};
static const dwi_type void_type = {.kind = DWI_VOID};

/* ---- the file, byte by byte ---- */

static void three_longs_are_these_bytes(void **state)
{
    static const dwi_field fields[] = {FIELD("a", &long_type, false, -1)};
    static const dwi_type type = ROW(fields);
    const int64_t values[] = {1, 2, 3};
    const dwi_vec column = {.type = &long_type, .length = 3, .values = values};
    const dwi_parquet_write_options opts = {0};
    memory_file file;
    dwi_parquet_writer *w = open_writer(&type, &opts, &file);

    (void)state;
    append(w, &type, &column);
    finish(w);
    DWT_BYTES(file.bytes.data, file.bytes.len,            /* */
              'P', 'A', 'R', '1',                         /* */
              0x15, 0x00, 0x15, 0x30, 0x15, 0x30,         /* data page, 24 bytes, 24 bytes */
              0x2C, 0x15, 0x06, 0x15, 0x00,               /* 3 values, PLAIN */
              0x15, 0x06, 0x15, 0x06, 0x00, 0x00,         /* levels by RLE */
              1, 0, 0, 0, 0, 0, 0, 0,                     /* */
              2, 0, 0, 0, 0, 0, 0, 0,                     /* */
              3, 0, 0, 0, 0, 0, 0, 0,                     /* */
              0x19, 0x11, 0x02,                           /* column index: not all null */
              0x19, 0x18, 8, 1, 0, 0, 0, 0, 0, 0, 0,      /* min */
              0x19, 0x18, 8, 3, 0, 0, 0, 0, 0, 0, 0,      /* max */
              0x15, 0x02, 0x19, 0x16, 0x00, 0x00,         /* ascending, no nulls */
              0x19, 0x1C, 0x16, 0x08, 0x15, 0x52,         /* offset index: at 4, 41 bytes */
              0x16, 0x00, 0x00, 0x00,                     /* first row 0 */
              0x15, 0x04,                                 /* version 2 */
              0x19, 0x2C,                                 /* two schema elements */
              0x48, 6, 's', 'c', 'h', 'e', 'm', 'a',      /* */
              0x15, 0x02, 0x00,                           /* one child */
              0x15, 0x04, 0x25, 0x00, 0x18, 1, 'a', 0x00, /* INT64, required */
              0x16, 0x06,                                 /* three rows */
              0x19, 0x1C, 0x19, 0x1C, 0x26, 0x00, 0x1C,   /* one row group of one chunk */
              0x15, 0x04, 0x19, 0x25, 0x00, 0x06,         /* INT64, PLAIN and RLE */
              0x19, 0x18, 1, 'a', 0x15, 0x00,             /* path, uncompressed */
              0x16, 0x06, 0x16, 0x52, 0x16, 0x52,         /* 3 values, 41 bytes, 41 bytes */
              0x26, 0x08,                                 /* data at 4 */
              0x3C, 0x36, 0x00,                           /* statistics: no nulls */
              0x28, 8, 3, 0, 0, 0, 0, 0, 0, 0,            /* max */
              0x18, 8, 1, 0, 0, 0, 0, 0, 0, 0,            /* min */
              0x11, 0x11, 0x00,                           /* both exact */
              0x19, 0x1C, 0x15, 0x00, 0x15, 0x00,         /* one data page in PLAIN */
              0x15, 0x02, 0x00, 0x00,                     /* */
              0x16, 0x98, 0x01, 0x15, 0x14,               /* offset index at 76, 10 bytes */
              0x16, 0x5A, 0x15, 0x3E, 0x00,               /* column index at 45, 31 bytes */
              0x16, 0x52, 0x16, 0x06, 0x26, 0x08,         /* 41 bytes, 3 rows, at 4 */
              0x16, 0x52, 0x14, 0x00, 0x00,               /* 41 bytes, the first */
              0x28, 41, 'l', 'i', 'b', 'd', 'e', 'l', 't', 'a', 'w', 'r', 'i', 't', 'e', ' ', 'v',
              'e', 'r', 's', 'i', 'o', 'n', ' ', '0', '.', '1', '.', '0', ' ', '(', 'b', 'u', 'i',
              'l', 'd', ' ', '0', '.', '1', '.', '0', ')', 0x19, 0x1C, 0x1C, 0x00, 0x00,
              0x00, /* TYPE_ORDER */
              158, 0, 0, 0, 'P', 'A', 'R', '1');
    DWT_EQ(dwi_parquet_writer_file_bytes(w), file.bytes.len);
    dwi_parquet_writer_free(w);
    dwi_buf_done(&file.bytes);
}

static void nulls_and_dictionary_indices_are_these_bytes(void **state)
{
    static const dwi_field fields[] = {FIELD("s", &string_type, true, 7)};
    static const dwi_type type = ROW(fields);
    const uint8_t valid[] = {0xFD, 0x03};
    const int32_t offsets[] = {0, 4, 4, 8, 12, 16, 20, 24, 28, 32, 36};
    const uint8_t data[] = "onceonceoncetwo!onceonceonceonceonce";
    const dwi_vec column = {
        .type = &string_type, .length = 10, .validity = valid, .offsets = offsets, .data = data};
    const dwi_parquet_write_options opts = {0};
    memory_file file;
    dwi_parquet_writer *w = open_writer(&type, &opts, &file);

    (void)state;
    append(w, &type, &column);
    finish(w);
    DWT_BYTES(file.bytes.data, 4 + 13 + 16 + 17 + 11 + 1,           /* */
              'P', 'A', 'R', '1',                                   /* */
              0x15, 0x04, 0x15, 0x20, 0x15, 0x20,                   /* dictionary page, 16 bytes */
              0x4C, 0x15, 0x04, 0x15, 0x00, 0x00, 0x00,             /* 2 values, PLAIN */
              4, 0, 0, 0, 'o', 'n', 'c', 'e',                       /* */
              4, 0, 0, 0, 't', 'w', 'o', '!',                       /* */
              0x15, 0x00, 0x15, 0x16, 0x15, 0x16,                   /* data page, 11 bytes */
              0x2C, 0x15, 0x14, 0x15, 0x10, 0x15, 0x06, 0x15, 0x06, /* 10 entries, RLE_DICTIONARY */
              0x00, 0x00,                                           /* */
              3, 0, 0, 0, 0x05, 0xFD, 0x03, /* definition levels, two groups */
              1, 0x05, 0x08, 0x00,          /* width 1: nine values in two groups */
              0x19);                        /* the column index begins */
    dwi_parquet_writer_free(w);
    dwi_buf_done(&file.bytes);
}

/* ---- the column index, read back ---- */

enum { MAX_PAGES = 64 };

typedef struct column_index {
    size_t pages;
    bool null_pages[MAX_PAGES];
    dwi_sv min[MAX_PAGES];
    dwi_sv max[MAX_PAGES];
    int32_t order;
    int64_t null_counts[MAX_PAGES];
} column_index;

static void read_bounds(dwi_tr *r, int16_t id, dwi_sv *out)
{
    dwi_thrift_type element;
    size_t n = dwi_tr_list(r, seek_field(r, id), &element);

    for (size_t i = 0; i < n && i < MAX_PAGES; i++)
        out[i] = dwi_tr_binary(r, element);
}

static bool read_column_index(const memory_file *file, size_t column, column_index *out)
{
    dwi_thrift_type element, type;
    int64_t offset = -1;
    int32_t len = 0;
    int16_t id;
    dwi_tr r;

    open_chunk(file, 0, column, &r);
    while (dwi_tr_field(&r, &id, &type)) {
        if (id == 6)
            offset = dwi_tr_i64(&r, type);
        else if (id == 7)
            len = dwi_tr_i32(&r, type);
        else
            dwi_tr_skip(&r, type);
    }
    if (offset < 0)
        return false;
    dwi_tr_begin(&r, file->bytes.data + offset, (size_t)len);
    out->pages = dwi_tr_list(&r, seek_field(&r, 1), &element);
    assert_true(out->pages <= MAX_PAGES);
    for (size_t i = 0; i < out->pages; i++)
        out->null_pages[i] = dwi_tr_element_bool(&r);
    read_bounds(&r, 2, out->min);
    read_bounds(&r, 3, out->max);
    out->order = dwi_tr_i32(&r, seek_field(&r, 4));
    DWT_EQ(dwi_tr_list(&r, seek_field(&r, 5), &element), out->pages);
    for (size_t i = 0; i < out->pages; i++)
        out->null_counts[i] = dwi_tr_i64(&r, element);
    assert_false(r.failed);
    return true;
}

/* ---- pages, order, null pages ---- */

static const dwi_parquet_write_options four_rows_a_page = {.page_rows = 4};

/* The column index of one nullable long column in pages of four. */
static void index_longs(const int64_t *values, const uint8_t *valid, int64_t n, memory_file *file,
                        column_index *out)
{
    static const dwi_field fields[] = {FIELD("a", &long_type, true, -1)};
    static const dwi_type type = ROW(fields);
    const dwi_vec column = {.type = &long_type, .length = n, .values = values, .validity = valid};
    dwi_parquet_writer *w = open_writer(&type, &four_rows_a_page, file);

    append(w, &type, &column);
    finish(w);
    assert_true(read_column_index(file, 0, out));
    dwi_parquet_writer_free(w);
}

static void boundary_order_is_what_the_pages_show(void **state)
{
    const int64_t up[] = {1, 2, 3, 4, 3, 4, 5, 6, 6, 7, 8, 9};
    const int64_t down[] = {9, 8, 7, 6, 6, 5, 4, 3, 4, 3, 2, 1};
    const int64_t mixed[] = {1, 2, 3, 4, 0, 9, 9, 9, 5, 5, 5, 5};
    memory_file file;
    column_index index;

    (void)state;
    index_longs(up, NULL, 12, &file, &index);
    DWT_EQ(index.pages, 3);
    DWT_EQ(index.order, 1);
    DWT_BYTES(index.min[1].ptr, index.min[1].len, 3, 0, 0, 0, 0, 0, 0, 0);
    DWT_BYTES(index.max[2].ptr, index.max[2].len, 9, 0, 0, 0, 0, 0, 0, 0);
    dwi_buf_done(&file.bytes);
    index_longs(down, NULL, 12, &file, &index);
    DWT_EQ(index.order, 2);
    dwi_buf_done(&file.bytes);
    index_longs(mixed, NULL, 12, &file, &index);
    DWT_EQ(index.order, 0);
    dwi_buf_done(&file.bytes);
    index_longs(up, NULL, 3, &file, &index);
    DWT_EQ(index.order, 1);
    dwi_buf_done(&file.bytes);
}

static void pages_of_nulls_have_no_bounds_and_no_say_in_the_order(void **state)
{
    const int64_t values[] = {1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8};
    const uint8_t valid[] = {0x0D, 0x0B};
    memory_file file;
    column_index index;

    (void)state;
    index_longs(values, valid, 12, &file, &index);
    DWT_EQ(index.pages, 3);
    DWT_EQ(index.order, 1);
    assert_false(index.null_pages[0]);
    assert_true(index.null_pages[1]);
    DWT_EQ(index.min[1].len, 0);
    DWT_EQ(index.max[1].len, 0);
    DWT_EQ(index.null_counts[0], 1);
    DWT_EQ(index.null_counts[1], 4);
    DWT_EQ(index.null_counts[2], 1);
    DWT_BYTES(index.min[2].ptr, index.min[2].len, 5, 0, 0, 0, 0, 0, 0, 0);
    dwi_buf_done(&file.bytes);
}

static void a_page_of_nan_takes_the_column_index_away(void **state)
{
    static const dwi_field fields[] = {FIELD("a", &double_type, false, -1)};
    static const dwi_type type = ROW(fields);
    const double values[] = {1,           (double)NAN, 3,           4,
                             (double)NAN, (double)NAN, (double)NAN, (double)NAN};
    dwi_vec column = {.type = &double_type, .length = 8, .values = values};
    dwi_parquet_writer *w;
    dwi_leaf_stats stats;
    memory_file file;
    column_index index;
    double bound;

    (void)state;
    w = open_writer(&type, &four_rows_a_page, &file);
    append(w, &type, &column);
    finish(w);
    assert_false(read_column_index(&file, 0, &index));
    dwi_parquet_writer_leaf_stats(w, 0, &stats);
    DWT_EQ(stats.nan_count, 5);
    assert_true(stats.has_bounds);
    DWT_EQ(stats.max.len, 8);
    memcpy(&bound, stats.max.data, 8);
    assert_true(bound == 4.0);
    dwi_parquet_writer_free(w);
    dwi_buf_done(&file.bytes);

    column.length = 4;
    w = open_writer(&type, &four_rows_a_page, &file);
    append(w, &type, &column);
    finish(w);
    assert_true(read_column_index(&file, 0, &index));
    dwi_parquet_writer_free(w);
    dwi_buf_done(&file.bytes);
}

/* ---- dictionaries ---- */

/* Encodings of the first row group's only chunk as a bit set, and whether it has a dictionary. */
static unsigned encodings_of(const memory_file *file, bool *has_dictionary)
{
    dwi_thrift_type element, type;
    unsigned set = 0;
    int16_t id;
    dwi_tr r;

    *has_dictionary = false;
    open_chunk(file, 0, 0, &r);
    dwi_tr_struct_begin(&r, seek_field(&r, 3));
    while (dwi_tr_field(&r, &id, &type)) {
        if (id == 13) {
            size_t n = dwi_tr_list(&r, type, &element);
            for (size_t i = 0; i < n; i++) {
                int32_t page, encoding;
                dwi_tr_struct_begin(&r, element);
                page = dwi_tr_i32(&r, seek_field(&r, 1));
                encoding = dwi_tr_i32(&r, seek_field(&r, 2));
                if (page == DWI_PARQUET_DATA_PAGE)
                    set |= 1u << encoding;
                dwi_tr_skip(&r, seek_field(&r, 3));
                assert_false(dwi_tr_field(&r, &id, &type));
                dwi_tr_struct_end(&r);
            }
        } else {
            *has_dictionary = *has_dictionary || id == 11;
            dwi_tr_skip(&r, type);
        }
    }
    assert_false(r.failed);
    return set;
}

static unsigned encodings_of_longs(const int64_t *values, int64_t n,
                                   const dwi_parquet_write_options *opts, bool *has_dictionary)
{
    static const dwi_field fields[] = {FIELD("a", &long_type, true, -1)};
    static const dwi_type type = ROW(fields);
    const dwi_vec column = {.type = &long_type, .length = n, .values = values};
    memory_file file;
    dwi_parquet_writer *w = open_writer(&type, opts, &file);
    unsigned set;

    append(w, &type, &column);
    finish(w);
    set = encodings_of(&file, has_dictionary);
    dwi_parquet_writer_free(w);
    dwi_buf_done(&file.bytes);
    return set;
}

static void a_dictionary_stays_only_while_it_pays(void **state)
{
    enum { N = 10000 };
    static int64_t values[N];
    const dwi_parquet_write_options opts = {.page_rows = 1000, .dictionary_bytes = 800};
    bool has_dictionary;

    (void)state;
    for (int64_t i = 0; i < N; i++)
        values[i] = i % 90;
    DWT_EQ(encodings_of_longs(values, N, &opts, &has_dictionary), 1u << DWI_PARQUET_RLE_DICTIONARY);
    assert_true(has_dictionary);
    for (int64_t i = 0; i < N; i++)
        values[i] = i; /* the first page shows that it does not pay */
    DWT_EQ(encodings_of_longs(values, N, &opts, &has_dictionary), 1u << DWI_PARQUET_PLAIN);
    assert_false(has_dictionary);
    for (int64_t i = 0; i < N; i++)
        values[i] = i < 3000 ? i % 90 : i; /* too large from the fourth page on */
    DWT_EQ(encodings_of_longs(values, N, &opts, &has_dictionary),
           1u << DWI_PARQUET_RLE_DICTIONARY | 1u << DWI_PARQUET_PLAIN);
    assert_true(has_dictionary);
}

static void sorted_numbers_have_no_dictionary_where_pages_are_compressed(void **state)
{
    enum { N = 10000 };
    static int64_t values[N];
    dwi_parquet_write_options opts = {.page_rows = 1000, .codec = DWI_CODEC_ZSTD};
    bool has_dictionary;

    (void)state;
    for (int64_t i = 0; i < N; i++)
        values[i] = i / 4 * 32;
    DWT_EQ(encodings_of_longs(values, N, &opts, &has_dictionary), 1u << DWI_PARQUET_PLAIN);
    assert_false(has_dictionary);
    opts.codec = DWI_CODEC_UNCOMPRESSED;
    DWT_EQ(encodings_of_longs(values, N, &opts, &has_dictionary), 1u << DWI_PARQUET_RLE_DICTIONARY);
    opts.codec = DWI_CODEC_ZSTD;
    for (int64_t i = 0; i < N; i++)
        values[i] = i / 200; /* few of them: indices are a matter of runs */
    DWT_EQ(encodings_of_longs(values, N, &opts, &has_dictionary), 1u << DWI_PARQUET_RLE_DICTIONARY);
}

static void bare_numbers_may_repeat_beyond_the_limit_where_that_will_have_paid(void **state)
{
    enum { N = 40000, LIMIT = 8000 };
    static int64_t values[N];
    dwi_parquet_write_options opts = {.page_rows = 1000, .dictionary_bytes = LIMIT};
    uint32_t random = 1;
    bool has_dictionary;

    (void)state;
    for (int64_t i = 0; i < N; i++) { /* of 2000, twice what the limit allows */
        random = random * 1664525 + 1013904223;
        values[i] = (random >> 8) % 2000;
    }
    DWT_EQ(encodings_of_longs(values, N, &opts, &has_dictionary), 1u << DWI_PARQUET_RLE_DICTIONARY);
    opts.codec = DWI_CODEC_SNAPPY;
    DWT_EQ(encodings_of_longs(values, N, &opts, &has_dictionary) & 1u << DWI_PARQUET_PLAIN,
           1u << DWI_PARQUET_PLAIN);
    opts.codec = DWI_CODEC_UNCOMPRESSED;
    for (int64_t i = 0; i < N; i++) { /* of 8000, more than anything allows */
        random = random * 1664525 + 1013904223;
        values[i] = (random >> 8) % 8000;
    }
    DWT_EQ(encodings_of_longs(values, N, &opts, &has_dictionary), 1u << DWI_PARQUET_PLAIN);
    for (int64_t i = 0; i < N; i++)
        values[i] = i / 2; /* repeated, but not again */
    DWT_EQ(encodings_of_longs(values, N, &opts, &has_dictionary) & 1u << DWI_PARQUET_PLAIN,
           1u << DWI_PARQUET_PLAIN);
}

/* ---- row groups and memory ---- */

static void row_groups_close_by_rows_and_by_bytes(void **state)
{
    enum { N = 50000 };
    static int64_t values[N];
    static const dwi_field fields[] = {FIELD("a", &long_type, false, -1)};
    static const dwi_type type = ROW(fields);
    const dwi_vec column = {.type = &long_type, .length = N, .values = values};
    const dwi_parquet_write_options by_rows = {.row_group_rows = 20000};
    const dwi_parquet_write_options by_bytes = {.row_group_bytes = 100000, .page_rows = 1000};
    memory_file file;
    dwi_parquet_writer *w;

    (void)state;
    fill_random(values, N);
    w = open_writer(&type, &by_rows, &file);
    append(w, &type, &column);
    finish(w);
    DWT_EQ(count_row_groups(&file), 3);
    DWT_EQ(dwi_parquet_writer_rows(w), N);
    dwi_parquet_writer_free(w);
    dwi_buf_done(&file.bytes);
    w = open_writer(&type, &by_bytes, &file);
    append(w, &type, &column);
    finish(w);
    DWT_EQ(count_row_groups(&file), 4); /* 13 pages of 8 kB each */
    dwi_parquet_writer_free(w);
    dwi_buf_done(&file.bytes);
}

static void buffered_bytes_are_what_was_allocated(void **state)
{
    enum { N = 5000 };
    static int64_t values[N];
    static const dwi_field fields[] = {FIELD("a", &long_type, false, -1),
                                       FIELD("b", &long_type, true, -1)};
    static const dwi_type type = ROW(fields);
    dwi_vec columns[2] = {{.type = &long_type, .length = N, .values = values},
                          {.type = &long_type, .length = N, .values = values}};
    dwi_vec rows = {.type = &type, .length = N, .n_children = 2, .children = columns};
    const dwi_parquet_write_options opts = {.row_group_bytes = 400000};
    dwi_parquet_writer *w = NULL;
    memory_file file;
    dwt_alloc a;

    (void)state;
    fill_random(values, N);
    memory_file_init(&file);
    dwt_alloc_init(&a);
    DWT_OK(dwi_parquet_writer_new(&a.base, &type, &opts, (dwi_parquet_sink){&file, to_memory}, &w,
                                  NULL),
           NULL);
    for (int i = 0; i < 30; i++) {
        int64_t buffered;
        DWT_OK(dwi_parquet_writer_append(w, &rows, NULL), NULL);
        buffered = dwi_parquet_writer_buffered_bytes(w);
        assert_true(buffered >= a.live_bytes - 2048 && buffered <= a.live_bytes + 2048);
    }
    assert_true(a.peak_bytes < 1500000); /* 2.4 MB went through */
    dwi_parquet_writer_free(w);
    dwt_alloc_done(&a);
    dwi_buf_done(&file.bytes);
}

static void small_batches_give_the_same_file_as_one_large_one(void **state)
{
    enum { N = 30000 };
    static int64_t values[N];
    static uint8_t valid[N / 8];
    static const dwi_field fields[] = {FIELD("a", &long_type, true, -1)};
    static const dwi_type type = ROW(fields);
    dwi_vec column = {.type = &long_type, .length = N, .values = values, .validity = valid};
    const dwi_parquet_write_options opts = {.codec = DWI_CODEC_ZSTD, .row_group_rows = 25000};
    memory_file whole, parts;
    dwi_parquet_writer *w;

    (void)state;
    fill_random(values, N);
    memcpy(valid, values, sizeof(valid));
    w = open_writer(&type, &opts, &whole);
    append(w, &type, &column);
    finish(w);
    dwi_parquet_writer_free(w);
    w = open_writer(&type, &opts, &parts);
    for (column.length = 100; column.offset < N; column.offset += 100)
        append(w, &type, &column);
    finish(w);
    dwi_parquet_writer_free(w);
    DWT_EQ(whole.bytes.len, parts.bytes.len);
    assert_memory_equal(whole.bytes.data, parts.bytes.data, whole.bytes.len);
    dwi_buf_done(&whole.bytes);
    dwi_buf_done(&parts.bytes);
}

/* ---- statistics of leaves ---- */

static void leaf_statistics_cover_the_file_in_the_columns_own_form(void **state)
{
    static const dwi_type decimal_type = {.kind = DWI_DECIMAL, .precision = 20, .scale = 2};
    static const dwi_type byte_type = {.kind = DWI_BYTE};
    static const dwi_field fields[] = {
        FIELD("flag", &bool_type, true, -1), FIELD("none", &void_type, true, -1),
        FIELD("tiny", &byte_type, false, -1), FIELD("money", &decimal_type, false, -1),
        FIELD("text", &string_type, true, -1)};
    static const dwi_type type = ROW(fields);
    const uint8_t flags[] = {0x0F};
    const uint8_t flags_valid[] = {0x09};
    const int8_t tiny[] = {-5, 0, 100, 7};
    const uint64_t money[] = {1, 0, (uint64_t)-9, UINT64_MAX, 5, 0, 0, 1};
    const uint8_t text_valid[] = {0x00};
    const int32_t offsets[] = {0, 0, 0, 0, 0};
    const dwi_vec columns[] = {
        {.type = &bool_type, .length = 4, .values = flags, .validity = flags_valid},
        {.type = &void_type, .length = 4},
        {.type = &byte_type, .length = 4, .values = tiny},
        {.type = &decimal_type, .length = 4, .values = money},
        {.type = &string_type, .length = 4, .offsets = offsets, .validity = text_valid}};
    const dwi_vec rows = {.type = &type, .length = 4, .n_children = 5, .children = columns};
    const dwi_parquet_write_options opts = {.row_group_rows = 1};
    memory_file file;
    dwi_parquet_writer *w = open_writer(&type, &opts, &file);
    dwi_leaf_stats stats;

    (void)state;
    DWT_OK(dwi_parquet_writer_append(w, &rows, NULL), NULL);
    finish(w);
    DWT_EQ(dwi_parquet_writer_leaves(w), 4);
    dwi_parquet_writer_leaf_stats(w, 0, &stats);
    DWT_EQ(stats.null_count, 2);
    assert_true(stats.has_bounds && !stats.repeated && stats.type == &bool_type);
    DWT_BYTES(stats.min.data, stats.min.len, 1);
    DWT_BYTES(stats.max.data, stats.max.len, 1);
    dwi_parquet_writer_leaf_stats(w, 1, &stats);
    DWT_BYTES(stats.min.data, stats.min.len, 0xFB);
    DWT_BYTES(stats.max.data, stats.max.len, 100);
    dwi_parquet_writer_leaf_stats(w, 2, &stats);
    DWT_BYTES(stats.min.data, stats.min.len, 0xF7, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
              0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF);
    DWT_BYTES(stats.max.data, stats.max.len, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
    dwi_parquet_writer_leaf_stats(w, 3, &stats);
    DWT_EQ(stats.null_count, 4);
    assert_false(stats.has_bounds);
    dwi_parquet_writer_free(w);
    dwi_buf_done(&file.bytes);
}

static void void_fields_of_structs_have_no_column(void **state)
{
    static const dwi_field inner_field[] = {FIELD("n", &void_type, true, -1),
                                            FIELD("a", &long_type, true, -1)};
    static const dwi_type inner = {.kind = DWI_STRUCT, .n_fields = 2, .fields = inner_field};
    static const dwi_field fields[] = {FIELD("v", &void_type, true, -1),
                                       FIELD("s", &inner, true, -1)};
    static const dwi_type row = ROW(fields);
    dwi_parquet_write_options opts = {0};
    dwi_parquet_writer *w = NULL;
    dw_error err = DW_ERROR_INIT;
    dwi_parquet_sink sink = {NULL, to_memory};

    (void)state;
    DWT_OK(dwi_parquet_writer_new(dwi_alloc_default(), &row, &opts, sink, &w, &err), &err);
    DWT_EQ(dwi_parquet_writer_leaves(w), 1);
    dwi_parquet_writer_free(w);
    opts.keep_void = true;
    DWT_OK(dwi_parquet_writer_new(dwi_alloc_default(), &row, &opts, sink, &w, &err), &err);
    DWT_EQ(dwi_parquet_writer_leaves(w), 3);
    dwi_parquet_writer_free(w);
}

/* ---- refusals and failures ---- */

static void types_without_a_parquet_form_are_named(void **state)
{
    static const dwi_type empty = {.kind = DWI_STRUCT};
    static const dwi_field list_field[] = {FIELD("element", &void_type, true, -1)};
    static const dwi_type list = {.kind = DWI_ARRAY, .n_fields = 1, .fields = list_field};
    static const dwi_field empty_field[] = {FIELD("box", &empty, true, -1)};
    static const dwi_field void_field[] = {FIELD("many", &list, true, -1)};
    static const dwi_type with_empty = ROW(empty_field);
    static const dwi_type with_void = ROW(void_field);
    static const dwi_field long_field[] = {FIELD("a", &long_type, true, -1)};
    static const dwi_type with_long = ROW(long_field);
    static const dwi_field hollow_field[] = {FIELD("n", &void_type, true, -1)};
    static const dwi_type hollow = {.kind = DWI_STRUCT, .n_fields = 1, .fields = hollow_field};
    static const dwi_field outer_field[] = {FIELD("shell", &hollow, true, -1)};
    static const dwi_type with_hollow = ROW(outer_field);
    const dwi_parquet_write_options opts = {0};
    const dwi_parquet_write_options lzo = {.codec = DWI_CODEC_LZO};
    dwi_parquet_writer *w = NULL;
    dw_error err = DW_ERROR_INIT;
    dwi_parquet_sink sink = {NULL, to_memory};

    (void)state;
    DWT_ERR(dwi_parquet_writer_new(dwi_alloc_default(), &with_empty, &opts, sink, &w, &err), &err,
            DW_E_UNSUPPORTED, "column box");
    DWT_ERR(dwi_parquet_writer_new(dwi_alloc_default(), &with_void, &opts, sink, &w, &err), &err,
            DW_E_UNSUPPORTED, "column many.list.element: void");
    DWT_ERR(dwi_parquet_writer_new(dwi_alloc_default(), &with_hollow, &opts, sink, &w, &err), &err,
            DW_E_UNSUPPORTED, "column shell");
    DWT_ERR(dwi_parquet_writer_new(dwi_alloc_default(), &with_long, &lzo, sink, &w, &err), &err,
            DW_E_UNSUPPORTED, "LZO");
    assert_null(w);
}

static const dwi_field sweep_list_field[] = {FIELD("element", &string_type, true, 3)};
static const dwi_type sweep_list = {.kind = DWI_ARRAY, .n_fields = 1, .fields = sweep_list_field};
static const dwi_field sweep_fields[] = {FIELD("a", &long_type, true, 1),
                                         FIELD("b", &sweep_list, true, 2)};
static const dwi_type sweep_type = ROW(sweep_fields);

/* Two row groups of a long and a list of strings, with nulls, dictionaries and PLAIN pages. */
static dw_status write_some(const dw_allocator *alloc, const dwi_parquet_write_options *more,
                            memory_file *file, dw_error *err)
{
    enum { N = 300 };
    static int64_t values[N];
    static uint8_t valid[N / 8 + 1];
    static int32_t offsets[N + 1];
    static int32_t text_offsets[2 * N + 1];
    static uint8_t text[8 * N];
    const dw_property pair = {"key", "value"};
    dwi_parquet_write_options opts = *more;
    const dwi_vec element = {
        .type = &string_type, .length = 2 * N, .offsets = text_offsets, .data = text};
    const dwi_vec columns[] = {
        {.type = &long_type, .length = N, .values = values, .validity = valid},
        {.type = &sweep_list,
         .length = N,
         .offsets = offsets,
         .n_children = 1,
         .children = &element}};
    const dwi_vec rows = {.type = &sweep_type, .length = N, .n_children = 2, .children = columns};
    dwi_parquet_writer *w = NULL;
    dw_status status;

    opts.codec = DWI_CODEC_SNAPPY;
    opts.page_rows = 50;
    opts.row_group_rows = 200;
    opts.dictionary_bytes = 400;
    opts.metadata = &pair;
    opts.n_metadata = 1;
    for (int32_t i = 0; i < N; i++) {
        values[i] = i % 7;
        offsets[i + 1] = 2 * (i + 1);
    }
    for (int32_t i = 0; i < 2 * N; i++)
        text_offsets[i + 1] = 4 * (i + 1);
    memset(valid, 0xB7, sizeof(valid));
    fill_random((int64_t *)(void *)text, sizeof(text) / 8);
    DWI_TRY(dwi_parquet_writer_new(alloc, &sweep_type, &opts, (dwi_parquet_sink){file, to_memory},
                                   &w, err));
    DWI_TRY(dwi_parquet_writer_append(w, &rows, err));
    DWI_TRY(dwi_parquet_writer_finish(w, err));
done:
    dwi_parquet_writer_free(w);
    return status;
}

static dw_status write_for_sweep(const dw_allocator *alloc, void *ctx)
{
    memory_file file;
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    memory_file_init(&file);
    status = write_some(alloc, ctx, &file, &err);
    dwi_buf_done(&file.bytes);
    return status;
}

static void every_failed_allocation_is_told(void **state)
{
    static const dwi_parquet_column_options columns[] = {
        {.path = "a",
         .encoding = DWI_PARQUET_CHOOSE_DELTA_BINARY_PACKED,
         .dictionary = DWI_PARQUET_ON},
        {.path = "b", .encoding = DWI_PARQUET_CHOOSE_DELTA_BYTE_ARRAY}};
    static const dwi_parquet_sorting_column sorting = {"a", true, true};
    dwi_parquet_write_options conservative = {0};
    dwi_parquet_write_options every = {.page_version = 2,
                                       .page_checksums = true,
                                       .bloom_filters = true,
                                       .columns = columns,
                                       .n_columns = 2,
                                       .sorting = &sorting,
                                       .n_sorting = 1};

    (void)state;
    dwt_alloc_sweep(write_for_sweep, &conservative);
    dwt_alloc_sweep(write_for_sweep, &every);
}

static void every_failed_write_is_told(void **state)
{
    const dwi_parquet_write_options opts = {.bloom_filters = true};
    memory_file file;
    dw_error err = DW_ERROR_INIT;
    size_t whole;

    (void)state;
    memory_file_init(&file);
    DWT_OK(write_some(dwi_alloc_default(), &opts, &file, &err), &err);
    whole = file.bytes.len;
    dwi_buf_done(&file.bytes);
    for (size_t n = 0; n < whole; n += 97) {
        memory_file_init(&file);
        file.fail_after = (int64_t)n;
        DWT_ERR(write_some(dwi_alloc_default(), &opts, &file, &err), &err, DW_E_IO, "disk: full");
        dwi_buf_done(&file.bytes);
    }
}

static void an_empty_file_has_a_schema_and_no_row_group(void **state)
{
    const dwi_parquet_write_options opts = {0};
    memory_file file;
    dwi_parquet_writer *w = open_writer(&sweep_type, &opts, &file);
    dwi_leaf_stats stats;

    (void)state;
    finish(w);
    DWT_EQ(count_row_groups(&file), 0);
    assert_memory_equal(file.bytes.data, "PAR1", 4);
    assert_memory_equal(file.bytes.data + file.bytes.len - 4, "PAR1", 4);
    dwi_parquet_writer_leaf_stats(w, 1, &stats);
    assert_true(stats.repeated && !stats.has_bounds);
    dwi_parquet_writer_free(w);
    dwi_buf_done(&file.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_longs_are_these_bytes),
        cmocka_unit_test(nulls_and_dictionary_indices_are_these_bytes),
        cmocka_unit_test(boundary_order_is_what_the_pages_show),
        cmocka_unit_test(pages_of_nulls_have_no_bounds_and_no_say_in_the_order),
        cmocka_unit_test(a_page_of_nan_takes_the_column_index_away),
        cmocka_unit_test(a_dictionary_stays_only_while_it_pays),
        cmocka_unit_test(sorted_numbers_have_no_dictionary_where_pages_are_compressed),
        cmocka_unit_test(bare_numbers_may_repeat_beyond_the_limit_where_that_will_have_paid),
        cmocka_unit_test(row_groups_close_by_rows_and_by_bytes),
        cmocka_unit_test(buffered_bytes_are_what_was_allocated),
        cmocka_unit_test(small_batches_give_the_same_file_as_one_large_one),
        cmocka_unit_test(leaf_statistics_cover_the_file_in_the_columns_own_form),
        cmocka_unit_test(void_fields_of_structs_have_no_column),
        cmocka_unit_test(types_without_a_parquet_form_are_named),
        cmocka_unit_test(every_failed_allocation_is_told),
        cmocka_unit_test(every_failed_write_is_told),
        cmocka_unit_test(an_empty_file_has_a_schema_and_no_row_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
