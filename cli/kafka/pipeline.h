/* SPDX-License-Identifier: Apache-2.0 */
/* From records to commits, beside the poll loop:
 *
 *   poll loop --(records, requests)--> writer --(batches, requests)--> committer
 *
 * The writer decodes records into a transaction, closes the batch and uploads its files; the
 * committer publishes it. So batch N+1 is decoded while batch N commits. Both queues are bounded,
 * and requests travel in them in order: when one arrives at the committer, all that was pushed
 * before it is decided.
 *
 * Invariants:
 * 1. Every record pushed carries the generation whose offsets the poll loop has sought. Whoever
 *    cannot publish a batch raises the generation; all that has an older one is then dropped, and
 *    nothing is taken until the poll loop has sought again, to the offsets that the table has.
 * 2. A batch moves each partition's txn version from what the batch before left to its own next
 *    offset, by compare-and-set. So nothing is published twice or out of order, whatever is
 * dropped, and by whomever.
 * 3. Rejected records are in the dead-letter table before the batch that passes over them. */
#ifndef DW_CLI_PIPELINE_H
#define DW_CLI_PIPELINE_H

#include <pthread.h>

#include <deltawrite/table.h>

#include "common/textbuf.h"
#include "kafka/batch.h"
#include "kafka/service_config.h"

struct dead_letters;

enum request_kind {
    REQUEST_DRAIN,  /* commit all that was pushed before */
    REQUEST_RESOLVE /* and read from the table where its partitions stand */
};

struct request {
    enum request_kind kind;
    uint64_t generation; /* when it was made */
    struct partition_list partitions;
    bool done;      /* under the pipeline's lock, as the next two */
    bool forgotten; /* nobody waits for it any more */
    bool ok;        /* RESOLVE: partition.committed and .staged are what the table says */
};

/* What the poll loop pushes: a record or a request. */
struct input {
    rd_kafka_message_t *message;
    struct partition *partition;
    uint64_t generation;
    struct request *request;
};

/* What the writer hands on: a batch or a request. */
struct work {
    struct batch *batch;
    struct request *request;
};

enum {
    /* More than librdkafka holds: once that is full, it takes up to a second to fetch again. */
    INPUT_MAX_BYTES = 24 * 1024 * 1024,
    RECORD_OVERHEAD = 512, /* what librdkafka takes for a message besides its bytes, about */
    BATCH_MAX_BYTES = 32 * 1024 * 1024,
    WORK_MAX = 4
};

struct pipeline_counts {
    int64_t messages;
    int64_t rows;
    int64_t commits;
    int64_t rejected;
    int64_t tombstones;
};

struct pipeline {
    const struct service_config *config;
    dw_table *table;
    struct dead_letters *letters;
    pthread_t writer;
    pthread_t committer;
    struct {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        struct input *input; /* a ring */
        size_t input_cap;
        size_t input_head;
        size_t input_count;
        size_t input_bytes;
        struct work work[WORK_MAX]; /* a ring */
        size_t work_head;
        size_t work_count;
        uint64_t generation;
        int64_t retry_at_ms; /* monotonic: not sooner shall the poll loop seek again */
        int failures;        /* in a row */
        int64_t fences[8];   /* monotonic times of the newest, a ring */
        size_t n_fences;
        bool ending;
        int exit_code; /* 0: going on; else the process must end with it */
        char *exit_reason;
        struct pipeline_counts counts;
    } synced;
};

/* `config` and `table` stay the caller's. False: no threads could be had. */
bool pipeline_start(struct pipeline *pipeline, const struct service_config *config,
                    dw_table *table);
/* Ends both threads; what was not drained before is dropped. */
void pipeline_end(struct pipeline *pipeline);

/* For the poll loop. A push always succeeds: ask pipeline_has_room() before polling. */
void pipeline_push(struct pipeline *pipeline, rd_kafka_message_t *message,
                   struct partition *partition, uint64_t generation);
bool pipeline_has_room(struct pipeline *pipeline, int64_t wait_ms);
bool pipeline_is_low(struct pipeline *pipeline);
/* The request is the pipeline's from now on, and ours again when it is done. */
struct request *pipeline_request(struct pipeline *pipeline, enum request_kind kind,
                                 const struct partition_list *partitions);
/* Waits so long for it; true when it is done. */
bool pipeline_await(struct pipeline *pipeline, struct request *request, int64_t wait_ms);
/* Free it, now or when it is done. */
void pipeline_forget(struct pipeline *pipeline, struct request *request);
uint64_t pipeline_generation(struct pipeline *pipeline, int64_t *out_retry_at_ms);
/* Drop all that is not published yet. */
void pipeline_abandon(struct pipeline *pipeline);
/* 0 while all is well. The reason belongs to the pipeline. */
int pipeline_exit_code(struct pipeline *pipeline, const char **out_reason);
struct pipeline_counts pipeline_counts(struct pipeline *pipeline);

/* For the writer and the committer. */

/* Up to `max` inputs; waits until there is one or the deadline (monotonic, 0: none) is reached.
 * False: the pipeline ends. */
bool pipeline_take_input(struct pipeline *pipeline, struct input *out, size_t max,
                         int64_t deadline_ms, size_t *out_count, uint64_t *out_generation);
/* False (and `work` stays the caller's): the pipeline ends. */
bool pipeline_put_work(struct pipeline *pipeline, struct work work);
bool pipeline_take_work(struct pipeline *pipeline, struct work *out);
void pipeline_request_done(struct pipeline *pipeline, struct request *request, bool ok);
bool pipeline_is_current(struct pipeline *pipeline, uint64_t generation);
/* Waits, but not beyond the generation or the end. */
void pipeline_pause(struct pipeline *pipeline, int64_t wait_ms, uint64_t generation);
/* What could not be published is to be read again: raise the generation, unless that was done. The
 * time to the next try grows with the failures in a row. */
void pipeline_retry(struct pipeline *pipeline, uint64_t generation, bool at_once);
/* DW_E_FENCED came: as pipeline_retry(), but too many of them within minutes end the process. */
void pipeline_fenced(struct pipeline *pipeline, uint64_t generation, const char *reason);
/* End the process with this code. The first reason stays. */
void pipeline_fail(struct pipeline *pipeline, int exit_code, const char *reason);
void pipeline_published(struct pipeline *pipeline, const struct batch *batch, int64_t rows);

/* Seconds to wait before try number `attempt` (from 0), in milliseconds: 1, 2, 4, ... 30 s. */
int64_t retry_wait_ms(int attempt);

void *writer_main(void *pipeline);
void *committer_main(void *pipeline);

#endif
