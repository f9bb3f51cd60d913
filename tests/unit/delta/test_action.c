/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <string.h>

#include "base/alloc.h"
#include "delta/action.h"
#include "delta/path.h"

static dwi_arena arena;
static dw_error err;

static int setup(void **state)
{
    (void)state;
    dwi_arena_init(&arena, dwi_alloc_default());
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dwi_arena_done(&arena);
    return 0;
}

static dwi_action parse(const char *line)
{
    dwi_action action;

    memset(&action, 0, sizeof(action));
    DWT_OK(dwi_action_parse(&arena, dwi_sv_cstr(line), "f: line 1", &action, &err), &err);
    return action;
}

static void an_add_keeps_every_field(void **state)
{
    dwi_action action =
        parse("{\"add\":{\"path\":\"p=a%20b/x.parquet\",\"partitionValues\":{\"p\":\"a b\",\"q\":"
              "null},\"size\":9007199254740993,\"modificationTime\":1.7e12,\"dataChange\":false,"
              "\"stats\":\"{\\\"numRecords\\\":1}\",\"tags\":{\"k\":\"v\"},\"deletionVector\":{"
              "\"storageType\":\"u\",\"pathOrInlineDv\":\"ab^-aqEH.-t@S}K{vb[*k^\",\"offset\":4,"
              "\"sizeInBytes\":40,\"cardinality\":6},\"baseRowId\":0,\"defaultRowCommitVersion\":5,"
              "\"clusteringProvider\":\"liquid\",\"futureField\":[1]}}");
    const dwi_add *add = &action.u.add;

    (void)state;
    DWT_EQ(action.kind, DWI_ACTION_ADD);
    DWT_STR(add->path.ptr, "p=a%20b/x.parquet");
    DWT_EQ(add->partition_values.count, 2);
    DWT_STR(add->partition_values.items[0].value.ptr, "a b");
    assert_null(add->partition_values.items[1].value.ptr);
    assert_true(add->size == INT64_C(9007199254740993));
    assert_true(add->modification_time == INT64_C(1700000000000));
    assert_false(add->data_change);
    DWT_STR(add->stats.ptr, "{\"numRecords\":1}");
    assert_true(add->has_tags);
    DWT_STR(add->dv.path_or_inline.ptr, "ab^-aqEH.-t@S}K{vb[*k^");
    DWT_EQ(add->dv.offset, 4);
    DWT_EQ(add->dv.cardinality, 6);
    DWT_EQ(add->base_row_id, 0);
    DWT_EQ(add->default_row_commit_version, 5);
    DWT_STR(add->clustering_provider.ptr, "liquid");
}

static void absent_fields_have_their_meaning_of_absence(void **state)
{
    dwi_action add = parse("{\"add\":{\"path\":\"x\",\"partitionValues\":{},\"size\":1,"
                           "\"modificationTime\":2,\"dataChange\":true,\"stats\":null}}");
    dwi_action remove = parse("{\"remove\":{\"path\":\"x\",\"dataChange\":true}}");
    dwi_action txn = parse("{\"txn\":{\"appId\":\"a\",\"version\":-3}}");
    dwi_action info = parse("{\"commitInfo\":{\"timestamp\":\"not a number\",\"operation\":7}}");

    (void)state;
    assert_null(add.u.add.stats.ptr);
    assert_null(add.u.add.dv.storage_type.ptr);
    assert_false(add.u.add.has_tags);
    DWT_EQ(add.u.add.base_row_id, -1);
    DWT_EQ(remove.u.remove.deletion_timestamp, -1);
    DWT_EQ(remove.u.remove.size, -1);
    DWT_EQ(remove.u.remove.extended_file_metadata, -1);
    assert_false(remove.u.remove.has_partition_values);
    DWT_EQ(txn.u.txn.version, -3);
    DWT_EQ(txn.u.txn.last_updated, -1);
    DWT_EQ(info.u.commit_info.timestamp, -1);
    assert_null(info.u.commit_info.operation.ptr);
    DWT_EQ(info.u.commit_info.is_blind_append, -1);
}

static void an_unknown_action_is_passed_over(void **state)
{
    (void)state;
    DWT_EQ(parse("{\"somethingNew\":{\"x\":1}}").kind, DWI_ACTION_UNKNOWN);
    DWT_EQ(parse("{}").kind, DWI_ACTION_UNKNOWN);
    DWT_EQ(parse("{\"add\":null,\"txn\":{\"appId\":\"a\",\"version\":1}}").kind, DWI_ACTION_TXN);
    DWT_EQ(dwi_action_peek(DWI_SV("{\"remove\":{}}")), DWI_ACTION_REMOVE);
    DWT_EQ(dwi_action_peek(DWI_SV("{ \"remove\":{}}")), DWI_ACTION_UNKNOWN);
}

