/* SPDX-License-Identifier: Apache-2.0 */
/* The encodings of Encodings.md from literal bytes, most of them its own examples. */
#include "harness.h"

#include "base/alloc.h"
#include "parquet/value_reader.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static void rle_runs_and_bit_packed_runs_alternate(void **state)
{
    dwi_rle_reader r;
    uint32_t out[12];
    uint8_t small[12];
    const uint32_t want[12] = {5, 5, 5, 5, 0, 1, 2, 3, 4, 5, 6, 7};

    (void)state;
    dwi_rle_begin(&r, BYTES(0x08, 0x05, 0x03, 0x88, 0xC6, 0xFA), 3);
    assert_true(dwi_rle_read_u32(&r, out, 12));
    assert_memory_equal(out, want, sizeof(want));
    assert_false(dwi_rle_read_u32(&r, out, 1));

    dwi_rle_begin(&r, BYTES(0x08, 0x05, 0x03, 0x88, 0xC6, 0xFA), 3);
    for (int i = 0; i < 12; i++) {
        assert_true(dwi_rle_read_u8(&r, small, 1));
        DWT_EQ(small[0], want[i]);
    }
    assert_false(dwi_rle_read_u8(&r, small, 1));
}

static void bits_of_width_one_and_zero_are_read(void **state)
{
    dwi_rle_reader r;
    uint8_t out[16];
    const uint8_t want[16] = {1, 0, 1, 0, 0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0};

    (void)state;
    dwi_rle_begin(&r, BYTES(0x05, 0xA5, 0x0F), 1);
    assert_true(dwi_rle_read_u8(&r, out, 16));
    assert_memory_equal(out, want, sizeof(want));
    dwi_rle_begin(&r, BYTES(0x20), 0);
    assert_true(dwi_rle_read_u8(&r, out, 16));
    DWT_EQ(out[0] | out[15], 0);
}

static void wide_values_are_read_up_to_the_last_byte(void **state)
{
    dwi_rle_reader r;
    uint32_t out[8];
    uint8_t data[1 + 32];

    (void)state;
    data[0] = 0x03;
    memset(data + 1, 0xFF, 32);
    dwi_rle_begin(&r, data, sizeof(data), 32);
    assert_true(dwi_rle_read_u32(&r, out, 8));
    for (int i = 0; i < 8; i++)
        DWT_EQ(out[i], UINT32_MAX);
    dwi_rle_begin(&r, BYTES(0x04, 0x78, 0x56, 0x34, 0x12), 32);
    assert_true(dwi_rle_read_u32(&r, out, 2));
    DWT_EQ(out[1], 0x12345678);
}

static void the_deprecated_bit_packing_starts_with_the_high_bit(void **state)
{
    dwi_rle_reader r;
    uint8_t out[8];
    const uint8_t want[8] = {0, 1, 2, 3, 4, 5, 6, 7};

    (void)state;
    dwi_rle_begin_bit_packed(&r, BYTES(0x05, 0x39, 0x77), 3);
    assert_true(dwi_rle_read_u8(&r, out, 8));
    assert_memory_equal(out, want, sizeof(want));
    assert_false(dwi_rle_read_u8(&r, out, 1));
}

static void broken_runs_are_refused(void **state)
{
    dwi_rle_reader r;
    uint8_t out[64];

    (void)state;
    dwi_rle_begin(&r, NULL, 0, 1);
    assert_false(dwi_rle_read_u8(&r, out, 1)); /* nothing at all */
    dwi_rle_begin(&r, BYTES(0x80), 1);
    assert_false(dwi_rle_read_u8(&r, out, 1)); /* half a varint */
    dwi_rle_begin(&r, BYTES(0x08), 1);
    assert_false(dwi_rle_read_u8(&r, out, 1)); /* a run without its value */
    dwi_rle_begin(&r, BYTES(0x08, 0x02), 1);
    assert_false(dwi_rle_read_u8(&r, out, 1)); /* a value of more bits than the width */
    dwi_rle_begin(&r, BYTES(0x05, 0xFF), 1);
    assert_false(dwi_rle_read_u8(&r, out, 9)); /* the second group is missing */
    dwi_rle_begin(&r, BYTES(0x00, 0x01, 0x00, 0x01, 0x00, 0x01), 1);
    assert_false(dwi_rle_read_u8(&r, out, 1)); /* empty runs end with the data */
    dwi_rle_begin(&r, BYTES(0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01), 1);
    assert_false(dwi_rle_read_u8(&r, out, 1)); /* an endless varint */
}

