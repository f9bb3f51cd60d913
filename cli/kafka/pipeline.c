/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/pipeline.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/logline.h"
#include "common/memory.h"
#include "kafka/lane.h"
#include "kafka/maintainer.h"
#include "kafka/splitter.h"
#include "kafka/threads.h"

void pipeline_lock(struct pipeline *p)
{
    (void)pthread_mutex_lock(&p->synced.lock);
}

void pipeline_unlock(struct pipeline *p)
{
    (void)pthread_mutex_unlock(&p->synced.lock);
}

void pipeline_changed_locked(struct pipeline *p)
{
    (void)pthread_cond_broadcast(&p->synced.changed);
}

int64_t retry_wait_ms(int attempt)
{
    enum { LAST_WAIT_MS = 30000 };

    return attempt >= 5 ? LAST_WAIT_MS : (int64_t)1000 << attempt;
}

bool pipeline_wait_locked(struct pipeline *p, int64_t deadline_ms)
{
    struct timespec until;

    until.tv_sec = (time_t)(deadline_ms / 1000);
    until.tv_nsec = (long)(deadline_ms % 1000) * 1000000;
    return pthread_cond_timedwait(&p->synced.changed, &p->synced.lock, &until) != ETIMEDOUT;
}

/* ---- queues ---- */

void input_done(struct input *input)
{
    item_unref(input->item);
    free(input->rows);
    input->item = NULL;
    input->rows = NULL;
}

static size_t input_bytes(const struct input *input)
{
    return RECORD_OVERHEAD + (input->item == NULL ? 0 : input->item->bytes) +
           (input->rows == NULL ? 0 : input->rows->bytes);
}

static void grow(struct queue *queue)
{
    size_t cap = queue->cap == 0 ? 64 : queue->cap * 2;
    struct input *items = need_alloc(cap, sizeof(*items));

    for (size_t i = 0; i < queue->count; i++)
        items[i] = queue->items[(queue->head + i) % queue->cap];
    free(queue->items);
    queue->items = items;
    queue->cap = cap;
    queue->head = 0;
}

static bool is_clogged(const struct actor *actor)
{
    return actor->is_lane && ((const struct lane *)actor)->clogged;
}

static void count_locked(struct actor *actor, size_t bytes, bool more)
{
    struct pipeline *p = actor->pipeline;

    actor->input.bytes += more ? bytes : -bytes;
    p->synced.input_bytes += more ? bytes : -bytes;
    if (is_clogged(actor))
        p->synced.clogged_bytes += more ? bytes : -bytes;
}

void pipeline_put_locked(struct actor *actor, struct input input)
{
    struct queue *queue = &actor->input;

    if (queue->count == queue->cap)
        grow(queue);
    queue->items[(queue->head + queue->count++) % queue->cap] = input;
    count_locked(actor, input_bytes(&input), true);
    pipeline_wake_locked(actor);
}

void pipeline_put_back_locked(struct actor *actor, const struct input *inputs, size_t count)
{
    struct queue *queue = &actor->input;

    for (size_t i = count; i > 0; i--) {
        if (queue->count == queue->cap)
            grow(queue);
        queue->head = (queue->head + queue->cap - 1) % queue->cap;
        queue->items[queue->head] = inputs[i - 1];
        queue->count++;
        count_locked(actor, input_bytes(&inputs[i - 1]), true);
    }
}

size_t pipeline_take_locked(struct actor *actor, struct input *out, size_t max, size_t max_bytes)
{
    struct queue *queue = &actor->input;
    size_t bytes = 0;
    size_t n = 0;

    while (n < max && queue->count > 0 && bytes < max_bytes) {
        out[n] = queue->items[queue->head];
        queue->head = (queue->head + 1) % queue->cap;
        queue->count--;
        bytes += input_bytes(&out[n]);
        if (out[n++].request != NULL)
            break;
    }
    count_locked(actor, bytes, false);
    if (queue->count == 0 && queue->cap > CHUNK) { /* what a backlog needed is not kept */
        free(queue->items);
        *queue = (struct queue){.bytes = queue->bytes};
    }
    return n;
}

/* ---- actors ---- */

