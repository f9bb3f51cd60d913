/* SPDX-License-Identifier: Apache-2.0 */
#include "common/setting_text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
    const char *name;
    int64_t size;
};

bool text_to_whole(const char *text, int64_t *out)
{
    char *end = NULL;
    long long number;

    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    number = strtoll(text, &end, 10);
    *out = number;
    return *end == '\0' && errno == 0;
}

/* Digits with an optional fraction and the name of a unit; no sign, exponent or locale. What the
 * unit cannot tell exactly is cut off. */
static bool text_to_units(const char *text, const struct unit *units, size_t count, int64_t *out)
{
    int64_t whole = 0;
    double fraction = 0;
    double digit = 0.1;

    if (!isdigit((unsigned char)*text))
        return false;
    for (; isdigit((unsigned char)*text); text++) {
        if (whole > (INT64_MAX - 9) / 10)
            return false;
        whole = whole * 10 + (*text - '0');
    }
    if (*text == '.') {
        for (text++; isdigit((unsigned char)*text); text++, digit /= 10)
            fraction += digit * (*text - '0');
    }
    text += *text == ' ' && text[1] != '\0';
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(text, units[i].name) != 0)
            continue;
        if (whole > INT64_MAX / units[i].size - 1)
            return false;
        *out = whole * units[i].size + (int64_t)(fraction * (double)units[i].size + 1e-6);
        return true;
    }
    return false;
}

/* "M" alone is left out: some take it for 1,000,000, others for 1,048,576. */
bool text_to_bytes(const char *text, int64_t *out)
{
    static const struct unit units[] = {
        {"", 1},
        {"B", 1},
        {"KiB", 1 << 10},
        {"Ki", 1 << 10},
        {"MiB", 1 << 20},
        {"Mi", 1 << 20},
        {"GiB", 1 << 30},
        {"Gi", 1 << 30},
        {"TiB", (int64_t)1 << 40},
        {"Ti", (int64_t)1 << 40},
        {"kB", 1000},
        {"MB", 1000000},
        {"GB", 1000000000},
        {"TB", INT64_C(1000000000000)},
    };

    return text_to_units(text, units, sizeof(units) / sizeof(units[0]), out);
}

bool text_to_ms(const char *text, int64_t *out)
{
    static const struct unit units[] = {
        {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000},
    };

    return text_to_units(text, units, sizeof(units) / sizeof(units[0]), out);
}

/* Exactly `count` digits; moves *text behind them. */
static bool digits(const char **text, int count, int least, int most, int *out)
{
    *out = 0;
    for (int i = 0; i < count; i++, (*text)++) {
        if (!isdigit((unsigned char)**text))
            return false;
        *out = *out * 10 + (**text - '0');
    }
    return *out >= least && *out <= most;
}

static bool skip(const char **text, const char *any_of)
{
    if (**text == '\0' || strchr(any_of, **text) == NULL)
        return false;
    (*text)++;
    return true;
}

static int64_t days_since_1970(int year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t y = year - (month <= 2);
    int64_t leaps = y / 4 - y / 100 + y / 400;

    return ((int64_t)year - 1970) * 365 + leaps - 477 + before[month - 1] + day - 1;
}

static bool clock_to_ms(const char *text, int64_t *out_ms)
{
    int hour, minute, second, unit = 100, offset_hour = 0, offset_minute = 0;
    int64_t ms;
    int sign;

    if (!digits(&text, 2, 0, 23, &hour) || !skip(&text, ":") || !digits(&text, 2, 0, 59, &minute) ||
        !skip(&text, ":") || !digits(&text, 2, 0, 60, &second))
        return false;
    ms = ((hour * 60 + minute) * 60 + second) * (int64_t)1000;
    if (skip(&text, ".")) {
        for (; isdigit((unsigned char)*text); text++, unit /= 10)
            ms += (*text - '0') * unit;
    }
    sign = *text == '-' ? 1 : -1;
    if (skip(&text, "+-")) {
        if (!digits(&text, 2, 0, 23, &offset_hour) || !skip(&text, ":") ||
            !digits(&text, 2, 0, 59, &offset_minute))
            return false;
    } else if (!skip(&text, "Zz")) {
        return false;
    }
    *out_ms = ms + sign * (offset_hour * 60 + offset_minute) * (int64_t)60000;
    return *text == '\0';
}

bool text_to_time(const char *text, int64_t *out_ms)
{
    static const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    int64_t of_day = 0;

    if (strchr(text, '-') == NULL)
        return text_to_whole(text, out_ms);
    if (!digits(&text, 4, 1970, 9999, &year) || !skip(&text, "-") ||
        !digits(&text, 2, 1, 12, &month) || !skip(&text, "-") ||
        !digits(&text, 2, 1, lengths[month - 1], &day))
        return false;
    if (month == 2 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0)))
        return false;
    if (*text != '\0' && (!skip(&text, "Tt ") || !clock_to_ms(text, &of_day)))
        return false;
    *out_ms = days_since_1970(year, month, day) * 86400000 + of_day;
    return *out_ms >= 0;
}

bool text_to_bool(const char *text, bool *out)
{
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *out = i % 2 != 0;
            return true;
        }
    }
    return false;
}

bool text_to_choice(const char *text, const char *choices, int *out)
{
    size_t len = strlen(text);
    int index = 0;

    for (const char *p = choices; p != NULL; p = strchr(p, '|'), index++) {
        p += *p == '|';
        if (len > 0 && strncasecmp(p, text, len) == 0 && (p[len] == '|' || p[len] == '\0')) {
            *out = index;
            return true;
        }
    }
    return false;
}

bool text_is_address(const char *text)
{
    const char *colon = strrchr(text, ':');
    int64_t port;

    if (colon == NULL || !text_to_whole(colon + 1, &port) || port > 65535)
        return false;
    if (text[0] == '[')
        return colon > text + 2 && colon[-1] == ']';
    return memchr(text, ':', (size_t)(colon - text)) == NULL && strcspn(text, " /") == strlen(text);
}

static void number_with_unit(int64_t number, const struct unit *units, size_t count,
                             struct textbuf *out)
{
    size_t best = 0;

    for (size_t i = 1; i < count && number != 0; i++) {
        if (number % units[i].size == 0)
            best = i;
    }
    textbuf_printf(out, "%" PRId64 "%s", number / units[best].size, units[best].name);
}

void bytes_to_text(int64_t bytes, struct textbuf *out)
{
    static const struct unit units[] = {
        {"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", (int64_t)1 << 40},
    };

    number_with_unit(bytes, units, sizeof(units) / sizeof(units[0]), out);
}

void ms_to_text(int64_t ms, struct textbuf *out)
{
    static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};

    if (ms == 0)
        textbuf_puts(out, "0s");
    else
        number_with_unit(ms, units, sizeof(units) / sizeof(units[0]), out);
}
