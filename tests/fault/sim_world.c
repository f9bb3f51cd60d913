/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_PREFIX "t/_delta_log/"

enum { COMMIT_NAME_LEN = 20 };

uint32_t sim_roll(sim *s, uint32_t sides)
{
    s->random = s->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(s->random >> 33) % sides;
}

void sim_fail(const sim *s, const char *fmt, ...)
{
    char what[1024];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    (void)printf("not ok 1 - seed %llu: %s\n# again: DELTAWRITE_SIM_FIRST=%llu "
                 "DELTAWRITE_SIM_SEEDS=1\n",
                 (unsigned long long)s->seed, what, (unsigned long long)s->seed);
    (void)fflush(stdout);
    _Exit(1); /* other threads are waiting for their turn */
}

/* ---- time and chance ---- */

static int64_t actor_now(void *ctx)
{
    return ((sim_actor *)ctx)->world->now_us;
}

static void actor_sleep(void *ctx, int64_t us)
{
    sim_actor *a = ctx;

    a->world->now_us += us;
    sim_yield(a);
}

static void actor_random(void *ctx, void *out, size_t len)
{
    sim *s = ((sim_actor *)ctx)->world;
    uint8_t *p = out;

    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)sim_roll(s, 256);
}

static int64_t world_now(void *ctx)
{
    return ((sim *)ctx)->now_us;
}

static void world_sleep(void *ctx, int64_t us)
{
    ((sim *)ctx)->now_us += us;
}

static void world_random(void *ctx, void *out, size_t len)
{
    uint8_t *p = out;

    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)sim_roll(ctx, 256);
}

/* ---- requests ---- */

static int64_t commit_version(const char *key)
{
    size_t len = strlen(LOG_PREFIX);
    char *end;
    long long version;

    if (strncmp(key, LOG_PREFIX, len) != 0)
        return -1;
    version = strtoll(key + len, &end, 10);
    return end == key + len + COMMIT_NAME_LEN && strcmp(end, ".json") == 0 ? version : -1;
}

/* A version that is written after later ones exist, where log cleanup has been, is a commit that
 * nobody will ever read: it does not count, and its writer must not believe in it. */
static void note_commit(sim *s, const char *key, dw_bytes body)
{
    int64_t version = commit_version(key);
    sim_commit *commit;

    if (version < 0)
        return;
    if (version < s->n_commits) {
        s->dead++;
        return;
    }
    if (version > s->n_commits)
        sim_fail(s, "version %lld was written when the log had %lld", (long long)version,
                 (long long)s->n_commits);
    if (version == SIM_COMMITS)
        sim_fail(s, "more commits than this test keeps");
    commit = &s->commits[s->n_commits++];
    commit->text = calloc(1, body.len + 1);
    if (commit->text == NULL)
        abort();
    memcpy(commit->text, body.data, body.len);
    commit->landed_ms = s->now_us / 1000;
}

static dw_status apply(sim *s, const char *key, dw_bytes body, int mode, dw_error *err)
{
    dw_status status = s->memory->ops.put(s->memory->self, key, body, mode, err);

    if (status == DW_OK)
        note_commit(s, key, body);
    return status;
}

/* A process may sleep between two requests for longer than the log is kept, but no request is on
 * its way for so long: one for a version that has gone by is lost. */
static void land(sim *s, sim_request *r)
{
    dw_error err = DW_ERROR_INIT;
    int64_t version;

    if (r->key == NULL)
        return;
    version = commit_version(r->key);
    if (version < 0 || version >= s->n_commits)
        (void)apply(s, r->key, (dw_bytes){r->body, r->len}, r->mode, &err);
    free(r->key);
    free(r->body);
    r->key = NULL;
}

static bool hold(sim *s, const char *key, dw_bytes body, int mode)
{
    sim_request *r = &s->late[sim_roll(s, SIM_LATE)];

    if (r->key != NULL)
        return false;
    r->key = malloc(strlen(key) + 1);
    r->body = malloc(body.len + 1);
    if (r->key == NULL || r->body == NULL)
        abort();
    (void)strcpy(r->key, key);
    if (body.len > 0)
        memcpy(r->body, body.data, body.len);
    r->len = body.len;
    r->mode = mode;
    return true;
}

static dw_status dead(dw_error *err)
{
    return dwi_err(err, DW_E_IO, "this process is dead");
}

