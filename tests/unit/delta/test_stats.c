/* SPDX-License-Identifier: Apache-2.0 */
#include "log_fixture.h"

#include <float.h>
#include <math.h>

#include "base/alloc.h"
#include "delta/stats.h"
#include "delta/stats_value.h"

/* min and max of one leaf as text; "" when left out. */
typedef struct bounds {
    char min[400];
    char max[400];
} bounds;

static bounds bounds_of(const dwi_leaf_stats *leaf, size_t prefix)
{
    bounds b = {"", ""};
    dwi_buf text;

    dwi_buf_init(&text, dwi_alloc_default());
    if (dwi_stats_append_min(&text, leaf, prefix))
        (void)snprintf(b.min, sizeof(b.min), "%s", dwi_buf_cstr(&text));
    else
        DWT_EQ(text.len, 0);
    dwi_buf_clear(&text);
    if (dwi_stats_append_max(&text, leaf, prefix))
        (void)snprintf(b.max, sizeof(b.max), "%s", dwi_buf_cstr(&text));
    else
        DWT_EQ(text.len, 0);
    dwi_buf_done(&text);
    return b;
}

static void expect(const dwi_type *type, const void *min, const void *max, size_t width,
                   const char *want_min, const char *want_max)
{
    dwi_leaf_stats leaf = {
        .type = type, .has_bounds = true, .min = {min, width}, .max = {max, width}};
    bounds b = bounds_of(&leaf, 32);

    DWT_STR(b.min, want_min);
    DWT_STR(b.max, want_max);
}

static void integers_are_exact_to_their_last_digit(void **state)
{
    const dwi_type byte = {.kind = DWI_BYTE}, small = {.kind = DWI_SHORT};
    const dwi_type integer = {.kind = DWI_INTEGER}, big = {.kind = DWI_LONG};

    (void)state;
    expect(&byte, &(int8_t){-128}, &(int8_t){127}, 1, "-128", "127");
    expect(&small, &(int16_t){-32768}, &(int16_t){32767}, 2, "-32768", "32767");
    expect(&integer, &(int32_t){INT32_MIN}, &(int32_t){INT32_MAX}, 4, "-2147483648", "2147483647");
    expect(&big, &(int64_t){INT64_MIN}, &(int64_t){INT64_MAX}, 8, "-9223372036854775808",
           "9223372036854775807");
    expect(&big, &(int64_t){9007199254740993}, &(int64_t){9007199254740993}, 8, "9007199254740993",
           "9007199254740993");
}

static void floats_have_no_bound_that_json_cannot_say(void **state)
{
    const dwi_type narrow = {.kind = DWI_FLOAT}, wide = {.kind = DWI_DOUBLE};

    (void)state;
    expect(&wide, &(double){-1.5}, &(double){1e300}, 8, "-1.5", "1e+300");
    expect(&wide, &(double){0.1}, &(double){0.30000000000000004}, 8, "0.1", "0.30000000000000004");
    expect(&narrow, &(float){0.1f}, &(float){FLT_MAX}, 4, "0.1", "3.4028235e+38");
    expect(&wide, &(double){0.0}, &(double){-0.0}, 8, "-0.0", "0.0");
    expect(&narrow, &(float){0.0f}, &(float){-0.0f}, 4, "-0.0", "0.0");
    expect(&wide, &(double){-INFINITY}, &(double){INFINITY}, 8, "", "");
    expect(&wide, &(double){1}, &(double){INFINITY}, 8, "1.0", "");
}

static void a_nan_hides_the_maximum_alone(void **state)
{
    const dwi_type type = {.kind = DWI_DOUBLE};
    const double low = -2, high = 3;
    dwi_leaf_stats leaf = {
        .type = &type, .nan_count = 1, .has_bounds = true, .min = {&low, 8}, .max = {&high, 8}};
    bounds b = bounds_of(&leaf, 32);

    (void)state;
    DWT_STR(b.min, "-2.0");
    DWT_STR(b.max, "");
    leaf.has_bounds = false;
    b = bounds_of(&leaf, 32);
    DWT_STR(b.min, "");
    DWT_STR(b.max, "");
}

static void times_are_floored_to_milliseconds_in_utc(void **state)
{
    const dwi_type utc = {.kind = DWI_TIMESTAMP}, ntz = {.kind = DWI_TIMESTAMP_NTZ};
    const dwi_type date = {.kind = DWI_DATE};
    const int64_t year_10000 = INT64_C(253402300800000000);

    (void)state;
    expect(&utc, &(int64_t){-1}, &(int64_t){1999}, 8, "\"1969-12-31T23:59:59.999Z\"",
           "\"1970-01-01T00:00:00.001Z\"");
    expect(&ntz, &(int64_t){-1001}, &(int64_t){1767225600123456}, 8, "\"1969-12-31T23:59:59.998\"",
           "\"2026-01-01T00:00:00.123\"");
    expect(&utc, &(int64_t){year_10000 - 1}, &(int64_t){year_10000}, 8,
           "\"9999-12-31T23:59:59.999Z\"", "");
    expect(&date, &(int32_t){-1}, &(int32_t){20454}, 4, "\"1969-12-31\"", "\"2026-01-01\"");
    expect(&date, &(int32_t){-719529}, &(int32_t){2932897}, 4, "", "");
}

