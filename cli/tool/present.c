/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/present.h"

#include <errno.h>
#include <string.h>

void append_size(struct textbuf *out, int64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 999.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        value /= 1000;
        unit++;
    }
    textbuf_printf(out, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

/* Days since 1970-01-01 of a proleptic Gregorian date. */
static int64_t days_of(int year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t y = month > 2 ? year : year - 1; /* leap days up to the last February */
    int64_t leaps = y / 4 - y / 100 + y / 400;

    return (int64_t)(year - 1) * 365 + leaps + before[month - 1] + day - 1 - 719162;
}

/* Exactly `digits` decimal digits; moves *at behind them. */
static bool take_digits(const char **at, int digits, int *out)
{
    int value = 0;

    for (int i = 0; i < digits; i++, ++*at) {
        if (**at < '0' || **at > '9')
            return false;
        value = value * 10 + (**at - '0');
    }
    *out = value;
    return true;
}

static bool take_char(const char **at, char wanted)
{
    if (**at != wanted)
        return false;
    ++*at;
    return true;
}

/* ".5" of seconds as milliseconds; digits past the third count for nothing. Or nothing at all. */
static bool take_fraction(const char **at, int *out_ms)
{
    int weight = 100;

    *out_ms = 0;
    if (!take_char(at, '.'))
        return true;
    if (**at < '0' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9'; ++*at, weight /= 10)
        *out_ms += (**at - '0') * weight;
    return true;
}

static bool take_date(const char **at, int64_t *out_days)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year;
    int month;
    int day;
    bool leap;

    if (!take_digits(at, 4, &year) || !take_char(at, '-') || !take_digits(at, 2, &month) ||
        !take_char(at, '-') || !take_digits(at, 2, &day) || year < 1 || month < 1 || month > 12)
        return false;
    leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    *out_days = days_of(year, month, day);
    return day >= 1 && day <= lengths[month - 1] + leap;
}

/* "12:30", "12:30:15" or "12:30:15.250". */
static bool take_clock(const char **at, int64_t *out_ms)
{
    int hour;
    int minute;
    int second = 0;
    int ms = 0;

    if (!take_digits(at, 2, &hour) || !take_char(at, ':') || !take_digits(at, 2, &minute) ||
        hour > 23 || minute > 59)
        return false;
    if (take_char(at, ':') &&
        (!take_digits(at, 2, &second) || second > 59 || !take_fraction(at, &ms)))
        return false;
    *out_ms = ((int64_t)(hour * 60 + minute) * 60 + second) * 1000 + ms;
    return true;
}

/* "Z", "+02:00" or nothing, which is UTC. */
static bool take_zone(const char **at, int64_t *out_ms)
{
    int sign = **at == '-' ? -1 : 1;
    int hour;
    int minute;

    *out_ms = 0;
    if (**at == '\0' || take_char(at, 'Z'))
        return true;
    if ((!take_char(at, '+') && !take_char(at, '-')) || !take_digits(at, 2, &hour) ||
        !take_char(at, ':') || !take_digits(at, 2, &minute) || hour > 18 || minute > 59)
        return false;
    *out_ms = (int64_t)sign * (hour * 60 + minute) * 60000;
    return true;
}

bool parse_time_ms(const char *text, int64_t *out_ms)
{
    int64_t days;
    int64_t clock_ms = 0;
    int64_t zone_ms = 0;

    if (!take_date(&text, &days))
        return false;
    if ((take_char(&text, 'T') || take_char(&text, ' ')) &&
        (!take_clock(&text, &clock_ms) || !take_zone(&text, &zone_ms)))
        return false;
    *out_ms = days * 86400000 + clock_ms - zone_ms;
    return *text == '\0';
}

int read_whole_file(const char *path, struct textbuf *out)
{
    FILE *file = fopen(path, "rb");
    char chunk[16384];
    size_t n;

    if (file == NULL) {
        (void)fprintf(stderr, "deltawrite: %s: %s\n", path, strerror(errno));
        return 1;
    }
    textbuf_add(out, "", 0);
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
        textbuf_add(out, chunk, n);
    n = (size_t)ferror(file);
    (void)fclose(file); /* read-only */
    if (n != 0) {
        (void)fprintf(stderr, "deltawrite: %s: cannot be read\n", path);
        return 1;
    }
    return -1;
}
