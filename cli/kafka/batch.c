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
    batch->newest_ms = -1;
    return batch;
}

void batch_free(struct batch *batch)
{
    if (batch == NULL)
        return;
    dw_txn_close(batch->letters_txn);
    dw_txn_close(batch->txn);
    for (size_t i = 0; i < batch->n_rejects; i++) {
        item_unref(batch->rejects[i].item);
        free(batch->rejects[i].code);
        free(batch->rejects[i].error);
    }
    free(batch->rejects);
    free(batch->ranges);
    free(batch);
}

/* Grows an array that has a power of two of places once it is full. */
static void *grow(void *items, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0)
        return items;
    return need_realloc(items, count == 0 ? 1 : count * 2, size);
}

struct batch_range *batch_cover(struct batch *batch, struct seat *seat, int64_t offset)
{
    if (seat->in_batch != batch) {
        batch->ranges = grow(batch->ranges, batch->n_ranges, sizeof(*batch->ranges));
        seat->in_batch = batch;
        seat->range = batch->n_ranges++;
        batch->ranges[seat->range] = (struct batch_range){seat, offset, offset, 0};
    }
    batch->ranges[seat->range].next = offset + 1;
    return &batch->ranges[seat->range];
}

void batch_reject(struct batch *batch, struct seat *seat, struct item *item, const char *stage,
                  const char *code, const char *error)
{
    batch->rejects = grow(batch->rejects, batch->n_rejects, sizeof(*batch->rejects));
    batch->rejects[batch->n_rejects++] =
        (struct reject){item_ref(item), seat, stage, need_strdup(code), need_strdup(error)};
    batch->reject_bytes += item->bytes + sizeof(struct reject) + strlen(error) + 64;
    batch->ranges[seat->range].rejected++;
}

static bool is_one_topic(const struct batch *batch)
{
    for (size_t i = 1; i < batch->n_ranges; i++) {
        if (strcmp(batch->ranges[i].seat->partition->topic,
                   batch->ranges[0].seat->partition->topic) != 0)
            return false;
    }
    return batch->n_ranges != 0;
}

static void put_topic(const struct batch *batch, const char *topic, struct textbuf *out)
{
    const char *separator = "";

    textbuf_puts(out, "{");
    for (size_t i = 0; i < batch->n_ranges; i++) {
        const struct partition *p = batch->ranges[i].seat->partition;
        if (strcmp(p->topic, topic) != 0)
            continue;
        textbuf_printf(out, "%s\"%" PRId32 "\":%" PRId64, separator, p->number,
                       batch->ranges[i].next);
        separator = ",";
    }
    textbuf_puts(out, "}");
}

static bool came_before(const struct batch *batch, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(batch->ranges[i].seat->partition->topic,
                   batch->ranges[index].seat->partition->topic) == 0)
            return true;
    }
    return false;
}

void batch_offsets(const struct batch *batch, struct textbuf *out, const char **out_topic)
{
    const char *separator = "";

    *out_topic = NULL;
    if (batch->n_ranges == 0) {
        textbuf_puts(out, "{}");
        return;
    }
    if (is_one_topic(batch)) {
        *out_topic = batch->ranges[0].seat->partition->topic;
        put_topic(batch, *out_topic, out);
        return;
    }
    textbuf_puts(out, "{");
    for (size_t i = 0; i < batch->n_ranges; i++) {
        const char *topic = batch->ranges[i].seat->partition->topic;
        if (came_before(batch, i))
            continue;
        textbuf_puts(out, separator);
        textbuf_json_string(out, topic, strlen(topic));
        textbuf_puts(out, ":");
        put_topic(batch, topic, out);
        separator = ",";
    }
    textbuf_puts(out, "}");
}
