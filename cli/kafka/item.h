/* SPDX-License-Identifier: Apache-2.0 */
/* A record between the poll loop and its commit. It is copied out of librdkafka, whose messages
 * each keep the whole reply that they came with: a table that is behind would hold far more memory
 * than its records have. Any thread may hold one; it is not changed after it is made. */
#ifndef DW_CLI_ITEM_H
#define DW_CLI_ITEM_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

#include "kafka/partition.h"
#include "records/decoder.h"

struct item {
    struct partition *partition;
    uint64_t epoch; /* the partition's when it was read */
    struct record record;
    size_t bytes; /* of memory */
    atomic_int refs;
};

/* Several rows of a record, for one table; the bytes are their own. */
struct routed {
    size_t bytes; /* of memory */
    size_t count;
    const char *schema_json; /* of the splitter, which keeps it; NULL: nothing new */
    dw_bytes rows[];
};

struct item *item_new(const rd_kafka_message_t *message, struct partition *partition);
struct item *item_ref(struct item *item);
void item_unref(struct item *item); /* NULL too */

/* A copy of the rows. */
struct routed *routed_new(const dw_bytes *rows, size_t count);

#endif
