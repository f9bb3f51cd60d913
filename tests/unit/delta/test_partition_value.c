/* SPDX-License-Identifier: Apache-2.0 */
/* Partition values as text, both ways, and the places of their files. */
#include "delta/partition_value.h"

#include <math.h>

#include "base/alloc.h"
#include "delta/partition_path.h"
#include "delta/path.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One row of `type` from the bytes of a value; the column is the caller's. */
static void make_row(dwi_column *column, const dwi_type *type, const void *value, size_t len)
{
    dw_error err = DW_ERROR_INIT;

    DWT_OK(dwi_column_init(column, type, dwi_alloc_default(), &err), &err);
    if (value == NULL)
        DWT_OK(dwi_column_append_null(column, &err), &err);
    else if (dwi_type_is_bytes(type))
        DWT_OK(dwi_column_append_bytes(column, value, len, &err), &err);
    else if (type->kind == DWI_BOOLEAN)
        DWT_OK(dwi_column_append_bool(column, *(const bool *)value, &err), &err);
    else
        DWT_OK(dwi_column_append_fixed(column, value, &err), &err);
}

static bool text_of(const dwi_column *column, dwi_buf *out)
{
    dwi_arena arena;
    const dwi_vec *view;
    bool any;

    dwi_arena_init(&arena, dwi_alloc_default());
    view = dwi_column_view(column, &arena);
    assert_non_null(view);
    dwi_buf_clear(out);
    any = dwi_partition_value_text(view, 0, out);
    dwi_arena_done(&arena);
    return any;
}

/* To text, back, and to the same text again. */
static void check_text(const dwi_type *type, const void *value, size_t len, const char *want)
{
    dw_error err = DW_ERROR_INIT;
    dwi_column column;
    dwi_column back;
    dwi_buf text;
    bool any;

    dwi_buf_init(&text, dwi_alloc_default());
    make_row(&column, type, value, len);
    any = text_of(&column, &text);
    DWT_EQ(any, want != NULL);
    if (want != NULL) {
        DWT_STR(dwi_buf_cstr(&text), want);
        DWT_OK(dwi_column_init(&back, type, dwi_alloc_default(), &err), &err);
        DWT_OK(dwi_partition_value_append(&back, dwi_sv_cstr(want), 1, &err), &err);
        assert_true(text_of(&back, &text));
        DWT_STR(dwi_buf_cstr(&text), want);
        dwi_column_done(&back);
    }
    dwi_buf_done(&text);
    dwi_column_done(&column);
}

#define CHECK(kind_, ctype, value, want)                                                           \
    do {                                                                                           \
        static const dwi_type type_ = {.kind = (kind_)};                                           \
        ctype value_ = (value);                                                                    \
        check_text(&type_, &value_, sizeof(value_), want);                                         \
    } while (0)
#define CHECK_TEXT(kind_, text, want)                                                              \
    do {                                                                                           \
        static const dwi_type type_ = {.kind = (kind_)};                                           \
        check_text(&type_, text, sizeof(text) - 1, want);                                          \
    } while (0)

static void values_of_every_type_have_the_text_that_other_writers_give_them(void **state)
{
    (void)state;
    CHECK(DWI_BOOLEAN, bool, true, "true");
    CHECK(DWI_BOOLEAN, bool, false, "false");
    CHECK(DWI_BYTE, int8_t, -128, "-128");
    CHECK(DWI_SHORT, int16_t, 32767, "32767");
    CHECK(DWI_INTEGER, int32_t, INT32_MIN, "-2147483648");
    CHECK(DWI_LONG, int64_t, INT64_MIN, "-9223372036854775808");
    CHECK(DWI_LONG, int64_t, INT64_MAX, "9223372036854775807");
    CHECK(DWI_FLOAT, float, 0.1F, "0.1");
    CHECK(DWI_FLOAT, float, -0.0F, "-0.0");
    CHECK(DWI_FLOAT, float, (float)INFINITY, "Infinity");
    CHECK(DWI_DOUBLE, double, 1e10, "1.0E10");
    CHECK(DWI_DOUBLE, double, 0.1, "0.1");
    CHECK(DWI_DOUBLE, double, (double)NAN, "NaN");
    CHECK(DWI_DOUBLE, double, -(double)INFINITY, "-Infinity");
    CHECK(DWI_DATE, int32_t, 0, "1970-01-01");
    CHECK(DWI_DATE, int32_t, -719162, "0001-01-01");
    CHECK(DWI_DATE, int32_t, 2932897, "10000-01-01");
    CHECK(DWI_TIMESTAMP, int64_t, 0, "1970-01-01T00:00:00.000000Z");
    CHECK(DWI_TIMESTAMP, int64_t, -1, "1969-12-31T23:59:59.999999Z");
    CHECK(DWI_TIMESTAMP_NTZ, int64_t, 1, "1970-01-01 00:00:00.000001");
    CHECK_TEXT(DWI_STRING, "a/b%c:d=e \"f\" \xC3\xA9", "a/b%c:d=e \"f\" \xC3\xA9");
    CHECK_TEXT(DWI_BINARY, "raw", "raw");
}

