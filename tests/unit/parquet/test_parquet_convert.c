/* SPDX-License-Identifier: Apache-2.0 */
/* From what a leaf holds to our types: each way that is allowed, and that others are refused. */
#include "harness.h"

#include "base/alloc.h"
#include "base/le.h"
#include "parquet/convert.h"

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__})

static const dwi_type decimal_9_2 = {.kind = DWI_DECIMAL, .precision = 9, .scale = 2};

static dwi_parquet_node leaf_of(dwi_leaf_source source, int physical, const dwi_type *type)
{
    static const dwi_type root_type = {.kind = DWI_STRUCT};
    static const dwi_parquet_node root = {.type = &root_type};

    return (dwi_parquet_node){.parent = &root,
                              .name = DWI_SV("amount"),
                              .type = type,
                              .source = source,
                              .physical = physical};
}

static bool convert(dwi_leaf_source source, dwi_type_kind kind, const void *in, size_t n, void *out)
{
    static const dwi_type any = {.kind = DWI_LONG};
    dwi_type type = {.kind = kind};
    dwi_parquet_node leaf = leaf_of(source, DWI_PARQUET_INT64, &any);
    dwi_convert c;
    dw_error err;

    DWT_OK(dwi_convert_find(dwi_alloc_default(), &leaf, &type, &c, &err), &err);
    DWT_EQ(c.form, DWI_CONVERT_FIXED);
    DWT_EQ(c.width, dwi_type_width(&type));
    return c.fixed(&c, in, n, out);
}

static void integers_widen_with_their_sign(void **state)
{
    const int32_t in[2] = {-2, INT32_MAX};
    int64_t wide[2];
    double real[2];
    int16_t narrow[2];

    (void)state;
    assert_true(convert(DWI_LEAF_INT32, DWI_LONG, in, 2, wide));
    DWT_EQ(wide[0], -2);
    DWT_EQ(wide[1], INT32_MAX);
    assert_true(convert(DWI_LEAF_UINT32, DWI_LONG, in, 2, wide));
    DWT_EQ(wide[0], INT64_C(4294967294));
    assert_true(convert(DWI_LEAF_INT32, DWI_DOUBLE, in, 2, real));
    assert_true(real[0] == -2.0);
    assert_true(convert(DWI_LEAF_INT32, DWI_SHORT, in, 1, narrow));
    DWT_EQ(narrow[0], -2);
    assert_false(convert(DWI_LEAF_INT32, DWI_SHORT, in, 2, narrow));
}

static void timestamps_of_every_unit_become_microseconds(void **state)
{
    const int64_t in[3] = {-1, 1500, 0};
    const int64_t far[1] = {INT64_MAX / 999};
    const int32_t days[2] = {-1, INT32_MAX};
    int64_t out[3];

    (void)state;
    assert_true(convert(DWI_LEAF_MILLIS, DWI_TIMESTAMP, in, 3, out));
    DWT_EQ(out[0], -1000);
    DWT_EQ(out[1], 1500000);
    assert_false(convert(DWI_LEAF_MILLIS, DWI_TIMESTAMP_NTZ, far, 1, out));
    assert_true(convert(DWI_LEAF_NANOS, DWI_TIMESTAMP, in, 3, out));
    DWT_EQ(out[0], -1);
    DWT_EQ(out[1], 1);
    assert_true(convert(DWI_LEAF_DATE, DWI_TIMESTAMP_NTZ, days, 1, out));
    DWT_EQ(out[0], -86400 * INT64_C(1000000));
    assert_false(convert(DWI_LEAF_DATE, DWI_TIMESTAMP_NTZ, days, 2, out));
}

static void int96_is_nanoseconds_of_a_julian_day(void **state)
{
    int64_t out[2];

    (void)state;
    /* 1970-01-01T00:00:00.000001 and 1969-12-31T23:59:59.999999 */
    assert_true(convert(DWI_LEAF_INT96, DWI_TIMESTAMP,
                        BYTES(0xE8, 0x03, 0, 0, 0, 0, 0, 0, 0x8C, 0x3D, 0x25, 0x00, /**/
                              0x18, 0xFC, 0x4E, 0x91, 0x94, 0x4E, 0, 0, 0x8B, 0x3D, 0x25, 0x00),
                        2, out));
    DWT_EQ(out[0], 1);
    DWT_EQ(out[1], -1);
    assert_false(convert(DWI_LEAF_INT96, DWI_TIMESTAMP,
                         BYTES(0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x7F), 1, out));
    /* 290000-12-30T23:00:00Z as Spark 3.4 wrote it. */
    assert_true(convert(
        DWI_LEAF_INT96, DWI_TIMESTAMP,
        BYTES(0x00, 0x60, 0xB9, 0xC7, 0x6E, 0xE2, 0xFF, 0xFF, 0xA8, 0xAB, 0xB0, 0xF9), 1, out));
    DWT_EQ(out[0], INT64_C(9089380393200000000));
    /* A day before 1970 with a number of nanoseconds that no day has. */
    assert_false(convert(DWI_LEAF_INT96, DWI_TIMESTAMP_NTZ_NS,
                         BYTES(0, 0, 0, 0, 0, 0, 0, 0x80, 0x8B, 0x3D, 0x25, 0x00), 1, out));
    assert_true(convert(DWI_LEAF_INT96, DWI_TIMESTAMP_NTZ_NS,
                        BYTES(0xFF, 0xFF, 0x4E, 0x91, 0x94, 0x4E, 0, 0, 0x8B, 0x3D, 0x25, 0x00), 1,
                        out));
    DWT_EQ(out[0], -1);
}

