/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/threads.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/logline.h"
#include "common/memory.h"
#include "kafka/lane.h"
#include "kafka/splitter.h"

static void wait_until_locked(struct pipeline *p, pthread_cond_t *cond, int64_t at_ms)
{
    struct timespec until;

    if (at_ms == INT64_MAX) {
        (void)pthread_cond_wait(cond, &p->synced.lock);
        return;
    }
    until.tv_sec = (time_t)(at_ms / 1000);
    until.tv_nsec = (long)(at_ms % 1000) * 1000000;
    (void)pthread_cond_timedwait(cond, &p->synced.lock, &until);
}

/* ---- workers ---- */

/* When the actor wants to be looked at again by itself. */
static int64_t own_time_locked(const struct actor *actor, int64_t now)
{
    const struct lane *lane = (const struct lane *)actor;
    int64_t at_ms = actor->not_before_ms > now ? actor->not_before_ms : INT64_MAX;

    if (actor->is_lane && lane->deadline_ms != 0 && lane->due == NULL && lane->deadline_ms < at_ms)
        at_ms = lane->deadline_ms;
    return at_ms;
}

/* Batches whose time is over, and actors that waited. */
static void look_at_clock_locked(struct pipeline *p)
{
    int64_t now = clock_monotonic_ms();

    if (now < p->synced.wake_ms)
        return;
    p->synced.wake_ms = INT64_MAX;
    for (size_t i = 0; i < p->synced.n_lanes; i++) {
        struct lane *lane = p->synced.lanes[i];
        if (lane->deadline_ms != 0 && lane->deadline_ms <= now && lane->due == NULL)
            lane->due = lane->deadline_reason;
        pipeline_wake_locked(&lane->actor);
        pipeline_wake_at_locked(p, own_time_locked(&lane->actor, now));
    }
    for (size_t i = 0; i < p->n_splitters; i++)
        pipeline_wake_locked(splitter_actor(p->splitters[i]));
}

static struct actor *next_actor_locked(struct pipeline *p)
{
    struct actor *actor;

    for (;;) {
        if (p->synced.ending)
            return NULL;
        look_at_clock_locked(p);
        actor = p->synced.ready;
        if (actor != NULL)
            break;
        wait_until_locked(p, &p->synced.work, p->synced.wake_ms);
    }
    p->synced.ready = actor->next;
    if (p->synced.ready == NULL)
        p->synced.ready_end = &p->synced.ready;
    actor->scheduled = false;
    actor->busy = true;
    return actor;
}

static void *worker_main(void *arg)
{
    struct pipeline *p = arg;
    struct input *inputs = need_alloc(CHUNK, sizeof(*inputs));
    struct actor *actor;

    pipeline_lock(p);
    while ((actor = next_actor_locked(p)) != NULL) {
        pipeline_unlock(p);
        if (actor->is_lane)
            lane_run((struct lane *)actor, inputs);
        else
            splitter_run((struct splitter *)actor, inputs);
        pipeline_lock(p);
        actor->busy = false;
        pipeline_wake_locked(actor);
        pipeline_changed_locked(p); /* there may be room */
    }
    pipeline_unlock(p);
    free(inputs);
    return NULL;
}

/* ---- jobs ---- */

static void *job_main(void *arg);

static void start_thread_locked(struct pipeline *p)
{
    pthread_t *thread = &p->synced.job_threads[p->synced.n_job_threads];

    if (p->synced.n_idle_threads < p->synced.n_jobs && p->synced.n_job_threads < JOB_THREADS_MAX &&
        !p->synced.ending && pthread_create(thread, NULL, job_main, p) == 0)
        p->synced.n_job_threads++;
}

void pipeline_job_locked(struct pipeline *p, enum job_kind kind, struct lane *lane,
                         struct batch *batch, int64_t at_ms)
{
    if (p->synced.n_jobs == p->synced.jobs_cap) {
        p->synced.jobs_cap = p->synced.jobs_cap == 0 ? 64 : p->synced.jobs_cap * 2;
        p->synced.jobs = need_realloc(p->synced.jobs, p->synced.jobs_cap, sizeof(*p->synced.jobs));
    }
    p->synced.jobs[p->synced.n_jobs++] = (struct job){kind, lane, batch, at_ms};
    if (at_ms == 0) /* else the thread that puts it back is there for it */
        start_thread_locked(p);
    (void)pthread_cond_signal(&p->synced.jobs_changed);
}

void pipeline_hurry_locked(struct pipeline *p, const struct lane *lane)
{
    for (size_t i = 0; i < p->synced.n_jobs; i++) {
        if (p->synced.jobs[i].lane == lane)
            p->synced.jobs[i].at_ms = 0;
    }
    (void)pthread_cond_broadcast(&p->synced.jobs_changed);
}

