/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_all.h"

#include <stdlib.h>

#include "common/setting_text.h"
#include "config/expand.h"
#include "config/option.h"

static char *const environment[] = {"HOME=/home/me", "EMPTY=", "HOMER=no", "D=$x", NULL};

static void sizes_have_units_of_1024_and_of_1000(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } cases[] = {
        {"0", 0},           {"4096", 4096},       {"1KiB", 1024},      {"64MiB", 64 << 20},
        {"64Mi", 64 << 20}, {"64 mib", 64 << 20}, {"1.5GiB", 3 << 29}, {"2Ti", (int64_t)2 << 40},
        {"1kB", 1000},      {"100MB", 100000000}, {"10B", 10}};
    static const char *const wrong[] = {"",   "MiB",   "-1",         "1e3",
                                        "1M", "1MiBs", "0x10",       "1.M",
                                        " 1", "1 ",    "8388608TiB", "99999999999999999999"};
    int64_t bytes;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(text_to_bytes(cases[i].text, &bytes));
        assert_int_equal(bytes, cases[i].bytes);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (text_to_bytes(wrong[i], &bytes))
            fail_msg("%s is taken for a size", wrong[i]);
    }
}

static void times_have_units_and_seconds_without(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {{"0", 0},       {"10", 10000},   {"2.5", 2500},     {"250ms", 250}, {"10s", 10000},
                 {"5m", 300000}, {"2h", 7200000}, {"7d", 604800000}, {"1.5m", 90000}};
    static const char *const wrong[] = {"", "s", "-1", "1e3", "10 seconds", "5min", "1w"};
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(text_to_ms(cases[i].text, &ms));
        assert_int_equal(ms, cases[i].ms);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(text_to_ms(wrong[i], &ms));
}

static void moments_are_rfc_3339_or_milliseconds(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {{"0", 0},
                 {"1767225600000", INT64_C(1767225600000)},
                 {"1970-01-01", 0},
                 {"2026-01-01", INT64_C(1767225600000)},
                 {"2026-01-01T00:00:00Z", INT64_C(1767225600000)},
                 {"2026-01-01T01:00:00+01:00", INT64_C(1767225600000)},
                 {"2025-12-31 23:00:00.25-01:00", INT64_C(1767225600250)},
                 {"2024-02-29", INT64_C(1709164800000)},
                 {"2000-02-29T12:00:00z", INT64_C(951825600000)},
                 {"2100-03-01", INT64_C(4107542400000)}};
    static const char *const wrong[] = {"",
                                        "soon",
                                        "2026-13-01",
                                        "2026-02-29",
                                        "2100-02-29",
                                        "2026-1-1",
                                        "2026-01-01T00:00:00",
                                        "2026-01-01T24:00:00Z",
                                        "2026-01-01T00:00Z",
                                        "2026-01-01x"};
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(text_to_time(cases[i].text, &ms));
        assert_int_equal(ms, cases[i].ms);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(text_to_time(wrong[i], &ms));
}

static void addresses_are_a_host_and_a_port(void **state)
{
    (void)state;
    assert_true(text_is_address("0.0.0.0:8080"));
    assert_true(text_is_address(":8080"));
    assert_true(text_is_address("[::1]:8080"));
    assert_false(text_is_address("8080"));
    assert_false(text_is_address("host:"));
    assert_false(text_is_address("host:65536"));
    assert_false(text_is_address("::1:8080"));
    assert_false(text_is_address("http://host:80"));
    assert_false(text_is_address("host:80x"));
}

static void shown_sizes_and_times_are_the_shortest_exact_ones(void **state)
{
    struct textbuf out = {0};

    (void)state;
    bytes_to_text(64 << 20, &out);
    textbuf_puts(&out, " ");
    bytes_to_text(1500, &out);
    textbuf_puts(&out, " ");
    ms_to_text(90000, &out);
    textbuf_puts(&out, " ");
    ms_to_text(86400000, &out);
    textbuf_puts(&out, " ");
    ms_to_text(0, &out);
    assert_string_equal(out.text, "64MiB 1500 90s 24h 0s");
    textbuf_done(&out);
}

/* ---- variables ---- */

static void expands_to(const char *text, const char *want)
{
    struct textbuf out = {0};
    struct textbuf why = {0};

    if (!expand_variables(text, (char **)(uintptr_t)environment, &out, &why))
        fail_msg("%s", why.text);
    assert_string_equal(out.text, want);
    textbuf_done(&out);
    textbuf_done(&why);
}

static void does_not_expand(const char *text, const char *want)
{
    struct textbuf out = {0};
    struct textbuf why = {0};

    assert_false(expand_variables(text, (char **)(uintptr_t)environment, &out, &why));
    assert_string_equal(why.text, want);
    textbuf_done(&out);
    textbuf_done(&why);
}

