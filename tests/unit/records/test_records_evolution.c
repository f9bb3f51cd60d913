/* SPDX-License-Identifier: Apache-2.0 */
#include "records_fixture.h"

#define FIELD(name, type)                                                                          \
    "{\"name\":\"" name "\",\"type\":" type ",\"nullable\":true,\"metadata\":{}}"
#define STRUCT(fields) "{\"type\":\"struct\",\"fields\":[" fields "]}"
#define ARRAY(type)    "{\"type\":\"array\",\"elementType\":" type ",\"containsNull\":true}"

static const char table[] =
    STRUCT(FIELD("a", "\"long\"") "," FIELD("S", STRUCT(FIELD("x", "\"long\""))) "," FIELD(
        "l", ARRAY(STRUCT(FIELD("y", "\"long\"")))) "," FIELD("t", "\"string\""));

/* The schema that the row wants; "": it wants nothing more. */
static const char *wanted(struct fixture *f, const char *row)
{
    (void)rows_of(f, row);
    return f->got.schema_json == NULL ? "" : f->got.schema_json;
}

static void watch(struct fixture *f)
{
    fixture_open(f);
    decoder_watch_nested(f->decoder);
    decoder_set_table(f->decoder, table);
}

static void rows_that_the_table_has_columns_for_want_nothing(void **state)
{
    static const char *const rows[] = {
        "{\"a\":1,\"s\":{\"X\":1},\"l\":[{\"y\":1},null,{}],\"t\":{\"any\":[1]}}",
        "{\"new\":null,\"s\":{\"new\":null},\"S\":null}",
        "{\"\\u0061\":{\"q\":1},\"s\":[{\"q\":1}],\"l\":{\"q\":1}}", "not JSON"};
    struct fixture f = {0};

    (void)state;
    watch(&f);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_string_equal(wanted(&f, rows[i]), "");
    fixture_done(&f);
}

static void new_fields_come_with_the_types_of_their_values(void **state)
{
    struct fixture f = {0};

    (void)state;
    watch(&f);
    assert_string_equal(wanted(&f, "{\"s\":{\"z\":1.5,\"n\":null},\"bad name\":1}"),
                        STRUCT(FIELD("s", STRUCT(FIELD("z", "\"double\"")))));
    assert_string_equal(
        wanted(&f, "[{\"l\":[{\"y\":1,\"k\":[]},{\"k\":[true]}]},"
                   "{\"n\":{\"e\":{}},\"u\":[1,\"2\"],\"w\":[1,2e0]}]"),
        STRUCT(FIELD(
            "l",
            ARRAY(STRUCT(FIELD("y", "\"long\"") "," FIELD(
                "k",
                ARRAY(
                    "\"boolean"
                    "\""))))) "," FIELD("n",
                                        STRUCT(FIELD(
                                            "e",
                                            "\"string\""))) "," FIELD("u",
                                                                      ARRAY(
                                                                          "\"string\"")) "," FIELD("w",
                                                                                                   ARRAY(
                                                                                                       "\"double\""))));
    assert_string_equal(wanted(&f, "{\"i\":9223372036854775807,\"j\":-9223372036854775809,"
                                   "\"k\":9223372036854775808,\"q\":-9223372036854775808}"),
                        STRUCT(FIELD("i", "\"long\"") "," FIELD("j", "\"double\"") "," FIELD(
                            "k", "\"double\"") "," FIELD("q", "\"long\"")));
    fixture_done(&f);
}

static void only_what_the_table_lacks_is_missing(void **state)
{
    static const char want[] = STRUCT(FIELD("A", "\"double\"") "," FIELD(
        "s",
        STRUCT(FIELD("x", "\"string\"") "," FIELD(
            "z",
            "\"l"
            "ong"
            "\""))) "," FIELD("l",
                              ARRAY(STRUCT(FIELD(
                                  "k",
                                  "\"long\"")))) "," FIELD("t",
                                                           STRUCT(FIELD(
                                                               "q",
                                                               "\"long\""))) "," FIELD("b",
                                                                                       "\"date"
                                                                                       "\"") "," FIELD("B",
                                                                                                       "\"long"
                                                                                                       "\""));
    struct textbuf out = {0};

    (void)state;
    assert_true(decoder_missing_columns(table, want, false, &out));
    assert_string_equal(out.text, STRUCT(FIELD("b", "\"date\"")));
    textbuf_clear(&out);
    assert_true(decoder_missing_columns(table, want, true, &out));
    assert_non_null(strstr(out.text, "\"name\":\"z\""));
    assert_non_null(strstr(out.text, "\"name\":\"k\""));
    assert_null(strstr(out.text, "\"name\":\"x\""));
    assert_null(strstr(out.text, "\"name\":\"q\""));
    assert_null(strstr(out.text, "\"name\":\"A\""));
    textbuf_clear(&out);
    {
        struct textbuf merged = {0};
        struct textbuf left = {0};
        (void)decoder_missing_columns(table, want, true, &left);
        decoder_merge_columns(table, left.text, &merged);
        assert_non_null(strstr(merged.text, "\"name\":\"t\",\"type\":\"string\""));
        assert_false(decoder_missing_columns(merged.text, want, true, &out));
        textbuf_done(&left);
        textbuf_done(&merged);
    }
    assert_false(decoder_missing_columns(table, table, true, &out));
    assert_false(decoder_missing_columns(table, "nothing", true, &out));
    textbuf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_that_the_table_has_columns_for_want_nothing),
        cmocka_unit_test(new_fields_come_with_the_types_of_their_values),
        cmocka_unit_test(only_what_the_table_lacks_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
