/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/rle_encode.h"

#include "base/alloc.h"
#include "harness.h"
#include "parquet/bit_append.h"

static dwi_buf out;

static int setup(void **state)
{
    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dwi_buf_done(&out);
    return 0;
}

static void eight_values_of_three_bits_are_the_specs_example(void **state)
{
    const uint32_t values[] = {0, 1, 2, 3, 4, 5, 6, 7};

    (void)state;
    dwi_rle_encode_u32(&out, values, 8, 3);
    DWT_BYTES(out.data, out.len, 0x03, 0x88, 0xC6, 0xFA);
}

static void a_long_run_is_a_count_and_one_value(void **state)
{
    uint32_t values[300];

    (void)state;
    for (size_t i = 0; i < 300; i++)
        values[i] = 0x1234;
    dwi_rle_encode_u32(&out, values, 300, 13);
    DWT_BYTES(out.data, out.len, 0xD8, 0x04, 0x34, 0x12);
}

static void the_last_group_is_filled_with_zeros(void **state)
{
    const uint32_t values[] = {1, 0, 1};

    (void)state;
    dwi_rle_encode_u32(&out, values, 3, 1);
    DWT_BYTES(out.data, out.len, 0x03, 0x05);
}

static void runs_and_packed_groups_alternate(void **state)
{
    uint32_t values[8 + 16 + 2] = {1, 2, 3, 0, 1, 2, 3, 0};

    (void)state;
    for (size_t i = 8; i < 24; i++)
        values[i] = 2;
    values[24] = 1;
    values[25] = 3;
    dwi_rle_encode_u32(&out, values, 26, 2);
    DWT_BYTES(out.data, out.len, 0x03, 0x39, 0x39, 0x20, 0x02, 0x03, 0x0D, 0x00);
}

static void bitmaps_take_runs_by_the_byte(void **state)
{
    uint8_t bits[20];

    (void)state;
    memset(bits, 0xFF, sizeof(bits));
    bits[0] = 0xA5;
    dwi_rle_encode_bits(&out, bits, 157); /* the last byte has 5 bits */
    DWT_BYTES(out.data, out.len, 0x03, 0xA5, 0xA0, 0x02, 0x01, 0x03, 0x1F);
}

static void no_values_are_no_bytes(void **state)
{
    (void)state;
    dwi_rle_encode_u32(&out, NULL, 0, 4);
    dwi_rle_encode_u8(&out, NULL, 0, 4);
    dwi_rle_encode_bits(&out, NULL, 0);
    dwi_rle_encode_run(&out, 1, 0, 1);
    DWT_EQ(out.len, 0);
}

/* ---- a decoder written from the specification, value by value ---- */

static size_t decode(const uint8_t *p, size_t len, unsigned width, uint32_t *values, size_t count)
{
    size_t n = 0;
    size_t at = 0;

    while (n < count) {
        uint64_t header = 0;
        for (unsigned shift = 0;; shift += 7) {
            header |= (uint64_t)(p[at] & 0x7F) << shift;
            if (!(p[at++] & 0x80))
                break;
        }
        if (header & 1) {
            size_t bits = (size_t)(header >> 1) * 8 * width;
            for (size_t i = 0; i < (header >> 1) * 8; i++) {
                uint32_t v = 0;
                for (unsigned b = 0; b < width; b++) {
                    size_t bit = i * width + b;
                    v |= (uint32_t)(p[at + bit / 8] >> bit % 8 & 1) << b;
                }
                if (n < count)
                    values[n++] = v;
                else
                    DWT_EQ(v, 0);
            }
            at += bits / 8;
        } else {
            uint32_t v = 0;
            for (unsigned b = 0; b < (width + 7) / 8; b++)
                v |= (uint32_t)p[at++] << (8 * b);
            for (uint64_t i = 0; i < header >> 1; i++) {
                assert_true(n < count);
                values[n++] = v;
            }
        }
    }
    DWT_EQ(at, len);
    return n;
}

static uint32_t random_state = 7;

static uint32_t random_bits(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8 ^ random_state << 16;
}

enum { MANY = 3000 };

