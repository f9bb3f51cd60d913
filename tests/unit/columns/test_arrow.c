/* SPDX-License-Identifier: Apache-2.0 */
#include "columns/arrow_import.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "columns/json_decode.h"
#include "hand.h"
#include "harness.h"
#include "show.h"

static dwi_schema *target_of(const char *type)
{
    dw_error err = DW_ERROR_INIT;
    dwi_schema *schema = NULL;
    char json[600];

    (void)snprintf(json, sizeof(json),
                   "{\"type\":\"struct\",\"fields\":[{\"name\":\"C\",\"type\":%s%s%s}]}",
                   type[0] == '{' ? "" : "\"", type, type[0] == '{' ? "" : "\"");
    DWT_OK(dwi_schema_parse(dwi_alloc_default(), dwi_sv_cstr(json), &schema, &err), &err);
    return schema;
}

static void show_all(dwi_buf *out, const dwi_vec *rows)
{
    for (int64_t i = 0; i < rows->length; i++) {
        if (i > 0)
            dwi_buf_append_byte(out, ' ');
        dwt_show(out, &rows->children[0], rows->offset + i);
    }
}

/* What the batch is as a column of `type`; `want` is its rows, or part of the error. */
static void check(const hand *h, const char *type, dw_status code, const char *want)
{
    dwi_schema *schema = target_of(type);
    dwi_arena arena;
    dwi_buf shown;
    const dwi_vec *rows = NULL;
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    dwi_arena_init(&arena, dwi_alloc_default());
    dwi_buf_init(&shown, dwi_alloc_default());
    status = dwi_arrow_view(&arena, &h->schema, &h->array, schema->root, &rows, &err);
    if (code == DW_OK) {
        DWT_OK(status, &err);
        show_all(&shown, rows);
        DWT_STR(dwi_buf_cstr(&shown), want);
    } else {
        DWT_ERR(status, &err, code, want);
    }
    dwi_buf_done(&shown);
    dwi_arena_done(&arena);
    dwi_schema_unref(schema);
}

static void integers_convert_when_they_fit(void **state)
{
    static const int16_t shorts[] = {1, -2, 300, -32768};
    static const uint8_t unsigned_bytes[] = {0, 255, 7, 1};
    static const uint64_t big[] = {0, UINT64_MAX, INT64_MAX, 5};
    static const uint8_t but_second[] = {0x0D};
    hand h;

    (void)state;
    hand_init(&h, "s", 4, 2);
    h.buffers[1] = shorts;
    check(&h, "short", DW_OK, "1 -2 300 -32768");
    check(&h, "long", DW_OK, "1 -2 300 -32768");
    check(&h, "integer", DW_OK, "1 -2 300 -32768");
    check(&h, "double", DW_OK, "1 -2 300 -32768");
    check(&h, "float", DW_OK, "1 -2 300 -32768");
    check(&h, "decimal(7,2)", DW_OK, "100 -200 30000 -3276800");
    check(&h, "decimal(6,2)", DW_E_SCHEMA, "row 3 is out of range of decimal");
    check(&h, "byte", DW_E_SCHEMA, "column C: the value in row 2 is out of range of byte");
    check(&h, "string", DW_E_SCHEMA, "column C: Arrow format s does not fit string");
    check(&h, "boolean", DW_E_SCHEMA, "does not fit boolean");
    check(&h, "timestamp", DW_E_SCHEMA, "does not fit timestamp");
    hand_init(&h, "C", 4, 2);
    h.buffers[1] = unsigned_bytes;
    check(&h, "short", DW_OK, "0 255 7 1");
    check(&h, "byte", DW_E_SCHEMA, "row 1");
    hand_init(&h, "L", 4, 2);
    h.buffers[1] = big;
    check(&h, "decimal(20,0)", DW_OK, "0 -1 9223372036854775807 5");
    check(&h, "long", DW_E_SCHEMA, "row 1 is out of range of long");
    h.buffers[0] = but_second;
    check(&h, "long", DW_OK, "0 null 9223372036854775807 5");
    check(&h, "double", DW_E_SCHEMA, "does not fit double");
}

