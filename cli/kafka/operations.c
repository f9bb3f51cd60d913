/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/operations.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <deltawrite/version.h>

#include "build_commit.h"
#include "common/logline.h"
#include "common/memory.h"
#include "common/settings.h"
#include "kafka/control.h"
#include "ops/health_check.h"
#include "ops/http_server.h"
#include "ops/metrics.h"
#include "ops/statsd.h"

enum { HEALTH_TIMEOUT_MS = 5000 };

/* A copy of an admin token: a request may still look at an older one, so all of them stay. */
struct token {
    struct token *before;
    char text[];
};

static struct {
    struct token *tokens;
    struct http_server *server;
    struct ops_app app;
    struct http_answers answers;
} running;

/* ---- what ops/ops_app.h asks ---- */

static int64_t loop_age_ms(void *ctx)
{
    (void)ctx;
    return control_loop_age_ms();
}

static bool ready(void *ctx, struct textbuf *why)
{
    const struct service_status *status = control_status();
    bool is_ready = status->ready;

    (void)ctx;
    if (!is_ready)
        textbuf_puts(why, status->why_not_ready == NULL ? "starting" : status->why_not_ready);
    control_unref(status);
    return is_ready;
}

static void add_text(struct textbuf *json, const char *name, const char *text)
{
    textbuf_printf(json, ",\"%s\":", name);
    if (text == NULL)
        textbuf_puts(json, "null");
    else
        textbuf_json_string(json, text, strlen(text));
}

/* -1 is null. */
static void add_number(struct textbuf *json, const char *name, int64_t number)
{
    textbuf_printf(json, ",\"%s\":", name);
    if (number < 0)
        textbuf_puts(json, "null");
    else
        textbuf_printf(json, "%" PRId64, number);
}

static void add_bool(struct textbuf *json, const char *name, bool value)
{
    textbuf_printf(json, ",\"%s\":%s", name, value ? "true" : "false");
}

/* Milliseconds since 1970, as text; 0 and less: null. */
static void add_time(struct textbuf *json, const char *name, int64_t time_ms)
{
    textbuf_printf(json, ",\"%s\":", name);
    if (time_ms <= 0) {
        textbuf_puts(json, "null");
        return;
    }
    textbuf_puts(json, "\"");
    textbuf_time(json, time_ms);
    textbuf_puts(json, "\"");
}

static void add_tables(struct textbuf *json, const struct service_status *status)
{
    textbuf_puts(json, ",\"tables\":[");
    for (size_t i = 0; i < status->n_tables; i++) {
        const struct status_table *table = &status->tables[i];
        textbuf_puts(json, i == 0 ? "{\"table\":" : ",{\"table\":");
        textbuf_json_string(json, table->uri, strlen(table->uri));
        add_bool(json, "open", table->open);
        add_number(json, "version", table->version);
        add_time(json, "last_commit", table->last_commit_ms);
        add_number(json, "rows_written", table->rows_written);
        add_number(json, "rejected", table->rejected);
        add_number(json, "buffer_rows", table->buffer_rows);
        add_number(json, "buffer_bytes", table->buffer_bytes);
        add_text(json, "last_error", table->last_error);
        add_time(json, "last_error_time", table->last_error_ms);
        textbuf_puts(json, "}");
    }
    textbuf_puts(json, "]");
}

static void add_partitions(struct textbuf *json, const struct service_status *status)
{
    textbuf_puts(json, ",\"partitions\":[");
    for (size_t i = 0; i < status->n_partitions; i++) {
        const struct status_partition *p = &status->partitions[i];
        textbuf_puts(json, i == 0 ? "{\"topic\":" : ",{\"topic\":");
        textbuf_json_string(json, p->topic, strlen(p->topic));
        add_number(json, "partition", p->number);
        add_number(json, "fetched", p->fetched);
        add_number(json, "committed", p->committed);
        add_number(json, "end", p->end);
        add_number(json, "lag", p->lag);
        add_bool(json, "paused", p->paused);
        textbuf_puts(json, "}");
    }
    textbuf_puts(json, "]");
}

/* Null when the lag of a partition is not known. */
static int64_t lag_of(const struct service_status *status)
{
    int64_t lag = 0;

    for (size_t i = 0; i < status->n_partitions; i++) {
        if (status->partitions[i].lag < 0)
            return -1;
        lag += status->partitions[i].lag;
    }
    return lag;
}

