/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the text of all metrics, each with a series whose labels are not easy to read, for the
 * parsers of others. Argument: text or openmetrics. */
#include "ops/metric_table.h"

#include <stdio.h>
#include <string.h>

static void fill(enum metric_id id)
{
    static const char *const labels[] = {"s3://lake/\"a\\b\"\n\xff{}=,", "\xc3\xa4 # EOF", "",
                                         NULL};
    struct metric *series = metric_series(id, labels);

    switch (metric_spec(id)->kind) {
    case METRIC_HISTOGRAM:
        metric_observe(series, 0.3);
        metric_observe(series, 1e9);
        break;
    case METRIC_INFO:
        metric_set(series, 1);
        break;
    case METRIC_GAUGE:
    case METRIC_AGE:
        metric_set(series, 1764137581.125);
        break;
    case METRIC_COUNTER:
        metric_add(series, 1e15 + 7);
        break;
    }
}

int main(int argc, char **argv)
{
    struct textbuf text = {0};

    for (int id = 0; id < METRIC_COUNT; id++)
        fill((enum metric_id)id);
    metrics_text(&text, argc > 1 && strcmp(argv[1], "openmetrics") == 0);
    (void)fwrite(text.text, 1, text.len, stdout);
    textbuf_done(&text);
    return 0;
}