static void decimals_have_all_digits_of_their_scale(void **state)
{
    static const dwi_type price = {.kind = DWI_DECIMAL, .precision = 10, .scale = 2};
    static const dwi_type whole = {.kind = DWI_DECIMAL, .precision = 38, .scale = 0};
    static const dwi_type small = {.kind = DWI_DECIMAL, .precision = 38, .scale = 38};
    static const uint64_t minus_one[2] = {UINT64_MAX, UINT64_MAX};
    static const uint64_t ten[2] = {1000, 0};

    (void)state;
    check_text(&price, ten, 16, "10.00");
    check_text(&price, minus_one, 16, "-0.01");
    check_text(&whole, minus_one, 16, "-1");
    check_text(&small, ten, 16, "0.00000000000000000000000000000000001000");
}

static dw_status append_decimal(const char *text, char out[64])
{
    const dwi_type type = {.kind = DWI_DECIMAL, .precision = 9, .scale = 2};
    char *copy = malloc(strlen(text)); /* without a NUL, so that overruns are seen */
    dwi_column column;
    dw_status status;
    dwi_buf shown;

    assert_non_null(copy);
    memcpy(copy, text, strlen(text));
    dwi_buf_init(&shown, dwi_alloc_default());
    DWT_OK(dwi_column_init(&column, &type, dwi_alloc_default(), NULL), NULL);
    status = dwi_partition_value_append(&column, (dwi_sv){copy, strlen(text)}, 1, NULL);
    if (status == DW_OK && text_of(&column, &shown))
        (void)snprintf(out, 64, "%s", dwi_buf_cstr(&shown));
    dwi_buf_done(&shown);
    dwi_column_done(&column);
    free(copy);
    return status;
}

static void what_is_no_decimal_number_is_refused(void **state)
{
    static const char *const bad[] = {"5e",  "5e+",  "e5",    "-",   "+",    ".",
                                      "1x2", "0x10", "1.2.3", "--1", "1e5x", "abc"};
    static const struct {
        const char *text;
        const char *want;
    } good[] = {
        {"+1.5", "1.50"}, {"-1.50", "-1.50"}, {".5", "0.50"}, {"5.", "5.00"}, {"15E-1", "1.50"}};
    char shown[64];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (append_decimal(bad[i], shown) != DW_E_CORRUPT)
            fail_msg("%s is taken for a number", bad[i]);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        DWT_EQ(append_decimal(good[i].text, shown), DW_OK);
        DWT_STR(shown, good[i].want);
    }
}

static void nulls_and_empty_values_are_null(void **state)
{
    static const dwi_type types[] = {
        {.kind = DWI_STRING}, {.kind = DWI_BINARY}, {.kind = DWI_LONG}};

    (void)state;
    for (size_t i = 0; i < 3; i++)
        check_text(&types[i], NULL, 0, NULL);
    CHECK_TEXT(DWI_STRING, "", NULL);
    CHECK_TEXT(DWI_BINARY, "", NULL);
}

static void columns_with_parts_have_no_text(void **state)
{
    static const dwi_type yes[] = {
        {.kind = DWI_BOOLEAN}, {.kind = DWI_BINARY}, {.kind = DWI_TIMESTAMP_NTZ}};
    static const dwi_type no[] = {{.kind = DWI_VOID}, {.kind = DWI_STRUCT},  {.kind = DWI_ARRAY},
                                  {.kind = DWI_MAP},  {.kind = DWI_VARIANT}, {.kind = DWI_UUID}};

    (void)state;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        assert_true(dwi_partition_value_has_text(&yes[i]));
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        assert_false(dwi_partition_value_has_text(&no[i]));
}

