/* SPDX-License-Identifier: Apache-2.0 */
#include "common/ddl.h"

#include <string.h>

#include "cmocka_all.h"

#define FIELDS(text) "{\"type\":\"struct\",\"fields\":[" text "]}"
#define FIELD(name, type)                                                                          \
    "{\"name\":\"" name "\",\"type\":" type ",\"nullable\":true,\"metadata\":{}}"

static void columns_in_sql_become_a_delta_schema(void **state)
{
    static const char *const cases[][2] = {
        {"id bigint", FIELDS(FIELD("id", "\"long\""))},
        {" a INT ,b:String ", FIELDS(FIELD("a", "\"integer\"") "," FIELD("b", "\"string\""))},
        {"p decimal, q DECIMAL(38,3), r numeric( 5 )",
         FIELDS(FIELD("p", "\"decimal(10,0)\"") "," FIELD("q", "\"decimal(38,3)\"") "," FIELD(
             "r", "\"decimal(5,0)\""))},
        {"`odd ``name`` ü` timestamp_ntz", FIELDS(FIELD("odd `name` ü", "\"timestamp_ntz\""))},
        {"a array<map<string,long>>",
         FIELDS(FIELD("a", "{\"type\":\"array\",\"elementType\":{\"type\":\"map\",\"keyType\":"
                           "\"string\",\"valueType\":\"long\",\"valueContainsNull\":true},"
                           "\"containsNull\":true}"))},
        {"s STRUCT<x: double, y double>",
         FIELDS(FIELD("s", FIELDS(FIELD("x", "\"double\"") "," FIELD("y", "\"double\""))))},
        {"id long NOT NULL COMMENT 'the \"key\"; it''s one'",
         FIELDS("{\"name\":\"id\",\"type\":\"long\",\"nullable\":false,\"metadata\":{\"comment\":"
                "\"the \\\"key\\\"; it's one\"}}")},
        {"c varchar(20) comment \"\"",
         FIELDS("{\"name\":\"c\",\"type\":\"string\",\"nullable\":true,\"metadata\":{"
                "\"__CHAR_VARCHAR_TYPE_STRING\":\"varchar(20)\",\"comment\":\"\"}}")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct textbuf json = {0};
        struct textbuf problem = {0};
        assert_true(ddl_to_schema(cases[i][0], &json, &problem));
        assert_string_equal(json.text, cases[i][1]);
        textbuf_done(&json);
        textbuf_done(&problem);
    }
}

static void a_mistake_is_told_with_its_place(void **state)
{
    static const char *const cases[][2] = {
        {"", "character 1: the name of a column is wanted"},
        {"id", "character 3: a type is wanted"},
        {"id bigin", "character 4: \"bigin\" is no type, did you mean bigint?"},
        {"id quaternion", "character 4: \"quaternion\" is no type"},
        {"id long not nul", "character 13: NULL is wanted after NOT"},
        {"id long extra", "character 9: a comma is wanted, NOT NULL, COMMENT, or the end"},
        {"id long,", "character 9: the name of a column is wanted"},
        {"p decimal(39,2)", "character 11: a number is wanted, or it is too large"},
        {"p decimal(5,6)",
         "character 10: a decimal has 1 to 38 digits, and no more of them in its scale"},
        {"a array<string", "character 15: '>' is wanted"},
        {"`a long", "character 1: a quote is not closed"},
        {"a long comment x", "character 16: a quoted text is wanted"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct textbuf json = {0};
        struct textbuf problem = {0};
        assert_false(ddl_to_schema(cases[i][0], &json, &problem));
        assert_string_equal(problem.text, cases[i][1]);
        textbuf_done(&json);
        textbuf_done(&problem);
    }
}

static void nesting_has_a_limit(void **state)
{
    struct textbuf text = {0};
    struct textbuf json = {0};
    struct textbuf problem = {0};

    (void)state;
    textbuf_puts(&text, "a ");
    for (int i = 0; i < 100000; i++)
        textbuf_puts(&text, "array<");
    assert_false(ddl_to_schema(text.text, &json, &problem));
    assert_non_null(strstr(problem.text, "nested too deeply"));
    textbuf_done(&text);
    textbuf_done(&json);
    textbuf_done(&problem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_in_sql_become_a_delta_schema),
        cmocka_unit_test(a_mistake_is_told_with_its_place),
        cmocka_unit_test(nesting_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
