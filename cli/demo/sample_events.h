/* SPDX-License-Identifier: Apache-2.0 */
/* Made-up analytics events of a shop: visitors who look, search, click and sometimes buy. The same
 * seed and clock give the same events. */
#ifndef DW_CLI_SAMPLE_EVENTS_H
#define DW_CLI_SAMPLE_EVENTS_H

#include <stdint.h>

#include "common/textbuf.h"

struct sample_events {
    uint64_t random; /* state of the generator */
    int64_t time_ms;
    int64_t count;     /* made so far */
    int64_t total;     /* wanted; the later half has a field more */
    int64_t malformed; /* of those made */
    uint64_t session;
    int session_left; /* events until the next visitor */
    int user;         /* -1: not logged in */
    int platform;
    int product;
};

void sample_events_init(struct sample_events *events, uint64_t seed, int64_t end_ms, int64_t total);
/* The next one as JSON into `out`; a few are such that no service could take them. */
void sample_events_next(struct sample_events *events, struct textbuf *out);

#endif
