/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server of ops/http_answers.h: one thread for all connections, and a thread for each
 * request that waits (a flush). */
#ifndef DW_CLI_HTTP_SERVER_H
#define DW_CLI_HTTP_SERVER_H

#include "ops/http_answers.h"

struct http_server;

/* Threads are started: signals must be blocked already. `answers` is borrowed until the stop.
 * NULL: it cannot listen there, for the reason in `problem`. */
struct http_server *http_server_start(const char *listen, const struct http_answers *answers,
                                      struct textbuf *problem);
/* "0.0.0.0:8080": where it listens, with the port that was free for port 0. */
const char *http_server_address(const struct http_server *server);
/* NULL is fine. Requests that wait get no answer. */
void http_server_stop(struct http_server *server);

#endif