static void slices_see_their_own_rows_only(void **state)
{
    static const int32_t ints[] = {9, 9, 9, 1, 2, 3, 9};
    static const int64_t longs[] = {99999999999, 9, 9, 1, 2, 3, 99999999999};
    static const uint8_t validity[] = {0x28}; /* rows 3 and 5 */
    static const uint8_t bools[] = {0x28};
    hand h;

    (void)state;
    hand_init(&h, "i", 3, 2);
    h.array.offset = 2;
    h.data.offset = 1;
    h.data.length = 5;
    h.buffers[1] = ints;
    check(&h, "integer", DW_OK, "1 2 3");
    check(&h, "long", DW_OK, "1 2 3");
    h.buffers[0] = validity;
    check(&h, "integer", DW_OK, "1 null 3");
    check(&h, "short", DW_OK, "1 null 3");
    h.column.format = "l";
    h.buffers[1] = longs;
    check(&h, "integer", DW_OK, "1 null 3");
    h.column.format = "b";
    h.buffers[0] = NULL;
    h.buffers[1] = bools;
    check(&h, "boolean", DW_OK, "true false true");
    h.data.length = 4;
    check(&h, "boolean", DW_E_CORRUPT, "length 4 and offset 1, where 5 rows are");
}

static void floats_dates_and_times_convert(void **state)
{
    static const float floats[] = {1.5F, -0.25F};
    static const uint16_t halves[] = {0x3C00, 0xC000, 0x0001, 0x7BFF};
    static const double doubles[] = {0.1, 2};
    static const int64_t times[] = {1500, -1};
    static const int64_t days_ms[] = {86400000, -86400000, 1};
    static const int32_t days[] = {20454, -1};
    hand h;

    (void)state;
    hand_init(&h, "f", 2, 2);
    h.buffers[1] = floats;
    check(&h, "double", DW_OK, "1.5 -0.25");
    check(&h, "float", DW_OK, "1.5 -0.25");
    hand_init(&h, "e", 4, 2);
    h.buffers[1] = halves;
    check(&h, "float", DW_OK, "1 -2 5.96046448e-08 65504");
    hand_init(&h, "g", 2, 2);
    h.buffers[1] = doubles;
    check(&h, "double", DW_OK, "0.10000000000000001 2");
    check(&h, "float", DW_E_SCHEMA, "does not fit float");
    check(&h, "long", DW_E_SCHEMA, "does not fit long");
    hand_init(&h, "tss:UTC", 2, 2);
    h.buffers[1] = times;
    check(&h, "timestamp", DW_OK, "1500000000 -1000000");
    check(&h, "timestamp_ntz", DW_E_SCHEMA, "does not fit timestamp_ntz");
    h.column.format = "tsm:Europe/Berlin";
    check(&h, "timestamp", DW_OK, "1500000 -1000");
    h.column.format = "tsu:+02:00";
    check(&h, "timestamp", DW_OK, "1500 -1");
    h.column.format = "tsn:";
    check(&h, "timestamp_ntz", DW_OK, "1 -1");
    check(&h, "timestamp", DW_E_SCHEMA, "Arrow format tsn: does not fit timestamp");
    h.column.format = "ttu";
    check(&h, "long", DW_E_SCHEMA, "column C: Arrow format ttu does not fit long");
    hand_init(&h, "tdm", 2, 2);
    h.buffers[1] = days_ms;
    check(&h, "date", DW_OK, "1 -1");
    h.array.length = h.data.length = 3;
    check(&h, "date", DW_E_SCHEMA, "row 2 is out of range of date");
    hand_init(&h, "tdD", 2, 2);
    h.buffers[1] = days;
    check(&h, "date", DW_OK, "20454 -1");
}

