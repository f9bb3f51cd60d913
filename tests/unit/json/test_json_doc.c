/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "json/json_doc.h"
#include "json/json_number.h"

typedef struct fixture {
    dwt_alloc alloc;
    dwi_arena arena;
    dw_error err;
} fixture;

static int setup(void **state)
{
    static fixture f;

    dwt_alloc_init(&f.alloc);
    dwi_arena_init(&f.arena, &f.alloc.base);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    dwi_arena_done(&f->arena);
    dwt_alloc_done(&f->alloc);
    return 0;
}

static const dwi_json *parse(fixture *f, const char *text)
{
    const dwi_json *value = NULL;

    DWT_OK(dwi_json_parse(&f->arena, dwi_sv_cstr(text), "test", &value, &f->err), &f->err);
    return value;
}

static void assert_sv(dwi_sv got, const char *want)
{
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.ptr, want, got.len);
}

static void values_keep_kind_content_and_source(void **state)
{
    fixture *f = *state;
    const dwi_json *root =
        parse(f, " {\"a\" : [1, 2.50,\ttrue,null], \"b\":{\"x\":{}} ,\"s\":\"q\\\"\\u00e9\"} ");
    const dwi_json *list = dwi_json_get(root, "a");
    const dwi_json *item = dwi_json_first(list);
    dwi_sv text;
    bool flag = false;

    DWT_EQ(dwi_json_kind_of(root), DWI_JSON_OBJECT);
    DWT_EQ(dwi_json_count(root), 3);
    DWT_EQ(dwi_json_count(list), 4);
    assert_sv(dwi_json_source(list), "[1, 2.50,\ttrue,null]");
    assert_sv(dwi_json_source(dwi_json_next(item)), "2.50");
    assert_true(dwi_json_as_bool(dwi_json_next(dwi_json_next(item)), &flag));
    assert_true(flag);
    assert_sv(dwi_json_source(dwi_json_get(root, "b")), "{\"x\":{}}");
    assert_true(dwi_json_as_string(dwi_json_get(root, "s"), &text));
    DWT_STR(text.ptr, "q\"\xc3\xa9");
    assert_null(dwi_json_get(root, "missing"));
    assert_null(dwi_json_get(list, "a"));
    assert_null(dwi_json_get(NULL, "a"));
    assert_false(dwi_json_as_string(list, &text));
}

static void integers_are_exact_to_64_bits(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } cases[] = {
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"9007199254740993", true, INT64_C(9007199254740993)},
        {"1e3", true, 1000},
        {"5.0", true, 5},
        {"-1.25E2", true, -125},
        {"1200e-2", true, 12},
        {"1201e-2", false, 0},
        {"0e999999999999", false, 0},
        {"1.5", false, 0},
        {"-0", true, 0},
        {"9223372036854775807.0", true, INT64_MAX},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t value = 0;
        bool ok = dwi_json_as_i64(parse(*state, cases[i].text), &value);
        if (ok != cases[i].ok || value != cases[i].value)
            fail_msg("%s gave %d %lld", cases[i].text, ok, (long long)value);
    }
}

static void doubles_are_correctly_rounded_in_any_locale(void **state)
{
    char zeros[1100];
    double value;
    float narrow;

    (void)state;
    (void)setlocale(LC_NUMERIC, "de_DE.UTF-8"); /* only where it is installed */
    assert_true(dwi_json_number_to_double(DWI_SV("0.1"), &value));
    assert_true(value == 0.1);
    assert_true(dwi_json_number_to_double(DWI_SV("-123.456e-7"), &value));
    assert_true(value == -123.456e-7);
    assert_true(dwi_json_number_to_double(DWI_SV("1e400"), &value));
    assert_true(isinf(value));
    assert_true(dwi_json_number_to_double(DWI_SV("1e-99999999999999999999999"), &value));
    assert_true(value == 0);
    assert_true(dwi_json_number_to_double(DWI_SV("9007199254740993.0"), &value));
    assert_true(value == 9007199254740992.0);
    /* a float through a double would be rounded twice */
    assert_true(dwi_json_number_to_float(DWI_SV("1.00000017881393432617187499"), &narrow));
    assert_true(narrow == 1.00000011920928955078125f);
    memset(zeros, '0', sizeof(zeros));
    memcpy(zeros, "0.", 2);
    memcpy(zeros + 1000, "25e1000", 7);
    assert_true(dwi_json_number_to_double((dwi_sv){zeros, 1007}, &value));
    assert_true(value == 25.0);
    memset(zeros, '0', sizeof(zeros));
    memcpy(zeros, "9007199254740993.", 17); /* a tie that the last digit decides */
    zeros[1099] = '1';
    assert_true(dwi_json_number_to_double((dwi_sv){zeros, 1100}, &value));
    assert_true(value == 9007199254740994.0);
    assert_false(dwi_json_number_to_double(DWI_SV("1.5x"), &value));
    (void)setlocale(LC_NUMERIC, "C");
}

