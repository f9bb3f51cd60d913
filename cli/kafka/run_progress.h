/* SPDX-License-Identifier: Apache-2.0 */
/* The progress line of a run that has an end: records committed of those there were, rate, lag and
 * the time that is left. Only on a terminal; it costs nothing elsewhere. */
#ifndef DW_CLI_RUN_PROGRESS_H
#define DW_CLI_RUN_PROGRESS_H

#include "common/progress.h"
#include "kafka/control.h"

struct run_progress {
    struct progress line;
    bool begun;
    int64_t total; /* the lag at the start, or later if it grew */
};

/* With each new status, from one thread. */
void run_progress_update(struct run_progress *progress, const struct service_status *status);
/* Takes the line away; to be called before the last words of the process. */
void run_progress_end(struct run_progress *progress);

#endif
