/* SPDX-License-Identifier: Apache-2.0 */
/* Memory while many row groups are written: what the writer holds is a row group of encoded bytes
 * and the open pages and dictionaries of its columns, however many rows come. */
#include "base/alloc.h"
#include "memory_file.h"

static const dwi_type long_type = {.kind = DWI_LONG};
static const dwi_type text_type = {.kind = DWI_STRING};
static const dwi_field list_field[] = {FIELD("element", &long_type, true, -1)};
static const dwi_type list_type = {.kind = DWI_ARRAY, .n_fields = 1, .fields = list_field};
static const dwi_field fields[] = {
    FIELD("clock", &long_type, false, -1), FIELD("kind", &text_type, true, -1),
    FIELD("id", &text_type, true, -1), FIELD("numbers", &list_type, true, -1)};
static const dwi_type row_type = ROW(fields);

enum { ROWS = 2000, TEXT = 16 };

typedef struct batch {
    int64_t clock[ROWS];
    int64_t numbers[2 * ROWS];
    int32_t kind_offsets[ROWS + 1];
    uint8_t kinds[8 * ROWS];
    int32_t id_offsets[ROWS + 1];
    uint8_t ids[TEXT * ROWS];
    int32_t list_offsets[ROWS + 1];
    dwi_vec element;
    dwi_vec columns[4];
} batch;

/* Numbers that rise, few words, ids that never repeat, lists of numbers that do not either. */
static dwi_vec make_batch(batch *b, int64_t number)
{
    for (int32_t i = 0; i < ROWS; i++) {
        b->clock[i] = number * ROWS + i;
        b->kind_offsets[i + 1] = 8 * (i + 1);
        memcpy(b->kinds + 8 * i, i % 3 == 0 ? "purchase" : "pageview", 8);
        b->id_offsets[i + 1] = TEXT * (i + 1);
        b->list_offsets[i + 1] = 2 * (i + 1);
    }
    fill_random(b->numbers, 2 * ROWS);
    for (size_t i = 0; i < 2 * (size_t)ROWS; i++)
        b->numbers[i] ^= number;
    memcpy(b->ids, b->numbers, sizeof(b->ids));
    b->element = (dwi_vec){.type = &long_type, .length = 2 * (int64_t)ROWS, .values = b->numbers};
    b->columns[0] = (dwi_vec){.type = &long_type, .length = ROWS, .values = b->clock};
    b->columns[1] =
        (dwi_vec){.type = &text_type, .length = ROWS, .offsets = b->kind_offsets, .data = b->kinds};
    b->columns[2] =
        (dwi_vec){.type = &text_type, .length = ROWS, .offsets = b->id_offsets, .data = b->ids};
    b->columns[3] = (dwi_vec){.type = &list_type,
                              .length = ROWS,
                              .offsets = b->list_offsets,
                              .n_children = 1,
                              .children = &b->element};
    return (dwi_vec){.type = &row_type, .length = ROWS, .n_children = 4, .children = b->columns};
}

static dw_status drop(void *ctx, const void *data, size_t len, dw_error *err)
{
    (void)ctx;
    (void)data;
    (void)len;
    (void)err;
    return DW_OK;
}

/* The peak of the allocator while `batches` are written; *out_bytes: of the file. */
static int64_t peak_of(const dwi_parquet_write_options *opts, int64_t batches, int64_t *out_bytes)
{
    static batch b;
    dwi_parquet_writer *w = NULL;
    int64_t peak;
    dwt_alloc a;

    dwt_alloc_init(&a);
    DWT_OK(
        dwi_parquet_writer_new(&a.base, &row_type, opts, (dwi_parquet_sink){NULL, drop}, &w, NULL),
        NULL);
    for (int64_t i = 0; i < batches; i++) {
        dwi_vec rows = make_batch(&b, i);
        DWT_OK(dwi_parquet_writer_append(w, &rows, NULL), NULL);
    }
    finish(w);
    peak = a.peak_bytes;
    *out_bytes = dwi_parquet_writer_file_bytes(w);
    dwi_parquet_writer_free(w);
    dwt_alloc_done(&a);
    return peak;
}

/* A quarter of the defaults: row groups of 16 MiB, pages and dictionaries of 256 KiB. */
static const dwi_parquet_write_options small = {.codec = DWI_CODEC_SNAPPY,
                                                .page_bytes = 256 << 10,
                                                .row_group_bytes = 16 << 20,
                                                .dictionary_bytes = 256 << 10,
                                                .bloom_max_bytes = 256 << 10};

/* Two row groups and a quarter of 32 MiB: the writer's promise, scaled like the rest. */
enum { BOUND = (2 * 16 + 8) << 20 };

static void memory_is_a_row_group_however_many_come(void **state)
{
    int64_t few_bytes;
    int64_t many_bytes;
    int64_t few = peak_of(&small, 500, &few_bytes);
    int64_t many = peak_of(&small, 1500, &many_bytes);

    (void)state;
    assert_true(many_bytes > 6 * small.row_group_bytes);
    assert_true(few < BOUND && many < BOUND);
    /* What footer and indexes will say of each row group is all that is more. */
    assert_true(many < few + (many_bytes - few_bytes) / 100);
}

static void features_do_not_change_that(void **state)
{
    dwi_parquet_write_options opts = small;
    int64_t bytes;

    (void)state;
    opts.page_version = 2;
    opts.newer_encodings = true;
    opts.bloom_filters = true;
    opts.page_checksums = true;
    assert_true(peak_of(&opts, 1000, &bytes) < BOUND);
    assert_true(bytes > 2 * small.row_group_bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_a_row_group_however_many_come),
        cmocka_unit_test(features_do_not_change_that),
    };

    return cmocka_run_group_tests_name("writer_memory", tests, NULL, NULL);
}
