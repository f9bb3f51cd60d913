/* SPDX-License-Identifier: Apache-2.0 */
#include "records_fixture.h"

#include <stdlib.h>

#include "records/json_path.h"
#include "records/json_tree.h"

static void one_object_passes_through_where_it_lies(void **state)
{
    static const char *const values[] = {"{\"a\":1}",
                                         " {\"a\" : [1, 2] }\n",
                                         "{\n  \"a\": 1,\n  \"b\": {}\n}\n",
                                         "{\"a\":1} x",
                                         "nothing",
                                         "{\"a\":\n",
                                         "{} {}",
                                         "\n\n",
                                         "{\"a\":\"\n\"}\n{}"};
    struct fixture f = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        (void)rows_of(&f, values[i]);
        assert_int_equal(f.got.count, 1);
        assert_ptr_equal(f.got.rows[0].data, values[i]);
        assert_int_equal(f.got.rows[0].len, strlen(values[i]));
        assert_false(f.got.tombstone);
    }
    fixture_done(&f);
}

static void objects_line_by_line_are_rows(void **state)
{
    struct fixture f = {0};

    (void)state;
    assert_string_equal(rows_of(&f, "{\"a\":1}\n{\"a\":2}\r\n\n {\"a\":\n3} \n"),
                        "{\"a\":1}\n{\"a\":2}\n{\"a\":\n3}\n");
    fixture_done(&f);
}

static void elements_of_an_array_are_rows(void **state)
{
    struct fixture f = {0};

    (void)state;
    assert_string_equal(rows_of(&f, " [ {\"a\":[{}]} ,\n{\"b\":\"],[\"}] "),
                        "{\"a\":[{}]}\n{\"b\":\"],[\"}\n");
    assert_string_equal(rows_of(&f, "[]"), "");
    assert_false(f.got.tombstone);
    fixture_done(&f);
}

static void one_bad_object_among_several_spoils_the_record(void **state)
{
    struct fixture f = {0};

    (void)state;
    assert_bad(&f, "{\"a\":1}\n{\"a\":tru}\n{}", "payload", "DW_E_RECORD",
               "offset 13: a value was expected");
    assert_bad(&f, "{\"a\":1}\n{} {}\n", "payload", "DW_E_RECORD",
               "offset 11: more text after the record");
    assert_bad(&f, "{}\n[]", "payload", "DW_E_RECORD", "offset 3: the record is not a JSON object");
    assert_bad(&f, "[{},1]", "payload", "DW_E_RECORD", "offset 4: the record is not a JSON object");
    assert_bad(&f, "[{},]", "payload", "DW_E_RECORD", "offset 4: the record is not a JSON object");
    assert_bad(&f, "[{}", "payload", "DW_E_RECORD", "offset 3: unexpected end of the record");
    assert_bad(&f, "[{} {}]", "payload", "DW_E_RECORD", "offset 4: a comma or ] was expected");
    assert_bad(&f, "[{}] {}", "payload", "DW_E_RECORD", "offset 5: more text after the array");
    assert_bad(&f, "[{\"a\":\"\\ud800\"}]", "payload", "DW_E_RECORD",
               "offset 7: lone surrogate escape in a string");
    fixture_done(&f);
}

static void an_empty_payload_is_a_tombstone(void **state)
{
    struct fixture f = {0};

    (void)state;
    assert_int_equal(decode_bytes(&f, NULL, 0), DECODE_ROWS);
    assert_true(f.got.tombstone);
    assert_int_equal(f.got.count, 0);
    assert_int_equal(decode_bytes(&f, "", 0), DECODE_ROWS);
    assert_true(f.got.tombstone);
    fixture_done(&f);
}

static void a_tree_is_written_as_it_was_read(void **state)
{
    static const char text[] = "{\"a\":1.50e+01,\"A\":-0,\"n\\\"\\u00e9\":[null,true,false,"
                               "\"\\ud83d\\ude00\\/\",{},[]],\"a\":12345678901234567890123}";
    static const char want[] = "{\"a\":1.50e+01,\"A\":-0,\"n\\\"\xc3\xa9\":[null,true,false,"
                               "\"\\ud83d\\ude00\\/\",{},[]],\"a\":12345678901234567890123}";
    struct scratch scratch = {0};
    struct textbuf out = {0};
    struct json_error error;
    struct json *root = json_parse(&scratch, span_of(text), &error);

    (void)state;
    assert_non_null(root);
    json_write(root, &out);
    assert_string_equal(out.text, want);
    assert_true(span_is(json_get(root, span_of("a"))->text, "12345678901234567890123"));
    json_keep_last(&scratch, root);
    textbuf_clear(&out);
    json_write(root, &out);
    assert_string_equal(out.text, "{\"n\\\"\xc3\xa9\":[null,true,false,\"\\ud83d\\ude00\\/\","
                                  "{},[]],\"a\":12345678901234567890123}");
    textbuf_done(&out);
    scratch_done(&scratch);
}

