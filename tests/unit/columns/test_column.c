/* SPDX-License-Identifier: Apache-2.0 */
#include "columns/vec.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "harness.h"

static const dwi_type long_type = {.kind = DWI_LONG};
static const dwi_type bool_type = {.kind = DWI_BOOLEAN};
static const dwi_type string_type = {.kind = DWI_STRING};
static const dwi_type void_type = {.kind = DWI_VOID};
static const dwi_field element = {{"element", 7}, &string_type, true, -1, {NULL, 0}};
static const dwi_type array_type = {.kind = DWI_ARRAY, .n_fields = 1, .fields = &element};
static const dwi_field entry[] = {
    {{"key", 3}, &string_type, false, -1, {NULL, 0}},
    {{"value", 5}, &long_type, true, -1, {NULL, 0}},
};
static const dwi_type map_type = {.kind = DWI_MAP, .n_fields = 2, .fields = entry};
static const dwi_field fields[] = {
    {{"n", 1}, &long_type, true, -1, {NULL, 0}},   {{"b", 1}, &bool_type, true, -1, {NULL, 0}},
    {{"s", 1}, &string_type, true, -1, {NULL, 0}}, {{"list", 4}, &array_type, true, -1, {NULL, 0}},
    {{"map", 3}, &map_type, true, -1, {NULL, 0}},  {{"v", 1}, &void_type, true, -1, {NULL, 0}},
};
static const dwi_type row_type = {.kind = DWI_STRUCT, .n_fields = 6, .fields = fields};

static dw_status add_list(dwi_column *list, int64_t i, dw_error *err)
{
    dw_status status = DW_OK;

    if (i % 4 == 3)
        return dwi_column_append_null(list, err);
    for (int64_t k = 0; k < i % 3; k++) {
        if (k == 1)
            DWI_TRY(dwi_column_append_null(&list->children[0], err));
        else
            DWI_TRY(dwi_column_append_bytes(&list->children[0], "item", 4, err));
    }
    DWI_TRY(dwi_column_end_row(list, err));
done:
    if (status != DW_OK)
        dwi_column_truncate(list, list->length);
    return status;
}

static dw_status add_map(dwi_column *map, int64_t i, dw_error *err)
{
    dwi_column *entries = &map->children[0];
    dw_status status;

    DWI_TRY(dwi_column_append_bytes(&entries->children[0], "key", 3, err));
    DWI_TRY(dwi_column_append_fixed(&entries->children[1], &i, err));
    DWI_TRY(dwi_column_end_row(entries, err));
    DWI_TRY(dwi_column_end_row(map, err));
done:
    if (status != DW_OK)
        dwi_column_truncate(map, map->length);
    return status;
}

/* Row i of a pattern with nulls everywhere; nothing is added when it fails. */
static dw_status add_row(dwi_column *rows, int64_t i, dw_error *err)
{
    dwi_column *c = rows->children;
    char text[32];
    dw_status status;

    if (i % 11 == 10)
        return dwi_column_append_null(rows, err);
    if (i % 5 == 1)
        DWI_TRY(dwi_column_append_null(&c[0], err));
    else
        DWI_TRY(dwi_column_append_fixed(&c[0], &i, err));
    if (i % 7 == 3)
        DWI_TRY(dwi_column_append_null(&c[1], err));
    else
        DWI_TRY(dwi_column_append_bool(&c[1], i % 2 == 0, err));
    (void)snprintf(text, sizeof(text), "text %lld", (long long)i);
    DWI_TRY(dwi_column_append_bytes(&c[2], text, strlen(text), err));
    DWI_TRY(add_list(&c[3], i, err));
    DWI_TRY(add_map(&c[4], i, err));
    DWI_TRY(dwi_column_append_null(&c[5], err));
    DWI_TRY(dwi_column_end_row(rows, err));
done:
    if (status != DW_OK)
        dwi_column_truncate(rows, rows->length);
    return status;
}

static void check_string(const dwi_vec *vec, int64_t row, const char *want)
{
    const int32_t *offsets = vec->offsets + vec->offset + row;

    DWT_EQ(offsets[1] - offsets[0], strlen(want));
    assert_memory_equal(vec->data + offsets[0], want, strlen(want));
}

