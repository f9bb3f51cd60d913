/* SPDX-License-Identifier: Apache-2.0 */
#include "log_fixture.h"

#include "base/alloc.h"
#include "delta/deletion_vector.h"
#include "delta/vector_write.h"
#include "store/store_ops.h"

#define MAGIC 0xD1, 0xD3, 0x39, 0x64
#define ONE   1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 /* bitmap, its high word */

static void set(uint8_t *bitmap, int64_t first, int64_t end, int64_t step)
{
    for (int64_t i = first; i < end; i += step)
        bitmap[i >> 3] = (uint8_t)(bitmap[i >> 3] | 1u << (i & 7));
}

static void few_rows_are_listed_and_neighbours_are_runs(void **state)
{
    uint8_t bitmap[4] = {0};
    dwi_buf out;

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    set(bitmap, 3, 8, 4);
    dwi_vector_append(&out, bitmap, 20);
    DWT_BYTES(out.data, out.len, MAGIC, ONE, 0x3A, 0x30, 0, 0, 1, 0, 0, 0, /* no runs */
              0, 0, 1, 0,                                                  /* key, count - 1 */
              16, 0, 0, 0,                                                 /* offset */
              3, 0, 7, 0);
    dwi_buf_clear(&out);
    memset(bitmap, 0, sizeof(bitmap));
    set(bitmap, 1, 12, 1);
    dwi_vector_append(&out, bitmap, 20);
    DWT_BYTES(out.data, out.len, MAGIC, ONE, 0x3B, 0x30, 0, 0, 1, /* one container, a run one */
              0, 0, 10, 0,                                        /* key, count - 1 */
              1, 0, 1, 0, 10, 0);                                 /* one run: 1, and 10 more */
    dwi_buf_clear(&out);
    memset(bitmap, 0, sizeof(bitmap));
    dwi_vector_append(&out, bitmap, 20);
    DWT_BYTES(out.data, out.len, MAGIC, 0, 0, 0, 0, 0, 0, 0, 0);
    dwi_buf_done(&out);
}

/* Many containers of all three kinds, and five or more, which have offsets with runs, too. */
static void what_is_written_is_read_back(void **state)
{
    enum { ROWS = 9 * 65536 + 77, BYTES = ROWS / 8 + 1 };
    static const int64_t steps[] = {1, 2, 3, 100, 9000, 65536, 400000};
    const dw_allocator *alloc = dwi_alloc_default();
    uint8_t *bitmap = dwi_alloc_zero(alloc, BYTES);
    uint8_t *back = dwi_alloc_zero(alloc, BYTES);
    dw_error err = DW_ERROR_INIT;
    int64_t cardinality = 0;
    dwi_buf out;

    (void)state;
    dwi_buf_init(&out, alloc);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        for (size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
            memset(bitmap, 0, BYTES);
            memset(back, 0, BYTES);
            dwi_buf_clear(&out);
            set(bitmap, 5, ROWS / 2, steps[i]);
            set(bitmap, ROWS / 2 + 70000, ROWS, steps[k]);
            dwi_vector_append(&out, bitmap, ROWS);
            DWT_OK(dwi_deletion_vector_decode((dw_bytes){out.data, out.len}, ROWS, back,
                                              &cardinality, &err),
                   &err);
            assert_memory_equal(bitmap, back, BYTES);
        }
    }
    dwi_buf_done(&out);
    dwi_free(alloc, bitmap, BYTES);
    dwi_free(alloc, back, BYTES);
}

static void vectors_of_one_file_are_found_by_offset_and_checksum(void **state)
{
    fixture *f = *state;
    dwi_vector_file *file = NULL;
    uint8_t bitmap[2] = {0x81, 0};
    uint8_t back[2] = {0};
    dwi_dv first;
    dwi_dv second;
    char *key = NULL;
    dwi_buf bytes;

    dwi_buf_init(&bytes, &f->alloc.base);
    DWT_OK(dwi_vector_file_new(&f->log, &file, &f->err), &f->err);
    DWT_EQ(dwi_vector_file_bytes(file), 0);
    DWT_OK(dwi_vector_file_add(file, &f->arena, bitmap, 12, &first, &f->err), &f->err);
    bitmap[1] = 0x0f;
    DWT_OK(dwi_vector_file_add(file, &f->arena, bitmap, 12, &second, &f->err), &f->err);
    DWT_OK(dwi_vector_file_finish(file, &f->err), &f->err);
    DWT_EQ(first.offset, 1);
    DWT_EQ(first.cardinality, 2);
    DWT_EQ(second.cardinality, 6);
    DWT_EQ(second.offset, 1 + 8 + first.size_in_bytes);
    DWT_EQ(first.path_or_inline.len, 20);
    DWT_OK(dwi_deletion_vector_read(&f->log, &first, 12, back, &f->err), &f->err);
    DWT_BYTES(back, 2, 0x81, 0);
    memset(back, 0, 2);
    DWT_OK(dwi_deletion_vector_read(&f->log, &second, 12, back, &f->err), &f->err);
    DWT_BYTES(back, 2, 0x81, 0x0f);
    DWT_OK(dwi_deletion_vector_key(&f->log, &first, &key, &f->err), &f->err);
    DWT_OK(dwi_store_get(f->store, key, (dw_range){0, 10}, 10, &bytes, &f->err), &f->err);
    DWT_BYTES(bytes.data, bytes.len, 1, 0, 0, 0, (uint8_t)first.size_in_bytes, MAGIC, 1);
    dwi_vector_file_remove(file);
    DWT_EQ(dwi_deletion_vector_read(&f->log, &first, 12, back, &f->err), DW_E_NOT_FOUND);
    dwi_cstr_free(&f->alloc.base, key);
    dwi_buf_done(&bytes);
    dwi_vector_file_free(file);
}

static dw_status write_one(const dw_allocator *alloc, void *ctx)
{
    static const uint8_t bitmap[2] = {0x81, 3};
    fixture *f = ctx;
    dwi_log log = f->log;
    dwi_vector_file *file = NULL;
    dw_status status;
    dwi_arena arena;
    dwi_dv dv;

    log.alloc = alloc;
    dwi_arena_init(&arena, alloc);
    DWI_TRY(dwi_vector_file_new(&log, &file, &f->err));
    DWI_TRY(dwi_vector_file_add(file, &arena, bitmap, 12, &dv, &f->err));
    DWI_TRY(dwi_vector_file_finish(file, &f->err));
done:
    dwi_vector_file_free(file);
    dwi_arena_done(&arena);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    dwt_alloc_sweep(write_one, *state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(few_rows_are_listed_and_neighbours_are_runs),
        TEST(what_is_written_is_read_back),
        TEST(vectors_of_one_file_are_found_by_offset_and_checksum),
        TEST(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
