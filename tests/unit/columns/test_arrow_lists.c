/* SPDX-License-Identifier: Apache-2.0 */
/* Lists in every layout, dictionaries and run ends of anything, each with its slices and with what
 * a hostile producer could say. */
#include "base/alloc.h"
#include "columns/arrow_import.h"
#include "hand.h"
#include "harness.h"
#include "show.h"

/* The batch as columns of the type its own schema gives; `want` is its rows, or part of the error.
 */
static void check(const hand *h, dw_status code, const char *want)
{
    const dwi_type *type = NULL;
    const dwi_vec *rows = NULL;
    dwi_arena arena;
    dwi_buf shown;
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    dwi_arena_init(&arena, dwi_alloc_default());
    dwi_buf_init(&shown, dwi_alloc_default());
    status = dwi_arrow_type(&arena, &h->schema, &type, &err);
    if (status == DW_OK)
        status = dwi_arrow_view(&arena, &h->schema, &h->array, type, &rows, &err);
    if (code == DW_OK) {
        DWT_OK(status, &err);
        for (int64_t i = 0; i < rows->length; i++) {
            if (i > 0)
                dwi_buf_append_byte(&shown, ' ');
            dwt_show(&shown, &rows->children[0], rows->offset + i);
        }
        DWT_STR(dwi_buf_cstr(&shown), want);
    } else {
        DWT_ERR(status, &err, code, want);
    }
    dwi_buf_done(&shown);
    dwi_arena_done(&arena);
}

static const int32_t ints[] = {0, 1, 2, 3, 4, 5, 6, 7};
static const uint8_t but_second[] = {0xFD};

static void fixed_size_lists_have_offsets_by_their_width(void **state)
{
    hand h;

    (void)state;
    hand_init(&h, "+w:2", 3, 1);
    hand_inner(&h, 0, "i", "item", 8, 2);
    hand_children(&h, 1);
    h.inner_buffers[0][1] = ints;
    check(&h, DW_OK, "[0,1] [2,3] [4,5]");
    h.buffers[0] = but_second;
    check(&h, DW_OK, "[0,1] null [4,5]");
    h.data.offset = 1;
    check(&h, DW_OK, "null [4,5] [6,7]");
    h.below[0].length = 7;
    check(&h, DW_E_CORRUPT, "column c: offsets beyond the 7 elements");
    h.below[0].length = 8;
    h.array.offset = 1;
    h.array.length = 2;
    check(&h, DW_OK, "[4,5] [6,7]");
    h.column.format = "+w:0";
    check(&h, DW_OK, "[] []");
    h.column.format = "+w:999999999";
    check(&h, DW_E_CORRUPT, "offsets beyond the 8 elements");
}

static void nulls_below_null_lists_are_no_values(void **state)
{
    static const uint8_t without_2_and_3[] = {0xF3};
    hand h;

    (void)state;
    hand_init(&h, "+w:2", 3, 1);
    hand_inner(&h, 0, "i", "item", 8, 2);
    hand_children(&h, 1);
    h.inner[0].flags = 0;
    h.inner_buffers[0][0] = without_2_and_3;
    h.inner_buffers[0][1] = ints;
    check(&h, DW_E_SCHEMA, "column c.element: null in row 2, and it takes no nulls");
    h.buffers[0] = but_second;
    check(&h, DW_OK, "[0,1] null [4,5]");
}

