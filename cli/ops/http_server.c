/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/http_server.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/logline.h"
#include "common/memory.h"
#include "ops/socket_address.h"

enum {
    MOST_CONNECTIONS = 200,
    IDLE_SECONDS = 15,
    CONNECTION_BYTES = 16384, /* a request's head may be so long */
    MOST_WAITING = 4
};

struct http_server {
    const struct http_answers *answers;
    struct MHD_Daemon *daemon;
    struct textbuf address;
    atomic_int waiting; /* requests that have a thread */
    struct log_repeat refused;
};

/* One request on its way. */
struct call {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct http_request request;
    struct http_reply reply;
    struct textbuf body;
    bool answered;
};

static const char *header(struct call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name);
}

static const char *argument(struct call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, name);
}

static void read_request(struct call *call, const char *method, const char *path)
{
    textbuf_puts(&call->body, "");
    call->request = (struct http_request){.method = method,
                                          .path = path,
                                          .accept = header(call, "Accept"),
                                          .authorization = header(call, "Authorization"),
                                          .level = argument(call, "level"),
                                          .wait = argument(call, "wait"),
                                          .format = argument(call, "format"),
                                          .body = call->body.text};
}

static void log_refusal(struct call *call)
{
    int64_t skipped = 0;

    if (call->reply.status != 401 && call->reply.status != 403)
        return;
    if (log_repeat_due(&call->server->refused, clock_monotonic_ms(), &skipped))
        LOG_EVENT(DW_LOG_WARN, "an admin request was refused",
                  F_NUMBER("code", (int64_t)call->reply.status), F_TEXT("path", call->request.path),
                  F_NUMBER("not_logged", skipped));
}

static enum MHD_Result send_reply(struct call *call)
{
    struct http_reply *reply = &call->reply;
    struct MHD_Response *response;
    enum MHD_Result result;

    log_refusal(call);
    response =
        MHD_create_response_from_buffer(reply->body.len, reply->body.text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        return MHD_NO;
    reply->body = (struct textbuf){0};
    (void)MHD_add_response_header(response, "Content-Type", reply->type);
    (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (reply->allow != NULL)
        (void)MHD_add_response_header(response, "Allow", reply->allow);
    if (reply->status == 401)
        (void)MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    result = MHD_queue_response(call->connection, reply->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_line(struct call *call, unsigned status, const char *line)
{
    textbuf_done(&call->reply.body);
    call->reply = (struct http_reply){.status = status, .type = "text/plain; charset=utf-8"};
    textbuf_puts(&call->reply.body, line);
    call->answered = true;
    return send_reply(call);
}

static void *answer_and_resume(void *ctx)
{
    struct call *call = ctx;
    struct http_server *server = call->server;

    http_answer(server->answers, &call->request, &call->reply);
    call->answered = true;
    MHD_resume_connection(call->connection);
    (void)atomic_fetch_sub(&server->waiting, 1);
    return NULL;
}

/* False: no thread is to be had for it. */
static bool answer_elsewhere(struct call *call)
{
    pthread_t thread;

    if (atomic_fetch_add(&call->server->waiting, 1) >= MOST_WAITING) {
        (void)atomic_fetch_sub(&call->server->waiting, 1);
        return false;
    }
    MHD_suspend_connection(call->connection);
    if (pthread_create(&thread, NULL, answer_and_resume, call) != 0) {
        MHD_resume_connection(call->connection);
        (void)atomic_fetch_sub(&call->server->waiting, 1);
        return false;
    }
    (void)pthread_detach(thread);
    return true;
}

static enum MHD_Result answer(struct call *call, const char *method, const char *path)
{
    if (call->answered)
        return send_reply(call);
    if (call->body.len > HTTP_MOST_BODY)
        return send_line(call, 413, "too long: 4096 bytes at the most\n");
    read_request(call, method, path);
    if (http_answer_waits(call->server->answers, &call->request)) {
        if (!answer_elsewhere(call))
            return send_line(call, 503, "too many requests wait already\n");
        return MHD_YES;
    }
    http_answer(call->server->answers, &call->request, &call->reply);
    return send_reply(call);
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *http_version, const char *data,
                              size_t *data_len, void **call_slot)
{
    struct call *call = *call_slot;

    (void)http_version;
    if (call == NULL) { /* the head is there: a body may follow */
        const char *length;
        call = need_alloc(1, sizeof(*call));
        call->server = ctx;
        call->connection = connection;
        *call_slot = call;
        length = header(call, "Content-Length");
        if (length != NULL && strtoull(length, NULL, 10) > HTTP_MOST_BODY)
            return send_line(call, 413, "too long: 4096 bytes at the most\n");
        return MHD_YES;
    }
    if (*data_len == 0)
        return answer(call, method, path);
    if (call->body.len <= HTTP_MOST_BODY) /* what is longer is refused at its end */
        textbuf_add(&call->body, data, *data_len);
    *data_len = 0;
    return MHD_YES;
}

static void completed(void *ctx, struct MHD_Connection *connection, void **call_slot,
                      enum MHD_RequestTerminationCode why)
{
    struct call *call = *call_slot;

    (void)ctx;
    (void)connection;
    (void)why;
    if (call == NULL)
        return;
    textbuf_done(&call->body);
    textbuf_done(&call->reply.body);
    free(call);
    *call_slot = NULL;
}

struct http_server *http_server_start(const char *listen, const struct http_answers *answers,
                                      struct textbuf *problem)
{
    int fd = socket_listen(listen, problem);
    struct http_server *server;

    if (fd < 0)
        return NULL;
    server = need_alloc(1, sizeof(*server));
    server->answers = answers;
    socket_name(fd, &server->address);
    server->daemon = MHD_start_daemon(
        MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME, 0,
        NULL, NULL, handle, server, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)MOST_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_NOTIFY_COMPLETED,
        completed, NULL, MHD_OPTION_END);
    if (server->daemon != NULL)
        return server;
    textbuf_puts(problem, "no HTTP server could be started");
    (void)close(fd);
    textbuf_done(&server->address);
    free(server);
    return NULL;
}

const char *http_server_address(const struct http_server *server)
{
    return server->address.text;
}

void http_server_stop(struct http_server *server)
{
    if (server == NULL)
        return;
    /* A connection whose thread still waits cannot be closed; the process ends soon. */
    if (atomic_load(&server->waiting) != 0)
        return;
    MHD_stop_daemon(server->daemon);
    textbuf_done(&server->address);
    free(server);
}
