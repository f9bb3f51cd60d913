/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow types that no table has: as they go into Parquet files, and as they come out again. */
#include "base/alloc.h"
#include "columns/arrow_import.h"
#include "hand.h"
#include "harness.h"
#include "show.h"

#define NAME_KEY "\x14\0\0\0ARROW:extension:name"
static const char uuid_metadata[] = "\x01\0\0\0" NAME_KEY "\x0a\0\0\0arrow.uuid";
static const char json_metadata[] = "\x02\0\0\0\x10\0\0\0PARQUET:field_id\x02\0\0\0"
                                    "17" NAME_KEY "\x0a\0\0\0arrow.json";
static const char other_metadata[] = "\x01\0\0\0" NAME_KEY "\x07\0\0\0my.uuid";
static const char broken_metadata[] = "\x01\0\0\0\xFF\xFF\xFF\xFF";

typedef struct trip {
    const hand *h;
    const char *type; /* of the column; NULL: any */
    const char *rows;
} trip;

/* In by the exact way, a copy out as Arrow, and in again: the same type and rows, and the format
 * `h` has unless the type has only another. */
static dw_status there_and_back(const dw_allocator *alloc, void *ctx)
{
    const trip *t = ctx;
    struct ArrowSchema schema = {0};
    struct ArrowArray array = {0};
    const dwi_type *type = NULL;
    const dwi_type *again = NULL;
    const dwi_vec *rows = NULL;
    dwi_column column = {0};
    dwi_arena arena;
    dwi_buf shown;
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    dwi_arena_init(&arena, alloc);
    dwi_buf_init(&shown, dwi_alloc_default());
    DWI_TRY(dwi_arrow_parquet_type(&arena, &t->h->schema, &type, &err));
    dwi_type_append_name(&shown, type->fields[0].type);
    if (t->type != NULL)
        DWT_STR(dwi_buf_cstr(&shown), t->type);
    DWI_TRY(dwi_arrow_view_exact(&arena, &t->h->schema, &t->h->array, type, &rows, &err));
    DWI_TRY(dwi_column_init(&column, type, alloc, &err));
    DWI_TRY(dwi_column_append_vec(&column, rows, 0, rows->length, &err));
    DWI_TRY(dwi_arrow_export_parquet_schema(alloc, type, &schema, &err));
    DWI_TRY(dwi_arrow_export_column(&column, &array, &err));
    DWI_TRY(dwi_arrow_parquet_type(&arena, &schema, &again, &err));
    assert_true(dwi_type_equal(type, again));
    DWT_EQ(again->fields[0].field_id, type->fields[0].field_id);
    DWI_TRY(dwi_arrow_view_exact(&arena, &schema, &array, again, &rows, &err));
    dwi_buf_clear(&shown);
    for (int64_t i = 0; i < rows->length; i++) {
        if (i > 0)
            dwi_buf_append_byte(&shown, ' ');
        dwt_show(&shown, &rows->children[0], rows->offset + i);
    }
    DWT_STR(dwi_buf_cstr(&shown), t->rows);
done:
    if (schema.release != NULL)
        schema.release(&schema);
    if (array.release != NULL)
        array.release(&array);
    dwi_column_done(&column);
    dwi_buf_done(&shown);
    dwi_arena_done(&arena);
    return status;
}

static void check(const hand *h, const char *type, const char *rows)
{
    trip t = {h, type, rows};

    DWT_EQ(there_and_back(dwi_alloc_default(), &t), DW_OK);
}

static void each_number_keeps_its_type(void **state)
{
    static const uint8_t bytes[] = {1, 255, 7, 128, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 255};
    static const uint64_t big[] = {1, UINT64_MAX, 7};
    static const uint8_t but_second[] = {0xFD};
    hand h;

    (void)state;
    hand_init(&h, "C", 3, 2);
    h.buffers[1] = bytes;
    check(&h, "ubyte", "1 255 7");
    h.buffers[0] = but_second;
    check(&h, "ubyte", "1 null 7");
    h.column.format = "S";
    check(&h, "ushort", "65281 null 265");
    h.column.format = "I";
    h.data.offset = 1;
    h.buffers[0] = NULL;
    check(&h, "uinteger", "50462985 117835012 4278257928");
    h.data.offset = 0;
    h.column.format = "L";
    h.buffers[1] = big;
    check(&h, "ulong", "1 -1 7");
    h.column.format = "e";
    check(&h, "float16", "1 0 0");
    h.column.format = "n";
    h.data.n_buffers = 0;
    check(&h, "void", "null null null");
}