void pipeline_wake_at_locked(struct pipeline *p, int64_t at_ms)
{
    if (at_ms >= p->synced.wake_ms)
        return;
    p->synced.wake_ms = at_ms;
    (void)pthread_cond_signal(&p->synced.work);
}

static bool may_run_locked(const struct actor *actor)
{
    return actor->is_lane ? lane_may_run_locked((const struct lane *)actor)
                          : actor->input.count != 0;
}

void pipeline_wake_locked(struct actor *actor)
{
    struct pipeline *p = actor->pipeline;

    if (actor->scheduled || actor->busy || !may_run_locked(actor))
        return;
    if (actor->not_before_ms > clock_monotonic_ms()) {
        pipeline_wake_at_locked(p, actor->not_before_ms);
        return;
    }
    actor->scheduled = true;
    actor->next = NULL;
    *p->synced.ready_end = actor;
    p->synced.ready_end = &actor->next;
    (void)pthread_cond_signal(&p->synced.work);
}

void pipeline_push(struct pipeline *p, struct item *const *items, size_t count)
{
    pipeline_lock(p);
    for (size_t i = 0; i < count; i++) {
        struct partition *partition = items[i]->partition;
        for (size_t k = 0; k < partition->n_seats; k++) {
            struct seat *seat = partition->seats[k];
            if (seat->routed)
                continue;
            pipeline_put_locked(&seat->lane->actor,
                                (struct input){.seat = seat, .item = item_ref(items[i])});
        }
        if (partition->splitter != NULL)
            pipeline_put_locked(splitter_actor(partition->splitter),
                                (struct input){.item = item_ref(items[i])});
    }
    pipeline_unlock(p);
    for (size_t i = 0; i < count; i++)
        item_unref(items[i]);
}

/* ---- requests ---- */

static void request_free(struct request *request)
{
    partition_list_done(&request->partitions);
    free(request);
}

/* One actor has done its part, or the last one who pushes it. */
void pipeline_answer_locked(struct pipeline *p, struct request *request, bool ok)
{
    request->failed = request->failed || !ok;
    if (--request->pending > 0)
        return;
    request->done = true;
    pipeline_changed_locked(p);
    if (request->forgotten)
        request_free(request);
}

static bool concerns_locked(const struct lane *lane, const struct request *request)
{
    if (request->kind == REQUEST_RESET)
        return lane_waits_for_reset_locked(lane) && !lane->resetting &&
               lane->retry_at_ms <= clock_monotonic_ms();
    for (size_t i = 0; i < lane->n_seats; i++) {
        if (lane->seats[i]->partition->resolving == request->epoch)
            return true;
    }
    return false;
}

void pipeline_to_lanes_locked(struct pipeline *p, struct request *request)
{
    for (size_t i = 0; i < p->synced.n_lanes; i++) {
        struct lane *lane = p->synced.lanes[i];
        if (!concerns_locked(lane, request))
            continue;
        request->pending++;
        lane->resetting = lane->resetting || request->kind == REQUEST_RESET;
        pipeline_put_locked(&lane->actor, (struct input){.request = request});
    }
}

/* To drain, what splitters have is routed first; the last of them sends it on to the lanes. */
static void to_splitters_locked(struct pipeline *p, struct request *request)
{
    for (size_t i = 0; i < p->n_splitters; i++) {
        request->pending++;
        request->splitters++;
        pipeline_put_locked(splitter_actor(p->splitters[i]), (struct input){.request = request});
    }
    if (request->splitters == 0)
        pipeline_to_lanes_locked(p, request);
}

struct request *pipeline_request(struct pipeline *p, enum request_kind kind, const char *reason,
                                 uint64_t epoch, const struct partition_list *partitions)
{
    struct request *request = need_alloc(1, sizeof(*request));

    request->kind = kind;
    request->reason = reason;
    request->epoch = epoch;
    request->advance = kind == REQUEST_DRAIN;
    pipeline_lock(p);
    for (size_t i = 0; i < partitions->count; i++) {
        partitions->items[i]->resolving = epoch;
        partition_list_add(&request->partitions, partitions->items[i]);
    }
    request->pending = 1; /* ours, so that it is not done before it is pushed */
    if (kind == REQUEST_DRAIN)
        to_splitters_locked(p, request);
    else
        pipeline_to_lanes_locked(p, request);
    pipeline_answer_locked(p, request, true);
    pipeline_unlock(p);
    return request;
}

