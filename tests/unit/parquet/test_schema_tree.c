/* SPDX-License-Identifier: Apache-2.0 */
/* The forms that lists and maps take in files, by LogicalTypes.md and by older writers. */
#include "harness.h"

#include "base/alloc.h"
#include "parquet/schema_tree.h"

enum {
    GROUP = -1,
    REQ = DWI_PARQUET_REQUIRED,
    OPT = DWI_PARQUET_OPTIONAL,
    REP = DWI_PARQUET_REPEATED
};

typedef struct fixture {
    dwi_arena arena;
    dwi_schema_tree tree;
    dwi_footer_element elements[80];
    dwi_footer footer;
} fixture;

static void begin(fixture *f)
{
    memset(f, 0, sizeof(*f));
    dwi_arena_init(&f->arena, dwi_alloc_default());
    f->elements[0] = (dwi_footer_element){
        .name = DWI_SV("schema"), .physical = GROUP, .field_id = -1, .converted = -1};
    f->footer.n_elements = 1;
    f->footer.elements = f->elements;
}

/* One element; `children` of a group follow it. */
static void add(fixture *f, const char *name, int repetition, int physical, int32_t children,
                int converted)
{
    f->elements[f->footer.n_elements++] = (dwi_footer_element){.name = dwi_sv_cstr(name),
                                                               .physical = physical,
                                                               .repetition = repetition,
                                                               .n_children = children,
                                                               .field_id = -1,
                                                               .converted = converted};
}

static void group(fixture *f, const char *name, int repetition, int32_t children, int converted)
{
    add(f, name, repetition, GROUP, children, converted);
}

static void leaf(fixture *f, const char *name, int repetition)
{
    add(f, name, repetition, DWI_PARQUET_INT32, 0, -1);
}

/* Build with `columns` top-level columns and compare the type. */
static void type_is(fixture *f, int32_t columns, const char *want)
{
    dwi_buf name;
    dw_error err;

    f->elements[0].n_children = columns;
    DWT_OK(dwi_schema_tree_build(&f->arena, &f->footer, &f->tree, &err), &err);
    dwi_buf_init(&name, dwi_alloc_default());
    dwi_type_append_name(&name, f->tree.root.type);
    DWT_STR(dwi_buf_cstr(&name), want);
    dwi_buf_done(&name);
}

static void refused(fixture *f, int32_t columns, dw_status code, const char *why)
{
    dw_error err;
    dw_status status;

    f->elements[0].n_children = columns;
    status = dwi_schema_tree_build(&f->arena, &f->footer, &f->tree, &err);
    DWT_ERR(status, &err, code, why);
    dwi_arena_done(&f->arena);
}

static void end(fixture *f)
{
    dwi_arena_done(&f->arena);
}

static void levels_of_a_standard_list_are_counted(void **state)
{
    fixture f;
    const dwi_parquet_node *list;

    (void)state;
    begin(&f);
    group(&f, "l", OPT, 1, DWI_PARQUET_CONVERTED_LIST);
    group(&f, "list", REP, 1, -1);
    leaf(&f, "element", OPT);
    type_is(&f, 1, "struct<l:array<integer>>");
    list = &f.tree.root.children[0];
    DWT_EQ(list->def, 1);
    DWT_EQ(list->slot_def, 0);
    DWT_EQ(list->rep, 0);
    DWT_EQ(list->elem_def, 2);
    DWT_EQ(list->children[0].def, 3);
    DWT_EQ(list->children[0].slot_def, 2);
    DWT_EQ(list->children[0].rep, 1);
    assert_true(list->type->fields[0].nullable);
    end(&f);
}