static void a_broken_action_names_line_and_field(void **state)
{
    static const struct {
        const char *line;
        const char *message;
    } cases[] = {
        {"{\"add\":{\"size\":1}}", "f: line 1: add.path is missing"},
        {"{\"add\":{\"path\":\"x\",\"size\":\"big\"}}", "add.size is not an integer"},
        {"{\"add\":{\"path\":7}}", "add.path is not a string"},
        {"{\"add\":{\"path\":\"x\",\"partitionValues\":[]}}",
         "add.partitionValues is not an object"},
        {"{\"add\":{\"path\":\"x\",\"deletionVector\":{\"storageType\":\"u\"}}}",
         "deletionVector.pathOrInlineDv is missing"},
        {"{\"protocol\":{\"minReaderVersion\":1}}", "protocol.minWriterVersion is missing"},
        {"{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[1]}}",
         "protocol.readerFeatures has a member that is not a string"},
        {"{\"metaData\":{\"id\":\"x\",\"format\":{\"provider\":1},\"schemaString\":\"\"}}",
         "metaData.format.provider is not a string"},
        {"{\"txn\":{\"appId\":\"a\"}}", "txn.version is missing"},
        {"[]", "not a JSON object"},
        {"{\"add\":", "a value is expected at byte 7"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dwi_action action;
        dw_status status =
            dwi_action_parse(&arena, dwi_sv_cstr(cases[i].line), "f: line 1", &action, &err);
        DWT_ERR(status, &err, DW_E_CORRUPT, cases[i].message);
    }
}

/* Each line is in the writer's own form, so that reading and writing it gives the same bytes. */
static void actions_are_written_in_sparks_order(void **state)
{
    static const char *const lines[] = {
        "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n",
        "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[],"
        "\"writerFeatures\":[\"appendOnly\"]}}\n",
        "{\"metaData\":{\"id\":\"i\",\"name\":\"n\",\"format\":{\"provider\":\"parquet\","
        "\"options\":{}},\"schemaString\":\"{\\\"type\\\":\\\"struct\\\"}\",\"partitionColumns\":["
        "\"p\"],\"configuration\":{\"k\":\"v\"},\"createdTime\":5}}\n",
        "{\"add\":{\"path\":\"x\",\"partitionValues\":{\"p\":null},\"size\":1,"
        "\"modificationTime\":2,\"dataChange\":true,\"stats\":\"{}\",\"tags\":{},"
        "\"deletionVector\":{\"storageType\":\"i\",\"pathOrInlineDv\":\"q\",\"sizeInBytes\":3,"
        "\"cardinality\":4},\"baseRowId\":5,\"defaultRowCommitVersion\":6,"
        "\"clusteringProvider\":\"c\"}}\n",
        "{\"remove\":{\"path\":\"x\",\"deletionTimestamp\":1,\"dataChange\":false,"
        "\"extendedFileMetadata\":true,\"partitionValues\":{},\"size\":2}}\n",
        "{\"txn\":{\"appId\":\"a\\\"b\",\"version\":9,\"lastUpdated\":1}}\n",
        "{\"domainMetadata\":{\"domain\":\"d\",\"configuration\":\"{}\",\"removed\":true}}\n",
    };
    dwi_buf out;

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        dwi_action action = parse(lines[i]);
        dwi_buf_clear(&out);
        dwi_action_append(&out, &action);
        DWT_STR(dwi_buf_cstr(&out), lines[i]);
    }
    dwi_buf_done(&out);
}

static void two_spellings_of_a_path_are_one_file(void **state)
{
    const dwi_dv none = {{NULL, 0}, {NULL, 0}, -1, 0, 0};
    const dwi_dv dv = {DWI_SV("u"), DWI_SV("abc"), 1, 0, 0};
    dwi_buf a;
    dwi_buf b;

    (void)state;
    dwi_buf_init(&a, dwi_alloc_default());
    dwi_buf_init(&b, dwi_alloc_default());
    DWT_OK(dwi_file_key(DWI_SV("file:///d/a%20b%2Fc"), &none, &a, &err), &err);
    DWT_STR(dwi_buf_cstr(&a), "/d/a b/c");
    DWT_OK(dwi_file_key(DWI_SV("file:/d/a b/c"), &none, &b, &err), &err);
    DWT_STR(dwi_buf_cstr(&b), "/d/a b/c");
    dwi_buf_clear(&a);
    DWT_OK(dwi_file_key(DWI_SV("100%"), &dv, &a, &err), &err);
    DWT_BYTES(a.data, a.len, '1', '0', '0', '%', 0, 'u', 'a', 'b', 'c', '@', '1');
    assert_true(dwi_path_is_absolute(DWI_SV("s3://bucket/x")));
    assert_true(dwi_path_is_absolute(DWI_SV("/x")));
    assert_false(dwi_path_is_absolute(DWI_SV("p=a:b/x")));
    assert_false(dwi_path_is_absolute(DWI_SV("x")));
    dwi_buf_done(&a);
    dwi_buf_done(&b);
}

static dw_status parse_with(const dw_allocator *alloc, void *ctx)
{
    dwi_arena own;
    dwi_action action;
    dw_status status;

    dwi_arena_init(&own, alloc);
    status = dwi_action_parse(&own, dwi_sv_cstr(ctx), "x", &action, NULL);
    dwi_arena_done(&own);
    return status;
}

static void out_of_memory_leaves_nothing_behind(void **state)
{
    char line[20000] = "{\"add\":{\"path\":\"";

    (void)state;
    memset(line + strlen(line), 'x', 9000);
    strcat(line, "\",\"partitionValues\":{\"a\":\"b\"},\"size\":1,\"tags\":{\"c\":\"d\"}}}");
    dwt_alloc_sweep(parse_with, line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_add_keeps_every_field, setup, teardown),
        cmocka_unit_test_setup_teardown(absent_fields_have_their_meaning_of_absence, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_unknown_action_is_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broken_action_names_line_and_field, setup, teardown),
        cmocka_unit_test_setup_teardown(actions_are_written_in_sparks_order, setup, teardown),
        cmocka_unit_test_setup_teardown(two_spellings_of_a_path_are_one_file, setup, teardown),
        cmocka_unit_test(out_of_memory_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