void pipeline_forget(struct pipeline *p, struct request *request)
{
    bool done;

    pipeline_lock(p);
    request->forgotten = true;
    done = request->done;
    pipeline_unlock(p);
    if (done)
        request_free(request);
}

bool pipeline_await(struct pipeline *p, struct request *request, int64_t wait_ms)
{
    int64_t deadline = clock_monotonic_ms() + wait_ms;
    bool done;

    pipeline_lock(p);
    while (!request->done && p->synced.exit_code == 0 && wait_ms > 0 &&
           pipeline_wait_locked(p, deadline))
        ;
    done = request->done;
    pipeline_unlock(p);
    return done;
}

/* ---- lanes and seats ---- */

struct lane *pipeline_lane_locked(struct pipeline *p, const char *uri, const char *letters_uri,
                                  const struct table_config *config, bool letters)
{
    struct lane *lane;

    for (size_t i = 0; i < p->synced.n_lanes; i++) {
        lane = p->synced.lanes[i];
        if (lane->letters == letters && strcmp(lane->uri, uri) == 0)
            return lane;
    }
    if (p->synced.n_lanes == LANES_MAX)
        return NULL;
    lane = lane_new(p, uri, letters_uri, config, letters);
    p->synced.lanes[p->synced.n_lanes++] = lane;
    pipeline_job_locked(p, JOB_OPEN, lane, NULL, 0);
    return lane;
}

static uint64_t hash_of(const char *text)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */

    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

/* Under which id the dead-letter table has the seat: the partition's, unless tables share the
 * partition, and so perhaps the dead-letter table. */
static char *letters_app_id(const struct lane *lane, const struct partition *partition, bool alone)
{
    struct textbuf id = {0};

    textbuf_puts(&id, partition->app_id);
    if (!alone)
        textbuf_printf(&id, "@%016" PRIx64, hash_of(lane->uri));
    return id.text;
}

struct seat *pipeline_seat_locked(struct lane *lane, struct partition *partition, size_t source)
{
    struct seat *seat;

    for (size_t i = 0; i < partition->n_seats; i++) {
        if (partition->seats[i]->lane == lane)
            return partition->seats[i];
    }
    seat = seat_new(lane, partition, source);
    seat->shared = partition->n_routes != 1 || partition->splitter != NULL;
    seat->letters_app_id = letters_app_id(lane, partition, !seat->shared);
    partition->seats =
        need_realloc(partition->seats, partition->n_seats + 1, sizeof(struct seat *));
    partition->seats[partition->n_seats++] = seat;
    if (lane->n_seats == lane->seats_cap) {
        lane->seats_cap = lane->seats_cap == 0 ? 8 : lane->seats_cap * 2;
        lane->seats = need_realloc(lane->seats, lane->seats_cap, sizeof(struct seat *));
    }
    lane->seats[lane->n_seats++] = seat;
    return seat;
}

static bool too_many_tables(struct textbuf *out_problem)
{
    textbuf_printf(out_problem, "more than %d tables", LANES_MAX);
    return false;
}

static bool seat_static(struct pipeline *p, const struct route *route, const char *uri,
                        const char *letters_uri, struct partition *partition,
                        struct textbuf *out_problem)
{
    const struct source_config *source = &p->config->sources[route->source];
    struct lane *lane;

    pipeline_lock(p);
    lane = pipeline_lane_locked(p, uri, letters_uri, &p->config->tables[source->table], false);
    if (lane != NULL && partition != NULL)
        (void)pipeline_seat_locked(lane, partition, route->source);
    pipeline_unlock(p);
    return lane != NULL || too_many_tables(out_problem);
}

static bool seat_route(struct pipeline *p, const struct route *route, struct partition *partition,
                       struct textbuf *out_problem)
{
    const struct source_config *source = &p->config->sources[route->source];
    const struct table_config *table = &p->config->tables[source->table];
    struct textbuf uri = {0};
    struct textbuf letters = {0};
    bool ok = true;

    if (!route->by_record)
        ok = router_expand(table->uri, route, NULL, NULL, &uri, out_problem) &&
             router_letters(table, route, NULL, NULL, &letters, out_problem) &&
             seat_static(p, route, uri.text, letters.text, partition, out_problem);
    else if (partition != NULL)
        splitter_seat(p, route, partition);
    textbuf_done(&letters);
    textbuf_done(&uri);
    return ok;
}

