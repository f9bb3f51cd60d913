/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/shred.h"

#include "base/alloc.h"
#include "harness.h"

#define FIELD(text, of, may_be_null)                                                               \
    {                                                                                              \
        {(text), sizeof(text) - 1}, (of), (may_be_null), -1,                                       \
        {                                                                                          \
            "{}", 2                                                                                \
        }                                                                                          \
    }

/* rows: list<list<int>>, all nullable; and s: struct<a:int> with an offset of its own. */
static const dwi_type int_type = {.kind = DWI_INTEGER};
static const dwi_field inner_field[] = {FIELD("element", &int_type, true)};
static const dwi_type inner = {.kind = DWI_ARRAY, .n_fields = 1, .fields = inner_field};
static const dwi_field outer_field[] = {FIELD("element", &inner, true)};
static const dwi_type outer = {.kind = DWI_ARRAY, .n_fields = 1, .fields = outer_field};
static const dwi_field point_field[] = {FIELD("a", &int_type, true)};
static const dwi_type point = {.kind = DWI_STRUCT, .n_fields = 1, .fields = point_field};
static const dwi_field row_fields[] = {FIELD("rows", &outer, true), FIELD("s", &point, true)};
static const dwi_type row = {.kind = DWI_STRUCT, .n_fields = 2, .fields = row_fields};

static const int32_t numbers[] = {10, 11, 12, 13, 14, 15, 16, 17};
static const uint8_t number_valid[] = {0xF7}; /* 13 is null */

/* [ [[10,11],[]], null, [], [null, [12,null,14]], [[15]] ] */
static const uint8_t inner_valid[] = {0x1B};
static const int32_t inner_offsets[] = {0, 2, 2, 2, 5, 6};
static const uint8_t outer_valid[] = {0x1D};
static const int32_t outer_offsets[] = {0, 2, 2, 2, 4, 5};
/* {a:11} null {a:null} {a:14} {a:15} */
static const uint8_t point_valid[] = {0x3D << 1 & 0xFF};

static const dwi_vec number_vec = {&int_type, 8, 0, number_valid, numbers, NULL, NULL, 0, NULL};
static const dwi_vec inner_vec = {&inner,        5,    0, inner_valid, NULL,
                                  inner_offsets, NULL, 1, &number_vec};
static const dwi_vec member_vec[] = {{&int_type, 6, 1, number_valid, numbers, NULL, NULL, 0, NULL}};
static const dwi_vec row_children[] = {
    {&outer, 5, 0, outer_valid, NULL, outer_offsets, NULL, 1, &inner_vec},
    {&point, 5, 0, point_valid, NULL, NULL, NULL, 1, member_vec},
};
static const dwi_vec rows = {&row, 5, 0, NULL, NULL, NULL, NULL, 2, row_children};

typedef struct shredder {
    dwi_arena arena;
    dwi_pqw_schema schema;
    dwi_shred_scratch scratch;
    dwi_shred_slice slice;
} shredder;

static void open_shredder(shredder *s)
{
    dwi_arena_init(&s->arena, dwi_alloc_default());
    dwi_shred_init(&s->scratch, dwi_alloc_default());
    DWT_OK(dwi_pqw_schema_build(&s->arena, &row, false, &s->schema, NULL), NULL);
    DWT_EQ(s->schema.n_leaves, 2);
}

static void close_shredder(shredder *s)
{
    dwi_shred_done(&s->scratch);
    dwi_arena_done(&s->arena);
}

static void lists_of_lists_have_dremels_levels(void **state)
{
    shredder s;

    (void)state;
    open_shredder(&s);
    DWT_EQ(s.schema.leaves[0].max_def, 5);
    DWT_EQ(s.schema.leaves[0].max_rep, 2);
    DWT_OK(dwi_shred(&s.schema.leaves[0], &rows, 0, 5, &s.scratch, &s.slice, NULL), NULL);
    DWT_BYTES(s.slice.def, s.slice.n_entries, 5, 5, 3, 0, 1, 2, 5, 4, 5, 5);
    DWT_BYTES(s.slice.rep, s.slice.n_entries, 0, 2, 1, 0, 0, 0, 1, 2, 2, 0);
    DWT_EQ(s.slice.n_values, 5);
    assert_memory_equal(s.slice.sel, ((uint32_t[]){0, 1, 2, 4, 5}), 5 * sizeof(uint32_t));
    close_shredder(&s);
}

static void a_slice_of_the_rows_is_shredded_alone(void **state)
{
    shredder s;

    (void)state;
    open_shredder(&s);
    DWT_OK(dwi_shred(&s.schema.leaves[0], &rows, 4, 1, &s.scratch, &s.slice, NULL), NULL);
    DWT_EQ(s.slice.n_entries, 1);
    assert_null(s.slice.def); /* nothing is null */
    assert_null(s.slice.sel);
    DWT_EQ(s.slice.base, 5);
    close_shredder(&s);
}

static void members_of_null_structs_are_null(void **state)
{
    const dwi_vec tail = {&row, 4, 1, NULL, NULL, NULL, NULL, 2, row_children};
    shredder s;

    (void)state;
    open_shredder(&s);
    DWT_OK(dwi_shred(&s.schema.leaves[1], &tail, 0, 4, &s.scratch, &s.slice, NULL), NULL);
    /* Rows 1 to 4 of s, whose bits are 1, 0, 1, 1; a is 12, null, 14, 15 there. */
    DWT_BYTES(s.slice.def, s.slice.n_entries, 2, 0, 2, 2);
    assert_null(s.slice.rep);
    DWT_EQ(s.slice.n_values, 3);
    for (size_t i = 0; i < 3; i++)
        DWT_EQ(numbers[s.slice.base + s.slice.sel[i]], ((int32_t[]){12, 14, 15})[i]);
    close_shredder(&s);
}

static void a_plain_columns_nulls_stay_a_bitmap(void **state)
{
    static const dwi_field field[] = {FIELD("a", &int_type, true)};
    static const dwi_type flat = {.kind = DWI_STRUCT, .n_fields = 1, .fields = field};
    const dwi_vec flat_rows = {&flat, 5, 2, NULL, NULL, NULL, NULL, 1, &number_vec};
    dwi_pqw_schema schema;
    shredder s;

    (void)state;
    open_shredder(&s);
    DWT_OK(dwi_pqw_schema_build(&s.arena, &flat, false, &schema, NULL), NULL);
    DWT_OK(dwi_shred(&schema.leaves[0], &flat_rows, 0, 5, &s.scratch, &s.slice, NULL), NULL);
    assert_null(s.slice.def);
    DWT_BYTES(s.slice.valid, 1, 0x1D);
    DWT_EQ(s.slice.base, 2);
    DWT_EQ(s.slice.n_values, 4);
    assert_memory_equal(s.slice.sel, ((uint32_t[]){0, 2, 3, 4}), 4 * sizeof(uint32_t));
    DWT_OK(dwi_shred(&schema.leaves[0], &flat_rows, 2, 3, &s.scratch, &s.slice, NULL), NULL);
    assert_null(s.slice.valid);
    assert_null(s.slice.sel);
    close_shredder(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_lists_have_dremels_levels),
        cmocka_unit_test(a_slice_of_the_rows_is_shredded_alone),
        cmocka_unit_test(members_of_null_structs_are_null),
        cmocka_unit_test(a_plain_columns_nulls_stay_a_bitmap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
