/* SPDX-License-Identifier: Apache-2.0 */
/* One table: what is on its way to it, in the order of each partition.
 *
 * Who may touch what: "locked" is under the pipeline's lock. The rest belongs to the worker that
 * has the lane, or to the job that opens its table or reads its offsets: never both at a time.
 * Closed batches belong to their jobs. */
#ifndef DW_CLI_LANE_H
#define DW_CLI_LANE_H

#include <deltawrite/table.h>

#include "kafka/batch.h"
#include "kafka/lane_metrics.h"
#include "kafka/pipeline.h"

struct dead_letters;
struct metric;

struct lane {
    struct actor actor;                        /* first: a pointer to it is one to the lane */
    const struct table_config *_Atomic config; /* a reload puts another in its place */
    char *uri;
    char *letters_uri; /* of its dead letters, if they go to a table; NULL: it is one itself */
    bool letters;      /* the table is one of dead letters, and rows come made for it */
    struct lane_metrics metrics;

    dw_table *table; /* NULL: not open yet */
    struct dead_letters *dead;
    struct decoder **decoders;      /* one a source; NULL: not made yet */
    uint64_t reloads;               /* of the configuration, that they are of */
    struct batch *batch;            /* open; NULL: none */
    uint64_t generation;            /* current when the worker looked last */
    struct textbuf partition_value; /* flush.on_partition_change: of the newest row */
    char **partition_columns;       /* NULL-terminated; NULL: not needed */
    char *columns;                  /* the table's, and those that were told; NULL: not asked */
    bool takes_ntz;                 /* the table has the feature timestampNtz */
    char **schemas;                 /* told by decoders */
    size_t n_schemas;
    uint64_t schemas_generation; /* in which all of them were applied */
    int open_attempts;
    int resolve_attempts;
    int64_t first_try_ms; /* monotonic, of opening */
    struct log_repeat repeat;

    /* Locked. */
    bool is_open;
    struct seat **seats;
    size_t n_seats, seats_cap;
    struct batch *closed[LANE_BATCHES]; /* in order of their offsets */
    size_t n_closed;
    bool committing;
    struct request *barrier; /* waits until all before it is decided */
    bool asks;               /* a seat is new: the table is to be asked before the lane goes on */
    const char *due;         /* the open batch is to be closed; why */
    int64_t deadline_ms;     /* monotonic: when it is; 0: never */
    const char *deadline_reason;
    uint64_t newest_generation;
    uint64_t run_generation; /* the newest that the table was asked for */
    bool resetting;          /* a RESET is in its queue */
    bool wants_seek;         /* it was asked, and the poll loop has not sought yet */
    int64_t retry_at_ms;     /* monotonic: not sooner shall the lane be reset */
    int failures;            /* in a row */
    int64_t fences[8];       /* monotonic times of the newest, a ring */
    size_t n_fences;
    bool clogged;
    size_t batch_bytes; /* memory of the open batch */
    size_t batch_told;  /* what the pipeline counts for all batches of the lane */
    int64_t batch_records;
    int64_t last_closed_ms; /* monotonic */
    double commit_ms;       /* how long commits take, smoothed */
    double strain_ms;       /* what conflicts add to the interval; halved by each good commit */
    int64_t rows_written, rejected;
    int64_t window_records, window_rejected; /* of the share of bad records that is borne */
    int64_t last_commit_ms, last_error_ms;   /* since 1970; -1: none */
    char *last_error;                        /* NULL: the last try went well */
};

struct lane *lane_new(struct pipeline *pipeline, const char *uri, const char *letters_uri,
                      const struct table_config *config, bool letters);
void lane_free(struct lane *lane); /* NULL too */

/* ---- locked ---- */

bool lane_may_run_locked(const struct lane *lane);
/* It drops all that comes, until it is reset. */
bool lane_waits_for_reset_locked(const struct lane *lane);
/* Start the jobs that can be started. */
void lane_go_on_locked(struct lane *lane);
void lane_note_error_locked(struct lane *lane, const char *text); /* NULL: all is well */
/* Bytes that the lane has in memory but for its queue. */
size_t lane_buffered_locked(const struct lane *lane);
/* Tell the pipeline what that is now. */
void lane_tell_locked(struct lane *lane);
/* Milliseconds between two commits at least: 0 when the store is quick. */
int64_t lane_interval_ms_locked(const struct lane *lane);

/* ---- failures: see invariant 1 of pipeline.h ---- */

bool lane_is_current(struct lane *lane, uint64_t generation);
/* What could not be published is to be read again: raise the generation, unless that was done. The
 * time to the next try grows with the failures in a row. */
void lane_retry(struct lane *lane, uint64_t generation, bool at_once);
/* DW_E_FENCED came: as lane_retry(), but too many of them within minutes end the process. */
void lane_fenced(struct lane *lane, uint64_t generation, const char *reason);
void lane_abandon_locked(struct lane *lane);

/* ---- what workers and jobs do ---- */

void lane_run(struct lane *lane, struct input *inputs);
/* Jobs: how long to wait before the same job again, in milliseconds; -1: it is over. */
int64_t lane_open(struct lane *lane);
int64_t lane_resolve(struct lane *lane);
int64_t lane_upload(struct lane *lane, struct batch *batch);
int64_t lane_commit(struct lane *lane, struct batch *batch);
/* Worth the same call again? What was never published, and what may or may not have been. */
bool lane_may_pass(const dw_error *err);

#endif