static void decimals_widen_and_are_checked(void **state)
{
    static const int64_t small[] = {150, -1};
    static const int32_t smaller[] = {150, -1};
    static const uint64_t words[] = {150, 0, UINT64_MAX, UINT64_MAX};
    static const uint64_t quad[] = {150,        0,          0, 0, UINT64_MAX, UINT64_MAX,
                                    UINT64_MAX, UINT64_MAX, 1, 0, 1,          0};
    static const uint64_t hostile[] = {0, INT64_MAX, 0, UINT64_C(1) << 63};
    hand h;

    (void)state;
    hand_init(&h, "d:5,2", 2, 2);
    h.buffers[1] = words;
    check(&h, "decimal(5,2)", DW_OK, "150 -1");
    check(&h, "decimal(8,4)", DW_OK, "15000 -100");
    check(&h, "decimal(8,1)", DW_E_SCHEMA, "does not fit decimal(8,1)");
    check(&h, "decimal(5,3)", DW_E_SCHEMA, "does not fit decimal(5,3)");
    h.buffers[1] = hostile;
    check(&h, "decimal(38,2)", DW_E_SCHEMA, "row 0 is out of range");
    check(&h, "decimal(5,2)", DW_E_SCHEMA, "row 0 is out of range");
    h.column.format = "d:5,2,64";
    h.buffers[1] = small;
    check(&h, "decimal(5,2)", DW_OK, "150 -1");
    h.column.format = "d:5,2,32";
    h.buffers[1] = smaller;
    check(&h, "decimal(5,2)", DW_OK, "150 -1");
    h.column.format = "d:5,-2";
    h.buffers[1] = words;
    check(&h, "decimal(7,0)", DW_OK, "15000 -100");
    check(&h, "decimal(8,1)", DW_OK, "150000 -1000");
    check(&h, "decimal(6,0)", DW_E_SCHEMA, "does not fit decimal(6,0)");
    h.column.format = "d:3,5";
    check(&h, "decimal(5,5)", DW_OK, "150 -1");
    h.column.format = "d:5,2,256";
    h.buffers[1] = quad;
    check(&h, "decimal(5,2)", DW_OK, "150 -1");
    check(&h, "decimal(6,3)", DW_OK, "1500 -10");
    h.column.format = "d:60,2,256";
    check(&h, "decimal(38,2)", DW_OK, "150 -1");
    h.array.length = h.data.length = 3;
    check(&h, "decimal(38,2)", DW_E_SCHEMA, "the value in row 2 is out of range of decimal");
}

static void strings_of_every_layout_are_read(void **state)
{
    static const int32_t offsets[] = {0, 1, 1, 4, 6};
    static const int64_t wide[] = {0, 1, 1, 4, 6};
    static const uint8_t views[3][16] = {
        {2, 0, 0, 0, 'h', 'i'},
        {13, 0, 0, 0, 'l', 'o', 'n', 'g', 0, 0, 0, 0, 1, 0, 0, 0},
        {99, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9},
    };
    static const int64_t sizes[] = {14};
    static const uint8_t first_two[] = {0x03};
    static const uint8_t but_second[] = {0x0D};
    hand h;

    (void)state;
    hand_init(&h, "u", 4, 3);
    h.buffers[1] = offsets;
    h.buffers[2] = "a\xE6\x9D\xB1xy";
    check(&h, "string", DW_OK, "\"a\" \"\" \"東\" \"xy\"");
    check(&h, "binary", DW_E_SCHEMA, "does not fit binary");
    h.column.format = "z";
    check(&h, "binary", DW_OK, "x61 x xe69db1 x7879");
    check(&h, "string", DW_E_SCHEMA, "does not fit string");
    h.column.format = "U";
    h.buffers[1] = wide;
    check(&h, "string", DW_OK, "\"a\" \"\" \"東\" \"xy\"");
    h.data.offset = 2;
    h.data.length = h.array.length = 2;
    check(&h, "string", DW_OK, "\"東\" \"xy\"");
    h.column.format = "Z";
    check(&h, "binary", DW_OK, "xe69db1 x7879");
    hand_init(&h, "w:2", 2, 2);
    h.buffers[1] = "abcdef";
    h.data.offset = 1;
    check(&h, "binary", DW_OK, "x6364 x6566");
    h.column.format = "w:0";
    check(&h, "binary", DW_OK, "x x");
    hand_init(&h, "vu", 3, 4);
    h.buffers[0] = first_two;
    h.buffers[1] = views;
    h.buffers[2] = "?long text, ok.";
    h.buffers[3] = sizes;
    check(&h, "string", DW_OK, "\"hi\" \"long text, ok\" null");
    h.column.format = "vz";
    check(&h, "binary", DW_OK, "x6869 x6c6f6e6720746578742c206f6b null");
    h.buffers[0] = NULL;
    check(&h, "binary", DW_E_CORRUPT, "column C: a view that points outside its buffers");
    hand_init(&h, "u", 4, 3);
    h.buffers[0] = but_second;
    h.buffers[1] = offsets;
    h.buffers[2] = "abcdef";
    check(&h, "string", DW_OK, "\"a\" null \"bcd\" \"ef\"");
}

