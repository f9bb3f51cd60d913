/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <string.h>

#include "base/str.h"
#include "base/utf8.h"

static void integers_are_read_to_the_last_digit_or_refused(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+1", false, 0},
        {"1 ", false, 0},
        {"007", true, 7},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t value = 0;
        bool ok = dwi_sv_to_i64(dwi_sv_cstr(cases[i].text), &value);
        if (ok != cases[i].ok || (ok && value != cases[i].value))
            fail_msg("\"%s\"", cases[i].text);
    }
}

static void views_compare_in_byte_order(void **state)
{
    (void)state;
    assert_true(dwi_sv_cmp(DWI_SV("a"), DWI_SV("b")) < 0);
    assert_true(dwi_sv_cmp(DWI_SV("a"), DWI_SV("ab")) < 0);
    assert_true(dwi_sv_cmp(DWI_SV("\xC3\xBC"), DWI_SV("z")) > 0);
    DWT_EQ(dwi_sv_cmp(DWI_SV(""), (dwi_sv){NULL, 0}), 0);
    assert_true(dwi_sv_eq_nocase(DWI_SV("User_ID"), DWI_SV("user_id")));
    assert_false(dwi_sv_eq_nocase(DWI_SV("User_ID"), DWI_SV("user-id")));
    assert_true(dwi_sv_starts_with(DWI_SV("abc"), DWI_SV("ab")));
    assert_true(dwi_sv_ends_with(DWI_SV("abc"), DWI_SV("bc")));
    assert_false(dwi_sv_ends_with(DWI_SV("c"), DWI_SV("bc")));
}

static void utf8_follows_rfc_3629(void **state)
{
    static const char *const good[] = {"",
                                       "plain ascii, more than eight bytes",
                                       "\xC2\x80",
                                       "\xDF\xBF",
                                       "\xE0\xA0\x80",
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xF0\x90\x80\x80",
                                       "\xF4\x8F\xBF\xBF",
                                       ("12345678\xF0\x9F\x99\x82"
                                        "90")};
    static const char *const bad[] = {"\x80",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC2",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xE2\x82",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF",
                                      "12345678\xC3"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(dwi_utf8_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (dwi_utf8_valid(bad[i], strlen(bad[i])))
            fail_msg("bad[%zu] was taken for UTF-8", i);
}

/* The slow and short way, character by character. */
static bool valid_by_characters(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = 1;
        while (n <= 4 && n <= len - i && !dwi_utf8_valid(p + i, n))
            n++;
        if (n > 4 || n > len - i)
            return false;
        i += n;
    }
    return true;
}

static void utf8_is_the_same_in_long_texts(void **state)
{
    static const uint8_t bytes[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0,
                                    0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF};
    uint8_t text[200];
    size_t good = 0;

    (void)state;
    /* All of four bytes at a place, then at every place. */
    for (uint32_t i = 0; i < 20 * 20 * 20 * 20; i++) {
        uint8_t four[4] = {bytes[i % 20], bytes[i / 20 % 20], bytes[i / 400 % 20], bytes[i / 8000]};
        bool expected = valid_by_characters(four, 4);
        size_t at = i % 197;
        memset(text, 'x', sizeof(text));
        memcpy(text + at, four, 4);
        if (dwi_utf8_valid(text, sizeof(text)) != expected ||
            dwi_utf8_valid(text, at + 4 < 64 ? 64 : at + 4) != expected)
            fail_msg("%02x %02x %02x %02x at %zu", four[0], four[1], four[2], four[3], at);
        good += expected;
    }
    assert_true(good > 1000);
    for (size_t at = 0; at + 4 <= sizeof(text); at++) {
        memset(text, 'x', sizeof(text));
        memcpy(text + at, "\xF0\x9F\x99\x82", 4);
        assert_true(dwi_utf8_valid(text, sizeof(text)));
        assert_false(dwi_utf8_ascii(text, sizeof(text)));
        for (size_t len = at + 1; len < at + 4; len++)
            assert_false(dwi_utf8_valid(text, len));
        assert_true(dwi_utf8_ascii(text, at));
        assert_false(dwi_utf8_ascii(text, at + 1));
        text[at] = 'x';
        assert_false(dwi_utf8_valid(text, sizeof(text)));
    }
}

static void utf8_prefixes_end_between_characters(void **state)
{
    static const char text[] = "a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x99\x82"; /* a ü € 🙂 */

    (void)state;
    DWT_EQ(dwi_utf8_prefix(text, 10, 0), 0);
    DWT_EQ(dwi_utf8_prefix(text, 10, 2), 3);
    DWT_EQ(dwi_utf8_prefix(text, 10, 3), 6);
    DWT_EQ(dwi_utf8_prefix(text, 10, 9), 10);
    DWT_EQ(dwi_utf8_cut(text, 10, 2), 1);
    DWT_EQ(dwi_utf8_cut(text, 10, 3), 3);
    DWT_EQ(dwi_utf8_cut(text, 10, 9), 6);
    DWT_EQ(dwi_utf8_cut(text, 10, 10), 10);
}

static void utf8_encodes_each_length(void **state)
{
    uint8_t out[4];

    (void)state;
    DWT_BYTES(out, dwi_utf8_encode(0x24, out), 0x24);
    DWT_BYTES(out, dwi_utf8_encode(0xFC, out), 0xC3, 0xBC);
    DWT_BYTES(out, dwi_utf8_encode(0x20AC, out), 0xE2, 0x82, 0xAC);
    DWT_BYTES(out, dwi_utf8_encode(0x1F642, out), 0xF0, 0x9F, 0x99, 0x82);
}

static void errors_keep_one_line_and_whole_characters(void **state)
{
    char text[600];
    dw_error err = DW_ERROR_INIT;

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text + 501, "\xE2\x82\xAC", 3); /* cut in its middle */
    text[599] = '\0';
    DWT_EQ(dwi_err(&err, DW_E_IO, "%s", text), DW_E_IO);
    DWT_EQ(strlen(err.message), 501);
    (void)dwi_err(&err, DW_E_CORRUPT, "a\nb\tc");
    DWT_STR(err.message, "a b c");
    DWT_EQ(dwi_err_prefix(&err, DW_E_CORRUPT, "file %d", 7), DW_E_CORRUPT);
    DWT_STR(err.message, "file 7: a b c");
    DWT_EQ(dwi_err(NULL, DW_E_NOMEM, "nobody listens"), DW_E_NOMEM);
    DWT_STR(dw_status_name(DW_E_CANCELLED), "DW_E_CANCELLED");
    DWT_STR(dw_status_name(99), "DW_E_?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_read_to_the_last_digit_or_refused),
        cmocka_unit_test(views_compare_in_byte_order),
        cmocka_unit_test(utf8_follows_rfc_3629),
        cmocka_unit_test(utf8_is_the_same_in_long_texts),
        cmocka_unit_test(utf8_prefixes_end_between_characters),
        cmocka_unit_test(utf8_encodes_each_length),
        cmocka_unit_test(errors_keep_one_line_and_whole_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
