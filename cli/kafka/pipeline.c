/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/logline.h"
#include "common/memory.h"
#include "kafka/dead_letters.h"

static void lock(struct pipeline *p)
{
    (void)pthread_mutex_lock(&p->synced.lock);
}

static void unlock(struct pipeline *p)
{
    (void)pthread_mutex_unlock(&p->synced.lock);
}

static void changed_locked(struct pipeline *p)
{
    (void)pthread_cond_broadcast(&p->synced.changed);
}

/* Waits for a change till `deadline_ms` (monotonic; 0: for ever). False: the time is over. */
static bool wait_locked(struct pipeline *p, int64_t deadline_ms)
{
    struct timespec until;

    if (deadline_ms == 0)
        return pthread_cond_wait(&p->synced.changed, &p->synced.lock) == 0;
    until.tv_sec = (time_t)(deadline_ms / 1000);
    until.tv_nsec = (long)(deadline_ms % 1000) * 1000000;
    return pthread_cond_timedwait(&p->synced.changed, &p->synced.lock, &until) != ETIMEDOUT;
}

int64_t retry_wait_ms(int attempt)
{
    enum { LAST_WAIT_MS = 30000 };

    return attempt >= 5 ? LAST_WAIT_MS : (int64_t)1000 << attempt;
}