static void names_and_values_are_escaped_for_the_directory_and_again_for_the_log(void **state)
{
    static const struct {
        const char *value; /* NULL: null */
        const char *directory;
        const char *path;
    } cases[] = {
        {"plain", "p=plain/", "p=plain/"},
        {NULL, "p=__HIVE_DEFAULT_PARTITION__/", "p=__HIVE_DEFAULT_PARTITION__/"},
        {"a:b", "p=a%3Ab/", "p=a%253Ab/"},
        {"a b", "p=a%20b/", "p=a%2520b/"},
        {"a/b", "p=a%2Fb/", "p=a%252Fb/"},
        {"100%", "p=100%25/", "p=100%2525/"},
        {"\"#%'*/:=?\\{[]^", "p=%22%23%25%27%2A%2F%3A%3D%3F%5C%7B%5B%5D%5E/",
         "p=%2522%2523%2525%2527%252A%252F%253A%253D%253F%255C%257B%255B%255D%255E/"},
        {"<>`|}~!@$&()+,;._-", "p=%3C%3E%60%7C%7D%7E%21%40%24%26%28%29%2B%2C%3B._-/",
         "p=%253C%253E%2560%257C%257D%257E%2521%2540%2524%2526%2528%2529%252B%252C%253B._-/"},
        {"\x01\t\n\x1F\x7F", "p=%01%09%0A%1F%7F/", "p=%2501%2509%250A%251F%257F/"},
        {"\xC3\xA9\xE6\x97\xA5\xF0\x9F\x98\x80", "p=%C3%A9%E6%97%A5%F0%9F%98%80/",
         "p=%25C3%25A9%25E6%2597%25A5%25F0%259F%2598%2580/"},
    };
    dwi_buf directory;
    dwi_buf path;
    dwi_buf back;

    (void)state;
    dwi_buf_init(&directory, dwi_alloc_default());
    dwi_buf_init(&path, dwi_alloc_default());
    dwi_buf_init(&back, dwi_alloc_default());
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dwi_sv value = {NULL, 0};
        if (cases[i].value != NULL)
            value = dwi_sv_cstr(cases[i].value);
        dwi_buf_clear(&directory);
        dwi_buf_clear(&path);
        dwi_buf_clear(&back);
        assert_true(dwi_partition_path_append(&directory, DWI_SV("p"), value));
        DWT_STR(dwi_buf_cstr(&directory), cases[i].directory);
        dwi_path_append_encoded(&path, dwi_sv_cstr(cases[i].directory));
        DWT_STR(dwi_buf_cstr(&path), cases[i].path);
        dwi_path_append_decoded(&back, dwi_sv_cstr(cases[i].path));
        DWT_STR(dwi_buf_cstr(&back), cases[i].directory);
    }
    dwi_buf_clear(&directory);
    assert_true(dwi_partition_path_append(&directory, DWI_SV("a=b"), DWI_SV("c")));
    DWT_STR(dwi_buf_cstr(&directory), "a%3Db=c/");
    dwi_buf_done(&directory);
    dwi_buf_done(&path);
    dwi_buf_done(&back);
}

static void names_too_long_for_a_file_system_are_not_made(void **state)
{
    char value[300];
    dwi_buf out;

    (void)state;
    memset(value, 'x', sizeof(value));
    dwi_buf_init(&out, dwi_alloc_default());
    assert_true(dwi_partition_path_append(&out, DWI_SV("p"), (dwi_sv){value, 253}));
    DWT_EQ(out.len, 256);
    assert_false(dwi_partition_path_append(&out, DWI_SV("p"), (dwi_sv){value, 254}));
    DWT_EQ(out.len, 256);
    memset(value, '%', sizeof(value));
    assert_false(dwi_partition_path_append(&out, DWI_SV("p"), (dwi_sv){value, 85}));
    DWT_EQ(out.len, 256);
    dwi_buf_done(&out);
}

static void random_prefixes_are_letters_and_digits(void **state)
{
    dwi_buf out;

    (void)state;
    dwi_buf_init(&out, dwi_alloc_default());
    dwi_random_prefix_append(&out, dwi_env_system(), 5);
    DWT_EQ(out.len, 6);
    DWT_EQ(out.data[5], '/');
    DWT_EQ(strspn(dwi_buf_cstr(&out),
                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
           5);
    dwi_buf_clear(&out);
    dwi_random_prefix_append(&out, dwi_env_system(), 0);
    DWT_EQ(out.len, 0);
    dwi_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_type_have_the_text_that_other_writers_give_them),
        cmocka_unit_test(decimals_have_all_digits_of_their_scale),
        cmocka_unit_test(what_is_no_decimal_number_is_refused),
        cmocka_unit_test(nulls_and_empty_values_are_null),
        cmocka_unit_test(columns_with_parts_have_no_text),
        cmocka_unit_test(names_and_values_are_escaped_for_the_directory_and_again_for_the_log),
        cmocka_unit_test(names_too_long_for_a_file_system_are_not_made),
        cmocka_unit_test(random_prefixes_are_letters_and_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
