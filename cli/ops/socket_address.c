/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/socket_address.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/memory.h"

/* The host of `address`, to be freed, and where its port begins. NULL: malformed. */
static char *split(const char *address, const char **out_port)
{
    const char *end = strrchr(address, ':');
    const char *host = address;
    char *copy;
    size_t len;

    if (end == NULL || end[1] == '\0' || strspn(end + 1, "0123456789") != strlen(end + 1) ||
        strlen(end + 1) > 5 || atoi(end + 1) > 65535)
        return NULL;
    len = (size_t)(end - address);
    if (len > 1 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    } else if (memchr(host, ':', len) != NULL) {
        return NULL;
    }
    copy = need_alloc(len + 1, 1);
    memcpy(copy, host, len);
    *out_port = end + 1;
    return copy;
}

static bool stands_for_any(const char *host)
{
    return host[0] == '\0' || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

static struct addrinfo *resolve(const char *address, bool listen, int type, struct textbuf *problem)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = type};
    struct addrinfo *found = NULL;
    const char *port = NULL;
    const char *name;
    char *host = split(address, &port);
    int code;

    if (host == NULL) {
        textbuf_puts(problem, "no HOST:PORT");
        return NULL;
    }
    if (listen)
        name = host[0] == '\0' ? "0.0.0.0" : host;
    else
        name = !stands_for_any(host) ? host : host[0] == ':' ? "::1" : "127.0.0.1";
    code = getaddrinfo(name, port, &hints, &found);
    if (code != 0)
        textbuf_puts(problem, code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code));
    free(host);
    return code == 0 ? found : NULL;
}

static int open_socket(const struct addrinfo *at)
{
    return socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
}

int socket_listen(const char *address, struct textbuf *problem)
{
    struct addrinfo *found = resolve(address, true, SOCK_STREAM, problem);
    int fd = -1;

    if (found == NULL)
        return -1;
    fd = open_socket(found);
    if (fd >= 0) {
        int on = 1;
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, 128) != 0) {
        textbuf_puts(problem, strerror(errno));
        if (errno == EADDRINUSE)
            textbuf_puts(problem, ", by another program or another instance of this one: give "
                                  "another port, 0 for any, or off for none");
        if (fd >= 0)
            (void)close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

int socket_connect(const char *address, int64_t timeout_ms, struct textbuf *problem)
{
    struct addrinfo *found = resolve(address, false, SOCK_STREAM, problem);
    struct timeval wait = {(time_t)(timeout_ms / 1000), (suseconds_t)(timeout_ms % 1000 * 1000)};
    int fd = -1;

    for (const struct addrinfo *at = found; at != NULL && fd < 0; at = at->ai_next) {
        fd = open_socket(at);
        if (fd < 0)
            continue;
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
        if (connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
            int code = errno;
            (void)close(fd);
            errno = code;
            fd = -1;
        }
    }
    if (fd < 0 && found != NULL)
        textbuf_puts(problem, errno == EINPROGRESS ? strerror(ETIMEDOUT) : strerror(errno));
    if (found != NULL)
        freeaddrinfo(found);
    return fd;
}

int socket_udp(const char *address, struct textbuf *problem)
{
    struct addrinfo *found = resolve(address, false, SOCK_DGRAM, problem);
    int fd;

    if (found == NULL)
        return -1;
    fd = open_socket(found);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        textbuf_puts(problem, strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

void socket_name(int fd, struct textbuf *out)
{
    struct sockaddr_storage bound;
    socklen_t len = sizeof(bound);
    char host[128];
    char port[16];

    if (getsockname(fd, (struct sockaddr *)&bound, &len) != 0 ||
        getnameinfo((struct sockaddr *)&bound, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        textbuf_puts(out, "?");
    else
        textbuf_printf(out, bound.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}
