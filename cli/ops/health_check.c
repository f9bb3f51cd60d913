/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/health_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/logline.h"
#include "common/textbuf.h"
#include "ops/socket_address.h"

enum { MOST_ANSWER = 65536 };

static bool send_all(int fd, const struct textbuf *text)
{
    for (size_t sent = 0; sent < text->len;) {
        ssize_t n = send(fd, text->text + sent, text->len - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        sent += (size_t)n;
    }
    return true;
}

/* The whole answer: the server closes the connection at its end. */
static bool receive_all(int fd, int64_t deadline_ms, struct textbuf *answer)
{
    char part[4096];

    while (answer->len < MOST_ANSWER) {
        ssize_t n = recv(fd, part, sizeof(part), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 && answer->len != 0;
        textbuf_add(answer, part, (size_t)n);
        if (clock_monotonic_ms() > deadline_ms)
            return false;
    }
    return true;
}

static bool ask(int fd, const char *path, int64_t deadline_ms, struct textbuf *answer)
{
    struct textbuf request = {0};
    bool ok;

    textbuf_printf(&request, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                   path);
    ok = send_all(fd, &request) && receive_all(fd, deadline_ms, answer);
    textbuf_done(&request);
    return ok;
}

bool health_check(const char *listen, const char *path, int64_t timeout_ms)
{
    struct textbuf problem = {0};
    struct textbuf answer = {0};
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    int fd = socket_connect(listen, timeout_ms, &problem);
    bool answered = false;
    int status = 0;

    if (fd >= 0) {
        answered = ask(fd, path, deadline_ms, &answer) &&
                   sscanf(answer.text, "HTTP/1.%*d %d", &status) == 1;
        if (!answered)
            textbuf_puts(&problem, "no answer in time");
        (void)close(fd);
    }
    if (!answered) {
        (void)fprintf(stderr, "%s%s: %s\n", listen, path, problem.text);
    } else {
        const char *body = strstr(answer.text, "\r\n\r\n");
        (void)fputs(body == NULL ? "" : body + 4, status == 200 ? stdout : stderr);
    }
    textbuf_done(&problem);
    textbuf_done(&answer);
    return status == 200;
}
