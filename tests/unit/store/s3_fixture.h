/* SPDX-License-Identifier: Apache-2.0 */
/* A server that follows a script, and an S3 store on it. */
#ifndef TEST_S3_FIXTURE_H
#define TEST_S3_FIXTURE_H

#include "harness.h"
#include "http_script.h"

#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define SLOW_DOWN                                                                                  \
    "HTTP/1.1 503 Slow Down\r\n\r\n"                                                               \
    "<Error><Code>SlowDown</Code><Message>Reduce your rate</Message></Error>"
#define FAULT(status, body) "HTTP/1.1 " status "\r\n\r\n" body

typedef struct s3_fixture {
    http_script server;
    dw_store *store;
    dwt_env env;
    dwi_buf log;
} s3_fixture;

dw_store_options s3_options(const s3_fixture *f, char endpoint[64]);
void s3_start_with(s3_fixture *f, const script_step *steps, size_t n_steps, uint32_t flags);
void s3_start(s3_fixture *f, const script_step *steps, size_t n_steps);
#define START(f, steps) s3_start((f), (steps), sizeof(steps) / sizeof((steps)[0]))
/* Every step must be used up by now. */
void s3_stop(s3_fixture *f);
/* What the server was asked at step `i`. */
const char *s3_request(s3_fixture *f, size_t i);

#endif