static void decimals_keep_every_digit_of_their_scale(void **state)
{
    const dwi_type type = {.kind = DWI_DECIMAL, .precision = 38, .scale = 2};
    const dwi_type whole = {.kind = DWI_DECIMAL, .precision = 38, .scale = 0};
    const dwi_type fraction = {.kind = DWI_DECIMAL, .precision = 38, .scale = 38};
    const uint8_t zero[16] = {0}, minus_five[16] = {251,  0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                                    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    /* 10^38 - 1, little-endian */
    const uint8_t most[16] = {0xFF, 0xFF, 0xFF, 0xFF, 0x3F, 0x22, 0x8A, 0x09,
                              0x7A, 0xC4, 0x86, 0x5A, 0xA8, 0x4C, 0x3B, 0x4B};

    (void)state;
    expect(&type, minus_five, zero, 16, "-0.05", "0.00");
    expect(&whole, minus_five, most, 16, "-5", "99999999999999999999999999999999999999");
    expect(&type, zero, most, 16, "0.00", "999999999999999999999999999999999999.99");
    expect(&fraction, minus_five, most, 16, "-0.00000000000000000000000000000000000005",
           "0.99999999999999999999999999999999999999");
}

static bounds string_bounds(const char *min, const char *max, bool cut, size_t prefix)
{
    static const dwi_type type = {.kind = DWI_STRING};
    dwi_leaf_stats leaf = {.type = &type,
                           .has_bounds = true,
                           .min_cut = cut,
                           .max_cut = cut,
                           .min = {min, strlen(min)},
                           .max = {max, strlen(max)}};

    return bounds_of(&leaf, prefix);
}

static void string_bounds_are_cut_by_characters_and_stay_bounds(void **state)
{
    const char *highest = "\xF4\x8F\xBF\xBF";
    char text[300] = "";
    bounds b;

    (void)state;
    b = string_bounds("", "abcd", false, 4);
    DWT_STR(b.min, "\"\"");
    DWT_STR(b.max, "\"abcd\"");
    b = string_bounds("abcdX", "abcdX", false, 4);
    DWT_STR(b.min, "\"abcd\"");
    DWT_STR(b.max, "\"abcd\x7F\"");
    b = string_bounds("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z~", "abc\xC3\xA9z", false, 4);
    DWT_STR(b.min, "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z\"");
    DWT_STR(b.max, "\"abc\xC3\xA9\x7F\"");
    b = string_bounds("a", "abcd\x7F", false, 4);
    DWT_STR(b.max, "\"abcd\xF4\x8F\xBF\xBF\"");
    b = string_bounds("a", "abcd\xC3\xA9", false, 4);
    DWT_STR(b.max, "\"abcd\xF4\x8F\xBF\xBF\"");
    /* the highest character cannot be topped: it joins the prefix, up to twice the length */
    (void)snprintf(text, sizeof(text), "ab%s%sc", highest, highest);
    b = string_bounds("a", text, false, 2);
    (void)snprintf(text, sizeof(text), "\"ab%s%s\x7F\"", highest, highest);
    DWT_STR(b.max, text);
    (void)snprintf(text, sizeof(text), "ab%s%s%s", highest, highest, highest);
    b = string_bounds("a", text, false, 2);
    DWT_STR(b.max, "");
    (void)snprintf(text, sizeof(text), "ab%s", highest);
    b = string_bounds("a", text, false, 2);
    (void)snprintf(text, sizeof(text), "\"ab%s\"", highest);
    DWT_STR(b.max, text);
    /* what the file's own statistics cut already has an unknown next character */
    b = string_bounds("abcd", "abcd", true, 4);
    DWT_STR(b.min, "\"abcd\"");
    DWT_STR(b.max, "");
}

static void booleans_and_binaries_have_no_bounds(void **state)
{
    const dwi_type boolean = {.kind = DWI_BOOLEAN}, binary = {.kind = DWI_BINARY};

    (void)state;
    expect(&boolean, "\0", "\1", 1, "", "");
    expect(&binary, "a", "b", 1, "", "");
}

#define NEST                                                                                       \
    "{\"type\":\"struct\",\"fields\":["                                                            \
    "{\"name\":\"i\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},"                        \
    "{\"name\":\"v\",\"type\":\"void\",\"nullable\":true,\"metadata\":{}},"                        \
    "{\"name\":\"s\",\"type\":{\"type\":\"struct\",\"fields\":["                                   \
    "{\"name\":\"x\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},"                      \
    "{\"name\":\"b\",\"type\":\"boolean\",\"nullable\":true,\"metadata\":{}}]},"                   \
    "\"nullable\":true,\"metadata\":{}},"                                                          \
    "{\"name\":\"m\",\"type\":{\"type\":\"map\",\"keyType\":\"string\",\"valueType\":\"long\","    \
    "\"valueContainsNull\":true},\"nullable\":true,\"metadata\":{}},"                              \
    "{\"name\":\"a\",\"type\":{\"type\":\"array\",\"elementType\":\"long\","                       \
    "\"containsNull\":true},\"nullable\":true,\"metadata\":{}},"                                   \
    "{\"name\":\"a.b\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}}]}"

/* Parquet leaves: i, s.x, s.b, m.key, m.value, a.element, `a.b`. */
static void expect_stats(fixture *f, const char *configuration, const char *want)
{
    const int64_t one = 1, two = 2;
    char text[3000];
    dwi_schema *schema = NULL;
    dwi_state *table = NULL;
    dwi_leaf_stats leaves[7];
    dwi_file_layout layout;
    dwi_stats_plan plan;
    dwi_arena arena;
    dwi_buf out;

    (void)snprintf(text, sizeof(text),
                   "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,"
                   "\"readerFeatures\":[\"deletionVectors\"],"
                   "\"writerFeatures\":[\"deletionVectors\"]}}\n"
                   "{\"metaData\":{\"id\":\"i\",\"format\":{\"provider\":\"parquet\"},"
                   "\"schemaString\":\"" SCHEMA_JSON
                   "\",\"partitionColumns\":[],\"configuration\":{%s}}}\n",
                   configuration);
    put_commit_text(f, 0, text);
    DWT_OK(dwi_state_load(&f->log, -1, &table, &f->err), &f->err);
    DWT_OK(dwi_schema_parse(&f->alloc.base, DWI_SV(NEST), &schema, &f->err), &f->err);
    dwi_arena_init(&arena, &f->alloc.base);
    dwi_buf_init(&out, &f->alloc.base);
    layout = (dwi_file_layout){
        .n_data = schema->root->n_fields, .logical = schema->root, .physical = schema->root};
    DWT_OK(dwi_stats_plan_init(&plan, &arena, &layout, table, &f->err), &f->err);
    DWT_EQ(plan.n_parquet_leaves, 7);
    DWT_EQ(plan.n_leaves, 6);
    for (size_t i = 0; i < 7; i++)
        leaves[i] = (dwi_leaf_stats){.null_count = (int64_t)i, .has_bounds = true};
    leaves[0].type = leaves[6].type = leaves[4].type = leaves[5].type =
        schema->root->fields[0].type;
    leaves[1].type = leaves[3].type = schema->root->fields[2].type->fields[0].type;
    leaves[2].type = schema->root->fields[2].type->fields[1].type;
    leaves[2].has_bounds = false;
    leaves[0].min = leaves[6].min = leaves[4].min = leaves[5].min = (dw_bytes){&one, 8};
    leaves[0].max = leaves[6].max = leaves[4].max = leaves[5].max = (dw_bytes){&two, 8};
    leaves[1].min = leaves[1].max = leaves[3].min = leaves[3].max = (dw_bytes){"k", 1};
    dwi_stats_append(&plan, 9, leaves, &out);
    DWT_STR(dwi_buf_cstr(&out), want);
    dwi_buf_done(&out);
    dwi_arena_done(&arena);
    dwi_schema_unref(schema);
    dwi_state_unref(table);
}

static void leaves_are_counted_in_schema_order(void **state)
{
    fixture *f = *state;

    expect_stats(f, "",
                 "{\"numRecords\":9,"
                 "\"minValues\":{\"i\":1,\"s\":{\"x\":\"k\"},\"a.b\":1},"
                 "\"maxValues\":{\"i\":2,\"s\":{\"x\":\"k\"},\"a.b\":2},"
                 "\"nullCount\":{\"i\":0,\"s\":{\"x\":1,\"b\":2},\"m\":0,\"a\":0,\"a.b\":6},"
                 "\"tightBounds\":true}");
    expect_stats(f, "\"delta.dataSkippingNumIndexedCols\":\"2\"",
                 "{\"numRecords\":9,"
                 "\"minValues\":{\"i\":1,\"s\":{\"x\":\"k\"}},"
                 "\"maxValues\":{\"i\":2,\"s\":{\"x\":\"k\"}},"
                 "\"nullCount\":{\"i\":0,\"s\":{\"x\":1}},\"tightBounds\":true}");
    expect_stats(f, "\"delta.dataSkippingNumIndexedCols\":\"0\"",
                 "{\"numRecords\":9,\"tightBounds\":true}");
    expect_stats(f, "\"delta.dataSkippingNumIndexedCols\":\"-1\"",
                 "{\"numRecords\":9,"
                 "\"minValues\":{\"i\":1,\"s\":{\"x\":\"k\"},\"a.b\":1},"
                 "\"maxValues\":{\"i\":2,\"s\":{\"x\":\"k\"},\"a.b\":2},"
                 "\"nullCount\":{\"i\":0,\"s\":{\"x\":1,\"b\":2},\"m\":0,\"a\":0,\"a.b\":6},"
                 "\"tightBounds\":true}");
}

static void listed_columns_beat_the_count(void **state)
{
    fixture *f = *state;

    expect_stats(f,
                 "\"delta.dataSkippingNumIndexedCols\":\"0\","
                 "\"delta.dataSkippingStatsColumns\":\"S.b, `a.b`,none,m\"",
                 "{\"numRecords\":9,\"minValues\":{\"a.b\":1},\"maxValues\":{\"a.b\":2},"
                 "\"nullCount\":{\"s\":{\"b\":2},\"m\":0,\"a.b\":6},\"tightBounds\":true}");
    expect_stats(f, "\"delta.dataSkippingStatsColumns\":\"s\"",
                 "{\"numRecords\":9,\"minValues\":{\"s\":{\"x\":\"k\"}},\"maxValues\":{\"s\":"
                 "{\"x\":\"k\"}},\"nullCount\":{\"s\":{\"x\":1,\"b\":2}},\"tightBounds\":true}");
    expect_stats(f, "\"delta.dataSkippingStatsColumns\":\"s.,`i,a.b\"",
                 "{\"numRecords\":9,\"tightBounds\":true}");
}

static void nulls_of_containers_are_counted_through_their_parents(void **state)
{
    fixture *f = *state;
    const uint8_t root_all = 0xFF, struct_valid = 0x0D, list_valid = 0x1A;
    dwi_type element = {.kind = DWI_LONG};
    dwi_field of_list = {DWI_SV("element"), &element, true, -1, DWI_SV("{}")};
    dwi_type list = {.kind = DWI_ARRAY, .n_fields = 1, .fields = &of_list};
    dwi_field of_struct = {DWI_SV("l"), &list, true, -1, DWI_SV("{}")};
    dwi_type inner = {.kind = DWI_STRUCT, .n_fields = 1, .fields = &of_struct};
    dwi_field of_root = {DWI_SV("s"), &inner, true, -1, DWI_SV("{}")};
    dwi_type root = {.kind = DWI_STRUCT, .n_fields = 1, .fields = &of_root};
    dwi_vec list_vec = {.type = &list, .length = 5, .validity = &list_valid};
    dwi_vec struct_vec = {.type = &inner,
                          .length = 4,
                          .offset = 1,
                          .validity = &struct_valid,
                          .n_children = 1,
                          .children = &list_vec};
    dwi_vec rows = {.type = &root,
                    .length = 3,
                    .validity = &root_all,
                    .n_children = 1,
                    .children = &struct_vec};
    dwi_file_layout layout = {.n_data = 1, .logical = &root, .physical = &root};
    dwi_state *table = NULL;
    dwi_stats_plan plan;
    dwi_arena arena;

    put_commit_text(f, 0, PROTOCOL_LINE METADATA_LINE);
    DWT_OK(dwi_state_load(&f->log, -1, &table, &f->err), &f->err);
    dwi_arena_init(&arena, &f->alloc.base);
    DWT_OK(dwi_stats_plan_init(&plan, &arena, &layout, table, &f->err), &f->err);
    /* struct bits 1..3 are 0 1 1, list bits 1..3 are 1 0 1: rows null, null, valid */
    dwi_stats_plan_count(&plan, &rows);
    DWT_EQ(plan.leaves[0].null_count, 2);
    dwi_stats_plan_count(&plan, &rows);
    DWT_EQ(plan.leaves[0].null_count, 4);
    dwi_arena_done(&arena);
    dwi_state_unref(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_exact_to_their_last_digit),
        cmocka_unit_test(floats_have_no_bound_that_json_cannot_say),
        cmocka_unit_test(a_nan_hides_the_maximum_alone),
        cmocka_unit_test(times_are_floored_to_milliseconds_in_utc),
        cmocka_unit_test(decimals_keep_every_digit_of_their_scale),
        cmocka_unit_test(string_bounds_are_cut_by_characters_and_stay_bounds),
        cmocka_unit_test(booleans_and_binaries_have_no_bounds),
        FIXTURE_TEST(leaves_are_counted_in_schema_order),
        FIXTURE_TEST(listed_columns_beat_the_count),
        FIXTURE_TEST(nulls_of_containers_are_counted_through_their_parents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
