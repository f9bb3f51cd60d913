/* SPDX-License-Identifier: Apache-2.0 */
/* Room in the pipeline: the budget of memory, and tables that cannot keep up. */
#include "kafka/lane.h"
#include "kafka/pipeline.h"

static int64_t used_locked(const struct pipeline *p)
{
    return (int64_t)(p->synced.input_bytes + p->synced.batch_bytes);
}

/* The process has more memory than it may, and we hold some that can be given back. */
static bool is_squeezed_locked(const struct pipeline *p)
{
    return p->synced.squeezed && used_locked(p) > p->config->memory_bytes / 8;
}

static bool is_short_locked(const struct pipeline *p)
{
    int64_t limit = p->config->memory_bytes;

    return is_squeezed_locked(p) || used_locked(p) > limit - limit / 3;
}

bool pipeline_is_low(struct pipeline *p)
{
    bool low;

    pipeline_lock(p);
    low = (int64_t)(p->synced.input_bytes - p->synced.clogged_bytes) < p->input_max / 2 &&
          !is_short_locked(p);
    pipeline_unlock(p);
    return low;
}

static bool has_room_locked(const struct pipeline *p)
{
    return (int64_t)(p->synced.input_bytes - p->synced.clogged_bytes) < p->input_max &&
           !is_short_locked(p);
}

bool pipeline_has_room(struct pipeline *p, int64_t wait_ms)
{
    int64_t deadline = clock_monotonic_ms() + wait_ms;
    bool room;

    pipeline_lock(p);
    while (!has_room_locked(p) && wait_ms > 0 && pipeline_wait_locked(p, deadline))
        ;
    room = has_room_locked(p);
    pipeline_unlock(p);
    return room;
}

static struct lane *biggest_open_locked(struct pipeline *p)
{
    struct lane *found = NULL;

    for (size_t i = 0; i < p->synced.n_lanes; i++) {
        struct lane *lane = p->synced.lanes[i];
        if (lane->due == NULL && lane->batch_bytes > (found == NULL ? 0 : found->batch_bytes))
            found = lane;
    }
    return found;
}

/* What is closed already, or is going to be, counts as given back: else one table's slow upload
 * would have all others flushed too. */
void pipeline_relieve_locked(struct pipeline *p)
{
    int64_t limit = p->config->memory_bytes;
    int64_t open = 0;
    int64_t goal;

    if (!is_squeezed_locked(p) && used_locked(p) < limit / 2)
        return;
    for (size_t i = 0; i < p->synced.n_lanes; i++) {
        if (p->synced.lanes[i]->due == NULL)
            open += (int64_t)p->synced.lanes[i]->batch_bytes;
    }
    goal = is_squeezed_locked(p) ? limit / 16 : limit / 4;
    while (open > goal) {
        struct lane *lane = biggest_open_locked(p);
        if (lane == NULL)
            return;
        open -= (int64_t)lane->batch_bytes;
        lane->due = "memory";
        pipeline_wake_locked(&lane->actor);
    }
}

size_t pipeline_memory(struct pipeline *p, bool squeezed)
{
    size_t used;

    pipeline_lock(p);
    if (p->synced.squeezed && !squeezed)
        pipeline_changed_locked(p);
    p->synced.squeezed = squeezed;
    pipeline_relieve_locked(p);
    used = (size_t)used_locked(p);
    pipeline_unlock(p);
    return used;
}

/* A lane that holds back the queue while others could go on. */
void pipeline_clog(struct pipeline *p)
{
    struct lane *worst = NULL;

    pipeline_lock(p);
    for (size_t i = 0; i < p->synced.n_lanes; i++) {
        struct lane *lane = p->synced.lanes[i];
        if (!lane->clogged && (worst == NULL || lane->actor.input.bytes > worst->actor.input.bytes))
            worst = lane;
    }
    if (worst != NULL && worst->actor.input.bytes != 0) {
        worst->clogged = true;
        p->synced.clogged_bytes += worst->actor.input.bytes;
    }
    pipeline_unlock(p);
}

void pipeline_unclog(struct pipeline *p)
{
    pipeline_lock(p);
    for (size_t i = 0; i < p->synced.n_lanes; i++) {
        struct lane *lane = p->synced.lanes[i];
        if (lane->clogged && (int64_t)lane->actor.input.bytes < p->input_max / 4) {
            lane->clogged = false;
            p->synced.clogged_bytes -= lane->actor.input.bytes;
        }
    }
    pipeline_unlock(p);
}

bool pipeline_is_clogged(struct pipeline *p, const struct partition *partition)
{
    bool clogged = false;

    pipeline_lock(p);
    for (size_t i = 0; i < partition->n_seats && !clogged; i++) {
        const struct seat *seat = partition->seats[i];
        clogged = seat->lane->clogged || (!seat->routed && lane_waits_for_reset_locked(seat->lane));
    }
    pipeline_unlock(p);
    return clogged;
}
