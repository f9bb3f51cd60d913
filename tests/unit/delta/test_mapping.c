/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/mapping.h"

#include "base/alloc.h"
#include "harness.h"

static dwi_schema *must_parse(const dw_allocator *alloc, const char *json)
{
    dw_error err = DW_ERROR_INIT;
    dwi_schema *schema = NULL;

    DWT_OK(dwi_schema_parse(alloc, dwi_sv_cstr(json), &schema, &err), &err);
    return schema;
}

static void show(const dwi_type *type, char *out, size_t size)
{
    dwi_buf text;

    dwi_buf_init(&text, dwi_alloc_default());
    dwi_type_append_json(&text, type);
    assert_true(text.len < size);
    memcpy(out, dwi_buf_cstr(&text), text.len + 1);
    dwi_buf_done(&text);
}

/* A generator that counts, so that UUIDs are known. */
static void count_up(void *ctx, void *out, size_t len)
{
    memset(out, ++*(int *)ctx, len);
}

#define FIELD(name, type, metadata)                                                                \
    "{\"name\":\"" name "\",\"type\":" type ",\"nullable\":true,\"metadata\":{" metadata "}}"
#define STRUCT(fields) "{\"type\":\"struct\",\"fields\":[" fields "]}"
#define ARRAY(element) "{\"type\":\"array\",\"elementType\":" element ",\"containsNull\":true}"
#define MAP(key, value)                                                                            \
    "{\"type\":\"map\",\"keyType\":" key ",\"valueType\":" value ",\"valueContainsNull\":true}"
#define MARK(id, name)                                                                             \
    "\"delta.columnMapping.id\":" #id ",\"delta.columnMapping.physicalName\":\"" name "\""

static const char plain[] = STRUCT(FIELD("a", "\"long\"", "\"comment\":\"x\"") "," FIELD(
    "l", ARRAY(STRUCT(FIELD("b", "\"string\"", ""))),
    "") "," FIELD("m", MAP(STRUCT(FIELD("k", "\"date\"", "")), STRUCT(FIELD("v", "\"long\"", ""))),
                  ""));

static void fields_at_every_depth_get_names_and_ids(void **state)
{
    static const char want[] =
        STRUCT(FIELD("a", "\"long\"", "\"comment\":\"x\"," MARK(5, "a")) "," FIELD(
            "l", ARRAY(STRUCT(FIELD("b", "\"string\"", MARK(7, "b")))),
            MARK(6, "l")) "," FIELD("m",
                                    MAP(STRUCT(FIELD("k", "\"date\"", MARK(9, "k"))),
                                        STRUCT(FIELD("v", "\"long\"", MARK(10, "v")))),
                                    MARK(8, "m")));
    dwi_schema *schema = must_parse(dwi_alloc_default(), plain);
    dw_error err = DW_ERROR_INIT;
    const dwi_type *out;
    char text[4096];
    dwi_arena arena;
    int64_t max_id = 4;

    (void)state;
    dwi_arena_init(&arena, dwi_alloc_default());
    DWT_OK(dwi_mapping_assign(&arena, dwi_env_system(), schema->root, DWI_MAPPING_OWN_NAMES,
                              &max_id, &out, &err),
           &err);
    show(out, text, sizeof(text));
    DWT_STR(text, want);
    DWT_EQ(max_id, 10);
    DWT_EQ(out->fields[1].type->fields[0].type->fields[0].field_id, 7);
    DWT_EQ(out->fields[1].type->fields[0].field_id, -1);
    DWT_OK(dwi_mapping_strip(&arena, out, &out, &err), &err);
    show(out, text, sizeof(text));
    DWT_STR(text, plain);
    DWT_EQ(out->fields[0].field_id, -1);
    dwi_arena_done(&arena);
    dwi_schema_unref(schema);
}

static void a_field_that_has_both_keeps_them_and_ids_go_on_after_the_highest(void **state)
{
    static const char given[] = STRUCT(FIELD("a", "\"long\"", MARK(3, "col-x")) "," FIELD(
        "s", STRUCT(FIELD("b", "\"long\"", MARK(11, "y")) "," FIELD("c", "\"long\"", "")),
        MARK(2, "s")) "," FIELD("d", "\"long\"", "\"delta.columnMapping.id\":4"));
    static const char want[] = STRUCT(FIELD("a", "\"long\"", MARK(3, "col-x")) "," FIELD(
        "s",
        STRUCT(FIELD("b", "\"long\"", MARK(11, "y")) "," FIELD(
            "c", "\"long\"", MARK(12, "col-01010101-0101-4101-8101-010101010101"))),
        MARK(2, "s")) "," FIELD("d", "\"long\"",
                                MARK(13, "col-02020202-0202-4202-8202-020202020202")));
    dwi_schema *schema = must_parse(dwi_alloc_default(), given);
    dwi_env env = *dwi_env_system();
    dw_error err = DW_ERROR_INIT;
    const dwi_type *out;
    char text[4096];
    dwi_arena arena;
    int64_t max_id = 7;
    int count = 0;

    (void)state;
    env.ctx = &count;
    env.random = count_up;
    dwi_arena_init(&arena, dwi_alloc_default());
    DWT_OK(
        dwi_mapping_assign(&arena, &env, schema->root, DWI_MAPPING_NEW_NAMES, &max_id, &out, &err),
        &err);
    show(out, text, sizeof(text));
    DWT_STR(text, want);
    DWT_EQ(max_id, 13);
    dwi_arena_done(&arena);
    dwi_schema_unref(schema);
}

