/* SPDX-License-Identifier: Apache-2.0 */
#include "base/calendar.h"

#include "base/checked.h"

/* Years are counted from March, so that the leap day ends one; eras of 400 years repeat exactly. */
int64_t dwi_days_from_civil(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

void dwi_civil_from_days(int64_t days, int64_t *out_year, int *out_month, int *out_day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;

    *out_day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *out_month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *out_year = year_of_era + era * 400 + (*out_month <= 2 ? 1 : 0);
}

int dwi_days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

/* Exactly `width` digits at *pos. */
static bool take_digits(dwi_sv text, size_t *pos, size_t width, int64_t *out)
{
    int64_t value = 0;

    if (text.len - *pos < width)
        return false;
    for (size_t i = *pos; i < *pos + width; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        value = value * 10 + (text.ptr[i] - '0');
    }
    *pos += width;
    *out = value;
    return true;
}

static bool take_char(dwi_sv text, size_t *pos, char c)
{
    if (*pos >= text.len || text.ptr[*pos] != c)
        return false;
    (*pos)++;
    return true;
}

static bool take_date(dwi_sv text, size_t *pos, int64_t *out_days)
{
    bool negative = take_char(text, pos, '-');
    size_t year_digits = 0;
    int64_t year;
    int64_t month;
    int64_t day;

    while (*pos + year_digits < text.len && text.ptr[*pos + year_digits] >= '0' &&
           text.ptr[*pos + year_digits] <= '9')
        year_digits++;
    if (year_digits < 4 || year_digits > 7 || !take_digits(text, pos, year_digits, &year) ||
        !take_char(text, pos, '-') || !take_digits(text, pos, 2, &month) ||
        !take_char(text, pos, '-') || !take_digits(text, pos, 2, &day))
        return false;
    if (negative)
        year = -year;
    if (month < 1 || month > 12 || day < 1 || day > dwi_days_in_month(year, (int)month))
        return false;
    *out_days = dwi_days_from_civil(year, (int)month, (int)day);
    return true;
}

/* Years have at most seven digits, so days always fit 32 bits. */
bool dwi_parse_date(dwi_sv text, int32_t *out_days)
{
    size_t pos = 0;
    int64_t days;

    if (!take_date(text, &pos, &days) || pos != text.len || days < INT32_MIN || days > INT32_MAX)
        return false;
    *out_days = (int32_t)days;
    return true;
}

/* HH:MM[:SS[.f{1,9}]] as microseconds of the day. */
static bool take_time(dwi_sv text, size_t *pos, int64_t *out_us)
{
    int64_t hour;
    int64_t minute;
    int64_t second = 0;
    int64_t fraction_us = 0;

    if (!take_digits(text, pos, 2, &hour) || !take_char(text, pos, ':') ||
        !take_digits(text, pos, 2, &minute) || hour > 23 || minute > 59)
        return false;
    if (take_char(text, pos, ':')) {
        if (!take_digits(text, pos, 2, &second) || second > 59)
            return false;
        if (take_char(text, pos, '.')) {
            int digits = 0;
            int64_t digit;
            while (digits < 9 && take_digits(text, pos, 1, &digit)) {
                if (digits < 6)
                    fraction_us = fraction_us * 10 + digit;
                digits++;
            }
            if (digits == 0)
                return false;
            for (; digits < 6; digits++)
                fraction_us *= 10;
        }
    }
    *out_us = ((hour * 60 + minute) * 60 + second) * DWI_US_PER_SECOND + fraction_us;
    return true;
}

static bool take_zone(dwi_sv text, size_t *pos, int64_t *out_offset_us, bool *out_has_zone)
{
    int64_t hour;
    int64_t minute = 0;
    bool minus;

    *out_offset_us = 0;
    *out_has_zone = *pos < text.len;
    if (!*out_has_zone || take_char(text, pos, 'Z') || take_char(text, pos, 'z'))
        return true;
    minus = take_char(text, pos, '-');
    if (!minus && !take_char(text, pos, '+'))
        return false;
    if (!take_digits(text, pos, 2, &hour))
        return false;
    if (*pos < text.len) {
        (void)take_char(text, pos, ':');
        if (!take_digits(text, pos, 2, &minute))
            return false;
    }
    if (hour > 23 || minute > 59)
        return false;
    *out_offset_us = (hour * 60 + minute) * 60 * DWI_US_PER_SECOND * (minus ? -1 : 1);
    return true;
}

bool dwi_parse_timestamp(dwi_sv text, int64_t *out_us, bool *out_has_zone)
{
    size_t pos = 0;
    int64_t days;
    int64_t us = 0;
    int64_t offset_us = 0;
    bool has_zone = false;

    if (!take_date(text, &pos, &days) || !dwi_i64_mul(days, DWI_US_PER_DAY, &days))
        return false;
    if (pos < text.len) {
        if (!take_char(text, &pos, 'T') && !take_char(text, &pos, 't') &&
            !take_char(text, &pos, ' '))
            return false;
        if (!take_time(text, &pos, &us) || !take_zone(text, &pos, &offset_us, &has_zone) ||
            pos != text.len)
            return false;
    }
    if (!dwi_i64_add(days, us - offset_us, &us))
        return false;
    *out_us = us;
    if (out_has_zone != NULL)
        *out_has_zone = has_zone;
    return true;
}

void dwi_append_date(dwi_buf *buf, int64_t days)
{
    int64_t year;
    int month;
    int day;

    dwi_civil_from_days(days, &year, &month, &day);
    dwi_buf_printf(buf, "%s%04lld-%02d-%02d", year < 0 ? "-" : "",
                   (long long)(year < 0 ? -year : year), month, day);
}

void dwi_append_timestamp(dwi_buf *buf, int64_t ts, char sep, int digits)
{
    int64_t per_second = digits == 9 ? INT64_C(1000000000) : DWI_US_PER_SECOND;
    int64_t seconds = ts / per_second - (ts % per_second < 0 ? 1 : 0);
    int64_t fraction = ts - seconds * per_second;
    int64_t days = seconds / 86400 - (seconds % 86400 < 0 ? 1 : 0);
    int64_t second = seconds - days * 86400;

    dwi_append_date(buf, days);
    dwi_buf_printf(buf, "%c%02d:%02d:%02d", sep, (int)(second / 3600), (int)(second / 60 % 60),
                   (int)(second % 60));
    if (digits == 3)
        fraction /= 1000;
    if (digits > 0)
        dwi_buf_printf(buf, ".%0*lld", digits, (long long)fraction);
}
