/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/lane.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "kafka/dead_letters.h"

enum {
    QUICK_COMMIT_MS = 1000, /* commits up to this long put no bound to their rate */
    INTERVAL_TIMES = 4,     /* a slow table gets a commit each so many durations of one ... */
    AGE_TIMES = 4           /* ... but never waits longer than so many times its batches' age */
};

struct lane *lane_new(struct pipeline *pipeline, const char *uri, const char *letters_uri,
                      const struct table_config *config, bool letters)
{
    struct lane *lane = need_alloc(1, sizeof(*lane));

    lane->actor.pipeline = pipeline;
    lane->actor.is_lane = true;
    lane->config = config;
    lane->uri = need_strdup(uri);
    lane->letters_uri = letters_uri == NULL ? NULL : need_strdup(letters_uri);
    lane->letters = letters;
    lane->decoders = need_alloc(pipeline->config->n_sources, sizeof(struct decoder *));
    lane->newest_generation = lane->run_generation = 1;
    lane->last_commit_ms = lane->last_error_ms = -1;
    lane_metrics_find(&lane->metrics, uri);
    return lane;
}

static void free_queue(struct queue *queue)
{
    for (size_t i = 0; i < queue->count; i++)
        input_done(&queue->items[(queue->head + i) % queue->cap]);
    free(queue->items);
}

void lane_free(struct lane *lane)
{
    if (lane == NULL)
        return;
    free_queue(&lane->actor.input);
    batch_free(lane->batch);
    for (size_t i = 0; i < lane->n_closed; i++)
        batch_free(lane->closed[i]);
    for (size_t i = 0; i < lane->actor.pipeline->config->n_sources; i++)
        decoder_free(lane->decoders[i]);
    for (size_t i = 0; lane->partition_columns != NULL && lane->partition_columns[i] != NULL; i++)
        free(lane->partition_columns[i]);
    for (size_t i = 0; i < lane->n_schemas; i++)
        free(lane->schemas[i]);
    free(lane->schemas);
    free(lane->columns);
    free(lane->partition_columns);
    free(lane->decoders);
    textbuf_done(&lane->partition_value);
    dead_letters_free(lane->dead);
    dw_table_close(lane->table);
    free(lane->seats);
    free(lane->last_error);
    free(lane->letters_uri);
    free(lane->uri);
    free(lane);
}

bool lane_may_run_locked(const struct lane *lane)
{
    return lane->is_open && lane->barrier == NULL && !lane->asks && lane->n_closed < LANE_BATCHES &&
           (lane->actor.input.count != 0 || lane->due != NULL);
}

bool lane_waits_for_reset_locked(const struct lane *lane)
{
    return lane->newest_generation != lane->run_generation || lane->wants_seek;
}

static bool is_stale_locked(const struct lane *lane, const struct batch *batch)
{
    return batch->generation != lane->newest_generation;
}

/* A batch whose turn has come is committed; one that is stale goes the same way, to be dropped. */
void lane_go_on_locked(struct lane *lane)
{
    struct pipeline *p = lane->actor.pipeline;

    if (lane->n_closed != 0) {
        struct batch *first = lane->closed[0];
        if (!lane->committing && (first->uploaded || is_stale_locked(lane, first))) {
            /* A stale batch that is still uploading comes back here when that is over. */
            if (!first->uploaded)
                return;
            lane->committing = true;
            pipeline_job_locked(p, JOB_COMMIT, lane, first, 0);
        }
        return;
    }
    if (!lane->is_open || lane->committing)
        return;
    if (lane->asks || (lane->barrier != NULL && lane->barrier->kind != REQUEST_DRAIN)) {
        lane->committing = true; /* the one job that the lane may have now */
        pipeline_job_locked(p, JOB_RESOLVE, lane, NULL, 0);
    } else if (lane->barrier != NULL) {
        struct request *request = lane->barrier;
        lane->barrier = NULL;
        pipeline_answer_locked(p, request, true);
        pipeline_wake_locked(&lane->actor);
    }
}

void lane_note_error_locked(struct lane *lane, const char *text)
{
    free(lane->last_error);
    lane->last_error = text == NULL ? NULL : need_strdup(text);
    if (text != NULL)
        lane->last_error_ms = clock_wall_ms();
}

size_t lane_buffered_locked(const struct lane *lane)
{
    size_t bytes = lane->batch_bytes;

    for (size_t i = 0; i < lane->n_closed; i++)
        bytes += lane->closed[i]->memory;
    return bytes;
}

void lane_tell_locked(struct lane *lane)
{
    size_t before = lane->batch_told;

    lane->batch_told = lane_buffered_locked(lane);
    lane->actor.pipeline->synced.batch_bytes += lane->batch_told - before;
}

int64_t lane_interval_ms_locked(const struct lane *lane)
{
    double interval = lane->strain_ms;
    double most = (double)lane->config->flush.age_ms * AGE_TIMES;
    double least = (double)lane->actor.pipeline->config->min_commit_interval_ms;

    if (lane->commit_ms > QUICK_COMMIT_MS)
        interval += lane->commit_ms * INTERVAL_TIMES;
    if (interval > most)
        interval = most;
    return (int64_t)(interval > least ? interval : least);
}

bool lane_is_current(struct lane *lane, uint64_t generation)
{
    struct pipeline *p = lane->actor.pipeline;
    bool current;

    pipeline_lock(p);
    current = lane->newest_generation == generation && !p->synced.ending;
    pipeline_unlock(p);
    return current;
}

static void raise_locked(struct lane *lane, int64_t wait_ms)
{
    lane->newest_generation++;
    lane->retry_at_ms = clock_monotonic_ms() + wait_ms;
    if (lane->batch_bytes != 0)
        lane->due = "dropped"; /* a worker comes to free the open batch */
    pipeline_hurry_locked(lane->actor.pipeline, lane);
    pipeline_wake_locked(&lane->actor);
    pipeline_changed_locked(lane->actor.pipeline);
}

void lane_abandon_locked(struct lane *lane)
{
    raise_locked(lane, 0);
}

void lane_retry(struct lane *lane, uint64_t generation, bool at_once)
{
    pipeline_lock(lane->actor.pipeline);
    if (lane->newest_generation == generation) {
        int attempt = lane->failures++;
        raise_locked(lane, at_once && attempt < 3 ? 0 : retry_wait_ms(attempt));
    }
    pipeline_unlock(lane->actor.pipeline);
}

void lane_fenced(struct lane *lane, uint64_t generation, const char *reason)
{
    enum { RING = sizeof(lane->fences) / sizeof(lane->fences[0]), WINDOW_MS = 180000 };
    int64_t now = clock_monotonic_ms();
    int64_t oldest;

    pipeline_lock(lane->actor.pipeline);
    oldest = lane->n_fences < RING ? 0 : lane->fences[lane->n_fences % RING];
    lane->fences[lane->n_fences++ % RING] = now;
    pipeline_unlock(lane->actor.pipeline);
    if (oldest != 0 && now - oldest < WINDOW_MS)
        pipeline_fail(lane->actor.pipeline, EXIT_CODE_FENCED, reason);
    lane_retry(lane, generation, true);
}
