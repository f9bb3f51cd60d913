/* SPDX-License-Identifier: Apache-2.0 */
/* Prometheus' text format 0.0.4 and OpenMetrics 1.0. They differ in the names of counters and infos
 * in the lines that describe them, in the unit, and in the last line. */
#include "ops/metric_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/process_stats.h"

/* Most numbers are whole, and printf() is most of the time that the text takes. */
static void add_whole(struct textbuf *out, int64_t number)
{
    char digits[24];
    char *at = digits + sizeof(digits);
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do
        *--at = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (number < 0)
        *--at = '-';
    textbuf_add(out, at, (size_t)(digits + sizeof(digits) - at));
}

void metric_number(struct textbuf *out, double value)
{
    char text[40];

    if (isnan(value)) {
        textbuf_puts(out, "NaN");
        return;
    }
    if (isinf(value)) {
        textbuf_puts(out, value > 0 ? "+Inf" : "-Inf");
        return;
    }
    if (fabs(value) < 1e15 && value == trunc(value)) {
        add_whole(out, (int64_t)value);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    textbuf_puts(out, text);
}

static bool ends_with(const char *text, size_t len, const char *end)
{
    size_t n = strlen(end);

    return len > n && memcmp(text + len - n, end, n) == 0;
}

/* OpenMetrics names a family without the suffix that its samples have. */
static int family_length(const char *name, enum metric_kind kind, bool open_metrics)
{
    size_t len = strlen(name);

    if (open_metrics && kind == METRIC_COUNTER && ends_with(name, len, "_total"))
        len -= strlen("_total");
    if (open_metrics && kind == METRIC_INFO && ends_with(name, len, "_info"))
        len -= strlen("_info");
    return (int)len;
}

static void describe(struct textbuf *out, const char *name, enum metric_kind kind, const char *help,
                     bool open_metrics)
{
    static const char *const units[] = {"seconds", "bytes"};
    static const char *const types[] = {[METRIC_COUNTER] = "counter",
                                        [METRIC_GAUGE] = "gauge",
                                        [METRIC_AGE] = "gauge",
                                        [METRIC_HISTOGRAM] = "histogram",
                                        [METRIC_INFO] = "gauge"};
    const char *type = open_metrics && kind == METRIC_INFO ? "info" : types[kind];
    int len = family_length(name, kind, open_metrics);

    textbuf_printf(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", len, name, help, len, name, type);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && open_metrics; i++) {
        if (ends_with(name, (size_t)len, units[i]) &&
            name[(size_t)len - strlen(units[i]) - 1] == '_')
            textbuf_printf(out, "# UNIT %.*s %s\n", len, name, units[i]);
    }
}

static void add_sample(struct textbuf *out, const struct metric_view *view, const char *suffix,
                       double value)
{
    bool labels = view->labels[0] != '\0';

    textbuf_puts(out, view->spec->name);
    textbuf_puts(out, suffix);
    if (labels) {
        textbuf_puts(out, "{");
        textbuf_puts(out, view->labels);
        textbuf_puts(out, "}");
    }
    textbuf_puts(out, " ");
    metric_number(out, value);
    textbuf_puts(out, "\n");
}

/* The number of observations is that of the buckets, so that the text agrees with itself while
 * other threads observe. */
static void add_histogram(struct textbuf *out, const struct metric_view *view, bool open_metrics)
{
    uint64_t count = 0;

    for (size_t i = 0; i < view->n_buckets; i++) {
        double bound = i + 1 == view->n_buckets ? INFINITY : view->spec->bounds[i];

        count += view->buckets[i];
        textbuf_puts(out, view->spec->name);
        textbuf_puts(out, "_bucket{");
        textbuf_puts(out, view->labels);
        textbuf_puts(out, view->labels[0] == '\0' ? "le=\"" : ",le=\"");
        metric_number(out, bound);
        /* OpenMetrics: a number that is no integer in spelling too. */
        if (open_metrics && !isinf(bound) && bound == trunc(bound))
            textbuf_puts(out, ".0");
        textbuf_puts(out, "\"} ");
        add_whole(out, (int64_t)count);
        textbuf_puts(out, "\n");
    }
    add_sample(out, view, "_sum", view->value);
    add_sample(out, view, "_count", (double)count);
}

struct text_context {
    struct textbuf *out;
    bool open_metrics;
};

static void add_series(void *ctx, const struct metric_view *view)
{
    struct text_context *c = ctx;

    if (view->spec->kind == METRIC_HISTOGRAM)
        add_histogram(c->out, view, c->open_metrics);
    else
        add_sample(c->out, view, "", view->value);
}

static void add_process(void *ctx, const char *name, bool counter, const char *help, double value)
{
    struct text_context *c = ctx;

    describe(c->out, name, counter ? METRIC_COUNTER : METRIC_GAUGE, help, c->open_metrics);
    textbuf_printf(c->out, "%s ", name);
    metric_number(c->out, value);
    textbuf_puts(c->out, "\n");
}

void metrics_text(struct textbuf *out, bool open_metrics)
{
    struct text_context ctx = {out, open_metrics};

    for (int id = 0; id < METRIC_COUNT; id++) {
        const struct metric_spec *spec = metric_spec((enum metric_id)id);
        describe(out, spec->name, spec->kind, spec->help, open_metrics);
        metric_each((enum metric_id)id, add_series, &ctx);
    }
    process_stats(add_process, &ctx);
    if (open_metrics)
        textbuf_puts(out, "# EOF\n");
}