static void deltas_are_added_up(void **state)
{
    dwi_delta_reader r;
    int64_t out[8];
    const uint8_t rising[] = {0x08, 0x01, 0x05, 0x02, 0x02, 0x00};
    const uint8_t mixed[] = {0x08, 0x01, 0x08, 0x0E, 0x03, 0x02, 0xC0, 0x3F};
    const int64_t want[8] = {7, 5, 3, 1, 2, 3, 4, 5};

    (void)state;
    assert_true(dwi_delta_begin(&r, rising, sizeof(rising)));
    DWT_EQ(r.left, 5);
    assert_ptr_equal(dwi_delta_find_end(&r), rising + sizeof(rising));
    assert_true(dwi_delta_read(&r, out, 5));
    for (int i = 0; i < 5; i++)
        DWT_EQ(out[i], i + 1);
    assert_false(dwi_delta_read(&r, out, 1));

    assert_true(dwi_delta_begin(&r, mixed, sizeof(mixed)));
    assert_ptr_equal(dwi_delta_find_end(&r), mixed + sizeof(mixed));
    for (int i = 0; i < 8; i++) {
        assert_true(dwi_delta_read(&r, out, 1));
        DWT_EQ(out[0], want[i]);
    }
}

static void deltas_of_64_bits_wrap_around(void **state)
{
    dwi_delta_reader r;
    int64_t out[9];
    uint8_t data[100] = {0x08, 0x01, 0x09, 0x01, 0x00, 0x40};

    (void)state;
    memset(data + 6, 0xFF, 64); /* eight deltas of -1 in 64 bits */
    assert_true(dwi_delta_begin(&r, data, 70));
    assert_true(dwi_delta_read(&r, out, 9));
    DWT_EQ(out[0], -1);
    DWT_EQ(out[8], -9);
    assert_true(dwi_delta_begin(&r, data, 69)); /* a byte is missing */
    assert_false(dwi_delta_read(&r, out, 9));
}

static void broken_delta_headers_are_refused(void **state)
{
    dwi_delta_reader r;
    int64_t out[8];

    (void)state;
    assert_false(dwi_delta_begin(&r, BYTES(0x08, 0x01, 0x05)));
    assert_false(dwi_delta_begin(&r, BYTES(0x08, 0x00, 0x05, 0x02)));
    assert_false(dwi_delta_begin(&r, BYTES(0x00, 0x01, 0x05, 0x02)));
    assert_false(dwi_delta_begin(&r, BYTES(0x09, 0x01, 0x05, 0x02)));
    assert_false(dwi_delta_begin(&r, BYTES(0x80, 0x80, 0x80, 0x80, 0x01, 0x01, 0x05, 0x02)));
    assert_true(dwi_delta_begin(&r, BYTES(0x08, 0x01, 0x05, 0x02, 0x02, 0x41)));
    assert_false(dwi_delta_read(&r, out, 5)); /* 65 bits */
    assert_true(dwi_delta_begin(&r, BYTES(0x08, 0x01, 0xFF, 0xFF, 0xFF, 0x07, 0x02, 0x02, 0x00)));
    assert_null(dwi_delta_find_end(&r));
}

/* A value reader over a page of its own. */
typedef struct fixture {
    dwi_value_reader reader;
    dwi_value_scratch scratch;
    const char *why;
    bool unsupported;
} fixture;

static fixture *open_values(int physical, int32_t type_length, int encoding, const uint8_t *data,
                            size_t len)
{
    static fixture f;
    dwi_page page = {
        .type = DWI_PARQUET_DATA_PAGE, .encoding = encoding, .values = data, .values_len = len};

    dwi_buf_init(&f.scratch.bytes, dwi_alloc_default());
    dwi_value_reader_init(&f.reader, dwi_alloc_default(), physical, type_length);
    f.why = dwi_value_reader_open(&f.reader, &page, &f.unsupported);
    return &f;
}

static void close_values(fixture *f)
{
    dwi_value_reader_done(&f->reader);
    dwi_buf_done(&f->scratch.bytes);
}

static void span_is(const fixture *f, size_t i, const char *text)
{
    dwi_sv want = dwi_sv_cstr(text);

    if (!dwi_sv_eq(f->scratch.spans[i], want))
        fail_msg("span %zu is \"%.*s\", not \"%s\"", i, DWI_SV_ARG(f->scratch.spans[i]), text);
}

