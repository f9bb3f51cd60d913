/* SPDX-License-Identifier: Apache-2.0 */
/* What one commit will publish: staged rows, which offsets they cover, and the records that could
 * not be decoded. */
#ifndef DW_CLI_BATCH_H
#define DW_CLI_BATCH_H

#include <deltawrite/txn.h>
#include <librdkafka/rdkafka.h>

#include "common/textbuf.h"
#include "kafka/partition.h"

struct batch_range {
    struct partition *partition;
    int64_t first;
    int64_t next; /* offset after the last record seen */
    int64_t rejected;
};

struct reject {
    struct partition *partition;
    int64_t offset;
    int64_t timestamp_ms; /* -1: the record has none */
    void *key;            /* NULL: none */
    size_t key_len;
    void *value;
    size_t value_len;
    const char *code; /* "DW_E_RECORD" */
    char *error;
};

struct batch {
    dw_txn *txn;
    uint64_t generation;
    const char *reason; /* why it was closed */
    int64_t opened_ms;  /* monotonic */
    struct batch_range *ranges;
    size_t n_ranges;
    struct reject *rejects;
    size_t n_rejects;
    int64_t records;   /* staged or rejected */
    int64_t known_bad; /* rejected, and in the dead-letter table already */
    int64_t tombstones;
    size_t raw_bytes; /* of the records' values */
};

struct batch *batch_new(uint64_t generation, int64_t now_ms);
void batch_free(struct batch *batch); /* closes the transaction; NULL too */
/* Note that the batch covers this offset; offsets of a partition come in ascending order. */
struct batch_range *batch_cover(struct batch *batch, struct partition *partition, int64_t offset);
/* A record whose offset is covered. */
void batch_reject(struct batch *batch, struct partition *partition,
                  const rd_kafka_message_t *message, const dw_error *error);
/* {"0":123,"1":456}: the next offset of each partition, as JSON. */
void batch_offsets(const struct batch *batch, struct textbuf *out);

#endif
