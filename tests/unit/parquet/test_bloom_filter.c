/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/bloom_filter.h"

#include "base/alloc.h"
#include "codec/xxhash64.h"
#include "harness.h"

static void add_text(dwi_bloom *bloom, const char *text)
{
    dwi_bloom_add(bloom, dwi_xxhash64(0, text, strlen(text)));
}

static uint64_t hash_of(uint64_t value)
{
    return dwi_xxhash64(0, &value, sizeof(value));
}

/* pq.write_table(t, f, bloom_filter_options={"a": {"ndv": 3, "fpp": 0.01}}) */
static void header_and_bits_are_those_that_pyarrow_writes(void **state)
{
    dwi_bloom bloom = {0};
    dwi_buf out;

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    DWT_OK(dwi_bloom_init(&bloom, dwi_bloom_size(3, 0.01, 1 << 20), dwi_alloc_default(), NULL),
           NULL);
    add_text(&bloom, "one");
    add_text(&bloom, "two");
    add_text(&bloom, "three");
    DWT_OK(dwi_bloom_write(&bloom, &out, NULL), NULL);
    DWT_BYTES(out.data, out.len, 0x15, 0x40, 0x1C, 0x1C, 0x00, 0x00, 0x1C, 0x1C, 0x00, 0x00, 0x1C,
              0x1C, 0x00, 0x00, 0x00, /* 32 bytes, BLOCK, XXHASH, UNCOMPRESSED */
              0x01, 0x05, 0x00, 0x00, 0x02, 0x80, 0x00, 0x10, 0x08, 0x04, 0x00, 0x02, 0x00, 0x40,
              0x04, 0x10, 0x00, 0x04, 0x20, 0x02, 0x08, 0x88, 0x00, 0x00, 0x00, 0x00, 0x50, 0x10,
              0x00, 0x40, 0x80, 0x00);
    dwi_bloom_done(&bloom);
    dwi_buf_done(&out);
}

static void sizes_follow_the_formula_of_the_specification(void **state)
{
    (void)state;
    DWT_EQ(dwi_bloom_size(1, 0.01, 1 << 27), 32);
    DWT_EQ(dwi_bloom_size(100, 0.01, 1 << 27), 128);
    DWT_EQ(dwi_bloom_size(1000, 0.05, 1 << 27), 1024);
    DWT_EQ(dwi_bloom_size(10000, 0.001, 1 << 27), 32768);
    DWT_EQ(dwi_bloom_size(50000, 0.1, 1 << 27), 65536);
    DWT_EQ(dwi_bloom_size(1000000, 0.01, 1 << 27), 1 << 21);
    DWT_EQ(dwi_bloom_size(1000000, 0.01, 1 << 20), 1 << 20);
    DWT_EQ(dwi_bloom_size(1e30, 0.01, 1 << 27), 1 << 27);
}

static void a_folded_filter_is_the_one_that_started_small(void **state)
{
    dwi_bloom large = {0};
    dwi_bloom small = {0};

    (void)state;
    DWT_OK(dwi_bloom_init(&large, 1 << 16, dwi_alloc_default(), NULL), NULL);
    DWT_OK(dwi_bloom_init(&small, 1 << 10, dwi_alloc_default(), NULL), NULL);
    for (uint64_t i = 0; i < 500; i++) {
        dwi_bloom_add(&large, hash_of(i));
        dwi_bloom_add(&small, hash_of(i));
    }
    dwi_bloom_fold(&large, 1 << 20);
    DWT_EQ(large.n_bytes, 1 << 16);
    dwi_bloom_fold(&large, 1 << 10);
    DWT_EQ(large.n_bytes, 1 << 10);
    assert_memory_equal(large.bits, small.bits, 1 << 10);
    dwi_bloom_done(&large);
    dwi_bloom_done(&small);
}

static void the_number_of_values_shows_in_the_bits(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 100000; n *= 10) {
        dwi_bloom bloom = {0};
        double seen;
        DWT_OK(dwi_bloom_init(&bloom, 1 << 20, dwi_alloc_default(), NULL), NULL);
        for (uint64_t i = 0; i < 3 * n; i++)
            dwi_bloom_add(&bloom, hash_of(i % n));
        seen = dwi_bloom_distinct(&bloom);
        assert_true(seen > 0.98 * (double)n && seen < 1.02 * (double)n);
        dwi_bloom_done(&bloom);
    }
}

static void nothing_added_is_missed_and_little_else_is_found(void **state)
{
    enum { N = 20000 };
    dwi_bloom bloom = {0};
    size_t false_positives = 0;

    (void)state;
    DWT_OK(dwi_bloom_init(&bloom, dwi_bloom_size(N, 0.01, 1 << 27), dwi_alloc_default(), NULL),
           NULL);
    for (uint64_t i = 0; i < N; i++)
        dwi_bloom_add(&bloom, hash_of(i));
    for (uint64_t i = 0; i < N; i++) {
        assert_true(dwi_bloom_has(&bloom, hash_of(i)));
        false_positives += dwi_bloom_has(&bloom, hash_of(i + N));
    }
    assert_true(false_positives < N / 100);
    dwi_bloom_done(&bloom);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_and_bits_are_those_that_pyarrow_writes),
        cmocka_unit_test(sizes_follow_the_formula_of_the_specification),
        cmocka_unit_test(a_folded_filter_is_the_one_that_started_small),
        cmocka_unit_test(the_number_of_values_shows_in_the_bits),
        cmocka_unit_test(nothing_added_is_missed_and_little_else_is_found),
    };

    return cmocka_run_group_tests_name("bloom_filter", tests, NULL, NULL);
}