/* Row `row` of a view holds what add_row(i) wrote. */
static void check_row(const dwi_vec *rows, int64_t row, int64_t i)
{
    const dwi_vec *c = rows->children;
    const int32_t *span;
    char text[32];

    DWT_EQ(dwi_vec_is_valid(rows, row), i % 11 != 10);
    if (i % 11 == 10) {
        for (size_t k = 0; k < rows->n_children; k++)
            assert_false(dwi_vec_is_valid(&c[k], row));
        return;
    }
    DWT_EQ(dwi_vec_is_valid(&c[0], row), i % 5 != 1);
    DWT_EQ(((const int64_t *)c[0].values)[row], i % 5 != 1 ? i : 0);
    DWT_EQ(dwi_vec_is_valid(&c[1], row), i % 7 != 3);
    DWT_EQ(dwi_bit_get(c[1].values, row), i % 7 != 3 && i % 2 == 0);
    (void)snprintf(text, sizeof(text), "text %lld", (long long)i);
    assert_true(dwi_vec_is_valid(&c[2], row));
    check_string(&c[2], row, text);
    DWT_EQ(dwi_vec_is_valid(&c[3], row), i % 4 != 3);
    span = c[3].offsets + row;
    DWT_EQ(span[1] - span[0], i % 4 == 3 ? 0 : i % 3);
    if (span[1] > span[0])
        check_string(&c[3].children[0], span[0], "item");
    if (span[1] - span[0] > 1)
        assert_false(dwi_vec_is_valid(&c[3].children[0], span[0] + 1));
    span = c[4].offsets + row;
    DWT_EQ(span[1] - span[0], 1);
    DWT_EQ(c[4].children[0].type->kind, DWI_STRUCT);
    check_string(&c[4].children[0].children[0], span[0], "key");
    DWT_EQ(((const int64_t *)c[4].children[0].children[1].values)[span[0]], i);
    assert_false(dwi_vec_is_valid(&c[5], row));
}

static void check_rows(const dwi_column *rows, int64_t n, int64_t first)
{
    dwi_arena arena;
    const dwi_vec *view;

    dwi_arena_init(&arena, dwi_alloc_default());
    view = dwi_column_view(rows, &arena);
    assert_non_null(view);
    DWT_EQ(view->length, n);
    for (int64_t i = 0; i < n; i++)
        check_row(view, i, first + i);
    dwi_arena_done(&arena);
}

static void rows_of_every_shape_come_back(void **state)
{
    dwi_column rows;
    dw_error err = DW_ERROR_INIT;

    (void)state;
    DWT_OK(dwi_column_init(&rows, &row_type, dwi_alloc_default(), &err), &err);
    for (int64_t i = 0; i < 500; i++)
        DWT_OK(add_row(&rows, i, &err), &err);
    check_rows(&rows, 500, 0);
    assert_true(dwi_column_bytes(&rows) > 500 * 16);
    dwi_column_clear(&rows);
    DWT_EQ(dwi_column_bytes(&rows), 0);
    check_rows(&rows, 0, 0);
    for (int64_t i = 0; i < 20; i++)
        DWT_OK(add_row(&rows, i, &err), &err);
    check_rows(&rows, 20, 0);
    dwi_column_done(&rows);
}

static void truncating_to_any_length_is_as_if_the_rows_never_came(void **state)
{
    dw_error err = DW_ERROR_INIT;

    (void)state;
    for (int64_t keep = 0; keep <= 40; keep++) {
        dwi_column rows;
        DWT_OK(dwi_column_init(&rows, &row_type, dwi_alloc_default(), &err), &err);
        for (int64_t i = 0; i < 40; i++)
            DWT_OK(add_row(&rows, i, &err), &err);
        dwi_column_truncate(&rows, keep);
        check_rows(&rows, keep, 0);
        for (int64_t i = keep; i < 45; i++)
            DWT_OK(add_row(&rows, i, &err), &err);
        check_rows(&rows, 45, 0);
        dwi_column_done(&rows);
    }
}

static void an_unfinished_row_is_dropped_whole(void **state)
{
    dwi_column rows;
    dw_error err = DW_ERROR_INIT;
    int64_t n = 9;

    (void)state;
    DWT_OK(dwi_column_init(&rows, &row_type, dwi_alloc_default(), &err), &err);
    for (int64_t i = 0; i < 3; i++)
        DWT_OK(add_row(&rows, i, &err), &err);
    DWT_OK(dwi_column_append_fixed(&rows.children[0], &n, &err), &err);
    DWT_OK(dwi_column_append_bytes(&rows.children[3].children[0], "x", 1, &err), &err);
    DWT_OK(dwi_column_append_bytes(&rows.children[4].children[0].children[0], "x", 1, &err), &err);
    dwi_column_truncate(&rows, 3);
    dwi_column_truncate(&rows.children[3], 3);
    dwi_column_truncate(&rows.children[4], 3);
    for (int64_t i = 3; i < 9; i++)
        DWT_OK(add_row(&rows, i, &err), &err);
    check_rows(&rows, 9, 0);
    dwi_column_done(&rows);
}

