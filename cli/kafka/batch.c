/* SPDX-License-Identifier: Apache-2.0 */
#include "kafka/batch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

struct batch *batch_new(uint64_t generation, int64_t now_ms)
{
    struct batch *batch = need_alloc(1, sizeof(*batch));

    batch->generation = generation;
    batch->opened_ms = now_ms;
    return batch;
}

void batch_free(struct batch *batch)
{
    if (batch == NULL)
        return;
    dw_txn_close(batch->txn);
    for (size_t i = 0; i < batch->n_rejects; i++) {
        free(batch->rejects[i].key);
        free(batch->rejects[i].value);
        free(batch->rejects[i].error);
    }
    free(batch->rejects);
    free(batch->ranges);
    free(batch);
}

static struct batch_range *find_range(struct batch *batch, const struct partition *partition)
{
    /* Records of one partition come in runs, so the last one used is most often the one. */
    for (size_t i = batch->n_ranges; i > 0; i--) {
        if (batch->ranges[i - 1].partition == partition)
            return &batch->ranges[i - 1];
    }
    return NULL;
}

struct batch_range *batch_cover(struct batch *batch, struct partition *partition, int64_t offset)
{
    struct batch_range *range = find_range(batch, partition);

    if (range == NULL) {
        batch->ranges = need_realloc(batch->ranges, batch->n_ranges + 1, sizeof(*batch->ranges));
        range = &batch->ranges[batch->n_ranges++];
        *range = (struct batch_range){partition, offset, offset, 0};
    }
    range->next = offset + 1;
    return range;
}

static void *copy_bytes(const void *data, size_t len)
{
    void *copy = NULL;

    if (data != NULL) {
        copy = need_alloc(len, 1);
        memcpy(copy, data, len);
    }
    return copy;
}

void batch_reject(struct batch *batch, struct partition *partition,
                  const rd_kafka_message_t *message, const dw_error *error)
{
    rd_kafka_timestamp_type_t type;
    int64_t timestamp_ms = rd_kafka_message_timestamp(message, &type);
    struct batch_range *range = find_range(batch, partition);
    struct reject *reject;

    if ((batch->n_rejects & (batch->n_rejects - 1)) == 0)
        batch->rejects =
            need_realloc(batch->rejects, batch->n_rejects == 0 ? 1 : batch->n_rejects * 2,
                         sizeof(*batch->rejects));
    reject = &batch->rejects[batch->n_rejects++];
    *reject = (struct reject){.partition = partition,
                              .offset = message->offset,
                              .timestamp_ms =
                                  type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp_ms,
                              .key = copy_bytes(message->key, message->key_len),
                              .key_len = message->key_len,
                              .value = copy_bytes(message->payload, message->len),
                              .value_len = message->len,
                              .code = dw_status_name(error->code),
                              .error = need_strdup(error->message)};
    range->rejected++;
}

void batch_offsets(const struct batch *batch, struct textbuf *out)
{
    textbuf_puts(out, "{");
    for (size_t i = 0; i < batch->n_ranges; i++)
        textbuf_printf(out, "%s\"%" PRId32 "\":%" PRId64, i == 0 ? "" : ",",
                       batch->ranges[i].partition->number, batch->ranges[i].next);
    textbuf_puts(out, "}");
}
