/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/logline.h"
#include "ops/http_answers.h"

/* A process that does as it is told. */
static struct fake {
    int64_t age_ms;
    const char *why; /* NULL: ready */
    int pauses, resumes, flushes, reloads;
    int64_t waited_ms;
    bool flushed;
} fake;

static int64_t age(void *ctx)
{
    return ((struct fake *)ctx)->age_ms;
}

static bool ready(void *ctx, struct textbuf *why)
{
    struct fake *f = ctx;

    if (f->why != NULL)
        textbuf_puts(why, f->why);
    return f->why == NULL;
}

static void status(void *ctx, struct textbuf *json)
{
    (void)ctx;
    textbuf_puts(json, "\"state\":\"running\"");
}

static void pause_it(void *ctx, bool pause)
{
    struct fake *f = ctx;

    *(pause ? &f->pauses : &f->resumes) += 1;
}

static bool flush(void *ctx, int64_t wait_ms)
{
    struct fake *f = ctx;

    f->flushes++;
    f->waited_ms = wait_ms;
    return f->flushed;
}

static void reload(void *ctx)
{
    ((struct fake *)ctx)->reloads++;
}

static const struct ops_app app = {&fake, age, ready, status, pause_it, flush, reload};

static int prepare(void **state)
{
    (void)state;
    fake = (struct fake){0};
    log_setup(LOG_FORMAT_TEXT, DW_LOG_ERROR);
    return 0;
}

static void ask(const char *token, struct http_request request, unsigned want_status,
                const char *want_body)
{
    const struct http_answers answers = {&app, token, "1.2.3", "abc"};
    struct http_reply reply = {0};

    if (request.method == NULL)
        request.method = "GET";
    if (request.body == NULL)
        request.body = "";
    http_answer(&answers, &request, &reply);
    assert_int_equal(reply.status, want_status);
    if (want_body != NULL)
        assert_string_equal(reply.body.text, want_body);
    textbuf_done(&reply.body);
}

static void get(const char *path, unsigned want_status, const char *want_body)
{
    ask(NULL, (struct http_request){.path = path}, want_status, want_body);
}

static void post(const char *path, unsigned want_status, const char *want_body)
{
    ask("sesame",
        (struct http_request){.method = "POST", .path = path, .authorization = "Bearer sesame"},
        want_status, want_body);
}

static void it_is_live_while_the_loop_moves(void **state)
{
    static const char *const paths[] = {"/livez", "/healthz", "/ping"};

    (void)state;
    fake.why = "Kafka is away"; /* no matter of life */
    for (size_t i = 0; i < 3; i++) {
        fake.age_ms = HTTP_LIVE_MS - 1;
        get(paths[i], 200, "live\n");
        fake.age_ms = HTTP_LIVE_MS + 1000;
        get(paths[i], 503, "not live: the main loop stands still for 61 s\n");
    }
}

static void what_is_not_ready_says_why(void **state)
{
    (void)state;
    get("/readyz", 200, "ready\n");
    ask(NULL, (struct http_request){.path = "/readyz", .accept = "application/json"}, 200,
        "{\"ready\":true,\"reasons\":[]}\n");
    fake.why = "group g: not joined yet; table \"t\": not open";
    get("/readyz", 503, "not ready\n- group g: not joined yet\n- table \"t\": not open\n");
    ask(NULL, (struct http_request){.path = "/readyz", .format = "json"}, 503,
        "{\"ready\":false,\"reasons\":[\"group g: not joined yet\",\"table \\\"t\\\": not "
        "open\"]}\n");
}

