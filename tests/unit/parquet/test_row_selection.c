/* SPDX-License-Identifier: Apache-2.0 */
/* Which rows and bytes of a file are read: ranges of rows, merged requests, page indexes, Bloom
 * filters. What other writers' files give is for tests/interop. */
#include "harness.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/le.h"
#include "check_column.h"
#include "codec/xxhash64.h"
#include "parquet/bloom_block.h"
#include "parquet/file_view.h"
#include "parquet/memory_budget.h"
#include "parquet/page_index_read.h"
#include "parquet/parquet_reader.h"
#include "parquet/parquet_writer.h"
#include "parquet/row_ranges.h"

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__})

enum { ROWS = 3000, GROUP_ROWS = 1000 };

typedef struct memory_file {
    dwi_buf bytes;
    int reads;
    int64_t read_bytes;
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
    file->read_bytes += (int64_t)len;
    assert_true(offset >= 0 && (size_t)offset + len <= file->bytes.len);
    memcpy(out, file->bytes.data + offset, len);
    return DW_OK;
}

static dwi_parquet_source source_of(memory_file *file)
{
    return (dwi_parquet_source){file, (int64_t)file->bytes.len, "a.parquet", read_memory};
}

static const dwi_type long_type = {.kind = DWI_LONG};
static const dwi_type string_type = {.kind = DWI_STRING};
static const dwi_field fields[] = {
    {.name = {"n", 1}, .type = &long_type, .field_id = -1, .metadata_json = {"{}", 2}},
    {.name = {"s", 1},
     .type = &string_type,
     .nullable = true,
     .field_id = -1,
     .metadata_json = {"{}", 2}},
};
static const dwi_type row_type = {.kind = DWI_STRUCT, .n_fields = 2, .fields = fields};

/* n counts, s is null in every third row. */
static void make_file(memory_file *file)
{
    dwi_parquet_write_options options = {.row_group_rows = GROUP_ROWS};
    dwi_parquet_writer *writer = NULL;
    dwi_column rows = {0};
    dwi_arena arena;
    dw_error err;

    memset(file, 0, sizeof(*file));
    dwi_buf_init(&file->bytes, dwi_alloc_default());
    dwi_arena_init(&arena, dwi_alloc_default());
    DWT_OK(dwi_column_init(&rows, &row_type, dwi_alloc_default(), &err), &err);
    for (int64_t i = 0; i < ROWS; i++) {
        char text[40];
        int len = snprintf(text, sizeof(text), "row number %lld", (long long)i);
        DWT_OK(dwi_column_append_fixed(&rows.children[0], &i, &err), &err);
        if (i % 3 == 0)
            DWT_OK(dwi_column_append_null(&rows.children[1], &err), &err);
        else
            DWT_OK(dwi_column_append_bytes(&rows.children[1], text, (size_t)len, &err), &err);
        rows.length++;
    }
    DWT_OK(dwi_parquet_writer_new(dwi_alloc_default(), &row_type, &options,
                                  (dwi_parquet_sink){file, write_memory}, &writer, &err),
           &err);
    DWT_OK(dwi_parquet_writer_append(writer, dwi_column_view(&rows, &arena), &err), &err);
    DWT_OK(dwi_parquet_writer_finish(writer, &err), &err);
    dwi_parquet_writer_free(writer);
    dwi_column_done(&rows);
    dwi_arena_done(&arena);
}

static int64_t first_number(const dwi_column *batch)
{
    return (int64_t)dwi_le64(batch->children[0].values.data);
}

typedef struct selection {
    memory_file *file;
    int64_t first;
    int64_t count;
    const dwi_comparison *comparisons;
    size_t n_comparisons;
    int64_t rows;      /* read */
    int64_t first_got; /* the number of the first of them, -1: none */
} selection;

