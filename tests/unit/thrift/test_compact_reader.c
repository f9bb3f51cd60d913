/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include "thrift/compact.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static void fields_of_every_type_are_read_from_literal_bytes(void **state)
{
    dwi_tr r;
    int16_t id;
    dwi_thrift_type type;
    size_t used;
    dw_error err;

    (void)state;
    dwi_tr_begin(&r, BYTES(0x11,                               /* 1: true */
                           0x12,                               /* 2: false */
                           0x13, 0xFE,                         /* 3: byte -2 */
                           0x14, 0x03,                         /* 4: i16 -2 */
                           0x15, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, /* 5: i32 INT32_MIN */
                           0x16, 0xAC, 0x02,                   /* 6: i64 150 */
                           0x17, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F, /* 7: double 1.5 */
                           0x18, 0x02, 'h', 'i',               /* 8: "hi" */
                           0x08, 0x80, 0x08, 0x00,             /* 512: "" by its long form */
                           0x00, 0xAA));
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    DWT_EQ(id, 1);
    DWT_EQ(dwi_tr_bool(&r, type), true);
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    DWT_EQ(dwi_tr_bool(&r, type), false);
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    DWT_EQ(dwi_tr_i32(&r, type), -2);
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    DWT_EQ(dwi_tr_i32(&r, type), -2);
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    DWT_EQ(dwi_tr_i32(&r, type), INT32_MIN);
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    DWT_EQ(dwi_tr_i64(&r, type), 150);
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    assert_true(dwi_tr_double(&r, type) == 1.5);
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    assert_true(dwi_sv_eq_cstr(dwi_tr_binary(&r, type), "hi"));
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    DWT_EQ(id, 512);
    DWT_EQ(dwi_tr_binary(&r, type).len, 0);
    DWT_EQ(dwi_tr_field(&r, &id, &type), false);
    DWT_OK(dwi_tr_finish(&r, "x", &used, &err), &err);
    DWT_EQ(used, 33);
}

static void nested_structs_and_lists_are_entered_and_left(void **state)
{
    dwi_tr r;
    int16_t id;
    dwi_thrift_type type;
    dwi_thrift_type element;
    dw_error err;

    (void)state;
    dwi_tr_begin(&r, BYTES(0x1C, 0x55, 0x06, 0x00,       /* 1: {5: 3} */
                           0x19, 0x25, 0x02, 0x04,       /* 2: [1, 2] */
                           0x19, 0x21, 0x01, 0x02,       /* 3: [true, false] */
                           0x19, 0x1C, 0x15, 0x0E, 0x00, /* 4: [{1: 7}] */
                           0x15, 0x10, 0x00));           /* 5: 8 */
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    dwi_tr_struct_begin(&r, type);
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    DWT_EQ(id, 5);
    DWT_EQ(dwi_tr_i32(&r, type), 3);
    DWT_EQ(dwi_tr_field(&r, &id, &type), false);
    dwi_tr_struct_end(&r);
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    DWT_EQ(id, 2);
    DWT_EQ(dwi_tr_list(&r, type, &element), 2);
    DWT_EQ(dwi_tr_i32(&r, element), 1);
    DWT_EQ(dwi_tr_i32(&r, element), 2);
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    DWT_EQ(dwi_tr_list(&r, type, &element), 2);
    DWT_EQ(dwi_tr_element_bool(&r), true);
    DWT_EQ(dwi_tr_element_bool(&r), false);
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    DWT_EQ(dwi_tr_list(&r, type, &element), 1);
    dwi_tr_struct_begin(&r, element);
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    DWT_EQ(id, 1);
    DWT_EQ(dwi_tr_i32(&r, type), 7);
    DWT_EQ(dwi_tr_field(&r, &id, &type), false);
    dwi_tr_struct_end(&r);
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    DWT_EQ(id, 5);
    DWT_EQ(dwi_tr_i32(&r, type), 8);
    DWT_EQ(dwi_tr_field(&r, &id, &type), false);
    DWT_OK(dwi_tr_finish(&r, "x", NULL, &err), &err);
}

static void a_uuid_takes_sixteen_bytes(void **state)
{
    dwi_tr r;
    int16_t id;
    dwi_thrift_type type;

    (void)state;
    dwi_tr_begin(&r, BYTES(0x1D, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x15, 0x02));
    assert_true(dwi_tr_field(&r, &id, &type));
    dwi_tr_skip(&r, type);
    assert_true(dwi_tr_field(&r, &id, &type));
    DWT_EQ(id, 2);
    DWT_EQ(dwi_tr_i32(&r, type), 1);
}

