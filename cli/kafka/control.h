/* SPDX-License-Identifier: Apache-2.0 */
/* What the outside may ask of the running service, and what the service tells of itself: between
 * the poll loop on one side, and signals and HTTP on the other. Any thread may call all of it; no
 * call waits for Kafka or for a store, but control_flush() when it is told to.
 *
 * The poll loop publishes a status about once a second; what is read is a whole one, of one moment.
 */
#ifndef DW_CLI_CONTROL_H
#define DW_CLI_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum service_phase {
    PHASE_STARTING, /* waiting for brokers, topics, tables */
    PHASE_RUNNING,
    PHASE_PAUSED, /* by control_pause() */
    PHASE_STOPPING
};

struct status_partition {
    const char *topic;
    int32_t number;
    int64_t fetched;   /* offset after the last record read; -1: none yet */
    int64_t committed; /* offset that the tables want next; -1: none yet */
    int64_t end;       /* Kafka's high watermark; -1: not known yet */
    int64_t lag;       /* end - committed; -1: not known */
    bool paused;
};

struct status_table {
    const char *uri;
    bool open;
    int64_t version;        /* -1: not open yet */
    int64_t last_commit_ms; /* since 1970; -1: none by this process */
    int64_t rows_written;   /* by this process */
    int64_t rejected;
    int64_t buffer_rows; /* read, and not committed */
    int64_t buffer_bytes;
    const char *last_error; /* NULL: the last try did not fail */
    int64_t last_error_ms;  /* since 1970 */
};

struct service_status {
    enum service_phase phase;
    int64_t start_ms;          /* since 1970: of the process */
    bool joined;               /* the group has told us our partitions, perhaps none */
    bool ready;                /* joined, every table open, no last commit failed */
    const char *why_not_ready; /* NULL when ready; several reasons are separated by "; " */
    int64_t memory_bytes;      /* of all buffers */
    int64_t memory_limit;
    bool memory_full;                          /* reading waits for memory */
    const struct status_partition *partitions; /* those assigned */
    size_t n_partitions;
    const struct status_table *tables;
    size_t n_tables;
};

/* The newest status, never NULL; all in it lives until control_unref(). */
const struct service_status *control_status(void);
void control_unref(const struct service_status *status);
/* Milliseconds since the poll loop came round last: what liveness is about. */
int64_t control_loop_age_ms(void);

/* Stop reading, or go on. What was read goes on to be committed. */
void control_pause(bool pause);
/* Commit all that was read, now. Waits so long for it (0: not at all); true when it is done. */
bool control_flush(int64_t wait_ms);
/* As SIGHUP: read the configuration again and take what can change while running. */
void control_reload(void);

/* ---- the poll loop's side ---- */

/* `status` and what it points at are copied. */
void control_publish(const struct service_status *status);
void control_looped(void);
bool control_pause_wanted(void);
/* The number of flushes asked for so far; tell when those up to a number are committed. */
int64_t control_flushes_wanted(void);
void control_flushed(int64_t number);
/* True once for each reload asked for, or more than one. */
bool control_take_reload(void);

#endif