static void strings_may_hold_nul_and_surrogate_pairs(void **state)
{
    dwi_sv text;

    assert_true(dwi_json_as_string(parse(*state, "\"a\\u0000b\\ud83d\\ude00\\n\""), &text));
    DWT_BYTES(text.ptr, text.len, 'a', 0, 'b', 0xF0, 0x9F, 0x98, 0x80, '\n');
}

static void the_last_of_equal_keys_counts(void **state)
{
    fixture *f = *state;
    const dwi_json *root = parse(f, "{\"a\":1,\"b\":2,\"a\":3}");
    char text[2000] = "{";
    int64_t value = 0;

    DWT_EQ(dwi_json_count(root), 2);
    assert_true(dwi_json_as_i64(dwi_json_get(root, "a"), &value));
    DWT_EQ(value, 3);
    assert_sv(dwi_json_key(dwi_json_first(root)), "b");
    for (int i = 0; i < 60; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\"k%d\":%d", i ? "," : "",
                 i % 40, i);
    root = parse(f, strcat(text, "}"));
    DWT_EQ(dwi_json_count(root), 40);
    assert_true(dwi_json_as_i64(dwi_json_get(root, "k7"), &value));
    DWT_EQ(value, 47);
}

static void broken_text_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text;
        const char *reason;
    } cases[] = {
        {"", "a value is expected at byte 0"},
        {"{", "a string is expected at byte 1"},
        {"{\"a\"}", "':' is expected at byte 4"},
        {"{\"a\":1,}", "a string is expected at byte 7"},
        {"[1 2]", "',' or ']' is expected at byte 3"},
        {"[1,]", "a value is expected at byte 3"},
        {"01", "a value is expected at byte 0"},
        {"1.", "a value is expected at byte 0"},
        {"+1", "a value is expected at byte 0"},
        {"NaN", "a value is expected at byte 0"},
        {"tru", "a value is expected at byte 0"},
        {"1 x", "text after the value at byte 2"},
        {"\"abc", "the string does not end"},
        {"\"abc\\\"", "the string does not end"},
        {"\"\\x\"", "an invalid escape"},
        {"\"\\ud800\"", "an invalid escape"},
        {"\"\\udc00x\"", "an invalid escape"},
        {"\"\\ud800\\u0041\"", "an invalid escape"},
        {"\"\\u12g4\"", "an invalid escape"},
        {"\"a\nb\"", "a control character"},
        {"\"\xff\"", "not valid UTF-8"},
        {"\xEF\xBB\xBF{}", "a value is expected at byte 0"},
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const dwi_json *value = NULL;
        dw_status status =
            dwi_json_parse(&f->arena, dwi_sv_cstr(cases[i].text), "it", &value, &f->err);
        DWT_ERR(status, &f->err, DW_E_CORRUPT, cases[i].reason);
        assert_null(value);
    }
}

static void depth_is_limited(void **state)
{
    enum { DEEP = 100000 };
    fixture *f = *state;
    const dwi_json *value = NULL;
    char *text = dwi_alloc(&f->alloc.base, DEEP);

    memset(text, '[', DEEP);
    DWT_ERR(dwi_json_parse(&f->arena, (dwi_sv){text, DEEP}, "it", &value, &f->err), &f->err,
            DW_E_CORRUPT, "nested too deep at byte 512");
    memset(text + DWI_JSON_MAX_DEPTH, ']', DWI_JSON_MAX_DEPTH);
    DWT_OK(dwi_json_parse(&f->arena, (dwi_sv){text, 2 * DWI_JSON_MAX_DEPTH}, "it", &value, &f->err),
           &f->err);
    dwi_free(&f->alloc.base, text, DEEP);
}

static dw_status parse_with(const dw_allocator *alloc, void *ctx)
{
    dwi_arena arena;
    const dwi_json *value;
    dw_status status;

    dwi_arena_init(&arena, alloc);
    status = dwi_json_parse(&arena, dwi_sv_cstr(ctx), "it", &value, NULL);
    dwi_arena_done(&arena);
    return status;
}

static void out_of_memory_leaves_nothing_behind(void **state)
{
    char text[8192] = "{\"big\":\"";

    (void)state;
    memset(text + strlen(text), 'x', 5000);
    strcat(text, "\",\"a\":1,\"a\":{\"b\":[1,2,3]}}");
    dwt_alloc_sweep(parse_with, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_keep_kind_content_and_source, setup, teardown),
        cmocka_unit_test_setup_teardown(integers_are_exact_to_64_bits, setup, teardown),
        cmocka_unit_test(doubles_are_correctly_rounded_in_any_locale),
        cmocka_unit_test_setup_teardown(strings_may_hold_nul_and_surrogate_pairs, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_of_equal_keys_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_text_is_refused_with_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(depth_is_limited, setup, teardown),
        cmocka_unit_test(out_of_memory_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