static void a_tree_has_the_errors_of_the_library(void **state)
{
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"{\"a\":01}", "offset 5: invalid number"},
        {"{\"a\":1.}", "offset 7: invalid number"},
        {"{\"a\":1e", "offset 7: unexpected end of the record"},
        {"{\"a\":nul}", "offset 5: a value was expected"},
        {"{\"a\"1}", "offset 4: a colon was expected"},
        {"{a:1}", "offset 1: a field name was expected"},
        {"{\"a\":1,}", "offset 7: a field name was expected"},
        {"{\"a\":[1,]}", "offset 8: a value was expected"},
        {"{\"a\":\"\t\"}", "offset 6: control character in a string"},
        {"{\"a\":\"\\x\"}", "offset 6: invalid escape in a string"},
        {"{\"a\":\"\\u12g4\"}", "offset 6: invalid escape in a string"},
        {"{\"a\":\"\\udc00\"}", "offset 6: lone surrogate escape in a string"},
        {"{\"a\":\"\\ud800\\u0041\"}", "offset 6: lone surrogate escape in a string"},
        {"{\"a\":\"ab\xc3\x28\"}", "offset 8: invalid UTF-8"},
        {"{\"a\":\"\xed\xa0\x80\"}", "offset 6: invalid UTF-8"},
        {"{\"a\":NaN}", "offset 5: a value was expected"},
        {"{} x", "offset 3: more text after the record"},
        {"\xef\xbb\xbf{}", "offset 0: a value was expected"},
        {"", "offset 0: unexpected end of the record"},
    };
    struct scratch scratch = {0};
    struct textbuf out = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct json_error error;
        textbuf_clear(&out);
        assert_null(json_parse(&scratch, span_of(cases[i].text), &error));
        json_error_text(&error, &out);
        assert_string_equal(out.text, cases[i].error);
        scratch_reset(&scratch);
    }
    textbuf_done(&out);
    scratch_done(&scratch);
}

static void a_tree_is_1000_levels_deep_at_most(void **state)
{
    char text[2 * 1001 + 1];
    struct scratch scratch = {0};
    struct json_error error;

    (void)state;
    memset(text, '[', 1001);
    memset(text + 1001, ']', 1001);
    assert_non_null(json_parse(&scratch, (struct span){text + 1, 2000}, &error));
    assert_null(json_parse(&scratch, (struct span){text, 2002}, &error));
    assert_string_equal(error.reason, "nested deeper than 1,000 levels");
    assert_int_equal(error.offset, 1000);
    scratch_done(&scratch);
}

static void fields_are_found_by_path(void **state)
{
    static const char row[] = "{\"a\":{\"b/c\":[1,{\"~\":\"x\\ty\"}],\"d\":null},\"S\":\"old\","
                              "\"\\u0073\":5.0,\"e.f\":true}";
    static const struct {
        const char *path, *value; /* NULL: none */
    } cases[] = {{"/a/b~1c/1/~0", "x\ty"},
                 {"/a/b~1c/0", "1"},
                 {"a.b/c", "[1,{\"~\":\"x\\ty\"}]"},
                 {"s", "5.0"},
                 {"/e.f", "true"},
                 {"a.d", NULL},
                 {"e.f", NULL},
                 {"/a/b~1c/2", NULL},
                 {"/a/b~1c/01", NULL},
                 {"/", NULL},
                 {"a..b", NULL},
                 {"s.x", NULL},
                 {"", NULL}};
    struct textbuf out = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        dw_bytes bytes = {(const uint8_t *)row, strlen(row)};
        textbuf_clear(&out);
        if (!decoder_field(bytes, cases[i].path, &out))
            assert_null(cases[i].value);
        else
            assert_string_equal(out.text, cases[i].value);
    }
    textbuf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_object_passes_through_where_it_lies),
        cmocka_unit_test(objects_line_by_line_are_rows),
        cmocka_unit_test(elements_of_an_array_are_rows),
        cmocka_unit_test(one_bad_object_among_several_spoils_the_record),
        cmocka_unit_test(an_empty_payload_is_a_tombstone),
        cmocka_unit_test(a_tree_is_written_as_it_was_read),
        cmocka_unit_test(a_tree_has_the_errors_of_the_library),
        cmocka_unit_test(a_tree_is_1000_levels_deep_at_most),
        cmocka_unit_test(fields_are_found_by_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