/* True: the actor dies with this request; the caller has the coin that says whether it arrives. */
static bool crashes(sim_actor *a)
{
    sim *s = a->world;

    if (!s->calm && sim_roll(s, 400) == 0)
        a->crashed = true;
    s->crashes += a->crashed;
    return a->crashed;
}

/* The request is on its way. */
static void travel(sim_actor *a)
{
    a->world->requests++;
    a->world->now_us += sim_roll(a->world, 30000);
    sim_yield(a);
}

static dw_status hook_put(void *self, const char *key, dw_bytes body, int mode, dw_error *err)
{
    sim_actor *a = self;
    sim *s = a->world;
    dw_status status;

    if (a->crashed)
        return dead(err);
    travel(a);
    if (crashes(a)) {
        if (sim_roll(s, 2) == 0)
            (void)apply(s, key, body, mode, err);
        return dead(err);
    }
    if (!s->calm && sim_roll(s, 25) == 0 && hold(s, key, body, mode))
        return mode == DW_PUT_IF_ABSENT ? dwi_err(err, DW_E_UNKNOWN, "no reply")
                                        : dwi_err_sys(err, DW_E_IO, 0, true, "no reply");
    if (!s->calm && sim_roll(s, 25) == 0)
        (void)hold(s, key, body, mode); /* it arrives twice */
    status = apply(s, key, body, mode, err);
    travel(a);
    return status;
}

static dw_status hook_get(void *self, const char *key, dw_range range, dw_sink sink, dw_error *err)
{
    sim_actor *a = self;

    if (a->crashed)
        return dead(err);
    travel(a);
    if (crashes(a))
        return dead(err);
    return a->world->memory->ops.get(a->world->memory->self, key, range, sink, err);
}

static dw_status hook_list(void *self, const char *prefix, const char *after, dw_lister_fn *each,
                           void *ctx, dw_error *err)
{
    sim_actor *a = self;

    if (a->crashed)
        return dead(err);
    travel(a);
    if (crashes(a))
        return dead(err);
    return a->world->memory->ops.list(a->world->memory->self, prefix, after, each, ctx, err);
}

static dw_status hook_head(void *self, const char *key, dw_object *out, dw_error *err)
{
    sim_actor *a = self;

    if (a->crashed)
        return dead(err);
    travel(a);
    return a->world->memory->ops.head(a->world->memory->self, key, out, err);
}

static dw_status hook_remove(void *self, const char *key, dw_error *err)
{
    sim_actor *a = self;

    if (a->crashed)
        return dead(err);
    travel(a);
    return a->world->memory->ops.remove(a->world->memory->self, key, err);
}

static void hook_destroy(void *self)
{
    (void)self;
}

/* ---- the world ---- */

static void init_actor(sim *s, int number)
{
    static const dw_store_vtable vtable = {.struct_size = sizeof(vtable),
                                           .caps = DW_CAP_PUT_IF_ABSENT,
                                           .get = hook_get,
                                           .put = hook_put,
                                           .list = hook_list,
                                           .head = hook_head,
                                           .remove = hook_remove,
                                           .destroy = hook_destroy};
    dw_store_options options = DW_STORE_OPTIONS_INIT;
    sim_actor *a = &s->actors[number];
    dw_error err = DW_ERROR_INIT;

    *a = (sim_actor){.world = s, .number = number};
    a->env = (dwi_env){a, actor_now, actor_now, actor_sleep, actor_random};
    options.retry_timeout_ms = -1;
    DWT_OK(dw_store_new(&vtable, a, "sim", &options, &a->hook, &err), &err);
    dwi_store_set_env(a->hook, &a->env);
    options.retry_timeout_ms = sim_roll(s, 2) == 0 ? -1 : 1500;
    DWT_OK(dwi_fault_store_new(a->hook, &options, &a->faulty, &err), &err);
    dwi_store_set_env(a->faulty, &a->env);
    DWT_EQ(pthread_cond_init(&a->wake, NULL), 0);
}

void sim_init(sim *s, uint64_t seed)
{
    dw_store_options options = DW_STORE_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;

    memset(s, 0, sizeof(*s));
    s->seed = seed;
    s->random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    s->now_us = INT64_C(1767225600) * 1000000;
    s->env = (dwi_env){s, world_now, world_now, world_sleep, world_random};
    s->turn = -1;
    DWT_EQ(pthread_mutex_init(&s->lock, NULL), 0);
    DWT_EQ(pthread_cond_init(&s->back, NULL), 0);
    options.retry_timeout_ms = -1;
    DWT_OK(dw_store_open_memory(&options, &s->memory, &err), &err);
    dwi_store_set_env(s->memory, &s->env);
    for (int i = 0; i < SIM_ACTORS; i++)
        init_actor(s, i);
}

