/* SPDX-License-Identifier: Apache-2.0 */
#include "common/csv.h"

#include <string.h>

#include "cmocka_all.h"

/* All records of `text`, given in pieces of `step` bytes, as "[a|b][c]"; then how it ended. */
static void read_all(const char *text, size_t step, struct textbuf *out)
{
    size_t left = strlen(text);
    enum csv_result result = CSV_MORE;
    struct csv csv;

    csv_begin(&csv, ',', 1000);
    out->len = 0;
    while (left > 0 && (result == CSV_MORE || result == CSV_RECORD)) {
        size_t piece = left < step ? left : step;
        size_t rest = piece;
        do {
            result = csv_next(&csv, &text, &rest);
            if (result != CSV_RECORD)
                continue;
            for (size_t i = 0; i < csv.n_fields; i++) {
                size_t len;
                const char *field = csv_field_text(&csv, i, &len);
                textbuf_puts(out, i == 0 ? "[" : "|");
                textbuf_add(out, field, len);
            }
            textbuf_puts(out, "]");
        } while (result == CSV_RECORD);
        left -= piece;
    }
    if (result == CSV_MORE)
        result = csv_end(&csv);
    if (result == CSV_RECORD) {
        textbuf_puts(out, "end:");
        for (size_t i = 0; i < csv.n_fields; i++) {
            size_t len;
            const char *field = csv_field_text(&csv, i, &len);
            textbuf_puts(out, i == 0 ? "[" : "|");
            textbuf_add(out, field, len);
        }
        textbuf_puts(out, "]");
    } else if (result != CSV_MORE) {
        textbuf_printf(out, "error %d at line %d", (int)result, (int)csv.line);
    }
    csv_done(&csv);
}

static void same_in_pieces(const char *text, const char *records)
{
    struct textbuf got = {0};

    for (size_t step = 1; step < 9; step++) {
        read_all(text, step, &got);
        assert_string_equal(got.text == NULL ? "" : got.text, records);
    }
    textbuf_done(&got);
}

static void fields_end_at_delimiters_and_records_at_newlines(void **state)
{
    (void)state;
    same_in_pieces("a,b\nc,\n", "[a|b][c|]");
    same_in_pieces("a,b\r\nc\r\n", "[a|b][c]");
    same_in_pieces("a,b\nc,d", "[a|b]end:[c|d]");
    same_in_pieces("a\r", "end:[a]");
    same_in_pieces(",\n", "[|]");
}

static void quotes_hold_delimiters_newlines_and_doubled_quotes(void **state)
{
    (void)state;
    same_in_pieces("\"a,\"\"b\"\"\",c\n", "[a,\"b\"|c]");
    same_in_pieces("\"a\r\nb\",c\r\n", "[a\r\nb|c]");
    same_in_pieces("a\"b,c\n", "[a\"b|c]");
    same_in_pieces("\"\"\n", "[]");
    same_in_pieces("\"x\"", "end:[x]");
}

static void blank_lines_are_no_records(void **state)
{
    (void)state;
    same_in_pieces("\n\na\n\r\nb\n\n", "[a][b]");
    same_in_pieces("", "");
}

static void a_quote_that_ends_wrongly_is_told_with_its_line(void **state)
{
    (void)state;
    same_in_pieces("a\n\"b\"c\n", "[a]error 2 at line 2");
    same_in_pieces("a\n\n\"b\nc", "[a]error 3 at line 3");
}

static void a_record_beyond_the_limit_is_refused(void **state)
{
    char text[1200];
    struct textbuf got = {0};

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    read_all(text, 100, &got);
    assert_string_equal(got.text, "error 4 at line 1");
    textbuf_done(&got);
}

static void json_of(const char *line, struct textbuf *out)
{
    static char a[] = "a";
    static char b[] = "b\"";
    char *const names[] = {a, b};
    size_t len = strlen(line);
    struct csv csv;

    csv_begin(&csv, ',', 1000);
    assert_int_equal(csv_next(&csv, &line, &len), CSV_RECORD);
    out->len = 0;
    csv_append_json(out, &csv, names, 2);
    csv_done(&csv);
}

static void json_keeps_numbers_as_written_and_makes_all_else_text(void **state)
{
    static const char *const cases[][2] = {
        {"1,2.50\n", "{\"a\":1,\"b\\\"\":2.50}"},
        {"007,1e3\n", "{\"a\":\"007\",\"b\\\"\":1e3}"},
        {"true,false\n", "{\"a\":true,\"b\\\"\":false}"},
        {"\"1\",\"\"\n", "{\"a\":\"1\",\"b\\\"\":\"\"}"},
        {",TRUE\n", "{\"a\":null,\"b\\\"\":\"TRUE\"}"},
        {"-,+1\n", "{\"a\":\"-\",\"b\\\"\":\"+1\"}"},
        {"1.,.5\n", "{\"a\":\"1.\",\"b\\\"\":\".5\"}"},
        {"-0.5E-3,1e\n", "{\"a\":-0.5E-3,\"b\\\"\":\"1e\"}"},
        {"x\n", "{\"a\":\"x\"}"},
    };
    struct textbuf got = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_of(cases[i][0], &got);
        assert_string_equal(got.text, cases[i][1]);
    }
    textbuf_done(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_end_at_delimiters_and_records_at_newlines),
        cmocka_unit_test(quotes_hold_delimiters_newlines_and_doubled_quotes),
        cmocka_unit_test(blank_lines_are_no_records),
        cmocka_unit_test(a_quote_that_ends_wrongly_is_told_with_its_line),
        cmocka_unit_test(a_record_beyond_the_limit_is_refused),
        cmocka_unit_test(json_keeps_numbers_as_written_and_makes_all_else_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