static void the_highest_id_ever_given_is_the_property_or_a_higher_one_in_use(void **state)
{
    static const struct {
        const char *property;
        int64_t want;
    } cases[] = {{NULL, 9}, {"4", 9}, {"12", 12}};
    dwi_schema *schema =
        must_parse(dwi_alloc_default(), STRUCT(FIELD("a", "\"long\"", MARK(9, "a"))));
    dw_error err = DW_ERROR_INIT;
    dwi_kv bad = {DWI_SV(DWI_MAPPING_MAX_ID), DWI_SV("many")};
    int64_t max_id;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dwi_kv kv = {DWI_SV(DWI_MAPPING_MAX_ID), {cases[i].property, 0}};
        if (cases[i].property != NULL)
            kv.value = dwi_sv_cstr(cases[i].property);
        DWT_OK(dwi_mapping_table_max_id((dwi_kvs){cases[i].property != NULL, &kv}, schema->root,
                                        &max_id, &err),
               &err);
        DWT_EQ(max_id, cases[i].want);
    }
    DWT_ERR(dwi_mapping_table_max_id((dwi_kvs){1, &bad}, schema->root, &max_id, &err), &err,
            DW_E_ARG, "maxColumnId");
    dwi_schema_unref(schema);
}

static void parts_of_lists_and_maps_have_the_ids_that_the_field_above_keeps(void **state)
{
    static const char given[] = STRUCT(FIELD(
        "m", MAP("\"string\"", ARRAY(STRUCT(FIELD("b", ARRAY("\"long\""), MARK(2, "p"))))),
        MARK(1, "col-q") ",\"delta.columnMapping.nested.ids\":{\"col-q.key\":5,\"col-q.value\":6,"
                         "\"col-q.value.element\":7}"));
    dwi_schema *schema = must_parse(dwi_alloc_default(), given);
    dw_error err = DW_ERROR_INIT;
    const dwi_type *type = NULL;
    const dwi_field *m;
    dwi_arena arena;

    (void)state;
    dwi_arena_init(&arena, dwi_alloc_default());
    DWT_OK(dwi_mapping_physical(&arena, schema->root, DWI_MAPPING_ID, &type, &err), &err);
    m = &type->fields[0];
    DWT_STR(m->name.ptr, "col-q");
    DWT_EQ(m->field_id, 1);
    DWT_EQ(m->type->fields[0].field_id, 5);
    DWT_EQ(m->type->fields[1].field_id, 6);
    DWT_EQ(m->type->fields[1].type->fields[0].field_id, 7);
    DWT_STR(m->type->fields[1].type->fields[0].type->fields[0].name.ptr, "p");
    DWT_EQ(m->type->fields[1].type->fields[0].type->fields[0].type->fields[0].field_id, -1);
    dwi_arena_done(&arena);
    dwi_schema_unref(schema);
}

static dw_status assign_and_map(const dw_allocator *alloc, void *ctx)
{
    dw_error err = DW_ERROR_INIT;
    const dwi_type *out;
    dwi_arena arena;
    int64_t max_id = 0;
    dw_status status;

    dwi_arena_init(&arena, alloc);
    DWI_TRY(dwi_mapping_assign(&arena, dwi_env_system(), ((dwi_schema *)ctx)->root,
                               DWI_MAPPING_NEW_NAMES, &max_id, &out, &err));
    DWI_TRY(dwi_mapping_physical(&arena, out, DWI_MAPPING_NAME, &out, &err));
    DWI_TRY(dwi_mapping_strip(&arena, out, &out, &err));
done:
    dwi_arena_done(&arena);
    return status;
}

static void assigning_survives_every_failed_allocation(void **state)
{
    dwi_schema *schema = must_parse(dwi_alloc_default(), plain);

    (void)state;
    dwt_alloc_sweep(assign_and_map, schema);
    dwi_schema_unref(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_at_every_depth_get_names_and_ids),
        cmocka_unit_test(a_field_that_has_both_keeps_them_and_ids_go_on_after_the_highest),
        cmocka_unit_test(the_highest_id_ever_given_is_the_property_or_a_higher_one_in_use),
        cmocka_unit_test(parts_of_lists_and_maps_have_the_ids_that_the_field_above_keeps),
        cmocka_unit_test(assigning_survives_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
