/* SPDX-License-Identifier: Apache-2.0 */
/* One partition of a topic, as this process knows it, and its seats: one in each table that its
 * records go to. Made on first sight, kept to the end, so that a pointer never dangles.
 *
 * Who may touch what: fields belong to the poll loop, but where they say other. `seats` and what is
 * marked "locked" are under the pipeline's lock. */
#ifndef DW_CLI_PARTITION_H
#define DW_CLI_PARTITION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct batch;
struct lane;
struct metric;
struct partition;
struct splitter;

/* Where one table stands with one partition.
 *
 * Written by whoever runs the lane: a worker while records are on their way, or the thread that
 * reads the table for it; the pipeline hands the lane from one to the other. */
struct seat {
    struct lane *lane;
    struct partition *partition;
    size_t source;        /* index into config.sources: how its records are decoded */
    bool routed;          /* a splitter sends its records, decoded */
    const char *app_id;   /* the partition's, or one of its own */
    char *own_app_id;     /* NULL: the partition's */
    char *letters_app_id; /* of the dead-letter table, which several tables may share */
    bool shared;          /* other tables have seats of the partition, or may have */
    bool resolved;        /* the table was asked */
    uint64_t epoch;       /* records of an older one were read before the table was asked */
    int64_t taken;        /* the next offset that is wanted: what is before it is in a batch */
    int64_t staged;       /* the txn version that the next batch expects; -1: none */
    int64_t kdi_version;  /* kafka-delta-ingest's, to be moved with our first; -1: none */
    int64_t *known_bad;   /* ascending offsets that the dead-letter table has already */
    size_t n_known_bad;   /* of those at or after the table's txn version */
    int64_t letters;      /* the dead-letter table's txn version; -1: none */
    const struct batch *in_batch; /* the batch that has a range for this seat ... */
    size_t range;                 /* ... and which one */
    _Atomic int64_t committed;    /* the table's txn version: the next offset; -1: none */
    /* Locked: what is on its way. */
    int64_t pending_from; /* no offset before it is; -1: nothing is */
    int64_t pushed;       /* offset after the last one on its way */
};

struct partition {
    char *topic;
    int32_t number;
    char *app_id;              /* "<group>-<topic>-<partition>" */
    struct splitter *splitter; /* records are routed one by one; NULL: all to the same tables */
    bool seated;               /* it was found where its records go to */
    size_t n_routes;           /* sources that take it */

    bool assigned;
    bool at_end;        /* nothing more is wanted */
    bool paused;        /* as Kafka was told */
    int64_t next;       /* offset after the last record handed on; -1: none yet */
    int64_t handed;     /* offset after the last record of this assignment; -1: none yet */
    int64_t eof;        /* where Kafka said that nothing more was there, behind the control records
                         * and the aborted ones that are not handed on; -1: not since the seek */
    int64_t target;     /* where it starts; below 0: one of RD_KAFKA_OFFSET_* */
    int64_t origin;     /* where a table starts that knows nothing; -1001: not known yet */
    int64_t grouped;    /* the group's offset at assignment; -1001: none */
    int64_t end;        /* --until-...: stop here; -1: none */
    int64_t counted;    /* --max-records: offset after the last record counted; -1: none */
    int64_t mirrored;   /* offset last stored in the consumer group; -1: none */
    int64_t watermark;  /* Kafka's end as last heard; -1: not yet */
    uint64_t epoch;     /* goes up with each seek */
    uint64_t resolving; /* the request that asks for its seats; written before that is pushed */
    int64_t n_records;  /* since they were last told to the metrics, as the next */
    int64_t n_bytes;
    struct metric *consumed, *consumed_bytes, *consumer_lag, *committed_lag;

    struct seat **seats;  /* locked */
    size_t n_seats;       /* locked */
    uint64_t split_epoch; /* locked: records of an older one are not to be routed any more */
    int64_t split_next;   /* locked: offset after the last record routed; -1: none */
};

struct partition_list {
    struct partition **items;
    size_t count;
    size_t cap;
};

void partition_list_add(struct partition_list *list, struct partition *partition);
/* Frees the list, not what it points at. */
void partition_list_done(struct partition_list *list);
/* Frees the partitions and their seats too. */
void partition_list_destroy(struct partition_list *list);

/* The partition of that name, made when new. */
struct partition *partition_get(struct partition_list *all, const char *group, const char *topic,
                                int32_t number);

/* A new seat that nothing is known of. */
struct seat *seat_new(struct lane *lane, struct partition *partition, size_t source);
bool seat_is_known_bad(const struct seat *seat, int64_t offset);

#endif
