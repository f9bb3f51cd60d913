/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP server that answers by script, for what no real server does on demand: lost replies,
 * undecided conditions, cut bodies, silence. One connection at a time, on a loopback port. */
#ifndef HTTP_SCRIPT_H
#define HTTP_SCRIPT_H

#include <pthread.h>

#include "base/buf.h"

enum { SCRIPT_STEPS = 512 };

enum {
    SCRIPT_ANSWER = 0, /* the text, with a Content-Length if it has none; the connection is kept */
    SCRIPT_ANSWER_CLOSE = 1, /* and closed: cuts a body that should be longer */
    SCRIPT_CLOSE = 2,        /* no answer after the whole request */
    SCRIPT_RESET = 3,        /* the same with a TCP reset */
    SCRIPT_STALL = 4         /* nothing until the client gives up */
};

typedef struct script_step {
    int action;
    const char *answer; /* status line, headers and body */
} script_step;

typedef struct http_script {
    int listener;
    int port;
    pthread_t thread;
    const script_step *steps;
    size_t n_steps;
    size_t n_served;                /* read it after http_script_stop() */
    dwi_buf requests[SCRIPT_STEPS]; /* as they came, NUL-terminated */
} http_script;

/* Serves steps[0], steps[1], ...; after the last one connections are refused. */
void http_script_start(http_script *script, const script_step *steps, size_t n_steps);
void http_script_stop(http_script *script);
/* Frees the requests. */
void http_script_done(http_script *script);

#endif