static void list_views_are_put_in_order(void **state)
{
    static const int32_t offsets[] = {4, 0, 5, 0};
    static const int32_t sizes[] = {2, 3, 1, 0};
    static const int64_t wide_offsets[] = {1, 3, 5};
    static const int64_t wide_sizes[] = {2, 2, 3};
    static const int32_t negative[] = {4, -1, 5, 0};
    static const int32_t long_sizes[] = {2, INT32_MAX, 1, 0};
    static const int32_t huge[] = {8, 8, 8, 8};
    hand h;

    (void)state;
    hand_init(&h, "+vl", 4, 3);
    hand_inner(&h, 0, "i", "item", 8, 2);
    hand_children(&h, 1);
    h.buffers[1] = offsets;
    h.buffers[2] = sizes;
    h.inner_buffers[0][1] = ints;
    check(&h, DW_OK, "[4,5] [0,1,2] [5] []");
    h.buffers[0] = but_second;
    check(&h, DW_OK, "[4,5] null [5] []");
    h.data.offset = 1;
    h.array.length = h.data.length = 3;
    check(&h, DW_OK, "null [5] []");
    h.data.offset = 0;
    h.array.length = h.data.length = 4;
    h.buffers[1] = negative;
    check(&h, DW_OK, "[4,5] null [5] []");
    h.buffers[0] = NULL;
    check(&h, DW_E_CORRUPT, "column c: offsets beyond the 8 elements");
    h.buffers[1] = offsets;
    h.buffers[2] = long_sizes;
    check(&h, DW_E_CORRUPT, "offsets beyond the 8 elements");
    h.buffers[1] = huge;
    h.buffers[2] = sizes;
    check(&h, DW_E_CORRUPT, "offsets beyond the 8 elements");
    h.buffers[2] = NULL;
    check(&h, DW_E_CORRUPT, "buffer 2 is missing");
    hand_init(&h, "+vL", 3, 3);
    hand_inner(&h, 0, "i", "item", 8, 2);
    hand_children(&h, 1);
    h.buffers[1] = wide_offsets;
    h.buffers[2] = wide_sizes;
    h.inner_buffers[0][1] = ints;
    check(&h, DW_OK, "[1,2] [3,4] [5,6,7]");
}

static void run_ends_are_rows_again(void **state)
{
    static const int16_t ends[] = {2, 3, 7};
    static const int32_t falling[] = {2, 2, 7};
    static const int64_t wide[] = {1, 4, 9};
    static const int32_t offsets[] = {0, 1, 3, 6};
    static const int32_t values[] = {7, 8, 9};
    hand h;

    (void)state;
    hand_init(&h, "+r", 5, 0);
    hand_inner(&h, 0, "s", "run_ends", 3, 2);
    hand_inner(&h, 1, "u", "values", 3, 3);
    hand_children(&h, 2);
    h.inner_buffers[0][1] = ends;
    h.inner_buffers[1][1] = offsets;
    h.inner_buffers[1][2] = "abbccc";
    check(&h, DW_OK, "\"a\" \"a\" \"bb\" \"ccc\" \"ccc\"");
    h.data.offset = 2;
    check(&h, DW_OK, "\"bb\" \"ccc\" \"ccc\" \"ccc\" \"ccc\"");
    h.inner_buffers[1][0] = but_second;
    check(&h, DW_OK, "null \"ccc\" \"ccc\" \"ccc\" \"ccc\"");
    h.data.offset = 3;
    check(&h, DW_E_CORRUPT, "column c: rows beyond the last run's end");
    h.data.offset = 0;
    h.inner[0].format = "i";
    h.inner_buffers[0][1] = falling;
    check(&h, DW_E_CORRUPT, "column c: run ends that do not ascend");
    h.inner[0].format = "l";
    h.inner_buffers[0][1] = wide;
    h.inner[1].format = "i";
    h.below[1].n_buffers = 2;
    h.inner_buffers[1][1] = values;
    check(&h, DW_OK, "7 null null null 9");
    h.below[1].length = 2;
    check(&h, DW_E_CORRUPT, "column c: length 2 and offset 0, where 3 rows are");
    h.below[1].length = 3;
    h.inner[0].format = "L";
    check(&h, DW_E_CORRUPT, "run ends of Arrow format L");
    h.inner[0].format = "l";
    h.inner_buffers[0][1] = NULL;
    check(&h, DW_E_CORRUPT, "buffer 1 is missing");
    h.inner_arrays[1] = NULL;
    check(&h, DW_E_CORRUPT, "run ends or values are missing");
    h.column.n_children = h.data.n_children = 1;
    check(&h, DW_E_CORRUPT, "1 children in its schema");
}

