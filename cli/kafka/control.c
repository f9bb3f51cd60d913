/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/control.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/logline.h"
#include "common/memory.h"

/* A published status: a copy in one piece, which goes with its last reader. */
struct published {
    struct service_status status; /* first: a pointer to it is one to the whole */
    int refs;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct published *newest;
    int64_t looped_ms; /* monotonic; 0: not yet */
    bool pause;
    bool reload;
    int64_t flushes_wanted;
    int64_t flushes_done;
} synced = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void lock(void)
{
    (void)pthread_mutex_lock(&synced.lock);
}

static void unlock(void)
{
    (void)pthread_mutex_unlock(&synced.lock);
}

static char *copy_text(const char *text)
{
    return text == NULL ? NULL : need_strdup(text);
}

static struct published *copy_status(const struct service_status *status)
{
    struct published *copy = need_alloc(1, sizeof(*copy));
    struct status_partition *partitions = need_alloc(status->n_partitions, sizeof(*partitions));
    struct status_table *tables = need_alloc(status->n_tables, sizeof(*tables));

    copy->status = *status;
    copy->refs = 1;
    copy->status.why_not_ready = copy_text(status->why_not_ready);
    for (size_t i = 0; i < status->n_partitions; i++) {
        partitions[i] = status->partitions[i];
        partitions[i].topic = copy_text(status->partitions[i].topic);
    }
    for (size_t i = 0; i < status->n_tables; i++) {
        tables[i] = status->tables[i];
        tables[i].uri = copy_text(status->tables[i].uri);
        tables[i].last_error = copy_text(status->tables[i].last_error);
    }
    copy->status.partitions = partitions;
    copy->status.tables = tables;
    return copy;
}

/* The texts were made by copy_status(), and are const to their readers alone. */
static void free_const(const void *ptr)
{
    free((void *)(uintptr_t)ptr);
}

static void published_free(struct published *copy)
{
    for (size_t i = 0; i < copy->status.n_partitions; i++)
        free_const(copy->status.partitions[i].topic);
    for (size_t i = 0; i < copy->status.n_tables; i++) {
        free_const(copy->status.tables[i].uri);
        free_const(copy->status.tables[i].last_error);
    }
    free_const(copy->status.partitions);
    free_const(copy->status.tables);
    free_const(copy->status.why_not_ready);
    free(copy);
}

static void unref_locked(struct published *copy)
{
    if (copy != NULL && --copy->refs == 0)
        published_free(copy);
}

void control_publish(const struct service_status *status)
{
    struct published *copy = copy_status(status);

    lock();
    unref_locked(synced.newest);
    synced.newest = copy;
    unlock();
}

const struct service_status *control_status(void)
{
    static const struct service_status starting = {.phase = PHASE_STARTING,
                                                   .why_not_ready = "starting"};
    struct published *found;

    lock();
    if (synced.newest == NULL)
        synced.newest = copy_status(&starting);
    found = synced.newest;
    found->refs++;
    unlock();
    return &found->status;
}

void control_unref(const struct service_status *status)
{
    if (status == NULL)
        return;
    lock();
    unref_locked((struct published *)(uintptr_t)status);
    unlock();
}

void control_looped(void)
{
    lock();
    synced.looped_ms = clock_monotonic_ms();
    unlock();
}

int64_t control_loop_age_ms(void)
{
    int64_t age_ms;

    lock();
    age_ms = synced.looped_ms == 0 ? 0 : clock_monotonic_ms() - synced.looped_ms;
    unlock();
    return age_ms;
}

void control_pause(bool pause)
{
    lock();
    synced.pause = pause;
    unlock();
}

bool control_pause_wanted(void)
{
    bool pause;

    lock();
    pause = synced.pause;
    unlock();
    return pause;
}

static void deadline_after(int64_t wait_ms, struct timespec *out)
{
    int64_t until_ms = clock_wall_ms() + wait_ms;

    out->tv_sec = (time_t)(until_ms / 1000);
    out->tv_nsec = (long)(until_ms % 1000) * 1000000;
}

bool control_flush(int64_t wait_ms)
{
    struct timespec until;
    int64_t number;
    bool done;

    deadline_after(wait_ms, &until);
    lock();
    number = ++synced.flushes_wanted;
    while (synced.flushes_done < number && wait_ms > 0) {
        if (pthread_cond_timedwait(&synced.changed, &synced.lock, &until) == ETIMEDOUT)
            break;
    }
    done = synced.flushes_done >= number;
    unlock();
    return done;
}

int64_t control_flushes_wanted(void)
{
    int64_t wanted;

    lock();
    wanted = synced.flushes_wanted;
    unlock();
    return wanted;
}

void control_flushed(int64_t number)
{
    lock();
    if (synced.flushes_done < number)
        synced.flushes_done = number;
    (void)pthread_cond_broadcast(&synced.changed);
    unlock();
}

void control_reload(void)
{
    lock();
    synced.reload = true;
    unlock();
}

bool control_take_reload(void)
{
    bool reload;

    lock();
    reload = synced.reload;
    synced.reload = false;
    unlock();
    return reload;
}