static void unknown_fields_of_every_type_are_skipped(void **state)
{
    dwi_tr r;
    int16_t id;
    dwi_thrift_type type;
    dw_error err;

    (void)state;
    dwi_tr_begin(&r, BYTES(0x11, 0x12, 0x13, 0x01, 0x14, 0x80, 0x01, 0x15, 0x02, 0x16, 0x02, /**/
                           0x17, 1, 2, 3, 4, 5, 6, 7, 8, 0x18, 0x01, 'x',                    /**/
                           0x19, 0x31, 1, 2, 1,                      /* list of booleans */
                           0x1A, 0x18, 0x01, 'y',                    /* set of strings */
                           0x1B, 0x02, 0x51, 0x02, 0x01, 0x04, 0x02, /* {1: true, 2: false} */
                           0x1B, 0x00,                               /* empty map: no types */
                           0x1C, 0x1C, 0x11, 0x00, 0x00,             /* {1: {1: true}} */
                           0x15, 0x54, 0x00));
    for (int i = 0; i < 13; i++) {
        assert_true(dwi_tr_field(&r, &id, &type));
        dwi_tr_skip(&r, type);
    }
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    DWT_EQ(id, 14);
    DWT_EQ(dwi_tr_i32(&r, type), 42);
    DWT_EQ(dwi_tr_field(&r, &id, &type), false);
    DWT_OK(dwi_tr_finish(&r, "x", NULL, &err), &err);
}

static void skip_all(const uint8_t *data, size_t len, const char *why)
{
    dwi_tr r;
    int16_t id;
    dwi_thrift_type type;
    dw_error err;
    dw_status status;

    dwi_tr_begin(&r, data, len);
    while (dwi_tr_field(&r, &id, &type))
        dwi_tr_skip(&r, type);
    status = dwi_tr_finish(&r, "page header", NULL, &err);
    DWT_ERR(status, &err, DW_E_CORRUPT, why);
}

static void broken_bytes_are_refused_with_a_reason_and_an_offset(void **state)
{
    (void)state;
    skip_all(BYTES(0x15), "page header: truncated at byte 1");
    skip_all(BYTES(0x15, 0x80), "truncated");
    skip_all(BYTES(0x11), "truncated");
    skip_all(NULL, 0, "truncated");
    skip_all(BYTES(0x18, 0x05, 'a'), "length beyond the end");
    skip_all(BYTES(0x19, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0x00), "length beyond the end");
    skip_all(BYTES(0x1B, 0xFF, 0x01, 0x33), "length beyond the end");
    skip_all(BYTES(0x16, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02, 0x00),
             "varint too long");
    skip_all(BYTES(0x1E), "unknown field type");
    skip_all(BYTES(0x1D, 1, 2, 3), "truncated");
    skip_all(BYTES(0x19, 0x1F, 0x00, 0x00), "unknown element type");
    skip_all(BYTES(0x05, 0x80, 0x80, 0x04, 0x00), "field id out of range");
}

static void nesting_is_limited(void **state)
{
    uint8_t structs[1000];
    uint8_t lists[1000];

    (void)state;
    memset(structs, 0x1C, sizeof(structs));
    skip_all(structs, sizeof(structs), "nested too deeply");
    memset(lists, 0x19, sizeof(lists));
    skip_all(lists, sizeof(lists), "nested too deeply");
}

static void a_value_of_another_type_fails_and_the_failure_sticks(void **state)
{
    dwi_tr r;
    int16_t id;
    dwi_thrift_type type;
    dwi_thrift_type element;
    dw_error err;
    dw_status status;

    (void)state;
    dwi_tr_begin(&r, BYTES(0x15, 0x02, 0x15, 0x02, 0x00));
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    DWT_EQ(dwi_tr_binary(&r, type).len, 0);
    DWT_EQ(dwi_tr_field(&r, &id, &type), false);
    DWT_EQ(dwi_tr_list(&r, DWI_THRIFT_LIST, &element), 0);
    DWT_EQ(dwi_tr_i64(&r, DWI_THRIFT_I64), 0);
    status = dwi_tr_finish(&r, "footer", NULL, &err);
    DWT_ERR(status, &err, DW_E_CORRUPT, "footer: not a string at byte 1");

    dwi_tr_begin(&r, BYTES(0x16, 0x80, 0x80, 0x80, 0x80, 0x20, 0x00));
    DWT_EQ(dwi_tr_field(&r, &id, &type), true);
    DWT_EQ(dwi_tr_i32(&r, type), 0);
    status = dwi_tr_finish(&r, "footer", NULL, &err);
    DWT_ERR(status, &err, DW_E_CORRUPT, "not a 32-bit integer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_of_every_type_are_read_from_literal_bytes),
        cmocka_unit_test(nested_structs_and_lists_are_entered_and_left),
        cmocka_unit_test(a_uuid_takes_sixteen_bytes),
        cmocka_unit_test(unknown_fields_of_every_type_are_skipped),
        cmocka_unit_test(broken_bytes_are_refused_with_a_reason_and_an_offset),
        cmocka_unit_test(nesting_is_limited),
        cmocka_unit_test(a_value_of_another_type_fails_and_the_failure_sticks),
    };

    return cmocka_run_group_tests_name("compact_reader", tests, NULL, NULL);
}
