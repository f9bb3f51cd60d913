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

bool parse_time_ms(const char *text, int64_t *out_ms)
{
    int year;
    int month;
    int day;
    int hour = 0;
    int minute = 0;
    int zone_hour = 0;
    int zone_minute = 0;
    double second = 0;
    int used = 0;
    int sign = 1;

    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 || year < 1 || month < 1 ||
        month > 12 || day < 1 || day > 31)
        return false;
    text += used;
    if (*text == 'T' || *text == ' ') {
        if (sscanf(text + 1, "%2d:%2d%n", &hour, &minute, &used) != 2)
            return false;
        text += 1 + used;
        if (*text == ':') {
            if (sscanf(text + 1, "%12lf%n", &second, &used) != 1)
                return false;
            text += 1 + used;
        }
        if (*text == 'Z') {
            text++;
        } else if (*text == '+' || *text == '-') {
            sign = *text == '-' ? -1 : 1;
            if (sscanf(text + 1, "%2d:%2d%n", &zone_hour, &zone_minute, &used) != 2)
                return false;
            text += 1 + used;
        }
    }
    if (*text != '\0' || hour > 23 || minute > 59 || second < 0 || second >= 60)
        return false;
    *out_ms = ((days_of(year, month, day) * 24 + hour - sign * zone_hour) * 60 + minute -
               sign * zone_minute) *
                  60000 +
              (int64_t)(second * 1000);
    return true;
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
