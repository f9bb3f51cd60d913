/* SPDX-License-Identifier: Apache-2.0 */
/* In place of http_server.c where libmicrohttpd is not there. */
#include "ops/http_server.h"

struct http_server *http_server_start(const char *listen, const struct http_answers *answers,
                                      struct textbuf *problem)
{
    (void)listen;
    (void)answers;
    textbuf_puts(problem, "built without libmicrohttpd: give off");
    return NULL;
}

const char *http_server_address(const struct http_server *server)
{
    (void)server;
    return "";
}

void http_server_stop(struct http_server *server)
{
    (void)server;
}
