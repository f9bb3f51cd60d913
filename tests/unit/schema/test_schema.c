/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/type.h"

#include <stdio.h>

#include "base/alloc.h"
#include "harness.h"

static const char nested_json[] =
    "{\"type\":\"struct\",\"fields\":["
    "{\"name\":\"id\",\"type\":\"long\",\"nullable\":false,\"metadata\":"
    "{\"delta.columnMapping.id\":7,\"x\":{\"big\":12345678901234567890.50,\"a\":[1, 2]}}},"
    "{\"name\":\"price\",\"type\":\"decimal(10,2)\",\"nullable\":true,\"metadata\":{}},"
    "{\"name\":\"tags\",\"type\":{\"type\":\"array\",\"elementType\":\"string\","
    "\"containsNull\":false},\"nullable\":true,\"metadata\":{}},"
    "{\"name\":\"props\",\"type\":{\"type\":\"map\",\"keyType\":\"string\",\"valueType\":"
    "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\\\"b\",\"type\":\"timestamp_ntz\","
    "\"nullable\":true,\"metadata\":{}}]},\"valueContainsNull\":true},\"nullable\":true,"
    "\"metadata\":{}}]}";

static dw_status parse(const char *json, dwi_schema **out, dw_error *err)
{
    return dwi_schema_parse(dwi_alloc_default(), dwi_sv_cstr(json), out, err);
}

static dwi_schema *must_parse(const char *json)
{
    dw_error err = DW_ERROR_INIT;
    dwi_schema *schema = NULL;

    DWT_OK(parse(json, &schema, &err), &err);
    return schema;
}

static void nested_schema_keeps_every_part(void **state)
{
    dwi_schema *schema = must_parse(nested_json);
    const dwi_field *fields = schema->root->fields;

    (void)state;
    DWT_EQ(schema->root->kind, DWI_STRUCT);
    DWT_EQ(schema->root->n_fields, 4);
    DWT_STR(fields[0].name.ptr, "id");
    DWT_EQ(fields[0].type->kind, DWI_LONG);
    assert_false(fields[0].nullable);
    DWT_EQ(fields[0].field_id, 7);
    DWT_STR(fields[0].metadata_json.ptr,
            "{\"delta.columnMapping.id\":7,\"x\":{\"big\":12345678901234567890.50,\"a\":[1, 2]}}");
    DWT_EQ(fields[1].type->kind, DWI_DECIMAL);
    DWT_EQ(fields[1].type->precision, 10);
    DWT_EQ(fields[1].type->scale, 2);
    DWT_EQ(fields[1].field_id, -1);
    DWT_EQ(fields[2].type->kind, DWI_ARRAY);
    assert_false(fields[2].type->fields[0].nullable);
    DWT_EQ(fields[3].type->kind, DWI_MAP);
    assert_false(fields[3].type->fields[0].nullable);
    assert_true(fields[3].type->fields[1].nullable);
    DWT_STR(fields[3].type->fields[1].type->fields[0].name.ptr, "a\"b");
    DWT_STR(schema->json.ptr, nested_json);
    dwi_schema_unref(schema);
}

static void written_json_is_the_json_read(void **state)
{
    dwi_schema *schema = must_parse(nested_json);
    dwi_schema *copy = NULL;
    dw_error err = DW_ERROR_INIT;

    (void)state;
    DWT_OK(dwi_schema_from_type(dwi_alloc_default(), schema->root, &copy, &err), &err);
    dwi_schema_unref(schema);
    DWT_STR(copy->json.ptr, nested_json);
    dwi_schema_unref(copy);
}

static void all_primitive_names_are_known(void **state)
{
    static const struct {
        const char *name;
        dwi_type_kind kind;
        size_t width;
    } cases[] = {
        {"void", DWI_VOID, 0},
        {"boolean", DWI_BOOLEAN, 0},
        {"byte", DWI_BYTE, 1},
        {"short", DWI_SHORT, 2},
        {"integer", DWI_INTEGER, 4},
        {"long", DWI_LONG, 8},
        {"float", DWI_FLOAT, 4},
        {"double", DWI_DOUBLE, 8},
        {"string", DWI_STRING, 0},
        {"binary", DWI_BINARY, 0},
        {"date", DWI_DATE, 4},
        {"timestamp", DWI_TIMESTAMP, 8},
        {"timestamp_ntz", DWI_TIMESTAMP_NTZ, 8},
        {"variant", DWI_STRUCT, 0},
        {"decimal(38,38)", DWI_DECIMAL, 16},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char json[200];
        dwi_schema *schema;
        dwi_buf name;
        (void)snprintf(json, sizeof(json),
                       "{\"type\":\"struct\",\"fields\":[{\"name\":\"c\",\"type\":\"%s\"}]}",
                       cases[i].name);
        schema = must_parse(json);
        DWT_EQ(schema->root->fields[0].type->kind, cases[i].kind);
        DWT_EQ(dwi_type_width(schema->root->fields[0].type), cases[i].width);
        assert_true(schema->root->fields[0].nullable);
        dwi_buf_init(&name, dwi_alloc_default());
        dwi_type_append_name(&name, schema->root->fields[0].type);
        DWT_STR(dwi_buf_cstr(&name), cases[i].name);
        dwi_buf_done(&name);
        dwi_schema_unref(schema);
    }
}