static void broken_strings_are_refused(void **state)
{
    static const int32_t falling[] = {0, 3, 1};
    static const int32_t negative[] = {-1, 0, 1};
    static const int32_t split[] = {0, 1, 3};
    static const int32_t under_null[] = {0, 2, 3};
    static const int64_t huge[] = {0, 1, INT64_C(1) << 32};
    static const uint8_t second[] = {0x02};
    hand h;

    (void)state;
    hand_init(&h, "u", 2, 3);
    h.buffers[1] = falling;
    h.buffers[2] = "abc";
    check(&h, "string", DW_E_CORRUPT, "column C: offsets that do not ascend");
    h.buffers[1] = negative;
    check(&h, "string", DW_E_CORRUPT, "a negative offset");
    h.buffers[1] = split;
    h.buffers[2] = "\xE6\x9D\xB1";
    check(&h, "string", DW_E_CORRUPT, "the string in row 0 is not UTF-8");
    h.column.format = "z";
    check(&h, "binary", DW_OK, "xe6 x9db1");
    h.column.format = "u";
    h.buffers[1] = under_null;
    h.buffers[2] = "\xFF\xFFz";
    check(&h, "string", DW_E_CORRUPT, "row 0 is not UTF-8");
    h.buffers[0] = second;
    check(&h, "string", DW_OK, "null \"z\"");
    h.buffers[1] = NULL;
    check(&h, "string", DW_E_CORRUPT, "buffer 1 is missing");
    h.buffers[1] = under_null;
    h.buffers[2] = NULL;
    check(&h, "string", DW_E_CORRUPT, "buffer 2 is missing");
    hand_init(&h, "U", 2, 3);
    h.buffers[1] = huge;
    h.buffers[2] = "abc";
    check(&h, "string", DW_E_UNSUPPORTED, "more than 2 GiB");
}

static void broken_arrays_are_refused(void **state)
{
    static const int32_t ints[] = {1, 2};
    hand h;

    (void)state;
    hand_init(&h, "i", 2, 2);
    h.buffers[1] = ints;
    check(&h, "integer", DW_OK, "1 2");
    h.data.length = -1;
    check(&h, "integer", DW_E_CORRUPT, "column C: length -1");
    h.data.length = 2;
    h.data.offset = -1;
    check(&h, "integer", DW_E_CORRUPT, "offset -1");
    h.data.offset = INT64_MAX;
    check(&h, "integer", DW_E_CORRUPT, "offset 9223372036854775807");
    h.data.offset = 0;
    h.data.null_count = 3;
    check(&h, "integer", DW_E_CORRUPT, "3 nulls in 2 rows");
    h.data.null_count = 1;
    check(&h, "integer", DW_E_CORRUPT, "nulls but no validity bitmap");
    h.data.null_count = 0;
    h.data.n_buffers = 1;
    check(&h, "integer", DW_E_CORRUPT, "1 buffers for Arrow format i");
    h.data.n_buffers = 2;
    h.data.buffers = NULL;
    check(&h, "integer", DW_E_CORRUPT, "2 buffers");
    h.data.buffers = h.buffers;
    h.data.n_children = 1;
    check(&h, "integer", DW_E_CORRUPT, "1 child arrays");
    h.data.n_children = 0;
    h.array_list[0] = NULL;
    check(&h, "integer", DW_E_CORRUPT, "no array");
    h.array_list[0] = &h.data;
    h.array.length = -2;
    check(&h, "integer", DW_E_CORRUPT, "Arrow batch: length -2");
    h.array.length = 2;
    h.array.release = NULL;
    check(&h, "integer", DW_E_CORRUPT, "it was released");
    h.array.release = hand_release_array;
    h.schema.format = "i";
    check(&h, "integer", DW_E_SCHEMA, "a batch of rows is a struct, this is i");
    h.schema.format = "+s";
    h.column.format = "x";
    check(&h, "integer", DW_E_UNSUPPORTED, "column C: Arrow format x");
    h.column.format = NULL;
    check(&h, "integer", DW_E_UNSUPPORTED, "(none)");
}