static dw_status read_selected(const dw_allocator *alloc, void *ctx)
{
    selection *s = ctx;
    dwi_parquet_reader *reader = NULL;
    dwi_column batch = {0};
    dw_error err = {0};
    dw_status status;

    s->rows = 0;
    s->first_got = -1;
    DWI_TRY(dwi_parquet_reader_open(alloc, source_of(s->file), &reader, &err));
    dwi_parquet_reader_select_rows(reader, s->first, s->count);
    if (s->n_comparisons > 0)
        DWI_TRY(dwi_parquet_reader_filter(reader, s->comparisons, s->n_comparisons, &err));
    DWI_TRY(dwi_column_init(&batch, dwi_parquet_reader_type(reader), alloc, &err));
    do {
        DWI_TRY(dwi_parquet_reader_next(reader, 333, &batch, &err));
        assert_null(dwt_check_column(&batch));
        if (batch.length > 0) {
            DWT_EQ(first_number(&batch), dwi_parquet_reader_row(reader));
            s->first_got = s->first_got < 0 ? first_number(&batch) : s->first_got;
        }
        s->rows += batch.length;
    } while (batch.length > 0);
done:
    dwi_column_done(&batch);
    dwi_parquet_reader_free(reader);
    return status;
}

static void rows_are_those_of_the_range_across_row_groups(void **state)
{
    static const int64_t ranges[][2] = {{0, 1}, {999, 2}, {1500, 1000}, {2999, 1}, {0, 3000}};
    memory_file file;

    (void)state;
    make_file(&file);
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        selection s = {.file = &file, .first = ranges[i][0], .count = ranges[i][1]};
        DWT_EQ(read_selected(dwi_alloc_default(), &s), DW_OK);
        DWT_EQ(s.rows, ranges[i][1]);
        DWT_EQ(s.first_got, ranges[i][0]);
    }
    selection none = {.file = &file, .first = 3000, .count = 5};
    DWT_EQ(read_selected(dwi_alloc_default(), &none), DW_OK);
    DWT_EQ(none.rows, 0);
    none = (selection){.file = &file, .first = 2990, .count = INT64_MAX};
    DWT_EQ(read_selected(dwi_alloc_default(), &none), DW_OK);
    DWT_EQ(none.rows, 10);
    dwi_buf_done(&file.bytes);
}

static void row_groups_that_a_filter_rules_out_are_not_read(void **state)
{
    const int64_t value = 1234;
    const dwi_sv values[] = {{(const char *)&value, sizeof(value)}};
    const dwi_comparison comparison = {DWI_SV("n"), &long_type, DWI_COMPARE_EQ, 1, values};
    memory_file file;
    selection s = {
        .file = &file, .count = INT64_MAX, .comparisons = &comparison, .n_comparisons = 1};

    (void)state;
    make_file(&file);
    DWT_EQ(read_selected(dwi_alloc_default(), &s), DW_OK);
    assert_true(s.rows >= 1 && s.rows <= GROUP_ROWS);
    assert_true(s.first_got >= 1000 && s.first_got <= value);
    dwi_buf_done(&file.bytes);
}

static void selections_survive_every_failed_allocation(void **state)
{
    const dwi_sv values[] = {{"row number 1001", 15}};
    const dwi_comparison comparison = {DWI_SV("s"), &string_type, DWI_COMPARE_GE, 1, values};
    memory_file file;
    selection s = {
        .file = &file, .first = 1100, .count = 700, .comparisons = &comparison, .n_comparisons = 1};

    (void)state;
    make_file(&file);
    dwt_alloc_sweep(read_selected, &s);
    assert_true(s.rows > 0);
    dwi_buf_done(&file.bytes);
}

static void ranges_close_to_each_other_are_read_together(void **state)
{
    memory_file memory = {.reads = 0};
    dwi_file_view view;
    dwi_footer_range near[] = {{300000, 10}, {100, 50}, {120, 1000}, {40000, 10}, {0, 0}};
    const uint8_t *data = NULL;
    uint8_t byte;
    dw_error err;

    (void)state;
    dwi_buf_init(&memory.bytes, dwi_alloc_default());
    for (int i = 0; i < 400000; i++)
        dwi_buf_append_byte(&memory.bytes, (uint8_t)(i % 251));
    dwi_file_view_init(&view, source_of(&memory), dwi_alloc_default());
    view.tail = (dwi_file_part){memory.bytes.data + 390000, 390000, 10000};
    DWT_OK(dwi_file_view_hold(&view, near, 5, &err), &err);
    DWT_EQ(memory.reads, 2);
    DWT_EQ(memory.read_bytes, 40010 - 100 + 10);
    DWT_EQ(dwi_file_view_have(&view, 99, &data), 0);
    DWT_EQ(dwi_file_view_have(&view, 200, &data), 40010 - 200);
    DWT_EQ(data[0], 200);
    DWT_EQ(dwi_file_view_have(&view, 300009, &data), 1);
    DWT_EQ(dwi_file_view_have(&view, 300010, &data), 0);
    DWT_EQ(dwi_file_view_have(&view, 399999, &data), 1);
    DWT_OK(dwi_file_view_read(&view, 5, 1, &byte, &err), &err);
    DWT_EQ(byte, 5);
    DWT_EQ(memory.reads, 3);
    dwi_file_view_done(&view);
    dwi_buf_done(&memory.bytes);
}

