/* SPDX-License-Identifier: Apache-2.0 */
/* What the process tells of itself to those who ask over the network, and can be told. Each is
 * called by any thread; none may wait for Kafka or a store, but flush(). */
#ifndef DW_CLI_OPS_APP_H
#define DW_CLI_OPS_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/textbuf.h"

struct ops_app {
    void *ctx;
    /* Milliseconds since the main loop came round last. */
    int64_t (*loop_age_ms)(void *ctx);
    /* When it is false `why` gets the reasons, "; " between them. */
    bool (*ready)(void *ctx, struct textbuf *why);
    /* The members of a JSON object, without its braces. */
    void (*status)(void *ctx, struct textbuf *json);
    void (*pause)(void *ctx, bool pause);
    /* Commit what was read. Waits so long (0: not at all); true when it is done. */
    bool (*flush)(void *ctx, int64_t wait_ms);
    void (*reload)(void *ctx);
};

#endif