bool pipeline_start(struct pipeline *p, const struct service_config *config, dw_table *table)
{
    pthread_condattr_t attr;

    *p = (struct pipeline){.config = config, .table = table};
    p->letters = dead_letters_new(config);
    p->synced.generation = 1;
    (void)pthread_mutex_init(&p->synced.lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&p->synced.changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    return pthread_create(&p->writer, NULL, writer_main, p) == 0 &&
           pthread_create(&p->committer, NULL, committer_main, p) == 0;
}

void pipeline_end(struct pipeline *p)
{
    lock(p);
    p->synced.ending = true;
    changed_locked(p);
    unlock(p);
    (void)pthread_join(p->writer, NULL);
    (void)pthread_join(p->committer, NULL);
    for (size_t i = 0; i < p->synced.input_count; i++) {
        struct input *input = &p->synced.input[(p->synced.input_head + i) % p->synced.input_cap];
        if (input->message != NULL)
            rd_kafka_message_destroy(input->message);
    }
    for (size_t i = 0; i < p->synced.work_count; i++)
        batch_free(p->synced.work[(p->synced.work_head + i) % WORK_MAX].batch);
    dead_letters_free(p->letters);
    free(p->synced.input);
    free(p->synced.exit_reason);
    (void)pthread_cond_destroy(&p->synced.changed);
    (void)pthread_mutex_destroy(&p->synced.lock);
}

/* ---- poll loop to writer ---- */

static void grow_input_locked(struct pipeline *p)
{
    size_t cap = p->synced.input_cap == 0 ? 1024 : p->synced.input_cap * 2;
    struct input *ring = need_alloc(cap, sizeof(*ring));

    for (size_t i = 0; i < p->synced.input_count; i++)
        ring[i] = p->synced.input[(p->synced.input_head + i) % p->synced.input_cap];
    free(p->synced.input);
    p->synced.input = ring;
    p->synced.input_cap = cap;
    p->synced.input_head = 0;
}

static size_t input_bytes(const struct input *input)
{
    return input->message == NULL ? 0
                                  : input->message->len + input->message->key_len + RECORD_OVERHEAD;
}

static void push_input(struct pipeline *p, struct input input)
{
    lock(p);
    if (p->synced.input_count == p->synced.input_cap)
        grow_input_locked(p);
    p->synced.input[(p->synced.input_head + p->synced.input_count) % p->synced.input_cap] = input;
    p->synced.input_bytes += input_bytes(&input);
    if (p->synced.input_count++ == 0)
        changed_locked(p);
    unlock(p);
}

void pipeline_push(struct pipeline *p, rd_kafka_message_t *message, struct partition *partition,
                   uint64_t generation)
{
    push_input(p, (struct input){message, partition, generation, NULL});
}

struct request *pipeline_request(struct pipeline *p, enum request_kind kind,
                                 const struct partition_list *partitions)
{
    struct request *request = need_alloc(1, sizeof(*request));

    request->kind = kind;
    request->generation = pipeline_generation(p, NULL);
    for (size_t i = 0; i < partitions->count; i++)
        partition_list_add(&request->partitions, partitions->items[i]);
    push_input(p, (struct input){NULL, NULL, request->generation, request});
    return request;
}

static bool has_room_locked(const struct pipeline *p)
{
    return p->synced.input_bytes < INPUT_MAX_BYTES;
}

bool pipeline_has_room(struct pipeline *p, int64_t wait_ms)
{
    int64_t deadline = clock_monotonic_ms() + wait_ms;
    bool room;

    lock(p);
    while (!has_room_locked(p) && wait_ms > 0 && wait_locked(p, deadline))
        ;
    room = has_room_locked(p);
    unlock(p);
    return room;
}

bool pipeline_is_low(struct pipeline *p)
{
    bool low;

    lock(p);
    low = p->synced.input_bytes < INPUT_MAX_BYTES / 2;
    unlock(p);
    return low;
}

bool pipeline_take_input(struct pipeline *p, struct input *out, size_t max, int64_t deadline_ms,
                         size_t *out_count, uint64_t *out_generation)
{
    bool had_room;
    size_t n = 0;

    lock(p);
    while (p->synced.input_count == 0 && !p->synced.ending && wait_locked(p, deadline_ms))
        ;
    had_room = has_room_locked(p);
    while (n < max && p->synced.input_count > 0) {
        out[n] = p->synced.input[p->synced.input_head];
        p->synced.input_head = (p->synced.input_head + 1) % p->synced.input_cap;
        p->synced.input_count--;
        p->synced.input_bytes -= input_bytes(&out[n++]);
    }
    if (!had_room && has_room_locked(p))
        changed_locked(p);
    *out_count = n;
    *out_generation = p->synced.generation;
    n = p->synced.ending ? 0 : 1;
    unlock(p);
    return n != 0 || *out_count != 0;
}

/* ---- writer to committer ---- */

bool pipeline_put_work(struct pipeline *p, struct work work)
{
    bool put;

    lock(p);
    while (p->synced.work_count == WORK_MAX && !p->synced.ending)
        (void)wait_locked(p, 0);
    put = !p->synced.ending;
    if (put) {
        p->synced.work[(p->synced.work_head + p->synced.work_count) % WORK_MAX] = work;
        p->synced.work_count++;
        changed_locked(p);
    }
    unlock(p);
    return put;
}

bool pipeline_take_work(struct pipeline *p, struct work *out)
{
    bool taken = false;

    lock(p);
    while (p->synced.work_count == 0 && !p->synced.ending)
        (void)wait_locked(p, 0);
    if (!p->synced.ending) {
        *out = p->synced.work[p->synced.work_head];
        p->synced.work_head = (p->synced.work_head + 1) % WORK_MAX;
        p->synced.work_count--;
        changed_locked(p);
        taken = true;
    }
    unlock(p);
    return taken;
}

/* ---- requests, generations, failures ---- */

static void request_free(struct request *request)
{
    partition_list_done(&request->partitions);
    free(request);
}

void pipeline_request_done(struct pipeline *p, struct request *request, bool ok)
{
    bool forgotten;

    lock(p);
    request->ok = ok;
    request->done = true;
    forgotten = request->forgotten;
    changed_locked(p);
    unlock(p);
    if (forgotten)
        request_free(request);
}

void pipeline_forget(struct pipeline *p, struct request *request)
{
    bool done;

    lock(p);
    request->forgotten = true;
    done = request->done;
    unlock(p);
    if (done)
        request_free(request);
}

bool pipeline_await(struct pipeline *p, struct request *request, int64_t wait_ms)
{
    int64_t deadline = clock_monotonic_ms() + wait_ms;
    bool done;

    lock(p);
    while (!request->done && p->synced.exit_code == 0 && wait_ms > 0 && wait_locked(p, deadline))
        ;
    done = request->done;
    unlock(p);
    return done;
}

uint64_t pipeline_generation(struct pipeline *p, int64_t *out_retry_at_ms)
{
    uint64_t generation;

    lock(p);
    generation = p->synced.generation;
    if (out_retry_at_ms != NULL)
        *out_retry_at_ms = p->synced.retry_at_ms;
    unlock(p);
    return generation;
}

bool pipeline_is_current(struct pipeline *p, uint64_t generation)
{
    bool current;

    lock(p);
    current = p->synced.generation == generation && !p->synced.ending;
    unlock(p);
    return current;
}

void pipeline_pause(struct pipeline *p, int64_t wait_ms, uint64_t generation)
{
    int64_t deadline = clock_monotonic_ms() + wait_ms;

    lock(p);
    while (p->synced.generation == generation && !p->synced.ending && wait_locked(p, deadline))
        ;
    unlock(p);
}

static void raise_generation_locked(struct pipeline *p, int64_t wait_ms)
{
    p->synced.generation++;
    p->synced.retry_at_ms = clock_monotonic_ms() + wait_ms;
    changed_locked(p);
}

void pipeline_abandon(struct pipeline *p)
{
    lock(p);
    raise_generation_locked(p, 0);
    unlock(p);
}

void pipeline_retry(struct pipeline *p, uint64_t generation, bool at_once)
{
    lock(p);
    if (p->synced.generation == generation) {
        int attempt = p->synced.failures++;
        raise_generation_locked(p, at_once && attempt < 3 ? 0 : retry_wait_ms(attempt));
    }
    unlock(p);
}

void pipeline_fenced(struct pipeline *p, uint64_t generation, const char *reason)
{
    enum { RING = sizeof(p->synced.fences) / sizeof(p->synced.fences[0]), WINDOW_MS = 180000 };
    int64_t now = clock_monotonic_ms();
    int64_t oldest;

    lock(p);
    oldest = p->synced.n_fences < RING ? 0 : p->synced.fences[p->synced.n_fences % RING];
    p->synced.fences[p->synced.n_fences++ % RING] = now;
    unlock(p);
    if (oldest != 0 && now - oldest < WINDOW_MS)
        pipeline_fail(p, EXIT_CODE_FENCED, reason);
    pipeline_retry(p, generation, true);
}

void pipeline_fail(struct pipeline *p, int exit_code, const char *reason)
{
    lock(p);
    if (p->synced.exit_code == 0) {
        p->synced.exit_code = exit_code;
        p->synced.exit_reason = need_strdup(reason);
        raise_generation_locked(p, 0);
    }
    unlock(p);
}

int pipeline_exit_code(struct pipeline *p, const char **out_reason)
{
    int code;

    lock(p);
    code = p->synced.exit_code;
    *out_reason = p->synced.exit_reason;
    unlock(p);
    return code;
}

void pipeline_published(struct pipeline *p, const struct batch *batch, int64_t rows)
{
    lock(p);
    p->synced.failures = 0;
    p->synced.counts.messages += batch->records + batch->tombstones;
    p->synced.counts.rows += rows;
    p->synced.counts.commits++;
    p->synced.counts.rejected += (int64_t)batch->n_rejects + batch->known_bad;
    p->synced.counts.tombstones += batch->tombstones;
    unlock(p);
}

struct pipeline_counts pipeline_counts(struct pipeline *p)
{
    struct pipeline_counts counts;

    lock(p);
    counts = p->synced.counts;
    unlock(p);
    return counts;
}