static void sets_of_rows_intersect(void **state)
{
    dwi_row_ranges a;
    dwi_row_ranges b;
    dwi_row_ranges both;
    dwi_arena arena;

    (void)state;
    dwi_arena_init(&arena, dwi_alloc_default());
    assert_true(dwi_row_ranges_init(&a, &arena, 3) && dwi_row_ranges_init(&b, &arena, 2) &&
                dwi_row_ranges_init(&both, &arena, 5));
    dwi_row_ranges_add(&a, 0, 10);
    dwi_row_ranges_add(&a, 10, 20); /* touches: one range */
    dwi_row_ranges_add(&a, 30, 30); /* empty */
    dwi_row_ranges_add(&a, 40, 50);
    DWT_EQ(a.n, 2);
    dwi_row_ranges_add(&b, 15, 45);
    dwi_row_ranges_add(&b, 49, 60);
    dwi_row_ranges_intersect(&a, &b, &both);
    DWT_EQ(both.n, 3);
    DWT_EQ(both.items[0].first, 15);
    DWT_EQ(both.items[0].end, 20);
    DWT_EQ(both.items[1].first, 40);
    DWT_EQ(both.items[1].end, 45);
    DWT_EQ(both.items[2].first, 49);
    DWT_EQ(both.items[2].end, 50);
    assert_true(dwi_row_ranges_touch(&both, 19, 30));
    assert_false(dwi_row_ranges_touch(&both, 20, 40));
    dwi_arena_done(&arena);
}

static void page_indexes_are_read_from_their_bytes(void **state)
{
    const dwi_footer_chunk chunk = {.offset = 4, .bytes = 100};
    dwi_offset_index pages;
    dwi_column_index bounds;
    dwi_arena arena;
    dw_error err;

    (void)state;
    dwi_arena_init(&arena, dwi_alloc_default());
    /* pages at 4 and 54, of 50 bytes, from rows 0 and 7 */
    DWT_OK(dwi_offset_index_read(&arena,
                                 BYTES(0x19, 0x2C, 0x16, 0x08, 0x15, 0x64, 0x16, 0x00, 0x00, 0x16,
                                       0x6C, 0x15, 0x64, 0x16, 0x0E, 0x00, 0x00),
                                 &chunk, 10, &pages, &err),
           &err);
    DWT_EQ(pages.n_pages, 2);
    DWT_EQ(pages.pages[1].offset, 54);
    DWT_EQ(pages.pages[1].bytes, 50);
    DWT_EQ(dwi_page_of_row(&pages, 6), 0);
    DWT_EQ(dwi_page_of_row(&pages, 7), 1);
    DWT_EQ(dwi_page_end_row(&pages, 1, 10), 10);
    /* the second one is null as a whole; null counts 1 and 3 */
    DWT_OK(
        dwi_column_index_read(&arena,
                              BYTES(0x19, 0x21, 0x02, 0x01, 0x19, 0x28, 0x01, 'a', 0x00, 0x19, 0x28,
                                    0x01, 'b', 0x00, 0x15, 0x02, 0x19, 0x26, 0x02, 0x06, 0x00),
                              2, &bounds, &err),
        &err);
    DWT_EQ(bounds.n_pages, 2);
    DWT_EQ(bounds.null_page[0], 0);
    DWT_EQ(bounds.null_page[1], 1);
    DWT_EQ(bounds.max_values[0].ptr[0], 'b');
    DWT_EQ(bounds.null_counts[1], 3);
    dwi_arena_done(&arena);
}