static void lists_of_older_writers_are_lists(void **state)
{
    fixture f;

    (void)state;
    begin(&f);
    group(&f, "hive", OPT, 1, DWI_PARQUET_CONVERTED_LIST);
    group(&f, "bag", REP, 1, -1);
    leaf(&f, "array_element", OPT);
    group(&f, "two_levels", OPT, 1, DWI_PARQUET_CONVERTED_LIST);
    leaf(&f, "array", REP);
    group(&f, "of_structs", OPT, 1, DWI_PARQUET_CONVERTED_LIST);
    group(&f, "element", REP, 2, -1);
    leaf(&f, "x", REQ);
    leaf(&f, "y", OPT);
    group(&f, "of_one", OPT, 1, DWI_PARQUET_CONVERTED_LIST);
    group(&f, "array", REP, 1, -1);
    leaf(&f, "x", REQ);
    group(&f, "named", OPT, 1, DWI_PARQUET_CONVERTED_LIST);
    group(&f, "named_tuple", REP, 1, -1);
    leaf(&f, "x", REQ);
    group(&f, "twice", OPT, 1, DWI_PARQUET_CONVERTED_LIST);
    group(&f, "array", REP, 1, DWI_PARQUET_CONVERTED_LIST);
    leaf(&f, "array", REP);
    leaf(&f, "bare", REP);
    group(&f, "bare_group", REP, 1, -1);
    leaf(&f, "x", OPT);
    type_is(&f, 8,
            "struct<hive:array<integer>,two_levels:array<integer>,"
            "of_structs:array<struct<x:integer,y:integer>>,of_one:array<struct<x:integer>>,"
            "named:array<struct<x:integer>>,twice:array<array<integer>>,bare:array<integer>,"
            "bare_group:array<struct<x:integer>>>");
    assert_false(f.tree.root.children[1].type->fields[0].nullable);
    DWT_EQ(f.tree.root.children[5].children[0].children[0].rep, 2);
    assert_false(f.tree.root.children[6].nullable);
    end(&f);
}

static void maps_are_maps_whatever_their_names(void **state)
{
    fixture f;

    (void)state;
    begin(&f);
    group(&f, "m", OPT, 1, DWI_PARQUET_CONVERTED_MAP);
    group(&f, "entries", REP, 2, -1);
    leaf(&f, "k", REQ);
    leaf(&f, "v", OPT);
    group(&f, "old", OPT, 1, DWI_PARQUET_CONVERTED_MAP_KEY_VALUE);
    group(&f, "map", REP, 2, DWI_PARQUET_CONVERTED_MAP_KEY_VALUE);
    leaf(&f, "key", OPT);
    leaf(&f, "value", REQ);
    group(&f, "keys", OPT, 1, DWI_PARQUET_CONVERTED_MAP);
    group(&f, "key_value", REP, 1, -1);
    leaf(&f, "key", REQ);
    group(&f, "no_map", OPT, 1, DWI_PARQUET_CONVERTED_MAP);
    leaf(&f, "x", OPT);
    type_is(&f, 4,
            "struct<m:map<integer,integer>,old:map<integer,integer>,keys:array<integer>,"
            "no_map:struct<x:integer>>");
    assert_false(f.tree.root.children[1].type->fields[0].nullable);
    end(&f);
}

static void paths_find_leaves_by_their_dots(void **state)
{
    fixture f;
    char text[16];

    (void)state;
    begin(&f);
    group(&f, "txn", OPT, 2, -1);
    leaf(&f, "appId", OPT);
    leaf(&f, "a.b", OPT);
    leaf(&f, "txn.appId", OPT);
    type_is(&f, 2, "struct<txn:struct<appId:integer,a.b:integer>,txn.appId:integer>");
    DWT_EQ(dwi_schema_tree_find(&f.tree.root, DWI_SV("txn"))->n_leaves, 2);
    DWT_EQ(dwi_schema_tree_find(&f.tree.root, DWI_SV("txn.a.b"))->first_leaf, 1);
    DWT_EQ(dwi_schema_tree_find(&f.tree.root, DWI_SV("txn.appId"))->first_leaf, 0);
    assert_null(dwi_schema_tree_find(&f.tree.root, DWI_SV("txn.app")));
    assert_null(dwi_schema_tree_find(&f.tree.root, DWI_SV("")));
    DWT_STR(dwi_parquet_node_path(f.tree.leaves[0], text, sizeof(text)), "txn.appId");
    DWT_STR(dwi_parquet_node_path(f.tree.leaves[0], text, 6), "appId");
    end(&f);
}

static void logical(fixture *f, int id, int unit, bool utc)
{
    dwi_footer_element *e = &f->elements[f->footer.n_elements - 1];

    e->logical = id;
    e->unit = unit;
    e->utc = utc;
}

