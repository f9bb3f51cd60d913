/* SPDX-License-Identifier: Apache-2.0 */
#include "thrift/compact.h"

#include "base/alloc.h"
#include "harness.h"

static void fields_carry_id_distance_and_type(void **state)
{
    dwi_buf out = {0};
    dwi_tc w;

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    dwi_tc_begin(&w, &out);
    dwi_tc_bool(&w, 1, true);
    dwi_tc_bool(&w, 2, false);
    dwi_tc_byte(&w, 4, -2);
    dwi_tc_i16(&w, 5, -1);
    dwi_tc_i32(&w, 6, 150);
    dwi_tc_i64(&w, 21, INT64_MIN);
    dwi_tc_double(&w, 37, 1.0);
    DWT_OK(dwi_tc_finish(&w, NULL), NULL);
    DWT_BYTES(out.data, out.len, 0x11, 0x12, 0x23, 0xFE, 0x14, 0x01, 0x15, 0xAC, 0x02, 0xF6, 0xFF,
              0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x07, 0x4A, 0, 0, 0, 0, 0, 0,
              0xF0, 0x3F, 0x00);
    dwi_buf_done(&out);
}

static void structs_restart_ids_and_lists_carry_their_length(void **state)
{
    dwi_buf out = {0};
    dwi_tc w;

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    dwi_tc_begin(&w, &out);
    dwi_tc_struct_begin(&w, 3);
    dwi_tc_string(&w, 1, DWI_SV("ab"));
    dwi_tc_struct_end(&w);
    dwi_tc_list_begin(&w, 4, DWI_THRIFT_STRUCT, 2);
    dwi_tc_element_struct_begin(&w);
    dwi_tc_i32(&w, 1, 1);
    dwi_tc_element_struct_end(&w);
    dwi_tc_element_struct_begin(&w);
    dwi_tc_element_struct_end(&w);
    dwi_tc_list_begin(&w, 5, DWI_THRIFT_TRUE, 2);
    dwi_tc_element_bool(&w, true);
    dwi_tc_element_bool(&w, false);
    dwi_tc_list_begin(&w, 6, DWI_THRIFT_I32, 15);
    for (int i = 0; i < 15; i++)
        dwi_tc_element_i32(&w, -i);
    dwi_tc_list_begin(&w, 7, DWI_THRIFT_BINARY, 1);
    dwi_tc_element_binary(&w, "", 0);
    dwi_tc_list_begin(&w, 8, DWI_THRIFT_I64, 1);
    dwi_tc_element_i64(&w, 64);
    DWT_OK(dwi_tc_finish(&w, NULL), NULL);
    DWT_BYTES(out.data, out.len, 0x3C, 0x18, 0x02, 'a', 'b', 0x00, 0x19, 0x2C, 0x15, 0x02, 0x00,
              0x00, 0x19, 0x21, 0x01, 0x02, 0x19, 0xF5, 0x0F, 0, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19,
              21, 23, 25, 27, 0x19, 0x18, 0x00, 0x19, 0x16, 0x80, 0x01, 0x00);
    dwi_buf_done(&out);
}

static dw_status write_long_struct(const dw_allocator *alloc, void *ctx)
{
    dwi_buf out = {0};
    dwi_tc w;
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    (void)ctx;
    dwi_buf_init(&out, alloc);
    dwi_tc_begin(&w, &out);
    for (int16_t i = 1; i < 500; i++)
        dwi_tc_string(&w, i, DWI_SV("some text"));
    status = dwi_tc_finish(&w, &err);
    dwi_buf_done(&out);
    return status;
}

static void out_of_memory_is_told_at_the_end(void **state)
{
    (void)state;
    dwt_alloc_sweep(write_long_struct, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_carry_id_distance_and_type),
        cmocka_unit_test(structs_restart_ids_and_lists_carry_their_length),
        cmocka_unit_test(out_of_memory_is_told_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
