/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "common/logline.h"
#include "ops/metric_table.h"
#include "ops/metrics.h"

/* The lines of the text that begin with `name`, each with its newline. */
static void check_lines(bool open_metrics, const char *name, const char *want)
{
    struct textbuf text = {0};
    struct textbuf found = {0};

    metrics_text(&text, open_metrics);
    textbuf_puts(&found, "");
    for (const char *line = text.text; *line != '\0'; line = strchr(line, '\n') + 1) {
        if (strncmp(line, name, strlen(name)) == 0)
            textbuf_add(&found, line, (size_t)(strchr(line, '\n') - line) + 1);
    }
    assert_string_equal(found.text, want);
    textbuf_done(&found);
    textbuf_done(&text);
}

static void a_counter_is_shown_from_its_first_sight_and_grows(void **state)
{
    struct metric *m = metric_series(METRIC_COMMITS, METRIC_LABELS("/t", "ok"));

    (void)state;
    check_lines(false, "deltawrite_commits_total",
                "deltawrite_commits_total{table=\"/t\",result=\"ok\"} 0\n");
    metric_add(m, 1);
    metric_add(m, 2);
    assert_ptr_equal(metric_series(METRIC_COMMITS, METRIC_LABELS("/t", "ok")), m);
    check_lines(true, "deltawrite_commits_total",
                "deltawrite_commits_total{table=\"/t\",result=\"ok\"} 3\n");
    check_lines(false, "# TYPE deltawrite_commits", "# TYPE deltawrite_commits_total counter\n");
    check_lines(true, "# TYPE deltawrite_commits", "# TYPE deltawrite_commits counter\n");
}

static void a_gauge_is_shown_once_it_was_set_and_until_it_is_dropped(void **state)
{
    struct metric *m = metric_series(METRIC_CONSUMER_LAG, METRIC_LABELS("events", "3"));

    (void)state;
    check_lines(false, "deltawrite_consumer_lag", "");
    metric_set(m, 12.5);
    check_lines(false, "deltawrite_consumer_lag",
                "deltawrite_consumer_lag{topic=\"events\",partition=\"3\"} 12.5\n");
    metric_drop(m);
    check_lines(false, "deltawrite_consumer_lag", "");
    metric_add(m, -2);
    check_lines(false, "deltawrite_consumer_lag",
                "deltawrite_consumer_lag{topic=\"events\",partition=\"3\"} 10.5\n");
}

static void a_metric_without_labels_has_no_braces(void **state)
{
    (void)state;
    metric_set(metric_series(METRIC_MEMORY_LIMIT, NULL), 268435456);
    check_lines(false, "deltawrite_memory_limit", "deltawrite_memory_limit_bytes 268435456\n");
    check_lines(true, "# UNIT deltawrite_memory_limit",
                "# UNIT deltawrite_memory_limit_bytes bytes\n");
    check_lines(false, "# UNIT", "");
}

static void a_histogram_counts_up_to_each_bound(void **state)
{
    struct metric *m = metric_series(METRIC_COMPACTION_SECONDS, METRIC_LABELS("t"));

    (void)state;
    metric_observe(m, 0.1); /* a bound is within its bucket */
    metric_observe(m, 0.2);
    metric_observe(m, 4000);
    check_lines(false, "deltawrite_compaction_duration_seconds",
                "deltawrite_compaction_duration_seconds_bucket{table=\"t\",le=\"0.1\"} 1\n"
                "deltawrite_compaction_duration_seconds_bucket{table=\"t\",le=\"0.25\"} 2\n"
                "deltawrite_compaction_duration_seconds_bucket{table=\"t\",le=\"0.5\"} 2\n"
                "deltawrite_compaction_duration_seconds_bucket{table=\"t\",le=\"1\"} 2\n"
                "deltawrite_compaction_duration_seconds_bucket{table=\"t\",le=\"2.5\"} 2\n"
                "deltawrite_compaction_duration_seconds_bucket{table=\"t\",le=\"5\"} 2\n"
                "deltawrite_compaction_duration_seconds_bucket{table=\"t\",le=\"10\"} 2\n"
                "deltawrite_compaction_duration_seconds_bucket{table=\"t\",le=\"30\"} 2\n"
                "deltawrite_compaction_duration_seconds_bucket{table=\"t\",le=\"60\"} 2\n"
                "deltawrite_compaction_duration_seconds_bucket{table=\"t\",le=\"300\"} 2\n"
                "deltawrite_compaction_duration_seconds_bucket{table=\"t\",le=\"900\"} 2\n"
                "deltawrite_compaction_duration_seconds_bucket{table=\"t\",le=\"3600\"} 2\n"
                "deltawrite_compaction_duration_seconds_bucket{table=\"t\",le=\"+Inf\"} 3\n"
                "deltawrite_compaction_duration_seconds_sum{table=\"t\"} 4000.3\n"
                "deltawrite_compaction_duration_seconds_count{table=\"t\"} 3\n");
    check_lines(true, "deltawrite_compaction_duration_seconds_bucket{table=\"t\",le=\"3600",
                "deltawrite_compaction_duration_seconds_bucket{table=\"t\",le=\"3600.0\"} 2\n");
}

static void a_delay_grows_by_itself(void **state)
{
    struct metric *m = metric_series(METRIC_DATA_DELAY, METRIC_LABELS("t"));
    struct textbuf text = {0};
    double delay = 0;
    const char *at;

    (void)state;
    metric_set(m, (double)clock_wall_ms() / 1000 - 100);
    metrics_text(&text, false);
    at = strstr(text.text, "deltawrite_data_delay_seconds{table=\"t\"} ");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "deltawrite_data_delay_seconds{table=\"t\"} %lf", &delay), 1);
    assert_true(delay >= 100 && delay < 110);
    textbuf_done(&text);
    metric_set(m, (double)clock_wall_ms() / 1000 + 100); /* a producer's clock is ahead */
    check_lines(false, "deltawrite_data_delay_seconds{",
                "deltawrite_data_delay_seconds{table=\"t\"} 0\n");
}