static void type_names_are_readable(void **state)
{
    dwi_schema *schema = must_parse(nested_json);
    dwi_buf name;

    (void)state;
    dwi_buf_init(&name, dwi_alloc_default());
    dwi_type_append_name(&name, schema->root);
    DWT_STR(dwi_buf_cstr(&name), "struct<id:long,price:decimal(10,2),tags:array<string>,"
                                 "props:map<string,struct<a\"b:timestamp_ntz>>>");
    dwi_buf_done(&name);
    dwi_schema_unref(schema);
}

static void broken_schemas_are_refused_with_the_field(void **state)
{
    static const struct {
        const char *json;
        dw_status code;
        const char *text;
    } cases[] = {
        {"", DW_E_CORRUPT, "schema"},
        {"[]", DW_E_CORRUPT, "schema: no type"},
        {"\"long\"", DW_E_CORRUPT, "the top is not a struct"},
        {"{\"type\":\"struct\"}", DW_E_CORRUPT, "no list of fields"},
        {"{\"type\":\"struct\",\"fields\":[{\"type\":\"long\"}]}", DW_E_CORRUPT, "has no name"},
        {"{\"type\":\"struct\",\"fields\":[7]}", DW_E_CORRUPT, "has no name"},
        {"{\"type\":\"struct\",\"fields\":[{\"name\":\"a\"}]}", DW_E_CORRUPT, "field a: no type"},
        {"{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"long\",\"nullable\":1}]}",
         DW_E_CORRUPT, "field a: a nullability flag"},
        {"{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"long\",\"metadata\":[]}]}",
         DW_E_CORRUPT, "field a: metadata is not an object"},
        {"{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":{\"type\":\"array\","
         "\"elementType\":{\"type\":\"struct\",\"fields\":[{\"name\":\"b\",\"type\":"
         "\"geometry\"}]}}}]}",
         DW_E_UNSUPPORTED, "field a.element.b: unknown type geometry"},
        {"{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"decimal(39,2)\"}]}",
         DW_E_UNSUPPORTED, "unknown type decimal(39,2)"},
        {"{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"decimal(4,5)\"}]}",
         DW_E_UNSUPPORTED, "unknown type decimal(4,5)"},
        {"{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"decimal(4,2)x\"}]}",
         DW_E_UNSUPPORTED, "unknown type"},
        {"{\"type\":\"struct\",\"fields\":[{\"name\":\"Ab\",\"type\":\"long\"},"
         "{\"name\":\"c\",\"type\":\"long\"},{\"name\":\"aB\",\"type\":\"long\"}]}",
         DW_E_SCHEMA, "field aB: the name is there twice"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dw_error err = DW_ERROR_INIT;
        dwi_schema *schema = NULL;
        DWT_ERR(parse(cases[i].json, &schema, &err), &err, cases[i].code, cases[i].text);
        assert_null(schema);
    }
}

static void absurd_nesting_is_refused(void **state)
{
    dwi_buf json;
    dw_error err = DW_ERROR_INIT;
    dwi_schema *schema = NULL;
    dw_status status;

    (void)state;
    dwi_buf_init(&json, dwi_alloc_default());
    dwi_buf_append_cstr(&json, "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":");
    for (int i = 0; i < 150; i++)
        dwi_buf_append_cstr(&json, "{\"type\":\"array\",\"containsNull\":true,\"elementType\":");
    dwi_buf_append_cstr(&json, "\"long\"");
    for (int i = 0; i < 150; i++)
        dwi_buf_append_cstr(&json, "}");
    dwi_buf_append_cstr(&json, "}]}");
    status = parse(dwi_buf_cstr(&json), &schema, &err);
    assert_true(status == DW_E_UNSUPPORTED || status == DW_E_CORRUPT);
    dwi_buf_done(&json);
}

static void spaces_in_decimal_and_its_short_form_are_read(void **state)
{
    dwi_schema *schema = must_parse(
        "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"decimal( 12 , 3 )\"},"
        "{\"name\":\"b\",\"type\":\"decimal\"}]}");

    (void)state;
    DWT_EQ(schema->root->fields[0].type->precision, 12);
    DWT_EQ(schema->root->fields[0].type->scale, 3);
    DWT_EQ(schema->root->fields[1].type->precision, 10);
    DWT_EQ(schema->root->fields[1].type->scale, 0);
    dwi_schema_unref(schema);
}

static void fields_are_found_ignoring_case(void **state)
{
    dwi_schema *schema = must_parse(nested_json);

    (void)state;
    DWT_EQ(dwi_type_find(schema->root, DWI_SV("PRICE")), 1);
    DWT_EQ(dwi_type_find(schema->root, DWI_SV("tags")), 2);
    DWT_EQ(dwi_type_find(schema->root, DWI_SV("tag")), -1);
    dwi_schema_unref(schema);
}

static void added_fields_come_last_and_metadata_survives(void **state)
{
    static const dwi_type string_type = {.kind = DWI_STRING};
    dwi_field added = {DWI_SV("new"), &string_type, true, -1, {NULL, 0}};
    dwi_schema *schema = must_parse("{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":"
                                    "\"long\",\"nullable\":true,\"metadata\":{\"k\": 1.50}}]}");
    dwi_schema *wider = NULL;
    dw_error err = DW_ERROR_INIT;

    (void)state;
    DWT_OK(dwi_schema_add_fields(dwi_alloc_default(), schema, &added, 1, &wider, &err), &err);
    DWT_STR(wider->json.ptr,
            "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"long\",\"nullable\":true,"
            "\"metadata\":{\"k\": 1.50}},{\"name\":\"new\",\"type\":\"string\",\"nullable\":true,"
            "\"metadata\":{}}]}");
    dwi_schema_unref(wider);
    wider = NULL;
    added.name = DWI_SV("A");
    DWT_ERR(dwi_schema_add_fields(dwi_alloc_default(), schema, &added, 1, &wider, &err), &err,
            DW_E_SCHEMA, "field A");
    assert_null(wider);
    dwi_schema_unref(schema);
}

static void equality_looks_at_the_whole_tree(void **state)
{
    dwi_schema *a = must_parse(nested_json);
    dwi_schema *b = must_parse(nested_json);
    dwi_schema *c =
        must_parse("{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":{\"type\":"
                   "\"array\",\"elementType\":\"long\",\"containsNull\":true}}]}");
    dwi_schema *d =
        must_parse("{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":{\"type\":"
                   "\"array\",\"elementType\":\"long\",\"containsNull\":false}}]}");

    (void)state;
    assert_true(dwi_type_equal(a->root, b->root));
    assert_false(dwi_type_equal(a->root, c->root));
    assert_false(dwi_type_equal(c->root, d->root));
    assert_true(dwi_type_equal_values(c->root, d->root));
    dwi_schema_unref(a);
    dwi_schema_unref(b);
    dwi_schema_unref(c);
    dwi_schema_unref(d);
}

static void a_schema_lives_as_long_as_its_last_reference(void **state)
{
    dwt_alloc alloc;
    dw_error err = DW_ERROR_INIT;
    dwi_schema *schema = NULL;
    dwi_schema *second;

    (void)state;
    dwt_alloc_init(&alloc);
    DWT_OK(dwi_schema_parse(&alloc.base, dwi_sv_cstr(nested_json), &schema, &err), &err);
    second = dwi_schema_ref(schema);
    dwi_schema_unref(schema);
    DWT_EQ(second->root->n_fields, 4);
    dwi_schema_unref(second);
    dwi_schema_unref(NULL);
    dwt_alloc_done(&alloc);
}

static dw_status parse_and_widen(const dw_allocator *alloc, void *ctx)
{
    static const dwi_type string_type = {.kind = DWI_STRING};
    dwi_field added = {DWI_SV("new"), &string_type, true, -1, {NULL, 0}};
    dwi_schema *schema = NULL;
    dwi_schema *wider = NULL;
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    (void)ctx;
    DWI_TRY(dwi_schema_parse(alloc, dwi_sv_cstr(nested_json), &schema, &err));
    DWI_TRY(dwi_schema_add_fields(alloc, schema, &added, 1, &wider, &err));
done:
    dwi_schema_unref(schema);
    dwi_schema_unref(wider);
    return status;
}

static void every_failed_allocation_is_out_of_memory_and_leaks_nothing(void **state)
{
    (void)state;
    dwt_alloc_sweep(parse_and_widen, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nested_schema_keeps_every_part),
        cmocka_unit_test(written_json_is_the_json_read),
        cmocka_unit_test(all_primitive_names_are_known),
        cmocka_unit_test(type_names_are_readable),
        cmocka_unit_test(broken_schemas_are_refused_with_the_field),
        cmocka_unit_test(absurd_nesting_is_refused),
        cmocka_unit_test(spaces_in_decimal_and_its_short_form_are_read),
        cmocka_unit_test(fields_are_found_ignoring_case),
        cmocka_unit_test(added_fields_come_last_and_metadata_survives),
        cmocka_unit_test(equality_looks_at_the_whole_tree),
        cmocka_unit_test(a_schema_lives_as_long_as_its_last_reference),
        cmocka_unit_test(every_failed_allocation_is_out_of_memory_and_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