static void fixed(fixture *f, const char *name, int id, int32_t length)
{
    add(f, name, OPT, DWI_PARQUET_FIXED_LEN_BYTE_ARRAY, 0, -1);
    logical(f, id, 0, false);
    f->elements[f->footer.n_elements - 1].type_length = length;
}

static void converted_types_alone_tell_the_type(void **state)
{
    fixture f;

    (void)state;
    begin(&f);
    add(&f, "t3", OPT, DWI_PARQUET_INT32, 0, DWI_PARQUET_CONVERTED_TIME_MILLIS);
    add(&f, "t6", OPT, DWI_PARQUET_INT64, 0, DWI_PARQUET_CONVERTED_TIME_MICROS);
    add(&f, "u8", OPT, DWI_PARQUET_INT32, 0, DWI_PARQUET_CONVERTED_UINT_8);
    add(&f, "u16", OPT, DWI_PARQUET_INT32, 0, DWI_PARQUET_CONVERTED_UINT_16);
    add(&f, "u32", OPT, DWI_PARQUET_INT32, 0, DWI_PARQUET_CONVERTED_UINT_32);
    add(&f, "u64", OPT, DWI_PARQUET_INT64, 0, DWI_PARQUET_CONVERTED_UINT_64);
    add(&f, "i8", OPT, DWI_PARQUET_INT32, 0, DWI_PARQUET_CONVERTED_INT_8);
    add(&f, "ms", OPT, DWI_PARQUET_INT64, 0, DWI_PARQUET_CONVERTED_TIMESTAMP_MILLIS);
    add(&f, "e", OPT, DWI_PARQUET_BYTE_ARRAY, 0, DWI_PARQUET_CONVERTED_ENUM);
    add(&f, "j", OPT, DWI_PARQUET_BYTE_ARRAY, 0, DWI_PARQUET_CONVERTED_JSON);
    add(&f, "b", OPT, DWI_PARQUET_BYTE_ARRAY, 0, DWI_PARQUET_CONVERTED_BSON);
    add(&f, "i", OPT, DWI_PARQUET_FIXED_LEN_BYTE_ARRAY, 0, DWI_PARQUET_CONVERTED_INTERVAL);
    f.elements[12].type_length = 12;
    add(&f, "d", OPT, DWI_PARQUET_BYTE_ARRAY, 0, DWI_PARQUET_CONVERTED_DECIMAL);
    f.elements[13].precision = 38;
    f.elements[13].scale = 38;
    type_is(&f, 13,
            "struct<t3:time_ms,t6:time_us,u8:ubyte,u16:ushort,u32:uinteger,u64:ulong,i8:byte,"
            "ms:timestamp_ms,e:string,j:json,b:binary,i:fixed(12),d:decimal(38,38)>");
    end(&f);
}

static void logical_types_tell_the_type(void **state)
{
    fixture f;

    (void)state;
    begin(&f);
    add(&f, "t9", OPT, DWI_PARQUET_INT64, 0, -1);
    logical(&f, DWI_PARQUET_LOGICAL_TIME, DWI_PARQUET_UNIT_NANOS, false);
    add(&f, "n9", OPT, DWI_PARQUET_INT64, 0, -1);
    logical(&f, DWI_PARQUET_LOGICAL_TIMESTAMP, DWI_PARQUET_UNIT_NANOS, true);
    add(&f, "l9", OPT, DWI_PARQUET_INT64, 0, -1);
    logical(&f, DWI_PARQUET_LOGICAL_TIMESTAMP, DWI_PARQUET_UNIT_NANOS, false);
    add(&f, "l3", OPT, DWI_PARQUET_INT64, 0, -1);
    logical(&f, DWI_PARQUET_LOGICAL_TIMESTAMP, DWI_PARQUET_UNIT_MILLIS, false);
    add(&f, "i96", OPT, DWI_PARQUET_INT96, 0, -1);
    add(&f, "none", OPT, DWI_PARQUET_INT32, 0, -1);
    logical(&f, DWI_PARQUET_LOGICAL_UNKNOWN, 0, false);
    add(&f, "shape", OPT, DWI_PARQUET_BYTE_ARRAY, 0, -1);
    logical(&f, DWI_PARQUET_LOGICAL_GEOMETRY, 0, false);
    fixed(&f, "half", DWI_PARQUET_LOGICAL_FLOAT16, 2);
    fixed(&f, "id", DWI_PARQUET_LOGICAL_UUID, 16);
    type_is(&f, 9,
            "struct<t9:time_ns,n9:timestamp_ns,l9:timestamp_ntz_ns,l3:timestamp_ntz_ms,"
            "i96:timestamp_ntz_ns,none:void,shape:binary,half:float16,id:uuid>");
    end(&f);
}