static void each_time_keeps_its_unit(void **state)
{
    static const int64_t longs[] = {86399999999999, 0, -1};
    static const int32_t ints[] = {86399, 0, 1};
    static const struct {
        const char *format;
        const char *type;
        const char *rows;
    } cases[] = {
        {"tts", "time_ms", "86399000 0 1000"},
        {"ttm", "time_ms", "86399 0 1"},
        {"ttu", "time_us", "86399999999999 0 -1"},
        {"ttn", "time_ns", "86399999999999 0 -1"},
        {"tss:", "timestamp_ntz_ms", "86399999999999000 0 -1000"},
        {"tss:UTC", "timestamp_ms", "86399999999999000 0 -1000"},
        {"tsm:", "timestamp_ntz_ms", "86399999999999 0 -1"},
        {"tsm:+01:00", "timestamp_ms", "86399999999999 0 -1"},
        {"tsu:", "timestamp_ntz", "86399999999999 0 -1"},
        {"tsu:UTC", "timestamp", "86399999999999 0 -1"},
        {"tsn:", "timestamp_ntz_ns", "86399999999999 0 -1"},
        {"tsn:Asia/Tokyo", "timestamp_ns", "86399999999999 0 -1"},
        {"tDs", "long", "86399999999999 0 -1"},
        {"tDn", "long", "86399999999999 0 -1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool narrow = cases[i].format[1] == 't' && cases[i].format[2] == 'm';
        hand h;
        narrow = narrow || strcmp(cases[i].format, "tts") == 0;
        hand_init(&h, cases[i].format, 3, 2);
        h.buffers[1] = narrow ? (const void *)ints : longs;
        check(&h, cases[i].type, cases[i].rows);
    }
}

static void known_extensions_and_field_ids_are_kept(void **state)
{
    static const char sixteen[] = "0123456789abcdefFEDCBA9876543210";
    static const int32_t offsets[] = {0, 2, 2};
    hand h;

    (void)state;
    hand_init(&h, "w:16", 2, 2);
    h.buffers[1] = sixteen;
    check(&h, "fixed(16)", "x30313233343536373839616263646566 x46454443424139383736353433323130");
    h.column.metadata = uuid_metadata;
    check(&h, "uuid", "x30313233343536373839616263646566 x46454443424139383736353433323130");
    h.column.metadata = other_metadata;
    check(&h, "fixed(16)", "x30313233343536373839616263646566 x46454443424139383736353433323130");
    h.column.metadata = broken_metadata;
    check(&h, "fixed(16)", "x30313233343536373839616263646566 x46454443424139383736353433323130");
    h.column.metadata = uuid_metadata;
    h.column.format = "w:3";
    check(&h, "fixed(3)", "x303132 x333435");
    h.column.format = "w:0";
    check(&h, "binary", "x x");
    hand_init(&h, "u", 2, 3);
    h.column.metadata = json_metadata;
    h.buffers[1] = offsets;
    h.buffers[2] = "[]";
    check(&h, "json", "\"[]\" \"\"");
}

static void the_metadata_of_a_field_says_what_it_is(void **state)
{
    static const char want[] =
        "\x03\0\0\0" NAME_KEY "\x0a\0\0\0arrow.uuid\x18\0\0\0ARROW:extension:metadata\0\0\0\0\x10\0"
        "\0\0PARQUET:field_id\x01\0\0\0"
        "5";
    const dwi_type uuid = {.kind = DWI_UUID};
    const dwi_field field = {.name = DWI_SV("u"), .type = &uuid, .field_id = 5};
    const dwi_type root = {.kind = DWI_STRUCT, .n_fields = 1, .fields = &field};
    struct ArrowSchema schema = {0};
    dw_error err = DW_ERROR_INIT;

    (void)state;
    DWT_OK(dwi_arrow_export_parquet_schema(dwi_alloc_default(), &root, &schema, &err), &err);
    DWT_STR(schema.children[0]->format, "w:16");
    assert_memory_equal(schema.children[0]->metadata, want, sizeof(want) - 1);
    schema.release(&schema);
    DWT_OK(dwi_arrow_export_schema(dwi_alloc_default(), &root, &schema, &err), &err);
    assert_int_equal(schema.children[0]->metadata[0], 2);
    schema.release(&schema);
}

static void columns_of_one_name_are_matched_by_place(void **state)
{
    static const int32_t ints[] = {1, 2};
    const dwi_type *type = NULL;
    const dwi_vec *rows = NULL;
    struct ArrowSchema *schemas[2];
    struct ArrowArray *arrays[2];
    dwi_arena arena;
    dwi_buf shown;
    dw_error err = DW_ERROR_INIT;
    hand h;

    (void)state;
    dwi_arena_init(&arena, dwi_alloc_default());
    dwi_buf_init(&shown, dwi_alloc_default());
    hand_init(&h, "i", 2, 2);
    hand_inner(&h, 0, "C", "C", 2, 2);
    schemas[0] = &h.column;
    schemas[1] = &h.inner[0];
    arrays[0] = &h.data;
    arrays[1] = &h.below[0];
    h.schema.children = schemas;
    h.array.children = arrays;
    h.schema.n_children = h.array.n_children = 2;
    h.buffers[1] = ints;
    h.inner_buffers[0][1] = "\x07\x08";
    DWT_OK(dwi_arrow_parquet_type(&arena, &h.schema, &type, &err), &err);
    DWT_OK(dwi_arrow_view_exact(&arena, &h.schema, &h.array, type, &rows, &err), &err);
    dwt_show(&shown, rows, 1);
    DWT_STR(dwi_buf_cstr(&shown), "{c:2,C:8}");
    DWT_ERR(dwi_arrow_view(&arena, &h.schema, &h.array, type, &rows, &err), &err, DW_E_SCHEMA,
            "c is there twice");
    h.schema.n_children = h.array.n_children = 1;
    DWT_ERR(dwi_arrow_view_exact(&arena, &h.schema, &h.array, type, &rows, &err), &err, DW_E_SCHEMA,
            "1 columns, where there were 2");
    dwi_buf_done(&shown);
    dwi_arena_done(&arena);
}

static void what_a_table_cannot_have_is_refused_by_name(void **state)
{
    static const char *const formats[] = {"ttm", "ttn", "tDs", "tiM"};
    dwi_arena arena;

    (void)state;
    dwi_arena_init(&arena, dwi_alloc_default());
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        const dwi_type *type = NULL;
        dw_error err = DW_ERROR_INIT;
        hand h;
        hand_init(&h, formats[i], 0, 2);
        DWT_ERR(dwi_arrow_type(&arena, &h.schema, &type, &err), &err, DW_E_UNSUPPORTED,
                "has no Delta type");
        if (i == 3)
            DWT_ERR(dwi_arrow_parquet_type(&arena, &h.schema, &type, &err), &err, DW_E_UNSUPPORTED,
                    "Arrow column c: format tiM has no Parquet type");
    }
    dwi_arena_done(&arena);
}

