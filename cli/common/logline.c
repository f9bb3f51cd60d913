/* SPDX-License-Identifier: Apache-2.0 */
#include "common/logline.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/textbuf.h"

static struct {
    bool json; /* set once */
    atomic_int level;
    atomic_bool progress;
} setup = {false, DW_LOG_INFO, false};

static const char *const level_names[] = {"error", "error", "warn", "info", "debug"};
static const char *const level_marks[] = {"ERROR", "ERROR", "WARN ", "INFO ", "DEBUG"};

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

void log_setup(enum log_format format, int level)
{
    setup.json = format == LOG_FORMAT_JSON || (format == LOG_FORMAT_AUTO && !isatty(STDERR_FILENO));
    setup.level = level;
}

int log_level(void)
{
    return setup.level;
}

void log_set_level(int level)
{
    setup.level = level;
}

const char *log_level_name(int level)
{
    return level_names[level];
}

static void put_json(struct textbuf *line, int level, const char *message,
                     const struct log_field *fields, size_t count)
{
    textbuf_puts(line, "{\"time\":\"");
    textbuf_time(line, clock_wall_ms());
    textbuf_printf(line, "\",\"level\":\"%s\",\"msg\":", level_names[level]);
    textbuf_json_string(line, message, strlen(message));
    for (size_t i = 0; i < count; i++) {
        const struct log_field *f = &fields[i];
        if (f->text == NULL)
            continue;
        textbuf_printf(line, ",\"%s\":", f->key);
        if (f->kind == LOG_KIND_NUMBER)
            textbuf_printf(line, "%" PRId64, f->number);
        else if (f->kind == LOG_KIND_RAW)
            textbuf_puts(line, f->text);
        else
            textbuf_json_string(line, f->text, strlen(f->text));
    }
    textbuf_puts(line, "}\n");
}

static void put_value(struct textbuf *line, const char *text)
{
    if (text[0] != '\0' && strpbrk(text, " \"=\n\t") == NULL)
        textbuf_puts(line, text);
    else
        textbuf_json_string(line, text, strlen(text));
}

static void put_text(struct textbuf *line, int level, const char *message,
                     const struct log_field *fields, size_t count)
{
    textbuf_time(line, clock_wall_ms());
    textbuf_printf(line, " %s %s", level_marks[level], message);
    for (size_t i = 0; i < count; i++) {
        const struct log_field *f = &fields[i];
        if (f->text == NULL)
            continue;
        textbuf_printf(line, " %s=", f->key);
        if (f->kind == LOG_KIND_NUMBER)
            textbuf_printf(line, "%" PRId64, f->number);
        else if (f->kind == LOG_KIND_RAW)
            textbuf_puts(line, f->text);
        else
            put_value(line, f->text);
    }
    textbuf_puts(line, "\n");
}

void log_write(int level, const char *message, const struct log_field *fields, size_t count)
{
    struct textbuf line = {0};

    if (level > setup.level)
        return;
    if (atomic_exchange(&setup.progress, false))
        textbuf_puts(&line, "\r\033[K");
    if (setup.json)
        put_json(&line, level, message, fields, count);
    else
        put_text(&line, level, message, fields, count);
    /* A log that cannot be written has nowhere to be told. */
    (void)!write(STDERR_FILENO, line.text, line.len);
    textbuf_done(&line);
}

void log_progress_shown(bool shown)
{
    setup.progress = shown;
}

void log_message(int level, const char *message)
{
    log_write(level, message, NULL, 0);
}

void log_library(void *ctx, int level, const char *message)
{
    LOG_EVENT(level, message, F_TEXT("component", ctx));
}

void log_library_detail(void *ctx, int level, const char *message)
{
    (void)level;
    LOG_EVENT(DW_LOG_DEBUG, message, F_TEXT("component", ctx));
}

bool log_repeat_due(struct log_repeat *repeat, int64_t now_ms, int64_t *out_skipped)
{
    enum { FIRST_WAIT_MS = 5000, LAST_WAIT_MS = 60000 };

    if (repeat->next_ms != 0 && now_ms < repeat->next_ms) {
        repeat->skipped++;
        return false;
    }
    if (repeat->next_ms == 0 || now_ms - repeat->next_ms > 2 * LAST_WAIT_MS)
        repeat->wait_ms = FIRST_WAIT_MS; /* a first, or the first after a long silence */
    else if (repeat->wait_ms < LAST_WAIT_MS)
        repeat->wait_ms = repeat->wait_ms * 2 < LAST_WAIT_MS ? repeat->wait_ms * 2 : LAST_WAIT_MS;
    repeat->next_ms = now_ms + repeat->wait_ms;
    *out_skipped = repeat->skipped;
    repeat->skipped = 0;
    return true;
}
