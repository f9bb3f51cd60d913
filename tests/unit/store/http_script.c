/* SPDX-License-Identifier: Apache-2.0 */
#include "http_script.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"

/* What is wrong here is a broken test: no recovery. */
static void must(bool ok)
{
    if (!ok)
        abort();
}

static size_t content_length(const char *head)
{
    const char *at = strstr(head, "\r\nContent-Length: ");

    return at == NULL ? 0 : (size_t)strtoull(at + 18, NULL, 10);
}

/* One whole request into `out`; false when the client closed before. */
static bool read_request(int fd, dwi_buf *out)
{
    const char *end = NULL;

    for (;;) {
        ssize_t n;
        must(dwi_buf_reserve(out, 65536));
        n = recv(fd, out->data + out->len, 65535, 0);
        if (n <= 0)
            return false;
        out->len += (size_t)n;
        end = strstr(dwi_buf_cstr(out), "\r\n\r\n");
        if (end != NULL && out->len >= (size_t)(end + 4 - (const char *)out->data) +
                                           content_length((const char *)out->data))
            return true;
    }
}

static void wait_for_close(int fd)
{
    char byte;

    while (recv(fd, &byte, 1, 0) > 0)
        continue;
}

static void send_all(int fd, const void *data, size_t len)
{
    must(send(fd, data, len, MSG_NOSIGNAL) == (ssize_t)len);
}

/* With the length of the body, unless the head tells one. */
static void send_answer(int fd, const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    dwi_buf text;

    dwi_buf_init(&text, dwi_alloc_default());
    if (end == NULL || strstr(answer, "Content-Length") != NULL) {
        dwi_buf_append_cstr(&text, answer);
    } else {
        dwi_buf_append(&text, answer, (size_t)(end - answer));
        dwi_buf_printf(&text, "\r\nContent-Length: %zu%s", strlen(end + 4), end);
    }
    send_all(fd, text.data, text.len);
    dwi_buf_done(&text);
}

/* True when the connection stays open. */
static bool act(int fd, const script_step *step)
{
    const struct linger at_once = {1, 0};

    switch (step->action) {
    case SCRIPT_ANSWER:
    case SCRIPT_ANSWER_CLOSE:
        send_answer(fd, step->answer);
        return step->action == SCRIPT_ANSWER;
    case SCRIPT_RESET:
        must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) == 0);
        return false;
    case SCRIPT_STALL:
        wait_for_close(fd);
        return false;
    default:
        return false;
    }
}

/* Waits for the next request; false when a client comes by a new connection instead. */
static bool stays(const http_script *s, int fd)
{
    struct pollfd both[2] = {{fd, POLLIN, 0}, {s->listener, POLLIN, 0}};

    must(poll(both, 2, -1) > 0);
    return both[0].revents != 0;
}

static void *serve(void *arg)
{
    http_script *s = arg;

    while (s->n_served < s->n_steps) {
        int fd = accept(s->listener, NULL, NULL);
        bool open = fd >= 0;
        if (!open)
            break;
        while (open && s->n_served < s->n_steps) {
            dwi_buf *request = &s->requests[s->n_served];
            dwi_buf_clear(request);
            open = stays(s, fd) && read_request(fd, request);
            if (open)
                open = act(fd, &s->steps[s->n_served++]);
        }
        (void)close(fd);
    }
    (void)shutdown(s->listener, SHUT_RDWR); /* from now on refused */
    return NULL;
}

void http_script_start(http_script *script, const script_step *steps, size_t n_steps)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);

    memset(script, 0, sizeof(*script));
    must(n_steps <= SCRIPT_STEPS);
    script->steps = steps;
    script->n_steps = n_steps;
    for (size_t i = 0; i < SCRIPT_STEPS; i++)
        dwi_buf_init(&script->requests[i], dwi_alloc_default());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    script->listener = socket(AF_INET, SOCK_STREAM, 0);
    must(script->listener >= 0);
    must(bind(script->listener, (struct sockaddr *)&address, sizeof(address)) == 0);
    must(listen(script->listener, 8) == 0);
    must(getsockname(script->listener, (struct sockaddr *)&address, &len) == 0);
    script->port = ntohs(address.sin_port);
    must(pthread_create(&script->thread, NULL, serve, script) == 0);
}

void http_script_stop(http_script *script)
{
    (void)shutdown(script->listener, SHUT_RDWR);
    must(pthread_join(script->thread, NULL) == 0);
    (void)close(script->listener);
}

void http_script_done(http_script *script)
{
    for (size_t i = 0; i < SCRIPT_STEPS; i++)
        dwi_buf_done(&script->requests[i]);
}
