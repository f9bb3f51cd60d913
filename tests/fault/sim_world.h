/* SPDX-License-Identifier: Apache-2.0 */
/* A deterministic world for concurrent writers. Each actor is a thread with its own handles, but
 * only one of them runs at a time: every request to the store hands the turn back, before it takes effect
 * and before its reply arrives, and a seeded scheduler says who goes on. So all interleavings of
 * requests can happen, and a seed that fails fails again.
 *
 * Requests are refused, throttled, lost, delayed until after their reply was given up, or arrive
 * twice; replies are lost; an actor's process dies in the middle of a request, which may have taken
 * effect. Time is made: it passes with each request and pause. */
#ifndef DWT_SIM_WORLD_H
#define DWT_SIM_WORLD_H

#include "harness.h"

#include <pthread.h>

#include "store/fault_store.h"
#include "store/store_impl.h"

enum { SIM_ACTORS = 4, SIM_LATE = 6, SIM_COMMITS = 4096 };

typedef struct sim sim;

typedef struct sim_actor {
    sim *world;
    int number;
    pthread_t thread;
    pthread_cond_t wake;
    dwi_env env;      /* ctx is the actor */
    dw_store *hook;   /* requests go to the world */
    dw_store *faulty; /* what its handles are opened on */
    bool crashed;     /* its process is dead: nothing of it reaches the store any more */
    bool done;
    void *own; /* for sim_actor.c */
} sim_actor;

/* A request on its way whose sender has got no reply, or has got that of a copy. */
typedef struct sim_request {
    char *key; /* NULL: none */
    void *body;
    size_t len;
    int mode; /* DW_PUT_* */
} sim_request;

/* A commit as it took effect. */
typedef struct sim_commit {
    char *text;
    int64_t landed_ms;
} sim_commit;

struct sim {
    uint64_t seed;
    uint64_t random;
    int64_t now_us;
    dwi_env env; /* of nobody in particular */
    dw_store *memory;
    sim_actor actors[SIM_ACTORS];
    sim_request late[SIM_LATE];
    sim_commit commits[SIM_COMMITS];
    int64_t n_commits;
    int64_t requests;
    int64_t crashes;
    int64_t oldest; /* commit that log cleanup has left */
    int64_t cleaned;
    int64_t dead;  /* commits that were written where log cleanup had been */
    bool calm;     /* nothing goes wrong any more, and actors come to an end */
    bool launched; /* the actors' threads run */
    pthread_mutex_t lock;
    pthread_cond_t back;
    int turn; /* of actor number, -1: the scheduler's */
};

/* One of `sides` numbers from 0. */
uint32_t sim_roll(sim *s, uint32_t sides);
/* Tells what is wrong and how to see it again, and ends the program. */
void sim_fail(const sim *s, const char *fmt, ...) DWI_PRINTF(2, 3);

void sim_init(sim *s, uint64_t seed);
void sim_done(sim *s);

/* Hands the turn back; returns when it comes again. */
void sim_yield(sim_actor *a);
/* Each actor's thread runs `act(actor)` until that says false; `turns` turns in, all is calm. */
void sim_run(sim *s, int turns, bool (*act)(sim_actor *a));
/* After a crash: a new process on the same machine. */
void sim_restart(sim_actor *a);

#endif
