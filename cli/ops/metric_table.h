/* SPDX-License-Identifier: Apache-2.0 */
/* What each metric is called and means, and a walk over the series there are. */
#ifndef DW_CLI_METRIC_TABLE_H
#define DW_CLI_METRIC_TABLE_H

#include "ops/metrics.h"

enum metric_kind {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_AGE, /* a gauge that is set to a time and shown as the seconds since then */
    METRIC_HISTOGRAM,
    METRIC_INFO /* a gauge that is 1; its labels tell */
};

enum { METRIC_MOST_LABELS = 3, METRIC_MOST_BOUNDS = 16 };

struct metric_spec {
    const char *name;                       /* deltawrite_...; a counter's ends with _total */
    enum metric_kind kind;                  /* of the value */
    const char *labels[METRIC_MOST_LABELS]; /* NULL after the last */
    const double *bounds; /* METRIC_HISTOGRAM: rising upper bounds, 0 at their end */
    const char *help;
};

const struct metric_spec *metric_spec(enum metric_id id);

/* One series as it was at one moment. */
struct metric_view {
    enum metric_id id;
    const struct metric_spec *spec;
    const char *labels;        /* name="value",... escaped for Prometheus; "" for none */
    const char *const *values; /* of the labels, as they were given; NULL after the last */
    double value;              /* histogram: the sum */
    size_t n_buckets;          /* histogram: with the last one, which has no bound */
    uint64_t buckets[METRIC_MOST_BOUNDS + 1]; /* not cumulative */
    double *sent;                             /* two numbers that are kept for ops/statsd.c */
};

/* Each series of the metric that is shown, in the order in which they were made. */
void metric_each(enum metric_id id, void (*each)(void *ctx, const struct metric_view *view),
                 void *ctx);
/* "12", "0.25", "NaN", "+Inf": the shortest text that reads back as the same number. */
void metric_number(struct textbuf *out, double value);

#endif