static void logical_types_that_are_unknown_or_out_of_place_count_as_none(void **state)
{
    fixture f;

    (void)state;
    begin(&f);
    add(&f, "new", OPT, DWI_PARQUET_INT64, 0, -1);
    logical(&f, 99, 0, false);
    add(&f, "unit", OPT, DWI_PARQUET_INT64, 0, -1);
    logical(&f, DWI_PARQUET_LOGICAL_TIMESTAMP, 7, true);
    add(&f, "time", OPT, DWI_PARQUET_INT32, 0, -1);
    logical(&f, DWI_PARQUET_LOGICAL_TIME, DWI_PARQUET_UNIT_NANOS, true);
    add(&f, "date", OPT, DWI_PARQUET_DOUBLE, 0, -1);
    logical(&f, DWI_PARQUET_LOGICAL_DATE, 0, false);
    fixed(&f, "half", DWI_PARQUET_LOGICAL_FLOAT16, 4);
    fixed(&f, "id", DWI_PARQUET_LOGICAL_UUID, 15);
    fixed(&f, "text", DWI_PARQUET_LOGICAL_STRING, 3);
    type_is(&f, 7,
            "struct<new:long,unit:long,time:integer,date:double,half:fixed(4),id:fixed(15),"
            "text:fixed(3)>");
    end(&f);
}

static void decimals_that_no_type_of_ours_can_hold_are_void(void **state)
{
    fixture f;

    (void)state;
    begin(&f);
    add(&f, "d", OPT, DWI_PARQUET_BYTE_ARRAY, 0, DWI_PARQUET_CONVERTED_DECIMAL);
    f.elements[1].precision = 39;
    type_is(&f, 1, "struct<d:void>");
    DWT_STR(f.tree.leaves[0]->annotation, "DECIMAL of more than 38 digits or a scale beyond them");
    end(&f);
}

static void broken_schemas_are_refused(void **state)
{
    fixture f;

    (void)state;
    begin(&f);
    leaf(&f, "x", OPT);
    refused(&f, 2, DW_E_CORRUPT, "fewer elements than its groups say");
    begin(&f);
    leaf(&f, "x", OPT);
    refused(&f, INT32_MAX, DW_E_CORRUPT, "fewer elements than its groups say");
    begin(&f);
    leaf(&f, "x", OPT);
    leaf(&f, "y", OPT);
    refused(&f, 1, DW_E_CORRUPT, "more elements than its groups say");
    begin(&f);
    group(&f, "g", OPT, 0, -1);
    refused(&f, 1, DW_E_CORRUPT, "group g has no fields");
    begin(&f);
    add(&f, "b", OPT, DWI_PARQUET_FIXED_LEN_BYTE_ARRAY, 0, -1);
    refused(&f, 1, DW_E_CORRUPT, "column b: fixed length 0");
    begin(&f);
    for (int i = 0; i < 70; i++)
        group(&f, "g", OPT, 1, -1);
    leaf(&f, "x", OPT);
    refused(&f, 1, DW_E_UNSUPPORTED, "nested deeper than 64");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_of_a_standard_list_are_counted),
        cmocka_unit_test(lists_of_older_writers_are_lists),
        cmocka_unit_test(maps_are_maps_whatever_their_names),
        cmocka_unit_test(paths_find_leaves_by_their_dots),
        cmocka_unit_test(converted_types_alone_tell_the_type),
        cmocka_unit_test(logical_types_tell_the_type),
        cmocka_unit_test(logical_types_that_are_unknown_or_out_of_place_count_as_none),
        cmocka_unit_test(decimals_that_no_type_of_ours_can_hold_are_void),
        cmocka_unit_test(broken_schemas_are_refused),
    };

    return cmocka_run_group_tests_name("schema_tree", tests, NULL, NULL);
}