static void labels_are_escaped_and_are_utf_8(void **state)
{
    (void)state;
    metric_add(metric_series(METRIC_RECORDS_WRITTEN, METRIC_LABELS("a\"b\\c\nd\xff \xc3\xa4")), 1);
    check_lines(false, "deltawrite_records_written_total",
                "deltawrite_records_written_total{table=\"a\\\"b\\\\c\\nd\xef\xbf\xbd \xc3\xa4\"} "
                "1\n");
}

static void labels_that_are_one_text_when_joined_are_two_series(void **state)
{
    (void)state;
    assert_ptr_not_equal(metric_series(METRIC_FLUSHES, METRIC_LABELS("ab", "c")),
                         metric_series(METRIC_FLUSHES, METRIC_LABELS("a", "bc")));
}

static void numbers_read_back_as_they_were(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"},
                 {-3, "-3"},
                 {0.1, "0.1"},
                 {1.0 / 3, "0.3333333333333333"},
                 {1764137581.123, "1764137581.123"},
                 {9007199254740993.0, "9007199254740992"},
                 {1e300, "1e+300"},
                 {NAN, "NaN"},
                 {INFINITY, "+Inf"},
                 {-INFINITY, "-Inf"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct textbuf text = {0};
        metric_number(&text, cases[i].value);
        assert_string_equal(text.text, cases[i].text);
        textbuf_done(&text);
    }
}

static void *observe_and_look(void *ctx)
{
    (void)ctx;
    for (int i = 0; i < 20000; i++) {
        char number[16];
        const char *const labels[] = {"shared", number, NULL};
        (void)snprintf(number, sizeof(number), "%d", i % 50);
        metric_add(metric_series(METRIC_RECORDS_CONSUMED, labels), 1);
        metric_observe(metric_series(METRIC_BATCH_ROWS, METRIC_LABELS("shared")), i);
        if (i % 1000 == 0) {
            struct textbuf text = {0};
            metrics_text(&text, i % 2000 == 0);
            textbuf_done(&text);
        }
    }
    return NULL;
}

static void sum_up(void *ctx, const struct metric_view *view)
{
    double *sum = ctx;

    if (strcmp(view->values[0], "shared") == 0)
        *sum += view->value;
}

static void nothing_is_lost_between_threads(void **state)
{
    pthread_t threads[4];
    double sum = 0;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, observe_and_look, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    metric_each(METRIC_RECORDS_CONSUMED, sum_up, &sum);
    assert_true(sum == 80000);
    check_lines(false, "deltawrite_batch_rows_count",
                "deltawrite_batch_rows_count{table=\"shared\"} 80000\n");
}

static void count_series(void *ctx, const struct metric_view *view)
{
    size_t *count = ctx;

    (void)view;
    ++*count;
}

static void series_beyond_the_bound_share_one(void **state)
{
    struct metric *last = NULL;
    size_t count = 0;

    (void)state;
    for (int i = 0; i < 10500; i++) {
        char name[16];
        const char *const labels[] = {name, NULL};
        (void)snprintf(name, sizeof(name), "table-%d", i);
        last = metric_series(METRIC_VACUUM_FILES, labels);
        metric_add(last, 1);
    }
    metric_each(METRIC_VACUUM_FILES, count_series, &count);
    assert_int_equal(count, 10001);
    assert_ptr_equal(last, metric_series(METRIC_VACUUM_FILES, METRIC_LABELS("other")));
    check_lines(false, "deltawrite_vacuum_files_total{table=\"other\"}",
                "deltawrite_vacuum_files_total{table=\"other\"} 500\n");
}

static void names_follow_the_conventions(void **state)
{
    (void)state;
    for (int id = 0; id < METRIC_COUNT; id++) {
        const struct metric_spec *spec = metric_spec((enum metric_id)id);
        size_t len = strlen(spec->name);

        if (strncmp(spec->name, "deltawrite_", 11) != 0 || spec->help[0] == '\0' ||
            spec->help[strlen(spec->help) - 1] != '.')
            fail_msg("%s", spec->name);
        if ((spec->kind == METRIC_COUNTER) != (strcmp(spec->name + len - 6, "_total") == 0))
            fail_msg("%s: only a counter, and each, ends with _total", spec->name);
        if ((spec->kind == METRIC_HISTOGRAM) != (spec->bounds != NULL))
            fail_msg("%s: only a histogram, and each, has bounds", spec->name);
        for (size_t i = 0; spec->bounds != NULL && spec->bounds[i] != 0; i++) {
            if (i >= METRIC_MOST_BOUNDS || (i != 0 && spec->bounds[i] <= spec->bounds[i - 1]))
                fail_msg("%s: bound %zu", spec->name, i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_is_shown_from_its_first_sight_and_grows),
        cmocka_unit_test(a_gauge_is_shown_once_it_was_set_and_until_it_is_dropped),
        cmocka_unit_test(a_metric_without_labels_has_no_braces),
        cmocka_unit_test(a_histogram_counts_up_to_each_bound),
        cmocka_unit_test(a_delay_grows_by_itself),
        cmocka_unit_test(labels_are_escaped_and_are_utf_8),
        cmocka_unit_test(labels_that_are_one_text_when_joined_are_two_series),
        cmocka_unit_test(numbers_read_back_as_they_were),
        cmocka_unit_test(nothing_is_lost_between_threads),
        cmocka_unit_test(series_beyond_the_bound_share_one),
        cmocka_unit_test(names_follow_the_conventions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