static void plain_values_are_as_they_lie(void **state)
{
    fixture *f;
    uint8_t flags[10];
    const uint8_t want_flags[10] = {1, 0, 1, 1, 0, 0, 0, 0, 1, 0};

    (void)state;
    f = open_values(DWI_PARQUET_INT32, 0, DWI_PARQUET_PLAIN, BYTES(1, 0, 0, 0, 2, 0, 0, 0, 3));
    DWT_BYTES(dwi_value_read_fixed(&f->reader, 2, &f->scratch), 8, 1, 0, 0, 0, 2, 0, 0, 0);
    assert_null(dwi_value_read_fixed(&f->reader, 1, &f->scratch));
    close_values(f);
    f = open_values(DWI_PARQUET_BYTE_ARRAY, 0, DWI_PARQUET_PLAIN,
                    BYTES(2, 0, 0, 0, 'h', 'i', 0, 0, 0, 0, 3, 0, 0, 0, 'x'));
    assert_true(dwi_value_read_spans(&f->reader, 2, &f->scratch));
    span_is(f, 0, "hi");
    span_is(f, 1, "");
    assert_false(dwi_value_read_spans(&f->reader, 1, &f->scratch)); /* 3 bytes, 1 is there */
    close_values(f);
    f = open_values(DWI_PARQUET_FIXED_LEN_BYTE_ARRAY, 3, DWI_PARQUET_PLAIN,
                    BYTES('a', 'b', 'c', 'd', 'e', 'f'));
    assert_true(dwi_value_read_spans(&f->reader, 2, &f->scratch));
    span_is(f, 1, "def");
    close_values(f);
    f = open_values(DWI_PARQUET_BOOLEAN, 0, DWI_PARQUET_PLAIN, BYTES(0x0D, 0x01));
    assert_true(dwi_value_read_booleans(&f->reader, 3, flags));
    assert_true(dwi_value_read_booleans(&f->reader, 7, flags + 3));
    assert_memory_equal(flags, want_flags, sizeof(flags));
    assert_false(dwi_value_read_booleans(&f->reader, 7, flags));
    close_values(f);
}

static void dictionary_indices_follow_their_width(void **state)
{
    fixture *f;

    (void)state;
    f = open_values(DWI_PARQUET_INT64, 0, DWI_PARQUET_PLAIN_DICTIONARY,
                    BYTES(0x02, 0x06, 0x03, 0x03, 0xE4, 0x1B));
    assert_true(dwi_value_reader_is_dictionary(&f->reader));
    assert_true(dwi_value_read_indices(&f->reader, 11, &f->scratch));
    DWT_EQ(f->scratch.indices[2], 3);
    DWT_EQ(f->scratch.indices[3], 0);
    DWT_EQ(f->scratch.indices[6], 3);
    DWT_EQ(f->scratch.indices[7], 3);
    DWT_EQ(f->scratch.indices[10], 0);
    assert_false(dwi_value_read_indices(&f->reader, 1, &f->scratch));
    close_values(f);
    f = open_values(DWI_PARQUET_INT64, 0, DWI_PARQUET_RLE_DICTIONARY, BYTES(33, 0));
    assert_string_equal(f->why, "dictionary indices of more than 32 bits");
    close_values(f);
}

static void rle_booleans_have_their_length_before_them(void **state)
{
    fixture *f;
    uint8_t out[8];

    (void)state;
    f = open_values(DWI_PARQUET_BOOLEAN, 0, DWI_PARQUET_RLE, BYTES(2, 0, 0, 0, 0x10, 0x01));
    assert_true(dwi_value_read_booleans(&f->reader, 8, out));
    DWT_EQ(out[7], 1);
    close_values(f);
    f = open_values(DWI_PARQUET_BOOLEAN, 0, DWI_PARQUET_RLE, BYTES(3, 0, 0, 0, 0x10, 0x01));
    assert_string_equal(f->why, "RLE values longer than the page");
    close_values(f);
}

static void delta_lengths_come_before_the_bytes(void **state)
{
    fixture *f;

    (void)state;
    f = open_values(DWI_PARQUET_BYTE_ARRAY, 0, DWI_PARQUET_DELTA_LENGTH_BYTE_ARRAY,
                    BYTES(0x08, 0x01, 0x04, 0x0A, 0x00, 0x01, 0x02, /* 5 5 6 6 */
                          'H', 'e', 'l', 'l', 'o', 'W', 'o', 'r', 'l', 'd', 'F', 'o', 'o', 'b', 'a',
                          'r', 'A', 'B', 'C', 'D', 'E', 'F'));
    assert_null(f->why);
    assert_true(dwi_value_read_spans(&f->reader, 3, &f->scratch));
    span_is(f, 0, "Hello");
    span_is(f, 2, "Foobar");
    assert_true(dwi_value_read_spans(&f->reader, 1, &f->scratch));
    span_is(f, 0, "ABCDEF");
    assert_false(dwi_value_read_spans(&f->reader, 1, &f->scratch));
    close_values(f);
    f = open_values(DWI_PARQUET_BYTE_ARRAY, 0, DWI_PARQUET_DELTA_LENGTH_BYTE_ARRAY,
                    BYTES(0x08, 0x01, 0x01, 0x01, 'H')); /* length -1 */
    assert_false(dwi_value_read_spans(&f->reader, 1, &f->scratch));
    close_values(f);
}