static void any_slice_of_a_view_can_be_copied(void **state)
{
    dwi_column rows;
    dwi_arena arena;
    const dwi_vec *view;
    dw_error err = DW_ERROR_INIT;

    (void)state;
    DWT_OK(dwi_column_init(&rows, &row_type, dwi_alloc_default(), &err), &err);
    for (int64_t i = 0; i < 60; i++)
        DWT_OK(add_row(&rows, i, &err), &err);
    dwi_arena_init(&arena, dwi_alloc_default());
    view = dwi_column_view(&rows, &arena);
    for (int64_t first = 0; first < 30; first++) {
        dwi_column copy;
        dwi_vec slice = *view;
        DWT_OK(dwi_column_init(&copy, &row_type, dwi_alloc_default(), &err), &err);
        slice.offset = first;
        slice.length = 30;
        DWT_OK(dwi_column_append_vec(&copy, &slice, 0, 7, &err), &err);
        DWT_OK(dwi_column_append_vec(&copy, &slice, 7, 0, &err), &err);
        DWT_OK(dwi_column_append_vec(&copy, &slice, 7, 23, &err), &err);
        check_rows(&copy, 30, first);
        dwi_column_done(&copy);
    }
    dwi_arena_done(&arena);
    dwi_column_done(&rows);
}

static void rows_can_be_picked_by_number_in_any_order(void **state)
{
    static const uint32_t picked[] = {17, 3, 3, 0, 29, 28, 5, 6, 7, 8, 9, 10, 11, 12, 13, 1, 2, 29};
    const int64_t n = sizeof(picked) / sizeof(picked[0]);
    dwi_column rows;
    dwi_column copy;
    dwi_arena arena;
    dwi_vec slice;
    const dwi_vec *view;
    dw_error err = DW_ERROR_INIT;

    (void)state;
    DWT_OK(dwi_column_init(&rows, &row_type, dwi_alloc_default(), &err), &err);
    DWT_OK(dwi_column_init(&copy, &row_type, dwi_alloc_default(), &err), &err);
    for (int64_t i = 0; i < 60; i++)
        DWT_OK(add_row(&rows, i, &err), &err);
    dwi_arena_init(&arena, dwi_alloc_default());
    slice = *dwi_column_view(&rows, &arena);
    slice.offset = 11;
    slice.length = 30;
    for (int round = 0; round < 3; round++)
        DWT_OK(dwi_column_take(&copy, &slice, picked, n, &err), &err);
    DWT_OK(dwi_column_take(&copy, &slice, picked, 0, &err), &err);
    DWT_EQ(copy.length, 3 * n);
    view = dwi_column_view(&copy, &arena);
    for (int64_t i = 0; i < 3 * n; i++)
        check_row(view, i, 11 + picked[i % n]);
    assert_true(dwi_column_memory(&copy) >= dwi_column_bytes(&copy));
    dwi_arena_done(&arena);
    dwi_column_done(&rows);
    dwi_column_done(&copy);
}

static void many_nulls_at_once(void **state)
{
    dwi_column rows;
    dwi_arena arena;
    const dwi_vec *view;
    dw_error err = DW_ERROR_INIT;

    (void)state;
    DWT_OK(dwi_column_init(&rows, &row_type, dwi_alloc_default(), &err), &err);
    DWT_OK(add_row(&rows, 0, &err), &err);
    DWT_OK(dwi_column_append_nulls(&rows, 21, &err), &err);
    DWT_OK(add_row(&rows, 22, &err), &err);
    dwi_arena_init(&arena, dwi_alloc_default());
    view = dwi_column_view(&rows, &arena);
    check_row(view, 0, 0);
    for (int64_t i = 1; i < 22; i++)
        check_row(view, i, 10);
    check_row(view, 22, 22);
    DWT_EQ(rows.null_count, 21);
    DWT_EQ(rows.children[2].null_count, 21);
    dwi_arena_done(&arena);
    dwi_column_done(&rows);
}