static void dictionaries_are_resolved(void **state)
{
    static const int8_t indices[] = {2, 0, 1, 0};
    static const int8_t beyond[] = {2, 0, 3, 0};
    static const int8_t below[] = {2, 0, -1, 0};
    static const int32_t offsets[] = {0, 1, 3, 6};
    static const uint8_t but_third[] = {0x0B};
    static const uint8_t but_first[] = {0x06};
    static const int64_t longs[] = {7, 8, 9};
    hand h;

    (void)state;
    hand_init(&h, "c", 4, 2);
    hand_inner(&h, 0, "u", "", 3, 3);
    h.column.dictionary = &h.inner[0];
    h.data.dictionary = &h.below[0];
    h.buffers[1] = indices;
    h.inner_buffers[0][1] = offsets;
    h.inner_buffers[0][2] = "abbccc";
    check(&h, "string", DW_OK, "\"ccc\" \"a\" \"bb\" \"a\"");
    h.buffers[1] = beyond;
    check(&h, "string", DW_E_CORRUPT, "row 2 has a value beyond its dictionary");
    h.buffers[1] = below;
    check(&h, "string", DW_E_CORRUPT, "row 2 has a value beyond its dictionary");
    h.buffers[0] = but_third;
    check(&h, "string", DW_OK, "\"ccc\" \"a\" null \"a\"");
    h.inner_buffers[0][0] = but_first;
    check(&h, "string", DW_OK, "\"ccc\" null null null");
    h.inner_buffers[0][0] = NULL;
    h.inner[0].format = "l";
    h.below[0].n_buffers = 2;
    h.inner_buffers[0][1] = longs;
    check(&h, "long", DW_OK, "9 7 null 7");
    check(&h, "short", DW_OK, "9 7 null 7");
    h.inner[0].format = "b";
    check(&h, "boolean", DW_OK, "true true null true");
    h.data.dictionary = NULL;
    check(&h, "boolean", DW_E_CORRUPT, "column C: no dictionary");
}

static void nested_columns_are_read(void **state)
{
    static const char list_type[] =
        "{\"type\":\"array\",\"elementType\":\"long\",\"containsNull\":true}";
    static const char strict_list[] =
        "{\"type\":\"array\",\"elementType\":\"long\",\"containsNull\":false}";
    static const char map_type[] = "{\"type\":\"map\",\"keyType\":\"string\",\"valueType\":"
                                   "\"integer\",\"valueContainsNull\":true}";
    static const char struct_type[] =
        "{\"type\":\"struct\",\"fields\":[{\"name\":\"y\",\"type\":\"string\"},{\"name\":\"X\","
        "\"type\":\"long\"}]}";
    static const int32_t offsets[] = {1, 1, 3, 6};
    static const int64_t wide[] = {1, 1, 3, 6};
    static const int16_t shorts[] = {9, 1, 2, 3, 4, 5};
    static const uint8_t but_fourth[] = {0x37};
    static const uint8_t second_and_third[] = {0x06};
    static const int32_t key_offsets[] = {0, 1, 2, 3, 4, 5, 6};
    static const int32_t ints[] = {9, 1, 2, 3, 4, 5};
    struct ArrowSchema *entry_schemas[2];
    struct ArrowArray *entry_arrays[2];
    hand h;

    (void)state;
    hand_init(&h, "+l", 3, 2);
    hand_inner(&h, 0, "s", "item", 6, 2);
    h.column.children = h.inner_schemas;
    h.data.children = h.inner_arrays;
    h.column.n_children = h.data.n_children = 1;
    h.buffers[1] = offsets;
    h.inner_buffers[0][1] = shorts;
    check(&h, list_type, DW_OK, "[] [1,2] [3,4,5]");
    h.inner_buffers[0][0] = but_fourth;
    check(&h, list_type, DW_OK, "[] [1,2] [null,4,5]");
    check(&h, strict_list, DW_E_SCHEMA, "column C.element: null in row 2");
    h.buffers[0] = second_and_third;
    check(&h, list_type, DW_OK, "null [1,2] [null,4,5]");
    h.column.format = "+L";
    h.buffers[1] = wide;
    check(&h, list_type, DW_OK, "null [1,2] [null,4,5]");
    h.data.offset = 1;
    h.data.length = h.array.length = 2;
    check(&h, list_type, DW_OK, "[1,2] [null,4,5]");
    h.below[0].length = 5;
    check(&h, list_type, DW_E_CORRUPT, "offsets beyond the 5 elements");
    check(&h, "string", DW_E_SCHEMA, "does not fit string");
    check(&h, struct_type, DW_E_SCHEMA, "does not fit struct<y:string,X:long>");

    hand_init(&h, "+s", 2, 1);
    hand_inner(&h, 0, "s", "x", 6, 2);
    h.column.children = h.inner_schemas;
    h.data.children = h.inner_arrays;
    h.column.n_children = h.data.n_children = 1;
    h.inner_buffers[0][1] = shorts;
    h.data.offset = 1;
    h.buffers[0] = second_and_third;
    check(&h, struct_type, DW_OK, "{y:null,X:1} {y:null,X:2}");
    h.inner[0].name = "z";
    check(&h, struct_type, DW_E_SCHEMA, "column C: the table has no column z");
    h.inner[0].name = "y";
    check(&h, struct_type, DW_E_SCHEMA, "column C.y: Arrow format s does not fit string");

    hand_init(&h, "+m", 3, 2);
    hand_inner(&h, 0, "+s", "entries", 6, 1);
    hand_inner(&h, 1, "u", "k", 6, 3);
    hand_inner(&h, 2, "i", "v", 6, 2);
    entry_schemas[0] = &h.inner[1];
    entry_schemas[1] = &h.inner[2];
    entry_arrays[0] = &h.below[1];
    entry_arrays[1] = &h.below[2];
    h.column.children = h.inner_schemas;
    h.data.children = h.inner_arrays;
    h.column.n_children = h.data.n_children = 1;
    h.inner[0].children = entry_schemas;
    h.below[0].children = entry_arrays;
    h.inner[0].n_children = h.below[0].n_children = 2;
    h.buffers[1] = offsets;
    h.inner_buffers[1][1] = key_offsets;
    h.inner_buffers[1][2] = "zabcde";
    h.inner_buffers[2][1] = ints;
    h.inner_buffers[2][0] = but_fourth;
    check(&h, map_type, DW_OK, "{} {\"a\"=1,\"b\"=2} {\"c\"=null,\"d\"=4,\"e\"=5}");
    h.inner_buffers[1][0] = but_fourth;
    check(&h, map_type, DW_E_SCHEMA, "column C.key: null in row 2");
}

