/* SPDX-License-Identifier: Apache-2.0 */
/* From records to commits, beside the poll loop:
 *
 *   poll loop --> lane (one a table) --(batches)--> upload, commit
 *            \--> splitter --> lanes          (where records are routed one by one)
 *
 * Lanes and splitters are actors: each has a queue, and one worker thread at a time. The workers,
 * as many as there are processors, take actors in turn; they decode and encode. What waits for a
 * store (opening a table, reading its offsets, uploading, committing) is a job of another pool of
 * threads, which is bounded too: a job that waits for its next try holds no thread. So a table that
 * is slow stops no other one, batch N+1 is decoded and uploaded while batch N commits, and the
 * number of threads does not depend on that of tables.
 *
 * Invariants:
 * 1. A lane has a generation. Who cannot publish a batch raises it; all that the lane has of an
 *    older one is then dropped, and so is all that comes, until the poll loop has had the table's
 *    offsets read (RESET) and has sought there. Records carry the epoch of their partition, which
 *    goes up with each seek: what was read before is known by that. Other lanes of the partition
 *    get records a second time then, and drop those below what they have taken.
 * 2. A batch moves each seat's txn version from what the batch before left to its own next
 *    offset, by compare-and-set. So nothing is published twice or out of order, whatever is
 *    dropped, and by whomever.
 * 3. Rejected records are in the dead letters before the batch that passes over them.
 * 4. The poll loop never seeks to beyond what a lane may still want: see partitions.c.
 * 5. One lock guards all queues; no call of the library, of librdkafka or of a decoder is made
 *    with it held. */
#ifndef DW_CLI_PIPELINE_H
#define DW_CLI_PIPELINE_H

#include <pthread.h>

#include "common/settings.h"
#include "common/textbuf.h"
#include "config/config.h"
#include "kafka/item.h"
#include "kafka/router.h"

struct batch;
struct lane;
struct splitter;

enum request_kind {
    REQUEST_DRAIN,   /* commit all that was pushed before */
    REQUEST_RESOLVE, /* and read from the tables where the request's partitions stand */
    REQUEST_RESET    /* the same for lanes whose generation was raised, which then go on */
};

struct request {
    enum request_kind kind;
    const char *reason; /* of the batches that it closes; static text */
    bool advance;       /* tables without new rows are told how far their partitions are */
    uint64_t epoch;     /* its number: of the partitions, if they are sought after it */
    struct partition_list partitions;
    /* Under the pipeline's lock. */
    int pending;   /* actors that have not answered */
    int splitters; /* of them: when they have, the lanes are asked */
    bool failed;
    bool done;
    bool forgotten; /* nobody waits for it any more */
};

/* What an actor's queue has: one of a record, a request, an advance. */
struct input {
    struct seat *seat;   /* of a record for a lane, or an advance */
    struct item *item;   /* a record */
    struct routed *rows; /* the rows of it that are for the lane; NULL: the lane decodes it */
    struct request *request;
    int64_t advance; /* the seat has all up to this offset: a splitter says so */
};

struct queue { /* a ring */
    struct input *items;
    size_t cap;
    size_t head;
    size_t count;
    size_t bytes;
};

struct actor {
    struct pipeline *pipeline;
    bool is_lane;
    /* All under the pipeline's lock. */
    struct queue input;
    bool scheduled; /* waits for a worker */
    bool busy;      /* has one */
    int64_t not_before_ms;
    struct actor *next; /* in the list of those that wait */
};

enum job_kind { JOB_OPEN, JOB_RESOLVE, JOB_UPLOAD, JOB_COMMIT };

struct job {
    enum job_kind kind;
    struct lane *lane;
    struct batch *batch; /* UPLOAD and COMMIT */
    int64_t at_ms;       /* monotonic: not sooner */
};

enum {
    RECORD_OVERHEAD = 64, /* what a queue takes for a record */
    CHUNK = 1024,         /* records that one worker takes at a time */
    LANES_MAX = 256,
    LANE_BATCHES = 3, /* closed, and not committed */
    WORKERS_MAX = 8,
    JOB_THREADS_MAX = 16
};

struct pipeline_counts {
    int64_t messages;
    int64_t rows;
    int64_t commits;
    int64_t rejected;
    int64_t tombstones;
};

struct pipeline {
    const struct config *_Atomic config; /* a reload puts another in its place */
    struct router *router;
    struct maintainer *maintainer; /* of the lanes' tables */
    struct registry **registries;  /* one a source; NULL: none */
    pthread_t workers[WORKERS_MAX];
    size_t n_workers;
    struct splitter **splitters;
    size_t n_splitters;
    int64_t input_max;  /* bytes that wait for workers, all in all */
    size_t chunk_bytes; /* that one worker takes at a time, about */
    struct {
        pthread_mutex_t lock;
        pthread_cond_t changed; /* for the poll loop */
        pthread_cond_t work;    /* for the workers */
        pthread_cond_t jobs_changed;
        struct actor *ready, **ready_end;
        int64_t wake_ms; /* monotonic: some lane is due; INT64_MAX: none is */
        struct lane *lanes[LANES_MAX];
        size_t n_lanes;
        struct partition **partitions; /* all that have seats */
        size_t n_partitions;
        struct job *jobs;
        size_t n_jobs, jobs_cap;
        pthread_t job_threads[JOB_THREADS_MAX];
        size_t n_job_threads, n_idle_threads;
        size_t n_running_jobs;
        size_t n_uploads;     /* of them */
        int64_t upload_bytes; /* what those may take to encode, about */
        size_t input_bytes;   /* of all queues */
        size_t clogged_bytes; /* of those whose partitions are paused for it */
        size_t batch_bytes;   /* memory of open and closed batches */
        bool squeezed;        /* memory is short by other measures */
        uint64_t reloads;     /* of the configuration, so far */
        bool ending;
        int exit_code; /* 0: going on; else the process must end with it */
        char *exit_reason;
        struct pipeline_counts counts;
    } synced;
};