bool pipeline_seat(struct pipeline *p, struct partition *partition, struct textbuf *out_problem)
{
    enum { ROUTES_MAX = 32 };
    struct route routes[ROUTES_MAX];
    size_t n;

    if (partition->seated)
        return true;
    n = router_match(p->router, partition->topic, routes, ROUTES_MAX);
    if (n == 0)
        textbuf_puts(out_problem, "no source takes it");
    partition->n_routes = n;
    for (size_t i = 0; i < n; i++) {
        if (!seat_route(p, &routes[i], partition, out_problem))
            return false;
    }
    partition->seated = n != 0;
    if (partition->seated) {
        pipeline_lock(p);
        p->synced.partitions = need_realloc(p->synced.partitions, p->synced.n_partitions + 1,
                                            sizeof(struct partition *));
        p->synced.partitions[p->synced.n_partitions++] = partition;
        pipeline_unlock(p);
    }
    return n != 0;
}

bool pipeline_expect(struct pipeline *p, size_t source, const char *topic,
                     struct textbuf *out_problem)
{
    enum { ROUTES_MAX = 32 };
    struct route routes[ROUTES_MAX];
    size_t n = router_match(p->router, topic, routes, ROUTES_MAX);

    for (size_t i = 0; i < n; i++) {
        if (routes[i].source == source && !seat_route(p, &routes[i], NULL, out_problem))
            return false;
    }
    return true;
}

void pipeline_abandon(struct pipeline *p, const struct partition_list *partitions)
{
    pipeline_lock(p);
    for (size_t i = 0; i < partitions->count; i++) {
        const struct partition *partition = partitions->items[i];
        for (size_t k = 0; k < partition->n_seats; k++) {
            struct lane *lane = partition->seats[k]->lane;
            /* Once is enough for lanes of several partitions. */
            if (lane->newest_generation == lane->run_generation)
                lane_abandon_locked(lane);
        }
    }
    pipeline_unlock(p);
}

bool pipeline_wants_reset(struct pipeline *p, bool *out_later)
{
    int64_t now = clock_monotonic_ms();
    bool due = false;

    *out_later = false;
    pipeline_lock(p);
    for (size_t i = 0; i < p->synced.n_lanes; i++) {
        const struct lane *lane = p->synced.lanes[i];
        if (!lane_waits_for_reset_locked(lane))
            continue;
        if (lane->resetting)
            *out_later = true;
        else if (lane->retry_at_ms <= now)
            due = true;
        else
            *out_later = true;
    }
    pipeline_unlock(p);
    return due;
}

bool pipeline_is_empty(struct pipeline *p)
{
    bool empty;

    pipeline_lock(p);
    empty = p->synced.input_bytes == 0 && p->n_splitters == 0;
    for (size_t i = 0; i < p->synced.n_lanes; i++)
        empty = empty && p->synced.lanes[i]->n_closed == 0 && p->synced.lanes[i]->deadline_ms == 0;
    pipeline_unlock(p);
    return empty;
}

bool pipeline_is_open(struct pipeline *p)
{
    bool open = true;

    pipeline_lock(p);
    for (size_t i = 0; i < p->synced.n_lanes; i++)
        open = open && p->synced.lanes[i]->is_open;
    pipeline_unlock(p);
    return open;
}

/* ---- the end of it ---- */

void pipeline_fail_locked(struct pipeline *p, int exit_code, const char *reason)
{
    if (p->synced.exit_code == 0) {
        p->synced.exit_code = exit_code;
        p->synced.exit_reason = need_strdup(reason);
        for (size_t i = 0; i < p->synced.n_lanes; i++)
            lane_abandon_locked(p->synced.lanes[i]);
        pipeline_changed_locked(p);
    }
}

void pipeline_fail(struct pipeline *p, int exit_code, const char *reason)
{
    pipeline_lock(p);
    pipeline_fail_locked(p, exit_code, reason);
    pipeline_unlock(p);
}

int pipeline_exit_code(struct pipeline *p, const char **out_reason)
{
    int code;

    pipeline_lock(p);
    code = p->synced.exit_code;
    *out_reason = p->synced.exit_reason;
    pipeline_unlock(p);
    return code;
}

