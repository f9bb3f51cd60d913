/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700 /* terminals */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/logline.h"
#include "common/textbuf.h"

static int own_stderr = -1;
static int file = -1;

/* What is written to standard error goes to `fd` until give_back(). */
static void catch_stderr(int fd)
{
    own_stderr = dup(STDERR_FILENO);
    assert_true(own_stderr >= 0 && dup2(fd, STDERR_FILENO) >= 0);
}

static void give_back(void)
{
    assert_true(dup2(own_stderr, STDERR_FILENO) >= 0);
    (void)close(own_stderr);
}

static void catch_in_file(void)
{
    char path[] = "/tmp/deltawrite-log-XXXXXX";

    file = mkstemp(path);
    assert_true(file >= 0 && unlink(path) == 0);
    catch_stderr(file);
}

/* The lines since then, each from behind its time; the times are checked by their form. */
static char *caught(const char *before_time, const char *after_time)
{
    struct textbuf text = {0};
    struct textbuf out = {0};
    char part[4096];
    ssize_t n;

    give_back();
    (void)lseek(file, 0, SEEK_SET);
    while ((n = read(file, part, sizeof(part))) > 0)
        textbuf_add(&text, part, (size_t)n);
    (void)close(file);
    textbuf_puts(&text, "");
    textbuf_puts(&out, "");
    for (const char *line = text.text; *line != '\0'; line = strchr(line, '\n') + 1) {
        const char *time = line + strlen(before_time);
        unsigned year, month, day, hour, minute, second, ms;

        assert_memory_equal(line, before_time, strlen(before_time));
        assert_int_equal(sscanf(time, "%4u-%2u-%2uT%2u:%2u:%2u.%3uZ", &year, &month, &day, &hour,
                                &minute, &second, &ms),
                         7);
        assert_memory_equal(time + 23, "Z", 1);
        assert_memory_equal(time + 24, after_time, strlen(after_time));
        time += 24 + strlen(after_time);
        textbuf_add(&out, time, (size_t)(strchr(time, '\n') - time) + 1);
    }
    textbuf_done(&text);
    return out.text;
}

static void a_json_line_has_time_level_message_and_fields(void **state)
{
    char *text;

    (void)state;
    log_setup(LOG_FORMAT_JSON, DW_LOG_INFO);
    catch_in_file();
    LOG_EVENT(DW_LOG_WARN, "it \"says\"", F_TEXT("error", "a\\b\n\x01\xff\xc3\xa4"),
              F_NUMBER("rows", INT64_MIN), F_RAW("offsets", "{\"0\":7}"), F_TEXT("code", NULL),
              F_TEXT("table", ""));
    log_message(DW_LOG_ERROR, "end");
    text = caught("{\"time\":\"", "\",\"level\":\"");
    assert_string_equal(
        text,
        "warn\",\"msg\":\"it \\\"says\\\"\",\"error\":\"a\\\\b\\n\\u0001\xef\xbf\xbd\xc3\xa4\","
        "\"rows\":-9223372036854775808,\"offsets\":{\"0\":7},\"table\":\"\"}\n"
        "error\",\"msg\":\"end\"}\n");
    free(text);
}

static void a_text_line_quotes_what_would_be_ambiguous(void **state)
{
    char *text;

    (void)state;
    log_setup(LOG_FORMAT_TEXT, DW_LOG_INFO);
    catch_in_file();
    LOG_EVENT(DW_LOG_INFO, "committed", F_TEXT("table", "s3://lake/events"), F_NUMBER("rows", 5),
              F_TEXT("error", "not there"), F_TEXT("empty", ""), F_TEXT("sum", "a=b"),
              F_TEXT("line", "a\nb"));
    text = caught("", " INFO  ");
    assert_string_equal(text,
                        "committed table=s3://lake/events rows=5 error=\"not there\" empty=\"\" "
                        "sum=\"a=b\" line=\"a\\nb\"\n");
    free(text);
}

static void levels_below_the_least_are_left_out_and_it_can_change(void **state)
{
    char *text;

    (void)state;
    log_setup(LOG_FORMAT_TEXT, DW_LOG_WARN);
    catch_in_file();
    log_message(DW_LOG_INFO, "1");
    log_message(DW_LOG_WARN, "2");
    log_set_level(DW_LOG_DEBUG);
    log_message(DW_LOG_DEBUG, "3");
    log_set_level(DW_LOG_ERROR);
    log_message(DW_LOG_WARN, "4");
    text = caught("", " ");
    assert_string_equal(text, "WARN  2\nDEBUG 3\n");
    free(text);
}

