/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/map.h"
#include "base/options.h"

static void arithmetic_says_when_it_overflows(void **state)
{
    size_t size = 7;
    int64_t value = 7;

    (void)state;
    assert_false(dwi_size_add(SIZE_MAX, 1, &size));
    assert_false(dwi_size_mul(SIZE_MAX / 2, 3, &size));
    DWT_EQ(size, 7);
    assert_true(dwi_size_mul(0, SIZE_MAX, &size) && size == 0);
    assert_false(dwi_i64_add(INT64_MAX, 1, &value));
    assert_false(dwi_i64_add(INT64_MIN, -1, &value));
    assert_false(dwi_i64_mul(INT64_MIN, -1, &value));
    assert_false(dwi_i64_mul(-1, INT64_MIN, &value));
    assert_false(dwi_i64_mul(INT64_MAX / 2, 3, &value));
    DWT_EQ(value, 7);
    assert_true(dwi_i64_mul(INT64_MIN, 1, &value) && value == INT64_MIN);
    assert_true(dwi_i64_mul(-3, -4, &value) && value == 12);
}

static void a_buffer_grows_and_remembers_a_failure(void **state)
{
    dwt_alloc a;
    dwi_buf buf;
    dw_error err = DW_ERROR_INIT;

    (void)state;
    dwt_alloc_init(&a);
    dwi_buf_init(&buf, &a.base);
    dwi_buf_printf(&buf, "%s-%d", "row", 12);
    dwi_buf_append_zeros(&buf, 2);
    dwi_buf_append_byte(&buf, 0xFF);
    DWT_BYTES(buf.data, buf.len, 'r', 'o', 'w', '-', '1', '2', 0, 0, 0xFF);
    a.fail_at = a.calls;
    dwi_buf_append_zeros(&buf, 1000);
    dwi_buf_append_byte(&buf, 1);
    DWT_EQ(buf.len, 9);
    DWT_EQ(dwi_buf_status(&buf, &err), DW_E_NOMEM);
    dwi_buf_done(&buf);
    dwi_buf_done(&buf);
    dwt_alloc_done(&a);
}

static dw_status fill_and_empty(const dw_allocator *alloc, void *ctx)
{
    dwi_map map;
    dw_status status = DW_OK;

    (void)ctx;
    dwi_map_init(&map, alloc, 1);
    for (int i = 0; i < 300 && status == DW_OK; i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "key-%d", i);
        if (dwi_map_put(&map, dwi_sv_cstr(key), NULL) == NULL)
            status = DW_E_NOMEM;
    }
    dwi_map_done(&map);
    return status;
}

static void a_map_survives_every_failed_allocation(void **state)
{
    (void)state;
    dwt_alloc_sweep(fill_and_empty, NULL);
}

static void a_map_finds_what_was_put_and_not_what_was_removed(void **state)
{
    dwi_map map;
    bool added;
    int values[1000];

    (void)state;
    dwi_map_init(&map, dwi_alloc_default(), 42);
    for (int i = 0; i < 1000; i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "key-%d", i);
        dwi_map_put(&map, dwi_sv_cstr(key), &added)->value = &values[i];
        assert_true(added);
    }
    assert_true(dwi_map_put(&map, DWI_SV("key-500"), &added)->value == &values[500]);
    assert_false(added);
    dwi_map_remove(&map, DWI_SV("key-500"));
    assert_null(dwi_map_find(&map, DWI_SV("key-500")));
    assert_non_null(dwi_map_find(&map, DWI_SV("key-501")));
    assert_null(dwi_map_find(&map, DWI_SV("key-1000")));
    DWT_EQ(map.live, 999);
    assert_null(dwi_map_put(&map, DWI_SV("key-500"), &added)->value);
    assert_true(added);
    dwi_map_done(&map);
}

static void an_arena_gives_aligned_memory_of_any_size(void **state)
{
    dwt_alloc a;
    dwi_arena arena;

    (void)state;
    dwt_alloc_init(&a);
    dwi_arena_init(&arena, &a.base);
    for (size_t size = 0; size < 10000; size += 37) {
        uint8_t *p = dwi_arena_alloc(&arena, size);
        assert_non_null(p);
        DWT_EQ((uintptr_t)p % 16, 0);
        if (size > 0)
            memset(p, 1, size);
    }
    assert_null(dwi_arena_array(&arena, SIZE_MAX / 2, 3));
    dwi_arena_done(&arena);
    dwt_alloc_done(&a);
}

typedef struct options {
    uint32_t struct_size;
    uint32_t flags;
    int64_t newer;
} options;

static void options_of_older_and_newer_callers_are_read(void **state)
{
    const options defaults = {sizeof(options), 0, 5};
    struct {
        options known;
        int64_t unknown;
    } newer = {{sizeof(newer), 3, 4}, 0};
    const options older = {8, 9, 77};
    options out;
    dw_error err = DW_ERROR_INIT;

    (void)state;
    DWT_OK(dwi_options_copy(&out, &defaults, sizeof(out), NULL, "X", &err), &err);
    DWT_EQ(out.newer, 5);
    DWT_OK(dwi_options_copy(&out, &defaults, sizeof(out), &older, "X", &err), &err);
    DWT_EQ(out.flags, 9);
    DWT_EQ(out.newer, 5);
    DWT_OK(dwi_options_copy(&out, &defaults, sizeof(out), &newer, "X", &err), &err);
    DWT_EQ(out.newer, 4);
    DWT_EQ(out.struct_size, sizeof(out));
    newer.unknown = 1;
    DWT_ERR(dwi_options_copy(&out, &defaults, sizeof(out), &newer, "X", &err), &err,
            DW_E_UNSUPPORTED, "X: sets options");
    newer.known.struct_size = 0;
    DWT_ERR(dwi_options_copy(&out, &defaults, sizeof(out), &newer, "X", &err), &err, DW_E_ARG,
            "struct_size is 0");
}

static void uuids_are_random_and_of_version_4(void **state)
{
    dwt_env env;
    char first[DWI_UUID_TEXT + 1];
    char second[DWI_UUID_TEXT + 1];

    (void)state;
    dwt_env_init(&env);
    dwi_uuid(&env.base, first);
    dwi_uuid(&env.base, second);
    DWT_EQ(strlen(first), 36);
    DWT_EQ(first[14], '4');
    assert_true(strchr("89ab", first[19]) != NULL);
    assert_string_not_equal(first, second);
    dwi_uuid(dwi_env_system(), first);
    dwi_uuid(dwi_env_system(), second);
    assert_string_not_equal(first, second);
}

static void backoff_stays_within_its_bounds(void **state)
{
    dwt_env env;

    (void)state;
    dwt_env_init(&env);
    for (int attempt = 0; attempt < 70; attempt++) {
        int64_t us = dwi_backoff_us(&env.base, attempt, 1000, 20000);
        assert_true(us >= 1 && us <= 20000);
        if (attempt == 0)
            assert_true(us <= 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic_says_when_it_overflows),
        cmocka_unit_test(a_buffer_grows_and_remembers_a_failure),
        cmocka_unit_test(a_map_survives_every_failed_allocation),
        cmocka_unit_test(a_map_finds_what_was_put_and_not_what_was_removed),
        cmocka_unit_test(an_arena_gives_aligned_memory_of_any_size),
        cmocka_unit_test(options_of_older_and_newer_callers_are_read),
        cmocka_unit_test(uuids_are_random_and_of_version_4),
        cmocka_unit_test(backoff_stays_within_its_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
