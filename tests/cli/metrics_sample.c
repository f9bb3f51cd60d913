/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the text of all metrics, each with a series whose labels are not easy to read, for the
 * parsers of others; or the table of docs/operations.md. Argument: text, openmetrics, markdown. */
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

static void print_markdown(void)
{
    static const char *const kinds[] = {[METRIC_COUNTER] = "counter",
                                        [METRIC_GAUGE] = "gauge",
                                        [METRIC_AGE] = "gauge",
                                        [METRIC_HISTOGRAM] = "histogram",
                                        [METRIC_INFO] = "info"};

    (void)puts("| Metric | Kind | Labels | Meaning |\n|---|---|---|---|");
    for (int id = 0; id < METRIC_COUNT; id++) {
        const struct metric_spec *spec = metric_spec((enum metric_id)id);
        (void)printf("| `%s` | %s |", spec->name, kinds[spec->kind]);
        for (size_t i = 0; i < METRIC_MOST_LABELS && spec->labels[i] != NULL; i++)
            (void)printf("%s `%s`", i == 0 ? "" : ",", spec->labels[i]);
        (void)printf(" | %.*s |\n", (int)strlen(spec->help) - 1, spec->help);
    }
}

int main(int argc, char **argv)
{
    struct textbuf text = {0};

    if (argc > 1 && strcmp(argv[1], "markdown") == 0) {
        print_markdown();
        return 0;
    }
    for (int id = 0; id < METRIC_COUNT; id++)
        fill((enum metric_id)id);
    metrics_text(&text, argc > 1 && strcmp(argv[1], "openmetrics") == 0);
    (void)fwrite(text.text, 1, text.len, stdout);
    textbuf_done(&text);
    return 0;
}
