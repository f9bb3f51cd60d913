/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "memory_file.h"
#include "parquet/parquet_types.h"

static const dwi_type void_type = {.kind = DWI_VOID};

static void a_void_below_the_top_is_written_when_voids_are_kept(void **state)
{
    static const dwi_field list_field[] = {FIELD("element", &void_type, true, -1)};
    static const dwi_type list = {.kind = DWI_ARRAY, .n_fields = 1, .fields = list_field};
    static const dwi_field fields[] = {FIELD("a", &void_type, false, -1),
                                       FIELD("b", &list, true, -1)};
    static const dwi_type type = ROW(fields);
    const dwi_parquet_write_options opts = {.keep_void = true};
    const int32_t offsets[] = {0, 2, 2, 3};
    const dwi_vec element = {.type = &void_type, .length = 3};
    const dwi_vec columns[] = {
        {.type = &void_type, .length = 3},
        {.type = &list, .length = 3, .offsets = offsets, .n_children = 1, .children = &element}};
    const dwi_vec rows = {.type = &type, .length = 3, .n_children = 2, .children = columns};
    memory_file file;
    dwi_parquet_writer *w = open_writer(&type, &opts, &file);
    dwi_leaf_stats stats;

    (void)state;
    DWT_OK(dwi_parquet_writer_append(w, &rows, NULL), NULL);
    finish(w);
    DWT_EQ(dwi_parquet_writer_leaves(w), 2);
    dwi_parquet_writer_leaf_stats(w, 0, &stats);
    DWT_EQ(stats.null_count, 3);
    dwi_parquet_writer_leaf_stats(w, 1, &stats);
    DWT_EQ(stats.null_count, 4);                                           /* the empty list too */
    DWT_BYTES(file.bytes.data + 4, 26, 0x15, 0x00, 0x15, 0x0C, 0x15, 0x0C, /* 6 bytes */
              0x2C, 0x15, 0x06, 0x15, 0x00, 0x15, 0x06, 0x15, 0x06, 0x00, 0x00, /* 3 entries */
              2, 0, 0, 0, 3, 0,  /* a bit-packed run of zeros */
              0x15, 0x00, 0x15); /* the next page */
    dwi_parquet_writer_free(w);
    dwi_buf_done(&file.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_void_below_the_top_is_written_when_voids_are_kept),
    };

    return cmocka_run_group_tests_name("writer_types", tests, NULL, NULL);
}
