/* SPDX-License-Identifier: Apache-2.0 */
/* What the service answers over HTTP, without HTTP: a request goes in, status and text come out.
 *
 *   GET  /livez (/healthz, /ping)  200 while the main loop comes round, else 503
 *   GET  /readyz                   200, or 503 and a line for each reason
 *   GET  /metrics                  Prometheus' text, or OpenMetrics where it is preferred
 *   GET  /status /version          JSON
 *   POST /admin/pause /admin/resume /admin/flush?wait=SECONDS /admin/reload
 *   POST /admin/log-level?level=debug (or the level as body)
 *
 * /admin/ answers only to "Authorization: Bearer TOKEN". */
#ifndef DW_CLI_HTTP_ANSWERS_H
#define DW_CLI_HTTP_ANSWERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "ops/ops_app.h"

/* The main loop may stand still for so long before the service counts as dead: longer than any
 * call in it waits for a broker. */
enum { HTTP_LIVE_MS = 60000, HTTP_MOST_BODY = 4096, HTTP_MOST_WAIT_MS = 60000 };

struct http_request {
    const char *method;
    const char *path;   /* without the query */
    const char *accept; /* these may be NULL */
    const char *authorization;
    const char *level; /* arguments of the query */
    const char *wait;
    const char *format;
    const char *body; /* NUL-terminated */
};

struct http_reply {
    unsigned status;
    const char *type;  /* Content-Type */
    const char *allow; /* NULL, or the Allow header of a 405 */
    struct textbuf body;
};

struct http_answers {
    const struct ops_app *app;
    _Atomic(const char *) admin_token; /* NULL: /admin/ is refused; may change while serving */
    const char *version;
    const char *commit;
};

/* `reply` is zeroed before; textbuf_done(&reply->body) after. */
void http_answer(const struct http_answers *answers, const struct http_request *request,
                 struct http_reply *reply);
/* True when the answer may wait, so that it must not be given by the server's only thread. */
bool http_answer_waits(const struct http_answers *answers, const struct http_request *request);

#endif