static void variables_in_capitals_are_replaced(void **state)
{
    (void)state;
    expands_to("", "");
    expands_to("a${HOME}b${HOME}", "a/home/meb/home/me");
    expands_to("${EMPTY}", "");
    expands_to("${EMPTY:-x}", "x");
    expands_to("${NONE:-}", "");
    expands_to("${NONE:-a:-b}", "a:-b");
    expands_to("${HOME:-x}", "/home/me");
    expands_to("${D}", "$x");
}

static void dollar_signs_stay_where_no_variable_is_meant(void **state)
{
    (void)state;
    expands_to("^a$|b$", "^a$|b$");
    expands_to("$$", "$");
    expands_to("$${HOME}", "${HOME}");
    expands_to("$HOME", "$HOME");
}

static void what_records_fill_in_stays(void **state)
{
    (void)state;
    expands_to("s3://b/${topic}/${1}/${field:a.b}/${header:H}",
               "s3://b/${topic}/${1}/${field:a.b}/${header:H}");
    expands_to("${Mixed}", "${Mixed}");
}

static void mistakes_in_variables_are_told(void **state)
{
    (void)state;
    does_not_expand("a${NONE}", "${NONE}: the variable is not set; ${NONE:-TEXT} has a default");
    does_not_expand("a${HOME", "${HOME: has no closing brace ($$ is a dollar sign)");
    does_not_expand("${HOME:?x}", "${HOME:?x}: is neither ${NAME} nor ${NAME:-TEXT}");
    does_not_expand("${HOME-x}", "${HOME-x}: is neither ${NAME} nor ${NAME:-TEXT}");
}

static void template_is(const char *text, unsigned parts, size_t groups, const char *want)
{
    struct textbuf why = {0};
    bool ok = template_check(text, parts, groups, &why);

    if (want == NULL && !ok)
        fail_msg("%s", why.text);
    if (want != NULL) {
        assert_false(ok);
        assert_string_equal(why.text, want);
    }
    textbuf_done(&why);
}

static void templates_have_known_parts_alone(void **state)
{
    (void)state;
    template_is("plain", 0, 0, NULL);
    template_is("${topic}-${header:kind}", 0, 0, NULL);
    template_is("${1}${2}", 0, 2, NULL);
    template_is("${field:a.b}", TEMPLATE_FIELDS, 0, NULL);
    template_is("${field:a.b}", 0, 0, "${field:a.b}: fields are not known here");
    template_is("${3}", 0, 2, "${3}: the source's regex has groups 1 to 2");
    template_is("${0}", 0, 2, "${0}: the source's regex has groups 1 to 2");
    template_is("${1}", 0, 0, "${1}: a number is a group of the source's regex, which has none");
    template_is("${tpoic}", 0, 0,
                "${tpoic}: is neither ${topic}, ${1}, ${header:NAME}; the nearest is ${topic}");
    template_is("${fields:x}", TEMPLATE_FIELDS, 0,
                "${fields:x}: is neither ${topic}, ${1}, ${header:NAME} nor ${field:PATH}; the "
                "nearest is ${field:...}");
    template_is("${header:}", 0, 0,
                "${header:}: is neither ${topic}, ${1}, ${header:NAME}; the nearest is "
                "${header:...}");
    template_is("${topic", 0, 0, "${topic: has no closing brace");
}

/* ---- names ---- */

static void the_nearest_name_is_found_where_one_is_near(void **state)
{
    static const char *const names[] = {"brokers", "group", "security", "conf"};

    (void)state;
    assert_string_equal(nearest_name("broker", names, 4), "brokers");
    assert_string_equal(nearest_name("GROUPS", names, 4), "group");
    assert_string_equal(nearest_name("securtiy", names, 4), "security");
    assert_null(nearest_name("transforms", names, 4));
    assert_null(nearest_name("x", names, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_have_units_of_1024_and_of_1000),
        cmocka_unit_test(times_have_units_and_seconds_without),
        cmocka_unit_test(moments_are_rfc_3339_or_milliseconds),
        cmocka_unit_test(addresses_are_a_host_and_a_port),
        cmocka_unit_test(shown_sizes_and_times_are_the_shortest_exact_ones),
        cmocka_unit_test(variables_in_capitals_are_replaced),
        cmocka_unit_test(dollar_signs_stay_where_no_variable_is_meant),
        cmocka_unit_test(what_records_fill_in_stays),
        cmocka_unit_test(mistakes_in_variables_are_told),
        cmocka_unit_test(templates_have_known_parts_alone),
        cmocka_unit_test(the_nearest_name_is_found_where_one_is_near),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
