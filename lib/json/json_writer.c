/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json_writer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void dwi_jw_init(dwi_jw *w, dwi_buf *out)
{
    w->out = out;
    w->need_comma = false;
}

static void before_value(dwi_jw *w)
{
    if (w->need_comma)
        dwi_buf_append_byte(w->out, ',');
    w->need_comma = true;
}

static void begin(dwi_jw *w, uint8_t bracket)
{
    before_value(w);
    dwi_buf_append_byte(w->out, bracket);
    w->need_comma = false;
}

static void end(dwi_jw *w, uint8_t bracket)
{
    dwi_buf_append_byte(w->out, bracket);
    w->need_comma = true;
}

void dwi_jw_object_begin(dwi_jw *w)
{
    begin(w, '{');
}

void dwi_jw_object_end(dwi_jw *w)
{
    end(w, '}');
}

void dwi_jw_array_begin(dwi_jw *w)
{
    begin(w, '[');
}

void dwi_jw_array_end(dwi_jw *w)
{
    end(w, ']');
}

void dwi_jw_key(dwi_jw *w, dwi_sv key)
{
    before_value(w);
    dwi_json_append_string(w->out, key);
    dwi_buf_append_byte(w->out, ':');
    w->need_comma = false;
}

void dwi_jw_string(dwi_jw *w, dwi_sv value)
{
    before_value(w);
    dwi_json_append_string(w->out, value);
}

void dwi_jw_i64(dwi_jw *w, int64_t value)
{
    before_value(w);
    dwi_buf_printf(w->out, "%" PRId64, value);
}

void dwi_jw_double(dwi_jw *w, double value)
{
    before_value(w);
    dwi_append_double(w->out, value);
}

void dwi_jw_float(dwi_jw *w, float value)
{
    before_value(w);
    dwi_append_float(w->out, value);
}

void dwi_jw_bool(dwi_jw *w, bool value)
{
    before_value(w);
    dwi_buf_append_cstr(w->out, value ? "true" : "false");
}

void dwi_jw_null(dwi_jw *w)
{
    before_value(w);
    dwi_buf_append_cstr(w->out, "null");
}

void dwi_jw_raw(dwi_jw *w, dwi_sv json)
{
    before_value(w);
    dwi_buf_append(w->out, json.ptr, json.len);
}

void dwi_jw_kv_string(dwi_jw *w, const char *key, dwi_sv value)
{
    dwi_jw_key(w, dwi_sv_cstr(key));
    dwi_jw_string(w, value);
}

void dwi_jw_kv_cstr(dwi_jw *w, const char *key, const char *value)
{
    dwi_jw_key(w, dwi_sv_cstr(key));
    if (value == NULL)
        dwi_jw_null(w);
    else
        dwi_jw_string(w, dwi_sv_cstr(value));
}

void dwi_jw_kv_i64(dwi_jw *w, const char *key, int64_t value)
{
    dwi_jw_key(w, dwi_sv_cstr(key));
    dwi_jw_i64(w, value);
}

void dwi_jw_kv_bool(dwi_jw *w, const char *key, bool value)
{
    dwi_jw_key(w, dwi_sv_cstr(key));
    dwi_jw_bool(w, value);
}

static void append_escaped(dwi_buf *out, unsigned char c)
{
    static const char named[] = "\b\f\n\r\t\"\\";
    static const char letters[] = "bfnrt\"\\";
    const char *found = c == 0 ? NULL : strchr(named, c);

    if (found != NULL) {
        dwi_buf_append_byte(out, '\\');
        dwi_buf_append_byte(out, (uint8_t)letters[found - named]);
    } else {
        dwi_buf_printf(out, "\\u%04x", c);
    }
}

void dwi_json_append_string(dwi_buf *out, dwi_sv value)
{
    size_t run = 0;

    dwi_buf_append_byte(out, '"');
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        dwi_buf_append(out, value.ptr + run, i - run);
        append_escaped(out, c);
        run = i + 1;
    }
    if (value.len > run)
        dwi_buf_append(out, value.ptr + run, value.len - run);
    dwi_buf_append_byte(out, '"');
}

/* A finite value as its decimal digits (no point) and the power of ten of the first of them. */
typedef struct decimal {
    bool negative;
    int n_digits;
    char digits[24];
    int exponent;
} decimal;

/* Print with `precision` digits in scientific form. The exponent and the digits are picked out, so
 * that the locale's decimal point does not matter. Returns the text for reading back. */