/* Encoding takes memory besides the rows: pages, dictionaries and compressors of each column. */
static int64_t upload_cost(const struct job *job)
{
    enum { ENCODER_BYTES = 6 * 1024 * 1024 };

    return (int64_t)job->batch->memory * 2 + ENCODER_BYTES;
}

/* Batches that are closed at the same time are not all encoded at the same time. */
static bool has_room_locked(const struct pipeline *p, const struct job *job)
{
    return job->kind != JOB_UPLOAD || p->synced.n_uploads == 0 ||
           p->synced.upload_bytes + upload_cost(job) <= p->config->memory_bytes / 4;
}

static void count_upload_locked(struct pipeline *p, const struct job *job, int64_t cost)
{
    if (job->kind != JOB_UPLOAD)
        return;
    p->synced.n_uploads += cost > 0 ? 1 : (size_t)-1;
    p->synced.upload_bytes += cost;
}

/* The first job whose time has come; false: *out_at_ms is when to look again. */
static bool take_job_locked(struct pipeline *p, struct job *out, int64_t *out_at_ms)
{
    int64_t now = clock_monotonic_ms();

    *out_at_ms = INT64_MAX;
    for (size_t i = 0; i < p->synced.n_jobs; i++) {
        struct job *job = &p->synced.jobs[i];
        if (job->at_ms > now) {
            if (job->at_ms < *out_at_ms)
                *out_at_ms = job->at_ms;
            continue;
        }
        if (!has_room_locked(p, job))
            continue;
        *out = *job;
        p->synced.n_jobs--;
        memmove(job, job + 1, (p->synced.n_jobs - i) * sizeof(*job));
        return true;
    }
    return false;
}

static int64_t run_job(const struct job *job)
{
    switch (job->kind) {
    case JOB_OPEN:
        return lane_open(job->lane);
    case JOB_RESOLVE:
        return lane_resolve(job->lane);
    case JOB_UPLOAD:
        return lane_upload(job->lane, job->batch);
    case JOB_COMMIT:
        return lane_commit(job->lane, job->batch);
    }
    return -1;
}

static void *job_main(void *arg)
{
    struct pipeline *p = arg;
    struct job job;
    int64_t at_ms;
    int64_t wait_ms;
    int64_t cost;

    pipeline_lock(p);
    while (!p->synced.ending) {
        if (!take_job_locked(p, &job, &at_ms)) {
            p->synced.n_idle_threads++;
            wait_until_locked(p, &p->synced.jobs_changed, at_ms);
            p->synced.n_idle_threads--;
            continue;
        }
        p->synced.n_running_jobs++;
        cost = job.kind == JOB_UPLOAD ? upload_cost(&job) : 0;
        count_upload_locked(p, &job, cost);
        pipeline_unlock(p);
        wait_ms = run_job(&job);
        pipeline_lock(p);
        p->synced.n_running_jobs--;
        count_upload_locked(p, &job, -cost);
        if (cost != 0) /* another one may have waited for this */
            (void)pthread_cond_signal(&p->synced.jobs_changed);
        if (wait_ms >= 0)
            pipeline_job_locked(p, job.kind, job.lane, job.batch, clock_monotonic_ms() + wait_ms);
        pipeline_changed_locked(p);
    }
    pipeline_unlock(p);
    return NULL;
}

bool pipeline_is_idle(struct pipeline *p)
{
    bool idle;

    pipeline_lock(p);
    idle = p->synced.n_running_jobs == 0;
    for (size_t i = 0; i < p->synced.n_lanes; i++)
        idle = idle && !p->synced.lanes[i]->actor.busy;
    for (size_t i = 0; i < p->n_splitters; i++)
        idle = idle && !splitter_actor(p->splitters[i])->busy;
    pipeline_unlock(p);
    return idle;
}

/* ---- all of them ---- */

static size_t worker_count(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 2 ? 2 : n > WORKERS_MAX ? WORKERS_MAX : (size_t)n;
}

bool threads_start(struct pipeline *p)
{
    size_t count = worker_count();

    for (; p->n_workers < count; p->n_workers++) {
        if (pthread_create(&p->workers[p->n_workers], NULL, worker_main, p) != 0)
            return p->n_workers != 0;
    }
    return true;
}

void threads_end(struct pipeline *p)
{
    for (size_t i = 0; i < p->n_workers; i++)
        (void)pthread_join(p->workers[i], NULL);
    for (size_t i = 0; i < p->synced.n_job_threads; i++)
        (void)pthread_join(p->synced.job_threads[i], NULL);
}