static void columns_match_by_name_and_missing_ones_are_null(void **state)
{
    static const int32_t ints[] = {1, 2};
    static const uint8_t first[] = {0x01};
    static const char two[] = "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":{\"type\":"
                              "\"array\",\"elementType\":\"string\",\"containsNull\":true}},"
                              "{\"name\":\"C\",\"type\":\"long\",\"nullable\":false}]}";
    static const char strict[] =
        "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":"
        "\"long\",\"nullable\":false},{\"name\":\"c\",\"type\":\"long\"}]}";
    dwi_schema *schema = NULL;
    dwi_arena arena;
    dwi_buf shown;
    const dwi_vec *rows = NULL;
    dw_error err = DW_ERROR_INIT;
    hand h;

    (void)state;
    dwi_arena_init(&arena, dwi_alloc_default());
    dwi_buf_init(&shown, dwi_alloc_default());
    hand_init(&h, "i", 2, 2);
    h.buffers[1] = ints;
    DWT_OK(dwi_schema_parse(dwi_alloc_default(), DWI_SV(two), &schema, &err), &err);
    DWT_OK(dwi_arrow_view(&arena, &h.schema, &h.array, schema->root, &rows, &err), &err);
    dwt_show(&shown, rows, 1);
    DWT_STR(dwi_buf_cstr(&shown), "{a:null,C:2}");
    h.buffers[0] = first;
    DWT_ERR(dwi_arrow_view(&arena, &h.schema, &h.array, schema->root, &rows, &err), &err,
            DW_E_SCHEMA, "column C: null in row 1, and it takes no nulls");
    dwi_schema_unref(schema);
    DWT_OK(dwi_schema_parse(dwi_alloc_default(), DWI_SV(strict), &schema, &err), &err);
    DWT_ERR(dwi_arrow_view(&arena, &h.schema, &h.array, schema->root, &rows, &err), &err,
            DW_E_SCHEMA, "column id: null in row 0");
    h.column.name = "other";
    DWT_ERR(dwi_arrow_view(&arena, &h.schema, &h.array, schema->root, &rows, &err), &err,
            DW_E_SCHEMA, "Arrow batch: the table has no column other");
    h.no_buffers[0] = first;
    h.column.name = "c";
    h.array.null_count = -1;
    dwi_schema_unref(schema);
    check(&h, "long", DW_E_SCHEMA, "Arrow batch: row 1 is null as a whole");
    h.no_buffers[0] = NULL;
    h.column.format = "n";
    h.data.n_buffers = 0;
    check(&h, "long", DW_OK, "null null");
    check(&h, "void", DW_OK, "null null");
    dwi_buf_done(&shown);
    dwi_arena_done(&arena);
}

static void formats_have_types(void **state)
{
    static const struct {
        const char *format;
        const char *type; /* NULL: refused */
    } cases[] = {
        {"n", "void"},
        {"b", "boolean"},
        {"c", "byte"},
        {"C", "short"},
        {"s", "short"},
        {"S", "integer"},
        {"i", "integer"},
        {"I", "long"},
        {"l", "long"},
        {"L", "decimal(20,0)"},
        {"e", "float"},
        {"f", "float"},
        {"g", "double"},
        {"d:12,3", "decimal(12,3)"},
        {"d:12,3,128", "decimal(12,3)"},
        {"d:9,0,32", "decimal(9,0)"},
        {"u", "string"},
        {"U", "string"},
        {"vu", "string"},
        {"z", "binary"},
        {"Z", "binary"},
        {"vz", "binary"},
        {"w:16", "binary"},
        {"tdD", "date"},
        {"tdm", "date"},
        {"tsu:UTC", "timestamp"},
        {"tsn:Asia/Tokyo", "timestamp"},
        {"tss:", "timestamp_ntz"},
        {"", NULL},
        {"q", NULL},
        {"tts", NULL},
        {"ttn", NULL},
        {"tDs", NULL},
        {"tiM", NULL},
        {"d:39,0", NULL},
        {"d:5,-2", "decimal(7,0)"},
        {"d:5,6", "decimal(6,6)"},
        {"d:20,3,256", "decimal(20,3)"},
        {"d:76,3,256", "decimal(38,3)"},
        {"d:77,3,256", NULL},
        {"d:5,39,256", NULL},
        {"d:5,-999999,256", NULL},
        {"d:38,-1", NULL},
        {"d:5", NULL},
        {"d:5,2,512", NULL},
        {"d:5,2,", NULL},
        {"w:", NULL},
        {"w:-1", NULL},
        {"w:99999999999", NULL},
        {"tsx:", NULL},
        {"ts", NULL},
        {"+us:0,1", NULL},
        {"+w:", NULL},
        {"+w:-1", NULL},
    };
    dwi_arena arena;

    (void)state;
    dwi_arena_init(&arena, dwi_alloc_default());
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dw_error err = DW_ERROR_INIT;
        const dwi_type *type = NULL;
        dwi_buf name;
        hand h;
        hand_init(&h, cases[i].format, 0, 0);
        if (cases[i].type == NULL) {
            DWT_ERR(dwi_arrow_type(&arena, &h.schema, &type, &err), &err, DW_E_UNSUPPORTED,
                    "Arrow column c: format ");
            continue;
        }
        DWT_OK(dwi_arrow_type(&arena, &h.schema, &type, &err), &err);
        dwi_buf_init(&name, dwi_alloc_default());
        dwi_type_append_name(&name, type->fields[0].type);
        DWT_STR(dwi_buf_cstr(&name), cases[i].type);
        DWT_STR(type->fields[0].name.ptr, "c");
        assert_true(type->fields[0].nullable);
        dwi_buf_done(&name);
    }
    dwi_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_convert_when_they_fit),
        cmocka_unit_test(slices_see_their_own_rows_only),
        cmocka_unit_test(floats_dates_and_times_convert),
        cmocka_unit_test(decimals_widen_and_are_checked),
        cmocka_unit_test(strings_of_every_layout_are_read),
        cmocka_unit_test(broken_strings_are_refused),
        cmocka_unit_test(broken_arrays_are_refused),
        cmocka_unit_test(dictionaries_are_resolved),
        cmocka_unit_test(nested_columns_are_read),
        cmocka_unit_test(columns_match_by_name_and_missing_ones_are_null),
        cmocka_unit_test(formats_have_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
