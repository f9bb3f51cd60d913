/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "ops/metrics.h"
#include "ops/statsd.h"

static void collect(void *ctx, const char *datagram, size_t len)
{
    assert_true(len <= 1400);
    textbuf_add(ctx, datagram, len);
    textbuf_puts(ctx, "\n--\n");
}

static void check_round(const char *want)
{
    struct textbuf got = {0};

    statsd_round(collect, &got);
    textbuf_puts(&got, "");
    assert_string_equal(got.text, want);
    textbuf_done(&got);
}

static void counters_are_told_by_what_was_added(void **state)
{
    struct metric *m =
        metric_series(METRIC_RECORDS_CONSUMED, METRIC_LABELS("events.of:all|\xc3\xa4", "0"));

    (void)state;
    check_round("");
    metric_add(m, 250);
    check_round("deltawrite.records_consumed_total.events_of_all___.0:250|c\n--\n");
    check_round("");
    metric_add(m, 5);
    check_round("deltawrite.records_consumed_total.events_of_all___.0:5|c\n--\n");
}

static void gauges_are_told_as_they_are(void **state)
{
    struct metric *m = metric_series(METRIC_MEMORY_LIMIT, NULL);

    (void)state;
    metric_set(m, 100);
    check_round("deltawrite.memory_limit_bytes:100|g\n--\n");
    metric_set(m, -5);
    check_round("deltawrite.memory_limit_bytes:0|g\ndeltawrite.memory_limit_bytes:-5|g\n--\n");
    metric_drop(m);
    check_round("");
}

static void histograms_are_told_by_count_and_sum(void **state)
{
    struct metric *m = metric_series(METRIC_BATCH_ROWS, METRIC_LABELS("t"));

    (void)state;
    metric_observe(m, 10);
    metric_observe(m, 30);
    check_round("deltawrite.batch_rows.count.t:2|c\ndeltawrite.batch_rows.sum.t:40|c\n--\n");
    check_round("");
}

static void datagrams_are_bounded_and_lose_no_line(void **state)
{
    struct textbuf got = {0};
    size_t lines = 0;
    size_t datagrams = 0;

    (void)state;
    for (int i = 0; i < 500; i++) {
        char name[16];
        const char *const labels[] = {"a topic", name, NULL};
        (void)snprintf(name, sizeof(name), "%d", i);
        metric_add(metric_series(METRIC_BYTES_CONSUMED, labels), 1);
    }
    statsd_round(collect, &got);
    for (const char *p = got.text; *p != '\0'; p = strchr(p, '\n') + 1) {
        lines += strncmp(p, "deltawrite.bytes_consumed_total.a_topic.", 40) == 0;
        datagrams += strncmp(p, "--\n", 3) == 0;
    }
    assert_int_equal(lines, 500);
    assert_in_range(datagrams, 15, 25);
    textbuf_done(&got);
}

static void what_is_left_is_sent_at_the_end(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval wait = {10, 0};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    char address[32];
    char got[2000] = "";

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    (void)snprintf(address, sizeof(address), "127.0.0.1:%d", ntohs(at.sin_port));
    assert_true(statsd_start(address));
    metric_add(metric_series(METRIC_REBALANCES, METRIC_LABELS("assign")), 3);
    statsd_stop();
    assert_true(recv(fd, got, sizeof(got) - 1, 0) > 0);
    assert_string_equal(got, "deltawrite.rebalances_total.assign:3|c");
    (void)close(fd);
    statsd_stop(); /* does nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_are_told_by_what_was_added),
        cmocka_unit_test(gauges_are_told_as_they_are),
        cmocka_unit_test(histograms_are_told_by_count_and_sum),
        cmocka_unit_test(datagrams_are_bounded_and_lose_no_line),
        cmocka_unit_test(what_is_left_is_sent_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
