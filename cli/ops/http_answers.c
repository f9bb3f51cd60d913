/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/http_answers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/logline.h"
#include "ops/metrics.h"

#define TEXT "text/plain; charset=utf-8"
#define JSON "application/json"

static void text_reply(struct http_reply *reply, unsigned status, const char *line)
{
    reply->status = status;
    reply->type = TEXT;
    textbuf_puts(&reply->body, line);
    textbuf_puts(&reply->body, "\n");
}

/* ---- Accept ---- */

/* One media range of an Accept header: how much it is wanted, in thousandths. */
static int quality_of(const char *range, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (range[i] != ';')
            continue;
        do
            i++;
        while (i < len && (range[i] == ' ' || range[i] == '\t'));
        if (i + 1 < len && (range[i] | 0x20) == 'q' && range[i + 1] == '=')
            return (int)(strtod(range + i + 2, NULL) * 1000 + 0.5);
        i--;
    }
    return 1000;
}

/* The best quality that `accept` has for a media type, -1: it is not named. */
static int wanted(const char *accept, const char *type)
{
    int best = -1;

    while (accept != NULL && *accept != '\0') {
        size_t len;
        int quality;

        accept += strspn(accept, " \t,");
        len = strcspn(accept, ",");
        quality = quality_of(accept, len);
        if (strncasecmp(accept, type, strlen(type)) == 0 &&
            strchr("; \t,", accept[strlen(type)]) != NULL && quality > best)
            best = quality;
        accept += len;
    }
    return best;
}

static bool wants_json(const struct http_request *request)
{
    if (request->format != NULL)
        return strcmp(request->format, "json") == 0;
    return wanted(request->accept, "application/json") > wanted(request->accept, "text/plain");
}

/* ---- GET ---- */

static void answer_live(const struct http_answers *answers, const struct http_request *request,
                        struct http_reply *reply)
{
    int64_t age_ms = answers->app->loop_age_ms(answers->app->ctx);

    (void)request;
    if (age_ms < HTTP_LIVE_MS) {
        text_reply(reply, 200, "live");
        return;
    }
    reply->status = 503;
    reply->type = TEXT;
    textbuf_printf(&reply->body, "not live: the main loop stands still for %" PRId64 " s\n",
                   age_ms / 1000);
}

/* Each of the reasons in "a; b" by itself. */
static void add_reasons(struct textbuf *out, const char *why, bool json)
{
    bool first = true;

    while (*why != '\0') {
        const char *end = strstr(why, "; ");
        size_t len = end == NULL ? strlen(why) : (size_t)(end - why);

        if (json) {
            textbuf_puts(out, first ? "" : ",");
            textbuf_json_string(out, why, len);
        } else {
            textbuf_puts(out, "- ");
            textbuf_add(out, why, len);
            textbuf_puts(out, "\n");
        }
        first = false;
        why += len + (end == NULL ? 0 : 2);
    }
}

static void answer_ready(const struct http_answers *answers, const struct http_request *request,
                         struct http_reply *reply)
{
    struct textbuf why = {0};
    bool ready = answers->app->ready(answers->app->ctx, &why);
    bool json = wants_json(request);

    textbuf_puts(&why, "");
    reply->status = ready ? 200 : 503;
    reply->type = json ? JSON : TEXT;
    if (json)
        textbuf_printf(&reply->body, "{\"ready\":%s,\"reasons\":[", ready ? "true" : "false");
    else
        textbuf_puts(&reply->body, ready ? "ready\n" : "not ready\n");
    if (!ready)
        add_reasons(&reply->body, why.text, json);
    if (json)
        textbuf_puts(&reply->body, "]}\n");
    textbuf_done(&why);
}

static void answer_metrics(const struct http_answers *answers, const struct http_request *request,
                           struct http_reply *reply)
{
    int open = wanted(request->accept, "application/openmetrics-text");
    bool open_metrics = open > 0 && open >= wanted(request->accept, "text/plain");

    (void)answers;
    reply->status = 200;
    reply->type = open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                               : "text/plain; version=0.0.4; charset=utf-8";
    metrics_text(&reply->body, open_metrics);
}