static void an_added_child_is_null_in_all_rows_so_far(void **state)
{
    static const dwi_field wider_fields[] = {
        {{"n", 1}, &long_type, true, -1, {NULL, 0}},
        {{"s", 1}, &string_type, true, -1, {NULL, 0}},
    };
    static const dwi_type narrow = {.kind = DWI_STRUCT, .n_fields = 1, .fields = wider_fields};
    static const dwi_type wider = {.kind = DWI_STRUCT, .n_fields = 2, .fields = wider_fields};
    dwi_column rows;
    dw_error err = DW_ERROR_INIT;

    (void)state;
    DWT_OK(dwi_column_init(&rows, &narrow, dwi_alloc_default(), &err), &err);
    for (int64_t i = 0; i < 10; i++) {
        DWT_OK(dwi_column_append_fixed(&rows.children[0], &i, &err), &err);
        DWT_OK(dwi_column_end_row(&rows, &err), &err);
    }
    DWT_OK(dwi_column_add_child(&rows, &wider, &err), &err);
    DWT_EQ(rows.n_children, 2);
    DWT_EQ(rows.children[1].length, 10);
    DWT_EQ(rows.children[1].null_count, 10);
    assert_ptr_equal(rows.type, &wider);
    dwi_column_done(&rows);
}

static void buffers_have_arrow_layout(void **state)
{
    dwi_column column;
    dw_error err = DW_ERROR_INIT;

    (void)state;
    DWT_OK(dwi_column_init(&column, &string_type, dwi_alloc_default(), &err), &err);
    DWT_OK(dwi_column_append_bytes(&column, "ab", 2, &err), &err);
    DWT_EQ(column.validity.len, 0);
    DWT_OK(dwi_column_append_null(&column, &err), &err);
    DWT_OK(dwi_column_append_bytes(&column, "", 0, &err), &err);
    DWT_OK(dwi_column_append_bytes(&column, "c", 1, &err), &err);
    DWT_BYTES(column.offsets.data, column.offsets.len, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0,
              0, 3, 0, 0, 0);
    DWT_BYTES(column.data.data, column.data.len, 'a', 'b', 'c');
    DWT_EQ(column.validity.len, 1);
    DWT_EQ(column.validity.data[0] & 0x0F, 0x0D);
    dwi_column_done(&column);
    DWT_OK(dwi_column_init(&column, &bool_type, dwi_alloc_default(), &err), &err);
    for (int i = 0; i < 10; i++)
        DWT_OK(dwi_column_append_bool(&column, i % 3 == 0, &err), &err);
    DWT_BYTES(column.values.data, column.values.len, 0x49, 0x02);
    dwi_column_done(&column);
}

/* A failed append leaves the rows before it whole, and the column usable. */
static dw_status fill_and_copy(const dw_allocator *alloc, void *ctx)
{
    dwi_column rows = {0};
    dwi_column copy = {0};
    dwi_arena arena;
    const dwi_vec *view;
    dw_error err = DW_ERROR_INIT;
    dw_status status;
    int64_t done_rows = 0;
    uint32_t second_half[20];

    (void)ctx;
    for (uint32_t i = 0; i < 20; i++)
        second_half[i] = 20 + i;
    dwi_arena_init(&arena, alloc);
    DWI_TRY(dwi_column_init(&rows, &row_type, alloc, &err));
    for (; done_rows < 40; done_rows++)
        DWI_TRY(add_row(&rows, done_rows, &err));
    DWI_TRY(dwi_column_init(&copy, &row_type, alloc, &err));
    view = dwi_column_view(&rows, &arena);
    if (view == NULL) {
        status = DW_E_NOMEM;
        goto done;
    }
    status = dwi_column_append_vec(&copy, view, 0, 20, &err);
    if (status == DW_OK)
        status = dwi_column_take(&copy, view, second_half, 20, &err);
    if (status != DW_OK) {
        assert_true(copy.length == 0 || copy.length == 20);
        check_rows(&copy, copy.length, 0);
    }
done:
    if (status != DW_OK && rows.alloc != NULL) {
        check_rows(&rows, done_rows, 0);
        assert_int_equal(add_row(&rows, done_rows, &err), DW_OK);
        check_rows(&rows, done_rows + 1, 0);
    }
    dwi_arena_done(&arena);
    dwi_column_done(&rows);
    dwi_column_done(&copy);
    return status;
}

static void a_failed_allocation_changes_no_column(void **state)
{
    (void)state;
    dwt_alloc_sweep(fill_and_copy, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_every_shape_come_back),
        cmocka_unit_test(truncating_to_any_length_is_as_if_the_rows_never_came),
        cmocka_unit_test(an_unfinished_row_is_dropped_whole),
        cmocka_unit_test(any_slice_of_a_view_can_be_copied),
        cmocka_unit_test(rows_can_be_picked_by_number_in_any_order),
        cmocka_unit_test(many_nulls_at_once),
        cmocka_unit_test(an_added_child_is_null_in_all_rows_so_far),
        cmocka_unit_test(buffers_have_arrow_layout),
        cmocka_unit_test(a_failed_allocation_changes_no_column),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
