/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a program, on standard error: one line an event, as text on a terminal and as JSON
 * objects otherwise. Any thread may write; a line is written by one write(2). */
#ifndef DW_CLI_LOGLINE_H
#define DW_CLI_LOGLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <deltawrite/common.h>

enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_TEXT, LOG_FORMAT_JSON };
enum log_kind { LOG_KIND_TEXT, LOG_KIND_NUMBER, LOG_KIND_RAW };

struct log_field {
    const char *key;
    enum log_kind kind;
    const char *text; /* NULL: the field is left out */
    int64_t number;
};

#define F_TEXT(key, text)                                                                          \
    {                                                                                              \
        key, LOG_KIND_TEXT, text, 0                                                                \
    }
#define F_NUMBER(key, number)                                                                      \
    {                                                                                              \
        key, LOG_KIND_NUMBER, "", number                                                           \
    }
#define F_RAW(key, json)                                                                           \
    {                                                                                              \
        key, LOG_KIND_RAW, json, 0                                                                 \
    } /* JSON as it is */

/* LOG_EVENT(DW_LOG_INFO, "committed", F_NUMBER("rows", rows)); one field at least. */
#define LOG_EVENT(level, message, ...)                                                             \
    log_write(level, message, (const struct log_field[]){__VA_ARGS__},                             \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

/* Once at the start, before there are threads. */
void log_setup(enum log_format format, int level);
/* The least level that is written, DW_LOG_ERROR to DW_LOG_DEBUG; any thread at any time. */
int log_level(void);
void log_set_level(int level);
const char *log_level_name(int level); /* "warn" */
void log_write(int level, const char *message, const struct log_field *fields, size_t count);
/* A progress line stands at the end of the terminal: the next log line takes its place. */
void log_progress_shown(bool shown);
/* A message without fields. */
void log_message(int level, const char *message);
/* A dw_log_fn; `ctx` is the component's name, a string. */
void log_library(void *ctx, int level, const char *message);
/* The same at debug level, for what the caller tells itself when it matters. */
void log_library_detail(void *ctx, int level, const char *message);

/* Says which of a run of the same event deserve a line: the first, then one after 5 s, 10 s, ... up
 * to each 60 s, with how many came in between. */
struct log_repeat {
    int64_t next_ms; /* monotonic; 0: the next one is a first */
    int64_t wait_ms;
    int64_t skipped;
};
bool log_repeat_due(struct log_repeat *repeat, int64_t now_ms, int64_t *out_skipped);

int64_t clock_wall_ms(void);
int64_t clock_monotonic_ms(void);

#endif