static void add_version(const struct http_answers *answers, struct textbuf *json)
{
    textbuf_puts(json, "\"name\":\"deltawrite-kafka\",\"version\":");
    textbuf_json_string(json, answers->version, strlen(answers->version));
    textbuf_puts(json, ",\"commit\":");
    textbuf_json_string(json, answers->commit, strlen(answers->commit));
}

static void answer_version(const struct http_answers *answers, const struct http_request *request,
                           struct http_reply *reply)
{
    (void)request;
    reply->status = 200;
    reply->type = JSON;
    textbuf_puts(&reply->body, "{");
    add_version(answers, &reply->body);
    textbuf_puts(&reply->body, "}\n");
}

static void answer_status(const struct http_answers *answers, const struct http_request *request,
                          struct http_reply *reply)
{
    struct textbuf *json = &reply->body;

    (void)request;
    reply->status = 200;
    reply->type = JSON;
    textbuf_puts(json, "{");
    add_version(answers, json);
    textbuf_puts(json, ",\"time\":\"");
    textbuf_time(json, clock_wall_ms());
    textbuf_printf(json, "\",\"pid\":%ld,\"log_level\":\"%s\",", (long)getpid(),
                   log_level_name(log_level()));
    answers->app->status(answers->app->ctx, json);
    textbuf_puts(json, "}\n");
}

/* ---- POST /admin/ ---- */

/* Takes as long for any wrong token of one length. */
static bool same_token(const char *given, const char *token)
{
    size_t given_len = strlen(given);
    size_t len = strlen(token);
    volatile unsigned char differ = given_len != len;

    for (size_t i = 0; i < given_len; i++)
        differ = (unsigned char)(differ | (given[i] ^ token[i % (len + 1)]));
    return differ == 0;
}

/* False: *reply says why not. */
static bool allowed(const struct http_answers *answers, const struct http_request *request,
                    struct http_reply *reply)
{
    static const char scheme[] = "Bearer ";
    const char *given = request->authorization;
    const char *token = answers->admin_token;

    if (token == NULL || token[0] == '\0') {
        text_reply(reply, 403, "refused: HTTP_ADMIN_TOKEN is not set");
        return false;
    }
    if (given == NULL || strncasecmp(given, scheme, sizeof(scheme) - 1) != 0) {
        text_reply(reply, 401, "refused: Authorization: Bearer TOKEN is needed");
        return false;
    }
    if (!same_token(given + sizeof(scheme) - 1, token)) {
        text_reply(reply, 401, "refused: another token than HTTP_ADMIN_TOKEN");
        return false;
    }
    return true;
}

static void answer_pause(const struct http_answers *answers, const struct http_request *request,
                         struct http_reply *reply)
{
    (void)request;
    answers->app->pause(answers->app->ctx, true);
    log_message(DW_LOG_INFO, "paused by an admin request");
    text_reply(reply, 200, "pausing: what was read is still committed");
}

static void answer_resume(const struct http_answers *answers, const struct http_request *request,
                          struct http_reply *reply)
{
    (void)request;
    answers->app->pause(answers->app->ctx, false);
    log_message(DW_LOG_INFO, "resumed by an admin request");
    text_reply(reply, 200, "resuming");
}

/* -1: no number of seconds. */
static int64_t wait_ms_of(const struct http_request *request)
{
    char *end = NULL;
    double seconds;

    if (request->wait == NULL)
        return 0;
    seconds = strtod(request->wait, &end);
    if (end == request->wait || *end != '\0' ||
        !(seconds >= 0 && seconds * 1000 <= HTTP_MOST_WAIT_MS))
        return -1;
    return (int64_t)(seconds * 1000);
}

static void answer_flush(const struct http_answers *answers, const struct http_request *request,
                         struct http_reply *reply)
{
    int64_t wait_ms = wait_ms_of(request);

