/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows: log lines, JSON documents, messages. Always NUL-terminated once written to. */
#ifndef DW_CLI_TEXTBUF_H
#define DW_CLI_TEXTBUF_H

#include <stddef.h>
#include <stdint.h>

struct textbuf {
    char *text; /* NULL while nothing was added */
    size_t len; /* without the NUL */
    size_t cap;
};

#if defined(__GNUC__) || defined(__clang__)
#define TEXTBUF_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define TEXTBUF_PRINTF(f, a)
#endif

void textbuf_add(struct textbuf *buf, const char *text, size_t len);
void textbuf_puts(struct textbuf *buf, const char *text);
void textbuf_printf(struct textbuf *buf, const char *fmt, ...) TEXTBUF_PRINTF(2, 3);
/* A JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. */
void textbuf_json_string(struct textbuf *buf, const char *text, size_t len);
void textbuf_base64(struct textbuf *buf, const void *data, size_t len);
/* "2026-01-31T08:09:10.123Z"; milliseconds since 1970. */
void textbuf_time(struct textbuf *buf, int64_t time_ms);
/* Length of the well-formed UTF-8 sequence at `text`, 0 if there is none (Unicode, table 3-7). */
size_t utf8_sequence(const char *text, size_t len);
void textbuf_clear(struct textbuf *buf); /* keeps the memory */
void textbuf_done(struct textbuf *buf);

#endif