static void every_failed_allocation_is_out_of_memory_and_leaks_nothing(void **state)
{
    static const uint8_t indices[] = {1, 0, 1, 2};
    static const int32_t offsets[] = {4, 0, 5};
    static const int32_t sizes[] = {2, 3, 1};
    static const char values[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                                 "0123456789abcdef0123456789abcdef";
    struct ArrowSchema *schemas[1];
    struct ArrowArray *arrays[1];
    hand h;
    trip t = {&h, "array<uuid>",
              "[x30313233343536373839616263646566,x30313233343536373839616263646566,"
              "x30313233343536373839616263646566] [x30313233343536373839616263646566,"
              "x30313233343536373839616263646566] [x30313233343536373839616263646566,"
              "x30313233343536373839616263646566,x30313233343536373839616263646566] "
              "[x30313233343536373839616263646566]"};

    (void)state;
    hand_init(&h, "C", 4, 2);
    hand_inner(&h, 0, "+vl", "", 3, 3);
    hand_inner(&h, 1, "w:16", "item", 6, 2);
    h.inner[1].metadata = uuid_metadata;
    h.column.dictionary = &h.inner[0];
    h.data.dictionary = &h.below[0];
    schemas[0] = &h.inner[1];
    arrays[0] = &h.below[1];
    h.inner[0].children = schemas;
    h.below[0].children = arrays;
    h.inner[0].n_children = h.below[0].n_children = 1;
    h.buffers[1] = indices;
    h.inner_buffers[0][1] = offsets;
    h.inner_buffers[0][2] = sizes;
    h.inner_buffers[1][1] = values;
    dwt_alloc_sweep(there_and_back, &t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_number_keeps_its_type),
        cmocka_unit_test(each_time_keeps_its_unit),
        cmocka_unit_test(known_extensions_and_field_ids_are_kept),
        cmocka_unit_test(the_metadata_of_a_field_says_what_it_is),
        cmocka_unit_test(columns_of_one_name_are_matched_by_place),
        cmocka_unit_test(what_a_table_cannot_have_is_refused_by_name),
        cmocka_unit_test(every_failed_allocation_is_out_of_memory_and_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
