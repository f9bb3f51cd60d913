/* SPDX-License-Identifier: Apache-2.0 */
#include "records/time_parse.h"

static const int64_t us_per_second = 1000000;
static const int64_t us_per_day = INT64_C(86400000000);

struct cursor {
    const char *at, *end;
};

static bool take_char(struct cursor *c, char wanted)
{
    bool there = c->at < c->end && *c->at == wanted;

    c->at += there;
    return there;
}

static bool take_digits(struct cursor *c, int count, int64_t *out)
{
    int64_t value = 0;

    if (c->end - c->at < count)
        return false;
    for (int i = 0; i < count; i++) {
        if (c->at[i] < '0' || c->at[i] > '9')
            return false;
        value = value * 10 + (c->at[i] - '0');
    }
    c->at += count;
    *out = value;
    return true;
}

static bool leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

/* YYYY-MM-DD; years past 9999 have more digits, years before 0 a minus. */
static bool take_date(struct cursor *c, int64_t *out_days)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool minus = take_char(c, '-');
    int64_t year;
    int64_t month;
    int64_t day;
    int digits = 0;

    while (c->at + digits < c->end && c->at[digits] >= '0' && c->at[digits] <= '9')
        digits++;
    if (digits < 4 || digits > 7 || !take_digits(c, digits, &year) || !take_char(c, '-') ||
        !take_digits(c, 2, &month) || !take_char(c, '-') || !take_digits(c, 2, &day) || month < 1 ||
        month > 12)
        return false;
    year = minus ? -year : year;
    if (day < 1 || day > lengths[month - 1] + (month == 2 && leap(year)))
        return false;
    *out_days = days_from_civil(year, month, day);
    return true;
}

static bool take_fraction(struct cursor *c, int64_t *out_us)
{
    int64_t us = 0;
    int digits = 0;

    for (; digits < 9 && c->at < c->end && *c->at >= '0' && *c->at <= '9'; digits++, c->at++) {
        if (digits < 6)
            us = us * 10 + (*c->at - '0');
    }
    for (int i = digits; i < 6; i++)
        us *= 10;
    *out_us = us;
    return digits > 0;
}

static bool take_time(struct cursor *c, int64_t *out_us)
{
    int64_t hour;
    int64_t minute;
    int64_t second = 0;
    int64_t fraction = 0;

    if (!take_digits(c, 2, &hour) || !take_char(c, ':') || !take_digits(c, 2, &minute) ||
        hour > 23 || minute > 59)
        return false;
    if (take_char(c, ':')) {
        if (!take_digits(c, 2, &second) || second > 59)
            return false;
        if (take_char(c, '.') && !take_fraction(c, &fraction))
            return false;
    }
    *out_us = ((hour * 60 + minute) * 60 + second) * us_per_second + fraction;
    return true;
}

static bool take_zone(struct cursor *c, int64_t *out_offset_us, enum time_zone_given *out_zone)
{
    int64_t hour;
    int64_t minute = 0;
    bool minus;

    *out_offset_us = 0;
    *out_zone = c->at == c->end ? ZONE_NONE : ZONE_UTC;
    if (c->at == c->end || take_char(c, 'Z') || take_char(c, 'z'))
        return true;
    minus = take_char(c, '-');
    if ((!minus && !take_char(c, '+')) || !take_digits(c, 2, &hour))
        return false;
    if (c->at < c->end) {
        (void)take_char(c, ':');
        if (!take_digits(c, 2, &minute))
            return false;
    }
    if (hour > 23 || minute > 59)
        return false;
    *out_offset_us = (hour * 60 + minute) * 60 * us_per_second * (minus ? -1 : 1);
    *out_zone = hour == 0 && minute == 0 ? ZONE_UTC : ZONE_OTHER;
    return true;
}

bool time_parse(struct span text, int64_t *out_us, enum time_zone_given *out_zone)
{
    struct cursor c = {text.ptr, text.ptr + text.len};
    int64_t days;
    int64_t us = 0;
    int64_t offset = 0;

    *out_zone = ZONE_NONE;
    if (!take_date(&c, &days) || days > INT64_MAX / us_per_day - 1 ||
        days < INT64_MIN / us_per_day + 1)
        return false;
    if (c.at < c.end) {
        if (!take_char(&c, 'T') && !take_char(&c, 't') && !take_char(&c, ' '))
            return false;
        if (!take_time(&c, &us) || !take_zone(&c, &offset, out_zone) || c.at != c.end)
            return false;
    }
    *out_us = days * us_per_day + us - offset;
    return true;
}

bool time_parse_date(struct span text, int64_t *out_days)
{
    struct cursor c = {text.ptr, text.ptr + text.len};

    return take_date(&c, out_days) && c.at == c.end && *out_days >= INT32_MIN &&
           *out_days <= INT32_MAX;
}

struct time_parts time_parts_of(int64_t us)
{
    struct time_parts parts = {.days = us / us_per_day - (us % us_per_day < 0 ? 1 : 0)};
    int64_t shifted = parts.days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day = shifted - era * 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t of_year = day - (365 * year + year / 4 - year / 100);
    int64_t from_march = (5 * of_year + 2) / 153;

    parts.month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    parts.day = (int)(of_year - (153 * from_march + 2) / 5 + 1);
    parts.year = year + era * 400 + (parts.month <= 2);
    parts.hour = (int)((us - parts.days * us_per_day) / (3600 * us_per_second));
    return parts;
}
