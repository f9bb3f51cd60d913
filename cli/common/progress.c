/* SPDX-License-Identifier: Apache-2.0 */
#include "common/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/logline.h"
#include "common/textbuf.h"

enum { BAR_CELLS = 30, FIRST_MS = 1000, AGAIN_MS = 100 };

void progress_begin(struct progress *p, const char *what, enum progress_unit unit, bool quiet)
{
    *p = (struct progress){what, unit, clock_monotonic_ms(), 0, false};
    p->on = !quiet && isatty(STDERR_FILENO);
}

static void append_bytes(struct textbuf *out, int64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    double size = (double)bytes;
    size_t unit = 0;

    for (; size >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
        size /= 1000;
    textbuf_printf(out, unit == 0 || size >= 99.95 ? "%.0f %s" : "%.1f %s", size, units[unit]);
}

static void append_grouped(struct textbuf *out, int64_t number)
{
    if (number < 1000) {
        textbuf_printf(out, "%" PRId64, number);
        return;
    }
    append_grouped(out, number / 1000);
    textbuf_printf(out, ",%03d", (int)(number % 1000));
}

void progress_amount(struct textbuf *out, enum progress_unit unit, int64_t amount)
{
    static const char *const names[] = {
        [PROGRESS_BYTES] = "", [PROGRESS_ROWS] = " rows", [PROGRESS_FILES] = " files"};

    if (amount < 0)
        amount = 0;
    if (unit == PROGRESS_BYTES)
        append_bytes(out, amount);
    else
        append_grouped(out, amount);
    textbuf_puts(out, names[unit]);
}

static void append_time(struct textbuf *out, int64_t seconds)
{
    if (seconds >= 3600)
        textbuf_printf(out, "%" PRId64 ":%02d:%02d", seconds / 3600, (int)(seconds / 60 % 60),
                       (int)(seconds % 60));
    else
        textbuf_printf(out, "%" PRId64 ":%02d", seconds / 60, (int)(seconds % 60));
}

static void append_bar(struct textbuf *out, double part)
{
    int full = (int)(part * BAR_CELLS);

    textbuf_puts(out, "  [");
    for (int i = 0; i < BAR_CELLS; i++)
        textbuf_puts(out, i < full ? "=" : i == full ? ">" : " ");
    textbuf_printf(out, "] %3d %%", (int)(part * 100));
}

void progress_line(struct textbuf *out, const struct progress *p, int64_t done, int64_t total,
                   int64_t elapsed_ms, const char *note)
{
    double seconds = (double)elapsed_ms / 1000;
    double rate = seconds > 0 ? (double)done / seconds : 0;

    if (done > total && total > 0)
        done = total;
    textbuf_puts(out, p->what);
    if (total > 0)
        append_bar(out, (double)done / (double)total);
    textbuf_puts(out, "  ");
    progress_amount(out, p->unit, done);
    if (total > 0) {
        textbuf_puts(out, " of ");
        progress_amount(out, p->unit, total);
    }
    textbuf_puts(out, "  ");
    progress_amount(out, p->unit, (int64_t)rate);
    textbuf_puts(out, "/s");
    if (total > 0 && rate > 0) {
        textbuf_puts(out, "  ");
        append_time(out, (int64_t)((double)(total - done) / rate + 0.5));
        textbuf_puts(out, " left");
    }
    if (note != NULL)
        textbuf_printf(out, "  %s", note);
}

void progress_update(struct progress *p, int64_t done, int64_t total, const char *note)
{
    int64_t now = clock_monotonic_ms();
    struct textbuf line = {0};

    if (!p->on || now - p->start_ms < FIRST_MS ||
        (p->drawn_ms != 0 && now - p->drawn_ms < AGAIN_MS))
        return;
    p->drawn_ms = now;
    progress_line(&line, p, done, total, now - p->start_ms, note);
    log_progress_shown(true); /* before, and again after: another thread may log meanwhile */
    (void)fprintf(stderr, "\r\033[K%s", line.text);
    (void)fflush(stderr);
    log_progress_shown(true);
    textbuf_done(&line);
}

void progress_end(struct progress *p)
{
    if (p->on && p->drawn_ms != 0) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
        log_progress_shown(false);
    }
    p->on = false;
}