void sim_done(sim *s)
{
    for (int i = 0; i < SIM_ACTORS; i++) {
        dw_store_unref(s->actors[i].faulty);
        dw_store_unref(s->actors[i].hook);
        (void)pthread_cond_destroy(&s->actors[i].wake);
    }
    for (int64_t v = 0; v < s->n_commits; v++)
        free(s->commits[v].text);
    dw_store_unref(s->memory);
    (void)pthread_cond_destroy(&s->back);
    (void)pthread_mutex_destroy(&s->lock);
}

void sim_yield(sim_actor *a)
{
    sim *s = a->world;

    if (!s->launched)
        return;
    (void)pthread_mutex_lock(&s->lock);
    s->turn = -1;
    (void)pthread_cond_signal(&s->back);
    while (s->turn != a->number)
        (void)pthread_cond_wait(&a->wake, &s->lock);
    (void)pthread_mutex_unlock(&s->lock);
}

static void give_turn(sim *s, int number)
{
    (void)pthread_mutex_lock(&s->lock);
    s->turn = number;
    (void)pthread_cond_signal(&s->actors[number].wake);
    while (s->turn != -1)
        (void)pthread_cond_wait(&s->back, &s->lock);
    (void)pthread_mutex_unlock(&s->lock);
}

typedef struct start {
    sim_actor *actor;
    bool (*act)(sim_actor *a);
} start;

static void *live(void *arg)
{
    start *from = arg;
    sim_actor *a = from->actor;
    sim *s = a->world;

    (void)pthread_mutex_lock(&s->lock);
    while (s->turn != a->number)
        (void)pthread_cond_wait(&a->wake, &s->lock);
    (void)pthread_mutex_unlock(&s->lock);
    while (from->act(a))
        sim_yield(a);
    (void)pthread_mutex_lock(&s->lock);
    a->done = true;
    s->turn = -1;
    (void)pthread_cond_signal(&s->back);
    (void)pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void set_chances(sim *s, bool on)
{
    const int chances[DWI_FAULT_KINDS] = {
        [DWI_FAULT_REFUSE] = 12,       [DWI_FAULT_THROTTLE] = 12,   [DWI_FAULT_DENY] = 3,
        [DWI_FAULT_LOSE_REQUEST] = 25, [DWI_FAULT_LOSE_REPLY] = 35, [DWI_FAULT_BREAK] = 8};
    const int none[DWI_FAULT_KINDS] = {0};

    for (int i = 0; i < SIM_ACTORS; i++)
        dwi_fault_chance(s->actors[i].faulty, DWI_ON_ALL, on ? chances : none,
                         s->seed * SIM_ACTORS + (uint64_t)i);
}

static bool all_done(const sim *s)
{
    for (int i = 0; i < SIM_ACTORS; i++)
        if (!s->actors[i].done)
            return false;
    return true;
}

void sim_run(sim *s, int turns, bool (*act)(sim_actor *a))
{
    start from[SIM_ACTORS];

    set_chances(s, true);
    s->launched = true;
    for (int i = 0; i < SIM_ACTORS; i++) {
        from[i] = (start){&s->actors[i], act};
        DWT_EQ(pthread_create(&s->actors[i].thread, NULL, live, &from[i]), 0);
    }
    for (int turn = 0; !all_done(s); turn++) {
        int number = (int)sim_roll(s, SIM_ACTORS);
        if (turn == turns) {
            s->calm = true;
            set_chances(s, false);
        }
        if (turn >= turns || sim_roll(s, 12) == 0)
            land(s, &s->late[sim_roll(s, SIM_LATE)]);
        if (!s->actors[number].done)
            give_turn(s, number);
    }
    for (int i = 0; i < SIM_ACTORS; i++)
        DWT_EQ(pthread_join(s->actors[i].thread, NULL), 0);
    s->launched = false;
    for (int i = 0; i < SIM_LATE; i++)
        land(s, &s->late[i]);
}

void sim_restart(sim_actor *a)
{
    a->crashed = false;
}
