/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes are the format's own examples, or what pyarrow puts into an uncompressed page v1 of a
 * required column: pq.write_table(t, f, compression="none", use_dictionary=False,
 * column_encoding={"a": ENCODING}). */
#include "parquet/value_encode.h"

#include "base/alloc.h"
#include "harness.h"
#include "parquet/delta_encode.h"
#include "parquet/delta_reader.h"

typedef struct encoded {
    dwi_buf out;
    dwi_buf scratch;
} encoded;

static void encode(encoded *e, dwi_parquet_encoding encoding, dwi_parquet_physical physical,
                   size_t width, const void *data, size_t len, size_t count)
{
    const dwi_plain_values values = {physical, width, data, len, count};

    dwi_buf_init(&e->out, dwi_alloc_default());
    dwi_buf_init(&e->scratch, dwi_alloc_default());
    dwi_value_encode(encoding, &values, &e->out, &e->scratch);
    assert_false(e->out.failed || e->scratch.failed);
}

static void done(encoded *e)
{
    dwi_buf_done(&e->out);
    dwi_buf_done(&e->scratch);
}

static void delta_of_the_formats_example(void **state)
{
    static const int32_t values[] = {7, 5, 3, 1, 2, 3, 4, 5};
    encoded e;

    (void)state;
    encode(&e, DWI_PARQUET_DELTA_BINARY_PACKED, DWI_PARQUET_INT32, 4, values, sizeof(values), 8);
    DWT_BYTES(e.out.data, e.out.len, 0x80, 0x01, 0x04, 0x08, 0x0E, /* 128, 4, 8 values, 7 */
              0x03, 2, 0, 0, 0,                                    /* -2; two bits a value */
              0xC0, 0x3F, 0, 0, 0, 0, 0, 0);
    done(&e);
}

static void equal_deltas_take_no_bits(void **state)
{
    static const int64_t values[] = {1, 2, 3, 4, 5};
    encoded e;

    (void)state;
    encode(&e, DWI_PARQUET_DELTA_BINARY_PACKED, DWI_PARQUET_INT64, 8, values, sizeof(values), 5);
    DWT_BYTES(e.out.data, e.out.len, 0x80, 0x01, 0x04, 0x05, 0x02, 0x02, 0, 0, 0, 0);
    done(&e);
    encode(&e, DWI_PARQUET_DELTA_BINARY_PACKED, DWI_PARQUET_INT64, 8, values, 8, 1);
    DWT_BYTES(e.out.data, e.out.len, 0x80, 0x01, 0x04, 0x01, 0x02);
    done(&e);
}

static void deltas_of_32_bits_wrap_around_in_32_bits(void **state)
{
    static const int32_t values[] = {INT32_MIN, INT32_MAX, INT32_MIN, 0};
    uint8_t want[146] = {0x80, 0x01, 0x04, 0x04, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, /* INT32_MIN */
                         0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x20, 0,    0,    0,    /* 32 bits */
                         0xFF, 0xFF, 0xFF, 0x7F, 0x01, 0,    0,    0x80};
    encoded e;

    (void)state;
    encode(&e, DWI_PARQUET_DELTA_BINARY_PACKED, DWI_PARQUET_INT32, 4, values, sizeof(values), 4);
    DWT_EQ(e.out.len, sizeof(want));
    assert_memory_equal(e.out.data, want, sizeof(want));
    done(&e);
}

static void deltas_of_64_bits_wrap_around_in_64_bits(void **state)
{
    static const int64_t values[] = {INT64_MIN, INT64_MAX, INT64_MIN, 0};
    uint8_t want[24 + 4 + 32 * 8] = {
        0x80, 0x01, 0x04, 0x04, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, /* */
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x40, 0,    0,    0,    /* */
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0x01, 0,    0,    0,    0,    0,
        0,    0x80};
    encoded e;

    (void)state;
    encode(&e, DWI_PARQUET_DELTA_BINARY_PACKED, DWI_PARQUET_INT64, 8, values, sizeof(values), 4);
    DWT_EQ(e.out.len, sizeof(want));
    assert_memory_equal(e.out.data, want, sizeof(want));
    done(&e);
}

static void a_second_block_starts_after_128_deltas(void **state)
{
    static const uint8_t start[] = {0x80, 0x01, 0x04, 0x82, 0x01, 0x00, 0xAD, 0x01,
                                    8,    8,    8,    8,    0x58, 0x5A, 0x5C, 0x5E};
    static const uint8_t end[] = {0x32, 0x95, 0x36, 0x38, 0x3A, 0x9D, 0x3E};
    int32_t values[130];
    encoded e;

    (void)state;
    for (int32_t i = 0; i < 130; i++)
        values[i] = i * i % 97;
    encode(&e, DWI_PARQUET_DELTA_BINARY_PACKED, DWI_PARQUET_INT32, 4, values, sizeof(values), 130);
    DWT_EQ(e.out.len, 145);
    assert_memory_equal(e.out.data, start, sizeof(start));
    assert_memory_equal(e.out.data + 90, end, sizeof(end));
    /* The one delta of the last block, -34, needs no bits. */
    DWT_BYTES(e.out.data + 139, 6, 0x94, 0x43, 0, 0, 0, 0);
    done(&e);
}

