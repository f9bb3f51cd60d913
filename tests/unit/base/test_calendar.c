/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <string.h>

#include "base/alloc.h"
#include "base/calendar.h"

static void days_and_dates_are_inverse_over_many_eras(void **state)
{
    int64_t previous_year = INT64_MIN;

    (void)state;
    DWT_EQ(dwi_days_from_civil(1970, 1, 1), 0);
    DWT_EQ(dwi_days_from_civil(2000, 2, 29), 11016);
    DWT_EQ(dwi_days_from_civil(1, 1, 1), -719162);
    DWT_EQ(dwi_days_from_civil(9999, 12, 31), 2932896);
    for (int64_t days = -1500000; days < 4000000; days += 37) {
        int64_t year;
        int month;
        int day;
        dwi_civil_from_days(days, &year, &month, &day);
        DWT_EQ(dwi_days_from_civil(year, month, day), days);
        assert_true(year >= previous_year && month >= 1 && month <= 12 && day >= 1 &&
                    day <= dwi_days_in_month(year, month));
        previous_year = year;
    }
}

static void timestamps_are_read_in_every_allowed_form(void **state)
{
    static const struct {
        const char *text;
        int64_t us;
        bool zone;
    } cases[] = {
        {"1970-01-01", 0, false},
        {"1970-01-01T00:00", 0, false},
        {"1970-01-01 00:00:01", 1000000, false},
        {"1970-01-01t00:00:00.5z", 500000, true},
        {"2026-01-01T00:00:00.123456789Z", 1767225600123456, true},
        {"2026-01-01T01:30:00+01:30", 1767225600000000, true},
        {"2025-12-31T22:00:00-0200", 1767225600000000, true},
        {"2026-01-01T02:00:00+02", 1767225600000000, true},
        {"1969-12-31T23:59:59.999999999Z", -1, true},
        {"0001-01-01T00:00:00Z", -62135596800000000, true},
        {"9999-12-31T23:59:59.999999Z", 253402300799999999, true},
        {"10000-01-01", 253402300800000000, false},
        {"-0001-12-31", -62167305600000000, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t us = 0;
        bool zone = !cases[i].zone;
        if (!dwi_parse_timestamp(dwi_sv_cstr(cases[i].text), &us, &zone) || us != cases[i].us ||
            zone != cases[i].zone)
            fail_msg("%s: got %lld", cases[i].text, (long long)us);
    }
}

static void anything_else_is_no_timestamp(void **state)
{
    static const char *const bad[] = {
        "",
        "2026",
        "2026-1-1",
        "2026-02-30",
        "2026-13-01",
        "2026-00-10",
        "2026-01-00",
        "2026-01-01T",
        "2026-01-01T24:00:00",
        "2026-01-01T00:60:00",
        "2026-01-01T00:00:60",
        "2026-01-01T00:00:00.",
        "2026-01-01T00:00:00.1234567890",
        "2026-01-01T00:00:00+1",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00 Z",
        "2026-01-01T00:00:00Zx",
        " 2026-01-01",
        "2026-01-01X00:00:00",
        "12345678-01-01",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t us;
        if (dwi_parse_timestamp(dwi_sv_cstr(bad[i]), &us, NULL))
            fail_msg("\"%s\" was taken", bad[i]);
    }
}

static void check_text(int64_t ts, char sep, int digits, const char *want)
{
    dwi_buf buf;

    dwi_buf_init(&buf, dwi_alloc_default());
    dwi_append_timestamp(&buf, ts, sep, digits);
    DWT_STR(dwi_buf_cstr(&buf), want);
    dwi_buf_done(&buf);
}

static void timestamps_are_written_flooring_to_the_digits_asked_for(void **state)
{
    (void)state;
    check_text(0, 'T', 6, "1970-01-01T00:00:00.000000");
    check_text(-1, 'T', 6, "1969-12-31T23:59:59.999999");
    check_text(-1, 'T', 3, "1969-12-31T23:59:59.999");
    check_text(1767225600123456, ' ', 3, "2026-01-01 00:00:00.123");
    check_text(1767225600123456, 'T', 0, "2026-01-01T00:00:00");
    check_text(1767225600123456789, 'T', 9, "2026-01-01T00:00:00.123456789");
    check_text(253402300800000000, 'T', 6, "10000-01-01T00:00:00.000000");
    check_text(-62167305600000000, 'T', 6, "-0001-12-31T00:00:00.000000");
    check_text(INT64_MIN, 'T', 6, "-290308-12-21T19:59:05.224192");
    check_text(INT64_MAX, 'T', 6, "294247-01-10T04:00:54.775807");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_and_dates_are_inverse_over_many_eras),
        cmocka_unit_test(timestamps_are_read_in_every_allowed_form),
        cmocka_unit_test(anything_else_is_no_timestamp),
        cmocka_unit_test(timestamps_are_written_flooring_to_the_digits_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