static void dictionaries_may_hold_lists_and_structs(void **state)
{
    static const uint16_t indices[] = {1, 0, 1, 2};
    static const int32_t offsets[] = {0, 2, 3, 3};
    static const uint8_t bits[] = {0xFB};
    struct ArrowSchema *schemas[1];
    struct ArrowArray *arrays[1];
    hand h;

    (void)state;
    hand_init(&h, "S", 4, 2);
    hand_inner(&h, 0, "+l", "", 3, 2);
    hand_inner(&h, 1, "i", "item", 8, 2);
    h.column.dictionary = &h.inner[0];
    h.data.dictionary = &h.below[0];
    schemas[0] = &h.inner[1];
    arrays[0] = &h.below[1];
    h.inner[0].children = schemas;
    h.below[0].children = arrays;
    h.inner[0].n_children = h.below[0].n_children = 1;
    h.buffers[1] = indices;
    h.inner_buffers[0][1] = offsets;
    h.inner_buffers[1][1] = ints;
    check(&h, DW_OK, "[2] [0,1] [2] []");
    h.buffers[0] = but_second;
    h.inner_buffers[0][0] = bits;
    check(&h, DW_OK, "[2] null [2] null");
    h.inner[0].format = "+s";
    h.below[0].n_buffers = 1;
    h.below[0].offset = 2;
    check(&h, DW_OK, "{item:3} null {item:3} {item:4}");
    h.inner_buffers[1][0] = bits;
    check(&h, DW_OK, "{item:3} null {item:3} {item:4}");
    h.below[0].offset = 1;
    h.inner_buffers[0][0] = NULL;
    check(&h, DW_OK, "{item:null} null {item:null} {item:3}");
}

static void dictionaries_may_hold_dictionaries_and_runs(void **state)
{
    static const uint8_t indices[] = {1, 0, 1, 2};
    static const int8_t inner[] = {2, 1, 0};
    static const int16_t ends[] = {1, 3};
    static const int32_t values[] = {70, 80, 90};
    struct ArrowSchema *schemas[2];
    struct ArrowArray *arrays[2];
    hand h;

    (void)state;
    hand_init(&h, "C", 4, 2);
    hand_inner(&h, 0, "c", "", 3, 2);
    hand_inner(&h, 1, "i", "", 3, 2);
    h.column.dictionary = &h.inner[0];
    h.data.dictionary = &h.below[0];
    h.inner[0].dictionary = &h.inner[1];
    h.below[0].dictionary = &h.below[1];
    h.buffers[1] = indices;
    h.inner_buffers[0][1] = inner;
    h.inner_buffers[1][1] = values;
    check(&h, DW_OK, "80 90 80 70");
    h.inner[0].dictionary = &h.inner[0];
    h.below[0].dictionary = &h.below[0];
    check(&h, DW_E_UNSUPPORTED, "nested too deeply");
    hand_init(&h, "C", 4, 2);
    hand_inner(&h, 0, "+r", "", 3, 0);
    hand_inner(&h, 1, "s", "run_ends", 2, 2);
    hand_inner(&h, 2, "i", "values", 2, 2);
    h.column.dictionary = &h.inner[0];
    h.data.dictionary = &h.below[0];
    schemas[0] = &h.inner[1];
    schemas[1] = &h.inner[2];
    arrays[0] = &h.below[1];
    arrays[1] = &h.below[2];
    h.inner[0].children = schemas;
    h.below[0].children = arrays;
    h.inner[0].n_children = h.below[0].n_children = 2;
    h.buffers[1] = indices;
    h.inner_buffers[1][1] = ends;
    h.inner_buffers[2][1] = values;
    check(&h, DW_OK, "80 70 80 80");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_size_lists_have_offsets_by_their_width),
        cmocka_unit_test(nulls_below_null_lists_are_no_values),
        cmocka_unit_test(list_views_are_put_in_order),
        cmocka_unit_test(run_ends_are_rows_again),
        cmocka_unit_test(dictionaries_may_hold_lists_and_structs),
        cmocka_unit_test(dictionaries_may_hold_dictionaries_and_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