static void print_decimal(double value, int precision, char text[48], decimal *out)
{
    char *e;

    (void)snprintf(text, 48, "%.*e", precision - 1, value);
    *out = (decimal){.negative = text[0] == '-'};
    e = strchr(text, 'e');
    for (const char *p = text; p < e; p++)
        if (*p >= '0' && *p <= '9' && out->n_digits < 20)
            out->digits[out->n_digits++] = *p;
    while (out->n_digits > 1 && out->digits[out->n_digits - 1] == '0')
        out->n_digits--;
    out->exponent = (int)strtol(e + 1, NULL, 10);
}

/* Python's repr() and Java's logs agree on this much: plain from 1e-4 up to 1e16, else d.ddde+XX.
 */
static void append_decimal(dwi_buf *out, const decimal *d)
{
    int point = d->exponent + 1; /* digits before the decimal point */

    if (d->negative)
        dwi_buf_append_byte(out, '-');
    if (d->exponent < -4 || d->exponent >= 16) {
        dwi_buf_append(out, d->digits, 1);
        if (d->n_digits > 1) {
            dwi_buf_append_byte(out, '.');
            dwi_buf_append(out, d->digits + 1, (size_t)d->n_digits - 1);
        }
        dwi_buf_printf(out, "e%c%02d", d->exponent < 0 ? '-' : '+', abs(d->exponent));
        return;
    }
    if (point <= 0)
        dwi_buf_append_byte(out, '0');
    for (int i = 0; i < point; i++)
        dwi_buf_append_byte(out, (uint8_t)(i < d->n_digits ? d->digits[i] : '0'));
    dwi_buf_append_byte(out, '.');
    for (int i = point; i < 0; i++)
        dwi_buf_append_byte(out, '0');
    if (d->n_digits > point)
        dwi_buf_append(out, d->digits + (point > 0 ? point : 0),
                       (size_t)(d->n_digits - (point > 0 ? point : 0)));
    else
        dwi_buf_append_byte(out, '0');
}

/* Any decimal of 15 digits survives the way to a normal double and back, so that fewer need not be
 * tried; subnormal ones have less precision and start at `fewest` digits. */
static void shortest_double(double value, int fewest, decimal *out)
{
    char text[48];
    int precision = fpclassify(value) == FP_NORMAL ? 15 : fewest;

    for (; precision <= 17; precision++) {
        print_decimal(value, precision, text, out);
        if (strtod(text, NULL) == value)
            break;
    }
}

/* The same for float with 6. */
static void shortest_float(float value, int fewest, decimal *out)
{
    char text[48];
    int precision = fpclassify(value) == FP_NORMAL ? 6 : fewest;

    for (; precision <= 9; precision++) {
        print_decimal((double)value, precision, text, out);
        if (strtof(text, NULL) == value)
            break;
    }
}

void dwi_append_double(dwi_buf *out, double value)
{
    decimal d;

    shortest_double(value, 1, &d);
    append_decimal(out, &d);
}

void dwi_append_float(dwi_buf *out, float value)
{
    decimal d;

    shortest_float(value, 1, &d);
    append_decimal(out, &d);
}

/* Plain from 1e-3 up to 1e7, else d.dddE[-]X; always a digit after the point. */
static void append_java(dwi_buf *out, const decimal *d)
{
    if (d->exponent >= -3 && d->exponent < 7) {
        append_decimal(out, d);
        return;
    }
    if (d->negative)
        dwi_buf_append_byte(out, '-');
    dwi_buf_append(out, d->digits, 1);
    dwi_buf_append_byte(out, '.');
    if (d->n_digits > 1)
        dwi_buf_append(out, d->digits + 1, (size_t)d->n_digits - 1);
    else
        dwi_buf_append_byte(out, '0');
    dwi_buf_printf(out, "E%d", d->exponent);
}

/* What has no digits; false for all other values. */
static bool append_special(dwi_buf *out, double value)
{
    if (isfinite(value) && value != 0)
        return false;
    dwi_buf_append_cstr(out, isnan(value) ? "NaN" : signbit(value) ? "-" : "");
    if (!isnan(value))
        dwi_buf_append_cstr(out, value == 0 ? "0.0" : "Infinity");
    return true;
}

/* Two digits at least: Java takes the nearest of two digits where one would do (4.9E-324). */
void dwi_append_java_double(dwi_buf *out, double value)
{
    decimal d;

    if (append_special(out, value))
        return;
    shortest_double(value, 2, &d);
    append_java(out, &d);
}

void dwi_append_java_float(dwi_buf *out, float value)
{
    decimal d;

    if (append_special(out, (double)value))
        return;
    shortest_float(value, 2, &d);
    append_java(out, &d);
}