static void page_indexes_that_do_not_fit_count_as_absent(void **state)
{
    const dwi_footer_chunk chunk = {.offset = 4, .bytes = 100};
    const dwi_footer_chunk short_chunk = {.offset = 4, .bytes = 99};
    const uint8_t index[] = {0x19, 0x2C, 0x16, 0x08, 0x15, 0x64, 0x16, 0x00, 0x00,
                             0x16, 0x6C, 0x15, 0x64, 0x16, 0x0E, 0x00, 0x00};
    dwi_offset_index pages;
    dwi_column_index bounds;
    dwi_arena arena;
    dw_error err;

    (void)state;
    dwi_arena_init(&arena, dwi_alloc_default());
    DWT_OK(dwi_offset_index_read(&arena, index, sizeof(index), &short_chunk, 10, &pages, &err),
           &err);
    DWT_EQ(pages.n_pages, 0);
    DWT_OK(dwi_offset_index_read(&arena, index, sizeof(index), &chunk, 6, &pages, &err), &err);
    DWT_EQ(pages.n_pages, 0);
    for (size_t len = 0; len + 1 < sizeof(index); len++) {
        DWT_OK(dwi_offset_index_read(&arena, index, len, &chunk, 10, &pages, &err), &err);
        DWT_EQ(pages.n_pages, 0);
    }
    DWT_OK(dwi_column_index_read(&arena, BYTES(0x19, 0x11, 0x02, 0x00), 2, &bounds, &err), &err);
    DWT_EQ(bounds.n_pages, 0);
    dwi_arena_done(&arena);
}

static void bloom_filters_have_what_was_added(void **state)
{
    static const char *const words[] = {"hello", "parquet", "bloom", "filter"};
    uint8_t blocks[1024] = {0};
    uint64_t sum = 0;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        uint64_t hash = dwi_xxhash64(0, words[i], strlen(words[i]));
        size_t block = dwi_bloom_block_of(hash, sizeof(blocks) / DWI_BLOOM_BLOCK_BYTES);
        assert_false(dwi_bloom_block_may_have(blocks + block * DWI_BLOOM_BLOCK_BYTES, hash));
        dwi_bloom_block_add(blocks + block * DWI_BLOOM_BLOCK_BYTES, hash);
        assert_true(dwi_bloom_block_may_have(blocks + block * DWI_BLOOM_BLOCK_BYTES, hash));
    }
    /* XXH64 of the filter that parquet-java makes of these words. */
    sum = dwi_xxhash64(0, blocks, sizeof(blocks));
    DWT_EQ(sum, UINT64_C(0xB56CA192578A4053));
}

static void a_budget_is_kept_and_gives_back(void **state)
{
    dwi_memory_budget budget;
    dw_error err;
    void *a;
    void *b;

    (void)state;
    dwi_memory_budget_init(&budget, dwi_alloc_default(), 1000);
    a = dwi_alloc(&budget.alloc, 600);
    assert_non_null(a);
    assert_null(dwi_alloc(&budget.alloc, 401));
    DWT_ERR(dwi_memory_budget_status(&budget, DW_E_NOMEM, &err), &err, DW_E_NOMEM,
            "memory budget of 1000 bytes");
    b = dwi_alloc(&budget.alloc, 400);
    assert_non_null(b);
    dwi_free(&budget.alloc, a, 600);
    b = dwi_realloc(&budget.alloc, b, 400, 1000);
    assert_non_null(b);
    DWT_EQ(budget.used, 1000);
    dwi_free(&budget.alloc, b, 1000);
    DWT_EQ(budget.used, 0);
    DWT_EQ(dwi_memory_budget_status(&budget, DW_E_CORRUPT, &err), DW_E_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_those_of_the_range_across_row_groups),
        cmocka_unit_test(row_groups_that_a_filter_rules_out_are_not_read),
        cmocka_unit_test(selections_survive_every_failed_allocation),
        cmocka_unit_test(ranges_close_to_each_other_are_read_together),
        cmocka_unit_test(sets_of_rows_intersect),
        cmocka_unit_test(page_indexes_are_read_from_their_bytes),
        cmocka_unit_test(page_indexes_that_do_not_fit_count_as_absent),
        cmocka_unit_test(bloom_filters_have_what_was_added),
        cmocka_unit_test(a_budget_is_kept_and_gives_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