/* `config` stays the caller's. -1, or an exit code after one line on standard error. */
int pipeline_start(struct pipeline *pipeline, const struct config *config);
/* Ends all threads; what was not drained before is dropped. */
void pipeline_end(struct pipeline *pipeline);

/* ---- for the poll loop ---- */

/* Find out where the partition's records go to, and give it seats; the lanes begin to open their
 * tables. False: nowhere (*out_problem). */
bool pipeline_seat(struct pipeline *pipeline, struct partition *partition,
                   struct textbuf *out_problem);
/* The table of a source and topic, when that can be told without a record: it begins to open. */
bool pipeline_expect(struct pipeline *pipeline, size_t source, const char *topic,
                     struct textbuf *out_problem);
/* Takes the items over. Always succeeds: ask pipeline_has_room() before polling. */
void pipeline_push(struct pipeline *pipeline, struct item *const *items, size_t count);
bool pipeline_has_room(struct pipeline *pipeline, int64_t wait_ms);
bool pipeline_is_low(struct pipeline *pipeline);
/* The request is the pipeline's from now on, and ours again when it is done. */
struct request *pipeline_request(struct pipeline *pipeline, enum request_kind kind,
                                 const char *reason, uint64_t epoch,
                                 const struct partition_list *partitions);
/* Waits so long for it; true when it is done. */
bool pipeline_await(struct pipeline *pipeline, struct request *request, int64_t wait_ms);
/* Free it, now or when it is done. */
void pipeline_forget(struct pipeline *pipeline, struct request *request);
/* What lanes with seats of these partitions have and did not publish is dropped. */
void pipeline_abandon(struct pipeline *pipeline, const struct partition_list *partitions);
/* Is a lane to be reset, and its time come? *out_later: one is, and it has not. */
bool pipeline_wants_reset(struct pipeline *pipeline, bool *out_later);
/* Every lane's table is open. */
bool pipeline_is_open(struct pipeline *pipeline);
/* Nothing is on its way, nor could be. */
bool pipeline_is_empty(struct pipeline *pipeline);
/* No thread of it is at work. */
bool pipeline_is_idle(struct pipeline *pipeline);
/* Should the partition rest since a table of it cannot keep up? */
bool pipeline_is_clogged(struct pipeline *pipeline, const struct partition *partition);
/* The queues are full: mark the longest one as clogged, so that the others can go on. */
void pipeline_clog(struct pipeline *pipeline);
void pipeline_unclog(struct pipeline *pipeline);
/* Bytes of all buffers; `squeezed`: the process has more memory than it may. */
size_t pipeline_memory(struct pipeline *pipeline, bool squeezed);
/* 0 while all is well. The reason belongs to the pipeline. */
int pipeline_exit_code(struct pipeline *pipeline, const char **out_reason);
struct pipeline_counts pipeline_counts(struct pipeline *pipeline);

/* ---- for lanes and splitters ---- */

void pipeline_lock(struct pipeline *pipeline);
void pipeline_unlock(struct pipeline *pipeline);
/* Waits for a change till `deadline_ms` (monotonic). False: the time is over. */
bool pipeline_wait_locked(struct pipeline *pipeline, int64_t deadline_ms);
void pipeline_changed_locked(struct pipeline *pipeline); /* tells the poll loop */
/* Has the actor something to do, and may it? Then a worker comes. */
void pipeline_wake_locked(struct actor *actor);
/* Some lane wants to be woken at this time. */
void pipeline_wake_at_locked(struct pipeline *pipeline, int64_t at_ms);
void pipeline_put_locked(struct actor *actor, struct input input);
void pipeline_put_back_locked(struct actor *actor, const struct input *inputs, size_t count);
/* Up to `max` inputs; the last one may be a request. */
size_t pipeline_take_locked(struct actor *actor, struct input *out, size_t max, size_t max_bytes);
void pipeline_job_locked(struct pipeline *pipeline, enum job_kind kind, struct lane *lane,
                         struct batch *batch, int64_t at_ms);
/* The lane's jobs shall not wait: what they wait for is not wanted any more. */
void pipeline_hurry_locked(struct pipeline *pipeline, const struct lane *lane);
void pipeline_to_lanes_locked(struct pipeline *pipeline, struct request *request);
void pipeline_answer_locked(struct pipeline *pipeline, struct request *request, bool ok);
/* The lane of a table, made when new; NULL: there are too many. */
struct lane *pipeline_lane_locked(struct pipeline *pipeline, const char *uri,
                                  const char *letters_uri, const struct table_config *config,
                                  bool letters);
/* The lane's seat for a partition, made when new. */
struct seat *pipeline_seat_locked(struct lane *lane, struct partition *partition, size_t source);
/* End the process with this code. The first reason stays. */
void pipeline_fail(struct pipeline *pipeline, int exit_code, const char *reason);
void pipeline_fail_locked(struct pipeline *pipeline, int exit_code, const char *reason);
/* Flush the biggest buffers when memory is short. */
void pipeline_relieve_locked(struct pipeline *pipeline);

void input_done(struct input *input); /* frees what it holds, but a request */

/* Seconds to wait before try number `attempt` (from 0), in milliseconds: 1, 2, 4, ... 30 s. */
int64_t retry_wait_ms(int attempt);

#endif
