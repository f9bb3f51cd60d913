/* SPDX-License-Identifier: Apache-2.0 */
/* GET requests to a schema registry: one of several addresses answers. */
#ifndef DW_CLI_REGISTRY_HTTP_H
#define DW_CLI_REGISTRY_HTTP_H

#include "common/textbuf.h"
#include "config/config.h"

struct registry_http; /* safe from any thread */

enum http_outcome {
    HTTP_ANSWERED,    /* with a status below 500 other than 408 and 429 */
    HTTP_UNREACHABLE, /* no answer, or one that asks to come back */
    HTTP_UNUSABLE     /* our own certificate or key cannot be used: no request can succeed */
};

/* NULL: *out_problem says what is wrong with the address. `config` is borrowed. */
struct registry_http *registry_http_new(const struct registry_config *config,
                                        struct textbuf *out_problem);
void registry_http_free(struct registry_http *http);
/* `path` begins with a slash. *out_text is the body, or what went wrong, without secrets. */
enum http_outcome registry_http_get(struct registry_http *http, const char *path, long *out_status,
                                    struct textbuf *out_text);

#endif