struct pipeline_counts pipeline_counts(struct pipeline *p)
{
    struct pipeline_counts counts;

    pipeline_lock(p);
    counts = p->synced.counts;
    pipeline_unlock(p);
    return counts;
}

/* ---- start ---- */

static void init_locks(struct pipeline *p)
{
    pthread_condattr_t attr;

    (void)pthread_mutex_init(&p->synced.lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&p->synced.changed, &attr);
    (void)pthread_cond_init(&p->synced.work, &attr);
    (void)pthread_cond_init(&p->synced.jobs_changed, &attr);
    (void)pthread_condattr_destroy(&attr);
}

static int64_t queue_limit(const struct config *config)
{
    enum { MOST = 24 * 1024 * 1024, LEAST = 1024 * 1024 };
    int64_t limit = config->memory_bytes / 10;

    return limit > MOST ? MOST : limit < LEAST ? LEAST : limit;
}

static void start_splitters(struct pipeline *p)
{
    for (size_t i = 0; i < p->config->n_sources; i++) {
        const struct source_config *source = &p->config->sources[i];
        if (!router_is_by_record(p->config->tables[source->table].uri))
            continue;
        p->splitters = need_realloc(p->splitters, p->n_splitters + 1, sizeof(struct splitter *));
        p->splitters[p->n_splitters++] = splitter_new(p, i);
    }
}

static int check_decoders(struct pipeline *p)
{
    struct textbuf problem = {0};
    int code = -1;

    for (size_t i = 0; i < p->config->n_sources && code < 0; i++) {
        const struct record_config *records = &p->config->sources[i].records;
        struct decoder *decoder;
        p->registries[i] = registry_new(&records->registry);
        decoder = decoder_new(records, p->registries[i], &problem);
        if (decoder == NULL)
            code = settings_fail(SERVICE_NAME, EXIT_CODE_CONFIG, "records", problem.text);
        decoder_free(decoder);
    }
    textbuf_done(&problem);
    return code;
}

int pipeline_start(struct pipeline *p, const struct config *config)
{
    struct textbuf problem = {0};
    int code;

    *p = (struct pipeline){.config = config};
    init_locks(p);
    p->synced.ready_end = &p->synced.ready;
    p->synced.wake_ms = INT64_MAX;
    p->input_max = queue_limit(config);
    p->chunk_bytes = (size_t)p->input_max / 6;
    p->registries = need_alloc(config->n_sources, sizeof(struct registry *));
    p->router = router_new(config, &problem);
    if (p->router == NULL) {
        code = settings_fail(SERVICE_NAME, EXIT_CODE_CONFIG, "sources", problem.text);
        textbuf_done(&problem);
        return code;
    }
    code = check_decoders(p);
    if (code >= 0)
        return code;
    p->maintainer = maintainer_new();
    start_splitters(p);
    if (!threads_start(p))
        return settings_fail(SERVICE_NAME, EXIT_CODE_RUNTIME, "threads", "none to be had");
    return -1;
}

void pipeline_end(struct pipeline *p)
{
    pipeline_lock(p);
    p->synced.ending = true;
    (void)pthread_cond_broadcast(&p->synced.changed);
    (void)pthread_cond_broadcast(&p->synced.work);
    (void)pthread_cond_broadcast(&p->synced.jobs_changed);
    pipeline_unlock(p);
    threads_end(p);
    maintainer_free(p->maintainer);
    for (size_t i = 0; i < p->n_splitters; i++)
        splitter_free(p->splitters[i]);
    for (size_t i = 0; i < p->synced.n_lanes; i++)
        lane_free(p->synced.lanes[i]);
    for (size_t i = 0; i < p->config->n_sources; i++)
        registry_unref(p->registries[i]);
    router_free(p->router);
    free(p->splitters);
    free(p->registries);
    free(p->synced.jobs);
    free(p->synced.partitions);
    free(p->synced.exit_reason);
    (void)pthread_cond_destroy(&p->synced.jobs_changed);
    (void)pthread_cond_destroy(&p->synced.work);
    (void)pthread_cond_destroy(&p->synced.changed);
    (void)pthread_mutex_destroy(&p->synced.lock);
}