/* Values with runs of all lengths. */
static size_t fill(uint32_t *values, unsigned width)
{
    uint32_t mask = width == 32 ? UINT32_MAX : (1u << width) - 1;
    size_t n = random_bits() % MANY;

    for (size_t i = 0; i < n;) {
        uint32_t value = random_bits() & mask;
        size_t run = random_bits() % 3 == 0 ? random_bits() % 90 + 1 : 1;
        for (; run > 0 && i < n; run--)
            values[i++] = value;
    }
    return n;
}

static void every_width_decodes_to_what_was_encoded(void **state)
{
    static uint32_t values[MANY];
    static uint32_t back[MANY];

    (void)state;
    for (unsigned width = 1; width <= 32; width++) {
        for (int round = 0; round < 20; round++) {
            size_t n = fill(values, width);
            dwi_buf_clear(&out);
            dwi_rle_encode_u32(&out, values, n, width);
            decode(out.data, out.len, width, back, n);
            if (n > 0)
                assert_memory_equal(values, back, n * sizeof(values[0]));
        }
    }
}

static void bytes_and_bitmaps_decode_to_what_was_encoded(void **state)
{
    static uint32_t values[MANY];
    static uint32_t back[MANY];
    static uint8_t bytes[MANY];
    dwi_buf bits;

    (void)state;
    dwi_buf_init(&bits, dwi_alloc_default());
    for (int round = 0; round < 200; round++) {
        unsigned width = 1 + (unsigned)round % 8;
        size_t n = fill(values, width);
        size_t n_bits = 0;
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)values[i];
        dwi_buf_clear(&out);
        dwi_rle_encode_u8(&out, bytes, n, width);
        decode(out.data, out.len, width, back, n);
        for (size_t i = 0; i < n; i++)
            DWT_EQ(back[i], values[i]);
        dwi_buf_clear(&bits);
        for (size_t i = 0; i < n; i++)
            dwi_bits_append(&bits, &n_bits, &bytes[i], 0, 1);
        DWT_EQ(n_bits, n);
        dwi_buf_clear(&out);
        dwi_rle_encode_bits(&out, bits.data, n);
        decode(out.data, out.len, 1, back, n);
        for (size_t i = 0; i < n; i++)
            DWT_EQ(back[i], values[i] & 1);
    }
    dwi_buf_done(&bits);
}

static void bits_are_copied_from_any_place_to_any_place(void **state)
{
    uint8_t source[64];
    dwi_buf bits;

    (void)state;
    for (size_t i = 0; i < sizeof(source); i++)
        source[i] = (uint8_t)random_bits();
    dwi_buf_init(&bits, dwi_alloc_default());
    for (int round = 0; round < 2000; round++) {
        size_t before = random_bits() % 100;
        int64_t at = (int64_t)(random_bits() % 200);
        size_t count = random_bits() % (8 * sizeof(source) - (size_t)at);
        size_t n_bits = 0;
        size_t ones = 0;
        dwi_buf_clear(&bits);
        dwi_bits_append_ones(&bits, &n_bits, before);
        dwi_bits_append(&bits, &n_bits, source, at, count);
        DWT_EQ(n_bits, before + count);
        DWT_EQ(bits.len, (n_bits + 7) / 8);
        for (size_t i = 0; i < n_bits; i++) {
            size_t from = (size_t)at + i - before;
            int want = i < before ? 1 : source[from / 8] >> from % 8 & 1;
            DWT_EQ(bits.data[i / 8] >> i % 8 & 1, want);
            ones += (size_t)want;
        }
        if (n_bits % 8 != 0)
            DWT_EQ(bits.data[n_bits / 8] >> n_bits % 8, 0);
        if (n_bits > 0 && n_bits <= 64)
            DWT_EQ(dwi_bits_count(dwi_bits_load(bits.data, 0, (unsigned)n_bits)), ones);
    }
    dwi_buf_done(&bits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(eight_values_of_three_bits_are_the_specs_example, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_long_run_is_a_count_and_one_value, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_group_is_filled_with_zeros, setup, teardown),
        cmocka_unit_test_setup_teardown(runs_and_packed_groups_alternate, setup, teardown),
        cmocka_unit_test_setup_teardown(bitmaps_take_runs_by_the_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(no_values_are_no_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(every_width_decodes_to_what_was_encoded, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_and_bitmaps_decode_to_what_was_encoded, setup,
                                        teardown),
        cmocka_unit_test(bits_are_copied_from_any_place_to_any_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