static void it_is_text_on_a_terminal_and_json_elsewhere(void **state)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    char got[200] = "";
    int other;
    char *text;

    (void)state;
    catch_in_file();
    log_setup(LOG_FORMAT_AUTO, DW_LOG_INFO);
    log_message(DW_LOG_INFO, "to a file");
    text = caught("{\"time\":\"", "\",");
    assert_string_equal(text, "\"level\":\"info\",\"msg\":\"to a file\"}\n");
    free(text);
    assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    other = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    assert_true(other >= 0);
    catch_stderr(other);
    log_setup(LOG_FORMAT_AUTO, DW_LOG_INFO);
    log_message(DW_LOG_INFO, "to a person");
    give_back();
    assert_true(read(terminal, got, sizeof(got) - 1) > 0);
    assert_non_null(strstr(got, "Z INFO  to a person"));
    (void)close(other);
    (void)close(terminal);
}

static void a_log_line_takes_the_place_of_a_progress_line(void **state)
{
    char *text;

    (void)state;
    log_setup(LOG_FORMAT_TEXT, DW_LOG_INFO);
    catch_in_file();
    log_progress_shown(true);
    log_message(DW_LOG_DEBUG, "not written");
    log_message(DW_LOG_INFO, "1");
    text = caught("\r\033[K", " INFO  ");
    assert_string_equal(text, "1\n");
    free(text);
    catch_in_file();
    log_message(DW_LOG_INFO, "2");
    text = caught("", " INFO  ");
    assert_string_equal(text, "2\n");
    free(text);
}

static void *write_lines(void *ctx)
{
    char *text = ctx;

    for (int i = 0; i < 500; i++)
        LOG_EVENT(DW_LOG_INFO, text, F_TEXT("error", text));
    return NULL;
}

static void lines_of_several_threads_are_whole(void **state)
{
    char a[1001], b[3001];
    pthread_t threads[2];
    size_t lines = 0;
    char *text;

    (void)state;
    memset(a, 'a', sizeof(a) - 1);
    memset(b, 'b', sizeof(b) - 1);
    a[1000] = b[3000] = '\0';
    log_setup(LOG_FORMAT_TEXT, DW_LOG_INFO);
    catch_in_file();
    assert_int_equal(fcntl(file, F_SETFL, O_APPEND), 0);
    assert_int_equal(pthread_create(&threads[0], NULL, write_lines, a), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, write_lines, b), 0);
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
    text = caught("", " INFO  ");
    for (char *line = text; *line != '\0'; lines++) {
        char *end = strchr(line, '\n');
        size_t n = *line == 'a' ? 1000 : 3000;
        assert_int_equal(end - line, 2 * n + strlen(" error="));
        assert_int_equal(strspn(line, line[0] == 'a' ? "a" : "b"), n);
        line = end + 1;
    }
    assert_int_equal(lines, 1000);
    free(text);
}

static void repeated_events_are_counted(void **state)
{
    static const struct {
        int64_t at_ms;
        int64_t skipped; /* -1: no line */
    } cases[] = {{1000, 0},   {1001, -1},  {5999, -1},   {6000, 2},    {15000, -1},
                 {16000, 1},  {36000, 0},  {76000, 0},   {135999, -1}, {136000, 1},
                 {196000, 0}, {500000, 0}, {500001, -1}, {505000, 1}};
    struct log_repeat repeat = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t skipped = -1;
        bool due = log_repeat_due(&repeat, cases[i].at_ms, &skipped);
        if (due != (cases[i].skipped >= 0) || (due && skipped != cases[i].skipped))
            fail_msg("at %d ms: %d, %d", (int)cases[i].at_ms, due, (int)skipped);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_json_line_has_time_level_message_and_fields),
        cmocka_unit_test(a_text_line_quotes_what_would_be_ambiguous),
        cmocka_unit_test(levels_below_the_least_are_left_out_and_it_can_change),
        cmocka_unit_test(it_is_text_on_a_terminal_and_json_elsewhere),
        cmocka_unit_test(a_log_line_takes_the_place_of_a_progress_line),
        cmocka_unit_test(lines_of_several_threads_are_whole),
        cmocka_unit_test(repeated_events_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
