/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of HOST:PORT, [IPv6]:PORT or :PORT. */
#ifndef DW_CLI_SOCKET_ADDRESS_H
#define DW_CLI_SOCKET_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/textbuf.h"

/* A listening socket, or -1 with the reason. An empty host is 0.0.0.0; port 0: any that is free. */
int socket_listen(const char *address, struct textbuf *problem);
/* A connected one that waits so long for each answer, or -1 with the reason. An empty host, and
 * one that stands for any (0.0.0.0, [::]), is this machine. */
int socket_connect(const char *address, int64_t timeout_ms, struct textbuf *problem);
/* A datagram socket with this peer, or -1 with the reason. */
int socket_udp(const char *address, struct textbuf *problem);
/* "0.0.0.0:8080": where the socket is bound. */
void socket_name(int fd, struct textbuf *out);

#endif