static void metrics_are_what_the_asker_prefers(void **state)
{
    static const struct {
        const char *accept;
        bool open;
    } cases[] = {
        {NULL, false},
        {"*/*", false},
        {"text/plain", false},
        {"application/openmetrics-text", true},
        {"application/openmetrics-text;q=0", false},
        {"application/openmetrics-textual", false},
        {"text/plain;q=0.5, application/openmetrics-text;version=1.0.0;q=0.75", true},
        {"text/plain;version=0.0.4;q=0.8,application/openmetrics-text; q=0.1,*/*;q=0.1", false},
        /* Prometheus 3 */
        {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
         "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-"
         "utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
         true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct http_answers answers = {&app, NULL, "1", "a"};
        struct http_request request = {
            .method = "GET", .path = "/metrics", .accept = cases[i].accept, .body = ""};
        struct http_reply reply = {0};

        http_answer(&answers, &request, &reply);
        assert_int_equal(reply.status, 200);
        if ((strstr(reply.body.text, "\n# EOF\n") != NULL) != cases[i].open ||
            strcmp(reply.type, cases[i].open
                                   ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                   : "text/plain; version=0.0.4; charset=utf-8") != 0)
            fail_msg("Accept: %s: %s", cases[i].accept, reply.type);
        textbuf_done(&reply.body);
    }
}

static void admin_requests_need_the_token(void **state)
{
    static const char *const wrong[] = {
        NULL,           "Bearer",       "Bearer ",        "sesame",
        "Basic sesame", "Bearer sesam", "Bearer sesame1", "Bearer Sesame"};
    struct http_request request = {.method = "POST", .path = "/admin/pause"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        request.authorization = wrong[i];
        ask("sesame", request, 401, NULL);
    }
    request.authorization = "Bearer ";
    ask(NULL, request, 403, "refused: HTTP_ADMIN_TOKEN is not set\n");
    ask("", request, 403, "refused: HTTP_ADMIN_TOKEN is not set\n");
    assert_int_equal(fake.pauses, 0);
    request.authorization = "bearer sesame";
    ask("sesame", request, 200, NULL);
    assert_int_equal(fake.pauses, 1);
}

static void admin_requests_do_what_they_say(void **state)
{
    (void)state;
    post("/admin/pause", 200, "pausing: what was read is still committed\n");
    post("/admin/resume", 200, "resuming\n");
    post("/admin/flush", 202, "flushing\n");
    post("/admin/reload", 202, NULL);
    assert_int_equal(fake.pauses, 1);
    assert_int_equal(fake.resumes, 1);
    assert_int_equal(fake.flushes, 1);
    assert_int_equal(fake.reloads, 1);
}

static void a_flush_can_be_waited_for(void **state)
{
    const struct http_answers answers = {&app, "sesame", "1", "a"};
    struct http_request request = {.method = "POST",
                                   .path = "/admin/flush",
                                   .authorization = "Bearer sesame",
                                   .wait = "2.5",
                                   .body = ""};

    (void)state;
    assert_true(http_answer_waits(&answers, &request));
    ask("sesame", request, 504, "not committed within that time; it goes on\n");
    assert_int_equal(fake.waited_ms, 2500);
    fake.flushed = true;
    ask("sesame", request, 200, "flushed: all that was read is committed\n");
    static const char *const wrong[] = {"", "x", "-1", "61", "nan", "1s"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        request.wait = wrong[i];
        ask("sesame", request, 400, NULL);
    }
    request.wait = "5";
    request.authorization = "Bearer other"; /* who is not admitted does not bind a thread */
    assert_false(http_answer_waits(&answers, &request));
}

static void the_log_level_changes(void **state)
{
    struct http_request request = {.method = "POST",
                                   .path = "/admin/log-level",
                                   .authorization = "Bearer sesame",
                                   .level = "warn"};

    (void)state;
    ask("sesame", request, 200, "log level: warn\n");
    assert_int_equal(log_level(), DW_LOG_WARN);
    request.level = NULL;
    request.body = "error\n";
    ask("sesame", request, 200, "log level: error\n");
    assert_int_equal(log_level(), DW_LOG_ERROR);
    request.body = "loud";
    ask("sesame", request, 400, "level: error, warn, info or debug\n");
    request.body = "";
    ask("sesame", request, 400, NULL);
    assert_int_equal(log_level(), DW_LOG_ERROR);
}

static void what_is_not_there_and_wrong_methods_are_told(void **state)
{
    struct http_request request = {.method = "POST", .path = "/metrics"};

    (void)state;
    get("/", 404, NULL);
    get("/metrics/", 404, NULL);
    get("/admin/pause", 405, "only POST\n");
    ask("sesame", request, 405, "only GET and HEAD\n");
    request = (struct http_request){.method = "DELETE", .path = "/admin/flush"};
    ask("sesame", request, 405, "only POST\n");
    request = (struct http_request){.method = "HEAD", .path = "/version"};
    ask(NULL, request, 200,
        "{\"name\":\"deltawrite-kafka\",\"version\":\"1.2.3\",\"commit\":\"abc\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_is_live_while_the_loop_moves, prepare),
        cmocka_unit_test_setup(what_is_not_ready_says_why, prepare),
        cmocka_unit_test_setup(metrics_are_what_the_asker_prefers, prepare),
        cmocka_unit_test_setup(admin_requests_need_the_token, prepare),
        cmocka_unit_test_setup(admin_requests_do_what_they_say, prepare),
        cmocka_unit_test_setup(a_flush_can_be_waited_for, prepare),
        cmocka_unit_test_setup(the_log_level_changes, prepare),
        cmocka_unit_test_setup(what_is_not_there_and_wrong_methods_are_told, prepare),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