    if (wait_ms < 0) {
        text_reply(reply, 400, "wait: a number of seconds from 0 to 60");
        return;
    }
    log_message(DW_LOG_INFO, "flush by an admin request");
    if (answers->app->flush(answers->app->ctx, wait_ms))
        text_reply(reply, 200, "flushed: all that was read is committed");
    else if (wait_ms == 0)
        text_reply(reply, 202, "flushing");
    else
        text_reply(reply, 504, "not committed within that time; it goes on");
}

static void answer_reload(const struct http_answers *answers, const struct http_request *request,
                          struct http_reply *reply)
{
    (void)request;
    answers->app->reload(answers->app->ctx);
    text_reply(reply, 202, "reloading: the log tells what was changed");
}

static void answer_log_level(const struct http_answers *answers, const struct http_request *request,
                             struct http_reply *reply)
{
    const char *given = request->level != NULL ? request->level : request->body;
    size_t len = strcspn(given, "\r\n");
    int level = -1;

    (void)answers;
    for (int i = DW_LOG_ERROR; i <= DW_LOG_DEBUG; i++) {
        if (strlen(log_level_name(i)) == len && memcmp(given, log_level_name(i), len) == 0)
            level = i;
    }
    if (level < 0) {
        text_reply(reply, 400, "level: error, warn, info or debug");
        return;
    }
    log_set_level(level);
    LOG_EVENT(DW_LOG_INFO, "log level changed by an admin request",
              F_TEXT("to", log_level_name(level)));
    reply->status = 200;
    reply->type = TEXT;
    textbuf_printf(&reply->body, "log level: %s\n", log_level_name(level));
}

/* ---- paths ---- */

static const struct route {
    const char *path;
    bool admin; /* POST with the token; else GET and HEAD */
    void (*answer)(const struct http_answers *answers, const struct http_request *request,
                   struct http_reply *reply);
} routes[] = {
    {"/livez", false, answer_live},         {"/healthz", false, answer_live},
    {"/ping", false, answer_live},          {"/readyz", false, answer_ready},
    {"/metrics", false, answer_metrics},    {"/status", false, answer_status},
    {"/version", false, answer_version},    {"/admin/pause", true, answer_pause},
    {"/admin/resume", true, answer_resume}, {"/admin/flush", true, answer_flush},
    {"/admin/reload", true, answer_reload}, {"/admin/log-level", true, answer_log_level},
};

static const struct route *find_route(const char *path)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (strcmp(path, routes[i].path) == 0)
            return &routes[i];
    }
    return NULL;
}

static bool fits_method(const struct route *route, const char *method)
{
    if (route->admin)
        return strcmp(method, "POST") == 0;
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static void not_found(struct http_reply *reply)
{
    reply->status = 404;
    reply->type = TEXT;
    textbuf_puts(&reply->body, "no such path; there are");
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        textbuf_printf(&reply->body, " %s", routes[i].path);
    textbuf_puts(&reply->body, "\n");
}

static void count_request(const struct route *route, unsigned status)
{
    char code[16];
    const char *const labels[] = {route == NULL ? "other" : route->path, code, NULL};

    (void)snprintf(code, sizeof(code), "%u", status);
    metric_add(metric_series(METRIC_HTTP_REQUESTS, labels), 1);
}

void http_answer(const struct http_answers *answers, const struct http_request *request,
                 struct http_reply *reply)
{
    const struct route *route = find_route(request->path);

    if (route == NULL) {
        not_found(reply);
    } else if (!fits_method(route, request->method)) {
        reply->allow = route->admin ? "POST" : "GET, HEAD";
        text_reply(reply, 405, route->admin ? "only POST" : "only GET and HEAD");
    } else if (!route->admin || allowed(answers, request, reply)) {
        route->answer(answers, request, reply);
    }
    count_request(route, reply->status);
}

bool http_answer_waits(const struct http_answers *answers, const struct http_request *request)
{
    struct http_reply unused = {0};
    const struct route *route = find_route(request->path);
    bool waits = route != NULL && route->answer == answer_flush &&
                 fits_method(route, request->method) && wait_ms_of(request) > 0 &&
                 allowed(answers, request, &unused);

    textbuf_done(&unused.body);
    return waits;
}