static void add_status(void *ctx, struct textbuf *json)
{
    static const char *const phases[] = {"starting", "running", "paused", "stopping"};
    const struct service_status *status = control_status();
    const char *group_id = ctx;

    textbuf_printf(json, "\"state\":\"%s\"", phases[status->phase]);
    add_time(json, "started", status->start_ms);
    add_bool(json, "ready", status->ready);
    add_text(json, "why_not_ready", status->ready ? NULL : status->why_not_ready);
    add_text(json, "group", group_id);
    add_bool(json, "joined", status->joined);
    add_number(json, "lag", lag_of(status));
    textbuf_printf(json, ",\"memory\":{\"buffer_bytes\":%" PRId64 ",\"limit_bytes\":%" PRId64,
                   status->memory_bytes, status->memory_limit);
    add_bool(json, "full", status->memory_full);
    textbuf_puts(json, "}");
    add_tables(json, status);
    add_partitions(json, status);
    control_unref(status);
}

static void pause_reading(void *ctx, bool pause)
{
    (void)ctx;
    control_pause(pause);
}

static bool flush(void *ctx, int64_t wait_ms)
{
    (void)ctx;
    return control_flush(wait_ms);
}

static void reload(void *ctx)
{
    (void)ctx;
    control_reload();
}

/* ---- the server ---- */

void operations_reload(const struct http_config *http)
{
    struct token *token;

    if (http->admin_token == NULL) {
        running.answers.admin_token = NULL;
        return;
    }
    if (running.tokens == NULL || strcmp(running.tokens->text, http->admin_token) != 0) {
        token = need_alloc(1, sizeof(*token) + strlen(http->admin_token) + 1);
        memcpy(token->text, http->admin_token, strlen(http->admin_token) + 1);
        token->before = running.tokens;
        running.tokens = token;
    }
    running.answers.admin_token = running.tokens->text;
}

static int start_http(const struct http_config *http)
{
    struct textbuf problem = {0};
    int code = -1;

    running.answers.app = &running.app;
    running.answers.version = dw_version();
    running.answers.commit = BUILD_COMMIT;
    operations_reload(http);
    running.server = http_server_start(http->listen, &running.answers, &problem);
    if (running.server == NULL) {
        struct textbuf reason = {0};
        textbuf_printf(&reason, "%s: %s", http->listen, problem.text);
        code = settings_fail(SERVICE_NAME, EXIT_CODE_CONFIG, "HTTP_LISTEN", reason.text);
        textbuf_done(&reason);
    } else {
        LOG_EVENT(DW_LOG_INFO, "HTTP is served",
                  F_TEXT("address", http_server_address(running.server)),
                  F_TEXT("admin", http->admin_token == NULL ? "refused: no HTTP_ADMIN_TOKEN"
                                                            : "with token"));
    }
    textbuf_done(&problem);
    return code;
}

int operations_start(const struct http_config *http, const char *group_id)
{
    running.app = (struct ops_app){.ctx = (void *)(uintptr_t)group_id,
                                   .loop_age_ms = loop_age_ms,
                                   .ready = ready,
                                   .status = add_status,
                                   .pause = pause_reading,
                                   .flush = flush,
                                   .reload = reload};
    metric_set(metric_series(METRIC_BUILD_INFO, METRIC_LABELS(dw_version(), BUILD_COMMIT)), 1);
    metric_set(metric_series(METRIC_CONFIG_RELOAD, NULL), (double)clock_wall_ms() / 1000);
    if (http->statsd != NULL && !statsd_start(http->statsd))
        return settings_fail(SERVICE_NAME, EXIT_CODE_RUNTIME, "threads", "none to be had");
    return http->listen == NULL ? -1 : start_http(http);
}

void operations_stop(void)
{
    statsd_stop();
    http_server_stop(running.server);
    running.server = NULL;
}

int operations_check_health(const struct http_config *http, bool live)
{
    if (http->listen == NULL) {
        (void)puts("HTTP_LISTEN is off: there is nobody to ask");
        return EXIT_CODE_DONE;
    }
    return health_check(http->listen, live ? "/livez" : "/readyz", HEALTH_TIMEOUT_MS)
               ? EXIT_CODE_DONE
               : EXIT_CODE_RUNTIME;
}
