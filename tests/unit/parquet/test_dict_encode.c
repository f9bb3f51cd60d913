/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/dict_encode.h"

#include "base/alloc.h"
#include "harness.h"

static void values_get_indices_by_first_sight(void **state)
{
    const uint32_t values[] = {7, 300, 7, 0, 300};
    uint32_t indices[5];
    dwi_dict dict;

    (void)state;
    dwi_dict_init(&dict, 4, dwi_alloc_default());
    DWT_OK(dwi_dict_put_fixed(&dict, values, 5, indices, NULL), NULL);
    assert_memory_equal(indices, ((uint32_t[]){0, 1, 0, 2, 1}), sizeof(indices));
    DWT_BYTES(dict.page.data, dict.page.len, 7, 0, 0, 0, 0x2C, 1, 0, 0, 0, 0, 0, 0);
    DWT_EQ(dict.count, 3);
    dwi_dict_clear(&dict);
    DWT_OK(dwi_dict_put_fixed(&dict, values + 1, 1, indices, NULL), NULL);
    DWT_EQ(indices[0], 0);
    DWT_BYTES(dict.page.data, dict.page.len, 0x2C, 1, 0, 0);
    dwi_dict_done(&dict);
}

static void byte_arrays_have_their_length_in_front(void **state)
{
    const int32_t offsets[] = {0, 1, 3, 3, 4, 6};
    const uint8_t data[] = "aabaab";
    const uint32_t sel[] = {0, 1, 2, 3, 4};
    uint32_t indices[5];
    dwi_dict dict;
    size_t len;

    (void)state;
    dwi_dict_init(&dict, 0, dwi_alloc_default());
    DWT_OK(dwi_dict_put_bytes(&dict, offsets, data, NULL, 5, indices, NULL), NULL);
    assert_memory_equal(indices, ((uint32_t[]){0, 1, 2, 0, 1}), sizeof(indices));
    DWT_BYTES(dict.page.data, dict.page.len, 1, 0, 0, 0, 'a', 2, 0, 0, 0, 'a', 'b', 0, 0, 0, 0);
    DWT_BYTES(dwi_dict_entry(&dict, 1, &len), 6, 2, 0, 0, 0, 'a', 'b');
    DWT_EQ(len, 6);
    DWT_OK(dwi_dict_put_bytes(&dict, offsets, data, sel + 3, 2, indices, NULL), NULL);
    assert_memory_equal(indices, ((uint32_t[]){0, 1}), 2 * sizeof(indices[0]));
    dwi_dict_done(&dict);
}

enum { MANY = 30000, WIDEST = 24 };

/* Every length and width, with values that differ in one byte only. */
static void many_values_keep_their_indices(void **state)
{
    static uint32_t first[MANY];
    static uint32_t again[MANY];
    static int32_t offsets[MANY + 1];
    static uint8_t data[MANY * WIDEST];

    (void)state;
    for (size_t width = 3; width <= WIDEST; width++) {
        dwi_dict dict;
        bool strings = width != 4 && width != 8 && width != 9 && width != 16;
        for (size_t i = 0; i < MANY; i++) {
            size_t spread = i * (width - 2) / MANY;
            memset(data + i * width, 'x', width);
            memcpy(data + i * width + spread, &(uint16_t){(uint16_t)i}, 2);
            offsets[i + 1] = (int32_t)((i + 1) * width);
        }
        dwi_dict_init(&dict, strings ? 0 : width, dwi_alloc_default());
        for (int round = 0; round < 2; round++) {
            uint32_t *indices = round == 0 ? first : again;
            if (strings)
                DWT_OK(dwi_dict_put_bytes(&dict, offsets, data, NULL, MANY, indices, NULL), NULL);
            else
                DWT_OK(dwi_dict_put_fixed(&dict, data, MANY, indices, NULL), NULL);
        }
        assert_memory_equal(first, again, sizeof(first));
        for (size_t i = 0; i < MANY; i++) {
            size_t len;
            const uint8_t *entry = dwi_dict_entry(&dict, first[i], &len);
            DWT_EQ(len, width + (strings ? 4 : 0));
            assert_memory_equal(entry + len - width, data + i * width, width);
        }
        dwi_dict_done(&dict);
    }
}

/* Integers in an array that grows to both sides, and past what it may have. */
static void integers_keep_their_indices_however_far_apart(void **state)
{
    static const int64_t spans[] = {100, 30000, 250000, 2000000};
    static int64_t values[MANY];
    static uint32_t indices[MANY];
    uint32_t random = 3;
    dwi_dict dict;

    (void)state;
    for (int round = 0; round < 8; round++) {
        int64_t span = spans[round % 4];
        int64_t low = round < 4 ? -span / 2 : INT64_MIN;
        dwi_dict_init(&dict, 8, dwi_alloc_default());
        for (size_t i = 0; i < MANY; i++) {
            random = random * 1664525 + 1013904223;
            values[i] = low + (int64_t)((random >> 4) % (uint32_t)(span * (i < 100 ? 1 : 2) / 2));
        }
        DWT_OK(dwi_dict_put_fixed(&dict, values, 100, indices, NULL), NULL);
        DWT_OK(dwi_dict_put_fixed(&dict, values + 100, MANY - 100, indices + 100, NULL), NULL);
        for (size_t i = 0; i < MANY; i++) {
            size_t len;
            assert_memory_equal(dwi_dict_entry(&dict, indices[i], &len), &values[i], 8);
        }
        for (uint32_t i = 1; i < dict.count && round % 4 == 0; i++)
            for (uint32_t k = 0; k < i; k++)
                assert_memory_not_equal(dict.page.data + i * 8, dict.page.data + k * 8, 8);
        dwi_dict_done(&dict);
    }
}

static dw_status fill(const dw_allocator *alloc, void *ctx)
{
    uint64_t values[5000];
    uint32_t indices[5000];
    int32_t offsets[5001];
    dwi_dict fixed, bytes;
    dw_status status;

    (void)ctx;
    for (size_t i = 0; i < 5000; i++)
        values[i] = i * i;
    for (size_t i = 0; i <= 5000; i++)
        offsets[i] = (int32_t)(i * 8);
    dwi_dict_init(&fixed, 8, alloc);
    dwi_dict_init(&bytes, 0, alloc);
    DWI_TRY(dwi_dict_put_fixed(&fixed, values, 5000, indices, NULL));
    DWI_TRY(
        dwi_dict_put_bytes(&bytes, offsets, (const uint8_t *)values, NULL, 5000, indices, NULL));
done:
    dwi_dict_done(&fixed);
    dwi_dict_done(&bytes);
    return status;
}

static void every_failed_allocation_is_told(void **state)
{
    (void)state;
    dwt_alloc_sweep(fill, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_get_indices_by_first_sight),
        cmocka_unit_test(byte_arrays_have_their_length_in_front),
        cmocka_unit_test(many_values_keep_their_indices),
        cmocka_unit_test(integers_keep_their_indices_however_far_apart),
        cmocka_unit_test(every_failed_allocation_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