static void decimals_keep_their_value_at_a_wider_scale(void **state)
{
    dwi_type wider = {.kind = DWI_DECIMAL, .precision = 38, .scale = 30};
    dwi_parquet_node leaf = leaf_of(DWI_LEAF_DECIMAL_BYTES, DWI_PARQUET_BYTE_ARRAY, &decimal_9_2);
    dwi_sv in[2] = {{(const char *)BYTES(0xFF, 0x85), 2}, {(const char *)BYTES(0, 0, 1), 3}};
    uint8_t out[32];
    dwi_convert c;
    dw_error err;

    (void)state;
    DWT_OK(dwi_convert_find(dwi_alloc_default(), &leaf, &decimal_9_2, &c, &err), &err);
    assert_true(c.spans(&c, in, 2, out));
    DWT_BYTES(out, 16, 0x85, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
              0xFF, 0xFF, 0xFF);
    DWT_OK(dwi_convert_find(dwi_alloc_default(), &leaf, &wider, &c, &err), &err);
    assert_true(c.spans(&c, in, 2, out));
    /* 1 * 10^28 */
    DWT_BYTES(out + 16, 16, 0, 0, 0, 0x10, 0x61, 0x02, 0x25, 0x3E, 0x5E, 0xCE, 0x4F, 0x20, 0, 0, 0,
              0);
    in[0] = (dwi_sv){(const char *)BYTES(0x3B, 0x9A, 0xCA, 0x00), 4}; /* 10^9: ten digits */
    assert_false(c.spans(&c, in, 1, out));
    in[0].len = 0;
    assert_false(c.spans(&c, in, 1, out));
}

static void half_floats_become_floats(void **state)
{
    static const dwi_type any = {.kind = DWI_FLOAT};
    dwi_parquet_node leaf = leaf_of(DWI_LEAF_FLOAT16, DWI_PARQUET_FIXED_LEN_BYTE_ARRAY, &any);
    dwi_sv in[5] = {{(const char *)BYTES(0x00, 0x3C), 2},
                    {(const char *)BYTES(0x00, 0xC1), 2},
                    {(const char *)BYTES(0x01, 0x00), 2},
                    {(const char *)BYTES(0x00, 0xFC), 2},
                    {(const char *)BYTES(0x00, 0x7E), 2}};
    float out[5];
    dwi_convert c;
    dw_error err;

    (void)state;
    DWT_OK(dwi_convert_find(dwi_alloc_default(), &leaf, &any, &c, &err), &err);
    assert_true(c.spans(&c, in, 5, out));
    assert_true(out[0] == 1.0f && out[1] == -2.5f && out[2] == 1.0f / 16777216.0f);
    assert_true(out[3] < -3.4e38f && out[4] != out[4]);
}

static void values_that_would_lose_something_are_refused_by_name(void **state)
{
    static const dwi_type long_type = {.kind = DWI_LONG};
    dwi_type integer = {.kind = DWI_INTEGER};
    dwi_type narrow = {.kind = DWI_DECIMAL, .precision = 8, .scale = 2};
    dwi_parquet_node leaf = leaf_of(DWI_LEAF_INT64, DWI_PARQUET_INT64, &long_type);
    dwi_convert c;
    dw_error err;
    dw_status status;

    (void)state;
    status = dwi_convert_find(dwi_alloc_default(), &leaf, &integer, &c, &err);
    DWT_ERR(status, &err, DW_E_SCHEMA, "column amount: long in the file, wanted integer");
    leaf = leaf_of(DWI_LEAF_DECIMAL32, DWI_PARQUET_INT32, &decimal_9_2);
    status = dwi_convert_find(dwi_alloc_default(), &leaf, &narrow, &c, &err);
    DWT_ERR(status, &err, DW_E_SCHEMA, "decimal(9,2) in the file, wanted decimal(8,2)");
    leaf.source = DWI_LEAF_NONE;
    leaf.annotation = "TIME";
    status = dwi_convert_find(dwi_alloc_default(), &leaf, &integer, &c, &err);
    DWT_ERR(status, &err, DW_E_UNSUPPORTED, "column amount: Parquet type TIME");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_widen_with_their_sign),
        cmocka_unit_test(timestamps_of_every_unit_become_microseconds),
        cmocka_unit_test(int96_is_nanoseconds_of_a_julian_day),
        cmocka_unit_test(decimals_keep_their_value_at_a_wider_scale),
        cmocka_unit_test(half_floats_become_floats),
        cmocka_unit_test(values_that_would_lose_something_are_refused_by_name),
    };

    return cmocka_run_group_tests_name("parquet_convert", tests, NULL, NULL);
}