static void delta_byte_arrays_share_prefixes(void **state)
{
    fixture *f;

    (void)state;
    f = open_values(DWI_PARQUET_BYTE_ARRAY, 0, DWI_PARQUET_DELTA_BYTE_ARRAY,
                    BYTES(0x08, 0x01, 0x04, 0x00, 0x03, 0x03, 0x44, 0x01, 0x00, /* 0 2 0 3 */
                          0x08, 0x01, 0x04, 0x08, 0x03, 0x03, 0x70, 0x00, 0x00, /* 4 2 6 5 */
                          'a', 'x', 'i', 's', 'l', 'e', 'b', 'a', 'b', 'b', 'l', 'e', 'y', 'h', 'o',
                          'o', 'd'));
    assert_null(f->why);
    assert_true(dwi_value_read_spans(&f->reader, 2, &f->scratch));
    span_is(f, 0, "axis");
    span_is(f, 1, "axle");
    assert_true(dwi_value_read_spans(&f->reader, 2, &f->scratch));
    span_is(f, 0, "babble");
    span_is(f, 1, "babyhood");
    close_values(f);
    f = open_values(DWI_PARQUET_BYTE_ARRAY, 0, DWI_PARQUET_DELTA_BYTE_ARRAY,
                    BYTES(0x08, 0x01, 0x01, 0x02, 0x08, 0x01, 0x01, 0x02, 'x'));
    assert_false(dwi_value_read_spans(&f->reader, 1, &f->scratch)); /* a prefix of nothing */
    close_values(f);
}

static void byte_streams_are_joined_again(void **state)
{
    fixture *f;

    (void)state;
    f = open_values(DWI_PARQUET_FLOAT, 0, DWI_PARQUET_BYTE_STREAM_SPLIT,
                    BYTES(0xAA, 0x00, 0xA3, 0xBB, 0x11, 0xB4, 0xCC, 0x22, 0xC5, 0xDD, 0x33, 0xD6));
    DWT_BYTES(dwi_value_read_fixed(&f->reader, 1, &f->scratch), 4, 0xAA, 0xBB, 0xCC, 0xDD);
    DWT_BYTES(dwi_value_read_fixed(&f->reader, 2, &f->scratch), 8, 0x00, 0x11, 0x22, 0x33, 0xA3,
              0xB4, 0xC5, 0xD6);
    assert_null(dwi_value_read_fixed(&f->reader, 1, &f->scratch));
    close_values(f);
}

static void unknown_encodings_are_told_from_broken_ones(void **state)
{
    fixture *f;

    (void)state;
    f = open_values(DWI_PARQUET_INT32, 0, 77, BYTES(0));
    assert_true(f->unsupported);
    close_values(f);
    f = open_values(DWI_PARQUET_DOUBLE, 0, DWI_PARQUET_DELTA_BINARY_PACKED, BYTES(0));
    assert_non_null(f->why);
    assert_false(f->unsupported);
    close_values(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rle_runs_and_bit_packed_runs_alternate),
        cmocka_unit_test(bits_of_width_one_and_zero_are_read),
        cmocka_unit_test(wide_values_are_read_up_to_the_last_byte),
        cmocka_unit_test(the_deprecated_bit_packing_starts_with_the_high_bit),
        cmocka_unit_test(broken_runs_are_refused),
        cmocka_unit_test(deltas_are_added_up),
        cmocka_unit_test(deltas_of_64_bits_wrap_around),
        cmocka_unit_test(broken_delta_headers_are_refused),
        cmocka_unit_test(plain_values_are_as_they_lie),
        cmocka_unit_test(dictionary_indices_follow_their_width),
        cmocka_unit_test(rle_booleans_have_their_length_before_them),
        cmocka_unit_test(delta_lengths_come_before_the_bytes),
        cmocka_unit_test(delta_byte_arrays_share_prefixes),
        cmocka_unit_test(byte_streams_are_joined_again),
        cmocka_unit_test(unknown_encodings_are_told_from_broken_ones),
    };

    return cmocka_run_group_tests_name("parquet_decoders", tests, NULL, NULL);
}
