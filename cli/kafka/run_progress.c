/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/run_progress.h"

#include "common/textbuf.h"

/* -1: the lag of a partition is not known yet. */
static int64_t lag_of(const struct service_status *status)
{
    int64_t lag = 0;

    for (size_t i = 0; i < status->n_partitions; i++) {
        if (status->partitions[i].lag < 0)
            return -1;
        lag += status->partitions[i].lag;
    }
    return lag;
}

void run_progress_update(struct run_progress *progress, const struct service_status *status)
{
    int64_t lag = status->joined ? lag_of(status) : -1;
    struct textbuf note = {0};

    if (lag < 0)
        return;
    if (!progress->begun) {
        progress_begin(&progress->line, "committed", PROGRESS_ROWS, false);
        progress->begun = true;
    }
    if (lag > progress->total)
        progress->total = lag;
    textbuf_puts(&note, "lag ");
    progress_amount(&note, PROGRESS_ROWS, lag);
    progress_update(&progress->line, progress->total - lag, progress->total, note.text);
    textbuf_done(&note);
}

void run_progress_end(struct run_progress *progress)
{
    if (progress->begun)
        progress_end(&progress->line);
}
