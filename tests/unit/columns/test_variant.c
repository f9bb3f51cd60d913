/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <string.h>

#include "base/alloc.h"
#include "columns/variant.h"
#include "columns/variant_build.h"

static const dwi_type type_binary = {.kind = DWI_BINARY};
static const dwi_type type_long = {.kind = DWI_LONG};

static dwi_variant_builder *builder(void)
{
    static dwi_variant_builder b;

    dwi_variant_builder_init(&b, dwi_alloc_default());
    return &b;
}

#define VALUE(b, ...) DWT_BYTES((b)->value.data, (b)->value.len, __VA_ARGS__)

static void integers_are_as_small_as_they_can_be(void **state)
{
    dwi_variant_builder *b = builder();

    (void)state;
    dwi_variant_put_integer(b, -1);
    dwi_variant_put_integer(b, 300);
    dwi_variant_put_integer(b, 70000);
    dwi_variant_put_integer(b, INT64_C(1) << 40);
    VALUE(b, 0x0c, 0xff, 0x10, 0x2c, 0x01, 0x14, 0x70, 0x11, 0x01, 0x00, 0x18, 0, 0, 0, 0, 0, 1, 0,
          0);
    dwi_variant_builder_done(b);
}

static void decimals_have_the_width_that_their_digits_need(void **state)
{
    const uint8_t small[16] = {15};
    const uint8_t minus[16] = {0xf1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                               0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const uint8_t wide[16] = {0, 0, 0, 0, 0, 0, 0, 0, 1};
    dwi_variant_builder *b = builder();

    (void)state;
    dwi_variant_put_decimal(b, small, 1);
    dwi_variant_put_decimal(b, minus, 12);
    VALUE(b, 0x20, 1, 15, 0, 0, 0, 0x24, 12, 0xf1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
    dwi_variant_builder_clear(b);
    dwi_variant_put_decimal(b, wide, 2);
    VALUE(b, 0x28, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
    dwi_variant_builder_done(b);
}

static void objects_have_their_fields_by_name_and_values_in_order(void **state)
{
    dwi_variant_builder *b = builder();
    dwi_variant_field fields[3];
    dwi_sv metadata;

    (void)state;
    dwi_variant_name(b, DWI_SV("b"), 0, &fields[0]);
    dwi_variant_put_integer(b, 1);
    dwi_variant_name(b, DWI_SV("a"), 0, &fields[1]);
    dwi_variant_put_text(b, DWI_SV("x"));
    dwi_variant_end_object(b, 0, fields, 2);
    VALUE(b, 0x02, 2, 1, 0, 2, 0, 4, 0x0c, 1, 0x05, 'x');
    dwi_variant_name(b, DWI_SV("b"), 0, &fields[2]);
    DWT_EQ(fields[2].id, 0);
    metadata = dwi_variant_metadata(b);
    DWT_BYTES(metadata.ptr, metadata.len, 0x01, 2, 0, 1, 2, 'b', 'a');
    dwi_variant_builder_done(b);
}

static void arrays_tell_where_each_element_begins(void **state)
{
    dwi_variant_builder *b = builder();
    const size_t begins[] = {0, 1};

    (void)state;
    dwi_variant_put(b, DWI_VARIANT_TRUE, NULL, 0);
    dwi_variant_put_integer(b, 5);
    dwi_variant_end_array(b, 0, begins, 2);
    VALUE(b, 0x03, 2, 0, 1, 3, 0x04, 0x0c, 5);
    dwi_variant_builder_done(b);
}

static void long_texts_have_their_length_before_them(void **state)
{
    dwi_variant_builder *b = builder();
    char text[64];

    (void)state;
    memset(text, 'a', sizeof(text));
    dwi_variant_put_text(b, (dwi_sv){text, 63});
    DWT_EQ(b->value.data[0], 0xfd);
    DWT_EQ(b->value.len, 64);
    dwi_variant_builder_clear(b);
    dwi_variant_put_text(b, (dwi_sv){text, 64});
    DWT_BYTES(b->value.data, 6, 0x40, 64, 0, 0, 0, 'a');
    dwi_variant_builder_done(b);
}

/* {"b": {"c": [true, "x"]}, "a": 1} and its names. */
static const uint8_t value[] = {0x02, 2,    1, 0, 13, 0, 15,   0x02, 1,   2,    0,
                                8,    0x03, 2, 0, 1,  3, 0x04, 0x05, 'x', 0x0c, 1};
static const uint8_t metadata[] = {0x01, 3, 0, 1, 2, 3, 'b', 'a', 'c'};

/* One row of a file that has parts of type long in a column of their own. */
static dw_status read_back(const uint8_t *bytes, size_t len, const uint8_t *names, size_t n_names,
                           dwi_column *out, dw_error *err)
{
    static const dwi_field stored_fields[] = {
        {{"metadata", 8}, &type_binary, false, -1, {"{}", 2}},
        {{"value", 5}, &type_binary, true, -1, {"{}", 2}},
        {{"typed_value", 11}, &type_long, true, -1, {"{}", 2}},
    };
    static const dwi_type stored_type = {
        .kind = DWI_STRUCT, .n_fields = 3, .fields = stored_fields};
    static const dwi_field columns[] = {{{"v", 1}, &stored_type, true, -1, {"{}", 2}}};
    static const dwi_type rows_type = {.kind = DWI_STRUCT, .n_fields = 1, .fields = columns};
    static dwi_field wanted[] = {{{"v", 1}, NULL, true, -1, {"{}", 2}}};
    static const dwi_type wanted_type = {.kind = DWI_STRUCT, .n_fields = 1, .fields = wanted};
    dwi_column rows = {0};
    dwi_column *v;
    dwi_arena arena;
    dw_status status;

    wanted[0].type = dwi_type_of_variant();
    assert_true(dwi_variant_is_shredded(&wanted_type, &rows_type));
    dwi_arena_init(&arena, dwi_alloc_default());
    DWT_OK(dwi_column_init(&rows, &rows_type, dwi_alloc_default(), err), err);
    DWT_OK(dwi_column_init(out, &wanted_type, dwi_alloc_default(), err), err);
    v = &rows.children[0];
    DWT_OK(dwi_column_append_bytes(&v->children[0], names, n_names, err), err);
    if (bytes != NULL)
        DWT_OK(dwi_column_append_bytes(&v->children[1], bytes, len, err), err);
    else
        DWT_OK(dwi_column_append_null(&v->children[1], err), err);
    DWT_OK(dwi_column_append_null(&v->children[2], err), err);
    DWT_OK(dwi_column_end_row(v, err), err);
    DWT_OK(dwi_column_end_row(&rows, err), err);
    status = dwi_variant_append_rows(out, dwi_column_view(&rows, &arena), 0, 1, err);
    dwi_column_done(&rows);
    dwi_arena_done(&arena);
    return status;
}

static void values_beside_typed_ones_are_taken_with_names_numbered_anew(void **state)
{
    static const uint8_t plain[] = {0x02, 1, 1, 0, 2, 0x0c, 7};
    dw_error err = DW_ERROR_INIT;
    dwi_column out;

    (void)state;
    DWT_OK(read_back(plain, sizeof(plain), metadata, sizeof(metadata), &out, &err), &err);
    DWT_BYTES(out.children[0].children[0].data.data, out.children[0].children[0].data.len, 0x01, 1,
              0, 1, 'a');
    DWT_BYTES(out.children[0].children[1].data.data, out.children[0].children[1].data.len, 0x02, 1,
              0, 0, 2, 0x0c, 7);
    dwi_column_done(&out);
    DWT_OK(read_back(NULL, 0, metadata, sizeof(metadata), &out, &err), &err); /* null, as a value */
    DWT_BYTES(out.children[0].children[1].data.data, out.children[0].children[1].data.len, 0x00);
    dwi_column_done(&out);
}

static void bytes_that_are_no_variant_are_told_and_harm_nothing(void **state)
{
    uint8_t bytes[sizeof(value)];
    uint8_t names[sizeof(metadata)];
    dw_error err = DW_ERROR_INIT;
    dwi_column out;
    int told = 0;

    (void)state;
    for (size_t len = 0; len < sizeof(value); len++) {
        DWT_ERR(read_back(value, len, metadata, sizeof(metadata), &out, &err), &err, DW_E_CORRUPT,
                "malformed variant");
        dwi_column_done(&out);
    }
    for (size_t i = 0; i < sizeof(value) * 256; i++) {
        dw_status status;
        memcpy(bytes, value, sizeof(value));
        bytes[i / 256] = (uint8_t)i;
        status = read_back(bytes, sizeof(bytes), metadata, sizeof(metadata), &out, &err);
        assert_true(status == DW_OK || status == DW_E_CORRUPT);
        told += status == DW_E_CORRUPT;
        dwi_column_done(&out);
    }
    for (size_t i = 0; i < sizeof(metadata) * 256; i++) {
        dw_status status;
        memcpy(names, metadata, sizeof(metadata));
        names[i / 256] = (uint8_t)i;
        status = read_back(value, sizeof(value), names, sizeof(names), &out, &err);
        assert_true(status == DW_OK || status == DW_E_CORRUPT);
        dwi_column_done(&out);
    }
    assert_true(told > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_as_small_as_they_can_be),
        cmocka_unit_test(decimals_have_the_width_that_their_digits_need),
        cmocka_unit_test(objects_have_their_fields_by_name_and_values_in_order),
        cmocka_unit_test(arrays_tell_where_each_element_begins),
        cmocka_unit_test(long_texts_have_their_length_before_them),
        cmocka_unit_test(values_beside_typed_ones_are_taken_with_names_numbered_anew),
        cmocka_unit_test(bytes_that_are_no_variant_are_told_and_harm_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
