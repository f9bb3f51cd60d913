/* SPDX-License-Identifier: Apache-2.0 */
/* What one commit will publish: staged rows, which offsets they cover, and the records that could
 * not be decoded. */
#ifndef DW_CLI_BATCH_H
#define DW_CLI_BATCH_H

#include <deltawrite/txn.h>

#include "common/logline.h"
#include "common/textbuf.h"
#include "kafka/item.h"

struct batch_range {
    struct seat *seat;
    int64_t first;
    int64_t next; /* offset after the last record seen */
    int64_t rejected;
};

/* A record that goes to the dead letters. */
struct reject {
    struct item *item;
    struct seat *seat;
    const char *stage; /* static text */
    char *code;        /* "DW_E_RECORD" */
    char *error;
};

struct batch {
    dw_txn *txn;
    uint64_t generation;
    const char *reason; /* why it was closed; static text */
    int64_t opened_ms;  /* monotonic */
    int64_t newest_ms;  /* the newest record's time; -1: none had one */
    struct batch_range *ranges;
    size_t n_ranges;
    struct reject *rejects;
    size_t n_rejects;
    int64_t records;   /* taken, good or bad */
    int64_t known_bad; /* rejected, and in the dead-letter table already */
    int64_t skipped;   /* rejected, and not kept anywhere */
    int64_t tombstones;
    size_t raw_bytes;    /* of the records' values */
    size_t reject_bytes; /* memory that rejects hold */
    size_t memory;       /* of all, as last measured */

    /* Once it is closed: under way to the table. */
    bool uploaded;
    bool letters_done;
    dw_txn *letters_txn; /* staged, not decided; NULL: none */
    int attempts;
    int64_t commit_start_ms; /* 0: not tried yet */
    struct log_repeat repeat;
};

struct batch *batch_new(uint64_t generation, int64_t now_ms);
void batch_free(struct batch *batch); /* closes the transactions; NULL too */
/* Note that the batch covers this offset; offsets of a seat come in ascending order. */
struct batch_range *batch_cover(struct batch *batch, struct seat *seat, int64_t offset);
/* A record whose offset is covered; texts are copied but for the stage. */
void batch_reject(struct batch *batch, struct seat *seat, struct item *item, const char *stage,
                  const char *code, const char *error);
/* {"0":123,"1":456}: the next offset of each partition, as JSON; of several topics,
 * {"a":{"0":1},"b":{"0":2}}. *out_topic: the only one, or NULL. */
void batch_offsets(const struct batch *batch, struct textbuf *out, const char **out_topic);

#endif