static void every_width_comes_back(void **state)
{
    enum { N = 300 };
    int64_t values[N];
    int64_t back[N];
    uint64_t x = 1;
    encoded e;
    dwi_delta_reader r;

    (void)state;
    for (unsigned bits = 0; bits <= 64; bits++) {
        for (size_t i = 0; i < N; i++) {
            x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
            values[i] = bits == 0 ? 7 : (int64_t)(x >> (64 - bits));
        }
        encode(&e, DWI_PARQUET_DELTA_BINARY_PACKED, DWI_PARQUET_INT64, 8, values, sizeof(values),
               N);
        assert_true(dwi_delta_begin(&r, e.out.data, e.out.len));
        assert_true(dwi_delta_read(&r, back, N));
        assert_memory_equal(back, values, sizeof(values));
        done(&e);
    }
}

static void lengths_come_before_all_bytes(void **state)
{
    static const char plain[] = "\5\0\0\0Hello\5\0\0\0World\6\0\0\0Foobar\6\0\0\0ABCDEF";
    encoded e;

    (void)state;
    encode(&e, DWI_PARQUET_DELTA_LENGTH_BYTE_ARRAY, DWI_PARQUET_BYTE_ARRAY, 0, plain,
           sizeof(plain) - 1, 4);
    DWT_BYTES(e.out.data, e.out.len, 0x80, 0x01, 0x04, 0x04, 0x0A, 0x00, 1, 0, 0, 0, /* */
              0x02, 0x00, 0x00, 0x00,                                                /* 0, 1, 0 */
              'H', 'e', 'l', 'l', 'o', 'W', 'o', 'r', 'l', 'd', 'F', 'o', 'o', 'b', 'a', 'r', 'A',
              'B', 'C', 'D', 'E', 'F');
    done(&e);
}

static void prefixes_are_shared_with_the_value_before(void **state)
{
    static const char plain[] = "\4\0\0\0axis\4\0\0\0axle\6\0\0\0babble\x8\0\0\0babyhood";
    static const char fixed[] = "abcabdxbd";
    static const uint8_t prefixes[] = {0x80, 0x01, 0x04, 0x04, 0x00, 0x03, 3, 0, 0, 0, 0x44, 0x01};
    static const uint8_t suffixes[] = {0x80, 0x01, 0x04, 0x04, 0x08, 0x03, 3, 0, 0, 0, 0x70, 0x00};
    encoded e;

    (void)state;
    encode(&e, DWI_PARQUET_DELTA_BYTE_ARRAY, DWI_PARQUET_BYTE_ARRAY, 0, plain, sizeof(plain) - 1,
           4);
    DWT_EQ(e.out.len, 61);
    assert_memory_equal(e.out.data, prefixes, sizeof(prefixes));
    assert_memory_equal(e.out.data + 22, suffixes, sizeof(suffixes));
    assert_memory_equal(e.out.data + 44, "axislebabbleyhood", 17);
    done(&e);
    encode(&e, DWI_PARQUET_DELTA_BYTE_ARRAY, DWI_PARQUET_FIXED_LEN_BYTE_ARRAY, 3, fixed, 9, 3);
    DWT_EQ(e.out.len, 51);
    DWT_BYTES(e.out.data, 12, 0x80, 0x01, 0x04, 0x03, 0x00, 0x03, 3, 0, 0, 0, 0x04, 0x00);
    DWT_BYTES(e.out.data + 44, 7, 'a', 'b', 'c', 'd', 'x', 'b', 'd');
    done(&e);
}

static void streams_hold_a_byte_of_each_value(void **state)
{
    static const float reals[] = {1.0f, -2.5f};
    encoded e;

    (void)state;
    encode(&e, DWI_PARQUET_BYTE_STREAM_SPLIT, DWI_PARQUET_FLOAT, 4, reals, sizeof(reals), 2);
    DWT_BYTES(e.out.data, e.out.len, 0, 0, 0, 0, 0x80, 0x20, 0x3F, 0xC0);
    done(&e);
    encode(&e, DWI_PARQUET_BYTE_STREAM_SPLIT, DWI_PARQUET_FIXED_LEN_BYTE_ARRAY, 3, "abcdef", 6, 2);
    DWT_BYTES(e.out.data, e.out.len, 'a', 'd', 'b', 'e', 'c', 'f');
    done(&e);
}

static void booleans_are_runs_with_their_length_in_front(void **state)
{
    uint8_t bits[13]; /* a hundred times true, false, true, true */
    encoded e;

    (void)state;
    memset(bits, 0xFF, sizeof(bits));
    bits[12] = 0x6F;
    encode(&e, DWI_PARQUET_RLE, DWI_PARQUET_BOOLEAN, 0, bits, sizeof(bits), 103);
    /* Ours ends the run at a full group: 96 times true, then seven bits. */
    DWT_BYTES(e.out.data, e.out.len, 5, 0, 0, 0, 0xC0, 0x01, 0x01, 0x03, 0x6F);
    done(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delta_of_the_formats_example),
        cmocka_unit_test(equal_deltas_take_no_bits),
        cmocka_unit_test(deltas_of_32_bits_wrap_around_in_32_bits),
        cmocka_unit_test(deltas_of_64_bits_wrap_around_in_64_bits),
        cmocka_unit_test(a_second_block_starts_after_128_deltas),
        cmocka_unit_test(every_width_comes_back),
        cmocka_unit_test(lengths_come_before_all_bytes),
        cmocka_unit_test(prefixes_are_shared_with_the_value_before),
        cmocka_unit_test(streams_hold_a_byte_of_each_value),
        cmocka_unit_test(booleans_are_runs_with_their_length_in_front),
    };

    return cmocka_run_group_tests_name("value_encode", tests, NULL, NULL);
}
