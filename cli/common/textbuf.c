/* SPDX-License-Identifier: Apache-2.0 */
#include "common/textbuf.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/memory.h"

/* Room for `extra` more bytes and the NUL. */
static void reserve(struct textbuf *buf, size_t extra)
{
    size_t cap = buf->cap == 0 ? 256 : buf->cap;

    while (cap - buf->len <= extra)
        cap *= 2;
    if (cap == buf->cap)
        return;
    buf->text = need_realloc(buf->text, cap, 1);
    buf->cap = cap;
}

void textbuf_add(struct textbuf *buf, const char *text, size_t len)
{
    reserve(buf, len);
    if (len != 0)
        memcpy(buf->text + buf->len, text, len);
    buf->len += len;
    buf->text[buf->len] = '\0';
}

void textbuf_puts(struct textbuf *buf, const char *text)
{
    textbuf_add(buf, text, strlen(text));
}

void textbuf_printf(struct textbuf *buf, const char *fmt, ...)
{
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0)
        return;
    reserve(buf, (size_t)len);
    va_start(args, fmt);
    (void)vsnprintf(buf->text + buf->len, (size_t)len + 1, fmt, args);
    va_end(args);
    buf->len += (size_t)len;
}

static bool is_continuation(unsigned char c)
{
    return (c & 0xc0u) == 0x80u;
}

size_t utf8_sequence(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    size_t n;

    if (p[0] < 0x80)
        return 1;
    n = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    if (n == 0 || n > len)
        return 0;
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++) {
        if (!is_continuation(p[i]))
            return 0;
    }
    return n;
}

/* The escape of a byte that cannot stand in a JSON string as it is. */
static void add_escape(struct textbuf *buf, unsigned char c)
{
    char letter = c >= 8 && c <= 13 && c != 11 ? "btn-fr"[c - 8] : '\0';

    if (c == '"' || c == '\\')
        textbuf_printf(buf, "\\%c", c);
    else if (letter != '\0')
        textbuf_printf(buf, "\\%c", letter);
    else
        textbuf_printf(buf, "\\u%04x", c);
}

void textbuf_json_string(struct textbuf *buf, const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t plain = 0; /* bytes before p that go out as they are */

    textbuf_add(buf, "\"", 1);
    while (len > 0) {
        size_t n = utf8_sequence((const char *)p, len);
        bool escaped = *p < 0x20 || *p == 0x7f || *p == '"' || *p == '\\';

        if (n == 0 || escaped) {
            textbuf_add(buf, (const char *)p - plain, plain);
            plain = 0;
            if (n == 0)
                textbuf_puts(buf, "\xef\xbf\xbd");
            else
                add_escape(buf, *p);
            n = 1;
        } else {
            plain += n;
        }
        p += n;
        len -= n;
    }
    textbuf_add(buf, (const char *)p - plain, plain);
    textbuf_add(buf, "\"", 1);
}

void textbuf_base64(struct textbuf *buf, const void *data, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = data;

    reserve(buf, len / 3 * 4 + 4);
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        unsigned bits = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) |
                        (left > 2 ? (unsigned)p[i + 2] : 0);
        char *out = buf->text + buf->len;

        out[0] = digits[bits >> 18 & 63];
        out[1] = digits[bits >> 12 & 63];
        out[2] = left > 1 ? digits[bits >> 6 & 63] : '=';
        out[3] = left > 2 ? digits[bits & 63] : '=';
        buf->len += 4;
    }
    buf->text[buf->len] = '\0';
}

void textbuf_time(struct textbuf *buf, int64_t time_ms)
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm;
    char day[32];

    if (gmtime_r(&seconds, &tm) == NULL ||
        strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        return;
    textbuf_printf(buf, "%s.%03dZ", day, (int)(time_ms % 1000));
}

void textbuf_clear(struct textbuf *buf)
{
    buf->len = 0;
    if (buf->text != NULL)
        buf->text[0] = '\0';
}

void textbuf_done(struct textbuf *buf)
{
    free(buf->text);
    *buf = (struct textbuf){0};
}
